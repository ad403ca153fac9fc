/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays and what jsonb contains: points 3, 6 and 13 of the contract. */
#include "door.h"

static struct door door;

static const char tables[] =
    "CREATE TYPE mood AS ENUM ('sad','ok','happy'); "
    "CREATE TABLE arr (id int PRIMARY KEY, i int[], t text[] NOT NULL DEFAULT '{}', n "
    "numeric(10,2)[], b boolean[], d timestamptz[], v varchar(3)[] DEFAULT ARRAY['a','b'], m "
    "mood[], jb jsonb, u uuid[], f float8[], i2 int[] DEFAULT ARRAY[1,2]::int[]); "
    "INSERT INTO arr (id,i,t,n,b,d,jb,m,f) VALUES (1,'{1,2,3}','{a,\"b c\",NULL,\"NULL\","
    "\"\"}','{1.5,2}','{t,f,NULL}','{2026-01-02 03:04:05+02}','{\"a\":{\"b\":1},\"c\":[1,2,"
    "{\"x\":1}]}','{sad,happy}','{1.5,NaN,1e300}'), "
    "(2,'{}','{}',NULL,NULL,NULL,'[1,\"foo\",null]',NULL,NULL), "
    "(3,'{{1,2},{3,4}}','{\"q\\\"uote\",\"back\\\\slash\",\"{br}\",\"co,mma\",\" sp \"}',"
    "'{10}','{f}',NULL,'\"foo\"','{ok}',NULL), "
    "(4,NULL,ARRAY['x','y'],'{2.00,1.50}',NULL,NULL,'{\"a\":1.0,\"n\":null}',NULL,NULL); "
    "CREATE TABLE top (id int PRIMARY KEY); INSERT INTO top VALUES (1); "
    "CREATE TABLE low (id int PRIMARY KEY, top_id int REFERENCES top, li int[], j json); "
    "INSERT INTO low VALUES (1,1,'{1}','null'), (2,1,'{2,3}','[null]'), (3,1,NULL,NULL), "
    "(4,1,'{}','{\"a\":null}'); ";

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

