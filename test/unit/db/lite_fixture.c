/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/db/lite_fixture.h"

#include <sqlite3.h>
#include <unistd.h>

#include "sql/type.h"

/* --- the model ------------------------------------------------------------------------------- */

static const char schema_sql[] =
    "CREATE TABLE items(id INTEGER PRIMARY KEY, name TEXT UNIQUE, note TEXT NOT NULL, "
    "  amount INTEGER, CONSTRAINT items_amount_check CHECK (amount > 0));"
    "CREATE TABLE orders(id INTEGER PRIMARY KEY, item_id INTEGER REFERENCES items(id));"
    "CREATE INDEX orders_item ON orders(item_id);"
    "CREATE TABLE lines(id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL "
    "  REFERENCES orders(id) ON DELETE CASCADE);"
    "CREATE TABLE people(id INT NOT NULL DEFAULT (cairn_nextval('public.people_id_seq')), "
    "  name TEXT NOT NULL, photo BLOB, born TEXT DEFAULT '2001-02-03', PRIMARY KEY(id));"
    "CREATE TABLE parts(id INTEGER PRIMARY KEY, whole INTEGER REFERENCES parts(id) "
    "  DEFERRABLE INITIALLY DEFERRED);"
    "CREATE TABLE shelf(id INTEGER PRIMARY KEY, item_id INTEGER REFERENCES items(id) "
    "  ON DELETE RESTRICT);"
    "CREATE UNIQUE INDEX people_born_key ON people(born, name);"
    "CREATE TABLE log(k INTEGER PRIMARY KEY, v TEXT);"
    "CREATE TABLE cairn_meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE cairn_migrations(name TEXT NOT NULL UNIQUE, checksum TEXT NOT NULL, "
    "  applied_us INTEGER NOT NULL, number INTEGER PRIMARY KEY);"
    "CREATE TABLE cairn_sequence(name TEXT PRIMARY KEY, last_value INTEGER NOT NULL, "
    "  is_called INTEGER NOT NULL, start_value INTEGER NOT NULL, increment INTEGER NOT NULL, "
    "  min_value INTEGER NOT NULL, max_value INTEGER NOT NULL, cycle INTEGER NOT NULL);"
    "INSERT INTO cairn_sequence VALUES('public.people_id_seq', 1, 0, 1, 1, 1, 2147483647, 0);"
    "INSERT INTO cairn_sequence VALUES('public.short_seq', 1, 0, 1, 1, 1, 2, 0);";

static const char *const column_sets[][4] = {
    {"id", "name", "note", "amount"},
    {"id", "item_id"},
    {"id", "order_id"},
    {"id", "name", "photo", "born"},
    {"id", "whole"},
    {"id", "item_id"},
    {"k", "v"},
};
static const enum type_id type_sets[][4] = {
    {TYPE_INT8, TYPE_TEXT, TYPE_TEXT, TYPE_INT4},
    {TYPE_INT8, TYPE_INT8},
    {TYPE_INT8, TYPE_INT8},
    {TYPE_INT8, TYPE_TEXT, TYPE_BYTEA, TYPE_DATE},
    {TYPE_INT8, TYPE_INT8},
    {TYPE_INT8, TYPE_INT8},
    {TYPE_INT8, TYPE_TEXT},
};
static const char *const table_names[] = {"items", "orders", "lines", "people",
                                          "parts", "shelf",  "log"};
static const char *const key_names[] = {"items_pkey", "orders_pkey", "lines_pkey", "people_pkey",
                                        "parts_pkey", "shelf_pkey",  "log_pkey"};

static struct model_foreign_key *
reference(struct arena *arena, const char *name, const char *table, enum model_action on_delete)
{
    static const uint32_t second[] = {1};
    struct model_foreign_key *key = ARENA_NEW(arena, struct model_foreign_key);
    struct str *id = ARENA_NEW(arena, struct str);

    *id = STR("id");
    *key = (struct model_foreign_key){
        .name = str_from(name),
        .columns = second,
        .ref_schema = STR("public"),
        .ref_table = str_from(table),
        .ref_columns = id,
        .column_count = 1,
        .on_delete = on_delete,
    };
    return key;
}

