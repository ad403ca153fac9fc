/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of one loop that wait for signing keys: their token names one that isn't here, and its
 * issuer is being asked again. They go on together when the answer is there, or when WAITING_MS
 * have passed. Their number is bounded; further ones are refused at once.
 */
#ifndef CAIRN_SERVER_WAITING_H
#define CAIRN_SERVER_WAITING_H

#include <uv.h>

#include "def/routes.h"
#include "http/http.h"

#define WAITING_MAX 256
#define WAITING_MS 5000

struct waiting_item;

struct waiting {
    uv_timer_t timer;
    struct waiting_item *first;
    struct waiting_item **end;
    unsigned count;
    /* Called for each that goes on. */
    void (*resume)(void *ctx, struct request *request, const struct route_def *route,
                   struct str segment);
    void *ctx;
};

MUST_CHECK bool waiting_open(struct waiting *waiting, uv_loop_t *loop);
void waiting_close(
    struct waiting *waiting); /* the loop closes its handle; nothing waits any more */
/* False: there are too many. */
MUST_CHECK bool waiting_add(struct waiting *waiting, struct request *request,
                            const struct route_def *route, struct str segment);
void waiting_release(struct waiting *waiting);

#endif
