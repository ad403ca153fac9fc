/* SPDX-License-Identifier: Apache-2.0 */
/* Embedding: points 17 to 26 of the contract. */
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

static const struct door_case embeds[] = {
    {"GET /projects?id=in.(1,5)&select=id,clients(id),tasks(id)",
     "200\nContent-Range: 0-1/*\n\n"
     "[{\"id\":1,\"clients\":{\"id\":1},\"tasks\":[{\"id\":1}, \n {\"id\":2}]}, \n "
     "{\"id\":5,\"clients\":null,\"tasks\":[]}]"},
    {"GET /clients?select=name,projects(name,tasks(name))&id=eq.2",
     "200\n\n[{\"name\":\"Apple\",\"projects\":[{\"name\":\"IOS\",\"tasks\":[{\"name\":\"Design "
     "IOS\"}, \n {\"name\":\"Code IOS\"}]}, \n {\"name\":\"OSX\",\"tasks\":[{\"name\":\"Design "
     "OSX\"}, \n {\"name\":\"Code OSX\"}]}]}]"},
    {"GET /tasks?select=id,users(id,name)&id=eq.1",
     "200\n\n[{\"id\":1,\"users\":[{\"id\":1,\"name\":\"Angela Martin\"}, \n "
     "{\"id\":3,\"name\":\"Dwight Schrute\"}]}]"},
    {"GET /users?select=id,tasks(id)&id=eq.2",
     "200\n\n[{\"id\":2,\"tasks\":[{\"id\":5}, \n {\"id\":6}, \n {\"id\":7}]}]"},
    {"GET /users?select=id,tasks!users_tasks(id)&id=eq.3",
     "200\n\n[{\"id\":3,\"tasks\":[{\"id\":1}, \n {\"id\":5}]}]"},
    {"GET /projects?select=client_id(name)&id=eq.1",
     "200\n\n[{\"client_id\":{\"name\":\"Microsoft\"}}]"},
    {"GET /projects?select=client(name)&id=eq.1", "200\n\n[{\"client\":{\"name\":\"Microsoft\"}}]"},
    {"GET /clients?select=projects!client(id)&id=eq.1",
     "200\n\n[{\"projects\":[{\"id\":1}, \n {\"id\":2}]}]"},
    {"GET /clients?select=projects!client_id(id)&id=eq.1",
     "200\n\n[{\"projects\":[{\"id\":1}, \n {\"id\":2}]}]"},
    {"GET /projects?select=c:clients(n:name,*)&id=eq.3",
     "200\n\n[{\"c\":{\"n\":\"Apple\",\"id\":2,\"name\":\"Apple\"}}]"},
    {"GET /projects?select=*,clients(*)&id=eq.3",
     "200\n\n[{\"id\":3,\"name\":\"IOS\",\"client_id\":2,\"clients\":{\"id\":2,\"name\":\"Apple\"}}]"},
    {"GET /person?select=name,person_detail(email)&order=id",
     "200\n\n[{\"name\":\"John\",\"person_detail\":{\"email\":\"john@example.org\"}}, \n "
     "{\"name\":\"Jane\",\"person_detail\":null}]"},
    {"GET /project_names?select=name,tasks(id)&id=eq.1",
     "200\n\n[{\"name\":\"Windows 7\",\"tasks\":[{\"id\":1}, \n {\"id\":2}]}]"},
    {"GET /late_tasks?select=id,projects(name)&id=eq.6",
     "200\n\n[{\"id\":6,\"projects\":{\"name\":\"IOS\"}}]"},
    {"GET /projects?select=id,late_tasks(id)&late_tasks.order=id&id=gte.3&id=lt.5",
     "200\n\n[{\"id\":3,\"late_tasks\":[{\"id\":6}]}, \n "
     "{\"id\":4,\"late_tasks\":[{\"id\":7}, \n {\"id\":8}]}]"},
    {"GET /tasks?select=id,project_names(name)&id=eq.1",
     "200\n\n[{\"id\":1,\"project_names\":{\"name\":\"Windows 7\"}}]"},
    {"GET /projects?select=id,tasks(id::text,n:name)&id=eq.1",
     "200\n\n[{\"id\":1,\"tasks\":[{\"id\":\"1\",\"n\":\"Design w7\"}, \n "
     "{\"id\":\"2\",\"n\":\"Code w7\"}]}]"},
    {"GET /projects?select=id,tasks(count)&id=in.(1,5)",
     "200\n\n[{\"id\":1,\"tasks\":[{\"count\":2}]}, \n {\"id\":5,\"tasks\":[{\"count\":0}]}]"},
    {"GET /projects?select=id,clients(id)&id=eq.1\nAccept: text/csv",
     "200\n\nid,clients\n1,\"{\"\"id\"\":1}\""},
    {"GET /projects?select=id,clients(id,name)&id=eq.5\n"
     "Accept: application/vnd.pgrst.array+json;nulls=stripped",
     "200\n\n[{\"id\":5}]"},
};

