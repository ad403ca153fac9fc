/* SPDX-License-Identifier: Apache-2.0 */
/* What is expected here was printed by PostgreSQL 15. */
#include "core/fault.h"
#include "core/json.h"
#include "unit/unit.h"

static struct arena *arena;
static struct buf out;
static struct err err;

static int
set_up(void **state)
{
    arena = arena_new(4096, (size_t)64 << 20);
    buf_init(&out, (size_t)1 << 20);
    return 0;
}

static int
tear_down(void **state)
{
    arena_free(arena);
    buf_fini(&out);
    return 0;
}

static struct json *
parse(const char *text)
{
    struct json *root = NULL;
    struct json_limits limits = {.max_depth = 100000, .allow_duplicate_keys = true};

    assert_ok(json_parse(str_from(text), limits, arena, &root, &err));
    return root;
}

static void
assert_jsonb(const char *text, const char *expected)
{
    buf_clear(&out);
    assert_true(json_write_jsonb(&out, parse(text)));
    assert_string_equal(buf_cstr(&out), expected);
}

static void
numbers_print_as_numeric_does(void **state)
{
    static const char *const cases[][2] = {
        {"0", "0"},
        {"-0", "0"},
        {"-0.0", "0.0"},
        {"-0.00", "0.00"},
        {"0e10", "0"},
        {"0.0e5", "0"},
        {"0e-3", "0.000"},
        {"-0e-2", "0.00"},
        {"1e2", "100"},
        {"1E+2", "100"},
        {"1e0", "1"},
        {"1e00", "1"},
        {"-1e2", "-100"},
        {"1.50", "1.50"},
        {"1.5e3", "1500"},
        {"1.50e1", "15.0"},
        {"1.23e1", "12.3"},
        {"1.23e2", "123"},
        {"1.23e3", "1230"},
        {"12345e-2", "123.45"},
        {"100e-2", "1.00"},
        {"10e-0", "10"},
        {"1e-5", "0.00001"},
        {"-1e-5", "-0.00001"},
        {"1.0e-3", "0.0010"},
        {"0.10", "0.10"},
        {"-0.10", "-0.10"},
        {"0.001e3", "1"},
        {"0.0010e3", "1.0"},
        {"0.05e1", "0.5"},
        {"123456789012345678901234567890.1234567890", "123456789012345678901234567890.1234567890"},
        {"1e20", "100000000000000000000"},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        buf_clear(&out);
        assert_true(json_write_numeric(&out, str_from(cases[i][0])));
        assert_string_equal(buf_cstr(&out), cases[i][1]);
    }
}

static void
numerics_range_is_postgresqls(void **state)
{
    static const struct {
        const char *text;
        size_t len; /* of what is printed; 0: refused */
    } cases[] = {
        {"1e131071", 131072},
        {"1e131072", 0},
        {"9.99e131071", 131072},
        {"99e131070", 131072},
        {"99e131071", 0},
        {"0.00001e131076", 131072},
        {"0.00001e131077", 0},
        {"1e-16383", 16385},
        {"1e-16384", 0},
        {"1.5e-16383", 0},
        {"1.0e-16382", 16385},
        {"0e-16384", 0},
        {"-0e-16383", 16385},
        {"0e131072", 1},
        {"0e1073741822", 1},
        {"0e1073741823", 0},
        {"1e99999999999", 0},
        {"1e-99999999999", 0},
        {"0e99999999999999999999999999", 0},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        buf_clear(&out);
        assert_int_equal(json_write_numeric(&out, str_from(cases[i].text)), cases[i].len > 0);
        if (out.len != cases[i].len)
            fail_msg("%s: %zu characters", cases[i].text, out.len);
    }
}

static void
members_are_ordered_by_length_and_then_by_bytes(void **state)
{
    assert_jsonb("{\"b\":1,\"aa\":2,\"a\":3,\"\":4,\"B\":5,\"\xC3\xA9\":6,\"zz\":7}",
                 "{\"\": 4, \"B\": 5, \"a\": 3, \"b\": 1, \"aa\": 2, \"zz\": 7, \"\xC3\xA9\": 6}");
}

static void
the_last_of_equal_names_stays(void **state)
{
    assert_jsonb("{\"a\":1,\"b\":2,\"a\":{\"x\":1},\"a\":3}", "{\"a\": 3, \"b\": 2}");
}

