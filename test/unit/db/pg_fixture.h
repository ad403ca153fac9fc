/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A loop of the PostgreSQL engine on a private server, and jobs that remember what they saw.
 */
#ifndef CAIRN_TEST_UNIT_DB_PG_FIXTURE_H
#define CAIRN_TEST_UNIT_DB_PG_FIXTURE_H

#include "db/engine.h"
#include "pg_cluster.h"

struct fixture {
    uv_loop_t uv;
    struct db *db;
    struct db_loop *dl;
    uv_timer_t alarm;
    bool is_late;
    unsigned open; /* jobs submitted, not done */
};

#define SEEN_MAX 4096
struct job {
    struct db_job base;
    struct db_stmt stmts[4];
    struct value params[4][4];
    struct fixture *fixture;
    char seen[SEEN_MAX]; /* "a,b;c,d;" */
    unsigned rows, restarts, checks, dones;
    bool check_answer;
    bool stop_at_first_row;
    bool length_only; /* of each cell */
};

extern struct pg_cluster cluster;

void fixture_open(struct fixture *f, const struct db_options *options);
void fixture_open_default(struct fixture *f);
void fixture_close(struct fixture *f);
/* Runs the loop until nothing is open; fails after seconds. */
void fixture_drain(struct fixture *f);
/* Runs the loop for some time. */
void fixture_wait(struct fixture *f, unsigned ms);

void job_init(struct job *job, struct fixture *f, enum db_mode mode);
/* Adds a statement; params are C strings, ended by NULL. */
void job_add(struct job *job, uint64_t id, const char *sql, ...) __attribute__((sentinel));
void job_check(struct job *job, bool answer);
void job_submit(struct job *job);
void job_run(struct job *job);
/* All at once: one statement, run to its end. */
void run(struct job *job, struct fixture *f, enum db_mode mode, const char *sql);

#endif