static const struct door_case stripped[] = {
    {"GET /family_tree?select=id,p:parent(id,parent),children:family_tree!parent(id,parent,"
     "family_tree(name,parent,p:parent(parent)))&id=in.(1,3)&order=id\n"
     "Accept: application/vnd.pgrst.array+json;nulls=stripped",
     "200\n\n[{\"id\":\"1\",\"children\":[{\"id\":\"2\",\"parent\":\"1\",\"family_tree\":"
     "[{\"name\":\"Grandkid One\",\"parent\":\"2\",\"p\":{\"parent\":\"1\"}}]}, \n {\"id\":\"3\","
     "\"parent\":\"1\",\"family_tree\":[{\"name\":\"Grandkid Two\",\"parent\":\"3\",\"p\":"
     "{\"parent\":\"1\"}}]}]}, \n {\"id\":\"3\",\"p\":{\"id\":\"1\"},\"children\":[{\"id\":\"5\","
     "\"parent\":\"3\",\"family_tree\":[]}]}]"},
    {"GET /family_tree?select=id,parent(id,parent)&id=eq.2",
     "200\n\n[{\"id\":\"2\",\"parent\":{\"id\":\"1\",\"parent\":null}}]"},
    {"GET /family_tree?select=id,parent(id,parent)&id=eq.2\n"
     "Accept: application/vnd.pgrst.object+json;nulls=stripped",
     "200\n\n{\"id\":\"2\",\"parent\":{\"id\":\"1\"}}"},
};

static void
nulls_are_stripped_at_every_level(void **state)
{
    door_expect_all(&door, stripped, COUNTOF(stripped));
}

static void
related_rows_stand_in_their_parents(void **state)
{
    door_expect_all(&door, embeds, COUNTOF(embeds));
}

