/* SPDX-License-Identifier: Apache-2.0 */
/* GRANT, REVOKE, ALTER DEFAULT PRIVILEGES and owners. */
#include "sql/apply.h"

/* --- lists of grants -------------------------------------------------------------------------- */

static struct model_grant *
find_grant(const struct model_acl *acl, struct str role, struct str column)
{
    for (uint32_t i = 0; i < acl->grant_count; i++) {
        if (str_eq(acl->grants[i].role, role) && str_eq(acl->grants[i].column, column))
            return &acl->grants[i];
    }
    return NULL;
}

static void
add_grant(struct apply *a, struct model_acl *acl, struct str role, struct str column,
          int64_t rights, bool grantable)
{
    struct model_grant *grant = find_grant(acl, role, column);

    if (grant == NULL) {
        grant = EDIT_ADD(a, acl->grants, acl->grant_count);
        grant->role = role;
        grant->column = column.len > 0 ? arena_copy(a->keep, column) : STR_NULL;
    }
    grant->rights |= rights;
    if (grantable)
        grant->grantable |= rights;
}

/* Without a column: of the object and all of its columns, as PostgreSQL has it. */
static void
remove_grant(struct model_acl *acl, struct str role, struct str column, int64_t rights,
             bool option_only)
{
    for (uint32_t i = acl->grant_count; i-- > 0;) {
        struct model_grant *grant = &acl->grants[i];

        if (!str_eq(grant->role, role) || (column.len > 0 && !str_eq(grant->column, column)))
            continue;
        grant->grantable &= ~rights;
        if (!option_only)
            grant->rights &= ~rights;
        if (grant->rights == 0)
            edit_remove(acl->grants, &acl->grant_count, i, sizeof(*grant));
    }
}

/* From now on what is granted is all there is, so what PostgreSQL grants by itself is written
 * down. */
static void
state(struct apply *a, struct model_acl *acl, const char *kind, struct str name)
{
    if (acl->is_stated)
        return;
    acl->is_stated = true;
    if (strcmp(kind, "functions") == 0)
        add_grant(a, acl, STR_NULL, STR_NULL, MODEL_MAY_EXECUTE, false);
    if (strcmp(kind, "schemas") == 0 && str_eq(name, STR("public")))
        add_grant(a, acl, STR_NULL, STR_NULL, MODEL_MAY_USAGE, false);
}

/* --- privileges ------------------------------------------------------------------------------- */

#define TABLE_RIGHTS                                                             \
    (MODEL_MAY_SELECT | MODEL_MAY_INSERT | MODEL_MAY_UPDATE | MODEL_MAY_DELETE | \
     MODEL_MAY_TRUNCATE | MODEL_MAY_REFERENCES | MODEL_MAY_TRIGGER)
#define COLUMN_RIGHTS \
    (MODEL_MAY_SELECT | MODEL_MAY_INSERT | MODEL_MAY_UPDATE | MODEL_MAY_REFERENCES)

/* What can be granted on a kind of object, and what default privileges call it. Kinds without a
 * name are nothing to the embedded engine, and every grant on them is taken. */
static const struct kind {
    const char *type;
    const char *shown;
    const char *name;
    int64_t rights;
} kinds[] = {
    {"OBJECT_TABLE", "table", "tables", TABLE_RIGHTS},
    {"OBJECT_SEQUENCE", "sequence", "sequences",
     MODEL_MAY_USAGE | MODEL_MAY_SELECT | MODEL_MAY_UPDATE},
    {"OBJECT_FUNCTION", "function", "functions", MODEL_MAY_EXECUTE},
    {"OBJECT_ROUTINE", "function", "functions", MODEL_MAY_EXECUTE},
    {"OBJECT_PROCEDURE", "procedure", "functions", MODEL_MAY_EXECUTE},
    {"OBJECT_SCHEMA", "schema", "schemas", MODEL_MAY_USAGE | MODEL_MAY_CREATE},
    {"OBJECT_TYPE", "type", "types", MODEL_MAY_USAGE},
    {"OBJECT_DOMAIN", "domain", NULL, MODEL_MAY_USAGE},
    {"OBJECT_LANGUAGE", "language", NULL, MODEL_MAY_USAGE},
    {"OBJECT_DATABASE", "database", NULL, 0},
};

