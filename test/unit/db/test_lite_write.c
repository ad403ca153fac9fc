/* SPDX-License-Identifier: Apache-2.0 */
#include <sqlite3.h>
#include <unistd.h>

#include "core/clock.h"
#include "db/sqlite/lite.h"
#include "db/sqlite/writer.h"
#include "metric/metric.h"
#include "unit/db/lite_fixture.h"

static const char insert_sql[] = "INSERT INTO log VALUES (?1, ?2)";

static void
insert_init(struct work *work, int64_t k)
{
    work_init(work, DB_WRITE, insert_sql);
    work_int(work, k);
    work_text(work, "v");
}

static void
writes_of_one_turn_share_a_commit_in_their_order(void **state)
{
    struct fixture *fx = *state;
    enum { COUNT = 300 };
    struct work *works = xcalloc(COUNT, sizeof(*works));
    int64_t commits = metric_get(METRIC_DB_COMMIT_GROUP, 0);

    for (size_t i = 0; i < COUNT; i++) {
        work_init(&works[i], DB_WRITE, "INSERT INTO log(v) VALUES (?1) RETURNING k");
        work_text(&works[i], "v");
        work_submit(fx, &works[i]);
        assert_false(works[i].is_done);
    }
    for (size_t i = 0; i < COUNT; i++) {
        char want[16];
        snprintf(want, sizeof(want), "%zu\n", i + 1);
        work_wait(fx, &works[i]);
        assert_true(works[i].job.ok);
        assert_int_equal(works[i].stmts[0].affected, 1);
        assert_str(buf_str(&works[i].rows), want);
        work_fini(&works[i]);
    }
    assert_true(metric_get(METRIC_DB_COMMIT_GROUP, 0) - commits < COUNT / 4);
    free(works);
}

static void
one_failure_undoes_only_itself(void **state)
{
    struct fixture *fx = *state;
    struct work works[7];

    for (int i = 0; i < 7; i++) {
        work_init(&works[i], DB_WRITE,
                  i == 3 ? "INSERT INTO items VALUES (1, 'twice', 'n', 1)"
                         : "INSERT INTO log VALUES (?1, 'a')");
        if (i != 3)
            work_int(&works[i], i);
        /* Several statements: the first one's effect goes with the second one's failure. */
        if (i == 5)
            work_add(&works[i], "INSERT INTO items VALUES (1, 'again', 'n', 1)");
        if (i == 4) {
            work_add(&works[i], "UPDATE log SET v = 'b' WHERE k = ?1");
            work_int(&works[i], 0);
        }
    }
    run_write(fx, "INSERT INTO items VALUES (1, 'once', 'n', 1)");
    for (int i = 0; i < 7; i++)
        work_submit(fx, &works[i]);
    for (int i = 0; i < 7; i++) {
        work_wait(fx, &works[i]);
        assert_int_equal(works[i].job.ok, i != 3 && i != 5);
        work_fini(&works[i]);
    }
    assert_string_equal(run_read(fx, "SELECT k, v FROM log"), "0|b\n1|a\n2|a\n4|a\n6|a\n");
    assert_string_equal(run_read(fx, "SELECT name FROM items"), "once\n");
}

/* Rows of log, by one statement. */
static const struct db_bulk bulk_log = {
    .sql = {"INSERT INTO log(k, v) SELECT c1, c2 FROM " DB_BULK_ROWS " WHERE true",
            sizeof("INSERT INTO log(k, v) SELECT c1, c2 FROM " DB_BULK_ROWS " WHERE true") - 1},
    .id = 1000001,
};

static void
many_rows_go_by_one_statement(void **state)
{
    struct fixture *fx = *state;
    struct work work;

    work_init(&work, DB_WRITE, insert_sql);
    for (int64_t k = 5; k > 0; k--) {
        work_int(&work, k);
        if (k == 2)
            work_null(&work);
        else
            work_text(&work, k == 3 ? "" : "v");
    }
    work.stmts[0].param_count = 2;
    work.stmts[0].row_count = 5;
    work.stmts[0].on_row = NULL;
    work.stmts[0].bulk = &bulk_log;
    /* The row by row form would fail: it is not what runs. */
    work.stmts[0].sql = STR("INSERT INTO log VALUES (?1 / ?2, 1, 2)");
    work.stmts[0].id = 1000005;
    work_run(fx, &work);
    assert_true(work.job.ok);
    assert_int_equal(work.stmts[0].affected, 5);
    work_fini(&work);
    assert_string_equal(run_read(fx, "SELECT k, v FROM log"), "1|v\n2|null\n3|\n4|v\n5|v\n");
}

