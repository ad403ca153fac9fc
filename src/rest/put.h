/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PUT: one row, which the primary key in the URL names, is inserted or replaced. Point 46 of the
 * contract.
 */
#ifndef CAIRN_REST_PUT_H
#define CAIRN_REST_PUT_H

#include "rest/payload.h"
#include "schema/schema.h"

/*
 * Checks that the filters are the whole key and that the payload says the same, and cuts the
 * payload to its first row. Errors: 400 PGRST114 and 115, 405 PGRST105, and those of the key's
 * type.
 */
MUST_CHECK bool put_check(const struct schema_table *table, const struct api_request *api,
                          struct payload *payload, struct arena *arena, struct err *err);

#endif
