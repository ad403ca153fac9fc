/* SPDX-License-Identifier: Apache-2.0 */
#include "core/clock.h"
#include "db/postgres/pg.h"
#include "metric/metric.h"

#define MS_NS 1000000ULL
#define TICK_MS 20
/* A connection whose oldest job is older than this takes a job only when no other does better. */
#define BUSY_NS (2 * MS_NS)
/* Older than this, or than a few round trips, and it takes none: jobs then wait where any
 * connection that becomes free can take them, and where they can still be refused for certain. */
#define SLOW_NS (50 * MS_NS)
/* How long a new connection may take before the database counts as away. */
#define LINKING_NS (500 * MS_NS)
#define DEPTH_LIKED 32
#define WRITE_DEPTH_LIKED 128
#define UNFLUSHED_MAX (64 * 1024)

/* The queue */

static void
count_waiting(struct pg_loop *loop, int by)
{
    loop->waiting = by > 0 ? loop->waiting + 1 : loop->waiting - 1;
    metric_add(METRIC_DB_QUEUE, METRIC_DB_QUEUE_QUEUE_POSTGRES, by);
}

static void
queue_add(struct pg_loop *loop, struct db_job *job)
{
    job->next = NULL;
    if (loop->last != NULL)
        loop->last->next = job;
    else
        loop->first = job;
    loop->last = job;
    count_waiting(loop, 1);
}

static struct db_job *
queue_take(struct pg_loop *loop)
{
    struct db_job *job = loop->first;

    loop->first = job->next;
    if (loop->first == NULL)
        loop->last = NULL;
    count_waiting(loop, -1);
    return job;
}

static void keep_awake(struct pg_loop *loop);

void
pg_loop_requeue(struct pg_loop *loop, struct db_job *job)
{
    job->next = loop->first;
    loop->first = job;
    if (loop->last == NULL)
        loop->last = job;
    count_waiting(loop, 1);
    keep_awake(loop);
}

void
pg_job_end(struct db_job *job, bool ok)
{
    uint64_t begun_ns = job->submitted_ns + job->queued_ns;
    uint64_t now = clock_mono_ns();

    job->ok = ok;
    job->ran_ns = pg_job_flags(job) >= PG_JOB_ATTEMPT ? now - begun_ns : 0;
    db_job_count(job, now);
    job->done(job);
}

static void
refuse(struct pg_loop *loop, struct db_job *job)
{
    job->next = loop->refused;
    loop->refused = job;
    keep_awake(loop);
}

static void
end_refused(struct pg_loop *loop)
{
    while (loop->refused != NULL) {
        struct db_job *job = loop->refused;

        loop->refused = job->next;
        pg_job_end(job, false);
    }
}

/* Which connection */

static void
set_away(const struct pg_loop *loop, struct err *err)
{
    err_set(err, ERR_UNAVAILABLE, "PGRST000", "Database connection error.");
    err_details(err, "%s", loop->why_down.message);
}

static bool
is_any_ready(const struct pg_loop *loop)
{
    for (unsigned i = 0; i < loop->conn_count; i++)
        if (loop->conns[i].state == PG_READY)
            return true;
    return false;
}

void
pg_loop_note_failure(struct pg_loop *loop, bool was_ready)
{
    if (is_any_ready(loop))
        return;
    if (was_ready)
        loop->unlinked_ns = clock_mono_ns();
    loop->has_failed = !was_ready;
}

/* A connection that was lost comes back within milliseconds as a rule, and what is asked meanwhile
 * waits for that: the loss alone says little. */
enum db_link
pg_loop_get_link(const struct db_loop *dl, struct err *err)
{
    const struct pg_loop *loop = (const struct pg_loop *)dl;

    if (is_any_ready(loop))
        return DB_LINKED;
    if (!loop->has_failed && clock_mono_ns() - loop->unlinked_ns < LINKING_NS)
        return DB_LINKING;
    set_away(loop, err);

    return DB_AWAY;
}

static uint64_t
head_age_ns(const struct pg_conn *conn, uint64_t now)
{
    return conn->op_count > 0 && now > conn->head_since_ns ? now - conn->head_since_ns : 0;
}

