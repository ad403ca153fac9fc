/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A project as the lifecycle commands see it: configuration, catalogue, record, evidence, and
 * today.
 */
#ifndef CAIRN_LIFECYCLE_PROJECT_H
#define CAIRN_LIFECYCLE_PROJECT_H

#include "config/config.h"
#include "lifecycle/gaps.h"
#include "lifecycle/verdict.h"

struct project {
    const struct config *config;
    struct arena *arena;
    struct catalogue catalogue;
    struct record record;
    struct evidence_subject subject;
    struct evidence_store evidence;
    int64_t now_us;
    char today[11];
    enum lifecycle_stage declared; /* stage in the configuration */
    const char *target;            /* whose evidence it is: "" the project's own, or a service's */
};

/* False with err, or with errors in rows of the project's own. Everything lives in arena. */
MUST_CHECK bool project_load(const struct config *config, struct arena *arena, struct project *out,
                             struct catalogue_errors *errors, struct err *err);
/* After a run wrote new evidence. */
MUST_CHECK bool project_reload_evidence(struct project *project, struct err *err);
void project_judge(const struct project *project, enum lifecycle_stage stage, struct verdicts *out);
/* The gap tracker, brought up to what is known, at the declared stage or at the one it goes to. */
MUST_CHECK bool project_update_gaps(const struct project *project, enum lifecycle_stage stage,
                                    struct gaps_change *change, struct err *err);
/* Of the values only: where each comes from is of no matter to what was measured. */
void project_hash_config(const struct config *config, char out[CHECKSUM_HEX_SIZE]);
/* "Linux 6.1.0 x86_64, 2 processors" */
const char *project_describe_host(struct arena *arena);

#endif
