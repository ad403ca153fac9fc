/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/unit.h"

#include <errno.h>

static struct err err;

static void
set_fills_everything_and_is_false(void **state)
{
    err_details(&err, "old");
    err_hint(&err, "old");
    err.http_status = 418;
    assert_false(err_set(&err, ERR_DB, "23505", "unable to %s '%s': %d", "add", "x", 7));
    assert_int_equal(err.kind, ERR_DB);
    assert_string_equal(err.code, "23505");
    assert_string_equal(err.message, "unable to add 'x': 7");
    assert_int_equal(err.http_status, 0);
    assert_false(err.has_details);
    assert_false(err.has_hint);
    assert_string_equal(err.details, "");
    assert_false(err_set(&err, ERR_IO, NULL, "x"));
    assert_string_equal(err.code, "");
}

static void
null_is_accepted_everywhere(void **state)
{
    assert_false(err_set(NULL, ERR_IO, NULL, "x"));
    assert_false(err_set_errno(NULL, ERR_IO, EIO, "x"));
    err_details(NULL, "x");
    err_hint(NULL, "x");
    err_prefix(NULL, "x");
}

static void
details_and_hint_say_that_they_are_there_even_when_empty(void **state)
{
    err_clear(&err);
    err_details(&err, "%s", "");
    err_hint(&err, "try %d", 1);
    assert_true(err.has_details);
    assert_true(err.has_hint);
    assert_string_equal(err.hint, "try 1");
    err_clear(&err);
    assert_false(err.has_details);
    assert_string_equal(err.hint, "");
}

static void
errno_is_put_into_words(void **state)
{
    assert_false(err_set_errno(&err, ERR_IO, ENOENT, "unable to open '%s'", "a"));
    assert_string_equal(err.message, "unable to open 'a': No such file or directory");
}

static void
errno_is_kept_when_the_text_is_too_long(void **state)
{
    char text[3000];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (size_t skip = 1; skip < sizeof(text); skip++) {
        size_t len;

        assert_false(err_set_errno(&err, ERR_IO, ENOENT, "%s", text + skip));
        len = strlen(err.message);
        assert_true(len < sizeof(err.message));
        assert_string_equal(err.message + len - 27, ": No such file or directory");
    }
}

static void
texts_are_cut_between_characters(void **state)
{
    static const char *const chars[] = {"a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};

    for (size_t c = 0; c < COUNTOF(chars); c++) {
        for (int shift = 0; shift < 4; shift++) {
            char text[8192] = "";
            size_t size = strlen(chars[c]);
            size_t len = (size_t)shift;

            memset(text, '.', len);
            for (; len + size < sizeof(text); len += size)
                memcpy(text + len, chars[c], size);
            err_clear(&err);
            assert_false(err_set(&err, ERR_IO, NULL, "%s", text));
            err_details(&err, "%s", text);
            err_hint(&err, "%s", text);
            assert_true(str_is_utf8(str_from(err.message)));
            assert_true(str_is_utf8(str_from(err.details)));
            assert_true(str_is_utf8(str_from(err.hint)));
            assert_true(strlen(err.message) > sizeof(err.message) - 5);
            err_prefix(&err, "reading: ");
            assert_true(str_is_utf8(str_from(err.message)));
            assert_true(str_has_prefix(str_from(err.message), STR("reading: ")));
        }
    }
}

static void
arguments_may_be_parts_of_the_error_itself(void **state)
{
    assert_false(err_set(&err, ERR_IO, "A", "inner"));
    assert_false(err_set(&err, ERR_CONFIG, err.code, "outer: %s", err.message));
    assert_string_equal(err.message, "outer: inner");
    assert_string_equal(err.code, "A");
    err_details(&err, "%s", err.message);
    err_details(&err, "<%s>", err.details);
    assert_string_equal(err.details, "<outer: inner>");
    err_prefix(&err, "%s; ", err.message);
    assert_string_equal(err.message, "outer: inner; outer: inner");
}

static void
a_long_code_is_cut(void **state)
{
    assert_false(err_set(&err, ERR_IO, "CAIRN-MUCH-TOO-LONG-A-CODE", "x"));
    assert_int_equal(strlen(err.code), sizeof(err.code) - 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_fills_everything_and_is_false),
        cmocka_unit_test(null_is_accepted_everywhere),
        cmocka_unit_test(details_and_hint_say_that_they_are_there_even_when_empty),
        cmocka_unit_test(errno_is_put_into_words),
        cmocka_unit_test(errno_is_kept_when_the_text_is_too_long),
        cmocka_unit_test(texts_are_cut_between_characters),
        cmocka_unit_test(arguments_may_be_parts_of_the_error_itself),
        cmocka_unit_test(a_long_code_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
