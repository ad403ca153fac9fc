/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/fault.h"
#include "http/compress.h"
#include "http/h2.h"
#include "http/internal.h"

#define ARENA_FIRST (8u << 10)
#define BODY_KEPT (16u << 10) /* larger buffers are given back with their request */
#define OUT_FIRST (16u << 10)
#define OUT_KEPT (64u << 10)
#define ACCEPTS_AT_ONCE 64

/* Free lists. */

static size_t
arena_limit(const struct http_limits *limits)
{
    /* A JSON body becomes a tree of many times its size. */
    return ((size_t)32 << 20) + 48 * limits->body_max;
}

struct http_req *
http_req_take(struct http_server *server)
{
    struct http_req *req = server->spare_reqs;
    struct response *response;

    if (LIKELY(req != NULL)) {
        server->spare_reqs = req->next;
        server->spare_req_count--;
    } else {
        req = xcalloc(1, sizeof(*req));
        req->pub.arena = arena_new(ARENA_FIRST, arena_limit(&server->limits));
        arena_set_soft(req->pub.arena);
        buf_init(&req->body, server->limits.body_max);
        buf_init(&req->pub.response.body, server->limits.response_max);
    }
    response = &req->pub.response;
    response->head_length = -1;
    response->body.max = server->limits.response_max;
    return req;
}

static void
reset_buf(struct buf *buf)
{
    if (buf->cap > BODY_KEPT)
        buf_fini(buf);
    else
        buf_clear(buf);
}

static void
free_req(struct http_req *req)
{
    buf_fini(&req->body);
    buf_fini(&req->pub.response.body);
    arena_free(req->pub.arena);
    free(req);
}

void
http_req_release(struct http_server *server, struct http_req *req)
{
    struct request *pub = &req->pub;
    struct arena *arena = pub->arena;
    struct buf body = pub->response.body;

    if (server->spare_req_count >= HTTP_SPARE_MAX) {
        free_req(req);
        return;
    }
    arena_reset(arena);
    reset_buf(&req->body);
    reset_buf(&body);
    /* The headers of the response need no clearing: their count does. */
    memset(pub, 0, offsetof(struct request, response.headers));
    memset((char *)pub + offsetof(struct request, response.header_count), 0,
           sizeof(*pub) - offsetof(struct request, response.header_count));
    pub->arena = arena;
    pub->response.body = body;
    req->stream = NULL;
    req->wire_bytes = 0;
    req->next = server->spare_reqs;
    server->spare_reqs = req;
    server->spare_req_count++;
}

void
http_req_complete(struct http_server *server, struct http_req *req, size_t bytes)
{
    if (server->handler.on_complete != NULL)
        server->handler.on_complete(server->handler.ctx, &req->pub, bytes);
    http_req_release(server, req);
}

void
http_out_take(struct http_server *server, struct buf *out)
{
    if (LIKELY(server->spare_out_count > 0)) {
        *out = server->spare_outs[--server->spare_out_count];
        return;
    }
    buf_init(out, SIZE_MAX / 4);
    if (!buf_reserve(out, OUT_FIRST))
        abort();
}

void
http_out_release(struct http_server *server, struct buf *out)
{
    if (out->cap > OUT_KEPT || server->spare_out_count == HTTP_SPARE_MAX) {
        buf_fini(out);
    } else {
        buf_clear(out);
        server->spare_outs[server->spare_out_count++] = *out;
    }
    *out = (struct buf){0};
}

/* The time-out wheel. */

void
http_wheel_remove(struct conn *conn)
{
    if (conn->slot_prev == NULL)
        return;
    *conn->slot_prev = conn->slot_next;
    if (conn->slot_next != NULL)
        conn->slot_next->slot_prev = conn->slot_prev;
    conn->slot_prev = NULL;
    conn->slot_next = NULL;
}

static void
wheel_insert(struct conn *conn, uint64_t at_ms)
{
    struct http_server *server = conn->server;
    uint64_t first = server->wheel_ms + server->tick_ms;
    uint64_t last = server->wheel_ms + (uint64_t)server->tick_ms * (HTTP_WHEEL_SLOTS - 1);
    struct conn **slot;

    at_ms = at_ms < first ? first : at_ms > last ? last : at_ms;
    at_ms = (at_ms + server->tick_ms - 1) / server->tick_ms * server->tick_ms;
    at_ms = at_ms > last ? last : at_ms;
    slot = &server->wheel[at_ms / server->tick_ms % HTTP_WHEEL_SLOTS];
    conn->slot_ms = at_ms;
    conn->slot_next = *slot;
    if (*slot != NULL)
        (*slot)->slot_prev = &conn->slot_next;
    conn->slot_prev = slot;
    *slot = conn;
}

