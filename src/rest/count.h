/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many rows there are in all: Prefer: count. Exact; planned, which is what PostgreSQL's planner
 * guesses; or estimated, which is exact up to the most rows that one read returns and past it the
 * guess, where that is higher.
 */
#ifndef CAIRN_REST_COUNT_H
#define CAIRN_REST_COUNT_H

#include "rest/rest_impl.h"

/* Adds what the read needs for it to the job, behind the statement that reads. */
MUST_CHECK bool count_add(struct rest_call *call, struct err *err);
/* After the job: call->total is what the answer says. */
void count_settle(struct rest_call *call);

#endif
