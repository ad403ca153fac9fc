/* SPDX-License-Identifier: Apache-2.0 */
/* CREATE TABLE, and what makes a column. */
#include "sql/apply.h"
#include "sql/ddl.h"
#include "sql/expr.h"
#include "sql/quote.h"

/* Names that SQLite or the engine keep for themselves. */
static bool
is_reserved(struct str sqlite_name)
{
    return str_eq_nocase(str_slice(sqlite_name, 0, 7), STR("sqlite_")) ||
           str_eq_nocase(str_slice(sqlite_name, 0, 6), STR("cairn_"));
}

bool
apply_name_is_free(struct apply *a, struct str sqlite_name, size_t location)
{
    if (is_reserved(sqlite_name))
        return apply_fail(a, location, "42939", "choose another name",
                          "names that begin with \"sqlite_\" or \"cairn_\" are reserved");
    for (uint32_t i = 0; i < a->model->table_count; i++) {
        const struct model_table *other = &a->model->tables[i];
        bool clash = str_eq_nocase(other->sqlite_name, sqlite_name);
        struct str name = other->name;

        for (uint32_t k = 0; k < other->index_count && !clash; k++) {
            name = other->indexes[k].name;
            clash = str_eq_nocase(apply_sqlite_name(a->tmp, other->schema, name), sqlite_name);
        }
        if (clash)
            return apply_fail(a, location, "42P07", "choose another name",
                              "the embedded engine can't tell this name from \"%.*s\"",
                              STR_ARG(name));
    }
    return true;
}

struct str
apply_sqlite_name(struct arena *arena, struct str schema, struct str name)
{
    if (str_eq(schema, STR("public")))
        return arena_copy(arena, name);
    return apply_full_name(arena, schema, name);
}

bool
apply_relation_is_taken(struct apply *a, struct str schema, struct str name)
{
    for (uint32_t i = 0; i < a->model->table_count; i++) {
        const struct model_table *table = &a->model->tables[i];

        if (!str_eq(table->schema, schema))
            continue;
        if (str_eq(table->name, name))
            return true;
        for (uint32_t k = 0; k < table->key_count; k++) {
            if (str_eq(table->keys[k].name, name))
                return true;
        }
        for (uint32_t k = 0; k < table->index_count; k++) {
            if (str_eq(table->indexes[k].name, name))
                return true;
        }
    }
    for (uint32_t i = 0; i < a->model->sequence_count; i++) {
        if (str_eq(a->model->sequences[i].schema, schema) &&
            str_eq(a->model->sequences[i].name, name))
            return true;
    }
    return false;
}

void
apply_settle_table(struct apply *a, struct model_table *table)
{
    const struct model_key *primary = model_primary_key(table);
    const struct model_column *first = NULL;

    (void)a;
    table->rowid_pk = false;
    if (primary == NULL)
        return;
    first = &table->columns[primary->columns[0]];
    table->rowid_pk =
        primary->column_count == 1 && type_is_int(&first->type) && !first->is_generated;
}

/* --- columns ---------------------------------------------------------------------------------- */

/* Text is compared by bytes, so only collations that do the same may be named. */
static bool
check_collation(struct apply *a, const struct json *clause)
{
    struct str name = pg_last_string(clause, "collname");

    if (clause == NULL || str_eq(name, STR("C")) || str_eq(name, STR("POSIX")) ||
        str_eq(name, STR("default")) || str_eq(name, STR("ucs_basic")))
        return true;
    return apply_fail(
        a, pg_location(clause), "0A000", HINT_POSTGRES,
        "the embedded engine compares text by its bytes and has no collation \"%.*s\"",
        STR_ARG(name));
}

