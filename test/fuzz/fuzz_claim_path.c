/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths to a claim: the first line is the path, the rest the claims. Whatever they are, a search
 * ends, and what it finds is a part of the claims.
 */
#include "auth/claim_path.h"
#include "fuzz.h"

#define ARENA_MAX ((size_t)8 << 20)

static bool
is_within(struct str part, struct str whole)
{
    return part.data >= whole.data && part.data + part.len <= whole.data + whole.len;
}

void
fuzz_one(struct str input)
{
    struct arena *arena = arena_new(16 * 1024, ARENA_MAX);
    struct str claims = input;
    struct str text = str_cut(&claims, '\n');
    struct claim_path *path = NULL;
    struct json *root = NULL;
    struct err err = {0};

    arena_set_soft(arena);
    if (!claim_path_parse(text, &path, &err)) {
        FUZZ_CHECK(path == NULL && err.kind == ERR_CONFIG && err.message[0] != '\0');
    } else if (claims.len < 16 * 1024 &&
               json_parse(claims, (struct json_limits){.max_depth = 32}, arena, &root, &err)) {
        const struct json *found = claim_path_find(path, root);

        FUZZ_CHECK(found == NULL || is_within(found->raw, claims));
    }
    claim_path_free(path);
    arena_free(arena);
}
