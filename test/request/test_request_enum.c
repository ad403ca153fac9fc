/* SPDX-License-Identifier: Apache-2.0 */
/* Casts to enums, and the order of arrays of them: by their labels' places, as on PostgreSQL. */
#include "door.h"

static struct door door;

static const char tables[] =
    "CREATE TYPE mood AS ENUM ('sad', 'ok', 'it''s \"x\"'); "
    "CREATE TYPE other AS ENUM ('ok'); "
    "CREATE TYPE level AS ENUM ('z', 'y', 'x', 'w', 'v', 'u', 't', 's', 'r', 'q', 'p', 'a b'); "
    "CREATE SCHEMA api; "
    "CREATE TYPE api.size AS ENUM ('s', 'm'); "
    "CREATE TABLE e (id int PRIMARY KEY, t text, v varchar(9), c char(5), m mood, o other, j "
    "jsonb, n int, s api.size, a text[]); "
    "INSERT INTO e VALUES (1, 'ok', 'sad', 'ok', 'ok', 'ok', '{\"k\": \"ok\"}', 1, 's', '{ok}'), "
    "(2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (3, 'it''s \"x\"', 'ok', 'sad', "
    "'sad', 'ok', '{\"k\": \"nope\"}', 3, 'm', '{x}'), (4, 'bad', 'ok', 'sad  ', 'sad', NULL, "
    "NULL, 4, 'm', NULL); "
    "CREATE TABLE f (id int PRIMARY KEY, e_id int REFERENCES e, t text); "
    "INSERT INTO f VALUES (1, 1, 'sad'), (2, 3, 'ok'); "
    "CREATE TABLE g (id int PRIMARY KEY, e_id int REFERENCES e, l level[], k level); "
    "INSERT INTO g VALUES (1, 1, '{z}', 'z'), (2, 1, '{a b}', 'a b'), (3, 1, '{y,x}', 'y'), (4, "
    "3, '{y}', 'y'), (5, 3, NULL, NULL), (6, 3, '{}', 'q'), (7, 3, '{y,NULL}', 'p'), (8, 1, "
    "'{{z,x},{y,w}}', 'x'), (9, 4, '{p,q}', 'w'); "
    "CREATE VIEW gv AS SELECT id, l, k, l > '{y}' AS later, coalesce(l, '{z}') < '{y,z}' AS "
    "early FROM g ORDER BY l DESC NULLS LAST, id; "
    "CREATE VIEW gd AS SELECT DISTINCT ON (k) k, l FROM g ORDER BY k, l DESC; "
    "CREATE VIEW gl AS SELECT e.id, g.l FROM e LEFT JOIN LATERAL (SELECT l FROM g WHERE g.e_id = "
    "e.id ORDER BY l NULLS FIRST LIMIT 2) g ON true ORDER BY e.id, g.l; ";

static int
open_tables(void **state)
{
    struct door_options options = {.migration = tables, .limits = door_limits};

    (void)state;
    options.limits.aggregates = true;
    door_open(&door, &options);
    return 0;
}

static int
close_tables(void **state)
{
    (void)state;
    door_close(&door);
    return 0;
}

