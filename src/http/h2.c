/* SPDX-License-Identifier: Apache-2.0 */
#include "core/clock.h"
#include "http/h2_internal.h"

#define READ_ROUNDS 8
#define LINGER_MS 1000
#define LINGER_BYTES (4u << 20)
#define STREAM_WINDOW (256 << 10)
#define CONN_WINDOW (1 << 20)
/* Resets: a page that is left cancels all it asked for, at once, but not all the time. */
#define RESETS_BURST 400
#define RESETS_PER_SECOND 20
/* PING, SETTINGS, PRIORITY and empty DATA: of no use in numbers. */
#define CONTROLS_BURST 1000
#define CONTROLS_PER_SECOND 100
/* Encoded bytes of one header block, in header lists; nghttp2 must decode them all to keep up. */
#define BLOCK_FACTOR 4

/* Takes one from what refills with time; false when nothing is left. */
static bool
bucket_take(struct h2_bucket *bucket, uint64_t now_ms, uint32_t burst, uint32_t per_second)
{
    uint64_t refill = (now_ms - bucket->at_ms) * per_second / 1000;

    if (refill > 0) {
        bucket->used = bucket->used > refill ? bucket->used - (uint32_t)refill : 0;
        bucket->at_ms = now_ms;
    }
    if (bucket->used >= burst)
        return false;
    bucket->used++;
    return true;
}

static void
calm(struct h2 *h2, struct h2_bucket *bucket, uint32_t burst, uint32_t per_second)
{
    struct http_server *server = h2->conn->server;

    if (h2->terminated || bucket_take(bucket, uv_now(server->loop), burst, per_second))
        return;
    h2->terminated = true;
    if (server->handler.on_bad_request != NULL)
        server->handler.on_bad_request(server->handler.ctx, 429, "h2-flood");
    nghttp2_session_terminate_session(h2->session, NGHTTP2_ENHANCE_YOUR_CALM);
}

/* Streams. */

static struct h2_stream *
stream_new(struct h2 *h2, int32_t id)
{
    struct http_server *server = h2->conn->server;
    struct http_req *req = http_req_take(server);
    struct h2_stream *stream = ARENA_NEW(req->pub.arena, struct h2_stream);

    stream->h2 = h2;
    stream->id = id;
    stream->req = req;
    stream->since_ms = uv_now(server->loop);
    stream->next = h2->streams;
    if (h2->streams != NULL)
        h2->streams->prev = stream;
    h2->streams = stream;
    h2->stream_count++;

    req->stream = stream;
    req->pub.conn = h2->conn;
    req->pub.stream_id = id;
    req->pub.is_http2 = true;
    req->pub.is_tls = h2->conn->tls != NULL;
    req->pub.start_ns = clock_mono_ns();
    req->pub.peer = str_make(h2->conn->peer, h2->conn->peer_len);
    return stream;
}

/* The stream is closed: its memory belongs to the request and goes with it. */
static void
stream_end(struct h2_stream *stream, size_t bytes)
{
    struct h2 *h2 = stream->h2;
    struct http_server *server = h2->conn->server;
    struct http_req *req = stream->req;

    if (stream->prev != NULL)
        stream->prev->next = stream->next;
    else
        h2->streams = stream->next;
    if (stream->next != NULL)
        stream->next->prev = stream->prev;
    h2->stream_count--;
    h2->buffered -= stream->buffered;
    if (h2->stream_count == 0)
        h2->idle_since_ms = uv_now(server->loop);

    req->stream = NULL;
    if (stream->state == H2_RECEIVING || (stream->state == H2_ANSWERING && stream->refused))
        http_req_release(server, req);
    else if (stream->state == H2_ANSWERING)
        http_req_complete(server, req, bytes);
}

static void
refuse(struct h2_stream *stream, int status, const char *reason, const char *message)
{
    if (stream->status != 0)
        return;
    stream->status = status;
    stream->reason = reason;
    stream->message = message;
}

