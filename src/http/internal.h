/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this folder share: the server of one loop, its connections and requests.
 *
 * Everything a connection needs comes from free lists of its server, and goes back when the
 * connection is idle: an idle one owns nothing but its struct conn. Input is read into one buffer
 * of the server; a connection keeps only what it couldn't use yet.
 */
#ifndef CAIRN_HTTP_INTERNAL_H
#define CAIRN_HTTP_INTERNAL_H

#include <sys/uio.h>

#include "http/http.h"
#include "http/parser.h"
#include "http/tls.h"

#define HTTP_RATE_GRACE_MS 5000 /* a client may stall that long before its rate counts */
#define HTTP_READ_SIZE (64u << 10)
#define HTTP_WHEEL_SLOTS 256
#define HTTP_SPARE_MAX 64 /* of each kind that a free list keeps */
#define HTTP_NO_DEADLINE UINT64_MAX

struct h2;
struct h2_stream;
struct http_compressor;

/* A request with what http itself needs beside it. */
struct http_req {
    struct request pub; /* first: http_respond gets a pointer to it */
    struct http_parser parser;
    struct http_chunked chunked;
    struct buf body;
    size_t wire_bytes;        /* of the response */
    struct http_req *next;    /* in a free list, or in its connection's list of answered ones */
    struct h2_stream *stream; /* HTTP/2 only */
};

/*
 * A connection's phase, and the moves:
 *
 *   HANDSHAKE -> IDLE -> HEAD -> BODY -> HANDLER -> IDLE ... (HTTP/1)
 *   HANDSHAKE -> H2
 *   IDLE, HEAD, BODY, HANDLER -> WRITE: an answer waits for the client to read
 *   WRITE -> IDLE: it was read
 *   WRITE, IDLE -> LINGER: the last answer was sent; what still comes is thrown away
 *   any -> CLOSED
 *
 * The clock of a phase starts when it begins.
 */
enum conn_phase {
    CONN_HANDSHAKE,
    CONN_IDLE,
    CONN_HEAD,
    CONN_BODY,
    CONN_HANDLER,
    CONN_WRITE,
    CONN_LINGER,
    CONN_H2,
    CONN_CLOSED,
    CONN_PHASES,
};

struct conn {
    uv_poll_t poll;
    struct http_server *server;
    struct conn *prev, *next;            /* all open connections of the server */
    struct conn *slot_next, **slot_prev; /* in the time-out wheel; slot_prev NULL: not in it */
    struct conn *resume_next;
    uint64_t slot_ms;  /* when its slot comes up */
    uint64_t since_ms; /* the phase began, or its last progress */
    uint64_t look_ms;  /* when to see whether it is too slow; moves only by looking */
    uint64_t deadline_ms;
    int fd;
    uint8_t phase;
    uint8_t poll_events; /* what the loop watches for */
    bool running;        /* inside the loop over its input: answers are gathered */
    bool resume_queued;
    bool closing; /* after what is to be written */
    bool linger;  /* and then gently */
    bool eof;     /* the client sends no more */
    bool handle_closed;
    bool wants_write; /* the TLS handshake has something to send */
    uint8_t peer_len;
    uint32_t active;                         /* requests that the handler has */
    struct http_req *req;                    /* being read, or with the handler (HTTP/1) */
    struct http_req *done_first, *done_last; /* answered, not yet written */
    uint32_t done_count;
    uint32_t in_len, in_off, in_cap;
    char *in; /* input that couldn't be used yet */
    struct buf out;
    size_t out_off;
    struct str tail; /* a large body that follows out; belongs to the last answered request */
    size_t tail_off;
    size_t lingered; /* bytes thrown away */
    struct tls_conn *tls;
    struct h2 *h2;
    char peer[46];
};

struct listener {
    uv_poll_t poll;
    struct http_server *server;
    struct listener *next;
    struct http_tls *tls;
    int fd;
    bool closing;
};

