/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/db/lite_vfs.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

struct fault_file {
    sqlite3_file base;
    sqlite3_file *real; /* behind this struct */
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs fault_vfs;
static atomic_int armed_call = VFS_CALLS;
static atomic_uint left;
static atomic_int armed_rc;
static atomic_uint sync_ms;
static atomic_bool is_forever, was_hit;

void
vfs_arm(enum vfs_call call, unsigned nth, int rc, bool forever)
{
    armed_call = VFS_CALLS;
    left = nth;
    armed_rc = rc;
    is_forever = forever;
    was_hit = false;
    if (nth > 0)
        armed_call = (int)call;
}

void
vfs_slow_sync(unsigned ms)
{
    sync_ms = ms;
}

bool
vfs_was_hit(void)
{
    return was_hit;
}

static int
fault(enum vfs_call call)
{
    if (armed_call != (int)call)
        return SQLITE_OK;
    unsigned before = atomic_load(&left);
    while (before > 1 && !atomic_compare_exchange_weak(&left, &before, before - 1))
        continue;
    if (before > 1)
        return SQLITE_OK;
    if (before == 1 && !is_forever && !atomic_compare_exchange_strong(&left, &before, 0))
        return SQLITE_OK;
    if (before == 0)
        return SQLITE_OK;
    was_hit = true;
    return armed_rc;
}

static sqlite3_file *
real_of(sqlite3_file *file)
{
    return ((struct fault_file *)file)->real;
}

static int
on_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int
on_read(sqlite3_file *file, void *out, int size, sqlite3_int64 at)
{
    int rc = fault(VFS_READ);
    return rc != SQLITE_OK ? rc : real_of(file)->pMethods->xRead(real_of(file), out, size, at);
}

static int
on_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 at)
{
    int rc = fault(VFS_WRITE);

    if (rc == SQLITE_OK)
        return real_of(file)->pMethods->xWrite(real_of(file), data, size, at);
    if (size > 1)
        real_of(file)->pMethods->xWrite(real_of(file), data, size / 2, at);
    return rc;
}

static int
on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int rc = fault(VFS_TRUNCATE);
    return rc != SQLITE_OK ? rc : real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int
on_sync(sqlite3_file *file, int flags)
{
    unsigned ms = sync_ms;

    if (ms > 0)
        nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
    int rc = fault(VFS_SYNC);
    return rc != SQLITE_OK ? rc : real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int
on_file_size(sqlite3_file *file, sqlite3_int64 *out)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), out);
}

static int
on_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int
on_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int
on_check_reserved(sqlite3_file *file, int *out)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int
on_control(sqlite3_file *file, int op, void *arg)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

static int
on_sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int
on_characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int
on_shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **out)
{
    int rc = fault(VFS_SHM);
    return rc != SQLITE_OK
               ? rc
               : real_of(file)->pMethods->xShmMap(real_of(file), region, size, extend, out);
}

static int
on_shm_lock(sqlite3_file *file, int from, int count, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), from, count, flags);
}

static void
on_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int
on_shm_unmap(sqlite3_file *file, int remove)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

static const sqlite3_io_methods fault_methods = {
    .iVersion = 2,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_file_size,
    .xLock = on_lock,
    .xUnlock = on_unlock,
    .xCheckReservedLock = on_check_reserved,
    .xFileControl = on_control,
    .xSectorSize = on_sector_size,
    .xDeviceCharacteristics = on_characteristics,
    .xShmMap = on_shm_map,
    .xShmLock = on_shm_lock,
    .xShmBarrier = on_shm_barrier,
    .xShmUnmap = on_shm_unmap,
};

static int
on_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *out_flags)
{
    struct fault_file *wrapped = (struct fault_file *)file;
    int rc = fault(VFS_OPEN);

    wrapped->base.pMethods = NULL;
    wrapped->real = (sqlite3_file *)(wrapped + 1);
    if (rc == SQLITE_OK)
        rc = real_vfs->xOpen(real_vfs, name, wrapped->real, flags, out_flags);
    if (rc == SQLITE_OK)
        wrapped->base.pMethods = &fault_methods;
    return rc;
}

void
vfs_install(void)
{
    if (real_vfs != NULL)
        return;
    real_vfs = sqlite3_vfs_find(NULL);
    fault_vfs = *real_vfs;
    fault_vfs.zName = "fault";
    fault_vfs.szOsFile = (int)sizeof(struct fault_file) + real_vfs->szOsFile;
    fault_vfs.xOpen = on_open;
    sqlite3_vfs_register(&fault_vfs, 1);
}