static const struct door_case arrays_are_shown_as_json_and_in_csv_as_literals_cases[] = {
    {"GET /top?select=id,low(id,j)&low.order=id\n"
     "Accept: application/vnd.pgrst.array+json;nulls=stripped",
     "200\n\n[{\"id\":1,\"low\":[{\"id\":1}, \n {\"id\":2,\"j\":[null]}, \n {\"id\":3}, \n "
     "{\"id\":4,\"j\":{}}]}]"},
    {"GET /top?select=id,...low(li,low:id)&low.order=id",
     "200\n\n[{\"id\":1,\"li\":[[1], \n [2,3], null, \n []],\"low\":[1, 2, 3, 4]}]"},
    {"GET /arr?select=id,i,t,n,b,d,v,m,f,i2&order=id",
     "200\nContent-Range: 0-3/*\n\n[{\"id\":1,\"i\":[1,2,3],\"t\":[\"a\",\"b c\",null,"
     "\"NULL\",\"\"],\"n\":[1.50,2.00],\"b\":[true,false,null],"
     "\"d\":[\"2026-01-02T01:04:05+00:00\"],\"v\":[\"a\",\"b\"],\"m\":[\"sad\",\"happy\"],"
     "\"f\":[1.5,\"NaN\",1e+300],\"i2\":[1,2]}, \n {\"id\":2,\"i\":[],\"t\":[],\"n\":null,"
     "\"b\":null,\"d\":null,\"v\":[\"a\",\"b\"],\"m\":null,\"f\":null,\"i2\":[1,2]}, \n "
     "{\"id\":3,\"i\":[[1,2],[3,4]],\"t\":[\"q\\\"uote\",\"back\\\\slash\",\"{br}\",\"co,"
     "mma\",\" sp \"],\"n\":[10.00],\"b\":[false],\"d\":null,\"v\":[\"a\",\"b\"],"
     "\"m\":[\"ok\"],\"f\":null,\"i2\":[1,2]}, \n {\"id\":4,\"i\":null,\"t\":[\"x\",\"y\"],"
     "\"n\":[2.00,1.50],\"b\":null,\"d\":null,\"v\":[\"a\",\"b\"],\"m\":null,\"f\":null,"
     "\"i2\":[1,2]}]"},
    {"GET /arr?select=id,i,t,n,b&order=id\nAccept: text/csv",
     "200\nContent-Range: 0-3/*\n\nid,i,t,n,b\n1,\"{1,2,3}\",\"{a,\"\"b c\"\",NULL,"
     "\"\"NULL\"\",\"\"\"\"}\",\"{1.50,2.00}\",\"{t,f,NULL}\"\n2,{},{},,\n3,\"{{1,2},{3,4}}\","
     "\"{\"\"q\\\"\"uote\"\",\"\"back\\\\slash\"\",\"\"{br}\"\",\"\"co,mma\"\",\"\" sp "
     "\"\"}\",{10.00},{f}\n4,,\"{x,y}\",\"{2.00,1.50}\","},
    {"GET /arr?select=i->0,x:i->-1,t->>1,d->0,y:i->0->1&order=id",
     "200\nContent-Range: 0-3/*\n\n[{\"i\":1,\"x\":3,\"t\":\"b c\","
     "\"d\":\"2026-01-02T01:04:05+00:00\",\"y\":null}, \n {\"i\":null,\"x\":null,\"t\":null,"
     "\"d\":null,\"y\":null}, \n {\"i\":[1, 2],\"x\":[3, 4],\"t\":\"back\\\\slash\","
     "\"d\":null,\"y\":2}, \n {\"i\":null,\"x\":null,\"t\":\"y\",\"d\":null,\"y\":null}]"},
    {"GET /arr?select=i::text,t::text&order=id",
     "200\nContent-Range: 0-3/*\n\n[{\"i\":\"{1,2,3}\",\"t\":\"{a,\\\"b c\\\",NULL,"
     "\\\"NULL\\\",\\\"\\\"}\"}, \n {\"i\":\"{}\",\"t\":\"{}\"}, \n {\"i\":\"{{1,2},{3,4}}\","
     "\"t\":\"{\\\"q\\\\\\\"uote\\\",\\\"back\\\\\\\\slash\\\",\\\"{br}\\\",\\\"co,mma\\\","
     "\\\" sp \\\"}\"}, \n {\"i\":null,\"t\":\"{x,y}\"}]"},
};

static void
arrays_are_shown_as_json_and_in_csv_as_literals(void **state)
{
    door_expect_all(&door, arrays_are_shown_as_json_and_in_csv_as_literals_cases,
                    COUNTOF(arrays_are_shown_as_json_and_in_csv_as_literals_cases));
}

