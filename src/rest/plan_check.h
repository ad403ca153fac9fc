/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the planner refuses, in PostgreSQL's and the contract's words. All fill err and return
 * false on refusal.
 */
#ifndef CAIRN_REST_PLAN_CHECK_H
#define CAIRN_REST_PLAN_CHECK_H

#include "rest/plan.h"

/* 404 PGRST205 */
bool plan_fail_table(const struct schema *schema, struct str schema_name, struct str name,
                     struct err *err);
/* 400 42703, with PostgreSQL's hint when a column is spelled nearly so. depth is that of embedding:
 * a table that is embedded is called TABLE_DEPTH there. */
bool plan_fail_column(const struct schema_table *table, unsigned depth, struct str name,
                      struct err *err);
/* 413 CAIRN-LIMIT: a soft arena is exhausted. */
bool plan_fail_memory(struct err *err);
/* 400 54011 */
MUST_CHECK bool plan_check_column_count(uint32_t count, uint32_t max, struct err *err);
/* 400 PGRST108 */
bool plan_fail_not_embedded(struct str name, struct err *err);
/* The same, of an embed that has an alias and was called by its target's name. */
bool plan_fail_legacy_name(struct str name, struct str alias, struct err *err);
/* 400 PGRST200 */
bool plan_fail_no_rel(const struct schema_table *table, struct str target, struct str hint,
                      struct err *err);
/* 300 PGRST201 */
bool plan_fail_ambiguous(const struct schema_table *table, struct str target,
                         const struct schema_rel **found, size_t count, struct err *err);
/* -> and ->> on the text that ->> gave: 404 42883. */
MUST_CHECK bool plan_check_json(const struct api_field *field, struct err *err);
/* A type that has no order: 404 42883. PostgreSQL answers by itself. */
MUST_CHECK bool plan_check_order(enum db_dialect dialect, const struct type *type, struct err *err);
/* The type that a cast names, and how SQL may name it: 400 42704. */
MUST_CHECK bool plan_check_cast(const struct plan_input *input, const struct type *from,
                                struct str name, struct type *out, struct str *out_name,
                                struct err *err);
/* An operator that the type doesn't have: 404 42883, 400 42804; one that the embedded engine does
 * not have: 400 0A000. PostgreSQL answers by itself. */
MUST_CHECK bool plan_check_filter(enum db_dialect dialect, const struct type *type,
                                  const struct api_filter *filter, struct err *err);

/* plan_target.c: fills what a write changes. The embedded engine refuses what PostgreSQL, which
 * answers by itself, would not write: a view, or a column of one (55000, 0A000), or a column that
 * the database fills (428C9). */
MUST_CHECK bool plan_find_target(const struct plan_input *input, struct plan *plan,
                                 struct err *err);

#endif
