/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/float.h"

#include <errno.h>
#include <math.h>

#include "sql/numeric_impl.h"

/* Decimal digits, and the power of ten of the first one. */
struct digits {
    char text[20];
    int count;
    int power;
};

/* Every decimal of this many digits comes back from the type unchanged, so one that gives the value
 * is the only one of its length or shorter. */
#define SAFE_DIGITS(single) ((single) ? 6 : 15)
#define MAX_DIGITS(single) ((single) ? 9 : 17)

static const double exact_pow10[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static bool
fail_syntax(struct str text, bool single, struct err *err)
{
    return err_set(err, ERR_DB, "22P02", "invalid input syntax for type %s: \"%.*s\"",
                   single ? "real" : "double precision", STR_ARG(text));
}

bool
float_parse(struct str text, bool single, double *out, struct err *err)
{
    struct str number = numeric_trim(text);
    char small[64];
    char *copy = number.len < sizeof(small) ? small : xmalloc(number.len + 1);
    char *end;
    bool ok = false;
    bool lost;

    if (number.len > 0)
        memcpy(copy, number.data, number.len);
    copy[number.len] = '\0';

    errno = 0;
    *out = single ? (double)strtof(copy, &end) : strtod(copy, &end);
    lost = errno == ERANGE && (*out == 0 || isinf(*out));
    if (end == copy || (size_t)(end - copy) != number.len) {
        fail_syntax(text, single, err);
        goto out;
    }
    if (lost) {
        err_set(err, ERR_DB, "22003", "\"%.*s\" is out of range for type %s", STR_ARG(number),
                single ? "real" : "double precision");
        goto out;
    }
    ok = true;

out:
    if (copy != small)
        free(copy);

    return ok;
}

static void
digits_from_integer(uint64_t integer, int scale, struct digits *out)
{
    char text[20];
    int at = (int)sizeof(text);

    while (integer > 0) {
        text[--at] = (char)('0' + integer % 10);
        integer /= 10;
    }
    out->count = (int)sizeof(text) - at;
    out->power = out->count - 1 - scale;
    memcpy(out->text, text + at, (size_t)out->count);
    while (out->count > 1 && out->text[out->count - 1] == '0')
        out->count--;
}

/* Numbers that people write: an integer of few digits divided by a power of ten that is exact. The
 * quotient is then the value that the decimal stands for, because a division rounds once. */
static bool
find_short(double value, bool single, struct digits *out)
{
    double limit = exact_pow10[SAFE_DIGITS(single)];

    for (int scale = 0; scale < (int)COUNTOF(exact_pow10); scale++) {
        double integer = rint(value * exact_pow10[scale]);
        double back = integer / exact_pow10[scale];

        if (integer >= limit)
            return false;
        if ((single ? (double)(float)back : back) == value) {
            digits_from_integer((uint64_t)integer, scale, out);
            return true;
        }
    }
    return false;
}

/*
 * Does the decimal lie exactly between two neighbours? PostgreSQL doesn't count on readers who
 * round such a one to even. It is one if it is an integer of one significant bit more than the type
 * has; with a fraction it would have more digits than a candidate.
 */
static bool
is_halfway(const struct digits *digits, bool single)
{
    int tens = digits->power - digits->count + 1;
    unsigned __int128 odd = 0;
    int bits = 0;

    /* 5^27 alone has more bits than that. */
    if (tens < 0 || tens > 27)
        return false;
    for (int i = 0; i < digits->count; i++)
        odd = odd * 10 + (unsigned)(digits->text[i] - '0');
    for (int i = 0; i < tens; i++)
        odd *= 5;
    while (odd % 2 == 0)
        odd /= 2;
    for (; odd > 0; odd /= 2)
        bits++;
    return bits == (single ? 25 : 54);
}

static void
find_long(double value, bool single, struct digits *out)
{
    bool normal = single ? isnormal((float)value) : isnormal(value);
    char text[40];

    for (int count = normal ? SAFE_DIGITS(single) : 1;; count++) {
        double back;

        snprintf(text, sizeof(text), "%.*e", count - 1, value);
        back = single ? (double)strtof(text, NULL) : strtod(text, NULL);
        out->text[0] = text[0];
        if (count > 1)
            memcpy(out->text + 1, text + 2, (size_t)count - 1);
        out->count = count;
        out->power = (int)strtol(text + (count > 1 ? count + 2 : 2), NULL, 10);
        if (count >= MAX_DIGITS(single) || (back == value && !is_halfway(out, single)))
            break;
    }
    while (out->count > 1 && out->text[out->count - 1] == '0')
        out->count--;
}

static void
write_scientific(struct buf *out, const struct digits *digits)
{
    int power = digits->power < 0 ? -digits->power : digits->power;

    buf_add_char(out, digits->text[0]);
    if (digits->count > 1) {
        buf_add_char(out, '.');
        buf_add(out, digits->text + 1, (size_t)digits->count - 1);
    }
    buf_add_char(out, 'e');
    buf_add_char(out, digits->power < 0 ? '-' : '+');
    if (power < 10)
        buf_add_char(out, '0');
    buf_add_i64(out, power);
}

static void
write_fixed(struct buf *out, const struct digits *digits)
{
    static const char zeros[] = "0000000000000000";
    int whole = digits->power + 1;

    if (whole <= 0) {
        BUF_ADD_LIT(out, "0.");
        buf_add(out, zeros, (size_t)-whole);
        buf_add(out, digits->text, (size_t)digits->count);
    } else if (digits->count <= whole) {
        buf_add(out, digits->text, (size_t)digits->count);
        buf_add(out, zeros, (size_t)(whole - digits->count));
    } else {
        buf_add(out, digits->text, (size_t)whole);
        buf_add_char(out, '.');
        buf_add(out, digits->text + whole, (size_t)(digits->count - whole));
    }
}

void
float_write(struct buf *out, double value, bool single)
{
    struct digits digits;

    if (single)
        value = (double)(float)value;
    if (isnan(value)) {
        BUF_ADD_LIT(out, "NaN");
        return;
    }
    if (signbit(value)) {
        buf_add_char(out, '-');
        value = -value;
    }
    if (isinf(value)) {
        BUF_ADD_LIT(out, "Infinity");
        return;
    }
    if (value == 0) {
        buf_add_char(out, '0');
        return;
    }
    if (!find_short(value, single, &digits))
        find_long(value, single, &digits);
    if (digits.power < -4 || digits.power >= SAFE_DIGITS(single))
        write_scientific(out, &digits);
    else
        write_fixed(out, &digits);
}
