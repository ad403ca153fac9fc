/* SPDX-License-Identifier: Apache-2.0 */
/* DROP of everything that can be made. */
#include "sql/apply.h"
#include "sql/ddl.h"

static bool
fail_missing(struct apply *a, const struct json *body, const char *kind, struct name name)
{
    struct str shown = apply_shown_name(a, name);

    return pg_bool(body, "missing_ok") ||
           apply_fail(a, SIZE_MAX, str_eq(str_from(kind), STR("type")) ? "42704" : "42P01",
                      "write IF EXISTS if it may be missing", "%s \"%.*s\" does not exist", kind,
                      STR_ARG(shown));
}

static bool
drop_table(struct apply *a, const struct json *body, struct name name)
{
    bool want_view = pg_is(body, "removeType", "OBJECT_VIEW");
    bool cascade = pg_is(body, "behavior", "DROP_CASCADE");
    struct model_table *table = apply_lookup_table(a, name);
    struct str schema;
    struct str table_name;
    struct str what;

    if (table == NULL)
        return fail_missing(a, body, want_view ? "view" : "table", name);
    if (table->is_view != want_view)
        return apply_fail(a, SIZE_MAX, "42809", NULL, "\"%.*s\" is not a %s", STR_ARG(name.name),
                          want_view ? "view" : "table");
    schema = table->schema;
    table_name = table->name;
    what = arena_printf(a->tmp, "%s %.*s", want_view ? "view" : "table", STR_ARG(table_name));
    if (!apply_drop_views(a, table, STR_NULL, what, cascade))
        return false;
    table = model_find_table(a->model, schema, table_name);
    if (!apply_drop_policies(a, table, STR_NULL, what, cascade))
        return false;
    if (!want_view && !apply_drop_references(a, table, NULL, 0, what, cascade))
        return false;
    if (!apply_drop_row_functions(a, table, what, cascade))
        return false;
    for (uint32_t i = a->model->sequence_count; i-- > 0;) {
        const struct model_sequence *s = &a->model->sequences[i];

        if (str_eq(s->owned_table, table_name) && str_eq(s->schema, schema) &&
            !apply_drop_sequence(a, s->schema, s->name))
            return false;
    }
    return apply_remove_table(a, table);
}

static bool
drop_index(struct apply *a, const struct json *body, struct name name)
{
    for (uint32_t t = 0; t < a->model->table_count; t++) {
        struct model_table *table = &a->model->tables[t];

        if (name.schema.len > 0 && !str_eq(name.schema, table->schema))
            continue;
        for (uint32_t i = 0; i < table->index_count; i++) {
            const struct model_index index = table->indexes[i];

            if (!str_eq(index.name, name.name))
                continue;
            edit_remove(table->indexes, &table->index_count, i, sizeof(index));
            return ddl_index_dropped(a, table, &index);
        }
        for (uint32_t i = 0; i < table->key_count; i++) {
            if (str_eq(table->keys[i].name, name.name))
                return apply_fail(a, SIZE_MAX, "2BP01", "drop the constraint instead",
                                  "cannot drop index %.*s because a constraint requires it",
                                  STR_ARG(name.name));
        }
    }
    return fail_missing(a, body, "index", name);
}

static bool
drop_sequence(struct apply *a, const struct json *body, struct name name)
{
    const struct model_sequence *s = apply_lookup_sequence(a, name);
    struct str full;

    if (s == NULL)
        return fail_missing(a, body, "sequence", name);
    full = apply_full_name(a->tmp, s->schema, s->name);
    for (uint32_t t = 0; t < a->model->table_count; t++) {
        struct model_table *table = &a->model->tables[t];

        for (uint32_t i = 0; i < table->column_count; i++) {
            struct model_column *c = &table->columns[i];

            if (!str_eq(c->sequence, full))
                continue;
            if (!pg_is(body, "behavior", "DROP_CASCADE") || c->default_sql.len == 0)
                return apply_fail(a, SIZE_MAX, "2BP01", "drop the default first",
                                  "cannot drop sequence %.*s because the default of column %.*s of "
                                  "table %.*s depends on it",
                                  STR_ARG(name.name), STR_ARG(c->name), STR_ARG(table->name));
            ddl_changed(a, table);
            c->has_default = false;
            c->default_sql = c->default_sqlite = c->sequence = STR_NULL;
        }
    }
    return apply_drop_sequence(a, s->schema, s->name);
}

static bool
drop_type(struct apply *a, const struct json *body, struct name name)
{
    struct model_enum *found = apply_lookup_enum(a, name);
    struct type type;

    if (found == NULL)
        return fail_missing(a, body, "type", name);
    type = apply_enum_type(a, found);
    for (uint32_t t = 0; t < a->model->table_count; t++) {
        const struct model_table *table = &a->model->tables[t];

        for (uint32_t i = 0; i < table->column_count; i++) {
            if (table->columns[i].type.id == TYPE_ENUM &&
                str_eq(table->columns[i].type.name, type.name))
                return apply_fail(a, SIZE_MAX, "2BP01", "drop the column first",
                                  "cannot drop type %.*s because column %.*s of table %.*s depends "
                                  "on it",
                                  STR_ARG(name.name), STR_ARG(table->columns[i].name),
                                  STR_ARG(table->name));
        }
    }
    edit_remove(a->model->enums, &a->model->enum_count, (uint32_t)(found - a->model->enums),
                sizeof(*found));
    return true;
}

