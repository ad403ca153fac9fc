/* SPDX-License-Identifier: Apache-2.0 */
/* Sequences: rows of the engine's table cairn_sequence, and entries of the model. */
#include "sql/apply.h"
#include "sql/ddl.h"
#include "sql/expr.h"
#include "sql/quote.h"

static void
set_limits(struct model_sequence *s, int size)
{
    int64_t max = size == 2 ? INT16_MAX : size == 4 ? INT32_MAX : INT64_MAX;

    s->min = s->increment > 0 ? 1 : -max - 1;
    s->max = s->increment > 0 ? max : -1;
}

static int
size_of(const struct type *type)
{
    return type->id == TYPE_INT2 ? 2 : type->id == TYPE_INT4 ? 4 : 8;
}

static bool
option_number(struct apply *a, const struct json *option, int64_t *out)
{
    return pg_option_i64(&a->tree, option, out) ||
           apply_fail(a, pg_location(option), "22023", NULL, "a whole number is expected here");
}

static bool
set_owner(struct apply *a, const struct json *option, struct model_sequence *s)
{
    const struct json *first = pg_items(pg_get(option, "arg"));
    struct name column = apply_list_name(first);
    struct name table_name = {0};
    struct model_table *table;
    uint32_t index;

    if (column.schema.len == 0) {
        if (!str_eq(column.name, STR("none")))
            return apply_fail(a, pg_location(option), "42601", NULL, "invalid OWNED BY option");
        s->owned_table = s->owned_column = STR_NULL;
        return true;
    }
    /* schema.table.column: all but the last name are the table's. */
    for (const struct json *n = first; n->next != NULL; n = n->next) {
        table_name.schema = table_name.name;
        table_name.name = pg_string(n);
    }
    if (!apply_need_table(a, table_name, pg_location(option), &table) ||
        !apply_need_column(a, table, column.name, pg_location(option), &index))
        return false;
    if (!str_eq(table->schema, s->schema))
        return apply_fail(a, pg_location(option), "55000", NULL,
                          "sequence must be in same schema as table it is linked to");
    s->owned_table = table->name;
    s->owned_column = table->columns[index].name;
    return true;
}

static bool
check_limits(struct apply *a, const struct model_sequence *s)
{
    if (s->increment == 0)
        return apply_fail(a, SIZE_MAX, "22023", NULL, "INCREMENT must not be zero");
    if (s->min >= s->max)
        return apply_fail(a, SIZE_MAX, "22023", NULL,
                          "MINVALUE (%jd) must be less than MAXVALUE (%jd)", (intmax_t)s->min,
                          (intmax_t)s->max);
    if (s->start < s->min || s->start > s->max)
        return apply_fail(a, SIZE_MAX, "22023", NULL,
                          "START value (%jd) must lie between MINVALUE (%jd) and MAXVALUE (%jd)",
                          (intmax_t)s->start, (intmax_t)s->min, (intmax_t)s->max);
    return true;
}

/* What was said, apart from what follows from it. */
struct said {
    bool increment, min, max, start;
};

static bool
read_option(struct apply *a, const struct json *option, struct model_sequence *s, struct said *said,
            int *size, bool *restart, int64_t *restart_at)
{
    bool has_value = pg_get(option, "arg") != NULL;

    if (pg_is(option, "defname", "as")) {
        struct type type;

        if (!apply_type(a, pg_as(pg_get(option, "arg"), "TypeName"), &type, NULL))
            return false;
        *size = size_of(&type);
    } else if (pg_is(option, "defname", "increment")) {
        said->increment = true;
        return option_number(a, option, &s->increment);
    } else if (pg_is(option, "defname", "start")) {
        said->start = true;
        return option_number(a, option, &s->start);
    } else if (pg_is(option, "defname", "minvalue")) {
        said->min = has_value;
        return !has_value || option_number(a, option, &s->min);
    } else if (pg_is(option, "defname", "maxvalue")) {
        said->max = has_value;
        return !has_value || option_number(a, option, &s->max);
    } else if (pg_is(option, "defname", "cycle")) {
        s->cycle = pg_bool(pg_as(pg_get(option, "arg"), "Boolean"), "boolval");
    } else if (pg_is(option, "defname", "owned_by")) {
        return set_owner(a, option, s);
    } else if (pg_is(option, "defname", "restart")) {
        if (restart == NULL)
            return apply_refuse(a, pg_location(option), "RESTART here");
        *restart = true;
        *restart_at = s->start;
        return !has_value || option_number(a, option, restart_at);
    } else if (!pg_is(option, "defname", "cache") && !pg_is(option, "defname", "sequence_name") &&
               !pg_is(option, "defname", "generated")) {
        return apply_refuse(a, pg_location(option), "this option");
    }
    return true;
}

bool
apply_sequence_options(struct apply *a, const struct json *first, const struct type *type,
                       struct model_sequence *s, bool *restart, int64_t *restart_at)
{
    struct said said = {0};
    bool is_new = s->increment == 0;
    int size = type != NULL ? size_of(type) : 8;
    const struct model_sequence old = *s;

