/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/load.h"
#include "config/postgrest_impl.h"

struct fixture {
    struct arena *arena;
    struct buf yaml, dotenv;
    struct config_errors errors;
    bool ok;
};

static int
setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));

    f->arena = arena_new(4096, 64 * 1024 * 1024);
    buf_init(&f->yaml, 1 << 20);
    buf_init(&f->dotenv, 1 << 20);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    buf_fini(&f->yaml);
    buf_fini(&f->dotenv);
    arena_free(f->arena);
    free(f);
    return 0;
}

static void
import_with(struct fixture *f, const char *text, char *const *environ, bool takes_environ)
{
    const struct postgrest_input input = {
        .text = str_from(text),
        .name = "postgrest.conf",
        .environ = environ,
        .takes_environ = takes_environ,
    };

    buf_clear(&f->yaml);
    buf_clear(&f->dotenv);
    f->ok = postgrest_import(&input, f->arena, &f->yaml, &f->dotenv, &f->errors);
    assert_int_equal(f->ok, f->errors.count == 0);
}

static void
import(struct fixture *f, const char *text)
{
    import_with(f, text, NULL, false);
    for (size_t i = 0; i < f->errors.count; i++)
        print_error("%s: %s\n", f->errors.items[i].where, f->errors.items[i].message);
    assert_true(f->ok);
}

static void
assert_yaml(struct fixture *f, const char *line)
{
    if (strstr(buf_cstr(&f->yaml), line) == NULL)
        fail_msg("no '%s' in\n%s", line, buf_cstr(&f->yaml));
}

static void
assert_no_yaml(struct fixture *f, const char *text)
{
    if (strstr(buf_cstr(&f->yaml), text) != NULL)
        fail_msg("'%s' in\n%s", text, buf_cstr(&f->yaml));
}

static void
each_key_has_its_option(void **state)
{
    static const char *const pairs[][2] = {
        {"db-schemas = \"a, b\"", "\n  schemas: [\"a\", \"b\"]\n"},
        {"db-anon-role = \"anon\"", "\n  anon_role: \"anon\"\n"},
        {"db-extra-search-path = \"x,y\"", "\n  extra_search_path: [\"x\", \"y\"]\n"},
        {"db-extra-search-path = \"\"", "\n  extra_search_path: []\n"},
        {"db-pool-acquisition-timeout = 7", "\n  pool_timeout: 7s\n"},
        {"db-channel = \"news\"", "\n  channel: \"news\"\n"},
        {"db-channel-enabled = false\ndb-channel = \"news\"", "\n  channel: \"none\"\n"},
        {"db-tx-end = \"commit-allow-override\"", "\n  end: commit\n  allow_override: true\n"},
        {"db-tx-end = \"rollback\"", "\n  end: rollback\n  allow_override: false\n"},
        {"db-pre-request = \"api.check\"", "\n  pre_request: \"api.check\"\n"},
        {"db-hoisted-tx-settings = \"work_mem\"", "\n  hoisted_settings: [\"work_mem\"]\n"},
        {"db-max-rows = 50", "\n  max_rows: 50\n"},
        {"db-max-rows = \"50\"", "\n  max_rows: 50\n"},
        {"db-aggregates-enabled = true", "\n  aggregates: true\n"},
        {"db-root-spec = \"root\"", "\n  root_function: \"root\"\n"},
        {"db-prepared-statements = off", "\n  prepared_statements: false\n"},
        {"db-plan-enabled = true", "\n  plans: true\n"},
        {"url-use-legacy-target-names = false", "\n  legacy_target_names: false\n"},
        {"jwt-aud = \"shop\"", "\n  jwt_aud: \"shop\"\n"},
        {"jwt-role-claim-key = \".a.b\"", "\n  role_claim: \".a.b\"\n"},
        {"jwt-secret-is-base64 = \"1\"", "\n  jwt_secret_is_base64: true\n"},
        {"openapi-mode = \"disabled\"", "\n  mode: disabled\n"},
        {"openapi-security-active = on", "\n  security: true\n"},
        {"openapi-server-proxy-uri = \"https://a.example/x\"",
         "\n  url: \"https://a.example/x\"\n"},
        {"server-cors-allowed-origins = \"https://a.example, https://b.example\"",
         "\n  origins: [\"https://a.example\", \"https://b.example\"]\n"},
        {"server-trace-header = \"X-Request-Id\"", "\n  trace_header: \"X-Request-Id\"\n"},
        {"server-timing-enabled = true", "\n  server_timing: true\n"},
        {"client-error-verbosity = \"minimal\"", "\n  error_detail: minimal\n"},
        {"client-error-verbosity = \"verbose\"", "\n  error_detail: full\n"},
        {"log-level = \"warn\"", "\n  level: warn\n"},
        {"server-host = \"127.0.0.1\"\nserver-port = 4000", "\nlisten: \"127.0.0.1:4000\"\n"},
        {"app.settings.host = \"x\"", "\n  settings:\n    \"host\": \"x\"\n"},
    };

    for (size_t i = 0; i < COUNTOF(pairs); i++) {
        import(*state, pairs[i][0]);
        assert_yaml(*state, pairs[i][1]);
    }
}

