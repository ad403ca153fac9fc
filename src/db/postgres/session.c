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

void
pg_session_sql(struct buf *out, struct str search_path, int64_t statement_timeout_ms)
{
    BUF_ADD_LIT(out, "SET TimeZone = 'UTC';"
                     "SET DateStyle = 'ISO, MDY';"
                     "SET IntervalStyle = 'postgres';"
                     "SET bytea_output = 'hex';"
                     "SET extra_float_digits = 1;"
                     "SET standard_conforming_strings = on;"
                     "SET xmlbinary = 'base64';"
                     "SET row_security = on;"
                     "SET default_transaction_read_only = off;"
                     "SET jit = off;"
                     "SET plan_cache_mode = auto;"
                     "SET lock_timeout = 0;");
    buf_printf(out, "SET statement_timeout = %lld;", (long long)statement_timeout_ms);
    /* Only a transaction whose outcome this process has to decide is ever left open, and not for
     * longer than a turn of the loop. */
    BUF_ADD_LIT(out, "SET idle_in_transaction_session_timeout = 30000;");
    /* An answer of 2xx means that the write is on disk. */
    BUF_ADD_LIT(out, "SELECT pg_catalog.set_config('synchronous_commit', 'on', false)"
                     " WHERE pg_catalog.current_setting('synchronous_commit') = 'off';");
    BUF_ADD_LIT(out, "SET search_path = ");
    buf_add_str(out, search_path);
}

/* The function has one more argument from PostgreSQL 17 on, so it is not asked for by its types. */
void
pg_session_add_group_question(struct buf *out)
{
    BUF_ADD_LIT(out, ";SELECT NOT pg_catalog.pg_is_in_recovery() AND EXISTS ("
                     "SELECT FROM pg_catalog.pg_proc WHERE proname = 'pg_logical_emit_message'"
                     " AND pronamespace = 'pg_catalog'::regnamespace"
                     " AND proargtypes[2] = 'text'::regtype"
                     " AND pg_catalog.has_function_privilege(oid, 'EXECUTE'))");
}

bool
pg_session_open(const struct pg_target *target, struct str search_path, int64_t connect_timeout_ms,
                PGconn **out, struct err *err)
{
    struct pg_params params;
    struct buf sql;
    PGconn *pq = NULL;
    PGresult *res = NULL;

    *out = NULL;
    buf_init(&sql, 64 * 1024);
    pg_params_init(&params, target, target->hosts, target->host_count, connect_timeout_ms);
    pq = PQconnectdbParams(params.keywords, params.values, 0);
    if (PQstatus(pq) != CONNECTION_OK) {
        pg_error_from_connection(err, pq);
        err_prefix(err, "unable to connect to PostgreSQL: ");
        goto out;
    }
    PQsetNoticeProcessor(pq, pg_notice_ignore, NULL);

    pg_session_sql(&sql, search_path, 0);
    res = pg_session_query(pq, buf_cstr(&sql), NULL, 0, err);
    if (res == NULL)
        goto out;
    *out = pq;
    pq = NULL;

out:
    PQclear(res);
    PQfinish(pq);
    pg_params_fini(&params);
    buf_fini(&sql);
    return *out != NULL;
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
