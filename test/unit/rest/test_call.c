/* SPDX-License-Identifier: Apache-2.0 */
/* From a call to SQL: which function takes the arguments, in what form they go, and what a function
 * says to the client. */
#include "rest/args.h"
#include "rest/raise.h"
#include "sample.h"
#include "unit.h"

static struct schema *schema;
static struct arena *arena;
static struct err err;

static struct model_table *
make_row(struct model *model, struct str name, enum type_id type)
{
    struct model_table *row = ARENA_NEW(model->arena, struct model_table);

    *row = (struct model_table){.schema = STR("public"), .name = name, .column_count = 1};
    row->columns = ARENA_ARRAY(model->arena, struct model_column, 1);
    row->columns[0].name = STR("pgrst_scalar");
    row->columns[0].type = *type_builtin(type);
    return row;
}

struct given {
    const char *name;
    enum type_id type;
    bool has_default, is_variadic;
};

static struct model_function *
add_function(struct model *model, const char *name, const struct given *given, uint32_t count)
{
    struct model_function *function = &model->functions[model->function_count++];

    *function = (struct model_function){
        .schema = STR("public"), .name = str_from(name), .argument_count = count};
    function->arguments = ARENA_ARRAY(model->arena, struct model_argument, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        struct model_argument *argument = &function->arguments[i];

        argument->name = str_from(given[i].name);
        argument->has_default = given[i].has_default;
        argument->is_variadic = given[i].is_variadic;
        argument->type = *type_builtin(given[i].type);
        if (given[i].type == TYPE_ARRAY)
            argument->type.name = STR("integer[]");
    }
    function->result = MODEL_RESULT_SCALAR;
    function->row = make_row(model, function->name, TYPE_INT4);
    return function;
}

static bool
ignore_step(void *ctx, const struct migration_step *step, struct err *step_err)
{
    return true;
}

/* In the order of their names, as the catalogs give them. */
static int
set_up(void **state)
{
    static const struct given two[] = {{.name = "a", .type = TYPE_INT4},
                                       {.name = "b\"c", .type = TYPE_TEXT, .has_default = true}};
    static const struct given three[] = {{.name = "a", .type = TYPE_INT4},
                                         {.name = "x", .type = TYPE_JSON},
                                         {.name = "y", .type = TYPE_ARRAY}};
    static const struct given rest[] = {{.name = "v", .type = TYPE_ARRAY, .is_variadic = true}};
    static const struct given unnamed[] = {{.name = "", .type = TYPE_JSON}};
    static const struct given bytes[] = {{.name = "", .type = TYPE_BYTEA}};
    static const struct given same[] = {{.name = "arg", .type = TYPE_TEXT}};
    static const struct given other[] = {{.name = "arg", .type = TYPE_INT4}};
    static const char *const schemas[] = {"public"};
    const struct migration_sink sink = {.run = ignore_step};
    struct model *model = model_new();

    if (!migration_translate(STR("t.sql"),
                             STR("CREATE TABLE items (id integer PRIMARY KEY, n text)"), model,
                             &sink, &err))
        return 1;
    model->functions = ARENA_ARRAY(model->arena, struct model_function, 10);
    add_function(model, "f", two, 2);
    add_function(model, "f", three, 3);
    add_function(model, "nothing", NULL, 0)->row = make_row(model, STR("nothing"), TYPE_INT4);
    model->functions[2].result = MODEL_RESULT_VOID;
    model->functions[2].row->column_count = 0;
    add_function(model, "records", NULL, 0)->result = MODEL_RESULT_RECORD;
    add_function(model, "rows", NULL, 0)->result = MODEL_RESULT_ROW;
    model->functions[4].row = &model->tables[0];
    add_function(model, "same", same, 1);
    add_function(model, "same", other, 1);
    add_function(model, "variadic", rest, 1);
    add_function(model, "whole", unnamed, 1);
    add_function(model, "whole", bytes, 1);
    schema = schema_new(model, schemas, 1);
    return 0;
}

static int
tear_down(void **state)
{
    schema_unref(schema);
    return 0;
}

struct call_input {
    const char *type; /* of the body; NULL: a GET */
    const char *name, *query, *body;
};

struct made {
    struct api_request api;
    struct plan_call call;
    struct emit_output sql;
};

