/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parameters of a statement that runs for many rows, as a table that it reads: DB_BULK_ROWS.
 *
 * A statement of its own for each row costs SQLite more than the row: it is begun and ended, its
 * cursors are opened, and each looks for its place from the root of the tree. INSERT ... SELECT ...
 * FROM that table does that once, and a cursor that stands at the end of its table stays there. The
 * columns are c1, c2 and so on, in the order of the parameters; the values are not copied.
 */
#ifndef CAIRN_DB_SQLITE_ROWS_H
#define CAIRN_DB_SQLITE_ROWS_H

#include <sqlite3.h>

#include "sql/value.h"

/* What a connection's table shows now; count 0: nothing. */
struct lite_rows {
    const struct value *values; /* count x width */
    uint32_t count, width;
};

/* Makes the table on db; rows outlives it. Returns SQLite's code. */
MUST_CHECK int lite_rows_register(sqlite3 *db, struct lite_rows *rows);

#endif
