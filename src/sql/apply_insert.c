/* SPDX-License-Identifier: Apache-2.0 */
/* INSERT. Rows of literals are values, and go through the batch; all else is translated. */
#include "sql/insert.h"

#include "sql/checked.h"
#include "sql/ddl.h"
#include "sql/quote.h"

/* --- cells ------------------------------------------------------------------------------------ */

bool
insert_fail_null(struct apply *a, const struct model_table *table,
                 const struct model_column *column, size_t location)
{
    return apply_fail(a, location, "23502", NULL,
                      "null value in column \"%.*s\" of relation \"%.*s\" violates not-null "
                      "constraint",
                      STR_ARG(column->name), STR_ARG(table->name));
}

/* What the column's default gives; false when there is no cell, because SQLite computes it. */
static bool
default_cell(const struct model_column *column, struct batch_cell *cell)
{
    if (column->is_generated)
        return false;
    cell->value = (struct value){.kind = VALUE_NULL};
    cell->expression = column->default_sqlite;
    return true;
}

/* A literal that the column's input function takes as it stands: most of what a dump holds. */
static bool
is_plain_literal(const struct pg_const *c, const struct type *type)
{
    bool is_int = type_is_int(type);

    if (c->kind == PG_STRING)
        return true;
    if (c->kind == PG_INT)
        return is_int || type->id == TYPE_NUMERIC || type->id == TYPE_FLOAT4 ||
               type->id == TYPE_FLOAT8;
    return c->kind == PG_FLOAT &&
           (type->id == TYPE_NUMERIC || type->id == TYPE_FLOAT4 || type->id == TYPE_FLOAT8);
}

static bool
literal_cell(struct apply *a, const struct json *body, const struct type *type, bool *done,
             struct value *out)
{
    struct pg_const c = pg_const(&a->tree, body);

    *done = true;
    if (c.kind == PG_NULL) {
        *out = (struct value){.kind = VALUE_NULL};
        return true;
    }
    if (is_plain_literal(&c, type)) {
        if (type_input(type, c.text, a->tmp, out, a->err))
            return true;
        return apply_fail_value(a, pg_location(body));
    }
    *done = false;
    return true;
}

static bool
value_cell(struct apply *a, struct insert *insert, const struct json *node, struct batch_cell *cell)
{
    const struct model_column *column = &insert->table->columns[cell->column];
    const struct json *literal = pg_as(node, "A_Const");
    struct str place;
    struct expr_context x = {.a = a, .marks = a->marks, .allow_query = true};
    struct expr e;
    bool done = false;

    if (literal != NULL && !literal_cell(a, literal, &column->type, &done, &cell->value))
        return false;
    if (done)
        return true;
    place = arena_printf(a->tmp, "column \"%.*s\"", STR_ARG(column->name));
    x.place = place.data;
    if (!expr_translate(&x, node, &e) ||
        !expr_coerce(&x, &e, &column->type, COERCE_ASSIGN, pg_location(pg_body(node))))
        return false;
    if (e.is_const) {
        cell->value = e.value;
    } else {
        cell->expression = e.sql;
        insert->has_expression = true;
    }
    return true;
}

/* Whether the statement may give the column a value of its own. */
bool
insert_check_writable(struct apply *a, const struct insert *insert,
                      const struct model_column *column, size_t location)
{
    if (column->is_generated)
        return apply_fail(a, location, "428C9", "write DEFAULT, or leave the column out",
                          "cannot insert a non-DEFAULT value into column \"%.*s\"",
                          STR_ARG(column->name));
    if (column->is_identity_always && !insert->overriding_system)
        return apply_fail(a, location, "428C9", "use OVERRIDING SYSTEM VALUE to override",
                          "cannot insert a non-DEFAULT value into column \"%.*s\"",
                          STR_ARG(column->name));
    return true;
}

/* One named column; *used is false when SQLite computes it. */
static bool
make_cell(struct apply *a, struct insert *insert, uint32_t column, const struct json *node,
          struct batch_cell *cell, bool *used)
{
    const struct model_column *c = &insert->table->columns[column];
    bool is_identity = c->is_identity_always || (c->sequence.len > 0 && c->default_sql.len == 0);

    *cell = (struct batch_cell){.column = column};
    *used = true;
    if (pg_as(node, "SetToDefault") != NULL || (insert->overriding_user && is_identity)) {
        *used = default_cell(c, cell);
    } else if (!insert_check_writable(a, insert, c, pg_location(pg_body(node))) ||
               !value_cell(a, insert, node, cell)) {
        return false;
    }
    if (*used && c->not_null && cell->expression.len == 0 && cell->value.kind == VALUE_NULL)
        return insert_fail_null(a, insert->table, c, pg_location(pg_body(node)));
    return true;
}

