/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Databases of a drill's own on somebody's server: made, shut and opened again under a service that
 * uses them, and dropped.
 *
 * They are called cairn_drill_PID_TIMEHOSTRANDOM; PID and HOST say whose they are, and nothing of
 * another name is ever touched. What a process that was killed has left is dropped when the next
 * one makes one. Roles are of the whole server: those that the drill's migrations have made are
 * told to pg_scratch_own_roles, and go with the database. All of it blocks.
 *
 * Errors are of kind ERR_UNAVAILABLE: nothing can be said then of what was to be drilled.
 */
#ifndef CAIRN_DB_POSTGRES_SCRATCH_H
#define CAIRN_DB_POSTGRES_SCRATCH_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"

struct pg_scratch;

enum { PG_SCRATCH_NAME_SIZE = 64, PG_SCRATCH_ROLES_MAX = 100 };

/* Makes one as the user of url, on its server, with the locale of its database. */
MUST_CHECK bool pg_scratch_make(const char *url, struct pg_scratch **out, struct err *err);
/* Drops it, whoever is in it, and the roles; then frees it. NULL is safe. False when it is still
 * there: the next pg_scratch_make drops it. */
bool pg_scratch_drop(struct pg_scratch *scratch, struct err *err);

const char *pg_scratch_name(const struct pg_scratch *scratch);
const char *pg_scratch_url(const struct pg_scratch *scratch);
const char *pg_scratch_user(const struct pg_scratch *scratch);

/* Nobody gets in, and who is in is thrown out. False also when somebody can't
 * be thrown out. */
MUST_CHECK bool pg_scratch_shut(struct pg_scratch *scratch, struct err *err);
/* Only the second: who got in all the same. */
MUST_CHECK bool pg_scratch_empty(struct pg_scratch *scratch, struct err *err);
MUST_CHECK bool pg_scratch_open(struct pg_scratch *scratch, struct err *err);

/* From now on each INSERT and UPDATE of its tables is refused with 53100, as by a server whose disk
 * is full: a trigger does it, in a schema of its own, which freeing drops. Tables made later are
 * not refused. */
MUST_CHECK bool pg_scratch_fill_disk(struct pg_scratch *scratch, struct err *err);
MUST_CHECK bool pg_scratch_free_disk(struct pg_scratch *scratch, struct err *err);

/* Whether the server has a role of that name. */
MUST_CHECK bool pg_scratch_has_role(struct pg_scratch *scratch, const char *name, bool *out,
                                    struct err *err);
/* Those of the names that are roles by now, and weren't before, are the scratch database's own. */
MUST_CHECK bool pg_scratch_own_roles(struct pg_scratch *scratch, const char *const *names,
                                     size_t count, struct err *err);

/* --- for tests -------------------------------------------------------------------------------- */

/* url with another database; false when it is no postgres:// URL. */
MUST_CHECK bool pg_scratch_replace_name(const char *url, const char *name, struct buf *out);
/* Whether a database of that name may be dropped: its process is gone, or on another host too
 * old. */
bool pg_scratch_is_left(const char *name, int64_t now_s);
/* name has PG_SCRATCH_NAME_SIZE bytes. */
void pg_scratch_write_name(long pid, int64_t now_s, char *name);

#endif
