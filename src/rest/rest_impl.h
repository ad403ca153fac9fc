/* SPDX-License-Identifier: Apache-2.0 */
/* One data request under way: what the parts of rest share. */
#ifndef CAIRN_REST_REST_IMPL_H
#define CAIRN_REST_REST_IMPL_H

#include "rest/begin.h"
#include "rest/bind.h"
#include "rest/rest.h"
#include "rest/role.h"
#include "rest/shape.h"
#include "rest/zones.h"

struct rest {
    struct rest_options options;
    struct schema *schema;
    struct root_texts *root_texts; /* of that schema; may be NULL */
    struct shape_cache *shapes;
    struct begin *begin; /* PostgreSQL only */
    struct zones *zones; /* embedded only */
    struct buf key;      /* scratch: the shape of the request at hand */
};

struct rest_call {
    struct rest *rest;
    struct request *request;
    enum plan_action action;
    bool is_put;     /* an insert, of the row that the URL names */
    struct str name; /* of the table, decoded */
    const struct schema_table *table;
    struct plan_call call; /* function NULL: a table is asked for */
    struct api_request api;
    struct api_param *params;
    uint32_t param_count;
    const struct model_handler *handler; /* what makes the answer; NULL: the encoder */
    struct payload payload;
    enum payload_way way; /* PostgreSQL: how the payload goes there */
    struct shape *shape;
    struct begin_call begin;        /* PostgreSQL: how its transaction begins */
    const struct schema_role *role; /* the embedded engine: as whom it runs; NULL: PostgreSQL */
    struct db_session session;
    struct db_settings set; /* what a function of the embedded engine has set */
    struct db_viewer viewer;
    struct db_stmt *main;       /* the one that reads or changes */
    struct buf rowids;          /* of changed rows, as JSON, for the statement that shows them */
    struct value *rowids_param; /* where that statement takes them from */
    struct encoder encoder;
    struct encoder existing; /* embedded upsert: counts the rows that were there */
    int64_t total;           /* as Content-Range says; -1: not known */
    int64_t guess;           /* the planner's; -1: not asked */
    int64_t offset;
    struct str guc_headers,
        guc_status; /* response.headers and .status, as a function has set them */
    /* Last what rest_call_new leaves as it is: each statement is filled when it is added, and most
     * of the room of the others is for the texts of errors. */
    struct db_stmt stmts[12];
    struct db_job job;
    struct err late; /* what fails the write when all else went well; ERR_NONE: nothing */
};

/* In the request's arena; all but the texts of errors is zero. */
struct rest_call *rest_call_new(struct rest *rest, struct request *request);

/* Sends the response as it is, or the error; the call is over. */
void rest_finish(struct rest_call *call, struct err *err);

/* The steps of a request that tables and functions share, in their order. */
MUST_CHECK bool rest_choose_schema(struct rest_call *call, struct err *err);
MUST_CHECK bool rest_read_headers(struct rest_call *call, struct err *err);
MUST_CHECK bool rest_read_query(struct rest_call *call, struct err *err);
/* The plan for the shape that rest->key is by now. */
MUST_CHECK bool rest_find_shape(struct rest_call *call, struct err *err);
void rest_prepare_encoder(struct rest_call *call);

/* job.c */

/* The shape can be gathered: so it is, unless that came to nothing lately. */
void rest_gather(struct rest_call *call);
/* The job of a request on a table, complete. */
MUST_CHECK bool rest_make_job(struct rest_call *call, struct err *err);
/* What all jobs have, up to their own statements. */
void rest_prepare_job(struct rest_call *call, enum db_mode mode);
MUST_CHECK bool rest_add_stmt(struct rest_call *call, const struct emit_stmt *sql, uint64_t id,
                              bool (*on_row)(void *, const struct value *, uint32_t), void *ctx,
                              struct err *err);

/* respond.c: after the job is done. */
void rest_respond(struct rest_call *call);
/* A write that has nothing to do: an empty payload. */
void rest_respond_unchanged(struct rest_call *call);
/* Asked before a write commits: singular, max-affected. Fits db_job.check. */
bool rest_check(struct db_job *job);

#endif
