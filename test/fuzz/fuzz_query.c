/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A data request: any query string, headers and body are refused with an error or become SQL that
 * both engines can parse, in which no byte of a value stands; and requests of one shape become the
 * same SQL.
 *
 * The first byte chooses table and action. The lines that follow are the query string, Prefer,
 * Accept and Range; the rest is the body.
 */
#include <pg_query.h>
#include <sqlite3.h>

#include "core/json.h"
#include "core/map.h"
#include "db/sqlite/functions.h"
#include "fuzz.h"
#include "rest/answer.h"
#include "rest/bind.h"
#include "unit/rest/sample.h"

#define SHAPES_MAX 20000

static struct schema *schema;
static sqlite3 *database;
static const struct functions_env env;
/* SQL by dialect and shape, of what was seen. */
static struct arena *shapes_arena;
static struct map *shapes;

static void
drop_shapes(void)
{
    map_free(shapes);
    arena_free(shapes_arena);
}

static void
make_shapes(void)
{
    shapes = map_new();
    shapes_arena = arena_new(1 << 20, (size_t)1 << 30);
}

static void
drop_all(void)
{
    drop_shapes();
    schema_unref(schema);
    sqlite3_close(database);
}

/* The tables; sequences are the engine's own business. */
static bool
run_step(void *ctx, const struct migration_step *step, struct err *err)
{
    if (!str_has_prefix(step->sql, STR("CREATE ")))
        return true;
    FUZZ_CHECK(sqlite3_exec(database, arena_cstr(ctx, step->sql), NULL, NULL, NULL) == SQLITE_OK);
    return true;
}

static void
make_all(void)
{
    struct arena *arena = arena_new(4096, 1 << 20);
    const struct migration_sink sink = {.run = run_step, .ctx = arena};

    FUZZ_CHECK(sqlite3_open(":memory:", &database) == SQLITE_OK);
    FUZZ_CHECK(functions_register(database, &env));
    schema = sample_schema_into(&sink);
    arena_free(arena);
    make_shapes();
    atexit(drop_all);
}

/* Outside of quotes SQL of ours has no comment, no semicolon and no stray quote. */
static void
check_quotes(struct str sql)
{
    char quote = 0;

    for (size_t i = 0; i < sql.len; i++) {
        char ch = sql.data[i];

        if (quote != 0) {
            if (ch == quote)
                quote = 0;
            continue;
        }
        if (ch == '\'' || ch == '"')
            quote = ch;
        FUZZ_CHECK(ch != ';' && ch != '\\' && ch != '\0');
        FUZZ_CHECK(ch != '-' || i + 1 >= sql.len || sql.data[i + 1] != '-');
    }
    FUZZ_CHECK(quote == 0);
}

static void
check_sqlite(struct str sql)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(database, sql.data, (int)sql.len, &stmt, NULL);

    /* Which columns are unique, only the engine knows. */
    if (rc != SQLITE_OK && strstr(sqlite3_errmsg(database), "ON CONFLICT") == NULL) {
        fprintf(stderr, "%s: %.*s\n", sqlite3_errmsg(database), STR_ARG(sql));
        FUZZ_CHECK(false);
    }
    sqlite3_finalize(stmt);
}

static void
check_postgres(struct str sql, struct arena *arena)
{
    PgQueryParseResult result = pg_query_parse(arena_cstr(arena, sql));

    if (result.error != NULL)
        fprintf(stderr, "%s: %.*s\n", result.error->message, STR_ARG(sql));
    FUZZ_CHECK(result.error == NULL);
    pg_query_free_parse_result(result);
}

/* The SQL and where its parameters come from. */
static void
write_stmt(struct buf *out, const struct emit_stmt *stmt)
{
    buf_add_str(out, stmt->sql);
    for (uint32_t i = 0; i < stmt->param_count; i++) {
        const struct emit_param *param = &stmt->params[i];

        buf_printf(out, "\n%d %u %lld %.*s", param->source, param->index, (long long)param->max,
                   STR_ARG(param->text));
    }
}

