/* SPDX-License-Identifier: Apache-2.0 */
/* Queries: views, INSERT ... SELECT and subqueries. */
#include "sql/expr.h"
#include "sql/quote.h"

bool
query_calls_aggregate(const struct json *tree, bool over)
{
    for (const struct json *n = tree != NULL ? tree->first : NULL; n != NULL; n = n->next) {
        if (str_eq(n->key, STR("SubLink")))
            continue;
        if (str_eq(n->key, STR("FuncCall")) && over == (pg_get(n, "over") != NULL) &&
            (over || aggregate_is_known(pg_last_string(n, "funcname"))))
            return true;
        if (query_calls_aggregate(n, over))
            return true;
    }
    return false;
}

/* --- the select list -------------------------------------------------------------------------- */

struct outputs {
    struct expr *list;
    uint32_t count, cap;
};

static void
add_output(struct expr_context *x, struct outputs *o, const struct expr *e)
{
    if (o->count == o->cap) {
        uint32_t cap = o->cap > 0 ? 2 * o->cap : 16;
        struct expr *grown = ARENA_ARRAY(x->a->tmp, struct expr, cap);

        if (o->count > 0)
            memcpy(grown, o->list, o->count * sizeof(*grown));
        o->list = grown;
        o->cap = cap;
    }
    o->list[o->count++] = *e;
}

/* * and t.*: the columns one by one, as PostgreSQL fixes them when a view is made. */
static bool
add_star(struct expr_context *x, const struct json *column_ref, struct outputs *o)
{
    const struct json *first = pg_first(column_ref, "fields");
    struct str qualifier = first->next != NULL ? pg_string(first) : STR_NULL;
    bool found = false;

    if (first->next != NULL && first->next->next != NULL)
        return apply_refuse(x->a, pg_location(column_ref), "schema.table.*");
    for (const struct scope_item *i = x->scope->items; i != NULL; i = i->next) {
        if (qualifier.len > 0 ? !str_eq(i->alias, qualifier) : i->is_hidden)
            continue;
        found = true;
        for (uint32_t c = 0; c < i->column_count; c++) {
            struct expr e;

            if (i->columns[c].is_merged && qualifier.len == 0)
                continue;
            if (!expr_column_is_one(x, i, &i->columns[c], pg_location(column_ref)))
                return false;
            expr_column(x, i, &i->columns[c], &e);
            add_output(x, o, &e);
        }
    }
    if (!found)
        return apply_fail(x->a, pg_location(column_ref), "42P01", NULL,
                          qualifier.len > 0 ? "missing FROM-clause entry for table \"%.*s\""
                                            : "SELECT * with no tables specified is not valid%.*s",
                          STR_ARG(qualifier));
    return true;
}

static bool
is_star(const struct json *node)
{
    const struct json *last = NULL;

    for (const struct json *n = pg_first(pg_as(node, "ColumnRef"), "fields"); n != NULL;
         n = n->next)
        last = n;
    return last != NULL && str_eq(pg_kind(last), STR("A_Star"));
}

/* A literal that nobody gave a type is text, or what it is put into. */
static bool
settle_literal(struct expr_context *x, const struct type *into, size_t location, struct expr *e)
{
    if (e->type.id != TYPE_UNKNOWN)
        return true;
    if (into != NULL)
        return expr_coerce(x, e, into, COERCE_ASSIGN, location);
    return expr_coerce(x, e, type_builtin(TYPE_TEXT), COERCE_IMPLICIT, location);
}

static bool
translate_targets(struct expr_context *x, const struct json *first, const struct type *into,
                  uint32_t into_count, struct outputs *o)
{
    for (const struct json *n = first; n != NULL; n = n->next) {
        const struct json *target = pg_as(n, "ResTarget");
        const struct json *value = pg_get(target, "val");
        struct str name = pg_str(target, "name");
        struct expr e;

        if (is_star(value)) {
            if (!add_star(x, pg_body(value), o))
                return false;
            continue;
        }
        if (!expr_translate(x, value, &e))
            return false;
        if (!settle_literal(x, o->count < into_count ? &into[o->count] : NULL, pg_location(target),
                            &e))
            return false;
        if (name.len > 0)
            e.name = name;
        else if (e.name.len == 0)
            e.name = STR("?column?");
        add_output(x, o, &e);
    }
    return true;
}

