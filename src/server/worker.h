/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker: the process that serves. The main thread keeps order (signals, drain, reload, the
 * folder of migrations); the loop threads answer requests.
 */
#ifndef CAIRN_SERVER_WORKER_H
#define CAIRN_SERVER_WORKER_H

#include "server/journal.h"
#include "server/loop.h"
#include "server/server.h"

/* What a worker has from its supervisor. */
struct worker_place {
    int listen_fd; /* open */
    uint16_t port;
    int ready_fd;                  /* -1 once the worker has said that it answers */
    const struct journal *journal; /* the supervisor's */
    uint32_t number;               /* 1 for the first worker */
};

/*
 * Runs until drained. Once requests are answered, one byte is written to place->ready_fd, which is
 * then closed and set to -1. False: it never came up, or the database must be recovered by another
 * start (an outcome unknown was answered).
 */
MUST_CHECK bool worker_run(const struct server_options *options, struct worker_place *place,
                           struct err *err);

#endif
