/* SPDX-License-Identifier: Apache-2.0 */
/* From a write to its statements, in both dialects. */
#include "sample.h"
#include "unit.h"

struct write_case {
    enum plan_action action;
    const char *table, *query, *prefer, *body;
    const char *sqlite, *postgres;
};

/* Where there is more than one statement, they stand one behind the other, in the order of
 * emit_output. */
static const struct write_case cases[] = {
    {PLAN_INSERT, "clients", "", "", "{\"id\":1,\"name\":\"a\"}",
     "INSERT INTO \"clients\" (\"id\", \"name\") VALUES (?1, ?2)",
     "INSERT INTO \"public\".\"clients\" (\"id\", \"name\") SELECT _.\"id\", _.\"name\" FROM "
     "json_to_recordset($1::json) AS _(\"id\" integer, \"name\" text)"},
    {PLAN_INSERT, "plain", "", "", "{}", "INSERT INTO \"plain\" DEFAULT VALUES",
     "INSERT INTO \"public\".\"plain\" DEFAULT VALUES"},
    {PLAN_INSERT, "kinds", "", "", "{\"code\":\"x\"}",
     "INSERT INTO \"kinds\" (\"id\", \"code\") VALUES (cairn_nextval('public.kinds_id_seq'), ?1)",
     "INSERT INTO \"public\".\"kinds\" (\"code\") SELECT _.\"code\" FROM "
     "json_to_recordset($1::json) AS _(\"code\" text)"},
    {PLAN_INSERT, "kinds", "columns=label,price,label&select=id", "return=representation",
     "[{\"label\":\"x\"}]",
     "INSERT INTO \"kinds\" (\"id\", \"label\", \"price\") VALUES "
     "(cairn_nextval('public.kinds_id_seq'), ?1, ?2) RETURNING \"kinds\".\"id\"",
     "WITH m AS (INSERT INTO \"public\".\"kinds\" (\"label\", \"price\") SELECT _.\"label\", "
     "_.\"price\" FROM json_to_recordset($1::json) AS _(\"label\" character varying(5), \"price\" "
     "numeric) RETURNING \"public\".\"kinds\".\"id\") SELECT t0.\"id\" FROM m AS t0"},
    {PLAN_INSERT, "clients", "", "return=headers-only", "{\"id\":1,\"name\":\"a\"}",
     "INSERT INTO \"clients\" (\"id\", \"name\") VALUES (?1, ?2) RETURNING \"clients\".\"id\"",
     "WITH m AS (INSERT INTO \"public\".\"clients\" (\"id\", \"name\") SELECT _.\"id\", _.\"name\" "
     "FROM json_to_recordset($1::json) AS _(\"id\" integer, \"name\" text) RETURNING "
     "\"public\".\"clients\".\"id\") SELECT t0.\"id\" FROM m AS t0"},
    {PLAN_INSERT, "clients", "", "resolution=merge-duplicates", "{\"id\":1,\"name\":\"a\"}",
     "SELECT 1 FROM \"clients\" WHERE \"id\" = ?1; INSERT INTO \"clients\" (\"id\", \"name\") VALUES "
     "(?1, ?2) ON CONFLICT (\"id\") DO UPDATE SET \"id\" = excluded.\"id\", \"name\" = "
     "excluded.\"name\"",
     "INSERT INTO \"public\".\"clients\" (\"id\", \"name\") SELECT _.\"id\", _.\"name\" FROM "
     "json_to_recordset($1::json) AS _(\"id\" integer, \"name\" text) ON CONFLICT (\"id\") DO UPDATE "
     "SET \"id\" = excluded.\"id\", \"name\" = excluded.\"name\" RETURNING (xmax = 0)"},
    {PLAN_INSERT, "users_tasks", "select=user_id",
     "resolution=merge-duplicates,return=representation", "{\"user_id\":1,\"task_id\":2}",
     "SELECT 1 FROM \"users_tasks\" WHERE \"user_id\" = ?1 AND \"task_id\" = ?2; INSERT INTO "
     "\"users_tasks\" (\"user_id\", \"task_id\") VALUES (?1, ?2) ON CONFLICT (\"user_id\", "
     "\"task_id\") DO UPDATE SET \"user_id\" = excluded.\"user_id\", \"task_id\" = "
     "excluded.\"task_id\" RETURNING \"users_tasks\".\"user_id\"",
     "WITH m AS (INSERT INTO \"public\".\"users_tasks\" (\"user_id\", \"task_id\") SELECT "
     "_.\"user_id\", _.\"task_id\" FROM json_to_recordset($1::json) AS _(\"user_id\" integer, "
     "\"task_id\" integer) ON CONFLICT (\"user_id\", \"task_id\") DO UPDATE SET \"user_id\" = "
     "excluded.\"user_id\", \"task_id\" = excluded.\"task_id\" RETURNING "
     "\"public\".\"users_tasks\".\"user_id\", (xmax = 0) AS \"cairn inserted\") SELECT "
     "t0.\"user_id\", t0.\"cairn inserted\" FROM m AS t0"},
    {PLAN_INSERT, "kinds", "on_conflict=code", "resolution=ignore-duplicates", "{\"code\":\"x\"}",
     "INSERT INTO \"kinds\" (\"id\", \"code\") VALUES (cairn_nextval('public.kinds_id_seq'), ?1) "
     "ON "
     "CONFLICT (\"code\") DO NOTHING",
     "INSERT INTO \"public\".\"kinds\" (\"code\") SELECT _.\"code\" FROM "
     "json_to_recordset($1::json) AS _(\"code\" text) ON CONFLICT (\"code\") DO NOTHING"},
    {PLAN_INSERT, "plain", "", "resolution=merge-duplicates", "{\"a\":\"x\"}",
     "INSERT INTO \"plain\" (\"a\") VALUES (?1)",
     "INSERT INTO \"public\".\"plain\" (\"a\") SELECT _.\"a\" FROM json_to_recordset($1::json) AS "
     "_(\"a\" text)"},
    {PLAN_INSERT, "kinds", "columns=flag,label", "missing=default", "{\"label\":\"x\"}",
     "INSERT INTO \"kinds\" (\"id\", \"flag\", \"label\") VALUES "
     "(cairn_nextval('public.kinds_id_seq'), CASE WHEN ?1 THEN ?2 ELSE (1) END, ?3)",
     "INSERT INTO \"public\".\"kinds\" (\"flag\", \"label\") SELECT CASE WHEN j.v->'flag' IS NULL "
     "THEN true ELSE _.\"flag\" END, CASE WHEN j.v->'label' IS NULL THEN NULL ELSE _.\"label\" END "
     "FROM json_array_elements($1::json) AS j(v), json_to_record(j.v) AS _(\"flag\" boolean, "
     "\"label\" character varying(5))"},
    {PLAN_INSERT, "kinds", "columns=a \"\"b\"\".c,\"a \\\"b\\\".c\"", "", "{}", NULL, NULL},
    {PLAN_INSERT, "kinds", "columns=\"a \\\"b\\\".c\"", "", "{}",
     "INSERT INTO \"kinds\" (\"id\", \"a \"\"b\"\".c\") VALUES "
     "(cairn_nextval('public.kinds_id_seq'), ?1)",
     "INSERT INTO \"public\".\"kinds\" (\"a \"\"b\"\".c\") SELECT _.\"a \"\"b\"\".c\" FROM "
     "json_to_recordset($1::json) AS _(\"a \"\"b\"\".c\" text)"},
    {PLAN_INSERT, "projects", "select=id,c:clients(name)", "return=representation",
     "{\"id\":1,\"name\":\"x\"}",
     "INSERT INTO \"projects\" (\"id\", \"name\") VALUES (?1, ?2) RETURNING \"projects\".\"id\", "
     "(SELECT cairn_json_row('sname',t1.\"name\") FROM \"clients\" AS t1 WHERE t1.\"id\" = "
     "\"projects\".\"client_id\" LIMIT 1)",
     "WITH m AS (INSERT INTO \"public\".\"projects\" (\"id\", \"name\") SELECT _.\"id\", _.\"name\" "
     "FROM json_to_recordset($1::json) AS _(\"id\" integer, \"name\" text) RETURNING "
     "\"public\".\"projects\".\"id\", \"public\".\"projects\".\"client_id\") SELECT t0.\"id\", "
     "(SELECT \"cairn row\" FROM (SELECT t1.\"name\" AS c1 FROM "
     "\"public\".\"clients\" AS t1 WHERE t1.\"id\" = t0.\"client_id\" LIMIT 1) AS \"cairn row\") "
     "FROM m AS t0"},
    {PLAN_UPDATE, "clients", "id=eq.1&limit=5&select=nothing", "", "{\"name\":\"a\"}",
     "UPDATE \"clients\" SET \"name\" = ?1 WHERE \"clients\".\"id\" = ?2",
     "UPDATE \"public\".\"clients\" AS t0 SET \"name\" = _.\"name\" FROM json_to_record($1::json) AS "
     "_(\"name\" text) WHERE t0.\"id\" = $2"},
    {PLAN_UPDATE, "clients", "", "", "{\"name\":\"a\"}", "UPDATE \"clients\" SET \"name\" = ?1",
     "UPDATE \"public\".\"clients\" AS t0 SET \"name\" = _.\"name\" FROM json_to_record($1::json) AS "
     "_(\"name\" text)"},
    {PLAN_UPDATE, "clients", "id=gt.1&order=name.desc&select=id", "return=representation",
     "{\"name\":\"a\"}",
     "UPDATE \"clients\" SET \"name\" = ?1 WHERE \"clients\".\"id\" > ?2 RETURNING rowid; SELECT "
     "t0.\"id\" FROM json_each(?1) AS k CROSS JOIN \"clients\" AS t0 ON t0.rowid = k.value ORDER BY "
     "t0.\"name\" DESC, k.key",
     "WITH m AS (UPDATE \"public\".\"clients\" AS t0 SET \"name\" = _.\"name\" FROM "
     "json_to_record($1::json) AS _(\"name\" text) WHERE t0.\"id\" > $2 RETURNING t0.\"id\", "
     "t0.\"name\") SELECT t0.\"id\" FROM m AS t0 ORDER BY t0.\"name\" DESC"},
    {PLAN_UPDATE, "rowid_table", "order=name&select=name", "return=representation",
     "{\"name\":\"a\"}",
     "UPDATE \"rowid_table\" SET \"name\" = ?1 RETURNING _rowid_; SELECT t0.\"name\" FROM "
     "json_each(?1) AS k CROSS JOIN \"rowid_table\" AS t0 ON t0._rowid_ = k.value ORDER BY "
     "t0.\"name\" NULLS LAST, k.key",
     "WITH m AS (UPDATE \"public\".\"rowid_table\" AS t0 SET \"name\" = _.\"name\" FROM "
     "json_to_record($1::json) AS _(\"name\" text) RETURNING t0.\"name\") SELECT t0.\"name\" FROM m "
     "AS t0 ORDER BY t0.\"name\" NULLS LAST"},
    {PLAN_UPDATE, "clients", "select=id,projects!inner()&projects.id=eq.1", "return=representation",
     "{\"name\":\"a\"}",
     "UPDATE \"clients\" SET \"name\" = ?1 RETURNING rowid; SELECT t0.\"id\" FROM json_each(?1) AS k "
     "CROSS JOIN \"clients\" AS t0 ON t0.rowid = k.value WHERE EXISTS (SELECT 1 FROM \"projects\" AS "
     "t1 WHERE t1.\"client_id\" = t0.\"id\" AND t1.\"id\" = ?2) ORDER BY k.key",
     "WITH m AS (UPDATE \"public\".\"clients\" AS t0 SET \"name\" = _.\"name\" FROM "
     "json_to_record($1::json) AS _(\"name\" text) RETURNING t0.\"id\") SELECT t0.\"id\" FROM m AS "
     "t0 WHERE EXISTS (SELECT 1 FROM \"public\".\"projects\" AS t1 WHERE t1.\"client_id\" = "
     "t0.\"id\" AND t1.\"id\" = $2)"},
    {PLAN_INSERT, "project_names", "", "", "{\"name\":\"x\"}",
     "INSERT INTO \"projects\" (\"name\") VALUES (?1)",
     "INSERT INTO \"public\".\"project_names\" (\"name\") SELECT _.\"name\" FROM "
     "json_to_recordset($1::json) AS _(\"name\" text)"},
    {PLAN_UPDATE, "loud_names", "number=eq.7&select=loud", "return=representation",
     "{\"title\":\"x\"}",
     "UPDATE \"projects\" SET \"name\" = ?1 WHERE ((\"projects\".\"id\" > 5)) AND "
     "\"projects\".\"id\" = ?2 RETURNING (cairn_upper(\"projects\".\"name\")), CASE WHEN "
     "((\"projects\".\"id\" > 5)) IS NOT TRUE THEN cairn_raise('44000','new row violates check "
     "option for view \"loud_names\"','Failing row contains (' || "
     "cairn_shown(\"projects\".\"id\",'integer') || ', ' || "
     "cairn_shown(\"projects\".\"name\",'text') || ', ' || "
     "cairn_shown(\"projects\".\"client_id\",'integer') || ', ' || "
     "cairn_shown(\"projects\".\"settings\",'jsonb') || ', ' || "
     "cairn_shown(\"projects\".\"price\",'numeric(10,2)') || ', ' || "
     "cairn_shown(\"projects\".\"feeling\",'text') || ').') ELSE 1 END",
     "WITH m AS (UPDATE \"public\".\"loud_names\" AS t0 SET \"title\" = _.\"title\" FROM "
     "json_to_record($1::json) AS _(\"title\" text) WHERE t0.\"number\" = $2 RETURNING "
     "t0.\"loud\") SELECT t0.\"loud\" FROM m AS t0"},
    {PLAN_INSERT, "kinds", "columns=id", "missing=default", "[{\"id\":1}]",
     "INSERT INTO \"kinds\" (\"id\") VALUES (CASE WHEN ?1 THEN CASE "
     "(cairn_nextval('public.kinds_id_seq')) WHEN NULL THEN NULL ELSE ?2 END ELSE "
     "(cairn_nextval('public.kinds_id_seq')) END)",
     "INSERT INTO \"public\".\"kinds\" (\"id\") SELECT CASE WHEN j.v->'id' IS NULL THEN "
     "nextval('kinds_id_seq'::regclass) WHEN (nextval('kinds_id_seq'::regclass)) IS NULL AND "
     "_.\"id\" IS NULL THEN NULL ELSE _.\"id\" END FROM json_array_elements($1::json) AS j(v), "
     "json_to_record(j.v) AS _(\"id\" bigint)"},
    {PLAN_UPDATE, "kinds", "columns=id", "missing=default", "{\"id\":1}",
     "UPDATE \"kinds\" SET \"id\" = CASE WHEN ?1 THEN CASE (SELECT "
     "cairn_nextval('public.kinds_id_seq')) WHEN NULL THEN NULL ELSE ?2 END ELSE (SELECT "
     "cairn_nextval('public.kinds_id_seq')) END",
     "UPDATE \"public\".\"kinds\" AS t0 SET \"id\" = CASE WHEN j.v->'id' IS NULL THEN (SELECT "
     "nextval('kinds_id_seq'::regclass)) WHEN ((SELECT nextval('kinds_id_seq'::regclass))) IS NULL "
     "AND _.\"id\" IS NULL THEN NULL ELSE _.\"id\" END FROM (SELECT $1::json) AS j(v), "
     "json_to_record(j.v) AS _(\"id\" bigint)"},
    {PLAN_DELETE, "loud_names", "loud=eq.X&number=lt.9", "", "",
     "DELETE FROM \"projects\" WHERE ((\"projects\".\"id\" > 5)) AND CASE WHEN ((\"projects\".\"id\" > 5)) THEN "
     "(cairn_upper(\"projects\".\"name\")) = ?1 END AND \"projects\".\"id\" < ?2",
     "DELETE FROM \"public\".\"loud_names\" AS t0 WHERE t0.\"loud\" = $1 AND t0.\"number\" < $2"},
    {PLAN_DELETE, "clients", "or=(id.eq.1,name.is.null)", "", "",
     "DELETE FROM \"clients\" WHERE (\"clients\".\"id\" = ?1 OR \"clients\".\"name\" IS NULL)",
     "DELETE FROM \"public\".\"clients\" AS t0 WHERE (t0.\"id\" = $1 OR t0.\"name\" IS NULL)"},
    {PLAN_DELETE, "clients", "id=eq.1", "return=representation", "",
     "DELETE FROM \"clients\" WHERE \"clients\".\"id\" = ?1 RETURNING \"clients\".\"id\", "
     "\"clients\".\"name\"",
     "WITH m AS (DELETE FROM \"public\".\"clients\" AS t0 WHERE t0.\"id\" = $1 RETURNING t0.\"id\", "
     "t0.\"name\") SELECT t0.\"id\", t0.\"name\" FROM m AS t0"},
    {PLAN_DELETE, "clients", "id=lt.9&order=id", "return=representation", "",
     "DELETE FROM \"clients\" WHERE \"clients\".\"id\" < ?1; SELECT t0.\"id\", t0.\"name\" FROM "
     "\"clients\" AS t0 WHERE t0.\"id\" < ?1 ORDER BY t0.\"id\"",
     "WITH m AS (DELETE FROM \"public\".\"clients\" AS t0 WHERE t0.\"id\" < $1 RETURNING t0.\"id\", "
     "t0.\"name\") SELECT t0.\"id\", t0.\"name\" FROM m AS t0 ORDER BY t0.\"id\""},
};

