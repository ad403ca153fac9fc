/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of migration.h: what one translation carries from statement to statement, and the
 * functions that its files share. One file for each kind of statement; each changes the model and
 * leaves what SQLite has to do to ddl.h.
 */
#ifndef CAIRN_SQL_APPLY_H
#define CAIRN_SQL_APPLY_H

#include "sql/migration.h"
#include "sql/pgtree.h"
#include "sql/script.h"

struct ddl;
struct batch;
struct expr_parameters;
struct marks;
struct function_place;

/* A name with its schema, which is empty when the text gave none. */
struct name {
    struct str schema, name;
};

struct apply {
    struct str file, text;
    struct script_cursor cursor;
    struct model *model;
    struct arena *keep; /* the model's: what outlives the statement */
    struct arena *tmp;  /* the tree and texts, until the next batch of statements */
    const struct migration_sink *sink;
    struct err *err;

    struct pgtree tree; /* of the statements at hand */
    size_t base;        /* where the tree's text begins in the migration's */
    size_t at, to;      /* the statement at hand, offsets into the migration */

    struct str path[MODEL_PATH_MAX]; /* search_path */
    uint32_t path_count;
    uint32_t table_cap, enum_cap, sequence_cap; /* 0: not known to be larger than the count */
    struct ddl *ddl;
    struct batch *batch;

    struct expr_parameters *parameters; /* of the function whose body is at hand; NULL: none */
    /* Through which the statement at hand writes, which is then made for the table at the bottom;
     * NULL: through none. verb is what it does to a column, for errors. */
    const struct model_table *view;
    const char *view_verb;
    struct marks *marks; /* while such a body is made for the engine: with the marks of body.h */
    uint32_t inlined;    /* how many bodies were put in place of a call */
    bool skips_bodies;   /* check_function_bodies is off: functions are looked at in the end */
    struct function_place *places; /* where this migration made functions, the last one first */
};

/* --- errors and steps: migration.c ----------------------------------------------------------- */

/* The ways out. */
#define HINT_POSTGRES "needs PostgreSQL: set database.url"

/*
 * Fails with "FILE:LINE:COLUMN: unable to apply 'STATEMENT...': CAUSE". location is pg_location()
 * of the node at fault; SIZE_MAX: the statement. hint may be NULL.
 */
bool apply_fail(struct apply *a, size_t location, const char *code, const char *hint,
                const char *fmt, ...) PRINTF_LIKE(5, 6);
/* The same for an error that a->err has already, from reading a value; keeps its code and text. */
bool apply_fail_value(struct apply *a, size_t location);
/* The same, with absolute offsets into the migration. */
bool apply_fail_at(struct apply *a, size_t at, size_t to, const char *code, const char *hint,
                   const char *fmt, ...) PRINTF_LIKE(6, 7);
/* Not on the embedded engine. */
bool apply_refuse(struct apply *a, size_t location, const char *what);

/* Runs one SQLite statement for the statement of the migration that begins at offset at. */
MUST_CHECK bool apply_run(struct apply *a, size_t at, struct str sql);
/* One that writes to target. */
MUST_CHECK bool apply_run_on(struct apply *a, size_t at, const struct model_table *target,
                             struct str sql);
/* Runs a step whose sql, params and position are filled in. */
MUST_CHECK bool apply_run_step(struct apply *a, struct migration_step *step);
struct script_position apply_position(struct apply *a, size_t at);

/* Takes the text and, if ok still holds, runs it for the statement at hand; the second for one
 * that writes to target. */
MUST_CHECK bool apply_run_if(struct apply *a, bool ok, struct buf *sql);
MUST_CHECK bool apply_write_if(struct apply *a, bool ok, const struct model_table *target,
                               struct buf *sql);

/* A buffer that fits any statement; fini by the caller. */
void apply_buf(struct buf *buf);
struct str apply_take(struct arena *arena, struct buf *buf); /* copies and frees */

/* --- names: apply_name.c ---------------------------------------------------------------------- */

struct str apply_quote(struct arena *arena, struct str name);

