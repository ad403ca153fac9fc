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
#include "server/ready.h"
#include "server/site.h"
#include "server/waiting.h"

/* What all loops of the process share; set before the first starts. */
struct loop_shared {
    const struct config *config;
    struct db *db;
    struct http_tls *tls; /* NULL: plain */
    int listen_fd;
    atomic_bool is_draining;
    atomic_bool is_ready; /* what the first loop's /readyz would say; false while draining */
    void (*want_keys)(void *ctx); /* a token misses a key; from any loop's thread */
    void (*ended)(void *ctx);     /* from the loop's thread, at its very end */
    void *ctx;
};

struct server_loop {
    struct loop_shared *shared;
    uv_thread_t thread;
    uv_loop_t uv;
    uv_async_t wake;      /* something of the below was set */
    uv_prepare_t prepare; /* the log goes out before the loop waits */
    struct gauges gauges;
    struct ready_watch ready_watch;
    uv_mutex_t mutex; /* over next_site, next_auth */
    struct site *next_site;
    struct auth *next_auth; /* newer than next_site's */
    atomic_bool wants_drain, wants_abort, keys_asked;
    struct waiting waiting;
    struct site *site;
    struct http_server *http;
    struct db_loop *db;
    struct rest *rest;
    struct auth_loop *auth;
    uint64_t random[2]; /* state of the generator of request ids */
    bool is_draining;
    bool has_thread;
};

/* Prepares everything on the calling thread; the site's reference is taken over, also on
 * failure. */
MUST_CHECK bool server_loop_open(struct server_loop *loop, struct loop_shared *shared,
                                 struct site *site, struct err *err);
MUST_CHECK bool server_loop_start(struct server_loop *loop, struct err *err);
/* Before the start. keeps: this loop keeps shared->is_ready. */
void server_loop_watch_ready(struct server_loop *loop, bool keeps);
/* From any thread. */
void server_loop_set_site(struct server_loop *loop, struct site *site);
/* From now on with these keys; the reference is taken over. */
void server_loop_set_auth(struct server_loop *loop, struct auth *auth);
/* Asking for keys is over: what waits for them goes on. */
void server_loop_keys_asked(struct server_loop *loop);
void server_loop_drain(struct server_loop *loop);
void server_loop_abort(struct server_loop *loop);
/* Waits for the thread and frees; safe on what was zeroed. */
void server_loop_join(struct server_loop *loop);

/* route.c: the handler of every request of this loop. */
void route_request(void *ctx, struct request *request);
/* One that waited for keys. */
void route_resume(void *ctx, struct request *request, const struct route_def *route,
                  struct str segment);
/* observe.c */
void observe_begin(struct server_loop *loop, struct request *request);
void observe_complete(void *ctx, struct request *request, size_t bytes_sent);
void observe_bad_request(void *ctx, int status, const char *reason);

#endif
