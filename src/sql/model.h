/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema model: what a database holds, as plain data.
 *
 * Migrations build it on the embedded engine (sql/migration.h), the catalogs give it on
 * PostgreSQL; everything above works from this one shape. A finished model is immutable and may be
 * read from any thread. All memory is in the model's arena.
 */
#ifndef CAIRN_SQL_MODEL_H
#define CAIRN_SQL_MODEL_H

#include "sql/type.h"

struct model_column {
    struct str name;
    struct type type;
    bool not_null;
    bool has_default;  /* also identity, serial and generated */
    bool is_generated; /* GENERATED ALWAYS AS (...) STORED: can't be written */
    bool is_identity_always;
    struct str default_sql;    /* PostgreSQL text of the default, for documentation; may be empty */
    struct str default_sqlite; /* the same for the embedded engine; empty: none */
    struct str generated_sqlite;
    struct str sequence; /* name of the sequence that the default draws from; may be empty */
    struct str comment;
    /* Views: the base table's column this one is, when it is simply one; else empty. */
    struct str base_schema, base_table, base_column;
};

enum model_key_kind { MODEL_PRIMARY, MODEL_UNIQUE };

struct model_key {
    struct str name;
    enum model_key_kind kind;
    const uint32_t *columns; /* indexes into the table's columns */
    uint32_t column_count;
};

enum model_action {
    MODEL_NO_ACTION,
    MODEL_RESTRICT,
    MODEL_CASCADE,
    MODEL_SET_NULL,
    MODEL_SET_DEFAULT
};

struct model_foreign_key {
    struct str name;
    const uint32_t *columns;
    struct str ref_schema, ref_table;
    const struct str *ref_columns; /* as many as columns */
    uint32_t column_count;
    enum model_action on_delete, on_update;
    bool deferrable, initially_deferred;
};

struct model_check {
    struct str name;
    struct str sql;        /* PostgreSQL text of the condition */
    struct str sqlite_sql; /* the same for the embedded engine */
};

struct model_index {
    struct str name;
    bool unique;
    struct str sqlite_sql; /* whole CREATE INDEX of the embedded engine; empty on PostgreSQL */
    struct str sql;
};

struct model_table {
    struct str schema, name;
    bool is_view;
    bool insertable, updatable, deletable;
    struct str comment;
    struct str view_sql;    /* PostgreSQL text */
    struct str view_sqlite; /* the embedded engine's */
    struct model_column *columns;
    uint32_t column_count;
    struct model_key *keys; /* the primary key first, if there is one */
    uint32_t key_count;
    struct model_foreign_key *foreign_keys;
    uint32_t foreign_key_count;
    struct model_check *checks;
    uint32_t check_count;
    struct model_index *indexes;
    uint32_t index_count;
    struct str sqlite_name; /* embedded: "table" for public, else "schema.table" */
    /* Embedded: the primary key is SQLite's rowid. SQLite makes up a value when it is given none or
     * NULL, so whoever inserts writes default_sqlite itself, and refuses NULL when there is none. */
    bool rowid_pk;
};

struct model_enum {
    struct str schema, name;
    const struct str *labels;
    uint32_t label_count;
};

struct model_sequence {
    struct str schema, name;
    int64_t start, increment, min, max;
    bool cycle;
    struct str owned_table, owned_column; /* may be empty */
};

enum model_volatility { MODEL_IMMUTABLE, MODEL_STABLE, MODEL_VOLATILE };
enum model_result {
    MODEL_RESULT_VOID,
    MODEL_RESULT_SCALAR, /* row has one column, the value */
    MODEL_RESULT_RECORD, /* of columns that only a call knows; row has one column, the record as JSON */
    MODEL_RESULT_ROW,
};

/* What a caller gives: arguments IN, INOUT and VARIADIC. */
struct model_argument {
    struct str name; /* empty: it has none */
    struct type type;
    bool has_default;
    bool is_variadic; /* the last one; type is an array */
};

/* A function of the database that can be called from outside. PostgreSQL only. */
struct model_function {
    struct str schema, name, comment;
    struct model_argument *arguments;
    uint32_t argument_count;
    enum model_result result;
    bool returns_set;
    enum model_volatility volatility;
    /* The columns of what it returns: a table of this model, or one that stands for the result alone
     * and is not in the list of tables; without columns when it is void. */
    struct model_table *row;
};

struct model {
    struct arena *arena;
    struct model_table *tables; /* sorted by schema, name */
    uint32_t table_count;
    struct model_enum *enums;
    uint32_t enum_count;
    struct model_sequence *sequences;
    uint32_t sequence_count;
    struct model_function *functions; /* by schema, name; those of one name as they were made */
    uint32_t function_count;
    const struct str *schemas; /* made by CREATE SCHEMA; "public" is always there and not listed */
    uint32_t schema_count;
};

struct model *model_new(void);        /* empty */
void model_free(struct model *model); /* NULL is safe */
/* NULL when absent. */
struct model_table *model_find_table(const struct model *model, struct str schema, struct str name);
struct model_column *model_find_column(const struct model_table *table, struct str name);
const struct model_key *model_primary_key(const struct model_table *table); /* NULL: none */

/* How the embedded engine remembers its model between starts: JSON text, versioned. */
void model_write_json(struct buf *out, const struct model *model);
MUST_CHECK bool model_read_json(struct str text, struct model **out, struct err *err);

#endif
