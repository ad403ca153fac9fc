/* SPDX-License-Identifier: Apache-2.0 */
/* types.tsv holds what PostgreSQL 15 answers; the rest is what a table can't say. */
#include "sql/type.h"
#include "unit/table.h"

static const char *table_path;

static int
setup(void **state)
{
    *state = arena_new(1 << 16, 1 << 28);
    return 0;
}

static int
teardown(void **state)
{
    arena_free(*state);
    return 0;
}

/* A row's result in the table's form. */
static void
answer(struct str names, struct str text, struct arena *arena, struct buf *out)
{
    size_t arrow = str_find_char(names, '>', 0);
    struct type from;
    struct type to;
    struct value value;
    struct err err = {0};
    bool ok;

    assert_true(type_parse_name(str_slice(names, 0, arrow), &from));
    to = from;
    if (arrow < names.len)
        assert_true(type_parse_name(str_slice(names, arrow + 1, names.len), &to));
    ok = type_input(&from, text, arena, &value, &err);
    if (ok && arrow < names.len)
        ok = type_cast_value(&from, &value, &to, arena, &value, &err);
    buf_clear(out);
    if (!ok) {
        buf_printf(out, "E|%s|%s|%s|%s", err.code, err.message, err.has_details ? err.details : "",
                   err.has_hint ? err.hint : "");
        return;
    }
    buf_add_str(out, STR("O|"));
    type_write_output(out, &to, &value);
    buf_add_char(out, '|');
    type_write_text(out, &to, &value);
    buf_add_char(out, '|');
    type_write_json(out, &to, &value);
}

static void
input_casts_and_output_are_postgresqls(void **state)
{
    struct arena *arena = *state;
    struct table table;
    struct buf out;
    unsigned rows = 0;
    unsigned bad = 0;

    assert_true(table_open(&table, table_path));
    buf_init(&out, 1 << 20);
    for (; table_next(&table); rows++) {
        assert_int_equal(table.count, 3);
        arena_reset(arena);
        answer(table.cells[0], table.cells[1], arena, &out);
        if (!str_eq(buf_str(&out), table.cells[2])) {
            print_message("line %u, %.*s '%.*s':\n  %.*s\n  %.*s\n", table.line,
                          STR_ARG(table.cells[0]), STR_ARG(table.cells[1]), STR_ARG(table.cells[2]),
                          STR_ARG(buf_str(&out)));
            bad++;
        }
    }
    buf_fini(&out);
    table_close(&table);
    assert_true(rows > 2000);
    assert_int_equal(bad, 0);
}

static void
input_is_idempotent_on_its_own_output(void **state)
{
    struct arena *arena = *state;
    struct table table;
    struct buf out;

    assert_true(table_open(&table, table_path));
    buf_init(&out, 1 << 20);
    while (table_next(&table)) {
        struct type type;
        struct value value;
        struct value again;
        struct err err = {0};
        struct str json;

        arena_reset(arena);
        if (!type_parse_name(table.cells[0], &type) ||
            !type_input(&type, table.cells[1], arena, &value, &err))
            continue;
        buf_clear(&out);
        type_write_output(&out, &type, &value);
        json = arena_copy(arena, buf_str(&out));
        assert_ok(type_input(&type, json, arena, &again, &err));
        assert_int_equal(again.kind, value.kind);
        if (value.kind == VALUE_TEXT || value.kind == VALUE_BLOB)
            assert_true(str_eq(again.s, value.s));
        else
            assert_memory_equal(&again.i, &value.i, sizeof(value.i));
    }
    buf_fini(&out);
    table_close(&table);
}

