/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection: reading, writing, time and the end of it. What the bytes mean is h1.c's and h2.c's
 * business.
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/fault.h"
#include "http/h2.h"
#include "http/internal.h"

#define IN_MIN 4096u
#define READ_ROUNDS 4 /* full buffers in a row before others get their turn */
#define LOOK_MS 1000u /* how often something that may take long is looked at */
#define LINGER_MS 5000u
#define LINGER_BYTES (4u << 20)

#define BIT(phase) (1u << (phase))

/* From each phase, those it may move to. */
static const uint32_t moves[CONN_PHASES] = {
    [CONN_HANDSHAKE] = BIT(CONN_IDLE) | BIT(CONN_H2) | BIT(CONN_CLOSED),
    [CONN_IDLE] = BIT(CONN_HEAD) | BIT(CONN_WRITE) | BIT(CONN_LINGER) | BIT(CONN_CLOSED),
    [CONN_HEAD] = BIT(CONN_BODY) | BIT(CONN_HANDLER) | BIT(CONN_IDLE) | BIT(CONN_CLOSED),
    [CONN_BODY] = BIT(CONN_HANDLER) | BIT(CONN_IDLE) | BIT(CONN_CLOSED),
    [CONN_HANDLER] = BIT(CONN_IDLE) | BIT(CONN_CLOSED),
    [CONN_WRITE] = BIT(CONN_IDLE) | BIT(CONN_LINGER) | BIT(CONN_CLOSED),
    [CONN_LINGER] = BIT(CONN_CLOSED),
    [CONN_H2] = BIT(CONN_LINGER) | BIT(CONN_CLOSED),
};

void
conn_set_phase(struct conn *conn, enum conn_phase phase)
{
    assert((moves[conn->phase] & BIT(phase)) != 0);
    conn->phase = (uint8_t)phase;
    conn->since_ms = uv_now(conn->server->loop);
    conn->look_ms = conn->since_ms + LOOK_MS;
}

bool
conn_has_output(const struct conn *conn)
{
    return conn->out.len > conn->out_off || conn->tail.len > conn->tail_off;
}

ssize_t
conn_recv(struct conn *conn, char *data, size_t len)
{
    ssize_t n;

    if (FAULT("http.recv"))
        return -ECONNRESET;
    if (conn->tls != NULL && conn->phase != CONN_LINGER)
        return tls_conn_read(conn->tls, data, len);
    do
        n = recv(conn->fd, data, len, 0);
    while (n < 0 && errno == EINTR);
    if (n > 0)
        conn->server->stats.bytes_received += (uint64_t)n;
    return n >= 0 ? n : errno == EWOULDBLOCK ? -EAGAIN : -errno;
}

/* As far as it goes: a record holds 16 KiB at most. */
static ssize_t
send_tls(struct conn *conn, const struct iovec *iov, size_t count)
{
    ssize_t sent = 0;

    for (size_t i = 0; i < count; i++) {
        const char *data = iov[i].iov_base;
        size_t left = iov[i].iov_len;

        while (left > 0) {
            ssize_t n = tls_conn_write(conn->tls, data, left);

            if (n < 0)
                return sent > 0 && n == -EAGAIN ? sent : n;
            data += n;
            left -= (size_t)n;
            sent += n;
        }
    }
    return sent;
}

static ssize_t
conn_send(struct conn *conn, struct iovec *iov, size_t count)
{
    ssize_t n;

    if (FAULT("http.send"))
        return -EPIPE;
    if (FAULT("http.send.full"))
        return -EAGAIN;
    if (FAULT("http.send.short")) {
        count = 1;
        iov[0].iov_len = 1;
    }
    if (conn->tls != NULL)
        return send_tls(conn, iov, count);

    do {
        if (count == 1) {
            n = send(conn->fd, iov[0].iov_base, iov[0].iov_len, MSG_NOSIGNAL);
        } else {
            struct msghdr msg = {.msg_iov = iov, .msg_iovlen = count};

            n = sendmsg(conn->fd, &msg, MSG_NOSIGNAL);
        }
    } while (n < 0 && errno == EINTR);
    return n >= 0 ? n : errno == EWOULDBLOCK ? -EAGAIN : -errno;
}

