/* SPDX-License-Identifier: Apache-2.0 */
/* Aggregates, and the grammar around them: points 13, 16, 23 and 28 of the contract. */
#include "door.h"

static struct door door;

static const char tables[] =
    "CREATE TYPE mood AS ENUM ('sad','ok','happy'); "
    "CREATE TABLE clients (id integer PRIMARY KEY, name text NOT NULL); "
    "INSERT INTO clients VALUES (1,'Microsoft'),(2,'Apple'),(3,'Nobody'); "
    "CREATE TABLE projects (id integer PRIMARY KEY, name text NOT NULL, client_id integer "
    "REFERENCES clients); "
    "INSERT INTO projects VALUES (1,'Windows 7',1),(2,'Windows 10',1),(3,'IOS',2),(4,'OSX',2),"
    "(5,'Orphan',NULL); "
    "CREATE TABLE project_invoices (id int PRIMARY KEY, invoice_total numeric, project_id "
    "integer REFERENCES projects); "
    "INSERT INTO project_invoices VALUES (1,100,1),(2,200,1),(3,500,2),(4,700,2),(5,1200,3),"
    "(6,2000,3),(7,100,4),(8,4000,4); "
    "CREATE TABLE trash (id int PRIMARY KEY, jsonb_col jsonb); "
    "INSERT INTO trash VALUES (1,'{\"key\":10,\"k2\":{\"a\":\"x\"}}'),(2,'{\"key\":6,"
    "\"k2\":{\"a\":\"x\"}}'),(3,'{\"key\":8}'); "
    "CREATE TABLE kinds (id int PRIMARY KEY, b boolean, i2 smallint, i4 int, i8 bigint, n "
    "numeric(10,2), f4 real, f8 double precision, t text, v varchar(5), c char(4), d date, ti "
    "time, ts timestamp, tz timestamptz, u uuid, by bytea, j json, jb jsonb, m mood, g int); "
    "INSERT INTO kinds VALUES (1,true,1,10,9223372036854775807,1.25,1.5,0.1,'a','aa','c',"
    "'2026-01-02','10:11:12','2026-01-02 10:11:12.5','2026-01-02 10:11:12+02',"
    "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11','\\xdead','{\"a\":1}','{\"a\":1}','happy',1), "
    "(2,false,2,20,1,2.5,2.25,0.2,'b','bb','d','2025-01-02','09:11:12','2025-01-02 "
    "10:11:12.5','2025-01-02 10:11:12+02','b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11','\\xbeef',"
    "'{\"a\":2}','{\"a\":2}','sad',1), "
    "(3,NULL,-3,30,5,-7.77,1e10,0.3,'Z','cc','a','2024-12-31','23:59:59','2024-12-31',"
    "'2024-12-31 00:00+00',NULL,NULL,NULL,NULL,'ok',2), "
    "(4,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,"
    "NULL,NULL,2); "
    "CREATE TABLE days (id int PRIMARY KEY, at timestamp, n int); "
    "INSERT INTO days VALUES (1,'2026-01-01 10:00',1),(2,'2026-01-01 11:00',2),(3,'2026-01-02 "
    "10:00',4); ";

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

static const struct door_case rows_are_counted_and_values_aggregated_cases[] = {
    {"GET /projects?select=count()", "200\nContent-Range: 0-0/*\n\n[{\"count\":5}]"},
    {"GET /projects?select=cnt:count()", "200\nContent-Range: 0-0/*\n\n[{\"cnt\":5}]"},
    {"GET /projects?select=count()::text", "200\nContent-Range: 0-0/*\n\n[{\"count\":\"5\"}]"},
    {"GET /projects?select=count", "200\nContent-Range: 0-0/*\n\n[{\"count\":5}]"},
    {"GET /projects?select=count::text,n:count::numeric",
     "200\nContent-Range: 0-0/*\n\n[{\"count\":\"5\",\"n\":5}]"},
    {"GET /projects?select=count::nothing", "400\n\n{\"code\":\"42704\",..."},
    {"GET /project_invoices?select=invoice_total.sum()",
     "200\nContent-Range: 0-0/*\n\n[{\"sum\":8800}]"},
    {"GET /project_invoices?select=invoice_total.avg()",
     "200\nContent-Range: 0-0/*\n\n[{\"avg\":1100.0000000000000000}]"},
    {"GET /project_invoices?select=invoice_total.min(),invoice_total.max(),"
     "invoice_total.count()",
     "200\nContent-Range: 0-0/*\n\n[{\"min\":100,\"max\":4000,\"count\":8}]"},
    {"GET /trash?select=jsonb_col->>key::integer.sum()",
     "200\nContent-Range: 0-0/*\n\n[{\"sum\":24}]"},
    {"GET /trash?select=s:jsonb_col->>key::integer.sum()::text",
     "200\nContent-Range: 0-0/*\n\n[{\"s\":\"24\"}]"},
};

static void
rows_are_counted_and_values_aggregated(void **state)
{
    door_expect_all(&door, rows_are_counted_and_values_aggregated_cases,
                    COUNTOF(rows_are_counted_and_values_aggregated_cases));
}

