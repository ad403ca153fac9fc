/* SPDX-License-Identifier: Apache-2.0 */
#include "db/postgres/session.h"

#include "db/postgres/error.h"
#include "sql/quote.h"

static void
add_name(struct buf *out, size_t start, const char *name)
{
    if (out->len > start)
        BUF_ADD_LIT(out, ", ");
    quote_ident(out, str_from(name));
}

void
pg_session_add_path(struct buf *out, const char *const *schemas, size_t schema_count,
                    const char *const *extra, size_t extra_count)
{
    size_t start = out->len;

    for (size_t i = 0; i < schema_count; i++)
        add_name(out, start, schemas[i]);
    for (size_t i = 0; i < extra_count; i++) {
        bool is_there = false;

        for (size_t j = 0; j < schema_count; j++)
            is_there = is_there || strcmp(extra[i], schemas[j]) == 0;
        if (!is_there)
            add_name(out, start, extra[i]);
    }
    if (out->len == start)
        BUF_ADD_LIT(out, "''");
}

void
pg_session_add_array(struct buf *out, const char *const *names, size_t count)
{
    buf_add_char(out, '{');
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "%s\"", i > 0 ? "," : "");
        for (const char *c = names[i]; *c != '\0'; c++) {
            if (*c == '"' || *c == '\\')
                buf_add_char(out, '\\');
            buf_add_char(out, *c);
        }
        buf_add_char(out, '"');
    }
    buf_add_char(out, '}');
}

static const char *const settings[][2] = {
    {"TimeZone", "UTC"},
    {"DateStyle", "ISO, MDY"},
    {"IntervalStyle", "postgres"},
    {"bytea_output", "hex"},
    {"extra_float_digits", "1"},
    {"standard_conforming_strings", "on"},
    {"xmlbinary", "base64"},
    {"row_security", "on"},
    {"jit", "off"},
    {"plan_cache_mode", "auto"},
    {"lock_timeout", "0"},
    /* Only a transaction whose outcome this process has to decide is ever left open, and not for
     * longer than a turn of the loop. */
    {"idle_in_transaction_session_timeout", "30000"},
};

/* The names stay in quotes, as PostgREST has them: code in the database may read the setting. */
static void
add_search_path(struct buf *out, struct str search_path)
{
    BUF_ADD_LIT(out, "pg_catalog.set_config('search_path',");
    quote_text(out, str_eq(search_path, STR("''")) ? STR("\"\"") : search_path);
}

void
pg_session_sql(struct buf *out, struct str search_path, int64_t statement_timeout_ms)
{
    for (size_t i = 0; i < COUNTOF(settings); i++)
        buf_printf(out, "SET %s = '%s';", settings[i][0], settings[i][1]);
    BUF_ADD_LIT(out, "SET default_transaction_read_only = off;");
    buf_printf(out, "SET statement_timeout = %lld;", (long long)statement_timeout_ms);
    /* An answer of 2xx means that the write is on disk. */
    BUF_ADD_LIT(out, "SELECT pg_catalog.set_config('synchronous_commit', 'on', false)"
                     " WHERE pg_catalog.current_setting('synchronous_commit') = 'off';");
    BUF_ADD_LIT(out, "SELECT ");
    add_search_path(out, search_path);
    BUF_ADD_LIT(out, ",false)");
}

void
pg_session_transaction_sql(struct buf *out, struct str search_path, int64_t statement_timeout_ms)
{
    BUF_ADD_LIT(out, "SELECT ");
    for (size_t i = 0; i < COUNTOF(settings); i++)
        buf_printf(out, "pg_catalog.set_config('%s','%s',true),", settings[i][0], settings[i][1]);
    buf_printf(out, "pg_catalog.set_config('statement_timeout','%lld',true),",
               (long long)statement_timeout_ms);
    BUF_ADD_LIT(out, "pg_catalog.set_config('synchronous_commit',"
                     "CASE pg_catalog.current_setting('synchronous_commit') WHEN 'off' THEN 'on'"
                     " ELSE pg_catalog.current_setting('synchronous_commit') END,true),");
    add_search_path(out, search_path);
    BUF_ADD_LIT(out, ",true)");
}