static void
add_stmt(struct buf *out, const struct emit_stmt *stmt)
{
    if (stmt->sql.data == NULL)
        return;
    if (out->len > 0)
        BUF_ADD_LIT(out, "; ");
    buf_add_str(out, stmt->sql);
}

static void
check_case(const struct schema *schema, const struct write_case *c, enum db_dialect dialect,
           const char *expected)
{
    struct sample_request request;
    struct buf sql;
    bool ok = sample_make(&request, schema, dialect,
                          &(struct sample_input){.table = str_from(c->table),
                                                 .action = c->action,
                                                 .query = str_from(c->query),
                                                 .prefer = str_from(c->prefer),
                                                 .body = str_from(c->body)});

    if (ok != (expected != NULL))
        fail_msg("%s %s: %s", c->table, c->query, request.err.message);
    if (ok) {
        buf_init(&sql, 1024 * 1024);
        add_stmt(&sql, &request.sql.existing);
        add_stmt(&sql, &request.sql.main);
        add_stmt(&sql, &request.sql.shown);
        assert_str(buf_str(&sql), expected);
        buf_fini(&sql);
    }
    sample_fini(&request);
}

static void
writes_become_sql_in_both_dialects(void **state)
{
    struct schema *schema = sample_schema();

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        check_case(schema, &cases[i], DB_SQLITE, cases[i].sqlite);
        check_case(schema, &cases[i], DB_POSTGRES, cases[i].postgres);
    }
    schema_unref(schema);
}

