/* SPDX-License-Identifier: Apache-2.0 */
/* As whom a request runs: what functions and policies see of who asks, on both engines. The matrix
 * of rules is test/system/access.test.mjs. */
#include "door.h"

static const char migration[] =
    "CREATE TABLE notes (id int PRIMARY KEY, owner text, body text);\n"
    "INSERT INTO notes VALUES (1, 'ann', 'a'), (2, 'bob', 'b'), (3, 'ann', 'c');\n"
    "GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO authenticated;\n"
    "ALTER TABLE notes ENABLE ROW LEVEL SECURITY;\n"
    "CREATE POLICY own ON notes TO authenticated USING (owner = current_setting("
    "'request.jwt.claims', true)::json ->> 'sub');\n"
    "CREATE TABLE hidden (id int PRIMARY KEY); INSERT INTO hidden VALUES (7);\n"
    "REVOKE ALL ON hidden FROM PUBLIC;\n"
    "CREATE TABLE seen (id int PRIMARY KEY, way text);\n"
    "INSERT INTO seen VALUES (1, 'GET'), (2, '/seen'), (3, 'red'), (4, 'big'), (5, 'anon'),\n"
    "    (6, 'authenticated');\n"
    "GRANT SELECT ON seen TO anon, authenticated;\n"
    "ALTER TABLE seen ENABLE ROW LEVEL SECURITY;\n"
    "CREATE POLICY a ON seen USING (way = current_setting('request.method', true));\n"
    "CREATE POLICY b ON seen USING (way = current_setting('request.path', true));\n"
    "CREATE POLICY c ON seen USING (way = current_setting('request.headers', true)::json ->> "
    "'x-team');\n"
    "CREATE POLICY d ON seen USING (way = current_setting('request.cookies', true)::json ->> "
    "'size');\n"
    "CREATE POLICY e ON seen USING (way = current_user);\n"
    "CREATE TABLE visits (id int PRIMARY KEY, team text DEFAULT current_setting('request.headers', "
    "true)::json ->> 'x-team');\n"
    "GRANT SELECT, INSERT ON visits TO authenticated;\n"
    "CREATE FUNCTION mine() RETURNS SETOF notes LANGUAGE sql STABLE AS 'SELECT * FROM notes';\n"
    "CREATE FUNCTION many() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM notes';\n"
    "CREATE FUNCTION theirs() RETURNS SETOF notes LANGUAGE sql STABLE SECURITY DEFINER AS "
    "'SELECT * FROM notes';\n"
    "CREATE FUNCTION peek() RETURNS SETOF hidden LANGUAGE sql STABLE AS 'SELECT * FROM hidden';\n"
    "CREATE FUNCTION peek_above() RETURNS SETOF hidden LANGUAGE sql STABLE SECURITY DEFINER AS "
    "'SELECT * FROM hidden';\n"
    "CREATE FUNCTION shut() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';\n"
    "REVOKE EXECUTE ON FUNCTION shut() FROM PUBLIC;\n"
    "CREATE FUNCTION clear() RETURNS SETOF notes LANGUAGE sql AS 'DELETE FROM notes RETURNING *';\n"
    "CREATE FUNCTION add_above(id int, owner text) RETURNS void LANGUAGE sql SECURITY DEFINER AS "
    "'INSERT INTO notes VALUES (id, owner, null)';\n";

static struct door door;
static struct caller ann = {
    .role = {"authenticated", 13},
    .claims_json = {"{\"role\":\"authenticated\",\"sub\":\"ann\"}", 36},
};
static struct caller anon = {.is_anonymous = true, .role = {"anon", 4}};

static const struct door_case of_ann[] = {
    {"GET /notes?select=id&order=id", "200\n\n[{\"id\":1}, \n {\"id\":3}]"},
    {"GET /rpc/mine?select=id&order=id", "200\n\n[{\"id\":1}, \n {\"id\":3}]"},
    {"GET /rpc/mine?id=eq.2", "200\n\n[]"},
    {"GET /rpc/many", "200\n\n2"},
    {"GET /rpc/theirs?select=id&order=id", "200\n\n[{\"id\":1}, \n {\"id\":2}, \n {\"id\":3}]"},
    {"GET /rpc/peek",
     "403\n\n{\"code\":\"42501\",\"details\":null,\"hint\":null,\"message\":\"permission denied for "
     "table hidden\"}"},
    {"GET /rpc/peek_above", "200\n\n[{\"id\":7}]"},
    {"GET /rpc/shut",
     "403\n\n{\"code\":\"42501\",\"details\":null,\"hint\":null,\"message\":\"permission denied for "
     "function shut\"}"},
    {"POST /rpc/add_above\n\n{\"id\":9,\"owner\":\"bob\"}", "204\n\n"},
    {"POST /rpc/clear?select=id&order=id\n\n{}", "200\n\n[{\"id\":1}, \n {\"id\":3}]"},
    {"GET /rpc/theirs?select=id&order=id", "200\n\n[{\"id\":2}, \n {\"id\":9}]"},
    {"GET /seen?select=way&order=id", "200\n\n[{\"way\":\"GET\"}, \n {\"way\":\"/seen\"}, \n "
                                      "{\"way\":\"authenticated\"}]"},
    {"GET /seen?select=way&order=id\nX-Team: red\nCookie: size=big",
     "200\n\n[{\"way\":\"GET\"}, \n {\"way\":\"/seen\"}, \n {\"way\":\"red\"}, \n "
     "{\"way\":\"big\"}, \n {\"way\":\"authenticated\"}]"},
    {"POST /visits\nX-Team: red\nPrefer: return=representation\n\n{\"id\":1}",
     "201\n\n[{\"id\":1,\"team\":\"red\"}]"},
};

static const struct door_case of_anon[] = {
    {"GET /notes", "401\n\n{\"code\":\"42501\",\"details\":null,\"hint\":null,\"message\":"
                   "\"permission denied for table notes\"}"},
    {"GET /rpc/mine", "401\n\n{\"code\":\"42501\",..."},
    {"GET /rpc/theirs?select=id&limit=1", "200\n\n..."},
    {"GET /seen?select=way&order=id",
     "200\n\n[{\"way\":\"GET\"}, \n {\"way\":\"/seen\"}, \n {\"way\":\"anon\"}]"},
};

static void
functions_and_policies_run_as_who_asks(void **state)
{
    (void)state;
    door_open_with(&door, migration);
    door.caller = &ann;
    door_expect_all(&door, of_ann, COUNTOF(of_ann));
    door.caller = &anon;
    door_expect_all(&door, of_anon, COUNTOF(of_anon));
    door_close(&door);
}

/* The plans of one role must not serve another. */
static void
a_shape_belongs_to_its_role(void **state)
{
    (void)state;
    door_open_with(&door, migration);
    for (int i = 0; i < 3; i++) {
        door.caller = &ann;
        door_expect(&door, "GET /seen?select=id&way=eq.anon", "200\n\n[]");
        door.caller = &anon;
        door_expect(&door, "GET /seen?select=id&way=eq.anon", "200\n\n[{\"id\":5}]");
        door.caller = &ann;
        door_expect(&door, "GET /notes?select=id&id=eq.1", "200\n\n[{\"id\":1}]");
        door.caller = &anon;
        door_expect(&door, "GET /notes?select=id&id=eq.1", "401\n\n...");
    }
    door_close(&door);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_and_policies_run_as_who_asks),
        cmocka_unit_test(a_shape_belongs_to_its_role),
    };
    int failed;

    if (!door_begin(argc, argv))
        return 77;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    door_end();
    return failed;
}
