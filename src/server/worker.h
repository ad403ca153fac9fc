/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker: the process that serves. The main thread keeps order (signals, drain, reload, the
 * folder of migrations); the loop threads answer requests.
 */
#ifndef CAIRN_SERVER_WORKER_H
#define CAIRN_SERVER_WORKER_H

#include "server/loop.h"
#include "server/server.h"

/*
 * Runs on an open listening socket until drained. Once requests are answered, one byte is written to
 * *ready_fd, which is then closed and set to -1. False: it never came up, or the database must be
 * recovered by another start (an outcome unknown was answered).
 */
MUST_CHECK bool worker_run(const struct server_options *options, int listen_fd, uint16_t port,
                           int *ready_fd, struct err *err);

#endif
