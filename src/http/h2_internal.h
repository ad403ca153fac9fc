/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What h2.c (requests) and h2_send.c (responses) share.
 */
#ifndef CAIRN_HTTP_H2_INTERNAL_H
#define CAIRN_HTTP_H2_INTERNAL_H

#include <errno.h>
#include <nghttp2/nghttp2.h>

#include "http/h2.h"

#define BODIES_MAX 8 /* largest bodies that a connection may have in memory, in body_max */

#define OPENED_KEPT 512

enum h2_state { H2_RECEIVING, H2_HANDLER, H2_ANSWERING };

struct h2_stream {
    struct h2_stream *prev, *next;
    struct h2 *h2;
    struct http_req *req; /* its arena holds this struct */
    int32_t id;
    enum h2_state state;
    bool in_body; /* the head is complete; further fields are trailers */
    bool refused; /* answered by http itself */
    bool expect_continue;
    bool answered; /* the last byte of the answer was handed over */
    int status;    /* of the refusal; 0: none */
    const char *reason;
    const char *message;
    size_t list_size;
    size_t buffered;
    size_t thrown_away; /* of a body that came after its answer */
    struct str authority;
    struct http_header *headers; /* of the request; the same array */
    uint32_t header_cap;
    struct str answer; /* what is left of the response's body */
    uint64_t since_ms; /* it began, or its last progress while answering */
};

struct h2_bucket {
    uint32_t used;
    uint64_t at_ms;
};

struct h2 {
    struct conn *conn;
    nghttp2_session *session;
    struct h2_stream *streams;
    uint32_t stream_count;
    bool greeted;  /* the client's SETTINGS came */
    bool in_block; /* in the middle of a header block */
    bool terminated;
    bool last_goaway;
    size_t block_bytes;
    size_t buffered; /* of all bodies */
    uint64_t start_ms, idle_since_ms, block_since_ms;
    struct h2_bucket resets, controls;
    uint32_t next_number; /* half of the smallest stream number not yet seen */
    uint8_t opened[OPENED_KEPT / 8];
};

/* Queues the response of the stream's request. */
void h2_submit(struct h2_stream *stream);
void h2_submit_continue(struct h2_stream *stream);
/* Writes what there is to write; closes the connection when both sides are done. */
void h2_send(struct h2 *h2);

#endif
