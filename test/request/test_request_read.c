/* SPDX-License-Identifier: Apache-2.0 */
/* Reading rows: points 1 to 16 and 29 to 36 of the contract. */
#include "door.h"
#include "shop.h"

static struct door door;

static int
open_shop(void **state)
{
    door_open_with(&door, shop_sql);
    return 0;
}

static int
close_shop(void **state)
{
    door_close(&door);
    return 0;
}

static const struct door_case tables[] = {
    {"GET /clients", "200\n"
                     "Content-Range: 0-1/*\n"
                     "Content-Type: application/json; charset=utf-8\n"
                     "Content-Location: /clients\n"
                     "Vary: Accept, Prefer, Range\n"
                     "!Preference-Applied\n"
                     "!Content-Profile\n"
                     "\n"
                     "[{\"id\":1,\"name\":\"Microsoft\"}, \n {\"id\":2,\"name\":\"Apple\"}]"},
    {"GET /empty_table", "200\nContent-Range: */*\n\n[]"},
    {"GET /faketable",
     "404\n"
     "Content-Type: application/json; charset=utf-8\n"
     "Proxy-Status: PostgREST; error=PGRST205\n"
     "\n"
     "{\"code\":\"PGRST205\",\"details\":null,\"hint\":null,\"message\":\"Could not find the table "
     "'public.faketable' in the schema cache\"}"},
    {"GET /project",
     "404\n\n{\"code\":\"PGRST205\",\"details\":null,\"hint\":\"Perhaps you meant the table "
     "'public.projects'\",\"message\":\"Could not find the table 'public.project' in the schema "
     "cache\"}"},
    {"GET /clients=x",
     "404\n\n{\"code\":\"PGRST205\",\"details\":null,\"hint\":\"Perhaps you meant the table "
     "'public.clients'\",\"message\":\"Could not find the table 'public.clients=x' in the schema "
     "cache\"}"},
    {"GET /ghostBusters?escapeId=gt.1&select=escapeId&order=escapeId.desc",
     "200\nContent-Location: /ghostBusters?escapeId=gt.1&order=escapeId.desc&select=escapeId\n\n"
     "[{\"escapeId\":5}, \n {\"escapeId\":3}]"},
    {"GET /clients?select=name&name=eq.a b/\xC3\xA9&id=gt.1&id=lt.3",
     "200\nContent-Location: /clients?id=gt.1&id=lt.3&name=eq.a%20b%2F%C3%A9&select=name\n\n[]"},
    {"GET /project_names?id=eq.3", "200\n\n[{\"id\":3,\"name\":\"IOS\"}]"},
    {"HEAD /clients", "200\nContent-Range: 0-1/*\n!Content-Length\n"
                      "Content-Type: application/json; charset=utf-8\n\n"},
    {"HEAD /clients\nPrefer: count=exact", "200\nContent-Range: 0-1/2\n\n"},
    {"HEAD /faketable", "404\n\n"},
    {"HEAD /clients?id=eq.9\nAccept: application/vnd.pgrst.object+json", "406\n\n"},
};

static void
tables_are_read(void **state)
{
    door_expect_all(&door, tables, COUNTOF(tables));
}

