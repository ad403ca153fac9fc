/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sql/zone.h"

static void
assert_shift(const char *name, const char *from, const char *to)
{
    struct zone *zone = zone_open(str_from(name));
    struct value value = {.kind = VALUE_TEXT, .s = str_from(from)};
    char room[ZONE_ROOM];

    assert_non_null(zone);
    zone_shift(zone, &value, room);
    if (!str_eq(value.s, str_from(to)))
        fail_msg("%s in %s is %.*s, not %s", from, name, STR_ARG(value.s), to);
    zone_free(zone);
}

static void
assert_meant(const char *name, const char *from, const char *to)
{
    struct zone *zone = zone_open(str_from(name));
    char room[ZONE_ROOM];
    struct str text;

    assert_non_null(zone);
    text = zone_add_offset(zone, str_from(from), room);
    if (!str_eq(text, str_from(to)))
        fail_msg("%s in %s is %.*s, not %s", from, name, STR_ARG(text), to);
    zone_free(zone);
}

static void
assert_cast(const char *from, const char *text, const char *to, const char *expected)
{
    struct zone *zone = zone_open(STR("Asia/Kathmandu"));
    struct value value = {.kind = VALUE_TEXT, .s = str_from(text)};
    struct type from_type, to_type;
    char room[ZONE_ROOM];

    assert_true(type_parse_name(str_from(from), &from_type));
    assert_true(type_parse_name(str_from(to), &to_type));
    zone_before_cast(zone, &from_type, &value, &to_type, room);
    if (!str_eq(value.s, str_from(expected)))
        fail_msg("%s as %s is %.*s, not %s", text, to, STR_ARG(value.s), expected);
    zone_free(zone);
}

/* Where the zone files are not installed there is nothing to compare. */
static void
need_files(void)
{
    struct zone *zone = zone_open(STR("Europe/Berlin"));

    if (zone == NULL)
        skip();
    zone_free(zone);
}

/* As PostgreSQL 15 shows them. */
static void
moments_read_as_they_do_there(void **state)
{
    need_files();
    assert_shift("Europe/Berlin", "2026-01-02T03:04:05+00:00", "2026-01-02T04:04:05+01:00");
    assert_shift("Europe/Berlin", "2026-07-02T03:04:05.5+00:00", "2026-07-02T05:04:05.5+02:00");
    assert_shift("Europe/Berlin", "2026-03-29T00:59:59+00:00", "2026-03-29T01:59:59+01:00");
    assert_shift("Europe/Berlin", "2026-03-29T01:00:00+00:00", "2026-03-29T03:00:00+02:00");
    assert_shift("America/Los_Angeles", "2026-01-02T03:04:05+00:00", "2026-01-01T19:04:05-08:00");
    assert_shift("Asia/Kolkata", "2026-01-02T03:04:05+00:00", "2026-01-02T08:34:05+05:30");
    assert_shift("Etc/GMT+3", "2026-01-02T03:04:05+00:00", "2026-01-02T00:04:05-03:00");
    assert_shift("Europe/Berlin", "1890-01-01T00:00:00+00:00", "1890-01-01T00:53:28+00:53:28");
    assert_shift("Europe/Berlin", "1960-06-01T00:00:00+00:00", "1960-06-01T01:00:00+01:00");
}

static void
the_rule_holds_behind_the_last_transition(void **state)
{
    need_files();
    assert_shift("Europe/Berlin", "2400-07-01T00:00:00+00:00", "2400-07-01T02:00:00+02:00");
    assert_shift("Europe/Berlin", "2400-12-01T00:00:00+00:00", "2400-12-01T01:00:00+01:00");
    assert_shift("Australia/Sydney", "2400-01-01T00:00:00+00:00", "2400-01-01T11:00:00+11:00");
    assert_shift("Australia/Sydney", "2400-07-01T00:00:00+00:00", "2400-07-01T10:00:00+10:00");
    assert_shift("America/New_York", "2400-03-12T06:59:59+00:00", "2400-03-12T01:59:59-05:00");
    assert_shift("America/New_York", "2400-03-12T07:00:00+00:00", "2400-03-12T03:00:00-04:00");
}

static void
numbers_are_hours_and_utc_is_there_without_files(void **state)
{
    assert_shift("UTC", "2026-01-02T03:04:05+00:00", "2026-01-02T03:04:05+00:00");
    assert_shift("utc", "2026-01-02T03:04:05+00:00", "2026-01-02T03:04:05+00:00");
    assert_shift("-7", "2026-01-02T03:04:05+00:00", "2026-01-01T20:04:05-07:00");
    assert_shift("+7", "2026-01-02T03:04:05+00:00", "2026-01-02T10:04:05+07:00");
    assert_shift("+05:30", "2026-01-02T03:04:05+00:00", "2026-01-01T21:34:05-05:30");
    assert_shift("05:30", "2026-01-02T03:04:05+00:00", "2026-01-01T21:34:05-05:30");
    assert_shift("-09:00", "2026-01-02T03:04:05+00:00", "2026-01-02T12:04:05+09:00");
    assert_shift("UTC", "infinity", "infinity");
}

