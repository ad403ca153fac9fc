/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Explicit casts of values in the embedded normal form. What has no entry of its own goes through
 * text, where PostgreSQL has such a cast; what it has not is 42846.
 */
#include <math.h>

#include "sql/datetime.h"
#include "sql/float.h"
#include "sql/numeric.h"
#include "sql/type_impl.h"

/* Kinds of types, for the table of casts that exist. */
#define BIT(id) (1u << (id))
#define INTEGERS (BIT(TYPE_INT2) | BIT(TYPE_INT4) | BIT(TYPE_INT8))
#define FLOATS (BIT(TYPE_FLOAT4) | BIT(TYPE_FLOAT8))
#define NUMBERS (INTEGERS | FLOATS | BIT(TYPE_NUMERIC))
#define STRINGS (BIT(TYPE_UNKNOWN) | BIT(TYPE_TEXT) | BIT(TYPE_VARCHAR) | BIT(TYPE_BPCHAR))

/* To what besides strings (which all types go to) a type can be cast. */
static const uint32_t targets[] = {
    [TYPE_BOOL] = BIT(TYPE_INT4),
    [TYPE_INT2] = NUMBERS,
    [TYPE_INT4] = NUMBERS | BIT(TYPE_BOOL),
    [TYPE_INT8] = NUMBERS,
    [TYPE_FLOAT4] = NUMBERS,
    [TYPE_FLOAT8] = NUMBERS,
    [TYPE_NUMERIC] = NUMBERS,
    [TYPE_DATE] = BIT(TYPE_TIMESTAMP) | BIT(TYPE_TIMESTAMPTZ),
    [TYPE_TIME] = 0,
    [TYPE_TIMESTAMP] = BIT(TYPE_DATE) | BIT(TYPE_TIME) | BIT(TYPE_TIMESTAMPTZ),
    [TYPE_TIMESTAMPTZ] = BIT(TYPE_DATE) | BIT(TYPE_TIME) | BIT(TYPE_TIMESTAMP),
    [TYPE_JSON] = BIT(TYPE_JSONB),
    [TYPE_JSONB] = BIT(TYPE_JSON) | NUMBERS | BIT(TYPE_BOOL),
    [TYPE_OTHER] = 0,
};

static bool
is_string(const struct type *type)
{
    return (STRINGS & BIT(type->id)) != 0;
}

static bool
fail_cast(const struct type *from, const struct type *to, struct err *err)
{
    struct str from_name = from->id == TYPE_ENUM ? from->name : type_builtin(from->id)->name;
    struct str to_name = to->id == TYPE_ENUM ? to->name : type_builtin(to->id)->name;

    return err_set(err, ERR_DB, "42846", "cannot cast type %.*s to %.*s", STR_ARG(from_name),
                   STR_ARG(to_name));
}

/* The text of a value, borrowed when it is its own. */
static struct str
text_of(const struct type *from, const struct value *value, struct arena *arena)
{
    struct buf buf;
    struct str text;

    if (value->kind == VALUE_TEXT && from->id != TYPE_TIMESTAMP && from->id != TYPE_TIMESTAMPTZ &&
        from->id != TYPE_BPCHAR)
        return value->s;
    buf_init(&buf, SIZE_MAX / 4);
    type_write_text(&buf, from, value);
    text = arena_copy(arena, buf_str(&buf));
    buf_fini(&buf);
    return text;
}

static bool
fail_range(const struct type *to, struct err *err)
{
    return err_set(err, ERR_DB, "22003", "%.*s out of range", STR_ARG(type_builtin(to->id)->name));
}

static bool
int_to(int64_t i, const struct type *to, struct arena *arena, struct value *out, struct err *err)
{
    struct numeric numeric;

    if (to->id == TYPE_BOOL) {
        *out = type_value_int(i != 0);
    } else if (to->id == TYPE_NUMERIC) {
        numeric_from_i64(i, arena, &numeric);
        if (!numeric_fit(&numeric, to->precision, to->scale, arena, err))
            return false;
        *out = type_value_text(numeric_to_text(&numeric, arena));
    } else if (to->id == TYPE_FLOAT4 || to->id == TYPE_FLOAT8) {
        *out = (struct value){.kind = VALUE_REAL};
        out->f = to->id == TYPE_FLOAT4 ? (double)(float)i : (double)i;
    } else {
        if ((to->id == TYPE_INT2 && i != (int16_t)i) || (to->id == TYPE_INT4 && i != (int32_t)i))
            return fail_range(to, err);
        *out = type_value_int(i);
    }
    return true;
}

