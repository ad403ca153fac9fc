/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include "pg_fixture.h"
#include "unit/unit.h"

static struct fixture f;

static int
open_fixture(void **state)
{
    pg_cluster_exec(&cluster, "DROP TABLE IF EXISTS item CASCADE;"
                              "CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL UNIQUE "
                              "DEFERRABLE INITIALLY IMMEDIATE, CHECK (id < 1000000))");
    fixture_open_default(&f);
    return 0;
}

static int
close_fixture(void **state)
{
    fixture_close(&f);
    return 0;
}

static const char *
items(void)
{
    return pg_cluster_value(
        &cluster, "SELECT coalesce(string_agg(id || name, ' ' ORDER BY id), '') FROM item");
}

static void
a_read_gives_its_rows_as_text(void **state)
{
    struct job job;

    run(&job, &f, DB_READ,
        "SELECT 1, 'a', NULL, true, 1.50, '\\x00ff'::bytea, "
        "timestamptz '2026-01-02 03:04:05+00', 0.1::float8, interval '1 day'");
    assert_true(job.base.ok);
    assert_string_equal(job.seen, "1,a,null,t,1.50,\\x00ff,2026-01-02 03:04:05+00,0.1,1 day;");
    assert_int_equal(job.stmts[0].affected, 0);
    assert_true(job.base.ran_ns > 0);
}

static void
parameters_of_every_kind_arrive(void **state)
{
    struct job job;

    job_init(&job, &f, DB_READ);
    job_add(&job, 7, "SELECT $1::text, $2::int8 + 1, $3::bytea, $4::text IS NULL", "it's", "", "",
            "", NULL);
    job.params[0][1] = (struct value){.kind = VALUE_INT, .i = INT64_MIN};
    job.params[0][2] = (struct value){.kind = VALUE_BLOB, .s = str_make("\0\xff", 2)};
    job.params[0][3] = (struct value){.kind = VALUE_NULL};
    job_run(&job);
    assert_true(job.base.ok);
    assert_string_equal(job.seen, "it's,-9223372036854775807,\\x00ff,t;");
}

static void
a_nul_in_a_parameter_is_refused(void **state)
{
    struct job job;

    job_init(&job, &f, DB_READ);
    job_add(&job, 0, "SELECT $1::text", "", NULL);
    job.params[0][0].s = str_make("a\0b", 3);
    job_run(&job);
    assert_false(job.base.ok);
    assert_string_equal(job.base.err.code, "22021");
}

static void
many_jobs_of_one_turn_each_get_their_own_answer_in_order(void **state)
{
    enum { COUNT = 1000 };
    struct job *jobs = xcalloc(COUNT, sizeof(*jobs));
    char number[COUNT][8], expected[16];

    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(number[i], sizeof(number[i]), "%u", i);
        job_init(&jobs[i], &f, DB_READ);
        job_add(&jobs[i], 1 + i % 3,
                i % 3 == 0   ? "SELECT $1::int"
                : i % 3 == 1 ? "SELECT $1::int8"
                             : "SELECT $1::text",
                number[i], NULL);
        job_submit(&jobs[i]);
    }
    fixture_drain(&f);
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(expected, sizeof(expected), "%u;", i);
        assert_true(jobs[i].base.ok);
        assert_string_equal(jobs[i].seen, expected);
        assert_int_equal(jobs[i].dones, 1);
    }
    free(jobs);
}

static void
a_write_is_committed_when_done_and_counts_its_rows(void **state)
{
    struct job job;

    job_init(&job, &f, DB_WRITE);
    job_add(&job, 1, "INSERT INTO item VALUES ($1, 'a'), (2, 'b')", "1", NULL);
    job_add(&job, 2, "UPDATE item SET name = name || 'x' RETURNING id", NULL);
    job_run(&job);
    assert_true(job.base.ok);
    assert_int_equal(job.stmts[0].affected, 2);
    assert_int_equal(job.stmts[1].affected, 2);
    assert_string_equal(job.seen, "1;2;");
    assert_string_equal(items(), "1ax 2bx");
}