static const struct door_case embeds_have_aggregates_of_their_own_cases[] = {
    {"GET /clients?select=name,projects(count)&order=name",
     "200\nContent-Range: 0-2/*\n\n[{\"name\":\"Apple\",\"projects\":[{\"count\":2}]}, \n "
     "{\"name\":\"Microsoft\",\"projects\":[{\"count\":2}]}, \n {\"name\":\"Nobody\","
     "\"projects\":[{\"count\":0}]}]"},
    {"GET /project_invoices?select=project_id,total:invoice_total.sum(),projects(name)&"
     "order=project_id",
     "200\nContent-Range: 0-3/*\n\n[{\"project_id\":1,\"total\":300,\"projects\":{\"name\": "
     "\"Windows 7\"}}, \n {\"project_id\":2,\"total\":1200,\"projects\":{\"name\": \"Windows "
     "10\"}}, \n {\"project_id\":3,\"total\":3200,\"projects\":{\"name\": \"IOS\"}}, \n "
     "{\"project_id\":4,\"total\":4100,\"projects\":{\"name\": \"OSX\"}}]"},
    {"GET /projects?select=name,project_invoices(invoice_total.sum())&order=id",
     "200\nContent-Range: 0-4/*\n\n[{\"name\":\"Windows 7\","
     "\"project_invoices\":[{\"sum\":300}]}, \n {\"name\":\"Windows 10\","
     "\"project_invoices\":[{\"sum\":1200}]}, \n {\"name\":\"IOS\","
     "\"project_invoices\":[{\"sum\":3200}]}, \n {\"name\":\"OSX\","
     "\"project_invoices\":[{\"sum\":4100}]}, \n {\"name\":\"Orphan\","
     "\"project_invoices\":[{\"sum\":null}]}]"},
    {"GET /projects?select=name,project_invoices(invoice_total.max(),invoice_total.min(),"
     "invoice_total.avg(),invoice_total.sum(),invoice_total.count())&order=id",
     "200\nContent-Range: 0-4/*\n\n[{\"name\":\"Windows 7\","
     "\"project_invoices\":[{\"max\":200,\"min\":100,\"avg\":150.0000000000000000,\"sum\":300,"
     "\"count\":2}]}, \n {\"name\":\"Windows 10\",\"project_invoices\":[{\"max\":700,"
     "\"min\":500,\"avg\":600.0000000000000000,\"sum\":1200,\"count\":2}]}, \n "
     "{\"name\":\"IOS\",\"project_invoices\":[{\"max\":2000,\"min\":1200,"
     "\"avg\":1600.0000000000000000,\"sum\":3200,\"count\":2}]}, \n {\"name\":\"OSX\","
     "\"project_invoices\":[{\"max\":4000,\"min\":100,\"avg\":2050.0000000000000000,"
     "\"sum\":4100,\"count\":2}]}, \n {\"name\":\"Orphan\","
     "\"project_invoices\":[{\"max\":null,\"min\":null,\"avg\":null,\"sum\":null,"
     "\"count\":0}]}]"},
    {"GET /projects?select=name,project_invoices(s:invoice_total.sum(),project_id,"
     "projects(name))&order=id",
     "200\nContent-Range: 0-4/*\n\n[{\"name\":\"Windows 7\",\"project_invoices\":[{\"s\":300,"
     "\"project_id\":1,\"projects\":{\"name\": \"Windows 7\"}}]}, \n {\"name\":\"Windows 10\","
     "\"project_invoices\":[{\"s\":1200,\"project_id\":2,\"projects\":{\"name\": \"Windows "
     "10\"}}]}, \n {\"name\":\"IOS\",\"project_invoices\":[{\"s\":3200,\"project_id\":3,"
     "\"projects\":{\"name\": \"IOS\"}}]}, \n {\"name\":\"OSX\","
     "\"project_invoices\":[{\"s\":4100,\"project_id\":4,\"projects\":{\"name\": \"OSX\"}}]}, "
     "\n {\"name\":\"Orphan\",\"project_invoices\":[]}]"},
    {"GET /kinds?select=count,projects(id)",
     "400\n\n{\"code\":\"PGRST200\",\"details\":\"Searched for a foreign key relationship "
     "between 'kinds' and 'projects' in the schema 'public', but no matches were found.\","
     "\"hint\":null,\"message\":\"Could not find a relationship between 'kinds' and "
     "'projects' in the schema cache\"}"},
    {"GET /projects?select=name,project_invoices!inner(invoice_total.sum())&"
     "project_invoices.invoice_total=gt.1000&order=name&limit=3",
     "200\nContent-Range: 0-2/*\n\n[{\"name\":\"IOS\",\"project_invoices\":[{\"sum\":3200}]}, "
     "\n {\"name\":\"OSX\",\"project_invoices\":[{\"sum\":4000}]}, \n "
     "{\"name\":\"Orphan\",\"project_invoices\":[{\"sum\":null}]}]"},
    {"GET /projects?select=name,project_invoices!inner(id,invoice_total.sum())&"
     "project_invoices.invoice_total=gt.2000&order=name",
     "200\nContent-Range: 0-0/*\n\n[{\"name\":\"OSX\",\"project_invoices\":[{\"id\":8,"
     "\"sum\":4000}]}]"},
    {"GET /projects?select=name,project_invoices(invoice_total.sum())&"
     "project_invoices.invoice_total=gt.1000&order=name",
     "200\nContent-Range: 0-4/*\n\n[{\"name\":\"IOS\",\"project_invoices\":[{\"sum\":3200}]}, "
     "\n {\"name\":\"OSX\",\"project_invoices\":[{\"sum\":4000}]}, \n {\"name\":\"Orphan\","
     "\"project_invoices\":[{\"sum\":null}]}, \n {\"name\":\"Windows 10\","
     "\"project_invoices\":[{\"sum\":null}]}, \n {\"name\":\"Windows 7\","
     "\"project_invoices\":[{\"sum\":null}]}]"},
    {"GET /project_invoices?select=projects(id.sum())&limit=2&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"projects\":{\"sum\":1}}, \n {\"projects\":{\"sum\":1}}]"},
    {"GET /project_invoices?select=projects(id.sum(),name)&limit=2&order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"projects\":{\"sum\":1,\"name\":\"Windows 7\"}}, \n "
     "{\"projects\":{\"sum\":1,\"name\":\"Windows 7\"}}]"},
    {"GET /projects?select=count,clients(id)",
     "400\n\n{\"code\":\"42803\",\"details\":null,\"hint\":null,\"message\":\"column "
     "\\\"projects.id\\\" must appear in the GROUP BY clause or be used in an aggregate "
     "function\"}"},
    {"GET /projects?select=id.max(),clients(id)&order=clients(id)",
     "400\n\n{\"code\":\"42803\",\"details\":null,\"hint\":null,\"message\":\"column "
     "\\\"clients.id\\\" must appear in the GROUP BY clause or be used in an aggregate "
     "function\"}"},
};

