/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of functions that write through a view: its names, in terms of the table at the
 * bottom. */
#include "sql/body.h"
#include "sql/expr.h"
#include "sql/quote.h"

#define DEPTH_MAX VIEW_DEPTH_MAX

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

/* Whether writing rows of base changes table, by what foreign keys do. */
static bool
is_changed_with(const struct apply *a, const struct model_table *table,
                const struct model_table *base, uint32_t depth)
{
    for (uint32_t i = 0; i < table->foreign_key_count; i++) {
        const struct model_foreign_key *key = &table->foreign_keys[i];
        const struct model_table *to = model_find_table(a->model, key->ref_schema, key->ref_table);
        bool on_delete = key->on_delete != MODEL_NO_ACTION && key->on_delete != MODEL_RESTRICT;
        bool on_update = key->on_update != MODEL_NO_ACTION && key->on_update != MODEL_RESTRICT;

        if ((strcmp(a->view_verb, "delete from") == 0 ? !on_delete : !on_update) || to == NULL)
            continue;
        if (to == base || depth == DEPTH_MAX || is_changed_with(a, to, base, depth + 1))
            return true;
    }
    return false;
}

/* Why the view's column can't be read while rows of base are written; NULL: it can. */
static const char *
refused_column(const struct apply *a, const struct model_column *column,
               const struct model_table *base)
{
    struct body_piece piece;
    size_t at = 0;

    while (body_next(column->value_sqlite, &at, &piece)) {
        const struct model_table *asked = NULL;

        if (piece.kind != BODY_TABLE)
            continue;
        asked = model_find_table(a->model, piece.schema, piece.name);
        if (asked == NULL || asked->is_view)
            return "another view";
        if (asked == base)
            return "the table that is written";
        /* A migration's statement gives no rows back, which are read when all is done. */
        if (a->marks != NULL && a->marks->is_body && is_changed_with(a, asked, base, 0))
            return "a table whose foreign key acts";
    }
    return NULL;
}

static bool
check_asked(struct apply *a, const struct model_table *view, const struct model_table *base,
            size_t location)
{
    for (uint32_t i = 0; i < view->column_count; i++) {
        const char *reason = refused_column(a, &view->columns[i], base);

        if (reason != NULL)
            return apply_fail(a, location, "0A000", "write to the table that it stands on",
                              "the embedded engine can't write through view \"%.*s\" here, whose "
                              "column \"%.*s\" asks %s",
                              STR_ARG(view->name), STR_ARG(view->columns[i].name), reason);
    }
    return true;
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
        *out = model_find_table(a->model, (*out)->from_schema, (*out)->from_table);
        if (*out == NULL)
            return fail_fixed(a, view, location);
    }
    for (const struct model_table *level = view; level != NULL && level->is_view;
         level = below(a, level)) {
        if (!check_asked(a, level, *out, location))
            return false;
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

/* A column of view in terms of a row of what it stands on; tables in it are read as the view reads
 * them. */
static struct str
column_value(struct apply *a, const struct model_table *view, const struct model_column *column)
{
    struct body_piece piece;
    struct buf out;
    size_t at = 0;

    apply_buf(&out);
    if (column->from_column.len > 0) {
        BUF_ADD_LIT(&out, "\1.");
        quote_ident(&out, column->from_column);
        return apply_take(a->tmp, &out);
    }
    buf_add_char(&out, '(');
    while (body_next(column->value_sqlite, &at, &piece)) {
        if (piece.kind == BODY_TABLE)
            body_write_table_of(&out, piece.schema, piece.name, view->schema, view->name);
        else
            buf_add_str(&out, piece.text);
    }
    buf_add_char(&out, ')');
    return apply_take(a->tmp, &out);
}

/* Text with \x01 for a row of the table at the bottom, from one for a row of what view stands
 * on. */
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
        buf_add_str(&out, settle_value(a, under, column_value(a, under, column), depth + 1));
        i = from - 1;
    }
    return apply_take(a->tmp, &out);
}

struct str
view_target_settle(struct apply *a, const struct model_table *view, struct str text)
{
    return settle_value(a, view, text, 0);
}

void
view_target_write_seen(struct apply *a, const struct model_table *table, struct buf *out)
{
    BUF_ADD_LIT(out, "CASE WHEN 0 THEN NULL");
    body_write_check(out, BODY_SEEN, a->view->schema, a->view->name, table->sqlite_name);
    BUF_ADD_LIT(out, " ELSE 1 END");
}

struct scope_item *
view_target_scope(struct apply *a, struct scope *scope, const struct model_table *table,
                  struct str alias)
{
    const struct model_table *written = a->view != NULL ? a->view : table;
    struct scope_item *item = scope_add_table(a, scope, written, alias);

    item->target = written;
    item->target_name = table->sqlite_name;
    for (uint32_t i = 0; a->view != NULL && i < written->column_count; i++)
        item->columns[i].value =
            settle_value(a, written, column_value(a, written, &written->columns[i]), 0);
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
