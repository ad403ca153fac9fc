/* SPDX-License-Identifier: Apache-2.0 */
/* numeric and floats, by properties; what single calls answer is in types.tsv and functions.tsv. */
#include <math.h>

#include "sql/float.h"
#include "sql/numeric.h"
#include "unit/unit.h"

#define ROUNDS 20000

static uint64_t seed = UINT64_C(0x9E3779B97F4A7C15);

static uint64_t
next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

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

static struct numeric
number(struct arena *arena, const char *text)
{
    struct numeric value;
    struct err err = {0};

    assert_ok(numeric_parse(str_from(text), -1, 0, arena, &value, &err));
    return value;
}

static struct numeric
random_number(struct arena *arena)
{
    char text[80];
    size_t len = 0;
    size_t whole = 1 + next_random() % 30;
    size_t fraction = next_random() % 30;

    if (next_random() % 2 == 0)
        text[len++] = '-';
    for (size_t i = 0; i < whole; i++)
        text[len++] = (char)('0' + (next_random() % 3 == 0 ? 0 : next_random() % 10));
    if (fraction > 0)
        text[len++] = '.';
    for (size_t i = 0; i < fraction; i++)
        text[len++] = (char)('0' + (next_random() % 3 == 0 ? 9 : next_random() % 10));
    text[len] = '\0';
    return number(arena, text);
}

static void
random_numerics_come_back_from_their_text(void **state)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct numeric a;
        struct numeric b;
        struct err err = {0};
        struct str text;

        arena_reset(*state);
        a = random_number(*state);
        text = numeric_to_text(&a, *state);
        assert_ok(numeric_parse(text, -1, 0, *state, &b, &err));
        assert_int_equal(numeric_compare(&a, &b), 0);
        assert_int_equal(a.dscale, b.dscale);
        assert_true(str_eq(text, numeric_to_text(&b, *state)));
    }
}

static void
comparing_texts_is_comparing_values(void **state)
{
    static const char *const special[] = {"NaN", "Infinity", "-Infinity", "0", "0.00", "1.0", "1"};

    for (int i = 0; i < ROUNDS; i++) {
        struct numeric a;
        struct numeric b;
        int order;
        int by_text;

        arena_reset(*state);
        a = i % 10 == 0 ? number(*state, special[next_random() % COUNTOF(special)])
                        : random_number(*state);
        b = i % 7 == 0 ? number(*state, special[next_random() % COUNTOF(special)])
                       : random_number(*state);
        order = numeric_compare(&a, &b);
        by_text = numeric_compare_text(numeric_to_text(&a, *state), numeric_to_text(&b, *state));
        assert_int_equal((by_text > 0) - (by_text < 0), order);
        assert_int_equal(numeric_compare(&b, &a), -order);
    }
}

static void
text_that_is_no_number_sorts_last_and_totally(void **state)
{
    static const char *const rising[] = {
        "-Infinity", "-10", "-9.5", "-0.1", "0", "0.01", "9", "10", "10.000000000000000000001",
        "Infinity",  "NaN", "",     "-",    ".", "1a",   "a",
    };

    for (size_t i = 0; i < COUNTOF(rising); i++) {
        for (size_t j = 0; j < COUNTOF(rising); j++) {
            int order = numeric_compare_text(str_from(rising[i]), str_from(rising[j]));

            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
    assert_int_equal(numeric_compare_text(STR("-0"), STR("0.0")), 0);
    assert_int_equal(numeric_compare_text(STR("007"), STR("7.00")), 0);
}

static void
arithmetic_keeps_its_laws(void **state)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct numeric a;
        struct numeric b;
        struct numeric sum;
        struct numeric product;
        struct numeric quotient;
        struct numeric rest;
        struct numeric back;
        struct err err = {0};

        arena_reset(*state);
        a = random_number(*state);
        b = random_number(*state);
        assert_ok(numeric_add(&a, &b, *state, &sum, &err));
        assert_ok(numeric_sub(&sum, &b, *state, &back, &err));
        assert_int_equal(numeric_compare(&a, &back), 0);
        if (b.count == 0)
            continue;
        assert_ok(numeric_mul(&a, &b, *state, &product, &err));
        assert_ok(numeric_div(&product, &b, *state, &back, &err));
        assert_int_equal(numeric_compare(&a, &back), 0);
        /* a = trunc(a / b) * b + a mod b, and |a mod b| < |b|. */
        assert_ok(numeric_mod(&a, &b, *state, &rest, &err));
        assert_ok(numeric_sub(&a, &rest, *state, &product, &err));
        assert_ok(numeric_div(&product, &b, *state, &quotient, &err));
        back = quotient;
        numeric_trunc(&back, 0, *state);
        assert_int_equal(numeric_compare(&quotient, &back), 0);
        rest.negative = b.negative = false;
        assert_true(numeric_compare(&rest, &b) < 0);
    }
}

