/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/openapi.h"

#include "core/json.h"
#include "def/version.h"
#include "rest/describe.h"
#include "rest/openapi_impl.h"

static const char description[] =
    "Every table and view is a collection under `/rest/v1`. Filters are query parameters of the "
    "form `column=operator.value` (`eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `like`, `ilike`, "
    "`match`, `in`, `is`), combined by `and=(...)` and `or=(...)`; `select` chooses columns and "
    "embeds related rows, as in `select=*,orders(*)`. The grammar is PostgREST's, and its client "
    "libraries work unchanged.";

static const char fixed_parameters[] =
    "\"select\":{\"name\":\"select\",\"in\":\"query\",\"description\":\"Columns and related tables "
    "to return, separated by commas: `id,name,orders(id)`.\",\"schema\":{\"type\":\"string\"},"
    "\"example\":\"*\"},"
    "\"order\":{\"name\":\"order\",\"in\":\"query\",\"description\":\"Columns to sort by, each with "
    "`.asc` or `.desc`, and `.nullsfirst` or `.nullslast`.\",\"schema\":{\"type\":\"string\"}},"
    "\"limit\":{\"name\":\"limit\",\"in\":\"query\",\"description\":\"At most this many rows.\","
    "\"schema\":{\"type\":\"integer\",\"minimum\":0}},"
    "\"offset\":{\"name\":\"offset\",\"in\":\"query\",\"description\":\"Skip this many rows.\","
    "\"schema\":{\"type\":\"integer\",\"minimum\":0}},"
    "\"and\":{\"name\":\"and\",\"in\":\"query\",\"description\":\"Conditions that must all hold: "
    "`(a.eq.1,b.gt.2)`.\",\"schema\":{\"type\":\"string\"}},"
    "\"or\":{\"name\":\"or\",\"in\":\"query\",\"description\":\"Conditions of which one must hold: "
    "`(a.eq.1,b.gt.2)`.\",\"schema\":{\"type\":\"string\"}},"
    "\"on_conflict\":{\"name\":\"on_conflict\",\"in\":\"query\",\"description\":\"Unique columns "
    "that decide whether a row is there already; the primary key when left out.\",\"schema\":"
    "{\"type\":\"string\"}},"
    "\"columns\":{\"name\":\"columns\",\"in\":\"query\",\"description\":\"Only these members of the "
    "body are used.\",\"schema\":{\"type\":\"string\"}},"
    "\"range\":{\"name\":\"Range\",\"in\":\"header\",\"description\":\"Rows by position: `0-9`.\","
    "\"schema\":{\"type\":\"string\"}},"
    "\"preferCount\":{\"name\":\"Prefer\",\"in\":\"header\",\"description\":\"`count=exact` "
    "states the number of all rows in Content-Range.\",\"schema\":{\"type\":\"string\",\"enum\":"
    "[\"count=exact\"]}},"
    "\"preferReturn\":{\"name\":\"Prefer\",\"in\":\"header\",\"description\":\"What the answer "
    "holds.\",\"schema\":{\"type\":\"string\",\"enum\":[\"return=minimal\","
    "\"return=representation\",\"return=headers-only\"]}},"
    "\"preferPost\":{\"name\":\"Prefer\",\"in\":\"header\",\"description\":\"What the answer holds, "
    "and what happens to rows that are there already.\",\"schema\":{\"type\":\"string\",\"enum\":"
    "[\"return=minimal\",\"return=representation\",\"return=headers-only\","
    "\"resolution=merge-duplicates\",\"resolution=ignore-duplicates\"]}}";

static const char fixed_responses[] =
    "\"error\":{\"description\":\"What was wrong, and the way out.\",\"content\":"
    "{\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/error\"},\"example\":"
    "{\"code\":\"42703\",\"details\":null,\"hint\":null,\"message\":\"column orders.pric does not "
    "exist\"}}}},"
    "\"conflict\":{\"description\":\"A unique or foreign key constraint is violated.\",\"content\":"
    "{\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/error\"},\"example\":"
    "{\"code\":\"23505\",\"details\":\"Key (id)=(1) already exists.\",\"hint\":null,\"message\":"
    "\"duplicate key value violates unique constraint \\\"orders_pkey\\\"\"}}}}";