/* Answers a request that the handler never sees. */
static void
answer_refused(struct h2_stream *stream)
{
    struct http_server *server = stream->h2->conn->server;

    if (server->handler.on_bad_request != NULL)
        server->handler.on_bad_request(server->handler.ctx, stream->status, stream->reason);
    stream->refused = true;
    /* What it sent so far is of no use; others may need the room. */
    buf_fini(&stream->req->body);
    stream->h2->buffered -= stream->buffered;
    stream->buffered = 0;
    http_response_set_error(&stream->req->pub.response, stream->status, stream->message);
    h2_submit(stream);
}

/* Requests. */

static void
add_pseudo(struct h2_stream *stream, struct str name, struct str value)
{
    struct request *pub = &stream->req->pub;

    if (str_eq(name, STR(":method"))) {
        pub->method_name = arena_copy(pub->arena, value);
        pub->method = http_method_find(pub->method_name);
    } else if (str_eq(name, STR(":path"))) {
        pub->target = arena_copy(pub->arena, value);
    } else if (str_eq(name, STR(":authority"))) {
        stream->authority = arena_copy(pub->arena, value);
    }
}

static void
note_field(struct h2_stream *stream, uint8_t id, struct str value)
{
    struct request *pub = &stream->req->pub;

    if (id == HTTP_N_EXPECT) {
        if (str_eq_nocase(value, STR("100-continue")))
            stream->expect_continue = true;
        else
            refuse(stream, 417, "expect", "Only the expectation '100-continue' is known.");
    }
    if (id == HTTP_N_CONTENT_LENGTH) {
        uint64_t length = 0;

        if (str_to_u64(value, &length) && length > stream->h2->conn->server->limits.body_max)
            refuse(stream, 413, "body-too-large", "The body is larger than this server takes.");
    }
    if (id >= HTTP_H_COUNT)
        return;
    if (pub->known[id].data == NULL)
        pub->known[id] = value;
    else if (id == HTTP_H_HOST || id == HTTP_H_CONTENT_TYPE || id == HTTP_H_AUTHORIZATION)
        refuse(stream, 400, "repeated-field", "A header field stands there more than once.");
}

static void
add_field(struct h2_stream *stream, struct str name, struct str value)
{
    struct request *pub = &stream->req->pub;
    struct http_header *field;

    if (pub->header_count >= stream->h2->conn->server->limits.fields_max) {
        refuse(stream, 431, "too-many-fields", "There are too many header fields.");
        return;
    }
    if (pub->header_count == stream->header_cap) {
        uint32_t cap = stream->header_cap > 0 ? 2 * stream->header_cap : 16;
        struct http_header *headers = arena_alloc(pub->arena, cap * sizeof(*headers));

        if (pub->header_count > 0)
            memcpy(headers, stream->headers, pub->header_count * sizeof(*headers));
        stream->headers = headers;
        stream->header_cap = cap;
        pub->headers = headers;
    }
    field = &stream->headers[pub->header_count++];
    field->name = arena_copy(pub->arena, name);
    field->value = arena_copy(pub->arena, value);
    note_field(stream, http_name_find(name.data, name.len), field->value);
}

/* Path and authority, by the rules of the HTTP/1 parser. */
static void
check_target(struct h2_stream *stream)
{
    struct request *pub = &stream->req->pub;
    size_t path_len = 0;

    if (str_eq(pub->method_name, STR("CONNECT"))) {
        refuse(stream, 501, "method", "CONNECT is not supported.");
        return;
    }
    if (str_eq(pub->method_name, STR("TRACE"))) {
        refuse(stream, 405, "method", "TRACE is not allowed.");
        return;
    }
    if (pub->target.len > stream->h2->conn->server->limits.line_max) {
        refuse(stream, 414, "line-too-long",
               "The request target is longer than this server takes.");
        return;
    }
    if (pub->method == HTTP_OPTIONS && str_eq(pub->target, STR("*"))) {
        path_len = 1;
    } else if (!http_path_is_valid(pub->target, &path_len)) {
        refuse(stream, 400, "target", "The request target is not valid.");
        return;
    }
    pub->path = str_slice(pub->target, 0, path_len);
    if (path_len < pub->target.len)
        pub->query = str_slice(pub->target, path_len + 1, pub->target.len);
}

