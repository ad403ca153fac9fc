/* SPDX-License-Identifier: Apache-2.0 */
/* Roles and their memberships. */
#include "sql/apply.h"

/* --- finding ---------------------------------------------------------------------------------- */

static bool
fail_missing(struct apply *a, size_t location, struct str name)
{
    return apply_fail(a, location, "42704", "CREATE ROLE before it is named",
                      "role \"%.*s\" does not exist", STR_ARG(name));
}

bool
apply_role(struct apply *a, const struct json *spec, struct str *out)
{
    struct model_role *role;

    *out = STR_NULL;
    if (pg_is(spec, "roletype", "ROLESPEC_PUBLIC"))
        return true;
    *out = MODEL_OWNER;
    if (!pg_is(spec, "roletype", "ROLESPEC_CSTRING"))
        return true;
    role = model_find_role(a->model, pg_str(spec, "rolename"));
    if (role == NULL)
        return fail_missing(a, pg_location(spec), pg_str(spec, "rolename"));
    /* On PostgreSQL it is made when a migration first speaks of it. */
    role->is_implied = false;
    *out = role->name;
    return true;
}

/* One that isn't PUBLIC. */
static bool
need_role(struct apply *a, const struct json *spec, struct model_role **out)
{
    struct str name;

    if (!apply_role(a, spec, &name))
        return false;
    if (name.len == 0)
        return apply_fail(a, pg_location(spec), "42704", NULL, "role \"public\" does not exist");
    *out = model_find_role(a->model, name);
    return true;
}

/* --- membership ------------------------------------------------------------------------------- */

/* depth: a record that was tampered with may have circles. */
static bool
is_member(const struct model *model, const struct model_role *role, struct str of, uint32_t depth)
{
    if (str_eq(role->name, of))
        return true;
    for (uint32_t i = 0; depth > 0 && i < role->member_of_count; i++) {
        const struct model_role *next = model_find_role(model, role->member_of[i]);

        if (next != NULL && is_member(model, next, of, depth - 1))
            return true;
    }
    return false;
}

static bool
add_member(struct apply *a, struct model_role *role, const struct model_role *of)
{
    struct str *grown;

    for (uint32_t i = 0; i < role->member_of_count; i++) {
        if (str_eq(role->member_of[i], of->name))
            return true;
    }
    if (is_member(a->model, of, role->name, a->model->role_count))
        return apply_fail(a, SIZE_MAX, "0LP01", NULL, "role \"%.*s\" is a member of role \"%.*s\"",
                          STR_ARG(of->name), STR_ARG(role->name));
    grown = edit_grow(a, role->member_of, role->member_of_count, sizeof(*grown));
    grown[role->member_of_count++] = of->name;
    role->member_of = grown;
    return true;
}

static void
remove_member(struct apply *a, struct model_role *role, struct str of)
{
    struct str *kept = ARENA_ARRAY(a->keep, struct str, role->member_of_count);
    uint32_t count = 0;

    for (uint32_t i = 0; i < role->member_of_count; i++) {
        if (!str_eq(role->member_of[i], of))
            kept[count++] = role->member_of[i];
    }
    role->member_of = kept;
    role->member_of_count = count;
}

/* WITH ADMIN OPTION is about who may grant it further, which nobody does here but migrations. Newer
 * parsers have WITH INHERIT and WITH SET. */
static bool
check_options(struct apply *a, const struct json *body)
{
    for (const struct json *n = pg_first(body, "opt"); n != NULL; n = n->next) {
        const struct json *option = pg_as(n, "DefElem");

        if (!pg_is(option, "defname", "admin"))
            return apply_refuse(a, pg_location(option), "GRANT ... WITH INHERIT or SET");
    }
    return true;
}

bool
apply_grant_role(struct apply *a, const struct json *body)
{
    bool is_grant = pg_bool(body, "is_grant");

    if (!check_options(a, body))
        return false;
    for (const struct json *g = pg_first(body, "granted_roles"); g != NULL; g = g->next) {
        struct str name = pg_str(pg_as(g, "AccessPriv"), "priv_name");
        struct model_role *of = model_find_role(a->model, name);

        if (of == NULL)
            return fail_missing(a, SIZE_MAX, name);
        of->is_implied = false;
        for (const struct json *n = pg_first(body, "grantee_roles"); n != NULL; n = n->next) {
            struct model_role *role;

            if (!need_role(a, pg_as(n, "RoleSpec"), &role))
                return false;
            if (is_grant ? !add_member(a, role, of) : false)
                return false;
            if (!is_grant && !pg_bool(body, "admin_opt"))
                remove_member(a, role, of->name);
        }
    }
    return true;
}

/* --- attributes ------------------------------------------------------------------------------- */

