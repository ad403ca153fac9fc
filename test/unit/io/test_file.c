/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fault.h"
#include "io/file.h"
#include "unit/unit_dir.h"

#include <dirent.h>
#include <sys/stat.h>

static struct err err;

/* Requires that the file has this content, or that there is none when content is NULL. */
static void
assert_file(const char *path, const char *content)
{
    struct buf text = {.max = 1000000};
    bool found;

    assert_ok(file_read(path, &text, &found, &err));
    assert_int_equal(found, content != NULL);
    if (content != NULL)
        assert_string_equal(buf_cstr(&text), content);
    buf_fini(&text);
}

static size_t
count_names(void)
{
    DIR *dir = opendir(unit_dir);
    size_t count = 0;

    assert_non_null(dir);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count - 2;
}

static unsigned
mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void
what_is_replaced_is_read_back(void **state)
{
    const char *path = unit_path("a");

    assert_ok(file_replace(path, STR("one"), 0600, &err));
    assert_file(path, "one");
    assert_int_equal(mode_of(path), 0600);
    assert_ok(file_replace(path, STR(""), 0644, &err));
    assert_file(path, "");
    assert_int_equal(mode_of(path), 0644);
    assert_int_equal(count_names(), 1);
}

static void
the_mode_is_exact_whatever_umask_says(void **state)
{
    mode_t before = umask(0777);
    bool ok = file_replace(unit_path("a"), STR("x"), 0644, &err);

    umask(before);
    assert_ok(ok);
    assert_int_equal(mode_of(unit_path("a")), 0644);
}

static void
reading_appends_and_the_limit_is_exact(void **state)
{
    struct buf text;

    assert_ok(file_replace(unit_path("a"), STR("12345"), 0600, &err));
    buf_init(&text, 8);
    buf_add(&text, "abc", 3);
    assert_ok(file_read(unit_path("a"), &text, NULL, &err));
    assert_string_equal(buf_cstr(&text), "abc12345");
    buf_fini(&text);

    buf_init(&text, 7);
    buf_add(&text, "abc", 3);
    assert_false(file_read(unit_path("a"), &text, NULL, &err));
    assert_contains(err.message, "larger than 7 bytes");
    assert_string_equal(buf_cstr(&text), "abc");
    buf_fini(&text);
}

static void
large_files_are_read_whole(void **state)
{
    size_t size = 300001;
    char *content = xmalloc(size);
    struct buf text;

    for (size_t i = 0; i < size; i++)
        content[i] = (char)(i * 7 % 251);
    assert_ok(file_replace(unit_path("a"), str_make(content, size), 0600, &err));
    buf_init(&text, size);
    assert_ok(file_read(unit_path("a"), &text, NULL, &err));
    assert_true(str_eq(buf_str(&text), str_make(content, size)));
    buf_fini(&text);
    free(content);
}

static void
a_missing_file_is_an_answer_when_asked_and_an_error_otherwise(void **state)
{
    struct buf text = {.max = 10};
    bool found = true;

    assert_ok(file_read(unit_path("none"), &text, &found, &err));
    assert_false(found);
    assert_false(file_read(unit_path("none"), &text, NULL, &err));
    assert_int_equal(err.kind, ERR_IO);
    assert_contains(err.message, "unable to open '");
    assert_contains(err.message, "/none': No such file or directory");
    assert_false(file_read(unit_dir, &text, &found, &err));
    assert_contains(err.message, "Is a directory");
    buf_fini(&text);
}

static void
creating_leaves_what_is_there_alone(void **state)
{
    bool created;

    assert_ok(file_create(unit_path("a"), STR("one"), 0600, &created, &err));
    assert_true(created);
    assert_file(unit_path("a"), "one");
    assert_ok(file_create(unit_path("a"), STR("two"), 0600, &created, &err));
    assert_false(created);
    assert_file(unit_path("a"), "one");
    assert_int_equal(count_names(), 1);
    assert_false(file_create(unit_path("no/a"), STR("x"), 0600, &created, &err));
    assert_false(created);
}

static void
a_link_is_replaced_and_its_target_left_alone(void **state)
{
    assert_ok(file_replace(unit_path("target"), STR("old"), 0600, &err));
    assert_int_equal(symlink("target", unit_path("link")), 0);
    assert_ok(file_replace(unit_path("link"), STR("new"), 0600, &err));
    assert_file(unit_path("target"), "old");
    assert_file(unit_path("link"), "new");
}

