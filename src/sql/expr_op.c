/* SPDX-License-Identifier: Apache-2.0 */
/* Operators. Source: PostgreSQL 15, chapters 9 and 10.2. */
#include "sql/expr.h"
#include "sql/quote.h"

static bool
is_float(const struct type *type)
{
    return type->id == TYPE_FLOAT4 || type->id == TYPE_FLOAT8;
}

static bool
is_number(const struct type *type)
{
    return type_is_int(type) || is_float(type) || type->id == TYPE_NUMERIC;
}

static bool
is_time(const struct type *type)
{
    return type->id == TYPE_DATE || type->id == TYPE_TIMESTAMP || type->id == TYPE_TIMESTAMPTZ;
}

static bool
no_operator(struct expr_context *x, struct str op, const struct expr *left,
            const struct expr *right, size_t location)
{
    return apply_fail(x->a, location, "0A000", HINT_POSTGRES,
                      "the embedded engine has no operator %.*s %.*s %.*s",
                      STR_ARG(left->type.name), STR_ARG(op), STR_ARG(right->type.name));
}

/* PostgreSQL prints varchar operands with the cast to text that the operator needs. */
struct str
expr_pg_operand(struct expr_context *x, const struct expr *e)
{
    if (e->type.id == TYPE_VARCHAR && !e->is_const)
        return arena_printf(x->a->tmp, "(%.*s)::text", STR_ARG(e->pg));
    return e->pg;
}

static void
set_result(struct expr_context *x, struct expr *out, enum type_id type, struct str sql,
           struct str op, const struct expr *left, const struct expr *right)
{
    struct str pg_left = expr_pg_operand(x, left);
    struct str pg_right = expr_pg_operand(x, right);

    *out = (struct expr){.sql = sql, .type = *type_builtin(type)};
    out->pg = arena_printf(x->a->tmp, "(%.*s %.*s %.*s)", STR_ARG(pg_left), STR_ARG(op),
                           STR_ARG(pg_right));
}

/* --- comparison ------------------------------------------------------------------------------- */

static int
number_rank(const struct type *type)
{
    return type_is_int(type) ? 1 : type->id == TYPE_NUMERIC ? 2 : 3;
}

bool
expr_comparable(struct expr_context *x, struct expr *left, struct expr *right, struct str op,
                size_t location)
{
    struct type to = left->type.id == TYPE_UNKNOWN ? right->type : left->type;

    if (to.id == TYPE_UNKNOWN)
        to = *type_builtin(TYPE_TEXT);
    /* A literal takes the other's type without its length. */
    if (to.id != TYPE_ENUM && to.id != TYPE_ARRAY)
        to = *type_builtin(to.id);
    if (is_number(&left->type) && is_number(&right->type)) {
        int rank = number_rank(&left->type);

        if (rank == number_rank(&right->type) && rank != 3)
            return true;
        rank = number_rank(&right->type) > rank ? number_rank(&right->type) : rank;
        to = *type_builtin(rank == 2 ? TYPE_NUMERIC : TYPE_FLOAT8);
    } else if (type_is_text(&left->type) && type_is_text(&right->type)) {
        if (left->type.id == TYPE_BPCHAR && right->type.id == TYPE_BPCHAR)
            return true;
        to = *type_builtin(TYPE_TEXT);
    } else if (is_time(&left->type) && is_time(&right->type)) {
        if (!expr_can_coerce(&left->type, &right->type, COERCE_IMPLICIT))
            to = left->type;
        else
            to = right->type;
    } else if (left->type.id != TYPE_UNKNOWN && right->type.id != TYPE_UNKNOWN &&
               (left->type.id != right->type.id ||
                ((left->type.id == TYPE_ENUM || left->type.id == TYPE_ARRAY) &&
                 !str_eq(left->type.name, right->type.name)))) {
        return apply_fail(x->a, location, "42883", "cast one of them",
                          "operator does not exist: %.*s %.*s %.*s", STR_ARG(left->type.name),
                          STR_ARG(op), STR_ARG(right->type.name));
    }
    return expr_coerce(x, left, &to, COERCE_IMPLICIT, location) &&
           expr_coerce(x, right, &to, COERCE_IMPLICIT, location);
}

