/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "core/clock.h"
#include "db/sqlite/lite.h"
#include "unit/db/lite_fixture.h"

static const char long_sql[] =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) "
    "SELECT count(*) FROM n";

static void
a_short_read_is_answered_at_once(void **state)
{
    struct fixture *fx = *state;
    struct work work;

    run_write(fx, "INSERT INTO items VALUES (1, 'a', 'x', NULL), (2, '', 'y', 5)");
    work_init(&work, DB_READ, "SELECT id, name, amount FROM items ORDER BY id");
    work_submit(fx, &work);
    assert_true(work.was_inline);
    assert_true(work.job.ok);
    assert_str(buf_str(&work.rows), "1|a|null\n2||5\n");
    work_fini(&work);
}

static void
every_kind_of_value_goes_in_and_out(void **state)
{
    struct fixture *fx = *state;
    struct work work;

    work_init(&work, DB_READ,
              "SELECT ?1, typeof(?1), ?2, typeof(?2), ?3, typeof(?3), typeof(?4), "
              "typeof(?5), ?6");
    work_int(&work, INT64_MIN);
    work_text(&work, "");
    work_null(&work);
    work.params[3] = (struct value){.kind = VALUE_REAL, .f = 1.5};
    work.params[4] = (struct value){.kind = VALUE_BLOB, .s = {NULL, 0}};
    work.params[5] = (struct value){.kind = VALUE_TEXT, .s = {"cut here", 3}};
    work.stmts[0].param_count = 6;
    work_run(fx, &work);
    assert_str(buf_str(&work.rows), "-9223372036854775808|integer||text|null|null|real|blob|cut\n");
    work_fini(&work);
}

static void
submit_never_answers_before_it_returns(void **state)
{
    struct fixture *fx = *state;
    struct work work;

    work_init(&work, DB_READ, "SELECT 1");
    db_submit(fx->loop, &work.job);
    assert_false(work.is_done);
    work_wait(fx, &work);
    assert_true(work.job.ok);
    assert_str(buf_str(&work.rows), "1\n");
    work_fini(&work);
}

static void
a_read_past_its_budget_starts_again_in_the_pool(void **state)
{
    struct fixture *fx = *state;
    struct work work;

    work_init(&work, DB_READ, "SELECT 7");
    work_add(&work, long_sql);
    work_int(&work, 200000);
    work_submit(fx, &work);
    assert_false(work.was_inline);
    assert_int_equal(work.restarts, 1);
    /* The loop's connection is free meanwhile. */
    assert_string_equal(run_read(fx, "SELECT 2"), "2\n");
    work_wait(fx, &work);
    assert_true(work.job.ok);
    assert_str(buf_str(&work.rows), "7\n200000\n");
    work_fini(&work);
}

static void
a_read_whose_rows_cannot_be_seen_twice_runs_in_the_pool(void **state)
{
    struct fixture *fx = *state;
    struct work work;

    work_init(&work, DB_READ, "SELECT 1");
    work.job.restart = NULL;
    work_submit(fx, &work);
    assert_false(work.was_inline);
    work_wait(fx, &work);
    assert_str(buf_str(&work.rows), "1\n");
    work_fini(&work);
}

static void
a_read_past_its_time_is_canceled(void **state)
{
    struct fixture *fx = *state;
    struct work work;
    uint64_t begin_ns = clock_mono_ns();

    work_init(&work, DB_READ, long_sql);
    work_int(&work, INT64_C(1000000000000));
    work.job.timeout_ms = 100;
    work_run(fx, &work);
    assert_false(work.job.ok);
    assert_string_equal(work.job.err.code, "57014");
    assert_string_equal(work.job.err.message, "canceling statement due to statement timeout");
    assert_true(clock_mono_ns() - begin_ns < UINT64_C(20000000000));
    work_fini(&work);
    /* And what follows is not. */
    assert_string_equal(run_read(fx, "SELECT 1"), "1\n");
}

/* One call of a function, and no step of the statement meanwhile. */
static const char *const long_calls[] = {
    "SELECT cairn_like(replace(hex(zeroblob(3000000)), '00', 'a'), "
    "'%' || replace(hex(zeroblob(3000)), '00', 'a') || 'b%', 0)",
    "SELECT cairn_regex(replace(hex(zeroblob(3000000)), '00', 'a'), '(a?b?c?d?e?f?){40}x', 0)",
    "SELECT cairn_tslength(cairn_to_tsvector('english', "
    "replace(hex(zeroblob(3000000)), '00', 'a ')))",
    "SELECT cairn_search_json('simple', '[' || replace(hex(zeroblob(300000)), '00', '\"a b c\", ') "
    "|| '1]', quote('x'))",
};

