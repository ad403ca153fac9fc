/* SPDX-License-Identifier: Apache-2.0 */
#include "core/clock.h"
#include "core/fault.h"
#include "io/file.h"
#include "lifecycle/history_read.h"
#include "lifecycle/history_write.h"
#include "tale.h"

#include <math.h>
#include <sys/stat.h>

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define NOW_US (INT64_C(1795256043) * 1000000) /* 2026-11-21 */

static struct history history;
static struct history_figures figures;

static int
set_up(void **state)
{
    tale_now_us = NOW_US;

    return tale_begin(state);
}

static int
tear_down(void **state)
{
    history_free(&history);

    return tale_end(state);
}

static void
measure(void)
{
    history_free(&history);
    assert_ok(history_load(unit_dir, HOST, NOW_US - 90 * HISTORY_DAY_US, NOW_US, &history, &err));
    history_measure(&history, NOW_US - 30 * HISTORY_DAY_US, &figures);
}

static double
hours(double seconds)
{
    return round(seconds / 36) / 100;
}

static void
assert_hours(double seconds, double expected)
{
    if (fabs(hours(seconds) - expected) > 0.011)
        fail_msg("%g hours, not %g", hours(seconds), expected);
}

/* --- lines ------------------------------------------------------------------------------------ */

static void
a_line_is_read_as_it_was_written(void **state)
{
    struct history_line line = {.kind = HISTORY_BEAT,
                                .at_us = NOW_US + 123000,
                                .up_ms = 5,
                                .writer = 3,
                                .number = 7,
                                .instance = FIRST,
                                .host = HOST,
                                .beat = {.took_ms = 10,
                                         .ready_ms = 9,
                                         .requests = 4,
                                         .errors = 1,
                                         .scrapes = 2,
                                         .in_flight_max = 3,
                                         .is_ready = true,
                                         .latency = {1, 2, [15] = 1}}};
    struct history_line read;

    history_print_line(&line, &text);
    assert_int_equal(text.data[text.len - 1], '\n');
    assert_int_equal(history_parse_line(str_make(text.data, text.len - 1), arena, &read),
                     HISTORY_SOUND);
    assert_memory_equal(&read, &line, sizeof(line));
}

static void
a_line_that_was_cut_or_edited_counts_for_nothing(void **state)
{
    struct history_line line = {
        .kind = HISTORY_END, .at_us = NOW_US, .instance = FIRST, .host = HOST, .signal = 9};
    struct history_line read;
    struct str whole;

    history_print_line(&line, &text);
    whole = str_make(text.data, text.len - 1);
    for (size_t len = 0; len < whole.len; len++)
        assert_int_equal(history_parse_line(str_slice(whole, 0, len), arena, &read), HISTORY_CUT);
    for (size_t i = 1; i + 30 < whole.len; i++) {
        char was = text.data[i];

        text.data[i] = was == '9' ? '0' : '9';
        assert_int_not_equal(history_parse_line(whole, arena, &read), HISTORY_SOUND);
        text.data[i] = was;
    }
}

static void
the_quantile_is_an_estimate_within_its_bucket(void **state)
{
    uint64_t latency[HISTORY_BUCKETS] = {0};

    assert_true(history_quantile(latency, 0.95) == 0);
    latency[7] = 100; /* 50 to 100 ms */
    assert_true(fabs(history_quantile(latency, 0.5) - 0.075) < 1e-9);
    latency[15] = 100;
    assert_true(history_quantile(latency, 0.95) == 30);
}

/* --- what it says ----------------------------------------------------------------------------- */

static void
time_is_up_between_ready_and_the_end_of_the_record(void **state)
{
    struct teller one = {.instance = FIRST, .began_h = 10};

    begin(&one);
    for (int h = 9; h >= 0; h--)
        beat(&one, h, 1);
    save("2026-11.01.jsonl");
    measure();
    assert_hours(figures.seconds, 10);
    assert_hours(figures.up_seconds, 10);
    assert_int_equal(figures.outages, 0);
    assert_int_equal(figures.crashes + figures.silent, 0);
    assert_int_equal(figures.requests, 1000);
    assert_int_equal(figures.errors, 10);
    assert_true(figures.is_up);
}