static bool
apply_members(struct apply *a, const struct json *list, struct str name, bool is_added, bool inward)
{
    for (const struct json *n = pg_items(list); n != NULL; n = n->next) {
        struct model_role *role = model_find_role(a->model, name);
        struct model_role *other = NULL;

        if (!need_role(a, pg_as(n, "RoleSpec"), &other))
            return false;
        if (is_added && !add_member(a, inward ? role : other, inward ? other : role))
            return false;
        if (!is_added)
            remove_member(a, inward ? role : other, inward ? other->name : role->name);
    }
    return true;
}

static bool
is_true(const struct json *option)
{
    return pg_bool(pg_as(pg_get(option, "arg"), "Boolean"), "boolval");
}

/* Sets the attribute that the option names; false when it names none of these. */
static bool
set_attribute(struct model_role *role, const struct json *option)
{
    const struct {
        const char *name;
        bool *attribute;
    } attributes[] = {
        {"superuser", &role->is_superuser},
        {"bypassrls", &role->bypasses_rls},
        {"inherit", &role->inherits},
        {"canlogin", &role->can_login},
        {"createdb", &role->can_create_db},
        {"createrole", &role->can_create_role},
        {"isreplication", &role->can_replicate},
    };

    for (size_t i = 0; i < COUNTOF(attributes); i++) {
        if (pg_is(option, "defname", attributes[i].name)) {
            *attributes[i].attribute = is_true(option);
            return true;
        }
    }
    return false;
}

static bool
set_option(struct apply *a, struct str name, const struct json *option, bool is_added)
{
    /* Nobody signs in to the embedded engine as a role: these say nothing. */
    static const char *const ignored[] = {"password", "validUntil", "connectionlimit", "sysid"};
    const struct json *arg = pg_get(option, "arg");

    if (set_attribute(model_find_role(a->model, name), option))
        return true;
    if (pg_is(option, "defname", "addroleto"))
        return apply_members(a, arg, name, true, true);
    if (pg_is(option, "defname", "rolemembers") || pg_is(option, "defname", "adminmembers"))
        return apply_members(a, arg, name, is_added, false);
    for (size_t i = 0; i < COUNTOF(ignored); i++) {
        if (pg_is(option, "defname", ignored[i]))
            return true;
    }
    return apply_refuse(a, pg_location(option), "this attribute of a role");
}

static bool
check_role_name(struct apply *a, struct str name)
{
    static const char *const reserved[] = {"public", "none", "current_user", "session_user"};

    if (str_has_prefix(name, STR("pg_"))) {
        apply_fail(a, SIZE_MAX, "42939", NULL, "role name \"%.*s\" is reserved", STR_ARG(name));
        err_details(a->err, "Role names starting with \"pg_\" are reserved.");
        return false;
    }
    for (size_t i = 0; i < COUNTOF(reserved); i++) {
        if (str_eq(name, str_from(reserved[i])))
            return apply_fail(a, SIZE_MAX, "42939", NULL, "role name \"%.*s\" is reserved",
                              STR_ARG(name));
    }
    return true;
}

bool
apply_create_role(struct apply *a, const struct json *body)
{
    struct str name = arena_copy(a->keep, pg_str(body, "role"));
    struct model_role *role = model_find_role(a->model, name);
    struct model_role made = {
        .name = name,
        .inherits = true,
        .can_login = pg_is(body, "stmt_type", "ROLESTMT_USER"),
    };

    if (!check_role_name(a, name))
        return false;
    if (role != NULL && (!role->is_implied || str_eq(name, MODEL_OWNER)))
        return apply_fail(a, SIZE_MAX, "42710", NULL, "role \"%.*s\" already exists",
                          STR_ARG(name));
    if (role != NULL) {
        made.member_of = role->member_of;
        made.member_of_count = role->member_of_count;
        *role = made;
    } else {
        *EDIT_ADD(a, a->model->roles, a->model->role_count) = made;
    }
    for (const struct json *n = pg_first(body, "options"); n != NULL; n = n->next) {
        if (!set_option(a, name, pg_as(n, "DefElem"), true))
            return false;
    }
    return true;
}

bool
apply_alter_role(struct apply *a, const struct json *body)
{
    bool is_added =
        pg_get(body, "action") != NULL && str_eq(pg_get(body, "action")->text, STR("1"));
    struct model_role *role;
    struct str name;

    if (!need_role(a, pg_get(body, "role"), &role))
        return false;
    name = role->name;
    for (const struct json *n = pg_first(body, "options"); n != NULL; n = n->next) {
        if (!set_option(a, name, pg_as(n, "DefElem"), is_added))
            return false;
    }
    return true;
}

/* ALTER ROLE ... SET: settings are PostgreSQL's own. */
bool
apply_alter_role_set(struct apply *a, const struct json *body)
{
    const struct json *spec = pg_get(body, "role");
    struct str name;

    return spec == NULL || apply_role(a, spec, &name);
}

