/* SPDX-License-Identifier: Apache-2.0 */
#include "db/sqlite/group.h"

#include <time.h>

#include "core/clock.h"
#include "core/err_local.h"
#include "core/log.h"
#include "db/sqlite/writer.h"
#include "metric/metric.h"

/* After so much work the group is committed, and the rest makes the next one. */
static const uint64_t group_max_ns = 20 * 1000 * 1000;

/* How often the others run again because one job cost them their transaction. */
enum { REDO_MAX = 8 };

/* --- members --------------------------------------------------------------------------------- */

void
lite_group_fill(struct lite_group *group, struct lite_jobs *jobs)
{
    group->count = group->ran = group->failure_count = 0;
    while (group->count < LITE_GROUP_MAX && jobs->head != NULL) {
        group->states[group->count] = LITE_WAITS;
        group->jobs[group->count++] = lite_jobs_take(jobs);
    }
}

static void
member_fail(struct lite_group *group, size_t at, const struct err *err)
{
    group->jobs[at]->ok = false;
    group->jobs[at]->err = *err;
    group->states[at] = LITE_FINISHED;
}

static void
member_expire(struct lite_group *group, size_t at)
{
    lite_job_refuse(group->jobs[at], ERR_UNAVAILABLE, "PGRST003",
                    "Timed out acquiring connection from connection pool.");
    err_details(&group->jobs[at]->err, "the request waited too long for its turn to write");
    group->jobs[at]->err.http_status = 504;
    group->states[at] = LITE_FINISHED;
}

size_t
lite_group_expire(struct lite_group *group, const struct err *err)
{
    uint64_t now_ns = clock_mono_ns();
    size_t left = 0;

    for (size_t i = 0; i < group->count; i++) {
        if (group->states[i] != LITE_WAITS)
            continue;
        if (now_ns < group->jobs[i]->deadline_ns)
            left++;
        else if (err != NULL)
            member_fail(group, i, err);
        else
            member_expire(group, i);
    }
    return left;
}

void
lite_group_fail(struct lite_group *group, const struct err *err)
{
    for (size_t i = 0; i < group->count; i++)
        if (group->states[i] == LITE_WAITS || group->states[i] == LITE_RAN)
            member_fail(group, i, err);
    group->ran = 0;
}

void
lite_group_deliver(struct lite_group *group)
{
    uint64_t now_ns = clock_mono_ns();
    struct lite_jobs done = {0};
    size_t kept = 0;

    for (size_t i = 0; i < group->count; i++) {
        struct db_job *job = group->jobs[i];
        if (group->states[i] != LITE_FINISHED) {
            group->states[kept] = group->states[i];
            group->jobs[kept++] = job;
            continue;
        }
        job->ran_ns = now_ns - job->submitted_ns - job->queued_ns;
        db_job_count(job, now_ns);
        lite_jobs_add(&done, job);
    }
    group->count = kept;
    lite_jobs_deliver(&done);
}

/* --- running --------------------------------------------------------------------------------- */

/*
 * SQLite undoes a statement that fails, so that a job of one statement run once needs nothing
 * more, unless something may undo it after it has succeeded: a row function, the job's check, its
 * wish, or a foreign key that is looked at in the end.
 */
static bool
needs_savepoint(struct lite_core *core, const struct db_job *job)
{
    return job->stmt_count != 1 || job->stmts[0].row_count != 1 || job->check != NULL ||
           job->rollback_only || core->has_deferred ||
           lite_conn_returns_rows(&core->conn, job->stmts);
}

static bool
deferred_is_violated(struct lite_core *core)
{
    int current = 0;
    int high = 0;

    return sqlite3_db_status(core->conn.db, SQLITE_DBSTATUS_DEFERRED_FKS, &current, &high, 0) ==
               SQLITE_OK &&
           current != 0;
}

static void
failure_note(struct lite_core *core, struct lite_group *group, struct db_job *job, uint32_t stmt,
             int rc)
{
    struct lite_failure *failure = group->failures + group->failure_count++;

    failure->job = job;
    failure->stmt = stmt;
    failure->row = core->conn.row;
    failure->rc = rc;
    failure->now_us = core->conn.env.now_us;
    failure->draw_count = lite_sequences_get_draws(core->sequences, failure->draws);
}

