/* SPDX-License-Identifier: Apache-2.0 */
#include "db/sqlite/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"

enum { HOLD_BYTE = 0, WAIT_BYTE = 1 };

/* Locks of the open file, not of the process: they exclude two users in one process as well, and
 * closing some other descriptor of the file doesn't drop them. */
static bool
byte_lock(int fd, short type, off_t byte)
{
    struct flock range = {.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
    int rc;

    do {
        rc = fcntl(fd, F_OFD_SETLK, &range);
    } while (rc != 0 && errno == EINTR);
    return rc == 0;
}

bool
lite_lock_open(struct lite_lock *lock, const char *path, struct err *err)
{
    size_t size = strlen(path) + sizeof(".lock");

    *lock = (struct lite_lock){.path = xmalloc(size), .fd = -1};
    snprintf(lock->path, size, "%s.lock", path);
    lock->fd = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock->fd < 0) {
        err_set_errno(err, ERR_IO, errno, "unable to open '%s'", lock->path);
        lite_lock_close(lock);
        return false;
    }
    return true;
}

void
lite_lock_close(struct lite_lock *lock)
{
    if (lock->path == NULL)
        return;
    lite_lock_release(lock);
    lite_lock_cancel(lock);
    if (lock->fd >= 0)
        close(lock->fd);
    free(lock->path);
    *lock = (struct lite_lock){.fd = -1};
}

/* The command of this process, as far as it tells nothing private: "cairn serve". */
static void
command_of_self(char *out, size_t size)
{
    char line[512] = {0};
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, line, sizeof(line) - 2) : 0;

    if (fd >= 0)
        close(fd);
    const char *name = len > 0 ? line : "?";
    const char *second = len > 0 ? line + strlen(line) + 1 : "";
    const char *slash = strrchr(name, '/');
    name = slash != NULL ? slash + 1 : name;
    bool is_word = second[0] >= 'a' && second[0] <= 'z' && strlen(second) <= 16;
    snprintf(out, size, "%.64s%s%s", name, is_word ? " " : "", is_word ? second : "");
}

static void
holder_write(int fd)
{
    char command[96];
    char text[160];
    char there[160];

    command_of_self(command, sizeof(command));
    int len = snprintf(text, sizeof(text), "process %d (%s)\n", (int)getpid(), command);
    if (pread(fd, there, sizeof(there), 0) == len && memcmp(there, text, (size_t)len) == 0)
        return;
    /* Only people read it: a full disk must not keep anyone from locking. */
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len)
        return;
}

bool
lite_lock_try(struct lite_lock *lock)
{
    if (lock->is_held)
        return true;
    if (!lock->is_waiting)
        lock->is_waiting = byte_lock(lock->fd, F_WRLCK, WAIT_BYTE);
    /* Others wait already, and come first. */
    if (!lock->is_waiting)
        return false;
    if (!byte_lock(lock->fd, F_WRLCK, HOLD_BYTE))
        return false;
    lock->is_held = true;
    lock->since_ns = clock_mono_ns();
    lite_lock_cancel(lock);
    holder_write(lock->fd);
    return true;
}

void
lite_lock_cancel(struct lite_lock *lock)
{
    if (lock->is_waiting)
        byte_lock(lock->fd, F_UNLCK, WAIT_BYTE);
    lock->is_waiting = false;
}

void
lite_lock_release(struct lite_lock *lock)
{
    if (lock->is_held)
        byte_lock(lock->fd, F_UNLCK, HOLD_BYTE);
    lock->is_held = false;
}

bool
lite_lock_is_wanted(const struct lite_lock *lock)
{
    struct flock range = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = WAIT_BYTE, .l_len = 1};

    return fcntl(lock->fd, F_OFD_GETLK, &range) == 0 && range.l_type != F_UNLCK;
}

void
lite_lock_blame(const struct lite_lock *lock, struct err *err)
{
    char text[160] = {0};
    ssize_t len = pread(lock->fd, text, sizeof(text) - 1, 0);
    struct str holder = str_trim(str_make(text, len > 0 ? (size_t)len : 0));

    for (size_t i = 0; i < holder.len; i++)
        if (holder.data[i] < ' ' || holder.data[i] > '~')
            holder.len = i;
    if (holder.len == 0)
        holder = STR("another process");
    err_set(err, ERR_UNAVAILABLE, "55P03", "unable to lock '%s': %.*s holds it", lock->path,
            STR_ARG(holder));
    err->http_status = 503;
    err_hint(err, "Nothing was changed. Wait until the other process has finished, or stop it.");
}

bool
lite_lock_wait(struct lite_lock *lock, uint64_t deadline_ns, struct err *err)
{
    while (!lite_lock_try(lock)) {
        if (clock_mono_ns() >= deadline_ns) {
            lite_lock_cancel(lock);
            lite_lock_blame(lock, err);
            return false;
        }
        nanosleep(&(struct timespec){.tv_nsec = 3000000}, NULL);
    }
    return true;
}