bool
query_targets(struct expr_context *x, const struct json *first, struct query *out)
{
    struct outputs o = {0};

    *out = (struct query){0};
    if (!translate_targets(x, first, NULL, 0, &o))
        return false;
    out->columns = o.list;
    out->column_count = o.count;
    return true;
}

static void
write_targets(const struct outputs *o, struct buf *out)
{
    for (uint32_t i = 0; i < o->count; i++) {
        const struct expr *e = &o->list[i];

        if (i > 0)
            BUF_ADD_LIT(out, ", ");
        buf_add_str(out, e->sql);
        /* A computed column has no collation of its own. */
        if (!e->is_column)
            buf_add_str(out, expr_collation(&e->type));
        BUF_ADD_LIT(out, " AS ");
        quote_ident(out, e->name);
    }
}

/* --- GROUP BY and ORDER BY -------------------------------------------------------------------- */

bool
query_item(struct expr_context *x, const struct json *node, const struct query *outputs,
           bool output_first, struct expr *out)
{
    const struct json *constant = pg_as(node, "A_Const");
    const struct json *column = pg_as(node, "ColumnRef");
    struct pg_const c = {0};
    int64_t number = 0;

    if (constant != NULL)
        c = pg_const(&x->a->tree, constant);
    if (constant != NULL && c.kind == PG_INT && outputs != NULL) {
        if (!str_to_i64(c.text, &number) || number < 1 || number > outputs->column_count)
            return apply_fail(x->a, pg_location(constant), "42P10", NULL,
                              "position %jd is not in select list", (intmax_t)number);
        *out = outputs->columns[number - 1];
        return true;
    }
    if (output_first && column != NULL && outputs != NULL && pg_count(column, "fields") == 1) {
        for (uint32_t i = 0; i < outputs->column_count; i++) {
            if (str_eq(outputs->columns[i].name, pg_last_string(column, "fields"))) {
                *out = outputs->columns[i];
                return true;
            }
        }
    }
    return expr_translate(x, node, out);
}

bool
query_sort(struct expr_context *x, const struct json *node, const struct query *outputs,
           struct query_sort *out)
{
    const struct json *sort = pg_as(node, "SortBy");
    enum type_id type;

    out->is_descending = pg_is(sort, "sortby_dir", "SORTBY_DESC");
    out->has_nulls_first =
        pg_is(sort, "sortby_nulls", "SORTBY_NULLS_FIRST") ||
        (out->is_descending && !pg_is(sort, "sortby_nulls", "SORTBY_NULLS_LAST"));
    if (pg_is(sort, "sortby_dir", "SORTBY_USING"))
        return apply_refuse(x->a, pg_location(sort), "ORDER BY USING");
    if (!query_item(x, pg_get(sort, "node"), outputs, true, &out->value))
        return false;
    type = out->value.type.id;
    /* The output of a UNION is named by its number only, of which nothing can be made. */
    if (type == TYPE_JSON || type == TYPE_JSONB ||
        (expr_has_labels(&out->value.type) && out->value.sql.data[0] >= '0' &&
         out->value.sql.data[0] <= '9'))
        return apply_refuse(x->a, pg_location(sort), "ORDER BY of values of this type");
    out->sql =
        expr_has_labels(&out->value.type) ? expr_enum_position(x, &out->value) : out->value.sql;
    return true;
}

void
query_write_sort(const struct query_sort *sort, struct buf *out)
{
    buf_printf(out, "%.*s%s NULLS %s", STR_ARG(expr_collation(&sort->value.type)),
               sort->is_descending ? " DESC" : "", sort->has_nulls_first ? "FIRST" : "LAST");
}

bool
query_order(struct expr_context *x, const struct json *first, struct buf *out,
            const struct query *outputs)
{
    for (const struct json *n = first; n != NULL; n = n->next) {
        struct query_sort sort;

        if (!query_sort(x, n, outputs, &sort))
            return false;
        buf_add_str(out, n == first ? STR(" ORDER BY ") : STR(", "));
        buf_add_str(out, sort.sql);
        query_write_sort(&sort, out);
    }
    return true;
}

static bool
write_group(struct expr_context *x, const struct json *body, const struct query *outputs,
            struct outputs *items, struct buf *out)
{
    const struct json *first = pg_first(body, "groupClause");

