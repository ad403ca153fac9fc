/* SPDX-License-Identifier: Apache-2.0 */
#include "db/postgres/pg.h"
#include "db/postgres/session.h"

#define PATH_MAX_BYTES ((size_t)1024 * 1024)

static void
pg_close(struct db *base)
{
    struct pg_db *db = (struct pg_db *)base;

    pg_target_fini(&db->target);
    for (size_t i = 0; i < db->schema_count; i++)
        free(db->schemas[i]);
    free(db->schemas);
    free(db->channel);
    buf_fini(&db->session_sql);
    buf_fini(&db->transaction_sql);
    buf_fini(&db->migration_path);
    buf_fini(&db->catalog_path);
    buf_fini(&db->computed_path);
    free(db);
}

/* With one schema all requests have the same path; else a name is sure only with its schema. */
static void
make_paths(struct pg_db *db, const struct db_options *options, struct buf *request_path)
{
    static const char *const fallback[] = {"public"};
    const char *const *schemas = (const char *const *)db->schemas;
    const char *const *extra = options->extra_search_path;
    size_t extra_count = options->extra_search_path_count;

    pg_session_add_path(request_path, schemas, db->schema_count > 0, extra, extra_count);
    pg_session_add_path(&db->computed_path, schemas, db->schema_count, extra, extra_count);
    pg_session_add_path(&db->migration_path, schemas, db->schema_count, fallback,
                        COUNTOF(fallback));
    if (db->schema_count <= 1)
        buf_add_str(&db->catalog_path, buf_str(request_path));
    else
        BUF_ADD_LIT(&db->catalog_path, "''");
}

/* The statements that a connection, or each transaction, begins with. */
static void
set_up(struct pg_db *db, struct str path)
{
    if (db->unprepared) {
        BUF_ADD_LIT(&db->session_sql, "SELECT false");
        pg_session_transaction_sql(&db->transaction_sql, path, db->statement_timeout_ms);
        buf_cstr(&db->transaction_sql);
    } else {
        pg_session_sql(&db->session_sql, path, db->statement_timeout_ms);
        pg_session_add_group_question(&db->session_sql);
    }
    buf_cstr(&db->session_sql);
}

bool
pg_open_reader(const struct pg_db *db, struct str search_path, PGconn **out, struct err *err)
{
    return db->unprepared
               ? pg_session_open_transaction(&db->target, search_path, db->connect_timeout_ms, out,
                                             err)
               : pg_session_open(&db->target, search_path, db->connect_timeout_ms, out, err);
}

static bool
pg_open(const struct db_options *options, const char *url, struct db **out, struct err *err)
{
    struct pg_db *db = xcalloc(1, sizeof(*db));
    struct buf path;

    db->base.driver = &db_postgres_driver;
    db->pool = options->pool > 0 ? options->pool : 1;
    db->statement_timeout_ms = options->statement_timeout_ms;
    db->connect_timeout_ms = options->connect_timeout_ms > 0 ? options->connect_timeout_ms : 5000;
    db->pool_timeout_ms =
        options->pool_timeout_ms > 0 ? options->pool_timeout_ms : db->connect_timeout_ms;
    db->queue_max = options->queue_max;
    db->unprepared = options->unprepared;
    db->channel = options->channel != NULL ? xstrdup(options->channel) : NULL;
    db->anon = options->anon;
    db->schema_count = options->schema_count;
    db->schemas = xcalloc(options->schema_count + 1, sizeof(*db->schemas));
    for (size_t i = 0; i < options->schema_count; i++)
        db->schemas[i] = xstrdup(options->schemas[i]);
    buf_init(&db->session_sql, PATH_MAX_BYTES);
    buf_init(&db->transaction_sql, PATH_MAX_BYTES);
    buf_init(&db->migration_path, PATH_MAX_BYTES);
    buf_init(&db->catalog_path, PATH_MAX_BYTES);
    buf_init(&db->computed_path, PATH_MAX_BYTES);

    if (!pg_target_init(&db->target, url, err)) {
        pg_close(&db->base);
        return false;
    }
    pg_target_describe(&db->target, db->base.description, sizeof(db->base.description));
    buf_init(&path, PATH_MAX_BYTES);
    make_paths(db, options, &path);
    set_up(db, buf_str(&path));
    buf_fini(&path);
    *out = &db->base;
    return true;
}

const struct db_driver db_postgres_driver = {
    .dialect = DB_POSTGRES,
    .open = pg_open,
    .close = pg_close,
    .loop_open = pg_loop_open,
    .loop_close = pg_loop_close,
    .submit = pg_loop_submit,
    .get_link = pg_loop_get_link,
    .introspect = pg_introspect,
    .list_rights = pg_list_rights,
    .migrations_list = pg_migrations_list,
    .migrate = pg_migrate,
    .refresh_rules = pg_rules_refresh,
    .listen = pg_listen,
    .listen_stop = pg_listen_stop,
};