static const struct door_case selections[] = {
    {"GET /projects?select=id,name&id=eq.1", "200\n\n[{\"id\":1,\"name\":\"Windows 7\"}]"},
    {"GET /projects?select= name , id &id=eq.1", "200\n\n[{\"name\":\"Windows 7\",\"id\":1}]"},
    {"GET /projects?select=&id=eq.1", "200\n\n[{\"id\":1,\"name\":\"Windows 7\",\"client_id\":1}]"},
    {"GET /projects?select=id)&id=eq.1", "200\n\n[{\"id\":1}]"},
    {"GET /projects?select=*,id&id=eq.1",
     "200\n\n[{\"id\":1,\"name\":\"Windows 7\",\"client_id\":1,\"id\":1}]"},
    {"GET /projects?select=foo",
     "400\n\n{\"code\":\"42703\",\"details\":null,\"hint\":null,\"message\":\"column projects.foo "
     "does not exist\"}"},
    {"GET /projects?select=nme",
     "400\n\n{\"code\":\"42703\",\"details\":null,\"hint\":\"Perhaps you meant to reference the "
     "column \\\"projects.name\\\".\",\"message\":\"column projects.nme does not exist\"}"},
    {"GET /complex_items?id=eq.1&select=myId:id::text", "200\n\n[{\"myId\":\"1\"}]"},
    {"GET /complex_items?id=eq.1&select=settings->foo->>bar", "200\n\n[{\"bar\":\"baz\"}]"},
    {"GET /complex_items?id=eq.1&select=settings->foo->>int,settings->foo->int",
     "200\n\n[{\"int\":\"1\",\"int\":1}]"},
    {"GET /complex_items?id=eq.1&select=settings->foo->>int::integer", "200\n\n[{\"int\":1}]"},
    {"GET /complex_items?id=eq.2&select=settings->list->0,last:settings->list->-1->y",
     "200\n\n[{\"list\":10,\"last\":true}]"},
    {"GET /complex_items?id=eq.2&select=settings->list->>1,x:settings->nothing->>deep",
     "200\n\n[{\"list\":\"x\",\"x\":null}]"},
    {"GET /complex_items?id=eq.2&select=settings->foo->bar,b:settings->foo->>bar",
     "200\n\n[{\"bar\":null,\"b\":null}]"},
    {"GET /complex_items?id=eq.1&select=settings",
     "200\n\n[{\"settings\":{\"foo\":{\"int\":1,\"bar\":\"baz\"}}}]"},
    {"GET /complex_items?select=id&settings->foo->>int=eq.2", "200\n\n[{\"id\":2}]"},
    {"GET /complex_items?select=id&settings->foo=not.is.null&order=settings->foo->>int.desc",
     "200\n\n[{\"id\":2}, \n {\"id\":1}]"},
    {"GET /complex_items?select=id::nonsense",
     "400\n\n{\"code\":\"42704\",\"details\":null,\"hint\":null,\"message\":\"type \\\"nonsense\\\" "
     "does not exist\"}"},
    {"GET /complex_items?select=id::SELECT", "400\n\n{\"code\":\"42704\",..."},
    {"GET /complex_items?select=id::timestamp with nonsense", "400\n\n{\"code\":\"42704\",..."},
    {"GET /clients?select=name->a,name->0,id->>0&id=eq.1",
     "200\n\n[{\"a\":null,\"name\":\"Microsoft\",\"id\":\"1\"}]"},
    {"GET /clients?select=name->>a->b", "404\n\n{\"code\":\"42883\",..."},
    {"GET /complex_items?select=settings->>foo->1",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No operator matches the given name and "
     "argument types. You might need to add explicit type casts.\",\"message\":\"operator does not "
     "exist: text -> integer\"}"},
    {"GET /complex_items?select=settings->>foo->>bar", "404\n\n{\"code\":\"42883\",..."},
    {"GET /complex_items?settings->>foo->bar=eq.1", "404\n\n{\"code\":\"42883\",..."},
    {"GET /entities?select=count", "200\nContent-Range: 0-0/*\n\n[{\"count\":4}]"},
    {"GET /entities?select=n:count&id=gt.2", "200\n\n[{\"n\":2}]"},
    {"GET /entities?select=id.sum()",
     "400\n\n{\"code\":\"PGRST123\",\"details\":null,\"hint\":null,\"message\":\"Use of aggregate "
     "functions is not allowed\"}"},
    {"GET /pgrst_reserved_chars?select=\"*id*\",\":arr->ow::cast\",\"(inside,parens)\","
     "\"a.dotted.column\",\"  col  w  space  \"&\"*id*\"=eq.1",
     "200\n\n[{\"*id*\":1,\":arr->ow::cast\":\" arrow-1 \",\"(inside,parens)\":\" parens-1 \","
     "\"a.dotted.column\":\" dotted-1 \",\"  col  w  space  \":\" sp \"}]"},
    {"GET /pgrst_reserved_chars?select=x:\"a.dotted.column\"&order=\"a.dotted.column\".desc&"
     "or=(\"a.dotted.column\".eq.\" dotted-2 \",\"*id*\".eq.1)",
     "200\n\n[{\"x\":\" dotted-2 \"}, \n {\"x\":\" dotted-1 \"}]"},
};

static void
columns_are_selected_named_cast_and_followed_into_json(void **state)
{
    door_expect_all(&door, selections, COUNTOF(selections));
}