/* One shape, one SQL: the plan that is kept for the one request serves the other. */
static void
check_shape(const struct sample_request *request, enum db_dialect dialect)
{
    struct buf key;
    struct buf made;
    struct str *seen = NULL;

    if (request->api.has_literals)
        return;
    buf_init(&key, 2 << 20);
    buf_init(&made, 16 << 20);
    buf_add_char(&key, (char)('0' + dialect));
    buf_add_str(&key, buf_str(&request->shape));
    write_stmt(&made, &request->sql.main);
    write_stmt(&made, &request->sql.shown);
    seen = map_get(shapes, buf_str(&key));
    if (seen != NULL && !str_eq(*seen, buf_str(&made)))
        fprintf(stderr, "%.*s\n%.*s\n", STR_ARG(*seen), STR_ARG(buf_str(&made)));
    FUZZ_CHECK(seen == NULL || str_eq(*seen, buf_str(&made)));
    if (map_count(shapes) >= SHAPES_MAX) {
        drop_shapes();
        make_shapes();
    } else if (seen == NULL) {
        seen = ARENA_NEW(shapes_arena, struct str);
        *seen = arena_copy(shapes_arena, buf_str(&made));
        map_put(shapes, arena_copy(shapes_arena, buf_str(&key)), seen);
    }
    buf_fini(&made);
    buf_fini(&key);
}

static void
check_stmt(struct sample_request *request, enum db_dialect dialect, const struct emit_stmt *stmt)
{
    struct value *rowids = NULL;
    struct bind_input input = {
        .dialect = dialect,
        .plan = request->plan,
        .slots = request->api.slots,
        .payload = &request->payload,
        .rowids = &rowids,
        .arena = request->arena,
    };
    struct db_stmt out = {0};
    struct err err = {0};

    if (stmt->sql.data == NULL)
        return;
    check_quotes(stmt->sql);
    if (dialect == DB_SQLITE)
        check_sqlite(stmt->sql);
    else
        check_postgres(stmt->sql, request->arena);
    if (bind_stmt(&input, stmt, &out, &err))
        FUZZ_CHECK(out.param_count == stmt->param_count && out.row_count >= 1);
    else
        FUZZ_CHECK(err.kind != ERR_NONE && err.code[0] != '\0');
}

static void
check_error(const struct sample_request *request)
{
    struct buf body;
    struct json *root = NULL;
    struct err err = {0};

    buf_init(&body, 65536);
    answer_error_body(&body, &request->err, false);
    FUZZ_CHECK(request->err.code[0] != '\0' && answer_status(&request->err) < 500);
    FUZZ_CHECK(json_parse(buf_str(&body), JSON_LIMITS_DEFAULT, request->arena, &root, &err));
    FUZZ_CHECK(json_get(root, "message")->text.len > 0);
    buf_fini(&body);
}

void
fuzz_one(struct str input)
{
    static const char *const tables[] = {"clients", "projects", "users_tasks",
                                         "kinds",   "people",   "rowid_table"};
    unsigned choice = input.len > 0 ? (unsigned char)input.data[0] : 0;
    struct str rest = str_slice(input, 1, input.len);
    struct sample_input text = {
        .table = str_from(tables[choice % COUNTOF(tables)]),
        .action = (enum plan_action)(choice / COUNTOF(tables) % 4),
    };

    if (schema == NULL)
        make_all();
    text.query = str_cut(&rest, '\n');
    text.prefer = str_cut(&rest, '\n');
    text.accept = str_cut(&rest, '\n');
    text.range = str_cut(&rest, '\n');
    text.body = rest;
    for (int dialect = DB_SQLITE; dialect <= DB_POSTGRES; dialect++) {
        struct sample_request request;
        bool ok = sample_make(&request, schema, (enum db_dialect)dialect, &text);

        FUZZ_CHECK(ok == (request.err.kind == ERR_NONE));
        if (!ok)
            check_error(&request);
        if (ok)
            check_shape(&request, (enum db_dialect)dialect);
        if (ok) {
            check_stmt(&request, (enum db_dialect)dialect, &request.sql.main);
            check_stmt(&request, (enum db_dialect)dialect, &request.sql.existing);
            check_stmt(&request, (enum db_dialect)dialect, &request.sql.shown);
            check_stmt(&request, (enum db_dialect)dialect, &request.sql.count);
            check_stmt(&request, (enum db_dialect)dialect, &request.sql.guess);
        }
        sample_fini(&request);
    }
}
