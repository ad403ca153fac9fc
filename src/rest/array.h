/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PostgreSQL's array literals of one dimension, as any and all take them: {a,"b c",NULL}
 * Source: PostgreSQL 15 documentation, 8.15.2 and 8.15.6; the words of array_in().
 */
#ifndef CAIRN_REST_ARRAY_H
#define CAIRN_REST_ARRAY_H

#include "core/arena.h"
#include "core/err.h"

/* Elements live in arena or borrow from text; one with data NULL is NULL. err: 400 22P02. */
MUST_CHECK bool array_parse(struct str text, struct arena *arena, struct str **out, uint32_t *count,
                            struct err *err);

#endif
