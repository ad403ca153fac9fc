/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/history_read.h"

#include <math.h>

#define SLACK_US (INT64_C(30) * 1000000) /* a beat may be late by that */
#define JUMP_US (INT64_C(2) * 1000000)   /* a clock that is put right in smaller steps is let be */
#define NEAR_US (INT64_C(2) * 1000000)
#define DRILL_US (INT64_C(60) * 1000000) /* how long after its announcement a drill ends a worker */

struct span {
    int64_t from_us, to_us;
};

struct spans {
    struct span *items;
    size_t count, cap;
};

struct measure {
    const struct history *history;
    struct history_figures *out;
    struct spans up;      /* when an instance was ready */
    struct spans skipped; /* what a clock was put forward by */
    int64_t latest_us;    /* when an instance was last seen running */
};

/* One instance, line by line. */
struct follower {
    const struct history_line *last;
    bool is_ready;   /* a worker answers */
    bool is_over;    /* the supervisor said that it ends */
    int64_t seen_us; /* until then its time is accounted for */
    int64_t every_us;
};

/* --- spans ------------------------------------------------------------------------------------ */

static void
add_span(struct measure *m, struct spans *spans, int64_t from_us, int64_t to_us)
{
    if (from_us < m->out->from_us)
        from_us = m->out->from_us;
    if (to_us > m->history->now_us)
        to_us = m->history->now_us;
    if (from_us >= to_us)
        return;
    if (spans->count == spans->cap) {
        spans->cap = spans->cap == 0 ? 64 : spans->cap * 2;
        spans->items = xrealloc(spans->items, spans->cap * sizeof(*spans->items));
    }
    spans->items[spans->count++] = (struct span){from_us, to_us};
}

static int
compare_spans(const void *first, const void *second)
{
    const struct span *a = first, *b = second;

    return a->from_us != b->from_us ? (a->from_us < b->from_us ? -1 : 1)
                                    : (a->to_us > b->to_us) - (a->to_us < b->to_us);
}

/* Joins what overlaps or touches; returns how long all are together. */
static int64_t
join_spans(struct spans *spans)
{
    size_t kept = 0;
    int64_t total = 0;

    if (spans->count > 0)
        qsort(spans->items, spans->count, sizeof(*spans->items), compare_spans);
    for (size_t i = 0; i < spans->count; i++) {
        struct span *last = kept > 0 ? &spans->items[kept - 1] : NULL;

        if (last != NULL && spans->items[i].from_us <= last->to_us) {
            if (spans->items[i].to_us > last->to_us)
                last->to_us = spans->items[i].to_us;
        } else {
            spans->items[kept++] = spans->items[i];
        }
    }
    spans->count = kept;
    for (size_t i = 0; i < kept; i++)
        total += spans->items[i].to_us - spans->items[i].from_us;

    return total;
}

/* --- one instance ----------------------------------------------------------------------------- */

/* The supervisor saw its worker alive until then, and nothing said that it wasn't ready. */
static void
see_until(struct measure *m, struct follower *f, int64_t at_us)
{
    if (f->is_ready && at_us - f->seen_us <= 2 * f->every_us + SLACK_US)
        add_span(m, &m->up, f->seen_us, at_us);
    f->seen_us = at_us;
}

static void
take_beat(struct measure *m, struct follower *f, const struct history_line *line)
{
    const struct history_beat *beat = &line->beat;
    int64_t from_us = line->at_us - beat->took_ms * 1000;
    int64_t unready_us = (beat->took_ms - beat->ready_ms) * 1000;

    /* A line is written a little after what it is about: beats follow each other without a gap. */
    if (f->is_ready && from_us > f->seen_us - NEAR_US && from_us < f->seen_us + NEAR_US)
        from_us = f->seen_us;
    /* Where in the interval it wasn't ready isn't known: at its end does as well. */
    add_span(m, &m->up, from_us, line->at_us - (unready_us > 0 ? unready_us : 0));
    f->seen_us = line->at_us;
    f->is_ready = true;
    if (line->at_us < m->out->from_us)
        return;
    m->out->beats++;
    if (beat->took_ms >= 60000 &&
        (double)beat->requests * 1000 > m->out->peak_per_s * (double)beat->took_ms)
        m->out->peak_per_s = (double)beat->requests * 1000 / (double)beat->took_ms;
    m->out->requests += beat->requests;
    m->out->errors += beat->errors;
    m->out->scrapes += beat->scrapes;
    if (beat->in_flight_max > m->out->in_flight_max)
        m->out->in_flight_max = beat->in_flight_max;
    for (unsigned i = 0; i < HISTORY_BUCKETS; i++)
        m->out->latency[i] += beat->latency[i];
}

static bool
is_drilled(const struct history *history, const struct history_line *end)
{
    for (size_t i = 0; history->drills > 0 && i < history->count; i++) {
        const struct history_line *line = &history->lines[i];

        if (line->kind == HISTORY_DRILL && strcmp(line->of, end->instance) == 0 &&
            end->at_us >= line->at_us && end->at_us <= line->at_us + DRILL_US)
            return true;
    }

    return false;
}

