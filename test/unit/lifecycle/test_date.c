/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/date.h"
#include "unit/unit.h"

static void
a_day_exists_or_it_is_refused(void **state)
{
    static const char *const good[] = {"1970-01-01", "2024-02-29", "2026-11-21", "9999-12-31",
                                       "2000-02-29"};
    static const char *const bad[] = {"",           "2023-02-29", "2026-04-31", "2026-13-01",
                                      "2026-00-01", "2026-1-1",   "1969-12-31", "2026-11-21 ",
                                      "2100-02-29", "2026/11/21", "2026-11-0x"};

    for (size_t i = 0; i < COUNTOF(good); i++) {
        if (!date_is_valid(str_from(good[i])))
            fail_msg("%s is a day", good[i]);
    }
    for (size_t i = 0; i < COUNTOF(bad); i++) {
        if (date_is_valid(str_from(bad[i])))
            fail_msg("'%s' is no day", bad[i]);
    }
}

static void
days_are_added_across_months_and_leap_years(void **state)
{
    char out[DATE_SIZE];

    date_add_days("2026-11-21", 28, out);
    assert_string_equal(out, "2026-12-19");
    date_add_days("2024-02-28", 1, out);
    assert_string_equal(out, "2024-02-29");
    date_add_days("2026-01-01", -1, out);
    assert_string_equal(out, "2025-12-31");
    assert_int_equal(date_days_between("2024-01-01", "2025-01-01"), 366);
    assert_int_equal(date_days_between("2026-11-21", "2026-11-20"), -1);
}

static void
a_time_is_printed_and_read_back(void **state)
{
    char out[DATE_TIME_SIZE];
    char day[DATE_SIZE];
    int64_t us = 0;

    date_time_from_us((int64_t)1795256043 * 1000000 + 999999, out);
    assert_string_equal(out, "2026-11-21T10:14:03Z");
    assert_true(date_time_to_us(str_from(out), &us));
    assert_int_equal(us, (int64_t)1795256043 * 1000000);
    date_from_us(us, day);
    assert_string_equal(day, "2026-11-21");
    assert_false(date_time_to_us(STR("2026-11-21T24:00:00Z"), &us));
    assert_false(date_time_to_us(STR("2026-11-21 10:14:03Z"), &us));
    assert_false(date_time_to_us(STR("2026-11-21T10:14:03"), &us));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_exists_or_it_is_refused),
        cmocka_unit_test(days_are_added_across_months_and_leap_years),
        cmocka_unit_test(a_time_is_printed_and_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
