/* SPDX-License-Identifier: Apache-2.0 */
#include "db/sqlite/migrate.h"

#include "core/clock.h"
#include "core/log.h"
#include "db/sqlite/capture.h"
#include "db/sqlite/explain.h"
#include "db/sqlite/writer.h"
#include "sql/migration.h"

/* Another process may be running a long migration. */
static const uint64_t lock_wait_ns = 60 * UINT64_C(1000000000);

enum { MODEL_TEXT_MAX = 64 << 20 };

static const char tables_sql[] =
    "CREATE TABLE IF NOT EXISTS main.cairn_meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) "
    "WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS main.cairn_migrations(name TEXT NOT NULL UNIQUE, "
    "checksum TEXT NOT NULL, applied_us INTEGER NOT NULL, number INTEGER PRIMARY KEY);"
    "CREATE TABLE IF NOT EXISTS main.cairn_sequence(name TEXT PRIMARY KEY, "
    "last_value INTEGER NOT NULL, is_called INTEGER NOT NULL, start_value INTEGER NOT NULL, "
    "increment INTEGER NOT NULL, min_value INTEGER NOT NULL, max_value INTEGER NOT NULL, "
    "cycle INTEGER NOT NULL)";

/* --- the record ------------------------------------------------------------------------------ */

static struct value
text_value(struct str s)
{
    return (struct value){.kind = VALUE_TEXT, .s = s};
}

static bool
table_exists(struct lite_conn *conn, const char *name, bool *out, struct err *err)
{
    struct value param = text_value(str_from(name));
    sqlite3_stmt *stmt = lite_conn_prepare(
        conn, STR("SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ?1"), err);
    int rc = SQLITE_ERROR;

    if (stmt == NULL)
        return false;
    if (lite_conn_bind(stmt, &param, 1))
        rc = sqlite3_step(stmt);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        lite_error_set(conn, rc, err);
    sqlite3_finalize(stmt);
    *out = rc == SQLITE_ROW;
    return rc == SQLITE_ROW || rc == SQLITE_DONE;
}

bool
lite_model_load(struct lite_conn *conn, struct model **out, struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    bool exists = false;
    bool ok = false;

    *out = NULL;
    if (!table_exists(conn, "cairn_meta", &exists, err))
        return false;
    if (!exists) {
        *out = model_new();
        return true;
    }
    stmt =
        lite_conn_prepare(conn, STR("SELECT value FROM main.cairn_meta WHERE key = 'model'"), err);
    if (stmt == NULL)
        return false;
    int rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW) {
        struct value cell;
        lite_conn_cell(stmt, 0, &cell);
        ok = cell.kind == VALUE_TEXT
                 ? model_read_json(cell.s, out, err)
                 : err_set(err, ERR_INTERNAL, "XX001", "the recorded schema is not a text");
    } else if (rc == SQLITE_DONE) {
        *out = model_new();
        ok = true;
    } else {
        lite_error_set(conn, rc, err);
    }
    sqlite3_finalize(stmt);
    return ok;
}

static bool
reader_open(struct lite_db *db, struct lite_conn *conn, struct err *err)
{
    if (!lite_conn_open(conn, db->path, LITE_POOL, false, err))
        return false;
    lite_conn_limit(conn, 0, clock_mono_ns() + UINT64_C(10000000000));
    return true;
}

bool
lite_introspect(struct db *base, struct model **out, struct err *err)
{
    struct lite_conn conn = {0};
    bool ok = reader_open(lite_db_of(base), &conn, err) && lite_model_load(&conn, out, err);

    lite_conn_close(&conn);
    return ok;
}

static bool
migrations_read(struct lite_conn *conn, struct arena *arena, struct db_migration **out,
                size_t *count, struct err *err)
{
    sqlite3_stmt *stmt = lite_conn_prepare(
        conn, STR("SELECT name, checksum, applied_us FROM main.cairn_migrations ORDER BY number"),
        err);
    size_t cap = 16;
    struct db_migration *list = ARENA_ARRAY(arena, struct db_migration, cap);
    int rc = SQLITE_ERROR;

    if (stmt == NULL)
        return false;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct value cells[3];
        for (int i = 0; i < 3; i++)
            lite_conn_cell(stmt, i, cells + i);
        if (*count == cap) {
            struct db_migration *more = ARENA_ARRAY(arena, struct db_migration, cap * 2);
            memcpy(more, list, cap * sizeof(*list));
            list = more;
            cap *= 2;
        }
        list[(*count)++] = (struct db_migration){
            .name = arena_copy(arena, cells[0].s),
            .checksum = arena_copy(arena, cells[1].s),
            .applied_us = cells[2].i,
        };
    }
    if (rc != SQLITE_DONE)
        lite_error_set(conn, rc, err);
    sqlite3_finalize(stmt);
    *out = list;
    return rc == SQLITE_DONE;
}