static void
a_row_that_is_wrong_among_many_is_named_and_undoes_all(void **state)
{
    struct fixture *fx = *state;
    struct work work;

    run_write(fx, "INSERT INTO log VALUES (8, 'there')");
    work_init(&work, DB_WRITE, insert_sql);
    for (int64_t k = 6; k < 10; k++) {
        work_int(&work, k);
        work_text(&work, "v");
    }
    work.stmts[0].param_count = 2;
    work.stmts[0].row_count = 4;
    work.stmts[0].on_row = NULL;
    work.stmts[0].bulk = &bulk_log;
    work_target(&work, fx, "log");
    work_run(fx, &work);
    assert_false(work.job.ok);
    assert_string_equal(work.job.err.code, "23505");
    assert_string_equal(work.job.err.details, "Key (k)=(8) already exists.");
    work_fini(&work);
    assert_string_equal(run_read(fx, "SELECT k, v FROM log"), "8|there\n");
}

#define NUMBERED_SQL "INSERT INTO log(k, v) SELECT cairn_nextval('public.people_id_seq'), c1 FROM "
#define APPENDED_SQL "INSERT INTO log(k, v) SELECT NULL, c1 FROM "

static const struct db_bulk bulk_numbered = {
    .sql = {NUMBERED_SQL DB_BULK_ROWS, sizeof(NUMBERED_SQL DB_BULK_ROWS) - 1},
    .append_sql = {APPENDED_SQL DB_BULK_ROWS, sizeof(APPENDED_SQL DB_BULK_ROWS) - 1},
    .last_sql = {"SELECT max(k) FROM log", sizeof("SELECT max(k) FROM log") - 1},
    .sequence = {"public.people_id_seq", sizeof("public.people_id_seq") - 1},
    .id = 1000011,
};

/* Four rows; false: they were refused. */
static bool
run_numbered(struct fixture *fx, const char *value)
{
    struct work work;
    bool ok = false;

    work_init(&work, DB_WRITE,
              "INSERT INTO log(k, v) VALUES (cairn_nextval('public.people_id_seq'), ?1)");
    for (int i = 0; i < 4; i++)
        work_text(&work, i < 3 ? "v" : value);
    work.stmts[0].param_count = 1;
    work.stmts[0].row_count = 4;
    work.stmts[0].on_row = NULL;
    work.stmts[0].bulk = &bulk_numbered;
    work_target(&work, fx, "log");
    work_run(fx, &work);
    ok = work.job.ok;
    work_fini(&work);
    return ok;
}

static void
keys_of_many_rows_are_the_numbers_of_their_sequence(void **state)
{
    struct fixture *fx = *state;

    assert_true(run_numbered(fx, "v"));
    assert_string_equal(run_read(fx, "SELECT group_concat(k) FROM log"), "1,2,3,4\n");
    assert_true(run_numbered(fx, "v"));
    /* The sequence has gone along. */
    run_write(fx, "INSERT INTO log VALUES (cairn_nextval('public.people_id_seq'), 'one')");
    assert_string_equal(run_read(fx, "SELECT max(k) FROM log"), "9\n");
    /* Behind a gap, and behind a key that is greater than the sequence, it is what counts. */
    run_write(fx, "DELETE FROM log WHERE k > 7");
    assert_true(run_numbered(fx, "v"));
    run_write(fx, "INSERT INTO log VALUES (50, 'far')");
    assert_true(run_numbered(fx, "v"));
    assert_string_equal(run_read(fx, "SELECT group_concat(k) FROM log WHERE k > 6"),
                        "7,10,11,12,13,14,15,16,17,50\n");
}

static void
many_rows_that_are_refused_use_up_as_many_numbers_as_one_by_one(void **state)
{
    struct fixture *fx = *state;

    run_write(fx, "CREATE UNIQUE INDEX log_v ON log(v) WHERE v = 'once'");
    run_write(fx, "INSERT INTO log VALUES (-1, 'once')");
    assert_false(run_numbered(fx, "once"));
    assert_false(run_numbered(fx, "once"));
    run_write(fx, "INSERT INTO log VALUES (cairn_nextval('public.people_id_seq'), 'v')");
    assert_string_equal(run_read(fx, "SELECT group_concat(k) FROM log"), "-1,9\n");
}

