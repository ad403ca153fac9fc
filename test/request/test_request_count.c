/* SPDX-License-Identifier: Apache-2.0 */
/* How many rows there are in all, counted and guessed, and how many are shown: point 30 of the
 * contract. */
#include "door.h"

static struct door door;

/* What a function may return is a guess that doesn't depend on statistics. */
static const char postgres_sql[] =
    "CREATE TABLE items (id integer PRIMARY KEY);"
    "INSERT INTO items VALUES (1), (2), (3), (4), (5);"
    "CREATE FUNCTION all_items() RETURNS SETOF items LANGUAGE sql VOLATILE ROWS 2019"
    " AS 'SELECT * FROM items';"
    "CREATE FUNCTION some_items() RETURNS SETOF items LANGUAGE sql VOLATILE ROWS 1"
    " AS 'SELECT * FROM items';"
    "CREATE VIEW many AS SELECT * FROM all_items();"
    "CREATE VIEW few AS SELECT * FROM some_items();";
static const char sqlite_sql[] = "CREATE TABLE items (id integer PRIMARY KEY);"
                                 "INSERT INTO items VALUES (1), (2), (3), (4), (5);"
                                 "CREATE VIEW many AS SELECT * FROM items;"
                                 "CREATE VIEW few AS SELECT * FROM items;";

static void
open_with_rows_max(int64_t rows_max)
{
    struct door_options options = {
        .migration = door_dialect() == DB_POSTGRES ? postgres_sql : sqlite_sql,
        .limits = door_limits,
    };

    options.limits.rows_max = rows_max;
    door_open(&door, &options);
}

static const struct door_case bounded_postgres[] = {
    {"GET /many\nPrefer: count=planned",
     "206\nContent-Range: 0-1/2019\nPreference-Applied: count=planned\n\n..."},
    {"GET /many\nPrefer: count=estimated",
     "206\nContent-Range: 0-1/2019\nPreference-Applied: count=estimated\n\n..."},
    {"HEAD /many\nPrefer: count=estimated", "206\nContent-Range: 0-1/2019\n\n"},
    {"GET /many?id=lt.3\nPrefer: count=estimated", "200\nContent-Range: 0-1/2\n\n..."},
    {"GET /many?limit=1&offset=2\nPrefer: count=estimated",
     "206\nContent-Range: 2-2/2019\n\n[{\"id\":3}]"},
    {"GET /few\nPrefer: count=estimated", "206\nContent-Range: 0-1/3\n\n..."},
    {"GET /few\nPrefer: count=planned", "200\nContent-Range: 0-1/1\n\n..."},
    {"GET /few?offset=2\nPrefer: count=planned",
     "416\nContent-Range: */1\n\n{\"code\":\"PGRST103\",..."},
    {"GET /many\nPrefer: count=exact", "206\nContent-Range: 0-1/5\n\n..."},
    {"PATCH /items?id=eq.1\nPrefer: count=planned\n\n{\"id\":1}",
     "204\nContent-Range: 0-0/*\nPreference-Applied: count=planned\n\n"},
    {"PATCH /items?id=eq.1\nPrefer: count=estimated\n\n{\"id\":1}",
     "204\nContent-Range: 0-0/1\n\n"},
};
static const struct door_case bounded_sqlite[] = {
    {"GET /many\nPrefer: count=planned",
     "206\nContent-Range: 0-1/5\nPreference-Applied: count=planned\n\n..."},
    {"GET /many\nPrefer: count=estimated",
     "206\nContent-Range: 0-1/5\nPreference-Applied: count=estimated\n\n..."},
    {"GET /many?id=lt.3\nPrefer: count=estimated", "200\nContent-Range: 0-1/2\n\n..."},
    {"PATCH /items?id=eq.1\nPrefer: count=planned\n\n{\"id\":1}", "204\nContent-Range: 0-0/*\n\n"},
};

static void
an_estimate_is_exact_up_to_what_one_read_returns(void **state)
{
    open_with_rows_max(2);
    if (door_dialect() == DB_POSTGRES)
        door_expect_all(&door, bounded_postgres, COUNTOF(bounded_postgres));
    else
        door_expect_all(&door, bounded_sqlite, COUNTOF(bounded_sqlite));
    door_close(&door);
}

