/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server-Timing: how long each step of a request took (https://www.w3.org/TR/server-timing/).
 *
 * The steps follow each other: each begins where the one before it ended. A step that a request
 * doesn't come to isn't named.
 */
#ifndef CAIRN_REST_TIMING_H
#define CAIRN_REST_TIMING_H

#include "http/http.h"

enum timing_step {
    TIMING_JWT,
    TIMING_PARSE,
    TIMING_PLAN,
    TIMING_TRANSACTION,
    TIMING_RESPONSE,
    TIMING_STEPS,
};

/* Measures this request from now on; the functions below do nothing for others. */
void timing_begin(struct request *request);
void timing_end(struct request *request, enum timing_step step);
/* Ends the last step, which is the response. */
void timing_add_header(struct request *request);

#endif
