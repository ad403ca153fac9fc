/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Migrations on their way to a clone: the first line are roles of the clone's own, the rest the
 * text. What comes out has the same length and the same lines, and only blanks where it differs.
 * The input as the name of a database is never taken for one that may be dropped, unless it says
 * so.
 */
#include "db/postgres/scratch.h"
#include "drill/roles.h"
#include "fuzz.h"

#define ARENA_MAX ((size_t)64 << 20)
#define LATE ((int64_t)1 << 40)

static void
check_text(struct str before, struct str after)
{
    FUZZ_CHECK(before.len == after.len);
    for (size_t i = 0; i < before.len; i++)
        FUZZ_CHECK(after.data[i] == before.data[i] ||
                   (after.data[i] == ' ' && before.data[i] != '\n'));
}

void
fuzz_one(struct str input)
{
    struct arena *arena = arena_new(16 * 1024, ARENA_MAX);
    struct str text = input;
    struct str names = str_cut(&text, '\n');
    struct roles own = {0}, found = {0};
    struct err err = {0};
    struct str out;

    if (text.len < 256 * 1024) {
        while (names.len > 0)
            roles_add(&own, arena_cstr(arena, str_cut(&names, ' ')));
        roles_find(text, arena, &found);
        FUZZ_CHECK(found.count <= ROLES_MAX);
        if (roles_blank(text, "fuzz.sql", &own, false, arena, &out, &err))
            check_text(text, out);
        else
            FUZZ_CHECK(err.kind == ERR_UNAVAILABLE && err.message[0] != '\0');
        FUZZ_CHECK(!pg_scratch_is_left(arena_cstr(arena, text), LATE) ||
                   str_has_prefix(text, STR("cairn_drill_")));
    }
    arena_free(arena);
}
