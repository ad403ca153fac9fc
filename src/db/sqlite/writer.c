/* SPDX-License-Identifier: Apache-2.0 */
#include "db/sqlite/writer.h"

#include <time.h>

#include "core/clock.h"
#include "core/err_local.h"
#include "core/log.h"
#include "db/sqlite/group.h"
#include "db/sqlite/migrate.h"
#include "metric/metric.h"

/* Pages of log after which they are copied into the database file; about 4 MiB. */
enum { CHECKPOINT_PAGES = 1000 };
/* So many pages mean that a long read keeps the log from being used again. */
enum { LARGE_LOG_PAGES = 50000 };

static const uint64_t rest_ns = 200 * UINT64_C(1000000);        /* without work until it rests */
static const uint64_t turn_ns = 50 * UINT64_C(1000000);         /* of a process while others wait */
static const uint64_t complaint_ns = 60 * UINT64_C(1000000000); /* between two alike log lines */

struct task {
    bool (*fn)(struct lite_turn *turn, void *arg, bool *unknown, struct err *err);
    void *arg;
    uint64_t deadline_ns;
    struct err *err;
    bool ok, is_done;
    struct task *next;
};

struct lite_writer {
    struct lite_db *db;
    uv_thread_t thread;
    uv_mutex_t mutex; /* over what follows, up to the empty line */
    uv_cond_t work;
    uv_cond_t task_done;
    struct lite_jobs waiting;
    size_t waiting_count;
    struct task *tasks;
    bool is_stopping;

    atomic_ullong busy_since_ns;

    /* The thread's own. */
    struct lite_lock lock;
    struct lite_core core;
    sqlite3_stmt *version; /* of the data, which changes when another process commits */
    int64_t version_seen;
    bool is_stale;    /* the lock was given up in between */
    int log_pages;    /* in the log after the last commit */
    int copied_pages; /* of them already copied */
    uint64_t complained_ns;
    struct lite_group group;
};

/* --- the commit ------------------------------------------------------------------------------ */

/* The error of a commit whose outcome is unknown. */
static void
set_unknown(struct err *err)
{
    err_set(err, ERR_UNKNOWN, "CAIRN-UNKNOWN",
            "the outcome of the write is not known: the disk failed while it was made durable");
    err->http_status = 503;
    err_hint(err, "It may or may not be there. Read before you repeat it.");
}

/*
 * A transaction counts from the moment that its last frame stands in the log, which is the last
 * thing that is written before the log is synced. "No space" comes from writing, so that this frame
 * isn't there: nothing was changed, for certain. Any other failure may have come from the sync.
 */
enum lite_commit
lite_writer_commit(struct lite_conn *conn, int *rc, struct err *err)
{
    *rc = lite_conn_step(conn->commit);
    if (LIKELY(*rc == SQLITE_OK))
        return LITE_COMMITTED;

    lite_error_set(conn, *rc, err);
    bool is_certain = (*rc & 0xff) == SQLITE_BUSY || (*rc & 0xff) == SQLITE_CONSTRAINT ||
                      *rc == SQLITE_FULL || *rc == SQLITE_IOERR_WRITE;
    if (is_certain && *rc == SQLITE_IOERR_WRITE)
        is_certain = strcmp(err->code, "53100") == 0;
    if (!is_certain) {
        log_event(LOG_ERROR, "commit-failed", LOG_I64("code", *rc),
                  LOG_CSTR("cause", err->message));
        set_unknown(err);
        return LITE_COMMIT_UNKNOWN;
    }
    if (sqlite3_get_autocommit(conn->db) == 0)
        lite_conn_step(conn->rollback);
    return LITE_ROLLED_BACK;
}

