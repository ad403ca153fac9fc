/* SPDX-License-Identifier: Apache-2.0 */
/* What the rules of a role make of a request's statements, for the embedded engine. */
#include "sample.h"
#include "unit.h"

static const char migration[] =
    "CREATE TABLE clubs (id int PRIMARY KEY, name text, fee numeric);\n"
    "GRANT SELECT (id, name), UPDATE (name) ON clubs TO authenticated;\n"
    "CREATE TABLE members (id int PRIMARY KEY, club_id int REFERENCES clubs, owner text, age int DEFAULT 7,\n"
    "    twice int GENERATED ALWAYS AS (age * 2) STORED);\n"
    "GRANT ALL ON members TO authenticated, service_role;\n"
    "ALTER TABLE members ENABLE ROW LEVEL SECURITY;\n"
    "CREATE POLICY own ON members TO authenticated USING (owner = current_user);\n"
    "CREATE POLICY old ON members AS RESTRICTIVE FOR UPDATE TO authenticated USING (age > 1)\n"
    "    WITH CHECK (twice > 3);\n"
    "CREATE TABLE badges (member_id int REFERENCES members, club_id int REFERENCES clubs,\n"
    "    PRIMARY KEY (member_id, club_id));\n"
    "GRANT SELECT ON badges TO authenticated;\n"
    "ALTER TABLE badges ENABLE ROW LEVEL SECURITY;\n"
    "CREATE TABLE shut (id int PRIMARY KEY REFERENCES clubs);\n"
    "REVOKE ALL ON shut FROM PUBLIC;\n"
    "CREATE VIEW asked WITH (security_invoker) AS SELECT id, owner FROM members;\n"
    "GRANT SELECT ON asked TO authenticated;\n";

struct access_case {
    const char *role;
    enum plan_action action;
    const char *table, *query, *prefer, *body;
    const char *sql; /* NULL: denied, with what follows */
    const char *message;
};

