/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, foreign keys and checks: made, named, dropped. */
#include "sql/apply.h"
#include "sql/ddl.h"
#include "sql/expr.h"

/* --- names ------------------------------------------------------------------------------------ */

static bool
table_has_constraint(const struct model_table *table, struct str name)
{
    for (uint32_t i = 0; i < table->key_count; i++) {
        if (str_eq(table->keys[i].name, name))
            return true;
    }
    for (uint32_t i = 0; i < table->foreign_key_count; i++) {
        if (str_eq(table->foreign_keys[i].name, name))
            return true;
    }
    for (uint32_t i = 0; i < table->check_count; i++) {
        if (str_eq(table->checks[i].name, name))
            return true;
    }
    return false;
}

/* PostgreSQL makes up names that are new in the whole schema. */
static bool
constraint_is_taken(struct apply *a, void *ctx, struct str name)
{
    const struct model_table *table = ctx;

    for (uint32_t i = 0; i < a->model->table_count; i++) {
        if (str_eq(a->model->tables[i].schema, table->schema) &&
            table_has_constraint(&a->model->tables[i], name))
            return true;
    }
    return false;
}

static bool
key_name_is_taken(struct apply *a, void *ctx, struct str name)
{
    const struct model_table *table = ctx;

    return apply_relation_is_taken(a, table->schema, name) || constraint_is_taken(a, ctx, name);
}

static struct str
join_columns(struct apply *a, const struct model_table *table, const uint32_t *columns,
             uint32_t count)
{
    struct buf buf;

    apply_buf(&buf);
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            buf_add_char(&buf, '_');
        buf_add_str(&buf, table->columns[columns[i]].name);
    }
    return apply_take(a->tmp, &buf);
}

/* The name given, or one made up; false when the one given is taken. */
static bool
choose_name(struct apply *a, struct model_table *table, const struct json *constraint,
            struct str columns, const char *label, struct str *out)
{
    struct str given = pg_str(constraint, "conname");
    bool is_key = strcmp(label, "pkey") == 0 || strcmp(label, "key") == 0;

    if (given.len == 0) {
        *out = apply_make_name(a, table->name, columns, label,
                               is_key ? key_name_is_taken : constraint_is_taken, table);
        return true;
    }
    if (is_key && apply_relation_is_taken(a, table->schema, given))
        return apply_fail(a, pg_location(constraint), "42P07", NULL,
                          "relation \"%.*s\" already exists", STR_ARG(given));
    if (table_has_constraint(table, given))
        return apply_fail(a, pg_location(constraint), "42710", NULL,
                          "constraint \"%.*s\" for relation \"%.*s\" already exists",
                          STR_ARG(given), STR_ARG(table->name));
    *out = arena_copy(a->keep, given);
    return true;
}

/* Columns named by the constraint, or the one it stands at. */
static bool
read_columns(struct apply *a, const struct model_table *table, const struct json *constraint,
             const char *member, struct str column, uint32_t **out, uint32_t *count)
{
    uint32_t n = 0;

    *count = column.len > 0 ? 1 : pg_count(constraint, member);
    *out = ARENA_ARRAY(a->keep, uint32_t, *count);
    if (column.len > 0)
        return apply_need_column(a, table, column, pg_location(constraint), *out);
    for (const struct json *key = pg_first(constraint, member); key != NULL; key = key->next) {
        struct str name = pg_string(key);

        if (!apply_column_index(table, name, &(*out)[n]))
            return apply_fail(a, pg_location(constraint), "42703", NULL,
                              "column \"%.*s\" named in key does not exist", STR_ARG(name));
        for (uint32_t i = 0; i < n; i++) {
            if ((*out)[i] == (*out)[n])
                return apply_fail(a, pg_location(constraint), "42701", NULL,
                                  "column \"%.*s\" appears twice in the constraint", STR_ARG(name));
        }
        n++;
    }
    return true;
}

/* --- keys ------------------------------------------------------------------------------------- */

/* The index that ADD CONSTRAINT ... USING INDEX turns into a constraint: its columns come from its
 * own definition. */
