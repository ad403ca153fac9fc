/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The disk fails, at every call in turn, and then: what was acknowledged is there, what was refused
 * is not, and only what was called unknown may be either.
 */
#include <errno.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "db/sqlite/lite.h"
#include "unit/db/lite_fixture.h"
#include "unit/db/lite_vfs.h"

enum { ROUNDS = 4, JOBS = 6, TOTAL = ROUNDS * JOBS };

enum fate { FATE_NONE, FATE_THERE, FATE_NOT_THERE, FATE_UNKNOWN };

struct tally {
    enum fate fates[TOTAL];
    bool has_unknown;
};

static void
round_run(struct fixture *fx, int round, struct tally *tally)
{
    struct work works[JOBS];

    for (int i = 0; i < JOBS; i++) {
        work_init(&works[i], DB_WRITE, "INSERT INTO log VALUES (?1, hex(zeroblob(3000)))");
        /* One of them is a duplicate of the last round's. */
        work_int(&works[i], i == 3 && round > 0 ? (round - 1) * JOBS : round * JOBS + i);
        work_target(&works[i], fx, "log");
        work_submit(fx, &works[i]);
    }
    for (int i = 0; i < JOBS; i++) {
        enum fate *fate = &tally->fates[round * JOBS + i];
        work_wait(fx, &works[i]);
        if (i == 3 && round > 0) {
            /* It may succeed when the one that it duplicates failed; its own number is unused. */
            if (works[i].job.ok)
                tally->fates[(round - 1) * JOBS] = FATE_THERE;
            else if (works[i].job.err.kind == ERR_UNKNOWN)
                tally->fates[(round - 1) * JOBS] = FATE_UNKNOWN;
            *fate = FATE_NOT_THERE;
        } else if (works[i].job.ok) {
            *fate = FATE_THERE;
        } else if (works[i].job.err.kind == ERR_UNKNOWN) {
            assert_string_equal(works[i].job.err.code, "CAIRN-UNKNOWN");
            *fate = FATE_UNKNOWN;
            tally->has_unknown = true;
        } else {
            assert_int_equal(works[i].job.err.kind, ERR_UNAVAILABLE);
            *fate = FATE_NOT_THERE;
        }
        work_fini(&works[i]);
    }
}

/* The files as they stand at this moment: what a process that dies now leaves behind. The log comes
 * first: copied into the database meanwhile, it changes nothing there when it is applied again. */
static void
crash_copy(const struct fixture *fx, const char *to)
{
    static const char *const endings[] = {"-wal", ""};

    for (size_t i = 0; i < COUNTOF(endings); i++) {
        char name[160];
        char copy[160];
        uv_fs_t req;
        snprintf(name, sizeof(name), "%s%s", fx->path, endings[i]);
        snprintf(copy, sizeof(copy), "%s%s", to, endings[i]);
        uv_fs_copyfile(NULL, &req, name, copy, 0, NULL);
        uv_fs_req_cleanup(&req);
    }
}

static void
crash_remove(const char *path)
{
    static const char *const endings[] = {"", "-wal", "-shm"};

    for (size_t i = 0; i < COUNTOF(endings); i++) {
        char name[160];
        snprintf(name, sizeof(name), "%s%s", path, endings[i]);
        unlink(name);
    }
}

