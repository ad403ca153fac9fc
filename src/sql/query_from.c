/* SPDX-License-Identifier: Apache-2.0 */
/* FROM: tables, subqueries and joins, and the names they bring into scope. */
#include "sql/expr.h"
#include "sql/quote.h"

static struct scope_item *
add_item(struct apply *a, struct scope *scope, struct str alias, const struct expr *columns,
         uint32_t count)
{
    struct scope_item *item = ARENA_NEW(a->tmp, struct scope_item);
    struct scope_item **last = &scope->items;

    item->alias = alias;
    item->table = alias;
    item->column_count = count;
    item->columns = ARENA_ARRAY(a->tmp, struct scope_column, count);
    for (uint32_t i = 0; columns != NULL && i < count; i++) {
        item->columns[i] = (struct scope_column){
            .name = columns[i].name,
            .type = columns[i].type,
            .base_schema = columns[i].base_schema,
            .base_table = columns[i].base_table,
            .base_column = columns[i].base_column,
        };
    }
    while (*last != NULL)
        last = &(*last)->next;
    *last = item;
    return item;
}

static bool
check_alias(struct expr_context *x, struct str alias, size_t location)
{
    for (const struct scope_item *i = x->scope->items; i != NULL; i = i->next) {
        if (str_eq_nocase(i->alias, alias))
            return apply_fail(x->a, location, "42712", "give one of them another alias",
                              "table name \"%.*s\" specified more than once", STR_ARG(alias));
    }
    return true;
}

/* Base columns of a view's column are the view's own: it is the view that one sees. */
static bool
from_table(struct expr_context *x, const struct json *range, struct buf *out)
{
    const struct json *alias_node = pg_get(range, "alias");
    struct name name = apply_range_name(range);
    struct str alias = pg_str(alias_node, "aliasname");
    struct model_table *table = NULL;
    struct scope_cte *cte;
    uint32_t levels = 0;

    cte = query_find_cte(x->scope, name, &levels);
    if (pg_count(alias_node, "colnames") > 0)
        return apply_refuse(x->a, pg_location(range), "column names in an alias of a table");
    if (!check_alias(x, alias.len > 0 ? alias : name.name, pg_location(range)))
        return false;
    if (cte != NULL) {
        struct scope_item *item;

        if (!query_use_cte(x, cte, levels, pg_location(range)))
            return false;
        item = add_item(x->a, x->scope, alias.len > 0 ? alias : name.name, NULL, cte->column_count);
        memcpy(item->columns, cte->columns, cte->column_count * sizeof(*item->columns));
        marks_write_name(x, cte->sqlite_name, out);
    } else {
        if (!apply_need_relation(x->a, name, pg_location(range), &table))
            return false;
        marks_add_table(x, scope_add_table(x->a, x->scope, table, alias), table);
        marks_write_table(x, table, out);
    }
    BUF_ADD_LIT(out, " AS ");
    marks_write_name(x, alias.len > 0 ? alias : name.name, out);
    return true;
}

/* The names that an alias gives to the first columns. */
static bool
name_columns(struct expr_context *x, const struct json *alias, struct query *query, size_t location)
{
    const struct json *name = pg_first(alias, "colnames");

    for (uint32_t i = 0; i < query->column_count && name != NULL; i++) {
        query->columns[i].name = pg_string(name);
        name = name->next;
    }
    return name == NULL ||
           apply_fail(x->a, location, "42P10", NULL,
                      "table \"%.*s\" has %u columns available but more columns specified",
                      STR_ARG(pg_str(alias, "aliasname")), query->column_count);
}

/* The query's rows under the alias. is_lateral: it reads its neighbours. is_renamed: its columns
 * got other names than those that they have in its text. */
static bool
add_rows(struct expr_context *x, struct str alias, const struct query *query, bool is_lateral,
         bool is_renamed, size_t location, struct buf *out)
{
    struct scope_item *item;

    if (!check_alias(x, alias, location))
        return false;
    if (is_lateral && x->nested > 0)
        return apply_fail(x->a, location, "0A000", "put the join that it stands in first",
                          "the embedded engine has no LATERAL on the right side of a join that is "
                          "itself in parentheses, RIGHT or FULL");
    item = add_item(x->a, x->scope, alias, query->columns, query->column_count);
    if (is_lateral) {
        query_lateral(x, query, item, out);
        return true;
    }
    if (!is_renamed) {
        buf_printf(out, "(%.*s) AS ", STR_ARG(query->sql));
    } else {
        BUF_ADD_LIT(out, "(WITH cairn_rows(");
        for (uint32_t i = 0; i < query->column_count; i++) {
            buf_add_str(out, i > 0 ? STR(", ") : STR(""));
            quote_ident(out, query->columns[i].name);
        }
        buf_printf(out, ") AS (%.*s) SELECT * FROM cairn_rows) AS ", STR_ARG(query->sql));
    }
    marks_write_alias(x, item, out);
    return true;
}

