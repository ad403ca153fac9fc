/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling the service manager: https://www.freedesktop.org/software/systemd/man/sd_notify.html
 */
#ifndef CAIRN_SERVER_NOTIFY_H
#define CAIRN_SERVER_NOTIFY_H

/* Sends state ("READY=1") to $NOTIFY_SOCKET; without one, and on failure, nothing happens. */
void notify_send(const char *state);

#endif
