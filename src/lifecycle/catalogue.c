/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/catalogue.h"

#include "lifecycle/own_rows.h"

enum { WORDS_MAX = 512 };

bool
catalogue_load(const char *dir, struct arena *arena, struct catalogue *out,
               struct catalogue_errors *errors)
{
    const struct lifecycle_row *own = NULL;
    size_t own_count = 0;

    *errors = (struct catalogue_errors){0};
    own_rows_load(dir, arena, &own, &own_count, errors);
    out->rows = ARENA_ARRAY(arena, const struct lifecycle_row *, lifecycle_row_count + own_count);
    out->count = 0;
    for (size_t i = 0; i < lifecycle_row_count; i++)
        out->rows[out->count++] = &lifecycle_rows[i];
    for (size_t i = 0; i < own_count; i++)
        out->rows[out->count++] = &own[i];

    return errors->count == 0;
}

const struct lifecycle_row *
catalogue_find(const struct catalogue *catalogue, struct str id)
{
    for (size_t i = 0; i < catalogue->count; i++) {
        if (str_eq(str_from(catalogue->rows[i]->id), id))
            return catalogue->rows[i];
    }

    return NULL;
}

const char *
catalogue_suggest(const struct catalogue *catalogue, struct str id)
{
    const char *best = NULL;
    double nearest = 0.5;

    for (size_t i = 0; i < catalogue->count; i++) {
        double similarity = str_similarity(id, str_from(catalogue->rows[i]->id));

        if (similarity > nearest) {
            nearest = similarity;
            best = catalogue->rows[i]->id;
        }
    }

    return best;
}

/* Lower case, every run of anything but letters, digits and bytes of UTF-8 one space, a space at both
 * ends: so that a name is found as whole words. */
static struct str
normalise(struct str s, char out[WORDS_MAX])
{
    size_t len = 0;

    out[len++] = ' ';
    for (size_t i = 0; i < s.len && len < WORDS_MAX - 2; i++) {
        char c = s.data[i];
        bool is_upper = c >= 'A' && c <= 'Z';
        bool is_word = is_upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c & 0x80);

        if (is_word)
            out[len++] = is_upper ? (char)(c + ('a' - 'A')) : c;
        else if (out[len - 1] != ' ')
            out[len++] = ' ';
    }
    if (out[len - 1] != ' ')
        out[len++] = ' ';

    return str_make(out, len);
}

static bool
contains(struct str text, struct str part)
{
    return part.len > 2 && memmem(text.data, text.len, part.data, part.len) != NULL;
}

/* How many bytes of a name of the row are in the words: the longer, the surer. A plural s counts as
 * said. */
static size_t
match_one(struct str words, const char *name)
{
    char space[WORDS_MAX];
    struct str plain = normalise(str_from(name), space);

    if (contains(words, plain))
        return plain.len * 2 + (words.len == plain.len);
    if (plain.len < WORDS_MAX - 1) {
        space[plain.len - 1] = 's';
        space[plain.len] = ' ';
        if (contains(words, str_make(space, plain.len + 1)))
            return plain.len * 2;
    }
    /* A name of several words that begins with what was asked for. */
    if (words.len > 4 && plain.len > words.len && memcmp(space, words.data, words.len) == 0)
        return words.len;

    return 0;
}

static size_t
match_row(struct str words, const struct lifecycle_row *row)
{
    size_t best = match_one(words, row->id);

    for (const char *const *name = row->names; *name != NULL; name++) {
        size_t length = match_one(words, *name);

        best = length > best ? length : best;
    }

    return best;
}

size_t
catalogue_search(const struct catalogue *catalogue, struct str words,
                 const struct lifecycle_row **out, size_t max)
{
    size_t *scores = xcalloc(max, sizeof(*scores));
    char space[WORDS_MAX];
    size_t count = 0;

    words = normalise(words, space);
    for (size_t i = 0; i < catalogue->count; i++) {
        size_t score = match_row(words, catalogue->rows[i]);
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
        out[at] = catalogue->rows[i];
    }
    free(scores);

    return count;
}

bool
lifecycle_parse_stage(struct str s, enum lifecycle_stage *out)
{
    for (int i = 0; i < LIFECYCLE_STAGE_COUNT; i++) {
        if (str_eq_nocase(s, str_from(lifecycle_stage_names[i]))) {
            *out = (enum lifecycle_stage)i;
            return true;
        }
    }

    return false;
}
