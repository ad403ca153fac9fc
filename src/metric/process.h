/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel knows about this process, by the names that Prometheus' client libraries use.
 */
#ifndef CAIRN_METRIC_PROCESS_H
#define CAIRN_METRIC_PROCESS_H

#include "core/base.h"

struct process_figures {
    int64_t cpu_us; /* user and system */
    int64_t resident_bytes;
    int64_t virtual_bytes;
    int64_t open_fds;
    int64_t max_fds;
    int64_t start_seconds; /* since 1970-01-01 UTC */
};

/* A figure that can't be read is 0. */
void process_read_figures(struct process_figures *out);

#endif
