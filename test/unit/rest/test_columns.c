/* SPDX-License-Identifier: Apache-2.0 */
/* Which payloads go to PostgreSQL as columns. What each way answers:
 * test/request/test_request_columns.c. */
#include "sample.h"
#include "unit.h"

#define ARENA_MAX (16 * 1024 * 1024)

static const char table[] =
    "CREATE TYPE mood AS ENUM ('sad', 'ok');"
    "CREATE TABLE t (b boolean, i2 smallint, i4 integer, i8 bigint, f4 real, f8 double precision,"
    "  n numeric, n2 numeric(6,2), t text, v varchar(5), c char(5), x bytea, d date, tm time,"
    "  ts timestamp(3), tz timestamptz, u uuid, e mood, j json, jb jsonb, a integer[], q tsquery);";

static enum payload_way
way_of(const struct schema *schema, const char *body, bool all_present, const char *only)
{
    struct arena *arena = arena_new(4096, ARENA_MAX);
    struct payload payload;
    struct str name = str_from(only);
    struct payload_names names = {.all_present = all_present};
    enum payload_way way;
    struct err err = {0};

    assert_ok(payload_parse(str_from(body), STR_NULL, only != NULL, 64, arena, &payload, &err));
    names.items = only != NULL ? &name : payload.keys;
    names.count = only != NULL ? 1 : payload.key_count;
    way = payload_choose_way(&payload, payload.row_count, &names,
                             schema_find_table(schema, STR("public"), STR("t")), arena);
    arena_free(arena);
    return way;
}

static void
expect(const struct schema *schema, const char *body, enum payload_way expected)
{
    if (way_of(schema, body, false, NULL) != expected)
        fail_msg("%s", body);
}

/* The values of the comma separated list, one body for each. */
static void
expect_each(const struct schema *schema, const char *column, const char *values,
            enum payload_way expected)
{
    struct str rest = str_from(values);

    while (rest.len > 0) {
        struct str value = str_trim(str_cut(&rest, ','));
        struct buf body;

        buf_init(&body, 4096);
        buf_printf(&body, "{\"%s\":%.*s}", column, STR_ARG(value));
        expect(schema, buf_cstr(&body), expected);
        buf_fini(&body);
    }
}

static const struct {
    const char *column, *plain, *others;
} values[] = {
    {"b", "true, false, null, \"true\"", "1, \"t\", \"TRUE\", \"\", {}"},
    {"i2", "0, -32768, 32767", "32768, -32769, 1.0, \" 1\", \"\""},
    {"i4", "2147483647, -2147483648, \"12\", -0, \"007\"",
     "2147483648, 1e3, 1.0, true, \"+1\", \"-\", \"0x1\", [1], \"1\\n\""},
    {"i8", "9223372036854775807, -9223372036854775808", "9223372036854775808, 1E1"},
    {"f4", "0.1, -12.50, 7, 123456789012345678901234567890",
     "1e3, \"NaN\", \".5\", \"5.\", \"1.-\""},
    {"f8", "0.30000000000000004", "1234567890123456789012345678901, \"inf\""},
    {"n", "100000000000000000000.50, \"000.5\"", "1e2, \"NaN\", \"1_0\""},
    {"n2", "9999.99, \"0000000.99\", -9999, 999.999, 0.001", "10000, 9999.999, 9999.991, 1e0"},
    {"t", "\"\", \"x\", 1.50, 1E2, true, null", "{}, []"},
    {"v", "\"12345\", true, 1e100, \"\"", "\"123456\", \"\xC3\xA9\xC3\xA9\xC3\xA9\""},
    {"c", "\"12345\"", "\"123456\""},
    {"x", "\"\\\\x\", \"\\\\xaB\"", "\"\\\\xa\", \"\\\\xg0\", \"ab\", \"x\""},
    {"d", "\"2024-02-29\", \"9999-12-31\"",
     "\"2023-02-29\", \"1900-02-29\", \"2024-00-01\", \"2024-04-31\", \"0000-01-01\", \"2024-1-1\", "
     "\"2024-01-01 \", \"today\", 20240101"},
    {"tm", "\"00:00\", \"23:59:59.999999\"",
     "\"24:00\", \"1:00\", \"10:60\", \"10:00:60\", \"10:00:00.\""},
    {"ts", "\"2024-01-01\", \"2024-01-01 10:00\", \"2024-01-01T10:00:00.5Z\"",
     "\"2024-01-01T\", \"2024-01-01Z\", \"2024-01-01T10:00:00.1234567\", \"2024-01-01T10\", \"now\""},
    {"tz", "\"2024-01-01T10:00:00+14:59\", \"2024-01-01T10:00-02\", \"2024-01-01T10:00+0530\"",
     "\"2024-01-01T10:00:00+15:00\", \"2024-01-01T10:00:00+02:\", \"2024-01-01T10:00:00+2\", "
     "\"2024-01-01T10:00:00z\", \"2024-01-01T10:00:00ZZ\", \"2024-01-01T10:00:00+02:60\""},
    {"u", "\"6f1d2c1e-8a55-4d2f-9f0e-3f1b6f0A7C11\"",
     "\"6f1d2c1e8a554d2f9f0e3f1b6f0a7c11\", \"6f1d2c1e-8a55-4d2f-9f0e-3f1b6f0a7c1g\", "
     "\"6f1d2c1e-8a55-4d2f-9f0e03f1b6f0a7c11\""},
    {"e", "\"sad\", null", "\"angry\", \"SAD\", \"\", true"},
    {"j", "\"x\", {\"a\":1e999999}, 1e5, [ ], true", ""},
    {"jb", "\"1e5\", {\"a\":[1.5]}, true, [\"\\\"1e5\"], -1",
     "1e5, 1E5, {\"a\":[1.0e5]}, "
     "1234567890123456789012345678901"},
    {"a", "", "[1], null, \"{1}\""},
    {"q", "", "\"x\", null"},
    {"nothing", "", "1, null"},
};