static const struct door_case missing[] = {
    {"GET /clients?select=tasks(id)",
     "400\nProxy-Status: PostgREST; error=PGRST200\n\n{\"code\":\"PGRST200\",\"details\":\"Searched "
     "for a foreign key relationship between 'clients' and 'tasks' in the schema 'public', but no "
     "matches were found.\",\"hint\":null,\"message\":\"Could not find a relationship between "
     "'clients' and 'tasks' in the schema cache\"}"},
    {"GET /clients?select=project(id)",
     "400\n\n{\"code\":\"PGRST200\",\"details\":\"Searched for a foreign key relationship between "
     "'clients' and 'project' in the schema 'public', but no matches were found.\",\"hint\":"
     "\"Perhaps you meant 'projects' instead of 'project'.\",\"message\":\"Could not find a "
     "relationship between 'clients' and 'project' in the schema cache\"}"},
    {"GET /clients?select=projects_2026(id)",
     "400\n\n{\"code\":\"PGRST200\",\"details\":\"Searched for a foreign key relationship between "
     "'clients' and 'projects_2026' in the schema 'public', but no matches were found.\",\"hint\":"
     "\"Perhaps you meant 'projects' instead of 'projects_2026'.\",\"message\":..."},
    {"GET /clients?select=nothing,projects_2026(id)&alike=eq.1",
     "400\n\n{\"code\":\"PGRST200\",..."},
    {"GET /clients?select=nothing,projects(id)&tasks.id=eq.1", "400\n\n{\"code\":\"PGRST108\",..."},
    {"GET /clients?select=nothing,projects(id)&order=projects(id)",
     "400\n\n{\"code\":\"PGRST118\",..."},
    {"GET /clients?select=nothing,name->a", "400\n\n{\"code\":\"42703\",..."},
    {"GET /tasks?select=projects!wrong(id)",
     "400\n\n{\"code\":\"PGRST200\",\"details\":\"Searched for a foreign key relationship between "
     "'tasks' and 'projects' using the hint 'wrong' in the schema 'public', but no matches were "
     "found.\",\"hint\":null,..."},
    {"GET /clients?select=projects!wrong(id)",
     "400\n\n{\"code\":\"PGRST200\",\"details\":\"Searched for a foreign key relationship between "
     "'clients' and 'projects' using the hint 'wrong' in the schema 'public', but no matches were "
     "found.\",\"hint\":null,..."},
    {"GET /agents?select=*,departments(*)",
     "300\n\n{\"code\":\"PGRST201\",\"details\":[{\"cardinality\":\"one-to-many\",\"embedding\":"
     "\"agents with departments\",\"relationship\":\"departments_head_id_fkey using agents(id) and "
     "departments(head_id)\"},{\"cardinality\":\"many-to-one\",\"embedding\":\"agents with "
     "departments\",\"relationship\":\"agents_department_id_fkey using agents(department_id) and "
     "departments(id)\"}],\"hint\":\"Try changing 'departments' to one of the following: "
     "'departments!departments_head_id_fkey', 'departments!agents_department_id_fkey'. Find the "
     "desired relationship in the 'details' key.\",\"message\":\"Could not embed because more than "
     "one relationship was found for 'agents' and 'departments'\"}"},
    {"GET /agents?select=id,departments!agents_department_id_fkey(id)&id=eq.1",
     "200\n\n[{\"id\":1,\"departments\":{\"id\":1}}]"},
    {"GET /agents?select=id,departments!departments_head_id_fkey(id)&id=eq.2",
     "200\n\n[{\"id\":2,\"departments\":[{\"id\":2}]}]"},
    {"GET /clients?select=*&projects.name=eq.x",
     "400\n\n{\"code\":\"PGRST108\",\"details\":null,\"hint\":\"Verify that 'projects' is included "
     "in the 'select' query parameter.\",\"message\":\"'projects' is not an embedded resource in "
     "this request\"}"},
    {"GET /clients?select=*&projects.tasks.name=eq.x", "400\n\n{\"code\":\"PGRST108\",..."},
    {"GET /clients?select=*&projects.order=name", "400\n\n{\"code\":\"PGRST108\",..."},
    {"GET /projects?select=id,clients(nothing)", "400\n\n{\"code\":\"42703\",..."},
};

static void
what_can_not_be_embedded_says_why(void **state)
{
    door_expect_all(&door, missing, COUNTOF(missing));
}

