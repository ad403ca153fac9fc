/* SPDX-License-Identifier: Apache-2.0 */
#include "core/clock.h"
#include "unit/unit.h"

#include <time.h>

static void
the_monotonic_clock_goes_on_and_in_nanoseconds(void **state)
{
    struct timespec pause = {.tv_nsec = 20000000};
    uint64_t before = clock_mono_ns();
    uint64_t after;

    nanosleep(&pause, NULL);
    after = clock_mono_ns();
    assert_true(after - before >= 20000000);
    assert_true(after - before < 5000000000U);
    for (int i = 0; i < 1000; i++) {
        before = after;
        after = clock_mono_ns();
        assert_true(after >= before);
    }
}

static void
the_wall_clock_is_the_systems_in_microseconds(void **state)
{
    int64_t seconds = clock_wall_us() / 1000000;

    assert_true(seconds - (int64_t)time(NULL) <= 1 && seconds - (int64_t)time(NULL) >= -1);
}

static void
random_bytes_fill_all_and_only_what_is_asked(void **state)
{
    unsigned char text[64] = {0};
    unsigned char seen[62] = {0};

    for (int i = 0; i < 100; i++) {
        random_bytes(text + 1, sizeof(text) - 2);
        for (size_t k = 0; k < sizeof(seen); k++)
            seen[k] |= text[k + 1];
    }
    for (size_t k = 0; k < sizeof(seen); k++)
        assert_int_not_equal(seen[k], 0);
    assert_int_equal(text[0], 0);
    assert_int_equal(text[sizeof(text) - 1], 0);
    random_bytes(text, 0);
    assert_int_equal(text[0], 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_monotonic_clock_goes_on_and_in_nanoseconds),
        cmocka_unit_test(the_wall_clock_is_the_systems_in_microseconds),
        cmocka_unit_test(random_bytes_fill_all_and_only_what_is_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
