/* SPDX-License-Identifier: Apache-2.0 */
/* What a write changes: the table itself, or on the embedded engine the one below a view. */
#include "rest/plan_check.h"
#include "schema/access_view.h"

static bool
fail_filled(const struct model_column *column, bool is_insert, struct err *err)
{
    if (is_insert)
        err_set(err, ERR_DB, "428C9", "cannot insert a non-DEFAULT value into column \"%.*s\"",
                STR_ARG(column->name));
    else
        err_set(err, ERR_DB, "428C9", "column \"%.*s\" can only be updated to DEFAULT",
                STR_ARG(column->name));
    if (column->is_generated)
        err_details(err, "Column \"%.*s\" is a generated column.", STR_ARG(column->name));
    else
        err_details(err, "Column \"%.*s\" is an identity column defined as GENERATED ALWAYS.",
                    STR_ARG(column->name));
    if (!column->is_generated && is_insert)
        err_hint(err, "Use OVERRIDING SYSTEM VALUE to override.");
    err->http_status = 400;
    return false;
}

/* As PostgreSQL says it of a view that can't be written by itself. */
static bool
fail_fixed(const struct model_table *view, struct str reason, enum plan_action action,
           struct err *err)
{
    static const struct {
        const char *what;
        const char *doing;
        const char *event;
    } words[] = {
        [PLAN_READ] = {"", "", ""},
        [PLAN_INSERT] = {"insert into", "inserting into", "INSERT"},
        [PLAN_UPDATE] = {"update", "updating", "UPDATE"},
        [PLAN_DELETE] = {"delete from", "deleting from", "DELETE"},
    };

    err_set(err, ERR_DB, "55000", "cannot %s view \"%.*s\"", words[action].what,
            STR_ARG(view->name));
    err_details(err, "%.*s", STR_ARG(reason));
    err_hint(err,
             "To enable %s the view, provide an INSTEAD OF %s trigger or an unconditional ON %s DO "
             "INSTEAD rule.",
             words[action].doing, words[action].event, words[action].event);
    err->http_status = 500;
    return false;
}

static bool
fail_column(const struct model_table *view, const struct model_column *column,
            enum plan_action action, struct err *err)
{
    err_set(err, ERR_DB, "0A000", "cannot %s column \"%.*s\" of view \"%.*s\"",
            action == PLAN_INSERT ? "insert into" : "update", STR_ARG(column->name),
            STR_ARG(view->name));
    err_details(err, "View columns that are not columns of their base relation are not updatable.");
    err->http_status = 400;
    return false;
}

/* The record of an older version doesn't say how the view is made. */
static bool
fail_unknown(const struct model_table *view, struct err *err)
{
    err_set(err, ERR_REQUEST, "0A000",
            "the view \"%.*s\" was made by a version that could not write through views",
            STR_ARG(view->name));
    err_hint(err, "Make it again in a migration: CREATE OR REPLACE VIEW.");
    err->http_status = 400;
    return false;
}

static bool
fail_twice(const struct model_column *column, struct err *err)
{
    err_set(err, ERR_DB, "42601", "multiple assignments to same column \"%.*s\"",
            STR_ARG(column->name));
    err->http_status = 400;
    return false;
}

static bool
has_plain_column(const struct model_table *view)
{
    for (uint32_t i = 0; i < view->column_count; i++) {
        if (view->columns[i].from_column.len > 0)
            return true;
    }
    return false;
}

static uint32_t
find(const struct model_column *const *columns, uint32_t count, const struct model_column *column)
{
    uint32_t i = 0;

    while (i < count && columns[i] != column)
        i++;
    return i;
}

