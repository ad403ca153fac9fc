/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a migration on PostgreSQL takes for granted about access rules: the roles anon,
 * authenticated and service_role, and schema auth with auth.uid() and its kin. They are made when a
 * migration speaks of them and they are missing; a database whose migrations don't is left alone,
 * and so is one that cairn does not manage, where no migration runs.
 */
#ifndef CAIRN_DB_POSTGRES_RULES_H
#define CAIRN_DB_POSTGRES_RULES_H

#include "core/arena.h"
#include "core/err.h"

#include <libpq-fe.h>

enum { PG_RULES_ROLES = 3 };

/* name is empty: all in the schema. schema is empty: where names without one are found. */
struct pg_rules_said {
    const char *schema, *name;
};

/* What the text of a migration speaks of. */
struct pg_rules {
    struct arena *arena;
    bool speaks;                /* of anybody's rights at all */
    struct pg_rules_said *said; /* tables, views and sequences whose rights it grants or revokes */
    uint32_t said_count, said_cap;
    bool names_role;             /* one of the three */
    bool makes[PG_RULES_ROLES];  /* CREATE ROLE of it */
    bool names_auth, makes_auth; /* a function of schema auth; the schema, or a function in it */
};

struct pg_db;

void pg_rules_read(struct str text, struct pg_rules *out);
void pg_rules_fini(struct pg_rules *rules);
/* Makes what is missing, inside of the migration's transaction and before its text, and takes back
 * what stands open by default. */
MUST_CHECK bool pg_rules_prepare(PGconn *pq, const struct pg_db *db, const struct pg_rules *rules,
                                 struct err *err);
MUST_CHECK bool pg_rules_take_back(PGconn *pq, const struct pg_db *db, struct err *err);
/* After the text: opens what no migration speaks of, if that is wanted. */
MUST_CHECK bool pg_rules_settle(PGconn *pq, const struct pg_db *db, const struct pg_rules *rules,
                                struct err *err);
/* Whether requests without a token run as anon. */
MUST_CHECK bool pg_rules_has_anon(PGconn *pq, bool *out, struct err *err);
/* Whether migrations were applied of which none has rules, and no table has row-level security. */
MUST_CHECK bool pg_rules_are_absent(PGconn *pq, bool *out, struct err *err);

#endif
