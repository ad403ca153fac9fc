/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates, handshakes, HTTP/1.1 over TLS, and listening. */
#include "unit/http/tls_client.h"
#include "unit/unit_dir.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/un.h>

static struct fixture fixture;
static struct tls_client client;
static struct http_tls *tls;
static char cert_file[512];
static char key_file[512];

static int
set_up(void **state)
{
    struct http_limits limits = HTTP_RUN_LIMITS;
    struct err err = {0};

    limits.header_timeout_ms = 200;
    fixture_init(&fixture, &limits);
    assert_ok(http_tls_load(cert_file, key_file, &tls, &err));
    return 0;
}

static int
tear_down(void **state)
{
    tls_client_close(&client);
    fixture_release(&fixture);
    fixture_fini(&fixture);
    http_tls_free(tls);
    return 0;
}

static void
http_1_1_is_served_without_alpn(void **state)
{
    static const char request[] = "GET /hold HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

    assert_true(tls_client_open(&client, &fixture, tls, NULL, 0));
    assert_null(client.session);
    tls_client_write(&client, request, sizeof(request) - 1);
    assert_int_equal(fixture.held_count, 1);
    assert_true(fixture.held[0]->is_tls);
    assert_false(fixture.held[0]->is_http2);
    fixture_release(&fixture);
    tls_client_wait(&client, NULL);
    assert_contains(buf_cstr(&client.got), "HTTP/1.1 200 OK\r\n");
    assert_int_equal(SSL_get_shutdown(client.ssl) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
}

static void
http_1_1_is_served_when_it_is_all_that_is_offered(void **state)
{
    assert_true(tls_client_open(&client, &fixture, tls, "\x08http/1.1", 0));
    assert_null(client.session);
}

static void
a_strange_protocol_is_refused(void **state)
{
    assert_false(tls_client_open(&client, &fixture, tls,
                                 "\x03"
                                 "ftp",
                                 0));
}

static void
tls_1_2_is_served_and_1_1_is_not(void **state)
{
    assert_true(tls_client_open(&client, &fixture, tls, "\x02h2", TLS1_2_VERSION));
    assert_non_null(client.session);
    tls_client_close(&client);
    assert_false(tls_client_open(&client, &fixture, tls, "\x02h2", TLS1_1_VERSION));
}

static void
pipelined_requests_in_one_record_are_all_answered(void **state)
{
    static const char request[] = "GET /later HTTP/1.1\r\nHost: h\r\n\r\n"
                                  "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n"
                                  "GET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

    assert_true(tls_client_open(&client, &fixture, tls, NULL, 0));
    tls_client_write(&client, request, sizeof(request) - 1);
    tls_client_pump(&client);
    fixture_release(&fixture);
    tls_client_wait(&client, NULL);
    assert_contains(buf_cstr(&client.got), "GET /3 ");
    assert_int_equal(fixture.completed, 3);
}

static void
bodies_over_many_records_arrive_whole_both_ways(void **state)
{
    char head[128];
    size_t len = 1000000;

    assert_true(tls_client_open(&client, &fixture, tls, NULL, 0));
    snprintf(head, sizeof(head), "POST /hold HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n",
             len);
    tls_client_write(&client, head, strlen(head));
    tls_client_write(&client, big_body, len);
    fixture_turn(&fixture);
    assert_int_equal(fixture.held_count, 1);
    assert_int_equal(fixture.held[0]->body.len, len);
    fixture_release(&fixture);
    snprintf(head, sizeof(head), "GET /big HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    tls_client_write(&client, head, strlen(head));
    tls_client_wait(&client, NULL);
    assert_true(client.got.len > len + BIG_BODY);
}

static void
a_handshake_has_its_time(void **state)
{
    struct client silent;
    int pair[2];

    assert_true(tls_client_open(&client, &fixture, tls, NULL, 0));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    silent = (struct client){.fixture = &fixture, .fd = pair[0]};
    buf_init(&silent.got, 1 << 20);
    assert_non_null(http_server_adopt(fixture.server, pair[1], NULL, tls));
    fixture_wait(&fixture, 100);
    client_read(&silent);
    assert_false(silent.at_end);
    client_read_end(&silent);
    client_close(&silent);
}

static void
what_is_not_tls_is_closed(void **state)
{
    struct client plain;
    int pair[2];

    assert_true(tls_client_open(&client, &fixture, tls, NULL, 0));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    plain = (struct client){.fixture = &fixture, .fd = pair[0]};
    buf_init(&plain.got, 1 << 20);
    assert_non_null(http_server_adopt(fixture.server, pair[1], NULL, tls));
    client_send_text(&plain, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    client_read_end(&plain);
    assert_int_equal(fixture.requests, 0);
    client_close(&plain);
}

static void
a_client_that_vanishes_in_the_handshake_frees_everything(void **state)
{
    /* The greeting of a TLS client, cut off at each byte. */
    static char hello[4096];
    ssize_t len;
    int pair[2];

    assert_true(tls_client_open(&client, &fixture, tls, "\x02h2", 0));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    SSL_free(client.ssl);
    client.ssl = SSL_new(client.ctx);
    SSL_set_fd(client.ssl, pair[0]);
    SSL_set_connect_state(client.ssl);
    (void)SSL_do_handshake(client.ssl);
    len = recv(pair[1], hello, sizeof(hello), 0);
    assert_true(len > 100);
    close(pair[0]);
    close(pair[1]);
    for (ssize_t cut = 0; cut <= len; cut += cut < len - 9 ? 9 : 1) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair),
                         0);
        assert_non_null(http_server_adopt(fixture.server, pair[1], NULL, tls));
        assert_int_equal(send(pair[0], hello, (size_t)cut, MSG_NOSIGNAL), cut);
        fixture_turn(&fixture);
        close(pair[0]);
        fixture_turn(&fixture);
        assert_int_equal(http_server_stats(fixture.server).connections_open, 1);
    }
}

