/* SPDX-License-Identifier: Apache-2.0 */
#include "db/postgres/stmts.h"

#include "unit/unit.h"

static struct pg_stmts *stmts;

static int
setup(void **state)
{
    stmts = pg_stmts_new();
    return 0;
}

static int
teardown(void **state)
{
    pg_stmts_free(stmts);
    return 0;
}

static void
what_was_added_is_found_under_its_name(void **state)
{
    const struct pg_stmt *a = pg_stmts_add(stmts, 5, 1);
    const struct pg_stmt *b = pg_stmts_add(stmts, 6, 2);

    assert_ptr_equal(pg_stmts_find(stmts, 5), a);
    assert_ptr_equal(pg_stmts_find(stmts, 6), b);
    assert_null(pg_stmts_find(stmts, 7));
    assert_int_equal(a->job, 1);
    assert_true(a->serial != 0 && a->serial != b->serial);
    assert_string_equal(pg_stmt_name(a->serial).text, "c1");
    assert_int_equal(pg_stmts_count(stmts), 2);
    assert_int_equal(pg_stmts_take_closed(stmts), 0);
}

static void
the_one_not_used_for_longest_makes_room(void **state)
{
    uint64_t first = pg_stmts_add(stmts, 1000, 0)->serial;
    uint64_t second = pg_stmts_add(stmts, 1001, 0)->serial;

    for (unsigned i = 2; i < PG_STMTS_MAX; i++)
        pg_stmts_add(stmts, 1000 + i, 0);
    assert_non_null(pg_stmts_find(stmts, 1000));
    pg_stmts_add(stmts, 9999, 0);
    assert_int_equal(pg_stmts_count(stmts), PG_STMTS_MAX);
    assert_non_null(pg_stmts_find(stmts, 1000));
    assert_null(pg_stmts_find(stmts, 1001));
    assert_int_equal(pg_stmts_take_closed(stmts), second);
    assert_int_equal(pg_stmts_take_closed(stmts), 0);
    assert_true(first != second);
}

static void
what_is_dropped_is_closed_only_when_the_server_has_it(void **state)
{
    uint64_t a = pg_stmts_add(stmts, 1, 0)->serial;
    uint64_t b = pg_stmts_add(stmts, 2, 0)->serial;

    pg_stmts_drop(stmts, a, false);
    pg_stmts_drop(stmts, b, true);
    pg_stmts_drop(stmts, b, true);
    pg_stmts_drop(stmts, 77, true);
    assert_null(pg_stmts_find(stmts, 1));
    assert_int_equal(pg_stmts_count(stmts), 0);
    assert_int_equal(pg_stmts_take_closed(stmts), b);
    assert_int_equal(pg_stmts_take_closed(stmts), 0);
    assert_true(pg_stmts_add(stmts, 1, 0)->serial > b);
}

static void
a_new_connection_begins_empty(void **state)
{
    uint64_t a = pg_stmts_add(stmts, 1, 0)->serial;

    pg_stmts_add(stmts, 2, 0);
    pg_stmts_drop(stmts, a, true);
    pg_stmts_clear(stmts);
    assert_null(pg_stmts_find(stmts, 2));
    assert_int_equal(pg_stmts_take_closed(stmts), 0);
    for (unsigned i = 0; i < 3 * PG_STMTS_MAX; i++)
        pg_stmts_add(stmts, i, 0);
    assert_int_equal(pg_stmts_count(stmts), PG_STMTS_MAX);
}

/* Against a plain list, with ids that collide in the table. */
static void
any_mix_of_operations_agrees_with_a_list(void **state)
{
    uint64_t ids[PG_STMTS_MAX + 1]; /* oldest use first */
    unsigned count = 0;
    uint32_t seed = 1;

    for (unsigned step = 0; step < 50000; step++) {
        seed = seed * 1664525 + 1013904223;
        uint64_t id = 1 + (seed >> 8) % 400;
        unsigned at = 0;

        while (at < count && ids[at] != id)
            at++;
        assert_int_equal(pg_stmts_find(stmts, id) != NULL, at < count);
        if (at < count && seed % 7 == 0) {
            pg_stmts_drop(stmts, pg_stmts_find(stmts, id)->serial, false);
            memmove(&ids[at], &ids[at + 1], (count - at - 1) * sizeof(ids[0]));
            count--;
            continue;
        }
        if (at == count)
            pg_stmts_add(stmts, id, 0);
        else
            memmove(&ids[at], &ids[at + 1], (count-- - at - 1) * sizeof(ids[0]));
        ids[count++] = id;
        if (count > PG_STMTS_MAX)
            memmove(&ids[0], &ids[1], --count * sizeof(ids[0]));
        assert_int_equal(pg_stmts_count(stmts), count);
    }
}

int
main(void)
{
#define FRESH(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        FRESH(what_was_added_is_found_under_its_name),
        FRESH(the_one_not_used_for_longest_makes_room),
        FRESH(what_is_dropped_is_closed_only_when_the_server_has_it),
        FRESH(a_new_connection_begins_empty),
        FRESH(any_mix_of_operations_agrees_with_a_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
