/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data API: one request for a table, from URL and body to rows and back.
 *
 * A struct rest belongs to one loop thread; it owns the cache of plans, by shape of request, and
 * holds a reference to the schema snapshot that it plans against.
 */
#ifndef CAIRN_REST_REST_H
#define CAIRN_REST_REST_H

#include "db/engine.h"
#include "http/http.h"
#include "rest/api.h"
#include "rest/root_texts.h"
#include "schema/schema.h"

struct rest;

/* How the transaction of each request begins and ends. But for the end and the settings,
 * PostgreSQL only. */
struct rest_transaction {
    bool rolls_back;                      /* unless the request says otherwise */
    bool allows_override;                 /* Prefer: tx=... counts */
    const char *pre_request;              /* "schema.name" of a function; NULL: none */
    const char *const *extra_search_path; /* behind the request's schema */
    size_t extra_search_path_count;
    const char *const *hoisted; /* settings of functions that hold for all of the transaction */
    size_t hoisted_count;
    const char *const *settings; /* "name=value", as app.settings.name */
    size_t setting_count;
};

enum rest_root_mode { REST_ROOT_FOLLOWS, REST_ROOT_IGNORES, REST_ROOT_DISABLED };

/* What the root answers. */
struct rest_root {
    enum rest_root_mode mode;
    struct str function; /* in place of the document; empty: none */
    const char *title;   /* of the document */
    struct str scheme, host, base_path;
    bool has_security;
};

struct rest_options {
    struct api_limits limits;
    const char *const *schemas; /* exposed, the first is the default */
    size_t schema_count;
    struct rest_transaction transaction;
    struct rest_root root;
    bool plans; /* requests may ask for the plan of their statement */
    /* database.managed: of a database that served PostgREST's clients, these read a media type over
     * jsonb as it gave it to them, with the version of jsonb's binary form in front. */
    bool managed;
    enum db_dialect dialect;
    struct db_loop *db;
};

/* The references to schema and texts are taken over. texts: what the root has answered for this
 * schema; NULL: it is written for each request. */
struct rest *rest_new(const struct rest_options *options, struct schema *schema,
                      struct root_texts *texts);
void rest_free(struct rest *rest); /* no request is in flight; NULL is safe */
/* Plans from now on against schema (the references are taken over); requests in flight keep
 * theirs. */
void rest_set_schema(struct rest *rest, struct schema *schema, struct root_texts *texts);
/* Answers the request, now or later. name is the path segment, still percent-encoded. */
void rest_handle_table(struct rest *rest, struct request *request, struct str name);
/* The same for a call of a function. */
void rest_handle_function(struct rest *rest, struct request *request, struct str name);
/* The same for the root. */
void rest_handle_root(struct rest *rest, struct request *request);

#endif
