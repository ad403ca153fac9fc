/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UPDATE, DELETE and TRUNCATE.
 *
 * Foreign keys are off while a migration runs and checked in the end, so what a key does when the
 * row it points to goes is done here.
 */
#include "sql/apply.h"
#include "sql/body.h"
#include "sql/checked.h"
#include "sql/ddl.h"
#include "sql/expr.h"
#include "sql/quote.h"

bool
apply_run_if(struct apply *a, bool ok, struct buf *sql)
{
    struct str text = apply_take(a->tmp, sql);

    return ok && apply_run(a, a->at, text);
}

bool
apply_write_if(struct apply *a, bool ok, const struct model_table *target, struct buf *sql)
{
    struct str text = apply_take(a->tmp, sql);

    return ok && apply_run_on(a, a->at, target, text);
}

bool
apply_write_where(struct expr_context *x, const struct json *node, struct buf *out)
{
    struct expr e;

    if (node == NULL)
        return true;
    if (pg_as(node, "CurrentOfExpr") != NULL)
        return apply_refuse(x->a, SIZE_MAX, "WHERE CURRENT OF");
    if (!expr_condition(x, node, "WHERE", &e))
        return false;
    buf_printf(out, " WHERE %.*s", STR_ARG(e.sql));
    return true;
}

/* The expression of one assignment; (a, b) = (1, 2) comes as two that share their source. */
static const struct json *
assigned_value(const struct json *value)
{
    const struct json *multi = pg_as(value, "MultiAssignRef");
    const struct json *row = pg_as(pg_get(multi, "source"), "RowExpr");
    int64_t number = json_get_i64(multi, "colno", 1);
    const struct json *arg = pg_first(row, "args");

    if (multi == NULL)
        return value;
    while (arg != NULL && --number > 0)
        arg = arg->next;
    return arg;
}

static bool
read_assignment(struct expr_context *x, const struct model_table *table, const struct json *target,
                struct write_value *out)
{
    const struct json *value = assigned_value(pg_get(target, "val"));
    size_t at = pg_location(target);
    const struct model_column *c;
    uint32_t column = 0;
    struct str place;
    struct expr e;

    if (pg_count(target, "indirection") > 0 || value == NULL)
        return apply_refuse(x->a, at, "this assignment");
    if (!view_target_column(x->a, table, pg_str(target, "name"), at, &column))
        return false;
    c = &table->columns[column];
    *out = (struct write_value){.column = c};
    if (pg_as(value, "SetToDefault") != NULL && !c->is_generated) {
        out->sql = view_target_default(x->a, table, c);
        out->sql = out->sql.len > 0 ? out->sql : STR("NULL");
        return true;
    }
    if (c->is_generated || c->is_identity_always)
        return apply_fail(x->a, at, "428C9", NULL, "column \"%.*s\" can only be updated to DEFAULT",
                          STR_ARG(c->name));
    place = arena_printf(x->a->tmp, "column \"%.*s\"", STR_ARG(c->name));
    x->place = place.data;
    if (!expr_translate(x, value, &e) || !expr_coerce(x, &e, &c->type, COERCE_ASSIGN, at))
        return false;
    if (c->not_null && e.is_const && e.value.kind == VALUE_NULL)
        return apply_fail(x->a, at, "23502", NULL,
                          "null value in column \"%.*s\" of relation \"%.*s\" violates not-null "
                          "constraint",
                          STR_ARG(c->name), STR_ARG(table->name));
    out->sql = e.sql;
    out->fails_null = table->rowid_pk && table->keys[0].columns[0] == column && !e.is_const;
    return true;
}

void
apply_write_not_null(struct buf *out, const struct model_table *table,
                     const struct model_column *column, struct str sql)
{
    struct buf message;

    apply_buf(&message);
    buf_printf(&message,
               "null value in column \"%.*s\" of relation \"%.*s\" violates not-null constraint",
               STR_ARG(column->name), STR_ARG(table->name));
    buf_printf(out, "coalesce(%.*s, cairn_raise('23502', ", STR_ARG(sql));
    quote_text(out, buf_str(&message));
    BUF_ADD_LIT(out, ", NULL))");
    buf_fini(&message);
}

