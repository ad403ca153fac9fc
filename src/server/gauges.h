/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Figures of one loop thread that are looked at once a second instead of counted on the way of a
 * request: connections, requests in flight, bytes, and how late the loop is.
 */
#ifndef CAIRN_SERVER_GAUGES_H
#define CAIRN_SERVER_GAUGES_H

#include <uv.h>

#include "http/http.h"

struct gauges {
    uv_timer_t timer;
    const struct http_server *http;
    struct http_stats seen;
    uint64_t due_ns;
};

/* The timer keeps neither the loop nor the process alive. False: libuv refused. */
MUST_CHECK bool gauges_open(struct gauges *gauges, uv_loop_t *loop);
/* From now on http is looked at; it lives until gauges_close. */
void gauges_watch(struct gauges *gauges, const struct http_server *http);
/* Takes what is left back, and closes the timer. */
void gauges_close(struct gauges *gauges);

#endif
