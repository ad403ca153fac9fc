/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one not-null constraint that SQLite doesn't keep: a single integer key is its rowid, and a
 * null there means "choose one". A key must come with the row, and not as null, unless its default
 * is left to work; as PostgreSQL demands.
 */
#ifndef CAIRN_REST_KEY_CHECK_H
#define CAIRN_REST_KEY_CHECK_H

#include "rest/emit.h"

/* An insert or update for the embedded engine, with its parameters bound: 400 23502 when a row has no key. */
MUST_CHECK bool key_check_rows(const struct plan *plan, const struct emit_stmt *sql,
                               const struct db_stmt *stmt, struct err *err);

#endif
