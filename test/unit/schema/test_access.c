/* SPDX-License-Identifier: Apache-2.0 */
/* What a role may do, and which rows it sees. */
#include "unit/schema/world.h"

/* --- privileges ------------------------------------------------------------------------------- */

static void
a_table_of_which_nobody_spoke_is_open_to_all_but_anon(void **state)
{
    struct world world;

    (void)state;
    world_open(&world, "CREATE TABLE t (id int);");
    assert_false(may(&world, "anon", MODEL_MAY_SELECT, "t"));
    assert_true(may(&world, "authenticated", MODEL_MAY_SELECT | MODEL_MAY_DELETE, "t"));
    assert_true(may(&world, "service_role", MODEL_MAY_INSERT, "t"));
    schema_set_open(world.schema, true);
    assert_true(may(&world, "anon", MODEL_MAY_SELECT | MODEL_MAY_UPDATE, "t"));
    assert_true(schema_may_use_schema(world.schema, role_of(&world, "anon"), STR("public")));
    world_close(&world);
    /* Once there are rules, what they don't give is not given. */
    world_open(&world,
               "CREATE TABLE t (id int); CREATE TABLE u (id int); GRANT SELECT ON u TO anon;");
    assert_false(may(&world, "authenticated", MODEL_MAY_SELECT, "t"));
    schema_set_open(world.schema, true);
    assert_true(may(&world, "authenticated", MODEL_MAY_SELECT, "t"));
    assert_true(may(&world, "anon", MODEL_MAY_SELECT, "t"));
    assert_null(schema_find_role(world.schema, STR("nobody")));
    world_close(&world);
}

static void
a_grant_closes_the_table_to_all_others(void **state)
{
    struct world world;

    (void)state;
    world_open(&world, "CREATE TABLE t (id int);\n"
                       "GRANT SELECT, INSERT ON t TO authenticated;\n");
    schema_set_open(world.schema, true);
    assert_false(may(&world, "anon", MODEL_MAY_SELECT, "t"));
    assert_false(may(&world, "service_role", MODEL_MAY_SELECT, "t"));
    assert_true(may(&world, "authenticated", MODEL_MAY_SELECT | MODEL_MAY_INSERT, "t"));
    assert_false(may(&world, "authenticated", MODEL_MAY_UPDATE, "t"));
    assert_true(may(&world, "postgres", MODEL_MAY_DELETE, "t"));
    world_close(&world);
}

static void
a_revoke_says_something_too(void **state)
{
    struct world world;

    (void)state;
    world_open(&world,
               "CREATE TABLE t (id int); CREATE TABLE u (id int); CREATE TABLE v (id int);\n"
               "REVOKE ALL ON t FROM anon;\n"
               "GRANT ALL ON u TO PUBLIC; REVOKE DELETE, UPDATE ON u FROM PUBLIC;\n"
               "ALTER TABLE v ENABLE ROW LEVEL SECURITY;\n");
    schema_set_open(world.schema, true);
    assert_false(may(&world, "anon", MODEL_MAY_SELECT, "t"));
    assert_true(may(&world, "anon", MODEL_MAY_SELECT | MODEL_MAY_INSERT, "u"));
    assert_false(may(&world, "anon", MODEL_MAY_DELETE, "u"));
    assert_false(may(&world, "anon", MODEL_MAY_SELECT, "v"));
    world_close(&world);
}

static void
a_view_of_which_nobody_spoke_opens_nothing_that_was_closed(void **state)
{
    struct world world;

    (void)state;
    world_open(&world,
               "CREATE TABLE t (id int); CREATE TABLE u (id int);\n"
               "CREATE VIEW v AS SELECT id FROM t; CREATE VIEW w AS SELECT v.id FROM v, u;\n"
               "CREATE VIEW x AS SELECT id FROM u;\n"
               "GRANT SELECT ON t TO service_role;\n");
    schema_set_open(world.schema, true);
    assert_false(may(&world, "anon", MODEL_MAY_SELECT, "v"));
    assert_false(may(&world, "authenticated", MODEL_MAY_SELECT, "w"));
    assert_true(may(&world, "anon", MODEL_MAY_SELECT, "x"));
    world_close(&world);
}

