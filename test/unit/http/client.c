/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/http/client.h"
#include "unit/http/still_time.h"

#define PATIENCE_MS 10000

char *big_body;

static void
answer(struct request *request)
{
    struct response *response = &request->response;

    response->status = 200;
    response->content_type = STR("text/plain");
    if (str_has_prefix(request->path, STR("/status/"))) {
        uint64_t status = 500;

        assert_true(str_to_u64(str_slice(request->path, 8, 11), &status));
        response->status = (int)status;
        BUF_ADD_LIT(&response->body, "a body");
    } else if (str_eq(request->path, STR("/big"))) {
        response->static_body = str_make(big_body, BIG_BODY);
        response->no_compress = true;
    } else if (str_eq(request->path, STR("/endless"))) {
        response->body.max = 1000;
        for (int i = 0; i < 1000; i++)
            BUF_ADD_LIT(&response->body, "more ");
    } else if (str_has_suffix(request->path, STR("text"))) {
        for (int i = 0; i < 1000; i++)
            BUF_ADD_LIT(&response->body, "the same again, ");
    } else {
        response->close = str_eq(request->path, STR("/close"));
        buf_printf(&response->body, "%.*s %.*s ", STR_ARG(request->method_name),
                   STR_ARG(request->target));
        buf_add_str(&response->body, request->body);
    }
    http_respond(request);
}

static void
on_later(uv_idle_t *idle)
{
    struct fixture *fixture = idle->data;
    struct request *late[HELD_MAX];
    size_t count = fixture->late_count;

    memcpy(late, fixture->late, sizeof(late));
    fixture->late_count = 0;
    uv_idle_stop(idle);
    for (size_t i = 0; i < count; i++)
        answer(late[i]);
}

static void
on_request(void *ctx, struct request *request)
{
    struct fixture *fixture = ctx;

    fixture->requests++;
    if (str_has_prefix(request->path, STR("/hold"))) {
        assert_true(fixture->held_count < HELD_MAX);
        fixture->held[fixture->held_count++] = request;
    } else if (str_eq(request->path, STR("/later"))) {
        assert_true(fixture->late_count < HELD_MAX);
        fixture->late[fixture->late_count++] = request;
        uv_idle_start(&fixture->later, on_later);
    } else {
        answer(request);
    }
}

static void
on_complete(void *ctx, struct request *request, size_t bytes_sent)
{
    struct fixture *fixture = ctx;

    fixture->completed++;
    fixture->dropped += bytes_sent == 0;
}

static void
on_bad_request(void *ctx, int status, const char *reason)
{
    struct fixture *fixture = ctx;

    fixture->bad++;
    fixture->bad_status = status;
    snprintf(fixture->bad_reason, sizeof(fixture->bad_reason), "%s", reason);
}

struct http_handler
fixture_handler(struct fixture *fixture)
{
    return (struct http_handler){.on_request = on_request,
                                 .on_complete = on_complete,
                                 .on_bad_request = on_bad_request,
                                 .ctx = fixture};
}

void
fixture_init(struct fixture *fixture, const struct http_limits *limits)
{
    struct http_handler handler = fixture_handler(fixture);
    struct err err = {0};

    memset(fixture, 0, sizeof(*fixture));
    if (big_body == NULL) {
        big_body = xmalloc(BIG_BODY);
        memset(big_body, 'x', BIG_BODY);
    }
    fixture->limits = *limits;
    still_time_begin();
    uv_loop_init(&fixture->loop);
    uv_idle_init(&fixture->loop, &fixture->later);
    fixture->later.data = fixture;
    assert_ok(http_server_open(&fixture->loop, limits, &handler, &fixture->server, &err));
}

void
fixture_turn(struct fixture *fixture)
{
    for (int i = 0; i < 20; i++)
        uv_run(&fixture->loop, UV_RUN_NOWAIT);
}

void
fixture_wait(struct fixture *fixture, int64_t ms)
{
    for (int64_t i = 0; i < ms; i++) {
        still_time_pass(1);
        uv_run(&fixture->loop, UV_RUN_NOWAIT);
    }
}

void
fixture_release(struct fixture *fixture)
{
    size_t count = fixture->held_count;
    struct request *held[HELD_MAX];

    memcpy(held, fixture->held, sizeof(held));
    fixture->held_count = 0;
    for (size_t i = 0; i < count; i++)
        answer(held[i]);
}

static void
on_done(void *ctx)
{
    struct fixture *fixture = ctx;

    fixture->done = true;
}

