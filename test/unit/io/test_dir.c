/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fault.h"
#include "io/file.h"
#include "unit/unit_dir.h"

#include <sys/stat.h>

static struct err err;

static bool
is_dir(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void
missing_parents_are_made_and_again_is_no_error(void **state)
{
    assert_ok(dir_make(unit_path("a/b//c/"), 0755, &err));
    assert_true(is_dir(unit_path("a/b/c")));
    assert_ok(dir_make(unit_path("a/b/c"), 0755, &err));
    assert_ok(dir_make(unit_dir, 0755, &err));
    assert_ok(dir_make("/", 0755, &err));
}

static void
a_file_in_the_way_is_an_error(void **state)
{
    assert_ok(file_replace(unit_path("a"), STR("x"), 0600, &err));
    assert_false(dir_make(unit_path("a"), 0755, &err));
    assert_contains(err.message, "Not a directory");
    assert_false(dir_make(unit_path("a/b"), 0755, &err));
    assert_false(dir_make("", 0755, &err));
}

static void
the_list_has_regular_files_in_order_of_bytes(void **state)
{
    static const char *const names[] = {"b.sql", "a.sql",   "0002",    "10",
                                        "B.sql", ".hidden", "\xC3\xA9"};
    struct arena *arena = arena_new(256, 1 << 20);
    struct str *list;
    size_t count;

    for (size_t i = 0; i < COUNTOF(names); i++)
        assert_ok(file_replace(unit_path(names[i]), STR("x"), 0600, &err));
    assert_ok(dir_make(unit_path("dir"), 0755, &err));
    assert_int_equal(symlink("a.sql", unit_path("link")), 0);
    assert_int_equal(symlink("nowhere", unit_path("dangling")), 0);
    assert_int_equal(mkfifo(unit_path("fifo"), 0600), 0);

    assert_ok(dir_list(unit_dir, 100, arena, &list, &count, &err));
    assert_int_equal(count, 7);
    assert_str(list[0], "0002");
    assert_str(list[1], "10");
    assert_str(list[2], "B.sql");
    assert_str(list[3], "a.sql");
    assert_str(list[4], "b.sql");
    assert_str(list[5], "link");
    assert_str(list[6], "\xC3\xA9");
    assert_string_equal(list[3].data, "a.sql");
    arena_free(arena);
}

static void
the_list_may_be_long_but_not_longer_than_asked(void **state)
{
    struct arena *arena = arena_new(256, 1 << 20);
    struct str *list;
    size_t count;
    char name[16];

    for (int i = 0; i < 50; i++) {
        snprintf(name, sizeof(name), "%03d", 49 - i);
        assert_ok(file_replace(unit_path(name), STR("x"), 0600, &err));
    }
    assert_ok(dir_list(unit_dir, 50, arena, &list, &count, &err));
    assert_int_equal(count, 50);
    for (size_t i = 1; i < count; i++)
        assert_true(str_cmp(list[i - 1], list[i]) < 0);
    assert_false(dir_list(unit_dir, 49, arena, &list, &count, &err));
    assert_contains(err.message, "more than 49 files");
    assert_int_equal(count, 0);
    arena_free(arena);
}

static void
an_empty_directory_is_no_error_and_a_missing_one_is(void **state)
{
    struct arena *arena = arena_new(256, 1 << 20);
    struct str *list;
    size_t count = 1;

    assert_ok(dir_list(unit_dir, 100, arena, &list, &count, &err));
    assert_int_equal(count, 0);
    assert_false(dir_list(unit_path("none"), 100, arena, &list, &count, &err));
    assert_contains(err.message, "No such file or directory");
    arena_free(arena);
}

#ifdef CAIRN_FAULTS
static void
failures_are_reported_wherever_they_happen(void **state)
{
    struct arena *arena = arena_new(256, 1 << 20);
    struct str *list;
    size_t count;
    unsigned nth;
    bool ok = false;

    assert_ok(file_replace(unit_path("a"), STR("x"), 0600, &err));
    for (nth = 1; !ok; nth++) {
        fault_arm("*", nth);
        ok = dir_list(unit_dir, 10, arena, &list, &count, &err);
        assert_int_equal(ok, !fault_was_hit());
        assert_int_equal(count, ok);
        fault_arm(NULL, 0);
    }
    assert_true(nth > 3);
    ok = false;
    for (nth = 1; !ok; nth++) {
        fault_arm("*", nth);
        ok = dir_make(unit_path("x/y/z"), 0755, &err);
        assert_int_equal(ok, !fault_was_hit());
        fault_arm(NULL, 0);
    }
    assert_true(is_dir(unit_path("x/y/z")));
    fault_arm("io.dirsync", 1);
    assert_false(dir_sync(unit_dir, &err));
    fault_arm(NULL, 0);
    assert_ok(dir_sync(unit_dir, &err));
    arena_free(arena);
}
#endif

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, unit_dir_make, unit_dir_remove)
    const struct CMUnitTest tests[] = {
        CASE(missing_parents_are_made_and_again_is_no_error),
        CASE(a_file_in_the_way_is_an_error),
        CASE(the_list_has_regular_files_in_order_of_bytes),
        CASE(the_list_may_be_long_but_not_longer_than_asked),
        CASE(an_empty_directory_is_no_error_and_a_missing_one_is),
#ifdef CAIRN_FAULTS
        CASE(failures_are_reported_wherever_they_happen),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
