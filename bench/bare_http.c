/* SPDX-License-Identifier: Apache-2.0 */
#include "bare_http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

void
bare_answer(struct bare_conn *conn, const char *status, const char *body, size_t len)
{
    int head = snprintf(conn->out, sizeof(conn->out),
                        "HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
                        "Content-Length: %zu\r\n\r\n",
                        status, len);

    if (head < 0 || (size_t)head + len > sizeof(conn->out))
        abort();
    memcpy(conn->out + head, body, len);
    conn->out_len = (size_t)head + len;
    conn->is_waiting = false;
    /* The answers are small and the client reads them: a short write doesn't happen. */
    if (write(conn->fd, conn->out, conn->out_len) != (ssize_t)conn->out_len)
        perror("write");
}

/* True when a whole request is in the buffer. */
static bool
bare_parse(struct bare_conn *conn)
{
    char *end;
    char *length;
    size_t head;
    size_t body = 0;

    conn->in[conn->in_len] = '\0';
    end = strstr(conn->in, "\r\n\r\n");
    if (!end)
        return false;
    head = (size_t)(end - conn->in) + 4;
    conn->is_post = conn->in[0] == 'P';
    if (conn->is_post && (length = strcasestr(conn->in, "\r\ncontent-length:")) && length < end)
        body = strtoul(length + 17, NULL, 10);
    if (conn->in_len < head + body)
        return false;
    conn->target = strchr(conn->in, ' ');
    if (!conn->target)
        return false;
    conn->target++;
    conn->body = conn->in + head;
    return true;
}

static bool
bare_readable(struct bare_conn *conn, const struct bare_handler *handler)
{
    ssize_t got = read(conn->fd, conn->in + conn->in_len, sizeof(conn->in) - 1 - conn->in_len);

    if (got <= 0)
        return got < 0 && errno == EAGAIN;
    conn->in_len += (size_t)got;
    if (bare_parse(conn)) {
        conn->in_len = 0;
        conn->is_waiting = true;
        handler->on_request(handler->ctx, conn);
    }
    return true;
}

static void
bare_accept(int epoll, int listener)
{
    int one = 1;
    int fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct bare_conn *conn = calloc(1, sizeof(*conn));
        struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = conn}};

        if (!conn)
            abort();
        conn->fd = fd;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        (void)epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

static int
bare_listen(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 1024)) {
        perror("listen");
        exit(1);
    }
    return fd;
}

static void
bare_close(struct bare_conn *conn)
{
    close(conn->fd);
    /* An answer may still be under way to it: the few bytes are not worth a reference count. */
    if (!conn->is_waiting)
        free(conn);
}

int
bare_serve(uint16_t port, int fd, const struct bare_handler *handler)
{
    static int listener_mark;
    static int fd_mark;
    struct epoll_event events[256];
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = &listener_mark}};
    int listener = bare_listen(port);
    int epoll = epoll_create1(EPOLL_CLOEXEC);

    (void)epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    if (fd >= 0) {
        event.data.ptr = &fd_mark;
        (void)epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
    for (;;) {
        int count = epoll_wait(epoll, events, 256, -1);

        for (int i = 0; i < count; i++) {
            void *what = events[i].data.ptr;

            if (what == &listener_mark)
                bare_accept(epoll, listener);
            else if (what == &fd_mark)
                handler->on_fd(handler->ctx);
            else if (!bare_readable(what, handler))
                bare_close(what);
        }
        handler->on_turn(handler->ctx);
    }
}
