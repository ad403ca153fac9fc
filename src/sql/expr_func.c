/* SPDX-License-Identifier: Apache-2.0 */
/* Functions. Source: PostgreSQL 15, chapter 9. */
#include "sql/expr.h"
#include "sql/quote.h"

/*
 * A row for each function and argument types; $1 ... $4 in the text are the arguments. Letters of
 * args: t text, h smallint, i integer, I bigint, n numeric, r real, f double precision, d date, s
 * timestamp, z timestamptz, b boolean, x bytea, j json, J jsonb, u uuid, v tsvector.
 */
enum volatility { IMMUTABLE, STABLE, VOLATILE };

struct function {
    const char *name;
    const char *args;
    enum type_id result;
    const char *sql;
    enum volatility volatility;
};

static const struct function functions[] = {
    /* time */
    {"now", "", TYPE_TIMESTAMPTZ, "cairn_now()", STABLE},
    {"transaction_timestamp", "", TYPE_TIMESTAMPTZ, "cairn_now()", STABLE},
    {"statement_timestamp", "", TYPE_TIMESTAMPTZ, "cairn_now()", STABLE},
    {"clock_timestamp", "", TYPE_TIMESTAMPTZ, "cairn_clock()", VOLATILE},
    {"date_trunc", "ts", TYPE_TIMESTAMP, "cairn_date_trunc($1, $2, 'timestamp without time zone')",
     IMMUTABLE},
    {"date_trunc", "tz", TYPE_TIMESTAMPTZ, "cairn_date_trunc($1, $2, 'timestamp with time zone')",
     STABLE},
    {"extract", "td", TYPE_NUMERIC, "cairn_extract($1, $2, 'date')", IMMUTABLE},
    {"extract", "ts", TYPE_NUMERIC, "cairn_extract($1, $2, 'timestamp without time zone')",
     IMMUTABLE},
    {"extract", "tz", TYPE_NUMERIC, "cairn_extract($1, $2, 'timestamp with time zone')", STABLE},
    {"date_part", "td", TYPE_FLOAT8, "CAST(cairn_extract($1, $2, 'date') AS REAL)", IMMUTABLE},
    {"date_part", "ts", TYPE_FLOAT8,
     "CAST(cairn_extract($1, $2, 'timestamp without time zone') AS REAL)", IMMUTABLE},
    {"date_part", "tz", TYPE_FLOAT8,
     "CAST(cairn_extract($1, $2, 'timestamp with time zone') AS REAL)", STABLE},
    /* keys */
    {"gen_random_uuid", "", TYPE_UUID, "cairn_uuid()", VOLATILE},
    {"uuid_generate_v4", "", TYPE_UUID, "cairn_uuid()", VOLATILE},
    {"random", "", TYPE_FLOAT8, "((random() & 9007199254740991) / 9007199254740992.0)", VOLATILE},
    /* text */
    {"lower", "t", TYPE_TEXT, "cairn_lower($1)", IMMUTABLE},
    {"upper", "t", TYPE_TEXT, "cairn_upper($1)", IMMUTABLE},
    {"initcap", "t", TYPE_TEXT, "cairn_initcap($1)", IMMUTABLE},
    {"length", "t", TYPE_INT4, "length($1)", IMMUTABLE},
    {"length", "x", TYPE_INT4, "length($1)", IMMUTABLE},
    {"char_length", "t", TYPE_INT4, "length($1)", IMMUTABLE},
    {"character_length", "t", TYPE_INT4, "length($1)", IMMUTABLE},
    {"length", "v", TYPE_INT4, "cairn_tslength($1)", IMMUTABLE},
    {"strip", "v", TYPE_TSVECTOR, "cairn_tsstrip($1)", IMMUTABLE},
    {"octet_length", "t", TYPE_INT4, "length(CAST($1 AS BLOB))", IMMUTABLE},
    {"octet_length", "x", TYPE_INT4, "length($1)", IMMUTABLE},
    {"btrim", "t", TYPE_TEXT, "trim($1)", IMMUTABLE},
    {"btrim", "tt", TYPE_TEXT, "trim($1, $2)", IMMUTABLE},
    {"ltrim", "t", TYPE_TEXT, "ltrim($1)", IMMUTABLE},
    {"ltrim", "tt", TYPE_TEXT, "ltrim($1, $2)", IMMUTABLE},
    {"rtrim", "t", TYPE_TEXT, "rtrim($1)", IMMUTABLE},
    {"rtrim", "tt", TYPE_TEXT, "rtrim($1, $2)", IMMUTABLE},
    {"substring", "ti", TYPE_TEXT, "cairn_substr($1, $2)", IMMUTABLE},
    {"substring", "tii", TYPE_TEXT, "cairn_substr($1, $2, $3)", IMMUTABLE},
    {"substr", "ti", TYPE_TEXT, "cairn_substr($1, $2)", IMMUTABLE},
    {"substr", "tii", TYPE_TEXT, "cairn_substr($1, $2, $3)", IMMUTABLE},
    {"replace", "ttt", TYPE_TEXT, "replace($1, $2, $3)", IMMUTABLE},
    {"position", "tt", TYPE_INT4, "instr($1, $2)", IMMUTABLE},
    {"strpos", "tt", TYPE_INT4, "instr($1, $2)", IMMUTABLE},
    {"left", "ti", TYPE_TEXT, "cairn_left($1, $2)", IMMUTABLE},
    {"right", "ti", TYPE_TEXT, "cairn_right($1, $2)", IMMUTABLE},
    {"lpad", "ti", TYPE_TEXT, "cairn_lpad($1, $2, ' ')", IMMUTABLE},
    {"lpad", "tit", TYPE_TEXT, "cairn_lpad($1, $2, $3)", IMMUTABLE},
    {"rpad", "ti", TYPE_TEXT, "cairn_rpad($1, $2, ' ')", IMMUTABLE},
    {"rpad", "tit", TYPE_TEXT, "cairn_rpad($1, $2, $3)", IMMUTABLE},
    {"split_part", "tti", TYPE_TEXT, "cairn_split_part($1, $2, $3)", IMMUTABLE},
    {"reverse", "t", TYPE_TEXT, "cairn_reverse($1)", IMMUTABLE},
    {"repeat", "ti", TYPE_TEXT, "cairn_repeat($1, $2)", IMMUTABLE},
    {"md5", "t", TYPE_TEXT, "cairn_md5($1)", IMMUTABLE},
    {"starts_with", "tt", TYPE_BOOL, "(substr($1, 1, length($2)) = $2)", IMMUTABLE},
    /* numbers */
    {"abs", "h", TYPE_INT2, "cairn_int_abs($1, 2)", IMMUTABLE},
    {"abs", "i", TYPE_INT4, "cairn_int_abs($1, 4)", IMMUTABLE},
    {"abs", "I", TYPE_INT8, "cairn_int_abs($1, 8)", IMMUTABLE},
    {"abs", "n", TYPE_NUMERIC, "cairn_num_abs($1)", IMMUTABLE},
    {"abs", "r", TYPE_FLOAT4, "abs($1)", IMMUTABLE},
    {"abs", "f", TYPE_FLOAT8, "abs($1)", IMMUTABLE},
    {"mod", "ii", TYPE_INT4, "cairn_int_mod($1, $2, 4)", IMMUTABLE},
    {"mod", "II", TYPE_INT8, "cairn_int_mod($1, $2, 8)", IMMUTABLE},
    {"mod", "nn", TYPE_NUMERIC, "cairn_num_mod($1, $2)", IMMUTABLE},
    /* Half to even, as rint() does. */
    {"round", "f", TYPE_FLOAT8,
     "CASE WHEN abs($1 - trunc($1)) = 0.5 THEN 2.0 * round($1 / 2.0) ELSE round($1) END",
     IMMUTABLE},
    {"round", "n", TYPE_NUMERIC, "cairn_num_round($1, 0)", IMMUTABLE},
    {"round", "ni", TYPE_NUMERIC, "cairn_num_round($1, $2)", IMMUTABLE},
    {"trunc", "n", TYPE_NUMERIC, "cairn_num_trunc($1, 0)", IMMUTABLE},
    {"trunc", "ni", TYPE_NUMERIC, "cairn_num_trunc($1, $2)", IMMUTABLE},
    {"trunc", "f", TYPE_FLOAT8, "trunc($1)", IMMUTABLE},
    {"ceil", "n", TYPE_NUMERIC, "cairn_num_ceil($1)", IMMUTABLE},
    {"ceil", "f", TYPE_FLOAT8, "ceil($1)", IMMUTABLE},
    {"ceiling", "n", TYPE_NUMERIC, "cairn_num_ceil($1)", IMMUTABLE},
    {"ceiling", "f", TYPE_FLOAT8, "ceil($1)", IMMUTABLE},
    {"floor", "n", TYPE_NUMERIC, "cairn_num_floor($1)", IMMUTABLE},
    {"floor", "f", TYPE_FLOAT8, "floor($1)", IMMUTABLE},
    {"sign", "n", TYPE_NUMERIC, "cairn_num_sign($1)", IMMUTABLE},
};