struct column_case {
    enum plan_action action;
    const char *table, *query, *prefer, *body, *sql;
};

/* Types stand without their modifiers: an assignment refuses what a cast would cut. */
static const struct column_case by_columns[] = {
    {PLAN_INSERT, "clients", "", "", "{\"id\":1,\"name\":\"a\"}",
     "INSERT INTO \"public\".\"clients\" (\"id\", \"name\") VALUES ($1::integer, $2::text)"},
    {PLAN_INSERT, "clients", "", "", "[{\"id\":1,\"name\":\"a\"},{\"name\":null,\"id\":2}]",
     "INSERT INTO \"public\".\"clients\" (\"id\", \"name\") SELECT unnest($1::integer[]), "
     "unnest($2::text[])"},
    {PLAN_INSERT, "kinds", "columns=label,mood,made,label&select=id", "return=representation",
     "[{\"label\":\"x\"}]",
     "WITH m AS (INSERT INTO \"public\".\"kinds\" (\"label\", \"mood\", \"made\") VALUES "
     "($1::character varying, $2::mood, $3::timestamp with time zone) RETURNING "
     "\"public\".\"kinds\".\"id\") SELECT t0.\"id\" FROM m AS t0"},
    {PLAN_INSERT, "clients", "", "resolution=merge-duplicates", "[{\"id\":1},{\"id\":2}]",
     "INSERT INTO \"public\".\"clients\" (\"id\") SELECT unnest($1::integer[]) ON CONFLICT "
     "(\"id\") DO UPDATE SET \"id\" = excluded.\"id\" RETURNING (xmax = 0)"},
    {PLAN_UPDATE, "clients", "id=eq.1", "", "[{\"name\":\"new\"},{\"name\":{}}]",
     "UPDATE \"public\".\"clients\" AS t0 SET \"name\" = $1::text WHERE t0.\"id\" = $2"},
    {PLAN_INSERT, "clients", "", "", "[{\"id\":1},{\"id\":1.0}]",
     "INSERT INTO \"public\".\"clients\" (\"id\") SELECT _.\"id\" FROM "
     "json_to_recordset($1::json) AS _(\"id\" integer)"},
};

