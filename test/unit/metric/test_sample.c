/* SPDX-License-Identifier: Apache-2.0 */
#include "metric/sample.h"
#include "unit/unit.h"

#include <math.h>

static enum metric_line
one(const char *line, struct metric_sample *out)
{
    struct str text = str_from(line);

    return metric_next(&text, out);
}

static void
samples_are_read_in_each_form_that_prometheus_knows(void **state)
{
    static const struct {
        const char *line;
        const char *name, *labels;
        double value;
    } cases[] = {
        {"up 1", "up", "", 1},
        {"up{} 0", "up", "", 0},
        {"  up\t{job=\"a\"} 2.5e3 ", "up", "job=\"a\"", 2500},
        {"a:b_c9{x=\"}\",y=\"\\\"}\"} 3 1700000000000", "a:b_c9", "x=\"}\",y=\"\\\"}\"", 3},
        {"# HELP up is it\n\nup -1\n", "up", "", -1},
        {"up +Inf", "up", "", INFINITY},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct metric_sample sample;

        if (one(cases[i].line, &sample) != METRIC_SAMPLE)
            fail_msg("refused: %s", cases[i].line);
        assert_true(str_eq(sample.name, str_from(cases[i].name)));
        assert_true(str_eq(sample.labels, str_from(cases[i].labels)));
        assert_true(sample.value == cases[i].value);
    }
}

static void
a_line_that_is_no_sample_is_told_from_one(void **state)
{
    static const char *const lines[] = {"up",           "9up 1",  "{a=\"b\"} 1",
                                        "up{a=\"b\" 1", "up one", "up 1x",
                                        "up 1 2 3",     "<html>", "up 1 soon"};

    for (size_t i = 0; i < COUNTOF(lines); i++) {
        struct metric_sample sample;

        if (one(lines[i], &sample) != METRIC_BAD)
            fail_msg("taken: %s", lines[i]);
    }
}

static void
sums_are_of_one_metric_and_of_some_labels(void **state)
{
    struct str text = STR("requests_total{status=\"200\"} 5\nrequests_total{status=\"503\"} 2\n"
                          "requests_total_more 100\nnonsense\nrequests_total{status=\"500\"} 1");
    struct metric_sample sample;

    assert_true(metric_sum(text, "requests_total", NULL) == 8);
    assert_true(metric_sum(text, "requests_total", "status=\"5") == 3);
    assert_true(metric_sum(text, "requests", NULL) == 0);
    assert_int_equal(one("", &sample), METRIC_END);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_read_in_each_form_that_prometheus_knows),
        cmocka_unit_test(a_line_that_is_no_sample_is_told_from_one),
        cmocka_unit_test(sums_are_of_one_metric_and_of_some_labels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