/* --- choosing the row ------------------------------------------------------------------------- */

static enum type_id
letter_type(char letter)
{
    static const enum type_id types[] = {
        ['t'] = TYPE_TEXT,        ['h'] = TYPE_INT2,    ['i'] = TYPE_INT4,
        ['I'] = TYPE_INT8,        ['n'] = TYPE_NUMERIC, ['r'] = TYPE_FLOAT4,
        ['f'] = TYPE_FLOAT8,      ['d'] = TYPE_DATE,    ['s'] = TYPE_TIMESTAMP,
        ['z'] = TYPE_TIMESTAMPTZ, ['b'] = TYPE_BOOL,    ['x'] = TYPE_BYTEA,
        ['j'] = TYPE_JSON,        ['J'] = TYPE_JSONB,   ['u'] = TYPE_UUID,
        ['v'] = TYPE_TSVECTOR,
    };

    return types[(unsigned char)letter];
}

/* How well the arguments fit: -1 not at all; arguments that have exactly the type count most, then
 * those that convert to the preferred type of their kind. */
static int
fit(const struct function *function, const struct expr *args, uint32_t count)
{
    int score = 0;

    if (strlen(function->args) != count)
        return -1;
    for (uint32_t i = 0; i < count; i++) {
        const struct type *to = type_builtin(letter_type(function->args[i]));

        if (!expr_can_coerce(&args[i].type, to, COERCE_IMPLICIT))
            return -1;
        if (args[i].type.id == to->id)
            score += 16;
        else if (to->id == TYPE_FLOAT8 || to->id == TYPE_TEXT || to->id == TYPE_TIMESTAMPTZ)
            score++;
    }
    return score;
}

