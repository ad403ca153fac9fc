/* SPDX-License-Identifier: Apache-2.0 */
/* From the values of a request to parameters. */
#include "rest/bind.h"
#include "sample.h"
#include "unit.h"

#define ARENA_MAX (16 * 1024 * 1024)

/* Binds one parameter that takes its value from the slot. */
static bool
bind_one(struct arena *arena, enum db_dialect dialect, const struct api_slot *slot,
         struct emit_param param, struct value *out, struct err *err)
{
    const struct plan plan = {.action = PLAN_READ};
    const struct bind_input input = {
        .dialect = dialect, .plan = &plan, .slots = slot, .arena = arena};
    const struct emit_stmt stmt = {.params = &param, .param_count = 1};
    struct db_stmt bound = {0};

    if (!bind_stmt(&input, &stmt, &bound, err))
        return false;
    assert_int_equal(bound.param_count, 1);
    assert_int_equal(bound.row_count, 1);
    *out = bound.params[0];
    return true;
}

struct value_case {
    enum type_id type;
    const char *text;
    enum value_kind kind;
    int64_t number;
    const char *normal;
};

static const struct value_case values[] = {
    {TYPE_INT4, "42", VALUE_INT, 42, NULL},
    {TYPE_INT8, "-9223372036854775808", VALUE_INT, INT64_MIN, NULL},
    {TYPE_BOOL, "yes", VALUE_INT, 1, NULL},
    {TYPE_TEXT, "a'b\"c", VALUE_TEXT, 0, "a'b\"c"},
    {TYPE_TEXT, "", VALUE_TEXT, 0, ""},
    {TYPE_UUID, "6F1D2C1E8A554D2F9F0E3F1B6F0A7C11", VALUE_TEXT, 0,
     "6f1d2c1e-8a55-4d2f-9f0e-3f1b6f0a7c11"},
    {TYPE_BYTEA, "\\x4869", VALUE_BLOB, 0, "Hi"},
    {TYPE_JSONB, "{\"b\":1,\"a\":2}", VALUE_TEXT, 0, "{\"a\": 2, \"b\": 1}"},
};

static void
values_take_the_form_of_the_engine(void **state)
{
    for (size_t i = 0; i < COUNTOF(values); i++) {
        const struct value_case *c = &values[i];
        struct arena *arena = arena_new(4096, ARENA_MAX);
        const struct api_slot slot = {.text = str_from(c->text)};
        const struct emit_param param = {.source = EMIT_SLOT, .type = type_builtin(c->type)};
        struct value value = {0};
        struct err err = {0};

        assert_ok(bind_one(arena, DB_SQLITE, &slot, param, &value, &err));
        assert_int_equal(value.kind, c->kind);
        if (c->kind == VALUE_INT)
            assert_int_equal(value.i, c->number);
        else
            assert_str(value.s, c->normal);

        /* PostgreSQL reads the text itself. */
        assert_ok(bind_one(arena, DB_POSTGRES, &slot, param, &value, &err));
        assert_int_equal(value.kind, VALUE_TEXT);
        assert_non_null(value.s.data);
        assert_str(value.s, c->text);
        arena_free(arena);
    }
}

static void
wrong_values_are_postgresqls_errors(void **state)
{
    static const struct {
        enum type_id type;
        const char *text, *code;
    } cases[] = {
        {TYPE_INT4, "x", "22P02"},          {TYPE_INT4, "", "22P02"},
        {TYPE_INT4, "2147483648", "22003"}, {TYPE_INT2, "-32769", "22003"},
        {TYPE_BOOL, "maybe", "22P02"},      {TYPE_UUID, "1", "22P02"},
        {TYPE_DATE, "2026-02-30", "22008"}, {TYPE_DATE, "x", "22007"},
        {TYPE_JSONB, "{", "22P02"},         {TYPE_FLOAT4, "1e99", "22003"},
        {TYPE_BYTEA, "\\x4", "22023"},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct arena *arena = arena_new(4096, ARENA_MAX);
        const struct api_slot slot = {.text = str_from(cases[i].text)};
        const struct api_slot list = {.list = &slot.text, .list_count = 1, .is_list = true};
        const struct type *type = type_builtin(cases[i].type);
        struct value value = {0};
        struct err err = {0};

        if (bind_one(arena, DB_SQLITE, &slot,
                     (struct emit_param){.source = EMIT_SLOT, .type = type}, &value, &err))
            fail_msg("'%s' is taken", cases[i].text);
        assert_string_equal(err.code, cases[i].code);
        err_clear(&err);
        assert_false(bind_one(arena, DB_SQLITE, &list,
                              (struct emit_param){.source = EMIT_LIST, .type = type}, &value,
                              &err));
        assert_string_equal(err.code, cases[i].code);
        arena_free(arena);
    }
}

