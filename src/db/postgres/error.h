/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PostgreSQL's errors as struct err: SQLSTATE, message, detail and hint as they came, and the kind
 * by the class of the SQLSTATE.
 */
#ifndef CAIRN_DB_POSTGRES_ERROR_H
#define CAIRN_DB_POSTGRES_ERROR_H

#include <libpq-fe.h>

#include "core/err.h"

/* res is a failed result, or NULL when libpq could not make one. */
void pg_error_from_result(struct err *err, const PGresult *res, const PGconn *pq);
/* Of a connection that could not be made or was lost; ERR_UNAVAILABLE, code 08006 or what the
 * server said. */
void pg_error_from_connection(struct err *err, const PGconn *pq);
/* Does the server end the session with this error? */
bool pg_error_is_fatal(const PGresult *res);
/* Can a statement that was prepared earlier fail so only because the schema changed meanwhile? */
bool pg_error_is_stale_plan(const PGresult *res);
/* A notice processor that keeps libpq from writing to stderr. */
void pg_notice_ignore(void *arg, const char *message);

#endif