static const struct door_case filters[] = {
    {"GET /items?id=eq.5", "200\n\n[{\"id\":5}]"},
    {"GET /items?id=gt.1&id=lt.4", "200\n\n[{\"id\":2}, \n {\"id\":3}]"},
    {"GET /items?id=gte.14", "200\n\n[{\"id\":14}, \n {\"id\":15}]"},
    {"GET /items?id=lte.1", "200\n\n[{\"id\":1}]"},
    {"GET /items?id=neq.1&id=lt.3", "200\n\n[{\"id\":2}]"},
    {"GET /items?id=not.gt.1", "200\n\n[{\"id\":1}]"},
    {"GET /items?id=not.in.(1,2,3)&id=lt.5", "200\n\n[{\"id\":4}]"},
    {"GET /items?id=in.(1,3,5)", "200\n\n[{\"id\":1}, \n {\"id\":3}, \n {\"id\":5}]"},
    {"GET /items?id=in.()", "200\nContent-Range: */*\n\n[]"},
    {"GET /no_pk?a=not.in.()&select=b&order=b", "200\n\n[{\"b\":\"0\"}, \n {\"b\":\"0\"}, \n "
                                                "{\"b\":null}]"},
    {"GET /w_or_wo_comma_names?name=in.(\"Hebdon, John\",\"Williams, Mary\")",
     "200\n\n[{\"name\":\"Hebdon, John\"}, \n {\"name\":\"Williams, Mary\"}]"},
    {"GET /w_or_wo_comma_names?name=in.(\"\\\"\",\"\\\\\",Double\"Quote\"McGraw\")&order=name",
     "200\n\n[{\"name\":\"\\\"\"}, \n {\"name\":\"Double\\\"Quote\\\"McGraw\\\"\"}, \n "
     "{\"name\":\"\\\\\"}]"},
    {"GET /w_or_wo_comma_names?name=not.in.(\"Hebdon, John\",\"Williams, Mary\","
     "\"Smith, Joseph\",\"\\\"\",\"\\\\\")&name=not.like.Dou*&order=name",
     "200\n\n[{\"name\":\"David White\"}, \n {\"name\":\"Larry Thompson\"}]"},
    {"GET /chores?done=is.null", "200\n\n[{\"id\":3,\"name\":\"wash the dishes\",\"done\":null}]"},
    {"GET /chores?done=is.unknown",
     "200\n\n[{\"id\":3,\"name\":\"wash the dishes\",\"done\":null}]"},
    {"GET /chores?done=is.TRUE&select=id", "200\n\n[{\"id\":1}]"},
    {"GET /chores?done=is.false&select=id", "200\n\n[{\"id\":2}]"},
    {"GET /chores?done=not.is.true&select=id", "200\n\n[{\"id\":2}, \n {\"id\":3}]"},
    {"GET /chores?done=is.not_null&select=id", "200\n\n[{\"id\":1}, \n {\"id\":2}]"},
    {"GET /chores?done=not.is.null&select=id", "200\n\n[{\"id\":1}, \n {\"id\":2}]"},
    {"GET /chores?done=is.nonsense", "400\n\n{\"code\":\"PGRST100\",..."},
    {"GET /chores?name=is.true",
     "400\n\n{\"code\":\"42804\",\"details\":null,\"hint\":null,\"message\":\"argument of IS TRUE "
     "must be type boolean, not type text\"}"},
    {"GET /clients?name=like.*c*&select=id", "200\n\n[{\"id\":1}]"},
    {"GET /clients?name=like.A%25&select=id", "200\n\n[{\"id\":2}]"},
    {"GET /clients?name=like.a*&select=id", "200\n\n[]"},
    {"GET /clients?name=ilike.a*&select=id", "200\n\n[{\"id\":2}]"},
    {"GET /clients?name=like._pple&select=id", "200\n\n[{\"id\":2}]"},
    {"GET /clients?name=not.like.A*&select=id", "200\n\n[{\"id\":1}]"},
    {"GET /clients?name=match.^A.*e$&select=id", "200\n\n[{\"id\":2}]"},
    {"GET /clients?name=imatch.^a&select=id", "200\n\n[{\"id\":2}]"},
    {"GET /clients?name=not.imatch.^a&select=id", "200\n\n[{\"id\":1}]"},
    {"GET /chores?done=isdistinct.true&select=id", "200\n\n[{\"id\":2}, \n {\"id\":3}]"},
    {"GET /chores?done=not.isdistinct.true&select=id", "200\n\n[{\"id\":1}]"},
    {"GET /items?id=eq(any).{1,3}", "200\n\n[{\"id\":1}, \n {\"id\":3}]"},
    {"GET /items?id=gt(all).{12,13}", "200\n\n[{\"id\":14}, \n {\"id\":15}]"},
    {"GET /items?id=not.eq(any).{1,2,3}&id=lt.5", "200\n\n[{\"id\":4}]"},
    {"GET /items?id=not.eq(any).{1,NULL}", "200\n\n[]"},
    {"GET /items?id=eq(any).{}", "200\n\n[]"},
    {"GET /items?id=eq(all).{}&id=lt.2", "200\n\n[{\"id\":1}]"},
    {"GET /no_pk?a=not.eq(any).{1}&select=a", "200\n\n[{\"a\":\"2\"}]"},
    {"GET /clients?name=like(any).{M*,*x}&select=id", "200\n\n[{\"id\":1}]"},
    {"GET /clients?name=ilike(all).{*p*,*L*}&select=id", "200\n\n[{\"id\":2}]"},
    {"GET /clients?name=match(any).{^A,\"x,y\"}&select=id", "200\n\n[{\"id\":2}]"},
    {"GET /clients?name=imatch(all).{^a,e$}&select=id", "200\n\n[{\"id\":2}]"},
    {"GET /kinds?m=gt(any).{sad,ok}&select=id&order=id", "200\n\n[{\"id\":1}, \n {\"id\":3}]"},
    {"GET /kinds?by=eq(any).{\"\\\\xff00\"}&select=id", "200\n\n[{\"id\":4}]"},
    {"GET /entities?or=(id.eq(any).{1,2},name.like(all).{*3,e*})&select=id&order=id",
     "200\n\n[{\"id\":1}, \n {\"id\":2}, \n {\"id\":3}]"},
    {"GET /items?id=eq(any).1",
     "400\n\n{\"code\":\"22P02\",\"details\":\"Array value must start with \\\"{\\\" or "
     "dimension information.\",\"hint\":null,\"message\":\"malformed array literal: "
     "\\\"1\\\"\"}"},
    {"GET /items?id=eq(any).{x}",
     "400\n\n{\"code\":\"22P02\",\"details\":null,\"hint\":null,\"message\":\"invalid input syntax "
     "for type bigint: \\\"x\\\"\"}"},
    {"GET /items?id=eq(any).{1,}",
     "400\n\n{\"code\":\"22P02\",\"details\":\"Unexpected \\\"}\\\" character.\",..."},
    {"GET /items?id=eq(any).{1",
     "400\n\n{\"code\":\"22P02\",\"details\":\"Unexpected end of input.\",..."},
    {"GET /items?id=eq(any).{1}x",
     "400\n\n{\"code\":\"22P02\",\"details\":\"Junk after closing right brace.\",..."},
    {"GET /clients?name=eq.&select=id", "200\n\n[]"},
    {"GET /items?id=eq.x",
     "400\n\n{\"code\":\"22P02\",\"details\":null,\"hint\":null,\"message\":\"invalid input syntax "
     "for type bigint: \\\"x\\\"\"}"},
    {"GET /items?id=in.(1,x)",
     "400\n\n{\"code\":\"22P02\",\"details\":null,\"hint\":null,\"message\":\"invalid input syntax "
     "for type bigint: \\\"x\\\"\"}"},
    {"GET /items?id=eq.99999999999999999999",
     "400\n\n{\"code\":\"22003\",\"details\":null,\"hint\":null,\"message\":\"value "
     "\\\"99999999999999999999\\\" is out of range for type bigint\"}"},
    {"GET /ghostBusters?id=0",
     "400\nProxy-Status: PostgREST; error=PGRST100\n\n{\"code\":\"PGRST100\",\"details\":"
     "\"unexpected \\\"0\\\" expecting \\\"not\\\" or operator (eq, gt, ...)\",\"hint\":null,"
     "\"message\":\"\\\"failed to parse filter (0)\\\" (line 1, column 1)\"}"},
    {"GET /items?id=like.1", "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No operator "
                             "matches the given name and argument types. You might need to add "
                             "explicit type casts.\",\"message\":\"operator does not exist: bigint "
                             "~~ unknown\"}"},
    {"GET /items?nothing=eq.1", "400\n\n{\"code\":\"42703\",..."},
};

