/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters, gauges and histograms, and their text for Prometheus.
 *
 * What there is stands in def/metrics.toml; the ids and label positions are generated from it
 * ("def/metrics.h"). Every thread counts in memory of its own, without a lock or a shared cache
 * line; reading sums over the threads. What a thread counted stays when it ends.
 *
 * cell is the position of the label's value: 0 for a metric without labels, metric_cell for two.
 */
#ifndef CAIRN_METRIC_METRIC_H
#define CAIRN_METRIC_METRIC_H

#include "core/buf.h"

#include "def/metrics.h"

/* https://prometheus.io/docs/instrumenting/exposition_formats/ */
#define METRIC_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

static inline size_t
metric_cell(enum metric_id metric, size_t first, size_t second)
{
    return first * metric_defs[metric].labels[1].value_count + second;
}

/* Counters, and gauges that go up and down; the latter's sum over all threads is shown, so that
 * one thread may count up and another one down. by is in units of the metric's scale. */
void metric_add(enum metric_id metric, size_t cell, int64_t by);
/* Sets a gauge for the whole process, whatever any thread added before. Takes a lock: not for the
 * request path. */
void metric_set(enum metric_id metric, size_t cell, int64_t value);
/* value is in the metric's unit: seconds, or a count. NaN and negative values count as 0. */
void metric_observe(enum metric_id metric, size_t cell, double value);

/* The sum over all threads, of a histogram the number of observations. */
int64_t metric_get(enum metric_id metric, size_t cell);

/* Of a histogram: how many observations each bucket has, the one without a bound last; out has room
 * for bucket_count + 1. Not cumulated. */
void metric_get_buckets(enum metric_id metric, size_t cell, int64_t *out);

/*
 * Everything, in the order of def/metrics.toml, with the process's own figures. Cells of metrics
 * with many label values (requests by route and status) are left out until something was counted.
 */
void metric_write_text(struct buf *out);

#endif
