/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base.h"
#include "unit/unit.h"

static void
allocations_of_no_bytes_are_not_null(void **state)
{
    void *ptr = xmalloc(0);
    void *zeroed = xcalloc(0, 8);

    assert_non_null(ptr);
    assert_non_null(zeroed);
    ptr = xrealloc(ptr, 0);
    assert_non_null(ptr);
    free(ptr);
    free(zeroed);
}

static void
xcalloc_zeroes_and_xstrdup_copies(void **state)
{
    int *numbers = xcalloc(100, sizeof(*numbers));
    char *text = xstrdup("abc");

    for (int i = 0; i < 100; i++)
        assert_int_equal(numbers[i], 0);
    assert_string_equal(text, "abc");
    free(numbers);
    free(text);
}

struct outer {
    int before;
    int member;
};

static void
container_of_finds_the_struct_around_a_member(void **state)
{
    struct outer outer = {.before = 7};
    int *member = &outer.member;

    assert_int_equal(CONTAINER_OF(member, struct outer, member)->before, 7);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_of_no_bytes_are_not_null),
        cmocka_unit_test(xcalloc_zeroes_and_xstrdup_copies),
        cmocka_unit_test(container_of_finds_the_struct_around_a_member),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
