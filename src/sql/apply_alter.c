/* SPDX-License-Identifier: Apache-2.0 */
/* ALTER TABLE and the renames. */
#include "sql/apply.h"
#include "sql/ddl.h"
#include "sql/expr.h"

typedef bool (*alter_fn)(struct apply *a, struct model_table *table, const struct json *cmd);

/* --- columns ---------------------------------------------------------------------------------- */

/* Whether SQLite can append the column in place. */
static bool
is_appendable(const struct json *def)
{
    for (const struct json *n = pg_first(def, "constraints"); n != NULL; n = n->next) {
        const struct json *constraint = pg_as(n, "Constraint");
        const struct json *value = pg_get(constraint, "raw_expr");

        while (pg_as(value, "TypeCast") != NULL)
            value = pg_get(pg_body(value), "arg");
        if (!pg_is(constraint, "contype", "CONSTR_NULL") &&
            !(pg_is(constraint, "contype", "CONSTR_DEFAULT") && pg_as(value, "A_Const") != NULL))
            return false;
    }
    return true;
}

static bool
is_serial(const struct json *def)
{
    struct str name = pg_last_string(pg_get(def, "typeName"), "names");

    return name.len >= 6 && memmem(name.data, name.len, "serial", 6) != NULL;
}

static bool
add_column(struct apply *a, struct model_table *table, const struct json *cmd)
{
    const struct json *def = pg_as(pg_get(cmd, "def"), "ColumnDef");
    struct str name = pg_str(def, "colname");
    const struct model_column *c;
    uint32_t index;

    if (apply_column_index(table, name, &index)) {
        if (pg_bool(cmd, "missing_ok"))
            return true;
        return apply_fail(a, pg_location(def), "42701", NULL,
                          "column \"%.*s\" of relation \"%.*s\" already exists", STR_ARG(name),
                          STR_ARG(table->name));
    }
    if (!ddl_is_changed(a, table) && is_appendable(def) && !is_serial(def))
        return apply_add_column(a, table, def) && ddl_column_appended(a, table);
    ddl_changed(a, table);
    index = table->column_count;
    if (!apply_add_column(a, table, def))
        return false;
    c = &table->columns[index];
    ddl_column_added(a, table,
                     c->is_generated             ? STR_NULL
                     : c->default_sqlite.len > 0 ? c->default_sqlite
                                                 : STR("NULL"));
    if (c->not_null && c->sequence.len == 0)
        ddl_must_hold(a, table, DDL_NOT_NULL, c->name);
    return true;
}

/* Without the column at index: places behind it move up. */
static void
shift_columns(struct apply *a, const uint32_t **columns, uint32_t count, uint32_t index)
{
    uint32_t *shifted = ARENA_ARRAY(a->keep, uint32_t, count);

    for (uint32_t i = 0; i < count; i++)
        shifted[i] = (*columns)[i] > index ? (*columns)[i] - 1 : (*columns)[i];
    *columns = shifted;
}

static bool
has_column(const uint32_t *columns, uint32_t count, uint32_t index)
{
    for (uint32_t i = 0; i < count; i++) {
        if (columns[i] == index)
            return true;
    }
    return false;
}

/* Keys, checks and indexes that use the column go with it, as PostgreSQL has it. */
static bool
drop_users(struct apply *a, struct model_table *table, uint32_t index, bool cascade)
{
    struct str name = table->columns[index].name;

    for (uint32_t i = table->key_count; i-- > 0;) {
        if (has_column(table->keys[i].columns, table->keys[i].column_count, index) &&
            !apply_drop_constraint(a, table, table->keys[i].name, cascade, false))
            return false;
    }
    for (uint32_t i = table->foreign_key_count; i-- > 0;) {
        const struct model_foreign_key *key = &table->foreign_keys[i];

        if (has_column(key->columns, key->column_count, index))
            edit_remove(table->foreign_keys, &table->foreign_key_count, i, sizeof(*key));
    }
    for (uint32_t i = table->check_count; i-- > 0;) {
        if (apply_text_mentions(a, table->checks[i].sql, name))
            edit_remove(table->checks, &table->check_count, i, sizeof(*table->checks));
    }
    for (uint32_t i = table->index_count; i-- > 0;) {
        const struct model_index user = table->indexes[i];

        if (!apply_index_mentions(a, &user, name))
            continue;
        edit_remove(table->indexes, &table->index_count, i, sizeof(user));
        if (!ddl_index_dropped(a, table, &user))
            return false;
    }
    for (uint32_t i = 0; i < table->column_count; i++) {
        const struct model_column *c = &table->columns[i];

        if (i != index && c->is_generated && apply_text_mentions(a, c->default_sql, name))
            return apply_fail(a, SIZE_MAX, "2BP01", "drop that column first",
                              "cannot drop column %.*s because column %.*s is computed from it",
                              STR_ARG(name), STR_ARG(c->name));
    }
    return true;
}

