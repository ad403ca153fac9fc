/* SPDX-License-Identifier: Apache-2.0 */
#include "db/postgres/rules.h"

#include "db/postgres/pg.h"
#include "db/postgres/session.h"
#include "sql/pgtree.h"
#include "sql/script.h"

#define TREE_MAX ((size_t)512 << 20)
#define SQL_MAX 65536
#define COMMENT_TEXT "Made by cairn for the callers of its API."

static const char *const role_names[PG_RULES_ROLES] = {"anon", "authenticated", "service_role"};

/* --- reading ---------------------------------------------------------------------------------- */

static int
role_of(struct str name)
{
    for (int i = 0; i < PG_RULES_ROLES; i++) {
        if (str_eq(name, str_from(role_names[i])))
            return i;
    }
    return -1;
}

/* The text of a function's body, which the parser doesn't look into. */
static bool
calls_auth(struct str text)
{
    static const char *const calls[] = {"auth.uid(", "auth.jwt(", "auth.role(", "auth.email("};

    for (size_t i = 0; i < COUNTOF(calls); i++) {
        if (text.len > 0 && memmem(text.data, text.len, calls[i], strlen(calls[i])) != NULL)
            return true;
    }
    return false;
}

static void
read_text(struct str key, struct str text, struct pg_rules *out)
{
    if (str_eq(key, STR("rolename")) || str_eq(key, STR("priv_name")))
        out->names_role |= role_of(text) >= 0;
    else if (str_eq(key, STR("schemaname")) && str_eq(text, STR("auth")))
        out->makes_auth = true;
    else if (str_eq(key, STR("sval")))
        out->names_auth |= calls_auth(text);
}

static const char *
keep(struct pg_rules *out, struct str text)
{
    return arena_cstr(out->arena, text);
}

static void
add_said(struct pg_rules *out, struct str schema, struct str name)
{
    if (out->said_count == out->said_cap) {
        uint32_t cap = out->said_cap > 0 ? 2 * out->said_cap : 16;
        struct pg_rules_said *grown = ARENA_ARRAY(out->arena, struct pg_rules_said, cap);

        if (out->said_count > 0)
            memcpy(grown, out->said, out->said_count * sizeof(*grown));
        out->said = grown;
        out->said_cap = cap;
    }
    out->said[out->said_count++] =
        (struct pg_rules_said){.schema = keep(out, schema), .name = keep(out, name)};
}

/* GRANT and REVOKE. Those on schemas and databases are no rules: dumps have them. */
static void
read_grant(const struct json *body, struct pg_rules *out)
{
    bool is_all = pg_is(body, "targtype", "ACL_TARGET_ALL_IN_SCHEMA");

    if (!pg_is(body, "objtype", "OBJECT_TABLE") && !pg_is(body, "objtype", "OBJECT_SEQUENCE")) {
        out->speaks = out->speaks || pg_is(body, "objtype", "OBJECT_FUNCTION");
        return;
    }
    out->speaks = true;
    for (const struct json *n = pg_first(body, "objects"); n != NULL; n = n->next) {
        const struct json *range = pg_as(n, "RangeVar");

        if (is_all)
            add_said(out, pg_string(n), STR(""));
        else if (range != NULL)
            add_said(out, pg_str(range, "schemaname"), pg_str(range, "relname"));
    }
}

static void
read_statement(struct str kind, const struct json *body, struct pg_rules *out)
{
    static const char *const kinds[] = {"GrantRoleStmt", "CreatePolicyStmt", "AlterPolicyStmt",
                                        "CreateRoleStmt", "AlterDefaultPrivilegesStmt"};

    if (str_eq(kind, STR("GrantStmt")))
        read_grant(body, out);
    for (size_t i = 0; i < COUNTOF(kinds); i++)
        out->speaks = out->speaks || str_eq(kind, str_from(kinds[i]));
    for (const struct json *n = pg_first(body, "cmds"); n != NULL; n = n->next)
        out->speaks =
            out->speaks || pg_is(pg_as(n, "AlterTableCmd"), "subtype", "AT_EnableRowSecurity");
}

static void
read_tree(const struct json *tree, struct pg_rules *out)
{
    for (const struct json *n = tree->first; n != NULL; n = n->next) {
        struct str key = tree->type == JSON_OBJECT ? n->key : STR_NULL;
        struct str first = pg_string(pg_first(n, "funcname"));

        /* A table of schema auth is somebody's own; a name in FROM says nothing about the
         * schema. */
        if (str_eq(key, STR("RangeVar")))
            continue;
        if (n->type == JSON_STRING) {
            read_text(key, n->text, out);
            continue;
        }
        if (n->type == JSON_OBJECT && key.len > 0)
            read_statement(key, n, out);
        if (str_eq(key, STR("CreateRoleStmt")) && role_of(pg_str(n, "role")) >= 0)
            out->makes[role_of(pg_str(n, "role"))] = true;
        if (str_eq(first, STR("auth")) && str_eq(key, STR("FuncCall")))
            out->names_auth = true;
        else if (str_eq(first, STR("auth")))
            out->makes_auth = true;
        read_tree(n, out);
    }
}

/* Whether it is worth parsing: of rows, and what is done with them, only what calls a function. */
static bool
may_matter(struct str statement)
{
    static const char *const words[] = {"insert", "update", "delete", "select", "copy", "set"};
    size_t len = 0;

    while (len < statement.len && len < 8 && (statement.data[len] | 0x20) >= 'a' &&
           (statement.data[len] | 0x20) <= 'z')
        len++;
    for (size_t i = 0; i < COUNTOF(words); i++) {
        if (str_eq_nocase(str_slice(statement, 0, len), str_from(words[i])))
            return memmem(statement.data, statement.len, "auth", 4) != NULL;
    }
    return true;
}

