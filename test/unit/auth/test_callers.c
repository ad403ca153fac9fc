/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may: headers, rules, and tokens that come again.
 */
#include "auth/auth.h"

#include "auth/jwt.h"
#include "auth/token_cache.h"
#include "core/clock.h"
#include "unit/unit.h"

#define SECRET "a secret of the tests, which has more than 32 bytes"
#define OTHER "another secret of the tests, with more than 32 bytes"

struct fixture {
    struct config config;
    struct auth_loop *loop;
    struct arena *arena;
    struct request request;
    struct buf token;
    struct err err;
};

static int
setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));

    f->config = (struct config){
        .dir = "/nonexistent",
        .auth_jwt_secret = SECRET,
        .auth_role_claim = ".role",
        .auth_anonymous = CONFIG_AUTH_ANONYMOUS_CLOSED,
        .database_engine = CONFIG_ENGINE_POSTGRES,
    };
    f->arena = arena_new(16 * 1024, 1024 * 1024);
    buf_init(&f->token, 64 * 1024);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    auth_loop_free(f->loop);
    arena_free(f->arena);
    buf_fini(&f->token);
    free(f);
    return 0;
}

static struct auth *
open_auth(struct fixture *f)
{
    struct auth *auth = NULL;
    struct err err = {0};

    assert_ok(auth_open(&f->config, &auth, &err));
    return auth;
}

static void
start(struct fixture *f)
{
    auth_loop_free(f->loop);
    f->loop = auth_loop_new(open_auth(f));
}

static bool
ask(struct fixture *f, const char *authorization, const char *apikey)
{
    arena_reset(f->arena);
    err_clear(&f->err);
    f->request = (struct request){.arena = f->arena, .peer = STR("10.0.0.1")};
    f->request.known[HTTP_H_AUTHORIZATION] = str_from(authorization);
    f->request.known[HTTP_H_APIKEY] = str_from(apikey);
    return auth_check(f->loop, &f->request, ROUTE_RIGHT_ROLE, &f->err);
}

/* "Bearer TOKEN" with these claims; good until the next call. */
static const char *
bearer(struct fixture *f, const char *secret, const char *claims)
{
    buf_clear(&f->token);
    BUF_ADD_LIT(&f->token, "Bearer ");
    jwt_sign(str_from(secret), str_from(claims), &f->token);
    return buf_cstr(&f->token);
}

static void
expect_refusal(struct fixture *f, const char *authorization, int status, const char *code)
{
    assert_false(ask(f, authorization, NULL));
    assert_string_equal(f->err.code, code);
    assert_int_equal(f->err.http_status, status);
}

static void
a_token_says_role_and_claims(void **state)
{
    struct fixture *f = *state;

    start(f);
    /* Twice: verified, and remembered. */
    for (int i = 0; i < 2; i++) {
        assert_true(ask(f, bearer(f, SECRET, "{\"sub\":\"7\",\"role\":\"ann\"}"), NULL));
        assert_false(f->request.caller->is_anonymous);
        assert_str(f->request.caller->role, "ann");
        assert_str(f->request.caller->claims_json, "{\"sub\":\"7\",\"role\":\"ann\"}");
    }
    expect_refusal(f, bearer(f, OTHER, "{\"role\":\"ann\"}"), 401, "PGRST301");
}

static void
the_scheme_is_bearer_in_any_case(void **state)
{
    struct fixture *f = *state;
    char text[1024];

    start(f);
    snprintf(text, sizeof(text), "bEARER  %s", bearer(f, SECRET, "{\"role\":\"ann\"}") + 7);
    assert_true(ask(f, text, NULL));
    expect_refusal(f, "Bearer", 401, "PGRST301");
    expect_refusal(f, "Bearer ", 401, "PGRST301");
    expect_refusal(f, "Basic YTpi", 401, "PGRST302");
    expect_refusal(f, bearer(f, SECRET, "{\"role\":\"ann\"}") + 7, 401, "PGRST302");
    expect_refusal(f, NULL, 401, "PGRST302");
}

