/* SPDX-License-Identifier: Apache-2.0 */
#include "db/sqlite/conn.h"

#include <pthread.h>
#include <time.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/stop.h"
#include "db/sqlite/cell.h"
#include "db/sqlite/sequence.h"

/* Virtual machine steps between two looks at the limits. */
enum { PROGRESS_STEPS = 1000 };

/* However few its steps, no inline read holds up its loop for longer: pages may come from disk. */
static const uint64_t inline_max_ns = 10 * 1000 * 1000;

/* Ids are counted up from 1. */
#define UNCUT_ID (UINT64_C(1) << 63)

/* Another process may be turning the log on at this moment, or recovering the file, and has it
 * locked. */
static const uint64_t open_wait_ns = 5000 * UINT64_C(1000000);

static pthread_once_t library_once = PTHREAD_ONCE_INIT;

static void
log_from_sqlite(void *ctx, int rc, const char *text)
{
    struct str message = str_from(text);

    switch (rc & 0xff) {
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_NOTADB:
    case SQLITE_NOMEM:
        log_event(LOG_ERROR, "sqlite", LOG_I64("code", rc), LOG_STR("message", message));
        break;
    case SQLITE_NOTICE:
        log_event(LOG_INFO, "sqlite", LOG_I64("code", rc), LOG_STR("message", message));
        break;
    default: /* what a statement got wrong goes to the one who sent it */
        break;
    }
}

static void
library_init(void)
{
    sqlite3_config(SQLITE_CONFIG_LOG, log_from_sqlite, NULL);
    sqlite3_initialize();
}

static int
on_progress(void *arg)
{
    struct lite_conn *conn = arg;
    uint64_t now = clock_mono_ns();

    if (conn->deadline_ns != 0 && now >= conn->deadline_ns)
        conn->stop = LITE_STOP_DEADLINE;
    else if (conn->steps_left != 0 && (--conn->steps_left == 0 || now >= conn->inline_until_ns))
        conn->stop = LITE_STOP_BUDGET;
    return conn->stop != LITE_STOP_NONE;
}

/* What a function of ours is at can't be seen in the steps of a statement. */
static bool
is_stop_wanted(void *arg)
{
    return on_progress(arg) != 0;
}

/* A reader on a loop never waits: the pool does it in its place. The writer waits between tries,
 * where it can also look after the jobs that expire meanwhile. Opening waits for all. */
static int
on_busy(void *arg, int count)
{
    struct lite_conn *conn = arg;
    uint64_t until_ns = conn->open_until_ns;

    if (until_ns == 0 && conn->role == LITE_POOL)
        until_ns = conn->deadline_ns;
    if (clock_mono_ns() >= until_ns)
        return 0;
    nanosleep(&(struct timespec){.tv_nsec = count < 10 ? 1000000 : 5000000}, NULL);
    return 1;
}

int
lite_conn_exec(struct lite_conn *conn, const char *sql)
{
    return sqlite3_exec(conn->db, sql, NULL, NULL, NULL);
}

