/* SPDX-License-Identifier: Apache-2.0 */
#include <netdb.h>
#include <openssl/ssl.h>

#include "core/clock.h"
#include "core/log.h"
#include "db/postgres/error.h"
#include "db/postgres/pg.h"
#include "metric/metric.h"

#define BACKOFF_MIN_MS 50
#define BACKOFF_MAX_MS 5000
/* Of the first connection of a loop: with it the others come back. */
#define BACKOFF_FIRST_MAX_MS 1000
#define LAST_READS 256

/* A poll handle lives a little longer than its connection: libuv closes it later. */
struct pg_poll {
    uv_poll_t uv;
    struct pg_loop *loop;
    struct pg_conn *conn; /* NULL once it was dropped */
};

/* So does a look-up, which can't always be cancelled. */
struct pg_lookup {
    uv_getaddrinfo_t req;
    struct pg_loop *loop;
    struct pg_conn *conn; /* NULL once nobody waits for it */
};

static void lookup_more(struct pg_conn *conn);
static void on_poll(uv_poll_t *handle, int status, int events);

static size_t
metric_of(enum pg_state state)
{
    if (state == PG_READY)
        return METRIC_DB_CONNECTIONS_STATE_READY;
    return state == PG_DOWN ? METRIC_DB_CONNECTIONS_STATE_FAILED
                            : METRIC_DB_CONNECTIONS_STATE_CONNECTING;
}

static void
set_state(struct pg_conn *conn, enum pg_state to)
{
    static const unsigned allowed[] = {
        [PG_DOWN] = 1U << PG_RESOLVING | 1U << PG_CLOSED,
        [PG_RESOLVING] = 1U << PG_CONNECTING | 1U << PG_DOWN | 1U << PG_CLOSED,
        [PG_CONNECTING] = 1U << PG_SETUP | 1U << PG_DOWN | 1U << PG_CLOSED,
        [PG_SETUP] = 1U << PG_READY | 1U << PG_DOWN | 1U << PG_CLOSED,
        [PG_READY] = 1U << PG_DOWN | 1U << PG_CLOSED,
        [PG_CLOSED] = 0,
    };

    assert(allowed[conn->state] & 1U << to);
    metric_add(METRIC_DB_CONNECTIONS, metric_of(conn->state), -1);
    conn->state = to;
    if (to != PG_CLOSED)
        metric_add(METRIC_DB_CONNECTIONS, metric_of(to), 1);
}

/* Polling */

static void
on_poll_closed(uv_handle_t *handle)
{
    struct pg_poll *poll = CONTAINER_OF(handle, struct pg_poll, uv);

    pg_loop_handle_closed(poll->loop);
    free(poll);
}

/* Before libpq closes the socket: epoll must have forgotten it by then. */
static void
poll_drop(struct pg_conn *conn)
{
    if (conn->poll == NULL)
        return;
    conn->poll->conn = NULL;
    uv_poll_stop(&conn->poll->uv);
    uv_close((uv_handle_t *)&conn->poll->uv, on_poll_closed);
    conn->poll = NULL;
    conn->poll_events = 0;
}

static bool
poll_open(struct pg_conn *conn)
{
    struct pg_poll *poll = xcalloc(1, sizeof(*poll));

    if (uv_poll_init(conn->loop->base.uv, &poll->uv, PQsocket(conn->pq)) != 0) {
        free(poll);
        return false;
    }
    poll->loop = conn->loop;
    poll->conn = conn;
    conn->poll = poll;
    conn->loop->handles++;
    return true;
}

static bool
poll_for(struct pg_conn *conn, int events)
{
    if (conn->poll_events == events)
        return true;
    conn->poll_events = events;
    return uv_poll_start(&conn->poll->uv, events, on_poll) == 0;
}

/* Failure and back-off */

static void
on_backoff(uv_timer_t *timer)
{
    pg_conn_start(CONTAINER_OF(timer, struct pg_conn, timer));
}

/* Doubles, up to a bound, of which half is chance: many processes shall not come back at once. The
 * first attempt after a loss follows at once, more or less. */
static uint64_t
backoff_ms(const struct pg_conn *conn)
{
    uint64_t most_ms = conn == conn->loop->conns ? BACKOFF_FIRST_MAX_MS : BACKOFF_MAX_MS;
    uint64_t ms = BACKOFF_MIN_MS;
    uint32_t chance = 0;

    for (unsigned i = 1; i < conn->failures && ms < most_ms; i++)
        ms *= 2;
    if (ms > most_ms)
        ms = most_ms;
    random_bytes(&chance, sizeof(chance));
    return ms / 2 + chance % (ms / 2 + 1);
}