void
fixture_drain(struct fixture *fixture, int64_t grace_ms)
{
    http_server_drain(fixture->server, grace_ms, on_done, fixture);
}

void
fixture_fini(struct fixture *fixture)
{
    uint64_t begin = uv_hrtime();

    if (!fixture->server->draining)
        fixture_drain(fixture, 0);
    while (!fixture->done && uv_hrtime() - begin < PATIENCE_MS * 1000000ull)
        fixture_wait(fixture, 1);
    assert_true(fixture->done);
    assert_int_equal(http_server_stats(fixture->server).connections_open, 0);
    assert_int_equal(http_server_stats(fixture->server).requests_active, 0);
    assert_int_equal(fixture->requests, fixture->completed);
    http_server_free(fixture->server);
    uv_close((uv_handle_t *)&fixture->later, NULL);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
    still_time_end();
}

void
client_open(struct client *client, struct fixture *fixture, int type)
{
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    client->fixture = fixture;
    client->fd = pair[0];
    client->at_end = false;
    buf_init(&client->got, 64 << 20);
    assert_non_null(http_server_adopt(fixture->server, pair[1], "192.0.2.7", NULL));
}

void
client_close(struct client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
    buf_fini(&client->got);
    fixture_turn(client->fixture);
}

void
client_send(struct client *client, struct str bytes)
{
    while (bytes.len > 0) {
        ssize_t n = send(client->fd, bytes.data, bytes.len, MSG_NOSIGNAL);

        if (n > 0)
            bytes = str_slice(bytes, (size_t)n, bytes.len);
        else if (errno == EPIPE || errno == ECONNRESET)
            return;
        fixture_turn(client->fixture);
    }
    fixture_turn(client->fixture);
}

void
client_send_text(struct client *client, const char *text)
{
    client_send(client, str_from(text));
}

void
client_read(struct client *client)
{
    char bytes[65536];
    ssize_t n;

    fixture_turn(client->fixture);
    while ((n = recv(client->fd, bytes, sizeof(bytes), 0)) > 0)
        buf_add(&client->got, bytes, (size_t)n);
    client->at_end = n == 0 || (n < 0 && errno != EAGAIN);
}

static size_t
count_answers(struct client *client)
{
    struct buf statuses;
    size_t count;

    buf_init(&statuses, 1 << 20);
    statuses_of(buf_str(&client->got), &statuses);
    count = statuses.len == 1 ? 0 : (statuses.len + 1) / 4;
    buf_fini(&statuses);
    return count;
}

void
client_read_answers(struct client *client, size_t count)
{
    uint64_t begin = uv_hrtime();

    while (count_answers(client) < count && !client->at_end) {
        client_read(client);
        still_time_pass(1);
        if (uv_hrtime() - begin > PATIENCE_MS * 1000000ull)
            fail_msg("%zu answers of %zu came: %s", count_answers(client), count,
                     client_text(client));
    }
}

void
client_read_end(struct client *client)
{
    uint64_t begin = uv_hrtime();

    while (!client->at_end) {
        client_read(client);
        still_time_pass(1);
        if (uv_hrtime() - begin > PATIENCE_MS * 1000000ull)
            fail_msg("the connection wasn't closed: %s", client_text(client));
    }
}

const char *
client_text(struct client *client)
{
    return buf_cstr(&client->got);
}

/* The body's length as the head says it. */
static size_t
length_of(struct str head)
{
    static const char name[] = "Content-Length: ";
    const char *at = memmem(head.data, head.len, name, sizeof(name) - 1);

    return at == NULL ? 0 : (size_t)strtoull(at + sizeof(name) - 1, NULL, 10);
}

void
statuses_of(struct str raw, struct buf *out)
{
    while (raw.len > 12) {
        const char *end = memmem(raw.data, raw.len, "\r\n\r\n", 4);
        size_t head_len;

        if (end == NULL)
            break;
        if (memcmp(raw.data, "HTTP/1.1 ", 9) != 0)
            fail_msg("not an answer: %.*s", STR_ARG(raw));
        head_len = (size_t)(end - raw.data) + 4;
        if (raw.len < head_len + length_of(str_slice(raw, 0, head_len)))
            break;
        if (out->len > 0)
            buf_add_char(out, '+');
        buf_add_str(out, str_slice(raw, 9, 12));
        raw = str_slice(raw, head_len + length_of(str_slice(raw, 0, head_len)), raw.len);
    }
    if (out->len == 0)
        buf_add_char(out, '-');
}