static const struct door_case unbounded_postgres[] = {
    {"GET /many\nPrefer: count=estimated", "206\nContent-Range: 0-4/2019\n\n..."},
    {"GET /few\nPrefer: count=estimated", "200\nContent-Range: 0-4/5\n\n..."},
    {"GET /few\nPrefer: count=exact", "200\nContent-Range: 0-4/5\n\n..."},
};

static void
without_a_bound_an_estimate_is_the_higher_of_count_and_guess(void **state)
{
    open_with_rows_max(0);
    if (door_dialect() == DB_POSTGRES)
        door_expect_all(&door, unbounded_postgres, COUNTOF(unbounded_postgres));
    else
        door_expect(&door, "GET /many\nPrefer: count=estimated",
                    "200\nContent-Range: 0-4/5\n\n...");
    door_close(&door);
}

static const char owners_sql[] =
    "CREATE TABLE owners (id integer PRIMARY KEY);"
    "CREATE TABLE pets (id integer PRIMARY KEY, owner_id integer NOT NULL REFERENCES owners,"
    " name text NOT NULL);"
    "INSERT INTO owners VALUES (1), (2), (3);"
    "INSERT INTO pets VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 1, 'x'), (4, 2, 'd'), (5, 2, 'e');";

static const struct door_case cut_embeds[] = {
    {"GET /owners?select=pets(id)&id=eq.1", "200\n\n[{\"pets\":[{\"id\":1}, \n {\"id\":2}]}]"},
    {"GET /owners?select=id,pets(id)&order=id&id=gt.1",
     "200\n\n[{\"id\":2,\"pets\":[{\"id\":4}, \n {\"id\":5}]}, \n {\"id\":3,\"pets\":[]}]"},
    {"GET /owners?select=id,pets(id)&order=id.desc&id=lt.3",
     "200\n\n[{\"id\":2,\"pets\":[{\"id\":4}, \n {\"id\":5}]}, \n "
     "{\"id\":1,\"pets\":[{\"id\":1}, \n {\"id\":2}]}]"},
    {"GET /pets?select=id,owners(pets(name))&id=eq.3",
     "200\n\n[{\"id\":3,\"owners\":{\"pets\":[{\"name\":\"a\"}, \n {\"name\":\"b\"}]}}]"},
    {"GET /owners?select=pets(id)&id=eq.1&pets.limit=1", "200\n\n[{\"pets\":[{\"id\":1}]}]"},
    {"GET /owners?select=pets(id)&id=eq.1&pets.order=id.desc",
     "200\n\n[{\"pets\":[{\"id\":3}, \n {\"id\":2}]}]"},
};

static void
an_embed_has_no_more_rows_than_one_read_returns(void **state)
{
    struct door_options options = {.migration = owners_sql, .limits = door_limits};

    options.limits.rows_max = 2;
    door_open(&door, &options);
    door_expect_all(&door, cut_embeds, COUNTOF(cut_embeds));
    door_close(&door);
}

static const struct door_case calls[] = {
    {"POST /rpc/all_items?limit=2\nPrefer: count=estimated\n\n{}",
     "206\nContent-Range: 0-1/5\n\n..."},
    {"POST /rpc/all_items?limit=2\nPrefer: count=planned\n\n{}",
     "200\nContent-Range: 0-1/*\nPreference-Applied: count=planned\n\n..."},
};

static void
the_rows_of_a_function_are_counted_and_never_guessed(void **state)
{
    if (door_dialect() != DB_POSTGRES)
        return;
    open_with_rows_max(1000);
    door_expect_all(&door, calls, COUNTOF(calls));
    door_close(&door);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_estimate_is_exact_up_to_what_one_read_returns),
        cmocka_unit_test(without_a_bound_an_estimate_is_the_higher_of_count_and_guess),
        cmocka_unit_test(an_embed_has_no_more_rows_than_one_read_returns),
        cmocka_unit_test(the_rows_of_a_function_are_counted_and_never_guessed),
    };
    int failed;

    if (!door_begin(argc, argv))
        return 77;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    door_end();
    return failed;
}