static void
plain_values_become_parameters_of_their_columns(void **state)
{
    struct schema *schema = sample_schema();

    for (size_t i = 0; i < COUNTOF(by_columns); i++) {
        const struct column_case *c = &by_columns[i];
        struct sample_request request;

        bool ok = sample_make(&request, schema, DB_POSTGRES,
                              &(struct sample_input){.table = str_from(c->table),
                                                     .action = c->action,
                                                     .query = str_from(c->query),
                                                     .prefer = str_from(c->prefer),
                                                     .body = str_from(c->body),
                                                     .by_columns = true});

        assert_true(ok);
        assert_str(request.sql.main.sql, c->sql);
        sample_fini(&request);
    }
    schema_unref(schema);
}

struct refused_case {
    enum plan_action action;
    const char *table, *query, *prefer, *body, *code, *message;
};

static const struct refused_case refused[] = {
    {PLAN_INSERT, "clients", "", "", "{\"nothing\":1}", "PGRST204",
     "Could not find the 'nothing' column of 'clients' in the schema cache"},
    {PLAN_INSERT, "clients", "columns=id,nothing", "", "{}", "PGRST204", NULL},
    {PLAN_INSERT, "clients", "on_conflict=nothing", "resolution=merge-duplicates", "{\"id\":1}",
     "PGRST204", NULL},
    {PLAN_INSERT, "clients", "select=nothing", "return=representation", "{\"id\":1}", "42703",
     NULL},
    {PLAN_UPDATE, "clients", "nothing=eq.1", "", "{\"id\":1}", "42703", NULL},
    {PLAN_UPDATE, "clients", "tasks.id=eq.1", "return=representation", "{\"id\":1}", "PGRST108",
     NULL},
    {PLAN_DELETE, "clients", "order=nothing", "return=representation", "", "42703", NULL},
    {PLAN_INSERT, "numbered", "", "", "{\"id\":1}", "428C9",
     "cannot insert a non-DEFAULT value into column \"id\""},
    {PLAN_UPDATE, "numbered", "", "", "{\"id\":1}", "428C9",
     "column \"id\" can only be updated to DEFAULT"},
    {PLAN_INSERT, "kinds", "", "", "{\"twice\":1}", "428C9", NULL},
    {PLAN_INSERT, "project_counts", "", "", "{\"n\":1}", "55000",
     "cannot insert into view \"project_counts\""},
    {PLAN_DELETE, "project_counts", "", "", "", "55000",
     "cannot delete from view \"project_counts\""},
    {PLAN_UPDATE, "loud_names", "", "", "{\"loud\":\"X\"}", "0A000",
     "cannot update column \"loud\" of view \"loud_names\""},
    {PLAN_INSERT, "loud_names", "on_conflict=loud", "resolution=merge-duplicates", "{\"number\":1}",
     "42P10", NULL},
};