static const char error_schema[] =
    "\"error\":{\"type\":\"object\",\"required\":[\"code\",\"details\",\"hint\",\"message\"],"
    "\"properties\":{\"code\":{\"type\":\"string\",\"description\":\"A SQLSTATE of PostgreSQL, or "
    "a PGRST or CAIRN code.\"},\"message\":{\"type\":\"string\"},\"details\":{\"type\":"
    "[\"string\",\"array\",\"null\"]},\"hint\":{\"type\":[\"string\",\"null\"]}}}";

void
openapi_write_column(struct buf *out, const struct schema_table *table,
                     const struct model_column *column)
{
    struct describe object = describe_begin(out);
    const char *json_type = describe_json_type(&column->type);
    struct buf note;

    buf_init(&note, 64 * 1024);
    describe_column_note(&note, table, column);
    if (json_type != NULL) {
        describe_key(&object, "type");
        if (column->not_null)
            buf_printf(out, "\"%s\"", json_type);
        else
            buf_printf(out, "[\"%s\",\"null\"]", json_type);
    }
    describe_type_members(&object, &column->type);
    if (note.len > 0)
        describe_text(&object, "description", buf_str(&note));
    if (column->is_generated)
        describe_flag(&object, "readOnly", true);
    describe_key(&object, "examples");
    buf_add_char(out, '[');
    describe_example(out, &column->type);
    buf_add_char(out, ']');
    describe_end(&object);
    buf_fini(&note);
}

static void
write_required(struct describe *schema, const struct model_table *model)
{
    bool first = true;

    for (uint32_t i = 0; i < model->column_count; i++) {
        const struct model_column *column = &model->columns[i];

        if (!column->not_null || column->has_default)
            continue;
        if (first) {
            describe_key(schema, "required");
            buf_add_char(schema->out, '[');
        } else {
            buf_add_char(schema->out, ',');
        }
        first = false;
        json_write_str(schema->out, column->name);
    }
    if (!first)
        buf_add_char(schema->out, ']');
}

static void
write_table_schema(struct describe *schemas, const struct schema_table *table)
{
    struct buf *out = schemas->out;
    struct describe schema;
    struct describe properties;

    describe_key_str(schemas, table->model->name);
    schema = describe_begin(out);
    describe_text(&schema, "type", STR("object"));
    if (table->model->comment.len > 0)
        describe_text(&schema, "description", table->model->comment);
    write_required(&schema, table->model);
    describe_key(&schema, "properties");
    properties = describe_begin(out);
    for (uint32_t i = 0; i < table->model->column_count; i++) {
        describe_key_str(&properties, table->model->columns[i].name);
        openapi_write_column(out, table, &table->model->columns[i]);
    }
    describe_end(&properties);
    describe_end(&schema);
}

/* A pointer into the document: ~ and / are escaped, and what a URI doesn't take (RFC 6901). */
void
openapi_write_ref(struct buf *out, struct str name)
{
    struct buf ref;

    buf_init(&ref, 4096);
    BUF_ADD_LIT(&ref, "#/components/schemas/");
    for (size_t i = 0; i < name.len; i++) {
        unsigned char ch = (unsigned char)name.data[i];

        if (ch == '~')
            BUF_ADD_LIT(&ref, "~0");
        else if (ch == '/')
            BUF_ADD_LIT(&ref, "~1");
        else if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
                 ch == '_' || ch == '-' || ch == '.')
            buf_add_char(&ref, (char)ch);
        else
            buf_printf(&ref, "%%%02X", ch);
    }
    BUF_ADD_LIT(out, "{\"$ref\":");
    json_write_str(out, buf_str(&ref));
    buf_add_char(out, '}');
    buf_fini(&ref);
}

static void
write_parameter_refs(struct buf *out, const char *const *names)
{
    for (size_t i = 0; names[i] != NULL; i++)
        buf_printf(out, "%s{\"$ref\":\"#/components/parameters/%s\"}", i > 0 ? "," : "", names[i]);
}

