/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the import: from text to bindings. */
#ifndef CAIRN_CONFIG_POSTGREST_IMPL_H
#define CAIRN_CONFIG_POSTGREST_IMPL_H

#include "config/load.h"
#include "config/postgrest.h"

struct postgrest_binding {
    struct str key;    /* "db-uri", "app.settings.host" */
    const char *value; /* a number or a word as it was written; a list by commas */
    const char *where; /* "postgrest.conf:3 db-uri" */
    struct postgrest_binding *next;
};

/* In the order of the file; of a key that stands twice the last one counts. Adds errors. */
struct postgrest_binding *postgrest_parse(const struct postgrest_input *input,
                                          struct config_loader *loader);
/* PGRST_DB_URI and its like. */
struct postgrest_binding *postgrest_read_environ(const struct postgrest_input *input,
                                                 struct config_loader *loader);
/* A connection string of libpq, URL or key=value, as a URL that cairn takes. NULL: it is
 * neither. */
const char *postgrest_url(struct arena *arena, const char *text, char *const *environ);
/* The variable's value, or NULL. */
const char *postgrest_getenv(char *const *environ, struct str name);

#endif
