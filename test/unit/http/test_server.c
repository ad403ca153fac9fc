/* SPDX-License-Identifier: Apache-2.0 */
/* What requests are answered, over a connection. */
#include "core/fault.h"
#include "http/compress.h"
#include "unit/http/cases.h"
#include "unit/http/client.h"

#include <zlib.h>

static struct fixture fixture;
static struct client client;

static int
set_up(void **state)
{
    struct http_limits limits = HTTP_RUN_LIMITS;

    limits.compress_min = 1024;
    fixture_init(&fixture, &limits);
    client_open(&client, &fixture, SOCK_STREAM);
    return 0;
}

static int
tear_down(void **state)
{
    client_close(&client);
    fixture_fini(&fixture);
    return 0;
}

static void
check_exchange(const char *name, const char *verdict, struct str input)
{
    struct http_limits limits = HTTP_RUN_LIMITS;
    struct fixture own = {0};
    struct http_handler handler = fixture_handler(&own);
    struct err err = {0};
    struct buf output;
    struct buf statuses;
    uv_loop_t loop;

    uv_loop_init(&loop);
    buf_init(&output, 1 << 24);
    buf_init(&statuses, 4096);
    assert_ok(http_test_exchange(&loop, &limits, &handler, input, &output, &err));
    statuses_of(buf_str(&output), &statuses);
    if (!str_eq(buf_str(&statuses), str_from(verdict)))
        fail_msg("%s: %.*s, not %s", name, STR_ARG(buf_str(&statuses)), verdict);
    assert_int_equal(own.requests, own.completed);
    buf_fini(&output);
    buf_fini(&statuses);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void
every_case_has_its_verdict_over_a_connection(void **state)
{
    assert_true(for_each_case(check_exchange) >= 300);
}

/* Byte by byte, with turns of the loop between them. */
static void
check_drip(const char *name, const char *verdict, struct str input)
{
    struct client drip;
    struct buf statuses;

    if (input.len > 400)
        return;
    client_open(&drip, &fixture, SOCK_STREAM);
    for (size_t i = 0; i < input.len; i++) {
        if (send(drip.fd, input.data + i, 1, MSG_NOSIGNAL) < 0)
            break;
        uv_run(&fixture.loop, UV_RUN_NOWAIT);
        uv_run(&fixture.loop, UV_RUN_NOWAIT);
    }
    shutdown(drip.fd, SHUT_WR);
    client_read_end(&drip);
    buf_init(&statuses, 4096);
    statuses_of(buf_str(&drip.got), &statuses);
    /* Where the body comes later than its head, it is asked for. */
    if (!str_has_prefix(buf_str(&statuses), STR("100")) &&
        !str_eq(buf_str(&statuses), str_from(verdict)))
        fail_msg("%s: %.*s, not %s", name, STR_ARG(buf_str(&statuses)), verdict);
    buf_fini(&statuses);
    client_close(&drip);
}

static void
every_case_has_its_verdict_byte_by_byte(void **state)
{
    for_each_case(check_drip);
}

static void
an_answer_has_date_type_and_length(void **state)
{
    client_send_text(&client, "GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n");
    client_read_answers(&client, 1);
    assert_contains(client_text(&client), "HTTP/1.1 200 OK\r\nDate: ");
    assert_contains(client_text(&client), " GMT\r\n");
    assert_contains(client_text(&client), "\r\nContent-Type: text/plain\r\n");
    assert_contains(client_text(&client), "\r\nContent-Length: 9\r\n\r\nGET /a?b ");
    assert_null(strstr(client_text(&client), "Connection:"));
    assert_null(strstr(client_text(&client), "Server:"));
}

static void
an_error_is_json_and_closes(void **state)
{
    client_send_text(&client, "GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n");
    client_read_end(&client);
    assert_contains(client_text(&client), "HTTP/1.1 400 Bad Request\r\n");
    assert_contains(client_text(&client), "\r\nConnection: close\r\n");
    assert_contains(client_text(&client), "{\"code\":\"CAIRN-HTTP\",\"details\":null,\"hint\":null,"
                                          "\"message\":\"Host is missing.\"}");
    assert_int_equal(fixture.requests, 0);
    assert_int_equal(fixture.bad, 1);
    assert_int_equal(fixture.bad_status, 400);
    assert_string_equal(fixture.bad_reason, "host");
}

static void
trace_is_refused_with_what_is_allowed(void **state)
{
    client_send_text(&client, "TRACE / HTTP/1.1\r\nHost: h\r\n\r\n");
    client_read_end(&client);
    assert_contains(client_text(&client), "HTTP/1.1 405 Method Not Allowed\r\n");
    assert_contains(client_text(&client), "\r\nAllow: GET, HEAD, POST");
}

static void
head_204_and_304_have_no_body(void **state)
{
    client_send_text(&client, "HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n"
                              "GET /status/204 HTTP/1.1\r\nHost: h\r\n\r\n"
                              "GET /status/304 HTTP/1.1\r\nHost: h\r\n\r\n"
                              "GET /status/201 HTTP/1.1\r\nHost: h\r\n\r\n");
    client_read_answers(&client, 4);
    assert_null(strstr(client_text(&client), "HEAD /x"));
    assert_contains(client_text(&client), "HTTP/1.1 204 No Content\r\n");
    assert_contains(client_text(&client), "HTTP/1.1 304 Not Modified\r\n");
    /* Only the last has a length and a body. */
    assert_ptr_equal(strstr(client_text(&client), "a body"),
                     client_text(&client) + client.got.len - 6);
    assert_true(strstr(client_text(&client), "Content-Length") >
                strstr(client_text(&client), "HTTP/1.1 201 Created"));
}

static void
http_1_0_is_kept_open_only_when_asked(void **state)
{
    client_send_text(&client, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    client_read_answers(&client, 1);
    assert_contains(client_text(&client), "\r\nConnection: keep-alive\r\n");
    assert_false(client.at_end);
    client_send_text(&client, "GET / HTTP/1.0\r\n\r\n");
    client_read_end(&client);
    assert_int_equal(fixture.requests, 2);
}

static void
the_handler_can_close(void **state)
{
    client_send_text(&client, "GET /close HTTP/1.1\r\nHost: h\r\n\r\n");
    client_read_answers(&client, 1);
    assert_contains(client_text(&client), "\r\nConnection: close\r\n");
    client_read_end(&client);
}

static void
pipelined_answers_come_in_order_whenever_they_are_given(void **state)
{
    const char *text;

    client_send_text(&client, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
                              "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n"
                              "POST /later HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
                              "GET /4 HTTP/1.1\r\nHost: h\r\n\r\n");
    client_read(&client);
    assert_int_equal(fixture.requests, 2);
    assert_contains(client_text(&client), "GET /1 ");
    fixture_release(&fixture);
    client_read_answers(&client, 4);
    text = client_text(&client);
    assert_contains(strstr(text, "GET /1 "), "GET /hold ");
    assert_contains(strstr(text, "GET /hold "), "POST /later abc");
    assert_contains(strstr(text, "POST /later abc"), "GET /4 ");
}

static void
pipelined_answers_leave_in_one_write(void **state)
{
    struct client packets;
    char bytes[65536];
    ssize_t n;

    client_open(&packets, &fixture, SOCK_SEQPACKET);
    client_send_text(&packets, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
                               "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n"
                               "GET /3 HTTP/1.1\r\nHost: h\r\n\r\n");
    n = recv(packets.fd, bytes, sizeof(bytes), 0);
    assert_true(n > 0);
    buf_add(&packets.got, bytes, (size_t)n);
    assert_contains(client_text(&packets), "GET /3 ");
    client_close(&packets);
}

static void
a_request_is_handed_over_with_all_its_parts(void **state)
{
    struct request *request;

    client_send_text(&client,
                     "PATCH /hold?x=%41 HTTP/1.1\r\nHost: h:1\r\nPrefer: a\r\nPrefer: b\r\n"
                     "X-Own: \tv \r\nTransfer-Encoding: chunked\r\n\r\n"
                     "3\r\nabc\r\n2;x\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n");
    assert_int_equal(fixture.held_count, 1);
    request = fixture.held[0];
    assert_int_equal(request->method, HTTP_PATCH);
    assert_str(request->target, "/hold?x=%41");
    assert_str(request->path, "/hold");
    assert_str(request->query, "x=%41");
    assert_str(request->known[HTTP_H_HOST], "h:1");
    assert_str(request->known[HTTP_H_PREFER], "a");
    assert_null(request->known[HTTP_H_RANGE].data);
    assert_str(request_header(request, "x-own"), "v");
    assert_str(request_header(request, "host"), "h:1");
    assert_null(request_header(request, "x-sum").data);
    assert_int_equal(request->header_count, 5);
    assert_str(request->body, "abcde");
    assert_str(request->peer, "192.0.2.7");
    assert_false(request->is_tls || request->is_http2);
    assert_true(request->start_ns > 0);
    fixture_release(&fixture);
}

static void
continue_is_sent_when_the_body_is_wanted(void **state)
{
    client_send_text(&client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
                              "Expect: 100-continue\r\n\r\n");
    client_read(&client);
    assert_string_equal(client_text(&client), "HTTP/1.1 100 Continue\r\n\r\n");
    client_send_text(&client, "abc");
    client_read_answers(&client, 2);
    assert_contains(client_text(&client), "POST / abc");
}

static void
a_large_body_arrives_whole(void **state)
{
    size_t len = 1 << 20;
    char head[128];

    snprintf(head, sizeof(head), "POST /hold HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n",
             len);
    client_send_text(&client, head);
    client_send(&client, str_make(big_body, len));
    fixture_turn(&fixture);
    assert_int_equal(fixture.held_count, 1);
    assert_int_equal(fixture.held[0]->body.len, len);
    assert_memory_equal(fixture.held[0]->body.data, big_body, len);
    fixture_release(&fixture);
}

static void
a_large_answer_arrives_whole(void **state)
{
    const char *body;

    client_send_text(&client,
                     "GET /big HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    client_read_answers(&client, 2);
    body = strstr(client_text(&client), "\r\n\r\n") + 4;
    assert_memory_equal(body, big_body, BIG_BODY);
    assert_contains(body + BIG_BODY, "GET /2 ");
}

static void
a_header_value_can_not_end_its_line(void **state)
{
    client_send_text(&client, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    response_add_header(fixture.held[0], STR("X-Evil"), STR("a\r\nSet-Cookie: b\r\n\r\nc"));
    fixture_release(&fixture);
    client_read_answers(&client, 1);
    assert_contains(client_text(&client), "\r\nX-Evil: a  Set-Cookie: b    c\r\n");
}

static void
an_answer_that_did_not_fit_is_not_sent(void **state)
{
    client_send_text(&client,
                     "GET /endless HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    client_read_answers(&client, 2);
    assert_contains(client_text(&client), "HTTP/1.1 500 Internal Server Error\r\n");
    assert_null(strstr(client_text(&client), "more more"));
    assert_contains(client_text(&client), "GET /2 ");
}

static void
a_head_that_finds_no_memory_is_refused(void **state)
{
    static char head[14000];
    int len = snprintf(head, sizeof(head), "GET / HTTP/1.1\r\nHost: h\r\nX-Long: ");

    memset(head + len, 'v', sizeof(head) - (size_t)len - 5);
    memcpy(head + sizeof(head) - 5, "\r\n\r\n", 5);
    fault_arm("arena.grow", 1);
    client_send_text(&client, head);
    fault_arm("arena.grow", 0);
    client_read_end(&client);
    assert_contains(client_text(&client), "HTTP/1.1 431 ");
    assert_int_equal(fixture.requests, 0);
}

static void
an_error_to_head_has_no_body(void **state)
{
    client_send_text(&client, "HEAD / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n");
    client_read_end(&client);
    assert_contains(client_text(&client), "HTTP/1.1 413 Content Too Large\r\n");
    assert_null(strstr(client_text(&client), "CAIRN-HTTP"));
}

static void
text_is_compressed_for_who_takes_it(void **state)
{
    char plain[20000];
    z_stream stream = {0};
    const char *body;

    client_send_text(&client, "GET /text HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n");
    client_read_answers(&client, 1);
    assert_contains(client_text(&client), "\r\nContent-Encoding: gzip\r\n");
    assert_contains(client_text(&client), "\r\nVary: Accept-Encoding\r\n");
    body = strstr(client_text(&client), "\r\n\r\n") + 4;
    stream.next_in = (Bytef *)(uintptr_t)body;
    stream.avail_in = (uInt)(client.got.len - (size_t)(body - client.got.data));
    assert_true(stream.avail_in < 1000);
    stream.next_out = (Bytef *)plain;
    stream.avail_out = sizeof(plain);
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.total_out, 16000);
    assert_memory_equal(plain, "the same again, the same", 24);
    inflateEnd(&stream);
}

static void
text_is_plain_for_who_does_not_say(void **state)
{
    client_send_text(&client, "GET /text HTTP/1.1\r\nHost: h\r\n\r\n");
    client_read_answers(&client, 1);
    assert_contains(client_text(&client), "\r\nContent-Length: 16000\r\n");
    assert_contains(client_text(&client), "\r\nVary: Accept-Encoding\r\n");
    assert_null(strstr(client_text(&client), "Content-Encoding"));
}

static void
a_long_head_in_pieces_is_one_head(void **state)
{
    static char head[16000];
    int len = snprintf(head, sizeof(head), "GET /hold HTTP/1.1\r\nHost: h\r\n");

    for (int i = 0; len < 15000; i++)
        len += snprintf(head + len, sizeof(head) - (size_t)len, "X-%d: %0200d\r\n", i, i);
    len += snprintf(head + len, sizeof(head) - (size_t)len, "X-Last: z\r\n\r\n");
    for (size_t at = 0; at < (size_t)len; at += 701)
        client_send(&client, str_slice(str_make(head, (size_t)len), at, at + 701));
    assert_int_equal(fixture.held_count, 1);
    assert_str(request_header(fixture.held[0], "x-last"), "z");
    assert_str(str_slice(request_header(fixture.held[0], "x-7"), 190, 200), "0000000007");
    fixture_release(&fixture);
}

static void
a_status_may_have_its_own_phrase_or_none_known(void **state)
{
    client_send_text(&client, "GET /status/299 HTTP/1.1\r\nHost: h\r\n\r\n");
    client_read_answers(&client, 1);
    assert_contains(client_text(&client), "HTTP/1.1 299 Unknown\r\n");
    client_send_text(&client, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    fixture.held[0]->response.reason = STR("Fine\r\nX: y");
    fixture_release(&fixture);
    client_read_answers(&client, 2);
    assert_contains(client_text(&client), "HTTP/1.1 200 Fine  X: y\r\n");
}

static void
head_states_the_length_it_is_given(void **state)
{
    client_send_text(&client, "HEAD /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    fixture.held[0]->response.head_length = 1234;
    fixture_release(&fixture);
    client_read(&client);
    assert_contains(client_text(&client), "\r\nContent-Length: 1234\r\n\r\n");
}

static void
vary_and_etag_follow_compression(void **state)
{
    client_send_text(&client,
                     "GET /hold-text HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n");
    response_add_header(fixture.held[0], STR("vary"), STR("Accept, Prefer"));
    response_add_header(fixture.held[0], STR("ETag"), STR("\"abc\""));
    fixture_release(&fixture);
    client_read_answers(&client, 1);
    assert_contains(client_text(&client), "\r\nvary: Accept, Prefer, Accept-Encoding\r\n");
    assert_contains(client_text(&client), "\r\nETag: W/\"abc\"\r\n");
    assert_contains(client_text(&client), "\r\nContent-Encoding: gzip\r\n");
}

static void
what_has_a_coding_or_wants_none_stays_as_it_is(void **state)
{
    client_send_text(&client,
                     "GET /hold-text HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n");
    response_add_header(fixture.held[0], STR("Content-Encoding"), STR("br"));
    fixture_release(&fixture);
    client_read_answers(&client, 1);
    assert_contains(client_text(&client), "\r\nContent-Length: 16000\r\n");
    client_send_text(&client,
                     "GET /hold-text HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n");
    fixture.held[0]->response.no_compress = true;
    fixture_release(&fixture);
    client_read_answers(&client, 2);
    assert_null(strstr(client_text(&client), "gzip"));
}

static void
only_types_that_shrink_are_compressed(void **state)
{
    static const char *const yes[] = {"application/json",
                                      "application/json; charset=utf-8",
                                      "application/vnd.pgrst.object+json",
                                      "text/csv; charset=utf-8",
                                      "text/html",
                                      "application/javascript",
                                      "image/svg+xml",
                                      "application/openapi+json;version=3.1"};
    static const char *const no[] = {"",
                                     "image/png",
                                     "application/octet-stream",
                                     "application/zip",
                                     "application/jsonish",
                                     "font/woff2"};

    for (size_t i = 0; i < COUNTOF(yes); i++)
        assert_true(http_type_is_compressible(str_from(yes[i])));
    for (size_t i = 0; i < COUNTOF(no); i++)
        assert_false(http_type_is_compressible(str_from(no[i])));
}

static void
a_server_can_be_freed_without_a_drain(void **state)
{
    struct http_limits limits = HTTP_RUN_LIMITS;
    struct fixture own = {0};
    struct http_handler handler = fixture_handler(&own);
    struct http_server *server = NULL;
    struct err err = {0};
    uv_loop_t loop;
    int pair[2];

    uv_loop_init(&loop);
    assert_ok(http_server_open(&loop, &limits, &handler, &server, &err));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    assert_non_null(http_server_adopt(server, pair[0], NULL, NULL));
    http_server_free(server);
    http_server_free(NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    close(pair[1]);
}

static void
statistics_count(void **state)
{
    struct http_stats stats;

    client_send_text(&client, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    stats = http_server_stats(fixture.server);
    assert_int_equal(stats.connections_open, 1);
    assert_int_equal(stats.connections_total, 1);
    assert_int_equal(stats.requests_active, 1);
    assert_int_equal(stats.bytes_received, 31);
    fixture_release(&fixture);
    client_read_answers(&client, 1);
    stats = http_server_stats(fixture.server);
    assert_int_equal(stats.requests_active, 0);
    assert_int_equal(stats.bytes_sent, client.got.len);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_case_has_its_verdict_over_a_connection),
        CASE(every_case_has_its_verdict_byte_by_byte),
        CASE(an_answer_has_date_type_and_length),
        CASE(an_error_is_json_and_closes),
        CASE(trace_is_refused_with_what_is_allowed),
        CASE(head_204_and_304_have_no_body),
        CASE(http_1_0_is_kept_open_only_when_asked),
        CASE(the_handler_can_close),
        CASE(pipelined_answers_come_in_order_whenever_they_are_given),
        CASE(pipelined_answers_leave_in_one_write),
        CASE(a_request_is_handed_over_with_all_its_parts),
        CASE(continue_is_sent_when_the_body_is_wanted),
        CASE(a_large_body_arrives_whole),
        CASE(a_large_answer_arrives_whole),
        CASE(a_header_value_can_not_end_its_line),
        CASE(an_answer_that_did_not_fit_is_not_sent),
        CASE(a_head_that_finds_no_memory_is_refused),
        CASE(an_error_to_head_has_no_body),
        CASE(text_is_compressed_for_who_takes_it),
        CASE(text_is_plain_for_who_does_not_say),
        CASE(a_long_head_in_pieces_is_one_head),
        CASE(a_status_may_have_its_own_phrase_or_none_known),
        CASE(head_states_the_length_it_is_given),
        CASE(vary_and_etag_follow_compression),
        CASE(what_has_a_coding_or_wants_none_stays_as_it_is),
        CASE(only_types_that_shrink_are_compressed),
        CASE(a_server_can_be_freed_without_a_drain),
        CASE(statistics_count),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);

    free(big_body);
    return rc;
}
