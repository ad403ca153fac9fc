/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/load.h"

#include "core/clock.h"
#include "drill/load_answer.h"
#include "drill/target.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    EVENTS_MAX = 256,
    TICK_MS = 20,
    RETRY_MS = 10,
    IN_MAX = 1024 * 1024,
    OUT_MAX = 256 * 1024,
    CONNECT_MS = 2000, /* for each address of the host */
};

struct conn {
    int fd; /* -1: none */
    bool is_busy;
    bool is_connecting;             /* for the request in flight, which isn't sent yet */
    const struct addrinfo *address; /* the one that is tried */
    uint64_t connect_ns;            /* since when */
    uint64_t number;                /* of the request in flight */
    unsigned route;
    uint64_t intended_ns, sent_ns;
    uint64_t retry_ns; /* not before */
    struct buf in, out;
    size_t out_at;
};

struct run {
    const struct load_options *options;
    struct load_result *result;
    struct conn *conns;
    unsigned *idle; /* stack of connections that wait for work */
    unsigned idle_count;
    int epoll;
    struct addrinfo *addresses; /* of the host, looked up once; NULL: it has none */
    uint64_t start_ns, end_ns;
    uint64_t next; /* number of the next request, from 0 */
    uint64_t random;
    unsigned weight_sum;
    bool
        is_starved; /* requests wait for a connection: that they begin late is the service's doing */
};

static uint64_t
now_ns(void)
{
    return clock_mono_ns();
}

/* When request i of the open model is meant to begin. During the ramp the rate grows evenly, so
 * that after t of T seconds rate * t^2 / 2T requests have begun. */
static uint64_t
intended_ns(const struct run *run, uint64_t i)
{
    const struct load_options *options = run->options;
    double ramp = (double)options->ramp_ms / 1000;
    double in_ramp = options->rate * ramp / 2;
    double at;

    if ((double)i < in_ramp) {
        /* The square root by Newton's method; a few steps are plenty here. */
        double square = 2 * ramp * (double)i / options->rate;
        double root = square > 1 ? square : 1;

        for (int step = 0; step < 40; step++)
            root = (root + square / root) / 2;
        at = root;
    } else {
        at = ramp + ((double)i - in_ramp) / options->rate;
    }

    return run->start_ns + (uint64_t)(at * 1e9);
}

static unsigned
pick_route(struct run *run)
{
    unsigned at;

    run->random = run->random * 6364136223846793005U + 1442695040888963407U;
    at = (unsigned)(run->random >> 33) % run->weight_sum;
    for (unsigned i = 0;; i++) {
        if (at < run->options->routes[i].weight)
            return i;
        at -= run->options->routes[i].weight;
    }
}

static void
note_fate(struct run *run, const struct conn *conn, enum load_fate fate)
{
    struct load_ledger *ledger = run->options->ledger;
    uint64_t at = conn->number - run->options->first_number;

    if (ledger != NULL && run->options->routes[conn->route].is_write && at < LOAD_WRITES_MAX) {
        ledger->fates[at] = (uint8_t)fate;
        if (at >= ledger->count)
            ledger->count = at + 1;
    }
}

static void
note_status(struct load_result *result, int status)
{
    for (unsigned i = 0; i < result->status_count; i++) {
        if (result->statuses[i] == status)
            return;
    }
    if (result->status_count < COUNTOF(result->statuses))
        result->statuses[result->status_count++] = status;
}

static void
release(struct run *run, struct conn *conn)
{
    conn->is_busy = false;
    run->idle[run->idle_count++] = (unsigned)(conn - run->conns);
}

static void
disconnect(struct conn *conn)
{
    if (conn->fd >= 0)
        close(conn->fd);
    conn->fd = -1;
    conn->is_connecting = false;
    buf_clear(&conn->in);
}

/* Where the request belongs by when it was meant to begin. */
static struct load_slot *
slot_of(struct run *run, const struct conn *conn)
{
    uint64_t at = conn->intended_ns - run->start_ns;
    uint64_t all = (uint64_t)run->options->duration_ms * 1000000;

    return &run->result->slots[at < all ? at * LOAD_SLOTS / all : LOAD_SLOTS - 1];
}

static void
note_failure(struct run *run, const struct conn *conn)
{
    slot_of(run, conn)->failed++;
    if (run->options->route_results != NULL)
        run->options->route_results[conn->route].failed++;
}