static const struct door_case inner[] = {
    {"GET /projects?select=id,clients!inner(id)&clients.id=eq.2",
     "200\n\n[{\"id\":3,\"clients\":{\"id\":2}}, \n {\"id\":4,\"clients\":{\"id\":2}}]"},
    {"GET /projects?select=id,clients!inner(id)&clients.id=eq.2\nPrefer: count=exact",
     "200\nContent-Range: 0-1/2\n\n[{\"id\":3,\"clients\":{\"id\":2}}, \n "
     "{\"id\":4,\"clients\":{\"id\":2}}]"},
    {"GET /projects?select=id,clients(id)&clients.id=eq.2&order=id&limit=3",
     "200\n\n[{\"id\":1,\"clients\":null}, \n {\"id\":2,\"clients\":null}, \n "
     "{\"id\":3,\"clients\":{\"id\":2}}]"},
    {"GET /clients?select=id,projects!inner(id,tasks!inner(id))&projects.tasks.id=eq.5",
     "200\n\n[{\"id\":2,\"projects\":[{\"id\":3,\"tasks\":[{\"id\":5}]}]}]"},
    {"GET /users?select=id,tasks!inner(id)&tasks.id=eq.5&order=id",
     "200\n\n[{\"id\":2,\"tasks\":[{\"id\":5}]}, \n {\"id\":3,\"tasks\":[{\"id\":5}]}]"},
    {"GET /clients?select=projects!client!inner(id)&projects.id=eq.4",
     "200\n\n[{\"projects\":[{\"id\":4}]}]"},
    {"GET /clients?select=projects!inner!client(id)&projects.id=eq.4",
     "200\n\n[{\"projects\":[{\"id\":4}]}]"},
    {"GET /projects?select=id,clients!left(id)&id=eq.5", "200\n\n[{\"id\":5,\"clients\":null}]"},
    {"GET /clients?select=name,projects!inner()&projects.name=eq.IOS",
     "200\n\n[{\"name\":\"Apple\"}]"},
    {"GET /clients?select=*,projects(tasks())&id=eq.1",
     "200\n\n[{\"id\":1,\"name\":\"Microsoft\"}]"},
    {"GET /clients?select=id,projects(tasks(),name)&projects.limit=1&id=eq.1",
     "200\n\n[{\"id\":1,\"projects\":[{\"name\":\"Windows 7\"}]}]"},
    {"GET /clients?select=id,projects!inner(tasks!inner())&projects.tasks.id=eq.6",
     "200\n\n[{\"id\":2}]"},
    {"GET /clients?select=id,projects!inner(id)&projects.limit=0", "200\n\n[]"},
    {"GET /projects?select=id,tasks!inner(id)&tasks.order=id&tasks.offset=1&id=eq.1\n"
     "Prefer: count=exact",
     "200\nContent-Range: 0-0/1\n\n[{\"id\":1,\"tasks\":[{\"id\":2}]}]"},
    {"GET /projects?select=id,tasks()&tasks.offset=2&tasks=not.is.null", "200\n\n[]"},
    {"GET /projects?select=id,clients!inner(id)&clients.offset=1", "200\n\n[]"},
    {"GET /projects?select=id,tasks!inner(count)&id=gt.3&order=id\nPrefer: count=exact",
     "200\nContent-Range: 0-1/2\n\n[{\"id\":4,\"tasks\":[{\"count\":2}]}, \n "
     "{\"id\":5,\"tasks\":[{\"count\":0}]}]"},
    {"GET /projects?select=id,tasks(count)&tasks=is.null", "200\n\n[]"},
    {"GET /projects?select=name,clients()&clients=is.null", "200\n\n[{\"name\":\"Orphan\"}]"},
    {"GET /projects?select=id,clients()&clients=not.is.null",
     "200\n\n[{\"id\":1}, \n {\"id\":2}, \n {\"id\":3}, \n {\"id\":4}]"},
    {"GET /projects?select=id,clients()&or=(clients.is.null,id.eq.1)&order=id",
     "200\n\n[{\"id\":1}, \n {\"id\":5}]"},
    {"GET /clients?select=id,projects()&projects=not.is.null&projects.name=eq.IOS",
     "200\n\n[{\"id\":2}]"},
    {"GET /clients?select=id,projects()&projects=is.null", "200\n\n[]"},
    {"GET /projects?select=id,clients()&clients=eq.1", "400\n\n{\"code\":\"42703\",..."},
};

static void
inner_and_null_tests_drop_parents(void **state)
{
    door_expect_all(&door, inner, COUNTOF(inner));
}

static const struct door_case shaping[] = {
    {"GET /projects?select=id,tasks(name)&id=lt.3&tasks.name=like.D*",
     "200\n\n[{\"id\":1,\"tasks\":[{\"name\":\"Design w7\"}]}, \n "
     "{\"id\":2,\"tasks\":[{\"name\":\"Design w10\"}]}]"},
    {"GET /projects?select=id,tasks(id)&id=eq.1&tasks.order=id.desc",
     "200\n\n[{\"id\":1,\"tasks\":[{\"id\":2}, \n {\"id\":1}]}]"},
    {"GET /projects?select=id,tasks(id)&id=lt.3&tasks.order=id.desc&tasks.limit=1&order=id",
     "200\n\n[{\"id\":1,\"tasks\":[{\"id\":2}]}, \n {\"id\":2,\"tasks\":[{\"id\":4}]}]"},
    {"GET /projects?select=id,tasks(id)&id=eq.1&tasks.order=id&tasks.offset=1",
     "200\n\n[{\"id\":1,\"tasks\":[{\"id\":2}]}]"},
    {"GET /projects?select=id,tasks(id)&id=eq.1&tasks.limit=0", "200\n\n[{\"id\":1,\"tasks\":[]}]"},
    {"GET /clients?select=id,projects(id,tasks(id))&id=eq.1&projects.tasks.id=eq.4",
     "200\n\n[{\"id\":1,\"projects\":[{\"id\":1,\"tasks\":[]}, \n "
     "{\"id\":2,\"tasks\":[{\"id\":4}]}]}]"},
    {"GET /projects?select=id,tasks(id)&id=eq.1&tasks.or=(id.eq.2,name.eq.x)",
     "200\n\n[{\"id\":1,\"tasks\":[{\"id\":2}]}]"},
    {"GET /projects?select=id,tasks(id)&id=eq.1&tasks.not.or=(id.eq.2,name.eq.x)",
     "200\n\n[{\"id\":1,\"tasks\":[{\"id\":1}]}]"},
    {"GET /projects?select=id,t:tasks(id)&id=eq.1&t.id=eq.2",
     "200\n!Warning\n\n[{\"id\":1,\"t\":[{\"id\":2}]}]"},
    {"GET /projects?select=id,t:tasks(id)&id=eq.1&tasks.id=eq.2",
     "200\n\n[{\"id\":1,\"t\":[{\"id\":2}]}]"},
    {"GET /projects?select=id,a:tasks(id),b:tasks(id)&id=eq.1&a.id=eq.1&b.id=eq.2",
     "200\n\n[{\"id\":1,\"a\":[{\"id\":1}],\"b\":[{\"id\":2}]}]"},
};