static void
a_check_that_says_no_undoes_the_job(void **state)
{
    struct fixture *fx = *state;
    struct work work;

    insert_init(&work, 1);
    work.refuse = true;
    work_run(fx, &work);
    assert_false(work.job.ok);
    assert_string_equal(work.job.err.code, "PGRST124");
    work_fini(&work);
    assert_string_equal(run_read(fx, "SELECT count(*) FROM log"), "0\n");
}

static void
a_job_that_wants_it_is_undone_and_succeeds(void **state)
{
    struct fixture *fx = *state;
    struct work works[2];

    insert_init(&works[0], 1);
    works[0].job.rollback_only = true;
    insert_init(&works[1], 2);
    work_submit(fx, &works[0]);
    work_submit(fx, &works[1]);
    for (int i = 0; i < 2; i++) {
        work_wait(fx, &works[i]);
        assert_true(works[i].job.ok);
        assert_int_equal(works[i].stmts[0].affected, 1);
        work_fini(&works[i]);
    }
    assert_string_equal(run_read(fx, "SELECT k FROM log"), "2\n");
}

static void
a_row_function_that_refuses_undoes_the_job(void **state)
{
    struct fixture *fx = *state;
    struct work work;

    work_init(&work, DB_WRITE, "INSERT INTO log VALUES (1, 'a'), (2, 'b'), (3, 'c') RETURNING k");
    work.rows_max = 2;
    work_run(fx, &work);
    assert_false(work.job.ok);
    work_fini(&work);
    assert_string_equal(run_read(fx, "SELECT count(*) FROM log"), "0\n");
}

static void
a_write_past_its_time_is_canceled_and_the_others_are_not(void **state)
{
    struct fixture *fx = *state;
    struct work works[5];

    for (int i = 0; i < 5; i++) {
        if (i == 2) {
            work_init(&works[i], DB_WRITE,
                      "INSERT INTO log SELECT i, 'x' FROM (WITH RECURSIVE n(i) AS (SELECT 1000 "
                      "UNION ALL SELECT i + 1 FROM n) SELECT i FROM n)");
            works[i].job.timeout_ms = 200;
        } else {
            work_init(&works[i], DB_WRITE, "INSERT INTO log VALUES (?1, 'v') RETURNING k");
            work_int(&works[i], i);
        }
        work_submit(fx, &works[i]);
    }
    for (int i = 0; i < 5; i++) {
        work_wait(fx, &works[i]);
        if (i == 2) {
            assert_false(works[i].job.ok);
            assert_string_equal(works[i].job.err.code, "57014");
        } else {
            char want[16];
            snprintf(want, sizeof(want), "%d\n", i);
            assert_true(works[i].job.ok);
            assert_str(buf_str(&works[i].rows), want);
        }
        work_fini(&works[i]);
    }
    assert_string_equal(run_read(fx, "SELECT k FROM log"), "0\n1\n3\n4\n");
}

static void
a_number_drawn_from_a_sequence_stays_drawn(void **state)
{
    struct fixture *fx = *state;
    struct work work;

    run_write(fx, "INSERT INTO people(name) VALUES ('a')");
    work_init(&work, DB_WRITE, "INSERT INTO people(name) VALUES ('b')");
    work.job.rollback_only = true;
    work_run(fx, &work);
    work_fini(&work);
    run_write(fx, "INSERT INTO people(name) VALUES ('c')");
    assert_string_equal(run_read(fx, "SELECT id FROM people ORDER BY 1"), "1\n3\n");
    /* And over a restart. */
    fixture_close(fx);
    fixture_open(fx);
    run_write(fx, "INSERT INTO people(name) VALUES ('d')");
    assert_string_equal(run_read(fx, "SELECT max(id) FROM people"), "4\n");
}

