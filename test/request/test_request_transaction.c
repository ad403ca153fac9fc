/* SPDX-License-Identifier: Apache-2.0 */
/* How the transaction of a request ends: points 62 and 63 of the contract. */
#include "door.h"
#include "shop.h"

static struct door door;

static const char deferred_sql[] =
    "CREATE TABLE parents (id integer PRIMARY KEY);"
    "CREATE TABLE children (id integer PRIMARY KEY, parent_id integer"
    "    REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED);"
    "INSERT INTO parents VALUES (1);";

static void
open_with(const char *migration, struct rest_transaction transaction)
{
    door_open(&door, &(struct door_options){.migration = migration, .transaction = transaction});
}

static int
close_door(void **state)
{
    (void)state;
    door_close(&door);
    return 0;
}

static const struct door_case overridden[] = {
    {"POST /items\nPrefer: return=representation, tx=rollback, count=exact\n\n{\"id\":100}",
     "201\nContent-Range: */1\n"
     "Preference-Applied: return=representation, count=exact, tx=rollback\n\n[{\"id\":100}]"},
    {"GET /items?id=eq.100", "200\n\n[]"},
    {"PATCH /projects?id=eq.1\nPrefer: tx=rollback, return=representation\n\n{\"name\":\"X\"}",
     "200\nPreference-Applied: return=representation, tx=rollback\n\n"
     "[{\"id\":1,\"name\":\"X\",\"client_id\":1}]"},
    {"GET /projects?id=eq.1&select=name", "200\n\n[{\"name\":\"Windows 7\"}]"},
    {"DELETE /users_tasks\nPrefer: tx=rollback, count=exact\n\n",
     "204\nContent-Range: */9\nPreference-Applied: count=exact, tx=rollback\n\n"},
    {"HEAD /users_tasks\nPrefer: count=exact", "200\nContent-Range: 0-8/9\n\n"},
    {"PUT /tiobe_pls?name=eq.Go\nPrefer: tx=rollback, return=representation\n\n"
     "{\"name\":\"Go\",\"rank\":19}",
     "201\nPreference-Applied: return=representation, tx=rollback\n\n"
     "[{\"name\":\"Go\",\"rank\":19}]"},
    {"GET /tiobe_pls?name=eq.Go", "200\n\n[]"},
    {"POST /items\nPrefer: tx=commit, handling=strict\n\n{\"id\":100}",
     "201\nPreference-Applied: tx=commit, handling=strict\n\n"},
    {"GET /items?id=eq.100\nPrefer: tx=rollback",
     "200\nPreference-Applied: tx=rollback\n\n[{\"id\":100}]"},
    {"POST /items\nPrefer: tx=rollback\n\n{\"id\":1}",
     "409\n!Preference-Applied\n\n{\"code\":\"23505\",..."},
};

static void
a_request_chooses_its_end_where_it_may(void **state)
{
    open_with(shop_sql, (struct rest_transaction){.allows_override = true});
    door_expect_all(&door, overridden, COUNTOF(overridden));
}

static const struct door_case ignored[] = {
    {"POST /items\nPrefer: tx=rollback, handling=strict\n\n{\"id\":100}",
     "201\nPreference-Applied: handling=strict\n\n"},
    {"GET /items?id=eq.100", "200\n!Preference-Applied\n\n[{\"id\":100}]"},
};

static void
the_preference_is_ignored_where_it_may_not(void **state)
{
    open_with(shop_sql, (struct rest_transaction){0});
    door_expect_all(&door, ignored, COUNTOF(ignored));
}

static const struct door_case forced[] = {
    {"POST /items\nPrefer: tx=commit, return=representation\n\n{\"id\":100}",
     "201\nPreference-Applied: return=representation\n\n[{\"id\":100}]"},
    {"GET /items?id=eq.100", "200\n\n[]"},
};

static void
everything_is_undone_where_that_is_the_end(void **state)
{
    open_with(shop_sql, (struct rest_transaction){.rolls_back = true});
    door_expect_all(&door, forced, COUNTOF(forced));
}

static const struct door_case by_default[] = {
    {"POST /items\nPrefer: return=headers-only\n\n{\"id\":100}",
     "201\nLocation: /items?id=eq.100\nPreference-Applied: return=headers-only\n\n"},
    {"GET /items?id=eq.100", "200\n\n[]"},
    {"POST /items\nPrefer: tx=commit\n\n{\"id\":101}", "201\nPreference-Applied: tx=commit\n\n"},
    {"GET /items?id=gte.100", "200\n\n[{\"id\":101}]"},
};

static void
a_request_may_commit_where_the_others_are_undone(void **state)
{
    open_with(shop_sql, (struct rest_transaction){.rolls_back = true, .allows_override = true});
    door_expect_all(&door, by_default, COUNTOF(by_default));
}

static const struct door_case deferred[] = {
    {"POST /children\nPrefer: tx=rollback\n\n{\"id\":1,\"parent_id\":7}",
     "409\n\n{\"code\":\"23503\",..."},
    {"POST /children\nPrefer: tx=rollback\n\n{\"id\":1,\"parent_id\":1}",
     "201\nPreference-Applied: tx=rollback\n\n"},
    {"POST /children\nPrefer: tx=commit\n\n{\"id\":1,\"parent_id\":7}",
     "409\n\n{\"code\":\"23503\",..."},
    {"GET /children", "200\n\n[]"},
};

