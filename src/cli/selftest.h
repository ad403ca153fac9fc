/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairn check --selftest: the checks, checked.
 */
#ifndef CAIRN_CLI_SELFTEST_H
#define CAIRN_CLI_SELFTEST_H

#include "cli/stage.h"

/* only: the check that alone is looked at; NULL: all. Returns the exit code. */
int cli_run_selftest(struct cli *cli, const struct project *project, const char *only);

#endif
