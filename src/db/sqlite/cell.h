/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite's values as struct value, without a copy: what peek.h fills is one. */
#ifndef CAIRN_DB_SQLITE_CELL_H
#define CAIRN_DB_SQLITE_CELL_H

#include "db/sqlite/peek.h"
#include "sql/value.h"

_Static_assert((int)PEEK_NULL == (int)VALUE_NULL && (int)PEEK_INT == (int)VALUE_INT &&
                   (int)PEEK_REAL == (int)VALUE_REAL && (int)PEEK_TEXT == (int)VALUE_TEXT &&
                   (int)PEEK_BLOB == (int)VALUE_BLOB,
               "kinds are numbered alike");
_Static_assert(sizeof(struct peek) == sizeof(struct value) &&
                   offsetof(struct peek, kind) == offsetof(struct value, kind) &&
                   offsetof(struct peek, i) == offsetof(struct value, i) &&
                   offsetof(struct peek, f) == offsetof(struct value, f) &&
                   offsetof(struct peek, s.data) == offsetof(struct value, s.data) &&
                   offsetof(struct peek, s.len) == offsetof(struct value, s.len),
               "members lie alike");

/* Borrows the value; see peek_value. */
static inline void
cell_of(sqlite3_value *from, struct value *out)
{
    peek_value(from, (struct peek *)out);
}

/* Borrows the first count columns of the row; see peek_row. */
static inline void
cells_of(sqlite3_stmt *stmt, struct value *out, int count)
{
    peek_row(stmt, (struct peek *)out, count);
}

#endif
