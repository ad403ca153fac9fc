/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include "pg_fixture.h"
#include "unit/unit.h"

static struct db *db;
static struct err err;

static int
open_database(void **state)
{
    static const char *const schemas[] = {"public"};

    pg_cluster_exec(&cluster, "DROP SCHEMA IF EXISTS cairn CASCADE;"
                              "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    return !db_open(&(struct db_options){.url = cluster.url,
                                         .schemas = schemas,
                                         .schema_count = 1,
                                         .statement_timeout_ms = 5000,
                                         .connect_timeout_ms = 5000},
                    &db, &err);
}

static int
close_database(void **state)
{
    db_close(db);
    return 0;
}

static bool
migrate(const char *name, const char *text)
{
    bool applied = false;
    bool ok = db_migrate(db, str_from(name), str_from(text), STR("sum"), &applied, &err);

    assert_int_equal(applied, ok);
    return ok;
}

static void
a_migration_is_applied_once_and_recorded(void **state)
{
    struct arena *arena = arena_new(1024, 1 << 20);
    struct db_migration *list = NULL;
    size_t count = 7;
    bool applied = true;

    assert_ok(db_migrations_list(db, arena, &list, &count, &err));
    assert_int_equal(count, 0);
    assert_ok(migrate("0001_a.sql", "CREATE TABLE a (id int);\nINSERT INTO a VALUES (1);"));
    assert_ok(migrate("0002_b.sql", "INSERT INTO a VALUES (2)"));
    assert_ok(db_migrate(db, STR("0001_a.sql"), STR("CREATE TABLE a (id int)"), STR("sum"),
                         &applied, &err));
    assert_false(applied);
    assert_ok(db_migrations_list(db, arena, &list, &count, &err));
    assert_int_equal(count, 2);
    assert_str(list[0].name, "0001_a.sql");
    assert_str(list[1].name, "0002_b.sql");
    assert_str(list[0].checksum, "sum");
    assert_true(list[0].applied_us > 1700000000000000);
    assert_string_equal(pg_cluster_value(&cluster, "SELECT count(*) FROM a"), "2");
    arena_free(arena);
}

static void
an_applied_migration_with_other_content_is_refused(void **state)
{
    bool applied = false;

    assert_ok(migrate("0001_a.sql", "CREATE TABLE a (id int)"));
    assert_false(db_migrate(db, STR("0001_a.sql"), STR("SELECT 1"), STR("other"), &applied, &err));
    assert_int_equal(err.kind, ERR_MIGRATION);
    assert_contains(err.message, "0001_a.sql");
    assert_true(err.has_hint);
}

static void
an_empty_migration_is_recorded(void **state)
{
    assert_ok(migrate("0001_empty.sql", "-- nothing\n\n;"));
    assert_string_equal(pg_cluster_value(&cluster, "SELECT name FROM cairn.migrations"),
                        "0001_empty.sql");
}

static void
copy_data_is_loaded(void **state)
{
    assert_ok(migrate("0001_copy.sql", "CREATE TABLE a (id int, name text);\n"
                                       "COPY a (id, name) FROM stdin;\n"
                                       "1\tone\n"
                                       "2\t\\N\n"
                                       "\\.\n"
                                       "\n"
                                       "COPY a FROM stdin WITH (FORMAT csv);\n"
                                       "3,\"th;ree\"\n"
                                       "\\.\n"
                                       "COPY a FROM stdin;\n"
                                       "\\.\n"
                                       "INSERT INTO a VALUES (4, 'four');\n"));
    assert_string_equal(
        pg_cluster_value(&cluster, "SELECT string_agg(id || coalesce(name, '-'), ' ') FROM a"),
        "1one 2- 3th;ree 4four");
}

static void
what_a_dump_sets_does_not_reach_the_record(void **state)
{
    assert_ok(migrate("0001_dump.sql", "\\restrict abcdef\n"
                                       "SET statement_timeout = 0;\n"
                                       "SET client_encoding = 'UTF8';\n"
                                       "SELECT pg_catalog.set_config('search_path', '', false);\n"
                                       "SET row_security = off;\n"
                                       "CREATE TABLE public.a (id int);\n"
                                       "\\unrestrict abcdef\n"));
    assert_ok(migrate("0002_next.sql", "CREATE TABLE b (id int)"));
    assert_string_equal(pg_cluster_value(&cluster, "SELECT count(*) FROM cairn.migrations"), "2");
}

