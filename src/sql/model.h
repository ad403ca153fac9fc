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

/*
 * Access rules, as the migrations state them. Roles are named by name: one that is dropped leaves
 * nothing behind. On PostgreSQL the database enforces its own, and none of this is filled in.
 * schema/access.h answers questions from it.
 */

/* What a role may do with an object: bits of struct model_grant. */
enum {
    MODEL_MAY_SELECT = 1 << 0,
    MODEL_MAY_INSERT = 1 << 1,
    MODEL_MAY_UPDATE = 1 << 2,
    MODEL_MAY_DELETE = 1 << 3,
    MODEL_MAY_TRUNCATE = 1 << 4,
    MODEL_MAY_REFERENCES = 1 << 5,
    MODEL_MAY_TRIGGER = 1 << 6,
    MODEL_MAY_USAGE = 1 << 7,   /* schemas, sequences, types */
    MODEL_MAY_CREATE = 1 << 8,  /* schemas */
    MODEL_MAY_EXECUTE = 1 << 9, /* functions */
};

/* The role that migrations run as, and that owns what they make unless they say otherwise. */
#define MODEL_OWNER STR("postgres")

struct model_role {
    struct str name;
    /* Of ours, and no migration has made it yet: anon, authenticated, service_role, postgres. */
    bool is_implied;
    bool is_superuser, bypasses_rls, inherits, can_login;
    bool can_create_db, can_create_role, can_replicate;
    const struct str *member_of; /* GRANT ... TO this one */
    uint32_t member_of_count;
    struct str comment;
};

struct model_grant {
    struct str role;   /* empty: PUBLIC */
    struct str column; /* of a table or view; empty: the whole object */
    int64_t rights;    /* MODEL_MAY_... */
    int64_t grantable; /* those of them that the role may grant further */
};

/* Who may do what with one object. */
struct model_acl {
    struct str owner; /* empty: MODEL_OWNER */
    /* A migration has granted or revoked something here, or default privileges have: then grants
     * are all there is, beside the owner, who may do everything. Otherwise it is as PostgreSQL has
     * it for a new object: functions to PUBLIC, everything else to nobody but the owner. */
    bool is_stated;
    struct model_grant *grants; /* one for each role and column */
    uint32_t grant_count;
};

/* ALTER DEFAULT PRIVILEGES for what the owner makes. */
struct model_default_acl {
    struct str schema; /* empty: in all */
    struct str kind;   /* "tables" (also views), "sequences", "functions", "schemas" or "types" */
    struct model_acl acl;
};

/* The grants on a schema, also on "public"; one without an entry is not stated. */
struct model_schema_acl {
    struct str schema;
    struct model_acl acl;
};

#define MODEL_PATH_MAX 16 /* schemas of a search_path */

enum model_command {
    MODEL_FOR_ALL,
    MODEL_FOR_SELECT,
    MODEL_FOR_INSERT,
    MODEL_FOR_UPDATE,
    MODEL_FOR_DELETE,
};

/* What a text asks of the request that it runs for: bits of reads. */
enum {
    MODEL_READS_ROLE = 1 << 0,    /* current_user, auth.role() */
    MODEL_READS_CLAIMS = 1 << 1,  /* auth.uid(), auth.jwt(), request.jwt.claims */
    MODEL_READS_HEADERS = 1 << 2, /* request.headers */
    MODEL_READS_COOKIES = 1 << 3, /* request.cookies */
    MODEL_READS_REQUEST = 1 << 4, /* request.method, request.path */
};

/* A table or view that the sub-selects of a policy, or a view, read. */
struct model_reference {
    struct str schema, table;
    const struct str *columns; /* none: no column in particular, as count(*) */
    uint32_t column_count;
};

/*
 * Texts for SQLite that depend on who asks are kept with marks, which only access.h resolves:
 *   \x01                     stands for the alias of the policy's own table: \x01."id"
 *   \x02schema\x03name\x02    a table or view in FROM, to be replaced by what the caller sees of it
 * No identifier or literal in them has these bytes: such policies are refused when they are loaded.
 */
struct model_policy {
    struct str name;
    bool is_restrictive;
    enum model_command command;
    const struct str *roles; /* none: PUBLIC */
    uint32_t role_count;
    struct str using_sql, check_sql;       /* PostgreSQL text; empty: not given */
    struct str using_sqlite, check_sqlite; /* the same for the embedded engine, with marks */
    const struct str *path;                /* where its texts look for names without schema */
    uint32_t path_count;
    int64_t reads; /* MODEL_READS_... */
    struct model_reference *references;
    uint32_t reference_count;
    /* So many of them, plus one, are those of USING, the others of WITH CHECK; 0: recorded by a
     * version that did not tell, and any may be of both. */
    int64_t reference_split;
};

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
    /* Embedded, of a view through which rows can be written: the column of what it stands on that
     * this one simply is; or else its value, with the marks of struct model_policy, \x01 for a row
     * of that. */
    struct str from_column, value_sqlite;
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
    int64_t number; /* embedded: those made later have higher ones */
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
    /* Embedded: the vectors of an index for full text search, which has a table of candidates
     * (sql/ddl.h); none: it has none. Of a column to_tsvector() is written as sql/expr_search.c
     * does. */
    const struct str *search;
    uint32_t search_count;
};