static void
columns_are_granted_one_by_one(void **state)
{
    struct world world;

    (void)state;
    world_open(&world, "CREATE TABLE t (id int, a int, b int);\n"
                       "GRANT SELECT (id, a), UPDATE (b) ON t TO anon;\n"
                       "ALTER TABLE t RENAME COLUMN a TO c;\n");
    assert_false(may(&world, "anon", MODEL_MAY_SELECT, "t"));
    assert_true(may_column(&world, "anon", MODEL_MAY_SELECT, "t", "id"));
    assert_true(may_column(&world, "anon", MODEL_MAY_SELECT, "t", "c"));
    assert_false(may_column(&world, "anon", MODEL_MAY_SELECT, "t", "b"));
    assert_true(may_column(&world, "anon", MODEL_MAY_UPDATE, "t", "b"));
    assert_true(schema_may_some(world.schema, role_of(&world, "anon"), table_of(&world, "t")->model,
                                MODEL_MAY_SELECT));
    assert_false(schema_may_some(world.schema, role_of(&world, "anon"),
                                 table_of(&world, "t")->model, MODEL_MAY_INSERT));
    world_close(&world);
    /* A revoke of the table's privilege takes those of the columns. */
    world_open(&world, "CREATE TABLE t (id int, a int);\n"
                       "GRANT SELECT (id, a) ON t TO anon; REVOKE SELECT ON t FROM anon;\n");
    assert_false(may_column(&world, "anon", MODEL_MAY_SELECT, "t", "id"));
    world_close(&world);
    /* A column that goes takes its grants along. */
    world_open(&world, "CREATE TABLE t (id int, a int);\n"
                       "GRANT SELECT (a) ON t TO anon; ALTER TABLE t DROP COLUMN a;\n"
                       "ALTER TABLE t ADD COLUMN a int;\n");
    assert_false(may_column(&world, "anon", MODEL_MAY_SELECT, "t", "a"));
    world_close(&world);
}

static void
members_inherit_unless_they_are_told_not_to(void **state)
{
    struct world world;

    (void)state;
    world_open(&world,
               "CREATE TABLE t (id int);\n"
               "CREATE ROLE staff; CREATE ROLE boss IN ROLE staff; CREATE ROLE lonely NOINHERIT;\n"
               "GRANT staff TO lonely; GRANT boss TO authenticated;\n"
               "GRANT SELECT ON t TO staff;\n");
    assert_true(may(&world, "staff", MODEL_MAY_SELECT, "t"));
    assert_true(may(&world, "boss", MODEL_MAY_SELECT, "t"));
    assert_true(may(&world, "authenticated", MODEL_MAY_SELECT, "t"));
    assert_false(may(&world, "lonely", MODEL_MAY_SELECT, "t"));
    world_close(&world);
    world_open(&world,
               "CREATE TABLE t (id int); CREATE ROLE staff;\n"
               "GRANT staff TO anon; GRANT SELECT ON t TO staff; REVOKE staff FROM anon;\n");
    assert_false(may(&world, "anon", MODEL_MAY_SELECT, "t"));
    world_close(&world);
}

static void
owners_may_everything(void **state)
{
    struct world world;

    (void)state;
    world_open(&world, "CREATE ROLE a; CREATE ROLE b IN ROLE a; CREATE TABLE t (id int);\n"
                       "ALTER TABLE t OWNER TO a; REVOKE ALL ON t FROM PUBLIC;\n");
    assert_true(may(&world, "a", MODEL_MAY_SELECT, "t"));
    assert_true(may(&world, "b", MODEL_MAY_SELECT, "t"));
    assert_false(may(&world, "postgres", MODEL_MAY_SELECT, "t"));
    world_close(&world);
    world_open(&world,
               "CREATE ROLE a; CREATE ROLE b; CREATE TABLE t (id int);\n"
               "ALTER TABLE t OWNER TO a; REASSIGN OWNED BY a TO b; REVOKE ALL ON t FROM a;\n"
               "ALTER TABLE t OWNER TO who_made_the_dump;\n");
    assert_true(may(&world, "b", MODEL_MAY_SELECT, "t"));
    assert_false(may(&world, "a", MODEL_MAY_SELECT, "t"));
    world_close(&world);
}

