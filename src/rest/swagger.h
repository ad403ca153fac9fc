/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The description that clients of PostgREST expect at the API's root: Swagger 2.0 (point 71).
 */
#ifndef CAIRN_REST_SWAGGER_H
#define CAIRN_REST_SWAGGER_H

#include "rest/openapi.h"

/* Appends the whole document as JSON text. */
void swagger_write(struct buf *out, const struct schema *schema, const struct openapi_info *info);

#endif
