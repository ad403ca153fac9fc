/* SPDX-License-Identifier: Apache-2.0 */
#include "server/gauges.h"

#include "core/clock.h"
#include "metric/metric.h"

enum { EVERY_MS = 1000 };

static void
publish(struct gauges *gauges, struct http_stats now)
{
    const struct http_stats *seen = &gauges->seen;

    metric_add(METRIC_HTTP_CONNECTIONS, 0,
               (int64_t)(now.connections_open - seen->connections_open));
    metric_add(METRIC_HTTP_CONNECTIONS_OPENED, 0,
               (int64_t)(now.connections_total - seen->connections_total));
    metric_add(METRIC_HTTP_REQUESTS_IN_FLIGHT, 0,
               (int64_t)(now.requests_active - seen->requests_active));
    metric_add(METRIC_HTTP_REQUEST_BYTES, 0, (int64_t)(now.bytes_received - seen->bytes_received));
    metric_add(METRIC_HTTP_RESPONSE_BYTES, 0, (int64_t)(now.bytes_sent - seen->bytes_sent));
    gauges->seen = now;
}

static void
on_timer(uv_timer_t *timer)
{
    struct gauges *gauges = timer->data;
    uint64_t now_ns = clock_mono_ns();

    if (gauges->http != NULL)
        publish(gauges, http_server_stats(gauges->http));
    metric_observe(METRIC_LOOP_LAG, 0,
                   now_ns > gauges->due_ns ? (double)(now_ns - gauges->due_ns) / 1e9 : 0);
    /* Set anew each time: a repeating timer of a late loop would count its lateness twice. */
    gauges->due_ns = now_ns + (uint64_t)EVERY_MS * 1000000;
    uv_timer_start(timer, on_timer, EVERY_MS, 0);
}

bool
gauges_open(struct gauges *gauges, uv_loop_t *loop)
{
    if (uv_timer_init(loop, &gauges->timer) != 0)
        return false;
    gauges->timer.data = gauges;
    gauges->due_ns = clock_mono_ns() + (uint64_t)EVERY_MS * 1000000;
    uv_unref((uv_handle_t *)&gauges->timer);

    return uv_timer_start(&gauges->timer, on_timer, EVERY_MS, 0) == 0;
}

void
gauges_watch(struct gauges *gauges, const struct http_server *http)
{
    gauges->http = http;
}

void
gauges_close(struct gauges *gauges)
{
    struct http_stats last = gauges->seen;

    if (gauges->http != NULL)
        last = http_server_stats(gauges->http);
    last.connections_open = 0;
    last.requests_active = 0;
    publish(gauges, last);
    gauges->http = NULL;
    uv_close((uv_handle_t *)&gauges->timer, NULL);
}
