/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/bind.h"

#include <math.h>

#include "rest/plan_check.h"
#include "sql/array.h"
#include "sql/search.h"
#include "sql/zone.h"

/* The request line bounds a list; written as JSON it is at most six times as long. */
#define LIST_MAX ((size_t)64 * 1024 * 1024)

static struct value
text_value(struct str text)
{
    return (struct value){.kind = VALUE_TEXT, .s = text};
}

/* {"a","b"}: every element quoted, so that NULL and blanks are what they are; an item without data
 * is NULL. */
static struct str
array_literal(const struct str *items, uint32_t count, struct arena *arena)
{
    size_t size = 3;
    size_t len = 0;
    char *text = NULL;

    for (uint32_t i = 0; i < count; i++)
        size += items[i].len * 2 + 5;
    text = arena_alloc(arena, size);
    text[len++] = '{';
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            text[len++] = ',';
        if (items[i].data == NULL) {
            memcpy(text + len, "NULL", 4);
            len += 4;
            continue;
        }
        text[len++] = '"';
        for (size_t k = 0; k < items[i].len; k++) {
            char ch = items[i].data[k];

            if (ch == '"' || ch == '\\')
                text[len++] = '\\';
            text[len++] = ch;
        }
        text[len++] = '"';
    }
    text[len++] = '}';
    return str_make(text, len);
}

void
bind_json_value(struct buf *out, const struct value *value)
{
    switch (value->kind) {
    case VALUE_NULL:
        BUF_ADD_LIT(out, "null");
        break;
    case VALUE_INT:
        buf_add_i64(out, value->i);
        break;
    case VALUE_REAL:
        /* JSON has no word for infinity, but SQLite reads it out of a number that is too large. */
        if (isinf(value->f))
            buf_add_str(out, value->f > 0 ? STR("9e999") : STR("-9e999"));
        else
            buf_add_f64(out, value->f);
        break;
    case VALUE_TEXT:
        json_write_str(out, value->s);
        break;
    case VALUE_BLOB:
        buf_add_char(out, '"');
        for (size_t i = 0; i < value->s.len; i++)
            buf_printf(out, "%02X", (unsigned char)value->s.data[i]);
        buf_add_char(out, '"');
        break;
    }
}

/* What a filter compares with has no modifiers: what is too long is not there, and no error. */
static bool
input_operand(const struct bind_input *in, const struct type *type, struct str text,
              struct value *out, struct err *err)
{
    struct type plain =
        type->id == TYPE_ENUM || type->id == TYPE_ARRAY ? *type : *type_builtin(type->id);
    char room[ZONE_ROOM];

    if (type->id == TYPE_ARRAY && type->elem->id != TYPE_ENUM)
        plain.elem = type_builtin(type->elem->id);
    if (type->id == TYPE_TIMESTAMPTZ)
        text = zone_add_offset(in->zone, text, room);
    return type_input(&plain, text, in->arena, out, err);
}

/* The list in normal form as a JSON array, for json_each. An item without data is NULL. */
static bool
json_list(const struct bind_input *in, const struct str *items, uint32_t count,
          const struct type *type, struct str *out, struct err *err)
{
    struct buf text;
    bool ok = false;

    buf_init(&text, LIST_MAX);
    buf_add_char(&text, '[');
    for (uint32_t i = 0; i < count; i++) {
        struct value value = {0};

        if (items[i].data != NULL && !input_operand(in, type, items[i], &value, err))
            goto out;
        if (i > 0)
            buf_add_char(&text, ',');
        bind_json_value(&text, &value);
    }
    buf_add_char(&text, ']');
    *out = arena_copy(in->arena, buf_str(&text));
    ok = true;

out:
    buf_fini(&text);

    return ok;
}

/* A value of a filter, or an argument: that may be NULL, an array out of JSON, or one of several
 * texts. */
static bool
bind_embedded(const struct bind_input *in, const struct type *type, const struct api_slot *slot,
              struct value *out, struct err *err)
{
    struct str text =
        slot->is_list ? array_literal(slot->list, slot->list_count, in->arena) : slot->text;

    if (slot->is_null || (slot->json != NULL && slot->json->type == JSON_NULL)) {
        *out = (struct value){.kind = VALUE_NULL};
        return true;
    }
    if (slot->json != NULL && slot->json->type != JSON_STRING)
        return payload_array(slot->json, type, in->arena, out, err);
    return input_operand(in, type, slot->json != NULL ? slot->json->text : text, out, err);
}

/* The words of the query as their dictionary leaves them. Long texts have many. */
#define SEARCH_TEXT_MAX ((size_t)16 << 20)