bool
insert_is_named(const struct insert *insert, uint32_t count, uint32_t column)
{
    for (uint32_t i = 0; i < count; i++) {
        if (insert->columns[i] == column)
            return true;
    }
    return false;
}

/* The columns that the row leaves out. SQLite knows their defaults, except of its row id. */
static bool
add_omitted(struct apply *a, struct insert *insert, uint32_t named, uint32_t *count)
{
    const struct model_table *table = insert->table;

    for (uint32_t i = 0; i < table->column_count; i++) {
        const struct model_column *c = &table->columns[i];
        bool is_rowid = table->rowid_pk && table->keys[0].columns[0] == i;

        if (c->is_generated || insert_is_named(insert, named, i))
            continue;
        if (c->default_sqlite.len == 0 && c->not_null)
            return insert_fail_null(a, table, c, SIZE_MAX);
        if (is_rowid)
            insert->cells[(*count)++] =
                (struct batch_cell){.column = i, .expression = c->default_sqlite};
    }
    return true;
}

static bool
add_row(struct apply *a, struct insert *insert, const struct json *items, size_t at)
{
    uint32_t named = 0;
    uint32_t count = 0;

    insert->has_expression = false;
    for (const struct json *n = items; n != NULL; n = n->next, named++) {
        bool used = false;

        if (named == insert->column_count)
            return apply_fail(a, pg_location(pg_body(n)), "42601", NULL,
                              "INSERT has more expressions than target columns");
        if (!make_cell(a, insert, insert->columns[named], n, &insert->cells[count], &used))
            return false;
        count += used;
    }
    if (named < insert->column_count && pg_count(insert->body, "cols") > 0)
        return apply_fail(a, SIZE_MAX, "42601", NULL,
                          "INSERT has more target columns than expressions");
    if (!add_omitted(a, insert, named, &count))
        return false;
    /* An expression may read other tables, and rows that still wait. */
    if (insert->has_expression && (!batch_flush(a) || !ddl_flush(a)))
        return false;
    return batch_add(a, insert->table, insert->cells, count, insert->suffix, at);
}

/* --- ON CONFLICT ------------------------------------------------------------------------------ */

static bool
write_conflict_target(struct expr_context *x, struct insert *insert, const struct scope_item *item,
                      const struct json *infer, struct buf *out)
{
    const struct model_table *table = insert->table;
    struct str name = pg_str(infer, "conname");
    const char *separator = " (";
    struct apply *a = x->a;

    if (infer == NULL)
        return true;
    if (pg_get(infer, "whereClause") != NULL)
        return apply_refuse(a, SIZE_MAX, "WHERE in a conflict target");
    if (name.len > 0) {
        for (uint32_t k = 0; k < table->key_count; k++) {
            const struct model_key *key = &table->keys[k];

            if (!str_eq(key->name, name))
                continue;
            for (uint32_t i = 0; i < key->column_count; i++, separator = ", ") {
                buf_printf(out, "%s", separator);
                quote_ident(out, table->columns[key->columns[i]].name);
                marks_add_column(x, item,
                                 view_target_name(a, table, &table->columns[key->columns[i]]));
            }
            buf_add_char(out, ')');
            return true;
        }
        return apply_fail(a, SIZE_MAX, "42704", NULL,
                          "constraint \"%.*s\" for table \"%.*s\" does not exist", STR_ARG(name),
                          STR_ARG(table->name));
    }
    for (const struct json *n = pg_first(infer, "indexElems"); n != NULL; n = n->next) {
        const struct json *element = pg_as(n, "IndexElem");
        uint32_t column = 0;

        if (pg_str(element, "name").len == 0)
            return apply_refuse(a, SIZE_MAX, "an expression in a conflict target");
        if (!view_target_column(a, table, pg_str(element, "name"), SIZE_MAX, &column))
            return false;
        buf_printf(out, "%s", separator);
        quote_ident(out, table->columns[column].name);
        marks_add_column(x, item, pg_str(element, "name"));
        separator = ", ";
    }
    buf_add_char(out, ')');
    return true;
}

static bool
write_conflict_where(struct expr_context *x, const struct insert *insert, const struct json *node,
                     struct buf *out)
{
    struct expr e = {0};

    if (!checked_is_needed(x->a, insert->table))
        return apply_write_where(x, node, out);
    if (node != NULL && !expr_condition(x, node, "WHERE", &e))
        return false;
    checked_write_found(x->a, insert->table, e.sql, out);
    return true;
}