static const struct door_case a_text_is_cast_to_an_enum_cases[] = {
    {"GET /e?select=id,t::mood&id=lt.4&order=id",
     "200\nContent-Range: 0-2/*\n\n[{\"id\":1,\"t\":\"ok\"}, \n {\"id\":2,\"t\":null}, \n "
     "{\"id\":3,\"t\":\"it's \\\"x\\\"\"}]"},
    {"GET /e?select=t::mood",
     "400\n!Content-Range\n\n{\"code\":\"22P02\",\"details\":null,\"hint\":null,\"message\":\"inv"
     "alid input value for enum mood: \\\"bad\\\"\"}"},
    {"GET /e?select=id,v::mood&order=id",
     "200\nContent-Range: 0-3/*\n\n[{\"id\":1,\"v\":\"sad\"}, \n {\"id\":2,\"v\":null}, \n "
     "{\"id\":3,\"v\":\"ok\"}, \n {\"id\":4,\"v\":\"ok\"}]"},
    {"GET /e?select=id,x:m::mood&order=id",
     "200\nContent-Range: 0-3/*\n\n[{\"id\":1,\"x\":\"ok\"}, \n {\"id\":2,\"x\":null}, \n "
     "{\"id\":3,\"x\":\"sad\"}, \n {\"id\":4,\"x\":\"sad\"}]"},
    {"GET /e?select=c::mood&id=lt.3",
     "400\n!Content-Range\n\n{\"code\":\"22P02\",\"details\":null,\"hint\":null,\"message\":\"inv"
     "alid input value for enum mood: \\\"ok   \\\"\"}"},
    {"GET /e?select=o::mood",
     "400\n!Content-Range\n\n{\"code\":\"42846\",\"details\":null,\"hint\":null,\"message\":\"can"
     "not cast type other to mood\"}"},
    {"GET /e?select=n::mood",
     "400\n!Content-Range\n\n{\"code\":\"42846\",\"details\":null,\"hint\":null,\"message\":\"can"
     "not cast type integer to mood\"}"},
    {"GET /e?select=a::mood",
     "400\n!Content-Range\n\n{\"code\":\"42846\",\"details\":null,\"hint\":null,\"message\":\"can"
     "not cast type text[] to mood\"}"},
    {"GET /e?select=a::int",
     "400\n!Content-Range\n\n{\"code\":\"42846\",\"details\":null,\"hint\":null,\"message\":\"can"
     "not cast type text[] to integer\"}"},
    {"GET /e?select=j->>k::mood&id=eq.1", "200\nContent-Range: 0-0/*\n\n[{\"k\":\"ok\"}]"},
    {"GET /e?select=j->>k::mood&id=eq.3",
     "400\n!Content-Range\n\n{\"code\":\"22P02\",\"details\":null,\"hint\":null,\"message\":\"inv"
     "alid input value for enum mood: \\\"nope\\\"\"}"},
    {"GET /e?select=j->k::mood",
     "400\n!Content-Range\n\n{\"code\":\"42846\",\"details\":null,\"hint\":null,\"message\":\"can"
     "not cast type jsonb to mood\"}"},
    {"GET /e?select=t::MOOD&id=eq.1", "200\nContent-Range: 0-0/*\n\n[{\"t\":\"ok\"}]"},
    {"GET /e?select=t::public.mood&id=eq.1",
     "400\n!Content-Range\n\n{\"code\":\"PGRST100\",\"details\":\"unexpected \\\"m\\\" expecting "
     "\\\"sum()\\\", \\\"avg()\\\", \\\"count()\\\", \\\"max()\\\" or "
     "\\\"min()\\\"\",\"hint\":null,\"message\":\"\\\"failed to parse select parameter "
     "(t::public.mood)\\\" (line 1, column 11)\"}"},
    {"GET /e?select=s::text,s::api.size&order=id",
     "400\n!Content-Range\n\n{\"code\":\"PGRST100\",\"details\":\"unexpected \\\"s\\\" expecting "
     "\\\"sum()\\\", \\\"avg()\\\", \\\"count()\\\", \\\"max()\\\" or "
     "\\\"min()\\\"\",\"hint\":null,\"message\":\"\\\"failed to parse select parameter "
     "(s::text,s::api.size)\\\" (line 1, column 16)\"}"},
    {"GET /e?select=t::size",
     "400\n!Content-Range\n\n{\"code\":\"42704\",\"details\":null,\"hint\":null,\"message\":\"typ"
     "e \\\"size\\\" does not exist\"}"},
    {"GET /e?select=t::nomood",
     "400\n!Content-Range\n\n{\"code\":\"42704\",\"details\":null,\"hint\":null,\"message\":\"typ"
     "e \\\"nomood\\\" does not exist\"}"},
    {"GET /e?select=t.max()::mood&id=eq.1", "200\nContent-Range: 0-0/*\n\n[{\"max\":\"ok\"}]"},
    {"GET /e?select=v.max()::mood,n.sum()",
     "200\nContent-Range: 0-0/*\n\n[{\"max\":\"sad\",\"sum\":8}]"},
    {"GET /e?select=count::mood",
     "400\n!Content-Range\n\n{\"code\":\"42846\",\"details\":null,\"hint\":null,\"message\":\"can"
     "not cast type bigint to mood\"}"},
    {"GET /e?select=id,f(t::mood)&order=id",
     "200\nContent-Range: 0-3/*\n\n[{\"id\":1,\"f\":[{\"t\":\"sad\"}]}, \n {\"id\":2,\"f\":[]}, "
     "\n {\"id\":3,\"f\":[{\"t\":\"ok\"}]}, \n {\"id\":4,\"f\":[]}]"},
    {"GET /f?select=id,...e(t::mood)&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":1,\"t\":\"ok\"}, \n {\"id\":2,\"t\":\"it's "
     "\\\"x\\\"\"}]"},
    {"GET /e?select=m::varchar&order=id",
     "200\nContent-Range: 0-3/*\n\n[{\"m\":\"ok\"}, \n {\"m\":null}, \n {\"m\":\"sad\"}, \n "
     "{\"m\":\"sad\"}]"},
};

