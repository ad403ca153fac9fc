/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/model_shape.h"

/* Short names keep the record small: it is read at every start. */
#define FIELD(owner, json_name, shape_kind, member)                                         \
    {                                                                                       \
        .name = (json_name), .kind = (shape_kind), .offset = offsetof(struct owner, member) \
    }
#define COUNTED(owner, json_name, shape_kind, member, count)                                 \
    {                                                                                        \
        .name = (json_name), .kind = (shape_kind), .offset = offsetof(struct owner, member), \
        .count_offset = offsetof(struct owner, count)                                        \
    }
#define LIST(owner, json_name, member, count, shape)                                       \
    {                                                                                      \
        .name = (json_name), .kind = SHAPE_LIST, .offset = offsetof(struct owner, member), \
        .count_offset = offsetof(struct owner, count), .element = &(shape)                 \
    }
#define SHAPE(name, owner, list)       \
    static const struct shape name = { \
        .size = sizeof(struct owner), .fields = (list), .field_count = COUNTOF(list)}

#define ACL(holder)                                         \
    FIELD(holder, "owner", SHAPE_STR, acl.owner),           \
        FIELD(holder, "stated", SHAPE_BOOL, acl.is_stated), \
        LIST(holder, "grants", acl.grants, acl.grant_count, grant_shape)

static const struct shape_field role_fields[] = {
    FIELD(model_role, "name", SHAPE_STR, name),
    FIELD(model_role, "implied", SHAPE_BOOL, is_implied),
    FIELD(model_role, "superuser", SHAPE_BOOL, is_superuser),
    FIELD(model_role, "bypassrls", SHAPE_BOOL, bypasses_rls),
    FIELD(model_role, "inherit", SHAPE_BOOL, inherits),
    FIELD(model_role, "login", SHAPE_BOOL, can_login),
    FIELD(model_role, "createdb", SHAPE_BOOL, can_create_db),
    FIELD(model_role, "createrole", SHAPE_BOOL, can_create_role),
    FIELD(model_role, "replication", SHAPE_BOOL, can_replicate),
    COUNTED(model_role, "member_of", SHAPE_STRS, member_of, member_of_count),
    FIELD(model_role, "comment", SHAPE_STR, comment),
};
SHAPE(role_shape, model_role, role_fields);

static const struct shape_field grant_fields[] = {
    FIELD(model_grant, "role", SHAPE_STR, role),
    FIELD(model_grant, "column", SHAPE_STR, column),
    FIELD(model_grant, "rights", SHAPE_I64, rights),
    FIELD(model_grant, "grantable", SHAPE_I64, grantable),
};
SHAPE(grant_shape, model_grant, grant_fields);

static const struct shape_field default_acl_fields[] = {
    FIELD(model_default_acl, "schema", SHAPE_STR, schema),
    FIELD(model_default_acl, "kind", SHAPE_STR, kind),
    ACL(model_default_acl),
};
SHAPE(default_acl_shape, model_default_acl, default_acl_fields);

static const struct shape_field schema_acl_fields[] = {
    FIELD(model_schema_acl, "schema", SHAPE_STR, schema),
    ACL(model_schema_acl),
};
SHAPE(schema_acl_shape, model_schema_acl, schema_acl_fields);

static const struct shape_field reference_fields[] = {
    FIELD(model_reference, "schema", SHAPE_STR, schema),
    FIELD(model_reference, "table", SHAPE_STR, table),
    COUNTED(model_reference, "columns", SHAPE_STRS, columns, column_count),
};
SHAPE(reference_shape, model_reference, reference_fields);

static const struct shape_field policy_fields[] = {
    FIELD(model_policy, "name", SHAPE_STR, name),
    FIELD(model_policy, "restrictive", SHAPE_BOOL, is_restrictive),
    FIELD(model_policy, "command", SHAPE_COMMAND, command),
    COUNTED(model_policy, "roles", SHAPE_STRS, roles, role_count),
    FIELD(model_policy, "using", SHAPE_STR, using_sql),
    FIELD(model_policy, "check", SHAPE_STR, check_sql),
    FIELD(model_policy, "using_sqlite", SHAPE_STR, using_sqlite),
    FIELD(model_policy, "check_sqlite", SHAPE_STR, check_sqlite),
    COUNTED(model_policy, "path", SHAPE_STRS, path, path_count),
    FIELD(model_policy, "reads", SHAPE_I64, reads),
    LIST(model_policy, "references", references, reference_count, reference_shape),
    FIELD(model_policy, "split", SHAPE_I64, reference_split),
};
SHAPE(policy_shape, model_policy, policy_fields);

