/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows that a replayed job touches, noted by triggers, and what they say about its failure.
 */
#ifndef CAIRN_DB_SQLITE_CAPTURE_H
#define CAIRN_DB_SQLITE_CAPTURE_H

#include "db/sqlite/conn.h"

struct captured {
    const struct model_table *table;
    char event;              /* 'i', 'u' or 'd' */
    const struct value *old; /* as many as the table has columns; NULL for 'i' */
    const struct value *new; /* NULL for 'd' */
    struct captured *next;
};

struct capture {
    const struct model *model;
    bool is_on;
    struct arena *arena; /* of rows; the first ones are kept */
    struct captured *first, **end;
    unsigned count;
    struct arena *last_arena; /* of the last row */
    struct captured last;     /* table is NULL when there is none */
};

/* Installs triggers on the table, once for each connection. */
MUST_CHECK bool capture_watch(struct capture *capture, struct lite_conn *conn,
                              const struct model_table *table);
MUST_CHECK bool capture_open(struct capture *capture, struct lite_conn *conn);
void capture_close(struct capture *capture);
void capture_clear(struct capture *capture);

/* Which tables have to be watched: of the constraint that text (SQLite's) names, or all that a
 * foreign key's actions may reach from the target. False: unknown. */
MUST_CHECK bool reason_watch(struct capture *capture, struct lite_conn *conn, int rc,
                             struct str text, const struct model_table *target);
/*
 * Replaces err by PostgreSQL's words and details. is_applied: the statement's changes are in
 * effect, with a foreign key violated; else it was undone. viewer may be told of rows as far as he
 * sees them; NULL sees everything.
 */
void reason_find(struct capture *capture, struct lite_conn *conn, int rc,
                 const struct model_table *target, bool is_applied, const struct db_viewer *viewer,
                 struct err *err);
/* The first row of "PRAGMA foreign_key_check", as an error; true: no key is violated. */
MUST_CHECK bool reason_check_foreign_keys(struct lite_conn *conn, struct err *err);

#endif
