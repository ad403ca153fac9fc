/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays (sql/array.h): their order, and what is in them. And what is in jsonb. */
#include "core/err_local.h"
#include "core/json.h"
#include "db/sqlite/functions_impl.h"
#include "sql/array.h"

static int
compare_items(struct str a, struct str b, bool numbers)
{
    if (a.data == NULL || b.data == NULL)
        return (a.data == NULL) - (b.data == NULL);
    return numbers ? numeric_compare_text(a, b) : str_cmp(a, b);
}

/* As array_cmp(): item by item, then the shorter first, then by dimensions. Text that is no array
 * stands before all. */
int
fn_compare_arrays(struct str a, struct str b, struct arena *arena, bool numbers)
{
    struct array x;
    struct array y;
    bool ok_x = array_read(a, arena, &x, NULL);
    bool ok_y = array_read(b, arena, &y, NULL);
    int order = 0;

    if (!ok_x || !ok_y)
        return ok_x - ok_y != 0 ? ok_x - ok_y : str_cmp(a, b);
    for (uint32_t i = 0; i < x.count && i < y.count && order == 0; i++)
        order = compare_items(x.items[i], y.items[i], numbers);
    if (order == 0)
        order = (x.count > y.count) - (x.count < y.count);
    if (order == 0)
        order = (x.dim_count > y.dim_count) - (x.dim_count < y.dim_count);
    for (uint32_t i = 0; i < x.dim_count && order == 0; i++)
        order = (x.dims[i] > y.dims[i]) - (x.dims[i] < y.dims[i]);
    return order;
}

static bool
has_item(const struct array *array, struct str item, bool numbers)
{
    for (uint32_t i = 0; i < array->count; i++) {
        if (array->items[i].data != NULL && compare_items(array->items[i], item, numbers) == 0)
            return true;
    }
    return false;
}

/* The two arrays of a call, and how many items of the second are in the first. NULL is in none. */
static bool
count_common(struct fn *fn, sqlite3_context *ctx, sqlite3_value **argv, uint32_t *common,
             uint32_t *all)
{
    bool numbers = sqlite3_value_int(argv[2]) != 0;
    struct array a;
    struct array b;
    ERR_LOCAL(err);

    *common = 0;
    if (!array_read(fn_text_of(argv[0]), fn->scratch, &a, &err) ||
        !array_read(fn_text_of(argv[1]), fn->scratch, &b, &err)) {
        fn_fail(ctx, &err);
        return false;
    }
    for (uint32_t i = 0; i < b.count; i++)
        *common += b.items[i].data != NULL && has_item(&a, b.items[i], numbers);
    *all = b.count;
    return true;
}

static void
call_array_contains(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    uint32_t common = 0;
    uint32_t all = 0;

    if (count_common(fn, ctx, argv, &common, &all))
        sqlite3_result_int(ctx, common == all);
}

static void
call_array_overlaps(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    uint32_t common = 0;
    uint32_t all = 0;

    if (count_common(fn, ctx, argv, &common, &all))
        sqlite3_result_int(ctx, common > 0);
}

static bool
is_scalar(const struct json *json)
{
    return json->type != JSON_ARRAY && json->type != JSON_OBJECT;
}

static bool
is_equal_scalar(const struct json *a, const struct json *b)
{
    if (a->type != b->type)
        return false;
    if (a->type == JSON_NUMBER)
        return numeric_compare_text(a->raw, b->raw) == 0;
    return a->type != JSON_STRING || str_eq(a->text, b->text);
}

static bool
json_contains(const struct json *a, const struct json *b)
{
    if (a->type != b->type || is_scalar(a))
        return is_scalar(a) && is_equal_scalar(a, b);
    for (const struct json *want = b->first; want != NULL; want = want->next) {
        const struct json *have = a->first;

        while (have != NULL && ((b->type == JSON_OBJECT && !str_eq(have->key, want->key)) ||
                                !json_contains(have, want)))
            have = have->next;
        if (have == NULL)
            return false;
    }
    return true;
}

/* @> of jsonb. At the top an array contains a scalar that is in it. */
static void
call_jsonb_contains(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct json_limits limits = {.max_depth = 1000, .allow_duplicate_keys = true};
    struct json *a = NULL;
    struct json *b = NULL;
    ERR_LOCAL(err);
    bool found = false;

    if (!json_parse(fn_text_of(argv[0]), limits, fn->scratch, &a, &err) ||
        !json_parse(fn_text_of(argv[1]), limits, fn->scratch, &b, &err)) {
        fn_fail(ctx, &err);
        return;
    }
    found = json_contains(a, b);
    for (const struct json *item = a->type == JSON_ARRAY && is_scalar(b) ? a->first : NULL;
         item != NULL && !found; item = item->next)
        found = is_equal_scalar(item, b);
    sqlite3_result_int(ctx, found);
}

