/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people ask for, found by the names that they use.
 */
#include "lifecycle/catalogue.h"

enum { WORDS_MAX = 64, TEXT_MAX = 512, HEAD_SCORE = 16 * TEXT_MAX };

/* A text as words in lower case, without the plural and without what says nothing. */
struct words {
    struct str items[WORDS_MAX];
    size_t count;
    char text[TEXT_MAX];
};

static bool
is_filler(struct str word)
{
    static const char *const fillers[] = {"a", "an", "and", "the", "of", "for", "t"};

    for (size_t i = 0; i < COUNTOF(fillers); i++) {
        if (str_eq(word, str_from(fillers[i])))
            return true;
    }

    return false;
}

/* policies, policy; indexes, index; caches, cache; but redis, tls, status. */
static struct str
fold_plural(struct str word, char *end)
{
    if (word.len > 4 && str_has_suffix(word, STR("ies"))) {
        end[-3] = 'y';
        word.len -= 2;
    } else if (word.len > 4 && str_has_suffix(word, STR("xes"))) {
        word.len -= 2;
    } else if (word.len > 3 && str_has_suffix(word, STR("s")) && !str_has_suffix(word, STR("ss")) &&
               !str_has_suffix(word, STR("us")) && !str_has_suffix(word, STR("is"))) {
        word.len--;
    }

    return word;
}

static void
split(struct str s, struct words *out)
{
    size_t len = 0, start = 0;

    out->count = 0;
    for (size_t i = 0; i <= s.len && len < TEXT_MAX; i++) {
        char c = i < s.len ? s.data[i] : ' ';
        bool is_upper = c >= 'A' && c <= 'Z';

        if (is_upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c & 0x80)) {
            out->text[len++] = is_upper ? (char)(c + ('a' - 'A')) : c;
        } else if (len > start) {
            struct str word = str_make(out->text + start, len - start);

            if (!is_filler(word) && out->count < WORDS_MAX)
                out->items[out->count++] = fold_plural(word, out->text + len);
            start = len;
        }
    }
}

static bool
is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* Where a condition, a reason or a remark begins: "if" as a word, a dash, an arrow. */
static bool
begins_aside(struct str s, size_t at)
{
    static const char *const words[] = {"if", "when", "unless", "because", "instead", "currently"};
    static const char *const marks[] = {
        " -- ", " - ", "->", "\xe2\x80\x93", "\xe2\x80\x94", "\xe2\x86\x92",
    };
    struct str rest = str_slice(s, at, s.len);
    size_t len = 0;

    for (size_t i = 0; i < COUNTOF(marks); i++) {
        if (str_has_prefix(rest, str_from(marks[i])))
            return true;
    }
    if (at > 0 && is_letter(s.data[at - 1]))
        return false;
    while (len < rest.len && is_letter(rest.data[len]))
        len++;
    for (size_t i = 0; i < COUNTOF(words); i++) {
        if (str_eq_nocase(str_slice(rest, 0, len), str_from(words[i])))
            return true;
    }

    return false;
}

/* "A service mesh (if we had microservices)" asks for the first. */
static struct str
find_head(struct str s)
{
    size_t at = 0;

    while (at < s.len && !begins_aside(s, at))
        at++;

    return str_slice(s, 0, at);
}

static bool
has_word(const struct words *words, struct str word)
{
    for (size_t i = 0; i < words->count; i++) {
        if (str_eq(words->items[i], word))
            return true;
    }

    return false;
}

static bool
has_any(const struct words *words, const struct words *others)
{
    for (size_t i = 0; i < others->count; i++) {
        if (has_word(words, others->items[i]))
            return true;
    }

    return false;
}

/* Whether all words of part stand in whole, one after the other. */
static bool
is_run(const struct words *whole, const struct words *part)
{
    for (size_t at = 0; at + part->count <= whole->count; at++) {
        size_t same = 0;

        while (same < part->count && str_eq(whole->items[at + same], part->items[same]))
            same++;
        if (same == part->count)
            return true;
    }

    return false;
}

/* How well a name fits: by how much of what was asked it explains. 0: it has other words, too. */
static size_t
match_name(const struct words *asked, const struct words *name)
{
    size_t length = 0;

    for (size_t i = 0; i < name->count; i++) {
        length += name->items[i].len;
        if (!has_word(asked, name->items[i]))
            return 0;
    }

    return length > 0 ? 8 * length + 2 * is_run(asked, name) + (asked->count == name->count) : 0;
}

