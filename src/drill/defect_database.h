/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Defects of how a service bears that its database is away, or has no room, by what it answers
 * then. On PostgreSQL only: an embedded database goes away with its file, which cairn answers in
 * another way.
 */
#ifndef CAIRN_DRILL_DEFECT_DATABASE_H
#define CAIRN_DRILL_DEFECT_DATABASE_H

#include "drill/client.h"

/* Spoils what was answered, if name is such a defect. From any thread. */
void defect_spoil_absence(const char *name, struct str method, struct str path,
                          struct client_response *response);
void defect_spoil_fullness(const char *name, struct str method, struct str path,
                           struct client_response *response);

#endif
