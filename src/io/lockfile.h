/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lock between processes: one holder at a time, given back by the kernel when the holder dies.
 *
 * The lock is flock(2) on a file that stays; the holder's process id stands in it for people. It
 * belongs to the open file, so a forked child shares it until both have let go. Two takers in one
 * process exclude each other too.
 */
#ifndef CAIRN_IO_LOCKFILE_H
#define CAIRN_IO_LOCKFILE_H

#include "core/err.h"

struct lockfile;

/*
 * Waits up to wait_ms, 0 for not at all. Still held by another: *out is NULL and err has kind
 * ERR_UNAVAILABLE, "unable to lock 'PATH': held by process 123". The directory must exist.
 */
MUST_CHECK bool lockfile_take(const char *path, unsigned wait_ms, struct lockfile **out,
                              struct err *err);
void lockfile_release(struct lockfile *lock); /* NULL is safe */

#endif