static void
embeds_have_aggregates_of_their_own(void **state)
{
    door_expect_all(&door, embeds_have_aggregates_of_their_own_cases,
                    COUNTOF(embeds_have_aggregates_of_their_own_cases));
}

static const struct door_case aggregates_in_a_spread_belong_to_who_shows_them_cases[] = {
    {"GET /projects?select=client_id,...project_invoices(invoice_total.sum())",
     "400\n\n{\"code\":\"PGRST127\",\"details\":\"Aggregates are not implemented for "
     "one-to-many or many-to-many spreads.\",\"hint\":null,\"message\":\"Feature not "
     "implemented\"}"},
    {"GET /project_invoices?select=s:invoice_total.sum(),...projects(client_id)&"
     "order=projects(client_id)",
     "200\nContent-Range: 0-1/*\n\n[{\"s\":1500,\"client_id\":1}, \n {\"s\":7300,"
     "\"client_id\":2}]"},
    {"GET /project_invoices?select=s:invoice_total.sum(),...projects(x:client_id,m:id.max())&"
     "order=projects(x).desc",
     "200\nContent-Range: 0-1/*\n\n[{\"s\":7300,\"x\":2,\"m\":4}, \n {\"s\":1500,\"x\":1,"
     "\"m\":2}]"},
    {"GET /project_invoices?select=s:invoice_total.sum(),...projects(m:id.max())",
     "200\nContent-Range: 0-0/*\n\n[{\"s\":8800,\"m\":4}]"},
    {"GET /project_invoices?select=s:invoice_total.sum(),...projects(...clients(name),"
     "c:count())&order=s",
     "400\n\n{\"code\":\"42703\",\"details\":null,\"hint\":null,\"message\":\"column "
     "project_invoices.s does not exist\"}"},
    {"GET /project_invoices?select=s:invoice_total.sum(),...projects(...clients(name,count()))",
     "200\nContent-Range: 0-1/*\n\n[{\"s\":7300,\"name\":\"Apple\",\"count\":4}, \n "
     "{\"s\":1500,\"name\":\"Microsoft\",\"count\":4}]"},
    {"GET /project_invoices?select=...projects(clients(name),c:count())",
     "200\nContent-Range: 0-1/*\n\n[{\"clients\":{\"name\": \"Apple\"},\"c\":4}, \n "
     "{\"clients\":{\"name\": \"Microsoft\"},\"c\":4}]"},
    {"GET /projects?select=...clients(name,count()),c2:count()&order=clients(name)",
     "200\nContent-Range: 0-2/*\n\n[{\"name\":\"Apple\",\"count\":2,\"c2\":2}, \n "
     "{\"name\":\"Microsoft\",\"count\":2,\"c2\":2}, \n {\"name\":null,\"count\":0,\"c2\":1}]"},
    {"GET /clients?select=name,projects(name,project_invoices(invoice_total.sum(),"
     "...projects(client_id)))&order=id",
     "200\nContent-Range: 0-2/*\n\n[{\"name\":\"Microsoft\",\"projects\":[{\"name\":\"Windows "
     "7\",\"project_invoices\":[{\"sum\":300,\"client_id\":1}]}, \n {\"name\":\"Windows 10\","
     "\"project_invoices\":[{\"sum\":1200,\"client_id\":1}]}]}, \n {\"name\":\"Apple\","
     "\"projects\":[{\"name\":\"IOS\",\"project_invoices\":[{\"sum\":3200,\"client_id\":2}]}, "
     "\n {\"name\":\"OSX\",\"project_invoices\":[{\"sum\":4100,\"client_id\":2}]}]}, \n "
     "{\"name\":\"Nobody\",\"projects\":[]}]"},
    {"GET /clients?select=id,projects(...clients(name),id.max())&order=id",
     "200\nContent-Range: 0-2/*\n\n[{\"id\":1,\"projects\":[{\"name\":\"Microsoft\","
     "\"max\":2}]}, \n {\"id\":2,\"projects\":[{\"name\":\"Apple\",\"max\":4}]}, \n {\"id\":3,"
     "\"projects\":[]}]"},
    {"GET /project_invoices?select=...projects(name.count(),client_id)&"
     "projects.client_id=eq.1&order=projects(client_id)",
     "200\nContent-Range: 0-1/*\n\n[{\"count\":4,\"client_id\":1}, \n {\"count\":0,"
     "\"client_id\":null}]"},
    {"GET /clients?select=...projects(p:project_invoices(invoice_total.sum()))&order=id",
     "200\nContent-Range: 0-2/*\n\n[{\"p\":[[{\"sum\":300}], [{\"sum\":1200}]]}, \n "
     "{\"p\":[[{\"sum\":3200}], [{\"sum\":4100}]]}, \n {\"p\":[]}]"},
    {"GET /clients?select=...projects(name,...project_invoices(i:invoice_total))&order=id",
     "200\nContent-Range: 0-2/*\n\n[{\"name\":[\"Windows 7\", \"Windows 10\"],\"i\":[[100, "
     "200], [500, 700]]}, \n {\"name\":[\"IOS\", \"OSX\"],\"i\":[[1200, 2000], [100, 4000]]}, "
     "\n {\"name\":[],\"i\":[]}]"},
    {"GET /clients?select=x:projects(name,...clients(cn:name))&order=id",
     "200\nContent-Range: 0-2/*\n\n[{\"x\":[{\"name\":\"Windows 7\",\"cn\":\"Microsoft\"}, \n "
     "{\"name\":\"Windows 10\",\"cn\":\"Microsoft\"}]}, \n {\"x\":[{\"name\":\"IOS\","
     "\"cn\":\"Apple\"}, \n {\"name\":\"OSX\",\"cn\":\"Apple\"}]}, \n {\"x\":[]}]"},
    {"GET /project_invoices?select=s:invoice_total.sum(),...projects(x:client_id::text,"
     "m:id.max())&order=projects(x).desc",
     "200\nContent-Range: 0-1/*\n\n[{\"s\":7300,\"x\":\"2\",\"m\":4}, \n {\"s\":1500,"
     "\"x\":\"1\",\"m\":2}]"},
    {"GET /project_invoices?select=id,...projects(x:client_id::text)&order=projects(x).desc,id",
     "200\nContent-Range: 0-7/*\n\n[{\"id\":5,\"x\":\"2\"}, \n {\"id\":6,\"x\":\"2\"}, \n "
     "{\"id\":7,\"x\":\"2\"}, \n {\"id\":8,\"x\":\"2\"}, \n {\"id\":1,\"x\":\"1\"}, \n "
     "{\"id\":2,\"x\":\"1\"}, \n {\"id\":3,\"x\":\"1\"}, \n {\"id\":4,\"x\":\"1\"}]"},
    {"GET /project_invoices?select=id,...projects(x:client_id)&order=projects(x).desc,id",
     "200\nContent-Range: 0-7/*\n\n[{\"id\":5,\"x\":2}, \n {\"id\":6,\"x\":2}, \n {\"id\":7,"
     "\"x\":2}, \n {\"id\":8,\"x\":2}, \n {\"id\":1,\"x\":1}, \n {\"id\":2,\"x\":1}, \n "
     "{\"id\":3,\"x\":1}, \n {\"id\":4,\"x\":1}]"},
    {"GET /project_invoices?select=id,...projects(x:client_id)&order=projects(client_id).desc,"
     "id",
     "200\nContent-Range: 0-7/*\n\n[{\"id\":5,\"x\":2}, \n {\"id\":6,\"x\":2}, \n {\"id\":7,"
     "\"x\":2}, \n {\"id\":8,\"x\":2}, \n {\"id\":1,\"x\":1}, \n {\"id\":2,\"x\":1}, \n "
     "{\"id\":3,\"x\":1}, \n {\"id\":4,\"x\":1}]"},
    {"GET /projects?select=count,...clients(count)",
     "400\n\n{\"code\":\"42803\",\"details\":null,\"hint\":null,\"message\":\"column "
     "\\\"projects.id\\\" must appear in the GROUP BY clause or be used in an aggregate "
     "function\"}"},
    {"GET /projects?select=id.max(),...clients(count)",
     "200\nContent-Range: 0-1/*\n\n[{\"max\":5,\"count\":0}, \n {\"max\":4,\"count\":1}]"},
};