static bool
read_assignments(struct expr_context *x, const struct model_table *table, const struct json *first,
                 struct write_value *values, uint32_t *count)
{
    for (const struct json *n = first; n != NULL; n = n->next) {
        struct str name = pg_str(pg_as(n, "ResTarget"), "name");

        for (const struct json *m = first; m != n; m = m->next) {
            if (str_eq(pg_str(pg_as(m, "ResTarget"), "name"), name))
                return apply_fail(x->a, pg_location(pg_body(n)), "42601", NULL,
                                  "multiple assignments to same column \"%.*s\"", STR_ARG(name));
        }
        if (!read_assignment(x, table, pg_as(n, "ResTarget"), &values[(*count)++]))
            return false;
    }
    return true;
}

static void
write_plain_set(const struct model_table *table, const struct write_value *values, uint32_t count,
                struct buf *out)
{
    for (uint32_t i = 0; i < count; i++) {
        buf_add_str(out, i == 0 ? STR(" SET ") : STR(", "));
        quote_ident(out, values[i].column->name);
        BUF_ADD_LIT(out, " = ");
        if (values[i].fails_null)
            apply_write_not_null(out, table, values[i].column, values[i].sql);
        else
            buf_add_str(out, values[i].sql);
    }
}

bool
apply_write_set(struct expr_context *x, const struct model_table *table, const struct json *first,
                struct str alias, bool is_upsert, struct buf *out)
{
    struct write_value *values = NULL;
    struct str *names = NULL;
    uint32_t room = 1;
    uint32_t count = 0;

    for (const struct json *n = first; n != NULL; n = n->next)
        room++;
    values = ARENA_ARRAY(x->a->tmp, struct write_value, room);
    if (!read_assignments(x, table, first, values, &count))
        return false;
    if (checked_is_needed(x->a, table))
        checked_write_set(x->a, table, alias, values, count, out);
    else
        write_plain_set(table, values, count, out);
    if (x->marks == NULL)
        return true;
    names = ARENA_ARRAY(x->a->tmp, struct str, room);
    for (uint32_t i = 0; i < count; i++)
        names[i] = view_target_name(x->a, table, values[i].column);
    if (is_upsert) {
        x->marks->merge_columns = names;
        x->marks->merge_count = count;
    } else {
        x->marks->set_columns = names;
        x->marks->set_count = count;
    }
    return true;
}

static bool
check_clauses(struct apply *a, const struct json *body)
{
    if (pg_count(body, "returningList") > 0)
        return apply_refuse(a, SIZE_MAX, "RETURNING in a migration");
    return true;
}

static void
write_target(struct buf *out, const struct model_table *table, const struct scope_item *item)
{
    quote_ident(out, table->sqlite_name);
    BUF_ADD_LIT(out, " AS ");
    quote_ident(out, item->alias);
}

/* --- UPDATE ----------------------------------------------------------------------------------- */

/* Whether the statement sets one of the key's columns. */
static bool
sets_key(struct apply *a, const struct model_table *table, const struct model_foreign_key *key,
         const struct json *targets)
{
    for (const struct json *n = targets; n != NULL; n = n->next) {
        struct str name = pg_str(pg_as(n, "ResTarget"), "name");

        for (uint32_t i = 0; i < key->column_count; i++) {
            const struct model_column *column = model_find_column(table, key->ref_columns[i]);

            if (column != NULL && str_eq(view_target_name(a, table, column), name))
                return true;
        }
    }
    return false;
}