static void
writes_that_can_not_be_are_refused(void **state)
{
    struct schema *schema = sample_schema();

    for (size_t i = 0; i < COUNTOF(refused); i++) {
        const struct refused_case *c = &refused[i];
        struct sample_request request;

        if (sample_make(&request, schema, DB_SQLITE,
                        &(struct sample_input){.table = str_from(c->table),
                                               .action = c->action,
                                               .query = str_from(c->query),
                                               .prefer = str_from(c->prefer),
                                               .body = str_from(c->body)}))
            fail_msg("%s %s: is taken", c->table, c->query);
        assert_string_equal(request.err.code, c->code);
        if (c->message != NULL)
            assert_string_equal(request.err.message, c->message);
        sample_fini(&request);
    }
    schema_unref(schema);
}

static void
inserts_of_many_rows_have_a_form_for_all_at_once(void **state)
{
    static const struct {
        const char *table, *prefer, *body;
        const char *sql, *append; /* NULL: there is none */
    } inserts[] = {
        {"clients", "", "{\"id\":1,\"name\":\"a\"}",
         "INSERT INTO \"clients\" (\"id\", \"name\") SELECT c1, c2 FROM sqlite_cairn_rows WHERE true",
         NULL},
        {"clients", "resolution=merge-duplicates", "{\"id\":1,\"name\":\"a\"}",
         "INSERT INTO \"clients\" (\"id\", \"name\") SELECT c1, c2 FROM sqlite_cairn_rows WHERE true "
         "ON CONFLICT (\"id\") DO UPDATE SET \"id\" = excluded.\"id\", \"name\" = excluded.\"name\"",
         NULL},
        {"kinds", "", "{\"code\":\"x\"}",
         "INSERT INTO \"kinds\" (\"id\", \"code\") SELECT cairn_nextval('public.kinds_id_seq'), c1 "
         "FROM sqlite_cairn_rows WHERE true",
         "INSERT INTO \"kinds\" (\"id\", \"code\") SELECT NULL, c1 FROM sqlite_cairn_rows WHERE true"},
        {"kinds", "return=representation", "{\"code\":\"x\"}", NULL, NULL},
        {"plain", "", "{}", NULL, NULL},
    };
    struct schema *schema = sample_schema();

    for (size_t i = 0; i < COUNTOF(inserts); i++) {
        struct sample_request request;
        const struct db_bulk *bulk = &request.sql.bulk;

        if (!sample_make(&request, schema, DB_SQLITE,
                         &(struct sample_input){.table = str_from(inserts[i].table),
                                                .action = PLAN_INSERT,
                                                .query = STR(""),
                                                .prefer = str_from(inserts[i].prefer),
                                                .body = str_from(inserts[i].body)}))
            fail_msg("%s", request.err.message);
        assert_int_equal(bulk->sql.data == NULL, inserts[i].sql == NULL);
        if (inserts[i].sql != NULL)
            assert_str(bulk->sql, inserts[i].sql);
        assert_int_equal(bulk->append_sql.data == NULL, inserts[i].append == NULL);
        if (inserts[i].append != NULL) {
            assert_str(bulk->append_sql, inserts[i].append);
            assert_str(bulk->last_sql, "SELECT max(\"id\") FROM \"kinds\"");
            assert_str(bulk->sequence, "public.kinds_id_seq");
        }
        sample_fini(&request);
    }
    schema_unref(schema);
}