bool
expr_has_labels(const struct type *type)
{
    return type->id == TYPE_ENUM || (type->id == TYPE_ARRAY && type->elem->id == TYPE_ENUM);
}

struct str
expr_enum_position(struct expr_context *x, const struct expr *e)
{
    struct buf out;

    apply_buf(&out);
    if (e->type.id == TYPE_ARRAY) {
        buf_printf(&out, "cairn_enum_places(%.*s", STR_ARG(e->sql));
        for (uint32_t i = 0; i < e->type.elem->label_count; i++) {
            BUF_ADD_LIT(&out, ", ");
            quote_text(&out, e->type.elem->labels[i]);
        }
        buf_add_char(&out, ')');
        return apply_take(x->a->tmp, &out);
    }
    buf_printf(&out, "CASE %.*s", STR_ARG(e->sql));
    for (uint32_t i = 0; i < e->type.label_count; i++) {
        BUF_ADD_LIT(&out, " WHEN ");
        quote_text(&out, e->type.labels[i]);
        buf_printf(&out, " THEN %u", i);
    }
    BUF_ADD_LIT(&out, " END");
    return apply_take(x->a->tmp, &out);
}

static bool
compare(struct expr_context *x, struct str op, struct expr *left, struct expr *right,
        size_t location, struct expr *out)
{
    bool ordering = !str_eq(op, STR("=")) && !str_eq(op, STR("<>"));
    struct str a;
    struct str b;
    struct str collation;

    if (!expr_comparable(x, left, right, op, location))
        return false;
    if (left->type.id == TYPE_JSON || (left->type.id == TYPE_JSONB && ordering))
        return no_operator(x, op, left, right, location);
    a = left->sql;
    b = right->sql;
    if (expr_has_labels(&left->type) && ordering) {
        a = expr_enum_position(x, left);
        b = expr_enum_position(x, right);
    }
    collation = expr_collation(&left->type);
    /* The collation that a char column was declared with is not that of text. */
    if (type_is_text(&left->type) && (left->is_column || right->is_column) && collation.len == 0)
        collation = STR(" COLLATE BINARY");
    set_result(x, out, TYPE_BOOL,
               arena_printf(x->a->tmp, "(%.*s%.*s %.*s %.*s)", STR_ARG(a), STR_ARG(collation),
                            STR_ARG(op), STR_ARG(b)),
               op, left, right);
    return true;
}

/* --- arithmetic ------------------------------------------------------------------------------- */

static const struct {
    const char *op;
    const char *name;
} arithmetic[] = {{"+", "add"}, {"-", "sub"}, {"*", "mul"}, {"/", "div"}, {"%", "mod"}};

static const char *
arithmetic_name(struct str op)
{
    for (size_t i = 0; i < COUNTOF(arithmetic); i++) {
        if (str_eq(op, str_from(arithmetic[i].op)))
            return arithmetic[i].name;
    }
    return NULL;
}

static enum type_id
wider_int(const struct type *a, const struct type *b)
{
    if (a->id == TYPE_INT8 || b->id == TYPE_INT8)
        return TYPE_INT8;
    return a->id == TYPE_INT4 || b->id == TYPE_INT4 ? TYPE_INT4 : TYPE_INT2;
}

static int
bytes_of(enum type_id id)
{
    return id == TYPE_INT2 ? 2 : id == TYPE_INT4 || id == TYPE_FLOAT4 ? 4 : 8;
}

