/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small schema for tests of the data API, and requests on it from text to SQL.
 */
#ifndef CAIRN_TEST_REST_SAMPLE_H
#define CAIRN_TEST_REST_SAMPLE_H

#include "rest/emit.h"
#include "rest/payload.h"
#include "schema/access.h"
#include "sql/migration.h"

/* Aborts when the sample itself is wrong. The caller unrefs. */
struct schema *sample_schema(void);
/* The same, with the embedded engine's statements handed to sink. */
struct schema *sample_schema_into(const struct migration_sink *sink);

/* A table "wide" of so many columns that refers to itself. */
struct schema *sample_schema_wide(unsigned columns);

/* What a migration makes. */
struct schema *sample_schema_text(const char *sql);

/* Generous limits. */
extern const struct api_limits sample_limits;

struct sample_input {
    struct str table; /* of the sample */
    enum plan_action action;
    struct str query, prefer, accept, range, body;
    struct str role; /* the embedded engine: data NULL: no rules */
    bool by_columns; /* PostgreSQL: the payload goes as columns where it can */
};

struct sample_request {
    struct arena *arena;
    struct api_request api;
    struct payload payload;
    struct buf shape;
    struct plan *plan;
    struct emit_output sql;
    struct err err;
};

/* Parses, plans and emits; false with err filled. sample_fini frees in both cases. */
bool sample_make(struct sample_request *request, const struct schema *schema,
                 enum db_dialect dialect, const struct sample_input *input);
/* A read of table. */
bool sample_read(struct sample_request *request, const struct schema *schema,
                 enum db_dialect dialect, struct str table, struct str query);
void sample_fini(struct sample_request *request);

#endif
