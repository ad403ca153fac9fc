/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks, checked: each defect in turn in a throw-away service, and the check that has to notice.
 * A check that can't fail is a bug.
 */
#ifndef CAIRN_DRILL_SELFTEST_H
#define CAIRN_DRILL_SELFTEST_H

#include "drill/defect.h"
#include "drill/examiner.h"

enum selftest_result {
    SELFTEST_SEEN,   /* the check is red, and no other that was asked */
    SELFTEST_MISSED, /* the check passes all the same */
    SELFTEST_OTHERS, /* the check is red, and another one too */
    SELFTEST_BROKEN, /* without a defect it is red, or it could not be run */
};

struct selftest_row {
    const struct defect *defect; /* NULL: without one, everything has to pass */
    enum selftest_result result;
    const char *found; /* what the check said, or which other was red */
};

/* Runs all of it; rows has defect_count + 1 elements. said is told before each. False when it was
 * interrupted. */
MUST_CHECK bool selftest_run(const struct check_input *input, bool (*is_interrupted)(void),
                             void (*said)(const struct defect *defect), struct selftest_row *rows);

#endif