static void
an_embed_has_filters_order_and_pages_of_its_own(void **state)
{
    door_expect_all(&door, shaping, COUNTOF(shaping));
}

static const struct door_case spreads[] = {
    {"GET /projects?id=eq.1&select=id,...clients(client_name:name)",
     "200\n\n[{\"id\":1,\"client_name\":\"Microsoft\"}]"},
    {"GET /projects?id=eq.5&select=id,...clients(client_name:name)",
     "200\n\n[{\"id\":5,\"client_name\":null}]"},
    {"GET /projects?id=in.(1,5)&select=id,...tasks(tid:id,tn:name)&tasks.order=id.desc&order=id",
     "200\n\n[{\"id\":1,\"tid\":[2, 1],\"tn\":[\"Code w7\", \"Design w7\"]}, \n "
     "{\"id\":5,\"tid\":[],\"tn\":[]}]"},
    {"GET /tasks?id=eq.5&select=id,...projects(pn:name,...clients(cn:name))",
     "200\n\n[{\"id\":5,\"pn\":\"IOS\",\"cn\":\"Apple\"}]"},
    {"GET /tasks?id=eq.5&select=id,...projects(pn:name,clients(name))",
     "200\n\n[{\"id\":5,\"pn\":\"IOS\",\"clients\":{\"name\":\"Apple\"}}]"},
    {"GET /clients?id=eq.2&select=id,projects(...tasks(x:id))&projects.order=id&"
     "projects.tasks.order=id",
     "200\n\n[{\"id\":2,\"projects\":[{\"x\":[5, 6]}, \n {\"x\":[7, 8]}]}]"},
    {"GET /clients?select=x:...projects(id)", "400\n\n{\"code\":\"PGRST100\",..."},
};

static void
spreads_lift_columns_into_the_parent(void **state)
{
    door_expect_all(&door, spreads, COUNTOF(spreads));
}

static const struct door_case related[] = {
    {"GET /projects?select=id,clients(name)&order=clients(name).asc,id.desc",
     "200\n\n[{\"id\":4,\"clients\":{\"name\":\"Apple\"}}, \n {\"id\":3,\"clients\":{\"name\":"
     "\"Apple\"}}, \n {\"id\":2,\"clients\":{\"name\":\"Microsoft\"}}, \n "
     "{\"id\":1,\"clients\":{\"name\":\"Microsoft\"}}, \n {\"id\":5,\"clients\":null}]"},
    {"GET /projects?select=id,clients()&order=clients(name).desc.nullslast,id",
     "200\n\n[{\"id\":1}, \n {\"id\":2}, \n {\"id\":3}, \n {\"id\":4}, \n {\"id\":5}]"},
    {"GET /clients?select=id,projects(id)&order=projects(id)",
     "400\n\n{\"code\":\"PGRST118\",\"details\":\"'clients' and 'projects' do not form a "
     "many-to-one or one-to-one relationship\",\"hint\":null,\"message\":\"A related order on "
     "'projects' is not possible\"}"},
    {"GET /projects?select=id&order=clients(name)", "400\n\n{\"code\":\"PGRST108\",..."},
    {"GET /family_tree?select=name,parent(name),children:family_tree!parent(name)&id=eq.2",
     "200\n\n[{\"name\":\"Kid One\",\"parent\":{\"name\":\"Parental Unit\"},\"children\":"
     "[{\"name\":\"Grandkid One\"}]}]"},
    {"GET /family_tree?select=id,family_tree(id)&id=eq.1",
     "200\n\n[{\"id\":\"1\",\"family_tree\":[{\"id\":\"2\"}, \n {\"id\":\"3\"}]}]"},
};