static void
a_running_sum_is_the_sum(void **state)
{
    struct arena *kept = arena_new(1 << 16, 1 << 28);
    struct numeric_sum *sum = numeric_sum_new();
    struct numeric expected = number(kept, "0");
    struct numeric got;
    struct err err = {0};

    for (int i = 0; i < 2000; i++) {
        struct numeric value = random_number(kept);

        numeric_sum_add(sum, &value);
        assert_ok(numeric_add(&expected, &value, kept, &expected, &err));
    }
    assert_ok(numeric_sum_get(sum, kept, &got, &err));
    assert_true(str_eq(numeric_to_text(&got, kept), numeric_to_text(&expected, kept)));
    numeric_sum_free(sum);
    arena_free(kept);
}

static void
sums_of_infinities_are_what_addition_makes_of_them(void **state)
{
    static const struct {
        const char *values[3];
        const char *sum;
    } rows[] = {
        {{"1", "Infinity", "2"}, "Infinity"},
        {{"-Infinity", "1", "-Infinity"}, "-Infinity"},
        {{"-Infinity", "Infinity", "1"}, "NaN"},
        {{"NaN", "Infinity", "1"}, "NaN"},
        {{"-1.50", "0.5", "0.25"}, "-0.75"},
        {{"0.0", "0.00", "0"}, "0.00"},
        {{"-999999999", "-999999999", "-1"}, "-1999999999"},
    };

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct numeric_sum *sum = numeric_sum_new();
        struct numeric got;
        struct err err = {0};

        for (size_t v = 0; v < 3; v++) {
            struct numeric value = number(*state, rows[i].values[v]);

            numeric_sum_add(sum, &value);
        }
        assert_ok(numeric_sum_get(sum, *state, &got, &err));
        assert_str(numeric_to_text(&got, *state), rows[i].sum);
        numeric_sum_free(sum);
    }
}

static void
integers_convert_at_their_limits(void **state)
{
    static const struct {
        const char *text;
        bool fits;
        int64_t value;
    } rows[] = {
        {"9223372036854775807", true, INT64_MAX},
        {"9223372036854775807.4", true, INT64_MAX},
        {"9223372036854775807.5", false, 0},
        {"-9223372036854775808", true, INT64_MIN},
        {"-9223372036854775808.4", true, INT64_MIN},
        {"-9223372036854775808.5", false, 0},
        {"18446744073709551616", false, 0},
        {"1e30", false, 0},
        {"0.5", true, 1},
        {"-0.5", true, -1},
        {"0.49999999999999999999", true, 0},
        {"NaN", false, 0},
        {"-Infinity", false, 0},
    };

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct numeric value = number(*state, rows[i].text);
        struct numeric back;
        int64_t got;

        assert_int_equal(numeric_to_i64(&value, &got), rows[i].fits);
        if (!rows[i].fits)
            continue;
        assert_true(got == rows[i].value);
        numeric_from_i64(got, *state, &back);
        assert_true(numeric_to_i64(&back, &got) && got == rows[i].value);
    }
}

