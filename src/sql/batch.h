/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows on their way into a table: consecutive INSERTs of the same form, or the lines of a COPY,
 * become one statement that is run once for each row.
 */
#ifndef CAIRN_SQL_BATCH_H
#define CAIRN_SQL_BATCH_H

#include "sql/apply.h"

/* One cell: a value, or an expression of SQLite that is written into the statement. */
struct batch_cell {
    uint32_t column;
    struct value value;
    struct str expression; /* empty: the value */
};

struct batch *batch_new(void);
void batch_free(struct batch *batch); /* NULL is safe */

/*
 * Adds one row from the statement at offset at. suffix is what follows VALUES (...), such as an ON
 * CONFLICT clause. Values may point into a->tmp: batch_flush is called before that is reset.
 */
MUST_CHECK bool batch_add(struct apply *a, const struct model_table *table,
                          const struct batch_cell *cells, uint32_t count, struct str suffix,
                          size_t at);
MUST_CHECK bool batch_flush(struct apply *a);
bool batch_is_empty(const struct apply *a);

#endif