static void
an_error_undoes_the_whole_job_and_only_that(void **state)
{
    struct job before, bad, after;

    job_init(&before, &f, DB_WRITE);
    job_add(&before, 1, "INSERT INTO item VALUES ($1, $2)", "1", "a", NULL);
    job_init(&bad, &f, DB_WRITE);
    job_add(&bad, 1, "INSERT INTO item VALUES ($1, $2)", "2", "b", NULL);
    job_add(&bad, 1, "INSERT INTO item VALUES ($1, $2)", "1", "c", NULL);
    job_add(&bad, 1, "INSERT INTO item VALUES ($1, $2)", "3", "d", NULL);
    job_init(&after, &f, DB_WRITE);
    job_add(&after, 1, "INSERT INTO item VALUES ($1, $2)", "4", "e", NULL);
    job_submit(&before);
    job_submit(&bad);
    job_submit(&after);
    fixture_drain(&f);
    assert_true(before.base.ok);
    assert_false(bad.base.ok);
    assert_true(after.base.ok);
    assert_int_equal(bad.base.err.kind, ERR_DB);
    assert_string_equal(bad.base.err.code, "23505");
    assert_string_equal(bad.base.err.message,
                        "duplicate key value violates unique constraint \"item_pkey\"");
    assert_string_equal(bad.base.err.details, "Key (id)=(1) already exists.");
    assert_string_equal(items(), "1a 4e");
}

static void
an_error_in_a_preparation_is_the_same_again_and_harms_nobody(void **state)
{
    struct job jobs[6];

    for (unsigned i = 0; i < 6; i++) {
        job_init(&jobs[i], &f, DB_READ);
        if (i % 2 == 0)
            job_add(&jobs[i], 50, "SELECT nothing FROM item", NULL);
        else
            job_add(&jobs[i], 51, "SELECT 1", NULL);
        job_submit(&jobs[i]);
    }
    fixture_drain(&f);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(jobs[i].base.ok, i % 2);
        if (i % 2 == 0) {
            assert_string_equal(jobs[i].base.err.code, "42703");
            assert_string_equal(jobs[i].base.err.message, "column \"nothing\" does not exist");
        }
    }
}

static void
an_error_that_comes_with_the_commit_is_the_jobs(void **state)
{
    struct job job, next;

    job_init(&job, &f, DB_WRITE);
    job_add(&job, 1, "SET CONSTRAINTS ALL DEFERRED", NULL);
    job_add(&job, 2, "INSERT INTO item VALUES (1, 'a'), (2, 'a')", NULL);
    job_submit(&job);
    job_init(&next, &f, DB_WRITE);
    job_add(&next, 3, "INSERT INTO item VALUES (3, 'c')", NULL);
    job_submit(&next);
    fixture_drain(&f);
    assert_false(job.base.ok);
    assert_string_equal(job.base.err.code, "23505");
    assert_true(next.base.ok);
    assert_string_equal(items(), "3c");
}

static void
a_check_that_says_yes_commits(void **state)
{
    struct job job;

    job_init(&job, &f, DB_WRITE);
    job_add(&job, 1, "INSERT INTO item VALUES (1, 'a') RETURNING id", NULL);
    job_check(&job, true);
    job_run(&job);
    assert_true(job.base.ok);
    assert_int_equal(job.checks, 1);
    assert_string_equal(job.seen, "1;");
    assert_string_equal(items(), "1a");
}

static void
a_check_that_says_no_undoes_and_its_error_is_the_outcome(void **state)
{
    struct job job, other;

    job_init(&job, &f, DB_WRITE);
    job_add(&job, 1, "INSERT INTO item VALUES (1, 'a') RETURNING id", NULL);
    job_check(&job, false);
    job_submit(&job);
    job_init(&other, &f, DB_WRITE);
    job_add(&other, 2, "INSERT INTO item VALUES (2, 'b')", NULL);
    job_submit(&other);
    fixture_drain(&f);
    assert_false(job.base.ok);
    assert_string_equal(job.base.err.code, "PGRST116");
    assert_true(other.base.ok);
    assert_string_equal(items(), "2b");
}

static void
a_check_is_not_asked_when_a_statement_failed(void **state)
{
    struct job job;

    for (unsigned i = 0; i < 2; i++) {
        job_init(&job, &f, DB_WRITE);
        job_add(&job, 1, "INSERT INTO item VALUES (1, 'a')", NULL);
        job_add(&job, 2 + i, i == 0 ? "SELECT 1 / 0" : "SELECT nothing", NULL);
        job_check(&job, true);
        job_run(&job);
        assert_false(job.base.ok);
        assert_int_equal(job.checks, 0);
        assert_string_equal(job.base.err.code, i == 0 ? "22012" : "42703");
        assert_string_equal(items(), "");
    }
}

