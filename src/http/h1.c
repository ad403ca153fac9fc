/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 on a connection: bytes to requests in order, each answered before the next is handed
 * over.
 */
#include "core/clock.h"
#include "http/internal.h"

#define GATHER_REQUESTS 64 /* answers that one write gathers at most */
#define GATHER_BYTES (48u << 10)

static void
dispatch(struct conn *conn, struct http_req *req)
{
    struct http_server *server = conn->server;

    req->pub.body = buf_str(&req->body);
    conn_set_phase(conn, CONN_HANDLER);
    conn->active++;
    server->stats.requests_active++;
    server->handler.on_request(server->handler.ctx, &req->pub);
}

/* The head moves from the input to the request's arena, and the fields become views into it. */
static void
take_head(struct conn *conn, struct http_req *req, const char *head)
{
    const struct http_parser *p = &req->parser;
    struct request *pub = &req->pub;
    char *text = arena_alloc(pub->arena, p->pos);
    struct http_header *headers = arena_alloc(pub->arena, (p->field_count + 1) * sizeof(*headers));

    memcpy(text, head, p->pos);
    pub->method_name = str_make(text + p->begin, p->method_len);
    pub->method = http_method_find(pub->method_name);
    pub->target = str_make(text + p->target, p->target_len);
    pub->path = str_make(text + p->path, p->path_len);
    if (p->has_query)
        pub->query = str_make(text + p->query, p->query_len);
    for (uint32_t i = 0; i < p->field_count; i++) {
        const struct http_field *field = &p->fields[i];

        headers[i].name = str_make(text + field->name, field->name_len);
        headers[i].value = str_make(text + field->value, field->value_len);
        if (field->id < HTTP_H_COUNT && pub->known[field->id].data == NULL)
            pub->known[field->id] = headers[i].value;
    }
    /* RFC 9112 3.2.2: the target's authority takes the place of Host. */
    if (p->is_absolute)
        pub->known[HTTP_H_HOST] = str_make(text + p->host, p->host_len);
    pub->headers = headers;
    pub->header_count = p->field_count;
    pub->peer = str_make(conn->peer, conn->peer_len);
    pub->is_tls = conn->tls != NULL;
}

static void
send_continue(struct conn *conn)
{
    if (conn->out.data == NULL)
        http_out_take(conn->server, &conn->out);
    BUF_ADD_LIT(&conn->out, "HTTP/1.1 100 Continue\r\n\r\n");
    conn_flush(conn);
}

/* The head is complete; left is how many bytes after it are there. */
static void
on_head(struct conn *conn, struct http_req *req, const char *head, size_t left)
{
    const struct http_parser *p = &req->parser;

    take_head(conn, req, head);
    if (arena_is_exhausted(req->pub.arena)) {
        h1_refuse(conn, 431, "head-too-large",
                  "The request head is larger than this server takes.");
        return;
    }
    if (!p->chunked && p->content_length == 0) {
        dispatch(conn, req);
        return;
    }
    conn_set_phase(conn, CONN_BODY);
    if (p->chunked)
        http_chunked_init(&req->chunked, &conn->server->limits);
    if (p->expect_continue && left == 0)
        send_continue(conn);
}

static size_t
run_head(struct conn *conn, char *data, size_t len)
{
    struct http_req *req = conn->req;
    struct http_parser *p = &req->parser;
    size_t head_len;

    switch (http_parser_execute(p, data, len)) {
    case HTTP_PARSE_DONE:
        head_len = p->pos; /* the request may be gone afterwards */
        on_head(conn, req, data, len - head_len);
        return head_len;
    case HTTP_PARSE_ERROR:
        /* The answer to HEAD has no body, whatever it says. */
        if (p->method_len > 0)
            req->pub.method = http_method_find(str_make(data + p->begin, p->method_len));
        h1_refuse(conn, p->status, p->reason, p->message);
        return 0;
    case HTTP_PARSE_MORE:
        break;
    }
    return 0;
}

