/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From plan to SQL, in the dialect of an engine. This and the engines are the only places that
 * know a dialect.
 *
 * Values reach SQL as parameters only, identifiers only out of the snapshot (or quoted, as output
 * names). The result depends on the plan alone, so that it serves every request of the shape;
 * bind.h fills in the values.
 */
#ifndef CAIRN_REST_EMIT_H
#define CAIRN_REST_EMIT_H

#include "rest/plan.h"

enum emit_source {
    EMIT_SLOT,        /* the slot's text as type takes it */
    EMIT_LIST,        /* the slot's list, as one value */
    EMIT_ARRAY,       /* the slot's text as an array of type, as one value */
    EMIT_LIMIT,       /* the slot's number, at most max (0: no bound) */
    EMIT_TEXT,        /* text, as it is */
    EMIT_BODY_COLUMN, /* column number index of the payload's row */
    EMIT_BODY_HAS,    /* embedded: whether the payload's row has that column, 1 or 0 */
    EMIT_ROWIDS,      /* embedded: the numbers that main gave back, as JSON */
    EMIT_BODY_JSON,   /* PostgreSQL: the whole payload */
    EMIT_BODY_ARRAY,  /* PostgreSQL: column number index of all rows, as one value */
    EMIT_SEARCH, /* embedded: the slot's text as a tsquery: op says of which kind, text by which
                       * configuration (data NULL: the default) */
};

struct emit_param {
    enum emit_source source;
    uint32_t index; /* slot or column */
    const struct type *type;
    int64_t max;
    struct str text;
    enum api_op op;
};

struct emit_stmt {
    struct str sql;       /* data NULL: not there */
    struct str uncut_sql; /* db_stmt.uncut_sql, with the same parameters */
    struct emit_param *params;
    uint32_t param_count;
};

/* A statement of a function's body, and what it writes. */
struct emit_body_stmt {
    struct emit_stmt stmt;
    const struct model_table *target; /* NULL: it reads */
};

struct emit_output {
    /* An upsert on the embedded engine asks first which rows exist: once for each row. */
    struct emit_stmt existing;
    struct emit_stmt main;
    struct emit_stmt gathered; /* the same rows in another form, see emit_gather.c */
    struct db_bulk bulk;       /* main for all rows of the payload; sql.data NULL: not there */
    struct emit_stmt count;
    struct emit_stmt guess; /* PostgreSQL: the planner's, as EXPLAIN's JSON */
    /* The embedded engine's RETURNING neither sorts nor leaves out rows. Where that is wanted, main
     * gives back numbers of rows, and this shows them afterwards; or, of a delete, before it. */
    struct emit_stmt shown;
    /* main's rows end with one more column, true for a row that was inserted (PostgreSQL
     * upsert). */
    bool marks_inserted;
    /* A function is called once, so main counts too: its rows end with two more columns, true for a
     * row, and the number of all. Without a row it is null, and there is nothing but the number. */
    bool carries_total;
    /* A function of the embedded engine: what runs before main. The rows of the last one, when it
     * returns any, go to main where that has EMIT_ROWIDS, as an array of arrays. */
    struct emit_body_stmt *body;
    uint32_t body_count;
    bool body_returns;
    /* The caller may not: 42501, to be told when the values are known to be good, as PostgreSQL
     * does. The statements are not to be run then. NULL: he may. */
    struct err *denied;
    int64_t reads; /* MODEL_READS_...: what the statements ask of who asks */
};

/* The plan must outlive the output, which lives in arena. False: 413 when the SQL grows too big. */
MUST_CHECK bool emit_plan(enum db_dialect dialect, const struct plan *plan, struct arena *arena,
                          struct emit_output *out, struct err *err);

#endif
