/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks that need a running service: probes ask one, drills put a fault into one of their own
 * and count. Both run on clones; the service that people use isn't touched.
 */
#ifndef CAIRN_DRILL_EXAMINER_H
#define CAIRN_DRILL_EXAMINER_H

#include "drill/service.h"
#include "lifecycle/check.h"

struct examiner {
    const struct config *config; /* of the project; NULL for another service */
    const struct target *target; /* of another service; NULL for the project */
    struct arena *arena;
    enum lifecycle_stage stage;
    bool (*is_interrupted)(void); /* true ends a drill at once; may be NULL */
    bool is_brief; /* shorter, at a fixed rate: to see whether a check notices, not how much */
    const char *const *env; /* "NAME=VALUE" for the services of drills; NULL: none */
    const char *defect;     /* what is wrong with the clone on purpose; NULL: nothing */
    bool has_history;       /* with a defect: the service's history counts all the same */
    unsigned
        patience; /* how many times as long as usual it waits, under as many times less load; 0: once */
    unsigned late; /* how often the clock decided: something was too slow */
    /* The clone that the probes share; started by the first. */
    struct service service;
    struct measured_load *load; /* the run of load that several rows share; NULL: not yet */
    bool is_open, is_broken;
    bool is_broken_late; /* it was too slow in starting */
    struct err broken;   /* why it could not be started */
};

struct probe_def {
    const char *name;
    unsigned seconds; /* about how long it takes; 0: nothing to speak of */
    void (*look)(struct examiner *examiner, const struct check_input *input, struct evidence *out);
    bool is_cairns; /* only for a project of cairn's */
};

void examiner_init(struct examiner *examiner, const struct config *config,
                   const struct target *target, enum lifecycle_stage stage, struct arena *arena);
/* Ends what runs and removes what was made. */
void examiner_fini(struct examiner *examiner);
/* As struct examine_options wants it; ctx is the examiner. */
bool examiner_look(void *ctx, const struct lifecycle_row *row, const struct check_input *input,
                   struct evidence *out);
/* Whether row can be found out about a service that is no project of cairn's. */
bool examiner_wants(void *ctx, const struct lifecycle_row *row);
/* NULL when there is no probe or drill of that name. */
const struct probe_def *examiner_find(const char *check);

/* About how long the probe or drill takes here, in seconds; 0: nothing to speak of. */
unsigned examiner_get_seconds(const struct examiner *examiner, const struct probe_def *def);

/* A clone, not started, for a drill alone. */
MUST_CHECK bool examiner_open_service(struct examiner *examiner, struct service *out,
                                      struct err *err);

/* That long, for as much patience as there is. */
int64_t examiner_stretch(const struct examiner *examiner, int64_t ms);

/* What the stage asks of speed. 0: nothing. */
struct stage_target {
    double requests_per_s;
    double p95_ms;
    double error_share;
    unsigned users;
    unsigned recover_s; /* after its database is back */
};
extern const struct stage_target stage_targets[LIFECYCLE_STAGE_COUNT];

/* probe_rbac.c */
void probe_look_rules(struct examiner *examiner, const struct check_input *input,
                      struct evidence *out);

extern const struct probe_def probe_health[], probe_api[], probe_process[], probe_load[],
    probe_drills[], probe_project[];
extern const size_t probe_health_count, probe_api_count, probe_process_count, probe_load_count,
    probe_drills_count, probe_project_count;

#endif