static void
aggregates_in_a_spread_belong_to_who_shows_them(void **state)
{
    door_expect_all(&door, aggregates_in_a_spread_belong_to_who_shows_them_cases,
                    COUNTOF(aggregates_in_a_spread_belong_to_who_shows_them_cases));
}

static const struct door_case each_type_has_the_aggregates_that_postgresql_gives_it_cases[] = {
    {"GET /kinds?select=i2.sum(),i4s:i4.sum(),i8s:i8.sum(),ns:n.sum(),f4s:f4.sum(),"
     "f8s:f8.sum()",
     "200\nContent-Range: 0-0/*\n\n[{\"sum\":0,\"i4s\":60,\"i8s\":9223372036854775813,"
     "\"ns\":-4.02,\"f4s\":1e+10,\"f8s\":0.6000000000000001}]"},
    {"GET /kinds?select=i2.avg(),i4s:i4.avg(),i8s:i8.avg(),ns:n.avg(),f4s:f4.avg(),"
     "f8s:f8.avg()",
     "200\nContent-Range: 0-0/*\n\n[{\"avg\":0.00000000000000000000,"
     "\"i4s\":20.0000000000000000,\"i8s\":3074457345618258604,\"ns\":-1.3400000000000000,"
     "\"f4s\":3333333334.5833335,\"f8s\":0.20000000000000004}]"},
    {"GET /kinds?select=i2.min(),i4:i4.min(),i8:i8.min(),n:n.min(),f4:f4.min(),f8:f8.min(),"
     "t:t.min(),v:v.min(),c:c.min(),d:d.min(),ti:ti.min(),ts:ts.min(),tz:tz.min(),m:m.min()",
     "200\nContent-Range: 0-0/*\n\n[{\"min\":-3,\"i4\":10,\"i8\":1,\"n\":-7.77,\"f4\":1.5,"
     "\"f8\":0.1,\"t\":\"Z\",\"v\":\"aa\",\"c\":\"a   \",\"d\":\"2024-12-31\","
     "\"ti\":\"09:11:12\",\"ts\":\"2024-12-31T00:00:00\",\"tz\":\"2024-12-31T00:00:00+00:00\","
     "\"m\":\"sad\"}]"},
    {"GET /kinds?select=i2.max(),i4:i4.max(),i8:i8.max(),n:n.max(),f4:f4.max(),f8:f8.max(),"
     "t:t.max(),v:v.max(),c:c.max(),d:d.max(),ti:ti.max(),ts:ts.max(),tz:tz.max(),m:m.max()",
     "200\nContent-Range: 0-0/*\n\n[{\"max\":2,\"i4\":30,\"i8\":9223372036854775807,"
     "\"n\":2.50,\"f4\":1e+10,\"f8\":0.3,\"t\":\"b\",\"v\":\"cc\",\"c\":\"d   \","
     "\"d\":\"2026-01-02\",\"ti\":\"23:59:59\",\"ts\":\"2026-01-02T10:11:12.5\","
     "\"tz\":\"2026-01-02T08:11:12+00:00\",\"m\":\"happy\"}]"},
    {"GET /kinds?select=j.count(),jb:jb.count(),b:b.count(),u:u.count(),all:count()",
     "200\nContent-Range: 0-0/*\n\n[{\"count\":2,\"jb\":2,\"b\":2,\"u\":2,\"all\":4}]"},
    {"GET /kinds?select=t.sum()",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No function matches the given "
     "name and argument types. You might need to add explicit type casts.\","
     "\"message\":\"function sum(text) does not exist\"}"},
    {"GET /kinds?select=v.avg()",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No function matches the given "
     "name and argument types. You might need to add explicit type casts.\","
     "\"message\":\"function avg(character varying) does not exist\"}"},
    {"GET /kinds?select=c.sum()",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No function matches the given "
     "name and argument types. You might need to add explicit type casts.\","
     "\"message\":\"function sum(character) does not exist\"}"},
    {"GET /kinds?select=b.max()",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No function matches the given "
     "name and argument types. You might need to add explicit type casts.\","
     "\"message\":\"function max(boolean) does not exist\"}"},
    {"GET /kinds?select=u.min()",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No function matches the given "
     "name and argument types. You might need to add explicit type casts.\","
     "\"message\":\"function min(uuid) does not exist\"}"},
    {"GET /kinds?select=by.min()",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No function matches the given "
     "name and argument types. You might need to add explicit type casts.\","
     "\"message\":\"function min(bytea) does not exist\"}"},
    {"GET /kinds?select=j.min()",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No function matches the given "
     "name and argument types. You might need to add explicit type casts.\","
     "\"message\":\"function min(json) does not exist\"}"},
    {"GET /kinds?select=jb.max()",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No function matches the given "
     "name and argument types. You might need to add explicit type casts.\","
     "\"message\":\"function max(jsonb) does not exist\"}"},
    {"GET /kinds?select=m.sum()",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No function matches the given "
     "name and argument types. You might need to add explicit type casts.\","
     "\"message\":\"function sum(mood) does not exist\"}"},
    {"GET /kinds?select=d.sum()",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No function matches the given "
     "name and argument types. You might need to add explicit type casts.\","
     "\"message\":\"function sum(date) does not exist\"}"},
    {"GET /kinds?select=ts.avg()",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No function matches the given "
     "name and argument types. You might need to add explicit type casts.\","
     "\"message\":\"function avg(timestamp without time zone) does not exist\"}"},
    {"GET /kinds?select=jb->a.sum()",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No function matches the given "
     "name and argument types. You might need to add explicit type casts.\","
     "\"message\":\"function sum(jsonb) does not exist\"}"},
    {"GET /kinds?select=jb->>a.sum()",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No function matches the given "
     "name and argument types. You might need to add explicit type casts.\","
     "\"message\":\"function sum(text) does not exist\"}"},
    {"GET /kinds?select=jb->>a::int.sum()", "200\nContent-Range: 0-0/*\n\n[{\"sum\":3}]"},
};

