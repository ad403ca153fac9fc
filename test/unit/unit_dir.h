/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory of a test's own, removed with everything in it.
 */
#ifndef CAIRN_TEST_UNIT_DIR_H
#define CAIRN_TEST_UNIT_DIR_H

#include "unit/unit.h"

#include <ftw.h>
#include <unistd.h>

static char unit_dir[64];

static inline int
unit_dir_make(void **state)
{
    snprintf(unit_dir, sizeof(unit_dir), "/tmp/cairn-unit-XXXXXX");
    return mkdtemp(unit_dir) != NULL ? 0 : -1;
}

static inline int
unit_dir_remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    return remove(path);
}

static inline int
unit_dir_remove(void **state)
{
    return nftw(unit_dir, unit_dir_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The path of name in the directory; four results are valid at a time. */
static inline const char *
unit_path(const char *name)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof(paths[0]), "%s/%s", unit_dir, name);
    return path;
}

#endif
