/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the HTTP/1.1 parser over input that comes in pieces, and writes down what it found, for
 * comparing one split with another. Each piece of input stands in a block of its own size, at a new
 * place each time, as it may on a connection.
 */
#ifndef CAIRN_TEST_HTTP_RUN_H
#define CAIRN_TEST_HTTP_RUN_H

#include "http/parser.h"

#define HTTP_RUN_LIMITS                                   \
    ((struct http_limits){.head_max = 16 << 10,           \
                          .line_max = 8 << 10,            \
                          .body_max = 1 << 20,            \
                          .trailers_max = 4 << 10,        \
                          .response_max = 1 << 24,        \
                          .fields_max = 100,              \
                          .h2_streams_max = 100,          \
                          .h2_header_list_max = 32 << 10, \
                          .connections_max = 1000,        \
                          .header_timeout_ms = 10000,     \
                          .body_timeout_ms = 30000,       \
                          .idle_timeout_ms = 60000,       \
                          .write_timeout_ms = 30000,      \
                          .body_min_rate = 500})

struct http_run {
    struct http_limits limits;
    struct arena *arena;
    struct http_parser parser;
    struct http_chunked chunked;
    struct buf kept; /* input not used yet */
    struct buf body;
    struct buf *log;      /* one line for each request and error */
    struct buf *statuses; /* "200+400": as an index of verdicts has them */
    enum { RUN_HEAD, RUN_BODY, RUN_CLOSED } state;
};

static inline void
http_run_init(struct http_run *run, const struct http_limits *limits, struct buf *log,
              struct buf *statuses)
{
    memset(run, 0, sizeof(*run));
    run->limits = *limits;
    run->arena = arena_new(1024, 1 << 24);
    buf_init(&run->kept, SIZE_MAX / 4);
    buf_init(&run->body, limits->body_max);
    run->log = log;
    run->statuses = statuses;
    http_parser_init(&run->parser, &run->limits, run->arena);
}

static inline void
http_run_fini(struct http_run *run)
{
    arena_free(run->arena);
    buf_fini(&run->kept);
    buf_fini(&run->body);
}

static inline void
http_run_status(struct http_run *run, int status)
{
    if (run->statuses->len > 0)
        buf_add_char(run->statuses, '+');
    buf_add_i64(run->statuses, status);
}

static inline void
http_run_error(struct http_run *run, int status, const char *reason, const char *message)
{
    buf_printf(run->log, "error %d %s %s\n", status, reason, message);
    http_run_status(run, status);
    run->state = RUN_CLOSED;
}

static inline void
http_run_head(struct http_run *run, const char *head)
{
    const struct http_parser *p = &run->parser;

    buf_printf(run->log, "head %u 1.%u ", p->pos, p->minor);
    buf_add(run->log, head + p->begin, p->method_len);
    buf_add_char(run->log, ' ');
    buf_add(run->log, head + p->path, p->path_len);
    buf_add_char(run->log, p->has_query ? '?' : ' ');
    buf_add(run->log, head + p->query, p->query_len);
    if (p->is_absolute) {
        buf_add_char(run->log, '@');
        buf_add(run->log, head + p->host, p->host_len);
    }
    for (uint32_t i = 0; i < p->field_count; i++) {
        const struct http_field *field = &p->fields[i];

        buf_add_char(run->log, '|');
        buf_add(run->log, head + field->name, field->name_len);
        buf_printf(run->log, "(%u)", field->id);
        buf_add(run->log, head + field->value, field->value_len);
    }
    buf_printf(run->log, " keep=%d chunked=%d length=%llu expect=%d\n", p->keep_alive, p->chunked,
               (unsigned long long)p->content_length, p->expect_continue);
}

static inline void
http_run_request(struct http_run *run)
{
    BUF_ADD_LIT(run->log, "body ");
    buf_add_str(run->log, buf_str(&run->body));
    buf_add_char(run->log, '\n');
    http_run_status(run, 200);
    run->state = run->parser.keep_alive ? RUN_HEAD : RUN_CLOSED;
    buf_clear(&run->body);
    arena_reset(run->arena);
    http_parser_init(&run->parser, &run->limits, run->arena);
}

static inline size_t
http_run_body(struct http_run *run, const char *data, size_t len)
{
    size_t used = 0;

    if (!run->parser.chunked) {
        used = (size_t)run->parser.content_length - run->body.len;
        used = used < len ? used : len;
        buf_add(&run->body, data, used);
        if (run->body.len == run->parser.content_length)
            http_run_request(run);
        return used;
    }
    switch (http_chunked_execute(&run->chunked, data, len, &used, &run->body)) {
    case HTTP_PARSE_DONE:
        http_run_request(run);
        break;
    case HTTP_PARSE_ERROR:
        http_run_error(run, run->chunked.status, run->chunked.reason, run->chunked.message);
        break;
    case HTTP_PARSE_MORE:
        break;
    }
    return used;
}

/* One step over data, which is all the input that isn't used yet; 0: more is needed. */
static inline size_t
http_run_step(struct http_run *run, char *data, size_t len)
{
    struct http_parser *p = &run->parser;

    if (run->state == RUN_BODY)
        return http_run_body(run, data, len);
    switch (http_parser_execute(p, data, len)) {
    case HTTP_PARSE_DONE:
        http_run_head(run, data);
        http_chunked_init(&run->chunked, &run->limits);
        run->state = RUN_BODY;
        /* http_run_request starts the parser anew. */
        len = p->pos;
        if (!p->chunked && p->content_length == 0)
            http_run_request(run);
        return len;
    case HTTP_PARSE_ERROR:
        http_run_error(run, p->status, p->reason, p->message);
        return 0;
    case HTTP_PARSE_MORE:
        break;
    }
    return 0;
}

static inline void
http_run_feed(struct http_run *run, struct str piece)
{
    size_t len = run->kept.len + piece.len;
    char *data = xmalloc(len > 0 ? len : 1);
    size_t at = 0;

    if (run->kept.len > 0)
        memcpy(data, run->kept.data, run->kept.len);
    if (piece.len > 0)
        memcpy(data + run->kept.len, piece.data, piece.len);
    while (run->state != RUN_CLOSED && at < len) {
        size_t used = http_run_step(run, data + at, len - at);

        if (used == 0)
            break;
        at += used;
    }
    buf_clear(&run->kept);
    if (run->state != RUN_CLOSED)
        buf_add(&run->kept, data + at, len - at);
    free(data);
}

#endif
