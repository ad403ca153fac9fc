/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema that the migrations make, for checks: as the embedded engine reads it.
 */
#ifndef CAIRN_LIFECYCLE_CHECK_SCHEMA_H
#define CAIRN_LIFECYCLE_CHECK_SCHEMA_H

#include "lifecycle/check.h"
#include "schema/schema.h"

/* NULL with err when a migration can't be read that way (what only PostgreSQL knows). The caller
 * gives it back by schema_unref. */
struct schema *check_load_schema(const struct check_input *input, struct err *err);

#endif