static void
tally_check(const char *path, const struct tally *tally, const char *what, unsigned nth)
{
    for (int k = 0; k < TOTAL; k++) {
        char sql[64];
        snprintf(sql, sizeof(sql), "SELECT count(*) FROM log WHERE k = %d", k);
        int64_t count = outside_int(path, sql);
        if ((tally->fates[k] == FATE_THERE && count != 1) ||
            ((tally->fates[k] == FATE_NOT_THERE || tally->fates[k] == FATE_NONE) && count != 0))
            fail_msg("%s %u: row %d is %s", what, nth, k, count ? "there" : "not there");
    }
    assert_int_equal(outside_int(path, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"),
                     1);
}

/* True while there was an nth call. */
static bool
fail_once(enum vfs_call call, unsigned nth, int rc, const char *what)
{
    struct fixture *fx = fixture_new();
    struct tally tally = {0};
    struct tally crash_tally = {0};
    char crash[128];
    bool has_crash = false;

    snprintf(crash, sizeof(crash), "%s.crash", fx->path);
    fixture_open(fx);
    vfs_arm(call, nth, rc, false);
    for (int round = 0; round < ROUNDS; round++) {
        round_run(fx, round, &tally);
        /* An unknown outcome ends the writing, until the file is opened anew. */
        if (tally.has_unknown)
            assert_true(db_is_poisoned(fx->db));
        if (vfs_was_hit() && !has_crash) {
            crash_copy(fx, crash);
            crash_tally = tally;
            has_crash = true;
        }
    }
    bool hit = vfs_was_hit();
    fixture_close(fx);
    vfs_arm(call, 0, 0, false);
    /* Opening recovers, and everything works again. */
    fixture_open(fx);
    assert_false(db_is_poisoned(fx->db));
    run_write(fx, "INSERT INTO log VALUES (1000, 'after')");
    fixture_close(fx);
    tally_check(fx->path, &tally, what, nth);
    if (has_crash)
        tally_check(crash, &crash_tally, what, nth);
    crash_remove(crash);
    fixture_free(fx);
    return hit;
}

static void
fail_each(enum vfs_call call, int rc, const char *what)
{
    unsigned nth = 1;

    while (fail_once(call, nth, rc, what))
        nth += nth < 40 ? 1 : 7;
    assert_true(nth > 1);
}

static void
a_write_that_fails_at_any_call_loses_nothing(void **state)
{
    fail_each(VFS_WRITE, SQLITE_IOERR_WRITE, "write");
}

static void
a_full_disk_at_any_call_loses_nothing(void **state)
{
    fail_each(VFS_WRITE, SQLITE_FULL, "full");
}

static void
a_sync_that_fails_at_any_call_loses_nothing(void **state)
{
    fail_each(VFS_SYNC, SQLITE_IOERR_FSYNC, "sync");
}

static void
a_read_that_fails_at_any_call_loses_nothing(void **state)
{
    fail_each(VFS_READ, SQLITE_IOERR_READ, "read");
}

static void
a_failed_truncation_or_mapping_loses_nothing(void **state)
{
    unsigned nth = 1;

    fail_each(VFS_SHM, SQLITE_IOERR_SHMSIZE, "shm");
    while (fail_once(VFS_TRUNCATE, nth, SQLITE_IOERR_TRUNCATE, "truncate"))
        nth++;
    nth = 1;
    while (fail_once(VFS_OPEN, nth, SQLITE_CANTOPEN, "open"))
        nth++;
}

static void
the_outcome_of_a_failed_sync_is_unknown(void **state)
{
    struct fixture *fx = *state;
    struct work work;

    run_write(fx, "INSERT INTO log VALUES (1, 'a')");
    vfs_arm(VFS_SYNC, 1, SQLITE_IOERR_FSYNC, false);
    work_init(&work, DB_WRITE, "INSERT INTO log VALUES (2, 'b')");
    work_run(fx, &work);
    assert_true(vfs_was_hit());
    assert_false(work.job.ok);
    assert_int_equal(work.job.err.kind, ERR_UNKNOWN);
    assert_string_equal(work.job.err.code, "CAIRN-UNKNOWN");
    assert_int_equal(work.job.err.http_status, 503);
    work_fini(&work);
    assert_true(db_is_poisoned(fx->db));

    /* The sync is not tried again: nothing more is written, certainly. */
    work_init(&work, DB_WRITE, "INSERT INTO log VALUES (3, 'c')");
    work_run(fx, &work);
    assert_int_equal(work.job.err.kind, ERR_UNAVAILABLE);
    assert_string_equal(work.job.err.code, "CAIRN-READONLY");
    work_fini(&work);
    assert_string_equal(run_read(fx, "SELECT k FROM log WHERE k <> 2"), "1\n");

    fixture_close(fx);
    fixture_open(fx);
    run_write(fx, "INSERT INTO log VALUES (4, 'd')");
    assert_string_equal(run_read(fx, "SELECT k FROM log WHERE k <> 2"), "1\n4\n");
}

static void
on_a_full_disk_reads_go_on_and_writes_come_back(void **state)
{
    struct fixture *fx = *state;
    struct work work;

    run_write(fx, "INSERT INTO log VALUES (1, 'a')");
    vfs_arm(VFS_WRITE, 1, SQLITE_FULL, true);
    for (int i = 2; i < 6; i++) {
        work_init(&work, DB_WRITE, "INSERT INTO log VALUES (?1, 'b')");
        work_int(&work, i);
        work_run(fx, &work);
        assert_false(work.job.ok);
        assert_int_equal(work.job.err.kind, ERR_UNAVAILABLE);
        assert_string_equal(work.job.err.code, "53100");
        assert_int_equal(work.job.err.http_status, 503);
        work_fini(&work);
        assert_string_equal(run_read(fx, "SELECT k FROM log"), "1\n");
    }
    assert_false(db_is_poisoned(fx->db));
    vfs_arm(VFS_WRITE, 0, 0, false);
    run_write(fx, "INSERT INTO log VALUES (7, 'c')");
    assert_string_equal(run_read(fx, "SELECT k FROM log"), "1\n7\n");
}

static void
a_real_disk_that_is_full_comes_back_too(void **state)
{
    struct fixture *fx = fixture_new();
    char spare[128];
    char move[256];
    int64_t done = 0;

    /* The fixture's folder becomes a disk of its own. */
    snprintf(move, sizeof(move), "%s-full.db", fx->dir);
    assert_int_equal(rename(fx->path, move), 0);
    if (mount("cairn-test", fx->dir, "tmpfs", 0, "size=1m") != 0) {
        assert_int_equal(rename(move, fx->path), 0);
        fixture_free(fx);
        skip();
    }
    char sql[512];
    snprintf(sql, sizeof(sql), "VACUUM INTO '%s'", fx->path);
    outside_exec(move, sql);
    unlink(move);
    fixture_open(fx);
    snprintf(spare, sizeof(spare), "%s/spare", fx->dir);
    FILE *file = fopen(spare, "w");
    for (int i = 0; i < 300; i++)
        fprintf(file, "%01000d", i);
    fclose(file);

    struct work work = {0};
    for (int i = 0; i < 1000 && work.job.err.kind == ERR_NONE; i++) {
        work_init(&work, DB_WRITE, "INSERT INTO log(v) VALUES (hex(zeroblob(5000)))");
        work_run(fx, &work);
        done += work.job.ok;
        work_fini(&work);
    }
    assert_string_equal(work.job.err.code, "53100");
    assert_int_equal(work.job.err.kind, ERR_UNAVAILABLE);
    char want[32];
    snprintf(want, sizeof(want), "%d\n", (int)done);
    assert_string_equal(run_read(fx, "SELECT count(*) FROM log"), want);
    unlink(spare);
    run_write(fx, "INSERT INTO log(v) VALUES ('there is space')");
    done++;
    fixture_close(fx);
    assert_int_equal(outside_int(fx->path, "SELECT count(*) FROM log"), done);
    assert_int_equal(umount(fx->dir), 0);
    fixture_free(fx);
}

static void
a_disk_that_hangs_is_noticed_and_reads_go_on(void **state)
{
    struct fixture *fx = *state;
    struct lite_db *db = lite_db_of(fx->db);
    struct work work;

    run_write(fx, "INSERT INTO log VALUES (1, 'a')");
    atomic_store(&db->stuck_after_ns, 100000000);
    vfs_slow_sync(2500);
    work_init(&work, DB_WRITE, "INSERT INTO log VALUES (2, 'b')");
    work_submit(fx, &work);
    fixture_turn(fx, 1500);
    assert_false(work.is_done);
    assert_true(atomic_load(&db->is_stuck));
    assert_string_equal(run_read(fx, "SELECT k FROM log WHERE k = 1"), "1\n");
    vfs_slow_sync(0);
    work_wait(fx, &work);
    assert_true(work.job.ok);
    work_fini(&work);
    fixture_turn(fx, 1200);
    assert_false(atomic_load(&db->is_stuck));
}

/* --- the process dies ------------------------------------------------------------------------ */

enum { WINDOW = 32 };

struct victim {
    struct fixture *fx;
    struct work works[WINDOW];
    int64_t next;
    int out;
};

static void victim_submit(struct victim *victim, struct work *work);

static void
victim_answered(struct work *work)
{
    struct victim *victim = work->ctx;
    int64_t k = work->params[0].i;

    /* The parent counts what it hears of. */
    if (!work->job.ok || write(victim->out, &k, sizeof(k)) != (ssize_t)sizeof(k))
        _exit(3);
    work_fini(work);
    victim_submit(victim, work);
}

static void
victim_submit(struct victim *victim, struct work *work)
{
    work_init(work, DB_WRITE, "INSERT INTO log VALUES (?1, 'v')");
    work_int(work, victim->next++);
    work->then = victim_answered;
    work->ctx = victim;
    work_submit(victim->fx, work);
}

static void
victim_main(struct fixture *fx, int64_t from, int out)
{
    struct victim *victim = xcalloc(1, sizeof(*victim));

    victim->fx = fx;
    victim->next = from;
    victim->out = out;
    fixture_open(fx);
    for (int i = 0; i < WINDOW; i++)
        victim_submit(victim, &victim->works[i]);
    uv_run(&fx->uv, UV_RUN_DEFAULT);
    _exit(4);
}

static void
killed_under_load_it_keeps_every_acknowledged_row(void **state)
{
    struct fixture *fx = fixture_new();
    int64_t acknowledged = 0;

    for (int round = 0; round < 5; round++) {
        int pipes[2];
        int64_t k = 0;
        int status = 0;
        int64_t from = round * INT64_C(1000000);
        int64_t last = -1;

        assert_int_equal(pipe(pipes), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            close(pipes[0]);
            victim_main(fx, from, pipes[1]);
        }
        close(pipes[1]);
        uint64_t end_ns = clock_mono_ns() + UINT64_C(150000000) * (uint64_t)(round + 1);
        bool is_killed = false;
        while (read(pipes[0], &k, sizeof(k)) == (ssize_t)sizeof(k)) {
            acknowledged++;
            /* Answers come in the order of the questions. */
            assert_true(k > last);
            last = k;
            if (!is_killed && clock_mono_ns() > end_ns) {
                kill(child, SIGKILL);
                is_killed = true;
            }
        }
        close(pipes[0]);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        char sql[96];
        snprintf(sql, sizeof(sql), "SELECT count(*) FROM log WHERE k BETWEEN %lld AND %lld",
                 (long long)from, (long long)last);
        assert_int_equal(outside_int(fx->path, sql), last - from + 1);
    }
    int64_t there = outside_int(fx->path, "SELECT count(*) FROM log");
    assert_true(acknowledged > 100);
    assert_true(there >= acknowledged && there <= acknowledged + 5 * WINDOW);
    fixture_free(fx);
}

static int
setup_disarmed(void **state)
{
    vfs_install();
    vfs_arm(VFS_READ, 0, 0, false);
    return fixture_setup(state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_under_load_it_keeps_every_acknowledged_row),
        cmocka_unit_test_setup_teardown(the_outcome_of_a_failed_sync_is_unknown, setup_disarmed,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(on_a_full_disk_reads_go_on_and_writes_come_back,
                                        setup_disarmed, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_disk_that_hangs_is_noticed_and_reads_go_on,
                                        setup_disarmed, fixture_teardown),
        cmocka_unit_test(a_real_disk_that_is_full_comes_back_too),
        cmocka_unit_test(a_write_that_fails_at_any_call_loses_nothing),
        cmocka_unit_test(a_full_disk_at_any_call_loses_nothing),
        cmocka_unit_test(a_sync_that_fails_at_any_call_loses_nothing),
        cmocka_unit_test(a_read_that_fails_at_any_call_loses_nothing),
        cmocka_unit_test(a_failed_truncation_or_mapping_loses_nothing),
    };

    /* Thousands of failures are provoked; their log lines help nobody. */
    if (!log_open(&(struct log_options){.level = LOG_ERROR}))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
