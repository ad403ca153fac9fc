/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2: requests, limits and floods. */
#include "http/h2_internal.h"
#include "unit/http/tls_client.h"
#include "unit/unit_dir.h"

#include <signal.h>

#define POST ":method: POST\n:scheme: https\n:authority: h\n"

static struct fixture fixture;
static struct tls_client client;
static struct http_tls *tls;

static int
set_up(void **state)
{
    struct http_limits limits = HTTP_RUN_LIMITS;

    limits.header_timeout_ms = 200;
    limits.body_timeout_ms = 300;
    limits.idle_timeout_ms = 400;
    limits.write_timeout_ms = 300;
    limits.body_min_rate = 0;
    limits.body_max = 100000;
    limits.h2_streams_max = 50;
    limits.compress_min = 1000;
    fixture_init(&fixture, &limits);
    assert_true(tls_client_open(&client, &fixture, tls, "\x02h2\x08http/1.1", 0));
    assert_non_null(client.session);
    return 0;
}

static int
tear_down(void **state)
{
    tls_client_close(&client);
    fixture_release(&fixture);
    fixture_fini(&fixture);
    return 0;
}

static void
a_request_is_handed_over_with_all_its_parts(void **state)
{
    struct stream *stream = h2_request(
        &client, POST ":path: /hold?x=%41\nprefer: a\nprefer: b\nx-own: v\n", STR("some body"));
    struct request *request;

    tls_client_pump(&client);
    assert_int_equal(fixture.held_count, 1);
    request = fixture.held[0];
    assert_int_equal(request->method, HTTP_POST);
    assert_str(request->target, "/hold?x=%41");
    assert_str(request->path, "/hold");
    assert_str(request->query, "x=%41");
    assert_str(request->known[HTTP_H_HOST], "h");
    assert_str(request->known[HTTP_H_PREFER], "a");
    assert_str(request_header(request, "x-own"), "v");
    assert_int_equal(request->header_count, 3);
    assert_str(request->body, "some body");
    assert_str(request->peer, "192.0.2.7");
    assert_true(request->is_tls && request->is_http2);
    response_add_header(request, STR("X-Evil"), STR(" a\r\nb "));
    response_add_header(request, STR("Connection"), STR("close"));
    fixture_release(&fixture);
    tls_client_wait(&client, &stream->closed);
    assert_int_equal(stream->status, 200);
    assert_int_equal(stream->error, NGHTTP2_NO_ERROR);
    assert_int_equal(stream->headers, 5); /* status, date, type, length, x-evil */
    assert_str(buf_str(&stream->body), "POST /hold?x=%41 some body");
}

static void
streams_are_answered_in_any_order(void **state)
{
    struct stream *streams[40];

    for (size_t i = 0; i < COUNTOF(streams); i++)
        streams[i] = h2_get(&client, i % 3 == 0 ? "/hold" : i % 3 == 1 ? "/later" : "/x");
    tls_client_pump(&client);
    tls_client_wait(&client, &streams[COUNTOF(streams) - 2]->closed);
    for (size_t i = 0; i < COUNTOF(streams); i++)
        assert_int_equal(streams[i]->closed, i % 3 != 0);
    fixture_release(&fixture);
    tls_client_wait(&client, &streams[0]->closed);
    tls_client_pump(&client);
    for (size_t i = 0; i < COUNTOF(streams); i++)
        assert_int_equal(streams[i]->status, 200);
}

static void
a_large_answer_arrives_whole(void **state)
{
    struct stream *big = h2_get(&client, "/big");
    struct stream *small = h2_get(&client, "/small");

    tls_client_wait(&client, &big->closed);
    tls_client_wait(&client, &small->closed);
    assert_int_equal(big->body.len, BIG_BODY);
    assert_memory_equal(big->body.data, big_body, BIG_BODY);
    assert_str(buf_str(&small->body), "GET /small ");
}

static void
a_body_up_to_the_limit_arrives_whole(void **state)
{
    struct stream *stream = h2_request(&client, POST ":path: /hold\n", str_make(big_body, 100000));

    for (int i = 0; i < 100 && fixture.held_count == 0; i++)
        tls_client_pump(&client);
    assert_int_equal(fixture.held_count, 1);
    assert_int_equal(fixture.held[0]->body.len, 100000);
    fixture_release(&fixture);
    tls_client_wait(&client, &stream->closed);
    assert_int_equal(stream->body.len, 100000 + strlen("POST /hold "));
}

