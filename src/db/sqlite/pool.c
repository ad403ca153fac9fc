/* SPDX-License-Identifier: Apache-2.0 */
#include "db/sqlite/pool.h"

#include "core/clock.h"
#include "metric/metric.h"

struct lite_pool {
    struct lite_db *db;
    uv_mutex_t mutex;
    uv_cond_t cond;
    struct lite_jobs waiting;
    size_t waiting_count;
    bool is_stopping;
    unsigned thread_count;
    uv_thread_t threads[];
};

/* --- one job --------------------------------------------------------------------------------- */

static bool
conn_ready(struct lite_db *db, struct lite_conn *conn, struct err *err)
{
    if (conn->db == NULL && !lite_conn_open(conn, db->path, LITE_POOL, false, err))
        return false;
    lite_conn_refresh(conn, atomic_load_explicit(&db->generation, memory_order_acquire));
    return true;
}

static bool
job_run(struct lite_db *db, struct lite_conn *conn, struct db_job *job)
{
    enum lite_outcome outcome;
    uint32_t failed = 0;
    int rc = SQLITE_OK;

    if (!conn_ready(db, conn, &job->err))
        return false;
    lite_conn_limit(conn, 0, job->deadline_ns);
    conn->env.now_us = clock_wall_us();
    /* Several statements see one state of the database. */
    if (job->stmt_count > 1)
        rc = lite_conn_step(conn->begin);
    if (rc != SQLITE_OK) {
        lite_error_set(conn, rc, &job->err);
        return false;
    }
    outcome = lite_conn_run_job(conn, job, &failed, &rc);
    if (!sqlite3_get_autocommit(conn->db))
        lite_conn_step(conn->rollback);
    if (outcome == LITE_OK && job->check != NULL)
        return job->check(job);
    return outcome == LITE_OK;
}

static void
refuse_late(struct db_job *job)
{
    lite_job_refuse(job, ERR_UNAVAILABLE, "PGRST003",
                    "Timed out acquiring connection from connection pool.");
    err_details(&job->err, "the request waited too long for a free reader of the database");
    job->err.http_status = 504;
}

static void
job_serve(struct lite_db *db, struct lite_conn *conn, struct db_job *job)
{
    struct lite_jobs done = {0};
    uint64_t begin_ns = clock_mono_ns();
    uint64_t end_ns = begin_ns;

    job->queued_ns = begin_ns - job->submitted_ns;
    if (begin_ns >= job->deadline_ns) {
        refuse_late(job);
    } else {
        job->ok = job_run(db, conn, job);
        end_ns = clock_mono_ns();
        /* What used up its time was the wait. */
        if (!job->ok && strcmp(job->err.code, "57014") == 0 && job->queued_ns > end_ns - begin_ns)
            refuse_late(job);
    }
    job->ran_ns = end_ns - begin_ns;
    db_job_count(job, end_ns);
    lite_jobs_add(&done, job);
    lite_jobs_deliver(&done);
}

static void
pool_main(void *arg)
{
    struct lite_pool *pool = arg;
    struct lite_conn conn = {0};

    uv_mutex_lock(&pool->mutex);
    for (;;) {
        struct db_job *job = lite_jobs_take(&pool->waiting);
        if (job == NULL) {
            if (pool->is_stopping)
                break;
            uv_cond_wait(&pool->cond, &pool->mutex);
            continue;
        }
        pool->waiting_count--;
        uv_mutex_unlock(&pool->mutex);
        metric_add(METRIC_DB_QUEUE, METRIC_DB_QUEUE_QUEUE_READER, -1);
        job_serve(pool->db, &conn, job);
        uv_mutex_lock(&pool->mutex);
    }
    uv_mutex_unlock(&pool->mutex);
    lite_conn_close(&conn);
}

/* --- the pool -------------------------------------------------------------------------------- */

bool
lite_pool_start(struct lite_db *db, struct err *err)
{
    unsigned count = db->options.pool_threads > 0 ? db->options.pool_threads : 1;
    bool ok = true;

    uv_mutex_lock(&db->mutex);
    if (db->pool == NULL) {
        struct lite_pool *pool = xcalloc(1, sizeof(*pool) + count * sizeof(uv_thread_t));
        pool->db = db;
        uv_mutex_init(&pool->mutex);
        uv_cond_init(&pool->cond);
        for (unsigned i = 0; i < count && ok; i++) {
            int rc = uv_thread_create(&pool->threads[i], pool_main, pool);
            ok = rc == 0 ||
                 err_set(err, ERR_IO, "58030", "unable to start a thread: %s", uv_strerror(rc));
            pool->thread_count += ok;
        }
        if (ok)
            db->pool = pool;
        else
            lite_pool_stop(pool);
    }
    uv_mutex_unlock(&db->mutex);
    return ok;
}

void
lite_pool_stop(struct lite_pool *pool)
{
    if (pool == NULL)
        return;
    uv_mutex_lock(&pool->mutex);
    pool->is_stopping = true;
    uv_cond_broadcast(&pool->cond);
    uv_mutex_unlock(&pool->mutex);
    for (unsigned i = 0; i < pool->thread_count; i++)
        uv_thread_join(&pool->threads[i]);
    assert(pool->waiting.head == NULL);
    uv_cond_destroy(&pool->cond);
    uv_mutex_destroy(&pool->mutex);
    free(pool);
}

bool
lite_pool_push(struct lite_pool *pool, struct db_job *job)
{
    bool ok = false;

    uv_mutex_lock(&pool->mutex);
    if (pool->waiting_count < pool->db->options.queue_max) {
        lite_jobs_add(&pool->waiting, job);
        pool->waiting_count++;
        ok = true;
        uv_cond_signal(&pool->cond);
    }
    uv_mutex_unlock(&pool->mutex);
    if (ok) {
        metric_add(METRIC_DB_QUEUE, METRIC_DB_QUEUE_QUEUE_READER, 1);
    } else {
        metric_add(METRIC_DB_QUEUE_REFUSED, METRIC_DB_QUEUE_REFUSED_QUEUE_READER, 1);
        lite_job_refuse(job, ERR_UNAVAILABLE, "CAIRN-BUSY", "too many reads wait for the database");
    }
    return ok;
}

void
lite_pool_recall(struct lite_pool *pool, const struct db_loop *loop, struct lite_jobs *out)
{
    uv_mutex_lock(&pool->mutex);
    size_t count = lite_jobs_split(&pool->waiting, loop, out);
    pool->waiting_count -= count;
    uv_mutex_unlock(&pool->mutex);
    metric_add(METRIC_DB_QUEUE, METRIC_DB_QUEUE_QUEUE_READER, -(int64_t)count);
}