static bool
drop_owned_sequences(struct apply *a, const struct model_table *table, struct str column)
{
    for (uint32_t i = a->model->sequence_count; i-- > 0;) {
        const struct model_sequence *s = &a->model->sequences[i];

        if (str_eq(s->owned_table, table->name) && str_eq(s->schema, table->schema) &&
            (column.len == 0 || str_eq(s->owned_column, column)) &&
            !apply_drop_sequence(a, s->schema, s->name))
            return false;
    }
    return true;
}

static bool
drop_column(struct apply *a, struct model_table *table, const struct json *cmd)
{
    struct str name = pg_str(cmd, "name");
    bool cascade = pg_is(cmd, "behavior", "DROP_CASCADE");
    struct str schema = table->schema;
    struct str table_name = table->name;
    uint32_t index;

    if (!apply_column_index(table, name, &index))
        return pg_bool(cmd, "missing_ok") || apply_need_column(a, table, name, SIZE_MAX, &index);
    if (table->column_count == 1)
        return apply_refuse(a, SIZE_MAX, "tables without columns");
    if (!apply_drop_views(a, table, name, arena_printf(a->tmp, "column %.*s", STR_ARG(name)),
                          cascade))
        return false;
    table = model_find_table(a->model, schema, table_name);
    if (!apply_drop_policies(a, table, name, arena_printf(a->tmp, "column %.*s", STR_ARG(name)),
                             cascade))
        return false;
    apply_rename_grants(table, name, STR_NULL);
    ddl_changed(a, table);
    if (!drop_users(a, table, index, cascade) || !drop_owned_sequences(a, table, name))
        return false;
    ddl_column_dropped(a, table, index);
    edit_remove(table->columns, &table->column_count, index, sizeof(*table->columns));
    for (uint32_t i = 0; i < table->key_count; i++)
        shift_columns(a, &table->keys[i].columns, table->keys[i].column_count, index);
    for (uint32_t i = 0; i < table->foreign_key_count; i++)
        shift_columns(a, &table->foreign_keys[i].columns, table->foreign_keys[i].column_count,
                      index);
    apply_settle_table(a, table);
    return true;
}

/* USING, or the assignment cast, from the old column to the new type. */
static bool
convert_column(struct apply *a, struct model_table *table, uint32_t index, const struct type *type,
               const struct json *using)
{
    struct scope scope = {0};
    struct expr_context x = {.a = a, .scope = &scope};
    struct str place = arena_printf(a->tmp, "column \"%.*s\"", STR_ARG(table->columns[index].name));
    struct expr e;

    x.place = place.data;
    expr_table_scope(a, table, &scope);
    if (using != NULL) {
        if (!expr_translate(&x, using, &e))
            return false;
    } else {
        expr_column(&x, scope.items, &scope.items->columns[index], &e);
        if (!expr_can_coerce(&e.type, type, COERCE_ASSIGN))
            return apply_fail(a, SIZE_MAX, "42804", "say how with USING",
                              "column \"%.*s\" cannot be cast automatically to type %.*s",
                              STR_ARG(table->columns[index].name), STR_ARG(type->name));
    }
    if (!expr_coerce(&x, &e, type, COERCE_ASSIGN, SIZE_MAX))
        return false;
    ddl_column_converted(a, table, index, e.sql);
    return true;
}

