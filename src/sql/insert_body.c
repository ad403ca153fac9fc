/* SPDX-License-Identifier: Apache-2.0 */
/* INSERT in the body of a function, and INSERT ... SELECT everywhere. */
#include "sql/checked.h"
#include "sql/insert.h"
#include "sql/quote.h"

/* --- INSERT ... SELECT ------------------------------------------------------------------------ */

static bool
write_select(struct apply *a, struct insert *insert, const struct query *query, struct buf *out)
{
    const struct model_table *table = insert->table;
    struct expr_context x = {.a = a};
    struct buf values;
    bool ok = true;

    apply_buf(&values);
    BUF_ADD_LIT(out, "INSERT INTO ");
    quote_ident(out, table->sqlite_name);
    for (uint32_t i = 0; i < query->column_count && ok; i++) {
        const struct model_column *c = &table->columns[insert->columns[i]];
        struct str place = arena_printf(a->tmp, "column \"%.*s\"", STR_ARG(c->name));
        struct expr e = {
            .sql = arena_printf(a->tmp, "c%u", i),
            .pg = STR("c"),
            .type = query->columns[i].type,
        };
        bool is_rowid = table->rowid_pk && table->keys[0].columns[0] == insert->columns[i];

        x.place = place.data;
        ok = insert_check_writable(a, insert, c, SIZE_MAX) &&
             expr_coerce(&x, &e, &c->type, COERCE_ASSIGN, SIZE_MAX);
        buf_add_str(out, i == 0 ? STR(" (") : STR(", "));
        quote_ident(out, c->name);
        buf_add_str(&values, i > 0 ? STR(", ") : STR(""));
        if (is_rowid)
            apply_write_not_null(&values, table, c, e.sql);
        else
            buf_add_str(&values, e.sql);
    }
    for (uint32_t i = 0; i < table->column_count && ok && table->rowid_pk; i++) {
        const struct model_column *c = &table->columns[i];

        if (table->keys[0].columns[0] != i || insert_is_named(insert, query->column_count, i))
            continue;
        if (c->default_sqlite.len == 0) {
            ok = insert_fail_null(a, table, c, SIZE_MAX);
            break;
        }
        BUF_ADD_LIT(out, ", ");
        quote_ident(out, c->name);
        buf_printf(&values, ", %.*s", STR_ARG(c->default_sqlite));
    }
    buf_printf(out, ") SELECT %.*s FROM (WITH cairn_rows(", STR_ARG(buf_str(&values)));
    for (uint32_t i = 0; i < query->column_count; i++)
        buf_printf(out, "%sc%u", i > 0 ? ", " : "", i);
    /* WHERE keeps SQLite from reading ON CONFLICT as a join's ON. */
    buf_printf(out, ") AS (%.*s) SELECT * FROM cairn_rows) WHERE true", STR_ARG(query->sql));
    buf_fini(&values);
    return ok;
}

/* The columns that the statement leaves out, which then get their defaults. */
static void
name_others(struct insert *insert, uint32_t named)
{
    insert->column_count = named;
    for (uint32_t i = 0; i < insert->table->column_count; i++) {
        if (!insert_is_named(insert, named, i))
            insert->columns[insert->column_count++] = i;
    }
}

/* For the privileges that it needs. */
static void
note_columns(struct apply *a, const struct insert *insert, uint32_t count)
{
    if (a->marks == NULL)
        return;
    a->marks->set_columns = ARENA_ARRAY(a->tmp, struct str, count + 1);
    a->marks->set_count = count;
    for (uint32_t i = 0; i < count; i++)
        a->marks->set_columns[i] =
            view_target_name(a, insert->table, &insert->table->columns[insert->columns[i]]);
}

/* The rows that the query gives, with the defaults of what it leaves out. */
static bool
write_checked_select(struct apply *a, struct insert *insert, const struct query *query,
                     struct buf *out)
{
    const struct model_table *table = insert->table;
    struct expr_context x = {.a = a};
    const char *separator = "SELECT ";
    struct buf rows;
    struct buf with;
    bool ok = true;

