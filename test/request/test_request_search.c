/* SPDX-License-Identifier: Apache-2.0 */
/* Full text search through indexes: policies, views, functions, and every way to write a row. */
#include "door.h"

static const char migration[] =
    "CREATE TABLE teams (id int PRIMARY KEY);\n"
    "CREATE TABLE docs (id bigint PRIMARY KEY, team int REFERENCES teams ON DELETE CASCADE, owner "
    "text, body text, words tsvector GENERATED ALWAYS AS (to_tsvector('english', body)) STORED);\n"
    "CREATE INDEX ON docs USING gin (words);\n"
    "CREATE INDEX ON docs USING gist (to_tsvector('simple', body));\n"
    "CREATE TABLE tags (name text PRIMARY KEY, doc bigint REFERENCES docs ON DELETE CASCADE, about "
    "jsonb);\n"
    "CREATE INDEX ON tags USING gin (to_tsvector('english', about));\n"
    "CREATE TABLE logs (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, line text);\n"
    "CREATE INDEX ON logs USING gin (to_tsvector('simple', line));\n"
    "GRANT SELECT, INSERT ON logs TO service_role;\n"
    "INSERT INTO teams VALUES (1), (2);\n"
    "INSERT INTO docs VALUES (1, 1, 'ann', 'The fat cats'), (2, 1, 'bob', 'a cat and a dog'), (3, "
    "2, 'ann', 'dogs running'), (4, 2, 'ann', NULL);\n"
    "INSERT INTO tags VALUES ('a', 1, '{\"x\": \"cats\"}'), ('b', 2, '[\"owls\"]'), ('c', 3, "
    "NULL);\n"
    "CREATE VIEW shown AS SELECT id AS number, words AS text, body FROM docs WHERE id < 4;\n"
    "CREATE FUNCTION find(query text) RETURNS SETOF docs LANGUAGE sql STABLE AS $$ SELECT d.* FROM "
    "docs AS d WHERE d.words @@ websearch_to_tsquery('english', query) AND d.id > 0 $$;\n"
    "CREATE FUNCTION find_above(words text) RETURNS SETOF docs LANGUAGE sql STABLE SECURITY DEFINER "
    "AS $$ SELECT * FROM docs WHERE to_tsvector('simple', body) @@ to_tsquery('simple', $1) $$;\n"
    "GRANT SELECT, INSERT, UPDATE, DELETE ON teams, docs, tags, shown TO authenticated, service_role;\n"
    "ALTER TABLE docs ENABLE ROW LEVEL SECURITY;\n"
    "CREATE POLICY own ON docs TO authenticated USING (owner = current_setting("
    "'request.jwt.claims', true)::json ->> 'sub');\n";

static struct door door;
static struct caller ann = {
    .role = {"authenticated", 13},
    .claims_json = {"{\"role\":\"authenticated\",\"sub\":\"ann\"}", 36},
};
/* Whom no policy limits. */
static struct caller owner = {.role = {"service_role", 12}};

static int
open_door(void **state)
{
    door_open_with(&door, migration);
    door.caller = &owner;
    return 0;
}

static int
close_door(void **state)
{
    door_close(&door);
    return 0;
}

static void
searches_find_rows_of_tables_views_embeds_and_functions(void **state)
{
    static const struct door_case cases[] = {
        {"GET /docs?select=id&words=fts(english).cat&order=id",
         "200\n\n[{\"id\":1}, \n {\"id\":2}]"},
        {"GET /docs?select=id&words=fts(english).!cat&order=id", "200\n\n[{\"id\":3}]"},
        {"GET /docs?select=id&words=not.fts(english).cat&order=id", "200\n\n[{\"id\":3}]"},
        {"GET /docs?select=id&body=plfts(simple).the&order=id", "200\n\n[{\"id\":1}]"},
        {"GET /docs?select=id&or=(words.wfts(english).run,id.eq.4)&order=id",
         "200\n\n[{\"id\":3}, \n {\"id\":4}]"},
        {"HEAD /docs?select=id&words=fts(english).cat\nPrefer: count=exact",
         "200\nContent-Range: 0-1/2\n\n"},
        {"GET /tags?select=name&about=fts(english).cat", "200\n\n[{\"name\":\"a\"}]"},
        {"GET /tags?select=name,docs!inner(id)&docs.words=fts(english).cat&order=name",
         "200\n\n[{\"name\":\"a\",\"docs\":{\"id\":1}}, \n {\"name\":\"b\",\"docs\":{\"id\":2}}]"},
        {"GET /shown?select=number&text=fts(english).dog&order=number",
         "200\n\n[{\"number\":2}, \n {\"number\":3}]"},
        {"GET /rpc/find?query=cat -dog&select=id", "200\n\n[{\"id\":1}]"},
        {"GET /rpc/find?query=-dog&select=id", "200\n\n[{\"id\":1}]"},
        {"GET /rpc/find?query=&select=id", "200\n\n[]"},
        {"GET /rpc/find_above?words=cats|running&select=id&order=id",
         "200\n\n[{\"id\":1}, \n {\"id\":3}]"},
        {"GET /rpc/find_above?words=cats dogs", "400\n\n{\"code\":\"42601\",..."},
    };

    door_expect_all(&door, cases, COUNTOF(cases));
}