/* Whether PostgreSQL writes through the view by itself, and to these of its columns. */
static bool
check_level(const struct model_table *view, const struct plan *plan,
            const struct model_column *const *columns, struct err *err)
{
    bool sets = plan->action != PLAN_DELETE;

    if (view->view_fixed.len > 0)
        return fail_fixed(view, view->view_fixed, plan->action, err);
    if (view->from_table.len == 0)
        return fail_unknown(view, err);
    if (sets && !has_plain_column(view))
        return fail_fixed(
            view, STR("Views that have no updatable columns are not automatically updatable."),
            plan->action, err);
    for (uint32_t i = 0; sets && i < view->column_count; i++) {
        const struct model_column *column = &view->columns[i];

        if (column->from_column.len == 0 &&
            find(columns, plan->column_count, column) < plan->column_count)
            return fail_column(view, column, plan->action, err);
    }
    return true;
}

/* From the view to what is below it, level by level: PostgreSQL names the first that refuses. */
static bool
find_below(const struct plan_input *input, struct plan *plan, struct err *err)
{
    const struct schema_table *table = input->table;
    const struct model_column **columns =
        ARENA_ARRAY(input->arena, const struct model_column *, plan->column_count + 1);

    for (uint32_t i = 0; i < plan->column_count; i++)
        columns[i] = plan->columns[i];
    while (table->model->is_view) {
        const struct model_table *view = table->model;

        if (!check_level(view, plan, columns, err))
            return false;
        table = schema_find_table(input->schema, view->from_schema, view->from_table);
        if (table == NULL)
            return fail_unknown(view, err);
        for (uint32_t i = 0; i < plan->column_count; i++) {
            const struct model_column *column = schema_find_column(table, columns[i]->from_column);

            if (column == NULL)
                return fail_unknown(view, err);
            if (find(columns, i, column) < i)
                return fail_twice(column, err);
            columns[i] = column;
        }
    }
    if (input->table->view == NULL)
        return fail_unknown(input->table->model, err);
    plan->target = table;
    plan->target_columns = columns;
    return true;
}

/* A column that the view computes is in no key: PostgreSQL then finds no constraint. */
static bool
find_conflict(const struct plan_input *input, struct plan *plan, struct err *err)
{
    const struct schema_view *view = input->table->view;
    const struct model_column **conflict =
        ARENA_ARRAY(input->arena, const struct model_column *, plan->conflict_count + 1);

    for (uint32_t i = 0; i < plan->conflict_count; i++) {
        conflict[i] = view->columns[schema_column_index(input->table, plan->conflict[i])];
        if (conflict[i] == NULL)
            return err_set(err, ERR_DB, "42P10",
                           "there is no unique or exclusion constraint matching the ON CONFLICT "
                           "specification");
    }
    plan->target_conflict = conflict;
    return true;
}

bool
plan_find_target(const struct plan_input *input, struct plan *plan, struct err *err)
{
    plan->target = input->table;
    plan->target_role = input->role;
    plan->target_columns = plan->columns;
    plan->target_conflict = plan->conflict;
    if (input->dialect == DB_POSTGRES)
        return true;
    if (input->table->model->is_view) {
        if (!find_below(input, plan, err) || !find_conflict(input, plan, err))
            return false;
        plan->target_role = access_view_writer(input->schema, input->role, input->table);
    }
    for (uint32_t i = 0; i < plan->column_count; i++) {
        const struct model_column *column = plan->target_columns[i];

        if (column->is_generated || column->is_identity_always)
            return fail_filled(column, plan->action == PLAN_INSERT, err);
    }
    return true;
}

static struct str
view_default(const struct schema_table *view, const struct model_column *column)
{
    for (uint32_t i = 0; i < view->model->column_count; i++) {
        if (view->view->columns[i] == column && view->model->columns[i].default_sqlite.len > 0)
            return view->model->columns[i].default_sqlite;
    }
    return STR_NULL;
}

struct str
plan_left_out(const struct plan *plan, const struct model_column *column)
{
    const struct schema_view *view = plan->root->table->view;
    struct str found = STR_NULL;

    /* The view itself comes first. */
    for (uint32_t i = 0; view != NULL && i < view->level_count && found.len == 0; i++)
        found = view_default(view->levels[i], column);
    return found.len > 0 ? found : column->default_sqlite;
}
