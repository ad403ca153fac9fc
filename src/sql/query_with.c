/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WITH, and WITH RECURSIVE. SQLite computes the second term for one row at a time where PostgreSQL
 * does it for all rows of a round: the same where the term is a join with the one reference to
 * itself, and what would be another thing then is refused. Source: PostgreSQL 15, section 7.8.2,
 * and parser/parse_cte.c.
 */
#include "sql/expr.h"
#include "sql/quote.h"

#define CODE_RECURSION "42P19"

/* --- names ------------------------------------------------------------------------------------ */

/* Whether FROM somewhere inside of tree has the name, without a schema. */
static bool
names_query(const struct json *tree, struct str name)
{
    if (tree == NULL)
        return false;
    for (const struct json *n = tree->first; n != NULL; n = n->next) {
        if (str_eq(n->key, STR("RangeVar")) && pg_str(n, "schemaname").len == 0 &&
            str_eq(pg_str(n, "relname"), name))
            return true;
        if (names_query(n, name))
            return true;
    }
    return false;
}

struct scope_cte *
query_find_cte(const struct scope *scope, struct name name, uint32_t *levels)
{
    for (*levels = 0; scope != NULL && name.schema.len == 0; scope = scope->outer, (*levels)++) {
        for (struct scope_cte *cte = scope->ctes; cte != NULL; cte = cte->next) {
            if (str_eq(cte->name, name.name))
                return cte;
        }
    }
    return NULL;
}

/* From FROM of the second term to the names around the recursion: the term, and both together. */
#define TERM_LEVELS 2

bool
query_use_cte(struct expr_context *x, struct scope_cte *cte, uint32_t levels, size_t location)
{
    if (cte->state == CTE_FIRST_TERM)
        return apply_fail(x->a, location, CODE_RECURSION, NULL,
                          "recursive reference to query \"%.*s\" must not appear within its "
                          "non-recursive term",
                          STR_ARG(cte->name));
    if (cte->state == CTE_WHOLE)
        return true;
    if (levels != TERM_LEVELS)
        return apply_fail(x->a, location, "0A000", "join it in FROM of the term itself",
                          "the embedded engine has no recursive reference to query \"%.*s\" within "
                          "a subquery",
                          STR_ARG(cte->name));
    if (x->nullable > 0)
        return apply_fail(x->a, location, CODE_RECURSION, NULL,
                          "recursive reference to query \"%.*s\" must not appear within an outer "
                          "join",
                          STR_ARG(cte->name));
    return cte->uses++ == 0 ||
           apply_fail(x->a, location, CODE_RECURSION, NULL,
                      "recursive reference to query \"%.*s\" must not appear more than once",
                      STR_ARG(cte->name));
}

/* The columns as they are seen outside: those of the query, under the names that WITH gives. */
static bool
set_columns(struct expr_context *x, struct scope_cte *cte, const struct query *query,
            size_t location)
{
    const struct json *name = cte->column_names;

    cte->column_count = query->column_count;
    cte->columns = ARENA_ARRAY(x->a->tmp, struct scope_column, query->column_count);
    for (uint32_t i = 0; i < query->column_count; i++) {
        cte->columns[i] = (struct scope_column){
            .name = name != NULL ? pg_string(name) : query->columns[i].name,
            .type = query->columns[i].type,
            .base_schema = query->columns[i].base_schema,
            .base_table = query->columns[i].base_table,
            .base_column = query->columns[i].base_column,
        };
        name = name != NULL ? name->next : NULL;
    }
    return name == NULL || apply_fail(x->a, location, "42P10", NULL,
                                      "WITH query \"%.*s\" has %u columns available but more "
                                      "columns specified",
                                      STR_ARG(cte->name), query->column_count);
}

/* --- recursion -------------------------------------------------------------------------------- */