static void
rows_are_ordered_by_a_related_column_and_trees_followed(void **state)
{
    door_expect_all(&door, related, COUNTOF(related));
}

static const struct door_case by_target[] = {
    {"GET /clients?id=eq.1&select=id,ps:projects(id)&projects.limit=1&projects.order=id.desc",
     "200\nWarning: 299 - \"An embed with an alias was called by its target's name, which will not be "
     "taken for ever. Change 'projects' to 'ps' in filters, orders or limits.\"\n\n"
     "[{\"id\":1,\"ps\":[{\"id\":2}]}]"},
    {"GET /clients?id=eq.1&select=id,ps:projects(id)&ps.limit=1", "200\n!Warning\n\n..."},
};

static void
an_alias_is_what_an_embed_is_called_by_and_its_target_for_a_while(void **state)
{
    struct door_options options = {.migration = shop_sql, .limits = door_limits};
    struct door strict;

    door_expect_all(&door, by_target, COUNTOF(by_target));
    options.limits.aliases_only = true;
    door_open(&strict, &options);
    door_expect(
        &strict, by_target[0].request,
        "400\n\n{\"code\":\"PGRST108\",\"details\":\"Target names are not allowed in filters "
        "if they have an alias\",\"hint\":\"Change 'projects' to 'ps' in filters, orders or "
        "limits.\",\"message\":\"'projects' is not an embedded resource in this request\"}");
    door_expect(&strict, by_target[1].request, by_target[1].answer);
    door_close(&strict);
}

static const char boxes_sql[] =
    "CREATE TYPE size AS ENUM ('small', 'very big');"
    "CREATE TABLE shelves (id integer PRIMARY KEY, name text);"
    "CREATE TABLE boxes (id integer PRIMARY KEY, label text, weight numeric(10,2),"
    "    ratio double precision, is_open boolean, packed timestamptz, at timestamp, raw bytea,"
    "    doc json, docb jsonb, tags text[], counts integer[], size size, code char(4),"
    "    shelf_id integer REFERENCES shelves (id));"
    "CREATE TABLE things (id integer PRIMARY KEY, box_id integer REFERENCES boxes (id),"
    "    other_id integer);"
    "CREATE VIEW seen_boxes AS SELECT id, label, shelf_id FROM boxes;"
    "INSERT INTO shelves VALUES (1, 'upper'), (2, 'empty');"
    "INSERT INTO boxes VALUES (1, E'a \"b\", (c)\\\\ d\\ne', 1.50, 'NaN', true,"
    "    '2026-01-02 03:04:05.5+00', '2026-01-02 03:04:05', '\\x00ff', '{\"a\": [1, \"x\\\"y\"]}',"
    "    '{\"b\":null}', '{a,\"b c\",\"d\\\"e\",NULL}', '{1,2}', 'very big', 'ab', 1),"
    "    (2, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1);"
    "INSERT INTO things VALUES (1, 1, 1), (2, 2, 1), (3, NULL, NULL);";

#define LABEL "\"a \\\"b\\\", (c)\\\\ d\\ne\""
#define BOX_1                                                                                \
    "{\"id\":1,\"label\":" LABEL ",\"weight\":1.50,\"ratio\":\"NaN\",\"is_open\":true,"      \
    "\"packed\":\"2026-01-02T03:04:05.5+00:00\",\"at\":\"2026-01-02T03:04:05\",\"raw\":"     \
    "\"\\\\x00ff\",\"doc\":{\"a\": [1, \"x\\\"y\"]},\"docb\":{\"b\": null},\"tags\":[\"a\"," \
    "\"b c\",\"d\\\"e\",null],\"counts\":[1,2],\"size\":\"very big\",\"code\":\"ab  \","     \
    "\"shelf_id\":1}"
