/* SPDX-License-Identifier: Apache-2.0 */
/* Operators on each type: point 3 of the contract. */
#include "door.h"

static struct door door;

static const char tables[] =
    "CREATE TABLE j (id int PRIMARY KEY, b jsonb, u uuid, v varchar(3), n numeric(5,1), t "
    "text, r real, e boolean); "
    "INSERT INTO j VALUES (1,'10','a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11','ab',1.5,'Ab%c',1.1,"
    "true),(2,'9','b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11','cd',10,'abc',2.5,false),(3,'\"a\"',"
    "NULL,NULL,NULL,NULL,NULL,NULL),(4,'{\"a\":10,\"bb\":1}',NULL,'ab',2.0,'x_y',NULL,NULL),"
    "(5,'{\"a\":9}',NULL,'zz',-3,'A*c',NULL,NULL),(6,'[]',NULL,'c','0','a\\b',NULL,NULL),(7,"
    "'[1,2]',NULL,'','0','',NULL,NULL),(8,'null',NULL,'','0','',NULL,NULL),(9,'true',NULL,'',"
    "'0','',NULL,NULL),(10,'false',NULL,'','0','',NULL,NULL),(11,NULL,NULL,'','0','',NULL,"
    "NULL),(12,'{\"a\":10.0,\"bb\":1}',NULL,'','0','',NULL,NULL),(13,'[1,10]',NULL,'','0','',"
    "NULL,NULL); ";

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

static const struct door_case jsonb_has_the_order_of_postgresql_cases[] = {
    {"GET /j?select=id,b&order=b,id",
     "200\nContent-Range: 0-12/*\n\n[{\"id\":6,\"b\":[]}, \n {\"id\":8,\"b\":null}, \n "
     "{\"id\":3,\"b\":\"a\"}, \n {\"id\":2,\"b\":9}, \n {\"id\":1,\"b\":10}, \n {\"id\":10,"
     "\"b\":false}, \n {\"id\":9,\"b\":true}, \n {\"id\":7,\"b\":[1, 2]}, \n {\"id\":13,"
     "\"b\":[1, 10]}, \n {\"id\":5,\"b\":{\"a\": 9}}, \n {\"id\":4,\"b\":{\"a\": 10, \"bb\": "
     "1}}, \n {\"id\":12,\"b\":{\"a\": 10.0, \"bb\": 1}}, \n {\"id\":11,\"b\":null}]"},
    {"GET /j?select=id,b&order=b.desc,id",
     "200\nContent-Range: 0-12/*\n\n[{\"id\":11,\"b\":null}, \n {\"id\":4,\"b\":{\"a\": 10, "
     "\"bb\": 1}}, \n {\"id\":12,\"b\":{\"a\": 10.0, \"bb\": 1}}, \n {\"id\":5,\"b\":{\"a\": "
     "9}}, \n {\"id\":13,\"b\":[1, 10]}, \n {\"id\":7,\"b\":[1, 2]}, \n {\"id\":9,\"b\":true},"
     " \n {\"id\":10,\"b\":false}, \n {\"id\":1,\"b\":10}, \n {\"id\":2,\"b\":9}, \n "
     "{\"id\":3,\"b\":\"a\"}, \n {\"id\":8,\"b\":null}, \n {\"id\":6,\"b\":[]}]"},
    {"GET /j?select=id&order=b->a,id&limit=4",
     "200\nContent-Range: 0-3/*\n\n[{\"id\":5}, \n {\"id\":4}, \n {\"id\":12}, \n {\"id\":1}]"},
    {"GET /j?select=id&b=gt.9&order=id",
     "200\nContent-Range: 0-7/*\n\n[{\"id\":1}, \n {\"id\":4}, \n {\"id\":5}, \n {\"id\":7}, "
     "\n {\"id\":9}, \n {\"id\":10}, \n {\"id\":12}, \n {\"id\":13}]"},
    {"GET /j?select=id&b=eq.10.0", "200\nContent-Range: 0-0/*\n\n[{\"id\":1}]"},
    {"GET /j?select=id&b->a=gt.9.5&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":4}, \n {\"id\":12}]"},
    {"GET /j?select=id&b->a=eq.10&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":4}, \n {\"id\":12}]"},
    {"GET /j?select=id&b=eq.{\"bb\":1,\"a\":10}&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":4}, \n {\"id\":12}]"},
    {"GET /j?select=id&b=in.(10,9)&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":1}, \n {\"id\":2}]"},
    {"GET /j?select=id&b->a=in.(10,11)&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":4}, \n {\"id\":12}]"},
    {"GET /j?select=id&b=neq.10&order=id",
     "200\nContent-Range: 0-10/*\n\n[{\"id\":2}, \n {\"id\":3}, \n {\"id\":4}, \n {\"id\":5}, "
     "\n {\"id\":6}, \n {\"id\":7}, \n {\"id\":8}, \n {\"id\":9}, \n {\"id\":10}, \n "
     "{\"id\":12}, \n {\"id\":13}]"},
    {"GET /j?select=id&b=isdistinct.10&order=id&limit=3",
     "200\nContent-Range: 0-2/*\n\n[{\"id\":2}, \n {\"id\":3}, \n {\"id\":4}]"},
    {"GET /j?select=b,count()&order=b&limit=3",
     "200\nContent-Range: 0-2/*\n\n[{\"b\":[],\"count\":1}, \n {\"b\":null,\"count\":1}, \n "
     "{\"b\":\"a\",\"count\":1}]"},
    {"GET /j?select=id&b=eq(any).{10,9}&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":1}, \n {\"id\":2}]"},
    {"GET /j?select=id&b->>a=eq.10&order=id", "200\nContent-Range: 0-0/*\n\n[{\"id\":4}]"},
};