static void
each_type_has_the_aggregates_that_postgresql_gives_it(void **state)
{
    door_expect_all(&door, each_type_has_the_aggregates_that_postgresql_gives_it_cases,
                    COUNTOF(each_type_has_the_aggregates_that_postgresql_gives_it_cases));
}

static const struct door_case other_columns_make_the_groups_and_their_order_cases[] = {
    {"GET /projects?select=c:count(),client_id&order=client_id.desc",
     "200\nContent-Range: 0-2/*\n\n[{\"c\":1,\"client_id\":null}, \n {\"c\":2,"
     "\"client_id\":2}, \n {\"c\":2,\"client_id\":1}]"},
    {"GET /project_invoices?select=invoice_total.sum(),invoice_total.max(),"
     "invoice_total.min(),pid:project_id&order=project_id.desc",
     "200\nContent-Range: 0-3/*\n\n[{\"sum\":4100,\"max\":4000,\"min\":100,\"pid\":4}, \n "
     "{\"sum\":3200,\"max\":2000,\"min\":1200,\"pid\":3}, \n {\"sum\":1200,\"max\":700,"
     "\"min\":500,\"pid\":2}, \n {\"sum\":300,\"max\":200,\"min\":100,\"pid\":1}]"},
    {"GET /project_invoices?select=total_charged:invoice_total.sum()::text,project_id&"
     "order=project_id.desc",
     "200\nContent-Range: 0-3/*\n\n[{\"total_charged\":\"4100\",\"project_id\":4}, \n "
     "{\"total_charged\":\"3200\",\"project_id\":3}, \n {\"total_charged\":\"1200\","
     "\"project_id\":2}, \n {\"total_charged\":\"300\",\"project_id\":1}]"},
    {"GET /trash?select=jsonb_col->k2,jsonb_col->>key::integer.sum()&order=jsonb_col->k2",
     "200\nContent-Range: 0-1/*\n\n[{\"k2\":{\"a\": \"x\"},\"sum\":16}, \n {\"k2\":null,"
     "\"sum\":8}]"},
    {"GET /trash?select=jsonb_col->k2->>a,count()&order=jsonb_col->k2->>a",
     "200\nContent-Range: 0-1/*\n\n[{\"a\":\"x\",\"count\":2}, \n {\"a\":null,\"count\":1}]"},
    {"GET /kinds?select=g,n.sum(),n2:n.avg()::numeric,i4.avg()::int,m.max()&order=g",
     "200\nContent-Range: 0-1/*\n\n[{\"g\":1,\"sum\":3.75,\"n2\":1.8750000000000000,"
     "\"avg\":15,\"max\":\"happy\"}, \n {\"g\":2,\"sum\":-7.77,\"n2\":-7.7700000000000000,"
     "\"avg\":30,\"max\":\"ok\"}]"},
    {"GET /kinds?select=m,count()&order=m",
     "200\nContent-Range: 0-3/*\n\n[{\"m\":\"sad\",\"count\":1}, \n {\"m\":\"ok\","
     "\"count\":1}, \n {\"m\":\"happy\",\"count\":1}, \n {\"m\":null,\"count\":1}]"},
    {"GET /kinds?select=m,count()&order=m.desc.nullslast",
     "200\nContent-Range: 0-3/*\n\n[{\"m\":\"happy\",\"count\":1}, \n {\"m\":\"ok\","
     "\"count\":1}, \n {\"m\":\"sad\",\"count\":1}, \n {\"m\":null,\"count\":1}]"},
    {"GET /kinds?select=n,count()&order=n",
     "200\nContent-Range: 0-3/*\n\n[{\"n\":-7.77,\"count\":1}, \n {\"n\":1.25,\"count\":1}, "
     "\n {\"n\":2.50,\"count\":1}, \n {\"n\":null,\"count\":1}]"},
    {"GET /kinds?select=c,count()&order=c",
     "200\nContent-Range: 0-3/*\n\n[{\"c\":\"a   \",\"count\":1}, \n {\"c\":\"c   \","
     "\"count\":1}, \n {\"c\":\"d   \",\"count\":1}, \n {\"c\":null,\"count\":1}]"},
    {"GET /kinds?select=j,count()",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":null,\"message\":\"could not "
     "identify an equality operator for type json\"}"},
    {"GET /kinds?select=jb,count()&order=jb",
     "200\nContent-Range: 0-2/*\n\n[{\"jb\":{\"a\": 1},\"count\":1}, \n {\"jb\":{\"a\": 2},"
     "\"count\":1}, \n {\"jb\":null,\"count\":2}]"},
    {"GET /kinds?select=g,count()&order=m",
     "400\n\n{\"code\":\"42803\",\"details\":null,\"hint\":null,\"message\":\"column "
     "\\\"kinds.m\\\" must appear in the GROUP BY clause or be used in an aggregate "
     "function\"}"},
    {"GET /kinds?select=id,count()&order=t",
     "200\nContent-Range: 0-3/*\n\n[{\"id\":3,\"count\":1}, \n {\"id\":1,\"count\":1}, \n "
     "{\"id\":2,\"count\":1}, \n {\"id\":4,\"count\":1}]"},
    {"GET /kinds?select=g,count()&order=nosuch",
     "400\n\n{\"code\":\"42703\",\"details\":null,\"hint\":null,\"message\":\"column "
     "kinds.nosuch does not exist\"}"},
    {"GET /kinds?select=count,g",
     "400\n\n{\"code\":\"42803\",\"details\":null,\"hint\":null,\"message\":\"column "
     "\\\"kinds.g\\\" must appear in the GROUP BY clause or be used in an aggregate "
     "function\"}"},
    {"GET /kinds?select=count&order=g",
     "400\n\n{\"code\":\"42803\",\"details\":null,\"hint\":null,\"message\":\"column "
     "\\\"kinds.g\\\" must appear in the GROUP BY clause or be used in an aggregate "
     "function\"}"},
    {"GET /kinds?select=count,id.max()", "200\nContent-Range: 0-0/*\n\n[{\"count\":4,\"max\":4}]"},
    {"GET /kinds?select=*,n.sum()&id=eq.2",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":null,\"message\":\"could not "
     "identify an equality operator for type json\"}"},
    {"GET /days?select=at::date,n.sum()&order=at",
     "200\nContent-Range: 0-2/*\n\n[{\"at\":\"2026-01-01\",\"sum\":1}, \n "
     "{\"at\":\"2026-01-01\",\"sum\":2}, \n {\"at\":\"2026-01-02\",\"sum\":4}]"},
    {"GET /days?select=day:at::date,n.sum()&order=day",
     "400\n\n{\"code\":\"42703\",\"details\":null,\"hint\":null,\"message\":\"column days.day "
     "does not exist\"}"},
    {"GET /days?select=day:at::date,n.sum()&order=at",
     "400\n\n{\"code\":\"42803\",\"details\":null,\"hint\":null,\"message\":\"column "
     "\\\"days.at\\\" must appear in the GROUP BY clause or be used in an aggregate "
     "function\"}"},
    {"GET /days?select=n.sum()&n=gt.10", "200\nContent-Range: 0-0/*\n\n[{\"sum\":null}]"},
    {"GET /days?select=n.sum(),id&n=gt.10", "200\nContent-Range: */*\n\n[]"},
};