static void
all_tables_of_a_schema_and_default_privileges(void **state)
{
    struct world world;

    (void)state;
    world_open(&world,
               "CREATE TABLE t (id int); CREATE VIEW v AS SELECT id FROM t;\n"
               "GRANT SELECT ON ALL TABLES IN SCHEMA public TO anon;\n"
               "CREATE TABLE later (id int);\n"
               "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO anon;\n"
               "ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT ALL ON TABLES TO service_role;\n"
               "CREATE TABLE last (id serial);\n"
               "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM anon;\n"
               "CREATE TABLE after (id int);\n");
    assert_true(may(&world, "anon", MODEL_MAY_SELECT, "t"));
    assert_true(may(&world, "anon", MODEL_MAY_SELECT, "v"));
    assert_false(may(&world, "anon", MODEL_MAY_SELECT, "later"));
    assert_true(may(&world, "anon", MODEL_MAY_SELECT, "last"));
    assert_false(may(&world, "anon", MODEL_MAY_INSERT, "last"));
    assert_true(may(&world, "service_role", MODEL_MAY_INSERT, "last"));
    assert_false(may(&world, "anon", MODEL_MAY_SELECT, "after"));
    assert_true(may(&world, "service_role", MODEL_MAY_SELECT, "after"));
    world_close(&world);
}

static void
schemas_and_sequences_have_privileges(void **state)
{
    struct world world;
    const struct schema_role *anon;

    (void)state;
    world_open(&world,
               "CREATE SCHEMA private; CREATE SCHEMA shown; CREATE SEQUENCE s;\n"
               "GRANT USAGE ON SCHEMA shown TO anon; REVOKE USAGE ON SCHEMA private FROM PUBLIC;\n"
               "GRANT USAGE, SELECT ON SEQUENCE s TO anon;\n");
    anon = role_of(&world, "anon");
    assert_true(schema_may_use_schema(world.schema, anon, STR("public")));
    assert_true(schema_may_use_schema(world.schema, anon, STR("shown")));
    assert_false(schema_may_use_schema(world.schema, anon, STR("private")));
    assert_true(schema_may_sequence(world.schema, anon, &world.schema->model->sequences[0],
                                    MODEL_MAY_USAGE));
    assert_false(schema_may_sequence(world.schema, anon, &world.schema->model->sequences[0],
                                     MODEL_MAY_UPDATE));
    world_close(&world);
    world_open(&world, "REVOKE USAGE ON SCHEMA public FROM PUBLIC;\n"
                       "GRANT USAGE ON SCHEMA public TO authenticated;\n");
    assert_false(schema_may_use_schema(world.schema, role_of(&world, "anon"), STR("public")));
    assert_true(
        schema_may_use_schema(world.schema, role_of(&world, "authenticated"), STR("public")));
    world_close(&world);
}

/* --- rows ------------------------------------------------------------------------------------- */

static void
without_a_policy_there_is_no_row(void **state)
{
    struct world world;

    (void)state;
    world_open(&world, NOTES);
    assert_string_equal(rows(&world, "authenticated", ANN, "notes"), "");
    assert_string_equal(rows(&world, "service_role", "{}", "notes"), "1,2,3");
    assert_string_equal(rows(&world, "postgres", "{}", "notes"), "1,2,3");
    world_close(&world);
    world_open(&world, NOTES "ALTER TABLE notes FORCE ROW LEVEL SECURITY;\n");
    assert_string_equal(rows(&world, "postgres", "{}", "notes"), "");
    assert_string_equal(rows(&world, "service_role", "{}", "notes"), "1,2,3");
    world_close(&world);
}

static void
permissive_policies_add_up_and_restrictive_ones_narrow(void **state)
{
    struct world world;

    (void)state;
    world_open(&world,
               NOTES "CREATE POLICY own ON notes TO authenticated USING (owner = " SUB ");\n"
                     "CREATE POLICY first ON notes FOR SELECT USING (id = 2);\n");
    assert_string_equal(rows(&world, "authenticated", ANN, "notes"), "1,2,3");
    assert_string_equal(rows(&world, "anon", "{}", "notes"), "2");
    world_close(&world);
    world_open(&world,
               NOTES "CREATE POLICY own ON notes TO authenticated USING (owner = " SUB ");\n"
                     "CREATE POLICY narrow ON notes AS RESTRICTIVE FOR SELECT USING (team = 1);\n");
    assert_string_equal(rows(&world, "authenticated", ANN, "notes"), "1");
    assert_string_equal(rows(&world, "anon", "{}", "notes"), "");
    world_close(&world);
}

static void
members_of_a_policys_role_come_under_it(void **state)
{
    struct world world;

    (void)state;
    world_open(&world, NOTES "CREATE ROLE staff; GRANT staff TO authenticated;\n"
                             "CREATE POLICY p ON notes TO staff USING (true);\n");
    assert_string_equal(rows(&world, "authenticated", "{}", "notes"), "1,2,3");
    assert_string_equal(rows(&world, "anon", "{}", "notes"), "");
    world_close(&world);
}