static bool
settings_apply(struct lite_conn *conn, bool synchronous_extra)
{
    static const struct {
        int op;
        int value;
    } flags[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},   {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_DQS_DML, 0},     {SQLITE_DBCONFIG_DQS_DDL, 0},
        {SQLITE_DBCONFIG_ENABLE_QPSG, 1}, {SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1},
        {SQLITE_DBCONFIG_ENABLE_FKEY, 1},
    };
    static const struct {
        int id;
        int value;
    } limits[] = {
        {SQLITE_LIMIT_LENGTH, 256 << 20}, {SQLITE_LIMIT_SQL_LENGTH, 64 << 20},
        {SQLITE_LIMIT_ATTACHED, 0},       {SQLITE_LIMIT_TRIGGER_DEPTH, 100},
        {SQLITE_LIMIT_WORKER_THREADS, 0},
    };

    for (size_t i = 0; i < COUNTOF(flags); i++)
        if (sqlite3_db_config(conn->db, flags[i].op, flags[i].value, NULL) != SQLITE_OK)
            return false;
    for (size_t i = 0; i < COUNTOF(limits); i++)
        sqlite3_limit(conn->db, limits[i].id, limits[i].value);
    sqlite3_extended_result_codes(conn->db, 1);
    sqlite3_wal_autocheckpoint(conn->db, 0);
    sqlite3_progress_handler(conn->db, PROGRESS_STEPS, on_progress, conn);
    sqlite3_busy_handler(conn->db, on_busy, conn);

    if (lite_conn_exec(conn, "PRAGMA mmap_size=0; PRAGMA cell_size_check=ON") != SQLITE_OK)
        return false;
    if (conn->role != LITE_WRITER)
        return lite_conn_exec(conn, "PRAGMA query_only=ON; PRAGMA cache_size=-8192") == SQLITE_OK;
    /* Recursive triggers as in PostgreSQL. */
    return lite_conn_exec(conn, "PRAGMA recursive_triggers=ON; PRAGMA cache_size=-32768; "
                                "PRAGMA journal_size_limit=8388608") == SQLITE_OK &&
           lite_conn_exec(conn, synchronous_extra ? "PRAGMA synchronous=EXTRA"
                                                  : "PRAGMA synchronous=FULL") == SQLITE_OK;
}

static bool
controls_prepare(struct lite_conn *conn)
{
    const struct {
        sqlite3_stmt **stmt;
        const char *sql;
    } controls[] = {
        {&conn->begin, "BEGIN"},
        {&conn->begin_write, "BEGIN IMMEDIATE"},
        {&conn->commit, "COMMIT"},
        {&conn->rollback, "ROLLBACK"},
        {&conn->savepoint, "SAVEPOINT job"},
        {&conn->release, "RELEASE job"},
        {&conn->undo, "ROLLBACK TO job"},
    };

    for (size_t i = 0; i < COUNTOF(controls); i++)
        if (sqlite3_prepare_v3(conn->db, controls[i].sql, -1, SQLITE_PREPARE_PERSISTENT,
                               controls[i].stmt, NULL) != SQLITE_OK)
            return false;
    return true;
}

bool
lite_conn_open(struct lite_conn *conn, const char *path, enum lite_role role,
               bool synchronous_extra, struct err *err)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;

    *conn = (struct lite_conn){.role = role, .open_until_ns = clock_mono_ns() + open_wait_ns};
    pthread_once(&library_once, library_init);

    /* A reader that can't write is also one that never checkpoints, not even on closing. */
    flags |= role == LITE_WRITER ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    int rc = sqlite3_open_v2(path, &conn->db, flags, NULL);
    if (rc != SQLITE_OK || !settings_apply(conn, synchronous_extra) || !controls_prepare(conn)) {
        const char *cause = conn->db != NULL ? sqlite3_errmsg(conn->db) : sqlite3_errstr(rc);
        err_set(err, ERR_UNAVAILABLE, "58030", "unable to open '%s': %s", path, cause);
        goto fail;
    }
    if (!functions_register(conn->db, &conn->env) ||
        lite_rows_register(conn->db, &conn->rows) != SQLITE_OK) {
        err_set(err, ERR_INTERNAL, "XX000", "unable to register the functions on '%s': %s", path,
                sqlite3_errmsg(conn->db));
        goto fail;
    }
    conn->kept = xcalloc((size_t)LITE_CACHE_SETS * LITE_CACHE_WAYS, sizeof(struct lite_kept));
    conn->open_until_ns = 0;
    return true;

fail:
    lite_conn_close(conn);
    return false;
}

static void
kept_forget(struct lite_conn *conn)
{
    for (size_t i = 0; i < (size_t)LITE_CACHE_SETS * LITE_CACHE_WAYS; i++) {
        sqlite3_finalize(conn->kept[i].handle);
        conn->kept[i] = (struct lite_kept){0};
    }
}

