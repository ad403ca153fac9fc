/* SPDX-License-Identifier: Apache-2.0 */
/* Text to value and back, rounding, comparing. The arithmetic is in numeric_math.c. */
#include "sql/numeric.h"

#include <math.h>

#include "sql/numeric_impl.h"

/* What PostgreSQL's numeric can hold. */
#define WHOLE_DIGITS_MAX 131072
#define SCALE_MAX 16383
#define EXPONENT_MAX 1073741823

const uint32_t numeric_pow10[10] = {1,      10,      100,      1000,      10000,
                                    100000, 1000000, 10000000, 100000000, 1000000000};

void
numeric_set(struct numeric *out, bool negative, int32_t weight, uint32_t *limbs, uint32_t count,
            int32_t dscale)
{
    while (count > 0 && limbs[0] == 0) {
        limbs++;
        count--;
        weight--;
    }
    while (count > 0 && limbs[count - 1] == 0)
        count--;
    *out = (struct numeric){
        .kind = NUMERIC_FINITE,
        .negative = negative && count > 0,
        .weight = count > 0 ? weight : 0,
        .count = count,
        .dscale = dscale,
        .limbs = limbs,
    };
}

void
numeric_set_special(struct numeric *out, enum numeric_kind kind, bool negative)
{
    *out = (struct numeric){.kind = kind, .negative = negative && kind != NUMERIC_NAN};
}

/* The power of ten of the first digit, for a value that is not zero. */
static int32_t
leading_power(const struct numeric *value)
{
    int32_t digits = 0;

    while (digits < 9 && value->limbs[0] >= numeric_pow10[digits])
        digits++;
    return value->weight * NUMERIC_LIMB_DIGITS + digits - 1;
}

bool
numeric_check(const struct numeric *value, struct err *err)
{
    if (value->kind != NUMERIC_FINITE)
        return true;
    if (value->dscale > SCALE_MAX || (value->count > 0 && leading_power(value) >= WHOLE_DIGITS_MAX))
        return err_set(err, ERR_DB, "22003", "value overflows numeric format");
    return true;
}

/* A decimal as written: its digits, and where the point stands. */
struct decimal_text {
    bool negative;
    struct str whole;
    struct str fraction;
    int64_t exponent;
};

static struct str
take_digits(struct str *rest)
{
    size_t n = 0;

    while (n < rest->len && rest->data[n] >= '0' && rest->data[n] <= '9')
        n++;

    struct str digits = str_slice(*rest, 0, n);
    *rest = str_slice(*rest, n, rest->len);
    return digits;
}

static bool
take_sign(struct str *rest, bool *negative)
{
    *negative = rest->len > 0 && rest->data[0] == '-';
    if (rest->len == 0 || (rest->data[0] != '-' && rest->data[0] != '+'))
        return false;
    *rest = str_slice(*rest, 1, rest->len);
    return true;
}

static bool
scan_decimal(struct str text, struct decimal_text *out)
{
    *out = (struct decimal_text){0};
    take_sign(&text, &out->negative);
    out->whole = take_digits(&text);
    if (text.len > 0 && text.data[0] == '.') {
        text = str_slice(text, 1, text.len);
        out->fraction = take_digits(&text);
    }
    if (out->whole.len + out->fraction.len == 0)
        return false;
    if (text.len > 0 && (text.data[0] | 0x20) == 'e') {
        bool down;
        struct str digits;

        text = str_slice(text, 1, text.len);
        take_sign(&text, &down);
        digits = take_digits(&text);
        if (digits.len == 0)
            return false;
        for (size_t i = 0; i < digits.len && out->exponent < EXPONENT_MAX; i++)
            out->exponent = out->exponent * 10 + (digits.data[i] - '0');
        if (down)
            out->exponent = -out->exponent;
    }
    return text.len == 0;
}

static char
digit_of(const struct decimal_text *text, size_t index)
{
    return index < text->whole.len ? text->whole.data[index]
                                   : text->fraction.data[index - text->whole.len];
}