static void
check_authority(struct h2_stream *stream)
{
    struct request *pub = &stream->req->pub;
    struct str host = pub->known[HTTP_H_HOST];

    /* RFC 9113 8.3.1 */
    if (stream->authority.data != NULL) {
        if (host.data != NULL && !str_eq_nocase(host, stream->authority)) {
            refuse(stream, 400, "host", "Host and :authority differ.");
            return;
        }
        pub->known[HTTP_H_HOST] = stream->authority;
    }
    if (!http_host_is_valid(pub->known[HTTP_H_HOST]))
        refuse(stream, 400, "host", "Host is missing or not valid.");
}

static void
on_head_complete(struct h2_stream *stream, bool at_end)
{
    struct request *pub = &stream->req->pub;

    if (stream->status == 0)
        check_target(stream);
    if (stream->status == 0)
        check_authority(stream);
    if (arena_is_exhausted(pub->arena))
        refuse(stream, 431, "head-too-large", "The request head is larger than this server takes.");
    stream->in_body = true;
    if (stream->status != 0)
        answer_refused(stream);
    else if (stream->expect_continue && !at_end)
        h2_submit_continue(stream);
}

static void
dispatch(struct h2_stream *stream)
{
    struct conn *conn = stream->h2->conn;
    struct http_server *server = conn->server;

    stream->state = H2_HANDLER;
    stream->req->pub.body = buf_str(&stream->req->body);
    conn->active++;
    server->stats.requests_active++;
    server->handler.on_request(server->handler.ctx, &stream->req->pub);
}

static void
on_end_stream(struct h2_stream *stream)
{
    if (stream->state != H2_RECEIVING)
        return;
    if (stream->status != 0)
        answer_refused(stream);
    else
        dispatch(stream);
}

/* What nghttp2 tells. */

/*
 * RFC 9113 5.1.1: a stream whose number was passed over can't be opened any more, while frames on
 * one that is closed may have crossed its end. nghttp2 ignores both; the last numbers are kept here
 * to tell one from the other.
 */
static bool
note_opened(struct h2 *h2, int32_t id)
{
    uint32_t number = (uint32_t)id / 2;

    if (number < h2->next_number)
        return h2->next_number - number > OPENED_KEPT ||
               (h2->opened[number % OPENED_KEPT / 8] & (1u << number % 8)) != 0;
    if (number - h2->next_number >= OPENED_KEPT)
        memset(h2->opened, 0, sizeof(h2->opened));
    for (uint32_t i = h2->next_number; i < number && number - h2->next_number < OPENED_KEPT; i++)
        h2->opened[i % OPENED_KEPT / 8] &= (uint8_t) ~(1u << i % 8);
    h2->opened[number % OPENED_KEPT / 8] |= (uint8_t)(1u << number % 8);
    h2->next_number = number + 1;
    return true;
}

static int
on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *hd, void *user_data)
{
    struct h2 *h2 = user_data;

    if (hd->type == NGHTTP2_HEADERS && hd->stream_id % 2 == 1 && !note_opened(h2, hd->stream_id))
        nghttp2_session_terminate_session(session, NGHTTP2_PROTOCOL_ERROR);
    return 0;
}

static struct h2_stream *
find(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

static int
on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    struct h2 *h2 = user_data;
    struct h2_stream *stream;

    h2->block_bytes = 0;
    h2->in_block = true;
    h2->block_since_ms = uv_now(h2->conn->server->loop);
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
        stream = find(session, frame->hd.stream_id);
        if (stream != NULL)
            stream->list_size = 0;
        return 0;
    }
    /* Requests whose streams were reset still cost work: they count until they are answered. */
    if (h2->conn->active >= h2->conn->server->limits.h2_streams_max || h2->terminated)
        return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                         NGHTTP2_REFUSED_STREAM);
    stream = stream_new(h2, frame->hd.stream_id);
    return nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, stream);
}

