/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/unit.h"

static void
equality_is_of_bytes_and_knows_the_empty_view(void **state)
{
    assert_true(str_eq(STR(""), STR_NULL));
    assert_true(str_eq(STR("a\0b"), STR("a\0b")));
    assert_false(str_eq(STR("a\0b"), STR("a\0c")));
    assert_false(str_eq(STR("ab"), STR("a")));
}

static void
nocase_folds_ascii_letters_only(void **state)
{
    assert_true(str_eq_nocase(STR("Content-Length"), STR("cONTENT-lENGTH")));
    assert_false(str_eq_nocase(STR("[{"), STR("{[")));
    assert_false(str_eq_nocase(STR("@"), STR("`")));
    assert_false(str_eq_nocase(STR("\xC3\x84"), STR("\xC3\xA4")));
    assert_false(str_eq_nocase(STR("a"), STR("ab")));
}

static void
order_is_by_unsigned_bytes_and_a_prefix_comes_first(void **state)
{
    assert_true(str_cmp(STR("a"), STR("ab")) < 0);
    assert_true(str_cmp(STR("b"), STR("ab")) > 0);
    assert_true(str_cmp(STR("\xFF"), STR("a")) > 0);
    assert_int_equal(str_cmp(STR_NULL, STR("")), 0);
    assert_true(str_cmp(STR_NULL, STR("a")) < 0);
}

static void
prefix_and_suffix_may_be_empty_or_the_whole(void **state)
{
    assert_true(str_has_prefix(STR("abc"), STR("")));
    assert_true(str_has_prefix(STR("abc"), STR("abc")));
    assert_false(str_has_prefix(STR("abc"), STR("abcd")));
    assert_false(str_has_prefix(STR("abc"), STR("b")));
    assert_true(str_has_suffix(STR("abc"), STR("bc")));
    assert_true(str_has_suffix(STR_NULL, STR("")));
    assert_false(str_has_suffix(STR("abc"), STR("ab")));
}

static void
find_gives_the_length_when_there_is_none(void **state)
{
    assert_int_equal(str_find_char(STR("a,b,c"), ',', 0), 1);
    assert_int_equal(str_find_char(STR("a,b,c"), ',', 2), 3);
    assert_int_equal(str_find_char(STR("a,b,c"), ',', 4), 5);
    assert_int_equal(str_find_char(STR("a"), 'a', 7), 1);
    assert_int_equal(str_find_char(STR_NULL, 'a', 0), 0);
}

static void
slices_are_clamped(void **state)
{
    assert_str(str_slice(STR("abc"), 1, 2), "b");
    assert_str(str_slice(STR("abc"), 1, 99), "bc");
    assert_str(str_slice(STR("abc"), 5, 4), "");
    assert_str(str_slice(STR_NULL, 1, 2), "");
}

static void
trim_takes_the_four_blanks_from_both_ends(void **state)
{
    assert_str(str_trim(STR(" \t\r\na b\n ")), "a b");
    assert_str(str_trim(STR(" \n ")), "");
    assert_str(str_trim(STR("\vx\v")), "\vx\v");
}

static void
cut_tells_an_empty_rest_from_none(void **state)
{
    struct str rest = STR("a,,b,");

    assert_str(str_cut(&rest, ','), "a");
    assert_str(str_cut(&rest, ','), "");
    assert_str(str_cut(&rest, ','), "b");
    assert_int_equal(rest.len, 0);
    assert_non_null(rest.data);
    assert_str(str_cut(&rest, ','), "");
    assert_null(rest.data);
}

static void
integers_are_read_to_their_limits_and_not_past(void **state)
{
    int64_t i = 0;
    uint64_t u = 0;

    assert_true(str_to_i64(STR("9223372036854775807"), &i));
    assert_true(i == INT64_MAX);
    assert_true(str_to_i64(STR("-9223372036854775808"), &i));
    assert_true(i == INT64_MIN);
    assert_false(str_to_i64(STR("9223372036854775808"), &i));
    assert_false(str_to_i64(STR("-9223372036854775809"), &i));
    assert_true(str_to_u64(STR("18446744073709551615"), &u));
    assert_true(u == UINT64_MAX);
    assert_false(str_to_u64(STR("18446744073709551616"), &u));
    assert_false(str_to_u64(STR("184467440737095516150"), &u));
    assert_true(str_to_i64(STR("-0"), &i));
    assert_int_equal(i, 0);
}

static void
integers_are_nothing_but_digits(void **state)
{
    static const char *const bad[] = {"", "-", "+1", " 1", "1 ", "1.0", "0x1", "1e2", "--1", "1\n"};
    int64_t i;
    uint64_t u;

    for (size_t n = 0; n < COUNTOF(bad); n++) {
        assert_false(str_to_i64(str_from(bad[n]), &i));
        assert_false(str_to_u64(str_from(bad[n]), &u));
    }
    assert_false(str_to_u64(STR("-1"), &u));
    assert_false(str_to_i64(STR("1\0"), &i));
}

