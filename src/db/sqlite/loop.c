/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One loop's side of the embedded engine: reads run at once, and finished jobs that come back from
 * other threads.
 *
 * The reads of one turn share one read transaction, which saves each of them the locks of its own.
 * It ends before the loop waits for events again, and before a read that follows a commit, so that
 * whoever has heard of a commit also sees it.
 */
#include "core/clock.h"
#include "core/log.h"
#include "db/sqlite/lite.h"
#include "db/sqlite/pool.h"
#include "db/sqlite/writer.h"
#include "metric/metric.h"

enum { watch_ms = 1000 };

/* --- jobs ------------------------------------------------------------------------------------ */

size_t
lite_jobs_split(struct lite_jobs *from, const struct db_loop *loop, struct lite_jobs *to)
{
    struct lite_jobs rest = {0};
    size_t count = 0;

    for (struct db_job *job; (job = lite_jobs_take(from)) != NULL;) {
        bool is_taken = loop == NULL || job->loop == loop;
        lite_jobs_add(is_taken ? to : &rest, job);
        count += is_taken;
    }
    *from = rest;
    return count;
}

void
lite_job_refuse(struct db_job *job, enum err_kind kind, const char *code, const char *text)
{
    job->ok = false;
    err_clear(&job->err);
    err_set(&job->err, kind, code, "%s", text);
    if (kind == ERR_UNAVAILABLE || kind == ERR_UNKNOWN)
        job->err.http_status = 503;
}

void
lite_jobs_deliver(struct lite_jobs *jobs)
{
    /* Jobs of one loop mostly stand together, and there are few loops. */
    while (jobs->head != NULL) {
        struct lite_loop *loop = lite_loop_of(jobs->head->loop);
        struct lite_jobs mine = {0};

        lite_jobs_split(jobs, &loop->base, &mine);
        uv_mutex_lock(&loop->mutex);
        if (loop->done_tail == NULL)
            loop->done_head = mine.head;
        else
            loop->done_tail->next = mine.head;
        loop->done_tail = mine.tail;
        /* Inside the lock: once it is released the loop may take the jobs and close. */
        uv_async_send(&loop->async);
        uv_mutex_unlock(&loop->mutex);
    }
}

/* --- the turn's transaction ------------------------------------------------------------------ */

static void
turn_end(struct lite_loop *loop)
{
    if (!loop->in_turn)
        return;
    loop->in_turn = false;
    uv_check_stop(&loop->check);
    uv_prepare_stop(&loop->prepare);
    /* An error may have ended it already. */
    if (!sqlite3_get_autocommit(loop->conn.db))
        lite_conn_step(loop->conn.commit);
    if (!sqlite3_get_autocommit(loop->conn.db))
        lite_conn_step(loop->conn.rollback);
}

static void
on_check(uv_check_t *handle)
{
    turn_end(handle->data);
}

static void
on_prepare(uv_prepare_t *handle)
{
    turn_end(handle->data);
}

static int
turn_begin(struct lite_loop *loop)
{
    struct lite_db *db = lite_db_of(loop->base.db);
    unsigned long long commits = atomic_load_explicit(&db->commits, memory_order_acquire);

    if (loop->in_turn && loop->turn_commits == commits && !sqlite3_get_autocommit(loop->conn.db))
        return SQLITE_OK;
    turn_end(loop);
    lite_conn_refresh(&loop->conn, atomic_load_explicit(&db->generation, memory_order_acquire));
    int rc = lite_conn_step(loop->conn.begin);
    if (rc == SQLITE_OK) {
        loop->in_turn = true;
        loop->turn_commits = commits;
        uv_check_start(&loop->check, on_check);
        uv_prepare_start(&loop->prepare, on_prepare);
    }
    return rc;
}

/* --- submitting ------------------------------------------------------------------------------ */

