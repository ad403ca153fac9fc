/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Migrations on PostgreSQL: the server runs the text, and decides what is right in it.
 *
 * Each runs on a connection of its own, because a dump sets search_path and more for its session.
 * The text goes over in chunks of whole statements; an error is told the place in the file from the
 * position that the server gives, or from how many statements of the chunk succeeded.
 */
#include "core/clock.h"
#include "db/postgres/error.h"
#include "db/postgres/pg.h"
#include "db/postgres/rules.h"
#include "db/postgres/session.h"
#include "sql/script.h"

/* "cairn" in ASCII: the advisory lock that keeps other processes out. */
#define LOCK_KEY "426836062830"
#define LOCK_TIMEOUT "10min"
#define CHUNK_BYTES (64 * 1024)
#define CHUNK_PIECES 512
#define COPY_BYTES (256 * 1024)
#define QUOTE_BYTES 60

struct run {
    PGconn *pq;
    struct str name, text;
    struct script script;
    struct script_cursor cursor;
    struct buf sql;
    /* Statements that are sent together; offsets into text. */
    struct script_piece pieces[CHUNK_PIECES];
    uint32_t piece_count;
    struct err *err;
};

/* Errors with their place */

/* One line of the statement, so that it is recognised. */
static void
quote(struct run *run, const struct script_piece *piece)
{
    struct str statement = str_slice(run->text, piece->from, piece->to);
    struct str line = str_slice(statement, 0, str_find_char(statement, '\n', 0));

    while (line.len > QUOTE_BYTES && ((unsigned char)line.data[line.len - 1] & 0xC0) == 0x80)
        line.len--;
    if (line.len > QUOTE_BYTES)
        line.len = QUOTE_BYTES;
    while (line.len > 0 && line.len < statement.len &&
           ((unsigned char)statement.data[line.len] & 0xC0) == 0x80)
        line.len--;
    err_details(run->err, "In: %.*s%s", STR_ARG(line), line.len < statement.len ? " ..." : "");
}

static bool
fail_at(struct run *run, const struct script_piece *piece, size_t at, const char *code,
        const char *message)
{
    struct script_position position = script_position(&run->cursor, run->text, at);

    err_set(run->err, ERR_MIGRATION, code, "%.*s:%u:%u: %s", STR_ARG(run->name), position.line,
            position.column, message);
    quote(run, piece);
    return false;
}

/* The server counts characters from 1; the file is counted in bytes. */
static size_t
offset_of_character(struct str text, size_t from, int64_t number)
{
    size_t at = from;

    for (int64_t i = 1; i < number && at < text.len; i++) {
        at++;
        while (at < text.len && ((unsigned char)text.data[at] & 0xC0) == 0x80)
            at++;
    }
    return at;
}

/* "COPY item, line 3, column id": the line within the data; 0 when it is not said. */
static int64_t
copy_line(const PGresult *res)
{
    const char *context = PQresultErrorField(res, PG_DIAG_CONTEXT);
    const char *line = context != NULL ? strstr(context, ", line ") : NULL;

    return line != NULL ? strtol(line + 7, NULL, 10) : 0;
}

/* What the server said about the piece with this index. */
static bool
fail_result(struct run *run, uint32_t index, const PGresult *res)
{
    const struct script_piece *piece = &run->pieces[index < run->piece_count ? index : 0];
    const char *position = PQresultErrorField(res, PG_DIAG_STATEMENT_POSITION);
    size_t at = piece->from;
    int64_t number = 0;
    struct err said;

    pg_error_from_result(&said, res, run->pq);
    if (said.kind == ERR_UNAVAILABLE) {
        *run->err = said;
        err_prefix(run->err, "unable to apply migration '%.*s': ", STR_ARG(run->name));
        return false;
    }
    if (position != NULL && str_to_i64(str_from(position), &number)) {
        at = offset_of_character(run->text, run->pieces[0].from, number);
    } else if (piece->has_data && copy_line(res) > 0) {
        at = piece->data_from;
        for (int64_t line = copy_line(res); line > 1 && at < piece->data_to; line--)
            at = str_find_char(run->text, '\n', at) + 1;
    }
    fail_at(run, piece, at, said.code, said.message);
    if (said.has_details)
        err_details(run->err, "%s", said.details);
    if (said.has_hint)
        err_hint(run->err, "%s", said.hint);
    return false;
}

/* Running */

