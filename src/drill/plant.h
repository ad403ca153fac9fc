/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A project to check the checks with: everything that files and configuration can show is in place,
 * but for one thing.
 */
#ifndef CAIRN_DRILL_PLANT_H
#define CAIRN_DRILL_PLANT_H

#include "drill/defect.h"
#include "lifecycle/check.h"

/* What can be wrong. */
size_t plant_defect_count(void);
const struct defect *plant_get_defect(size_t i);

/* The checks that a planted project is asked: all of files and configuration. */
size_t plant_check_count(void);
const struct check_def *plant_get_check(size_t i);

/*
 * Makes the project with that defect (NULL: none) in a folder of its own, asks all checks, and removes
 * it. out has plant_check_count() elements, whose texts live in arena. False when it can't be made.
 */
MUST_CHECK bool plant_try(const struct defect *defect, const struct catalogue *catalogue,
                          const char *today, struct arena *arena, struct evidence *out,
                          struct err *err);

#endif
