/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/ddl.h"
#include "sql/quote.h"

/* The table being made while its old form is still there. */
#define NEW_NAME "cairn_new"

/* A constraint that the rows must hold to. */
struct duty {
    enum ddl_rule rule;
    struct str name;
    size_t at; /* the statement that asks for it */
};

/* A table or view that is not as the model has it. */
struct note {
    struct str schema, name;
    bool is_view;
    bool in_db;          /* as it was before; else it is not there */
    struct str *origins; /* for each column its value in the old row; empty: not copied */
    uint32_t origin_count;
    struct duty *duties;
    uint32_t duty_count;
    size_t at; /* the statement that changed it first */
};

struct written {
    struct str schema, name;
    size_t at;
};

/* Strings and arrays inside are in the model's arena; these two arrays are on the heap. */
struct ddl {
    struct note *notes;
    size_t note_count, note_cap;
    struct written *written;
    size_t written_count, written_cap;
};

struct ddl *
ddl_new(void)
{
    return xcalloc(1, sizeof(struct ddl));
}

void
ddl_free(struct ddl *ddl)
{
    if (ddl == NULL)
        return;
    free(ddl->notes);
    free(ddl->written);
    free(ddl);
}

/* --- notes ------------------------------------------------------------------------------------ */

static struct note *
find_note(struct apply *a, const struct model_table *table)
{
    for (size_t i = 0; i < a->ddl->note_count; i++) {
        struct note *note = &a->ddl->notes[i];

        if (str_eq(note->name, table->name) && str_eq(note->schema, table->schema))
            return note;
    }
    return NULL;
}

static struct note *
add_note(struct apply *a, const struct model_table *table, bool in_db)
{
    struct ddl *ddl = a->ddl;
    struct note *note;

    if (ddl->note_count == ddl->note_cap) {
        ddl->note_cap = ddl->note_cap > 0 ? 2 * ddl->note_cap : 16;
        ddl->notes = xrealloc(ddl->notes, ddl->note_cap * sizeof(*ddl->notes));
    }
    note = &ddl->notes[ddl->note_count++];
    *note = (struct note){
        .schema = table->schema,
        .name = table->name,
        .is_view = table->is_view,
        .in_db = in_db,
        .at = a->at,
    };
    return note;
}

static void
remove_note(struct apply *a, struct note *note)
{
    struct ddl *ddl = a->ddl;
    size_t index = (size_t)(note - ddl->notes);

    memmove(note, note + 1, (ddl->note_count - index - 1) * sizeof(*note));
    ddl->note_count--;
}

void
ddl_created(struct apply *a, const struct model_table *table)
{
    add_note(a, table, false);
}

bool
ddl_is_changed(struct apply *a, const struct model_table *table)
{
    return find_note(a, table) != NULL;
}

/* The note of a table; a new one copies every column as it is. */
static struct note *
touch(struct apply *a, const struct model_table *table)
{
    struct note *note = find_note(a, table);

    if (note != NULL)
        return note;
    note = add_note(a, table, true);
    note->origins = ARENA_ARRAY(a->keep, struct str, table->column_count);
    note->origin_count = table->column_count;
    for (uint32_t i = 0; i < table->column_count; i++) {
        if (!table->columns[i].is_generated)
            note->origins[i] = apply_quote(a->keep, table->columns[i].name);
    }
    return note;
}

void
ddl_changed(struct apply *a, const struct model_table *table)
{
    touch(a, table);
}

void
ddl_column_added(struct apply *a, const struct model_table *table, struct str expression)
{
    struct note *note = touch(a, table);

    if (!note->in_db)
        return;
    assert(note->origin_count + 1 == table->column_count);
    *EDIT_ADD(a, note->origins, note->origin_count) = arena_copy(a->keep, expression);
}

void
ddl_column_dropped(struct apply *a, const struct model_table *table, uint32_t column)
{
    struct note *note = touch(a, table);

    if (note->in_db)
        edit_remove(note->origins, &note->origin_count, column, sizeof(*note->origins));
}

void
ddl_column_converted(struct apply *a, const struct model_table *table, uint32_t column,
                     struct str expression)
{
    struct note *note = touch(a, table);

    if (note->in_db)
        note->origins[column] = arena_copy(a->keep, expression);
}