static bool
send_copy(struct run *run)
{
    struct str data = str_slice(run->text, run->pieces[0].data_from, run->pieces[0].data_to);

    for (size_t at = 0; at < data.len; at += COPY_BYTES) {
        struct str part = str_slice(data, at, at + COPY_BYTES);

        if (PQputCopyData(run->pq, part.data, (int)part.len) != 1)
            return false;
    }
    return PQputCopyEnd(run->pq, NULL) == 1;
}

static void
skip_copy_out(PGconn *pq)
{
    char *row = NULL;

    while (PQgetCopyData(pq, &row, 0) > 0)
        PQfreemem(row);
}

/* Takes the answers to one chunk, all of them in any case. */
static bool
take_results(struct run *run)
{
    uint32_t succeeded = 0;
    bool ok = true;

    for (PGresult *res = PQgetResult(run->pq); res != NULL; res = PQgetResult(run->pq)) {
        ExecStatusType status = PQresultStatus(res);

        if (status == PGRES_COPY_IN) {
            if (!run->pieces[0].has_data)
                PQputCopyEnd(run->pq, "no data follows the statement");
            else if (!send_copy(run))
                status = PGRES_FATAL_ERROR;
        } else if (status == PGRES_COPY_OUT) {
            skip_copy_out(run->pq);
        } else if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
            succeeded++;
        }
        if (ok && (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE))
            ok = fail_result(run, succeeded, res);
        PQclear(res);
        if (PQstatus(run->pq) == CONNECTION_BAD)
            break;
    }
    return ok;
}

static bool
run_chunk(struct run *run)
{
    bool ok;

    if (run->piece_count == 0)
        return true;
    buf_clear(&run->sql);
    buf_add_str(&run->sql,
                str_slice(run->text, run->pieces[0].from, run->pieces[run->piece_count - 1].to));
    if (!buf_ok(&run->sql))
        return fail_at(run, &run->pieces[0], run->pieces[0].from, "54000",
                       "the statement is too large");
    if (!PQsendQuery(run->pq, buf_cstr(&run->sql))) {
        pg_error_from_connection(run->err, run->pq);
        return false;
    }
    ok = take_results(run);
    if (ok && PQtransactionStatus(run->pq) != PQTRANS_INTRANS)
        ok = fail_at(run, &run->pieces[0], run->pieces[0].from, "25000",
                     "the migration ended its own transaction");
    run->piece_count = 0;
    return ok;
}

/* The text of word number (from 0) of a statement. */
static struct str
word_of(struct run *run, const struct script_piece *piece, unsigned number)
{
    struct str rest = str_slice(run->text, piece->from, piece->to);
    struct str word = STR_NULL;

    for (unsigned i = 0; i <= number; i++) {
        size_t end = 0;

        rest = str_trim(rest);
        while (end < rest.len && ((rest.data[end] | 0x20) >= 'a' && (rest.data[end] | 0x20) <= 'z'))
            end++;
        word = str_slice(rest, 0, end);
        rest = str_slice(rest, end, rest.len);
    }
    return word;
}

/* The whole file is one transaction, as on the embedded engine. */
static bool
is_transaction_control(struct run *run, const struct script_piece *piece)
{
    static const struct {
        const char *first, *second;
    } words[] = {
        {"begin", NULL},     {"start", "transaction"}, {"commit", NULL},
        {"end", NULL},       {"rollback", NULL},       {"abort", NULL},
        {"savepoint", NULL}, {"release", NULL},        {"prepare", "transaction"},
    };

    for (size_t i = 0; i < COUNTOF(words); i++)
        if (str_eq_nocase(word_of(run, piece, 0), str_from(words[i].first)) &&
            (words[i].second == NULL ||
             str_eq_nocase(word_of(run, piece, 1), str_from(words[i].second))))
            return true;
    return false;
}

/* Adds a statement to the chunk, running what can't be with it. */
static bool
take_piece(struct run *run, const struct script_piece *piece)
{
    if (is_transaction_control(run, piece)) {
        struct str text = str_slice(run->text, piece->from, piece->to);
        char message[128];

        snprintf(message, sizeof(message),
                 "unable to apply '%.*s': each migration is one transaction already",
                 (int)(text.len < QUOTE_BYTES ? text.len : QUOTE_BYTES), text.data);
        fail_at(run, piece, piece->from, "0A000", message);
        err_hint(run->err, "remove BEGIN, COMMIT and the like");
        return false;
    }
    if (run->piece_count > 0 &&
        (piece->has_data || piece->after_command || run->piece_count == CHUNK_PIECES ||
         piece->to - run->pieces[0].from > CHUNK_BYTES) &&
        !run_chunk(run))
        return false;
    run->pieces[run->piece_count++] = *piece;
    return !piece->has_data || run_chunk(run);
}

