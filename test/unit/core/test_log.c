/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fault.h"
#include "core/json.h"
#include "core/log.h"
#include "unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[64];
static char path[80];

static int
set_up(void **state)
{
    snprintf(dir, sizeof(dir), "/tmp/cairn-log-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/x.log", dir);
    return 0;
}

static void
remove_file(const char *suffix)
{
    char name[96];

    snprintf(name, sizeof(name), "%s%s", path, suffix);
    unlink(name);
}

static int
tear_down(void **state)
{
    log_close();
#ifdef CAIRN_FAULTS
    fault_arm(NULL, 0);
#endif
    remove_file("");
    remove_file(".1");
    remove_file(".2");
    remove_file(".3");
    remove_file(".moved");
    return rmdir(dir);
}

/* The file path + suffix; "" when there is none. The caller clears it. */
static const char *
content_of(const char *suffix, struct buf *out)
{
    char name[96];
    char step[4096];
    ssize_t got;
    int fd;

    snprintf(name, sizeof(name), "%s%s", path, suffix);
    buf_clear(out);
    fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return "";
    while ((got = read(fd, step, sizeof(step))) > 0)
        buf_add(out, step, (size_t)got);
    close(fd);
    return buf_cstr(out);
}

static size_t
count_lines(const char *suffix)
{
    struct buf text = {.max = (size_t)64 << 20};
    size_t lines = 0;

    for (const char *at = content_of(suffix, &text); *at != '\0'; at++)
        lines += *at == '\n';
    buf_fini(&text);
    return lines;
}

static void
open_log(enum log_level level, uint64_t rotate_bytes, unsigned keep)
{
    struct log_options options = {
        .level = level, .file = path, .rotate_bytes = rotate_bytes, .rotate_keep = keep};

    assert_true(log_open(&options));
}

static void
lines_below_the_level_are_left_out(void **state)
{
    struct buf text = {.max = 10000};
    uint64_t before = log_count(LOG_WARN);

    open_log(LOG_WARN, 0, 0);
    assert_false(log_is_on(LOG_INFO));
    assert_true(log_is_on(LOG_WARN));
    log_event(LOG_INFO, "quiet");
    log_event(LOG_WARN, "loud", LOG_I64("n", 1));
    log_event(LOG_ERROR, "louder");
    content_of("", &text);
    assert_null(strstr(buf_cstr(&text), "quiet"));
    assert_contains(buf_cstr(&text), "\"level\":\"warn\",\"event\":\"loud\",\"n\":1}\n");
    assert_contains(buf_cstr(&text), "\"level\":\"error\",\"event\":\"louder\"}\n");
    assert_int_equal(log_count(LOG_WARN), before + 1);
    buf_fini(&text);
}

static void
the_file_is_private_and_appended_to(void **state)
{
    struct stat st;

    open_log(LOG_INFO, 0, 0);
    log_event(LOG_INFO, "one");
    log_close();
    open_log(LOG_INFO, 0, 0);
    log_event(LOG_INFO, "two");
    assert_int_equal(count_lines(""), 2);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07, 0);
}

static void
a_file_that_cannot_be_opened_changes_nothing(void **state)
{
    struct log_options options = {.level = LOG_INFO, .file = "/nonexistent/x.log"};

    open_log(LOG_INFO, 0, 0);
    errno = 0;
    assert_false(log_open(&options));
    assert_int_equal(errno, ENOENT);
    log_event(LOG_INFO, "still here");
    assert_int_equal(count_lines(""), 1);
}

static void
rotation_keeps_every_line_and_as_many_files_as_asked(void **state)
{
    size_t total;

    open_log(LOG_INFO, 1000, 2);
    for (int i = 0; i < 25; i++)
        log_event(LOG_INFO, "event", LOG_I64("i", i), LOG_CSTR("pad", "0123456789012345"));
    total = count_lines("") + count_lines(".1") + count_lines(".2");
    assert_int_equal(total, 25);
    assert_true(count_lines(".1") > 0);
    assert_true(count_lines("") < 12);
    for (int i = 0; i < 100; i++)
        log_event(LOG_INFO, "event", LOG_I64("i", i), LOG_CSTR("pad", "0123456789012345"));
    assert_true(count_lines(".2") > 0);
    assert_int_equal(count_lines(".1"), count_lines(".2"));
    assert_int_equal(count_lines(".3"), 0);
}

