/* SPDX-License-Identifier: Apache-2.0 */
/* Indexes: their keys, their text on both engines. */
#include "sql/apply.h"
#include "sql/ddl.h"
#include "sql/expr.h"
#include "sql/quote.h"
#include "sql/search.h"

/* The parts of a CREATE INDEX, translated. */
struct index_parts {
    struct str keys; /* for SQLite, with order and collation */
    struct str pg_keys;
    struct str values;    /* the keys' expressions alone */
    struct str not_null;  /* all of them have a value */
    struct str condition; /* WHERE, for SQLite; empty: none */
    struct str pg_condition;
    struct str method; /* PostgreSQL's: btree, gin, gist */
    struct str *each;  /* the keys' expressions */
    uint32_t count;
};

/* What gin and gist are for here: vectors of full text search. */
static bool
is_search_method(struct str method)
{
    return str_eq(method, STR("gin")) || str_eq(method, STR("gist"));
}

static bool
check_form(struct apply *a, const struct json *body)
{
    struct str method = pg_str(body, "accessMethod");

    if (method.len > 0 && !str_eq(method, STR("btree")) && !str_eq(method, STR("hash")) &&
        !is_search_method(method))
        return apply_fail(a, SIZE_MAX, "0A000", HINT_POSTGRES,
                          "the embedded engine does not have indexes of kind %.*s",
                          STR_ARG(method));
    if (pg_bool(body, "concurrent"))
        return apply_fail(a, SIZE_MAX, "25001", "remove CONCURRENTLY",
                          "CREATE INDEX CONCURRENTLY cannot run inside a transaction, and a "
                          "migration is one");
    if (pg_bool(body, "nulls_not_distinct"))
        return apply_refuse(a, SIZE_MAX, "NULLS NOT DISTINCT");
    if (pg_bool(body, "unique") && is_search_method(method))
        return apply_fail(a, SIZE_MAX, "0A000", NULL,
                          "access method \"%.*s\" does not support unique indexes",
                          STR_ARG(method));
    if (pg_bool(body, "unique") && pg_count(body, "indexIncludingParams") > 0)
        return apply_refuse(a, SIZE_MAX, "INCLUDE in a unique index");
    return true;
}

static bool
translate_key(struct apply *a, struct expr_context *x, const struct json *element, struct expr *e)
{
    struct str name = pg_str(element, "name");
    struct str collation = pg_last_string(element, "collation");

    if (collation.len > 0 && !str_eq(collation, STR("C")) && !str_eq(collation, STR("POSIX")) &&
        !str_eq(collation, STR("default")))
        return apply_refuse(a, SIZE_MAX, "this collation");
    if (name.len > 0) {
        const struct scope_item *item = x->scope->items;

        for (uint32_t i = 0; i < item->column_count; i++) {
            if (!str_eq(item->columns[i].name, name))
                continue;
            expr_column(x, item, &item->columns[i], e);
            return true;
        }
        return apply_fail(a, SIZE_MAX, "42703", NULL, "column \"%.*s\" does not exist",
                          STR_ARG(name));
    }
    return expr_translate(x, pg_get(element, "expr"), e);
}

static bool
add_key(struct apply *a, struct expr_context *x, const struct json *element,
        struct index_parts *parts, struct buf *out)
{
    /* keys, pg_keys, values, not_null */
    struct str method = parts->method;
    bool descending = pg_is(element, "ordering", "SORTBY_DESC");
    struct expr e;

    if (!translate_key(a, x, element, &e))
        return false;
    if (is_search_method(method) && e.type.id != TYPE_TSVECTOR)
        return apply_fail(a, SIZE_MAX, "0A000", HINT_POSTGRES,
                          "the embedded engine does not have indexes of kind %.*s on %.*s",
                          STR_ARG(method), STR_ARG(e.type.name));
    if (type_is_json(&e.type))
        return apply_refuse(a, SIZE_MAX, "indexes on json");
    for (int i = 0; i < 4 && parts->count > 0; i++)
        buf_add_str(&out[i], i == 3 ? STR(" AND ") : STR(", "));
    buf_printf(&out[0], "%.*s%.*s%s", STR_ARG(e.sql),
               STR_ARG(e.is_column ? STR_NULL : expr_collation(&e.type)),
               descending ? " DESC" : "");
    /* A column and a call stand as they are, another expression in parentheses. */
    if (e.is_column || pg_as(pg_get(element, "expr"), "FuncCall") != NULL)
        buf_add_str(&out[1], e.pg);
    else
        buf_printf(&out[1], "(%.*s)", STR_ARG(e.pg));
    if (descending)
        BUF_ADD_LIT(&out[1], " DESC");
    if (pg_is(element, "nulls_ordering", "SORTBY_NULLS_FIRST"))
        BUF_ADD_LIT(&out[1], " NULLS FIRST");
    if (pg_is(element, "nulls_ordering", "SORTBY_NULLS_LAST"))
        BUF_ADD_LIT(&out[1], " NULLS LAST");
    buf_add_str(&out[2], e.sql);
    buf_printf(&out[3], "(%.*s) IS NOT NULL", STR_ARG(e.sql));
    parts->each[parts->count++] = arena_copy(a->keep, e.sql);
    return true;
}