bool
lite_migrations_list(struct db *base, struct arena *arena, struct db_migration **out, size_t *count,
                     struct err *err)
{
    struct lite_conn conn = {0};
    bool exists = false;
    bool ok = reader_open(lite_db_of(base), &conn, err) &&
              table_exists(&conn, "cairn_migrations", &exists, err) &&
              (!exists || migrations_read(&conn, arena, out, count, err));

    lite_conn_close(&conn);
    return ok;
}

/* --- one migration --------------------------------------------------------------------------- */

struct migration {
    struct str name, text, checksum;
    bool *applied;
    struct lite_turn *turn;
    struct model *model;
    int64_t now_us; /* of the whole transaction */
};

/* Steps may read and write the table of sequences, of which memory has newer values. */
static bool
step_touches_sequences(const struct migration_step *step)
{
    return memmem(step->sql.data, step->sql.len, "cairn_sequence", 14) != NULL;
}

static bool
step_run(void *ctx, const struct migration_step *step, struct err *err)
{
    struct migration *m = ctx;
    struct lite_conn *conn = m->turn->conn;
    bool is_about_sequences = step_touches_sequences(step);
    struct db_stmt stmt = {
        .sql = step->sql,
        .params = step->params,
        .param_count = step->param_count,
        .row_count = step->row_count > 0 ? step->row_count : 1,
    };
    struct db_job job = {.mode = DB_WRITE};
    int rc = SQLITE_OK;
    bool ok = true;

    if (is_about_sequences) {
        ok = (rc = lite_sequences_save(m->turn->sequences)) == SQLITE_OK;
        lite_sequences_forget(m->turn->sequences);
    }
    if (!ok)
        lite_error_set(conn, rc, &job.err);
    conn->env.now_us = m->now_us;
    ok = ok && lite_conn_run(conn, &job, &stmt, &rc) == LITE_OK;
    if (ok)
        return true;
    *err = job.err;
    if (lite_explain_knows(rc)) {
        /* The row isn't shown, but the constraint is named. */
        struct capture nothing = {.model = m->model};
        reason_find(&nothing, conn, rc, step->target, false, NULL, err);
    }
    err->kind = ERR_MIGRATION;
    /* Several rows may come from several statements; then the line of the one that failed is
     * known. */
    if (step->row_lines != NULL && conn->row > 0 && conn->row < step->row_count)
        err_prefix(err, "%.*s:%u: ", STR_ARG(step->file), step->row_lines[conn->row]);
    else
        err_prefix(err, "%.*s:%u:%u: ", STR_ARG(step->file), step->line, step->column);
    return false;
}

/* What an earlier or another process has already recorded under this name. */
static bool
record_find(struct migration *m, bool *is_there, struct err *err)
{
    struct value param = text_value(m->name);
    sqlite3_stmt *stmt = lite_conn_prepare(
        m->turn->conn, STR("SELECT checksum FROM main.cairn_migrations WHERE name = ?1"), err);
    bool ok = true;
    int rc = SQLITE_ERROR;

    if (stmt == NULL)
        return false;
    if (lite_conn_bind(stmt, &param, 1))
        rc = sqlite3_step(stmt);
    *is_there = rc == SQLITE_ROW;
    if (rc == SQLITE_ROW) {
        struct value cell;
        lite_conn_cell(stmt, 0, &cell);
        if (!str_eq(cell.s, m->checksum)) {
            ok = err_set(err, ERR_MIGRATION, "CAIRN-MIGRATION",
                         "unable to apply '%.*s': it was applied before, with other text",
                         STR_ARG(m->name));
            err_hint(err, "Undo the change of the file, and make a new migration for it.");
        }
    } else if (rc != SQLITE_DONE) {
        lite_error_set(m->turn->conn, rc, err);
        ok = false;
    }
    sqlite3_finalize(stmt);
    return ok;
}

static bool
statement_run(struct lite_conn *conn, struct str sql, const struct value *params, uint32_t count,
              struct err *err)
{
    struct db_stmt stmt = {.sql = sql, .params = params, .param_count = count, .row_count = 1};
    struct db_job job = {.mode = DB_WRITE};
    int rc = SQLITE_OK;

    if (lite_conn_run(conn, &job, &stmt, &rc) == LITE_OK)
        return true;
    *err = job.err;
    return false;
}