static void
table_fill(struct model *model, struct model_table *table, size_t at)
{
    static const uint32_t columns[] = {0, 1};

    table->schema = STR("public");
    table->name = table->sqlite_name = str_from(table_names[at]);
    table->columns = ARENA_ARRAY(model->arena, struct model_column, 4);
    for (uint32_t c = 0; c < 4 && column_sets[at][c] != NULL; c++) {
        table->columns[c].name = str_from(column_sets[at][c]);
        table->columns[c].type = *type_builtin(type_sets[at][c]);
        table->column_count++;
    }
    table->keys = ARENA_ARRAY(model->arena, struct model_key, 2);
    table->key_count = 1;
    table->keys[0] = (struct model_key){str_from(key_names[at]), MODEL_PRIMARY, columns, 1};
    if (at == 0) {
        table->keys[table->key_count++] =
            (struct model_key){STR("items_name_key"), MODEL_UNIQUE, columns + 1, 1};
        table->checks = ARENA_NEW(model->arena, struct model_check);
        table->check_count = 1;
        table->checks->name = STR("items_amount_check");
        table->checks->sql = table->checks->sqlite_sql = STR("amount > 0");
    }
}

static int
by_name(const void *a, const void *b)
{
    return str_cmp(((const struct model_table *)a)->name, ((const struct model_table *)b)->name);
}

static struct model *
model_make(void)
{
    struct model *model = model_new();
    struct arena *arena = model->arena;

    model->table_count = COUNTOF(table_names);
    model->tables = ARENA_ARRAY(arena, struct model_table, COUNTOF(table_names));
    for (size_t i = 0; i < COUNTOF(table_names); i++)
        table_fill(model, model->tables + i, i);
    model->tables[1].foreign_keys =
        reference(arena, "orders_item_id_fkey", "items", MODEL_NO_ACTION);
    model->tables[2].foreign_keys =
        reference(arena, "lines_order_id_fkey", "orders", MODEL_CASCADE);
    model->tables[4].foreign_keys = reference(arena, "parts_whole_fkey", "parts", MODEL_NO_ACTION);
    /* That it is deferred is left out: the writer must find out by itself. */
    model->tables[5].foreign_keys = reference(arena, "shelf_item_id_fkey", "items", MODEL_RESTRICT);
    for (size_t i = 0; i < COUNTOF(table_names); i++)
        model->tables[i].foreign_key_count = model->tables[i].foreign_keys != NULL;
    qsort(model->tables, model->table_count, sizeof(*model->tables), by_name);
    return model;
}

static int64_t
no_function(sqlite3_context *context)
{
    sqlite3_result_null(context);
    return 0;
}

static void
nextval_outside(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    no_function(context);
}

/* --- the file -------------------------------------------------------------------------------- */

static sqlite3 *
outside_open(const char *path)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    /* The tables' defaults name it. */
    sqlite3_create_function(db, "cairn_nextval", 1, SQLITE_UTF8 | SQLITE_INNOCUOUS, NULL,
                            nextval_outside, NULL, NULL);
    return db;
}