static bool
compute_numbers(struct expr_context *x, struct str op, struct expr *left, struct expr *right,
                size_t location, struct expr *out)
{
    const char *name = arithmetic_name(op);
    const char *kind = "int";
    enum type_id type;

    if (type_is_int(&left->type) && type_is_int(&right->type)) {
        type = wider_int(&left->type, &right->type);
    } else if (!is_float(&left->type) && !is_float(&right->type)) {
        type = TYPE_NUMERIC;
        kind = "num";
    } else {
        type = left->type.id == TYPE_FLOAT4 && right->type.id == TYPE_FLOAT4 ? TYPE_FLOAT4
                                                                             : TYPE_FLOAT8;
        kind = "float";
        if (str_eq(op, STR("%")))
            return no_operator(x, op, left, right, location);
    }
    if (type == TYPE_NUMERIC || type == TYPE_FLOAT8) {
        if (!expr_coerce(x, left, type_builtin(type), COERCE_IMPLICIT, location) ||
            !expr_coerce(x, right, type_builtin(type), COERCE_IMPLICIT, location))
            return false;
    }
    set_result(x, out, type,
               type == TYPE_NUMERIC
                   ? arena_printf(x->a->tmp, "cairn_num_%s(%.*s, %.*s)", name, STR_ARG(left->sql),
                                  STR_ARG(right->sql))
                   : arena_printf(x->a->tmp, "cairn_%s_%s(%.*s, %.*s, %d)", kind, name,
                                  STR_ARG(left->sql), STR_ARG(right->sql), bytes_of(type)),
               op, left, right);
    return true;
}

static bool
add_interval(struct expr_context *x, struct str op, const struct expr *time,
             const struct expr *interval, size_t location, struct expr *out)
{
    enum type_id type = time->type.id == TYPE_DATE ? TYPE_TIMESTAMP : time->type.id;
    struct buf sql;

    if (!interval->is_const || interval->value.kind != VALUE_TEXT)
        return apply_refuse(x->a, location, "an interval that is not written out");
    if (x->immutable_only && time->type.id == TYPE_TIMESTAMPTZ)
        return apply_fail(x->a, location, "42P17", NULL,
                          "%s can't add an interval to a timestamp with time zone", x->place);
    apply_buf(&sql);
    buf_printf(&sql, "cairn_time_add(%.*s, ", STR_ARG(time->sql));
    quote_text(&sql, type_builtin(time->type.id)->name);
    buf_printf(&sql, ", %.*s, %s)", STR_ARG(interval->sql), str_eq(op, STR("-")) ? "-1" : "1");
    set_result(x, out, type, apply_take(x->a->tmp, &sql), op, time, interval);
    return true;
}

/* date +- integer, date - date, time +- interval. */
static bool
compute_times(struct expr_context *x, struct str op, struct expr *left, struct expr *right,
              size_t location, struct expr *out)
{
    bool add = str_eq(op, STR("+"));
    const char *sign = add ? "" : "-";

    if (add && is_time(&right->type) && !is_time(&left->type)) {
        struct expr swapped = *left;

        *left = *right;
        *right = swapped;
    }
    if (!is_time(&left->type) || (!add && !str_eq(op, STR("-"))))
        return no_operator(x, op, left, right, location);
    if (right->type.id == TYPE_INTERVAL)
        return add_interval(x, op, left, right, location, out);
    if (left->type.id == TYPE_DATE && type_is_int(&right->type)) {
        set_result(x, out, TYPE_DATE,
                   arena_printf(x->a->tmp, "cairn_date_add(%.*s, %s(%.*s))", STR_ARG(left->sql),
                                sign, STR_ARG(right->sql)),
                   op, left, right);
        return true;
    }
    if (!add && left->type.id == TYPE_DATE && right->type.id == TYPE_DATE) {
        set_result(x, out, TYPE_INT4,
                   arena_printf(x->a->tmp, "cairn_date_diff(%.*s, %.*s)", STR_ARG(left->sql),
                                STR_ARG(right->sql)),
                   op, left, right);
        return true;
    }
    return no_operator(x, op, left, right, location);
}

/* What a literal beside a value of this type is taken for. */
static enum type_id
literal_type(const struct type *other)
{
    if (is_time(other))
        return other->id == TYPE_DATE ? TYPE_UNKNOWN : TYPE_INTERVAL;
    return is_number(other) ? other->id : TYPE_UNKNOWN;
}

