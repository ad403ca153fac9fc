/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load against a server that answers as a test wants.
 */
#include "core/clock.h"
#include "drill/load.h"
#include "drill/port.h"
#include "unit/unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS = 4 };

/* What the server does with each request, by its path. */
static struct {
    int listener;
    struct endpoint at;
    pthread_t thread;
} server;

static void
answer(int fd, const char *request)
{
    static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
    static const char bare[] = "HTTP/1.1 200 OK\r\n\r\nuntil the end";
    static const char bad[] = "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n";
    static const char denied[] = "HTTP/1.1 401 X\r\nContent-Length: 2\r\n\r\n[]";
    static const char gone[] = "HTTP/1.1 404 X\r\nContent-Length: 2\r\n\r\n[]";
    static const char moved[] = "HTTP/1.1 302 X\r\nContent-Length: 2\r\n\r\n[]";
    static const char empty[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    static const char rows[] =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n";
    static const char short_of[] = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok";
    const struct {
        const char *starts;
        const char *answer;
        bool closes;
    } rules[] = {
        {"HEAD ", head, false},           {"GET /bare ", bare, true},
        {"GET /bad ", bad, false},        {"GET /denied ", denied, false},
        {"GET /gone ", gone, false},      {"GET /moved ", moved, false},
        {"GET /empty ", empty, false},    {"GET /rows ", rows, false},
        {"GET /short ", short_of, true},  {"GET /never ", "", false},
        {"GET /garbage ", "SSH-2", true}, {"", ok, false},
    };

    for (size_t i = 0; i < COUNTOF(rules); i++) {
        if (strncmp(request, rules[i].starts, strlen(rules[i].starts)) != 0)
            continue;
        (void)!send(fd, rules[i].answer, strlen(rules[i].answer), MSG_NOSIGNAL);
        if (rules[i].closes)
            shutdown(fd, SHUT_WR);
        return;
    }
}

static void *
serve_connection(void *ctx)
{
    int fd = (int)(intptr_t)ctx;
    char request[4096];
    ssize_t got;

    while ((got = recv(fd, request, sizeof(request) - 1, 0)) > 0) {
        request[got] = '\0';
        answer(fd, request);
    }
    close(fd);

    return NULL;
}

static void *
serve(void *ctx)
{
    for (;;) {
        int fd = accept(server.listener, NULL, NULL);
        pthread_t thread;

        if (fd < 0)
            return NULL;
        assert_int_equal(pthread_create(&thread, NULL, serve_connection, (void *)(intptr_t)fd), 0);
        pthread_detach(thread);
    }
}

static int
set_up(void **state)
{
    server.listener = endpoint_listen(&server.at);
    if (server.listener < 0)
        return -1;
    /* The listener blocks, as the thread that accepts wants it. */
    fcntl(server.listener, F_SETFL, 0);

    return pthread_create(&server.thread, NULL, serve, NULL);
}

static int
tear_down(void **state)
{
    shutdown(server.listener, SHUT_RDWR);
    pthread_join(server.thread, NULL);
    close(server.listener);

    return 0;
}

static struct load_result *
run(struct load_options options)
{
    struct load_result *result = xcalloc(1, sizeof(*result));
    struct err err = {0};

    options.at = server.at;
    if (options.connections == 0)
        options.connections = CONNECTIONS;
    if (options.duration_ms == 0)
        options.duration_ms = 200;
    if (options.timeout_ms == 0)
        options.timeout_ms = strstr(options.routes[0].path, "never") != NULL ? 50 : 20000;
    assert_true(load_run(&options, result, &err));

    return result;
}

static struct load_result *
run_one(const char *method, const char *path, unsigned connections)
{
    const struct load_route route = {.method = method, .path = path, .weight = 1};

    return run((struct load_options){
        .routes = &route, .route_count = 1, .rate = 200, .connections = connections});
}

static void
answers_are_read_in_each_form_that_http_knows(void **state)
{
    static const struct {
        const char *method, *path;
    } cases[] = {{"GET", "/"}, {"HEAD", "/"}, {"GET", "/bare"}};

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        /* As many connections as requests: none is left over at the end, however slow the server
         * is. */
        struct load_result *result = run_one(cases[i].method, cases[i].path, 40);

        assert_int_equal(result->sent, 40);
        assert_int_equal(result->ok, 40);
        assert_int_equal(load_failures(result), 0);
        free(result);
    }
}

