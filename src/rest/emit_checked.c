/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes whose rows policies look at, for the embedded engine.
 *
 * PostgreSQL looks at a new row when it has all its values and before any constraint does, so that
 * a refusal by a constraint tells nobody about rows that he may not even propose. The same place
 * here is inside the statement: where the first column gets its value.
 */
#include "rest/emit_impl.h"

#define NEW_ROW "\"cairn new\""
#define NEW_ALIAS "n"

bool
emit_is_checked(struct emitter *e)
{
    return !emit_is_postgres(e) && e->plan->action != PLAN_DELETE &&
           emit_is_limited(e, e->plan->root);
}

/* Of a column of the target. */
static uint32_t
payload_index(const struct plan *plan, const struct model_column *column)
{
    uint32_t i = 0;

    while (i < plan->column_count && plan->target_columns[i] != column)
        i++;
    return i;
}

static bool
has_generated(const struct model_table *model)
{
    for (uint32_t i = 0; i < model->column_count; i++) {
        if (model->columns[i].is_generated)
            return true;
    }
    return false;
}

/* What a generated column is made of are the others by their names, so it stands one level
 * above. */
static void
emit_generated(struct emitter *e)
{
    const struct model_table *model = e->plan->target->model;

    for (uint32_t i = 0; i < model->column_count; i++) {
        if (!model->columns[i].is_generated)
            continue;
        BUF_ADD_LIT(&e->sql, ", (");
        buf_add_str(&e->sql, model->columns[i].generated_sqlite);
        BUF_ADD_LIT(&e->sql, ") AS ");
        quote_ident(&e->sql, model->columns[i].name);
    }
}

/* --- insert ---------------------------------------------------------------------------------- */

/* Whether the insert gives the column a value of its own: from the payload, or its default. */
static bool
is_given(const struct plan *plan, const struct model_column *column)
{
    return !column->is_generated && (payload_index(plan, column) < plan->column_count ||
                                     plan_left_out(plan, column).len > 0);
}

static void
emit_new_value(struct emitter *e, const struct model_column *column)
{
    uint32_t index = payload_index(e->plan, column);
    struct str left_out = plan_left_out(e->plan, column);

    if (index < e->plan->column_count) {
        emit_payload_value(e, index);
    } else if (left_out.len > 0) {
        buf_add_char(&e->sql, '(');
        buf_add_str(&e->sql, left_out);
        buf_add_char(&e->sql, ')');
    } else {
        BUF_ADD_LIT(&e->sql, "NULL");
    }
    BUF_ADD_LIT(&e->sql, " AS ");
    quote_ident(&e->sql, column->name);
}

/* The proposed row, made once: a default such as the next number may not be asked twice. */
static void
emit_proposed(struct emitter *e)
{
    const struct model_table *model = e->plan->target->model;
    const char *separator = "";

    BUF_ADD_LIT(&e->sql, "WITH " NEW_ROW " AS MATERIALIZED (SELECT ");
    for (uint32_t i = 0; i < model->column_count && buf_ok(&e->sql); i++) {
        if (model->columns[i].is_generated)
            continue;
        buf_add_str(&e->sql, str_from(separator));
        emit_new_value(e, &model->columns[i]);
        separator = ", ";
    }
    BUF_ADD_LIT(&e->sql, ") ");
}

/* A key that is SQLite's row number may not be null, which would mean that SQLite chooses one.
 * Inside of CASE, after the policies. */
static void
emit_key_check(struct emitter *e)
{
    const struct model_table *model = e->plan->target->model;
    const struct model_key *primary = model_primary_key(model);
    const struct model_column *key = NULL;

    if (!model->rowid_pk || primary == NULL)
        return;
    key = &model->columns[primary->columns[0]];
    BUF_ADD_LIT(&e->sql, " WHEN " NEW_ALIAS ".");
    quote_ident(&e->sql, key->name);
    BUF_ADD_LIT(&e->sql, " IS NULL THEN cairn_raise('23502',");
    quote_text(&e->sql, arena_printf(e->arena,
                                     "null value in column \"%.*s\" of relation \"%.*s\" violates "
                                     "not-null constraint",
                                     STR_ARG(key->name), STR_ARG(model->name)));
    BUF_ADD_LIT(&e->sql, ",NULL)");
}

/* What the first column gets: the failure of a check, or its value. */
static void
emit_checked_value(struct emitter *e, const struct model_column *column)
{
    BUF_ADD_LIT(&e->sql, "CASE");
    emit_checks(e, MODEL_FOR_INSERT, ACCESS_CHECK, STR(NEW_ALIAS));
    emit_key_check(e);
    BUF_ADD_LIT(&e->sql, " ELSE " NEW_ALIAS ".");
    quote_ident(&e->sql, column->name);
    BUF_ADD_LIT(&e->sql, " END");
}

