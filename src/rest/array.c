/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/array.h"

struct reader {
    struct str text;
    size_t pos;
    struct arena *arena;
    struct err *err;
};

static bool
fail(struct reader *r, const char *details)
{
    err_set(r->err, ERR_REQUEST, "22P02", "malformed array literal: \"%.*s\"",
            STR_ARG(str_slice(r->text, 0, 200)));
    err_details(r->err, "%s", details);
    if (r->err != NULL)
        r->err->http_status = 400;
    return false;
}

static bool
is_blank(char ch)
{
    return ch == ' ' || (ch >= '\t' && ch <= '\r');
}

static void
skip_blanks(struct reader *r)
{
    while (r->pos < r->text.len && is_blank(r->text.data[r->pos]))
        r->pos++;
}

static bool
at(const struct reader *r, char ch)
{
    return r->pos < r->text.len && r->text.data[r->pos] == ch;
}

static bool
read_quoted(struct reader *r, struct str *out)
{
    char *copy = arena_alloc(r->arena, r->text.len - r->pos + 1);
    size_t len = 0;

    for (r->pos++; !at(r, '"'); r->pos++) {
        if (at(r, '\\'))
            r->pos++;
        if (r->pos >= r->text.len)
            return fail(r, "Unexpected end of input.");
        copy[len++] = r->text.data[r->pos];
    }
    r->pos++;
    *out = str_make(copy, len);
    return true;
}

/* Up to ',' or '}', without the blanks around. */
static bool
read_plain(struct reader *r, struct str *out)
{
    char *copy = arena_alloc(r->arena, r->text.len - r->pos + 1);
    size_t len = 0;
    size_t end = 0; /* of what a blank behind it doesn't belong to */
    bool escaped = false;

    for (; r->pos < r->text.len && !at(r, ',') && !at(r, '}'); r->pos++) {
        bool is_escape = at(r, '\\');

        if (at(r, '"'))
            return fail(r, "Incorrectly quoted array element.");
        if (at(r, '{'))
            return fail(r, "Unexpected \"{\" character.");
        if (is_escape && ++r->pos >= r->text.len)
            return fail(r, "Unexpected end of input.");
        escaped = escaped || is_escape;
        copy[len++] = r->text.data[r->pos];
        if (is_escape || !is_blank(r->text.data[r->pos]))
            end = len;
    }
    if (r->pos >= r->text.len)
        return fail(r, "Unexpected end of input.");
    if (end == 0)
        return fail(r, at(r, ',') ? "Unexpected \",\" character." : "Unexpected \"}\" character.");
    *out = !escaped && str_eq_nocase(str_make(copy, end), STR("null")) ? STR_NULL
                                                                       : str_make(copy, end);
    return true;
}

static bool
read_elements(struct reader *r, struct str *items, uint32_t *count)
{
    for (;;) {
        skip_blanks(r);
        if (!(at(r, '"') ? read_quoted(r, &items[*count]) : read_plain(r, &items[*count])))
            return false;
        (*count)++;
        skip_blanks(r);
        if (at(r, '}'))
            return true;
        if (r->pos >= r->text.len)
            return fail(r, "Unexpected end of input.");
        if (!at(r, ','))
            return fail(r, "Unexpected array element.");
        r->pos++;
    }
}

bool
array_parse(struct str text, struct arena *arena, struct str **out, uint32_t *count,
            struct err *err)
{
    struct reader r = {.text = text, .arena = arena, .err = err};
    size_t cap = 1;

    *count = 0;
    for (size_t i = 0; i < text.len; i++)
        cap += text.data[i] == ',';
    *out = ARENA_ARRAY(arena, struct str, cap);
    skip_blanks(&r);
    if (!at(&r, '{'))
        return fail(&r, "Array value must start with \"{\" or dimension information.");
    r.pos++;
    skip_blanks(&r);
    if (!at(&r, '}') && !read_elements(&r, *out, count))
        return false;
    r.pos++;
    skip_blanks(&r);
    return r.pos == text.len || fail(&r, "Junk after closing right brace.");
}
