/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/cursor.h"

void
cursor_skip_blanks(struct cursor *c)
{
    while (cursor_peek(c) == ' ' || cursor_peek(c) == '\t')
        c->pos++;
}

/* mark: what the character at hand is quoted with. */
static bool
fail(struct cursor *c, char mark, const char *expecting)
{
    size_t end = c->pos + 1;

    if (c->err == NULL)
        return false;
    err_set(c->err, ERR_REQUEST, "PGRST100", "\"failed to parse %s (%.*s)\" (line 1, column %zu)",
            c->what, STR_ARG(str_slice(c->in, 0, 200)), c->shift + c->pos + 1);
    c->err->http_status = 400;
    while (end < c->in.len && ((unsigned char)c->in.data[end] & 0xC0) == 0x80)
        end++;
    if (cursor_at_end(c))
        err_details(c->err, "unexpected end of input expecting %s", expecting);
    else
        err_details(c->err, "unexpected %c%.*s%c expecting %s", mark,
                    STR_ARG(str_slice(c->in, c->pos, end)), mark, expecting);
    return false;
}

bool
cursor_fail(struct cursor *c, const char *expecting)
{
    return fail(c, '"', expecting);
}

bool
cursor_fail_end(struct cursor *c, const char *expecting)
{
    return fail(c, '\'', expecting);
}

bool
cursor_fail_limit(struct cursor *c, const char *what, uint32_t limit)
{
    if (c->err == NULL)
        return false;
    err_set(c->err, ERR_REQUEST, "PGRST100", "\"failed to parse %s\" (line 1, column %zu)", c->what,
            c->pos + 1);
    c->err->http_status = 400;
    err_details(c->err, "too many %s: at most %u are allowed", what, limit);
    err_hint(c->err, "Split the request, or raise the limit in the api section of cairn.yaml.");
    return false;
}

static bool
is_name_char(int ch)
{
    static const bool is_one[256] = {
        ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true,   ['_'] = true,
        [' '] = true,         ['$'] = true,         [0x80 ... 0xFF] = true,
    };

    return ch >= 0 && is_one[ch];
}

bool
cursor_quoted(struct cursor *c, struct str *out)
{
    size_t start = ++c->pos;
    bool escaped = false;
    char *copy = NULL;
    size_t len = 0;

    for (; cursor_peek(c) != '"'; c->pos++) {
        if (cursor_at_end(c))
            return cursor_fail(c, "\"\\\"\"");
        if (cursor_peek(c) == '\\') {
            escaped = true;
            if (++c->pos >= c->in.len)
                return cursor_fail(c, "any character");
        }
    }
    *out = str_slice(c->in, start, c->pos);
    c->pos++;
    if (!escaped)
        return true;

    copy = arena_alloc(c->arena, out->len + 1);
    for (size_t i = 0; i < out->len; i++) {
        if (out->data[i] == '\\')
            i++;
        copy[len++] = out->data[i];
    }
    *out = str_make(copy, len);
    return true;
}

bool
cursor_name(struct cursor *c, struct str *out)
{
    size_t start = 0;

    if (cursor_peek(c) == '"')
        return cursor_quoted(c, out);
    start = c->pos;
    for (;; c->pos++) {
        int ch = cursor_peek(c);

        if (is_name_char(ch))
            continue;
        /* A dash belongs to the name unless it starts an arrow. */
        if (ch == '-' && c->pos > start && c->pos + 1 < c->in.len &&
            is_name_char((unsigned char)c->in.data[c->pos + 1]))
            continue;
        break;
    }
    *out = str_trim(str_slice(c->in, start, c->pos));
    if (out->len == 0)
        return cursor_fail(c, "field name (* or [a..z0..9_$])");
    return true;
}

/* What may follow an index. */
static bool
ends_index(const struct cursor *c)
{
    struct str rest = str_slice(c->in, c->pos, c->in.len);

    return rest.len == 0 || strchr(".,) ", rest.data[0]) != NULL ||
           (rest.len > 1 && (memcmp(rest.data, "->", 2) == 0 || memcmp(rest.data, "::", 2) == 0));
}

/* A key goes up to a reserved character; a dash belongs to it where more of the key follows. */
static bool
is_key_char(const struct cursor *c, size_t start)
{
    int ch = cursor_peek(c);
    int next = c->pos + 1 < c->in.len ? (unsigned char)c->in.data[c->pos + 1] : -1;

    if (ch == '-')
        return c->pos > start && next >= 0 && strchr("(-:.,>)", next) == NULL;
    return ch >= 0 && strchr("(:.,>)", ch) == NULL;
}

static bool
parse_step(struct cursor *c, struct api_json_step *step)
{
    size_t start = 0;
    size_t digits = 0;

    step->as_text = cursor_eat_char(c, '>');
    if (cursor_peek(c) == '"')
        return cursor_quoted(c, &step->key);
    start = c->pos;
    cursor_eat_char(c, '-');
    digits = c->pos;
    while (cursor_peek(c) >= '0' && cursor_peek(c) <= '9')
        c->pos++;
    if (c->pos > digits && ends_index(c) &&
        str_to_i64(str_slice(c->in, start, c->pos), &step->index) && step->index >= INT32_MIN &&
        step->index <= INT32_MAX) {
        step->is_index = true;
        return true;
    }
    /* No key begins with a dash, so that was to be an index. */
    if (digits > start)
        return cursor_fail(c, "digit");
    c->pos = start;
    while (is_key_char(c, start))
        c->pos++;
    step->key = str_trim(str_slice(c->in, start, c->pos));
    if (step->key.len == 0)
        return cursor_fail(c, "\"-\", digit or any non reserved character different from: .,>()");
    return true;
}

/* Its own function, so that fields without a path have no room to make and to clear. */
static __attribute__((noinline)) bool
parse_steps(struct cursor *c, struct api_field *out)
{
    struct api_json_step steps[32];
    struct api_json_step *copy = NULL;
    uint32_t count = 0;

    while (cursor_eat(c, STR("->"))) {
        if (count == COUNTOF(steps))
            return cursor_fail_limit(c, "json path steps", COUNTOF(steps));
        steps[count] = (struct api_json_step){0};
        if (!parse_step(c, &steps[count++]))
            return false;
    }
    copy = ARENA_ARRAY(c->arena, struct api_json_step, count);
    memcpy(copy, steps, count * sizeof(steps[0]));
    out->steps = copy;
    out->step_count = count;
    return true;
}

bool
cursor_field(struct cursor *c, struct api_field *out)
{
    if (!cursor_name(c, &out->column))
        return false;
    out->step_count = 0;
    if (cursor_peek(c) != '-' || c->pos + 1 >= c->in.len || c->in.data[c->pos + 1] != '>')
        return true;
    return parse_steps(c, out);
}