/* As the handler of /rpc does it. */
static bool
make(const struct call_input *input, const char *prefer, struct made *out)
{
    struct request request = {.arena = arena, .body = str_from(input->body)};
    struct api_param *params = NULL;
    uint32_t count = 0;
    struct args args;
    struct plan *plan = NULL;
    struct buf shape;
    bool ok = false;

    *out = (struct made){.api = {.takes_arguments = input->type == NULL}};
    request.known[HTTP_H_CONTENT_TYPE] = str_from(input->type != NULL ? input->type : "");
    err_clear(&err);
    buf_init(&shape, 64 * 1024);
    api_parse_prefer(str_from(prefer), arena, &out->api.prefer);
    if (!api_parse_params(str_from(input->query), arena, &params, &count, &err) ||
        !api_parse_query(params, count, &sample_limits, arena, &out->api, &shape, &err))
        goto out;
    if (input->type == NULL)
        args_read_query(&out->api, arena, &args);
    else if (!args_read_body(&request, &out->api, 64, &args, &err))
        goto out;
    if (!args_choose(schema, STR("public"), str_from(input->name), &args, &out->api, arena,
                     &out->call, &err))
        goto out;
    ok = plan_make(&(struct plan_input){.schema = schema,
                                        .table = out->call.function->row,
                                        .call = &out->call,
                                        .api = &out->api,
                                        .limits = &sample_limits,
                                        .dialect = DB_POSTGRES,
                                        .arena = arena},
                   &plan, &err) &&
         emit_plan(DB_POSTGRES, plan, arena, &out->sql, &err);

out:
    buf_fini(&shape);

    return ok;
}

#define JSON "application/json"

static void
a_call_stands_where_a_table_would(void **state)
{
    static const struct {
        struct call_input input;
        const char *sql;
    } cases[] = {
        {{NULL, "f", "a=1", ""},
         "SELECT t0.\"pgrst_scalar\" FROM \"public\".\"f\"(\"a\" => $1::integer) AS "
         "t0(\"pgrst_scalar\") LIMIT 1000"},
        {{JSON, "f", "", "{\"b\\\"c\":\"x\",\"a\":1}"},
         "SELECT t0.\"pgrst_scalar\" FROM \"public\".\"f\"(\"a\" => $1::integer, \"b\"\"c\" => "
         "$2::text) AS t0(\"pgrst_scalar\") LIMIT 1000"},
        {{JSON, "f", "", "{\"a\":1,\"x\":{},\"y\":[1]}"},
         "SELECT t0.\"pgrst_scalar\" FROM \"public\".\"f\"(\"a\" => $1::integer, \"x\" => "
         "$2::json, \"y\" => (SELECT v FROM json_to_record($3::json) AS _(v integer[]))) AS "
         "t0(\"pgrst_scalar\") LIMIT 1000"},
        {{NULL, "f", "a=1&x=2&y={3}", ""},
         "SELECT t0.\"pgrst_scalar\" FROM \"public\".\"f\"(\"a\" => $1::integer, \"x\" => "
         "$2::json, \"y\" => $3::integer[]) AS t0(\"pgrst_scalar\") LIMIT 1000"},
        {{NULL, "nothing", "", ""}, "SELECT 1 FROM \"public\".\"nothing\"() AS t0 LIMIT 1000"},
        {{NULL, "records", "", ""},
         "SELECT t0.\"pgrst_scalar\" FROM (SELECT to_json(\"public\".\"records\"())) AS "
         "t0(\"pgrst_scalar\") LIMIT 1000"},
        {{NULL, "rows", "id=eq.1&select=n&order=id&limit=5", ""},
         "SELECT t0.\"n\" FROM \"public\".\"rows\"() AS t0 WHERE t0.\"id\" = $1 ORDER BY t0.\"id\" "
         "LIMIT $2"},
        {{NULL, "variadic", "v=1&v=2", ""},
         "SELECT t0.\"pgrst_scalar\" FROM \"public\".\"variadic\"(VARIADIC \"v\" => "
         "$1::integer[]) AS t0(\"pgrst_scalar\") LIMIT 1000"},
        {{JSON, "whole", "", "[1]"},
         "SELECT t0.\"pgrst_scalar\" FROM \"public\".\"whole\"($1::json) AS t0(\"pgrst_scalar\") "
         "LIMIT 1000"},
        {{"application/octet-stream", "whole", "", "x"},
         "SELECT t0.\"pgrst_scalar\" FROM \"public\".\"whole\"($1::bytea) AS t0(\"pgrst_scalar\") "
         "LIMIT 1000"},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct made made;

        arena = arena_new(4096, 1024 * 1024);
        assert_ok(make(&cases[i].input, "", &made));
        assert_str(made.sql.main.sql, cases[i].sql);
        assert_false(made.sql.carries_total);
        arena_free(arena);
    }
}

