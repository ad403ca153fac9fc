/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls of the schema's own functions inside of SQL: the one query that a body is stands where the
 * call was, with the call's expressions for its arguments.
 */
#include "sql/function.h"
#include "sql/quote.h"

struct call {
    const struct json *node;
    struct name name;
    struct expr *args; /* as they stand, then in the order of the function's, coerced */
    struct str *names; /* of name => value; empty: by place */
    uint32_t count;
};

static bool
is_visible(struct apply *a, const struct model_function *function, struct name name)
{
    if (!str_eq(function->name, name.name))
        return false;
    if (name.schema.len > 0)
        return str_eq(function->schema, name.schema);
    for (uint32_t i = 0; i < a->path_count; i++) {
        if (str_eq(function->schema, a->path[i]))
            return true;
    }
    /* As PostgreSQL prints it: a dump has an empty path. */
    return a->path_count == 0 && str_eq(function->schema, STR("public"));
}

/* The argument of the function that argument i of the call is for; UINT32_MAX: none. */
static uint32_t
place_of(const struct model_function *function, const struct call *call, uint32_t i)
{
    if (call->names[i].len == 0)
        return i < function->argument_count ? i : UINT32_MAX;
    for (uint32_t k = 0; k < function->argument_count; k++) {
        if (str_eq(function->arguments[k].name, call->names[i]))
            return k;
    }
    return UINT32_MAX;
}

/* How well the call's arguments fit: -1 not at all. */
static int
fit(const struct model_function *function, const struct call *call)
{
    bool given[64] = {false};
    int score = 0;

    if (function->argument_count > COUNTOF(given))
        return -1;
    for (uint32_t i = 0; i < call->count; i++) {
        uint32_t k = place_of(function, call, i);

        if (k == UINT32_MAX || given[k] ||
            !expr_can_coerce(&call->args[i].type, &function->arguments[k].type, COERCE_IMPLICIT))
            return -1;
        given[k] = true;
        score += call->args[i].type.id == function->arguments[k].type.id ? 16 : 1;
    }
    for (uint32_t k = 0; k < function->argument_count; k++) {
        if (!given[k] && !function->arguments[k].has_default)
            return -1;
        score += given[k] ? 0 : -1;
    }
    return score < 0 ? 0 : score;
}

static bool
fail_fit(struct expr_context *x, const struct call *call)
{
    struct buf types;
    struct str shown;

    apply_buf(&types);
    for (uint32_t i = 0; i < call->count; i++)
        buf_printf(&types, "%s%.*s", i > 0 ? ", " : "", STR_ARG(call->args[i].type.name));
    shown = apply_take(x->a->tmp, &types);
    return apply_fail(x->a, pg_location(call->node), "42883", "cast the arguments",
                      "function %.*s(%.*s) does not exist", STR_ARG(call->name.name),
                      STR_ARG(shown));
}

/* NULL in *out: the schema has no function of this name. */
static bool
choose(struct expr_context *x, struct call *call, const struct model_function **out)
{
    const struct model *model = x->a->model;
    uint32_t n = 0;
    int best = -1;
    bool known = false;

    *out = NULL;
    for (uint32_t i = 0; i < model->function_count; i++)
        known = known || is_visible(x->a, &model->functions[i], call->name);
    if (!known)
        return true;
    call->count = pg_count(call->node, "args");
    call->args = ARENA_ARRAY(x->a->tmp, struct expr, call->count + 1);
    call->names = ARENA_ARRAY(x->a->tmp, struct str, call->count + 1);
    for (const struct json *arg = pg_first(call->node, "args"); arg != NULL; arg = arg->next, n++) {
        const struct json *named = pg_as(arg, "NamedArgExpr");

        call->names[n] = pg_str(named, "name");
        if (!expr_translate(x, named != NULL ? pg_get(named, "arg") : arg, &call->args[n]))
            return false;
    }
    for (uint32_t i = 0; i < model->function_count; i++) {
        const struct model_function *function = &model->functions[i];
        int score = is_visible(x->a, function, call->name) ? fit(function, call) : -1;

        if (score > best) {
            best = score;
            *out = function;
        }
    }
    if (*out == NULL)
        return fail_fit(x, call);
    return (*out)->argument_count == 0 ||
           !(*out)->arguments[(*out)->argument_count - 1].is_variadic ||
           apply_refuse(x->a, pg_location(call->node), "calls of VARIADIC functions inside of SQL");
}

