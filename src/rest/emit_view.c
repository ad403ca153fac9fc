/* SPDX-License-Identifier: Apache-2.0 */
/* Writing through a view, for the embedded engine: what the view is in terms of its table's row. */
#include "rest/emit_impl.h"
#include "schema/access_view.h"

static struct access_view_text
view_text(struct emitter *e, const struct emit_view_row *row)
{
    return (struct access_view_text){
        .schema = e->plan->schema,
        .caller = row->role,
        .view = row->view,
        .alias = row->alias,
        .out = &e->sql,
        .reads = &e->reads,
    };
}

/* Of a request, not of a function. */
static struct emit_view_row
own_row(const struct emitter *e)
{
    return (struct emit_view_row){
        .view = e->view,
        .role = e->plan->role,
        .alias = e->root_alias,
        .set = e->plan->target_columns,
        .set_count = e->plan->column_count,
    };
}

void
emit_view_column(struct emitter *e, const struct model_column *column)
{
    struct emit_view_row row = own_row(e);
    struct access_view_text text = view_text(e, &row);
    struct err err = {0};

    if (!access_view_write_column(&text, column, &err))
        emit_note_fault(e, &err);
}

static void
emit_level(struct emitter *e, const struct emit_view_row *row, uint32_t level)
{
    struct access_view_text text = view_text(e, row);
    struct err err = {0};

    if (!access_view_write_where(&text, level, &err))
        emit_note_fault(e, &err);
}

bool
emit_view_hides(const struct emitter *e)
{
    bool found = false;

    for (uint32_t i = 0; e->view != NULL && i < e->view->view->level_count; i++)
        found = found || access_view_has_where(e->view, i);
    return found;
}

const char *
emit_view_where_of(struct emitter *e, const struct emit_view_row *row, const char *word)
{
    for (uint32_t i = row->view != NULL ? row->view->view->level_count : 0; i-- > 0;) {
        if (!access_view_has_where(row->view, i))
            continue;
        buf_add_str(&e->sql, str_from(word));
        emit_level(e, row, i);
        word = " AND ";
    }
    return word;
}

const char *
emit_view_where(struct emitter *e, const char *word)
{
    struct emit_view_row row = own_row(e);

    return emit_view_where_of(e, &row, word);
}

/* A level's condition that is not true, and the failure: those of the views below come first. */
static void
emit_refusal(struct emitter *e, const struct emit_view_row *row, uint32_t level, const char *code,
             const char *message)
{
    BUF_ADD_LIT(&e->sql, " WHEN ");
    emit_level(e, row, level);
    buf_printf(&e->sql, " IS NOT TRUE THEN cairn_raise('%s',", code);
    quote_text(&e->sql, arena_printf(e->arena, "%s \"%.*s\"", message,
                                     STR_ARG(row->view->view->levels[level]->model->name)));
    buf_add_char(&e->sql, ',');
}

void
emit_view_conflicts(struct emitter *e)
{
    struct emit_view_row row = own_row(e);

    emit_view_conflicts_of(e, &row);
}

void
emit_view_conflicts_of(struct emitter *e, const struct emit_view_row *row)
{
    for (uint32_t i = row->view != NULL ? row->view->view->level_count : 0; i-- > 0;) {
        if (!access_view_has_where(row->view, i))
            continue;
        emit_refusal(e, row, i, "55000", "conflicting row is not visible through view");
        BUF_ADD_LIT(&e->sql, "NULL)");
    }
}

/* --- WITH CHECK OPTION ------------------------------------------------------------------------ */

static bool
checks_level(const struct schema_table *view, uint32_t level)
{
    return access_view_has_where(view, level) && access_view_checks(view, level);
}

bool
emit_view_checks(const struct emitter *e)
{
    bool found = false;

    if (e->view == NULL || e->plan->action == PLAN_DELETE)
        return false;
    for (uint32_t i = 0; i < e->view->view->level_count; i++)
        found = found || checks_level(e->view, i);
    return found;
}