/* Of a RangeVar's body. */
struct name apply_range_name(const struct json *range);
/* Of a list of String nodes: [[catalog.]schema.]name. */
struct name apply_list_name(const struct json *first);
/* Where an object without schema is made; false (with err) when the path is empty. */
MUST_CHECK bool apply_creation_schema(struct apply *a, struct str *schema);
/* By the search path; NULL when there is none. */
struct model_table *apply_lookup_table(struct apply *a, struct name name);
struct model_enum *apply_lookup_enum(struct apply *a, struct name name);
struct model_sequence *apply_lookup_sequence(struct apply *a, struct name name);
/* As above; fails with 42P01 "relation ... does not exist", or when it is a view (42809). */
MUST_CHECK bool apply_need_table(struct apply *a, struct name name, size_t location,
                                 struct model_table **out);
/* Also finds views. */
MUST_CHECK bool apply_need_relation(struct apply *a, struct name name, size_t location,
                                    struct model_table **out);
struct str apply_full_name(struct arena *arena, struct str schema, struct str name); /* a.b, for
                                                                                        SQLite */
struct str apply_shown_name(struct apply *a, struct name name); /* for messages */

/* A name made up as PostgreSQL does: table_column_label, cut to 63 bytes, numbered if taken. */
struct str apply_make_name(struct apply *a, struct str table, struct str column, const char *label,
                           bool (*is_taken)(struct apply *a, void *ctx, struct str name),
                           void *ctx);
/* A column's place; false when the table has none of this name. */
bool apply_column_index(const struct model_table *table, struct str name, uint32_t *out);
MUST_CHECK bool apply_need_column(struct apply *a, const struct model_table *table, struct str name,
                                  size_t location, uint32_t *out);

/* --- types: apply_type.c ---------------------------------------------------------------------- */

/* The type that a TypeName's body names. *serial is the integer type's size when it is a serial
 * (else 0); serial may be NULL where none is allowed. */
MUST_CHECK bool apply_type(struct apply *a, const struct json *type_name, struct type *out,
                           int *serial);

struct type apply_enum_type(struct apply *a, const struct model_enum *found);

/* --- statements: each takes the body of its node ---------------------------------------------- */

typedef bool (*apply_fn)(struct apply *a, const struct json *body);

bool apply_create_table(struct apply *a, const struct json *body);
bool apply_alter_table(struct apply *a, const struct json *body);
bool apply_rename(struct apply *a, const struct json *body);
bool apply_drop(struct apply *a, const struct json *body);
bool apply_create_index(struct apply *a, const struct json *body);
bool apply_create_enum(struct apply *a, const struct json *body);
bool apply_alter_enum(struct apply *a, const struct json *body);
bool apply_create_sequence(struct apply *a, const struct json *body);
bool apply_alter_sequence(struct apply *a, const struct json *body);
bool apply_create_view(struct apply *a, const struct json *body);
bool apply_create_function(struct apply *a, const struct json *body);
bool apply_comment(struct apply *a, const struct json *body);
bool apply_insert(struct apply *a, const struct json *body);
bool apply_update(struct apply *a, const struct json *body);
bool apply_delete(struct apply *a, const struct json *body);
bool apply_truncate(struct apply *a, const struct json *body);
bool apply_select(struct apply *a, const struct json *body);
bool apply_set(struct apply *a, const struct json *body);
bool apply_copy(struct apply *a, const struct json *body, struct str data, size_t data_at);

bool apply_create_role(struct apply *a, const struct json *body);
bool apply_alter_role(struct apply *a, const struct json *body);
bool apply_alter_role_set(struct apply *a, const struct json *body);
bool apply_drop_role(struct apply *a, const struct json *body);
bool apply_reassign_owned(struct apply *a, const struct json *body);
bool apply_drop_owned(struct apply *a, const struct json *body);
bool apply_grant(struct apply *a, const struct json *body);
bool apply_grant_role(struct apply *a, const struct json *body);
bool apply_default_privileges(struct apply *a, const struct json *body);
bool apply_owner(struct apply *a, const struct json *body);
bool apply_create_policy(struct apply *a, const struct json *body);
bool apply_alter_policy(struct apply *a, const struct json *body);

/* --- access rules: apply_role.c, apply_grant.c, apply_policy.c -------------------------------- */

