/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views through which rows can be written, as PostgreSQL writes through them: what it makes of a
 * row of the one table or view that it stands on. Source: PostgreSQL 15, rewrite/rewriteHandler.c,
 * rewriteTargetView() and what it asks.
 */
#include "sql/expr.h"
#include "sql/quote.h"

#define DEPTH_MAX 32 /* views on views */

/* --- whether it can be written ---------------------------------------------------------------- */

/* Source: PostgreSQL 15, view_query_is_auto_updatable(), whose words these are. */
struct str
view_fixed_reason(const struct json *select)
{
    const struct json *targets = pg_get(select, "targetList");

    if (pg_count(select, "distinctClause") > 0)
        return STR("Views containing DISTINCT are not automatically updatable.");
    if (pg_count(select, "groupClause") > 0)
        return STR("Views containing GROUP BY are not automatically updatable.");
    if (pg_get(select, "havingClause") != NULL)
        return STR("Views containing HAVING are not automatically updatable.");
    if (!pg_is(select, "op", "SETOP_NONE"))
        return STR("Views containing UNION, INTERSECT, or EXCEPT are not automatically updatable.");
    if (pg_get(select, "withClause") != NULL)
        return STR("Views containing WITH are not automatically updatable.");
    if (pg_get(select, "limitCount") != NULL || pg_get(select, "limitOffset") != NULL)
        return STR("Views containing LIMIT or OFFSET are not automatically updatable.");
    if (query_calls_aggregate(targets, false))
        return STR("Views that return aggregate functions are not automatically updatable.");
    if (query_calls_aggregate(targets, true))
        return STR("Views that return window functions are not automatically updatable.");
    if (pg_count(select, "fromClause") != 1 ||
        pg_as(pg_first(select, "fromClause"), "RangeVar") == NULL)
        return STR("Views that do not select from a single table or view are not automatically "
                   "updatable.");
    return STR_NULL;
}

/* --- its row ---------------------------------------------------------------------------------- */

/* The column of below that the value simply is; NULL: it is none. */
static const struct model_column *
find_plain(struct apply *a, const struct model_table *below, const struct expr *e)
{
    for (uint32_t i = 0; i < below->column_count; i++) {
        const struct model_column *c = &below->columns[i];
        struct buf name;
        struct str text;

        apply_buf(&name);
        buf_add_char(&name, '\1');
        buf_add_char(&name, '.');
        quote_ident(&name, c->name);
        text = apply_take(a->tmp, &name);
        if (!e->is_cast && str_eq(text, e->sql))
            return c;
    }
    return NULL;
}

static void
keep_column(struct apply *a, const struct model_table *below, const struct expr *e,
            struct model_column *out)
{
    const struct model_column *plain = find_plain(a, below, e);

    if (plain != NULL)
        out->from_column = arena_copy(a->keep, plain->name);
    else
        out->value_sqlite =
            arena_printf(a->keep, "%.*s%.*s", STR_ARG(e->sql), STR_ARG(expr_collation(&e->type)));
}

bool
view_translate_row(struct apply *a, const struct json *select, struct model_table *view)
{
    const struct json *range = pg_as(pg_first(select, "fromClause"), "RangeVar");
    const struct json *where = pg_get(select, "whereClause");
    struct scope scope = {0};
    struct marks marks = {.in_policy = true};
    struct expr_context x = {
        .a = a, .marks = &marks, .scope = &scope, .allow_query = true, .place = "a view"};
    struct model_table *below;
    struct scope_item *item;
    struct query query;
    struct expr e;

    if (!apply_need_relation(a, apply_range_name(range), pg_location(range), &below))
        return false;
    item = scope_add_table(a, &scope, below, pg_str(pg_get(range, "alias"), "aliasname"));
    item->is_unqualified = item->is_policy_row = true;
    if (!query_targets(&x, pg_first(select, "targetList"), &query))
        return false;
    assert(query.column_count == view->column_count);
    for (uint32_t i = 0; i < query.column_count; i++)
        keep_column(a, below, &query.columns[i], &view->columns[i]);
    if (where != NULL) {
        if (!expr_condition(&x, where, "WHERE", &e))
            return false;
        view->where_sqlite = arena_copy(a->keep, e.sql);
    }
    view->from_schema = arena_copy(a->keep, below->schema);
    view->from_table = arena_copy(a->keep, below->name);
    return true;
}

/* --- what depends on the views below ---------------------------------------------------------- */

static bool
has_plain_column(const struct model_table *view)
{
    for (uint32_t i = 0; i < view->column_count; i++) {
        if (view->columns[i].from_column.len > 0)
            return true;
    }
    return false;
}

bool
view_check_option(struct apply *a, const struct model_table *view)
{
    struct str reason = view->view_fixed;

    if (!view->checks_rows || (reason.len == 0 && has_plain_column(view)))
        return true;
    if (reason.len == 0)
        reason = STR("Views that have no updatable columns are not automatically updatable.");
    return apply_fail(a, SIZE_MAX, "0A000", arena_cstr(a->tmp, reason),
                      "WITH CHECK OPTION is supported only on automatically updatable views");
}

/* Whether the column is one of the table on which the views stand in the end. */
static bool
is_of_table(const struct model *model, const struct model_table *view, uint32_t column)
{
    struct str name = view->columns[column].from_column;

    for (uint32_t depth = 0; depth < DEPTH_MAX && name.len > 0; depth++) {
        const struct model_column *below;

        view = model_find_table(model, view->from_schema, view->from_table);
        below = view != NULL ? model_find_column(view, name) : NULL;
        if (below == NULL || !view->is_view)
            return below != NULL;
        name = below->from_column;
    }
    return false;
}

static bool
stands_on_table(const struct model *model, const struct model_table *view)
{
    for (uint32_t depth = 0; depth < DEPTH_MAX && view != NULL; depth++) {
        if (!view->is_view)
            return true;
        if (view->view_fixed.len > 0 || view->from_table.len == 0)
            return false;
        view = model_find_table(model, view->from_schema, view->from_table);
    }
    return false;
}

void
view_settle(struct model *model)
{
    for (uint32_t i = 0; i < model->table_count; i++) {
        struct model_table *view = &model->tables[i];
        bool has_column = false;

        if (!view->is_view)
            continue;
        for (uint32_t c = 0; c < view->column_count && !has_column; c++)
            has_column = is_of_table(model, view, c);
        view->deletable = stands_on_table(model, view);
        view->insertable = view->updatable = view->deletable && has_column;
    }
}
