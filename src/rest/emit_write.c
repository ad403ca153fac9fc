/* SPDX-License-Identifier: Apache-2.0 */
/* Insert, upsert, update and delete. */
#include "rest/emit_impl.h"

#define INSERTED "cairn inserted"

static void
emit_names(struct emitter *e, const struct model_column *const *columns, uint32_t count,
           const char *prefix)
{
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            BUF_ADD_LIT(&e->sql, ", ");
        buf_add_str(&e->sql, str_from(prefix));
        quote_ident(&e->sql, columns[i]->name);
    }
}

struct str
emit_ident_copy(struct emitter *e, struct str name)
{
    struct buf text;
    struct str copy;

    buf_init(&text, 4096);
    quote_ident(&text, name);
    copy = arena_copy(e->arena, buf_str(&text));
    buf_fini(&text);
    return copy;
}

/* The function that reads a payload's JSON; empty: the type reads it itself. */
static struct str
reader_of(const struct model_column *column)
{
    return column->type.forms != NULL ? column->type.forms->from_json : STR("");
}

/* The columns of json_to_record and json_to_recordset: AS _(a integer, b text) */
static void
emit_record(struct emitter *e)
{
    const struct plan *plan = e->plan;

    BUF_ADD_LIT(&e->sql, " AS _(");
    for (uint32_t i = 0; i < plan->column_count; i++) {
        if (i > 0)
            BUF_ADD_LIT(&e->sql, ", ");
        quote_ident(&e->sql, plan->columns[i]->name);
        buf_add_char(&e->sql, ' ');
        buf_add_str(&e->sql, reader_of(plan->columns[i]).len > 0 ? STR("json")
                                                                 : plan->columns[i]->type.name);
    }
    buf_add_char(&e->sql, ')');
}

/* A member of that record, as the column takes it. */
static void
emit_member(struct emitter *e, const struct model_column *column)
{
    struct str reader = reader_of(column);

    buf_add_str(&e->sql, reader);
    buf_add_str(&e->sql, reader.len > 0 ? STR("(_.") : STR("_."));
    quote_ident(&e->sql, column->name);
    if (reader.len > 0)
        buf_add_char(&e->sql, ')');
}

/* Without its modifier: a cast would cut what is too long, where the assignment refuses it. */
static struct str
plain_type_name(const struct type *type)
{
    if (type->id == TYPE_ENUM)
        return type->name;
    return type->id == TYPE_BPCHAR ? STR("bpchar") : type_builtin(type->id)->name;
}

/* $1::integer, or unnest($1::integer[]) */
static void
emit_plain_value(struct emitter *e, uint32_t index)
{
    const struct type *type = &e->plan->columns[index]->type;
    bool is_array = e->plan->way == PAYLOAD_AS_ARRAYS;

    buf_add_str(&e->sql, is_array ? STR("unnest(") : STR(""));
    emit_param(e, (struct emit_param){.source = is_array ? EMIT_BODY_ARRAY : EMIT_BODY_COLUMN,
                                      .index = index,
                                      .type = type});
    BUF_ADD_LIT(&e->sql, "::");
    buf_add_str(&e->sql, plain_type_name(type));
    buf_add_str(&e->sql, is_array ? STR("[])") : STR(""));
}

/* The arrays side by side in the select list are read as they are, where a function in FROM would
 * be written to a tuplestore first. */
static void
emit_plain_source(struct emitter *e)
{
    bool is_array = e->plan->way == PAYLOAD_AS_ARRAYS;

    buf_add_str(&e->sql, is_array ? STR(") SELECT ") : STR(") VALUES ("));
    for (uint32_t i = 0; i < e->plan->column_count; i++) {
        if (i > 0)
            BUF_ADD_LIT(&e->sql, ", ");
        emit_plain_value(e, i);
    }
    buf_add_str(&e->sql, is_array ? STR("") : STR(")"));
}

static void
emit_payload(struct emitter *e)
{
    emit_param(e, (struct emit_param){.source = EMIT_BODY_JSON});
    BUF_ADD_LIT(&e->sql, "::json");
}

static void
emit_excluded(struct emitter *e, uint32_t index)
{
    BUF_ADD_LIT(&e->sql, "excluded.");
    quote_ident(&e->sql, e->plan->target_columns[index]->name);
}