static void
a_count_calls_once(void **state)
{
    struct made made;

    arena = arena_new(4096, 1024 * 1024);
    assert_ok(
        make(&(struct call_input){NULL, "rows", "id=gt.1&limit=1", ""}, "count=exact", &made));
    assert_str(made.sql.main.sql,
               "WITH \"cairn call\" AS MATERIALIZED (SELECT * FROM \"public\".\"rows\"() AS t0) "
               "SELECT q.*, c.n FROM (SELECT count(*) AS n FROM \"cairn call\" AS t0 WHERE "
               "t0.\"id\" > $1) AS c LEFT JOIN (SELECT t0.\"id\", t0.\"n\", true FROM "
               "\"cairn call\" AS t0 WHERE t0.\"id\" > $2 LIMIT $3) AS q ON true");
    assert_true(made.sql.carries_total);
    assert_null(made.sql.count.sql.data);
    arena_free(arena);
}

static void
arguments_go_as_the_text_that_their_type_reads(void **state)
{
    static const struct {
        struct call_input input;
        const char *texts[3]; /* NULL: null */
    } cases[] = {
        {{JSON, "f", "", "{\"a\":\"1\",\"x\":{\"k\": 1},\"y\":[1,null]}"},
         {"1", "{\"k\": 1}", "{\"v\":[1,null]}"}},
        {{JSON, "f", "", "{\"a\":null,\"x\":\"s\",\"y\":null}"}, {NULL, "\"s\"", "{\"v\":null}"}},
        {{JSON, "f", "columns=a,x,y", "{\"a\":true}"}, {"true", NULL, NULL}},
        {{NULL, "f", "a=&x=1&x=2&y={}", ""}, {"", "2", "{}"}},
        {{"application/x-www-form-urlencoded", "f", "", "y=%7B1%7D&x=a+b&a=1"},
         {"1", "a b", "{1}"}},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct made made;

        arena = arena_new(4096, 1024 * 1024);
        assert_ok(make(&cases[i].input, "", &made));
        assert_int_equal(made.call.argument_count, 3);
        for (uint32_t k = 0; k < 3; k++) {
            const struct api_slot *slot = &made.api.slots[made.call.arguments[k].slot];

            assert_int_equal(slot->is_null, cases[i].texts[k] == NULL);
            if (!slot->is_null)
                assert_str(slot->text, cases[i].texts[k]);
        }
        arena_free(arena);
    }
}

static const struct {
    struct call_input input;
    const char *code, *message, *hint;
} not_taken[] = {
    {{NULL, "f", "", ""},
     "PGRST202",
     "Could not find the function public.f without parameters in the schema cache",
     NULL},
    {{NULL, "f", "a=1&z=2", ""},
     "PGRST202",
     "Could not find the function public.f(a, z) in the schema cache",
     "Perhaps you meant to call the function public.f(a, b\"c)"},
    {{JSON, "recordz", "", "{}"},
     "PGRST202",
     "Could not find the function public.recordz without parameters in the schema cache",
     "Perhaps you meant to call the function public.records"},
    {{JSON, "rows", "", "[{\"x\":1}]"},
     "PGRST202",
     "Could not find the function public.rows(x) in the schema cache",
     NULL},
    {{JSON, "f", "", "{\"unlike\":1}"},
     "PGRST202",
     "Could not find the function public.f(unlike) in the schema cache",
     NULL},
    {{"text/plain", "whole", "", "x"},
     "PGRST202",
     "Could not find the function public.whole in the schema cache",
     NULL},
    {{NULL, "whole", "", ""},
     "PGRST202",
     "Could not find the function public.whole without parameters in the schema cache",
     NULL},
    {{NULL, "same", "arg=1", ""},
     "PGRST203",
     "Could not choose the best candidate function between: public.same(arg => text), "
     "public.same(arg => integer)",
     "Try renaming the parameters or the function itself in the database so function "
     "overloading can be resolved"},
    {{"text/csv", "f", "", "a,z\n1,2\n3,4"},
     "PGRST202",
     "Could not find the function public.f(a, z) in the schema cache",
     "Perhaps you meant to call the function public.f(a, b\"c)"},
    {{"text/csv", "f", "", "a\n\"1"}, "PGRST102", "Empty or invalid csv", NULL},
    {{"image/png", "f", "", "a\n1"}, "PGRST102", "Content-Type not acceptable: image/png", NULL},
    {{JSON, "f", "", "{"}, "PGRST102", "Empty or invalid json", NULL},
    {{JSON, "f", "a=1", "{\"a\":1}"}, "PGRST100", NULL, NULL},
    {{NULL, "f", "t.a=1", ""}, "PGRST100", NULL, NULL},
    {{NULL, "f", "a=1&zz=eq.1", ""}, "42703", "column f.zz does not exist", NULL},
};

