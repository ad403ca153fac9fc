/* SPDX-License-Identifier: Apache-2.0 */
#include "door.h"

#include <ftw.h>
#include <signal.h>
#include <unistd.h>

#include "core/fault.h"
#include "unit/db/pg_cluster.h"

#define RESPONSE_MAX ((size_t)64 << 20)
#define REQUEST_MAX ((size_t)17 << 20)
#define EXCERPT 2000
#define RAW_FIRST 65536 /* so that a fault point never meets the test's own buffer */

static enum db_dialect dialect;
static struct pg_cluster cluster;
static unsigned databases;
static size_t response_max;

const struct api_limits door_limits = {
    .depth_max = 32,
    .terms_max = 1000,
    .nodes_max = 500,
    .embed_depth_max = 5,
    .list_max = 10000,
    .json_depth_max = 64,
    .rows_max = 1000,
};

bool
door_begin(int argc, char **argv)
{
    assert(argc == 2);
    dialect = strcmp(argv[1], "postgres") == 0 ? DB_POSTGRES : DB_SQLITE;
    if (dialect == DB_SQLITE)
        return true;
    if (!pg_cluster_is_possible())
        return false;
    pg_cluster_create(&cluster);
    pg_cluster_start(&cluster);
    return true;
}

void
door_end(void)
{
    if (dialect == DB_POSTGRES)
        pg_cluster_destroy(&cluster);
}

enum db_dialect
door_dialect(void)
{
    return dialect;
}

/* --- opening and closing --------------------------------------------------------------------- */

static void
make_url(struct door *door, char *url, size_t size)
{
    char sql[64];

    if (dialect == DB_SQLITE) {
        snprintf(url, size, "sqlite:%s/door.db", door->dir);
        return;
    }
    snprintf(sql, sizeof(sql), "CREATE DATABASE door%u", ++databases);
    pg_cluster_exec(&cluster, sql);
    snprintf(url, size, "postgres://postgres@/door%u?host=%s&port=%d", databases, cluster.dir,
             cluster.port);
}

static void
open_database(struct door *door, const struct door_options *options,
              const struct db_options *db_options, struct rest_options *rest_options)
{
    struct model *model = NULL;
    struct schema *schema = NULL;
    bool applied = false;
    struct err err = {0};

    assert_ok(db_open(db_options, &door->db, &err));
    assert_ok(db_migrate(door->db, STR("0001_door.sql"), str_from(options->migration), STR("00"),
                         &applied, &err));
    assert_true(applied);
    assert_ok(db_introspect(door->db, &model, &err));
    assert_ok(db_loop_open(door->db, &door->loop, &door->dl, &err));
    rest_options->db = door->dl;
    rest_options->dialect = db_get_dialect(door->db);
    schema = schema_new(model, db_options->schemas, db_options->schema_count);
    schema_set_open(schema, true);
    door->rest = rest_new(rest_options, schema, root_texts_new(1 << 20));
}

void
door_open(struct door *door, const struct door_options *options)
{
    static const char *const only_public[] = {"public"};
    char url[256];
    struct db_options db_options = {
        .url = url,
        .schemas = options->schemas != NULL ? options->schemas : only_public,
        .schema_count = options->schemas != NULL ? options->schema_count : 1,
        .extra_search_path = options->transaction.extra_search_path,
        .extra_search_path_count = options->transaction.extra_search_path_count,
        .loops = 1,
        .pool = 2,
        .pool_threads = 1,
        .statement_timeout_ms = 20000,
        .connect_timeout_ms = 5000,
        .read_budget = 1000000,
        .queue_max = 1000,
    };
    struct rest_options rest_options = {
        .limits = options->limits.depth_max > 0 ? options->limits : door_limits,
        .schemas = db_options.schemas,
        .schema_count = db_options.schema_count,
        .transaction = options->transaction,
        .plans = options->plans,
    };

    *door = (struct door){.dir = "/tmp/cairn-door-XXXXXX"};
    response_max = options->response_max > 0 ? options->response_max : RESPONSE_MAX;
    assert_non_null(mkdtemp(door->dir));
    assert_int_equal(uv_loop_init(&door->loop), 0);
    buf_init(&door->raw, RESPONSE_MAX + RAW_FIRST);
    assert_true(buf_reserve(&door->raw, RAW_FIRST));
    make_url(door, url, sizeof(url));
    open_database(door, options, &db_options, &rest_options);
}

