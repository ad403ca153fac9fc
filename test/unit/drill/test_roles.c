/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/roles.h"
#include "unit/unit.h"

static struct arena *arena;
static struct err err;

static void
roles_that_a_migration_may_make_are_found_wherever_they_stand(void **state)
{
    struct roles roles = {0};

    roles_find(STR("CREATE ROLE Web NOLOGIN; create user \"My App\";\n"
                   "DO $$ BEGIN IF NOT EXISTS (SELECT 1) THEN CREATE GROUP staff; END IF; END $$;\n"
                   "CREATE USER MAPPING FOR me SERVER s; CREATE TABLE role (id int);\n"
                   "SELECT 'create' || ' role x'; ALTER ROLE other LOGIN; create role"),
               arena, &roles);
    assert_int_equal(roles.count, 3);
    assert_string_equal(roles.names[0], "web");
    assert_string_equal(roles.names[1], "My App");
    assert_string_equal(roles.names[2], "staff");
}

static const char *
blank(const char *text)
{
    static const struct roles own = {.names = {"fresh"}, .count = 1};
    struct str out;

    assert_ok(roles_blank(str_from(text), "0001.sql", &own, false, arena, &out, &err));
    assert_int_equal(out.len, strlen(text));

    return arena_cstr(arena, str_trim(out));
}

static void
what_would_be_felt_outside_of_the_clone_becomes_blank(void **state)
{
    static const char *const felt[] = {
        "CREATE ROLE web NOLOGIN;",
        "ALTER ROLE web SET search_path = 'x';",
        "ALTER USER ALL SET work_mem = '1GB';",
        "GRANT web TO shop;",
        "REVOKE web FROM shop;",
        "DROP ROLE web;",
        "DROP OWNED BY web;",
        "COMMENT ON ROLE web IS 'x';",
        "ALTER ROLE web RENAME TO web2;",
        "ALTER DATABASE shop SET app.x = '1';",
        "GRANT CONNECT ON DATABASE shop TO fresh2;",
        "COMMENT ON DATABASE shop IS 'x';",
    };

    for (size_t i = 0; i < COUNTOF(felt); i++)
        assert_string_equal(blank(felt[i]), "");
}

static void
what_is_the_clones_own_stays(void **state)
{
    static const char *const stays[] = {
        "CREATE ROLE fresh LOGIN;",
        "GRANT fresh TO shop;",
        "COMMENT ON ROLE fresh IS 'x';",
        "CREATE TABLE role (id int); GRANT SELECT ON role TO web;",
        "CREATE POLICY p ON t TO web USING (true);",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO web;",
        "ALTER TABLE t OWNER TO web;",
        "COPY t FROM stdin;\nCREATE ROLE web;\n\\.",
        "this is not SQL",
    };

    for (size_t i = 0; i < COUNTOF(stays); i++)
        assert_string_equal(blank(stays[i]), stays[i]);
}

static void
places_in_the_file_stay_as_they_are(void **state)
{
    assert_string_equal(blank("SELECT 1;\nCREATE ROLE\n  web;\nSELECT 2;"),
                        "SELECT 1;\n           \n      \nSELECT 2;");
}

static void
a_block_that_changes_roles_is_refused_with_its_line(void **state)
{
    static const char text[] = "SELECT 1;\nDO $$ BEGIN EXECUTE 'x'; ALTER ROLE web LOGIN; END $$;";
    struct roles own = {0};
    struct str out;

    assert_false(roles_blank(str_from(text), "0001.sql", &own, false, arena, &out, &err));
    assert_int_equal(err.kind, ERR_UNAVAILABLE);
    assert_contains(err.message, "0001.sql:2: a DO block changes roles");
    assert_ok(roles_blank(str_from(text), "0001.sql", &own, true, arena, &out, &err));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles_that_a_migration_may_make_are_found_wherever_they_stand),
        cmocka_unit_test(what_would_be_felt_outside_of_the_clone_becomes_blank),
        cmocka_unit_test(what_is_the_clones_own_stays),
        cmocka_unit_test(places_in_the_file_stay_as_they_are),
        cmocka_unit_test(a_block_that_changes_roles_is_refused_with_its_line),
    };
    int failed;

    arena = arena_new(4096, 16 * 1024 * 1024);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(arena);

    return failed;
}
