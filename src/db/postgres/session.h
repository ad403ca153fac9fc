/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a connection is set to before it is used, and blocking work on a connection of its own.
 */
#ifndef CAIRN_DB_POSTGRES_SESSION_H
#define CAIRN_DB_POSTGRES_SESSION_H

#include "db/postgres/target.h"

/*
 * The statements that set a session, as one simple query. Values of every type then have one text
 * form, whatever the server, the database or the role are set to.
 */
void pg_session_sql(struct buf *out, struct str search_path, int64_t statement_timeout_ms);

/*
 * The same for a transaction alone, as one query without parameters, for where a session's settings
 * wouldn't stay, or would stay with somebody else: behind a pooler in transaction mode.
 */
void pg_session_transaction_sql(struct buf *out, struct str search_path,
                                int64_t statement_timeout_ms);

/* "a", "b": the names in order, each once, as a search path; '' when there are none. */
void pg_session_add_path(struct buf *out, const char *const *schemas, size_t schema_count,
                         const char *const *extra, size_t extra_count);

/* {"a","b"}: the names as the text of an array. */
void pg_session_add_array(struct buf *out, const char *const *names, size_t count);

/* One more statement for it: whether commits can be grouped (see pipe.c), true or false, and the
 * session's synchronous_commit. */
void pg_session_add_group_question(struct buf *out);

/* Connects and sets the session, blocking. No statement timeout: what runs here takes its time. */
MUST_CHECK bool pg_session_open(const struct pg_target *target, struct str search_path,
                                int64_t connect_timeout_ms, PGconn **out, struct err *err);

/* The same with everything in one transaction, which is begun, reads one snapshot, and sets nothing
 * for longer than it lasts. */
MUST_CHECK bool pg_session_open_transaction(const struct pg_target *target, struct str search_path,
                                            int64_t connect_timeout_ms, PGconn **out,
                                            struct err *err);

/* Ends what is open without effect, then the connection; a pooler may go on with its own. NULL is
 * safe. */
void pg_session_close(PGconn *pq);

/* Runs sql (several statements without parameters, or one with), blocking; all rows come back as
 * text. NULL and err when it fails. PQclear the result. */
MUST_CHECK PGresult *pg_session_query(PGconn *pq, const char *sql, const char *const *params,
                                      int param_count, struct err *err);
/* The same without parameters, for what it does. */
MUST_CHECK bool pg_session_run(PGconn *pq, const char *sql, struct err *err);

#endif