/* The role that a RoleSpec's body names; empty: PUBLIC. Fails with 42704. */
MUST_CHECK bool apply_role(struct apply *a, const struct json *spec, struct str *out);
MUST_CHECK bool apply_rename_role(struct apply *a, struct str old_name, struct str new_name);
/* OWNER TO. A role that isn't known leaves the owner as it is: dumps name the one they were made
 * by. */
MUST_CHECK bool apply_set_owner(struct apply *a, struct model_acl *acl, const struct json *spec);
/* The rights on a new object of schema; kind as in struct model_default_acl. */
void apply_default_acl(struct apply *a, const char *kind, struct str schema, struct model_acl *acl);
/* The entry of a schema, made when it isn't there. */
struct model_schema_acl *apply_schema_acl(struct apply *a, struct str schema);
void apply_drop_schema_acl(struct apply *a, struct str schema);
/* Grants on a column that gets another name, or (empty) is dropped. */
void apply_rename_grants(struct model_table *table, struct str column, struct str new_name);

MUST_CHECK bool apply_drop_policy(struct apply *a, const struct json *body, struct name table,
                                  struct str name);
MUST_CHECK bool apply_rename_policy(struct apply *a, const struct json *body, struct str new_name);
/* check_option, security_invoker and security_barrier; others are refused. */
MUST_CHECK bool apply_view_options(struct apply *a, struct model_table *view,
                                   const struct json *first, bool is_reset);
/* Drops policies that use the table (of others) or its column (empty: any), or fails with 2BP01
 * unless cascade. */
MUST_CHECK bool apply_drop_policies(struct apply *a, const struct model_table *table,
                                    struct str column, struct str what, bool cascade);
/* Fails with "cannot WHAT because policy ... uses it". */
MUST_CHECK bool apply_no_policies(struct apply *a, const struct model_table *table,
                                  struct str column, const char *what);
/* Translates policies of the table, and those that read it, again: after it or a column got another
 * name or type. */
MUST_CHECK bool apply_retranslate_policies(struct apply *a, struct model_table *table,
                                           struct str old_name, struct str new_name);
/* In the end: policies take over what functions have become. */
MUST_CHECK bool apply_settle_policies(struct apply *a);
/* The expression of a text that was written by us; NULL when it can't be read. */
const struct json *apply_parse_expression(struct apply *a, struct str text, struct pgtree *tree);

/* --- parts of CREATE TABLE that ALTER TABLE needs too: apply_table.c, apply_constraint.c ------ */

/* Adds a column with everything that stands in its definition. */
MUST_CHECK bool apply_add_column(struct apply *a, struct model_table *table,
                                 const struct json *column_def);
/* Foreign keys of a CREATE TABLE come last, when all columns and keys are known. */
MUST_CHECK bool apply_add_constraint(struct apply *a, struct model_table *table,
                                     const struct json *constraint, struct str column);
MUST_CHECK bool apply_set_default(struct apply *a, struct model_table *table, uint32_t column,
                                  const struct json *expression, size_t location);
MUST_CHECK bool apply_set_identity(struct apply *a, struct model_table *table, uint32_t column,
                                   const struct json *constraint);
MUST_CHECK bool apply_drop_constraint(struct apply *a, struct model_table *table, struct str name,
                                      bool cascade, bool missing_ok);
/* Sets rowid_pk and what follows from a change of columns or keys. */
void apply_settle_table(struct apply *a, struct model_table *table);
/* A name for a new sequence, its row in the engine's table, and its place in the model. */
MUST_CHECK bool apply_make_sequence(struct apply *a, const struct model_sequence *sequence);
MUST_CHECK bool apply_sequence_options(struct apply *a, const struct json *first,
                                       const struct type *type, struct model_sequence *sequence,
                                       bool *restart, int64_t *restart_at);
MUST_CHECK bool apply_drop_sequence(struct apply *a, struct str schema, struct str name);
bool apply_relation_is_taken(struct apply *a, struct str schema, struct str name);
/* The name of a table, view or index in the embedded engine. */
struct str apply_sqlite_name(struct arena *arena, struct str schema, struct str name);
/* Fails when SQLite could not tell it from another, or when it is reserved. */
MUST_CHECK bool apply_name_is_free(struct apply *a, struct str sqlite_name, size_t location);
/* Removes foreign keys of other tables to these columns (NULL: any) of the table, or fails with
 * 2BP01 unless cascade. what is named in the error. */