static void
each_way_to_fail_has_its_count(void **state)
{
    static const struct {
        const char *path;
        size_t offset;
    } cases[] = {
        {"/bad", offsetof(struct load_result, server_errors)},
        {"/short", offsetof(struct load_result, cut)},
        {"/garbage", offsetof(struct load_result, garbage)},
        {"/never", offsetof(struct load_result, timeouts)},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct load_result *result = run_one("GET", cases[i].path, CONNECTIONS);
        uint64_t count;

        memcpy(&count, (char *)result + cases[i].offset, sizeof(count));
        assert_true(count > 0);
        assert_int_equal(count, result->sent);
        assert_int_equal(load_failures(result), result->sent);
        free(result);
    }
}

static void
only_an_answer_with_what_was_asked_for_is_good(void **state)
{
    static const struct {
        const char *path;
        bool is_good;
    } cases[] = {{"/denied", false}, {"/gone", false},  {"/bad", false},
                 {"/moved", false},  {"/empty", false}, {"/rows", true}};

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        const struct load_route route = {
            .method = "GET", .path = cases[i].path, .weight = 1, .wants_array = true};
        struct load_result *result =
            run((struct load_options){.routes = &route, .route_count = 1, .rate = 200});

        assert_int_equal(result->answered, result->sent);
        assert_int_equal(result->good, cases[i].is_good ? result->sent : 0);
        assert_int_equal(result->good_latency.total, result->good);
        free(result);
    }
}

/* --- a connection that isn't made ------------------------------------------------------------- */

enum { FILLERS = 4, TAKEN_MAX = 64 };

/* A listener whose queue is full until a tick of the run empties it. */
static struct {
    int listener;
    int fds[TAKEN_MAX];
    unsigned count;
} queue;

static bool
empty_queue(void *ctx, int64_t elapsed_ms)
{
    int fd;

    while (queue.count < TAKEN_MAX &&
           (fd = accept4(queue.listener, NULL, NULL, SOCK_NONBLOCK)) >= 0)
        queue.fds[queue.count++] = fd;
    for (unsigned i = 0; i < queue.count; i++) {
        char request[4096];
        ssize_t got = recv(queue.fds[i], request, sizeof(request) - 1, 0);

        if (got <= 0)
            continue;
        request[got] = '\0';
        answer(queue.fds[i], request);
    }

    return true;
}

/* Whether all was answered over connections that had to wait for a place in the queue. */
static bool
try_full_queue(void)
{
    const struct load_route route = {.method = "GET", .path = "/", .weight = 1};
    struct load_options options = {.routes = &route,
                                   .route_count = 1,
                                   .rate = 40,
                                   .connections = 2,
                                   .duration_ms = 100,
                                   .timeout_ms = 60000,
                                   .tick = empty_queue};
    struct load_result *result = xcalloc(1, sizeof(*result));
    struct sockaddr_in to;
    socklen_t len = sizeof(to);
    int fillers[FILLERS];
    struct err err = {0};
    bool all;

    queue.count = 0;
    queue.listener = endpoint_listen(&options.at);
    assert_true(queue.listener >= 0);
    assert_int_equal(listen(queue.listener, 0), 0);
    assert_int_equal(getsockname(queue.listener, (struct sockaddr *)&to, &len), 0);
    for (unsigned i = 0; i < FILLERS; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(fillers[i], (struct sockaddr *)&to, len);
    }
    assert_true(load_run(&options, result, &err));
    assert_int_equal(result->good + result->refused, result->sent);
    all = result->refused == 0;
    for (unsigned i = 0; i < FILLERS; i++)
        close(fillers[i]);
    for (unsigned i = 0; i < queue.count; i++)
        close(queue.fds[i]);
    close(queue.listener);
    free(result);

    return all;
}

