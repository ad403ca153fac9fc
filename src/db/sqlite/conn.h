/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection to the embedded database: its settings, its prepared statements, and the running
 * of a job's statements on it. Used by one thread at a time.
 *
 * Statements are kept by the id that the caller gives them, in sets of a few; the longest unused of
 * a set makes room. A kept statement binds the caller's memory without copying it, and forgets it
 * by binding anew before it runs again: each run has a value for every parameter.
 */
#ifndef CAIRN_DB_SQLITE_CONN_H
#define CAIRN_DB_SQLITE_CONN_H

#include <sqlite3.h>

#include "db/engine.h"
#include "db/sqlite/functions.h"
#include "db/sqlite/rows.h"

enum lite_role {
    LITE_READER, /* reads, on a loop */
    LITE_POOL,   /* reads, on a pool thread or for a command */
    LITE_WRITER,
};

enum { LITE_CACHE_SETS = 64, LITE_CACHE_WAYS = 6 };

struct lite_sequences;

struct lite_kept {
    uint64_t id; /* 0: free */
    sqlite3_stmt *handle;
    size_t sql_len;
    uint32_t used; /* tick of the last use */
};

/* Why a running statement was stopped by the connection itself. */
enum lite_stop { LITE_STOP_NONE, LITE_STOP_BUDGET, LITE_STOP_DEADLINE };

struct lite_conn {
    sqlite3 *db;
    enum lite_role role;
    unsigned generation; /* of the schema that the kept statements were made for */
    uint32_t tick;
    struct lite_kept *kept; /* LITE_CACHE_SETS x LITE_CACHE_WAYS */
    sqlite3_stmt *begin, *begin_write, *commit, *rollback, *savepoint, *release, *undo;
    struct value *cells; /* one row */
    uint32_t cell_cap;
    struct functions_env env;
    struct lite_sequences *sequences; /* the writer's; NULL on others */
    struct lite_rows rows;            /* of the statement that runs for all its rows at once */
    uint32_t row;                     /* which run of the statement is the present or last one */
    bool runs_uncut;                  /* statements that have an uncut_sql run that */
    bool rows_seen; /* a row function was called since the caller last cleared this */

    /* Limits of what runs now. */
    uint64_t steps_left;    /* progress calls until the budget is used up; 0: no budget */
    uint64_t deadline_ns;   /* 0: none */
    uint64_t open_until_ns; /* while it opens, of any role: wait for other processes until then */
    uint64_t inline_until_ns;
    enum lite_stop stop;
};

enum lite_outcome {
    LITE_OK,
    LITE_UNCUT,   /* uncut_sql of a statement met a group that has to be cut; err is not set */
    LITE_FAILED,  /* err says why */
    LITE_STOPPED, /* the budget was used up; err is not set */
    LITE_LOCKED,  /* the file is locked by another program; err is set */
};

/* Opens the file at path, which exists. On failure conn is closed. */
MUST_CHECK bool lite_conn_open(struct lite_conn *conn, const char *path, enum lite_role role,
                               bool synchronous_extra, struct err *err);
/* Safe on a zeroed struct and twice. */
void lite_conn_close(struct lite_conn *conn);
/* Forgets the kept statements when the schema's generation has changed. */
void lite_conn_refresh(struct lite_conn *conn, unsigned generation);

/* What follows may run for so many virtual machine steps (0: any) and until a time (0: for
 * ever). */
void lite_conn_limit(struct lite_conn *conn, uint64_t steps, uint64_t deadline_ns);

/* Runs one statement with all its rows of parameters. rc of SQLite goes to *rc. */
enum lite_outcome lite_conn_run(struct lite_conn *conn, struct db_job *job, struct db_stmt *stmt,
                                int *rc);
/* Runs all statements of the job in turn, without any transaction of its own; *failed is the one
 * that failed, *rc SQLite's reason (SQLITE_OK when a row function stopped it). */
enum lite_outcome lite_conn_run_job(struct lite_conn *conn, struct db_job *job, uint32_t *failed,
                                    int *rc);

/* Whether the statement can return rows; true when that isn't known. */
bool lite_conn_returns_rows(struct lite_conn *conn, const struct db_stmt *stmt);
/* Runs a statement without parameters and rows; returns SQLite's code. */
int lite_conn_exec(struct lite_conn *conn, const char *sql);
/* Steps one of the statements made at the start, such as conn->begin; returns SQLite's code. */
int lite_conn_step(sqlite3_stmt *stmt);
/* Prepares a statement that is used once or few times; NULL: err is set. */
sqlite3_stmt *lite_conn_prepare(struct lite_conn *conn, struct str sql, struct err *err);
/* Makes it the result of a function or of a column. lifetime: SQLITE_STATIC or SQLITE_TRANSIENT. */
void lite_conn_result(sqlite3_context *ctx, const struct value *value,
                      sqlite3_destructor_type lifetime);
bool lite_conn_bind(sqlite3_stmt *stmt, const struct value *params, uint32_t count);
/* Borrows a column of the current row. */
void lite_conn_cell(sqlite3_stmt *stmt, int column, struct value *out);

/* Fills err from SQLite's last error on the connection: SQLSTATE, message as PostgreSQL says it.
 * Constraints are named by constraint.h. */
void lite_error_set(struct lite_conn *conn, int rc, struct err *err);
/* "canceling statement due to statement timeout". */
void lite_error_timeout(struct err *err);

#endif