static int
on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name_data,
          size_t name_len, const uint8_t *value_data, size_t value_len, uint8_t flags,
          void *user_data)
{
    struct h2 *h2 = user_data;
    const struct http_limits *limits = &h2->conn->server->limits;
    struct h2_stream *stream = find(session, frame->hd.stream_id);
    struct str name = {(const char *)name_data, name_len};
    struct str value = {(const char *)value_data, value_len};
    size_t max;

    if (stream == NULL || stream->state != H2_RECEIVING)
        return 0;
    max = stream->in_body ? limits->trailers_max : limits->h2_header_list_max;
    stream->list_size += name_len + value_len + 32;
    if (stream->list_size > max) {
        refuse(stream, 431, "head-too-large", "The header list is larger than this server takes.");
        return 0;
    }
    if (stream->status != 0 || stream->in_body)
        return 0;
    if (name_len > 0 && name.data[0] == ':')
        add_pseudo(stream, name, value);
    else
        add_field(stream, name, str_trim(value));
    return 0;
}

static int
on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    struct h2 *h2 = user_data;
    bool at_end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    struct h2_stream *stream;

    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        h2->in_block = false;
        stream = find(session, frame->hd.stream_id);
        if (stream == NULL)
            return 0;
        if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
            on_head_complete(stream, at_end);
        if (at_end)
            on_end_stream(stream);
        return 0;
    case NGHTTP2_DATA:
        stream = find(session, frame->hd.stream_id);
        if (frame->hd.length == 0 && !at_end)
            calm(h2, &h2->controls, CONTROLS_BURST, CONTROLS_PER_SECOND);
        if (stream != NULL && at_end)
            on_end_stream(stream);
        return 0;
    case NGHTTP2_RST_STREAM:
        calm(h2, &h2->resets, RESETS_BURST, RESETS_PER_SECOND);
        return 0;
    case NGHTTP2_SETTINGS:
        h2->greeted = true;
        calm(h2, &h2->controls, CONTROLS_BURST, CONTROLS_PER_SECOND);
        return 0;
    case NGHTTP2_PING:
    case NGHTTP2_PRIORITY:
        calm(h2, &h2->controls, CONTROLS_BURST, CONTROLS_PER_SECOND);
        return 0;
    default:
        return 0;
    }
}

static int
on_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    struct h2 *h2 = user_data;
    bool at_end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;

    /* A client can make the server reset streams too, by breaking the rules on each. */
    if (frame->hd.type == NGHTTP2_RST_STREAM && frame->rst_stream.error_code != NGHTTP2_NO_ERROR)
        calm(h2, &h2->resets, RESETS_BURST, RESETS_PER_SECOND);
    if (at_end && (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS)) {
        struct h2_stream *stream = find(session, frame->hd.stream_id);

        if (stream != NULL) {
            stream->answered = true;
            stream->since_ms = uv_now(h2->conn->server->loop);
        }
    }
    return 0;
}

/* RFC 9113 8.1: answered before the body was there, and the rest isn't wanted. Some clients lose
 * the answer when this comes right behind it. */
static int
stop_sending(struct h2_stream *stream)
{
    return nghttp2_submit_rst_stream(stream->h2->session, NGHTTP2_FLAG_NONE, stream->id,
                                     NGHTTP2_NO_ERROR);
}

static int
on_data_chunk(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t len,
              void *user_data)
{
    struct h2 *h2 = user_data;
    const struct http_limits *limits = &h2->conn->server->limits;
    struct h2_stream *stream = find(session, id);

    if (stream == NULL)
        return 0;
    if (stream->state != H2_RECEIVING) {
        stream->thrown_away += len;
        if (stream->answered && stream->thrown_away > LINGER_BYTES)
            return stop_sending(stream);
        return 0;
    }
    if (len > limits->body_max - stream->req->body.len) {
        refuse(stream, 413, "body-too-large", "The body is larger than this server takes.");
    } else if (h2->buffered + len > BODIES_MAX * limits->body_max) {
        refuse(stream, 503, "h2-bodies", "Too many bodies arrive on one connection at a time.");
    }
    if (stream->status != 0) {
        answer_refused(stream);
        return 0;
    }
    buf_add(&stream->req->body, data, len);
    stream->buffered += len;
    h2->buffered += len;
    return 0;
}