    if (pg_bool(body, "groupDistinct"))
        return apply_refuse(x->a, SIZE_MAX, "GROUP BY DISTINCT");
    for (const struct json *n = first; n != NULL; n = n->next) {
        struct expr e;

        if (pg_as(n, "GroupingSet") != NULL)
            return apply_refuse(x->a, pg_location(pg_body(n)), "grouping sets");
        if (!query_item(x, n, outputs, false, &e))
            return false;
        add_output(x, items, &e);
        buf_add_str(out, n == first ? STR(" GROUP BY ") : STR(", "));
        buf_printf(out, "%.*s%.*s", STR_ARG(e.sql), STR_ARG(expr_collation(&e.type)));
    }
    return true;
}

static bool
check_grouped(struct expr_context *x, const struct json *node)
{
    struct expr e;

    x->grouping->ungrouped = 0;
    if (is_star(node)) {
        struct outputs o = {0};

        if (!add_star(x, pg_body(node), &o))
            return false;
        for (uint32_t i = 0; i < o.count; i++) {
            bool found = false;

            for (uint32_t g = 0; g < x->grouping->count; g++)
                found = found || str_eq(x->grouping->items[g].sql, o.list[i].sql);
            if (!found)
                return apply_refuse(x->a, pg_location(pg_body(node)), "* in a grouped query");
        }
        return true;
    }
    if (!expr_translate(x, node, &e))
        return false;
    return x->grouping->ungrouped == 0 ||
           apply_fail(x->a, x->grouping->location, "42803", NULL,
                      "column \"%.*s\" must appear in the GROUP BY clause or be used in an "
                      "aggregate function",
                      STR_ARG(x->grouping->column));
}

/* SQLite takes a column that is not grouped from any row; PostgreSQL does not take the query. */
static bool
check_grouping(struct expr_context *x, const struct json *body, const struct outputs *items)
{
    const struct json *having = pg_get(body, "havingClause");
    struct grouping grouping = {.items = items->list, .count = items->count, .scope = x->scope};
    bool ok = true;

    if (items->count == 0 && !x->has_aggregate && having == NULL)
        return true;
    x->grouping = &grouping;
    for (const struct json *n = pg_first(body, "targetList"); n != NULL && ok; n = n->next)
        ok = check_grouped(x, pg_get(pg_as(n, "ResTarget"), "val"));
    if (ok && having != NULL)
        ok = check_grouped(x, having);
    x->grouping = NULL;
    return ok;
}

/* --- clauses ---------------------------------------------------------------------------------- */

static bool
check_clauses(struct expr_context *x, const struct json *body)
{
    if (pg_count(body, "lockingClause") > 0)
        return apply_refuse(x->a, SIZE_MAX, "FOR UPDATE and the like");
    if (pg_get(body, "intoClause") != NULL)
        return apply_refuse(x->a, SIZE_MAX, "SELECT INTO");
    if (pg_count(body, "windowClause") > 0)
        return apply_refuse(x->a, SIZE_MAX, "named windows");
    if (pg_is(body, "limitOption", "LIMIT_OPTION_WITH_TIES"))
        return apply_refuse(x->a, SIZE_MAX, "WITH TIES");
    return true;
}

static bool
write_limit(struct expr_context *x, const struct json *body, struct buf *out)
{
    static const struct {
        const char *member;
        const char *word;
        const char *none; /* what NULL is */
        const char *code;
    } parts[] = {{"limitCount", "LIMIT", "-1", "2201W"}, {"limitOffset", "OFFSET", "0", "2201X"}};
    struct scope *own = x->scope;

    if (pg_get(body, "limitOffset") != NULL && pg_get(body, "limitCount") == NULL)
        BUF_ADD_LIT(out, " LIMIT -1");
    for (size_t i = 0; i < COUNTOF(parts); i++) {
        const struct json *node = pg_get(body, parts[i].member);
        struct expr e;
        bool ok;

        if (node == NULL)
            continue;
        /* It may not depend on a row. */
        x->scope = NULL;
        ok =
            expr_translate(x, node, &e) && expr_coerce(x, &e, type_builtin(TYPE_INT8),
                                                       COERCE_IMPLICIT, pg_location(pg_body(node)));
        x->scope = own;
        if (!ok)
            return false;
        if (e.is_const && e.value.kind == VALUE_INT && e.value.i < 0)
            return apply_fail(x->a, pg_location(pg_body(node)), parts[i].code, NULL,
                              "%s must not be negative", parts[i].word);
        if (e.is_const)
            buf_printf(out, " %s %.*s", parts[i].word,
                       STR_ARG(e.value.kind == VALUE_NULL ? str_from(parts[i].none) : e.sql));
        else
            buf_printf(out,
                       " %s CASE WHEN %.*s < 0 THEN cairn_raise('%s', '%s must not be negative', "
                       "NULL) ELSE coalesce(%.*s, %s) END",
                       parts[i].word, STR_ARG(e.sql), parts[i].code, parts[i].word, STR_ARG(e.sql),
                       parts[i].none);
    }
    return true;
}

