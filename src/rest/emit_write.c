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
        emit_ident(&e->sql, columns[i]->name);
    }
}

/* json_to_recordset($1) AS _(a integer, b text) */
static void
emit_recordset(struct emitter *e, const char *function)
{
    const struct plan *plan = e->plan;

    buf_add_str(&e->sql, str_from(function));
    buf_add_char(&e->sql, '(');
    emit_param(e, (struct emit_param){.source = EMIT_BODY_JSON});
    BUF_ADD_LIT(&e->sql, "::json) AS _(");
    for (uint32_t i = 0; i < plan->column_count; i++) {
        if (i > 0)
            BUF_ADD_LIT(&e->sql, ", ");
        emit_ident(&e->sql, plan->columns[i]->name);
        buf_add_char(&e->sql, ' ');
        buf_add_str(&e->sql, plan->columns[i]->type.name);
    }
    buf_add_char(&e->sql, ')');
}

static void
emit_conflict(struct emitter *e)
{
    const struct plan *plan = e->plan;

    if (plan->resolution == API_RESOLUTION_NONE || plan->column_count == 0)
        return;
    BUF_ADD_LIT(&e->sql, " ON CONFLICT (");
    emit_names(e, plan->conflict, plan->conflict_count, "");
    if (plan->resolution == API_RESOLUTION_IGNORE) {
        BUF_ADD_LIT(&e->sql, ") DO NOTHING");
        return;
    }
    BUF_ADD_LIT(&e->sql, ") DO UPDATE SET ");
    for (uint32_t i = 0; i < plan->column_count; i++) {
        if (i > 0)
            BUF_ADD_LIT(&e->sql, ", ");
        emit_ident(&e->sql, plan->columns[i]->name);
        BUF_ADD_LIT(&e->sql, " = excluded.");
        emit_ident(&e->sql, plan->columns[i]->name);
    }
}

/*
 * SQLite never asks the default of a key that is its rowid: the insert has to say it. NULL when
 * there is nothing to say.
 */
static const struct model_column *
key_with_default(const struct emitter *e)
{
    const struct plan *plan = e->plan;
    const struct model_table *model = plan->root->table->model;
    const struct model_key *primary = model_primary_key(model);
    const struct model_column *key = NULL;

    if (emit_is_postgres(e) || !model->rowid_pk || primary == NULL)
        return NULL;
    key = &model->columns[primary->columns[0]];
    for (uint32_t i = 0; i < plan->column_count; i++) {
        if (plan->columns[i] == key)
            return NULL;
    }
    return key->default_sqlite.len > 0 ? key : NULL;
}

static void
emit_values(struct emitter *e, const struct model_column *key)
{
    const struct plan *plan = e->plan;

    BUF_ADD_LIT(&e->sql, ") VALUES (");
    if (key != NULL)
        buf_add_str(&e->sql, key->default_sqlite);
    for (uint32_t i = 0; i < plan->column_count; i++) {
        if (i > 0 || key != NULL)
            BUF_ADD_LIT(&e->sql, ", ");
        emit_param(e, (struct emit_param){
                          .source = EMIT_BODY_COLUMN, .index = i, .type = &plan->columns[i]->type});
    }
    buf_add_char(&e->sql, ')');
}

static void
emit_insert(struct emitter *e)
{
    const struct plan *plan = e->plan;
    const struct model_column *key = key_with_default(e);

    BUF_ADD_LIT(&e->sql, "INSERT INTO ");
    emit_table(e, plan->root->table);
    if (plan->column_count == 0 && key == NULL) {
        BUF_ADD_LIT(&e->sql, " DEFAULT VALUES");
        return;
    }
    BUF_ADD_LIT(&e->sql, " (");
    if (key != NULL)
        emit_ident(&e->sql, key->name);
    if (key != NULL && plan->column_count > 0)
        BUF_ADD_LIT(&e->sql, ", ");
    emit_names(e, plan->columns, plan->column_count, "");
    if (emit_is_postgres(e)) {
        BUF_ADD_LIT(&e->sql, ") SELECT ");
        emit_names(e, plan->columns, plan->column_count, "_.");
        BUF_ADD_LIT(&e->sql, " FROM ");
        emit_recordset(e, "json_to_recordset");
    } else {
        emit_values(e, key);
    }
    emit_conflict(e);
}

static void
emit_update(struct emitter *e)
{
    const struct plan *plan = e->plan;

    BUF_ADD_LIT(&e->sql, "UPDATE ");
    emit_table(e, plan->root->table);
    if (emit_is_postgres(e))
        BUF_ADD_LIT(&e->sql, " AS t0");
    BUF_ADD_LIT(&e->sql, " SET ");
    for (uint32_t i = 0; i < plan->column_count; i++) {
        if (i > 0)
            BUF_ADD_LIT(&e->sql, ", ");
        emit_ident(&e->sql, plan->columns[i]->name);
        BUF_ADD_LIT(&e->sql, " = ");
        if (emit_is_postgres(e)) {
            BUF_ADD_LIT(&e->sql, "_.");
            emit_ident(&e->sql, plan->columns[i]->name);
        } else {
            emit_param(e, (struct emit_param){.source = EMIT_BODY_COLUMN,
                                              .index = i,
                                              .type = &plan->columns[i]->type});
        }
    }
    if (emit_is_postgres(e)) {
        BUF_ADD_LIT(&e->sql, " FROM ");
        emit_recordset(e, "json_to_record");
    }
    emit_where(e, plan->root);
}

