/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small schema for tests of the data API: the contract's example tables.
 */
#ifndef CAIRN_TEST_REST_SAMPLE_H
#define CAIRN_TEST_REST_SAMPLE_H

#include "rest/emit.h"
#include "schema/schema.h"

/* Aborts when the sample itself is wrong. The caller unrefs. */
struct schema *sample_schema(void);

/* Generous limits. */
extern const struct api_limits sample_limits;

struct sample_request {
    struct arena *arena;
    struct api_request api;
    struct plan *plan;
    struct emit_output sql;
    struct err err;
};

/* Parses, plans and emits a read of table; false with err filled. sample_fini frees. */
bool sample_read(struct sample_request *request, const struct schema *schema,
                 enum db_dialect dialect, struct str table, struct str query);
void sample_fini(struct sample_request *request);

#endif