static void
disconnect(struct pg_conn *conn)
{
    uv_timer_stop(&conn->timer);
    poll_drop(conn);
    PQfinish(conn->pq);
    conn->pq = NULL;
    if (conn->lookup != NULL) {
        conn->lookup->conn = NULL;
        uv_cancel((uv_req_t *)&conn->lookup->req);
        conn->lookup = NULL;
    }
}

void
pg_conn_lost(struct pg_conn *conn, const struct err *why)
{
    bool was_ready = conn->state == PG_READY;
    struct err kept = *why;

    conn->failures++;
    /* Every attempt of a long outage in the log would only hide the rest. */
    if (was_ready || conn->failures <= 3 || conn->failures % 12 == 0)
        log_event(LOG_WARN, was_ready ? "db_connection_lost" : "db_connect_failed",
                  LOG_CSTR("database", conn->loop->db->base.description),
                  LOG_CSTR("error", kept.message), LOG_I64("in_flight", conn->in_flight),
                  LOG_I64("attempt", conn->failures));
    conn->loop->why_down = kept;
    disconnect(conn);
    set_state(conn, PG_DOWN);
    pg_loop_note_failure(conn->loop, was_ready);
    uv_timer_start(&conn->timer, on_backoff, backoff_ms(conn), 0);
    pg_answer_lost(conn, &kept);
}

static void
fail_connection(struct pg_conn *conn)
{
    struct err err;

    pg_error_from_connection(&err, conn->pq);
    pg_conn_lost(conn, &err);
}

static void
on_connect_timeout(uv_timer_t *timer)
{
    struct pg_conn *conn = CONTAINER_OF(timer, struct pg_conn, timer);
    struct err err;

    err_set(&err, ERR_UNAVAILABLE, "08001", "no connection to %s within %lld ms",
            conn->loop->db->base.description, (long long)conn->loop->db->connect_timeout_ms);
    pg_conn_lost(conn, &err);
}

/* Ready */

/* The server is there: nobody goes on waiting for long. */
static void
hurry_others(struct pg_conn *conn)
{
    struct pg_loop *loop = conn->loop;

    for (unsigned i = 0; i < loop->conn_count; i++) {
        struct pg_conn *other = &loop->conns[i];

        if (other->state != PG_DOWN || other->failures < 2)
            continue;
        other->failures = 1;
        uv_timer_start(&other->timer, on_backoff, backoff_ms(other), 0);
    }
}

static void
become_ready(struct pg_conn *conn)
{
    if (!PQenterPipelineMode(conn->pq)) {
        fail_connection(conn);
        return;
    }
    uv_timer_stop(&conn->timer);
    pg_stmts_clear(conn->stmts);
    conn->op_first = conn->op_count = 0;
    conn->op_has_answer = conn->is_blocked = conn->is_ended_by_server = false;
    conn->needs_flush = conn->is_flushing = conn->is_async = false;
    conn->exclusive = conn->sharing = NULL;
    conn->unflushed = 0;
    conn->fastest_ns = 0;
    set_state(conn, PG_READY);
    if (conn->was_ready) {
        metric_add(METRIC_DB_RECONNECTS, 0, 1);
        log_event(LOG_INFO, "db_connection_back",
                  LOG_CSTR("database", conn->loop->db->base.description),
                  LOG_I64("attempts", conn->failures));
    }
    conn->was_ready = true;
    if (conn->failures > 1)
        hurry_others(conn);
    conn->failures = 0;
    if (!poll_for(conn, UV_READABLE) || (conn->can_group && !pg_pipe_prepare(conn)))
        fail_connection(conn);
    else
        pg_loop_dispatch(conn->loop);
}

/* TLS hands over whole records, and libpq may have had room for a part only: the rest lies where no
 * event tells of it. */
static bool
has_unread(const struct pg_conn *conn)
{
    SSL *ssl = PQsslStruct(conn->pq, "OpenSSL");

    return ssl != NULL && SSL_pending(ssl) > 0;
}

/* Reads and takes what has come. False: nothing more will; why says so. The connection may be lost
 * and dealt with by then, see its state. */
static bool
read_answers(struct pg_conn *conn, struct err *why)
{
    bool is_alive;

    do {
        is_alive = PQconsumeInput(conn->pq) == 1;
        if (!is_alive)
            pg_error_from_connection(why, conn->pq);
    } while (pg_answer_take(conn) && is_alive && has_unread(conn));
    return is_alive;
}