static void
keys_of_older_releases_count_where_the_new_one_is_absent(void **state)
{
    import(*state,
           "db-schema = \"old\"\nmax-rows = 5\npre-request = \"a.b\"\nrole-claim-key = \".x\"");
    assert_yaml(*state, "\n  schemas: [\"old\"]\n");
    assert_yaml(*state, "\n  max_rows: 5\n");
    assert_yaml(*state, "\n  pre_request: \"a.b\"\n");
    assert_yaml(*state, "\n  role_claim: \".x\"\n");
    import(*state, "db-schemas = \"new\"\ndb-schema = \"old\"");
    assert_yaml(*state, "\n  schemas: [\"new\"]\n");
}

static void
limits_are_those_that_clients_had(void **state)
{
    static const char *const lines[] = {
        "\n  managed: false\n",  "\n  max_rows: unlimited\n", "\n  line_max: 50KiB\n",
        "\n  head_max: 50KiB\n", "\n  embed_depth_max: 50\n", "\n  json_depth_max: 1000\n",
    };

    import(*state, "");
    for (size_t i = 0; i < COUNTOF(lines); i++)
        assert_yaml(*state, lines[i]);
}

static void
what_has_no_counterpart_is_said_with_its_reason(void **state)
{
    import(*state, "db-config = true\nadmin-server-port = 3001\nnonsense = 1");
    assert_yaml(*state, "\n# db-config: settings in the database");
    assert_yaml(*state, "\n# admin-server-port: /livez, /readyz");
    assert_yaml(*state, "\n# nonsense: PostgREST has no such key.\n");
}

static void
what_is_secret_goes_elsewhere(void **state)
{
    struct fixture *f = *state;

    import(f, "db-uri = \"postgres://u:hidden@h/d\"\n"
              "jwt-secret = \"a secret that is hidden, of 32 bytes\"\n"
              "app.settings.api_secret = \"hidden too\"\napp.settings.host = \"shown\"");
    assert_no_yaml(f, "hidden");
    assert_yaml(f, "\"host\": \"shown\"");
    assert_string_equal(buf_cstr(&f->dotenv),
                        "CAIRN_DATABASE_URL=\"postgres://u:hidden@h/d\"\n"
                        "CAIRN_AUTH_JWT_SECRET=\"a secret that is hidden, of 32 bytes\"\n"
                        "CAIRN_APP_SETTINGS_api_secret=\"hidden too\"\n");
    import(f, "db-uri = \"postgres://u@h/d\"");
    assert_yaml(f, "\n  url: \"postgres://u@h/d\"\n");
    assert_int_equal(f->dotenv.len, 0);
}

static void
a_key_or_a_set_of_keys_may_be_the_secret(void **state)
{
    struct fixture *f = *state;

    import(f, "jwt-secret = \"{\\\"kty\\\":\\\"RSA\\\"}\"");
    assert_string_equal(buf_cstr(&f->dotenv),
                        "CAIRN_AUTH_JWKS=\"{\\\"keys\\\":[{\\\"kty\\\":\\\"RSA\\\"}]}\"\n");
    import(f, "jwt-secret = \"{\\\"keys\\\":[]}\"");
    assert_string_equal(buf_cstr(&f->dotenv), "CAIRN_AUTH_JWKS=\"{\\\"keys\\\":[]}\"\n");
}

