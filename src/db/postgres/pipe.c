/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Group commit: one connection commits one transaction after the other, and each would wait for the
 * disk alone. So when there is more than one, their commits do not wait: a transaction before the
 * first of them turns synchronous_commit off for the session. Behind the last goes one that sets
 * the session's own mode again, writes one record to the log and commits in that mode. The log is
 * one sequence: when that record is on disk, and on the standbys that have to have it, so is
 * everything before. A job is done only then. While one such wait is under way the next ones gather
 * behind it.
 *
 *   off | write | write | write | own mode and record | off | write | ...
 *
 * What turns it off or on has a transaction of its own: a write that fails must not undo it.
 */
#include "core/clock.h"
#include "db/postgres/error.h"
#include "db/postgres/pg.h"

#define ASYNC_NAME "cairn_async"
#define ASYNC_SQL "SELECT pg_catalog.set_config('synchronous_commit', 'off', false)"
#define SYNC_NAME "cairn_sync"
#define SYNC_SQL "SELECT pg_catalog.set_config('synchronous_commit', $1, false)"
#define FLUSH_NAME "cairn_flush"
#define FLUSH_SQL SYNC_SQL ", pg_catalog.pg_logical_emit_message(true, 'cairn', ''::text)"

static const char *const no_params[1];

static void
op_add(struct pg_conn *conn, struct pg_op op)
{
    if (conn->op_count == conn->op_cap) {
        struct pg_op *ops = xcalloc((size_t)conn->op_cap * 2, sizeof(*ops));

        for (uint32_t i = 0; i < conn->op_count; i++)
            ops[i] = *pg_op_at(conn, i);
        free(conn->ops);
        conn->ops = ops;
        conn->op_first = 0;
        conn->op_cap *= 2;
    }
    conn->op_count++;
    *pg_op_at(conn, conn->op_count - 1) = op;
}

/* Each put_ function says whether libpq took the command. Its op is there in any case. */

static bool
put_sync(struct pg_conn *conn, struct db_job *job)
{
    op_add(conn, (struct pg_op){.kind = PG_OP_SYNC, .job = job});
    conn->unflushed += 5;
#ifdef LIBPQ_HAS_SEND_PIPELINE_SYNC
    return PQsendPipelineSync(conn->pq) == 1;
#else
    return PQpipelineSync(conn->pq) == 1;
#endif
}

static bool
put_command(struct pg_conn *conn, struct db_job *job, enum pg_op_kind kind, const char *sql,
            const char *param)
{
    op_add(conn, (struct pg_op){.kind = kind, .job = job});
    conn->unflushed += strlen(sql) + 32;
    return PQsendQueryParams(conn->pq, sql, param != NULL ? 1 : 0, NULL, &param, NULL, NULL, 0) ==
           1;
}

/* In a transaction of their own: whether a name is there must not touch a job. */
static bool
put_closed(struct pg_conn *conn)
{
    uint64_t serial = pg_stmts_take_closed(conn->stmts);
    bool ok = true;

    for (; ok && serial != 0; serial = pg_stmts_take_closed(conn->stmts)) {
        char sql[48];

        snprintf(sql, sizeof(sql), "DEALLOCATE %s", pg_stmt_name(serial).text);
        ok = put_command(conn, NULL, PG_OP_CLOSE, sql, NULL) && put_sync(conn, NULL);
    }
    return ok;
}

/* sql with a NUL behind it, for libpq; good until the next call. */
static const char *
terminated(struct pg_loop *loop, struct str sql)
{
    buf_clear(&loop->text);
    buf_add_str(&loop->text, sql);
    return buf_cstr(&loop->text);
}

static bool
put_prepare(struct pg_conn *conn, struct db_job *job, const struct db_stmt *stmt)
{
    uint64_t serial = pg_stmts_add(conn->stmts, stmt->id, conn->job_number)->serial;

    op_add(conn, (struct pg_op){.kind = PG_OP_PREPARE, .job = job, .serial = serial});
    conn->unflushed += stmt->sql.len + 64;
    return PQsendPrepare(conn->pq, pg_stmt_name(serial).text, terminated(conn->loop, stmt->sql), 0,
                         NULL) == 1;
}

