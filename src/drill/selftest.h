/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks, checked: each defect in turn in a throw-away service or project, and the check that
 * has to notice, for the reason that was planted, and all the others, which must not unless the
 * defect says so. A check that can't fail is a bug.
 *
 * Services are tried in processes of their own, a few at a time. Drills are short there, and write
 * at a fixed rate, so that they leave each other room. What is otherwise than it should be because
 * something was too slow is asked again, with four and with sixteen times the patience and as much
 * less load; if it is too slow then, on a machine that gives this process little of its time,
 * nothing is said about the check.
 */
#ifndef CAIRN_DRILL_SELFTEST_H
#define CAIRN_DRILL_SELFTEST_H

#include "drill/defect.h"
#include "drill/examiner.h"

enum selftest_result {
    /* What is worse comes later. */
    SELFTEST_SEEN,      /* the check is red, and no other but for what the defect says */
    SELFTEST_UNDECIDED, /* the machine is too busy to tell */
    SELFTEST_OTHERS,    /* the check is red, and another one too */
    SELFTEST_MISSED,    /* the check isn't red, or for another reason */
    SELFTEST_BROKEN,    /* without a defect it is red, or it could not be run */
    SELFTEST_RESULT_COUNT
};

struct selftest_row {
    const struct defect *defect; /* NULL: without one, everything has to pass */
    enum selftest_result result;
    const char *found; /* what the check said, or which other was red */
    const char *also;  /* others that were red, as the defect says; "" */
    bool skips_also;   /* they weren't asked */
};

struct selftest {
    struct selftest_row *rows;
    size_t count;
    size_t skipped; /* defects that need the other engine */
};

/* Runs all of it, or with only what is about that check, which alone is asked. said is told how
 * many rows are done. False when it was interrupted; then nothing of it is left. */
MUST_CHECK bool selftest_run(const struct check_input *input, const char *only,
                             bool (*is_interrupted)(void), void (*said)(size_t done, size_t count),
                             struct selftest *out);

/* Whether a defect is about that check. */
bool selftest_has_defect(const char *check);
/* Why there is none about a check that could have one; NULL: nobody has planted one yet. */
const char *selftest_explain(const char *check);

#endif