static void
take_crash(struct measure *m, int64_t at_us, int signal_no, int exit_code)
{
    if (at_us <= m->out->last_crash_us)
        return;
    m->out->last_crash_us = at_us;
    m->out->last_signal = signal_no;
    m->out->last_exit_code = exit_code;
}

static void
take_end(struct measure *m, struct follower *f, const struct history_line *line)
{
    see_until(m, f, line->at_us);
    f->is_ready = false;
    if (line->at_us < m->out->from_us || (line->signal == 0 && line->exit_code == 0))
        return;
    if (is_drilled(m->history, line)) {
        m->out->drilled++;
        return;
    }
    m->out->crashes++;
    take_crash(m, line->at_us, line->signal, line->exit_code);
}

/* A clock that was put forward leaves a time in which nothing happened. */
static void
see_jump(struct measure *m, const struct history_line *before, const struct history_line *line)
{
    int64_t passed_us = (line->up_ms - before->up_ms) * 1000;
    int64_t jump_us = line->at_us - before->at_us - passed_us;

    if (jump_us > JUMP_US)
        add_span(m, &m->skipped, line->at_us - passed_us - jump_us, line->at_us - passed_us);
}

static void
follow(struct measure *m, struct follower *f, const struct history_line *line)
{
    if (f->last != NULL)
        see_jump(m, f->last, line);
    f->last = line;
    switch (line->kind) {
    case HISTORY_START:
        f->every_us = line->every_ms * 1000;
        m->out->starts += line->at_us >= m->out->from_us;
        break;
    case HISTORY_READY:
        f->is_ready = true;
        f->seen_us = line->at_us;
        break;
    case HISTORY_BEAT:
        take_beat(m, f, line);
        break;
    case HISTORY_END:
        take_end(m, f, line);
        break;
    case HISTORY_STOP:
        see_until(m, f, line->at_us);
        f->is_ready = false;
        f->is_over = true;
        break;
    case HISTORY_DRILL:
        f->is_over = true; /* no service: the one that announces */
        break;
    }
}

static size_t
follow_instance(struct measure *m, size_t from)
{
    const struct history *history = m->history;
    struct follower f = {.every_us = INT64_C(300) * 1000000};
    size_t at = from;

    for (; at < history->count &&
           strcmp(history->lines[at].instance, history->lines[from].instance) == 0;
         at++)
        follow(m, &f, &history->lines[at]);
    if (f.is_over)
        return at;
    if (history->now_us - f.last->at_us <= 2 * f.every_us + SLACK_US) {
        m->out->is_up = m->out->is_up || f.is_ready;
        see_until(m, &f, history->now_us);
    } else if (f.last->at_us >= m->out->from_us) {
        m->out->silent++;
        take_crash(m, f.last->at_us, 0, 0);
    }

    return at;
}

/* --- all of it -------------------------------------------------------------------------------- */

/* The times between the spans of up, what was skipped left out. */
static void
find_outages(struct measure *m, const struct spans *accounted)
{
    int64_t at_us = m->out->from_us;

    for (size_t i = 0; i <= accounted->count; i++) {
        int64_t next_us = i < accounted->count ? accounted->items[i].from_us : m->history->now_us;
        double seconds = (double)(next_us - at_us) / 1e6;

        if (next_us > at_us) {
            m->out->outages++;
            m->out->last_outage_us = at_us;
            if (seconds > m->out->longest_outage_s)
                m->out->longest_outage_s = seconds;
        }
        if (i < accounted->count)
            at_us = accounted->items[i].to_us;
    }
}

double
history_get_uptime(const struct history_figures *figures)
{
    if (figures->seconds <= 0)
        return 0;

    /* What is all of it must not become less by how it is divided. */
    return floor(1e5 * (figures->up_seconds / figures->seconds) + 1e-6) / 1e3;
}

void
history_measure(const struct history *history, int64_t from_us, struct history_figures *out)
{
    struct measure m = {.history = history, .out = out};
    int64_t up_us, accounted_us;

    *out = (struct history_figures){.from_us =
                                        from_us > history->since_us ? from_us : history->since_us};
    for (size_t at = 0; at < history->count;)
        at = follow_instance(&m, at);
    up_us = join_spans(&m.up);
    /* What was skipped and yet up for another instance is up. */
    for (size_t i = 0; i < m.up.count; i++)
        add_span(&m, &m.skipped, m.up.items[i].from_us, m.up.items[i].to_us);
    accounted_us = join_spans(&m.skipped);
    out->up_seconds = (double)up_us / 1e6;
    out->seconds = (double)(history->now_us - out->from_us - (accounted_us - up_us)) / 1e6;
    find_outages(&m, &m.skipped);
    free(m.up.items);
    free(m.skipped.items);
}