static bool
compute(struct expr_context *x, struct str op, struct expr *left, struct expr *right,
        size_t location, struct expr *out)
{
    struct expr *unknown = left->type.id == TYPE_UNKNOWN ? left : right;
    const struct expr *known = unknown == left ? right : left;

    if (unknown->type.id == TYPE_UNKNOWN) {
        enum type_id type = literal_type(&known->type);

        if (type == TYPE_UNKNOWN)
            return apply_fail(x->a, location, "42725", "cast the literal",
                              "operator is not unique: %.*s %.*s %.*s", STR_ARG(left->type.name),
                              STR_ARG(op), STR_ARG(right->type.name));
        if (!expr_coerce(x, unknown, type_builtin(type), COERCE_IMPLICIT, location))
            return false;
    }
    if (is_number(&left->type) && is_number(&right->type))
        return compute_numbers(x, op, left, right, location, out);
    return compute_times(x, op, left, right, location, out);
}

/* --- text and JSON ---------------------------------------------------------------------------- */

static bool
concatenate(struct expr_context *x, struct expr *left, struct expr *right, size_t location,
            struct expr *out)
{
    const struct type *text = type_builtin(TYPE_TEXT);
    struct expr a = *left;
    struct expr b = *right;

    if (!type_is_text(&left->type) && !type_is_text(&right->type) &&
        left->type.id != TYPE_UNKNOWN && right->type.id != TYPE_UNKNOWN)
        return no_operator(x, STR("||"), left, right, location);
    if (left->type.id == TYPE_JSONB || right->type.id == TYPE_JSONB ||
        left->type.id == TYPE_BYTEA || right->type.id == TYPE_BYTEA)
        return no_operator(x, STR("||"), left, right, location);
    if (x->immutable_only && (is_time(&left->type) || is_time(&right->type)))
        return apply_fail(x->a, location, "42P17", NULL, "%s can't use the text of a date or time",
                          x->place);
    if (!expr_coerce(x, &a, text, COERCE_ASSIGN, location) ||
        !expr_coerce(x, &b, text, COERCE_ASSIGN, location))
        return false;
    set_result(x, out, TYPE_TEXT,
               arena_printf(x->a->tmp, "(%.*s || %.*s)", STR_ARG(a.sql), STR_ARG(b.sql)), STR("||"),
               left, right);
    return true;
}

/* LIKE, ILIKE and regular expressions: a function, and NOT before it. */
static const struct {
    const char *op;
    const char *function;
    bool negated;
    bool ignore_case;
} matches[] = {
    {"~~", "cairn_like", false, false}, {"!~~", "cairn_like", true, false},
    {"~~*", "cairn_like", false, true}, {"!~~*", "cairn_like", true, true},
    {"~", "cairn_regex", false, false}, {"!~", "cairn_regex", true, false},
    {"~*", "cairn_regex", false, true}, {"!~*", "cairn_regex", true, true},
};

static bool
match(struct expr_context *x, size_t index, struct expr *left, struct expr *right, size_t location,
      struct expr *out)
{
    const struct type *text = type_builtin(TYPE_TEXT);

    if (!expr_coerce(x, left, text, COERCE_IMPLICIT, location) ||
        !expr_coerce(x, right, text, COERCE_IMPLICIT, location))
        return false;
    set_result(x, out, TYPE_BOOL,
               arena_printf(x->a->tmp, "(%s%s(%.*s, %.*s, %d))",
                            matches[index].negated ? "NOT " : "", matches[index].function,
                            STR_ARG(left->sql), STR_ARG(right->sql), matches[index].ignore_case),
               str_from(matches[index].op), left, right);
    return true;
}

