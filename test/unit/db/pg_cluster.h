/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A private PostgreSQL for one test program: its own data in a temporary directory, its own Unix
 * socket, and TLS on loopback with a certificate of its own. It runs as user postgres when the
 * tests run as root, and ends with the program. Failures end the program: without a server there is
 * nothing to test.
 */
#ifndef CAIRN_TEST_UNIT_DB_PG_CLUSTER_H
#define CAIRN_TEST_UNIT_DB_PG_CLUSTER_H

#include <libpq-fe.h>
#include <sys/types.h>

#include "core/base.h"

struct pg_cluster {
    char dir[64];
    char url[256];     /* postgres://... of database postgres */
    char tls_url[256]; /* the same over TCP on 127.0.0.1, TLS required */
    int port;
    pid_t pid; /* 0: not running */
};

/* False when PostgreSQL's programs aren't installed. */
bool pg_cluster_is_possible(void);
void pg_cluster_create(struct pg_cluster *cluster);
void pg_cluster_start(struct pg_cluster *cluster); /* returns when it accepts connections */
void pg_cluster_spawn(struct pg_cluster *cluster); /* does not wait for that */
/* SIGINT: rolls back and ends; SIGQUIT: as if power had failed. */
void pg_cluster_stop(struct pg_cluster *cluster, int signal);
void pg_cluster_destroy(struct pg_cluster *cluster);

/* A connection of the test's own. */
PGconn *pg_cluster_connect(const struct pg_cluster *cluster);
/* Runs statements; fails the program on an error. */
void pg_cluster_exec(const struct pg_cluster *cluster, const char *sql);
/* The first value of a query, in memory that the next call reuses. */
const char *pg_cluster_value(const struct pg_cluster *cluster, const char *sql);

#endif