/* More than once: on a machine that stands still for seconds it may be too late for the first. */
static void
the_run_goes_on_while_a_connection_is_made(void **state)
{
    bool all = false;

    for (unsigned i = 0; i < 4 && !all; i++)
        all = try_full_queue();
    assert_true(all);
}

static void
who_isnt_there_refuses_each_request(void **state)
{
    const struct load_route route = {.method = "GET", .path = "/", .weight = 1};
    struct load_options options = {.routes = &route,
                                   .route_count = 1,
                                   .rate = 100,
                                   .connections = 2,
                                   .duration_ms = 100,
                                   .timeout_ms = 1000};
    struct load_result *result = xcalloc(1, sizeof(*result));
    struct err err = {0};
    unsigned port;
    int fd = port_reserve(&port);

    assert_true(fd >= 0);
    snprintf(options.at.host, sizeof(options.at.host), "127.0.0.1");
    snprintf(options.at.port, sizeof(options.at.port), "%u", port & 0xffff);
    assert_true(load_run(&options, result, &err));
    assert_true(result->sent > 0);
    assert_int_equal(result->refused, result->sent);
    close(fd);
    free(result);
}

static void
each_route_and_each_moment_has_its_own_figures(void **state)
{
    const struct load_route routes[] = {{.method = "GET", .path = "/", .weight = 3},
                                        {.method = "GET", .path = "/bad", .weight = 1}};
    struct load_route_result *of = xcalloc(2, sizeof(*of));
    uint64_t answered = 0, failed = 0;
    struct load_result *result = run((struct load_options){
        .routes = routes, .route_count = 2, .rate = 500, .duration_ms = 400, .route_results = of});

    assert_int_equal(of[0].sent + of[1].sent, result->sent);
    assert_true(of[0].sent > of[1].sent);
    assert_true(of[1].sent > 0);
    assert_int_equal(of[0].ok, of[0].sent);
    assert_int_equal(of[0].failed, 0);
    assert_int_equal(of[1].failed, of[1].sent);
    assert_int_equal(of[0].latency.total, of[0].ok);
    for (unsigned i = 0; i < LOAD_SLOTS; i++) {
        answered += result->slots[i].answered;
        failed += result->slots[i].failed;
    }
    assert_int_equal(answered, result->answered);
    assert_int_equal(failed, result->server_errors);
    assert_true(result->slots[0].answered > 0);
    assert_true(result->slots[LOAD_SLOTS - 1].answered > 0);
    free(result);
    free(of);
}

static bool
at_once(void)
{
    return true;
}

static void
an_interrupted_run_doesnt_wait_for_answers(void **state)
{
    const struct load_route route = {.method = "GET", .path = "/never", .weight = 1};
    uint64_t start = clock_mono_ns();
    struct load_result *result = run((struct load_options){.routes = &route,
                                                           .route_count = 1,
                                                           .duration_ms = 60000,
                                                           .timeout_ms = 60000,
                                                           .is_interrupted = at_once});

    assert_true(result->was_interrupted);
    assert_true(clock_mono_ns() - start < 30000000000U);
    free(result);
}

static void
the_generator_knows_its_own_limit(void **state)
{
    assert_true(load_measure_limit() > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_read_in_each_form_that_http_knows),
        cmocka_unit_test(each_way_to_fail_has_its_count),
        cmocka_unit_test(only_an_answer_with_what_was_asked_for_is_good),
        cmocka_unit_test(the_run_goes_on_while_a_connection_is_made),
        cmocka_unit_test(who_isnt_there_refuses_each_request),
        cmocka_unit_test(each_route_and_each_moment_has_its_own_figures),
        cmocka_unit_test(an_interrupted_run_doesnt_wait_for_answers),
        cmocka_unit_test(the_generator_knows_its_own_limit),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