void
pg_conn_flush(struct pg_conn *conn)
{
    int left = PQflush(conn->pq);
    struct err why;

    conn->unflushed = 0;
    conn->is_blocked = left > 0;
    /* libpq may have read while it sent, and of what it has read already no event will tell; even
     * when sending failed, the server's last words may be there. */
    if (!pg_answer_take(conn))
        return;
    if (left < 0 || !poll_for(conn, left > 0 ? UV_READABLE | UV_WRITABLE : UV_READABLE))
        fail_connection(conn);
    else if (has_unread(conn) && !read_answers(conn, &why) && conn->state == PG_READY)
        pg_conn_lost(conn, &why);
}

static void
on_ready_events(struct pg_conn *conn, int status, int events)
{
    struct pg_loop *loop = conn->loop;
    /* libuv stops a handle whose socket has an error: what is left is read now or never. */
    unsigned reads = status < 0 ? LAST_READS : 1;
    struct err why;
    bool is_alive = true;

    while (conn->state == PG_READY && is_alive && reads-- > 0)
        is_alive = read_answers(conn, &why);
    if (is_alive && status < 0) {
        err_set(&why, ERR_UNAVAILABLE, "08006", "the socket has an error");
        is_alive = false;
    }
    if (conn->state == PG_READY) {
        if (!is_alive)
            pg_conn_lost(conn, &why);
        else if (events & UV_WRITABLE)
            pg_conn_flush(conn);
    }
    pg_loop_dispatch(loop);
}

/* Setting up */

static void
on_setup_events(struct pg_conn *conn, int events)
{
    PGresult *res = NULL;

    if (events & UV_WRITABLE) {
        int left = PQflush(conn->pq);

        if (left < 0 || !poll_for(conn, left > 0 ? UV_READABLE | UV_WRITABLE : UV_READABLE)) {
            fail_connection(conn);
            return;
        }
    }
    do {
        if (!PQconsumeInput(conn->pq)) {
            fail_connection(conn);
            return;
        }
    } while (has_unread(conn));
    while (!PQisBusy(conn->pq)) {
        ExecStatusType status;

        res = PQgetResult(conn->pq);
        if (res == NULL) {
            become_ready(conn);
            return;
        }
        status = PQresultStatus(res);
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
            struct err err;

            pg_error_from_result(&err, res, conn->pq);
            PQclear(res);
            err.kind = ERR_UNAVAILABLE;
            pg_conn_lost(conn, &err);
            return;
        }
        /* The last statement says it. */
        conn->can_group = !conn->loop->db->unprepared && PQntuples(res) == 1 &&
                          PQnfields(res) == 2 && PQgetvalue(res, 0, 0)[0] == 't';
        if (conn->can_group)
            snprintf(conn->commit_mode, sizeof(conn->commit_mode), "%s", PQgetvalue(res, 0, 1));
        PQclear(res);
    }
}

static void
begin_setup(struct pg_conn *conn)
{
    set_state(conn, PG_SETUP);
    if (PQsetnonblocking(conn->pq, 1) != 0 || !poll_open(conn) ||
        !PQsendQuery(conn->pq, conn->loop->db->session_sql.data) ||
        !poll_for(conn, UV_READABLE | UV_WRITABLE))
        fail_connection(conn);
}

/* Connecting */

static void
on_connecting_events(struct pg_conn *conn)
{
    PostgresPollingStatusType next;
    int events = 0;

    /* libpq may close the socket and go on with another, even one of the same number. */
    poll_drop(conn);
    next = PQconnectPoll(conn->pq);
    if (next == PGRES_POLLING_OK) {
        begin_setup(conn);
        return;
    }
    if (next == PGRES_POLLING_READING)
        events = UV_READABLE;
    else if (next == PGRES_POLLING_WRITING)
        events = UV_WRITABLE;
    if (events == 0 || !poll_open(conn) || !poll_for(conn, events))
        fail_connection(conn);
}

static void
begin_connect(struct pg_conn *conn)
{
    struct pg_params params;

    set_state(conn, PG_CONNECTING);
    pg_params_init(&params, &conn->loop->db->target, conn->addresses, conn->address_count,
                   conn->loop->db->connect_timeout_ms);
    conn->pq = PQconnectStartParams(params.keywords, params.values, 0);
    pg_params_fini(&params);
    PQsetNoticeProcessor(conn->pq, pg_notice_ignore, NULL);
    if (conn->pq == NULL || PQstatus(conn->pq) == CONNECTION_BAD || !poll_open(conn) ||
        !poll_for(conn, UV_WRITABLE))
        fail_connection(conn);
}