static void
a_list_is_json_for_the_one_and_an_array_for_the_other(void **state)
{
    static const struct {
        enum type_id type;
        struct str items[4];
        uint32_t count;
        const char *sqlite, *postgres;
    } cases[] = {
        {TYPE_INT4, {{0}}, 0, "[]", "{}"},
        {TYPE_INT4, {STR("1"), STR(" 2")}, 2, "[1,2]", "{\"1\",\" 2\"}"},
        {TYPE_TEXT,
         {STR("a"), STR(""), STR("NULL")},
         3,
         "[\"a\",\"\",\"NULL\"]",
         "{\"a\",\"\",\"NULL\"}"},
        {TYPE_TEXT,
         {STR("a\"b"), STR("c\\d"), STR("{x,y}"), STR("\n")},
         4,
         "[\"a\\\"b\",\"c\\\\d\",\"{x,y}\",\"\\n\"]",
         "{\"a\\\"b\",\"c\\\\d\",\"{x,y}\",\"\n\"}"},
        {TYPE_NUMERIC, {STR("1.50"), STR("NaN")}, 2, "[\"1.50\",\"NaN\"]", "{\"1.50\",\"NaN\"}"},
        {TYPE_FLOAT8, {STR("0.1"), STR("-Infinity")}, 2, "[0.1,-9e999]", "{\"0.1\",\"-Infinity\"}"},
        {TYPE_BOOL, {STR("t"), STR("off")}, 2, "[1,0]", "{\"t\",\"off\"}"},
        {TYPE_BYTEA, {STR("\\xff0a")}, 1, "[\"FF0A\"]", "{\"\\\\xff0a\"}"},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct arena *arena = arena_new(4096, ARENA_MAX);
        const struct api_slot slot = {
            .list = cases[i].items, .list_count = cases[i].count, .is_list = true};
        const struct emit_param param = {.source = EMIT_LIST, .type = type_builtin(cases[i].type)};
        struct value value = {0};
        struct err err = {0};

        assert_ok(bind_one(arena, DB_SQLITE, &slot, param, &value, &err));
        assert_str(value.s, cases[i].sqlite);
        assert_ok(bind_one(arena, DB_POSTGRES, &slot, param, &value, &err));
        assert_str(value.s, cases[i].postgres);
        arena_free(arena);
    }
}

