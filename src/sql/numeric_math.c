/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic, schoolbook in base 10^9: the numbers of applications have few limbs. */
#include <math.h>

#include "sql/numeric_impl.h"

/* Result scales of a division; see "select_div_scale" in PostgreSQL's sources for the rule. */
#define MIN_SIGNIFICANT_DIGITS 16
#define MAX_DISPLAY_SCALE 1000
#define MAX_PRODUCT_SCALE 16383

static int32_t
max_scale(const struct numeric *a, const struct numeric *b)
{
    return a->dscale > b->dscale ? a->dscale : b->dscale;
}

/* Weight of the last limb. */
static int64_t
low_weight(const struct numeric *value)
{
    return (int64_t)value->weight - (int64_t)value->count + 1;
}

/* |a| + |b|, or |a| - |b| where |a| >= |b|. */
static void
combine(const struct numeric *a, const struct numeric *b, bool minus, bool negative,
        struct arena *arena, struct numeric *out)
{
    int64_t high = (a->weight > b->weight ? a->weight : b->weight) + 1;
    int64_t low = low_weight(a) < low_weight(b) ? low_weight(a) : low_weight(b);
    uint32_t count = (uint32_t)(high - low + 1);
    uint32_t *limbs = arena_alloc(arena, sizeof(*limbs) * count);
    int64_t carry = 0;

    for (int64_t weight = low; weight <= high; weight++) {
        int64_t other = numeric_limb_at(b, weight);
        int64_t limb = (int64_t)numeric_limb_at(a, weight) + (minus ? -other : other) + carry;

        carry = limb < 0 ? -1 : limb >= (int64_t)NUMERIC_BASE ? 1 : 0;
        limbs[high - weight] = (uint32_t)(limb - carry * (int64_t)NUMERIC_BASE);
    }
    assert(carry == 0);
    numeric_set(out, negative, (int32_t)high, limbs, count, max_scale(a, b));
}

static void
add_signed(const struct numeric *a, const struct numeric *b, bool b_negative, struct arena *arena,
           struct numeric *out)
{
    if (a->count == 0 || b->count == 0) {
        int32_t dscale = max_scale(a, b);

        *out = a->count == 0 ? *b : *a;
        if (a->count == 0)
            out->negative = b_negative && b->count > 0;
        out->dscale = dscale;
    } else if (a->negative == b_negative) {
        combine(a, b, false, a->negative, arena, out);
    } else if (numeric_compare_abs(a, b) >= 0) {
        combine(a, b, true, a->negative, arena, out);
    } else {
        combine(b, a, true, b_negative, arena, out);
    }
}

static bool
add_or_sub(const struct numeric *a, const struct numeric *b, bool b_negative, struct arena *arena,
           struct numeric *out, struct err *err)
{
    bool opposite = a->negative != b_negative;

    if (a->kind == NUMERIC_NAN || b->kind == NUMERIC_NAN ||
        (a->kind == NUMERIC_INFINITE && b->kind == NUMERIC_INFINITE && opposite)) {
        numeric_set_special(out, NUMERIC_NAN, false);
        return true;
    }
    if (a->kind == NUMERIC_INFINITE || b->kind == NUMERIC_INFINITE) {
        numeric_set_special(out, NUMERIC_INFINITE,
                            a->kind == NUMERIC_INFINITE ? a->negative : b_negative);
        return true;
    }
    add_signed(a, b, b_negative, arena, out);
    return numeric_check(out, err);
}

bool
numeric_add(const struct numeric *a, const struct numeric *b, struct arena *arena,
            struct numeric *out, struct err *err)
{
    return add_or_sub(a, b, b->negative, arena, out, err);
}

bool
numeric_sub(const struct numeric *a, const struct numeric *b, struct arena *arena,
            struct numeric *out, struct err *err)
{
    return add_or_sub(a, b, !b->negative, arena, out, err);
}

static bool
is_zero(const struct numeric *value)
{
    return value->kind == NUMERIC_FINITE && value->count == 0;
}

static void
multiply(const struct numeric *a, const struct numeric *b, struct arena *arena, struct numeric *out)
{
    uint32_t count = a->count + b->count;
    uint32_t *limbs = arena_zalloc(arena, sizeof(*limbs) * (count + 1));

    for (uint32_t i = a->count; i-- > 0;) {
        uint64_t carry = 0;

        for (uint32_t j = b->count; j-- > 0;) {
            uint64_t sum = (uint64_t)a->limbs[i] * b->limbs[j] + limbs[i + j + 1] + carry;

            limbs[i + j + 1] = (uint32_t)(sum % NUMERIC_BASE);
            carry = sum / NUMERIC_BASE;
        }
        limbs[i] = (uint32_t)carry;
    }
    numeric_set(out, a->negative != b->negative, a->weight + b->weight + 1, limbs, count,
                a->dscale + b->dscale);
}