/* Resolving */

static void
address_add(struct pg_conn *conn, const struct pg_host *host, const struct addrinfo *info)
{
    struct pg_host *out = &conn->addresses[conn->address_count];

    if (conn->address_count == PG_ADDRESSES_MAX)
        return;
    *out = *host;
    if (info != NULL && getnameinfo(info->ai_addr, info->ai_addrlen, out->address,
                                    sizeof(out->address), NULL, 0, NI_NUMERICHOST) != 0)
        return;
    conn->address_count++;
}

static void
on_lookup(uv_getaddrinfo_t *req, int status, struct addrinfo *infos)
{
    struct pg_lookup *lookup = CONTAINER_OF(req, struct pg_lookup, req);
    struct pg_loop *loop = lookup->loop;
    struct pg_conn *conn = lookup->conn;

    free(lookup);
    if (conn != NULL) {
        const struct pg_host *host = &loop->db->target.hosts[conn->lookup_next - 1];

        conn->lookup = NULL;
        for (const struct addrinfo *i = infos; status == 0 && i != NULL; i = i->ai_next)
            address_add(conn, host, i);
        if (status != 0)
            err_set(&loop->why_down, ERR_UNAVAILABLE, "08001", "unable to resolve host '%s': %s",
                    host->name, uv_strerror(status));
        lookup_more(conn);
    }
    uv_freeaddrinfo(infos);
    pg_loop_handle_closed(loop);
}

static bool
lookup_begin(struct pg_conn *conn, const struct pg_host *host)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct pg_lookup *lookup = xcalloc(1, sizeof(*lookup));

    lookup->loop = conn->loop;
    lookup->conn = conn;
    if (uv_getaddrinfo(conn->loop->base.uv, &lookup->req, on_lookup, host->name, NULL, &hints)) {
        free(lookup);
        return false;
    }
    conn->lookup = lookup;
    conn->loop->handles++;
    return true;
}

/* Goes through the hosts; at the first that needs it a look-up begins, which comes back here. */
static void
lookup_more(struct pg_conn *conn)
{
    const struct pg_target *target = &conn->loop->db->target;

    while (conn->lookup_next < target->host_count) {
        const struct pg_host *host = &target->hosts[conn->lookup_next++];

        if (!pg_host_needs_lookup(host))
            address_add(conn, host, NULL);
        else if (lookup_begin(conn, host))
            return;
    }
    if (conn->address_count > 0) {
        begin_connect(conn);
    } else {
        struct err err = conn->loop->why_down;

        pg_conn_lost(conn, &err);
    }
}

void
pg_conn_start(struct pg_conn *conn)
{
    set_state(conn, PG_RESOLVING);
    conn->address_count = conn->lookup_next = 0;
    uv_timer_start(&conn->timer, on_connect_timeout, (uint64_t)conn->loop->db->connect_timeout_ms,
                   0);
    lookup_more(conn);
}

static void
on_poll(uv_poll_t *handle, int status, int events)
{
    struct pg_conn *conn = CONTAINER_OF(handle, struct pg_poll, uv)->conn;

    if (conn == NULL)
        return;
    if (conn->state == PG_READY)
        on_ready_events(conn, status, events);
    else if (conn->state == PG_SETUP)
        on_setup_events(conn, events);
    else if (conn->state == PG_CONNECTING)
        on_connecting_events(conn);
}

/* Beginning and end */

static void
on_timer_closed(uv_handle_t *handle)
{
    pg_loop_handle_closed(CONTAINER_OF(handle, struct pg_conn, timer)->loop);
}

void
pg_conn_init(struct pg_conn *conn, struct pg_loop *loop)
{
    conn->loop = loop;
    conn->state = PG_DOWN;
    metric_add(METRIC_DB_CONNECTIONS, metric_of(PG_DOWN), 1);
    conn->stmts = pg_stmts_new();
    conn->op_cap = 256;
    conn->ops = xcalloc(conn->op_cap, sizeof(*conn->ops));
    uv_timer_init(loop->base.uv, &conn->timer);
    loop->handles++;
}

void
pg_conn_close(struct pg_conn *conn)
{
    assert(conn->in_flight == 0 && conn->settled == NULL);
    if (conn->state == PG_CLOSED)
        return;
    disconnect(conn);
    set_state(conn, PG_CLOSED);
    uv_close((uv_handle_t *)&conn->timer, on_timer_closed);
}

void
pg_conn_fini(struct pg_conn *conn)
{
    pg_stmts_free(conn->stmts);
    free(conn->ops);
}
