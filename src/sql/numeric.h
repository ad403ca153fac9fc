/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PostgreSQL's numeric: decimal numbers with their digits kept, exact arithmetic, and the same
 * result scales, so that 1/3 has as many threes here as there.
 *
 * A value is sign, limbs in base 10^9 and dscale, the number of digits shown after the point.
 * Source: PostgreSQL 15 documentation, 8.1.2, and what its functions print.
 */
#ifndef CAIRN_SQL_NUMERIC_H
#define CAIRN_SQL_NUMERIC_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"

enum numeric_kind { NUMERIC_FINITE, NUMERIC_INFINITE, NUMERIC_NAN };

struct numeric {
    enum numeric_kind kind;
    bool negative;  /* never of zero or NaN */
    int32_t weight; /* limb i stands for limbs[i] * 10^(9 * (weight - i)) */
    uint32_t count; /* no zero limb at either end; 0: zero */
    int32_t dscale;
    uint32_t *limbs; /* in the arena */
};

/*
 * Text as the input function takes it, blanks around included, fitted to numeric(precision, scale):
 * rounded half away from zero. precision -1: as it is. Fails with 22P02 or 22003.
 */
MUST_CHECK bool numeric_parse(struct str text, int32_t precision, int32_t scale,
                              struct arena *arena, struct numeric *out, struct err *err);
/* The same for a value that is there already. */
MUST_CHECK bool numeric_fit(struct numeric *value, int32_t precision, int32_t scale,
                            struct arena *arena, struct err *err);
void numeric_from_i64(int64_t value, struct arena *arena, struct numeric *out);
/* As the cast does: 15 significant digits, 6 when single. */
MUST_CHECK bool numeric_from_double(double value, bool single, struct arena *arena,
                                    struct numeric *out, struct err *err);
void numeric_write(struct buf *out, const struct numeric *value);
struct str numeric_to_text(const struct numeric *value, struct arena *arena);
/* To an integer, rounding half away from zero; false when it doesn't fit, NaN and infinities
 * included. */
bool numeric_to_i64(const struct numeric *value, int64_t *out);

/* NaN equals NaN and is greater than all else. */
int numeric_compare(const struct numeric *a, const struct numeric *b);
/*
 * Order of two texts in the form numeric_write gives, without taking them apart. A total order of
 * any bytes: what is no number sorts after NaN, by bytes.
 */
int numeric_compare_text(struct str a, struct str b);

/* Results live in arena and may share limbs with the operands. A result too large is 22003. */
MUST_CHECK bool numeric_add(const struct numeric *a, const struct numeric *b, struct arena *arena,
                            struct numeric *out, struct err *err);
MUST_CHECK bool numeric_sub(const struct numeric *a, const struct numeric *b, struct arena *arena,
                            struct numeric *out, struct err *err);
MUST_CHECK bool numeric_mul(const struct numeric *a, const struct numeric *b, struct arena *arena,
                            struct numeric *out, struct err *err);
/* These also fail with 22012 "division by zero". */
MUST_CHECK bool numeric_div(const struct numeric *a, const struct numeric *b, struct arena *arena,
                            struct numeric *out, struct err *err);
MUST_CHECK bool numeric_mod(const struct numeric *a, const struct numeric *b, struct arena *arena,
                            struct numeric *out, struct err *err);
void numeric_negate(struct numeric *value);
/* In place: round half away from zero, or towards zero, at scale digits after the point (may be
 * negative); up or down to a whole number. */
void numeric_round(struct numeric *value, int32_t scale, struct arena *arena);
void numeric_trunc(struct numeric *value, int32_t scale, struct arena *arena);
void numeric_ceil(struct numeric *value, struct arena *arena);
void numeric_floor(struct numeric *value, struct arena *arena);

/* A running sum on the heap, of bounded size however many values are added. */
struct numeric_sum;
struct numeric_sum *numeric_sum_new(void);
void numeric_sum_free(struct numeric_sum *sum); /* NULL is safe */
void numeric_sum_add(struct numeric_sum *sum, const struct numeric *value);
MUST_CHECK bool numeric_sum_get(const struct numeric_sum *sum, struct arena *arena,
                                struct numeric *out, struct err *err);

#endif
