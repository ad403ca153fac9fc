/* SPDX-License-Identifier: Apache-2.0 */
/* From the URL to SQL: the grammar, the plan and both dialects together. */
#include "sample.h"
#include "unit.h"

struct case_sql {
    const char *table, *query, *sqlite, *postgres;
};

static const struct case_sql sql_cases[] = {
    {"clients", "", "SELECT t0.\"id\", t0.\"name\" FROM \"clients\" AS t0 LIMIT 1000",
     "SELECT t0.\"id\", t0.\"name\" FROM \"public\".\"clients\" AS t0 LIMIT 1000"},
    {"clients", "select=name&id=eq.1&limit=5&offset=2",
     "SELECT t0.\"name\" FROM \"clients\" AS t0 WHERE t0.\"id\" = ?1 LIMIT ?2 OFFSET ?3",
     "SELECT t0.\"name\" FROM \"public\".\"clients\" AS t0 WHERE t0.\"id\" = $1 LIMIT 5 OFFSET $2"},
    {"clients", "select=name&limit=101&offset=0",
     "SELECT t0.\"name\" FROM \"clients\" AS t0 LIMIT ?1 OFFSET ?2",
     "SELECT t0.\"name\" FROM \"public\".\"clients\" AS t0 LIMIT $1"},
    {"clients", "select=name&limit=5&limit=101",
     "SELECT t0.\"name\" FROM \"clients\" AS t0 LIMIT ?1",
     "SELECT t0.\"name\" FROM \"public\".\"clients\" AS t0 LIMIT $1"},
    {"clients", "select=id&or=(id.eq.1,and(id.gt.2,name.not.is.null))&order=name.desc",
     "SELECT t0.\"id\" FROM \"clients\" AS t0 WHERE (t0.\"id\" = ?1 OR (t0.\"id\" > ?2 AND NOT "
     "(t0.\"name\" IS NULL))) ORDER BY t0.\"name\" DESC LIMIT 1000",
     "SELECT t0.\"id\" FROM \"public\".\"clients\" AS t0 WHERE (t0.\"id\" = $1 OR (t0.\"id\" > $2 "
     "AND NOT (t0.\"name\" IS NULL))) ORDER BY t0.\"name\" DESC LIMIT 1000"},
    {"clients", "select=id&id=in.(1,2)",
     "SELECT t0.\"id\" FROM \"clients\" AS t0 WHERE t0.\"id\" IN (SELECT value FROM json_each(?1)) "
     "LIMIT 1000",
     "SELECT t0.\"id\" FROM \"public\".\"clients\" AS t0 WHERE t0.\"id\" = ANY ($1) LIMIT 1000"},
    {"projects", "select=id&order=client_id.nullsfirst",
     "SELECT t0.\"id\" FROM \"projects\" AS t0 ORDER BY t0.\"client_id\" NULLS FIRST LIMIT 1000",
     "SELECT t0.\"id\" FROM \"public\".\"projects\" AS t0 ORDER BY t0.\"client_id\" NULLS FIRST "
     "LIMIT 1000"},
    {"projects", "select=id,clients(name)",
     "SELECT t0.\"id\", t1.\"id\", t1.\"name\" FROM \"projects\" AS t0 LEFT JOIN \"clients\" AS t1 "
     "ON t1.\"id\" = t0.\"client_id\" LIMIT 1000",
     "SELECT t0.\"id\", t1.\"id\", t1.\"name\" FROM \"public\".\"projects\" AS t0 LEFT JOIN "
     "\"public\".\"clients\" AS t1 ON t1.\"id\" = t0.\"client_id\" LIMIT 1000"},
    {"projects", "select=id,clients!inner(name,id)&clients.name=eq.x&order=id",
     "SELECT t0.\"id\", t1.\"name\", t1.\"id\" FROM \"projects\" AS t0 CROSS JOIN \"clients\" AS t1 "
     "ON t1.\"id\" = t0.\"client_id\" AND t1.\"name\" = ?1 ORDER BY t0.\"id\" LIMIT 1000",
     "SELECT t0.\"id\", t1.\"name\", t1.\"id\" FROM \"public\".\"projects\" AS t0 JOIN "
     "\"public\".\"clients\" AS t1 ON t1.\"id\" = t0.\"client_id\" AND t1.\"name\" = $1 ORDER BY "
     "t0.\"id\" LIMIT 1000"},
    {"projects", "select=id,clients(name)&order=price&limit=5",
     "SELECT t0.\"id\", (SELECT cairn_json_row('sname',t1.\"name\") FROM \"clients\" AS t1 WHERE "
     "t1.\"id\" = t0.\"client_id\" LIMIT 1) FROM \"projects\" AS t0 ORDER BY t0.\"price\" NULLS LAST "
     "LIMIT ?1",
     NULL},
    {"projects", "select=id,clients(name)&offset=7",
     "SELECT t0.\"id\", (SELECT cairn_json_row('sname',t1.\"name\") FROM \"clients\" AS t1 WHERE "
     "t1.\"id\" = t0.\"client_id\" LIMIT 1) FROM \"projects\" AS t0 LIMIT 1000 OFFSET ?1",
     NULL},
    {"clients", "select=projects(id,price)&order=name",
     "SELECT (SELECT cairn_json_rows('nid\x01nprice',c1,c2) FROM (SELECT t1.\"id\" AS c1, "
     "t1.\"price\" AS c2 FROM \"projects\" AS t1 WHERE t1.\"client_id\" = t0.\"id\" LIMIT 1000)) "
     "FROM \"clients\" AS t0 ORDER BY t0.\"name\" LIMIT 1000",
     "SELECT (SELECT coalesce(string_agg(\"cairn row\"::text, ''), '') FROM (SELECT t1.\"id\" AS "
     "c1, t1.\"price\" AS c2 FROM \"public\".\"projects\" AS t1 WHERE t1.\"client_id\" = t0.\"id\" "
     "LIMIT 1000) AS \"cairn row\") FROM \"public\".\"clients\" AS t0 ORDER BY t0.\"name\" LIMIT "
     "1000"},
    {"projects", "select=settings->a->>b",
     "SELECT cairn_json_get(cairn_json_get(t0.\"settings\",?1,2),?2,3) FROM \"projects\" AS t0 "
     "LIMIT 1000",
     "SELECT (t0.\"settings\"->$1::text->>$2::text) FROM \"public\".\"projects\" AS t0 LIMIT 1000"},
};

