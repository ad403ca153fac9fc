/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The generator's own limit: what it can do when the service costs next to nothing.
 */
#include "drill/load.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TRY_MS = 250, CONNECTIONS = 16, EVENTS_MAX = 32, FDS_MAX = 2 * CONNECTIONS };

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

struct mirror {
    int listener;
    int stop[2]; /* a pipe; its end of writing is closed when it is over */
    int epoll;
    int fds[FDS_MAX]; /* connections; -1: closed */
    unsigned count;
};

static bool
watch(const struct mirror *mirror, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    return epoll_ctl(mirror->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void
take_connection(struct mirror *mirror)
{
    int fd = accept4(mirror->listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0)
        return;
    if (mirror->count < FDS_MAX && watch(mirror, fd))
        mirror->fds[mirror->count++] = fd;
    else
        close(fd);
}

static void
drop_connection(struct mirror *mirror, int fd)
{
    for (unsigned i = 0; i < mirror->count; i++) {
        if (mirror->fds[i] == fd)
            mirror->fds[i] = -1;
    }
    close(fd);
}

/* One answer for each request; a generator sends each in one piece, and waits. */
static void
reflect(struct mirror *mirror, int fd)
{
    char chunk[4096];
    ssize_t got = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT);

    if (got > 0)
        (void)!send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL);
    else if (got == 0 || errno != EAGAIN)
        drop_connection(mirror, fd);
}

static void *
serve(void *ctx)
{
    struct mirror *mirror = ctx;
    struct epoll_event events[EVENTS_MAX];

    for (;;) {
        int count = epoll_wait(mirror->epoll, events, EVENTS_MAX, -1);

        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;

            if (fd == mirror->stop[0])
                return NULL;
            if (fd == mirror->listener)
                take_connection(mirror);
            else
                reflect(mirror, fd);
        }
    }
}

static double
run_against(const struct endpoint *at)
{
    static const struct load_route route = {.method = "GET", .path = "/", .weight = 1};
    const struct load_options options = {.at = *at,
                                         .routes = &route,
                                         .route_count = 1,
                                         .connections = CONNECTIONS,
                                         .duration_ms = TRY_MS,
                                         .timeout_ms = TRY_MS};
    struct load_result *result = xcalloc(1, sizeof(*result));
    struct err err = {0};
    double per_second = 0;

    if (load_run(&options, result, &err) && result->seconds > 0)
        per_second = (double)result->answered / result->seconds;
    free(result);

    return per_second;
}

double
load_measure_limit(void)
{
    struct mirror mirror = {.listener = -1, .stop = {-1, -1}, .epoll = -1};
    struct endpoint at;
    pthread_t thread;
    double limit = 0;

    mirror.listener = endpoint_listen(&at);
    mirror.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (mirror.listener < 0 || mirror.epoll < 0 || pipe2(mirror.stop, O_CLOEXEC) != 0 ||
        !watch(&mirror, mirror.listener) || !watch(&mirror, mirror.stop[0]) ||
        pthread_create(&thread, NULL, serve, &mirror) != 0)
        goto out;
    limit = run_against(&at);
    close(mirror.stop[1]);
    mirror.stop[1] = -1;
    pthread_join(thread, NULL);

out:
    for (unsigned i = 0; i < mirror.count; i++) {
        if (mirror.fds[i] >= 0)
            close(mirror.fds[i]);
    }
    for (unsigned i = 0; i < 2; i++) {
        if (mirror.stop[i] >= 0)
            close(mirror.stop[i]);
    }
    if (mirror.epoll >= 0)
        close(mirror.epoll);
    if (mirror.listener >= 0)
        close(mirror.listener);

    return limit;
}
