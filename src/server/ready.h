/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is the service ready? What /readyz answers, and what the history is told.
 *
 * Who asks has little time: Kubernetes gives a probe a second. A watch looks at the database every
 * second and answers from what it saw. Without a connection it isn't ready, from that moment on;
 * what isn't known yet, right after the start or a loss, is waited for, no longer than
 * READY_WAIT_MS. The embedded database is asked each time: that takes no time.
 *
 * Each loop has a watch, of its own connections.
 */
#ifndef CAIRN_SERVER_READY_H
#define CAIRN_SERVER_READY_H

#include <stdatomic.h>
#include <uv.h>

#include "db/engine.h"

enum { READY_LOOK_MS = 1000, READY_LOOK_MAX_MS = 2000, READY_WAIT_MS = 500 };

enum ready_seen { READY_UNSEEN, READY_WELL, READY_ILL };

struct ready_look {
    struct db_job job;
    struct db_stmt stmt;
};

struct ready_call {
    /* err is NULL when it is ready. Called once, perhaps before ready_ask returns. */
    void (*done)(struct ready_call *call, const struct err *err);
    void *ctx;
    /* The watch's own. */
    struct ready_look look; /* of the embedded engine */
    uint64_t asked_ns;
    struct ready_call *next;
};

struct ready_watch {
    uv_timer_t timer;
    uv_timer_t waiting_timer; /* runs while somebody waits */
    struct db_loop *db;
    enum db_dialect dialect;
    struct ready_look look;
    bool is_asking;
    uint64_t asked_ns; /* when the look was begun that is under way */
    enum ready_seen seen;
    struct err why_ill;
    struct ready_call *first, **end; /* waiting */
    atomic_bool *is_ready;           /* kept for others; NULL: nobody wants to know */
    const atomic_bool *is_draining;
};

/* The timers keep neither the loop nor the process alive. False: libuv refused. */
MUST_CHECK bool ready_watch_open(struct ready_watch *watch, uv_loop_t *loop);
/* is_ready may be NULL. */
void ready_watch_start(struct ready_watch *watch, struct db_loop *db, enum db_dialect dialect,
                       atomic_bool *is_ready, const atomic_bool *is_draining);
/* Who waits is answered as it stands. */
void ready_watch_release(struct ready_watch *watch);
/* After db was closed; nobody may wait. */
void ready_watch_close(struct ready_watch *watch);

/* The call lives until it is done. */
void ready_ask(struct ready_watch *watch, struct ready_call *call);

#endif
