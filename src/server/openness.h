/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which tables are open to whom, for people: what cairn dev says in its first lines.
 */
#ifndef CAIRN_SERVER_OPENNESS_H
#define CAIRN_SERVER_OPENNESS_H

#include "db/engine.h"
#include "schema/schema.h"

/* The exposed tables that role may use, on the embedded engine; how many. They live in arena, their
 * names in the snapshot. */
uint32_t openness_list(const struct schema *schema, struct str role, struct arena *arena,
                       struct db_table_rights **out);
/* "todos, notes (select; rows by policies) and 3 more": with what may be done unless that is
 * everything. Nothing when there are none. */
void openness_write(const struct db_table_rights *tables, uint32_t count, struct buf *out);

#endif