static bool
search_text(struct str text, const struct emit_param *param, struct arena *arena, struct str *out,
            struct err *err)
{
    static const enum search_form forms[] = {
        [API_FTS] = SEARCH_FORM_QUERY,
        [API_PLFTS] = SEARCH_FORM_PLAIN,
        [API_PHFTS] = SEARCH_FORM_PHRASE,
        [API_WFTS] = SEARCH_FORM_WEB,
    };
    struct search *search = search_new();
    const struct search_node *query = NULL;
    struct search_config config;
    struct buf buf;
    bool ok = false;

    buf_init(&buf, SEARCH_TEXT_MAX);
    if (!search_find_config(param->text, &config, err) ||
        !search_query_make(search, &config, forms[param->op], text, arena, &query, err))
        goto out;
    search_query_write(&buf, query);
    if (!buf_ok(&buf)) {
        err_set(err, ERR_DB, "54000", "tsquery is too large");
        goto out;
    }
    *out = arena_copy(arena, buf_str(&buf));
    ok = true;

out:
    buf_fini(&buf);
    search_free(search);

    return ok;
}

static bool
bind_slot(const struct bind_input *in, const struct emit_param *param, struct value *out,
          struct err *err)
{
    const struct api_slot *slot = &in->slots[param->index];
    int64_t number = 0;
    struct str text = STR_NULL;
    struct array array;

    switch (param->source) {
    case EMIT_SLOT:
        if (in->dialect == DB_SQLITE)
            return bind_embedded(in, param->type, slot, out, err);
        *out = slot->is_null ? (struct value){.kind = VALUE_NULL}
                             : text_value(slot->text.data != NULL ? slot->text : STR(""));
        return true;
    case EMIT_LIST:
        if (in->dialect == DB_POSTGRES) {
            *out = text_value(array_literal(slot->list, slot->list_count, in->arena));
            return true;
        }
        if (!json_list(in, slot->list, slot->list_count, param->type, &text, err))
            return false;
        *out = text_value(text);
        return true;
    case EMIT_ARRAY:
        text = slot->text;
        if (in->dialect == DB_SQLITE &&
            (!array_read_flat(text, in->arena, &array, err) ||
             !json_list(in, array.items, array.count, param->type, &text, err)))
            return false;
        *out = text_value(text.data != NULL ? text : STR(""));
        return true;
    case EMIT_LIMIT:
        /* Digits that fit: the grammar saw to it. */
        if (!str_to_i64(slot->text, &number) || (param->max > 0 && number > param->max))
            number = param->max;
        *out = in->dialect == DB_SQLITE
                   ? (struct value){.kind = VALUE_INT, .i = number}
                   : text_value(arena_printf(in->arena, "%lld", (long long)number));
        return true;
    case EMIT_SEARCH:
        if (!search_text(slot->text, param, in->arena, &text, err))
            return false;
        *out = text_value(text);
        return true;
    case EMIT_TEXT:
    case EMIT_BODY_COLUMN:
    case EMIT_BODY_HAS:
    case EMIT_BODY_ARRAY:
    case EMIT_BODY_JSON:
    case EMIT_ROWIDS:
        break;
    }
    *out = text_value(param->text);
    return true;
}

/* What is to be put into a column. */
static bool
input_cell(const struct bind_input *in, const struct type *type, struct str text, struct value *out,
           struct err *err)
{
    char room[ZONE_ROOM];

    if (type->id == TYPE_TIMESTAMPTZ)
        text = zone_add_offset(in->zone, text, room);
    return type_input(type, text, in->arena, out, err);
}

static bool
bind_body_row(const struct bind_input *in, const struct emit_stmt *stmt, const struct json *row,
              struct value *values, struct err *err)
{
    const struct json *cursor = NULL;

    for (uint32_t i = 0; i < stmt->param_count; i++) {
        const struct emit_param *param = &stmt->params[i];
        const struct type *type = param->type;
        const struct json *member = NULL;
        struct str text = STR_NULL;

        if (param->source != EMIT_BODY_COLUMN && param->source != EMIT_BODY_HAS)
            continue;
        member = payload_find_member(row, in->plan->columns[param->index]->name, &cursor);
        if (param->source == EMIT_BODY_HAS) {
            values[i] = (struct value){.kind = VALUE_INT, .i = member != NULL};
            continue;
        }
        if (in->dialect == DB_POSTGRES) {
            text = payload_column_text(member, type, in->arena);
            values[i] = text.data != NULL ? text_value(text) : (struct value){.kind = VALUE_NULL};
            continue;
        }
        text = payload_value_text(member, type_is_json(type));
        if (text.data != NULL && type->id == TYPE_ARRAY && member->type != JSON_STRING) {
            if (!payload_array(member, type, in->arena, &values[i], err))
                return false;
            continue;
        }
        /* The parser has seen that a string is UTF-8 without NUL: type text takes it as it is. */
        if (text.data == NULL)
            values[i].kind = VALUE_NULL;
        else if (type->id == TYPE_TEXT && member->type == JSON_STRING)
            values[i] = text_value(text);
        else if (!input_cell(in, type, text, &values[i], err))
            return false;
    }
    return true;
}