static void
stored_forms_are_those_of_the_header(void **state)
{
    static const struct {
        const char *type;
        const char *text;
        enum value_kind kind;
        const char *stored;
    } rows[] = {
        {"boolean", "yes", VALUE_INT, NULL},
        {"bigint", "9223372036854775807", VALUE_INT, NULL},
        {"real", "0.1", VALUE_REAL, NULL},
        {"double precision", "-inf", VALUE_REAL, NULL},
        {"double precision", "nan", VALUE_TEXT, "NaN"},
        {"numeric(6,2)", "1.5", VALUE_TEXT, "1.50"},
        {"numeric", "001.50", VALUE_TEXT, "1.50"},
        {"char(4)", "ab", VALUE_TEXT, "ab  "},
        {"varchar(4)", "ab", VALUE_TEXT, "ab"},
        {"bytea", "\\x4142", VALUE_BLOB, "AB"},
        {"date", "Jul 4 1996", VALUE_TEXT, "1996-07-04"},
        {"time", "10:14:03.50", VALUE_TEXT, "10:14:03.5"},
        {"timestamp", "1996-07-04 10:14:03.50", VALUE_TEXT, "1996-07-04T10:14:03.5"},
        {"timestamptz", "1996-07-04 12:14:03+02", VALUE_TEXT, "1996-07-04T10:14:03+00:00"},
        {"uuid", "{A0EEBC999C0B4EF8BB6D6BB9BD380A11}", VALUE_TEXT,
         "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
        {"json", " [1, 2]", VALUE_TEXT, " [1, 2]"},
        {"jsonb", " {\"b\":1, \"a\":2}", VALUE_TEXT, "{\"a\": 2, \"b\": 1}"},
    };

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct type type;
        struct value value;
        struct err err = {0};

        assert_true(type_parse_name(str_from(rows[i].type), &type));
        assert_ok(type_input(&type, str_from(rows[i].text), *state, &value, &err));
        assert_int_equal(value.kind, rows[i].kind);
        if (rows[i].stored != NULL)
            assert_str(value.s, rows[i].stored);
    }
}

static void
stored_text_sorts_as_time_does(void **state)
{
    static const char *const rising[] = {
        "-infinity",           "0001-01-01",          "1969-12-31 23:59:59.999999",
        "1970-01-01",          "1996-07-04 10:00:00", "1996-07-04 10:00:00.000001",
        "1996-07-04 10:00:01", "9999-12-31",          "infinity",
    };
    static const enum type_id ids[] = {TYPE_TIMESTAMP, TYPE_TIMESTAMPTZ};

    for (size_t t = 0; t < COUNTOF(ids); t++) {
        struct str before = STR("");

        for (size_t i = 0; i < COUNTOF(rising); i++) {
            struct value value;
            struct err err = {0};

            assert_ok(type_input(type_builtin(ids[t]), str_from(rising[i]), *state, &value, &err));
            assert_true(str_cmp(before, value.s) < 0);
            before = value.s;
        }
    }
}

static void
years_that_text_cannot_sort_are_out_of_range(void **state)
{
    static const struct {
        enum type_id id;
        const char *text;
        const char *message;
    } rows[] = {
        {TYPE_DATE, "10000-01-01", "date out of range: \"10000-01-01\""},
        {TYPE_DATE, "0044-03-15 BC", "date out of range: \"0044-03-15 BC\""},
        {TYPE_TIMESTAMP, "10000-01-01", "timestamp out of range: \"10000-01-01\""},
        {TYPE_TIMESTAMPTZ, "9999-12-31 23:59:59-01",
         "timestamp out of range: \"9999-12-31 23:59:59-01\""},
        {TYPE_TIMESTAMPTZ, "0001-01-01 00:00:00+01",
         "timestamp out of range: \"0001-01-01 00:00:00+01\""},
    };

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct value value;
        struct err err = {0};

        assert_false(
            type_input(type_builtin(rows[i].id), str_from(rows[i].text), *state, &value, &err));
        assert_string_equal(err.code, "22008");
        assert_string_equal(err.message, rows[i].message);
    }
}

static void
bytes_that_are_no_text_are_named(void **state)
{
    static const struct {
        struct str text;
        const char *bytes;
    } rows[] = {
        {{"a\0b", 3}, "0x00"},
        {{"a\xFF", 2}, "0xff"},
        {{"\xE2\x28\xA1", 3}, "0xe2 0x28 0xa1"},
        {{"\xC3", 1}, "0xc3"},
        {{"\xED\xA0\x80", 3}, "0xed 0xa0 0x80"},
        {{"\xF4\x90\x80\x80", 4}, "0xf4 0x90 0x80 0x80"},
    };
    static const enum type_id ids[] = {TYPE_TEXT, TYPE_VARCHAR,   TYPE_INT4, TYPE_NUMERIC,
                                       TYPE_BOOL, TYPE_TIMESTAMP, TYPE_UUID, TYPE_JSON,
                                       TYPE_ENUM, TYPE_FLOAT8,    TYPE_BYTEA};

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        for (size_t t = 0; t < COUNTOF(ids); t++) {
            struct value value;
            struct err err = {0};

            assert_false(type_input(type_builtin(ids[t]), rows[i].text, *state, &value, &err));
            assert_string_equal(err.code, "22021");
            assert_contains(err.message, "invalid byte sequence for encoding \"UTF8\": ");
            assert_string_equal(strchr(err.message, ':') + 2, rows[i].bytes);
        }
    }
}

