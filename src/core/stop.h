/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether this thread's computation is to end before it is done, asked now and then inside of long
 * loops: a scan of a text, a pattern against it. Such a loop ends at once, with any result; whoever
 * set the stop throws the result away.
 */
#ifndef CAIRN_CORE_STOP_H
#define CAIRN_CORE_STOP_H

#include "core/err.h"

struct stop {
    bool (*is_wanted)(void *ctx); /* looks at a clock, say */
    void *ctx;
};

/* Rounds of a loop between two questions: some microseconds. */
#define STOP_ROUNDS 4096u

/* Of this thread. rounds counts up to the next question; once the answer was yes it stays there. */
struct stop_state {
    const struct stop *stop;
    unsigned rounds;
    bool is_due;
};
extern _Thread_local struct stop_state stop_state;

/* From now on stop is asked, until NULL ends that. It lives until then. */
void stop_set(const struct stop *stop);
/* Whether somebody was told to end since stop_set(). */
static inline bool
stop_was_due(void)
{
    return stop_state.is_due;
}
bool stop_ask(void);
/* Once in each round of a loop. Once true, it stays so. */
static inline bool
stop_is_due(void)
{
    return UNLIKELY(++stop_state.rounds >= STOP_ROUNDS) && stop_ask();
}
/* False, with 57014: for a loop whose function may fail. */
bool stop_fail(struct err *err);

#endif
