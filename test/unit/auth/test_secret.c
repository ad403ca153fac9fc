/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/secret.h"

#include <sys/stat.h>

#include "io/file.h"
#include "unit/unit_dir.h"

static struct vault
read_one(void)
{
    struct vault secret = {0};
    struct err err = {0};
    int64_t made_s = 0;
    bool found = false;

    assert_ok(secret_read(unit_dir, &secret, &made_s, &found, &err));
    assert_true(found);
    assert_true(made_s > 1700000000);
    return secret;
}

static void
a_secret_is_made_once_for_its_owner_only(void **state)
{
    struct err err = {0};
    struct vault first, second;
    struct stat st;
    bool found = true;
    int64_t made_s = 0;

    assert_ok(secret_read(unit_dir, &first, &made_s, &found, &err));
    assert_false(found);
    assert_ok(secret_make(unit_dir, false, &err));
    assert_int_equal(stat(unit_path(SECRET_FILE), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    first = read_one();
    assert_int_equal(first.bytes.len, 64);
    assert_ok(secret_make(unit_dir, false, &err));
    second = read_one();
    assert_true(str_eq(first.bytes, second.bytes));
    assert_ok(secret_make(unit_dir, true, &err));
    vault_wipe(&second);
    second = read_one();
    assert_false(str_eq(first.bytes, second.bytes));
    vault_wipe(&first);
    vault_wipe(&second);
    assert_null(second.bytes.data);
}

static void
a_secret_that_others_can_read_is_refused(void **state)
{
    struct vault secret = {0};
    struct err err = {0};
    bool found = false;
    int64_t made_s = 0;

    assert_ok(secret_make(unit_dir, true, &err));
    assert_int_equal(chmod(unit_path(SECRET_FILE), 0640), 0);
    assert_false(secret_read(unit_dir, &secret, &made_s, &found, &err));
    assert_contains(err.message, "others may use it");
    assert_contains(err.hint, "chmod 600");
    assert_null(secret.bytes.data);
}

static void
a_secret_that_is_too_short_is_refused(void **state)
{
    struct vault secret = {0};
    struct err err = {0};
    bool found = false;
    int64_t made_s = 0;

    assert_ok(
        file_replace(unit_path(SECRET_FILE), STR("0123456789012345678901234567890\n"), 0600, &err));
    assert_false(secret_read(unit_dir, &secret, &made_s, &found, &err));
    assert_contains(err.message, "shorter than 32 bytes");
    assert_null(strstr(err.message, "01234567"));
}

static void
a_secret_from_the_configuration_comes_first(void **state)
{
    struct config config = {.dir = unit_dir,
                            .auth_jwt_secret = "an own secret, and one that is long enough"};
    struct vault secret = {0};
    struct err err = {0};
    bool found = false;
    int64_t made_s = 0;

    assert_ok(secret_make(unit_dir, true, &err));
    assert_ok(secret_find(&config, &secret, &made_s, &found, &err));
    assert_str(secret.bytes, config.auth_jwt_secret);
    vault_wipe(&secret);

    config.auth_jwt_secret_is_base64 = true;
    assert_false(secret_find(&config, &secret, &made_s, &found, &err));
    assert_contains(err.message, "base64");
    config.auth_jwt_secret = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
    assert_ok(secret_find(&config, &secret, &made_s, &found, &err));
    assert_str(secret.bytes, "01234567890123456789012345678901");
    vault_wipe(&secret);
    config.auth_jwt_secret = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MA==";
    assert_false(secret_find(&config, &secret, &made_s, &found, &err));
    assert_contains(err.message, "shorter");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_is_made_once_for_its_owner_only),
        cmocka_unit_test(a_secret_that_others_can_read_is_refused),
        cmocka_unit_test(a_secret_that_is_too_short_is_refused),
        cmocka_unit_test(a_secret_from_the_configuration_comes_first),
    };

    return cmocka_run_group_tests(tests, unit_dir_make, unit_dir_remove);
}