static void
array_literals_are_read_as_postgresql_does(void **state)
{
    static const struct {
        const char *text, *json; /* NULL: malformed */
    } cases[] = {
        {"{}", "[]"},
        {" { } ", "[]"},
        {"{a,b}", "[\"a\",\"b\"]"},
        {"{ a , b c }", "[\"a\",\"b c\"]"},
        {"{\" a \",\"\"}", "[\" a \",\"\"]"},
        {"{NULL,null,\"NULL\",\\NULL}", "[null,null,\"NULL\",\"NULL\"]"},
        {"{\"a\\\"b\\\\c\",d\\,e\\ }", "[\"a\\\"b\\\\c\",\"d,e \"]"},
        {"", NULL},
        {"a", NULL},
        {"{", NULL},
        {"{a", NULL},
        {"{a,", NULL},
        {"{a,}", NULL},
        {"{,a}", NULL},
        {"{a}b", NULL},
        {"{\"a}", NULL},
        {"{\"a\"b}", NULL},
        {"{a\"b\"}", NULL},
        {"{{a},{b}}", NULL},
        {"{a\\", NULL},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct arena *arena = arena_new(4096, ARENA_MAX);
        const struct api_slot slot = {.text = str_from(cases[i].text)};
        const struct emit_param param = {.source = EMIT_ARRAY, .type = type_builtin(TYPE_TEXT)};
        struct value value = {0};
        struct err err = {0};
        bool ok = bind_one(arena, DB_SQLITE, &slot, param, &value, &err);

        if (ok != (cases[i].json != NULL))
            fail_msg("'%s': %d", cases[i].text, ok);
        if (ok)
            assert_str(value.s, cases[i].json);
        else
            assert_string_equal(err.code, "22P02");
        assert_ok(bind_one(arena, DB_POSTGRES, &slot, param, &value, &err));
        assert_str(value.s, cases[i].text);
        arena_free(arena);
    }
}

static void
a_limit_is_cut_to_what_is_allowed(void **state)
{
    static const struct {
        const char *text;
        int64_t max, bound;
    } cases[] = {
        {"5", 0, 5},
        {"5", 10, 5},
        {"11", 10, 10},
        {"0", 10, 0},
        {"9223372036854775807", 1000, 1000},
        {"9223372036854775807", 0, INT64_MAX},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct arena *arena = arena_new(4096, ARENA_MAX);
        const struct api_slot slot = {.text = str_from(cases[i].text)};
        const struct emit_param param = {
            .source = EMIT_LIMIT, .type = type_builtin(TYPE_INT8), .max = cases[i].max};
        struct value value = {0};
        struct err err = {0};
        char text[32];

        assert_ok(bind_one(arena, DB_SQLITE, &slot, param, &value, &err));
        assert_int_equal(value.kind, VALUE_INT);
        assert_int_equal(value.i, cases[i].bound);
        assert_ok(bind_one(arena, DB_POSTGRES, &slot, param, &value, &err));
        snprintf(text, sizeof(text), "%lld", (long long)cases[i].bound);
        assert_str(value.s, text);
        arena_free(arena);
    }
}

/* Binds the main statement of a write to the sample's table. */
struct written {
    struct sample_request request;
    struct db_stmt stmt;
    struct value *rowids;
    bool ok;
    struct err err;
};

static void
write_sample(struct written *w, const struct schema *schema, enum db_dialect dialect,
             const struct sample_input *input)
{
    memset(w, 0, sizeof(*w));
    if (!sample_make(&w->request, schema, dialect, input))
        fail_msg("%s", w->request.err.message);
    w->ok = bind_stmt(&(struct bind_input){.dialect = dialect,
                                           .plan = w->request.plan,
                                           .slots = w->request.api.slots,
                                           .payload = &w->request.payload,
                                           .rowids = &w->rowids,
                                           .arena = w->request.arena},
                      &w->request.sql.main, &w->stmt, &w->err);
}

static void
each_row_of_the_payload_is_bound_for_the_embedded_engine(void **state)
{
    struct schema *schema = sample_schema();
    struct written w;
    const struct sample_input input = {
        .table = STR("clients"),
        .action = PLAN_INSERT,
        .body =
            STR("[{\"id\":1,\"name\":\"a\"},{\"name\":null,\"id\":\"2\"},{\"id\":3,\"name\":[4]}]"),
    };

    write_sample(&w, schema, DB_SQLITE, &input);
    assert_true(w.ok);
    assert_int_equal(w.stmt.row_count, 3);
    assert_int_equal(w.stmt.param_count, 2);
    assert_int_equal(w.stmt.params[0].i, 1);
    assert_str(w.stmt.params[1].s, "a");
    assert_int_equal(w.stmt.params[2].i, 2);
    assert_int_equal(w.stmt.params[3].kind, VALUE_NULL);
    assert_int_equal(w.stmt.params[4].i, 3);
    assert_str(w.stmt.params[5].s, "[4]");
    sample_fini(&w.request);
    schema_unref(schema);
}

