/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a refused write says. The texts are PostgreSQL 15's.
 */
#include "unit/db/lite_fixture.h"

static void
a_duplicate_key_names_the_constraint_and_the_values(void **state)
{
    struct fixture *fx = *state;

    run_write(fx, "INSERT INTO items VALUES (1, 'a', 'x', NULL), (2, 'b', 'y', 5)");
    assert_string_equal(run_failing(fx, "items", "INSERT INTO items VALUES (1, 'c', 'x', 1)"),
                        "23505|duplicate key value violates unique constraint \"items_pkey\"|"
                        "Key (id)=(1) already exists.");
    assert_string_equal(run_failing(fx, "items", "INSERT INTO items VALUES (3, 'b', 'x', 1)"),
                        "23505|duplicate key value violates unique constraint \"items_name_key\"|"
                        "Key (name)=(b) already exists.");
    assert_string_equal(run_failing(fx, "items", "UPDATE items SET name = 'a' WHERE id = 2"),
                        "23505|duplicate key value violates unique constraint \"items_name_key\"|"
                        "Key (name)=(a) already exists.");
}

static void
of_two_duplicate_keys_the_first_one_is_named(void **state)
{
    struct fixture *fx = *state;

    run_write(fx, "INSERT INTO items VALUES (1, 'a', 'x', NULL), (2, 'b', 'y', 5)");
    assert_string_equal(run_failing(fx, "items", "INSERT INTO items VALUES (2, 'a', 'x', 1)"),
                        "23505|duplicate key value violates unique constraint \"items_pkey\"|"
                        "Key (id)=(2) already exists.");
    assert_string_equal(
        run_failing(fx, "items", "UPDATE items SET id = 2, name = 'b' WHERE id = 1"),
        "23505|duplicate key value violates unique constraint \"items_pkey\"|"
        "Key (id)=(2) already exists.");
}

static void
a_unique_index_is_named_like_a_constraint(void **state)
{
    struct fixture *fx = *state;

    run_write(fx, "INSERT INTO people(name) VALUES ('ann')");
    assert_string_equal(run_failing(fx, "people", "INSERT INTO people(name) VALUES ('ann')"),
                        "23505|duplicate key value violates unique constraint \"people_born_key\"|"
                        "Key (born, name)=(2001-02-03, ann) already exists.");
}

static void
of_many_rows_the_one_that_failed_is_shown(void **state)
{
    struct fixture *fx = *state;
    struct work work;

    run_write(fx, "INSERT INTO log VALUES (3, 'x')");
    work_init(&work, DB_WRITE, "INSERT INTO log VALUES (?1, ?2)");
    for (int i = 0; i < 5; i++) {
        work.params[2 * i] = (struct value){.kind = VALUE_INT, .i = i};
        work.params[2 * i + 1] = (struct value){.kind = VALUE_TEXT, .s = STR("y")};
    }
    work.stmts[0].param_count = 2;
    work.stmts[0].row_count = 5;
    work_target(&work, fx, "log");
    work_run(fx, &work);
    assert_string_equal(work.job.err.details, "Key (k)=(3) already exists.");
    work_fini(&work);
    assert_string_equal(run_read(fx, "SELECT count(*) FROM log"), "1\n");
}

static void
a_missing_value_shows_the_whole_row_with_its_defaults(void **state)
{
    struct fixture *fx = *state;

    assert_string_equal(run_failing(fx, "items", "INSERT INTO items(id, name) VALUES (7, 'foo')"),
                        "23502|null value in column \"note\" of relation \"items\" violates "
                        "not-null constraint|Failing row contains (7, foo, null, null).");
    assert_string_equal(run_failing(fx, "people", "INSERT INTO people(photo) VALUES (x'00ff')"),
                        "23502|null value in column \"name\" of relation \"people\" violates "
                        "not-null constraint|Failing row contains (1, null, \\x00ff, 2001-02-03).");
    /* The number was drawn, and stays drawn. */
    run_write(fx, "INSERT INTO people(name) VALUES ('bob')");
    assert_string_equal(run_read(fx, "SELECT id FROM people"), "2\n");
    assert_string_equal(run_failing(fx, "people", "INSERT INTO people(name) VALUES (NULL)"),
                        "23502|null value in column \"name\" of relation \"people\" violates "
                        "not-null constraint|Failing row contains (3, null, null, 2001-02-03).");
}

