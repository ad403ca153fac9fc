/* SPDX-License-Identifier: Apache-2.0 */
#include "core/clock.h"
#include "db/postgres/error.h"
#include "db/postgres/pg.h"

static void
job_fail(struct db_job *job, const PGresult *res, const PGconn *pq)
{
    if (job == NULL || pg_job_flags(job) & PG_JOB_FAILED)
        return;
    pg_error_from_result(&job->err, res, pq);
    pg_job_set(job, PG_JOB_FAILED);
}

/* Rows and counts */

static void
show_rows(struct pg_conn *conn, struct db_job *job, const struct db_stmt *stmt, const PGresult *res)
{
    struct pg_loop *loop = conn->loop;
    int rows = PQntuples(res), columns = PQnfields(res);

    if (rows == 0 || stmt->on_row == NULL)
        return;
    if (loop->cell_cap < (size_t)columns) {
        loop->cell_cap = (size_t)columns;
        loop->cells = xrealloc(loop->cells, loop->cell_cap * sizeof(*loop->cells));
    }
    pg_job_set(job, PG_JOB_ROWS);
    for (int row = 0; row < rows; row++) {
        for (int i = 0; i < columns; i++) {
            struct value *cell = &loop->cells[i];

            if (PQgetisnull(res, row, i)) {
                cell->kind = VALUE_NULL;
                continue;
            }
            cell->kind = VALUE_TEXT;
            cell->s = str_make(PQgetvalue(res, row, i), (size_t)PQgetlength(res, row, i));
        }
        if (!stmt->on_row(stmt->ctx, loop->cells, (uint32_t)columns)) {
            pg_job_set(job, PG_JOB_FAILED);
            return;
        }
    }
}

/* A SELECT has a count too, but changes nothing. */
static int64_t
count_affected(PGresult *res)
{
    struct str tag = str_from(PQcmdStatus(res));
    int64_t count = 0;

    if (str_has_prefix(tag, STR("SELECT")) || !str_to_i64(str_from(PQcmdTuples(res)), &count))
        return 0;
    return count;
}

/* How a job ends */

/* Nothing of the job is in the database, and it has not been refused for what it is: may it run
 * again, unseen by its caller? */
static bool
try_again(struct pg_conn *conn, struct db_job *job)
{
    uintptr_t flags = pg_job_flags(job);

    if (flags / PG_JOB_ATTEMPT >= PG_ATTEMPTS_MAX || conn->loop->is_closing ||
        clock_mono_ns() >= job->deadline_ns)
        return false;
    if (flags & PG_JOB_ROWS) {
        if (job->restart == NULL)
            return false;
        job->restart(job);
    }
    pg_loop_requeue(conn->loop, job);
    return true;
}

/* The oldest work in the pipeline is through. */
static uint64_t
count_trip(struct pg_conn *conn)
{
    uint64_t now = clock_mono_ns();
    uint64_t trip = now - conn->head_since_ns;

    conn->head_since_ns = now;
    if (conn->fastest_ns == 0 || trip < conn->fastest_ns)
        conn->fastest_ns = trip;
    return trip;
}

/* Committed; it is done when it is on disk. */
static void
job_settle(struct pg_conn *conn, struct db_job *job)
{
    job->next = NULL;
    if (conn->settled != NULL)
        conn->settled_last->next = job;
    else
        conn->settled = job;
    conn->settled_last = job;
}

static void
job_done(struct pg_conn *conn, struct db_job *job)
{
    uintptr_t flags = pg_job_flags(job);
    uint64_t trip_ns = count_trip(conn);

    if (job->priv[2] != NULL)
        pg_share_learn(conn, job, trip_ns);
    conn->in_flight--;
    conn->writes -= job->mode == DB_WRITE;
    if (conn->exclusive == job)
        conn->exclusive = NULL;

    if (flags & PG_JOB_STALE && try_again(conn, job))
        return;
    if (flags & PG_JOB_SKIPPED) {
        pg_loop_requeue(conn->loop, job);
        return;
    }
    if (flags & PG_JOB_GROUPED && !(flags & PG_JOB_FAILED))
        job_settle(conn, job);
    else
        pg_job_end(job, !(flags & PG_JOB_FAILED));
}

static void
job_end_unknown(struct db_job *job, const char *message, const struct err *why)
{
    err_set(&job->err, ERR_UNKNOWN, "CAIRN-UNKNOWN", "%s", message);
    err_details(&job->err, "%s", why->message);
    err_hint(&job->err, "The change may or may not be there. Read before you repeat it.");
    pg_job_end(job, false);
}

