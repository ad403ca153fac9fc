/* SPDX-License-Identifier: Apache-2.0 */
/* Aggregates. SQLite calls final even after an error, so that is where memory is given back. */
#include <math.h>

#include "db/sqlite/functions_impl.h"

#include "core/err_local.h"

/* Lists of JSON. */

#define LIST_FIRST 1000 /* bytes of room that most lists don't outgrow often */

struct fn_list *
fn_list_of(sqlite3_context *ctx)
{
    struct fn_list *list = sqlite3_aggregate_context(ctx, sizeof(*list));

    if (list != NULL && list->out.max == 0) {
        buf_init(&list->out, FN_RESULT_MAX);
        (void)buf_reserve(&list->out, LIST_FIRST);
    }
    return list;
}

static struct buf *
list_of(sqlite3_context *ctx)
{
    struct fn_list *list = fn_list_of(ctx);

    return list != NULL ? &list->out : NULL;
}

static void
list_final(sqlite3_context *ctx)
{
    struct fn_list *list = sqlite3_aggregate_context(ctx, 0);

    if (list != NULL) {
        free(list->spec);
        list->spec = NULL;
    }
    if (list == NULL || (list->out.len == 0 && !list->out.overflowed)) {
        fn_result_str(ctx, STR("[]"));
        if (list != NULL)
            buf_fini(&list->out);
        return;
    }
    buf_add_char(&list->out, ']');
    if (buf_ok(&list->out)) {
        /* SQLite takes the memory over. */
        sqlite3_result_text64(ctx, list->out.data, list->out.len, free, SQLITE_UTF8);
        list->out.data = NULL;
    } else {
        fn_fail_with(ctx, "54000", "the result is too large");
    }
    buf_fini(&list->out);
}

/* json_agg() puts a line break before a record, but none before NULL. */
static void
json_agg_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct buf *out = list_of(ctx);
    bool null = fn_is_null(argv[0]);

    if (out == NULL)
        return;
    if (out->len == 0)
        buf_add_char(out, '[');
    else if (null)
        BUF_ADD_LIT(out, ", ");
    else
        BUF_ADD_LIT(out, ", \n ");
    if (null)
        BUF_ADD_LIT(out, "null");
    else
        buf_add_str(out, fn_bytes_of(argv[0]));
}

static void
json_array_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct fn *fn = fn_begin(ctx);
    struct buf *out = list_of(ctx);
    struct str json_class = fn_text_of(argv[0]);
    struct value value = fn_value_of(argv[1]);
    bool is_array = json_class.len > 0 && json_class.data[0] >= 'A' && json_class.data[0] <= 'Z';

    if (out == NULL)
        return;
    if (out->len == 0)
        buf_add_char(out, '[');
    else if (is_array && value.kind != VALUE_NULL)
        BUF_ADD_LIT(out, ", \n "); /* as json_agg() has it before each array but the first */
    else
        BUF_ADD_LIT(out, ", ");
    fn_write_json(fn, out, json_class.len > 0 ? json_class.data[0] : 's', &value);
}

/* Sums and averages of numeric. */

struct total {
    struct numeric_sum *sum; /* NULL: nothing was added yet, or an error has been reported */
    int64_t count;
};

static void
total_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct fn *fn = fn_begin(ctx);
    struct total *total = sqlite3_aggregate_context(ctx, sizeof(*total));
    struct numeric value;
    ERR_LOCAL(err);

    if (fn_is_null(argv[0]) || total == NULL)
        return;
    if (!fn_numeric_of(fn, argv[0], &value, &err)) {
        fn_fail(ctx, &err);
        return;
    }
    if (total->sum == NULL)
        total->sum = numeric_sum_new();
    numeric_sum_add(total->sum, &value);
    total->count++;
}

static void
total_final(sqlite3_context *ctx, bool average)
{
    struct fn *fn = fn_begin(ctx);
    struct total *total = sqlite3_aggregate_context(ctx, 0);
    struct numeric sum;
    struct numeric count;
    ERR_LOCAL(err);
    bool ok;

    if (total == NULL || total->sum == NULL)
        return;
    ok = numeric_sum_get(total->sum, fn->scratch, &sum, &err);
    if (ok && average) {
        numeric_from_i64(total->count, fn->scratch, &count);
        ok = numeric_div(&sum, &count, fn->scratch, &sum, &err);
    }
    if (ok)
        fn_result_numeric(fn, ctx, &sum);
    else
        fn_fail(ctx, &err);
    numeric_sum_free(total->sum);
    total->sum = NULL;
}

static void
num_sum_final(sqlite3_context *ctx)
{
    total_final(ctx, false);
}