static void
a_sequence_ends_and_an_unknown_one_is_refused(void **state)
{
    struct fixture *fx = *state;

    for (int i = 0; i < 2; i++)
        run_write(fx, "INSERT INTO log VALUES (cairn_nextval('public.short_seq'), 'x')");
    assert_string_equal(
        run_failing(fx, NULL, "INSERT INTO log VALUES (cairn_nextval('public.short_seq'), 'x')"),
        "2200H|nextval: reached maximum value of sequence \"short_seq\" (2)|");
    assert_string_equal(
        run_failing(fx, NULL, "INSERT INTO log VALUES (cairn_nextval('public.absent'), 'x')"),
        "42P01|relation \"public.absent\" does not exist|");
}

static void
past_its_bound_the_queue_refuses_and_nothing_is_lost(void **state)
{
    struct fixture *fx = *state;
    enum { COUNT = 50 };
    struct work works[COUNT];
    int64_t done = 0;

    for (int i = 0; i < COUNT; i++) {
        insert_init(&works[i], i);
        work_submit(fx, &works[i]);
    }
    for (int i = 0; i < COUNT; i++) {
        work_wait(fx, &works[i]);
        done += works[i].job.ok;
        if (!works[i].job.ok) {
            assert_string_equal(works[i].job.err.code, "CAIRN-BUSY");
            assert_int_equal(works[i].job.err.kind, ERR_UNAVAILABLE);
        }
        work_fini(&works[i]);
    }
    assert_true(done >= 3 && done < COUNT);
    assert_int_equal(outside_int(fx->path, "SELECT count(*) FROM log"), done);
}

static int
setup_small_queue(void **state)
{
    struct fixture *fx = fixture_new();

    fx->options.queue_max = 3;
    fixture_open(fx);
    *state = fx;
    return 0;
}

