/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which instances of a project run on this machine: .cairn/run/ID.json says where and as which
 * processes, and .cairn/run/ID.lock is locked as long as the supervisor lives, so that what a
 * killed one left behind is told from one that runs.
 */
#ifndef CAIRN_LIFECYCLE_RUNNING_H
#define CAIRN_LIFECYCLE_RUNNING_H

#include <sys/types.h>

#include "config/config.h"
#include "lifecycle/history.h"

#define RUNNING_DIR ".cairn/run"

struct lockfile;

struct running {
    const char *dir; /* of the project; borrowed */
    char instance[HISTORY_ID_SIZE];
    char host[256]; /* that it listens on, and that reaches it from here */
    uint16_t port;
    bool is_tls;
    pid_t supervisor;
    pid_t worker;          /* 0: none answers now */
    struct lockfile *lock; /* of the publisher; NULL: nothing was published */
};

/* From now on others find it. Nothing is left behind on failure. */
MUST_CHECK bool running_publish(struct running *running, const struct config *config, uint16_t port,
                                const char *instance, struct err *err);
/* Another worker, or none (0). Safe when nothing was published. */
void running_set_worker(struct running *running, pid_t worker);
void running_withdraw(struct running *running);

/* The instances that run, in arena, in the order of their ids; what dead ones left is removed.
 * False only when the folder can't be read. */
MUST_CHECK bool running_find(const char *dir, struct arena *arena, struct running **out,
                             size_t *count, struct err *err);
/* The host that reaches from this machine what listens there: "0.0.0.0" listens everywhere. */
const char *running_get_host(const char *listen);
/* Whether worker is a child of supervisor: a process id may have been given to another one
 * since. */
bool running_is_child(pid_t worker, pid_t supervisor);

#endif
