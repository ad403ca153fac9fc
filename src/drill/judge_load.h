/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run of load says about the rows of speed. Only good answers count: a service that refuses
 * everything is quick. Nothing is asked here, so that each verdict can be tried with figures made
 * up.
 */
#ifndef CAIRN_DRILL_JUDGE_LOAD_H
#define CAIRN_DRILL_JUDGE_LOAD_H

#include "drill/examiner.h"
#include "drill/load.h"

struct measured_load {
    struct load_result result;
    double rate; /* requests per second; 0: as many as there are clients for */
    unsigned connections;
    int64_t duration_ms, ramp_ms;
    unsigned patience; /* how many times slower than usual a machine may be; 1: as usual */
    bool is_brief;     /* what counts is how many were answered, however late */
};

struct load_verdict {
    const struct check_input *input;
    const struct stage_target *target;
    const struct history_figures *lived; /* what users saw; NULL: too little */
    struct evidence *out;
    bool is_by_clock; /* set: a quicker machine might have said otherwise */
};

void judge_latency(struct load_verdict *verdict, const struct measured_load *load);
void judge_throughput(struct load_verdict *verdict, const struct measured_load *load);
void judge_error_rate(struct load_verdict *verdict, const struct measured_load *load);
/* That many clients, each with its next request when it has its answer. */
void judge_concurrency(struct load_verdict *verdict, const struct measured_load *load);
void judge_load(struct load_verdict *verdict, const struct measured_load *load);
/* The most that it can; own is what the generator can, or 0. */
void judge_capacity(struct load_verdict *verdict, const struct measured_load *load, double own);

#endif