bool
numeric_mul(const struct numeric *a, const struct numeric *b, struct arena *arena,
            struct numeric *out, struct err *err)
{
    if (a->kind != NUMERIC_FINITE || b->kind != NUMERIC_FINITE) {
        bool nan = a->kind == NUMERIC_NAN || b->kind == NUMERIC_NAN || is_zero(a) || is_zero(b);

        numeric_set_special(out, nan ? NUMERIC_NAN : NUMERIC_INFINITE, a->negative != b->negative);
        return true;
    }
    multiply(a, b, arena, out);
    if (out->dscale > MAX_PRODUCT_SCALE)
        numeric_round(out, MAX_PRODUCT_SCALE, arena);
    return numeric_check(out, err);
}

/* Weight and value of the first digit in base 10^4, which the rule of the scale is made of. */
static void
leading_group(const struct numeric *value, int32_t *weight, int32_t *group)
{
    uint32_t first = value->count > 0 ? value->limbs[0] : 0;
    int32_t power = -1;
    int64_t shift;

    *weight = 0;
    *group = 0;
    if (first == 0)
        return;
    while (power < 8 && first >= numeric_pow10[power + 1])
        power++;
    *weight = (int32_t)numeric_floor_div((int64_t)value->weight * NUMERIC_LIMB_DIGITS + power, 4);
    /* What the first limb has below the group is cut off; what it lacks comes from the second. */
    shift = (int64_t)*weight * 4 - (int64_t)value->weight * NUMERIC_LIMB_DIGITS;
    if (shift >= 0)
        *group = (int32_t)(first / numeric_pow10[shift]);
    else
        *group = (int32_t)(first * numeric_pow10[-shift] +
                           numeric_limb_at(value, (int64_t)value->weight - 1) /
                               numeric_pow10[9 + shift]);
}

static int32_t
quotient_scale(const struct numeric *a, const struct numeric *b)
{
    int32_t weight_a;
    int32_t weight_b;
    int32_t group_a;
    int32_t group_b;
    int32_t scale;

    leading_group(a, &weight_a, &group_a);
    leading_group(b, &weight_b, &group_b);
    scale = MIN_SIGNIFICANT_DIGITS - 4 * (weight_a - weight_b - (group_a <= group_b ? 1 : 0));
    if (scale < max_scale(a, b))
        scale = max_scale(a, b);
    return scale > MAX_DISPLAY_SCALE ? MAX_DISPLAY_SCALE : scale < 0 ? 0 : scale;
}

/* Divides u, of n + 1 limbs beginning with its leading one, by v in place: one limb of quotient, by
 * Knuth's algorithm D. v has n limbs, n > 1, the first at least half the base. */
static uint32_t
divide_step(uint32_t *u, const uint32_t *v, uint32_t n)
{
    uint64_t top = (uint64_t)u[0] * NUMERIC_BASE + u[1];
    uint64_t guess = top / v[0];
    uint64_t rest = top % v[0];
    int64_t borrow = 0;

    while (guess >= NUMERIC_BASE || guess * v[1] > rest * NUMERIC_BASE + u[2]) {
        guess--;
        rest += v[0];
        if (rest >= NUMERIC_BASE)
            break;
    }
    for (uint32_t i = n; i-- > 0;) {
        int64_t limb = (int64_t)u[i + 1] - (int64_t)(guess * v[i] % NUMERIC_BASE) + borrow;

        borrow = -(int64_t)(guess * v[i] / NUMERIC_BASE);
        if (limb < 0) {
            int64_t lend = (-limb + NUMERIC_BASE - 1) / NUMERIC_BASE;

            limb += lend * NUMERIC_BASE;
            borrow -= lend;
        }
        u[i + 1] = (uint32_t)limb;
    }
    if ((int64_t)u[0] + borrow >= 0) {
        u[0] = 0;
        return (uint32_t)guess;
    }

    /* The guess was one too many: put one divisor back. */
    uint32_t carry = 0;
    for (uint32_t i = n; i-- > 0;) {
        uint32_t sum = u[i + 1] + v[i] + carry;

        carry = sum >= NUMERIC_BASE;
        u[i + 1] = carry ? sum - NUMERIC_BASE : sum;
    }
    u[0] = 0;
    return (uint32_t)guess - 1;
}

static void
divide_small(const uint32_t *u, uint32_t count, uint32_t divisor, uint32_t *quotient)
{
    uint64_t rest = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint64_t part = rest * NUMERIC_BASE + u[i];

        quotient[i] = (uint32_t)(part / divisor);
        rest = part % divisor;
    }
}