static bool
from_query(struct expr_context *x, const struct json *body, struct buf *out)
{
    const struct json *alias = pg_get(body, "alias");
    struct scope *own = x->scope;
    struct scope middle = {.ctes = own->ctes, .outer = own->outer};
    struct query query = {0};
    bool reads_neighbours = false;
    bool ok;

    if (pg_str(alias, "aliasname").len == 0)
        return apply_fail(x->a, SIZE_MAX, "42601", "give it an alias",
                          "subquery in FROM must have an alias");
    /* It sees the names around the query; its neighbours only with LATERAL. */
    if (pg_bool(body, "lateral")) {
        middle.items = own->items;
        middle.is_read = &reads_neighbours;
    }
    x->scope = &middle;
    ok = query_translate(x, pg_as(pg_get(body, "subquery"), "SelectStmt"), &query);
    x->scope = own;
    return ok && name_columns(x, alias, &query, SIZE_MAX) &&
           add_rows(x, pg_str(alias, "aliasname"), &query, reads_neighbours,
                    pg_count(alias, "colnames") > 0, pg_first_location(pg_get(body, "subquery")),
                    out);
}

/* A function of the schema, and perhaps other names for its columns. */
static bool
from_function(struct expr_context *x, const struct json *body, struct buf *out)
{
    const struct json *call = pg_as(pg_items(pg_first(body, "functions")), "FuncCall");
    const struct json *alias_node = pg_get(body, "alias");
    struct str alias = pg_str(alias_node, "aliasname");
    struct scope *own = x->scope;
    bool reads_neighbours = false;
    struct scope middle = {.ctes = own->ctes, .outer = own->outer, .items = own->items};
    struct query query = {0};
    bool found = false;
    bool ok;

    if (call == NULL || pg_count(body, "functions") != 1 || pg_bool(body, "ordinality") ||
        pg_count(body, "coldeflist") > 0)
        return apply_refuse(x->a, pg_location(call), "this in FROM");
    /* Its arguments see the names around the query, and its neighbours without a word. */
    middle.is_read = &reads_neighbours;
    x->scope = &middle;
    ok = function_rows(x, call, &found, &query);
    x->scope = own;
    if (!ok)
        return false;
    if (!found)
        return apply_fail(x->a, pg_location(call), "0A000", HINT_POSTGRES,
                          "the embedded engine has no function %.*s() for FROM",
                          STR_ARG(pg_last_string(call, "funcname")));
    if (alias.len == 0)
        alias = pg_last_string(call, "funcname");
    else if (query.column_count == 1 && str_eq(query.columns[0].name, STR(MODEL_VALUE_COLUMN)))
        query.columns[0].name = alias;
    for (uint32_t i = 0; i < query.column_count; i++) {
        if (str_eq(query.columns[i].name, STR(MODEL_VALUE_COLUMN)))
            query.columns[i].name = pg_last_string(call, "funcname");
    }
    return name_columns(x, alias_node, &query, pg_location(call)) &&
           add_rows(x, alias, &query, reads_neighbours, true, pg_location(call), out);
}

static bool from_node(struct expr_context *x, const struct json *node, struct buf *out);

/* The last item that has the column, before limit; NULL when there is none. */
static struct scope_column *
find_joined(struct scope_item *from, const struct scope_item *limit, struct str name)
{
    struct scope_column *found = NULL;

    for (struct scope_item *i = from; i != NULL && i != limit; i = i->next) {
        for (uint32_t c = 0; c < i->column_count; c++) {
            if (str_eq(i->columns[c].name, name) && !i->columns[c].is_merged)
                found = &i->columns[c];
        }
    }
    return found;
}

/* Both sides are read. */
static void
add_joined(struct expr_context *x, const struct scope_item *left, struct str name)
{
    for (const struct scope_item *i = left; i != NULL; i = i->next) {
        for (uint32_t c = 0; c < i->column_count; c++) {
            if (str_eq(i->columns[c].name, name))
                marks_add_column(x, i, name);
        }
    }
}

/* USING (a, b): the right side's columns are found with their qualifier only. */
static bool
join_using(struct expr_context *x, const struct json *body, struct scope_item *left,
           struct scope_item *right, struct buf *out)
{
    const char *separator = " USING (";

    for (const struct json *n = pg_first(body, "usingClause"); n != NULL; n = n->next) {
        struct str name = pg_string(n);
        struct scope_column *a = find_joined(left, right, name);
        struct scope_column *b = find_joined(right, NULL, name);

        if (a != NULL && b != NULL && (a->value.len > 0 || b->value.len > 0))
            return apply_refuse(x->a, SIZE_MAX, "USING with what is LATERAL: write ON");
        if (a == NULL || b == NULL)
            return apply_fail(x->a, SIZE_MAX, "42703", NULL,
                              "column \"%.*s\" specified in USING clause does not exist in both "
                              "tables",
                              STR_ARG(name));
        if (a->type.id != b->type.id)
            return apply_refuse(x->a, SIZE_MAX, "USING with columns of two types");
        b->is_merged = true;
        add_joined(x, left, name);
        buf_printf(out, "%s", separator);
        quote_ident(out, name);
        separator = ", ";
    }
    buf_add_char(out, ')');
    return true;
}