static bool
can_take(const struct pg_conn *conn, uint64_t now)
{
    uint64_t slow = conn->fastest_ns * 4 > SLOW_NS ? conn->fastest_ns * 4 : SLOW_NS;

    return conn->state == PG_READY && conn->exclusive == NULL && !conn->is_blocked &&
           conn->in_flight < PG_DEPTH_MAX && head_age_ns(conn, now) < slow;
}

/*
 * One deep pipeline does better than several shallow ones, so the first connection that is not yet
 * deep takes the job. Writes begin at the other end and stay together, because they share the wait
 * for the disk, and reads keep away from them.
 */
static bool
is_liked(const struct pg_conn *conn, const struct db_job *job, uint64_t now)
{
    if (job->mode == DB_WRITE)
        return conn->in_flight < WRITE_DEPTH_LIKED;
    return conn->in_flight < DEPTH_LIKED && conn->writes == 0 && !conn->is_flushing &&
           head_age_ns(conn, now) < BUSY_NS;
}

static struct pg_conn *
pick(struct pg_loop *loop, const struct db_job *job)
{
    struct pg_conn *best = NULL;
    uint64_t now = clock_mono_ns();

    for (unsigned i = 0; i < loop->conn_count; i++) {
        unsigned at = job->mode == DB_READ ? i : loop->conn_count - 1 - i;
        struct pg_conn *conn = &loop->conns[at];

        if (!can_take(conn, now))
            continue;
        if (is_liked(conn, job, now))
            return conn;
        if (best == NULL || conn->in_flight < best->in_flight)
            best = conn;
    }
    return best;
}

/* Closing */

static void
on_handle_closed(uv_handle_t *handle)
{
    pg_loop_handle_closed(handle->data);
}

static void
fail_waiting(struct pg_loop *loop)
{
    while (loop->first != NULL) {
        struct db_job *job = queue_take(loop);

        err_set(&job->err, ERR_UNAVAILABLE, "CAIRN-DRAINING",
                "the server is stopping; nothing was changed");
        pg_job_end(job, false);
    }
}

static void
close_what_is_idle(struct pg_loop *loop)
{
    bool all = true;

    fail_waiting(loop);
    for (unsigned i = 0; i < loop->conn_count; i++) {
        if (loop->conns[i].in_flight == 0 && loop->conns[i].settled == NULL)
            pg_conn_close(&loop->conns[i]);
        else
            all = false;
    }
    if (!all || uv_is_closing((uv_handle_t *)&loop->tick))
        return;
    uv_close((uv_handle_t *)&loop->prepare, on_handle_closed);
    uv_close((uv_handle_t *)&loop->check, on_handle_closed);
    uv_close((uv_handle_t *)&loop->idle, on_handle_closed);
    uv_close((uv_handle_t *)&loop->tick, on_handle_closed);
}

/* The last handle to close frees the loop. */
void
pg_loop_handle_closed(struct pg_loop *loop)
{
    void (*closed)(void *ctx) = loop->closed;
    void *ctx = loop->closed_ctx;

    assert(loop->handles > 0);
    if (--loop->handles > 0 || !loop->is_closing)
        return;
    end_refused(loop);
    assert(loop->first == NULL);
    for (unsigned i = 0; i < loop->conn_count; i++)
        pg_conn_fini(&loop->conns[i]);
    free(loop->conns);
    free(loop->cells);
    free(loop->params);
    buf_fini(&loop->text);
    free(loop);
    if (closed != NULL)
        closed(ctx);
}

void
pg_loop_close(struct db_loop *dl, void (*closed)(void *ctx), void *ctx)
{
    struct pg_loop *loop = (struct pg_loop *)dl;

    assert(!loop->is_closing);
    loop->is_closing = true;
    loop->closed = closed;
    loop->closed_ctx = ctx;
    keep_awake(loop);
}

/* Turns of the loop */

/* Hands all that was put to the kernel. An answer that comes meanwhile may have something to send
 * again. */
