/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of functions that write through a view: its names, in terms of the table at the bottom. */
#include "sql/expr.h"
#include "sql/quote.h"

#define DEPTH_MAX 32 /* views on views */

static const struct model_table *
below(const struct apply *a, const struct model_table *view)
{
    return model_find_table(a->model, view->from_schema, view->from_table);
}

/* The column of the table at the bottom that a column of view simply is; NULL: it is none. */
static const struct model_column *
bottom_column(const struct apply *a, const struct model_table *view,
              const struct model_column *column)
{
    while (view != NULL && view->is_view && column != NULL) {
        struct str name = column->from_column;

        view = below(a, view);
        column = view != NULL && name.len > 0 ? model_find_column(view, name) : NULL;
    }
    return column;
}

static bool
fail_fixed(struct apply *a, const struct model_table *view, size_t location)
{
    struct str verb = str_from(a->view_verb);

    return apply_fail(a, location, "55000",
                      view->view_fixed.len > 0 ? arena_cstr(a->tmp, view->view_fixed)
                                               : "make the view again, with CREATE OR REPLACE VIEW",
                      "cannot %.*s view \"%.*s\"", STR_ARG(verb), STR_ARG(view->name));
}

bool
view_target_begin(struct apply *a, struct name name, size_t location, const char *verb,
                  struct model_table **out)
{
    const struct model_table *view = NULL;

    a->view = NULL;
    a->view_verb = verb;
    if (!apply_need_relation(a, name, location, out))
        return false;
    view = *out;
    for (uint32_t depth = 0; (*out)->is_view; depth++) {
        if ((*out)->view_fixed.len > 0 || (*out)->from_table.len == 0 || depth == DEPTH_MAX)
            return fail_fixed(a, *out, location);
        for (uint32_t i = 0; i < (*out)->column_count; i++) {
            struct str value = (*out)->columns[i].value_sqlite;

            if (value.len > 0 && memchr(value.data, '\2', value.len) != NULL)
                return apply_fail(a, location, "0A000", "write to the table that it stands on",
                                  "a function on the embedded engine can't write through view "
                                  "\"%.*s\", whose column \"%.*s\" asks other tables",
                                  STR_ARG((*out)->name), STR_ARG((*out)->columns[i].name));
        }
        *out = model_find_table(a->model, (*out)->from_schema, (*out)->from_table);
        if (*out == NULL)
            return fail_fixed(a, view, location);
    }
    if (view->is_view)
        a->view = view;
    return true;
}

bool
view_target_column(struct apply *a, const struct model_table *table, struct str name,
                   size_t location, uint32_t *out)
{
    const struct model_column *column = NULL;
    uint32_t index = 0;

    if (a->view == NULL)
        return apply_need_column(a, table, name, location, out);
    if (!apply_need_column(a, a->view, name, location, &index))
        return false;
    column = bottom_column(a, a->view, &a->view->columns[index]);
    if (column == NULL)
        return apply_fail(a, location, "0A000",
                          "View columns that are not columns of their base relation are not "
                          "updatable.",
                          "cannot %s column \"%.*s\" of view \"%.*s\"", a->view_verb, STR_ARG(name),
                          STR_ARG(a->view->name));
    *out = (uint32_t)(column - table->columns);
    return true;
}

uint32_t
view_target_columns(struct apply *a, const struct model_table *table, uint32_t *columns)
{
    uint32_t count = 0;

    if (a->view == NULL) {
        for (; count < table->column_count; count++)
            columns[count] = count;
        return count;
    }
    /* What comes behind a column that can't be written can't be meant either. */
    for (uint32_t i = 0; i < a->view->column_count && count < table->column_count; i++) {
        const struct model_column *column = bottom_column(a, a->view, &a->view->columns[i]);

        if (column == NULL)
            break;
        columns[count++] = (uint32_t)(column - table->columns);
    }
    return count;
}

/* Text with \x01 for a row of the table at the bottom, from one for a row of what view stands on. */
static struct str
settle_value(struct apply *a, const struct model_table *view, struct str text, uint32_t depth)
{
    const struct model_table *under = below(a, view);
    struct buf out;

    if (under == NULL || !under->is_view || depth == DEPTH_MAX)
        return text;
    apply_buf(&out);
    for (size_t i = 0; i < text.len; i++) {
        const struct model_column *column = NULL;
        size_t from = i + 3;
        struct buf value;

        if (text.data[i] != '\1') {
            buf_add_char(&out, text.data[i]);
            continue;
        }
        for (uint32_t c = 0; c < under->column_count && column == NULL; c++) {
            struct buf name;

            apply_buf(&name);
            quote_ident(&name, under->columns[c].name);
            if (str_has_prefix(str_slice(text, i + 2, text.len), buf_str(&name))) {
                column = &under->columns[c];
                from = i + 2 + name.len;
            }
            buf_fini(&name);
        }
        if (column == NULL)
            continue;
        apply_buf(&value);
        if (column->from_column.len > 0) {
            BUF_ADD_LIT(&value, "\1.");
            quote_ident(&value, column->from_column);
        } else {
            buf_printf(&value, "(%.*s)", STR_ARG(column->value_sqlite));
        }
        buf_add_str(&out, settle_value(a, under, apply_take(a->tmp, &value), depth + 1));
        i = from - 1;
    }
    return apply_take(a->tmp, &out);
}

struct scope_item *
view_target_scope(struct apply *a, struct scope *scope, const struct model_table *table,
                  struct str alias)
{
    const struct model_table *written = a->view != NULL ? a->view : table;
    struct scope_item *item = scope_add_table(a, scope, written, alias);

    item->target = written;
    for (uint32_t i = 0; a->view != NULL && i < written->column_count; i++) {
        const struct model_column *column = &written->columns[i];
        struct buf value;

        apply_buf(&value);
        if (column->from_column.len > 0) {
            BUF_ADD_LIT(&value, "\1.");
            quote_ident(&value, column->from_column);
        } else {
            buf_printf(&value, "(%.*s)", STR_ARG(column->value_sqlite));
        }
        item->columns[i].value = settle_value(a, written, apply_take(a->tmp, &value), 0);
    }
    return item;
}

struct str
view_target_default(const struct apply *a, const struct model_table *table,
                    const struct model_column *column)
{
    for (const struct model_table *view = a->view; view != NULL && view != table;
         view = below(a, view)) {
        for (uint32_t i = 0; i < view->column_count; i++) {
            if (view->columns[i].default_sqlite.len > 0 &&
                bottom_column(a, view, &view->columns[i]) == column)
                return view->columns[i].default_sqlite;
        }
    }
    return column->default_sqlite;
}

struct str
view_target_name(const struct apply *a, const struct model_table *table,
                 const struct model_column *column)
{
    (void)table;
    for (uint32_t i = 0; a->view != NULL && i < a->view->column_count; i++) {
        if (bottom_column(a, a->view, &a->view->columns[i]) == column)
            return a->view->columns[i].name;
    }
    return column->name;
}

bool
view_target_checks(const struct apply *a)
{
    bool checks_below = false;

    for (const struct model_table *view = a->view; view != NULL && view->is_view;
         view = below(a, view)) {
        checks_below = checks_below || view->checks_below;
        if ((view->checks_rows || checks_below) && view->where_sqlite.len > 0)
            return true;
    }
    return false;
}
