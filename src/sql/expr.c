/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/expr.h"

#include <math.h>

#include "sql/array.h"
#include "sql/quote.h"

/* Nesting of an expression or query; PostgreSQL has no such bound, people stay far below. */
#define MAX_DEPTH 100
#define MAX_TEXT ((size_t)256 << 10)

/* --- texts ------------------------------------------------------------------------------------ */

static void
write_real(struct buf *out, double value)
{
    char text[40];

    /* There is no word for infinity, but a number too large is read as that. */
    if (isinf(value)) {
        buf_add_str(out, value > 0 ? STR("9e999") : STR("-9e999"));
        return;
    }
    snprintf(text, sizeof(text), "%.17g", value);
    buf_printf(out, "%s", text);
    if (strpbrk(text, ".eE") == NULL)
        BUF_ADD_LIT(out, ".0");
}

void
expr_write_literal(struct buf *out, const struct value *value)
{
    switch (value->kind) {
    case VALUE_NULL:
        BUF_ADD_LIT(out, "NULL");
        break;
    case VALUE_INT:
        /* The digits alone of the least number would be read as a real. */
        if (value->i == INT64_MIN)
            BUF_ADD_LIT(out, "(-9223372036854775807-1)");
        else
            buf_add_i64(out, value->i);
        break;
    case VALUE_REAL:
        write_real(out, value->f);
        break;
    case VALUE_TEXT:
        quote_text(out, value->s);
        break;
    case VALUE_BLOB:
        BUF_ADD_LIT(out, "x'");
        buf_add_hex(out, value->s);
        buf_add_char(out, '\'');
        break;
    }
}

/* How PostgreSQL prints a constant from its catalogs. */
static struct str
const_pg(struct apply *a, const struct type *type, const struct value *value)
{
    bool is_number = type->id == TYPE_INT4 || type->id == TYPE_NUMERIC;
    struct buf text;
    struct buf out;

    apply_buf(&out);
    if (value->kind == VALUE_NULL) {
        buf_printf(&out, "NULL::%.*s", STR_ARG(type->name));
        return apply_take(a->tmp, &out);
    }
    apply_buf(&text);
    type_write_text(&text, type, value);
    if (type->id == TYPE_BOOL) {
        buf_add_str(&out, value->i != 0 ? STR("true") : STR("false"));
    } else if (is_number && text.len > 0 && text.data[0] >= '0' && text.data[0] <= '9') {
        buf_add_str(&out, buf_str(&text));
    } else {
        struct str name = type->name;

        /* Without its length: that is applied by a cast of its own. */
        if (type->id == TYPE_VARCHAR || type->id == TYPE_NUMERIC)
            name = type_builtin(type->id)->name;
        if (type->id == TYPE_BPCHAR)
            name = STR("bpchar");
        if (type->id == TYPE_UNKNOWN)
            name = STR("text");
        quote_text(&out, buf_str(&text));
        buf_printf(&out, "::%.*s", STR_ARG(name));
    }
    buf_fini(&text);
    return apply_take(a->tmp, &out);
}

void
expr_const(struct apply *a, const struct type *type, const struct value *value, struct expr *out)
{
    struct buf buf;

    *out = (struct expr){.type = *type, .is_const = true, .value = *value};
    apply_buf(&buf);
    expr_write_literal(&buf, value);
    out->sql = apply_take(a->tmp, &buf);
    if (type->id == TYPE_UNKNOWN && value->kind == VALUE_TEXT)
        out->pg = const_pg(a, type_builtin(TYPE_TEXT), value);
    else
        out->pg = value->kind == VALUE_NULL && type->id == TYPE_UNKNOWN ? STR("NULL")
                                                                        : const_pg(a, type, value);
}

struct str
expr_collation(const struct type *type)
{
    if (type->id == TYPE_NUMERIC)
        return STR(" COLLATE cairn_numeric");
    if (type->id == TYPE_BPCHAR)
        return STR(" COLLATE RTRIM");
    if (type->id == TYPE_ARRAY)
        return array_has_numbers(type) ? STR(" COLLATE cairn_array_number")
                                       : STR(" COLLATE cairn_array");
    return STR_NULL;
}

/* --- nodes ------------------------------------------------------------------------------------ */