static void
note_answer(struct run *run, const struct conn *conn, int status, uint64_t us)
{
    struct load_route_result *route = run->options->route_results;
    struct load_slot *slot = slot_of(run, conn);

    slot->answered++;
    slot->max_us = us > slot->max_us ? us : slot->max_us;
    if (status >= 500)
        note_failure(run, conn);
    if (route == NULL)
        return;
    route[conn->route].ok += status < 400;
    hist_add(&route[conn->route].latency, us);
}

/* The request in flight ends without an answer. */
static void
fail(struct run *run, struct conn *conn, uint64_t *counter)
{
    (*counter)++;
    note_failure(run, conn);
    note_fate(run, conn, conn->is_connecting ? LOAD_REFUSED : LOAD_UNKNOWN);
    disconnect(conn);
    conn->retry_ns = now_ns() + (uint64_t)RETRY_MS * 1000000;
    release(run, conn);
}

static bool
is_hollow(const struct run *run, const struct conn *conn, const struct load_answer *answer)
{
    return run->options->routes[conn->route].wants_array && !answer->is_array;
}

static void
finish(struct run *run, struct conn *conn, const struct load_answer *answer)
{
    struct load_result *result = run->result;
    uint64_t us = (now_ns() - conn->intended_ns) / 1000;
    int status = answer->status;

    result->answered++;
    if (status < 300 && is_hollow(run, conn, answer)) {
        result->hollow++;
    } else if (status < 300) {
        result->good++;
        hist_add(&result->good_latency, us);
    }
    result->ok += status < 400;
    result->client_errors += status >= 400 && status < 500;
    result->server_errors += status >= 500;
    if (status >= 300)
        note_status(result, status);
    hist_add(&result->latency, us);
    note_answer(run, conn, status, us);
    note_fate(run, conn,
              status < 300    ? LOAD_ACKNOWLEDGED
              : status == 503 ? LOAD_UNKNOWN
                              : LOAD_REFUSED);
    if (answer->closes)
        disconnect(conn);
    release(run, conn);
}

static void
watch(struct run *run, struct conn *conn, int op, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u32 = (uint32_t)(conn - run->conns)};

    epoll_ctl(run->epoll, op, conn->fd, &event);
}

/* Sends what is left of the request; what can't be sent now waits for the socket. */
static void
flush(struct run *run, struct conn *conn)
{
    while (conn->out_at < conn->out.len) {
        ssize_t sent = send(conn->fd, conn->out.data + conn->out_at, conn->out.len - conn->out_at,
                            MSG_NOSIGNAL);

        if (sent >= 0) {
            conn->out_at += (size_t)sent;
        } else if (errno == EAGAIN) {
            watch(run, conn, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
            return;
        } else if (errno != EINTR) {
            fail(run, conn, &run->result->cut);
            return;
        }
    }
}

/* Begins to connect to the first address from address on that doesn't fail at once. */
static bool
try_connect(struct run *run, struct conn *conn, const struct addrinfo *address)
{
    for (; address != NULL; address = address->ai_next) {
        int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        int one = 1;

        if (fd < 0)
            continue;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        conn->address = address;
        conn->connect_ns = now_ns();
        if (connect(fd, address->ai_addr, address->ai_addrlen) == 0 || errno == EINPROGRESS) {
            /* What has been connected already can be written to at once, and is looked at then. */
            conn->fd = fd;
            conn->is_connecting = true;
            watch(run, conn, EPOLL_CTL_ADD, EPOLLOUT);
            return true;
        }
        close(fd);
    }

    return false;
}

/* No connection to that address: the next one, or none for the request. */
static void
fail_connect(struct run *run, struct conn *conn)
{
    if (conn->fd >= 0)
        close(conn->fd);
    conn->fd = -1;
    if (try_connect(run, conn, conn->address != NULL ? conn->address->ai_next : NULL))
        return;
    conn->is_connecting = true;
    fail(run, conn, &run->result->refused);
}

static void
on_connected(struct run *run, struct conn *conn)
{
    int error = 0;
    socklen_t len = sizeof(error);

    if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0) {
        fail_connect(run, conn);
        return;
    }
    conn->is_connecting = false;
    watch(run, conn, EPOLL_CTL_MOD, EPOLLIN);
    flush(run, conn);
}

