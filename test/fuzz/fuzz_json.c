/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON: what parses can be written and parsed again to the same normal form, and what is in the
 * tree keeps the promises of core/json.h.
 */
#include "core/json.h"
#include "fuzz.h"

#define ARENA_MAX ((size_t)64 << 20)
#define OUT_MAX ((size_t)4 << 20) /* 1e131071 is short, but not when written */

static bool
lies_in(struct str part, struct str whole)
{
    return part.data >= whole.data && part.data + part.len <= whole.data + whole.len;
}

static void
check_string(struct str s, struct json_limits limits)
{
    struct buf out;

    FUZZ_CHECK(str_is_utf8(s));
    FUZZ_CHECK(limits.allow_nul || str_find_char(s, '\0', 0) == s.len);
    buf_init(&out, 6 * s.len + 2);
    json_write_str(&out, s);
    FUZZ_CHECK(buf_ok(&out));
    buf_fini(&out);
}

/* Checks node and what is in it; stays out of the call stack's depth by the parser's limit. */
static void
check_node(const struct json *node, struct str input, struct json_limits limits)
{
    uint32_t count = 0;

    FUZZ_CHECK(lies_in(node->raw, input));
    if (node->type == JSON_STRING)
        check_string(node->text, limits);
    if (node->type == JSON_NUMBER)
        FUZZ_CHECK(str_eq(node->text, node->raw));
    for (const struct json *child = node->first; child != NULL; child = child->next) {
        FUZZ_CHECK(lies_in(child->raw, node->raw));
        if (node->type == JSON_OBJECT)
            check_string(child->key, limits);
        check_node(child, input, limits);
        count++;
    }
    FUZZ_CHECK(count == node->count);
}

/* What jsonb prints is in normal form: parsing and printing it again changes nothing. */
static void
check_round_trip(const struct json *node, struct json_limits limits, struct arena *arena)
{
    struct buf once;
    struct buf twice;
    struct json *again = NULL;
    struct err err = {0};

    buf_init(&once, OUT_MAX);
    buf_init(&twice, OUT_MAX);
    if (json_write_jsonb(&once, node) && buf_ok(&once)) {
        limits.allow_duplicate_keys = false;
        FUZZ_CHECK(json_parse(buf_str(&once), limits, arena, &again, &err));
        FUZZ_CHECK(json_write_jsonb(&twice, again));
        FUZZ_CHECK(str_eq(buf_str(&once), buf_str(&twice)));
    }
    buf_fini(&once);
    buf_fini(&twice);
}

static bool
check_with(struct str input, struct json_limits limits)
{
    struct arena *arena = arena_new(4096, ARENA_MAX);
    struct json *root = NULL;
    struct json *again = NULL;
    struct err err = {0};
    bool ok;

    arena_set_soft(arena);
    ok = json_parse(input, limits, arena, &root, &err);
    FUZZ_CHECK(ok == (root != NULL));
    FUZZ_CHECK(ok == (err.kind == ERR_NONE));
    if (ok) {
        FUZZ_CHECK(str_is_utf8(input));
        check_node(root, input, limits);
        check_round_trip(root, limits, arena);
        FUZZ_CHECK(json_parse(root->raw, limits, arena, &again, &err));
    }
    arena_free(arena);
    return ok;
}

void
fuzz_one(struct str input)
{
    bool strict = check_with(input, JSON_LIMITS_DEFAULT);
    bool loose = check_with(
        input,
        (struct json_limits){.max_depth = 200, .allow_duplicate_keys = true, .allow_nul = true});

    FUZZ_CHECK(loose || !strict);
}