static void
filters_choose_rows(void **state)
{
    door_expect_all(&door, filters, COUNTOF(filters));
}

static const struct door_case trees[] = {
    {"GET /entities?or=(id.eq.1,and(id.gt.2,id.lt.4))&select=id",
     "200\n\n[{\"id\":1}, \n {\"id\":3}]"},
    {"GET /entities?or=(id.eq.1,id.eq.2)&name=eq.entity 1&select=id", "200\n\n[{\"id\":1}]"},
    {"GET /entities?and=(name.eq.entity 1,id.eq.1)&select=id", "200\n\n[{\"id\":1}]"},
    {"GET /entities?not.or=(id.eq.1,id.eq.2,id.eq.3)&select=id", "200\n\n[{\"id\":4}]"},
    {"GET /entities?not.and=(id.gt.1,id.lt.4)&select=id", "200\n\n[{\"id\":1}, \n {\"id\":4}]"},
    {"GET /entities?or=(not.and(id.gte.2,id.lte.3),name.eq.\"entity 2\")&select=id",
     "200\n\n[{\"id\":1}, \n {\"id\":2}, \n {\"id\":4}]"},
    {"GET /entities?or=(name.is.null,id.in.(1,2))&select=id&order=id.desc",
     "200\n\n[{\"id\":4}, \n {\"id\":2}, \n {\"id\":1}]"},
    {"GET /w_or_wo_comma_names?or=(name.eq.\"Hebdon, John\",name.eq.\"Double O Seven(007)\")&"
     "order=name",
     "200\n\n[{\"name\":\"Double O Seven(007)\"}, \n {\"name\":\"Hebdon, John\"}]"},
    {"GET /entities?or=(name.not.is.null,id.eq.4)&select=count", "200\n\n[{\"count\":4}]"},
    {"GET /entities?or=(id.eq.1", "400\n\n{\"code\":\"PGRST100\",..."},
    {"GET /entities?or=()", "400\n\n{\"code\":\"PGRST100\",..."},
};