/* Whether the caller may be told of the column: he may read it, or has set it himself. */
static bool
is_visible(const struct emitter *e, const struct emit_view_row *row,
           const struct model_column *column)
{
    for (uint32_t i = 0; i < row->set_count; i++) {
        if (row->set[i] == column)
            return true;
    }
    return schema_may_column(e->plan->schema, row->role, row->view->view->base->model,
                             MODEL_MAY_SELECT, column);
}

static void
emit_shown_value(struct emitter *e, const struct emit_view_row *row,
                 const struct model_column *column)
{
    bool is_text = column->type.id == TYPE_ENUM || column->type.id == TYPE_ARRAY;

    BUF_ADD_LIT(&e->sql, "cairn_shown(");
    buf_add_str(&e->sql, row->alias);
    buf_add_char(&e->sql, '.');
    quote_ident(&e->sql, column->name);
    buf_add_char(&e->sql, ',');
    quote_text(&e->sql, is_text ? STR("text") : column->type.name);
    buf_add_char(&e->sql, ')');
}

/* 'Failing row contains (' || ... || ').', as far as the caller may be told: the row is the
 * table's. */
static void
emit_failing_row(struct emitter *e, const struct emit_view_row *row)
{
    const struct schema *schema = e->plan->schema;
    const struct model_table *model = row->view->view->base->model;
    bool sees_all = row->role == NULL || schema_may(schema, row->role, model, MODEL_MAY_SELECT);
    bool *shown = ARENA_ARRAY(e->arena, bool, model->column_count + 1);
    struct buf names;
    const char *word = "";

    if (row->role != NULL && access_applies(schema, row->role, row->view->view->base)) {
        BUF_ADD_LIT(&e->sql, "NULL");
        return;
    }
    buf_init(&names, (size_t)1 << 20);
    for (uint32_t i = 0; i < model->column_count; i++) {
        shown[i] = sees_all || is_visible(e, row, &model->columns[i]);
        if (!shown[i])
            continue;
        buf_printf(&names, "%s%.*s", word, STR_ARG(model->columns[i].name));
        word = ", ";
    }
    if (names.len == 0) {
        buf_fini(&names);
        BUF_ADD_LIT(&e->sql, "NULL");
        return;
    }
    BUF_ADD_LIT(&e->sql, "'Failing row contains ('");
    if (!sees_all) {
        BUF_ADD_LIT(&e->sql, " || ");
        quote_text(&e->sql, buf_str(&names));
        BUF_ADD_LIT(&e->sql, " || ') = ('");
    }
    buf_fini(&names);
    word = " || ";
    for (uint32_t i = 0; i < model->column_count && buf_ok(&e->sql); i++) {
        if (!shown[i])
            continue;
        buf_add_str(&e->sql, str_from(word));
        emit_shown_value(e, row, &model->columns[i]);
        word = " || ', ' || ";
    }
    BUF_ADD_LIT(&e->sql, " || ').'");
}

void
emit_view_violations(struct emitter *e)
{
    struct emit_view_row row = own_row(e);

    emit_view_violations_of(e, &row);
}

void
emit_view_violations_of(struct emitter *e, const struct emit_view_row *row)
{
    for (uint32_t i = row->view->view->level_count; i-- > 0;) {
        if (!checks_level(row->view, i))
            continue;
        emit_refusal(e, row, i, "44000", "new row violates check option for view");
        emit_failing_row(e, row);
        buf_add_char(&e->sql, ')');
    }
}

/* --- privileges ------------------------------------------------------------------------------- */

bool
emit_view_may(const struct emitter *e, struct err *err)
{
    const struct plan *plan = e->plan;
    bool merges = plan->resolution == API_RESOLUTION_MERGE && plan->column_count > 0;
    struct access_view_need need = {
        .columns = plan->columns,
        .column_count = plan->column_count,
        .reads = emit_reads_target(e),
        .filters = plan->action != PLAN_INSERT || emit_view_checks(e),
    };

    if (plan->action == PLAN_INSERT)
        need.set_rights = MODEL_MAY_INSERT | (merges ? MODEL_MAY_UPDATE : 0);
    else if (plan->action == PLAN_UPDATE)
        need.set_rights = MODEL_MAY_UPDATE;
    else
        need.rights = MODEL_MAY_DELETE;
    return access_view_may(plan->schema, plan->role, e->view, &need, err);
}