/* One parameter for each column: its filter. */
static void
write_filters(struct buf *out, const struct model_table *model)
{
    for (uint32_t i = 0; i < model->column_count; i++) {
        BUF_ADD_LIT(out, ",{\"name\":");
        json_write_str(out, model->columns[i].name);
        BUF_ADD_LIT(out, ",\"in\":\"query\",\"description\":\"Filter, such as `eq.VALUE`.\","
                         "\"schema\":{\"type\":\"string\"}}");
    }
}

static void
write_responses(struct buf *out, const struct model_table *model, const char *const *lines,
                bool rows)
{
    BUF_ADD_LIT(out, ",\"responses\":{");
    for (size_t i = 0; lines[i] != NULL; i += 2) {
        buf_printf(out, "%s\"%s\":{\"description\":\"%s\"", i > 0 ? "," : "", lines[i],
                   lines[i + 1]);
        if (rows && i == 0) {
            BUF_ADD_LIT(out, ",\"content\":{\"application/json\":{\"schema\":{\"type\":\"array\","
                             "\"items\":");
            openapi_write_ref(out, model->name);
            BUF_ADD_LIT(out, "}},\"application/vnd.pgrst.object+json\":{\"schema\":");
            openapi_write_ref(out, model->name);
            BUF_ADD_LIT(out, "},\"text/csv\":{\"schema\":{\"type\":\"string\"}}}");
        }
        buf_add_char(out, '}');
    }
    if (!rows)
        BUF_ADD_LIT(out, ",\"409\":{\"$ref\":\"#/components/responses/conflict\"}");
    BUF_ADD_LIT(out, ",\"default\":{\"$ref\":\"#/components/responses/error\"}}");
}

static void
write_body(struct buf *out, const struct model_table *model, bool many)
{
    BUF_ADD_LIT(out, ",\"requestBody\":{\"required\":true,\"content\":{\"application/json\":{"
                     "\"schema\":");
    if (many) {
        BUF_ADD_LIT(out, "{\"oneOf\":[");
        openapi_write_ref(out, model->name);
        BUF_ADD_LIT(out, ",{\"type\":\"array\",\"items\":");
        openapi_write_ref(out, model->name);
        BUF_ADD_LIT(out, "}]}");
    } else {
        openapi_write_ref(out, model->name);
    }
    BUF_ADD_LIT(out, "}}}");
}

struct operation {
    const char *method, *verb, *summary;
    const char *const *parameters;
    const char *const *responses;
    bool filters, body, many, rows;
};

static const char *const get_parameters[] = {"select", "order", "limit",       "offset", "and",
                                             "or",     "range", "preferCount", NULL};
static const char *const post_parameters[] = {"select", "columns", "on_conflict", "preferPost",
                                              NULL};
static const char *const change_parameters[] = {"select", "and", "or", "preferReturn", NULL};
static const char *const get_responses[] = {"200", "The rows", "206", "A part of the rows", NULL};
static const char *const post_responses[] = {"201", "Created", "200", "All rows were there already",
                                             NULL};
static const char *const change_responses[] = {"204", "Done", "200",
                                               "Done, with return=representation", NULL};
static const struct operation operations[] = {
    {"get", "list", "Read rows of ", get_parameters, get_responses, true, false, false, true},
    {"post", "create", "Insert rows into ", post_parameters, post_responses, false, true, true,
     false},
    {"patch", "update", "Update rows of ", change_parameters, change_responses, true, true, false,
     false},
    {"delete", "delete", "Delete rows of ", change_parameters, change_responses, true, false, false,
     false},
};

static bool
is_allowed(const struct operation *operation, const struct model_table *model)
{
    switch (operation->method[0]) {
    case 'p':
        return operation->method[1] == 'o' ? model->insertable : model->updatable;
    case 'd':
        return model->deletable;
    default:
        return true;
    }
}