static bool
translate_const(struct expr_context *x, const struct json *body, struct expr *out)
{
    struct apply *a = x->a;
    struct pg_const c = pg_const(&a->tree, body);
    struct value value = {.kind = VALUE_NULL};
    enum type_id id = TYPE_UNKNOWN;
    int64_t number = 0;

    switch (c.kind) {
    case PG_NULL:
        break;
    case PG_STRING:
        for (size_t i = 0; x->marks != NULL && i < c.text.len; i++)
            x->marks->is_refused |= (unsigned char)c.text.data[i] < 4;
        value = (struct value){.kind = VALUE_TEXT, .s = c.text};
        break;
    case PG_BOOL:
        id = TYPE_BOOL;
        value = (struct value){.kind = VALUE_INT, .i = str_eq(c.text, STR("true"))};
        break;
    case PG_INT:
    case PG_FLOAT:
        /* Whole numbers past an integer's range are bigint, past that numeric. */
        id = TYPE_NUMERIC;
        if (str_to_i64(c.text, &number)) {
            id = number >= INT32_MIN && number <= INT32_MAX ? TYPE_INT4 : TYPE_INT8;
            value = (struct value){.kind = VALUE_INT, .i = number};
        } else if (!type_input(type_builtin(id), c.text, a->tmp, &value, a->err)) {
            return apply_fail_value(a, pg_location(body));
        }
        break;
    case PG_BITS:
        return apply_refuse(a, pg_location(body), "bit strings");
    }
    expr_const(a, type_builtin(id), &value, out);
    return true;
}

static bool
translate_cast(struct expr_context *x, const struct json *body, struct expr *out)
{
    const struct json *type_name = pg_get(body, "typeName");
    struct type to;
    size_t at = pg_location(body);
    struct str before;
    bool was_unknown;
    bool was_cast;

    /* Of '...'::type the location is that of the "::". */
    at = at != SIZE_MAX ? at : pg_location(type_name);
    if (!apply_type(x->a, type_name, &to, NULL) || !expr_translate(x, pg_get(body, "arg"), out))
        return false;
    was_unknown = out->is_const && out->type.id == TYPE_UNKNOWN;
    was_cast = out->is_cast;
    before = out->type.name;
    if (!expr_coerce(x, out, &to, COERCE_EXPLICIT, at))
        return false;
    out->is_cast = was_cast || !str_eq(before, to.name);
    if (was_unknown || out->name.len == 0)
        out->name = pg_last_string(type_name, "names");
    return true;
}

/* Translates a list of nodes into an array. */
bool
expr_list(struct expr_context *x, const struct json *first, struct expr **out, uint32_t *count)
{
    uint32_t n = 0;

    *count = 0;
    for (const struct json *node = first; node != NULL; node = node->next)
        (*count)++;
    *out = ARENA_ARRAY(x->a->tmp, struct expr, *count);
    for (const struct json *node = first; node != NULL; node = node->next) {
        if (!expr_translate(x, node, &(*out)[n++]))
            return false;
    }
    return true;
}

static bool
translate_bool(struct expr_context *x, const struct json *body, struct expr *out)
{
    bool negate = pg_is(body, "boolop", "NOT_EXPR");
    struct str word = pg_is(body, "boolop", "OR_EXPR") ? STR("OR") : STR("AND");
    const char *clause = negate ? "NOT" : word.data;
    struct buf sql;
    struct buf pg;
    bool first = true;
    bool ok = true;

    apply_buf(&sql);
    apply_buf(&pg);
    buf_add_str(&sql, negate ? STR("(NOT ") : STR("("));
    buf_add_str(&pg, negate ? STR("(NOT ") : STR("("));
    for (const struct json *n = pg_first(body, "args"); n != NULL && ok; n = n->next) {
        struct expr e;

        ok = expr_condition(x, n, clause, &e);
        if (!ok)
            break;
        if (!first) {
            buf_printf(&sql, " %.*s ", STR_ARG(word));
            buf_printf(&pg, " %.*s ", STR_ARG(word));
        }
        first = false;
        buf_add_str(&sql, e.sql);
        buf_add_str(&pg, e.pg);
    }
    buf_add_char(&sql, ')');
    buf_add_char(&pg, ')');
    *out = (struct expr){.type = *type_builtin(TYPE_BOOL)};
    out->sql = apply_take(x->a->tmp, &sql);
    out->pg = apply_take(x->a->tmp, &pg);
    return ok;
}

