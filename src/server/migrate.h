/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The project's migrations: the folder's files against what the database has recorded.
 *
 * Files are applied in the order of their names, each once and each in one transaction. What was
 * applied is recorded with its checksum: an applied file that was edited, removed, or overtaken by
 * a file that sorts before it is refused before anything runs, so that every database that says
 * "applied" has seen the same text in the same order.
 *
 * All of it blocks: call it before serving, or from the pool. Errors are of kind ERR_MIGRATION when
 * the files are at fault, else as the database gave them.
 */
#ifndef CAIRN_SERVER_MIGRATE_H
#define CAIRN_SERVER_MIGRATE_H

#include "config/config.h"
#include "core/arena.h"
#include "core/err.h"
#include "db/engine.h"

enum migrate_state {
    MIGRATE_APPLIED,
    MIGRATE_PENDING,
    MIGRATE_CHANGED, /* applied, and the file differs from what was applied */
    MIGRATE_MISSING, /* applied, and the file is gone */
    MIGRATE_LATE,    /* not applied, but sorts before one that is */
};

struct migrate_item {
    struct str name; /* file name, terminated */
    enum migrate_state state;
    int64_t applied_us; /* since 1970; 0 when not applied */
};

struct migrate_list {
    struct migrate_item *items; /* by name */
    size_t count;
    size_t pending; /* how many are MIGRATE_PENDING */
    bool is_clean;  /* none is changed, missing or late */
};

struct migrate_watcher {
    /* Called after each migration that this call applied. NULL: not wanted. */
    void (*applied)(void *ctx, struct str name, int64_t took_us);
    void *ctx;
};

/* The options of db_open that the configuration says; borrows from config. */
struct db_options migrate_db_options(const struct config *config, unsigned loops);
/* Makes the folder of the embedded database's file when it is missing. */
MUST_CHECK bool migrate_prepare(const struct config *config, struct err *err);

/* What is there and what was applied. A folder that doesn't exist holds no migrations. */
MUST_CHECK bool migrate_status(struct db *db, const char *dir, struct arena *arena,
                               struct migrate_list *out, struct err *err);
/* Fails with what is wrong and the way out unless list.is_clean. */
MUST_CHECK bool migrate_check(const struct migrate_list *list, struct err *err);
/* Applies what is pending; *count is how many this call applied. On failure those before the one
 * that failed stay applied. A file that holds no statement yet stays pending, so that a new one can
 * be written while somebody watches the folder. */
MUST_CHECK bool migrate_up(struct db *db, const char *dir, struct arena *arena,
                           const struct migrate_watcher *watcher, size_t *count, struct err *err);

/* Creates the next file, "0002_NAME.sql"; *path is where. NAME: letters, digits, '_' and '-'. */
MUST_CHECK bool migrate_new(const char *dir, struct str name, struct arena *arena,
                            const char **path, struct err *err);

#endif
