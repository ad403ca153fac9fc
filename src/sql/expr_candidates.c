/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Full text search in the body of a function: what an index finds narrows it down.
 *
 * Only bodies that are called from outside, because they are made anew at the end of each
 * migration: no other text may name an index's table, which goes with the index.
 */
#include "sql/expr.h"
#include "sql/quote.h"
#include "sql/search.h"

/* The node's text where only these names are known; false when it needs others. */
static bool
translate_alone(struct expr_context *x, struct scope *scope, const struct json *node,
                enum type_id type, struct str *out)
{
    struct expr_context alone = {.a = x->a, .scope = scope, .place = x->place};
    const struct err saved = *x->a->err;
    struct expr e = {0};
    bool ok = expr_translate(&alone, node, &e) &&
              expr_coerce(&alone, &e, type_builtin(type), COERCE_IMPLICIT, SIZE_MAX);

    *x->a->err = saved;
    *out = e.sql;
    return ok;
}

static bool
find_vector(struct expr_context *x, const struct scope_item *among, const struct json *node,
            struct model_search *out)
{
    struct scope_item item = *among;
    struct scope scope = {.items = &item};
    struct str text;

    item.next = NULL;
    item.is_unqualified = true;
    return translate_alone(x, &scope, node, TYPE_TSVECTOR, &text) &&
           model_find_search(item.model, text, out);
}

/* vector @@ query, in whichever order. */
static void
narrow_by(struct expr_context *x, const struct json *vector, const struct json *query,
          struct buf *out)
{
    for (const struct scope_item *item = x->scope->items; item != NULL; item = item->next) {
        const struct model_table *table = item->model;
        struct model_search search;
        struct str text;

        /* By its key, which also stands in what a policy leaves of the table. */
        if (table == NULL || !table->rowid_pk || !find_vector(x, item, vector, &search))
            continue;
        /* The query must be the same for all rows. */
        if (!translate_alone(x, NULL, query, TYPE_TSQUERY, &text))
            return;
        marks_write_alias(x, item, out);
        buf_add_char(out, '.');
        quote_ident(out, table->columns[table->keys[0].columns[0]].name);
        model_write_candidates(out, &search, text);
        BUF_ADD_LIT(out, " AND ");
        return;
    }
}

/* A name is a column before it is an argument. */
static bool
names_column(const struct expr_context *x, const struct json *node)
{
    for (const struct scope *scope = x->scope; scope != NULL; scope = scope->outer) {
        for (const struct scope_item *item = scope->items; item != NULL; item = item->next) {
            for (uint32_t i = 0; i < item->column_count; i++) {
                if (apply_tree_mentions(node, item->columns[i].name))
                    return true;
            }
        }
    }
    return false;
}

void
search_narrow(struct expr_context *x, const struct json *where, struct buf *out)
{
    const struct json *list = pg_as(where, "BoolExpr");
    const struct json *op = pg_as(where, "A_Expr");

    if (x->marks == NULL || !x->marks->is_body || x->inlined > 0)
        return;
    if (list != NULL && pg_is(list, "boolop", "AND_EXPR")) {
        for (const struct json *n = pg_first(list, "args"); n != NULL; n = n->next)
            search_narrow(x, n, out);
    } else if (op != NULL && pg_is(op, "kind", "AEXPR_OP") &&
               str_eq(pg_last_string(op, "name"), STR("@@"))) {
        const struct json *left = pg_get(op, "lexpr");
        const struct json *right = pg_get(op, "rexpr");

        if (left != NULL && right != NULL && !names_column(x, right))
            narrow_by(x, left, right, out);
        else if (left != NULL && right != NULL && !names_column(x, left))
            narrow_by(x, right, left, out);
    }
}
