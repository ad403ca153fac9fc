/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/access_view.h"

#include "schema/access_impl.h"
#include "sql/body.h"
#include "sql/quote.h"

#define LEVELS_MAX 32 /* views on views */

/* --- the snapshot ----------------------------------------------------------------------------- */

static const struct schema_table *
below(const struct schema *schema, const struct schema_table *view)
{
    return view->model->from_table.len > 0
               ? schema_find_table(schema, view->model->from_schema, view->model->from_table)
               : NULL;
}

/* The base table's column; NULL: the view computes it, or one below does. */
static const struct model_column *
base_column(const struct schema *schema, const struct schema_table *table,
            const struct model_column *column)
{
    while (table->model->is_view) {
        table = below(schema, table);
        column =
            column->from_column.len > 0 ? schema_find_column(table, column->from_column) : NULL;
        if (column == NULL)
            return NULL;
    }
    return column;
}

static const struct schema_view *
view_make(const struct schema *schema, const struct schema_table *table, struct arena *arena)
{
    const struct schema_table *levels[LEVELS_MAX];
    const struct schema_table **kept = NULL;
    const struct model_column **columns = NULL;
    struct schema_view *view = NULL;
    const struct schema_table *at = table;
    uint32_t count = 0;

    for (; at != NULL && at->model->is_view; at = below(schema, at)) {
        if (at->model->view_fixed.len > 0 || count == LEVELS_MAX)
            return NULL;
        levels[count++] = at;
    }
    if (at == NULL)
        return NULL;
    kept = ARENA_ARRAY(arena, const struct schema_table *, count);
    memcpy(kept, levels, count * sizeof(*kept));
    columns = ARENA_ARRAY(arena, const struct model_column *, table->model->column_count + 1);
    for (uint32_t i = 0; i < table->model->column_count; i++)
        columns[i] = base_column(schema, table, &table->model->columns[i]);
    view = ARENA_NEW(arena, struct schema_view);
    *view =
        (struct schema_view){.base = at, .levels = kept, .level_count = count, .columns = columns};
    return view;
}

void
access_views_build(const struct schema *schema, struct schema_table *tables, struct arena *arena)
{
    for (uint32_t i = 0; i < schema->table_count; i++) {
        if (tables[i].model->is_view)
            tables[i].view = view_make(schema, &tables[i], arena);
    }
}

/* --- texts ------------------------------------------------------------------------------------ */

/* A column of the view at level. */
static bool
write_column(struct access_writer *w, const struct access_row *row,
             const struct model_column *column)
{
    const struct schema_view *view = row->view;
    struct access_row lower = *row;
    bool ok = true;

    while (column->from_column.len > 0) {
        const struct schema_table *table =
            lower.level + 1 < view->level_count ? view->levels[lower.level + 1] : view->base;

        column = schema_find_column(table, column->from_column);
        if (column == NULL)
            return err_set(w->err, ERR_DB, "42703", "a column of view \"%.*s\" does not exist",
                           STR_ARG(view->levels[lower.level]->model->name));
        if (table == view->base) {
            buf_add_str(w->out, row->alias);
            buf_add_char(w->out, '.');
            quote_ident(w->out, column->name);
            return true;
        }
        lower.level++;
    }
    w->reads |= view->levels[lower.level]->model->view_reads;
    buf_add_char(w->out, '(');
    ok = access_write_text(w, access_reader(w->schema, w->caller, view->levels[lower.level]->model),
                           column->value_sqlite, &lower);
    buf_add_char(w->out, ')');
    return ok;
}

/* The name in quotes that begins at *at, which moves to its last quote. */
static struct str
read_name(struct str text, size_t *at, char *room, size_t size)
{
    size_t len = 0;
    size_t i = *at + 1;

    for (; i < text.len && len < size; i++) {
        if (text.data[i] == '"' && (i + 1 == text.len || text.data[i + 1] != '"'))
            break;
        if (text.data[i] == '"')
            i++;
        room[len++] = text.data[i];
    }
    *at = i;
    return str_make(room, len);
}

bool
access_write_view_row(struct access_writer *w, const struct access_row *row, struct str text,
                      size_t *at)
{
    const struct schema_view *view = row->view;
    struct access_row lower = {.alias = row->alias, .view = view, .level = row->level + 1};
    const struct model_column *column = NULL;
    char room[256]; /* a name has at most 63 bytes */

    /* Of the base table the name behind the mark is the column's. */
    if (lower.level == view->level_count) {
        buf_add_str(w->out, row->alias);
        return true;
    }
    *at += 2;
    column = schema_find_column(view->levels[lower.level], read_name(text, at, room, sizeof(room)));
    if (column == NULL)
        return err_set(w->err, ERR_DB, "42703", "a column of view \"%.*s\" does not exist",
                       STR_ARG(view->levels[lower.level]->model->name));
    return write_column(w, &lower, column);
}

