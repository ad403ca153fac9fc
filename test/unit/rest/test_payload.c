/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of writes. */
#include "rest/payload.h"
#include "unit.h"

#define ARENA_MAX (16 * 1024 * 1024)

struct body_case {
    const char *body, *type;
    bool has_columns;
    uint32_t rows;
    const char *keys; /* joined by ';' */
    const char *text; /* of all rows */
};

static const struct body_case taken[] = {
    {"{}", NULL, false, 1, "", "{}"},
    {"[]", NULL, false, 0, "", "[]"},
    {"[{}]", NULL, false, 1, "", "[{}]"},
    {" {\"a\":1} ", "application/json", false, 1, "a", "{\"a\":1}"},
    {"{\"a\":1,\"b\":null}", "application/json; charset=utf-8", false, 1, "a;b",
     "{\"a\":1,\"b\":null}"},
    {"[{\"a\":1,\"b\":2},{\"b\":3,\"a\":4}]", "Application/JSON", false, 2, "a;b",
     "[{\"a\":1,\"b\":2},{\"b\":3,\"a\":4}]"},
    {"[{\"a\":1},{\"b\":2}]", "application/vnd.pgrst.object+json", true, 2, "a",
     "[{\"a\":1},{\"b\":2}]"},
    {"{\"\\u0061\":1}", "", false, 1, "a", "{\"\\u0061\":1}"},
    {"a,b\n1,x\nNULL,\n", "text/csv", false, 2, "a;b",
     "[{\"a\":\"1\",\"b\":\"x\"},{\"a\":null,\"b\":\"\"}]"},
    {"a\r\n1\r\n\r\n2", "text/csv; charset=utf-8", false, 3, "a",
     "[{\"a\":\"1\"},{\"a\":\"\"},{\"a\":\"2\"}]"},
    {"\"a \"\"b\"\"\",\"c,\nd\"\n\"x\"\"\",\"1\n2,\"\n", "text/csv", false, 1, "a \"b\";c,\nd",
     "[{\"a \\\"b\\\"\":\"x\\\"\",\"c,\\nd\":\"1\\n2,\"}]"},
    {"a,b", "text/csv", false, 0, "", "[]"},
    {"a\nit's \"quoted\" inside", "text/csv", false, 1, "a",
     "[{\"a\":\"it's \\\"quoted\\\" inside\"}]"},
    {"a=1&b=x+y%26z&c=", "application/x-www-form-urlencoded", false, 1, "a;b;c",
     "{\"a\":\"1\",\"b\":\"x y&z\",\"c\":\"\"}"},
    {"", "application/x-www-form-urlencoded", false, 1, "", "{}"},
};

static void
objects_and_arrays_of_objects_are_taken(void **state)
{
    for (size_t i = 0; i < COUNTOF(taken); i++) {
        const struct body_case *c = &taken[i];
        struct arena *arena = arena_new(4096, ARENA_MAX);
        struct payload payload;
        struct buf keys;
        struct err err = {0};

        buf_init(&keys, 1024);
        assert_ok(payload_parse(str_from(c->body), str_from(c->type), c->has_columns, 64, arena,
                                &payload, &err));
        for (uint32_t k = 0; k < payload.key_count; k++)
            buf_printf(&keys, "%s%.*s", k > 0 ? ";" : "", STR_ARG(payload.keys[k]));
        assert_int_equal(payload.row_count, c->rows);
        assert_str(buf_str(&keys), c->keys);
        assert_str(payload.text, c->text);
        buf_fini(&keys);
        arena_free(arena);
    }
}

struct refused_case {
    const char *body, *type, *message;
};

static const struct refused_case refused[] = {
    {"", NULL, "Empty or invalid json"},
    {"   ", NULL, "Empty or invalid json"},
    {"{", NULL, "Empty or invalid json"},
    {"{\"a\":1}}", NULL, "Empty or invalid json"},
    {"{'a':1}", NULL, "Empty or invalid json"},
    {"{\"a\":01}", NULL, "Empty or invalid json"},
    {"{\"a\":NaN}", NULL, "Empty or invalid json"},
    {"{\"a\":1,\"a\":2}", NULL, "Empty or invalid json"},
    {"[{\"a\":1,\"a\":2}]", NULL, "Empty or invalid json"},
    {"{\"a\":\"\\u0000\"}", NULL, "Empty or invalid json"},
    {"{\"\\u0000\":1}", NULL, "Empty or invalid json"},
    {"{\"a\":\"\\ud800\"}", NULL, "Empty or invalid json"},
    {"{\"a\":\"\xFF\"}", NULL, "Empty or invalid json"},
    {"{\"a\":\"\xC3\"}", NULL, "Empty or invalid json"},
    {"{\"a\":\"\n\"}", NULL, "Empty or invalid json"},
    {"1", NULL, "All object keys must match"},
    {"null", NULL, "All object keys must match"},
    {"\"x\"", NULL, "All object keys must match"},
    {"[1]", NULL, "All object keys must match"},
    {"[{\"a\":1},2]", NULL, "All object keys must match"},
    {"[{\"a\":1},{\"b\":1}]", NULL, "All object keys must match"},
    {"[{\"a\":1},{\"a\":1,\"b\":1}]", NULL, "All object keys must match"},
    {"[{\"a\":1},{}]", NULL, "All object keys must match"},
    {"[[{\"a\":1}]]", NULL, "All object keys must match"},
    {"{}", "text/plain", "Content-Type not acceptable: text/plain"},
    {"", "text/csv", "Empty or invalid csv"},
    {"a,b\n1", "text/csv", "All lines must have same number of fields"},
    {"a,b\n1,2,3", "text/csv", "All lines must have same number of fields"},
    {"a,b\n1,2\n\n3,4", "text/csv", "All lines must have same number of fields"},
    {"a\n\"1", "text/csv", "Empty or invalid csv"},
    {"\"a", "text/csv", "Empty or invalid csv"},
    {"a\n\"1\"2", "text/csv", "Empty or invalid csv"},
    {"a,a\n1,2", "text/csv", "Empty or invalid json"},
    {"a\n\xFF", "text/csv", "Empty or invalid json"},
    {"\"a\n\",b,c,d\n1,2,3,4", "text/csv", "Empty or invalid csv"},
    {"a=%zz", "application/x-www-form-urlencoded", "Empty or invalid form"},
    {"a=%00", "application/x-www-form-urlencoded", "Empty or invalid form"},
    {"a=1&a=2", "application/x-www-form-urlencoded", "Empty or invalid json"},
    {"{}", "application/xml; charset=utf-8", "Content-Type not acceptable: application/xml"},
};