static bool
alter_type(struct apply *a, struct model_table *table, const struct json *cmd)
{
    const struct json *def = pg_as(pg_get(cmd, "def"), "ColumnDef");
    struct str name = pg_str(cmd, "name");
    struct type type;
    uint32_t index;

    if (!apply_need_column(a, table, name, SIZE_MAX, &index) ||
        !apply_type(a, pg_get(def, "typeName"), &type, NULL))
        return false;
    if (!type_is_embedded(&type))
        return apply_fail(a, pg_location(pg_get(def, "typeName")), "0A000", HINT_POSTGRES,
                          "the embedded engine has no columns of type %.*s", STR_ARG(type.name));
    if (!apply_no_views(a, table, name, "alter the type of a column") ||
        !apply_no_policies(a, table, name, "alter the type of a column"))
        return false;
    /* The new value is computed from the old row: bring that up to date when it was changed. */
    if (ddl_is_changed(a, table) && !ddl_flush(a))
        return false;
    ddl_changed(a, table);
    if (!convert_column(a, table, index, &type, pg_get(def, "raw_default")))
        return false;
    table->columns[index].type = type;
    if (!apply_recast_default(a, table, index) || !apply_retranslate(a, table, STR_NULL, STR_NULL))
        return false;
    apply_settle_table(a, table);
    for (uint32_t i = 0; i < table->check_count; i++)
        ddl_must_hold(a, table, DDL_CHECK, table->checks[i].name);
    for (uint32_t i = 0; i < table->key_count; i++)
        ddl_must_hold(a, table, DDL_UNIQUE, table->keys[i].name);
    ddl_written(a, table);
    return true;
}

static bool
set_not_null(struct apply *a, struct model_table *table, const struct json *cmd)
{
    uint32_t index;

    if (!apply_need_column(a, table, pg_str(cmd, "name"), SIZE_MAX, &index))
        return false;
    if (table->columns[index].not_null)
        return true;
    ddl_changed(a, table);
    table->columns[index].not_null = true;
    ddl_must_hold(a, table, DDL_NOT_NULL, table->columns[index].name);
    return true;
}

static bool
drop_not_null(struct apply *a, struct model_table *table, const struct json *cmd)
{
    const struct model_key *primary = model_primary_key(table);
    uint32_t index;

    if (!apply_need_column(a, table, pg_str(cmd, "name"), SIZE_MAX, &index))
        return false;
    if (primary != NULL && has_column(primary->columns, primary->column_count, index))
        return apply_fail(a, SIZE_MAX, "42P16", NULL, "column \"%.*s\" is in a primary key",
                          STR_ARG(table->columns[index].name));
    if (table->columns[index].sequence.len > 0 && table->columns[index].default_sql.len == 0)
        return apply_fail(a, SIZE_MAX, "55000", NULL,
                          "column \"%.*s\" of relation \"%.*s\" is an identity column",
                          STR_ARG(table->columns[index].name), STR_ARG(table->name));
    ddl_changed(a, table);
    table->columns[index].not_null = false;
    return true;
}

static bool
alter_default(struct apply *a, struct model_table *table, const struct json *cmd)
{
    const struct json *expression = pg_get(cmd, "def");
    struct model_column *c;
    uint32_t index;

    if (!apply_need_column(a, table, pg_str(cmd, "name"), SIZE_MAX, &index))
        return false;
    c = &table->columns[index];
    if (c->is_generated)
        return apply_fail(a, SIZE_MAX, "42601", NULL,
                          "column \"%.*s\" of relation \"%.*s\" is a generated column",
                          STR_ARG(c->name), STR_ARG(table->name));
    ddl_changed(a, table);
    if (expression != NULL)
        return apply_set_default(a, table, index, expression, pg_location(pg_body(expression)));
    c->has_default = false;
    c->default_sql = c->default_sqlite = c->sequence = STR_NULL;
    return true;
}

static bool
add_identity(struct apply *a, struct model_table *table, const struct json *cmd)
{
    const struct json *constraint = pg_as(pg_get(cmd, "def"), "Constraint");
    uint32_t index;

    if (!apply_need_column(a, table, pg_str(cmd, "name"), SIZE_MAX, &index))
        return false;
    if (!table->columns[index].not_null)
        return apply_fail(a, SIZE_MAX, "55000", NULL,
                          "column \"%.*s\" of relation \"%.*s\" must be declared NOT NULL before "
                          "identity can be added",
                          STR_ARG(table->columns[index].name), STR_ARG(table->name));
    ddl_changed(a, table);
    return apply_set_identity(a, table, index, constraint);
}

static bool
is_identity(const struct model_column *c)
{
    return c->sequence.len > 0 && c->default_sql.len == 0;
}