static const struct shape_field column_fields[] = {
    FIELD(model_column, "name", SHAPE_STR, name),
    FIELD(model_column, "type", SHAPE_TYPE, type),
    FIELD(model_column, "not_null", SHAPE_BOOL, not_null),
    FIELD(model_column, "has_default", SHAPE_BOOL, has_default),
    FIELD(model_column, "is_generated", SHAPE_BOOL, is_generated),
    FIELD(model_column, "always", SHAPE_BOOL, is_identity_always),
    FIELD(model_column, "default", SHAPE_STR, default_sql),
    FIELD(model_column, "default_sqlite", SHAPE_STR, default_sqlite),
    FIELD(model_column, "generated", SHAPE_STR, generated_sqlite),
    FIELD(model_column, "sequence", SHAPE_STR, sequence),
    FIELD(model_column, "comment", SHAPE_STR, comment),
    FIELD(model_column, "base_schema", SHAPE_STR, base_schema),
    FIELD(model_column, "base_table", SHAPE_STR, base_table),
    FIELD(model_column, "base_column", SHAPE_STR, base_column),
    FIELD(model_column, "from_column", SHAPE_STR, from_column),
    FIELD(model_column, "value_sqlite", SHAPE_STR, value_sqlite),
};
SHAPE(column_shape, model_column, column_fields);

static const struct shape_field key_fields[] = {
    FIELD(model_key, "name", SHAPE_STR, name),
    FIELD(model_key, "kind", SHAPE_KEY_KIND, kind),
    COUNTED(model_key, "columns", SHAPE_INDEXES, columns, column_count),
};
SHAPE(key_shape, model_key, key_fields);

static const struct shape_field foreign_key_fields[] = {
    FIELD(model_foreign_key, "name", SHAPE_STR, name),
    COUNTED(model_foreign_key, "columns", SHAPE_INDEXES, columns, column_count),
    FIELD(model_foreign_key, "ref_schema", SHAPE_STR, ref_schema),
    FIELD(model_foreign_key, "ref_table", SHAPE_STR, ref_table),
    COUNTED(model_foreign_key, "ref_columns", SHAPE_STRS, ref_columns, column_count),
    FIELD(model_foreign_key, "on_delete", SHAPE_ACTION, on_delete),
    FIELD(model_foreign_key, "on_update", SHAPE_ACTION, on_update),
    FIELD(model_foreign_key, "deferrable", SHAPE_BOOL, deferrable),
    FIELD(model_foreign_key, "deferred", SHAPE_BOOL, initially_deferred),
    FIELD(model_foreign_key, "number", SHAPE_I64, number),
};
SHAPE(foreign_key_shape, model_foreign_key, foreign_key_fields);

static const struct shape_field check_fields[] = {
    FIELD(model_check, "name", SHAPE_STR, name),
    FIELD(model_check, "sql", SHAPE_STR, sql),
    FIELD(model_check, "sqlite", SHAPE_STR, sqlite_sql),
};
SHAPE(check_shape, model_check, check_fields);

static const struct shape_field index_fields[] = {
    FIELD(model_index, "name", SHAPE_STR, name),
    FIELD(model_index, "unique", SHAPE_BOOL, unique),
    FIELD(model_index, "sqlite", SHAPE_STR, sqlite_sql),
    FIELD(model_index, "sql", SHAPE_STR, sql),
    COUNTED(model_index, "search", SHAPE_STRS, search, search_count),
};
SHAPE(index_shape, model_index, index_fields);

static const struct shape_field table_fields[] = {
    FIELD(model_table, "schema", SHAPE_STR, schema),
    FIELD(model_table, "name", SHAPE_STR, name),
    FIELD(model_table, "view", SHAPE_BOOL, is_view),
    FIELD(model_table, "insertable", SHAPE_BOOL, insertable),
    FIELD(model_table, "updatable", SHAPE_BOOL, updatable),
    FIELD(model_table, "deletable", SHAPE_BOOL, deletable),
    FIELD(model_table, "comment", SHAPE_STR, comment),
    FIELD(model_table, "sql", SHAPE_STR, view_sql),
    FIELD(model_table, "sqlite", SHAPE_STR, view_sqlite),
    FIELD(model_table, "fixed", SHAPE_STR, view_fixed),
    LIST(model_table, "columns", columns, column_count, column_shape),
    LIST(model_table, "keys", keys, key_count, key_shape),
    LIST(model_table, "foreign_keys", foreign_keys, foreign_key_count, foreign_key_shape),
    LIST(model_table, "checks", checks, check_count, check_shape),
    LIST(model_table, "indexes", indexes, index_count, index_shape),
    FIELD(model_table, "sqlite_name", SHAPE_STR, sqlite_name),
    FIELD(model_table, "rowid_pk", SHAPE_BOOL, rowid_pk),
    ACL(model_table),
    FIELD(model_table, "rls", SHAPE_BOOL, rls_enabled),
    FIELD(model_table, "rls_forced", SHAPE_BOOL, rls_forced),
    LIST(model_table, "policies", policies, policy_count, policy_shape),
    FIELD(model_table, "security_invoker", SHAPE_BOOL, security_invoker),
    FIELD(model_table, "security_barrier", SHAPE_BOOL, security_barrier),
    FIELD(model_table, "marked", SHAPE_STR, view_marked),
    FIELD(model_table, "reads", SHAPE_I64, view_reads),
    LIST(model_table, "references", references, reference_count, reference_shape),
    FIELD(model_table, "from_schema", SHAPE_STR, from_schema),
    FIELD(model_table, "from_table", SHAPE_STR, from_table),
    FIELD(model_table, "where_sqlite", SHAPE_STR, where_sqlite),
    FIELD(model_table, "checks_rows", SHAPE_BOOL, checks_rows),
    FIELD(model_table, "checks_below", SHAPE_BOOL, checks_below),
};
SHAPE(table_shape, model_table, table_fields);

