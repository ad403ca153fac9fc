/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/count.h"

#include "core/json.h"

/* Deeper than any plan of a statement that this makes. */
#define PLAN_DEPTH_MAX 1000

static bool
count_row(void *ctx, const struct value *cells, uint32_t count)
{
    struct rest_call *call = ctx;

    if (count != 1)
        return false;
    if (cells[0].kind == VALUE_INT)
        call->total = cells[0].i;
    else if (cells[0].kind != VALUE_TEXT || !str_to_i64(cells[0].s, &call->total))
        return false;
    return true;
}

/* [{"Plan": {"Plan Rows": 8, ...}}]. What can't be read is no guess. */
static bool
guess_row(void *ctx, const struct value *cells, uint32_t count)
{
    struct rest_call *call = ctx;
    struct json_limits limits = {.max_depth = PLAN_DEPTH_MAX, .allow_duplicate_keys = true};
    struct json *list = NULL;
    struct err ignored = {0};

    if (count != 1 || cells[0].kind != VALUE_TEXT)
        return false;
    if (json_parse(cells[0].s, limits, call->request->arena, &list, &ignored))
        call->guess = json_get_i64(json_get(list->first, "Plan"), "Plan Rows", -1);
    return true;
}

bool
count_add(struct rest_call *call, struct err *err)
{
    const struct shape *shape = call->shape;
    const struct emit_output *sql = &shape->sql;

    return (sql->count.sql.data == NULL ||
            rest_add_stmt(call, &sql->count, shape->count_id, count_row, call, err)) &&
           (sql->guess.sql.data == NULL ||
            rest_add_stmt(call, &sql->guess, shape->guess_id, guess_row, call, err));
}

void
count_settle(struct rest_call *call)
{
    int64_t most = call->shape->plan->root->rows_max;

    if (call->guess < 0)
        return;
    /* Counted no further than to the bound, or without one: the guess, unless it is lower. */
    if (call->total < 0 || (call->total > most && call->guess > call->total))
        call->total = call->guess;
}
