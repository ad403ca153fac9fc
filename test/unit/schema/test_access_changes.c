/* SPDX-License-Identifier: Apache-2.0 */
/* Access rules as later statements change them, and what is refused. */
#include "unit/schema/world.h"

static void
policies_follow_names(void **state)
{
    static const char sql[] =
        NOTES "CREATE POLICY own ON notes TO authenticated USING (owner = (SELECT " SUB ") AND\n"
              "\"owner\" <> '(''owner') WITH CHECK (owner /* ) */ IS NOT NULL);\n"
              "ALTER TABLE notes RENAME COLUMN owner TO \"Who\";\n"
              "ALTER POLICY own ON notes RENAME TO mine;\n"
              "ALTER POLICY mine ON notes TO anon, authenticated;\n"
              "ALTER ROLE authenticated RENAME TO member;\n"
              "ALTER TABLE notes RENAME TO jots;\n";
    struct world world;

    (void)state;
    world_open(&world, sql);
    assert_string_equal(rows(&world, "member", ANN, "jots"), "1,3");
    assert_string_equal(rows(&world, "anon", ANN, "jots"), "1,3");
    world_close(&world);
}

static void
policies_are_changed_and_dropped(void **state)
{
    struct world world;

    (void)state;
    world_open(&world,
               NOTES "CREATE POLICY p ON notes USING (id = 1) WITH CHECK (id > 5);\n"
                     "ALTER POLICY p ON notes USING (id >= 2);\n"
                     "DROP POLICY IF EXISTS q ON notes; DROP POLICY IF EXISTS q ON nothing;\n");
    assert_string_equal(rows(&world, "anon", "{}", "notes"), "2,3");
    assert_string_equal(check(&world, "anon", "{}", "notes", MODEL_FOR_INSERT, "SELECT 5 AS id"),
                        "new row violates row-level security policy for table \"notes\"");
    world_close(&world);
    world_open(&world, NOTES "CREATE POLICY p ON notes USING (true); DROP POLICY p ON notes;\n");
    assert_string_equal(rows(&world, "anon", "{}", "notes"), "");
    world_close(&world);
    world_open(&world, NOTES "ALTER TABLE notes DISABLE ROW LEVEL SECURITY;\n");
    assert_string_equal(rows(&world, "anon", "{}", "notes"), "1,2,3");
    world_close(&world);
}

static void
what_a_policy_uses_is_not_dropped_unless_it_goes_too(void **state)
{
    struct world world;

    (void)state;
    assert_refused(NOTES "CREATE POLICY p ON notes USING (owner = 'x');\n"
                         "ALTER TABLE notes DROP COLUMN owner;",
                   "m:6:1", "2BP01", "policy p on table notes depends on it");
    assert_refused(NOTES
                   "CREATE TABLE m (a int);\n"
                   "CREATE POLICY p ON notes USING (EXISTS (SELECT 1 FROM m));\nDROP TABLE m;",
                   "m:7:1", "2BP01", "policy p on table notes depends on it");
    assert_refused(NOTES "CREATE TABLE m (a int, b int);\n"
                         "CREATE POLICY p ON notes USING (EXISTS (SELECT 1 FROM m WHERE a = id));\n"
                         "ALTER TABLE m ALTER COLUMN a TYPE bigint;",
                   "m:7:1", "0A000", "policy \"p\" on table \"notes\" uses it");
    assert_refused(NOTES "CREATE POLICY p ON notes USING (notes.id = 1);\n"
                         "ALTER TABLE notes RENAME TO jots;",
                   "m:6:1", "0A000", "policy \"p\" on table \"jots\" uses it");
    world_open(&world,
               NOTES "CREATE TABLE m (a int, b int);\n"
                     "CREATE POLICY p ON notes USING (EXISTS (SELECT 1 FROM m WHERE a = id));\n"
                     "CREATE POLICY q ON notes USING (id = 3);\n"
                     "ALTER TABLE m DROP COLUMN b; ALTER TABLE notes DROP COLUMN body;\n"
                     "DROP TABLE m CASCADE;\n");
    assert_string_equal(rows(&world, "anon", "{}", "notes"), "3");
    world_close(&world);
}