/* The common part of what every job gets. */
static void
job_begin(struct lite_loop *loop, struct db_job *job, uint64_t now_ns)
{
    const struct db_options *options = &lite_db_of(loop->base.db)->options;
    int64_t timeout_ms = job->timeout_ms > 0 ? job->timeout_ms : options->statement_timeout_ms;

    job->ok = false;
    job->err.kind = ERR_NONE;
    job->loop = &loop->base;
    job->next = NULL;
    job->submitted_ns = now_ns;
    job->deadline_ns = timeout_ms > 0 ? now_ns + (uint64_t)timeout_ms * 1000000 : UINT64_MAX;
    job->queued_ns = job->ran_ns = 0;
}

static bool
can_run_twice(const struct db_job *job)
{
    if (job->restart != NULL)
        return true;
    for (uint32_t i = 0; i < job->stmt_count; i++)
        if (job->stmts[i].on_row != NULL)
            return false;
    return true;
}

static void
job_queue(struct lite_loop *loop, struct db_job *job)
{
    struct lite_db *db = lite_db_of(loop->base.db);
    struct lite_jobs refused = {0};
    bool is_queued = false;

    loop->in_flight++;
    if (loop->is_closing) {
        lite_job_refuse(job, ERR_UNAVAILABLE, "CAIRN-DRAINING", "the database is being closed");
    } else {
        is_queued = job->mode == DB_WRITE ? lite_writer_push(db->writer, job)
                                          : lite_pool_push(db->pool, job);
    }
    if (!is_queued) {
        lite_jobs_add(&refused, job);
        lite_jobs_deliver(&refused);
    }
}

/* True when the job is finished, with its outcome; false when it has to go to the pool. */
static bool
read_now(struct lite_loop *loop, struct db_job *job)
{
    const struct db_options *options = &lite_db_of(loop->base.db)->options;
    enum lite_outcome outcome = LITE_LOCKED;
    uint32_t failed = 0;
    int rc = turn_begin(loop);

    if (rc == SQLITE_OK) {
        lite_conn_limit(&loop->conn, options->read_budget, 0);
        loop->conn.env.now_us = clock_wall_us();
        outcome = lite_conn_run_job(&loop->conn, job, &failed, &rc);
    }
    if (outcome == LITE_STOPPED || outcome == LITE_LOCKED) {
        job->err.kind = ERR_NONE;
        if (job->restart != NULL)
            job->restart(job);
        metric_add(METRIC_DB_READS_MOVED, 0, 1);
        return false;
    }
    job->ok = outcome == LITE_OK;
    if (job->ok && job->check != NULL)
        job->ok = job->check(job);
    return true;
}

bool
lite_loop_submit_inline(struct db_loop *dl, struct db_job *job)
{
    struct lite_loop *loop = lite_loop_of(dl);
    uint64_t now_ns = clock_mono_ns();

    job_begin(loop, job, now_ns);
    if (job->mode == DB_READ && !loop->is_closing && can_run_twice(job) && read_now(loop, job)) {
        uint64_t end_ns = clock_mono_ns();
        job->ran_ns = end_ns - now_ns;
        db_job_count(job, end_ns);
        return true;
    }
    job_queue(loop, job);
    return false;
}

void
lite_loop_submit(struct db_loop *dl, struct db_job *job)
{
    struct lite_loop *loop = lite_loop_of(dl);

    if (job->mode == DB_READ && lite_loop_submit_inline(dl, job)) {
        struct lite_jobs done = {0};
        loop->in_flight++;
        lite_jobs_add(&done, job);
        lite_jobs_deliver(&done);
    } else if (job->mode == DB_WRITE) {
        job_begin(loop, job, clock_mono_ns());
        job_queue(loop, job);
    }
}

/* --- coming back ----------------------------------------------------------------------------- */

static void
on_handle_closed(uv_handle_t *handle)
{
    struct lite_loop *loop = handle->data;

    if (--loop->open_handles > 0)
        return;
    void (*closed)(void *ctx) = loop->closed;
    void *ctx = loop->closed_ctx;
    uv_mutex_destroy(&loop->mutex);
    free(loop);
    if (closed != NULL)
        closed(ctx);
}