struct http_server {
    uv_loop_t *loop;
    struct http_limits limits;
    struct http_handler handler;
    uv_timer_t tick;
    uv_idle_t resume;
    struct conn *resume_first;
    struct listener *listeners;
    struct conn *conns;
    uint32_t live;    /* struct conns not yet freed */
    uint32_t handles; /* open uv handles of its own */
    bool ticking;
    bool accept_paused;
    bool draining;
    bool closing; /* its own handles are being closed */
    bool free_when_closed;
    bool grace_over;
    uint64_t grace_end_ms;
    uint64_t rate_grace_ms; /* HTTP_RATE_GRACE_MS, but for tests */
    void (*done)(void *ctx);
    void *done_ctx;
    struct http_stats stats;
    /* The time-out wheel: slot i holds what comes up at tick i modulo the slots. */
    uint32_t tick_ms;
    uint64_t wheel_ms; /* up to here, slots were looked at; a multiple of tick_ms */
    struct conn *wheel[HTTP_WHEEL_SLOTS];
    /* Free lists. */
    struct conn *spare_conns;
    uint32_t spare_conn_count;
    struct http_req *spare_reqs;
    uint32_t spare_req_count;
    struct buf spare_outs[HTTP_SPARE_MAX];
    uint32_t spare_out_count;
    uint64_t date_until_ms; /* the Date line holds until then */
    char date_line[64];
    uint32_t date_len;
    struct http_compressor *compressor;
    char *read_buf;
};

/* server.c */
struct http_req *http_req_take(struct http_server *server);
void http_req_release(struct http_server *server, struct http_req *req);
/* Tells the handler that req was answered (bytes sent, 0 when dropped), and releases it. */
void http_req_complete(struct http_server *server, struct http_req *req, size_t bytes);
void http_out_take(struct http_server *server, struct buf *out);
void http_out_release(struct http_server *server, struct buf *out);
void http_wheel_put(struct conn *conn, uint64_t deadline_ms);
void http_wheel_remove(struct conn *conn);
/* A connection over fd, which it owns from now on; NULL when refused. peer NULL: unknown. */
struct conn *http_server_adopt(struct http_server *server, int fd, const char *peer,
                               struct http_tls *tls);
void http_server_conn_freed(struct http_server *server, struct conn *conn);
void http_server_queue_resume(struct conn *conn);

/* conn.c */
void conn_start(struct conn *conn);
void conn_close(struct conn *conn);
void conn_set_phase(struct conn *conn, enum conn_phase phase);
/* Writes what can be written; false when the connection is gone. */
bool conn_flush(struct conn *conn);
bool conn_has_output(const struct conn *conn);
/* Brings phase, watched events and deadline in line with what there is to do. */
void conn_settle(struct conn *conn);
/* Input stands in memory, and it may be used now. */
bool conn_has_input(const struct conn *conn);
void conn_resume(struct conn *conn);
void conn_look_again(struct conn *conn);
void conn_on_timeout(struct conn *conn);
void conn_release_if_dead(struct conn *conn);
/* A body of len bytes so far, elapsed milliseconds after its head. */
bool http_body_is_slow(const struct http_server *server, uint64_t elapsed, size_t len);
/* > 0 bytes, 0 at the end, -EAGAIN, or another negative errno. */
ssize_t conn_recv(struct conn *conn, char *data, size_t len);

/* h1.c */
/* Uses up input; the result is how many bytes. */
size_t h1_run(struct conn *conn, char *data, size_t len);
void h1_respond(struct conn *conn, struct http_req *req);
/* Answers with an error of http's own, and closes. */
void h1_refuse(struct conn *conn, int status, const char *reason, const char *message);

/* respond.c */
void http_response_write(struct conn *conn, struct http_req *req, bool keep);
/* Fills response with {"code":"CAIRN-HTTP",...}. */
void http_response_set_error(struct response *response, int status, const char *message);
bool http_status_has_no_body(int status); /* 1xx, 204 and 304 */
void http_date_refresh(struct http_server *server);

#endif
