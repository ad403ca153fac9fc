/* SPDX-License-Identifier: Apache-2.0 */
/* Functions in both descriptions of the API. Those of one name share a path. */
#include "core/json.h"
#include "rest/openapi_impl.h"

struct overloads {
    const struct schema_function *first;
    uint32_t count;
};

/* The functions of the next name, from *at on; *at goes behind them. */
static bool
next_overloads(const struct schema *schema, const struct openapi_info *info, uint32_t *at,
               struct overloads *out)
{
    while (*at < schema->function_count &&
           !str_eq(schema->functions[*at].model->schema, info->default_schema))
        (*at)++;
    if (*at == schema->function_count)
        return false;
    *out = (struct overloads){.first = &schema->functions[*at]};
    while (*at < schema->function_count &&
           str_eq(schema->functions[*at].model->schema, out->first->model->schema) &&
           str_eq(schema->functions[*at].model->name, out->first->model->name)) {
        (*at)++;
        out->count++;
    }
    return true;
}

static bool
can_be_read(const struct overloads *overloads)
{
    for (uint32_t i = 0; i < overloads->count; i++) {
        if (overloads->first[i].model->volatility != MODEL_VOLATILE)
            return true;
    }
    return false;
}

/* Whether an overload before this one has an argument called so. */
static bool
is_repeated(const struct overloads *overloads, uint32_t until, struct str name)
{
    for (uint32_t i = 0; i < until; i++) {
        const struct model_function *function = overloads->first[i].model;

        for (uint32_t k = 0; k < function->argument_count; k++) {
            if (str_eq(function->arguments[k].name, name))
                return true;
        }
    }
    return false;
}

/* The type alone, as JSON schema. */
static void
write_type(struct buf *out, const struct type *type)
{
    struct describe object = describe_begin(out);
    const char *json_type = describe_json_type(type);

    if (json_type != NULL)
        describe_text(&object, "type", str_from(json_type));
    describe_type_members(&object, type);
    describe_end(&object);
}

/* An object with one member for each argument; the body itself when it has no name. */
static void
write_arguments(struct buf *out, const struct model_function *function)
{
    struct describe object;
    struct describe properties;
    bool first = true;

    if (function->argument_count == 1 && function->arguments[0].name.len == 0) {
        write_type(out, &function->arguments[0].type);
        return;
    }
    object = describe_begin(out);
    describe_text(&object, "type", STR("object"));
    for (uint32_t i = 0; i < function->argument_count; i++) {
        if (function->arguments[i].has_default || function->arguments[i].name.len == 0)
            continue;
        if (first)
            describe_key(&object, "required");
        buf_add_char(out, first ? '[' : ',');
        first = false;
        json_write_str(out, function->arguments[i].name);
    }
    if (!first)
        buf_add_char(out, ']');
    describe_key(&object, "properties");
    properties = describe_begin(out);
    for (uint32_t i = 0; i < function->argument_count; i++) {
        if (function->arguments[i].name.len == 0)
            continue;
        describe_key_str(&properties, function->arguments[i].name);
        write_type(out, &function->arguments[i].type);
    }
    describe_end(&properties);
    describe_end(&object);
}

/* Each argument as a parameter of the URL. What only one of several functions needs is optional. */
static void
write_parameters(struct buf *out, const struct overloads *overloads)
{
    bool first = true;

    buf_add_char(out, '[');
    for (uint32_t i = 0; i < overloads->count; i++) {
        const struct model_function *function = overloads->first[i].model;

        for (uint32_t k = 0; k < function->argument_count; k++) {
            const struct model_argument *argument = &function->arguments[k];
            struct describe parameter;

            if (argument->name.len == 0 || is_repeated(overloads, i, argument->name))
                continue;
            if (!first)
                buf_add_char(out, ',');
            first = false;
            parameter = describe_begin(out);
            describe_text(&parameter, "name", argument->name);
            describe_text(&parameter, "in", STR("query"));
            describe_flag(&parameter, "required", overloads->count == 1 && !argument->has_default);
            describe_key(&parameter, "schema");
            /* An array is one text: {a,b}. */
            if (argument->type.id == TYPE_ARRAY)
                BUF_ADD_LIT(out, "{\"type\":\"string\"}");
            else
                write_type(out, &argument->type);
            describe_end(&parameter);
        }
    }
    buf_add_char(out, ']');
}