static const struct kind *
find_kind(const struct json *body)
{
    for (size_t i = 0; i < COUNTOF(kinds); i++) {
        if (pg_is(body, "objtype", kinds[i].type))
            return &kinds[i];
    }
    return NULL;
}

/* A privilege's name as errors show it. */
static const char *
upper(struct apply *a, struct str name)
{
    char *copy = arena_cstr(a->tmp, name);

    for (char *c = copy; *c != '\0'; c++)
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
    return copy;
}

static bool
read_right(struct apply *a, const struct kind *kind, struct str name, int64_t *out)
{
    static const struct {
        const char *name;
        int64_t right;
    } rights[] = {
        {"select", MODEL_MAY_SELECT},     {"insert", MODEL_MAY_INSERT},
        {"update", MODEL_MAY_UPDATE},     {"delete", MODEL_MAY_DELETE},
        {"truncate", MODEL_MAY_TRUNCATE}, {"references", MODEL_MAY_REFERENCES},
        {"trigger", MODEL_MAY_TRIGGER},   {"usage", MODEL_MAY_USAGE},
        {"create", MODEL_MAY_CREATE},     {"execute", MODEL_MAY_EXECUTE},
    };

    *out = 0;
    /* Of newer versions: about VACUUM and the like. */
    if (str_eq(name, STR("maintain")) && kind->rights == TABLE_RIGHTS)
        return true;
    for (size_t i = 0; i < COUNTOF(rights); i++) {
        if (!str_eq(name, str_from(rights[i].name)))
            continue;
        *out = rights[i].right;
        if (kind->rights == 0 || (kind->rights & *out) != 0)
            return true;
        return apply_fail(a, SIZE_MAX, "0LP01", NULL, "invalid privilege type %s for %s",
                          upper(a, name), kind->shown);
    }
    if (kind->rights == 0)
        return true;
    return apply_fail(a, SIZE_MAX, "42601", NULL, "unrecognized privilege type \"%.*s\"",
                      STR_ARG(name));
}

/* One GRANT or REVOKE: of what, to whom. */
struct grant_job {
    const struct json *body;
    const struct kind *kind;
    bool is_grant, has_option;
    struct str *roles;
    uint32_t role_count;
};

static bool
read_roles(struct apply *a, struct grant_job *job)
{
    job->roles = ARENA_ARRAY(a->tmp, struct str, pg_count(job->body, "grantees"));
    for (const struct json *n = pg_first(job->body, "grantees"); n != NULL; n = n->next) {
        struct str *role = &job->roles[job->role_count++];

        if (!apply_role(a, pg_as(n, "RoleSpec"), role))
            return false;
        if (role->len == 0 && job->is_grant && job->has_option)
            return apply_fail(a, SIZE_MAX, "0LP01", NULL,
                              "grant options can only be granted to roles");
        *role = role->len > 0 ? arena_copy(a->keep, *role) : STR_NULL;
    }
    return true;
}

static void
change(struct apply *a, const struct grant_job *job, struct model_acl *acl, struct str column,
       int64_t rights)
{
    for (uint32_t i = 0; i < job->role_count; i++) {
        /* The owner may do everything anyhow. */
        if (job->roles[i].len > 0 && str_eq(job->roles[i], model_owner(acl)))
            continue;
        if (job->is_grant)
            add_grant(a, acl, job->roles[i], column, rights, job->has_option);
        else
            remove_grant(acl, job->roles[i], column, rights, job->has_option);
    }
}

