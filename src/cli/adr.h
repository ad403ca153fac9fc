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
/* Whether the catalogue wants the row's decision written down by a project at that stage. */
bool adr_is_due(const struct lifecycle_row *row, enum lifecycle_stage stage);
/* The record of the row's decision, relative to dir, found by its name: that of the decision, or the
 * row's id. NULL when there is none. */
const char *adr_find(const char *dir, const struct lifecycle_row *row, struct arena *arena);

#endif
