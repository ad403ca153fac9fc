/* SPDX-License-Identifier: Apache-2.0 */
/* CREATE VIEW. */
#include "sql/apply.h"
#include "sql/ddl.h"
#include "sql/expr.h"

static bool
check_form(struct apply *a, const struct json *body)
{
    if (pg_is(pg_get(body, "view"), "relpersistence", "t"))
        return apply_refuse(a, SIZE_MAX, "temporary views");
    return true;
}

/* The text of the query: from its first token to the statement's end. */
static struct str
query_text(struct apply *a)
{
    struct str text = str_slice(a->text, a->at, a->to);
    struct str words[2] = {STR("AS"), STR("as")};
    size_t depth = 0;

    /* The first AS outside of parentheses, quotes and comments begins it. */
    for (size_t i = 0; i + 2 < text.len; i++) {
        char c = text.data[i];

        if (c == '"' || c == '\'') {
            i = str_find_char(text, c, i + 1);
        } else if (c == '-' && text.data[i + 1] == '-') {
            i = str_find_char(text, '\n', i);
        } else if (c == '/' && text.data[i + 1] == '*') {
            const char *end = memmem(text.data + i, text.len - i, "*/", 2);

            i = end != NULL ? (size_t)(end - text.data) + 1 : text.len;
        } else if (c == '(') {
            depth++;
        } else if (c == ')') {
            depth -= depth > 0;
        } else if (depth == 0 && i > 0 && strchr(" \t\r\n)\"/", text.data[i - 1]) != NULL &&
                   strchr(" \t\r\n(/-", text.data[i + 2]) != NULL &&
                   (str_eq_nocase(str_slice(text, i, i + 2), words[0]))) {
            return str_trim(str_slice(text, i + 2, text.len));
        }
    }
    return STR_NULL;
}

static bool
name_columns(struct apply *a, const struct json *body, struct model_table *view,
             const struct query *query)
{
    const struct json *alias = pg_first(body, "aliases");

    view->columns = ARENA_ARRAY(a->keep, struct model_column, query->column_count);
    view->column_count = query->column_count;
    for (uint32_t i = 0; i < query->column_count; i++) {
        const struct expr *e = &query->columns[i];
        struct model_column *c = &view->columns[i];
        struct str name = alias != NULL ? pg_string(alias) : e->name;

        alias = alias != NULL ? alias->next : NULL;
        c->name = arena_copy(a->keep, name);
        c->type = e->type;
        c->type.name = arena_copy(a->keep, e->type.name);
        if (e->is_column || e->base_column.len > 0) {
            c->base_schema = arena_copy(a->keep, e->base_schema);
            c->base_table = arena_copy(a->keep, e->base_table);
            c->base_column = arena_copy(a->keep, e->base_column);
        }
        for (uint32_t j = 0; j < i; j++) {
            if (str_eq_nocase(view->columns[j].name, name))
                return apply_fail(a, SIZE_MAX, "42701", "name the columns with AS",
                                  "column \"%.*s\" specified more than once", STR_ARG(name));
        }
    }
    return alias == NULL || apply_fail(a, SIZE_MAX, "42601", NULL,
                                       "CREATE VIEW specifies more column names than columns");
}

/* CREATE OR REPLACE may add columns at the end, and nothing else. */
static bool
check_replacement(struct apply *a, const struct model_table *old, const struct model_table *view)
{
    for (uint32_t i = 0; i < old->column_count; i++) {
        if (i >= view->column_count)
            return apply_fail(a, SIZE_MAX, "42P16", "drop the view and create it again",
                              "cannot drop columns from view");
        if (!str_eq(old->columns[i].name, view->columns[i].name))
            return apply_fail(a, SIZE_MAX, "42P16", "drop the view and create it again",
                              "cannot change name of view column \"%.*s\" to \"%.*s\"",
                              STR_ARG(old->columns[i].name), STR_ARG(view->columns[i].name));
        if (!str_eq(old->columns[i].type.name, view->columns[i].type.name))
            return apply_fail(a, SIZE_MAX, "42P16", "drop the view and create it again",
                              "cannot change data type of view column \"%.*s\" from %.*s to %.*s",
                              STR_ARG(old->columns[i].name), STR_ARG(old->columns[i].type.name),
                              STR_ARG(view->columns[i].type.name));
    }
    return true;
}

bool
apply_create_view(struct apply *a, const struct json *body)
{
    const struct json *range = pg_get(body, "view");
    const struct json *select = pg_as(pg_get(body, "query"), "SelectStmt");
    struct marks marks = {0};
    struct expr_context x = {.a = a, .marks = &marks, .allow_query = true, .place = "a view"};
    struct name name = apply_range_name(range);
    struct model_table view = {.is_view = true};
    struct model_table *old;
    struct query query = {0};

    if (!check_form(a, body) || !apply_creation_schema(a, &name.schema))
        return false;
    old = model_find_table(a->model, name.schema, name.name);
    if (apply_relation_is_taken(a, name.schema, name.name) &&
        (old == NULL || !old->is_view || !pg_bool(body, "replace")))
        return apply_fail(a, pg_location(range), "42P07", NULL, "relation \"%.*s\" already exists",
                          STR_ARG(name.name));
    if (!query_translate(&x, select, &query))
        return false;
    view.schema = arena_copy(a->keep, name.schema);
    view.name = arena_copy(a->keep, name.name);
    view.sqlite_name = apply_sqlite_name(a->keep, name.schema, name.name);
    view.view_sql = arena_copy(a->keep, query_text(a));
    if (marks.is_refused)
        return apply_refuse(a, SIZE_MAX, "control characters in names and texts of views");
    view.view_marked = arena_copy(a->keep, query.sql);
    view.view_sqlite = marks_strip(a->keep, a->model, query.sql);
    view.view_reads = marks.reads;
    view.view_fixed = view_fixed_reason(select);
    marks_keep(a, &marks, &view.references, &view.reference_count);
    apply_default_acl(a, "tables", view.schema, &view.acl);
    if (!name_columns(a, body, &view, &query) ||
        (view.view_fixed.len == 0 && !view_translate_row(a, select, &view)))
        return false;
    view.checks_below = pg_is(body, "withCheckOption", "CASCADED_CHECK_OPTION");
    view.checks_rows = view.checks_below || pg_is(body, "withCheckOption", "LOCAL_CHECK_OPTION");
    if (!apply_view_options(a, &view, pg_first(body, "options"), false) ||
        !view_check_option(a, &view))
        return false;
    if (old != NULL) {
        view.comment = old->comment;
        view.acl = old->acl;
        if (!check_replacement(a, old, &view))
            return false;
        for (uint32_t i = 0; i < old->column_count; i++) {
            view.columns[i].has_default = old->columns[i].has_default;
            view.columns[i].default_sql = old->columns[i].default_sql;
            view.columns[i].default_sqlite = old->columns[i].default_sqlite;
            view.columns[i].sequence = old->columns[i].sequence;
        }
        if (!apply_remove_table(a, old))
            return false;
    }
    if (!apply_name_is_free(a, view.sqlite_name, pg_location(range)))
        return false;
    ddl_created(a, edit_add_table(a, &view));
    return true;
}
