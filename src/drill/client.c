/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/client.h"

#include "core/clock.h"
#include "core/interrupt.h"
#include "drill/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD_MAX = 64 * 1024 };

static int64_t
now_ms(void)
{
    return (int64_t)(clock_mono_ns() / 1000000);
}

bool
endpoint_parse(const char *url, struct endpoint *out, const char **path)
{
    struct str rest = str_from(url);
    struct str host, port;
    size_t slash, colon;
    uint64_t number;

    if (!str_has_prefix(rest, STR("http://")))
        return false;
    rest = str_slice(rest, 7, rest.len);
    slash = str_find_char(rest, '/', 0);
    if (path != NULL)
        *path = slash < rest.len ? rest.data + slash : "/";
    host = str_slice(rest, 0, slash);
    if (host.len > 0 && host.data[0] == '[') {
        size_t end = str_find_char(host, ']', 0);

        port = str_slice(host, end + 1, host.len);
        host = str_slice(host, 1, end);
        if (port.len > 0 && port.data[0] != ':')
            return false;
        port = str_slice(port, 1, port.len);
    } else {
        colon = str_find_char(host, ':', 0);
        port = str_slice(host, colon + 1, host.len);
        host = str_slice(host, 0, colon);
    }
    if (port.len == 0)
        port = STR("80");
    if (host.len == 0 || host.len >= sizeof(out->host) || port.len >= sizeof(out->port) ||
        !str_to_u64(port, &number) || number == 0 || number > 65535)
        return false;
    snprintf(out->host, sizeof(out->host), "%.*s", STR_ARG(host));
    snprintf(out->port, sizeof(out->port), "%.*s", STR_ARG(port));

    return true;
}

int
endpoint_listen(struct endpoint *at)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(any);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    if (bind(fd, (struct sockaddr *)&any, sizeof(any)) != 0 || listen(fd, 128) != 0 ||
        getsockname(fd, (struct sockaddr *)&any, &len) != 0) {
        close(fd);
        return -1;
    }
    snprintf(at->host, sizeof(at->host), "127.0.0.1");
    snprintf(at->port, sizeof(at->port), "%u", ntohs(any.sin_port) & 0xffffU);

    return fd;
}

/* Waits until fd is ready; false for the deadline. */
static bool
wait_for(int fd, short events, int64_t deadline)
{
    struct pollfd poller = {.fd = fd, .events = events};

    for (;;) {
        int64_t left = deadline - now_ms();
        int ready;

        if (left <= 0 || interrupt_is_asked())
            return false;
        ready = poll(&poller, 1, (int)left);
        if (ready > 0)
            return true;
        if (ready < 0 && errno != EINTR)
            return false;
    }
}

static int
connect_one(const struct addrinfo *address, int64_t deadline)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t len = sizeof(int);
    int error = 0;
    int one = 1;

    if (fd < 0)
        return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (connect(fd, address->ai_addr, address->ai_addrlen) == 0)
        return fd;
    if (errno == EINPROGRESS && wait_for(fd, POLLOUT, deadline) &&
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0)
        return fd;
    close(fd);

    return -1;
}

int
endpoint_connect(const struct endpoint *at, int64_t timeout_ms)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int fd = -1;

    if (getaddrinfo(at->host, at->port, &hints, &found) != 0)
        return -1;
    for (const struct addrinfo *one = found; one != NULL && fd < 0; one = one->ai_next)
        fd = connect_one(one, now_ms() + timeout_ms);
    freeaddrinfo(found);

    return fd;
}

void
client_init(struct client *client, const struct endpoint *at, int64_t timeout_ms)
{
    *client = (struct client){.at = *at, .fd = -1, .timeout_ms = timeout_ms};
    buf_init(&client->in, CLIENT_BODY_MAX + HEAD_MAX);
}

static void
disconnect(struct client *client)
{
    tls_free(client->tls);
    client->tls = NULL;
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
}

void
client_fini(struct client *client)
{
    disconnect(client);
    buf_fini(&client->in);
}

static bool
send_all(int fd, struct str bytes, int64_t deadline)
{
    while (bytes.len > 0) {
        ssize_t sent = send(fd, bytes.data, bytes.len, MSG_NOSIGNAL);

        if (sent >= 0)
            bytes = str_slice(bytes, (size_t)sent, bytes.len);
        else if (errno == EAGAIN ? !wait_for(fd, POLLOUT, deadline) : errno != EINTR)
            return false;
    }

    return true;
}

