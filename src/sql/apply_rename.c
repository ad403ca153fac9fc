/* SPDX-License-Identifier: Apache-2.0 */
/* ALTER ... RENAME: the database and everything in the model that has the name. */
#include "sql/apply.h"
#include "sql/ddl.h"

/* Foreign keys to the table, and sequences that it owns. */
static void
rename_references(struct apply *a, struct str schema, struct str old_name, struct str new_name)
{
    for (uint32_t t = 0; t < a->model->table_count; t++) {
        struct model_table *table = &a->model->tables[t];

        for (uint32_t k = 0; k < table->foreign_key_count; k++) {
            if (str_eq(table->foreign_keys[k].ref_table, old_name) &&
                str_eq(table->foreign_keys[k].ref_schema, schema))
                table->foreign_keys[k].ref_table = new_name;
        }
    }
    for (uint32_t i = 0; i < a->model->sequence_count; i++) {
        struct model_sequence *s = &a->model->sequences[i];

        if (str_eq(s->owned_table, old_name) && str_eq(s->schema, schema))
            s->owned_table = new_name;
    }
}

static bool
rename_table(struct apply *a, const struct json *body, struct str new_name)
{
    const struct json *range = pg_get(body, "relation");
    struct model_table *table = apply_lookup_table(a, apply_range_name(range));
    struct model_table moved;
    struct str sqlite_name;

    if (table == NULL && pg_bool(body, "missing_ok"))
        return true;
    if (!apply_need_relation(a, apply_range_name(range), pg_location(range), &table) ||
        !apply_no_views(a, table, STR_NULL, "rename it") ||
        !apply_no_policies(a, table, STR_NULL, "rename it"))
        return false;
    if (apply_relation_is_taken(a, table->schema, new_name))
        return apply_fail(a, SIZE_MAX, "42P07", NULL, "relation \"%.*s\" already exists",
                          STR_ARG(new_name));
    sqlite_name = apply_sqlite_name(a->keep, table->schema, new_name);
    if (!apply_name_is_free(a, sqlite_name, SIZE_MAX))
        return false;
    if (table->is_view) {
        moved = *table;
        if (!apply_remove_table(a, table))
            return false;
        apply_rename_function_rows(a, moved.schema, moved.name, new_name);
        moved.name = new_name;
        moved.sqlite_name = sqlite_name;
        ddl_created(a, edit_add_table(a, &moved));
        return true;
    }
    if (!ddl_rename_table(a, table, table->schema, new_name, sqlite_name))
        return false;
    rename_references(a, table->schema, table->name, new_name);
    apply_rename_function_rows(a, table->schema, table->name, new_name);
    moved = *table;
    edit_remove_table(a, table);
    moved.name = new_name;
    moved.sqlite_name = sqlite_name;
    table = edit_add_table(a, &moved);
    /* The indexes' texts name the table. */
    return apply_retranslate(a, table, STR_NULL, STR_NULL);
}

/* Names of this column in foreign keys of others, and in the sequences that it owns. */
static void
rename_column_references(struct apply *a, const struct model_table *table, struct str old_name,
                         struct str new_name)
{
    for (uint32_t t = 0; t < a->model->table_count; t++) {
        struct model_table *other = &a->model->tables[t];

        for (uint32_t k = 0; k < other->foreign_key_count; k++) {
            struct model_foreign_key *key = &other->foreign_keys[k];
            struct str *names;

            if (!str_eq(key->ref_table, table->name) || !str_eq(key->ref_schema, table->schema))
                continue;
            names = ARENA_ARRAY(a->keep, struct str, key->column_count);
            for (uint32_t i = 0; i < key->column_count; i++)
                names[i] = str_eq(key->ref_columns[i], old_name) ? new_name : key->ref_columns[i];
            key->ref_columns = names;
        }
    }
    for (uint32_t i = 0; i < a->model->sequence_count; i++) {
        struct model_sequence *s = &a->model->sequences[i];

        if (str_eq(s->owned_table, table->name) && str_eq(s->schema, table->schema) &&
            str_eq(s->owned_column, old_name))
            s->owned_column = new_name;
    }
}