/* As PostgreSQL 15 reads them. */
static void
a_text_without_an_offset_is_meant_there(void **state)
{
    char room[ZONE_ROOM];

    need_files();
    assert_meant("Europe/Berlin", "2026-01-02 03:04", "2026-01-02T03:04:00+01:00");
    assert_meant("Europe/Berlin", "2026-07-02T03:04:05.5", "2026-07-02T03:04:05.5+02:00");
    assert_meant("Asia/Kathmandu", "Jan 2 2026 3:04 PM", "2026-01-02T15:04:00+05:45");
    assert_meant("America/New_York", "2026-01-02", "2026-01-02T00:00:00-05:00");
    assert_meant("Europe/Berlin", "2026-03-29 01:59:59.999999", "2026-03-29T01:59:59.999999+01:00");
    assert_meant("Europe/Berlin", "2026-03-29 02:30", "2026-03-29T02:30:00+01:00");
    assert_meant("Europe/Berlin", "2026-03-29 03:00", "2026-03-29T03:00:00+02:00");
    assert_meant("Europe/Berlin", "2026-10-25 01:59", "2026-10-25T01:59:00+02:00");
    assert_meant("Europe/Berlin", "2026-10-25 02:30", "2026-10-25T02:30:00+01:00");
    assert_meant("Europe/Berlin", "2026-10-25 03:00", "2026-10-25T03:00:00+01:00");
    for (size_t i = 0; i < 9; i++) {
        static const char *const same[] = {"2026-01-02 03:04Z",
                                           "2026-01-02 03:04+00",
                                           "2026-01-02T03:04:05-08:30",
                                           "2026-01-02 03:04 PST",
                                           "now",
                                           "epoch",
                                           "infinity",
                                           "-infinity",
                                           "no time at all"};

        assert_meant("Europe/Berlin", same[i], same[i]);
    }
    assert_true(str_eq(zone_add_offset(NULL, STR("2026-01-02"), room), STR("2026-01-02")));
}

static void
a_cast_goes_by_local_time(void **state)
{
    static const char moment[] = "2026-01-02T20:04:05.5+00:00";

    need_files();
    assert_cast("timestamptz", moment, "text", "2026-01-03 01:49:05.5+05:45");
    assert_cast("timestamptz", moment, "date", "2026-01-03T01:49:05.5");
    assert_cast("timestamptz", moment, "timestamp", "2026-01-03T01:49:05.5");
    assert_cast("timestamptz", moment, "timestamptz", moment);
    assert_cast("timestamptz", "-infinity", "text", "-infinity");
    assert_cast("timestamp", "2026-01-02T20:04:05", "timestamptz", "2026-01-02T20:04:05+05:45");
    assert_cast("date", "2026-01-02", "timestamptz", "2026-01-02T00:00:00+05:45");
    assert_cast("text", "2026-01-02 3:04", "timestamptz", "2026-01-02T03:04:00+05:45");
    assert_cast("text", "2026-01-02 3:04", "timestamp", "2026-01-02 3:04");
    assert_cast("timestamp", "2026-01-02T20:04:05", "date", "2026-01-02T20:04:05");
}

static void
nothing_else_is_a_zone(void **state)
{
    static const char *const names[] = {"",
                                        "Jupiter/Red_Spot",
                                        "/etc/passwd",
                                        "../../../etc/passwd",
                                        "Europe",
                                        "Europe/Berlin\\x",
                                        "zone.tab",
                                        "right/UTC",
                                        "999",
                                        "+-1",
                                        "+",
                                        "25:00",
                                        "5:30",
                                        "05:60",
                                        "05:30:",
                                        "05.30:00"};

    for (size_t i = 0; i < COUNTOF(names); i++)
        assert_null(zone_open(str_from(names[i])));
    assert_null(zone_parse(STR("TZif2")));
    assert_null(zone_parse(STR("")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_read_as_they_do_there),
        cmocka_unit_test(the_rule_holds_behind_the_last_transition),
        cmocka_unit_test(numbers_are_hours_and_utc_is_there_without_files),
        cmocka_unit_test(a_text_without_an_offset_is_meant_there),
        cmocka_unit_test(a_cast_goes_by_local_time),
        cmocka_unit_test(nothing_else_is_a_zone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