    if (is_new)
        s->increment = 1;
    for (const struct json *n = first; n != NULL; n = n->next) {
        const struct json *option = pg_as(n, "DefElem");

        if (!read_option(a, option, s, &said, &size, restart, restart_at))
            return false;
    }
    if (is_new) {
        struct model_sequence limits = *s;

        set_limits(&limits, size);
        s->min = said.min ? s->min : limits.min;
        s->max = said.max ? s->max : limits.max;
        if (!said.start)
            s->start = s->increment > 0 ? s->min : s->max;
    } else if (!said.start) {
        s->start = old.start;
    }
    return check_limits(a, s);
}

bool
apply_make_sequence(struct apply *a, const struct model_sequence *sequence)
{
    struct model_sequence *s = edit_add_sequence(a, sequence);
    struct buf sql;

    apply_default_acl(a, "sequences", s->schema, &s->acl);
    apply_buf(&sql);
    BUF_ADD_LIT(&sql, "INSERT INTO cairn_sequence (name, last_value, is_called, start_value, "
                      "increment, min_value, max_value, cycle) VALUES (");
    quote_text(&sql, apply_full_name(a->tmp, s->schema, s->name));
    BUF_ADD_LIT(&sql, ", ");
    expr_write_literal(&sql, &(struct value){.kind = VALUE_INT, .i = s->start});
    BUF_ADD_LIT(&sql, ", 0, ");
    expr_write_literal(&sql, &(struct value){.kind = VALUE_INT, .i = s->start});
    BUF_ADD_LIT(&sql, ", ");
    expr_write_literal(&sql, &(struct value){.kind = VALUE_INT, .i = s->increment});
    BUF_ADD_LIT(&sql, ", ");
    expr_write_literal(&sql, &(struct value){.kind = VALUE_INT, .i = s->min});
    BUF_ADD_LIT(&sql, ", ");
    expr_write_literal(&sql, &(struct value){.kind = VALUE_INT, .i = s->max});
    buf_printf(&sql, ", %d)", s->cycle);
    return apply_run_if(a, true, &sql);
}

bool
apply_create_sequence(struct apply *a, const struct json *body)
{
    const struct json *range = pg_get(body, "sequence");
    struct name name = apply_range_name(range);
    struct model_sequence s = {0};

    if (pg_is(range, "relpersistence", "t"))
        return apply_refuse(a, SIZE_MAX, "temporary sequences");
    if (!apply_creation_schema(a, &name.schema))
        return false;
    if (apply_relation_is_taken(a, name.schema, name.name)) {
        if (pg_bool(body, "if_not_exists"))
            return true;
        return apply_fail(a, pg_location(range), "42P07", NULL, "relation \"%.*s\" already exists",
                          STR_ARG(name.name));
    }
    s.schema = arena_copy(a->keep, name.schema);
    s.name = arena_copy(a->keep, name.name);
    return apply_sequence_options(a, pg_first(body, "options"), NULL, &s, NULL, NULL) &&
           apply_make_sequence(a, &s);
}

bool
apply_alter_sequence(struct apply *a, const struct json *body)
{
    const struct json *range = pg_get(body, "sequence");
    struct model_sequence *s = apply_lookup_sequence(a, apply_range_name(range));
    struct model_sequence changed;
    bool restart = false;
    int64_t restart_at = 0;
    struct buf sql;

    if (s == NULL) {
        if (pg_bool(body, "missing_ok"))
            return true;
        return apply_fail(a, pg_location(range), "42P01", NULL, "relation \"%.*s\" does not exist",
                          STR_ARG(pg_str(range, "relname")));
    }
    changed = *s;
    if (!apply_sequence_options(a, pg_first(body, "options"), NULL, &changed, &restart,
                                &restart_at))
        return false;
    *s = changed;
    apply_buf(&sql);
    BUF_ADD_LIT(&sql, "UPDATE cairn_sequence SET start_value = ");
    expr_write_literal(&sql, &(struct value){.kind = VALUE_INT, .i = s->start});
    BUF_ADD_LIT(&sql, ", increment = ");
    expr_write_literal(&sql, &(struct value){.kind = VALUE_INT, .i = s->increment});
    BUF_ADD_LIT(&sql, ", min_value = ");
    expr_write_literal(&sql, &(struct value){.kind = VALUE_INT, .i = s->min});
    BUF_ADD_LIT(&sql, ", max_value = ");
    expr_write_literal(&sql, &(struct value){.kind = VALUE_INT, .i = s->max});
    buf_printf(&sql, ", cycle = %d", s->cycle);
    if (restart) {
        BUF_ADD_LIT(&sql, ", is_called = 0, last_value = ");
        expr_write_literal(&sql, &(struct value){.kind = VALUE_INT, .i = restart_at});
    }
    BUF_ADD_LIT(&sql, " WHERE name = ");
    quote_text(&sql, apply_full_name(a->tmp, s->schema, s->name));
    return apply_run_if(a, true, &sql);
}

bool
apply_drop_sequence(struct apply *a, struct str schema, struct str name)
{
    struct model *model = a->model;
    struct buf sql;

    for (uint32_t i = 0; i < model->sequence_count; i++) {
        if (!str_eq(model->sequences[i].schema, schema) || !str_eq(model->sequences[i].name, name))
            continue;
        edit_remove(model->sequences, &model->sequence_count, i, sizeof(*model->sequences));
        break;
    }
    apply_buf(&sql);
    BUF_ADD_LIT(&sql, "DELETE FROM cairn_sequence WHERE name = ");
    quote_text(&sql, apply_full_name(a->tmp, schema, name));
    return apply_run_if(a, true, &sql);
}