static bool
translate_null_test(struct expr_context *x, const struct json *body, struct expr *out)
{
    const char *test = pg_is(body, "nulltesttype", "IS_NOT_NULL") ? "IS NOT NULL" : "IS NULL";
    struct expr e;

    if (!expr_translate(x, pg_get(body, "arg"), &e))
        return false;
    *out = (struct expr){.type = *type_builtin(TYPE_BOOL)};
    out->sql = arena_printf(x->a->tmp, "(%.*s %s)", STR_ARG(e.sql), test);
    out->pg = arena_printf(x->a->tmp, "(%.*s %s)", STR_ARG(e.pg), test);
    return true;
}

static bool
translate_bool_test(struct expr_context *x, const struct json *body, struct expr *out)
{
    static const struct {
        const char *type;
        const char *sql;
        const char *pg;
    } tests[] = {
        {"IS_TRUE", "IS 1", "IS TRUE"},
        {"IS_NOT_TRUE", "IS NOT 1", "IS NOT TRUE"},
        {"IS_FALSE", "IS 0", "IS FALSE"},
        {"IS_NOT_FALSE", "IS NOT 0", "IS NOT FALSE"},
        {"IS_UNKNOWN", "IS NULL", "IS UNKNOWN"},
        {"IS_NOT_UNKNOWN", "IS NOT NULL", "IS NOT UNKNOWN"},
    };
    struct expr e;

    if (!expr_condition(x, pg_get(body, "arg"), "IS TRUE", &e))
        return false;
    for (size_t i = 0; i < COUNTOF(tests); i++) {
        if (!pg_is(body, "booltesttype", tests[i].type))
            continue;
        *out = (struct expr){.type = *type_builtin(TYPE_BOOL)};
        out->sql = arena_printf(x->a->tmp, "(%.*s %s)", STR_ARG(e.sql), tests[i].sql);
        out->pg = arena_printf(x->a->tmp, "(%.*s %s)", STR_ARG(e.pg), tests[i].pg);
        return true;
    }
    return apply_refuse(x->a, pg_location(body), "this test");
}

/* The arms of CASE: whens and thens in turn, the last one without a when. */
struct case_arms {
    struct expr *whens, *thens;
    uint32_t count; /* of whens; there is one more then */
};

static bool
translate_arms(struct expr_context *x, const struct json *body, const struct expr *subject,
               struct case_arms *arms)
{
    const struct json *otherwise = pg_get(body, "defresult");
    uint32_t n = 0;

    arms->count = pg_count(body, "args");
    arms->whens = ARENA_ARRAY(x->a->tmp, struct expr, arms->count);
    arms->thens = ARENA_ARRAY(x->a->tmp, struct expr, arms->count + 1);
    for (const struct json *node = pg_first(body, "args"); node != NULL; node = node->next, n++) {
        const struct json *when = pg_as(node, "CaseWhen");
        const struct json *test = pg_get(when, "expr");

        if (subject != NULL) {
            struct expr left = *subject;
            struct expr right;

            if (!expr_translate(x, test, &right) ||
                !expr_binary(x, STR("="), &left, &right, pg_location(when), &arms->whens[n]))
                return false;
        } else if (!expr_condition(x, test, "CASE/WHEN", &arms->whens[n])) {
            return false;
        }
        if (!expr_translate(x, pg_get(when, "result"), &arms->thens[n]))
            return false;
    }
    if (otherwise != NULL)
        return expr_translate(x, otherwise, &arms->thens[n]);
    expr_const(x->a, type_builtin(TYPE_UNKNOWN), &(struct value){.kind = VALUE_NULL},
               &arms->thens[n]);
    return true;
}

