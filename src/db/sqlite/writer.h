/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one thread that writes, with group commit.
 *
 * All that waits becomes one transaction, in the order in which it came; each job is undone alone
 * when it fails; after one commit all are answered. When a commit's outcome is unknown the jobs are
 * answered so (CAIRN-UNKNOWN), the database counts as poisoned, and nothing is accepted until it
 * has been opened anew. Between groups another process that waits for the right to write gets its
 * turn, and the log is copied into the database file when it has grown or when nothing else is to
 * do.
 */
#ifndef CAIRN_DB_SQLITE_WRITER_H
#define CAIRN_DB_SQLITE_WRITER_H

#include "db/sqlite/lite.h"
#include "db/sqlite/lock.h"
#include "db/sqlite/sequence.h"

/* Starts db->writer, once. */
MUST_CHECK bool lite_writer_start(struct lite_db *db, struct err *err);
/* Ends the thread after what waits. NULL is safe. */
void lite_writer_stop(struct lite_writer *writer);
/* False: refused, with the reason in the job. */
MUST_CHECK bool lite_writer_push(struct lite_writer *writer, struct db_job *job);
/* Takes back what waits for the loop. */
void lite_writer_recall(struct lite_writer *writer, const struct db_loop *loop,
                        struct lite_jobs *out);
/* How long the writer has been at its present group; 0: it rests. From any thread. */
uint64_t lite_writer_busy_ns(const struct lite_writer *writer);

/* What work on the writer's thread gets. The connection has no transaction open. */
struct lite_turn {
    struct lite_db *db;
    struct lite_conn *conn;
    struct lite_sequences *sequences;
    uint64_t deadline_ns; /* for waiting for locks */
};

/* Runs fn on the writer's thread, with the right to write, and waits for it; false when that could
 * not be had until the deadline, or what fn returned. fn sets *unknown after a commit that
 * failed. */
MUST_CHECK bool lite_writer_call(struct lite_writer *writer,
                                 bool (*fn)(struct lite_turn *turn, void *arg, bool *unknown,
                                            struct err *err),
                                 void *arg, uint64_t deadline_ns, struct err *err);

/* BEGIN IMMEDIATE, tried until the deadline; returns SQLite's code. */
int lite_writer_begin(struct lite_conn *conn, uint64_t deadline_ns);
/* The state in which a failed COMMIT left the transaction. */
enum lite_commit { LITE_COMMITTED, LITE_ROLLED_BACK, LITE_COMMIT_UNKNOWN };
/* COMMIT, once. When it failed err says why, and nothing remains open. */
enum lite_commit lite_writer_commit(struct lite_conn *conn, int *rc, struct err *err);

#endif