static const struct door_case arrays_are_compared_and_searched_cases[] = {
    {"GET /arr?i=cs.{1,2}&select=id", "200\nContent-Range: 0-1/*\n\n[{\"id\":1}, \n {\"id\":3}]"},
    {"GET /arr?i=cs.{3}&select=id&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":1}, \n {\"id\":3}]"},
    {"GET /arr?i=cs.{}&select=id&order=id",
     "200\nContent-Range: 0-2/*\n\n[{\"id\":1}, \n {\"id\":2}, \n {\"id\":3}]"},
    {"GET /arr?i=cs.{NULL}&select=id&order=id", "200\nContent-Range: */*\n\n[]"},
    {"GET /arr?i=cd.{1,2,3,4,5}&select=id&order=id",
     "200\nContent-Range: 0-2/*\n\n[{\"id\":1}, \n {\"id\":2}, \n {\"id\":3}]"},
    {"GET /arr?i=ov.{3,9}&select=id&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":1}, \n {\"id\":3}]"},
    {"GET /arr?i=not.ov.{3,9}&select=id&order=id", "200\nContent-Range: 0-0/*\n\n[{\"id\":2}]"},
    {"GET /arr?t=cs.{\"b c\"}&select=id", "200\nContent-Range: 0-0/*\n\n[{\"id\":1}]"},
    {"GET /arr?t=cs.{a,\"NULL\"}&select=id", "200\nContent-Range: 0-0/*\n\n[{\"id\":1}]"},
    {"GET /arr?t=cd.{x,y,z}&select=id&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":2}, \n {\"id\":4}]"},
    {"GET /arr?n=cs.{1.50}&select=id&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":1}, \n {\"id\":4}]"},
    {"GET /arr?n=ov.{10.0}&select=id", "200\nContent-Range: 0-0/*\n\n[{\"id\":3}]"},
    {"GET /arr?b=cs.{t}&select=id", "200\nContent-Range: 0-0/*\n\n[{\"id\":1}]"},
    {"GET /arr?m=cs.{sad}&select=id", "200\nContent-Range: 0-0/*\n\n[{\"id\":1}]"},
    {"GET /arr?v=cs.{a}&select=id&order=id",
     "200\nContent-Range: 0-3/*\n\n[{\"id\":1}, \n {\"id\":2}, \n {\"id\":3}, \n {\"id\":4}]"},
    {"GET /arr?i=eq.{1,2,3}&select=id", "200\nContent-Range: 0-0/*\n\n[{\"id\":1}]"},
    {"GET /arr?i=eq.{1, 2 ,3}&select=id", "200\nContent-Range: 0-0/*\n\n[{\"id\":1}]"},
    {"GET /arr?i=neq.{1,2,3}&select=id&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":2}, \n {\"id\":3}]"},
    {"GET /arr?n=eq.{1.5,2.0}&select=id", "200\nContent-Range: 0-0/*\n\n[{\"id\":1}]"},
    {"GET /arr?i=gt.{1,2}&select=id&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":1}, \n {\"id\":3}]"},
    {"GET /arr?i=lt.{2}&select=id&order=id",
     "200\nContent-Range: 0-2/*\n\n[{\"id\":1}, \n {\"id\":2}, \n {\"id\":3}]"},
    {"GET /arr?i=isdistinct.{}&select=id&order=id",
     "200\nContent-Range: 0-2/*\n\n[{\"id\":1}, \n {\"id\":3}, \n {\"id\":4}]"},
    {"GET /arr?i=is.null&select=id", "200\nContent-Range: 0-0/*\n\n[{\"id\":4}]"},
    {"GET /arr?i=is.true",
     "400\n\n{\"code\":\"42804\",\"details\":null,\"hint\":null,\"message\":\"argument of IS "
     "TRUE must be type boolean, not type integer[]\"}"},
    {"GET /arr?i=in.(\"{1,2,3}\",\"{}\")&select=id",
     "400\n\n{\"code\":\"42704\",\"details\":null,\"hint\":null,\"message\":\"could not find "
     "array type for data type integer[]\"}"},
    {"GET /arr?i=eq(any).{1}&select=id",
     "400\n\n{\"code\":\"42704\",\"details\":null,\"hint\":null,\"message\":\"could not find "
     "array type for data type integer[]\"}"},
    {"GET /arr?i=like.a",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No operator matches the given "
     "name and argument types. You might need to add explicit type casts.\","
     "\"message\":\"operator does not exist: integer[] ~~ unknown\"}"},
    {"GET /arr?i=cs.{a}",
     "400\n\n{\"code\":\"22P02\",\"details\":null,\"hint\":null,\"message\":\"invalid input "
     "syntax for type integer: \\\"a\\\"\"}"},
    {"GET /arr?i=cs.1",
     "400\n\n{\"code\":\"22P02\",\"details\":\"Array value must start with \\\"{\\\" or "
     "dimension information.\",\"hint\":null,\"message\":\"malformed array literal: "
     "\\\"1\\\"\"}"},
    {"GET /arr?i=cs.{1",
     "400\n\n{\"code\":\"22P02\",\"details\":\"Unexpected end of input.\",\"hint\":null,"
     "\"message\":\"malformed array literal: \\\"{1\\\"\"}"},
    {"GET /arr?i=cs.{1,{2}}",
     "400\n\n{\"code\":\"22P02\",\"details\":\"Unexpected \\\"{\\\" character.\","
     "\"hint\":null,\"message\":\"malformed array literal: \\\"{1,{2}}\\\"\"}"},
    {"GET /arr?i=cs.{{1},{2,3}}",
     "400\n\n{\"code\":\"22P02\",\"details\":\"Multidimensional arrays must have sub-arrays "
     "with matching dimensions.\",\"hint\":null,\"message\":\"malformed array literal: "
     "\\\"{{1},{2,3}}\\\"\"}"},
    {"GET /arr?n=eq.{123456789.1}", "200\nContent-Range: */*\n\n[]"},
    {"GET /arr?v=cs.{toolong}", "200\nContent-Range: */*\n\n[]"},
    {"GET /arr?m=cs.{nope}",
     "400\n\n{\"code\":\"22P02\",\"details\":null,\"hint\":null,\"message\":\"invalid input "
     "value for enum mood: \\\"nope\\\"\"}"},
    {"GET /arr?id=cs.{1}",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No operator matches the given "
     "name and argument types. You might need to add explicit type casts.\","
     "\"message\":\"operator does not exist: integer @> unknown\"}"},
    {"GET /arr?id=ov.{1}",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No operator matches the given "
     "name and argument types. You might need to add explicit type casts.\","
     "\"message\":\"operator does not exist: integer && unknown\"}"},
    {"GET /arr?t=sl.{1}",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No operator matches the given "
     "name and argument types. You might need to add explicit type casts.\","
     "\"message\":\"operator does not exist: text[] << unknown\"}"},
    {"GET /arr?id=sl.1",
     "400\n\n{\"code\":\"42804\",\"details\":null,\"hint\":null,\"message\":\"argument of "
     "WHERE must be type boolean, not type integer\"}"},
    {"GET /arr?id=adj.1",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No operator matches the given "
     "name and argument types. You might need to add explicit type casts.\","
     "\"message\":\"operator does not exist: integer -|- unknown\"}"},
    {"GET /arr?jb=ov.{1}",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No operator matches the given "
     "name and argument types. You might need to add explicit type casts.\","
     "\"message\":\"operator does not exist: jsonb && unknown\"}"},
    {"GET /arr?select=id&order=i,id",
     "200\nContent-Range: 0-3/*\n\n[{\"id\":2}, \n {\"id\":1}, \n {\"id\":3}, \n {\"id\":4}]"},
    {"GET /arr?select=id&order=t.desc,id",
     "200\nContent-Range: 0-3/*\n\n[{\"id\":4}, \n {\"id\":3}, \n {\"id\":1}, \n {\"id\":2}]"},
    {"GET /arr?select=id&order=n.desc,id",
     "200\nContent-Range: 0-3/*\n\n[{\"id\":2}, \n {\"id\":3}, \n {\"id\":4}, \n {\"id\":1}]"},
    {"GET /arr?select=id&or=(i.cs.{1,2},t.cs.{x,y})&order=id",
     "200\nContent-Range: 0-2/*\n\n[{\"id\":1}, \n {\"id\":3}, \n {\"id\":4}]"},
    {"GET /arr?select=id&i->0=eq.1", "200\nContent-Range: 0-0/*\n\n[{\"id\":1}]"},
};