static void
long_values_are_cut_at_64_bytes_in_whole_characters(void **state)
{
    struct fixture *fx = *state;

    assert_string_equal(
        run_failing(fx, "items",
                    "INSERT INTO items(id, name) VALUES (1, 'x' || "
                    "'\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
                    "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
                    "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
                    "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4')"),
        "23502|null value in column \"note\" of relation \"items\" violates not-null constraint|"
        "Failing row contains (1, x"
        "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
        "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
        "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
        "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4..., null, null).");
}

static void
a_check_names_itself_and_shows_the_row(void **state)
{
    struct fixture *fx = *state;

    assert_string_equal(run_failing(fx, "items", "INSERT INTO items VALUES (1, 'a', 'n', 0)"),
                        "23514|new row for relation \"items\" violates check constraint "
                        "\"items_amount_check\"|Failing row contains (1, a, n, 0).");
    run_write(fx, "INSERT INTO items VALUES (1, 'a', 'n', 3), (2, 'b', 'n', 1)");
    assert_string_equal(run_failing(fx, "items", "UPDATE items SET amount = amount - 1"),
                        "23514|new row for relation \"items\" violates check constraint "
                        "\"items_amount_check\"|Failing row contains (2, b, n, 0).");
    assert_string_equal(run_read(fx, "SELECT amount FROM items ORDER BY id"), "3\n1\n");
}

static void
a_reference_to_nothing_is_explained(void **state)
{
    struct fixture *fx = *state;

    run_write(fx, "INSERT INTO items VALUES (1, 'a', 'n', 3)");
    assert_string_equal(run_failing(fx, "orders", "INSERT INTO orders VALUES (1, 1), (2, 99)"),
                        "23503|insert or update on table \"orders\" violates foreign key "
                        "constraint \"orders_item_id_fkey\"|"
                        "Key (item_id)=(99) is not present in table \"items\".");
    run_write(fx, "INSERT INTO orders VALUES (1, 1)");
    assert_string_equal(run_failing(fx, "orders", "UPDATE orders SET item_id = 98"),
                        "23503|insert or update on table \"orders\" violates foreign key "
                        "constraint \"orders_item_id_fkey\"|"
                        "Key (item_id)=(98) is not present in table \"items\".");
}

static void
a_row_that_is_referred_to_is_explained(void **state)
{
    struct fixture *fx = *state;

    run_write(fx, "INSERT INTO items VALUES (1, 'a', 'n', 3), (2, 'b', 'n', 3), (3, 'c', 'n', 3)");
    run_write(fx, "INSERT INTO orders VALUES (1, 2)");
    assert_string_equal(run_failing(fx, "items", "DELETE FROM items"),
                        "23503|update or delete on table \"items\" violates foreign key "
                        "constraint \"orders_item_id_fkey\" on table \"orders\"|"
                        "Key (id)=(2) is still referenced from table \"orders\".");
    assert_string_equal(run_failing(fx, "items", "UPDATE items SET id = id + 10 WHERE id = 2"),
                        "23503|update or delete on table \"items\" violates foreign key "
                        "constraint \"orders_item_id_fkey\" on table \"orders\"|"
                        "Key (id)=(2) is still referenced from table \"orders\".");
    run_write(fx, "INSERT INTO shelf VALUES (1, 3)");
    assert_string_equal(run_failing(fx, "items", "DELETE FROM items WHERE id = 3"),
                        "23503|update or delete on table \"items\" violates foreign key "
                        "constraint \"shelf_item_id_fkey\" on table \"shelf\"|"
                        "Key (id)=(3) is still referenced from table \"shelf\".");
}