static void
roles_go_when_nothing_needs_them(void **state)
{
    (void)state;
    assert_taken(
        "CREATE ROLE a LOGIN PASSWORD 'x' VALID UNTIL 'infinity' CONNECTION LIMIT 3;\n"
        "CREATE USER b; CREATE GROUP g WITH USER b; ALTER GROUP g ADD USER a;\n"
        "ALTER ROLE a SET statement_timeout = '1s'; ALTER ROLE a WITH NOLOGIN BYPASSRLS;\n"
        "ALTER GROUP g DROP USER a; DROP ROLE a; DROP ROLE IF EXISTS a, nobody; DROP USER b;\n"
        "CREATE ROLE anon; GRANT g TO anon WITH ADMIN OPTION; DROP ROLE g;\n");
    assert_taken("CREATE TABLE t (id int); CREATE ROLE a; GRANT SELECT ON t TO a;\n"
                 "CREATE POLICY p ON t TO a USING (true); DROP OWNED BY a; DROP ROLE a;\n");
    assert_refused("CREATE TABLE t (id int); CREATE ROLE a;\nGRANT SELECT ON t TO a; DROP ROLE a;",
                   "m:2:25", "2BP01", "role \"a\" cannot be dropped because some objects depend");
    assert_taken(
        "SET ROLE NONE; RESET ROLE; SET ROLE postgres; SET SESSION AUTHORIZATION DEFAULT;");
    assert_refused("SET ROLE anon;", "m:1:1", "0A000", "runs migrations as");
    assert_refused("SET ROLE nobody;", "m:1:1", "22023", "role \"nobody\" does not exist");
    assert_taken("CREATE ROLE a; COMMENT ON ROLE a IS 'x'; DROP ROLE a;");
    assert_refused("COMMENT ON ROLE nobody IS 'x';", "m:1:1", "42704", "\"nobody\" does not exist");
    assert_refused("CREATE ROLE a; CREATE ROLE a;", "m:1:16", "42710", "role \"a\" already exists");
    assert_refused("CREATE ROLE anon; CREATE ROLE anon;", "m:1:19", "42710", "already exists");
    assert_refused("DROP ROLE nobody;", "m:1:11", "42704", "role \"nobody\" does not exist");
    assert_refused("CREATE ROLE pg_x;", "m:1:1", "42939", "role name \"pg_x\" is reserved");
    assert_refused("CREATE ROLE a; CREATE ROLE b IN ROLE a; GRANT b TO a;", "m:1:41", "0LP01",
                   "role \"b\" is a member of role \"a\"");
}

