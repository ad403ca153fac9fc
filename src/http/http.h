/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP: bytes to requests, and responses to bytes. Knows no endpoint.
 *
 * A struct http_server belongs to one loop thread. It accepts connections (HTTP/1.1 in the clear,
 * HTTP/1.1 or HTTP/2 over TLS by ALPN), parses, enforces limits and time-outs, reads the body
 * whole, and hands one struct request at a time per HTTP/1 connection (pipelined requests are
 * served in order) or per HTTP/2 stream to the handler. The handler answers at once or later, on
 * the same loop, by http_respond, exactly once.
 *
 * A client that vanishes while the handler works: the request stays valid until http_respond,
 * whose answer is then dropped. request_is_gone asks.
 *
 * Sources: RFC 9110, 9112, 9113.
 */
#ifndef CAIRN_HTTP_HTTP_H
#define CAIRN_HTTP_HTTP_H

#include <uv.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_OTHER, /* the name is in request->method_name */
};

/* Headers that the program asks for often, found without a search; see request_header. */
enum http_known {
    HTTP_H_ACCEPT,
    HTTP_H_ACCEPT_ENCODING,
    HTTP_H_ACCEPT_PROFILE,
    HTTP_H_AUTHORIZATION,
    HTTP_H_CONTENT_PROFILE,
    HTTP_H_CONTENT_TYPE,
    HTTP_H_ORIGIN,
    HTTP_H_PREFER,
    HTTP_H_RANGE,
    HTTP_H_RANGE_UNIT,
    HTTP_H_TRACEPARENT,
    HTTP_H_X_REQUEST_ID,
    HTTP_H_HOST,
    HTTP_H_ACR_METHOD,
    HTTP_H_ACR_HEADERS,
    HTTP_H_APIKEY,
    HTTP_H_IDEMPOTENCY_KEY,
    HTTP_H_USER_AGENT,
    HTTP_H_COUNT,
};

struct http_header {
    struct str name;  /* lower case */
    struct str value; /* without blanks around */
};

struct response {
    int status;
    struct buf body; /* owned by the request, freed with it; max set by the server */
    /* Static body instead of the buffer, borrowed for the life of the process; used when len >
     * 0. */
    struct str static_body;
    struct str content_type; /* empty: none is sent */
    /* More headers, in order; text in the arena or static. Names as they go on the wire. */
    struct http_header headers[32];
    uint32_t header_count;
    struct str reason;      /* empty: the standard phrase */
    bool no_content_length; /* 204 and the like never get one anyway */
    bool close;             /* close the connection afterwards */
    bool no_compress;
    int64_t head_length; /* HEAD only: Content-Length to state; -1: none */
};

struct caller; /* nothing of http's: who sent a request, see auth/caller.h */
struct timing; /* nor this: how long its steps took, see rest/timing.h */

/* The one struct that travels. Each step fills its own part. */
struct request {
    struct arena *arena;
    /* Filled by http. All text lives until the response was sent. */
    enum http_method method;
    struct str method_name;
    struct str target; /* as it was sent */
    struct str path;   /* the target up to '?', still percent-encoded */
    struct str query;  /* after '?', without it; data NULL when there is no '?' */
    const struct http_header *headers;
    uint32_t header_count;
    struct str known[HTTP_H_COUNT]; /* the first of each name; data NULL: absent */
    struct str body;
    struct str peer; /* client address as text */
    bool is_tls, is_http2;
    uint64_t start_ns; /* first byte seen */
    /* Filled by the server before routing. */
    struct str request_id; /* from x-request-id when well-formed, else made */
    struct str trace_id, span_id, parent_span_id; /* hex; W3C trace context */
    /* Filled by routing, for log and metrics. */
    unsigned route;
    const char *route_name;
    const struct caller *caller; /* NULL: the route doesn't ask */
    struct timing *timing;       /* NULL: not measured */
    bool wants_terse_errors;     /* code and message alone */
    /* Filled by the handler. */
    struct response response;
    const char *error_code; /* for the log; NULL: none */
    void *user;             /* the handler's own */
    /* http's own. */
    void *conn;
    int32_t stream_id;
    struct request *next;
};