/* Runs the statements and everything that may still refuse them. *rc is SQLite's reason. */
static bool
job_try(struct lite_core *core, struct lite_group *group, struct db_job *job, int *rc)
{
    uint32_t stmt = 0;
    bool waits = lite_job_refers_to_itself(job) &&
                 lite_conn_exec(&core->conn, "PRAGMA defer_foreign_keys=ON") == SQLITE_OK;
    bool ok = false;

    core->conn.env.now_us = clock_wall_us();
    lite_conn_limit(&core->conn, 0, job->deadline_ns);
    core->conn.rows_seen = false;
    ok = lite_conn_run_job(&core->conn, job, &stmt, rc) == LITE_OK;
    /* What follows must not be interrupted. */
    lite_conn_limit(&core->conn, 0, 0);

    if (ok && (core->has_deferred || waits) && deferred_is_violated(core)) {
        *rc = SQLITE_CONSTRAINT_FOREIGNKEY;
        stmt = job->stmt_count;
        ok = err_set(&job->err, ERR_DB, "23503", "FOREIGN KEY constraint failed");
    }
    if (waits)
        lite_conn_exec(&core->conn, "PRAGMA defer_foreign_keys=OFF");
    if (!ok && lite_explain_knows(*rc))
        failure_note(core, group, job, stmt, *rc);
    return ok && (job->check == NULL || job->check(job));
}

/* False: the whole transaction is lost, because of this job, which has failed. */
static bool
member_run(struct lite_core *core, struct lite_group *group, size_t at)
{
    struct db_job *job = group->jobs[at];
    struct lite_conn *conn = &core->conn;
    bool is_guarded = needs_savepoint(core, job);
    size_t failures = group->failure_count;
    uint64_t now_ns = clock_mono_ns();
    int rc = SQLITE_OK;

    job->err.kind = ERR_NONE;
    job->queued_ns = now_ns - job->submitted_ns;
    if (now_ns >= job->deadline_ns) {
        member_expire(group, at);
        return true;
    }
    if (is_guarded)
        rc = lite_conn_step(conn->savepoint);
    if (rc != SQLITE_OK)
        lite_error_set(conn, rc, &job->err);
    else
        job->ok = job_try(core, group, job, &rc);

    bool is_lost = sqlite3_get_autocommit(conn->db) != 0;
    if (is_lost && job->ok)
        job->ok = err_set(&job->err, ERR_INTERNAL, "XX000", "a statement ended the transaction");
    if (is_guarded && !is_lost) {
        if (!job->ok || job->rollback_only)
            rc = lite_conn_step(conn->undo);
        else
            rc = SQLITE_OK;
        if (rc == SQLITE_OK)
            rc = lite_conn_step(conn->release);
        if (rc != SQLITE_OK) {
            /* Half a job must not be committed with the others. */
            if (job->err.kind == ERR_NONE)
                lite_error_set(conn, rc, &job->err);
            job->ok = false;
            if (sqlite3_get_autocommit(conn->db) == 0)
                lite_conn_step(conn->rollback);
            is_lost = true;
        }
    }
    if (job->ok && !job->rollback_only) {
        group->states[at] = LITE_RAN;
        group->rows_seen[at] = conn->rows_seen;
        group->ran++;
    } else {
        group->states[at] = group->failure_count > failures ? LITE_REFUSED : LITE_FINISHED;
    }
    return !is_lost;
}

/* Puts those that already ran back to the start, after the transaction was lost. */
static void
group_restart(struct lite_group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        struct db_job *job = group->jobs[i];

        if (group->states[i] != LITE_RAN)
            continue;
        if (job->restart != NULL) {
            job->restart(job);
        } else if (group->rows_seen[i]) {
            lite_job_refuse(job, ERR_UNAVAILABLE, "40001",
                            "the write was undone together with another one; try again");
            group->states[i] = LITE_FINISHED;
            continue;
        }
        group->states[i] = LITE_WAITS;
    }
    group->ran = 0;
}

/* Runs what waits, as far as the time goes; false: the transaction is lost, and err says to
 * what. */
static bool
group_attempt(struct lite_core *core, struct lite_group *group, struct lite_jobs *rest,
              struct err *err)
{
    struct lite_jobs late = {0};
    size_t i = 0;

    for (; i < group->count; i++) {
        if (group->states[i] != LITE_WAITS)
            continue;
        if (group->ran > 0 && clock_mono_ns() - group->begin_ns > group_max_ns)
            break;
        if (!member_run(core, group, i)) {
            *err = group->jobs[i]->err;
            return false;
        }
    }
    size_t kept = i;
    for (; i < group->count; i++) {
        if (group->states[i] == LITE_WAITS) {
            lite_jobs_add(&late, group->jobs[i]);
        } else {
            group->states[kept] = group->states[i];
            group->rows_seen[kept] = group->rows_seen[i];
            group->jobs[kept++] = group->jobs[i];
        }
    }
    group->count = kept;
    if (late.head != NULL) {
        late.tail->next = rest->head;
        rest->tail = rest->head != NULL ? rest->tail : late.tail;
        rest->head = late.head;
    }
    return true;
}