static void
other_columns_make_the_groups_and_their_order(void **state)
{
    door_expect_all(&door, other_columns_make_the_groups_and_their_order_cases,
                    COUNTOF(other_columns_make_the_groups_and_their_order_cases));
}

static const struct door_case ranges_counts_and_media_types_see_groups_cases[] = {
    {"GET /projects?select=client_id,count()&order=client_id&limit=1&offset=1\nPrefer: "
     "count=exact",
     "206\nContent-Range: 1-1/5\n\n[{\"client_id\":2,\"count\":2}]"},
    {"GET /projects?select=count()\nPrefer: count=exact",
     "206\nContent-Range: 0-0/5\n\n[{\"count\":5}]"},
    {"GET /projects?select=client_id,count()&order=client_id\nPrefer: count=exact",
     "206\nContent-Range: 0-2/5\n\n[{\"client_id\":1,\"count\":2}, \n {\"client_id\":2,"
     "\"count\":2}, \n {\"client_id\":null,\"count\":1}]"},
    {"GET /projects?select=count()\nAccept: application/vnd.pgrst.object+json",
     "200\nContent-Range: 0-0/*\n\n{\"count\":5}"},
    {"GET /projects?select=client_id,count()&order=client_id\nAccept: text/csv",
     "200\nContent-Range: 0-2/*\n\nclient_id,count\n1,2\n2,2\n,1"},
};