/* A later deadline costs nothing now: the connection moves on when its slot comes up. */
void
http_wheel_put(struct conn *conn, uint64_t deadline_ms)
{
    conn->deadline_ms = deadline_ms;
    if (conn->slot_prev != NULL) {
        if (conn->slot_ms <= deadline_ms)
            return;
        http_wheel_remove(conn);
    }
    wheel_insert(conn, deadline_ms);
}

static void
turn_slot(struct conn **slot, uint64_t now)
{
    struct conn *list = *slot;

    *slot = NULL;
    if (list != NULL)
        list->slot_prev = &list;
    while (list != NULL) {
        struct conn *conn = list;

        http_wheel_remove(conn);
        if (conn->deadline_ms <= now)
            conn_on_timeout(conn);
        if (conn->phase != CONN_CLOSED && conn->slot_prev == NULL)
            wheel_insert(conn, conn->deadline_ms);
    }
}

static void
end_grace(struct http_server *server)
{
    struct conn *next;

    server->grace_over = true;
    for (struct conn *conn = server->conns; conn != NULL; conn = next) {
        next = conn->next;
        if (conn->phase == CONN_IDLE)
            conn_close(conn);
        else if (conn->phase == CONN_H2)
            h2_drain_end(conn);
    }
}

static void set_ticking(struct http_server *server);

static void watch_listeners(struct http_server *server);

static void
on_tick(uv_timer_t *timer)
{
    struct http_server *server = timer->data;
    uint64_t now = uv_now(server->loop);

    while (server->wheel_ms + server->tick_ms <= now) {
        server->wheel_ms += server->tick_ms;
        turn_slot(&server->wheel[server->wheel_ms / server->tick_ms % HTTP_WHEEL_SLOTS], now);
    }
    if (server->accept_paused) {
        server->accept_paused = false;
        watch_listeners(server);
    }
    if (server->draining && !server->grace_over && now >= server->grace_end_ms)
        end_grace(server);
    set_ticking(server);
}

/* The timer runs only while it has something to look at. */
static void
set_ticking(struct http_server *server)
{
    bool wanted = !server->closing && (server->stats.connections_open > 0 || server->accept_paused);

    if (wanted == server->ticking)
        return;
    server->ticking = wanted;
    if (wanted) {
        /* The wheel stood still meanwhile; it is empty. */
        server->wheel_ms = uv_now(server->loop) / server->tick_ms * server->tick_ms;
        uv_timer_start(&server->tick, on_tick, server->tick_ms, server->tick_ms);
    } else {
        uv_timer_stop(&server->tick);
    }
}

/* Connections that have input left and a turn to come. */

static void
on_resume(uv_idle_t *idle)
{
    struct http_server *server = idle->data;
    struct conn *conn = server->resume_first;

    uv_idle_stop(idle);
    server->resume_first = NULL;
    while (conn != NULL) {
        struct conn *next = conn->resume_next;

        conn->resume_queued = false;
        if (conn->phase == CONN_CLOSED)
            conn_release_if_dead(conn);
        else
            conn_resume(conn);
        conn = next;
    }
}

void
http_server_queue_resume(struct conn *conn)
{
    struct http_server *server = conn->server;

    if (conn->resume_queued)
        return;
    conn->resume_queued = true;
    conn->resume_next = server->resume_first;
    server->resume_first = conn;
    if (!server->closing)
        uv_idle_start(&server->resume, on_resume);
}

/* The end of the server. */

static void
free_server(struct http_server *server)
{
    while (server->spare_conns != NULL) {
        struct conn *conn = server->spare_conns;

        server->spare_conns = conn->next;
        free(conn);
    }
    while (server->spare_reqs != NULL) {
        struct http_req *req = server->spare_reqs;

        server->spare_reqs = req->next;
        free_req(req);
    }
    while (server->spare_out_count > 0)
        buf_fini(&server->spare_outs[--server->spare_out_count]);
    http_compressor_free(server->compressor);
    free(server->read_buf);
    free(server);
}

static void
on_own_handle_closed(uv_handle_t *handle)
{
    struct http_server *server = handle->data;
    void (*done)(void *ctx) = server->done;

    if (--server->handles > 0)
        return;
    server->done = NULL;
    if (server->free_when_closed)
        free_server(server);
    if (done != NULL)
        done(server->done_ctx);
}

/* When draining and nothing is left, the handles go, and with the last of them the server is
 * done. */
