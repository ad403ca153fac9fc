/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ctrl-C in a command that has something to put back: it is asked for, and whoever waits gives up,
 * so that what was begun is ended in order. For commands that run by themselves; a server has its
 * own way.
 */
#ifndef CAIRN_CORE_INTERRUPT_H
#define CAIRN_CORE_INTERRUPT_H

#include "core/base.h"

/* From now on SIGINT and SIGTERM ask, and end nothing. */
void interrupt_catch(void);
/* Whether one came. False for ever when nobody catches them. */
bool interrupt_is_asked(void);

#endif
