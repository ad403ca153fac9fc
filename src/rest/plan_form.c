/* SPDX-License-Identifier: Apache-2.0 */
/* How the values of domains look outside: by casts that a project declared. */
#include "rest/plan_form.h"

/* A handler of a table takes the table's own types. */
static bool
takes_own_types(const struct plan_input *input)
{
    return input->handler != NULL && (input->handler->is_value || input->handler->target.len > 0);
}

static void
apply_to_column(struct plan_column *column)
{
    const struct type_forms *forms = NULL;

    if (column->kind != PLAN_FIELD || column->aggregate != API_AGG_NONE ||
        column->field.step_count > 0 || column->field.type == NULL)
        return;
    forms = column->field.type->forms;
    if (forms == NULL || forms->to_json.len == 0)
        return;
    column->form = forms->to_json;
    /* A cast that the request asks for is on top. */
    if (!column->has_cast)
        column->type = type_builtin(TYPE_JSON);
}

void
plan_apply_forms(const struct plan_input *input, struct plan_rel *rel)
{
    if (takes_own_types(input))
        return;
    /* JSON has no equality to group by. */
    for (uint32_t i = 0; !rel->is_grouped && i < rel->column_count; i++)
        apply_to_column(&rel->columns[i]);
    for (struct plan_rel *child = rel->children; child != NULL; child = child->next)
        plan_apply_forms(input, child);
}