static const struct function *
choose(struct str name, const struct expr *args, uint32_t count, bool *known)
{
    const struct function *best = NULL;
    int best_fit = -1;

    *known = false;
    for (size_t i = 0; i < COUNTOF(functions); i++) {
        int f;

        if (!str_eq(name, str_from(functions[i].name)))
            continue;
        *known = true;
        f = fit(&functions[i], args, count);
        if (f > best_fit) {
            best = &functions[i];
            best_fit = f;
        }
    }
    return best;
}

static struct str
fill_template(struct expr_context *x, const char *sql, const struct expr *args)
{
    struct buf out;

    apply_buf(&out);
    for (const char *c = sql; *c != '\0'; c++) {
        if (*c == '$' && c[1] >= '1' && c[1] <= '9') {
            buf_add_str(&out, args[c[1] - '1'].sql);
            c++;
        } else {
            buf_add_char(&out, *c);
        }
    }
    return apply_take(x->a->tmp, &out);
}

/* name(arg, arg) as PostgreSQL prints it. */
static struct str
write_call(struct expr_context *x, struct str name, const struct expr *args, uint32_t count)
{
    struct buf out;

    apply_buf(&out);
    quote_ident_short(&out, name);
    buf_add_char(&out, '(');
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            BUF_ADD_LIT(&out, ", ");
        buf_add_str(&out, expr_pg_operand(x, &args[i]));
    }
    buf_add_char(&out, ')');
    return apply_take(x->a->tmp, &out);
}

