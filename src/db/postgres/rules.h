/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a migration on PostgreSQL takes for granted about access rules: the roles anon, authenticated and
 * service_role, and schema auth with auth.uid() and its kin. They are made when a migration speaks of
 * them and they are missing; a database whose migrations don't is left alone, and so is one that
 * cairn does not manage, where no migration runs.
 */
#ifndef CAIRN_DB_POSTGRES_RULES_H
#define CAIRN_DB_POSTGRES_RULES_H

#include "core/err.h"
#include "core/str.h"

#include <libpq-fe.h>

enum { PG_RULES_ROLES = 3 };

/* What the text of a migration speaks of. */
struct pg_rules {
    bool names_role;             /* one of the three */
    bool makes[PG_RULES_ROLES];  /* CREATE ROLE of it */
    bool names_auth, makes_auth; /* a function of schema auth; the schema, or a function in it */
};

void pg_rules_read(struct str text, struct pg_rules *out);
/* Makes what is missing, inside of the migration's transaction and before its text. */
MUST_CHECK bool pg_rules_prepare(PGconn *pq, const struct pg_rules *rules, struct err *err);

#endif
