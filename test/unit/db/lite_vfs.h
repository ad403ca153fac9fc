/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer under SQLite that makes the disk fail: the nth call of one kind, or all from the nth on,
 * to any file whose name begins with a prefix.
 */
#ifndef CAIRN_TEST_LITE_VFS_H
#define CAIRN_TEST_LITE_VFS_H

#include <stdbool.h>

enum vfs_call { VFS_READ, VFS_WRITE, VFS_SYNC, VFS_TRUNCATE, VFS_SHM, VFS_OPEN, VFS_CALLS };

/* Becomes SQLite's default. */
void vfs_install(void);
/* The nth call from now fails with SQLite's code rc; forever: and all later ones. 0: none. A sync
 * that fails has not synced; a write that fails has written half of its bytes. */
void vfs_arm(enum vfs_call call, unsigned nth, int rc, bool forever);
bool vfs_was_hit(void);
/* Every sync takes so long. */
void vfs_slow_sync(unsigned ms);

#endif
