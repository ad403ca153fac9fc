/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client against a server that answers with what a test wants, well-formed or not.
 */
#include "drill/client.h"
#include "drill/port.h"
#include "unit/unit.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

struct server {
    int fd;
    const char *answer;
    bool holds; /* keeps the connection open */
    pthread_t thread;
    struct endpoint at;
};

static void *
serve_one(void *ctx)
{
    struct server *server = ctx;
    int fd = accept(server->fd, NULL, NULL);
    char request[4096];

    if (fd < 0 || recv(fd, request, sizeof(request), 0) < 0)
        return NULL;
    for (const char *at = server->answer; *at != '\0'; at++) /* byte by byte */
        if (send(fd, at, 1, MSG_NOSIGNAL) != 1)
            break;
    if (server->holds)
        while (recv(fd, request, sizeof(request), 0) > 0)
            ;
    close(fd);

    return NULL;
}

static void
start(struct server *server, const char *answer, bool holds)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(any);

    server->answer = answer;
    server->holds = holds;
    server->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&any, sizeof(any)), 0);
    assert_int_equal(listen(server->fd, 8), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&any, &len), 0);
    snprintf(server->at.host, sizeof(server->at.host), "127.0.0.1");
    snprintf(server->at.port, sizeof(server->at.port), "%hu", ntohs(any.sin_port));
    assert_int_equal(pthread_create(&server->thread, NULL, serve_one, server), 0);
}

static enum client_outcome
ask(const char *answer, bool holds, struct client *client, struct client_response *response)
{
    struct server server;

    start(&server, answer, holds);
    client_init(client, &server.at, 500);
    client_ask(client, "GET", "/x", NULL, STR_NULL, response);
    if (client->fd >= 0)
        shutdown(client->fd, SHUT_RDWR);
    close(server.fd);
    pthread_join(server.thread, NULL);

    return response->outcome;
}

static void
an_answer_is_read_whole_however_it_comes(void **state)
{
    static const struct {
        const char *answer;
        int status;
        const char *body;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"},
        {"HTTP/1.1 404 Not Found\r\ncontent-length:0\r\n\r\n", 404, ""},
        {"HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\n",
         200, "hello world"},
        {"HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno", 503, "no"},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct client_response response;
        struct client client;

        assert_int_equal(ask(cases[i].answer, true, &client, &response), CLIENT_ANSWERED);
        assert_int_equal(response.status, cases[i].status);
        assert_str(response.body, cases[i].body);
        client_fini(&client);
    }
}

static void
a_body_without_a_length_ends_with_the_connection(void **state)
{
    struct client_response response;
    struct client client;

    assert_int_equal(ask("HTTP/1.0 200 OK\r\n\r\nall of it", false, &client, &response),
                     CLIENT_ANSWERED);
    assert_str(response.body, "all of it");
    client_fini(&client);
}

static void
what_is_no_answer_is_told_apart(void **state)
{
    static const struct {
        const char *answer;
        bool holds;
        enum client_outcome outcome;
    } cases[] = {
        {"", false, CLIENT_CUT},
        {"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort", false, CLIENT_CUT},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", false, CLIENT_CUT},
        {"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort", true, CLIENT_TIMEOUT},
        {"SSH-2.0-OpenSSH\r\n\r\n", true, CLIENT_GARBAGE},
        {"HTTP/1.1 huh\r\n\r\n", true, CLIENT_GARBAGE},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", true, CLIENT_GARBAGE},
        {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", true, CLIENT_GARBAGE},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct client_response response;
        struct client client;

        if (ask(cases[i].answer, cases[i].holds, &client, &response) != cases[i].outcome)
            fail_msg("case %zu: %s", i, client_describe(response.outcome));
        assert_int_equal(response.status, 0);
        client_fini(&client);
    }
}

static void
nobody_there_is_refused(void **state)
{
    struct client_response response;
    struct endpoint at;
    struct client client;
    unsigned port;
    int fd;

    snprintf(at.host, sizeof(at.host), "127.0.0.1");
    fd = port_reserve(&port);
    assert_true(fd >= 0);
    snprintf(at.port, sizeof(at.port), "%u", port & 0xffff);
    client_init(&client, &at, 500);
    client_ask(&client, "GET", "/", NULL, STR_NULL, &response);
    assert_int_equal(response.outcome, CLIENT_REFUSED);
    client_fini(&client);
    close(fd);
}

static void
addresses_are_taken_apart(void **state)
{
    const char *path = NULL;
    struct endpoint at;

    assert_true(endpoint_parse("http://127.0.0.1:8080/a?b=c", &at, &path));
    assert_string_equal(at.host, "127.0.0.1");
    assert_string_equal(at.port, "8080");
    assert_string_equal(path, "/a?b=c");
    assert_true(endpoint_parse("http://[::1]:81", &at, &path));
    assert_string_equal(at.host, "::1");
    assert_string_equal(path, "/");
    assert_true(endpoint_parse("http://localhost", &at, NULL));
    assert_string_equal(at.port, "80");
    assert_false(endpoint_parse("https://localhost/", &at, NULL));
    assert_false(endpoint_parse("http://:80/", &at, NULL));
    assert_false(endpoint_parse("http://a:99999/", &at, NULL));
    assert_false(endpoint_parse("http://a:b/", &at, NULL));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_read_whole_however_it_comes),
        cmocka_unit_test(a_body_without_a_length_ends_with_the_connection),
        cmocka_unit_test(what_is_no_answer_is_told_apart),
        cmocka_unit_test(nobody_there_is_refused),
        cmocka_unit_test(addresses_are_taken_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
