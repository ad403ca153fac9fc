/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of a row as columns and relationships: point 27 of the contract. */
#include "door.h"

static struct door door;

static const char tables[] =
    "CREATE TABLE items (id bigint PRIMARY KEY); "
    "INSERT INTO items VALUES (1),(2),(3); "
    "CREATE TABLE items2 (id bigint PRIMARY KEY); "
    "INSERT INTO items2 VALUES (1),(2); "
    "CREATE FUNCTION always_true(items) RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT true "
    "$$; "
    "CREATE FUNCTION anti_id(items) RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT $1.id * "
    "-1 $$; "
    "CREATE FUNCTION doc(items) RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT "
    "('{\"n\": ' || $1.id || ', \"l\": \"x' || $1.id || '\"}')::jsonb $$; "
    "CREATE FUNCTION computed_overload(items) RETURNS boolean LANGUAGE sql STABLE AS $$ "
    "SELECT true $$; "
    "CREATE FUNCTION computed_overload(items2) RETURNS boolean LANGUAGE sql STABLE AS $$ "
    "SELECT false $$; "
    "CREATE FUNCTION rel_overload(items) RETURNS SETOF items2 LANGUAGE sql STABLE AS $$ "
    "SELECT * FROM items2 LIMIT 1 $$; "
    "CREATE FUNCTION rel_overload(items2) RETURNS SETOF items2 LANGUAGE sql STABLE AS $$ "
    "SELECT * FROM items2 LIMIT 2 $$; "
    "CREATE FUNCTION search(id bigint) RETURNS SETOF items LANGUAGE sql STABLE AS $$ SELECT * "
    "FROM items WHERE items.id = search.id $$; "
    "CREATE TABLE designers (id int PRIMARY KEY, name text); "
    "CREATE TABLE videogames (id int PRIMARY KEY, name text, designer_id int REFERENCES "
    "designers); "
    "INSERT INTO designers VALUES (1,'Sid Meier'),(2,'Hironobu Sakaguchi'),(3,'Nobody'); "
    "INSERT INTO videogames VALUES (1,'Civilization I',1),(2,'Civilization II',1),(3,'Final "
    "Fantasy I',2),(4,'Final Fantasy II',2),(5,'Tetris',NULL); "
    "CREATE FUNCTION computed_designers(videogames) RETURNS SETOF designers LANGUAGE sql "
    "STABLE ROWS 1 AS $$ SELECT * FROM designers WHERE id = $1.designer_id $$; "
    "CREATE FUNCTION computed_designers_noset(videogames) RETURNS designers LANGUAGE sql "
    "STABLE AS $$ SELECT * FROM designers WHERE id = $1.designer_id $$; "
    "CREATE FUNCTION computed_videogames(designers) RETURNS SETOF videogames LANGUAGE sql "
    "STABLE AS $$ SELECT * FROM videogames WHERE designer_id = $1.id $$; "
    "CREATE FUNCTION getallvideogames() RETURNS SETOF videogames LANGUAGE sql STABLE AS $$ "
    "SELECT * FROM videogames ORDER BY id $$; "
    "CREATE FUNCTION getalldesigners() RETURNS SETOF designers LANGUAGE sql STABLE AS $$ "
    "SELECT * FROM designers ORDER BY id $$; "
    "CREATE TABLE web (id int PRIMARY KEY, name text, p int REFERENCES web); "
    "INSERT INTO web VALUES (5,'wat',NULL),(0,'tardis',5),(1,'fezz',0),(2,'foo',0),(4,'wut',"
    "1); "
    "CREATE FUNCTION child_web(web) RETURNS SETOF web LANGUAGE sql STABLE AS $$ SELECT * FROM "
    "web WHERE $1.id = p ORDER BY id $$; "
    "CREATE FUNCTION parent_web(web) RETURNS SETOF web LANGUAGE sql STABLE ROWS 1 AS $$ "
    "SELECT * FROM web WHERE $1.p = id $$; "
    "CREATE TABLE a1 (id int PRIMARY KEY, n int); "
    "CREATE TABLE b1 (id int PRIMARY KEY REFERENCES a1, n int, a2 int REFERENCES a1); "
    "INSERT INTO a1 VALUES (1,1); INSERT INTO b1 VALUES (1,1,1); "
    "CREATE FUNCTION b1(a1) RETURNS SETOF b1 LANGUAGE sql STABLE ROWS 1 AS $$ SELECT * FROM "
    "b1 WHERE false $$; "
    "CREATE VIEW vg AS SELECT * FROM videogames; "
    "CREATE FUNCTION shout(vg) RETURNS text LANGUAGE sql STABLE AS $$ SELECT upper($1.name) "
    "$$; ";