static void
a_file_locked_by_another_program_costs_time_but_no_answer(void **state)
{
    struct fixture *fx = *state;
    struct work work;
    sqlite3 *other = NULL;

    assert_int_equal(sqlite3_open(fx->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    insert_init(&work, 1);
    work.job.timeout_ms = 150;
    uint64_t begin_ns = clock_mono_ns();
    work_run(fx, &work);
    assert_true(clock_mono_ns() - begin_ns < UINT64_C(20000000000));
    assert_false(work.job.ok);
    assert_string_equal(work.job.err.code, "55P03");
    assert_int_equal(work.job.err.http_status, 503);
    work_fini(&work);
    assert_string_equal(run_read(fx, "SELECT count(*) FROM log"), "0\n");

    /* One that has the time to wait succeeds. */
    insert_init(&work, 2);
    work_submit(fx, &work);
    fixture_turn(fx, 30);
    assert_false(work.is_done);
    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    work_wait(fx, &work);
    assert_true(work.job.ok);
    work_fini(&work);
    sqlite3_close(other);
}

static void
while_another_process_has_the_right_to_write_it_is_named(void **state)
{
    struct fixture *fx = *state;
    struct lite_lock other = {.fd = -1};
    struct work work;
    struct err err = {0};

    assert_ok(lite_lock_open(&other, fx->path, &err));
    assert_ok(lite_lock_wait(&other, clock_mono_ns() + UINT64_C(5000000000), &err));
    insert_init(&work, 1);
    work.job.timeout_ms = 100;
    work_run(fx, &work);
    assert_false(work.job.ok);
    assert_string_equal(work.job.err.code, "55P03");
    assert_contains(work.job.err.message, "process ");
    assert_contains(work.job.err.message, " holds it");
    work_fini(&work);

    insert_init(&work, 2);
    work_submit(fx, &work);
    fixture_turn(fx, 20);
    assert_false(work.is_done);
    assert_true(lite_lock_is_wanted(&other));
    lite_lock_release(&other);
    work_wait(fx, &work);
    assert_true(work.job.ok);
    work_fini(&work);
    lite_lock_close(&other);
}

static void
under_load_another_process_gets_its_turn(void **state)
{
    struct fixture *fx = *state;
    struct lite_lock other = {.fd = -1};
    struct err err = {0};
    bool has_it = false;

    assert_ok(lite_lock_open(&other, fx->path, &err));
    for (int i = 0; i < 5000 && !has_it; i++) {
        struct work work;
        insert_init(&work, i);
        work_submit(fx, &work);
        has_it = lite_lock_try(&other);
        if (has_it)
            lite_lock_release(&other);
        work_wait(fx, &work);
        assert_true(work.job.ok);
        work_fini(&work);
    }
    assert_true(has_it);
    lite_lock_close(&other);
}

static void
two_databases_on_one_file_take_turns(void **state)
{
    struct fixture *fx = *state;
    struct fixture second = *fx;

    second.options.url = second.url;
    fixture_open(&second);
    for (int i = 0; i < 40; i++) {
        run_write(i % 2 == 0 ? fx : &second, "INSERT INTO people(name) VALUES (random())");
        if (i % 10 == 9)
            fixture_turn(fx, 250);
    }
    assert_string_equal(run_read(fx, "SELECT count(*), max(id) FROM people"), "40|40\n");
    fixture_close(&second);
}

static void
a_write_that_waited_too_long_never_runs(void **state)
{
    struct fixture *fx = *state;
    struct work works[2];
    struct lite_lock other = {.fd = -1};
    struct err err = {0};

    /* The first one fills the writer's time; the second one's is over before its turn. */
    work_init(&works[0], DB_WRITE,
              "INSERT INTO log SELECT i, 'x' FROM (WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL "
              "SELECT i + 1 FROM n LIMIT 1000000) SELECT max(i) AS i FROM n)");
    insert_init(&works[1], 1);
    works[1].job.timeout_ms = 1;
    assert_ok(lite_lock_open(&other, fx->path, &err));
    for (int i = 0; i < 2; i++)
        work_submit(fx, &works[i]);
    for (int i = 0; i < 2; i++)
        work_wait(fx, &works[i]);
    assert_true(works[0].job.ok);
    assert_false(works[1].job.ok);
    assert_string_equal(works[1].job.err.code, "PGRST003");
    assert_int_equal(works[1].job.err.http_status, 504);
    assert_string_equal(run_read(fx, "SELECT count(*) FROM log"), "1\n");
    for (int i = 0; i < 2; i++)
        work_fini(&works[i]);
    lite_lock_close(&other);
}

static void
waiting_writes_fail_when_their_loop_closes(void **state)
{
    struct fixture *fx = *state;
    struct lite_lock other = {.fd = -1};
    struct err err = {0};
    enum { COUNT = 20 };
    struct work works[COUNT];
    int64_t done = 0;

    assert_ok(lite_lock_open(&other, fx->path, &err));
    for (int i = 0; i < COUNT; i++) {
        insert_init(&works[i], i);
        work_submit(fx, &works[i]);
    }
    fixture_close(fx);
    for (int i = 0; i < COUNT; i++) {
        assert_true(works[i].is_done);
        done += works[i].job.ok;
        if (!works[i].job.ok)
            assert_string_equal(works[i].job.err.code, "CAIRN-DRAINING");
        work_fini(&works[i]);
    }
    lite_lock_close(&other);
    assert_int_equal(outside_int(fx->path, "SELECT count(*) FROM log"), done);
}

/* What the database file holds by itself, without its log. */
static int64_t
rows_in_file(const struct fixture *fx)
{
    char copy[160];
    uv_fs_t req;

    snprintf(copy, sizeof(copy), "%s.copy", fx->path);
    assert_int_equal(uv_fs_copyfile(NULL, &req, fx->path, copy, 0, NULL), 0);
    uv_fs_req_cleanup(&req);
    int64_t count = outside_int(copy, "SELECT count(*) FROM log");
    unlink(copy);
    return count;
}

static void
the_log_is_copied_when_nothing_is_to_do(void **state)
{
    struct fixture *fx = *state;
    struct lite_lock other = {.fd = -1};
    struct err err = {0};

    for (int i = 0; i < 5; i++)
        run_write(fx, "INSERT INTO log(v) VALUES (hex(zeroblob(100000)))");
    /* It gives up the right to write when it has nothing more to do, the copying included. */
    assert_ok(lite_lock_open(&other, fx->path, &err));
    assert_ok(lite_lock_wait(&other, clock_mono_ns() + UINT64_C(5000000000), &err));
    assert_int_equal(rows_in_file(fx), 5);
    lite_lock_close(&other);
}

static void
under_load_the_log_stays_small(void **state)
{
    struct fixture *fx = *state;
    char wal[128];
    uv_fs_t st;

    for (int i = 0; i < 100; i++)
        run_write(fx, "INSERT INTO log(v) VALUES (hex(zeroblob(100000)))");
    snprintf(wal, sizeof(wal), "%s-wal", fx->path);
    assert_int_equal(uv_fs_stat(NULL, &st, wal, NULL), 0);
    assert_true(st.statbuf.st_size < 8 << 20);
    uv_fs_req_cleanup(&st);
    fixture_close(fx);
    assert_int_equal(outside_int(fx->path, "SELECT count(*) FROM log"), 100);
}

static void many_loops_write_at_once(void **state);

enum { LOOPS = 3, LOOP_WRITES = 400 };

struct loop_thread {
    struct fixture fx;
    uv_thread_t thread;
    int64_t base;
    int64_t failed;
};

static void
loop_thread_main(void *arg)
{
    struct loop_thread *thread = arg;
    struct fixture *fx = &thread->fx;
    struct err err = {0};
    struct work *works = xcalloc(LOOP_WRITES, sizeof(*works));

    uv_loop_init(&fx->uv);
    thread->failed = !db_loop_open(fx->db, &fx->uv, &fx->loop, &err);
    for (int i = 0; i < LOOP_WRITES && thread->failed == 0; i++) {
        insert_init(&works[i], thread->base + i);
        work_submit(fx, &works[i]);
        if (i % 16 == 15)
            work_wait(fx, &works[i]);
        if (i % 5 == 0) {
            struct work read;
            work_init(&read, DB_READ, "SELECT count(*) FROM log WHERE k >= ?1");
            work_int(&read, thread->base);
            work_run(fx, &read);
            thread->failed += !read.job.ok;
            work_fini(&read);
        }
    }
    for (int i = 0; i < LOOP_WRITES; i++) {
        work_wait(fx, &works[i]);
        thread->failed += !works[i].job.ok;
        work_fini(&works[i]);
    }
    db_loop_close(fx->loop, NULL, NULL);
    uv_run(&fx->uv, UV_RUN_DEFAULT);
    uv_loop_close(&fx->uv);
    free(works);
}

static void
many_loops_write_at_once(void **state)
{
    struct fixture *fx = *state;
    struct loop_thread threads[LOOPS];

    for (int i = 0; i < LOOPS; i++) {
        threads[i].fx = *fx;
        threads[i].base = i * 1000000;
        threads[i].failed = 0;
        assert_int_equal(uv_thread_create(&threads[i].thread, loop_thread_main, &threads[i]), 0);
    }
    for (int i = 0; i < LOOPS; i++) {
        uv_thread_join(&threads[i].thread);
        assert_int_equal(threads[i].failed, 0);
    }
    assert_int_equal(outside_int(fx->path, "SELECT count(*) FROM log"), LOOPS * LOOP_WRITES);
}

#define WITH_DB(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DB(writes_of_one_turn_share_a_commit_in_their_order),
        WITH_DB(one_failure_undoes_only_itself),
        WITH_DB(many_rows_go_by_one_statement),
        WITH_DB(a_row_that_is_wrong_among_many_is_named_and_undoes_all),
        WITH_DB(keys_of_many_rows_are_the_numbers_of_their_sequence),
        WITH_DB(many_rows_that_are_refused_use_up_as_many_numbers_as_one_by_one),
        WITH_DB(a_check_that_says_no_undoes_the_job),
        WITH_DB(a_job_that_wants_it_is_undone_and_succeeds),
        WITH_DB(a_row_function_that_refuses_undoes_the_job),
        WITH_DB(a_write_past_its_time_is_canceled_and_the_others_are_not),
        WITH_DB(a_number_drawn_from_a_sequence_stays_drawn),
        WITH_DB(a_sequence_ends_and_an_unknown_one_is_refused),
        cmocka_unit_test_setup_teardown(past_its_bound_the_queue_refuses_and_nothing_is_lost,
                                        setup_small_queue, fixture_teardown),
        WITH_DB(a_file_locked_by_another_program_costs_time_but_no_answer),
        WITH_DB(while_another_process_has_the_right_to_write_it_is_named),
        WITH_DB(under_load_another_process_gets_its_turn),
        WITH_DB(two_databases_on_one_file_take_turns),
        WITH_DB(a_write_that_waited_too_long_never_runs),
        WITH_DB(waiting_writes_fail_when_their_loop_closes),
        WITH_DB(the_log_is_copied_when_nothing_is_to_do),
        WITH_DB(under_load_the_log_stays_small),
        WITH_DB(many_loops_write_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
