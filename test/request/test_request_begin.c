/* SPDX-License-Identifier: Apache-2.0 */
/* How the transaction of a request begins on PostgreSQL, and what it says about the answer. */
#include "door.h"

static struct door door;

static const char sql[] =
    "CREATE SCHEMA api; CREATE SCHEMA other; CREATE SCHEMA shared;"
    "CREATE TABLE api.items (id integer PRIMARY KEY, at timestamptz);"
    "INSERT INTO api.items VALUES (1, '2026-01-02 03:04:05Z'), (2, NULL);"
    "CREATE TABLE other.things (id integer PRIMARY KEY);"
    "CREATE TYPE shared.mood AS ENUM ('sad', 'ok');"
    "CREATE TABLE other.moods (id integer PRIMARY KEY, mood shared.mood);"
    "CREATE FUNCTION shared.twice(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1 * 2';"
    /* What a transaction was set to, as one text. */
    "CREATE FUNCTION api.setting(name text) RETURNS text LANGUAGE sql STABLE"
    "    AS $$SELECT current_setting(name, true)$$;"
    "CREATE FUNCTION other.setting(name text) RETURNS text LANGUAGE sql STABLE"
    "    AS $$SELECT current_setting(name, true)$$;"
    "CREATE FUNCTION api.twice_one() RETURNS integer LANGUAGE plpgsql"
    "    AS 'BEGIN RETURN twice(1); END';"
    "CREATE FUNCTION api.slow() RETURNS text LANGUAGE plpgsql SET statement_timeout = '100ms'"
    "    AS 'BEGIN PERFORM pg_sleep(2); RETURN 1; END';"
    "CREATE FUNCTION api.patient() RETURNS text LANGUAGE sql SET statement_timeout = '33s'"
    "    SET work_mem = '3MB' AS $$SELECT current_setting('statement_timeout')$$;"
    "CREATE FUNCTION api.isolated() RETURNS text LANGUAGE sql"
    "    SET default_transaction_isolation = 'serializable'"
    "    AS $$SELECT current_setting('transaction_isolation')$$;"
    "CREATE FUNCTION api.before() RETURNS void LANGUAGE plpgsql AS $$ BEGIN"
    "  IF current_setting('request.headers')::json->>'x-block' = 'yes' THEN"
    "    RAISE EXCEPTION 'blocked' USING HINT = 'ask nicely'; END IF;"
    "  IF current_setting('request.headers')::json->>'x-as' IS NOT NULL THEN"
    "    PERFORM set_config('role', current_setting('request.headers')::json->>'x-as', true);"
    "  END IF;"
    "  IF current_setting('request.headers')::json->>'x-write' = 'yes' THEN"
    "    INSERT INTO api.items VALUES (99); END IF;"
    "  PERFORM set_config('response.headers', json_build_array(json_build_object('X-Seen',"
    "    current_setting('request.method') || ' ' || current_setting('request.path')))::text, true);"
    "END $$;"
    "CREATE FUNCTION api.accepted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    "  PERFORM set_config('response.status', '202', true); RETURN new; END $$;"
    "CREATE TABLE api.jobs (id integer PRIMARY KEY);"
    "CREATE TRIGGER accepted BEFORE INSERT ON api.jobs FOR EACH ROW EXECUTE FUNCTION api.accepted();"
    "CREATE VIEW api.me AS SELECT current_user::text AS name,"
    "  current_setting('request.jwt.claims', true) AS claims;";

static const char *const schemas[] = {"api", "other"};
static const char *const extra[] = {"shared"};
static const char *const hoisted[] = {"statement_timeout", "default_transaction_isolation"};
static const char *const settings[] = {"host=localhost", "quote=it's"};

static void
open_with(struct rest_transaction transaction)
{
    transaction.extra_search_path = extra;
    transaction.extra_search_path_count = COUNTOF(extra);
    transaction.hoisted = hoisted;
    transaction.hoisted_count = COUNTOF(hoisted);
    transaction.settings = settings;
    transaction.setting_count = COUNTOF(settings);
    door_open(&door, &(struct door_options){
                         .migration = sql,
                         .schemas = schemas,
                         .schema_count = COUNTOF(schemas),
                         .transaction = transaction,
                     });
}

static int
open_plain(void **state)
{
    (void)state;
    open_with((struct rest_transaction){0});
    return 0;
}

static int
open_guarded(void **state)
{
    (void)state;
    open_with((struct rest_transaction){.pre_request = "api.before"});
    return 0;
}