/* BEGIN, tried while another program holds the file and some job still has time. */
static bool
group_begin(struct lite_core *core, struct lite_group *group)
{
    ERR_LOCAL(err);

    for (;;) {
        int rc = lite_conn_step(core->conn.begin_write);
        if (rc == SQLITE_OK)
            return true;
        lite_error_set(&core->conn, rc, &err);
        if ((rc & 0xff) != SQLITE_BUSY) {
            lite_group_fail(group, &err);
            return false;
        }
        if (lite_group_expire(group, &err) == 0)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
}

/* --- the commit ------------------------------------------------------------------------------ */

static void
ran_finish(struct lite_group *group, const struct err *err)
{
    for (size_t i = 0; i < group->count; i++) {
        if (group->states[i] != LITE_RAN)
            continue;
        if (err != NULL)
            member_fail(group, i, err);
        group->states[i] = LITE_FINISHED;
    }
}

enum group_result { GROUP_DONE, GROUP_LOST, GROUP_UNKNOWN };

static enum group_result
group_commit(struct lite_core *core, struct lite_group *group)
{
    struct lite_conn *conn = &core->conn;
    uint64_t begin_ns = clock_mono_ns();
    ERR_LOCAL(err);
    int rc = SQLITE_OK;

    if (group->ran == 0) {
        /* Numbers that were drawn stay in memory, and go to disk with the next commit. */
        lite_conn_step(conn->rollback);
        return GROUP_DONE;
    }
    rc = lite_sequences_save(core->sequences);
    if (rc != SQLITE_OK) {
        lite_error_set(conn, rc, &err);
        if (sqlite3_get_autocommit(conn->db) == 0)
            lite_conn_step(conn->rollback);
        ran_finish(group, &err);
        return GROUP_DONE;
    }

    switch (lite_writer_commit(conn, &rc, &err)) {
    case LITE_COMMITTED:
        break;
    case LITE_ROLLED_BACK:
        /* A foreign key that nobody knew to be deferred: run again, looking after each job. */
        if (rc == SQLITE_CONSTRAINT_FOREIGNKEY && !core->has_deferred) {
            core->has_deferred = true;
            return GROUP_LOST;
        }
        ran_finish(group, &err);
        return GROUP_DONE;
    case LITE_COMMIT_UNKNOWN:
        /* Who hears of it is not to find that writing goes on. */
        atomic_store(&core->db->poisoned, true);
        ran_finish(group, &err);
        return GROUP_UNKNOWN;
    }
    lite_sequences_saved(core->sequences);
    atomic_fetch_add_explicit(&core->db->commits, 1, memory_order_release);
    metric_observe(METRIC_DB_COMMIT_GROUP, 0, (double)group->ran);
    metric_observe(METRIC_DB_COMMIT_DURATION, 0, (double)(clock_mono_ns() - begin_ns) / 1e9);
    ran_finish(group, NULL);
    return GROUP_DONE;
}

static void
failures_explain(struct lite_core *core, struct lite_group *group)
{
    unsigned generation = atomic_load_explicit(&core->db->generation, memory_order_relaxed);

    for (size_t i = 0; i < group->failure_count; i++)
        lite_explain_run(core->explain, core->model, generation, group->failures + i);
    group->failure_count = 0;
}

/* Those who succeeded go first; the others wait for their reason. */
static void
group_finish(struct lite_core *core, struct lite_group *group, bool explain)
{
    lite_group_deliver(group);
    if (group->count == 0)
        return;
    if (explain)
        failures_explain(core, group);
    for (size_t i = 0; i < group->count; i++)
        group->states[i] = LITE_FINISHED;
    lite_group_deliver(group);
}

/* Whether it is worth to run the others again; err, of the job that lost them their transaction,
 * becomes what they are told if not. A disk that is full or failing is that for all of them. */
static bool
may_redo(unsigned tries, struct err *err)
{
    if (err->kind == ERR_UNAVAILABLE)
        return tries < 2;
    if (tries < REDO_MAX)
        return true;
    err_set(err, ERR_UNAVAILABLE, "40001",
            "the write was undone together with others, again and again; try again");
    return false;
}

bool
lite_group_run(struct lite_core *core, struct lite_group *group, struct lite_jobs *rest)
{
    enum group_result result = GROUP_LOST;
    ERR_LOCAL(err);

    group->begin_ns = clock_mono_ns();
    for (unsigned tries = 0; result == GROUP_LOST; tries++) {
        if (lite_group_expire(group, NULL) == 0 || !group_begin(core, group))
            break;
        err_clear(&err);
        if (group_attempt(core, group, rest, &err))
            result = group_commit(core, group);
        if (result != GROUP_LOST)
            break;
        group_restart(group);
        if (!may_redo(tries, &err)) {
            lite_group_fail(group, &err);
            break;
        }
    }
    group_finish(core, group, result != GROUP_UNKNOWN);
    return result != GROUP_UNKNOWN;
}