static void
assert_canceled(const struct work *work)
{
    assert_false(work->job.ok);
    /* Or its time was up before a thread of the pool was free. */
    if (strcmp(work->job.err.code, "PGRST003") != 0)
        assert_string_equal(work->job.err.code, "57014");
}

static void
a_function_that_takes_too_long_leaves_the_loop(void **state)
{
    for (size_t i = 0; i < COUNTOF(long_calls); i++) {
        struct work work;

        work_init(&work, DB_READ, long_calls[i]);
        work.job.timeout_ms = 1;
        work_run(*state, &work);
        assert_false(work.was_inline);
        assert_int_equal(work.restarts, 1);
        assert_canceled(&work);
        work_fini(&work);
        assert_string_equal(run_read(*state, "SELECT cairn_like('a', 'a', 0)"), "1\n");
    }
}

static void
a_function_that_takes_too_long_is_canceled(void **state)
{
    struct work work;

    /* Half a minute, if it were let. */
    work_init(&work, DB_READ, long_calls[0]);
    work.job.timeout_ms = 300;
    work.job.restart = NULL;
    work_run(*state, &work);
    assert_canceled(&work);
    work_fini(&work);
}

static void
groups_that_need_not_be_cut_are_read_without(void **state)
{
    struct work work;

    work_init(&work, DB_READ, "SELECT 'cut'");
    work.stmts[0].uncut_sql = STR("SELECT cairn_json_rows('2na', column1) FROM (VALUES (1), (2))");
    work_run(*state, &work);
    assert_true(work.job.ok);
    assert_int_equal(work.restarts, 0);
    assert_str(buf_str(&work.rows), "[{\"a\":1}, \n {\"a\":2}]\n");
    work_fini(&work);
}

static void
groups_that_have_to_be_cut_are_read_again(void **state)
{
    static const char *const uncut[] = {
        "SELECT 1 UNION ALL SELECT cairn_json_rows('2na', column1) FROM (VALUES (1), (2), (3))",
        /* The row may be one of those that are cut off. */
        "SELECT cairn_raise('22012', 'division by zero', NULL)",
    };

    for (size_t i = 0; i < COUNTOF(uncut); i++) {
        struct work work;

        work_init(&work, DB_READ, "SELECT 0");
        work_add(&work, "SELECT 'cut'");
        work.stmts[1].uncut_sql = str_from(uncut[i]);
        work_run(*state, &work);
        assert_true(work.job.ok);
        assert_int_equal(work.restarts, 1);
        assert_str(buf_str(&work.rows), "0\ncut\n");
        work_fini(&work);
    }
}

static void
what_fails_when_it_is_cut_too_has_failed(void **state)
{
    struct work work;

    work_init(&work, DB_READ, "SELECT cairn_raise('22012', 'with cuts', NULL)");
    work.stmts[0].uncut_sql = STR("SELECT cairn_raise('22012', 'without', NULL)");
    work_run(*state, &work);
    assert_false(work.job.ok);
    assert_string_equal(work.job.err.message, "with cuts");
    work_fini(&work);
}

static void
a_row_function_stops_its_job(void **state)
{
    struct fixture *fx = *state;
    struct work work;

    work_init(&work, DB_READ, "VALUES (1), (2), (3)");
    work.rows_max = 2;
    work_run(fx, &work);
    assert_false(work.job.ok);
    assert_string_equal(work.job.err.code, "P0002");
    assert_str(buf_str(&work.rows), "1\n");
    work_fini(&work);
    assert_string_equal(run_read(fx, "VALUES (1), (2), (3)"), "1\n2\n3\n");
}

static void
a_read_sees_every_write_that_was_answered(void **state)
{
    struct fixture *fx = *state;
    char want[32];

    for (int i = 1; i <= 50; i++) {
        struct work write;
        work_init(&write, DB_WRITE, "INSERT INTO log(v) VALUES ('x')");
        work_submit(fx, &write);
        /* Opens the turn's transaction while the write is on its way. */
        run_read(fx, "SELECT count(*) FROM log");
        while (!write.is_done) {
            run_read(fx, "SELECT 1 FROM log LIMIT 1");
            uv_run(&fx->uv, UV_RUN_NOWAIT);
        }
        snprintf(want, sizeof(want), "%d\n", i);
        assert_string_equal(run_read(fx, "SELECT count(*) FROM log"), want);
        work_fini(&write);
    }
}

static void
read_then(struct work *work)
{
    struct fixture *fx = work->ctx;

    assert_true(work->job.ok);
    assert_string_equal(run_read(fx, "SELECT count(*) FROM log"), "1\n");
}

