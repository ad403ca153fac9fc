/* SPDX-License-Identifier: Apache-2.0 */
#include "server/beat.h"

#include "core/clock.h"
#include "def/routes.h"
#include "metric/metric.h"

enum { LOOK_MS = 1000 };

/* Health, metrics and documentation are not what users ask for. */
static const enum route_id api_routes[] = {ROUTE_REST_ROOT, ROUTE_REST_TABLE, ROUTE_REST_FUNCTION};

/* What was counted since the process began. */
static void
read_counters(struct history_beat *out)
{
    const struct metric_label_def *status = &metric_defs[METRIC_HTTP_REQUESTS].labels[1];
    int64_t latency[HISTORY_BUCKETS];

    *out = (struct history_beat){0};
    for (size_t r = 0; r < COUNTOF(api_routes); r++) {
        for (size_t i = 0; i < status->value_count; i++) {
            uint64_t count = (uint64_t)metric_get(
                METRIC_HTTP_REQUESTS, metric_cell(METRIC_HTTP_REQUESTS, api_routes[r], i));

            out->requests += count;
            out->errors += status->values[i][0] == '5' ? count : 0;
        }
        metric_get_buckets(METRIC_HTTP_REQUEST_DURATION, api_routes[r], latency);
        for (unsigned i = 0; i < HISTORY_BUCKETS; i++)
            out->latency[i] += (uint64_t)latency[i];
    }
    for (size_t i = 0; i < status->value_count; i++)
        out->scrapes += (uint64_t)metric_get(METRIC_HTTP_REQUESTS,
                                             metric_cell(METRIC_HTTP_REQUESTS, ROUTE_METRICS, i));
}

/* The time since the last look is as it was then. */
static void
look(struct beat *beat)
{
    int64_t now_ms = clock_boot_ms();
    int64_t passed_ms = now_ms - beat->looked_ms;
    int64_t in_flight = metric_get(METRIC_HTTP_REQUESTS_IN_FLIGHT, 0);

    /* A machine that slept was not ready meanwhile. */
    if (beat->was_ready)
        beat->now.ready_ms += passed_ms < 10 * LOOK_MS ? passed_ms : LOOK_MS;
    beat->was_ready = beat->now.is_ready = atomic_load(beat->is_ready);
    beat->looked_ms = now_ms;
    if (in_flight > 0 && (uint64_t)in_flight > beat->now.in_flight_max)
        beat->now.in_flight_max = (uint64_t)in_flight;
}

/* The line of the beat that ends now, and the next one begins. */
static void
finish(struct beat *beat)
{
    struct history_beat total;

    read_counters(&total);
    beat->now.took_ms = beat->looked_ms - beat->begun_ms;
    beat->now.requests = total.requests - beat->before.requests;
    beat->now.errors = total.errors - beat->before.errors;
    beat->now.scrapes = total.scrapes - beat->before.scrapes;
    for (unsigned i = 0; i < HISTORY_BUCKETS; i++)
        beat->now.latency[i] = total.latency[i] - beat->before.latency[i];
    /* Counters of several threads are not read at one moment. */
    if (beat->now.errors > beat->now.requests)
        beat->now.requests = beat->now.errors;
    if (beat->now.ready_ms > beat->now.took_ms)
        beat->now.ready_ms = beat->now.took_ms;
    beat->line = (struct history_line){.kind = HISTORY_BEAT, .beat = beat->now};
    beat->before = total;
    beat->begun_ms = beat->looked_ms;
    beat->now = (struct history_beat){0};
}

static void
write_line(uv_work_t *work)
{
    struct beat *beat = work->data;

    journal_write(&beat->journal, &beat->line);
}

static void
on_written(uv_work_t *work, int status)
{
    struct beat *beat = work->data;

    (void)status;
    beat->is_writing = false;
}

static void
on_timer(uv_timer_t *timer)
{
    struct beat *beat = timer->data;

    look(beat);
    /* A disk that takes longer than a beat gets one line for several. */
    if (beat->looked_ms - beat->begun_ms < beat->every_ms || beat->is_writing)
        return;
    finish(beat);
    beat->is_writing = true;
    if (uv_queue_work(timer->loop, &beat->work, write_line, on_written) != 0)
        beat->is_writing = false;
}

bool
beat_open(struct beat *beat, uv_loop_t *loop, int64_t every_ms, const atomic_bool *is_ready)
{
    assert(metric_defs[METRIC_HTTP_REQUEST_DURATION].bucket_count == HISTORY_BUCKETS - 1);
    beat->every_ms = every_ms;
    beat->is_ready = is_ready;
    beat->timer.data = beat;
    beat->work.data = beat;

    return uv_timer_init(loop, &beat->timer) == 0;
}

void
beat_start(struct beat *beat)
{
    beat->begun_ms = beat->looked_ms = clock_boot_ms();
    beat->was_ready = true;
    if (beat->journal.is_on)
        uv_timer_start(&beat->timer, on_timer, LOOK_MS, LOOK_MS);
}

void
beat_close(struct beat *beat)
{
    if (!uv_is_closing((uv_handle_t *)&beat->timer))
        uv_close((uv_handle_t *)&beat->timer, NULL);
}

void
beat_end(struct beat *beat)
{
    if (!beat->journal.is_on)
        return;
    look(beat);
    finish(beat);
    journal_write(&beat->journal, &beat->line);
    journal_fini(&beat->journal);
}
