/* SPDX-License-Identifier: Apache-2.0 */
#include "server/site.h"

#include "rest/openapi.h"

#define DOCUMENT_MAX (64 * 1024 * 1024)
#define ROOT_TEXTS_MAX (64 * 1024 * 1024)

struct site *
site_new(const struct config *config, struct model *model, struct auth *auth)
{
    struct site *site = xcalloc(1, sizeof(*site));
    struct openapi_info info = {
        .title = config->project_name,
        .rows_max = config->database_max_rows,
        .default_schema = str_from(config->database_schemas.items[0]),
    };

    site->refs = 1;
    site->auth = auth;
    site->schema =
        schema_new(model, config->database_schemas.items, config->database_schemas.count);
    schema_set_open(site->schema, config->auth_anonymous == CONFIG_AUTH_ANONYMOUS_OPEN);
    buf_init(&site->openapi, DOCUMENT_MAX);
    openapi_write(&site->openapi, site->schema, &info);
    site->root_texts = root_texts_new(ROOT_TEXTS_MAX);
    return site;
}

struct site *
site_ref(struct site *site)
{
    __atomic_add_fetch(&site->refs, 1, __ATOMIC_RELAXED);
    return site;
}

void
site_unref(struct site *site)
{
    if (site == NULL || __atomic_sub_fetch(&site->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    schema_unref(site->schema);
    auth_unref(site->auth);
    buf_fini(&site->openapi);
    root_texts_unref(site->root_texts);
    free(site);
}
