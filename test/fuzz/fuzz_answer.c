/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that the load generator reads, of a service that may be anybody's. The first byte says
 * what was asked and whether more comes; an answer that is whole stays so at the end of its
 * connection.
 */
#include "drill/load_answer.h"
#include "fuzz.h"

void
fuzz_one(struct str input)
{
    bool is_head = input.len > 0 && (input.data[0] & 1) != 0;
    struct str in = str_slice(input, 1, input.len);
    struct load_answer answer, at_end;
    enum load_answer_state state = load_answer_parse(in, is_head, false, &answer);
    enum load_answer_state last = load_answer_parse(in, is_head, true, &at_end);

    FUZZ_CHECK(state != LOAD_ANSWER_WHOLE || last == LOAD_ANSWER_WHOLE);
    FUZZ_CHECK((state == LOAD_ANSWER_BAD) == (last == LOAD_ANSWER_BAD));
    FUZZ_CHECK(state == LOAD_ANSWER_BAD || answer.status == at_end.status);
}
