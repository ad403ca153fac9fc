/* SPDX-License-Identifier: Apache-2.0 */
#include "io/file.h"
#include "lifecycle/running.h"
#include "unit/unit_dir.h"

#include <signal.h>
#include <sys/wait.h>

#define ID "0123456789abcdef"

static struct err err;
static struct arena *arena;
static struct running *found;
static size_t count;

static int
set_up(void **state)
{
    arena = arena_new(4096, 1 << 20);

    return unit_dir_make(state);
}

static int
tear_down(void **state)
{
    arena_free(arena);

    return unit_dir_remove(state);
}

static void
find(void)
{
    assert_ok(running_find(unit_dir, arena, &found, &count, &err));
}

static void
what_runs_is_found_until_it_withdraws(void **state)
{
    const struct config config = {.dir = unit_dir,
                                  .listen = {.host = "0.0.0.0", .text = "0.0.0.0:80", .port = 80}};
    struct running running;

    find();
    assert_int_equal(count, 0);
    assert_ok(running_publish(&running, &config, 8081, ID, &err));
    running_set_worker(&running, 4711);
    find();
    assert_int_equal(count, 1);
    assert_string_equal(found[0].instance, ID);
    assert_string_equal(found[0].host, "127.0.0.1");
    assert_int_equal(found[0].port, 8081);
    assert_int_equal(found[0].supervisor, getpid());
    assert_int_equal(found[0].worker, 4711);
    running_withdraw(&running);
    find();
    assert_int_equal(count, 0);
}

static void
what_a_dead_one_left_is_removed(void **state)
{
    assert_ok(dir_make(unit_path(RUNNING_DIR), 0700, &err));
    assert_ok(file_replace(unit_path(RUNNING_DIR "/" ID ".json"),
                           STR("{\"host\": \"127.0.0.1\", \"port\": 1, \"supervisor\": 2}"), 0600,
                           &err));
    find();
    assert_int_equal(count, 0);
    assert_false(file_exists(unit_path(RUNNING_DIR "/" ID ".json")));
}

static void
a_file_that_says_nothing_sound_is_no_instance(void **state)
{
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{\"host\": \"\", \"port\": 1, \"supervisor\": 2}",
        "{\"host\": \"x\", \"port\": 1, \"supervisor\": 1}",
        "{\"host\": \"x\", \"port\": 1, \"supervisor\": 2, \"worker\": -5}",
        "{\"host\": \"x\", \"port\": 1, \"supervisor\": 2, \"worker\": 1}",
    };
    const struct config config = {.dir = unit_dir, .listen = {.host = "127.0.0.1", .port = 80}};
    struct running running;

    assert_ok(running_publish(&running, &config, 0, ID, &err));
    for (size_t i = 0; i < COUNTOF(texts); i++) {
        assert_ok(
            file_replace(unit_path(RUNNING_DIR "/" ID ".json"), str_from(texts[i]), 0600, &err));
        find();
        assert_int_equal(count, 0);
    }
    running_withdraw(&running);
}

static void
a_child_is_told_from_other_processes(void **state)
{
    pid_t child = fork();

    if (child == 0) {
        pause();
        _exit(0);
    }
    assert_true(running_is_child(child, getpid()));
    assert_false(running_is_child(child, getppid()));
    assert_false(running_is_child(getpid(), getpid()));
    assert_false(running_is_child(0, getpid()));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_false(running_is_child(child, getpid()));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_runs_is_found_until_it_withdraws, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_dead_one_left_is_removed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_says_nothing_sound_is_no_instance, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_child_is_told_from_other_processes, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
