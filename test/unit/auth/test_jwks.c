/* SPDX-License-Identifier: Apache-2.0 */
/* How long an answer with keys stays fresh. What goes over the network is tested in test/system. */
#include "auth/jwks.h"
#include "unit/unit.h"

static void
what_cache_control_says_counts_within_bounds(void **state)
{
    static const struct {
        const char *header;
        int64_t age;
    } cases[] = {
        {"", JWKS_AGE_DEFAULT},
        {"public", JWKS_AGE_DEFAULT},
        {"max-age=300", 300},
        {"public, max-age=21600, must-revalidate, no-transform", 21600},
        {"Max-Age = \"900\"", 900},
        {"max-age=0", JWKS_AGE_MIN},
        {"max-age=-5", JWKS_AGE_MIN},
        {"max-age=99999999", JWKS_AGE_MAX},
        {"max-age=99999999999999999999999", JWKS_AGE_DEFAULT},
        {"max-age=x", JWKS_AGE_DEFAULT},
        {"max-age", JWKS_AGE_DEFAULT},
        {"max-age=\"", JWKS_AGE_DEFAULT},
        {"no-store", JWKS_AGE_MIN},
        {"max-age=3600, NO-CACHE", JWKS_AGE_MIN},
        {",,=,", JWKS_AGE_DEFAULT},
    };

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        int64_t age = jwks_age(str_from(cases[i].header));

        if (age != cases[i].age)
            fail_msg("'%s' is %lld seconds", cases[i].header, (long long)age);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cache_control_says_counts_within_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