static void
a_rollback_only_job_succeeds_and_leaves_nothing(void **state)
{
    struct job job;

    job_init(&job, &f, DB_WRITE);
    job_add(&job, 1, "INSERT INTO item VALUES (1, 'a') RETURNING name", NULL);
    job.base.rollback_only = true;
    job_run(&job);
    assert_true(job.base.ok);
    assert_string_equal(job.seen, "a;");
    assert_string_equal(items(), "");
}

static void
a_rollback_only_job_still_checks_what_is_deferred(void **state)
{
    struct job job;

    job_init(&job, &f, DB_WRITE);
    job_add(&job, 1, "SET CONSTRAINTS ALL DEFERRED", NULL);
    job_add(&job, 2, "INSERT INTO item VALUES (1, 'a'), (2, 'a')", NULL);
    job.base.rollback_only = true;
    job_run(&job);
    assert_false(job.base.ok);
    assert_string_equal(job.base.err.code, "23505");
}

static void
a_row_function_can_stop_its_job(void **state)
{
    struct job job, next;

    job_init(&job, &f, DB_READ);
    job_add(&job, 0, "SELECT generate_series(1, 100)", NULL);
    job.stop_at_first_row = true;
    job_submit(&job);
    job_init(&next, &f, DB_READ);
    job_add(&next, 0, "SELECT 2", NULL);
    job_submit(&next);
    fixture_drain(&f);
    assert_false(job.base.ok);
    assert_string_equal(job.base.err.code, "TEST");
    assert_int_equal(job.rows, 1);
    assert_true(next.base.ok);
    assert_string_equal(next.seen, "2;");
}

static void
errors_are_what_the_server_said(void **state)
{
    static const struct {
        const char *code;
        enum err_kind kind;
    } codes[] = {
        {"P0001", ERR_DB},          {"42501", ERR_DB}, {"53200", ERR_UNAVAILABLE},
        {"57P03", ERR_UNAVAILABLE}, {"57014", ERR_DB}, {"40001", ERR_DB},
        {"08003", ERR_UNAVAILABLE},
    };

    pg_cluster_exec(&cluster, "CREATE OR REPLACE FUNCTION fail(code text) RETURNS void LANGUAGE "
                              "plpgsql AS $$ BEGIN RAISE 'told %', code USING ERRCODE = code, "
                              "DETAIL = 'more', HINT = 'do'; END $$");
    for (unsigned i = 0; i < COUNTOF(codes); i++) {
        struct job job;
        char message[32];

        job_init(&job, &f, DB_READ);
        job_add(&job, 4, "SELECT fail($1)", codes[i].code, NULL);
        job_run(&job);
        snprintf(message, sizeof(message), "told %s", codes[i].code);
        assert_false(job.base.ok);
        assert_int_equal(job.base.err.kind, codes[i].kind);
        assert_string_equal(job.base.err.code, codes[i].code);
        assert_string_equal(job.base.err.message, message);
        assert_string_equal(job.base.err.details, "more");
        assert_string_equal(job.base.err.hint, "do");
    }
}

static void
a_session_is_the_same_whatever_the_database_is_set_to(void **state)
{
    static const char *const schemas[] = {"api \"x\"", "public"};
    struct fixture own;
    struct job job;

    pg_cluster_exec(&cluster, "CREATE SCHEMA IF NOT EXISTS \"api \"\"x\"\"\"");
    pg_cluster_exec(&cluster, "ALTER DATABASE postgres SET datestyle = 'SQL, DMY'");
    pg_cluster_exec(&cluster, "ALTER DATABASE postgres SET timezone = 'Asia/Tokyo'");
    pg_cluster_exec(&cluster, "ALTER DATABASE postgres SET bytea_output = 'escape'");
    pg_cluster_exec(&cluster, "ALTER DATABASE postgres SET intervalstyle = 'sql_standard'");
    pg_cluster_exec(&cluster, "ALTER DATABASE postgres SET extra_float_digits = -5");
    pg_cluster_exec(&cluster, "ALTER DATABASE postgres SET synchronous_commit = off");
    pg_cluster_exec(&cluster, "ALTER DATABASE postgres SET default_transaction_read_only = on");
    fixture_open(&own, &(struct db_options){.url = cluster.url,
                                            .schemas = schemas,
                                            .schema_count = 2,
                                            .extra_search_path = schemas,
                                            .extra_search_path_count = 2,
                                            .pool = 1,
                                            .statement_timeout_ms = 1234,
                                            .connect_timeout_ms = 5000,
                                            .queue_max = 10});
    run(&job, &own, DB_READ,
        "SELECT timestamptz '2026-01-31 00:00:00+00', '\\x61'::bytea, interval '1 day 2 hours',"
        " 0.1::float8 + 0.2::float8, current_setting('synchronous_commit'),"
        " current_setting('application_name'), current_setting('statement_timeout'),"
        " array_to_string(current_schemas(false), '/'), current_setting('transaction_read_only')");
    pg_cluster_exec(&cluster, "BEGIN READ WRITE;"
                              "ALTER DATABASE postgres RESET ALL; COMMIT");
    assert_string_equal(job.seen, "2026-01-31 00:00:00+00,\\x61,1 day 02:00:00,"
                                  "0.30000000000000004,on,cairn,1234ms,api \"x\"/public,off;");
    fixture_close(&own);
}

