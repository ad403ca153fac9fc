/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The count after a fault: what the service says it has, against what it said it had taken.
 */
#ifndef CAIRN_DRILL_LEDGER_H
#define CAIRN_DRILL_LEDGER_H

#include "drill/load.h"
#include "drill/service.h"

struct ledger_count {
    uint64_t acknowledged; /* writes answered 2xx */
    uint64_t refused, unknown;
    uint64_t lost;       /* acknowledged, and not there */
    uint64_t duplicated; /* there more than once */
    uint64_t ghosts;     /* refused, and there all the same */
    uint64_t found;      /* rows there, of this ledger's numbers */
};

/* Reads all rows through the service's read route. False when they can't be read. */
MUST_CHECK bool ledger_count(struct service *service, const struct load_ledger *ledger,
                             struct ledger_count *out, struct err *err);

#endif
