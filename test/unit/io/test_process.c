/* SPDX-License-Identifier: Apache-2.0 */
#include "core/clock.h"
#include "io/process.h"
#include "unit/unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static struct err err;

static int
run(const char *script, int64_t timeout_ms, struct buf *out)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    const char *const env[] = {"CAIRN_TEST=yes", "HOME=/nowhere", NULL};
    const struct process_options options = {.argv = argv, .env = env, .out_fd = -1, .err_fd = -1};
    int code = -1;

    return process_run(&options, timeout_ms, out, &code, &err) ? code : -1;
}

static void
what_a_program_prints_and_how_it_ends_is_seen(void **state)
{
    struct buf out;

    buf_init(&out, 1024);
    assert_int_equal(run("echo out; echo err >&2; exit 3", 5000, &out), 3);
    assert_str(buf_str(&out), "out\nerr\n");
    buf_clear(&out);
    assert_int_equal(run("echo $CAIRN_TEST $HOME; cat", 5000, &out), 0);
    assert_str(buf_str(&out), "yes /nowhere\n");
    buf_clear(&out);
    assert_int_equal(run("kill -9 $$", 5000, &out), 128 + SIGKILL);
    buf_fini(&out);
}

static void
output_past_the_maximum_is_dropped_and_the_program_goes_on(void **state)
{
    struct buf out;

    buf_init(&out, 100);
    assert_int_equal(
        run("i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done; exit 7", 20000,
            &out),
        7);
    assert_int_equal(out.len, 100);
    assert_true(buf_ok(&out));
    buf_fini(&out);
}

static void
a_program_that_does_not_end_is_ended_with_all_it_started(void **state)
{
    uint64_t start = clock_mono_ns();
    struct buf out;
    pid_t child;

    buf_init(&out, 1024);
    assert_int_equal(run("trap '' TERM; sleep 600 & echo $!; wait; sleep 600", 1500, &out), -1);
    assert_int_equal(err.kind, ERR_UNAVAILABLE);
    assert_contains(err.message, "no end after 1500 ms");
    assert_true(clock_mono_ns() - start < 60000000000U);
    child = (pid_t)strtol(buf_cstr(&out), NULL, 10);
    assert_true(child > 1);
    for (int i = 0; i < 1000 && kill(child, 0) == 0; i++)
        usleep(5000);
    assert_int_equal(kill(child, 0), -1);
    assert_int_equal(errno, ESRCH);
    buf_fini(&out);
}

static void
a_program_that_is_not_there_is_an_error_with_its_name(void **state)
{
    const char *const argv[] = {"/nowhere/program", NULL};
    const struct process_options options = {.argv = argv, .out_fd = -1, .err_fd = -1};
    pid_t pid;

    assert_false(process_start(&options, &pid, &err));
    assert_contains(err.message, "unable to start '/nowhere/program': No such file");
}

/* Starts a shell that says when its trap stands, and waits for that. */
static pid_t
start_trapped(const char *script)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    struct process_options options = {.argv = argv, .err_fd = -1};
    int ends[2];
    char ready;
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    options.out_fd = ends[1];
    assert_ok(process_start(&options, &pid, &err));
    close(ends[1]);
    assert_int_equal(read(ends[0], &ready, 1), 1);
    close(ends[0]);
    return pid;
}

static void
stopping_asks_first_and_then_insists(void **state)
{
    pid_t polite = start_trapped("trap 'exit 5' TERM; echo; while :; do sleep 0.01; done");
    pid_t deaf = start_trapped("trap '' TERM; echo; while :; do sleep 0.01; done");
    int status = 0;

    assert_false(process_wait(polite, 0, &status));
    process_stop(polite, 30000, &status);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 5);
    process_stop(deaf, 100, &status);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_program_prints_and_how_it_ends_is_seen),
        cmocka_unit_test(output_past_the_maximum_is_dropped_and_the_program_goes_on),
        cmocka_unit_test(a_program_that_does_not_end_is_ended_with_all_it_started),
        cmocka_unit_test(a_program_that_is_not_there_is_an_error_with_its_name),
        cmocka_unit_test(stopping_asks_first_and_then_insists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