/* Ends the settled jobs up to a number; why is NULL when they are on disk. */
static void
end_settled(struct pg_conn *conn, uint64_t number, const struct err *why)
{
    while (conn->settled != NULL && (uintptr_t)conn->settled->priv[1] <= number) {
        struct db_job *job = conn->settled;

        conn->settled = job->next;
        if (why == NULL)
            pg_job_end(job, true);
        else
            job_end_unknown(job, "the database did not confirm that the change is on disk", why);
    }
}

static void
on_flushed(struct pg_conn *conn)
{
    struct err why;

    count_trip(conn);
    conn->is_flushing = false;
    if (!conn->has_flush_failed) {
        end_settled(conn, conn->flush_covers, NULL);
        return;
    }
    /* What would have made commits wait again was undone with it. */
    conn->can_group = false;
    conn->is_async = true;
    err_set(&why, ERR_DB, "CAIRN-UNKNOWN", "the wait for the disk failed");
    end_settled(conn, conn->flush_covers, &why);
}

/* The statements of an exclusive job are through; its transaction is open unless BEGIN failed. */
static bool
decide(struct pg_conn *conn, struct db_job *job)
{
    bool commit = false;

    pg_job_clear(job, PG_JOB_BEGUN);
    if (!(pg_job_flags(job) & PG_JOB_FAILED)) {
        if (job->check != NULL && !job->check(job))
            pg_job_set(job, PG_JOB_FAILED);
        else
            commit = !job->rollback_only;
    }
    if (pg_pipe_end(conn, job, commit))
        return true; /* flushed by the dispatch that follows all answers */

    struct err err;
    pg_error_from_connection(&err, conn->pq);
    pg_conn_lost(conn, &err);
    return false;
}

static bool
on_sync(struct pg_conn *conn, const struct pg_op *op)
{
    struct db_job *job = op->job;

    if (op->ends_flush)
        on_flushed(conn);
    if (job == NULL)
        return true;
    if (conn->exclusive == job && pg_job_flags(job) & PG_JOB_BEGUN)
        return decide(conn, job);
    job_done(conn, job);
    return true;
}

/* What one result means */

static void
on_success(struct pg_conn *conn, const struct pg_op *op, PGresult *res)
{
    struct db_job *job = op->job;

    if (op->kind == PG_OP_BEGIN) {
        pg_job_set(job, PG_JOB_BEGUN);
    } else if (op->kind == PG_OP_STMT && !(pg_job_flags(job) & PG_JOB_FAILED)) {
        struct db_stmt *stmt = &job->stmts[op->stmt];

        stmt->affected = count_affected(res);
        show_rows(conn, job, stmt, res);
    }
}

static void
on_failure(struct pg_conn *conn, const struct pg_op *op, const PGresult *res)
{
    bool is_first = op->job != NULL && !(pg_job_flags(op->job) & PG_JOB_FAILED);

    if (op->kind == PG_OP_PREPARE) {
        if (op->job == NULL)
            conn->can_group = false;
        pg_stmts_drop(conn->stmts, op->serial, false);
    } else if (op->kind == PG_OP_FLUSH || op->ends_flush) {
        conn->has_flush_failed = true;
    } else if (op->kind == PG_OP_ASYNC) {
        conn->can_group = false;
    } else if (op->kind == PG_OP_STMT && op->serial != 0 && !op->is_fresh && is_first &&
               pg_error_is_stale_plan(res)) {
        const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

        pg_stmts_drop(conn->stmts, op->serial, strcmp(state, "26000") != 0);
        pg_job_set(op->job, PG_JOB_STALE);
    }
    job_fail(op->job, res, conn->pq);
}

/* Takes res. False: the connection was lost. */
static bool
on_result(struct pg_conn *conn, PGresult *res)
{
    struct pg_op op = *pg_op_at(conn, 0);
    struct err err;
    bool alive = true;

    switch (PQresultStatus(res)) {
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:
        on_success(conn, &op, res);
        break;
    case PGRES_PIPELINE_ABORTED:
        if (op.kind == PG_OP_PREPARE)
            pg_stmts_drop(conn->stmts, op.serial, false);
        if (op.job != NULL && !(pg_job_flags(op.job) & PG_JOB_FAILED))
            pg_job_set(op.job, PG_JOB_SKIPPED);
        break;
    case PGRES_PIPELINE_SYNC:
        conn->op_first = (conn->op_first + 1) & (conn->op_cap - 1);
        conn->op_count--;
        conn->op_has_answer = false;
        alive = on_sync(conn, &op);
        break;
    case PGRES_BAD_RESPONSE:
    case PGRES_FATAL_ERROR:
        /* Without the session's own mode no write behind it would be on disk when it is done. */
        if (PQstatus(conn->pq) == CONNECTION_BAD || pg_error_is_fatal(res) ||
            op.kind == PG_OP_SYNCHRONOUS) {
            conn->is_ended_by_server = pg_error_is_fatal(res);
            pg_error_from_result(&err, res, conn->pq);
            err.kind = ERR_UNAVAILABLE;
            alive = false;
        } else {
            on_failure(conn, &op, res);
        }
        break;
    case PGRES_NONFATAL_ERROR:
        break;
    case PGRES_COPY_OUT:
    case PGRES_COPY_IN:
    case PGRES_COPY_BOTH:
    case PGRES_SINGLE_TUPLE:
    default:
        err_set(&err, ERR_INTERNAL, "CAIRN-INTERNAL",
                "unable to run a statement: it began a COPY, which a pipeline can't carry");
        alive = false;
        break;
    }
    PQclear(res);
    if (!alive && conn->state == PG_READY)
        pg_conn_lost(conn, &err);
    return alive;
}