void
lite_conn_close(struct lite_conn *conn)
{
    sqlite3_stmt *const controls[] = {conn->begin,    conn->begin_write, conn->commit,
                                      conn->rollback, conn->savepoint,   conn->release,
                                      conn->undo};

    if (conn->kept != NULL)
        kept_forget(conn);
    for (size_t i = 0; i < COUNTOF(controls); i++)
        sqlite3_finalize(controls[i]);
    if (conn->db != NULL) {
        int rc = sqlite3_close(conn->db);
        assert(rc == SQLITE_OK);
        (void)rc;
    }
    free(conn->kept);
    free(conn->cells);
    *conn = (struct lite_conn){.role = conn->role};
}

void
lite_conn_refresh(struct lite_conn *conn, unsigned generation)
{
    if (LIKELY(conn->generation == generation))
        return;
    kept_forget(conn);
    conn->generation = generation;
}

void
lite_conn_limit(struct lite_conn *conn, uint64_t steps, uint64_t deadline_ns)
{
    conn->stop = LITE_STOP_NONE;
    conn->steps_left = steps == 0 ? 0 : steps / PROGRESS_STEPS + 1;
    conn->deadline_ns = deadline_ns;
    conn->inline_until_ns = steps == 0 ? 0 : clock_mono_ns() + inline_max_ns;
}

int
lite_conn_step(sqlite3_stmt *stmt)
{
    int rc = sqlite3_step(stmt);

    sqlite3_reset(stmt);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

sqlite3_stmt *
lite_conn_prepare(struct lite_conn *conn, struct str sql, struct err *err)
{
    sqlite3_stmt *handle = NULL;
    const char *rest = NULL;
    int rc = sqlite3_prepare_v3(conn->db, sql.data, (int)sql.len, 0, &handle, &rest);

    if (rc != SQLITE_OK) {
        lite_error_set(conn, rc, err);
        return NULL;
    }
    if (handle == NULL)
        err_set(err, ERR_INTERNAL, "XX000", "unable to prepare a statement: it is empty");
    return handle;
}

static uint64_t
mix(uint64_t id)
{
    id *= UINT64_C(0x9E3779B97F4A7C15);
    return id >> 32;
}

/* The kept statement, made when it isn't there; NULL: *rc is not SQLITE_OK. */
static sqlite3_stmt *
kept_get(struct lite_conn *conn, uint64_t id, struct str sql, int *rc)
{
    struct lite_kept *set = conn->kept + (mix(id) % LITE_CACHE_SETS) * LITE_CACHE_WAYS;
    struct lite_kept *slot = set;

    *rc = SQLITE_OK;
    conn->tick++;
    for (struct lite_kept *way = set; way < set + LITE_CACHE_WAYS; way++) {
        if (way->id == id) {
            slot = way;
            break;
        }
        if (slot->handle != NULL &&
            (way->handle == NULL || conn->tick - way->used > conn->tick - slot->used))
            slot = way;
    }
    /* The text is compared too: a wrong id must not run another statement. */
    if (slot->id != id || slot->handle == NULL || slot->sql_len != sql.len ||
        strncmp(sqlite3_sql(slot->handle), sql.data, sql.len) != 0) {
        sqlite3_finalize(slot->handle);
        *slot = (struct lite_kept){.id = id, .sql_len = sql.len};
        *rc = sqlite3_prepare_v3(conn->db, sql.data, (int)sql.len, SQLITE_PREPARE_PERSISTENT,
                                 &slot->handle, NULL);
        if (*rc != SQLITE_OK || slot->handle == NULL) {
            *slot = (struct lite_kept){0};
            *rc = *rc != SQLITE_OK ? *rc : SQLITE_MISUSE;
            return NULL;
        }
    }
    slot->used = conn->tick;
    return slot->handle;
}

bool
lite_conn_bind(sqlite3_stmt *stmt, const struct value *params, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct value *value = params + i;
        int at = (int)i + 1;
        int rc = SQLITE_OK;

        switch (value->kind) {
        case VALUE_NULL:
            rc = sqlite3_bind_null(stmt, at);
            break;
        case VALUE_INT:
            rc = sqlite3_bind_int64(stmt, at, value->i);
            break;
        case VALUE_REAL:
            rc = sqlite3_bind_double(stmt, at, value->f);
            break;
        case VALUE_TEXT: /* an address of NULL would bind NULL */
            rc = sqlite3_bind_text64(stmt, at, value->s.data != NULL ? value->s.data : "",
                                     value->s.len, SQLITE_STATIC, SQLITE_UTF8);
            break;
        case VALUE_BLOB:
            rc = sqlite3_bind_blob64(stmt, at, value->s.data != NULL ? value->s.data : "",
                                     value->s.len, SQLITE_STATIC);
            break;
        }
        if (UNLIKELY(rc != SQLITE_OK))
            return false;
    }
    return true;
}