static void
complete_done(struct conn *conn)
{
    struct http_req *req = conn->done_first;

    conn->done_first = conn->done_last = NULL;
    conn->done_count = 0;
    while (req != NULL) {
        struct http_req *next = req->next;

        http_req_complete(conn->server, req, req->wire_bytes);
        req = next;
    }
}

static void
advance_output(struct conn *conn, size_t sent)
{
    size_t head = conn->out.len - conn->out_off;

    if (sent < head) {
        conn->out_off += sent;
    } else {
        conn->out_off = conn->out.len;
        conn->tail_off += sent - head;
    }
    if (conn->tls == NULL)
        conn->server->stats.bytes_sent += sent;
    conn->since_ms = uv_now(conn->server->loop);
}

bool
conn_flush(struct conn *conn)
{
    struct iovec iov[2];
    size_t count = 0;
    ssize_t n;

    if (conn->out.len > conn->out_off) {
        iov[count].iov_base = conn->out.data + conn->out_off;
        iov[count++].iov_len = conn->out.len - conn->out_off;
    }
    if (conn->tail.len > conn->tail_off) {
        /* sendmsg only reads from it. */
        iov[count].iov_base = (void *)(uintptr_t)(conn->tail.data + conn->tail_off);
        iov[count++].iov_len = conn->tail.len - conn->tail_off;
    }
    if (count > 0) {
        n = conn_send(conn, iov, count);
        if (n < 0 && n != -EAGAIN) {
            conn_close(conn);
            return false;
        }
        if (n > 0)
            advance_output(conn, (size_t)n);
        if (conn_has_output(conn))
            return true;
    }
    conn->tail = STR_NULL;
    conn->tail_off = 0;
    conn->out_off = 0;
    if (conn->out.data != NULL)
        http_out_release(conn->server, &conn->out);
    complete_done(conn);
    return conn->phase != CONN_CLOSED;
}

static void
release_input(struct conn *conn)
{
    free(conn->in);
    conn->in = NULL;
    conn->in_len = conn->in_off = conn->in_cap = 0;
}

static void
on_handle_closed(uv_handle_t *handle)
{
    struct conn *conn = handle->data;

    /* Only now: the close may have come out of a call into one of these. */
    h2_free(conn->h2);
    tls_conn_free(conn->tls);
    conn->h2 = NULL;
    conn->tls = NULL;
    conn->handle_closed = true;
    conn_release_if_dead(conn);
}

void
conn_release_if_dead(struct conn *conn)
{
    if (conn->phase == CONN_CLOSED && conn->handle_closed && conn->active == 0)
        http_server_conn_freed(conn->server, conn);
}

void
conn_close(struct conn *conn)
{
    struct http_server *server = conn->server;
    bool reading = conn->phase == CONN_HEAD || conn->phase == CONN_BODY;

    if (conn->phase == CONN_CLOSED)
        return;
    conn_set_phase(conn, CONN_CLOSED);
    http_wheel_remove(conn);
    uv_poll_stop(&conn->poll);
    uv_close((uv_handle_t *)&conn->poll, on_handle_closed);
    close(conn->fd);
    conn->fd = -1;

    if (conn->prev != NULL)
        conn->prev->next = conn->next;
    else
        server->conns = conn->next;
    if (conn->next != NULL)
        conn->next->prev = conn->prev;
    server->stats.connections_open--;

    release_input(conn);
    if (conn->out.data != NULL)
        http_out_release(server, &conn->out);
    conn->tail = STR_NULL;
    if (reading) {
        http_req_release(server, conn->req);
        conn->req = NULL;
    }
    while (conn->done_first != NULL) {
        struct http_req *req = conn->done_first;

        conn->done_first = req->next;
        http_req_complete(server, req, 0);
    }
    conn->done_last = NULL;
}

static uint64_t
body_deadline(const struct conn *conn)
{
    const struct http_limits *limits = &conn->server->limits;
    uint64_t end = conn->since_ms + (uint64_t)limits->body_timeout_ms;

    return limits->body_min_rate > 0 && conn->look_ms < end ? conn->look_ms : end;
}

