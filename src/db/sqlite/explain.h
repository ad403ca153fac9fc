/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a write was refused, in PostgreSQL's words and with its details.
 *
 * SQLite says which columns are not unique, but not with which values, and of a foreign key only
 * that one failed. So the refused job runs once more on a connection of its own, in a transaction
 * that is rolled back, with triggers that note every row that it touches; the rows then say the
 * rest. This happens after the group's commit: those who succeeded don't wait for it, and nothing
 * of it shows in what a successful write costs.
 */
#ifndef CAIRN_DB_SQLITE_EXPLAIN_H
#define CAIRN_DB_SQLITE_EXPLAIN_H

#include "db/sqlite/sequence.h"

struct lite_explain;

/* A job that failed with a constraint; job->err holds what SQLite said. */
struct lite_failure {
    struct db_job *job;
    uint32_t stmt; /* which failed; stmt_count: at the end of the job, a deferred foreign key */
    uint32_t row;  /* which of its runs */
    int rc;
    int64_t now_us;
    unsigned draw_count; /* the numbers that sequences gave to the failed run */
    int64_t draws[LITE_DRAWS];
};

struct lite_explain *lite_explain_new(const char *path);
void lite_explain_free(struct lite_explain *explain); /* NULL is safe */
/* Whether the failure is of a kind that can be explained. */
bool lite_explain_knows(int rc);
/* Improves job->err; leaves it when the reason can't be found. model is what the tables are. The
 * caller holds the right to write and has no transaction open. */
void lite_explain_run(struct lite_explain *explain, const struct model *model, unsigned generation,
                      const struct lite_failure *failure);

/*
 * Whether rows of one of the job's statements may refer to others of it: PostgreSQL looks at
 * foreign keys when all of them are there, so that SQLite is to do so at the end of such a job.
 */
bool lite_job_refers_to_itself(const struct db_job *job);

#endif
