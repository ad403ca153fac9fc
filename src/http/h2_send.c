/* SPDX-License-Identifier: Apache-2.0 */
#include "http/h2_internal.h"

#define GATHER_BYTES (32u << 10)
#define FIXED_FIELDS 4 /* :status, date, content-type, content-length */

static nghttp2_nv
field(struct str name, struct str value)
{
    /* nghttp2 copies and doesn't write; its type only lacks the const. */
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name.data, (uint8_t *)(uintptr_t)value.data, name.len,
                        value.len, NGHTTP2_NV_FLAG_NONE};
}

static struct str
lower_name(struct arena *arena, struct str name)
{
    char *copy = arena_cstr(arena, name);

    for (size_t i = 0; i < name.len; i++)
        copy[i] = (char)(copy[i] >= 'A' && copy[i] <= 'Z' ? copy[i] | 0x20 : copy[i]);
    return str_make(copy, name.len);
}

static struct str
clean_value(struct arena *arena, struct str value)
{
    char *copy;

    if (http_value_is_valid(value))
        return value;
    copy = arena_cstr(arena, str_trim(value));
    for (size_t i = 0; copy[i] != '\0'; i++)
        copy[i] = (char)((unsigned char)copy[i] < 0x20 || copy[i] == 0x7f ? ' ' : copy[i]);
    return str_trim(str_from(copy));
}

/* RFC 9113 8.2.2: fields that speak of an HTTP/1 connection. */
static bool
is_connection_field(struct str name)
{
    switch (http_name_find(name.data, name.len)) {
    case HTTP_N_CONNECTION:
    case HTTP_N_KEEP_ALIVE:
    case HTTP_N_PROXY_CONNECTION:
    case HTTP_N_TRANSFER_ENCODING:
    case HTTP_N_UPGRADE:
        return true;
    default:
        return false;
    }
}

static ssize_t
read_answer(nghttp2_session *session, int32_t id, uint8_t *out, size_t len, uint32_t *flags,
            nghttp2_data_source *source, void *user_data)
{
    struct h2_stream *stream = source->ptr;
    struct h2 *h2 = user_data;
    size_t part = len < stream->answer.len ? len : stream->answer.len;

    memcpy(out, stream->answer.data, part);
    stream->answer = str_slice(stream->answer, part, stream->answer.len);
    stream->since_ms = uv_now(h2->conn->server->loop);
    if (stream->answer.len == 0)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)part;
}

static size_t
make_fields(struct h2_stream *stream, struct str body, bool has_body, nghttp2_nv *fields)
{
    struct http_server *server = stream->h2->conn->server;
    const struct request *request = &stream->req->pub;
    const struct response *response = &request->response;
    struct arena *arena = request->arena;
    size_t count = 0;

    fields[count++] = field(STR(":status"), arena_printf(arena, "%03d", response->status % 1000));
    if (uv_now(server->loop) >= server->date_until_ms)
        http_date_refresh(server);
    fields[count++] = field(STR("date"), str_slice(str_make(server->date_line, server->date_len),
                                                   sizeof("Date: ") - 1, server->date_len - 2));
    if (response->content_type.len > 0)
        fields[count++] = field(STR("content-type"), clean_value(arena, response->content_type));
    if (request->method == HTTP_HEAD && response->head_length >= 0)
        fields[count++] = field(STR("content-length"),
                                arena_printf(arena, "%lld", (long long)response->head_length));
    else if (has_body)
        fields[count++] = field(STR("content-length"), arena_printf(arena, "%zu", body.len));
    for (uint32_t i = 0; i < response->header_count; i++) {
        struct str name = lower_name(arena, response->headers[i].name);

        if (!is_connection_field(name))
            fields[count++] = field(name, clean_value(arena, response->headers[i].value));
    }
    return count;
}

void
h2_submit(struct h2_stream *stream)
{
    struct request *request = &stream->req->pub;
    struct response *response = &request->response;
    nghttp2_nv fields[FIXED_FIELDS + COUNTOF(response->headers)];
    nghttp2_data_provider provider = {.source.ptr = stream, .read_callback = read_answer};
    struct str body =
        response->static_body.len > 0 ? response->static_body : buf_str(&response->body);
    bool has_body = request->method != HTTP_HEAD && !http_status_has_no_body(response->status);
    size_t count = make_fields(stream, body, has_body, fields);

    stream->state = H2_ANSWERING;
    stream->since_ms = uv_now(stream->h2->conn->server->loop);
    stream->answer = has_body ? body : STR_NULL;
    stream->req->wire_bytes = stream->answer.len;
    for (size_t i = 0; i < count; i++)
        stream->req->wire_bytes += fields[i].namelen + fields[i].valuelen;
    if (nghttp2_submit_response(stream->h2->session, stream->id, fields, count,
                                stream->answer.len > 0 ? &provider : NULL) != 0)
        nghttp2_submit_rst_stream(stream->h2->session, NGHTTP2_FLAG_NONE, stream->id,
                                  NGHTTP2_INTERNAL_ERROR);
}

void
h2_submit_continue(struct h2_stream *stream)
{
    nghttp2_nv status = field(STR(":status"), STR("100"));

    nghttp2_submit_headers(stream->h2->session, NGHTTP2_FLAG_NONE, stream->id, NULL, &status, 1,
                           NULL);
}

/* Moves frames to the connection's output; false when nghttp2 failed. */
static bool
produce(struct h2 *h2)
{
    struct conn *conn = h2->conn;

    conn->since_ms = uv_now(conn->server->loop);
    conn->running = true;
    while (conn->out.len < GATHER_BYTES) {
        const uint8_t *data;
        ssize_t n = nghttp2_session_mem_send(h2->session, &data);

        if (n <= 0) {
            conn->running = false;
            return n == 0;
        }
        if (conn->out.data == NULL)
            http_out_take(conn->server, &conn->out);
        buf_add(&conn->out, data, (size_t)n);
    }
    conn->running = false;
    return true;
}

void
h2_send(struct h2 *h2)
{
    struct conn *conn = h2->conn;

    for (;;) {
        if (!conn_flush(conn))
            return;
        if (conn_has_output(conn))
            break;
        if (!produce(h2)) {
            conn_close(conn);
            return;
        }
        if (conn->phase == CONN_CLOSED)
            return;
        if (!conn_has_output(conn))
            break;
    }
    if (!conn_has_output(conn) && ((nghttp2_session_want_read(h2->session) == 0 &&
                                    nghttp2_session_want_write(h2->session) == 0) ||
                                   (h2->last_goaway && h2->stream_count == 0))) {
        conn->closing = true;
        conn->linger = true;
    }
    conn_settle(conn);
}
