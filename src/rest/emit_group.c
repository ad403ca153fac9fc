/* SPDX-License-Identifier: Apache-2.0 */
/* Aggregates and groups. */
#include "rest/emit_impl.h"
#include "rest/plan_group.h"
#include "sql/array.h"

void
emit_collation(struct emitter *e, const struct type *type)
{
    if (emit_is_postgres(e))
        return;
    if (type->id == TYPE_NUMERIC)
        BUF_ADD_LIT(&e->sql, " COLLATE cairn_numeric");
    else if (type->id == TYPE_BPCHAR)
        BUF_ADD_LIT(&e->sql, " COLLATE RTRIM");
    else if (type->id == TYPE_JSONB)
        BUF_ADD_LIT(&e->sql, " COLLATE cairn_jsonb");
    else if (type->id == TYPE_ARRAY)
        buf_add_str(&e->sql, array_has_numbers(type) ? STR(" COLLATE cairn_array_number")
                                                     : STR(" COLLATE cairn_array"));
}

static const struct type *
value_type(const struct plan_column *column)
{
    if (column->has_cast)
        return &column->cast;
    if (column->kind == PLAN_FIELD)
        return column->field.type;
    return type_builtin(column->kind == PLAN_EMBED ? TYPE_JSON : TYPE_INT8);
}

char
emit_json_class(const struct plan_rel *rel, const struct plan_column *column)
{
    if (plan_column_is_computed_json(rel, column))
        return 'r';
    return type_json_class(column->aggregate != API_AGG_NONE ? column->type : value_type(column));
}

/* The embedded engine's function for the aggregate of values of a type. */
static const char *
embedded_function(enum api_aggregate aggregate, enum type_id of)
{
    switch (aggregate) {
    case API_AGG_SUM:
        return of == TYPE_FLOAT8                    ? "cairn_float_sum"
               : of == TYPE_FLOAT4                  ? "cairn_float4_sum"
               : of == TYPE_INT2 || of == TYPE_INT4 ? "cairn_int_sum"
                                                    : "cairn_num_sum";
    case API_AGG_AVG:
        return of == TYPE_FLOAT8 || of == TYPE_FLOAT4 ? "cairn_float_avg" : "cairn_num_avg";
    case API_AGG_MIN:
        return of == TYPE_NUMERIC ? "cairn_num_min" : "min";
    case API_AGG_MAX:
        return of == TYPE_NUMERIC ? "cairn_num_max" : "max";
    case API_AGG_COUNT:
    case API_AGG_NONE:
        break;
    }
    return "count";
}

/* The label that comes first or last: by its position, and back. */
static void
emit_extreme_label(struct emitter *e, const struct plan_rel *rel, const struct plan_column *column)
{
    const struct type *type = value_type(column);
    bool is_array = type->id == TYPE_ARRAY;

    buf_add_str(&e->sql, is_array ? STR("cairn_enum_labels(") : STR("CASE "));
    buf_add_str(&e->sql, column->aggregate == API_AGG_MIN ? STR("min(") : STR("max("));
    emit_label_open(e, type);
    emit_value(e, rel, column);
    emit_label_position(e, type);
    buf_add_char(&e->sql, ')');
    if (is_array) {
        emit_labels(e, type->elem);
        buf_add_char(&e->sql, ')');
        return;
    }
    for (uint32_t i = 0; i < type->label_count; i++) {
        buf_printf(&e->sql, " WHEN %u THEN ", i);
        quote_text(&e->sql, type->labels[i]);
    }
    BUF_ADD_LIT(&e->sql, " END");
}

static void
emit_function(struct emitter *e, const struct plan_rel *rel, const struct plan_column *column)
{
    static const char *const names[] = {
        [API_AGG_COUNT] = "count", [API_AGG_SUM] = "sum", [API_AGG_AVG] = "avg",
        [API_AGG_MIN] = "min",     [API_AGG_MAX] = "max",
    };
    const struct type *type = value_type(column);
    bool is_extreme = column->aggregate == API_AGG_MIN || column->aggregate == API_AGG_MAX;

    if (column->kind == PLAN_ROW && column->origin == rel) {
        BUF_ADD_LIT(&e->sql, "count(*)");
        return;
    }
    if (is_extreme && emit_sorts_by_label(e, type)) {
        emit_extreme_label(e, rel, column);
        return;
    }
    buf_add_str(&e->sql,
                str_from(emit_is_postgres(e) ? names[column->aggregate]
                                             : embedded_function(column->aggregate, type->id)));
    buf_add_char(&e->sql, '(');
    emit_value(e, rel, column);
    if (is_extreme)
        emit_collation(e, type);
    buf_add_char(&e->sql, ')');
}

static void
emit_aggregate(struct emitter *e, const struct plan_rel *rel, const struct plan_column *column)
{
    if (!column->has_aggregate_cast) {
        emit_function(e, rel, column);
        return;
    }
    emit_cast_open(e, &column->aggregate_cast);
    emit_function(e, rel, column);
    emit_cast_close(e, column->aggregate_type, &column->aggregate_cast,
                    column->aggregate_cast_name);
}

void
emit_shown_column(struct emitter *e, const struct plan_rel *rel, const struct plan_column *column)
{
    /* JSON can't be compared; jsonb can, and its normal form is what is shown then. */
    bool normalizes = rel->is_grouped && plan_column_is_computed_json(rel, column);

    if (column->aggregate != API_AGG_NONE) {
        emit_aggregate(e, rel, column);
        return;
    }
    if (normalizes && !emit_is_postgres(e))
        BUF_ADD_LIT(&e->sql, "cairn_cast(");
    emit_value(e, rel, column);
    if (normalizes)
        buf_add_str(&e->sql, emit_is_postgres(e) ? STR("::jsonb") : STR(",'json','jsonb')"));
}

void
emit_group(struct emitter *e, const struct plan_rel *rel)
{
    bool first = true;

    for (uint32_t i = 0; rel->is_grouped && i < rel->column_count; i++) {
        const struct plan_column *column = &rel->columns[i];

        if (!plan_is_grouping(rel, column))
            continue;
        buf_add_str(&e->sql, first ? STR(" GROUP BY ") : STR(", "));
        first = false;
        if (plan_groups_by_field(rel, column)) {
            emit_field(e, &column->field);
            continue;
        }
        buf_add_u64(&e->sql, i + 1);
        if (!plan_column_is_computed_json(rel, column))
            emit_collation(e, value_type(column));
    }
}