    name_others(insert, query->column_count);
    apply_buf(&rows);
    apply_buf(&with);
    for (uint32_t i = 0; i < insert->column_count && ok; i++) {
        const struct model_column *c = &table->columns[insert->columns[i]];
        struct str place = arena_printf(a->tmp, "column \"%.*s\"", STR_ARG(c->name));
        struct str left_out = view_target_default(a, table, c);
        struct expr e = {.sql = left_out.len > 0 ? left_out : STR("NULL")};

        x.place = place.data;
        if (i < query->column_count) {
            e = (struct expr){.sql = arena_printf(a->tmp, "c%u", i),
                              .pg = STR("c"),
                              .type = query->columns[i].type};
            ok = insert_check_writable(a, insert, c, SIZE_MAX) &&
                 expr_coerce(&x, &e, &c->type, COERCE_ASSIGN, SIZE_MAX);
        } else if (c->is_generated) {
            continue;
        }
        buf_printf(&rows, "%s%.*s", separator, STR_ARG(e.sql));
        separator = ", ";
    }
    BUF_ADD_LIT(&rows, " FROM cairn_rows");
    BUF_ADD_LIT(&with, "cairn_rows(");
    for (uint32_t i = 0; i < query->column_count; i++)
        buf_printf(&with, "%sc%u", i > 0 ? ", " : "", i);
    buf_printf(&with, ") AS (%.*s), ", STR_ARG(query->sql));
    checked_write_insert(a, table, buf_str(&with), insert->columns, insert->column_count,
                         buf_str(&rows), out);
    buf_fini(&rows);
    buf_fini(&with);
    return ok;
}

bool
insert_translate_select(struct expr_context *x, struct insert *insert, const struct json *select,
                        struct buf *out)
{
    struct apply *a = x->a;
    struct query query = {0};
    struct type *types = ARENA_ARRAY(a->tmp, struct type, insert->column_count);

    for (uint32_t i = 0; i < insert->column_count; i++)
        types[i] = insert->table->columns[insert->columns[i]].type;
    x->into = types;
    x->into_count = insert->column_count;
    if (!query_translate(x, select, &query))
        return false;
    x->into = NULL;
    if (query.column_count > insert->column_count)
        return apply_fail(a, SIZE_MAX, "42601", NULL,
                          "INSERT has more expressions than target columns");
    if (query.column_count < insert->column_count && pg_count(insert->body, "cols") > 0)
        return apply_fail(a, SIZE_MAX, "42601", NULL,
                          "INSERT has more target columns than expressions");
    note_columns(a, insert, query.column_count);
    return checked_is_needed(a, insert->table) ? write_checked_select(a, insert, &query, out)
                                               : write_select(a, insert, &query, out);
}

/* --- in the body of a function ---------------------------------------------------------------- */

/* One cell, or what the column gets by itself; *used is false when SQLite computes it. */
static bool
write_cell(struct expr_context *x, struct insert *insert, uint32_t column, const struct json *node,
           bool *used, struct buf *out)
{
    const struct model_table *table = insert->table;
    const struct model_column *c = &table->columns[column];
    struct str place = arena_printf(x->a->tmp, "column \"%.*s\"", STR_ARG(c->name));
    bool is_rowid = table->rowid_pk && table->keys[0].columns[0] == column;
    bool is_identity = c->is_identity_always || (c->sequence.len > 0 && c->default_sql.len == 0);
    struct str left_out = view_target_default(x->a, table, c);
    struct expr e;

    *used = !c->is_generated;
    if (node == NULL || pg_as(node, "SetToDefault") != NULL ||
        (insert->overriding_user && is_identity)) {
        buf_add_str(out, c->is_generated    ? STR("")
                         : left_out.len > 0 ? left_out
                         : is_rowid         ? STR("")
                                            : STR("NULL"));
        return !is_rowid || left_out.len > 0 || insert_fail_null(x->a, table, c, SIZE_MAX);
    }
    x->place = place.data;
    if (!insert_check_writable(x->a, insert, c, pg_location(pg_body(node))) ||
        !expr_translate(x, node, &e) ||
        !expr_coerce(x, &e, &c->type, COERCE_ASSIGN, pg_location(pg_body(node))))
        return false;
    if (is_rowid && !checked_is_needed(x->a, table))
        apply_write_not_null(out, table, c, e.sql);
    else
        buf_add_str(out, e.sql);
    return true;
}

