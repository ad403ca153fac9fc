/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One database value as it travels between engine and API: a parameter on the way in, a cell on
 * the way out. It borrows its bytes.
 */
#ifndef CAIRN_SQL_VALUE_H
#define CAIRN_SQL_VALUE_H

#include "core/str.h"

enum value_kind { VALUE_NULL, VALUE_INT, VALUE_REAL, VALUE_TEXT, VALUE_BLOB };

struct value {
    enum value_kind kind;
    union {
        int64_t i;
        double f;
        struct str s; /* TEXT and BLOB */
    };
};

/* The same kind and content; NULL is NULL. */
static inline bool
value_eq(const struct value *a, const struct value *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case VALUE_NULL:
        return true;
    case VALUE_INT:
        return a->i == b->i;
    case VALUE_REAL:
        return a->f == b->f;
    case VALUE_TEXT:
    case VALUE_BLOB:
        return str_eq(a->s, b->s);
    }
    return false;
}

#endif