static const struct access_case cases[] = {
    {"authenticated", PLAN_READ, "clubs", "select=id,name", "", "",
     "SELECT t0.\"id\", t0.\"name\" FROM \"clubs\" AS t0 LIMIT 1000", NULL},
    {"authenticated", PLAN_READ, "clubs", "select=id&fee=gt.1", "", "", NULL,
     "permission denied for table clubs"},
    {"authenticated", PLAN_READ, "clubs", "select=id&order=fee", "", "", NULL,
     "permission denied for table clubs"},
    {"authenticated", PLAN_READ, "clubs", "", "", "", NULL, "permission denied for table clubs"},
    {"authenticated", PLAN_READ, "clubs", "select=count", "", "",
     "SELECT count(*) FROM \"clubs\" AS t0 LIMIT 1000", NULL},
    {"authenticated", PLAN_READ, "clubs", "select=id,members!members_club_id_fkey(id)", "", "",
     "SELECT t0.\"id\", (SELECT cairn_json_rows('nid',c1) FROM (SELECT "
     "t1.\"id\" AS c1 FROM \"members\" AS t1 WHERE t1.\"club_id\" = "
     "t0.\"id\" AND ((t1.\"owner\" COLLATE BINARY = cairn_role())) LIMIT 1000)) FROM "
     "\"clubs\" AS t0 LIMIT 1000",
     NULL},
    {"authenticated", PLAN_READ, "clubs", "select=id,members!members_club_id_fkey!inner()", "", "",
     "SELECT t0.\"id\" FROM \"clubs\" AS t0 WHERE EXISTS (SELECT 1 FROM \"members\" AS t1 "
     "WHERE t1.\"club_id\" = t0.\"id\" AND ((t1.\"owner\" COLLATE BINARY = cairn_role()))) "
     "LIMIT 1000",
     NULL},
    {"authenticated", PLAN_READ, "clubs", "select=id,shut(id)", "", "", NULL,
     "permission denied for table shut"},
    {"authenticated", PLAN_READ, "members", "select=id", "", "",
     "SELECT t0.\"id\" FROM \"members\" AS t0 WHERE ((t0.\"owner\" COLLATE BINARY = "
     "cairn_role())) LIMIT 1000",
     NULL},
    {"authenticated", PLAN_READ, "members", "select=id&owner=like.a*", "", "",
     "SELECT t0.\"id\" FROM \"members\" AS t0 WHERE ((t0.\"owner\" COLLATE BINARY = "
     "cairn_role())) AND CASE WHEN ((t0.\"owner\" COLLATE BINARY = cairn_role())) THEN "
     "cairn_like(t0.\"owner\",?1,0) END LIMIT 1000",
     NULL},
    {"authenticated", PLAN_READ, "members", "select=id,clubs!members_club_id_fkey(fee)", "", "",
     NULL, "permission denied for table clubs"},
    {"authenticated", PLAN_READ, "members",
     "select=id,clubs!members_club_id_fkey()&order=clubs(fee)", "", "", NULL,
     "permission denied for table clubs"},
    {"authenticated", PLAN_READ, "badges", "select=member_id", "", "",
     "SELECT t0.\"member_id\" FROM \"badges\" AS t0 WHERE (0) LIMIT 1000", NULL},
    {"authenticated", PLAN_READ, "asked", "select=id", "", "",
     "SELECT t0.\"id\" FROM (SELECT \"members\".\"id\" AS \"id\", \"members\".\"owner\" AS "
     "\"owner\" FROM (SELECT * FROM main.\"members\" AS \"p\" WHERE ((\"p\".\"owner\" COLLATE "
     "BINARY = cairn_role()))) AS \"members\") AS t0 LIMIT 1000",
     NULL},
    {"authenticated", PLAN_READ, "asked", "select=id&owner=like.a*", "", "",
     "SELECT t0.\"id\" FROM (SELECT * FROM (SELECT \"members\".\"id\" AS \"id\", "
     "\"members\".\"owner\" AS \"owner\" FROM (SELECT * FROM main.\"members\" AS \"p\" WHERE "
     "((\"p\".\"owner\" COLLATE BINARY = cairn_role()))) AS \"members\") AS v LIMIT -1) AS "
     "t0 WHERE cairn_like(t0.\"owner\",?1,0) LIMIT 1000",
     NULL},
    {"authenticated", PLAN_READ, "shut", "select=id", "", "", NULL,
     "permission denied for table shut"},
    {"service_role", PLAN_READ, "members", "select=id", "", "",
     "SELECT t0.\"id\" FROM \"members\" AS t0 LIMIT 1000", NULL},
    {"anon", PLAN_READ, "members", "select=id", "", "", NULL,
     "permission denied for table members"},
    {"authenticated", PLAN_UPDATE, "members", "", "", "{\"owner\":\"x\"}",
     "UPDATE \"members\" SET \"owner\" = CASE WHEN (SELECT CASE WHEN ((n.\"owner\" COLLATE "
     "BINARY = cairn_role())) IS NOT TRUE THEN cairn_raise('42501','new row violates "
     "row-level security policy for table \"members\"',NULL) WHEN ((n.\"twice\" > 3)) IS "
     "NOT TRUE THEN cairn_raise('42501','new row violates row-level security policy "
     "\"old\" for table \"members\"',NULL) WHEN n.\"id\" IS NULL THEN "
     "cairn_raise('23502','null value in column \"id\" of relation \"members\" violates "
     "not-null constraint',NULL) END FROM (SELECT *, (cairn_int_mul(\"age\", 2, 4)) AS "
     "\"twice\" FROM (SELECT \"members\".\"id\" AS \"id\", \"members\".\"club_id\" AS \"club_id\", "
     "?1 AS \"owner\", \"members\".\"age\" AS \"age\")) AS n) IS NULL THEN ?2 END WHERE "
     "((\"members\".\"owner\" COLLATE BINARY = cairn_role())) AND ((\"members\".\"age\" > 1))",
     NULL},
    {"authenticated", PLAN_UPDATE, "members", "id=eq.1", "", "{\"age\":2}",
     "UPDATE \"members\" SET \"age\" = CASE WHEN (SELECT CASE WHEN ((n.\"owner\" COLLATE "
     "BINARY = cairn_role())) IS NOT TRUE THEN cairn_raise('42501','new row violates "
     "row-level security policy for table \"members\"',NULL) WHEN ((n.\"twice\" > 3)) IS "
     "NOT TRUE THEN cairn_raise('42501','new row violates row-level security policy "
     "\"old\" for table \"members\"',NULL) WHEN n.\"id\" IS NULL THEN "
     "cairn_raise('23502','null value in column \"id\" of relation \"members\" violates "
     "not-null constraint',NULL) END FROM (SELECT *, (cairn_int_mul(\"age\", 2, 4)) AS "
     "\"twice\" FROM (SELECT \"members\".\"id\" AS \"id\", \"members\".\"club_id\" AS \"club_id\", "
     "\"members\".\"owner\" AS \"owner\", ?1 AS \"age\")) AS n) IS NULL THEN ?2 END WHERE "
     "((\"members\".\"owner\" COLLATE BINARY = cairn_role())) AND ((\"members\".\"age\" > 1)) "
     "AND \"members\".\"id\" = ?3",
     NULL},
    {"authenticated", PLAN_UPDATE, "clubs", "id=eq.1", "", "{\"name\":\"x\"}",
     "UPDATE \"clubs\" SET \"name\" = ?1 WHERE \"clubs\".\"id\" = ?2", NULL},
    {"authenticated", PLAN_UPDATE, "clubs", "id=eq.1", "", "{\"fee\":\"1\"}", NULL,
     "permission denied for table clubs"},
    {"authenticated", PLAN_UPDATE, "clubs", "fee=eq.1", "", "{\"name\":\"x\"}", NULL,
     "permission denied for table clubs"},
    {"authenticated", PLAN_UPDATE, "clubs", "id=eq.1", "return=representation", "{\"name\":\"x\"}",
     NULL, "permission denied for table clubs"},
    {"authenticated", PLAN_DELETE, "members", "", "", "",
     "DELETE FROM \"members\" WHERE ((\"members\".\"owner\" COLLATE BINARY = cairn_role()))", NULL},
    {"authenticated", PLAN_DELETE, "members", "id=eq.1", "", "",
     "DELETE FROM \"members\" WHERE ((\"members\".\"owner\" COLLATE BINARY = cairn_role())) "
     "AND \"members\".\"id\" = ?1",
     NULL},
    {"authenticated", PLAN_DELETE, "clubs", "", "", "", NULL, "permission denied for table clubs"},
    {"authenticated", PLAN_INSERT, "members", "", "", "{\"id\":1}",
     "WITH \"cairn new\" AS MATERIALIZED (SELECT ?1 AS \"id\", NULL AS \"club_id\", NULL AS "
     "\"owner\", (7) AS \"age\") INSERT INTO \"members\" (\"id\", \"age\") SELECT CASE WHEN "
     "((n.\"owner\" COLLATE BINARY = cairn_role())) IS NOT TRUE THEN "
     "cairn_raise('42501','new row violates row-level security policy for table "
     "\"members\"',NULL) WHEN n.\"id\" IS NULL THEN cairn_raise('23502','null value in "
     "column \"id\" of relation \"members\" violates not-null constraint',NULL) ELSE "
     "n.\"id\" END, n.\"age\" FROM (SELECT *, (cairn_int_mul(\"age\", 2, 4)) AS \"twice\" "
     "FROM \"cairn new\") AS n WHERE 1",
     NULL},
    {"authenticated", PLAN_INSERT, "members", "", "return=representation", "{\"id\":1}",
     "WITH \"cairn new\" AS MATERIALIZED (SELECT ?1 AS \"id\", NULL AS \"club_id\", NULL AS "
     "\"owner\", (7) AS \"age\") INSERT INTO \"members\" (\"id\", \"age\") SELECT CASE WHEN "
     "((n.\"owner\" COLLATE BINARY = cairn_role())) IS NOT TRUE THEN "
     "cairn_raise('42501','new row violates row-level security policy for table "
     "\"members\"',NULL) WHEN n.\"id\" IS NULL THEN cairn_raise('23502','null value in "
     "column \"id\" of relation \"members\" violates not-null constraint',NULL) ELSE "
     "n.\"id\" END, n.\"age\" FROM (SELECT *, (cairn_int_mul(\"age\", 2, 4)) AS \"twice\" "
     "FROM \"cairn new\") AS n WHERE 1 RETURNING \"members\".\"id\", \"members\".\"club_id\", "
     "\"members\".\"owner\", \"members\".\"age\", \"members\".\"twice\"",
     NULL},
    {"authenticated", PLAN_INSERT, "members", "", "resolution=merge-duplicates",
     "{\"id\":1,\"owner\":\"x\"}",
     "WITH \"cairn new\" AS MATERIALIZED (SELECT ?1 AS \"id\", NULL AS \"club_id\", ?2 AS "
     "\"owner\", (7) AS \"age\") INSERT INTO \"members\" (\"id\", \"owner\", \"age\") SELECT CASE "
     "WHEN ((n.\"owner\" COLLATE BINARY = cairn_role())) IS NOT TRUE THEN "
     "cairn_raise('42501','new row violates row-level security policy for table "
     "\"members\"',NULL) WHEN n.\"id\" IS NULL THEN cairn_raise('23502','null value in "
     "column \"id\" of relation \"members\" violates not-null constraint',NULL) ELSE "
     "n.\"id\" END, n.\"owner\", n.\"age\" FROM (SELECT *, (cairn_int_mul(\"age\", 2, 4)) AS "
     "\"twice\" FROM \"cairn new\") AS n WHERE 1 ON CONFLICT (\"id\") DO UPDATE SET \"id\" = "
     "CASE WHEN ((\"members\".\"owner\" COLLATE BINARY = cairn_role())) IS NOT TRUE THEN "
     "cairn_raise('42501','new row violates row-level security policy (USING "
     "expression) for table \"members\"',NULL) WHEN ((\"members\".\"age\" > 1)) IS NOT TRUE "
     "THEN cairn_raise('42501','new row violates row-level security policy \"old\" "
     "(USING expression) for table \"members\"',NULL) WHEN (SELECT CASE WHEN "
     "((n.\"owner\" COLLATE BINARY = cairn_role())) IS NOT TRUE THEN "
     "cairn_raise('42501','new row violates row-level security policy for table "
     "\"members\"',NULL) WHEN ((n.\"twice\" > 3)) IS NOT TRUE THEN "
     "cairn_raise('42501','new row violates row-level security policy \"old\" for table "
     "\"members\"',NULL) WHEN n.\"id\" IS NULL THEN cairn_raise('23502','null value in "
     "column \"id\" of relation \"members\" violates not-null constraint',NULL) END FROM "
     "(SELECT *, (cairn_int_mul(\"age\", 2, 4)) AS \"twice\" FROM (SELECT excluded.\"id\" "
     "AS \"id\", \"members\".\"club_id\" AS \"club_id\", excluded.\"owner\" AS \"owner\", "
     "\"members\".\"age\" AS \"age\")) AS n) IS NULL THEN excluded.\"id\" END, \"owner\" = "
     "excluded.\"owner\"",
     NULL},
    {"authenticated", PLAN_INSERT, "badges", "", "", "{\"member_id\":1,\"club_id\":1}", NULL,
     "permission denied for table badges"},
    {"authenticated", PLAN_INSERT, "shut", "", "", "{\"id\":1}", NULL,
     "permission denied for table shut"},
    {"service_role", PLAN_INSERT, "members", "", "", "{\"id\":1}",
     "INSERT INTO \"members\" (\"id\") VALUES (?1)", NULL},
    {"authenticated", PLAN_READ, "members", "select=id,clubs!badges(name)", "", "",
     "SELECT t0.\"id\", (SELECT cairn_json_rows('sname',c1) FROM (SELECT "
     "t1.\"name\" AS c1 FROM \"clubs\" AS t1, \"badges\" AS j1 WHERE "
     "j1.\"member_id\" = t0.\"id\" AND j1.\"club_id\" = t1.\"id\" AND (0) LIMIT 1000)) FROM "
     "\"members\" AS t0 WHERE ((t0.\"owner\" COLLATE BINARY = cairn_role())) LIMIT 1000",
     NULL},
};

static void
the_rules_of_a_role_are_part_of_its_statements(void **state)
{
    struct schema *schema = sample_schema_text(migration);

    for (size_t i = 0; i < COUNTOF(cases); i++) {
        const struct access_case *c = &cases[i];
        const struct sample_input input = {
            .table = str_from(c->table),
            .action = c->action,
            .query = str_from(c->query),
            .prefer = str_from(c->prefer),
            .body = str_from(c->body),
            .role = str_from(c->role),
        };
        struct sample_request request;

        if (!sample_make(&request, schema, DB_SQLITE, &input))
            fail_msg("%s %s?%s: %s", c->role, c->table, c->query, request.err.message);
        if (c->sql == NULL) {
            assert_non_null(request.sql.denied);
            assert_string_equal(request.sql.denied->code, "42501");
            assert_string_equal(request.sql.denied->message, c->message);
        } else {
            if (request.sql.denied != NULL)
                fail_msg("%s %s?%s: %s", c->role, c->table, c->query, request.sql.denied->message);
            assert_str(request.sql.main.sql, c->sql);
        }
        sample_fini(&request);
    }
    schema_unref(schema);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rules_of_a_role_are_part_of_its_statements),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