static void
blanks_and_nesting_are_normal(void **state)
{
    assert_jsonb("[ ]", "[]");
    assert_jsonb("{ }", "{}");
    assert_jsonb("[[],{},[1,[2]],{\"a\":[]},true,false,null]",
                 "[[], {}, [1, [2]], {\"a\": []}, true, false, null]");
    assert_jsonb("\"x\"", "\"x\"");
}

static void
strings_escape_what_postgresql_escapes(void **state)
{
    assert_jsonb("\"\\u0001\\u001f\\u007f\\u00e9\\/\\b\\f\\n\\r\\t\\\\\\\"\\ud83d\\ude00\"",
                 "\"\\u0001\\u001f\x7F\xC3\xA9/\\b\\f\\n\\r\\t\\\\\\\"\xF0\x9F\x98\x80\"");
}

static void
every_byte_is_escaped_at_every_place_or_left_alone(void **state)
{
    char text[40];
    char want[60];

    /* One byte in 8, 16 and the rests of both. */
    for (unsigned i = 0; i < 256 * sizeof(text); i++) {
        int c = (int)(i % 256);
        size_t len = i / 256 + 1;

        for (size_t at = 0; at < len; at++) {
            char escaped[8];
            static const char shorts[] = "\b\t\n\f\r\"\\";
            static const char letters[] = "btnfr\"\\";
            const char *is_short = c != 0 ? strchr(shorts, c) : NULL;

            memset(text, 'a', sizeof(text));
            if (is_short != NULL)
                snprintf(escaped, sizeof(escaped), "\\%c", letters[is_short - shorts]);
            else if (c < 0x20)
                snprintf(escaped, sizeof(escaped), "\\u%04x", c);
            else
                snprintf(escaped, sizeof(escaped), "%c", c);
            snprintf(want, sizeof(want), "\"%.*s%s%.*s\"", (int)at, text, escaped,
                     (int)(len - at - 1), text);
            text[at] = (char)c;
            buf_clear(&out);
            json_write_str(&out, str_make(text, len));
            assert_string_equal(buf_cstr(&out), want);
        }
    }
}

static void
a_full_buffer_gets_no_part_of_a_string(void **state)
{
    for (size_t max = 0; max < 70; max++) {
        struct buf small;

        buf_init(&small, max);
        buf_add_char(&small, 'x');
        json_write_str(&small, STR("0123456789\x01\x02\x03\x04\x05\x06\x07 and more"));
        assert_int_equal(buf_ok(&small), max >= 1 + 12 + 7 * 6 + 9);
        if (!buf_ok(&small))
            assert_int_equal(small.len, max > 0);
        buf_fini(&small);
    }
}

static void
a_number_out_of_range_writes_nothing(void **state)
{
    buf_clear(&out);
    buf_add_char(&out, 'x');
    assert_false(json_write_jsonb(&out, parse("{\"a\":[1,2,{\"b\":1e131072}]}")));
    assert_string_equal(buf_cstr(&out), "x");
}

static void
numbers_that_grow_stop_at_the_buffers_maximum(void **state)
{
    struct buf text;

    buf_init(&text, (size_t)1 << 20);
    for (int i = 0; i < 100000; i++)
        buf_printf(&text, "%s1e131071", i == 0 ? "[" : ",");
    buf_add_char(&text, ']');
    buf_clear(&out);
    assert_true(json_write_jsonb(&out, parse(buf_cstr(&text))));
    assert_false(buf_ok(&out));
    buf_fini(&text);
}

static void
depth_costs_no_stack(void **state)
{
    size_t depth = 90000;
    char *text = xmalloc(2 * depth + 1);

    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    text[2 * depth] = '\0';
    assert_jsonb(text, text);
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(numbers_print_as_numeric_does, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numerics_range_is_postgresqls, set_up, tear_down),
        cmocka_unit_test_setup_teardown(members_are_ordered_by_length_and_then_by_bytes, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_last_of_equal_names_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(blanks_and_nesting_are_normal, set_up, tear_down),
        cmocka_unit_test_setup_teardown(strings_escape_what_postgresql_escapes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_byte_is_escaped_at_every_place_or_left_alone, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_full_buffer_gets_no_part_of_a_string, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_number_out_of_range_writes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numbers_that_grow_stop_at_the_buffers_maximum, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(depth_costs_no_stack, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
