/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening and closing of the embedded engine.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "db/sqlite/lite.h"
#include "db/sqlite/migrate.h"
#include "db/sqlite/pool.h"
#include "db/sqlite/writer.h"

/* The folder of path, made when only it is missing, and synced once path was made in it. */
static bool
folder_sync(const char *path, bool make, struct err *err)
{
    char *copy = xstrdup(path);
    const char *folder = dirname(copy);
    int fd = -1;
    bool ok = false;

    if (make) {
        ok = mkdir(folder, 0700) == 0 || errno == EEXIST;
        if (!ok)
            err_set_errno(err, ERR_IO, errno, "unable to make the folder '%s'", folder);
        goto out;
    }
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ok = fd >= 0 && fsync(fd) == 0;
    if (!ok)
        err_set_errno(err, ERR_IO, errno, "unable to sync the folder '%s'", folder);

out:
    if (fd >= 0)
        close(fd);
    free(copy);
    return ok;
}

/* Readable and writable by the owner alone: SQLite gives its other files the same mode. */
static bool
file_make(const char *path, struct err *err)
{
    int fd = -1;

    if (access(path, F_OK) == 0)
        return true;
    if (!folder_sync(path, true, err))
        return false;
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set_errno(err, ERR_IO, errno, "unable to create '%s'", path);
    close(fd);
    return folder_sync(path, false, err);
}

static bool
query_text(struct lite_conn *conn, const char *sql, char *out, size_t size)
{
    sqlite3_stmt *stmt = NULL;
    bool ok = false;

    if (sqlite3_prepare_v2(conn->db, sql, -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(stmt, 0);
        snprintf(out, size, "%s", text != NULL ? text : "");
        ok = true;
    }
    sqlite3_finalize(stmt);
    return ok;
}

/* A file that isn't a database, or not one of ours, is refused before anything is written to it. */
static bool
file_check(struct lite_db *db, struct lite_conn *conn, bool *is_wal, struct err *err)
{
    char journal[16] = "";
    char encoding[16] = "";

    if (!query_text(conn, "PRAGMA journal_mode", journal, sizeof(journal)) ||
        !query_text(conn, "PRAGMA encoding", encoding, sizeof(encoding))) {
        err_set(err, ERR_DB, "58030", "unable to read '%s': %s", db->path,
                sqlite3_errmsg(conn->db));
        return false;
    }
    if (strcmp(encoding, "UTF-8") != 0)
        return err_set(err, ERR_DB, "58030", "unable to use '%s': its encoding is %s, not UTF-8",
                       db->path, encoding);
    *is_wal = strcmp(journal, "wal") == 0;
    return true;
}

/* Turns the write-ahead log on, which the file remembers. */
static bool
wal_enable(struct lite_db *db, struct err *err)
{
    struct lite_lock lock = {.fd = -1};
    struct lite_conn conn = {0};
    char journal[16] = "";
    uint64_t deadline_ns =
        clock_mono_ns() + (uint64_t)db->options.connect_timeout_ms * UINT64_C(1000000);
    bool ok = false;

    if (!lite_lock_open(&lock, db->path, err) || !lite_lock_wait(&lock, deadline_ns, err) ||
        !lite_conn_open(&conn, db->path, LITE_WRITER, db->options.synchronous_extra, err))
        goto out;
    conn.open_until_ns = deadline_ns;
    ok = query_text(&conn, "PRAGMA journal_mode=WAL", journal, sizeof(journal)) &&
         strcmp(journal, "wal") == 0;
    if (!ok) {
        err_set(err, ERR_UNAVAILABLE, "55P03", "unable to turn on the log of '%s': %s", db->path,
                sqlite3_errmsg(conn.db));
        err_hint(err, "Another program may hold the file, or its file system may lack locks.");
    }

out:
    lite_conn_close(&conn);
    lite_lock_close(&lock);
    return ok;
}

static unsigned long long
stuck_after(const struct db_options *options)
{
    unsigned long long ms = 2ULL * (unsigned long long)options->statement_timeout_ms;

    return (ms > 10000 ? ms : 10000) * 1000000;
}

static bool
lite_open(const struct db_options *options, const char *path, struct db **out, struct err *err)
{
    struct lite_db *db = NULL;
    struct lite_conn conn = {0};
    bool is_wal = false;
    bool ok = false;

    if (path[0] == '\0' || path[0] == ':') {
        err_set(err, ERR_CONFIG, "CAIRN-CONFIG", "unable to open 'sqlite:%s': it names no file",
                path);
        err_hint(err, "Use sqlite:PATH; a database in memory would lose what it acknowledged.");
        return false;
    }
    db = xcalloc(1, sizeof(*db));
    db->base.driver = &db_sqlite_driver;
    db->path = xstrdup(path);
    db->options = *options;
    db->options.url = NULL;
    db->options.schemas = NULL;
    snprintf(db->base.description, sizeof(db->base.description), "sqlite %s", path);
    uv_mutex_init(&db->mutex);
    atomic_store(&db->stuck_after_ns, stuck_after(options));

    if (!file_make(path, err) || !lite_conn_open(&conn, path, LITE_POOL, false, err))
        goto out;
    lite_conn_limit(&conn, 0, clock_mono_ns() + UINT64_C(1000000000));
    if (!file_check(db, &conn, &is_wal, err))
        goto out;
    lite_conn_close(&conn);
    if (!is_wal && !wal_enable(db, err))
        goto out;
    *out = &db->base;
    ok = true;

out:
    lite_conn_close(&conn);
    if (!ok)
        db_close(&db->base);
    return ok;
}

static void
lite_close(struct db *base)
{
    struct lite_db *db = lite_db_of(base);

    lite_pool_stop(db->pool);
    lite_writer_stop(db->writer);
    uv_mutex_destroy(&db->mutex);
    free(db->path);
    free(db);
}

static bool
lite_is_poisoned(const struct db *base)
{
    return atomic_load(&((const struct lite_db *)base)->poisoned); /* base comes first */
}

const struct db_driver db_sqlite_driver = {
    .dialect = DB_SQLITE,
    .open = lite_open,
    .close = lite_close,
    .loop_open = lite_loop_open,
    .loop_close = lite_loop_close,
    .submit = lite_loop_submit,
    .submit_inline = lite_loop_submit_inline,
    .is_poisoned = lite_is_poisoned,
    .introspect = lite_introspect,
    .migrations_list = lite_migrations_list,
    .migrate = lite_migrate,
};