static void
emit_delete(struct emitter *e)
{
    BUF_ADD_LIT(&e->sql, "DELETE FROM ");
    emit_table(e, e->plan->root->table);
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

/* What the change hands to the outer select: the columns used there, and no others, because the
 * role may not be allowed to read the others. */
static void
emit_used(struct emitter *e, bool marks_inserted)
{
    const struct model_table *model = e->plan->root->table->model;
    bool insert = e->plan->action == PLAN_INSERT;
    bool first = true;

    for (uint32_t i = 0; i < model->column_count; i++) {
        if (!e->used[i])
            continue;
        if (!first)
            BUF_ADD_LIT(&e->sql, ", ");
        first = false;
        if (insert)
            emit_table(e, e->plan->root->table);
        else
            BUF_ADD_LIT(&e->sql, "t0");
        buf_add_char(&e->sql, '.');
        emit_ident(&e->sql, model->columns[i].name);
    }
    if (marks_inserted)
        buf_add_str(&e->sql, first ? STR("(xmax = 0) AS \"" INSERTED "\"")
                                   : STR(", (xmax = 0) AS \"" INSERTED "\""));
    else if (first)
        BUF_ADD_LIT(&e->sql, "1");
}

/*
 * WITH m AS (change RETURNING ...) SELECT ... FROM m AS t0: the select is made first, into a
 * buffer of its own, to learn which columns it uses.
 */
static void
emit_returning_postgres(struct emitter *e, bool marks_inserted)
{
    const struct plan_rel *root = e->plan->root;
    struct buf outer = e->sql;
    bool used[1600] = {false}; /* PostgreSQL's bound on the columns of a table */

    e->used = used;
    buf_init(&e->sql, outer.max);
    emit_columns(e, root, false);
    if (marks_inserted)
        BUF_ADD_LIT(&e->sql, ", t0.\"" INSERTED "\"");
    BUF_ADD_LIT(&e->sql, " FROM m AS t0");
    emit_order(e, root);
    {
        struct buf select = e->sql;

        e->sql = outer;
        BUF_ADD_LIT(&e->sql, "WITH m AS (");
        emit_change(e);
        BUF_ADD_LIT(&e->sql, " RETURNING ");
        emit_used(e, marks_inserted);
        BUF_ADD_LIT(&e->sql, ") SELECT ");
        buf_add_str(&e->sql, buf_str(&select));
        if (!buf_ok(&select))
            e->sql.overflowed = true;
        buf_fini(&select);
    }
    e->used = NULL;
}

static void
emit_returning_embedded(struct emitter *e)
{
    emit_change(e);
    BUF_ADD_LIT(&e->sql, " RETURNING ");
    emit_columns(e, e->plan->root, false);
}

void
emit_write(struct emitter *e, struct emit_output *out)
{
    const struct plan *plan = e->plan;
    bool is_merge = plan->action == PLAN_INSERT && plan->resolution == API_RESOLUTION_MERGE &&
                    plan->column_count > 0;

    if (emit_is_postgres(e)) {
        out->marks_inserted = is_merge;
        if (plan->returns_rows) {
            emit_returning_postgres(e, is_merge);
        } else {
            emit_change(e);
            if (is_merge)
                BUF_ADD_LIT(&e->sql, " RETURNING (xmax = 0)");
        }
        return;
    }
    /* The embedded engine knows a changed table by its own name only. */
    {
        struct buf name;

        buf_init(&name, 4096);
        emit_ident(&name, plan->root->table->model->sqlite_name);
        e->root_alias = arena_copy(e->arena, buf_str(&name));
        buf_fini(&name);
    }
    if (plan->returns_rows)
        emit_returning_embedded(e);
    else
        emit_change(e);
}

void
emit_existing(struct emitter *e)
{
    const struct plan *plan = e->plan;

    BUF_ADD_LIT(&e->sql, "SELECT 1 FROM ");
    emit_table(e, plan->root->table);
    for (uint32_t i = 0; i < plan->conflict_count; i++) {
        uint32_t index = 0;

        while (index < plan->column_count && plan->columns[index] != plan->conflict[i])
            index++;
        buf_add_str(&e->sql, i == 0 ? STR(" WHERE ") : STR(" AND "));
        emit_ident(&e->sql, plan->conflict[i]->name);
        BUF_ADD_LIT(&e->sql, " = ");
        /* A key that the payload leaves to its default conflicts with nothing. */
        if (index == plan->column_count)
            BUF_ADD_LIT(&e->sql, "NULL");
        else
            emit_param(e, (struct emit_param){.source = EMIT_BODY_COLUMN,
                                              .index = index,
                                              .type = &plan->columns[index]->type});
    }
}