/* What a policy lets through is told by its text only as far as that says so outright. */
static void
a_policy_that_says_true_lets_all_rows_through(void **state)
{
    static const struct {
        const char *policies;
        bool updates, deletes;
    } cases[] = {
        {"", false, false},
        {"CREATE POLICY p ON t USING (true);", true, true},
        {"CREATE POLICY p ON t TO authenticated USING ((TRUE));", true, true},
        {"CREATE POLICY p ON t TO anon USING (true);", false, false},
        {"CREATE POLICY p ON t FOR SELECT USING (true);", false, false},
        {"CREATE POLICY p ON t FOR DELETE USING (true);", false, true},
        {"CREATE POLICY p ON t FOR UPDATE USING (true) WITH CHECK (true);", true, false},
        {"CREATE POLICY p ON t USING (true) WITH CHECK (id > 1);", false, true},
        {"CREATE POLICY p ON t USING (id = 1); CREATE POLICY q ON t USING (true);", true, true},
        {"CREATE POLICY p ON t USING (true);"
         "CREATE POLICY q ON t AS RESTRICTIVE FOR DELETE USING (id > 1);",
         true, false},
        {"CREATE POLICY p ON t USING (id IS NOT NULL);", false, false},
        {"CREATE POLICY p ON t USING (true); ALTER TABLE t DISABLE ROW LEVEL SECURITY;", true,
         true},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct world world;
        char sql[512];

        snprintf(sql, sizeof(sql),
                 "CREATE TABLE t (id int); GRANT ALL ON t TO authenticated;"
                 "ALTER TABLE t ENABLE ROW LEVEL SECURITY; %s",
                 cases[i].policies);
        world_open(&world, sql);
        if (access_lets_all(world.schema, role_of(&world, "authenticated"), table_of(&world, "t"),
                            MODEL_FOR_UPDATE) != cases[i].updates)
            fail_msg("update: %s", cases[i].policies);
        if (access_lets_all(world.schema, role_of(&world, "authenticated"), table_of(&world, "t"),
                            MODEL_FOR_DELETE) != cases[i].deletes)
            fail_msg("delete: %s", cases[i].policies);
        world_close(&world);
    }
}

static void
new_rows_are_checked(void **state)
{
    struct world world;
    const char *const mine = "SELECT 9 AS id, 'ann' AS owner, 1 AS team, 'x' AS body";
    const char *const other = "SELECT 9 AS id, 'bob' AS owner, 1 AS team, 'x' AS body";
    const char *const closed = "SELECT 9 AS id, 'ann' AS owner, 7 AS team, 'x' AS body";

    (void)state;
    world_open(&world, NOTES
               "CREATE POLICY own ON notes USING (owner = " SUB ");\n"
               "CREATE POLICY teams ON notes AS RESTRICTIVE FOR INSERT WITH CHECK (team < 5);\n");
    assert_string_equal(check(&world, "authenticated", ANN, "notes", MODEL_FOR_INSERT, mine), "ok");
    assert_string_equal(check(&world, "authenticated", ANN, "notes", MODEL_FOR_INSERT, other),
                        "new row violates row-level security policy for table \"notes\"");
    assert_string_equal(check(&world, "authenticated", ANN, "notes", MODEL_FOR_INSERT, closed),
                        "new row violates row-level security policy \"teams\" for table \"notes\"");
    assert_string_equal(check(&world, "authenticated", ANN, "notes", MODEL_FOR_UPDATE, closed),
                        "ok");
    assert_string_equal(check(&world, "anon", "{}", "notes", MODEL_FOR_INSERT, mine),
                        "new row violates row-level security policy for table \"notes\"");
    assert_string_equal(check(&world, "service_role", "{}", "notes", MODEL_FOR_INSERT, other),
                        "ok");
    world_close(&world);
}