static bool
change_columns(struct apply *a, const struct grant_job *job, struct model_acl *acl,
               const struct model_table *table, const struct json *privilege, int64_t rights)
{
    for (const struct json *n = pg_first(privilege, "cols"); n != NULL; n = n->next) {
        uint32_t index;

        if (table == NULL)
            return apply_fail(a, SIZE_MAX, "0LP01", NULL,
                              "column privileges are only valid for relations");
        if ((rights & ~(int64_t)COLUMN_RIGHTS) != 0 && pg_str(privilege, "priv_name").len > 0)
            return apply_fail(a, SIZE_MAX, "0LP01", NULL, "invalid privilege type %s for column",
                              upper(a, pg_str(privilege, "priv_name")));
        if (!apply_need_column(a, table, pg_string(n), SIZE_MAX, &index))
            return false;
        change(a, job, acl, table->columns[index].name, rights & COLUMN_RIGHTS);
    }
    return true;
}

/* table is NULL for what has no columns. */
static bool
change_acl(struct apply *a, const struct grant_job *job, struct model_acl *acl, struct str name,
           const struct model_table *table)
{
    const struct json *privileges = pg_first(job->body, "privileges");

    state(a, acl, job->kind->name, name);
    if (privileges == NULL)
        change(a, job, acl, STR_NULL, job->kind->rights);
    for (const struct json *n = privileges; n != NULL; n = n->next) {
        const struct json *privilege = pg_as(n, "AccessPriv");
        struct str right_name = pg_str(privilege, "priv_name");
        int64_t rights = COLUMN_RIGHTS;

        if (right_name.len > 0 && !read_right(a, job->kind, right_name, &rights))
            return false;
        if (pg_count(privilege, "cols") == 0)
            change(a, job, acl, STR_NULL, rights);
        else if (!change_columns(a, job, acl, table, privilege, rights))
            return false;
    }
    return true;
}

/* --- objects ---------------------------------------------------------------------------------- */

static bool
has_schema(const struct model *model, struct str name)
{
    for (uint32_t i = 0; i < model->schema_count; i++) {
        if (str_eq(model->schemas[i], name))
            return true;
    }
    /* auth is where auth.uid() and its kin are. */
    return str_eq(name, STR("public")) || str_eq(name, STR("auth"));
}

static bool
need_schema(struct apply *a, struct str name)
{
    return has_schema(a->model, name) ||
           apply_fail(a, SIZE_MAX, "3F000", NULL, "schema \"%.*s\" does not exist", STR_ARG(name));
}

struct model_schema_acl *
apply_schema_acl(struct apply *a, struct str schema)
{
    struct model *model = a->model;
    struct model_schema_acl *made;

    for (uint32_t i = 0; i < model->schema_acl_count; i++) {
        if (str_eq(model->schema_acls[i].schema, schema))
            return &model->schema_acls[i];
    }
    made = EDIT_ADD(a, model->schema_acls, model->schema_acl_count);
    made->schema = arena_copy(a->keep, schema);
    return made;
}

void
apply_drop_schema_acl(struct apply *a, struct str schema)
{
    struct model *model = a->model;

    for (uint32_t i = model->schema_acl_count; i-- > 0;) {
        if (str_eq(model->schema_acls[i].schema, schema))
            edit_remove(model->schema_acls, &model->schema_acl_count, i,
                        sizeof(*model->schema_acls));
    }
    for (uint32_t i = model->default_acl_count; i-- > 0;) {
        if (str_eq(model->default_acls[i].schema, schema))
            edit_remove(model->default_acls, &model->default_acl_count, i,
                        sizeof(*model->default_acls));
    }
}

static bool
change_relation(struct apply *a, const struct grant_job *job, const struct json *range)
{
    struct name name = apply_range_name(range);
    struct model_table *table = apply_lookup_table(a, name);
    struct model_sequence *sequence = apply_lookup_sequence(a, name);
    struct grant_job as_sequence = *job;

    if (table != NULL && strcmp(job->kind->name, "sequences") == 0)
        return apply_fail(a, pg_location(range), "42809", NULL, "\"%.*s\" is not a sequence",
                          STR_ARG(name.name));
    if (table != NULL)
        return change_acl(a, job, &table->acl, table->name, table);
    if (sequence == NULL)
        return apply_need_relation(a, name, pg_location(range), &table);
    as_sequence.kind = &kinds[1];
    return change_acl(a, &as_sequence, &sequence->acl, sequence->name, NULL);
}