bool
update_check_references(struct apply *a, const struct model_table *table,
                        const struct json *targets)
{
    for (uint32_t t = 0; t < a->model->table_count; t++) {
        const struct model_table *other = &a->model->tables[t];

        for (uint32_t k = 0; k < other->foreign_key_count; k++) {
            const struct model_foreign_key *key = &other->foreign_keys[k];

            if (!str_eq(key->ref_table, table->name) || !str_eq(key->ref_schema, table->schema) ||
                key->on_update == MODEL_NO_ACTION || key->on_update == MODEL_RESTRICT ||
                !sets_key(a, table, key, targets))
                continue;
            return apply_fail(
                a, SIZE_MAX, "0A000", "drop the constraint, write both sides, add it again",
                "constraint \"%.*s\" on table \"%.*s\" would have to update its rows, "
                "which a migration on the embedded engine can't",
                STR_ARG(key->name), STR_ARG(other->name));
        }
    }
    return true;
}

/* The condition, and in a function's body what its caller may change. */
static bool
write_condition(struct expr_context *x, const struct json *node, const struct model_table *table,
                const struct scope_item *item, struct buf *out)
{
    if (!apply_write_where(x, node, out))
        return false;
    if (x->a->marks == NULL)
        return true;
    if (node == NULL)
        BUF_ADD_LIT(out, " WHERE true");
    table = x->a->view != NULL ? x->a->view : table;
    body_write_target(out, table->schema, table->name, item->alias);
    return true;
}

bool
update_translate(struct expr_context *x, const struct json *body, struct model_table *table,
                 struct buf *out)
{
    const struct json *alias = pg_get(pg_get(body, "relation"), "alias");
    const struct json *from = pg_first(body, "fromClause");
    struct scope_item *item = view_target_scope(x->a, x->scope, table, pg_str(alias, "aliasname"));
    struct buf tables;
    bool ok;

    apply_buf(&tables);
    ok = query_from(x, from, &tables);
    BUF_ADD_LIT(out, "UPDATE ");
    write_target(out, table, item);
    ok = ok && apply_write_set(x, table, pg_first(body, "targetList"), item->alias, false, out);
    x->place = "UPDATE";
    if (from != NULL)
        buf_printf(out, " FROM %.*s", STR_ARG(buf_str(&tables)));
    buf_fini(&tables);
    return ok && write_condition(x, pg_get(body, "whereClause"), table, item, out);
}

bool
apply_update(struct apply *a, const struct json *body)
{
    const struct json *range = pg_get(body, "relation");
    struct scope scope = {0};
    struct expr_context x = {.a = a, .scope = &scope, .allow_query = true, .place = "UPDATE"};
    struct model_table *table;
    struct buf sql;
    bool ok;

    if (view_write_is(a, range))
        return view_write(a, body, VIEW_UPDATE);
    if (!check_clauses(a, body) ||
        !apply_need_table(a, apply_range_name(range), pg_location(range), &table) ||
        !update_check_references(a, table, pg_first(body, "targetList")) || !ddl_flush(a))
        return false;
    ddl_written(a, table);
    apply_buf(&sql);
    ok =
        query_with(&x, pg_get(body, "withClause"), &sql) && update_translate(&x, body, table, &sql);
    return apply_write_if(a, ok, table, &sql);
}

/* --- DELETE ----------------------------------------------------------------------------------- */

/* The rows of other whose key points to nothing. */
static void
write_orphans(struct buf *out, const struct model_table *table, const struct model_table *other,
              const struct model_foreign_key *key)
{
    BUF_ADD_LIT(out, " WHERE ");
    for (uint32_t i = 0; i < key->column_count; i++) {
        quote_ident(out, other->columns[key->columns[i]].name);
        BUF_ADD_LIT(out, " IS NOT NULL AND ");
    }
    BUF_ADD_LIT(out, "NOT EXISTS (SELECT 1 FROM ");
    quote_ident(out, table->sqlite_name);
    BUF_ADD_LIT(out, " AS cairn_parent");
    for (uint32_t i = 0; i < key->column_count; i++) {
        buf_add_str(out, i == 0 ? STR(" WHERE cairn_parent.") : STR(" AND cairn_parent."));
        quote_ident(out, key->ref_columns[i]);
        BUF_ADD_LIT(out, " = ");
        quote_ident(out, other->sqlite_name);
        buf_add_char(out, '.');
        quote_ident(out, other->columns[key->columns[i]].name);
    }
    buf_add_char(out, ')');
}

