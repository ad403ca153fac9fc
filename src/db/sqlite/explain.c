/* SPDX-License-Identifier: Apache-2.0 */
#include "db/sqlite/explain.h"

#include "core/clock.h"
#include "core/log.h"
#include "db/sqlite/capture.h"

/* What a refused job may cost the writer beyond its own run. */
static const uint64_t replay_max_ns = 200 * UINT64_C(1000000);

struct lite_explain {
    char *path;
    struct lite_conn conn;
    struct capture capture;
    unsigned generation;
    const struct model *model; /* what the triggers were made for */
    /* The replayed draws from sequences. */
    const struct lite_failure *failure;
    unsigned draws_used, draws_unknown;
};

struct lite_explain *
lite_explain_new(const char *path)
{
    struct lite_explain *explain = xcalloc(1, sizeof(*explain));

    explain->path = xstrdup(path);
    return explain;
}

static void
explain_close(struct lite_explain *explain)
{
    lite_conn_close(&explain->conn);
    capture_close(&explain->capture);
    explain->model = NULL;
}

void
lite_explain_free(struct lite_explain *explain)
{
    if (explain == NULL)
        return;
    explain_close(explain);
    free(explain->path);
    free(explain);
}

bool
lite_explain_knows(int rc)
{
    return rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ||
           rc == SQLITE_CONSTRAINT_ROWID || rc == SQLITE_CONSTRAINT_NOTNULL ||
           rc == SQLITE_CONSTRAINT_CHECK || rc == SQLITE_CONSTRAINT_FOREIGNKEY;
}

/* Nobody's key, but one that fits into an integer. */
#define DRAWS_UNKNOWN INT64_C(-1987654321)

/* The replay draws what the failed run drew; a number that it doesn't know of can only be of a run
 * that succeeded, and any does that no other row has. */
static bool
replay_next(void *ctx, struct str name, int64_t *out, struct err *err)
{
    struct lite_explain *explain = ctx;
    const struct lite_failure *failure = explain->failure;

    *out = explain->draws_used < failure->draw_count
               ? failure->draws[explain->draws_used++]
               : DRAWS_UNKNOWN + (int64_t)++explain->draws_unknown;
    return true;
}

static bool
replay_current(void *ctx, struct str name, int64_t *out, struct err *err)
{
    const struct lite_explain *explain = ctx;

    *out = explain->draws_used > 0 ? explain->failure->draws[explain->draws_used - 1] : 0;
    return true;
}

static bool
replay_set(void *ctx, struct str name, int64_t value, bool is_called, struct err *err)
{
    return true;
}

static bool
explain_open(struct lite_explain *explain, const struct model *model, unsigned generation)
{
    struct err err = {0};

    if (explain->model == model && explain->generation == generation)
        return true;
    explain_close(explain);
    if (!lite_conn_open(&explain->conn, explain->path, LITE_WRITER, false, &err) ||
        !capture_open(&explain->capture, &explain->conn)) {
        log_event(LOG_WARN, "explain-failed", LOG_CSTR("cause", err.message));
        explain_close(explain);
        return false;
    }
    explain->conn.env.nextval = replay_next;
    explain->conn.env.currval = replay_current;
    explain->conn.env.setval = replay_set;
    explain->conn.env.nextval_ctx = explain;
    explain->capture.model = explain->model = model;
    explain->generation = generation;
    return true;
}

bool
lite_job_refers_to_itself(const struct db_job *job)
{
    for (uint32_t i = 0; i < job->stmt_count; i++) {
        const struct model_table *table = job->stmts[i].target;

        if (table == NULL || job->stmts[i].row_count < 2)
            continue;
        for (uint32_t f = 0; f < table->foreign_key_count; f++) {
            if (str_eq(table->foreign_keys[f].ref_table, table->name) &&
                str_eq(table->foreign_keys[f].ref_schema, table->schema))
                return true;
        }
    }
    return false;
}

/* Runs [from, to) of the statement's rows of parameters. */
static enum lite_outcome
replay_stmt(struct lite_explain *explain, const struct db_stmt *stmt, uint32_t from, uint32_t to,
            bool capture)
{
    struct db_job job = {.mode = DB_WRITE};
    struct db_stmt copy = *stmt;
    int rc = SQLITE_OK;

    if (from >= to)
        return LITE_OK;
    if (stmt->param_count > 0)
        copy.params = stmt->params + (size_t)from * stmt->param_count;
    copy.row_count = to - from;
    copy.on_row = NULL;
    explain->capture.is_on = capture;
    enum lite_outcome outcome = lite_conn_run(&explain->conn, &job, &copy, &rc);
    explain->capture.is_on = false;
    return outcome;
}

