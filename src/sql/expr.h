/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expressions and queries: PostgreSQL's tree to SQLite's text.
 *
 * Types are inferred as PostgreSQL does, as far as the embedded engine has them, so that values
 * compare and compute as they do there; what has no exact counterpart is refused. An expression
 * comes in both texts: for SQLite, and as PostgreSQL prints it from its catalogs.
 */
#ifndef CAIRN_SQL_EXPR_H
#define CAIRN_SQL_EXPR_H

#include "sql/apply.h"

struct expr {
    struct str sql;
    struct str pg;
    struct type type; /* TYPE_UNKNOWN: an untyped literal or NULL */
    bool is_const;
    struct value value; /* of a constant, in the type's normal form */
    /* It is simply this column. */
    struct str base_schema, base_table, base_column;
    struct str name; /* what PostgreSQL calls the output column; empty: ?column? */
    bool is_column;
    bool is_cast; /* to another type, be it with the same text */
};

struct scope_column {
    struct str name;
    struct type type;
    struct str base_schema, base_table, base_column;
    bool is_merged; /* by USING: only found with its qualifier */
    /* Of a view that is written: what it is in terms of a row of its table, which \x01 stands
     * for. */
    struct str value;
};

/* One item of FROM. */
struct scope_item {
    struct str alias;
    struct str schema; /* of a table without alias */
    struct str table;
    struct scope_column *columns;
    uint32_t column_count;
    bool is_unqualified;              /* its columns are written without qualifier */
    bool is_hidden;                   /* found by its alias only (EXCLUDED) */
    bool is_policy_row;               /* the table of the policy that is translated */
    uint32_t reference;               /* its place in marks, from 1; 0: none */
    const struct model_table *target; /* what the statement writes; NULL: it only reads this */
    const struct model_table *model;  /* the table that it is; NULL: a view or a query */
    struct str target_name;           /* of target: what SQLite calls the table that is written */
    struct scope_item *next;
};

/* How a query of WITH may be read while it is translated itself. */
enum cte_state {
    CTE_WHOLE,       /* it is done */
    CTE_FIRST_TERM,  /* WITH RECURSIVE: not at all */
    CTE_SECOND_TERM, /* once, in FROM of the term itself */
};

struct scope_cte {
    struct str name;
    struct str sqlite_name; /* which no table has */
    struct scope_column *columns;
    uint32_t column_count;
    const struct json *column_names; /* of WITH name(a, b); NULL: none */
    enum cte_state state;
    uint32_t uses; /* in the second term */
    struct scope_cte *next;
};

struct scope {
    struct scope_item *items;
    struct scope_item **last;
    struct scope_cte *ctes;
    struct scope *outer;
    bool *is_read; /* set when a column is found here; NULL: nobody asks */
};

/* While a grouped query's outputs are checked: what it groups by, and the columns found that are
 * neither that nor inside an aggregate. */
struct grouping {
    const struct expr *items;
    uint32_t count;
    const struct scope *scope;
    uint32_t ungrouped;
    struct str column; /* the first one */
    size_t location;
};

/* What a text that depends on who asks is made of: see struct model_policy. */
struct marks {
    bool in_policy;    /* names inside begin with "p:", so that none hides what is outside */
    bool as_owner;     /* tables are read with all rights, by their names */
    bool is_body;      /* a function that is called from outside: it may set settings */
    bool sets;         /* and does, so that what they are is asked again each time */
    bool reads_target; /* a column of what the statement at hand writes was read */
    /* Of the statement at hand: the columns that it sets, and those that ON CONFLICT sets. */
    struct str *set_columns, *merge_columns;
    uint32_t set_count, merge_count;
    bool is_refused;            /* a name or text has a byte that stands for a mark */
    int64_t reads;              /* MODEL_READS_... */
    struct model_reference own; /* columns of the policy's own table */
    struct model_reference *references;
    uint32_t count, cap;
};

