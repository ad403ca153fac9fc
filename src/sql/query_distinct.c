/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DISTINCT ON: of the rows that are the same in what it names, the first one in the query's order.
 * The rows are numbered by a window, and those with the number 1 are left. Source: PostgreSQL 15,
 * parser/parse_clause.c, transformDistinctOnClause().
 */
#include "sql/expr.h"
#include "sql/quote.h"

struct distinct {
    struct query_sort *sorts; /* of ORDER BY, then what is left of DISTINCT ON */
    uint32_t sort_count;
    struct expr *keys;
    uint32_t key_count;
};

static bool
read_keys(struct expr_context *x, const struct json *body, const struct query *outputs,
          struct distinct *d)
{
    for (const struct json *n = pg_first(body, "distinctClause"); n != NULL; n = n->next) {
        struct expr *e = &d->keys[d->key_count++];

        if (!query_item(x, n, outputs, true, e))
            return false;
        if (type_is_json(&e->type))
            return apply_refuse(x->a, pg_location(pg_body(n)),
                                "DISTINCT ON of values of this type");
    }
    return true;
}

static bool
has_key(const struct distinct *d, const struct expr *e)
{
    for (uint32_t i = 0; i < d->key_count; i++) {
        if (str_eq(d->keys[i].sql, e->sql))
            return true;
    }
    return false;
}

static bool
is_sorted_by(const struct distinct *d, const struct expr *e)
{
    for (uint32_t i = 0; i < d->sort_count; i++) {
        if (str_eq(d->sorts[i].value.sql, e->sql))
            return true;
    }
    return false;
}

/* ORDER BY begins with what DISTINCT ON names, in any order. */
static bool
read_sorts(struct expr_context *x, const struct json *body, const struct query *outputs,
           struct distinct *d)
{
    size_t others_at = 0;
    bool has_others = false;

    for (const struct json *n = pg_first(body, "sortClause"); n != NULL; n = n->next) {
        struct query_sort *sort = &d->sorts[d->sort_count++];

        if (!query_sort(x, n, outputs, sort))
            return false;
        if (has_others && has_key(d, &sort->value))
            return apply_fail(x->a, others_at, "42P10", NULL,
                              "SELECT DISTINCT ON expressions must match initial ORDER BY "
                              "expressions");
        if (!has_others && !has_key(d, &sort->value)) {
            has_others = true;
            others_at = pg_location(pg_body(pg_get(pg_as(n, "SortBy"), "node")));
        }
    }
    for (uint32_t i = 0; i < d->key_count; i++) {
        if (is_sorted_by(d, &d->keys[i]))
            continue;
        if (has_others)
            return apply_fail(x->a, others_at, "42P10", NULL,
                              "SELECT DISTINCT ON expressions must match initial ORDER BY "
                              "expressions");
        d->sorts[d->sort_count] = (struct query_sort){.value = d->keys[i], .sql = d->keys[i].sql};
        if (expr_has_labels(&d->keys[i].type))
            d->sorts[d->sort_count].sql = expr_enum_position(x, &d->keys[i]);
        d->sort_count++;
    }
    return true;
}

static void
write_order(const struct distinct *d, bool is_outside, struct buf *out)
{
    for (uint32_t i = 0; i < d->sort_count; i++) {
        buf_add_str(out, i == 0 ? STR(" ORDER BY ") : STR(", "));
        if (is_outside)
            buf_printf(out, "o%u", i);
        else
            buf_add_str(out, d->sorts[i].sql);
        query_write_sort(&d->sorts[i], out);
    }
}

/* The rows with their numbers: c0... are the outputs, o0... what they are ordered by. */
static void
write_numbered(const struct distinct *d, const struct query *outputs, struct str tail,
               struct buf *out)
{
    BUF_ADD_LIT(out, "SELECT row_number() OVER (PARTITION BY ");
    for (uint32_t i = 0; i < d->key_count; i++)
        buf_printf(out, "%s%.*s%.*s", i > 0 ? ", " : "", STR_ARG(d->keys[i].sql),
                   STR_ARG(expr_collation(&d->keys[i].type)));
    write_order(d, false, out);
    BUF_ADD_LIT(out, ") AS n");
    for (uint32_t i = 0; i < outputs->column_count; i++) {
        const struct expr *e = &outputs->columns[i];

        buf_printf(out, ", %.*s%.*s AS c%u", STR_ARG(e->sql),
                   STR_ARG(e->is_column ? STR_NULL : expr_collation(&e->type)), i);
    }
    for (uint32_t i = 0; i < d->sort_count; i++)
        buf_printf(out, ", %.*s AS o%u", STR_ARG(d->sorts[i].sql), i);
    buf_add_str(out, tail);
}

bool
query_distinct_on(struct expr_context *x, const struct json *body, const struct query *outputs,
                  struct str tail, struct buf *sql)
{
    uint32_t keys = pg_count(body, "distinctClause");
    struct distinct d = {
        .sorts = ARENA_ARRAY(x->a->tmp, struct query_sort, keys + pg_count(body, "sortClause")),
        .keys = ARENA_ARRAY(x->a->tmp, struct expr, keys),
    };

    if (!read_keys(x, body, outputs, &d) || !read_sorts(x, body, outputs, &d))
        return false;
    BUF_ADD_LIT(sql, "SELECT ");
    for (uint32_t i = 0; i < outputs->column_count; i++) {
        buf_printf(sql, "%sc%u AS ", i > 0 ? ", " : "", i);
        quote_ident(sql, outputs->columns[i].name);
    }
    if (outputs->column_count == 0)
        buf_add_char(sql, '1');
    BUF_ADD_LIT(sql, " FROM (");
    write_numbered(&d, outputs, tail, sql);
    BUF_ADD_LIT(sql, ") WHERE n = 1");
    write_order(&d, true, sql);
    return true;
}