static bool
drop_identity(struct apply *a, struct model_table *table, const struct json *cmd)
{
    struct model_column *c;
    uint32_t index;

    if (!apply_need_column(a, table, pg_str(cmd, "name"), SIZE_MAX, &index))
        return false;
    c = &table->columns[index];
    if (!is_identity(c))
        return pg_bool(cmd, "missing_ok") ||
               apply_fail(a, SIZE_MAX, "55000", NULL,
                          "column \"%.*s\" of relation \"%.*s\" is not an identity column",
                          STR_ARG(c->name), STR_ARG(table->name));
    ddl_changed(a, table);
    if (!drop_owned_sequences(a, table, c->name))
        return false;
    c->has_default = c->is_identity_always = false;
    c->default_sqlite = c->sequence = STR_NULL;
    return true;
}

static bool
set_identity(struct apply *a, struct model_table *table, const struct json *cmd)
{
    uint32_t index;

    if (!apply_need_column(a, table, pg_str(cmd, "name"), SIZE_MAX, &index))
        return false;
    for (const struct json *n = pg_items(pg_get(cmd, "def")); n != NULL; n = n->next) {
        const struct json *option = pg_as(n, "DefElem");
        int64_t letter = 0;

        if (!pg_is(option, "defname", "generated") || !is_identity(&table->columns[index]) ||
            !pg_option_i64(&a->tree, option, &letter))
            return apply_refuse(a, SIZE_MAX, "this change of an identity column");
        table->columns[index].is_identity_always = letter == 'a';
    }
    return true;
}

static bool
drop_expression(struct apply *a, struct model_table *table, const struct json *cmd)
{
    struct model_column *c;
    uint32_t index;

    if (!apply_need_column(a, table, pg_str(cmd, "name"), SIZE_MAX, &index))
        return false;
    c = &table->columns[index];
    if (!c->is_generated)
        return pg_bool(cmd, "missing_ok") ||
               apply_fail(a, SIZE_MAX, "55000", NULL,
                          "column \"%.*s\" of relation \"%.*s\" is not a stored generated column",
                          STR_ARG(c->name), STR_ARG(table->name));
    ddl_changed(a, table);
    ddl_column_converted(a, table, index, apply_quote(a->tmp, c->name));
    c->is_generated = c->has_default = false;
    c->default_sql = c->generated_sqlite = STR_NULL;
    return true;
}

/* --- constraints ------------------------------------------------------------------------------ */

static bool
add_constraint(struct apply *a, struct model_table *table, const struct json *cmd)
{
    return apply_add_constraint(a, table, pg_get(cmd, "def"), STR_NULL);
}

static bool
drop_constraint(struct apply *a, struct model_table *table, const struct json *cmd)
{
    return apply_drop_constraint(a, table, pg_str(cmd, "name"),
                                 pg_is(cmd, "behavior", "DROP_CASCADE"),
                                 pg_bool(cmd, "missing_ok"));
}

/* --- the statement ---------------------------------------------------------------------------- */

static bool
do_nothing(struct apply *a, struct model_table *table, const struct json *cmd)
{
    (void)a;
    (void)table;
    (void)cmd;
    return true;
}

static bool
set_security(struct apply *a, struct model_table *table, const struct json *cmd)
{
    (void)a;
    if (pg_is(cmd, "subtype", "AT_EnableRowSecurity"))
        table->rls_enabled = true;
    else if (pg_is(cmd, "subtype", "AT_DisableRowSecurity"))
        table->rls_enabled = false;
    else
        table->rls_forced = pg_is(cmd, "subtype", "AT_ForceRowSecurity");
    return true;
}

static bool
change_owner(struct apply *a, struct model_table *table, const struct json *cmd)
{
    return apply_set_owner(a, &table->acl, pg_get(cmd, "newowner"));
}

static const struct {
    const char *subtype;
    alter_fn alter;
} commands[] = {
    {"AT_AddColumn", add_column},
    {"AT_DropColumn", drop_column},
    {"AT_AlterColumnType", alter_type},
    {"AT_SetNotNull", set_not_null},
    {"AT_DropNotNull", drop_not_null},
    {"AT_ColumnDefault", alter_default},
    {"AT_AddIdentity", add_identity},
    {"AT_DropIdentity", drop_identity},
    {"AT_SetIdentity", set_identity},
    {"AT_DropExpression", drop_expression},
    {"AT_AddConstraint", add_constraint},
    {"AT_DropConstraint", drop_constraint},
    {"AT_ChangeOwner", change_owner},
    {"AT_SetStatistics", do_nothing},
    {"AT_SetStorage", do_nothing},
    {"AT_SetOptions", do_nothing},
    {"AT_SetRelOptions", do_nothing},
    {"AT_ResetRelOptions", do_nothing},
    {"AT_ClusterOn", do_nothing},
    {"AT_DropCluster", do_nothing},
    {"AT_SetLogged", do_nothing},
    {"AT_SetUnLogged", do_nothing},
    {"AT_ReplicaIdentity", do_nothing},
    {"AT_SetCompression", do_nothing},
    {"AT_ValidateConstraint", do_nothing},
    {"AT_DisableRowSecurity", set_security},
    {"AT_NoForceRowSecurity", set_security},
    {"AT_EnableRowSecurity", set_security},
    {"AT_ForceRowSecurity", set_security},
};

