/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Casts, and the type that several expressions come to.
 *
 * Source: PostgreSQL 15, chapter 10 and the catalog pg_cast.
 */
#include "sql/expr.h"
#include "sql/quote.h"

enum family {
    FAMILY_UNKNOWN,
    FAMILY_BOOL,
    FAMILY_NUMBER,
    FAMILY_TEXT,
    FAMILY_TIME,
    FAMILY_JSON,
    FAMILY_OTHER,
};

static enum family
family_of(const struct type *type)
{
    switch (type->id) {
    case TYPE_UNKNOWN:
        return FAMILY_UNKNOWN;
    case TYPE_BOOL:
        return FAMILY_BOOL;
    case TYPE_INT2:
    case TYPE_INT4:
    case TYPE_INT8:
    case TYPE_NUMERIC:
    case TYPE_FLOAT4:
    case TYPE_FLOAT8:
        return FAMILY_NUMBER;
    case TYPE_TEXT:
    case TYPE_VARCHAR:
    case TYPE_BPCHAR:
        return FAMILY_TEXT;
    case TYPE_DATE:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
        return FAMILY_TIME;
    case TYPE_JSON:
    case TYPE_JSONB:
        return FAMILY_JSON;
    case TYPE_BYTEA:
    case TYPE_TIME:
    case TYPE_TIMETZ:
    case TYPE_INTERVAL:
    case TYPE_UUID:
    case TYPE_ENUM:
    case TYPE_ARRAY:
    case TYPE_TSVECTOR:
    case TYPE_TSQUERY:
    case TYPE_OTHER:
        break;
    }
    return FAMILY_OTHER;
}

/* Numbers convert implicitly upwards, dates likewise. */
static int
rank_of(const struct type *type)
{
    static const int ranks[] = {
        [TYPE_INT2] = 1,        [TYPE_INT4] = 2,   [TYPE_INT8] = 3, [TYPE_NUMERIC] = 4,
        [TYPE_FLOAT4] = 5,      [TYPE_FLOAT8] = 6, [TYPE_DATE] = 1, [TYPE_TIMESTAMP] = 2,
        [TYPE_TIMESTAMPTZ] = 3, [TYPE_OTHER] = 0,
    };

    return ranks[type->id];
}

static bool
is_same_type(const struct type *a, const struct type *b)
{
    return a->id == b->id &&
           ((a->id != TYPE_ENUM && a->id != TYPE_ARRAY) || str_eq(a->name, b->name));
}

static bool
can_cast_explicitly(const struct type *from, const struct type *to)
{
    enum family a = family_of(from);
    enum family b = family_of(to);

    if (a == FAMILY_TEXT)
        return true;
    if ((from->id == TYPE_BOOL && to->id == TYPE_INT4) ||
        (from->id == TYPE_INT4 && to->id == TYPE_BOOL))
        return true;
    if (from->id == TYPE_TIMESTAMP || from->id == TYPE_TIMESTAMPTZ)
        return to->id == TYPE_TIME;
    return from->id == TYPE_JSONB && (b == FAMILY_NUMBER || b == FAMILY_BOOL);
}

bool
expr_can_coerce(const struct type *from, const struct type *to, enum coercion mode)
{
    enum family a = family_of(from);
    enum family b = family_of(to);

    if (a == FAMILY_UNKNOWN || is_same_type(from, to))
        return true;
    if (a == b && (a == FAMILY_NUMBER || a == FAMILY_TIME))
        return mode != COERCE_IMPLICIT || rank_of(from) < rank_of(to);
    if (a == FAMILY_TEXT && b == FAMILY_TEXT)
        return true;
    if (mode == COERCE_IMPLICIT)
        return from->id == TYPE_TIME && to->id == TYPE_INTERVAL;
    if (b == FAMILY_TEXT || (a == FAMILY_JSON && b == FAMILY_JSON))
        return true;
    return mode == COERCE_EXPLICIT && can_cast_explicitly(from, to);
}

bool
type_can_cast(const struct type *from, const struct type *to)
{
    return expr_can_coerce(from, to, COERCE_EXPLICIT);
}

/* A cast that depends on the session's time zone or settings, so no index may hold its result. */
static bool
is_stable_cast(const struct type *from, const struct type *to)
{
    bool from_zone = from->id == TYPE_TIMESTAMPTZ;
    bool to_zone = to->id == TYPE_TIMESTAMPTZ;
    enum family a = family_of(from);
    enum family b = family_of(to);

    return (from_zone != to_zone && (a == FAMILY_TIME || b == FAMILY_TIME)) ||
           (a == FAMILY_TIME && b == FAMILY_TEXT) || (a == FAMILY_TEXT && b == FAMILY_TIME);
}

