/* SPDX-License-Identifier: Apache-2.0 */
/* How values of a project's own types look outside: domain representations (point 52 of the
 * contract), composites, and what PostGIS makes JSON of. PostgreSQL only. */
#include "door.h"

static struct door door;

/* A colour is #RRGGBB outside and a number inside. */
static const char colours_sql[] =
    "CREATE DOMAIN colour AS integer;"
    "CREATE FUNCTION colour_to_json(colour) RETURNS json LANGUAGE sql IMMUTABLE"
    " AS $$ SELECT to_json('#' || lpad(upper(to_hex($1)), 6, '0')) $$;"
    "CREATE FUNCTION colour_from_text(text) RETURNS colour LANGUAGE sql IMMUTABLE"
    " AS $$ SELECT ('x' || lpad(ltrim($1, '#'), 8, '0'))::bit(32)::integer::colour $$;"
    "CREATE FUNCTION colour_from_json(json) RETURNS colour LANGUAGE sql IMMUTABLE"
    " AS $$ SELECT colour_from_text($1 #>> '{}') $$;"
    "CREATE CAST (colour AS json) WITH FUNCTION colour_to_json(colour) AS IMPLICIT;"
    "CREATE CAST (json AS colour) WITH FUNCTION colour_from_json(json) AS IMPLICIT;"
    "CREATE CAST (text AS colour) WITH FUNCTION colour_from_text(text) AS IMPLICIT;"
    "CREATE TYPE point_2d AS (x integer, y integer);"
    "CREATE TABLE boxes (id integer PRIMARY KEY, ink colour DEFAULT 255, corner point_2d,"
    " corners point_2d[]);"
    "INSERT INTO boxes VALUES (1, 0, '(1,2)', '{\"(3,4)\",\"(5,)\"}'), (2, 256, NULL, '{}'),"
    " (3, NULL, '(,)', NULL);"
    "CREATE TABLE labels (id integer, box_id integer REFERENCES boxes, paper colour PRIMARY KEY);"
    "INSERT INTO labels VALUES (7, 1, 16), (8, 1, 17), (9, 2, 18);"
    "CREATE FUNCTION all_boxes() RETURNS SETOF boxes LANGUAGE sql STABLE"
    " AS $$ SELECT * FROM boxes $$;"
    "CREATE FUNCTION one_point() RETURNS point_2d[] LANGUAGE sql IMMUTABLE"
    " AS $$ SELECT '{\"(1,2)\"}'::point_2d[] $$;";

static int
open_boxes(void **state)
{
    if (door_dialect() != DB_POSTGRES)
        return 0;
    door_open_with(&door, colours_sql);
    return 0;
}

static int
close_boxes(void **state)
{
    if (door_dialect() == DB_POSTGRES)
        door_close(&door);
    return 0;
}

static const struct door_case reads[] = {
    {"GET /boxes?order=id",
     "200\n\n[{\"id\":1,\"ink\":\"#000000\",\"corner\":{\"x\":1,\"y\":2},\"corners\":[{\"x\":3,\"y\":"
     "4},{\"x\":5,\"y\":null}]}, \n {\"id\":2,\"ink\":\"#000100\",\"corner\":null,\"corners\":[]}, "
     "\n {\"id\":3,\"ink\":null,\"corner\":{\"x\":null,\"y\":null},\"corners\":null}]"},
    {"GET /boxes?select=tint:ink&id=eq.2", "200\n\n[{\"tint\":\"#000100\"}]"},
    {"GET /boxes?select=ink::text&id=eq.2", "200\n\n[{\"ink\":\"\\\"#000100\\\"\"}]"},
    {"GET /boxes?select=corner->x,corner->>y&id=eq.1", "200\n\n[{\"x\":1,\"y\":\"2\"}]"},
    {"GET /boxes?select=corner::text&id=eq.1", "200\n\n[{\"corner\":\"(1,2)\"}]"},
    {"GET /boxes?select=id,labels(paper)&id=lt.3&order=id&labels.order=paper",
     "200\n\n[{\"id\":1,\"labels\":[{\"paper\":\"#000010\"}, \n {\"paper\":\"#000011\"}]}, \n "
     "{\"id\":2,\"labels\":[{\"paper\":\"#000012\"}]}]"},
    {"GET /labels?select=id,...boxes(ink)&id=eq.9", "200\n\n[{\"id\":9,\"ink\":\"#000100\"}]"},
    {"GET /boxes?id=eq.1\nAccept: text/csv",
     "200\n\nid,ink,corner,corners\n1,\"\"\"#000000\"\"\",\"(1,2)\",\"{\"\"(3,4)\"\",\"\"(5,)\"\"}\""},
    {"GET /boxes?id=eq.1&select=ink\nAccept: application/vnd.pgrst.object+json",
     "200\n\n{\"ink\":\"#000000\"}"},
    {"GET /rpc/all_boxes?select=ink&id=eq.2", "200\n\n[{\"ink\":\"#000100\"}]"},
    {"GET /rpc/one_point", "200\n\n[{\"x\":1,\"y\":2}]"},
};

