/* SPDX-License-Identifier: Apache-2.0 */
/* Which columns a name means, and whether a grouped query may use them. */
#include "sql/expr.h"
#include "sql/quote.h"

struct scope_item *
scope_add_table(struct apply *a, struct scope *scope, const struct model_table *table,
                struct str alias)
{
    struct scope_item *item = ARENA_NEW(a->tmp, struct scope_item);
    struct scope_item **last = &scope->items;

    item->alias = alias.len > 0 ? alias : table->name;
    item->schema = alias.len > 0 ? STR_NULL : table->schema;
    item->table = table->name;
    item->model = table->is_view ? NULL : table;
    item->column_count = table->column_count;
    item->columns = ARENA_ARRAY(a->tmp, struct scope_column, table->column_count);
    for (uint32_t i = 0; i < table->column_count; i++) {
        item->columns[i] = (struct scope_column){
            .name = table->columns[i].name,
            .type = table->columns[i].type,
            .base_schema = table->schema,
            .base_table = table->name,
            .base_column = table->columns[i].name,
        };
        /* Through a view one sees the table below it. */
        if (table->is_view) {
            item->columns[i].base_schema = table->columns[i].base_schema;
            item->columns[i].base_table = table->columns[i].base_table;
            item->columns[i].base_column = table->columns[i].base_column;
        }
    }
    while (*last != NULL)
        last = &(*last)->next;
    *last = item;
    return item;
}

void
expr_table_scope(struct apply *a, const struct model_table *table, struct scope *scope)
{
    scope_add_table(a, scope, table, STR_NULL)->is_unqualified = true;
}

static bool
matches_qualifier(const struct scope_item *item, struct name qualifier)
{
    if (qualifier.name.len == 0)
        return !item->is_hidden;
    return str_eq(item->alias, qualifier.name) &&
           (qualifier.schema.len == 0 || str_eq(item->schema, qualifier.schema));
}

/* How often the column is in this scope; the last one found goes to *item and *column. */
static uint32_t
find_in_scope(const struct scope *scope, struct name qualifier, struct str name,
              const struct scope_item **item, const struct scope_column **column)
{
    uint32_t found = 0;

    for (const struct scope_item *i = scope->items; i != NULL; i = i->next) {
        if (!matches_qualifier(i, qualifier))
            continue;
        for (uint32_t c = 0; c < i->column_count; c++) {
            if (!str_eq(i->columns[c].name, name) ||
                (i->columns[c].is_merged && qualifier.name.len == 0))
                continue;
            *item = i;
            *column = &i->columns[c];
            found++;
        }
    }
    return found;
}

/* The value of a view's column, of the row that the item is. */
static void
write_view_value(struct expr_context *x, const struct scope_item *item, struct str value,
                 struct buf *out)
{
    bool asks = str_find_char(value, '\2', 0) < value.len;

    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] != '\1')
            buf_add_char(out, value.data[i]);
        else if (item->is_unqualified && asks && item->target != NULL)
            quote_ident(out, item->target_name); /* a table that is asked may have the name, too */
        else if (item->is_unqualified)
            i++; /* and the dot behind it */
        else
            marks_write_alias(x, item, out);
    }
}

static void
set_column(struct expr_context *x, const struct scope_item *item, const struct scope_column *column,
           struct expr *out)
{
    struct buf sql;
    struct buf pg;

    apply_buf(&sql);
    apply_buf(&pg);
    if (column->value.len > 0) {
        write_view_value(x, item, column->value, &sql);
    } else if (!item->is_unqualified || item->is_policy_row) {
        marks_write_alias(x, item, &sql);
        buf_add_char(&sql, '.');
    }
    if (!item->is_unqualified) {
        quote_ident_short(&pg, item->alias);
        buf_add_char(&pg, '.');
    }
    if (column->value.len == 0)
        quote_ident(&sql, column->name);
    quote_ident_short(&pg, column->name);
    marks_add_column(x, item, column->name);
    *out = (struct expr){
        .sql = apply_take(x->a->tmp, &sql),
        .pg = apply_take(x->a->tmp, &pg),
        .type = column->type,
        .name = column->name,
        .base_schema = column->base_schema,
        .base_table = column->base_table,
        .base_column = column->base_column,
        .is_column = true,
    };
}

void
expr_column(struct expr_context *x, const struct scope_item *item,
            const struct scope_column *column, struct expr *out)
{
    set_column(x, item, column, out);
}

bool
expr_column_is_one(struct expr_context *x, const struct scope_item *item,
                   const struct scope_column *column, size_t location)
{
    for (uint32_t i = 0; i < item->column_count && column->value.len == 0; i++) {
        const struct scope_column *other = &item->columns[i];

        if (other != column && str_eq_nocase(other->name, column->name))
            return apply_fail(x->a, location, "0A000", "give one of them another name with AS",
                              "columns \"%.*s\" and \"%.*s\" of \"%.*s\" are the same to the "
                              "embedded engine",
                              STR_ARG(other->name), STR_ARG(column->name), STR_ARG(item->alias));
    }
    return true;
}

bool
expr_is_grouped(const struct grouping *grouping, struct str sql)
{
    for (uint32_t i = 0; i < grouping->count; i++) {
        if (str_eq(grouping->items[i].sql, sql))
            return true;
    }
    return false;
}