static void
policies_hide_what_an_index_finds(void **state)
{
    static const struct door_case cases[] = {
        {"GET /docs?select=id&words=fts(english).cat&order=id", "200\n\n[{\"id\":1}]"},
        {"GET /docs?select=id&body=fts(simple).a", "200\n\n[]"},
        {"GET /rpc/find?query=cat&select=id", "200\n\n[{\"id\":1}]"},
        {"GET /rpc/find_above?words=cat&select=id", "200\n\n[{\"id\":2}]"},
        {"GET /shown?select=number&text=fts(english).cat&order=number",
         "200\n\n[{\"number\":1}, \n {\"number\":2}]"},
        {"PATCH /docs?words=fts(english).dog\nPrefer: return=representation\n\n{\"body\":\"owls\"}",
         "200\n\n[{\"id\":3,..."},
        {"DELETE /docs?words=fts(english).cat\nPrefer: return=headers-only, count=exact",
         "204\nContent-Range: */1\n\n"},
    };
    static const struct door_case left[] = {
        {"GET /docs?select=id&words=fts(english).cat", "200\n\n[{\"id\":2}]"},
        {"GET /docs?select=id&words=fts(english).owl", "200\n\n[{\"id\":3}]"},
        {"GET /tags?select=name&about=fts(english).cat", "200\n\n[]"},
    };

    door.caller = &ann;
    door_expect_all(&door, cases, COUNTOF(cases));
    door.caller = &owner;
    door_expect_all(&door, left, COUNTOF(left));
}

static void
every_write_is_found_by_the_next_search(void **state)
{
    static const struct door_case cases[] = {
        {"POST /docs\n\n[{\"id\":5,\"team\":2,\"body\":\"ants\"},{\"id\":6,\"team\":1,\"body\":\"ants and owls\"}]",
         "201\n\n"},
        {"POST /docs\nPrefer: resolution=merge-duplicates\n\n[{\"id\":5,\"body\":\"bees\"},{\"id\":7,"
         "\"body\":\"ants\"}]",
         "201\n\n"},
        {"GET /docs?select=id&words=fts(english).ant&order=id",
         "200\n\n[{\"id\":6}, \n {\"id\":7}]"},
        {"GET /docs?select=id&body=fts(simple).bees", "200\n\n[{\"id\":5}]"},
        {"POST /docs\nPrefer: resolution=ignore-duplicates\n\n[{\"id\":5,\"body\":\"wasps\"}]",
         "201\n\n"},
        {"GET /docs?select=id&body=fts(simple).wasps", "200\n\n[]"},
        {"POST /logs\n\n[{\"line\":\"a b\"},{\"line\":\"b c\"},{\"line\":\"c d\"}]", "201\n\n"},
        {"GET /logs?select=id&line=fts(simple).b&order=id", "200\n\n[{\"id\":1}, \n {\"id\":2}]"},
        /* Nothing of a request that fails. */
        {"POST /docs?columns=id,words\nPrefer: missing=default\n\n[{\"id\":9}]",
         "400\n\n{\"code\":\"428C9\",..."},
        {"POST /docs\n\n[{\"id\":8,\"body\":\"wasps\"},{\"id\":8,\"body\":\"wasps\"}]",
         "409\n\n{\"code\":\"23505\",..."},
        {"PATCH /docs?words=fts(english).ant\n\n{\"team\":99}", "409\n\n{\"code\":\"23503\",..."},
        {"GET /docs?select=id&body=fts(simple).wasps", "200\n\n[]"},
        {"PATCH /shown?text=fts(english).cat\n\n{\"body\":\"mice\"}", "204\n\n"},
        {"GET /docs?select=id&words=fts(english).mouse|mice&order=id",
         "200\n\n[{\"id\":1}, \n {\"id\":2}]"},
        {"PATCH /docs?id=eq.1\n\n{\"id\":11}", "409\n\n{\"code\":\"23503\",..."},
        {"PATCH /docs?id=eq.7\n\n{\"id\":17}", "204\n\n"},
        {"GET /docs?select=id&words=fts(english).ant&order=id",
         "200\n\n[{\"id\":6}, \n {\"id\":17}]"},
        {"PUT /docs?id=eq.17\n\n{\"id\":17,\"team\":null,\"owner\":null,\"body\":\"flies\"}",
         "204\n\n"},
        {"GET /docs?select=id&words=fts(english).ant", "200\n\n[{\"id\":6}]"},
        {"DELETE /teams?id=eq.1", "204\n\n"},
        {"GET /docs?select=id&words=fts(english).mice|ant|flies", "200\n\n[{\"id\":17}]"},
        {"GET /tags?select=name&about=fts(english).cat|owl", "200\n\n[]"},
        {"GET /docs?select=id&words=fts(english).!ant&order=id",
         "200\n\n[{\"id\":3}, \n {\"id\":5}, \n {\"id\":17}]"},
    };

    door_expect_all(&door, cases, COUNTOF(cases));
    if (door_dialect() == DB_SQLITE)
        assert_str(door_query(&door, "SELECT count(*) FROM \"cairn_fts:docs_words_idx:\"", ""),
                   "4");
}

static void
what_is_behind_an_index_is_no_table_of_the_api(void **state)
{
    static const struct door_case cases[] = {
        {"GET /cairn_fts:docs_words_idx:", "404\n\n{\"code\":\"PGRST205\",..."},
        {"GET /cairn_fts:docs_words_idx:_data", "404\n\n{\"code\":\"PGRST205\",..."},
    };

    door_expect_all(&door, cases, COUNTOF(cases));
    door_send(&door, "GET /");
    assert_null(memmem(door.body.data, door.body.len, "cairn_fts", 9));
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(searches_find_rows_of_tables_views_embeds_and_functions,
                                        open_door, close_door),
        cmocka_unit_test_setup_teardown(policies_hide_what_an_index_finds, open_door, close_door),
        cmocka_unit_test_setup_teardown(every_write_is_found_by_the_next_search, open_door,
                                        close_door),
        cmocka_unit_test_setup_teardown(what_is_behind_an_index_is_no_table_of_the_api, open_door,
                                        close_door),
    };
    int failed;

    if (!door_begin(argc, argv))
        return 77;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    door_end();
    return failed;
}
