/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The embedded engine's own structs, shared by the files of this folder.
 *
 * Reads run on their loop's connection (loop.c) or, when they are long, on a pool thread's
 * (pool.c). One thread writes and checkpoints (writer.c), under a lock that keeps other processes
 * from doing the same (lock.c). A finished job goes back to its loop through lite_loop_deliver.
 */
#ifndef CAIRN_DB_SQLITE_LITE_H
#define CAIRN_DB_SQLITE_LITE_H

#include <stdatomic.h>

#include "db/driver.h"
#include "db/sqlite/conn.h"

struct lite_pool;
struct lite_writer;

struct lite_db {
    struct db base;
    struct db_options options; /* url and schemas are not kept */
    char *path;
    uv_mutex_t mutex;           /* over the start of pool and writer */
    struct lite_pool *pool;     /* NULL until the first loop is opened */
    struct lite_writer *writer; /* NULL until the first loop is opened or a migration runs */
    atomic_uint generation;     /* goes up with every change of the schema by this process */
    atomic_ullong commits;      /* goes up before a commit is acknowledged */
    atomic_bool poisoned;
    atomic_bool is_stuck; /* the writer has been at one group for too long, and it was logged */
    atomic_ullong stuck_after_ns;
};

struct lite_loop {
    struct db_loop base;
    struct lite_conn conn;
    uv_async_t async;     /* finished jobs wait in done */
    uv_check_t check;     /* after, and ... */
    uv_prepare_t prepare; /* ... before waiting for events: no transaction is held meanwhile */
    uv_timer_t watch;     /* looks after the writer */
    uv_mutex_t mutex;     /* over done */
    struct db_job *done_head, *done_tail;
    size_t in_flight; /* jobs for which done() is still to be called */
    bool in_turn;     /* a read transaction of this turn is open */
    bool is_closing;
    unsigned open_handles;
    unsigned long long turn_commits; /* of db->commits when the turn's transaction began */
    void (*closed)(void *ctx);
    void *closed_ctx;
};

static inline struct lite_db *
lite_db_of(struct db *db)
{
    return CONTAINER_OF(db, struct lite_db, base);
}

static inline struct lite_loop *
lite_loop_of(struct db_loop *dl)
{
    return CONTAINER_OF(dl, struct lite_loop, base);
}

/* A list of jobs through their next. */
struct lite_jobs {
    struct db_job *head, *tail;
};

static inline void
lite_jobs_add(struct lite_jobs *jobs, struct db_job *job)
{
    job->next = NULL;
    if (jobs->tail == NULL)
        jobs->head = job;
    else
        jobs->tail->next = job;
    jobs->tail = job;
}

static inline struct db_job *
lite_jobs_take(struct lite_jobs *jobs)
{
    struct db_job *job = jobs->head;

    if (job != NULL) {
        jobs->head = job->next;
        if (jobs->head == NULL)
            jobs->tail = NULL;
        job->next = NULL;
    }
    return job;
}

/* Moves the jobs of loop (all when NULL) from one list to the end of another; how many. */
size_t lite_jobs_split(struct lite_jobs *from, const struct db_loop *loop, struct lite_jobs *to);

/* Fails the job: kind, code and text are the reason. */
void lite_job_refuse(struct db_job *job, enum err_kind kind, const char *code, const char *text);
/* Hands finished jobs, each with its outcome, to their loops; from any thread. Empties the list. */
void lite_jobs_deliver(struct lite_jobs *jobs);

bool lite_loop_open(struct db *db, uv_loop_t *uv, struct db_loop **out, struct err *err);
void lite_loop_close(struct db_loop *dl, void (*closed)(void *ctx), void *ctx);
void lite_loop_submit(struct db_loop *dl, struct db_job *job);
bool lite_loop_submit_inline(struct db_loop *dl, struct db_job *job);

#endif