/* Where the first column is set, the row that is there is looked at. */
static void
emit_merged_first(struct emitter *e)
{
    bool checks = emit_is_checked(e);
    bool hides = !checks && emit_view_hides(e);

    if (checks)
        emit_checked_set(e, true);
    if (hides) {
        BUF_ADD_LIT(&e->sql, "CASE");
        emit_view_conflicts(e);
        BUF_ADD_LIT(&e->sql, " ELSE ");
    }
    emit_excluded(e, 0);
    if (checks || hides)
        BUF_ADD_LIT(&e->sql, " END");
}

static void
emit_conflict(struct emitter *e)
{
    const struct plan *plan = e->plan;

    if (plan->resolution == API_RESOLUTION_NONE || plan->column_count == 0)
        return;
    for (uint32_t i = 0; i < plan->conflict_count; i++)
        emit_note_column(e, plan->root, plan->root->table, plan->conflict[i]);
    BUF_ADD_LIT(&e->sql, " ON CONFLICT (");
    emit_names(e, plan->target_conflict, plan->conflict_count, "");
    if (plan->resolution == API_RESOLUTION_IGNORE) {
        BUF_ADD_LIT(&e->sql, ") DO NOTHING");
        return;
    }
    BUF_ADD_LIT(&e->sql, ") DO UPDATE SET ");
    for (uint32_t i = 0; i < plan->column_count; i++) {
        if (i > 0)
            BUF_ADD_LIT(&e->sql, ", ");
        quote_ident(&e->sql, plan->target_columns[i]->name);
        BUF_ADD_LIT(&e->sql, " = ");
        if (i == 0)
            emit_merged_first(e);
        else
            emit_excluded(e, i);
    }
}

static bool
is_rowid(const struct model_table *model, const struct model_column *column)
{
    const struct model_key *primary = model_primary_key(model);

    return model->rowid_pk && primary != NULL && &model->columns[primary->columns[0]] == column;
}

/*
 * A column that the insert doesn't name and has to say all the same: SQLite never asks the default
 * of a key that is its rowid, and knows none of the defaults that a view has. The first at or after
 * from; NULL: there is none.
 */
static const struct model_column *
find_left_out(const struct emitter *e, uint32_t from)
{
    const struct plan *plan = e->plan;
    const struct model_table *model = plan->target->model;

    for (uint32_t i = from; !emit_is_postgres(e) && i < model->column_count; i++) {
        const struct model_column *column = &model->columns[i];
        uint32_t named = 0;

        if (!is_rowid(model, column) && e->view == NULL)
            continue;
        while (named < plan->column_count && plan->target_columns[named] != column)
            named++;
        if (named == plan->column_count && plan_left_out(plan, column).len > 0 &&
            (is_rowid(model, column) ||
             !str_eq(plan_left_out(plan, column), column->default_sqlite)))
            return column;
    }
    return NULL;
}

/* An update has one default for all its rows. */
static void
emit_default_sqlite(struct emitter *e, const struct model_column *column)
{
    buf_add_str(&e->sql, e->plan->action == PLAN_UPDATE ? STR("(SELECT ") : STR("("));
    buf_add_str(&e->sql, column->default_sqlite);
    buf_add_char(&e->sql, ')');
}

/* The value of the payload's row, or, where missing=default asks for it, the column's default. Then
 * a default that draws a number does so for each row, whether it brings a value or not, as it does
 * with PostgREST: clients of both find the same numbers. */
void
emit_payload_value(struct emitter *e, uint32_t index)
{
    const struct model_column *column = e->plan->columns[index];
    bool has_default = e->plan->missing_default && column->default_sqlite.len > 0;
    bool drawn = has_default && schema_column_draws(column);

    if (has_default) {
        BUF_ADD_LIT(&e->sql, "CASE WHEN ");
        emit_param(
            e, (struct emit_param){.source = EMIT_BODY_HAS, .index = index, .type = &column->type});
        BUF_ADD_LIT(&e->sql, " THEN ");
    }
    /* What a CASE compares is made, and equal to NULL is nothing. */
    if (drawn) {
        BUF_ADD_LIT(&e->sql, "CASE ");
        emit_default_sqlite(e, column);
        BUF_ADD_LIT(&e->sql, " WHEN NULL THEN NULL ELSE ");
    }
    emit_param(
        e, (struct emit_param){.source = EMIT_BODY_COLUMN, .index = index, .type = &column->type});
    if (drawn)
        BUF_ADD_LIT(&e->sql, " END");
    if (has_default) {
        BUF_ADD_LIT(&e->sql, " ELSE ");
        emit_default_sqlite(e, column);
        BUF_ADD_LIT(&e->sql, " END");
    }
}