/* out = limbs * factor, with one more limb in front. */
static void
scale_limbs(const uint32_t *limbs, uint32_t count, uint32_t factor, uint32_t *out)
{
    uint64_t carry = 0;

    for (uint32_t i = count; i-- > 0;) {
        uint64_t product = (uint64_t)limbs[i] * factor + carry;

        out[i + 1] = (uint32_t)(product % NUMERIC_BASE);
        carry = product / NUMERIC_BASE;
    }
    out[0] = (uint32_t)carry;
}

/* |a| / |b| cut off below the limb of weight low, as limbs of the quotient. */
static void
divide(const struct numeric *a, const struct numeric *b, int64_t low, struct arena *arena,
       struct numeric *out)
{
    int64_t wanted = low_weight(b) + low;
    int64_t size = (int64_t)a->weight - wanted + 1;
    uint32_t n = b->count;
    uint32_t factor = NUMERIC_BASE / (b->limbs[0] + 1);
    uint32_t count;
    uint32_t *dividend;
    uint32_t *u;
    uint32_t *v;
    uint32_t *quotient;

    if (size < (int64_t)n) {
        numeric_set(out, false, 0, NULL, 0, 0);
        return;
    }
    count = (uint32_t)size;
    dividend = arena_alloc(arena, sizeof(*u) * count);
    for (uint32_t i = 0; i < count; i++)
        dividend[i] = numeric_limb_at(a, (int64_t)a->weight - i);
    quotient = arena_alloc(arena, sizeof(*quotient) * count);
    if (n == 1) {
        divide_small(dividend, count, b->limbs[0], quotient);
        numeric_set(out, false, (int32_t)(low + count - 1), quotient, count, 0);
        return;
    }

    u = arena_alloc(arena, sizeof(*u) * (count + 1));
    v = arena_alloc(arena, sizeof(*v) * (n + 1));
    scale_limbs(dividend, count, factor, u);
    scale_limbs(b->limbs, n, factor, v);
    assert(v[0] == 0);
    for (uint32_t i = 0; i + n <= count; i++)
        quotient[i] = divide_step(u + i, v + 1, n);
    numeric_set(out, false, (int32_t)(low + (int64_t)(count - n)), quotient, count - n + 1, 0);
}

static bool
divide_by_zero(struct err *err)
{
    return err_set(err, ERR_DB, "22012", "division by zero");
}

bool
numeric_div(const struct numeric *a, const struct numeric *b, struct arena *arena,
            struct numeric *out, struct err *err)
{
    bool negative = a->negative != b->negative;
    int32_t scale;

    if (a->kind == NUMERIC_NAN || b->kind == NUMERIC_NAN ||
        (a->kind == NUMERIC_INFINITE && b->kind == NUMERIC_INFINITE)) {
        numeric_set_special(out, NUMERIC_NAN, false);
        return true;
    }
    if (is_zero(b))
        return divide_by_zero(err);
    if (a->kind == NUMERIC_INFINITE) {
        numeric_set_special(out, NUMERIC_INFINITE, negative);
        return true;
    }
    if (b->kind == NUMERIC_INFINITE) {
        numeric_set(out, false, 0, NULL, 0, 0);
        return true;
    }
    scale = quotient_scale(a, b);
    if (is_zero(a)) {
        numeric_set(out, false, 0, NULL, 0, scale);
        return true;
    }
    /* One digit more than shown decides the rounding. */
    divide(a, b, numeric_floor_div(-(int64_t)scale - 1, NUMERIC_LIMB_DIGITS), arena, out);
    out->negative = negative && out->count > 0;
    numeric_round(out, scale, arena);
    return numeric_check(out, err);
}

bool
numeric_mod(const struct numeric *a, const struct numeric *b, struct arena *arena,
            struct numeric *out, struct err *err)
{
    struct numeric quotient;
    struct numeric product;
    int32_t dscale = max_scale(a, b);

    if (a->kind == NUMERIC_NAN || b->kind == NUMERIC_NAN) {
        numeric_set_special(out, NUMERIC_NAN, false);
        return true;
    }
    if (is_zero(b))
        return divide_by_zero(err);
    if (a->kind == NUMERIC_INFINITE) {
        numeric_set_special(out, NUMERIC_NAN, false);
        return true;
    }
    if (b->kind == NUMERIC_INFINITE || is_zero(a)) {
        *out = *a;
        out->dscale = b->kind == NUMERIC_INFINITE ? a->dscale : dscale;
        return true;
    }
    divide(a, b, 0, arena, &quotient);
    multiply(&quotient, b, arena, &product);
    /* The remainder has the sign of the dividend. */
    product.negative = a->negative && product.count > 0;
    add_signed(a, &product, !a->negative, arena, out);
    out->dscale = dscale;
    return true;
}

void
numeric_negate(struct numeric *value)
{
    if (value->kind == NUMERIC_INFINITE || value->count > 0)
        value->negative = !value->negative;
}