/* Stored alike, so that nothing has to be computed. */
static bool
is_free_cast(const struct type *from, const struct type *to)
{
    bool has_modifier = to->length >= 0 || to->precision >= 0;

    if (from->id == TYPE_ENUM || from->id == TYPE_UUID || type_is_json(from) ||
        from->id == TYPE_DATE || from->id == TYPE_NUMERIC || from->id == TYPE_TSVECTOR ||
        from->id == TYPE_TSQUERY)
        return to->id == TYPE_TEXT;
    /* char(n) has its blanks, which no other type keeps. */
    if (from->id == TYPE_BPCHAR)
        return false;
    if (type_is_int(from) && type_is_int(to))
        return rank_of(from) <= rank_of(to);
    if (from->id == TYPE_FLOAT4 && to->id == TYPE_FLOAT8)
        return true;
    return family_of(from) == FAMILY_TEXT && family_of(to) == FAMILY_TEXT && !has_modifier;
}

static void
write_enum_cast(struct buf *out, const struct expr *e, const struct type *to)
{
    struct buf message;

    buf_printf(out, "CASE WHEN (%.*s) IS NULL THEN NULL", STR_ARG(e->sql));
    for (uint32_t i = 0; i < to->label_count; i++) {
        buf_printf(out, " WHEN (%.*s) = ", STR_ARG(e->sql));
        quote_text(out, to->labels[i]);
        BUF_ADD_LIT(out, " THEN ");
        quote_text(out, to->labels[i]);
    }
    apply_buf(&message);
    buf_printf(&message, "invalid input value for enum %.*s: \"", STR_ARG(to->name));
    BUF_ADD_LIT(out, " ELSE cairn_raise('22P02', ");
    quote_text(out, buf_str(&message));
    buf_printf(out, " || (%.*s) || '\"', NULL) END", STR_ARG(e->sql));
    buf_fini(&message);
}

static void
write_cast(struct buf *out, const struct expr *e, const struct type *to, enum coercion mode)
{
    const struct type *from = &e->type;

    if (is_free_cast(from, to)) {
        buf_add_str(out, e->sql);
    } else if (type_is_int(from) && to->id == TYPE_FLOAT8) {
        buf_printf(out, "CAST(%.*s AS REAL)", STR_ARG(e->sql));
    } else if (type_is_int(from) &&
               (to->id == TYPE_TEXT || (to->id == TYPE_NUMERIC && to->precision < 0))) {
        buf_printf(out, "CAST(%.*s AS TEXT)", STR_ARG(e->sql));
    } else if (to->id == TYPE_ENUM) {
        write_enum_cast(out, e, to);
    } else {
        buf_printf(out, "%s(%.*s, ", mode == COERCE_EXPLICIT ? "cairn_cast" : "cairn_assign",
                   STR_ARG(e->sql));
        quote_text(out, from->id == TYPE_ENUM ? STR("text") : from->name);
        BUF_ADD_LIT(out, ", ");
        quote_text(out, to->name);
        buf_add_char(out, ')');
    }
}

/* A constant becomes another constant now, and errors in it show now. */
static bool
coerce_const(struct expr_context *x, struct expr *e, const struct type *to, enum coercion mode,
             size_t location)
{
    struct apply *a = x->a;
    struct value value = {.kind = VALUE_NULL};
    const struct type *plain = type_builtin(to->id);
    struct str pg = e->pg;
    bool was_unknown = e->type.id == TYPE_UNKNOWN;
    struct str name = e->name;
    bool ok = true;

    if (e->value.kind == VALUE_NULL) {
        expr_const(a, to, &value, e);
        e->name = name;
        return true;
    }
    /* An interval is kept as its text: only arithmetic on times takes it. */
    if (to->id == TYPE_INTERVAL) {
        value = e->value;
    } else if (!was_unknown) {
        if (mode == COERCE_EXPLICIT || is_free_cast(&e->type, to) || to->length < 0) {
            ok = type_cast_value(&e->type, &e->value, to, a->tmp, &value, a->err);
        } else {
            /* Assignment to varchar(n): too long is an error, not cut. */
            struct value text = {.kind = VALUE_NULL};

            ok = type_cast_value(&e->type, &e->value, plain, a->tmp, &text, a->err) &&
                 (text.kind != VALUE_TEXT || type_input(to, text.s, a->tmp, &value, a->err));
            if (ok && text.kind != VALUE_TEXT)
                value = text;
        }
    } else if (mode == COERCE_EXPLICIT && to->id != TYPE_ENUM && to->length >= 0) {
        ok = type_input(plain, e->value.s, a->tmp, &value, a->err) &&
             type_cast_value(plain, &value, to, a->tmp, &value, a->err);
    } else {
        ok = type_input(to, e->value.s, a->tmp, &value, a->err);
    }
    if (!ok)
        return apply_fail_value(a, location);
    expr_const(a, to, &value, e);
    e->name = name;
    if (!was_unknown && mode == COERCE_EXPLICIT)
        e->pg = arena_printf(a->tmp, "(%.*s)::%.*s", STR_ARG(pg), STR_ARG(to->name));
    else if (!was_unknown)
        e->pg = pg;
    return true;
}

