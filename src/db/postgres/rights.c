/* SPDX-License-Identifier: Apache-2.0 */
#include "core/buf.h"
#include "db/postgres/pg.h"
#include "db/postgres/session.h"

enum { NAME, FIRST_RIGHT, BY_POLICIES = 5, READS_ALL, LETS_ALL };

/* A view that can't be written shows what was granted on it only as far as that means anything. */
static const char rights_sql[] =
    "SELECT c.relname, pg_catalog.has_table_privilege(r.oid, c.oid, 'SELECT')"
    "  OR pg_catalog.has_any_column_privilege(r.oid, c.oid, 'SELECT'),"
    " (up.events & 8) <> 0 AND (pg_catalog.has_table_privilege(r.oid, c.oid, 'INSERT')"
    "  OR pg_catalog.has_any_column_privilege(r.oid, c.oid, 'INSERT')),"
    " (up.events & 4) <> 0 AND (pg_catalog.has_table_privilege(r.oid, c.oid, 'UPDATE')"
    "  OR pg_catalog.has_any_column_privilege(r.oid, c.oid, 'UPDATE')),"
    " (up.events & 16) <> 0 AND pg_catalog.has_table_privilege(r.oid, c.oid, 'DELETE'),"
    " c.relrowsecurity AND NOT r.rolbypassrls AND NOT r.rolsuper,"
    " pg_catalog.has_table_privilege(r.oid, c.oid, 'SELECT'),"
    " EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive"
    "  AND (0 = ANY (p.polroles) OR r.oid = ANY (p.polroles))"
    "  AND pg_catalog.pg_get_expr(p.polqual, c.oid) = 'true'"
    "  AND (p.polcmd IN ('*', 'd') AND pg_catalog.has_table_privilege(r.oid, c.oid, 'DELETE')"
    "   OR p.polcmd IN ('*', 'w') AND pg_catalog.has_any_column_privilege(r.oid, c.oid, 'UPDATE')"
    "    AND coalesce(pg_catalog.pg_get_expr(p.polwithcheck, c.oid), 'true') = 'true'))"
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid"
    "  AND NOT p.polpermissive)"
    " FROM pg_catalog.pg_roles r, pg_catalog.pg_class c"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,"
    " LATERAL (SELECT CASE WHEN c.relkind IN ('r', 'p') THEN 28 ELSE"
    "  pg_catalog.pg_relation_is_updatable(c.oid, true) END) AS up(events)"
    " WHERE r.rolname = $1 AND n.nspname = ANY ($2::name[]) AND NOT c.relispartition"
    " AND c.relkind IN ('r', 'v', 'm', 'f', 'p')"
    " AND pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE')"
    " ORDER BY c.relname COLLATE \"C\", n.nspname COLLATE \"C\"";

static bool
is_true(const PGresult *res, int row, int column)
{
    return strcmp(PQgetvalue(res, row, column), "t") == 0;
}

bool
pg_list_rights(struct db *base, const char *role, struct arena *arena, struct db_table_rights **out,
               uint32_t *count, struct err *err)
{
    static const int64_t rights[] = {MODEL_MAY_SELECT, MODEL_MAY_INSERT, MODEL_MAY_UPDATE,
                                     MODEL_MAY_DELETE};
    struct pg_db *db = (struct pg_db *)base;
    PGconn *pq = NULL;
    PGresult *res = NULL;
    struct buf schemas;

    buf_init(&schemas, 1024 * 1024);
    pg_session_add_array(&schemas, (const char *const *)db->schemas, db->schema_count);
    if (pg_open_reader(db, buf_str(&db->catalog_path), &pq, err)) {
        const char *params[] = {role, buf_cstr(&schemas)};

        res = pg_session_query(pq, rights_sql, params, COUNTOF(params), err);
    }
    if (res != NULL)
        *out = ARENA_ARRAY(arena, struct db_table_rights, (size_t)PQntuples(res) + 1);
    for (int row = 0; res != NULL && row < PQntuples(res); row++) {
        struct db_table_rights found = {.by_policies = is_true(res, row, BY_POLICIES),
                                        .reads_all = is_true(res, row, READS_ALL),
                                        .lets_all = is_true(res, row, LETS_ALL)};

        for (int i = 0; i < (int)COUNTOF(rights); i++)
            found.rights |= is_true(res, row, FIRST_RIGHT + i) ? rights[i] : 0;
        if (found.rights == 0)
            continue;
        found.name = arena_copy(arena, str_from(PQgetvalue(res, row, NAME)));
        (*out)[(*count)++] = found;
    }
    PQclear(res);
    pg_session_close(pq);
    buf_fini(&schemas);
    return res != NULL;
}
