/* SPDX-License-Identifier: Apache-2.0 */
/* Roles and privileges. */
#include "schema/access_impl.h"

static uint32_t
role_index(const struct schema *schema, const struct schema_role *role)
{
    return (uint32_t)(role - schema->roles);
}

/* Adds what the role at index inherits, and so on. */
static void
inherit(const struct model *model, uint32_t index, bool *has)
{
    const struct model_role *role = &model->roles[index];

    has[index] = true;
    for (uint32_t i = 0; role->inherits && i < role->member_of_count; i++) {
        const struct model_role *of = model_find_role(model, role->member_of[i]);

        if (of != NULL && !has[of - model->roles])
            inherit(model, (uint32_t)(of - model->roles), has);
    }
}

/* Whether something was said about what the view stands on, as far as it is known by now. */
static bool
stands_on_said(const struct schema *schema, const struct model_table *view, bool anything)
{
    /* The record of an older version doesn't say what a view stands on. */
    if (view->view_marked.len == 0)
        return anything;
    for (uint32_t i = 0; i < view->reference_count; i++) {
        const struct schema_table *below =
            schema_find_table(schema, view->references[i].schema, view->references[i].table);

        if (below == NULL || below->is_said)
            return true;
    }
    return false;
}

void
access_tables_build(const struct schema *schema, struct schema_table *tables)
{
    bool anything = false;
    bool again = true;

    for (uint32_t i = 0; i < schema->table_count; i++) {
        tables[i].is_said = tables[i].model->acl.is_stated || tables[i].model->rls_enabled;
        anything = anything || tables[i].is_said;
    }
    /* Views stand on views. */
    while (anything && again) {
        again = false;
        for (uint32_t i = 0; i < schema->table_count; i++) {
            if (!tables[i].model->is_view || tables[i].is_said ||
                !stands_on_said(schema, tables[i].model, anything))
                continue;
            tables[i].is_said = again = true;
        }
    }
}

bool
access_has_rules(const struct schema *schema)
{
    const struct model *model = schema->model;
    bool found = model->has_anon || model->default_acl_count > 0;

    for (uint32_t i = 0; i < model->role_count; i++)
        found = found || !model->roles[i].is_implied;
    for (uint32_t i = 0; i < schema->table_count; i++)
        found = found || schema->tables[i].is_said || schema->tables[i].model->policy_count > 0;
    for (uint32_t i = 0; i < model->sequence_count; i++)
        found = found || model->sequences[i].acl.is_stated;
    for (uint32_t i = 0; i < model->function_count; i++)
        found = found || model->functions[i].acl.is_stated;
    return found;
}

void
access_roles_build(struct schema *schema, struct arena *arena)
{
    const struct model *model = schema->model;
    struct schema_role *roles = ARENA_ARRAY(arena, struct schema_role, model->role_count + 1);

    for (uint32_t i = 0; i < model->role_count; i++) {
        bool *has = arena_zalloc(arena, model->role_count * sizeof(*has));

        inherit(model, i, has);
        roles[i] = (struct schema_role){.model = &model->roles[i], .has = has};
    }
    schema->roles = roles;
    schema->role_count = model->role_count;
}

const struct schema_role *
schema_find_role(const struct schema *schema, struct str name)
{
    const struct model_role *found = model_find_role(schema->model, name);

    return found != NULL ? &schema->roles[found - schema->model->roles] : NULL;
}

bool
access_has_role(const struct schema *schema, const struct schema_role *role, struct str name)
{
    if (name.len == 0 || str_eq(role->model->name, name))
        return true;
    for (uint32_t i = 0; i < schema->role_count; i++) {
        if (role->has[i] && i != role_index(schema, role) &&
            str_eq(schema->roles[i].model->name, name))
            return true;
    }
    return false;
}

bool
access_is_owner(const struct schema *schema, const struct schema_role *role,
                const struct model_acl *acl)
{
    return role->model->is_superuser || access_has_role(schema, role, model_owner(acl));
}

/* The rights that grants give role, on the whole object or, with a column, on that one too. any: on
 * whatever column. */
