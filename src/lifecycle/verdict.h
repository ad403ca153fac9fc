/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the evidence says about each row, and which stage that makes. No averages, no score: a stage
 * is reached when each of its required rows passes or is waived, and those of the stages before it.
 */
#ifndef CAIRN_LIFECYCLE_VERDICT_H
#define CAIRN_LIFECYCLE_VERDICT_H

#include "lifecycle/catalogue.h"
#include "lifecycle/evidence.h"
#include "lifecycle/record.h"

enum verdict_status {
    VERDICT_PASS,
    VERDICT_FAIL,
    VERDICT_UNKNOWN, /* nobody looked, nobody could tell, or nobody said so; never counts as pass */
    VERDICT_STALE,   /* it was so, of something else: configuration, schema or binary changed */
    VERDICT_WAIVED,  /* it doesn't pass, and someone answers for that for a time */
    VERDICT_NOT_YET, /* a later stage needs it */
    VERDICT_STATUS_COUNT
};

struct verdict {
    const struct lifecycle_row *row;
    enum lifecycle_need need; /* at the stage that was asked for */
    enum verdict_status status;
    const char *basis; /* "drilled", "attested", "waived"...; "" when there is none */
    const char *text;  /* what was found, or why it isn't known, in one line; never NULL */
    const char *fix;   /* what to do: the row's */
    const struct evidence *evidence;       /* NULL: none */
    const struct attestation *attestation; /* NULL: none */
    const struct waiver *waiver;           /* NULL: none that holds */
};

struct verdicts {
    struct verdict *items; /* one for each row of the catalogue, in its order */
    size_t count;
    enum lifecycle_stage stage; /* the one that was asked for */
    bool reached[LIFECYCLE_STAGE_COUNT];
};

struct verdict_input {
    const struct catalogue *catalogue;
    const struct evidence_store *evidence;
    const struct record *record;
    const char *today; /* as date.h has it */
    /* A stage is judged by what was found out with its own configuration; one below the declared
     * stage with that of the declared one. any_stage: with that of any. */
    enum lifecycle_stage declared;
    bool any_stage;
};

extern const char *const verdict_status_names[VERDICT_STATUS_COUNT];

/* The verdict of each row at that stage. Lives in arena and borrows from the input. */
void verdict_judge(const struct verdict_input *input, enum lifecycle_stage stage,
                   struct arena *arena, struct verdicts *out);
/* The highest stage reached; false when not even the first is. */
bool verdict_get_stage(const struct verdicts *verdicts, enum lifecycle_stage *out);
/* How many rows that are required at the stage have the status; with VERDICT_STATUS_COUNT all. */
size_t verdict_count_required(const struct verdicts *verdicts, enum verdict_status status);
/* The verdict of the row of that id; NULL when there is none. */
const struct verdict *verdict_find(const struct verdicts *verdicts, struct str id);
/* The first stage that has that need of the row, or LIFECYCLE_STAGE_COUNT. */
unsigned lifecycle_first_need(const struct lifecycle_row *row, enum lifecycle_need need);

#endif
