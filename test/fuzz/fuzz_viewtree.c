/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stored query tree of a view: any text gives an answer, the columns have positive numbers, and
 * asking with less room gives the same ones.
 */
#include "db/postgres/viewtree.h"
#include "fuzz.h"

void
fuzz_one(struct str input)
{
    struct viewtree_column all[64], few[2];
    size_t count = viewtree_columns(input, all, COUNTOF(all));

    FUZZ_CHECK(count <= input.len);
    FUZZ_CHECK(viewtree_columns(input, few, COUNTOF(few)) == count);
    for (size_t i = 0; i < count && i < COUNTOF(all); i++) {
        FUZZ_CHECK(all[i].number > 0 && all[i].table > 0 && all[i].base_number > 0);
        FUZZ_CHECK(i >= COUNTOF(few) || memcmp(&few[i], &all[i], sizeof(few[i])) == 0);
    }
}