static void
an_apikey_counts_where_there_is_no_bearer(void **state)
{
    struct fixture *f = *state;
    char key[1024];

    start(f);
    snprintf(key, sizeof(key), "%s", bearer(f, SECRET, "{\"role\":\"anon\"}") + 7);
    assert_true(ask(f, NULL, key));
    assert_str(f->request.caller->role, "anon");
    assert_true(ask(f, bearer(f, SECRET, "{\"role\":\"ann\"}"), key));
    assert_str(f->request.caller->role, "ann");
    assert_false(ask(f, bearer(f, OTHER, "{\"role\":\"ann\"}"), key));
    assert_false(ask(f, NULL, "sb_publishable_something"));
    assert_string_equal(f->err.message, "Expected 3 parts in JWT; got 1");
}

static void
who_is_anonymous_gets_nothing_where_it_is_closed(void **state)
{
    struct fixture *f = *state;

    start(f);
    expect_refusal(f, NULL, 401, "PGRST302");
    assert_string_equal(f->err.message, "Anonymous access is disabled");
    /* A token that names nobody is no more than none. */
    expect_refusal(f, bearer(f, SECRET, "{\"sub\":\"7\"}"), 401, "PGRST302");
    expect_refusal(f, bearer(f, SECRET, "{\"role\":null}"), 401, "PGRST302");
}

static void
who_is_anonymous_runs_as_the_connection_where_it_is_open(void **state)
{
    struct fixture *f = *state;

    f->config.auth_anonymous = CONFIG_AUTH_ANONYMOUS_OPEN;
    start(f);
    assert_true(ask(f, NULL, NULL));
    assert_true(f->request.caller->is_anonymous);
    assert_null(f->request.caller->role.data);
    assert_null(f->request.caller->claims_json.data);
    assert_true(ask(f, bearer(f, SECRET, "{\"sub\":\"7\"}"), NULL));
    assert_null(f->request.caller->role.data);
    assert_str(f->request.caller->claims_json, "{\"sub\":\"7\"}");
    /* But a token that isn't good is refused, not overlooked. */
    expect_refusal(f, bearer(f, OTHER, "{\"role\":\"ann\"}"), 401, "PGRST301");
}

static void
the_anonymous_role_stands_in_the_claims(void **state)
{
    struct fixture *f = *state;

    f->config.auth_anonymous = CONFIG_AUTH_ANONYMOUS_OPEN;
    f->config.auth_anon_role = "web\"anon";
    start(f);
    assert_true(ask(f, NULL, NULL));
    assert_str(f->request.caller->role, "web\"anon");
    for (int i = 0; i < 2; i++) {
        assert_true(ask(f, bearer(f, SECRET, "{\"sub\":\"a\\\"\\u0041\",\"n\":[1, 2]}"), NULL));
        assert_true(f->request.caller->is_anonymous);
        assert_str(f->request.caller->claims_json,
                   "{\"role\":\"web\\\"anon\",\"sub\":\"a\\\"\\u0041\",\"n\":[1, 2]}");
    }
    assert_true(ask(f, bearer(f, SECRET, "{\"role\":\"web\\\"anon\"}"), NULL));
    assert_true(f->request.caller->is_anonymous);
    assert_true(ask(f, bearer(f, SECRET, "{\"role\":\"ann\"}"), NULL));
    assert_false(f->request.caller->is_anonymous);
}

static void
the_role_may_stand_elsewhere_in_the_claims(void **state)
{
    struct fixture *f = *state;

    f->config.auth_role_claim = ".app.roles[1]";
    start(f);
    assert_true(
        ask(f, bearer(f, SECRET, "{\"role\":\"x\",\"app\":{\"roles\":[\"a\",\"b\"]}}"), NULL));
    assert_str(f->request.caller->role, "b");
    assert_str(f->request.caller->claims_json,
               "{\"role\":\"b\",\"app\":{\"roles\":[\"a\",\"b\"]}}");
    expect_refusal(f, bearer(f, SECRET, "{\"role\":\"x\"}"), 401, "PGRST302");
}

