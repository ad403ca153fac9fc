/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Architecture decision records of a project: docs/adr/NNNN-title.md.
 */
#ifndef CAIRN_CLI_ADR_H
#define CAIRN_CLI_ADR_H

#include "core/arena.h"
#include "core/err.h"

/* Writes the next one; *file is its path relative to dir. context, decision and consequences are
 * paragraphs; NULL leaves a line to fill in. */
MUST_CHECK bool adr_write(const char *dir, const char *title, const char *day, const char *context,
                          const char *decision, const char *consequences, struct arena *arena,
                          const char **file, struct err *err);

#endif
