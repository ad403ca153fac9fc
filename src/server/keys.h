/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys at the URL of auth.jwks, kept fresh: asked for at the start, again before the answer is
 * stale, and when a token names a key that isn't there, which counts once in KEYS_PAUSE_MS.
 *
 * When the URL doesn't answer, or with something that is no JWK set, the keys of before stay, for
 * as long as it takes; a line in the log says so, and it is asked again after growing pauses. It
 * lives on the worker's main loop; asking itself happens on a thread of the pool.
 */
#ifndef CAIRN_SERVER_KEYS_H
#define CAIRN_SERVER_KEYS_H

#include <uv.h>

#include "auth/jwks.h"
#include "config/config.h"

#define KEYS_FIRST_MS 3000  /* that the start waits for the first answer */
#define KEYS_PAUSE_MS 30000 /* between askings that tokens give rise to */
#define KEYS_RETRY_MS 5000  /* after a failure; doubled each time, up to... */
#define KEYS_RETRY_MAX_MS 300000

struct keys {
    const struct config *config;
    /* In the main loop: there are new keys; and: asking is over, with or without. */
    void (*changed)(void *ctx, struct jwk_set *set);
    void (*asked)(void *ctx);
    void *ctx;
    struct jwk_set *set; /* NULL: none yet */
    char etag[JWKS_ETAG_MAX];
    unsigned failures;  /* since the last success */
    uint64_t wanted_ns; /* when a token last made it ask; 0: never */
    bool is_asking;
    atomic_bool is_cancelled;
    uv_timer_t timer;
    uv_async_t wanted;
    uv_work_t work;
    struct jwks_answer answer;
    struct err err;
};

/* Nothing happens, here and below, when auth.jwks is no URL. */
void keys_init(struct keys *keys, const struct config *config);
/* Blocks for KEYS_FIRST_MS at most. A failure is logged, and no reason not to start. */
void keys_ask_first(struct keys *keys);
MUST_CHECK bool keys_open(struct keys *keys, uv_loop_t *loop);
/* Asks now, whenever it was asked last. */
void keys_refresh(struct keys *keys);
/* From any thread: a token misses a key. asked() follows, at once when it isn't time yet. */
void keys_want(struct keys *keys);
/* Ends asking within about a second; the handles close. */
void keys_close(struct keys *keys);
void keys_fini(struct keys *keys); /* after the loop */

#endif
