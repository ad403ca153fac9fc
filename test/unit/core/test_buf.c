/* SPDX-License-Identifier: Apache-2.0 */
#include "core/buf.h"
#include "core/fault.h"
#include "unit/unit.h"

#include <inttypes.h>

static void
appends_join_and_clear_keeps_the_memory(void **state)
{
    struct buf buf;
    const char *memory;

    buf_init(&buf, 1000);
    buf_add(&buf, "ab", 2);
    buf_add_char(&buf, 'c');
    BUF_ADD_LIT(&buf, "de");
    buf_add_str(&buf, STR_NULL);
    buf_printf(&buf, "%d", 42);
    assert_str(buf_str(&buf), "abcde42");
    assert_string_equal(buf_cstr(&buf), "abcde42");
    memory = buf.data;
    buf_clear(&buf);
    buf_add_char(&buf, 'x');
    assert_ptr_equal(buf.data, memory);
    assert_string_equal(buf_cstr(&buf), "x");
    buf_fini(&buf);
    assert_null(buf.data);
    buf_add_char(&buf, 'y');
    assert_string_equal(buf_cstr(&buf), "y");
    buf_fini(&buf);
}

static void
a_zeroed_struct_with_a_maximum_is_a_buffer(void **state)
{
    struct buf buf = {.max = 4};

    assert_string_equal(buf_cstr(&buf), "");
    buf_add(&buf, "abcd", 4);
    assert_true(buf_ok(&buf));
    assert_string_equal(buf_cstr(&buf), "abcd");
    buf_fini(&buf);
}

static void
an_append_past_the_maximum_appends_nothing(void **state)
{
    for (size_t max = 0; max < 200; max++) {
        struct buf buf;

        buf_init(&buf, max);
        for (size_t i = 0; i < max; i++)
            buf_add_char(&buf, 'a');
        assert_true(buf_ok(&buf));
        assert_int_equal(buf.len, max);
        buf_add(&buf, "bc", 2);
        assert_false(buf_ok(&buf));
        assert_int_equal(buf.len, max);
        assert_string_equal(buf_cstr(&buf), "");
        buf_clear(&buf);
        assert_true(buf_ok(&buf));
        buf_fini(&buf);
    }
}

static void
after_overflow_nothing_is_appended_any_more(void **state)
{
    struct buf buf;

    buf_init(&buf, 100);
    buf_add(&buf, "abc", 3);
    assert_false(buf_reserve(&buf, SIZE_MAX));
    buf_add_char(&buf, 'd');
    buf_add_i64(&buf, 1);
    buf_printf(&buf, "x");
    assert_int_equal(buf.len, 3);
    assert_false(buf_ok(&buf));
    buf_fini(&buf);
}

static void
integers_print_as_printf_does(void **state)
{
    struct buf buf;
    char want[64];

    buf_init(&buf, 100);
    for (unsigned shift = 0; shift < 64; shift++) {
        for (int delta = -2; delta <= 2; delta++) {
            uint64_t value = ((uint64_t)1 << shift) + (uint64_t)delta;

            buf_clear(&buf);
            buf_add_u64(&buf, value);
            snprintf(want, sizeof(want), "%" PRIu64, value);
            assert_string_equal(buf_cstr(&buf), want);
            buf_clear(&buf);
            buf_add_i64(&buf, (int64_t)value);
            snprintf(want, sizeof(want), "%" PRId64, (int64_t)value);
            assert_string_equal(buf_cstr(&buf), want);
        }
    }
    for (uint64_t value = 1; value < UINT64_MAX / 10; value *= 10) {
        buf_clear(&buf);
        buf_add_u64(&buf, value - 1);
        buf_add_char(&buf, ' ');
        buf_add_u64(&buf, value);
        snprintf(want, sizeof(want), "%" PRIu64 " %" PRIu64, value - 1, value);
        assert_string_equal(buf_cstr(&buf), want);
    }
    buf_clear(&buf);
    buf_add_i64(&buf, INT64_MIN);
    assert_string_equal(buf_cstr(&buf), "-9223372036854775808");
    buf_fini(&buf);
}

static void
bytes_are_two_digits_each_or_nothing(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 10);
    buf_add_hex(&buf, STR("\x00\x7f\xA0\xff"));
    assert_true(str_eq(buf_str(&buf), STR("007fa0ff")));
    buf_add_hex(&buf, STR_NULL);
    assert_true(buf_ok(&buf));
    buf_add_hex(&buf, STR("ab"));
    assert_false(buf_ok(&buf));
    assert_true(str_eq(buf_str(&buf), STR("007fa0ff")));
    buf_fini(&buf);
}

static void
doubles_print_shortest_and_read_back(void **state)
{
    static const char *const cases[] = {"0",
                                        "0.1",
                                        "0.3",
                                        "-1.5",
                                        "1e+20",
                                        "0.0005",
                                        "1e-07",
                                        "5e-324",
                                        "123456.789",
                                        "0.3333333333333333",
                                        "1.7976931348623157e+308",
                                        "2.2250738585072014e-308"};
    struct buf buf;

    buf_init(&buf, 100);
    for (size_t i = 0; i < COUNTOF(cases); i++) {
        buf_clear(&buf);
        buf_add_f64(&buf, strtod(cases[i], NULL));
        assert_string_equal(buf_cstr(&buf), cases[i]);
    }
    buf_fini(&buf);
}

static void
printf_writes_texts_of_every_length_around_its_own_memory(void **state)
{
    char text[600];
    struct buf buf;

    memset(text, 'x', sizeof(text));
    for (size_t len = 200; len < 300; len++) {
        buf_init(&buf, 1000);
        buf_printf(&buf, "%.*s|", (int)len, text);
        assert_int_equal(buf.len, len + 1);
        assert_int_equal(buf_cstr(&buf)[len], '|');
        buf_fini(&buf);
    }
    buf_init(&buf, 299);
    buf_printf(&buf, "%.*s", 300, text);
    assert_false(buf_ok(&buf));
    assert_int_equal(buf.len, 0);
    buf_fini(&buf);
    buf_init(&buf, 300);
    buf_printf(&buf, "%.*s", 300, text);
    assert_true(buf_ok(&buf));
    assert_int_equal(buf.len, 300);
    buf_fini(&buf);
}

#ifdef CAIRN_FAULTS
static void
a_failed_growth_at_any_step_leaves_whole_appends(void **state)
{
    for (unsigned nth = 1;; nth++) {
        struct buf buf;

        buf_init(&buf, 100000);
        fault_arm("buf.grow", nth);
        for (int i = 0; i < 1000; i++)
            buf_add(&buf, "0123456789", 10);
        assert_int_equal(buf.len % 10, 0);
        assert_int_equal(buf_ok(&buf), !fault_was_hit());
        buf_fini(&buf);
        if (!fault_was_hit())
            break;
        assert_true(nth < 100);
    }
    fault_arm(NULL, 0);
}
#endif

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_join_and_clear_keeps_the_memory),
        cmocka_unit_test(a_zeroed_struct_with_a_maximum_is_a_buffer),
        cmocka_unit_test(an_append_past_the_maximum_appends_nothing),
        cmocka_unit_test(after_overflow_nothing_is_appended_any_more),
        cmocka_unit_test(integers_print_as_printf_does),
        cmocka_unit_test(bytes_are_two_digits_each_or_nothing),
        cmocka_unit_test(doubles_print_shortest_and_read_back),
        cmocka_unit_test(printf_writes_texts_of_every_length_around_its_own_memory),
#ifdef CAIRN_FAULTS
        cmocka_unit_test(a_failed_growth_at_any_step_leaves_whole_appends),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