static void
with_nothing_to_keep_the_file_starts_again(void **state)
{
    open_log(LOG_INFO, 500, 0);
    for (int i = 0; i < 100; i++)
        log_event(LOG_INFO, "event", LOG_I64("i", i));
    assert_true(count_lines("") < 10);
    assert_int_equal(count_lines(".1"), 0);
}

static void
reopen_follows_an_outside_rotation(void **state)
{
    char moved[96];

    open_log(LOG_INFO, 0, 0);
    log_event(LOG_INFO, "before");
    snprintf(moved, sizeof(moved), "%s.moved", path);
    assert_int_equal(rename(path, moved), 0);
    log_event(LOG_INFO, "between");
    log_reopen();
    log_event(LOG_INFO, "after");
    assert_int_equal(count_lines(".moved") + count_lines(""), 3);
    assert_true(count_lines("") >= 1);
}

#define THREADS 4
#define LINES 2000

static void *
write_lines(void *arg)
{
    for (int i = 0; i < LINES; i++)
        log_event(LOG_INFO, "line", LOG_I64("thread", (intptr_t)arg), LOG_I64("i", i));
    return NULL;
}

static void
lines_of_many_threads_are_whole_and_complete_across_rotations(void **state)
{
    struct buf text = {.max = (size_t)64 << 20};
    pthread_t threads[THREADS];
    static const char *const suffixes[] = {"", ".1", ".2", ".3"};
    size_t lines = 0;

    open_log(LOG_INFO, (uint64_t)256 * 1024, 3);
    for (intptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, (void *)i), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);

    for (size_t i = 0; i < COUNTOF(suffixes); i++) {
        struct str rest = str_from(content_of(suffixes[i], &text));

        while (rest.len > 0) {
            struct str line = str_cut(&rest, '\n');

            assert_true(str_has_prefix(line, STR("{\"time\":\"")));
            assert_true(str_has_suffix(line, STR("}")));
            lines++;
        }
    }
    assert_int_equal(lines, THREADS * LINES);
    buf_fini(&text);
}

static void
processes_that_share_the_file_lose_no_line_when_it_rotates(void **state)
{
    int status = 0;
    pid_t child;

    /* Opened before the fork and after it: both ways occur. */
    open_log(LOG_INFO, (uint64_t)256 * 1024, 3);
    child = fork();
    if (child == 0) {
        open_log(LOG_INFO, (uint64_t)256 * 1024, 3);
        write_lines((void *)(intptr_t)1);
        write_lines((void *)(intptr_t)1);
        log_close();
        _exit(0);
    }
    write_lines(NULL);
    write_lines(NULL);
    assert_true(waitpid(child, &status, 0) == child);
    assert_int_equal(count_lines("") + count_lines(".1") + count_lines(".2") + count_lines(".3"),
                     4 * LINES);
}

/* Another process with the same file: writes one line, says so, waits, writes fourteen more. */
static pid_t
start_other(int *said, int *go)
{
    int up[2];
    int down[2];
    pid_t child;

    assert_int_equal(pipe(up), 0);
    assert_int_equal(pipe(down), 0);
    child = fork();
    if (child == 0) {
        char byte;

        open_log(LOG_INFO, 1000, 3);
        log_event(LOG_INFO, "other");
        if (write(up[1], "x", 1) != 1 || read(down[0], &byte, 1) != 1)
            _exit(1);
        for (int i = 0; i < 14; i++)
            log_event(LOG_INFO, "other");
        _exit(0);
    }
    close(up[1]);
    close(down[0]);
    *said = up[0];
    *go = down[1];
    return child;
}

static void
a_file_that_another_process_has_rotated_is_not_shifted_again(void **state)
{
    char byte;
    int said;
    int go;
    int status;
    pid_t child = start_other(&said, &go);

    assert_int_equal(read(said, &byte, 1), 1);
    open_log(LOG_INFO, 1000, 3);
    while (count_lines(".1") == 0)
        log_event(LOG_INFO, "mine!");
    log_event(LOG_INFO, "mine!");
    assert_int_equal(write(go, "x", 1), 1);
    assert_true(waitpid(child, &status, 0) == child);
    assert_int_equal(count_lines(".2"), 0);
    assert_true(count_lines(".1") > 13);
    close(said);
    close(go);
}

static void *
write_lines_later(void *arg)
{
    for (int i = 0; i < LINES; i++) {
        log_write_later(LOG_INFO, "line", &LOG_I64("thread", (intptr_t)arg), 1);
        if (i % 100 == 99)
            log_flush();
    }
    log_end_thread();
    return NULL;
}

