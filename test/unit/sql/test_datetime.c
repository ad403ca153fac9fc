/* SPDX-License-Identifier: Apache-2.0 */
/* What single texts mean is in types.tsv and functions.tsv; here is what holds for all of them. */
#include "sql/datetime.h"
#include "unit/unit.h"

static void
every_day_is_its_date_and_back(void **state)
{
    int64_t day = -719162;
    int64_t before_year = 0;
    int before_month = 12;
    int before_day = 31;

    for (; day < 2932897; day++) {
        int64_t year;
        int month;
        int day_of_month;

        datetime_civil_from_days(day, &year, &month, &day_of_month);
        assert_true(datetime_days_from_civil(year, month, day_of_month) == day);
        if (day_of_month == 1 && month == 1)
            assert_true(year == before_year + 1 && before_month == 12 && before_day == 31);
        else if (day_of_month == 1)
            assert_true(year == before_year && month == before_month + 1 && before_day >= 28);
        else
            assert_true(month == before_month && day_of_month == before_day + 1);
        before_year = year;
        before_month = month;
        before_day = day_of_month;
    }
    assert_true(before_year == 9999);
}

static void
every_timestamp_comes_back_from_its_text(void **state)
{
    struct buf out;
    uint64_t random = 88172645463325252U;

    buf_init(&out, 64);
    for (int i = 0; i < 50000; i++) {
        int64_t usec;
        int64_t back;
        struct err err = {0};

        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usec = (int64_t)(random % UINT64_C(315537897600000000)) - INT64_C(62135596800000000);
        if (i % 2 == 0)
            usec -= usec % 1000000;
        buf_clear(&out);
        datetime_write_timestamp(&out, usec, i % 3 == 0, i % 5 == 0 ? ' ' : 'T');
        assert_ok(datetime_parse_timestamp(buf_str(&out), true, 0, -1, &back, &err));
        assert_true(back == usec);
    }
    buf_fini(&out);
}

static void
words_are_reckoned_from_the_time_given(void **state)
{
    /* 2023-11-14 22:13:20.123456 */
    static const int64_t now = INT64_C(1700000000123456);
    static const struct {
        const char *text;
        const char *stamp;
    } rows[] = {
        {"now", "2023-11-14T22:13:20.123456"},  {"today", "2023-11-14T00:00:00"},
        {"tomorrow", "2023-11-15T00:00:00"},    {"yesterday", "2023-11-13T00:00:00"},
        {"today 10:00", "2023-11-14T10:00:00"}, {"epoch", "1970-01-01T00:00:00"},
    };
    struct buf out;

    buf_init(&out, 64);
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        int64_t usec;
        struct err err = {0};

        assert_ok(datetime_parse_timestamp(str_from(rows[i].text), false, now, -1, &usec, &err));
        buf_clear(&out);
        datetime_write_timestamp(&out, usec, false, 'T');
        assert_str(buf_str(&out), rows[i].stamp);
    }
    buf_fini(&out);
}

static void
intervals_print_as_postgresql_prints_them(void **state)
{
    static const struct {
        const char *text;
        const char *printed;
    } rows[] = {
        {"1 year 2 months 3 days 4 hours 5 minutes 6.5 seconds", "1 year 2 mons 3 days 04:05:06.5"},
        {"-1 day +02:03:04", "-1 days +02:03:04"},
        {"1 week ago", "-7 days"},
        {"P1Y2M3DT4H5M6S", "1 year 2 mons 3 days 04:05:06"},
        {"1.5 months", "1 mon 15 days"},
        {"36:00", "36:00:00"},
        {"-00:00:01", "-00:00:01"},
        {"1 mon -1 day 00:00:01.5", "1 mon -1 days +00:00:01.5"},
        {"-1 year -2 mons +3 days", "-1 years -2 mons +3 days"},
        {"1000000 hours", "1000000:00:00"},
        {"0", "00:00:00"},
    };
    struct buf out;

    buf_init(&out, 128);
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct datetime_interval interval;
        struct err err = {0};

        assert_ok(datetime_parse_interval(str_from(rows[i].text), &interval, &err));
        buf_clear(&out);
        datetime_write_interval(&out, &interval);
        assert_str(buf_str(&out), rows[i].printed);
    }
    buf_fini(&out);
}

static void
adding_never_leaves_the_years_that_are_held(void **state)
{
    static const struct datetime_interval far[] = {
        {.months = INT32_MAX},
        {.months = INT32_MIN + 1},
        {.days = INT32_MAX},
        {.days = INT32_MIN + 1},
        {.usec = INT64_MAX / 4},
        {.usec = -(INT64_MAX / 4)},
        {.months = 12, .days = INT32_MAX, .usec = INT64_MAX / 4},
    };

    for (size_t i = 0; i < COUNTOF(far); i++) {
        int64_t out;
        struct err err = {0};

        assert_false(datetime_add_interval(0, &far[i], false, &out, &err));
        assert_string_equal(err.code, "22008");
        assert_false(datetime_add_interval(0, &far[i], true, &out, &err));
        assert_true(datetime_add_interval(DATETIME_INFINITY, &far[i], true, &out, &err));
        assert_true(out == DATETIME_INFINITY);
    }
}

static void
any_bytes_are_read_or_refused(void **state)
{
    static const char alphabet[] = "0123456789-:/.+ TZapmjnugcdy\xC3\xA4,()";
    uint64_t random = 1234567891234567U;

    for (int i = 0; i < 200000; i++) {
        char text[40];
        size_t len = 0;
        int64_t out;
        struct datetime_interval interval;
        struct err err = {0};

        do {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            text[len++] = alphabet[random % (sizeof(alphabet) - 1)];
        } while (len < sizeof(text) && (random >> 40) % 16 != 0);
        struct str s = str_make(text, len);
        if (!datetime_parse_date(s, 0, &out, &err))
            assert_true(err.code[0] == '2');
        if (datetime_parse_timestamp(s, true, 0, 3, &out, &err))
            assert_true(datetime_in_range(out));
        if (datetime_parse_time(s, 0, -1, &out, &err))
            assert_true(out >= 0 && out <= DATETIME_USEC_PER_DAY);
        if (!datetime_parse_interval(s, &interval, &err))
            assert_true(err.code[0] == '2');
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_is_its_date_and_back),
        cmocka_unit_test(every_timestamp_comes_back_from_its_text),
        cmocka_unit_test(words_are_reckoned_from_the_time_given),
        cmocka_unit_test(intervals_print_as_postgresql_prints_them),
        cmocka_unit_test(adding_never_leaves_the_years_that_are_held),
        cmocka_unit_test(any_bytes_are_read_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
