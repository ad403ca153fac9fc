/* SPDX-License-Identifier: Apache-2.0 */
/* Source: sqlite.org/vtab.html, "Eponymous-only virtual tables". */
#include "db/sqlite/rows.h"

#include "core/buf.h"
#include "db/engine.h"
#include "db/sqlite/conn.h"

struct rows_table {
    sqlite3_vtab base;
    const struct lite_rows *rows;
};

struct rows_cursor {
    sqlite3_vtab_cursor base;
    const struct lite_rows *rows;
    uint32_t at;
};

static int
rows_connect(sqlite3 *db, void *aux, int argc, const char *const *argv, sqlite3_vtab **out,
             char **message)
{
    struct rows_table *table = NULL;
    struct buf sql;
    int rc = SQLITE_OK;

    buf_init(&sql, 4096);
    BUF_ADD_LIT(&sql, "CREATE TABLE x(c1");
    for (unsigned i = 2; i <= DB_BULK_WIDTH; i++)
        buf_printf(&sql, ",c%u", i);
    buf_add_char(&sql, ')');
    rc = sqlite3_declare_vtab(db, buf_cstr(&sql));
    buf_fini(&sql);
    if (rc != SQLITE_OK)
        return rc;
    table = xcalloc(1, sizeof(*table));
    table->rows = aux;
    *out = &table->base;
    return SQLITE_OK;
}

static int
rows_disconnect(sqlite3_vtab *table)
{
    free(table);
    return SQLITE_OK;
}

/* There is one way to read it: from the first row to the last. */
static int
rows_plan(sqlite3_vtab *table, sqlite3_index_info *info)
{
    info->estimatedCost = 1000;
    info->estimatedRows = 1000;
    return SQLITE_OK;
}

static int
rows_open(sqlite3_vtab *table, sqlite3_vtab_cursor **out)
{
    struct rows_cursor *cursor = xcalloc(1, sizeof(*cursor));

    cursor->rows = CONTAINER_OF(table, struct rows_table, base)->rows;
    *out = &cursor->base;
    return SQLITE_OK;
}

static struct rows_cursor *
cursor_of(sqlite3_vtab_cursor *cursor)
{
    return CONTAINER_OF(cursor, struct rows_cursor, base);
}

static int
rows_close(sqlite3_vtab_cursor *cursor)
{
    free(cursor_of(cursor));
    return SQLITE_OK;
}

static int
rows_filter(sqlite3_vtab_cursor *cursor, int plan, const char *text, int argc, sqlite3_value **argv)
{
    cursor_of(cursor)->at = 0;
    return SQLITE_OK;
}

static int
rows_next(sqlite3_vtab_cursor *cursor)
{
    cursor_of(cursor)->at++;
    return SQLITE_OK;
}

static int
rows_eof(sqlite3_vtab_cursor *cursor)
{
    return cursor_of(cursor)->at >= cursor_of(cursor)->rows->count;
}

static int
rows_column(sqlite3_vtab_cursor *base, sqlite3_context *ctx, int column)
{
    const struct rows_cursor *cursor = cursor_of(base);
    const struct lite_rows *rows = cursor->rows;

    if ((uint32_t)column < rows->width)
        lite_conn_result(ctx, rows->values + (size_t)cursor->at * rows->width + (uint32_t)column,
                         SQLITE_STATIC);
    return SQLITE_OK;
}

static int
rows_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *out)
{
    *out = cursor_of(cursor)->at;
    return SQLITE_OK;
}

/* Without xCreate there is no table but the one with the module's name. */
static const sqlite3_module module = {
    .xConnect = rows_connect,
    .xBestIndex = rows_plan,
    .xDisconnect = rows_disconnect,
    .xOpen = rows_open,
    .xClose = rows_close,
    .xFilter = rows_filter,
    .xNext = rows_next,
    .xEof = rows_eof,
    .xColumn = rows_column,
    .xRowid = rows_rowid,
};

int
lite_rows_register(sqlite3 *db, struct lite_rows *rows)
{
    return sqlite3_create_module_v2(db, DB_BULK_ROWS, &module, rows, NULL);
}