static void
no_token_leads_back_to_the_connections_own_role(void **state)
{
    struct fixture *f = *state;

    f->config.auth_anonymous = CONFIG_AUTH_ANONYMOUS_OPEN;
    start(f);
    expect_refusal(f, bearer(f, SECRET, "{\"role\":\"none\"}"), 401, "22023");
    assert_true(ask(f, bearer(f, SECRET, "{\"role\":\"\"}"), NULL));
    /* Empty, and not absent: the database refuses it. */
    assert_non_null(f->request.caller->role.data);
    assert_true(ask(f, bearer(f, SECRET, "{\"role\":[\"none\"]}"), NULL));
    assert_str(f->request.caller->role, "[\"none\"]");
}

static void
on_the_embedded_engine_who_says_no_role_is_anon(void **state)
{
    struct fixture *f = *state;

    f->config.database_engine = CONFIG_ENGINE_SQLITE;
    f->config.auth_anon_role = NULL;
    start(f);
    assert_true(ask(f, bearer(f, SECRET, "{\"role\":\"service_role\"}"), NULL));
    expect_refusal(f, bearer(f, SECRET, "{\"role\":\"anon\"}"), 401, "PGRST302");
    expect_refusal(f, bearer(f, SECRET, "{\"sub\":\"ann\"}"), 401, "PGRST302");
    expect_refusal(f, NULL, 401, "PGRST302");
}

static void
without_a_key_a_token_is_the_servers_fault(void **state)
{
    struct fixture *f = *state;

    f->config.auth_jwt_secret = NULL;
    start(f);
    assert_false(ask(f, bearer(f, SECRET, "{\"role\":\"ann\"}"), NULL));
    assert_string_equal(f->err.code, "PGRST300");
    assert_int_equal(f->err.http_status, 500);
    assert_string_equal(f->err.message, "Server lacks JWT secret");
}

static void
a_token_that_is_remembered_still_expires(void **state)
{
    struct fixture *f = *state;
    char claims[128];

    start(f);
    snprintf(claims, sizeof(claims), "{\"role\":\"ann\",\"exp\":%lld}",
             (long long)(clock_wall_us() / 1000000 - JWT_SKEW_S + 1));
    assert_true(ask(f, bearer(f, SECRET, claims), NULL));
    uv_sleep(2100);
    assert_false(ask(f, bearer(f, SECRET, claims), NULL));
    assert_string_equal(f->err.message, "JWT expired");
}

static void
new_keys_forget_old_tokens(void **state)
{
    struct fixture *f = *state;
    const char *token;

    start(f);
    token = bearer(f, SECRET, "{\"role\":\"ann\"}");
    assert_true(ask(f, token, NULL));
    f->config.auth_jwt_secret = OTHER;
    auth_loop_set(f->loop, open_auth(f));
    assert_false(ask(f, token, NULL));
    assert_true(ask(f, bearer(f, OTHER, "{\"role\":\"ann\"}"), NULL));
}

static void
the_audience_of_the_configuration_is_asked_for(void **state)
{
    struct fixture *f = *state;

    f->config.auth_jwt_aud = "shop";
    start(f);
    assert_true(ask(f, bearer(f, SECRET, "{\"role\":\"ann\",\"aud\":\"shop\"}"), NULL));
    expect_refusal(f, bearer(f, SECRET, "{\"role\":\"ann\",\"aud\":\"bank\"}"), 401, "PGRST303");
    /* What was refused is not remembered. */
    expect_refusal(f, bearer(f, SECRET, "{\"role\":\"ann\",\"aud\":\"bank\"}"), 401, "PGRST303");
}

