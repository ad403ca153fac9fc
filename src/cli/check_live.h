/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cairn check --live: the service that runs, and who said that it may be drilled.
 */
#ifndef CAIRN_CLI_CHECK_LIVE_H
#define CAIRN_CLI_CHECK_LIVE_H

#include "cli/cli.h"
#include "drill/live.h"
#include "lifecycle/examine.h"

/* Flags that go together; false with the error said. */
MUST_CHECK bool check_live_flags(struct cli *cli);

/*
 * Finds the running service. When rows that options look at have drills, they are announced, and
 * run if the service's name was given by --yes-live or is typed now. False with the error said.
 */
MUST_CHECK bool check_live_open(struct cli *cli, const struct project *project,
                                const struct examine_options *options, struct examiner *examiner,
                                struct live *live);

#endif
