/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GAPS.md, the gap tracker: what was left out on purpose or isn't proven yet, and what it was when
 * it was closed.
 *
 * The part between the markers is written by cairn; lines that people indent below an item (owner,
 * due date, notes) stay with it, also when it is closed or opened again. Items of their own stay as
 * they are, and so does everything outside of the markers; other text between them moves to their
 * own items.
 */
#ifndef CAIRN_LIFECYCLE_GAPS_H
#define CAIRN_LIFECYCLE_GAPS_H

#include "core/buf.h"
#include "lifecycle/record.h"
#include "lifecycle/verdict.h"

#define GAPS_FILE "GAPS.md"

struct gaps_change {
    size_t open;
    size_t opened; /* of these, the ones that weren't there or were closed */
    size_t closed; /* that were open */
};

/* The stage whose rows the tracker of a service at that stage lists: production from the first day,
 * scale from production on. */
enum lifecycle_stage gaps_horizon(enum lifecycle_stage stage);

struct gaps_input {
    const struct verdicts *verdicts; /* of the horizon */
    const struct record *record;     /* what was left out on purpose */
    const char *project;             /* its name */
    const char *today;
};

/* old is the text that is there, empty when there is none. */
void gaps_merge(struct str old, const struct gaps_input *input, struct arena *arena,
                struct buf *out, struct gaps_change *change);

/* Does so with dir's file. It is left alone when nothing changes. */
MUST_CHECK bool gaps_update(const char *dir, const struct gaps_input *input, struct arena *arena,
                            struct gaps_change *change, struct err *err);

#endif
