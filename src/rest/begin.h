/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the transaction of a request begins on PostgreSQL, and what the database says about its
 * answer.
 *
 * The first statement of a job sets, for that transaction only, the search path, the settings that
 * the caller's role, the function called and the configuration bring along, the caller's claims and
 * what the request looks like, and last the role. Functions and policies read them by
 * current_setting(), under the names that PostgREST gave them: request.jwt.claims, request.method,
 * request.path, request.headers, request.cookies and app.settings.*. The second one calls the
 * function that is configured to run before every request. The last one fetches response.headers
 * and response.status, which any function may have set.
 *
 * Where nobody could tell the difference, nothing is sent: a caller without role and claims, the
 * first schema, and a database without code that asks for the request.
 */
#ifndef CAIRN_REST_BEGIN_H
#define CAIRN_REST_BEGIN_H

#include "rest/rest.h"

struct rest_call;
struct begin; /* of a struct rest: the texts of the statements, made when they are first needed */

struct begin *begin_new(const struct rest_options *options, const struct schema *schema);
void begin_free(struct begin *begin); /* NULL is safe */
/* The reference to schema is the caller's, and outlives its use here. */
void begin_set_schema(struct begin *begin, const struct schema *schema);

/* Of one call. */
struct begin_call {
    struct value params[7];
    struct begin_texts *texts; /* a reference; NULL: none was needed */
    uint64_t salt;             /* of the statements that run as this role */
    bool is_set;               /* there is a first statement */
    bool is_taken;             /* the database has taken it */
    bool asks_response;        /* begin_add_response has something to do */
};

/* Adds what comes before the call's own statements, and says in its job how the transaction
 * runs. */
void begin_add(struct rest_call *call, bool is_read);
/* Adds what comes behind them. */
void begin_add_response(struct rest_call *call);

/* The call is over. */
void begin_release(struct begin_call *begin);

/* A statement's id for this role: policies make a plan depend on the role, and a plan for each is
 * better than one that is made again whenever another role comes. */
static inline uint64_t
begin_stmt_id(const struct begin_call *begin, uint64_t id)
{
    return id != 0 ? id ^ begin->salt : 0;
}

/* An error of the job: that there is no such role concerns who asks, not what is asked. */
void begin_explain(struct rest_call *call);

/* The claims of who asks, and the path below the API's root, as functions and policies see them. */
struct str begin_claims_json(const struct request *request);
struct str begin_path(const struct request *request);
/* A request's header fields, without the cookies, and its cookies, each as a JSON object; what is
 * no text is left out, because a setting can't hold it. */
struct str begin_headers_json(const struct request *request);
struct str begin_cookies_json(const struct request *request);

#endif