static bool
rename_column(struct apply *a, const struct json *body, struct str new_name)
{
    const struct json *range = pg_get(body, "relation");
    struct str old_name = pg_str(body, "subname");
    struct model_table *table;
    uint32_t index;

    if (!apply_need_table(a, apply_range_name(range), pg_location(range), &table) ||
        !apply_need_column(a, table, old_name, SIZE_MAX, &index) ||
        !apply_no_views(a, table, old_name, "rename the column"))
        return false;
    for (uint32_t i = 0; i < table->column_count; i++) {
        if (i != index && str_eq_nocase(table->columns[i].name, new_name))
            return apply_fail(a, SIZE_MAX, "42701", "choose another name",
                              "column \"%.*s\" of relation \"%.*s\" already exists",
                              STR_ARG(new_name), STR_ARG(table->name));
    }
    if (!ddl_rename_column(a, table, index, new_name))
        return false;
    table->columns[index].name = new_name;
    apply_rename_grants(table, old_name, new_name);
    rename_column_references(a, table, old_name, new_name);
    return apply_retranslate(a, table, old_name, new_name);
}

static bool
rename_constraint(struct apply *a, const struct json *body, struct str new_name)
{
    const struct json *range = pg_get(body, "relation");
    struct str old_name = pg_str(body, "subname");
    struct model_table *table;
    struct str *found = NULL;

    if (!apply_need_table(a, apply_range_name(range), pg_location(range), &table))
        return false;
    for (uint32_t i = 0; i < table->key_count; i++) {
        if (str_eq(table->keys[i].name, old_name))
            found = &table->keys[i].name;
    }
    for (uint32_t i = 0; i < table->foreign_key_count; i++) {
        if (str_eq(table->foreign_keys[i].name, old_name))
            found = &table->foreign_keys[i].name;
    }
    for (uint32_t i = 0; i < table->check_count; i++) {
        if (str_eq(table->checks[i].name, old_name))
            found = &table->checks[i].name;
    }
    if (found == NULL)
        return apply_fail(a, SIZE_MAX, "42704", NULL,
                          "constraint \"%.*s\" of relation \"%.*s\" does not exist",
                          STR_ARG(old_name), STR_ARG(table->name));
    ddl_changed(a, table);
    *found = new_name;
    return true;
}

static bool
rename_index(struct apply *a, const struct json *body, struct str new_name)
{
    struct name name = apply_range_name(pg_get(body, "relation"));

    for (uint32_t t = 0; t < a->model->table_count; t++) {
        struct model_table *table = &a->model->tables[t];

        for (uint32_t i = 0; i < table->index_count; i++) {
            struct model_index *index = &table->indexes[i];

            if (!str_eq(index->name, name.name) ||
                (name.schema.len > 0 && !str_eq(name.schema, table->schema)))
                continue;
            if (apply_relation_is_taken(a, table->schema, new_name))
                return apply_fail(a, SIZE_MAX, "42P07", NULL, "relation \"%.*s\" already exists",
                                  STR_ARG(new_name));
            if (!ddl_index_dropped(a, table, index))
                return false;
            index->name = new_name;
            index->search_count = 0;
            return apply_retranslate_index(a, table, index, STR_NULL, STR_NULL) &&
                   ddl_index_added(a, table, index, STR_NULL, STR_NULL);
        }
    }
    return pg_bool(body, "missing_ok") ||
           apply_fail(a, SIZE_MAX, "42P01", "a key's index is renamed with its constraint",
                      "relation \"%.*s\" does not exist", STR_ARG(name.name));
}

bool
apply_rename(struct apply *a, const struct json *body)
{
    struct str new_name = arena_copy(a->keep, pg_str(body, "newname"));
    struct str kind = pg_str(body, "renameType");

    if (str_eq(kind, STR("OBJECT_TABLE")) || str_eq(kind, STR("OBJECT_VIEW")))
        return rename_table(a, body, new_name);
    if (str_eq(kind, STR("OBJECT_COLUMN")) && !pg_is(body, "relationType", "OBJECT_VIEW"))
        return rename_column(a, body, new_name);
    if (str_eq(kind, STR("OBJECT_TABCONSTRAINT")))
        return rename_constraint(a, body, new_name);
    if (str_eq(kind, STR("OBJECT_INDEX")))
        return rename_index(a, body, new_name);
    if (str_eq(kind, STR("OBJECT_POLICY")))
        return apply_rename_policy(a, body, new_name);
    if (str_eq(kind, STR("OBJECT_ROLE")))
        return apply_rename_role(a, pg_str(body, "subname"), new_name);
    return apply_refuse(a, SIZE_MAX, "renaming objects of this kind");
}
