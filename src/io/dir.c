/* SPDX-License-Identifier: Apache-2.0 */
/* dir_make and dir_list of io/file.h. */
#include "core/fault.h"
#include "io/file.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* One level. What is there already is fine when it is a directory. */
static bool
make_one(const char *path, mode_t mode)
{
    struct stat st;

    if (FAULT("io.mkdir")) {
        errno = EACCES;
        return false;
    }
    if (mkdir(path, mode) == 0)
        return true;
    if (errno != EEXIST)
        return false;
    if (stat(path, &st) != 0)
        return false;
    if (!S_ISDIR(st.st_mode)) {
        errno = ENOTDIR;
        return false;
    }
    return true;
}

bool
dir_make(const char *path, mode_t mode, struct err *err)
{
    char *part = xstrdup(path);
    bool ok = true;

    for (char *at = part + 1; part[0] != '\0' && *at != '\0' && ok; at++) {
        if (*at != '/' || at[-1] == '/')
            continue;
        *at = '\0';
        ok = make_one(part, mode);
        *at = '/';
    }
    ok = ok && make_one(part, mode);
    if (!ok)
        err_set_errno(err, ERR_IO, errno, "unable to make directory '%s'", path);
    free(part);
    return ok;
}

struct names {
    struct str *items;
    size_t count;
    size_t cap;
};

static bool
is_file(DIR *dir, const struct dirent *entry)
{
    struct stat st;

    if (entry->d_type == DT_REG)
        return true;
    if (entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN)
        return false;
    return fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 && S_ISREG(st.st_mode);
}

static void
add_name(struct names *names, struct arena *arena, const char *name)
{
    if (names->count == names->cap) {
        size_t cap = names->cap > 0 ? 2 * names->cap : 16;
        struct str *items = ARENA_ARRAY(arena, struct str, cap);

        if (names->count > 0)
            memcpy(items, names->items, names->count * sizeof(*items));
        names->items = items;
        names->cap = cap;
    }
    names->items[names->count++] = arena_copy(arena, str_from(name));
}

static int
compare_names(const void *left, const void *right)
{
    return str_cmp(*(const struct str *)left, *(const struct str *)right);
}

bool
dir_list(const char *path, size_t max, struct arena *arena, struct str **names, size_t *count,
         struct err *err)
{
    struct names found = {0};
    struct dirent *entry;
    DIR *dir = NULL;
    bool ok = false;

    *names = NULL;
    *count = 0;
    if (FAULT("io.opendir"))
        errno = EACCES;
    else
        dir = opendir(path);
    if (dir == NULL) {
        err_set_errno(err, ERR_IO, errno, "unable to list '%s'", path);
        goto out;
    }
    for (;;) {
        errno = FAULT("io.readdir") ? EIO : 0;
        entry = errno == 0 ? readdir(dir) : NULL;
        if (entry == NULL)
            break;
        if (entry->d_name[0] == '.' || !is_file(dir, entry))
            continue;
        if (found.count == max) {
            err_set(err, ERR_IO, NULL, "unable to list '%s': more than %zu files", path, max);
            goto out;
        }
        add_name(&found, arena, entry->d_name);
    }
    if (errno != 0) {
        err_set_errno(err, ERR_IO, errno, "unable to list '%s'", path);
        goto out;
    }
    if (found.count > 1)
        qsort(found.items, found.count, sizeof(*found.items), compare_names);
    *names = found.items;
    *count = found.count;
    ok = true;

out:
    if (dir != NULL)
        closedir(dir);
    return ok;
}