static void
a_body_past_the_limit_is_answered_413(void **state)
{
    struct stream *said =
        h2_request(&client, POST ":path: /\ncontent-length: 100001\n", str_make(big_body, 100001));
    struct stream *unsaid = h2_request(&client, POST ":path: /\n", str_make(big_body, 100001));

    tls_client_wait(&client, &said->closed);
    tls_client_wait(&client, &unsaid->closed);
    assert_int_equal(said->status, 413);
    assert_int_equal(unsaid->status, 413);
    assert_int_equal(fixture.requests, 0);
    assert_int_equal(fixture.bad, 2);
    assert_contains(buf_cstr(&unsaid->body), "\"code\":\"CAIRN-HTTP\"");
}

static void
head_has_no_body(void **state)
{
    struct stream *head =
        h2_request(&client, ":method: HEAD\n:scheme: https\n:authority: h\n:path: /x\n", STR_NULL);
    struct stream *none = h2_get(&client, "/status/204");

    tls_client_wait(&client, &head->closed);
    tls_client_wait(&client, &none->closed);
    assert_int_equal(head->status, 200);
    assert_int_equal(head->body.len, 0);
    assert_int_equal(none->status, 204);
    assert_int_equal(none->headers, 3); /* status, date, type */
}

static void
text_is_compressed(void **state)
{
    struct stream *stream = h2_request(
        &client,
        ":method: GET\n:scheme: https\n:authority: h\n:path: /text\naccept-encoding: zstd\n",
        STR_NULL);

    tls_client_wait(&client, &stream->closed);
    assert_true(stream->body.len < 1000);
    assert_memory_equal(stream->body.data, "\x28\xb5\x2f\xfd", 4);
}

/* Heads that are answered with an error, and the connection goes on. */
static void
bad_requests_have_their_status(void **state)
{
    static char long_path[9000];
    static char long_value[40000];
    static char many[8000];
    const struct {
        const char *fields;
        int status;
    } rows[] = {
        {":method: GET\n:scheme: https\n:authority: h\n:path: /a#b\n", 400},
        {":method: GET\n:scheme: https\n:authority: h\n:path: a\n", 0},
        {":method: GET\n:scheme: https\n:authority: h\n:path: /%00\n", 400},
        {":method: GET\n:scheme: https\n:authority: h\n:path: /a|b\n", 400},
        {":method: GET\n:scheme: https\n:authority: h\n:path: *\n", 0},
        {":method: OPTIONS\n:scheme: https\n:authority: h\n:path: *\n", 200},
        {":method: GET\n:scheme: https\n:authority: u@h\n:path: /\n", 400},
        {":method: GET\n:scheme: https\n:authority: h\n:path: /\nhost: other\n", 400},
        {":method: GET\n:scheme: https\n:authority: h\n:path: /\nhost: H\n", 200},
        {":method: GET\n:scheme: https\n:path: /\nhost: h\n", 200},
        {":method: TRACE\n:scheme: https\n:authority: h\n:path: /\n", 405},
        {":method: CONNECT\n:authority: h:80\n", 501},
        {":method: GET\n:scheme: https\n:authority: h\n:path: /\nexpect: nothing\n", 417},
        {":method: GET\n:scheme: https\n:authority: h\n:path: /\nauthorization: a\nauthorization: "
         "b\n",
         400},
        {long_path, 414},
        {long_value, 431},
        {many, 431},
    };
    int len;

    memset(long_path, 'p', sizeof(long_path) - 2);
    len = snprintf(long_path, 64, ":method: GET\n:scheme: https\n:authority: h\n:path: /");
    long_path[len] = 'p';
    long_path[sizeof(long_path) - 2] = '\n';
    memset(long_value, 'v', sizeof(long_value) - 2);
    len = snprintf(long_value, 80, ":method: GET\n:scheme: https\n:authority: h\n:path: /\nx: ");
    long_value[len] = 'v';
    long_value[sizeof(long_value) - 2] = '\n';
    len = snprintf(many, sizeof(many), ":method: GET\n:scheme: https\n:authority: h\n:path: /\n");
    for (int i = 0; i < 101; i++)
        len += snprintf(many + len, sizeof(many) - (size_t)len, "x-%d: y\n", i);

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct stream *stream = h2_request(&client, rows[i].fields, STR_NULL);

        tls_client_wait(&client, &stream->closed);
        if (stream->status != rows[i].status)
            fail_msg("%.60s: %d, not %d", rows[i].fields, stream->status, rows[i].status);
    }
    assert_int_equal(client.goaways, 0);
}

