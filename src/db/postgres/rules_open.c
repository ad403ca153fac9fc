/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What no migration speaks of, on PostgreSQL: where auth.anonymous is open, the three roles are
 * granted it, and it is written down in cairn.open_relations what was, so that it can be taken
 * back; in cairn.said_relations stands what a migration has spoken of. The tables are there once a
 * migration has any rules, so they also say that requests without a token run as anon.
 */
#include "db/postgres/rules.h"

#include "db/postgres/pg.h"
#include "db/postgres/session.h"

#define SQL_MAX 65536
#define ROLES "anon, authenticated, service_role"

static bool
ask(PGconn *pq, const char *sql, bool *out, struct err *err)
{
    PGresult *res = pg_session_query(pq, sql, NULL, 0, err);

    *out = res != NULL && PQntuples(res) > 0 && strcmp(PQgetvalue(res, 0, 0), "t") == 0;
    PQclear(res);
    return res != NULL;
}

bool
pg_rules_has_anon(PGconn *pq, bool *out, struct err *err)
{
    return ask(pq,
               "SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
               " ON n.oid = c.relnamespace WHERE n.nspname = 'cairn'"
               " AND c.relname = 'open_relations')"
               " AND (SELECT count(*) = 3 FROM pg_catalog.pg_roles WHERE rolname IN ('anon',"
               " 'authenticated', 'service_role') AND pg_catalog.pg_has_role(oid, 'MEMBER'))",
               out, err);
}

bool
pg_rules_are_absent(PGconn *pq, bool *out, struct err *err)
{
    return ask(
        pq,
        "SELECT count(*) FILTER (WHERE n.nspname = 'cairn' AND c.relname = 'migrations') = 1"
        " AND count(*) FILTER (WHERE n.nspname = 'cairn' AND c.relname = 'open_relations') = 0"
        " AND NOT bool_or(c.relrowsecurity)"
        " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
        " ON n.oid = c.relnamespace",
        out, err);
}

static bool
make_tables(PGconn *pq, struct err *err)
{
    return pg_session_run(
        pq,
        "CREATE TABLE IF NOT EXISTS cairn.open_relations (relation oid PRIMARY KEY);"
        "CREATE TABLE IF NOT EXISTS cairn.said_relations (relation oid PRIMARY KEY);"
        "COMMENT ON TABLE cairn.said_relations IS"
        " 'Of which migrations say who may use them.'",
        err);
}

/* Nothing is open any more. */
static bool
take_back(PGconn *pq, struct err *err)
{
    return pg_session_run(
        pq,
        "DO $cairn$ DECLARE r record; BEGIN"
        " FOR r IN SELECT CAST(CAST(c.oid AS regclass) AS text) AS name, c.relkind"
        "  FROM cairn.open_relations o JOIN pg_catalog.pg_class c ON c.oid = o.relation LOOP"
        "  EXECUTE pg_catalog.format('REVOKE ALL ON %s %s FROM " ROLES "',"
        "   CASE r.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, r.name);"
        " END LOOP;"
        " DELETE FROM cairn.open_relations;"
        " COMMENT ON TABLE cairn.open_relations IS 'closed';"
        "END $cairn$",
        err);
}

static void
add_schemas(struct buf *sql, const struct pg_db *db)
{
    struct buf text;

    buf_init(&text, SQL_MAX);
    for (size_t i = 0; i < db->schema_count; i++) {
        if (i > 0)
            buf_add_char(sql, ',');
        buf_add_char(sql, '\'');
        for (const char *c = db->schemas[i]; *c != '\0'; c++) {
            if (*c == '\'')
                buf_add_char(sql, '\'');
            buf_add_char(sql, *c);
        }
        buf_add_char(sql, '\'');
    }
    buf_fini(&text);
}

