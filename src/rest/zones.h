/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prefer: timezone=... on the embedded engine: the zones that were asked for, kept.
 */
#ifndef CAIRN_REST_ZONES_H
#define CAIRN_REST_ZONES_H

#include "core/err.h"
#include "sql/zone.h"

struct zones;

struct zones *zones_new(void);
void zones_free(struct zones *zones); /* NULL is safe */
/* NULL: there is no such zone; err is 22023, as PostgreSQL has it. */
const struct zone *zones_find(struct zones *zones, struct str name, struct err *err);

#endif
