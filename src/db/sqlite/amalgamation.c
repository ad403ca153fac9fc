/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite's own sources, and the two functions of this program that look into its structures. */
#include "sqlite3.c"

#include "db/sqlite/peek.h"

/* What an integer, a text and NULL look like inside is what was read in this version. */
#if SQLITE_VERSION_NUMBER / 1000000 != 3 || SQLITE_VERSION_NUMBER < 3051000 || \
    SQLITE_VERSION_NUMBER >= 3054000
#error \
    "look at sqlite3_value_type(), sqlite3_value_blob() and struct Mem before this version is used"
#endif

static inline void
peek_mem(Mem *mem, struct peek *out)
{
    switch (mem->flags & MEM_AffMask) {
    case MEM_Int:
        out->kind = PEEK_INT;
        out->i = mem->u.i;
        break;
    case MEM_Str:
        if (mem->enc != SQLITE_UTF8) {
            peek_by_calls(mem, out);
            break;
        }
        out->kind = PEEK_TEXT;
        out->s.data = mem->z;
        out->s.len = (size_t)mem->n;
        break;
    case MEM_Null:
        out->kind = PEEK_NULL;
        break;
    default:
        peek_by_calls(mem, out);
    }
}

void
peek_value(sqlite3_value *from, struct peek *out)
{
    peek_mem(from, out);
}

void
peek_row(sqlite3_stmt *stmt, struct peek *out, int count)
{
    Mem *row = ((Vdbe *)stmt)->pResultRow;

    for (int i = 0; i < count; i++)
        peek_mem(&row[i], &out[i]);
}
