/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/search_scan.h"

#include "core/stop.h"
#include "def/search.h"
#include "sql/letter.h"
#include "sql/search_states.h"

/* Scans within scans; each takes a few hundred bytes of stack. */
#define DEPTH_MAX 4000
/* A text is gone over a few times; one made to be gone over from each of its bytes is refused. */
#define STEPS_FREE UINT64_C(2000000)
#define STEPS_PER_BYTE 20

void
search_scan_init(struct search_scan *scan, struct str text)
{
    *scan = (struct search_scan){
        .text = text,
        .current = {.state = search_state_base},
        .steps_left = STEPS_FREE + text.len * STEPS_PER_BYTE,
    };
}

void
search_scan_fini(struct search_scan *scan)
{
    free(scan->places);
    *scan = (struct search_scan){0};
}

static void
look(struct search_scan *scan)
{
    size_t at = scan->current.at;

    scan->size = 0;
    if (at < scan->text.len) {
        scan->c = letter_next(scan->text, &at);
        scan->size = (uint8_t)(at - scan->current.at);
    }
}

static bool
is_ascii_letter(uint32_t c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool
is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

static bool
is_alpha(uint32_t c)
{
    return c < 0x80 ? is_ascii_letter(c) : letter_is(c, LETTER_ALPHA);
}

static bool
is_space(uint32_t c)
{
    return c < 0x80 ? c == ' ' || (c >= '\t' && c <= '\r') : letter_is(c, LETTER_SPACE);
}

static bool
is_mark(uint32_t c)
{
    size_t from = 0;
    size_t to = search_mark_count;

    while (c >= 0x80 && from < to) {
        size_t middle = (from + to) / 2;

        if (c > search_marks[middle].last)
            from = middle + 1;
        else if (c < search_marks[middle].first)
            to = middle;
        else
            return true;
    }
    return false;
}

/* What RFC 3986 lets into a URL, near enough. */
static bool
is_url_char(uint32_t c)
{
    return c > ' ' && c < 0x7F && strchr("\"<>\\^`{|}", (int)c) == NULL;
}

static void
push(struct search_scan *scan, size_t rule)
{
    if (scan->place_count == scan->place_cap) {
        scan->place_cap = scan->place_cap == 0 ? 16 : scan->place_cap * 2;
        scan->places = xrealloc(scan->places, scan->place_cap * sizeof(*scan->places));
    }
    scan->places[scan->place_count] = scan->current;
    scan->places[scan->place_count++].rule = (uint8_t)(rule + 1);
}

/* A scan of its own over what follows. The token it must find first; its length, or 0. */
static size_t
scan_within(struct search_scan *scan, uint8_t state, enum search_kind kind)
{
    struct search_scan inner;
    struct search_token token;
    bool found = false;
    size_t len = 0;

    if (scan->depth == DEPTH_MAX) {
        scan->too_deep = true;
        return 0;
    }
    search_scan_init(&inner, str_slice(scan->text, scan->current.at, scan->text.len));
    /* What fails there goes on as any text. */
    push(&inner, 0);
    inner.places[0].rule = 0;
    inner.current.state = state;
    inner.depth = scan->depth + 1;
    inner.steps_left = scan->steps_left;
    inner.wants_host = kind == SEARCH_HOST;
    if (search_scan_next(&inner, &token, &found, NULL) && found && token.kind == kind)
        len = token.text.len;
    scan->steps_left = inner.steps_left;
    scan->too_deep = inner.too_deep;
    scan->too_long = inner.too_long;
    search_scan_fini(&inner);
    return len;
}

static bool
take_within(struct search_scan *scan, uint8_t state, enum search_kind kind)
{
    size_t len = scan_within(scan, state, kind);

    scan->current.at += len;
    return len > 0;
}

static bool
holds(struct search_scan *scan, uint8_t test)
{
    uint32_t c = scan->c;

    if (test == IS_ANY)
        return true;
    if (test == IS_HOST_ONLY) {
        bool wants = scan->wants_host;

        scan->wants_host = false;
        return wants;
    }
    if (test == IS_SCRIPT)
        return scan->in_script;
    if (scan->size == 0)
        return test == IS_END;
    switch (test) {
    case IS_END:
        return false;
    case IS_LETTER:
        return is_ascii_letter(c);
    case IS_ALPHA:
        return is_alpha(c);
    case IS_ALNUM:
        return is_digit(c) || is_alpha(c);
    case IS_OTHER:
        return !is_digit(c) && !is_alpha(c);
    case IS_DIGIT:
        return is_digit(c);
    case IS_HEX:
        return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
    case IS_SPACE:
        return is_space(c);
    case IS_MARK:
        return is_mark(c);
    case IS_URL_CHAR:
        return is_url_char(c);
    case IS_HOST:
        return take_within(scan, search_state_base, SEARCH_HOST);
    case IS_PATH:
        return take_within(scan, search_state_url_path, SEARCH_URL_PATH);
    default:
        return c == test;
    }
}

static void
note_tag(struct search_scan *scan)
{
    struct str tag = str_slice(scan->text, scan->start, scan->current.at);

    if (str_eq_nocase(tag, STR("<script")) || str_eq_nocase(tag, STR("<style")))
        scan->in_script = true;
    else if (str_eq_nocase(tag, STR("</script")) || str_eq_nocase(tag, STR("</style")))
        scan->in_script = false;
}

/* Follows one rule. True: the token has ended. */
static bool
follow(struct search_scan *scan, const struct search_rule *rule, size_t index,
       struct search_token *out)
{
    size_t end = scan->current.at;

    if (rule->also == ALSO_TAG)
        note_tag(scan);
    if (rule->also == ALSO_REWIND || rule->also == ALSO_HOST || rule->also == ALSO_RESET)
        scan->current.at = scan->start;
    if (rule->also == ALSO_HOST)
        scan->wants_host = true;
    if (rule->act == ACT_FOUND)
        *out = (struct search_token){rule->kind, str_slice(scan->text, scan->start, end)};
    if (rule->act == ACT_TRY)
        push(scan, index);
    if (rule->act == ACT_FAIL) {
        assert(scan->place_count > 0);
        scan->current = scan->places[--scan->place_count];
    }
    if (rule->act == ACT_MERGE) {
        const struct search_place *back = NULL;

        assert(scan->place_count > 0);
        back = &scan->places[--scan->place_count];
        scan->current.state = back->state;
        scan->current.rule = back->rule;
    }
    if ((rule->act == ACT_SURE || rule->settles == 1) && scan->place_count > 0)
        scan->place_count--;
    if (rule->settles == 2)
        scan->place_count = 0;
    if (rule->to != 0)
        scan->current.state = rule->to;
    if (rule->act == ACT_GO || rule->act == ACT_TRY || rule->act == ACT_SURE ||
        rule->act == ACT_MERGE)
        scan->current.at += scan->size;
    return rule->act == ACT_FOUND;
}

bool
search_scan_next(struct search_scan *scan, struct search_token *out, bool *found, struct err *err)
{
    *found = false;
    scan->start = scan->current.at;
    scan->current.rule = 0;
    if (scan->start >= scan->text.len)
        return true;
    for (;;) {
        const struct search_rule *rules = search_states[scan->current.state];
        size_t i = scan->current.rule;
        bool at_end;

        scan->current.rule = 0;
        look(scan);
        at_end = scan->size == 0;
        while (!holds(scan, rules[i].test))
            i++;
        if (stop_is_due())
            return stop_fail(err);
        scan->too_long = scan->too_long || scan->steps_left == 0;
        if (scan->too_long)
            return err_set(err, ERR_DB, "54000", "the text is too complex to be searched");
        scan->steps_left--;
        if (scan->too_deep)
            return err_set(err, ERR_DB, "54001", "stack depth limit exceeded");
        if (follow(scan, &rules[i], i, out)) {
            *found = true;
            return true;
        }
        if (at_end && rules[i].act != ACT_FAIL && rules[i].act != ACT_RERUN)
            return true;
    }
}