/* The values of all arguments, coerced, in the function's order. */
static bool
bind_arguments(struct expr_context *x, const struct call *call,
               const struct model_function *function, struct expr_parameters *parameters)
{
    *parameters = (struct expr_parameters){
        .function = function->name,
        .items = ARENA_ARRAY(x->a->tmp, struct expr_parameter, function->argument_count + 1),
        .count = function->argument_count,
    };
    for (uint32_t k = 0; k < function->argument_count; k++) {
        const struct model_argument *argument = &function->arguments[k];
        struct expr value = {.sql = argument->default_sqlite, .pg = STR("DEFAULT")};

        value.type = argument->type;
        for (uint32_t i = 0; i < call->count; i++) {
            if (place_of(function, call, i) == k)
                value = call->args[i];
        }
        if (!expr_coerce(x, &value, &argument->type, COERCE_IMPLICIT, pg_location(call->node)))
            return false;
        value.sql = arena_printf(x->a->tmp, "(%.*s)", STR_ARG(value.sql));
        value.is_column = value.is_const = false;
        parameters->items[k] = (struct expr_parameter){.name = argument->name, .value = value};
    }
    return true;
}

static bool
check_use(struct expr_context *x, const struct call *call, const struct expr_parameters *parameters)
{
    for (uint32_t i = 0; i < parameters->count; i++) {
        if (parameters->items[i].uses != 1 && function_is_volatile(parameters->items[i].value.sql))
            return apply_fail(x->a, pg_location(call->node), "0A000", HINT_POSTGRES,
                              "argument %u of %.*s() changes with each call, and the function uses "
                              "it %s",
                              i + 1, STR_ARG(call->name.name),
                              parameters->items[i].uses == 0 ? "never" : "more than once");
    }
    return true;
}

/* NULL for an argument of a STRICT function is NULL for the result: the condition for it. */
static struct str
strict_condition(struct expr_context *x, const struct model_function *function,
                 const struct expr_parameters *parameters)
{
    struct str condition = STR_NULL;

    for (uint32_t i = 0; function->is_strict && i < parameters->count; i++)
        condition = arena_printf(x->a->tmp, "%.*s%s%.*s IS NOT NULL", STR_ARG(condition),
                                 i > 0 ? " AND " : "", STR_ARG(parameters->items[i].value.sql));
    return condition;
}

bool
function_single(const struct function_body *body, const struct json **query,
                const struct json **expression)
{
    const struct json *select = body->count == 1 ? pg_as(body->nodes[0], "SelectStmt") : NULL;
    const struct json *target = pg_as(pg_first(select, "targetList"), "ResTarget");

    *query = select;
    *expression = body->result;
    if (body->result != NULL)
        return true;
    if (select != NULL && pg_count(select, "targetList") == 1 &&
        pg_count(select, "fromClause") == 0 && pg_get(select, "whereClause") == NULL &&
        pg_get(select, "havingClause") == NULL && pg_get(select, "limitCount") == NULL &&
        pg_get(select, "limitOffset") == NULL && pg_get(select, "withClause") == NULL &&
        pg_count(select, "valuesLists") == 0 && pg_count(select, "groupClause") == 0 &&
        pg_is(select, "op", "SETOP_NONE"))
        *expression = pg_get(target, "val");
    return select != NULL;
}

static bool
single_node(struct expr_context *x, const struct call *call, const struct function_body *body,
            const struct json **query, const struct json **expression)
{
    return function_single(body, query, expression) ||
           apply_fail(x->a, SIZE_MAX, "0A000", HINT_POSTGRES,
                      "function %.*s() is called inside of SQL, where the embedded engine takes "
                      "those of one SELECT only",
                      STR_ARG(call->name.name));
}

