/* SPDX-License-Identifier: Apache-2.0 */
/* Request ids, trace context, the line in the log, the metrics of requests. */
#include <endian.h>

#include "core/clock.h"
#include "core/log.h"
#include "metric/metric.h"
#include "server/loop.h"

/* xorshift128+: ids need to differ, not to be secret. */
static uint64_t
next_random(struct server_loop *loop)
{
    uint64_t a = loop->random[0];
    uint64_t b = loop->random[1];

    loop->random[0] = b;
    a ^= a << 23;
    loop->random[1] = a ^ b ^ (a >> 17) ^ (b >> 26);
    return loop->random[1] + b;
}

/* Eight digits at once, each in a byte: the lowest one first in value, and last in the text. */
static void
write_hex_half(char *out, uint64_t value)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);

    value = (value | value << 16) & UINT64_C(0x0000ffff0000ffff);
    value = (value | value << 8) & UINT64_C(0x00ff00ff00ff00ff);
    value = (value | value << 4) & (ones * 15);
    /* From ten on letters, which come 39 behind the digits. */
    value += ones * '0' + ((value + ones * 6) >> 4 & ones) * 39;
    value = htobe64(value);
    memcpy(out, &value, sizeof(value));
}

static void
write_hex(char *out, uint64_t value)
{
    write_hex_half(out, value >> 32);
    write_hex_half(out + 8, value & UINT32_MAX);
}

static bool
is_hex(struct str text)
{
    bool nonzero = false;

    for (size_t i = 0; i < text.len; i++) {
        char ch = text.data[i];

        if (!((ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'f')))
            return false;
        nonzero = nonzero || ch != '0';
    }
    return nonzero;
}

/* 00-TRACE-SPAN-FLAGS: https://www.w3.org/TR/trace-context/ */
static bool
read_traceparent(struct request *request)
{
    struct str text = request->known[HTTP_H_TRACEPARENT];

    if (text.len < 55 || text.data[2] != '-' || text.data[35] != '-' || text.data[52] != '-' ||
        str_has_prefix(text, STR("ff")) || !is_hex(str_slice(text, 3, 35)) ||
        !is_hex(str_slice(text, 36, 52)) || (str_has_prefix(text, STR("00")) && text.len != 55))
        return false;
    request->trace_id = str_slice(text, 3, 35);
    request->parent_span_id = str_slice(text, 36, 52);
    return true;
}

static bool
is_well_formed_id(struct str id)
{
    if (id.len == 0 || id.len > 64)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        char ch = id.data[i];

        if (!((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
              ch == '-' || ch == '_' || ch == '.'))
            return false;
    }
    return true;
}

void
observe_begin(struct server_loop *loop, struct request *request)
{
    char *room = arena_alloc(request->arena, 64);

    write_hex(room, next_random(loop));
    write_hex(room + 16, next_random(loop));
    write_hex(room + 32, next_random(loop));
    write_hex(room + 48, next_random(loop));
    request->span_id = str_make(room, 16);
    request->request_id = request->known[HTTP_H_X_REQUEST_ID];
    if (!is_well_formed_id(request->request_id))
        request->request_id = str_make(room + 16, 16);
    if (request->known[HTTP_H_TRACEPARENT].data == NULL || !read_traceparent(request))
        request->trace_id = str_make(room + 32, 32);
}

void
observe_complete(void *ctx, struct request *request, size_t bytes_sent)
{
    uint64_t took_ns = clock_mono_ns() - request->start_ns;
    int status = request->response.status;
    enum log_level level = status >= 500 ? LOG_ERROR : status >= 400 ? LOG_WARN : LOG_INFO;

    (void)ctx;
    metric_add(METRIC_HTTP_REQUESTS,
               metric_cell(METRIC_HTTP_REQUESTS, request->route, metric_status_index(status)), 1);
    metric_observe(METRIC_HTTP_REQUEST_DURATION, request->route, (double)took_ns / 1e9);
    if (!log_is_on(level))
        return;

    struct log_field fields[] = {
        LOG_STR("method", request->method_name),
        LOG_STR("path", request->target),
        LOG_I64("status", status),
        LOG_F64("duration_ms", (double)(took_ns / 1000) / 1e3),
        LOG_I64("bytes", bytes_sent),
        LOG_ID("request_id", request->request_id),
        LOG_ID("trace_id", request->trace_id),
        LOG_ID("span_id", request->span_id),
        LOG_ID("peer", request->peer),
        LOG_CSTR("error", request->error_code),
    };

    log_write_later(level, "request", fields, COUNTOF(fields) - (request->error_code == NULL));
}

void
observe_bad_request(void *ctx, int status, const char *reason)
{
    struct log_field fields[] = {LOG_I64("status", status), LOG_CSTR("reason", reason)};

    (void)ctx;
    metric_add(METRIC_HTTP_REFUSED, metric_status_index(status), 1);
    log_write_later(LOG_WARN, "bad_request", fields, COUNTOF(fields));
}
