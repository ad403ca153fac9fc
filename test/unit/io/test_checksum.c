/* SPDX-License-Identifier: Apache-2.0 */
#include "io/checksum.h"
#include "unit/unit.h"

/* FIPS 180-4's examples, and the empty text. */
static void
sha256_gives_the_published_values(void **state)
{
    char hex[CHECKSUM_HEX_SIZE];

    checksum_sha256_hex(STR("abc"), hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    checksum_sha256_hex(STR_NULL, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    checksum_sha256_hex(STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), hex);
    assert_string_equal(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void
the_bytes_are_those_of_the_hex_form(void **state)
{
    uint8_t bytes[CHECKSUM_SIZE];

    checksum_sha256(STR("abc"), bytes);
    assert_int_equal(bytes[0], 0xba);
    assert_int_equal(bytes[31], 0xad);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_published_values),
        cmocka_unit_test(the_bytes_are_those_of_the_hex_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