static void
a_stop_a_crash_and_a_silent_end_are_outages(void **state)
{
    struct teller one = {.instance = FIRST, .began_h = 10};
    struct teller two = {.instance = SECOND, .began_h = 6};

    begin(&one);
    beat(&one, 9, 1);
    tell(&one, 8.5, (struct history_line){.kind = HISTORY_END, .signal = 11});
    tell(&one, 8, (struct history_line){.kind = HISTORY_READY});
    beat(&one, 7, 2);
    tell(&one, 7, (struct history_line){.kind = HISTORY_STOP, .reason = "SIGTERM"});
    begin(&two);
    beat(&two, 5, 1);
    save("2026-11.01.jsonl");
    measure();
    assert_hours(figures.seconds, 10);
    assert_hours(figures.up_seconds, 1.5 + 1 + 1);
    assert_int_equal(figures.crashes, 1);
    assert_int_equal(figures.last_signal, 0); /* the silent one came later */
    assert_int_equal(figures.silent, 1);
    assert_int_equal(figures.outages, 3);
    assert_int_equal(figures.starts, 2);
    assert_false(figures.is_up);
}

static void
two_instances_at_a_time_are_up_once(void **state)
{
    struct teller one = {.instance = FIRST, .began_h = 4};
    struct teller two = {.instance = SECOND, .began_h = 3};

    begin(&one);
    beat(&one, 3, 1);
    beat(&one, 2, 1);
    tell(&one, 2, (struct history_line){.kind = HISTORY_STOP, .reason = "SIGTERM"});
    begin(&two);
    for (int h = 2; h >= 0; h--)
        beat(&two, h, 1);
    save("2026-11.01.jsonl");
    measure();
    assert_hours(figures.up_seconds, 4);
    assert_int_equal(figures.outages, 0);
    assert_int_equal(figures.requests, 500);
}

static void
time_in_which_it_was_not_ready_is_down(void **state)
{
    struct teller one = {.instance = FIRST, .began_h = 1};
    struct history_line line = {
        .kind = HISTORY_BEAT, .writer = 1, .beat = {.took_ms = 3600000, .ready_ms = 900000}};

    begin(&one);
    tell(&one, 0, line);
    save("2026-11.01.jsonl");
    measure();
    assert_hours(figures.up_seconds, 0.25);
}

static void
a_drill_that_was_announced_is_no_crash(void **state)
{
    struct teller one = {.instance = FIRST, .began_h = 2};
    struct teller drill = {.instance = SECOND, .began_h = 1};

    begin(&one);
    beat(&one, 1, 1);
    tell(&drill, 1, (struct history_line){.kind = HISTORY_DRILL, .of = FIRST});
    tell(&one, 0.999, (struct history_line){.kind = HISTORY_END, .signal = 9});
    tell(&one, 0.998, (struct history_line){.kind = HISTORY_READY});
    beat(&one, 0, 2);
    tell(&one, 0, (struct history_line){.kind = HISTORY_END, .signal = 9});
    save("2026-11.01.jsonl");
    measure();
    assert_int_equal(figures.drilled, 1);
    assert_int_equal(figures.crashes, 1); /* an hour later it was no drill */
    assert_int_equal(figures.silent, 0);
}

/* --- clocks ----------------------------------------------------------------------------------- */

static void
a_clock_that_went_back_counts_no_time_twice(void **state)
{
    struct teller one = {.instance = FIRST, .began_h = 6, .jump_h = -2};

    begin(&one);
    beat(&one, 5, 1);
    beat(&one, 4, 1);
    one.jump_h = -4; /* by two hours */
    beat(&one, 3, 1);
    beat(&one, 2, 1);
    beat(&one, 1, 1);
    one.jump_h = -2;
    beat(&one, 0, 1); /* and on again: what was jumped over is no time */
    one.jump_h = 0;
    tell(&one, 0, (struct history_line){.kind = HISTORY_STOP, .reason = "SIGTERM"});
    save("2026-11.01.jsonl");
    measure();
    assert_true(figures.up_seconds <= figures.seconds + 1);
    assert_int_equal(figures.requests, 600);
    assert_int_equal(history.missing, 0);
}

static void
a_clock_that_was_put_forward_makes_no_outage(void **state)
{
    struct teller one = {.instance = FIRST, .began_h = 3, .jump_h = -24};

    begin(&one);
    beat(&one, 2, 1);
    beat(&one, 1, 1);
    one.jump_h = 0; /* put right: a day is skipped */
    beat(&one, 0, 1);
    save("2026-11.01.jsonl");
    measure();
    assert_hours(figures.seconds, 3);
    assert_hours(figures.up_seconds, 3);
    assert_int_equal(figures.outages, 0);
}