/* Files. */

static struct http_tls *loaded;

static void
assert_refused(const char *cert, const char *key, const char *why)
{
    struct err err = {0};

    assert_false(http_tls_load(cert, key, &loaded, &err));
    assert_null(loaded);
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_contains(err.message, why);
}

static void
wrong_files_are_refused_with_the_reason(void **state)
{
    char other_cert[512];
    char other_key[512];
    char text[512];
    char open_key[512];
    FILE *file;

    snprintf(other_cert, sizeof(other_cert), "%s", unit_path("other.pem"));
    snprintf(other_key, sizeof(other_key), "%s", unit_path("other-key.pem"));
    snprintf(text, sizeof(text), "%s", unit_path("text"));
    snprintf(open_key, sizeof(open_key), "%s", unit_path("open-key.pem"));
    write_certificate(other_cert, other_key, 0640);
    file = fopen(text, "we");
    fputs("hello\n", file);
    fclose(file);
    assert_int_equal(chmod(text, 0600), 0);

    assert_refused("/nowhere/cert.pem", key_file, "unable to read the certificate '/nowhere/");
    assert_refused(cert_file, "/nowhere/key.pem", "unable to read the key '/nowhere/key.pem': No ");
    assert_refused(text, key_file, "unable to read the certificate '");
    assert_refused(cert_file, text, "unable to read the key '");
    assert_refused(cert_file, other_key, "it doesn't belong to the certificate");
    write_certificate(other_cert, open_key, 0644);
    assert_refused(other_cert, open_key, "others can read it (mode 0644)");
}

static void
addresses_that_are_none_are_refused(void **state)
{
    static const char *const wrong[] = {"",
                                        "localhost",
                                        "127.0.0.1:",
                                        "127.0.0.1:x",
                                        ":80",
                                        "::1:80",
                                        "[::1]",
                                        "127.0.0.1:65536",
                                        "[]:80",
                                        "unix:",
                                        "127.0.0.1:-1",
                                        "127.0.0.1: 80",
                                        "127.0.0.1:80x"};

    for (size_t i = 0; i < COUNTOF(wrong); i++) {
        struct err err = {0};
        uint16_t port;
        int fd = -1;

        if (http_listen_socket(wrong[i], &fd, &port, &err))
            fail_msg("'%s' was taken", wrong[i]);
        assert_contains(err.message, "unable to listen on '");
    }
}

static void
a_port_in_use_is_refused_with_a_hint(void **state)
{
    char address[64];
    struct err err = {0};
    uint16_t port = 0;
    uint16_t again;
    int first = -1;
    int second = -1;

    assert_ok(http_listen_socket("127.0.0.1:0", &first, &port, &err));
    snprintf(address, sizeof(address), "127.0.0.1:%u", port);
    assert_false(http_listen_socket(address, &second, &again, &err));
    assert_contains(err.message, "Address already in use");
    assert_contains(err.hint, "another port");
    close(first);
    assert_ok(http_listen_socket(address, &second, &again, &err));
    assert_int_equal(again, port);
    /* The supervisor hands it down. */
    assert_int_equal(fcntl(second, F_GETFD) & FD_CLOEXEC, 0);
    close(second);
}

static void
a_unix_socket_is_listened_on_and_a_stale_one_replaced(void **state)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    char address[512];
    struct err err = {0};
    int first = -1;
    int second = -1;
    int fd;

    snprintf(address, sizeof(address), "unix:%s", unit_path("s"));
    snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/s", unit_dir);
    assert_ok(http_listen_socket(address, &first, NULL, &err));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
    close(fd);
    assert_false(http_listen_socket(address, &second, NULL, &err));
    close(first);
    assert_ok(http_listen_socket(address, &second, NULL, &err));
    close(second);
}

static int
make_files(void **state)
{
    if (unit_dir_make(state) != 0)
        return -1;
    snprintf(cert_file, sizeof(cert_file), "%s", unit_path("cert.pem"));
    snprintf(key_file, sizeof(key_file), "%s", unit_path("key.pem"));
    write_certificate(cert_file, key_file, 0600);
    return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(http_1_1_is_served_without_alpn),
        CASE(http_1_1_is_served_when_it_is_all_that_is_offered),
        CASE(a_strange_protocol_is_refused),
        CASE(tls_1_2_is_served_and_1_1_is_not),
        CASE(pipelined_requests_in_one_record_are_all_answered),
        CASE(bodies_over_many_records_arrive_whole_both_ways),
        CASE(a_handshake_has_its_time),
        CASE(what_is_not_tls_is_closed),
        CASE(a_client_that_vanishes_in_the_handshake_frees_everything),
        cmocka_unit_test(wrong_files_are_refused_with_the_reason),
        cmocka_unit_test(addresses_that_are_none_are_refused),
        cmocka_unit_test(a_port_in_use_is_refused_with_a_hint),
        cmocka_unit_test(a_unix_socket_is_listened_on_and_a_stale_one_replaced),
    };
    int rc;

    signal(SIGPIPE, SIG_IGN); /* for the client's side */
    rc = cmocka_run_group_tests(tests, make_files, unit_dir_remove);
    free(big_body);
    return rc;
}
