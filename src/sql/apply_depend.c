/* SPDX-License-Identifier: Apache-2.0 */
/* Who mentions a column or table, and what happens to them when it changes. */
#include "sql/apply.h"
#include "sql/ddl.h"
#include "sql/expr.h"

bool
apply_tree_mentions(const struct json *tree, struct str column)
{
    for (const struct json *n = tree->first; n != NULL; n = n->next) {
        if (tree->type == JSON_OBJECT && str_eq(n->key, STR("ColumnRef"))) {
            struct str name = pg_last_string(n, "fields");

            /* An empty one is a star. */
            if (name.len == 0 || str_eq(name, column))
                return true;
        } else if (tree->type == JSON_OBJECT && str_eq(n->key, STR("IndexElem")) &&
                   str_eq(pg_str(n, "name"), column)) {
            return true;
        } else if (tree->type == JSON_OBJECT && str_eq(n->key, STR("usingClause"))) {
            for (const struct json *u = n->first; u != NULL; u = u->next) {
                if (str_eq(pg_string(u), column))
                    return true;
            }
        }
        if (apply_tree_mentions(n, column))
            return true;
    }
    return false;
}

static void
rename_text(const struct json *text, struct str old_name, struct str new_name)
{
    if (text != NULL && text->type == JSON_STRING && str_eq(text->text, old_name)) {
        struct json *ours;

        /* The tree is this translation's own copy of the parser's. */
        memcpy(&ours, &text, sizeof(ours));
        ours->text = new_name;
    }
}

void
apply_tree_rename(const struct json *tree, struct str old_name, struct str new_name)
{
    for (const struct json *n = tree->first; n != NULL; n = n->next) {
        if (tree->type == JSON_OBJECT && str_eq(n->key, STR("ColumnRef"))) {
            const struct json *last = NULL;

            for (const struct json *f = pg_first(n, "fields"); f != NULL; f = f->next)
                last = f;
            rename_text(pg_get(pg_as(last, "String"), "sval"), old_name, new_name);
            continue;
        }
        if (tree->type == JSON_OBJECT && str_eq(n->key, STR("IndexElem")))
            rename_text(pg_get(n, "name"), old_name, new_name);
        apply_tree_rename(n, old_name, new_name);
    }
}

const struct json *
apply_parse_expression(struct apply *a, struct str text, struct pgtree *tree)
{
    struct pgtree_statement statement;
    struct pgtree_error error;
    const struct json *next = NULL;
    const struct json *target;

    if (!pgtree_parse(arena_printf(a->tmp, "SELECT %.*s", STR_ARG(text)), a->tmp, tree, &error) ||
        !pgtree_next(tree, &next, &statement))
        return NULL;
    target = pg_as(pg_first(pg_as(statement.node, "SelectStmt"), "targetList"), "ResTarget");
    return pg_get(target, "val");
}

bool
apply_text_mentions(struct apply *a, struct str expression, struct str column)
{
    struct pgtree tree;
    const struct json *node = apply_parse_expression(a, expression, &tree);

    return node == NULL || apply_tree_mentions(node, column);
}

/* Translates an expression again, in the table as it is now; with a column renamed. */
static bool
retranslate(struct apply *a, const struct model_table *table, struct str text,
            const struct type *type, struct str old_name, struct str new_name, struct expr *out)
{
    struct pgtree saved = a->tree;
    struct scope scope = {0};
    struct expr_context x = {.a = a, .scope = &scope, .place = "an expression"};
    const struct json *node;
    bool ok;

    expr_table_scope(a, table, &scope);
    node = apply_parse_expression(a, text, &a->tree);
    if (node != NULL && old_name.len > 0) {
        /* The expression may be a bare column: look at it from outside. */
        struct json around = {.type = JSON_ARRAY, .count = 1};

        memcpy(&around.first, &node, sizeof(node));
        apply_tree_rename(&around, old_name, new_name);
    }
    ok = node != NULL && expr_translate(&x, node, out) &&
         expr_coerce(&x, out, type, COERCE_ASSIGN, SIZE_MAX);
    a->tree = saved;
    return ok;
}

bool
apply_retranslate(struct apply *a, struct model_table *table, struct str old_name,
                  struct str new_name)
{
    struct expr e;