/* A name of several words that begins with what was asked for. */
static size_t
match_beginning(const struct words *asked, struct words *name)
{
    if (asked->count == 0 || asked->count >= name->count || asked->items[0].len <= 2)
        return 0;
    name->count = asked->count;

    return is_run(asked, name) ? asked->items[0].len : 0;
}

struct question {
    struct str spelt;
    struct words all, head;
};

/* Spelt exactly so, it is meant; what stands in an aside comes after what is asked for. */
static size_t
match_spelling(const struct question *question, const char *name)
{
    struct words words;
    size_t score;

    split(str_from(name), &words);
    score = match_name(&question->all, &words);
    if (score == 0)
        return match_beginning(&question->all, &words);

    return score + (has_any(&question->head, &words) ? HEAD_SCORE : 0) +
           4 * str_eq_nocase(question->spelt, str_from(name));
}

static size_t
match_row(const struct question *question, const struct lifecycle_row *row)
{
    size_t best = match_spelling(question, row->id);

    for (const char *const *name = row->names; *name != NULL; name++) {
        size_t score = match_spelling(question, *name);

        best = score > best ? score : best;
    }

    return best;
}

static const struct lifecycle_row *
get_row(const struct catalogue *catalogue, size_t i)
{
    return i < catalogue->count ? catalogue->rows[i] : &lifecycle_features[i - catalogue->count];
}

size_t
catalogue_search(const struct catalogue *catalogue, struct str words,
                 const struct lifecycle_row **out, size_t max)
{
    size_t *scores = xcalloc(max, sizeof(*scores));
    struct question question = {.spelt = str_trim(words)};
    size_t count = 0;

    split(words, &question.all);
    split(find_head(words), &question.head);
    for (size_t i = 0; i < catalogue->count + lifecycle_feature_count; i++) {
        const struct lifecycle_row *row = get_row(catalogue, i);
        size_t score = match_row(&question, row);
        size_t at = count;

        if (score == 0)
            continue;
        while (at > 0 && scores[at - 1] < score)
            at--;
        if (at == max)
            continue;
        count += count < max;
        for (size_t j = count - 1; j > at; j--) {
            scores[j] = scores[j - 1];
            out[j] = out[j - 1];
        }
        scores[at] = score;
        out[at] = row;
    }
    free(scores);

    return count;
}

/* --- the nearest names ------------------------------------------------------------------------ */

struct near {
    const char **names;
    double *similarities;
    size_t count, max;
};

/* Keeps the name when it is among the best. */
static void
offer(struct near *near, const char *name, double similarity)
{
    size_t at = near->count;

    while (at > 0 && near->similarities[at - 1] < similarity)
        at--;
    if (at == near->max)
        return;
    near->count += near->count < near->max;
    for (size_t i = near->count - 1; i > at; i--) {
        near->names[i] = near->names[i - 1];
        near->similarities[i] = near->similarities[i - 1];
    }
    near->names[at] = name;
    near->similarities[at] = similarity;
}

static double
compare(struct str whole, const struct words *asked, const char *name)
{
    double best = str_similarity(whole, str_from(name));

    for (size_t i = 0; i < asked->count; i++) {
        double one = asked->items[i].len > 2 ? str_similarity(asked->items[i], str_from(name)) : 0;

        best = one > best ? one : best;
    }

    return best;
}

size_t
catalogue_suggest_names(const struct catalogue *catalogue, struct str words, const char **out,
                        size_t max)
{
    struct near near = {.names = out, .similarities = xcalloc(max, sizeof(double)), .max = max};
    struct words asked;

    split(words, &asked);
    for (size_t i = 0; i < catalogue->count + lifecycle_feature_count; i++) {
        const struct lifecycle_row *row = get_row(catalogue, i);
        double best = compare(words, &asked, row->id);
        const char *spelt = row->id;

        for (const char *const *name = row->names; *name != NULL; name++) {
            double similarity = compare(words, &asked, *name);

            if (similarity > best) {
                best = similarity;
                spelt = *name;
            }
        }
        if (best > 0.5)
            offer(&near, spelt, best);
    }
    free(near.similarities);

    return near.count;
}
