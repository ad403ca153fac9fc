/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads for reads that are too long for a loop, each with a connection of its own. The queue is
 * bounded; a job whose deadline passes while it waits fails without having run.
 */
#ifndef CAIRN_DB_SQLITE_POOL_H
#define CAIRN_DB_SQLITE_POOL_H

#include "db/sqlite/lite.h"

/* Starts db->pool, once. */
MUST_CHECK bool lite_pool_start(struct lite_db *db, struct err *err);
/* Ends the threads after what runs; nothing waits any more. NULL is safe. */
void lite_pool_stop(struct lite_pool *pool);
/* False: refused, with the reason in the job. */
MUST_CHECK bool lite_pool_push(struct lite_pool *pool, struct db_job *job);
/* Takes back what waits for the loop. */
void lite_pool_recall(struct lite_pool *pool, const struct db_loop *loop, struct lite_jobs *out);

#endif
