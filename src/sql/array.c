/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/array.h"

struct reader {
    struct str text;
    size_t pos;
    struct arena *arena;
    struct array *out;
    uint32_t cap;
    bool is_flat;     /* no lists in lists */
    bool has_items;   /* how deep items stand is known */
    uint32_t deepest; /* list so far */
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
    size_t start = r->pos;
    size_t end = r->pos; /* of what a blank behind it doesn't belong to */
    bool escaped = false;

    for (; r->pos < r->text.len && !at(r, ',') && !at(r, '}'); r->pos++) {
        if (at(r, '"'))
            return fail(r, "Incorrectly quoted array element.");
        if (at(r, '{'))
            return fail(r, "Unexpected \"{\" character.");
        if (at(r, '\\')) {
            escaped = true;
            r->pos++;
            end = r->pos + 1;
        } else if (!is_blank(r->text.data[r->pos])) {
            end = r->pos + 1;
        }
    }
    if (r->pos >= r->text.len)
        return fail(r, "Unexpected end of input.");
    if (end == start)
        return fail(r, at(r, ',') ? "Unexpected \",\" character." : "Unexpected \"}\" character.");
    *out = str_slice(r->text, start, end);
    if (!escaped && str_eq_nocase(*out, STR("null")))
        *out = STR_NULL;
    if (escaped) {
        char *copy = arena_alloc(r->arena, out->len);
        size_t len = 0;

        for (size_t i = 0; i < out->len; i++) {
            i += out->data[i] == '\\';
            copy[len++] = out->data[i];
        }
        *out = str_make(copy, len);
    }
    return true;
}

static bool
read_item(struct reader *r, uint32_t depth)
{
    struct array *array = r->out;

    if (depth != r->deepest)
        return fail(r, "Unexpected array element.");
    if (array->count == r->cap) {
        uint32_t cap = r->cap == 0 ? 8 : r->cap * 2;
        struct str *items = ARENA_ARRAY(r->arena, struct str, cap);

        if (array->count > 0)
            memcpy(items, array->items, array->count * sizeof(*items));
        array->items = items;
        r->cap = cap;
    }
    r->has_items = true;
    array->dim_count = depth;
    return (at(r, '"') ? read_quoted(r, &array->items[array->count])
                       : read_plain(r, &array->items[array->count])) &&
           ++array->count > 0;
}

static bool read_list(struct reader *r, uint32_t depth);

static bool
read_member(struct reader *r, uint32_t depth)
{
    if (!at(r, '{'))
        return read_item(r, depth);
    if (r->is_flat || (r->has_items && depth >= r->out->dim_count))
        return fail(r, "Unexpected \"{\" character.");
    if (depth < ARRAY_DIMS_MAX)
        return read_list(r, depth + 1);
    err_set(r->err, ERR_REQUEST, "54000",
            "number of array dimensions (%u) exceeds the maximum allowed"
            " (%d)",
            depth + 1, ARRAY_DIMS_MAX);
    return false;
}

/* {...}; the members of all lists of one depth are as many. */
static bool
read_list(struct reader *r, uint32_t depth)
{
    uint32_t count = 0;
    uint32_t *dim = &r->out->dims[depth - 1];

    if (depth > r->deepest)
        r->deepest = depth;
    r->pos++;
    skip_blanks(r);
    if (depth > 1 && at(r, '}'))
        return fail(r, "Unexpected \"}\" character.");
    while (!at(r, '}')) {
        if (!read_member(r, depth))
            return false;
        count++;
        skip_blanks(r);
        if (r->pos >= r->text.len)
            return fail(r, "Unexpected end of input.");
        if (at(r, '}'))
            break;
        if (!at(r, ','))
            return fail(r, "Unexpected array element.");
        r->pos++;
        skip_blanks(r);
        if (at(r, '}'))
            return fail(r, "Unexpected \"}\" character.");
    }
    r->pos++;
    if (*dim == 0)
        *dim = count;
    return *dim == count || fail(r, "Multidimensional arrays must have sub-arrays with matching "
                                    "dimensions.");
}