static void *
write_all_later(void *arg)
{
    pthread_t threads[THREADS];

    for (intptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines_later, (void *)i), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    close(STDOUT_FILENO);
    return NULL;
}

static void
lines_that_wait_are_whole_in_a_pipe_and_in_the_file(void **state)
{
    struct buf text = {.max = (size_t)64 << 20};
    struct log_options options = {.level = LOG_INFO, .file = path, .to_stdout = true};
    struct str rest;
    size_t lines = 0;
    int saved = dup(STDOUT_FILENO);
    int ends[2];
    pthread_t writer;
    ssize_t got;

    fflush(stdout);
    assert_int_equal(pipe(ends), 0);
    /* As small as it gets, so that writers often wait for room. */
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 4096) > 0);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[1]);
    assert_true(log_open(&options));
    assert_int_equal(pthread_create(&writer, NULL, write_all_later, NULL), 0);
    do {
        char step[1000];

        got = read(ends[0], step, sizeof(step));
        if (got > 0)
            buf_add(&text, step, (size_t)got);
    } while (got > 0);
    pthread_join(writer, NULL);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    close(ends[0]);

    rest = buf_str(&text);
    while (rest.len > 0) {
        struct str line = str_cut(&rest, '\n');

        assert_true(str_has_prefix(line, STR("{\"time\":\"")));
        assert_true(str_has_suffix(line, STR("}")));
        lines++;
    }
    assert_int_equal(lines, THREADS * LINES);
    assert_int_equal(count_lines(""), THREADS * LINES);
    buf_fini(&text);
}

static void
lines_that_wait_are_not_written_before_the_flush(void **state)
{
    open_log(LOG_INFO, 0, 0);
    log_write_later(LOG_INFO, "later", NULL, 0);
    log_write_later(LOG_DEBUG, "never", NULL, 0);
    assert_int_equal(count_lines(""), 0);
    log_flush();
    assert_int_equal(count_lines(""), 1);
    for (int i = 0; i < 5000; i++)
        log_write_later(LOG_INFO, "later", NULL, 0);
    assert_true(count_lines("") > 1);
    log_end_thread();
    assert_int_equal(count_lines(""), 5001);
}

static void
before_log_open_warnings_go_to_stderr(void **state)
{
    char text[200] = "";
    int saved = dup(STDERR_FILENO);
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    log_event(LOG_INFO, "quiet");
    log_event(LOG_WARN, "early", LOG_I64("n", 1));
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(ends[1]);
    assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
    close(ends[0]);
    assert_string_equal(text + 8, " warn  early  n=1\n");
}

#ifdef CAIRN_FAULTS
static void
a_failing_disk_loses_that_line_and_no_other(void **state)
{
    open_log(LOG_INFO, 0, 0);
    fault_arm("log.write", 2);
    for (int i = 0; i < 3; i++)
        log_event(LOG_INFO, "line");
    assert_true(fault_was_hit());
    assert_int_equal(count_lines(""), 2);
}

static void
a_failing_rotation_goes_on_with_the_old_file(void **state)
{
    static const char *const points[] = {"log.rename", "log.open"};

    for (size_t point = 0; point < COUNTOF(points); point++) {
        open_log(LOG_INFO, 500, 3);
        fault_arm(points[point], 1);
        for (int i = 0; i < 12; i++)
            log_event(LOG_INFO, "line");
        assert_true(fault_was_hit());
        assert_int_equal(
            count_lines("") + count_lines(".1") + count_lines(".2") + count_lines(".3"), 12);
        log_close();
        remove_file("");
        remove_file(".1");
        remove_file(".2");
        remove_file(".3");
    }
}
#endif

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_below_the_level_are_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_file_is_private_and_appended_to, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_opened_changes_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(rotation_keeps_every_line_and_as_many_files_as_asked,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(with_nothing_to_keep_the_file_starts_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(reopen_follows_an_outside_rotation, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            lines_of_many_threads_are_whole_and_complete_across_rotations, set_up, tear_down),
        cmocka_unit_test_setup_teardown(processes_that_share_the_file_lose_no_line_when_it_rotates,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_file_that_another_process_has_rotated_is_not_shifted_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lines_that_wait_are_whole_in_a_pipe_and_in_the_file, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(lines_that_wait_are_not_written_before_the_flush, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(before_log_open_warnings_go_to_stderr, set_up, tear_down),
#ifdef CAIRN_FAULTS
        cmocka_unit_test_setup_teardown(a_failing_disk_loses_that_line_and_no_other, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_failing_rotation_goes_on_with_the_old_file, set_up,
                                        tear_down),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
