/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "http/http.h"

#define BACKLOG 4096 /* the kernel cuts it to net.core.somaxconn */

/* "HOST:PORT" or "[HOST]:PORT" into its parts. */
static bool
split_address(const char *address, char host[256], char port[6])
{
    struct str rest = str_from(address);
    size_t colon = rest.len;
    struct str host_part;
    struct str port_part;
    uint64_t number;

    while (colon > 0 && rest.data[colon - 1] != ':')
        colon--;
    if (colon == 0)
        return false;
    host_part = str_slice(rest, 0, colon - 1);
    port_part = str_slice(rest, colon, rest.len);
    if (host_part.len >= 2 && host_part.data[0] == '[' && host_part.data[host_part.len - 1] == ']')
        host_part = str_slice(host_part, 1, host_part.len - 1);
    else if (str_find_char(host_part, ':', 0) < host_part.len)
        return false;
    if (host_part.len == 0 || host_part.len > 255 || port_part.len > 5 ||
        !str_to_u64(port_part, &number) || number > 65535)
        return false;
    memcpy(host, host_part.data, host_part.len);
    host[host_part.len] = '\0';
    memcpy(port, port_part.data, port_part.len);
    port[port_part.len] = '\0';
    return true;
}

static uint16_t
bound_port(int fd)
{
    struct sockaddr_storage bound;
    socklen_t size = sizeof(bound);

    if (getsockname(fd, (struct sockaddr *)&bound, &size) != 0)
        return 0;
    if (bound.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)(void *)&bound)->sin6_port);
    return ntohs(((struct sockaddr_in *)(void *)&bound)->sin_port);
}

static bool
listen_on(const char *address, const struct sockaddr *sa, socklen_t size, int *fd_out,
          struct err *err)
{
    const int on = 1;
    int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return err_set_errno(err, ERR_IO, errno, "unable to listen on '%s'", address);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    /* Accepted sockets inherit it. */
    if (sa->sa_family != AF_UNIX)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (sa->sa_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (bind(fd, sa, size) != 0 || listen(fd, BACKLOG) != 0) {
        int error = errno;

        close(fd);
        err_set_errno(err, ERR_IO, error, "unable to listen on '%s'", address);
        if (error == EADDRINUSE)
            err_hint(err, "another process listens there: stop it, or choose another port");
        else if (error == EACCES)
            err_hint(err, "ports below 1024 need the right to bind them: choose a higher one");
        else if (error == EADDRNOTAVAIL)
            err_hint(err, "this machine has no such address: use 127.0.0.1, or 0.0.0.0 for all");
        return false;
    }
    *fd_out = fd;
    return true;
}

/* A socket file that nobody listens on is left over from a process that died. */
static void
remove_stale(const struct sockaddr_un *sun)
{
    struct stat st;
    int fd;

    if (lstat(sun->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
        return;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) != 0 && errno == ECONNREFUSED)
        (void)unlink(sun->sun_path);
    close(fd);
}

static bool
listen_unix(const char *address, const char *path, int *fd_out, struct err *err)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    size_t len = strlen(path);

    if (len == 0 || len >= sizeof(sun.sun_path)) {
        err_set(err, ERR_CONFIG, "CAIRN-LISTEN",
                "unable to listen on '%s': a socket's path has 1 to %zu bytes", address,
                sizeof(sun.sun_path) - 1);
        return false;
    }
    memcpy(sun.sun_path, path, len);
    remove_stale(&sun);
    return listen_on(address, (struct sockaddr *)&sun, sizeof(sun), fd_out, err);
}

bool
http_listen_socket(const char *address, int *fd_out, uint16_t *port_out, struct err *err)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    char host[256];
    char port[6];
    bool ok = false;
    int rc;

    if (port_out != NULL)
        *port_out = 0;
    if (strncmp(address, "unix:", 5) == 0)
        return listen_unix(address, address + 5, fd_out, err);
    if (!split_address(address, host, port)) {
        err_set(err, ERR_CONFIG, "CAIRN-LISTEN", "unable to listen on '%s': not an address",
                address);
        err_hint(err, "write HOST:PORT, [IPV6]:PORT or unix:PATH");
        return false;
    }
    rc = getaddrinfo(host, port, &hints, &list);
    if (rc != 0)
        return err_set(err, ERR_CONFIG, "CAIRN-LISTEN", "unable to listen on '%s': %s", address,
                       gai_strerror(rc));
    for (const struct addrinfo *at = list; at != NULL && !ok; at = at->ai_next)
        ok = listen_on(address, at->ai_addr, at->ai_addrlen, fd_out, err);
    if (ok && port_out != NULL)
        *port_out = bound_port(*fd_out);
    freeaddrinfo(list);
    return ok;
}
