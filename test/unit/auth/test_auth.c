/* SPDX-License-Identifier: Apache-2.0 */
/* Who may use which route. */
#include "auth/auth.h"
#include "unit/unit.h"

static bool
check(const char *peer, enum route_right right, bool open, struct err *err)
{
    struct config config = {.dir = "/nonexistent", .auth_role_claim = ".role"};
    struct arena *arena = arena_new(4096, 64 * 1024);
    struct request request = {.peer = str_from(peer), .arena = arena};
    struct auth *auth = NULL;
    struct auth_loop *loop;
    bool may;

    config.auth_anonymous = open ? CONFIG_AUTH_ANONYMOUS_OPEN : CONFIG_AUTH_ANONYMOUS_CLOSED;
    err_clear(err);
    if (!auth_open(&config, &auth, err))
        fail_msg("%s", err->message);
    loop = auth_loop_new(auth);
    may = auth_check(loop, &request, right, err);
    auth_loop_free(loop);
    arena_free(arena);
    return may;
}

static void
anyone_may_use_what_is_for_anyone(void **state)
{
    struct err err;

    assert_true(check("203.0.113.7", ROUTE_RIGHT_ANYONE, false, &err));
    assert_true(check("", ROUTE_RIGHT_ANYONE, false, &err));
}

static void
local_routes_are_for_the_same_machine(void **state)
{
    static const struct {
        const char *peer;
        bool local;
    } cases[] = {
        {"127.0.0.1", true},
        {"127.8.9.10", true},
        {"::1", true},
        {"::ffff:127.0.0.1", true},
        {"unix", true},
        {"203.0.113.7", false},
        {"10.0.0.1", false},
        {"::ffff:203.0.113.7", false},
        {"2001:db8::1", false},
        {"12.7.0.1", false},
        {"1270.0.0.1", false},
        {"::12", false},
        {"", false},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct err err;

        if (check(cases[i].peer, ROUTE_RIGHT_LOCAL, true, &err) != cases[i].local)
            fail_msg("%s", cases[i].peer);
        if (!cases[i].local)
            assert_int_equal(err.http_status, 403);
    }
}

static void
the_data_is_for_anonymous_callers_only_where_it_is_open(void **state)
{
    struct err err;

    assert_true(check("203.0.113.7", ROUTE_RIGHT_ROLE, true, &err));
    assert_false(check("203.0.113.7", ROUTE_RIGHT_ROLE, false, &err));
    assert_int_equal(err.http_status, 401);
    assert_string_equal(err.code, "PGRST302");
    assert_string_equal(err.message, "Anonymous access is disabled");
    /* Being near is no right to the data. */
    assert_false(check("127.0.0.1", ROUTE_RIGHT_ROLE, false, &err));
}

static void
what_is_for_nobody_is_not_there(void **state)
{
    struct err err;

    assert_false(check("127.0.0.1", ROUTE_RIGHT_NOBODY, true, &err));
    assert_int_equal(err.http_status, 404);
    assert_false(check("127.0.0.1", (enum route_right)99, true, &err));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(anyone_may_use_what_is_for_anyone),
        cmocka_unit_test(local_routes_are_for_the_same_machine),
        cmocka_unit_test(the_data_is_for_anonymous_callers_only_where_it_is_open),
        cmocka_unit_test(what_is_for_nobody_is_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
