/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Group commit: one transaction of many jobs.
 *
 * A group takes jobs in their order, runs each so that its failure undoes only itself, commits
 * once, and only then are they answered. When SQLite gives up the whole transaction because of one
 * job (its time is over, the disk is full), that job fails and the others run again.
 */
#ifndef CAIRN_DB_SQLITE_GROUP_H
#define CAIRN_DB_SQLITE_GROUP_H

#include "db/sqlite/explain.h"
#include "db/sqlite/lite.h"
#include "db/sqlite/sequence.h"

/* What writing needs; the writer's. */
struct lite_core {
    struct lite_db *db;
    struct lite_conn conn;
    struct lite_sequences *sequences; /* NULL while conn is closed */
    struct lite_explain *explain;
    struct model *model; /* as recorded; NULL while conn is closed */
    bool has_deferred;   /* a foreign key may be violated until the end of a job */
};

enum lite_member {
    LITE_WAITS,
    LITE_RAN,
    LITE_REFUSED, /* finished, but the reason is still to be found */
    LITE_FINISHED,
};

/* More would make those who came first wait for those who came last. */
enum { LITE_GROUP_MAX = 512 };

struct lite_group {
    size_t count;
    size_t ran; /* jobs that a commit would make durable */
    size_t failure_count;
    uint64_t begin_ns;
    struct db_job *jobs[LITE_GROUP_MAX];
    enum lite_member states[LITE_GROUP_MAX];
    bool rows_seen[LITE_GROUP_MAX]; /* of a job that ran: its row function was called */
    struct lite_failure failures[LITE_GROUP_MAX];
};

/* Takes jobs from the front of the list. */
void lite_group_fill(struct lite_group *group, struct lite_jobs *jobs);
/* Fails the jobs whose time is over, with err when it isn't NULL; how many still wait. */
size_t lite_group_expire(struct lite_group *group, const struct err *err);
/* Fails all that wait, with err. */
void lite_group_fail(struct lite_group *group, const struct err *err);
/*
 * Runs and commits the group and hands the jobs to their loops. Jobs for which there was no time
 * go back to the front of rest. False: the outcome of the commit is unknown; the connection must
 * not be used again.
 */
MUST_CHECK bool lite_group_run(struct lite_core *core, struct lite_group *group,
                               struct lite_jobs *rest);
/* Hands back what is finished, for a group that couldn't be run. */
void lite_group_deliver(struct lite_group *group);

#endif