static bool
run_text(struct run *run)
{
    struct script_piece piece;
    struct script_fault fault;

    if (run->text.len > 0 &&
        (memchr(run->text.data, '\0', run->text.len) != NULL || !str_is_utf8(run->text)))
        return err_set(run->err, ERR_MIGRATION, "22021",
                       "%.*s:1:1: the file is not UTF-8 text without NUL characters",
                       STR_ARG(run->name));
    script_init(&run->script, run->text);
    while (script_next(&run->script, &piece, &fault))
        if (!take_piece(run, &piece))
            return false;
    if (fault.cause != NULL) {
        piece = (struct script_piece){.from = fault.at, .to = run->text.len};
        fail_at(run, &piece, fault.at, "42601", fault.cause);
        err_hint(run->err, "%s", fault.hint);
        return false;
    }
    return run_chunk(run);
}

/* The record */

/* Until the end of the session. */
static bool
take_lock(PGconn *pq, struct err *err)
{
    if (pg_session_run(pq,
                       "SET lock_timeout = '" LOCK_TIMEOUT "';"
                       "SELECT pg_catalog.pg_advisory_lock(" LOCK_KEY ");"
                       "SET lock_timeout = 0",
                       err))
        return true;
    err_prefix(err, "unable to wait for other migrations: ");
    return false;
}

static bool
has_record_table(PGconn *pq, bool *exists, struct err *err)
{
    PGresult *res =
        pg_session_query(pq, "SELECT pg_catalog.to_regclass('cairn.migrations')", NULL, 0, err);

    *exists = res != NULL && !PQgetisnull(res, 0, 0);
    PQclear(res);
    return res != NULL;
}

/* Under the lock, because two that make it at once would fail. */
static bool
make_record_table(PGconn *pq, struct err *err)
{
    if (pg_session_run(
            pq,
            "CREATE SCHEMA IF NOT EXISTS cairn;"
            "CREATE TABLE IF NOT EXISTS cairn.migrations (name text PRIMARY KEY,"
            " checksum text NOT NULL,"
            " applied_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp());"
            "COMMENT ON TABLE cairn.migrations IS 'What cairn has applied to this database.'",
            err))
        return true;
    err_prefix(err, "unable to create table 'cairn.migrations': ");
    if (strcmp(err->code, "42501") == 0)
        err_hint(err, "Let the role create it: GRANT CREATE ON DATABASE ... TO ...");
    return false;
}

static bool
prepare_record(PGconn *pq, struct err *err)
{
    bool exists = false;

    return take_lock(pq, err) && has_record_table(pq, &exists, err) &&
           (exists || make_record_table(pq, err));
}

/* Already there with the same content: *applied false. With another: an error. */
static bool
find_record(struct run *run, struct str checksum, bool *found)
{
    char *name = NULL;
    PGresult *res = NULL;
    struct str recorded;
    bool ok = true;

    name = xcalloc(run->name.len + 1, 1);
    memcpy(name, run->name.data, run->name.len);
    res = pg_session_query(run->pq, "SELECT checksum FROM cairn.migrations WHERE name = $1",
                           (const char *const *)&name, 1, run->err);
    free(name);
    if (res == NULL)
        return false;
    *found = PQntuples(res) > 0;
    recorded = *found ? str_from(PQgetvalue(res, 0, 0)) : STR_NULL;
    if (*found && !str_eq(recorded, checksum)) {
        ok = err_set(run->err, ERR_MIGRATION, "CAIRN-CONFIG",
                     "unable to apply migration '%.*s': it was applied before, with other content",
                     STR_ARG(run->name));
        err_hint(run->err, "Restore the file as it was, and write the change as a new migration.");
    }
    PQclear(res);
    return ok;
}

static bool
record(struct run *run, struct str checksum)
{
    struct buf text;
    const char *params[2];
    PGresult *res = NULL;

    buf_init(&text, 64 * 1024);
    buf_add_str(&text, run->name);
    buf_add_char(&text, '\0');
    buf_add_str(&text, checksum);
    params[0] = buf_cstr(&text);
    params[1] = params[0] + run->name.len + 1;
    /* The text may have changed who asks. */
    if (pg_session_run(run->pq, "RESET SESSION AUTHORIZATION; RESET ROLE", run->err))
        res = pg_session_query(run->pq,
                               "INSERT INTO cairn.migrations (name, checksum) VALUES ($1, $2)",
                               params, 2, run->err);
    buf_fini(&text);
    PQclear(res);
    return res != NULL;
}