/* To a whole number, away from zero when there is a fraction and the sign is the one given. */
static void
to_whole(struct numeric *value, bool away_if_negative, struct arena *arena)
{
    struct numeric whole = *value;
    struct numeric one;

    if (value->kind != NUMERIC_FINITE)
        return;
    numeric_trunc(&whole, 0, arena);
    if (value->negative == away_if_negative && numeric_compare_abs(&whole, value) != 0) {
        numeric_from_i64(away_if_negative ? -1 : 1, arena, &one);
        add_signed(&whole, &one, one.negative, arena, &whole);
    }
    whole.dscale = 0;
    *value = whole;
}

void
numeric_ceil(struct numeric *value, struct arena *arena)
{
    to_whole(value, false, arena);
}

void
numeric_floor(struct numeric *value, struct arena *arena)
{
    to_whole(value, true, arena);
}

/* Limbs hold sums that are carried over only at the end: there is room for 2^33 of them. */
struct numeric_sum {
    int64_t *limbs; /* limb i stands for limbs[i] * 10^(9 * (low + i)) */
    int64_t low;
    uint32_t count;
    int32_t dscale;
    bool nan;
    bool plus_infinity;
    bool minus_infinity;
};

struct numeric_sum *
numeric_sum_new(void)
{
    return xcalloc(1, sizeof(struct numeric_sum));
}

void
numeric_sum_free(struct numeric_sum *sum)
{
    if (sum == NULL)
        return;
    free(sum->limbs);
    free(sum);
}

static void
sum_make_room(struct numeric_sum *sum, int64_t low, int64_t high)
{
    int64_t new_low = sum->count > 0 && sum->low < low ? sum->low : low;
    int64_t old_high = sum->low + sum->count - 1;
    int64_t new_high = sum->count > 0 && old_high > high ? old_high : high;
    uint32_t count = (uint32_t)(new_high - new_low + 1);
    int64_t *limbs;

    if (sum->count > 0 && new_low == sum->low && new_high == old_high)
        return;
    limbs = xcalloc(count, sizeof(*limbs));
    for (uint32_t i = 0; i < sum->count; i++)
        limbs[sum->low - new_low + i] = sum->limbs[i];
    free(sum->limbs);
    sum->limbs = limbs;
    sum->low = new_low;
    sum->count = count;
}

void
numeric_sum_add(struct numeric_sum *sum, const struct numeric *value)
{
    if (value->kind == NUMERIC_NAN)
        sum->nan = true;
    else if (value->kind == NUMERIC_INFINITE && value->negative)
        sum->minus_infinity = true;
    else if (value->kind == NUMERIC_INFINITE)
        sum->plus_infinity = true;
    if (value->kind != NUMERIC_FINITE)
        return;

    sum->dscale = value->dscale > sum->dscale ? value->dscale : sum->dscale;
    if (value->count == 0)
        return;
    sum_make_room(sum, low_weight(value), value->weight);
    for (uint32_t i = 0; i < value->count; i++) {
        int64_t limb = value->limbs[i];

        sum->limbs[(int64_t)value->weight - i - sum->low] += value->negative ? -limb : limb;
    }
}

/* The magnitude of the sum, or of its opposite, into limbs from the leading one; false when it is
 * below zero that way. */
static bool
sum_carry(const struct numeric_sum *sum, bool negated, uint32_t *limbs, uint32_t count)
{
    int64_t carry = 0;

    for (uint32_t i = 0; i < count; i++) {
        int64_t limb = i < sum->count ? sum->limbs[i] : 0;

        limb = (negated ? -limb : limb) + carry;
        carry = numeric_floor_div(limb, NUMERIC_BASE);
        limbs[count - 1 - i] = (uint32_t)(limb - carry * NUMERIC_BASE);
    }
    return carry == 0;
}

bool
numeric_sum_get(const struct numeric_sum *sum, struct arena *arena, struct numeric *out,
                struct err *err)
{
    /* 2^63 is below 10^27: the last carry needs three limbs. */
    uint32_t count = sum->count + 3;
    uint32_t *limbs;
    bool negative;

    if (sum->nan || (sum->plus_infinity && sum->minus_infinity)) {
        numeric_set_special(out, NUMERIC_NAN, false);
        return true;
    }
    if (sum->plus_infinity || sum->minus_infinity) {
        numeric_set_special(out, NUMERIC_INFINITE, sum->minus_infinity);
        return true;
    }
    limbs = arena_alloc(arena, sizeof(*limbs) * count);
    negative = !sum_carry(sum, false, limbs, count);
    if (negative && !sum_carry(sum, true, limbs, count))
        return err_set(err, ERR_INTERNAL, "XX000",
                       "unable to add 'numeric': the sum is inconsistent");
    numeric_set(out, negative, (int32_t)(sum->low + count - 1), limbs, count, sum->dscale);
    return numeric_check(out, err);
}