static bool
fail_unknown(struct expr_context *x, struct str name, const struct expr *args, uint32_t count,
             bool known, size_t location)
{
    struct buf types;
    struct str shown;

    apply_buf(&types);
    for (uint32_t i = 0; i < count; i++)
        buf_printf(&types, "%s%.*s", i > 0 ? ", " : "", STR_ARG(args[i].type.name));
    shown = apply_take(x->a->tmp, &types);
    return apply_fail(
        x->a, location, known ? "42883" : "0A000",
        known ? "cast the arguments, or set database.url for PostgreSQL" : HINT_POSTGRES,
        "the embedded engine has no function %.*s(%.*s)", STR_ARG(name), STR_ARG(shown));
}

/* --- functions with rules of their own -------------------------------------------------------- */

static const struct json *
without_regclass(const struct json *node)
{
    const struct json *cast = pg_as(node, "TypeCast");

    if (cast != NULL && str_eq(pg_last_string(pg_get(cast, "typeName"), "names"), STR("regclass")))
        return pg_get(cast, "arg");
    return node;
}

/* The text of a regclass is a name with SQL's quoting: the parser reads it. */
static struct name
read_regclass(struct apply *a, struct str text)
{
    struct pgtree_error error;
    struct pgtree tree;
    struct pgtree_statement statement;
    const struct json *next = NULL;
    const struct json *target;

    if (text.len > 512 ||
        !pgtree_parse(arena_printf(a->tmp, "TABLE %.*s", STR_ARG(text)), a->tmp, &tree, &error) ||
        !pgtree_next(&tree, &next, &statement))
        return (struct name){0};
    target = pg_first(pg_as(statement.node, "SelectStmt"), "fromClause");
    return apply_range_name(pg_as(target, "RangeVar"));
}

bool
expr_sequence(struct expr_context *x, const struct json *node, struct str *out)
{
    const struct json *literal = pg_as(without_regclass(node), "A_Const");
    struct pg_const c = pg_const(&x->a->tree, literal);
    const struct model_sequence *sequence = NULL;
    struct name name;

    if (literal == NULL || c.kind != PG_STRING)
        return apply_refuse(x->a, pg_location(pg_body(node)),
                            "a sequence that is not named by a literal");
    name = read_regclass(x->a, c.text);
    if (name.name.len > 0)
        sequence = apply_lookup_sequence(x->a, name);
    if (sequence == NULL)
        return apply_fail(x->a, pg_location(literal), "42P01", NULL,
                          "relation \"%.*s\" does not exist", STR_ARG(c.text));
    *out = apply_full_name(x->a->tmp, sequence->schema, sequence->name);
    return true;
}

static bool
call_nextval(struct expr_context *x, const struct json *body, struct str name, struct expr *out)
{
    const struct json *arg = pg_first(body, "args");
    struct str shown = pg_const(&x->a->tree, pg_as(without_regclass(arg), "A_Const")).text;
    struct str sequence = STR_NULL;
    struct buf sql;

    if (pg_count(body, "args") != 1)
        return apply_refuse(x->a, pg_location(body), "this call");
    if (x->immutable_only)
        return apply_fail(x->a, pg_location(body), "42P17", NULL, "%s can't use a sequence",
                          x->place);
    if (!expr_sequence(x, arg, &sequence))
        return false;
    x->sequence = sequence;
    apply_buf(&sql);
    buf_printf(&sql, "cairn_%.*s(", STR_ARG(name));
    quote_text(&sql, sequence);
    buf_add_char(&sql, ')');
    *out = (struct expr){.type = *type_builtin(TYPE_INT8), .name = name};
    out->sql = apply_take(x->a->tmp, &sql);
    /* public is not shown: a dump and the catalogs of PostgreSQL name the same sequence. */
    if (str_has_prefix(shown, STR("public.")))
        shown = str_slice(shown, 7, shown.len);
    apply_buf(&sql);
    buf_printf(&sql, "%.*s(", STR_ARG(name));
    quote_text(&sql, shown);
    BUF_ADD_LIT(&sql, "::regclass)");
    out->pg = apply_take(x->a->tmp, &sql);
    return true;
}

