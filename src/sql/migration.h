/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a migration's PostgreSQL text to what the embedded engine has to do.
 *
 * The text is parsed with PostgreSQL's own parser. Each statement either changes the model and
 * becomes SQLite statements, or is refused with file:line:column, the statement and the way out.
 * COPY ... FROM stdin data, which the parser does not take, is split off first. A plain pg_dump
 * (--inserts or COPY) passes: SET, SELECT pg_catalog.set_config, setval, OWNER TO and the like do
 * nothing or what they must.
 *
 * This module runs nothing: it hands steps to a sink, in order, inside the caller's transaction.
 */
#ifndef CAIRN_SQL_MIGRATION_H
#define CAIRN_SQL_MIGRATION_H

#include "sql/model.h"

/* What the caller does for one step. rows (may be 0) are executed with the same statement. */
struct migration_step {
    struct str sql;             /* SQLite */
    const struct value *params; /* row_count x param_count */
    uint32_t param_count, row_count;
    struct str file; /* where it comes from, for errors */
    uint32_t line, column;
    const uint32_t *row_lines;        /* the line of each row, when there are several; else NULL */
    const struct model_table *target; /* what it writes, for errors; may be NULL */
};

struct migration_sink {
    /* Runs one step; false stops the migration, with err set. */
    bool (*run)(void *ctx, const struct migration_step *step, struct err *err);
    void *ctx;
};

/*
 * Translates the whole text, applying each statement to *model as it goes and handing the steps to
 * sink. On failure *model is in an undefined state, good for model_free only. err is of kind
 * ERR_MIGRATION, its message begins with "FILE:LINE:COLUMN: ", its hint is the way out.
 */
MUST_CHECK bool migration_translate(struct str file_name, struct str text, struct model *model,
                                    const struct migration_sink *sink, struct err *err);

#endif
