/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading Prometheus' text form: the samples of a service that may be anybody's.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
#ifndef CAIRN_METRIC_SAMPLE_H
#define CAIRN_METRIC_SAMPLE_H

#include "core/str.h"

struct metric_sample {
    struct str name;
    struct str labels; /* what stands between the braces, as it is; empty without */
    double value;
};

enum metric_line { METRIC_SAMPLE, METRIC_END, METRIC_BAD };

/* The next sample of *text, which is moved past it; comments and empty lines are skipped.
 * METRIC_BAD is a line that is no sample; the next call goes on after it. */
enum metric_line metric_next(struct str *text, struct metric_sample *out);
/* The sum of the samples of that name whose labels contain part (NULL: all). */
double metric_sum(struct str text, const char *name, const char *part);

#endif