static struct stream *
post_with_trailer(const char *value)
{
    struct stream *stream = h2_open(&client, POST ":path: /hold\n", STR("abc"));
    nghttp2_nv trailer = {(uint8_t *)(uintptr_t) "x-sum", (uint8_t *)(uintptr_t)value, 5,
                          strlen(value), NGHTTP2_NV_FLAG_NONE};

    tls_client_pump(&client);
    nghttp2_submit_trailer(client.session, h2_id(&client, stream), &trailer, 1);
    tls_client_pump(&client);
    return stream;
}

static void
trailers_are_dropped(void **state)
{
    struct stream *stream = post_with_trailer("1");

    assert_int_equal(fixture.held_count, 1);
    assert_str(fixture.held[0]->body, "abc");
    assert_null(request_header(fixture.held[0], "x-sum").data);
    fixture_release(&fixture);
    tls_client_wait(&client, &stream->closed);
    assert_int_equal(stream->status, 200);
}

static void
trailers_are_bounded(void **state)
{
    static char value[5000];
    struct stream *stream;

    memset(value, 'v', sizeof(value) - 1);
    stream = post_with_trailer(value);
    tls_client_wait(&client, &stream->closed);
    assert_int_equal(stream->status, 431);
    assert_int_equal(fixture.requests, 0);
}

static void
a_reset_stream_is_gone_but_its_request_lives(void **state)
{
    struct stream *stream = h2_get(&client, "/hold?text");

    tls_client_pump(&client);
    assert_false(request_is_gone(fixture.held[0]));
    nghttp2_submit_rst_stream(client.session, NGHTTP2_FLAG_NONE, h2_id(&client, stream),
                              NGHTTP2_CANCEL);
    tls_client_pump(&client);
    assert_true(request_is_gone(fixture.held[0]));
    assert_str(fixture.held[0]->query, "text");
    fixture_release(&fixture);
    assert_int_equal(fixture.dropped, 1);
    stream = h2_get(&client, "/next");
    tls_client_wait(&client, &stream->closed);
    assert_int_equal(stream->status, 200);
}

static void
streams_that_are_opened_and_reset_cost_no_more_than_open_ones(void **state)
{
    for (int i = 0; i < 900 && client.goaways == 0; i++) {
        struct stream *stream = h2_get(&client, "/hold");

        tls_client_pump(&client);
        nghttp2_submit_rst_stream(client.session, NGHTTP2_FLAG_NONE, h2_id(&client, stream),
                                  NGHTTP2_CANCEL);
        tls_client_pump(&client);
        assert_true(fixture.held_count <= 50);
    }
    assert_int_equal(fixture.held_count, 50);
    assert_int_equal(client.goaways, 1);
    assert_int_equal(client.goaway_error, NGHTTP2_ENHANCE_YOUR_CALM);
    assert_string_equal(fixture.bad_reason, "h2-flood");
}

/* The same from the other side: each stream breaks a rule, so that the server resets it. */
static void
streams_that_make_the_server_reset_them_are_counted(void **state)
{
    for (int i = 0; i < 900 && client.goaways == 0 && !client.at_end; i++) {
        struct stream *stream = h2_open(&client, POST ":path: /\ncontent-length: 1\n", STR("abc"));

        tls_client_wait(&client, &stream->closed);
        if (i < 300)
            assert_int_equal(client.goaways, 0);
    }
    assert_int_equal(client.goaways, 1);
    assert_int_equal(client.goaway_error, NGHTTP2_ENHANCE_YOUR_CALM);
}

static void
a_flood_of_pings_ends_the_connection(void **state)
{
    for (int i = 0; i < 5000 && client.goaways == 0; i++) {
        nghttp2_submit_ping(client.session, NGHTTP2_FLAG_NONE, NULL);
        if (i % 50 == 0)
            tls_client_pump(&client);
    }
    tls_client_wait(&client, NULL);
    assert_int_equal(client.goaway_error, NGHTTP2_ENHANCE_YOUR_CALM);
}

static void
a_flood_of_settings_ends_the_connection(void **state)
{
    static const uint8_t settings[9] = {0, 0, 0, NGHTTP2_SETTINGS, 0, 0, 0, 0, 0};
    char bytes[4096];

    tls_client_pump(&client);
    /* What comes back is read past the client's session, which would stumble over it. */
    for (int i = 0; i < 5000 && fixture.bad == 0; i++) {
        tls_client_write(&client, settings, sizeof(settings));
        while (SSL_read(client.ssl, bytes, sizeof(bytes)) > 0)
            ;
    }
    assert_string_equal(fixture.bad_reason, "h2-flood");
}

