/* SPDX-License-Identifier: Apache-2.0 */
#include "db/sqlite/peek.h"

void
peek_value(sqlite3_value *from, struct peek *out)
{
    peek_by_calls(from, out);
}

void
peek_row(sqlite3_stmt *stmt, struct peek *out, int count)
{
    for (int i = 0; i < count; i++)
        peek_by_calls(sqlite3_column_value(stmt, i), &out[i]);
}