static void
with_check_stands_in_for_nothing_but_the_new_row(void **state)
{
    struct world world;
    const char *const bob = "SELECT 9 AS id, 'bob' AS owner, 1 AS team, 'x' AS body";

    (void)state;
    world_open(&world, NOTES
               "CREATE POLICY see ON notes FOR SELECT USING (id = 1);\n"
               "CREATE POLICY upd ON notes FOR UPDATE USING (id = 1) WITH CHECK (owner = 'bob');\n"
               "CREATE POLICY ins ON notes FOR INSERT WITH CHECK (true);\n");
    assert_string_equal(check(&world, "anon", "{}", "notes", MODEL_FOR_UPDATE, bob), "ok");
    assert_string_equal(check(&world, "anon", "{}", "notes", MODEL_FOR_INSERT, bob), "ok");
    assert_string_equal(check(&world, "anon", "{}", "notes", MODEL_FOR_SELECT, bob),
                        "new row violates row-level security policy for table \"notes\"");
    world_close(&world);
}

static void
a_subselect_sees_what_the_caller_sees(void **state)
{
    struct world world;
    static const char *const sql =
        NOTES "CREATE TABLE members (team int, who text, secret int);\n"
              "INSERT INTO members VALUES (1, 'ann', 5), (2, 'bob', 6);\n"
              "ALTER TABLE members ENABLE ROW LEVEL SECURITY;\n"
              "CREATE POLICY own ON members USING (who = " SUB ");\n"
              "CREATE POLICY team ON notes USING (EXISTS (SELECT FROM members m "
              "WHERE m.team = notes.team AND id > 0));\n";
    char with_grant[4096];

    (void)state;
    world_open(&world, sql);
    /* The role has to be allowed to read it. */
    assert_string_equal(rows(&world, "authenticated", ANN, "notes"), "42501");
    world_close(&world);
    snprintf(with_grant, sizeof(with_grant), "%sGRANT SELECT (team) ON members TO authenticated;",
             sql);
    world_open(&world, with_grant);
    assert_string_equal(rows(&world, "authenticated", ANN, "notes"), "1,2");
    assert_string_equal(
        rows(&world, "authenticated", "{\"role\":\"authenticated\",\"sub\":\"bob\"}", "notes"),
        "3");
    world_close(&world);
}

static void
policies_that_need_each_other_are_an_error(void **state)
{
    struct world world;

    (void)state;
    world_open(&world,
               "CREATE TABLE a (id int); CREATE TABLE b (id int);\n"
               "GRANT ALL ON a, b TO anon;\n"
               "ALTER TABLE a ENABLE ROW LEVEL SECURITY; ALTER TABLE b ENABLE ROW LEVEL SECURITY;\n"
               "CREATE POLICY p ON a USING (id IN (SELECT id FROM b));\n"
               "CREATE POLICY p ON b USING (id IN (SELECT id FROM a));\n");
    assert_string_equal(rows(&world, "anon", "{}", "a"), "42P17");
    assert_string_equal(rows(&world, "postgres", "{}", "a"), "");
    world_close(&world);
}

static void
a_view_reads_as_its_owner_or_as_the_caller(void **state)
{
    struct world world;

    (void)state;
    world_open(&world, NOTES
               "CREATE POLICY own ON notes USING (owner = " SUB ");\n"
               "CREATE VIEW owned AS SELECT id, body FROM notes;\n"
               "CREATE VIEW asked WITH (security_invoker = true) AS SELECT n.id FROM notes n;\n"
               "CREATE VIEW outer_view AS SELECT id FROM asked;\n"
               "CREATE VIEW later AS SELECT id FROM notes;\n"
               "ALTER VIEW later SET (security_invoker = on);\n"
               "CREATE VIEW back WITH (security_invoker) AS SELECT id FROM notes;\n"
               "ALTER VIEW back RESET (security_invoker);\n"
               "CREATE ROLE staff; CREATE VIEW theirs AS SELECT id FROM notes;\n"
               "ALTER VIEW theirs OWNER TO staff; GRANT SELECT ON notes TO staff;\n");
    assert_string_equal(rows(&world, "authenticated", ANN, "owned"), "1,2,3");
    assert_string_equal(rows(&world, "authenticated", ANN, "asked"), "1,3");
    /* One that asks as the caller does so also below one that does not. */
    assert_string_equal(rows(&world, "authenticated", ANN, "outer_view"), "1,3");
    assert_string_equal(rows(&world, "authenticated", ANN, "later"), "1,3");
    assert_string_equal(rows(&world, "authenticated", ANN, "back"), "1,2,3");
    assert_string_equal(rows(&world, "authenticated", ANN, "theirs"), "1,3");
    world_close(&world);
}

