/* SPDX-License-Identifier: Apache-2.0 */
/* A function where a table or a column would stand; on the embedded engine always by its name in a
 * WITH. */
#include "rest/emit_impl.h"

static void
emit_argument(struct emitter *e, const struct plan_argument *given)
{
    const struct type *type = &given->argument->type;
    struct emit_param param = {
        .source = given->is_list ? EMIT_LIST : EMIT_SLOT, .index = given->slot, .type = type};

    if (given->argument->is_variadic)
        BUF_ADD_LIT(&e->sql, "VARIADIC ");
    if (given->argument->name.len > 0) {
        quote_ident(&e->sql, given->argument->name);
        BUF_ADD_LIT(&e->sql, " => ");
    }
    if (given->as_json) {
        BUF_ADD_LIT(&e->sql, "(SELECT v FROM json_to_record(");
        emit_param(e, param);
        BUF_ADD_LIT(&e->sql, "::json) AS _(v ");
        buf_add_str(&e->sql, type->name);
        BUF_ADD_LIT(&e->sql, "))");
        return;
    }
    emit_param(e, param);
    BUF_ADD_LIT(&e->sql, "::");
    buf_add_str(&e->sql, type->name);
}

static void
emit_function(struct emitter *e, const struct plan_call *call)
{
    quote_ident(&e->sql, call->function->model->schema);
    buf_add_char(&e->sql, '.');
    quote_ident(&e->sql, call->function->model->name);
    buf_add_char(&e->sql, '(');
    for (uint32_t i = 0; i < call->argument_count; i++) {
        if (i > 0)
            BUF_ADD_LIT(&e->sql, ", ");
        emit_argument(e, &call->arguments[i]);
    }
    buf_add_char(&e->sql, ')');
}

/* The row as a value of its table's type: what stands in a WITH, or comes out of a function, has
 * lost that type. */
static void
emit_row(struct emitter *e, const struct plan_rel *rel)
{
    const struct model_table *model = rel->table->model;

    if (rel->parent != NULL || (rel->call == NULL && e->plan->action == PLAN_READ)) {
        emit_alias(e, rel);
        BUF_ADD_LIT(&e->sql, ".*");
        return;
    }
    BUF_ADD_LIT(&e->sql, "ROW(");
    for (uint32_t i = 0; i < model->column_count && buf_ok(&e->sql); i++) {
        if (i > 0)
            BUF_ADD_LIT(&e->sql, ", ");
        emit_column(e, rel, &model->columns[i]);
    }
    BUF_ADD_LIT(&e->sql, ")::");
    emit_table(e, rel->table);
}

void
emit_computed(struct emitter *e, const struct plan_rel *rel, const struct model_computed *computed)
{
    if (!emit_is_postgres(e)) {
        emit_row_function(e, rel, computed);
        return;
    }
    quote_ident(&e->sql, computed->schema);
    buf_add_char(&e->sql, '.');
    quote_ident(&e->sql, computed->name);
    buf_add_char(&e->sql, '(');
    emit_row(e, rel);
    buf_add_char(&e->sql, ')');
}

void
emit_call(struct emitter *e, const struct plan_rel *root)
{
    const struct model_function *function = root->call->function->model;
    const struct model_table *row = root->table->model;
    bool is_record = function->result == MODEL_RESULT_RECORD;

    if (e->call_is_named) {
        BUF_ADD_LIT(&e->sql, EMIT_CALL_NAME " AS ");
        buf_add_str(&e->sql, e->root_alias);
        return;
    }
    if (is_record)
        BUF_ADD_LIT(&e->sql, "(SELECT to_json(");
    emit_function(e, root->call);
    if (is_record)
        BUF_ADD_LIT(&e->sql, "))");
    BUF_ADD_LIT(&e->sql, " AS ");
    buf_add_str(&e->sql, e->root_alias);
    /* What is no row has no name for its column, or its argument's. */
    if (row->column_count == 1) {
        buf_add_char(&e->sql, '(');
        quote_ident(&e->sql, row->columns[0].name);
        buf_add_char(&e->sql, ')');
    }
}
