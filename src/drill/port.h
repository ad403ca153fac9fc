/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports for services that are started here.
 *
 * A service listens some time after its port was chosen, and again after it was ended; who takes
 * the port meanwhile is asked in its place, or keeps it from starting. The kernel gives ports of
 * its own range to whoever connects or asks for any, so those of other ranges are taken, and among
 * the processes of cairn on this machine each belongs to one.
 */
#ifndef CAIRN_DRILL_PORT_H
#define CAIRN_DRILL_PORT_H

#include "core/str.h"

struct port_range {
    unsigned first, last;
};

/*
 * A port of 127.0.0.1 on which nobody listens, nobody else's until the descriptor returned is
 * closed. -1 with errno when there is none.
 */
int port_reserve(unsigned *port);

/* The range to choose from, the kernel's own being text (ip_local_port_range): the widest beside it
 * that needs no privilege, or when that is too narrow the kernel's own. */
struct port_range port_find_range(struct str text);

#endif
