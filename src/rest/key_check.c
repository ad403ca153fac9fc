/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/key_check.h"

#include "core/map.h"
#include "schema/access.h"

#define KEY_MAX ((size_t)16 * 1024 * 1024)
#define SHOWN_MAX 64 /* bytes of a value in "Failing row contains", as PostgreSQL */

/* Whether row leaves the column to its default: missing=default. */
static bool
is_left_out(const struct plan *plan, const struct emit_stmt *sql, const struct value *row,
            const struct model_column *column)
{
    for (uint32_t i = 0; i < sql->param_count; i++) {
        if (sql->params[i].source == EMIT_BODY_HAS &&
            plan->target_columns[sql->params[i].index] == column)
            return row[i].i == 0;
    }
    return false;
}

/* The value that row sets for a column of the table, or NULL when the payload doesn't name it. */
static const struct value *
find_value(const struct plan *plan, const struct emit_stmt *sql, const struct value *row,
           const struct model_column *column)
{
    for (uint32_t i = 0; i < sql->param_count; i++) {
        if (sql->params[i].source == EMIT_BODY_COLUMN &&
            plan->target_columns[sql->params[i].index] == column)
            return &row[i];
    }
    return NULL;
}

static void
add_shown(struct buf *out, const struct type *type, const struct value *value)
{
    struct buf text;
    size_t end = SHOWN_MAX;

    if (value == NULL || value->kind == VALUE_NULL) {
        BUF_ADD_LIT(out, "null");
        return;
    }
    buf_init(&text, 1024 * 1024);
    type_write_output(&text, type, value);
    if (text.len > SHOWN_MAX) {
        while (end > 0 && ((unsigned char)text.data[end] & 0xC0) == 0x80)
            end--;
        buf_add_str(out, str_slice(buf_str(&text), 0, end));
        BUF_ADD_LIT(out, "...");
    } else {
        buf_add_str(out, buf_str(&text));
    }
    buf_fini(&text);
}

/* Whether the caller may be told of the column in an error: he may read it, or has set it
 * himself. */
static bool
is_visible(const struct plan *plan, const struct model_table *model,
           const struct model_column *column)
{
    for (uint32_t i = 0; i < plan->column_count; i++) {
        if (plan->target_columns[i] == column)
            return true;
    }
    return schema_may_column(plan->schema, plan->role, model, MODEL_MAY_SELECT, column);
}

/* (1, null), or, where the caller may not read all columns, (id, name) = (1, null). */
static void
add_row(const struct plan *plan, const struct emit_stmt *sql, const struct value *row,
        struct err *err)
{
    const struct model_table *model = plan->target->model;
    bool sees_all =
        plan->role == NULL || schema_may(plan->schema, plan->role, model, MODEL_MAY_SELECT);
    struct buf names;
    struct buf shown;
    bool first = true;

    buf_init(&names, sizeof(err->details));
    buf_init(&shown, sizeof(err->details));
    for (uint32_t i = 0; i < model->column_count; i++) {
        const struct model_column *column = &model->columns[i];

        if (!sees_all && !is_visible(plan, model, column))
            continue;
        buf_add_str(&names, first ? STR("") : STR(", "));
        buf_add_str(&shown, first ? STR("") : STR(", "));
        buf_add_str(&names, column->name);
        add_shown(&shown, &column->type, find_value(plan, sql, row, column));
        first = false;
    }
    if (sees_all)
        err_details(err, "Failing row contains (%.*s).", STR_ARG(buf_str(&shown)));
    else if (!first)
        err_details(err, "Failing row contains (%.*s) = (%.*s).", STR_ARG(buf_str(&names)),
                    STR_ARG(buf_str(&shown)));
    buf_fini(&names);
    buf_fini(&shown);
}

static bool
fail(const struct plan *plan, const struct emit_stmt *sql, const struct value *row,
     const struct model_column *key, struct err *err)
{
    const struct model_table *model = plan->target->model;

    err_set(err, ERR_DB, "23502",
            "null value in column \"%.*s\" of relation \"%.*s\" violates not-null constraint",
            STR_ARG(key->name), STR_ARG(model->name));
    /* What an update leaves as it is, isn't known here. */
    if (plan->action == PLAN_UPDATE)
        return false;
    add_row(plan, sql, row, err);
    return false;
}

static bool
names_key(const struct plan *plan, const struct model_column *key)
{
    for (uint32_t i = 0; i < plan->column_count; i++) {
        if (plan->target_columns[i] == key)
            return true;
    }
    return false;
}

bool
key_check_rows(const struct plan *plan, const struct emit_stmt *sql, const struct db_stmt *stmt,
               struct err *err)
{
    const struct model_table *model = plan->target->model;
    const struct model_key *primary = model_primary_key(model);
    const struct model_column *key = NULL;

    if (!model->rowid_pk || primary == NULL)
        return true;
    key = &model->columns[primary->columns[0]];
    if (plan->action == PLAN_INSERT && !names_key(plan, key) && plan_left_out(plan, key).len > 0)
        return true;
    for (uint32_t i = 0; i < stmt->row_count; i++) {
        const struct value *row = stmt->params + (size_t)i * stmt->param_count;
        const struct value *value = find_value(plan, sql, row, key);

        if ((plan->action == PLAN_UPDATE && value == NULL) || is_left_out(plan, sql, row, key))
            continue;
        if (value == NULL || value->kind == VALUE_NULL)
            return fail(plan, sql, row, key, err);
    }
    return true;
}

/* The conflict columns of one row as one text; data NULL: one is null or left out, and then nothing
 * conflicts. */
static struct str
conflict_key(const struct plan *plan, const struct emit_stmt *sql, const struct value *row,
             struct arena *arena)
{
    struct buf key;
    struct str out = STR_NULL;

    buf_init(&key, KEY_MAX);
    for (uint32_t i = 0; i < plan->conflict_count; i++) {
        const struct value *value = find_value(plan, sql, row, plan->target_conflict[i]);
        struct buf text;

        if (value == NULL || value->kind == VALUE_NULL)
            goto out;
        buf_init(&text, KEY_MAX);
        type_write_output(&text, &plan->conflict[i]->type, value);
        buf_printf(&key, "%zu:", text.len);
        buf_add_str(&key, buf_str(&text));
        buf_fini(&text);
    }
    out = arena_copy(arena, buf_str(&key));

out:
    buf_fini(&key);

    return out;
}

bool
key_check_merge(const struct plan *plan, const struct emit_stmt *sql, const struct db_stmt *stmt,
                struct arena *arena, uint32_t *at, struct err *err)
{
    struct map *seen = NULL;
    bool ok = true;

    if (plan->resolution != API_RESOLUTION_MERGE || stmt->row_count < 2)
        return true;
    seen = map_new();
    for (uint32_t i = 0; i < stmt->row_count && ok; i++) {
        const struct value *row = stmt->params + (size_t)i * stmt->param_count;
        struct str key = conflict_key(plan, sql, row, arena);

        ok = key.data == NULL || map_put(seen, key, seen) == NULL;
        *at = i;
    }
    map_free(seen);
    if (ok)
        return true;
    err_set(err, ERR_DB, "21000", "ON CONFLICT DO UPDATE command cannot affect row a second time");
    err_hint(err, "Ensure that no rows proposed for insertion within the same command have "
                  "duplicate constrained values.");
    return false;
}
