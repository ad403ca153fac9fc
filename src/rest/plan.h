/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan: an API request resolved against the schema snapshot. Engine-neutral; it holds no
 * literal value, only the slots they are in, so that it serves every request of its shape.
 *
 * A plan lives in the arena it was made in and borrows from the snapshot.
 */
#ifndef CAIRN_REST_PLAN_H
#define CAIRN_REST_PLAN_H

#include "db/engine.h"
#include "rest/api.h"
#include "rest/payload.h"
#include "schema/schema.h"

struct plan_rel;

/* A column, or a place inside a JSON column. */
struct plan_field {
    const struct plan_rel *rel;
    const struct model_column *column;
    const struct model_computed *computed; /* the function that gives the column; NULL: the table */
    const struct api_json_step *steps;
    uint32_t step_count;
    const struct type *type; /* of the result */
};

/* PLAN_COUNT: "select=count", which counts the rows of its own level. PLAN_ROW: the row as a whole,
 * for count(). */
enum plan_column_kind { PLAN_FIELD, PLAN_EMBED, PLAN_COUNT, PLAN_ROW };

struct plan_column {
    enum plan_column_kind kind;
    const struct plan_rel *origin; /* where it is evaluated: below the one it is in, for a spread */
    struct str key;                /* in the answer */
    bool has_alias;                /* the request names the key */
    struct plan_field field;
    bool has_cast;
    struct type cast;
    struct str cast_name;         /* as SQL may name it */
    struct str form;              /* function that makes JSON of the field; empty: none */
    const struct plan_rel *embed; /* PLAN_EMBED */
    /* Over the rows of the level that the column is shown in, above those it is spread through. */
    enum api_aggregate aggregate;
    const struct type *aggregate_type; /* of the aggregate before its cast */
    bool has_aggregate_cast;
    struct type aggregate_cast;
    struct str aggregate_cast_name;
    const struct type *type; /* of the result; json for an embed */
};

enum plan_cond_kind { PLAN_COND_FILTER, PLAN_COND_AND, PLAN_COND_OR, PLAN_COND_EXISTS };

struct plan_cond {
    enum plan_cond_kind kind;
    bool negated;
    struct plan_field field;
    const struct api_filter *filter;
    const struct plan_rel *embed; /* PLAN_COND_EXISTS: it has a row */
    struct plan_cond *children;
    struct plan_cond *next;
};

struct plan_order {
    struct plan_field field;
    const struct plan_rel *via;      /* related order: through this to-one embed; NULL otherwise */
    const struct plan_column *shown; /* of via, when it shows the field; NULL: it doesn't */
    uint32_t place; /* of the column, counted from 1, that has it; 0: none need have it */
    bool descending, nulls_first;
    struct plan_order *next;
};

/* One argument of a call. */
struct plan_argument {
    const struct model_argument *argument;
    uint32_t slot;
    bool is_list; /* VARIADIC: the slot's list */
    bool as_json; /* the slot is {"v":VALUE}, which PostgreSQL turns into the type */
    bool is_null; /* of a STRICT function of the embedded engine: part of the shape */
};

/* A function that stands where a table would. */
struct plan_call {
    const struct schema_function *function;
    const struct plan_argument *arguments; /* those given, in the order of the function's */
    uint32_t argument_count;
    bool is_null; /* embedded: the function is STRICT and an argument is NULL, so nothing runs */
};

/* How rows of an embed come back; see plan_embed.h. */
enum plan_form { PLAN_JSON, PLAN_RECORD, PLAN_JOINED };

#define PLAN_NO_MARK UINT32_MAX