static void
conditions_nest(void **state)
{
    door_expect_all(&door, trees, COUNTOF(trees));
}

static const struct door_case orders[] = {
    {"GET /no_pk?order=a&select=a", "200\n\n[{\"a\":\"1\"}, \n {\"a\":\"2\"}, \n {\"a\":null}]"},
    {"GET /no_pk?order=a.desc&select=a",
     "200\n\n[{\"a\":null}, \n {\"a\":\"2\"}, \n {\"a\":\"1\"}]"},
    {"GET /no_pk?order=a.desc.nullslast&select=a",
     "200\n\n[{\"a\":\"2\"}, \n {\"a\":\"1\"}, \n {\"a\":null}]"},
    {"GET /no_pk?order=a.nullsfirst&select=a",
     "200\n\n[{\"a\":null}, \n {\"a\":\"1\"}, \n {\"a\":\"2\"}]"},
    {"GET /no_pk?order=b.desc.nullslast,a.desc&select=a,b",
     "200\n\n[{\"a\":\"2\",\"b\":\"0\"}, \n {\"a\":\"1\",\"b\":\"0\"}, \n "
     "{\"a\":null,\"b\":null}]"},
    {"GET /kinds?order=m&select=m",
     "200\n\n[{\"m\":\"sad\"}, \n {\"m\":\"ok\"}, \n {\"m\":\"happy\"}, \n {\"m\":null}]"},
    {"GET /kinds?order=m.desc.nullslast&m=gt.sad&select=m",
     "200\n\n[{\"m\":\"happy\"}, \n {\"m\":\"ok\"}]"},
    {"GET /kinds?order=n&select=n",
     "200\n\n[{\"n\":0.000}, \n {\"n\":123456789012345678.90}, \n {\"n\":\"NaN\"}, \n "
     "{\"n\":null}]"},
    {"GET /kinds?order=f8.desc&select=f8",
     "200\n\n[{\"f8\":null}, \n {\"f8\":\"Infinity\"}, \n {\"f8\":1e+300}, \n {\"f8\":0.1}]"},
    {"GET /kinds?order=j", "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"Use an explicit "
                           "ordering operator or modify the query.\",\"message\":\"could not "
                           "identify an ordering operator for type json\"}"},
    {"GET /no_pk?order=a.up", "400\n\n{\"code\":\"PGRST100\",..."},
    {"GET /no_pk?order=c", "400\n\n{\"code\":\"42703\",..."},
};

static void
nulls_are_ordered_as_postgresql_does(void **state)
{
    door_expect_all(&door, orders, COUNTOF(orders));
}

static const struct door_case pages[] = {
    {"GET /items?select=id&order=id.asc&limit=3&offset=2",
     "200\nContent-Range: 2-4/*\n\n[{\"id\":3}, \n {\"id\":4}, \n {\"id\":5}]"},
    {"GET /items?limit=0", "200\nContent-Range: */*\n\n[]"},
    {"GET /items?limit=-1",
     "416\n\n{\"code\":\"PGRST103\",\"details\":\"Limit should be greater than or equal to zero.\","
     "\"hint\":null,\"message\":\"Requested range not satisfiable\"}"},
    {"GET /items?offset=-7&limit=1", "200\nContent-Range: 0-0/*\n\n[{\"id\":1}]"},
    {"GET /items?limit=99999999999999999999999999&select=id&id=eq.1",
     "200\nContent-Range: 0-0/*\n\n[{\"id\":1}]"},
    {"GET /items?offset=99999999999999999999999999", "200\nContent-Range: */*\n\n[]"},
    {"GET /items?offset=9223372036854775807&limit=9223372036854775807",
     "200\nContent-Range: */*\n\n[]"},
    {"GET /items?limit=3\nPrefer: count=exact",
     "206\nContent-Range: 0-2/15\nPreference-Applied: count=exact\n\n[{\"id\":1}, \n {\"id\":2}, \n "
     "{\"id\":3}]"},
    {"GET /items?id=lt.3\nPrefer: count=exact",
     "200\nContent-Range: 0-1/2\n\n[{\"id\":1}, \n {\"id\":2}]"},
    {"GET /empty_table\nPrefer: count=exact", "200\nContent-Range: */0\n\n[]"},
    {"GET /items?limit=0\nPrefer: count=exact", "206\nContent-Range: */15\n\n[]"},
    {"GET /items?offset=15\nPrefer: count=exact", "206\nContent-Range: */15\n\n[]"},
    {"GET /items?offset=100\nPrefer: count=exact",
     "416\nContent-Range: */15\n\n{\"code\":\"PGRST103\",\"details\":\"An offset of 100 was "
     "requested, but there are only 15 rows.\",\"hint\":null,\"message\":\"Requested range not "
     "satisfiable\"}"},
    {"GET /items?offset=100", "200\nContent-Range: */*\n\n[]"},
    {"GET /items?select=id\nRange-Unit: items\nRange: 0-1",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":1}, \n {\"id\":2}]"},
    {"GET /items\nRange: 13-", "200\nContent-Range: 13-14/*\n\n[{\"id\":14}, \n {\"id\":15}]"},
    {"GET /items?offset=2&limit=3\nRange: 3-10",
     "200\nContent-Range: 3-4/*\n\n[{\"id\":4}, \n {\"id\":5}]"},
    {"GET /items?limit=2\nRange: 0-0\nPrefer: count=exact",
     "206\nContent-Range: 0-0/15\n\n[{\"id\":1}]"},
    {"GET /items\nRange: 5-3",
     "416\n\n{\"code\":\"PGRST103\",\"details\":\"The lower boundary must be lower than or equal to "
     "the upper boundary in the Range header.\",\"hint\":null,\"message\":\"Requested range not "
     "satisfiable\"}"},
    {"GET /items?limit=2\nRange: 2-4",
     "416\n\n{\"code\":\"PGRST103\",\"details\":\"Limit should be greater than or equal to "
     "zero.\",\"hint\":null,\"message\":\"Requested range not satisfiable\"}"},
    {"GET /items?limit=0\nRange: 5-3", "200\nContent-Range: */*\n\n[]"},
    {"GET /items?limit=0&offset=99\nPrefer: count=exact", "206\nContent-Range: */15\n\n[]"},
    {"GET /items\nRange: 99999999999999999999-", "200\nContent-Range: */*\n\n[]"},
    {"GET /items?limit=1\nRange: nonsense", "200\nContent-Range: 0-0/*\n\n[{\"id\":1}]"},
    {"HEAD /items?limit=1\nRange: 5-3", "200\nContent-Range: 0-0/*\n\n"},
};