static void
what_no_function_takes_is_said(void **state)
{
    for (size_t i = 0; i < COUNTOF(not_taken); i++) {
        struct made made;

        arena = arena_new(4096, 1024 * 1024);
        assert_false(make(&not_taken[i].input, "", &made));
        assert_string_equal(err.code, not_taken[i].code);
        if (not_taken[i].message != NULL)
            assert_string_equal(err.message, not_taken[i].message);
        if (err.has_hint != (not_taken[i].hint != NULL))
            fail_msg("%s: hint '%s'", err.message, err.hint);
        if (not_taken[i].hint != NULL)
            assert_string_equal(err.hint, not_taken[i].hint);
        arena_free(arena);
    }
}

static void
settings_become_headers_and_status(void **state)
{
    struct request request = {.arena = arena_new(4096, 1024 * 1024)};
    struct response *response = &request.response;

    response->status = 200;
    response_add_header(&request, STR("Vary"), STR("Accept"));
    response_add_header(&request, STR("X-Mine"), STR("1"));
    assert_ok(raise_apply_settings(&request, STR_NULL, STR_NULL, &err));
    assert_int_equal(response->header_count, 2);
    assert_ok(raise_apply_settings(&request,
                                   STR("[{\"vary\":\"none\"},{\"X-A\":\" b \"},{\"x-a\":\"c\"}]"),
                                   STR("404"), &err));
    assert_int_equal(response->status, 404);
    assert_int_equal(response->header_count, 4);
    assert_str(response->headers[0].name, "X-Mine");
    assert_str(response->headers[1].value, "none");
    assert_str(response->headers[2].value, "b");
    assert_str(response->headers[3].value, "c");
    arena_free(request.arena);
}

static void
a_header_that_would_be_two_is_refused(void **state)
{
    static const char *const bad[] = {
        "[{\"a\":\"b\\r\\nc: d\"}]",
        "[{\"a\\n\":\"b\"}]",
        "[{\"\":\"b\"}]",
        "[{\"a b\":\"c\"}]",
        "[{\"a\":\"\\u007f\"}]",
        "[{\"Content-Length\":\"1\"}]",
        "{\"a\":\"b\"}",
        "[",
        "null",
    };

    for (size_t i = 0; i < COUNTOF(bad); i++) {
        struct request request = {.arena = arena_new(4096, 1024 * 1024)};

        if (raise_apply_settings(&request, str_from(bad[i]), STR_NULL, &err))
            fail_msg("%s was taken", bad[i]);
        assert_string_equal(err.code, "PGRST111");
        assert_int_equal(err.http_status, 500);
        arena_free(request.arena);
    }
}

static void
raised_states_set_the_status(void **state)
{
    static const struct {
        const char *code;
        int status;
    } cases[] = {{"PT404", 404}, {"PT999", 500}, {"PT4x4", 500}, {"P0001", 0}, {"23505", 0}};

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct request request = {.arena = arena_new(4096, 1024 * 1024)};

        err_clear(&err);
        err_set(&err, ERR_DB, cases[i].code, "said");
        raise_translate(&request, &err);
        assert_int_equal(err.http_status, cases[i].status);
        assert_string_equal(err.message, "said");
        arena_free(request.arena);
    }
}

static void
only_the_database_raises(void **state)
{
    struct request request = {0};

    err_clear(&err);
    err_set(&err, ERR_REQUEST, "PT404", "said");
    raise_translate(&request, &err);
    assert_int_equal(err.http_status, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_stands_where_a_table_would),
        cmocka_unit_test(a_count_calls_once),
        cmocka_unit_test(arguments_go_as_the_text_that_their_type_reads),
        cmocka_unit_test(what_no_function_takes_is_said),
        cmocka_unit_test(settings_become_headers_and_status),
        cmocka_unit_test(a_header_that_would_be_two_is_refused),
        cmocka_unit_test(raised_states_set_the_status),
        cmocka_unit_test(only_the_database_raises),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
