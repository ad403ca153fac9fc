/* SPDX-License-Identifier: Apache-2.0 */
#include "core/stop.h"

_Thread_local struct stop_state stop_state;

void
stop_set(const struct stop *stop)
{
    stop_state = (struct stop_state){.stop = stop};
}

bool
stop_ask(void)
{
    struct stop_state *state = &stop_state;

    if (state->is_due)
        return true;
    state->rounds = 0;
    state->is_due = state->stop != NULL && state->stop->is_wanted(state->stop->ctx);
    if (state->is_due)
        state->rounds = STOP_ROUNDS;
    return state->is_due;
}

bool
stop_fail(struct err *err)
{
    return err_set(err, ERR_DB, "57014", "canceling statement due to statement timeout");
}