static void
write_reset(struct buf *out, const struct model_table *other, const struct model_foreign_key *key)
{
    BUF_ADD_LIT(out, "UPDATE ");
    quote_ident(out, other->sqlite_name);
    for (uint32_t i = 0; i < key->column_count; i++) {
        const struct model_column *c = &other->columns[key->columns[i]];
        bool has_default = key->on_delete == MODEL_SET_DEFAULT && c->default_sqlite.len > 0;

        buf_add_str(out, i == 0 ? STR(" SET ") : STR(", "));
        quote_ident(out, c->name);
        BUF_ADD_LIT(out, " = ");
        buf_add_str(out, has_default ? c->default_sqlite : STR("NULL"));
    }
}

bool
delete_cascade(struct apply *a, const struct model_table *table, uint32_t depth)
{
    for (uint32_t t = 0; t < a->model->table_count; t++) {
        const struct model_table *other = &a->model->tables[t];

        for (uint32_t k = 0; k < other->foreign_key_count; k++) {
            const struct model_foreign_key *key = &other->foreign_keys[k];
            struct buf sql;

            if (!str_eq(key->ref_table, table->name) || !str_eq(key->ref_schema, table->schema) ||
                key->on_delete == MODEL_NO_ACTION || key->on_delete == MODEL_RESTRICT)
                continue;
            if (other == table || depth > 16)
                return apply_fail(a, SIZE_MAX, "0A000", "delete the rows that point to it first",
                                  "constraint \"%.*s\" on table \"%.*s\" would have to follow a "
                                  "circle, which a migration on the embedded engine can't",
                                  STR_ARG(key->name), STR_ARG(other->name));
            ddl_written(a, other);
            apply_buf(&sql);
            if (key->on_delete == MODEL_CASCADE) {
                BUF_ADD_LIT(&sql, "DELETE FROM ");
                quote_ident(&sql, other->sqlite_name);
            } else {
                write_reset(&sql, other, key);
            }
            write_orphans(&sql, table, other, key);
            if (!apply_run_if(a, true, &sql) ||
                (key->on_delete == MODEL_CASCADE && !delete_cascade(a, other, depth + 1)))
                return false;
        }
    }
    return true;
}

bool
delete_translate(struct expr_context *x, const struct json *body, struct model_table *table,
                 struct buf *out)
{
    const struct json *alias = pg_get(pg_get(body, "relation"), "alias");
    const struct json *using = pg_first(body, "usingClause");
    struct scope *own = x->scope;
    struct scope inner = {.outer = own};
    struct scope_item *item = view_target_scope(x->a, own, table, pg_str(alias, "aliasname"));
    bool ok = true;

    BUF_ADD_LIT(out, "DELETE FROM ");
    write_target(out, table, item);
    if (using == NULL)
        return write_condition(x, pg_get(body, "whereClause"), table, item, out);
    x->scope = &inner;
    BUF_ADD_LIT(out, " WHERE EXISTS (SELECT 1 FROM ");
    ok = query_from(x, using, out) && apply_write_where(x, pg_get(body, "whereClause"), out);
    buf_add_char(out, ')');
    x->scope = own;
    table = x->a->view != NULL ? model_find_table(x->a->model, x->a->view->schema, x->a->view->name)
                               : table;
    if (x->a->marks != NULL)
        body_write_target(out, table->schema, table->name, item->alias);
    return ok;
}