static void
send_off(struct pg_conn *conn)
{
    struct err err;

    while (conn->state == PG_READY) {
        if (!pg_pipe_close(conn) || (conn->exclusive == NULL && !pg_pipe_flush(conn))) {
            err_set(&err, ERR_UNAVAILABLE, "08006", "unable to send");
            pg_conn_lost(conn, &err);
            return;
        }
        if (conn->unflushed == 0)
            return;
        pg_conn_flush(conn);
    }
}

void
pg_loop_dispatch(struct pg_loop *loop)
{
    end_refused(loop);
    while (loop->first != NULL && !loop->is_closing) {
        struct pg_conn *conn = pick(loop, loop->first);

        if (conn == NULL)
            break;
        pg_pipe_send(conn, queue_take(loop));
        if (conn->unflushed > UNFLUSHED_MAX)
            send_off(conn);
    }
    for (unsigned i = 0; i < loop->conn_count; i++)
        send_off(&loop->conns[i]);
    if (loop->is_closing)
        close_what_is_idle(loop);
}

static void
on_prepare(uv_prepare_t *handle)
{
    pg_loop_dispatch(handle->data);
}

static void
on_check(uv_check_t *handle)
{
    pg_loop_dispatch(handle->data);
}

static void
on_idle(uv_idle_t *handle)
{
    uv_idle_stop(handle);
}

/* Jobs wait no longer than their deadline. */
static void
expire_waiting(struct pg_loop *loop, uint64_t now)
{
    struct db_job **link = &loop->first;
    bool ready = is_any_ready(loop);

    loop->last = NULL;
    while (*link != NULL) {
        struct db_job *job = *link;

        if (job->deadline_ns > now) {
            loop->last = job;
            link = &job->next;
            continue;
        }
        *link = job->next;
        count_waiting(loop, -1);
        job->queued_ns = now - job->submitted_ns;
        if (ready) {
            err_set(&job->err, ERR_UNAVAILABLE, "PGRST003",
                    "Timed out acquiring connection from connection pool.");
            job->err.http_status = 504;
        } else {
            set_away(loop, &job->err);
        }
        refuse(loop, job);
    }
}

static int64_t
timeout_of(const struct pg_loop *loop, const struct db_job *job)
{
    return job->timeout_ms > 0 ? job->timeout_ms : loop->db->statement_timeout_ms;
}

static void
check_silence(struct pg_loop *loop, struct pg_conn *conn, uint64_t now)
{
    const struct db_job *job = NULL;
    struct err err;

    for (uint32_t i = 0; i < conn->op_count && job == NULL; i++)
        job = pg_op_at(conn, i)->job;
    int64_t timeout_ms = job != NULL ? timeout_of(loop, job) : loop->db->statement_timeout_ms;
    uint32_t stmt_count = job != NULL ? job->stmt_count : 1;
    if (timeout_ms <= 0)
        return;

    uint64_t most_ms = (uint64_t)timeout_ms * (stmt_count + 1) + PG_GRACE_MS;
    if (head_age_ns(conn, now) < most_ms * MS_NS)
        return;
    err_set(&err, ERR_UNAVAILABLE, "08006", "no answer from %s within %llu ms",
            loop->base.db->description, (unsigned long long)most_ms);
    pg_conn_lost(conn, &err);
}

static void
on_tick(uv_timer_t *timer)
{
    struct pg_loop *loop = timer->data;
    uint64_t now = clock_mono_ns();
    bool any = false;

    for (unsigned i = 0; i < loop->conn_count; i++) {
        if (loop->conns[i].state == PG_READY && loop->conns[i].op_count > 0)
            check_silence(loop, &loop->conns[i], now);
        any = any || loop->conns[i].op_count > 0;
    }
    expire_waiting(loop, now);
    if (!any && loop->first == NULL)
        uv_timer_stop(timer);
}

static void
keep_awake(struct pg_loop *loop)
{
    if (!uv_is_active((uv_handle_t *)&loop->idle) && !uv_is_closing((uv_handle_t *)&loop->idle))
        uv_idle_start(&loop->idle, on_idle);
}

/* Submitting */

