/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door for tests: a server of its own, and a connection to it that is a pair of sockets.
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/internal.h"

struct exchange {
    uv_poll_t poll;
    int fd;
    struct str input;
    struct buf *output;
    bool at_end;
    bool closed;
    bool served;
};

static void
on_closed(uv_handle_t *handle)
{
    struct exchange *exchange = handle->data;

    exchange->closed = true;
}

static void
on_served(void *ctx)
{
    struct exchange *exchange = ctx;

    exchange->served = true;
}

static void
finish(struct exchange *exchange)
{
    if (exchange->at_end)
        return;
    exchange->at_end = true;
    uv_poll_stop(&exchange->poll);
    uv_close((uv_handle_t *)&exchange->poll, on_closed);
    close(exchange->fd);
}

static void
send_some(struct exchange *exchange)
{
    ssize_t n = send(exchange->fd, exchange->input.data, exchange->input.len, MSG_NOSIGNAL);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    /* A server that closes doesn't want the rest. */
    exchange->input = n < 0 ? STR_NULL : str_slice(exchange->input, (size_t)n, SIZE_MAX);
    if (exchange->input.len == 0)
        shutdown(exchange->fd, SHUT_WR);
}

static void
on_event(uv_poll_t *handle, int status, int events)
{
    struct exchange *exchange = handle->data;
    char bytes[4096];
    ssize_t n;

    if ((events & UV_WRITABLE) != 0 && exchange->input.len > 0)
        send_some(exchange);
    n = recv(exchange->fd, bytes, sizeof(bytes), 0);
    if (n > 0) {
        buf_add(exchange->output, bytes, (size_t)n);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        finish(exchange);
        return;
    }
    if (exchange->input.len == 0)
        uv_poll_start(&exchange->poll, UV_READABLE, on_event);
}

bool
http_test_exchange(uv_loop_t *loop, const struct http_limits *limits,
                   const struct http_handler *handler, struct str input, struct buf *output,
                   struct err *err)
{
    struct exchange exchange = {.input = input, .output = output};
    struct http_server *server = NULL;
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
        return err_set_errno(err, ERR_IO, errno, "unable to make 'a pair of sockets'");
    if (!http_server_open(loop, limits, handler, &server, err)) {
        close(pair[0]);
        close(pair[1]);
        return false;
    }
    exchange.fd = pair[0];
    uv_poll_init(loop, &exchange.poll, pair[0]);
    exchange.poll.data = &exchange;
    if (http_server_adopt(server, pair[1], "127.0.0.1", NULL) == NULL)
        exchange.input = STR_NULL;
    if (input.len == 0)
        shutdown(pair[0], SHUT_WR);
    uv_poll_start(&exchange.poll, UV_READABLE | UV_WRITABLE, on_event);
    while (!exchange.closed)
        uv_run(loop, UV_RUN_ONCE);

    http_server_drain(server, 0, on_served, &exchange);
    while (!exchange.served)
        uv_run(loop, UV_RUN_ONCE);
    http_server_free(server);
    return buf_ok(output) || err_set(err, ERR_INTERNAL, "CAIRN-INTERNAL",
                                     "unable to keep 'the response': it is too long");
}