static bool
get_json(struct expr_context *x, struct str op, struct expr *left, struct expr *right,
         size_t location, struct expr *out)
{
    bool as_text = str_eq(op, STR("->>"));
    int how = (as_text ? 1 : 0) + (left->type.id == TYPE_JSONB ? 2 : 0);

    if (!type_is_json(&left->type))
        return no_operator(x, op, left, right, location);
    if (!type_is_int(&right->type) &&
        !expr_coerce(x, right, type_builtin(TYPE_TEXT), COERCE_IMPLICIT, location))
        return false;
    set_result(x, out, as_text ? TYPE_TEXT : left->type.id,
               arena_printf(x->a->tmp, "cairn_json_get(%.*s, %.*s, %d)", STR_ARG(left->sql),
                            STR_ARG(right->sql), how),
               op, left, right);
    return true;
}

/* json #> '{a,b}', with a path that is there before: one step after the other. */
static bool
get_path(struct expr_context *x, struct str op, struct expr *left, struct expr *right,
         size_t location, struct expr *out)
{
    bool as_text = str_eq(op, STR("#>>"));
    struct str path = right->value.s;
    struct str sql = left->sql;

    if (!type_is_json(&left->type))
        return no_operator(x, op, left, right, location);
    if (!right->is_const || right->value.kind != VALUE_TEXT || path.len < 3 ||
        path.data[0] != '{' || path.data[path.len - 1] != '}' ||
        strcspn(arena_cstr(x->a->tmp, path), "\"\\ ") < path.len)
        return apply_refuse(x->a, location, "paths other than literals such as '{a,b}'");
    path = str_slice(path, 1, path.len - 1);
    while (path.len > 0) {
        struct str step = str_cut(&path, ',');
        struct buf quoted;
        int64_t index;

        if (step.len == 0)
            return apply_refuse(x->a, location, "paths with empty steps");
        /* A number is a place in an array, or the key of an object. */
        if (str_to_i64(step, &index))
            return apply_refuse(x->a, location, "paths with numbers");
        apply_buf(&quoted);
        quote_text(&quoted, step);
        step = apply_take(x->a->tmp, &quoted);
        sql = arena_printf(x->a->tmp, "cairn_json_get(%.*s, %.*s, %d)", STR_ARG(sql), STR_ARG(step),
                           as_text && path.len == 0);
    }
    set_result(x, out, as_text ? TYPE_TEXT : left->type.id, sql, op, left, right);
    return true;
}

static bool
has_key(struct expr_context *x, struct str op, struct expr *left, struct expr *right,
        size_t location, struct expr *out)
{
    if (left->type.id != TYPE_JSONB)
        return no_operator(x, op, left, right, location);
    if (!expr_coerce(x, right, type_builtin(TYPE_TEXT), COERCE_IMPLICIT, location))
        return false;
    set_result(x, out, TYPE_BOOL,
               arena_printf(x->a->tmp, "cairn_json_has(%.*s, %.*s)", STR_ARG(left->sql),
                            STR_ARG(right->sql)),
               op, left, right);
    return true;
}

bool
expr_binary(struct expr_context *x, struct str op, struct expr *left, struct expr *right,
            size_t location, struct expr *out)
{
    static const char *const comparisons[] = {"=", "<>", "<", "<=", ">", ">="};
    bool found = false;

    if (!search_operator(x, op, left, right, location, &found, out))
        return false;
    if (found)
        return true;
    for (size_t i = 0; i < COUNTOF(comparisons); i++) {
        if (str_eq(op, str_from(comparisons[i])))
            return compare(x, op, left, right, location, out);
    }
    for (size_t i = 0; i < COUNTOF(matches); i++) {
        if (str_eq(op, str_from(matches[i].op)))
            return match(x, i, left, right, location, out);
    }
    if (arithmetic_name(op) != NULL)
        return compute(x, op, left, right, location, out);
    if (str_eq(op, STR("||")))
        return concatenate(x, left, right, location, out);
    if (str_eq(op, STR("->")) || str_eq(op, STR("->>")))
        return get_json(x, op, left, right, location, out);
    if (str_eq(op, STR("#>")) || str_eq(op, STR("#>>")))
        return get_path(x, op, left, right, location, out);
    if (str_eq(op, STR("?")))
        return has_key(x, op, left, right, location, out);
    return no_operator(x, op, left, right, location);
}