static size_t
run_body(struct conn *conn, const char *data, size_t len)
{
    struct http_req *req = conn->req;
    struct http_chunked *chunked = &req->chunked;
    size_t used = 0;
    uint64_t left;

    if (req->parser.chunked) {
        switch (http_chunked_execute(chunked, data, len, &used, &req->body)) {
        case HTTP_PARSE_DONE:
            dispatch(conn, req);
            break;
        case HTTP_PARSE_ERROR:
            h1_refuse(conn, chunked->status, chunked->reason, chunked->message);
            break;
        case HTTP_PARSE_MORE:
            break;
        }
        return used;
    }

    left = req->parser.content_length - req->body.len;
    used = len < left ? len : (size_t)left;
    buf_add(&req->body, data, used);
    if (used == left)
        dispatch(conn, req);
    return used;
}

static void
begin_request(struct conn *conn)
{
    struct http_req *req = http_req_take(conn->server);

    req->pub.conn = conn;
    req->pub.start_ns = clock_mono_ns();
    http_parser_init(&req->parser, &conn->server->limits, req->pub.arena);
    conn->req = req;
    conn_set_phase(conn, CONN_HEAD);
}

static bool
wants_input(const struct conn *conn)
{
    return (conn->phase == CONN_IDLE || conn->phase == CONN_HEAD || conn->phase == CONN_BODY) &&
           !conn->closing && conn->tail.len == 0;
}

size_t
h1_run(struct conn *conn, char *data, size_t len)
{
    size_t at = 0;

    conn->running = true;
    while (at < len && wants_input(conn)) {
        if (conn->phase == CONN_BODY) {
            at += run_body(conn, data + at, len - at);
        } else {
            if (conn->phase == CONN_IDLE)
                begin_request(conn);
            at += run_head(conn, data + at, len - at);
            if (conn->phase == CONN_HEAD)
                break;
        }
        /* Answers wait for each other, so that pipelined ones leave in one write; but not without
         * bound, and what isn't read by the client stops the reading from it. */
        if ((conn->done_count >= GATHER_REQUESTS || conn->out.len >= GATHER_BYTES ||
             conn->tail.len > 0) &&
            (!conn_flush(conn) || conn_has_output(conn)))
            break;
    }
    conn->running = false;
    return at;
}

static void
append_done(struct conn *conn, struct http_req *req)
{
    req->next = NULL;
    if (conn->done_last != NULL)
        conn->done_last->next = req;
    else
        conn->done_first = req;
    conn->done_last = req;
    conn->done_count++;
}

void
h1_respond(struct conn *conn, struct http_req *req)
{
    struct http_server *server = conn->server;
    bool keep;

    assert(conn->active == 1);
    conn->active--;
    server->stats.requests_active--;
    if (conn->phase == CONN_CLOSED) {
        http_req_complete(server, req, 0);
        conn_release_if_dead(conn);
        return;
    }

    assert(conn->phase == CONN_HANDLER && conn->req == req);
    conn->req = NULL;
    keep = req->parser.keep_alive && !req->pub.response.close && !server->draining;
    http_response_write(conn, req, keep);
    append_done(conn, req);
    if (!keep) {
        conn->closing = true;
        /* A client that didn't ask for it may be sending its next request just now. */
        conn->linger = conn->linger || req->parser.keep_alive;
    }
    conn_set_phase(conn, CONN_IDLE);
    if (conn->running)
        return;
    if (!conn_flush(conn))
        return;
    conn_settle(conn);
    if (conn_has_input(conn) || (conn->phase == CONN_IDLE && conn->eof))
        http_server_queue_resume(conn);
}

void
h1_refuse(struct conn *conn, int status, const char *reason, const char *message)
{
    struct http_server *server = conn->server;
    struct http_req *req = conn->req != NULL ? conn->req : http_req_take(server);
    struct response *response = &req->pub.response;

    if (server->handler.on_bad_request != NULL)
        server->handler.on_bad_request(server->handler.ctx, status, reason);
    conn->req = NULL;
    http_response_set_error(response, status, message);
    http_response_write(conn, req, false);
    http_req_release(server, req);
    conn->closing = true;
    conn->linger = true;
    conn_set_phase(conn, CONN_IDLE);
}