static bool
fail_coercion(struct expr_context *x, const struct expr *e, const struct type *to,
              enum coercion mode, size_t location)
{
    if (mode == COERCE_EXPLICIT)
        return apply_fail(x->a, location, "42846", NULL, "cannot cast type %.*s to %.*s",
                          STR_ARG(e->type.name), STR_ARG(to->name));
    return apply_fail(x->a, location, "42804", "cast the expression",
                      "%s is of type %.*s but expression is of type %.*s", x->place,
                      STR_ARG(to->name), STR_ARG(e->type.name));
}

bool
expr_coerce(struct expr_context *x, struct expr *e, const struct type *to, enum coercion mode,
            size_t location)
{
    bool has_modifier = to->length >= 0 || to->precision >= 0;
    struct buf buf;

    if (is_same_type(&e->type, to) &&
        (!has_modifier || (e->type.length == to->length && e->type.precision == to->precision &&
                           e->type.scale == to->scale)))
        return true;
    if (e->is_const && (e->type.id == TYPE_UNKNOWN || expr_can_coerce(&e->type, to, mode)))
        return coerce_const(x, e, to, mode, location);
    if (!expr_can_coerce(&e->type, to, mode))
        return fail_coercion(x, e, to, mode, location);
    if (x->immutable_only && is_stable_cast(&e->type, to))
        return apply_fail(x->a, location, "42P17", NULL, "%s can't use a cast from %.*s to %.*s",
                          x->place, STR_ARG(e->type.name), STR_ARG(to->name));
    if (!type_is_embedded(to))
        return apply_fail(x->a, location, "0A000", HINT_POSTGRES,
                          "the embedded engine can't compute values of type %.*s",
                          STR_ARG(to->name));
    apply_buf(&buf);
    write_cast(&buf, e, to, mode);
    e->sql = apply_take(x->a->tmp, &buf);
    if (mode == COERCE_EXPLICIT)
        e->pg = arena_printf(x->a->tmp, "(%.*s)::%.*s", STR_ARG(e->pg), STR_ARG(to->name));
    e->type = *to;
    e->is_column = e->is_const = false;
    return true;
}

bool
expr_common(struct expr_context *x, struct expr *list, uint32_t count, const char *what,
            size_t location, struct type *out)
{
    struct type common = *type_builtin(TYPE_UNKNOWN);
    bool any_unknown = false;

    for (uint32_t i = 0; i < count; i++) {
        const struct type *type = &list[i].type;

        any_unknown = any_unknown || type->id == TYPE_UNKNOWN;
        if (type->id == TYPE_UNKNOWN)
            continue;
        if (common.id == TYPE_UNKNOWN)
            common = *type;
        else if (is_same_type(&common, type)) {
            if (common.length != type->length || common.precision != type->precision ||
                common.scale != type->scale)
                common = common.id == TYPE_ENUM || common.id == TYPE_ARRAY
                             ? common
                             : *type_builtin(common.id);
        } else if (family_of(&common) != family_of(type) || family_of(type) == FAMILY_OTHER)
            return apply_fail(x->a, location, "42804", "cast one of them",
                              "%s types %.*s and %.*s cannot be matched", what,
                              STR_ARG(common.name), STR_ARG(type->name));
        else if (family_of(type) == FAMILY_TEXT)
            common = *type_builtin(TYPE_TEXT);
        else if (rank_of(type) > rank_of(&common))
            common = *type_builtin(type->id);
        else
            common = *type_builtin(common.id);
    }
    if (common.id == TYPE_UNKNOWN)
        common = *type_builtin(TYPE_TEXT);
    /* A literal has no length, so the whole has none. */
    if (any_unknown && common.id != TYPE_ENUM && common.id != TYPE_ARRAY)
        common = *type_builtin(common.id);
    for (uint32_t i = 0; i < count; i++) {
        if (!expr_coerce(x, &list[i], &common, COERCE_IMPLICIT, location))
            return false;
    }
    *out = common;
    return true;
}