static void
a_text_is_cast_to_an_enum(void **state)
{
    (void)state;
    door_expect_all(&door, a_text_is_cast_to_an_enum_cases,
                    COUNTOF(a_text_is_cast_to_an_enum_cases));
}

static const struct door_case arrays_of_enums_are_ordered_by_their_labels_cases[] = {
    {"GET /g?select=id,l&order=l",
     "200\nContent-Range: 0-8/*\n\n[{\"id\":6,\"l\":[]}, \n {\"id\":1,\"l\":[\"z\"]}, \n "
     "{\"id\":8,\"l\":[[\"z\",\"x\"],[\"y\",\"w\"]]}, \n {\"id\":4,\"l\":[\"y\"]}, \n "
     "{\"id\":3,\"l\":[\"y\",\"x\"]}, \n {\"id\":7,\"l\":[\"y\",null]}, \n "
     "{\"id\":9,\"l\":[\"p\",\"q\"]}, \n {\"id\":2,\"l\":[\"a b\"]}, \n {\"id\":5,\"l\":null}]"},
    {"GET /g?select=id&order=l.desc.nullslast,id",
     "200\nContent-Range: 0-8/*\n\n[{\"id\":2}, \n {\"id\":9}, \n {\"id\":7}, \n {\"id\":3}, \n "
     "{\"id\":4}, \n {\"id\":8}, \n {\"id\":1}, \n {\"id\":6}, \n {\"id\":5}]"},
    {"GET /g?select=id&l=gt.{y}&order=id",
     "200\nContent-Range: 0-3/*\n\n[{\"id\":2}, \n {\"id\":3}, \n {\"id\":7}, \n {\"id\":9}]"},
    {"GET /g?select=id&l=lte.{\"a b\"}&order=id",
     "200\nContent-Range: 0-7/*\n\n[{\"id\":1}, \n {\"id\":2}, \n {\"id\":3}, \n {\"id\":4}, \n "
     "{\"id\":6}, \n {\"id\":7}, \n {\"id\":8}, \n {\"id\":9}]"},
    {"GET /g?select=id&l=eq.{y,x}", "200\nContent-Range: 0-0/*\n\n[{\"id\":3}]"},
    {"GET /g?select=id&l=cs.{y}&order=id",
     "200\nContent-Range: 0-3/*\n\n[{\"id\":3}, \n {\"id\":4}, \n {\"id\":7}, \n {\"id\":8}]"},
    {"GET /g?select=l.min(),l.max()",
     "200\nContent-Range: 0-0/*\n\n[{\"min\":[],\"max\":[\"a b\"]}]"},
    {"GET /g?select=e_id,l.max(),k.min()&order=e_id",
     "200\nContent-Range: 0-2/*\n\n[{\"e_id\":1,\"max\":[\"a b\"],\"min\":\"z\"}, \n "
     "{\"e_id\":3,\"max\":[\"y\",null],\"min\":\"y\"}, \n "
     "{\"e_id\":4,\"max\":[\"p\",\"q\"],\"min\":\"w\"}]"},
    {"GET /e?select=id,g(id)&g.order=l.desc&order=id",
     "200\nContent-Range: 0-3/*\n\n[{\"id\":1,\"g\":[{\"id\":2}, \n {\"id\":3}, \n {\"id\":8}, "
     "\n {\"id\":1}]}, \n {\"id\":2,\"g\":[]}, \n {\"id\":3,\"g\":[{\"id\":5}, \n {\"id\":7}, \n "
     "{\"id\":4}, \n {\"id\":6}]}, \n {\"id\":4,\"g\":[{\"id\":9}]}]"},
    {"GET /g?select=id,e(id)&order=k,id",
     "200\nContent-Range: 0-8/*\n\n[{\"id\":1,\"e\":{\"id\":1}}, \n {\"id\":3,\"e\":{\"id\":1}}, "
     "\n {\"id\":4,\"e\":{\"id\":3}}, \n {\"id\":8,\"e\":{\"id\":1}}, \n "
     "{\"id\":9,\"e\":{\"id\":4}}, \n {\"id\":6,\"e\":{\"id\":3}}, \n "
     "{\"id\":7,\"e\":{\"id\":3}}, \n {\"id\":2,\"e\":{\"id\":1}}, \n "
     "{\"id\":5,\"e\":{\"id\":3}}]"},
    {"GET /gv?select=id,later",
     "200\nContent-Range: 0-8/*\n\n[{\"id\":2,\"later\":true}, \n {\"id\":9,\"later\":true}, \n "
     "{\"id\":7,\"later\":true}, \n {\"id\":3,\"later\":true}, \n {\"id\":4,\"later\":false}, \n "
     "{\"id\":8,\"later\":false}, \n {\"id\":1,\"later\":false}, \n {\"id\":6,\"later\":false}, "
     "\n {\"id\":5,\"later\":null}]"},
    {"GET /gv?order=l,id&select=id",
     "200\nContent-Range: 0-8/*\n\n[{\"id\":6}, \n {\"id\":1}, \n {\"id\":8}, \n {\"id\":4}, \n "
     "{\"id\":3}, \n {\"id\":7}, \n {\"id\":9}, \n {\"id\":2}, \n {\"id\":5}]"},
    {"GET /gd",
     "200\nContent-Range: 0-7/*\n\n[{\"k\":\"z\",\"l\":[\"z\"]}, \n "
     "{\"k\":\"y\",\"l\":[\"y\",\"x\"]}, \n {\"k\":\"x\",\"l\":[[\"z\",\"x\"],[\"y\",\"w\"]]}, "
     "\n {\"k\":\"w\",\"l\":[\"p\",\"q\"]}, \n {\"k\":\"q\",\"l\":[]}, \n "
     "{\"k\":\"p\",\"l\":[\"y\",null]}, \n {\"k\":\"a b\",\"l\":[\"a b\"]}, \n "
     "{\"k\":null,\"l\":null}]"},
    {"GET /gl",
     "200\nContent-Range: 0-5/*\n\n[{\"id\":1,\"l\":[\"z\"]}, \n "
     "{\"id\":1,\"l\":[[\"z\",\"x\"],[\"y\",\"w\"]]}, \n {\"id\":2,\"l\":null}, \n "
     "{\"id\":3,\"l\":[]}, \n {\"id\":3,\"l\":null}, \n {\"id\":4,\"l\":[\"p\",\"q\"]}]"},
};

static void
arrays_of_enums_are_ordered_by_their_labels(void **state)
{
    (void)state;
    door_expect_all(&door, arrays_of_enums_are_ordered_by_their_labels_cases,
                    COUNTOF(arrays_of_enums_are_ordered_by_their_labels_cases));
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_cast_to_an_enum),
        cmocka_unit_test(arrays_of_enums_are_ordered_by_their_labels),
    };
    int failed;

    if (!door_begin(argc, argv))
        return 77;
    failed = cmocka_run_group_tests(tests, open_tables, close_tables);
    door_end();
    return failed;
}