/* emit_gather.c; NULL: not gathered. */
static const struct {
    const char *table, *query, *postgres;
} gathered_cases[] = {
    {"clients", "select=id,projects(id,price)&projects.price=gt.5&id=gt.2&order=id&limit=20",
     "WITH \"cairn page\" (n, c1, k1) AS MATERIALIZED (SELECT 0, t0.\"id\", t0.\"id\" FROM "
     "\"public\".\"clients\" AS t0 WHERE t0.\"id\" > $1 ORDER BY t0.\"id\" LIMIT 20) (SELECT 1, "
     "NULL, t1.\"client_id\", t1.\"id\", t1.\"price\" FROM \"public\".\"projects\" AS t1 WHERE "
     "t1.\"client_id\" = ANY (ARRAY(SELECT k1 FROM \"cairn page\")) AND t1.\"price\" > $2 LIMIT "
     "1001) UNION ALL (SELECT n, c1, k1, t1.\"id\", t1.\"price\" FROM \"cairn page\" LEFT JOIN "
     "\"public\".\"projects\" AS t1 ON false)"},
    {"clients", "select=projects(id)&projects.order=price.desc,id",
     "WITH \"cairn page\" (n, k1) AS MATERIALIZED (SELECT 0, t0.\"id\" FROM "
     "\"public\".\"clients\" AS t0 LIMIT 1000) (SELECT 1, k, c1 FROM (SELECT t1.\"client_id\", "
     "t1.\"id\", t1.\"price\", t1.\"id\" FROM \"public\".\"projects\" AS t1 WHERE "
     "t1.\"client_id\" = ANY (ARRAY(SELECT k1 FROM \"cairn page\")) LIMIT 1001) AS r (k, c1, o1, "
     "o2) ORDER BY o1 DESC NULLS FIRST, o2) UNION ALL (SELECT n, k1, t1.\"id\" FROM \"cairn page\" "
     "LEFT JOIN \"public\".\"projects\" AS t1 ON false)"},
    {"clients", "select=id,projects(id)&projects.limit=3", NULL},
    {"clients", "select=id,projects(id)&id=eq.1", NULL},
    {"clients", "select=id,projects(id::text)", NULL},
    {"projects", "select=id,clients(id)", NULL},
};