static void
emit_values(struct emitter *e)
{
    const struct model_column *left_out = find_left_out(e, 0);
    const char *separator = e->is_bulk ? ") SELECT " : ") VALUES (";

    for (; left_out != NULL;
         left_out = find_left_out(e, schema_column_index(e->plan->target, left_out) + 1)) {
        buf_add_str(&e->sql, str_from(separator));
        buf_add_str(&e->sql, e->appends ? STR("NULL") : plan_left_out(e->plan, left_out));
        separator = ", ";
    }
    for (uint32_t i = 0; i < e->plan->column_count; i++) {
        buf_add_str(&e->sql, str_from(separator));
        emit_payload_value(e, i);
        separator = ", ";
    }
    /* Without WHERE, ON CONFLICT would be read as a join's ON. */
    buf_add_str(&e->sql, e->is_bulk ? STR(" FROM " DB_BULK_ROWS " WHERE true") : STR(")"));
}

/* PostgreSQL's default of a column as text; null without one, and for a computed column: that it
 * was named is for PostgreSQL to refuse. */
static void
emit_default(struct emitter *e, const struct model_column *column)
{
    bool is_asked = column->default_sql.len > 0 && !column->is_generated;
    bool is_wrapped = e->plan->action == PLAN_UPDATE && (is_asked || column->sequence.len > 0);

    /* NULL alone would be text then. */
    if (is_wrapped)
        BUF_ADD_LIT(&e->sql, "(SELECT ");
    if (is_asked) {
        buf_add_str(&e->sql, column->default_sql);
    } else if (column->sequence.len > 0) {
        struct buf name;

        buf_init(&name, 1024);
        quote_ident(&name, e->plan->root->table->model->schema);
        buf_add_char(&name, '.');
        quote_ident(&name, column->sequence);
        BUF_ADD_LIT(&e->sql, "nextval(");
        quote_text(&e->sql, buf_str(&name));
        BUF_ADD_LIT(&e->sql, "::regclass)");
        buf_fini(&name);
    } else {
        BUF_ADD_LIT(&e->sql, "NULL");
    }
    if (is_wrapped)
        buf_add_char(&e->sql, ')');
}

/* Of the row _, whose JSON is j.v. */
static void
emit_value_or_default(struct emitter *e, const struct model_column *column)
{
    BUF_ADD_LIT(&e->sql, "CASE WHEN j.v->");
    quote_text(&e->sql, column->name);
    BUF_ADD_LIT(&e->sql, " IS NULL THEN ");
    emit_default(e, column);
    if (schema_column_draws(column)) {
        BUF_ADD_LIT(&e->sql, " WHEN (");
        emit_default(e, column);
        BUF_ADD_LIT(&e->sql, ") IS NULL AND ");
        emit_member(e, column);
        BUF_ADD_LIT(&e->sql, " IS NULL THEN NULL");
    }
    BUF_ADD_LIT(&e->sql, " ELSE ");
    emit_member(e, column);
    BUF_ADD_LIT(&e->sql, " END");
}

/* All rows of the payload in one statement. */
static void
emit_insert_source(struct emitter *e)
{
    const struct plan *plan = e->plan;

    if (plan->way != PAYLOAD_AS_JSON) {
        emit_plain_source(e);
        return;
    }
    BUF_ADD_LIT(&e->sql, ") SELECT ");
    if (!plan->missing_default) {
        for (uint32_t i = 0; i < plan->column_count; i++) {
            if (i > 0)
                BUF_ADD_LIT(&e->sql, ", ");
            emit_member(e, plan->columns[i]);
        }
        BUF_ADD_LIT(&e->sql, " FROM json_to_recordset(");
        emit_payload(e);
        buf_add_char(&e->sql, ')');
        emit_record(e);
        return;
    }
    for (uint32_t i = 0; i < plan->column_count; i++) {
        if (i > 0)
            BUF_ADD_LIT(&e->sql, ", ");
        emit_value_or_default(e, plan->columns[i]);
    }
    BUF_ADD_LIT(&e->sql, " FROM json_array_elements(");
    emit_payload(e);
    BUF_ADD_LIT(&e->sql, ") AS j(v), json_to_record(j.v)");
    emit_record(e);
}

