/* SPDX-License-Identifier: Apache-2.0 */
#include "core/clock.h"
#include "lifecycle/check.h"
#include "lifecycle/date.h"
#include "tale.h"

static struct config config;
static struct check_input input;
static struct evidence found;

static int
set_up(void **state)
{
    int failed = tale_begin(state);

    tale_now_us = clock_wall_us();
    history_get_host(tale_host);
    config = (struct config){.dir = unit_dir, .history_enabled = true};
    input = (struct check_input){.config = &config, .stage = LIFECYCLE_MVP, .arena = arena};

    return failed;
}

static int
tear_down(void **state)
{
    return tale_end(state);
}

static void
look(const char *check, enum evidence_outcome expected, const char *part)
{
    found = (struct evidence){.measured = "", .limit = "", .detail = ""};
    check_find(check)->look(&input, &found);
    if (found.outcome != expected)
        fail_msg("%s: %d, not %d: %s", check, found.outcome, expected, found.measured);
    assert_contains(found.measured, part);
}

/* A service that ran so long, and beats each hour. */
static void
tell_hours(struct teller *teller, int hours)
{
    teller->began_h = hours;
    begin(teller);
    for (int h = hours - 1; h >= 0; h--)
        beat(teller, h, 1);
}

static void
save_tale(void)
{
    char day[64];

    date_from_us(clock_wall_us(), day);
    memcpy(day + 7, ".01.jsonl", 10);
    save(day);
}

static void
without_a_history_nothing_is_known(void **state)
{
    look("uptime-target", EVIDENCE_UNKNOWN, "no history yet");
    look("no-crashes", EVIDENCE_UNKNOWN, "no history yet");
    config.history_enabled = false;
    look("uptime-target", EVIDENCE_UNKNOWN, "history.enabled");
}

static void
a_short_history_says_how_much_is_missing(void **state)
{
    struct teller one = {.instance = FIRST};

    tell_hours(&one, 48);
    save_tale();
    look("uptime-target", EVIDENCE_UNKNOWN, "100.000 % of 2.0 days; 5.0 days are still missing");
    look("no-crashes", EVIDENCE_UNKNOWN, "none while it ran for 2.0 days; 4.6 days are");
    look("stable-for-a-month", EVIDENCE_UNKNOWN, "26.5 days are still missing");
    look("performance-history", EVIDENCE_UNKNOWN, "26.0 days are still missing");
}

static void
a_week_that_went_well_is_enough_for_mvp_and_not_for_production(void **state)
{
    struct teller one = {.instance = FIRST};

    tell_hours(&one, 24 * 8);
    save_tale();
    look("uptime-target", EVIDENCE_PASS, "100.000 % of 7.0 days");
    look("no-crashes", EVIDENCE_PASS, "no crash while it ran for 7.0 days");
    input.stage = LIFECYCLE_PRODUCTION;
    look("uptime-target", EVIDENCE_UNKNOWN, "22.0 days are still missing");
}

static void
what_a_stage_allows_can_be_used_up_before_its_days_are_over(void **state)
{
    struct teller one = {.instance = FIRST, .began_h = 24};
    struct teller two = {.instance = SECOND, .began_h = 10};

    begin(&one);
    beat(&one, 23, 1);
    tell(&one, 23, (struct history_line){.kind = HISTORY_STOP, .reason = "SIGTERM"});
    begin(&two);
    for (int h = 9; h >= 0; h--)
        beat(&two, h, 1);
    save_tale();
    look("uptime-target", EVIDENCE_FAIL, "down for 13.0 hours, the longest outage 13.0 hours");
    look("no-crashes", EVIDENCE_UNKNOWN, "none while");
}