static void
a_label_of_an_enum_is_exact(void **state)
{
    static const struct str labels[] = {{"sad", 3}, {"happy", 5}};
    struct type mood = *type_builtin(TYPE_ENUM);
    struct value value;
    struct err err = {0};

    mood.name = STR("mood");
    mood.labels = labels;
    mood.label_count = COUNTOF(labels);
    assert_ok(type_input(&mood, STR("happy"), *state, &value, &err));
    assert_str(value.s, "happy");
    assert_false(type_input(&mood, STR("Happy"), *state, &value, &err));
    assert_string_equal(err.code, "22P02");
    assert_string_equal(err.message, "invalid input value for enum mood: \"Happy\"");
}

static void
json_of_postgresqls_cells_is_what_to_json_prints(void **state)
{
    static const struct type ints = {.id = TYPE_INT4};
    static const struct type texts = {.id = TYPE_TEXT};
    static const struct type stamps = {.id = TYPE_TIMESTAMPTZ};
    static const struct type flags = {.id = TYPE_BOOL};
    static const struct {
        struct type type;
        const char *cell;
        const char *json;
    } rows[] = {
        {{.id = TYPE_BOOL}, "t", "true"},
        {{.id = TYPE_BOOL}, "f", "false"},
        {{.id = TYPE_INT8}, "9223372036854775807", "9223372036854775807"},
        {{.id = TYPE_NUMERIC}, "-0.50", "-0.50"},
        {{.id = TYPE_NUMERIC}, "NaN", "\"NaN\""},
        {{.id = TYPE_FLOAT8}, "-Infinity", "\"-Infinity\""},
        {{.id = TYPE_FLOAT8}, "1e+20", "1e+20"},
        {{.id = TYPE_TIMESTAMP}, "1996-07-04 10:00:00.5", "\"1996-07-04T10:00:00.5\""},
        {{.id = TYPE_TIMESTAMP}, "infinity", "\"infinity\""},
        {{.id = TYPE_TIMESTAMP}, "0044-03-15 10:00:00 BC", "\"0044-03-15T10:00:00 BC\""},
        {{.id = TYPE_TIMESTAMPTZ}, "1996-07-04 10:00:00+02", "\"1996-07-04T10:00:00+02:00\""},
        {{.id = TYPE_TIMESTAMPTZ}, "1996-07-04 10:00:00-05:30", "\"1996-07-04T10:00:00-05:30\""},
        {{.id = TYPE_TIMESTAMPTZ}, "10996-07-04 10:00:00+00", "\"10996-07-04T10:00:00+00:00\""},
        {{.id = TYPE_TIMESTAMPTZ}, "0044-03-15 10:00:00+00 BC", "\"0044-03-15T10:00:00+00:00 BC\""},
        {{.id = TYPE_BYTEA}, "\\x4142", "\"\\\\x4142\""},
        {{.id = TYPE_JSONB}, "{\"a\": 1}", "{\"a\": 1}"},
        {{.id = TYPE_INTERVAL}, "1 day", "\"1 day\""},
        {{.id = TYPE_OTHER}, "(1,\"a b\")", "\"(1,\\\"a b\\\")\""},
        {{.id = TYPE_ARRAY, .elem = &ints}, "{1,NULL,-3}", "[1,null,-3]"},
        {{.id = TYPE_ARRAY, .elem = &ints}, "{}", "[]"},
        {{.id = TYPE_ARRAY, .elem = &ints}, "[0:1]={1,2}", "[1,2]"},
        {{.id = TYPE_ARRAY, .elem = &ints}, "{{1,2},{3,4}}", "[[1,2],[3,4]]"},
        {{.id = TYPE_ARRAY, .elem = &texts},
         "{a,\"b \\\"c\\\\\",\"NULL\",null,\"{x,y}\"}",
         "[\"a\",\"b \\\"c\\\\\",\"NULL\",null,\"{x,y}\"]"},
        {{.id = TYPE_ARRAY, .elem = &stamps},
         "{\"1996-07-04 10:00:00+00\"}",
         "[\"1996-07-04T10:00:00+00:00\"]"},
        {{.id = TYPE_ARRAY, .elem = &flags}, "{t,f}", "[true,false]"},
    };
    struct buf out;

    buf_init(&out, 1 << 16);
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct value cell = {.kind = VALUE_TEXT, .s = str_from(rows[i].cell)};

        buf_clear(&out);
        type_write_json(&out, &rows[i].type, &cell);
        assert_str(buf_str(&out), rows[i].json);
    }
    buf_fini(&out);
}

