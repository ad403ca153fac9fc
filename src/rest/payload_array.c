/* SPDX-License-Identifier: Apache-2.0 */
/* JSON arrays as arrays of PostgreSQL. Source: populate_array() of PostgreSQL 15's jsonfuncs.c. */
#include "rest/payload.h"
#include "sql/array.h"

struct filler {
    struct arena *arena;
    struct array array;
    struct str key;
    struct err *err;
};

static bool
fail_expected(struct filler *f)
{
    err_set(f->err, ERR_DB, "22P02", "expected JSON array");
    err_hint(f->err, "See the value of key \"%.*s\".", STR_ARG(str_slice(f->key, 0, 200)));
    return false;
}

static bool
fail_dimensions(struct filler *f)
{
    err_set(f->err, ERR_DB, "22P02", "malformed JSON array");
    err_details(f->err, "Multidimensional arrays must have sub-arrays with matching dimensions.");
    return false;
}

/* The first members say how deep it goes: the first that is no array is an item. */
static bool
measure(struct filler *f, const struct json *member)
{
    for (; member != NULL && member->type == JSON_ARRAY; member = member->first) {
        if (f->array.dim_count == ARRAY_DIMS_MAX)
            return err_set(f->err, ERR_DB, "54000",
                           "number of array dimensions (%d) exceeds the maximum allowed (%d)",
                           ARRAY_DIMS_MAX + 1, ARRAY_DIMS_MAX);
        f->array.dims[f->array.dim_count++] = member->count;
    }
    return true;
}

static uint32_t
count_items(const struct json *member, uint32_t depth)
{
    uint32_t count = 0;

    if (depth == 0)
        return 1;
    for (const struct json *item = member->first; item != NULL; item = item->next)
        count += count_items(item, depth - 1);
    return count;
}

static bool
fill(struct filler *f, const struct json *member, uint32_t depth)
{
    if (depth == f->array.dim_count) {
        f->array.items[f->array.count++] = payload_value_text(member, false);
        return true;
    }
    if (member->type != JSON_ARRAY)
        return fail_expected(f);
    if (member->count != f->array.dims[depth])
        return fail_dimensions(f);
    for (const struct json *item = member->first; item != NULL; item = item->next) {
        if (!fill(f, item, depth + 1))
            return false;
    }
    return true;
}

bool
payload_array(const struct json *member, const struct type *type, struct arena *arena,
              struct value *out, struct err *err)
{
    struct filler f = {.arena = arena, .key = member->key, .err = err};

    if (member->type != JSON_ARRAY)
        return fail_expected(&f);
    if (!measure(&f, member))
        return false;
    f.array.items =
        ARENA_ARRAY(arena, struct str, (size_t)count_items(member, f.array.dim_count) + 1);
    return fill(&f, member, 0) && array_input(type, &f.array, arena, out, err);
}