static void
a_header_block_without_end_ends_the_connection(void **state)
{
    /* HEADERS without END_HEADERS, then CONTINUATION frames of one field each, for ever. */
    uint8_t head[9 + 5] = {0, 0, 5, NGHTTP2_HEADERS, 0, 0, 0, 0, 1, 0x82, 0x87, 0x84, 0x41, 0x00};
    uint8_t more[9 + 1024] = {0, 4, 0, NGHTTP2_CONTINUATION, 0, 0, 0, 0, 1};

    /* Fields that aren't indexed: name "x", value "y". */
    for (size_t at = 9; at + 5 <= sizeof(more); at += 5)
        memcpy(more + at, "\x00\x01x\x01y", 5);
    memcpy(more + sizeof(more) - 4, "\x82\x82\x82\x82", 4);
    tls_client_pump(&client);
    tls_client_write(&client, head, sizeof(head));
    for (int i = 0; i < 5000 && !client.at_end; i++) {
        tls_client_write(&client, more, sizeof(more));
        if (i % 20 == 0)
            tls_client_pump(&client);
    }
    tls_client_wait(&client, NULL);
    assert_int_equal(fixture.requests, 0);
    assert_true(http_server_stats(fixture.server).bytes_received < 1000000);
}

static void
more_streams_than_allowed_are_not_handed_over(void **state)
{
    for (int i = 0; i < 120; i++)
        h2_get(&client, "/hold");
    tls_client_pump(&client);
    assert_true(fixture.held_count <= 50);
    assert_true(fixture.held_count >= 40);
}

static void
a_body_that_does_not_come_is_answered_408(void **state)
{
    struct stream *stream = h2_open(&client, POST ":path: /\n", STR("a"));

    tls_client_wait(&client, &stream->closed);
    assert_int_equal(stream->status, 408);
    assert_string_equal(fixture.bad_reason, "slow-body");
}

static void
an_idle_connection_is_told_to_go(void **state)
{
    struct stream *stream = h2_get(&client, "/x");

    tls_client_wait(&client, &stream->closed);
    tls_client_wait(&client, NULL);
    assert_int_equal(client.goaways, 1);
    assert_int_equal(client.goaway_error, NGHTTP2_NO_ERROR);
}

static void
a_client_that_does_not_read_is_cut_off(void **state)
{
    h2_get(&client, "/big");
    h2_get(&client, "/big");
    client.paused = true;
    nghttp2_session_set_local_window_size(client.session, NGHTTP2_FLAG_NONE, 0, 64 << 20);
    tls_client_pump(&client);
    fixture_wait(&fixture, 2500);
    assert_int_equal(fixture.dropped, 2);
    assert_int_equal(http_server_stats(fixture.server).requests_active, 0);
}

/* Windows so large that the socket is what limits. */
static void
open_windows(void)
{
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 64 << 20}};

    nghttp2_submit_settings(client.session, NGHTTP2_FLAG_NONE, settings, 1);
    nghttp2_session_set_local_window_size(client.session, NGHTTP2_FLAG_NONE, 0, 64 << 20);
    tls_client_pump(&client);
}

static void
answers_wait_for_a_client_that_reads_later(void **state)
{
    struct stream *first;
    struct stream *second;

    fixture.server->limits.write_timeout_ms = 60000;
    open_windows();
    client.paused = true;
    first = h2_get(&client, "/big");
    second = h2_get(&client, "/big");
    tls_client_pump(&client);
    fixture_wait(&fixture, 100);
    /* While the first answer waits, nothing more is read from this client. */
    assert_int_equal(fixture.requests, 1);
    h2_get(&client, "/x");
    tls_client_pump(&client);
    assert_int_equal(fixture.requests, 1);
    client.paused = false;
    tls_client_wait(&client, &first->closed);
    tls_client_wait(&client, &second->closed);
    assert_int_equal(first->body.len, BIG_BODY);
    assert_int_equal(second->body.len, BIG_BODY);
    tls_client_pump(&client);
    assert_int_equal(fixture.requests, 3);
}

