/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What PostgreSQL demands of the keys in a payload and SQLite doesn't keep.
 *
 * A single integer key is SQLite's rowid, and a null there means "choose one": a key must come with
 * the row, and not as null, unless its default is left to work. And the rows of one upsert are one
 * statement to PostgreSQL, which changes no row twice.
 */
#ifndef CAIRN_REST_KEY_CHECK_H
#define CAIRN_REST_KEY_CHECK_H

#include "rest/emit.h"

/* Where policies look at the rows, the statement itself sees to it, after them (emit_checked.c). */

/* An insert or update for the embedded engine, with its parameters bound: 400 23502 when a row has
 * no key. */
MUST_CHECK bool key_check_rows(const struct plan *plan, const struct emit_stmt *sql,
                               const struct db_stmt *stmt, struct err *err);
/* An upsert for the embedded engine: 500 21000 when two rows have the same key. *at is the second
 * one. */
MUST_CHECK bool key_check_merge(const struct plan *plan, const struct emit_stmt *sql,
                                const struct db_stmt *stmt, struct arena *arena, uint32_t *at,
                                struct err *err);

#endif