static bool
write_row(struct expr_context *x, struct insert *insert, const struct json *items, struct buf *out)
{
    const char *separator = "(";
    uint32_t n = 0;

    for (; items != NULL; items = items->next, n++) {
        bool used = false;
        struct buf cell;
        bool ok;

        if (n == insert->column_count)
            return apply_fail(x->a, pg_location(pg_body(items)), "42601", NULL,
                              "INSERT has more expressions than target columns");
        apply_buf(&cell);
        ok = write_cell(x, insert, insert->columns[n], items, &used, &cell);
        if (ok && used) {
            buf_printf(out, "%s%.*s", separator, STR_ARG(buf_str(&cell)));
            separator = ", ";
        }
        buf_fini(&cell);
        if (!ok)
            return false;
    }
    for (; n < insert->column_count; n++) {
        bool used = false;

        if (insert->table->columns[insert->columns[n]].is_generated)
            continue;
        buf_printf(out, "%s", separator);
        separator = ", ";
        if (!write_cell(x, insert, insert->columns[n], NULL, &used, out))
            return false;
    }
    buf_add_char(out, ')');
    return true;
}

/* SQLite does not ask for the default of its row id: the statement names it. */
static void
name_row_id(struct insert *insert)
{
    const struct model_table *table = insert->table;

    if (table->rowid_pk &&
        !insert_is_named(insert, insert->column_count, table->keys[0].columns[0]))
        insert->columns[insert->column_count++] = table->keys[0].columns[0];
}

/* (1, 2), (3, 4) */
static bool
write_rows(struct expr_context *x, struct insert *insert, const struct json *select, uint32_t named,
           struct buf *out)
{
    bool ok = true;

    if (select == NULL)
        return write_row(x, insert, NULL, out);
    for (const struct json *n = pg_first(select, "valuesLists"); n != NULL && ok; n = n->next) {
        uint32_t count = 0;

        for (const struct json *item = pg_items(n); item != NULL; item = item->next)
            count++;
        if (count < named && pg_count(insert->body, "cols") > 0)
            return apply_fail(x->a, SIZE_MAX, "42601", NULL,
                              "INSERT has more target columns than expressions");
        if (n == pg_first(select, "valuesLists"))
            note_columns(x->a, insert, count < named ? count : named);
        else
            BUF_ADD_LIT(out, ", ");
        ok = write_row(x, insert, pg_items(n), out);
    }
    return ok;
}

static bool
write_checked_values(struct expr_context *x, struct insert *insert, const struct json *select,
                     struct buf *out)
{
    uint32_t named = insert->column_count;
    struct buf rows;
    bool ok;

    name_others(insert, named);
    apply_buf(&rows);
    BUF_ADD_LIT(&rows, "VALUES ");
    ok = write_rows(x, insert, select, named, &rows);
    checked_write_insert(x->a, insert->table, STR_NULL, insert->columns, insert->column_count,
                         buf_str(&rows), out);
    buf_fini(&rows);
    return ok;
}

static bool
write_values(struct expr_context *x, struct insert *insert, const struct json *select,
             struct buf *out)
{
    const struct model_table *table = insert->table;
    const char *separator = " (";
    uint32_t named = insert->column_count;

    name_row_id(insert);
    BUF_ADD_LIT(out, "INSERT INTO ");
    quote_ident(out, table->sqlite_name);
    for (uint32_t i = 0; i < insert->column_count; i++) {
        if (table->columns[insert->columns[i]].is_generated)
            continue;
        buf_printf(out, "%s", separator);
        separator = ", ";
        quote_ident(out, table->columns[insert->columns[i]].name);
    }
    if (select == NULL && insert->column_count == 0) {
        BUF_ADD_LIT(out, " DEFAULT VALUES");
        return true;
    }
    BUF_ADD_LIT(out, ") VALUES ");
    return write_rows(x, insert, select, named, out);
}

bool
insert_translate(struct expr_context *x, const struct json *body, struct model_table *table,
                 struct buf *out)
{
    const struct json *select = pg_as(pg_get(body, "selectStmt"), "SelectStmt");
    struct insert insert = {
        .body = body,
        .table = table,
        .overriding_system = pg_is(body, "override", "OVERRIDING_SYSTEM_VALUE"),
        .overriding_user = pg_is(body, "override", "OVERRIDING_USER_VALUE"),
    };
    bool is_values = pg_count(select, "valuesLists") > 0 && pg_count(select, "sortClause") == 0 &&
                     pg_get(select, "limitCount") == NULL &&
                     pg_get(select, "limitOffset") == NULL && pg_get(select, "withClause") == NULL;
    bool ok;

    if (!insert_read_columns(x->a, &insert))
        return false;
    if (select == NULL)
        insert.column_count = 0;
    if (select != NULL && !is_values)
        ok = insert_translate_select(x, &insert, select, out);
    else if (checked_is_needed(x->a, table))
        ok = write_checked_values(x, &insert, select, out);
    else
        ok = write_values(x, &insert, select, out);
    return ok && insert_write_conflict(x->a, &insert, out);
}
