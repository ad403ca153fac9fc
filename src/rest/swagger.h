/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API described as Swagger 2.0, with the names and notes that clients of PostgREST look for:
 * what the data API's root answers.
 *
 * Source: https://swagger.io/specification/v2/, and PostgREST's documentation, "OpenAPI".
 */
#ifndef CAIRN_REST_SWAGGER_H
#define CAIRN_REST_SWAGGER_H

#include "core/buf.h"
#include "schema/schema.h"

struct swagger_info {
    const char *title;
    struct str schema;  /* whose tables and functions */
    struct str comment; /* on that schema: its first line is the title; may be empty */
    struct str scheme, host, base_path;
    bool has_security; /* says that tokens are taken */
    /* What is described, by index in the snapshot; NULL: all. */
    const bool *tables, *functions;
};

/* Appends the whole document as JSON text. */
void swagger_write(struct buf *out, const struct schema *schema, const struct swagger_info *info);

#endif