void
ddl_must_hold(struct apply *a, const struct model_table *table, enum ddl_rule rule, struct str name)
{
    struct note *note = find_note(a, table);

    /* A table that is not there has no rows; those that come later are checked as they come. */
    if (note != NULL && !note->in_db)
        return;
    if (rule == DDL_FOREIGN) {
        ddl_written(a, table);
        return;
    }
    note = touch(a, table);
    *EDIT_ADD(a, note->duties, note->duty_count) =
        (struct duty){.rule = rule, .name = name, .at = a->at};
}

void
ddl_written(struct apply *a, const struct model_table *table)
{
    struct ddl *ddl = a->ddl;

    for (size_t i = 0; i < ddl->written_count; i++) {
        if (str_eq(ddl->written[i].name, table->name) &&
            str_eq(ddl->written[i].schema, table->schema))
            return;
    }
    if (ddl->written_count == ddl->written_cap) {
        ddl->written_cap = ddl->written_cap > 0 ? 2 * ddl->written_cap : 16;
        ddl->written = xrealloc(ddl->written, ddl->written_cap * sizeof(*ddl->written));
    }
    ddl->written[ddl->written_count++] =
        (struct written){.schema = table->schema, .name = table->name, .at = a->at};
}

/* --- steps ------------------------------------------------------------------------------------ */

static bool
run_named(struct apply *a, size_t at, const char *verb, struct str name)
{
    struct buf sql;

    apply_buf(&sql);
    buf_printf(&sql, "%s ", verb);
    quote_ident(&sql, name);
    return apply_run(a, at, apply_take(a->tmp, &sql));
}

static bool
create_indexes(struct apply *a, const struct model_table *table, size_t at)
{
    for (uint32_t i = 0; i < table->index_count; i++) {
        const struct model_index *index = &table->indexes[i];

        if (index->sqlite_sql.len > 0 && !apply_run(a, at, index->sqlite_sql))
            return false;
        if (index->search_count > 0 && ddl_search_can(table) &&
            !ddl_search_make(a, table, index, at))
            return false;
    }
    return true;
}

/* Those that don't go with the table. */
static bool
drop_searches(struct apply *a, const struct model_table *table)
{
    for (uint32_t i = 0; i < table->index_count; i++) {
        if (table->indexes[i].search_count > 0 && !ddl_search_drop(a, table, &table->indexes[i]))
            return false;
    }
    return true;
}

static bool
create_table(struct apply *a, const struct model_table *table, struct str sqlite_name, size_t at)
{
    struct buf sql;

    apply_buf(&sql);
    ddl_write_table(&sql, a->model, table, sqlite_name);
    return apply_run(a, at, apply_take(a->tmp, &sql));
}

static bool
create_view(struct apply *a, const struct model_table *view, size_t at)
{
    struct buf sql;

    apply_buf(&sql);
    BUF_ADD_LIT(&sql, "CREATE VIEW ");
    quote_ident(&sql, view->sqlite_name);
    BUF_ADD_LIT(&sql, " (");
    for (uint32_t i = 0; i < view->column_count; i++) {
        if (i > 0)
            BUF_ADD_LIT(&sql, ", ");
        quote_ident(&sql, view->columns[i].name);
    }
    BUF_ADD_LIT(&sql, ") AS ");
    buf_add_str(&sql, view->view_sqlite);
    return apply_run(a, at, apply_take(a->tmp, &sql));
}

/* Renaming a table makes SQLite read all views, which must not name a table that isn't there just
 * then: they go first, and come back with the next flush. */
static bool
drop_views(struct apply *a)
{
    for (uint32_t i = 0; i < a->model->table_count; i++) {
        const struct model_table *view = &a->model->tables[i];

        if (!view->is_view || find_note(a, view) != NULL)
            continue;
        if (!run_named(a, a->at, "DROP VIEW", view->sqlite_name))
            return false;
        add_note(a, view, false);
    }
    return true;
}

/* The old rows under the new columns' names, as something to select from. */
static struct str
old_rows(struct apply *a, const struct model_table *table, const struct note *note)
{
    struct buf sql;

    apply_buf(&sql);
    BUF_ADD_LIT(&sql, "(SELECT ");
    for (uint32_t i = 0; i < table->column_count; i++) {
        struct str origin = note->origins[i];

        if (i > 0)
            BUF_ADD_LIT(&sql, ", ");
        if (origin.len > 0 && memmem(origin.data, origin.len, "cairn_nextval", 13) != NULL) {
            /* Looking at the rows must not draw numbers; NULL violates nothing that is asked
             * here. */
            BUF_ADD_LIT(&sql, "NULL");
        } else if (origin.len > 0) {
            buf_add_str(&sql, origin);
        } else {
            buf_add_char(&sql, '(');
            buf_add_str(&sql, table->columns[i].generated_sqlite);
            buf_add_char(&sql, ')');
        }
        BUF_ADD_LIT(&sql, " AS ");
        quote_ident(&sql, table->columns[i].name);
    }
    BUF_ADD_LIT(&sql, " FROM ");
    quote_ident(&sql, table->sqlite_name);
    BUF_ADD_LIT(&sql, ") AS ");
    quote_ident(&sql, table->sqlite_name);
    return apply_take(a->tmp, &sql);
}

