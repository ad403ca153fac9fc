/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only way to a database, the same for both engines, asynchronous for both.
 *
 * A process opens one struct db; each loop thread opens its own struct db_loop on it. A job is one
 * transaction: one or more statements, submitted on a loop and completed on the same loop. Between
 * submit and done the job, its statements and what their row functions write to belong to the
 * engine, whatever thread that runs on; the row functions of one job never run concurrently.
 *
 * What a 2xx may rely on: done with ok for a job of mode DB_WRITE means that it is on disk.
 *
 * When a job could not be run its err is of kind ERR_UNAVAILABLE, and it is certain that nothing
 * was changed: CAIRN-BUSY the queue is full, PGRST003 it waited past its time, 55P03 another
 * program or process holds the file, 53100 the disk is full, 58030 it fails, CAIRN-READONLY the
 * database is poisoned, CAIRN-DRAINING the loop is closing, 40001 it was undone together with
 * another job. Of kind ERR_UNKNOWN (CAIRN-UNKNOWN): it may be there or not.
 */
#ifndef CAIRN_DB_ENGINE_H
#define CAIRN_DB_ENGINE_H

#include <uv.h>

#include "core/arena.h"
#include "core/err.h"
#include "sql/model.h"
#include "sql/value.h"
#include "sql/zone.h"

struct db;
struct db_loop;
struct db_listener;

enum db_dialect { DB_SQLITE, DB_POSTGRES };
enum db_mode { DB_READ, DB_WRITE };
enum db_isolation { DB_ISOLATION_DEFAULT, DB_REPEATABLE_READ, DB_SERIALIZABLE };

/* PostgreSQL: as whom requests without a token run, and what they may do where migrations don't
 * say. */
enum db_anon {
    DB_ANON_GIVEN,  /* the configuration names a role: nothing is made or granted for them */
    DB_ANON_CLOSED, /* anon, once migrations have rules; what no rule gives is not given */
    DB_ANON_OPEN,   /* the same, but tables without rules are granted to it */
};

struct db_options {
    const char *url;            /* sqlite:PATH or postgres://... */
    const char *const *schemas; /* exposed, the first is the default */
    size_t schema_count;
    /* PostgreSQL: what the search path has behind the first schema; requests that want another path
     * set it in their transaction. */
    const char *const *extra_search_path;
    size_t extra_search_path_count;
    bool unprepared;     /* PostgreSQL: statements are not kept prepared */
    const char *channel; /* PostgreSQL: where a migration tells other processes; NULL: nowhere */
    enum db_anon anon;
    unsigned loops;               /* how many db_loop_open will be called */
    unsigned pool;                /* PostgreSQL connections for each loop */
    unsigned pool_threads;        /* threads for long embedded reads */
    int64_t statement_timeout_ms; /* default of a job */
    int64_t connect_timeout_ms;
    int64_t
        pool_timeout_ms;  /* PostgreSQL: how long a job may wait to be sent; 0: as it may connect */
    uint64_t read_budget; /* embedded: VM steps before a read moves to the pool */
    size_t queue_max;     /* jobs waiting, for each queue; past it ERR_UNAVAILABLE */
    bool synchronous_extra; /* embedded: synchronous=EXTRA instead of FULL */
};

/* The table that db_bulk.sql reads, and how many columns it has. SQLite keeps names that begin so
 * to itself: no table of a migration can be it. */
#define DB_BULK_ROWS "sqlite_cairn_rows"
enum { DB_BULK_WIDTH = 100 };

/*
 * An insert of many rows by the embedded engine, as one statement that takes them from
 * DB_BULK_ROWS: parameter ?1 is its column c1. The engine runs it where it can. When it fails all
 * is undone, also what it drew from sequences, and the rows go one by one, which says what is wrong
 * and with which.
 */
struct db_bulk {
    struct str sql;
    /* The same with a key that SQLite counts up, for when that gives the numbers that are next in
     * the sequence: when it ends at the greatest key, which last asks for. data NULL: there is
     * none. */
    struct str append_sql, last_sql;
    struct str sequence;
    uint64_t id; /* as db_stmt.id, and two more that follow; 0: never run */
};

