/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The embedded engine's own tables, and migrations.
 *
 * cairn_meta holds the model ("model"), cairn_migrations what was applied, cairn_sequence the
 * sequences. They are made by the first migration.
 */
#ifndef CAIRN_DB_SQLITE_MIGRATE_H
#define CAIRN_DB_SQLITE_MIGRATE_H

#include "db/sqlite/lite.h"

/* The model as recorded; an empty one when nothing was ever recorded. */
MUST_CHECK bool lite_model_load(struct lite_conn *conn, struct model **out, struct err *err);

bool lite_introspect(struct db *db, struct model **out, struct err *err);
bool lite_migrations_list(struct db *db, struct arena *arena, struct db_migration **out,
                          size_t *count, struct err *err);
bool lite_migrate(struct db *db, struct str name, struct str text, struct str checksum,
                  bool *applied, struct err *err);

#endif