static void
arrays_are_compared_and_searched(void **state)
{
    door_expect_all(&door, arrays_are_compared_and_searched_cases,
                    COUNTOF(arrays_are_compared_and_searched_cases));
}

static const struct door_case jsonb_contains_cases[] = {
    {"GET /arr?jb=cs.{\"a\":{\"b\":1}}&select=id", "200\nContent-Range: 0-0/*\n\n[{\"id\":1}]"},
    {"GET /arr?jb=cs.{\"c\":[{\"x\":1}]}&select=id", "200\nContent-Range: 0-0/*\n\n[{\"id\":1}]"},
    {"GET /arr?jb=cs.{\"c\":[2,1]}&select=id", "200\nContent-Range: 0-0/*\n\n[{\"id\":1}]"},
    {"GET /arr?jb=cs.{}&select=id&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":1}, \n {\"id\":4}]"},
    {"GET /arr?jb=cs.[]&select=id&order=id", "200\nContent-Range: 0-0/*\n\n[{\"id\":2}]"},
    {"GET /arr?jb=cs.[\"foo\"]&select=id", "200\nContent-Range: 0-0/*\n\n[{\"id\":2}]"},
    {"GET /arr?jb=cs.\"foo\"&select=id&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":2}, \n {\"id\":3}]"},
    {"GET /arr?jb=cs.{\"a\":1}&select=id", "200\nContent-Range: 0-0/*\n\n[{\"id\":4}]"},
    {"GET /arr?jb=cs.{\"n\":null}&select=id", "200\nContent-Range: 0-0/*\n\n[{\"id\":4}]"},
    {"GET /arr?jb=cd.{\"a\":1,\"n\":null,\"z\":2}&select=id",
     "200\nContent-Range: 0-0/*\n\n[{\"id\":4}]"},
    {"GET /arr?jb=cd.[\"foo\",\"x\"]&select=id&order=id",
     "200\nContent-Range: 0-0/*\n\n[{\"id\":3}]"},
    {"GET /arr?jb=cs.[null]&select=id", "200\nContent-Range: 0-0/*\n\n[{\"id\":2}]"},
    {"GET /arr?jb=cs.x",
     "400\n\n{\"code\":\"22P02\",\"details\":\"Token \\\"x\\\" is invalid.\",\"hint\":null,"
     "\"message\":\"invalid input syntax for type json\"}"},
    {"GET /arr?jb->c=cs.[1]&select=id", "200\nContent-Range: 0-0/*\n\n[{\"id\":1}]"},
    {"GET /arr?jb->>c=cs.[1]&select=id",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No operator matches the given "
     "name and argument types. You might need to add explicit type casts.\","
     "\"message\":\"operator does not exist: text @> unknown\"}"},
};

