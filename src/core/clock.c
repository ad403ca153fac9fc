/* SPDX-License-Identifier: Apache-2.0 */
#include "core/clock.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>

uint64_t
clock_mono_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

int64_t
clock_boot_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
clock_wall_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void
random_bytes(void *out, size_t len)
{
    char *to = out;

    while (len > 0) {
        ssize_t got = getrandom(to, len, 0);

        if (got < 0) {
            if (errno == EINTR)
                continue;
            perror("cairn: unable to read random bytes");
            abort();
        }
        to += got;
        len -= (size_t)got;
    }
}