static void
statements_that_end_or_begin_a_transaction_are_refused(void **state)
{
    static const char *const words[] = {
        "BEGIN",     "start transaction",      "COMMIT", "End", "ROLLBACK", "ABORT", "SAVEPOINT s",
        "RELEASE s", "PREPARE TRANSACTION 'x'"};

    for (size_t i = 0; i < COUNTOF(words); i++) {
        char text[128], message[160];

        snprintf(text, sizeof(text), "CREATE TABLE a (id int);\n  %s;\nSELECT 1;", words[i]);
        snprintf(message, sizeof(message),
                 "m.sql:2:3: unable to apply '%s': each migration is one transaction already",
                 words[i]);
        assert_false(migrate("m.sql", text));
        assert_string_equal(err.message, message);
        assert_string_equal(err.code, "0A000");
        assert_string_equal(pg_cluster_value(&cluster, "SELECT to_regclass('a') IS NULL"), "t");
    }
    assert_ok(migrate("m.sql", "PREPARE p AS SELECT 1; DO $$ BEGIN END $$"));
}

static void
errors_name_file_line_and_column(void **state)
{
    static const struct {
        const char *text, *place, *message, *code;
    } cases[] = {
        {"CREATE TABLE a (id int);\nCREATE TABEL b (id int);\n",
         "m.sql:2:8: ", "syntax error at or near \"TABEL\"", "42601"},
        {"-- \xC3\xA9\xC3\xA9\nSELECT '\xC3\xA9', nothing;",
         "m.sql:2:13: ", "column \"nothing\" does not exist", "42703"},
        {"CREATE TABLE a (id int PRIMARY KEY);\nINSERT INTO a VALUES (1);\n\n"
         "  INSERT INTO a VALUES (1);\nSELECT 1;",
         "m.sql:4:3: ", "duplicate key value violates unique constraint \"a_pkey\"", "23505"},
        {"CREATE TABLE a (id int);\nCOPY a FROM stdin;\n1\n2\nx\n\\.\nSELECT 1;",
         "m.sql:5:1: ", "invalid input syntax for type integer: \"x\"", "22P02"},
        {"CREATE TABLE a (id int);\nCOPY a FROM stdin;\n1\n",
         "m.sql:2:1: ", "the data of COPY has no end", "42601"},
        {"SELECT 1;\nCREATE INDEX CONCURRENTLY i ON a (id);",
         "m.sql:2:1: ", "CREATE INDEX CONCURRENTLY cannot run inside a transaction block", "25001"},
        {"SELECT 1;\n\\copy a from 'x'\n", "m.sql:2:1: ", "psql commands are not SQL", "42601"},
        {"DO $$ BEGIN\nRAISE 'stop' USING HINT = 'no';\nEND $$;", "m.sql:1:1: ", "stop", "P0001"},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        char expected[256];

        snprintf(expected, sizeof(expected), "%s%s", cases[i].place, cases[i].message);
        assert_false(migrate("m.sql", cases[i].text));
        assert_int_equal(err.kind, ERR_MIGRATION);
        assert_string_equal(err.message, expected);
        assert_string_equal(err.code, cases[i].code);
        assert_string_equal(pg_cluster_value(&cluster, "SELECT to_regclass('a') IS NULL"), "t");
        assert_string_equal(pg_cluster_value(&cluster, "SELECT count(*) FROM cairn.migrations"),
                            "0");
    }
    assert_string_equal(err.hint, "no");
}

static void
the_place_is_right_behind_thousands_of_statements(void **state)
{
    struct buf text;

    buf_init(&text, 16 << 20);
    BUF_ADD_LIT(&text, "CREATE TABLE a (id int);\n");
    for (unsigned i = 0; i < 5000; i++)
        buf_printf(&text, "INSERT INTO a VALUES (%u);\n", i);
    BUF_ADD_LIT(&text, "INSERT INTO a VALUES ('x');\n");
    assert_false(migrate("m.sql", buf_cstr(&text)));
    assert_contains(err.message, "m.sql:5002:23: invalid input syntax for type integer: \"x\"");
    buf_fini(&text);
}

static void *
migrate_in_thread(void *ctx)
{
    struct err own;
    bool *applied = ctx;

    if (!db_migrate(db, STR("m.sql"), STR("CREATE TABLE a (id int); SELECT pg_sleep(0.2)"),
                    STR("sum"), applied, &own))
        fprintf(stderr, "%s\n", own.message);
    return NULL;
}

static void
two_processes_that_migrate_at_once_apply_it_once(void **state)
{
    pthread_t threads[4];
    bool applied[4] = {0};
    unsigned count = 0;

    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, migrate_in_thread, &applied[i]), 0);
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        count += applied[i];
    }
    assert_int_equal(count, 1);
    assert_string_equal(pg_cluster_value(&cluster, "SELECT count(*) FROM cairn.migrations"), "1");
}

