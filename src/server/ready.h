/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is the service ready? What /readyz asks the database, and a watch that asks it every few seconds, so
 * that the history knows also when nobody else asks.
 */
#ifndef CAIRN_SERVER_READY_H
#define CAIRN_SERVER_READY_H

#include <stdatomic.h>
#include <uv.h>

#include "db/engine.h"

struct ready_watch {
    uv_timer_t timer;
    struct db_loop *db;
    enum db_dialect dialect;
    struct db_job job;
    struct db_stmt stmt;
    atomic_bool *is_ready;
    const atomic_bool *is_draining;
    bool is_asking;
};

/* All of the job but done and ctx; both live until it is done. */
void ready_make_job(enum db_dialect dialect, struct db_stmt *stmt, struct db_job *job);

/* The timer keeps neither the loop nor the process alive. False: libuv refused. */
MUST_CHECK bool ready_watch_open(struct ready_watch *watch, uv_loop_t *loop);
void ready_watch_start(struct ready_watch *watch, struct db_loop *db, enum db_dialect dialect,
                       atomic_bool *is_ready, const atomic_bool *is_draining);
/* After db was closed. */
void ready_watch_close(struct ready_watch *watch);

#endif
