/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: rows as objects, and paths into documents. The aggregates are with the other ones. */
#include "core/err_local.h"
#include "core/json.h"
#include "db/sqlite/cell.h"
#include "db/sqlite/functions_impl.h"
#include "sql/zone.h"

/* Deeper documents than type_input lets in are not met here. */
#define DEPTH_MAX 1000

struct row_column {
    char json_class;
    struct str key; /* {"id": or ,"name":, for buf_add_padded */
};

/* A specification, parsed; columns and their text follow it in the same allocation. */
struct row_spec {
    bool strips_nulls;
    uint64_t rows_max; /* 0: any number */
    int count;
    struct row_column columns[];
};

static struct row_spec *
parse_spec(struct str text)
{
    struct row_spec *spec;
    size_t count = 1;
    char *to;
    uint64_t rows_max = 0;
    bool strips = false;

    for (; text.len > 0 && text.data[0] >= '0' && text.data[0] <= '9';
         text = str_slice(text, 1, text.len))
        rows_max = rows_max * 10 + (uint64_t)(text.data[0] - '0');
    strips = text.len > 0 && text.data[0] == '!';
    text = str_slice(text, strips ? 1 : 0, text.len);
    for (size_t i = 0; i < text.len; i++)
        count += text.data[i] == '\1';
    if (text.len == 0)
        count = 0;
    spec = xmalloc(sizeof(*spec) + count * (sizeof(struct row_column) + 4) + text.len + BUF_BLOCK);
    spec->strips_nulls = strips;
    spec->rows_max = rows_max;
    spec->count = (int)count;
    to = (char *)&spec->columns[count];
    for (size_t i = 0; i < count; i++) {
        struct str part = str_cut(&text, '\1');
        char *start = to;

        spec->columns[i].json_class = part.len > 0 ? part.data[0] : 's';
        *to++ = i == 0 ? '{' : ',';
        *to++ = '"';
        if (part.len > 1) {
            memcpy(to, part.data + 1, part.len - 1);
            to += part.len - 1;
        }
        *to++ = '"';
        *to++ = ':';
        spec->columns[i].key = str_make(start, (size_t)(to - start));
    }
    return spec;
}

void
fn_write_json(const struct fn *fn, struct buf *out, char json_class, struct value *value)
{
    char room[ZONE_ROOM];

    if (json_class == 'z')
        zone_shift(fn->env->zone, value, room);
    type_write_json_class(out, json_class, value);
}

/* As json_strip_nulls() prints it: without blanks, and without members that are null. */
static void
write_stripped(struct buf *out, const struct json *json)
{
    bool is_object = json->type == JSON_OBJECT;
    bool first = true;

    if (json->type == JSON_STRING) {
        json_write_str(out, json->text);
        return;
    }
    if (!is_object && json->type != JSON_ARRAY) {
        buf_add_str(out, json->raw);
        return;
    }
    buf_add_char(out, is_object ? '{' : '[');
    for (const struct json *at = json->first; at != NULL; at = at->next) {
        if (is_object && at->type == JSON_NULL)
            continue;
        if (!first)
            buf_add_char(out, ',');
        first = false;
        if (is_object) {
            json_write_str(out, at->key);
            buf_add_char(out, ':');
        }
        write_stripped(out, at);
    }
    buf_add_char(out, is_object ? '}' : ']');
}

static void
write_row_stripped(struct fn *fn, struct buf *out, const struct row_spec *spec,
                   sqlite3_value **values)
{
    struct json_limits limits = {
        .max_depth = DEPTH_MAX, .allow_duplicate_keys = true, .allow_nul = true};
    bool first = true;

    buf_add_char(out, '{');
    for (int i = 0; i < spec->count; i++) {
        const struct row_column *column = &spec->columns[i];
        struct value value = fn_value_of(values[i]);
        struct json *json = NULL;
        bool is_json = column->json_class == 'r' && value.kind == VALUE_TEXT &&
                       json_parse(value.s, limits, fn->scratch, &json, NULL);

        /* The null that JSON has is one, too. */
        if (value.kind == VALUE_NULL || (is_json && json->type == JSON_NULL))
            continue;
        buf_add_str(out, first ? str_slice(column->key, 1, column->key.len) : column->key);
        first = false;
        if (is_json)
            write_stripped(out, json);
        else
            fn_write_json(fn, out, column->json_class, &value);
    }
    buf_add_char(out, '}');
}

/* What most values are goes the short way. */
static inline void
write_value(struct fn *fn, struct buf *out, char json_class, sqlite3_value *from)
{
    struct value value;

    cell_of(from, &value);
    if (!type_write_json_plain(out, json_class, &value))
        fn_write_json(fn, out, json_class, &value);
}

static void
write_row(struct fn *fn, struct buf *out, const struct row_spec *spec, sqlite3_value **values)
{
    if (spec->strips_nulls) {
        write_row_stripped(fn, out, spec, values);
        return;
    }
    for (int i = 0; i < spec->count; i++) {
        buf_add_padded(out, spec->columns[i].key);
        write_value(fn, out, spec->columns[i].json_class, values[i]);
    }
    if (spec->count == 0)
        buf_add_char(out, '{');
    buf_add_char(out, '}');
}

static bool
fits(sqlite3_context *ctx, const struct row_spec *spec, int argc)
{
    if (spec->count == argc - 1)
        return true;
    fn_fail_with(ctx, "XX000", "the values of a JSON row are not as many as the keys");
    return false;
}

