/* SPDX-License-Identifier: Apache-2.0 */
/* Tables in the Swagger document: their paths, their definitions, their parameters. */
#include "core/json.h"
#include "rest/swagger_impl.h"

#define NAME_MAX 4096
#define NOTE_MAX ((size_t)64 * 1024)

bool
swagger_has_table(const struct schema *schema, const struct swagger_info *info, uint32_t index)
{
    const struct schema_table *table = &schema->tables[index];

    return table->is_exposed && str_eq(table->model->schema, info->schema) &&
           (info->tables == NULL || info->tables[index]);
}

/* A parameter by its name, whose parts are joined: {"$ref":"#/parameters/rowFilter.T.C"} */
static void
add_ref(struct buf *out, const char *kind, struct str table, struct str column)
{
    struct buf ref;

    if (out->len > 0 && out->data[out->len - 1] != '[')
        buf_add_char(out, ',');
    buf_init(&ref, NAME_MAX);
    BUF_ADD_LIT(&ref, "#/parameters/");
    buf_add_str(&ref, str_from(kind));
    if (table.len > 0)
        buf_printf(&ref, ".%.*s", STR_ARG(table));
    if (column.len > 0)
        buf_printf(&ref, ".%.*s", STR_ARG(column));
    BUF_ADD_LIT(out, "{\"$ref\":");
    json_write_str(out, buf_str(&ref));
    buf_add_char(out, '}');
    buf_fini(&ref);
}

struct operation {
    const char *method;
    bool filters, body;
    const char *const *parameters;
    const char *status, *text;
};

static const char *const get_parameters[] = {"select", "order", "range",       "rangeUnit",
                                             "offset", "limit", "preferCount", NULL};
static const char *const post_parameters[] = {"select", "preferPost", NULL};
static const char *const change_parameters[] = {"preferReturn", NULL};

static const struct operation operations[] = {
    {"get", true, false, get_parameters, "200", "OK"},
    {"post", false, true, post_parameters, "201", "Created"},
    {"delete", true, false, change_parameters, "204", "No Content"},
    {"patch", true, true, change_parameters, "204", "No Content"},
};

static void
write_operation(struct describe *path, const struct model_table *model,
                const struct operation *operation)
{
    struct buf *out = path->out;
    struct describe object;

    describe_key(path, operation->method);
    object = describe_begin(out);
    describe_key(&object, "tags");
    buf_add_char(out, '[');
    json_write_str(out, model->name);
    buf_add_char(out, ']');
    swagger_add_comment(&object, model->comment);
    describe_key(&object, "parameters");
    buf_add_char(out, '[');
    for (uint32_t i = 0; operation->filters && i < model->column_count; i++)
        add_ref(out, "rowFilter", model->name, model->columns[i].name);
    if (operation->body)
        add_ref(out, "body", model->name, STR_NULL);
    for (size_t i = 0; operation->parameters[i] != NULL; i++)
        add_ref(out, operation->parameters[i], STR_NULL, STR_NULL);
    buf_add_char(out, ']');
    describe_key(&object, "responses");
    buf_printf(out, "{\"%s\":{\"description\":\"%s\"", operation->status, operation->text);
    if (operation->parameters == get_parameters) {
        struct buf ref;

        buf_init(&ref, NAME_MAX);
        buf_printf(&ref, "#/definitions/%.*s", STR_ARG(model->name));
        BUF_ADD_LIT(out, ",\"schema\":{\"type\":\"array\",\"items\":{\"$ref\":");
        json_write_str(out, buf_str(&ref));
        BUF_ADD_LIT(out, "}}},\"206\":{\"description\":\"Partial Content\"");
        buf_fini(&ref);
    }
    BUF_ADD_LIT(out, "}}");
    describe_end(&object);
}

