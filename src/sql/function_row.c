/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of a row: an expression over the row, or the rows that it gives, put in place of the
 * column or the table that a request names by the function.
 *
 * The text is kept with the marks of struct model_policy: which row it is, and what of other tables
 * the caller sees, is known where the text is put.
 */
#include "sql/function.h"
#include "sql/quote.h"

#define ROWS "\"p:cairn rows\""

static bool
is_row_of(const struct expr_parameters *parameters, const struct json *node)
{
    const struct json *name = pg_first(pg_as(node, "ColumnRef"), "fields");

    if (pg_as(node, "ParamRef") != NULL)
        return json_get_i64(pg_body(node), "number", 0) == 1;
    return name != NULL && name->next == NULL && parameters->items[0].name.len > 0 &&
           str_eq(pg_string(name), parameters->items[0].name);
}

bool
expr_row_field(struct expr_context *x, struct str name, size_t location, struct expr *out)
{
    const struct scope_item *row = x->a->parameters->row;

    for (uint32_t i = 0; i < row->column_count; i++) {
        if (!str_eq(row->columns[i].name, name))
            continue;
        x->a->parameters->items[0].uses++;
        expr_column(x, row, &row->columns[i], out);
        return true;
    }
    return apply_fail(x->a, location, "42703", NULL, "column \"%.*s\" not found in data type %.*s",
                      STR_ARG(name), STR_ARG(row->table));
}

/* $1.name, (argument).name */
bool
expr_indirection(struct expr_context *x, const struct json *body, struct expr *out)
{
    const struct expr_parameters *parameters = x->a->parameters;
    const struct json *arg = pg_get(body, "arg");
    const struct json *field = pg_first(body, "indirection");
    size_t at = pg_location(pg_body(arg));

    if (parameters == NULL || parameters->row == NULL || !is_row_of(parameters, arg) ||
        pg_as(field, "String") == NULL || field->next != NULL)
        return apply_refuse(x->a, at, "parts of a value");
    return expr_row_field(x, pg_string(field), at, out);
}

static bool
fail_columns(struct apply *a, const struct model_function *function)
{
    return apply_fail(a, SIZE_MAX, "42P13", NULL,
                      "return type mismatch in function %.*s(): its query gives other columns than "
                      "it returns",
                      STR_ARG(function->name));
}

/* The value. */
static bool
translate_value(struct expr_context *x, const struct model_function *function,
                const struct json *query, const struct json *expression, struct str *out)
{
    struct query rows = {0};
    struct expr e = {0};

    if (expression == NULL) {
        if (!query_translate(x, query, &rows))
            return false;
        if (rows.column_count != 1)
            return fail_columns(x->a, function);
        e = (struct expr){
            .sql = arena_printf(x->a->tmp, "(SELECT * FROM (%.*s) LIMIT 1)", STR_ARG(rows.sql)),
            .pg = STR("x"),
            .type = rows.columns[0].type,
        };
    } else if (!expr_translate(x, expression, &e) ||
               (e.type.id == TYPE_UNKNOWN &&
                !expr_coerce(x, &e, type_builtin(TYPE_TEXT), COERCE_IMPLICIT, SIZE_MAX))) {
        return false;
    }
    if (!expr_coerce(x, &e, &function->own_row->columns[0].type, COERCE_ASSIGN, SIZE_MAX))
        return false;
    *out = e.sql;
    return true;
}

