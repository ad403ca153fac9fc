/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/timing.h"

#include "core/clock.h"

#define TEXT_MAX 200

struct timing {
    uint64_t since_ns;
    uint64_t took_ns[TIMING_STEPS];
    bool was_there[TIMING_STEPS];
};

void
timing_begin(struct request *request)
{
    request->timing = ARENA_NEW(request->arena, struct timing);
    request->timing->since_ns = clock_mono_ns();
}

void
timing_end(struct request *request, enum timing_step step)
{
    struct timing *timing = request->timing;
    uint64_t now = 0;

    if (timing == NULL)
        return;
    now = clock_mono_ns();
    timing->took_ns[step] = now - timing->since_ns;
    timing->was_there[step] = true;
    timing->since_ns = now;
}

void
timing_add_header(struct request *request)
{
    static const char *const names[TIMING_STEPS] = {"jwt", "parse", "plan", "transaction",
                                                    "response"};
    const struct timing *timing = request->timing;
    struct buf text;

    if (timing == NULL)
        return;
    timing_end(request, TIMING_RESPONSE);
    buf_init(&text, TEXT_MAX);
    for (size_t i = 0; i < TIMING_STEPS; i++) {
        if (!timing->was_there[i])
            continue;
        buf_printf(&text, "%s%s;dur=%.3f", text.len > 0 ? ", " : "", names[i],
                   (double)(timing->took_ns[i] / 1000) / 1e3);
    }
    response_add_header(request, STR("Server-Timing"), arena_copy(request->arena, buf_str(&text)));
    buf_fini(&text);
}
