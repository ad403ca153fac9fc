/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run of checks, as cairn check makes it.
 */
#ifndef CAIRN_CLI_CHECK_H
#define CAIRN_CLI_CHECK_H

#include "cli/stage.h"

/* Looks at all that the declared stage needs and keeps it as evidence; for people it says which
 * drills there are, and shows what runs. Returns CLI_DONE, or the exit code with the error said. */
int check_all(struct cli *cli, struct project *project);

#endif