static void
functions_of_auth_read_the_claims(void **state)
{
    struct world world;
    const char *const claims = "{\"sub\":\"5f8b1a3e-0c5d-4c7e-9a4f-000000000001\",\"role\":\"x\","
                               "\"email\":\"a@b\",\"app_metadata\":{\"team\":7}}";

    (void)state;
    world_open(&world,
               "CREATE TABLE t (n int, who uuid DEFAULT auth.uid());\n"
               "INSERT INTO t VALUES (1, '5F8B1A3E-0c5d-4c7e-9a4f-000000000001'), (2, NULL);\n"
               "GRANT SELECT ON t TO anon; ALTER TABLE t ENABLE ROW LEVEL SECURITY;\n"
               "CREATE POLICY p ON t USING ((SELECT auth.uid()) = who AND auth.role() = 'x' AND "
               "auth.email() = 'a@b' AND (auth.jwt() -> 'app_metadata' ->> 'team')::int = 7 AND "
               "current_user = 'anon' AND current_role = 'anon' AND "
               "current_setting('role') = 'anon' AND session_user <> current_user);\n");
    assert_string_equal(rows(&world, "anon", claims, "t"), "1");
    assert_string_equal(rows(&world, "anon", "{}", "t"), "");
    world_close(&world);
}

static void
names_inside_a_policy_hide_nothing_outside(void **state)
{
    struct world world;

    (void)state;
    /* Aliases that are those of the statement around, or of the row itself. */
    world_open(&world, NOTES
               "CREATE TABLE m (team int); INSERT INTO m VALUES (2);\n"
               "GRANT SELECT ON m TO anon; ALTER TABLE m ENABLE ROW LEVEL SECURITY;\n"
               "CREATE POLICY p ON m USING (true);\n"
               "CREATE POLICY q ON notes USING (EXISTS (WITH n AS (SELECT team AS x FROM m t0) "
               "SELECT 1 FROM n p WHERE p.x = notes.team));\n");
    assert_string_equal(rows(&world, "anon", "{}", "notes"), "3");
    world_close(&world);
}

/* Words of the grammar may begin names, and stand in comments and texts. */
static void
each_expression_of_a_policy_is_its_own(void **state)
{
    static const char sql[] =
        "CREATE TABLE checkouts (id int, check_id int, using_id int);\n"
        "CREATE TABLE \"check\" (id int);\n"
        "CREATE POLICY check_own ON checkouts USING (id = 1) WITH CHECK (check_id = 2);\n"
        "CREATE POLICY using_own ON checkouts FOR INSERT WITH CHECK(using_id = 3);\n"
        "CREATE POLICY \"using (id = 9) check (id = 8)\" ON checkouts\n"
        "  USING/* check (id = 7) */(id = 4 AND 'check (id = 6)' <> '') WITH CHECK -- (\n(id = 5);\n"
        "CREATE POLICY checks ON \"check\" USING (id = 1)\nWITH\tCHECK\n(id = 2);\n"
        "ALTER POLICY checks ON \"check\" WITH CHECK (id = 3);\n";
    static const char *const expected[][2] = {
        {"id = 1", "check_id = 2"},
        {"id = 4 AND 'check (id = 6)' <> ''", "id = 5"},
        {"", "using_id = 3"},
    };
    const struct model_table *model = NULL;
    struct world world;

    (void)state;
    world_open(&world, sql);
    model = table_of(&world, "checkouts")->model;
    assert_int_equal(model->policy_count, COUNTOF(expected));
    for (size_t i = 0; i < COUNTOF(expected); i++) {
        assert_true(str_eq(model->policies[i].using_sql, str_from(expected[i][0])));
        assert_true(str_eq(model->policies[i].check_sql, str_from(expected[i][1])));
    }
    model = table_of(&world, "check")->model;
    assert_true(str_eq(model->policies[0].using_sql, STR("id = 1")));
    assert_true(str_eq(model->policies[0].check_sql, STR("id = 3")));
    world_close(&world);
}