/* --- what has the name of a role -------------------------------------------------------------- */

/* Calls visit for every place of the model that names a role, until it returns false. */
typedef bool (*visit_fn)(void *ctx, struct str *role, const char *what, struct str object);

static bool
visit_acl(struct model_acl *acl, visit_fn visit, void *ctx, const char *what, struct str object)
{
    for (uint32_t i = 0; i < acl->grant_count; i++) {
        if (!visit(ctx, &acl->grants[i].role, what, object))
            return false;
    }
    return visit(ctx, &acl->owner, what, object);
}

static bool
visit_policies(struct apply *a, struct model_table *table, visit_fn visit, void *ctx)
{
    for (uint32_t p = 0; p < table->policy_count; p++) {
        struct model_policy *policy = &table->policies[p];
        struct str *roles = ARENA_ARRAY(a->keep, struct str, policy->role_count);

        for (uint32_t i = 0; i < policy->role_count; i++) {
            roles[i] = policy->roles[i];
            if (!visit(ctx, &roles[i], "policy", policy->name))
                return false;
        }
        policy->roles = roles;
    }
    return true;
}

static bool
visit_roles(struct apply *a, visit_fn visit, void *ctx)
{
    struct model *model = a->model;

    for (uint32_t i = 0; i < model->table_count; i++) {
        struct model_table *table = &model->tables[i];

        if (!visit_acl(&table->acl, visit, ctx, table->is_view ? "view" : "table", table->name) ||
            !visit_policies(a, table, visit, ctx))
            return false;
    }
    for (uint32_t i = 0; i < model->sequence_count; i++) {
        if (!visit_acl(&model->sequences[i].acl, visit, ctx, "sequence", model->sequences[i].name))
            return false;
    }
    for (uint32_t i = 0; i < model->function_count; i++) {
        if (!visit_acl(&model->functions[i].acl, visit, ctx, "function", model->functions[i].name))
            return false;
    }
    for (uint32_t i = 0; i < model->schema_acl_count; i++) {
        if (!visit_acl(&model->schema_acls[i].acl, visit, ctx, "schema",
                       model->schema_acls[i].schema))
            return false;
    }
    for (uint32_t i = 0; i < model->default_acl_count; i++) {
        if (!visit_acl(&model->default_acls[i].acl, visit, ctx, "default privileges on new",
                       model->default_acls[i].kind))
            return false;
    }
    return true;
}

struct found_role {
    struct str name;
    const char *what;
    struct str object;
};

static bool
find_role(void *ctx, struct str *role, const char *what, struct str object)
{
    struct found_role *found = ctx;

    if (!str_eq(*role, found->name))
        return true;
    found->what = what;
    found->object = object;
    return false;
}

static bool
drop_role(struct apply *a, struct model_role *role)
{
    struct found_role found = {.name = role->name};
    struct str name = role->name;

    if (str_eq(name, MODEL_OWNER))
        return apply_fail(a, SIZE_MAX, "55006", NULL, "current user cannot be dropped");
    if (!visit_roles(a, find_role, &found)) {
        apply_fail(a, SIZE_MAX, "2BP01", "REVOKE what it has, or DROP OWNED BY it, first",
                   "role \"%.*s\" cannot be dropped because some objects depend on it",
                   STR_ARG(name));
        err_details(a->err, "privileges for %s %.*s", found.what, STR_ARG(found.object));
        return false;
    }
    edit_remove(a->model->roles, &a->model->role_count, (uint32_t)(role - a->model->roles),
                sizeof(*role));
    for (uint32_t i = 0; i < a->model->role_count; i++)
        remove_member(a, &a->model->roles[i], name);
    return true;
}

bool
apply_drop_role(struct apply *a, const struct json *body)
{
    for (const struct json *n = pg_first(body, "roles"); n != NULL; n = n->next) {
        const struct json *spec = pg_as(n, "RoleSpec");
        struct str name = pg_str(spec, "rolename");
        struct model_role *role = model_find_role(a->model, name);

        if (role == NULL || (role->is_implied && !str_eq(name, MODEL_OWNER))) {
            if (!pg_bool(body, "missing_ok"))
                return fail_missing(a, pg_location(spec), name);
            continue;
        }
        if (!drop_role(a, role))
            return false;
    }
    return true;
}

struct renamed_role {
    struct str from, to;
};

static bool
replace_role(void *ctx, struct str *role, const char *what, struct str object)
{
    const struct renamed_role *renamed = ctx;

    (void)what;
    (void)object;
    if (role->len > 0 && str_eq(*role, renamed->from))
        *role = renamed->to;
    return true;
}