void
lite_conn_result(sqlite3_context *ctx, const struct value *value, sqlite3_destructor_type lifetime)
{
    switch (value->kind) {
    case VALUE_NULL:
        sqlite3_result_null(ctx);
        break;
    case VALUE_INT:
        sqlite3_result_int64(ctx, value->i);
        break;
    case VALUE_REAL:
        sqlite3_result_double(ctx, value->f);
        break;
    case VALUE_TEXT: /* an address of NULL would be NULL */
        sqlite3_result_text64(ctx, value->s.data != NULL ? value->s.data : "", value->s.len,
                              lifetime, SQLITE_UTF8);
        break;
    case VALUE_BLOB:
        sqlite3_result_blob64(ctx, value->s.data != NULL ? value->s.data : "", value->s.len,
                              lifetime);
        break;
    }
}

void
lite_conn_cell(sqlite3_stmt *stmt, int column, struct value *out)
{
    cell_of(sqlite3_column_value(stmt, column), out);
}

static bool
row_out(struct lite_conn *conn, sqlite3_stmt *handle, struct db_stmt *stmt)
{
    uint32_t count = (uint32_t)sqlite3_data_count(handle);

    if (UNLIKELY(count > conn->cell_cap)) {
        conn->cell_cap = count + 16;
        conn->cells = xrealloc(conn->cells, conn->cell_cap * sizeof(struct value));
    }
    cells_of(handle, conn->cells, (int)count);
    conn->rows_seen = true;
    return stmt->on_row(stmt->ctx, conn->cells, count);
}

static enum lite_outcome
outcome_of(struct lite_conn *conn, int *rc, struct err *err)
{
    if (*rc == SQLITE_INTERRUPT && conn->stop == LITE_STOP_BUDGET)
        return LITE_STOPPED;
    if (*rc == FUNCTIONS_TOO_MANY)
        return LITE_UNCUT;
    /* The action RESTRICT is a trigger to SQLite. */
    if (*rc == SQLITE_CONSTRAINT_TRIGGER &&
        strcmp(sqlite3_errmsg(conn->db), "FOREIGN KEY constraint failed") == 0)
        *rc = SQLITE_CONSTRAINT_FOREIGNKEY;
    lite_error_set(conn, *rc, err);
    return (*rc & 0xff) == SQLITE_BUSY ? LITE_LOCKED : LITE_FAILED;
}