static void
pages_are_cut_and_counted(void **state)
{
    door_expect_all(&door, pages, COUNTOF(pages));
}

static const struct door_case shapes[] = {
    {"GET /items?id=eq.5\nAccept: application/vnd.pgrst.object+json",
     "200\nContent-Type: application/vnd.pgrst.object+json; charset=utf-8\n"
     "Content-Range: 0-0/*\n\n{\"id\":5}"},
    {"GET /items?id=eq.5\nAccept: application/vnd.pgrst.object",
     "200\nContent-Type: application/vnd.pgrst.object+json; charset=utf-8\n\n{\"id\":5}"},
    {"GET /items?id=lt.0\nAccept: application/vnd.pgrst.object+json",
     "406\nContent-Type: application/json; charset=utf-8\n\n"
     "{\"code\":\"PGRST116\",\"details\":\"The result contains 0 rows\",\"hint\":null,\"message\":"
     "\"Cannot coerce the result to a single JSON object\"}"},
    {"GET /items\nAccept: application/vnd.pgrst.object+json",
     "406\n\n{\"code\":\"PGRST116\",\"details\":\"The result contains 15 rows\",\"hint\":null,"
     "\"message\":\"Cannot coerce the result to a single JSON object\"}"},
    {"GET /items?limit=1\nAccept: unknown/unknown, text/html;q=0.5",
     "406\n\n{\"code\":\"PGRST107\",\"details\":null,\"hint\":null,\"message\":\"None of these "
     "media types are available: unknown/unknown, text/html\"}"},
    {"GET /items?limit=1\nAccept: unknown/unknown, */*;q=0.1",
     "200\nContent-Type: application/json; charset=utf-8\n\n[{\"id\":1}]"},
    {"GET /items\nAccept: application/openapi+json", "406\n\n{\"code\":\"PGRST107\",..."},
    {"GET /simple_pk?order=k.desc\nAccept: text/csv",
     "200\nContent-Type: text/csv; charset=utf-8\nContent-Range: 0-1/*\n\n"
     "k,extra\nxyyx,u\nxYYx,v"},
    {"GET /chores?select=id,done,name&order=id\nAccept: text/csv",
     "200\n\nid,done,name\n1,t,\"take out the garbage\"\n2,f,\"do the laundry\"\n3,,\"wash the dishes\""},
    {"GET /w_or_wo_comma_names?name=in.(\"Hebdon, John\",\"\\\"\")&order=name\nAccept: text/csv",
     "200\n\nname\n\"\"\"\"\n\"Hebdon, John\""},
    {"GET /empty_table\nAccept: text/csv", "200\nContent-Range: */*\n\nk,extra"},
    {"GET /organizations?select=id,referee&limit=1&order=id\n"
     "Accept: application/vnd.pgrst.array+json;nulls=stripped",
     "200\nContent-Type: application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8\n\n"
     "[{\"id\":1}]"},
    {"GET /organizations?id=eq.2\nAccept: application/vnd.pgrst.object+json;nulls=stripped",
     "200\nContent-Type: application/vnd.pgrst.object+json;nulls=stripped; charset=utf-8\n\n"
     "{\"id\":2,\"name\":\"Auditor Org\",\"auditor\":1}"},
};

