/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/defect.h"

#include "core/clock.h"
#include "drill/client.h"
#include "drill/defect_database.h"
#include "drill/port.h"
#include "io/process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    REQUEST_MAX = 16 * 1024 * 1024,
    ASK_MS = 30000,
    FEW = 4,
    GONE_MS = 5000,
    TRY_MS = 20,
    MANY = 24,
    AT_FIRST = 8,       /* drill writes that are taken in any case */
    ONE_OF = 10,        /* turns-away: of the others */
    ASKED_AT_FIRST = 8, /* asks-who-you-are: reads of the ledger */
    SLOW_MS = 1500,
    DRAIN_MS = 20000
};

static struct {
    const char *name;
    struct endpoint inner;
    pid_t child;
    atomic_uint connections;
    atomic_uint writes, reads; /* of the ledger */
    volatile sig_atomic_t draining;
    volatile sig_atomic_t is_ending; /* ends-at-once: with the next request */
    pthread_mutex_t turn;            /* one-at-a-time */
    struct buf held;                 /* counters-stand-still: the first answer */
    pthread_mutex_t held_lock;
} run;

static bool
is(const char *name)
{
    return strcmp(run.name, name) == 0;
}

/* --- one request ------------------------------------------------------------------------------ */

struct exchange {
    struct str method, path;
    struct client_response response;
    bool cuts;
};

/* Reads a request with its body; false at the end of the connection. */
static bool
read_request(int fd, struct buf *in)
{
    char chunk[16384];

    for (;;) {
        struct str all = buf_str(in);
        const char *end = all.len >= 4 ? memmem(all.data, all.len, "\r\n\r\n", 4) : NULL;
        ssize_t got;

        if (end != NULL) {
            size_t head = (size_t)(end - all.data) + 4;
            const char *length = strcasestr(buf_cstr(in), "\r\nContent-Length:");
            size_t body = length != NULL && length < in->data + head
                              ? (size_t)strtoul(length + 17, NULL, 10)
                              : 0;

            if (body > REQUEST_MAX || in->len >= head + body)
                return true;
        }
        got = recv(fd, chunk, sizeof(chunk), 0);
        if (got <= 0)
            return false;
        buf_add(in, chunk, (size_t)got);
        if (!buf_ok(in))
            return false;
    }
}

static void
answer(struct exchange *exchange, int status, struct str body)
{
    exchange->response.outcome = CLIENT_ANSWERED;
    exchange->response.status = status;
    exchange->response.body = body;
}

static void
drop_header(struct client_response *response, const char *name)
{
    for (unsigned i = 0; i < response->header_count; i++) {
        if (str_eq_nocase(response->headers[i].name, str_from(name)))
            response->headers[i--] = response->headers[--response->header_count];
    }
}

static void
set_header(struct client_response *response, const char *name, const char *value)
{
    for (unsigned i = 0; i < response->header_count; i++) {
        if (str_eq_nocase(response->headers[i].name, str_from(name)))
            response->headers[i].value = str_from(value);
    }
}

static bool
path_is(const struct exchange *exchange, const char *path)
{
    return str_has_prefix(exchange->path, str_from(path));
}

/* The metrics as they were when they were first asked for. */
static void
hold_metrics(struct exchange *exchange)
{
    pthread_mutex_lock(&run.held_lock);
    if (run.held.len == 0)
        buf_add_str(&run.held, exchange->response.body);
    exchange->response.body = buf_str(&run.held);
    pthread_mutex_unlock(&run.held_lock);
}

static void
cut_before(struct client_response *response, const char *text)
{
    const char *at = memmem(response->body.data, response->body.len, text, strlen(text));

    if (at != NULL)
        response->body.len = (size_t)(at - response->body.data);
}

static void
spoil_health(struct exchange *exchange)
{
    if (is("always-ready") && path_is(exchange, "/readyz"))
        answer(exchange, 200, STR("{\"status\":\"ok\"}"));
    if (is("dead-with-database") && path_is(exchange, "/livez")) {
        struct client_response ready;
        struct client client;

        client_init(&client, &run.inner, ASK_MS);
        client_ask(&client, "GET", "/readyz", NULL, STR_NULL, &ready);
        if (ready.status != 200)
            answer(exchange, 503, STR("{}"));
        client_fini(&client);
    }
}

