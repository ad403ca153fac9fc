/* SPDX-License-Identifier: Apache-2.0 */
/* Media types that the database makes, and plans: points 37 and 74 of the contract. */
#include "door.h"

static struct door door;

static const char items_sql[] = "CREATE TABLE items (id integer PRIMARY KEY, name text);"
                                "INSERT INTO items VALUES (1, 'a'), (2, 'b'), (3, NULL);";

static const char handlers_sql[] =
    "CREATE TABLE items (id integer PRIMARY KEY, name text);"
    "INSERT INTO items VALUES (1, 'a'), (2, 'b'), (3, NULL);"
    "CREATE TABLE others (id integer PRIMARY KEY);"
    "INSERT INTO others VALUES (1), (2);"
    "CREATE TABLE every (id integer PRIMARY KEY);"
    "CREATE TABLE empty_row ();"
    "CREATE DOMAIN \"text/tab-separated-values\" AS text;"
    "CREATE DOMAIN \"text/plain\" AS text;"
    "CREATE DOMAIN \"image/png\" AS bytea;"
    "CREATE DOMAIN \"application/json\" AS json;"
    "CREATE DOMAIN \"*/*\" AS text;"
    "CREATE FUNCTION tsv_step(state \"text/tab-separated-values\", next items)"
    " RETURNS \"text/tab-separated-values\" LANGUAGE sql IMMUTABLE"
    " AS $$ SELECT state || next.id::text || E'\\t' || coalesce(next.name, '-') || E'\\n' $$;"
    "CREATE AGGREGATE tsv(items) (sfunc = tsv_step, stype = \"text/tab-separated-values\","
    " initcond = '');"
    "CREATE FUNCTION any_step(state \"text/plain\", next anyelement)"
    " RETURNS \"text/plain\" LANGUAGE sql IMMUTABLE AS $$ SELECT state || next::text $$;"
    "CREATE AGGREGATE as_text(anyelement) (sfunc = any_step, stype = \"text/plain\","
    " initcond = '');"
    "CREATE FUNCTION json_step(state \"application/json\", next empty_row)"
    " RETURNS \"application/json\" LANGUAGE sql IMMUTABLE AS $$ SELECT '{\"mine\":1}'::json $$;"
    "CREATE AGGREGATE own_json(empty_row) (sfunc = json_step, stype = \"application/json\","
    " initcond = '{\"mine\":0}');"
    "CREATE FUNCTION all_step(state \"*/*\", next every) RETURNS \"*/*\" LANGUAGE plpgsql AS $$"
    " BEGIN PERFORM set_config('response.headers', '[{\"Content-Type\":\"a/b\"}]', true);"
    " RETURN state || next.id::text; END $$;"
    "CREATE AGGREGATE own_all(every) (sfunc = all_step, stype = \"*/*\", initcond = 'any:');"
    "CREATE FUNCTION picture() RETURNS \"image/png\" LANGUAGE sql IMMUTABLE"
    " AS $$ SELECT '\\x00ff1065'::bytea $$;"
    "CREATE FUNCTION nothing() RETURNS \"image/png\" LANGUAGE sql IMMUTABLE"
    " AS $$ SELECT NULL::bytea $$;"
    "CREATE FUNCTION hello() RETURNS \"text/plain\" LANGUAGE sql IMMUTABLE"
    " AS $$ SELECT 'Hello' $$;"
    "CREATE FUNCTION hellos() RETURNS SETOF text LANGUAGE sql IMMUTABLE"
    " AS $$ SELECT 'Hello' $$;"
    "CREATE FUNCTION some_items() RETURNS SETOF items LANGUAGE sql STABLE"
    " AS $$ SELECT * FROM items WHERE id < 3 $$;"
    "CREATE FUNCTION add_item(i integer) RETURNS SETOF items LANGUAGE sql"
    " AS $$ INSERT INTO items VALUES (i, 'new') RETURNING * $$;";

static void
open_with_handlers(void)
{
    if (door_dialect() != DB_POSTGRES)
        skip();
    door_open(&door, &(struct door_options){.migration = handlers_sql});
}

#define TSV "\nAccept: text/tab-separated-values"
#define IS_TSV "Content-Type: text/tab-separated-values\n"

