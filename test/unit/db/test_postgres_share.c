/* SPDX-License-Identifier: Apache-2.0 */
/* Reads that run in one transaction: who joins, and what that must not change. */
#include "pg_fixture.h"
#include "unit/unit.h"

#define COUNT 5

static struct fixture f;
static struct job jobs[COUNT];

static int
open_fixture(void **state)
{
    static const char *const schemas[] = {"public"};

    (void)state;
    fixture_open(&f, &(struct db_options){.url = cluster.url,
                                          .schemas = schemas,
                                          .schema_count = 1,
                                          .loops = 1,
                                          .pool = 1,
                                          .statement_timeout_ms = 5000,
                                          .connect_timeout_ms = 5000,
                                          .queue_max = 1000});
    return 0;
}

static int
close_fixture(void **state)
{
    (void)state;
    fixture_close(&f);
    return 0;
}

static void
add_read(struct job *job, const char *who, uint64_t id, const char *sql, const char *param)
{
    job_init(job, &f, DB_READ);
    job_add(job, 50, "SELECT set_config('x.who', $1, true)", who, NULL);
    job->stmts[0].on_row = NULL;
    job->stmts[0].runs_before_prepare = true;
    job_add(job, id, sql, param, NULL);
    job->base.setting_count = 1;
    job->base.may_share = true;
}

/* When its transaction began, who asks, and the number. */
static void
add_number(struct job *job, const char *who, const char *number)
{
    add_read(job, who, 51, "SELECT extract(epoch FROM now()), current_setting('x.who'), $1::int",
             number);
}

/* A statement joins others when it is known to be quick, which the last times say most of. */
static void
make_known(void)
{
    for (unsigned i = 0; i < 40; i++) {
        add_number(&jobs[0], "nobody", "0");
        job_run(&jobs[0]);
        assert_true(jobs[0].base.ok);
    }
}

static void
run_all(void)
{
    for (unsigned i = 0; i < COUNT; i++)
        job_submit(&jobs[i]);
    fixture_drain(&f);
    for (unsigned i = 0; i < COUNT; i++)
        assert_int_equal(jobs[i].dones, 1);
}

static void
assert_ends(const struct job *job, const char *end)
{
    size_t len = strlen(job->seen), end_len = strlen(end);

    assert_true(job->base.ok);
    assert_true(len >= end_len);
    assert_string_equal(job->seen + len - end_len, end);
}

static void
reads_that_are_set_to_the_same_share_a_transaction(void **state)
{
    static const char *const numbers[COUNT] = {"1", "2", "3", "4", "5"};
    char end[16];

    (void)state;
    /* On a machine with other work even a quick one may have been slow for a while. */
    for (unsigned attempt = 0; attempt < 50; attempt++) {
        make_known();
        for (unsigned i = 0; i < COUNT; i++)
            add_number(&jobs[i], "ann", numbers[i]);
        run_all();
        if (jobs[COUNT - 1].base.has_joined)
            break;
    }
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(end, sizeof(end), ",ann,%s;", numbers[i]);
        assert_ends(&jobs[i], end);
        assert_int_equal(jobs[i].base.has_joined, i > 0);
        assert_memory_equal(jobs[i].seen, jobs[0].seen, strcspn(jobs[0].seen, ","));
    }
}

static void
reads_that_are_set_to_something_else_have_their_own(void **state)
{
    (void)state;
    make_known();
    for (unsigned i = 0; i < COUNT; i++)
        add_number(&jobs[i], i % 2 == 0 ? "ann" : "bob", "1");
    run_all();
    for (unsigned i = 0; i < COUNT; i++) {
        assert_ends(&jobs[i], i % 2 == 0 ? ",ann,1;" : ",bob,1;");
        assert_false(jobs[i].base.has_joined);
    }
    job_init(&jobs[0], &f, DB_READ);
    job_add(&jobs[0], 0, "SELECT coalesce(current_setting('x.who', true), '') = ''", NULL);
    job_run(&jobs[0]);
    assert_string_equal(jobs[0].seen, "t;");
}

static void
a_read_that_fails_takes_no_other_with_it(void **state)
{
    (void)state;
    make_known();
    for (unsigned i = 0; i < COUNT; i++)
        add_number(&jobs[i], "ann", i == 2 ? "not a number" : "7");
    run_all();
    for (unsigned i = 0; i < COUNT; i++) {
        if (i == 2) {
            assert_false(jobs[i].base.ok);
            assert_string_equal(jobs[i].base.err.code, "22P02");
        } else {
            assert_ends(&jobs[i], ",ann,7;");
            assert_int_equal(jobs[i].rows, 1);
        }
    }
}

