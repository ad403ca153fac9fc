/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service that really runs: probes that do it no harm, and, when somebody said so, drills.
 *
 * Probes ask what any client may ask, write nothing, and need no token. Drills end a worker, which
 * the supervisor replaces, or take up connections; they end when more of the users' own requests
 * fail than the stage allows. Nothing is ever sent a signal but a worker whose parent is the
 * supervisor that holds the project's lock. What can't be done without harm stays on a clone.
 */
#ifndef CAIRN_DRILL_LIVE_H
#define CAIRN_DRILL_LIVE_H

#include "drill/examiner.h"
#include "lifecycle/running.h"

struct live {
    const struct config *config;
    struct running running;
    struct examiner *examiner; /* for what is looked at on a clone */
    struct examiner own;       /* whose service is the running one; it starts and ends nothing */
    bool drills;               /* somebody said so */
    struct endpoint at;
};

struct live_drill {
    const char *check;
    const char *what; /* it will do, for people */
    unsigned seconds;
    void (*look)(struct live *live, const struct check_input *input, struct evidence *out);
};
extern const struct live_drill live_drills[];
extern const size_t live_drill_count;

/* How many of all, on the running service's API. */
struct live_traffic {
    double requests, errors; /* since the last look */
    double seen_requests, seen_errors;
    bool has_seen;
};

/*
 * Finds the instance of the project that listens where the configuration says. Errors are of kind
 * ERR_UNAVAILABLE and say what runs elsewhere.
 */
MUST_CHECK bool live_open(struct live *live, struct examiner *examiner, const struct config *config,
                          struct err *err);
/* As struct examine_options wants it; ctx is the struct live. Says of each row where it was
 * seen. */
bool live_look(void *ctx, const struct lifecycle_row *row, const struct check_input *input,
               struct evidence *out);
/* Whether the row has one. */
const struct live_drill *live_find_drill(const char *check);
/* False when the metrics can't be read. */
MUST_CHECK bool live_watch_traffic(struct live *live, struct live_traffic *traffic);

struct live_probe {
    const char *check;
    /* NULL: the probe of a clone, asked of the running service. */
    void (*look)(struct live *live, const struct check_input *input, struct evidence *out);
    bool also_clone; /* it shows a part only: when it doesn't fail, the rest is seen on a clone */
};
extern const struct live_probe live_probes[];
extern const size_t live_probe_count;

#endif
