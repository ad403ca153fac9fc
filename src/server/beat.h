/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker's part of the history: a line every history.every with what was served since the last
 * one, and one at the end. Figures are read from the metrics, on the main thread; the line is
 * written by the pool.
 */
#ifndef CAIRN_SERVER_BEAT_H
#define CAIRN_SERVER_BEAT_H

#include <stdatomic.h>
#include <uv.h>

#include "server/journal.h"

struct beat {
    struct journal journal; /* given by journal_fork before beat_open */
    uv_timer_t timer;
    uv_work_t work;
    bool is_writing;
    const atomic_bool *is_ready;
    int64_t every_ms;
    int64_t begun_ms;           /* of the beat; clock_boot_ms */
    int64_t looked_ms;          /* when readiness was looked at last */
    bool was_ready;             /* what was seen then */
    struct history_beat now;    /* of the beat: what is sampled; the rest when it ends */
    struct history_beat before; /* the counters at its beginning */
    struct history_line line;   /* being written */
};

MUST_CHECK bool beat_open(struct beat *beat, uv_loop_t *loop, int64_t every_ms,
                          const atomic_bool *is_ready);
/* The service answers from now on. */
void beat_start(struct beat *beat);
/* Closes the timer; what is being written goes on. */
void beat_close(struct beat *beat);
/* After the loop has ended: the last line, written here. */
void beat_end(struct beat *beat);

#endif