struct db_stmt {
    /* Filled by the caller. */
    struct str sql;
    uint64_t id; /* same id, same sql: the prepared statement is kept; 0: not kept */
    const struct value
        *params; /* row_count x param_count; for PostgreSQL TEXT or NULL, row_count 1 */
    uint32_t param_count;
    /* PostgreSQL: the statements after it are prepared when it has run, because what they mean may
     * depend on it (a role, the search path). Of the first statements only. */
    bool runs_before_prepare;
    uint32_t row_count; /* runs of the statement, >= 1 (embedded engine only: > 1) */
    /* Embedded: the same for the case that no group of rows in the answer has to be cut short,
     * which is less work and fails where one has to. Reads that can restart run it first, under an
     * id of its own. data NULL: there is none. */
    struct str uncut_sql;
    const struct db_bulk *bulk; /* embedded: all rows at once; NULL: that can't be */
    const struct model_table
        *target; /* what it writes, to name constraints in errors; may be NULL */
    /* Called for every row; false stops the job as failed with whatever it put into job->err. May
     * be NULL. cells live until it returns. PostgreSQL commits a write without check together with
     * its last statement, before its rows are seen: false then fails the job and undoes nothing. */
    bool (*on_row)(void *ctx, const struct value *cells, uint32_t count);
    void *ctx;
    /* Filled by the engine. */
    int64_t affected; /* rows changed by an insert, update or delete */
};

/*
 * What a function sets by set_config(), for as long as its job runs: embedded engine only. Values
 * live in arena, which is the caller's; a job that runs again begins without any.
 */
struct db_setting {
    struct str name, value;
    char *room; /* the value's */
    size_t room_size;
    struct db_setting *next;
};
struct db_settings {
    struct arena *arena;
    struct db_setting *first;
    size_t size; /* of all names and values */
};
void db_settings_clear(struct db_settings *settings);
/* NULL: nobody has set it. */
const struct db_setting *db_settings_find(const struct db_settings *settings, struct str name);
/* False: 54000, there is no more room. */
MUST_CHECK bool db_settings_put(struct db_settings *settings, struct str name, struct str value,
                                struct err *err);

/* Who asks, for what policies and functions read on the embedded engine: cairn_role() and
 * cairn_setting(). A member whose data is NULL is not set. On PostgreSQL the caller's first
 * statement sets them. */
struct db_session {
    struct str role;                                                  /* current_user */
    struct str claims_json, headers_json, cookies_json, method, path; /* request.* */
    const char *const *settings; /* "name=value", of app.settings.* */
    size_t setting_count;
    struct db_settings *set; /* what functions set; NULL: they can't */
};

/*
 * What an error may tell of rows, on the embedded engine: which values its details show. Asked when
 * a constraint has refused a write, on the thread that writes.
 */
enum db_sight { DB_SEES_NOTHING, DB_SEES_COLUMNS, DB_SEES_ALL };
struct db_viewer {
    enum db_sight (*get_sight)(const struct db_viewer *viewer, struct str schema, struct str table);
    /* DB_SEES_COLUMNS: this one. or_set: one that the statement itself gives a value counts too. */
    bool (*sees_column)(const struct db_viewer *viewer, struct str schema, struct str table,
                        struct str column, bool or_set);
    void *ctx;
};

struct db_job {
    /* Filled by the caller. */
    enum db_mode mode;
    const struct db_session *session; /* NULL: the owner, as which migrations run */
    const struct db_viewer *viewer;   /* NULL: sees everything */
    const struct zone *zone;          /* embedded: where JSON shows times with a zone; NULL: UTC */
    struct db_stmt *stmts;
    uint32_t stmt_count;
    int64_t timeout_ms;          /* 0: the default */
    struct str request_id;       /* for the log; may be empty */
    enum db_isolation isolation; /* PostgreSQL only */
    /* PostgreSQL: the first setting_count statements only set what ends with the transaction, and
     * where may_share is true the others leave nothing behind that reads with the same settings
     * could tell. Such reads may run in one transaction; the settings are then sent once. */
    uint32_t setting_count;
    bool may_share;
    /* Forget all rows seen: the job starts again from its first statement (a read that moved to the
     * pool; a job of PostgreSQL whose connection was lost, or whose plan the schema has left
     * behind, when it is certain that it had no effect). NULL when rows can't be seen twice: a job
     * that has shown some then fails instead. */
    void (*restart)(struct db_job *job);
    /* Asked after the last statement and before the commit; false undoes everything, and job->err
     * (which it must set) is the outcome. NULL: always commit. rollback_only undoes even a success
     * while ok stays true (tx=rollback). */
    bool (*check)(struct db_job *job);
    bool rollback_only;
    void (*done)(struct db_job *job); /* on the loop, exactly once, never from inside db_submit */
    void *ctx;
    /* Filled by the engine. */
    bool ok;
    uint64_t queued_ns, ran_ns; /* how long it waited and ran */
    bool has_joined;            /* its settings were there already */
    /* The engine's own. */
    struct db_loop *loop;
    struct db_job *next;
    uint64_t submitted_ns, deadline_ns;
    void *priv[4];
    /* Filled by the engine when !ok. The last one, because it is large: see db_job_clear. */
    struct err err;
};