/* While draining, an idle connection stays for the time of grace only. */
static uint64_t
idle_deadline(const struct conn *conn)
{
    const struct http_server *server = conn->server;
    uint64_t end = conn->since_ms + (uint64_t)server->limits.idle_timeout_ms;

    return server->draining && server->grace_end_ms < end ? server->grace_end_ms : end;
}

static uint64_t
phase_deadline(const struct conn *conn)
{
    const struct http_limits *limits = &conn->server->limits;

    switch ((enum conn_phase)conn->phase) {
    case CONN_HANDSHAKE:
    case CONN_HEAD:
        return conn->since_ms + (uint64_t)limits->header_timeout_ms;
    case CONN_IDLE:
        return idle_deadline(conn);
    case CONN_BODY:
        return body_deadline(conn);
    case CONN_WRITE:
        return conn->since_ms + (uint64_t)limits->write_timeout_ms;
    case CONN_LINGER:
        return conn->since_ms + LINGER_MS;
    case CONN_H2:
        return h2_deadline(conn);
    case CONN_HANDLER:
    case CONN_CLOSED:
    case CONN_PHASES:
        break;
    }
    return HTTP_NO_DEADLINE;
}

static void on_poll(uv_poll_t *handle, int status, int events);

static void
watch(struct conn *conn)
{
    unsigned events = 0;

    if (!conn->eof &&
        (conn->phase == CONN_HANDSHAKE || conn->phase == CONN_IDLE || conn->phase == CONN_HEAD ||
         conn->phase == CONN_BODY || conn->phase == CONN_LINGER || conn->phase == CONN_H2))
        events |= UV_READABLE;
    /* A client that doesn't read its answers gets to ask nothing more. */
    if (conn->phase == CONN_H2 && conn_has_output(conn))
        events = 0;
    /* While the handler works the watch stays as it is: to change it costs system calls, and most
     * clients send nothing before they have their answer. */
    if (conn->phase == CONN_HANDLER)
        events |= conn->poll_events & UV_READABLE;
    if (conn_has_output(conn) || conn->wants_write)
        events |= UV_WRITABLE;
    if (events == conn->poll_events)
        return;
    conn->poll_events = (uint8_t)events;
    if (events == 0)
        uv_poll_stop(&conn->poll);
    else
        uv_poll_start(&conn->poll, (int)events, on_poll);
}

/* After the last answer. RFC 9112 9.6: a close with unread bytes would make the system send a
 * reset, which can take the answer away from the client. */
static void
finish(struct conn *conn)
{
    if (conn->tls != NULL)
        tls_conn_shutdown(conn->tls);
    if (conn->eof || (!conn->linger && conn->in_len == conn->in_off)) {
        conn_close(conn);
        return;
    }
    release_input(conn);
    shutdown(conn->fd, SHUT_WR);
    conn_set_phase(conn, CONN_LINGER);
}

void
conn_settle(struct conn *conn)
{
    if (conn->phase == CONN_CLOSED)
        return;
    if (conn->phase == CONN_IDLE && conn_has_output(conn))
        conn_set_phase(conn, CONN_WRITE);
    else if (conn->phase == CONN_WRITE && !conn_has_output(conn))
        conn_set_phase(conn, CONN_IDLE);
    if (conn->closing && !conn_has_output(conn) &&
        (conn->phase == CONN_IDLE || conn->phase == CONN_H2))
        finish(conn);
    if (conn->phase == CONN_CLOSED)
        return;
    watch(conn);
    http_wheel_put(conn, phase_deadline(conn));
}

/* Keeps what wasn't used of bytes that stand in the server's buffer. */
static void
keep_input(struct conn *conn, const char *data, size_t len)
{
    if (len == 0 || conn->phase == CONN_CLOSED)
        return;
    if (conn->closing) {
        conn->linger = true;
        return;
    }
    conn->in_cap = len > IN_MIN ? (uint32_t)len : IN_MIN;
    conn->in = xmalloc(conn->in_cap);
    memcpy(conn->in, data, len);
    conn->in_len = (uint32_t)len;
    conn->in_off = 0;
}

