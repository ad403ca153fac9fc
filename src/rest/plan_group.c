/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/plan_group.h"

#include "rest/plan_check.h"

static const char *const names[] = {
    [API_AGG_COUNT] = "count", [API_AGG_SUM] = "sum", [API_AGG_AVG] = "avg",
    [API_AGG_MIN] = "min",     [API_AGG_MAX] = "max",
};

/* sum() and avg(), by the type that is added up; TYPE_UNKNOWN where PostgreSQL has none. */
static enum type_id
sum_type(enum type_id of, bool average)
{
    switch (of) {
    case TYPE_INT2:
    case TYPE_INT4:
        return average ? TYPE_NUMERIC : TYPE_INT8;
    case TYPE_INT8:
    case TYPE_NUMERIC:
        return TYPE_NUMERIC;
    case TYPE_FLOAT4:
        return average ? TYPE_FLOAT8 : TYPE_FLOAT4;
    case TYPE_FLOAT8:
        return TYPE_FLOAT8;
    case TYPE_INTERVAL:
        return TYPE_INTERVAL;
    default:
        return TYPE_UNKNOWN;
    }
}

static bool
has_extremes(enum type_id of)
{
    return of != TYPE_BOOL && of != TYPE_BYTEA && of != TYPE_UUID && of != TYPE_JSON &&
           of != TYPE_JSONB && of != TYPE_TSVECTOR && of != TYPE_TSQUERY;
}

/* What the aggregate gives over values of a type; NULL where PostgreSQL has none. */
static const struct type *
aggregate_type(enum api_aggregate aggregate, const struct type *of)
{
    enum type_id sum = TYPE_UNKNOWN;

    switch (aggregate) {
    case API_AGG_COUNT:
        return type_builtin(TYPE_INT8);
    case API_AGG_SUM:
    case API_AGG_AVG:
        sum = sum_type(of->id, aggregate == API_AGG_AVG);
        return sum != TYPE_UNKNOWN ? type_builtin(sum) : NULL;
    case API_AGG_MIN:
    case API_AGG_MAX:
        if (!has_extremes(of->id))
            return NULL;
        /* Neither a length nor varchar itself outlives the function. */
        if (of->id == TYPE_VARCHAR)
            return type_builtin(TYPE_TEXT);
        return of->id == TYPE_ENUM || of->id == TYPE_ARRAY || of->id == TYPE_OTHER
                   ? of
                   : type_builtin(of->id);
    case API_AGG_NONE:
        break;
    }
    return NULL;
}

static bool
fail_function(const char *name, const struct type *type, struct err *err)
{
    struct str of =
        type->id == TYPE_ENUM || type->id == TYPE_ARRAY ? type->name : type_builtin(type->id)->name;

    err_set(err, ERR_REQUEST, "42883", "function %s(%.*s) does not exist", name, STR_ARG(of));
    err_hint(err, "No function matches the given name and argument types. You might need to add "
                  "explicit type casts.");
    err->http_status = 404;
    return false;
}

bool
plan_aggregate(const struct plan_input *input, const struct api_item *item,
               struct plan_column *column, struct err *err)
{
    const struct type *of = column->kind == PLAN_ROW ? type_builtin(TYPE_INT4) : column->type;

    column->aggregate = item->aggregate;
    if (item->alias.data == NULL)
        column->key = str_from(names[item->aggregate]);
    column->aggregate_type = aggregate_type(item->aggregate, of);
    if (column->aggregate_type == NULL) {
        if (input->dialect != DB_POSTGRES)
            return fail_function(names[item->aggregate], of, err);
        /* PostgreSQL may know one that we don't, and else says so itself. */
        column->aggregate_type = of;
    }
    column->type = column->aggregate_type;
    if (item->aggregate_cast.data == NULL)
        return true;
    column->has_aggregate_cast = true;
    column->type = &column->aggregate_cast;
    return plan_check_cast(input, column->aggregate_type, item->aggregate_cast,
                           &column->aggregate_cast, &column->aggregate_cast_name, err);
}

bool
plan_is_grouping(const struct plan_rel *rel, const struct plan_column *column)
{
    return column->aggregate == API_AGG_NONE &&
           (column->kind != PLAN_COUNT || column->origin != rel);
}

static bool
has_aggregate(const struct plan_rel *rel)
{
    for (uint32_t i = 0; i < rel->column_count; i++) {
        if (rel->columns[i].aggregate != API_AGG_NONE)
            return true;
    }
    return false;
}

/* Any level, because the columns of a spread are there too. */
static bool
uses_aggregates(const struct plan_rel *rel)
{
    if (has_aggregate(rel))
        return true;
    for (const struct plan_rel *child = rel->children; child != NULL; child = child->next) {
        if (uses_aggregates(child))
            return true;
    }
    return false;
}

static bool
check_spreads(const struct plan_rel *rel, struct err *err)
{
    if (rel->is_spread && !rel->is_to_one && has_aggregate(rel)) {
        err_refuse(err, 400, "PGRST127", "Feature not implemented");
        err_details(err, "Aggregates are not implemented for one-to-many or many-to-many spreads.");
        return false;
    }
    for (const struct plan_rel *child = rel->children; child != NULL; child = child->next) {
        if (!check_spreads(child, err))
            return false;
    }
    return true;
}

static bool
fail_ungrouped(const struct plan_field *field, struct err *err)
{
    err_set(err, ERR_REQUEST, "42803",
            "column \"%.*s.%.*s\" must appear in the GROUP BY clause or be used in an aggregate "
            "function",
            STR_ARG(field->rel->table->model->name), STR_ARG(field->column->name));
    err->http_status = 400;
    return false;
}

