/* SPDX-License-Identifier: Apache-2.0 */
/* INSERT: what statements of a migration (apply_insert.c) and of functions (insert_body.c)
 * share. */
#ifndef CAIRN_SQL_INSERT_H
#define CAIRN_SQL_INSERT_H

#include "sql/batch.h"
#include "sql/expr.h"

struct insert {
    struct model_table *table;
    const struct json *body;
    uint32_t *columns; /* that the statement names, or all */
    uint32_t column_count;
    struct batch_cell *cells; /* of one row; room for all columns */
    struct str suffix;        /* ON CONFLICT */
    bool overriding_system, overriding_user;
    bool has_expression;
};

/* 23502 */
bool insert_fail_null(struct apply *a, const struct model_table *table,
                      const struct model_column *column, size_t location);
/* Whether the statement may give the column a value of its own. */
MUST_CHECK bool insert_check_writable(struct apply *a, const struct insert *insert,
                                      const struct model_column *column, size_t location);
/* Whether one of the first count columns of the statement is this. */
bool insert_is_named(const struct insert *insert, uint32_t count, uint32_t column);
/* The columns that the statement names, with room for all of the table behind them. */
MUST_CHECK bool insert_read_columns(struct apply *a, struct insert *insert);
/* " ON CONFLICT ..." */
MUST_CHECK bool insert_write_conflict(struct apply *a, struct insert *insert, struct buf *out);
/* INSERT ... SELECT, up to its ON CONFLICT. */
MUST_CHECK bool insert_translate_select(struct expr_context *x, struct insert *insert,
                                        const struct json *select, struct buf *out);

#endif
