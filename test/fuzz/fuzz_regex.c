/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions: any pattern compiles or is refused, and what matches without regard to case
 * does so in lower and upper case. A newline in the input ends the pattern and begins the text.
 */
#include "fuzz.h"
#include "sql/regex.h"

void
fuzz_one(struct str input)
{
    size_t end = str_find_char(input, '\n', 0);
    struct str text = str_slice(input, end + 1, input.len);
    struct regex *regex;
    struct err err = {0};
    bool exact = false;
    bool loose = false;

    if (!str_is_utf8(input))
        return;
    if (!regex_compile(str_slice(input, 0, end), false, &regex, &err)) {
        FUZZ_CHECK(strcmp(err.code, "2201B") == 0 || strcmp(err.code, "0A000") == 0);
        FUZZ_CHECK(regex == NULL);
        return;
    }
    if (!regex_match(regex, text, &exact, &err))
        FUZZ_CHECK(strcmp(err.code, "54000") == 0);
    regex_free(regex);
    FUZZ_CHECK(regex_compile(str_slice(input, 0, end), true, &regex, &err));
    if (!regex_match(regex, text, &loose, &err))
        FUZZ_CHECK(strcmp(err.code, "54000") == 0);
    /* Negation and classes of case turn it round. */
    if (exact && memchr(input.data, '[', end) == NULL && memchr(input.data, '\\', end) == NULL &&
        memchr(input.data, '?', end) == NULL && memchr(input.data, '*', end) == NULL)
        FUZZ_CHECK(loose);
    regex_free(regex);
}