/* As a zeroed job, without writing the room for the error's texts. */
static inline void
db_job_clear(struct db_job *job)
{
    memset(job, 0, offsetof(struct db_job, err));
    err_clear(&job->err);
}

/*
 * Opens the database. The embedded file is created with mode 0600 when it isn't there. PostgreSQL
 * must not be reachable yet: a database that is down when the process starts is an error only for
 * db_migrate and db_introspect. err says what is wrong with the URL, path or server.
 */
MUST_CHECK bool db_open(const struct db_options *options, struct db **out, struct err *err);
void db_close(struct db *db); /* after every db_loop was closed; NULL is safe */
enum db_dialect db_get_dialect(const struct db *db);
/* A commit's outcome is unknown (ERR_UNKNOWN): nothing more is accepted, and the process should
 * stop and start again, which recovers from the log. May be asked from any thread. */
bool db_is_poisoned(const struct db *db);
const char *db_describe(
    const struct db *db); /* "sqlite data/shop.db", "postgres localhost:5432/shop"; no secrets */

MUST_CHECK bool db_loop_open(struct db *db, uv_loop_t *loop, struct db_loop **out, struct err *err);
/* Stops accepting, fails what waits with ERR_UNAVAILABLE, lets what runs finish; then
 * closed(ctx). */
void db_loop_close(struct db_loop *dl, void (*closed)(void *ctx), void *ctx);
/*
 * A job that can't be queued is failed through done on the next turn. Exception, for speed: with
 * inline_ok set by db_submit_inline a short embedded read completes before the call returns, with
 * done NOT called; true says so, and the outcome is in the job. False: it was submitted, done will
 * be called.
 */
void db_submit(struct db_loop *dl, struct db_job *job);
MUST_CHECK bool db_submit_inline(struct db_loop *dl, struct db_job *job);

/*
 * What is known of the way to the database without asking it. DB_LINKING: there is none now, and
 * whether there will be one isn't known yet; it is known after half a second, or when an attempt
 * has failed. DB_AWAY: there is none, err says why. The embedded engine is always linked.
 */
enum db_link { DB_LINKED, DB_LINKING, DB_AWAY };
enum db_link db_loop_get_link(const struct db_loop *dl, struct err *err);

/*
 * Listens on a channel of the database from now on, in a thread of its own, on which heard is
 * called with the payload of each message; data NULL: the connection was lost and is back, and what
 * was said meanwhile is not known. *out is NULL where the engine has no channels.
 */
MUST_CHECK bool db_listen(struct db *db, const char *channel,
                          void (*heard)(void *ctx, struct str payload), void *ctx,
                          struct db_listener **out, struct err *err);
/* heard is not called any more when this returns. NULL is safe. */
void db_listen_stop(struct db *db, struct db_listener *listener);

/* The work below blocks; call it from the main thread before serving, or from the pool. */

/* The model of the schemas exposed, from the catalogs or the embedded engine's record. */
MUST_CHECK bool db_introspect(struct db *db, struct model **out, struct err *err);

/* What a role may do with a table. */
struct db_table_rights {
    struct str name;
    int64_t rights;   /* MODEL_MAY_SELECT, _INSERT, _UPDATE and _DELETE, on some columns at least */
    bool by_policies; /* row-level security says with which rows */
    bool reads_all;   /* PostgreSQL: all columns, not only some */
    bool lets_all;    /* PostgreSQL: policies let it change or delete each row: USING (true) */
};
/* Of the exposed tables those that role may use, by name; none when there is no such role.
 * PostgreSQL only: of the embedded engine's the schema snapshot knows, and there are none here. */
MUST_CHECK bool db_list_rights(struct db *db, const char *role, struct arena *arena,
                               struct db_table_rights **out, uint32_t *count, struct err *err);

/* One applied migration, as recorded. Times in microseconds since 1970. */
struct db_migration {
    struct str name;     /* file name */
    struct str checksum; /* SHA-256 of the file, hex */
    int64_t applied_us;
};
/* In order of application. On PostgreSQL nothing is made: without a record table, none was
 * applied. */
MUST_CHECK bool db_migrations_list(struct db *db, struct arena *arena, struct db_migration **out,
                                   size_t *count, struct err *err);
/*
 * Runs one migration in one transaction together with its record, under a lock that keeps other
 * processes out; *applied is false when another process had applied it meanwhile. The embedded
 * engine translates the text (sql/migration.h) and stores the new model; PostgreSQL runs the text
 * as it is, COPY data included.
 */
MUST_CHECK bool db_migrate(struct db *db, struct str name, struct str text, struct str checksum,
                           bool *applied, struct err *err);
/* After the migrations, and where there are none: what db_options.anon says of tables without rules
 * holds from now on, also when it was another thing before. */
MUST_CHECK bool db_refresh_rules(struct db *db, struct err *err);

#endif