    for (uint32_t i = 0; i < table->check_count; i++) {
        struct model_check *check = &table->checks[i];

        if (!retranslate(a, table, check->sql, type_builtin(TYPE_BOOL), old_name, new_name, &e))
            return apply_fail(a, SIZE_MAX, "0A000", "drop the constraint first",
                              "constraint \"%.*s\" would not fit any more", STR_ARG(check->name));
        check->sql = arena_copy(a->keep, e.pg);
        check->sqlite_sql = arena_copy(a->keep, e.sql);
    }
    for (uint32_t i = 0; i < table->column_count; i++) {
        struct model_column *c = &table->columns[i];

        if (!c->is_generated)
            continue;
        if (!retranslate(a, table, c->default_sql, &c->type, old_name, new_name, &e))
            return apply_fail(a, SIZE_MAX, "0A000", "drop the column first",
                              "generated column \"%.*s\" would not fit any more", STR_ARG(c->name));
        c->default_sql = arena_copy(a->keep, e.pg);
        c->generated_sqlite = arena_copy(a->keep, e.sql);
    }
    for (uint32_t i = 0; i < table->index_count; i++) {
        if (!apply_retranslate_index(a, table, &table->indexes[i], old_name, new_name))
            return false;
    }
    return apply_retranslate_policies(a, table, old_name, new_name);
}

bool
apply_recast_default(struct apply *a, struct model_table *table, uint32_t column)
{
    struct model_column *c = &table->columns[column];
    struct expr e;

    if (c->default_sqlite.len == 0 || c->sequence.len > 0)
        return true;
    if (!retranslate(a, table, c->default_sql, &c->type, STR_NULL, STR_NULL, &e))
        return apply_fail(a, SIZE_MAX, "42804", "drop the default first",
                          "default for column \"%.*s\" cannot be cast automatically to type %.*s",
                          STR_ARG(c->name), STR_ARG(c->type.name));
    c->default_sql = arena_copy(a->keep, e.pg);
    c->default_sqlite = arena_copy(a->keep, e.sql);
    return true;
}

/* --- views ------------------------------------------------------------------------------------ */

static bool
mentions_table(struct apply *a, const struct json *tree, const struct model_table *table)
{
    for (const struct json *n = tree->first; n != NULL; n = n->next) {
        if (tree->type == JSON_OBJECT && str_eq(n->key, STR("RangeVar"))) {
            struct name name = apply_range_name(n);

            if (str_eq(name.name, table->name) &&
                (name.schema.len == 0 || str_eq(name.schema, table->schema)))
                return true;
        }
        if (mentions_table(a, n, table))
            return true;
    }
    return false;
}

/* A view that reads the table or view, or of it the column (empty: any). NULL: none. */
static const struct model_table *
find_dependent_view(struct apply *a, const struct model_table *table, struct str column)
{
    for (uint32_t i = 0; i < a->model->table_count; i++) {
        const struct model_table *view = &a->model->tables[i];
        struct pgtree_statement statement;
        struct pgtree_error error;
        struct pgtree tree;
        const struct json *next = NULL;

        if (!view->is_view || view == table)
            continue;
        /* What can't be read depends on everything. */
        if (!pgtree_parse(view->view_sql, a->tmp, &tree, &error) ||
            !pgtree_next(&tree, &next, &statement))
            return view;
        if (mentions_table(a, statement.node, table) &&
            (column.len == 0 || apply_tree_mentions(statement.node, column)))
            return view;
    }
    return NULL;
}

bool
apply_no_views(struct apply *a, const struct model_table *table, struct str column,
               const char *what)
{
    const struct model_table *view = find_dependent_view(a, table, column);

    return view == NULL ||
           apply_fail(a, SIZE_MAX, "0A000", "drop the view first, and create it again afterwards",
                      "cannot %s because view \"%.*s\" uses it", what, STR_ARG(view->name));
}

bool
apply_drop_views(struct apply *a, struct model_table *table, struct str column, struct str what,
                 bool cascade)
{
    struct str schema = table->schema;
    struct str name = table->name;

    for (;;) {
        const struct model_table *view;
        struct str view_schema;
        struct str view_name;

        table = model_find_table(a->model, schema, name);
        view = find_dependent_view(a, table, column);
        if (view == NULL)
            return true;
        if (!cascade)
            return apply_fail(a, SIZE_MAX, "2BP01", "drop that first, or add CASCADE",
                              "cannot drop %.*s because view %.*s depends on it", STR_ARG(what),
                              STR_ARG(view->name));
        view_schema = view->schema;
        view_name = view->name;
        if (!apply_drop_views(a, model_find_table(a->model, view_schema, view_name), STR_NULL, what,
                              true))
            return false;
        /* The first drop may have moved it. */
        if (!apply_drop_policies(a, model_find_table(a->model, view_schema, view_name), STR_NULL,
                                 what, true) ||
            !apply_remove_table(a, model_find_table(a->model, view_schema, view_name)))
            return false;
    }
}

bool
apply_remove_table(struct apply *a, struct model_table *table)
{
    if (!ddl_dropped(a, table))
        return false;
    edit_remove_table(a, table);
    return true;
}
