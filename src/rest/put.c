/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/put.h"

static bool
fail_filters(struct err *err)
{
    return err_refuse(err, 405, "PGRST105",
                      "Filters must include all and only primary key columns with 'eq' operators");
}

static bool
fail_mismatch(struct err *err)
{
    return err_refuse(err, 400, "PGRST115",
                      "Payload values do not match URL in primary key column(s)");
}

/* The filter that says what the column equals, or NULL. */
static const struct api_filter *
find_filter(const struct api_level *root, struct str column)
{
    for (const struct api_cond *cond = root->conds; cond != NULL; cond = cond->next) {
        if (cond->kind == API_COND_FILTER && !cond->negated && cond->filter.op == API_EQ &&
            cond->filter.quantifier == API_QUANT_NONE && cond->filter.field.step_count == 0 &&
            str_eq(cond->filter.field.column, column))
            return &cond->filter;
    }
    return NULL;
}

static bool
check_filters(const struct schema_table *table, const struct api_level *root, struct err *err)
{
    uint32_t count = 0;

    for (const struct api_cond *cond = root->conds; cond != NULL; cond = cond->next)
        count++;
    if (count == 0 || count != table->pk_column_count)
        return fail_filters(err);
    for (uint32_t i = 0; i < count; i++) {
        if (find_filter(root, table->model->columns[table->pk_columns[i]].name) == NULL)
            return fail_filters(err);
    }
    return true;
}

static bool
is_named(const struct api_request *api, struct str name)
{
    uint32_t i = 0;

    while (i < api->column_count && !str_eq(api->columns[i], name))
        i++;
    return api->columns == NULL || i < api->column_count;
}

/* The key's part in the payload is what the URL says, in the normal form of its type. */
static bool
check_part(const struct model_column *column, struct str url, struct str body, struct arena *arena,
           struct err *err)
{
    struct value a = {.kind = VALUE_TEXT, .s = url};
    struct value b = {.kind = VALUE_TEXT, .s = body};

    if (body.data == NULL)
        return fail_mismatch(err);
    if (type_is_embedded(&column->type) && (!type_input(&column->type, url, arena, &a, err) ||
                                            !type_input(&column->type, body, arena, &b, err)))
        return false;
    return (a.kind != VALUE_NULL && value_eq(&a, &b)) || fail_mismatch(err);
}

bool
put_check(const struct schema_table *table, const struct api_request *api, struct payload *payload,
          struct arena *arena, struct err *err)
{
    const struct api_level *root = api->levels;
    const struct json *cursor = NULL;

    if (root->limit_slot != API_NO_SLOT || root->offset_slot != API_NO_SLOT)
        return err_refuse(err, 400, "PGRST114",
                          "limit/offset querystring parameters are not allowed for PUT");
    if (!check_filters(table, root, err))
        return false;
    if (payload->row_count == 0)
        return fail_mismatch(err);
    for (uint32_t i = 0; i < table->pk_column_count; i++) {
        const struct model_column *column = &table->model->columns[table->pk_columns[i]];
        const struct json *member = payload_find_member(payload->first, column->name, &cursor);
        struct str url = api->slots[find_filter(root, column->name)->slot].text;

        if (!is_named(api, column->name))
            return fail_mismatch(err);
        if (!check_part(column, url, payload_value_text(member, false), arena, err))
            return false;
    }
    payload->row_count = 1;
    payload->is_array = false;
    payload->text = payload->first->raw;
    return true;
}