static void
filters_of_an_update_are_bound_beside_its_row(void **state)
{
    struct schema *schema = sample_schema();
    struct written w;
    const struct sample_input input = {
        .table = STR("clients"),
        .action = PLAN_UPDATE,
        .query = STR("id=in.(1,2)&name=eq.x"),
        .body = STR("[{\"name\":\"new\"},{\"name\":\"ignored\"}]"),
    };

    write_sample(&w, schema, DB_SQLITE, &input);
    assert_true(w.ok);
    assert_int_equal(w.stmt.row_count, 1);
    assert_int_equal(w.stmt.param_count, 3);
    assert_str(w.stmt.params[0].s, "new");
    assert_str(w.stmt.params[1].s, "[1,2]");
    assert_str(w.stmt.params[2].s, "x");
    sample_fini(&w.request);

    write_sample(&w, schema, DB_POSTGRES, &input);
    assert_true(w.ok);
    assert_str(w.stmt.params[0].s, "{\"name\":\"new\"}");
    assert_str(w.stmt.params[1].s, "{\"1\",\"2\"}");
    sample_fini(&w.request);
    schema_unref(schema);
}

static void
postgresql_gets_the_whole_payload_as_an_array(void **state)
{
    static const struct {
        const char *body, *bound;
    } cases[] = {
        {"{\"id\": 1}", "[{\"id\": 1}]"},
        {" [{\"id\":1}, {\"id\":2}] ", "[{\"id\":1}, {\"id\":2}]"},
    };
    struct schema *schema = sample_schema();

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct written w;

        write_sample(&w, schema, DB_POSTGRES,
                     &(struct sample_input){.table = STR("clients"),
                                            .action = PLAN_INSERT,
                                            .body = str_from(cases[i].body)});
        assert_true(w.ok);
        assert_int_equal(w.stmt.row_count, 1);
        assert_str(w.stmt.params[0].s, cases[i].bound);
        sample_fini(&w.request);
    }
    schema_unref(schema);
}

static void
postgresql_gets_plain_values_as_texts_of_their_columns(void **state)
{
    struct schema *schema = sample_schema();
    struct written w;
    struct sample_input input = {
        .table = STR("projects"),
        .action = PLAN_INSERT,
        .body = STR("[{\"id\":1,\"name\":\"a\\\"b\\\\\",\"settings\":\"x\\ny\"},"
                    "{\"settings\":[1, 2],\"name\":null,\"id\":-2},"
                    "{\"id\":3,\"name\":\"NULL\",\"settings\":null}]"),
        .by_columns = true,
    };

    write_sample(&w, schema, DB_POSTGRES, &input);
    assert_true(w.ok);
    assert_int_equal(w.stmt.row_count, 1);
    assert_int_equal(w.stmt.param_count, 3);
    assert_str(w.stmt.params[0].s, "{\"1\",\"-2\",\"3\"}");
    assert_str(w.stmt.params[1].s, "{\"a\\\"b\\\\\",NULL,\"NULL\"}");
    assert_str(w.stmt.params[2].s, "{\"\\\"x\\\\ny\\\"\",\"[1, 2]\",NULL}");
    sample_fini(&w.request);

    input.body = STR("{\"name\":\"\",\"settings\":\"\\u0041\",\"id\":null}");
    write_sample(&w, schema, DB_POSTGRES, &input);
    assert_true(w.ok);
    assert_int_equal(w.stmt.row_count, 1);
    assert_int_equal(w.stmt.params[0].kind, VALUE_TEXT);
    assert_str(w.stmt.params[0].s, "");
    assert_str(w.stmt.params[1].s, "\"A\"");
    assert_int_equal(w.stmt.params[2].kind, VALUE_NULL);
    sample_fini(&w.request);
    schema_unref(schema);
}