struct model_table {
    struct str schema, name;
    bool is_view;
    bool is_partitioned; /* PostgreSQL: its rows are in other tables */
    bool has_heirs; /* PostgreSQL: rows of other tables are among its own, which no key covers */
    bool insertable, updatable, deletable;
    struct str comment;
    struct str view_sql; /* PostgreSQL text */
    struct str
        view_fixed; /* embedded: why PostgreSQL would not write through it; empty: it would */
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
     * NULL, so whoever inserts writes default_sqlite itself, and refuses NULL when there is
     * none. */
    bool rowid_pk;

    struct model_acl acl;
    bool rls_enabled, rls_forced;  /* ROW LEVEL SECURITY; forced: the owner too */
    struct model_policy *policies; /* in order of their names, which is that of PostgreSQL */
    uint32_t policy_count;
    /* Views only. What they read is checked as their owner, or, with security_invoker, as the
     * caller. */
    bool security_invoker, security_barrier;
    struct str view_marked; /* view_sqlite with the marks of struct model_policy; may be empty */
    int64_t view_reads;
    struct model_reference *references;
    uint32_t reference_count;
    /* Embedded, of a view through which rows can be written: the one table or view that it stands
     * on, empty when it has none; and which rows of that it shows, with marks as value_sqlite,
     * empty: all. Source: PostgreSQL 15, CREATE VIEW, "Updatable Views". */
    struct str from_schema, from_table, where_sqlite;
    bool checks_rows;  /* WITH CHECK OPTION: what is written must be seen through it */
    bool checks_below; /* CASCADED: and through the views below, whatever they say themselves */
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
    struct model_acl acl;
};

/* The column of a function's result that is no row, as the header of CSV has it. */
#define MODEL_VALUE_COLUMN "pgrst_scalar"

/* Settings that code may ask for: any, and of these the ones that tell of the request. */
enum {
    MODEL_ASKS_ANYTHING = 1,
    MODEL_ASKS_METHOD = 2,
    MODEL_ASKS_PATH = 4,
    MODEL_ASKS_HEADERS = 8,
    MODEL_ASKS_COOKIES = 16,
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
    bool is_variadic;          /* the last one; type is an array */
    struct str default_sqlite; /* embedded */
};

/* A setting that a role or a function of PostgreSQL brings along. */
struct model_setting {
    struct str name, value;
};
struct model_settings {
    struct str role; /* whose they are; of a function empty */
    struct str
        isolation; /* default_transaction_isolation, which isn't among the items; may be empty */
    const struct model_setting *items;
    uint32_t count;
};

/* One statement of a function's body. */
struct model_statement {
    struct str sql;  /* embedded: see sql/body.h; RETURNING when it gives the result */
    struct str kind; /* "SELECT", "INSERT", "UPDATE" or "DELETE" */
    struct str table_schema, table_name; /* what it writes; empty for SELECT */
    const struct str *sets; /* columns that an INSERT or UPDATE gives a value; none: not known */
    uint32_t set_count;
    const struct str *merges; /* those that ON CONFLICT DO UPDATE does */
    uint32_t merge_count;
    bool is_blind; /* reads no column of what it writes, so that no policy for SELECT counts */
};

/* A function of the database that can be called from outside. */
struct model_function {
    struct str schema, name, comment;
    uint32_t oid; /* PostgreSQL's */
    struct model_argument *arguments;
    uint32_t argument_count;
    enum model_result result;
    bool returns_set;
    enum model_volatility volatility;
    /* The columns of what it returns: a table of this model, or one that stands for the result
     * alone and is not in the list of tables; without columns when it is void. */
    struct model_table *row;
    struct model_acl acl;           /* embedded */
    struct model_settings settings; /* SET in its definition */
    /* Embedded only. */
    struct str sql;         /* the statement that made it: PostgreSQL's text */
    const struct str *path; /* where it looks for names without schema */
    uint32_t path_count;
    bool is_strict;  /* NULL for an argument is NULL for the result, and nothing runs */
    bool is_definer; /* runs with the rights of its owner */
    bool writes;     /* its body changes rows or sequences */
    int64_t reads;   /* MODEL_READS_... */
    struct model_reference *references; /* what its body reads */
    uint32_t reference_count;
    struct model_statement *statements; /* run in order; the last one gives the result */
    uint32_t statement_count;
    struct str row_schema, row_name; /* of row, when it is a table's */
    struct model_table *own_row;     /* row, when it is no table's */
    uint32_t own_row_count;
    /* A function of a row: the table whose rows it takes. It isn't called, but stands in
     * model.computed; its one statement has the marks of struct model_policy, \x01 for the row. */
    struct str of_schema, of_name;
    bool is_single; /* ROWS 1 */
};