static void
jsonb_contains(void **state)
{
    door_expect_all(&door, jsonb_contains_cases, COUNTOF(jsonb_contains_cases));
}

static const struct door_case arrays_are_written_from_json_and_literals_cases[] = {
    {"POST /arr?select=id,i,t,b,v\nPrefer: return=representation\nContent-Type: "
     "application/json\n\n[{\"id\":10,\"i\":[1,null,3],\"t\":[\"a\",\"b \\\"q\\\"\",null,"
     "\"\"],\"b\":[true,null],\"v\":[\"abc\"]},{\"id\":11,\"i\":\"{4,5}\",\"t\":[],\"b\":null,"
     "\"v\":[\"x\"]}]",
     "201\nContent-Range: */*\n\n[{\"id\":10,\"i\":[1,null,3],\"t\":[\"a\",\"b \\\"q\\\"\","
     "null,\"\"],\"b\":[true,null],\"v\":[\"abc\"]}, \n {\"id\":11,\"i\":[4,5],\"t\":[],"
     "\"b\":null,\"v\":[\"x\"]}]"},
    {"POST /arr?select=id,i\nPrefer: return=representation\nContent-Type: "
     "application/json\n\n{\"id\":12,\"i\":[[1,2],[3,4]]}",
     "201\nContent-Range: */*\n\n[{\"id\":12,\"i\":[[1,2],[3,4]]}]"},
    {"POST /arr\nContent-Type: application/json\n\n{\"id\":13,\"i\":[\"x\"]}",
     "400\n\n{\"code\":\"22P02\",\"details\":null,\"hint\":null,\"message\":\"invalid input "
     "syntax for type integer: \\\"x\\\"\"}"},
    {"POST /arr\nContent-Type: application/json\n\n{\"id\":13,\"i\":5}",
     "400\n\n{\"code\":\"22P02\",\"details\":null,\"hint\":\"See the value of key "
     "\\\"i\\\".\",\"message\":\"expected JSON array\"}"},
    {"POST /arr\nContent-Type: application/json\n\n{\"id\":13,\"i\":{\"a\":1}}",
     "400\n\n{\"code\":\"22P02\",\"details\":null,\"hint\":\"See the value of key "
     "\\\"i\\\".\",\"message\":\"expected JSON array\"}"},
    {"POST /arr\nContent-Type: application/json\n\n{\"id\":13,\"i\":[[1],[2,3]]}",
     "400\n\n{\"code\":\"22P02\",\"details\":\"Multidimensional arrays must have sub-arrays "
     "with matching dimensions.\",\"hint\":null,\"message\":\"malformed JSON array\"}"},
    {"POST /arr\nContent-Type: application/json\n\n{\"id\":13,\"i\":[1,[2,3]]}",
     "400\n\n{\"code\":\"22P02\",\"details\":null,\"hint\":null,\"message\":\"invalid input "
     "syntax for type integer: \\\"[2,3]\\\"\"}"},
    {"POST /arr\nContent-Type: application/json\n\n{\"id\":13,\"v\":[\"toolong\"]}",
     "400\n\n{\"code\":\"22001\",\"details\":null,\"hint\":null,\"message\":\"value too long "
     "for type character varying(3)\"}"},
    {"POST /arr\nContent-Type: application/json\n\n{\"id\":13,\"i\":\"{1\"}",
     "400\n\n{\"code\":\"22P02\",\"details\":\"Unexpected end of input.\",\"hint\":null,"
     "\"message\":\"malformed array literal: \\\"{1\\\"\"}"},
    {"POST /arr?select=id,i,t\nPrefer: return=representation\nContent-Type: text/csv\n\nid,i,"
     "t\n14,\"{1,2}\",\"{\"\"a b\"\",c}\"",
     "201\nContent-Range: */*\n\n[{\"id\":14,\"i\":[1,2],\"t\":[\"a b\",\"c\"]}]"},
    {"PATCH /arr?id=eq.14&select=i,t\nPrefer: return=representation\nContent-Type: "
     "application/json\n\n{\"i\":[9],\"t\":[\"z\"]}",
     "200\nContent-Range: 0-0/*\n\n[{\"i\":[9],\"t\":[\"z\"]}]"},
    {"DELETE /arr?id=gte.10&select=id\nPrefer: return=representation",
     "200\nContent-Range: */*\n\n[{\"id\":10}, \n {\"id\":11}, \n {\"id\":12}, \n {\"id\":14}]"},
    {"POST /arr?select=t\nPrefer: return=representation\nContent-Type: "
     "application/json\n\n{\"id\":15,\"t\":[{\"a\": 1},\"x\",1.50,true]}",
     "201\nContent-Range: */*\n\n[{\"t\":[\"{\\\"a\\\": 1}\",\"x\",\"1.50\",\"true\"]}]"},
    {"DELETE /arr?id=eq.15", "204\nContent-Range: */*\n\n"},
};