static bool
drop_schema(struct apply *a, const struct json *body, struct name name)
{
    struct model *model = a->model;

    for (uint32_t i = 0; i < model->table_count; i++) {
        if (str_eq(model->tables[i].schema, name.name))
            return apply_fail(a, SIZE_MAX, "2BP01", "drop what is in it first",
                              "cannot drop schema %.*s because table %.*s is in it",
                              STR_ARG(name.name), STR_ARG(model->tables[i].name));
    }
    for (uint32_t i = 0; i < model->schema_count; i++) {
        struct str *kept;

        if (!str_eq(model->schemas[i], name.name))
            continue;
        kept = edit_grow(a, model->schemas, model->schema_count, sizeof(*kept));
        edit_remove(kept, &model->schema_count, i, sizeof(*kept));
        model->schemas = kept;
        apply_drop_schema_acl(a, name.name);
        return true;
    }
    return str_eq(name.name, STR("public")) || pg_bool(body, "missing_ok") ||
           apply_fail(a, SIZE_MAX, "3F000", NULL, "schema \"%.*s\" does not exist",
                      STR_ARG(name.name));
}

/* The last of its names is the policy's. */
static bool
drop_policy(struct apply *a, const struct json *body, const struct json *object)
{
    struct name table = {0};
    struct str last = STR_NULL;

    for (const struct json *n = pg_items(object); n != NULL; n = n->next) {
        if (last.len > 0) {
            table.schema = table.name;
            table.name = last;
        }
        last = pg_string(n);
    }
    return apply_drop_policy(a, body, table, last);
}

static bool
drop_function(struct apply *a, const struct json *body, const struct json *object)
{
    struct model_function *function = NULL;

    if (!apply_find_function(a, object, !pg_bool(body, "missing_ok"), &function))
        return false;
    return function == NULL || apply_drop_function(a, function);
}

/* What can't be made is not there, so IF EXISTS holds. */
static bool
drop_unknown(struct apply *a, const struct json *body, struct name name)
{
    (void)name;
    return pg_bool(body, "missing_ok") || apply_refuse(a, SIZE_MAX, "objects of this kind");
}

static const struct {
    const char *kind;
    bool (*drop)(struct apply *a, const struct json *body, struct name name);
} kinds[] = {
    {"OBJECT_TABLE", drop_table},       {"OBJECT_VIEW", drop_table},
    {"OBJECT_INDEX", drop_index},       {"OBJECT_SEQUENCE", drop_sequence},
    {"OBJECT_TYPE", drop_type},         {"OBJECT_SCHEMA", drop_schema},
    {"OBJECT_PROCEDURE", drop_unknown}, {"OBJECT_TRIGGER", drop_unknown},
    {"OBJECT_MATVIEW", drop_unknown},   {"OBJECT_DOMAIN", drop_unknown},
    {"OBJECT_RULE", drop_unknown},      {"OBJECT_AGGREGATE", drop_unknown},
    {"OBJECT_EXTENSION", drop_unknown}, {"OBJECT_PUBLICATION", drop_unknown},
};

static struct name
object_name(const struct json *object)
{
    const struct json *type = pg_as(object, "TypeName");

    if (type != NULL)
        return apply_list_name(pg_first(type, "names"));
    if (pg_as(object, "String") != NULL)
        return (struct name){.name = pg_string(object)};
    return apply_list_name(pg_items(object));
}

bool
apply_drop(struct apply *a, const struct json *body)
{
    if (pg_is(body, "removeType", "OBJECT_POLICY")) {
        for (const struct json *n = pg_first(body, "objects"); n != NULL; n = n->next) {
            if (!drop_policy(a, body, n))
                return false;
        }
        return true;
    }
    if (pg_is(body, "removeType", "OBJECT_FUNCTION") ||
        pg_is(body, "removeType", "OBJECT_ROUTINE")) {
        for (const struct json *n = pg_first(body, "objects"); n != NULL; n = n->next) {
            if (!drop_function(a, body, pg_as(n, "ObjectWithArgs")))
                return false;
        }
        return true;
    }
    for (size_t i = 0; i < COUNTOF(kinds); i++) {
        if (!pg_is(body, "removeType", kinds[i].kind))
            continue;
        for (const struct json *n = pg_first(body, "objects"); n != NULL; n = n->next) {
            if (!kinds[i].drop(a, body, object_name(n)))
                return false;
        }
        return true;
    }
    return apply_refuse(a, SIZE_MAX, "objects of this kind");
}