static void
a_crash_is_named_with_its_time_and_signal(void **state)
{
    struct teller one = {.instance = FIRST, .began_h = 24 * 8};
    struct history_line rest = {
        .kind = HISTORY_BEAT, .writer = 2, .beat = {.took_ms = 1800000, .ready_ms = 1800000}};

    begin(&one);
    for (int h = 24 * 8 - 1; h >= 0; h--) {
        if (h == 4) {
            tell(&one, 4.9, (struct history_line){.kind = HISTORY_END, .signal = 11});
            tell(&one, 4.5, (struct history_line){.kind = HISTORY_READY});
            tell(&one, 4, rest);
        } else {
            beat(&one, h, h > 4 ? 1 : 2);
        }
    }
    save_tale();
    look("no-crashes", EVIDENCE_FAIL, "1 crash in 7.0 days, the last");
    assert_contains(found.measured, "by signal 11");
    look("stable-for-a-month", EVIDENCE_FAIL, "1 crash in 8.0 days");
    look("uptime-target", EVIDENCE_PASS, "99.761 % of 7.0 days, 1 outage, 24 minutes");
}

static void
what_is_before_a_hole_does_not_count(void **state)
{
    struct teller one = {.instance = FIRST, .began_h = 24 * 8};

    begin(&one);
    for (int h = 24 * 8 - 1; h >= 0; h--) {
        if (h == 24)
            one.next[1]++; /* somebody took a line out */
        beat(&one, h, 1);
    }
    save_tale();
    look("uptime-target", EVIDENCE_UNKNOWN, "100.000 % of 24.0 hours; 6.0 days are still missing");
    assert_contains(found.measured, "doesn't count: 1 lines are missing");
    assert_contains(found.detail, "1 lines of the history are missing");
    look("no-crashes", EVIDENCE_UNKNOWN, "are missing");
}

static void
a_service_that_got_slower_is_told_from_one_that_did_not(void **state)
{
    struct teller one = {.instance = FIRST, .began_h = 24 * 30};
    struct history_line slow = {
        .kind = HISTORY_BEAT,
        .writer = 1,
        .beat = {.took_ms = 3600000, .ready_ms = 3600000, .requests = 100, .latency = {[8] = 100}}};

    begin(&one);
    for (int h = 24 * 30 - 1; h >= 0; h--) {
        if (h < 24 * 6)
            tell(&one, h, slow);
        else
            beat(&one, h, 1);
    }
    save_tale();
    look("performance-history", EVIDENCE_FAIL, "ms in the three before");
    look("stable-for-a-month", EVIDENCE_PASS, "no crash while it ran for 30.0 days");
    input.stage = LIFECYCLE_PRODUCTION;
    look("uptime-target", EVIDENCE_PASS, "100.000 % of 30.0 days");
}

static void
metrics_that_nobody_reads_are_a_gap(void **state)
{
    struct teller one = {.instance = FIRST};
    struct history_line read = {.kind = HISTORY_BEAT,
                                .writer = 1,
                                .beat = {.took_ms = 3600000, .ready_ms = 3600000, .scrapes = 240}};

    tell_hours(&one, 30);
    save_tale();
    look("monitoring", EVIDENCE_FAIL, "nobody read /metrics in 24.0 hours");
    buf_clear(&text);
    one = (struct teller){.instance = FIRST, .began_h = 30};
    begin(&one);
    for (int h = 29; h >= 0; h--)
        tell(&one, h, read);
    save_tale();
    look("monitoring", EVIDENCE_PASS, "/metrics was read every 15.0 seconds");
}

static void
requests_of_users_count_when_there_are_enough(void **state)
{
    struct history_figures lived;
    struct teller one = {.instance = FIRST};

    tell_hours(&one, 5);
    save_tale();
    assert_false(check_lived(&input, &lived));
    buf_clear(&text);
    one = (struct teller){.instance = FIRST};
    tell_hours(&one, 11);
    save_tale();
    assert_true(check_lived(&input, &lived));
    assert_int_equal(lived.errors, 11);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_a_history_nothing_is_known),
        TEST(a_short_history_says_how_much_is_missing),
        TEST(a_week_that_went_well_is_enough_for_mvp_and_not_for_production),
        TEST(what_a_stage_allows_can_be_used_up_before_its_days_are_over),
        TEST(a_crash_is_named_with_its_time_and_signal),
        TEST(what_is_before_a_hole_does_not_count),
        TEST(a_service_that_got_slower_is_told_from_one_that_did_not),
        TEST(metrics_that_nobody_reads_are_a_gap),
        TEST(requests_of_users_count_when_there_are_enough),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
