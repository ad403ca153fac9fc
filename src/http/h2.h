/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/2 on a connection, by nghttp2: streams to requests. nghttp2 frames and checks; what bounds
 * a client (header lists, bodies, resets, control frames, time) is counted here.
 */
#ifndef CAIRN_HTTP_H2_H
#define CAIRN_HTTP_H2_H

#include "http/internal.h"

void h2_start(struct conn *conn); /* after the handshake; the phase is CONN_H2 then */
void h2_free(struct h2 *h2);      /* the connection is closed; NULL is safe */
/* Both may close the connection. */
void h2_on_readable(struct conn *conn);
void h2_on_writable(struct conn *conn);
void h2_on_timeout(struct conn *conn);
uint64_t h2_deadline(const struct conn *conn);
void h2_respond(struct conn *conn, struct http_req *req);
/* The first GOAWAY, which asks the client to open no more streams; and the last one, after which
 * the connection closes with its last stream. */
void h2_drain_begin(struct conn *conn);
void h2_drain_end(struct conn *conn);

#endif