bool
apply_delete(struct apply *a, const struct json *body)
{
    const struct json *range = pg_get(body, "relation");
    struct scope scope = {0};
    struct expr_context x = {.a = a, .scope = &scope, .allow_query = true, .place = "DELETE"};
    struct model_table *table;
    struct buf sql;
    bool ok;

    if (view_write_is(a, range))
        return view_write(a, body, VIEW_DELETE);
    if (!check_clauses(a, body) ||
        !apply_need_table(a, apply_range_name(range), pg_location(range), &table) || !ddl_flush(a))
        return false;
    ddl_written(a, table);
    apply_buf(&sql);
    ok =
        query_with(&x, pg_get(body, "withClause"), &sql) && delete_translate(&x, body, table, &sql);
    return apply_run_if(a, ok, &sql) && delete_cascade(a, table, 0);
}

/* --- TRUNCATE --------------------------------------------------------------------------------- */

struct truncation {
    struct model_table *tables[256];
    uint32_t count;
};

static bool
add_truncated(struct apply *a, struct truncation *t, struct model_table *table)
{
    for (uint32_t i = 0; i < t->count; i++) {
        if (t->tables[i] == table)
            return true;
    }
    if (t->count == COUNTOF(t->tables))
        return apply_refuse(a, SIZE_MAX, "TRUNCATE of so many tables");
    t->tables[t->count++] = table;
    return true;
}

/* Tables that point to one of these have to be emptied too. */
static bool
follow_references(struct apply *a, struct truncation *t, bool cascade)
{
    for (uint32_t i = 0; i < t->count; i++) {
        for (uint32_t o = 0; o < a->model->table_count; o++) {
            struct model_table *other = &a->model->tables[o];
            uint32_t before = t->count;

            for (uint32_t k = 0; k < other->foreign_key_count; k++) {
                const struct model_foreign_key *key = &other->foreign_keys[k];

                if (str_eq(key->ref_table, t->tables[i]->name) &&
                    str_eq(key->ref_schema, t->tables[i]->schema) && !add_truncated(a, t, other))
                    return false;
            }
            if (t->count > before && !cascade)
                return apply_fail(a, SIZE_MAX, "0A000", "truncate both, or add CASCADE",
                                  "cannot truncate a table referenced in a foreign key "
                                  "constraint: table \"%.*s\" references \"%.*s\"",
                                  STR_ARG(other->name), STR_ARG(t->tables[i]->name));
        }
    }
    return true;
}

static bool
restart_sequences(struct apply *a, const struct model_table *table)
{
    for (uint32_t i = 0; i < a->model->sequence_count; i++) {
        const struct model_sequence *sequence = &a->model->sequences[i];
        struct buf sql;

        if (!str_eq(sequence->owned_table, table->name) || !str_eq(sequence->schema, table->schema))
            continue;
        apply_buf(&sql);
        buf_printf(
            &sql,
            "UPDATE cairn_sequence SET last_value = start_value, is_called = 0 WHERE name = ");
        quote_text(&sql, apply_full_name(a->tmp, sequence->schema, sequence->name));
        if (!apply_run_if(a, true, &sql))
            return false;
    }
    return true;
}

bool
apply_truncate(struct apply *a, const struct json *body)
{
    struct truncation t = {0};

    if (!ddl_flush(a))
        return false;
    for (const struct json *n = pg_first(body, "relations"); n != NULL; n = n->next) {
        const struct json *range = pg_as(n, "RangeVar");
        struct model_table *table;

        if (!apply_need_table(a, apply_range_name(range), pg_location(range), &table) ||
            !add_truncated(a, &t, table))
            return false;
    }
    if (!follow_references(a, &t, pg_is(body, "behavior", "DROP_CASCADE")))
        return false;
    for (uint32_t i = 0; i < t.count; i++) {
        struct buf sql;

        ddl_written(a, t.tables[i]);
        apply_buf(&sql);
        BUF_ADD_LIT(&sql, "DELETE FROM ");
        quote_ident(&sql, t.tables[i]->sqlite_name);
        if (!apply_run_if(a, true, &sql) ||
            (pg_bool(body, "restart_seqs") && !restart_sequences(a, t.tables[i])))
            return false;
    }
    return true;
}