int
lite_writer_begin(struct lite_conn *conn, uint64_t deadline_ns)
{
    for (;;) {
        int rc = lite_conn_step(conn->begin_write);
        if ((rc & 0xff) != SQLITE_BUSY || clock_mono_ns() >= deadline_ns)
            return rc;
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
}

/* --- the connection -------------------------------------------------------------------------- */

static int
on_log_grown(void *arg, sqlite3 *db, const char *name, int pages)
{
    struct lite_writer *writer = arg;

    /* Fewer than were copied: the log began anew. */
    if (pages < writer->copied_pages)
        writer->copied_pages = 0;
    writer->log_pages = pages;
    return SQLITE_OK;
}

static void
core_close(struct lite_writer *writer)
{
    sqlite3_finalize(writer->version);
    writer->version = NULL;
    lite_sequences_free(writer->core.sequences);
    writer->core.sequences = NULL;
    lite_explain_free(writer->core.explain);
    writer->core.explain = NULL;
    model_free(writer->core.model);
    writer->core.model = NULL;
    lite_conn_close(&writer->core.conn);
}

/* Nothing that was written through this connection can be relied upon any more: no checkpoint, no
 * further sync. What is in the log is read and copied when the file is opened anew. */
static void
writer_poison(struct lite_writer *writer)
{
    atomic_store(&writer->db->poisoned, true);
    log_event(LOG_ERROR, "database-poisoned", LOG_CSTR("database", writer->db->path));
    core_close(writer);
    lite_lock_release(&writer->lock);
}

static bool
model_reload(struct lite_writer *writer, struct err *err)
{
    struct lite_core *core = &writer->core;
    struct model *model = NULL;

    if (!lite_model_load(&core->conn, &model, err))
        return false;
    model_free(core->model);
    core->model = model;
    core->has_deferred = false;
    for (uint32_t t = 0; t < model->table_count; t++)
        for (uint32_t f = 0; f < model->tables[t].foreign_key_count; f++)
            core->has_deferred |= model->tables[t].foreign_keys[f].initially_deferred;
    return true;
}

static bool
version_read(struct lite_writer *writer, int64_t *out, struct err *err)
{
    int rc = sqlite3_step(writer->version);

    if (rc == SQLITE_ROW)
        *out = sqlite3_column_int64(writer->version, 0);
    else
        lite_error_set(&writer->core.conn, rc, err);
    sqlite3_reset(writer->version);
    return rc == SQLITE_ROW;
}

/* --- the log --------------------------------------------------------------------------------- */

static void
complain(struct lite_writer *writer, const char *event, int64_t value, const char *cause)
{
    uint64_t now_ns = clock_mono_ns();

    if (writer->complained_ns != 0 && now_ns - writer->complained_ns < complaint_ns)
        return;
    writer->complained_ns = now_ns;
    log_event(LOG_WARN, event, LOG_I64("value", value), LOG_CSTR("cause", cause));
}

/* Copies the log into the database file; false: the file can't be relied upon. */
static bool
checkpoint(struct lite_writer *writer, int mode)
{
    struct lite_conn *conn = &writer->core.conn;
    ERR_LOCAL(err);
    int pages = 0;
    int copied = 0;

    int rc = sqlite3_wal_checkpoint_v2(conn->db, "main", mode, &pages, &copied);
    if (rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY) {
        writer->copied_pages = copied > 0 ? copied : 0;
        if (rc == SQLITE_OK && mode == SQLITE_CHECKPOINT_TRUNCATE)
            writer->log_pages = writer->copied_pages = 0;
        if (pages > LARGE_LOG_PAGES)
            complain(writer, "log-large", pages, "a long read keeps the log from being reused");
        return true;
    }
    lite_error_set(conn, rc, &err);
    if (rc == SQLITE_FULL || strcmp(err.code, "53100") == 0) {
        complain(writer, "checkpoint-delayed", pages, err.message);
        /* Tried again after as many pages more. */
        writer->copied_pages = writer->log_pages;
        return true;
    }
    log_event(LOG_ERROR, "checkpoint-failed", LOG_I64("code", rc), LOG_CSTR("cause", err.message));
    return false;
}

static bool
core_open(struct lite_writer *writer, struct err *err)
{
    struct lite_core *core = &writer->core;

    if (core->conn.db != NULL)
        return true;
    if (!lite_conn_open(&core->conn, writer->db->path, LITE_WRITER,
                        writer->db->options.synchronous_extra, err))
        return false;
    sqlite3_wal_hook(core->conn.db, on_log_grown, writer);
    core->sequences = lite_sequences_new(&core->conn);
    core->explain = lite_explain_new(writer->db->path);
    writer->log_pages = writer->copied_pages = 0;
    /*
     * What a crashed process left in the log is in memory, but perhaps not on disk, however valid
     * it looks: copying it into the file and syncing that makes it so before anything builds on it.
     */
    if (!checkpoint(writer, SQLITE_CHECKPOINT_TRUNCATE)) {
        err_set(err, ERR_UNAVAILABLE, "58030", "unable to recover '%s' from its log",
                writer->db->path);
    } else if (sqlite3_prepare_v3(core->conn.db, "PRAGMA data_version", -1,
                                  SQLITE_PREPARE_PERSISTENT, &writer->version, NULL) != SQLITE_OK) {
        lite_error_set(&core->conn, sqlite3_extended_errcode(core->conn.db), err);
    } else if (model_reload(writer, err) && version_read(writer, &writer->version_seen, err)) {
        return true;
    }
    core_close(writer);
    return false;
}

/* The lock is held: opens the connection, or takes note of what others did meanwhile. */
static bool
core_ready(struct lite_writer *writer, struct err *err)
{
    int64_t version = 0;

    if (!core_open(writer, err))
        return false;
    lite_conn_refresh(&writer->core.conn, atomic_load(&writer->db->generation));
    if (!writer->is_stale)
        return true;
    if (!version_read(writer, &version, err))
        return false;
    if (version != writer->version_seen) {
        lite_sequences_forget(writer->core.sequences);
        if (!model_reload(writer, err))
            return false;
        writer->version_seen = version;
    }
    writer->is_stale = false;
    return true;
}

static void
lock_give(struct lite_writer *writer)
{
    lite_lock_release(&writer->lock);
    writer->is_stale = true;
}

/* --- groups ---------------------------------------------------------------------------------- */

static void
refuse_poisoned(struct lite_group *group)
{
    ERR_LOCAL(err);

    err_set(&err, ERR_UNAVAILABLE, "CAIRN-READONLY",
            "writes are refused: the disk failed, and the database has to be opened anew");
    err.http_status = 503;
    lite_group_fail(group, &err);
}

/* Jobs in the queue don't outlive their time while those before them wait for the lock. */
static void
queue_expire(struct lite_writer *writer, const struct err *err)
{
    uint64_t now_ns = clock_mono_ns();
    struct lite_jobs late = {0};
    struct lite_jobs rest = {0};
    int64_t count = 0;

    uv_mutex_lock(&writer->mutex);
    for (struct db_job *job; (job = lite_jobs_take(&writer->waiting)) != NULL;) {
        bool is_late = now_ns >= job->deadline_ns;
        count += is_late;
        lite_jobs_add(is_late ? &late : &rest, job);
    }
    writer->waiting = rest;
    writer->waiting_count -= (size_t)count;
    uv_mutex_unlock(&writer->mutex);

    metric_add(METRIC_DB_QUEUE, METRIC_DB_QUEUE_QUEUE_WRITER, -count);
    for (struct db_job *job = late.head; job != NULL; job = job->next) {
        job->ok = false;
        job->err = *err;
        db_job_count(job, now_ns);
    }
    lite_jobs_deliver(&late);
}

/* Waits for the lock as long as a job of the group has time. */
static bool
group_lock(struct lite_writer *writer)
{
    ERR_LOCAL(err);

    while (!lite_lock_try(&writer->lock)) {
        lite_lock_blame(&writer->lock, &err);
        queue_expire(writer, &err);
        if (lite_group_expire(&writer->group, &err) == 0) {
            lite_lock_cancel(&writer->lock);
            return false;
        }
        nanosleep(&(struct timespec){.tv_nsec = 3000000}, NULL);
    }
    return true;
}

static void
group_serve(struct lite_writer *writer, struct lite_jobs *jobs)
{
    struct lite_group *group = &writer->group;
    ERR_LOCAL(err);

    lite_group_fill(group, jobs);
    if (atomic_load(&writer->db->poisoned)) {
        refuse_poisoned(group);
    } else if (group_lock(writer)) {
        atomic_store_explicit(&writer->busy_since_ns, clock_mono_ns(), memory_order_relaxed);
        if (!core_ready(writer, &err))
            lite_group_fail(group, &err);
        else if (!lite_group_run(&writer->core, group, jobs))
            writer_poison(writer);
        atomic_store_explicit(&writer->busy_since_ns, 0, memory_order_relaxed);
    }
    lite_group_deliver(group);
}

/* What is due between two groups. */
static void
pause_serve(struct lite_writer *writer)
{
    if (writer->core.conn.db == NULL)
        return;
    if (writer->log_pages - writer->copied_pages >= CHECKPOINT_PAGES &&
        !checkpoint(writer, SQLITE_CHECKPOINT_PASSIVE)) {
        writer_poison(writer);
        return;
    }
    if (writer->lock.is_held && clock_mono_ns() - writer->lock.since_ns > turn_ns &&
        lite_lock_is_wanted(&writer->lock))
        lock_give(writer);
}

/* The log is copied, but keeps its size unless that is large: writing over a file syncs faster than
 * making it grow. */
static void
rest_serve(struct lite_writer *writer)
{
    int mode = writer->log_pages > 2 * CHECKPOINT_PAGES ? SQLITE_CHECKPOINT_TRUNCATE
                                                        : SQLITE_CHECKPOINT_PASSIVE;

    if (writer->core.conn.db != NULL && writer->log_pages > writer->copied_pages &&
        writer->lock.is_held && !checkpoint(writer, mode)) {
        writer_poison(writer);
        return;
    }
    if (writer->lock.is_held)
        lock_give(writer);
}

/* --- tasks ----------------------------------------------------------------------------------- */

static void
task_serve(struct lite_writer *writer, struct task *task)
{
    struct lite_turn turn = {
        .db = writer->db, .conn = &writer->core.conn, .deadline_ns = task->deadline_ns};
    bool unknown = false;
    bool ok = false;

    if (atomic_load(&writer->db->poisoned)) {
        err_set(task->err, ERR_UNAVAILABLE, "CAIRN-READONLY",
                "unable to write to '%s': the disk failed", writer->db->path);
    } else if (lite_lock_wait(&writer->lock, task->deadline_ns, task->err) &&
               core_ready(writer, task->err)) {
        turn.sequences = writer->core.sequences;
        ok = task->fn(&turn, task->arg, &unknown, task->err);
        ERR_LOCAL(reload);
        if (!unknown && !model_reload(writer, &reload))
            ok = ok && err_set(task->err, reload.kind, reload.code, "%s", reload.message);
    }
    if (unknown)
        writer_poison(writer);

    uv_mutex_lock(&writer->mutex);
    task->ok = ok;
    task->is_done = true;
    uv_cond_broadcast(&writer->task_done);
    uv_mutex_unlock(&writer->mutex);
}

bool
lite_writer_call(struct lite_writer *writer,
                 bool (*fn)(struct lite_turn *turn, void *arg, bool *unknown, struct err *err),
                 void *arg, uint64_t deadline_ns, struct err *err)
{
    struct task task = {.fn = fn, .arg = arg, .deadline_ns = deadline_ns, .err = err};

    uv_mutex_lock(&writer->mutex);
    struct task **last = &writer->tasks;
    while (*last != NULL)
        last = &(*last)->next;
    *last = &task;
    uv_cond_signal(&writer->work);
    while (!task.is_done)
        uv_cond_wait(&writer->task_done, &writer->mutex);
    uv_mutex_unlock(&writer->mutex);
    return task.ok;
}

/* --- the thread ------------------------------------------------------------------------------ */

/* What is to do now; false: nothing, and the thread is to end. */
static bool
work_take(struct lite_writer *writer, struct lite_jobs *jobs, struct task **task)
{
    size_t count = 0;

    uv_mutex_lock(&writer->mutex);
    while (writer->waiting.head == NULL && writer->tasks == NULL && !writer->is_stopping) {
        if (!writer->lock.is_held) {
            uv_cond_wait(&writer->work, &writer->mutex);
        } else if (uv_cond_timedwait(&writer->work, &writer->mutex, rest_ns) != 0) {
            uv_mutex_unlock(&writer->mutex);
            rest_serve(writer);
            uv_mutex_lock(&writer->mutex);
        }
    }
    *jobs = writer->waiting;
    writer->waiting = (struct lite_jobs){0};
    count = writer->waiting_count;
    writer->waiting_count = 0;
    *task = writer->tasks;
    if (*task != NULL)
        writer->tasks = (*task)->next;
    uv_mutex_unlock(&writer->mutex);

    if (count > 0)
        metric_add(METRIC_DB_QUEUE, METRIC_DB_QUEUE_QUEUE_WRITER, -(int64_t)count);
    return jobs->head != NULL || *task != NULL;
}

/* Leaves the file tidy: sequences written, the log copied and empty. */
static void
writer_end(struct lite_writer *writer)
{
    struct lite_conn *conn = &writer->core.conn;
    ERR_LOCAL(err);
    int rc = SQLITE_OK;

    if (conn->db != NULL && lite_lock_try(&writer->lock) && core_ready(writer, &err)) {
        if (lite_sequences_is_dirty(writer->core.sequences) &&
            lite_conn_step(conn->begin_write) == SQLITE_OK) {
            rc = lite_sequences_save(writer->core.sequences);
            if (rc == SQLITE_OK)
                (void)lite_writer_commit(conn, &rc, &err);
        }
        if (rc == SQLITE_OK)
            (void)checkpoint(writer, SQLITE_CHECKPOINT_TRUNCATE);
    }
    core_close(writer);
    lite_lock_close(&writer->lock);
}

static void
writer_main(void *arg)
{
    struct lite_writer *writer = arg;
    struct lite_jobs jobs = {0};
    struct task *task = NULL;

    while (work_take(writer, &jobs, &task)) {
        if (task != NULL)
            task_serve(writer, task);
        while (jobs.head != NULL) {
            group_serve(writer, &jobs);
            pause_serve(writer);
        }
    }
    writer_end(writer);
}

/* --- the writer ------------------------------------------------------------------------------ */

static struct lite_writer *
writer_new(struct lite_db *db, struct err *err)
{
    struct lite_writer *writer = xcalloc(1, sizeof(*writer));
    int rc = 0;

    writer->db = db;
    writer->core.db = db;
    writer->lock.fd = -1;
    if (!lite_lock_open(&writer->lock, db->path, err)) {
        free(writer);
        return NULL;
    }
    uv_mutex_init(&writer->mutex);
    uv_cond_init(&writer->work);
    uv_cond_init(&writer->task_done);
    rc = uv_thread_create(&writer->thread, writer_main, writer);
    if (rc != 0) {
        err_set(err, ERR_IO, "58030", "unable to start a thread: %s", uv_strerror(rc));
        uv_cond_destroy(&writer->task_done);
        uv_cond_destroy(&writer->work);
        uv_mutex_destroy(&writer->mutex);
        lite_lock_close(&writer->lock);
        free(writer);
        return NULL;
    }
    return writer;
}

bool
lite_writer_start(struct lite_db *db, struct err *err)
{
    uv_mutex_lock(&db->mutex);
    if (db->writer == NULL)
        db->writer = writer_new(db, err);
    bool ok = db->writer != NULL;
    uv_mutex_unlock(&db->mutex);
    return ok;
}

void
lite_writer_stop(struct lite_writer *writer)
{
    if (writer == NULL)
        return;
    uv_mutex_lock(&writer->mutex);
    writer->is_stopping = true;
    uv_cond_signal(&writer->work);
    uv_mutex_unlock(&writer->mutex);
    uv_thread_join(&writer->thread);
    assert(writer->waiting.head == NULL && writer->tasks == NULL);
    uv_cond_destroy(&writer->task_done);
    uv_cond_destroy(&writer->work);
    uv_mutex_destroy(&writer->mutex);
    free(writer);
}

bool
lite_writer_push(struct lite_writer *writer, struct db_job *job)
{
    bool ok = false;

    if (atomic_load_explicit(&writer->db->poisoned, memory_order_relaxed)) {
        lite_job_refuse(job, ERR_UNAVAILABLE, "CAIRN-READONLY",
                        "writes are refused: the disk failed, and the database has to be opened "
                        "anew");
        return false;
    }
    uv_mutex_lock(&writer->mutex);
    if (writer->waiting_count < writer->db->options.queue_max) {
        /* The thread sleeps only when nothing waits. */
        if (writer->waiting.head == NULL)
            uv_cond_signal(&writer->work);
        lite_jobs_add(&writer->waiting, job);
        writer->waiting_count++;
        ok = true;
    }
    uv_mutex_unlock(&writer->mutex);
    if (ok) {
        metric_add(METRIC_DB_QUEUE, METRIC_DB_QUEUE_QUEUE_WRITER, 1);
    } else {
        metric_add(METRIC_DB_QUEUE_REFUSED, METRIC_DB_QUEUE_REFUSED_QUEUE_WRITER, 1);
        lite_job_refuse(job, ERR_UNAVAILABLE, "CAIRN-BUSY",
                        "too many writes wait for the database");
    }
    return ok;
}

void
lite_writer_recall(struct lite_writer *writer, const struct db_loop *loop, struct lite_jobs *out)
{
    uv_mutex_lock(&writer->mutex);
    size_t count = lite_jobs_split(&writer->waiting, loop, out);
    writer->waiting_count -= count;
    uv_mutex_unlock(&writer->mutex);
    metric_add(METRIC_DB_QUEUE, METRIC_DB_QUEUE_QUEUE_WRITER, -(int64_t)count);
}

uint64_t
lite_writer_busy_ns(const struct lite_writer *writer)
{
    uint64_t since_ns = atomic_load_explicit(&writer->busy_since_ns, memory_order_relaxed);
    uint64_t now_ns = clock_mono_ns();

    return since_ns != 0 && now_ns > since_ns ? now_ns - since_ns : 0;
}
