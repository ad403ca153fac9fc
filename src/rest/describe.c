/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/describe.h"

#include "core/json.h"

void
describe_key_str(struct describe *object, struct str name)
{
    if (object->has_member)
        buf_add_char(object->out, ',');
    object->has_member = true;
    json_write_str(object->out, name);
    buf_add_char(object->out, ':');
}

void
describe_key(struct describe *object, const char *name)
{
    describe_key_str(object, str_from(name));
}

void
describe_text(struct describe *object, const char *name, struct str text)
{
    describe_key(object, name);
    json_write_str(object->out, text);
}

void
describe_number(struct describe *object, const char *name, int64_t value)
{
    describe_key(object, name);
    buf_add_i64(object->out, value);
}

void
describe_flag(struct describe *object, const char *name, bool value)
{
    describe_key(object, name);
    buf_add_str(object->out, value ? STR("true") : STR("false"));
}

struct describe
describe_begin(struct buf *out)
{
    buf_add_char(out, '{');
    return (struct describe){.out = out};
}

void
describe_end(struct describe *object)
{
    buf_add_char(object->out, '}');
}

struct type_row {
    enum type_id id;
    const char *json_type;
    const char *format;
    const char *example;
};

/* By type; what is not here is a string in PostgreSQL's text form. */
static const struct type_row rows[] = {
    {TYPE_BOOL, "boolean", NULL, "true"},
    {TYPE_INT2, "integer", "int16", "1"},
    {TYPE_INT4, "integer", "int32", "1"},
    {TYPE_INT8, "integer", "int64", "1"},
    {TYPE_FLOAT4, "number", "float", "1.5"},
    {TYPE_FLOAT8, "number", "double", "1.5"},
    {TYPE_NUMERIC, "number", NULL, "12.50"},
    {TYPE_BYTEA, "string", NULL, "\"\\\\x48656c6c6f\""},
    {TYPE_DATE, "string", "date", "\"2026-11-21\""},
    {TYPE_TIME, "string", NULL, "\"10:14:03\""},
    {TYPE_TIMESTAMP, "string", NULL, "\"2026-11-21T10:14:03\""},
    {TYPE_TIMESTAMPTZ, "string", "date-time", "\"2026-11-21T10:14:03+00:00\""},
    {TYPE_UUID, "string", "uuid", "\"6f1d2c1e-8a55-4d2f-9f0e-3f1b6f0a7c11\""},
    {TYPE_JSON, NULL, NULL, "{\"key\":\"value\"}"},
    {TYPE_JSONB, NULL, NULL, "{\"key\":\"value\"}"},
};

static const struct type_row *
find_row(const struct type *type)
{
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        if (rows[i].id == type->id)
            return &rows[i];
    }
    return NULL;
}

const char *
describe_json_type(const struct type *type)
{
    const struct type_row *row = find_row(type);

    if (row != NULL)
        return row->json_type;
    return type->id == TYPE_ARRAY ? "array" : "string";
}

void
describe_labels(struct describe *object, const struct type *type)
{
    describe_key(object, "enum");
    buf_add_char(object->out, '[');
    for (uint32_t i = 0; i < type->label_count; i++) {
        if (i > 0)
            buf_add_char(object->out, ',');
        json_write_str(object->out, type->labels[i]);
    }
    buf_add_char(object->out, ']');
}

void
describe_items(struct describe *object, const struct type *type)
{
    const char *elem = type->elem != NULL ? describe_json_type(type->elem) : NULL;

    describe_key(object, "items");
    if (elem != NULL)
        buf_printf(object->out, "{\"type\":\"%s\"}", elem);
    else
        BUF_ADD_LIT(object->out, "{}");
}

void
describe_type_members(struct describe *object, const struct type *type)
{
    const struct type_row *row = find_row(type);

    if (row != NULL && row->format != NULL)
        describe_text(object, "format", str_from(row->format));
    if ((type->id == TYPE_VARCHAR || type->id == TYPE_BPCHAR) && type->length > 0)
        describe_number(object, "maxLength", type->length);
    if (type->id == TYPE_INT2) {
        describe_number(object, "minimum", INT16_MIN);
        describe_number(object, "maximum", INT16_MAX);
    }
    if (type->id == TYPE_ENUM)
        describe_labels(object, type);
    if (type->id == TYPE_ARRAY)
        describe_items(object, type);
}

void
describe_example(struct buf *out, const struct type *type)
{
    const struct type_row *row = find_row(type);

    if (row != NULL)
        buf_add_str(out, str_from(row->example));
    else if (type->id == TYPE_ENUM && type->label_count > 0)
        json_write_str(out, type->labels[0]);
    else if (type->id == TYPE_ARRAY)
        BUF_ADD_LIT(out, "[]");
    else if ((type->id == TYPE_VARCHAR || type->id == TYPE_BPCHAR) && type->length > 0 &&
             type->length < 4)
        json_write_str(out, str_slice(STR("abc"), 0, (size_t)type->length));
    else
        BUF_ADD_LIT(out, "\"text\"");
}

static bool
is_key_column(const struct schema_table *table, const struct model_column *column)
{
    uint32_t index = schema_column_index(table, column);

    for (uint32_t i = 0; i < table->pk_column_count; i++) {
        if (table->pk_columns[i] == index)
            return true;
    }
    return false;
}

/* Where the column alone refers to: a table rather than a view of it. NULL: nowhere. */
static const struct schema_rel *
find_reference(const struct schema_table *table, uint32_t index)
{
    const struct schema_rel *found = NULL;

    for (uint32_t i = 0; i < table->rel_count; i++) {
        const struct schema_rel *rel = &table->rels[i];

        if (!rel->source_has_key || rel->junction != NULL || rel->source_column_count != 1 ||
            rel->source_columns[0] != index)
            continue;
        if (found == NULL || (found->target->model->is_view && !rel->target->model->is_view))
            found = rel;
    }
    return found;
}

void
describe_column_note(struct buf *out, const struct schema_table *table,
                     const struct model_column *column)
{
    const struct schema_rel *rel = find_reference(table, schema_column_index(table, column));
    bool is_key = is_key_column(table, column);

    buf_add_str(out, column->comment);
    if (!is_key && rel == NULL)
        return;
    buf_printf(out, "%sNote:", column->comment.len > 0 ? "\n\n" : "");
    if (is_key)
        BUF_ADD_LIT(out, "\nThis is a Primary Key.<pk/>");
    if (rel != NULL) {
        const struct model_table *target = rel->target->model;
        struct str name = target->columns[rel->target_columns[0]].name;

        buf_printf(out, "\nThis is a Foreign Key to `%.*s.%.*s`.<fk table='%.*s' column='%.*s'/>",
                   STR_ARG(target->name), STR_ARG(name), STR_ARG(target->name), STR_ARG(name));
    }
}