static bool
read_whole(struct str text, bool is_flat, struct arena *arena, struct array *out, struct err *err)
{
    struct reader r = {.text = text, .arena = arena, .out = out, .is_flat = is_flat, .err = err};

    *out = (struct array){0};
    skip_blanks(&r);
    if (!at(&r, '{'))
        return fail(&r, "Array value must start with \"{\" or dimension information.");
    if (!read_list(&r, 1))
        return false;
    skip_blanks(&r);
    if (r.pos < text.len)
        return fail(&r, "Junk after closing right brace.");
    if (out->count == 0)
        out->dim_count = 0;
    return true;
}

bool
array_read(struct str text, struct arena *arena, struct array *out, struct err *err)
{
    return read_whole(text, false, arena, out, err);
}

bool
array_read_flat(struct str text, struct arena *arena, struct array *out, struct err *err)
{
    return read_whole(text, true, arena, out, err);
}

static bool
needs_quotes(struct str item)
{
    if (item.len == 0 || str_eq_nocase(item, STR("null")))
        return true;
    for (size_t i = 0; i < item.len; i++) {
        if (is_blank(item.data[i]) || strchr("\"\\{},", item.data[i]) != NULL)
            return true;
    }
    return false;
}

static void
write_item(struct buf *out, struct str item)
{
    if (item.data == NULL) {
        BUF_ADD_LIT(out, "NULL");
        return;
    }
    if (!needs_quotes(item)) {
        buf_add_str(out, item);
        return;
    }
    buf_add_char(out, '"');
    for (size_t i = 0; i < item.len; i++) {
        if (item.data[i] == '"' || item.data[i] == '\\')
            buf_add_char(out, '\\');
        buf_add_char(out, item.data[i]);
    }
    buf_add_char(out, '"');
}

static void
write_list(struct buf *out, const struct array *array, uint32_t depth, uint32_t *next)
{
    buf_add_char(out, '{');
    for (uint32_t i = 0; i < array->dims[depth - 1]; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        if (depth < array->dim_count)
            write_list(out, array, depth + 1, next);
        else
            write_item(out, array->items[(*next)++]);
    }
    buf_add_char(out, '}');
}

void
array_write(struct buf *out, const struct array *array)
{
    uint32_t next = 0;

    if (array->count == 0)
        BUF_ADD_LIT(out, "{}");
    else
        write_list(out, array, 1, &next);
}

bool
array_input(const struct type *type, const struct array *array, struct arena *arena,
            struct value *out, struct err *err)
{
    struct array normal = *array;
    struct buf text;
    bool ok = false;

    normal.items = ARENA_ARRAY(arena, struct str, array->count + 1);
    buf_init(&text, SIZE_MAX / 4);
    for (uint32_t i = 0; i < array->count; i++) {
        struct value value = {0};

        if (array->items[i].data == NULL)
            continue;
        if (!type_input(type->elem, array->items[i], arena, &value, err))
            goto out;
        buf_clear(&text);
        type_write_output(&text, type->elem, &value);
        normal.items[i] = text.len > 0 ? arena_copy(arena, buf_str(&text)) : STR("");
    }
    buf_clear(&text);
    array_write(&text, &normal);
    *out = (struct value){.kind = VALUE_TEXT, .s = arena_copy(arena, buf_str(&text))};
    ok = true;

out:
    buf_fini(&text);

    return ok;
}

bool
array_can_hold(const struct type *elem)
{
    return type_is_embedded(elem) && elem->id != TYPE_UNKNOWN && elem->id != TYPE_ARRAY &&
           elem->id != TYPE_BYTEA && !type_is_json(elem);
}

bool
array_has_numbers(const struct type *type)
{
    switch (type->elem->id) {
    case TYPE_INT2:
    case TYPE_INT4:
    case TYPE_INT8:
    case TYPE_FLOAT4:
    case TYPE_FLOAT8:
    case TYPE_NUMERIC:
        return true;
    default:
        return false;
    }
}