/* The columns that the insert names; where it gives none, the first that takes a value. */
static const struct model_column **
insert_columns(struct emitter *e, uint32_t *count)
{
    const struct model_table *model = e->plan->target->model;
    const struct model_column **columns =
        ARENA_ARRAY(e->arena, const struct model_column *, model->column_count + 1);

    *count = 0;
    for (uint32_t i = 0; i < model->column_count; i++) {
        if (is_given(e->plan, &model->columns[i]))
            columns[(*count)++] = &model->columns[i];
    }
    for (uint32_t i = 0; *count == 0 && i < model->column_count; i++) {
        if (!model->columns[i].is_generated)
            columns[(*count)++] = &model->columns[i];
    }
    return columns;
}

void
emit_checked_insert(struct emitter *e)
{
    const struct schema_table *table = e->plan->target;
    uint32_t count = 0;
    const struct model_column **columns = insert_columns(e, &count);

    emit_proposed(e);
    BUF_ADD_LIT(&e->sql, "INSERT INTO ");
    emit_table(e, table);
    BUF_ADD_LIT(&e->sql, " (");
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            BUF_ADD_LIT(&e->sql, ", ");
        quote_ident(&e->sql, columns[i]->name);
    }
    BUF_ADD_LIT(&e->sql, ") SELECT ");
    for (uint32_t i = 0; i < count; i++) {
        if (i == 0) {
            emit_checked_value(e, columns[i]);
            continue;
        }
        BUF_ADD_LIT(&e->sql, ", " NEW_ALIAS ".");
        quote_ident(&e->sql, columns[i]->name);
    }
    BUF_ADD_LIT(&e->sql, " FROM ");
    if (has_generated(table->model)) {
        BUF_ADD_LIT(&e->sql, "(SELECT *");
        emit_generated(e);
        BUF_ADD_LIT(&e->sql, " FROM " NEW_ROW ")");
    } else {
        BUF_ADD_LIT(&e->sql, NEW_ROW);
    }
    /* Without a WHERE, an ON CONFLICT behind it would be read as part of a join. */
    BUF_ADD_LIT(&e->sql, " AS " NEW_ALIAS " WHERE 1");
}

/* --- update ---------------------------------------------------------------------------------- */

/* The row as it will be: (SELECT ?1 AS "a", "t"."b" AS "b") AS n. Set columns come from the
 * payload, or of an upsert from the row that was proposed; the others stay. */
static void
emit_changed_row(struct emitter *e, bool is_upsert)
{
    const struct plan *plan = e->plan;
    const struct model_table *model = plan->target->model;
    const char *separator = "";

    if (has_generated(model)) {
        BUF_ADD_LIT(&e->sql, "(SELECT *");
        emit_generated(e);
        BUF_ADD_LIT(&e->sql, " FROM ");
    }
    BUF_ADD_LIT(&e->sql, "(SELECT ");
    for (uint32_t i = 0; i < model->column_count && buf_ok(&e->sql); i++) {
        const struct model_column *column = &model->columns[i];
        uint32_t index = payload_index(plan, column);

        if (column->is_generated)
            continue;
        buf_add_str(&e->sql, str_from(separator));
        separator = ", ";
        if (index == plan->column_count) {
            emit_table(e, plan->target);
            buf_add_char(&e->sql, '.');
            quote_ident(&e->sql, column->name);
        } else if (is_upsert) {
            BUF_ADD_LIT(&e->sql, "excluded.");
            quote_ident(&e->sql, column->name);
        } else {
            emit_payload_value(e, index);
        }
        BUF_ADD_LIT(&e->sql, " AS ");
        quote_ident(&e->sql, column->name);
    }
    buf_add_str(&e->sql, has_generated(model) ? STR(")) AS " NEW_ALIAS) : STR(") AS " NEW_ALIAS));
}

void
emit_checked_set(struct emitter *e, bool is_upsert)
{
    struct str table = emit_ident_copy(e, e->plan->target->model->sqlite_name);

    BUF_ADD_LIT(&e->sql, "CASE");
    if (is_upsert) {
        emit_checks(e, MODEL_FOR_UPDATE, ACCESS_USING, table);
        emit_view_conflicts(e);
    }
    BUF_ADD_LIT(&e->sql, " WHEN (SELECT CASE");
    emit_checks(e, MODEL_FOR_UPDATE, ACCESS_CHECK, STR(NEW_ALIAS));
    emit_key_check(e);
    BUF_ADD_LIT(&e->sql, " END FROM ");
    emit_changed_row(e, is_upsert);
    BUF_ADD_LIT(&e->sql, ") IS NULL THEN ");
}
