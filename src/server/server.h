/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The running service: `cairn dev` and `cairn serve`.
 *
 * A small supervisor owns the listening socket and starts a worker process, which it starts again,
 * with growing pauses, when it dies. A worker runs one loop thread for each CPU; requests are
 * served there. In dev the worker also watches the migrations folder.
 *
 * Signals: SIGTERM and SIGINT drain (a second one ends at once), SIGHUP reads the schema again and
 * opens the log file again.
 */
#ifndef CAIRN_SERVER_SERVER_H
#define CAIRN_SERVER_SERVER_H

#include "config/config.h"
#include "core/err.h"

struct server_ready {
    const char *database; /* "sqlite data/shop.db" */
    uint32_t table_count;
    const char *const *tables; /* open to anonymous callers; table_count of them, or none */
    uint32_t open_count;
    /* Where migrations have rules: which tables are open to callers without a token, and to those
     * of role authenticated; empty: none. NULL: there are no rules. */
    const char *open_to_anon, *open_to_users;
    uint16_t port;
    int64_t took_ms;
};

struct server_options {
    const struct config *config;
    bool is_dev;
    bool is_tty; /* stdout is a terminal */
    bool color;
    /* Called by dev once requests are answered: the first lines for people. May be NULL. */
    void (*ready)(void *ctx, const struct server_ready *ready);
    void *ctx;
};

/* Runs until it was told to stop. True: it drained. False: err says why it never came up or what
 * ended it. */
MUST_CHECK bool server_run(const struct server_options *options, struct err *err);

#endif