static void
a_client_whose_socket_stays_full_is_cut_off(void **state)
{
    open_windows();
    client.paused = true;
    h2_get(&client, "/big");
    tls_client_pump(&client);
    fixture_wait(&fixture, 2500);
    assert_int_equal(http_server_stats(fixture.server).connections_open, 0);
    assert_int_equal(fixture.dropped, 1);
}

static void
continue_is_sent_when_the_body_is_wanted(void **state)
{
    struct stream *stream = h2_open(&client, POST ":path: /\nexpect: 100-continue\n", STR_NULL);

    for (int i = 0; i < 200 && stream->status == 0; i++) {
        tls_client_pump(&client);
        fixture_wait(&fixture, 10);
    }
    assert_int_equal(stream->status, 100);
}

/* The error code of the first GOAWAY among raw frames; -1 when there is none. */
static int
goaway_in(const uint8_t *frames, size_t len)
{
    for (size_t at = 0; at + 17 <= len;) {
        size_t size = (size_t)frames[at] << 16 | (size_t)frames[at + 1] << 8 | frames[at + 2];

        if (frames[at + 3] == NGHTTP2_GOAWAY)
            return frames[at + 16];
        at += 9 + size;
    }
    return -1;
}

/* Past the client's session, which knows nothing of these streams. */
static int
exchange_raw(const uint8_t *frame, size_t len)
{
    uint8_t got[8192];
    int n;

    tls_client_write(&client, frame, len);
    fixture_turn(&fixture);
    n = SSL_read(client.ssl, got, sizeof(got));
    return goaway_in(got, n > 0 ? (size_t)n : 0);
}

static void
a_stream_number_that_was_passed_over_ends_the_connection(void **state)
{
    /* HEADERS: GET https / */
    uint8_t frame[9 + 3] = {0, 0, 3, NGHTTP2_HEADERS, 5, 0, 0, 0, 0, 0x82, 0x87, 0x84};

    tls_client_pump(&client);
    frame[8] = 5;
    assert_int_equal(exchange_raw(frame, sizeof(frame)), -1);
    frame[7] = 8; /* 2049: far ahead */
    frame[8] = 1;
    assert_int_equal(exchange_raw(frame, sizeof(frame)), -1);
    frame[8] = 7;
    assert_int_equal(exchange_raw(frame, sizeof(frame)), -1);
    frame[8] = 3;
    assert_int_equal(exchange_raw(frame, sizeof(frame)), NGHTTP2_PROTOCOL_ERROR);
}