static void
what_is_selected_is_shown_by_the_cast_to_json(void **state)
{
    if (door_dialect() != DB_POSTGRES)
        skip();
    door_expect_all(&door, reads, COUNTOF(reads));
}

static const struct door_case filters[] = {
    {"GET /boxes?select=id&ink=eq.000100", "200\n\n[{\"id\":2}]"},
    {"GET /boxes?select=id&ink=eq.%23000100", "200\n\n[{\"id\":2}]"},
    {"GET /boxes?select=id&ink=gt.0000FF", "200\n\n[{\"id\":2}]"},
    {"GET /boxes?select=id&ink=in.(000000,000100)&order=id", "200\n\n[{\"id\":1}, \n {\"id\":2}]"},
    {"GET /boxes?select=id&ink=not.in.(000000)", "200\n\n[{\"id\":2}]"},
    {"GET /boxes?select=id&ink=eq(any).{000000,000100}&order=id",
     "200\n\n[{\"id\":1}, \n {\"id\":2}]"},
    {"GET /boxes?select=id&or=(ink.eq.000100,ink.is.null)&order=id",
     "200\n\n[{\"id\":2}, \n {\"id\":3}]"},
    {"GET /boxes?select=id,labels!inner()&labels.paper=eq.000012", "200\n\n[{\"id\":2}]"},
    {"GET /boxes?select=id&ink=like.1*", "404\n\n{\"code\":\"42883\",..."},
    {"GET /boxes?select=id&ink=eq.zz", "400\n\n{\"code\":\"22P02\",..."},
};

static void
what_a_filter_says_is_read_by_the_cast_from_text(void **state)
{
    if (door_dialect() != DB_POSTGRES)
        skip();
    door_expect_all(&door, filters, COUNTOF(filters));
}

#define SHOW "\nPrefer: return=representation\n\n"

static const struct door_case writes[] = {
    {"POST /boxes?select=id,ink" SHOW "[{\"id\":11,\"ink\":\"#0000FF\"},{\"id\":12,\"ink\":null}]",
     "201\n\n[{\"id\":11,\"ink\":\"#0000FF\"}, \n {\"id\":12,\"ink\":null}]"},
    {"GET /boxes?id=eq.11&select=corner,corners", "200\n\n[{\"corner\":null,\"corners\":null}]"},
    {"PATCH /boxes?ink=eq.0000FF&select=ink" SHOW "{\"ink\":\"00FF00\"}",
     "200\n\n[{\"ink\":\"#00FF00\"}]"},
    {"POST /boxes?columns=id,ink&select=ink,id\nPrefer: return=representation, missing=default\n\n"
     "[{\"id\":13},{\"id\":14,\"ink\":\"000003\"}]",
     "201\n\n[{\"ink\":\"#0000FF\",\"id\":13}, \n {\"ink\":\"#000003\",\"id\":14}]"},
    {"POST /boxes?select=id,ink\nPrefer: return=representation, resolution=merge-duplicates\n\n"
     "[{\"id\":14,\"ink\":\"000004\"}]",
     "200\n\n[{\"id\":14,\"ink\":\"#000004\"}]"},
    {"POST /boxes?select=corner" SHOW "{\"id\":15,\"corner\":{\"x\":1}}",
     "201\n\n[{\"corner\":{\"x\":1,\"y\":null}}]"},
    {"POST /labels\nPrefer: return=headers-only\n\n{\"paper\":\"#00000A\"}",
     "201\nLocation: /labels?paper=eq.10\n\n"},
    {"DELETE /boxes?ink=eq.000004&select=ink" SHOW, "200\n\n[{\"ink\":\"#000004\"}]"},
    {"POST /boxes" SHOW "{\"id\":16,\"ink\":\"green\"}", "400\n\n{\"code\":\"22P02\",..."},
};