bool
apply_rename_role(struct apply *a, struct str old_name, struct str new_name)
{
    struct model_role *role = model_find_role(a->model, old_name);
    const struct model_role *other = model_find_role(a->model, new_name);
    struct renamed_role renamed = {old_name, new_name};

    if (role == NULL)
        return fail_missing(a, SIZE_MAX, old_name);
    if (!check_role_name(a, new_name))
        return false;
    if (other != NULL)
        return apply_fail(a, SIZE_MAX, "42710", NULL, "role \"%.*s\" already exists",
                          STR_ARG(new_name));
    if (str_eq(old_name, MODEL_OWNER))
        return apply_fail(a, SIZE_MAX, "0A000", NULL, "session user cannot be renamed");
    role->name = new_name;
    role->is_implied = false;
    for (uint32_t i = 0; i < a->model->role_count; i++) {
        struct model_role *member = &a->model->roles[i];

        for (uint32_t m = 0; m < member->member_of_count; m++) {
            if (str_eq(member->member_of[m], old_name)) {
                remove_member(a, member, old_name);
                if (!add_member(a, member, role))
                    return false;
                break;
            }
        }
    }
    return visit_roles(a, replace_role, &renamed);
}

/* --- what a role owns ------------------------------------------------------------------------- */

typedef void (*acl_fn)(void *ctx, struct model_acl *acl);

static void
each_acl(struct model *model, acl_fn fn, void *ctx)
{
    for (uint32_t i = 0; i < model->table_count; i++)
        fn(ctx, &model->tables[i].acl);
    for (uint32_t i = 0; i < model->sequence_count; i++)
        fn(ctx, &model->sequences[i].acl);
    for (uint32_t i = 0; i < model->function_count; i++)
        fn(ctx, &model->functions[i].acl);
    for (uint32_t i = 0; i < model->schema_acl_count; i++)
        fn(ctx, &model->schema_acls[i].acl);
}

static void
replace_owner(void *ctx, struct model_acl *acl)
{
    const struct renamed_role *renamed = ctx;

    if (str_eq(model_owner(acl), renamed->from))
        acl->owner = str_eq(renamed->to, MODEL_OWNER) ? STR_NULL : renamed->to;
}

bool
apply_reassign_owned(struct apply *a, const struct json *body)
{
    struct renamed_role renamed;

    if (!apply_role(a, pg_get(body, "newrole"), &renamed.to))
        return false;
    for (const struct json *n = pg_first(body, "roles"); n != NULL; n = n->next) {
        if (!apply_role(a, pg_as(n, "RoleSpec"), &renamed.from))
            return false;
        each_acl(a->model, replace_owner, &renamed);
    }
    return true;
}

struct owned {
    struct str role;
    uint32_t count;
};

static void
count_owned(void *ctx, struct model_acl *acl)
{
    struct owned *owned = ctx;

    owned->count += str_eq(model_owner(acl), owned->role);
}

static void
remove_grants(void *ctx, struct model_acl *acl)
{
    const struct owned *owned = ctx;

    for (uint32_t i = acl->grant_count; i-- > 0;) {
        if (str_eq(acl->grants[i].role, owned->role))
            edit_remove(acl->grants, &acl->grant_count, i, sizeof(*acl->grants));
    }
}

/* A policy for this role alone goes; others go on without it. */
static void
leave_policies(struct apply *a, struct model_table *table, struct str role)
{
    for (uint32_t p = table->policy_count; p-- > 0;) {
        struct model_policy *policy = &table->policies[p];
        struct str *kept = ARENA_ARRAY(a->keep, struct str, policy->role_count);
        uint32_t count = 0;

        for (uint32_t i = 0; i < policy->role_count; i++) {
            if (!str_eq(policy->roles[i], role))
                kept[count++] = policy->roles[i];
        }
        if (count == 0 && policy->role_count > 0) {
            edit_remove(table->policies, &table->policy_count, p, sizeof(*policy));
            continue;
        }
        policy->roles = kept;
        policy->role_count = count;
    }
}

bool
apply_drop_owned(struct apply *a, const struct json *body)
{
    struct model *model = a->model;

    for (const struct json *n = pg_first(body, "roles"); n != NULL; n = n->next) {
        struct owned owned = {.count = 0};

        if (!apply_role(a, pg_as(n, "RoleSpec"), &owned.role))
            return false;
        each_acl(model, count_owned, &owned);
        if (owned.count > 0)
            return apply_fail(a, SIZE_MAX, "0A000", "REASSIGN OWNED, or drop them one by one",
                              "role \"%.*s\" owns objects", STR_ARG(owned.role));
        each_acl(model, remove_grants, &owned);
        for (uint32_t i = 0; i < model->default_acl_count; i++)
            remove_grants(&owned, &model->default_acls[i].acl);
        for (uint32_t i = 0; i < model->table_count; i++)
            leave_policies(a, &model->tables[i], owned.role);
    }
    return true;
}