static bool
translate_values(struct expr_context *x, const struct json *body, struct outputs *o,
                 struct buf *out)
{
    const struct json *first = pg_first(body, "valuesLists");
    uint32_t rows = pg_count(body, "valuesLists");
    uint32_t width = pg_count(pg_as(first, "List"), "items");
    struct expr *cells = ARENA_ARRAY(x->a->tmp, struct expr, (size_t)rows * width);
    struct expr *column = ARENA_ARRAY(x->a->tmp, struct expr, rows);
    uint32_t row = 0;

    for (const struct json *n = first; n != NULL; n = n->next, row++) {
        uint32_t c = 0;

        if (pg_count(pg_as(n, "List"), "items") != width)
            return apply_fail(x->a, SIZE_MAX, "42601", NULL,
                              "VALUES lists must all be the same length");
        for (const struct json *cell = pg_items(n); cell != NULL; cell = cell->next) {
            if (!expr_translate(x, cell, &cells[row * width + c++]))
                return false;
        }
    }
    for (uint32_t c = 0; c < width; c++) {
        struct type type;
        struct expr e;

        for (uint32_t r = 0; r < rows; r++)
            column[r] = cells[r * width + c];
        if (!expr_common(x, column, rows, "VALUES", SIZE_MAX, &type))
            return false;
        for (uint32_t r = 0; r < rows; r++)
            cells[r * width + c] = column[r];
        e = (struct expr){.type = type, .name = arena_printf(x->a->tmp, "column%u", c + 1)};
        add_output(x, o, &e);
    }
    /* SQLite's VALUES names its columns column1, column2 and so on as well. */
    for (uint32_t r = 0; r < rows; r++) {
        buf_add_str(out, r == 0 ? STR("VALUES ") : STR(", "));
        for (uint32_t c = 0; c < width; c++)
            buf_printf(out, "%s%.*s", c == 0 ? "(" : ", ", STR_ARG(cells[r * width + c].sql));
        buf_add_char(out, ')');
    }
    return true;
}

static bool
write_from(struct expr_context *x, const struct json *body, struct buf *out)
{
    const struct json *first = pg_first(body, "fromClause");

    if (first == NULL)
        return true;
    BUF_ADD_LIT(out, " FROM ");
    return query_from(x, first, out);
}

/* WHERE, GROUP BY and HAVING. */
static bool
write_conditions(struct expr_context *x, const struct json *body, const struct query *outputs,
                 struct buf *out)
{
    const struct json *where = pg_get(body, "whereClause");
    const struct json *having = pg_get(body, "havingClause");
    struct outputs items = {0};
    struct expr e;

    if (where != NULL) {
        if (!expr_condition(x, where, "WHERE", &e))
            return false;
        BUF_ADD_LIT(out, " WHERE ");
        search_narrow(x, where, out);
        buf_add_str(out, e.sql);
    }
    if (!write_group(x, body, outputs, &items, out))
        return false;
    x->allow_aggregate = true;
    if (!check_grouping(x, body, &items))
        return false;
    if (having != NULL) {
        if (!expr_condition(x, having, "HAVING", &e))
            return false;
        buf_printf(out, " HAVING %.*s", STR_ARG(e.sql));
    }
    return true;
}

/* The rows that a plain DISTINCT leaves have nothing but the outputs to be ordered by. */
static bool
check_distinct_order(struct expr_context *x, const struct json *body, const struct query *outputs)
{
    for (const struct json *n = pg_first(body, "sortClause"); n != NULL; n = n->next) {
        struct query_sort sort;
        bool found = false;

        if (!query_sort(x, n, outputs, &sort))
            return false;
        for (uint32_t i = 0; i < outputs->column_count && !found; i++)
            found = str_eq(outputs->columns[i].sql, sort.value.sql);
        if (!found)
            return apply_fail(x->a, pg_location(pg_body(pg_get(pg_as(n, "SortBy"), "node"))),
                              "42P10", NULL,
                              "for SELECT DISTINCT, ORDER BY expressions must appear in select "
                              "list");
    }
    return true;
}

