/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aggregates in a plan: what they give, and the groups that they make of a level's rows. Point 28
 * of the contract.
 *
 * An aggregate in a to-one spread belongs to the level that shows it, as the spread's columns do.
 */
#ifndef CAIRN_REST_PLAN_GROUP_H
#define CAIRN_REST_PLAN_GROUP_H

#include "rest/plan.h"

/*
 * Makes the aggregate of item out of column, whose value it is over. Errors: 404 42883 where
 * PostgreSQL has no such aggregate, said here for the embedded engine; 400 42704 for the cast.
 */
MUST_CHECK bool plan_aggregate(const struct plan_input *input, const struct api_item *item,
                               struct plan_column *column, struct err *err);

/* Errors: 400 PGRST123 aggregates are switched off, 400 PGRST127 one in a to-many spread. */
MUST_CHECK bool plan_check_aggregates(const struct plan_input *input, const struct plan_rel *root,
                                      struct err *err);

/*
 * After columns and order of all levels are there: marks the levels from rel on that are grouped,
 * and finds the columns that they are ordered by. Errors: 400 42803 what is neither grouped nor
 * aggregated, 404 42883 what can't be grouped.
 */
MUST_CHECK bool plan_group(const struct plan_input *input, struct plan_rel *rel, struct err *err);

/* The column tells groups apart: it is no aggregate, and not the count of "select=count". */
bool plan_is_grouping(const struct plan_rel *rel, const struct plan_column *column);
/* A to-many embed of aggregates alone, which is one row however many, or few, they are over. */
bool plan_is_one_row(const struct plan_rel *rel);
/* Of a grouped level: a cast without a name of its own is shown, but its column is grouped by. */
bool plan_groups_by_field(const struct plan_rel *rel, const struct plan_column *column);
/* In rel, the column is JSON that the statement makes: an embed, or the array of a to-many
 * spread. */
bool plan_column_is_computed_json(const struct plan_rel *rel, const struct plan_column *column);

#endif