static void
a_read_in_the_callback_of_a_write_sees_it(void **state)
{
    struct fixture *fx = *state;
    struct work write;

    assert_string_equal(run_read(fx, "SELECT count(*) FROM log"), "0\n");
    work_init(&write, DB_WRITE, "INSERT INTO log(v) VALUES ('x')");
    write.then = read_then;
    write.ctx = fx;
    work_run(fx, &write);
    work_fini(&write);
}

static void
no_transaction_is_open_while_the_loop_waits(void **state)
{
    struct fixture *fx = *state;
    struct lite_loop *loop = lite_loop_of(fx->loop);

    run_read(fx, "SELECT count(*) FROM log");
    assert_false(sqlite3_get_autocommit(loop->conn.db));
    fixture_turn(fx, 1);
    assert_true(sqlite3_get_autocommit(loop->conn.db));
    run_read(fx, "SELECT count(*) FROM log");
    run_write(fx, "INSERT INTO log(v) VALUES ('x')");
    assert_true(sqlite3_get_autocommit(loop->conn.db));
}

static void
a_reader_cannot_write(void **state)
{
    struct fixture *fx = *state;
    struct work work;

    work_init(&work, DB_READ, "INSERT INTO log(v) VALUES ('x') RETURNING v");
    work_run(fx, &work);
    assert_false(work.job.ok);
    assert_string_equal(work.job.err.code, "25006");
    work_fini(&work);
    assert_string_equal(run_read(fx, "SELECT count(*) FROM log"), "0\n");
}

static void
errors_have_the_codes_of_postgresql(void **state)
{
    static const struct {
        const char *sql, *code, *message;
    } cases[] = {
        {"SELECT * FROM absent", "42P01", "relation \"absent\" does not exist"},
        {"SELECT absent FROM items", "42703", "column \"absent\" does not exist"},
        {"SELECT absent(1)", "42883", "function absent does not exist"},
        {"SELECT sum(x) FROM (SELECT 9223372036854775807 AS x UNION ALL SELECT 1)", "22003",
         "bigint out of range"},
        {"SELECT json_extract('{', '$')", "22P02", "invalid input syntax for type json"},
    };
    struct fixture *fx = *state;

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct work work;
        work_init(&work, DB_READ, cases[i].sql);
        work_run(fx, &work);
        assert_false(work.job.ok);
        assert_string_equal(work.job.err.code, cases[i].code);
        assert_string_equal(work.job.err.message, cases[i].message);
        work_fini(&work);
    }
}

static void
a_statement_that_is_repeated_is_prepared_once(void **state)
{
    struct fixture *fx = *state;
    struct lite_conn *conn = &lite_loop_of(fx->loop)->conn;
    unsigned kept = 0;

    for (int i = 0; i < 10; i++)
        run_read(fx, "SELECT 1");
    for (size_t i = 0; i < (size_t)LITE_CACHE_SETS * LITE_CACHE_WAYS; i++)
        kept += conn->kept[i].handle != NULL;
    assert_int_equal(kept, 1);
}

static void
more_statements_than_are_kept_all_work(void **state)
{
    struct fixture *fx = *state;

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < LITE_CACHE_SETS * LITE_CACHE_WAYS + 200; i++) {
            char sql[64];
            char want[32];
            snprintf(sql, sizeof(sql), "SELECT %d", i);
            snprintf(want, sizeof(want), "%d\n", i);
            assert_string_equal(run_read(fx, sql), want);
        }
    }
}

static void
a_wrong_id_runs_the_statement_that_was_given(void **state)
{
    struct fixture *fx = *state;

    for (int i = 0; i < 4; i++) {
        struct work work;
        work_init(&work, DB_READ, i % 2 == 0 ? "SELECT 10" : "SELECT 20");
        work.stmts[0].id = 77;
        work_run(fx, &work);
        assert_str(buf_str(&work.rows), i % 2 == 0 ? "10\n" : "20\n");
        work_fini(&work);
    }
}

static void
past_its_bound_the_queue_refuses(void **state)
{
    struct fixture *fx = *state;
    enum { COUNT = 8 };
    struct work works[COUNT];
    unsigned refused = 0;

    for (size_t i = 0; i < COUNT; i++) {
        work_init(&works[i], DB_READ, long_sql);
        work_int(&works[i], 300000);
        work_submit(fx, &works[i]);
        assert_false(works[i].is_done);
    }
    for (size_t i = 0; i < COUNT; i++) {
        work_wait(fx, &works[i]);
        if (!works[i].job.ok) {
            assert_int_equal(works[i].job.err.kind, ERR_UNAVAILABLE);
            assert_string_equal(works[i].job.err.code, "CAIRN-BUSY");
            refused++;
        }
        work_fini(&works[i]);
    }
    /* Two threads, two places: the others were refused. */
    assert_true(refused >= COUNT - 4 - 1 && refused < COUNT);
}