static bool
translate_case(struct expr_context *x, const struct json *body, struct expr *out)
{
    const struct json *arg = pg_get(body, "arg");
    struct case_arms arms = {0};
    struct str name;
    struct expr subject;
    struct type type;
    struct buf sql;
    struct buf pg;

    if ((arg != NULL && !expr_translate(x, arg, &subject)) ||
        !translate_arms(x, body, arg != NULL ? &subject : NULL, &arms))
        return false;
    name = arms.thens[arms.count].name;
    if (!expr_common(x, arms.thens, arms.count + 1, "CASE", pg_location(body), &type))
        return false;
    apply_buf(&sql);
    apply_buf(&pg);
    BUF_ADD_LIT(&sql, "CASE");
    BUF_ADD_LIT(&pg, "CASE");
    for (uint32_t i = 0; i < arms.count; i++) {
        buf_printf(&sql, " WHEN %.*s THEN %.*s", STR_ARG(arms.whens[i].sql),
                   STR_ARG(arms.thens[i].sql));
        buf_printf(&pg, " WHEN %.*s THEN %.*s", STR_ARG(arms.whens[i].pg),
                   STR_ARG(arms.thens[i].pg));
    }
    buf_printf(&sql, " ELSE %.*s END", STR_ARG(arms.thens[arms.count].sql));
    buf_printf(&pg, " ELSE %.*s END", STR_ARG(arms.thens[arms.count].pg));
    *out = (struct expr){.type = type, .name = name.len > 0 ? name : STR("case")};
    out->sql = apply_take(x->a->tmp, &sql);
    out->pg = apply_take(x->a->tmp, &pg);
    return true;
}

static bool
translate_coalesce(struct expr_context *x, const struct json *body, struct expr *out)
{
    struct expr *args = NULL;
    uint32_t count = 0;
    struct type type;
    struct buf sql;
    struct buf pg;

    if (!expr_list(x, pg_first(body, "args"), &args, &count) ||
        !expr_common(x, args, count, "COALESCE", pg_location(body), &type))
        return false;
    if (count == 1) {
        *out = args[0];
        out->name = STR("coalesce");
        return true;
    }
    apply_buf(&sql);
    apply_buf(&pg);
    for (uint32_t i = 0; i < count; i++) {
        buf_printf(&sql, "%s%.*s", i == 0 ? "coalesce(" : ", ", STR_ARG(args[i].sql));
        buf_printf(&pg, "%s%.*s", i == 0 ? "COALESCE(" : ", ", STR_ARG(args[i].pg));
    }
    buf_add_char(&sql, ')');
    buf_add_char(&pg, ')');
    *out = (struct expr){.type = type, .name = STR("coalesce")};
    out->sql = apply_take(x->a->tmp, &sql);
    out->pg = apply_take(x->a->tmp, &pg);
    return true;
}

/* GREATEST and LEAST ignore NULLs, SQLite's max() and min() do not. Each step names its operands
 * twice, so only a few are taken. */
static bool
translate_min_max(struct expr_context *x, const struct json *body, struct expr *out)
{
    bool greatest = !pg_is(body, "op", "IS_LEAST");
    const char *word = greatest ? "GREATEST" : "LEAST";
    struct expr *args = NULL;
    uint32_t count = 0;
    struct type type;
    struct str sql;
    struct str pg;

    if (!expr_list(x, pg_first(body, "args"), &args, &count) ||
        !expr_common(x, args, count, word, pg_location(body), &type))
        return false;
    if (count > 4 || type.id == TYPE_ENUM || type_is_json(&type))
        return apply_refuse(x->a, pg_location(body),
                            count > 4 ? "GREATEST and LEAST of more than four values"
                                      : "GREATEST and LEAST of values of this type");
    sql = args[0].sql;
    pg = arena_printf(x->a->tmp, "%s(%.*s", word, STR_ARG(args[0].pg));
    for (uint32_t i = 1; i < count; i++) {
        struct str next = args[i].sql;
        struct str collation = expr_collation(&type);

        sql = arena_printf(x->a->tmp,
                           "CASE WHEN (%.*s) IS NULL THEN %.*s WHEN (%.*s) IS NULL OR (%.*s)%.*s "
                           "%s (%.*s) THEN %.*s ELSE %.*s END",
                           STR_ARG(sql), STR_ARG(next), STR_ARG(next), STR_ARG(sql),
                           STR_ARG(collation), greatest ? ">=" : "<=", STR_ARG(next), STR_ARG(sql),
                           STR_ARG(next));
        pg = arena_printf(x->a->tmp, "%.*s, %.*s", STR_ARG(pg), STR_ARG(args[i].pg));
    }
    *out = (struct expr){
        .sql = arena_printf(x->a->tmp, "(%.*s)", STR_ARG(sql)),
        .pg = arena_printf(x->a->tmp, "%.*s)", STR_ARG(pg)),
        .type = type,
        .name = greatest ? STR("greatest") : STR("least"),
    };
    return true;
}