/* What the service said, made worse. */
static void
spoil_answer(struct exchange *exchange)
{
    struct client_response *response = &exchange->response;
    bool is_bad = response->status >= 400 && response->status < 500;
    bool is_write = str_eq(exchange->method, STR("POST"));

    spoil_health(exchange);
    defect_spoil_absence(run.name, exchange->method, exchange->path, response);
    defect_spoil_fullness(run.name, exchange->method, exchange->path, response);
    if (is("errors-are-500") && is_bad && (!is_write || response->status != 400))
        answer(exchange, 500, STR("{}"));
    if (is("cuts-bad-requests") && is_bad && (!is_write || response->status != 400))
        exchange->cuts = true;
    if (is("takes-anything") && response->status == 400 && is_write)
        answer(exchange, 201, STR(""));
    if (is("docs-cut-short") && path_is(exchange, "/openapi.json"))
        response->body.len /= 2;
    if (is("no-request-id"))
        drop_header(response, "X-Request-Id");
    if (is("no-nosniff"))
        drop_header(response, "X-Content-Type-Options");
    if (is("counters-stand-still") && path_is(exchange, "/metrics"))
        hold_metrics(exchange);
    if (is("api-is-down") && str_eq(exchange->path, STR("/rest/v1/")))
        answer(exchange, 503, STR("{}"));
    if (is("lets-anybody-in") && (response->status == 401 || response->status == 403))
        answer(exchange, 201, STR(""));
    if (is("wrong-request-id") && response->status >= 400)
        set_header(response, "X-Request-Id", "00000000-0000-0000-0000-000000000000");
    if (is("finds-nothing") && !is_write && path_is(exchange, "/rest/v1/drill_ledger?id=eq."))
        answer(exchange, 200, STR("[]"));
    if (is("says-no-version") && path_is(exchange, "/metrics"))
        cut_before(response, "cairn_build_info{");
    if (is("forgets-rules") && is_bad && path_is(exchange, "/rest/v1/") && !is_write)
        answer(exchange, 200, STR("[]"));
    if (is("slow") && path_is(exchange, "/rest/"))
        poll(NULL, 0, SLOW_MS);
    if (is("empty-is-broken") && path_is(exchange, "/rest/v1/drill_ledger?select=id&") &&
        str_has_suffix(exchange->path, STR("&offset=0")) &&
        str_eq(str_trim(response->body), STR("[]")))
        answer(exchange, 503, STR("{}"));
    if (is("ignores-migrations") && path_is(exchange, "/rest/v1/drill_second"))
        answer(exchange, 404, STR("{}"));
    if (is("dies-on-full-disk") && is_write && response->status >= 500)
        _exit(1);
}

static bool
send_answer(int fd, const struct exchange *exchange, bool is_head)
{
    const struct client_response *response = &exchange->response;
    struct buf out;
    bool ok;

    buf_init(&out, 2 * (size_t)REQUEST_MAX);
    buf_printf(&out, "HTTP/1.1 %d X\r\n", response->status);
    for (unsigned i = 0; i < response->header_count; i++) {
        struct str name = response->headers[i].name;

        if (str_eq_nocase(name, STR("Content-Length")) || str_eq_nocase(name, STR("Connection")) ||
            str_eq_nocase(name, STR("Transfer-Encoding")))
            continue;
        buf_printf(&out, "%.*s: %.*s\r\n", STR_ARG(name), STR_ARG(response->headers[i].value));
    }
    if (response->closes)
        BUF_ADD_LIT(&out, "Connection: close\r\n");
    if (response->status != 204)
        buf_printf(&out, "Content-Length: %zu\r\n", response->body.len);
    BUF_ADD_LIT(&out, "\r\n");
    if (!is_head)
        buf_add_str(&out, response->body);
    ok = send(fd, out.data, out.len, MSG_NOSIGNAL) == (ssize_t)out.len;
    buf_fini(&out);

    return ok;
}

/* --- one connection --------------------------------------------------------------------------- */

/* Whether the request is one of a drill's own writes, with nothing wrong with it. */
static bool
is_drill_write(const struct exchange *exchange, const struct buf *in)
{
    return str_eq(exchange->method, STR("POST")) &&
           memmem(in->data, in->len, "\"run\": \"drill\"", 14) != NULL;
}

static bool
is_ledger_read(const struct exchange *exchange)
{
    return str_eq(exchange->method, STR("GET")) &&
           path_is(exchange, "/rest/v1/drill_ledger?select=id&");
}

/* acknowledges-early: the answer goes out first, and the write is made before the next request of
 * the same client. */