void
pg_rules_read(struct str text, struct pg_rules *out)
{
    struct arena *arena = arena_new(65536, TREE_MAX);
    struct script script;
    struct script_piece piece;
    struct script_fault fault;

    arena_set_soft(arena);
    *out = (struct pg_rules){.arena = arena_new(4096, TREE_MAX)};
    /* What is no text, or not SQL, is refused when it is run. */
    if (text.len > 0 && memchr(text.data, '\0', text.len) == NULL && str_is_utf8(text)) {
        script_init(&script, text);
        while (script_next(&script, &piece, &fault)) {
            struct str statement = str_slice(text, piece.from, piece.to);
            struct pgtree_error error;
            struct pgtree tree;

            arena_reset(arena);
            if (!piece.has_data && may_matter(statement) &&
                pgtree_parse(statement, arena, &tree, &error))
                read_tree(tree.root, out);
        }
    }
    arena_free(arena);
}

void
pg_rules_fini(struct pg_rules *rules)
{
    arena_free(rules->arena);
}

/* --- making ----------------------------------------------------------------------------------- */

/* Another process may be making them for another database of the same server. The owner of the
 * connection must be able to take the role; a superuser is. */
static void
write_role(struct buf *sql, const char *name, const char *attributes)
{
    buf_printf(
        sql,
        "IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '%s') THEN"
        " BEGIN"
        "  CREATE ROLE %s NOLOGIN %s;"
        "  COMMENT ON ROLE %s IS '" COMMENT_TEXT "';"
        "  IF NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN"
        "   GRANT %s TO CURRENT_USER; END IF;"
        " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END;"
        " END IF;",
        name, name, attributes, name, name);
}

static bool
make_roles(PGconn *pq, const struct pg_rules *rules, struct err *err)
{
    struct buf sql;
    bool ok;

    buf_init(&sql, SQL_MAX);
    BUF_ADD_LIT(&sql, "DO $cairn$ BEGIN ");
    for (int i = 0; i < PG_RULES_ROLES; i++) {
        if (!rules->makes[i])
            write_role(&sql, role_names[i], i == PG_RULES_ROLES - 1 ? "BYPASSRLS" : "");
    }
    BUF_ADD_LIT(&sql, "END $cairn$");
    ok = pg_session_run(pq, buf_cstr(&sql), err);
    buf_fini(&sql);
    if (ok)
        return true;
    err_prefix(err, "unable to make the roles that the migration speaks of: ");
    err_hint(err,
             "Let a superuser run: CREATE ROLE anon NOLOGIN; CREATE ROLE authenticated NOLOGIN; "
             "CREATE ROLE service_role NOLOGIN BYPASSRLS; GRANT anon, authenticated, "
             "service_role TO the user of database.url;");
    return false;
}

static bool
make_auth(PGconn *pq, struct err *err)
{
    static const char sql[] =
        "DO $cairn$ BEGIN"
        " IF pg_catalog.to_regnamespace('auth') IS NULL THEN"
        "  CREATE SCHEMA auth;"
        "  COMMENT ON SCHEMA auth IS '" COMMENT_TEXT "';"
        "  GRANT USAGE ON SCHEMA auth TO PUBLIC;"
        " END IF;"
        " IF pg_catalog.to_regprocedure('auth.jwt()') IS NULL THEN"
        "  CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE AS"
        "  'SELECT nullif(current_setting(''request.jwt.claims'', true), '''')::jsonb';"
        " END IF;"
        " IF pg_catalog.to_regprocedure('auth.uid()') IS NULL THEN"
        "  CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS"
        "  'SELECT nullif(nullif(current_setting(''request.jwt.claims'', true), '''')::jsonb"
        "   ->> ''sub'', '''')::uuid';"
        " END IF;"
        " IF pg_catalog.to_regprocedure('auth.role()') IS NULL THEN"
        "  CREATE FUNCTION auth.role() RETURNS text LANGUAGE sql STABLE AS"
        "  'SELECT nullif(current_setting(''request.jwt.claims'', true), '''')::jsonb ->> ''role''';"
        " END IF;"
        " IF pg_catalog.to_regprocedure('auth.email()') IS NULL THEN"
        "  CREATE FUNCTION auth.email() RETURNS text LANGUAGE sql STABLE AS"
        "  'SELECT nullif(current_setting(''request.jwt.claims'', true), '''')::jsonb ->> ''email''';"
        " END IF;"
        " END $cairn$";

    if (pg_session_run(pq, sql, err))
        return true;
    err_prefix(err, "unable to make schema auth, whose functions the migration calls: ");
    return false;
}

/* Where nobody has said that requests without a token run as another role, they run as anon once
 * there are rules; a user who may not make it leaves things as they were. */
static bool
try_roles(PGconn *pq, const struct pg_rules *rules, struct err *err)
{
    if (!pg_session_run(pq, "SAVEPOINT cairn_roles", err))
        return false;
    if (make_roles(pq, rules, err))
        return pg_session_run(pq, "RELEASE cairn_roles", err);
    err_clear(err);
    return pg_session_run(pq, "ROLLBACK TO cairn_roles", err);
}

bool
pg_rules_prepare(PGconn *pq, const struct pg_db *db, const struct pg_rules *rules, struct err *err)
{
    if (rules->names_role && !make_roles(pq, rules, err))
        return false;
    if (!rules->names_role && rules->speaks && db->anon != DB_ANON_GIVEN &&
        !try_roles(pq, rules, err))
        return false;
    if (rules->names_auth && !rules->makes_auth && !make_auth(pq, err))
        return false;
    return pg_rules_take_back(pq, db, err);
}