/* True: the failed statement ran to its end now that foreign keys wait. */
static bool
replay(struct lite_explain *explain, const struct lite_failure *failure)
{
    const struct db_job *job = failure->job;
    bool is_deferred = failure->stmt >= job->stmt_count;
    uint64_t deadline_ns = clock_mono_ns() + replay_max_ns;

    lite_conn_limit(&explain->conn, 0, deadline_ns);
    explain->conn.env.now_us = failure->now_us;
    explain->conn.env.session = job->session;
    explain->failure = failure;
    explain->draws_used = failure->draw_count;
    explain->draws_unknown = 0;
    for (uint32_t i = 0; i < job->stmt_count && i < failure->stmt; i++)
        if (replay_stmt(explain, job->stmts + i, 0, job->stmts[i].row_count, is_deferred) !=
            LITE_OK)
            return false;
    if (is_deferred)
        return true;
    const struct db_stmt *stmt = job->stmts + failure->stmt;
    if (replay_stmt(explain, stmt, 0, failure->row, false) != LITE_OK)
        return false;
    explain->draws_used = 0;
    return replay_stmt(explain, stmt, failure->row, failure->row + 1, true) == LITE_OK;
}

/*
 * PostgreSQL looks at foreign keys when all rows are there: an error of another kind in a later row
 * comes first. False: there is none.
 */
static bool
find_later(struct lite_explain *explain, const struct lite_failure *failure,
           struct lite_failure *out)
{
    struct db_job *job = failure->job;
    const struct db_stmt *stmt = job->stmts + failure->stmt;
    struct db_job rest = {.mode = DB_WRITE};
    struct db_stmt copy;
    enum lite_outcome outcome = LITE_OK;
    int rc = SQLITE_OK;

    /* What later rows would have drawn from sequences, nobody knows. */
    if (failure->draw_count > 0 || failure->stmt >= job->stmt_count ||
        failure->row + 1 >= stmt->row_count)
        return false;
    copy = *stmt;
    copy.params = stmt->params + (size_t)(failure->row + 1) * stmt->param_count;
    copy.row_count = stmt->row_count - failure->row - 1;
    copy.on_row = NULL;
    /* The row may refer to a later one that is there now, and the key that is missing be that
     * one's. */
    explain->capture.is_on = true;
    outcome = lite_conn_run(&explain->conn, &rest, &copy, &rc);
    explain->capture.is_on = false;
    if (outcome == LITE_OK || !lite_explain_knows(rc) || rc == SQLITE_CONSTRAINT_FOREIGNKEY)
        return false;
    *out = *failure;
    out->row += 1 + explain->conn.row;
    out->rc = rc;
    job->err = rest.err;
    return true;
}

static void
explain_one(struct lite_explain *explain, const struct model *model, unsigned generation,
            const struct lite_failure *failure, bool looks_on)
{
    struct lite_failure later;
    struct db_job *job = failure->job;
    bool is_key = failure->rc == SQLITE_CONSTRAINT_FOREIGNKEY;
    const struct db_stmt *stmt =
        job->stmts + (failure->stmt < job->stmt_count ? failure->stmt : job->stmt_count - 1);

    if (!explain_open(explain, model, generation))
        return;
    struct lite_conn *conn = &explain->conn;
    capture_clear(&explain->capture);
    lite_conn_limit(conn, 0, 0);
    if (!reason_watch(&explain->capture, conn, failure->rc, str_from(job->err.message),
                      stmt->target) ||
        lite_conn_step(conn->begin_write) != SQLITE_OK)
        return;
    /* Later rows are asked about after the foreign key that failed. */
    if ((!is_key && looks_on && !lite_job_refers_to_itself(job)) ||
        lite_conn_exec(conn, "PRAGMA defer_foreign_keys=ON") == SQLITE_OK) {
        bool is_applied = replay(explain, failure) && is_key;
        lite_conn_limit(conn, 0, clock_mono_ns() + replay_max_ns);
        if (is_applied && looks_on && find_later(explain, failure, &later)) {
            lite_conn_limit(conn, 0, 0);
            lite_conn_step(conn->rollback);
            explain_one(explain, model, generation, &later, false);
            return;
        }
        if (!sqlite3_get_autocommit(conn->db))
            reason_find(&explain->capture, conn, failure->rc, stmt->target, is_applied, job->viewer,
                        &job->err);
    }
    conn->env.session = NULL;
    lite_conn_limit(conn, 0, 0);
    if (!sqlite3_get_autocommit(conn->db))
        lite_conn_step(conn->rollback);
}

void
lite_explain_run(struct lite_explain *explain, const struct model *model, unsigned generation,
                 const struct lite_failure *failure)
{
    explain_one(explain, model, generation, failure, true);
}