static int
on_stream_close(nghttp2_session *session, int32_t id, uint32_t error_code, void *user_data)
{
    struct h2_stream *stream = find(session, id);

    if (stream != NULL)
        stream_end(stream, error_code == NGHTTP2_NO_ERROR ? stream->req->wire_bytes : 0);
    return 0;
}

/* The session. */

static nghttp2_session *
session_new(struct h2 *h2)
{
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_session *session = NULL;

    if (nghttp2_session_callbacks_new(&callbacks) != 0)
        abort();
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_send);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_chunk);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    if (nghttp2_session_server_new(&session, callbacks, h2) != 0)
        abort();
    nghttp2_session_callbacks_del(callbacks);
    return session;
}

void
h2_start(struct conn *conn)
{
    const struct http_limits *limits = &conn->server->limits;
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits->h2_streams_max},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (uint32_t)limits->h2_header_list_max},
    };
    struct h2 *h2 = xcalloc(1, sizeof(*h2));
    uint64_t now = uv_now(conn->server->loop);

    h2->conn = conn;
    h2->start_ms = h2->idle_since_ms = now;
    h2->resets.at_ms = h2->controls.at_ms = now;
    h2->session = session_new(h2);
    conn->h2 = h2;
    conn_set_phase(conn, CONN_H2);
    if (nghttp2_submit_settings(h2->session, NGHTTP2_FLAG_NONE, settings, COUNTOF(settings)) != 0 ||
        nghttp2_session_set_local_window_size(h2->session, NGHTTP2_FLAG_NONE, 0, CONN_WINDOW) != 0)
        abort();
    if (conn->server->draining)
        h2_drain_begin(conn);
    else
        h2_send(h2);
}

void
h2_free(struct h2 *h2)
{
    struct h2_stream *next;

    if (h2 == NULL)
        return;
    for (struct h2_stream *stream = h2->streams; stream != NULL; stream = next) {
        next = stream->next;
        stream_end(stream, 0);
    }
    nghttp2_session_del(h2->session);
    free(h2);
}

/* Hands input to nghttp2; false when the connection is of no use any more. */
static bool
feed(struct h2 *h2, const char *data, size_t len)
{
    struct conn *conn = h2->conn;
    const struct http_limits *limits = &conn->server->limits;
    ssize_t n;

    conn->running = true;
    n = nghttp2_session_mem_recv(h2->session, (const uint8_t *)data, len);
    conn->running = false;
    if (conn->phase == CONN_CLOSED)
        return false;
    if (h2->in_block)
        h2->block_bytes += len;
    if (n < 0)
        nghttp2_session_terminate_session(h2->session, NGHTTP2_PROTOCOL_ERROR);
    else if (h2->in_block &&
             h2->block_bytes > BLOCK_FACTOR * limits->h2_header_list_max + HTTP_READ_SIZE)
        nghttp2_session_terminate_session(h2->session, NGHTTP2_ENHANCE_YOUR_CALM);
    else
        return true;
    return false;
}

void
h2_on_readable(struct conn *conn)
{
    struct http_server *server = conn->server;
    struct h2 *h2 = conn->h2;

    for (int round = 0; round < READ_ROUNDS; round++) {
        ssize_t n = conn_recv(conn, server->read_buf, HTTP_READ_SIZE);

        if (n == -EAGAIN)
            break;
        if (n <= 0) {
            conn_close(conn);
            return;
        }
        if (!feed(h2, server->read_buf, (size_t)n) || !tls_conn_has_pending(conn->tls))
            break;
    }
    if (conn->phase == CONN_CLOSED)
        return;
    h2_send(h2);
    if (conn->phase == CONN_H2 && !conn_has_output(conn) && tls_conn_has_pending(conn->tls))
        http_server_queue_resume(conn);
}