/* Who groups by a table's primary key has all its columns. */
static bool
is_key_grouped(struct expr_context *x, const struct scope_item *item,
               const struct scope_column *column)
{
    const struct model_table *table =
        model_find_table(x->a->model, column->base_schema, column->base_table);
    const struct model_key *key = table != NULL ? model_primary_key(table) : NULL;

    if (key == NULL || !str_eq(item->table, table->name))
        return false;
    for (uint32_t i = 0; i < key->column_count; i++) {
        struct buf sql;
        struct str name;

        apply_buf(&sql);
        marks_write_alias(x, item, &sql);
        buf_add_char(&sql, '.');
        quote_ident(&sql, table->columns[key->columns[i]].name);
        name = apply_take(x->a->tmp, &sql);
        if (!expr_is_grouped(x->grouping, name))
            return false;
    }
    return true;
}

static void
note_column(struct expr_context *x, const struct scope *scope, const struct scope_item *item,
            const struct scope_column *column, const struct expr *e, size_t location)
{
    struct grouping *grouping = x->grouping;

    if (grouping == NULL || x->in_aggregate || scope != grouping->scope ||
        expr_is_grouped(grouping, e->sql) || is_key_grouped(x, item, column))
        return;
    if (grouping->ungrouped++ == 0) {
        grouping->column = apply_full_name(x->a->tmp, item->alias, column->name);
        grouping->location = location;
    }
}

/* Whether anything in reach has this name. */
static bool
has_qualifier(const struct scope *scope, struct name qualifier)
{
    for (; scope != NULL; scope = scope->outer) {
        for (const struct scope_item *i = scope->items; i != NULL; i = i->next) {
            if (matches_qualifier(i, qualifier))
                return true;
        }
    }
    return false;
}

/* An argument of the function whose body this is: its name, also behind the function's. */
static bool
find_parameter(struct expr_context *x, struct name qualifier, struct str name, struct expr *out)
{
    struct expr_parameters *parameters = x->a->parameters;

    if (parameters == NULL || parameters->row != NULL || qualifier.schema.len > 0 ||
        name.len == 0 || (qualifier.name.len > 0 && !str_eq(qualifier.name, parameters->function)))
        return false;
    for (uint32_t i = 0; i < parameters->count; i++) {
        if (!str_eq(parameters->items[i].name, name))
            continue;
        *out = parameters->items[i].value;
        out->name = name;
        parameters->items[i].uses++;
        return true;
    }
    return false;
}

bool
expr_parameter_ref(struct expr_context *x, const struct json *body, struct expr *out)
{
    struct expr_parameters *parameters = x->a->parameters;
    int64_t number = json_get_i64(body, "number", 0);

    if (parameters != NULL && parameters->row != NULL && number == 1)
        return apply_refuse(x->a, pg_location(body), "whole rows as values");
    if (parameters == NULL || number < 1 || number > parameters->count)
        return apply_fail(x->a, pg_location(body), "42P02", NULL, "there is no parameter $%jd",
                          (intmax_t)number);
    *out = parameters->items[number - 1].value;
    out->name = STR_NULL;
    parameters->items[number - 1].uses++;
    return true;
}

/* argument.name, function.argument.name */
static bool
names_row(const struct expr_parameters *parameters, struct name qualifier)
{
    return parameters != NULL && parameters->row != NULL && qualifier.name.len > 0 &&
           str_eq(qualifier.name, parameters->items[0].name) &&
           (qualifier.schema.len == 0 || str_eq(qualifier.schema, parameters->function));
}

bool
expr_column_ref(struct expr_context *x, const struct json *body, struct expr *out)
{
    const struct scope_item *item = NULL;
    const struct scope_column *column = NULL;
    struct str parts[4] = {{0}};
    struct name qualifier = {0};
    uint32_t count = 0;
    struct str name;

    for (const struct json *n = pg_first(body, "fields"); n != NULL; n = n->next) {
        if (pg_as(n, "String") == NULL || count == COUNTOF(parts))
            return apply_refuse(x->a, pg_location(body), "whole rows as values");
        parts[count++] = pg_string(n);
    }
    if (count == 0)
        return apply_refuse(x->a, pg_location(body), "this reference");
    name = parts[count - 1];
    if (count > 1)
        qualifier.name = parts[count - 2];
    if (count > 2)
        qualifier.schema = parts[count - 3];
    if (x->scope == NULL && find_parameter(x, qualifier, name, out))
        return true;
    if (x->scope == NULL)
        return apply_fail(x->a, pg_location(body), "0A000", NULL,
                          "%s can't use a column (\"%.*s\")", x->place, STR_ARG(name));
    for (const struct scope *scope = x->scope; scope != NULL; scope = scope->outer) {
        uint32_t found = find_in_scope(scope, qualifier, name, &item, &column);

        if (found > 1)
            return apply_fail(x->a, pg_location(body), "42702", "write the table before it",
                              "column reference \"%.*s\" is ambiguous", STR_ARG(name));
        if (found == 1) {
            if (!expr_column_is_one(x, item, column, pg_location(body)))
                return false;
            if (scope->is_read != NULL)
                *scope->is_read = true;
            set_column(x, item, column, out);
            note_column(x, scope, item, column, out, pg_location(body));
            return true;
        }
    }
    if (names_row(x->a->parameters, qualifier))
        return expr_row_field(x, name, pg_location(body), out);
    if (find_parameter(x, qualifier, name, out))
        return true;
    if (qualifier.name.len > 0 && !has_qualifier(x->scope, qualifier))
        return apply_fail(x->a, pg_location(body), "42P01", NULL,
                          "missing FROM-clause entry for table \"%.*s\"", STR_ARG(qualifier.name));
    if (qualifier.name.len > 0)
        return apply_fail(x->a, pg_location(body), "42703", NULL, "column %.*s.%.*s does not exist",
                          STR_ARG(qualifier.name), STR_ARG(name));
    return apply_fail(x->a, pg_location(body), "42703", NULL, "column \"%.*s\" does not exist",
                      STR_ARG(name));
}