static int
open_tables(void **state)
{
    struct door_options options = {.migration = tables, .limits = door_limits};

    options.limits.aggregates = true;
    door_open(&door, &options);
    return 0;
}

static int
close_tables(void **state)
{
    door_close(&door);
    return 0;
}

static const struct door_case a_function_of_the_row_is_a_column_cases[] = {
    {"GET /items?select=id,always_true,anti_id&order=anti_id",
     "200\nContent-Range: 0-2/*\n\n[{\"id\":3,\"always_true\":true,\"anti_id\":-3}, \n "
     "{\"id\":2,\"always_true\":true,\"anti_id\":-2}, \n {\"id\":1,\"always_true\":true,"
     "\"anti_id\":-1}]"},
    {"GET /items?select=*,a:anti_id::text&always_true=is.true&anti_id=lt.-1&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":2,\"a\":\"-2\"}, \n {\"id\":3,\"a\":\"-3\"}]"},
    {"GET /items?select=id,doc,doc->>l,n:doc->n&doc->>l=eq.x2",
     "200\nContent-Range: 0-0/*\n\n[{\"id\":2,\"doc\":{\"l\": \"x2\", \"n\": 2},\"l\":\"x2\","
     "\"n\":2}]"},
    {"GET /items?select=id,doc->n&order=doc->n.desc&limit=1",
     "200\nContent-Range: 0-0/*\n\n[{\"id\":3,\"n\":3}]"},
    {"GET /items?or=(anti_id.eq.-1,anti_id.in.(-2,-7))&select=id&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":1}, \n {\"id\":2}]"},
    {"GET /items?select=computed_overload&id=eq.1",
     "200\nContent-Range: 0-0/*\n\n[{\"computed_overload\":true}]"},
    {"GET /items2?select=computed_overload&id=eq.1",
     "200\nContent-Range: 0-0/*\n\n[{\"computed_overload\":false}]"},
    {"GET /items2?select=always_true",
     "400\n\n{\"code\":\"42703\",\"details\":null,\"hint\":null,\"message\":\"column "
     "items2.always_true does not exist\"}"},
    {"GET /items?select=always_tru",
     "400\n\n{\"code\":\"42703\",\"details\":null,\"hint\":null,\"message\":\"column "
     "items.always_tru does not exist\"}"},
    {"GET /rpc/search?id=1&select=id,always_true",
     "200\nContent-Range: 0-0/*\n\n[{\"id\":1,\"always_true\":true}]"},
    {"GET /rpc/search?id=1&select=always_true&anti_id=eq.-1\nPrefer: count=exact",
     "200\nContent-Range: 0-0/1\n\n[{\"always_true\":true}]"},
    {"GET /items?select=anti_id.sum(),always_true",
     "200\nContent-Range: 0-0/*\n\n[{\"sum\":-6,\"always_true\":true}]"},
    {"GET /vg?select=shout&id=eq.1",
     "200\nContent-Range: 0-0/*\n\n[{\"shout\":\"CIVILIZATION I\"}]"},
    {"GET /items?anti_id=gt.-3\nPrefer: count=exact",
     "200\nContent-Range: 0-1/2\n\n[{\"id\":1}, \n {\"id\":2}]"},
    {"POST /items?select=id,anti_id\nPrefer: return=representation\nContent-Type: "
     "application/json\n\n{\"id\":10}",
     "201\nContent-Range: */*\n\n[{\"id\":10,\"anti_id\":-10}]"},
    {"POST /items?select=anti_id\nPrefer: return=representation\nContent-Type: "
     "application/json\n\n{\"id\":11}",
     "201\nContent-Range: */*\n\n[{\"anti_id\":-11}]"},
    {"PATCH /items?anti_id=eq.-11&select=anti_id\nPrefer: "
     "return=representation\nContent-Type: application/json\n\n{\"id\":12}",
     "200\nContent-Range: 0-0/*\n\n[{\"anti_id\":-12}]"},
    {"DELETE /items?anti_id=lt.-9&select=anti_id&order=anti_id\nPrefer: return=representation",
     "200\nContent-Range: */*\n\n[{\"anti_id\":-12}, \n {\"anti_id\":-10}]"},
    {"POST /items\nContent-Type: application/json\n\n{\"id\":10,\"anti_id\":1}",
     "400\n\n{\"code\":\"PGRST204\",\"details\":null,\"hint\":null,\"message\":\"Could not "
     "find the 'anti_id' column of 'items' in the schema cache\"}"},
};

