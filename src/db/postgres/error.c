/* SPDX-License-Identifier: Apache-2.0 */
#include "db/postgres/error.h"

#include "core/buf.h"

void
pg_notice_ignore(void *arg, const char *message)
{
    (void)arg;
    (void)message;
}

/* The whole class of the connection, of resources, and of a server that stops or starts: the same
 * request may succeed later. */
static bool
is_unavailable(const char *state)
{
    return strncmp(state, "08", 2) == 0 || strncmp(state, "53", 2) == 0 ||
           strcmp(state, "57P01") == 0 || strcmp(state, "57P02") == 0 ||
           strcmp(state, "57P03") == 0;
}

/* libpq's texts have several lines: those that begin with a tab only explain the one before. */
static void
set_from_text(struct err *err, const char *text)
{
    struct str rest = str_trim(str_from(text));
    struct buf line;

    buf_init(&line, sizeof(err->message));
    while (rest.data != NULL) {
        struct str part = str_cut(&rest, '\n');

        if (part.len == 0 || part.data[0] == '\t')
            continue;
        buf_printf(&line, "%s%.*s", line.len > 0 ? "; " : "", STR_ARG(part));
    }
    err_set(err, ERR_UNAVAILABLE, "08006", "%.*s", STR_ARG(buf_str(&line)));
    buf_fini(&line);
}

void
pg_error_from_connection(struct err *err, const PGconn *pq)
{
    const char *text = pq != NULL ? PQerrorMessage(pq) : "";

    set_from_text(err, text[0] != '\0' ? text : "the connection is closed");
}

void
pg_error_from_result(struct err *err, const PGresult *res, const PGconn *pq)
{
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL);
    const char *hint = PQresultErrorField(res, PG_DIAG_MESSAGE_HINT);

    if (state == NULL) {
        if (res == NULL || PQresultErrorMessage(res)[0] == '\0') {
            pg_error_from_connection(err, pq);
        } else {
            set_from_text(err, PQresultErrorMessage(res));
        }
        return;
    }
    err_set(err, is_unavailable(state) ? ERR_UNAVAILABLE : ERR_DB, state, "%s",
            message != NULL ? message : "");
    if (detail != NULL)
        err_details(err, "%s", detail);
    if (hint != NULL)
        err_hint(err, "%s", hint);
}

bool
pg_error_is_fatal(const PGresult *res)
{
    const char *severity = PQresultErrorField(res, PG_DIAG_SEVERITY_NONLOCALIZED);

    return severity != NULL && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0);
}

/*
 * 26000: the name is not there, because its preparation was skipped after an error before it.
 * 0A000: "cached plan must not change result type". Class 42: what was valid when it was prepared
 * is not any more, or means something else: the types of its parameters were settled then. A
 * missing privilege is no question of the plan.
 */
bool
pg_error_is_stale_plan(const PGresult *res)
{
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

    return state != NULL && (strcmp(state, "26000") == 0 || strcmp(state, "0A000") == 0 ||
                             (strncmp(state, "42", 2) == 0 && strcmp(state, "42501") != 0));
}