/* A slow decoder to compare with: reads code points by the definition in RFC 3629. */
static bool
is_utf8_slowly(const unsigned char *p, size_t len)
{
    size_t i = 0;

    while (i < len) {
        size_t more = p[i] < 0x80             ? 0
                      : (p[i] & 0xE0) == 0xC0 ? 1
                      : (p[i] & 0xF0) == 0xE0 ? 2
                      : (p[i] & 0xF8) == 0xF0 ? 3
                                              : 9;
        static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
        uint32_t code;

        if (more == 9 || i + more >= len)
            return false;
        code = more == 0 ? p[i] : p[i] & (0x3FU >> more);
        for (size_t k = 1; k <= more; k++) {
            if ((p[i + k] & 0xC0) != 0x80)
                return false;
            code = code << 6 | (p[i + k] & 0x3F);
        }
        if (code < least[more] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
            return false;
        i += more + 1;
    }
    return true;
}

static void
utf8_agrees_with_the_definition_on_all_short_sequences(void **state)
{
    /* The values at which any rule changes. */
    static const unsigned char edges[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
                                          0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
                                          0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF8, 0xFF};
    size_t n = COUNTOF(edges);

    for (size_t i = 0; i < n * n * n * n; i++) {
        unsigned char text[4] = {edges[i % n], edges[i / n % n], edges[i / n / n % n],
                                 edges[i / n / n / n]};

        for (size_t len = 1; len <= 4; len++) {
            struct str s = str_make((const char *)text, len);

            if (str_is_utf8(s) != is_utf8_slowly(text, len))
                fail_msg("%02x %02x %02x %02x, %zu", text[0], text[1], text[2], text[3], len);
        }
    }
}

static void
utf8_sees_a_bad_byte_at_every_place_of_a_long_text(void **state)
{
    char text[150];

    memset(text, 'a', sizeof(text));
    assert_true(str_is_utf8(str_make(text, sizeof(text))));
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (char)0x80;
        assert_false(str_is_utf8(str_make(text, sizeof(text))));
        text[i] = 'a';
    }
    for (size_t i = 0; i + 1 < sizeof(text); i++) {
        memcpy(text + i, "\xC3\xA9", 2);
        assert_true(str_is_utf8(str_make(text, sizeof(text))));
        assert_false(str_is_utf8(str_make(text, i + 1)));
        memcpy(text + i, "aa", 2);
    }
    assert_true(str_is_utf8(STR_NULL));
}

static void
hash_depends_on_every_byte_the_length_and_the_seed(void **state)
{
    char text[40] = {0};
    uint64_t before = str_hash(str_make(text, sizeof(text)), 1);

    assert_true(before == str_hash(str_make(text, sizeof(text)), 1));
    assert_true(before != str_hash(str_make(text, sizeof(text)), 2));
    assert_true(before != str_hash(str_make(text, sizeof(text) - 1), 1));
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = 1;
        assert_true(before != str_hash(str_make(text, sizeof(text)), 1));
        text[i] = 0;
    }
    assert_true(str_hash(STR_NULL, 1) == str_hash(STR(""), 1));
}

static void
similarity_is_one_minus_the_edit_distance(void **state)
{
    char longer[300];

    assert_true(str_similarity(STR("name"), STR("name")) == 1.0);
    assert_true(str_similarity(STR(""), STR("")) == 1.0);
    assert_true(str_similarity(STR("abcd"), STR("")) == 0.0);
    assert_true(str_similarity(STR("prodcuts"), STR("products")) == 0.75);
    assert_true(str_similarity(STR("kitten"), STR("sitting")) == 1.0 - 3.0 / 7.0);
    memset(longer, 'a', sizeof(longer));
    assert_true(str_similarity(str_make(longer, 300), STR("a")) == 0.0);
    assert_true(str_similarity(str_make(longer, 300), str_make(longer, 300)) == 1.0);
    longer[0] = 'b';
    assert_true(str_similarity(str_make(longer, 256), str_make(longer + 1, 255)) > 0.99);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equality_is_of_bytes_and_knows_the_empty_view),
        cmocka_unit_test(nocase_folds_ascii_letters_only),
        cmocka_unit_test(order_is_by_unsigned_bytes_and_a_prefix_comes_first),
        cmocka_unit_test(prefix_and_suffix_may_be_empty_or_the_whole),
        cmocka_unit_test(find_gives_the_length_when_there_is_none),
        cmocka_unit_test(slices_are_clamped),
        cmocka_unit_test(trim_takes_the_four_blanks_from_both_ends),
        cmocka_unit_test(cut_tells_an_empty_rest_from_none),
        cmocka_unit_test(integers_are_read_to_their_limits_and_not_past),
        cmocka_unit_test(integers_are_nothing_but_digits),
        cmocka_unit_test(utf8_agrees_with_the_definition_on_all_short_sequences),
        cmocka_unit_test(utf8_sees_a_bad_byte_at_every_place_of_a_long_text),
        cmocka_unit_test(hash_depends_on_every_byte_the_length_and_the_seed),
        cmocka_unit_test(similarity_is_one_minus_the_edit_distance),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