struct plan_rel {
    const struct schema_table *table;
    const struct plan_call *call; /* the root: its rows come out of a function; NULL otherwise */
    const struct schema_rel *rel; /* to the parent; NULL for the root */
    const struct plan_rel *parent;
    uint32_t number; /* unique in the plan; the root is 0 */
    struct str key;  /* alias or target */
    struct str target;
    bool is_to_one, is_inner, is_spread;
    bool is_grouped; /* has aggregates: its rows are groups by the other columns */
    enum plan_form form;
    /* A read of PostgreSQL may take its rows for all rows of the root at once: the place among
     * those of which that is true, counted from 1; 0: it may not. */
    uint32_t gather;
    uint32_t
        mark; /* PLAN_JOINED: the column that is null only without a row; PLAN_NO_MARK: none is,
                    * and one that is comes before the others */
    struct plan_column *columns;
    uint32_t column_count;
    struct plan_cond *conds; /* all ANDed */
    struct plan_order *order;
    uint32_t limit_slot, offset_slot;
    int64_t limit_fixed; /* limit_slot's number, part of the shape; 0: it isn't */
    bool is_offset_zero; /* offset_slot is 0, for all of the shape */
    int64_t rows_max;    /* 0: no bound */
    struct plan_rel *children;
    struct plan_rel *next;
};

static inline bool
plan_column_is_gathered(const struct plan_column *column)
{
    return column->kind == PLAN_EMBED && column->embed->gather > 0;
}

enum plan_action { PLAN_READ, PLAN_INSERT, PLAN_UPDATE, PLAN_DELETE };

struct plan {
    enum plan_action action;
    const struct schema *schema;
    const struct schema_role *role; /* whose rules count; NULL: those of the database, or none */
    struct plan_rel *root;
    /* An embed with an alias that was called by its target's name, and the two; data NULL: none
     * was. */
    struct str legacy_name, legacy_alias;
    bool nulls_stripped;        /* in embedded rows; those of the root are the encoder's */
    enum api_count count;       /* of all rows; what the engine has no guess for counts exactly */
    struct api_explain explain; /* of the statement that reads or writes */
    uint32_t gather_count;      /* relations with a place in plan_rel.gather */
    bool is_csv;                /* cells are texts */
    /* What makes one answer of all rows; NULL: the encoder does. */
    const struct model_handler *handler;
    /* What a write gives back. */
    bool returns_rows;       /* root->columns */
    struct plan_cond *shown; /* which of the rows: inner embeds; all ANDed, NULL: all */
    bool at_most_one;        /* the filters pin the primary key */
    /* PLAN_INSERT, PLAN_UPDATE: the columns written, in the order of the payload. */
    const struct model_column **columns;
    uint32_t column_count;
    bool missing_default;
    enum payload_way way; /* PostgreSQL */
    enum api_resolution resolution;
    const struct model_column **conflict; /* the conflict target */
    uint32_t conflict_count;
    /* What a write changes: root's table, and the columns and the conflict target as they are
     * there; but on the embedded engine, of a view, the table below it, as whose reader it is
     * written. */
    const struct schema_table *target;
    const struct schema_role *target_role; /* NULL: no rules */
    const struct model_column **target_columns, **target_conflict;
};

struct plan_input {
    const struct schema *schema;
    const struct schema_table *table;
    const struct plan_call *call; /* PLAN_READ: of a function, whose row is table; NULL: none */
    const struct api_request *api;
    const struct api_limits *limits;
    enum plan_action action;
    /* Keys of the payload, when columns= was not given. */
    const struct str *payload_keys;
    uint32_t payload_key_count;
    enum payload_way way;                /* PostgreSQL: how the payload goes there */
    const struct model_handler *handler; /* NULL: none */
    enum db_dialect dialect;             /* what the engine can't do is refused here */
    const struct schema_role *role;      /* the embedded engine: as whom the request runs */
    struct arena *arena;
};

/* plan_target.c: what an insert gives a column of the target that it leaves out, in the embedded
 * engine's SQL: the default of the column, or that which a view above has for it; empty: there is
 * none. */
struct str plan_left_out(const struct plan *plan, const struct model_column *column);

/* Errors: PGRST108, 118, 123, 127, 200, 201, 204, 42703, 42704, 42803, 42804, 42883, 0A000. */
MUST_CHECK bool plan_make(const struct plan_input *input, struct plan **out, struct err *err);

/* An update that sets no column: the database is not asked, so that such a plan may name columns
 * that are not there, and is not to be emitted. */
bool plan_asks_nothing(const struct plan *plan);

#endif