static bool
translate_prefix(struct expr_context *x, struct str op, struct expr *arg, size_t location,
                 struct expr *out)
{
    const struct type *type = &arg->type;

    if (type->id == TYPE_UNKNOWN &&
        !expr_coerce(x, arg, type_builtin(TYPE_FLOAT8), COERCE_IMPLICIT, location))
        return false;
    if (!is_number(type) || (!str_eq(op, STR("-")) && !str_eq(op, STR("+"))))
        return apply_fail(x->a, location, "0A000", HINT_POSTGRES,
                          "the embedded engine has no operator %.*s %.*s", STR_ARG(op),
                          STR_ARG(type->name));
    *out = (struct expr){.type = *type_builtin(type->id)};
    out->pg = arena_printf(x->a->tmp, "(%.*s %.*s)", STR_ARG(op), STR_ARG(arg->pg));
    if (str_eq(op, STR("+")))
        out->sql = arg->sql;
    else if (type_is_int(type))
        out->sql = arena_printf(x->a->tmp, "cairn_int_neg(%.*s, %d)", STR_ARG(arg->sql),
                                bytes_of(type->id));
    else if (type->id == TYPE_NUMERIC)
        out->sql = arena_printf(x->a->tmp, "cairn_num_neg(%.*s)", STR_ARG(arg->sql));
    else
        out->sql = arena_printf(x->a->tmp, "(-%.*s)", STR_ARG(arg->sql));
    return true;
}

/* --- the forms of A_Expr ---------------------------------------------------------------------- */

static void
set_bool(struct expr *out, struct str sql, struct str pg)
{
    *out = (struct expr){.sql = sql, .pg = pg, .type = *type_builtin(TYPE_BOOL)};
}

static bool
translate_plain(struct expr_context *x, const struct json *body, struct str op, struct expr *out)
{
    const struct json *left_node = pg_get(body, "lexpr");
    struct expr left;
    struct expr right;

    if (left_node == NULL)
        return expr_translate(x, pg_get(body, "rexpr"), &right) &&
               translate_prefix(x, op, &right, pg_location(body), out);
    return expr_translate(x, left_node, &left) &&
           expr_translate(x, pg_get(body, "rexpr"), &right) &&
           expr_binary(x, op, &left, &right, pg_location(body), out);
}

static bool
translate_distinct(struct expr_context *x, const struct json *body, bool negate, struct expr *out)
{
    struct expr left;
    struct expr right;

    if (!expr_translate(x, pg_get(body, "lexpr"), &left) ||
        !expr_translate(x, pg_get(body, "rexpr"), &right) ||
        !expr_comparable(x, &left, &right, STR("="), pg_location(body)))
        return false;
    if (left.type.id == TYPE_JSON)
        return no_operator(x, STR("="), &left, &right, pg_location(body));
    set_bool(out,
             arena_printf(x->a->tmp, "(%.*s%.*s %s %.*s)", STR_ARG(left.sql),
                          STR_ARG(expr_collation(&left.type)), negate ? "IS" : "IS NOT",
                          STR_ARG(right.sql)),
             arena_printf(x->a->tmp, "(%.*s IS %sDISTINCT FROM %.*s)", STR_ARG(left.pg),
                          negate ? "NOT " : "", STR_ARG(right.pg)));
    return true;
}