static void
null_is_null_in_json_and_nothing_in_text(void **state)
{
    static const char classes[] = "bnfdsxtzrBNS";
    struct value null = {.kind = VALUE_NULL};
    struct buf out;

    buf_init(&out, 1 << 10);
    for (size_t i = 0; classes[i] != '\0'; i++) {
        buf_clear(&out);
        type_write_json_class(&out, classes[i], &null);
        assert_str(buf_str(&out), "null");
    }
    buf_clear(&out);
    type_write_text(&out, type_builtin(TYPE_BOOL), &null);
    type_write_output(&out, type_builtin(TYPE_TIMESTAMP), &null);
    assert_int_equal(out.len, 0);
    buf_fini(&out);
}

static void
cells_of_another_kind_than_their_type_still_write_valid_json(void **state)
{
    static const char classes[] = "bnfdsxtzBNS";
    static const struct value values[] = {
        {.kind = VALUE_INT, .i = -7},          {.kind = VALUE_REAL, .f = 1.5},
        {.kind = VALUE_TEXT, .s = {"-", 1}},   {.kind = VALUE_TEXT, .s = {"", 0}},
        {.kind = VALUE_TEXT, .s = {"{\"", 2}}, {.kind = VALUE_BLOB, .s = {"\xFF\0", 2}},
    };
    struct buf out;

    buf_init(&out, 1 << 10);
    for (size_t i = 0; classes[i] != '\0'; i++) {
        for (size_t v = 0; v < COUNTOF(values); v++) {
            buf_clear(&out);
            type_write_json_class(&out, classes[i], &values[v]);
            assert_true(buf_ok(&out) && out.len > 0);
        }
    }
    buf_fini(&out);
}

static void
names_are_found_in_every_spelling(void **state)
{
    static const struct {
        const char *text;
        const char *name; /* NULL: there is no such type */
    } rows[] = {
        {"int", "integer"},
        {"INT4", "integer"},
        {"  double   precision ", "double precision"},
        {"float(24)", "real"},
        {"float(25)", "double precision"},
        {"float(54)", NULL},
        {"varchar(15)", "character varying(15)"},
        {"character varying ( 15 )", "character varying(15)"},
        {"char", "character(1)"},
        {"char(3)", "character(3)"},
        {"bpchar", "bpchar"},
        {"numeric(10,2)", "numeric(10,2)"},
        {"numeric( 10 , -2 )", "numeric(10,-2)"},
        {"decimal(10)", "numeric(10,0)"},
        {"timestamp(3)", "timestamp(3) without time zone"},
        {"timestamp(9)", "timestamp(6) without time zone"},
        {"timestamp(3) with time zone", "timestamp(3) with time zone"},
        {"timestamptz", "timestamp with time zone"},
        {"time(0) without time zone", "time(0) without time zone"},
        {"numeric(1001)", NULL},
        {"numeric(0)", NULL},
        {"numeric(5,2,1)", NULL},
        {"numeric(5,)", NULL},
        {"numeric()", NULL},
        {"numeric(5", NULL},
        {"numeric(5,2) x", NULL},
        {"varchar(0)", NULL},
        {"varchar(10485761)", NULL},
        {"integer(4)", NULL},
        {"mood", NULL},
        {"", NULL},
        {"text; drop table x", NULL},
        {"a name that is much longer than any type of postgresql has ever been called", NULL},
    };

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct type type;
        bool found = type_parse_name(str_from(rows[i].text), &type);

        assert_int_equal(found, rows[i].name != NULL);
        if (found)
            assert_str(type.name, rows[i].name);
    }
}

static void
many_modifiers_cost_names_but_no_types(void **state)
{
    struct type type = {0};

    for (int32_t length = 1; length < 40000; length++) {
        assert_true(type_lookup(STR("varchar"), &length, 1, &type));
        assert_int_equal(type.length, length);
    }
    assert_true(str_has_prefix(type.name, STR("character varying")));
}

static void
oids_give_the_builtin_types(void **state)
{
    assert_int_equal(type_from_oid(16), TYPE_BOOL);
    assert_int_equal(type_from_oid(1700), TYPE_NUMERIC);
    assert_int_equal(type_from_oid(3802), TYPE_JSONB);
    assert_int_equal(type_from_oid(1184), TYPE_TIMESTAMPTZ);
    assert_int_equal(type_from_oid(600), TYPE_OTHER);
    assert_int_equal(type_from_oid(0), TYPE_OTHER);
}

