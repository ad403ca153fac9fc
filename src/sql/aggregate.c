/* SPDX-License-Identifier: Apache-2.0 */
/* Aggregate and window functions. Source: PostgreSQL 15, sections 9.21 and 9.22. */
#include "sql/expr.h"

/* The frame that a window has when nothing is said of it. */
#define DEFAULT_FRAME 1058

enum aggregate_kind { AGGREGATE, WINDOW };

/*
 * A row for each function and type of its first argument: letters as expr_func.c has them, 'a' any,
 * '-' none. $1 ... $3 are the arguments, the first with its collation.
 */
static const struct aggregate {
    const char *name;
    char arg;
    uint32_t min_args, max_args;
    enum type_id result; /* TYPE_UNKNOWN: the first argument's */
    const char *sql;
    enum aggregate_kind kind;
    bool in_window; /* SQLite can compute it over a window */
} aggregates[] = {
    {"count", 'a', 1, 1, TYPE_INT8, "count($1)", AGGREGATE, true},
    {"sum", 'i', 1, 1, TYPE_INT8, "sum($1)", AGGREGATE, true},
    {"sum", 'I', 1, 1, TYPE_NUMERIC, "cairn_num_sum($1)", AGGREGATE, false},
    {"sum", 'n', 1, 1, TYPE_NUMERIC, "cairn_num_sum($1)", AGGREGATE, false},
    {"sum", 'r', 1, 1, TYPE_FLOAT4, "cairn_float4_sum($1)", AGGREGATE, false},
    {"sum", 'f', 1, 1, TYPE_FLOAT8, "cairn_float_sum($1)", AGGREGATE, false},
    {"avg", 'i', 1, 1, TYPE_NUMERIC, "cairn_num_avg($1)", AGGREGATE, false},
    {"avg", 'I', 1, 1, TYPE_NUMERIC, "cairn_num_avg($1)", AGGREGATE, false},
    {"avg", 'n', 1, 1, TYPE_NUMERIC, "cairn_num_avg($1)", AGGREGATE, false},
    {"avg", 'r', 1, 1, TYPE_FLOAT8, "cairn_float_avg($1)", AGGREGATE, false},
    {"avg", 'f', 1, 1, TYPE_FLOAT8, "cairn_float_avg($1)", AGGREGATE, false},
    {"min", 'n', 1, 1, TYPE_NUMERIC, "cairn_num_min($1)", AGGREGATE, false},
    {"max", 'n', 1, 1, TYPE_NUMERIC, "cairn_num_max($1)", AGGREGATE, false},
    {"min", 'o', 1, 1, TYPE_UNKNOWN, "min($1)", AGGREGATE, true},
    {"max", 'o', 1, 1, TYPE_UNKNOWN, "max($1)", AGGREGATE, true},
    {"bool_and", 'b', 1, 1, TYPE_BOOL, "min($1)", AGGREGATE, true},
    {"every", 'b', 1, 1, TYPE_BOOL, "min($1)", AGGREGATE, true},
    {"bool_or", 'b', 1, 1, TYPE_BOOL, "max($1)", AGGREGATE, true},
    {"string_agg", 't', 2, 2, TYPE_TEXT, "group_concat($1, $2$o)", AGGREGATE, false},
    {"row_number", '-', 0, 0, TYPE_INT8, "row_number()", WINDOW, true},
    {"rank", '-', 0, 0, TYPE_INT8, "rank()", WINDOW, true},
    {"dense_rank", '-', 0, 0, TYPE_INT8, "dense_rank()", WINDOW, true},
    {"lag", 'a', 1, 1, TYPE_UNKNOWN, "lag($1)", WINDOW, true},
    {"lead", 'a', 1, 1, TYPE_UNKNOWN, "lead($1)", WINDOW, true},
    {"first_value", 'a', 1, 1, TYPE_UNKNOWN, "first_value($1)", WINDOW, true},
    {"last_value", 'a', 1, 1, TYPE_UNKNOWN, "last_value($1)", WINDOW, true},
};