static void
answers_take_the_shape_that_was_asked_for(void **state)
{
    door_expect_all(&door, shapes, COUNTOF(shapes));
}

static const struct door_case kinds[] = {
    {"GET /kinds?id=eq.1",
     "200\n\n[{\"id\":1,\"i2\":-32768,\"i8\":9223372036854775807,\"f4\":1.5,\"f8\":0.1,"
     "\"n\":123456789012345678.90,\"n2\":12.50,\"t\":\"a\\\"b\\\\c\",\"v\":\"abc\",\"c\":\"ab  \","
     "\"b\":true,\"d\":\"2026-11-21\",\"ti\":\"10:14:03.5\",\"ts\":\"2026-11-21T10:14:03\","
     "\"tz\":\"2026-11-21T08:14:03+00:00\",\"u\":\"6f1d2c1e-8a55-4d2f-9f0e-3f1b6f0a7c11\","
     "\"by\":\"\\\\x48656c6c6f\",\"j\":{\"b\": 1,  \"a\": 2},\"jb\":{\"a\": 2, \"b\": 1},"
     "\"m\":\"ok\"}]"},
    {"GET /kinds?id=eq.3",
     "200\n\n[{\"id\":3,\"i2\":0,\"i8\":-9223372036854775808,\"f4\":\"NaN\",\"f8\":\"Infinity\","
     "\"n\":\"NaN\",\"n2\":-0.01,\"t\":\"\",\"v\":\"\",\"c\":\"    \",\"b\":false,"
     "\"d\":\"0001-01-01\",\"ti\":\"00:00:00\",\"ts\":\"infinity\",\"tz\":\"-infinity\","
     "\"u\":\"00000000-0000-0000-0000-000000000000\",\"by\":\"\\\\x\",\"j\":[],\"jb\":[],"
     "\"m\":\"happy\"}]"},
    {"GET /kinds?id=eq.4\nAccept: text/csv",
     "200\n\nid,i2,i8,f4,f8,n,n2,t,v,c,b,d,ti,ts,tz,u,by,j,jb,m\n"
     "4,32767,0,1e+10,1e+300,0.000,99999999.99,zoe,z,\"zz  \",t,2000-02-29,23:59:59,"
     "\"1999-12-31 23:59:59.999999\",\"2000-01-01 00:00:00+00\",ffffffff-ffff-ffff-ffff-ffffffffffff,"
     "\"\\xff00\",null,\"\"\"x\"\"\",sad"},
    {"GET /kinds?select=id&i8=eq.9223372036854775807", "200\n\n[{\"id\":1}]"},
    {"GET /kinds?select=id&n=eq.123456789012345678.9", "200\n\n[{\"id\":1}]"},
    {"GET /kinds?select=id&n=in.(0,NaN)&order=id", "200\n\n[{\"id\":3}, \n {\"id\":4}]"},
    {"GET /kinds?select=id&f4=eq.NaN", "200\n\n[{\"id\":3}]"},
    {"GET /kinds?select=id&f8=in.(Infinity,0.1,-Infinity)&order=id",
     "200\n\n[{\"id\":1}, \n {\"id\":3}]"},
    {"GET /kinds?select=id&b=eq.t&order=id", "200\n\n[{\"id\":1}, \n {\"id\":4}]"},
    {"GET /kinds?select=id&b=in.(no)", "200\n\n[{\"id\":3}]"},
    {"GET /kinds?select=id&d=lt.2000-03-01&order=id", "200\n\n[{\"id\":3}, \n {\"id\":4}]"},
    {"GET /kinds?select=id&ts=gte.2026-11-21&order=id", "200\n\n[{\"id\":1}, \n {\"id\":3}]"},
    {"GET /kinds?select=id&tz=eq.2026-11-21T10:14:03%2B02:00", "200\n\n[{\"id\":1}]"},
    {"GET /kinds?select=id&u=eq.6F1D2C1E8A554D2F9F0E3F1B6F0A7C11", "200\n\n[{\"id\":1}]"},
    {"GET /kinds?select=id&by=eq.\\xff00", "200\n\n[{\"id\":4}]"},
    {"GET /kinds?select=id&by=in.(\\xff00,\\x48656c6c6f)&order=id",
     "200\n\n[{\"id\":1}, \n {\"id\":4}]"},
    {"GET /kinds?select=id&c=eq.ab", "200\n\n[{\"id\":1}]"},
    {"GET /kinds?select=id&jb=eq.{\"a\":2,\"b\":1}", "200\n\n[{\"id\":1}]"},
    {"GET /kinds?select=id&m=in.(sad,happy)&order=id", "200\n\n[{\"id\":3}, \n {\"id\":4}]"},
    {"GET /kinds?m=eq.angry",
     "400\n\n{\"code\":\"22P02\",\"details\":null,\"hint\":null,\"message\":\"invalid input value "
     "for enum mood: \\\"angry\\\"\"}"},
    {"GET /kinds?u=eq.1", "400\n\n{\"code\":\"22P02\",..."},
    {"GET /kinds?d=eq.2026-02-30", "400\n\n{\"code\":\"22008\",..."},
    {"GET /kinds?j=eq.{}", "404\n\n{\"code\":\"42883\",..."},
    {"GET /kinds?jb=eq.{", "400\n\n{\"code\":\"22P02\",..."},
    {"GET /kinds?id=eq.1&select=i8::text,n2::integer,n::bigint,t::varchar,b::text,d::timestamp,"
     "f8::numeric,id::boolean,ts::date",
     "200\n\n[{\"i8\":\"9223372036854775807\",\"n2\":13,\"n\":123456789012345679,"
     "\"t\":\"a\\\"b\\\\c\",\"b\":\"true\",\"d\":\"2026-11-21T00:00:00\",\"f8\":0.1,\"id\":true,"
     "\"ts\":\"2026-11-21\"}]"},
    {"GET /kinds?id=eq.1&select=n::integer",
     "400\n\n{\"code\":\"22003\",\"details\":null,\"hint\":null,\"message\":\"integer out of "
     "range\"}"},
    {"GET /kinds?id=eq.1&select=t::integer",
     "400\n\n{\"code\":\"22P02\",\"details\":null,\"hint\":null,\"message\":\"invalid input syntax "
     "for type integer: \\\"a\\\"b\\\\c\\\"\"}"},
};