static bool
take_index(struct apply *a, struct model_table *table, const struct json *constraint,
           uint32_t **columns, uint32_t *count, struct str *name)
{
    struct str index_name = pg_str(constraint, "indexname");

    for (uint32_t i = 0; i < table->index_count; i++) {
        struct model_index index = table->indexes[i];

        if (!str_eq(index.name, index_name))
            continue;
        if (!index.unique || !apply_index_columns(a, table, &index, columns, count))
            return apply_fail(a, pg_location(constraint), "42809", NULL,
                              "index \"%.*s\" is not a unique index of whole columns",
                              STR_ARG(index_name));
        edit_remove(table->indexes, &table->index_count, i, sizeof(index));
        if (!ddl_index_dropped(a, table, &index))
            return false;
        *name = pg_str(constraint, "conname");
        *name = arena_copy(a->keep, name->len > 0 ? *name : index_name);
        return true;
    }
    return apply_fail(a, pg_location(constraint), "42704", NULL, "index \"%.*s\" does not exist",
                      STR_ARG(index_name));
}

/* DEFERRABLE and its kin stand behind a column's constraint as nodes of their own. */
static void
read_deferrable(const struct json *node, bool *deferrable, bool *initially_deferred)
{
    const struct json *constraint = pg_body(node);

    *deferrable = pg_bool(constraint, "deferrable");
    *initially_deferred = pg_bool(constraint, "initdeferred");
    for (const struct json *n = node->next; n != NULL; n = n->next) {
        struct str type = pg_str(pg_as(n, "Constraint"), "contype");

        if (str_eq(type, STR("CONSTR_ATTR_DEFERRABLE")))
            *deferrable = true;
        else if (str_eq(type, STR("CONSTR_ATTR_DEFERRED")))
            *deferrable = *initially_deferred = true;
        else if (!str_has_prefix(type, STR("CONSTR_ATTR_")))
            break;
    }
}

static bool
check_key_form(struct apply *a, const struct json *node)
{
    const struct json *constraint = pg_body(node);
    bool deferrable = false;
    bool deferred = false;

    read_deferrable(node, &deferrable, &deferred);
    if (deferrable)
        return apply_refuse(a, pg_location(constraint), "deferrable keys");
    if (pg_bool(constraint, "nulls_not_distinct"))
        return apply_refuse(a, pg_location(constraint), "NULLS NOT DISTINCT");
    if (pg_count(constraint, "including") > 0)
        return apply_refuse(a, pg_location(constraint), "INCLUDE in a key");
    return true;
}

/* jsonb's equality is not that of its text; json has none. */
static bool
check_key_types(struct apply *a, const struct model_table *table, const uint32_t *columns,
                uint32_t count, const struct json *constraint)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct model_column *c = &table->columns[columns[i]];

        if (type_is_json(&c->type))
            return apply_fail(a, pg_location(constraint), "0A000", HINT_POSTGRES,
                              "the embedded engine has no keys on columns of type %.*s",
                              STR_ARG(c->type.name));
    }
    return true;
}

static bool
add_key(struct apply *a, struct model_table *table, const struct json *node, struct str column,
        enum model_key_kind kind)
{
    const struct json *constraint = pg_body(node);
    struct model_key key = {.kind = kind};
    uint32_t *columns = NULL;
    struct model_key *keys;

    if (!check_key_form(a, node))
        return false;
    if (kind == MODEL_PRIMARY && model_primary_key(table) != NULL)
        return apply_fail(a, pg_location(constraint), "42P16", NULL,
                          "multiple primary keys for table \"%.*s\" are not allowed",
                          STR_ARG(table->name));
    if (pg_str(constraint, "indexname").len > 0) {
        if (!take_index(a, table, constraint, &columns, &key.column_count, &key.name))
            return false;
    } else {
        if (!read_columns(a, table, constraint, "keys", column, &columns, &key.column_count) ||
            !choose_name(a, table, constraint,
                         kind == MODEL_PRIMARY ? STR_NULL
                                               : join_columns(a, table, columns, key.column_count),
                         kind == MODEL_PRIMARY ? "pkey" : "key", &key.name))
            return false;
    }
    key.columns = columns;
    if (!check_key_types(a, table, columns, key.column_count, constraint))
        return false;
    keys = edit_grow(a, table->keys, table->key_count, sizeof(*keys));
    if (kind == MODEL_PRIMARY) {
        memmove(keys + 1, keys, table->key_count * sizeof(*keys));
        keys[0] = key;
        for (uint32_t i = 0; i < key.column_count; i++) {
            table->columns[columns[i]].not_null = true;
            ddl_must_hold(a, table, DDL_NOT_NULL, table->columns[columns[i]].name);
        }
    } else {
        keys[table->key_count] = key;
    }
    table->keys = keys;
    table->key_count++;
    ddl_must_hold(a, table, DDL_UNIQUE, key.name);
    apply_settle_table(a, table);
    ddl_changed(a, table);
    return true;
}

