/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Defects on purpose: a service with one thing wrong with it, to see whether the checks see it.
 *
 * The service runs behind a proxy that spoils one thing: an answer, a promise, an end.
 */
#ifndef CAIRN_DRILL_DEFECT_H
#define CAIRN_DRILL_DEFECT_H

#include "config/config.h"
#include "core/err.h"

enum { DEFECT_ALSO_MAX = 12 };

struct defect {
    const char *name;
    const char *check;                 /* the one that has to notice */
    const char *what;                  /* in one line */
    const char *also[DEFECT_ALSO_MAX]; /* that may turn red with it */
    const char *why;                   /* why they may; NULL without them */
    const char *
        says; /* what it has to say: a red row for another reason is not about the defect; NULL: anything */
    bool skips_also;     /* of services: those aren't asked, as each would wait in vain for long */
    bool has_history;    /* of services: only the history is unsound (plant_history.h) */
    bool needs_postgres; /* only a database that runs beside the service can be in that state */
};

extern const struct defect defects[];
extern const size_t defect_count;
/* Whether it can be planted into a service on that engine. */
bool defect_is_for(const struct defect *defect, enum config_database_engine engine);

/*
 * Serves as the project in the working directory does with that command (serve, dev), at the
 * address in CAIRN_LISTEN, with the defect, until SIGTERM. Returns the exit code. Only for checking
 * the checks.
 */
int defect_serve(const char *name, const char *command, struct err *err);

#endif
