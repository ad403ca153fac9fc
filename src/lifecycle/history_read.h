/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the history: what is sound of it, and what it says about a span of time.
 *
 * Only lines of this machine count, and none that lies in the future (the clock went back since).
 * Time is up while an instance was ready by its own account; what a clock was put forward by is no
 * time at all; everything else, a service that nobody started included, is down.
 */
#ifndef CAIRN_LIFECYCLE_HISTORY_READ_H
#define CAIRN_LIFECYCLE_HISTORY_READ_H

#include "lifecycle/history.h"

#define HISTORY_DAY_US (INT64_C(86400) * 1000000)

struct history {
    struct history_line *lines; /* by instance, then in the order in which they happened */
    size_t count;
    size_t drills; /* how many of the lines announce one */
    int64_t now_us;
    int64_t since_us; /* of the first line; now_us when there is none */
    /* What does not count, in lines. */
    size_t cut, changed, newer, foreign, future;
    size_t missing;     /* numbers that a writer gave to lines that aren't there */
    int64_t missing_us; /* before when the last of them was */
};

/* Of the time from from_us, or from the first line if that is later, to now. */
struct history_figures {
    int64_t from_us;
    double seconds;    /* of that time, without what a clock was put forward by */
    double up_seconds; /* of these */
    unsigned starts;
    unsigned crashes; /* workers that ended by a signal or with an exit code other than 0 */
    unsigned silent;  /* instances that ended without a word: killed, or the machine went down */
    unsigned drilled; /* crashes that a drill announced; not among crashes */
    int64_t last_crash_us;           /* of both kinds; 0: none */
    int last_signal, last_exit_code; /* 0, 0: without a word */
    int64_t last_outage_us;          /* the last time that it stopped being up; 0: never */
    double longest_outage_s;
    unsigned outages;
    uint64_t requests, errors, scrapes, in_flight_max;
    uint64_t latency[HISTORY_BUCKETS];
    double peak_per_s; /* requests, of the busiest beat that was no shorter than a minute */
    unsigned beats;
    bool is_up; /* now */
};

/*
 * Reads what was written in the months from from_us on. host is this machine's. A project without a
 * history has an empty one. False only when the folder can't be read.
 */
MUST_CHECK bool history_load(const char *dir, const char *host, int64_t from_us, int64_t now_us,
                             struct history *out, struct err *err);
void history_free(struct history *history);
/* Of the time, in percent; cut, not rounded, to three digits: 100 is all of it. */
double history_get_uptime(const struct history_figures *figures);
void history_measure(const struct history *history, int64_t from_us, struct history_figures *out);

#endif