/* --- checks ----------------------------------------------------------------------------------- */

/* The only column that the tree mentions; empty when there are none or several. */
static void
find_only_column(const struct json *tree, struct str *name, bool *several)
{
    for (const struct json *n = tree->first; n != NULL; n = n->next) {
        if (tree->type == JSON_OBJECT && str_eq(n->key, STR("ColumnRef"))) {
            struct str found = pg_last_string(n, "fields");

            if (name->len > 0 && !str_eq(*name, found))
                *several = true;
            *name = found;
        } else {
            find_only_column(n, name, several);
        }
    }
}

static bool
add_check(struct apply *a, struct model_table *table, const struct json *constraint)
{
    const struct json *expression = pg_get(constraint, "raw_expr");
    struct scope scope = {0};
    struct expr_context x = {.a = a, .scope = &scope, .place = "a check"};
    struct model_check check = {0};
    struct str column = STR_NULL;
    bool several = false;
    struct expr e;

    expr_table_scope(a, table, &scope);
    if (!expr_condition(&x, expression, "CHECK", &e))
        return false;
    find_only_column(expression, &column, &several);
    if (!choose_name(a, table, constraint, several ? STR_NULL : column, "check", &check.name))
        return false;
    check.sql = arena_copy(a->keep, e.pg);
    check.sqlite_sql = arena_copy(a->keep, e.sql);
    *EDIT_ADD(a, table->checks, table->check_count) = check;
    ddl_must_hold(a, table, DDL_CHECK, check.name);
    ddl_changed(a, table);
    return true;
}

/* --- foreign keys ----------------------------------------------------------------------------- */

static bool
read_action(struct apply *a, const struct json *constraint, const char *member,
            enum model_action *out)
{
    struct str letter = pg_str(constraint, member);
    static const struct {
        char letter;
        enum model_action action;
    } actions[] = {
        {'a', MODEL_NO_ACTION}, {'r', MODEL_RESTRICT},    {'c', MODEL_CASCADE},
        {'n', MODEL_SET_NULL},  {'d', MODEL_SET_DEFAULT},
    };

    *out = MODEL_NO_ACTION;
    for (size_t i = 0; i < COUNTOF(actions); i++) {
        if (letter.len == 1 && letter.data[0] == actions[i].letter)
            *out = actions[i].action;
    }
    if (pg_count(constraint, "fk_del_set_cols") > 0)
        return apply_refuse(a, pg_location(constraint), "ON DELETE SET with a list of columns");
    return true;
}

/* Both lists have the same columns, in any order. */
static bool
are_same_columns(const uint32_t *a, uint32_t a_count, const uint32_t *b, uint32_t b_count)
{
    uint32_t found = 0;

    for (uint32_t i = 0; i < a_count && a_count == b_count; i++) {
        for (uint32_t j = 0; j < b_count; j++)
            found += a[i] == b[j];
    }
    return a_count == b_count && found == a_count;
}

/* Whether the columns are a key of the table, or have a unique index. */
static bool
is_key(struct apply *a, const struct model_table *table, const uint32_t *columns, uint32_t count)
{
    for (uint32_t k = 0; k < table->key_count; k++) {
        if (are_same_columns(table->keys[k].columns, table->keys[k].column_count, columns, count))
            return true;
    }
    for (uint32_t i = 0; i < table->index_count; i++) {
        uint32_t *own = NULL;
        uint32_t own_count = 0;

        if (table->indexes[i].unique &&
            apply_index_columns(a, table, &table->indexes[i], &own, &own_count) &&
            are_same_columns(own, own_count, columns, count))
            return true;
    }
    return false;
}

/* The referenced columns: those named, or the primary key. */
static bool
read_referenced(struct apply *a, const struct model_table *ref, const struct json *constraint,
                const uint32_t **out, uint32_t *count)
{
    const struct model_key *primary = model_primary_key(ref);
    uint32_t *columns = NULL;
    uint32_t n = 0;

    if (pg_count(constraint, "pk_attrs") == 0) {
        if (primary == NULL)
            return apply_fail(a, pg_location(constraint), "42704", NULL,
                              "there is no primary key for referenced table \"%.*s\"",
                              STR_ARG(ref->name));
        *out = primary->columns;
        *count = primary->column_count;
        return true;
    }
    columns = ARENA_ARRAY(a->tmp, uint32_t, pg_count(constraint, "pk_attrs"));
    for (const struct json *key = pg_first(constraint, "pk_attrs"); key != NULL; key = key->next) {
        if (!apply_column_index(ref, pg_string(key), &columns[n++]))
            return apply_fail(a, pg_location(constraint), "42703", NULL,
                              "column \"%.*s\" referenced in foreign key constraint does not exist",
                              STR_ARG(pg_string(key)));
    }
    *out = columns;
    *count = n;
    if (!is_key(a, ref, columns, n))
        return apply_fail(
            a, pg_location(constraint), "42830", NULL,
            "there is no unique constraint matching given keys for referenced table \"%.*s\"",
            STR_ARG(ref->name));
    return true;
}