struct http_limits {
    size_t head_max, line_max, body_max, trailers_max, response_max;
    uint32_t fields_max, h2_streams_max, connections_max;
    size_t h2_header_list_max;
    int64_t header_timeout_ms, body_timeout_ms, idle_timeout_ms, write_timeout_ms;
    uint64_t body_min_rate; /* bytes a second, after the first five seconds */
    size_t compress_min;    /* smallest body worth compressing; 0: never */
};

struct http_handler {
    void (*on_request)(void *ctx, struct request *request);
    /* After the response was written (or dropped): for the log line and metrics; bytes of the
     * response on the wire. NULL: not wanted. */
    void (*on_complete)(void *ctx, struct request *request, size_t bytes_sent);
    /* The connection sent something that never became a request: status is what it was answered,
     * reason a short stable word (parse error metrics); NULL: not wanted. */
    void (*on_bad_request)(void *ctx, int status, const char *reason);
    void *ctx;
};

struct http_tls; /* certificate and key, shared by all loops, reference counted */
MUST_CHECK bool http_tls_load(const char *cert_file, const char *key_file, struct http_tls **out,
                              struct err *err);
void http_tls_free(struct http_tls *tls); /* NULL is safe */

struct http_server;

MUST_CHECK bool http_server_open(uv_loop_t *loop, const struct http_limits *limits,
                                 const struct http_handler *handler, struct http_server **out,
                                 struct err *err);
/* Accepts on an already listening socket; fd is duplicated. tls NULL: plain. */
MUST_CHECK bool http_server_listen(struct http_server *server, int fd, struct http_tls *tls,
                                   struct err *err);
/*
 * Drains: stops accepting, answers what comes with "Connection: close" (GOAWAY on HTTP/2), keeps
 * idle keep-alive connections readable for grace_ms, then closes them; calls done(ctx) when the
 * last connection is gone. http_server_abort closes all at once.
 */
void http_server_drain(struct http_server *server, int64_t grace_ms, void (*done)(void *ctx),
                       void *ctx);
void http_server_abort(struct http_server *server);
void http_server_free(struct http_server *server); /* after drain's done; NULL is safe */

struct http_stats {
    uint64_t connections_open, connections_total, bytes_received, bytes_sent, requests_active;
};
struct http_stats http_server_stats(const struct http_server *server);

/* The first header called name (lower case), or a view with data NULL. */
struct str request_header(const struct request *request, const char *name);
bool request_is_gone(const struct request *request);
void response_add_header(struct request *request, struct str name, struct str value);
/* Sends request->response; the request dies some time after. */
void http_respond(struct request *request);
struct str http_status_reason(int status);

/*
 * Listens on "host:port" ("[::1]:8080", "unix:/path"); SO_REUSEADDR, close-on-exec off.
 * Port 0 lets the kernel choose; *port_out is what it is.
 */
MUST_CHECK bool http_listen_socket(const char *address, int *fd_out, uint16_t *port_out,
                                   struct err *err);

/*
 * The HTTP/1.1 head parser on its own, for tests and fuzzing: consumes bytes that may come in any
 * split, always with the same result.
 */
enum http_parse_state { HTTP_PARSE_MORE, HTTP_PARSE_DONE, HTTP_PARSE_ERROR };
struct http_parser; /* see http/parser.h */

/*
 * In-memory door for tests: runs one request through handler as if it had come over a connection,
 * and returns the raw response bytes. The loop is turned until the response is there.
 */
MUST_CHECK bool http_test_exchange(uv_loop_t *loop, const struct http_limits *limits,
                                   const struct http_handler *handler, struct str input,
                                   struct buf *output, struct err *err);

#endif