/* CURRENT_TIMESTAMP and its kin. */
static bool
translate_value_function(struct expr_context *x, const struct json *body, struct expr *out)
{
    static const struct {
        const char *op;
        const char *pg;
        enum type_id type;
        struct str name;
    } functions[] = {
        {"SVFOP_CURRENT_TIMESTAMP",
         "CURRENT_TIMESTAMP",
         TYPE_TIMESTAMPTZ,
         {"current_timestamp", 17}},
        {"SVFOP_CURRENT_DATE", "CURRENT_DATE", TYPE_DATE, {"current_date", 12}},
        {"SVFOP_LOCALTIMESTAMP", "LOCALTIMESTAMP", TYPE_TIMESTAMP, {"localtimestamp", 14}},
        {"SVFOP_LOCALTIME", "LOCALTIME", TYPE_TIME, {"localtime", 9}},
    };

    bool found = false;

    if (!caller_value_function(x, body, out, &found) || found)
        return found && out->sql.len > 0;
    if (x->immutable_only)
        return apply_fail(x->a, pg_location(body), "42P17", NULL, "%s can't use the current time",
                          x->place);
    for (size_t i = 0; i < COUNTOF(functions); i++) {
        const struct type *type = type_builtin(functions[i].type);

        if (!pg_is(body, "op", functions[i].op))
            continue;
        *out = (struct expr){
            .sql = STR("cairn_now()"),
            .type = *type_builtin(TYPE_TIMESTAMPTZ),
            .name = functions[i].name,
        };
        if (!expr_coerce(x, out, type, COERCE_EXPLICIT, pg_location(body)))
            return false;
        out->pg = str_from(functions[i].pg);
        return true;
    }
    return apply_refuse(x->a, pg_location(body), "this function");
}

/* --- subqueries ------------------------------------------------------------------------------- */

static bool
translate_scalar(struct expr_context *x, const struct query *query, size_t location,
                 struct expr *out)
{
    if (query->column_count != 1)
        return apply_fail(x->a, location, "42601", NULL, "subquery must return only one column");
    /* SQLite takes the first of several rows where PostgreSQL fails. A query that can't give
     * several is the same on both; of others nothing can be said here. */
    *out = (struct expr){
        .sql = arena_printf(x->a->tmp, "(%.*s)", STR_ARG(query->sql)),
        .pg = STR("(subquery)"),
        .type = query->columns[0].type,
        .name = query->columns[0].name,
    };
    return true;
}

static bool
translate_in_query(struct expr_context *x, const struct json *body, struct query *query,
                   struct expr *out)
{
    const struct json *op = pg_first(body, "operName");
    struct expr left;
    struct expr right;

    if (!expr_translate(x, pg_get(body, "testexpr"), &left))
        return false;
    if (query->column_count != 1)
        return apply_fail(x->a, pg_location(body), "42601", NULL, "subquery has too many columns");
    if (op != NULL && !str_eq(pg_last_string(body, "operName"), STR("=")))
        return apply_refuse(x->a, pg_location(body), "ANY of a subquery with this operator");
    right = query->columns[0];
    if (!expr_comparable(x, &left, &right, STR("="), pg_location(body)))
        return false;
    if (!str_eq(right.sql, query->columns[0].sql))
        return apply_fail(x->a, pg_location(body), "0A000", "cast the subquery's column",
                          "the types of IN's two sides differ");
    *out = (struct expr){.type = *type_builtin(TYPE_BOOL), .pg = STR("(subquery)")};
    out->sql = arena_printf(x->a->tmp, "(%.*s%.*s IN (%.*s))", STR_ARG(left.sql),
                            STR_ARG(expr_collation(&left.type)), STR_ARG(query->sql));
    return true;
}