/* Other processes that serve this database hear of it when it is committed. */
static bool
tell(struct run *run, const char *channel)
{
    PGresult *res = NULL;

    if (channel == NULL)
        return true;
    res = pg_session_query(run->pq, "SELECT pg_catalog.pg_notify($1, 'reload schema')", &channel, 1,
                           run->err);
    PQclear(res);
    return res != NULL;
}

/* A lost connection leaves open whether the commit happened; any other failure undid everything. */
static bool
commit(struct run *run)
{
    PGresult *res = PQexec(run->pq, "COMMIT");
    bool ok = PQresultStatus(res) == PGRES_COMMAND_OK && strcmp(PQcmdStatus(res), "COMMIT") == 0;

    if (!ok && PQstatus(run->pq) == CONNECTION_BAD) {
        err_set(run->err, ERR_UNKNOWN, "CAIRN-UNKNOWN",
                "unable to say whether migration '%.*s' was applied: the connection was lost",
                STR_ARG(run->name));
        err_hint(run->err, "Run the migrations again; what is there is not applied twice.");
    } else if (!ok) {
        pg_error_from_result(run->err, res, run->pq);
        run->err->kind = ERR_MIGRATION;
        err_prefix(run->err, "%.*s:1:1: at the end of the transaction: ", STR_ARG(run->name));
    }
    PQclear(res);
    return ok;
}

static bool
apply(struct run *run, const struct pg_db *db, struct str checksum)
{
    struct pg_rules rules;
    bool ok;

    pg_rules_read(run->text, &rules);
    ok = pg_session_run(run->pq, "BEGIN", run->err) &&
         pg_rules_prepare(run->pq, db, &rules, run->err) && run_text(run) &&
         record(run, checksum) && pg_rules_settle(run->pq, db, &rules, run->err) &&
         tell(run, db->channel) && commit(run);
    pg_rules_fini(&rules);
    return ok;
}

bool
pg_migrate(struct db *base, struct str name, struct str text, struct str checksum, bool *applied,
           struct err *err)
{
    struct pg_db *db = (struct pg_db *)base;
    struct run *run = xcalloc(1, sizeof(*run));
    bool found = false;
    bool ok = false;

    *applied = false;
    run->name = name;
    run->text = text;
    run->err = err;
    buf_init(&run->sql, (size_t)1 << 30);
    if (!pg_session_open(&db->target, buf_str(&db->migration_path), db->connect_timeout_ms,
                         &run->pq, err) ||
        !prepare_record(run->pq, err) || !find_record(run, checksum, &found))
        goto out;
    if (!found && !apply(run, db, checksum))
        goto out;
    *applied = !found;
    ok = true;

out:
    /* Ends what is open, and gives the lock back. */
    PQfinish(run->pq);
    buf_fini(&run->sql);
    free(run);
    return ok;
}

bool
pg_migrations_list(struct db *base, struct arena *arena, struct db_migration **out, size_t *count,
                   struct err *err)
{
    struct pg_db *db = (struct pg_db *)base;
    PGconn *pq = NULL;
    PGresult *res = NULL;
    bool exists = false;

    *out = NULL;
    *count = 0;
    if (pg_open_reader(db, buf_str(&db->migration_path), &pq, err) &&
        has_record_table(pq, &exists, err) && !exists)
        *out = ARENA_ARRAY(arena, struct db_migration, 1);
    if (exists)
        res = pg_session_query(
            pq,
            "SELECT name, checksum, (extract(epoch FROM applied_at) * 1000000)::int8"
            " FROM cairn.migrations ORDER BY applied_at, name COLLATE \"C\"",
            NULL, 0, err);
    if (res != NULL) {
        *out = ARENA_ARRAY(arena, struct db_migration, (size_t)PQntuples(res) + 1);
        for (int row = 0; row < PQntuples(res); row++) {
            struct db_migration *migration = &(*out)[(*count)++];

            migration->name = arena_copy(arena, str_from(PQgetvalue(res, row, 0)));
            migration->checksum = arena_copy(arena, str_from(PQgetvalue(res, row, 1)));
            if (!str_to_i64(str_from(PQgetvalue(res, row, 2)), &migration->applied_us))
                migration->applied_us = 0;
        }
    }
    PQclear(res);
    pg_session_close(pq);
    return *out != NULL;
}