bool
apply_set_default(struct apply *a, struct model_table *table, uint32_t column,
                  const struct json *expression, size_t location)
{
    struct model_column *c = &table->columns[column];
    struct expr_context x = {.a = a, .place = "a default"};
    struct expr e;

    if (!expr_translate(&x, expression, &e) ||
        !expr_coerce(&x, &e, &c->type, COERCE_ASSIGN, location))
        return false;
    c->has_default = !(e.is_const && e.value.kind == VALUE_NULL);
    c->default_sql = c->has_default ? arena_copy(a->keep, e.pg) : STR_NULL;
    c->default_sqlite = c->has_default ? arena_copy(a->keep, e.sql) : STR_NULL;
    c->sequence = arena_copy(a->keep, x.sequence);
    return true;
}

static bool
sequence_name_is_taken(struct apply *a, void *ctx, struct str name)
{
    return apply_relation_is_taken(a, *(struct str *)ctx, name);
}

/* The sequence of a serial or identity column, and the default that draws from it. */
static bool
add_owned_sequence(struct apply *a, struct model_table *table, uint32_t column,
                   const struct json *options, struct str name)
{
    struct model_column *c = &table->columns[column];
    struct model_sequence sequence = {
        .schema = table->schema,
        .name = name,
        .owned_table = table->name,
        .owned_column = c->name,
    };
    struct buf buf;

    if (!apply_sequence_options(a, options, &c->type, &sequence, NULL, NULL))
        return false;
    if (sequence.name.len == 0)
        sequence.name =
            apply_make_name(a, table->name, c->name, "seq", sequence_name_is_taken, &table->schema);
    if (!apply_make_sequence(a, &sequence))
        return false;
    c->not_null = true;
    c->has_default = true;
    c->sequence = apply_full_name(a->keep, sequence.schema, sequence.name);
    apply_buf(&buf);
    BUF_ADD_LIT(&buf, "cairn_nextval(");
    quote_text(&buf, c->sequence);
    buf_add_char(&buf, ')');
    c->default_sqlite = apply_take(a->keep, &buf);
    return true;
}

static struct str
serial_default(struct apply *a, const struct model_table *table, const struct model_column *c)
{
    struct buf name;
    struct buf buf;
    struct str sequence = c->sequence;

    if (str_eq(table->schema, STR("public")))
        sequence = str_slice(sequence, table->schema.len + 1, sequence.len);
    apply_buf(&name);
    if (str_eq(table->schema, STR("public"))) {
        quote_ident_short(&name, sequence);
    } else {
        quote_ident_short(&name, table->schema);
        buf_add_char(&name, '.');
        quote_ident_short(&name, str_slice(sequence, table->schema.len + 1, sequence.len));
    }
    apply_buf(&buf);
    BUF_ADD_LIT(&buf, "nextval(");
    quote_text(&buf, buf_str(&name));
    BUF_ADD_LIT(&buf, "::regclass)");
    buf_fini(&name);
    return apply_take(a->keep, &buf);
}

bool
apply_set_identity(struct apply *a, struct model_table *table, uint32_t column,
                   const struct json *constraint)
{
    struct model_column *c = &table->columns[column];
    struct str name = STR_NULL;

    if (!type_is_int(&c->type))
        return apply_fail(a, pg_location(constraint), "22023", NULL,
                          "identity column type must be smallint, integer, or bigint");
    if (c->has_default)
        return apply_fail(a, pg_location(constraint), "42601", NULL,
                          "column \"%.*s\" of relation \"%.*s\" already has a default value",
                          STR_ARG(c->name), STR_ARG(table->name));
    for (const struct json *n = pg_first(constraint, "options"); n != NULL; n = n->next) {
        const struct json *option = pg_as(n, "DefElem");

        if (pg_is(option, "defname", "sequence_name"))
            name = apply_list_name(pg_items(pg_get(option, "arg"))).name;
    }
    if (name.len > 0 && apply_relation_is_taken(a, table->schema, name))
        return apply_fail(a, pg_location(constraint), "42P07", NULL,
                          "relation \"%.*s\" already exists", STR_ARG(name));
    c->is_identity_always = pg_is(constraint, "generated_when", "a");
    return add_owned_sequence(a, table, column, pg_first(constraint, "options"),
                              arena_copy(a->keep, name));
}