static void
take_op(struct pg_conn *conn)
{
    struct pg_op op = *pg_op_at(conn, 0);

    conn->op_first = (conn->op_first + 1) & (conn->op_cap - 1);
    conn->op_count--;
    if (op.ends_job)
        job_done(conn, op.job);
}

/*
 * libpq gives the results of each command and then NULL; of a sync only its result. An error of the
 * commit itself comes as a result of the sync, with a NULL behind it, and then the sync's own.
 */
bool
pg_answer_take(struct pg_conn *conn)
{
    while (conn->op_count > 0 && !PQisBusy(conn->pq)) {
        PGresult *res = PQgetResult(conn->pq);

        if (res != NULL) {
            conn->op_has_answer = true;
            if (!on_result(conn, res))
                return false;
            continue;
        }
        if (!conn->op_has_answer)
            break;
        conn->op_has_answer = false;
        if (pg_op_at(conn, 0)->kind != PG_OP_SYNC)
            take_op(conn);
    }
    return true;
}

/* Loss */

/* May the job's changes be in the database? op is its oldest unanswered command. */
static bool
is_outcome_unknown(const struct pg_conn *conn, const struct pg_op *op, bool is_oldest)
{
    const struct db_job *job = op->job;
    uintptr_t flags = pg_job_flags(job);

    if (job->mode == DB_READ || flags & PG_JOB_FAILED)
        return false;
    if (conn->exclusive == job)
        return flags & PG_JOB_COMMITTING;
    /* The server had said that it goes before it answered this command. Only the sync commits, so
     * what it hadn't reached can't be there. */
    if (conn->is_ended_by_server)
        return is_oldest && op->kind == PG_OP_SYNC;
    return true;
}

static void
job_lost(struct pg_conn *conn, const struct pg_op *op, bool is_oldest, const struct err *why)
{
    struct db_job *job = op->job;

    if (pg_job_flags(job) & PG_JOB_FAILED) {
        pg_job_end(job, false);
        return;
    }
    if (is_outcome_unknown(conn, op, is_oldest)) {
        job_end_unknown(
            job, "the connection to the database was lost before it confirmed the change", why);
        return;
    }
    if (why->kind == ERR_UNAVAILABLE && try_again(conn, job))
        return;
    err_set(&job->err, why->kind, why->kind == ERR_UNAVAILABLE ? "08006" : why->code,
            "the connection to the database was lost; nothing was changed");
    err_details(&job->err, "%s", why->message);
    pg_job_end(job, false);
}

/* The ops are taken over first: what ends here may be sent again at once, on a new connection. */
void
pg_answer_lost(struct pg_conn *conn, const struct err *why)
{
    struct pg_op *ops = conn->ops;
    uint32_t first = conn->op_first, count = conn->op_count, cap = conn->op_cap;
    struct pg_op *oldest = xcalloc(conn->in_flight + 1, sizeof(*oldest));
    uint32_t jobs = 0;

    for (uint32_t i = 0; i < count; i++) {
        const struct pg_op *op = &ops[(first + i) & (cap - 1)];

        if (op->job != NULL && (jobs == 0 || oldest[jobs - 1].job != op->job))
            oldest[jobs++] = *op;
    }
    assert(jobs == conn->in_flight);
    conn->sharing = NULL;
    conn->op_count = conn->in_flight = conn->writes = 0;

    /* From the last on, because each goes back to the front of the queue. */
    while (jobs-- > 0)
        job_lost(conn, &oldest[jobs], jobs == 0, why);
    conn->exclusive = NULL;
    end_settled(conn, UINT64_MAX, why);
    free(oldest);
}