static bool
counts_rows(const struct plan_rel *rel)
{
    for (uint32_t i = 0; i < rel->column_count; i++) {
        if (rel->columns[i].kind == PLAN_COUNT)
            return true;
    }
    return false;
}

bool
plan_is_one_row(const struct plan_rel *rel)
{
    bool aggregates = counts_rows(rel) || has_aggregate(rel);

    for (uint32_t i = 0; aggregates && i < rel->column_count; i++)
        aggregates = !plan_is_grouping(rel, &rel->columns[i]);
    return aggregates && !rel->is_to_one && !rel->is_spread;
}

/* "select=count" is a column to PostgREST, and so makes no groups; nor is there anything to order
 * by. */
static bool
check_count(const struct plan_rel *rel, struct err *err)
{
    if (!counts_rows(rel))
        return true;
    for (uint32_t i = 0; i < rel->column_count; i++) {
        const struct plan_column *column = &rel->columns[i];
        const struct plan_field key = {.rel = rel, .column = rel->table->model->columns};

        if (plan_is_grouping(rel, column))
            return fail_ungrouped(
                column->kind == PLAN_FIELD && column->origin == rel ? &column->field : &key, err);
    }
    return rel->order == NULL || fail_ungrouped(&rel->order->field, err);
}

static bool
is_same_field(const struct plan_field *a, const struct plan_field *b)
{
    if (a->rel != b->rel || a->column != b->column || a->step_count != b->step_count)
        return false;
    for (uint32_t i = 0; i < a->step_count; i++) {
        if (a->steps[i].as_text != b->steps[i].as_text ||
            a->steps[i].is_index != b->steps[i].is_index ||
            a->steps[i].index != b->steps[i].index || !str_eq(a->steps[i].key, b->steps[i].key))
            return false;
    }
    return true;
}

/* The primary key is grouped by, so each group is one row. */
static bool
groups_by_key(const struct plan_input *input, const struct plan_rel *rel)
{
    uint32_t found = 0;

    if (rel->table->model->is_view || rel->call != NULL ||
        (rel->parent == NULL && input->action != PLAN_READ))
        return false;
    for (uint32_t i = 0; i < rel->table->pk_column_count; i++) {
        const struct model_column *key = &rel->table->model->columns[rel->table->pk_columns[i]];
        const struct plan_column *column = rel->columns;
        const struct plan_column *end = column + rel->column_count;

        while (column < end && (!plan_is_grouping(rel, column) || column->kind != PLAN_FIELD ||
                                column->origin != rel || column->field.column != key ||
                                column->field.step_count > 0 || column->has_cast))
            column++;
        found += column < end;
    }
    return found > 0 && found == rel->table->pk_column_count;
}

/* The column has what is ordered by, as it is or under a cast. */
static bool
is_ordered(const struct plan_column *column, const struct plan_order *order)
{
    if (order->shown != NULL)
        return column->origin == order->via && str_eq(column->key, order->shown->key);
    return column->kind == PLAN_FIELD && is_same_field(&column->field, &order->field);
}

/* The column of a grouped level that has what it is ordered by. */
static bool
find_place(const struct plan_input *input, const struct plan_rel *rel, struct plan_order *order,
           struct err *err)
{
    for (uint32_t i = 0; i < rel->column_count; i++) {
        const struct plan_column *column = &rel->columns[i];

        if (!plan_is_grouping(rel, column) || !is_ordered(column, order))
            continue;
        if (!column->has_cast || order->shown != NULL) {
            order->place = i + 1;
            return true;
        }
        if (plan_groups_by_field(rel, column))
            return true;
    }
    return (order->via == NULL && groups_by_key(input, rel)) || fail_ungrouped(&order->field, err);
}

static bool
check_grouping(const struct plan_input *input, const struct plan_rel *rel, struct err *err)
{
    for (uint32_t i = 0; input->dialect != DB_POSTGRES && i < rel->column_count; i++) {
        const struct plan_column *column = &rel->columns[i];

        if (plan_is_grouping(rel, column) && column->kind == PLAN_FIELD &&
            !plan_column_is_computed_json(rel, column) && column->type->id == TYPE_JSON)
            return err_refuse(err, 404, "42883",
                              "could not identify an equality operator for type json");
    }
    for (struct plan_order *order = rel->order; order != NULL; order = order->next) {
        if (!find_place(input, rel, order, err))
            return false;
    }
    return true;
}

bool
plan_group(const struct plan_input *input, struct plan_rel *rel, struct err *err)
{
    rel->is_grouped = !rel->is_spread && has_aggregate(rel);
    if (rel->is_grouped ? !check_grouping(input, rel, err) : !check_count(rel, err))
        return false;
    /* What a write shows is then one row for all, as an aggregate makes it. */
    if (rel->parent == NULL && input->action != PLAN_READ && counts_rows(rel))
        rel->is_grouped = true;
    for (struct plan_rel *child = rel->children; child != NULL; child = child->next) {
        if (!plan_group(input, child, err))
            return false;
    }
    return true;
}

bool
plan_check_aggregates(const struct plan_input *input, const struct plan_rel *root, struct err *err)
{
    if (!input->limits->aggregates && uses_aggregates(root))
        return err_refuse(err, 400, "PGRST123", "Use of aggregate functions is not allowed");
    return check_spreads(root, err);
}

bool
plan_groups_by_field(const struct plan_rel *rel, const struct plan_column *column)
{
    return column->kind == PLAN_FIELD && column->origin == rel && column->has_cast &&
           !column->has_alias && column->field.step_count == 0;
}

bool
plan_column_is_computed_json(const struct plan_rel *rel, const struct plan_column *column)
{
    for (const struct plan_rel *at = column->origin; at != rel; at = at->parent) {
        if (!at->is_to_one)
            return true;
    }
    return column->kind == PLAN_EMBED;
}