static bool
set_generated(struct apply *a, struct model_table *table, uint32_t column,
              const struct json *constraint)
{
    struct model_column *c = &table->columns[column];
    struct scope scope = {0};
    struct expr_context x = {
        .a = a,
        .scope = &scope,
        .place = "a generated column",
        .immutable_only = true,
    };
    struct expr e;

    expr_table_scope(a, table, &scope);
    if (!expr_translate(&x, pg_get(constraint, "raw_expr"), &e) ||
        !expr_coerce(&x, &e, &c->type, COERCE_ASSIGN, pg_location(constraint)))
        return false;
    c->is_generated = true;
    c->has_default = true;
    c->generated_sqlite = arena_copy(a->keep, e.sql);
    c->default_sql = arena_copy(a->keep, e.pg);
    return true;
}

/* Name, type, and the constraints that need no other column. */
static bool
add_plain_column(struct apply *a, struct model_table *table, const struct json *def)
{
    struct str name = pg_str(def, "colname");
    struct model_column *c;
    uint32_t column;
    int serial = 0;

    for (uint32_t i = 0; i < table->column_count; i++) {
        if (str_eq_nocase(table->columns[i].name, name))
            return apply_fail(a, pg_location(def), "42701", "choose another name",
                              "column \"%.*s\" of relation \"%.*s\" already exists", STR_ARG(name),
                              STR_ARG(table->name));
    }
    c = EDIT_ADD(a, table->columns, table->column_count);
    column = table->column_count - 1;
    c->name = arena_copy(a->keep, name);
    if (!apply_type(a, pg_get(def, "typeName"), &c->type, &serial) ||
        !check_collation(a, pg_get(def, "collClause")))
        return false;
    if (!type_is_embedded(&c->type))
        return apply_fail(a, pg_location(pg_get(def, "typeName")), "0A000", HINT_POSTGRES,
                          "the embedded engine has no columns of type %.*s", STR_ARG(c->type.name));
    if (serial != 0) {
        if (!add_owned_sequence(a, table, column, NULL, STR_NULL))
            return false;
        c->default_sql = serial_default(a, table, c);
    }
    for (const struct json *n = pg_first(def, "constraints"); n != NULL; n = n->next) {
        const struct json *constraint = pg_as(n, "Constraint");

        if (pg_is(constraint, "contype", "CONSTR_NOTNULL"))
            c->not_null = true;
        if (pg_is(constraint, "contype", "CONSTR_DEFAULT") &&
            !apply_set_default(a, table, column, pg_get(constraint, "raw_expr"),
                               pg_location(pg_body(pg_get(constraint, "raw_expr")))))
            return false;
        if (pg_is(constraint, "contype", "CONSTR_IDENTITY") &&
            !apply_set_identity(a, table, column, constraint))
            return false;
    }
    return true;
}

/* A column's constraints of one kind: foreign keys, or those that are not. */
static bool
add_column_constraints(struct apply *a, struct model_table *table, const struct json *def,
                       bool foreign)
{
    static const char *const plain[] = {"CONSTR_NOTNULL", "CONSTR_NULL", "CONSTR_DEFAULT",
                                        "CONSTR_IDENTITY"};
    struct str name = pg_str(def, "colname");
    uint32_t column = 0;

    if (!apply_column_index(table, name, &column))
        return true;
    for (const struct json *n = pg_first(def, "constraints"); n != NULL; n = n->next) {
        const struct json *constraint = pg_as(n, "Constraint");
        struct str type = pg_str(constraint, "contype");
        bool done = str_has_prefix(type, STR("CONSTR_ATTR_")) ||
                    str_eq(type, STR("CONSTR_FOREIGN")) != foreign;

        for (size_t i = 0; i < COUNTOF(plain) && !done; i++)
            done = str_eq(type, str_from(plain[i]));
        if (done)
            continue;
        if (str_eq(type, STR("CONSTR_GENERATED"))) {
            if (!set_generated(a, table, column, constraint))
                return false;
        } else if (!apply_add_constraint(a, table, n, table->columns[column].name)) {
            return false;
        }
    }
    return true;
}

