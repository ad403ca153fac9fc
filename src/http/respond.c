/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include "core/clock.h"
#include "http/internal.h"

#define COPY_MAX (16u << 10) /* larger bodies are written from where they are */
#define ERROR_BODY_MAX 1024
#define HEAD_FIXED 192 /* more than the fixed parts of a head need */

static inline char *
put(char *at, struct str s)
{
    if (s.len > 0)
        memcpy(at, s.data, s.len);
    return at + s.len;
}

#define PUT_LIT(at, literal) \
    (memcpy((at), literal, sizeof(literal) - 1), (at) + sizeof(literal) - 1)

static char *
put_decimal(char *at, uint64_t value)
{
    char digits[20];
    size_t n = 0;

    do {
        digits[sizeof(digits) - ++n] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    memcpy(at, digits + sizeof(digits) - n, n);
    return at + n;
}

void
http_date_refresh(struct http_server *server)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    uint64_t now_ms = uv_now(server->loop);
    int64_t wall_us = clock_wall_us();
    time_t seconds = (time_t)(wall_us / 1000000);
    struct tm tm;
    int len;

    gmtime_r(&seconds, &tm);
    len = snprintf(server->date_line, sizeof(server->date_line),
                   "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d GMT\r\n",
                   days + (size_t)3 * (unsigned)tm.tm_wday, tm.tm_mday,
                   months + (size_t)3 * (unsigned)tm.tm_mon, tm.tm_year + 1900, tm.tm_hour,
                   tm.tm_min, tm.tm_sec);
    assert(len > 0 && (size_t)len < sizeof(server->date_line));
    server->date_len = (uint32_t)len;
    server->date_until_ms = now_ms + 1000 - (uint64_t)(wall_us % 1000000) / 1000;
}

/* Whether any of eight bytes is a control character. */
static inline bool
has_control(const char *bytes)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t w;
    uint64_t x;

    memcpy(&w, bytes, sizeof(w));
    x = w ^ (ones * 0x7f);
    return ((((w - ones * 0x20) & ~w) | ((x - ones) & ~x)) & (ones * 0x80)) != 0;
}

/* The last eight bytes are looked at as such, some of them a second time. */
static bool
is_clean(struct str value)
{
    if (value.len < 8)
        return false;
    for (size_t i = 0; i + 8 < value.len; i += 8) {
        if (has_control(value.data + i))
            return false;
    }
    return !has_control(value.data + value.len - 8);
}

/* What a header's value may not hold becomes a space: no value can end the line. */
static char *
put_value(char *at, struct str value)
{
    if (LIKELY(is_clean(value)))
        return put(at, value);
    for (size_t i = 0; i < value.len; i++) {
        char c = value.data[i];

        at[i] = (unsigned char)c < 0x20 && c != '\t' ? ' ' : c == 0x7f ? ' ' : c;
    }
    return at + value.len;
}

static char *
put_status_line(char *at, const struct response *response)
{
    struct str line = http_status_line(response->status);

    if (LIKELY(response->reason.len == 0 && line.len > 0))
        return put(at, line);
    at = PUT_LIT(at, "HTTP/1.1 ");
    at = put_decimal(at, (uint64_t)response->status % 1000);
    *at++ = ' ';
    at = put_value(at, response->reason.len > 0 ? response->reason
                                                : http_status_reason(response->status));
    return PUT_LIT(at, "\r\n");
}

bool
http_status_has_no_body(int status)
{
    return status == 204 || status == 304 || status < 200;
}

static size_t
head_size(const struct response *response)
{
    size_t size = HEAD_FIXED + response->reason.len + response->content_type.len;

    for (uint32_t i = 0; i < response->header_count; i++)
        size += response->headers[i].name.len + response->headers[i].value.len + 4;
    return size;
}

/* Content-Length as RFC 9110 8.6 has it: never with 1xx and 204, optional with HEAD. */
static char *
put_length(char *at, const struct request *request, size_t body_len)
{
    const struct response *response = &request->response;
    uint64_t length = body_len;

    if (http_status_has_no_body(response->status))
        return at;
    if (request->method == HTTP_HEAD) {
        if (response->head_length < 0)
            return at;
        length = (uint64_t)response->head_length;
    }
    at = PUT_LIT(at, "Content-Length: ");
    at = put_decimal(at, length);
    return PUT_LIT(at, "\r\n");
}