static void
emit_insert(struct emitter *e)
{
    const struct plan *plan = e->plan;
    const struct model_column *left_out = find_left_out(e, 0);

    if (emit_is_checked(e)) {
        emit_checked_insert(e);
        emit_conflict(e);
        return;
    }
    BUF_ADD_LIT(&e->sql, "INSERT INTO ");
    emit_table(e, plan->target);
    if (plan->column_count == 0 && left_out == NULL) {
        BUF_ADD_LIT(&e->sql, " DEFAULT VALUES");
        return;
    }
    BUF_ADD_LIT(&e->sql, " (");
    while (left_out != NULL) {
        quote_ident(&e->sql, left_out->name);
        left_out = find_left_out(e, schema_column_index(plan->target, left_out) + 1);
        if (left_out != NULL || plan->column_count > 0)
            BUF_ADD_LIT(&e->sql, ", ");
    }
    emit_names(e, plan->target_columns, plan->column_count, "");
    if (emit_is_postgres(e))
        emit_insert_source(e);
    else
        emit_values(e);
    emit_conflict(e);
}

static void
emit_update_source(struct emitter *e)
{
    BUF_ADD_LIT(&e->sql, " FROM ");
    if (e->plan->missing_default) {
        BUF_ADD_LIT(&e->sql, "(SELECT ");
        emit_payload(e);
        BUF_ADD_LIT(&e->sql, ") AS j(v), json_to_record(j.v)");
    } else {
        BUF_ADD_LIT(&e->sql, "json_to_record(");
        emit_payload(e);
        buf_add_char(&e->sql, ')');
    }
    emit_record(e);
}

/* The embedded engine checks the policies of a new row where the first column is set. */
static void
emit_update_value(struct emitter *e, uint32_t index)
{
    bool checks = index == 0 && emit_is_checked(e);

    if (checks)
        emit_checked_set(e, false);
    emit_payload_value(e, index);
    if (checks)
        BUF_ADD_LIT(&e->sql, " END");
}

static void
emit_update(struct emitter *e)
{
    const struct plan *plan = e->plan;

    BUF_ADD_LIT(&e->sql, "UPDATE ");
    emit_table(e, plan->target);
    if (emit_is_postgres(e))
        BUF_ADD_LIT(&e->sql, " AS t0");
    BUF_ADD_LIT(&e->sql, " SET ");
    for (uint32_t i = 0; i < plan->column_count; i++) {
        if (i > 0)
            BUF_ADD_LIT(&e->sql, ", ");
        quote_ident(&e->sql, plan->target_columns[i]->name);
        BUF_ADD_LIT(&e->sql, " = ");
        if (!emit_is_postgres(e))
            emit_update_value(e, i);
        else if (plan->way != PAYLOAD_AS_JSON)
            emit_plain_value(e, i);
        else if (plan->missing_default)
            emit_value_or_default(e, plan->columns[i]);
        else
            emit_member(e, plan->columns[i]);
    }
    if (emit_is_postgres(e) && plan->way == PAYLOAD_AS_JSON)
        emit_update_source(e);
    emit_where(e, plan->root);
}

static void
emit_delete(struct emitter *e)
{
    BUF_ADD_LIT(&e->sql, "DELETE FROM ");
    emit_table(e, e->plan->target);
    if (emit_is_postgres(e))
        BUF_ADD_LIT(&e->sql, " AS t0");
    emit_where(e, e->plan->root);
}

static void
emit_change(struct emitter *e)
{
    if (e->plan->action == PLAN_INSERT)
        emit_insert(e);
    else if (e->plan->action == PLAN_UPDATE)
        emit_update(e);
    else
        emit_delete(e);
}

/* Whether the row at hand is new. A table knows it by xmax; what stands before other tables has
 * none, and asks instead for the row as it was when the statement began. */
