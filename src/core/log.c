/* SPDX-License-Identifier: Apache-2.0 */
#include "core/log.h"

#include "core/buf.h"
#include "core/clock.h"
#include "core/fault.h"
#include "core/log_line.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define STALL_MS 100                      /* how long a full pipe may hold a line up */
#define RECHECK_NS ((uint64_t)1000000000) /* how often a file is compared with its name */

/*
 * Writers share the lock, so that lines of different threads don't wait for each other: the kernel
 * keeps a write to an O_APPEND file, or of up to PIPE_BUF bytes to a pipe, in one piece. Rotation
 * takes the lock alone.
 */
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static struct log_options options = {.level = LOG_WARN, .format = LOG_PRETTY};
static char *file_path;
static int file_fd = -1;
static bool is_open;
static bool stdout_is_pipe; /* or a socket, or a terminal */
static _Atomic uint64_t file_size;
static _Atomic uint64_t file_checked_ns;
static _Atomic uint64_t counts[LOG_ERROR + 1];
static _Atomic int least = LOG_WARN;

static int
open_file(const char *path)
{
    if (FAULT("log.open")) {
        errno = EACCES;
        return -1;
    }
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

/* Takes fd over as the file; the caller holds the lock alone. */
static void
use_file(int fd)
{
    struct stat st;

    if (file_fd >= 0)
        close(file_fd);
    file_fd = fd;
    atomic_store(&file_size, fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0);
}

bool
log_open(const struct log_options *wanted)
{
    struct stat st;
    int fd = -1;

    if (wanted->file != NULL) {
        fd = open_file(wanted->file);
        if (fd < 0)
            return false;
    }
    log_close();

    pthread_rwlock_wrlock(&lock);
    options = *wanted;
    if (wanted->file != NULL) {
        file_path = xstrdup(wanted->file);
        options.file = file_path;
        use_file(fd);
    }
    stdout_is_pipe = fstat(STDOUT_FILENO, &st) != 0 || !S_ISREG(st.st_mode);
    is_open = true;
    atomic_store(&least, (int)wanted->level);
    pthread_rwlock_unlock(&lock);
    return true;
}

/* Opens the file again under its name; keeps the old one when that fails. */
static void
reopen_locked(void)
{
    int fd = open_file(file_path);

    if (fd >= 0)
        use_file(fd);
}

void
log_reopen(void)
{
    pthread_rwlock_wrlock(&lock);
    if (file_path != NULL)
        reopen_locked();
    pthread_rwlock_unlock(&lock);
}

void
log_close(void)
{
    pthread_rwlock_wrlock(&lock);
    if (file_fd >= 0)
        close(file_fd);
    file_fd = -1;
    free(file_path);
    file_path = NULL;
    options = (struct log_options){.level = LOG_WARN, .format = LOG_PRETTY};
    is_open = false;
    atomic_store(&least, LOG_WARN);
    pthread_rwlock_unlock(&lock);
}

bool
log_is_on(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&least, memory_order_relaxed);
}

uint64_t
log_count(enum log_level level)
{
    return atomic_load_explicit(&counts[level], memory_order_relaxed);
}

/* The file under the name is no longer the one that is open: another process rotated it. */
static bool
was_replaced(void)
{
    struct stat open_st;
    struct stat name_st;

    if (fstat(file_fd, &open_st) != 0)
        return false;
    if (stat(file_path, &name_st) != 0)
        return errno == ENOENT;
    return open_st.st_ino != name_st.st_ino || open_st.st_dev != name_st.st_dev;
}

/* FILE.2 becomes FILE.3, FILE.1 becomes FILE.2, FILE becomes FILE.1. */
static bool
shift_files(void)
{
    size_t size = strlen(file_path) + 16;
    char *from = xmalloc(size);
    char *to = xmalloc(size);
    bool ok = true;

    for (unsigned i = options.rotate_keep; i > 0 && ok; i--) {
        snprintf(to, size, "%s.%u", file_path, i);
        if (i > 1)
            snprintf(from, size, "%s.%u", file_path, i - 1);
        else
            snprintf(from, size, "%s", file_path);
        ok = !FAULT("log.rename") && (rename(from, to) == 0 || errno == ENOENT);
    }
    if (options.rotate_keep == 0)
        ok = unlink(file_path) == 0;
    free(from);
    free(to);
    return ok;
}

static void
rotate(void)
{
    pthread_rwlock_wrlock(&lock);
    if (file_fd < 0 || atomic_load(&file_size) < options.rotate_bytes)
        goto out; /* another thread was faster */

    /* The lock of the file itself keeps other processes from shifting at the same time. */
    if (flock(file_fd, LOCK_EX) != 0)
        goto out;
    if (was_replaced() || shift_files())
        reopen_locked();
    else
        atomic_store(&file_size, 0); /* try again when as much again has been written */
    if (file_fd >= 0)
        flock(file_fd, LOCK_UN);

out:
    pthread_rwlock_unlock(&lock);
}

