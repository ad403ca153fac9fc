/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bare program with SQLite: prepared statements, reads one by one, inserts of one loop turn
 * committed as a group, with the durability that cairn has (WAL, synchronous=FULL).
 *
 *     bare_sqlite PORT FILE
 *
 * GET /items/N one row, GET /items?after=N twenty rows, POST /events an insert, GET /static
 * nothing.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bare_http.h"

struct bare {
    sqlite3 *db;
    sqlite3_stmt *point, *list, *insert, *begin, *commit;
    struct bare_conn *waiting[1024];
    size_t waiting_count;
};

static sqlite3_stmt *
bare_prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;

    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) != SQLITE_OK) {
        fprintf(stderr, "unable to prepare '%s': %s\n", sql, sqlite3_errmsg(db));
        exit(1);
    }
    return stmt;
}

static char *
bare_put(char *out, const char *text, size_t len)
{
    memcpy(out, text, len);
    return out + len;
}

static char *
bare_put_text(char *out, sqlite3_stmt *stmt, int column)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);

    return bare_put(out, text, (size_t)sqlite3_column_bytes(stmt, column));
}

static char *
bare_put_row(char *out, sqlite3_stmt *stmt)
{
    out = bare_put(out, "{\"id\":", 6);
    out = bare_put_text(out, stmt, 0);
    out = bare_put(out, ",\"name\":\"", 9);
    out = bare_put_text(out, stmt, 1);
    out = bare_put(out, "\",\"email\":\"", 11);
    out = bare_put_text(out, stmt, 2);
    out = bare_put(out, "\",\"stock\":", 10);
    out = bare_put_text(out, stmt, 3);
    out = bare_put(out, ",\"active\":", 10);
    out = sqlite3_column_int(stmt, 4) ? bare_put(out, "true", 4) : bare_put(out, "false", 5);
    return bare_put(out, "}", 1);
}

static void
bare_read(struct bare_conn *conn, sqlite3_stmt *stmt, long long id)
{
    char body[12288];
    char *out = body;

    *out++ = '[';
    sqlite3_bind_int64(stmt, 1, id);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        if (out > body + 1)
            out = bare_put(out, ", \n ", 4);
        out = bare_put_row(out, stmt);
    }
    sqlite3_reset(stmt);
    *out++ = ']';
    bare_answer(conn, "200 OK", body, (size_t)(out - body));
}

static void
bare_on_request(void *ctx, struct bare_conn *conn)
{
    struct bare *bare = ctx;

    if (conn->is_post && bare->waiting_count < 1024)
        bare->waiting[bare->waiting_count++] = conn;
    else if (!strncmp(conn->target, "/items/", 7))
        bare_read(conn, bare->point, strtoll(conn->target + 7, NULL, 10));
    else if (!strncmp(conn->target, "/items?after=", 13))
        bare_read(conn, bare->list, strtoll(conn->target + 13, NULL, 10));
    else
        bare_answer(conn, "200 OK", "{\"status\":\"ok\"}", 15);
}

static int
bare_run(sqlite3_stmt *stmt)
{
    int code = sqlite3_step(stmt);

    sqlite3_reset(stmt);
    return code;
}

static void
bare_insert(struct bare *bare, const struct bare_conn *conn)
{
    const char *payload = strstr(conn->body, "\"payload\":\"");
    const char *end = payload ? strchr(payload + 11, '"') : NULL;

    if (!end) {
        fprintf(stderr, "no payload in '%s'\n", conn->body);
        exit(1);
    }
    sqlite3_bind_text(bare->insert, 1, "bench", 5, SQLITE_STATIC);
    sqlite3_bind_text(bare->insert, 2, payload + 11, (int)(end - payload - 11), SQLITE_STATIC);
    if (bare_run(bare->insert) != SQLITE_DONE) {
        fprintf(stderr, "unable to insert: %s\n", sqlite3_errmsg(bare->db));
        exit(1);
    }
}

static void
bare_on_turn(void *ctx)
{
    struct bare *bare = ctx;

    if (bare->waiting_count == 0)
        return;
    (void)bare_run(bare->begin);
    for (size_t i = 0; i < bare->waiting_count; i++)
        bare_insert(bare, bare->waiting[i]);
    if (bare_run(bare->commit) != SQLITE_DONE) {
        fprintf(stderr, "unable to commit: %s\n", sqlite3_errmsg(bare->db));
        exit(1);
    }
    for (size_t i = 0; i < bare->waiting_count; i++)
        bare_answer(bare->waiting[i], "201 Created", "", 0);
    bare->waiting_count = 0;
}

int
main(int argc, char **argv)
{
    struct bare bare = {0};
    struct bare_handler handler = {bare_on_request, bare_on_turn, NULL, &bare};

    if (argc != 3 || sqlite3_open(argv[2], &bare.db) != SQLITE_OK)
        return 4;
    (void)sqlite3_exec(bare.db,
                       "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA mmap_size=0;"
                       "PRAGMA cache_size=-16000",
                       NULL, NULL, NULL);
    bare.point = bare_prepare(bare.db, "SELECT id, name, email, stock, active FROM items"
                                       " WHERE id = ?");
    bare.list = bare_prepare(bare.db, "SELECT id, name, email, stock, active FROM items"
                                      " WHERE id > ? ORDER BY id LIMIT 20");
    bare.insert = bare_prepare(bare.db, "INSERT INTO events (kind, payload) VALUES (?, ?)");
    bare.begin = bare_prepare(bare.db, "BEGIN IMMEDIATE");
    bare.commit = bare_prepare(bare.db, "COMMIT");
    return bare_serve((uint16_t)strtoul(argv[1], NULL, 10), -1, &handler);
}