static const struct door_case rows[] = {
    {"GET /items?order=id" TSV, "200\n" IS_TSV "Content-Range: 0-2/*\n\n1\ta\n2\tb\n3\t-\n"},
    {"GET /items?id=gt.1&order=id.desc&limit=1" TSV ", */*;q=0.1\nPrefer: count=exact",
     "206\n" IS_TSV "Content-Range: 0-0/2\n\n3\t-\n"},
    {"GET /items?id=gt.9" TSV, "200\n" IS_TSV "Content-Range: */*\n\n"},
    {"HEAD /items" TSV, "200\n" IS_TSV "Content-Range: 0-2/*\n\n"},
    {"GET /items?select=id" TSV, "406\n\n{\"code\":\"PGRST107\",..."},
    {"GET /items?select=name,id" TSV, "406\n\n{\"code\":\"PGRST107\",..."},
    {"GET /others" TSV, "406\n\n{\"code\":\"PGRST107\",..."},
    {"GET /items?select=name,id&id=lt.3&order=id\nAccept: text/plain",
     "200\nContent-Type: text/plain; charset=utf-8\n\n(a,1)(b,2)"},
    {"GET /others?order=id\nAccept: text/plain", "200\n\n(1)(2)"},
    {"GET /empty_row", "200\n\n[]"},
    {"GET /empty_row\nAccept: application/json",
     "200\nContent-Type: application/json; charset=utf-8\n\n{\"mine\":0}"},
    {"GET /empty_row\nAccept: application/vnd.pgrst.array+json", "200\n\n{\"mine\":0}"},
    {"GET /every\nAccept: what/ever", "200\nContent-Type: application/octet-stream\n\nany:"},
    {"POST /every\nPrefer: return=representation\nAccept: what/ever\n\n[{\"id\":1},{\"id\":2}]",
     "201\nContent-Type: a/b\n\nany:12"},
    {"GET /items?id=eq.1", "200\nContent-Type: application/json; charset=utf-8\n\n"
                           "[{\"id\":1,\"name\":\"a\"}]"},
};

static void
rows_become_what_an_aggregate_makes_of_them(void **state)
{
    open_with_handlers();
    door_expect_all(&door, rows, COUNTOF(rows));
    door_close(&door);
}

static const struct door_case writes[] = {
    {"POST /items" TSV "\nPrefer: return=representation, count=exact\n\n[{\"id\":5},{\"id\":6}]",
     "201\n" IS_TSV "Content-Range: */2\n\n5\t-\n6\t-\n"},
    {"POST /items" TSV "\nPrefer: return=representation, resolution=merge-duplicates\n\n"
     "[{\"id\":5,\"name\":\"x\"},{\"id\":6,\"name\":\"y\"}]",
     "200\n" IS_TSV "\n5\tx\n6\ty\n"},
    {"POST /items" TSV "\nPrefer: return=representation, resolution=merge-duplicates\n\n"
     "[{\"id\":6,\"name\":\"z\"},{\"id\":7,\"name\":\"z\"}]",
     "201\n" IS_TSV "\n6\tz\n7\tz\n"},
    {"PATCH /items?id=eq.5" TSV "\nPrefer: return=representation\n\n{\"name\":\"w\"}",
     "200\n" IS_TSV "Content-Range: 0-0/*\n\n5\tw\n"},
    {"PATCH /items?id=eq.5" TSV "\n\n{\"name\":\"v\"}", "204\n!Content-Type\n\n"},
    {"POST /others" TSV "\n\n{\"id\":9}", "406\n\n..."},
    {"GET /others?id=eq.9", "200\n\n[]"},
    {"DELETE /items?id=gt.4&order=id" TSV "\nPrefer: return=representation",
     "200\n" IS_TSV "\n5\tv\n6\tz\n7\tz\n"},
};

static void
what_a_write_shows_takes_the_same_way(void **state)
{
    open_with_handlers();
    door_expect_all(&door, writes, COUNTOF(writes));
    door_close(&door);
}