/* The rows, as those of the table that they are of. */
static bool
translate_rows(struct expr_context *x, const struct model_function *function,
               const struct json *query, struct str *out)
{
    const struct model_table *target = function_row(x->a, function);
    struct query rows = {0};
    struct buf sql;
    bool ok = true;

    if (!query_translate(x, query, &rows))
        return false;
    if (rows.column_count != target->column_count)
        return fail_columns(x->a, function);
    apply_buf(&sql);
    BUF_ADD_LIT(&sql, "WITH " ROWS "(");
    for (uint32_t i = 0; i < rows.column_count; i++)
        buf_printf(&sql, "%sc%u", i > 0 ? ", " : "", i);
    buf_printf(&sql, ") AS (%.*s) SELECT ", STR_ARG(rows.sql));
    for (uint32_t i = 0; i < rows.column_count && ok; i++) {
        const struct model_column *column = &target->columns[i];
        struct expr e = {.sql = arena_printf(x->a->tmp, "c%u", i), .pg = column->name};

        e.type = rows.columns[i].type;
        ok = expr_coerce(x, &e, &column->type, COERCE_ASSIGN, SIZE_MAX);
        buf_printf(&sql, "%s%.*s AS ", i > 0 ? ", " : "", STR_ARG(e.sql));
        quote_ident(&sql, column->name);
    }
    BUF_ADD_LIT(&sql, " FROM " ROWS);
    *out = apply_take(x->a->tmp, &sql);
    /* One that gives no set gives one row always. */
    if (!function->returns_set)
        *out = arena_printf(x->a->tmp,
                            "SELECT b.* FROM (SELECT 1) LEFT JOIN (SELECT * FROM (%.*s) LIMIT 1) "
                            "AS b ON true",
                            STR_ARG(*out));
    return ok;
}

static bool
translate_body(struct expr_context *x, const struct model_function *function, struct str *out)
{
    const struct json *query = NULL;
    const struct json *expression = NULL;
    struct function_body body;
    struct expr_parameters *parameters = x->a->parameters;

    x->a->parameters = NULL;
    if (!function_read(x->a, function, &body))
        return false;
    x->a->parameters = parameters;
    if (!function_single(&body, &query, &expression))
        return apply_fail(x->a, SIZE_MAX, "0A000", HINT_POSTGRES,
                          "function %.*s() of a row is more than one SELECT",
                          STR_ARG(function->name));
    if (function->result == MODEL_RESULT_SCALAR)
        return translate_value(x, function, query, expression, out);
    if (query == NULL)
        return apply_refuse(x->a, SIZE_MAX, "whole rows as values");
    return translate_rows(x, function, query, out);
}

static bool
check_result(struct apply *a, const struct model_function *function)
{
    bool is_value = function->result == MODEL_RESULT_SCALAR && !function->returns_set;

    return is_value || function->row_name.len > 0 ||
           apply_refuse(a, SIZE_MAX,
                        "functions of a row that give other than a value or rows of a table");
}

bool
function_translate_row(struct apply *a, struct model_function *function)
{
    const struct model_table *of =
        model_find_table(a->model, function->of_schema, function->of_name);
    struct marks marks = {.in_policy = true};
    struct scope scope = {0};
    struct scope rows = {0};
    struct expr_parameter argument = {.name = function->arguments[0].name};
    struct expr_parameters parameters = {
        .function = function->name, .items = &argument, .count = 1};
    struct expr_context x = {
        .a = a, .marks = &marks, .scope = &scope, .allow_query = true, .place = "a function"};
    struct function_state state;
    struct str sql = STR_NULL;
    bool ok;

    if (of == NULL)
        return apply_fail(a, SIZE_MAX, "42P01", NULL, "relation \"%.*s\" does not exist",
                          STR_ARG(function->of_name));
    if (!check_result(a, function))
        return false;
    parameters.row = scope_add_table(a, &rows, of, argument.name);
    parameters.row->is_policy_row = true;
    function_keep(a, &state);
    a->parameters = &parameters;
    a->marks = &marks;
    ok = translate_body(&x, function, &sql);
    if (ok && marks.is_refused)
        ok = apply_fail(a, SIZE_MAX, "0A000", "rename it", "a name has a control character");
    if (ok && memmem(sql.data, sql.len, "cairn_nextval(", 14) != NULL)
        ok = apply_refuse(a, SIZE_MAX, "functions of a row that draw from a sequence");
    function->reads = marks.reads;
    marks_keep(a, &marks, &function->references, &function->reference_count);
    function_restore(a, &state);
    function->writes = false;
    function->statements = ARENA_NEW(a->keep, struct model_statement);
    function->statements[0] =
        (struct model_statement){.sql = arena_copy(a->keep, sql), .kind = STR("SELECT")};
    function->statement_count = 1;
    return ok;
}
