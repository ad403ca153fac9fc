/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that are slow, greedy or gone, and the end of a server. */
#include "core/fault.h"
#include "http/compress.h"
#include "unit/http/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static struct fixture fixture;
static struct client client;

static int
set_up(void **state)
{
    struct http_limits limits = HTTP_RUN_LIMITS;

    limits.header_timeout_ms = 400;
    limits.body_timeout_ms = 400;
    limits.idle_timeout_ms = 500;
    limits.write_timeout_ms = 400;
    limits.body_min_rate = 0;
    limits.connections_max = 4;
    fixture_init(&fixture, &limits);
    client_open(&client, &fixture, SOCK_STREAM);
    return 0;
}

static int
tear_down(void **state)
{
    client_close(&client);
    fixture_release(&fixture);
    fixture_fini(&fixture);
    return 0;
}

/* The fixture's own client isn't closed for being idle. */
static void
stay_open(void)
{
    fixture.server->limits.idle_timeout_ms = 600000;
    client_send_text(&client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    client_read_answers(&client, 1);
}

static const char life[] = "\r\nPOST /later?x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                           "Expect: 100-continue\r\n\r\n5;x=\"y\"\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"
                           "GET /big HTTP/1.1\r\nHost: h\r\n\r\n"
                           "POST /hold HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\n\r\n1234567"
                           "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /status/20";

static void
a_client_that_vanishes_at_any_byte_frees_everything(void **state)
{
    stay_open();
    for (size_t len = 0; len < sizeof(life); len++) {
        for (int half = 0; half < 2; half++) {
            struct client gone;

            client_open(&gone, &fixture, SOCK_STREAM);
            client_send(&gone, str_make(life, len));
            if (half == 1)
                shutdown(gone.fd, SHUT_WR);
            client_close(&gone);
            fixture_release(&fixture);
            fixture_turn(&fixture);
            if (http_server_stats(fixture.server).connections_open != 1)
                fail_msg("after %zu bytes %lu connections are open", len,
                         http_server_stats(fixture.server).connections_open);
            assert_int_equal(http_server_stats(fixture.server).requests_active, 0);
            assert_int_equal(fixture.requests, fixture.completed);
        }
    }
}

static void
a_request_outlives_its_client(void **state)
{
    struct request *request;

    client_send_text(&client, "GET /hold?text HTTP/1.1\r\nHost: h\r\n\r\n");
    request = fixture.held[0];
    assert_false(request_is_gone(request));
    http_server_abort(fixture.server);
    fixture_turn(&fixture);
    assert_true(request_is_gone(request));
    assert_str(request->query, "text");
    assert_int_equal(fixture.completed, 0);
    fixture_release(&fixture);
    assert_int_equal(fixture.completed, 1);
    assert_int_equal(fixture.dropped, 1);
    fixture.done = true;
    fixture_turn(&fixture);
}

static void
an_answer_to_a_client_that_is_gone_is_dropped(void **state)
{
    client_send_text(&client, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    close(client.fd);
    client.fd = -1;
    fixture_turn(&fixture);
    fixture_release(&fixture);
    fixture_turn(&fixture);
    assert_int_equal(fixture.completed, 1);
    assert_int_equal(fixture.dropped, 1);
}

static void
a_client_that_has_said_all_still_gets_its_answers(void **state)
{
    client_send_text(&client,
                     "GET /hold HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    shutdown(client.fd, SHUT_WR);
    client_read(&client);
    assert_false(client.at_end);
    fixture_release(&fixture);
    client_read_end(&client);
    assert_contains(client_text(&client), "GET /2 ");
}

static void
a_head_that_takes_too_long_is_answered_408(void **state)
{
    client_send_text(&client, "GET / HT");
    fixture_wait(&fixture, 80);
    client_send_text(&client, "TP/1.1\r\nHost:");
    client_read(&client);
    assert_int_equal(client.got.len, 0);
    client_read_end(&client);
    assert_contains(client_text(&client), "HTTP/1.1 408 Request Timeout\r\n");
    assert_string_equal(fixture.bad_reason, "slow-head");
}

static void
a_body_that_takes_too_long_is_answered_408(void **state)
{
    client_send_text(&client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nab");
    fixture_wait(&fixture, 100);
    client_send_text(&client, "c");
    client_read(&client);
    assert_int_equal(client.got.len, 0);
    client_read_end(&client);
    assert_contains(client_text(&client), "HTTP/1.1 408 Request Timeout\r\n");
    assert_string_equal(fixture.bad_reason, "slow-body");
}

static void
a_body_that_trickles_is_answered_408_before_its_time_is_over(void **state)
{
    uint64_t begin = uv_hrtime();

    fixture.server->limits.body_timeout_ms = 60000;
    fixture.server->limits.body_min_rate = 500;
    fixture.server->rate_grace_ms = 1000;
    client_send_text(&client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9999\r\n\r\n");
    while (!client.at_end && uv_hrtime() - begin < 5000000000ull) {
        client_send_text(&client, "x");
        fixture_wait(&fixture, 20);
        client_read(&client);
    }
    assert_contains(client_text(&client), "HTTP/1.1 408 Request Timeout\r\n");
    assert_true(uv_hrtime() - begin >= 1000000000ull);
}

static void
a_body_may_stall_for_a_while(void **state)
{
    fixture.server->limits.body_timeout_ms = 60000;
    fixture.server->limits.body_min_rate = 500;
    client_send_text(&client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n");
    fixture_wait(&fixture, 2500);
    client_send_text(&client, "abc");
    client_read_answers(&client, 1);
    assert_contains(client_text(&client), "200 OK");
}

static void
an_idle_connection_is_closed_without_a_word(void **state)
{
    client_send_text(&client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    client_read_answers(&client, 1);
    buf_clear(&client.got);
    fixture_wait(&fixture, 150);
    client_read(&client);
    assert_false(client.at_end);
    client_read_end(&client);
    assert_int_equal(client.got.len, 0);
    assert_int_equal(fixture.bad, 0);
}

static void
each_request_gives_an_idle_connection_its_time_again(void **state)
{
    for (size_t i = 1; i <= 4; i++) {
        fixture_wait(&fixture, 150);
        client_send_text(&client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        client_read_answers(&client, i);
        assert_false(client.at_end);
    }
}

static void
a_handler_may_take_longer_than_any_time_out(void **state)
{
    client_send_text(&client, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    fixture_wait(&fixture, 600);
    fixture_release(&fixture);
    client_read_answers(&client, 1);
    assert_contains(client_text(&client), "200 OK");
}

static void
a_client_that_does_not_read_is_cut_off(void **state)
{
    client_send_text(&client, "GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
    fixture_wait(&fixture, 1000);
    assert_int_equal(http_server_stats(fixture.server).connections_open, 0);
    assert_int_equal(fixture.dropped, 1);
}

static void
a_client_that_reads_slowly_is_served(void **state)
{
    char bytes[70000];

    client_send_text(&client, "GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
    while (client.got.len < BIG_BODY) {
        ssize_t n = recv(client.fd, bytes, sizeof(bytes), 0);

        assert_true(n > 0 || errno == EAGAIN);
        buf_add(&client.got, bytes, n > 0 ? (size_t)n : 0);
        fixture_wait(&fixture, 20);
    }
    client_read_answers(&client, 1);
    assert_int_equal(fixture.dropped, 0);
}

static void
a_client_that_sends_and_does_not_read_is_not_read_from(void **state)
{
    static const char request[] = "GET /big HTTP/1.1\r\nHost: h\r\n\r\n";
    size_t sent = 0;

    for (int i = 0; i < 2000; i++) {
        if (send(client.fd, request, sizeof(request) - 1, MSG_NOSIGNAL) > 0)
            sent++;
        fixture_turn(&fixture);
    }
    assert_int_equal(fixture.requests, 1);
    client_read_answers(&client, 5);
    assert_true(fixture.requests >= 5 && fixture.requests <= 7);
    assert_true(sent > 100);
}

static void
requests_that_wait_for_a_handler_stay_in_the_system(void **state)
{
    static char many[200000];
    size_t at = 0;

    while (at + 40 < sizeof(many))
        at += (size_t)snprintf(many + at, 64, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    for (size_t sent = 0; sent < at;) {
        ssize_t n = send(client.fd, many + sent, at - sent, MSG_NOSIGNAL);

        if (n < 0)
            break;
        sent += (size_t)n;
        fixture_turn(&fixture);
    }
    assert_int_equal(fixture.requests, 1);
    assert_true(http_server_stats(fixture.server).bytes_received <= HTTP_READ_SIZE);
    for (size_t i = 0; i < 3000; i++) {
        fixture_release(&fixture);
        client_read(&client);
    }
    assert_true(fixture.requests > 2000);
}

static void
draining_answers_what_comes_and_then_closes(void **state)
{
    struct client idle;

    client_open(&idle, &fixture, SOCK_STREAM);
    client_send_text(&client, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    client_send_text(&idle, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
    client_read_answers(&idle, 1);
    assert_null(strstr(client_text(&idle), "Connection: close"));

    fixture_drain(&fixture, 60000);
    fixture_wait(&fixture, 100);
    client_send_text(&idle, "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    client_read_end(&idle);
    assert_contains(client_text(&idle), "GET /2 ");
    assert_contains(client_text(&idle), "\r\nConnection: close\r\n");
    client_close(&idle);

    client_read(&client);
    assert_false(client.at_end);
    fixture_release(&fixture);
    client_read_end(&client);
    assert_contains(client_text(&client), "GET /hold ");
    assert_contains(client_text(&client), "\r\nConnection: close\r\n");
}

static void
the_grace_time_ends(void **state)
{
    client_send_text(&client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    client_read_answers(&client, 1);
    fixture_drain(&fixture, 300);
    fixture_wait(&fixture, 50);
    client_read(&client);
    assert_false(client.at_end);
    client_read_end(&client);
}

static int
connect_to(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    fixture_turn(&fixture);
    return fd;
}

static void
connections_past_the_limit_are_closed_at_once(void **state)
{
    struct err err = {0};
    uint16_t port = 0;
    int listener = -1;
    int fds[5];
    char byte;

    assert_ok(http_listen_socket("127.0.0.1:0", &listener, &port, &err));
    assert_true(port > 0);
    assert_ok(http_server_listen(fixture.server, listener, NULL, &err));
    for (size_t i = 0; i < COUNTOF(fds); i++)
        fds[i] = connect_to(port);
    /* One is the fixture's. */
    assert_int_equal(http_server_stats(fixture.server).connections_open, 4);
    assert_int_equal(recv(fds[2], &byte, 1, 0), -1);
    assert_int_equal(errno, EAGAIN);
    assert_true(recv(fds[3], &byte, 1, 0) == 0 || errno == ECONNRESET);
    close(fds[0]);
    fixture_turn(&fixture);
    close(fds[4]);
    fds[4] = connect_to(port);
    assert_int_equal(http_server_stats(fixture.server).connections_open, 4);
    for (size_t i = 1; i < COUNTOF(fds); i++)
        close(fds[i]);
    close(listener);
}

/* RFC 9112 9.6: a close with unread bytes would be a reset. */
static void
a_close_by_the_server_is_no_reset(void **state)
{
    struct err err = {0};
    struct client tcp = {.fixture = &fixture};
    uint16_t port = 0;
    int listener = -1;

    assert_ok(http_listen_socket("127.0.0.1:0", &listener, &port, &err));
    assert_ok(http_server_listen(fixture.server, listener, NULL, &err));
    buf_init(&tcp.got, 1 << 20);
    tcp.fd = connect_to(port);
    client_send_text(&tcp, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    client_send_text(&tcp, "GET /next HTTP/1.1\r\nHost: h\r\n\r\n");
    fixture_drain(&fixture, 60000);
    fixture_release(&fixture);
    client_read_answers(&tcp, 1);
    errno = 0;
    client_read_end(&tcp);
    assert_int_not_equal(errno, ECONNRESET);
    assert_contains(client_text(&tcp), "\r\nConnection: close\r\n");
    client_close(&tcp);
    close(listener);
}

static void
accepting_goes_on_after_descriptors_ran_out(void **state)
{
    struct err err = {0};
    uint16_t port = 0;
    int listener = -1;
    int fd;

    assert_ok(http_listen_socket("127.0.0.1:0", &listener, &port, &err));
    assert_ok(http_server_listen(fixture.server, listener, NULL, &err));
    fault_arm("http.accept", 1);
    fd = connect_to(port);
    fault_arm("http.accept", 0);
    assert_int_equal(http_server_stats(fixture.server).connections_open, 1);
    fixture_wait(&fixture, 100);
    assert_int_equal(http_server_stats(fixture.server).connections_open, 2);
    close(fd);
    close(listener);
}

static bool
has(const struct client *own, const char *text)
{
    return text != NULL && own->got.len > 0 &&
           memmem(own->got.data, own->got.len, text, strlen(text)) != NULL;
}

/* Fails each passing of a fault point in turn; returns how many there are. */
static unsigned
fail_each(const char *point, const char *must_have)
{
    for (unsigned nth = 1;; nth++) {
        struct client own;
        bool was_hit;

        client_open(&own, &fixture, SOCK_STREAM);
        fault_arm(point, nth);
        for (size_t at = 0; at < sizeof(life) - 1; at += 40)
            client_send(&own, str_slice(str_from(life), at, at + 40));
        for (int i = 0; i < 200 && !own.at_end && !has(&own, must_have); i++) {
            client_read(&own);
            fixture_release(&fixture);
        }
        was_hit = fault_was_hit();
        fault_arm(point, 0);
        if (must_have != NULL)
            assert_true(has(&own, must_have));
        client_close(&own);
        fixture_release(&fixture);
        fixture_turn(&fixture);
        assert_int_equal(http_server_stats(fixture.server).connections_open, 1);
        assert_int_equal(http_server_stats(fixture.server).requests_active, 0);
        assert_int_equal(fixture.requests, fixture.completed);
        if (!was_hit)
            return nth - 1;
    }
}

static void
whatever_fails_frees_everything(void **state)
{
    stay_open();
    assert_true(fail_each("http.recv", NULL) >= 3);
    assert_true(fail_each("http.send", NULL) >= 3);
    /* These only delay. */
    assert_true(fail_each("http.send.full", "GET / ") >= 3);
    assert_true(fail_each("http.send.short", "GET / ") >= 3);
}

static void
an_idle_connection_owns_nothing_but_itself(void **state)
{
    struct conn *conn = fixture.server->conns;

    client_send_text(&client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nab");
    assert_non_null(conn->req);
    client_send_text(&client, "c");
    client_read_answers(&client, 1);
    assert_null(conn->req);
    assert_null(conn->in);
    assert_null(conn->out.data);
    assert_true(sizeof(*conn) <= 1024);
}

static void
codings_are_chosen_by_weight(void **state)
{
    static const struct {
        const char *accept;
        enum http_coding coding;
    } rows[] = {
        {"", HTTP_IDENTITY},
        {"gzip", HTTP_GZIP},
        {"GZIP", HTTP_GZIP},
        {"x-gzip", HTTP_GZIP},
        {"zstd", HTTP_ZSTD},
        {"gzip, deflate, br, zstd", HTTP_ZSTD},
        {"gzip;q=1.0, zstd;q=0.9", HTTP_GZIP},
        {"gzip ; q=0.5 , zstd;q=0.500", HTTP_ZSTD},
        {"gzip;q=0", HTTP_IDENTITY},
        {"gzip;q=0.000, *", HTTP_ZSTD},
        {"*;q=0", HTTP_IDENTITY},
        {"*", HTTP_ZSTD},
        {"identity", HTTP_IDENTITY},
        {"identity;q=1, gzip;q=0.5", HTTP_IDENTITY},
        {"identity;q=0.5, gzip;q=1", HTTP_GZIP},
        {"br, deflate", HTTP_IDENTITY},
        {"gzip;q=2", HTTP_IDENTITY},
        {"gzip;q=x", HTTP_IDENTITY},
        {"gzip;q=1.0000", HTTP_IDENTITY},
        {"gzip;level=1", HTTP_IDENTITY},
        {",,gzip,,", HTTP_GZIP},
    };

    assert_int_equal(http_coding_choose(STR_NULL), HTTP_IDENTITY);
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        if (http_coding_choose(str_from(rows[i].accept)) != rows[i].coding)
            fail_msg("'%s' gives %d", rows[i].accept,
                     (int)http_coding_choose(str_from(rows[i].accept)));
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_client_that_vanishes_at_any_byte_frees_everything),
        CASE(a_request_outlives_its_client),
        CASE(an_answer_to_a_client_that_is_gone_is_dropped),
        CASE(a_client_that_has_said_all_still_gets_its_answers),
        CASE(a_head_that_takes_too_long_is_answered_408),
        CASE(a_body_that_takes_too_long_is_answered_408),
        CASE(a_body_that_trickles_is_answered_408_before_its_time_is_over),
        CASE(a_body_may_stall_for_a_while),
        CASE(an_idle_connection_is_closed_without_a_word),
        CASE(each_request_gives_an_idle_connection_its_time_again),
        CASE(a_handler_may_take_longer_than_any_time_out),
        CASE(a_client_that_does_not_read_is_cut_off),
        CASE(a_client_that_reads_slowly_is_served),
        CASE(a_client_that_sends_and_does_not_read_is_not_read_from),
        CASE(requests_that_wait_for_a_handler_stay_in_the_system),
        CASE(draining_answers_what_comes_and_then_closes),
        CASE(the_grace_time_ends),
        CASE(connections_past_the_limit_are_closed_at_once),
        CASE(a_close_by_the_server_is_no_reset),
        CASE(accepting_goes_on_after_descriptors_ran_out),
        CASE(whatever_fails_frees_everything),
        CASE(an_idle_connection_owns_nothing_but_itself),
        cmocka_unit_test(codings_are_chosen_by_weight),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);

    free(big_body);
    return rc;
}