static void
a_cascade_deletes_with_its_parent(void **state)
{
    struct fixture *fx = *state;

    run_write(fx, "INSERT INTO orders VALUES (1, NULL), (2, NULL)");
    run_write(fx, "INSERT INTO lines VALUES (1, 1), (2, 1), (3, 2)");
    run_write(fx, "DELETE FROM orders WHERE id = 1");
    assert_string_equal(run_read(fx, "SELECT id FROM lines"), "3\n");
}

static void
a_deferred_key_is_looked_at_when_the_job_ends(void **state)
{
    struct fixture *fx = *state;
    struct work work;

    for (int round = 0; round < 2; round++) {
        assert_string_equal(run_failing(fx, "parts", "INSERT INTO parts VALUES (10, 11)"),
                            "23503|insert or update on table \"parts\" violates foreign key "
                            "constraint \"parts_whole_fkey\"|"
                            "Key (whole)=(11) is not present in table \"parts\".");
    }
    work_init(&work, DB_WRITE, "INSERT INTO parts VALUES (1, 2)");
    work_add(&work, "INSERT INTO parts VALUES (2, NULL)");
    work_run(fx, &work);
    assert_true(work.job.ok);
    work_fini(&work);
    assert_string_equal(run_read(fx, "SELECT count(*) FROM parts"), "2\n");
}

static void
one_violation_of_a_deferred_key_spares_the_others(void **state)
{
    struct fixture *fx = *state;
    struct work works[5];

    for (int i = 0; i < 5; i++) {
        work_init(&works[i], DB_WRITE, "INSERT INTO parts VALUES (?1, ?2)");
        work_int(&works[i], i + 1);
        if (i == 2)
            work_int(&works[i], 99);
        else
            work_null(&works[i]);
        work_target(&works[i], fx, "parts");
        work_submit(fx, &works[i]);
    }
    for (int i = 0; i < 5; i++) {
        work_wait(fx, &works[i]);
        assert_int_equal(works[i].job.ok, i != 2);
        work_fini(&works[i]);
    }
    assert_string_equal(run_read(fx, "SELECT group_concat(id) FROM parts"), "1,2,4,5\n");
}

static void
names_that_need_quotes_get_them(void **state)
{
    struct fixture *fx = *state;

    /* What is not in the model is told as far as SQLite tells it, and never worse. */
    run_write(fx, "CREATE TABLE \"odd, one.x\"(a INTEGER PRIMARY KEY)");
    run_write(fx, "INSERT INTO \"odd, one.x\" VALUES (1)");
    assert_string_equal(run_failing(fx, NULL, "INSERT INTO \"odd, one.x\" VALUES (1)"),
                        "23505|UNIQUE constraint failed: odd, one.x.a|");
}

#define WITH_DB(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DB(a_duplicate_key_names_the_constraint_and_the_values),
        WITH_DB(of_two_duplicate_keys_the_first_one_is_named),
        WITH_DB(a_unique_index_is_named_like_a_constraint),
        WITH_DB(of_many_rows_the_one_that_failed_is_shown),
        WITH_DB(a_missing_value_shows_the_whole_row_with_its_defaults),
        WITH_DB(long_values_are_cut_at_64_bytes_in_whole_characters),
        WITH_DB(a_check_names_itself_and_shows_the_row),
        WITH_DB(a_reference_to_nothing_is_explained),
        WITH_DB(a_row_that_is_referred_to_is_explained),
        WITH_DB(a_cascade_deletes_with_its_parent),
        WITH_DB(a_deferred_key_is_looked_at_when_the_job_ends),
        WITH_DB(one_violation_of_a_deferred_key_spares_the_others),
        WITH_DB(names_that_need_quotes_get_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