static void
from_decimal_text(const struct decimal_text *text, struct arena *arena, struct numeric *out)
{
    size_t digits = text->whole.len + text->fraction.len;
    size_t first = 0;
    int64_t dscale = (int64_t)text->fraction.len - text->exponent;
    int64_t power;
    int64_t weight;
    uint32_t *limbs;
    uint32_t count = 0;
    size_t at;

    dscale = dscale < 0 ? 0 : dscale > INT32_MAX ? INT32_MAX : dscale;
    while (first < digits && digit_of(text, first) == '0')
        first++;
    if (first == digits) {
        numeric_set(out, false, 0, NULL, 0, (int32_t)dscale);
        return;
    }

    power = (int64_t)text->whole.len - 1 - (int64_t)first + text->exponent;
    weight = numeric_floor_div(power, NUMERIC_LIMB_DIGITS);
    limbs = arena_alloc(arena, sizeof(*limbs) * ((digits - first) / NUMERIC_LIMB_DIGITS + 2));
    at = first;
    for (int32_t room = (int32_t)(power - weight * NUMERIC_LIMB_DIGITS) + 1; at < digits;
         room = NUMERIC_LIMB_DIGITS) {
        uint32_t limb = 0;

        for (int32_t i = 0; i < room; i++, at++)
            limb = limb * 10 + (at < digits ? (uint32_t)(digit_of(text, at) - '0') : 0);
        limbs[count++] = limb;
    }
    numeric_set(out, text->negative, (int32_t)weight, limbs, count, (int32_t)dscale);
}

static bool
parse_special(struct str text, struct numeric *out)
{
    bool negative;
    bool sign;

    if (str_eq_nocase(text, STR("NaN"))) {
        numeric_set_special(out, NUMERIC_NAN, false);
        return true;
    }
    sign = take_sign(&text, &negative);
    if (!str_eq_nocase(text, STR("Infinity")) && !str_eq_nocase(text, STR("inf")))
        return false;
    numeric_set_special(out, NUMERIC_INFINITE, sign && negative);
    return true;
}

bool
numeric_parse(struct str text, int32_t precision, int32_t scale, struct arena *arena,
              struct numeric *out, struct err *err)
{
    struct str trimmed = numeric_trim(text);
    struct decimal_text decimal;

    if (!parse_special(trimmed, out)) {
        if (!scan_decimal(trimmed, &decimal))
            return err_set(err, ERR_DB, "22P02", "invalid input syntax for type numeric: \"%.*s\"",
                           STR_ARG(text));
        if (decimal.exponent >= EXPONENT_MAX || decimal.exponent <= -EXPONENT_MAX)
            return err_set(err, ERR_DB, "22003", "value overflows numeric format");
        from_decimal_text(&decimal, arena, out);
    }
    return numeric_fit(out, precision, scale, arena, err);
}

void
numeric_from_i64(int64_t value, struct arena *arena, struct numeric *out)
{
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    uint32_t *limbs = arena_alloc(arena, sizeof(*limbs) * 3);

    for (int i = 2; i >= 0; i--) {
        limbs[i] = (uint32_t)(rest % NUMERIC_BASE);
        rest /= NUMERIC_BASE;
    }
    numeric_set(out, value < 0, 2, limbs, 3, 0);
}

bool
numeric_from_double(double value, bool single, struct arena *arena, struct numeric *out,
                    struct err *err)
{
    char text[40];
    int len;

    if (isnan(value) || isinf(value)) {
        numeric_set_special(out, isnan(value) ? NUMERIC_NAN : NUMERIC_INFINITE, value < 0);
        return true;
    }
    len = snprintf(text, sizeof(text), "%.*g", single ? 6 : 15, value);
    return numeric_parse(str_make(text, (size_t)len), -1, 0, arena, out, err);
}

/* Writes the first digits of a limb, which has nine. */
static char *
put_limb(char *to, uint32_t limb, int32_t digits)
{
    for (int32_t i = 8; i >= 0; i--) {
        if (i < digits)
            to[i] = (char)('0' + limb % 10);
        limb /= 10;
    }
    return to + digits;
}

void
numeric_write(struct buf *out, const struct numeric *value)
{
    size_t whole = value->weight >= 0 ? ((size_t)value->weight + 1) * NUMERIC_LIMB_DIGITS : 1;
    char *to;

    if (value->kind == NUMERIC_NAN) {
        BUF_ADD_LIT(out, "NaN");
        return;
    }
    if (value->negative)
        buf_add_char(out, '-');
    if (value->kind == NUMERIC_INFINITE) {
        BUF_ADD_LIT(out, "Infinity");
        return;
    }
    /* More than buf_add_u64 asks for, so that what follows needs no check. */
    if (!buf_reserve(out, whole + (size_t)value->dscale + 24))
        return;

    if (value->count == 0 || value->weight < 0) {
        buf_add_char(out, '0');
    } else {
        buf_add_u64(out, value->limbs[0]);
        to = out->data + out->len;
        for (int32_t weight = value->weight - 1; weight >= 0; weight--)
            to = put_limb(to, numeric_limb_at(value, weight), NUMERIC_LIMB_DIGITS);
        out->len = (size_t)(to - out->data);
    }
    if (value->dscale <= 0)
        return;
    to = out->data + out->len;
    *to++ = '.';
    for (int32_t left = value->dscale, weight = -1; left > 0; left -= NUMERIC_LIMB_DIGITS, weight--)
        to = put_limb(to, numeric_limb_at(value, weight),
                      left < NUMERIC_LIMB_DIGITS ? left : NUMERIC_LIMB_DIGITS);
    out->len = (size_t)(to - out->data);
}

