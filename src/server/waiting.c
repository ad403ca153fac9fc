/* SPDX-License-Identifier: Apache-2.0 */
#include "server/waiting.h"

/* In the request's arena. */
struct waiting_item {
    struct request *request;
    const struct route_def *route;
    struct str segment;
    struct waiting_item *next;
};

static void
on_timer(uv_timer_t *timer)
{
    waiting_release(timer->data);
}

bool
waiting_open(struct waiting *waiting, uv_loop_t *loop)
{
    waiting->first = NULL;
    waiting->end = &waiting->first;
    waiting->count = 0;
    waiting->timer.data = waiting;
    return uv_timer_init(loop, &waiting->timer) == 0;
}

void
waiting_close(struct waiting *waiting)
{
    assert(waiting->count == 0);
    uv_close((uv_handle_t *)&waiting->timer, NULL);
}

bool
waiting_add(struct waiting *waiting, struct request *request, const struct route_def *route,
            struct str segment)
{
    struct waiting_item *item = NULL;

    if (waiting->count == WAITING_MAX)
        return false;
    item = ARENA_NEW(request->arena, struct waiting_item);
    *item = (struct waiting_item){.request = request, .route = route, .segment = segment};
    *waiting->end = item;
    waiting->end = &item->next;
    if (waiting->count++ == 0)
        uv_timer_start(&waiting->timer, on_timer, WAITING_MS, 0);
    return true;
}

void
waiting_release(struct waiting *waiting)
{
    struct waiting_item *item = waiting->first;

    waiting->first = NULL;
    waiting->end = &waiting->first;
    waiting->count = 0;
    uv_timer_stop(&waiting->timer);
    while (item != NULL) {
        struct waiting_item *next = item->next; /* dies with its request */

        waiting->resume(waiting->ctx, item->request, item->route, item->segment);
        item = next;
    }
}