/* libpq counts parameters in 16 bits and takes text up to its first NUL. */
static bool
is_sendable(const struct db_job *job, struct err *err)
{
    size_t size = 0;

    for (uint32_t i = 0; i < job->stmt_count; i++) {
        const struct db_stmt *stmt = &job->stmts[i];

        if (stmt->param_count > UINT16_MAX || stmt->row_count > 1)
            return err_set(err, ERR_INTERNAL, "CAIRN-INTERNAL",
                           "unable to send a statement: %u parameters, %u rows", stmt->param_count,
                           stmt->row_count);
        size += stmt->sql.len;
        for (uint32_t j = 0; j < stmt->param_count; j++) {
            const struct value *v = &stmt->params[j];

            if (v->kind == VALUE_TEXT && v->s.len > 0 && memchr(v->s.data, '\0', v->s.len) != NULL)
                return err_set(err, ERR_DB, "22021",
                               "invalid byte sequence for encoding \"UTF8\": 0x00");
            size += v->kind == VALUE_TEXT || v->kind == VALUE_BLOB ? v->s.len * 2 : 40;
        }
    }
    if (size > PG_PARAMS_MAX)
        return err_set(err, ERR_DB, "54000", "the parameters of a statement are too large");
    return true;
}

void
pg_loop_submit(struct db_loop *dl, struct db_job *job)
{
    struct pg_loop *loop = (struct pg_loop *)dl;
    int64_t wait_ms = timeout_of(loop, job);

    if (wait_ms <= 0 || wait_ms > loop->db->pool_timeout_ms)
        wait_ms = loop->db->pool_timeout_ms;
    job->loop = dl;
    job->ok = false;
    job->submitted_ns = clock_mono_ns();
    job->deadline_ns = job->submitted_ns + (uint64_t)wait_ms * MS_NS;
    job->queued_ns = job->ran_ns = 0;
    job->priv[0] = NULL;
    err_clear(&job->err);

    if (loop->is_closing) {
        err_set(&job->err, ERR_UNAVAILABLE, "CAIRN-DRAINING",
                "the server is stopping; nothing was changed");
        refuse(loop, job);
    } else if (loop->db->queue_max > 0 && loop->waiting >= loop->db->queue_max) {
        err_set(&job->err, ERR_UNAVAILABLE, "CAIRN-BUSY",
                "%zu statements wait for the database already", loop->waiting);
        metric_add(METRIC_DB_QUEUE_REFUSED, METRIC_DB_QUEUE_REFUSED_QUEUE_POSTGRES, 1);
        refuse(loop, job);
    } else if (!is_sendable(job, &job->err)) {
        refuse(loop, job);
    } else {
        queue_add(loop, job);
        keep_awake(loop);
    }
    if (!loop->is_closing && !uv_is_active((uv_handle_t *)&loop->tick))
        uv_timer_start(&loop->tick, on_tick, TICK_MS, TICK_MS);
}

bool
pg_loop_open(struct db *base, uv_loop_t *uv, struct db_loop **out, struct err *err)
{
    struct pg_db *db = (struct pg_db *)base;
    struct pg_loop *loop = xcalloc(1, sizeof(*loop));

    (void)err;
    loop->base = (struct db_loop){.driver = base->driver, .db = base, .uv = uv};
    loop->db = db;
    buf_init(&loop->text, PG_PARAMS_MAX * 2);
    err_set(&loop->why_down, ERR_UNAVAILABLE, "08001", "not connected yet");
    loop->unlinked_ns = clock_mono_ns();
    uv_prepare_init(uv, &loop->prepare);
    uv_check_init(uv, &loop->check);
    uv_idle_init(uv, &loop->idle);
    uv_timer_init(uv, &loop->tick);
    loop->prepare.data = loop->check.data = loop->idle.data = loop->tick.data = loop;
    loop->handles = 4;
    uv_prepare_start(&loop->prepare, on_prepare);
    uv_check_start(&loop->check, on_check);

    loop->conn_count = db->pool;
    loop->conns = xcalloc(loop->conn_count, sizeof(*loop->conns));
    for (unsigned i = 0; i < loop->conn_count; i++)
        pg_conn_init(&loop->conns[i], loop);
    for (unsigned i = 0; i < loop->conn_count; i++)
        pg_conn_start(&loop->conns[i]);
    *out = &loop->base;
    return true;
}