static void
add_param(struct buf *text, const struct value *value)
{
    switch (value->kind) {
    case VALUE_NULL:
        break;
    case VALUE_INT:
        buf_add_i64(text, value->i);
        break;
    case VALUE_REAL:
        buf_printf(text, "%.17g", value->f);
        break;
    case VALUE_TEXT:
        buf_add_str(text, value->s);
        break;
    case VALUE_BLOB:
        BUF_ADD_LIT(text, "\\x");
        buf_add_hex(text, value->s);
        break;
    }
    buf_add_char(text, '\0');
}

static size_t
param_room(const struct value *value)
{
    switch (value->kind) {
    case VALUE_NULL:
    case VALUE_INT:
    case VALUE_REAL:
        return 40;
    case VALUE_TEXT:
        return value->s.len + 1;
    case VALUE_BLOB:
        return value->s.len * 2 + 3;
    }
    return 0;
}

/* The parameters as libpq wants them, good until the next call. Room for all is made first: what
 * was added must not move any more. */
static const char *const *
make_params(struct pg_loop *loop, const struct db_stmt *stmt)
{
    size_t room = 0;

    if (stmt->param_count == 0)
        return no_params;
    if (loop->param_cap < stmt->param_count) {
        loop->param_cap = stmt->param_count;
        loop->params = xrealloc(loop->params, loop->param_cap * sizeof(*loop->params));
    }
    for (uint32_t i = 0; i < stmt->param_count; i++)
        room += param_room(&stmt->params[i]);
    if (!buf_reserve(&loop->text, room))
        return NULL;
    for (uint32_t i = 0; i < stmt->param_count; i++) {
        const char *start = loop->text.data + loop->text.len;

        add_param(&loop->text, &stmt->params[i]);
        loop->params[i] = stmt->params[i].kind != VALUE_NULL ? start : NULL;
    }
    return loop->params;
}

static bool
put_stmt(struct pg_conn *conn, struct db_job *job, uint32_t index, bool named)
{
    struct pg_loop *loop = conn->loop;
    const struct db_stmt *stmt = &job->stmts[index];
    const struct pg_stmt *prepared =
        named && stmt->id != 0 ? pg_stmts_find(conn->stmts, stmt->id) : NULL;
    struct pg_op op = {.kind = PG_OP_STMT, .job = job, .stmt = index};
    int count = (int)stmt->param_count;
    int taken;

    if (prepared != NULL) {
        op.serial = prepared->serial;
        op.is_fresh = prepared->job == conn->job_number;
    }
    op_add(conn, op);

    buf_clear(&loop->text);
    if (prepared == NULL) {
        buf_add_str(&loop->text, stmt->sql);
        buf_add_char(&loop->text, '\0');
    }
    const char *const *params = make_params(loop, stmt);
    conn->unflushed += loop->text.len + 64;
    assert(params != NULL); /* pg_loop_submit refuses what has no room */
    if (prepared != NULL)
        taken = PQsendQueryPrepared(conn->pq, pg_stmt_name(prepared->serial).text, count, params,
                                    NULL, NULL, 0);
    else
        taken = PQsendQueryParams(conn->pq, loop->text.data, count, NULL, params, NULL, NULL, 0);
    return taken == 1;
}

/* All preparations go before all statements: an error skips what is behind it, and a preparation
 * should not be skipped because a statement before it failed. Where one has to be, what relied on
 * it runs again: see pg_error_is_stale_plan. */
static bool
put_prepares(struct pg_conn *conn, struct db_job *job, uint32_t from, uint32_t to)
{
    bool ok = true;

    for (uint32_t i = from; ok && i < to; i++)
        if (job->stmts[i].id != 0 && pg_stmts_find(conn->stmts, job->stmts[i].id) == NULL)
            ok = put_prepare(conn, job, &job->stmts[i]);
    return ok;
}

