/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an engine gives to db.c, which picks one by URL and passes every call of engine.h on to it.
 *
 * An engine's own structs begin with the structs here, and its open functions fill them. Functions
 * have the contracts of their namesakes in engine.h.
 */
#ifndef CAIRN_DB_DRIVER_H
#define CAIRN_DB_DRIVER_H

#include "db/engine.h"

struct db_driver {
    enum db_dialect dialect;
    /* url is what follows "sqlite:" for the embedded engine, the whole URL for PostgreSQL. */
    bool (*open)(const struct db_options *options, const char *url, struct db **out,
                 struct err *err);
    void (*close)(struct db *db); /* frees db */
    bool (*loop_open)(struct db *db, uv_loop_t *uv, struct db_loop **out, struct err *err);
    void (*loop_close)(struct db_loop *dl, void (*closed)(void *ctx), void *ctx);
    void (*submit)(struct db_loop *dl, struct db_job *job);
    bool (*submit_inline)(struct db_loop *dl, struct db_job *job); /* NULL: submit, and false */
    enum db_link (*get_link)(const struct db_loop *dl, struct err *err); /* NULL: linked */
    bool (*is_poisoned)(const struct db *db);                            /* NULL: never */
    bool (*introspect)(struct db *db, struct model **out, struct err *err);
    /* NULL: nothing is known */
    bool (*list_rights)(struct db *db, const char *role, struct arena *arena,
                        struct db_table_rights **out, uint32_t *count, struct err *err);
    bool (*migrations_list)(struct db *db, struct arena *arena, struct db_migration **out,
                            size_t *count, struct err *err);
    bool (*migrate)(struct db *db, struct str name, struct str text, struct str checksum,
                    bool *applied, struct err *err);
    bool (*refresh_rules)(struct db *db, struct err *err); /* NULL: nothing to do */
    /* NULL: nobody says anything. */
    bool (*listen)(struct db *db, const char *channel, void (*heard)(void *ctx, struct str payload),
                   void *ctx, struct db_listener **out, struct err *err);
    void (*listen_stop)(struct db_listener *listener);
};

/* First member of an engine's database. */
struct db {
    const struct db_driver *driver;
    char description[512]; /* for db_describe; no secrets */
};

/* First member of an engine's loop. */
struct db_loop {
    const struct db_driver *driver;
    struct db *db;
    uv_loop_t *uv;
};

/* Counts a finished job's outcome and time, with the metrics. */
void db_job_count(const struct db_job *job, uint64_t now_ns);

extern const struct db_driver db_sqlite_driver;   /* sqlite/sqlite.c */
extern const struct db_driver db_postgres_driver; /* postgres/postgres.c */

#endif
