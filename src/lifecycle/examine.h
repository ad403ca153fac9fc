/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run of checks: finds out about each row, keeps what was found, and judges.
 */
#ifndef CAIRN_LIFECYCLE_EXAMINE_H
#define CAIRN_LIFECYCLE_EXAMINE_H

#include "lifecycle/check.h"
#include "lifecycle/project.h"

struct examine_options {
    enum lifecycle_stage stage;
    const char *only; /* the id of one row; NULL: all that the stage needs */
    /* Which rows can be looked at; NULL: all. */
    bool (*wants)(void *ctx, const struct lifecycle_row *row);
    /* Asked before anything else is; false: look as ever. May be NULL. */
    bool (*look_first)(void *ctx, const struct lifecycle_row *row, const struct check_input *input,
                       struct evidence *out);
    /* Checks that need a running service. False: there is none of that name. May be NULL. */
    bool (*look)(void *ctx, const struct lifecycle_row *row, const struct check_input *input,
                 struct evidence *out);
    /* Before each row, for people. May be NULL. */
    void (*begin)(void *ctx, const struct lifecycle_row *row, size_t at, size_t count);
    /* Asked between rows; true ends the run, and nothing is kept. May be NULL. */
    bool (*is_interrupted)(void *ctx);
    void *ctx;
};

/* Whether a run with these options looks at the row. */
bool examine_wants(const struct lifecycle_row *row, const struct examine_options *options);

/*
 * Looks at each row, writes the evidence and loads it again into project. *file is the evidence
 * file, NULL when there was nothing to look at. False with err when evidence can't be written, or
 * of kind ERR_UNAVAILABLE when it was interrupted or another run holds the project (err says who).
 */
MUST_CHECK bool examine(struct project *project, const struct examine_options *options,
                        const char **file, struct err *err);

#endif