void
outside_exec(const char *path, const char *sql)
{
    sqlite3 *db = outside_open(path);
    char *message = NULL;

    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

int64_t
outside_int(const char *path, const char *sql)
{
    sqlite3 *db = outside_open(path);
    sqlite3_stmt *stmt = NULL;

    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return value;
}

static void
schema_make(const char *path, const struct model *model)
{
    sqlite3 *db = outside_open(path);
    sqlite3_stmt *stmt = NULL;
    struct buf text;

    buf_init(&text, 1 << 20);
    model_write_json(&text, model);
    assert_int_equal(sqlite3_exec(db, schema_sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "INSERT INTO cairn_meta VALUES('model', ?1)", -1, &stmt, NULL),
        SQLITE_OK);
    sqlite3_bind_text(stmt, 1, text.data, (int)text.len, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
    sqlite3_finalize(stmt);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    buf_fini(&text);
}

struct fixture *
fixture_new(void)
{
    struct fixture *fx = xcalloc(1, sizeof(*fx));

    snprintf(fx->dir, sizeof(fx->dir), "/tmp/cairn-lite-XXXXXX");
    assert_non_null(mkdtemp(fx->dir));
    snprintf(fx->path, sizeof(fx->path), "%s/test.db", fx->dir);
    snprintf(fx->url, sizeof(fx->url), "sqlite:%s", fx->path);
    fx->options = (struct db_options){
        .url = fx->url,
        .loops = 1,
        .pool_threads = 2,
        .statement_timeout_ms = 5000,
        .connect_timeout_ms = 5000,
        .read_budget = 20000,
        .queue_max = 10000,
    };
    fx->model = model_make();
    schema_make(fx->path, fx->model);
    return fx;
}

void
fixture_free(struct fixture *fx)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal", ".lock"};
    char name[128];

    for (size_t i = 0; i < COUNTOF(endings); i++) {
        snprintf(name, sizeof(name), "%s%s", fx->path, endings[i]);
        unlink(name);
    }
    rmdir(fx->dir);
    model_free((struct model *)(uintptr_t)fx->model);
    free(fx);
}

void
fixture_open(struct fixture *fx)
{
    struct err err = {0};

    assert_int_equal(uv_loop_init(&fx->uv), 0);
    assert_ok(db_open(&fx->options, &fx->db, &err));
    assert_ok(db_loop_open(fx->db, &fx->uv, &fx->loop, &err));
}

void
fixture_close(struct fixture *fx)
{
    if (fx->db == NULL)
        return;
    db_loop_close(fx->loop, NULL, NULL);
    uv_run(&fx->uv, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&fx->uv), 0);
    db_close(fx->db);
    fx->db = NULL;
}

int
fixture_setup(void **state)
{
    struct fixture *fx = fixture_new();

    fixture_open(fx);
    *state = fx;
    return 0;
}

int
fixture_teardown(void **state)
{
    struct fixture *fx = *state;

    fixture_close(fx);
    fixture_free(fx);
    return 0;
}

/* --- jobs ------------------------------------------------------------------------------------ */

static bool
on_row(void *ctx, const struct value *cells, uint32_t count)
{
    struct work *work = ctx;

    if (work->rows_max > 0 && --work->rows_max == 0)
        return err_set(&work->job.err, ERR_DB, "P0002", "no more rows");
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            buf_add_char(&work->rows, '|');
        if (cells[i].kind == VALUE_INT)
            buf_add_i64(&work->rows, cells[i].i);
        else if (cells[i].kind == VALUE_REAL)
            buf_printf(&work->rows, "%g", cells[i].f);
        else if (cells[i].kind == VALUE_NULL)
            BUF_ADD_LIT(&work->rows, "null");
        else
            buf_add_str(&work->rows, cells[i].s);
    }
    buf_add_char(&work->rows, '\n');
    return true;
}

static void
on_restart(struct db_job *job)
{
    struct work *work = CONTAINER_OF(job, struct work, job);

    work->restarts++;
    buf_clear(&work->rows);
}

static bool
on_check(struct db_job *job)
{
    const struct work *work = CONTAINER_OF(job, struct work, job);

    return !work->refuse || err_set(&job->err, ERR_REQUEST, "PGRST124", "too many rows");
}

static void
on_done(struct db_job *job)
{
    struct work *work = CONTAINER_OF(job, struct work, job);

    assert_false(work->is_done);
    work->is_done = true;
    if (work->then != NULL)
        work->then(work);
}

void
work_init(struct work *work, enum db_mode mode, const char *sql)
{
    *work = (struct work){0};
    buf_init(&work->rows, 1 << 26);
    work->job.mode = mode;
    work->job.stmts = work->stmts;
    work->job.restart = on_restart;
    work->job.done = on_done;
    work_add(work, sql);
}