static bool
translate_parts(struct apply *a, const struct model_table *table, const struct json *body,
                struct index_parts *parts)
{
    const struct json *where = pg_get(body, "whereClause");
    const struct json *first = pg_first(body, "indexParams");
    struct scope scope = {0};
    struct expr_context x = {
        .a = a,
        .scope = &scope,
        .place = "an index",
        .immutable_only = true,
    };
    struct expr e = {0};
    struct buf texts[4];
    bool ok = true;

    expr_table_scope(a, table, &scope);
    for (int i = 0; i < 4; i++)
        apply_buf(&texts[i]);
    parts->method = is_search_method(pg_str(body, "accessMethod")) ? pg_str(body, "accessMethod")
                                                                   : STR("btree");
    parts->each = ARENA_ARRAY(a->keep, struct str, pg_count(body, "indexParams") + 1);
    for (const struct json *n = first; n != NULL && ok; n = n->next)
        ok = add_key(a, &x, pg_as(n, "IndexElem"), parts, texts);
    parts->keys = apply_take(a->tmp, &texts[0]);
    parts->pg_keys = apply_take(a->tmp, &texts[1]);
    parts->values = apply_take(a->tmp, &texts[2]);
    parts->not_null = apply_take(a->tmp, &texts[3]);
    if (ok && where != NULL)
        ok = expr_condition(&x, where, "WHERE", &e);
    parts->condition = e.sql;
    parts->pg_condition = e.pg;
    return ok;
}

/* Both texts of the index, from its parts. */
static void
write_index(struct apply *a, const struct model_table *table, const struct index_parts *parts,
            struct model_index *index)
{
    const char *head = index->unique ? "CREATE UNIQUE INDEX " : "CREATE INDEX ";
    struct buf sql;

    apply_buf(&sql);
    buf_printf(&sql, "%s", head);
    quote_ident(&sql, apply_sqlite_name(a->tmp, table->schema, index->name));
    BUF_ADD_LIT(&sql, " ON ");
    quote_ident(&sql, table->sqlite_name);
    buf_printf(&sql, " (%.*s)", STR_ARG(parts->keys));
    if (parts->condition.len > 0)
        buf_printf(&sql, " WHERE %.*s", STR_ARG(parts->condition));
    index->sqlite_sql = apply_take(a->keep, &sql);
    /* Not an index of SQLite's; a table of candidates may stand for it. */
    if (is_search_method(parts->method))
        index->sqlite_sql = STR("");
    if (index->search_count > 0)
        index->search = parts->each;

    apply_buf(&sql);
    buf_printf(&sql, "%s", head);
    quote_ident_short(&sql, index->name);
    BUF_ADD_LIT(&sql, " ON ");
    quote_ident_short(&sql, table->schema);
    buf_add_char(&sql, '.');
    quote_ident_short(&sql, table->name);
    buf_printf(&sql, " USING %.*s (%.*s)", STR_ARG(parts->method), STR_ARG(parts->pg_keys));
    if (parts->pg_condition.len > 0)
        buf_printf(&sql, " WHERE %.*s", STR_ARG(parts->pg_condition));
    index->sql = apply_take(a->keep, &sql);
}

/* --- names ------------------------------------------------------------------------------------ */

static bool
name_is_taken(struct apply *a, void *ctx, struct str name)
{
    const struct model_table *table = ctx;

    return apply_relation_is_taken(a, table->schema, name);
}

/* table_column_column_idx, where an expression counts as "expr" or its function's name. */
static struct str
make_name(struct apply *a, struct model_table *table, const struct json *body)
{
    const struct json *first = pg_first(body, "indexParams");
    struct buf columns;

    apply_buf(&columns);
    for (const struct json *n = first; n != NULL; n = n->next) {
        const struct json *element = pg_as(n, "IndexElem");
        struct str name = pg_str(element, "name");
        const struct json *call = pg_as(pg_get(element, "expr"), "FuncCall");

        if (n != first)
            buf_add_char(&columns, '_');
        if (name.len == 0)
            name = call != NULL ? pg_last_string(call, "funcname") : STR("expr");
        buf_add_str(&columns, name);
    }
    return apply_make_name(a, table->name, apply_take(a->tmp, &columns), "idx", name_is_taken,
                           table);
}