static void
everything_else_is_PGRST102(void **state)
{
    for (size_t i = 0; i < COUNTOF(refused); i++) {
        struct arena *arena = arena_new(4096, ARENA_MAX);
        struct payload payload;
        struct err err = {0};

        if (payload_parse(str_from(refused[i].body), str_from(refused[i].type), false, 64, arena,
                          &payload, &err))
            fail_msg("%s is taken", refused[i].body);
        assert_string_equal(err.code, "PGRST102");
        assert_string_equal(err.message, refused[i].message);
        assert_int_equal(err.http_status, 400);
        arena_free(arena);
    }
}

static void
a_body_says_where_it_is_wrong(void **state)
{
    struct arena *arena = arena_new(4096, ARENA_MAX);
    struct payload payload;
    struct err err = {0};

    assert_false(
        payload_parse(STR("{\"a\":1,\n \"b\":x}"), STR_NULL, false, 64, arena, &payload, &err));
    assert_contains(err.details, "line 2");
    err_clear(&err);
    assert_false(payload_parse(STR(""), STR_NULL, false, 64, arena, &payload, &err));
    assert_false(err.has_details);
    arena_free(arena);
}

static void
a_body_that_is_too_deep_is_refused(void **state)
{
    struct arena *arena = arena_new(4096, ARENA_MAX);
    struct payload payload;
    struct err err = {0};

    assert_ok(payload_parse(STR("{\"a\":[[1]]}"), STR_NULL, false, 3, arena, &payload, &err));
    assert_false(payload_parse(STR("{\"a\":[[[1]]]}"), STR_NULL, false, 3, arena, &payload, &err));
    assert_string_equal(err.code, "PGRST102");
    assert_contains(err.details, "deep");
    arena_free(arena);
}

static void
a_body_larger_than_the_arena_is_413(void **state)
{
    struct arena *arena = arena_new(1024, 16 * 1024);
    struct payload payload;
    struct err err = {0};
    struct buf body;

    arena_set_soft(arena);
    buf_init(&body, 64 * 1024);
    buf_add_char(&body, '[');
    for (unsigned i = 0; i < 1000; i++)
        BUF_ADD_LIT(&body, "{},");
    BUF_ADD_LIT(&body, "{}]");
    assert_false(payload_parse(buf_str(&body), STR_NULL, false, 64, arena, &payload, &err));
    assert_int_equal(err.http_status, 413);
    buf_fini(&body);
    arena_free(arena);
}

static void
a_csv_that_grows_too_long_is_413(void **state)
{
    struct arena *arena = arena_new(4096, 64 << 20);
    struct payload payload;
    struct err err = {0};
    struct buf body;

    /* The name stands in each of the lines. */
    buf_init(&body, 1 << 20);
    for (unsigned i = 0; i < 100000; i++)
        buf_add_char(&body, 'n');
    for (unsigned i = 0; i < 100000; i++)
        buf_add_char(&body, '\n');
    assert_false(payload_parse(buf_str(&body), STR("text/csv"), false, 64, arena, &payload, &err));
    assert_int_equal(err.http_status, 413);
    assert_true(arena_used(arena) < 1 << 20);
    buf_fini(&body);
    arena_free(arena);
}

static void
values_become_text_and_null_nothing(void **state)
{
    static const struct {
        const char *json, *text, *raw; /* NULL: nothing */
    } cases[] = {
        {"null", NULL, NULL},
        {"true", "true", "true"},
        {"false", "false", "false"},
        {"12345678901234567890.10", "12345678901234567890.10", "12345678901234567890.10"},
        {"1e5", "1e5", "1e5"},
        {"\"\"", "", "\"\""},
        {"\"a\\\"b\"", "a\"b", "\"a\\\"b\""},
        {"[1, {\"a\" : 2}]", "[1, {\"a\" : 2}]", "[1, {\"a\" : 2}]"},
    };

    assert_null(payload_value_text(NULL, false).data);
    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct arena *arena = arena_new(4096, ARENA_MAX);
        struct json *value = NULL;
        struct err err = {0};

        assert_ok(json_parse(str_from(cases[i].json), JSON_LIMITS_DEFAULT, arena, &value, &err));
        assert_true((payload_value_text(value, false).data == NULL) == (cases[i].text == NULL));
        assert_str(payload_value_text(value, false), cases[i].text);
        assert_str(payload_value_text(value, true), cases[i].raw);
        arena_free(arena);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_and_arrays_of_objects_are_taken),
        cmocka_unit_test(everything_else_is_PGRST102),
        cmocka_unit_test(a_body_says_where_it_is_wrong),
        cmocka_unit_test(a_body_that_is_too_deep_is_refused),
        cmocka_unit_test(a_body_larger_than_the_arena_is_413),
        cmocka_unit_test(a_csv_that_grows_too_long_is_413),
        cmocka_unit_test(values_become_text_and_null_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
