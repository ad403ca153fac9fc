/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/http/still_time.h"

#include <stdbool.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { NS_PER_MS = 1000000, NS_PER_S = 1000000000 };

static bool stands_still;
static int64_t still_ns; /* what the clock says meanwhile */
static int64_t ahead_ns; /* of the real one, so that it never goes back */

static int64_t
real_ns(clockid_t id)
{
    struct timespec ts;

    syscall(SYS_clock_gettime, id, &ts);

    return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* Takes the place of the C library's, for the libraries too. */
int clock_gettime(clockid_t id, struct timespec *ts);

__attribute__((visibility("default"))) int
clock_gettime(clockid_t id, struct timespec *ts)
{
    int64_t now;

    if (id != CLOCK_MONOTONIC && id != CLOCK_MONOTONIC_COARSE)
        return (int)syscall(SYS_clock_gettime, id, ts);
    now = stands_still ? still_ns : real_ns(id) + ahead_ns;
    *ts = (struct timespec){.tv_sec = now / NS_PER_S, .tv_nsec = now % NS_PER_S};

    return 0;
}

void
still_time_begin(void)
{
    still_ns = real_ns(CLOCK_MONOTONIC) + ahead_ns;
    stands_still = true;
}

void
still_time_pass(int64_t ms)
{
    still_ns += ms * NS_PER_MS;
}

void
still_time_end(void)
{
    int64_t ahead = still_ns - real_ns(CLOCK_MONOTONIC_COARSE);

    if (ahead > ahead_ns)
        ahead_ns = ahead;
    stands_still = false;
}
