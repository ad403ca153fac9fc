/* SPDX-License-Identifier: Apache-2.0 */
#include "core/interrupt.h"

#include <signal.h>

static volatile sig_atomic_t asked;

static void
on_signal(int signal_no)
{
    asked = 1;
}

void
interrupt_catch(void)
{
    /* Without SA_RESTART: what waits in the kernel returns, and asks. */
    struct sigaction action = {.sa_handler = on_signal};

    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool
interrupt_is_asked(void)
{
    return asked != 0;
}
