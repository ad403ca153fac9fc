/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of a row on the embedded engine: their bodies stand where a column or a table would. */
#include "rest/emit_impl.h"

/* PostgreSQL hands over the whole row, which needs the right to read all of it. */
static void
note_row(struct emitter *e, const struct plan_rel *rel)
{
    for (uint32_t i = 0; i < rel->table->model->column_count; i++) {
        if (rel->parent == NULL && e->used != NULL)
            e->used[i] = true;
        emit_note_column(e, rel, rel->table, &rel->table->model->columns[i]);
    }
}

static const struct schema_role *
find_role(struct emitter *e, const struct model_function *function)
{
    const struct schema *schema = e->plan->schema;
    const struct schema_role *caller = e->plan->role;
    struct err err = {0};

    if (caller == NULL)
        return schema_find_role(schema, MODEL_OWNER);
    if (!schema_may_call(schema, caller, function)) {
        (void)access_fail("function", function->name, &err);
        emit_note_fault(e, &err);
    }
    return access_body_role(schema, caller, function);
}

void
emit_row_function(struct emitter *e, const struct plan_rel *rel,
                  const struct model_computed *computed)
{
    const struct schema_role *role = find_role(e, computed->function);
    const struct schema_table *view = rel->parent == NULL ? e->view : NULL;
    size_t from = e->sql.len;
    struct err err = {0};

    note_row(e, rel);
    buf_add_str(&e->sql, computed->target == NULL ? STR("((") : STR("("));
    if (!access_write_row_function(e->plan->schema, role, computed->function, view,
                                   emit_alias_text(e, rel), &e->sql, &e->reads, &err))
        emit_note_fault(e, &err);
    buf_add_char(&e->sql, ')');
    /* No column lends it a collation. */
    if (computed->target == NULL) {
        emit_collation(e, &computed->type);
        buf_add_char(&e->sql, ')');
    }
    emit_name_role(e, role, from);
}