static void
emit_is_inserted(struct emitter *e)
{
    const struct plan *plan = e->plan;

    if (!plan->root->table->model->is_view && !plan->root->table->model->is_partitioned) {
        BUF_ADD_LIT(&e->sql, "(xmax = 0)");
        return;
    }
    BUF_ADD_LIT(&e->sql, "NOT EXISTS (SELECT 1 FROM ");
    emit_table(e, plan->root->table);
    BUF_ADD_LIT(&e->sql, " AS x");
    for (uint32_t i = 0; i < plan->conflict_count; i++) {
        buf_add_str(&e->sql, i == 0 ? STR(" WHERE x.") : STR(" AND x."));
        quote_ident(&e->sql, plan->conflict[i]->name);
        BUF_ADD_LIT(&e->sql, " = ");
        emit_table(e, plan->root->table);
        buf_add_char(&e->sql, '.');
        quote_ident(&e->sql, plan->conflict[i]->name);
    }
    buf_add_char(&e->sql, ')');
}

/* What the change hands to the outer select: the columns used there, and no others, because the
 * role may not be allowed to read the others. */
static void
emit_used(struct emitter *e, const bool *used, bool marks_inserted)
{
    const struct model_table *model = e->plan->root->table->model;
    bool first = true;

    for (uint32_t i = 0; i < model->column_count; i++) {
        if (!used[i])
            continue;
        if (!first)
            BUF_ADD_LIT(&e->sql, ", ");
        first = false;
        if (e->plan->action == PLAN_INSERT)
            emit_table(e, e->plan->root->table);
        else
            BUF_ADD_LIT(&e->sql, "t0");
        buf_add_char(&e->sql, '.');
        quote_ident(&e->sql, model->columns[i].name);
    }
    if (marks_inserted) {
        if (!first)
            BUF_ADD_LIT(&e->sql, ", ");
        emit_is_inserted(e);
        BUF_ADD_LIT(&e->sql, " AS \"" INSERTED "\"");
    } else if (first) {
        BUF_ADD_LIT(&e->sql, "1");
    }
}

static void
emit_outer(struct emitter *e, bool marks_inserted)
{
    const struct plan_rel *root = e->plan->root;

    BUF_ADD_LIT(&e->sql, "SELECT ");
    emit_columns(e, root, e->plan->handler != NULL ? EMIT_KEYS : EMIT_CELLS);
    if (marks_inserted && e->plan->handler == NULL)
        buf_add_str(&e->sql, root->is_grouped ? STR(", bool_or(t0.\"" INSERTED "\")")
                                              : STR(", t0.\"" INSERTED "\""));
    BUF_ADD_LIT(&e->sql, " FROM m AS t0");
    emit_conds(e, e->plan->shown, " WHERE ");
    emit_group(e, root);
    emit_order(e, root);
}

/* WITH m AS (change RETURNING ...) SELECT ... FROM m AS t0. The select is made once before, only to
 * learn which columns it uses. */
static void
emit_returning_postgres(struct emitter *e, bool marks_inserted)
{
    bool *used = ARENA_ARRAY(e->arena, bool, e->plan->root->table->model->column_count + 1);

    e->used = used;
    emit_outer(e, marks_inserted);
    e->used = NULL;
    buf_clear(&e->sql);
    e->param_count = 0;

    BUF_ADD_LIT(&e->sql, "WITH m AS (");
    emit_change(e);
    BUF_ADD_LIT(&e->sql, " RETURNING ");
    emit_used(e, used, marks_inserted);
    if (e->plan->handler == NULL) {
        BUF_ADD_LIT(&e->sql, ") ");
        emit_outer(e, marks_inserted);
        return;
    }
    /* One row: nothing, the number of rows, the answer, and how many rows are new. */
    BUF_ADD_LIT(&e->sql, ") SELECT NULL, count(*), ");
    emit_handler(e);
    if (marks_inserted)
        BUF_ADD_LIT(&e->sql, ", (SELECT count(*) FROM m WHERE m.\"" INSERTED "\")");
    BUF_ADD_LIT(&e->sql, " FROM (");
    emit_outer(e, marks_inserted);
    BUF_ADD_LIT(&e->sql, ") AS " EMIT_ROW_ALIAS);
}

static bool
emit_write_postgres(struct emitter *e, struct emit_output *out, struct err *err)
{
    const struct plan *plan = e->plan;

    out->marks_inserted = plan->action == PLAN_INSERT && plan->resolution == API_RESOLUTION_MERGE &&
                          plan->column_count > 0;
    if (plan->returns_rows) {
        emit_returning_postgres(e, out->marks_inserted);
    } else {
        emit_change(e);
        if (out->marks_inserted) {
            BUF_ADD_LIT(&e->sql, " RETURNING ");
            emit_is_inserted(e);
        }
    }
    return emit_take(e, &out->main, err);
}