void
http_response_write(struct conn *conn, struct http_req *req, bool keep)
{
    struct http_server *server = conn->server;
    const struct request *request = &req->pub;
    const struct response *response = &request->response;
    struct str body =
        response->static_body.len > 0 ? response->static_body : buf_str(&response->body);
    size_t need = head_size(response);
    bool copy = body.len <= COPY_MAX;
    size_t before;
    char *at;

    if (uv_now(server->loop) >= server->date_until_ms)
        http_date_refresh(server);
    if (conn->out.data == NULL)
        http_out_take(server, &conn->out);
    before = conn->out.len;
    if (!buf_reserve(&conn->out, need + (copy ? body.len : 0)))
        abort(); /* its maximum is that of memory */

    at = conn->out.data + conn->out.len;
    at = put_status_line(at, response);
    at = put(at, str_make(server->date_line, server->date_len));
    if (response->content_type.len > 0) {
        at = PUT_LIT(at, "Content-Type: ");
        at = put_value(at, response->content_type);
        at = PUT_LIT(at, "\r\n");
    }
    at = put_length(at, request, body.len);
    for (uint32_t i = 0; i < response->header_count; i++) {
        at = put(at, response->headers[i].name);
        at = PUT_LIT(at, ": ");
        at = put_value(at, response->headers[i].value);
        at = PUT_LIT(at, "\r\n");
    }
    if (!keep)
        at = PUT_LIT(at, "Connection: close\r\n");
    else if (req->parser.minor == 0)
        at = PUT_LIT(at, "Connection: keep-alive\r\n");
    at = PUT_LIT(at, "\r\n");

    if (request->method == HTTP_HEAD || http_status_has_no_body(response->status))
        body = STR_NULL;
    if (copy) {
        at = put(at, body);
    } else if (body.len > 0) {
        conn->tail = body;
        conn->tail_off = 0;
    }
    conn->out.len = (size_t)(at - conn->out.data);
    req->wire_bytes = conn->out.len - before + (copy ? 0 : body.len);
}

static void
add_json_text(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            buf_add_char(out, '\\');
        buf_add_char(out, *text);
    }
}

void
http_response_set_error(struct response *response, int status, const char *message)
{
    response->status = status;
    response->content_type = STR("application/json; charset=utf-8");
    response->static_body = STR_NULL;
    response->header_count = 0;
    buf_clear(&response->body);
    if (response->body.max < ERROR_BODY_MAX)
        response->body.max = ERROR_BODY_MAX;
    BUF_ADD_LIT(&response->body,
                "{\"code\":\"CAIRN-HTTP\",\"details\":null,\"hint\":null,\"message\":\"");
    add_json_text(&response->body, message);
    BUF_ADD_LIT(&response->body, "\"}");
    if (status == 405) {
        response->headers[0] =
            (struct http_header){STR("Allow"), STR("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")};
        response->header_count = 1;
    }
}

struct str
request_header(const struct request *request, const char *name)
{
    size_t len = strlen(name);
    uint8_t known = http_name_find(name, len);

    if (known < HTTP_H_COUNT)
        return request->known[known];
    for (uint32_t i = 0; i < request->header_count; i++) {
        if (str_eq(request->headers[i].name, str_make(name, len)))
            return request->headers[i].value;
    }
    return STR_NULL;
}

void
response_add_header(struct request *request, struct str name, struct str value)
{
    struct response *response = &request->response;

    assert(response->header_count < COUNTOF(response->headers));
    response->headers[response->header_count++] = (struct http_header){name, value};
}

bool
request_is_gone(const struct request *request)
{
    const struct conn *conn = request->conn;
    const struct http_req *req = (const struct http_req *)(const void *)request;

    return conn->phase == CONN_CLOSED || (request->is_http2 && req->stream == NULL);
}