static void
asking_what_was_applied_does_not_wait_for_a_running_migration(void **state)
{
    struct arena *arena = arena_new(1024, 1 << 20);
    struct db_migration *list = NULL;
    pthread_t thread;
    bool applied = false;
    size_t count = 0;

    assert_ok(migrate("0000_first.sql", "SELECT 1"));
    assert_int_equal(pthread_create(&thread, NULL, migrate_in_thread, &applied), 0);
    while (pg_cluster_value(&cluster, "SELECT 1 FROM pg_stat_activity WHERE query LIKE "
                                      "'%pg_sleep(0.2)%' AND pid <> pg_backend_pid()")[0] == '\0')
        ;
    assert_ok(db_migrations_list(db, arena, &list, &count, &err));
    assert_int_equal(count, 1);
    pthread_join(thread, NULL);
    assert_true(applied);
    arena_free(arena);
}

static void
a_database_that_is_down_is_an_error(void **state)
{
    static const char *const schemas[] = {"public"};
    struct db *down = NULL;
    struct model *model = NULL;
    bool applied = false;

    assert_ok(db_open(&(struct db_options){.url = "postgres://u:secret@127.0.0.1:1/x",
                                           .schemas = schemas,
                                           .schema_count = 1,
                                           .connect_timeout_ms = 1000},
                      &down, &err));
    assert_string_equal(db_describe(down), "postgres 127.0.0.1:1/x");
    assert_false(db_introspect(down, &model, &err));
    assert_int_equal(err.kind, ERR_UNAVAILABLE);
    assert_contains(err.message, "unable to connect to PostgreSQL");
    assert_null(strstr(err.message, "secret"));
    assert_false(db_migrate(down, STR("m"), STR("SELECT 1"), STR("s"), &applied, &err));
    db_close(down);
}

static void
a_wrong_url_is_an_error_without_its_password(void **state)
{
    static const char *const urls[] = {
        "postgres://u:secret@h:99999/x",      "postgres://u:secret@h:port/x",
        "postgres://u:secret@[::1/x",         "postgres://u:secret%zz@h/x",
        "postgres://u:secret@h/x?nonsense=1",
    };
    struct db *none = NULL;

    for (size_t i = 0; i < COUNTOF(urls); i++) {
        assert_false(db_open(&(struct db_options){.url = urls[i]}, &none, &err));
        assert_int_equal(err.kind, ERR_CONFIG);
        assert_null(none);
        assert_null(strstr(err.message, "secret"));
        assert_contains(err.message, "unable to read the database URL");
    }
}

static const char *
role_count(void)
{
    return pg_cluster_value(&cluster, "SELECT count(*) FROM pg_roles WHERE rolname IN ('anon', "
                                      "'authenticated', 'service_role')");
}

static void
forget_roles(void)
{
    pg_cluster_exec(&cluster, "DROP SCHEMA IF EXISTS auth CASCADE; DROP TABLE IF EXISTS t;"
                              "DROP ROLE IF EXISTS anon; DROP ROLE IF EXISTS authenticated;"
                              "DROP ROLE IF EXISTS service_role; DROP ROLE IF EXISTS maker;");
}

static void
roles_and_auth_are_made_when_a_migration_speaks_of_them(void **state)
{
    (void)state;
    forget_roles();
    assert_ok(migrate("1.sql", "CREATE TABLE t (who text DEFAULT 'anon', auth int);"
                               "INSERT INTO t VALUES ('authenticated', 1); -- service_role"));
    assert_string_equal(role_count(), "0");
    assert_string_equal(pg_cluster_value(&cluster, "SELECT to_regnamespace('auth') IS NULL"), "t");
    assert_ok(migrate("2.sql", "GRANT SELECT ON t TO anon;"));
    assert_string_equal(role_count(), "3");
    assert_string_equal(
        pg_cluster_value(&cluster,
                         "SELECT string_agg(rolname, ',') FROM pg_roles WHERE rolbypassrls "
                         "AND rolname LIKE '%role'"),
        "service_role");
    assert_string_equal(pg_cluster_value(&cluster, "SELECT to_regnamespace('auth') IS NULL"), "t");
    assert_ok(migrate("3.sql", "ALTER TABLE t ENABLE ROW LEVEL SECURITY;"
                               "CREATE POLICY p ON t USING (who = auth.uid()::text);"));
    assert_string_equal(
        pg_cluster_value(&cluster,
                         "BEGIN; SET LOCAL ROLE anon; SELECT set_config('request.jwt.claims', "
                         "'{\"sub\":\"00000000-0000-4000-8000-000000000001\",\"email\":\"e\","
                         "\"role\":\"r\"}', true); SELECT concat_ws(' ', auth.uid(), auth.email(), "
                         "auth.role(), auth.jwt() ->> 'role')"),
        "00000000-0000-4000-8000-000000000001 e r r");
    forget_roles();
}