static void
check_done(struct http_server *server)
{
    if (!server->draining || server->closing || server->live > 0 || server->listeners != NULL)
        return;
    server->closing = true;
    uv_close((uv_handle_t *)&server->tick, on_own_handle_closed);
    uv_close((uv_handle_t *)&server->resume, on_own_handle_closed);
}

void
http_server_conn_freed(struct http_server *server, struct conn *conn)
{
    if (conn->resume_queued)
        return; /* comes back from there */
    assert(conn->req == NULL || conn->active == 0);
    server->live--;
    if (server->spare_conn_count < HTTP_SPARE_MAX) {
        conn->next = server->spare_conns;
        server->spare_conns = conn;
        server->spare_conn_count++;
    } else {
        free(conn);
    }
    check_done(server);
}

static void
on_listener_closed(uv_handle_t *handle)
{
    struct listener *listener = handle->data;
    struct http_server *server = listener->server;
    struct listener **at = &server->listeners;

    while (*at != listener)
        at = &(*at)->next;
    *at = listener->next;
    http_tls_free(listener->tls);
    free(listener);
    check_done(server);
}

/* Accepting. */

struct conn *
http_server_adopt(struct http_server *server, int fd, const char *peer, struct http_tls *tls)
{
    struct conn *conn = server->spare_conns;

    if (conn != NULL) {
        server->spare_conns = conn->next;
        server->spare_conn_count--;
    } else {
        conn = xmalloc(sizeof(*conn));
    }
    memset(conn, 0, sizeof(*conn));
    if (uv_poll_init(server->loop, &conn->poll, fd) != 0) {
        close(fd);
        free(conn);
        return NULL;
    }
    conn->server = server;
    conn->fd = fd;
    conn->phase = CONN_IDLE;
    if (tls != NULL) {
        conn->phase = CONN_HANDSHAKE;
        conn->tls = tls_conn_new(tls, fd, &server->stats.bytes_received, &server->stats.bytes_sent);
    }
    conn->since_ms = uv_now(server->loop);
    if (peer != NULL) {
        conn->peer_len = (uint8_t)strnlen(peer, sizeof(conn->peer));
        memcpy(conn->peer, peer, conn->peer_len);
    }
    conn->next = server->conns;
    if (server->conns != NULL)
        server->conns->prev = conn;
    server->conns = conn;
    server->live++;
    server->stats.connections_open++;
    server->stats.connections_total++;
    set_ticking(server);
    conn_start(conn);
    return conn;
}

static void
peer_text(const struct sockaddr_storage *address, char out[46])
{
    const void *raw = NULL;

    if (address->ss_family == AF_INET)
        raw = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    else if (address->ss_family == AF_INET6)
        raw = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    if (raw == NULL || inet_ntop(address->ss_family, raw, out, 46) == NULL)
        memcpy(out, "unix", sizeof("unix"));
}

static bool
is_passing(int error)
{
    return error == EINTR || error == ECONNABORTED || error == EPROTO || error == ENETDOWN ||
           error == EHOSTUNREACH || error == ENETUNREACH || error == EPERM;
}