static void
what_the_format_cannot_hold_is_refused(void **state)
{
    static const char *const texts[] = {"1e131072", "-1e131072",    "1e-16384",
                                        "0e-16384", "1e1073741824", "1e99999999999999999999"};
    struct numeric large = number(*state, "1e131071");
    struct numeric value;
    struct err err = {0};

    for (size_t i = 0; i < COUNTOF(texts); i++) {
        assert_false(numeric_parse(str_from(texts[i]), -1, 0, *state, &value, &err));
        assert_string_equal(err.code, "22003");
        assert_string_equal(err.message, "value overflows numeric format");
    }
    assert_int_equal(numeric_to_text(&large, *state).len, 131072);
    assert_false(numeric_mul(&large, &large, *state, &value, &err));
    assert_string_equal(err.code, "22003");
}

/* Digits from the first to the last that is not 0. */
static int
count_digits(struct str text)
{
    int count = 0;
    int zeros = 0;

    for (size_t i = 0; i < text.len && text.data[i] != 'e'; i++) {
        char c = text.data[i];

        if (c < '0' || c > '9' || (count == 0 && c == '0'))
            continue;
        count++;
        zeros = c == '0' ? zeros + 1 : 0;
    }
    return count - zeros;
}

static int
fewest_digits(double value, bool single)
{
    for (int digits = 1;; digits++) {
        char text[40];

        snprintf(text, sizeof(text), "%.*e", digits - 1, value);
        if ((single ? (double)strtof(text, NULL) : strtod(text, NULL)) == value)
            return digits;
    }
}

static void
random_doubles_come_back_from_shortest_text(void **state)
{
    struct buf out;

    buf_init(&out, 64);
    for (int i = 0; i < ROUNDS * 5; i++) {
        uint64_t bits = next_random();
        double value;
        double back;
        struct err err = {0};

        memcpy(&value, &bits, sizeof(value));
        if (i % 3 == 0)
            value = (double)(int64_t)(bits >> 20) / (i % 2 == 0 ? 100 : 1000);
        if (isnan(value) || isinf(value))
            continue;
        buf_clear(&out);
        float_write(&out, value, false);
        assert_ok(float_parse(buf_str(&out), false, &back, &err));
        assert_memory_equal(&back, &value, sizeof(value));
        /* Larger ones may have a shorter form halfway to the next, which PostgreSQL doesn't use. */
        if (fabs(value) < 0x1p53)
            assert_int_equal(count_digits(buf_str(&out)), fewest_digits(value, false));
    }
    buf_fini(&out);
}

static void
random_floats_come_back_from_shortest_text(void **state)
{
    struct buf out;

    buf_init(&out, 64);
    for (int i = 0; i < ROUNDS * 5; i++) {
        uint32_t bits = (uint32_t)next_random();
        float value;
        double back;
        struct err err = {0};

        memcpy(&value, &bits, sizeof(value));
        if (i % 3 == 0)
            value = (float)(bits >> 12) / 100;
        if (isnan(value) || isinf(value))
            continue;
        buf_clear(&out);
        float_write(&out, (double)value, true);
        assert_ok(float_parse(buf_str(&out), true, &back, &err));
        assert_true((float)back == value);
        if (fabsf(value) < 0x1p24f)
            assert_int_equal(count_digits(buf_str(&out)), fewest_digits((double)value, true));
    }
    buf_fini(&out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_numerics_come_back_from_their_text),
        cmocka_unit_test(comparing_texts_is_comparing_values),
        cmocka_unit_test(text_that_is_no_number_sorts_last_and_totally),
        cmocka_unit_test(arithmetic_keeps_its_laws),
        cmocka_unit_test(a_running_sum_is_the_sum),
        cmocka_unit_test(sums_of_infinities_are_what_addition_makes_of_them),
        cmocka_unit_test(integers_convert_at_their_limits),
        cmocka_unit_test(what_the_format_cannot_hold_is_refused),
        cmocka_unit_test(random_doubles_come_back_from_shortest_text),
        cmocka_unit_test(random_floats_come_back_from_shortest_text),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
