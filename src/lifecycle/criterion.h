/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Criteria of a proof of concept: a figure that checks measure, or what a person judges.
 *
 * A proof of concept is measured with the checks of the next stage, so that figures count whichever
 * stage they were asked about, as long as settings, schema and binary are those of now.
 */
#ifndef CAIRN_LIFECYCLE_CRITERION_H
#define CAIRN_LIFECYCLE_CRITERION_H

#include "lifecycle/evidence.h"
#include "lifecycle/record.h"

enum criterion_state { CRITERION_OPEN, CRITERION_MET, CRITERION_MISSED };

/* How a criterion stands, and what it was held against. */
struct criterion_judgement {
    enum criterion_state state;
    const struct evidence *evidence;      /* NULL: nothing was measured, or a person judges it */
    const struct evidence_figure *figure; /* of the evidence; NULL without one */
};

/* The name of the figure, or NULL when nothing measures that. */
const char *criterion_find_figure(const char *name);
/* The names of all, "throughput, p50, ..." */
extern const char criterion_figures[];

void criterion_judge(const struct poc_criterion *criterion, const struct evidence_store *store,
                     struct criterion_judgement *out);

#endif