static void
a_dangling_link_exists(void **state)
{
    assert_false(file_exists(unit_path("link")));
    assert_int_equal(symlink("nowhere", unit_path("link")), 0);
    assert_true(file_exists(unit_path("link")));
}

static void
only_private_files_are_trusted_with_secrets(void **state)
{
    static const mode_t bad[] = {0640, 0604, 0620, 0601, 0660, 0777};
    const char *path = unit_path("key");

    assert_ok(file_replace(path, STR("x"), 0600, &err));
    assert_ok(file_check_private(path, &err));
    assert_int_equal(chmod(path, 0400), 0);
    assert_ok(file_check_private(path, &err));
    for (size_t i = 0; i < COUNTOF(bad); i++) {
        assert_int_equal(chmod(path, bad[i]), 0);
        assert_false(file_check_private(path, &err));
        assert_contains(err.hint, "chmod 600 '");
    }
    assert_false(file_check_private(unit_dir, &err));
    assert_contains(err.message, "not a regular file");
    assert_false(file_check_private(unit_path("none"), &err));
    if (geteuid() == 0) {
        assert_int_equal(chmod(path, 0600), 0);
        assert_int_equal(chown(path, 12345, 0), 0);
        assert_false(file_check_private(path, &err));
        assert_contains(err.message, "belongs to user 12345");
    }
}

#ifdef CAIRN_FAULTS
static void
a_replacement_that_fails_anywhere_leaves_the_old_file_and_no_litter(void **state)
{
    const char *path = unit_path("a");
    unsigned nth = 1;

    for (;; nth++) {
        bool ok;

        assert_ok(file_replace(path, STR("old"), 0600, &err));
        err_clear(&err);
        fault_arm("*", nth);
        ok = file_replace(path, STR("new"), 0600, &err);
        assert_int_equal(ok, !fault_was_hit());
        fault_arm(NULL, 0);
        assert_int_equal(count_names(), 1);
        if (ok)
            break;
        assert_int_equal(err.kind, ERR_IO);
        assert_contains(err.message, "unable to ");
        if (strstr(err.message, "directory") != NULL)
            assert_file(path, "new");
        else
            assert_file(path, "old");
    }
    assert_file(path, "new");
    assert_true(nth > 6);
}

static void
a_creation_that_fails_anywhere_leaves_nothing_or_all(void **state)
{
    const char *path = unit_path("a");
    unsigned nth = 1;

    for (;; nth++) {
        bool created = true;
        bool ok;

        fault_arm("*", nth);
        ok = file_create(path, STR("new"), 0600, &created, &err);
        assert_int_equal(ok, !fault_was_hit());
        fault_arm(NULL, 0);
        assert_int_equal(count_names(), created);
        assert_file(path, created ? "new" : NULL);
        if (ok)
            break;
        unlink(path);
    }
    assert_true(nth > 6);
}

static void
a_read_that_fails_anywhere_leaves_the_buffer_as_it_was(void **state)
{
    unsigned nth = 1;

    assert_ok(file_replace(unit_path("a"), STR("12345"), 0600, &err));
    for (;; nth++) {
        struct buf text = {.max = 100};
        bool ok;

        buf_add(&text, "abc", 3);
        fault_arm("*", nth);
        ok = file_read(unit_path("a"), &text, NULL, &err);
        assert_int_equal(ok, !fault_was_hit());
        fault_arm(NULL, 0);
        assert_string_equal(buf_cstr(&text), ok ? "abc12345" : "abc");
        buf_fini(&text);
        if (ok)
            break;
    }
    assert_true(nth > 3);
}
#endif

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, unit_dir_make, unit_dir_remove)
    const struct CMUnitTest tests[] = {
        CASE(what_is_replaced_is_read_back),
        CASE(the_mode_is_exact_whatever_umask_says),
        CASE(reading_appends_and_the_limit_is_exact),
        CASE(large_files_are_read_whole),
        CASE(a_missing_file_is_an_answer_when_asked_and_an_error_otherwise),
        CASE(creating_leaves_what_is_there_alone),
        CASE(a_link_is_replaced_and_its_target_left_alone),
        CASE(a_dangling_link_exists),
        CASE(only_private_files_are_trusted_with_secrets),
#ifdef CAIRN_FAULTS
        CASE(a_replacement_that_fails_anywhere_leaves_the_old_file_and_no_litter),
        CASE(a_creation_that_fails_anywhere_leaves_nothing_or_all),
        CASE(a_read_that_fails_anywhere_leaves_the_buffer_as_it_was),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
