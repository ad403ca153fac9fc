/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where PostgreSQL is and how to log in: a postgres:// URL taken apart, and the parameters of one
 * connection attempt made from it.
 *
 * What the URL leaves out comes from libpq's environment variables and defaults. Host names are
 * kept apart, because libpq would resolve them blocking: a loop resolves them first and hands the
 * addresses to pg_params_init.
 * Source: PostgreSQL 15, "Database Connection Control Functions".
 */
#ifndef CAIRN_DB_POSTGRES_TARGET_H
#define CAIRN_DB_POSTGRES_TARGET_H

#include <libpq-fe.h>

#include "core/buf.h"
#include "core/err.h"

#define PG_HOSTS_MAX 16

/* One host to try. Each string may be empty, for libpq's default. */
struct pg_host {
    char name[256];   /* host name, or the directory of a Unix socket */
    char address[64]; /* numeric; the name then only serves to check certificates */
    char port[8];
};

struct pg_target {
    PQconninfoOption *options;
    struct pg_host hosts[PG_HOSTS_MAX]; /* at least one */
    unsigned host_count;
};

/* What PQconnectStartParams takes; ends with NULL. */
struct pg_params {
    const char *keywords[64];
    const char *values[64];
    struct buf hosts, addresses, ports;
    char timeout[24];
};

MUST_CHECK bool pg_target_init(struct pg_target *target, const char *url, struct err *err);
void pg_target_fini(struct pg_target *target); /* safe on a zeroed struct */
/* "postgres HOST:PORT/NAME", without user, password or anything else. */
void pg_target_describe(const struct pg_target *target, char *out, size_t size);

/* Does the name have to be resolved before libpq sees it? */
bool pg_host_needs_lookup(const struct pg_host *host);

/* Parameters for the hosts given, tried in order; params borrows from target until pg_params_fini.
 * timeout_ms bounds PQconnectdbParams for each host; PQconnectStartParams ignores it. */
void pg_params_init(struct pg_params *params, const struct pg_target *target,
                    const struct pg_host *hosts, unsigned host_count, int64_t timeout_ms);
void pg_params_fini(struct pg_params *params);

#endif
