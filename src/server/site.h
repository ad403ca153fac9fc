/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is served: the schema snapshot, the documents made from it, and who may come; swapped as
 * one. Immutable, shared by all loops, counted.
 */
#ifndef CAIRN_SERVER_SITE_H
#define CAIRN_SERVER_SITE_H

#include "auth/auth.h"
#include "config/config.h"
#include "core/buf.h"
#include "rest/root_texts.h"
#include "schema/schema.h"

struct site {
    unsigned refs;
    struct schema *schema;
    struct auth *auth;             /* NULL where nothing is served */
    struct buf openapi;            /* OpenAPI 3.1, JSON */
    struct root_texts *root_texts; /* Swagger 2.0, by what a role may use; written when asked for */
};

/* Takes the model, and the reference to auth, which may be NULL. */
struct site *site_new(const struct config *config, struct model *model, struct auth *auth);
struct site *site_ref(struct site *site);
void site_unref(struct site *site); /* NULL is safe */

#endif
