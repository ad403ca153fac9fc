/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The history of a planted project: forty days that went well, but for what the defect says.
 */
#ifndef CAIRN_DRILL_PLANT_HISTORY_H
#define CAIRN_DRILL_PLANT_HISTORY_H

#include "core/arena.h"
#include "core/err.h"

/* Writes it into the project at dir. defect is its name; of one that isn't about the history
 * nothing is to be seen. */
MUST_CHECK bool plant_history(const char *dir, const char *defect, struct arena *arena,
                              struct err *err);

#endif
