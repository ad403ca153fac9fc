/* SPDX-License-Identifier: Apache-2.0 */
/* All states that the program can be in go through the text side by side, so nothing is tried
 * twice. */
#include "core/stop.h"
#include "sql/regex_impl.h"

/* Instructions run for one text; about half a second. */
#define STEPS_MAX UINT64_C(100000000)
#define NOTHING UINT32_MAX /* before the first character and behind the last */

static bool
set_has(const struct regex *regex, const struct regex_set *set, uint32_t c)
{
    uint32_t variants[3] = {c, c, c};
    uint32_t count = 1;

    if (regex->ignore_case) {
        variants[1] = letter_lower(c);
        variants[2] = letter_upper(c);
        count = 3;
    }
    for (uint32_t v = 0; v < count; v++) {
        for (uint32_t i = 0; i < set->range_count; i++) {
            if (variants[v] >= set->ranges[i].first && variants[v] <= set->ranges[i].last)
                return true;
        }
        for (uint32_t class = 0; class < LETTER_CLASSES; class ++) {
            if ((set->classes & 1u << class) != 0 && letter_is(variants[v], class))
                return true;
            if ((set->not_classes & 1u << class) != 0 && !letter_is(variants[v], class))
                return true;
        }
    }
    return false;
}

bool
regex_consumes(const struct regex *regex, const struct regex_instruction *at, uint32_t c)
{
    const struct regex_set *set;

    switch (at->op) {
    case REGEX_CHAR:
        return at->c == (regex->ignore_case ? letter_lower(c) : c);
    case REGEX_ANY:
        return !regex->newline_splits || c != '\n';
    case REGEX_SET:
        set = &regex->sets[at->x];
        if (set->negated && regex->newline_splits && c == '\n')
            return false;
        return set_has(regex, set, c) != set->negated;
    case REGEX_SPLIT:
    case REGEX_JUMP:
    case REGEX_ASSERT:
    case REGEX_MATCH:
    default:
        return false;
    }
}

static bool
is_word(uint32_t c)
{
    return c != NOTHING && letter_is(c, LETTER_WORD);
}

static bool
holds(enum regex_place place, uint32_t before, uint32_t after)
{
    switch (place) {
    case REGEX_TEXT_START:
        return before == NOTHING;
    case REGEX_TEXT_END:
        return after == NOTHING;
    case REGEX_LINE_START:
        return before == NOTHING || before == '\n';
    case REGEX_LINE_END:
        return after == NOTHING || after == '\n';
    case REGEX_WORD_START:
        return !is_word(before) && is_word(after);
    case REGEX_WORD_END:
        return is_word(before) && !is_word(after);
    case REGEX_WORD_EDGE:
        return is_word(before) != is_word(after);
    case REGEX_NOT_WORD_EDGE:
    default:
        return is_word(before) == is_word(after);
    }
}

/* What is between two characters. */
struct gap {
    uint32_t before;
    uint32_t after;
    uint64_t steps;
};

/* Adds the state and all that it leads to without consuming; true when one of them is the end. */
static bool
add_state(struct regex *regex, uint32_t *list, uint32_t *count, uint32_t start, struct gap *gap)
{
    uint32_t depth = 0;

    regex->stack[depth++] = start;
    while (depth > 0) {
        uint32_t state = regex->stack[--depth];
        const struct regex_instruction *at = &regex->program[state];

        if (regex->mark[state] == regex->generation)
            continue;
        regex->mark[state] = regex->generation;
        gap->steps++;
        switch (at->op) {
        case REGEX_MATCH:
            return true;
        case REGEX_SPLIT:
            regex->stack[depth++] = at->y;
            regex->stack[depth++] = at->x;
            break;
        case REGEX_JUMP:
            regex->stack[depth++] = at->x;
            break;
        case REGEX_ASSERT:
            if (holds((enum regex_place)at->x, gap->before, gap->after))
                regex->stack[depth++] = state + 1;
            break;
        case REGEX_CHAR:
        case REGEX_ANY:
        case REGEX_SET:
        default:
            list[(*count)++] = state;
        }
    }
    return false;
}

static void
new_generation(struct regex *regex)
{
    if (++regex->generation == 0) {
        memset(regex->mark, 0, sizeof(*regex->mark) * regex->count);
        regex->generation = 1;
    }
}

/* Goes on to where a match can begin, when none has begun; false when there is no such place. */
static bool
skip(const struct regex *regex, struct str text, size_t *at, struct gap *gap)
{
    size_t start = *at;
    size_t to = start;

    while (to < text.len && !regex->first[(unsigned char)text.data[to]])
        to++;
    *at = to;
    if (to > start) {
        size_t last = to - 1;

        while (last > start && ((unsigned char)text.data[last] & 0xC0) == 0x80)
            last--;
        gap->before = letter_next(text, &last);
    }
    return to < text.len;
}

bool
regex_match(struct regex *regex, struct str text, bool *matched, struct err *err)
{
    struct gap gap = {.before = NOTHING};
    uint32_t count = 0;
    size_t at = 0;

    *matched = false;
    if (regex->skips && !skip(regex, text, &at, &gap))
        return true;
    gap.after = at < text.len ? letter_next(text, &at) : NOTHING;
    new_generation(regex);
    for (;;) {
        uint32_t c = gap.after;
        uint32_t *swap = regex->current;
        uint32_t was = count;

        /* A match may begin at every position. */
        if (add_state(regex, regex->current, &was, 0, &gap)) {
            *matched = true;
            return true;
        }
        if (c == NOTHING)
            return true;
        gap.before = c;
        if (was == 0 && regex->skips && !skip(regex, text, &at, &gap))
            return true;
        gap.after = at < text.len ? letter_next(text, &at) : NOTHING;
        new_generation(regex);
        count = 0;
        for (uint32_t i = 0; i < was; i++) {
            const struct regex_instruction *state = &regex->program[regex->current[i]];

            gap.steps++;
            if (regex_consumes(regex, state, c) &&
                add_state(regex, regex->next, &count, regex->current[i] + 1, &gap)) {
                *matched = true;
                return true;
            }
        }
        if (stop_is_due())
            return stop_fail(err);
        if (gap.steps > STEPS_MAX)
            return err_set(err, ERR_DB, "54000", "the regular expression takes too long");
        regex->current = regex->next;
        regex->next = swap;
    }
}