void
h2_on_writable(struct conn *conn)
{
    h2_send(conn->h2);
    if (conn->phase == CONN_H2 && !conn_has_output(conn) && tls_conn_has_pending(conn->tls))
        http_server_queue_resume(conn);
}

void
h2_respond(struct conn *conn, struct http_req *req)
{
    struct http_server *server = conn->server;

    assert(conn->active > 0);
    conn->active--;
    server->stats.requests_active--;
    if (req->stream == NULL) {
        http_req_complete(server, req, 0);
        conn_release_if_dead(conn);
        return;
    }
    if (conn->phase != CONN_H2) {
        /* Closed in this turn: h2_free comes for the stream. */
        req->stream->state = H2_ANSWERING;
        return;
    }
    h2_submit(req->stream);
    if (!conn->running)
        h2_send(conn->h2);
}

static void
say_last_goodbye(struct h2 *h2)
{
    nghttp2_submit_goaway(h2->session, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(h2->session), NGHTTP2_NO_ERROR,
                          NULL, 0);
    h2->last_goaway = true;
}

void
h2_drain_begin(struct conn *conn)
{
    nghttp2_submit_shutdown_notice(conn->h2->session);
    if (conn->server->grace_over)
        say_last_goodbye(conn->h2);
    if (!conn->running)
        h2_send(conn->h2);
}

void
h2_drain_end(struct conn *conn)
{
    say_last_goodbye(conn->h2);
    if (!conn->running)
        h2_send(conn->h2);
}

/* Time. A look every second is enough for what happens on streams. */

uint64_t
h2_deadline(const struct conn *conn)
{
    const struct http_limits *limits = &conn->server->limits;
    const struct h2 *h2 = conn->h2;
    bool busy = conn_has_output(conn) || h2->stream_count > 0 || h2->in_block || !h2->greeted;
    uint64_t idle_end = h2->idle_since_ms + (uint64_t)limits->idle_timeout_ms;

    return busy || conn->look_ms > idle_end ? conn->look_ms : idle_end;
}

static void
check_stream(struct h2_stream *stream, uint64_t now)
{
    struct h2 *h2 = stream->h2;
    const struct http_limits *limits = &h2->conn->server->limits;
    uint64_t elapsed = now - stream->since_ms;

    if (stream->state == H2_RECEIVING && stream->in_body &&
        http_body_is_slow(h2->conn->server, elapsed, stream->req->body.len)) {
        refuse(stream, 408, "slow-body", "The request body took too long to arrive.");
        answer_refused(stream);
    } else if (stream->answered) {
        if (elapsed >= LINGER_MS)
            (void)stop_sending(stream);
    } else if (stream->state == H2_ANSWERING && elapsed >= (uint64_t)limits->write_timeout_ms) {
        nghttp2_submit_rst_stream(h2->session, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_CANCEL);
    }
}

void
h2_on_timeout(struct conn *conn)
{
    const struct http_limits *limits = &conn->server->limits;
    struct h2 *h2 = conn->h2;
    uint64_t now = uv_now(conn->server->loop);
    struct h2_stream *next;

    if ((conn_has_output(conn) && now - conn->since_ms >= (uint64_t)limits->write_timeout_ms) ||
        (!h2->greeted && now - h2->start_ms >= (uint64_t)limits->header_timeout_ms) ||
        (h2->in_block && now - h2->block_since_ms >= (uint64_t)limits->header_timeout_ms)) {
        conn_close(conn);
        return;
    }
    if (h2->stream_count == 0 && conn->active == 0 &&
        now - h2->idle_since_ms >= (uint64_t)limits->idle_timeout_ms)
        nghttp2_session_terminate_session(h2->session, NGHTTP2_NO_ERROR);
    for (struct h2_stream *stream = h2->streams; stream != NULL; stream = next) {
        next = stream->next;
        check_stream(stream, now);
    }
    h2_send(h2);
    if (conn->phase == CONN_H2)
        conn_look_again(conn);
}
