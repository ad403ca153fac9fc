/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base64.h"

#include "unit/unit.h"

static void
expect(bool (*decode)(struct str, struct buf *), const char *text, const char *wanted)
{
    struct buf out;

    buf_init(&out, 100);
    BUF_ADD_LIT(&out, "x");
    if (decode(str_from(text), &out) != (wanted != NULL))
        fail_msg("'%s' is %s", text, wanted != NULL ? "refused" : "taken");
    assert_str(str_slice(buf_str(&out), 0, 1), "x");
    assert_str(str_slice(buf_str(&out), 1, out.len), wanted != NULL ? wanted : "");
    buf_fini(&out);
}

static void
the_examples_of_rfc_4648_hold(void **state)
{
    static const char *const pairs[][3] = {
        {"", "", ""},          {"f", "Zg", "Zg=="},      {"fo", "Zm8", "Zm8="},
        {"foo", "Zm9v", NULL}, {"foob", "Zm9vYg", NULL}, {"fooba", "Zm9vYmE", "Zm9vYmE="},
    };

    for (size_t i = 0; i < COUNTOF(pairs); i++) {
        struct buf out;

        buf_init(&out, 100);
        base64url_encode(&out, str_from(pairs[i][0]));
        assert_str(buf_str(&out), pairs[i][1]);
        buf_fini(&out);
        expect(base64url_decode, pairs[i][1], pairs[i][0]);
        expect(base64_decode, pairs[i][1], pairs[i][0]);
        if (pairs[i][2] != NULL)
            expect(base64_decode, pairs[i][2], pairs[i][0]);
    }
}

static void
tokens_have_one_spelling(void **state)
{
    static const char *const bad[] = {"Z",    "Zg==", "Zh",    "Zm9v ", " Zm9v",   "Zm9v\n",
                                      "Zm+v", "Zm/v", "Zm9vY", "Zm8=",  "Z\xFFm9", "Zm9vYmF="};

    for (size_t i = 0; i < COUNTOF(bad); i++)
        expect(base64url_decode, bad[i], NULL);
    expect(base64url_decode, "-_-_", "\xFB\xFF\xBF");
}

static void
people_may_paste_either_alphabet(void **state)
{
    expect(base64_decode, "+/+/", "\xFB\xFF\xBF");
    expect(base64_decode, "-_-_", "\xFB\xFF\xBF");
    expect(base64_decode, "Zg=", NULL);
    expect(base64_decode, "Zg===", NULL);
    expect(base64_decode, "=", NULL);
    expect(base64_decode, "Z=g=", NULL);
}

static void
the_maximum_of_the_buffer_holds(void **state)
{
    struct buf out;

    buf_init(&out, 4);
    assert_false(base64url_decode(STR("Zm9vYmFyZm9v"), &out));
    assert_int_equal(out.len, 0);
    buf_fini(&out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_rfc_4648_hold),
        cmocka_unit_test(tokens_have_one_spelling),
        cmocka_unit_test(people_may_paste_either_alphabet),
        cmocka_unit_test(the_maximum_of_the_buffer_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