static bool
takes(const struct emit_stmt *stmt, enum emit_source source)
{
    for (uint32_t i = 0; i < stmt->param_count; i++) {
        if (stmt->params[i].source == source)
            return true;
    }
    return false;
}

/* json_to_recordset takes an array, json_to_record an object. */
static struct str
body_json(const struct bind_input *in)
{
    const struct payload *payload = in->payload;

    if (in->plan->action == PLAN_UPDATE)
        return payload->first->raw;
    if (payload->is_array)
        return payload->text;
    return arena_printf(in->arena, "[%.*s]", STR_ARG(payload->text));
}

/* The values of all rows, column by column; looked at row by row, as they stand there. */
static void
bind_arrays(const struct bind_input *in, const struct emit_stmt *stmt, struct value *values)
{
    uint32_t count = in->payload->row_count;
    struct str *items = ARENA_ARRAY(in->arena, struct str, (size_t)count * stmt->param_count);
    const struct json *row = in->payload->first;

    for (uint32_t i = 0; i < count; i++, row = row->next) {
        const struct json *cursor = NULL;

        for (uint32_t k = 0; k < stmt->param_count; k++) {
            const struct emit_param *param = &stmt->params[k];
            const struct json *member = NULL;

            if (param->source != EMIT_BODY_ARRAY)
                continue;
            member = payload_find_member(row, in->plan->columns[param->index]->name, &cursor);
            items[(size_t)k * count + i] = payload_column_text(member, param->type, in->arena);
        }
    }
    for (uint32_t k = 0; k < stmt->param_count; k++) {
        if (stmt->params[k].source == EMIT_BODY_ARRAY)
            values[k] = text_value(array_literal(&items[(size_t)k * count], count, in->arena));
    }
}

/* What does not come from a row of the payload. */
static bool
bind_fixed(const struct bind_input *in, const struct emit_param *param, struct value *out,
           struct err *err)
{
    switch (param->source) {
    case EMIT_BODY_JSON:
        *out = text_value(body_json(in));
        return true;
    case EMIT_ROWIDS:
        *out = text_value(STR("[]"));
        *in->rowids = out;
        return true;
    case EMIT_TEXT:
        *out = text_value(param->text);
        return true;
    case EMIT_BODY_COLUMN:
    case EMIT_BODY_HAS:
    case EMIT_BODY_ARRAY:
        return true;
    case EMIT_SLOT:
    case EMIT_LIST:
    case EMIT_ARRAY:
    case EMIT_LIMIT:
    case EMIT_SEARCH:
        break;
    }
    return bind_slot(in, param, out, err);
}

bool
bind_stmt(const struct bind_input *in, const struct emit_stmt *stmt, struct db_stmt *out,
          struct err *err)
{
    bool by_row = in->payload != NULL && takes(stmt, EMIT_BODY_COLUMN);
    uint32_t rows = by_row && in->plan->action == PLAN_INSERT ? in->payload->row_count : 1;
    struct value *values =
        ARENA_ARRAY(in->arena, struct value, (size_t)rows * stmt->param_count + 1);
    const struct json *row = by_row ? in->payload->first : NULL;

    for (uint32_t i = 0; i < stmt->param_count; i++) {
        if (!bind_fixed(in, &stmt->params[i], &values[i], err))
            return false;
    }
    if (in->payload != NULL && takes(stmt, EMIT_BODY_ARRAY))
        bind_arrays(in, stmt, values);
    for (uint32_t i = 0; by_row && i < rows; i++, row = row->next) {
        struct value *at = values + (size_t)i * stmt->param_count;

        /* What does not come from the row is the same for each. */
        if (i > 0)
            memcpy(at, values, stmt->param_count * sizeof(*at));
        if (!bind_body_row(in, stmt, row, at, err))
            return false;
        if (arena_is_exhausted(in->arena))
            return plan_fail_memory(err);
    }
    out->params = values;
    out->param_count = stmt->param_count;
    out->row_count = rows;
    return true;
}
