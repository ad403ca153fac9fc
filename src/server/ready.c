/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ready.h"

enum { EVERY_MS = 2000, TIMEOUT_MS = 2000 };

#define READY_STMT_ID UINT64_MAX

void
ready_make_job(enum db_dialect dialect, struct db_stmt *stmt, struct db_job *job)
{
    *stmt = (struct db_stmt){.sql = dialect == DB_SQLITE ? STR("SELECT cairn_check_file()")
                                                         : STR("SELECT 1"),
                             .id = READY_STMT_ID,
                             .row_count = 1};
    *job =
        (struct db_job){.mode = DB_READ, .stmts = stmt, .stmt_count = 1, .timeout_ms = TIMEOUT_MS};
}

/* A service that drains isn't ready, whatever the database says. */
static void
on_answer(struct db_job *job)
{
    struct ready_watch *watch = job->ctx;

    watch->is_asking = false;
    atomic_store(watch->is_ready, job->ok && !atomic_load(watch->is_draining));
}

static void
on_timer(uv_timer_t *timer)
{
    struct ready_watch *watch = timer->data;

    if (watch->is_asking || atomic_load(watch->is_draining))
        return;
    ready_make_job(watch->dialect, &watch->stmt, &watch->job);
    watch->job.done = on_answer;
    watch->job.ctx = watch;
    watch->is_asking = true;
    if (db_submit_inline(watch->db, &watch->job))
        on_answer(&watch->job);
}

bool
ready_watch_open(struct ready_watch *watch, uv_loop_t *loop)
{
    watch->timer.data = watch;
    if (uv_timer_init(loop, &watch->timer) != 0)
        return false;
    uv_unref((uv_handle_t *)&watch->timer);

    return true;
}

void
ready_watch_start(struct ready_watch *watch, struct db_loop *db, enum db_dialect dialect,
                  atomic_bool *is_ready, const atomic_bool *is_draining)
{
    watch->db = db;
    watch->dialect = dialect;
    watch->is_ready = is_ready;
    watch->is_draining = is_draining;
    uv_timer_start(&watch->timer, on_timer, EVERY_MS, EVERY_MS);
}

void
ready_watch_close(struct ready_watch *watch)
{
    uv_close((uv_handle_t *)&watch->timer, NULL);
}
