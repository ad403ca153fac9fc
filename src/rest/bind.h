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
    const struct payload *payload; /* NULL: none */
    struct arena *arena;
};

/*
 * Fills params, param_count and row_count of *out. On the embedded engine values pass the input
 * function of their type here, with PostgreSQL's errors (22P02, 22003, 22001...), so that nothing
 * wrong is ever queued; PostgreSQL gets the text.
 */
MUST_CHECK bool bind_stmt(const struct bind_input *input, const struct emit_stmt *stmt,
                          struct db_stmt *out, struct err *err);

#endif
