/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing through views, on the embedded engine: what a view's columns and conditions are in terms
 * of the one table whose rows it shows, and what whoever reads below it must be allowed.
 *
 * A statement that writes a view is written for its base table (schema_table.view). The caller
 * needs the rights on the view; below each view its owner needs them, or, with security_invoker,
 * the caller. The policies that count are those of the base table for whoever writes there:
 * access_view_writer. Source: PostgreSQL 15, rewrite/rewriteHandler.c, rewriteTargetView().
 *
 * view is always a table of the snapshot whose view member is set. caller NULL: there are no rules.
 */
#ifndef CAIRN_SCHEMA_ACCESS_VIEW_H
#define CAIRN_SCHEMA_ACCESS_VIEW_H

#include "schema/access.h"

/* One writing: where it goes, and what the row of the base table is called. */
struct access_view_text {
    const struct schema *schema;
    const struct schema_role *caller;
    const struct schema_table *view;
    struct str alias;
    struct buf *out;
    int64_t *reads; /* MODEL_READS_... are added */
};

/* As whom the view reads what its columns ask: its owner, or, with security_invoker, the caller. */
const struct schema_role *access_view_reader(const struct schema *schema,
                                             const struct schema_role *caller,
                                             const struct schema_table *view);
/* As whom the base table is written. */
const struct schema_role *access_view_writer(const struct schema *schema,
                                             const struct schema_role *caller,
                                             const struct schema_table *view);
/* The value of the view's column. */
MUST_CHECK bool access_view_write_column(const struct access_view_text *t,
                                         const struct model_column *column, struct err *err);
/* Whether level (of schema_view.levels) leaves out rows by itself, and the condition by which it
 * does. */
bool access_view_has_where(const struct schema_table *view, uint32_t level);
MUST_CHECK bool access_view_write_where(const struct access_view_text *t, uint32_t level,
                                        struct err *err);
/* Whether what is written has to be seen through level: WITH CHECK OPTION. */
bool access_view_checks(const struct schema_table *view, uint32_t level);

struct access_view_need {
    int64_t set_rights, rights; /* MODEL_MAY_...: on the columns set, or on any; and on the whole */
    const struct model_column *const *columns; /* of the view */
    uint32_t column_count;
    bool reads;   /* the statement reads columns of the view */
    bool filters; /* it works on rows that the view shows, or checks that it shows them */
};
/* 42501, of the first table or view below that refuses it. */
MUST_CHECK bool access_view_may(const struct schema *schema, const struct schema_role *caller,
                                const struct schema_table *view,
                                const struct access_view_need *need, struct err *err);

#endif