/* The function has one more argument from PostgreSQL 17 on, so it is not asked for by its types. */
void
pg_session_add_group_question(struct buf *out)
{
    BUF_ADD_LIT(out, ";SELECT NOT pg_catalog.pg_is_in_recovery() AND EXISTS ("
                     "SELECT FROM pg_catalog.pg_proc WHERE proname = 'pg_logical_emit_message'"
                     " AND pronamespace = 'pg_catalog'::regnamespace"
                     " AND proargtypes[2] = 'text'::regtype"
                     " AND pg_catalog.has_function_privilege(oid, 'EXECUTE')),"
                     " pg_catalog.current_setting('synchronous_commit')");
}

/* Connects and runs sql, blocking. */
static bool
open_with(const struct pg_target *target, const char *sql, int64_t connect_timeout_ms, PGconn **out,
          struct err *err)
{
    struct pg_params params;
    PGconn *pq = NULL;
    PGresult *res = NULL;

    *out = NULL;
    pg_params_init(&params, target, target->hosts, target->host_count, connect_timeout_ms);
    pq = PQconnectdbParams(params.keywords, params.values, 0);
    if (PQstatus(pq) != CONNECTION_OK) {
        pg_error_from_connection(err, pq);
        err_prefix(err, "unable to connect to PostgreSQL: ");
        goto out;
    }
    PQsetNoticeProcessor(pq, pg_notice_ignore, NULL);

    res = pg_session_query(pq, sql, NULL, 0, err);
    if (res == NULL)
        goto out;
    *out = pq;
    pq = NULL;

out:
    PQclear(res);
    PQfinish(pq);
    pg_params_fini(&params);
    return *out != NULL;
}

bool
pg_session_open(const struct pg_target *target, struct str search_path, int64_t connect_timeout_ms,
                PGconn **out, struct err *err)
{
    struct buf sql;
    bool ok = false;

    buf_init(&sql, 64 * 1024);
    pg_session_sql(&sql, search_path, 0);
    ok = open_with(target, buf_cstr(&sql), connect_timeout_ms, out, err);
    buf_fini(&sql);
    return ok;
}

bool
pg_session_open_transaction(const struct pg_target *target, struct str search_path,
                            int64_t connect_timeout_ms, PGconn **out, struct err *err)
{
    struct buf sql;
    bool ok = false;

    buf_init(&sql, 64 * 1024);
    BUF_ADD_LIT(&sql, "BEGIN ISOLATION LEVEL REPEATABLE READ;");
    pg_session_transaction_sql(&sql, search_path, 0);
    ok = open_with(target, buf_cstr(&sql), connect_timeout_ms, out, err);
    buf_fini(&sql);
    return ok;
}

void
pg_session_close(PGconn *pq)
{
    if (PQtransactionStatus(pq) != PQTRANS_IDLE)
        PQclear(PQexec(pq, "ROLLBACK"));
    PQfinish(pq);
}

PGresult *
pg_session_query(PGconn *pq, const char *sql, const char *const *params, int param_count,
                 struct err *err)
{
    PGresult *res = param_count > 0
                        ? PQexecParams(pq, sql, param_count, NULL, params, NULL, NULL, 0)
                        : PQexec(pq, sql);
    ExecStatusType status = PQresultStatus(res);

    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY)
        return res;
    pg_error_from_result(err, res, pq);
    PQclear(res);
    return NULL;
}

bool
pg_session_run(PGconn *pq, const char *sql, struct err *err)
{
    PGresult *res = pg_session_query(pq, sql, NULL, 0, err);

    PQclear(res);
    return res != NULL;
}
