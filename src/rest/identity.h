/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As whom a request runs on PostgreSQL: the first statement of its job sets the caller's role and
 * claims, and what the request looks like, for that transaction only. Functions and policies read them
 * by current_setting(), under the names that PostgREST gave them: request.jwt.claims, request.method,
 * request.path, request.headers and request.cookies.
 */
#ifndef CAIRN_REST_IDENTITY_H
#define CAIRN_REST_IDENTITY_H

#include "db/engine.h"
#include "http/http.h"

struct identity {
    struct value params[6];
    uint64_t salt; /* of the statements that run under it */
    bool is_set;   /* there is one */
    bool is_taken; /* the database has taken it */
};

/* Fills *stmt, whose id no shape has. False when the caller has neither role nor claims: then there is
 * nothing to set. */
bool identity_add(struct identity *identity, const struct request *request, struct db_stmt *stmt);

/* A statement's id for this role: policies make a plan depend on the role, and a plan for each is
 * better than one that is made again whenever another role comes. */
static inline uint64_t
identity_stmt_id(const struct identity *identity, uint64_t id)
{
    return id != 0 ? id ^ identity->salt : 0;
}

/* A request's header fields, without the cookies, and its cookies, each as a JSON object; what is no
 * text is left out, because a setting can't hold it. */
struct str identity_headers_json(const struct request *request);
struct str identity_cookies_json(const struct request *request);

/* An error of the job: that there is no such role concerns who asks, not what is asked. */
void identity_explain(const struct identity *identity, struct err *err);

#endif