/* Translates the body with the call's values; text is an expression or a query. */
static bool
translate_body(struct expr_context *x, const struct call *call,
               const struct model_function *function, struct expr_parameters *parameters,
               bool as_query, struct query *out)
{
    struct scope scope = {0};
    struct expr_context inner = {
        .a = x->a,
        .marks = x->marks,
        .scope = &scope,
        .inlined = ++x->a->inlined,
        .place = x->place,
        .immutable_only = x->immutable_only,
        .allow_query = x->allow_query,
        .depth = x->depth + 1,
    };
    const struct json *query = NULL;
    const struct json *expression = NULL;
    struct function_state state;
    struct function_body body;
    struct expr e = {0};
    bool was_owner = x->marks != NULL && x->marks->as_owner;
    bool ok;

    if (x->depth > 50)
        return apply_fail(x->a, pg_location(call->node), "54001", NULL,
                          "function %.*s() calls itself, or too many others",
                          STR_ARG(call->name.name));
    function_keep(x->a, &state);
    ok = function_read(x->a, function, &body) && single_node(x, call, &body, &query, &expression);
    x->a->parameters = parameters;
    if (x->marks != NULL && function->is_definer)
        x->marks->as_owner = true;
    if (ok && expression != NULL && !(as_query && query != NULL)) {
        ok = expr_translate(&inner, expression, &e) &&
             (e.type.id != TYPE_UNKNOWN ||
              expr_coerce(&inner, &e, type_builtin(TYPE_TEXT), COERCE_IMPLICIT, SIZE_MAX));
        *out = (struct query){.sql = e.sql, .column_count = 1};
        out->columns = ARENA_NEW(x->a->tmp, struct expr);
        out->columns[0] = e;
        if (as_query)
            out->sql = arena_printf(x->a->tmp, "SELECT %.*s", STR_ARG(e.sql));
    } else if (ok && !x->allow_query) {
        ok = apply_fail(x->a, SIZE_MAX, "0A000", NULL, "cannot use subquery in %s", x->place);
    } else if (ok) {
        ok = query_translate(&inner, query, out);
        if (!as_query)
            out->sql = arena_printf(x->a->tmp, "(SELECT * FROM (%.*s) LIMIT 1)", STR_ARG(out->sql));
    }
    function_restore(x->a, &state);
    if (x->marks != NULL)
        x->marks->as_owner = was_owner;
    return ok && check_use(x, call, parameters);
}

/* How PostgreSQL prints the call. */
static struct str
shown_call(struct expr_context *x, const struct model_function *function, const struct call *call)
{
    struct buf out;

    apply_buf(&out);
    if (!str_eq(function->schema, STR("public"))) {
        quote_ident_short(&out, function->schema);
        buf_add_char(&out, '.');
    }
    quote_ident_short(&out, function->name);
    buf_add_char(&out, '(');
    for (uint32_t i = 0; i < call->count; i++) {
        buf_add_str(&out, i > 0 ? STR(", ") : STR(""));
        if (call->names[i].len > 0) {
            quote_ident_short(&out, call->names[i]);
            BUF_ADD_LIT(&out, " => ");
        }
        buf_add_str(&out, expr_pg_operand(x, &call->args[i]));
    }
    buf_add_char(&out, ')');
    return apply_take(x->a->tmp, &out);
}