static bool
translate_nullif(struct expr_context *x, const struct json *body, struct expr *out)
{
    struct expr left;
    struct expr right;
    struct expr first;

    if (!expr_translate(x, pg_get(body, "lexpr"), &left) ||
        !expr_translate(x, pg_get(body, "rexpr"), &right))
        return false;
    first = left;
    if (!expr_comparable(x, &left, &right, STR("="), pg_location(body)))
        return false;
    if (first.type.id == TYPE_UNKNOWN)
        first = left;
    if (type_is_json(&left.type))
        return no_operator(x, STR("="), &left, &right, pg_location(body));
    *out = (struct expr){.type = first.type, .name = STR("nullif")};
    out->sql = arena_printf(x->a->tmp, "CASE WHEN %.*s%.*s = %.*s THEN NULL ELSE %.*s END",
                            STR_ARG(left.sql), STR_ARG(expr_collation(&left.type)),
                            STR_ARG(right.sql), STR_ARG(first.sql));
    out->pg = arena_printf(x->a->tmp, "NULLIF(%.*s, %.*s)", STR_ARG(first.pg), STR_ARG(right.pg));
    return true;
}

static bool
translate_between(struct expr_context *x, const struct json *body, bool negate, struct expr *out)
{
    const struct json *bounds = pg_items(pg_get(body, "rexpr"));
    size_t at = pg_location(body);
    struct expr left;
    struct expr low;
    struct expr high;
    struct expr a;
    struct expr b;
    struct expr copy;

    if (bounds == NULL || bounds->next == NULL)
        return apply_refuse(x->a, at, "this expression");
    if (!expr_translate(x, pg_get(body, "lexpr"), &left) || !expr_translate(x, bounds, &low) ||
        !expr_translate(x, bounds->next, &high))
        return false;
    copy = left;
    if (!expr_binary(x, negate ? STR("<") : STR(">="), &left, &low, at, &a) ||
        !expr_binary(x, negate ? STR(">") : STR("<="), &copy, &high, at, &b))
        return false;
    set_bool(out,
             arena_printf(x->a->tmp, "(%.*s %s %.*s)", STR_ARG(a.sql), negate ? "OR" : "AND",
                          STR_ARG(b.sql)),
             arena_printf(x->a->tmp, "(%.*s %s %.*s)", STR_ARG(a.pg), negate ? "OR" : "AND",
                          STR_ARG(b.pg)));
    return true;
}

/* True when all items compare with left as it is, so that SQLite's IN compares as they do. */
static bool
coerce_items(struct expr_context *x, const struct expr *left, struct expr *list, uint32_t count,
             size_t location, bool *is_plain)
{
    *is_plain = true;
    for (uint32_t i = 0; i < count; i++) {
        struct expr subject = *left;

        if (!expr_comparable(x, &subject, &list[i], STR("="), location))
            return false;
        if (subject.type.id == TYPE_JSON)
            return no_operator(x, STR("="), left, &list[i], location);
        *is_plain = *is_plain && str_eq(subject.sql, left->sql) && subject.type.id == left->type.id;
    }
    return true;
}

static bool
write_items(struct expr_context *x, const struct expr *left, struct expr *list, uint32_t count,
            bool negate, size_t location, struct buf *sql)
{
    for (uint32_t i = 0; i < count; i++) {
        struct expr subject = *left;
        struct expr e;

        if (!expr_binary(x, negate ? STR("<>") : STR("="), &subject, &list[i], location, &e))
            return false;
        if (i > 0)
            buf_add_str(sql, negate ? STR(" AND ") : STR(" OR "));
        buf_add_str(sql, e.sql);
    }
    return true;
}