static void
num_avg_final(sqlite3_context *ctx)
{
    total_final(ctx, true);
}

/* The least and the greatest numeric, kept as text. */

struct extreme {
    char *text; /* NULL: nothing was added yet */
    size_t len;
};

static void
extreme_step(sqlite3_context *ctx, sqlite3_value *arg, int sign)
{
    struct extreme *extreme = sqlite3_aggregate_context(ctx, sizeof(*extreme));
    struct str text = fn_text_of(arg);

    if (extreme == NULL || fn_is_null(arg))
        return;
    if (extreme->text != NULL &&
        numeric_compare_text(text, str_make(extreme->text, extreme->len)) * sign <= 0)
        return;
    extreme->text = xrealloc(extreme->text, text.len + 1);
    extreme->len = text.len;
    if (text.len > 0)
        memcpy(extreme->text, text.data, text.len);
}

static void
num_min_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    extreme_step(ctx, argv[0], -1);
}

static void
num_max_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    extreme_step(ctx, argv[0], 1);
}

static void
extreme_final(sqlite3_context *ctx)
{
    struct extreme *extreme = sqlite3_aggregate_context(ctx, 0);

    if (extreme == NULL || extreme->text == NULL)
        return;
    fn_result_str(ctx, str_make(extreme->text, extreme->len));
    free(extreme->text);
    extreme->text = NULL;
}

/* Integers and floats: added in the order they come, as PostgreSQL does. SQLite's own sum() keeps
 * track of rounding errors and so differs in the last digit. */

struct plain {
    int64_t count;
    int64_t integer;
    double real;
    bool failed;
};

static void
int_sum_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct plain *plain = sqlite3_aggregate_context(ctx, sizeof(*plain));

    if (plain == NULL || plain->failed || fn_is_null(argv[0]))
        return;
    plain->count++;
    plain->failed =
        __builtin_add_overflow(plain->integer, sqlite3_value_int64(argv[0]), &plain->integer);
    if (plain->failed)
        fn_fail_with(ctx, "22003", "bigint out of range");
}

static void
int_sum_final(sqlite3_context *ctx)
{
    struct plain *plain = sqlite3_aggregate_context(ctx, 0);

    if (plain != NULL && plain->count > 0 && !plain->failed)
        sqlite3_result_int64(ctx, plain->integer);
}

static void
float_step(sqlite3_context *ctx, sqlite3_value *arg, bool single)
{
    struct plain *plain = sqlite3_aggregate_context(ctx, sizeof(*plain));
    ERR_LOCAL(err);
    double value;
    double sum;

    if (plain == NULL || plain->failed || fn_is_null(arg))
        return;
    if (!fn_double_of(arg, &value, &err)) {
        plain->failed = true;
        fn_fail(ctx, &err);
        return;
    }
    sum = plain->real + value;
    if (single)
        sum = (double)(float)sum;
    if (isinf(sum) && !isinf(plain->real) && !isinf(value)) {
        plain->failed = true;
        fn_fail_with(ctx, "22003", "value out of range: overflow");
    }
    plain->real = sum;
    plain->count++;
}

static void
float_sum_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    float_step(ctx, argv[0], false);
}

static void
float4_sum_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    float_step(ctx, argv[0], true);
}

static void
float_sum_final(sqlite3_context *ctx)
{
    struct plain *plain = sqlite3_aggregate_context(ctx, 0);

    if (plain != NULL && plain->count > 0 && !plain->failed)
        fn_result_double(ctx, plain->real);
}

static void
float_avg_final(sqlite3_context *ctx)
{
    struct plain *plain = sqlite3_aggregate_context(ctx, 0);

    if (plain != NULL && plain->count > 0 && !plain->failed)
        fn_result_double(ctx, plain->real / (double)plain->count);
}

const struct fn_aggregate fn_aggregates[] = {
    {"cairn_json_agg", 1, json_agg_step, list_final},
    {"cairn_json_rows", -1, fn_json_rows_step, list_final},
    {"cairn_json_array", 2, json_array_step, list_final},
    {"cairn_num_sum", 1, total_step, num_sum_final},
    {"cairn_num_avg", 1, total_step, num_avg_final},
    {"cairn_num_min", 1, num_min_step, extreme_final},
    {"cairn_num_max", 1, num_max_step, extreme_final},
    {"cairn_int_sum", 1, int_sum_step, int_sum_final},
    {"cairn_float_sum", 1, float_sum_step, float_sum_final},
    {"cairn_float4_sum", 1, float4_sum_step, float_sum_final},
    {"cairn_float_avg", 1, float_sum_step, float_avg_final},
};

const size_t fn_aggregate_count = COUNTOF(fn_aggregates);