static struct access_writer
writer_of(const struct access_view_text *t, struct err *err)
{
    return (struct access_writer){
        .schema = t->schema, .caller = t->caller, .out = t->out, .err = err};
}

bool
access_view_write_column(const struct access_view_text *t, const struct model_column *column,
                         struct err *err)
{
    struct access_writer w = writer_of(t, err);
    struct access_row row = {.alias = t->alias, .view = t->view->view};
    bool ok = write_column(&w, &row, column);

    *t->reads |= w.reads;
    return ok;
}

bool
access_view_has_where(const struct schema_table *view, uint32_t level)
{
    return view->view->levels[level]->model->where_sqlite.len > 0;
}

bool
access_view_write_where(const struct access_view_text *t, uint32_t level, struct err *err)
{
    const struct model_table *model = t->view->view->levels[level]->model;
    struct access_writer w = writer_of(t, err);
    struct access_row row = {.alias = t->alias, .view = t->view->view, .level = level};
    bool ok = true;

    buf_add_char(t->out, '(');
    ok = access_write_text(&w, access_reader(t->schema, t->caller, model), model->where_sqlite,
                           &row);
    buf_add_char(t->out, ')');
    *t->reads |= w.reads | model->view_reads;
    return ok;
}

bool
access_view_checks(const struct schema_table *view, uint32_t level)
{
    for (uint32_t i = 0; i < level; i++) {
        if (view->view->levels[i]->model->checks_below)
            return true;
    }
    return view->view->levels[level]->model->checks_rows;
}

/* --- privileges ------------------------------------------------------------------------------- */

const struct schema_role *
access_view_reader(const struct schema *schema, const struct schema_role *caller,
                   const struct schema_table *view)
{
    return access_reader(schema, caller, view->model);
}

const struct schema_role *
access_view_writer(const struct schema *schema, const struct schema_role *caller,
                   const struct schema_table *view)
{
    return access_reader(schema, caller, view->view->levels[view->view->level_count - 1]->model);
}

/* What the view at level calls the column of the view above all; it simply is one of the base
 * table. */
static const struct model_column *
column_below(const struct schema *schema, const struct schema_table *view, uint32_t level,
             const struct model_column *column)
{
    const struct schema_table *table = view;

    for (uint32_t i = 0; i <= level; i++) {
        table = below(schema, table);
        column = schema_find_column(table, column->from_column);
    }
    return column;
}

static bool
may_set(const struct schema *schema, const struct schema_role *reader,
        const struct schema_table *view, uint32_t level, const struct schema_table *table,
        const struct access_view_need *need)
{
    for (int64_t right = 1; right <= need->set_rights; right <<= 1) {
        if ((need->set_rights & right) == 0)
            continue;
        if (need->column_count == 0 && !schema_may_some(schema, reader, table->model, right))
            return false;
        for (uint32_t i = 0; i < need->column_count; i++) {
            if (!schema_may_column(schema, reader, table->model, right,
                                   column_below(schema, view, level, need->columns[i])))
                return false;
        }
    }
    return schema_may(schema, reader, table->model, need->rights);
}

/* Whether the text reads the table. */
static bool
mentions(struct str text, const struct model_reference *r)
{
    struct body_piece piece;
    size_t at = 0;

    while (body_next(text, &at, &piece)) {
        if (piece.kind == BODY_TABLE && str_eq(piece.schema, r->schema) &&
            str_eq(piece.name, r->table))
            return true;
    }
    return false;
}

/* What the view asks of other tables, in its condition or where it is read, and of its own where it
 * is read: by the statement, or by the condition of a view above it. */
static bool
may_read(struct access_writer *w, const struct schema_role *reader, const struct model_table *view,
         const struct access_view_need *need, bool is_filtered_above)
{
    for (uint32_t i = 0; i < view->reference_count; i++) {
        const struct model_reference *r = &view->references[i];
        bool is_own = str_eq(r->table, view->from_table) && str_eq(r->schema, view->from_schema);

        bool is_asked =
            !is_own && need->filters && (is_filtered_above || mentions(view->where_sqlite, r));

        if ((need->reads || is_asked) && !access_check_reads(w, reader, r, 1))
            return false;
    }
    return true;
}

bool
access_view_may(const struct schema *schema, const struct schema_role *caller,
                const struct schema_table *view, const struct access_view_need *need,
                struct err *err)
{
    struct access_writer w = {.schema = schema, .caller = caller, .err = err};
    bool is_filtered = false;

    for (uint32_t level = 0; level < view->view->level_count; level++) {
        const struct schema_table *at = view->view->levels[level];
        const struct schema_table *table = below(schema, at);
        const struct schema_role *reader = access_reader(schema, caller, at->model);

        if (!may_set(schema, reader, view, level, table, need))
            return access_fail_table(table->model, err);
        if (!may_read(&w, reader, at->model, need, is_filtered))
            return false;
        is_filtered = is_filtered || access_view_has_where(view, level);
    }
    return true;
}