void
swagger_write_table_path(struct describe *paths, const struct schema_table *table)
{
    const struct model_table *model = table->model;
    const bool allowed[] = {true, model->insertable, model->deletable, model->updatable};
    struct describe path;
    struct buf name;

    buf_init(&name, NAME_MAX);
    buf_add_char(&name, '/');
    buf_add_str(&name, model->name);
    describe_key_str(paths, buf_str(&name));
    path = describe_begin(paths->out);
    for (size_t i = 0; i < COUNTOF(operations); i++) {
        if (allowed[i])
            write_operation(&path, model, &operations[i]);
    }
    describe_end(&path);
    buf_fini(&name);
}

/* 'it''s'::text, of a text, is a JSON string; false, 42 and the like are themselves. What must be
 * evaluated has no place here, except that of texts, which stands as it is. */
static void
add_default(struct describe *property, const struct model_column *column)
{
    const char *json_type = describe_json_type(&column->type);
    struct str text = column->default_sql;
    struct arena *arena = NULL;
    struct json *value = NULL;

    if (text.len == 0 || column->is_generated)
        return;
    if (json_type != NULL && strcmp(json_type, "string") == 0) {
        struct buf plain;
        size_t end = 0;

        buf_init(&plain, NOTE_MAX);
        /* Up to the quote that ends it. */
        for (end = 1; text.data[0] == '\'' && end < text.len; end++) {
            if (text.data[end] == '\'' && end + 1 < text.len && text.data[end + 1] == '\'')
                end++;
            else if (text.data[end] == '\'')
                break;
            buf_add_char(&plain, text.data[end]);
        }
        describe_text(property, "default", text.data[0] == '\'' ? buf_str(&plain) : text);
        buf_fini(&plain);
        return;
    }
    arena = arena_new(1024, NOTE_MAX);
    arena_set_soft(arena);
    if (json_parse(text, JSON_LIMITS_DEFAULT, arena, &value, NULL)) {
        describe_key(property, "default");
        buf_add_str(property->out, text);
    }
    arena_free(arena);
}

static void
write_property(struct describe *properties, const struct schema *schema,
               const struct schema_table *table, const struct model_column *column)
{
    const struct type *type = &column->type;
    struct describe property;
    struct buf text;

    buf_init(&text, NOTE_MAX);
    describe_key_str(properties, column->name);
    property = describe_begin(properties->out);
    describe_column_note(&text, table, column);
    if (text.len > 0)
        describe_text(&property, "description", buf_str(&text));
    buf_clear(&text);
    describe_text(&property, "format", swagger_column_format(schema, type, &text));
    swagger_add_type(&property, type);
    if ((type->id == TYPE_VARCHAR || type->id == TYPE_BPCHAR) && type->length > 0)
        describe_number(&property, "maxLength", type->length);
    if (type->id == TYPE_ENUM)
        describe_labels(&property, type);
    add_default(&property, column);
    describe_end(&property);
    buf_fini(&text);
}

void
swagger_write_definition(struct describe *definitions, const struct schema *schema,
                         const struct schema_table *table)
{
    const struct model_table *model = table->model;
    struct buf *out = definitions->out;
    struct describe definition;
    struct describe properties;
    bool first = true;

    describe_key_str(definitions, model->name);
    definition = describe_begin(out);
    if (model->comment.len > 0)
        describe_text(&definition, "description", model->comment);
    for (uint32_t i = 0; i < model->column_count; i++) {
        if (!model->columns[i].not_null)
            continue;
        if (first)
            describe_key(&definition, "required");
        buf_add_char(out, first ? '[' : ',');
        first = false;
        json_write_str(out, model->columns[i].name);
    }
    if (!first)
        buf_add_char(out, ']');
    describe_key(&definition, "properties");
    properties = describe_begin(out);
    for (uint32_t i = 0; i < model->column_count; i++)
        write_property(&properties, schema, table, &model->columns[i]);
    describe_end(&properties);
    describe_text(&definition, "type", STR("object"));
    describe_end(&definition);
}