/* Reads more into client->in: 1, 0 at the end of the stream, -1 for an error, -2 for the
 * deadline. */
static int
read_more(struct client *client, int64_t deadline)
{
    char chunk[16384];

    for (;;) {
        ssize_t got = client->tls != NULL ? tls_read(client->tls, chunk, sizeof(chunk), deadline)
                                          : recv(client->fd, chunk, sizeof(chunk), 0);

        if (got > 0) {
            buf_add(&client->in, chunk, (size_t)got);
            return buf_ok(&client->in) ? 1 : -1;
        }
        if (got == 0)
            return 0;
        if (client->tls != NULL)
            return (int)got;
        if (errno == EAGAIN) {
            if (!wait_for(client->fd, POLLIN, deadline))
                return -2;
        } else if (errno != EINTR) {
            return -1;
        }
    }
}

static bool
parse_head(struct str head, struct client_response *out)
{
    struct str line = str_cut(&head, '\n');
    struct str rest = line;
    int64_t status;

    if (!str_has_prefix(line, STR("HTTP/1.")))
        return false;
    str_cut(&rest, ' ');
    if (!str_to_i64(str_slice(rest, 0, 3), &status) || status < 100 || status > 599)
        return false;
    out->status = (int)status;
    while (head.len > 0) {
        struct str value = str_cut(&head, '\n');
        struct str name = str_cut(&value, ':');

        if (value.data == NULL || out->header_count == CLIENT_HEADERS_MAX)
            continue;
        out->headers[out->header_count++] = (struct client_header){str_trim(name), str_trim(value)};
    }

    return true;
}

struct str
client_get_header(const struct client_response *response, const char *name)
{
    for (unsigned i = 0; i < response->header_count; i++) {
        if (str_eq_nocase(response->headers[i].name, str_from(name)))
            return response->headers[i].value;
    }

    return STR_NULL;
}

/* Hexadecimal digits at the beginning of the line; what follows is an extension. */
static bool
parse_chunk_size(struct str line, size_t *out)
{
    size_t at = 0;

    *out = 0;
    for (; at < line.len && *out <= CLIENT_BODY_MAX; at++) {
        char c = line.data[at];
        int digit = c >= '0' && c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;

        if (digit < 0 || digit > 15 || (digit > 9 && (c | 0x20) < 'a'))
            break;
        *out = *out * 16 + (size_t)digit;
    }

    return at > 0 && *out <= CLIENT_BODY_MAX;
}

/*
 * Goes over the chunks of a body: 1 when all are there, 0 when more is needed, -1 for garbage. With
 * join their contents are moved together to the beginning, and *length is what they are.
 */
static int
walk_chunks(char *data, size_t len, bool join, size_t *length)
{
    size_t at = 0, to = 0;

    for (;;) {
        const char *line_end = memchr(data + at, '\n', len - at);
        size_t size, from;

        if (line_end == NULL)
            return 0;
        from = (size_t)(line_end - data) + 1;
        if (!parse_chunk_size(str_make(data + at, from - at), &size))
            return -1;
        if (len - from < size + 2)
            return 0;
        if (size == 0)
            break;
        if (join)
            memmove(data + to, data + from, size);
        to += size;
        at = from + size + 2;
    }
    *length = to;

    return 1;
}

/* 1: the body is whole, 0: more is needed, -1: garbage. At the end of the stream it is as it is. */
static int
take_body(struct client *client, size_t body_at, bool is_head, bool at_end,
          struct client_response *out)
{
    struct str all = str_slice(buf_str(&client->in), body_at, client->in.len);
    struct str length = client_get_header(out, "Content-Length");
    size_t size = 0;
    uint64_t given;

    out->body = STR("");
    if (is_head || out->status == 204 || out->status == 304 || out->status < 200)
        return 1;
    if (str_eq_nocase(client_get_header(out, "Transfer-Encoding"), STR("chunked"))) {
        char *data = client->in.data + body_at;
        int state = all.len > 0 ? walk_chunks(data, all.len, false, &size) : 0;

        if (state == 1 && walk_chunks(data, all.len, true, &size) == 1)
            out->body = str_make(data, size);
        return state;
    }
    if (length.len > 0) {
        if (!str_to_u64(length, &given) || given > CLIENT_BODY_MAX)
            return -1;
        out->body = str_slice(all, 0, (size_t)given);
        return all.len >= given;
    }
    out->body = all;

