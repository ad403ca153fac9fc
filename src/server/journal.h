/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service's side of its history (lifecycle/history.h): what the supervisor and its workers
 * write down. A disk that takes nothing is said once, and the service goes on; what was not written
 * waits.
 *
 * All of it blocks: it is called by the supervisor, and from a worker's pool of threads.
 */
#ifndef CAIRN_SERVER_JOURNAL_H
#define CAIRN_SERVER_JOURNAL_H

#include <sys/types.h>

#include "config/config.h"
#include "lifecycle/history_write.h"
#include "lifecycle/running.h"

struct journal {
    struct history_writer writer;
    struct running running; /* where the instance is found while it runs */
    bool is_on;
    bool has_failed; /* said already */
};

/* The supervisor's: the instance can be found from now on. Not is_on: it has no history. */
void journal_open(struct journal *journal, const struct config *config, uint16_t port, bool is_on);
/* A worker answers: pid, the nth. */
void journal_ready(struct journal *journal, pid_t pid);
/* A worker ended, with a status as of waitpid. */
void journal_end(struct journal *journal, int status, int64_t restart_ms);
/* The instance ends; the journal is closed. */
void journal_close(struct journal *journal, const char *reason);

/* In a worker, the nth: what it writes of its own. */
void journal_fork(const struct journal *journal, uint32_t number, struct journal *out);
void journal_write(struct journal *journal, struct history_line *line);
void journal_fini(struct journal *journal); /* what journal_fork made */

#endif