static const char fixed_parameters[] =
    "\"preferParams\":{\"name\":\"Prefer\",\"in\":\"header\",\"description\":\"Preference\","
    "\"required\":false,\"type\":\"string\"},"
    "\"preferReturn\":{\"name\":\"Prefer\",\"in\":\"header\",\"description\":\"Preference\","
    "\"required\":false,\"type\":\"string\",\"enum\":[\"return=representation\","
    "\"return=minimal\",\"return=headers-only\"]},"
    "\"preferCount\":{\"name\":\"Prefer\",\"in\":\"header\",\"description\":\"Preference\","
    "\"required\":false,\"type\":\"string\",\"enum\":[\"count=exact\",\"count=planned\","
    "\"count=estimated\"]},"
    "\"preferPost\":{\"name\":\"Prefer\",\"in\":\"header\",\"description\":\"Preference\","
    "\"required\":false,\"type\":\"string\",\"enum\":[\"return=representation\","
    "\"return=minimal\",\"return=headers-only\",\"resolution=ignore-duplicates\","
    "\"resolution=merge-duplicates\"]},"
    "\"select\":{\"name\":\"select\",\"in\":\"query\",\"description\":\"Filtering Columns\","
    "\"required\":false,\"type\":\"string\"},"
    "\"on_conflict\":{\"name\":\"on_conflict\",\"in\":\"query\",\"description\":\"On Conflict\","
    "\"required\":false,\"type\":\"string\"},"
    "\"order\":{\"name\":\"order\",\"in\":\"query\",\"description\":\"Ordering\","
    "\"required\":false,\"type\":\"string\"},"
    "\"range\":{\"name\":\"Range\",\"in\":\"header\",\"description\":\"Limiting and Pagination\","
    "\"required\":false,\"type\":\"string\"},"
    "\"rangeUnit\":{\"name\":\"Range-Unit\",\"in\":\"header\",\"description\":\"Limiting and "
    "Pagination\",\"required\":false,\"type\":\"string\",\"default\":\"items\"},"
    "\"offset\":{\"name\":\"offset\",\"in\":\"query\",\"description\":\"Limiting and "
    "Pagination\",\"required\":false,\"type\":\"string\"},"
    "\"limit\":{\"name\":\"limit\",\"in\":\"query\",\"description\":\"Limiting and "
    "Pagination\",\"required\":false,\"type\":\"string\"}";

static void
write_table_parameters(struct describe *parameters, const struct model_table *model,
                       struct buf *text)
{
    struct buf *out = parameters->out;

    buf_clear(text);
    buf_printf(text, "body.%.*s", STR_ARG(model->name));
    describe_key_str(parameters, buf_str(text));
    BUF_ADD_LIT(out, "{\"name\":");
    json_write_str(out, model->name);
    BUF_ADD_LIT(out, ",\"in\":\"body\",\"description\":");
    json_write_str(out, model->name);
    BUF_ADD_LIT(out, ",\"required\":false,\"schema\":{\"$ref\":");
    buf_clear(text);
    buf_printf(text, "#/definitions/%.*s", STR_ARG(model->name));
    json_write_str(out, buf_str(text));
    BUF_ADD_LIT(out, "}}");
    for (uint32_t i = 0; i < model->column_count; i++) {
        const struct model_column *column = &model->columns[i];
        struct describe parameter;

        buf_clear(text);
        buf_printf(text, "rowFilter.%.*s.%.*s", STR_ARG(model->name), STR_ARG(column->name));
        describe_key_str(parameters, buf_str(text));
        parameter = describe_begin(out);
        describe_text(&parameter, "name", column->name);
        describe_text(&parameter, "in", STR("query"));
        if (column->comment.len > 0)
            describe_text(&parameter, "description", column->comment);
        describe_flag(&parameter, "required", false);
        describe_text(&parameter, "type", STR("string"));
        describe_end(&parameter);
    }
}

void
swagger_write_parameters(struct describe *parameters, const struct schema *schema,
                         const struct swagger_info *info)
{
    struct buf text;

    buf_init(&text, NAME_MAX);
    buf_add_str(parameters->out, str_from(fixed_parameters));
    parameters->has_member = true;
    for (uint32_t i = 0; i < schema->table_count; i++) {
        if (swagger_has_table(schema, info, i))
            write_table_parameters(parameters, schema->tables[i].model, &text);
    }
    buf_fini(&text);
}