/* What would see the rows of a whole round. */
static bool
check_second_term(struct expr_context *x, const struct json *term, bool is_all)
{
    const struct {
        bool is_there;
        const char *what;
    } clauses[] = {
        {!pg_is(term, "op", "SETOP_NONE"), "UNION and the like in a recursive term"},
        {pg_count(term, "valuesLists") > 0, "VALUES as a recursive term"},
        {pg_get(term, "withClause") != NULL, "WITH in a recursive term"},
        {pg_count(term, "sortClause") > 0 || pg_get(term, "limitCount") != NULL ||
             pg_get(term, "limitOffset") != NULL,
         "ORDER BY, LIMIT and OFFSET in a recursive term"},
        {is_all && pg_count(term, "distinctClause") > 0, "DISTINCT in a recursive term"},
        {pg_count(term, "groupClause") > 0, "GROUP BY in a recursive term"},
        {query_calls_aggregate(pg_get(term, "targetList"), true),
         "window functions in a recursive term"},
    };

    if (query_calls_aggregate(pg_get(term, "targetList"), false) ||
        pg_get(term, "havingClause") != NULL)
        return apply_fail(x->a, SIZE_MAX, CODE_RECURSION, NULL,
                          "aggregate functions are not allowed in a recursive query's recursive "
                          "term");
    for (size_t i = 0; i < COUNTOF(clauses); i++) {
        if (clauses[i].is_there)
            return apply_refuse(x->a, pg_location(pg_body(pg_first(term, "fromClause"))),
                                clauses[i].what);
    }
    return true;
}

static bool
check_form(struct expr_context *x, const struct json *body, const struct scope_cte *cte)
{
    static const struct {
        const char *member;
        const char *word;
    } clauses[] = {{"sortClause", "ORDER BY"},
                   {"limitOffset", "OFFSET"},
                   {"limitCount", "LIMIT"},
                   {"lockingClause", "FOR UPDATE/SHARE"}};

    if (!pg_is(body, "op", "SETOP_UNION"))
        return apply_fail(
            x->a, SIZE_MAX, CODE_RECURSION, NULL,
            "recursive query \"%.*s\" does not have the form non-recursive-term UNION "
            "[ALL] recursive-term",
            STR_ARG(cte->name));
    for (size_t i = 0; i < COUNTOF(clauses); i++) {
        if (pg_get(body, clauses[i].member) != NULL)
            return apply_fail(x->a, SIZE_MAX, "0A000", NULL,
                              "%s in a recursive query is not implemented", clauses[i].word);
    }
    return true;
}

static bool
check_types(struct expr_context *x, const struct scope_cte *cte, const struct query *first,
            const struct query *both)
{
    for (uint32_t i = 0; i < first->column_count; i++) {
        if (!str_eq(first->columns[i].type.name, both->columns[i].type.name))
            return apply_fail(x->a, SIZE_MAX, "42804",
                              "Cast the output of the non-recursive term to the correct type.",
                              "recursive query \"%.*s\" column %u has type %.*s in non-recursive "
                              "term but type %.*s overall",
                              STR_ARG(cte->name), i + 1, STR_ARG(first->columns[i].type.name),
                              STR_ARG(both->columns[i].type.name));
    }
    return true;
}

bool
query_recursion(struct expr_context *x, const struct json *body, struct query *out, struct buf *sql)
{
    struct scope_cte *cte = x->recursive;
    const struct json *second = pg_get(body, "rarg");
    bool is_all = pg_bool(body, "all");
    struct query left = {0};
    struct query right = {0};

    x->recursive = NULL;
    cte->state = CTE_FIRST_TERM;
    if (!query_arm(x, pg_get(body, "larg"), &left) || !set_columns(x, cte, &left, SIZE_MAX))
        return false;
    cte->state = CTE_SECOND_TERM;
    if (!check_second_term(x, second, is_all) || !query_second_arm(x, second, &left, &right) ||
        !query_match_arms(x, &left, &right, out) || !check_types(x, cte, &left, out))
        return false;
    cte->state = CTE_WHOLE;
    buf_printf(sql, "%.*s %s %.*s", STR_ARG(left.sql), is_all ? "UNION ALL" : "UNION",
               STR_ARG(right.sql));
    return true;
}

/* --- WITH ------------------------------------------------------------------------------------- */