static void
embeds_of_several_rows_are_looked_for_at_once(void **state)
{
    struct schema *schema = sample_schema();

    (void)state;
    for (size_t i = 0; i < COUNTOF(gathered_cases); i++) {
        struct sample_request request;

        assert_true(sample_read(&request, schema, DB_POSTGRES, str_from(gathered_cases[i].table),
                                str_from(gathered_cases[i].query)));
        if (gathered_cases[i].postgres == NULL)
            assert_null(request.sql.gathered.sql.data);
        else
            assert_str(request.sql.gathered.sql, gathered_cases[i].postgres);
        assert_non_null(request.sql.main.sql.data);
        sample_fini(&request);
    }
    schema_unref(schema);
}

static void
requests_become_sql_in_both_dialects(void **state)
{
    struct schema *schema = sample_schema();

    (void)state;
    for (size_t i = 0; i < COUNTOF(sql_cases); i++) {
        const struct case_sql *c = &sql_cases[i];
        struct sample_request request;
        struct err err = {0};

        (void)err;
        if (!sample_read(&request, schema, DB_SQLITE, str_from(c->table), str_from(c->query)))
            fail_msg("%s: %s", c->query, request.err.message);
        assert_str(request.sql.main.sql, c->sqlite);
        sample_fini(&request);
        if (!sample_read(&request, schema, DB_POSTGRES, str_from(c->table), str_from(c->query)))
            fail_msg("%s: %s", c->query, request.err.message);
        if (c->postgres != NULL)
            assert_str(request.sql.main.sql, c->postgres);
        sample_fini(&request);
    }
    schema_unref(schema);
}

struct case_error {
    const char *table, *query, *code, *message, *details;
};

static const struct case_error error_cases[] = {
    {"clients", "id=0", "PGRST100", "\"failed to parse filter (0)\" (line 1, column 1)",
     "unexpected \"0\" expecting \"not\" or operator (eq, gt, ...)"},
    {"clients", "id=foo.0", "PGRST100", "\"failed to parse filter (foo.0)\" (line 1, column 1)",
     NULL},
    {"clients", "id=is.nul", "PGRST100", "\"failed to parse filter (is.nul)\" (line 1, column 4)",
     NULL},
    {"clients", "id=in.1", "PGRST100", NULL, "unexpected \"1\" expecting \"(\""},
    {"clients", "order=id.dsc", "PGRST100", NULL, NULL},
    {"clients", "or=(id.eq.1", "PGRST100", NULL,
     "unexpected end of input expecting \",\" or \")\""},
    {"clients", "or=()", "PGRST100", NULL, NULL},
    {"clients", "select=id,,name", "PGRST100", NULL, NULL},
    {"clients", "limit=-1", "PGRST103", "Requested range not satisfiable",
     "Limit should be greater than or equal to zero."},
    {"clients", "limit=abc", "PGRST100", NULL, NULL},
    {"clients", "select=%zz", "PGRST100", NULL, NULL},
    {"clients", "select=%ff", "PGRST100", NULL, NULL},
    {"clients", "nme=eq.1", "42703", "column clients.nme does not exist", NULL},
    {"clients", "select=id,foo", "42703", "column clients.foo does not exist", NULL},
    {"clients", "order=foo", "42703", "column clients.foo does not exist", NULL},
    {"clients", "select=tasks(id)", "PGRST200",
     "Could not find a relationship between 'clients' and 'tasks' in the schema cache",
     "Searched for a foreign key relationship between 'clients' and 'tasks' in the schema "
     "'public', but no matches were found."},
    {"clients", "projects.name=eq.x", "PGRST108",
     "'projects' is not an embedded resource in this request", NULL},
    {"clients", "select=id,projects(id)&order=projects(id)", "PGRST118",
     "A related order on 'projects' is not possible",
     "'clients' and 'projects' do not form a many-to-one or one-to-one relationship"},
    {"clients", "select=id.sum()", "PGRST123", "Use of aggregate functions is not allowed", NULL},
    {"clients", "select=id::nosuch", "42704", "type \"nosuch\" does not exist", NULL},
    {"clients", "id=like.1", "42883", "operator does not exist: integer ~~ unknown", NULL},
    {"clients", "name=is.true", "42804", "argument of IS TRUE must be type boolean, not type text",
     NULL},
    {"projects", "settings->>a->b=eq.1", "42883", "operator does not exist: text -> unknown", NULL},
    {"projects", "select=settings->>a->>1", "42883", "operator does not exist: text ->> integer",
     NULL},
    {"clients", "select=nosuch,tasks(id)", "PGRST200", NULL, NULL},
};

