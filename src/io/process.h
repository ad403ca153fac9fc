/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Child processes, each in a process group of its own, so that what a child starts ends with it.
 *
 * A child gets nothing of this process but its environment, stdin from /dev/null, and stdout and
 * stderr as asked. All of it blocks, and none of it belongs on the request path.
 */
#ifndef CAIRN_IO_PROCESS_H
#define CAIRN_IO_PROCESS_H

#include "core/buf.h"
#include "core/err.h"

#include <sys/types.h>

struct process_options {
    const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH */
    const char *dir;         /* working directory; NULL: this one's */
    const char *const *env;  /* "NAME=VALUE", added to this process's; NULL: none */
    int out_fd;              /* stdout; -1: /dev/null */
    int err_fd;              /* stderr; -1: /dev/null */
    /* Asked while process_run waits: true ends the program as its time-out does. May be NULL. */
    bool (*gives_up)(void);
    bool keeps_group; /* stays in the group of this process; not for process_stop */
};

/* Starts it. A program that can't be run is an error here, with its cause. */
MUST_CHECK bool process_start(const struct process_options *options, pid_t *pid, struct err *err);

/* Whether it has ended; *status is as waitpid has it. wait_ms: how long to wait for that. */
bool process_wait(pid_t pid, int64_t wait_ms, int *status);

/* Ends the group: SIGTERM, after grace_ms SIGKILL; waits until the child is gone. */
void process_stop(pid_t pid, int64_t grace_ms, int *status);

/*
 * Runs it to its end and appends what it prints, both streams, to out; past out->max the rest is
 * dropped and out is not marked. Past timeout_ms the group is killed and err is of kind
 * ERR_UNAVAILABLE. *exit_code is what it ended with, 128 + n after signal n.
 */
MUST_CHECK bool process_run(const struct process_options *options, int64_t timeout_ms,
                            struct buf *out, int *exit_code, struct err *err);

#endif
