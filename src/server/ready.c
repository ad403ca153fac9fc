/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ready.h"

#include "core/clock.h"
#include "core/err_local.h"

enum { WAITING_LOOK_MS = 20 };

#define MS_NS 1000000ULL
#define LOOK_STMT_ID UINT64_MAX

static void
begin_look(struct ready_look *look, enum db_dialect dialect, void (*done)(struct db_job *job),
           void *ctx)
{
    look->stmt = (struct db_stmt){.sql = dialect == DB_SQLITE ? STR("SELECT cairn_check_file()")
                                                              : STR("SELECT 1"),
                                  .id = LOOK_STMT_ID,
                                  .row_count = 1};
    look->job = (struct db_job){.mode = DB_READ,
                                .stmts = &look->stmt,
                                .stmt_count = 1,
                                .timeout_ms = READY_LOOK_MAX_MS,
                                .done = done,
                                .ctx = ctx};
}

/* --- what is known ---------------------------------------------------------------------------- */

/* READY_UNSEEN: nothing is known yet. err is filled with READY_ILL. */
static enum ready_seen
get_known(struct ready_watch *watch, struct err *err)
{
    switch (db_loop_get_link(watch->db, err)) {
    case DB_AWAY:
        watch->seen = READY_UNSEEN;
        return READY_ILL;
    case DB_LINKING:
        watch->seen = READY_UNSEEN;
        return READY_UNSEEN;
    case DB_LINKED:
        break;
    }
    if (watch->seen == READY_ILL)
        *err = watch->why_ill;

    return watch->seen;
}

static void
set_silent(struct err *err, uint64_t ms)
{
    err_set(err, ERR_UNAVAILABLE, "PGRST000", "Database connection error.");
    err_details(err, "no answer from the database within %llu ms", (unsigned long long)ms);
}

static void
keep_for_others(struct ready_watch *watch)
{
    ERR_LOCAL(err);
    enum ready_seen known = get_known(watch, &err);

    /* What is not known yet changes nothing. */
    if (watch->is_ready != NULL && (known != READY_UNSEEN || atomic_load(watch->is_draining)))
        atomic_store(watch->is_ready, known == READY_WELL && !atomic_load(watch->is_draining));
}

/* --- who waits -------------------------------------------------------------------------------- */

/* Those who can be told something, or have waited long enough: the first has waited longest. */
static void
answer_waiting(struct ready_watch *watch, bool all)
{
    uint64_t now = clock_mono_ns();
    ERR_LOCAL(err);
    enum ready_seen known = get_known(watch, &err);

    while (watch->first != NULL) {
        struct ready_call *call = watch->first;

        if (known == READY_UNSEEN && !all && now - call->asked_ns < READY_WAIT_MS * MS_NS)
            return;
        if (known == READY_UNSEEN)
            set_silent(&err, (now - call->asked_ns) / MS_NS);
        watch->first = call->next;
        if (watch->first == NULL)
            watch->end = &watch->first;
        call->done(call, known == READY_WELL ? NULL : &err);
    }
    uv_timer_stop(&watch->waiting_timer);
}

static void look_at_it(struct ready_watch *watch);

static void
on_waiting_timer(uv_timer_t *timer)
{
    struct ready_watch *watch = timer->data;

    look_at_it(watch);
    answer_waiting(watch, false);
}

/* --- looking ---------------------------------------------------------------------------------- */

/* A service that drains isn't ready, whatever the database says. */
static void
on_look(struct db_job *job)
{
    struct ready_watch *watch = job->ctx;

    watch->is_asking = false;
    watch->seen = job->ok ? READY_WELL : READY_ILL;
    if (!job->ok)
        watch->why_ill = job->err;
    keep_for_others(watch);
    answer_waiting(watch, false);
}

static void
look_at_it(struct ready_watch *watch)
{
    ERR_LOCAL(err);

    if (watch->is_asking || atomic_load(watch->is_draining) ||
        db_loop_get_link(watch->db, &err) != DB_LINKED)
        return;
    begin_look(&watch->look, watch->dialect, on_look, watch);
    watch->is_asking = true;
    watch->asked_ns = clock_mono_ns();
    if (db_submit_inline(watch->db, &watch->look.job))
        on_look(&watch->look.job);
}

static void
on_timer(uv_timer_t *timer)
{
    struct ready_watch *watch = timer->data;
    uint64_t since_ms = watch->is_asking ? (clock_mono_ns() - watch->asked_ns) / MS_NS : 0;

    if (since_ms >= READY_LOOK_MAX_MS) {
        watch->seen = READY_ILL;
        set_silent(&watch->why_ill, since_ms);
    }
    look_at_it(watch);
    keep_for_others(watch);
}

bool
ready_watch_open(struct ready_watch *watch, uv_loop_t *loop)
{
    watch->timer.data = watch->waiting_timer.data = watch;
    watch->end = &watch->first;
    if (uv_timer_init(loop, &watch->timer) != 0 || uv_timer_init(loop, &watch->waiting_timer) != 0)
        return false;
    uv_unref((uv_handle_t *)&watch->timer);
    uv_unref((uv_handle_t *)&watch->waiting_timer);

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
    /* Of the embedded database only the history wants to know. */
    if (dialect != DB_SQLITE || is_ready != NULL)
        uv_timer_start(&watch->timer, on_timer, READY_LOOK_MS, READY_LOOK_MS);
}

void
ready_watch_release(struct ready_watch *watch)
{
    answer_waiting(watch, true);
}

void
ready_watch_close(struct ready_watch *watch)
{
    assert(watch->first == NULL);
    uv_close((uv_handle_t *)&watch->timer, NULL);
    uv_close((uv_handle_t *)&watch->waiting_timer, NULL);
}

/* --- asking ----------------------------------------------------------------------------------- */

static void
on_own_look(struct db_job *job)
{
    struct ready_call *call = job->ctx;

    call->done(call, job->ok ? NULL : &job->err);
}

static void
wait_for_look(struct ready_watch *watch, struct ready_call *call)
{
    uint64_t now = clock_mono_ns();

    /* A database that was silent for that long already isn't waited for anew. */
    call->asked_ns = watch->is_asking ? watch->asked_ns : now;
    call->next = NULL;
    *watch->end = call;
    watch->end = &call->next;
    if (!uv_is_active((uv_handle_t *)&watch->waiting_timer))
        uv_timer_start(&watch->waiting_timer, on_waiting_timer, WAITING_LOOK_MS, WAITING_LOOK_MS);
    look_at_it(watch);
    answer_waiting(watch, false);
}

void
ready_ask(struct ready_watch *watch, struct ready_call *call)
{
    ERR_LOCAL(err);
    enum ready_seen known;

    if (watch->dialect == DB_SQLITE) {
        begin_look(&call->look, DB_SQLITE, on_own_look, call);
        if (db_submit_inline(watch->db, &call->look.job))
            on_own_look(&call->look.job);
        return;
    }
    known = get_known(watch, &err);
    if (known == READY_UNSEEN)
        wait_for_look(watch, call);
    else
        call->done(call, known == READY_WELL ? NULL : &err);
}
