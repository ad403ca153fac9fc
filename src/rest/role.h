/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As whom a request runs on the embedded engine, where cairn enforces what PostgreSQL would: the
 * role of its token, or anon. rest/begin.h does the same for PostgreSQL.
 */
#ifndef CAIRN_REST_ROLE_H
#define CAIRN_REST_ROLE_H

#include "schema/access.h"

struct rest_call;

/* The role's name, as it is part of the shape. */
struct str role_get_name(const struct rest_call *call);
/* Fills call->role. Errors: 401 22023 there is no such role, 403 42501 it is not for callers. */
MUST_CHECK bool role_find(struct rest_call *call, struct err *err);
/* Gives the job what its statements may read of the request and how errors may tell of rows; after
 * the shape is known. */
void role_set(struct rest_call *call);

#endif