struct expr_context {
    struct apply *a;
    struct marks *marks; /* NULL: tables are written by their names */
    struct scope *scope; /* NULL: no columns */
    /* In the body of a function that stands for a call: names inside begin with this number, so
     * that none hides what the call's arguments name. */
    uint32_t inlined;
    const char *place;   /* for messages: "a default" */
    bool immutable_only; /* generated columns, indexes */
    bool allow_query;    /* subqueries */
    bool allow_empty; /* the query that comes may be without columns: EXISTS asks for rows only */
    bool allow_aggregate;
    bool in_aggregate;
    bool has_aggregate;        /* set when one was seen */
    struct grouping *grouping; /* NULL: nothing to check */
    struct str sequence;       /* set to the one that nextval() draws from */
    const struct type *into;   /* INSERT ... SELECT: what literals in the select list become */
    uint32_t into_count;
    struct scope_cte *recursive; /* the query of WITH RECURSIVE that comes is this one */
    uint32_t nullable;           /* in FROM: how many outer joins may have no row from here */
    uint32_t nested;             /* in FROM: how many joins have this one on their right side */
    uint32_t depth;
};

struct query {
    struct str sql;
    struct str name;      /* of the first column, for a scalar subquery's name */
    struct expr *columns; /* name, type and base of each */
    uint32_t column_count;
};

/* The arguments that a function's body can name. */
struct expr_parameter {
    struct str name;
    struct expr value; /* what stands for it */
    uint32_t uses;
};
struct expr_parameters {
    struct str function;
    struct expr_parameter *items;
    uint32_t count;
    struct scope_item *row; /* of a function of a row: its argument; NULL otherwise */
};

enum coercion { COERCE_IMPLICIT, COERCE_ASSIGN, COERCE_EXPLICIT };

MUST_CHECK bool expr_translate(struct expr_context *x, const struct json *node, struct expr *out);
/* Brings e to the type, or fails with 42804 (assignment) or 42846. */
MUST_CHECK bool expr_coerce(struct expr_context *x, struct expr *e, const struct type *to,
                            enum coercion mode, size_t location);
bool expr_can_coerce(const struct type *from, const struct type *to, enum coercion mode);
/* translate and coerce to boolean; where names the clause in the error. */
MUST_CHECK bool expr_condition(struct expr_context *x, const struct json *node, const char *clause,
                               struct expr *out);
/* The type that all of them come to (CASE, UNION, VALUES...), and the coercion of each to it. */
MUST_CHECK bool expr_common(struct expr_context *x, struct expr *list, uint32_t count,
                            const char *what, size_t location, struct type *out);
/* "col" in "table" context: a scope of one table whose columns stand without qualifier. */
void expr_table_scope(struct apply *a, const struct model_table *table, struct scope *scope);
struct scope_item *scope_add_table(struct apply *a, struct scope *scope,
                                   const struct model_table *table, struct str alias);

/* A list of nodes, into an array in a->tmp. */
MUST_CHECK bool expr_list(struct expr_context *x, const struct json *first, struct expr **out,
                          uint32_t *count);
void expr_column(struct expr_context *x, const struct scope_item *item,
                 const struct scope_column *column, struct expr *out);
/* Whether the engine can tell the column from the others of its item, as it doesn't by case; or
 * fails. */
MUST_CHECK bool expr_column_is_one(struct expr_context *x, const struct scope_item *item,
                                   const struct scope_column *column, size_t location);
/* A ColumnRef, looked up in the scopes. */
MUST_CHECK bool expr_column_ref(struct expr_context *x, const struct json *body, struct expr *out);
MUST_CHECK bool expr_parameter_ref(struct expr_context *x, const struct json *body,
                                   struct expr *out);
bool expr_is_grouped(const struct grouping *grouping, struct str sql);
void expr_const(struct apply *a, const struct type *type, const struct value *value,
                struct expr *out);
