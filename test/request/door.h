/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole requests in memory: the HTTP parser, the data API and a real database, without a socket.
 *
 * A test program runs the same requests on one engine, which its argument names: sqlite (a file in
 * a temporary directory) or postgres (a private server). Requests and answers are written as text:
 *
 *   GET /clients?id=eq.1        200
 *   Prefer: count=exact         Content-Range: 0-0/1
 *                               !Location
 *   body
 *                               [{"id":1}]
 *
 * The target's blanks, quotes and the like are percent-encoded on the way. Of an answer the status,
 * the headers named (a ! says that it must be absent) and the whole body are compared; a body of
 * "..." is any, and one that ends in "..." begins so.
 */
#ifndef CAIRN_TEST_REQUEST_DOOR_H
#define CAIRN_TEST_REQUEST_DOOR_H

#include "auth/caller.h"
#include "rest/rest.h"
#include "unit/unit.h"

struct door {
    uv_loop_t loop;
    struct db *db;
    struct db_loop *dl;
    struct rest *rest;
    struct caller *caller; /* who sends; NULL: nobody in particular */
    char dir[64];
    struct buf raw; /* of the last answer */
    int status;
    struct str head, body; /* in raw */
};

struct door_options {
    const char *migration;
    const char *const *schemas; /* NULL: public */
    size_t schema_count;
    struct api_limits limits; /* depth_max 0: door_limits */
    size_t response_max;      /* 0: 64 MiB */
    bool plans;               /* may be asked for */
    struct rest_transaction transaction;
};

extern const struct api_limits door_limits;

/* For main(): the engine by its name; false when PostgreSQL isn't installed. */
bool door_begin(int argc, char **argv);
void door_end(void);
enum db_dialect door_dialect(void);

/* A database of its own for each door, with the migration applied. Fails the test on an error. */
void door_open(struct door *door, const struct door_options *options);
void door_open_with(struct door *door, const char *migration);
void door_close(struct door *door);

/* Sends the request; the answer stands in door until the next one. */
void door_send(struct door *door, const char *request);
/* Sends it with that passing of the fault point failing (core/fault.h); false when no answer
 * came. */
bool door_send_with_fault(struct door *door, const char *request, const char *point, unsigned nth);
/* As it is, byte by byte; false when the server closed without an answer. */
bool door_send_raw(struct door *door, struct str bytes);
/* The header's value in the last answer; data NULL: absent. */
struct str door_header(const struct door *door, const char *name);
/* Sends the request and compares the answer. */
void door_expect(struct door *door, const char *request, const char *answer);

/* The first value of a query past the API, as text in door->raw; each engine has its own words. */
struct str door_query(struct door *door, const char *sqlite, const char *postgres);

struct door_case {
    const char *request, *answer;
};
void door_expect_all(struct door *door, const struct door_case *cases, size_t count);

#endif