/* Which rows of the payload are there already: asked once for each. */
static void
emit_existing(struct emitter *e)
{
    const struct plan *plan = e->plan;

    BUF_ADD_LIT(&e->sql, "SELECT 1 FROM ");
    if (e->view != NULL)
        emit_source(e, plan->root, e->view, STR("x"));
    else
        emit_table(e, plan->root->table);
    for (uint32_t i = 0; i < plan->conflict_count; i++) {
        const struct model_column *key = plan->target_conflict[i];
        struct str left_out = plan_left_out(plan, key);
        uint32_t index = 0;

        while (index < plan->column_count && plan->target_columns[index] != key)
            index++;
        buf_add_str(&e->sql, i == 0 ? STR(" WHERE ") : STR(" AND "));
        quote_ident(&e->sql, plan->conflict[i]->name);
        BUF_ADD_LIT(&e->sql, " = ");
        /* A number that is drawn for it conflicts with nothing. */
        if (index == plan->column_count && (key->sequence.len > 0 || left_out.len == 0))
            BUF_ADD_LIT(&e->sql, "NULL");
        else if (index == plan->column_count)
            buf_printf(&e->sql, "(%.*s)", STR_ARG(left_out));
        else
            emit_param(e, (struct emit_param){.source = EMIT_BODY_COLUMN,
                                              .index = index,
                                              .type = &plan->columns[index]->type});
    }
}

/* The rows that the change gave the numbers of; those of a delete before they are gone. */
static void
emit_shown(struct emitter *e, const char *rowid)
{
    const struct plan *plan = e->plan;
    const struct plan_rel *root = plan->root;
    bool is_delete = plan->action == PLAN_DELETE;
    const char *word = " WHERE ";

    BUF_ADD_LIT(&e->sql, "SELECT ");
    emit_columns(e, root, EMIT_CELLS);
    BUF_ADD_LIT(&e->sql, " FROM ");
    if (!is_delete) {
        BUF_ADD_LIT(&e->sql, "json_each(");
        emit_param(e, (struct emit_param){.source = EMIT_ROWIDS});
        BUF_ADD_LIT(&e->sql, ") AS k CROSS JOIN ");
    }
    emit_table(e, plan->target);
    BUF_ADD_LIT(&e->sql, " AS t0");
    if (!is_delete) {
        buf_printf(&e->sql, " ON t0.%s = k.value", rowid);
    } else {
        word = emit_rel_rules(e, root, word);
        emit_conds(e, root->conds, word);
        word = root->conds != NULL ? " AND " : word;
    }
    emit_conds(e, plan->shown, word);
    emit_group(e, root);
    emit_order(e, root);
    if (!is_delete && !root->is_grouped)
        buf_add_str(&e->sql, root->order != NULL ? STR(", k.key") : STR(" ORDER BY k.key"));
}

/* What the change gives back: numbers of rows, where there is a second statement to show them, or
 * what is shown. PostgreSQL asks whether a view shows a new row when its table has taken it: the
 * same place is here. */
static void
emit_returning(struct emitter *e, const char *rowid)
{
    const struct plan *plan = e->plan;
    bool returns = plan->returns_rows && (rowid == NULL || plan->action != PLAN_DELETE);
    bool checks = emit_view_checks(e);

    if (!returns && !checks)
        return;
    BUF_ADD_LIT(&e->sql, " RETURNING ");
    if (returns && rowid == NULL) {
        emit_columns(e, plan->root, EMIT_CELLS);
        buf_add_str(&e->sql, checks ? STR(", ") : STR(""));
    }
    if (checks) {
        BUF_ADD_LIT(&e->sql, "CASE");
        emit_view_violations(e);
        BUF_ADD_LIT(&e->sql, " ELSE ");
    }
    if (returns && rowid != NULL)
        buf_add_str(&e->sql, str_from(rowid));
    else if (checks)
        buf_add_char(&e->sql, '1');
    if (checks)
        BUF_ADD_LIT(&e->sql, " END");
}

