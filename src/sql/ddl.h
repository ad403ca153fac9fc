/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What SQLite's schema has to become, and when.
 *
 * SQLite can't add a constraint or change a column in place: the table is made anew and its rows
 * are copied. A dump adds each constraint by a statement of its own, so changes are only noted, and
 * done together before the first statement that needs them, or at the end. Rows that are there
 * already are checked against each constraint that was added, and the error names one that
 * violates it.
 *
 * A table without a note is in the database as the model has it.
 */
#ifndef CAIRN_SQL_DDL_H
#define CAIRN_SQL_DDL_H

#include "sql/apply.h"

struct ddl *ddl_new(void);
void ddl_free(struct ddl *ddl); /* NULL is safe */

/* The table or view was added to the model and is not in the database yet. */
void ddl_created(struct apply *a, const struct model_table *table);
/* The table or view is about to leave the model. */
MUST_CHECK bool ddl_dropped(struct apply *a, const struct model_table *table);
/* The table's definition changes. Call it before the first change of the model's columns. */
void ddl_changed(struct apply *a, const struct model_table *table);
/* True when the table was changed, or is not there yet: another change costs nothing. */
bool ddl_is_changed(struct apply *a, const struct model_table *table);
/* A column that needs no copy: no constraint, and a constant default or none. */
MUST_CHECK bool ddl_column_appended(struct apply *a, const struct model_table *table);
/* The model's last column is new since ddl_changed; expression gives its value in old rows. */
void ddl_column_added(struct apply *a, const struct model_table *table, struct str expression);
/* The column is about to leave the model. */
void ddl_column_dropped(struct apply *a, const struct model_table *table, uint32_t column);
/* expression gives the column's new value in old rows. */
void ddl_column_converted(struct apply *a, const struct model_table *table, uint32_t column,
                          struct str expression);
/* Before the model's names change. Brings the database up to date, and renames. */
MUST_CHECK bool ddl_rename_table(struct apply *a, const struct model_table *table,
                                 struct str schema, struct str name, struct str sqlite_name);
MUST_CHECK bool ddl_rename_column(struct apply *a, const struct model_table *table, uint32_t column,
                                  struct str name);
/* An index was added to the model. keys are its expressions, condition picks the rows that can be
 * duplicates of each other: both for SQLite, and empty unless it is unique. */
MUST_CHECK bool ddl_index_added(struct apply *a, const struct model_table *table,
                                const struct model_index *index, struct str keys,
                                struct str condition);
MUST_CHECK bool ddl_index_dropped(struct apply *a, const struct model_table *table,
                                  const struct model_index *index);

enum ddl_rule { DDL_CHECK, DDL_NOT_NULL, DDL_UNIQUE, DDL_FOREIGN };
/* The rows that are there must hold to the constraint, or for DDL_NOT_NULL the column, that is
 * called name in the model. Checked when the table is next brought up to date. */
void ddl_must_hold(struct apply *a, const struct model_table *table, enum ddl_rule rule,
                   struct str name);
/* Rows were written: the table's foreign keys, and those to it, are checked at the end. */
void ddl_written(struct apply *a, const struct model_table *table);

/* Brings one table, or everything, up to date. */
MUST_CHECK bool ddl_flush_table(struct apply *a, const struct model_table *table);
MUST_CHECK bool ddl_flush(struct apply *a);
/* ddl_flush, and the foreign keys. */
MUST_CHECK bool ddl_finish(struct apply *a);

/* CREATE TABLE of the model's table under the given SQLite name: ddl_write.c. */
void ddl_write_table(struct buf *out, const struct model *model, const struct model_table *table,
                     struct str sqlite_name);
void ddl_write_column(struct buf *out, const struct model_table *table, uint32_t column);

/*
 * Tables of candidates for full text search: ddl_search.c.
 *
 * An index has one exactly when its search_count isn't 0. Which ones get one is settled when an
 * index is made and at the end of each migration, so that a database from before has them after its
 * next one.
 */

/* Whether the rows of the table have numbers that stay. */
bool ddl_search_can(const struct model_table *table);
/* Makes it, anew when it is there, with its triggers and the rows' words. */
MUST_CHECK bool ddl_search_make(struct apply *a, const struct model_table *table,
                                const struct model_index *index, size_t at);
MUST_CHECK bool ddl_search_drop(struct apply *a, const struct model_table *table,
                                const struct model_index *index);
/* The table is in the database as the model has it. */
MUST_CHECK bool ddl_search_settle_table(struct apply *a, struct model_table *table);
MUST_CHECK bool ddl_search_settle(struct apply *a);

/* Checks of rows that are there: ddl_check.c. from is what to read, with the table's columns. */
MUST_CHECK bool ddl_check_rows(struct apply *a, const struct model_table *table, struct str from,
                               enum ddl_rule rule, struct str name, size_t at);
MUST_CHECK bool ddl_check_unique(struct apply *a, struct str from, struct str keys,
                                 struct str condition, struct str name, size_t at);
/* is_written: the table with the key was written, else only the one that it points to. */
MUST_CHECK bool ddl_check_foreign(struct apply *a, const struct model_table *table,
                                  const struct model_foreign_key *key, bool is_written, size_t at);

#endif
