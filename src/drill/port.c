/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/port.h"

#include "core/buf.h"
#include "core/clock.h"
#include "io/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    FIRST = 10240, /* below it stands what everybody knows by its number */
    LAST = 65535,
    WIDTH_MIN = 1000,
    TRIES = 200,
    TEXT_MAX = 256
};

#define RANGE_FILE "/proc/sys/net/ipv4/ip_local_port_range"

static bool
cut_number(struct str *text, unsigned *out)
{
    uint64_t number;
    size_t len = 0;

    *text = str_trim(*text);
    while (len < text->len && text->data[len] >= '0' && text->data[len] <= '9')
        len++;
    if (!str_to_u64(str_slice(*text, 0, len), &number) || number > LAST)
        return false;
    *text = str_slice(*text, len, text->len);
    *out = (unsigned)number;

    return true;
}

struct port_range
port_find_range(struct str text)
{
    struct port_range kernels, below, above;

    if (!cut_number(&text, &kernels.first) || !cut_number(&text, &kernels.last) ||
        kernels.first > kernels.last || kernels.last < FIRST)
        return (struct port_range){FIRST, LAST};
    below = (struct port_range){FIRST, kernels.first > FIRST ? kernels.first - 1 : FIRST};
    above = (struct port_range){kernels.last < LAST ? kernels.last + 1 : LAST, LAST};
    if (below.last - below.first < above.last - above.first)
        below = above;

    return below.last - below.first >= WIDTH_MIN ? below : kernels;
}

/* A name that one socket can have, and that is free again when its process ends. */
static bool
take_name(int fd, unsigned port)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int len = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "cairn-port-%u", port);

    return bind(fd, (struct sockaddr *)&name,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len)) == 0;
}

/* As a service that begins to listen sees it: connections that have ended are no obstacle. */
static bool
is_free(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;
    bool ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
              bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

    if (fd >= 0)
        close(fd);

    return ok;
}

static struct port_range
read_range(void)
{
    struct err err = {0};
    struct port_range range;
    struct buf text;

    buf_init(&text, TEXT_MAX);
    if (!file_read(RANGE_FILE, &text, NULL, &err))
        buf_clear(&text);
    range = port_find_range(buf_str(&text));
    buf_fini(&text);

    return range;
}

int
port_reserve(unsigned *port)
{
    struct port_range range = read_range();

    for (int i = 0; i < TRIES; i++) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        uint32_t chance;

        if (fd < 0)
            return -1;
        random_bytes(&chance, sizeof(chance));
        *port = range.first + chance % (range.last - range.first + 1);
        if (take_name(fd, *port) && is_free(*port))
            return fd;
        close(fd);
    }
    errno = EADDRINUSE;

    return -1;
}
