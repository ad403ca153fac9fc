/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A running service of a target's, on a port and in a folder of its own: started, asked, killed,
 * started again, and gone without a trace at the end.
 */
#ifndef CAIRN_DRILL_SERVICE_H
#define CAIRN_DRILL_SERVICE_H

#include "db/postgres/scratch.h"
#include "drill/client.h"
#include "drill/target.h"

#include <sys/types.h>

struct service {
    struct target target; /* with {port} and {dir} filled in */
    struct arena *arena;
    char dir[64]; /* the run's own; removed by service_close */
    struct endpoint at;
    pid_t pid;                   /* 0: not running */
    int status;                  /* how it ended, as waitpid has it */
    int log_fd;                  /* what it prints */
    int port_fd;                 /* keeps its port its own; -1: it wasn't chosen here */
    struct pg_scratch *database; /* on PostgreSQL, dropped by service_close; NULL: none */
    unsigned patience;           /* everything may take that many times as long; 0: once */
    unsigned *late;              /* counts what took too long all the same; may be NULL */
};

/* A folder, a port and, when the target has one, a database; nothing is started. On failure nothing
 * is left behind. */
MUST_CHECK bool service_open(const struct target *target, struct arena *arena, struct service *out,
                             struct err *err);
/*
 * A clone of a cairn project as such a service: its configuration and migrations, on a database of
 * its own (on PostgreSQL beside the project's) that is gone with it, open to callers without a
 * token, with a table drill_ledger(id, run, note) for writes.
 */
MUST_CHECK bool service_open_clone(const struct config *config, struct arena *arena,
                                   struct service *out, struct err *err);
/* Stops it and removes its folder. Safe on one that is closed. */
void service_close(struct service *service);

/* Starts it and waits until it is ready; env is added to the target's, or NULL. */
MUST_CHECK bool service_start(struct service *service, const char *const *env, struct err *err);
/* Starts it without waiting. */
MUST_CHECK bool service_spawn(struct service *service, const char *const *env, struct err *err);
/* Until path answers with the status; false after timeout_ms, or when it has ended. */
bool service_wait_for(struct service *service, const char *path, int status, int64_t timeout_ms);
/* A client of its, that waits as long as its patience says and counts what comes too late. */
void service_init_client(const struct service *service, struct client *client, int64_t timeout_ms);
/* kill -9, of everything it started. */
void service_kill(struct service *service);
/* Whether it still runs. */
bool service_is_running(struct service *service);
/* Takes its data away, or gives it back: the file it is in, or the way into the database, with all
 * who are in. ERR_UNAVAILABLE when nothing says what it is. */
MUST_CHECK bool service_take_data(struct service *service, struct err *err);
MUST_CHECK bool service_give_data(struct service *service, struct err *err);
/* The last lines that it printed, for errors. */
const char *service_last_words(struct service *service);

/* Whether it ever printed the text. */
bool service_log_has(struct service *service, const char *text);

/* A folder that is swept away should this process be killed. */
MUST_CHECK bool service_make_folder(char *out, size_t size, struct err *err);
void service_remove_folder(const char *dir);
/* Removes what was left by runs whose process is gone (killed with -9). */
void service_sweep(void);

#endif
