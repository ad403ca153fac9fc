/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API described for its users: OpenAPI 3.1, made from the schema snapshot.
 *
 * Source: https://spec.openapis.org/oas/v3.1.0
 */
#ifndef CAIRN_REST_OPENAPI_H
#define CAIRN_REST_OPENAPI_H

#include "core/buf.h"
#include "schema/schema.h"

struct openapi_info {
    const char *title;
    int64_t rows_max;          /* 0: no bound */
    struct str default_schema; /* the one without a profile header */
};

/* Appends the whole document as JSON text. */
void openapi_write(struct buf *out, const struct schema *schema, const struct openapi_info *info);

#endif
