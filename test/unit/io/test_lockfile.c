/* SPDX-License-Identifier: Apache-2.0 */
#include "core/clock.h"
#include "core/fault.h"
#include "io/lockfile.h"
#include "unit/unit_dir.h"

#include <signal.h>
#include <sys/wait.h>

static struct err err;

static void
a_second_taker_is_told_who_holds_it(void **state)
{
    struct lockfile *lock = NULL;
    struct lockfile *second = NULL;
    char want[100];

    assert_ok(lockfile_take(unit_path("lock"), 0, &lock, &err));
    assert_false(lockfile_take(unit_path("lock"), 0, &second, &err));
    assert_null(second);
    assert_int_equal(err.kind, ERR_UNAVAILABLE);
    snprintf(want, sizeof(want), "held by process %jd", (intmax_t)getpid());
    assert_contains(err.message, want);
    lockfile_release(lock);
    assert_ok(lockfile_take(unit_path("lock"), 0, &second, &err));
    lockfile_release(second);
    lockfile_release(NULL);
}

static void
waiting_ends_at_the_deadline(void **state)
{
    struct lockfile *lock = NULL;
    struct lockfile *second = NULL;
    uint64_t start;

    assert_ok(lockfile_take(unit_path("lock"), 0, &lock, &err));
    start = clock_mono_ns();
    assert_false(lockfile_take(unit_path("lock"), 100, &second, &err));
    assert_true(clock_mono_ns() - start >= 100000000);
    assert_true(clock_mono_ns() - start < 20000000000U);
    lockfile_release(lock);
}

/* A child that holds the lock until it dies, which this waits for it to have. */
static pid_t
start_holder(void)
{
    int ends[2];
    char ready;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        struct lockfile *lock = NULL;

        if (!lockfile_take(unit_path("lock"), 0, &lock, &err) || write(ends[1], "x", 1) != 1)
            _exit(1);
        pause();
        _exit(0);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &ready, 1), 1);
    close(ends[0]);
    return child;
}

static void
a_holder_that_is_killed_gives_it_back(void **state)
{
    struct lockfile *lock = NULL;
    pid_t child = start_holder();
    int status;

    assert_false(lockfile_take(unit_path("lock"), 0, &lock, &err));
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_true(waitpid(child, &status, 0) == child);
    assert_ok(lockfile_take(unit_path("lock"), 0, &lock, &err));
    lockfile_release(lock);
}

static void
who_waits_gets_it_when_the_holder_dies(void **state)
{
    struct lockfile *lock = NULL;
    pid_t child = start_holder();
    pid_t killer = fork();
    int status;

    if (killer == 0) {
        usleep(50000);
        kill(child, SIGKILL);
        _exit(0);
    }
    assert_ok(lockfile_take(unit_path("lock"), 10000, &lock, &err));
    lockfile_release(lock);
    waitpid(killer, &status, 0);
    waitpid(child, &status, 0);
}

static void
a_missing_directory_is_an_error(void **state)
{
    struct lockfile *lock = NULL;

    assert_false(lockfile_take(unit_path("no/lock"), 0, &lock, &err));
    assert_int_equal(err.kind, ERR_IO);
    assert_null(lock);
}

#ifdef CAIRN_FAULTS
static void
failures_leave_it_free(void **state)
{
    static const char *const points[] = {"io.open", "io.lock"};

    for (size_t i = 0; i < COUNTOF(points); i++) {
        struct lockfile *lock = NULL;

        fault_arm(points[i], 1);
        assert_false(lockfile_take(unit_path("lock"), 0, &lock, &err));
        assert_true(fault_was_hit());
        assert_null(lock);
        assert_int_equal(err.kind, ERR_IO);
        fault_arm(NULL, 0);
        assert_ok(lockfile_take(unit_path("lock"), 0, &lock, &err));
        lockfile_release(lock);
    }
}
#endif

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, unit_dir_make, unit_dir_remove)
    const struct CMUnitTest tests[] = {
        CASE(a_second_taker_is_told_who_holds_it),
        CASE(waiting_ends_at_the_deadline),
        CASE(a_holder_that_is_killed_gives_it_back),
        CASE(who_waits_gets_it_when_the_holder_dies),
        CASE(a_missing_directory_is_an_error),
#ifdef CAIRN_FAULTS
        CASE(failures_leave_it_free),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
