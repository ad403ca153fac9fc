/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lifecycle.json, which people edit: what is taken, printed again, says the same.
 */
#include "fuzz.h"
#include "lifecycle/record.h"

static struct str
print(const struct record *record, struct arena *arena)
{
    struct buf out;
    struct str text;

    buf_init(&out, 16 << 20);
    record_print(record, &out);
    text = arena_copy(arena, buf_str(&out));
    buf_fini(&out);

    return text;
}

void
fuzz_one(struct str input)
{
    struct arena *arena = arena_new(4096, (size_t)128 << 20);
    struct record first, second;
    struct err err = {0};
    struct str text;

    if (input.len < 256 * 1024) {
        if (record_parse(input, arena, &first, &err)) {
            text = print(&first, arena);
            FUZZ_CHECK(record_parse(text, arena, &second, &err));
            FUZZ_CHECK(str_eq(print(&second, arena), text));
        } else {
            FUZZ_CHECK(first.attested_count == 0 && first.poc.question_count == 0);
        }
    }
    arena_free(arena);
}