static void
write_request(const struct load_options *options, struct conn *conn)
{
    const struct load_route *route = &options->routes[conn->route];
    char number[24];

    snprintf(number, sizeof(number), "%llu", (unsigned long long)conn->number);
    buf_clear(&conn->out);
    conn->out_at = 0;
    buf_printf(&conn->out, "%s ", route->method);
    target_add_filled(&conn->out, route->path, "{n}", str_from(number));
    buf_printf(&conn->out, " HTTP/1.1\r\nHost: %s:%s\r\n%s", options->at.host, options->at.port,
               route->headers != NULL ? route->headers : "");
    if (route->body != NULL) {
        struct buf body;

        buf_init(&body, OUT_MAX);
        target_add_filled(&body, route->body, "{n}", str_from(number));
        buf_printf(&conn->out, "Content-Length: %zu\r\n\r\n", body.len);
        buf_add_str(&conn->out, buf_str(&body));
        buf_fini(&body);
    } else {
        BUF_ADD_LIT(&conn->out, "\r\n");
    }
}

/* Begins the next request on an idle connection. */
static void
begin(struct run *run, struct conn *conn, uint64_t intended)
{
    const struct load_options *options = run->options;

    conn->is_busy = true;
    conn->number = options->first_number + run->next++;
    conn->route = pick_route(run);
    conn->intended_ns = intended;
    conn->sent_ns = now_ns();
    run->result->sent++;
    if (options->route_results != NULL)
        options->route_results[conn->route].sent++;
    if (options->rate > 0 && !run->is_starved)
        hist_add(&run->result->lateness, (conn->sent_ns - intended) / 1000);
    write_request(options, conn);
    if (conn->fd >= 0) {
        flush(run, conn);
    } else if (!try_connect(run, conn, run->addresses)) {
        conn->is_connecting = true;
        fail(run, conn, &run->result->refused);
    }
}

static void
on_readable(struct run *run, struct conn *conn)
{
    bool is_head = strcmp(run->options->routes[conn->route].method, "HEAD") == 0;
    bool at_end = false;
    enum load_answer_state state = LOAD_ANSWER_BAD;
    struct load_answer answer;
    char chunk[16384];

    for (;;) {
        ssize_t got = recv(conn->fd, chunk, sizeof(chunk), 0);

        if (got > 0) {
            buf_add(&conn->in, chunk, (size_t)got);
            if ((size_t)got == sizeof(chunk))
                continue;
            break;
        }
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            break;
        at_end = got == 0 && conn->is_busy && conn->in.len > 0;
        if (at_end)
            break;
        if (conn->is_busy)
            fail(run, conn, &run->result->cut);
        else
            disconnect(conn);
        return;
    }
    if (!conn->is_busy) { /* an answer that nobody asked for */
        disconnect(conn);
        return;
    }
    if (buf_ok(&conn->in))
        state = load_answer_parse(buf_str(&conn->in), is_head, at_end, &answer);
    if (state == LOAD_ANSWER_PART && at_end)
        fail(run, conn, &run->result->cut);
    if (state == LOAD_ANSWER_PART)
        return;
    if (state == LOAD_ANSWER_BAD) {
        fail(run, conn, &run->result->garbage);
        return;
    }
    buf_clear(&conn->in);
    answer.closes = answer.closes || at_end;
    finish(run, conn, &answer);
}

/* An idle connection that may be used now, or NULL. */
static struct conn *
take_idle(struct run *run, uint64_t now)
{
    for (unsigned i = run->idle_count; i > 0; i--) {
        struct conn *conn = &run->conns[run->idle[i - 1]];

        if (conn->retry_ns > now)
            continue;
        run->idle[i - 1] = run->idle[--run->idle_count];
        return conn;
    }

    return NULL;
}

/* When the next request is meant to begin; the run's end or later: there is none. */
static uint64_t
next_ns(const struct run *run, uint64_t now)
{
    return run->options->rate > 0 ? intended_ns(run, run->next) : now;
}

/* What was meant to begin before the end is sent after it, too, if the generator was the one to be
 * late. */
static bool
is_due(const struct run *run, uint64_t now)
{
    uint64_t next = next_ns(run, now);

    return next <= now && next < run->end_ns && (now < run->end_ns || !run->is_starved);
}

/* Sends what is due. In the open model what finds no connection waits, and its wait counts. */
static void
send_due(struct run *run, uint64_t now)
{
    while (is_due(run, now)) {
        struct conn *conn = take_idle(run, now);

        if (conn == NULL) {
            run->is_starved = true;
            return;
        }
        begin(run, conn, next_ns(run, now));
        now = now_ns();
    }
    if (now < run->end_ns)
        run->is_starved = false;
}

static void
expire(struct run *run, uint64_t now)
{
    uint64_t limit = (uint64_t)run->options->timeout_ms * 1000000;

    for (unsigned i = 0; i < run->options->connections; i++) {
        struct conn *conn = &run->conns[i];

        if (conn->is_connecting && now > conn->connect_ns + (uint64_t)CONNECT_MS * 1000000)
            fail_connect(run, conn);
        else if (conn->is_busy && !conn->is_connecting && now > conn->sent_ns + limit)
            fail(run, conn, &run->result->timeouts);
    }
}