static void
other_rights_ask_for_no_token(void **state)
{
    struct fixture *f = *state;

    start(f);
    (void)!ask(f, NULL, NULL);
    assert_true(auth_check(f->loop, &f->request, ROUTE_RIGHT_ANYONE, &f->err));
    assert_false(auth_check(f->loop, &f->request, ROUTE_RIGHT_LOCAL, &f->err));
    assert_int_equal(f->err.http_status, 403);
    f->request.peer = STR("127.0.0.1");
    assert_true(auth_check(f->loop, &f->request, ROUTE_RIGHT_LOCAL, &f->err));
    assert_false(auth_check(f->loop, &f->request, ROUTE_RIGHT_NOBODY, &f->err));
    assert_int_equal(f->err.http_status, 404);
}

static void
a_path_that_is_none_is_refused_at_the_start(void **state)
{
    struct fixture *f = *state;
    struct auth *auth = NULL;
    struct err err = {0};

    f->config.auth_role_claim = "role";
    assert_false(auth_open(&f->config, &auth, &err));
    assert_null(auth);
    assert_contains(err.message, "auth.role_claim");
    f->config.auth_role_claim = ".role";
    f->config.auth_jwks_is = CONFIG_JWKS_FILE;
    f->config.auth_jwks = "/nonexistent/jwks.json";
    assert_false(auth_open(&f->config, &auth, &err));
    assert_contains(err.message, "/nonexistent/jwks.json");
}

/* --- what is remembered ---------------------------------------------------------------------- */

static void
tokens_are_remembered_whole_and_bounded(void **state)
{
    struct token_cache *cache = token_cache_new();
    struct caller caller = {.role = STR("ann"), .claims_json = STR("{}")};
    struct jwt_times times = {.exp = 5}, got = {0};
    struct caller found;
    char token[32];
    unsigned kept = 0;

    for (unsigned i = 0; i < 20000; i++) {
        snprintf(token, sizeof(token), "token %u", i);
        token_cache_put(cache, str_from(token), &caller, &times);
        assert_true(token_cache_get(cache, str_from(token), &found, &got));
        assert_int_equal(got.exp, 5);
        assert_str(found.role, "ann");
    }
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(token, sizeof(token), "token %u", i);
        kept += token_cache_get(cache, str_from(token), &found, &got);
    }
    assert_true(kept > 500 && kept <= 1024);
    assert_false(token_cache_get(cache, STR("token"), &found, &got));
    token_cache_clear(cache);
    assert_false(token_cache_get(cache, STR("token 19999"), &found, &got));
    token_cache_free(cache);
}

static void
a_token_too_large_to_be_remembered_is_not(void **state)
{
    struct token_cache *cache = token_cache_new();
    struct caller caller = {.role = STR("ann")}, found;
    struct jwt_times times = {0};
    char *token = xcalloc(1, 9000);

    token_cache_put(cache, str_make(token, 9000), &caller, &times);
    assert_false(token_cache_get(cache, str_make(token, 9000), &found, &times));
    token_cache_put(cache, str_make(token, 8000), &caller, &times);
    assert_true(token_cache_get(cache, str_make(token, 8000), &found, &times));
    free(token);
    token_cache_free(cache);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_token_says_role_and_claims),
        CASE(the_scheme_is_bearer_in_any_case),
        CASE(an_apikey_counts_where_there_is_no_bearer),
        CASE(who_is_anonymous_gets_nothing_where_it_is_closed),
        CASE(who_is_anonymous_runs_as_the_connection_where_it_is_open),
        CASE(the_anonymous_role_stands_in_the_claims),
        CASE(the_role_may_stand_elsewhere_in_the_claims),
        CASE(no_token_leads_back_to_the_connections_own_role),
        CASE(on_the_embedded_engine_who_says_no_role_is_anon),
        CASE(without_a_key_a_token_is_the_servers_fault),
        CASE(a_token_that_is_remembered_still_expires),
        CASE(new_keys_forget_old_tokens),
        CASE(the_audience_of_the_configuration_is_asked_for),
        CASE(other_rights_ask_for_no_token),
        CASE(a_path_that_is_none_is_refused_at_the_start),
        cmocka_unit_test(tokens_are_remembered_whole_and_bounded),
        cmocka_unit_test(a_token_too_large_to_be_remembered_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
