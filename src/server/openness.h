/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which tables are open to whom, for people: what cairn dev says in its first lines.
 */
#ifndef CAIRN_SERVER_OPENNESS_H
#define CAIRN_SERVER_OPENNESS_H

#include "core/buf.h"
#include "schema/schema.h"

/* "todos, notes (select; rows by policies) and 3 more": the exposed tables that role may use, with what it
 * may do unless that is everything. Nothing when there are none. The embedded engine only. */
void openness_write(const struct schema *schema, struct str role, struct buf *out);

#endif