static void
declarations_carry_the_collation_that_sorts(void **state)
{
    assert_str(type_sqlite_decl(type_builtin(TYPE_NUMERIC)), "TEXT COLLATE cairn_numeric");
    assert_str(type_sqlite_decl(type_builtin(TYPE_BPCHAR)), "TEXT COLLATE RTRIM");
    assert_str(type_sqlite_decl(type_builtin(TYPE_BOOL)), "INTEGER");
    assert_str(type_sqlite_decl(type_builtin(TYPE_FLOAT4)), "REAL");
    assert_str(type_sqlite_decl(type_builtin(TYPE_BYTEA)), "BLOB");
    assert_str(type_sqlite_decl(type_builtin(TYPE_TIMESTAMPTZ)), "TEXT");
    assert_true(type_is_embedded(type_builtin(TYPE_ENUM)));
    assert_false(type_is_embedded(type_builtin(TYPE_INTERVAL)));
    assert_false(type_is_embedded(type_builtin(TYPE_ARRAY)));
}

static void
a_cast_takes_a_value_of_any_kind(void **state)
{
    static const struct value values[] = {
        {.kind = VALUE_INT, .i = 42},           {.kind = VALUE_REAL, .f = 0.5},
        {.kind = VALUE_TEXT, .s = {"abc", 3}},  {.kind = VALUE_TEXT, .s = {NULL, 0}},
        {.kind = VALUE_BLOB, .s = {"\xFF", 1}}, {.kind = VALUE_NULL},
    };

    for (int from = TYPE_UNKNOWN; from <= TYPE_ENUM; from++) {
        for (int to = TYPE_UNKNOWN; to <= TYPE_ENUM; to++) {
            for (size_t v = 0; v < COUNTOF(values); v++) {
                struct value out = {0};
                struct err err = {0};
                bool ok = type_cast_value(type_builtin((enum type_id)from), &values[v],
                                          type_builtin((enum type_id)to), *state, &out, &err);

                assert_true(ok || err.code[0] != '\0');
                if (values[v].kind == VALUE_NULL)
                    assert_true(ok && out.kind == VALUE_NULL);
            }
        }
    }
}

static void
json_nests_to_a_limit(void **state)
{
    char text[2100];
    struct value value;
    struct err err = {0};

    memset(text, '[', 1000);
    memset(text + 1000, ']', 1000);
    assert_ok(type_input(type_builtin(TYPE_JSON), str_make(text, 2000), *state, &value, &err));
    assert_ok(type_input(type_builtin(TYPE_JSONB), str_make(text, 2000), *state, &value, &err));
    memset(text, '[', 1001);
    memset(text + 1001, ']', 1000);
    assert_false(type_input(type_builtin(TYPE_JSON), str_make(text, 2001), *state, &value, &err));
    assert_string_equal(err.code, "54001");
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(input_casts_and_output_are_postgresqls, setup, teardown),
        cmocka_unit_test_setup_teardown(input_is_idempotent_on_its_own_output, setup, teardown),
        cmocka_unit_test_setup_teardown(stored_forms_are_those_of_the_header, setup, teardown),
        cmocka_unit_test_setup_teardown(stored_text_sorts_as_time_does, setup, teardown),
        cmocka_unit_test_setup_teardown(years_that_text_cannot_sort_are_out_of_range, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(bytes_that_are_no_text_are_named, setup, teardown),
        cmocka_unit_test_setup_teardown(a_label_of_an_enum_is_exact, setup, teardown),
        cmocka_unit_test(json_of_postgresqls_cells_is_what_to_json_prints),
        cmocka_unit_test(null_is_null_in_json_and_nothing_in_text),
        cmocka_unit_test(cells_of_another_kind_than_their_type_still_write_valid_json),
        cmocka_unit_test(names_are_found_in_every_spelling),
        cmocka_unit_test(many_modifiers_cost_names_but_no_types),
        cmocka_unit_test(oids_give_the_builtin_types),
        cmocka_unit_test(declarations_carry_the_collation_that_sorts),
        cmocka_unit_test_setup_teardown(a_cast_takes_a_value_of_any_kind, setup, teardown),
        cmocka_unit_test_setup_teardown(json_nests_to_a_limit, setup, teardown),
    };

    assert(argc == 2);
    table_path = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
