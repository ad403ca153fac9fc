/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic with PostgreSQL's errors and scales. */
#include <math.h>

#include "db/sqlite/functions_impl.h"

#include "core/err_local.h"

enum operation { OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_MOD };

static void
result_int(sqlite3_context *ctx, bool fits, int64_t value, int bytes)
{
    if (fits && (bytes != 2 || value == (int16_t)value) && (bytes != 4 || value == (int32_t)value))
        sqlite3_result_int64(ctx, value);
    else
        fn_fail_with(ctx, "22003",
                     bytes == 2   ? "smallint out of range"
                     : bytes == 4 ? "integer out of range"
                                  : "bigint out of range");
}

static void
int_operation(sqlite3_context *ctx, sqlite3_value **argv, enum operation op)
{
    int64_t a = sqlite3_value_int64(argv[0]);
    int64_t b = sqlite3_value_int64(argv[1]);
    int bytes = sqlite3_value_int(argv[2]);
    int64_t value = 0;
    bool fits = true;

    if ((op == OP_DIV || op == OP_MOD) && b == 0) {
        fn_fail_with(ctx, "22012", "division by zero");
        return;
    }
    if (op == OP_ADD)
        fits = !__builtin_add_overflow(a, b, &value);
    else if (op == OP_SUB)
        fits = !__builtin_sub_overflow(a, b, &value);
    else if (op == OP_MUL)
        fits = !__builtin_mul_overflow(a, b, &value);
    else if (op == OP_MOD)
        value = b == -1 ? 0 : a % b;
    else if (b == -1)
        fits = !__builtin_sub_overflow((int64_t)0, a, &value);
    else
        value = a / b;
    result_int(ctx, fits, value, bytes);
}

static void
float_operation(sqlite3_context *ctx, sqlite3_value **argv, enum operation op)
{
    bool single = sqlite3_value_int(argv[2]) == 4;
    ERR_LOCAL(err);
    double a;
    double b;
    double value;

    if (!fn_double_of(argv[0], &a, &err) || !fn_double_of(argv[1], &b, &err)) {
        fn_fail(ctx, &err);
        return;
    }
    if (op == OP_DIV && b == 0 && !isnan(a)) {
        fn_fail_with(ctx, "22012", "division by zero");
        return;
    }
    value = op == OP_ADD ? a + b : op == OP_SUB ? a - b : op == OP_MUL ? a * b : a / b;
    if (single)
        value = (double)(float)value;
    if (isinf(value) && !isinf(a) && !isinf(b))
        fn_fail_with(ctx, "22003", "value out of range: overflow");
    else if (value == 0 &&
             ((op == OP_MUL && a != 0 && b != 0) || (op == OP_DIV && a != 0 && !isinf(b))))
        fn_fail_with(ctx, "22003", "value out of range: underflow");
    else
        fn_result_double(ctx, value);
}

static void
num_operation(struct fn *fn, sqlite3_context *ctx, sqlite3_value **argv, enum operation op)
{
    static bool (*const functions[])(const struct numeric *, const struct numeric *, struct arena *,
                                     struct numeric *, struct err *) = {
        [OP_ADD] = numeric_add, [OP_SUB] = numeric_sub, [OP_MUL] = numeric_mul,
        [OP_DIV] = numeric_div, [OP_MOD] = numeric_mod,
    };
    ERR_LOCAL(err);
    struct numeric a;
    struct numeric b;
    struct numeric value;

    if (fn_numeric_of(fn, argv[0], &a, &err) && fn_numeric_of(fn, argv[1], &b, &err) &&
        functions[op](&a, &b, fn->scratch, &value, &err))
        fn_result_numeric(fn, ctx, &value);
    else
        fn_fail(ctx, &err);
}

#define BINARY(name, op)                                                       \
    static void call_int_##name(struct fn *fn, sqlite3_context *ctx, int argc, \
                                sqlite3_value **argv)                          \
    {                                                                          \
        int_operation(ctx, argv, op);                                          \
    }                                                                          \
    static void call_num_##name(struct fn *fn, sqlite3_context *ctx, int argc, \
                                sqlite3_value **argv)                          \
    {                                                                          \
        num_operation(fn, ctx, argv, op);                                      \
    }
#define BINARY_FLOAT(name, op)                                                   \
    static void call_float_##name(struct fn *fn, sqlite3_context *ctx, int argc, \
                                  sqlite3_value **argv)                          \
    {                                                                            \
        float_operation(ctx, argv, op);                                          \
    }

