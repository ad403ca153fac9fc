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

/*
 * Makes the project with that defect (NULL: none) in a folder of its own, asks all checks
 * (check_get), and removes it. out has check_count() elements, whose texts live in arena. False
 * when it can't be made.
 */
MUST_CHECK bool plant_try(const struct defect *defect, const struct catalogue *catalogue,
                          const char *today, struct arena *arena, struct evidence *out,
                          struct err *err);

#endif
