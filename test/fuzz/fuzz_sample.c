/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metrics of a service that may be anybody's: every line is a sample or isn't, and what is taken
 * lies within the line.
 */
#include "fuzz.h"
#include "metric/sample.h"

void
fuzz_one(struct str input)
{
    struct str text = input;
    struct metric_sample sample;
    enum metric_line line;
    size_t lines = 0;

    while ((line = metric_next(&text, &sample)) != METRIC_END) {
        FUZZ_CHECK(++lines <= input.len);
        if (line == METRIC_BAD)
            continue;
        FUZZ_CHECK(sample.name.len > 0 && sample.name.data >= input.data);
        FUZZ_CHECK(sample.name.data + sample.name.len <= input.data + input.len);
        FUZZ_CHECK(sample.labels.len == 0 ||
                   sample.labels.data + sample.labels.len <= input.data + input.len);
        FUZZ_CHECK(memchr(sample.name.data, '{', sample.name.len) == NULL);
    }
    (void)metric_sum(input, "up", "job");
}