bool
aggregate_is_known(struct str name)
{
    for (size_t i = 0; i < COUNTOF(aggregates); i++) {
        if (str_eq(name, str_from(aggregates[i].name)))
            return true;
    }
    return false;
}

/* Whether a value of this type may be the first argument. */
static bool
takes(char letter, const struct type *type)
{
    switch (letter) {
    case 'a':
        return type->id != TYPE_JSON;
    case 'i':
        return type->id == TYPE_INT2 || type->id == TYPE_INT4;
    case 'I':
        return type->id == TYPE_INT8;
    case 'n':
        return type->id == TYPE_NUMERIC;
    case 'r':
        return type->id == TYPE_FLOAT4;
    case 'f':
        return type->id == TYPE_FLOAT8;
    case 'b':
        return type->id == TYPE_BOOL;
    case 't':
        return type->id == TYPE_TEXT || type->id == TYPE_VARCHAR || type->id == TYPE_UNKNOWN;
    case 'o': /* ordered as SQLite orders its form */
        return type_is_int(type) || type->id == TYPE_FLOAT4 || type->id == TYPE_FLOAT8 ||
               type->id == TYPE_TEXT || type->id == TYPE_VARCHAR || type->id == TYPE_DATE ||
               type->id == TYPE_TIME || type->id == TYPE_TIMESTAMP || type->id == TYPE_TIMESTAMPTZ;
    default:
        return false;
    }
}

static const struct aggregate *
choose(struct str name, const struct expr *args, uint32_t count)
{
    for (size_t i = 0; i < COUNTOF(aggregates); i++) {
        const struct aggregate *row = &aggregates[i];

        if (str_eq(name, str_from(row->name)) && count >= row->min_args && count <= row->max_args &&
            (count == 0 || takes(row->arg, &args[0].type)))
            return row;
    }
    return NULL;
}

static bool
write_window(struct expr_context *x, const struct json *over, struct buf *out)
{
    const char *separator = " OVER (PARTITION BY ";
    bool open = false;

    if (json_get_i64(over, "frameOptions", DEFAULT_FRAME) != DEFAULT_FRAME ||
        pg_str(over, "name").len > 0 || pg_str(over, "refname").len > 0)
        return apply_refuse(x->a, pg_location(over), "named windows and window frames");
    for (const struct json *n = pg_first(over, "partitionClause"); n != NULL; n = n->next) {
        struct expr e;

        if (!expr_translate(x, n, &e))
            return false;
        buf_printf(out, "%s%.*s%.*s", separator, STR_ARG(e.sql), STR_ARG(expr_collation(&e.type)));
        separator = ", ";
        open = true;
    }
    if (!open)
        BUF_ADD_LIT(out, " OVER (");
    if (!query_order(x, pg_first(over, "orderClause"), out, NULL))
        return false;
    buf_add_char(out, ')');
    return true;
}

/* The call itself: the row's text with its arguments, DISTINCT and ORDER BY. */
static bool
write_call(struct expr_context *x, const struct json *body, const struct aggregate *row,
           const struct expr *args, struct buf *out)
{
    bool distinct = pg_bool(body, "agg_distinct");

    for (const char *c = row->sql; *c != '\0'; c++) {
        if (*c == '$' && c[1] == 'o') {
            if (!query_order(x, pg_first(body, "agg_order"), out, NULL))
                return false;
            c++;
        } else if (*c == '$') {
            uint32_t index = (uint32_t)(c[1] - '1');

            if (index == 0 && distinct)
                BUF_ADD_LIT(out, "DISTINCT ");
            buf_add_str(out, args[index].sql);
            if (index == 0 && distinct)
                buf_add_str(out, expr_collation(&args[index].type));
            c++;
        } else {
            buf_add_char(out, *c);
        }
    }
    return true;
}