/* A view is spoken of when something below it is. */
static bool
open_rest(PGconn *pq, const struct pg_db *db, struct err *err)
{
    struct buf sql;
    bool ok;

    buf_init(&sql, SQL_MAX);
    BUF_ADD_LIT(
        &sql,
        "DO $cairn$ DECLARE r record; BEGIN"
        " INSERT INTO cairn.open_relations"
        " WITH RECURSIVE said(oid) AS ("
        "  SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
        "   ON n.oid = c.relnamespace WHERE n.nspname !~ '^pg_' AND (c.relrowsecurity"
        "   OR EXISTS (SELECT FROM pg_catalog.aclexplode(c.relacl) a WHERE a.grantee <> c.relowner)"
        "   OR EXISTS (SELECT FROM pg_catalog.pg_attribute t WHERE t.attrelid = c.oid"
        "    AND t.attacl IS NOT NULL)"
        "   OR c.oid IN (SELECT relation FROM cairn.said_relations))"
        "  UNION SELECT w.ev_class FROM said s JOIN pg_catalog.pg_depend d ON d.refobjid = s.oid"
        "   AND d.refclassid = 'pg_catalog.pg_class'::regclass"
        "   AND d.classid = 'pg_catalog.pg_rewrite'::regclass"
        "   JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid)"
        " SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
        "  ON n.oid = c.relnamespace JOIN pg_catalog.pg_roles o ON o.oid = c.relowner"
        "  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND o.rolname = current_user"
        "  AND NOT EXISTS (SELECT FROM said s WHERE s.oid = c.oid) AND n.nspname IN (");
    add_schemas(&sql, db);
    BUF_ADD_LIT(
        &sql, ");"
              " FOR r IN SELECT CAST(CAST(c.oid AS regclass) AS text) AS name, c.relkind"
              "  FROM cairn.open_relations o JOIN pg_catalog.pg_class c ON c.oid = o.relation LOOP"
              "  EXECUTE pg_catalog.format('GRANT %s ON %s %s TO " ROLES "',"
              "   CASE r.relkind WHEN 'S' THEN 'USAGE, SELECT, UPDATE'"
              "    ELSE 'SELECT, INSERT, UPDATE, DELETE' END,"
              "   CASE r.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, r.name);"
              " END LOOP;"
              " FOR r IN SELECT n.nspname FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles o"
              "  ON o.oid = n.nspowner WHERE o.rolname = current_user AND n.nspacl IS NULL"
              "  AND n.nspname IN (");
    add_schemas(&sql, db);
    BUF_ADD_LIT(&sql,
                ") LOOP"
                "  EXECUTE pg_catalog.format('GRANT USAGE ON SCHEMA %I TO " ROLES "', r.nspname);"
                " END LOOP;"
                " COMMENT ON TABLE cairn.open_relations IS 'open';"
                "END $cairn$");
    ok = pg_session_run(pq, buf_cstr(&sql), err);
    buf_fini(&sql);
    return ok;
}

static bool
add_said(PGconn *pq, const struct pg_db *db, const struct pg_rules *rules, struct err *err)
{
    struct buf sql;
    bool ok = true;

    buf_init(&sql, SQL_MAX);
    BUF_ADD_LIT(&sql, "INSERT INTO cairn.said_relations SELECT c.oid FROM pg_catalog.pg_class c"
                      " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                      " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')"
                      " AND ($2 = '' OR c.relname = $2)"
                      " AND (n.nspname = $1 OR ($1 = '' AND n.nspname IN (");
    add_schemas(&sql, db);
    BUF_ADD_LIT(&sql, "))) ON CONFLICT DO NOTHING");
    for (uint32_t i = 0; ok && i < rules->said_count; i++) {
        const char *const params[] = {rules->said[i].schema, rules->said[i].name};
        PGresult *res = pg_session_query(pq, buf_cstr(&sql), params, 2, err);

        ok = res != NULL;
        PQclear(res);
    }
    buf_fini(&sql);
    return ok;
}

bool
pg_rules_take_back(PGconn *pq, const struct pg_db *db, struct err *err)
{
    bool has_anon = false;

    return db->anon == DB_ANON_GIVEN ||
           (pg_rules_has_anon(pq, &has_anon, err) && (!has_anon || take_back(pq, err)));
}

bool
pg_rules_settle(PGconn *pq, const struct pg_db *db, const struct pg_rules *rules, struct err *err)
{
    bool has_anon = false;

    if (db->anon == DB_ANON_GIVEN)
        return true;
    if (rules->names_role || rules->speaks) {
        if (!ask(pq,
                 "SELECT count(*) = 3 FROM pg_catalog.pg_roles WHERE rolname IN ('anon',"
                 " 'authenticated', 'service_role') AND pg_catalog.pg_has_role(oid, 'MEMBER')",
                 &has_anon, err) ||
            (has_anon && !make_tables(pq, err)))
            return false;
    } else if (!pg_rules_has_anon(pq, &has_anon, err)) {
        return false;
    }
    return !has_anon ||
           (add_said(pq, db, rules, err) && (db->anon != DB_ANON_OPEN || open_rest(pq, db, err)));
}

/* The setting may have changed since the last migration. */
bool
pg_rules_refresh(struct db *base, struct err *err)
{
    struct pg_db *db = (struct pg_db *)base;
    const char *word = db->anon == DB_ANON_OPEN ? "open" : "closed";
    PGconn *pq = NULL;
    PGresult *res = NULL;
    bool ok = false;

    if (db->anon == DB_ANON_GIVEN)
        return true;
    if (!pg_open_reader(db, buf_str(&db->migration_path), &pq, err))
        goto out;
    res = pg_session_query(
        pq,
        "SELECT coalesce(pg_catalog.obj_description(c.oid, 'pg_class'), '')"
        " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'cairn' AND c.relname = 'open_relations'",
        NULL, 0, err);
    ok = res != NULL;
    if (!ok || PQntuples(res) == 0 || strcmp(PQgetvalue(res, 0, 0), word) == 0)
        goto out;
    ok = pg_session_run(pq, "BEGIN", err) && take_back(pq, err) &&
         (db->anon != DB_ANON_OPEN || open_rest(pq, db, err)) && pg_session_run(pq, "COMMIT", err);
    if (!ok) {
        err_prefix(err, "unable to make the tables without rules %s to anonymous callers: ", word);
        err_hint(err, "Run cairn migrate up with the database.url of who applied the migrations.");
    }

out:
    PQclear(res);
    pg_session_close(pq);
    return ok;
}