static void
write_operation(struct describe *path, const struct operation *operation,
                const struct model_table *model)
{
    struct buf *out = path->out;
    struct buf text;

    buf_init(&text, 4096);
    describe_key(path, operation->method);
    BUF_ADD_LIT(out, "{\"tags\":[");
    json_write_str(out, model->name);
    BUF_ADD_LIT(out, "],\"operationId\":");
    buf_printf(&text, "%s_%.*s", operation->verb, STR_ARG(model->name));
    json_write_str(out, buf_str(&text));
    BUF_ADD_LIT(out, ",\"summary\":");
    buf_clear(&text);
    buf_printf(&text, "%s%.*s", operation->summary, STR_ARG(model->name));
    json_write_str(out, buf_str(&text));
    BUF_ADD_LIT(out, ",\"parameters\":[");
    write_parameter_refs(out, operation->parameters);
    if (operation->filters)
        write_filters(out, model);
    buf_add_char(out, ']');
    if (operation->body)
        write_body(out, model, operation->many);
    write_responses(out, model, operation->responses, operation->rows);
    buf_add_char(out, '}');
    buf_fini(&text);
}

static void
write_path(struct describe *paths, const struct schema_table *table)
{
    struct buf name;
    struct describe path;

    buf_init(&name, 4096);
    buf_add_char(&name, '/');
    buf_add_str(&name, table->model->name);
    describe_key_str(paths, buf_str(&name));
    path = describe_begin(paths->out);
    for (size_t i = 0; i < COUNTOF(operations); i++) {
        if (is_allowed(&operations[i], table->model))
            write_operation(&path, &operations[i], table->model);
    }
    describe_end(&path);
    buf_fini(&name);
}

static void
write_info(struct describe *root, const struct openapi_info *info)
{
    struct describe object;

    describe_key(root, "info");
    object = describe_begin(root->out);
    describe_text(&object, "title", str_from(info->title));
    describe_text(&object, "version", STR(CAIRN_VERSION));
    describe_text(&object, "description", str_from(description));
    describe_end(&object);
    describe_key(root, "servers");
    BUF_ADD_LIT(root->out, "[{\"url\":\"/rest/v1\"}]");
}

static bool
is_described(const struct schema_table *table, const struct openapi_info *info)
{
    return table->is_exposed && str_eq(table->model->schema, info->default_schema);
}

static void
write_tags(struct describe *root, const struct schema *schema, const struct openapi_info *info)
{
    bool first = true;

    describe_key(root, "tags");
    buf_add_char(root->out, '[');
    for (uint32_t i = 0; i < schema->table_count; i++) {
        struct describe tag;

        if (!is_described(&schema->tables[i], info))
            continue;
        if (!first)
            buf_add_char(root->out, ',');
        first = false;
        tag = describe_begin(root->out);
        describe_text(&tag, "name", schema->tables[i].model->name);
        if (schema->tables[i].model->comment.len > 0)
            describe_text(&tag, "description", schema->tables[i].model->comment);
        describe_end(&tag);
    }
    if (schema->function_count > 0)
        buf_printf(root->out, "%s{\"name\":\"" OPENAPI_CALL_TAG "\"}", first ? "" : ",");
    buf_add_char(root->out, ']');
}

void
openapi_write(struct buf *out, const struct schema *schema, const struct openapi_info *info)
{
    struct describe root = describe_begin(out);
    struct describe paths;
    struct describe schemas;

    describe_text(&root, "openapi", STR("3.1.0"));
    write_info(&root, info);
    write_tags(&root, schema, info);
    describe_key(&root, "paths");
    paths = describe_begin(out);
    for (uint32_t i = 0; i < schema->table_count; i++) {
        if (is_described(&schema->tables[i], info))
            write_path(&paths, &schema->tables[i]);
    }
    openapi_write_calls(&paths, schema, info);
    describe_end(&paths);
    describe_key(&root, "components");
    buf_printf(out, "{\"parameters\":{%s},\"responses\":{%s},\"schemas\":", fixed_parameters,
               fixed_responses);
    schemas = describe_begin(out);
    for (uint32_t i = 0; i < schema->table_count; i++) {
        if (is_described(&schema->tables[i], info))
            write_table_schema(&schemas, &schema->tables[i]);
    }
    buf_printf(out, "%s%s", schemas.has_member ? "," : "", error_schema);
    describe_end(&schemas);
    buf_add_char(out, '}');
    describe_end(&root);
}