static bool
put_timeout(struct pg_conn *conn, struct db_job *job)
{
    char ms[24];

    if (job->timeout_ms == 0 || job->timeout_ms == conn->loop->db->statement_timeout_ms)
        return true;
    snprintf(ms, sizeof(ms), "%lld", (long long)job->timeout_ms);
    return put_command(conn, job, PG_OP_TIMEOUT,
                       "SELECT pg_catalog.set_config('statement_timeout', $1, true)", ms);
}

/* A statement of the engine's own, as a transaction. */
static bool
put_prepared(struct pg_conn *conn, enum pg_op_kind kind, const char *name, const char *param)
{
    op_add(conn, (struct pg_op){.kind = kind});
    conn->unflushed += 40;
    return PQsendQueryPrepared(conn->pq, name, param != NULL ? 1 : 0, &param, NULL, NULL, 0) == 1 &&
           put_sync(conn, NULL);
}

bool
pg_pipe_prepare(struct pg_conn *conn)
{
    static const char *const statements[][2] = {
        {ASYNC_NAME, ASYNC_SQL}, {SYNC_NAME, SYNC_SQL}, {FLUSH_NAME, FLUSH_SQL}};

    /* The server's silence counts from here, too: the connection is new. */
    conn->head_since_ns = clock_mono_ns();
    for (size_t i = 0; i < COUNTOF(statements); i++) {
        op_add(conn, (struct pg_op){.kind = PG_OP_PREPARE});
        if (!PQsendPrepare(conn->pq, statements[i][0], statements[i][1], 0, NULL))
            return false;
    }
    return put_sync(conn, NULL);
}

bool
pg_pipe_flush(struct pg_conn *conn)
{
    if (!conn->needs_flush || conn->is_flushing)
        return true;
    conn->needs_flush = conn->has_flush_failed = false;
    conn->is_flushing = true;
    conn->flush_covers = conn->job_number;
    conn->is_async = false;
    if (!put_prepared(conn, PG_OP_FLUSH, FLUSH_NAME, conn->commit_mode))
        return false;
    pg_op_at(conn, conn->op_count - 1)->ends_flush = true;
    return true;
}

/* A write that is alone waits for the disk itself, which takes two transactions less. */
static bool
is_grouped(const struct pg_conn *conn, const struct db_job *job)
{
    return conn->can_group && job->mode == DB_WRITE && !job->rollback_only &&
           (conn->op_count > 0 || conn->loop->waiting > 0 || conn->is_async);
}

/* Whether commits from here on wait for the disk. Those of reads may do either. */
static bool
put_mode(struct pg_conn *conn, const struct db_job *job)
{
    bool is_async = pg_job_flags(job) & PG_JOB_GROUPED;

    if (job->mode == DB_READ || job->rollback_only || conn->is_async == is_async)
        return true;
    conn->is_async = is_async;
    if (is_async)
        return put_prepared(conn, PG_OP_ASYNC, ASYNC_NAME, NULL);
    return put_prepared(conn, PG_OP_SYNCHRONOUS, SYNC_NAME, conn->commit_mode);
}

static bool
put_settings(struct pg_conn *conn, struct db_job *job)
{
    const struct buf *sql = &conn->loop->db->transaction_sql;

    return sql->len == 0 || put_command(conn, job, PG_OP_SETTINGS, sql->data, NULL);
}

/* Before anything in the transaction has taken a snapshot. */
static bool
put_isolation(struct pg_conn *conn, struct db_job *job)
{
    switch (job->isolation) {
    case DB_ISOLATION_DEFAULT:
        break;
    case DB_REPEATABLE_READ:
        return put_command(conn, job, PG_OP_ISOLATION,
                           "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", NULL);
    case DB_SERIALIZABLE:
        return put_command(conn, job, PG_OP_ISOLATION,
                           "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", NULL);
    }
    return true;
}

/* The statements, each prepared where it isn't yet: those that the meaning of others depends on one
 * by one, the others together. */
