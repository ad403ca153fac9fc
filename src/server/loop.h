/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One loop thread: its own event loop, HTTP server, database connections and plans. Nothing on the
 * way of a request is shared with another thread.
 */
#ifndef CAIRN_SERVER_LOOP_H
#define CAIRN_SERVER_LOOP_H

#include <stdatomic.h>

#include "auth/auth.h"
#include "config/config.h"
#include "db/engine.h"
#include "http/http.h"
#include "rest/rest.h"
#include "server/gauges.h"
#include "server/site.h"

/* What all loops of the process share; set before the first starts. */
struct loop_shared {
    const struct config *config;
    struct db *db;
    struct http_tls *tls; /* NULL: plain */
    int listen_fd;
    atomic_bool is_draining;
    void (*ended)(void *ctx); /* from the loop's thread, at its very end */
    void *ctx;
};

struct server_loop {
    struct loop_shared *shared;
    uv_thread_t thread;
    uv_loop_t uv;
    uv_async_t wake;      /* something of the below was set */
    uv_prepare_t prepare; /* the log goes out before the loop waits */
    struct gauges gauges;
    uv_mutex_t mutex; /* over next_site */
    struct site *next_site;
    atomic_bool wants_drain, wants_abort;
    struct site *site;
    struct http_server *http;
    struct db_loop *db;
    struct rest *rest;
    struct auth_loop *auth;
    uint64_t random[2]; /* state of the generator of request ids */
    bool is_draining;
    bool has_thread;
};

/* Prepares everything on the calling thread; the site's reference is taken over, also on failure. */
MUST_CHECK bool server_loop_open(struct server_loop *loop, struct loop_shared *shared,
                                 struct site *site, struct err *err);
MUST_CHECK bool server_loop_start(struct server_loop *loop, struct err *err);
/* From any thread. */
void server_loop_set_site(struct server_loop *loop, struct site *site);
void server_loop_drain(struct server_loop *loop);
void server_loop_abort(struct server_loop *loop);
/* Waits for the thread and frees; safe on what was zeroed. */
void server_loop_join(struct server_loop *loop);

/* route.c: the handler of every request of this loop. */
void route_request(void *ctx, struct request *request);
/* observe.c */
void observe_begin(struct server_loop *loop, struct request *request);
void observe_complete(void *ctx, struct request *request, size_t bytes_sent);
void observe_bad_request(void *ctx, int status, const char *reason);

#endif