static void
values_in_the_plain_form_of_their_type_go_as_columns(void **state)
{
    struct schema *schema = sample_schema_text(table);

    for (size_t i = 0; i < COUNTOF(values); i++) {
        expect_each(schema, values[i].column, values[i].plain, PAYLOAD_AS_ROW);
        expect_each(schema, values[i].column, values[i].others, PAYLOAD_AS_JSON);
    }
    schema_unref(schema);
}

static void
several_rows_go_as_arrays_when_all_can(void **state)
{
    struct schema *schema = sample_schema_text(table);

    expect(schema, "[{\"i4\":1}]", PAYLOAD_AS_ROW);
    expect(schema, "[{\"i4\":1,\"t\":\"a\"},{\"t\":\"b\",\"i4\":2}]", PAYLOAD_AS_ARRAYS);
    expect(schema, "[{\"i4\":1,\"t\":\"a\"},{\"t\":\"b\",\"i4\":2.0}]", PAYLOAD_AS_JSON);
    expect(schema, "[{\"i4\":1,\"t\":{}},{\"t\":\"b\",\"i4\":2}]", PAYLOAD_AS_JSON);
    expect(schema, "[]", PAYLOAD_AS_JSON);
    expect(schema, "{}", PAYLOAD_AS_JSON);
    schema_unref(schema);
}

static void
what_columns_leaves_out_is_not_looked_at(void **state)
{
    struct schema *schema = sample_schema_text(table);

    assert_int_equal(way_of(schema, "{\"i4\":1,\"a\":[1]}", false, "i4"), PAYLOAD_AS_ROW);
    assert_int_equal(way_of(schema, "[{\"i4\":1},{\"a\":1}]", false, "i4"), PAYLOAD_AS_ARRAYS);
    assert_int_equal(way_of(schema, "[{\"i4\":1},{\"i4\":null}]", true, "i4"), PAYLOAD_AS_ARRAYS);
    /* A default is left to PostgreSQL. */
    assert_int_equal(way_of(schema, "[{\"i4\":1},{\"a\":1}]", true, "i4"), PAYLOAD_AS_JSON);
    schema_unref(schema);
}

static void
a_domain_goes_as_json(void **state)
{
    struct schema *schema = sample_schema_text(table);
    const struct schema_table *found = schema_find_table(schema, STR("public"), STR("t"));

    expect(schema, "{\"i4\":1}", PAYLOAD_AS_ROW);
    ((struct model_column *)(uintptr_t)schema_find_column(found, STR("i4")))->type.is_domain = true;
    expect(schema, "{\"i4\":1}", PAYLOAD_AS_JSON);
    schema_unref(schema);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_in_the_plain_form_of_their_type_go_as_columns),
        cmocka_unit_test(several_rows_go_as_arrays_when_all_can),
        cmocka_unit_test(what_columns_leaves_out_is_not_looked_at),
        cmocka_unit_test(a_domain_goes_as_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