struct str
numeric_to_text(const struct numeric *value, struct arena *arena)
{
    size_t whole = value->weight > 0 ? (size_t)value->weight * NUMERIC_LIMB_DIGITS : 0;
    size_t room = whole + (size_t)value->dscale + 48;
    /* The most it can need, so that nothing is moved afterwards. */
    struct buf out = {.data = arena_alloc(arena, room), .cap = room, .max = room};

    numeric_write(&out, value);
    assert(buf_ok(&out));
    return buf_str(&out);
}

/* Cuts below 10^-scale; away: adds one there when the first digit cut off is 5 or more. */
static void
cut_at(struct numeric *value, int32_t scale, bool away, struct arena *arena)
{
    int64_t keep = numeric_floor_div(-(int64_t)scale, NUMERIC_LIMB_DIGITS);
    int32_t below = (int32_t)(-(int64_t)scale - keep * NUMERIC_LIMB_DIGITS);
    int64_t index = value->weight - keep;
    int32_t dscale = scale > 0 ? scale : 0;
    uint32_t next_digit;
    uint32_t *limbs;
    uint32_t count;
    int64_t weight;

    if (value->kind != NUMERIC_FINITE)
        return;
    next_digit = below > 0 ? numeric_limb_at(value, keep) / numeric_pow10[below - 1] % 10
                           : numeric_limb_at(value, keep - 1) / numeric_pow10[8];
    if (index >= (int64_t)value->count) {
        value->dscale = dscale;
        return;
    }
    if (index < 0) {
        /* Nothing stays, but 5 and more become one unit. */
        limbs = arena_alloc(arena, sizeof(*limbs));
        limbs[0] = away && next_digit >= 5 ? numeric_pow10[below] : 0;
        numeric_set(value, value->negative, (int32_t)keep, limbs, 1, dscale);
        return;
    }

    count = (uint32_t)index + 2;
    weight = (int64_t)value->weight + 1;
    limbs = arena_alloc(arena, sizeof(*limbs) * count);
    limbs[0] = 0;
    memcpy(limbs + 1, value->limbs, sizeof(*limbs) * (count - 1));
    limbs[count - 1] -= limbs[count - 1] % numeric_pow10[below];
    if (away && next_digit >= 5) {
        limbs[count - 1] += numeric_pow10[below];
        for (uint32_t i = count - 1; i > 0 && limbs[i] >= NUMERIC_BASE; i--) {
            limbs[i] -= NUMERIC_BASE;
            limbs[i - 1]++;
        }
    }
    numeric_set(value, value->negative, (int32_t)weight, limbs, count, dscale);
}

void
numeric_round(struct numeric *value, int32_t scale, struct arena *arena)
{
    cut_at(value, scale, true, arena);
}

void
numeric_trunc(struct numeric *value, int32_t scale, struct arena *arena)
{
    cut_at(value, scale, false, arena);
}

bool
numeric_fit(struct numeric *value, int32_t precision, int32_t scale, struct arena *arena,
            struct err *err)
{
    int32_t whole = precision - scale;

    if (precision < 0)
        return numeric_check(value, err);
    if (value->kind == NUMERIC_NAN)
        return true;
    if (value->kind == NUMERIC_INFINITE) {
        err_set(err, ERR_DB, "22003", "numeric field overflow");
        err_details(err, "A field with precision %d, scale %d cannot hold an infinite value.",
                    precision, scale);
        return false;
    }
    numeric_round(value, scale, arena);
    if (value->count > 0 && leading_power(value) >= whole) {
        err_set(err, ERR_DB, "22003", "numeric field overflow");
        err_details(err,
                    "A field with precision %d, scale %d must round to an absolute value less than "
                    "%s%d.",
                    precision, scale, whole != 0 ? "10^" : "", whole != 0 ? whole : 1);
        return false;
    }
    return true;
}

