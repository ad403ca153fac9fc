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

#endif
