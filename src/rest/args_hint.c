/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/args_hint.h"

#include "core/buf.h"

#define LIKE_ENOUGH 0.33
#define NAMES_MAX 100
#define SIGNATURE_MAX 2048

static bool
has_names(const struct model_function *function)
{
    for (uint32_t i = 0; i < function->argument_count; i++) {
        if (function->arguments[i].name.len == 0)
            return false;
    }
    return true;
}

/* Arguments have names, or the only one takes the whole body. Others can't be called. */
static bool
is_callable(const struct model_function *function)
{
    const struct type *type = &function->arguments[0].type;

    return has_names(function) || (function->argument_count == 1 &&
                                   (type_is_json(type) || type->id == TYPE_TEXT ||
                                    type->id == TYPE_BYTEA || str_eq(type->name, STR("xml"))));
}

static int
compare_names(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* "(a, b)", sorted. */
static struct str
signature(const struct model_function *function, struct buf *out)
{
    struct str names[NAMES_MAX];
    uint32_t count = 0;

    for (; count < function->argument_count && count < NAMES_MAX; count++)
        names[count] = function->arguments[count].name;
    qsort(names, count, sizeof(names[0]), compare_names);
    buf_clear(out);
    buf_add_char(out, '(');
    for (uint32_t i = 0; i < count; i++)
        buf_printf(out, "%s%.*s", i > 0 ? ", " : "", STR_ARG(names[i]));
    buf_add_char(out, ')');
    return buf_str(out);
}

static void
hint_overload(const struct args_search *search, struct err *err)
{
    double best_score = 0;
    struct buf given;
    struct buf text;

    buf_init(&given, SIGNATURE_MAX);
    buf_init(&text, SIGNATURE_MAX);
    buf_printf(&given, "(%.*s)", STR_ARG(search->given));
    for (uint32_t i = 0; i < search->overload_count && buf_ok(&given); i++) {
        const struct model_function *function = search->overloads[i].model;
        struct str takes = signature(function, &text);
        double score = 0;

        if (!buf_ok(&text) || !has_names(function) ||
            !schema_shares_run(search->given, str_slice(takes, 1, takes.len - 1), 2))
            continue;
        score = str_similarity(buf_str(&given), takes);
        if (score < LIKE_ENOUGH || score <= best_score)
            continue;
        best_score = score;
        err_hint(err, "Perhaps you meant to call the function %.*s.%.*s%.*s",
                 STR_ARG(search->schema_name), STR_ARG(search->name), STR_ARG(takes));
    }
    buf_fini(&text);
    buf_fini(&given);
}

void
args_hint(const struct schema *schema, const struct args_search *search, struct err *err)
{
    struct str similar;
    bool exists = false;

    for (uint32_t i = 0; i < search->overload_count; i++)
        exists = exists || is_callable(search->overloads[i].model);
    if (exists) {
        hint_overload(search, err);
        return;
    }
    similar = schema_similar_function(schema, search->schema_name, search->name);
    if (similar.len > 0)
        err_hint(err, "Perhaps you meant to call the function %.*s.%.*s",
                 STR_ARG(search->schema_name), STR_ARG(similar));
}