static void
what_a_migration_makes_itself_is_left_to_it(void **state)
{
    (void)state;
    forget_roles();
    assert_ok(migrate("1.sql",
                      "CREATE ROLE anon; CREATE SCHEMA auth;\n"
                      "CREATE FUNCTION auth.uid() RETURNS int LANGUAGE sql AS 'SELECT 7';\n"
                      "CREATE TABLE t (a int DEFAULT auth.uid()); GRANT SELECT ON t TO anon;\n"
                      "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT auth.uid()';\n"));
    assert_string_equal(pg_cluster_value(&cluster, "SELECT auth.uid()"), "7");
    assert_string_equal(pg_cluster_value(&cluster, "SELECT to_regprocedure('auth.jwt()') IS NULL"),
                        "t");
    assert_string_equal(role_count(), "3");
    pg_cluster_exec(&cluster, "DROP FUNCTION f()");
    forget_roles();
}

static void
roles_that_may_not_be_made_are_an_error_with_the_way_out(void **state)
{
    static const char *const schemas[] = {"public"};
    struct db *other = NULL;
    char url[512];
    bool applied = false;

    (void)state;
    forget_roles();
    pg_cluster_exec(&cluster, "CREATE ROLE maker LOGIN; GRANT ALL ON SCHEMA public TO maker;"
                              "GRANT CREATE ON DATABASE postgres TO maker");
    snprintf(url, sizeof(url), "%s&user=maker", cluster.url);
    assert_ok(db_open(
        &(struct db_options){
            .url = url, .schemas = schemas, .schema_count = 1, .connect_timeout_ms = 5000},
        &other, &err));
    assert_false(db_migrate(other, STR("1.sql"),
                            STR("CREATE TABLE t (a int); GRANT SELECT ON t TO anon"), STR("s"),
                            &applied, &err));
    assert_string_equal(err.code, "42501");
    assert_contains(err.message, "unable to make the roles");
    assert_contains(err.hint, "CREATE ROLE service_role NOLOGIN BYPASSRLS");
    assert_string_equal(pg_cluster_value(&cluster, "SELECT to_regclass('t') IS NULL"), "t");
    db_close(other);
    pg_cluster_exec(&cluster, "DROP SCHEMA IF EXISTS cairn CASCADE;"
                              "REVOKE ALL ON SCHEMA public FROM maker;"
                              "REVOKE ALL ON DATABASE postgres FROM maker");
    forget_roles();
}

static void
reopen(enum db_anon anon)
{
    static const char *const schemas[] = {"public"};

    db_close(db);
    assert_ok(db_open(&(struct db_options){.url = cluster.url,
                                           .schemas = schemas,
                                           .schema_count = 1,
                                           .anon = anon,
                                           .connect_timeout_ms = 5000},
                      &db, &err));
}

/* What role may do with the table: letters of select, insert, update and delete. */
static const char *
may(const char *role, const char *table)
{
    char sql[512];

    snprintf(sql, sizeof(sql),
             "SELECT concat(CASE WHEN has_table_privilege('%s', '%s', 'SELECT') THEN 's' END,"
             " CASE WHEN has_table_privilege('%s', '%s', 'INSERT') THEN 'i' END,"
             " CASE WHEN has_table_privilege('%s', '%s', 'DELETE') THEN 'd' END)",
             role, table, role, table, role, table);
    return pg_cluster_value(&cluster, sql);
}

