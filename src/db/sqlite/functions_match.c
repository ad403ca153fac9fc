/* SPDX-License-Identifier: Apache-2.0 */
/* LIKE and regular expressions. */
#include "core/err_local.h"
#include "core/stop.h"
#include "db/sqlite/functions_impl.h"
#include "sql/letter.h"
#include "sql/regex.h"

enum like_result { LIKE_NO, LIKE_YES, LIKE_BAD };

static inline uint32_t
next_letter(struct str text, size_t *at, bool icase)
{
    uint32_t c = letter_next(text, at);

    if (!icase)
        return c;
    if (c < 0x80)
        return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
    return letter_lower(c);
}

/* Where the next try behind a % can succeed at the earliest: at its first byte, if that is
 * fixed. */
static size_t
skip_to(struct str text, size_t at, struct str pattern, size_t p, bool icase)
{
    unsigned char first = p < pattern.len ? (unsigned char)pattern.data[p] : '%';
    const char *found;

    if (icase || first == '%' || first == '_' || first == '\\' || first >= 0x80 || at >= text.len)
        return at;
    found = memchr(text.data + at, first, text.len - at);
    return found != NULL ? (size_t)(found - text.data) : text.len;
}

/*
 * Only the last % seen has to be reconsidered: what an earlier one could still do, the last one can
 * do too. So the time is at most pattern times text.
 */
static enum like_result
like(struct str text, struct str pattern, bool icase)
{
    size_t t = 0;
    size_t p = 0;
    bool has_percent = false;
    size_t percent_t = 0; /* where the text behind the last % is tried next */
    size_t percent_p = 0;

    for (;;) {
        bool fits = false;

        if (p < pattern.len && pattern.data[p] == '%') {
            has_percent = true;
            percent_p = ++p;
            if (p == pattern.len)
                return LIKE_YES;
            percent_t = t = skip_to(text, t, pattern, p, icase);
            continue;
        }
        if (p == pattern.len && t == text.len)
            return LIKE_YES;
        if (p < pattern.len && t < text.len) {
            uint32_t c = next_letter(text, &t, icase);

            if (pattern.data[p] == '_') {
                p++;
                fits = true;
            } else {
                if (pattern.data[p] == '\\' && ++p == pattern.len)
                    return LIKE_BAD;
                fits = next_letter(pattern, &p, icase) == c;
            }
        }
        if (fits && !stop_is_due())
            continue;
        if (!has_percent || percent_t >= text.len)
            return LIKE_NO;
        if (stop_is_due())
            return LIKE_NO;
        letter_next(text, &percent_t);
        percent_t = t = skip_to(text, percent_t, pattern, percent_p, icase);
        p = percent_p;
    }
}

static void
call_like(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    enum like_result result =
        like(fn_text_of(argv[0]), fn_text_of(argv[1]), sqlite3_value_int(argv[2]) != 0);

    if (result == LIKE_BAD)
        fn_fail_with(ctx, "22025", "LIKE pattern must not end with escape character");
    else
        sqlite3_result_int(ctx, result == LIKE_YES);
}

/* What the pattern and the case of a regular expression were compiled to. */
struct compiled {
    struct regex *regex;
    bool icase;
};

static void
free_compiled(void *data)
{
    struct compiled *compiled = data;

    regex_free(compiled->regex);
    free(compiled);
}

/* NULL: the function has failed. */
static struct regex *
regex_of(sqlite3_context *ctx, sqlite3_value *pattern, bool icase)
{
    struct compiled *compiled = sqlite3_get_auxdata(ctx, 1);
    struct regex *regex;
    ERR_LOCAL(err);

    if (compiled != NULL && compiled->icase == icase)
        return compiled->regex;
    if (!regex_compile(fn_text_of(pattern), icase, &regex, &err)) {
        fn_fail(ctx, &err);
        return NULL;
    }
    compiled = xmalloc(sizeof(*compiled));
    *compiled = (struct compiled){.regex = regex, .icase = icase};
    sqlite3_set_auxdata(ctx, 1, compiled, free_compiled);
    /* NULL when memory ran out and it was freed at once; SQLite has noted that. */
    compiled = sqlite3_get_auxdata(ctx, 1);
    return compiled != NULL ? compiled->regex : NULL;
}

static void
call_regex(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct regex *regex = regex_of(ctx, argv[1], sqlite3_value_int(argv[2]) != 0);
    ERR_LOCAL(err);
    bool matched;

    if (regex == NULL)
        return;
    if (regex_match(regex, fn_text_of(argv[0]), &matched, &err))
        sqlite3_result_int(ctx, matched);
    else
        fn_fail(ctx, &err);
}

static const struct fn_def defs[] = {
    {"cairn_like", 3, 0, call_like},
    {"cairn_regex", 3, 0, call_regex},
};

const struct fn_defs fn_match = {defs, COUNTOF(defs)};