static enum lite_outcome
run_rows(struct lite_conn *conn, sqlite3_stmt *handle, struct db_job *job, struct db_stmt *stmt,
         int *rc)
{
    uint32_t used = (uint32_t)sqlite3_bind_parameter_count(handle); /* at most param_count */
    bool writes = !sqlite3_stmt_readonly(handle);

    for (uint32_t row = 0; row < stmt->row_count; row++) {
        int64_t seen = 0;

        conn->row = row;
        if (conn->sequences != NULL)
            lite_sequences_clear_draws(conn->sequences);
        if (used > 0 &&
            !lite_conn_bind(handle, stmt->params + (size_t)row * stmt->param_count, used)) {
            *rc = sqlite3_extended_errcode(conn->db);
            return outcome_of(conn, rc, &job->err);
        }
        while ((*rc = sqlite3_step(handle)) == SQLITE_ROW) {
            seen++;
            if (stmt->on_row != NULL && !row_out(conn, handle, stmt)) {
                *rc = SQLITE_OK;
                return LITE_FAILED;
            }
        }
        if (UNLIKELY(*rc != SQLITE_DONE))
            return outcome_of(conn, rc, &job->err);
        *rc = SQLITE_OK;
        if (writes) {
            int64_t changes = sqlite3_changes64(conn->db);
            /* What a view's INSTEAD OF trigger changes isn't counted, but is returned. */
            stmt->affected += changes > 0 ? changes : seen;
        }
        sqlite3_reset(handle);
        /* Single rows don't reach the progress function, many of them would pass any deadline. */
        if ((row & 63) == 63 && conn->deadline_ns != 0 && clock_mono_ns() >= conn->deadline_ns) {
            conn->stop = LITE_STOP_DEADLINE;
            *rc = SQLITE_INTERRUPT;
            lite_error_timeout(&job->err);
            return LITE_FAILED;
        }
    }
    return LITE_OK;
}

bool
lite_conn_returns_rows(struct lite_conn *conn, const struct db_stmt *stmt)
{
    int rc = SQLITE_OK;

    if (stmt->on_row == NULL)
        return false;
    if (stmt->id == 0)
        return true;
    sqlite3_stmt *handle = kept_get(conn, stmt->id, stmt->sql, &rc);
    return handle == NULL || sqlite3_column_count(handle) > 0;
}

/* Whether what failed did so for a reason of its own, which going row by row finds again. */
static bool
can_retry(const struct lite_conn *conn, int rc)
{
    int kind = rc & 0xff;

    return (kind == SQLITE_CONSTRAINT || kind == SQLITE_ERROR || kind == SQLITE_MISMATCH ||
            kind == SQLITE_TOOBIG) &&
           sqlite3_get_autocommit(conn->db) == 0;
}

/* Whether SQLite's own count of the key gives the numbers that the sequence has next. */
static bool
can_append(struct lite_conn *conn, const struct db_bulk *bulk, uint32_t count)
{
    sqlite3_stmt *handle = NULL;
    int64_t last = 0;
    int rc = SQLITE_OK;

    if (bulk->append_sql.data == NULL)
        return false;
    handle = kept_get(conn, bulk->id + 1, bulk->last_sql, &rc);
    if (handle == NULL)
        return false;
    rc = sqlite3_step(handle);
    last = rc == SQLITE_ROW ? sqlite3_column_int64(handle, 0) : 0; /* an empty table begins at 1 */
    sqlite3_reset(handle);
    return rc == SQLITE_ROW && lite_sequences_follow(conn->sequences, bulk->sequence, last, count);
}

/*
 * All rows by one statement. False: all was undone as if it had not been, and the rows are to go
 * one by one, which also says which of them is the reason.
 */
static bool
run_bulk(struct lite_conn *conn, struct db_job *job, struct db_stmt *stmt,
         enum lite_outcome *outcome, int *rc)
{
    const struct db_bulk *bulk = stmt->bulk;
    sqlite3_stmt *handle = NULL;
    bool appends = false;

    if (bulk == NULL || bulk->id == 0 || stmt->row_count < 2 || stmt->on_row != NULL ||
        conn->sequences == NULL)
        return false;
    appends = can_append(conn, bulk, stmt->row_count);
    handle = appends ? kept_get(conn, bulk->id + 2, bulk->append_sql, rc)
                     : kept_get(conn, bulk->id, bulk->sql, rc);
    if (handle == NULL)
        return false;
    conn->row = 0;
    conn->rows = (struct lite_rows){stmt->params, stmt->row_count, stmt->param_count};
    lite_sequences_mark(conn->sequences);
    *rc = sqlite3_step(handle);
    conn->rows.count = 0;
    if (LIKELY(*rc == SQLITE_DONE)) {
        stmt->affected = sqlite3_changes64(conn->db);
        if (appends)
            lite_sequences_skip(conn->sequences, bulk->sequence, stmt->row_count);
        *outcome = LITE_OK;
        *rc = SQLITE_OK;
    } else if (can_retry(conn, *rc)) {
        sqlite3_reset(handle);
        lite_sequences_return(conn->sequences);
        return false;
    } else {
        *outcome = outcome_of(conn, rc, &job->err);
    }
    sqlite3_reset(handle);
    lite_sequences_keep(conn->sequences);
    return true;
}

