/* SPDX-License-Identifier: Apache-2.0 */
/* Functions in the Swagger document. */
#include "core/json.h"
#include "rest/swagger_impl.h"

#define NAME_MAX 4096
#define OVERLOADS_MAX 64 /* further ones of one name can be called and aren't described */

/* The functions of one name. */
struct overloads {
    const struct schema *schema;
    const struct model_function *items[OVERLOADS_MAX];
    uint32_t count;
};

static void
add_format(struct describe *object, const struct overloads *overloads, const struct type *type)
{
    struct buf room;

    buf_init(&room, NAME_MAX);
    describe_text(
        object, "format",
        swagger_argument_format(overloads->schema, type, overloads->items[0]->schema, &room));
    buf_fini(&room);
}

/* From *at on, which goes behind them. */
static bool
next_overloads(const struct schema *schema, const struct swagger_info *info, uint32_t *at,
               struct overloads *out)
{
    out->schema = schema;
    out->count = 0;
    for (; *at < schema->function_count; (*at)++) {
        const struct model_function *function = schema->functions[*at].model;

        if (!str_eq(function->schema, info->schema) ||
            (info->functions != NULL && !info->functions[*at]))
            continue;
        if (out->count > 0 && !str_eq(function->name, out->items[0]->name))
            break;
        if (out->count < OVERLOADS_MAX)
            out->items[out->count++] = function;
    }
    return out->count > 0;
}

static bool
can_be_read(const struct overloads *overloads)
{
    for (uint32_t i = 0; i < overloads->count; i++) {
        if (overloads->items[i]->volatility != MODEL_VOLATILE)
            return true;
    }
    return false;
}

/* Whether an overload before this one has an argument called so. */
static bool
is_repeated(const struct overloads *overloads, uint32_t until, struct str name)
{
    for (uint32_t i = 0; i < until; i++) {
        const struct model_function *function = overloads->items[i];

        for (uint32_t k = 0; k < function->argument_count; k++) {
            if (str_eq(function->arguments[k].name, name))
                return true;
        }
    }
    return false;
}

/* A variadic argument may be repeated; any other array is one text: {a,b}. */
static void
write_parameter(struct buf *out, const struct overloads *overloads,
                const struct model_argument *argument, bool is_required)
{
    const struct type *type = &argument->type;
    const char *json_type = describe_json_type(type);
    struct describe parameter = describe_begin(out);

    describe_text(&parameter, "name", argument->name);
    describe_text(&parameter, "in", STR("query"));
    describe_flag(&parameter, "required", is_required);
    if (argument->is_variadic && type->elem != NULL) {
        const char *elem = describe_json_type(type->elem);
        struct describe items;

        describe_text(&parameter, "type", STR("array"));
        describe_text(&parameter, "collectionFormat", STR("multi"));
        describe_key(&parameter, "items");
        items = describe_begin(out);
        describe_text(&items, "type", str_from(elem != NULL ? elem : "string"));
        add_format(&items, overloads, type->elem);
        describe_end(&items);
    } else {
        describe_text(&parameter, "type",
                      json_type == NULL || type->id == TYPE_ARRAY ? STR("string")
                                                                  : str_from(json_type));
        add_format(&parameter, overloads, type);
    }
    describe_end(&parameter);
}

/* What only one of several functions needs is optional. */
static void
write_parameters(struct buf *out, const struct overloads *overloads)
{
    bool first = true;

    buf_add_char(out, '[');
    for (uint32_t i = 0; i < overloads->count; i++) {
        const struct model_function *function = overloads->items[i];

        for (uint32_t k = 0; k < function->argument_count; k++) {
            const struct model_argument *argument = &function->arguments[k];

            if (argument->name.len == 0 || is_repeated(overloads, i, argument->name))
                continue;
            if (!first)
                buf_add_char(out, ',');
            first = false;
            write_parameter(out, overloads, argument,
                            overloads->count == 1 && !argument->has_default);
        }
    }
    buf_add_char(out, ']');
}

static void
write_body(struct buf *out, const struct overloads *overloads)
{
    const struct model_function *function = overloads->items[0];
    struct describe object = describe_begin(out);
    struct describe properties;
    bool first = true;

    for (uint32_t i = 0; i < function->argument_count; i++) {
        const struct model_argument *argument = &function->arguments[i];

        if (argument->has_default || argument->name.len == 0)
            continue;
        if (first)
            describe_key(&object, "required");
        buf_add_char(out, first ? '[' : ',');
        first = false;
        json_write_str(out, argument->name);
    }
    if (!first)
        buf_add_char(out, ']');
    describe_key(&object, "properties");
    properties = describe_begin(out);
    for (uint32_t i = 0; i < function->argument_count; i++) {
        const struct model_argument *argument = &function->arguments[i];
        struct describe property;

        if (argument->name.len == 0)
            continue;
        describe_key_str(&properties, argument->name);
        property = describe_begin(out);
        add_format(&property, overloads, &argument->type);
        swagger_add_type(&property, &argument->type);
        describe_end(&property);
    }
    describe_end(&properties);
    describe_text(&object, "type", STR("object"));
    if (function->comment.len > 0)
        describe_text(&object, "description", function->comment);
    describe_end(&object);
}

/* The body of the first function alone: Swagger has no choice of bodies. */
static void
write_operation(struct describe *path, const struct overloads *overloads, bool is_get)
{
    struct buf *out = path->out;
    const struct model_function *function = overloads->items[0];
    struct describe operation;
    struct buf tag;

    buf_init(&tag, NAME_MAX);
    buf_printf(&tag, "(rpc) %.*s", STR_ARG(function->name));
    describe_key(path, is_get ? "get" : "post");
    operation = describe_begin(out);
    describe_key(&operation, "tags");
    buf_add_char(out, '[');
    json_write_str(out, buf_str(&tag));
    buf_add_char(out, ']');
    swagger_add_comment(&operation, function->comment);
    describe_key(&operation, "parameters");
    if (is_get) {
        write_parameters(out, overloads);
    } else {
        BUF_ADD_LIT(out, "[{\"name\":\"args\",\"in\":\"body\",\"required\":true,\"schema\":");
        write_body(out, overloads);
        BUF_ADD_LIT(out, "},{\"$ref\":\"#/parameters/preferParams\"}]");
    }
    describe_key(&operation, "produces");
    BUF_ADD_LIT(out, "[\"application/json\",\"application/vnd.pgrst.object+json;nulls=stripped\","
                     "\"application/vnd.pgrst.object+json\"]");
    describe_key(&operation, "responses");
    BUF_ADD_LIT(out, "{\"200\":{\"description\":\"OK\"}}");
    describe_end(&operation);
    buf_fini(&tag);
}

void
swagger_write_calls(struct describe *paths, const struct schema *schema,
                    const struct swagger_info *info)
{
    struct overloads overloads;
    struct buf name;

    buf_init(&name, NAME_MAX);
    for (uint32_t at = 0; next_overloads(schema, info, &at, &overloads);) {
        struct describe path;

        buf_clear(&name);
        buf_printf(&name, "/rpc/%.*s", STR_ARG(overloads.items[0]->name));
        describe_key_str(paths, buf_str(&name));
        path = describe_begin(paths->out);
        if (can_be_read(&overloads))
            write_operation(&path, &overloads, true);
        write_operation(&path, &overloads, false);
        describe_end(&path);
    }
    buf_fini(&name);
}