static bool
copy_rows(struct apply *a, const struct model_table *table, const struct note *note)
{
    struct buf sql;
    const char *separator = " (";

    apply_buf(&sql);
    BUF_ADD_LIT(&sql, "INSERT INTO " NEW_NAME);
    for (uint32_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].is_generated)
            continue;
        buf_printf(&sql, "%s", separator);
        quote_ident(&sql, table->columns[i].name);
        separator = ", ";
    }
    separator = ") SELECT ";
    for (uint32_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].is_generated)
            continue;
        buf_printf(&sql, "%s%.*s", separator, STR_ARG(note->origins[i]));
        separator = ", ";
    }
    BUF_ADD_LIT(&sql, " FROM ");
    quote_ident(&sql, table->sqlite_name);
    return apply_run_on(a, note->at, table, apply_take(a->tmp, &sql));
}

static bool
rebuild(struct apply *a, const struct model_table *table, const struct note *note)
{
    struct str rows = note->duty_count > 0 ? old_rows(a, table, note) : STR_NULL;
    struct buf sql;

    for (uint32_t i = 0; i < note->duty_count; i++) {
        const struct duty *duty = &note->duties[i];

        if (!ddl_check_rows(a, table, rows, duty->rule, duty->name, duty->at))
            return false;
    }
    if (!create_table(a, table, STR(NEW_NAME), note->at) || !copy_rows(a, table, note) ||
        !run_named(a, note->at, "DROP TABLE", table->sqlite_name))
        return false;
    apply_buf(&sql);
    BUF_ADD_LIT(&sql, "ALTER TABLE " NEW_NAME " RENAME TO ");
    quote_ident(&sql, table->sqlite_name);
    return apply_run(a, note->at, apply_take(a->tmp, &sql)) && create_indexes(a, table, note->at);
}

/* --- bringing the database up to date --------------------------------------------------------- */

bool
ddl_flush_table(struct apply *a, const struct model_table *table)
{
    struct note *note = find_note(a, table);
    size_t at;

    if (note == NULL)
        return true;
    if (note->in_db || note->is_view)
        return ddl_flush(a);
    at = note->at;
    remove_note(a, note);
    return create_table(a, table, table->sqlite_name, at) && create_indexes(a, table, at);
}

static bool
flush_tables(struct apply *a)
{
    for (size_t i = 0; i < a->ddl->note_count; i++) {
        const struct note note = a->ddl->notes[i];
        const struct model_table *table = model_find_table(a->model, note.schema, note.name);

        if (note.is_view || table == NULL)
            continue;
        if (note.in_db) {
            if (!rebuild(a, table, &note))
                return false;
        } else if (!create_table(a, table, table->sqlite_name, note.at) ||
                   !create_indexes(a, table, note.at)) {
            return false;
        }
    }
    return true;
}

bool
ddl_flush(struct apply *a)
{
    bool changes = false;

    for (size_t i = 0; i < a->ddl->note_count && !changes; i++)
        changes = a->ddl->notes[i].in_db;
    if ((changes && !drop_views(a)) || !flush_tables(a))
        return false;
    for (size_t i = 0; i < a->ddl->note_count; i++) {
        const struct note *note = &a->ddl->notes[i];
        const struct model_table *view = model_find_table(a->model, note->schema, note->name);

        if (note->is_view && view != NULL && !create_view(a, view, note->at))
            return false;
    }
    a->ddl->note_count = 0;
    return true;
}

bool
ddl_dropped(struct apply *a, const struct model_table *table)
{
    struct note *note = find_note(a, table);
    bool in_db = note == NULL || note->in_db;

    if (note != NULL)
        remove_note(a, note);
    return !in_db ||
           (run_named(a, a->at, table->is_view ? "DROP VIEW" : "DROP TABLE", table->sqlite_name) &&
            drop_searches(a, table));
}