static void
mistakes_get_the_contracts_errors(void **state)
{
    struct schema *schema = sample_schema();

    (void)state;
    for (size_t i = 0; i < COUNTOF(error_cases); i++) {
        const struct case_error *c = &error_cases[i];
        struct sample_request request;

        if (sample_read(&request, schema, DB_SQLITE, str_from(c->table), str_from(c->query)))
            fail_msg("%s: is accepted", c->query);
        if (strcmp(request.err.code, c->code) != 0)
            fail_msg("%s: %s %s", c->query, request.err.code, request.err.message);
        if (c->message != NULL)
            assert_string_equal(request.err.message, c->message);
        if (c->details != NULL)
            assert_string_equal(request.err.details, c->details);
        sample_fini(&request);
    }
    schema_unref(schema);
}

static void
check_too_big(const struct schema *schema, const char *open, const char *middle, const char *close,
              unsigned times)
{
    struct sample_request request;
    struct buf query;

    buf_init(&query, 1024 * 1024);
    for (unsigned i = 0; i < times; i++)
        buf_add_str(&query, str_from(open));
    buf_add_str(&query, str_from(middle));
    for (unsigned i = 0; i < times; i++)
        buf_add_str(&query, str_from(close));
    assert_false(sample_read(&request, schema, DB_SQLITE, STR("clients"), buf_str(&query)));
    assert_string_equal(request.err.code, "PGRST100");
    assert_contains(request.err.details, "too many");
    sample_fini(&request);
    buf_fini(&query);
}

static void
every_growing_part_has_a_limit(void **state)
{
    struct schema *schema = sample_schema();

    (void)state;
    check_too_big(schema, "id=eq.1&", "", "", 1001);
    check_too_big(schema, "", "or=(id.eq.1", ",id.eq.1", 1001);
    check_too_big(schema, "", "select=id", ",id", 501);
    check_too_big(schema, "", "id=in.(1", ",1", 10001);
    check_too_big(schema, "", "order=id", ",id", 1001);
    {
        struct sample_request request;

        assert_false(sample_read(&request, schema, DB_SQLITE, STR("clients"),
                                 STR("select=a(b(c(d(e(f(g))))))")));
        assert_contains(request.err.details, "too many levels of embedding");
        sample_fini(&request);
    }
    schema_unref(schema);
}

static bool
have_one_shape(const char *a, const char *b, const struct api_limits *limits)
{
    const char *const queries[] = {a, b};
    struct buf shapes[2];
    struct arena *arena = arena_new(4096, 1024 * 1024);
    struct err err = {0};
    bool same = false;

    for (size_t k = 0; k < 2; k++) {
        struct api_param *params = NULL;
        struct api_request api = {0};
        uint32_t count = 0;

        buf_init(&shapes[k], 4096);
        assert_ok(api_parse_params(str_from(queries[k]), arena, &params, &count, &err));
        assert_ok(api_parse_query(params, count, limits, arena, &api, &shapes[k], &err));
    }
    same = str_eq(buf_str(&shapes[0]), buf_str(&shapes[1]));
    buf_fini(&shapes[0]);
    buf_fini(&shapes[1]);
    arena_free(arena);
    return same;
}