static bool
float_to(double f, bool single, const struct type *to, struct arena *arena, struct value *out,
         struct err *err)
{
    struct numeric numeric;

    if (to->id == TYPE_NUMERIC) {
        if (!numeric_from_double(f, single, arena, &numeric, err) ||
            !numeric_fit(&numeric, to->precision, to->scale, arena, err))
            return false;
        *out = type_value_text(numeric_to_text(&numeric, arena));
        return true;
    }
    if (to->id == TYPE_FLOAT4 || to->id == TYPE_FLOAT8) {
        double narrow = to->id == TYPE_FLOAT4 ? (double)(float)f : f;

        if (isinf(narrow) && !isinf(f))
            return err_set(err, ERR_DB, "22003", "value out of range: overflow");
        if (narrow == 0 && f != 0)
            return err_set(err, ERR_DB, "22003", "value out of range: underflow");
        *out = isnan(narrow) ? type_value_text(STR("NaN"))
                             : (struct value){.kind = VALUE_REAL, .f = narrow};
        return true;
    }
    f = rint(f);
    /* 2^63 is the first that doesn't fit; NaN compares false. */
    if (!(f >= -0x1p63 && f < 0x1p63))
        return fail_range(to, err);
    return int_to((int64_t)f, to, arena, out, err);
}

static bool
numeric_to(struct numeric *numeric, const struct type *to, struct arena *arena, struct value *out,
           struct err *err)
{
    int64_t i;

    if (to->id == TYPE_NUMERIC) {
        if (!numeric_fit(numeric, to->precision, to->scale, arena, err))
            return false;
        *out = type_value_text(numeric_to_text(numeric, arena));
        return true;
    }
    if (to->id == TYPE_FLOAT4 || to->id == TYPE_FLOAT8)
        return type_input(to, numeric_to_text(numeric, arena), arena, out, err);
    if (numeric->kind != NUMERIC_FINITE)
        return err_set(err, ERR_DB, "0A000", "cannot convert %s to %.*s",
                       numeric->kind == NUMERIC_NAN ? "NaN" : "infinity",
                       STR_ARG(type_builtin(to->id)->name));
    if (!numeric_to_i64(numeric, &i))
        return fail_range(to, err);
    return int_to(i, to, arena, out, err);
}

/* From a number, in whatever form the value has it. */
static bool
number_to(const struct type *from, const struct value *value, const struct type *to,
          struct arena *arena, struct value *out, struct err *err)
{
    bool single = from->id == TYPE_FLOAT4;
    struct numeric numeric;
    double f;

    if (value->kind == VALUE_INT)
        return int_to(value->i, to, arena, out, err);
    if (value->kind == VALUE_REAL)
        return float_to(value->f, single, to, arena, out, err);
    if ((FLOATS & BIT(from->id)) != 0)
        return float_parse(value->s, single, &f, err) && float_to(f, single, to, arena, out, err);
    return numeric_parse(value->s, -1, 0, arena, &numeric, err) &&
           numeric_to(&numeric, to, arena, out, err);
}

static bool
datetime_to(const struct type *from, const struct value *value, const struct type *to,
            struct arena *arena, struct value *out, struct err *err)
{
    struct buf buf = {.data = arena_alloc(arena, 64), .cap = 64, .max = 64};
    bool zoned = to->id == TYPE_TIMESTAMPTZ;
    int64_t usec;