bool
numeric_to_i64(const struct numeric *value, int64_t *out)
{
    uint64_t max = (uint64_t)INT64_MAX + (value->negative ? 1 : 0);
    uint64_t total = 0;
    bool up;

    if (value->kind != NUMERIC_FINITE || value->weight > 2)
        return false;
    up = numeric_limb_at(value, -1) >= NUMERIC_BASE / 2;
    for (int32_t weight = 2; weight >= 0; weight--) {
        if (__builtin_mul_overflow(total, NUMERIC_BASE, &total) ||
            __builtin_add_overflow(total, numeric_limb_at(value, weight), &total))
            return false;
    }
    if ((up && __builtin_add_overflow(total, 1u, &total)) || total > max)
        return false;
    *out = value->negative ? (int64_t)(0 - total) : (int64_t)total;
    return true;
}

/* Where a value stands among the kinds: -Infinity, finite, Infinity, NaN. */
static int
rank_of(const struct numeric *value)
{
    if (value->kind == NUMERIC_NAN)
        return 3;
    if (value->kind == NUMERIC_INFINITE)
        return value->negative ? 0 : 2;
    return 1;
}

int
numeric_compare_abs(const struct numeric *a, const struct numeric *b)
{
    uint32_t count = a->count < b->count ? a->count : b->count;

    if (a->count == 0 || b->count == 0)
        return (a->count > 0) - (b->count > 0);
    if (a->weight != b->weight)
        return a->weight < b->weight ? -1 : 1;
    for (uint32_t i = 0; i < count; i++) {
        if (a->limbs[i] != b->limbs[i])
            return a->limbs[i] < b->limbs[i] ? -1 : 1;
    }
    return (a->count > b->count) - (a->count < b->count);
}

int
numeric_compare(const struct numeric *a, const struct numeric *b)
{
    int ranks = rank_of(a) - rank_of(b);

    if (ranks != 0 || a->kind != NUMERIC_FINITE)
        return (ranks > 0) - (ranks < 0);
    if (a->negative != b->negative)
        return a->negative ? -1 : 1;
    return a->negative ? numeric_compare_abs(b, a) : numeric_compare_abs(a, b);
}

/* A text as the collation sees it. */
struct number_view {
    int rank; /* as rank_of; 4: no number */
    bool negative;
    struct str whole;    /* without leading zeros */
    struct str fraction; /* without trailing zeros */
};

static struct number_view
view_of(struct str text)
{
    struct number_view view = {.rank = 1};
    struct str rest = text;

    if (str_eq(text, STR("NaN")))
        view.rank = 3;
    else if (str_eq(text, STR("Infinity")))
        view.rank = 2;
    else if (str_eq(text, STR("-Infinity")))
        view.rank = 0;
    if (view.rank != 1)
        return view;

    view.negative = rest.len > 0 && rest.data[0] == '-';
    rest = str_slice(rest, view.negative ? 1 : 0, rest.len);
    view.whole = take_digits(&rest);
    if (view.whole.len == 0) {
        view.rank = 4;
        return view;
    }
    if (rest.len > 0 && rest.data[0] == '.') {
        rest = str_slice(rest, 1, rest.len);
        view.fraction = take_digits(&rest);
    }
    if (rest.len > 0)
        view.rank = 4;
    while (view.whole.len > 0 && view.whole.data[0] == '0')
        view.whole = str_slice(view.whole, 1, view.whole.len);
    while (view.fraction.len > 0 && view.fraction.data[view.fraction.len - 1] == '0')
        view.fraction.len--;
    return view;
}

int
numeric_compare_text(struct str a, struct str b)
{
    struct number_view va = view_of(a);
    struct number_view vb = view_of(b);
    int sizes;

    if (va.rank != vb.rank)
        return va.rank < vb.rank ? -1 : 1;
    if (va.rank == 4)
        return str_cmp(a, b);
    if (va.rank != 1)
        return 0;
    if (va.whole.len + va.fraction.len == 0 && vb.whole.len + vb.fraction.len == 0)
        return 0;
    if (va.negative != vb.negative)
        return va.negative ? -1 : 1;
    sizes = (va.whole.len > vb.whole.len) - (va.whole.len < vb.whole.len);
    if (sizes == 0)
        sizes = str_cmp(va.whole, vb.whole);
    if (sizes == 0)
        sizes = str_cmp(va.fraction, vb.fraction);
    return va.negative ? -sizes : sizes;
}
