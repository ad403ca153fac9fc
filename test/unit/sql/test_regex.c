/* SPDX-License-Identifier: Apache-2.0 */
/* What patterns match is in functions.tsv; here is what they may cost. */
#include "sql/letter.h"
#include "sql/regex.h"
#include "unit/unit.h"

static bool
matches(const char *pattern, struct str text)
{
    struct regex *regex;
    struct err err = {0};
    bool matched;

    assert_ok(regex_compile(str_from(pattern), false, &regex, &err));
    assert_ok(regex_match(regex, text, &matched, &err));
    regex_free(regex);
    return matched;
}

static void
patterns_that_explode_elsewhere_take_their_time_here(void **state)
{
    static const char *const patterns[] = {
        "(a*)*b",           "(a|a)*b", "(a|aa)+$b", "(.*)*(.*)*(.*)*b", "((a{0,20}){0,20})b",
        "(a?){100}a{100}b",
    };
    char text[1000];

    memset(text, 'a', sizeof(text));
    for (size_t i = 0; i < COUNTOF(patterns); i++)
        assert_false(matches(patterns[i], str_make(text, sizeof(text))));
    assert_true(matches("(a?){100}a{100}", str_make(text, 100)));
    assert_false(matches("^(a?){10}a{10}$", str_make(text, 21)));
}

static void
patterns_too_large_are_refused(void **state)
{
    static const char *const patterns[] = {
        "((a{255}){255}){255}",
        "((((((((){255}){255}){255}){255}){255}){255}){255}){255}",
        "(((((.{50}){50}){50}){50}){50})",
    };
    char deep[1000];

    for (size_t i = 0; i < COUNTOF(patterns); i++) {
        struct regex *regex;
        struct err err = {0};

        assert_false(regex_compile(str_from(patterns[i]), false, &regex, &err));
        assert_string_equal(err.code, "2201B");
        assert_string_equal(err.message,
                            "invalid regular expression: regular expression is too complex");
        assert_null(regex);
    }
    struct regex *regex;
    struct err err = {0};
    memset(deep, '(', sizeof(deep));
    assert_false(regex_compile(str_make(deep, sizeof(deep)), false, &regex, &err));
}

static void
work_without_end_is_given_up(void **state)
{
    size_t len = (size_t)1 << 20;
    char *text = xmalloc(len);
    struct regex *regex;
    struct err err = {0};
    bool matched;

    memset(text, 'a', len);
    assert_ok(regex_compile(STR("(a{0,100}){0,80}b"), false, &regex, &err));
    assert_false(regex_match(regex, str_make(text, len), &matched, &err));
    assert_string_equal(err.code, "54000");
    regex_free(regex);
    free(text);
}

static void
what_is_not_supported_says_so(void **state)
{
    static const char *const patterns[] = {"a(?=b)", "(?!a)", "(?<=a)b", "(a)\\1", "(?x) a"};

    for (size_t i = 0; i < COUNTOF(patterns); i++) {
        struct regex *regex;
        struct err err = {0};

        assert_false(regex_compile(str_from(patterns[i]), false, &regex, &err));
        assert_string_equal(err.code, "0A000");
        assert_true(err.has_hint);
    }
}

static void
any_pattern_compiles_or_is_refused(void **state)
{
    static const char alphabet[] = "ab(|)*+?{}[]^$.\\0123,:=-dwsmMyi\xC3\xA4";
    uint64_t random = 42424242424242U;

    for (int i = 0; i < 50000; i++) {
        char pattern[24];
        size_t len = 0;
        struct regex *regex;
        struct err err = {0};
        bool matched;

        do {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            pattern[len++] = alphabet[random % (sizeof(alphabet) - 1)];
        } while (len < sizeof(pattern) && (random >> 40) % 12 != 0);
        if (regex_compile(str_make(pattern, len), i % 2 == 0, &regex, &err))
            assert_ok(regex_match(regex,
                                  STR("ab a\xC3\xA4"
                                      "b0"),
                                  &matched, &err));
        else
            assert_true(strcmp(err.code, "2201B") == 0 || strcmp(err.code, "0A000") == 0);
        regex_free(regex);
    }
}

static void
letters_outside_ascii_have_case_and_class(void **state)
{
    assert_int_equal(letter_lower(0xC4), 0xE4);
    assert_int_equal(letter_upper(0x3B1), 0x391);
    assert_int_equal(letter_upper(0xDF), 0xDF);
    assert_true(letter_is(0x416, LETTER_UPPER));
    assert_false(letter_is(0x20AC, LETTER_ALPHA));
    assert_int_equal(letter_count(STR("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80")), 4);
    assert_int_equal(letter_offset(STR("a\xC3\xA4z"), 2), 3);
    assert_int_equal(letter_offset(STR("a\xC3\xA4z"), 9), 4);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_that_explode_elsewhere_take_their_time_here),
        cmocka_unit_test(patterns_too_large_are_refused),
        cmocka_unit_test(work_without_end_is_given_up),
        cmocka_unit_test(what_is_not_supported_says_so),
        cmocka_unit_test(any_pattern_compiles_or_is_refused),
        cmocka_unit_test(letters_outside_ascii_have_case_and_class),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
