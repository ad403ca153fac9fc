/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fault.h"
#include "unit/unit.h"

#ifdef CAIRN_FAULTS

static void
only_the_nth_passing_fails(void **state)
{
    fault_arm("a", 3);
    assert_false(FAULT("a"));
    assert_false(FAULT("b"));
    assert_false(FAULT("a"));
    assert_false(fault_was_hit());
    assert_true(FAULT("a"));
    assert_true(fault_was_hit());
    assert_false(FAULT("a"));
    assert_true(fault_was_hit());
}

static void
zero_disarms(void **state)
{
    fault_arm("a", 1);
    fault_arm("a", 0);
    assert_false(FAULT("a"));
    assert_false(fault_was_hit());
    fault_arm("a", 1);
    fault_arm(NULL, 0);
    assert_false(FAULT("a"));
}

static void
a_star_is_any_point(void **state)
{
    fault_arm("*", 2);
    assert_false(FAULT("a"));
    assert_true(FAULT("b"));
    assert_false(FAULT("c"));
    fault_arm(NULL, 0);
}

static void
the_environment_arms_a_whole_process(void **state)
{
    /* The first passing in this process reads it: this test runs first. */
    assert_int_equal(setenv("CAIRN_FAULT", "x.y:2", 1), 0);
    assert_false(FAULT("x.y"));
    assert_true(FAULT("x.y"));
    fault_arm(NULL, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_environment_arms_a_whole_process),
        cmocka_unit_test(only_the_nth_passing_fails),
        cmocka_unit_test(zero_disarms),
        cmocka_unit_test(a_star_is_any_point),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void
a_release_build_has_no_fault_points(void **state)
{
    assert_false(FAULT("anything"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_release_build_has_no_fault_points),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