    if (from->id == TYPE_DATE)
        return type_input(to, value->s, arena, out, err);
    if (!datetime_parse_timestamp(value->s, true, 0, -1, &usec, err))
        return false;
    if (to->id == TYPE_TIMESTAMP || zoned) {
        usec = datetime_round(usec, to->length);
        datetime_write_timestamp(&buf, usec, zoned, 'T');
    } else if (to->id == TYPE_DATE && str_find_char(value->s, 'T', 0) == 10) {
        buf_add(&buf, value->s.data, 10);
    } else if (to->id == TYPE_DATE) {
        buf_add_str(&buf, value->s);
    } else if (str_find_char(value->s, 'T', 0) == 10) {
        int64_t in_day = usec % DATETIME_USEC_PER_DAY;

        in_day += in_day < 0 ? DATETIME_USEC_PER_DAY : 0;
        datetime_write_time(&buf, datetime_round_time(in_day, to->length));
    } else {
        /* An infinity has no time of day. */
        *out = (struct value){.kind = VALUE_NULL};
        return true;
    }
    *out = type_value_text(buf_str(&buf));
    return true;
}

static bool
jsonb_to(const struct value *value, const struct type *to, struct arena *arena, struct value *out,
         struct err *err)
{
    struct str text = value->s;
    char first = text.len > 0 ? text.data[0] : '\0';
    const char *kind = first == '{'                   ? "object"
                       : first == '['                 ? "array"
                       : first == '"'                 ? "string"
                       : first == 't' || first == 'f' ? "boolean"
                       : first == 'n'                 ? "null"
                                                      : "numeric";
    bool fits = to->id == TYPE_BOOL ? first == 't' || first == 'f' : strcmp(kind, "numeric") == 0;
    struct numeric numeric;

    if (!fits)
        return err_set(err, ERR_DB, "22023", "cannot cast jsonb %s to type %.*s", kind,
                       STR_ARG(type_builtin(to->id)->name));
    if (to->id == TYPE_BOOL) {
        *out = type_value_int(first == 't');
        return true;
    }
    return numeric_parse(text, -1, 0, arena, &numeric, err) &&
           numeric_to(&numeric, to, arena, out, err);
}

static bool
to_string(const struct type *from, const struct value *value, const struct type *to,
          struct arena *arena, struct value *out, struct err *err)
{
    struct str text = text_of(from, value, arena);

    if (to->id == TYPE_BPCHAR && from->id == TYPE_BPCHAR)
        text = value->s;
    return type_input_string(to, text, true, arena, out, err);
}

bool
type_cast_value(const struct type *from, const struct value *value, const struct type *to,
                struct arena *arena, struct value *out, struct err *err)
{
    bool may_be_number = (BIT(from->id) & (NUMBERS | BIT(TYPE_BOOL))) != 0;
    struct value text;

    if (value->kind == VALUE_NULL) {
        *out = *value;
        return true;
    }
    /* SQLite doesn't hold a value to its type: below, text is text. */
    if (!may_be_number && (value->kind == VALUE_INT || value->kind == VALUE_REAL)) {
        text = type_value_text(text_of(type_builtin(TYPE_FLOAT8), value, arena));
        value = &text;
    }
    if (is_string(to))
        return to_string(from, value, to, arena, out, err);
    if (is_string(from))
        return type_input(to, value->s, arena, out, err);
    if (from->id == TYPE_BOOL && to->id == TYPE_INT4) {
        *out = type_value_int(value->kind == VALUE_INT && value->i != 0);
        return true;
    }
    if (from->id == to->id && (BIT(to->id) & (NUMBERS | BIT(TYPE_TIMESTAMP) | BIT(TYPE_TIME) |
                                              BIT(TYPE_TIMESTAMPTZ))) == 0) {
        *out = *value;
        return true;
    }
    if (from->id != to->id &&
        (from->id >= COUNTOF(targets) || (targets[from->id] & BIT(to->id)) == 0))
        return fail_cast(from, to, err);
    if (from->id == TYPE_JSON || (from->id == TYPE_JSONB && to->id == TYPE_JSON))
        return type_input(to, value->s, arena, out, err);
    if (from->id == TYPE_JSONB)
        return jsonb_to(value, to, arena, out, err);
    if ((NUMBERS & BIT(from->id)) != 0)
        return number_to(from, value, to, arena, out, err);
    if (from->id == TYPE_TIME)
        return type_input(to, value->s, arena, out, err);
    return datetime_to(from, value, to, arena, out, err);
}