bool
insert_write_conflict(struct apply *a, struct insert *insert, struct buf *out)
{
    const struct json *clause = pg_get(insert->body, "onConflictClause");
    const struct json *range = pg_get(insert->body, "relation");
    struct scope scope = {0};
    struct expr_context x = {.a = a, .marks = a->marks, .scope = &scope, .allow_query = true};
    struct scope_item *item;

    if (clause == NULL)
        return true;
    item = view_target_scope(a, &scope, insert->table, pg_str(pg_get(range, "alias"), "aliasname"));
    item->is_unqualified = true;
    BUF_ADD_LIT(out, " ON CONFLICT");
    if (!write_conflict_target(&x, insert, item, pg_get(clause, "infer"), out))
        return false;
    if (!pg_is(clause, "action", "ONCONFLICT_UPDATE")) {
        BUF_ADD_LIT(out, " DO NOTHING");
        return true;
    }
    item = view_target_scope(a, &scope, insert->table, STR("excluded"));
    item->target = NULL;
    item->is_hidden = true;
    BUF_ADD_LIT(out, " DO UPDATE");
    if (!apply_write_set(&x, insert->table, pg_first(clause, "targetList"),
                         insert->table->sqlite_name, true, out))
        return false;
    return write_conflict_where(&x, insert, pg_get(clause, "whereClause"), out);
}

/* --- INSERT ... SELECT ------------------------------------------------------------------------ */

static bool
insert_select(struct apply *a, struct insert *insert, const struct json *select)
{
    struct scope scope = {0};
    struct expr_context x = {.a = a, .scope = &scope, .allow_query = true, .place = "INSERT"};
    struct buf sql;
    bool ok;

    if (!batch_flush(a) || !ddl_flush(a))
        return false;
    apply_buf(&sql);
    ok = query_with(&x, pg_get(insert->body, "withClause"), &sql) &&
         insert_translate_select(&x, insert, select, &sql);
    buf_add_str(&sql, insert->suffix);
    return apply_write_if(a, ok, insert->table, &sql);
}

/* --- the statement ---------------------------------------------------------------------------- */

bool
insert_read_columns(struct apply *a, struct insert *insert)
{
    const struct model_table *table = insert->table;
    uint32_t n = 0;

    insert->columns =
        ARENA_ARRAY(a->tmp, uint32_t, table->column_count + pg_count(insert->body, "cols"));
    insert->cells = ARENA_ARRAY(a->tmp, struct batch_cell, table->column_count);
    for (const struct json *c = pg_first(insert->body, "cols"); c != NULL; c = c->next) {
        const struct json *target = pg_as(c, "ResTarget");

        if (pg_count(target, "indirection") > 0)
            return apply_refuse(a, pg_location(target), "parts of a column");
        if (!view_target_column(a, table, pg_str(target, "name"), pg_location(target),
                                &insert->columns[n]))
            return false;
        if (insert_is_named(insert, n, insert->columns[n]))
            return apply_fail(a, pg_location(target), "42701", NULL,
                              "column \"%.*s\" specified more than once",
                              STR_ARG(pg_str(target, "name")));
        n++;
    }
    insert->column_count = n > 0 ? n : view_target_columns(a, table, insert->columns);
    return true;
}

bool
apply_insert(struct apply *a, const struct json *body)
{
    const struct json *range = pg_get(body, "relation");
    const struct json *select = pg_as(pg_get(body, "selectStmt"), "SelectStmt");
    struct insert insert = {
        .body = body,
        .overriding_system = pg_is(body, "override", "OVERRIDING_SYSTEM_VALUE"),
        .overriding_user = pg_is(body, "override", "OVERRIDING_USER_VALUE"),
    };
    struct buf suffix;
    bool ok;

    if (view_write_is(a, range))
        return view_write(a, body, VIEW_INSERT);
    if (pg_count(body, "returningList") > 0)
        return apply_refuse(a, SIZE_MAX, "RETURNING in a migration");
    if (!apply_need_table(a, apply_range_name(range), pg_location(range), &insert.table) ||
        !insert_read_columns(a, &insert) || !ddl_flush_table(a, insert.table))
        return false;
    ddl_written(a, insert.table);
    apply_buf(&suffix);
    ok = insert_write_conflict(a, &insert, &suffix);
    insert.suffix = apply_take(a->tmp, &suffix);
    if (!ok)
        return false;
    if (select == NULL) {
        insert.column_count = 0;
        return add_row(a, &insert, NULL, a->at);
    }
    if (pg_count(select, "valuesLists") == 0 || pg_count(select, "sortClause") > 0 ||
        pg_get(select, "limitCount") != NULL || pg_get(select, "limitOffset") != NULL ||
        pg_get(select, "withClause") != NULL || pg_get(body, "withClause") != NULL)
        return insert_select(a, &insert, select);
    for (const struct json *n = pg_first(select, "valuesLists"); n != NULL; n = n->next) {
        const struct json *first = pg_items(n);
        size_t location = pg_location(pg_body(first));

        if (!add_row(a, &insert, first,
                     location != SIZE_MAX && n != pg_first(select, "valuesLists")
                         ? a->base + location
                         : a->at))
            return false;
    }
    return true;
}
