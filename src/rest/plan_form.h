/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Domain representations: a domain with a cast to json is shown by it, wherever its columns are
 * selected. PostgreSQL only. What is taken in goes the other way where the statement is emitted:
 * casts from json for payloads, from text for filters.
 */
#ifndef CAIRN_REST_PLAN_FORM_H
#define CAIRN_REST_PLAN_FORM_H

#include "rest/plan.h"

/* Sets the form of the columns of rel and of what is below it, once it is known what is grouped. */
void plan_apply_forms(const struct plan_input *input, struct plan_rel *rel);

#endif
