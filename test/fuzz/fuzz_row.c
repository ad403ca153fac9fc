/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of a project's own: what is taken is whole, what isn't says where and why.
 */
#include "fuzz.h"
#include "lifecycle/own_rows.h"

void
fuzz_one(struct str input)
{
    struct arena *arena = arena_new(4096, (size_t)64 << 20);
    struct catalogue_errors errors = {0};
    const struct lifecycle_row *row;

    if (input.len < 64 * 1024) {
        row = own_row_parse(input, "checks/fuzz.yaml", arena, &errors);
        FUZZ_CHECK((row == NULL) == (errors.count > 0));
        for (size_t i = 0; i < errors.count; i++)
            FUZZ_CHECK(strncmp(errors.items[i].where, "checks/fuzz.yaml:", 17) == 0 &&
                       errors.items[i].message[0] != '\0');
        if (row != NULL) {
            FUZZ_CHECK(row->id[0] != '\0' && row->title[0] != '\0' && row->fix[0] != '\0');
            FUZZ_CHECK(row->names != NULL && row->docs != NULL && row->timeout_s > 0);
            FUZZ_CHECK(row->verify == LIFECYCLE_ATTESTED || row->command[0] != NULL);
        }
    }
    arena_free(arena);
}
