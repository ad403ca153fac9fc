/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the files of datetime_*.c only.
 */
#ifndef CAIRN_SQL_DATETIME_IMPL_H
#define CAIRN_SQL_DATETIME_IMPL_H

#include "core/str.h"

static inline struct str
datetime_skip_blanks(struct str s)
{
    while (s.len > 0 && (s.data[0] == ' ' || (s.data[0] >= '\t' && s.data[0] <= '\r')))
        s = str_slice(s, 1, s.len);
    return s;
}

#endif