/* Runs over the kept input. */
static void
run_kept(struct conn *conn)
{
    size_t used = h1_run(conn, conn->in + conn->in_off, conn->in_len - conn->in_off);

    if (conn->phase == CONN_CLOSED)
        return;
    conn->in_off += (uint32_t)used;
    if (conn->in_off == conn->in_len)
        release_input(conn);
}

/* Room at the end of the kept input: it is a part of a head, and a head has its limit. */
static void
make_room(struct conn *conn)
{
    if (conn->in_off > 0) {
        memmove(conn->in, conn->in + conn->in_off, conn->in_len - conn->in_off);
        conn->in_len -= conn->in_off;
        conn->in_off = 0;
    }
    if (conn->in_cap - conn->in_len < IN_MIN / 4) {
        conn->in_cap *= 2;
        conn->in = xrealloc(conn->in, conn->in_cap);
    }
}

static bool
has_pending(const struct conn *conn)
{
    return conn->tls != NULL && conn->phase != CONN_CLOSED && tls_conn_has_pending(conn->tls);
}

/* One read and what comes of it; true when there may be more to read. */
static bool
read_once(struct conn *conn)
{
    struct http_server *server = conn->server;
    bool kept = conn->in_len > conn->in_off;
    char *data = server->read_buf;
    size_t size = HTTP_READ_SIZE;
    ssize_t n;

    if (kept) {
        make_room(conn);
        data = conn->in + conn->in_len;
        size = conn->in_cap - conn->in_len;
    }
    n = conn_recv(conn, data, size);
    if (n == -EAGAIN)
        return false;
    if (n < 0) {
        conn_close(conn);
        return false;
    }
    if (n == 0) {
        conn->eof = true;
        return false;
    }
    if (kept) {
        conn->in_len += (uint32_t)n;
        run_kept(conn);
    } else {
        size_t used = h1_run(conn, data, (size_t)n);

        keep_input(conn, data + used, (size_t)n - used);
    }
    return (size_t)n == size || has_pending(conn);
}

/* The client has sent its last byte; what it asked before is still answered. */
static void
on_eof(struct conn *conn)
{
    if (conn->phase == CONN_HANDLER || conn->phase == CONN_WRITE || conn_has_output(conn))
        return;
    if (conn->phase == CONN_IDLE && conn->in_len > conn->in_off)
        return;
    conn_close(conn);
}

bool
conn_has_input(const struct conn *conn)
{
    switch (conn->phase) {
    case CONN_IDLE:
        return !conn->closing && (conn->in_len > conn->in_off || has_pending(conn));
    case CONN_HEAD:
    case CONN_BODY:
        return has_pending(conn);
    default:
        return false;
    }
}

/* After input was used: writes the answers, and goes on where there is something left to do. */
static void
conclude(struct conn *conn)
{
    if (conn->phase == CONN_CLOSED || !conn_flush(conn))
        return;
    conn_settle(conn);
    if (conn_has_input(conn))
        http_server_queue_resume(conn);
    else if (conn->eof && conn->phase != CONN_CLOSED)
        on_eof(conn);
}

static void
on_handshake(struct conn *conn)
{
    conn->wants_write = false;
    switch (tls_conn_handshake(conn->tls)) {
    case TLS_DONE:
        if (tls_conn_is_h2(conn->tls)) {
            h2_start(conn);
            if (has_pending(conn) && conn->phase == CONN_H2)
                h2_on_readable(conn);
            return;
        }
        conn_set_phase(conn, CONN_IDLE);
        conclude(conn);
        return;
    case TLS_WANT_WRITE:
        conn->wants_write = true;
        watch(conn);
        return;
    case TLS_WANT_READ:
        watch(conn);
        return;
    case TLS_FAILED:
        conn_close(conn);
        return;
    }
}

/* Input while an answer is awaited: it stays in the system until the answer was taken. */
static void
put_off_reading(struct conn *conn)
{
    char byte;
    ssize_t n = recv(conn->fd, &byte, 1, MSG_PEEK);

    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        conn_close(conn);
        return;
    }
    conn->eof = n == 0;
    conn->poll_events &= (uint8_t)~UV_READABLE;
    if (conn->poll_events == 0)
        uv_poll_stop(&conn->poll);
    else
        uv_poll_start(&conn->poll, conn->poll_events, on_poll);
}