/* The sequence of a key whose default is its next number and nothing else; data NULL: it isn't. */
static struct str
sequence_of(const struct model_column *key)
{
    struct str before = STR("cairn_nextval('");
    struct str text = key != NULL ? key->default_sqlite : STR("");

    if (!str_has_prefix(text, before) || text.len < before.len + 2 ||
        memcmp(text.data + text.len - 2, "')", 2) != 0)
        return STR_NULL;
    text = str_slice(text, before.len, text.len - 2);
    return str_find_char(text, '\'', 0) == text.len ? text : STR_NULL;
}

/* The insert once more with SQLite's own counting of the key, and what asks for the greatest
 * one. */
static bool
emit_append(struct emitter *e, struct emit_output *out, struct err *err)
{
    const struct model_column *key = find_left_out(e, 0);
    struct str sequence = sequence_of(key);
    struct emit_stmt stmt;

    /* A row that is skipped or merged would use up a number of the sequence, but none of
     * SQLite's. */
    if (sequence.len == 0 || e->plan->resolution != API_RESOLUTION_NONE)
        return true;
    e->is_bulk = e->appends = true;
    emit_insert(e);
    e->is_bulk = e->appends = false;
    if (!emit_take(e, &stmt, err))
        return false;
    out->bulk.append_sql = stmt.sql;
    BUF_ADD_LIT(&e->sql, "SELECT max(");
    quote_ident(&e->sql, key->name);
    BUF_ADD_LIT(&e->sql, ") FROM ");
    emit_table(e, e->plan->target);
    if (!emit_take(e, &stmt, err))
        return false;
    out->bulk.last_sql = stmt.sql;
    out->bulk.sequence = sequence;
    return true;
}

/* The insert once more, for many rows. Not where rows come back: SQLite gathers them all before. */
static bool
emit_bulk(struct emitter *e, struct emit_output *out, struct err *err)
{
    const struct plan *plan = e->plan;
    struct emit_stmt stmt;

    if (plan->action != PLAN_INSERT || plan->returns_rows || plan->column_count == 0 ||
        e->view != NULL || out->main.param_count > DB_BULK_WIDTH || emit_is_checked(e))
        return true;
    e->is_bulk = true;
    emit_insert(e);
    e->is_bulk = false;
    if (!emit_take(e, &stmt, err))
        return false;
    out->bulk.sql = stmt.sql;
    return emit_append(e, out, err);
}

static bool
emit_embedded(struct emitter *e, struct emit_output *out, struct err *err)
{
    const struct plan *plan = e->plan;
    const char *rowid = model_rowid_name(plan->target->model);
    /* What is deleted along with a row is gone before RETURNING would show it. */
    bool cascades = plan->action == PLAN_DELETE && plan->root->children != NULL;
    bool twice =
        plan->returns_rows && rowid != NULL &&
        (plan->root->order != NULL || plan->shown != NULL || plan->root->is_grouped || cascades);

    if (plan->action == PLAN_INSERT && plan->resolution == API_RESOLUTION_MERGE) {
        emit_existing(e);
        if (!emit_take(e, &out->existing, err))
            return false;
    }
    if (twice) {
        emit_shown(e, rowid);
        if (!emit_take(e, &out->shown, err))
            return false;
    }
    /* SQLite knows a changed table by its own name only. */
    e->root_alias = emit_ident_copy(e, plan->target->model->sqlite_name);
    emit_change(e);
    emit_returning(e, twice ? rowid : NULL);
    return emit_take(e, &out->main, err) && emit_bulk(e, out, err);
}

/* Policies for SELECT count as soon as the write reads a column of its target, wherever it does so:
 * that is known when it is written once. */
static bool
emit_write_embedded(struct emitter *e, struct emit_output *out, struct err *err)
{
    struct str alias = e->root_alias;

    if (!emit_is_limited(e, e->plan->root))
        return emit_embedded(e, out, err);
    if (!emit_embedded(e, out, err))
        return false;
    e->reads_target = emit_reads_target(e);
    e->root_alias = alias;
    e->fault = NULL;
    *out = (struct emit_output){0};
    return emit_embedded(e, out, err);
}

bool
emit_write(struct emitter *e, struct emit_output *out, struct err *err)
{
    return emit_is_postgres(e) ? emit_write_postgres(e, out, err)
                               : emit_write_embedded(e, out, err);
}
