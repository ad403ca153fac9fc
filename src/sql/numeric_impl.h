/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the files of numeric_*.c only.
 */
#ifndef CAIRN_SQL_NUMERIC_IMPL_H
#define CAIRN_SQL_NUMERIC_IMPL_H

#include "sql/numeric.h"

#define NUMERIC_BASE 1000000000u
#define NUMERIC_LIMB_DIGITS 9

extern const uint32_t numeric_pow10[10];

/* A finite value from limbs, which may have zeros at both ends. */
void numeric_set(struct numeric *out, bool negative, int32_t weight, uint32_t *limbs,
                 uint32_t count, int32_t dscale);
void numeric_set_special(struct numeric *out, enum numeric_kind kind, bool negative);
/* 22003 when PostgreSQL's format can't hold it. */
MUST_CHECK bool numeric_check(const struct numeric *value, struct err *err);
int numeric_compare_abs(const struct numeric *a, const struct numeric *b);

static inline uint32_t
numeric_limb_at(const struct numeric *value, int64_t weight)
{
    int64_t index = (int64_t)value->weight - weight;

    return index >= 0 && index < (int64_t)value->count ? value->limbs[index] : 0;
}

static inline int64_t
numeric_floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Without the blanks that isspace() knows in the C locale. */
static inline struct str
numeric_trim(struct str s)
{
    while (s.len > 0 && (s.data[0] == ' ' || (s.data[0] >= '\t' && s.data[0] <= '\r')))
        s = str_slice(s, 1, s.len);
    while (s.len > 0 &&
           (s.data[s.len - 1] == ' ' || (s.data[s.len - 1] >= '\t' && s.data[s.len - 1] <= '\r')))
        s.len--;
    return s;
}

#endif