static void
filters_on_the_whole_key_leave_one_row_at_most(void **state)
{
    static const struct {
        const char *table, *query;
        bool one;
    } queries[] = {
        {"clients", "id=eq.1", true},
        {"clients", "id=eq.1&name=gt.a", true},
        {"clients", "id=gt.1", false},
        {"clients", "id=not.eq.1", false},
        {"clients", "id=in.(1)", false},
        {"clients", "id=eq(any).{1,2}", false},
        {"clients", "or=(id.eq.1,id.eq.2)", false},
        {"clients", "name=eq.a", false},
        {"clients", "", false},
        {"users_tasks", "user_id=eq.1", false},
        {"users_tasks", "user_id=eq.1&task_id=eq.2", true},
        {"plain", "a=eq.1", false},
    };
    struct schema *schema = sample_schema();

    for (size_t i = 0; i < COUNTOF(queries); i++) {
        struct sample_request request;

        if (!sample_make(&request, schema, DB_SQLITE,
                         &(struct sample_input){.table = str_from(queries[i].table),
                                                .action = PLAN_DELETE,
                                                .query = str_from(queries[i].query)}))
            fail_msg("%s", request.err.message);
        if (request.plan->at_most_one != queries[i].one)
            fail_msg("%s %s", queries[i].table, queries[i].query);
        sample_fini(&request);
    }
    schema_unref(schema);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_become_sql_in_both_dialects),
        cmocka_unit_test(plain_values_become_parameters_of_their_columns),
        cmocka_unit_test(writes_that_can_not_be_are_refused),
        cmocka_unit_test(inserts_of_many_rows_have_a_form_for_all_at_once),
        cmocka_unit_test(filters_on_the_whole_key_leave_one_row_at_most),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
