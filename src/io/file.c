/* SPDX-License-Identifier: Apache-2.0 */
#include "io/file.h"

#include "core/clock.h"
#include "core/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_STEP ((size_t)64 * 1024)

/* Each call to the system that can fail has its fault point, and the errno it fails with. */
static bool
has_fault(bool fault, int errnum)
{
    if (fault)
        errno = errnum;
    return fault;
}

static int
open_file(const char *path, int flags, mode_t mode)
{
    if (has_fault(FAULT("io.open"), EACCES))
        return -1;
    return open(path, flags | O_CLOEXEC, mode);
}

static bool
write_all(int fd, struct str content)
{
    while (content.len > 0) {
        ssize_t done =
            has_fault(FAULT("io.write"), ENOSPC) ? -1 : write(fd, content.data, content.len);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return false;
        content = str_slice(content, (size_t)done, content.len);
    }
    return true;
}

/* Never tried again: after a failed fsync the kernel may have dropped the pages, and a second one
 * would report success. */
static bool
sync_fd(int fd, bool fault)
{
    return !has_fault(fault, EIO) && fsync(fd) == 0;
}

static bool
read_all(int fd, const char *path, struct buf *out, struct err *err)
{
    for (;;) {
        size_t room = out->max - out->len;
        size_t step = room < READ_STEP ? room : READ_STEP;
        char extra;
        ssize_t got;

        if (step > 0 && !buf_reserve(out, step))
            return err_set(err, ERR_IO, NULL, "unable to read '%s': out of memory", path);
        if (has_fault(FAULT("io.read"), EIO))
            got = -1;
        else
            got = step > 0 ? read(fd, out->data + out->len, step) : read(fd, &extra, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set_errno(err, ERR_IO, errno, "unable to read '%s'", path);
        if (got == 0)
            return true;
        if (step == 0)
            return err_set(err, ERR_IO, NULL, "unable to read '%s': larger than %zu bytes", path,
                           out->max);
        out->len += (size_t)got;
    }
}

bool
file_read(const char *path, struct buf *out, bool *found, struct err *err)
{
    size_t start = out->len;
    int fd = open_file(path, O_RDONLY, 0);
    bool ok;

    if (found != NULL)
        *found = fd >= 0;
    if (fd < 0) {
        if (found != NULL && errno == ENOENT)
            return true;
        return err_set_errno(err, ERR_IO, errno, "unable to open '%s'", path);
    }
    ok = read_all(fd, path, out, err);
    if (!ok) {
        out->len = start;
        out->overflowed = false;
    }
    close(fd);
    return ok;
}

/* The directory part of path, on the heap. */
static char *
directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 1 : slash == path ? 1 : (size_t)(slash - path);
    char *dir = xmalloc(len + 1);

    memcpy(dir, slash == NULL ? "." : path, len);
    dir[len] = '\0';
    return dir;
}

bool
dir_sync(const char *path, struct err *err)
{
    int fd = open_file(path, O_RDONLY | O_DIRECTORY, 0);
    bool ok;

    if (fd < 0)
        return err_set_errno(err, ERR_IO, errno, "unable to open directory '%s'", path);
    ok = sync_fd(fd, FAULT("io.dirsync"));
    if (!ok)
        err_set_errno(err, ERR_IO, errno, "unable to sync directory '%s'", path);
    close(fd);
    return ok;
}

/* Writes content, durably, to a new file beside path; its name goes to *temp, on the heap. After
 * an error there is no such file, and *temp is NULL. */
static bool
write_temp(const char *path, struct str content, mode_t mode, char **temp, struct err *err)
{
    size_t size = strlen(path) + 32;
    uint64_t random;
    char *name = xmalloc(size);
    int fd;

    *temp = NULL;
    random_bytes(&random, sizeof(random));
    snprintf(name, size, "%s.%016jx.tmp", path, (uintmax_t)random);
    fd = open_file(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0) {
        err_set_errno(err, ERR_IO, errno, "unable to create '%s'", name);
        free(name);
        return false;
    }
    if (!write_all(fd, content) || fchmod(fd, mode) != 0 || !sync_fd(fd, FAULT("io.fsync"))) {
        err_set_errno(err, ERR_IO, errno, "unable to write '%s'", path);
        close(fd);
        goto fail;
    }
    if (close(fd) != 0 || has_fault(FAULT("io.close"), EIO)) {
        err_set_errno(err, ERR_IO, errno, "unable to write '%s'", path);
        goto fail;
    }
    *temp = name;
    return true;

fail:
    unlink(name);
    free(name);
    return false;
}

static bool
sync_directory_of(const char *path, struct err *err)
{
    char *dir = directory_of(path);
    bool ok = dir_sync(dir, err);

    free(dir);
    return ok;
}

bool
file_replace(const char *path, struct str content, mode_t mode, struct err *err)
{
    char *temp = NULL;
    bool ok = false;

    if (!write_temp(path, content, mode, &temp, err))
        return false;
    if (has_fault(FAULT("io.rename"), EIO) || rename(temp, path) != 0) {
        err_set_errno(err, ERR_IO, errno, "unable to replace '%s'", path);
        unlink(temp);
        goto out;
    }
    ok = sync_directory_of(path, err);

out:
    free(temp);
    return ok;
}

bool
file_create(const char *path, struct str content, mode_t mode, bool *created, struct err *err)
{
    char *temp = NULL;
    bool ok = false;

    *created = false;
    if (file_exists(path))
        return true;
    if (!write_temp(path, content, mode, &temp, err))
        return false;

    /* Unlike rename, link refuses a name that has come into being meanwhile. */
    if (has_fault(FAULT("io.link"), EIO) || link(temp, path) != 0) {
        ok = errno == EEXIST;
        if (!ok)
            err_set_errno(err, ERR_IO, errno, "unable to create '%s'", path);
        goto out;
    }
    *created = true;
    ok = sync_directory_of(path, err);

out:
    unlink(temp);
    free(temp);
    return ok;
}

bool
file_exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

bool
file_check_private(const char *path, struct err *err)
{
    struct stat st;

    if (has_fault(FAULT("io.stat"), EACCES) || stat(path, &st) != 0)
        return err_set_errno(err, ERR_IO, errno, "unable to check '%s'", path);
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_IO, NULL, "unable to trust '%s': not a regular file", path);
    if (st.st_uid != geteuid() && st.st_uid != 0) {
        err_set(err, ERR_IO, NULL, "unable to trust '%s': it belongs to user %ju", path,
                (uintmax_t)st.st_uid);
        err_hint(err, "chown %ju '%s'", (uintmax_t)geteuid(), path);
        return false;
    }
    if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        err_set(err, ERR_IO, NULL, "unable to trust '%s': others may use it (mode %04o)", path,
                (unsigned)(st.st_mode & 07777));
        err_hint(err, "chmod 600 '%s'", path);
        return false;
    }
    return true;
}