bool
ddl_column_appended(struct apply *a, const struct model_table *table)
{
    struct buf sql;

    if (find_note(a, table) != NULL) {
        const struct model_column *c = &table->columns[table->column_count - 1];

        ddl_column_added(a, table, c->default_sqlite.len > 0 ? c->default_sqlite : STR("NULL"));
        return true;
    }
    apply_buf(&sql);
    BUF_ADD_LIT(&sql, "ALTER TABLE ");
    quote_ident(&sql, table->sqlite_name);
    BUF_ADD_LIT(&sql, " ADD COLUMN ");
    ddl_write_column(&sql, table, table->column_count - 1);
    return apply_run(a, a->at, apply_take(a->tmp, &sql));
}

bool
ddl_rename_table(struct apply *a, const struct model_table *table, struct str schema,
                 struct str name, struct str sqlite_name)
{
    struct buf sql;

    if (!ddl_flush(a) || !drop_views(a))
        return false;
    for (size_t i = 0; i < a->ddl->written_count; i++) {
        struct written *written = &a->ddl->written[i];

        if (str_eq(written->schema, table->schema) && str_eq(written->name, table->name)) {
            written->schema = schema;
            written->name = name;
        }
    }
    if (str_eq(table->sqlite_name, sqlite_name))
        return true;
    apply_buf(&sql);
    BUF_ADD_LIT(&sql, "ALTER TABLE ");
    quote_ident(&sql, table->sqlite_name);
    BUF_ADD_LIT(&sql, " RENAME TO ");
    quote_ident(&sql, sqlite_name);
    return apply_run(a, a->at, apply_take(a->tmp, &sql));
}

bool
ddl_rename_column(struct apply *a, const struct model_table *table, uint32_t column,
                  struct str name)
{
    struct buf sql;

    if (!ddl_flush(a) || !drop_views(a))
        return false;
    apply_buf(&sql);
    BUF_ADD_LIT(&sql, "ALTER TABLE ");
    quote_ident(&sql, table->sqlite_name);
    BUF_ADD_LIT(&sql, " RENAME COLUMN ");
    quote_ident(&sql, table->columns[column].name);
    BUF_ADD_LIT(&sql, " TO ");
    quote_ident(&sql, name);
    return apply_run(a, a->at, apply_take(a->tmp, &sql));
}

bool
ddl_index_added(struct apply *a, const struct model_table *table, const struct model_index *index,
                struct str keys, struct str condition)
{
    if (find_note(a, table) != NULL) {
        /* Duplicates in a changed table show when the index is made. */
        return true;
    }
    if (index->unique && !ddl_check_unique(a, apply_quote(a->tmp, table->sqlite_name), keys,
                                           condition, index->name, a->at))
        return false;
    return index->sqlite_sql.len == 0 || apply_run(a, a->at, index->sqlite_sql);
}

bool
ddl_index_dropped(struct apply *a, const struct model_table *table, const struct model_index *index)
{
    const struct note *note = find_note(a, table);

    if (note != NULL && !note->in_db)
        return true;
    if (index->sqlite_sql.len == 0)
        return index->search_count == 0 || ddl_search_drop(a, table, index);
    return run_named(a, a->at, "DROP INDEX IF EXISTS",
                     apply_sqlite_name(a->tmp, table->schema, index->name));
}

/* --- foreign keys ----------------------------------------------------------------------------- */

/* The statement that wrote the table; SIZE_MAX when none did. */
static size_t
written_at(struct apply *a, struct str schema, struct str name)
{
    for (size_t i = 0; i < a->ddl->written_count; i++) {
        if (str_eq(a->ddl->written[i].name, name) && str_eq(a->ddl->written[i].schema, schema))
            return a->ddl->written[i].at;
    }
    return SIZE_MAX;
}

bool
ddl_finish(struct apply *a)
{
    if (!ddl_flush(a))
        return false;
    for (uint32_t t = 0; t < a->model->table_count; t++) {
        const struct model_table *table = &a->model->tables[t];
        size_t own = written_at(a, table->schema, table->name);

        for (uint32_t k = 0; k < table->foreign_key_count; k++) {
            const struct model_foreign_key *key = &table->foreign_keys[k];
            size_t at = own != SIZE_MAX ? own : written_at(a, key->ref_schema, key->ref_table);

            if (at != SIZE_MAX && !ddl_check_foreign(a, table, key, own != SIZE_MAX, at))
                return false;
        }
    }
    return true;
}
