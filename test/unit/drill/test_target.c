/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/target.h"
#include "unit/unit.h"

static struct arena *arena;
static struct err err;

#define SOUND                                                                            \
    "name: shop\nstart: [node, server.js]\nenv: ['PORT={port}', 'DATA={dir}/shop.db']\n" \
    "ready: /health\nwrite_path: /items\nwrite_body: '{\"id\": {n}}'\n"                  \
    "read_path: /items?offset={offset}\nread_key: id\n"

static void
a_service_is_described_by_how_it_starts_and_its_routes(void **state)
{
    struct target target;

    assert_ok(
        target_parse(STR(SOUND "live: /live\nstart_timeout: 5\n"), "t.yaml", arena, &target, &err));
    assert_string_equal(target.name, "shop");
    assert_string_equal(target.start[1], "server.js");
    assert_string_equal(target.env[1], "DATA={dir}/shop.db");
    assert_string_equal(target.live, "/live");
    assert_int_equal(target.start_timeout_s, 5);
    assert_null(target.metrics);
    assert_false(target.is_cairn);
}

static void
without_a_route_for_liveness_readiness_stands_for_it(void **state)
{
    struct target target;

    assert_ok(target_parse(STR(SOUND), "t.yaml", arena, &target, &err));
    assert_string_equal(target.live, "/health");
}

static void
the_url_of_the_database_may_come_from_the_environment(void **state)
{
    struct target target;

    setenv("TARGET_DB", "postgres://me:secret@h/shop", 1);
    assert_ok(target_parse(STR(SOUND "database: $TARGET_DB\n"), "t.yaml", arena, &target, &err));
    assert_string_equal(target.database, "postgres://me:secret@h/shop");
    assert_ok(
        target_parse(STR(SOUND "database: postgresql://h/shop\n"), "t.yaml", arena, &target, &err));
    assert_string_equal(target.database, "postgresql://h/shop");
    assert_ok(target_parse(STR(SOUND), "t.yaml", arena, &target, &err));
    assert_null(target.database);
    unsetenv("TARGET_DB");
}

static void
an_unsound_description_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"", "t.yaml:1"},
        {"- a\n", "t.yaml:1"},
        {"name: [x]\n", "t.yaml:1: a text is needed for 'name'"},
        {SOUND "helth: /x\n", "t.yaml:9: unknown field 'helth'"},
        {SOUND "start_timeout: soon\n", "t.yaml:9: seconds"},
        {SOUND "start_timeout: 0\n", "t.yaml:9: seconds"},
        {SOUND "database: $NO_SUCH_NAME\n", "the environment doesn't have '$NO_SUCH_NAME'"},
        {SOUND "database: mysql://h/shop\n", "postgres://USER"},
        {"name: x\nstart: node\n", "t.yaml:2: a list of texts is needed for 'start'"},
        {"name: x\nstart: []\n", "t.yaml:2: a list"},
        {"name: x\nstart: [a]\n", "this is missing: 'ready'"},
        {"name: x\nready: /\nwrite_path: /\nwrite_body: a{n}\nread_path: /{offset}\nread_key: id\n",
         "this is missing: 'start'"},
        {"name: x\nstart: [a]\nready: /\nwrite_path: /\nwrite_body: a\nread_path: /{offset}\n"
         "read_key: id\n",
         "{n}"},
        {"name: x\nstart: [a]\nready: /\nwrite_path: /\nwrite_body: a{n}\nread_path: /\nread_key: id\n",
         "{offset}"},
        {"a: {b: [\n", "not YAML"},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct target target;

        if (target_parse(str_from(cases[i].text), "t.yaml", arena, &target, &err))
            fail_msg("accepted: %s", cases[i].text);
        assert_contains(err.message, cases[i].says);
    }
}

static void
what_stands_in_braces_is_filled_in(void **state)
{
    assert_string_equal(target_fill(arena, "a{n}b{n}", "{n}", "12"), "a12b12");
    assert_string_equal(target_fill(arena, "{m}", "{n}", "12"), "{m}");
}

static int
set_up(void **state)
{
    arena = arena_new(4096, 16 << 20);

    return 0;
}

static int
tear_down(void **state)
{
    arena_free(arena);

    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_is_described_by_how_it_starts_and_its_routes),
        cmocka_unit_test(without_a_route_for_liveness_readiness_stands_for_it),
        cmocka_unit_test(the_url_of_the_database_may_come_from_the_environment),
        cmocka_unit_test(an_unsound_description_is_refused_with_its_line),
        cmocka_unit_test(what_stands_in_braces_is_filled_in),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
