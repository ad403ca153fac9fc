/* SPDX-License-Identifier: Apache-2.0 */
#include "io/lockfile.h"

#include "core/clock.h"
#include "core/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define RETRY_NS 10000000 /* 10 ms */

struct lockfile {
    int fd;
};

static int
try_lock(int fd)
{
    if (FAULT("io.lock")) {
        errno = ENOLCK;
        return -1;
    }
    return flock(fd, LOCK_EX | LOCK_NB);
}

/* flock has no deadline of its own, and a signal to end a blocking one would be seen by all. */
static bool
wait_for_lock(int fd, unsigned wait_ms)
{
    uint64_t deadline = clock_mono_ns() + (uint64_t)wait_ms * 1000000;
    struct timespec pause = {.tv_nsec = RETRY_NS};

    while (try_lock(fd) != 0) {
        if (errno == EINTR)
            continue;
        if (errno != EWOULDBLOCK || clock_mono_ns() >= deadline)
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}

static int64_t
read_holder(int fd)
{
    char text[32];
    ssize_t len = pread(fd, text, sizeof(text), 0);
    int64_t pid = 0;

    if (len <= 0 || !str_to_i64(str_trim(str_make(text, (size_t)len)), &pid))
        return 0;
    return pid;
}

static bool
report_busy(const char *path, int64_t holder, struct err *err)
{
    if (holder > 0)
        return err_set(err, ERR_UNAVAILABLE, NULL, "unable to lock '%s': held by process %jd", path,
                       (intmax_t)holder);
    return err_set(err, ERR_UNAVAILABLE, NULL, "unable to lock '%s': held by another process",
                   path);
}

bool
lockfile_take(const char *path, unsigned wait_ms, struct lockfile **out, struct err *err)
{
    int fd = -1;
    bool ok = false;

    *out = NULL;
    if (FAULT("io.open"))
        errno = EACCES;
    else
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) {
        err_set_errno(err, ERR_IO, errno, "unable to open '%s'", path);
        goto out;
    }
    if (!wait_for_lock(fd, wait_ms)) {
        if (errno == EWOULDBLOCK)
            report_busy(path, read_holder(fd), err);
        else
            err_set_errno(err, ERR_IO, errno, "unable to lock '%s'", path);
        goto out;
    }
    /* Only a help to people: a full disk is no reason to refuse the lock. */
    if (ftruncate(fd, 0) == 0)
        dprintf(fd, "%jd\n", (intmax_t)getpid());
    *out = xmalloc(sizeof(**out));
    (*out)->fd = fd;
    fd = -1;
    ok = true;

out:
    if (fd >= 0)
        close(fd);
    return ok;
}

void
lockfile_release(struct lockfile *lock)
{
    if (lock == NULL)
        return;
    /* The name stays: taking it away would let two takers lock two files of the same name. */
    if (ftruncate(lock->fd, 0) != 0)
        errno = 0;
    close(lock->fd);
    free(lock);
}
