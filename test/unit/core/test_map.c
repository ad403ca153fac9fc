/* SPDX-License-Identifier: Apache-2.0 */
#include "core/map.h"
#include "unit/unit.h"

#include <malloc.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

#ifdef __SANITIZE_ADDRESS__
size_t __sanitizer_get_current_allocated_bytes(void); /* gcc has it, but not its header */
#define heap_in_use() __sanitizer_get_current_allocated_bytes()
#else
#define heap_in_use() mallinfo2().uordblks
#endif

static int values[5000];
static char names[5000][16];

static struct str
name(size_t i)
{
    snprintf(names[i], sizeof(names[i]), "name%zu", i);
    return str_from(names[i]);
}

static void
an_empty_map_has_nothing(void **state)
{
    struct map *map = map_new();
    size_t pos = 0;
    struct str key;
    void *value;

    assert_null(map_get(map, STR("a")));
    assert_null(map_remove(map, STR("a")));
    assert_int_equal(map_count(map), 0);
    assert_false(map_next(map, &pos, &key, &value));
    map_free(map);
    map_free(NULL);
}

static void
what_is_put_is_found_and_replaced(void **state)
{
    struct map *map = map_new();

    assert_null(map_put(map, STR("a"), &values[1]));
    assert_null(map_put(map, STR(""), &values[2]));
    assert_ptr_equal(map_put(map, STR("a"), &values[3]), &values[1]);
    assert_ptr_equal(map_get(map, STR("a")), &values[3]);
    assert_ptr_equal(map_get(map, STR_NULL), &values[2]);
    assert_null(map_get(map, STR("A")));
    assert_int_equal(map_count(map), 2);
    map_free(map);
}

static void
many_names_grow_the_map_and_keep_their_order(void **state)
{
    struct map *map = map_new();
    size_t pos = 0;
    size_t at = 0;
    struct str key;
    void *value;

    for (size_t i = 0; i < COUNTOF(values); i++)
        assert_null(map_put(map, name(i), &values[i]));
    for (size_t i = 0; i < COUNTOF(values); i += 3)
        assert_ptr_equal(map_remove(map, name(i)), &values[i]);
    while (map_next(map, &pos, &key, &value)) {
        at += at % 3 == 0;
        assert_ptr_equal(value, &values[at]);
        assert_str(key, names[at]);
        at++;
    }
    assert_int_equal(map_count(map), COUNTOF(values) - (COUNTOF(values) + 2) / 3);
    for (size_t i = 0; i < COUNTOF(values); i++)
        assert_ptr_equal(map_get(map, name(i)), i % 3 == 0 ? NULL : &values[i]);
    map_free(map);
}

static void
putting_and_removing_for_ever_does_not_grow_it(void **state)
{
    struct map *map = map_new();

    size_t before = heap_in_use();

    assert_null(map_put(map, STR("stays"), &values[0]));
    for (size_t i = 0; i < 100000; i++) {
        struct str key = name(i % COUNTOF(values));

        assert_null(map_put(map, key, &values[1]));
        assert_ptr_equal(map_remove(map, key), &values[1]);
        assert_null(map_remove(map, key));
    }
    assert_true(heap_in_use() - before < 10000);
    assert_int_equal(map_count(map), 1);
    assert_ptr_equal(map_get(map, STR("stays")), &values[0]);
    map_free(map);
}

static void
a_removed_name_may_die_and_come_back_last(void **state)
{
    struct map *map = map_new();
    char *key = xstrdup("gone");
    size_t pos = 0;
    struct str first;
    void *value;

    assert_null(map_put(map, str_from(key), &values[0]));
    assert_null(map_put(map, STR("b"), &values[1]));
    assert_ptr_equal(map_remove(map, str_from(key)), &values[0]);
    free(key);
    assert_null(map_get(map, STR("gone")));
    assert_null(map_put(map, STR("gone"), &values[2]));
    assert_null(map_put(map, STR(""), &values[3]));
    assert_ptr_equal(map_remove(map, STR("")), &values[3]);
    assert_null(map_get(map, STR("")));
    assert_null(map_put(map, STR(""), &values[4]));
    assert_ptr_equal(map_get(map, STR("")), &values[4]);
    assert_true(map_next(map, &pos, &first, &value));
    assert_str(first, "b");
    assert_ptr_equal(map_get(map, STR("gone")), &values[2]);
    assert_int_equal(map_count(map), 3);
    map_free(map);
}

static void
the_current_name_may_be_removed_while_iterating(void **state)
{
    struct map *map = map_new();
    size_t pos = 0;
    size_t seen = 0;
    struct str key;
    void *value;

    for (size_t i = 0; i < 100; i++)
        assert_null(map_put(map, name(i), &values[i]));
    while (map_next(map, &pos, &key, &value)) {
        assert_ptr_equal(map_remove(map, key), value);
        seen++;
    }
    assert_int_equal(seen, 100);
    assert_int_equal(map_count(map), 0);
    map_free(map);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_map_has_nothing),
        cmocka_unit_test(what_is_put_is_found_and_replaced),
        cmocka_unit_test(many_names_grow_the_map_and_keep_their_order),
        cmocka_unit_test(putting_and_removing_for_ever_does_not_grow_it),
        cmocka_unit_test(a_removed_name_may_die_and_come_back_last),
        cmocka_unit_test(the_current_name_may_be_removed_while_iterating),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
