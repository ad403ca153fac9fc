/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Should this be added now? The answer follows from what the stage needs, from the three questions
 * of the decision filter, and, where the load decides, from what was measured.
 */
#ifndef CAIRN_LIFECYCLE_ADVICE_H
#define CAIRN_LIFECYCLE_ADVICE_H

#include "lifecycle/verdict.h"

enum advice_answer { ADVICE_YES, ADVICE_NOT_YET, ADVICE_NO };
extern const char *const advice_words[]; /* "yes", "not yet", "no" */

struct advice_input {
    const struct lifecycle_row *row; /* of the catalogue, or a feature */
    const struct verdict *verdict;   /* NULL: a feature, which is never judged */
    enum lifecycle_stage stage;
    struct str asked; /* in the words of who asked */
    const struct evidence_store *evidence;
    double p95_ms; /* what the stage asks for; 0: nothing */
    double requests_per_s;
};

struct advice {
    enum advice_answer answer;
    bool is_there;      /* no, because it is there */
    const char *why;    /* a sentence */
    const char *filter; /* the three questions of the decision filter, answered; NULL past poc */
    const char *load;   /* what was measured, and what follows; NULL: the load doesn't matter */
    const char *then;   /* what to do now, or in its place; NULL: nothing */
    const struct lifecycle_source
        *source; /* the line it comes from; NULL for a project's own row */
};

void advice_give(const struct advice_input *input, struct arena *arena, struct advice *out);

#endif