enum lite_outcome
lite_conn_run(struct lite_conn *conn, struct db_job *job, struct db_stmt *stmt, int *rc)
{
    enum lite_outcome outcome = LITE_FAILED;
    sqlite3_stmt *handle = NULL;

    stmt->affected = 0;
    if (run_bulk(conn, job, stmt, &outcome, rc))
        return outcome;
    if (LIKELY(stmt->id != 0)) {
        bool is_uncut = conn->runs_uncut && stmt->uncut_sql.data != NULL;

        handle = is_uncut ? kept_get(conn, stmt->id | UNCUT_ID, stmt->uncut_sql, rc)
                          : kept_get(conn, stmt->id, stmt->sql, rc);
        if (handle == NULL)
            return outcome_of(conn, rc, &job->err);
    } else {
        handle = lite_conn_prepare(conn, stmt->sql, &job->err);
        if (handle == NULL) {
            *rc = sqlite3_extended_errcode(conn->db);
            /* A long statement can use up its budget before it runs. */
            return *rc == SQLITE_OK ? LITE_FAILED : outcome_of(conn, rc, &job->err);
        }
        *rc = SQLITE_OK;
    }

    if (UNLIKELY((uint32_t)sqlite3_bind_parameter_count(handle) > stmt->param_count)) {
        *rc = SQLITE_MISUSE;
        err_set(&job->err, ERR_INTERNAL, "XX000",
                "unable to run a statement: it has %d parameters, and %u values came",
                sqlite3_bind_parameter_count(handle), stmt->param_count);
    } else {
        outcome = run_rows(conn, handle, job, stmt, rc);
    }

    if (stmt->id == 0)
        sqlite3_finalize(handle);
    else if (outcome != LITE_OK)
        sqlite3_reset(handle);
    return outcome;
}

static enum lite_outcome
run_stmts(struct lite_conn *conn, struct db_job *job, uint32_t *failed, int *rc)
{
    const struct stop stop = {is_stop_wanted, conn};
    enum lite_outcome outcome = LITE_OK;

    *rc = SQLITE_OK;
    stop_set(&stop);
    conn->env.session = job->session;
    conn->env.zone = job->zone;
    if (job->session != NULL && job->session->set != NULL)
        db_settings_clear(job->session->set);
    for (uint32_t i = 0; i < job->stmt_count && outcome == LITE_OK; i++) {
        *failed = i;
        outcome = lite_conn_run(conn, job, job->stmts + i, rc);
    }
    conn->env.session = NULL;
    conn->env.zone = NULL;
    stop_set(NULL);
    return outcome;
}

/* An error too may be that of a row which would have been cut off. */
static bool
is_for_cutting(const struct db_job *job, enum lite_outcome outcome, uint32_t failed, int rc)
{
    return outcome == LITE_UNCUT || (outcome == LITE_FAILED && (rc & 0xff) == SQLITE_ERROR &&
                                     job->stmts[failed].uncut_sql.data != NULL);
}

enum lite_outcome
lite_conn_run_job(struct lite_conn *conn, struct db_job *job, uint32_t *failed, int *rc)
{
    enum lite_outcome outcome = LITE_OK;
    bool may_restart = job->mode == DB_READ && job->restart != NULL;

    conn->runs_uncut = may_restart;
    outcome = run_stmts(conn, job, failed, rc);
    conn->runs_uncut = false;
    if (LIKELY(outcome == LITE_OK) || !may_restart || !is_for_cutting(job, outcome, *failed, *rc))
        return outcome;
    err_clear(&job->err);
    job->restart(job);
    return run_stmts(conn, job, failed, rc);
}