static void
call_json_row(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct row_spec *spec = sqlite3_get_auxdata(ctx, 0);

    if (spec == NULL) {
        spec = parse_spec(fn_text_of(argv[0]));
        sqlite3_set_auxdata(ctx, 0, spec, free);
        spec = sqlite3_get_auxdata(ctx, 0);
        if (spec == NULL)
            return;
    }
    if (!fits(ctx, spec, argc))
        return;
    write_row(fn, &fn->out, spec, argv + 1);
    fn_result_out(fn, ctx);
}

/* The same as cairn_json_agg(cairn_json_row(...)), without a text for each row on the way. */
void
fn_json_rows_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct fn_list *list = fn_list_of(ctx);
    const struct row_spec *spec = NULL;
    struct fn *fn = NULL;

    if (list == NULL || argc == 0)
        return;
    if (list->spec == NULL)
        list->spec = parse_spec(fn_text_of(argv[0]));
    spec = list->spec;
    if (!fits(ctx, spec, argc))
        return;
    if (spec->rows_max != 0 && list->rows == spec->rows_max) {
        sqlite3_result_error_code(ctx, FUNCTIONS_TOO_MANY);
        return;
    }
    list->rows++;
    if (list->out.len == 0)
        buf_add_char(&list->out, '[');
    else
        BUF_ADD_LIT(&list->out, ", \n ");
    fn = spec->strips_nulls ? fn_begin(ctx) : fn_of(ctx);
    write_row(fn, &list->out, spec, argv + 1);
    if (spec->strips_nulls && arena_is_exhausted(fn->scratch))
        list->out.overflowed = true;
}

static void
call_json_value(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct str json_class = fn_text_of(argv[0]);
    struct value value = fn_value_of(argv[1]);

    fn_write_json(fn, &fn->out, json_class.len > 0 ? json_class.data[0] : 's', &value);
    fn_result_out(fn, ctx);
}

/* The last member of that name counts. */
static const struct json *
find_member(const struct json *json, struct str key)
{
    const struct json *found = NULL;

    for (const struct json *at = json->type == JSON_OBJECT ? json->first : NULL; at != NULL;
         at = at->next) {
        if (str_eq(at->key, key))
            found = at;
    }
    return found;
}

/* To jsonb, a scalar is an array of itself. */
static const struct json *
find_element(const struct json *json, int64_t index, bool is_jsonb)
{
    const struct json *at = json->first;

    if (is_jsonb && json->type != JSON_ARRAY && json->type != JSON_OBJECT)
        return index == 0 || index == -1 ? json : NULL;
    if (json->type != JSON_ARRAY)
        return NULL;
    index += index < 0 ? (int64_t)json->count : 0;
    if (index < 0 || index >= (int64_t)json->count)
        return NULL;
    while (index-- > 0)
        at = at->next;
    return at;
}

/* A document that json took, but whose text can't be looked into. */
static void
fail_document(sqlite3_context *ctx, struct str text)
{
    ERR_LOCAL(err);

    if (text.len > 0 && memmem(text.data, text.len, "\\u0000", 6) != NULL) {
        err_set(&err, ERR_DB, "22P05", "unsupported Unicode escape sequence");
        err_details(&err, "\\u0000 cannot be converted to text.");
    } else {
        err_set(&err, ERR_DB, "22P02", "invalid input syntax for type json");
    }
    fn_fail(ctx, &err);
}

static void
call_json_get(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    bool by_index = sqlite3_value_type(argv[1]) == SQLITE_INTEGER;
    bool as_text = (sqlite3_value_int(argv[2]) & 1) != 0;
    bool is_jsonb = (sqlite3_value_int(argv[2]) & 2) != 0;
    struct json_limits limits = {.max_depth = DEPTH_MAX, .allow_duplicate_keys = true};
    struct str text = fn_bytes_of(argv[0]);
    const struct json *found;
    struct json *json;
    ERR_LOCAL(err);

    if (!json_parse(text, limits, fn->scratch, &json, &err)) {
        fail_document(ctx, text);
        return;
    }
    found = by_index ? find_element(json, sqlite3_value_int64(argv[1]), is_jsonb)
                     : find_member(json, fn_text_of(argv[1]));
    if (found == NULL || (as_text && found->type == JSON_NULL))
        return;
    if (!as_text || found->type != JSON_STRING)
        fn_result_str(ctx, found->raw);
    else
        fn_result_str(ctx, found->text);
}

/* A key of an object, or a string in an array, or the string itself. */
static void
call_json_has(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct json_limits limits = {.max_depth = DEPTH_MAX, .allow_duplicate_keys = true};
    struct str text = fn_text_of(argv[0]);
    struct str key = fn_text_of(argv[1]);
    struct json *json;
    struct err err = {0};
    bool found = false;

    if (!json_parse(text, limits, fn->scratch, &json, &err)) {
        fail_document(ctx, text);
        return;
    }
    found =
        find_member(json, key) != NULL || (json->type == JSON_STRING && str_eq(json->text, key));
    for (const struct json *at = json->type == JSON_ARRAY ? json->first : NULL; at != NULL;
         at = at->next)
        found = found || (at->type == JSON_STRING && str_eq(at->text, key));
    sqlite3_result_int(ctx, found);
}

static void
call_json_text(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    sqlite3_result_value(ctx, argv[0]);
}

static const struct fn_def defs[] = {
    {"cairn_json_row", -1, FN_NULLS, call_json_row},
    {"cairn_json_value", 2, FN_NULLS, call_json_value},
    {"cairn_to_json", 2, 0, call_json_value},
    {"cairn_json_get", 3, 0, call_json_get},
    {"cairn_json_has", 2, 0, call_json_has},
    {"cairn_json_text", 1, 0, call_json_text},
};

const struct fn_defs fn_json = {defs, COUNTOF(defs)};