#define BOX_2                                                                                   \
    "{\"id\":2,\"label\":\"\",\"weight\":null,\"ratio\":null,\"is_open\":null,\"packed\":null," \
    "\"at\":null,\"raw\":null,\"doc\":null,\"docb\":null,\"tags\":null,\"counts\":null,"        \
    "\"size\":null,\"code\":null,\"shelf_id\":1}"
#define NEXT ", \n "

static const struct door_case kinds[] = {
    {"GET /boxes?order=id", "200\n\n[" BOX_1 NEXT BOX_2 "]"},
    {"GET /things?select=boxes(*)&order=id",
     "200\n\n[{\"boxes\":" BOX_1 "}" NEXT "{\"boxes\":" BOX_2 "}" NEXT "{\"boxes\":null}]"},
    {"GET /things?select=boxes(*)&order=other_id,id&limit=2",
     "200\n\n[{\"boxes\":" BOX_1 "}" NEXT "{\"boxes\":" BOX_2 "}]"},
    {"GET /shelves?select=boxes(*)&boxes.order=id&order=id",
     "200\n\n[{\"boxes\":[" BOX_1 NEXT BOX_2 "]}" NEXT "{\"boxes\":[]}]"},
    {"GET /shelves?select=boxes(things(boxes(*)))&boxes.order=id&id=eq.1",
     "200\n\n[{\"boxes\":[{\"things\":[{\"boxes\":" BOX_1 "}]}" NEXT
     "{\"things\":[{\"boxes\":" BOX_2 "}]}]}]"},
    {"GET /shelves?id=eq.1&select=boxes!inner(things(boxes(things(boxes(label)))))&"
     "boxes.id=eq.1",
     "200\n\n[{\"boxes\":[{\"things\":[{\"boxes\":{\"things\":[{\"boxes\":"
     "{\"label\":" LABEL "}}]}}]}]}]"},
    {"GET /things?select=id,boxes(label,shelves(*))&order=id",
     "200\n\n[{\"id\":1,\"boxes\":{\"label\":" LABEL
     ",\"shelves\":{\"id\":1,\"name\":\"upper\"}}}" NEXT
     "{\"id\":2,\"boxes\":{\"label\":\"\",\"shelves\":{\"id\":1,\"name\":\"upper\"}}}" NEXT
     "{\"id\":3,\"boxes\":null}]"},
    {"GET /things?select=id,boxes(label,shelves(boxes(id)))&order=id&boxes.shelves.boxes.order=id",
     "200\n\n[{\"id\":1,\"boxes\":{\"label\":" LABEL ",\"shelves\":{\"boxes\":[{\"id\":1}" NEXT
     "{\"id\":2}]}}}" NEXT
     "{\"id\":2,\"boxes\":{\"label\":\"\",\"shelves\":{\"boxes\":[{\"id\":1}" NEXT
     "{\"id\":2}]}}}" NEXT "{\"id\":3,\"boxes\":null}]"},
    {"GET /things?select=id,...boxes(l:label,doc,shelves(name))&order=id",
     "200\n\n[{\"id\":1,\"l\":" LABEL ",\"doc\":{\"a\": [1, \"x\\\"y\"]},\"shelves\":{\"name\":"
     "\"upper\"}}" NEXT "{\"id\":2,\"l\":\"\",\"doc\":null,\"shelves\":{\"name\":\"upper\"}}" NEXT
     "{\"id\":3,\"l\":null,\"doc\":null,\"shelves\":null}]"},
    {"GET /things?select=id,...boxes(l:label,things(id))&order=id",
     "200\n\n[{\"id\":1,\"l\":" LABEL ",\"things\":[{\"id\":1}]}" NEXT
     "{\"id\":2,\"l\":\"\",\"things\":[{\"id\":2}]}" NEXT "{\"id\":3,\"l\":null,\"things\":null}]"},
    {"GET /things?select=id,...boxes(l:label,w:weight,...shelves(s:name))&order=id",
     "200\n\n[{\"id\":1,\"l\":" LABEL ",\"w\":1.50,\"s\":\"upper\"}" NEXT
     "{\"id\":2,\"l\":\"\",\"w\":null,\"s\":\"upper\"}" NEXT
     "{\"id\":3,\"l\":null,\"w\":null,\"s\":null}]"},
    {"GET /things?select=id,boxes(i:id::text,t:tags->0,\"cairn row\":label)&id=lt.3&order=id",
     "200\n\n[{\"id\":1,\"boxes\":{\"i\":\"1\",\"t\":\"a\",\"cairn row\":" LABEL "}}" NEXT
     "{\"id\":2,\"boxes\":{\"i\":\"2\",\"t\":null,\"cairn row\":\"\"}}]"},
    {"GET /things?select=id,seen_boxes(label)&order=id.desc",
     "200\n\n[{\"id\":3,\"seen_boxes\":null}" NEXT "{\"id\":2,\"seen_boxes\":{\"label\":\"\"}}" NEXT
     "{\"id\":1,\"seen_boxes\":{\"label\":" LABEL "}}]"},
    {"GET /things?select=id,boxes!inner(label)&boxes.label=eq.&order=id\nPrefer: count=exact",
     "200\nContent-Range: 0-0/1\n\n[{\"id\":2,\"boxes\":{\"label\":\"\"}}]"},
    {"GET /things?select=id,boxes(label,shelves!inner(name))&boxes.shelves.name=eq.x&order=id",
     "200\n\n[{\"id\":1,\"boxes\":null}" NEXT "{\"id\":2,\"boxes\":null}" NEXT
     "{\"id\":3,\"boxes\":null}]"},
    {"GET /things?select=id,boxes!inner(label,shelves!inner(name))&boxes.label=neq.&order=id",
     "200\n\n[{\"id\":1,\"boxes\":{\"label\":" LABEL ",\"shelves\":{\"name\":\"upper\"}}}]"},
    {"GET /things?select=id,boxes(label)&boxes=is.null", "200\n\n[{\"id\":3,\"boxes\":null}]"},
    {"GET /things?select=a:boxes(id),b:boxes(label),boxes(size)&a.id=eq.2&order=id&id=lt.3",
     "200\n\n[{\"a\":null,\"b\":{\"label\":" LABEL "},\"boxes\":{\"size\":\"very big\"}}" NEXT
     "{\"a\":{\"id\":2},\"b\":{\"label\":\"\"},\"boxes\":{\"size\":null}}]"},
    {"GET /things?select=boxes(*)&id=eq.2\nAccept: text/csv",
     "200\n\nboxes\n\"{\"\"id\"\":2,\"\"label\"\":\"\"\"\",..."},
    {"GET /things?select=id,boxes(id,label)&id=eq.3\nAccept: application/vnd.pgrst.object+json",
     "200\n\n{\"id\":3,\"boxes\":null}"},
    {"POST /things?select=id,boxes(*)\nPrefer: return=representation\n\n"
     "[{\"id\":5,\"box_id\":2},{\"id\":4,\"box_id\":1},{\"id\":6,\"box_id\":null}]",
     "201\n\n[{\"id\":5,\"boxes\":" BOX_2 "}" NEXT "{\"id\":4,\"boxes\":" BOX_1 "}" NEXT
     "{\"id\":6,\"boxes\":null}]"},
    {"PATCH /boxes?id=eq.2&select=id,shelves(name),things(id)\nPrefer: return=representation\n\n"
     "{\"label\":\"x\"}",
     "200\n\n[{\"id\":2,\"shelves\":{\"name\":\"upper\"},\"things\":[{\"id\":2}" NEXT
     "{\"id\":5}]}]"},
};

static void
an_embedded_row_looks_as_it_does_alone(void **state)
{
    struct door boxes;

    door_open_with(&boxes, boxes_sql);
    door_expect_all(&boxes, kinds, COUNTOF(kinds));
    door_close(&boxes);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(related_rows_stand_in_their_parents),
        cmocka_unit_test(nulls_are_stripped_at_every_level),
        cmocka_unit_test(what_can_not_be_embedded_says_why),
        cmocka_unit_test(inner_and_null_tests_drop_parents),
        cmocka_unit_test(an_embed_has_filters_order_and_pages_of_its_own),
        cmocka_unit_test(spreads_lift_columns_into_the_parent),
        cmocka_unit_test(rows_are_ordered_by_a_related_column_and_trees_followed),
        cmocka_unit_test(an_embedded_row_looks_as_it_does_alone),
        cmocka_unit_test(an_alias_is_what_an_embed_is_called_by_and_its_target_for_a_while),
    };
    int failed;

    if (!door_begin(argc, argv))
        return 77;
    failed = cmocka_run_group_tests(tests, open_shop, close_shop);
    door_end();
    return failed;
}