static int
rank_of(const struct json *json)
{
    switch (json->type) {
    case JSON_NULL:
        return 0;
    case JSON_STRING:
        return 1;
    case JSON_NUMBER:
        return 2;
    case JSON_FALSE:
        return 3;
    case JSON_TRUE:
        return 4;
    case JSON_ARRAY:
        return 5;
    case JSON_OBJECT:
        break;
    }
    return 6;
}

/* The longer container is greater; else the first member that differs decides, in an object its key
 * before its value. */
static int
compare_json(const struct json *a, const struct json *b)
{
    const struct json *y = b->first;
    int order = rank_of(a) - rank_of(b);

    if (order != 0)
        return order;
    if (a->type == JSON_NUMBER)
        return numeric_compare_text(a->raw, b->raw);
    if (is_scalar(a))
        return a->type == JSON_STRING ? str_cmp(a->text, b->text) : 0;
    if (a->count != b->count)
        return a->count > b->count ? 1 : -1;
    for (const struct json *x = a->first; x != NULL && order == 0; x = x->next, y = y->next) {
        order = a->type == JSON_OBJECT ? str_cmp(x->key, y->key) : 0;
        if (order == 0)
            order = compare_json(x, y);
    }
    return order;
}

int
fn_compare_jsonb(struct str a, struct str b, struct arena *arena)
{
    struct json_limits limits = {.max_depth = 1000, .allow_duplicate_keys = true};
    struct json *x = NULL;
    struct json *y = NULL;
    bool ok_x = json_parse(a, limits, arena, &x, NULL);
    bool ok_y = json_parse(b, limits, arena, &y, NULL);

    if (!ok_x || !ok_y)
        return ok_x - ok_y != 0 ? ok_x - ok_y : str_cmp(a, b);
    /* PostgreSQL's history: an empty array stands before any scalar. */
    if (x->type == JSON_ARRAY && x->count == 0 && is_scalar(y))
        return -1;
    if (y->type == JSON_ARRAY && y->count == 0 && is_scalar(x))
        return 1;
    return compare_json(x, y);
}

/* --- arrays of enums -------------------------------------------------------------------------- */

/* Places of labels have so many digits that as text they are in their order. */
#define PLACE_DIGITS 5

/* The label's place among the labels, which stand behind the array in the call. */
static struct str
place_of_label(struct fn *fn, struct str label, int argc, sqlite3_value **argv)
{
    int i = 1;

    while (i < argc && !str_eq(fn_value_of(argv[i]).s, label))
        i++;
    return arena_printf(fn->scratch, "%0*d", PLACE_DIGITS, i - 1);
}

static struct str
label_at_place(struct str place, int argc, sqlite3_value **argv)
{
    uint64_t i = 0;

    return str_to_u64(place, &i) && i + 1 < (uint64_t)argc ? fn_value_of(argv[i + 1]).s : place;
}

static void
map_items(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv, bool to_labels)
{
    struct array array;
    ERR_LOCAL(err);

    if (!array_read(fn_value_of(argv[0]).s, fn->scratch, &array, &err)) {
        fn_fail(ctx, &err);
        return;
    }
    for (uint32_t i = 0; i < array.count; i++) {
        if (array.items[i].data != NULL)
            array.items[i] = to_labels ? label_at_place(array.items[i], argc, argv)
                                       : place_of_label(fn, array.items[i], argc, argv);
    }
    array_write(&fn->out, &array);
    fn_result_out(fn, ctx);
}

/* What an array of an enum is ordered by: the places of its labels. */
static void
call_enum_places(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    map_items(fn, ctx, argc, argv, false);
}

static void
call_enum_labels(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    map_items(fn, ctx, argc, argv, true);
}

static const struct fn_def defs[] = {
    {"cairn_enum_places", -1, 0, call_enum_places},
    {"cairn_enum_labels", -1, 0, call_enum_labels},
    {"cairn_array_contains", 3, 0, call_array_contains},
    {"cairn_array_overlaps", 3, 0, call_array_overlaps},
    {"cairn_jsonb_contains", 2, 0, call_jsonb_contains},
};

const struct fn_defs fn_array = {defs, COUNTOF(defs)};