BINARY(add, OP_ADD)
BINARY(sub, OP_SUB)
BINARY(mul, OP_MUL)
BINARY(div, OP_DIV)
BINARY(mod, OP_MOD)
BINARY_FLOAT(add, OP_ADD)
BINARY_FLOAT(sub, OP_SUB)
BINARY_FLOAT(mul, OP_MUL)
BINARY_FLOAT(div, OP_DIV)

static void
call_int_neg(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    int64_t value = 0;
    bool fits = !__builtin_sub_overflow((int64_t)0, sqlite3_value_int64(argv[0]), &value);

    result_int(ctx, fits, value, sqlite3_value_int(argv[1]));
}

static void
call_int_abs(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    int64_t value = sqlite3_value_int64(argv[0]);
    bool fits = value >= 0 || !__builtin_sub_overflow((int64_t)0, value, &value);

    result_int(ctx, fits, value, sqlite3_value_int(argv[1]));
}

/* What a function of one numeric does to it in place; scale is given to some. */
typedef void (*num_change)(struct numeric *value, int32_t scale, struct arena *arena);

static void
num_unary(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv, num_change change)
{
    int64_t scale = argc > 1 ? fn_int_of(argv[1]) : 0;
    ERR_LOCAL(err);
    struct numeric value;

    scale = scale > 2000 ? 2000 : scale < -2000 ? -2000 : scale;
    if (fn_numeric_of(fn, argv[0], &value, &err)) {
        change(&value, (int32_t)scale, fn->scratch);
        fn_result_numeric(fn, ctx, &value);
    } else {
        fn_fail(ctx, &err);
    }
}

static void
change_neg(struct numeric *value, int32_t scale, struct arena *arena)
{
    numeric_negate(value);
}

static void
change_abs(struct numeric *value, int32_t scale, struct arena *arena)
{
    value->negative = false;
}

static void
change_ceil(struct numeric *value, int32_t scale, struct arena *arena)
{
    numeric_ceil(value, arena);
}

static void
change_floor(struct numeric *value, int32_t scale, struct arena *arena)
{
    numeric_floor(value, arena);
}

static void
change_sign(struct numeric *value, int32_t scale, struct arena *arena)
{
    bool zero = value->kind == NUMERIC_FINITE && value->count == 0;

    if (value->kind != NUMERIC_NAN)
        numeric_from_i64(zero ? 0 : value->negative ? -1 : 1, arena, value);
}

#define UNARY(name, change)                                                    \
    static void call_num_##name(struct fn *fn, sqlite3_context *ctx, int argc, \
                                sqlite3_value **argv)                          \
    {                                                                          \
        num_unary(fn, ctx, argc, argv, change);                                \
    }

UNARY(neg, change_neg)
UNARY(abs, change_abs)
UNARY(ceil, change_ceil)
UNARY(floor, change_floor)
UNARY(sign, change_sign)
UNARY(round, numeric_round)
UNARY(trunc, numeric_trunc)

static const struct fn_def defs[] = {
    {"cairn_int_add", 3, 0, call_int_add},     {"cairn_int_sub", 3, 0, call_int_sub},
    {"cairn_int_mul", 3, 0, call_int_mul},     {"cairn_int_div", 3, 0, call_int_div},
    {"cairn_int_mod", 3, 0, call_int_mod},     {"cairn_int_neg", 2, 0, call_int_neg},
    {"cairn_int_abs", 2, 0, call_int_abs},     {"cairn_float_add", 3, 0, call_float_add},
    {"cairn_float_sub", 3, 0, call_float_sub}, {"cairn_float_mul", 3, 0, call_float_mul},
    {"cairn_float_div", 3, 0, call_float_div}, {"cairn_num_add", 2, 0, call_num_add},
    {"cairn_num_sub", 2, 0, call_num_sub},     {"cairn_num_mul", 2, 0, call_num_mul},
    {"cairn_num_div", 2, 0, call_num_div},     {"cairn_num_mod", 2, 0, call_num_mod},
    {"cairn_num_neg", 1, 0, call_num_neg},     {"cairn_num_abs", 1, 0, call_num_abs},
    {"cairn_num_ceil", 1, 0, call_num_ceil},   {"cairn_num_floor", 1, 0, call_num_floor},
    {"cairn_num_sign", 1, 0, call_num_sign},   {"cairn_num_round", 1, 0, call_num_round},
    {"cairn_num_round", 2, 0, call_num_round}, {"cairn_num_trunc", 1, 0, call_num_trunc},
    {"cairn_num_trunc", 2, 0, call_num_trunc},
};

const struct fn_defs fn_numbers = {defs, COUNTOF(defs)};
