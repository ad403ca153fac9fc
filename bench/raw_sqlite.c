/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite in process, without HTTP: the ceiling of everything above it.
 *
 *     raw_sqlite FILE SECONDS
 *
 * Prints one line per measurement: NAME OPERATIONS_PER_SECOND.
 */
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static sqlite3 *db;
static const int item_count = 10000;

static double
raw_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
raw_exec(const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        fprintf(stderr, "unable to run '%s': %s\n", sql, sqlite3_errmsg(db));
        exit(1);
    }
}

static sqlite3_stmt *
raw_prepare(const char *sql)
{
    sqlite3_stmt *stmt = NULL;

    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) != SQLITE_OK) {
        fprintf(stderr, "unable to prepare '%s': %s\n", sql, sqlite3_errmsg(db));
        exit(1);
    }
    return stmt;
}

static void
raw_reads(const char *name, const char *sql, double seconds)
{
    sqlite3_stmt *stmt = raw_prepare(sql);
    double start = raw_now();
    long done = 0;
    long bytes = 0;

    while (raw_now() < start + seconds) {
        for (int i = 0; i < 100; i++, done++) {
            sqlite3_bind_int64(stmt, 1, done * 7919 % item_count);
            while (sqlite3_step(stmt) == SQLITE_ROW)
                for (int column = 0; column < 5; column++)
                    bytes += sqlite3_column_text(stmt, column) ? 1 : 0;
            sqlite3_reset(stmt);
        }
    }
    sqlite3_finalize(stmt);
    if (bytes == 0)
        exit(1);
    printf("%s %.0f\n", name, (double)done / (raw_now() - start));
}

static void
raw_inserts(const char *name, int group, double seconds)
{
    sqlite3_stmt *stmt =
        raw_prepare("INSERT INTO events (kind, payload)"
                    " VALUES ('bench', 'a payload of some forty characters here')");
    double start = raw_now();
    long done = 0;

    while (raw_now() < start + seconds) {
        raw_exec("BEGIN IMMEDIATE");
        for (int i = 0; i < group; i++, done++) {
            if (sqlite3_step(stmt) != SQLITE_DONE)
                exit(1);
            sqlite3_reset(stmt);
        }
        raw_exec("COMMIT");
    }
    sqlite3_finalize(stmt);
    printf("%s %.0f\n", name, (double)done / (raw_now() - start));
}

int
main(int argc, char **argv)
{
    double seconds = argc == 3 ? strtod(argv[2], NULL) : 0;

    if (seconds <= 0 || sqlite3_open(argv[1], &db) != SQLITE_OK)
        return 4;
    raw_exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA mmap_size=0;"
             "PRAGMA cache_size=-16000");
    raw_reads("point", "SELECT id, name, email, stock, active FROM items WHERE id = ?", seconds);
    raw_reads("list",
              "SELECT id, name, email, stock, active FROM items WHERE id > ?"
              " ORDER BY id LIMIT 20",
              seconds);
    raw_inserts("insert-1", 1, seconds);
    raw_inserts("insert-64", 64, seconds);
    sqlite3_close(db);
    return 0;
}