static void
what_is_no_http_2_is_closed(void **state)
{
    tls_client_write(&client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", 27);
    tls_client_wait(&client, NULL);
    assert_int_equal(fixture.requests, 0);
}

static void
what_comes_after_the_answer_is_thrown_away_for_a_while(void **state)
{
    struct stream *stream =
        h2_open(&client, POST ":path: /\ncontent-length: 90000000\n", str_make(big_body, BIG_BODY));

    tls_client_wait(&client, &stream->closed);
    assert_int_equal(stream->status, 413);
    assert_int_equal(stream->error, NGHTTP2_NO_ERROR);
    stream = h2_get(&client, "/next");
    tls_client_wait(&client, &stream->closed);
    assert_int_equal(stream->status, 200);
}

static void
bodies_of_many_streams_are_bounded_in_sum(void **state)
{
    struct stream *streams[12];
    size_t refused = 0;

    fixture.server->limits.body_timeout_ms = 60000;
    for (size_t i = 0; i < COUNTOF(streams); i++)
        streams[i] = h2_open(&client, POST ":path: /\n", str_make(big_body, 90000));
    for (int i = 0; i < 50; i++)
        tls_client_pump(&client);
    for (size_t i = 0; i < COUNTOF(streams); i++)
        refused += streams[i]->status == 503;
    assert_true(refused >= 4 && refused <= 6);
    assert_string_equal(fixture.bad_reason, "h2-bodies");
}

static void
a_body_that_trickles_is_answered_408(void **state)
{
    struct stream *stream;

    fixture.server->limits.body_timeout_ms = 60000;
    fixture.server->limits.body_min_rate = 500;
    fixture.server->rate_grace_ms = 500;
    stream = h2_open(&client, POST ":path: /\n", STR("a"));
    tls_client_wait(&client, &stream->closed);
    assert_int_equal(stream->status, 408);
}

static void
a_flood_of_empty_data_ends_the_connection(void **state)
{
    struct stream *stream = h2_open(&client, POST ":path: /\n", STR("a"));
    uint8_t empty[9] = {0, 0, 0, NGHTTP2_DATA, 0, 0, 0, 0, 1};

    tls_client_pump(&client);
    assert_int_equal(h2_id(&client, stream), 1);
    for (int i = 0; i < 5000 && fixture.bad == 0; i++)
        tls_client_write(&client, empty, sizeof(empty));
    assert_string_equal(fixture.bad_reason, "h2-flood");
}

static void
a_client_that_vanishes_frees_everything(void **state)
{
    h2_get(&client, "/hold");
    h2_get(&client, "/big");
    h2_open(&client, POST ":path: /\n", STR("abc"));
    client.paused = true;
    tls_client_pump(&client);
    assert_int_equal(fixture.requests, 2);
    tls_client_close(&client);
    assert_int_equal(http_server_stats(fixture.server).connections_open, 0);
    assert_true(request_is_gone(fixture.held[0]));
    fixture_release(&fixture);
    assert_int_equal(fixture.dropped, 2);
}

static void
draining_says_goodbye_twice_and_loses_nothing(void **state)
{
    struct stream *before = h2_get(&client, "/hold");
    struct stream *after;

    tls_client_pump(&client);
    fixture_drain(&fixture, 300);
    /* What crosses the first GOAWAY is still served. */
    after = h2_get(&client, "/crossing");
    tls_client_wait(&client, &after->closed);
    assert_int_equal(after->status, 200);
    assert_int_equal(client.goaways, 1);
    assert_int_equal(client.goaway_last, INT32_MAX);
    fixture_wait(&fixture, 400);
    tls_client_pump(&client);
    assert_int_equal(client.goaways, 2);
    assert_int_equal(client.goaway_last, h2_id(&client, after));
    assert_false(client.at_end);
    fixture_release(&fixture);
    tls_client_wait(&client, &before->closed);
    assert_int_equal(before->status, 200);
    tls_client_wait(&client, NULL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static int
load(void **state)
{
    struct err err = {0};
    char cert[512];

    if (unit_dir_make(state) != 0)
        return -1;
    snprintf(cert, sizeof(cert), "%s", unit_path("cert.pem"));
    write_certificate(cert, unit_path("key.pem"), 0600);
    return http_tls_load(cert, unit_path("key.pem"), &tls, &err) ? 0 : -1;
}

static int
unload(void **state)
{
    http_tls_free(tls);
    return unit_dir_remove(state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_request_is_handed_over_with_all_its_parts),
        CASE(streams_are_answered_in_any_order),
        CASE(a_large_answer_arrives_whole),
        CASE(a_body_up_to_the_limit_arrives_whole),
        CASE(a_body_past_the_limit_is_answered_413),
        CASE(head_has_no_body),
        CASE(text_is_compressed),
        CASE(bad_requests_have_their_status),
        CASE(trailers_are_dropped),
        CASE(trailers_are_bounded),
        CASE(a_reset_stream_is_gone_but_its_request_lives),
        CASE(streams_that_are_opened_and_reset_cost_no_more_than_open_ones),
        CASE(streams_that_make_the_server_reset_them_are_counted),
        CASE(a_flood_of_pings_ends_the_connection),
        CASE(a_flood_of_settings_ends_the_connection),
        CASE(a_header_block_without_end_ends_the_connection),
        CASE(more_streams_than_allowed_are_not_handed_over),
        CASE(a_body_that_does_not_come_is_answered_408),
        CASE(an_idle_connection_is_told_to_go),
        CASE(a_client_that_does_not_read_is_cut_off),
        CASE(answers_wait_for_a_client_that_reads_later),
        CASE(a_client_whose_socket_stays_full_is_cut_off),
        CASE(continue_is_sent_when_the_body_is_wanted),
        CASE(a_stream_number_that_was_passed_over_ends_the_connection),
        CASE(what_is_no_http_2_is_closed),
        CASE(what_comes_after_the_answer_is_thrown_away_for_a_while),
        CASE(bodies_of_many_streams_are_bounded_in_sum),
        CASE(a_body_that_trickles_is_answered_408),
        CASE(a_flood_of_empty_data_ends_the_connection),
        CASE(a_client_that_vanishes_frees_everything),
        CASE(draining_says_goodbye_twice_and_loses_nothing),
    };
    int rc;

    signal(SIGPIPE, SIG_IGN); /* for the client's side */
    rc = cmocka_run_group_tests(tests, load, unload);
    free(big_body);
    return rc;
}