/* tail is what follows the select list. */
static bool
write_select(struct expr_context *x, const struct json *body, const struct outputs *o,
             const struct query *outputs, struct str tail, struct buf *sql)
{
    const struct json *distinct = pg_first(body, "distinctClause");

    if (distinct != NULL && pg_body(distinct) != NULL)
        return query_distinct_on(x, body, outputs, tail, sql);
    if (distinct != NULL && !check_distinct_order(x, body, outputs))
        return false;
    BUF_ADD_LIT(sql, "SELECT ");
    if (distinct != NULL)
        BUF_ADD_LIT(sql, "DISTINCT ");
    write_targets(o, sql);
    if (o->count == 0)
        buf_add_char(sql, '1');
    buf_add_str(sql, tail);
    return query_order(x, pg_first(body, "sortClause"), sql, outputs);
}

static bool
translate_plain(struct expr_context *x, const struct json *body, struct query *out, struct buf *sql)
{
    const struct type *into = x->into;
    uint32_t into_count = into != NULL ? x->into_count : 0;
    struct outputs o = {0};
    struct buf tail;
    bool may_be_empty = x->allow_empty;
    bool ok;

    x->allow_empty = false;
    if (pg_count(body, "valuesLists") > 0) {
        ok = translate_values(x, body, &o, sql);
        out->columns = o.list;
        out->column_count = o.count;
        return ok && query_order(x, pg_first(body, "sortClause"), sql, out);
    }
    x->into = NULL;
    apply_buf(&tail);
    ok = write_from(x, body, &tail);
    x->allow_aggregate = true;
    ok = ok && translate_targets(x, pg_first(body, "targetList"), into, into_count, &o);
    x->allow_aggregate = false;
    out->columns = o.list;
    out->column_count = o.count;
    if (ok && o.count == 0 && !may_be_empty)
        ok = apply_refuse(x->a, SIZE_MAX, "a query without columns");
    ok = ok && write_conditions(x, body, out, &tail);
    x->allow_aggregate = true;
    ok = ok && write_select(x, body, &o, out, buf_str(&tail), sql);
    x->allow_aggregate = false;
    buf_fini(&tail);
    return ok;
}

/* --- UNION and WITH --------------------------------------------------------------------------- */

bool
query_arm(struct expr_context *x, const struct json *body, struct query *out)
{
    bool is_plain = pg_is(body, "op", "SETOP_NONE") && pg_count(body, "sortClause") == 0 &&
                    pg_get(body, "limitCount") == NULL && pg_get(body, "limitOffset") == NULL &&
                    pg_get(body, "withClause") == NULL;

    if (!query_translate(x, body, out))
        return false;
    if (!is_plain)
        out->sql = arena_printf(x->a->tmp, "SELECT * FROM (%.*s)", STR_ARG(out->sql));
    return true;
}

/* Both arms have to have the same types: a cast within an arm can't be written from outside. */
bool
query_match_arms(struct expr_context *x, const struct query *left, const struct query *right,
                 struct query *out)
{
    if (left->column_count != right->column_count)
        return apply_fail(x->a, SIZE_MAX, "42601", NULL,
                          "each UNION query must have the same number of columns");
    out->columns = ARENA_ARRAY(x->a->tmp, struct expr, left->column_count);
    out->column_count = left->column_count;
    for (uint32_t i = 0; i < left->column_count; i++) {
        const struct type *a = &left->columns[i].type;
        const struct type *b = &right->columns[i].type;
        bool both_text = (a->id == TYPE_TEXT || a->id == TYPE_VARCHAR) &&
                         (b->id == TYPE_TEXT || b->id == TYPE_VARCHAR);
        bool both_int = type_is_int(a) && type_is_int(b);

        bool has_names = a->id == TYPE_ENUM || a->id == TYPE_ARRAY;

        if ((a->id != b->id && !both_text && !both_int) || (has_names && !str_eq(a->name, b->name)))
            return apply_fail(x->a, SIZE_MAX, "42804", "cast them to one type",
                              "UNION types %.*s and %.*s cannot be matched", STR_ARG(a->name),
                              STR_ARG(b->name));
        if (type_is_json(a))
            return apply_refuse(x->a, SIZE_MAX, "UNION of values of this type");
        out->columns[i] = (struct expr){
            .name = left->columns[i].name,
            .type = a->id == b->id && a->length == b->length && a->precision == b->precision
                        ? *a
                        : *type_builtin(both_text       ? TYPE_TEXT
                                        : a->id > b->id ? a->id
                                                        : b->id),
        };
        if (has_names)
            out->columns[i].type = *a;
    }
    return true;
}