void
door_open_with(struct door *door, const char *migration)
{
    door_open(door, &(struct door_options){.migration = migration});
}

static void
on_closed(void *ctx)
{
    *(bool *)ctx = true;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    return remove(path);
}

void
door_close(struct door *door)
{
    bool closed = false;

    db_loop_close(door->dl, on_closed, &closed);
    while (!closed)
        uv_run(&door->loop, UV_RUN_ONCE);
    rest_free(door->rest);
    db_close(door->db);
    uv_run(&door->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&door->loop), 0);
    buf_fini(&door->raw);
    nftw(door->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* --- sending --------------------------------------------------------------------------------- */

static void
on_request(void *ctx, struct request *request)
{
    struct str calls = STR("/rpc/");
    struct door *door = ctx;

    request->caller = door->caller;
    if (str_has_prefix(request->path, calls))
        rest_handle_function(door->rest, request,
                             str_slice(request->path, calls.len, request->path.len));
    else
        rest_handle_table(door->rest, request, str_slice(request->path, 1, request->path.len));
}

static bool
take_answer(struct door *door)
{
    struct str all = buf_str(&door->raw);
    int64_t status = 0;

    door->head = door->body = STR_NULL;
    door->status = 0;
    for (size_t i = 0; i + 4 <= all.len; i++) {
        if (memcmp(all.data + i, "\r\n\r\n", 4) != 0)
            continue;
        door->head = str_slice(all, 0, i + 2);
        door->body = str_slice(all, i + 4, all.len);
        break;
    }
    if (door->head.len < 12 || !str_to_i64(str_slice(door->head, 9, 12), &status))
        return false;
    door->status = (int)status;
    return true;
}

bool
door_send_raw(struct door *door, struct str bytes)
{
    const struct http_limits limits = {
        .head_max = 1 << 20,
        .line_max = 1 << 20,
        .body_max = 16 << 20,
        .trailers_max = 4096,
        .response_max = response_max,
        .fields_max = 100,
        .connections_max = 10,
        .header_timeout_ms = 30000,
        .body_timeout_ms = 30000,
        .idle_timeout_ms = 30000,
        .write_timeout_ms = 30000,
    };
    const struct http_handler handler = {.on_request = on_request, .ctx = door};
    struct err err = {0};

    buf_clear(&door->raw);
    assert_ok(http_test_exchange(&door->loop, &limits, &handler, bytes, &door->raw, &err));
    return take_answer(door);
}

/* What can't stand in a request line is percent-encoded; a '%' is one already. */
static void
add_target(struct buf *out, struct str target)
{
    for (size_t i = 0; i < target.len; i++) {
        unsigned char ch = (unsigned char)target.data[i];

        if (ch <= ' ' || ch >= 0x7F || strchr("\"<>\\^`{|}#", ch) != NULL)
            buf_printf(out, "%%%02X", ch);
        else
            buf_add_char(out, (char)ch);
    }
}

static void
add_request(struct buf *out, const char *request)
{
    struct str rest = str_from(request);
    struct str target = str_cut(&rest, '\n');
    struct str method = str_cut(&target, ' ');
    bool has_length = false;

    buf_add_str(out, method);
    buf_add_char(out, ' ');
    add_target(out, target);
    BUF_ADD_LIT(out, " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    while (rest.len > 0) {
        struct str line = str_cut(&rest, '\n');

        if (line.len == 0)
            break;
        has_length = has_length || str_has_prefix(line, STR("Content-Length:"));
        buf_add_str(out, line);
        BUF_ADD_LIT(out, "\r\n");
    }
    if (rest.data != NULL && !has_length)
        buf_printf(out, "Content-Length: %zu\r\n", rest.len);
    BUF_ADD_LIT(out, "\r\n");
    buf_add_str(out, rest);
    assert_true(buf_ok(out));
}

void
door_send(struct door *door, const char *request)
{
    struct buf out;

    buf_init(&out, REQUEST_MAX);
    add_request(&out, request);
    if (!door_send_raw(door, buf_str(&out)))
        fail_msg("%s\n: no answer: %.*s", request, STR_ARG(buf_str(&door->raw)));
    buf_fini(&out);
}

#ifdef CAIRN_FAULTS
bool
door_send_with_fault(struct door *door, const char *request, const char *point, unsigned nth)
{
    struct buf out;
    bool ok = false;

    buf_init(&out, REQUEST_MAX);
    add_request(&out, request);
    fault_arm(point, nth);
    ok = door_send_raw(door, buf_str(&out));
    buf_fini(&out);
    return ok;
}
#endif

struct str
door_header(const struct door *door, const char *name)
{
    struct str rest = door->head;

    while (rest.len > 0) {
        struct str line = str_cut(&rest, '\n');
        struct str field = str_cut(&line, ':');

        if (str_eq_nocase(field, str_from(name)) && line.data != NULL)
            return str_trim(line);
    }
    return STR_NULL;
}

/* --- comparing ------------------------------------------------------------------------------- */

NORETURN static void
fail_answer(const struct door *door, const char *request, const char *what, struct str wanted)
{
    print_error("%s\n--- is answered by\n%.*s\n%.*s\n--- %s is not '%.*s'\n", request,
                STR_ARG(door->head), STR_ARG(str_slice(door->body, 0, EXCERPT)), what,
                STR_ARG(wanted));
    fail();
    abort();
}

static void
compare_header(const struct door *door, const char *request, struct str line)
{
    struct str value = line;
    struct str name = str_cut(&value, ':');
    bool absent = name.len > 0 && name.data[0] == '!';
    char text[128];
    struct str got;

    snprintf(text, sizeof(text), "%.*s", STR_ARG(str_slice(name, absent ? 1 : 0, name.len)));
    got = door_header(door, text);
    if (absent ? got.data != NULL : got.data == NULL || !str_eq(got, str_trim(value)))
        fail_answer(door, request, text, line);
}

static bool
body_is(struct str got, struct str wanted)
{
    if (str_has_suffix(wanted, STR("...")))
        return str_has_prefix(got, str_slice(wanted, 0, wanted.len - 3));
    return str_eq(got, wanted);
}

void
door_expect(struct door *door, const char *request, const char *answer)
{
    struct str rest = str_from(answer);
    struct str first = str_cut(&rest, '\n');
    int64_t status = 0;

    door_send(door, request);
    assert_true(str_to_i64(first, &status));
    if (door->status != status)
        fail_answer(door, request, "the status", first);
    while (rest.len > 0) {
        struct str line = str_cut(&rest, '\n');

        if (line.len == 0)
            break;
        compare_header(door, request, line);
    }
    if (!body_is(door->body, rest))
        fail_answer(door, request, "the body", rest);
}

void
door_expect_all(struct door *door, const struct door_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        door_expect(door, cases[i].request, cases[i].answer);
}

/* --- past the API ---------------------------------------------------------------------------- */

struct query {
    struct db_job job;
    struct door *door;
    bool done;
};

static bool
on_query_row(void *ctx, const struct value *cells, uint32_t count)
{
    struct query *query = ctx;

    assert(count == 1);
    if (cells[0].kind == VALUE_INT)
        buf_add_i64(&query->door->raw, cells[0].i);
    else if (cells[0].kind != VALUE_NULL)
        buf_add_str(&query->door->raw, cells[0].s);
    return true;
}

static void
on_query_done(struct db_job *job)
{
    struct query *query = job->ctx;

    query->done = true;
}

struct str
door_query(struct door *door, const char *sqlite, const char *postgres)
{
    struct query query = {.door = door};
    struct db_stmt stmt = {
        .sql = str_from(dialect == DB_SQLITE ? sqlite : postgres),
        .row_count = 1,
        .on_row = on_query_row,
        .ctx = &query,
    };

    buf_clear(&door->raw);
    query.job = (struct db_job){
        .mode = DB_READ, .stmts = &stmt, .stmt_count = 1, .done = on_query_done, .ctx = &query};
    db_submit(door->dl, &query.job);
    while (!query.done)
        uv_run(&door->loop, UV_RUN_ONCE);
    if (!query.job.ok)
        fail_msg("%.*s: %s", STR_ARG(stmt.sql), query.job.err.message);
    return buf_str(&door->raw);
}
