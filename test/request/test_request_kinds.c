/* SPDX-License-Identifier: Apache-2.0 */
/* Tables and columns of kinds that only PostgreSQL has. */
#include "door.h"

static struct door door;

static const char kinds_sql[] =
    "CREATE TABLE brands (name text PRIMARY KEY);"
    "INSERT INTO brands VALUES ('Tatra');"
    "CREATE TABLE models (name text, year integer, brand text REFERENCES brands (name),"
    "    PRIMARY KEY (name, year)) PARTITION BY LIST (year);"
    "CREATE TABLE models_2025 PARTITION OF models FOR VALUES IN (2025);"
    "CREATE TABLE models_later PARTITION OF models DEFAULT;"
    "INSERT INTO models VALUES ('T87', 2025, 'Tatra'), ('T600', 2026, NULL);"
    "CREATE DOMAIN rating AS integer DEFAULT 3 CHECK (VALUE BETWEEN 1 AND 5);"
    "CREATE TABLE reviews (id integer PRIMARY KEY, stars rating, word text DEFAULT 'none',"
    "    own rating DEFAULT 5);"
    "INSERT INTO reviews VALUES (1, 1, 'bad', 1);"
    "CREATE VIEW shown_reviews AS SELECT id, stars, word FROM reviews;"
    "ALTER VIEW shown_reviews ALTER COLUMN word SET DEFAULT 'view';";

static int
open_door(void **state)
{
    (void)state;
    door_open_with(&door, kinds_sql);
    return 0;
}

static int
close_door(void **state)
{
    (void)state;
    door_close(&door);
    return 0;
}

static const struct door_case partitions[] = {
    {"POST /models?select=name,year\n"
     "Prefer: resolution=merge-duplicates, return=representation\n\n"
     "[{\"name\":\"T87\",\"year\":2025,\"brand\":null},{\"name\":\"T77\",\"year\":2025,\"brand\":"
     "\"Tatra\"}]",
     "201\n\n[{\"name\":\"T87\",\"year\":2025}, \n {\"name\":\"T77\",\"year\":2025}]"},
    {"POST /models\nPrefer: resolution=merge-duplicates\n\n"
     "[{\"name\":\"T87\",\"year\":2025,\"brand\":\"Tatra\"}]",
     "200\n\n"},
    {"POST /models\nPrefer: resolution=merge-duplicates\n\n"
     "[{\"name\":\"T11\",\"year\":2027,\"brand\":null}]",
     "201\n\n"},
    {"PUT /models?name=eq.T600&year=eq.2026\nPrefer: return=representation\n\n"
     "{\"name\":\"T600\",\"year\":2026}",
     "200\n\n[{\"name\":\"T600\",\"year\":2026,\"brand\":null}]"},
    {"PUT /models?name=eq.T613&year=eq.2026\nPrefer: return=representation\n\n"
     "{\"name\":\"T613\",\"year\":2026}",
     "201\n\n[{\"name\":\"T613\",\"year\":2026,\"brand\":null}]"},
    {"GET /models?select=name,brands(name)&year=eq.2025&order=name",
     "200\n\n[{\"name\":\"T77\",\"brands\":{\"name\":\"Tatra\"}}, \n "
     "{\"name\":\"T87\",\"brands\":{\"name\":\"Tatra\"}}]"},
    {"GET /models_2025", "404\n\n{\"code\":\"PGRST205\",..."},
    {"GET /brands?select=models_2025(name)",
     "400\n\n{\"code\":\"PGRST200\",\"details\":\"Searched for a foreign key relationship between "
     "'brands' and 'models_2025' in the schema 'public', but no matches were found.\",\"hint\":"
     "\"Perhaps you meant 'models' instead of 'models_2025'.\",..."},
};

static void
a_partitioned_table_is_one_table(void **state)
{
    (void)state;
    door_expect_all(&door, partitions, COUNTOF(partitions));
}

static const struct door_case defaults[] = {
    {"POST /reviews?columns=id,stars,own\nPrefer: return=representation, missing=default\n\n"
     "[{\"id\":2},{\"id\":3,\"stars\":null,\"own\":4}]",
     "201\n\n[{\"id\":2,\"stars\":3,\"word\":\"none\",\"own\":5}, \n "
     "{\"id\":3,\"stars\":null,\"word\":\"none\",\"own\":4}]"},
    {"PATCH /reviews?id=eq.1&columns=stars,word\nPrefer: return=representation, missing=default\n\n"
     "{\"word\":\"good\"}",
     "200\nPreference-Applied: missing=default, return=representation\n\n"
     "[{\"id\":1,\"stars\":3,\"word\":\"good\",\"own\":1}]"},
    {"PATCH /shown_reviews?id=eq.1&columns=stars,word\n"
     "Prefer: return=representation, missing=default\n\n{\"stars\":2}",
     "200\n\n[{\"id\":1,\"stars\":2,\"word\":\"view\"}]"},
    {"PATCH /reviews?id=eq.1&columns=word\nPrefer: return=representation\n\n{\"word\":null}",
     "200\nPreference-Applied: return=representation\n\n"
     "[{\"id\":1,\"stars\":2,\"word\":null,\"own\":1}]"},
};

static void
defaults_of_domains_and_views_fill_what_is_missing(void **state)
{
    (void)state;
    door_expect_all(&door, defaults, COUNTOF(defaults));
}

static const struct door_case views[] = {
    {"POST /shown_reviews?on_conflict=id\nPrefer: resolution=merge-duplicates\n\n"
     "[{\"id\":1,\"stars\":4}]",
     "200\n\n"},
    {"POST /shown_reviews\nPrefer: resolution=merge-duplicates, return=representation\n\n"
     "[{\"id\":1,\"stars\":5},{\"id\":9,\"stars\":5}]",
     "201\n\n[{\"id\":1,\"stars\":5,\"word\":\"bad\"}, \n "
     "{\"id\":9,\"stars\":5,\"word\":\"view\"}]"},
};

static void
an_upsert_through_a_view_says_whether_rows_are_new(void **state)
{
    (void)state;
    door_expect_all(&door, views, COUNTOF(views));
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_partitioned_table_is_one_table, open_door, close_door),
        cmocka_unit_test_setup_teardown(defaults_of_domains_and_views_fill_what_is_missing,
                                        open_door, close_door),
        cmocka_unit_test_setup_teardown(an_upsert_through_a_view_says_whether_rows_are_new,
                                        open_door, close_door),
    };
    int failed;

    if (!door_begin(argc, argv))
        return 77;
    failed = door_dialect() == DB_POSTGRES ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
    door_end();
    return failed;
}
