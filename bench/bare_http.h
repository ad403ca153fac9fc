/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least HTTP that a benchmark client can talk to: one thread, epoll, keep-alive, one request at
 * a time per connection, no limits, no checks, no time-outs. It is the yardstick for what the
 * checks, the grammar and the rest of a real server cost; never serve anything with it.
 */
#ifndef CAIRN_BENCH_BARE_HTTP_H
#define CAIRN_BENCH_BARE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bare_conn {
    int fd;
    size_t in_len;
    size_t out_len;
    const char *target; /* after the method, up to the blank */
    const char *body;   /* ends with NUL */
    bool is_post;
    bool is_waiting; /* for an answer that comes later */
    char in[4096];
    char out[16384];
};

struct bare_handler {
    /* A request is there: answer it, or note it and answer in on_turn or on_fd. */
    void (*on_request)(void *ctx, struct bare_conn *conn);
    /* Every connection that had something was served. */
    void (*on_turn)(void *ctx);
    /* The file descriptor given to bare_serve has something to read. */
    void (*on_fd)(void *ctx);
    void *ctx;
};

/* Answers with body, of status "200 OK" and the like. */
void bare_answer(struct bare_conn *conn, const char *status, const char *body, size_t len);

/* Serves on 127.0.0.1:port for ever; fd is watched too unless it is -1. */
int bare_serve(uint16_t port, int fd, const struct bare_handler *handler);

#endif
