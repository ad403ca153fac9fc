/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence that was cut short, edited, or made up: without its seal nothing is taken; what is
 * taken, printed again, says the same. The input stands without its seal, which is put right here,
 * as else nothing would get past it.
 */
#include "fuzz.h"
#include "lifecycle/evidence.h"

static struct str
print(const struct evidence_run *run, struct arena *arena)
{
    struct buf out;
    struct str text;

    buf_init(&out, 16 << 20);
    evidence_print(run, &out);
    text = arena_copy(arena, buf_str(&out));
    buf_fini(&out);

    return text;
}

static struct str
seal(struct str text, struct arena *arena)
{
    struct str open = arena_printf(arena, "%.*s\"seal\": ", STR_ARG(text));
    char hex[CHECKSUM_HEX_SIZE];

    checksum_sha256_hex(open, hex);

    return arena_printf(arena, "%.*s\"%s\"\n}\n", STR_ARG(open), hex);
}

void
fuzz_one(struct str input)
{
    struct arena *arena = arena_new(4096, (size_t)128 << 20);
    struct evidence_run *first, *second;
    const char *why = NULL;
    struct str text;

    if (input.len < 256 * 1024) {
        FUZZ_CHECK(evidence_parse(input, arena, &why) == NULL || input.len > 64);
        first = evidence_parse(seal(input, arena), arena, &why);
        FUZZ_CHECK(first != NULL || why != NULL);
        if (first != NULL) {
            for (size_t i = 0; i < first->count; i++)
                FUZZ_CHECK(first->items[i].figure_count <= EVIDENCE_FIGURES_MAX);
            text = print(first, arena);
            second = evidence_parse(text, arena, &why);
            FUZZ_CHECK(second != NULL && second->count == first->count);
            FUZZ_CHECK(str_eq(print(second, arena), text));
        }
    }
    arena_free(arena);
}