static bool
check_cte(struct expr_context *x, const struct json *with, const struct json *node)
{
    const struct json *body = pg_as(node, "CommonTableExpr");

    if (pg_as(pg_get(body, "ctequery"), "SelectStmt") == NULL)
        return apply_refuse(x->a, pg_location(body), "statements that write inside WITH");
    if (pg_get(body, "search_clause") != NULL || pg_get(body, "cycle_clause") != NULL)
        return apply_refuse(x->a, pg_location(body), "SEARCH and CYCLE");
    for (const struct json *n = pg_first(with, "ctes"); n != node; n = n->next) {
        if (str_eq(pg_str(pg_as(n, "CommonTableExpr"), "ctename"), pg_str(body, "ctename")))
            return apply_fail(x->a, pg_location(body), "42712", NULL,
                              "WITH query name \"%.*s\" specified more than once",
                              STR_ARG(pg_str(body, "ctename")));
    }
    if (!pg_bool(with, "recursive"))
        return true;
    for (const struct json *n = node->next; n != NULL; n = n->next) {
        struct str later = pg_str(pg_as(n, "CommonTableExpr"), "ctename");

        if (names_query(pg_get(body, "ctequery"), later))
            return apply_fail(x->a, pg_location(body), "0A000",
                              "write the queries of WITH in the order in which they are used",
                              "the embedded engine takes no reference to query \"%.*s\" before it "
                              "is there",
                              STR_ARG(later));
    }
    return true;
}

static void
write_cte(struct expr_context *x, const struct scope_cte *cte, const struct query *query,
          struct buf *out)
{
    marks_write_name(x, cte->sqlite_name, out);
    for (uint32_t i = 0; i < cte->column_count; i++) {
        buf_add_str(out, i == 0 ? STR("(") : STR(", "));
        quote_ident(out, cte->columns[i].name);
    }
    buf_printf(out, ") AS (%.*s)", STR_ARG(query->sql));
}

static bool
translate_cte(struct expr_context *x, const struct json *body, bool is_recursive,
              struct scope_cte *cte, struct query *query)
{
    const struct json *select = pg_body(pg_get(body, "ctequery"));
    struct scope *own = x->scope;
    struct scope inner = {.ctes = own->ctes, .outer = own->outer};
    struct scope_cte *around = x->recursive;
    bool ok = true;

    x->recursive = NULL;
    if (is_recursive && names_query(pg_get(body, "ctequery"), cte->name)) {
        cte->next = own->ctes;
        cte->state = CTE_FIRST_TERM;
        inner.ctes = cte;
        x->recursive = cte;
        ok = check_form(x, select, cte);
    }
    x->scope = &inner;
    ok = ok && query_translate(x, select, query);
    x->scope = own;
    x->recursive = around;
    cte->state = CTE_WHOLE;
    return ok && set_columns(x, cte, query, pg_location(body));
}

bool
query_with(struct expr_context *x, const struct json *with, struct buf *out)
{
    bool is_recursive = pg_bool(with, "recursive");

    if (with == NULL)
        return true;
    for (const struct json *n = pg_first(with, "ctes"); n != NULL; n = n->next) {
        const struct json *body = pg_as(n, "CommonTableExpr");
        struct scope_cte *cte = ARENA_NEW(x->a->tmp, struct scope_cte);
        struct query query = {0};

        *cte = (struct scope_cte){.name = pg_str(body, "ctename")};
        cte->column_names = pg_first(body, "aliascolnames");
        /* A table of this name is read inside of the query, and by policies. */
        cte->sqlite_name = arena_printf(x->a->tmp, "w%u:%.*s", x->depth, STR_ARG(cte->name));
        if (!check_cte(x, with, n) || !translate_cte(x, body, is_recursive, cte, &query))
            return false;
        buf_add_str(out, n != pg_first(with, "ctes") ? STR(", ")
                         : is_recursive              ? STR("WITH RECURSIVE ")
                                                     : STR("WITH "));
        write_cte(x, cte, &query, out);
        cte->next = x->scope->ctes;
        x->scope->ctes = cte;
    }
    buf_add_char(out, ' ');
    return true;
}