/* A join on the right side of another, or one that isn't the same when it is read from left to
 * right with what stands before it, needs its parentheses, under which its tables keep their
 * names. */
static bool
needs_parentheses(const struct json *join)
{
    return pg_is(join, "jointype", "JOIN_RIGHT") || pg_is(join, "jointype", "JOIN_FULL");
}

static bool
from_sides(struct expr_context *x, const struct json *body, struct scope_item ***left,
           struct scope_item ***right, struct buf *out)
{
    static const struct {
        const char *type;
        const char *sql;
        bool left_is_nullable, right_is_nullable;
    } kinds[] = {
        {"JOIN_INNER", " JOIN ", false, false},
        {"JOIN_LEFT", " LEFT JOIN ", false, true},
        {"JOIN_RIGHT", " RIGHT JOIN ", true, false},
        {"JOIN_FULL", " FULL JOIN ", true, true},
    };
    const struct json *other = pg_get(body, "rarg");
    struct scope_item **end = &x->scope->items;
    bool is_nested = needs_parentheses(body) || pg_as(other, "JoinExpr") != NULL;
    bool is_cut; /* from what stands before it */
    size_t kind = 0;
    bool ok;

    while (kind + 1 < COUNTOF(kinds) && !pg_is(body, "jointype", kinds[kind].type))
        kind++;
    while (*end != NULL)
        end = &(*end)->next;
    *left = end;
    x->nullable += kinds[kind].left_is_nullable;
    is_cut = needs_parentheses(body) && end != &x->scope->items;
    x->nested += is_cut;
    ok = from_node(x, pg_get(body, "larg"), out);
    x->nested -= is_cut;
    x->nullable -= kinds[kind].left_is_nullable;
    if (!ok)
        return false;
    buf_printf(out, "%s", kinds[kind].sql);
    while (*end != NULL)
        end = &(*end)->next;
    *right = end;
    x->nullable += kinds[kind].right_is_nullable;
    x->nested += is_nested;
    if (pg_as(other, "JoinExpr") != NULL && !needs_parentheses(pg_body(other)))
        buf_add_char(out, '(');
    ok = from_node(x, other, out);
    if (pg_as(other, "JoinExpr") != NULL && !needs_parentheses(pg_body(other)))
        buf_add_char(out, ')');
    x->nested -= is_nested;
    x->nullable -= kinds[kind].right_is_nullable;
    return ok;
}

static bool
from_join(struct expr_context *x, const struct json *body, struct buf *out)
{
    const struct json *quals = pg_get(body, "quals");
    struct scope_item **left;
    struct scope_item **right;
    struct expr condition;

    if (pg_bool(body, "isNatural"))
        return apply_fail(x->a, SIZE_MAX, "0A000", "name the columns with USING or ON",
                          "the embedded engine does not have NATURAL JOIN");
    if (pg_get(body, "alias") != NULL || pg_get(body, "join_using_alias") != NULL)
        return apply_refuse(x->a, SIZE_MAX, "an alias of a join");
    if (!from_sides(x, body, &left, &right, out))
        return false;
    if (pg_count(body, "usingClause") > 0) {
        if (pg_is(body, "jointype", "JOIN_RIGHT") || pg_is(body, "jointype", "JOIN_FULL"))
            return apply_refuse(x->a, SIZE_MAX, "USING in a RIGHT or FULL JOIN");
        return join_using(x, body, *left, *right, out);
    }
    if (quals == NULL)
        return true;
    if (!expr_condition(x, quals, "JOIN/ON", &condition))
        return false;
    buf_printf(out, " ON %.*s", STR_ARG(condition.sql));
    return true;
}

static bool
from_node(struct expr_context *x, const struct json *node, struct buf *out)
{
    const struct json *join = pg_as(node, "JoinExpr");
    struct str kind = pg_kind(node);
    bool ok;

    if (x->depth > 100)
        return apply_fail(x->a, SIZE_MAX, "54001", "split the query", "it is nested too deeply");
    x->depth++;
    if (str_eq(kind, STR("RangeVar"))) {
        ok = from_table(x, pg_body(node), out);
    } else if (join != NULL) {
        buf_add_str(out, needs_parentheses(join) ? STR("(") : STR(""));
        ok = from_join(x, join, out);
        buf_add_str(out, needs_parentheses(join) ? STR(")") : STR(""));
    } else if (str_eq(kind, STR("RangeSubselect"))) {
        ok = from_query(x, pg_body(node), out);
    } else if (str_eq(kind, STR("RangeFunction"))) {
        ok = from_function(x, pg_body(node), out);
    } else {
        ok = apply_refuse(x->a, pg_location(pg_body(node)), "this in FROM");
    }
    x->depth--;
    return ok;
}

bool
query_from(struct expr_context *x, const struct json *first, struct buf *out)
{
    for (const struct json *n = first; n != NULL; n = n->next) {
        if (n != first)
            BUF_ADD_LIT(out, ", ");
        if (!from_node(x, n, out))
            return false;
    }
    return true;
}
