/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and texts as SQL takes them, in both dialects. Only for names out of the schema and texts
 * of the program: a client's values are parameters.
 */
#ifndef CAIRN_SQL_QUOTE_H
#define CAIRN_SQL_QUOTE_H

#include "core/buf.h"

void quote_ident(struct buf *out, struct str name); /* "name", always quoted */
void quote_ident_short(struct buf *out,
                       struct str name);           /* as PostgreSQL shows it: quoted where needed */
void quote_text(struct buf *out, struct str text); /* 'text' */

#endif
