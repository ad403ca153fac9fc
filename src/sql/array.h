/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arrays on the embedded engine. They are stored as PostgreSQL prints them: {1,2,NULL}, {"a b",c},
 * {{1,2},{3,4}}. Source: PostgreSQL 15 documentation, 8.15; the words and the quoting of array_in()
 * and array_out().
 */
#ifndef CAIRN_SQL_ARRAY_H
#define CAIRN_SQL_ARRAY_H

#include "sql/type.h"

#define ARRAY_DIMS_MAX 6

struct array {
    uint32_t dim_count; /* 0: empty */
    uint32_t dims[ARRAY_DIMS_MAX];
    struct str *items; /* row by row; data NULL: NULL */
    uint32_t count;
};

/* Items live in arena or borrow from text. err: 400 22P02. */
MUST_CHECK bool array_read(struct str text, struct arena *arena, struct array *out,
                           struct err *err);
/* The same for what any and all take: of one dimension. */
MUST_CHECK bool array_read_flat(struct str text, struct arena *arena, struct array *out,
                                struct err *err);
void array_write(struct buf *out, const struct array *array);
/* The normal form of an array of that type, whose items are what clients wrote. Errors are those of
 * the items' input function. */
MUST_CHECK bool array_input(const struct type *type, const struct array *array, struct arena *arena,
                            struct value *out, struct err *err);
/* What can be an item on the embedded engine. */
bool array_can_hold(const struct type *elem);
/* Its items are numbers, which compare by value. */
bool array_has_numbers(const struct type *type);

#endif