static void
what_is_deferred_is_checked_before_a_rollback_too(void **state)
{
    open_with(deferred_sql, (struct rest_transaction){.allows_override = true});
    door_expect_all(&door, deferred, COUNTOF(deferred));
}

static const char moments_sql[] =
    "CREATE TABLE days (id integer PRIMARY KEY, at timestamptz, note text);"
    "CREATE TABLE hours (id integer PRIMARY KEY, day_id integer REFERENCES days (id),"
    "    at timestamptz);"
    "INSERT INTO days VALUES (1, '2026-07-02 03:04:05.5Z', 'x'), (2, NULL, 'y');"
    "INSERT INTO hours VALUES (1, 1, '2026-01-02 03:04:05Z');";

static const struct door_case zones[] = {
    {"GET /days?order=id\nPrefer: timezone=America/Los_Angeles",
     "200\nPreference-Applied: timezone=America/Los_Angeles\n\n"
     "[{\"id\":1,\"at\":\"2026-07-01T20:04:05.5-07:00\",\"note\":\"x\"}, \n "
     "{\"id\":2,\"at\":null,\"note\":\"y\"}]"},
    {"GET /days?select=at,hours(at)&id=eq.1\nPrefer: timezone=Asia/Kolkata",
     "200\n\n[{\"at\":\"2026-07-02T08:34:05.5+05:30\","
     "\"hours\":[{\"at\":\"2026-01-02T08:34:05+05:30\"}]}]"},
    {"GET /days?select=at&id=eq.1\nAccept: text/csv\nPrefer: timezone=America/Los_Angeles",
     "200\n\nat\n\"2026-07-01 20:04:05.5-07\""},
    {"POST /days?select=at\nPrefer: timezone=Asia/Tokyo, return=representation\n\n"
     "{\"id\":3,\"at\":\"2026-07-02T03:04:05Z\"}",
     "201\nPreference-Applied: return=representation, timezone=Asia/Tokyo\n\n"
     "[{\"at\":\"2026-07-02T12:04:05+09:00\"}]"},
    {"GET /days?select=at&id=eq.1\nPrefer: timezone=+05:30",
     "200\nPreference-Applied: timezone=+05:30\n\n[{\"at\":\"2026-07-01T21:34:05.5-05:30\"}]"},
    {"GET /days?select=at&id=eq.1\nPrefer: timezone=05:30:15",
     "400\n\n{\"code\":\"22023\",\"details\":\"PostgreSQL does not support leap seconds.\",\"hint\":null,"
     "\"message\":\"time zone \\\"05:30:15\\\" appears to use leap seconds\"}"},
    {"GET /days?select=at&id=eq.1", "200\n!Preference-Applied\n\n"
                                    "[{\"at\":\"2026-07-02T03:04:05.5+00:00\"}]"},
    {"GET /days\nPrefer: timezone=Jupiter/Red_Spot",
     "400\n\n{\"code\":\"22023\",\"details\":null,\"hint\":null,\"message\":"
     "\"invalid value for parameter \\\"TimeZone\\\": \\\"Jupiter/Red_Spot\\\"\"}"},
};

static void
a_request_chooses_the_zone_that_times_are_shown_in(void **state)
{
    open_with(moments_sql, (struct rest_transaction){0});
    door_expect_all(&door, zones, COUNTOF(zones));
}

static void
functions_read_the_settings_of_the_configuration(void **state)
{
    static const char *const settings[] = {"host=shop.example", "empty="};
    static const struct door_case cases[] = {
        {"POST /rpc/setting\n\n{\"name\":\"app.settings.host\"}", "200\n\n\"shop.example\""},
        {"GET /rpc/setting?name=app.settings.Host", "200\n\n\"shop.example\""},
        {"GET /rpc/setting?name=app.settings.empty", "200\n\n\"\""},
        {"GET /rpc/setting?name=app.settings.absent", "200\n\nnull"},
        {"GET /rpc/setting?name=request.method", "200\n\n\"GET\""},
    };

    open_with("CREATE FUNCTION setting(name text) RETURNS text LANGUAGE sql STABLE"
              "    AS 'SELECT current_setting(name, true)';",
              (struct rest_transaction){.settings = settings, .setting_count = COUNTOF(settings)});
    door_expect_all(&door, cases, COUNTOF(cases));
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_request_chooses_its_end_where_it_may, close_door),
        cmocka_unit_test_teardown(the_preference_is_ignored_where_it_may_not, close_door),
        cmocka_unit_test_teardown(everything_is_undone_where_that_is_the_end, close_door),
        cmocka_unit_test_teardown(a_request_may_commit_where_the_others_are_undone, close_door),
        cmocka_unit_test_teardown(what_is_deferred_is_checked_before_a_rollback_too, close_door),
        cmocka_unit_test_teardown(a_request_chooses_the_zone_that_times_are_shown_in, close_door),
        cmocka_unit_test_teardown(functions_read_the_settings_of_the_configuration, close_door),
    };
    int failed;

    if (!door_begin(argc, argv))
        return 77;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    door_end();
    return failed;
}