static int
close_door(void **state)
{
    (void)state;
    door_close(&door);
    return 0;
}

static void
a_transaction_searches_the_selected_schema_and_the_extra_ones(void **state)
{
    static const struct door_case cases[] = {
        {"GET /rpc/setting?name=search_path", "200\n\n\"\\\"api\\\", \\\"shared\\\"\""},
        {"GET /rpc/setting?name=search_path\nAccept-Profile: other",
         "200\n\n\"\\\"other\\\", \\\"shared\\\"\""},
        {"POST /rpc/twice_one\n\n{}", "200\n\n2"},
        {"POST /moods\nContent-Profile: other\nPrefer: return=representation\n\n"
         "{\"id\":1,\"mood\":\"ok\"}",
         "201\n\n[{\"id\":1,\"mood\":\"ok\"}]"},
        {"GET /moods?select=id::text,mood&mood=in.(ok,sad)\nAccept-Profile: other",
         "200\n\n[{\"id\":\"1\",\"mood\":\"ok\"}]"},
    };

    door_expect_all(&door, cases, COUNTOF(cases));
}

static void
settings_of_the_configuration_are_there(void **state)
{
    static const struct door_case cases[] = {
        {"GET /rpc/setting?name=app.settings.host", "200\n\n\"localhost\""},
        {"POST /rpc/setting\n\n{\"name\":\"app.settings.quote\"}", "200\n\n\"it's\""},
        {"GET /rpc/setting?name=app.settings.absent", "200\n\nnull"},
        {"GET /rpc/setting?name=request.method", "200\n\n\"GET\""},
    };

    door_expect_all(&door, cases, COUNTOF(cases));
}

static void
a_request_chooses_its_time_zone(void **state)
{
    static const struct door_case cases[] = {
        {"GET /items?id=eq.1\nPrefer: timezone=America/Los_Angeles",
         "200\nPreference-Applied: timezone=America/Los_Angeles\n\n"
         "[{\"id\":1,\"at\":\"2026-01-01T19:04:05-08:00\"}]"},
        {"GET /items?id=eq.1", "200\n!Preference-Applied\n\n"
                               "[{\"id\":1,\"at\":\"2026-01-02T03:04:05+00:00\"}]"},
        {"GET /items\nPrefer: timezone=Jupiter/Red_Spot",
         "400\n\n{\"code\":\"22023\",\"details\":null,\"hint\":null,\"message\":"
         "\"invalid value for parameter \\\"TimeZone\\\": \\\"Jupiter/Red_Spot\\\"\"}"},
        {"POST /rpc/setting\nPrefer: handling=strict, timezone=Asia/Tokyo\n\n{\"name\":\"timezone\"}",
         "200\nPreference-Applied: handling=strict, timezone=Asia/Tokyo\n\n\"Asia/Tokyo\""},
    };

    door_expect_all(&door, cases, COUNTOF(cases));
}

static void
settings_of_functions_hold_for_the_transaction_where_they_are_hoisted(void **state)
{
    static const struct door_case cases[] = {
        {"POST /rpc/slow\n\n{}", "500\n\n{\"code\":\"57014\",..."},
        {"POST /rpc/patient\n\n{}", "200\n\n\"33s\""},
        {"POST /rpc/isolated\n\n{}", "200\n\n\"serializable\""},
        {"GET /rpc/setting?name=transaction_isolation", "200\n\n\"read committed\""},
        {"GET /rpc/setting?name=statement_timeout", "200\n\n\"20s\""},
    };

    door_expect_all(&door, cases, COUNTOF(cases));
}

static void
a_function_runs_before_every_request(void **state)
{
    static const struct door_case cases[] = {
        {"GET /items?select=id&id=eq.1", "200\nX-Seen: GET /items\n\n[{\"id\":1}]"},
        {"POST /items\n\n{\"id\":3}", "201\nX-Seen: POST /items\n\n"},
        {"DELETE /items?id=eq.3", "204\nX-Seen: DELETE /items\n\n"},
        {"POST /rpc/twice_one\n\n{}", "200\nX-Seen: POST /rpc/twice_one\n\n2"},
        {"POST /items\nX-Block: yes\n\n{\"id\":3}",
         "400\n!X-Seen\n\n{\"code\":\"P0001\",\"details\":null,\"hint\":\"ask nicely\",\"message\":"
         "\"blocked\"}"},
        {"GET /items?id=eq.3", "200\n\n[]"},
        {"GET /items\nX-Write: yes", "405\n\n{\"code\":\"25006\",..."},
        {"POST /items\nX-Write: yes\n\n{\"id\":4}", "201\n\n"},
        {"GET /items?id=gte.4&select=id&order=id", "200\n\n[{\"id\":4}, \n {\"id\":99}]"},
        {"GET /me?select=name\nX-As: pg_monitor", "401\n\n{\"code\":\"42501\",..."},
        {"GET /me?select=name", "200\n\n[{\"name\":\"postgres\"}]"},
    };
    struct caller caller = {.is_anonymous = true};

    door.caller = &caller;
    door_expect_all(&door, cases, COUNTOF(cases));
}