static void
values_look_as_postgresql_shows_them(void **state)
{
    door_expect_all(&door, kinds, COUNTOF(kinds));
}

static const struct door_case preferences[] = {
    {"GET /items?limit=1\nPrefer: return=representation, resolution=merge-duplicates, count=exact",
     "206\nPreference-Applied: count=exact\n\n[{\"id\":1}]"},
    {"GET /items?limit=1\nPrefer: count=exact\nPrefer: handling=lenient, anything",
     "206\nPreference-Applied: count=exact, handling=lenient\n\n[{\"id\":1}]"},
    {"GET /items?limit=1\nPrefer: handling=strict, anything, return=nothing",
     "400\n!Preference-Applied\n\n{\"code\":\"PGRST122\",\"details\":\"Invalid preferences: "
     "anything, return=nothing\",\"hint\":null,\"message\":\"Invalid preferences given with "
     "handling=strict\"}"},
    {"GET /items?limit=1\nPrefer: anything", "200\n!Preference-Applied\n\n[{\"id\":1}]"},
    {"GET /items?limit=1\nPrefer: handling=strict, max-affected=1",
     "200\nPreference-Applied: handling=strict\n\n[{\"id\":1}]"},
};

static void
preferences_that_took_effect_are_listed(void **state)
{
    door_expect_all(&door, preferences, COUNTOF(preferences));
}

static const struct door_case options[] = {
    {"OPTIONS /items", "200\nAllow: OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE\n\n"},
    {"OPTIONS /no_pk", "200\nAllow: OPTIONS,GET,HEAD,POST,PATCH,DELETE\n\n"},
    {"OPTIONS /items\nAccept: nonsense/x", "200\n\n"},
    {"OPTIONS /faketable", "404\n\n{\"code\":\"PGRST205\",..."},
    {"BREW /items",
     "405\n\n{\"code\":\"PGRST117\",\"details\":null,\"hint\":null,\"message\":\"Unsupported HTTP "
     "method: BREW\"}"},
};

static void
options_say_what_is_allowed(void **state)
{
    door_expect_all(&door, options, COUNTOF(options));
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_read),
        cmocka_unit_test(columns_are_selected_named_cast_and_followed_into_json),
        cmocka_unit_test(filters_choose_rows),
        cmocka_unit_test(conditions_nest),
        cmocka_unit_test(nulls_are_ordered_as_postgresql_does),
        cmocka_unit_test(pages_are_cut_and_counted),
        cmocka_unit_test(answers_take_the_shape_that_was_asked_for),
        cmocka_unit_test(values_look_as_postgresql_shows_them),
        cmocka_unit_test(preferences_that_took_effect_are_listed),
        cmocka_unit_test(options_say_what_is_allowed),
    };
    int failed;

    if (!door_begin(argc, argv))
        return 77;
    failed = cmocka_run_group_tests(tests, open_shop, close_shop);
    door_end();
    return failed;
}