void expr_write_literal(struct buf *out, const struct value *value);
/* Ordering and equality need this behind the left operand: " COLLATE cairn_numeric", or empty. */
struct str expr_collation(const struct type *type);

/* expr_op.c */
/* An enum, or an array of one. */
bool expr_has_labels(const struct type *type);
/* What their values are ordered by: the places of the labels. */
struct str expr_enum_position(struct expr_context *x, const struct expr *e);
/* How PostgreSQL prints it as an operand: varchar with the cast to text that operators need. */
struct str expr_pg_operand(struct expr_context *x, const struct expr *e);
MUST_CHECK bool expr_operator(struct expr_context *x, const struct json *body, struct expr *out);
MUST_CHECK bool expr_binary(struct expr_context *x, struct str op, struct expr *left,
                            struct expr *right, size_t location, struct expr *out);
/* Common type for a comparison; coerces both. */
MUST_CHECK bool expr_comparable(struct expr_context *x, struct expr *left, struct expr *right,
                                struct str op, size_t location);
/* expr_array.c: an array as the literal of one. */
MUST_CHECK bool expr_array(struct expr_context *x, const struct json *body, struct expr *out);
/* expr_search.c: full text search */
bool search_is_function(struct str name);
MUST_CHECK bool search_function(struct expr_context *x, const struct json *body, struct str name,
                                struct expr *out);
/* @@, and || of vectors; *found is false when it is neither. */
MUST_CHECK bool search_operator(struct expr_context *x, struct str op, struct expr *left,
                                struct expr *right, size_t location, bool *found, struct expr *out);
/* expr_candidates.c: where the search in a WHERE that is written next has an index, that the row is
 * one that it finds, with AND behind it; else nothing. */
void search_narrow(struct expr_context *x, const struct json *where, struct buf *out);
/* expr_func.c */
MUST_CHECK bool expr_function(struct expr_context *x, const struct json *body, struct expr *out);

/* function.c: functions of the schema */

/* Every body of the function, for the engine. Its statements go to function->statements. */
MUST_CHECK bool function_translate(struct apply *a, struct model_function *function);
/* The same of a function of a row. */
MUST_CHECK bool function_translate_row(struct apply *a, struct model_function *function);
/* A column of the row that the function's body is about; and $1.name, (argument).name. */
MUST_CHECK bool expr_row_field(struct expr_context *x, struct str name, size_t location,
                               struct expr *out);
MUST_CHECK bool expr_indirection(struct expr_context *x, const struct json *body, struct expr *out);
/* A call among expressions; *found is false when the schema has no function of this name. */
MUST_CHECK bool function_call(struct expr_context *x, const struct json *call, bool *found,
                              struct expr *out);
/* A call in FROM: its rows as a query, columns named as the function names them. */
MUST_CHECK bool function_rows(struct expr_context *x, const struct json *call, bool *found,
                              struct query *out);

/* The sequence that the literal in a call of nextval() or setval() names: schema.name. */
MUST_CHECK bool expr_sequence(struct expr_context *x, const struct json *node, struct str *out);

/* aggregate.c: aggregate and window functions */
bool aggregate_is_known(struct str name);
MUST_CHECK bool aggregate_translate(struct expr_context *x, const struct json *body,
                                    struct str name, struct expr *out);

/* apply_write.c */
/* alias: what the row that is changed is called; is_upsert: it was found by an INSERT. */
MUST_CHECK bool apply_write_set(struct expr_context *x, const struct model_table *table,
                                const struct json *first, struct str alias, bool is_upsert,
                                struct buf *out);
MUST_CHECK bool apply_write_where(struct expr_context *x, const struct json *node, struct buf *out);
/* SQLite makes a value up where its row id is NULL: this fails instead. */
void apply_write_not_null(struct buf *out, const struct model_table *table,
                          const struct model_column *column, struct str sql);
/* A statement that writes, without RETURNING, as one of SQLite's. WITH is the caller's. */
MUST_CHECK bool update_translate(struct expr_context *x, const struct json *body,
                                 struct model_table *table, struct buf *out);