/* Once per second: does the name still lead to the open file? */
static void
recheck(void)
{
    uint64_t now = clock_mono_ns();
    uint64_t last = atomic_load_explicit(&file_checked_ns, memory_order_relaxed);

    if (now - last < RECHECK_NS || !atomic_compare_exchange_strong(&file_checked_ns, &last, now))
        return;
    pthread_rwlock_wrlock(&lock);
    if (file_fd >= 0 && was_replaced())
        reopen_locked();
    pthread_rwlock_unlock(&lock);
}

/* Writes all of line, waiting a little when the reader is slow; what doesn't go out is lost. */
static void
write_line(int fd, struct str line)
{
    while (line.len > 0) {
        ssize_t done = FAULT("log.write") ? -1 : write(fd, line.data, line.len);
        struct pollfd wait = {.fd = fd, .events = POLLOUT};

        if (done > 0) {
            line = str_slice(line, (size_t)done, line.len);
            continue;
        }
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0 && errno == EAGAIN && poll(&wait, 1, STALL_MS) > 0)
            continue;
        break;
    }
}

/* A pipe keeps up to PIPE_BUF bytes in one piece: into one go as many whole lines as that holds. */
static void
write_lines(int fd, bool is_pipe, struct str lines)
{
    while (lines.len > 0) {
        size_t len = lines.len;

        if (is_pipe && len > PIPE_BUF) {
            const char *end = memrchr(lines.data, '\n', PIPE_BUF);

            if (end == NULL)
                end = memchr(lines.data, '\n', len);
            if (end != NULL)
                len = (size_t)(end - lines.data) + 1;
        }
        write_line(fd, str_slice(lines, 0, len));
        lines = str_slice(lines, len, lines.len);
    }
}

/* What a thread has put off, apart for each sink. */
struct batch {
    struct buf out;
    struct buf file;
};

#define BATCH_MAX (LOG_LINE_MAX * 4)
#define BATCH_FULL LOG_LINE_MAX

static _Thread_local struct batch later;

/* Adds the line to the batch in the form of each sink; the caller shares the lock. */
static void
add_line(const struct log_line *line, struct batch *batch)
{
    size_t at = batch->file.len;

    if (!is_open) {
        log_line_pretty(line, false, &batch->out);
        return;
    }
    if (file_fd >= 0)
        log_line_json(line, &batch->file);
    if (!options.to_stdout)
        return;
    if (options.format == LOG_PRETTY)
        log_line_pretty(line, options.color, &batch->out);
    else if (file_fd >= 0)
        buf_add_str(&batch->out, str_slice(buf_str(&batch->file), at, batch->file.len));
    else
        log_line_json(line, &batch->out);
}

static void
write_batch(struct batch *batch)
{
    bool has_file;
    bool is_full;

    pthread_rwlock_rdlock(&lock);
    write_lines(is_open ? STDOUT_FILENO : STDERR_FILENO, !is_open || stdout_is_pipe,
                buf_str(&batch->out));
    has_file = file_fd >= 0;
    if (has_file) {
        write_line(file_fd, buf_str(&batch->file));
        atomic_fetch_add_explicit(&file_size, batch->file.len, memory_order_relaxed);
    }
    is_full = has_file && options.rotate_bytes > 0 &&
              atomic_load_explicit(&file_size, memory_order_relaxed) >= options.rotate_bytes;
    pthread_rwlock_unlock(&lock);

    if (is_full)
        rotate();
    else if (has_file)
        recheck();
    buf_clear(&batch->out);
    buf_clear(&batch->file);
}

static void
add_event(enum log_level level, const char *event, const struct log_field *fields, size_t count,
          struct batch *batch)
{
    struct log_line line = {.level = level, .event = event, .fields = fields, .count = count};

    line.wall_us = clock_wall_us();
    atomic_fetch_add_explicit(&counts[level], 1, memory_order_relaxed);
    pthread_rwlock_rdlock(&lock);
    add_line(&line, batch);
    pthread_rwlock_unlock(&lock);
}

void
log_write(enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
    struct batch batch;

    if (!log_is_on(level))
        return;
    buf_init(&batch.out, BATCH_MAX);
    buf_init(&batch.file, BATCH_MAX);
    add_event(level, event, fields, count, &batch);
    write_batch(&batch);
    buf_fini(&batch.out);
    buf_fini(&batch.file);
}

void
log_write_later(enum log_level level, const char *event, const struct log_field *fields,
                size_t count)
{
    if (!log_is_on(level))
        return;
    if (later.out.max == 0) {
        buf_init(&later.out, BATCH_MAX);
        buf_init(&later.file, BATCH_MAX);
    }
    add_event(level, event, fields, count, &later);
    if (later.out.len > BATCH_FULL || later.file.len > BATCH_FULL)
        write_batch(&later);
}

void
log_flush(void)
{
    if (later.out.len > 0 || later.file.len > 0)
        write_batch(&later);
}

void
log_end_thread(void)
{
    log_flush();
    buf_fini(&later.out);
    buf_fini(&later.file);
}