static void
ranges_counts_and_media_types_see_groups(void **state)
{
    door_expect_all(&door, ranges_counts_and_media_types_see_groups_cases,
                    COUNTOF(ranges_counts_and_media_types_see_groups_cases));
}

static const struct door_case what_a_write_shows_can_be_aggregated_cases[] = {
    {"POST /days?select=n.sum(),count()\nPrefer: return=representation\nContent-Type: "
     "application/json\n\n[{\"id\":10,\"at\":\"2026-05-05\",\"n\":5},{\"id\":11,"
     "\"at\":\"2026-05-05\",\"n\":6}]",
     "201\nContent-Range: */*\n\n[{\"sum\":11,\"count\":2}]"},
    {"POST /days?select=day:at::date,n.sum()\nPrefer: return=representation,"
     "resolution=merge-duplicates\nContent-Type: application/json\n\n[{\"id\":10,"
     "\"at\":\"2026-05-05\",\"n\":7},{\"id\":12,\"at\":\"2026-05-05\",\"n\":6}]",
     "201\nContent-Range: */*\n\n[{\"day\":\"2026-05-05\",\"sum\":13}]"},
    {"POST /days?select=n.sum()\nPrefer: return=representation,"
     "resolution=merge-duplicates\nContent-Type: application/json\n\n[{\"id\":10,"
     "\"at\":\"2026-05-05\",\"n\":7}]",
     "200\nContent-Range: */*\n\n[{\"sum\":7}]"},
    {"POST /days?select=count,n:count::text\nPrefer: return=representation,"
     "resolution=merge-duplicates\nContent-Type: application/json\n\n[{\"id\":10,"
     "\"n\":7},{\"id\":12,\"n\":6}]",
     "200\nContent-Range: */*\n\n[{\"count\":2,\"n\":\"2\"}]"},
    {"PATCH /days?id=eq.10&select=count\nPrefer: return=representation\nContent-Type: "
     "application/json\n\n{\"n\":7}",
     "200\nContent-Range: 0-0/*\n\n[{\"count\":1}]"},
    {"PUT /days?id=eq.13&select=count\nPrefer: return=representation\nContent-Type: "
     "application/json\n\n{\"id\":13}",
     "201\n\n[{\"count\":1}]"},
    {"DELETE /days?id=gt.12&select=count\nPrefer: return=representation",
     "200\nContent-Range: */*\n\n[{\"count\":1}]"},
    {"PATCH /days?id=gt.9&select=n.sum()\nPrefer: return=representation\nContent-Type: "
     "application/json\n\n{\"n\":1}",
     "200\nContent-Range: 0-0/*\n\n[{\"sum\":3}]"},
    {"DELETE /days?id=gt.9&select=n.sum(),count()\nPrefer: return=representation,count=exact",
     "200\nContent-Range: */1\n\n[{\"sum\":3,\"count\":3}]"},
};

static void
what_a_write_shows_can_be_aggregated(void **state)
{
    door_expect_all(&door, what_a_write_shows_can_be_aggregated_cases,
                    COUNTOF(what_a_write_shows_can_be_aggregated_cases));
}

static const struct door_case any_value_is_looked_into_as_json_cases[] = {
    {"GET /kinds?select=id,t->a,t->0,t->>0,i4->0,b->-1,d->>0,jb->0,j->0,n->>0&order=id",
     "200\nContent-Range: 0-3/*\n\n[{\"id\":1,\"a\":null,\"t\":\"a\",\"t\":\"a\",\"i4\":10,"
     "\"b\":true,\"d\":\"2026-01-02\",\"jb\":null,\"j\":null,\"n\":\"1.25\"}, \n {\"id\":2,"
     "\"a\":null,\"t\":\"b\",\"t\":\"b\",\"i4\":20,\"b\":false,\"d\":\"2025-01-02\","
     "\"jb\":null,\"j\":null,\"n\":\"2.50\"}, \n {\"id\":3,\"a\":null,\"t\":\"Z\",\"t\":\"Z\","
     "\"i4\":30,\"b\":null,\"d\":\"2024-12-31\",\"jb\":null,\"j\":null,\"n\":\"-7.77\"}, \n "
     "{\"id\":4,\"a\":null,\"t\":null,\"t\":null,\"i4\":null,\"b\":null,\"d\":null,"
     "\"jb\":null,\"j\":null,\"n\":null}]"},
    {"GET /kinds?select=id&t->0=is.null", "200\nContent-Range: 0-0/*\n\n[{\"id\":4}]"},
    {"GET /kinds?select=id&t->>0=eq.a", "200\nContent-Range: 0-0/*\n\n[{\"id\":1}]"},
    {"GET /kinds?select=jb->a->>x->y",
     "404\n\n{\"code\":\"42883\",\"details\":null,\"hint\":\"No operator matches the given "
     "name and argument types. You might need to add explicit type casts.\","
     "\"message\":\"operator does not exist: text -> unknown\"}"},
};

