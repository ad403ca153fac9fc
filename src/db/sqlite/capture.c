/* SPDX-License-Identifier: Apache-2.0 */
#include "db/sqlite/capture.h"

/* The rows of a statement that are kept: enough to find the first one that violates a key. */
enum { ROWS_MAX = 1000 };
/* Longer values are cut: they are in no index, and messages show 64 bytes. */
enum { VALUE_MAX = 16384 };
enum { ARENA_LIMIT = 64 << 20 };
/* Both rows of an update are arguments of one function call. */
enum { COLUMNS_MAX = 400 };

static const struct value *
values_copy(struct arena *arena, sqlite3_value **argv, uint32_t count)
{
    struct value *out = arena_alloc(arena, sizeof(*out) * count);

    for (uint32_t i = 0; i < count; i++) {
        int type = sqlite3_value_type(argv[i]);
        if (type == SQLITE_INTEGER) {
            out[i] = (struct value){.kind = VALUE_INT, .i = sqlite3_value_int64(argv[i])};
        } else if (type == SQLITE_FLOAT) {
            out[i] = (struct value){.kind = VALUE_REAL, .f = sqlite3_value_double(argv[i])};
        } else if (type == SQLITE_NULL) {
            out[i] = (struct value){.kind = VALUE_NULL};
        } else {
            const char *data = sqlite3_value_blob(argv[i]);
            size_t len = (size_t)sqlite3_value_bytes(argv[i]);
            out[i].kind = type == SQLITE_TEXT ? VALUE_TEXT : VALUE_BLOB;
            out[i].s = arena_copy(arena, str_make(data, len < VALUE_MAX ? len : VALUE_MAX));
        }
    }
    return out;
}

static void
row_copy(struct arena *arena, const struct model_table *table, char event, sqlite3_value **argv,
         struct captured *out)
{
    uint32_t count = table->column_count;

    *out = (struct captured){.table = table, .event = event};
    if (event != 'i')
        out->old = values_copy(arena, argv, count);
    if (event != 'd')
        out->new = values_copy(arena, argv + (event == 'u' ? count : 0), count);
}

/* cairn_capture(table's number, event, values...) */
static void
capture_function(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct capture *capture = sqlite3_user_data(context);
    const struct model_table *table = capture->model->tables + sqlite3_value_int64(argv[0]);
    char event = (char)sqlite3_value_int(argv[1]);

    if (!capture->is_on)
        return;
    assert((uint32_t)argc == 2 + table->column_count * (event == 'u' ? 2 : 1));
    arena_reset(capture->last_arena);
    row_copy(capture->last_arena, table, event, argv + 2, &capture->last);
    if (capture->count < ROWS_MAX && !arena_is_exhausted(capture->arena)) {
        struct captured *row = ARENA_NEW(capture->arena, struct captured);
        row_copy(capture->arena, table, event, argv + 2, row);
        *capture->end = row;
        capture->end = &row->next;
        capture->count++;
    }
}

bool
capture_open(struct capture *capture, struct lite_conn *conn)
{
    *capture = (struct capture){
        .arena = arena_new(16384, ARENA_LIMIT),
        .last_arena = arena_new(16384, ARENA_LIMIT),
    };
    arena_set_soft(capture->arena);
    arena_set_soft(capture->last_arena);
    capture->end = &capture->first;
    return sqlite3_create_function_v2(conn->db, "cairn_capture", -1, SQLITE_UTF8 | SQLITE_INNOCUOUS,
                                      capture, capture_function, NULL, NULL, NULL) == SQLITE_OK;
}

void
capture_close(struct capture *capture)
{
    arena_free(capture->arena);
    arena_free(capture->last_arena);
    *capture = (struct capture){0};
}

void
capture_clear(struct capture *capture)
{
    arena_reset(capture->arena);
    arena_reset(capture->last_arena);
    capture->first = NULL;
    capture->end = &capture->first;
    capture->count = 0;
    capture->last = (struct captured){0};
}

static void
columns_add(sqlite3_str *sql, const struct model_table *table, const char *row)
{
    for (uint32_t i = 0; i < table->column_count; i++)
        sqlite3_str_appendf(sql, ", %s.\"%.*w\"", row, STR_ARG(table->columns[i].name));
}

bool
capture_watch(struct capture *capture, struct lite_conn *conn, const struct model_table *table)
{
    static const struct {
        char event;
        const char *name;
    } events[] = {{'i', "INSERT"}, {'u', "UPDATE"}, {'d', "DELETE"}};
    size_t number = (size_t)(table - capture->model->tables);
    bool ok = true;

    if (table->is_view || table->column_count > COLUMNS_MAX)
        return true;
    for (size_t i = 0; i < COUNTOF(events) && ok; i++) {
        sqlite3_str *sql = sqlite3_str_new(conn->db);
        sqlite3_str_appendf(
            sql,
            "CREATE TEMP TRIGGER IF NOT EXISTS cairn_%c%d BEFORE %s ON main.\"%.*w\" "
            "BEGIN SELECT cairn_capture(%d, %d",
            events[i].event, (int)number, events[i].name, STR_ARG(table->sqlite_name), (int)number,
            events[i].event);
        if (events[i].event != 'i')
            columns_add(sql, table, "OLD");
        if (events[i].event != 'd')
            columns_add(sql, table, "NEW");
        sqlite3_str_appendf(sql, "); END");
        char *text = sqlite3_str_finish(sql);
        ok = text != NULL && lite_conn_exec(conn, text) == SQLITE_OK;
        sqlite3_free(text);
    }
    return ok;
}