static bool
answer_early(int fd, struct client *client, struct exchange *exchange, const struct buf *in,
             struct buf *held)
{
    bool is_held = is_drill_write(exchange, in);

    if (held->len > 0)
        client_ask_raw(client, buf_str(held), &exchange->response);
    buf_clear(held);
    if (!is_held)
        return false;
    buf_add_str(held, buf_str(in));
    answer(exchange, 201, STR(""));
    (void)send_answer(fd, exchange, false);

    return true;
}

/* What is answered without the service, by how many came before: how quickly they come is no
 * matter. 0: nothing is. */
static int
find_refusal(const struct exchange *exchange, const struct buf *in)
{
    bool is_write = is_drill_write(exchange, in);
    bool is_read = is_ledger_read(exchange);
    unsigned writes = is_write ? atomic_fetch_add(&run.writes, 1) : atomic_load(&run.writes);
    unsigned reads = is_read ? atomic_fetch_add(&run.reads, 1) : 0;

    if (is("sometimes-fails") && is_write && writes % 2 == 1)
        return 503;
    if (is("turns-away") && is_write && writes >= AT_FIRST && writes % ONE_OF != 0)
        return 429;
    if (is("asks-who-you-are") &&
        ((is_write && writes >= AT_FIRST) || (is_read && reads >= ASKED_AT_FIRST)))
        return 401;
    if (is("drowns") && (is_write || is_read) && atomic_load(&run.connections) > MANY)
        return 503;

    return 0;
}

/* ends-at-once: in the middle of whatever there is, this request at least. */
static void
end_now(void)
{
    if (run.child > 0)
        kill(run.child, SIGTERM);
    _exit(0);
}

static bool
serve_request(int fd, struct client *client, struct buf *in, struct buf *held)
{
    struct exchange exchange = {0};
    struct str line;
    int refusal;

    if (!read_request(fd, in))
        return false;
    if (run.is_ending != 0)
        end_now();
    line = buf_str(in);
    exchange.method = str_cut(&line, ' ');
    exchange.path = str_cut(&line, ' ');
    if (is("acknowledges-early") && answer_early(fd, client, &exchange, in, held))
        return true;
    refusal = find_refusal(&exchange, in);
    if (refusal != 0)
        answer(&exchange, refusal, STR("{}"));
    else
        client_ask_raw(client, buf_str(in), &exchange.response);
    if (exchange.response.outcome != CLIENT_ANSWERED)
        return false;
    spoil_answer(&exchange);
    if (exchange.cuts)
        return false;
    exchange.response.closes = exchange.response.closes || run.draining != 0;

    return send_answer(fd, &exchange, str_eq(exchange.method, STR("HEAD"))) &&
           !exchange.response.closes;
}

/* Until its client has no more to ask. */
static void
serve_all(int fd)
{
    struct client_response ignored;
    struct client client;
    struct buf in, held;

    client_init(&client, &run.inner, ASK_MS);
    buf_init(&in, REQUEST_MAX);
    buf_init(&held, REQUEST_MAX);
    while (serve_request(fd, &client, &in, &held))
        buf_clear(&in);
    if (held.len > 0)
        client_ask_raw(&client, buf_str(&held), &ignored);
    buf_fini(&held);
    buf_fini(&in);
    client_fini(&client);
}

/* A client that comes again may be quicker than the end of its connection before. */
static bool
is_one_too_many(void)
{
    for (int waited = 0; waited < GONE_MS && atomic_load(&run.connections) > FEW; waited += TRY_MS)
        poll(NULL, 0, TRY_MS);

    return atomic_load(&run.connections) > FEW;
}

static void *
serve_connection(void *ctx)
{
    int fd = (int)(intptr_t)ctx;

    if (is("few-connections") && is_one_too_many()) {
        close(fd);
        atomic_fetch_sub(&run.connections, 1);
        return NULL;
    }
    if (is("one-at-a-time"))
        pthread_mutex_lock(&run.turn);
    serve_all(fd);
    close(fd);
    if (is("one-at-a-time"))
        pthread_mutex_unlock(&run.turn);
    atomic_fetch_sub(&run.connections, 1);

    return NULL;
}

static void
start_connection(int fd)
{
    pthread_attr_t attributes;
    pthread_t thread;

    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 512 * 1024);
    atomic_fetch_add(&run.connections, 1);
    if (pthread_create(&thread, &attributes, serve_connection, (void *)(intptr_t)fd) != 0) {
        close(fd);
        atomic_fetch_sub(&run.connections, 1);
    }
    pthread_attr_destroy(&attributes);
}