static void
what_a_payload_holds_is_read_by_the_cast_from_json(void **state)
{
    if (door_dialect() != DB_POSTGRES)
        skip();
    door_expect_all(&door, writes, COUNTOF(writes));
}

static const char shops_sql[] =
    "CREATE EXTENSION postgis;"
    "CREATE TABLE shops (id integer PRIMARY KEY, name text, place geometry(Point, 4326));"
    "INSERT INTO shops VALUES (1, 'Corner', 'SRID=4326;POINT(1.5 2.5)');"
    "CREATE TABLE plain (id integer PRIMARY KEY);"
    "INSERT INTO plain VALUES (1);";

#define GEO "\nAccept: application/geo+json"
#define IS_GEO "Content-Type: application/geo+json; charset=utf-8\n"
#define COLLECTION "{\"type\" : \"FeatureCollection\", \"features\" : "

static const struct door_case shops[] = {
    {"GET /shops" GEO "\nPrefer: count=exact",
     "200\n" IS_GEO "Content-Range: 0-0/1\n\n" COLLECTION
     "[{\"type\": \"Feature\", \"geometry\": {\"type\":\"Point\",\"coordinates\":[1.5,2.5]}, "
     "\"properties\": {\"id\": 1, \"name\": \"Corner\"}}]}"},
    {"GET /shops?select=place&id=eq.1" GEO,
     "200\n" IS_GEO "\n" COLLECTION "[{\"type\": \"Feature\", ..."},
    {"GET /shops?id=gt.1" GEO, "200\n" IS_GEO "Content-Range: */*\n\n" COLLECTION "[]}"},
    {"GET /plain" GEO, "400\n\n{\"code\":\"22023\",\"details\":null,\"hint\":null,\"message\":"
                       "\"geometry column is missing\"}"},
    {"POST /shops" GEO SHOW "{\"id\":2,\"place\":\"SRID=4326;POINT(0 1)\"}",
     "201\n" IS_GEO "\n" COLLECTION "[{\"type\": \"Feature\", ..."},
    {"GET /shops?select=place&id=eq.1",
     "200\n\n[{\"place\":{\"type\":\"Point\",\"crs\":{\"type\":\"name\",\"properties\":{\"name\":"
     "\"EPSG:4326\"}},\"coordinates\":[1.5,2.5]}}]"},
};

static void
geometry_is_geojson_where_postgis_is(void **state)
{
    struct door other;
    bool is_there = false;

    if (door_dialect() != DB_POSTGRES)
        skip();
    is_there = str_eq(door_query(&door, "SELECT '0'",
                                 "SELECT count(*) FROM pg_available_extensions"
                                 " WHERE name = 'postgis'"),
                      STR("1"));
    if (!is_there) {
        door_expect(&door, "GET /boxes" GEO, "406\n\n{\"code\":\"PGRST107\",...");
        skip();
    }
    door_open_with(&other, shops_sql);
    door_expect_all(&other, shops, COUNTOF(shops));
    door_close(&other);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_selected_is_shown_by_the_cast_to_json),
        cmocka_unit_test(what_a_filter_says_is_read_by_the_cast_from_text),
        cmocka_unit_test(what_a_payload_holds_is_read_by_the_cast_from_json),
        cmocka_unit_test(geometry_is_geojson_where_postgis_is),
    };
    int failed;

    if (!door_begin(argc, argv))
        return 77;
    failed = cmocka_run_group_tests_name("forms", tests, open_boxes, close_boxes);
    door_end();
    return failed;
}