static void
a_function_in_a_policy_reads_as_its_caller_or_its_owner(void **state)
{
    static const char sql[] = NOTES
        "CREATE TABLE m (team int, who text); INSERT INTO m VALUES (1, 'ann');\n"
        "ALTER TABLE m ENABLE ROW LEVEL SECURITY; GRANT SELECT ON m TO authenticated;\n"
        "CREATE FUNCTION mine(t int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER AS\n"
        "  $$ SELECT EXISTS (SELECT 1 FROM m WHERE m.team = t AND who = " SUB ") $$;\n"
        "CREATE POLICY p ON notes USING (mine(team));\n"
        "CREATE POLICY q ON m USING (false);\n"
        "SET search_path = '';\n";
    struct world world;
    char changed[4096];

    (void)state;
    world_open(&world, sql);
    assert_string_equal(rows(&world, "authenticated", ANN, "notes"), "1,2");
    assert_string_equal(rows(&world, "anon", "{}", "notes"), "");
    world_close(&world);
    /* The policy takes over what the function becomes. */
    snprintf(
        changed, sizeof(changed),
        "%sSET search_path = public; CREATE OR REPLACE FUNCTION mine(t int) RETURNS boolean LANGUAGE sql STABLE AS\n"
        "  $$ SELECT EXISTS (SELECT 1 FROM m WHERE m.team = t) $$;",
        sql);
    world_open(&world, changed);
    assert_string_equal(rows(&world, "authenticated", ANN, "notes"), "");
    assert_string_equal(rows(&world, "anon", "{}", "notes"), "42501");
    world_close(&world);
    snprintf(changed, sizeof(changed), "%sDROP FUNCTION public.mine;", sql);
    assert_refused(changed, "m:12:1", "2BP01", "because policy p on table notes depends on it");
}

static void
functions_have_privileges(void **state)
{
    struct world world;
    const struct model_function *functions;

    (void)state;
    world_open(&world, "CREATE FUNCTION a() RETURNS int LANGUAGE sql AS 'SELECT 1';\n"
                       "CREATE FUNCTION b(x int) RETURNS int LANGUAGE sql AS 'SELECT 1';\n"
                       "REVOKE EXECUTE ON FUNCTION b(int) FROM PUBLIC;\n"
                       "GRANT EXECUTE ON FUNCTION b(int) TO authenticated;\n"
                       "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;\n"
                       "CREATE OR REPLACE FUNCTION a() RETURNS int LANGUAGE sql AS 'SELECT 2';\n"
                       "CREATE FUNCTION c() RETURNS int LANGUAGE sql AS 'SELECT 1';\n"
                       "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO service_role;\n");
    functions = world.schema->model->functions;
    assert_true(schema_may_call(world.schema, role_of(&world, "anon"), &functions[0]));
    assert_false(schema_may_call(world.schema, role_of(&world, "anon"), &functions[1]));
    assert_true(schema_may_call(world.schema, role_of(&world, "authenticated"), &functions[1]));
    assert_false(schema_may_call(world.schema, role_of(&world, "authenticated"), &functions[2]));
    assert_true(schema_may_call(world.schema, role_of(&world, "service_role"), &functions[2]));
    world_close(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_of_which_nobody_spoke_is_open_to_all_but_anon),
        cmocka_unit_test(a_grant_closes_the_table_to_all_others),
        cmocka_unit_test(a_revoke_says_something_too),
        cmocka_unit_test(a_view_of_which_nobody_spoke_opens_nothing_that_was_closed),
        cmocka_unit_test(columns_are_granted_one_by_one),
        cmocka_unit_test(members_inherit_unless_they_are_told_not_to),
        cmocka_unit_test(owners_may_everything),
        cmocka_unit_test(all_tables_of_a_schema_and_default_privileges),
        cmocka_unit_test(schemas_and_sequences_have_privileges),
        cmocka_unit_test(without_a_policy_there_is_no_row),
        cmocka_unit_test(permissive_policies_add_up_and_restrictive_ones_narrow),
        cmocka_unit_test(members_of_a_policys_role_come_under_it),
        cmocka_unit_test(a_policy_that_says_true_lets_all_rows_through),
        cmocka_unit_test(new_rows_are_checked),
        cmocka_unit_test(with_check_stands_in_for_nothing_but_the_new_row),
        cmocka_unit_test(a_subselect_sees_what_the_caller_sees),
        cmocka_unit_test(policies_that_need_each_other_are_an_error),
        cmocka_unit_test(a_view_reads_as_its_owner_or_as_the_caller),
        cmocka_unit_test(functions_of_auth_read_the_claims),
        cmocka_unit_test(names_inside_a_policy_hide_nothing_outside),
        cmocka_unit_test(each_expression_of_a_policy_is_its_own),
        cmocka_unit_test(a_function_in_a_policy_reads_as_its_caller_or_its_owner),
        cmocka_unit_test(functions_have_privileges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