static bool
put_stmts(struct pg_conn *conn, struct db_job *job, uint32_t first)
{
    /* More statements than names would push out their own. */
    bool named = !conn->loop->db->unprepared && job->stmt_count <= PG_STMTS_MAX / 2;
    bool ok = true;

    for (; ok && first < job->stmt_count && job->stmts[first].runs_before_prepare; first++)
        ok = (!named || put_prepares(conn, job, first, first + 1)) &&
             put_stmt(conn, job, first, named);
    ok = ok && (!named || put_prepares(conn, job, first, job->stmt_count));
    for (uint32_t i = first; ok && i < job->stmt_count; i++)
        ok = put_stmt(conn, job, i, named);
    return ok;
}

bool
pg_pipe_close(struct pg_conn *conn)
{
    if (conn->sharing == NULL)
        return true;
    pg_share_end(conn);
    return put_sync(conn, NULL);
}

/* A read that others may join, or that joins others: without a sync. */
static bool
put_shared(struct pg_conn *conn, struct db_job *job)
{
    bool ok = true;

    if (pg_share_can_join(conn, job)) {
        pg_share_join(conn, job);
    } else {
        ok = pg_pipe_close(conn) && put_closed(conn);
        pg_share_begin(conn, job);
    }
    ok = ok && put_stmts(conn, job, job->has_joined ? job->setting_count : 0);
    if (ok)
        pg_op_at(conn, conn->op_count - 1)->ends_job = true;
    return ok;
}

static bool
put_job(struct pg_conn *conn, struct db_job *job)
{
    bool ok = true;

    if (pg_share_can_begin(conn, job))
        return put_shared(conn, job);
    ok = pg_pipe_close(conn) && put_closed(conn) && put_mode(conn, job);

    if (ok && conn->exclusive == job)
        ok = put_command(conn, job, PG_OP_BEGIN, "BEGIN", NULL);
    ok = ok && put_isolation(conn, job) && put_settings(conn, job) && put_timeout(conn, job) &&
         put_stmts(conn, job, 0);
    if (ok && job->rollback_only)
        ok = put_command(conn, job, PG_OP_CONSTRAINTS, "SET CONSTRAINTS ALL IMMEDIATE", NULL);
    return ok && put_sync(conn, job);
}

/* libpq refuses only when memory or the connection is at an end. */
static void
give_up(struct pg_conn *conn)
{
    struct err err;

    pg_error_from_connection(&err, conn->pq);
    if (pg_answer_take(conn))
        pg_conn_lost(conn, &err);
}

void
pg_pipe_send(struct pg_conn *conn, struct db_job *job)
{
    uint64_t now = clock_mono_ns();

    job->queued_ns = now - job->submitted_ns;
    job->priv[0] = (void *)(pg_job_flags(job) / PG_JOB_ATTEMPT * PG_JOB_ATTEMPT + PG_JOB_ATTEMPT);
    job->priv[2] = NULL;
    job->has_joined = false;
    if (conn->op_count == 0)
        conn->head_since_ns = now;
    if (is_grouped(conn, job))
        pg_job_set(job, PG_JOB_GROUPED);
    conn->in_flight++;
    conn->writes += job->mode == DB_WRITE;
    job->priv[1] = (void *)(uintptr_t)++conn->job_number;
    if (job->check != NULL || job->rollback_only)
        conn->exclusive = job;
    else if (pg_job_flags(job) & PG_JOB_GROUPED)
        conn->needs_flush = true;
    if (!put_job(conn, job)) {
        /* So that the job is found among the ops even when none of its commands was put. */
        op_add(conn, (struct pg_op){.kind = PG_OP_STMT, .job = job});
        give_up(conn);
    }
}

bool
pg_pipe_end(struct pg_conn *conn, struct db_job *job, bool commit)
{
    if (commit) {
        pg_job_set(job, PG_JOB_COMMITTING);
        conn->needs_flush = conn->needs_flush || pg_job_flags(job) & PG_JOB_GROUPED;
    }
    return put_command(conn, job, PG_OP_END, commit ? "COMMIT" : "ROLLBACK", NULL) &&
           put_sync(conn, job) && pg_pipe_flush(conn);
}