static void
arrays_are_written_from_json_and_literals(void **state)
{
    door_expect_all(&door, arrays_are_written_from_json_and_literals_cases,
                    COUNTOF(arrays_are_written_from_json_and_literals_cases));
}

static const struct door_case arrays_are_aggregated_cases[] = {
    {"GET /arr?select=i.max(),mi:i.min()",
     "200\nContent-Range: 0-0/*\n\n[{\"max\":[[1,2],[3,4]],\"mi\":[]}]"},
    {"GET /arr?select=n.max(),t.min()",
     "200\nContent-Range: 0-0/*\n\n[{\"max\":[10.00],\"min\":[]}]"},
    {"GET /arr?select=i.count(),n&order=n",
     "200\nContent-Range: 0-3/*\n\n[{\"count\":1,\"n\":[1.50,2.00]}, \n {\"count\":0,"
     "\"n\":[2.00,1.50]}, \n {\"count\":1,\"n\":[10.00]}, \n {\"count\":1,\"n\":null}]"},
    {"GET /arr?select=i.sum()",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No function matches the given "
     "name and argument types. You might need to add explicit type casts.\","
     "\"message\":\"function sum(integer[]) does not exist\"}"},
};

static void
arrays_are_aggregated(void **state)
{
    door_expect_all(&door, arrays_are_aggregated_cases, COUNTOF(arrays_are_aggregated_cases));
}