static void
connection_strings_become_urls(void **state)
{
    static const char *const pairs[][2] = {
        {"host=h port=5 dbname=d user='a b'", "postgres://a%20b@h:5/d"},
        {"dbname=d", "postgres://localhost/d"},
        {"host=/run/pg dbname=d user=u sslmode=require",
         "postgres://u@/d?host=%2Frun%2Fpg&sslmode=require"},
        {"host=a,b port=1,2 dbname=d", "postgres:///d?host=a%2Cb&port=1%2C2"},
        {" postgresql://h/d ", "postgresql://h/d"},
    };
    struct fixture *f = *state;
    char port[] = "PGPORT=5433", name[] = "PGUSER=shop";
    char *environ[] = {port, name, NULL};

    for (size_t i = 0; i < COUNTOF(pairs); i++)
        assert_string_equal(postgrest_url(f->arena, pairs[i][0], NULL), pairs[i][1]);
    assert_string_equal(postgrest_url(f->arena, "postgresql://", environ),
                        "postgres://shop@localhost:5433/shop");
    assert_null(postgrest_url(f->arena, "nonsense", NULL));
    assert_null(postgrest_url(f->arena, "host='h", NULL));
}

static void
the_syntax_is_postgrests(void **state)
{
    struct fixture *f = *state;
    char word[] = "WORD=from outside";
    char *environ[] = {word, NULL};

    import_with(f,
                "# a comment\ndb-schemas = [\"a\", \"b\"] # behind\n"
                "app { settings { one = \"$(WORD) costs $$5\" } }\n"
                "app.settings.two = \"a\\\"b\\\\c\\u00e9\"\n"
                "db-max-rows = 1 db-max-rows = 2",
                environ, false);
    assert_true(f->ok);
    assert_yaml(f, "\n  schemas: [\"a\", \"b\"]\n");
    assert_yaml(f, "\n    \"one\": \"from outside costs $5\"\n");
    assert_yaml(f, "\n    \"two\": \"a\\\"b\\\\c\xc3\xa9\"\n");
    assert_yaml(f, "\n  max_rows: 2\n");
}

static void
the_environment_wins_where_it_is_asked(void **state)
{
    struct fixture *f = *state;
    char schemas[] = "PGRST_DB_SCHEMAS=env", setting[] = "PGRST_APP_SETTINGS_host=env";
    char *environ[] = {schemas, setting, NULL};

    import_with(f, "db-schemas = \"file\"\napp.settings.host = \"file\"", environ, true);
    assert_yaml(f, "\n  schemas: [\"env\"]\n");
    assert_yaml(f, "\n    \"host\": \"env\"\n");
    import_with(f, "db-schemas = \"file\"", environ, false);
    assert_yaml(f, "\n  schemas: [\"file\"]\n");
}

static void
every_error_is_reported_with_its_line(void **state)
{
    static const struct {
        const char *where, *message;
    } errors[] = {
        {"postgrest.conf:1 db-tx-end", "a transaction has no such end: 'maybe'"},
        {"postgrest.conf:2 db-max-rows", "this is no number: 'many'"},
        {"postgrest.conf:3 openapi-mode", "openapi.mode: there is no 'hidden'"},
        {"postgrest.conf:4 server-timing-enabled", "this is neither true nor false: 'perhaps'"},
        {"postgrest.conf:5", "the environment has no variable 'ABSENT'"},
        {"postgrest.conf:6 jwt-secret", "files are not read here: '@key'"},
        {"postgrest.conf:7", "this is no value"},
    };
    struct fixture *f = *state;

    import_with(f,
                "db-tx-end = \"maybe\"\ndb-max-rows = \"many\"\nopenapi-mode = \"hidden\"\n"
                "server-timing-enabled = \"perhaps\"\napp.settings.x = \"$(ABSENT)\"\n"
                "jwt-secret = \"@key\"\nlog-level = warn\n",
                NULL, false);
    for (size_t i = 0; i < COUNTOF(errors); i++) {
        bool found = false;

        for (size_t j = 0; j < f->errors.count; j++)
            found = found || (strcmp(f->errors.items[j].where, errors[i].where) == 0 &&
                              strcmp(f->errors.items[j].message, errors[i].message) == 0);
        if (!found)
            fail_msg("no error at %s: %s", errors[i].where, errors[i].message);
    }
    assert_int_equal(f->errors.count, COUNTOF(errors));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_key_has_its_option),
        TEST(keys_of_older_releases_count_where_the_new_one_is_absent),
        TEST(limits_are_those_that_clients_had),
        TEST(what_has_no_counterpart_is_said_with_its_reason),
        TEST(what_is_secret_goes_elsewhere),
        TEST(a_key_or_a_set_of_keys_may_be_the_secret),
        TEST(connection_strings_become_urls),
        TEST(the_syntax_is_postgrests),
        TEST(the_environment_wins_where_it_is_asked),
        TEST(every_error_is_reported_with_its_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