bool
apply_create_index(struct apply *a, const struct json *body)
{
    const struct json *range = pg_get(body, "relation");
    struct str name = pg_str(body, "idxname");
    struct model_index index = {.unique = pg_bool(body, "unique")};
    struct index_parts parts = {0};
    struct str condition;
    struct model_table *table;

    if (!check_form(a, body) ||
        !apply_need_table(a, apply_range_name(range), pg_location(range), &table))
        return false;
    if (name.len > 0 && apply_relation_is_taken(a, table->schema, name)) {
        if (pg_bool(body, "if_not_exists"))
            return true;
        return apply_fail(a, SIZE_MAX, "42P07", NULL, "relation \"%.*s\" already exists",
                          STR_ARG(name));
    }
    if (!translate_parts(a, table, body, &parts))
        return false;
    index.name = name.len > 0 ? arena_copy(a->keep, name) : make_name(a, table, body);
    if (!apply_name_is_free(a, apply_sqlite_name(a->tmp, table->schema, index.name), SIZE_MAX))
        return false;
    write_index(a, table, &parts, &index);
    *EDIT_ADD(a, table->indexes, table->index_count) = index;
    condition = parts.not_null;
    if (parts.condition.len > 0)
        condition =
            arena_printf(a->tmp, "%.*s AND %.*s", STR_ARG(condition), STR_ARG(parts.condition));
    return ddl_index_added(a, table, &index, parts.values, condition) &&
           (ddl_is_changed(a, table) || ddl_search_settle_table(a, table));
}

/* --- indexes that are there ------------------------------------------------------------------- */

/* Parses the index's PostgreSQL text; a->tree is the statement's own again afterwards. */
static const struct json *
parse_index(struct apply *a, const struct model_index *index, struct pgtree *tree)
{
    struct pgtree_statement statement;
    struct pgtree_error error;
    const struct json *next = NULL;

    if (!pgtree_parse(index->sql, a->tmp, tree, &error) || !pgtree_next(tree, &next, &statement))
        return NULL;
    return pg_as(statement.node, "IndexStmt");
}

bool
apply_index_columns(struct apply *a, const struct model_table *table,
                    const struct model_index *index, uint32_t **columns, uint32_t *count)
{
    struct pgtree tree;
    const struct json *body = parse_index(a, index, &tree);
    uint32_t n = 0;

    if (body == NULL || pg_get(body, "whereClause") != NULL)
        return false;
    *count = pg_count(body, "indexParams");
    *columns = ARENA_ARRAY(a->keep, uint32_t, *count);
    for (const struct json *e = pg_first(body, "indexParams"); e != NULL; e = e->next) {
        struct str name = pg_str(pg_as(e, "IndexElem"), "name");

        if (name.len == 0 || !apply_column_index(table, name, &(*columns)[n++]))
            return false;
    }
    return true;
}

bool
apply_index_mentions(struct apply *a, const struct model_index *index, struct str column)
{
    struct pgtree tree;
    const struct json *body = parse_index(a, index, &tree);

    return body == NULL || apply_tree_mentions(body, column);
}

bool
apply_retranslate_index(struct apply *a, const struct model_table *table, struct model_index *index,
                        struct str old_name, struct str new_name)
{
    struct pgtree saved = a->tree;
    struct index_parts parts = {0};
    const struct json *body;
    bool ok;

    body = parse_index(a, index, &a->tree);
    if (body != NULL && old_name.len > 0)
        apply_tree_rename(body, old_name, new_name);
    ok = body != NULL && translate_parts(a, table, body, &parts);
    if (ok)
        write_index(a, table, &parts, index);
    a->tree = saved;
    return ok || apply_fail(a, SIZE_MAX, "0A000", "drop the index first",
                            "index \"%.*s\" would not fit any more", STR_ARG(index->name));
}

bool
apply_index_vectors(struct apply *a, const struct model_table *table, struct model_index *index)
{
    struct pgtree saved = a->tree;
    struct index_parts parts = {0};
    const struct json *body = parse_index(a, index, &a->tree);
    bool ok = body != NULL && translate_parts(a, table, body, &parts);

    a->tree = saved;
    if (!ok)
        return apply_fail(a, SIZE_MAX, "0A000", "drop the index first",
                          "index \"%.*s\" would not fit any more", STR_ARG(index->name));
    /* With a WHERE it has only some of the rows, and no search says that it wants no others. */
    if (parts.condition.len > 0 || parts.count > SEARCH_KEYS_MAX)
        return true;
    index->search = parts.each;
    index->search_count = parts.count;
    return true;
}