static void
what_lies_in_the_future_is_not_counted_and_said(void **state)
{
    struct teller one = {.instance = FIRST, .began_h = 2};

    begin(&one);
    beat(&one, 1, 1);
    one.jump_h = 1000;
    beat(&one, 0, 1);
    save("2026-11.01.jsonl");
    measure();
    assert_int_equal(history.future, 1);
    assert_int_equal(figures.requests, 100);
}

/* --- histories that are not as they were written ---------------------------------------------- */

static void
a_line_that_is_gone_is_missed(void **state)
{
    struct teller one = {.instance = FIRST, .began_h = 5};
    struct buf all;
    size_t crash_at, crash_end;

    begin(&one);
    beat(&one, 4, 1);
    crash_at = text.len;
    tell(&one, 3.5, (struct history_line){.kind = HISTORY_END, .signal = 11});
    crash_end = text.len;
    tell(&one, 3.4, (struct history_line){.kind = HISTORY_READY});
    beat(&one, 2, 2);
    save("2026-11.01.jsonl");
    measure();
    assert_int_equal(figures.crashes, 1);
    assert_int_equal(history.missing, 0);

    buf_init(&all, 1 << 20);
    buf_add(&all, text.data, crash_at);
    buf_add(&all, text.data + crash_end, text.len - crash_end);
    buf_clear(&text);
    buf_add_str(&text, buf_str(&all));
    buf_fini(&all);
    save("2026-11.01.jsonl");
    measure();
    assert_int_equal(history.missing, 1);
    assert_true(history.missing_us > NOW_US - 4 * HOUR_US);
}

static void
a_beginning_that_was_taken_away_is_missed_too(void **state)
{
    struct teller one = {.instance = FIRST, .began_h = 5};

    begin(&one);
    tell(&one, 4.5, (struct history_line){.kind = HISTORY_END, .signal = 11});
    buf_clear(&text);
    tell(&one, 4.4, (struct history_line){.kind = HISTORY_READY});
    beat(&one, 3, 2);
    save("2026-11.01.jsonl");
    measure();
    assert_int_equal(history.missing, 3);

    /* Also when nothing of the supervisor's is left. */
    buf_clear(&text);
    one.next[2] = 0;
    beat(&one, 3, 2);
    save("2026-11.01.jsonl");
    measure();
    assert_int_equal(history.missing, 1);
}

static void
an_edited_line_is_missed_and_named(void **state)
{
    struct teller one = {.instance = FIRST, .began_h = 3};
    char *errors;

    begin(&one);
    beat(&one, 2, 1);
    errors = memmem(text.data, text.len, "\"errors\":1", 10);
    errors[9] = '0';
    beat(&one, 1, 1);
    save("2026-11.01.jsonl");
    measure();
    assert_int_equal(history.changed, 1);
    assert_int_equal(history.missing, 1);
    assert_int_equal(figures.errors, 1);
}

static void
another_machines_history_is_not_this_ones(void **state)
{
    struct teller other = {.instance = FIRST, .host = "fedcba9876543210", .began_h = 100};
    struct teller own = {.instance = SECOND, .began_h = 2};

    begin(&other);
    beat(&other, 99, 1);
    begin(&own);
    beat(&own, 1, 1);
    save("2026-11.01.jsonl");
    measure();
    assert_int_equal(history.foreign, 3);
    assert_hours(figures.seconds, 2);
    assert_int_equal(figures.requests, 100);
}

