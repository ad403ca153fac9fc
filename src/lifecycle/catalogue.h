/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogue: what each stage needs. The built-in rows are declared in def/lifecycle/; a project
 * adds its own in checks/NAME.yaml, with the same fields and, instead of a built-in check, a
 * command.
 */
#ifndef CAIRN_LIFECYCLE_CATALOGUE_H
#define CAIRN_LIFECYCLE_CATALOGUE_H

#include "core/arena.h"
#include "core/err.h"
#include "def/lifecycle.h"

enum lifecycle_stage {
    LIFECYCLE_POC,
    LIFECYCLE_MVP,
    LIFECYCLE_PRODUCTION,
    LIFECYCLE_SCALE,
};

struct catalogue {
    const struct lifecycle_row **rows; /* built-in ones first, in the order of the files */
    size_t count;
};

struct catalogue_error {
    const char *where; /* "checks/gdpr.yaml:4" */
    const char *message;
    const char *hint; /* NULL: nothing to add */
};

struct catalogue_errors {
    struct catalogue_error *items;
    size_t count;
    size_t cap;
};

/* False with every error found in dir/checks; a project without that folder has none. */
MUST_CHECK bool catalogue_load(const char *dir, struct arena *arena, struct catalogue *out,
                               struct catalogue_errors *errors);
/* NULL when there is none. */
const struct lifecycle_row *catalogue_find(const struct catalogue *catalogue, struct str id);
/* The id that is most like this one, or NULL. */
const char *catalogue_suggest(const struct catalogue *catalogue, struct str id);
/*
 * The rows that words mean, the best first: an id, or a name that people use, in any case, also
 * inside a sentence ("do I need redis now?"), in the singular or the plural, its words in any
 * order. Rows of the catalogue and features (lifecycle_features) alike. Returns how many there are,
 * at most max.
 */
size_t catalogue_search(const struct catalogue *catalogue, struct str words,
                        const struct lifecycle_row **out, size_t max);
/* The names that are spelt most like one of the words, or like all of them, the nearest first. */
size_t catalogue_suggest_names(const struct catalogue *catalogue, struct str words,
                               const char **out, size_t max);

bool lifecycle_parse_stage(struct str s, enum lifecycle_stage *out);
/* Whether a cairn of this version can find out by itself, or only a person can tell. */
static inline bool
lifecycle_is_attested(const struct lifecycle_row *row)
{
    return row->verify == LIFECYCLE_ATTESTED && row->command == NULL;
}

#endif