static void
a_statement_is_stopped_at_the_jobs_own_timeout(void **state)
{
    struct job job, next;

    job_init(&job, &f, DB_READ);
    job_add(&job, 0, "SELECT pg_sleep(10)", NULL);
    job.base.timeout_ms = 100;
    job_submit(&job);
    fixture_drain(&f);
    assert_false(job.base.ok);
    assert_string_equal(job.base.err.code, "57014");
    assert_true(job.base.ran_ns < 2000000000U);

    run(&next, &f, DB_READ, "SHOW statement_timeout");
    assert_string_equal(next.seen, "5s;");
}

static void
what_a_job_sets_locally_is_gone_for_the_next(void **state)
{
    struct job job;

    for (unsigned i = 0; i < 3; i++) {
        job_init(&job, &f, DB_READ);
        job_add(&job, 1, "SELECT set_config('request.jwt.claims', $1, true)", "secret", NULL);
        job_add(&job, 2, "SELECT current_setting('request.jwt.claims')", NULL);
        job_run(&job);
        assert_string_equal(job.seen, "secret;secret;");
        run(&job, &f, DB_READ, "SELECT current_setting('request.jwt.claims', true)");
        assert_true(job.base.ok);
        assert_true(strcmp(job.seen, ";") == 0 || strcmp(job.seen, "null;") == 0);
    }
}

static void
statements_pushed_out_of_the_cache_are_prepared_again(void **state)
{
    enum { COUNT = 700 };
    struct job job;
    char sql[COUNT][32], expected[16];

    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < COUNT; i++) {
            snprintf(sql[i], sizeof(sql[i]), "SELECT %u + $1::int", i);
            snprintf(expected, sizeof(expected), "%u;", i + 1);
            job_init(&job, &f, DB_READ);
            job_add(&job, 1000 + i, sql[i], "1", NULL);
            job_run(&job);
            assert_true(job.base.ok);
            assert_string_equal(job.seen, expected);
        }
    }
    /* Three are the engine's own. */
    run(&job, &f, DB_READ, "SELECT count(*) <= 259, count(*) > 200 FROM pg_prepared_statements");
    assert_string_equal(job.seen, "t,t;");
}

static void
a_plan_that_the_schema_left_behind_is_made_again(void **state)
{
    struct job job;

    for (unsigned i = 0; i < 2; i++) {
        job_init(&job, &f, DB_WRITE);
        job_add(&job, 1, "INSERT INTO item VALUES ($1, 'a') RETURNING *", i == 0 ? "1" : "2", NULL);
        job_run(&job);
        if (i == 0) {
            assert_true(job.base.ok);
            assert_string_equal(job.seen, "1,a;");
        }
        pg_cluster_exec(&cluster, i == 0 ? "ALTER TABLE item ALTER COLUMN id TYPE text,"
                                           "ADD more int DEFAULT 5, DROP CONSTRAINT item_id_check;"
                                           "ALTER TABLE item DROP CONSTRAINT item_name_key"
                                         : "SELECT 1");
    }
    assert_true(job.base.ok);
    assert_string_equal(job.seen, "2,a,5;");
    assert_string_equal(items(), "1a 2a");
}

