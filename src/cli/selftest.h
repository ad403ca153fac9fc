/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairn check --selftest: the checks, checked.
 */
#ifndef CAIRN_CLI_SELFTEST_H
#define CAIRN_CLI_SELFTEST_H

#include "cli/stage.h"

/* Returns the exit code. */
int cli_run_selftest(struct cli *cli, const struct project *project);

#endif