static void
what_changes_the_plan_changes_the_shape_and_values_do_not(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"id=eq.1", "id=eq.2", true},
        {"id=eq.1", "id=gt.1", false},
        {"id=eq.1", "id=not.eq.1", false},
        {"id=in.(1,2)", "id=in.(3)", true},
        {"limit=1&offset=2", "limit=3&offset=4", true},
        {"limit=1", "offset=1", false},
        {"offset=-1&limit=1", "offset=1&limit=1", false},
        {"id=is.null", "id=is.not_null", false},
        {"select=id", "select=name", false},
        {"or=(id.eq.1,id.eq.2)", "or=(id.eq.1,id.eq.3)", false},
        {"name=eq.a&id=eq.1", "name=eq.ab&id=eq.1", true},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(cases); i++) {
        if (have_one_shape(cases[i].a, cases[i].b, &sample_limits) != cases[i].same)
            fail_msg("%s and %s", cases[i].a, cases[i].b);
    }
}

static void
usual_limits_and_no_offset_are_part_of_the_shape_where_plans_depend_on_them(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"limit=20", "limit=50", false},
        {"limit=950", "limit=951", false},
        {"limit=951", "limit=952", true},
        {"limit=1050", "limit=1100", true},
        {"limit=0", "limit=101", true},
        {"offset=0", "offset=1", false},
        {"offset=1", "offset=2", true},
        {"clients.limit=5", "clients.limit=6", false},
        {"limit=5&id=eq.1", "limit=5&id=eq.2", true},
    };
    struct api_limits limits = sample_limits;

    (void)state;
    limits.fixes_limits = true;
    for (size_t i = 0; i < COUNTOF(cases); i++) {
        if (have_one_shape(cases[i].a, cases[i].b, &limits) != cases[i].same)
            fail_msg("%s and %s", cases[i].a, cases[i].b);
    }
}

/* Wide tables times many embeds: what is planned stays within the arena, which ends the process
 * past its reserve. */
static void
plans_of_wide_tables_end_within_their_memory(void **state)
{
    static const char *const parts[] = {"...up(*)", "...up(c1)", "up(*)", "w:wide(*)", "*"};
    struct schema *schema = sample_schema_wide(500);

    for (size_t i = 0; i < COUNTOF(parts); i++) {
        struct sample_request request;
        struct buf query;
        bool ok = false;

        buf_init(&query, 65536);
        BUF_ADD_LIT(&query, "select=");
        for (unsigned k = 0; k < 240; k++)
            buf_printf(&query, "%s%s", k > 0 ? "," : "", parts[i]);
        ok = sample_read(&request, schema, DB_SQLITE, STR("wide"), buf_str(&query));
        if (!ok && strcmp(request.err.code, "54011") != 0 &&
            strcmp(request.err.code, "CAIRN-LIMIT") != 0 && strcmp(request.err.code, "54001") != 0)
            fail_msg("%s: %s", parts[i], request.err.message);
        sample_fini(&request);
        buf_fini(&query);
    }
    schema_unref(schema);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_become_sql_in_both_dialects),
        cmocka_unit_test(embeds_of_several_rows_are_looked_for_at_once),
        cmocka_unit_test(mistakes_get_the_contracts_errors),
        cmocka_unit_test(every_growing_part_has_a_limit),
        cmocka_unit_test(plans_of_wide_tables_end_within_their_memory),
        cmocka_unit_test(what_changes_the_plan_changes_the_shape_and_values_do_not),
        cmocka_unit_test(
            usual_limits_and_no_offset_are_part_of_the_shape_where_plans_depend_on_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