static void
a_queue_that_is_full_refuses(void **state)
{
    static const char *const schemas[] = {"public"};
    struct fixture small;
    struct job jobs[8];
    unsigned refused = 0;

    fixture_open(&small, &(struct db_options){.url = cluster.url,
                                              .schemas = schemas,
                                              .schema_count = 1,
                                              .pool = 1,
                                              .statement_timeout_ms = 1000,
                                              .connect_timeout_ms = 1000,
                                              .queue_max = 3});
    for (unsigned i = 0; i < 8; i++) {
        job_init(&jobs[i], &small, DB_READ);
        job_add(&jobs[i], 0, "SELECT 1", NULL);
        job_submit(&jobs[i]);
    }
    fixture_drain(&small);
    for (unsigned i = 0; i < 8; i++) {
        if (jobs[i].base.ok)
            continue;
        refused++;
        assert_int_equal(jobs[i].base.err.kind, ERR_UNAVAILABLE);
        assert_string_equal(jobs[i].base.err.code, "CAIRN-BUSY");
    }
    assert_int_equal(refused, 5);
    fixture_close(&small);
}

/* Sizes around those of TLS records and libpq's buffer. */
static void
results_of_every_size_arrive_over_tls(void **state)
{
    static const char *const schemas[] = {"public"};
    static const unsigned sizes[] = {1,     100,   8000,  8191,   8192,   8193,   16000, 16383,
                                     16384, 16385, 24576, 32767,  32769,  40000,  65000, 65536,
                                     70001, 81920, 98304, 131072, 200003, 524288, 999999};
    struct fixture own;
    struct job jobs[COUNTOF(sizes)];
    char text[COUNTOF(sizes)][16], expected[32];

    fixture_open(&own, &(struct db_options){.url = cluster.tls_url,
                                            .schemas = schemas,
                                            .schema_count = 1,
                                            .pool = 1,
                                            .statement_timeout_ms = 2000,
                                            .connect_timeout_ms = 5000,
                                            .queue_max = 1000});
    for (unsigned i = 0; i < COUNTOF(sizes); i++) {
        snprintf(text[i], sizeof(text[i]), "%u", sizes[i]);
        job_init(&jobs[i], &own, DB_READ);
        job_add(&jobs[i], 3, "SELECT pg_backend_pid() > 0, repeat('x', $1::int)", text[i], NULL);
        jobs[i].length_only = true;
        job_run(&jobs[i]);
    }
    for (unsigned i = 0; i < COUNTOF(sizes); i++) {
        snprintf(expected, sizeof(expected), "1,%u;", sizes[i]);
        assert_true(jobs[i].base.ok);
        assert_string_equal(jobs[i].seen, expected);
    }
    for (unsigned i = 0; i < COUNTOF(sizes); i++) {
        job_init(&jobs[i], &own, DB_READ);
        job_add(&jobs[i], 3, "SELECT pg_backend_pid() > 0, repeat('x', $1::int)", text[i], NULL);
        jobs[i].length_only = true;
        job_submit(&jobs[i]);
    }
    fixture_drain(&own);
    for (unsigned i = 0; i < COUNTOF(sizes); i++)
        assert_true(jobs[i].base.ok);
    run(&jobs[0], &own, DB_READ, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
    assert_string_equal(jobs[0].seen, "t;");
    fixture_close(&own);
}

/* Both directions full at once: neither side may wait for the other for ever. */
static void
large_parameters_and_results_of_many_jobs_pass_each_other(void **state)
{
    enum { COUNT = 60, SIZE = 400000 };
    struct job *jobs = xcalloc(COUNT, sizeof(*jobs));
    char *text = xcalloc(SIZE + 1, 1);

    memset(text, 'y', SIZE);
    for (unsigned i = 0; i < COUNT; i++) {
        job_init(&jobs[i], &f, i % 3 ? DB_READ : DB_WRITE);
        job_add(&jobs[i], 5, "SELECT $1::text", text, NULL);
        jobs[i].length_only = true;
        job_submit(&jobs[i]);
    }
    fixture_drain(&f);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_true(jobs[i].base.ok);
        assert_string_equal(jobs[i].seen, "400000;");
    }
    free(text);
    free(jobs);
}