/* A function whose only argument is a row of table: a column that is computed, or, when it gives
 * rows of a table, a relationship to that. */
struct model_computed {
    struct str schema, name;
    const struct model_table *table;
    const struct model_table *target; /* whose rows it gives; NULL: a value */
    struct type type;
    bool returns_set;
    bool is_single;                        /* at most one row */
    const struct model_function *function; /* embedded */
};

/*
 * What makes an answer in a media type of its own, on PostgreSQL: an aggregate over the rows of a
 * table, or of any; or a function whose value is that answer.
 */
struct model_handler {
    struct str target_schema,
        target;              /* the table, or the function itself; empty: rows of any kind */
    struct str media_type;   /* what asks for it, in lower case; any type by its wildcard */
    struct str content_type; /* what the answer is then */
    struct str schema, name; /* the aggregate, or the domain that is the value's type */
    bool is_value;           /* name is a domain */
    bool is_bytes;           /* of bytea */
    bool is_jsonb;           /* of jsonb */
    bool is_geojson;         /* PostGIS's function of a row, for each feature */
};

struct model {
    struct arena *arena;
    struct model_table *tables; /* sorted by schema, name */
    uint32_t table_count;
    struct model_enum *enums;
    uint32_t enum_count;
    struct model_sequence *sequences;
    uint32_t sequence_count;
    struct model_function *functions; /* by schema, name, arguments */
    uint32_t function_count;
    /* By table; of one table those first that an unqualified name finds first. */
    struct model_computed *computed;
    uint32_t computed_count;
    struct model_handler *handlers; /* by target_schema, target, media_type */
    uint32_t handler_count;
    const struct str *schemas; /* made by CREATE SCHEMA; "public" is always there and not listed */
    uint32_t schema_count;
    struct model_role *roles; /* those that are implied first */
    uint32_t role_count;
    struct model_schema_acl *schema_acls;
    uint32_t schema_acl_count;
    struct model_default_acl *default_acls;
    uint32_t default_acl_count;
    /* PostgreSQL only: ALTER ROLE ... SET, by name of role; what code in the database asks for
     * (MODEL_ASKS_...), and whether any sets what becomes part of the answer, or any setting at
     * all. */
    const struct model_settings *role_settings;
    uint32_t role_settings_count;
    int64_t asks;
    bool sets_response, sets_anything;
    bool has_anon; /* PostgreSQL: migrations have rules, and requests without a token run as anon */
    bool
        has_no_rules; /* PostgreSQL: it is certain that no migration has any, nor a table policies */
};

/* Embedded: one of the vectors of an index for full text search, and the table that both are of. */
struct model_search {
    const struct model_table *table;
    const struct model_index *index;
    uint32_t key;
};

struct model *model_new(void);        /* empty, but for the roles that are implied */
void model_free(struct model *model); /* NULL is safe */
/* Embedded: a name of SQLite's row number that no column of the table hides; NULL: there is
 * none. */
const char *model_rowid_name(const struct model_table *table);
/* Embedded: what an index's table of candidates is called. */
void model_write_search_name(struct buf *out, const struct model_table *table,
                             const struct model_index *index);
/* Embedded: the index that has vector, which is text as model_index.search; false: none has. */
bool model_find_search(const struct model_table *table, struct str vector,
                       struct model_search *out);
/* Embedded: " IN (SELECT ...": a row's number is that of a candidate for query, a tsquery's
 * text. */
void model_write_candidates(struct buf *out, const struct model_search *search, struct str query);
/* NULL when absent. */
struct model_table *model_find_table(const struct model *model, struct str schema, struct str name);
struct model_column *model_find_column(const struct model_table *table, struct str name);
const struct model_key *model_primary_key(const struct model_table *table); /* NULL: none */
/* Embedded: points each function's row to where it is now, and makes model.computed anew; after
 * tables were moved. False: a table is not there. */
MUST_CHECK bool model_settle_functions(struct model *model);

struct model_role *model_find_role(const struct model *model, struct str name);
/* NULL: nothing was stated about the schema. */
const struct model_acl *model_find_schema_acl(const struct model *model, struct str schema);
struct str model_owner(const struct model_acl *acl);

/* How the embedded engine remembers its model between starts: JSON text, versioned. */
void model_write_json(struct buf *out, const struct model *model);
MUST_CHECK bool model_read_json(struct str text, struct model **out, struct err *err);

#endif
