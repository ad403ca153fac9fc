/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/hist.h"
#include "unit/unit.h"

static void
quantiles_are_right_to_within_two_percent(void **state)
{
    struct hist *hist = xcalloc(1, sizeof(*hist));

    for (uint64_t us = 1; us <= 100000; us++)
        hist_add(hist, us);
    assert_int_equal(hist->total, 100000);
    assert_in_range(hist_quantile(hist, 0.5), 50000, 51000);
    assert_in_range(hist_quantile(hist, 0.95), 95000, 96900);
    assert_in_range(hist_quantile(hist, 0.999), 99900, 100000);
    assert_int_equal(hist_quantile(hist, 1), 100000);
    assert_in_range(hist_quantile(hist, 0), 0, 1);
    free(hist);
}

static void
each_duration_is_at_most_the_end_of_its_bucket_and_past_the_one_before(void **state)
{
    for (uint64_t us = 0; us < ((uint64_t)1 << 32); us = us * 21 / 20 + 1) {
        struct hist *hist = xcalloc(1, sizeof(*hist));
        unsigned bucket = 0;

        hist_add(hist, us);
        while (hist->counts[bucket] == 0)
            bucket++;
        assert_true(us <= hist_bucket_end(bucket));
        assert_true(bucket == 0 || us > hist_bucket_end(bucket - 1));
        free(hist);
    }
}

static void
what_was_there_before_can_be_taken_away(void **state)
{
    struct hist *hist = xcalloc(1, sizeof(*hist));
    struct hist *before = xcalloc(1, sizeof(*before));

    for (unsigned i = 0; i < 100; i++)
        hist_add(hist, 10);
    *before = *hist;
    for (unsigned i = 0; i < 100; i++)
        hist_add(hist, 50);
    hist_subtract(hist, before);
    assert_int_equal(hist->total, 100);
    assert_int_equal(hist_quantile(hist, 0.01), 50);
    free(hist);
    free(before);
}

static void
an_empty_one_has_no_durations(void **state)
{
    struct hist *hist = xcalloc(1, sizeof(*hist));

    assert_int_equal(hist_quantile(hist, 0.99), 0);
    free(hist);
}

static void
what_is_past_all_buckets_is_kept_as_the_longest(void **state)
{
    struct hist *hist = xcalloc(1, sizeof(*hist));

    hist_add(hist, UINT64_MAX / 2);
    assert_int_equal(hist->total, 1);
    assert_int_equal(hist->counts[HIST_SIZE - 1], 1);
    assert_true(hist->max_us == UINT64_MAX / 2);
    free(hist);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_right_to_within_two_percent),
        cmocka_unit_test(each_duration_is_at_most_the_end_of_its_bucket_and_past_the_one_before),
        cmocka_unit_test(what_was_there_before_can_be_taken_away),
        cmocka_unit_test(an_empty_one_has_no_durations),
        cmocka_unit_test(what_is_past_all_buckets_is_kept_as_the_longest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