static void
closing_fails_what_waits_and_finishes_what_runs(void **state)
{
    struct fixture own;
    struct job running, waiting;

    fixture_open_default(&own);
    run(&running, &own, DB_READ, "SELECT 1");
    job_init(&running, &own, DB_WRITE);
    job_add(&running, 0, "INSERT INTO item SELECT 1, 'a' FROM pg_sleep(0.3)", NULL);
    job_submit(&running);
    fixture_wait(&own, 50);
    job_init(&waiting, &own, DB_READ);
    job_add(&waiting, 0, "SELECT 1", NULL);
    job_submit(&waiting);
    fixture_close(&own);
    assert_true(running.base.ok);
    assert_int_equal(waiting.dones, 1);
    assert_string_equal(waiting.base.err.code, "CAIRN-DRAINING");
    assert_string_equal(items(), "1a");
}

struct worker {
    pthread_t thread;
    struct db *db;
    unsigned served;
};

/* A loop of its own on the shared database, with many short reads and checked writes. */
static void *
work(void *ctx)
{
    enum { COUNT = 200 };
    struct worker *worker = ctx;
    struct fixture own = {.db = worker->db};
    struct job *jobs = xcalloc(COUNT, sizeof(*jobs));
    struct err err;

    uv_loop_init(&own.uv);
    if (!db_loop_open(own.db, &own.uv, &own.dl, &err))
        return NULL;
    for (unsigned i = 0; i < COUNT; i++) {
        job_init(&jobs[i], &own, i % 4 == 0 ? DB_WRITE : DB_READ);
        job_add(&jobs[i], i % 4 == 0 ? 77 : 78,
                i % 4 == 0 ? "UPDATE item SET name = name RETURNING id" : "SELECT 1", NULL);
        if (i % 8 == 0)
            job_check(&jobs[i], true);
        job_submit(&jobs[i]);
    }
    while (own.open > 0)
        uv_run(&own.uv, UV_RUN_ONCE);
    for (unsigned i = 0; i < COUNT; i++)
        worker->served += jobs[i].base.ok;
    db_loop_close(own.dl, NULL, NULL);
    uv_run(&own.uv, UV_RUN_DEFAULT);
    uv_loop_close(&own.uv);
    free(jobs);
    return NULL;
}

static void
loops_on_several_threads_share_a_database(void **state)
{
    struct worker workers[3] = {0};

    for (unsigned i = 0; i < COUNTOF(workers); i++) {
        workers[i].db = f.db;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < COUNTOF(workers); i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].served, 200);
    }
}

int
main(void)
{
#define WITH_FIXTURE(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(a_read_gives_its_rows_as_text),
        WITH_FIXTURE(parameters_of_every_kind_arrive),
        WITH_FIXTURE(a_nul_in_a_parameter_is_refused),
        WITH_FIXTURE(many_jobs_of_one_turn_each_get_their_own_answer_in_order),
        WITH_FIXTURE(a_write_is_committed_when_done_and_counts_its_rows),
        WITH_FIXTURE(an_error_undoes_the_whole_job_and_only_that),
        WITH_FIXTURE(an_error_in_a_preparation_is_the_same_again_and_harms_nobody),
        WITH_FIXTURE(an_error_that_comes_with_the_commit_is_the_jobs),
        WITH_FIXTURE(a_check_that_says_yes_commits),
        WITH_FIXTURE(a_check_that_says_no_undoes_and_its_error_is_the_outcome),
        WITH_FIXTURE(a_check_is_not_asked_when_a_statement_failed),
        WITH_FIXTURE(a_rollback_only_job_succeeds_and_leaves_nothing),
        WITH_FIXTURE(a_rollback_only_job_still_checks_what_is_deferred),
        WITH_FIXTURE(a_row_function_can_stop_its_job),
        WITH_FIXTURE(errors_are_what_the_server_said),
        WITH_FIXTURE(a_session_is_the_same_whatever_the_database_is_set_to),
        WITH_FIXTURE(a_statement_is_stopped_at_the_jobs_own_timeout),
        WITH_FIXTURE(what_a_job_sets_locally_is_gone_for_the_next),
        WITH_FIXTURE(statements_pushed_out_of_the_cache_are_prepared_again),
        WITH_FIXTURE(a_plan_that_the_schema_left_behind_is_made_again),
        WITH_FIXTURE(a_queue_that_is_full_refuses),
        WITH_FIXTURE(results_of_every_size_arrive_over_tls),
        WITH_FIXTURE(large_parameters_and_results_of_many_jobs_pass_each_other),
        WITH_FIXTURE(loops_on_several_threads_share_a_database),
        WITH_FIXTURE(closing_fails_what_waits_and_finishes_what_runs),
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