/* Two columns that a foreign key joins are stored alike. */
static bool
are_joinable(const struct type *a, const struct type *b)
{
    bool a_int = type_is_int(a);
    bool b_int = type_is_int(b);
    bool a_text = a->id == TYPE_TEXT || a->id == TYPE_VARCHAR;
    bool b_text = b->id == TYPE_TEXT || b->id == TYPE_VARCHAR;

    if (a->id == TYPE_ENUM || b->id == TYPE_ENUM)
        return str_eq(a->name, b->name);
    return a->id == b->id || (a_int && b_int) || (a_text && b_text);
}

static bool
check_joinable(struct apply *a, const struct model_table *table, const struct model_table *ref,
               const struct model_foreign_key *key, const uint32_t *ref_columns,
               const struct json *constraint)
{
    for (uint32_t i = 0; i < key->column_count; i++) {
        const struct model_column *from = &table->columns[key->columns[i]];
        const struct model_column *to = &ref->columns[ref_columns[i]];

        if (!are_joinable(&from->type, &to->type))
            return apply_fail(a, pg_location(constraint), "42804",
                              "give both columns the same type",
                              "foreign key constraint \"%.*s\" cannot be implemented: columns "
                              "\"%.*s\" and \"%.*s\" are of types %.*s and %.*s",
                              STR_ARG(key->name), STR_ARG(from->name), STR_ARG(to->name),
                              STR_ARG(from->type.name), STR_ARG(to->type.name));
    }
    return true;
}

static bool
check_foreign_form(struct apply *a, const struct json *constraint, uint32_t count)
{
    if (pg_bool(constraint, "skip_validation"))
        return apply_refuse(a, pg_location(constraint), "NOT VALID");
    if (pg_is(constraint, "fk_matchtype", "f") && count > 1)
        return apply_refuse(a, pg_location(constraint), "MATCH FULL");
    return true;
}

static bool
add_foreign_key(struct apply *a, struct model_table *table, const struct json *node,
                struct str column)
{
    const struct json *constraint = pg_body(node);
    const struct json *range = pg_get(constraint, "pktable");
    struct model_foreign_key key = {0};
    const uint32_t *ref_columns = NULL;
    uint32_t ref_count = 0;
    uint32_t *columns = NULL;
    struct str *ref_names;
    struct model_table *ref;

    if (!read_columns(a, table, constraint, "fk_attrs", column, &columns, &key.column_count) ||
        !check_foreign_form(a, constraint, key.column_count) ||
        !apply_need_table(a, apply_range_name(range), pg_location(range), &ref) ||
        !read_referenced(a, ref, constraint, &ref_columns, &ref_count) ||
        !read_action(a, constraint, "fk_del_action", &key.on_delete) ||
        !read_action(a, constraint, "fk_upd_action", &key.on_update) ||
        !choose_name(a, table, constraint, join_columns(a, table, columns, key.column_count),
                     "fkey", &key.name))
        return false;
    if (ref_count != key.column_count)
        return apply_fail(a, pg_location(constraint), "42830", NULL,
                          "number of referencing and referenced columns for foreign key disagree");
    read_deferrable(node, &key.deferrable, &key.initially_deferred);
    key.columns = columns;
    key.ref_schema = ref->schema;
    key.ref_table = ref->name;
    ref_names = ARENA_ARRAY(a->keep, struct str, ref_count);
    for (uint32_t i = 0; i < ref_count; i++)
        ref_names[i] = ref->columns[ref_columns[i]].name;
    key.ref_columns = ref_names;
    if (!check_joinable(a, table, ref, &key, ref_columns, constraint))
        return false;
    for (uint32_t t = 0; t < a->model->table_count; t++) {
        const struct model_table *other = &a->model->tables[t];

        for (uint32_t k = 0; k < other->foreign_key_count; k++)
            key.number = other->foreign_keys[k].number > key.number ? other->foreign_keys[k].number
                                                                    : key.number;
    }
    key.number++;
    *EDIT_ADD(a, table->foreign_keys, table->foreign_key_count) = key;
    ddl_must_hold(a, table, DDL_FOREIGN, key.name);
    ddl_changed(a, table);
    return true;
}