static bool
check_call(struct expr_context *x, const struct json *body, const struct aggregate *row,
           struct str name)
{
    bool over = pg_get(body, "over") != NULL;
    size_t at = pg_location(body);

    if (row->kind == WINDOW && !over)
        return apply_fail(x->a, at, "42809", NULL, "window function %.*s requires an OVER clause",
                          STR_ARG(name));
    if (over && !row->in_window)
        return apply_refuse(x->a, at, "this aggregate over a window");
    if (pg_bool(body, "agg_distinct") && (row->max_args > 1 || over))
        return apply_refuse(x->a, at, "DISTINCT in this aggregate");
    if (pg_count(body, "agg_order") > 0 && strstr(row->sql, "$o") == NULL)
        return apply_refuse(x->a, at, "ORDER BY in this aggregate");
    if (!over && (!x->allow_aggregate || x->in_aggregate))
        return apply_fail(x->a, at, "42803", NULL, "aggregate functions are not allowed in %s",
                          x->in_aggregate ? "an aggregate" : x->place);
    if (over && !x->allow_aggregate)
        return apply_fail(x->a, at, "42P20", NULL, "window functions are not allowed in %s",
                          x->place);
    return true;
}

static bool
write_all(struct expr_context *x, const struct json *body, const struct aggregate *row,
          struct expr *args, struct buf *out)
{
    const struct json *filter = pg_get(body, "agg_filter");
    const struct json *over = pg_get(body, "over");
    struct expr e;

    if (!write_call(x, body, row, args, out))
        return false;
    if (filter != NULL) {
        if (!expr_condition(x, filter, "FILTER", &e))
            return false;
        buf_printf(out, " FILTER (WHERE %.*s)", STR_ARG(e.sql));
    }
    return over == NULL || write_window(x, over, out);
}

bool
aggregate_translate(struct expr_context *x, const struct json *body, struct str name,
                    struct expr *out)
{
    static const struct aggregate count_all = {"count",   '-',        0,         0,
                                               TYPE_INT8, "count(*)", AGGREGATE, true};
    const struct aggregate *row = &count_all;
    struct expr *args = NULL;
    uint32_t count = 0;
    bool was_inside = x->in_aggregate;
    bool is_window = pg_get(body, "over") != NULL;
    struct buf sql;
    bool ok;

    x->in_aggregate = x->in_aggregate || !is_window;
    ok = expr_list(x, pg_first(body, "args"), &args, &count);
    if (ok && !pg_bool(body, "agg_star")) {
        row = choose(name, args, count);
        if (row == NULL)
            ok = apply_fail(x->a, pg_location(body), "0A000", HINT_POSTGRES,
                            "the embedded engine has no %.*s() of these types", STR_ARG(name));
    }
    if (ok && row != NULL && row->arg == 't') {
        for (uint32_t i = 0; i < count && ok; i++)
            ok = expr_coerce(x, &args[i], type_builtin(TYPE_TEXT), COERCE_IMPLICIT,
                             pg_location(body));
    }
    x->in_aggregate = was_inside;
    if (!ok || row == NULL || !check_call(x, body, row, name))
        return false;
    apply_buf(&sql);
    x->in_aggregate = x->in_aggregate || !is_window;
    ok = write_all(x, body, row, args, &sql);
    x->in_aggregate = was_inside;
    *out = (struct expr){.pg = name, .name = name};
    out->type = row->result == TYPE_UNKNOWN ? args[0].type : *type_builtin(row->result);
    /* The smallest varchar is text: there is no min() of its own. */
    if (out->type.id == TYPE_VARCHAR && row->kind == AGGREGATE)
        out->type = *type_builtin(TYPE_TEXT);
    out->sql = apply_take(x->a->tmp, &sql);
    if (!is_window)
        x->has_aggregate = true;
    return ok;
}