MUST_CHECK bool apply_drop_references(struct apply *a, const struct model_table *table,
                                      const struct str *columns, uint32_t count, struct str what,
                                      bool cascade);
/* The columns of an index that has no expressions and no condition; false for others. */
bool apply_index_columns(struct apply *a, const struct model_table *table,
                         const struct model_index *index, uint32_t **columns, uint32_t *count);

/* --- dependencies: apply_depend.c, apply_index.c ---------------------------------------------- */

/* Whether a tree names the column, or by a star may name it; and renaming it in the tree. */
bool apply_tree_mentions(const struct json *tree, struct str column);
void apply_tree_rename(const struct json *tree, struct str old_name, struct str new_name);
bool apply_text_mentions(struct apply *a, struct str expression, struct str column);
bool apply_index_mentions(struct apply *a, const struct model_index *index, struct str column);
/* Translates the table's checks, generated columns and indexes again, after a column got another
 * type, or, with old_name given, another name. */
MUST_CHECK bool apply_retranslate(struct apply *a, struct model_table *table, struct str old_name,
                                  struct str new_name);
MUST_CHECK bool apply_retranslate_index(struct apply *a, const struct model_table *table,
                                        struct model_index *index, struct str old_name,
                                        struct str new_name);
/* Sets what search says of an index for full text search: nothing when it can't find candidates. */
MUST_CHECK bool apply_index_vectors(struct apply *a, const struct model_table *table,
                                    struct model_index *index);
MUST_CHECK bool apply_recast_default(struct apply *a, struct model_table *table, uint32_t column);
/* Fails with "cannot WHAT because view ... uses it". */
MUST_CHECK bool apply_no_views(struct apply *a, const struct model_table *table, struct str column,
                               const char *what);
/* Drops such views and those on them, or fails with 2BP01 unless cascade. Tables move. */
MUST_CHECK bool apply_drop_views(struct apply *a, struct model_table *table, struct str column,
                                 struct str what, bool cascade);
/* Takes a table or view from the database and the model. */
MUST_CHECK bool apply_remove_table(struct apply *a, struct model_table *table);

/* --- functions: apply_function.c -------------------------------------------------------------- */

/* Of DROP and COMMENT ON: an ObjectWithArgs. NULL, with err when it is ambiguous or is_needed. */
MUST_CHECK bool apply_find_function(struct apply *a, const struct json *object, bool is_needed,
                                    struct model_function **out);
MUST_CHECK bool apply_drop_function(struct apply *a, struct model_function *function);
/* Functions that take or give rows of a table that gets another name. */
void apply_rename_function_rows(struct apply *a, struct str schema, struct str name,
                                struct str new_name);
/* Drops those that take or return rows of the table, or fails with 2BP01 unless cascade. */
MUST_CHECK bool apply_drop_row_functions(struct apply *a, const struct model_table *table,
                                         struct str what, bool cascade);
/* Translates all bodies once more, against the schema as it is now. */
MUST_CHECK bool apply_settle_functions(struct apply *a);

/* --- editing the model: model_edit.c ---------------------------------------------------------- */

struct model_table *edit_add_table(struct apply *a, const struct model_table *table);
void edit_remove_table(struct apply *a, struct model_table *table);
struct model_enum *edit_add_enum(struct apply *a, const struct model_enum *added);
struct model_function *edit_add_function(struct apply *a, const struct model_function *added);
struct model_sequence *edit_add_sequence(struct apply *a, const struct model_sequence *added);
/* A copy of array with room for one more, element count zeroed. */
void *edit_grow(struct apply *a, const void *array, uint32_t count, size_t size);
/* Removes element index of the array in place. */
void edit_remove(void *array, uint32_t *count, uint32_t index, size_t size);
#define EDIT_ADD(a, array, count) \
    ((array) = edit_grow((a), (array), (count), sizeof(*(array))), &(array)[(count)++])

#endif
