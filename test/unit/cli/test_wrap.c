/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/wrap.h"

static void
assert_wrapped(const char *text, unsigned first, unsigned others, unsigned indent,
               const char *expected)
{
    struct buf out;

    buf_init(&out, 4096);
    wrap_write(&out, text, first, others, indent);
    assert_string_equal(buf_cstr(&out), expected);
    buf_fini(&out);
}

static void
lines_end_between_words(void **state)
{
    assert_wrapped("one two three", 7, 11, 2, "one two\n  three\n");
    assert_wrapped("one two three", 8, 11, 2, "one two\n  three\n");
    assert_wrapped("one two", 7, 7, 2, "one two\n");
    assert_wrapped("", 7, 7, 2, "\n");
}

static void
a_word_that_fits_nowhere_is_cut(void **state)
{
    assert_wrapped("abcdefgh ij", 4, 4, 1, "abcd\n efgh\n ij\n");
}

static void
line_ends_in_the_text_stay(void **state)
{
    assert_wrapped("one\ntwo", 20, 20, 2, "one\n  two\n");
}

static void
characters_count_and_not_bytes(void **state)
{
    assert_wrapped("\xe2\x9c\x93\xe2\x9c\x93 ab", 5, 5, 0, "\xe2\x9c\x93\xe2\x9c\x93 ab\n");
    assert_wrapped("\xe2\x9c\x93\xe2\x9c\x93\xe2\x9c\x93", 2, 2, 0,
                   "\xe2\x9c\x93\xe2\x9c\x93\n\xe2\x9c\x93\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_end_between_words),
        cmocka_unit_test(a_word_that_fits_nowhere_is_cut),
        cmocka_unit_test(line_ends_in_the_text_stay),
        cmocka_unit_test(characters_count_and_not_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
