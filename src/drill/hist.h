/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A histogram of durations with 1.6 % of relative error, from 1 microsecond to more than an hour:
 * 64 linear steps in each power of two.
 */
#ifndef CAIRN_DRILL_HIST_H
#define CAIRN_DRILL_HIST_H

#include "core/base.h"

enum { HIST_STEPS = 64, HIST_POWERS = 27, HIST_SIZE = HIST_STEPS * HIST_POWERS };

struct hist {
    uint64_t counts[HIST_SIZE];
    uint64_t total;
    uint64_t max_us; /* exact */
    double sum_us;
};

void hist_add(struct hist *hist, uint64_t us);
/* Leaves what was added since part was a copy of it; the longest stays the longest of all. */
void hist_subtract(struct hist *hist, const struct hist *part);
/* The duration that this share of all were not longer than, share in 0..1; 0 of an empty one. */
uint64_t hist_quantile(const struct hist *hist, double share);
/* The longest duration that a bucket stands for; for drawing. */
uint64_t hist_bucket_end(unsigned bucket);

#endif
