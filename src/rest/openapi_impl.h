/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of both descriptions share. */
#ifndef CAIRN_REST_OPENAPI_IMPL_H
#define CAIRN_REST_OPENAPI_IMPL_H

#include "rest/describe.h"
#include "rest/openapi.h"

#define OPENAPI_CALL_TAG "Functions"

/* openapi.c: the schema of a column, and a reference to the schema of a table. */
void openapi_write_column(struct buf *out, const struct schema_table *table,
                          const struct model_column *column);
void openapi_write_ref(struct buf *out, struct str name);

/* openapi_call.c: the paths of all functions. */
void openapi_write_calls(struct describe *paths, const struct schema *schema,
                         const struct openapi_info *info);

#endif
