/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor: keeps one worker process running on the listening socket that it owns.
 *
 * A worker that dies before it ever answered ends the supervisor with it: something is wrong that a
 * restart doesn't mend. One that dies later is started again, after a pause that doubles with each
 * death in a row, up to ten seconds. Clients that connect meanwhile wait in the socket's queue.
 */
#ifndef CAIRN_SERVER_SUPERVISOR_H
#define CAIRN_SERVER_SUPERVISOR_H

#include "server/server.h"

/* Takes listen_fd: it is closed when a signal to stop comes, so that new clients are refused while
 * those there are served to the end, and in any case on return. */
MUST_CHECK bool supervisor_run(const struct server_options *options, int listen_fd, uint16_t port,
                               struct err *err);

#endif
