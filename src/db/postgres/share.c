/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads that share a transaction. What begins one (role, claims, read only) and its end cost the
 * server more than a point read does, so reads that are sent in the same turn and are set to
 * exactly the same run in one: the settings once, then a statement each, then one sync. Each
 * statement still has a snapshot of its own, and nothing is written.
 *
 * A statement that fails ends the transaction for those behind it, which run again, each alone; so
 * does what was sent before for another reason. The server keeps
 * the answers until the sync, so only statements that were quick so far may join: one that takes
 * long would keep the answers of those before it.
 */
#include "core/clock.h"
#include "db/postgres/pg.h"

#define SHARED_MAX 32
#define JOIN_US_MAX 1000
#define TOGETHER_NS_MAX 4000000

static const struct db_stmt *
first_work(const struct db_job *job)
{
    return &job->stmts[job->setting_count];
}

bool
pg_share_can_begin(const struct pg_conn *conn, const struct db_job *job)
{
    const struct pg_db *db = conn->loop->db;

    return job->may_share && job->mode == DB_READ && job->check == NULL && !job->rollback_only &&
           job->isolation == DB_ISOLATION_DEFAULT && !db->unprepared &&
           pg_job_flags(job) < (uintptr_t)PG_JOB_ATTEMPT * 2 &&
           job->setting_count < job->stmt_count && first_work(job)->id != 0 &&
           (job->timeout_ms == 0 || job->timeout_ms == db->statement_timeout_ms);
}

static bool
is_same_value(const struct value *a, const struct value *b)
{
    return a->kind == b->kind &&
           (a->kind == VALUE_NULL || (a->kind == VALUE_TEXT && str_eq(a->s, b->s)));
}

static bool
are_same_settings(const struct db_job *a, const struct db_job *b)
{
    if (a->setting_count != b->setting_count)
        return false;
    for (uint32_t i = 0; i < a->setting_count; i++) {
        const struct db_stmt *x = &a->stmts[i], *y = &b->stmts[i];

        if (x->id == 0 || x->id != y->id || x->param_count != y->param_count)
            return false;
        for (uint32_t k = 0; k < x->param_count; k++) {
            if (!is_same_value(&x->params[k], &y->params[k]))
                return false;
        }
    }
    return true;
}

bool
pg_share_can_join(const struct pg_conn *conn, const struct db_job *job)
{
    const struct pg_stmt *stmt = NULL;

    if (conn->sharing == NULL || conn->shared_count >= SHARED_MAX ||
        !pg_share_can_begin(conn, job) || !are_same_settings(conn->sharing, job))
        return false;
    stmt = pg_stmts_find(conn->stmts, first_work(job)->id);
    return stmt != NULL && stmt->is_known && stmt->us <= JOIN_US_MAX &&
           conn->shared_ns + stmt->us * 1000ULL <= TOGETHER_NS_MAX;
}

void
pg_share_begin(struct pg_conn *conn, struct db_job *job)
{
    conn->sharing = job;
    conn->shared_count = 1;
    conn->shared_ns = 0;
    job->priv[2] = (void *)(uintptr_t)1;
}

void
pg_share_join(struct pg_conn *conn, struct db_job *job)
{
    conn->shared_ns += pg_stmts_find(conn->stmts, first_work(job)->id)->us * 1000ULL;
    conn->sharing->priv[2] = (void *)(uintptr_t)++conn->shared_count;
    job->has_joined = true;
}

void
pg_share_end(struct pg_conn *conn)
{
    conn->sharing = NULL;
}

/* The answers of all come together, so each has its part of the time. */
void
pg_share_learn(struct pg_conn *conn, const struct db_job *job, uint64_t trip_ns)
{
    uint64_t us = trip_ns / 1000 / (uintptr_t)job->priv[2];

    pg_stmts_learn(conn->stmts, first_work(job)->id, us < UINT32_MAX ? (uint32_t)us : UINT32_MAX);
}