static void
a_last_line_that_was_cut_short_and_lines_twice_do_no_harm(void **state)
{
    struct teller one = {.instance = FIRST, .began_h = 3};
    size_t half;

    begin(&one);
    half = text.len;
    beat(&one, 2, 1);
    text.len -= 40; /* the disk was full */
    buf_add_char(&text, '\n');
    one.next[1]--;
    beat(&one, 2, 1); /* and once more, as a whole */
    assert_true(buf_reserve(&text, half));
    buf_add(&text, text.data, half);
    save("2026-11.01.jsonl");
    measure();
    assert_int_equal(history.cut, 1);
    assert_int_equal(history.missing, 0);
    assert_int_equal(figures.starts, 1);
    assert_int_equal(figures.requests, 100);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void
a_writer_appends_to_the_month_and_waits_for_a_full_disk(void **state)
{
    struct history_writer supervisor, worker;
    struct history_line line = {.kind = HISTORY_START, .config = HOST};
    char host[HISTORY_ID_SIZE];

    history_get_host(host);
    history_writer_init(&supervisor, unit_dir);
    history_add(&supervisor, &line);
    assert_ok(history_flush(&supervisor, &err));
    history_writer_fork(&supervisor, 1, &worker);
#ifdef CAIRN_FAULTS
    line = (struct history_line){.kind = HISTORY_BEAT};
    history_add(&worker, &line);
    fault_arm("history.write", 1);
    assert_false(history_flush(&worker, &err));
    fault_arm("history.write", 0);
#endif
    line = (struct history_line){.kind = HISTORY_BEAT};
    history_add(&worker, &line);
    assert_ok(history_flush(&worker, &err));
    line = (struct history_line){.kind = HISTORY_STOP, .reason = "SIGTERM"};
    history_add(&supervisor, &line);
    assert_ok(history_flush(&supervisor, &err));
    assert_ok(history_load(unit_dir, host, 0, clock_wall_us() + HOUR_US, &history, &err));
#ifdef CAIRN_FAULTS
    assert_int_equal(history.count, 4);
#else
    assert_int_equal(history.count, 3);
#endif
    assert_int_equal(history.missing + history.cut + history.changed + history.foreign, 0);
    history_writer_fini(&worker);
    history_writer_fini(&supervisor);
}

static void
what_a_disk_never_takes_is_a_number_that_is_missing(void **state)
{
    struct history_writer writer;

    history_writer_init(&writer, "/proc/nowhere");
    for (int i = 0; i < 1000; i++) {
        struct history_line line = {.kind = HISTORY_BEAT};

        history_add(&writer, &line);
        assert_false(history_flush(&writer, &err));
    }
    assert_true(writer.waiting.len < HISTORY_WAITING_MAX);
    assert_int_equal(writer.next, 1000);
    history_writer_fini(&writer);
}

static void
a_full_part_is_followed_by_the_next_and_old_months_go(void **state)
{
    static const char *const old[] = {"2001-01.01.jsonl", "2001-02.01.jsonl", "notes.txt"};
    struct history_writer writer;
    struct history_line line = {.kind = HISTORY_READY};
    struct str *names;
    size_t count;
    char path[128];

    for (size_t i = 0; i < COUNTOF(old); i++)
        save(old[i]);
    history_writer_init(&writer, unit_dir);
    history_add(&writer, &line);
    assert_ok(history_flush(&writer, &err));
    assert_ok(dir_list(unit_path(HISTORY_DIR), 100, arena, &names, &count, &err));
    assert_int_equal(count, 2);
    snprintf(path, sizeof(path), HISTORY_DIR "/%s", names[0].data);
    assert_int_equal(truncate(unit_path(path), HISTORY_PART_MAX), 0);
    history_add(&writer, &line);
    assert_ok(history_flush(&writer, &err));
    assert_ok(dir_list(unit_path(HISTORY_DIR), 100, arena, &names, &count, &err));
    assert_int_equal(count, 3);
    assert_true(str_has_suffix(names[1], STR(".02.jsonl")));
    history_writer_fini(&writer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_line_is_read_as_it_was_written),
        TEST(a_line_that_was_cut_or_edited_counts_for_nothing),
        TEST(the_quantile_is_an_estimate_within_its_bucket),
        TEST(time_is_up_between_ready_and_the_end_of_the_record),
        TEST(a_stop_a_crash_and_a_silent_end_are_outages),
        TEST(two_instances_at_a_time_are_up_once),
        TEST(time_in_which_it_was_not_ready_is_down),
        TEST(a_drill_that_was_announced_is_no_crash),
        TEST(a_clock_that_went_back_counts_no_time_twice),
        TEST(a_clock_that_was_put_forward_makes_no_outage),
        TEST(what_lies_in_the_future_is_not_counted_and_said),
        TEST(a_line_that_is_gone_is_missed),
        TEST(a_beginning_that_was_taken_away_is_missed_too),
        TEST(an_edited_line_is_missed_and_named),
        TEST(another_machines_history_is_not_this_ones),
        TEST(a_last_line_that_was_cut_short_and_lines_twice_do_no_harm),
        TEST(a_writer_appends_to_the_month_and_waits_for_a_full_disk),
        TEST(what_a_disk_never_takes_is_a_number_that_is_missing),
        TEST(a_full_part_is_followed_by_the_next_and_old_months_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