static void
any_value_is_looked_into_as_json(void **state)
{
    door_expect_all(&door, any_value_is_looked_into_as_json_cases,
                    COUNTOF(any_value_is_looked_into_as_json_cases));
}

static const struct door_case errors_of_the_request_come_before_those_of_the_statement_cases[] = {
    {"GET /kinds?select=nosuch,projects(id)",
     "400\n\n{\"code\":\"PGRST200\",\"details\":\"Searched for a foreign key relationship "
     "between 'kinds' and 'projects' in the schema 'public', but no matches were found.\","
     "\"hint\":null,\"message\":\"Could not find a relationship between 'kinds' and "
     "'projects' in the schema cache\"}"},
    {"GET /projects?select=nosuch,clients(nosuch2)&order=foo",
     "400\n\n{\"code\":\"42703\",\"details\":null,\"hint\":null,\"message\":\"column "
     "projects.nosuch does not exist\"}"},
    {"GET /projects?select=nosuch&clients.id=eq.1",
     "400\n\n{\"code\":\"PGRST108\",\"details\":null,\"hint\":\"Verify that 'clients' is "
     "included in the 'select' query parameter.\",\"message\":\"'clients' is not an embedded "
     "resource in this request\"}"},
    {"GET /projects?select=nosuch::nosuchtype",
     "400\n\n{\"code\":\"42703\",\"details\":null,\"hint\":null,\"message\":\"column "
     "projects.nosuch does not exist\"}"},
};

static void
errors_of_the_request_come_before_those_of_the_statement(void **state)
{
    door_expect_all(&door, errors_of_the_request_come_before_those_of_the_statement_cases,
                    COUNTOF(errors_of_the_request_come_before_those_of_the_statement_cases));
}

static const struct door_case
    embeds_without_columns_vanish_and_those_of_one_row_have_pages_cases[] = {
        {"GET /projects?select=name,clients(id)&clients.offset=1&limit=1",
         "200\nContent-Range: 0-0/*\n\n[{\"name\":\"Windows 7\",\"clients\":null}]"},
        {"GET /projects?select=name,clients(id)&clients.limit=0&limit=1",
         "200\nContent-Range: 0-0/*\n\n[{\"name\":\"Windows 7\",\"clients\":null}]"},
        {"GET /projects?select=name,...clients(cid:id)&clients.limit=0&limit=1",
         "200\nContent-Range: 0-0/*\n\n[{\"name\":\"Windows 7\",\"cid\":null}]"},
        {"GET /projects?select=name,clients(id)&clients.limit=7&limit=1",
         "200\nContent-Range: 0-0/*\n\n[{\"name\":\"Windows 7\",\"clients\":{\"id\":1}}]"},
        {"GET /clients?select=name,projects(project_invoices())&order=id",
         "200\nContent-Range: 0-2/*\n\n[{\"name\":\"Microsoft\"}, \n {\"name\":\"Apple\"}, \n "
         "{\"name\":\"Nobody\"}]"},
        {"GET /clients?select=name,projects(project_invoices(),name)&order=id&limit=1",
         "200\nContent-Range: 0-0/*\n\n[{\"name\":\"Microsoft\",\"projects\":[{\"name\":\"Windows "
         "7\"}, \n {\"name\":\"Windows 10\"}]}]"},
        {"GET /clients?select=projects()", "200\nContent-Range: 0-2/*\n\n[{}, \n {}, \n {}]"},
        {"GET /project_invoices?select=id,projects(clients())&limit=1",
         "200\nContent-Range: 0-0/*\n\n[{\"id\":1}]"},
};

static void
embeds_without_columns_vanish_and_those_of_one_row_have_pages(void **state)
{
    door_expect_all(&door, embeds_without_columns_vanish_and_those_of_one_row_have_pages_cases,
                    COUNTOF(embeds_without_columns_vanish_and_those_of_one_row_have_pages_cases));
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_counted_and_values_aggregated),
        cmocka_unit_test(embeds_have_aggregates_of_their_own),
        cmocka_unit_test(aggregates_in_a_spread_belong_to_who_shows_them),
        cmocka_unit_test(each_type_has_the_aggregates_that_postgresql_gives_it),
        cmocka_unit_test(other_columns_make_the_groups_and_their_order),
        cmocka_unit_test(ranges_counts_and_media_types_see_groups),
        cmocka_unit_test(what_a_write_shows_can_be_aggregated),
        cmocka_unit_test(any_value_is_looked_into_as_json),
        cmocka_unit_test(errors_of_the_request_come_before_those_of_the_statement),
        cmocka_unit_test(embeds_without_columns_vanish_and_those_of_one_row_have_pages),
    };
    int failed;

    if (!door_begin(argc, argv))
        return 77;
    failed = cmocka_run_group_tests(tests, open_tables, close_tables);
    door_end();
    return failed;
}