MUST_CHECK bool delete_translate(struct expr_context *x, const struct json *body,
                                 struct model_table *table, struct buf *out);
/* Of a migration: whether an ON UPDATE of a foreign key would have to act, which it can't. */
MUST_CHECK bool update_check_references(struct apply *a, const struct model_table *table,
                                        const struct json *targets);
/* What deleting rows of the table does to those that point to them, and so on. */
MUST_CHECK bool delete_cascade(struct apply *a, const struct model_table *table, uint32_t depth);
/* apply_insert.c */
MUST_CHECK bool insert_translate(struct expr_context *x, const struct json *body,
                                 struct model_table *table, struct buf *out);

/* expr_caller.c: who asks, and marks */
/* current_user, session_user and their kin; false with *found false when op is none of them. */
MUST_CHECK bool caller_value_function(struct expr_context *x, const struct json *body,
                                      struct expr *out, bool *found);
/* auth.uid() and its kin. */
MUST_CHECK bool caller_auth_function(struct expr_context *x, const struct json *body,
                                     struct str name, struct expr *out);
MUST_CHECK bool caller_current_setting(struct expr_context *x, const struct json *body,
                                       struct str name, struct expr *out);
MUST_CHECK bool caller_set_config(struct expr_context *x, const struct json *body, struct str name,
                                  struct expr *out);
void marks_add_table(struct expr_context *x, struct scope_item *item,
                     const struct model_table *table);
void marks_add_column(struct expr_context *x, const struct scope_item *item, struct str column);
/* A table in FROM, by its mark or its name. */
void marks_write_table(struct expr_context *x, const struct model_table *table, struct buf *out);
/* An alias, quoted. */
void marks_write_alias(struct expr_context *x, const struct scope_item *item, struct buf *out);
void marks_write_name(struct expr_context *x, struct str alias, struct buf *out);
/* The text with each table by its name. */
struct str marks_strip(struct arena *arena, const struct model *model, struct str text);
/* What the text reads, kept with the model. */
void marks_keep(struct apply *a, const struct marks *marks, struct model_reference **references,
                uint32_t *count);

#define VIEW_DEPTH_MAX 32 /* views on views */

/* view_row.c: views through which rows can be written */
/* Why PostgreSQL would not write through a view with this query; empty: it would. */
struct str view_fixed_reason(const struct json *select);
/* What the view makes of a row of the one table or view that it stands on. Its columns are
 * known. */
MUST_CHECK bool view_translate_row(struct apply *a, const struct json *select,
                                   struct model_table *view);
/* Whether the view may have the check option that it has: 0A000. */
MUST_CHECK bool view_check_option(struct apply *a, const struct model_table *view);
/*
 * What a statement of a function writes: a table, or (a->view) the one at the bottom of a view,
 * which the translation is then given. Names are those of the view.
 */
MUST_CHECK bool view_target_begin(struct apply *a, struct name name, size_t location,
                                  const char *verb, struct model_table **out);
/* The column of table that the statement calls so. */
MUST_CHECK bool view_target_column(struct apply *a, const struct model_table *table,
                                   struct str name, size_t location, uint32_t *out);
/* The columns that an INSERT without names means, in their order; columns has room for all of
 * table. */
uint32_t view_target_columns(struct apply *a, const struct model_table *table, uint32_t *columns);
/* Brings the row that is written into scope. */
struct scope_item *view_target_scope(struct apply *a, struct scope *scope,
                                     const struct model_table *table, struct str alias);
/* What a column of table gets that the statement leaves out. */
struct str view_target_default(const struct apply *a, const struct model_table *table,
                               const struct model_column *column);
/* How the statement calls the column of table. */
struct str view_target_name(const struct apply *a, const struct model_table *table,
                            const struct model_column *column);