static int64_t
granted(const struct schema *schema, const struct schema_role *role, const struct model_acl *acl,
        struct str column, bool any)
{
    int64_t rights = 0;

    for (uint32_t i = 0; i < acl->grant_count; i++) {
        const struct model_grant *grant = &acl->grants[i];

        if ((grant->column.len == 0 || any || str_eq(grant->column, column)) &&
            access_has_role(schema, role, grant->role))
            rights |= grant->rights;
    }
    return rights;
}

/* What stands open as long as nobody has said anything about it. */
static bool
is_open_to(const struct schema *schema, const struct schema_role *role)
{
    return schema->is_open || (!schema->has_rules && !str_eq(role->model->name, STR("anon")));
}

bool
schema_may_use_schema(const struct schema *schema, const struct schema_role *role,
                      struct str schema_name)
{
    const struct model_acl *acl = model_find_schema_acl(schema->model, schema_name);

    if (acl == NULL || !acl->is_stated)
        return str_eq(schema_name, STR("public")) || is_open_to(schema, role) ||
               (acl != NULL && access_is_owner(schema, role, acl));
    return access_is_owner(schema, role, acl) ||
           (granted(schema, role, acl, STR_NULL, false) & MODEL_MAY_USAGE) != 0;
}

/* Whether a migration has said who may use the table, or, of a view, what it stands on: a view must
 * not open what was closed. */
static bool
is_said(const struct schema *schema, const struct model_table *table)
{
    const struct model *model = schema->model;

    if (model->table_count == 0 || table < model->tables ||
        table >= model->tables + model->table_count)
        return table->acl.is_stated;
    return schema->tables[table - model->tables].is_said;
}

static bool
may(const struct schema *schema, const struct schema_role *role, const struct model_table *table,
    int64_t rights, struct str column, bool any)
{
    const struct model_acl *acl = &table->acl;

    if (access_is_owner(schema, role, acl))
        return true;
    if (!is_said(schema, table))
        return is_open_to(schema, role);
    return (granted(schema, role, acl, column, any) & rights) == rights;
}

bool
schema_may(const struct schema *schema, const struct schema_role *role,
           const struct model_table *table, int64_t rights)
{
    return may(schema, role, table, rights, STR_NULL, false);
}

bool
schema_may_column(const struct schema *schema, const struct schema_role *role,
                  const struct model_table *table, int64_t right, const struct model_column *column)
{
    return may(schema, role, table, right, column->name, false);
}

bool
schema_may_some(const struct schema *schema, const struct schema_role *role,
                const struct model_table *table, int64_t right)
{
    return may(schema, role, table, right, STR_NULL, true);
}

bool
schema_may_sequence(const struct schema *schema, const struct schema_role *role,
                    const struct model_sequence *sequence, int64_t rights)
{
    const struct model_acl *acl = &sequence->acl;

    if (access_is_owner(schema, role, acl))
        return true;
    if (!acl->is_stated)
        return is_open_to(schema, role);
    return (granted(schema, role, acl, STR_NULL, false) & rights) == rights;
}

bool
schema_may_call(const struct schema *schema, const struct schema_role *role,
                const struct model_function *function)
{
    const struct model_acl *acl = &function->acl;

    return !acl->is_stated || access_is_owner(schema, role, acl) ||
           (granted(schema, role, acl, STR_NULL, false) & MODEL_MAY_EXECUTE) != 0;
}

bool
access_fail(const char *kind, struct str name, struct err *err)
{
    return err_set(err, ERR_DB, "42501", "permission denied for %s %.*s", kind, STR_ARG(name));
}

bool
access_fail_table(const struct model_table *table, struct err *err)
{
    return access_fail(table->is_view ? "view" : "table", table->name, err);
}

const struct schema_role *
access_body_role(const struct schema *schema, const struct schema_role *role,
                 const struct model_function *function)
{
    const struct schema_role *owner = NULL;

    if (!function->is_definer)
        return role;
    owner = schema_find_role(schema, model_owner(&function->acl));
    return owner != NULL ? owner : schema_find_role(schema, MODEL_OWNER);
}