static bool
change_function(struct apply *a, const struct grant_job *job, const struct json *object)
{
    struct name name = apply_list_name(pg_first(object, "objname"));
    struct model_function *function = NULL;

    /* auth.uid() and its kin are open to all. */
    if (str_eq(name.schema, STR("auth")))
        return true;
    return apply_find_function(a, object, true, &function) &&
           change_acl(a, job, &function->acl, function->name, NULL);
}

static bool
change_object(struct apply *a, const struct grant_job *job, const struct json *object)
{
    struct str name = pg_string(object);

    if (job->kind->name == NULL || strcmp(job->kind->name, "types") == 0)
        return true;
    if (strcmp(job->kind->name, "functions") == 0)
        return change_function(a, job, pg_as(object, "ObjectWithArgs"));
    if (strcmp(job->kind->name, "schemas") == 0)
        return need_schema(a, name) &&
               change_acl(a, job, &apply_schema_acl(a, name)->acl, name, NULL);
    return change_relation(a, job, pg_as(object, "RangeVar"));
}

static bool
change_all(struct apply *a, const struct grant_job *job, struct str schema)
{
    struct model *model = a->model;
    bool ok = need_schema(a, schema);

    for (uint32_t i = 0; ok && strcmp(job->kind->name, "tables") == 0 && i < model->table_count;
         i++) {
        struct model_table *table = &model->tables[i];

        if (str_eq(table->schema, schema))
            ok = change_acl(a, job, &table->acl, table->name, table);
    }
    for (uint32_t i = 0;
         ok && strcmp(job->kind->name, "sequences") == 0 && i < model->sequence_count; i++) {
        if (str_eq(model->sequences[i].schema, schema))
            ok = change_acl(a, job, &model->sequences[i].acl, model->sequences[i].name, NULL);
    }
    for (uint32_t i = 0;
         ok && strcmp(job->kind->name, "functions") == 0 && i < model->function_count; i++) {
        if (str_eq(model->functions[i].schema, schema))
            ok = change_acl(a, job, &model->functions[i].acl, model->functions[i].name, NULL);
    }
    return ok;
}

static bool
begin_job(struct apply *a, const struct json *body, struct grant_job *job)
{
    *job = (struct grant_job){
        .body = body,
        .kind = find_kind(body),
        .is_grant = pg_bool(body, "is_grant"),
        .has_option = pg_bool(body, "grant_option"),
    };
    if (job->kind == NULL)
        return apply_refuse(a, SIZE_MAX, "privileges on objects of this kind");
    return read_roles(a, job);
}

bool
apply_grant(struct apply *a, const struct json *body)
{
    bool all = pg_is(body, "targtype", "ACL_TARGET_ALL_IN_SCHEMA");
    struct grant_job job;

    if (!begin_job(a, body, &job))
        return false;
    for (const struct json *n = pg_first(body, "objects"); n != NULL; n = n->next) {
        if (all ? !change_all(a, &job, pg_string(n)) : !change_object(a, &job, n))
            return false;
    }
    return true;
}

/* --- default privileges ----------------------------------------------------------------------- */

static struct model_default_acl *
find_default(struct apply *a, struct str schema, const char *kind, bool make)
{
    struct model *model = a->model;
    struct model_default_acl *made;

    for (uint32_t i = 0; i < model->default_acl_count; i++) {
        if (str_eq(model->default_acls[i].schema, schema) &&
            str_eq(model->default_acls[i].kind, str_from(kind)))
            return &model->default_acls[i];
    }
    if (!make)
        return NULL;
    made = EDIT_ADD(a, model->default_acls, model->default_acl_count);
    made->schema = schema.len > 0 ? arena_copy(a->keep, schema) : STR_NULL;
    made->kind = str_from(kind);
    return made;
}

/* Those of one schema are added to those of all, and don't begin with what PostgreSQL grants
 * itself. */
static bool
change_default(struct apply *a, const struct grant_job *job, struct str schema)
{
    struct model_default_acl *entry = find_default(a, schema, job->kind->name, true);

    if (schema.len > 0)
        entry->acl.is_stated = true;
    return change_acl(a, job, &entry->acl, STR_NULL, NULL);
}