/* Whether what it writes has to be seen through the view. */
bool view_target_checks(const struct apply *a);
/* What asks for that in RETURNING: PostgreSQL asks when the table has taken the row. */
void view_target_write_seen(struct apply *a, const struct model_table *table, struct buf *out);
/* A text of view's, with \x01 for a row of the table at the bottom. */
struct str view_target_settle(struct apply *a, const struct model_table *view, struct str text);
/* view_write.c: statements of a migration that write through a view */
enum view_write { VIEW_INSERT, VIEW_UPDATE, VIEW_DELETE };
bool view_write_is(struct apply *a, const struct json *range);
MUST_CHECK bool view_write(struct apply *a, const struct json *body, enum view_write kind);
/* In the end: which views can be written, which depends on those below. */
void view_settle(struct model *model);

/* query.c */
MUST_CHECK bool query_translate(struct expr_context *x, const struct json *select,
                                struct query *out);
/* A list of outputs, such as RETURNING has; sql stays empty. */
MUST_CHECK bool query_targets(struct expr_context *x, const struct json *first, struct query *out);
MUST_CHECK bool query_from(struct expr_context *x, const struct json *first, struct buf *out);
MUST_CHECK bool query_order(struct expr_context *x, const struct json *first, struct buf *out,
                            const struct query *outputs);
/* What a GROUP BY or ORDER BY item stands for: the number or name of an output, or an expression.
 * ORDER BY takes an output's name first, GROUP BY a column's. */
MUST_CHECK bool query_item(struct expr_context *x, const struct json *node,
                           const struct query *outputs, bool output_first, struct expr *out);
/* One item of ORDER BY. */
struct query_sort {
    struct expr value;
    struct str sql; /* what it is ordered by: the value, or the place of an enum's label */
    bool is_descending, has_nulls_first;
};
MUST_CHECK bool query_sort(struct expr_context *x, const struct json *node,
                           const struct query *outputs, struct query_sort *out);
/* What stands behind the value that is ordered by. */
void query_write_sort(const struct query_sort *sort, struct buf *out);
/* Whether a select list calls an aggregate or, with over, a window function; not in its
 * subqueries. */
bool query_calls_aggregate(const struct json *tree, bool over);
/* One arm of a UNION, as "SELECT ... FROM (...)" when it has clauses that a compound's arm can't
 * have. */
MUST_CHECK bool query_arm(struct expr_context *x, const struct json *body, struct query *out);
/* The second one: a literal in it that nobody gave a type has that of the first one's column. */
MUST_CHECK bool query_second_arm(struct expr_context *x, const struct json *body,
                                 const struct query *first, struct query *out);
/* The types that both arms come to. */
MUST_CHECK bool query_match_arms(struct expr_context *x, const struct query *left,
                                 const struct query *right, struct query *out);

/* query_with.c: WITH, and WITH RECURSIVE */
MUST_CHECK bool query_with(struct expr_context *x, const struct json *with, struct buf *out);
/* The query of WITH that the name means; NULL: none. levels is how many queries around the one at
 * hand. */
struct scope_cte *query_find_cte(const struct scope *scope, struct name name, uint32_t *levels);
/* Whether FROM may read it here; counts it. */
MUST_CHECK bool query_use_cte(struct expr_context *x, struct scope_cte *cte, uint32_t levels,
                              size_t location);
/* The two terms of x->recursive. */
MUST_CHECK bool query_recursion(struct expr_context *x, const struct json *body, struct query *out,
                                struct buf *sql);

/* query_distinct.c: DISTINCT ON. tail is what follows the select list, from FROM to HAVING. */
MUST_CHECK bool query_distinct_on(struct expr_context *x, const struct json *body,
                                  const struct query *outputs, struct str tail, struct buf *sql);

/*
 * query_lateral.c: the rows of a query that reads its neighbours in FROM. The item's columns are
 * then expressions (scope_column.value).
 */
void query_lateral(struct expr_context *x, const struct query *query, struct scope_item *item,
                   struct buf *out);

#endif
