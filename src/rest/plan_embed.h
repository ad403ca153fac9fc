/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the rows of embeds come back from the database, whose time is what an answer with embeds
 * costs.
 *
 * As JSON wherever JSON is what is wanted of the database: in CSV, where null members are left out,
 * for a handler, below what is grouped or spread as an array, and far down. Else this program
 * writes the JSON: of one row that is joined in its columns are columns of the root's row, and from
 * PostgreSQL all others come as the text of a row, or of several one behind the other. SQLite makes
 * the JSON of those with functions of this program.
 *
 * A row is joined in where that changes nothing but the cost: a read of a table (a function and
 * what a write returns have an order of their own); at most one row, by a key of the target; plain
 * columns, because others may fail or be dear for rows that a limit cuts off; and no limit on rows
 * that have to be sorted first, which would all be joined before.
 *
 * Texts of rows below the root may be gathered instead (see emit_gather.c), where a list of keys
 * finds all of them: by one column, without a limit of their own; and of more than one row of the
 * root.
 */
#ifndef CAIRN_REST_PLAN_EMBED_H
#define CAIRN_REST_PLAN_EMBED_H

#include "rest/plan.h"

/* When all of the plan is there but the conditions that stand for inner embeds. */
void plan_choose_forms(const struct plan_input *input, struct plan *plan);

#endif