/* Whether they are about what the owner makes: nobody else makes anything. */
static bool
reads_owner(struct apply *a, const struct json *list, bool *out)
{
    *out = false;
    for (const struct json *n = pg_items(list); n != NULL; n = n->next) {
        struct str name;

        if (!apply_role(a, pg_as(n, "RoleSpec"), &name))
            return false;
        *out = *out || str_eq(name, MODEL_OWNER);
    }
    return true;
}

bool
apply_default_privileges(struct apply *a, const struct json *body)
{
    const struct json *schemas = NULL;
    struct grant_job job;
    bool is_ours = true;

    for (const struct json *n = pg_first(body, "options"); n != NULL; n = n->next) {
        const struct json *option = pg_as(n, "DefElem");

        if (pg_is(option, "defname", "schemas"))
            schemas = pg_items(pg_get(option, "arg"));
        else if (!reads_owner(a, pg_get(option, "arg"), &is_ours))
            return false;
    }
    if (!begin_job(a, pg_get(body, "action"), &job))
        return false;
    if (!is_ours)
        return true;
    if (schemas == NULL)
        return change_default(a, &job, STR_NULL);
    for (const struct json *n = schemas; n != NULL; n = n->next) {
        if (!need_schema(a, pg_string(n)) || !change_default(a, &job, pg_string(n)))
            return false;
    }
    return true;
}

static void
copy_grants(struct apply *a, const struct model_acl *from, struct model_acl *to)
{
    for (uint32_t i = 0; i < from->grant_count; i++)
        add_grant(a, to, from->grants[i].role, STR_NULL, from->grants[i].rights,
                  from->grants[i].grantable != 0);
}

void
apply_default_acl(struct apply *a, const char *kind, struct str schema, struct model_acl *acl)
{
    const struct model_default_acl *everywhere = find_default(a, STR_NULL, kind, false);
    const struct model_default_acl *here =
        schema.len > 0 ? find_default(a, schema, kind, false) : NULL;

    *acl = (struct model_acl){0};
    if (everywhere != NULL) {
        acl->is_stated = true;
        copy_grants(a, &everywhere->acl, acl);
    }
    if (here != NULL && here->acl.grant_count > 0) {
        state(a, acl, kind, STR_NULL);
        copy_grants(a, &here->acl, acl);
    }
}

/* --- owners and columns ----------------------------------------------------------------------- */

bool
apply_set_owner(struct apply *a, struct model_acl *acl, const struct json *spec)
{
    struct str name = pg_str(spec, "rolename");
    struct str owner;

    if (pg_is(spec, "roletype", "ROLESPEC_CSTRING") && model_find_role(a->model, name) == NULL)
        return true;
    if (!apply_role(a, spec, &owner))
        return false;
    acl->owner = str_eq(owner, MODEL_OWNER) ? STR_NULL : owner;
    return true;
}

/* ALTER ... OWNER TO of what is no table. */
bool
apply_owner(struct apply *a, const struct json *body)
{
    const struct json *spec = pg_get(body, "newowner");
    const struct json *object = pg_get(body, "object");
    struct model_function *function = NULL;

    if (pg_is(body, "objectType", "OBJECT_SCHEMA"))
        return need_schema(a, pg_string(object)) &&
               apply_set_owner(a, &apply_schema_acl(a, pg_string(object))->acl, spec);
    if (!pg_is(body, "objectType", "OBJECT_FUNCTION"))
        return true;
    return apply_find_function(a, pg_as(object, "ObjectWithArgs"), true, &function) &&
           apply_set_owner(a, &function->acl, spec);
}

void
apply_rename_grants(struct model_table *table, struct str column, struct str new_name)
{
    struct model_acl *acl = &table->acl;

    for (uint32_t i = acl->grant_count; i-- > 0;) {
        if (!str_eq(acl->grants[i].column, column))
            continue;
        if (new_name.len > 0)
            acl->grants[i].column = new_name;
        else
            edit_remove(acl->grants, &acl->grant_count, i, sizeof(*acl->grants));
    }
}