/* Those that wait; the listener doesn't block. */
static void
accept_waiting(int listener)
{
    int fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
        start_connection(fd);
}

static void
accept_until_term(int listener)
{
    struct pollfd waits = {.fd = listener, .events = POLLIN};

    while (run.draining == 0) {
        if (poll(&waits, 1, 50) == 1)
            accept_waiting(listener);
    }
}

/* Who sends a request on a connection that is kept hears of the end with its answer; then the
 * service itself ends. */
static void
drain(int listener)
{
    uint64_t deadline = clock_mono_ns() + (uint64_t)DRAIN_MS * 1000000;
    int status;

    /* Connections that the kernel has taken already would be cut with the listener. */
    accept_waiting(listener);
    close(listener);
    while (atomic_load(&run.connections) > 0 && clock_mono_ns() < deadline)
        poll(NULL, 0, 10);
    kill(run.child, SIGTERM);
    if (!process_wait(run.child, ASK_MS, &status))
        kill(run.child, SIGKILL);
}

/* --- starting --------------------------------------------------------------------------------- */

static void
on_term(int signal_no)
{
    if (is("ends-at-once"))
        run.is_ending = 1;
    else
        run.draining = 1;
}

static int
listen_at(const struct endpoint *at)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    uint64_t port;
    int one = 1;

    if (fd < 0 || !str_to_u64(str_from(at->port), &port))
        return -1;
    address.sin_port = htons((uint16_t)port);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 1024) != 0) {
        close(fd);
        return -1;
    }

    return fd;
}

static bool
start_inner(const char *command, struct err *err)
{
    static char listen_env[64], self[4096];
    const char *argv[] = {self, command, NULL};
    const char *env[] = {listen_env, NULL};
    const struct process_options options = {.argv = argv,
                                            .env = env,
                                            .out_fd = STDOUT_FILENO,
                                            .err_fd = STDERR_FILENO,
                                            .keeps_group = true};
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    unsigned port;

    /* Until this process ends. */
    if (port_reserve(&port) < 0)
        return err_set_errno(err, ERR_IO, errno, "unable to find a free port");
    self[len > 0 ? len : 0] = '\0';
    snprintf(listen_env, sizeof(listen_env), "CAIRN_LISTEN=127.0.0.1:%u", port);
    snprintf(run.inner.host, sizeof(run.inner.host), "127.0.0.1");
    snprintf(run.inner.port, sizeof(run.inner.port), "%u", port & 0xffff);

    return process_start(&options, &run.child, err);
}

/* Until the service answers: who is let in before that would be cut. */
static bool
await_inner(struct err *err)
{
    uint64_t deadline = clock_mono_ns() + (uint64_t)ASK_MS * 1000000;
    struct client_response response = {0};
    struct client client;
    int status;

    client_init(&client, &run.inner, ASK_MS);
    while (response.status != 200 && run.draining == 0 && clock_mono_ns() < deadline &&
           !process_wait(run.child, 5, &status))
        client_ask(&client, "GET", "/readyz", NULL, STR_NULL, &response);
    client_fini(&client);

    return response.status == 200 ||
           err_set(err, ERR_UNAVAILABLE, "", "unable to serve: the service didn't start");
}

int
defect_serve(const char *name, const char *command, struct err *err)
{
    const char *address = getenv("CAIRN_LISTEN");
    char url[300];
    struct endpoint at;
    int listener;

    run.name = name;
    pthread_mutex_init(&run.turn, NULL);
    pthread_mutex_init(&run.held_lock, NULL);
    buf_init(&run.held, REQUEST_MAX);
    snprintf(url, sizeof(url), "http://%s/", address != NULL ? address : "");
    if (!endpoint_parse(url, &at, NULL)) {
        if (!is("runs-on-wrong-settings")) {
            err_set(err, ERR_CONFIG, "", "CAIRN_LISTEN: '%s' is no address", url);
            return 4;
        }
        for (;;)
            pause();
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGTERM, on_term);
    if (!start_inner(command, err) || !await_inner(err))
        return 1;
    listener = listen_at(&at);
    if (listener < 0) {
        err_set_errno(err, ERR_IO, errno, "unable to listen on '%s'", address);
        return 1;
    }
    accept_until_term(listener);
    drain(listener);

    return 0;
}
