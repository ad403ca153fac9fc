/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements of a function's body that make rows in a table with row-level security.
 *
 * Who calls the function, and so which policies look at the new rows, is known only when it is
 * called. So each new row is made once, with all its values, in a materialized query named by
 * CHECKED_ROW, and read from there; the value of the first column that is written has the place for
 * the policies' conditions on it (BODY_CHECK), which is asked before any constraint, as in
 * PostgreSQL. The reasons: docs/adr/0015-access-rules-on-sqlite.md.
 */
#ifndef CAIRN_SQL_CHECKED_H
#define CAIRN_SQL_CHECKED_H

#include "sql/body.h"
#include "sql/expr.h"

#define CHECKED_ROW "\"cairn new\""
#define CHECKED_ALIAS "n" /* what the row is called where it is checked */

/* A value that a statement gives to a column. */
struct write_value {
    const struct model_column *column;
    struct str sql;
    bool fails_null; /* it must fail itself when it is NULL: apply_write_not_null() */
};

/* Whether the statement at hand has to have the place. */
bool checked_is_needed(const struct apply *a, const struct model_table *table);
/* SET of an UPDATE, or of ON CONFLICT. alias: what the row that is there is called. */
void checked_write_set(struct apply *a, const struct model_table *table, struct str alias,
                       const struct write_value *values, uint32_t count, struct buf *out);
/* WHERE of ON CONFLICT DO UPDATE: a row in the way that may not be changed is an error before the
 * condition (empty: none) is asked, as in PostgreSQL. */
void checked_write_found(const struct apply *a, const struct model_table *table,
                         struct str condition, struct buf *out);
/*
 * An INSERT, up to its ON CONFLICT. rows is a query that gives a value for each of the columns, in
 * their order, which are all of the table; generated ones among them it leaves out. with is another
 * query that stands before it: [name(...) AS (...), ].
 */
void checked_write_insert(struct apply *a, const struct model_table *table, struct str with,
                          const uint32_t *columns, uint32_t count, struct str rows,
                          struct buf *out);

#endif