bool
apply_add_constraint(struct apply *a, struct model_table *table, const struct json *node,
                     struct str column)
{
    const struct json *constraint = pg_as(node, "Constraint");
    struct str type = pg_str(constraint, "contype");

    if (str_eq(type, STR("CONSTR_PRIMARY")))
        return add_key(a, table, node, column, MODEL_PRIMARY);
    if (str_eq(type, STR("CONSTR_UNIQUE")))
        return add_key(a, table, node, column, MODEL_UNIQUE);
    if (str_eq(type, STR("CONSTR_CHECK"))) {
        if (pg_bool(constraint, "skip_validation"))
            return apply_refuse(a, pg_location(constraint), "NOT VALID");
        return add_check(a, table, constraint);
    }
    if (str_eq(type, STR("CONSTR_FOREIGN")))
        return add_foreign_key(a, table, node, column);
    if (str_eq(type, STR("CONSTR_EXCLUSION")))
        return apply_refuse(a, pg_location(constraint), "exclusion constraints");
    return apply_refuse(a, pg_location(constraint), "this constraint");
}

/* --- dropping --------------------------------------------------------------------------------- */

bool
apply_drop_references(struct apply *a, const struct model_table *table, const struct str *columns,
                      uint32_t count, struct str what, bool cascade)
{
    for (uint32_t t = 0; t < a->model->table_count; t++) {
        struct model_table *other = &a->model->tables[t];

        for (uint32_t k = other->foreign_key_count; k-- > 0;) {
            const struct model_foreign_key *key = &other->foreign_keys[k];
            bool same = str_eq(key->ref_schema, table->schema) &&
                        str_eq(key->ref_table, table->name) &&
                        (columns == NULL || key->column_count == count);

            for (uint32_t i = 0; same && columns != NULL && i < count; i++) {
                bool found = false;

                for (uint32_t j = 0; j < count; j++)
                    found = found || str_eq(key->ref_columns[i], columns[j]);
                same = found;
            }
            if (!same || (columns == NULL && other == table))
                continue;
            if (!cascade)
                return apply_fail(a, SIZE_MAX, "2BP01", "drop that first, or add CASCADE",
                                  "cannot drop %.*s because constraint %.*s on table %.*s depends "
                                  "on it",
                                  STR_ARG(what), STR_ARG(key->name), STR_ARG(other->name));
            edit_remove(other->foreign_keys, &other->foreign_key_count, k,
                        sizeof(*other->foreign_keys));
            ddl_changed(a, other);
        }
    }
    return true;
}

static bool
drop_key(struct apply *a, struct model_table *table, uint32_t index, bool cascade)
{
    const struct model_key key = table->keys[index];
    struct str *columns = ARENA_ARRAY(a->tmp, struct str, key.column_count);

    for (uint32_t i = 0; i < key.column_count; i++)
        columns[i] = table->columns[key.columns[i]].name;
    if (!apply_drop_references(a, table, columns, key.column_count,
                               arena_printf(a->tmp, "constraint %.*s", STR_ARG(key.name)), cascade))
        return false;
    edit_remove(table->keys, &table->key_count, index, sizeof(key));
    apply_settle_table(a, table);
    return true;
}

bool
apply_drop_constraint(struct apply *a, struct model_table *table, struct str name, bool cascade,
                      bool missing_ok)
{
    for (uint32_t i = 0; i < table->key_count; i++) {
        if (str_eq(table->keys[i].name, name)) {
            ddl_changed(a, table);
            return drop_key(a, table, i, cascade);
        }
    }
    for (uint32_t i = 0; i < table->foreign_key_count; i++) {
        if (!str_eq(table->foreign_keys[i].name, name))
            continue;
        edit_remove(table->foreign_keys, &table->foreign_key_count, i,
                    sizeof(*table->foreign_keys));
        ddl_changed(a, table);
        return true;
    }
    for (uint32_t i = 0; i < table->check_count; i++) {
        if (!str_eq(table->checks[i].name, name))
            continue;
        edit_remove(table->checks, &table->check_count, i, sizeof(*table->checks));
        ddl_changed(a, table);
        return true;
    }
    return missing_ok || apply_fail(a, SIZE_MAX, "42704", NULL,
                                    "constraint \"%.*s\" of relation \"%.*s\" does not exist",
                                    STR_ARG(name), STR_ARG(table->name));
}