/* Until the next request is due, at most a millisecond or so. */
static int
wait_ms(const struct run *run, uint64_t now)
{
    if (now >= run->end_ns || run->options->rate == 0)
        return 1;

    return next_ns(run, now) > now + 1000000 ? 1 : 0;
}

static bool
is_done(const struct run *run, uint64_t now)
{
    return now >= run->end_ns && run->idle_count == run->options->connections && !is_due(run, now);
}

/* What happens every now and then; false when the run ends at once. */
static bool
tick(struct run *run, uint64_t now)
{
    const struct load_options *options = run->options;

    expire(run, now);
    if (options->is_interrupted != NULL && options->is_interrupted()) {
        run->result->was_interrupted = true;
        return false;
    }
    if (options->tick != NULL &&
        !options->tick(options->ctx, (int64_t)((now - run->start_ns) / 1000000)) &&
        run->end_ns > now)
        run->end_ns = now;

    return true;
}

static void
on_event(struct run *run, struct conn *conn, uint32_t events)
{
    if (conn->fd >= 0 && conn->is_connecting) {
        on_connected(run, conn);
        return;
    }
    if (conn->fd >= 0 && (events & EPOLLOUT) && conn->is_busy) {
        watch(run, conn, EPOLL_CTL_MOD, EPOLLIN);
        flush(run, conn);
    }
    if (conn->fd >= 0 && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        on_readable(run, conn);
}

static void
drive(struct run *run)
{
    struct epoll_event events[EVENTS_MAX];
    uint64_t next_tick = run->start_ns;

    for (;;) {
        uint64_t now = now_ns();
        int count;

        if (is_done(run, now))
            return;
        send_due(run, now);
        count = epoll_wait(run->epoll, events, EVENTS_MAX, wait_ms(run, now_ns()));
        for (int i = 0; i < count; i++)
            on_event(run, &run->conns[events[i].data.u32], events[i].events);
        /* What had come by then was looked at: who was not run for a while misses no answer. */
        if (now >= next_tick && count < EVENTS_MAX) {
            next_tick = now + (uint64_t)TICK_MS * 1000000;
            if (!tick(run, now))
                return;
        }
    }
}

/* Once: a name that is looked up for each connection is the resolver's load, and its wait
 * everybody's. */
static struct addrinfo *
look_up(const struct endpoint *at)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;

    return getaddrinfo(at->host, at->port, &hints, &found) == 0 ? found : NULL;
}

bool
load_run(const struct load_options *options, struct load_result *out, struct err *err)
{
    struct run run = {.options = options, .result = out, .random = 88172645463325252U};

    *out = (struct load_result){0};
    run.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (run.epoll < 0)
        return err_set_errno(err, ERR_IO, errno, "unable to make load");
    run.conns = xcalloc(options->connections, sizeof(*run.conns));
    run.idle = xcalloc(options->connections, sizeof(*run.idle));
    for (unsigned i = options->connections; i > 0; i--) {
        struct conn *conn = &run.conns[i - 1];

        conn->fd = -1;
        buf_init(&conn->in, IN_MAX);
        buf_init(&conn->out, OUT_MAX);
        run.idle[run.idle_count++] = i - 1;
    }
    for (unsigned i = 0; i < options->route_count; i++)
        run.weight_sum += options->routes[i].weight;
    if (options->ledger != NULL)
        *options->ledger = (struct load_ledger){.fates = xcalloc(LOAD_WRITES_MAX, 1),
                                                .first = options->first_number};
    run.addresses = look_up(&options->at);
    run.start_ns = now_ns();
    run.end_ns = run.start_ns + (uint64_t)options->duration_ms * 1000000;
    drive(&run);
    out->seconds = (double)(now_ns() - run.start_ns) / 1e9;
    for (unsigned i = 0; i < options->connections; i++) {
        disconnect(&run.conns[i]);
        buf_fini(&run.conns[i].in);
        buf_fini(&run.conns[i].out);
    }
    free(run.conns);
    free(run.idle);
    if (run.addresses != NULL)
        freeaddrinfo(run.addresses);
    close(run.epoll);

    return true;
}

void
load_ledger_fini(struct load_ledger *ledger)
{
    free(ledger->fates);
    *ledger = (struct load_ledger){0};
}

uint64_t
load_failures(const struct load_result *result)
{
    return result->server_errors + result->refused + result->cut + result->timeouts +
           result->garbage;
}
