/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lifecycle/criterion.h"

static void
set(struct evidence *out, const char *row, enum evidence_outcome outcome, const char *figure,
    double value)
{
    *out = (struct evidence){.row = row,
                             .class = LIFECYCLE_MEASURED,
                             .outcome = outcome,
                             .measured = "",
                             .limit = "",
                             .detail = "",
                             .at_us = 1000};
    evidence_add_figure(out, figure, value, "");
}

static struct criterion_judgement
judge(const char *figure, const char *op, double value, const struct evidence_store *store)
{
    const struct poc_criterion criterion = {
        .text = "", .figure = figure, .op = op, .value = value, .met_by = "", .met_on = ""};
    struct criterion_judgement out;

    criterion_judge(&criterion, store, &out);

    return out;
}

static void
what_was_not_measured_is_open(void **state)
{
    struct evidence items[1];
    const struct evidence_store store = {.items = items, .count = COUNTOF(items)};

    set(&items[0], "latency", EVIDENCE_PASS, "p95", 12);
    assert_int_equal(judge("throughput", ">=", 100, &store).state, CRITERION_OPEN);
    items[0].is_stale = true;
    assert_int_equal(judge("p95", "<", 500, &store).state, CRITERION_OPEN);
}

static void
what_was_found_is_held_against_the_criterion(void **state)
{
    struct evidence items[1];
    const struct evidence_store store = {.items = items, .count = COUNTOF(items)};
    struct criterion_judgement found;

    set(&items[0], "latency", EVIDENCE_PASS, "p95", 12);
    items[0].stage = LIFECYCLE_MVP;
    found = judge("p95", "<", 500, &store);
    assert_int_equal(found.state, CRITERION_MET);
    assert_ptr_equal(found.evidence, &items[0]);
    assert_true(found.figure->value == 12);
    assert_int_equal(judge("p95", "<", 12, &store).state, CRITERION_MISSED);
    assert_int_equal(judge("p95", "<=", 12, &store).state, CRITERION_MET);
}

/* The drill with slow clients measures a p95, too, under other conditions. */
static void
latency_is_that_of_the_load(void **state)
{
    struct evidence items[2];
    const struct evidence_store store = {.items = items, .count = COUNTOF(items)};

    set(&items[0], "latency", EVIDENCE_PASS, "p95", 12);
    set(&items[1], "slow-clients", EVIDENCE_PASS, "p95", 900);
    items[1].at_us = 2000;
    assert_int_equal(judge("p95", "<", 500, &store).state, CRITERION_MET);
}

/* No more is sent than the stage asks for; how much it could do is known all the same. */
static void
throughput_is_the_most_that_was_answered(void **state)
{
    struct evidence items[2];
    const struct evidence_store store = {.items = items, .count = COUNTOF(items)};

    set(&items[0], "throughput", EVIDENCE_PASS, "throughput", 100);
    set(&items[1], "concurrency", EVIDENCE_PASS, "capacity", 4700);
    assert_int_equal(judge("throughput", ">=", 500, &store).state, CRITERION_MET);
    assert_int_equal(judge("throughput", ">=", 5000, &store).state, CRITERION_MISSED);
}

/* poc asks for five users, mvp for a hundred: what was served counts, whichever came last. */
static void
users_of_whom_some_were_turned_away_do_not_count(void **state)
{
    struct evidence items[2];
    const struct evidence_store store = {.items = items, .count = COUNTOF(items)};
    const struct evidence_store failed = {.items = &items[1], .count = 1};

    set(&items[0], "concurrency", EVIDENCE_PASS, "concurrency", 5);
    set(&items[1], "concurrency", EVIDENCE_FAIL, "concurrency", 100);
    assert_int_equal(judge("concurrency", ">=", 5, &store).state, CRITERION_MET);
    assert_int_equal(judge("concurrency", ">=", 50, &store).state, CRITERION_MISSED);
    assert_int_equal(judge("concurrency", ">=", 50, &failed).state, CRITERION_MISSED);
    items[1].outcome = EVIDENCE_PASS;
    assert_int_equal(judge("concurrency", ">=", 50, &store).state, CRITERION_MET);
}

/* A drill that lost nothing doesn't make up for one that did. */
static void
of_losses_the_largest_counts(void **state)
{
    struct evidence items[2];
    const struct evidence_store store = {.items = items, .count = COUNTOF(items)};

    set(&items[0], "data-persists", EVIDENCE_FAIL, "lost", 200);
    set(&items[1], "disk-full", EVIDENCE_PASS, "lost", 0);
    items[1].at_us = 2000;
    assert_int_equal(judge("lost", "<=", 0, &store).state, CRITERION_MISSED);
}

static void
what_a_person_judges_needs_no_figure(void **state)
{
    static const struct evidence_store none;
    struct poc_criterion criterion = {
        .text = "The front end works", .figure = "", .op = "", .met_by = "", .met_on = ""};
    struct criterion_judgement out;

    criterion_judge(&criterion, &none, &out);
    assert_int_equal(out.state, CRITERION_OPEN);
    criterion.met_by = "Ann";
    criterion_judge(&criterion, &none, &out);
    assert_int_equal(out.state, CRITERION_MISSED);
    criterion.met = true;
    criterion_judge(&criterion, &none, &out);
    assert_int_equal(out.state, CRITERION_MET);
}

static void
figures_are_known_by_name(void **state)
{
    assert_string_equal(criterion_find_figure("p95"), "p95");
    assert_null(criterion_find_figure("capacity"));
    assert_null(criterion_find_figure("speed"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_not_measured_is_open),
        cmocka_unit_test(what_was_found_is_held_against_the_criterion),
        cmocka_unit_test(latency_is_that_of_the_load),
        cmocka_unit_test(throughput_is_the_most_that_was_answered),
        cmocka_unit_test(users_of_whom_some_were_turned_away_do_not_count),
        cmocka_unit_test(of_losses_the_largest_counts),
        cmocka_unit_test(what_a_person_judges_needs_no_figure),
        cmocka_unit_test(figures_are_known_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
