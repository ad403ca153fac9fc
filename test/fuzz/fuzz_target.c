/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptions of services: what is taken has all that has to be there, and no text is filled in
 * beyond what it is.
 */
#include "drill/target.h"
#include "fuzz.h"

void
fuzz_one(struct str input)
{
    struct arena *arena = arena_new(4096, (size_t)64 << 20);
    struct target target;
    struct err err = {0};

    if (input.len < 64 * 1024) {
        if (target_parse(input, "fuzz.yaml", arena, &target, &err)) {
            FUZZ_CHECK(target.name != NULL && target.start != NULL && target.start[0] != NULL);
            FUZZ_CHECK(target.live != NULL && target.ready != NULL && target.read_key != NULL);
            FUZZ_CHECK(strstr(target.write_body, "{n}") != NULL);
            FUZZ_CHECK(strstr(target_fill(arena, target.write_body, "{n}", "7"), "{n}") == NULL);
            FUZZ_CHECK(target.start_timeout_s > 0);
        } else {
            FUZZ_CHECK(strncmp(err.message, "fuzz.yaml:", 10) == 0);
        }
    }
    arena_free(arena);
}