static void
throw_away(struct conn *conn)
{
    ssize_t n = conn_recv(conn, conn->server->read_buf, HTTP_READ_SIZE);

    conn->lingered += n > 0 ? (size_t)n : 0;
    if ((n <= 0 && n != -EAGAIN) || conn->lingered > LINGER_BYTES)
        conn_close(conn);
}

static void
on_readable(struct conn *conn)
{
    int rounds = 0;

    switch (conn->phase) {
    case CONN_HANDSHAKE:
        on_handshake(conn);
        return;
    case CONN_H2:
        h2_on_readable(conn);
        return;
    case CONN_HANDLER:
    case CONN_WRITE:
        put_off_reading(conn);
        return;
    case CONN_LINGER:
        throw_away(conn);
        return;
    default:
        break;
    }
    while (read_once(conn) && ++rounds < READ_ROUNDS && conn->phase != CONN_HANDLER &&
           conn->phase != CONN_CLOSED && !conn->closing && !conn_has_output(conn))
        ;
    conclude(conn);
}

static void
on_writable(struct conn *conn)
{
    if (conn->phase == CONN_H2) {
        h2_on_writable(conn);
        return;
    }
    if (conn->phase == CONN_HANDSHAKE) {
        on_handshake(conn);
        return;
    }
    if (!conn_has_output(conn) || !conn_flush(conn))
        return;
    conn_settle(conn);
    if (conn->phase == CONN_IDLE)
        conn_resume(conn);
}

static void
on_poll(uv_poll_t *handle, int status, int events)
{
    struct conn *conn = handle->data;

    if (status < 0) {
        conn_close(conn);
        return;
    }
    if ((events & UV_WRITABLE) != 0)
        on_writable(conn);
    if ((events & UV_READABLE) != 0 && conn->phase != CONN_CLOSED)
        on_readable(conn);
}

void
conn_resume(struct conn *conn)
{
    if (conn->phase == CONN_H2) {
        h2_on_readable(conn);
        return;
    }
    if (conn->phase != CONN_IDLE && conn->phase != CONN_HEAD && conn->phase != CONN_BODY)
        return;
    if (conn->in_len > conn->in_off && conn->phase == CONN_IDLE && !conn->closing)
        run_kept(conn);
    if (has_pending(conn) && conn_has_input(conn))
        on_readable(conn);
    else
        conclude(conn);
}

/* RFC 9110 15.5.9; an answer while another waits would not be read either. */
static void
refuse_slow(struct conn *conn, const char *reason, const char *message)
{
    if (conn_has_output(conn)) {
        conn_close(conn);
        return;
    }
    h1_refuse(conn, 408, reason, message);
    if (conn_flush(conn))
        conn_settle(conn);
}

bool
http_body_is_slow(const struct http_server *server, uint64_t elapsed, size_t len)
{
    const struct http_limits *limits = &server->limits;

    if (elapsed >= (uint64_t)limits->body_timeout_ms)
        return true;
    return elapsed > server->rate_grace_ms &&
           len < (elapsed - server->rate_grace_ms) * limits->body_min_rate / 1000;
}

void
conn_look_again(struct conn *conn)
{
    conn->look_ms = uv_now(conn->server->loop) + LOOK_MS;
    http_wheel_put(conn, phase_deadline(conn));
}

void
conn_on_timeout(struct conn *conn)
{
    switch (conn->phase) {
    case CONN_HEAD:
        refuse_slow(conn, "slow-head", "The request head took too long to arrive.");
        return;
    case CONN_BODY:
        if (http_body_is_slow(conn->server, uv_now(conn->server->loop) - conn->since_ms,
                              conn->req->body.len))
            refuse_slow(conn, "slow-body", "The request body took too long to arrive.");
        else
            conn_look_again(conn);
        return;
    case CONN_H2:
        h2_on_timeout(conn);
        return;
    default:
        conn_close(conn);
        return;
    }
}

void
conn_start(struct conn *conn)
{
    conn->poll.data = conn;
    conn_settle(conn);
}