/* concat() and concat_ws() take values of any type, and pass over NULL as SQLite's do. */
static bool
call_concat(struct expr_context *x, const struct json *body, struct str name, struct expr *out)
{
    struct expr *args = NULL;
    uint32_t count = 0;
    struct buf sql;

    if (!expr_list(x, pg_first(body, "args"), &args, &count))
        return false;
    if (x->immutable_only)
        return apply_fail(x->a, pg_location(body), "42P17", "use ||", "%s can't use %.*s()",
                          x->place, STR_ARG(name));
    if (count < (str_eq(name, STR("concat_ws")) ? 2 : 1))
        return fail_unknown(x, name, args, count, true, pg_location(body));
    *out = (struct expr){.type = *type_builtin(TYPE_TEXT), .name = name};
    out->pg = write_call(x, name, args, count);
    apply_buf(&sql);
    buf_printf(&sql, "%.*s(", STR_ARG(name));
    for (uint32_t i = 0; i < count; i++) {
        /* By its output function, which is not the cast. */
        if (args[i].type.id == TYPE_BOOL) {
            buf_printf(&sql, "%sCASE %.*s WHEN 1 THEN 't' WHEN 0 THEN 'f' END", i > 0 ? ", " : "",
                       STR_ARG(args[i].sql));
            continue;
        }
        if (!expr_coerce(x, &args[i], type_builtin(TYPE_TEXT), COERCE_ASSIGN, pg_location(body))) {
            buf_fini(&sql);
            return false;
        }
        buf_printf(&sql, "%s%.*s", i > 0 ? ", " : "", STR_ARG(args[i].sql));
    }
    buf_add_char(&sql, ')');
    out->sql = apply_take(x->a->tmp, &sql);
    return true;
}

/* AT TIME ZONE 'UTC', in either direction: the only zone that the embedded engine has. */
static bool
call_timezone(struct expr_context *x, const struct json *body, struct str name, struct expr *out)
{
    struct expr *args = NULL;
    uint32_t count = 0;
    enum type_id to;

    if (!expr_list(x, pg_first(body, "args"), &args, &count))
        return false;
    if (count != 2 || !args[0].is_const || args[0].value.kind != VALUE_TEXT ||
        !str_eq_nocase(args[0].value.s, STR("utc")))
        return apply_refuse(x->a, pg_location(body), "time zones other than UTC");
    if (args[1].type.id == TYPE_DATE && !expr_coerce(x, &args[1], type_builtin(TYPE_TIMESTAMPTZ),
                                                     COERCE_IMPLICIT, pg_location(body)))
        return false;
    to = args[1].type.id == TYPE_TIMESTAMP ? TYPE_TIMESTAMPTZ : TYPE_TIMESTAMP;
    if (args[1].type.id != TYPE_TIMESTAMP && args[1].type.id != TYPE_TIMESTAMPTZ)
        return fail_unknown(x, name, args, count, true, pg_location(body));
    *out = (struct expr){.type = *type_builtin(to), .name = STR("timezone")};
    out->sql = arena_printf(x->a->tmp, "cairn_cast(%.*s, '%.*s', '%.*s')", STR_ARG(args[1].sql),
                            STR_ARG(args[1].type.name), STR_ARG(out->type.name));
    out->pg = arena_printf(x->a->tmp, "(%.*s AT TIME ZONE %.*s)", STR_ARG(args[1].pg),
                           STR_ARG(args[0].pg));
    return true;
}

/* LIKE ... ESCAPE: the pattern with its escape character made a backslash. */
static bool
call_like_escape(struct expr_context *x, const struct json *body, struct str name, struct expr *out)
{
    struct expr *args = NULL;
    uint32_t count = 0;
    struct buf pattern;
    struct value value = {.kind = VALUE_TEXT};

    (void)name;
    if (!expr_list(x, pg_first(body, "args"), &args, &count))
        return false;
    if (count != 2 || !args[0].is_const || !args[1].is_const || args[0].value.kind != VALUE_TEXT ||
        args[1].value.kind != VALUE_TEXT || args[1].value.s.len > 1)
        return apply_refuse(x->a, pg_location(body),
                            "LIKE ... ESCAPE with other than a literal pattern and one letter");
    apply_buf(&pattern);
    for (size_t i = 0; i < args[0].value.s.len; i++) {
        char c = args[0].value.s.data[i];

        if (args[1].value.s.len == 1 && c == args[1].value.s.data[0]) {
            buf_add_char(&pattern, '\\');
            if (++i < args[0].value.s.len)
                buf_add_char(&pattern, args[0].value.s.data[i]);
            continue;
        }
        if (c == '\\')
            buf_add_char(&pattern, '\\');
        buf_add_char(&pattern, c);
    }
    value.s = apply_take(x->a->tmp, &pattern);
    expr_const(x->a, type_builtin(TYPE_TEXT), &value, out);
    return true;
}