static void
settings_that_fail_fail_each_read_by_itself(void **state)
{
    (void)state;
    make_known();
    for (unsigned i = 0; i < COUNT; i++) {
        add_number(&jobs[i], "ann", "1");
        jobs[i].stmts[0].id = 60;
        jobs[i].stmts[0].sql = STR("SELECT set_config('role', $1, true)");
    }
    run_all();
    for (unsigned i = 0; i < COUNT; i++) {
        assert_false(jobs[i].base.ok);
        assert_string_equal(jobs[i].base.err.code, "22023");
        assert_false(jobs[i].base.has_joined);
    }
}

static void
a_lost_connection_runs_each_read_again(void **state)
{
    (void)state;
    pg_cluster_exec(&cluster, "DROP SEQUENCE IF EXISTS once;"
                              "CREATE SEQUENCE once MINVALUE 0 START 0");
    make_known();
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned k = 0; k < COUNT; k++)
            add_number(&jobs[k], "ann", "1");
        add_read(&jobs[2], "ann", 53,
                 "SELECT pg_terminate_backend(pg_backend_pid()) FROM (SELECT nextval('once') AS n)"
                 " AS s WHERE n = $1::int",
                 "1");
        if (i == 0)
            job_run(&jobs[2]);
        else
            run_all();
    }
    for (unsigned i = 0; i < COUNT; i++) {
        assert_true(jobs[i].base.ok);
        if (i != 2)
            assert_ends(&jobs[i], ",ann,1;");
    }
}

static void
what_takes_long_or_has_its_own_terms_does_not_join(void **state)
{
    (void)state;
    make_known();
    for (unsigned i = 0; i < 2; i++) {
        add_read(&jobs[1], "ann", 52, "SELECT pg_sleep($1::float8)", "0.02");
        if (i == 0)
            job_run(&jobs[1]);
    }
    add_number(&jobs[0], "ann", "1");
    add_number(&jobs[2], "ann", "1");
    jobs[2].base.timeout_ms = 4000;
    add_number(&jobs[3], "ann", "1");
    jobs[3].base.isolation = DB_REPEATABLE_READ;
    add_number(&jobs[4], "ann", "1");
    jobs[4].base.may_share = false;
    run_all();
    for (unsigned i = 0; i < COUNT; i++) {
        assert_true(jobs[i].base.ok);
        assert_false(jobs[i].base.has_joined);
    }
}

static void
writes_between_them_are_seen_by_those_behind(void **state)
{
    (void)state;
    pg_cluster_exec(&cluster, "DROP TABLE IF EXISTS seen; CREATE TABLE seen (n int)");
    make_known();
    for (unsigned i = 0; i < COUNT; i++)
        add_read(&jobs[i], "ann", 54, "SELECT count(*) FROM seen WHERE n < $1::int", "10");
    job_run(&jobs[0]);
    add_read(&jobs[0], "ann", 54, "SELECT count(*) FROM seen WHERE n < $1::int", "10");
    job_init(&jobs[2], &f, DB_WRITE);
    job_add(&jobs[2], 55, "INSERT INTO seen VALUES (1)", NULL);
    run_all();
    assert_string_equal(jobs[0].seen, "0;");
    assert_string_equal(jobs[1].seen, "0;");
    assert_string_equal(jobs[3].seen, "1;");
    assert_string_equal(jobs[4].seen, "1;");
}

int
main(void)
{
#define WITH_FIXTURE(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(reads_that_are_set_to_the_same_share_a_transaction),
        WITH_FIXTURE(reads_that_are_set_to_something_else_have_their_own),
        WITH_FIXTURE(a_read_that_fails_takes_no_other_with_it),
        WITH_FIXTURE(settings_that_fail_fail_each_read_by_itself),
        WITH_FIXTURE(a_lost_connection_runs_each_read_again),
        WITH_FIXTURE(what_takes_long_or_has_its_own_terms_does_not_join),
        WITH_FIXTURE(writes_between_them_are_seen_by_those_behind),
    };
    int failed;

    if (!pg_cluster_is_possible())
        return 77;
    pg_cluster_create(&cluster);
    pg_cluster_start(&cluster);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    pg_cluster_destroy(&cluster);
    return failed;
}