/* left = or <> each of the items: IN, and = ANY (ARRAY[...]) as a dump writes it. */
static bool
translate_list(struct expr_context *x, const struct json *body, const struct json *items,
               bool negate, struct expr *out)
{
    size_t at = pg_location(body);
    struct expr left;
    struct expr *list = NULL;
    uint32_t count = 0;
    struct str shown;
    struct buf sql;
    struct buf pg;
    bool is_plain = true;
    bool ok = true;

    if (!expr_translate(x, pg_get(body, "lexpr"), &left) || !expr_list(x, items, &list, &count) ||
        !coerce_items(x, &left, list, count, at, &is_plain))
        return false;
    shown = expr_pg_operand(x, &left);
    apply_buf(&sql);
    apply_buf(&pg);
    buf_add_char(&sql, '(');
    buf_printf(&pg, "(%.*s %s (ARRAY[", STR_ARG(shown), negate ? "<> ALL" : "= ANY");
    if (is_plain) {
        struct str collation = expr_collation(&left.type);

        if (left.is_column && collation.len == 0 && left.type.id == TYPE_TEXT)
            collation = STR(" COLLATE BINARY");
        buf_printf(&sql, "%.*s%.*s %s (", STR_ARG(left.sql), STR_ARG(collation),
                   negate ? "NOT IN" : "IN");
    } else {
        ok = write_items(x, &left, list, count, negate, at, &sql);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (is_plain)
            buf_printf(&sql, "%s%.*s", i > 0 ? ", " : "", STR_ARG(list[i].sql));
        buf_printf(&pg, "%s%.*s", i > 0 ? ", " : "", STR_ARG(list[i].pg));
    }
    buf_add_str(&sql, is_plain ? STR("))") : STR(")"));
    BUF_ADD_LIT(&pg, "]))");
    set_bool(out, apply_take(x->a->tmp, &sql), apply_take(x->a->tmp, &pg));
    return ok;
}

/* The elements of ARRAY[...], also under the cast that a dump writes around it. The cast's element
 * type is that of the comparison or text, so nothing is lost without it. */
static const struct json *
array_of(const struct json *node)
{
    while (pg_as(node, "TypeCast") != NULL) {
        const struct json *cast = pg_body(node);

        if (pg_count(pg_get(cast, "typeName"), "arrayBounds") == 0)
            return NULL;
        node = pg_get(cast, "arg");
    }
    return pg_as(node, "A_ArrayExpr");
}

static bool
translate_any(struct expr_context *x, const struct json *body, struct str op, bool all,
              struct expr *out)
{
    const struct json *array = array_of(pg_get(body, "rexpr"));
    bool negate = str_eq(op, STR("<>"));

    if (array == NULL || negate != all || (!negate && !str_eq(op, STR("="))))
        return apply_refuse(x->a, pg_location(body),
                            "ANY and ALL, other than = ANY (ARRAY[...]) and <> ALL (ARRAY[...])");
    return translate_list(x, body, pg_first(array, "elements"), negate, out);
}

bool
expr_operator(struct expr_context *x, const struct json *body, struct expr *out)
{
    struct str kind = pg_str(body, "kind");
    struct str op = pg_last_string(body, "name");

    if (str_eq(kind, STR("AEXPR_OP")) || str_eq(kind, STR("AEXPR_LIKE")) ||
        str_eq(kind, STR("AEXPR_ILIKE")))
        return translate_plain(x, body, op, out);
    if (str_eq(kind, STR("AEXPR_IN"))) {
        return translate_list(x, body, pg_items(pg_get(body, "rexpr")), str_eq(op, STR("<>")), out);
    }
    if (str_eq(kind, STR("AEXPR_OP_ANY")) || str_eq(kind, STR("AEXPR_OP_ALL")))
        return translate_any(x, body, op, str_eq(kind, STR("AEXPR_OP_ALL")), out);
    if (str_eq(kind, STR("AEXPR_BETWEEN")) || str_eq(kind, STR("AEXPR_NOT_BETWEEN")))
        return translate_between(x, body, str_eq(kind, STR("AEXPR_NOT_BETWEEN")), out);
    if (str_eq(kind, STR("AEXPR_DISTINCT")) || str_eq(kind, STR("AEXPR_NOT_DISTINCT")))
        return translate_distinct(x, body, str_eq(kind, STR("AEXPR_NOT_DISTINCT")), out);
    if (str_eq(kind, STR("AEXPR_NULLIF")))
        return translate_nullif(x, body, out);
    if (str_eq(kind, STR("AEXPR_SIMILAR")))
        return apply_refuse(x->a, pg_location(body), "SIMILAR TO");
    return apply_refuse(x->a, pg_location(body), "this operator");
}