static int
setup_small_queue(void **state)
{
    struct fixture *fx = fixture_new();

    fx->options.queue_max = 2;
    fixture_open(fx);
    *state = fx;
    return 0;
}

static void
waiting_reads_fail_when_their_loop_closes(void **state)
{
    struct fixture *fx = *state;
    enum { COUNT = 6 };
    struct work works[COUNT];
    unsigned drained = 0;

    for (size_t i = 0; i < COUNT; i++) {
        work_init(&works[i], DB_READ, long_sql);
        work_int(&works[i], 300000);
        work_submit(fx, &works[i]);
    }
    fixture_close(fx);
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(works[i].is_done);
        if (!works[i].job.ok) {
            assert_string_equal(works[i].job.err.code, "CAIRN-DRAINING");
            drained++;
        }
        work_fini(&works[i]);
    }
    assert_true(drained >= COUNT - 2);
}

static void
what_is_not_a_database_is_refused_untouched(void **state)
{
    struct fixture *fx = fixture_new();
    struct err err = {0};
    char text[32] = {0};
    FILE *file = fopen(fx->path, "w");

    assert_non_null(file);
    fputs("just some text, long enough to look at", file);
    fclose(file);
    assert_false(db_open(&fx->options, &fx->db, &err));
    assert_contains(err.message, "file is not a database");
    file = fopen(fx->path, "r");
    assert_int_equal(fread(text, 1, 9, file), 9);
    fclose(file);
    assert_string_equal(text, "just some");
    fx->options.url = "sqlite::memory:";
    assert_false(db_open(&fx->options, &fx->db, &err));
    assert_contains(err.message, "names no file");
    fx->options.url = "mysql://somebody:secret@host/db";
    assert_false(db_open(&fx->options, &fx->db, &err));
    assert_contains(err.message, "'mysql'");
    assert_null(strstr(err.message, "secret"));
    fixture_free(fx);
}

static void
a_new_file_belongs_to_its_owner_alone(void **state)
{
    struct fixture *fx = fixture_new();
    struct err err = {0};
    struct model *model = NULL;
    uv_fs_t st;

    outside_exec(fx->path, "SELECT 1");
    assert_int_equal(unlink(fx->path), 0);
    assert_ok(db_open(&fx->options, &fx->db, &err));
    assert_int_equal(uv_fs_stat(NULL, &st, fx->path, NULL), 0);
    assert_int_equal(st.statbuf.st_mode & 0777, 0600);
    uv_fs_req_cleanup(&st);
    assert_ok(db_introspect(fx->db, &model, &err));
    assert_int_equal(model->table_count, 0);
    model_free(model);
    db_close(fx->db);
    fixture_free(fx);
}

#define WITH_DB(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DB(a_short_read_is_answered_at_once),
        WITH_DB(every_kind_of_value_goes_in_and_out),
        WITH_DB(submit_never_answers_before_it_returns),
        WITH_DB(a_read_past_its_budget_starts_again_in_the_pool),
        WITH_DB(a_read_whose_rows_cannot_be_seen_twice_runs_in_the_pool),
        WITH_DB(a_read_past_its_time_is_canceled),
        WITH_DB(a_function_that_takes_too_long_leaves_the_loop),
        WITH_DB(a_function_that_takes_too_long_is_canceled),
        WITH_DB(groups_that_need_not_be_cut_are_read_without),
        WITH_DB(groups_that_have_to_be_cut_are_read_again),
        WITH_DB(what_fails_when_it_is_cut_too_has_failed),
        WITH_DB(a_row_function_stops_its_job),
        WITH_DB(a_read_sees_every_write_that_was_answered),
        WITH_DB(a_read_in_the_callback_of_a_write_sees_it),
        WITH_DB(no_transaction_is_open_while_the_loop_waits),
        WITH_DB(a_reader_cannot_write),
        WITH_DB(errors_have_the_codes_of_postgresql),
        WITH_DB(a_statement_that_is_repeated_is_prepared_once),
        WITH_DB(more_statements_than_are_kept_all_work),
        WITH_DB(a_wrong_id_runs_the_statement_that_was_given),
        cmocka_unit_test_setup_teardown(past_its_bound_the_queue_refuses, setup_small_queue,
                                        fixture_teardown),
        WITH_DB(waiting_reads_fail_when_their_loop_closes),
        cmocka_unit_test(what_is_not_a_database_is_refused_untouched),
        cmocka_unit_test(a_new_file_belongs_to_its_owner_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
