/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/swagger.h"

#include "core/json.h"
#include "def/version.h"
#include "rest/swagger_impl.h"

#define MEDIA                                                                     \
    "[\"application/json\",\"application/vnd.pgrst.object+json;nulls=stripped\"," \
    "\"application/vnd.pgrst.object+json\",\"text/csv\"]"

/* "first line\n\nthe rest": two texts. */
static struct str
split_comment(struct str comment, struct str *rest)
{
    struct str first;

    *rest = comment;
    first = str_cut(rest, '\n');
    while (rest->len > 0 && rest->data[0] == '\n')
        *rest = str_slice(*rest, 1, rest->len);
    return first;
}

void
swagger_add_comment(struct describe *object, struct str comment)
{
    struct str rest;
    struct str first = split_comment(comment, &rest);

    if (comment.len == 0)
        return;
    describe_text(object, "summary", first);
    if (rest.len > 0)
        describe_text(object, "description", rest);
}

/* "bit(5)" without its modifier. */
static struct str
plain_name(struct str name)
{
    size_t open = str_find_char(name, '(', 0);
    size_t close = str_find_char(name, ')', 0);

    return open < name.len && close + 1 == name.len ? str_slice(name, 0, open) : name;
}

static struct str
integer_format(enum type_id id)
{
    if (id == TYPE_INT8)
        return STR("int64");
    return id == TYPE_INT2 || id == TYPE_INT4 ? STR("int32") : STR_NULL;
}

static struct str
name_of(const struct schema *schema, const struct type *type, struct buf *room)
{
    if (type->id == TYPE_OTHER)
        return type->qualified.len > 0 ? type->qualified : plain_name(type->name);
    if (type->id != TYPE_ENUM)
        return type_builtin(type->id)->name;
    if (type->qualified.len > 0)
        return type->qualified;
    for (uint32_t i = 0; i < schema->model->enum_count; i++) {
        const struct model_enum *row = &schema->model->enums[i];

        if (!str_eq(row->name, type->name))
            continue;
        buf_clear(room);
        buf_printf(room, "%.*s.%.*s", STR_ARG(row->schema), STR_ARG(row->name));
        return buf_str(room);
    }
    return type->name;
}

struct str
swagger_column_format(const struct schema *schema, const struct type *type, struct buf *room)
{
    struct str format = integer_format(type->id);

    if (format.len > 0)
        return format;
    if (type->id != TYPE_ARRAY || type->elem == NULL)
        return type->id == TYPE_ARRAY ? type->name : name_of(schema, type, room);
    format = name_of(schema, type->elem, room);
    if (format.data != room->data) {
        buf_clear(room);
        buf_add_str(room, format);
    }
    BUF_ADD_LIT(room, "[]");
    return buf_str(room);
}

struct str
swagger_argument_format(const struct schema *schema, const struct type *type, struct str home,
                        struct buf *room)
{
    struct str format = swagger_column_format(schema, type, room);

    if (format.len > home.len + 1 && str_has_prefix(format, home) && format.data[home.len] == '.')
        return str_slice(format, home.len + 1, format.len);
    return format;
}

void
swagger_add_type(struct describe *object, const struct type *type)
{
    const char *json_type = describe_json_type(type);

    if (json_type != NULL)
        describe_text(object, "type", str_from(json_type));
    if (type->id == TYPE_ARRAY)
        describe_items(object, type);
}

static void
write_info(struct describe *root, const struct swagger_info *info)
{
    struct str description;
    struct str title = split_comment(info->comment, &description);
    struct describe object;

    describe_key(root, "info");
    object = describe_begin(root->out);
    describe_text(&object, "title", title.len > 0 ? title : str_from(info->title));
    describe_text(&object, "description",
                  description.len > 0 ? description
                                      : STR("Tables, views and functions of a database, with "
                                            "PostgREST's grammar."));
    describe_text(&object, "version", STR(CAIRN_VERSION));
    describe_end(&object);
}

static void
write_where(struct describe *root, const struct swagger_info *info)
{
    if (info->host.len > 0)
        describe_text(root, "host", info->host);
    describe_text(root, "basePath", info->base_path);
    if (info->scheme.len > 0) {
        describe_key(root, "schemes");
        buf_add_char(root->out, '[');
        json_write_str(root->out, info->scheme);
        buf_add_char(root->out, ']');
    }
    describe_key(root, "consumes");
    BUF_ADD_LIT(root->out, MEDIA);
    describe_key(root, "produces");
    BUF_ADD_LIT(root->out, MEDIA);
}

static void
write_paths(struct describe *root, const struct schema *schema, const struct swagger_info *info)
{
    struct describe paths;

    describe_key(root, "paths");
    paths = describe_begin(root->out);
    describe_key(&paths, "/");
    BUF_ADD_LIT(root->out,
                "{\"get\":{\"tags\":[\"Introspection\"],\"summary\":\"OpenAPI description (this "
                "document)\",\"produces\":[\"application/openapi+json\",\"application/json\"],"
                "\"responses\":{\"200\":{\"description\":\"OK\"}}}}");
    for (uint32_t i = 0; i < schema->table_count; i++) {
        if (swagger_has_table(schema, info, i))
            swagger_write_table_path(&paths, &schema->tables[i]);
    }
    swagger_write_calls(&paths, schema, info);
    describe_end(&paths);
}

void
swagger_write(struct buf *out, const struct schema *schema, const struct swagger_info *info)
{
    struct describe root = describe_begin(out);
    struct describe members;

    describe_text(&root, "swagger", STR("2.0"));
    write_info(&root, info);
    write_where(&root, info);
    write_paths(&root, schema, info);
    describe_key(&root, "definitions");
    members = describe_begin(out);
    for (uint32_t i = 0; i < schema->table_count; i++) {
        if (swagger_has_table(schema, info, i))
            swagger_write_definition(&members, schema, &schema->tables[i]);
    }
    describe_end(&members);
    describe_key(&root, "parameters");
    members = describe_begin(out);
    swagger_write_parameters(&members, schema, info);
    describe_end(&members);
    if (info->has_security) {
        describe_key(&root, "securityDefinitions");
        BUF_ADD_LIT(out, "{\"JWT\":{\"type\":\"apiKey\",\"name\":\"Authorization\",\"in\":"
                         "\"header\",\"description\":\"Add the token prepending \\\"Bearer \\\" "
                         "(without quotes) to it\"}}");
        describe_key(&root, "security");
        BUF_ADD_LIT(out, "[{\"JWT\":[]}]");
    }
    describe_end(&root);
}
