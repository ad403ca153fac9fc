/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Architecture decision records of a project: docs/adr/NNNN-title.md.
 */
#ifndef CAIRN_CLI_ADR_H
#define CAIRN_CLI_ADR_H

#include "core/arena.h"
#include "core/err.h"
#include "lifecycle/catalogue.h"

/* Writes the next one; *file is its path relative to dir. context, decision and consequences are
 * paragraphs; NULL leaves a line to fill in. */
MUST_CHECK bool adr_write(const char *dir, const char *title, const char *day, const char *context,
                          const char *decision, const char *consequences, struct arena *arena,
                          const char **file, struct err *err);

/* A decision of the catalogue that has to be written down. */
struct adr_due {
    const struct lifecycle_row *row;
    /* Its record, relative to the project's folder, found by its name: that of the decision, or the
     * row's id. NULL when there is none. */
    const char *file;
};
/* Those that the catalogue wants of the project in dir at that stage, in its order; they live in
 * arena. */
const struct adr_due *adr_list_due(const char *dir, const struct catalogue *catalogue,
                                   enum lifecycle_stage stage, struct arena *arena, size_t *count);

#endif