static void
grants_are_refused_in_postgresqls_words(void **state)
{
    (void)state;
    assert_refused("CREATE TABLE t (a int);\nGRANT SELECT ON t TO anon, nobody;", "m:2:28", "42704",
                   "role \"nobody\" does not exist");
    assert_refused("GRANT SELECT ON t TO anon;", "m:1:17", "42P01",
                   "relation \"t\" does not exist");
    assert_refused("CREATE TABLE t (a int);\nGRANT USAGE ON t TO anon;", "m:2:1", "0LP01",
                   "invalid privilege type USAGE for table");
    assert_refused("CREATE TABLE t (a int);\nGRANT DELETE (a) ON t TO anon;", "m:2:1", "0LP01",
                   "invalid privilege type DELETE for column");
    assert_refused("CREATE TABLE t (a int);\nGRANT SELECT (b) ON t TO anon;", "m:2:1", "42703",
                   "column \"b\" of relation \"t\" does not exist");
    assert_refused("CREATE TABLE t (a int);\nGRANT FLY ON t TO anon;", "m:2:1", "42601",
                   "unrecognized privilege type \"fly\"");
    assert_refused("GRANT USAGE ON SCHEMA nope TO anon;", "m:1:1", "3F000",
                   "schema \"nope\" does not exist");
    assert_refused("CREATE TABLE t (a int);\nGRANT SELECT ON t TO PUBLIC WITH GRANT OPTION;",
                   "m:2:1", "0LP01", "grant options can only be granted to roles");
    assert_refused("GRANT nobody TO anon;", "m:1:1", "42704", "role \"nobody\" does not exist");
    assert_refused("GRANT EXECUTE ON FUNCTION f(int) TO anon;", "m:1:1", "42883",
                   "function f does not exist");
    assert_taken(
        "CREATE TABLE t (a int); CREATE SEQUENCE s; CREATE TYPE e AS ENUM ('x');\n"
        "GRANT ALL PRIVILEGES ON TABLE t TO anon WITH GRANT OPTION;\n"
        "REVOKE GRANT OPTION FOR ALL ON t FROM anon CASCADE;\n"
        "GRANT ALL (a) ON t TO CURRENT_USER; GRANT USAGE ON TYPE e TO anon;\n"
        "GRANT CONNECT ON DATABASE postgres TO anon; GRANT SELECT ON s TO anon;\n"
        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO anon;\n"
        "GRANT USAGE ON SCHEMA auth TO anon; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO anon;\n"
        "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;\n");
}

static void
policies_are_refused_in_postgresqls_words(void **state)
{
    (void)state;
    assert_refused(NOTES "CREATE POLICY p ON notes USING (true); CREATE POLICY p ON notes;",
                   "m:5:40", "42710", "policy \"p\" for table \"notes\" already exists");
    assert_refused(NOTES "DROP POLICY p ON notes;", "m:5:1", "42704",
                   "policy \"p\" for table \"notes\" does not exist");
    assert_refused(NOTES "CREATE POLICY p ON notes FOR INSERT USING (true);", "m:5:1", "42601",
                   "only WITH CHECK expression allowed for INSERT");
    assert_refused(NOTES "CREATE POLICY p ON notes FOR SELECT WITH CHECK (true);", "m:5:1", "42601",
                   "WITH CHECK cannot be applied to SELECT or DELETE");
    assert_refused(NOTES "CREATE POLICY p ON notes USING (nope = 1);", "m:5:33", "42703",
                   "column \"nope\" does not exist");
    assert_refused(NOTES "CREATE POLICY p ON notes USING (id);", "m:5:33", "42804",
                   "argument of POLICY must be type boolean, not type integer");
    assert_refused(NOTES "CREATE POLICY p ON notes USING (count(*) > 1);", "m:5:33", "42803",
                   "aggregate");
    assert_refused(NOTES "CREATE POLICY p ON notes USING (auth.nope());", "m:5:33", "42883",
                   "function auth.nope() does not exist");
    assert_refused(NOTES "CREATE POLICY p ON notes USING (body = E'\\x01');", "m:5:38", "0A000",
                   "control characters");
    assert_refused("CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t;\n"
                   "CREATE POLICY p ON v USING (true);",
                   "m:2:20", "42809", "\"v\" is not a table");
    assert_refused("CREATE TABLE t (a int);\n"
                   "CREATE VIEW v WITH (security_invoker = maybe) AS SELECT a FROM t;",
                   "m:2:21", "22023", "invalid value for boolean option");
    assert_refused("CREATE TABLE t (a int, b uuid GENERATED ALWAYS AS (auth.uid()) STORED);",
                   "m:1:52", "42P17", "can't use who asks");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policies_follow_names),
        cmocka_unit_test(policies_are_changed_and_dropped),
        cmocka_unit_test(what_a_policy_uses_is_not_dropped_unless_it_goes_too),
        cmocka_unit_test(roles_go_when_nothing_needs_them),
        cmocka_unit_test(grants_are_refused_in_postgresqls_words),
        cmocka_unit_test(policies_are_refused_in_postgresqls_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