static const struct door_case calls[] = {
    {"GET /rpc/hello\nAccept: text/plain",
     "200\nContent-Type: text/plain; charset=utf-8\nContent-Range: 0-0/*\n\nHello"},
    {"GET /rpc/hello", "200\nContent-Type: application/json; charset=utf-8\n\n\"Hello\""},
    {"GET /rpc/hello\nAccept: image/png", "406\n\n..."},
    {"GET /rpc/nothing\nAccept: image/png", "200\nContent-Type: image/png\n\n"},
    {"GET /rpc/some_items" TSV, "200\n" IS_TSV "\n1\ta\n2\tb\n"},
    {"GET /rpc/some_items?limit=1&order=id.desc" TSV "\nPrefer: count=exact",
     "206\n" IS_TSV "Content-Range: 0-0/2\n\n2\tb\n"},
    {"POST /rpc/add_item" TSV "\n\n{\"i\":8}", "200\n" IS_TSV "\n8\tnew\n"},
    {"GET /rpc/hellos\nAccept: text/plain", "200\n\n(Hello)"},
    {"GET /rpc/hellos\nAccept: text/html", "406\n\n..."},
};

static void
functions_answer_in_the_type_that_their_result_is_called(void **state)
{
    open_with_handlers();
    door_expect_all(&door, calls, COUNTOF(calls));
    door_send(&door, "GET /rpc/picture\nAccept: text/html, image/png, */*;q=0.8");
    assert_int_equal(door.status, 200);
    assert_str(door_header(&door, "Content-Type"), "image/png");
    assert_true(str_eq(door.body, str_make("\x00\xff\x10\x65", 4)));
    door_close(&door);
}

#define PLAN "\nAccept: application/vnd.pgrst.plan"
#define IS_PLAN "Content-Type: application/vnd.pgrst.plan+text; for=\"application/json\""

static const struct door_case plans[] = {
    {"GET /items?id=eq.1" PLAN, "200\n" IS_PLAN "; charset=utf-8\n!Content-Range\n\n..."},
    {"GET /items?id=eq.1" PLAN "+json; for=\"application/vnd.pgrst.object\"; options=verbose",
     "200\nContent-Type: application/vnd.pgrst.plan+json; "
     "for=\"application/vnd.pgrst.object+json\"; options=verbose; charset=utf-8\n\n"
     "[\n  {\n    \"Plan\": {..."},
    {"POST /items" PLAN "; options=analyze\nPrefer: return=representation, "
     "resolution=merge-duplicates\n\n[{\"id\":1,\"name\":\"analyzed\"}]",
     "200\n" IS_PLAN "; options=analyze; charset=utf-8\n\n..."},
    {"GET /items?select=name&id=eq.1", "200\n\n[{\"name\":\"analyzed\"}]"},
    {"DELETE /items" PLAN, "200\n" IS_PLAN "; charset=utf-8\n\nDelete on items..."},
    {"PATCH /items?id=eq.1" PLAN "\n\n{\"name\":\"z\"}", "200\n\nUpdate on items..."},
    {"GET /items?select=name&id=eq.1", "200\n\n[{\"name\":\"analyzed\"}]"},
    {"GET /items" PLAN "; options=wal", "400\n\n{\"code\":\"22023\",..."},
    {"GET /items" PLAN "; for=\"text/html\"", "406\n\n..."},
};

static void
a_plan_is_shown_where_that_is_allowed(void **state)
{
    door_open(&door, &(struct door_options){.migration = items_sql, .plans = true});
    if (door_dialect() == DB_POSTGRES)
        door_expect_all(&door, plans, COUNTOF(plans));
    else
        door_expect(&door, "GET /items" PLAN, "406\n\n{\"code\":\"PGRST107\",...");
    door_close(&door);
    door_open(&door, &(struct door_options){.migration = items_sql});
    door_expect(&door, "GET /items" PLAN, "406\n\n{\"code\":\"PGRST107\",...");
    door_expect(&door, "DELETE /items" PLAN, "406\n\n{\"code\":\"PGRST107\",...");
    door_expect(&door, "HEAD /items\nPrefer: count=exact", "200\nContent-Range: 0-2/3\n\n");
    door_close(&door);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_is_shown_where_that_is_allowed),
        cmocka_unit_test(rows_become_what_an_aggregate_makes_of_them),
        cmocka_unit_test(what_a_write_shows_takes_the_same_way),
        cmocka_unit_test(functions_answer_in_the_type_that_their_result_is_called),
    };
    int failed;

    if (!door_begin(argc, argv))
        return 77;
    failed = cmocka_run_group_tests_name("media", tests, NULL, NULL);
    door_end();
    return failed;
}
