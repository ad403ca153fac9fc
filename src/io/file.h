/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files done right once: whole reads with a limit, replacement that survives a crash at any point,
 * directories.
 *
 * All of it blocks, and none of it belongs on the request path. Errors are of kind ERR_IO and name
 * the path.
 */
#ifndef CAIRN_IO_FILE_H
#define CAIRN_IO_FILE_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"

#include <sys/types.h>

/*
 * Appends the whole file to out; a file that would pass out->max is an error. With found, a file
 * that isn't there is no error: *found says so. After an error out is as before.
 */
MUST_CHECK bool file_read(const char *path, struct buf *out, bool *found, struct err *err);

/*
 * Puts content at path in one step: whoever reads sees the old file or the new one, also after a
 * crash or a power loss. When this returns true the new one is on disk. After an error the old one
 * stands, with one exception: when only the directory could not be synced, the new one stands but
 * a power loss may bring the old one back. A symbolic link is replaced, not followed. mode is
 * exact: umask has no say.
 */
MUST_CHECK bool file_replace(const char *path, struct str content, mode_t mode, struct err *err);

/* As file_replace, but an existing file is left alone: *created is false then. */
MUST_CHECK bool file_create(const char *path, struct str content, mode_t mode, bool *created,
                            struct err *err);

bool file_exists(const char *path); /* anything of that name; false also when it can't be told */

/* For files with secrets: an error unless path is a regular file that belongs to this user or to
 * root, and that nobody else may read or write. */
MUST_CHECK bool file_check_private(const char *path, struct err *err);

/* Makes the directory and the ones above it that are missing. No error when it is there. */
MUST_CHECK bool dir_make(const char *path, mode_t mode, struct err *err);

/* Makes changes of names in the directory durable. */
MUST_CHECK bool dir_sync(const char *path, struct err *err);

/*
 * The names of the regular files (also behind links) in the directory, sorted by bytes, in arena;
 * each is followed by a NUL. Names that start with a dot are left out. More than max is an error.
 */
MUST_CHECK bool dir_list(const char *path, size_t max, struct arena *arena, struct str **names,
                         size_t *count, struct err *err);

#endif