static void
loop_finish(struct lite_loop *loop)
{
    turn_end(loop);
    lite_conn_close(&loop->conn);
    uv_close((uv_handle_t *)&loop->async, on_handle_closed);
    uv_close((uv_handle_t *)&loop->check, on_handle_closed);
    uv_close((uv_handle_t *)&loop->prepare, on_handle_closed);
    uv_close((uv_handle_t *)&loop->watch, on_handle_closed);
}

static void
on_async(uv_async_t *handle)
{
    struct lite_loop *loop = handle->data;
    struct lite_jobs done = {0};

    uv_mutex_lock(&loop->mutex);
    done.head = loop->done_head;
    done.tail = loop->done_tail;
    loop->done_head = loop->done_tail = NULL;
    uv_mutex_unlock(&loop->mutex);

    for (struct db_job *job; (job = lite_jobs_take(&done)) != NULL;) {
        loop->in_flight--;
        job->done(job);
    }
    if (loop->is_closing && loop->in_flight == 0 && !uv_is_closing((uv_handle_t *)&loop->async))
        loop_finish(loop);
}

/* Statements end at their deadlines: a group that takes longer hangs on the disk. */
static void
on_watch(uv_timer_t *timer)
{
    struct lite_loop *loop = timer->data;
    struct lite_db *db = lite_db_of(loop->base.db);
    uint64_t busy_ns = lite_writer_busy_ns(db->writer);

    if (busy_ns < atomic_load_explicit(&db->stuck_after_ns, memory_order_relaxed))
        atomic_store_explicit(&db->is_stuck, false, memory_order_relaxed);
    else if (!atomic_exchange(&db->is_stuck, true))
        log_event(LOG_ERROR, "writer-stuck", LOG_CSTR("database", db->path),
                  LOG_I64("seconds", busy_ns / 1000000000));
}

/* --- opening and closing --------------------------------------------------------------------- */

bool
lite_loop_open(struct db *base, uv_loop_t *uv, struct db_loop **out, struct err *err)
{
    struct lite_db *db = lite_db_of(base);
    struct lite_loop *loop = xcalloc(1, sizeof(*loop));
    int rc = 0;

    if (!lite_writer_start(db, err) || !lite_pool_start(db, err) ||
        !lite_conn_open(&loop->conn, db->path, LITE_READER, false, err)) {
        free(loop);
        return false;
    }
    rc = uv_async_init(uv, &loop->async, on_async);
    if (rc != 0) {
        err_set(err, ERR_IO, "58030", "unable to open the loop's wake-up: %s", uv_strerror(rc));
        lite_conn_close(&loop->conn);
        free(loop);
        return false;
    }
    uv_check_init(uv, &loop->check);
    uv_prepare_init(uv, &loop->prepare);
    uv_timer_init(uv, &loop->watch);
    uv_mutex_init(&loop->mutex);
    loop->base = (struct db_loop){.driver = base->driver, .db = base, .uv = uv};
    loop->async.data = loop->check.data = loop->prepare.data = loop->watch.data = loop;
    loop->open_handles = 4;
    uv_timer_start(&loop->watch, on_watch, watch_ms, watch_ms);
    uv_unref((uv_handle_t *)&loop->watch);
    loop->conn.generation = atomic_load(&db->generation);
    *out = &loop->base;
    return true;
}

void
lite_loop_close(struct db_loop *dl, void (*closed)(void *ctx), void *ctx)
{
    struct lite_loop *loop = lite_loop_of(dl);
    struct lite_db *db = lite_db_of(dl->db);
    struct lite_jobs waiting = {0};

    loop->is_closing = true;
    loop->closed = closed;
    loop->closed_ctx = ctx;
    lite_writer_recall(db->writer, dl, &waiting);
    lite_pool_recall(db->pool, dl, &waiting);
    for (struct db_job *job = waiting.head; job != NULL; job = job->next)
        lite_job_refuse(job, ERR_UNAVAILABLE, "CAIRN-DRAINING", "the database is being closed");
    lite_jobs_deliver(&waiting);
    /* Closing goes on where finished jobs arrive. */
    uv_async_send(&loop->async);
}
