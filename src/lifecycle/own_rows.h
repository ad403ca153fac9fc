/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A project's own rows, from checks/NAME.yaml. What stands there is trusted as to content (it names
 * commands to run), not as to form.
 */
#ifndef CAIRN_LIFECYCLE_OWN_ROWS_H
#define CAIRN_LIFECYCLE_OWN_ROWS_H

#include "lifecycle/catalogue.h"

/* The rows that are sound, and an error for each fault of the others. */
void own_rows_load(const char *dir, struct arena *arena, const struct lifecycle_row **out,
                   size_t *count, struct catalogue_errors *errors);
/* One file, for itself: name is how errors call it. NULL when it is unsound. */
const struct lifecycle_row *own_row_parse(struct str text, const char *name, struct arena *arena,
                                          struct catalogue_errors *errors);

#endif