static bool
record_write(struct migration *m, struct err *err)
{
    struct buf text;
    bool ok = false;

    buf_init(&text, MODEL_TEXT_MAX);
    model_write_json(&text, m->model);
    struct value model[] = {text_value(buf_str(&text))};
    struct value record[] = {
        text_value(m->name), text_value(m->checksum), {.kind = VALUE_INT, .i = clock_wall_us()}};
    if (!buf_ok(&text))
        err_set(err, ERR_MIGRATION, "54000", "unable to record the schema: it is too large");
    else
        ok = statement_run(m->turn->conn,
                           STR("INSERT OR REPLACE INTO main.cairn_meta(key, value) "
                               "VALUES ('model', ?1)"),
                           model, 1, err) &&
             statement_run(m->turn->conn,
                           STR("INSERT INTO main.cairn_migrations(name, checksum, applied_us) "
                               "VALUES (?1, ?2, ?3)"),
                           record, 3, err);
    buf_fini(&text);
    return ok;
}

static bool
exec(struct lite_conn *conn, const char *sql, struct err *err)
{
    int rc = lite_conn_exec(conn, sql);

    if (rc != SQLITE_OK)
        lite_error_set(conn, rc, err);
    return rc == SQLITE_OK;
}

/* Everything between BEGIN and COMMIT. */
static bool
migration_apply(struct migration *m, bool *is_there, struct err *err)
{
    const struct migration_sink sink = {.run = step_run, .ctx = m};
    struct lite_conn *conn = m->turn->conn;

    if (!exec(conn, tables_sql, err) || !record_find(m, is_there, err))
        return false;
    if (*is_there)
        return true;
    if (!lite_model_load(conn, &m->model, err) ||
        !migration_translate(m->name, m->text, m->model, &sink, err))
        return false;
    if (!reason_check_foreign_keys(conn, err)) {
        err->kind = ERR_MIGRATION;
        err_prefix(err, "%.*s: ", STR_ARG(m->name));
        return false;
    }
    int rc = lite_sequences_save(m->turn->sequences);
    if (rc != SQLITE_OK)
        lite_error_set(conn, rc, err);
    return rc == SQLITE_OK && record_write(m, err);
}

static bool
migration_transact(struct migration *m, bool *unknown, struct err *err)
{
    struct lite_conn *conn = m->turn->conn;
    bool is_there = false;
    int rc = lite_writer_begin(conn, m->turn->deadline_ns);
    bool ok = false;

    if (rc != SQLITE_OK) {
        lite_error_set(conn, rc, err);
        return false;
    }
    if (migration_apply(m, &is_there, err)) {
        enum lite_commit outcome = lite_writer_commit(conn, &rc, err);
        *unknown = outcome == LITE_COMMIT_UNKNOWN;
        ok = outcome == LITE_COMMITTED;
    }
    if (*unknown)
        return false;
    if (!sqlite3_get_autocommit(conn->db))
        lite_conn_step(conn->rollback);
    if (ok) {
        lite_sequences_saved(m->turn->sequences);
        atomic_fetch_add(&m->turn->db->generation, 1);
        atomic_fetch_add(&m->turn->db->commits, 1);
        *m->applied = !is_there;
    }
    /* What was undone may be in memory. */
    lite_sequences_forget(m->turn->sequences);
    return ok;
}

/* SQLite's limits are for what clients cause; a migration may be large. Tables are made anew and
 * renamed, so that foreign keys are looked at in the end, all of them. */
static bool
migration_turn(struct lite_turn *turn, void *arg, bool *unknown, struct err *err)
{
    struct migration *m = arg;
    bool ok = false;

    m->turn = turn;
    m->now_us = clock_wall_us();
    lite_conn_limit(turn->conn, 0, 0);
    if (!exec(turn->conn, "PRAGMA foreign_keys=OFF", err))
        return false;
    ok = migration_transact(m, unknown, err);
    model_free(m->model);
    m->model = NULL;
    struct err back = {0};
    if (!*unknown &&
        !exec(turn->conn, "PRAGMA foreign_keys=ON; PRAGMA legacy_alter_table=OFF", &back)) {
        /* Without its keys the connection must not write. */
        log_event(LOG_ERROR, "foreign-keys-off", LOG_CSTR("cause", back.message));
        abort();
    }
    return ok;
}

bool
lite_migrate(struct db *base, struct str name, struct str text, struct str checksum, bool *applied,
             struct err *err)
{
    struct lite_db *db = lite_db_of(base);
    struct migration m = {.name = name, .text = text, .checksum = checksum, .applied = applied};

    return lite_writer_start(db, err) &&
           lite_writer_call(db->writer, migration_turn, &m, clock_mono_ns() + lock_wait_ns, err);
}
