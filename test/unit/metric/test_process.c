/* SPDX-License-Identifier: Apache-2.0 */
#include "metric/process.h"
#include "unit/unit.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static void
figures_are_those_of_this_process(void **state)
{
    struct process_figures figures;
    int64_t now = (int64_t)time(NULL);

    process_read_figures(&figures);
    assert_true(figures.resident_bytes > 1000000);
    assert_true(figures.virtual_bytes > figures.resident_bytes);
    assert_true(figures.max_fds >= figures.open_fds);
    assert_true(figures.start_seconds <= now + 1);
    assert_true(figures.start_seconds > now - 600);
    assert_true(figures.cpu_us > 0 && figures.cpu_us < 600000000);
}

static void
an_open_file_is_one_more(void **state)
{
    struct process_figures before;
    struct process_figures after;
    int fd;

    process_read_figures(&before);
    fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    process_read_figures(&after);
    close(fd);
    assert_int_equal(after.open_fds, before.open_fds + 1);
}

static void
the_start_is_found_behind_any_name(void **state)
{
    struct process_figures before;
    struct process_figures after;

    process_read_figures(&before);
    assert_int_equal(prctl(PR_SET_NAME, "a) 1 2 (b) 3"), 0);
    process_read_figures(&after);
    assert_int_equal(before.start_seconds, after.start_seconds);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_those_of_this_process),
        cmocka_unit_test(an_open_file_is_one_more),
        cmocka_unit_test(the_start_is_found_behind_any_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