static void
jsonb_has_the_order_of_postgresql(void **state)
{
    door_expect_all(&door, jsonb_has_the_order_of_postgresql_cases,
                    COUNTOF(jsonb_has_the_order_of_postgresql_cases));
}

static const struct door_case each_operator_answers_alike_cases[] = {
    {"GET /j?select=id&v=eq.toolong", "200\nContent-Range: */*\n\n[]"},
    {"GET /j?select=id&v=in.(ab,toolong)&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":1}, \n {\"id\":4}]"},
    {"GET /j?select=id&n=eq.1.55", "200\nContent-Range: */*\n\n[]"},
    {"GET /j?select=id&n=gt.123456.75", "200\nContent-Range: */*\n\n[]"},
    {"GET /j?select=id&n=in.(1.5,10.0)&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":1}, \n {\"id\":2}]"},
    {"GET /j?select=id&t=like.A*&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":1}, \n {\"id\":5}]"},
    {"GET /j?select=id&t=like.%25b\\%25c&order=id", "200\nContent-Range: 0-0/*\n\n[{\"id\":1}]"},
    {"GET /j?select=id&t=ilike.a*&order=id",
     "200\nContent-Range: 0-3/*\n\n[{\"id\":1}, \n {\"id\":2}, \n {\"id\":5}, \n {\"id\":6}]"},
    {"GET /j?select=id&t=not.ilike.a*&order=id",
     "200\nContent-Range: 0-7/*\n\n[{\"id\":4}, \n {\"id\":7}, \n {\"id\":8}, \n {\"id\":9}, "
     "\n {\"id\":10}, \n {\"id\":11}, \n {\"id\":12}, \n {\"id\":13}]"},
    {"GET /j?select=id&t=like(any).{A*,x*}&order=id",
     "200\nContent-Range: 0-2/*\n\n[{\"id\":1}, \n {\"id\":4}, \n {\"id\":5}]"},
    {"GET /j?select=id&t=like(all).{A*,*c}&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":1}, \n {\"id\":5}]"},
    {"GET /j?select=id&t=match.^A.*c$&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":1}, \n {\"id\":5}]"},
    {"GET /j?select=id&t=imatch.^a.*c$&order=id",
     "200\nContent-Range: 0-2/*\n\n[{\"id\":1}, \n {\"id\":2}, \n {\"id\":5}]"},
    {"GET /j?select=id&t=match(any).{^x,^A}&order=id",
     "200\nContent-Range: 0-2/*\n\n[{\"id\":1}, \n {\"id\":4}, \n {\"id\":5}]"},
    {"GET /j?select=id&t=match.(&order=id",
     "400\n\n{\"code\":\"2201B\",\"details\":null,\"hint\":null,\"message\":\"invalid regular "
     "expression: parentheses () not balanced\"}"},
    {"GET /j?select=id&e=is.true", "200\nContent-Range: 0-0/*\n\n[{\"id\":1}]"},
    {"GET /j?select=id&e=is.TRUE", "200\nContent-Range: 0-0/*\n\n[{\"id\":1}]"},
    {"GET /j?select=id&e=is.not_null&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":1}, \n {\"id\":2}]"},
    {"GET /j?select=id&e=is.NULL&order=id&limit=2",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":3}, \n {\"id\":4}]"},
    {"GET /j?select=id&e=is.unknown&order=id&limit=2",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":3}, \n {\"id\":4}]"},
    {"GET /j?select=id&e=not.is.unknown&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":1}, \n {\"id\":2}]"},
    {"GET /j?select=id&e=is.nil",
     "400\n\n{\"code\":\"PGRST100\",\"details\":\"unexpected \\\"n\\\" expecting isVal: (null,"
     " not_null, true, false, unknown)\",\"hint\":null,\"message\":\"\\\"failed to parse "
     "filter (is.nil)\\\" (line 1, column 4)\"}"},
    {"GET /j?select=id&e=not.is.false&order=id&limit=2",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":1}, \n {\"id\":3}]"},
    {"GET /j?select=id&u=eq.A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
     "200\nContent-Range: 0-0/*\n\n[{\"id\":1}]"},
    {"GET /j?select=id&u=isdistinct.a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11&order=id&limit=2",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":2}, \n {\"id\":3}]"},
    {"GET /j?select=id&u=gt.a1&order=id",
     "400\n\n{\"code\":\"22P02\",\"details\":null,\"hint\":null,\"message\":\"invalid input "
     "syntax for type uuid: \\\"a1\\\"\"}"},
    {"GET /j?select=id&r=eq.1.1", "200\nContent-Range: 0-0/*\n\n[{\"id\":1}]"},
    {"GET /j?select=id&r=gte.1.1&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":1}, \n {\"id\":2}]"},
    {"GET /j?select=id&id=eq(any).{1,2}&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":1}, \n {\"id\":2}]"},
    {"GET /j?select=id&id=gt(all).{10,11}&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":12}, \n {\"id\":13}]"},
    {"GET /j?select=id&id=neq(any).{1}",
     "400\n\n{\"code\":\"PGRST100\",\"details\":\"unexpected \\\"n\\\" expecting \\\"not\\\" "
     "or operator (eq, gt, ...)\",\"hint\":null,\"message\":\"\\\"failed to parse filter "
     "(neq(any).{1})\\\" (line 1, column 1)\"}"},
    {"GET /j?select=id&id=eq(some).{1}",
     "400\n\n{\"code\":\"PGRST100\",\"details\":\"unexpected \\\"e\\\" expecting \\\"not\\\" "
     "or operator (eq, gt, ...)\",\"hint\":null,\"message\":\"\\\"failed to parse filter "
     "(eq(some).{1})\\\" (line 1, column 1)\"}"},
    {"GET /j?select=id&id=gt(any).{1,null}&order=id&limit=1",
     "200\nContent-Range: 0-0/*\n\n[{\"id\":2}]"},
    {"GET /j?select=id&id=not.in.(1,2,3,4,5,6,7,8,9)&order=id",
     "200\nContent-Range: 0-3/*\n\n[{\"id\":10}, \n {\"id\":11}, \n {\"id\":12}, \n "
     "{\"id\":13}]"},
    {"GET /j?select=id&e=like.a",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No operator matches the given "
     "name and argument types. You might need to add explicit type casts.\","
     "\"message\":\"operator does not exist: boolean ~~ unknown\"}"},
    {"GET /j?select=id&e=cs.a",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No operator matches the given "
     "name and argument types. You might need to add explicit type casts.\","
     "\"message\":\"operator does not exist: boolean @> unknown\"}"},
    {"GET /j?select=id&u=ov.a",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No operator matches the given "
     "name and argument types. You might need to add explicit type casts.\","
     "\"message\":\"operator does not exist: uuid && unknown\"}"},
    {"GET /j?select=id&t=sl.a",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No operator matches the given "
     "name and argument types. You might need to add explicit type casts.\","
     "\"message\":\"operator does not exist: text << unknown\"}"},
    {"GET /j?select=id&t=nxr.a",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No operator matches the given "
     "name and argument types. You might need to add explicit type casts.\","
     "\"message\":\"operator does not exist: text &< unknown\"}"},
    {"GET /j?select=id&b=like.a",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No operator matches the given "
     "name and argument types. You might need to add explicit type casts.\","
     "\"message\":\"operator does not exist: jsonb ~~ unknown\"}"},
};

static void
each_operator_answers_alike(void **state)
{
    door_expect_all(&door, each_operator_answers_alike_cases,
                    COUNTOF(each_operator_answers_alike_cases));
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jsonb_has_the_order_of_postgresql),
        cmocka_unit_test(each_operator_answers_alike),
    };
    int failed;

    if (!door_begin(argc, argv))
        return 77;
    failed = cmocka_run_group_tests(tests, open_tables, close_tables);
    door_end();
    return failed;
}
