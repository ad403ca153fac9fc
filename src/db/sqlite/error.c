/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite's errors in PostgreSQL's words.
 * Source: https://sqlite.org/rescode.html; PostgreSQL 15 documentation, appendix A.
 */
#include <errno.h>

#include "core/log.h"
#include "db/sqlite/conn.h"

void
lite_error_timeout(struct err *err)
{
    err_set(err, ERR_DB, "57014", "canceling statement due to statement timeout");
}

/* What SQLite says with SQLITE_ERROR has no code of its own, only text. */
static const struct {
    struct str prefix;
    const char *code;
    const char *format; /* of what follows the prefix */
} texts[] = {
    {{"ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint", 70},
     "42P10",
     "there is no unique or exclusion constraint matching the ON CONFLICT specification%.*s"},
    {{"no such table: ", 15}, "42P01", "relation \"%.*s\" does not exist"},
    {{"no such column: ", 16}, "42703", "column \"%.*s\" does not exist"},
    {{"no such function: ", 18}, "42883", "function %.*s does not exist"},
    {{"no such collation sequence: ", 28}, "42704", "collation \"%.*s\" does not exist"},
    {{"ambiguous column name: ", 23}, "42702", "column reference \"%.*s\" is ambiguous"},
    {{"integer overflow", 16}, "22003", "bigint out of range%.*s"},
    {{"malformed JSON", 14}, "22P02", "invalid input syntax for type json%.*s"},
    {{"too many SQL variables", 22}, "54000", "too many parameters%.*s"},
    {{"Expression tree is too large", 28}, "54001", "the expression is nested too deep%.*s"},
    {{"parser stack overflow", 21}, "54001", "the expression is nested too deep%.*s"},
    {{"too many terms in compound SELECT", 33}, "54001", "the query has too many parts%.*s"},
    {{"too many levels of trigger recursion", 36}, "54001", "stack depth limit exceeded%.*s"},
    {{"LIKE or GLOB pattern too complex", 32}, "54000", "the pattern is too complex%.*s"},
};

static void
error_from_text(struct str text, struct err *err)
{
    for (size_t i = 0; i < COUNTOF(texts); i++) {
        if (!str_has_prefix(text, texts[i].prefix))
            continue;
        struct str rest = str_slice(text, texts[i].prefix.len, text.len);
        if (texts[i].code[0] != '4')
            rest = STR("");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        err_set(err, ERR_DB, texts[i].code, texts[i].format, STR_ARG(rest));
#pragma GCC diagnostic pop
        return;
    }
    log_event(LOG_ERROR, "sqlite-statement-failed", LOG_STR("message", text));
    err_set(err, ERR_INTERNAL, "XX000", "%.*s", STR_ARG(text));
}

static void
error_from_constraint(int rc, const char *text, struct err *err)
{
    const char *code = "23000";

    switch (rc) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        code = "23505";
        break;
    case SQLITE_CONSTRAINT_NOTNULL:
        code = "23502";
        break;
    case SQLITE_CONSTRAINT_CHECK:
        code = "23514";
        break;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
    case SQLITE_CONSTRAINT_COMMITHOOK:
        code = "23503";
        break;
    case SQLITE_CONSTRAINT_DATATYPE:
        code = "42804";
        break;
    case SQLITE_CONSTRAINT_TRIGGER:
        code = "P0001";
        break;
    default:
        break;
    }
    err_set(err, ERR_DB, code, "%s", text);
}

static void
error_disk_full(struct err *err)
{
    err_set(err, ERR_UNAVAILABLE, "53100", "unable to write to the database: the disk is full");
    err->http_status = 503;
    err_hint(err, "Nothing was changed. Reads go on; writes work again when there is space.");
}

static void
error_io(struct lite_conn *conn, int rc, const char *text, struct err *err)
{
    int system = sqlite3_system_errno(conn->db);

    if ((rc == SQLITE_IOERR_WRITE || rc == SQLITE_IOERR_SHMSIZE) &&
        (system == ENOSPC || system == EDQUOT || system == EFBIG)) {
        error_disk_full(err);
        return;
    }
    err_set(err, ERR_UNAVAILABLE, "58030", "unable to reach the database file: %s (%s)", text,
            system != 0 ? strerror(system) : sqlite3_errstr(rc));
    err->http_status = 503;
}

void
lite_error_set(struct lite_conn *conn, int rc, struct err *err)
{
    const char *text = sqlite3_errmsg(conn->db);

    switch (rc & 0xff) {
    case SQLITE_CONSTRAINT:
        if (!functions_split_error(text, err))
            error_from_constraint(rc, text, err);
        break;
    case SQLITE_INTERRUPT:
        lite_error_timeout(err);
        break;
    case SQLITE_FULL:
        error_disk_full(err);
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        err_set(err, ERR_UNAVAILABLE, "55P03",
                "unable to use the database: another program holds the file");
        err->http_status = 503;
        err_hint(err, "Nothing was changed. End the other program's transaction.");
        break;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
        error_io(conn, rc, text, err);
        break;
    case SQLITE_NOMEM:
        err_set(err, ERR_UNAVAILABLE, "53200", "out of memory");
        err->http_status = 503;
        break;
    case SQLITE_TOOBIG:
        err_set(err, ERR_DB, "54000", "a value is larger than the database can hold");
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        err_set(err, ERR_INTERNAL, "XX001", "the database file is damaged: %s", text);
        break;
    case SQLITE_READONLY:
        err_set(err, ERR_DB, "25006", "cannot write in a read-only transaction");
        break;
    case SQLITE_MISMATCH:
        err_set(err, ERR_DB, "42804", "%s", text);
        break;
    default:
        if (!functions_split_error(text, err))
            error_from_text(str_from(text), err);
        break;
    }
}