static const struct shape_field enum_fields[] = {
    FIELD(model_enum, "schema", SHAPE_STR, schema),
    FIELD(model_enum, "name", SHAPE_STR, name),
    COUNTED(model_enum, "labels", SHAPE_STRS, labels, label_count),
};
SHAPE(enum_shape, model_enum, enum_fields);

static const struct shape_field sequence_fields[] = {
    FIELD(model_sequence, "schema", SHAPE_STR, schema),
    FIELD(model_sequence, "name", SHAPE_STR, name),
    FIELD(model_sequence, "start", SHAPE_I64, start),
    FIELD(model_sequence, "increment", SHAPE_I64, increment),
    FIELD(model_sequence, "min", SHAPE_I64, min),
    FIELD(model_sequence, "max", SHAPE_I64, max),
    FIELD(model_sequence, "cycle", SHAPE_BOOL, cycle),
    FIELD(model_sequence, "owned_table", SHAPE_STR, owned_table),
    FIELD(model_sequence, "owned_column", SHAPE_STR, owned_column),
    ACL(model_sequence),
};
SHAPE(sequence_shape, model_sequence, sequence_fields);

static const struct shape_field argument_fields[] = {
    FIELD(model_argument, "name", SHAPE_STR, name),
    FIELD(model_argument, "type", SHAPE_TYPE, type),
    FIELD(model_argument, "has_default", SHAPE_BOOL, has_default),
    FIELD(model_argument, "variadic", SHAPE_BOOL, is_variadic),
    FIELD(model_argument, "default", SHAPE_STR, default_sqlite),
};
SHAPE(argument_shape, model_argument, argument_fields);

static const struct shape_field statement_fields[] = {
    FIELD(model_statement, "sql", SHAPE_STR, sql),
    FIELD(model_statement, "kind", SHAPE_STR, kind),
    FIELD(model_statement, "table_schema", SHAPE_STR, table_schema),
    FIELD(model_statement, "table_name", SHAPE_STR, table_name),
    COUNTED(model_statement, "sets", SHAPE_STRS, sets, set_count),
    COUNTED(model_statement, "merges", SHAPE_STRS, merges, merge_count),
    FIELD(model_statement, "blind", SHAPE_BOOL, is_blind),
};
SHAPE(statement_shape, model_statement, statement_fields);

static const struct shape_field function_fields[] = {
    FIELD(model_function, "schema", SHAPE_STR, schema),
    FIELD(model_function, "name", SHAPE_STR, name),
    FIELD(model_function, "comment", SHAPE_STR, comment),
    LIST(model_function, "arguments", arguments, argument_count, argument_shape),
    FIELD(model_function, "result", SHAPE_RESULT, result),
    FIELD(model_function, "set", SHAPE_BOOL, returns_set),
    FIELD(model_function, "volatility", SHAPE_VOLATILITY, volatility),
    FIELD(model_function, "sql", SHAPE_STR, sql),
    COUNTED(model_function, "path", SHAPE_STRS, path, path_count),
    FIELD(model_function, "strict", SHAPE_BOOL, is_strict),
    FIELD(model_function, "definer", SHAPE_BOOL, is_definer),
    FIELD(model_function, "writes", SHAPE_BOOL, writes),
    FIELD(model_function, "reads", SHAPE_I64, reads),
    LIST(model_function, "references", references, reference_count, reference_shape),
    LIST(model_function, "statements", statements, statement_count, statement_shape),
    FIELD(model_function, "row_schema", SHAPE_STR, row_schema),
    FIELD(model_function, "row_name", SHAPE_STR, row_name),
    LIST(model_function, "row", own_row, own_row_count, table_shape),
    FIELD(model_function, "of_schema", SHAPE_STR, of_schema),
    FIELD(model_function, "of_name", SHAPE_STR, of_name),
    FIELD(model_function, "single", SHAPE_BOOL, is_single),
    ACL(model_function),
};
SHAPE(function_shape, model_function, function_fields);

static const struct shape_field model_fields[] = {
    LIST(model, "tables", tables, table_count, table_shape),
    LIST(model, "enums", enums, enum_count, enum_shape),
    LIST(model, "sequences", sequences, sequence_count, sequence_shape),
    COUNTED(model, "schemas", SHAPE_STRS, schemas, schema_count),
    LIST(model, "roles", roles, role_count, role_shape),
    LIST(model, "schema_acls", schema_acls, schema_acl_count, schema_acl_shape),
    LIST(model, "default_acls", default_acls, default_acl_count, default_acl_shape),
    LIST(model, "functions", functions, function_count, function_shape),
};

const struct shape model_shape = {
    .size = sizeof(struct model),
    .fields = model_fields,
    .field_count = COUNTOF(model_fields),
};
