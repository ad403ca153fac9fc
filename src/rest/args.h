/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arguments of a call: from what a request gives to the function that takes it, and to slots.
 *
 * Source: the data API contract, points 53 to 57.
 */
#ifndef CAIRN_REST_ARGS_H
#define CAIRN_REST_ARGS_H

#include "core/json.h"
#include "http/http.h"
#include "rest/plan.h"

enum args_body {
    ARGS_QUERY, /* GET: the query string */
    ARGS_JSON,  /* an object of named arguments, or the whole as one */
    ARGS_CSV,   /* the first row, named by the first line */
    ARGS_FORM,
    ARGS_TEXT, /* the whole body is one argument */
    ARGS_XML,
    ARGS_BYTES,
};

/* One argument that was given, by text or by JSON value. */
struct args_item {
    struct str name, text;
    const struct json *value; /* NULL: text; of JSON null too when is_missing */
    bool is_missing;          /* named by columns=, but not in the body */
    uint32_t place;           /* in the order in which they came */
};

struct args {
    enum args_body kind;
    struct args_item *items; /* sorted by name, then by place */
    uint32_t count;
    struct str body; /* the whole, for a function that takes it as one */
};

/*
 * Reads what a POST brings. columns= of api chooses members of the body. Errors: 400 PGRST102.
 */
MUST_CHECK bool args_read_body(const struct request *request, const struct api_request *api,
                               uint32_t depth_max, struct args *out, struct err *err);
/* What the query string of a GET brings, after api_parse_query with takes_arguments. */
void args_read_query(const struct api_request *api, struct arena *arena, struct args *out);

/*
 * The function called so that takes these arguments: 404 PGRST202 when there is none, 300 PGRST203
 * when there are several. *out is then what to call, its arguments in slots that were added to api.
 */
MUST_CHECK bool args_choose(const struct schema *schema, struct str schema_name, struct str name,
                            const struct args *args, struct api_request *api, struct arena *arena,
                            struct plan_call *out, struct err *err);

#endif