bool
apply_add_column(struct apply *a, struct model_table *table, const struct json *column_def)
{
    return add_plain_column(a, table, column_def) &&
           add_column_constraints(a, table, column_def, false) &&
           add_column_constraints(a, table, column_def, true);
}

/* --- CREATE TABLE ----------------------------------------------------------------------------- */

static bool
check_form(struct apply *a, const struct json *body)
{
    const struct json *range = pg_get(body, "relation");

    if (pg_is(range, "relpersistence", "t"))
        return apply_refuse(a, SIZE_MAX, "temporary tables");
    if (pg_count(body, "inhRelations") > 0)
        return apply_refuse(a, SIZE_MAX,
                            pg_get(body, "partbound") != NULL ? "partitions" : "inheritance");
    if (pg_get(body, "partspec") != NULL)
        return apply_refuse(a, SIZE_MAX, "partitioned tables");
    if (pg_get(body, "ofTypename") != NULL)
        return apply_refuse(a, SIZE_MAX, "tables of a composite type");
    for (const struct json *n = pg_first(body, "tableElts"); n != NULL; n = n->next) {
        if (pg_as(n, "TableLikeClause") != NULL)
            return apply_fail(a, pg_location(pg_get(pg_as(n, "TableLikeClause"), "relation")),
                              "0A000", "write the columns out",
                              "the embedded engine does not have LIKE");
    }
    return true;
}

static bool
add_elements(struct apply *a, struct model_table *table, const struct json *body)
{
    const struct json *first = pg_first(body, "tableElts");

    for (const struct json *n = first; n != NULL; n = n->next) {
        if (pg_as(n, "ColumnDef") != NULL && !add_plain_column(a, table, pg_body(n)))
            return false;
    }
    /* Foreign keys last: they may name this table's own keys. */
    for (int foreign = 0; foreign < 2; foreign++) {
        for (const struct json *n = first; n != NULL; n = n->next) {
            const struct json *constraint = pg_as(n, "Constraint");

            if (pg_as(n, "ColumnDef") != NULL &&
                !add_column_constraints(a, table, pg_body(n), foreign == 1))
                return false;
            if (constraint != NULL &&
                pg_is(constraint, "contype", "CONSTR_FOREIGN") == (foreign == 1) &&
                !apply_add_constraint(a, table, n, STR_NULL))
                return false;
        }
    }
    return true;
}

bool
apply_create_table(struct apply *a, const struct json *body)
{
    const struct json *range = pg_get(body, "relation");
    struct name name = apply_range_name(range);
    struct model_table made = {0};
    struct model_table *table;

    if (!check_form(a, body) || !apply_creation_schema(a, &name.schema))
        return false;
    if (apply_relation_is_taken(a, name.schema, name.name)) {
        if (pg_bool(body, "if_not_exists"))
            return true;
        return apply_fail(a, pg_location(range), "42P07", NULL, "relation \"%.*s\" already exists",
                          STR_ARG(name.name));
    }
    made.schema = arena_copy(a->keep, name.schema);
    made.name = arena_copy(a->keep, name.name);
    made.sqlite_name = apply_sqlite_name(a->keep, name.schema, name.name);
    made.insertable = made.updatable = made.deletable = true;
    apply_default_acl(a, "tables", made.schema, &made.acl);
    if (!apply_name_is_free(a, made.sqlite_name, pg_location(range)))
        return false;
    table = edit_add_table(a, &made);
    ddl_created(a, table);
    if (!add_elements(a, table, body))
        return false;
    if (table->column_count == 0)
        return apply_refuse(a, SIZE_MAX, "tables without columns");
    apply_settle_table(a, table);
    return true;
}