static void
a_wrong_value_in_any_row_stops_all(void **state)
{
    static const struct {
        const char *body, *code;
    } cases[] = {
        {"[{\"label\":\"a\"},{\"label\":\"too long\"}]", "22001"},
        {"[{\"id\":1},{\"id\":\"x\"}]", "22P02"},
        {"[{\"id\":9223372036854775808}]", "22003"},
        {"[{\"mood\":\"angry\"}]", "22P02"},
        {"[{\"docb\":1e200000}]", "22003"},
    };
    struct schema *schema = sample_schema();

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct written w;

        write_sample(&w, schema, DB_SQLITE,
                     &(struct sample_input){.table = STR("kinds"),
                                            .action = PLAN_INSERT,
                                            .body = str_from(cases[i].body)});
        assert_false(w.ok);
        assert_string_equal(w.err.code, cases[i].code);
        sample_fini(&w.request);
    }
    schema_unref(schema);
}

static void
a_missing_member_is_marked_where_its_default_is_wanted(void **state)
{
    struct schema *schema = sample_schema();
    struct written w;

    write_sample(&w, schema, DB_SQLITE,
                 &(struct sample_input){.table = STR("kinds"),
                                        .action = PLAN_INSERT,
                                        .query = STR("columns=flag,label"),
                                        .prefer = STR("missing=default"),
                                        .body = STR("[{\"label\":\"a\"},{\"flag\":false}]")});
    assert_true(w.ok);
    /* flag: whether it is there, and what it is; label has no default. */
    assert_int_equal(w.stmt.param_count, 3);
    assert_int_equal(w.stmt.params[0].i, 0);
    assert_int_equal(w.stmt.params[1].kind, VALUE_NULL);
    assert_str(w.stmt.params[2].s, "a");
    assert_int_equal(w.stmt.params[3].i, 1);
    assert_int_equal(w.stmt.params[4].i, 0);
    assert_int_equal(w.stmt.params[5].kind, VALUE_NULL);
    sample_fini(&w.request);
    schema_unref(schema);
}

static void
an_exhausted_arena_is_413(void **state)
{
    struct schema *schema = sample_schema();
    struct written w;
    struct arena *small = arena_new(1024, 2048);
    struct err err = {0};
    struct buf body;

    arena_set_soft(small);
    buf_init(&body, 1024 * 1024);
    buf_add_char(&body, '[');
    for (unsigned i = 0; i < 1000; i++)
        buf_printf(&body, "%s{\"name\":\"%u\"}", i > 0 ? "," : "", i);
    buf_add_char(&body, ']');
    write_sample(&w, schema, DB_SQLITE,
                 &(struct sample_input){
                     .table = STR("clients"), .action = PLAN_INSERT, .body = buf_str(&body)});
    assert_true(w.ok);
    assert_false(bind_stmt(&(struct bind_input){.dialect = DB_SQLITE,
                                                .plan = w.request.plan,
                                                .payload = &w.request.payload,
                                                .arena = small},
                           &w.request.sql.main, &w.stmt, &err));
    assert_int_equal(err.http_status, 413);
    sample_fini(&w.request);
    buf_fini(&body);
    arena_free(small);
    schema_unref(schema);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_take_the_form_of_the_engine),
        cmocka_unit_test(wrong_values_are_postgresqls_errors),
        cmocka_unit_test(a_list_is_json_for_the_one_and_an_array_for_the_other),
        cmocka_unit_test(array_literals_are_read_as_postgresql_does),
        cmocka_unit_test(a_limit_is_cut_to_what_is_allowed),
        cmocka_unit_test(each_row_of_the_payload_is_bound_for_the_embedded_engine),
        cmocka_unit_test(filters_of_an_update_are_bound_beside_its_row),
        cmocka_unit_test(postgresql_gets_the_whole_payload_as_an_array),
        cmocka_unit_test(postgresql_gets_plain_values_as_texts_of_their_columns),
        cmocka_unit_test(a_wrong_value_in_any_row_stops_all),
        cmocka_unit_test(a_missing_member_is_marked_where_its_default_is_wanted),
        cmocka_unit_test(an_exhausted_arena_is_413),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
