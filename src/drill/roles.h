/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Migrations for a clone on a server that others use: roles and the settings of databases are of
 * the whole server, and the clone must not change them.
 */
#ifndef CAIRN_DRILL_ROLES_H
#define CAIRN_DRILL_ROLES_H

#include "core/arena.h"
#include "core/err.h"

enum { ROLES_MAX = 100 };

struct roles {
    const char *names[ROLES_MAX];
    size_t count;
};

/* Adds the names that a migration may make: what follows CREATE ROLE, USER or GROUP anywhere in it,
 * bodies of DO included. */
void roles_find(struct str text, struct arena *arena, struct roles *roles);
void roles_add(struct roles *roles, const char *name);

/*
 * The text with blanks in place of statements that are about other roles than own, or about
 * databases: CREATE, ALTER, DROP, GRANT and COMMENT. Places of what stays are the same. False, of
 * kind ERR_UNAVAILABLE, when a DO block would change some and others use the server.
 */
MUST_CHECK bool roles_blank(struct str text, const char *file, const struct roles *own,
                            bool is_own_server, struct arena *arena, struct str *out,
                            struct err *err);

#endif