static const struct door_case what_is_no_array_says_where_it_went_wrong_cases[] = {
    {"GET /arr?i=eq.{{},{}}&select=id",
     "400\n\n{\"code\":\"22P02\",\"details\":\"Unexpected \\\"}\\\" character.\","
     "\"hint\":null,\"message\":\"malformed array literal: \\\"{{},{}}\\\"\"}"},
    {"GET /arr?i=eq.{{},{1,2}}&select=id",
     "400\n\n{\"code\":\"22P02\",\"details\":\"Unexpected \\\"}\\\" character.\","
     "\"hint\":null,\"message\":\"malformed array literal: \\\"{{},{1,2}}\\\"\"}"},
    {"GET /arr?i=eq.{{},1}&select=id",
     "400\n\n{\"code\":\"22P02\",\"details\":\"Unexpected \\\"}\\\" character.\","
     "\"hint\":null,\"message\":\"malformed array literal: \\\"{{},1}\\\"\"}"},
    {"GET /arr?i=eq.{{1},2}&select=id",
     "400\n\n{\"code\":\"22P02\",\"details\":\"Unexpected array element.\",\"hint\":null,"
     "\"message\":\"malformed array literal: \\\"{{1},2}\\\"\"}"},
    {"GET /arr?i=eq.{1,{}}&select=id",
     "400\n\n{\"code\":\"22P02\",\"details\":\"Unexpected \\\"{\\\" character.\","
     "\"hint\":null,\"message\":\"malformed array literal: \\\"{1,{}}\\\"\"}"},
    {"GET /arr?i=eq.{1,}&select=id",
     "400\n\n{\"code\":\"22P02\",\"details\":\"Unexpected \\\"}\\\" character.\","
     "\"hint\":null,\"message\":\"malformed array literal: \\\"{1,}\\\"\"}"},
    {"GET /arr?i=eq.{,1}&select=id",
     "400\n\n{\"code\":\"22P02\",\"details\":\"Unexpected \\\",\\\" character.\","
     "\"hint\":null,\"message\":\"malformed array literal: \\\"{,1}\\\"\"}"},
    {"GET /arr?i=eq.{1 2}&select=id",
     "400\n\n{\"code\":\"22P02\",\"details\":null,\"hint\":null,\"message\":\"invalid input "
     "syntax for type integer: \\\"1 2\\\"\"}"},
    {"GET /arr?i=eq.{1}x&select=id",
     "400\n\n{\"code\":\"22P02\",\"details\":\"Junk after closing right brace.\","
     "\"hint\":null,\"message\":\"malformed array literal: \\\"{1}x\\\"\"}"},
    {"GET /arr?i=eq.{\"1\"2}&select=id",
     "400\n\n{\"code\":\"22P02\",\"details\":\"Unexpected array element.\",\"hint\":null,"
     "\"message\":\"malformed array literal: \\\"{\\\"1\\\"2}\\\"\"}"},
    {"GET /arr?i=eq.{{{{{{{1}}}}}}}&select=id",
     "500\n\n{\"code\":\"54000\",\"details\":null,\"hint\":null,\"message\":\"number of array "
     "dimensions (7) exceeds the maximum allowed (6)\"}"},
    {"GET /arr?i=eq.{nUll}&select=id", "200\nContent-Range: */*\n\n[]"},
    {"GET /arr?i=eq.{\"1}&select=id",
     "400\n\n{\"code\":\"22P02\",\"details\":\"Unexpected end of input.\",\"hint\":null,"
     "\"message\":\"malformed array literal: \\\"{\\\"1}\\\"\"}"},
    {"GET /arr?i=eq.%20{1}%20&select=id", "200\nContent-Range: */*\n\n[]"},
    {"GET /arr?i=eq.&select=id",
     "400\n\n{\"code\":\"22P02\",\"details\":\"Array value must start with \\\"{\\\" or "
     "dimension information.\",\"hint\":null,\"message\":\"malformed array literal: "
     "\\\"\\\"\"}"},
    {"GET /arr?i=eq.{{1}&select=id",
     "400\n\n{\"code\":\"22P02\",\"details\":\"Unexpected end of input.\",\"hint\":null,"
     "\"message\":\"malformed array literal: \\\"{{1}\\\"\"}"},
};

static void
what_is_no_array_says_where_it_went_wrong(void **state)
{
    door_expect_all(&door, what_is_no_array_says_where_it_went_wrong_cases,
                    COUNTOF(what_is_no_array_says_where_it_went_wrong_cases));
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_are_shown_as_json_and_in_csv_as_literals),
        cmocka_unit_test(arrays_are_compared_and_searched),
        cmocka_unit_test(jsonb_contains),
        cmocka_unit_test(arrays_are_written_from_json_and_literals),
        cmocka_unit_test(arrays_are_aggregated),
        cmocka_unit_test(what_is_no_array_says_where_it_went_wrong),
    };
    int failed;

    if (!door_begin(argc, argv))
        return 77;
    failed = cmocka_run_group_tests(tests, open_tables, close_tables);
    door_end();
    return failed;
}