static bool
run_command(struct apply *a, struct model_table *table, const struct json *cmd)
{
    for (size_t i = 0; i < COUNTOF(commands); i++) {
        if (pg_is(cmd, "subtype", commands[i].subtype))
            return commands[i].alter(a, table, cmd);
    }
    return apply_refuse(a, SIZE_MAX, "this change of a table");
}

/* What an insert through the view gives the column when it leaves it out. */
static bool
alter_view_default(struct apply *a, struct model_table *view, const struct json *cmd)
{
    const struct json *expression = pg_get(cmd, "def");
    uint32_t index = 0;

    if (!apply_need_column(a, view, pg_str(cmd, "name"), SIZE_MAX, &index))
        return false;
    if (expression != NULL)
        return apply_set_default(a, view, index, expression, pg_location(pg_body(expression)));
    view->columns[index].has_default = false;
    view->columns[index].default_sql = view->columns[index].default_sqlite = STR_NULL;
    view->columns[index].sequence = STR_NULL;
    return true;
}

/* ALTER VIEW, INDEX and SEQUENCE in this form change the owner, or options: those of a view matter,
 * as do its defaults. */
static bool
alter_other(struct apply *a, const struct json *body)
{
    struct name name = apply_range_name(pg_get(body, "relation"));
    struct model_table *table = apply_lookup_table(a, name);
    struct model_sequence *sequence = apply_lookup_sequence(a, name);

    for (const struct json *n = pg_first(body, "cmds"); n != NULL; n = n->next) {
        const struct json *cmd = pg_as(n, "AlterTableCmd");

        if (pg_is(cmd, "subtype", "AT_ChangeOwner") && (table != NULL || sequence != NULL)) {
            if (!apply_set_owner(a, table != NULL ? &table->acl : &sequence->acl,
                                 pg_get(cmd, "newowner")))
                return false;
            continue;
        }
        if (table != NULL && table->is_view && pg_is(cmd, "subtype", "AT_ColumnDefault")) {
            if (!alter_view_default(a, table, cmd))
                return false;
            continue;
        }
        if (table != NULL && table->is_view && pg_get(cmd, "def") != NULL) {
            if (!apply_view_options(a, table, pg_items(pg_get(cmd, "def")),
                                    pg_is(cmd, "subtype", "AT_ResetRelOptions")) ||
                !view_check_option(a, table))
                return false;
            continue;
        }
        if (!pg_is(cmd, "subtype", "AT_ChangeOwner") &&
            !pg_is(cmd, "subtype", "AT_SetRelOptions") &&
            !pg_is(cmd, "subtype", "AT_ResetRelOptions"))
            return apply_refuse(a, SIZE_MAX, "this change");
    }
    return true;
}

bool
apply_alter_table(struct apply *a, const struct json *body)
{
    const struct json *range = pg_get(body, "relation");
    struct name name = apply_range_name(range);
    struct model_table *table = apply_lookup_table(a, name);
    struct str schema;
    struct str table_name;

    if (!pg_is(body, "objtype", "OBJECT_TABLE"))
        return alter_other(a, body);
    /* A dump names sequences and views in ALTER TABLE ... OWNER TO. */
    if (table == NULL && apply_lookup_sequence(a, name) != NULL)
        return alter_other(a, body);
    if (table == NULL && pg_bool(body, "missing_ok"))
        return true;
    if (table != NULL && table->is_view)
        return alter_other(a, body);
    if (!apply_need_table(a, name, pg_location(range), &table))
        return false;
    schema = table->schema;
    table_name = table->name;
    for (const struct json *n = pg_first(body, "cmds"); n != NULL; n = n->next) {
        table = model_find_table(a->model, schema, table_name);
        if (!run_command(a, table, pg_as(n, "AlterTableCmd")))
            return false;
    }
    return true;
}
