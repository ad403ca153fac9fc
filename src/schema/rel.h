/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How tables are related: worked out once, when a snapshot is built, from the foreign keys and from
 * which base columns the views show.
 */
#ifndef CAIRN_SCHEMA_REL_H
#define CAIRN_SCHEMA_REL_H

#include "schema/schema.h"

/*
 * Fills the primary keys of views and the relationships of all tables. tables are those of schema,
 * whose look-ups work already; what is made lives in arena.
 */
void schema_rels_build(const struct schema *schema, struct schema_table *tables,
                       struct arena *arena);

#endif