static const struct {
    const char *name;
    bool (*call)(struct expr_context *x, const struct json *body, struct str name,
                 struct expr *out);
} specials[] = {
    {"nextval", call_nextval},
    {"currval", call_nextval},
    {"concat", call_concat},
    {"concat_ws", call_concat},
    {"timezone", call_timezone},
    {"like_escape", call_like_escape},
    {"current_setting", caller_current_setting},
    {"set_config", caller_set_config},
};

/* --- calls ------------------------------------------------------------------------------------ */

static bool
call_plain(struct expr_context *x, const struct json *body, struct str name, struct expr *out)
{
    const struct function *function;
    struct expr *args = NULL;
    uint32_t count = 0;
    bool known = false;
    struct str shown;

    if (!expr_list(x, pg_first(body, "args"), &args, &count))
        return false;
    function = choose(name, args, count, &known);
    if (function == NULL)
        return fail_unknown(x, name, args, count, known, pg_location(body));
    if (x->immutable_only && function->volatility != IMMUTABLE)
        return apply_fail(x->a, pg_location(body), "42P17", NULL,
                          "%s can't use %.*s(), whose result changes", x->place, STR_ARG(name));
    shown = write_call(x, name, args, count);
    for (uint32_t i = 0; i < count; i++) {
        if (!expr_coerce(x, &args[i], type_builtin(letter_type(function->args[i])), COERCE_IMPLICIT,
                         pg_location(body)))
            return false;
    }
    *out = (struct expr){.type = *type_builtin(function->result), .name = name, .pg = shown};
    out->sql = fill_template(x, function->sql, args);
    return true;
}

static bool
is_builtin(struct str name)
{
    for (size_t i = 0; i < COUNTOF(functions); i++) {
        if (str_eq(name, str_from(functions[i].name)))
            return true;
    }
    return false;
}

bool
expr_function(struct expr_context *x, const struct json *body, struct expr *out)
{
    struct name name = apply_list_name(pg_first(body, "funcname"));
    size_t at = pg_location(body);
    bool found = false;

    if (str_eq(name.schema, STR("auth")))
        return caller_auth_function(x, body, name.name, out);
    if (name.schema.len > 0 && !str_eq(name.schema, STR("pg_catalog"))) {
        if (!function_call(x, body, &found, out))
            return false;
        if (found)
            return true;
    }
    if (name.schema.len > 0 && !str_eq(name.schema, STR("pg_catalog")) &&
        !str_eq(name.schema, STR("public")) && !str_eq(name.schema, STR("extensions")))
        return apply_fail(x->a, at, "0A000", HINT_POSTGRES,
                          "the embedded engine has no function %.*s.%.*s()", STR_ARG(name.schema),
                          STR_ARG(name.name));
    if (pg_bool(body, "func_variadic") || pg_bool(body, "agg_within_group"))
        return apply_refuse(x->a, at, "VARIADIC and WITHIN GROUP");
    if (search_is_function(name.name))
        return search_function(x, body, name.name, out);
    if (aggregate_is_known(name.name))
        return aggregate_translate(x, body, name.name, out);
    if (pg_get(body, "over") != NULL || pg_bool(body, "agg_star") ||
        pg_bool(body, "agg_distinct") || pg_count(body, "agg_order") > 0 ||
        pg_get(body, "agg_filter") != NULL)
        return apply_fail(x->a, at, "0A000", HINT_POSTGRES,
                          "the embedded engine has no aggregate or window function %.*s()",
                          STR_ARG(name.name));
    for (size_t i = 0; i < COUNTOF(specials); i++) {
        if (str_eq(name.name, str_from(specials[i].name)))
            return specials[i].call(x, body, name.name, out);
    }
    /* The built-in ones come first, as pg_catalog does in the search path. */
    if (!is_builtin(name.name) && !function_call(x, body, &found, out))
        return false;
    return found || call_plain(x, body, name.name, out);
}
