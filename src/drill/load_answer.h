/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an answer of HTTP/1.1 ends in what has come in, and what the load generator wants to know
 * of it. Nothing is copied; the bytes are a stranger's.
 */
#ifndef CAIRN_DRILL_LOAD_ANSWER_H
#define CAIRN_DRILL_LOAD_ANSWER_H

#include "core/str.h"

enum load_answer_state { LOAD_ANSWER_PART, LOAD_ANSWER_WHOLE, LOAD_ANSWER_BAD };

struct load_answer {
    int status;
    bool closes;   /* the connection ends with it */
    bool is_array; /* its body begins as a JSON array does */
};

/*
 * Looks at in from its beginning. is_head: the request was HEAD, so no body follows. at_end:
 * nothing more comes; an answer without a length ends there. *out is filled when the answer is
 * whole.
 */
enum load_answer_state load_answer_parse(struct str in, bool is_head, bool at_end,
                                         struct load_answer *out);

#endif