static int
accept_one(int listener, struct sockaddr_storage *address, socklen_t *size)
{
    if (FAULT("http.accept")) {
        errno = EMFILE;
        return -1;
    }
    return accept4(listener, (struct sockaddr *)address, size, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

static void
on_accept(uv_poll_t *handle, int status, int events)
{
    struct listener *listener = handle->data;
    struct http_server *server = listener->server;

    for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
        struct sockaddr_storage address = {0};
        socklen_t size = sizeof(address);
        char peer[46];
        int fd = accept_one(listener->fd, &address, &size);

        if (fd < 0) {
            if (is_passing(errno))
                continue;
            if (errno != EAGAIN && errno != EWOULDBLOCK) {
                /* Out of descriptors or memory: what is open goes first. */
                server->accept_paused = true;
                set_ticking(server);
                watch_listeners(server);
            }
            return;
        }
        if (server->stats.connections_open >= server->limits.connections_max) {
            close(fd);
            continue;
        }
        peer_text(&address, peer);
        http_server_adopt(server, fd, peer, listener->tls);
    }
}

static void
watch_listeners(struct http_server *server)
{
    for (struct listener *listener = server->listeners; listener != NULL;
         listener = listener->next) {
        if (listener->closing)
            continue;
        if (server->accept_paused)
            uv_poll_stop(&listener->poll);
        else
            uv_poll_start(&listener->poll, UV_READABLE, on_accept);
    }
}

bool
http_server_listen(struct http_server *server, int fd, struct http_tls *tls, struct err *err)
{
    struct listener *listener = xcalloc(1, sizeof(*listener));
    int flags;
    int rc;

    listener->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (listener->fd < 0) {
        err_set_errno(err, ERR_IO, errno, "unable to listen on 'descriptor %d'", fd);
        free(listener);
        return false;
    }
    flags = fcntl(listener->fd, F_GETFL);
    if (flags >= 0 && (flags & O_NONBLOCK) == 0)
        (void)fcntl(listener->fd, F_SETFL, flags | O_NONBLOCK);
    rc = uv_poll_init(server->loop, &listener->poll, listener->fd);
    if (rc != 0) {
        err_set_errno(err, ERR_IO, -rc, "unable to listen on 'descriptor %d'", fd);
        close(listener->fd);
        free(listener);
        return false;
    }
    listener->poll.data = listener;
    listener->server = server;
    listener->tls = http_tls_ref(tls);
    listener->next = server->listeners;
    server->listeners = listener;
    uv_poll_start(&listener->poll, UV_READABLE, on_accept);
    return true;
}

static uint32_t
choose_tick(const struct http_limits *limits)
{
    int64_t least = limits->header_timeout_ms;

    if (limits->body_timeout_ms < least)
        least = limits->body_timeout_ms;
    if (limits->idle_timeout_ms < least)
        least = limits->idle_timeout_ms;
    if (limits->write_timeout_ms < least)
        least = limits->write_timeout_ms;
    least /= 8;
    return least < 10 ? 10 : least > 500 ? 500 : (uint32_t)least;
}

bool
http_server_open(uv_loop_t *loop, const struct http_limits *limits,
                 const struct http_handler *handler, struct http_server **out, struct err *err)
{
    struct http_server *server = xcalloc(1, sizeof(*server));

    server->loop = loop;
    server->limits = *limits;
    server->handler = *handler;
    server->tick_ms = choose_tick(limits);
    server->rate_grace_ms = HTTP_RATE_GRACE_MS;
    server->read_buf = xmalloc(HTTP_READ_SIZE);
    server->compressor = http_compressor_new();
    uv_timer_init(loop, &server->tick);
    uv_idle_init(loop, &server->resume);
    server->tick.data = server;
    server->resume.data = server;
    server->handles = 2;
    *out = server;
    return true;
}

static void
close_listeners(struct http_server *server)
{
    for (struct listener *listener = server->listeners; listener != NULL;
         listener = listener->next) {
        if (listener->closing)
            continue;
        /* What stands in the queue was promised an answer; the socket itself may live on in
         * another process. */
        if (!server->accept_paused)
            on_accept(&listener->poll, 0, UV_READABLE);
        listener->closing = true;
        uv_poll_stop(&listener->poll);
        uv_close((uv_handle_t *)&listener->poll, on_listener_closed);
        close(listener->fd);
    }
}

void
http_server_drain(struct http_server *server, int64_t grace_ms, void (*done)(void *ctx), void *ctx)
{
    struct conn *next;

    server->done = done;
    server->done_ctx = ctx;
    close_listeners(server);
    server->draining = true;
    server->grace_end_ms = uv_now(server->loop) + (uint64_t)(grace_ms > 0 ? grace_ms : 0);
    for (struct conn *conn = server->conns; conn != NULL; conn = next) {
        next = conn->next;
        if (conn->phase == CONN_H2)
            h2_drain_begin(conn);
    }
    if (grace_ms <= 0)
        end_grace(server);
    check_done(server);
}

void
http_server_abort(struct http_server *server)
{
    close_listeners(server);
    server->draining = true;
    while (server->conns != NULL)
        conn_close(server->conns);
    check_done(server);
}

void
http_server_free(struct http_server *server)
{
    if (server == NULL)
        return;
    if (server->closing && server->handles == 0) {
        free_server(server);
        return;
    }
    server->free_when_closed = true;
    http_server_abort(server);
}

struct http_stats
http_server_stats(const struct http_server *server)
{
    return server->stats;
}

void
http_respond(struct request *request)
{
    struct http_req *req = (struct http_req *)(void *)request;
    struct conn *conn = request->conn;

    /* Half an answer must not look like a whole one. */
    if (!buf_ok(&request->response.body) && request->response.static_body.len == 0)
        http_response_set_error(&request->response, 500,
                                "The answer is larger than this server gives.");
    if (conn->phase != CONN_CLOSED)
        http_compress(conn->server->compressor, &conn->server->limits, request);
    if (request->is_http2)
        h2_respond(conn, req);
    else
        h1_respond(conn, req);
}