static void
any_function_may_set_the_status(void **state)
{
    static const struct door_case cases[] = {
        {"POST /jobs\n\n{\"id\":1}", "202\n\n"},
        {"GET /jobs", "200\n\n[{\"id\":1}]"},
    };

    door_expect_all(&door, cases, COUNTOF(cases));
}

static void
a_role_brings_its_settings_along(void **state)
{
    static const char roles[] =
        "DO $$ BEGIN CREATE ROLE slowpoke; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
        "GRANT slowpoke TO postgres; ALTER ROLE slowpoke SET statement_timeout = '7s';"
        "ALTER ROLE slowpoke SET default_transaction_isolation = 'repeatable read';"
        "ALTER ROLE slowpoke SET timezone = 'Asia/Tokyo';"
        "CREATE FUNCTION setting(name text) RETURNS text LANGUAGE sql STABLE"
        "    AS $$SELECT current_setting(name, true)$$;"
        "CREATE VIEW me AS SELECT current_user::text AS name,"
        "  current_setting('request.jwt.claims', true) AS claims;"
        "GRANT SELECT ON me TO slowpoke;";
    static const struct door_case cases[] = {
        {"GET /rpc/setting?name=statement_timeout", "200\n\n\"7s\""},
        {"GET /rpc/setting?name=timezone", "200\n\n\"Asia/Tokyo\""},
        {"GET /rpc/setting?name=transaction_isolation", "200\n\n\"repeatable read\""},
        {"GET /me?select=name,claims",
         "200\n\n[{\"name\":\"slowpoke\",\"claims\":\"{\\\"role\\\":\\\"slowpoke\\\"}\"}]"},
        {"POST /rpc/setting\nPrefer: tx=commit\n\n{\"name\":\"transaction_isolation\"}",
         "200\n\n\"repeatable read\""},
    };
    static const struct door_case without[] = {
        {"GET /rpc/setting?name=statement_timeout", "200\n\n\"20s\""},
        {"GET /rpc/setting?name=timezone", "200\n\n\"UTC\""},
        {"GET /me?select=name,claims", "200\n\n[{\"name\":\"postgres\",\"claims\":\"{}\"}]"},
    };
    static const struct door_case unknown[] = {
        {"GET /me", "401\n\n{\"code\":\"22023\",\"details\":null,\"hint\":null,\"message\":"
                    "\"role \\\"nobody_here\\\" does not exist\"}"},
    };
    struct caller caller = {.role = STR("slowpoke")};

    door_open_with(&door, roles);
    door.caller = &caller;
    door_expect_all(&door, cases, COUNTOF(cases));
    door.caller = NULL;
    door_expect_all(&door, without, COUNTOF(without));
    caller.role = STR("nobody_here");
    door.caller = &caller;
    door_expect_all(&door, unknown, COUNTOF(unknown));
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_transaction_searches_the_selected_schema_and_the_extra_ones, open_plain, close_door),
        cmocka_unit_test_setup_teardown(settings_of_the_configuration_are_there, open_plain,
                                        close_door),
        cmocka_unit_test_setup_teardown(a_request_chooses_its_time_zone, open_plain, close_door),
        cmocka_unit_test_setup_teardown(
            settings_of_functions_hold_for_the_transaction_where_they_are_hoisted, open_plain,
            close_door),
        cmocka_unit_test_setup_teardown(a_function_runs_before_every_request, open_guarded,
                                        close_door),
        cmocka_unit_test_setup_teardown(any_function_may_set_the_status, open_plain, close_door),
        cmocka_unit_test_teardown(a_role_brings_its_settings_along, close_door),
    };
    int failed;

    if (!door_begin(argc, argv))
        return 77;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    door_end();
    return failed;
}
