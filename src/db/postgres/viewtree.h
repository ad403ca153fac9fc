/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which base column each column of a view is, read from the view's stored query tree.
 *
 * PostgreSQL keeps a view as the text of nodeToString(): "({QUERY :commandType 1 ... :targetList
 * ({TARGETENTRY ... :resno 1 ... :resorigtbl 16385 :resorigcol 2 ...}))". Each entry of the query's
 * own target list says the table and column that it simply is, if it is one. A backslash keeps the
 * next character from meaning anything. Only the nesting and these field names are relied on.
 * Source: PostgreSQL 15, src/backend/nodes/outfuncs.c and parser/parse_target.c.
 */
#ifndef CAIRN_DB_POSTGRES_VIEWTREE_H
#define CAIRN_DB_POSTGRES_VIEWTREE_H

#include "core/str.h"

struct viewtree_column {
    int32_t number;      /* of the view's column, from 1 */
    uint32_t table;      /* OID */
    int32_t base_number; /* of the table's column, from 1 */
};

/* Fills out with the columns that are a base column, up to max; returns how many there are. A text
 * of another form gives none. */
size_t viewtree_columns(struct str tree, struct viewtree_column *out, size_t max);

#endif
