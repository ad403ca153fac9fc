/* SPDX-License-Identifier: Apache-2.0 */
#include "db/postgres/target.h"

#include "unit/unit.h"

static struct err err;

static const char *
param(const struct pg_params *params, const char *keyword)
{
    for (unsigned i = 0; params->keywords[i] != NULL; i++)
        if (strcmp(params->keywords[i], keyword) == 0)
            return params->values[i];
    return NULL;
}

static void
a_url_is_taken_apart(void **state)
{
    struct pg_target target;
    struct pg_params params;
    char text[128];

    assert_ok(pg_target_init(&target, "postgres://me:pa%40ss@db.example:6000/shop?sslmode=require",
                             &err));
    assert_int_equal(target.host_count, 1);
    assert_string_equal(target.hosts[0].name, "db.example");
    assert_string_equal(target.hosts[0].port, "6000");
    assert_true(pg_host_needs_lookup(&target.hosts[0]));
    pg_target_describe(&target, text, sizeof(text));
    assert_string_equal(text, "postgres db.example:6000/shop");

    pg_params_init(&params, &target, target.hosts, target.host_count, 4100);
    assert_string_equal(param(&params, "user"), "me");
    assert_string_equal(param(&params, "password"), "pa@ss");
    assert_string_equal(param(&params, "dbname"), "shop");
    assert_string_equal(param(&params, "sslmode"), "require");
    assert_string_equal(param(&params, "client_encoding"), "UTF8");
    assert_string_equal(param(&params, "fallback_application_name"), "cairn");
    assert_string_equal(param(&params, "keepalives"), "1");
    assert_string_equal(param(&params, "connect_timeout"), "5");
    assert_null(param(&params, "hostaddr"));
    pg_params_fini(&params);
    pg_target_fini(&target);
}

static void
several_hosts_keep_their_ports_and_addresses(void **state)
{
    struct pg_target target;
    struct pg_params params;
    struct pg_host found[2];

    assert_ok(
        pg_target_init(&target, "postgres://a:1,b:2/x?target_session_attrs=read-write", &err));
    assert_int_equal(target.host_count, 2);
    found[0] = found[1] = target.hosts[1];
    snprintf(found[0].address, sizeof(found[0].address), "10.0.0.1");
    snprintf(found[1].address, sizeof(found[1].address), "::1");
    pg_params_init(&params, &target, found, 2, 1000);
    assert_string_equal(param(&params, "host"), "b,b");
    assert_string_equal(param(&params, "hostaddr"), "10.0.0.1,::1");
    assert_string_equal(param(&params, "port"), "2,2");
    assert_string_equal(param(&params, "target_session_attrs"), "read-write");
    pg_params_fini(&params);
    pg_target_fini(&target);

    assert_ok(pg_target_init(&target, "postgres://a,b:2,c/x?port=7", &err));
    assert_int_equal(target.host_count, 3);
    pg_target_fini(&target);
}

static void
sockets_and_addresses_need_no_look_up(void **state)
{
    struct pg_target target;

    assert_ok(pg_target_init(&target, "postgres://u@/x?host=/run/pg&port=5", &err));
    assert_string_equal(target.hosts[0].name, "/run/pg");
    assert_string_equal(target.hosts[0].port, "5");
    assert_false(pg_host_needs_lookup(&target.hosts[0]));
    pg_target_fini(&target);
    assert_ok(pg_target_init(&target, "postgres://u@h/x?hostaddr=10.0.0.1", &err));
    assert_string_equal(target.hosts[0].name, "h");
    assert_string_equal(target.hosts[0].address, "10.0.0.1");
    assert_false(pg_host_needs_lookup(&target.hosts[0]));
    pg_target_fini(&target);
}

static void
what_the_url_leaves_out_comes_from_the_environment(void **state)
{
    struct pg_target target;

    setenv("PGHOST", "env.example", 1);
    setenv("PGPORT", "1234", 1);
    assert_ok(pg_target_init(&target, "postgres:///x", &err));
    assert_string_equal(target.hosts[0].name, "env.example");
    assert_string_equal(target.hosts[0].port, "1234");
    pg_target_fini(&target);
    assert_ok(pg_target_init(&target, "postgres://h/x", &err));
    assert_string_equal(target.hosts[0].name, "h");
    pg_target_fini(&target);
    unsetenv("PGHOST");
    unsetenv("PGPORT");
}

static void
a_url_that_can_not_be_meant_is_refused(void **state)
{
    static const char *const urls[] = {
        "postgres://h:0/x",   "postgres://h:65536/x",
        "postgres://h:12x/x", "postgres://a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q/x",
        "postgres://%zz/x",   "postgres://h/x?no_such_option=1",
    };
    struct pg_target target;
    char long_url[400] = "postgres://";

    for (size_t i = 0; i < COUNTOF(urls); i++) {
        assert_false(pg_target_init(&target, urls[i], &err));
        assert_int_equal(err.kind, ERR_CONFIG);
        assert_null(target.options);
    }
    memset(long_url + 11, 'a', 300);
    assert_false(pg_target_init(&target, long_url, &err));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_is_taken_apart),
        cmocka_unit_test(several_hosts_keep_their_ports_and_addresses),
        cmocka_unit_test(sockets_and_addresses_need_no_look_up),
        cmocka_unit_test(what_the_url_leaves_out_comes_from_the_environment),
        cmocka_unit_test(a_url_that_can_not_be_meant_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
