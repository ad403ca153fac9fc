/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A check: a function that finds out whether a row holds, by the name that def/lifecycle/ gives it.
 *
 * Here are those that look at files and at the configuration; they take milliseconds and change
 * nothing. What asks a running service, or puts faults into one, is in drill/.
 */
#ifndef CAIRN_LIFECYCLE_CHECK_H
#define CAIRN_LIFECYCLE_CHECK_H

#include "config/config.h"
#include "lifecycle/evidence.h"
#include "lifecycle/history_read.h"
#include "lifecycle/record.h"

struct check_input {
    const struct config *config;
    const struct catalogue *catalogue;
    const struct record *record;
    const struct evidence_store *evidence; /* what earlier runs found */
    enum lifecycle_stage stage;
    const char *today;
    struct arena *arena; /* for what the evidence holds */
};

typedef void (*check_look)(const struct check_input *input, struct evidence *out);

struct check_def {
    const char *name;
    check_look look; /* sets outcome and measured, may set limit, detail and figures */
};

/* The checks of files and configuration. */
size_t check_count(void);
const struct check_def *check_get(size_t i);
/* NULL when that name isn't one. */
const struct check_def *check_find(const char *name);

/* For a check of what cairn doesn't have yet: what to do until then. NULL: it isn't one. */
const char *check_find_unbuilt(const char *check);

/* What a check says. detail is several lines for those who ask why. */
void check_pass(const struct check_input *input, struct evidence *out, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
void check_fail(const struct check_input *input, struct evidence *out, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
void check_unknown(const struct check_input *input, struct evidence *out, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* Runs a project's own command: exit code 0 passes, 1 fails, anything else, no end within its time
 * included, is unknown. Its first line of output is what was found. */
void check_run_command(const struct check_input *input, const struct lifecycle_row *row,
                       struct evidence *out);

/* What the service lived through in the last 30 days; false when that is too little to say anything
 * about its requests. */
MUST_CHECK bool check_lived(const struct check_input *input, struct history_figures *out);

/* Tables of the files here. */
extern const struct check_def check_files[];
extern const size_t check_files_count;
extern const struct check_def check_poc[];
extern const size_t check_poc_count;
extern const struct check_def check_config[];
extern const size_t check_config_count;
extern const struct check_def check_history[];
extern const size_t check_history_count;
extern const struct check_def check_schemas[];
extern const size_t check_schemas_count;
void check_certificate(const struct check_input *input, struct evidence *out);
void check_secrets_in_git(const struct check_input *input, struct evidence *out);

#endif