void
work_fini(struct work *work)
{
    buf_fini(&work->rows);
}

void
work_add(struct work *work, const char *sql)
{
    struct db_stmt *stmt = work->stmts + work->job.stmt_count++;

    assert_true(work->job.stmt_count <= COUNTOF(work->stmts));
    stmt->sql = str_from(sql);
    stmt->id = str_hash(stmt->sql, 1) | 1;
    stmt->row_count = 1;
    stmt->params = work->params + (stmt == work->stmts ? 0 : 4 * (work->job.stmt_count - 1));
    if (work->job.mode == DB_READ || strstr(sql, "RETURNING") != NULL) {
        stmt->on_row = on_row;
        stmt->ctx = work;
    }
}

static struct value *
param_add(struct work *work)
{
    struct db_stmt *stmt = work->stmts + work->job.stmt_count - 1;

    return work->params + (stmt->params - work->params) + stmt->param_count++;
}

void
work_int(struct work *work, int64_t value)
{
    *param_add(work) = (struct value){.kind = VALUE_INT, .i = value};
}

void
work_text(struct work *work, const char *text)
{
    *param_add(work) = (struct value){.kind = VALUE_TEXT, .s = str_from(text)};
}

void
work_null(struct work *work)
{
    *param_add(work) = (struct value){.kind = VALUE_NULL};
}

void
work_target(struct work *work, struct fixture *fx, const char *table)
{
    work->stmts[work->job.stmt_count - 1].target =
        model_find_table(fx->model, STR("public"), str_from(table));
}

void
work_submit(struct fixture *fx, struct work *work)
{
    work->job.check = work->refuse ? on_check : NULL;
    work->was_inline = db_submit_inline(fx->loop, &work->job);
    if (work->was_inline)
        on_done(&work->job);
}

void
work_wait(struct fixture *fx, struct work *work)
{
    while (!work->is_done)
        uv_run(&fx->uv, UV_RUN_ONCE);
}

void
work_run(struct fixture *fx, struct work *work)
{
    work_submit(fx, work);
    work_wait(fx, work);
}

static void
on_timer(uv_timer_t *timer)
{
    uv_close((uv_handle_t *)timer, NULL);
    *(bool *)timer->data = true;
}

void
fixture_turn(struct fixture *fx, uint64_t ms)
{
    bool is_over = false;
    uv_timer_t timer;

    uv_timer_init(&fx->uv, &timer);
    timer.data = &is_over;
    uv_timer_start(&timer, on_timer, ms, 0);
    while (!is_over || uv_is_closing((uv_handle_t *)&timer)) {
        uv_run(&fx->uv, UV_RUN_ONCE);
        if (is_over)
            break;
    }
    uv_run(&fx->uv, UV_RUN_NOWAIT);
}

/* --- in one line ----------------------------------------------------------------------------- */

static char answer[65536];

const char *
run_read(struct fixture *fx, const char *sql)
{
    struct work work;

    work_init(&work, DB_READ, sql);
    work_run(fx, &work);
    if (!work.job.ok)
        fail_msg("%s: %s %s", sql, work.job.err.code, work.job.err.message);
    snprintf(answer, sizeof(answer), "%s", buf_cstr(&work.rows));
    work_fini(&work);
    return answer;
}

void
run_write(struct fixture *fx, const char *sql)
{
    struct work work;

    work_init(&work, DB_WRITE, sql);
    work_run(fx, &work);
    if (!work.job.ok)
        fail_msg("%s: %s %s", sql, work.job.err.code, work.job.err.message);
    work_fini(&work);
}

const char *
run_failing(struct fixture *fx, const char *table, const char *sql)
{
    struct work work;

    work_init(&work, DB_WRITE, sql);
    if (table != NULL)
        work_target(&work, fx, table);
    work_run(fx, &work);
    assert_false(work.job.ok);
    snprintf(answer, sizeof(answer), "%s|%s|%s", work.job.err.code, work.job.err.message,
             work.job.err.has_details ? work.job.err.details : "");
    work_fini(&work);
    return answer;
}
