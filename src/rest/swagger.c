/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/swagger.h"

#include "core/json.h"
#include "def/version.h"
#include "rest/describe.h"
#include "rest/openapi_impl.h"

static void
write_definition(struct describe *definitions, const struct schema_table *table)
{
    const struct model_table *model = table->model;
    struct buf *out = definitions->out;
    struct describe definition;
    struct describe properties;
    struct buf note;

    buf_init(&note, 64 * 1024);
    describe_key_str(definitions, model->name);
    definition = describe_begin(out);
    if (model->comment.len > 0)
        describe_text(&definition, "description", model->comment);
    describe_key(&definition, "required");
    buf_add_char(out, '[');
    for (uint32_t i = 0, n = 0; i < model->column_count; i++) {
        if (!model->columns[i].not_null)
            continue;
        if (n++ > 0)
            buf_add_char(out, ',');
        json_write_str(out, model->columns[i].name);
    }
    buf_add_char(out, ']');
    describe_key(&definition, "properties");
    properties = describe_begin(out);
    for (uint32_t i = 0; i < model->column_count; i++) {
        const struct model_column *column = &model->columns[i];
        const char *type = describe_json_type(&column->type);
        struct describe property;

        describe_key_str(&properties, column->name);
        property = describe_begin(out);
        buf_clear(&note);
        describe_column_note(&note, table, column);
        if (note.len > 0)
            describe_text(&property, "description", buf_str(&note));
        describe_text(&property, "format", column->type.name);
        if (type != NULL)
            describe_text(&property, "type", str_from(type));
        describe_end(&property);
    }
    describe_end(&properties);
    describe_text(&definition, "type", STR("object"));
    describe_end(&definition);
    buf_fini(&note);
}

static void
write_path(struct describe *paths, const struct schema_table *table)
{
    static const struct {
        const char *method, *status, *text;
    } rows[] = {
        {"get", "200", "OK"},
        {"post", "201", "Created"},
        {"delete", "204", "No Content"},
        {"patch", "204", "No Content"},
    };
    const struct model_table *model = table->model;
    const bool allowed[] = {true, model->insertable, model->deletable, model->updatable};
    struct describe path;
    struct buf name;

    buf_init(&name, 4096);
    buf_add_char(&name, '/');
    buf_add_str(&name, model->name);
    describe_key_str(paths, buf_str(&name));
    path = describe_begin(paths->out);
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        if (!allowed[i])
            continue;
        describe_key(&path, rows[i].method);
        BUF_ADD_LIT(paths->out, "{\"tags\":[");
        json_write_str(paths->out, model->name);
        buf_printf(paths->out, "],\"responses\":{\"%s\":{\"description\":\"%s\"}}}", rows[i].status,
                   rows[i].text);
    }
    describe_end(&path);
    buf_fini(&name);
}

void
swagger_write(struct buf *out, const struct schema *schema, const struct openapi_info *info)
{
    struct describe root = describe_begin(out);
    struct describe members;

    describe_text(&root, "swagger", STR("2.0"));
    describe_key(&root, "info");
    BUF_ADD_LIT(out, "{\"title\":");
    json_write_str(out, str_from(info->title));
    BUF_ADD_LIT(out, ",\"version\":\"" CAIRN_VERSION "\"}");
    describe_text(&root, "basePath", STR("/rest/v1/"));
    describe_key(&root, "consumes");
    BUF_ADD_LIT(out, "[\"application/json\",\"application/vnd.pgrst.object+json\"]");
    describe_key(&root, "produces");
    BUF_ADD_LIT(out, "[\"application/json\",\"application/vnd.pgrst.object+json\",\"text/csv\"]");
    describe_key(&root, "paths");
    members = describe_begin(out);
    for (uint32_t i = 0; i < schema->table_count; i++) {
        if (schema->tables[i].is_exposed &&
            str_eq(schema->tables[i].model->schema, info->default_schema))
            write_path(&members, &schema->tables[i]);
    }
    swagger_write_calls(&members, schema, info);
    describe_end(&members);
    describe_key(&root, "definitions");
    members = describe_begin(out);
    for (uint32_t i = 0; i < schema->table_count; i++) {
        if (schema->tables[i].is_exposed &&
            str_eq(schema->tables[i].model->schema, info->default_schema))
            write_definition(&members, &schema->tables[i]);
    }
    describe_end(&members);
    describe_end(&root);
}