static void
a_function_of_the_row_is_a_column(void **state)
{
    door_expect_all(&door, a_function_of_the_row_is_a_column_cases,
                    COUNTOF(a_function_of_the_row_is_a_column_cases));
}

static const struct door_case a_function_that_gives_rows_of_a_table_is_a_relationship_cases[] = {
    {"GET /videogames?select=name,designer:computed_designers(name)&order=id",
     "200\nContent-Range: 0-4/*\n\n[{\"name\":\"Civilization I\",\"designer\":{\"name\":\"Sid "
     "Meier\"}}, \n {\"name\":\"Civilization II\",\"designer\":{\"name\":\"Sid Meier\"}}, \n "
     "{\"name\":\"Final Fantasy I\",\"designer\":{\"name\":\"Hironobu Sakaguchi\"}}, \n "
     "{\"name\":\"Final Fantasy II\",\"designer\":{\"name\":\"Hironobu Sakaguchi\"}}, \n "
     "{\"name\":\"Tetris\",\"designer\":null}]"},
    {"GET /videogames?select=name,designer:computed_designers_noset(name)&order=id",
     "200\nContent-Range: 0-4/*\n\n[{\"name\":\"Civilization I\",\"designer\":{\"name\":\"Sid "
     "Meier\"}}, \n {\"name\":\"Civilization II\",\"designer\":{\"name\":\"Sid Meier\"}}, \n "
     "{\"name\":\"Final Fantasy I\",\"designer\":{\"name\":\"Hironobu Sakaguchi\"}}, \n "
     "{\"name\":\"Final Fantasy II\",\"designer\":{\"name\":\"Hironobu Sakaguchi\"}}, \n "
     "{\"name\":\"Tetris\",\"designer\":{\"name\":null}}]"},
    {"GET /videogames?select=name,computed_designers_noset!inner(name)&"
     "computed_designers_noset.name=like.*Hiro*&order=id\nPrefer: count=exact",
     "200\nContent-Range: 0-1/2\n\n[{\"name\":\"Final Fantasy I\","
     "\"computed_designers_noset\":{\"name\":\"Hironobu Sakaguchi\"}}, \n {\"name\":\"Final "
     "Fantasy II\",\"computed_designers_noset\":{\"name\":\"Hironobu Sakaguchi\"}}]"},
    {"GET /designers?select=name,videogames:computed_videogames(name)&order=id",
     "200\nContent-Range: 0-2/*\n\n[{\"name\":\"Sid Meier\","
     "\"videogames\":[{\"name\":\"Civilization I\"}, \n {\"name\":\"Civilization II\"}]}, \n "
     "{\"name\":\"Hironobu Sakaguchi\",\"videogames\":[{\"name\":\"Final Fantasy I\"}, \n "
     "{\"name\":\"Final Fantasy II\"}]}, \n {\"name\":\"Nobody\",\"videogames\":[]}]"},
    {"GET /designers?select=name,videogames:computed_videogames!inner(name)&"
     "videogames.name=eq.Civilization I\nPrefer: count=exact",
     "200\nContent-Range: 0-0/1\n\n[{\"name\":\"Sid Meier\","
     "\"videogames\":[{\"name\":\"Civilization I\"}]}]"},
    {"GET /designers?select=name,computed_videogames(name)&"
     "computed_videogames.order=name.desc&computed_videogames.limit=1&order=id",
     "200\nContent-Range: 0-2/*\n\n[{\"name\":\"Sid Meier\","
     "\"computed_videogames\":[{\"name\":\"Civilization II\"}]}, \n {\"name\":\"Hironobu "
     "Sakaguchi\",\"computed_videogames\":[{\"name\":\"Final Fantasy II\"}]}, \n "
     "{\"name\":\"Nobody\",\"computed_videogames\":[]}]"},
    {"GET /designers?select=name&computed_videogames=is.null",
     "400\n\n{\"code\":\"42703\",\"details\":null,\"hint\":null,\"message\":\"column "
     "designers.computed_videogames does not exist\"}"},
    {"GET /designers?select=name,computed_videogames()&computed_videogames=is.null",
     "200\nContent-Range: 0-0/*\n\n[{\"name\":\"Nobody\"}]"},
    {"GET /rpc/getallvideogames?select=name,designer:computed_designers(name)",
     "200\nContent-Range: 0-4/*\n\n[{\"name\":\"Civilization I\",\"designer\":{\"name\":\"Sid "
     "Meier\"}}, \n {\"name\":\"Civilization II\",\"designer\":{\"name\":\"Sid Meier\"}}, \n "
     "{\"name\":\"Final Fantasy I\",\"designer\":{\"name\":\"Hironobu Sakaguchi\"}}, \n "
     "{\"name\":\"Final Fantasy II\",\"designer\":{\"name\":\"Hironobu Sakaguchi\"}}, \n "
     "{\"name\":\"Tetris\",\"designer\":null}]"},
    {"GET /rpc/getallvideogames?select=name,designer:computed_designers(name)&"
     "limit=1\nPrefer: count=exact",
     "206\nContent-Range: 0-0/5\n\n[{\"name\":\"Civilization I\",\"designer\":{\"name\":\"Sid "
     "Meier\"}}]"},
    {"GET /rpc/getalldesigners?select=name,videogames:computed_videogames(name)",
     "200\nContent-Range: 0-2/*\n\n[{\"name\":\"Sid Meier\","
     "\"videogames\":[{\"name\":\"Civilization I\"}, \n {\"name\":\"Civilization II\"}]}, \n "
     "{\"name\":\"Hironobu Sakaguchi\",\"videogames\":[{\"name\":\"Final Fantasy I\"}, \n "
     "{\"name\":\"Final Fantasy II\"}]}, \n {\"name\":\"Nobody\",\"videogames\":[]}]"},
    {"GET /videogames?select=name,...computed_designers(designer_name:name)&order=id",
     "200\nContent-Range: 0-4/*\n\n[{\"name\":\"Civilization I\",\"designer_name\":\"Sid "
     "Meier\"}, \n {\"name\":\"Civilization II\",\"designer_name\":\"Sid Meier\"}, \n "
     "{\"name\":\"Final Fantasy I\",\"designer_name\":\"Hironobu Sakaguchi\"}, \n "
     "{\"name\":\"Final Fantasy II\",\"designer_name\":\"Hironobu Sakaguchi\"}, \n "
     "{\"name\":\"Tetris\",\"designer_name\":null}]"},
    {"GET /designers?select=name,...computed_videogames(games:name)&order=id",
     "200\nContent-Range: 0-2/*\n\n[{\"name\":\"Sid Meier\",\"games\":[\"Civilization I\", "
     "\"Civilization II\"]}, \n {\"name\":\"Hironobu Sakaguchi\",\"games\":[\"Final Fantasy "
     "I\", \"Final Fantasy II\"]}, \n {\"name\":\"Nobody\",\"games\":[]}]"},
    {"GET /videogames?select=name,computed_designers(name)&order=computed_designers(name),id",
     "200\nContent-Range: 0-4/*\n\n[{\"name\":\"Final Fantasy I\","
     "\"computed_designers\":{\"name\":\"Hironobu Sakaguchi\"}}, \n {\"name\":\"Final Fantasy "
     "II\",\"computed_designers\":{\"name\":\"Hironobu Sakaguchi\"}}, \n "
     "{\"name\":\"Civilization I\",\"computed_designers\":{\"name\":\"Sid Meier\"}}, \n "
     "{\"name\":\"Civilization II\",\"computed_designers\":{\"name\":\"Sid Meier\"}}, \n "
     "{\"name\":\"Tetris\",\"computed_designers\":null}]"},
    {"GET /web?select=name,child_web(name),parent_web(name)&id=in.(0,1)&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"name\":\"tardis\",\"child_web\":[{\"name\":\"fezz\"}, "
     "\n {\"name\":\"foo\"}],\"parent_web\":{\"name\":\"wat\"}}, \n {\"name\":\"fezz\","
     "\"child_web\":[{\"name\":\"wut\"}],\"parent_web\":{\"name\":\"tardis\"}}]"},
    {"GET /web?select=name,child_web(name,parent_web(name,child_web(id)))&id=eq.0",
     "200\nContent-Range: 0-0/*\n\n[{\"name\":\"tardis\",\"child_web\":[{\"name\":\"fezz\","
     "\"parent_web\":{\"name\":\"tardis\",\"child_web\":[{\"id\":1}, \n {\"id\":2}]}}, \n "
     "{\"name\":\"foo\",\"parent_web\":{\"name\":\"tardis\",\"child_web\":[{\"id\":1}, \n "
     "{\"id\":2}]}}]}]"},
    {"GET /videogames?select=name,designers(name,computed_videogames(id))&id=eq.1",
     "200\nContent-Range: 0-0/*\n\n[{\"name\":\"Civilization I\","
     "\"designers\":{\"name\":\"Sid Meier\",\"computed_videogames\":[{\"id\":1}, \n "
     "{\"id\":2}]}}]"},
    {"GET /items?select=*,rel_overload(*)&order=id&limit=1",
     "200\nContent-Range: 0-0/*\n\n[{\"id\":1,\"rel_overload\":[{\"id\":1}]}]"},
    {"GET /items2?select=*,rel_overload(*)&order=id&limit=1",
     "200\nContent-Range: 0-0/*\n\n[{\"id\":1,\"rel_overload\":[{\"id\":1}, \n {\"id\":2}]}]"},
    {"GET /rpc/search?id=1&select=*,rel_overload(*)",
     "200\nContent-Range: 0-0/*\n\n[{\"id\":1,\"rel_overload\":[{\"id\":1}]}]"},
    {"GET /a1?select=*,b1(*)", "200\nContent-Range: 0-0/*\n\n[{\"id\":1,\"n\":1,\"b1\":null}]"},
    {"GET /a1?select=*,b1!anything(*)",
     "200\nContent-Range: 0-0/*\n\n[{\"id\":1,\"n\":1,\"b1\":null}]"},
    {"POST /videogames?select=name,designer:computed_designers(name)\nPrefer: "
     "return=representation\nContent-Type: application/json\n\n{\"id\":9,\"name\":\"Chrono\","
     "\"designer_id\":2}",
     "201\nContent-Range: */*\n\n[{\"name\":\"Chrono\",\"designer\":{\"name\":\"Hironobu "
     "Sakaguchi\"}}]"},
    {"PATCH /designers?id=eq.1&select=name,computed_videogames(name)\nPrefer: "
     "return=representation\nContent-Type: application/json\n\n{\"name\":\"Sid\"}",
     "200\nContent-Range: 0-0/*\n\n[{\"name\":\"Sid\","
     "\"computed_videogames\":[{\"name\":\"Civilization I\"}, \n {\"name\":\"Civilization "
     "II\"}]}]"},
    {"DELETE /videogames?id=eq.9&select=name,computed_designers(name)\nPrefer: "
     "return=representation",
     "200\nContent-Range: */*\n\n[{\"name\":\"Chrono\","
     "\"computed_designers\":{\"name\":\"Hironobu Sakaguchi\"}}]"},
    {"GET /designers?select=computed_videogames(count())&order=id",
     "200\nContent-Range: 0-2/*\n\n[{\"computed_videogames\":[{\"count\":2}]}, \n "
     "{\"computed_videogames\":[{\"count\":2}]}, \n {\"computed_videogames\":[{\"count\":0}]}]"},
    {"GET /designers?select=name,nosuch_videogames(*)",
     "400\n\n{\"code\":\"PGRST200\",\"details\":\"Searched for a foreign key relationship "
     "between 'designers' and 'nosuch_videogames' in the schema 'public', but no matches were "
     "found.\",\"hint\":\"Perhaps you meant 'videogames' "
     "instead of 'nosuch_videogames'.\",\"message\":\"Could not find a relationship between 'designers' "
     "and 'nosuch_videogames' in the schema cache\"}"},
};

static void
a_function_that_gives_rows_of_a_table_is_a_relationship(void **state)
{
    door_expect_all(&door, a_function_that_gives_rows_of_a_table_is_a_relationship_cases,
                    COUNTOF(a_function_that_gives_rows_of_a_table_is_a_relationship_cases));
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_function_of_the_row_is_a_column),
        cmocka_unit_test(a_function_that_gives_rows_of_a_table_is_a_relationship),
    };
    int failed;

    if (!door_begin(argc, argv))
        return 77;
    failed = cmocka_run_group_tests(tests, open_tables, close_tables);
    door_end();
    return failed;
}