    return at_end;
}

static size_t
find_head_end(struct str in)
{
    const char *end = in.len >= 4 ? memmem(in.data, in.len, "\r\n\r\n", 4) : NULL;

    return end != NULL ? (size_t)(end - in.data) + 4 : 0;
}

/* Reads one answer. */
static void
read_answer(struct client *client, bool is_head, int64_t deadline, struct client_response *out)
{
    size_t body_at = 0;
    int more = 1;

    for (;;) {
        if (body_at == 0)
            body_at = find_head_end(buf_str(&client->in));
        if (body_at > 0) {
            int whole;

            out->header_count = 0;
            whole = parse_head(str_slice(buf_str(&client->in), 0, body_at), out)
                        ? take_body(client, body_at, is_head, more == 0, out)
                        : -1;
            if (whole == 1 && out->status >= 200)
                return;
            if (whole < 0) {
                out->outcome = CLIENT_GARBAGE;
                out->status = 0;
                return;
            }
        }
        if (more <= 0)
            break;
        more = read_more(client, deadline);
        if (more < 0)
            break;
    }
    out->outcome = more == -2                                        ? CLIENT_TIMEOUT
                   : client->in.len > 0 && body_at == 0 && more == 0 ? CLIENT_GARBAGE
                                                                     : CLIENT_CUT;
    out->status = 0;
}

static bool
is_gone(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0 || (errno != EAGAIN && errno != EINTR);
}

static bool
connect_client(struct client *client, int64_t deadline)
{
    struct err err = {0};

    client->fd = endpoint_connect(&client->at, client->timeout_ms);
    if (client->fd < 0 || !client->at.is_tls)
        return client->fd >= 0;
    client->tls = tls_open(client->fd, client->at.host, deadline, &err);
    if (client->tls == NULL)
        disconnect(client);

    return client->tls != NULL;
}

static void
ask(struct client *client, struct str bytes, bool is_head, struct client_response *out)
{
    uint64_t start = clock_mono_ns();
    int64_t deadline = now_ms() + client->timeout_ms;
    struct str connection;

    *out = (struct client_response){.outcome = CLIENT_ANSWERED, .body = STR("")};
    buf_clear(&client->in);
    if (client->fd >= 0 && (errno = 0, is_gone(client->fd)))
        disconnect(client);
    if (client->fd < 0 && !connect_client(client, deadline)) {
        out->outcome = CLIENT_REFUSED;
        return;
    }
    /* A server may answer before it has read all; what it said counts, not that the rest was
     * lost. */
    if (client->tls != NULL)
        (void)tls_send_all(client->tls, bytes, deadline);
    else
        (void)send_all(client->fd, bytes, deadline);
    read_answer(client, is_head, deadline, out);
    out->seconds = (double)(clock_mono_ns() - start) / 1e9;
    if (out->outcome == CLIENT_TIMEOUT && client->late != NULL)
        (*client->late)++;
    connection = client_get_header(out, "Connection");
    out->closes = str_eq_nocase(connection, STR("close"));
    if (out->outcome != CLIENT_ANSWERED || out->closes)
        disconnect(client);
}

void
client_ask(struct client *client, const char *method, const char *path, const char *headers,
           struct str body, struct client_response *out)
{
    struct buf bytes;

    buf_init(&bytes, CLIENT_BODY_MAX + HEAD_MAX);
    buf_printf(&bytes, "%s %s HTTP/1.1\r\nHost: %s:%s\r\n%s", method, path, client->at.host,
               client->at.port, headers != NULL ? headers : "");
    if (body.data != NULL)
        buf_printf(&bytes, "Content-Length: %zu\r\n", body.len);
    BUF_ADD_LIT(&bytes, "\r\n");
    buf_add_str(&bytes, body);
    ask(client, buf_str(&bytes), strcmp(method, "HEAD") == 0, out);
    buf_fini(&bytes);
}

void
client_ask_raw(struct client *client, struct str bytes, struct client_response *out)
{
    ask(client, bytes, false, out);
}

const char *
client_describe(enum client_outcome outcome)
{
    switch (outcome) {
    case CLIENT_ANSWERED:
        return "answered";
    case CLIENT_REFUSED:
        return "connection refused";
    case CLIENT_CUT:
        return "connection cut";
    case CLIENT_TIMEOUT:
        return "no answer in time";
    case CLIENT_GARBAGE:
        return "no HTTP came back";
    }

    return "";
}
