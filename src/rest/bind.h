/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the values of one request to the parameters of an emitted statement.
 */
#ifndef CAIRN_REST_BIND_H
#define CAIRN_REST_BIND_H

#include "rest/emit.h"
#include "rest/payload.h"

struct bind_input {
    enum db_dialect dialect;
    const struct plan *plan;
    const struct api_slot *slots;
    const struct payload *payload; /* NULL: none, or it is not looked at */
    struct value **rowids;         /* filled with the place of EMIT_ROWIDS, when there is one */
    const struct zone *zone;       /* embedded: where times without an offset are; NULL: UTC */
    struct arena *arena;
};

/*
 * Fills params, param_count and row_count of *out. On the embedded engine values pass the input
 * function of their type here, with PostgreSQL's errors (22P02, 22003, 22001...), so that nothing
 * wrong is ever queued; PostgreSQL gets the text. EMIT_ROWIDS is bound to an empty list, for the
 * caller to replace until the statement runs. 413 when a soft arena is exhausted.
 */
MUST_CHECK bool bind_stmt(const struct bind_input *input, const struct emit_stmt *stmt,
                          struct db_stmt *out, struct err *err);

/* One value of the embedded engine as JSON for json_each; emit_filter.c knows of the forms. */
void bind_json_value(struct buf *out, const struct value *value);

#endif