bool
query_second_arm(struct expr_context *x, const struct json *body, const struct query *first,
                 struct query *out)
{
    struct type *types = ARENA_ARRAY(x->a->tmp, struct type, first->column_count + 1);
    bool ok;

    for (uint32_t i = 0; i < first->column_count; i++)
        types[i] = first->columns[i].type;
    x->into = types;
    x->into_count = first->column_count;
    ok = query_arm(x, body, out);
    x->into = NULL;
    return ok;
}

static bool
translate_compound(struct expr_context *x, const struct json *body, struct query *out,
                   struct buf *sql)
{
    struct query left = {0};
    struct query right = {0};
    const char *word = pg_is(body, "op", "SETOP_UNION")       ? "UNION"
                       : pg_is(body, "op", "SETOP_INTERSECT") ? "INTERSECT"
                                                              : "EXCEPT";

    x->into = NULL;
    if (pg_bool(body, "all") && strcmp(word, "UNION") != 0)
        return apply_refuse(x->a, SIZE_MAX, "INTERSECT ALL and EXCEPT ALL");
    if (x->recursive != NULL)
        return query_recursion(x, body, out, sql);
    if (!query_arm(x, pg_get(body, "larg"), &left) ||
        !query_second_arm(x, pg_get(body, "rarg"), &left, &right) ||
        !query_match_arms(x, &left, &right, out))
        return false;
    buf_printf(sql, "%.*s %s%s %.*s", STR_ARG(left.sql), word, pg_bool(body, "all") ? " ALL" : "",
               STR_ARG(right.sql));
    /* A compound is ordered by its outputs only. */
    for (uint32_t i = 0; i < out->column_count; i++)
        out->columns[i].sql = arena_printf(x->a->tmp, "%u", i + 1);
    for (const struct json *n = pg_first(body, "sortClause"); n != NULL; n = n->next) {
        const struct json *node = pg_get(pg_as(n, "SortBy"), "node");

        if (pg_as(node, "A_Const") == NULL && pg_as(node, "ColumnRef") == NULL)
            return apply_refuse(x->a, SIZE_MAX, "ORDER BY of an expression in a UNION");
    }
    return query_order(x, pg_first(body, "sortClause"), sql, out);
}

static bool
translate_select(struct expr_context *x, const struct json *body, struct query *out)
{
    const struct type *into = x->into;
    struct buf sql;
    bool ok;

    if (body == NULL)
        return apply_refuse(x->a, SIZE_MAX, "this query");
    apply_buf(&sql);
    x->into = NULL;
    ok = check_clauses(x, body) && query_with(x, pg_get(body, "withClause"), &sql);
    x->into = into;
    if (ok && pg_is(body, "op", "SETOP_NONE"))
        ok = translate_plain(x, body, out, &sql);
    else if (ok)
        ok = translate_compound(x, body, out, &sql);
    ok = ok && write_limit(x, body, &sql);
    out->sql = apply_take(x->a->tmp, &sql);
    return ok;
}

bool
query_translate(struct expr_context *x, const struct json *select, struct query *out)
{
    struct scope scope = {.outer = x->scope};
    struct expr_context inner = *x;
    bool ok;

    *out = (struct query){0};
    if (x->depth > 100 || arena_is_exhausted(x->a->tmp))
        return apply_fail(x->a, SIZE_MAX, "54001", "split the query", "it is nested too deeply");
    inner.scope = &scope;
    inner.depth++;
    inner.allow_query = true;
    inner.nullable = inner.nested = 0;
    inner.allow_aggregate = inner.in_aggregate = inner.has_aggregate = false;
    inner.grouping = NULL;
    inner.place = "a query";
    ok = translate_select(&inner, select, out);
    return ok;
}