static bool
translate_sublink(struct expr_context *x, const struct json *body, struct expr *out)
{
    struct str kind = pg_str(body, "subLinkType");
    struct query query = {0};
    bool ok;

    if (!x->allow_query)
        return apply_fail(x->a, pg_location(body), "0A000", NULL, "cannot use subquery in %s",
                          x->place);
    x->allow_empty = str_eq(kind, STR("EXISTS_SUBLINK"));
    ok = query_translate(x, pg_as(pg_get(body, "subselect"), "SelectStmt"), &query);
    x->allow_empty = false;
    if (!ok)
        return false;
    if (str_eq(kind, STR("EXISTS_SUBLINK"))) {
        *out = (struct expr){.type = *type_builtin(TYPE_BOOL), .name = STR("exists")};
        out->sql = arena_printf(x->a->tmp, "EXISTS (%.*s)", STR_ARG(query.sql));
        out->pg = STR("(subquery)");
        return true;
    }
    if (str_eq(kind, STR("EXPR_SUBLINK")))
        return translate_scalar(x, &query, pg_location(body), out);
    if (str_eq(kind, STR("ANY_SUBLINK")))
        return translate_in_query(x, body, &query, out);
    return apply_refuse(x->a, pg_location(body), "this kind of subquery");
}

static bool
translate_collate(struct expr_context *x, const struct json *body, struct expr *out)
{
    struct str name = pg_last_string(body, "collname");

    if (!str_eq(name, STR("C")) && !str_eq(name, STR("POSIX")) && !str_eq(name, STR("default")))
        return apply_fail(x->a, pg_location(body), "0A000", HINT_POSTGRES,
                          "the embedded engine compares text by its bytes and has no collation "
                          "\"%.*s\"",
                          STR_ARG(name));
    return expr_translate(x, pg_get(body, "arg"), out);
}

/* --- dispatch --------------------------------------------------------------------------------- */

static const struct {
    const char *kind;
    bool (*translate)(struct expr_context *x, const struct json *body, struct expr *out);
} nodes[] = {
    {"A_Const", translate_const},        {"ColumnRef", expr_column_ref},
    {"TypeCast", translate_cast},        {"FuncCall", expr_function},
    {"A_Expr", expr_operator},           {"BoolExpr", translate_bool},
    {"NullTest", translate_null_test},   {"BooleanTest", translate_bool_test},
    {"CaseExpr", translate_case},        {"CoalesceExpr", translate_coalesce},
    {"MinMaxExpr", translate_min_max},   {"SQLValueFunction", translate_value_function},
    {"SubLink", translate_sublink},      {"CollateClause", translate_collate},
    {"ParamRef", expr_parameter_ref},    {"A_ArrayExpr", expr_array},
    {"A_Indirection", expr_indirection},
};

bool
expr_translate(struct expr_context *x, const struct json *node, struct expr *out)
{
    struct str kind = pg_kind(node);
    uint32_t ungrouped = x->grouping != NULL ? x->grouping->ungrouped : 0;
    bool ok = false;

    *out = (struct expr){0};
    if (x->depth >= MAX_DEPTH)
        return apply_fail(x->a, pg_location(pg_body(node)), "54001", "split the expression",
                          "it is nested too deeply");
    if (arena_is_exhausted(x->a->tmp))
        return apply_fail(x->a, SIZE_MAX, "54000", "split the expression", "it is too large");
    for (size_t i = 0; i < COUNTOF(nodes); i++) {
        if (!str_eq(kind, str_from(nodes[i].kind)))
            continue;
        x->depth++;
        ok = nodes[i].translate(x, pg_body(node), out);
        x->depth--;
        /* Columns inside of what is grouped by are grouped. */
        if (ok && x->grouping != NULL && expr_is_grouped(x->grouping, out->sql))
            x->grouping->ungrouped = ungrouped;
        /* Some translations name an operand twice. */
        if (ok && (out->sql.len > MAX_TEXT || out->pg.len > MAX_TEXT))
            return apply_fail(x->a, pg_location(pg_body(node)), "54001", "split the expression",
                              "it is too large");
        return ok;
    }
    return apply_refuse(x->a, pg_location(pg_body(node)), "this kind of expression");
}

bool
expr_condition(struct expr_context *x, const struct json *node, const char *clause,
               struct expr *out)
{
    const struct type *boolean = type_builtin(TYPE_BOOL);

    if (!expr_translate(x, node, out))
        return false;
    if (out->type.id == TYPE_BOOL || out->type.id == TYPE_UNKNOWN)
        return expr_coerce(x, out, boolean, COERCE_IMPLICIT, pg_location(pg_body(node)));
    return apply_fail(x->a, pg_location(pg_body(node)), "42804", NULL,
                      "argument of %s must be type boolean, not type %.*s", clause,
                      STR_ARG(out->type.name));
}