static void
write_row(struct buf *out, const struct schema_function *function, const struct openapi_info *info)
{
    const struct schema_table *row = function->row;
    struct describe object;
    struct describe properties;

    if (row->is_exposed && str_eq(row->model->schema, info->default_schema)) {
        openapi_write_ref(out, row->model->name);
        return;
    }
    object = describe_begin(out);
    describe_text(&object, "type", STR("object"));
    describe_key(&object, "properties");
    properties = describe_begin(out);
    for (uint32_t i = 0; i < row->model->column_count; i++) {
        describe_key_str(&properties, row->model->columns[i].name);
        openapi_write_column(out, row, &row->model->columns[i]);
    }
    describe_end(&properties);
    describe_end(&object);
}

static void
write_result(struct buf *out, const struct schema_function *function,
             const struct openapi_info *info)
{
    if (function->model->returns_set)
        BUF_ADD_LIT(out, "{\"type\":\"array\",\"items\":");
    if (function->model->result == MODEL_RESULT_ROW)
        write_row(out, function, info);
    else if (function->model->result == MODEL_RESULT_SCALAR)
        write_type(out, &function->row->model->columns[0].type);
    else
        BUF_ADD_LIT(out, "{}");
    if (function->model->returns_set)
        buf_add_char(out, '}');
}

static void
write_operation(struct describe *path, const struct overloads *overloads,
                const struct openapi_info *info, bool is_get)
{
    struct buf *out = path->out;
    const struct model_function *function = overloads->first->model;
    bool is_void = function->result == MODEL_RESULT_VOID;
    struct describe operation;
    struct buf text;

    buf_init(&text, 4096);
    describe_key(path, is_get ? "get" : "post");
    operation = describe_begin(out);
    describe_key(&operation, "tags");
    BUF_ADD_LIT(out, "[\"" OPENAPI_CALL_TAG "\"]");
    buf_printf(&text, "%s_rpc_%.*s", is_get ? "read" : "call", STR_ARG(function->name));
    describe_text(&operation, "operationId", buf_str(&text));
    buf_clear(&text);
    buf_printf(&text, "Call %.*s", STR_ARG(function->name));
    describe_text(&operation, "summary", buf_str(&text));
    if (function->comment.len > 0)
        describe_text(&operation, "description", function->comment);
    if (is_get) {
        describe_key(&operation, "parameters");
        write_parameters(out, overloads);
    } else {
        describe_key(&operation, "requestBody");
        BUF_ADD_LIT(out, "{\"content\":{\"application/json\":{\"schema\":");
        if (overloads->count > 1)
            BUF_ADD_LIT(out, "{\"anyOf\":[");
        for (uint32_t i = 0; i < overloads->count; i++) {
            if (i > 0)
                buf_add_char(out, ',');
            write_arguments(out, overloads->first[i].model);
        }
        buf_add_str(out, overloads->count > 1 ? STR("]}}}}") : STR("}}}"));
    }
    describe_key(&operation, "responses");
    buf_printf(out, "{\"%s\":{\"description\":\"%s\"", is_void ? "204" : "200",
               is_void ? "Done" : "The result");
    if (!is_void) {
        BUF_ADD_LIT(out, ",\"content\":{\"application/json\":{\"schema\":");
        if (overloads->count > 1)
            BUF_ADD_LIT(out, "{}");
        else
            write_result(out, overloads->first, info);
        BUF_ADD_LIT(out, "}}");
    }
    BUF_ADD_LIT(out, "},\"default\":{\"$ref\":\"#/components/responses/error\"}}");
    describe_end(&operation);
    buf_fini(&text);
}

static void
add_path_key(struct describe *paths, const struct overloads *overloads)
{
    struct buf name;

    buf_init(&name, 4096);
    BUF_ADD_LIT(&name, "/rpc/");
    buf_add_str(&name, overloads->first->model->name);
    describe_key_str(paths, buf_str(&name));
    buf_fini(&name);
}

void
openapi_write_calls(struct describe *paths, const struct schema *schema,
                    const struct openapi_info *info)
{
    struct overloads overloads;

    for (uint32_t at = 0; next_overloads(schema, info, &at, &overloads);) {
        struct describe path;

        add_path_key(paths, &overloads);
        path = describe_begin(paths->out);
        if (can_be_read(&overloads))
            write_operation(&path, &overloads, info, true);
        write_operation(&path, &overloads, info, false);
        describe_end(&path);
    }
}