bool
function_call(struct expr_context *x, const struct json *node, bool *found, struct expr *out)
{
    struct call call = {.node = node, .name = apply_list_name(pg_first(node, "funcname"))};
    const struct model_function *function = NULL;
    struct expr_parameters parameters;
    struct query query = {0};
    struct type type;
    struct str condition;

    *found = false;
    if (!choose(x, &call, &function))
        return false;
    if (function == NULL)
        return true;
    *found = true;
    if (function->returns_set || function->result != MODEL_RESULT_SCALAR)
        return apply_refuse(x->a, pg_location(node), "functions that give rows outside of FROM");
    if (x->immutable_only && function->volatility != MODEL_IMMUTABLE)
        return apply_fail(x->a, pg_location(node), "42P17", NULL,
                          "%s can't use %.*s(), whose result changes", x->place,
                          STR_ARG(function->name));
    if (!bind_arguments(x, &call, function, &parameters) ||
        !translate_body(x, &call, function, &parameters, false, &query))
        return false;
    type = function->own_row->columns[0].type;
    if (query.column_count != 1)
        return apply_fail(x->a, pg_location(node), "42P13", NULL,
                          "return type mismatch in function %.*s()", STR_ARG(function->name));
    *out = (struct expr){.sql = query.sql, .pg = STR("x"), .type = query.columns[0].type};
    if (!expr_coerce(x, out, &type, COERCE_ASSIGN, pg_location(node)))
        return false;
    condition = strict_condition(x, function, &parameters);
    if (condition.len > 0)
        out->sql = arena_printf(x->a->tmp, "CASE WHEN %.*s THEN %.*s END", STR_ARG(condition),
                                STR_ARG(out->sql));
    out->sql = arena_printf(x->a->tmp, "(%.*s)", STR_ARG(out->sql));
    out->pg = shown_call(x, function, &call);
    out->name = function->name;
    return true;
}

/* The columns as the function declares them. */
static bool
name_rows(struct expr_context *x, const struct call *call, const struct model_function *function,
          struct query *query)
{
    const struct model_table *row = function_row(x->a, function);
    struct buf sql;

    if (query->column_count != row->column_count)
        return apply_fail(x->a, pg_location(call->node), "42P13", NULL,
                          "return type mismatch in function %.*s()", STR_ARG(function->name));
    apply_buf(&sql);
    BUF_ADD_LIT(&sql, "WITH cairn_body(");
    for (uint32_t i = 0; i < query->column_count; i++)
        buf_printf(&sql, "%sc%u", i > 0 ? ", " : "", i);
    buf_printf(&sql, ") AS (%.*s) SELECT ", STR_ARG(query->sql));
    for (uint32_t i = 0; i < query->column_count; i++) {
        const struct model_column *column = &row->columns[i];
        struct expr e = {.sql = arena_printf(x->a->tmp, "c%u", i), .pg = column->name};

        e.type = query->columns[i].type;
        if (!expr_coerce(x, &e, &column->type, COERCE_ASSIGN, pg_location(call->node)))
            return false;
        buf_printf(&sql, "%s%.*s", i > 0 ? ", " : "", STR_ARG(e.sql));
        query->columns[i] = (struct expr){.name = column->name, .type = column->type};
    }
    BUF_ADD_LIT(&sql, " FROM cairn_body");
    query->sql = apply_take(x->a->tmp, &sql);
    return true;
}

bool
function_rows(struct expr_context *x, const struct json *node, bool *found, struct query *out)
{
    struct call call = {.node = node, .name = apply_list_name(pg_first(node, "funcname"))};
    const struct model_function *function = NULL;
    struct expr_parameters parameters;
    struct str condition;
    struct scope *own = x->scope;
    bool ok;

    *found = false;
    if (!choose(x, &call, &function))
        return false;
    if (function == NULL)
        return true;
    *found = true;
    if (function->result == MODEL_RESULT_VOID || function->result == MODEL_RESULT_RECORD)
        return apply_refuse(x->a, pg_location(node), "functions without columns in FROM");
    ok = bind_arguments(x, &call, function, &parameters) &&
         translate_body(x, &call, function, &parameters, true, out) &&
         name_rows(x, &call, function, out);
    x->scope = own;
    if (!ok)
        return false;
    condition = strict_condition(x, function, &parameters);
    if (condition.len > 0)
        out->sql = arena_printf(x->a->tmp, "SELECT * FROM (%.*s) WHERE %.*s", STR_ARG(out->sql),
                                STR_ARG(condition));
    /* One that gives no set gives one row always. */
    if (!function->returns_set)
        out->sql = arena_printf(x->a->tmp,
                                "SELECT b.* FROM (SELECT 1) LEFT JOIN (SELECT * FROM (%.*s) LIMIT "
                                "1) AS b ON true",
                                STR_ARG(out->sql));
    return true;
}
