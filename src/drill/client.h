/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client that asks one thing at a time: HTTP/1.1, in the clear or over TLS with any certificate,
 * on one connection that is kept.
 *
 * It is for probes, which want to see what came back exactly: status, headers, body, or how the
 * connection ended. What it reads is a stranger's: sizes and times are bounded.
 */
#ifndef CAIRN_DRILL_CLIENT_H
#define CAIRN_DRILL_CLIENT_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"

enum { CLIENT_BODY_MAX = 16 * 1024 * 1024, CLIENT_HEADERS_MAX = 64 };

struct tls;

/* Where a service answers. */
struct endpoint {
    char host[256];
    char port[6];
    bool is_tls; /* of a client's requests; load is in the clear */
};

/* "http://127.0.0.1:8080" or with a path, which *path gets ("/" when there is none; may be NULL).
 * False for what isn't such a URL. */
bool endpoint_parse(const char *url, struct endpoint *out, const char **path);

enum client_outcome {
    CLIENT_ANSWERED,
    CLIENT_REFUSED, /* no connection */
    CLIENT_CUT,     /* the connection ended before the answer did */
    CLIENT_TIMEOUT,
    CLIENT_GARBAGE, /* what came back is no HTTP */
};

struct client_header {
    struct str name; /* as it was sent */
    struct str value;
};

struct client_response {
    enum client_outcome outcome;
    int status; /* 0 unless answered */
    struct client_header headers[CLIENT_HEADERS_MAX];
    unsigned header_count;
    struct str body;
    double seconds;
    bool closes; /* the connection ends with it */
};

struct client {
    struct endpoint at;
    int fd;          /* -1: not connected */
    struct tls *tls; /* on fd; NULL: in the clear */
    struct buf in;   /* what was read of the current answer */
    int64_t timeout_ms;
    unsigned *late; /* counts answers that don't come in time; NULL: nobody does */
};

void client_init(struct client *client, const struct endpoint *at, int64_t timeout_ms);
void client_fini(struct client *client);

/*
 * Sends the request and waits for its answer. headers is "Name: value\r\n"... or NULL. body.data
 * NULL sends none. What the response points to is valid until the next call. Reconnects when the
 * connection is gone; a request is sent once.
 */
void client_ask(struct client *client, const char *method, const char *path, const char *headers,
                struct str body, struct client_response *out);
/* The bytes as they are; for what no client would send. */
void client_ask_raw(struct client *client, struct str bytes, struct client_response *out);
/* The value of the first header of that name; empty when there is none. */
struct str client_get_header(const struct client_response *response, const char *name);
const char *client_describe(enum client_outcome outcome);

/* A connection to at, or -1; non-blocking when it should be. */
int endpoint_connect(const struct endpoint *at, int64_t timeout_ms);
/* Listens on a free port of 127.0.0.1, which *at gets; -1 when it can't. */
int endpoint_listen(struct endpoint *at);

#endif