static void
what_no_migration_speaks_of_is_open_as_long_as_it_should_be(void **state)
{
    (void)state;
    forget_roles();
    reopen(DB_ANON_OPEN);
    assert_ok(migrate("1.sql", "CREATE TABLE a (id int); CREATE TABLE b (id serial);"));
    assert_ok(db_refresh_rules(db, &err));
    assert_string_equal(role_count(), "0");
    assert_ok(migrate("2.sql",
                      "CREATE VIEW va AS SELECT id FROM a; CREATE VIEW vb AS SELECT id FROM b;"
                      "ALTER TABLE a ENABLE ROW LEVEL SECURITY; SET search_path = '';"));
    assert_string_equal(role_count(), "3");
    assert_string_equal(may("anon", "a"), "");
    assert_string_equal(may("anon", "va"), "");
    assert_string_equal(may("anon", "b"), "sid");
    assert_string_equal(may("authenticated", "vb"), "sid");
    assert_string_equal(
        pg_cluster_value(&cluster, "SELECT has_sequence_privilege('anon', 'b_id_seq', 'USAGE')"),
        "t");
    assert_ok(migrate("3.sql", "grant select on a to anon; REVOKE ALL ON public.b FROM anon;"
                               "CREATE TABLE c (id int);"));
    assert_string_equal(may("anon", "a"), "s");
    assert_string_equal(may("service_role", "a"), "");
    assert_string_equal(may("anon", "b"), "");
    assert_string_equal(may("authenticated", "vb"), "");
    assert_string_equal(may("anon", "c"), "sid");
    reopen(DB_ANON_CLOSED);
    assert_ok(db_refresh_rules(db, &err));
    assert_string_equal(may("anon", "c"), "");
    assert_string_equal(may("anon", "a"), "s");
    assert_ok(migrate("4.sql", "GRANT SELECT ON c TO authenticated"));
    reopen(DB_ANON_OPEN);
    assert_ok(db_refresh_rules(db, &err));
    assert_string_equal(may("anon", "c"), "");
    assert_string_equal(may("authenticated", "c"), "s");
    pg_cluster_exec(&cluster, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    forget_roles();
}

static void
without_the_right_to_make_roles_things_stay_as_they_were(void **state)
{
    static const char *const schemas[] = {"public"};
    struct db *other = NULL;
    char url[512];
    bool applied = false;

    (void)state;
    forget_roles();
    pg_cluster_exec(&cluster, "CREATE ROLE maker LOGIN; GRANT ALL ON SCHEMA public TO maker;"
                              "GRANT CREATE ON DATABASE postgres TO maker");
    snprintf(url, sizeof(url), "%s&user=maker", cluster.url);
    assert_ok(db_open(&(struct db_options){.url = url,
                                           .schemas = schemas,
                                           .schema_count = 1,
                                           .anon = DB_ANON_OPEN,
                                           .connect_timeout_ms = 5000},
                      &other, &err));
    assert_ok(db_migrate(other, STR("1.sql"),
                         STR("CREATE TABLE t (a int); GRANT SELECT ON t TO PUBLIC"), STR("s"),
                         &applied, &err));
    assert_ok(db_refresh_rules(other, &err));
    assert_string_equal(role_count(), "0");
    db_close(other);
    pg_cluster_exec(&cluster, "DROP SCHEMA IF EXISTS cairn CASCADE; DROP TABLE t;"
                              "REVOKE ALL ON SCHEMA public FROM maker;"
                              "REVOKE ALL ON DATABASE postgres FROM maker");
    forget_roles();
}

int
main(void)
{
#define WITH_DATABASE(name) cmocka_unit_test_setup_teardown(name, open_database, close_database)
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(a_migration_is_applied_once_and_recorded),
        WITH_DATABASE(an_applied_migration_with_other_content_is_refused),
        WITH_DATABASE(an_empty_migration_is_recorded),
        WITH_DATABASE(copy_data_is_loaded),
        WITH_DATABASE(what_a_dump_sets_does_not_reach_the_record),
        WITH_DATABASE(statements_that_end_or_begin_a_transaction_are_refused),
        WITH_DATABASE(errors_name_file_line_and_column),
        WITH_DATABASE(the_place_is_right_behind_thousands_of_statements),
        WITH_DATABASE(two_processes_that_migrate_at_once_apply_it_once),
        WITH_DATABASE(asking_what_was_applied_does_not_wait_for_a_running_migration),
        WITH_DATABASE(roles_and_auth_are_made_when_a_migration_speaks_of_them),
        WITH_DATABASE(what_a_migration_makes_itself_is_left_to_it),
        WITH_DATABASE(roles_that_may_not_be_made_are_an_error_with_the_way_out),
        WITH_DATABASE(what_no_migration_speaks_of_is_open_as_long_as_it_should_be),
        WITH_DATABASE(without_the_right_to_make_roles_things_stay_as_they_were),
        WITH_DATABASE(a_database_that_is_down_is_an_error),
        WITH_DATABASE(a_wrong_url_is_an_error_without_its_password),
    };
    int failed;

    if (!pg_cluster_is_possible())
        return 77;
    pg_cluster_create(&cluster);
    pg_cluster_start(&cluster);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    pg_cluster_destroy(&cluster);
    return failed;
}
