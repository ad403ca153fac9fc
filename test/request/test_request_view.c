/* SPDX-License-Identifier: Apache-2.0 */
/* Views and functions with WITH RECURSIVE, DISTINCT ON and LATERAL: what they show is
 * PostgreSQL's. */
#include "door.h"

static struct door door;

static const char tables[] =
    "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy'); "
    "CREATE TABLE categories (id int PRIMARY KEY, parent_id int REFERENCES categories, name text "
    "NOT NULL, size numeric(6,2), short varchar(10)); "
    "INSERT INTO categories VALUES (1, NULL, 'root', 1.50, 'r'), (2, 1, 'a', 2, 'a'), (3, 1, "
    "'b', NULL, 'b'), (4, 2, 'aa', 1.5, 'aa'), (5, 4, 'aaa', 3, NULL), (6, 3, 'ba', 10, 'B'); "
    "CREATE TABLE edges (a int, b int, PRIMARY KEY (a, b)); "
    "INSERT INTO edges VALUES (1,2),(2,3),(3,1),(3,4),(4,5); "
    "CREATE TABLE clients (id int PRIMARY KEY, name text, mood mood, code char(5)); "
    "INSERT INTO clients VALUES (1, 'Ann', 'ok', 'a'), (2, 'Bob', 'sad', 'b'), (3, 'Cy', NULL, "
    "'a'), (4, 'Di', 'ok', NULL); "
    "CREATE TABLE orders (id bigint PRIMARY KEY, client_id int REFERENCES clients, title text, "
    "price numeric(8,2), weight double precision, doc jsonb, raw bytea, at timestamptz, tags "
    "text[], big bigint, done boolean, key uuid); "
    "INSERT INTO orders VALUES (1, 1, 'one', 10.00, 0.1, '{\"a\": 1}', '\\xdeadbeef', "
    "'2024-01-01T00:00:00Z', '{a,b}', 9007199254740993, true, "
    "'11111111-1111-4111-8111-111111111111'), "
    " (2, 1, 'two', 20.5, 'NaN', '[1, \"x\"]', NULL, '2024-02-01T00:00:00Z', '{}', "
    "-9223372036854775808, false, NULL), "
    " (3, 1, NULL, 20.50, 'Infinity', 'null', '\\x', NULL, NULL, NULL, NULL, NULL), "
    " (4, 2, '[1,2]', NULL, -0.0, '\"s\"', '\\x00', '2024-01-15T12:00:00Z', '{\"x y\",NULL}', 0, "
    "true, '22222222-2222-4222-8222-222222222222'), "
    " (5, 2, '{\"q\":1}', 5, 1e300, NULL, '\\xff', '2024-01-15T12:00:00Z', NULL, 5, false, "
    "NULL), "
    " (6, NULL, 'six', 6, 0.30000000000000004, '{\"b\": [1, 2]}', NULL, '2024-03-01T00:00:00Z', "
    "'{z}', 6, NULL, NULL); "
    "CREATE TABLE lines (order_id bigint REFERENCES orders, number int, text text, PRIMARY KEY "
    "(order_id, number)); "
    "INSERT INTO lines VALUES (1,1,'x'),(1,2,'y'),(2,1,'z'),(4,1,'w'),(4,3,'v'); "
    "CREATE FUNCTION lines_of(bigint) RETURNS SETOF lines LANGUAGE sql STABLE AS $$ SELECT * "
    "FROM lines WHERE order_id = $1 ORDER BY number DESC $$; "
    "CREATE FUNCTION last_line(which bigint, OUT number int, OUT text text) LANGUAGE sql STABLE "
    "AS $$ SELECT number, text FROM lines WHERE order_id = which ORDER BY number DESC LIMIT 1 "
    "$$; "
    "CREATE VIEW r1 AS WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < "
    "5) SELECT n FROM t; "
    "CREATE VIEW r2 AS WITH RECURSIVE tree AS (SELECT id, parent_id, name, 1 AS depth, name AS "
    "path FROM categories WHERE parent_id IS NULL UNION ALL SELECT c.id, c.parent_id, c.name, "
    "t.depth + 1, t.path || '/' || c.name FROM categories c JOIN tree t ON t.id = c.parent_id) "
    "SELECT * FROM tree ORDER BY path; "
    "CREATE VIEW r3 AS WITH RECURSIVE reach(a, b) AS (SELECT a, b FROM edges UNION SELECT r.a, "
    "e.b FROM reach r JOIN edges e ON e.a = r.b) SELECT a, b, a = b AS circle FROM reach ORDER "
    "BY a, b; "
    "CREATE VIEW r4 AS WITH RECURSIVE categories AS (SELECT id, name FROM public.categories "
    "WHERE id = 5 UNION ALL SELECT p.id, p.name FROM categories t, public.categories c, "
    "public.categories p WHERE c.id = t.id AND p.id = c.parent_id) SELECT * FROM categories "
    "ORDER BY id; "
    "CREATE VIEW r5 AS WITH RECURSIVE sizes AS (SELECT size FROM categories UNION SELECT s.size "
    "FROM sizes s JOIN categories c ON c.size = s.size) SELECT size FROM sizes ORDER BY size "
    "NULLS FIRST; "
    "CREATE VIEW r6 AS WITH RECURSIVE a(x) AS (SELECT 1), b(y) AS (SELECT x FROM a UNION ALL "
    "SELECT y * 2 FROM b WHERE y < 20), c AS (SELECT y + 1 AS z FROM b) SELECT y, z FROM b JOIN "
    "c ON z = y + 1 ORDER BY y; "
    "CREATE VIEW r7 AS SELECT c.id, (WITH RECURSIVE up AS (SELECT p.parent_id FROM categories p "
    "WHERE p.id = c.id UNION ALL SELECT p.parent_id FROM categories p JOIN up ON up.parent_id = "
    "p.id) SELECT count(*) FROM up) AS n FROM categories c ORDER BY id; "
    "CREATE VIEW r8 AS WITH RECURSIVE t AS (VALUES (1, 'a') UNION ALL SELECT column1 + 1, "
    "column2 || 'b' FROM t WHERE column1 < 3) SELECT column1 AS k, column2 AS v FROM t ORDER BY "
    "1; "
    "CREATE VIEW r9 AS WITH RECURSIVE t(n, m) AS (SELECT 1, NULL::int UNION ALL SELECT n + 1, "
    "NULL FROM t WHERE n < 3) SELECT * FROM t ORDER BY n; "
    "CREATE VIEW r10 AS WITH RECURSIVE t AS (SELECT id, 0 AS d FROM categories WHERE id = 1 "
    "UNION SELECT id, 5 FROM categories WHERE id = 2 UNION ALL SELECT c.id, t.d + 1 FROM t LEFT "
    "JOIN categories c ON c.parent_id = t.id WHERE t.id IS NOT NULL) SELECT * FROM t ORDER BY d, "
    "id NULLS LAST; "
    "CREATE VIEW r11 AS WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n "
    "FROM t LIMIT 4; "
    "CREATE VIEW r12 AS WITH RECURSIVE t AS (SELECT short, 1 AS n FROM categories UNION ALL "
    "SELECT short, n + 1 FROM t WHERE n < 2 AND short <> 'a') SELECT * FROM t ORDER BY short, n; "
    "CREATE VIEW r13 AS WITH RECURSIVE t AS (SELECT id, name FROM categories WHERE id = 1 UNION "
    "ALL SELECT c.id, (SELECT max(k.name) FROM categories k WHERE k.parent_id = c.id) FROM "
    "categories c JOIN t ON c.parent_id = t.id WHERE EXISTS (SELECT 1 FROM edges e WHERE e.a = "
    "t.id)) SELECT * FROM t ORDER BY id; "
    "CREATE VIEW w1 AS WITH orders AS (SELECT id, title FROM orders WHERE id < 3), x AS (WITH "
    "orders AS (SELECT * FROM orders WHERE id < 2) SELECT * FROM orders) SELECT o.id, x.title "
    "FROM orders o LEFT JOIN x ON x.id = o.id ORDER BY o.id; "
    "CREATE VIEW w2 AS WITH a(k, \"K2\") AS (SELECT id, name FROM clients), b(l) AS (SELECT k "
    "FROM a WHERE k > 1) SELECT a.k, a.\"K2\", l FROM a JOIN b ON b.l = a.k ORDER BY k; "
    "CREATE VIEW w3 AS SELECT s.x, s.y FROM (SELECT id, name FROM clients) AS s(x, y) ORDER BY "
    "x; "
    "CREATE VIEW w4 AS SELECT v.id, v.label, c.name FROM (VALUES (1, 'one'), (2, 'two')) AS "
    "v(id, label) JOIN clients c ON c.id = v.id ORDER BY 1; "
    "CREATE VIEW w5 AS SELECT id, NULL AS x FROM clients UNION ALL SELECT 9, NULL UNION ALL "
    "SELECT id, title FROM orders ORDER BY 1, 2; "
    "CREATE VIEW d1 AS SELECT DISTINCT ON (client_id) client_id, id, price FROM orders ORDER BY "
    "client_id, price DESC, id; "
    "CREATE VIEW d2 AS SELECT DISTINCT ON (client_id) client_id, id, price FROM orders ORDER BY "
    "client_id DESC NULLS LAST, price NULLS FIRST, id DESC; "
    "CREATE VIEW d3 AS SELECT DISTINCT ON (price) price, title FROM orders ORDER BY price, "
    "title; "
    "CREATE VIEW d4 AS SELECT DISTINCT ON (1, done) client_id, done, id FROM orders ORDER BY "
    "done, 1, id; "
    "CREATE VIEW d5 AS SELECT DISTINCT ON (c.code) c.code, c.name FROM clients c ORDER BY "
    "c.code, c.id DESC; "
    "CREATE VIEW d6 AS SELECT DISTINCT ON (client_id) client_id, count(*) AS n, done FROM orders "
    "GROUP BY client_id, done ORDER BY client_id, count(*) DESC, done; "
    "CREATE VIEW d7 AS SELECT DISTINCT ON (mood) mood, name FROM clients WHERE mood IS NOT NULL "
    "ORDER BY mood; "
    "CREATE VIEW d8 AS SELECT DISTINCT ON (x) x, o.id AS y FROM (SELECT lower(title) AS x, id "
    "FROM orders) o ORDER BY x, y DESC LIMIT 3 OFFSET 1; "
    "CREATE VIEW d9 AS SELECT c.id, (SELECT DISTINCT ON (o.client_id) o.title FROM orders o "
    "WHERE o.client_id = c.id ORDER BY o.client_id, o.price DESC NULLS LAST, o.id) AS dearest "
    "FROM clients c ORDER BY c.id; "
    "CREATE VIEW d10 AS SELECT DISTINCT ON (client_id) *, row_number() OVER (ORDER BY id) AS n "
    "FROM orders ORDER BY client_id, id; "
    "CREATE VIEW d11 AS SELECT DISTINCT ON (at) at, weight FROM orders ORDER BY at DESC, id; "
    "CREATE VIEW d12 AS SELECT d.client_id, d.id, c.name FROM (SELECT DISTINCT ON (client_id) "
    "client_id, id FROM orders ORDER BY client_id, id DESC) d LEFT JOIN clients c ON c.id = "
    "d.client_id ORDER BY d.id; "
    "CREATE VIEW d13 AS SELECT DISTINCT ON (client_id, done) client_id, done, id FROM orders "
    "ORDER BY client_id, done NULLS FIRST, id; "
    "CREATE VIEW d14 AS SELECT DISTINCT ON (tags) tags, id FROM orders ORDER BY tags, id; "
    "CREATE VIEW d15 AS SELECT DISTINCT ON (client_id) client_id, id, price * 2 AS twice FROM "
    "orders WHERE price > 5 ORDER BY client_id, twice DESC, id; "
    "CREATE VIEW l1 AS SELECT c.id, o.* FROM clients c JOIN LATERAL (SELECT o.id AS order_id, "
    "title, price, weight, doc, raw, at, tags, big, done, key FROM orders o WHERE o.client_id = "
    "c.id ORDER BY price DESC NULLS LAST, o.id LIMIT 2) o ON true ORDER BY c.id, o.order_id; "
    "CREATE VIEW l2 AS SELECT c.id, c.name, o.id AS oid, o.price, o.weight, o.raw FROM clients c "
    "LEFT JOIN LATERAL (SELECT * FROM orders WHERE orders.client_id = c.id ORDER BY id DESC "
    "LIMIT 1) o ON true ORDER BY c.id; "
    "CREATE VIEW l3 AS SELECT c.id, s.n, s.total FROM clients c, LATERAL (SELECT count(*) AS n, "
    "sum(price) AS total FROM orders WHERE client_id = c.id) s ORDER BY c.id; "
    "CREATE VIEW l4 AS SELECT c.id, o.id AS oid, l.text FROM clients c LEFT JOIN LATERAL (SELECT "
    "id FROM orders WHERE client_id = c.id ORDER BY id LIMIT 2) o ON true LEFT JOIN LATERAL "
    "(SELECT text FROM lines WHERE order_id = o.id ORDER BY number DESC LIMIT 1) l ON true ORDER "
    "BY 1, 2; "
    "CREATE VIEW l5 AS SELECT c.id, s.x FROM clients c CROSS JOIN LATERAL (VALUES (c.name), "
    "(upper(c.name))) AS s(x) ORDER BY 1, 2; "
    "CREATE VIEW l6 AS SELECT c.id, s.v FROM clients c JOIN LATERAL (SELECT title AS v FROM "
    "orders WHERE client_id = c.id UNION ALL SELECT c.name) s ON s.v IS NOT NULL ORDER BY 1, 2; "
    "CREATE VIEW l7 AS SELECT o.id, l.number, l.text FROM orders o, lines_of(o.id) l ORDER BY 1, "
    "2; "
    "CREATE VIEW l8 AS SELECT o.id, l.number, l.text FROM orders o LEFT JOIN LATERAL "
    "last_line(o.id) l ON true ORDER BY 1; "
    "CREATE VIEW l9 AS SELECT c.id, s.price FROM clients c LEFT JOIN LATERAL (SELECT price FROM "
    "orders WHERE client_id = c.id) s ON s.price > 10 AND c.id < 3 ORDER BY 1, 2; "
    "CREATE VIEW l10 AS SELECT c.id, x.a, x.b FROM clients c JOIN LATERAL (SELECT o.id AS a, y.b "
    "FROM orders o JOIN LATERAL (SELECT number AS b FROM lines WHERE order_id = o.id AND c.id = "
    "1) y ON true WHERE o.client_id = c.id) x ON true ORDER BY 1, 2, 3; "
    "CREATE VIEW l11 AS SELECT c.id, s.price, count(*) AS n FROM clients c LEFT JOIN LATERAL "
    "(SELECT price FROM orders WHERE client_id = c.id) s ON true GROUP BY c.id, s.price ORDER BY "
    "1, 2; "
    "CREATE VIEW l12 AS SELECT c.id, d.t FROM clients c JOIN LATERAL (SELECT DISTINCT ON "
    "(o.price) o.title AS t, o.price FROM orders o WHERE o.client_id = c.id ORDER BY o.price, "
    "o.id) d ON true ORDER BY c.id, d.price; "
    "CREATE VIEW l13 AS SELECT c.id, t.n FROM clients c JOIN LATERAL (WITH RECURSIVE t(n) AS "
    "(SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < c.id) SELECT n FROM t) t ON true ORDER BY "
    "1, 2; "
    "CREATE VIEW l14 AS SELECT a.id, b.name, s.title FROM clients a, clients b JOIN LATERAL "
    "(SELECT title FROM orders WHERE client_id = a.id AND orders.id > b.id) s ON true ORDER BY "
    "1, 2, 3; "
    "CREATE VIEW l15 AS SELECT c.id, s.big, s.done, s.key, s.at, s.doc, s.tags FROM clients c "
    "LEFT JOIN LATERAL (SELECT * FROM orders o WHERE o.client_id = c.id AND o.big IS NOT NULL) s "
    "ON true ORDER BY c.id, s.big; "
    "CREATE VIEW l16 AS SELECT c.id, s.one FROM clients c JOIN LATERAL (SELECT 1 AS one) s ON "
    "true ORDER BY 1; "
    "CREATE VIEW l17 AS SELECT s.mood, s.code, s.code = 'a' AS same FROM (SELECT 1 AS k) k JOIN "
    "LATERAL (SELECT mood, code FROM clients WHERE id > k.k) s ON true WHERE s.mood IS NULL OR "
    "s.mood > 'sad' ORDER BY s.code; "
    "CREATE VIEW l18 AS SELECT c.id, s.weight FROM clients c JOIN LATERAL (SELECT weight FROM "
    "orders WHERE client_id = c.id) s ON true WHERE s.weight >= 0 ORDER BY s.weight, c.id; "
    "CREATE VIEW l19 AS SELECT DISTINCT ON (c.id) c.id, s.id AS oid FROM clients c LEFT JOIN "
    "LATERAL (SELECT id FROM orders WHERE client_id = c.id) s ON true ORDER BY c.id, s.id DESC; "
    "CREATE VIEW l20 AS SELECT c.id FROM clients c WHERE EXISTS (SELECT 1 FROM orders o JOIN "
    "LATERAL (SELECT text FROM lines l WHERE l.order_id = o.id) s ON true WHERE o.client_id = "
    "c.id AND s.text > 'w') ORDER BY 1; "
    "CREATE VIEW f1 AS SELECT a.id, b.id AS bid, c.id AS cid FROM clients a, clients b RIGHT "
    "JOIN clients c ON c.id = b.id + 1 WHERE a.id = 1 ORDER BY 3; "
    "CREATE VIEW f2 AS SELECT a.id, b.id AS bid, c.id AS cid FROM clients a LEFT JOIN (clients b "
    "JOIN clients c ON c.id = b.id + 1) ON b.id = a.id ORDER BY 1; "
    "CREATE VIEW f3 AS SELECT a.id, b.id AS bid, c.id AS cid FROM clients a LEFT JOIN clients b "
    "ON b.id = a.id + 1 FULL JOIN clients c ON c.id = b.id ORDER BY 1, 3; "
    "CREATE VIEW f4 AS SELECT id, b.client_id, l.text FROM orders o JOIN orders b USING (id) "
    "LEFT JOIN lines l ON l.order_id = o.id ORDER BY 1, 3; "
    "CREATE RECURSIVE VIEW cr1 (id, level) AS SELECT id, 1 FROM categories WHERE parent_id IS "
    "NULL UNION ALL SELECT c.id, level + 1 FROM categories c, cr1 WHERE c.parent_id = cr1.id; "
    "CREATE FUNCTION fn1(root int, deepest int DEFAULT 9) RETURNS TABLE (id int, name text, "
    "depth int) LANGUAGE sql STABLE AS $$ WITH RECURSIVE t AS (SELECT c.id, c.name, 0 AS depth "
    "FROM categories c WHERE c.id = root UNION ALL SELECT c.id, c.name, t.depth + 1 FROM t JOIN "
    "categories c ON c.parent_id = t.id WHERE t.depth < deepest) SELECT * FROM t ORDER BY depth, "
    "id $$; "
    "CREATE FUNCTION fn2(n int) RETURNS SETOF orders LANGUAGE sql STABLE AS $$ SELECT o.* FROM "
    "clients c, LATERAL (SELECT * FROM orders WHERE client_id = c.id ORDER BY price DESC NULLS "
    "LAST, id LIMIT n) o ORDER BY o.id $$; "
    "CREATE FUNCTION fn3(most numeric) RETURNS TABLE (client int, title text) LANGUAGE sql "
    "STABLE AS $$ SELECT DISTINCT ON (client_id) client_id, title FROM orders WHERE price <= "
    "most ORDER BY client_id, price DESC, id $$; "
    "CREATE VIEW fv1 AS SELECT c.id, f.name, f.depth FROM categories c JOIN fn1(c.id, 1) f ON "
    "f.depth > 0 ORDER BY c.id, f.id; "
    "CREATE VIEW fv2 AS WITH RECURSIVE t AS (SELECT id, name FROM categories WHERE id = 1 UNION "
    "ALL SELECT f.id, f.name FROM t, fn1(t.id, 1) f WHERE f.depth = 1) SELECT id, name FROM t "
    "ORDER BY id; "
    "CREATE VIEW on1 AS SELECT t.id, t.depth, d.price FROM r2 t LEFT JOIN d1 d ON d.id = t.id "
    "ORDER BY t.id; "
    "CREATE TABLE tasks (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, title text NOT "
    "NULL, state text NOT NULL DEFAULT 'open', owner int, price numeric(8,2) DEFAULT 1.5, code "
    "text UNIQUE, twice numeric GENERATED ALWAYS AS (price * 2) STORED); "
    "CREATE TABLE steps (task_id bigint REFERENCES tasks ON DELETE CASCADE, n int, note text, "
    "PRIMARY KEY (task_id, n)); "
    "CREATE VIEW open_tasks AS SELECT id AS number, title AS name, state, price, code, "
    "upper(title) AS loud FROM tasks WHERE state = 'open'; "
    "CREATE VIEW cheap_tasks AS SELECT number AS \"the \"\"number\"\"\", name, price, loud || "
    "'!' AS louder, code FROM open_tasks WHERE price < 100; "
    "CREATE VIEW stepped AS SELECT id, title, price, (SELECT count(*) FROM steps s WHERE "
    "s.task_id = t.id) AS n FROM tasks t; "
    "CREATE VIEW busy AS SELECT id, title, n * 10 AS tens FROM stepped WHERE n > 0; "
    "CREATE VIEW checked AS SELECT id, title, price, state FROM tasks WHERE state = 'open' WITH "
    "CHECK OPTION; "
    "ALTER VIEW checked ALTER price SET DEFAULT 77; "
    "INSERT INTO open_tasks (name, price) VALUES ('a', 10), ('b', DEFAULT), ('c', '30.456'); "
    "INSERT INTO cheap_tasks (\"the \"\"number\"\"\", name, code) VALUES (10, 'ten', 'x'); "
    "INSERT INTO open_tasks SELECT 20 + number, name || '''s', 'shut', price * 2 FROM open_tasks "
    "WHERE number < 3; "
    "INSERT INTO open_tasks (number, name) VALUES (10, 'again') ON CONFLICT (number) DO UPDATE "
    "SET name = excluded.name || '/' || open_tasks.loud, code = 'y'; "
    "INSERT INTO open_tasks (name, code) VALUES ('none', 'y') ON CONFLICT DO NOTHING; "
    "INSERT INTO steps VALUES (1, 1, 'x'), (1, 2, 'y'), (2, 1, 'z'), (10, 1, 'w'); "
    "UPDATE cheap_tasks SET price = price + 1, name = louder || price WHERE name <> 'b'; "
    "UPDATE open_tasks o SET code = s.note FROM steps s WHERE s.task_id = o.number AND s.n = 1 "
    "AND o.number < 3; "
    "UPDATE stepped SET title = title || n WHERE n = 2; "
    "UPDATE busy SET title = title || ':' || tens; "
    "INSERT INTO checked (title) VALUES ('kept'); "
    "INSERT INTO checked SELECT 70, 'more', 5, 'open'; "
    "UPDATE checked SET price = price + 1 WHERE title = 'kept'; "
    "DELETE FROM open_tasks USING steps WHERE steps.task_id = number AND steps.note = 'w'; "
    "DELETE FROM cheap_tasks WHERE louder LIKE 'C%'; "
    "WITH w AS (SELECT 5 AS k) INSERT INTO open_tasks (name, price) SELECT 'w', k FROM w; "
    "CREATE FUNCTION more_steps(lowest int) RETURNS TABLE (id bigint, title text, n bigint) "
    "LANGUAGE sql AS $$ UPDATE stepped s SET title = s.title || '+' || s.n WHERE s.n >= lowest "
    "RETURNING s.id, s.title, n $$; "
    "CREATE FUNCTION new_step(called text) RETURNS SETOF stepped LANGUAGE sql AS $$ INSERT INTO "
    "stepped (title) VALUES (called) RETURNING * $$; "
    "CREATE FUNCTION again_step(which bigint, called text) RETURNS TABLE (title text, n bigint) "
    "LANGUAGE sql AS $$ INSERT INTO stepped (id, title) VALUES (which, called) ON CONFLICT (id) "
    "DO UPDATE SET title = excluded.title || stepped.n WHERE stepped.n > 0 RETURNING title, n "
    "$$; "
    "CREATE TABLE marks (task_id bigint, mark int); "
    "INSERT INTO marks VALUES (1, 5), (1, 7), (20, 3), (22, 1); "
    "CREATE VIEW marked AS SELECT id, title, (SELECT max(mark) FROM marks m WHERE m.task_id = "
    "tasks.id) AS best FROM tasks; "
    "CREATE VIEW best AS SELECT id, title || '=' || best AS shown, best FROM marked WHERE best > "
    "1; "
    "CREATE FUNCTION gone_best(most int) RETURNS SETOF text LANGUAGE sql AS $$ DELETE FROM best "
    "b WHERE b.best <= most RETURNING shown $$; "
    "CREATE FUNCTION raise_marked(which bigint) RETURNS SETOF marked LANGUAGE sql AS $$ UPDATE "
    "marked SET title = title || best WHERE best IS NOT NULL AND id = which RETURNING * $$; "
    "CREATE FUNCTION void_best(which bigint) RETURNS void LANGUAGE sql AS $$ UPDATE marked SET "
    "title = 'void' || best WHERE id = which $$; ";

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

static const struct door_case with_sees_what_postgresql_sees_cases[] = {
    {"GET /r1",
     "200\nContent-Range: 0-4/*\n\n[{\"n\":1}, \n {\"n\":2}, \n {\"n\":3}, \n {\"n\":4}, \n "
     "{\"n\":5}]"},
    {"GET /r2",
     "200\nContent-Range: 0-5/*\n\n[{\"id\":1,\"parent_id\":null,\"name\":\"root\",\"depth\":1,\""
     "path\":\"root\"}, \n {\"id\":2,\"parent_id\":1,\"name\":\"a\",\"depth\":2,\"path\":\"root/a"
     "\"}, \n {\"id\":4,\"parent_id\":2,\"name\":\"aa\",\"depth\":3,\"path\":\"root/a/aa\"}, \n "
     "{\"id\":5,\"parent_id\":4,\"name\":\"aaa\",\"depth\":4,\"path\":\"root/a/aa/aaa\"}, \n "
     "{\"id\":3,\"parent_id\":1,\"name\":\"b\",\"depth\":2,\"path\":\"root/b\"}, \n "
     "{\"id\":6,\"parent_id\":3,\"name\":\"ba\",\"depth\":3,\"path\":\"root/b/ba\"}]"},
    {"GET /r3", "200\nContent-Range: 0-15/*\n\n[{\"a\":1,\"b\":1,\"circle\":true}, \n "
                "{\"a\":1,\"b\":2,\"circle\":false}, \n {\"a\":1,\"b\":3,\"circle\":false}, \n "
                "{\"a\":1,\"b\":4,\"circle\":false}, \n {\"a\":1,\"b\":5,\"circle\":false}, \n "
                "{\"a\":2,\"b\":1,\"circle\":false}, \n {\"a\":2,\"b\":2,\"circle\":true}, \n "
                "{\"a\":2,\"b\":3,\"circle\":false}, \n {\"a\":2,\"b\":4,\"circle\":false}, \n "
                "{\"a\":2,\"b\":5,\"circle\":false}, \n {\"a\":3,\"b\":1,\"circle\":false}, \n "
                "{\"a\":3,\"b\":2,\"circle\":false}, \n {\"a\":3,\"b\":3,\"circle\":true}, \n "
                "{\"a\":3,\"b\":4,\"circle\":false}, \n {\"a\":3,\"b\":5,\"circle\":false}, \n "
                "{\"a\":4,\"b\":5,\"circle\":false}]"},
    {"GET /r4",
     "200\nContent-Range: 0-3/*\n\n[{\"id\":1,\"name\":\"root\"}, \n {\"id\":2,\"name\":\"a\"}, "
     "\n {\"id\":4,\"name\":\"aa\"}, \n {\"id\":5,\"name\":\"aaa\"}]"},
    {"GET /r5",
     "200\nContent-Range: 0-4/*\n\n[{\"size\":null}, \n {\"size\":1.50}, \n {\"size\":2.00}, \n "
     "{\"size\":3.00}, \n {\"size\":10.00}]"},
    {"GET /r6",
     "200\nContent-Range: 0-5/*\n\n[{\"y\":1,\"z\":2}, \n {\"y\":2,\"z\":3}, \n "
     "{\"y\":4,\"z\":5}, \n {\"y\":8,\"z\":9}, \n {\"y\":16,\"z\":17}, \n {\"y\":32,\"z\":33}]"},
    {"GET /r7",
     "200\nContent-Range: 0-5/*\n\n[{\"id\":1,\"n\":1}, \n {\"id\":2,\"n\":2}, \n "
     "{\"id\":3,\"n\":2}, \n {\"id\":4,\"n\":3}, \n {\"id\":5,\"n\":4}, \n {\"id\":6,\"n\":3}]"},
    {"GET /r8",
     "200\nContent-Range: 0-2/*\n\n[{\"k\":1,\"v\":\"a\"}, \n {\"k\":2,\"v\":\"ab\"}, \n "
     "{\"k\":3,\"v\":\"abb\"}]"},
    {"GET /r9", "200\nContent-Range: 0-2/*\n\n[{\"n\":1,\"m\":null}, \n {\"n\":2,\"m\":null}, \n "
                "{\"n\":3,\"m\":null}]"},
    {"GET /r10",
     "200\nContent-Range: 0-11/*\n\n[{\"id\":1,\"d\":0}, \n {\"id\":2,\"d\":1}, \n "
     "{\"id\":3,\"d\":1}, \n {\"id\":4,\"d\":2}, \n {\"id\":6,\"d\":2}, \n {\"id\":5,\"d\":3}, "
     "\n {\"id\":null,\"d\":3}, \n {\"id\":null,\"d\":4}, \n {\"id\":2,\"d\":5}, \n "
     "{\"id\":4,\"d\":6}, \n {\"id\":5,\"d\":7}, \n {\"id\":null,\"d\":8}]"},
    {"GET /r11",
     "200\nContent-Range: 0-3/*\n\n[{\"n\":1}, \n {\"n\":2}, \n {\"n\":3}, \n {\"n\":4}]"},
    {"GET /r12",
     "200\nContent-Range: 0-9/*\n\n[{\"short\":\"B\",\"n\":1}, \n {\"short\":\"B\",\"n\":2}, \n "
     "{\"short\":\"a\",\"n\":1}, \n {\"short\":\"aa\",\"n\":1}, \n {\"short\":\"aa\",\"n\":2}, "
     "\n {\"short\":\"b\",\"n\":1}, \n {\"short\":\"b\",\"n\":2}, \n {\"short\":\"r\",\"n\":1}, "
     "\n {\"short\":\"r\",\"n\":2}, \n {\"short\":null,\"n\":1}]"},
    {"GET /r13",
     "200\nContent-Range: 0-5/*\n\n[{\"id\":1,\"name\":\"root\"}, \n {\"id\":2,\"name\":\"aa\"}, "
     "\n {\"id\":3,\"name\":\"ba\"}, \n {\"id\":4,\"name\":\"aaa\"}, \n "
     "{\"id\":5,\"name\":null}, \n {\"id\":6,\"name\":null}]"},
    {"GET /w1",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":1,\"title\":\"one\"}, \n {\"id\":2,\"title\":null}]"},
    {"GET /w2", "200\nContent-Range: 0-2/*\n\n[{\"k\":2,\"K2\":\"Bob\",\"l\":2}, \n "
                "{\"k\":3,\"K2\":\"Cy\",\"l\":3}, \n {\"k\":4,\"K2\":\"Di\",\"l\":4}]"},
    {"GET /w3",
     "200\nContent-Range: 0-3/*\n\n[{\"x\":1,\"y\":\"Ann\"}, \n {\"x\":2,\"y\":\"Bob\"}, \n "
     "{\"x\":3,\"y\":\"Cy\"}, \n {\"x\":4,\"y\":\"Di\"}]"},
    {"GET /w4", "200\nContent-Range: 0-1/*\n\n[{\"id\":1,\"label\":\"one\",\"name\":\"Ann\"}, \n "
                "{\"id\":2,\"label\":\"two\",\"name\":\"Bob\"}]"},
    {"GET /w5",
     "200\nContent-Range: 0-10/*\n\n[{\"id\":1,\"x\":\"one\"}, \n {\"id\":1,\"x\":null}, \n "
     "{\"id\":2,\"x\":\"two\"}, \n {\"id\":2,\"x\":null}, \n {\"id\":3,\"x\":null}, \n "
     "{\"id\":3,\"x\":null}, \n {\"id\":4,\"x\":\"[1,2]\"}, \n {\"id\":4,\"x\":null}, \n "
     "{\"id\":5,\"x\":\"{\\\"q\\\":1}\"}, \n {\"id\":6,\"x\":\"six\"}, \n {\"id\":9,\"x\":null}]"},
    {"GET /on1",
     "200\nContent-Range: 0-5/*\n\n[{\"id\":1,\"depth\":1,\"price\":null}, \n "
     "{\"id\":2,\"depth\":2,\"price\":20.50}, \n {\"id\":3,\"depth\":2,\"price\":null}, \n "
     "{\"id\":4,\"depth\":3,\"price\":null}, \n {\"id\":5,\"depth\":4,\"price\":null}, \n "
     "{\"id\":6,\"depth\":3,\"price\":6.00}]"},
};

static void
with_sees_what_postgresql_sees(void **state)
{
    (void)state;
    door_expect_all(&door, with_sees_what_postgresql_sees_cases,
                    COUNTOF(with_sees_what_postgresql_sees_cases));
}

static const struct door_case distinct_on_keeps_the_first_row_cases[] = {
    {"GET /d1",
     "200\nContent-Range: 0-2/*\n\n[{\"client_id\":1,\"id\":2,\"price\":20.50}, \n "
     "{\"client_id\":2,\"id\":4,\"price\":null}, \n {\"client_id\":null,\"id\":6,\"price\":6.00}]"},
    {"GET /d2", "200\nContent-Range: 0-2/*\n\n[{\"client_id\":2,\"id\":4,\"price\":null}, \n "
                "{\"client_id\":1,\"id\":1,\"price\":10.00}, \n "
                "{\"client_id\":null,\"id\":6,\"price\":6.00}]"},
    {"GET /d3", "200\nContent-Range: 0-4/*\n\n[{\"price\":5.00,\"title\":\"{\\\"q\\\":1}\"}, \n "
                "{\"price\":6.00,\"title\":\"six\"}, \n {\"price\":10.00,\"title\":\"one\"}, \n "
                "{\"price\":20.50,\"title\":\"two\"}, \n {\"price\":null,\"title\":\"[1,2]\"}]"},
    {"GET /d4",
     "200\nContent-Range: 0-5/*\n\n[{\"client_id\":1,\"done\":false,\"id\":2}, \n "
     "{\"client_id\":2,\"done\":false,\"id\":5}, \n {\"client_id\":1,\"done\":true,\"id\":1}, \n "
     "{\"client_id\":2,\"done\":true,\"id\":4}, \n {\"client_id\":1,\"done\":null,\"id\":3}, \n "
     "{\"client_id\":null,\"done\":null,\"id\":6}]"},
    {"GET /d5",
     "200\nContent-Range: 0-2/*\n\n[{\"code\":\"a    \",\"name\":\"Cy\"}, \n {\"code\":\"b    "
     "\",\"name\":\"Bob\"}, \n {\"code\":null,\"name\":\"Di\"}]"},
    {"GET /d6",
     "200\nContent-Range: 0-2/*\n\n[{\"client_id\":1,\"n\":1,\"done\":false}, \n "
     "{\"client_id\":2,\"n\":1,\"done\":false}, \n {\"client_id\":null,\"n\":1,\"done\":null}]"},
    {"GET /d7", "200\nContent-Range: 0-1/*\n\n[{\"mood\":\"sad\",\"name\":\"Bob\"}, \n "
                "{\"mood\":\"ok\",\"name\":\"Ann\"}]"},
    {"GET /d8",
     "200\nContent-Range: 0-2/*\n\n[{\"x\":\"one\",\"y\":1}, \n {\"x\":\"six\",\"y\":6}, \n "
     "{\"x\":\"two\",\"y\":2}]"},
    {"GET /d9", "200\nContent-Range: 0-3/*\n\n[{\"id\":1,\"dearest\":\"two\"}, \n "
                "{\"id\":2,\"dearest\":\"{\\\"q\\\":1}\"}, \n {\"id\":3,\"dearest\":null}, \n "
                "{\"id\":4,\"dearest\":null}]"},
    {"GET /d10",
     "200\nContent-Range: 0-2/*\n\n[{\"id\":1,\"client_id\":1,\"title\":\"one\",\"price\":10.00,"
     "\"weight\":0.1,\"doc\":{\"a\": 1},\"raw\":\"\\\\xdeadbeef\",\"at\":\"2024-01-01T00:00:00+00"
     ":00\",\"tags\":[\"a\",\"b\"],\"big\":9007199254740993,\"done\":true,\"key\":\"11111111-1111"
     "-4111-8111-111111111111\",\"n\":1}, \n {\"id\":4,\"client_id\":2,\"title\":\"[1,2]\",\"pric"
     "e\":null,\"weight\":0,\"doc\":\"s\",\"raw\":\"\\\\x00\",\"at\":\"2024-01-15T12:00:00+00:00"
     "\",\"tags\":[\"x y\",null],\"big\":0,\"done\":true,\"key\":\"22222222-2222-4222-8222-222222"
     "222222\",\"n\":4}, \n {\"id\":6,\"client_id\":null,\"title\":\"six\",\"price\":6.00,\"weigh"
     "t\":0.30000000000000004,\"doc\":{\"b\": [1, 2]},\"raw\":null,\"at\":\"2024-03-01T00:00:00+0"
     "0:00\",\"tags\":[\"z\"],\"big\":6,\"done\":null,\"key\":null,\"n\":6}]"},
    {"GET /d11", "200\nContent-Range: 0-4/*\n\n[{\"at\":null,\"weight\":\"Infinity\"}, \n "
                 "{\"at\":\"2024-03-01T00:00:00+00:00\",\"weight\":0.30000000000000004}, \n "
                 "{\"at\":\"2024-02-01T00:00:00+00:00\",\"weight\":\"NaN\"}, \n "
                 "{\"at\":\"2024-01-15T12:00:00+00:00\",\"weight\":0}, \n "
                 "{\"at\":\"2024-01-01T00:00:00+00:00\",\"weight\":0.1}]"},
    {"GET /d12", "200\nContent-Range: 0-2/*\n\n[{\"client_id\":1,\"id\":3,\"name\":\"Ann\"}, \n "
                 "{\"client_id\":2,\"id\":5,\"name\":\"Bob\"}, \n "
                 "{\"client_id\":null,\"id\":6,\"name\":null}]"},
    {"GET /d13",
     "200\nContent-Range: 0-5/*\n\n[{\"client_id\":1,\"done\":null,\"id\":3}, \n "
     "{\"client_id\":1,\"done\":false,\"id\":2}, \n {\"client_id\":1,\"done\":true,\"id\":1}, \n "
     "{\"client_id\":2,\"done\":false,\"id\":5}, \n {\"client_id\":2,\"done\":true,\"id\":4}, \n "
     "{\"client_id\":null,\"done\":null,\"id\":6}]"},
    {"GET /d14", "200\nContent-Range: 0-4/*\n\n[{\"tags\":[],\"id\":2}, \n "
                 "{\"tags\":[\"a\",\"b\"],\"id\":1}, \n {\"tags\":[\"x y\",null],\"id\":4}, \n "
                 "{\"tags\":[\"z\"],\"id\":6}, \n {\"tags\":null,\"id\":3}]"},
    {"GET /d15", "200\nContent-Range: 0-1/*\n\n[{\"client_id\":1,\"id\":2,\"twice\":41.00}, \n "
                 "{\"client_id\":null,\"id\":6,\"twice\":12.00}]"},
};

static void
distinct_on_keeps_the_first_row(void **state)
{
    (void)state;
    door_expect_all(&door, distinct_on_keeps_the_first_row_cases,
                    COUNTOF(distinct_on_keeps_the_first_row_cases));
}

static const struct door_case lateral_reads_its_neighbours_cases[] = {
    {"GET /l1",
     "200\nContent-Range: 0-3/*\n\n[{\"id\":1,\"order_id\":2,\"title\":\"two\",\"price\":20.50,\""
     "weight\":\"NaN\",\"doc\":[1, \"x\"],\"raw\":null,\"at\":\"2024-02-01T00:00:00+00:00\",\"tag"
     "s\":[],\"big\":-9223372036854775808,\"done\":false,\"key\":null}, \n "
     "{\"id\":1,\"order_id\":3,\"title\":null,\"price\":20.50,\"weight\":\"Infinity\",\"doc\":nul"
     "l,\"raw\":\"\\\\x\",\"at\":null,\"tags\":null,\"big\":null,\"done\":null,\"key\":null}, \n "
     "{\"id\":2,\"order_id\":4,\"title\":\"[1,2]\",\"price\":null,\"weight\":0,\"doc\":\"s\",\"ra"
     "w\":\"\\\\x00\",\"at\":\"2024-01-15T12:00:00+00:00\",\"tags\":[\"x "
     "y\",null],\"big\":0,\"done\":true,\"key\":\"22222222-2222-4222-8222-222222222222\"}, \n "
     "{\"id\":2,\"order_id\":5,\"title\":\"{\\\"q\\\":1}\",\"price\":5.00,\"weight\":1e+300,\"doc"
     "\":null,\"raw\":\"\\\\xff\",\"at\":\"2024-01-15T12:00:00+00:00\",\"tags\":null,\"big\":5,\""
     "done\":false,\"key\":null}]"},
    {"GET /l2",
     "200\nContent-Range: 0-3/*\n\n[{\"id\":1,\"name\":\"Ann\",\"oid\":3,\"price\":20.50,\"weight"
     "\":\"Infinity\",\"raw\":\"\\\\x\"}, \n {\"id\":2,\"name\":\"Bob\",\"oid\":5,\"price\":5.00,"
     "\"weight\":1e+300,\"raw\":\"\\\\xff\"}, \n {\"id\":3,\"name\":\"Cy\",\"oid\":null,\"price\""
     ":null,\"weight\":null,\"raw\":null}, \n {\"id\":4,\"name\":\"Di\",\"oid\":null,\"price\":nu"
     "ll,\"weight\":null,\"raw\":null}]"},
    {"GET /l3", "200\nContent-Range: 0-3/*\n\n[{\"id\":1,\"n\":3,\"total\":51.00}, \n "
                "{\"id\":2,\"n\":2,\"total\":5.00}, \n {\"id\":3,\"n\":0,\"total\":null}, \n "
                "{\"id\":4,\"n\":0,\"total\":null}]"},
    {"GET /l4", "200\nContent-Range: 0-5/*\n\n[{\"id\":1,\"oid\":1,\"text\":\"y\"}, \n "
                "{\"id\":1,\"oid\":2,\"text\":\"z\"}, \n {\"id\":2,\"oid\":4,\"text\":\"v\"}, \n "
                "{\"id\":2,\"oid\":5,\"text\":null}, \n {\"id\":3,\"oid\":null,\"text\":null}, \n "
                "{\"id\":4,\"oid\":null,\"text\":null}]"},
    {"GET /l5",
     "200\nContent-Range: 0-7/*\n\n[{\"id\":1,\"x\":\"ANN\"}, \n {\"id\":1,\"x\":\"Ann\"}, \n "
     "{\"id\":2,\"x\":\"BOB\"}, \n {\"id\":2,\"x\":\"Bob\"}, \n {\"id\":3,\"x\":\"CY\"}, \n "
     "{\"id\":3,\"x\":\"Cy\"}, \n {\"id\":4,\"x\":\"DI\"}, \n {\"id\":4,\"x\":\"Di\"}]"},
    {"GET /l6",
     "200\nContent-Range: 0-7/*\n\n[{\"id\":1,\"v\":\"Ann\"}, \n {\"id\":1,\"v\":\"one\"}, \n "
     "{\"id\":1,\"v\":\"two\"}, \n {\"id\":2,\"v\":\"Bob\"}, \n {\"id\":2,\"v\":\"[1,2]\"}, \n "
     "{\"id\":2,\"v\":\"{\\\"q\\\":1}\"}, \n {\"id\":3,\"v\":\"Cy\"}, \n {\"id\":4,\"v\":\"Di\"}]"},
    {"GET /l7",
     "200\nContent-Range: 0-4/*\n\n[{\"id\":1,\"number\":1,\"text\":\"x\"}, \n "
     "{\"id\":1,\"number\":2,\"text\":\"y\"}, \n {\"id\":2,\"number\":1,\"text\":\"z\"}, \n "
     "{\"id\":4,\"number\":1,\"text\":\"w\"}, \n {\"id\":4,\"number\":3,\"text\":\"v\"}]"},
    {"GET /l8",
     "200\nContent-Range: 0-5/*\n\n[{\"id\":1,\"number\":2,\"text\":\"y\"}, \n "
     "{\"id\":2,\"number\":1,\"text\":\"z\"}, \n {\"id\":3,\"number\":null,\"text\":null}, \n "
     "{\"id\":4,\"number\":3,\"text\":\"v\"}, \n {\"id\":5,\"number\":null,\"text\":null}, \n "
     "{\"id\":6,\"number\":null,\"text\":null}]"},
    {"GET /l9",
     "200\nContent-Range: 0-4/*\n\n[{\"id\":1,\"price\":20.50}, \n {\"id\":1,\"price\":20.50}, "
     "\n {\"id\":2,\"price\":null}, \n {\"id\":3,\"price\":null}, \n {\"id\":4,\"price\":null}]"},
    {"GET /l10",
     "200\nContent-Range: 0-2/*\n\n[{\"id\":1,\"a\":1,\"b\":1}, \n {\"id\":1,\"a\":1,\"b\":2}, "
     "\n {\"id\":1,\"a\":2,\"b\":1}]"},
    {"GET /l11", "200\nContent-Range: 0-5/*\n\n[{\"id\":1,\"price\":10.00,\"n\":1}, \n "
                 "{\"id\":1,\"price\":20.50,\"n\":2}, \n {\"id\":2,\"price\":5.00,\"n\":1}, \n "
                 "{\"id\":2,\"price\":null,\"n\":1}, \n {\"id\":3,\"price\":null,\"n\":1}, \n "
                 "{\"id\":4,\"price\":null,\"n\":1}]"},
    {"GET /l12",
     "200\nContent-Range: 0-3/*\n\n[{\"id\":1,\"t\":\"one\"}, \n {\"id\":1,\"t\":\"two\"}, \n "
     "{\"id\":2,\"t\":\"{\\\"q\\\":1}\"}, \n {\"id\":2,\"t\":\"[1,2]\"}]"},
    {"GET /l13",
     "200\nContent-Range: 0-9/*\n\n[{\"id\":1,\"n\":1}, \n {\"id\":2,\"n\":1}, \n "
     "{\"id\":2,\"n\":2}, \n {\"id\":3,\"n\":1}, \n {\"id\":3,\"n\":2}, \n {\"id\":3,\"n\":3}, "
     "\n {\"id\":4,\"n\":1}, \n {\"id\":4,\"n\":2}, \n {\"id\":4,\"n\":3}, \n {\"id\":4,\"n\":4}]"},
    {"GET /l14",
     "200\nContent-Range: 0-9/*\n\n[{\"id\":1,\"name\":\"Ann\",\"title\":\"two\"}, \n "
     "{\"id\":1,\"name\":\"Ann\",\"title\":null}, \n {\"id\":1,\"name\":\"Bob\",\"title\":null}, "
     "\n {\"id\":2,\"name\":\"Ann\",\"title\":\"[1,2]\"}, \n "
     "{\"id\":2,\"name\":\"Ann\",\"title\":\"{\\\"q\\\":1}\"}, \n "
     "{\"id\":2,\"name\":\"Bob\",\"title\":\"[1,2]\"}, \n "
     "{\"id\":2,\"name\":\"Bob\",\"title\":\"{\\\"q\\\":1}\"}, \n "
     "{\"id\":2,\"name\":\"Cy\",\"title\":\"[1,2]\"}, \n "
     "{\"id\":2,\"name\":\"Cy\",\"title\":\"{\\\"q\\\":1}\"}, \n "
     "{\"id\":2,\"name\":\"Di\",\"title\":\"{\\\"q\\\":1}\"}]"},
    {"GET /l15",
     "200\nContent-Range: 0-5/*\n\n[{\"id\":1,\"big\":-9223372036854775808,\"done\":false,\"key\""
     ":null,\"at\":\"2024-02-01T00:00:00+00:00\",\"doc\":[1, \"x\"],\"tags\":[]}, \n "
     "{\"id\":1,\"big\":9007199254740993,\"done\":true,\"key\":\"11111111-1111-4111-8111-11111111"
     "1111\",\"at\":\"2024-01-01T00:00:00+00:00\",\"doc\":{\"a\": 1},\"tags\":[\"a\",\"b\"]}, \n "
     "{\"id\":2,\"big\":0,\"done\":true,\"key\":\"22222222-2222-4222-8222-222222222222\",\"at\":"
     "\"2024-01-15T12:00:00+00:00\",\"doc\":\"s\",\"tags\":[\"x y\",null]}, \n "
     "{\"id\":2,\"big\":5,\"done\":false,\"key\":null,\"at\":\"2024-01-15T12:00:00+00:00\",\"doc"
     "\":null,\"tags\":null}, \n {\"id\":3,\"big\":null,\"done\":null,\"key\":null,\"at\":null,\""
     "doc\":null,\"tags\":null}, \n {\"id\":4,\"big\":null,\"done\":null,\"key\":null,\"at\":null"
     ",\"doc\":null,\"tags\":null}]"},
    {"GET /l16", "200\nContent-Range: 0-3/*\n\n[{\"id\":1,\"one\":1}, \n {\"id\":2,\"one\":1}, \n "
                 "{\"id\":3,\"one\":1}, \n {\"id\":4,\"one\":1}]"},
    {"GET /l17",
     "200\nContent-Range: 0-1/*\n\n[{\"mood\":null,\"code\":\"a    \",\"same\":true}, \n "
     "{\"mood\":\"ok\",\"code\":null,\"same\":null}]"},
    {"GET /l18",
     "200\nContent-Range: 0-4/*\n\n[{\"id\":2,\"weight\":0}, \n {\"id\":1,\"weight\":0.1}, \n "
     "{\"id\":2,\"weight\":1e+300}, \n {\"id\":1,\"weight\":\"Infinity\"}, \n "
     "{\"id\":1,\"weight\":\"NaN\"}]"},
    {"GET /l19", "200\nContent-Range: 0-3/*\n\n[{\"id\":1,\"oid\":3}, \n {\"id\":2,\"oid\":5}, \n "
                 "{\"id\":3,\"oid\":null}, \n {\"id\":4,\"oid\":null}]"},
    {"GET /l20", "200\nContent-Range: 0-0/*\n\n[{\"id\":1}]"},
    {"GET /f1", "200\nContent-Range: 0-3/*\n\n[{\"id\":1,\"bid\":null,\"cid\":1}, \n "
                "{\"id\":1,\"bid\":1,\"cid\":2}, \n {\"id\":1,\"bid\":2,\"cid\":3}, \n "
                "{\"id\":1,\"bid\":3,\"cid\":4}]"},
    {"GET /f2", "200\nContent-Range: 0-3/*\n\n[{\"id\":1,\"bid\":1,\"cid\":2}, \n "
                "{\"id\":2,\"bid\":2,\"cid\":3}, \n {\"id\":3,\"bid\":3,\"cid\":4}, \n "
                "{\"id\":4,\"bid\":null,\"cid\":null}]"},
    {"GET /f3", "200\nContent-Range: 0-4/*\n\n[{\"id\":1,\"bid\":2,\"cid\":2}, \n "
                "{\"id\":2,\"bid\":3,\"cid\":3}, \n {\"id\":3,\"bid\":4,\"cid\":4}, \n "
                "{\"id\":4,\"bid\":null,\"cid\":null}, \n {\"id\":null,\"bid\":null,\"cid\":1}]"},
    {"GET /f4",
     "200\nContent-Range: 0-7/*\n\n[{\"id\":1,\"client_id\":1,\"text\":\"x\"}, \n "
     "{\"id\":1,\"client_id\":1,\"text\":\"y\"}, \n {\"id\":2,\"client_id\":1,\"text\":\"z\"}, "
     "\n {\"id\":3,\"client_id\":1,\"text\":null}, \n {\"id\":4,\"client_id\":2,\"text\":\"v\"}, "
     "\n {\"id\":4,\"client_id\":2,\"text\":\"w\"}, \n {\"id\":5,\"client_id\":2,\"text\":null}, "
     "\n {\"id\":6,\"client_id\":null,\"text\":null}]"},
    {"GET /fv1",
     "200\nContent-Range: 0-4/*\n\n[{\"id\":1,\"name\":\"a\",\"depth\":1}, \n "
     "{\"id\":1,\"name\":\"b\",\"depth\":1}, \n {\"id\":2,\"name\":\"aa\",\"depth\":1}, \n "
     "{\"id\":3,\"name\":\"ba\",\"depth\":1}, \n {\"id\":4,\"name\":\"aaa\",\"depth\":1}]"},
    {"GET /fv2",
     "200\nContent-Range: 0-5/*\n\n[{\"id\":1,\"name\":\"root\"}, \n {\"id\":2,\"name\":\"a\"}, "
     "\n {\"id\":3,\"name\":\"b\"}, \n {\"id\":4,\"name\":\"aa\"}, \n "
     "{\"id\":5,\"name\":\"aaa\"}, \n {\"id\":6,\"name\":\"ba\"}]"},
};

static void
lateral_reads_its_neighbours(void **state)
{
    (void)state;
    door_expect_all(&door, lateral_reads_its_neighbours_cases,
                    COUNTOF(lateral_reads_its_neighbours_cases));
}

static const struct door_case other_requests_read_them_too_cases[] = {
    {"GET /cr1?order=id",
     "200\nContent-Range: 0-5/*\n\n[{\"id\":1,\"level\":1}, \n {\"id\":2,\"level\":2}, \n "
     "{\"id\":3,\"level\":2}, \n {\"id\":4,\"level\":3}, \n {\"id\":5,\"level\":4}, \n "
     "{\"id\":6,\"level\":3}]"},
    {"GET /rpc/fn1?root=2",
     "200\nContent-Range: 0-2/*\n\n[{\"id\":2,\"name\":\"a\",\"depth\":0}, \n "
     "{\"id\":4,\"name\":\"aa\",\"depth\":1}, \n {\"id\":5,\"name\":\"aaa\",\"depth\":2}]"},
    {"GET /rpc/fn1?root=1&deepest=1&select=name&order=name.desc",
     "200\nContent-Range: 0-2/*\n\n[{\"name\":\"root\"}, \n {\"name\":\"b\"}, \n "
     "{\"name\":\"a\"}]"},
    {"GET /rpc/fn2?n=1&select=id,client_id,weight",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":2,\"client_id\":1,\"weight\":\"NaN\"}, \n "
     "{\"id\":5,\"client_id\":2,\"weight\":1e+300}]"},
    {"GET /rpc/fn3?most=20",
     "200\nContent-Range: 0-2/*\n\n[{\"client\":1,\"title\":\"one\"}, \n "
     "{\"client\":2,\"title\":\"{\\\"q\\\":1}\"}, \n {\"client\":null,\"title\":\"six\"}]"},
    {"GET /r2?depth=gt.2&select=id,path&order=path.desc",
     "200\nContent-Range: 0-2/*\n\n[{\"id\":6,\"path\":\"root/b/ba\"}, \n "
     "{\"id\":5,\"path\":\"root/a/aa/aaa\"}, \n {\"id\":4,\"path\":\"root/a/aa\"}]"},
    {"GET /r3?circle=is.true&select=a,b&order=b&limit=2",
     "200\nContent-Range: 0-1/*\n\n[{\"a\":1,\"b\":1}, \n {\"a\":2,\"b\":2}]"},
    {"GET /r3?select=a,b.count()&order=a",
     "200\nContent-Range: 0-3/*\n\n[{\"a\":1,\"count\":5}, \n {\"a\":2,\"count\":5}, \n "
     "{\"a\":3,\"count\":5}, \n {\"a\":4,\"count\":1}]"},
    {"GET /l1?price=gte.20.5&select=order_id,weight&order=order_id",
     "200\nContent-Range: 0-1/*\n\n[{\"order_id\":2,\"weight\":\"NaN\"}, \n "
     "{\"order_id\":3,\"weight\":\"Infinity\"}]"},
    {"GET /l2?oid=is.null&select=id,name",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":3,\"name\":\"Cy\"}, \n {\"id\":4,\"name\":\"Di\"}]"},
    {"GET /l2?raw=eq.\\xff&select=id", "200\nContent-Range: 0-0/*\n\n[{\"id\":2}]"},
    {"GET /l2?select=id,weight.max()&order=id",
     "200\nContent-Range: 0-3/*\n\n[{\"id\":1,\"max\":\"Infinity\"}, \n "
     "{\"id\":2,\"max\":1e+300}, \n {\"id\":3,\"max\":null}, \n {\"id\":4,\"max\":null}]"},
    {"GET /l15?key=eq.11111111-1111-4111-8111-111111111111&select=big,doc->a",
     "200\nContent-Range: 0-0/*\n\n[{\"big\":9007199254740993,\"a\":1}]"},
    {"GET /l15?tags=cs.{a}&select=id,tags",
     "200\nContent-Range: 0-0/*\n\n[{\"id\":1,\"tags\":[\"a\",\"b\"]}]"},
    {"GET /l15?at=gt.2024-01-15&select=id,at&order=at",
     "200\nContent-Range: 0-2/*\n\n[{\"id\":2,\"at\":\"2024-01-15T12:00:00+00:00\"}, \n "
     "{\"id\":2,\"at\":\"2024-01-15T12:00:00+00:00\"}, \n "
     "{\"id\":1,\"at\":\"2024-02-01T00:00:00+00:00\"}]"},
    {"GET /l15?big=eq.9007199254740993&select=id", "200\nContent-Range: 0-0/*\n\n[{\"id\":1}]"},
    {"GET /d1?select=id,clients(name)&order=id",
     "200\nContent-Range: 0-2/*\n\n[{\"id\":2,\"clients\":{\"name\":\"Ann\"}}, \n "
     "{\"id\":4,\"clients\":{\"name\":\"Bob\"}}, \n {\"id\":6,\"clients\":null}]"},
    {"GET /d1?client_id=eq.1&select=price", "200\nContent-Range: 0-0/*\n\n[{\"price\":20.50}]"},
    {"GET /d1?select=client_id,orders:id&order=price.desc.nullslast,client_id",
     "200\nContent-Range: 0-2/*\n\n[{\"client_id\":1,\"orders\":2}, \n "
     "{\"client_id\":null,\"orders\":6}, \n {\"client_id\":2,\"orders\":4}]"},
    {"GET /l4?select=id,orders(title)&order=id,oid",
     "200\nContent-Range: 0-5/*\n\n[{\"id\":1,\"orders\":[{\"title\":\"one\"}, \n "
     "{\"title\":\"two\"}, \n {\"title\":null}]}, \n {\"id\":1,\"orders\":[{\"title\":\"one\"}, "
     "\n {\"title\":\"two\"}, \n {\"title\":null}]}, \n "
     "{\"id\":2,\"orders\":[{\"title\":\"[1,2]\"}, \n {\"title\":\"{\\\"q\\\":1}\"}]}, \n "
     "{\"id\":2,\"orders\":[{\"title\":\"[1,2]\"}, \n {\"title\":\"{\\\"q\\\":1}\"}]}, \n "
     "{\"id\":3,\"orders\":[]}, \n {\"id\":4,\"orders\":[]}]"},
    {"GET /clients?select=id,d1(price)&order=id",
     "200\nContent-Range: 0-3/*\n\n[{\"id\":1,\"d1\":[{\"price\":20.50}]}, \n "
     "{\"id\":2,\"d1\":[{\"price\":null}]}, \n {\"id\":3,\"d1\":[]}, \n {\"id\":4,\"d1\":[]}]"},
    {"GET /clients?select=id,d12(id)&order=id",
     "200\nContent-Range: 0-3/*\n\n[{\"id\":1,\"d12\":[{\"id\":3}]}, \n "
     "{\"id\":2,\"d12\":[{\"id\":5}]}, \n {\"id\":3,\"d12\":[]}, \n {\"id\":4,\"d12\":[]}]"},
    {"GET /d12?select=id,clients(name,mood)&order=id",
     "200\nContent-Range: 0-2/*\n\n[{\"id\":3,\"clients\":{\"name\":\"Ann\",\"mood\":\"ok\"}}, "
     "\n {\"id\":5,\"clients\":{\"name\":\"Bob\",\"mood\":\"sad\"}}, \n "
     "{\"id\":6,\"clients\":null}]"},
    {"GET /w2?K2=like.B*", "200\nContent-Range: 0-0/*\n\n[{\"k\":2,\"K2\":\"Bob\",\"l\":2}]"},
};

static void
other_requests_read_them_too(void **state)
{
    (void)state;
    door_expect_all(&door, other_requests_read_them_too_cases,
                    COUNTOF(other_requests_read_them_too_cases));
}

/* In order: each sees what the ones before have done. */
static const struct door_case statements_write_through_views_cases[] = {
    {"GET /tasks?order=id",
     "200\nContent-Range: 0-6/*\n\n[{\"id\":1,\"title\":\"A!10.002:20\",\"state\":\"open\",\"owne"
     "r\":null,\"price\":11.00,\"code\":\"x\",\"twice\":22.00}, \n "
     "{\"id\":2,\"title\":\"b:10\",\"state\":\"open\",\"owner\":null,\"price\":1.50,\"code\":\"z"
     "\",\"twice\":3.00}, \n {\"id\":5,\"title\":\"kept\",\"state\":\"open\",\"owner\":null,\"pri"
     "ce\":78.00,\"code\":null,\"twice\":156.00}, \n "
     "{\"id\":6,\"title\":\"w\",\"state\":\"open\",\"owner\":null,\"price\":5.00,\"code\":null,\""
     "twice\":10.00}, \n {\"id\":21,\"title\":\"a's\",\"state\":\"shut\",\"owner\":null,\"price\""
     ":20.00,\"code\":null,\"twice\":40.00}, \n {\"id\":22,\"title\":\"b's\",\"state\":\"shut\","
     "\"owner\":null,\"price\":3.00,\"code\":null,\"twice\":6.00}, \n "
     "{\"id\":70,\"title\":\"more\",\"state\":\"open\",\"owner\":null,\"price\":5.00,\"code\":nul"
     "l,\"twice\":10.00}]"},
    {"GET /steps?order=task_id,n",
     "200\nContent-Range: 0-2/*\n\n[{\"task_id\":1,\"n\":1,\"note\":\"x\"}, \n "
     "{\"task_id\":1,\"n\":2,\"note\":\"y\"}, \n {\"task_id\":2,\"n\":1,\"note\":\"z\"}]"},
    {"GET /stepped?order=id",
     "200\nContent-Range: 0-6/*\n\n[{\"id\":1,\"title\":\"A!10.002:20\",\"price\":11.00,\"n\":2},"
     " \n {\"id\":2,\"title\":\"b:10\",\"price\":1.50,\"n\":1}, \n "
     "{\"id\":5,\"title\":\"kept\",\"price\":78.00,\"n\":0}, \n "
     "{\"id\":6,\"title\":\"w\",\"price\":5.00,\"n\":0}, \n "
     "{\"id\":21,\"title\":\"a's\",\"price\":20.00,\"n\":0}, \n "
     "{\"id\":22,\"title\":\"b's\",\"price\":3.00,\"n\":0}, \n "
     "{\"id\":70,\"title\":\"more\",\"price\":5.00,\"n\":0}]"},
    {"GET /busy?order=id",
     "200\nContent-Range: 0-1/*\n\n[{\"id\":1,\"title\":\"A!10.002:20\",\"tens\":20}, \n "
     "{\"id\":2,\"title\":\"b:10\",\"tens\":10}]"},
    {"POST /rpc/more_steps\nContent-Type: application/json\n\n{\"lowest\":2}",
     "200\nContent-Range: 0-0/*\n\n[{\"id\":1,\"title\":\"A!10.002:20+2\",\"n\":2}]"},
    {"POST /rpc/new_step\nContent-Type: application/json\n\n{\"called\":\"q\"}",
     "200\nContent-Range: 0-0/*\n\n[{\"id\":7,\"title\":\"q\",\"price\":1.50,\"n\":0}]"},
    {"POST /rpc/again_step\nContent-Type: application/json\n\n{\"which\":1,\"called\":\"q\"}",
     "200\nContent-Range: 0-0/*\n\n[{\"title\":\"q2\",\"n\":2}]"},
    {"POST /rpc/again_step\nContent-Type: application/json\n\n{\"which\":70,\"called\":\"q\"}",
     "200\nContent-Range: */*\n\n[]"},
    {"POST /rpc/again_step\nContent-Type: application/json\n\n{\"which\":700,\"called\":\"q\"}",
     "200\nContent-Range: 0-0/*\n\n[{\"title\":\"q\",\"n\":0}]"},
    {"POST /rpc/raise_marked\nContent-Type: application/json\n\n{\"which\":1}",
     "200\nContent-Range: 0-0/*\n\n[{\"id\":1,\"title\":\"q27\",\"best\":7}]"},
    {"POST /rpc/gone_best\nContent-Type: application/json\n\n{\"most\":5}",
     "200\nContent-Range: */*\n\n[]"},
    {"POST /rpc/void_best\nContent-Type: application/json\n\n{\"which\":1}",
     "204\nContent-Range: 0-0/*\n\n"},
    {"GET /best", "200\nContent-Range: 0-0/*\n\n[{\"id\":1,\"shown\":\"void7=7\",\"best\":7}]"},
    {"GET /marked?order=id",
     "200\nContent-Range: 0-8/*\n\n[{\"id\":1,\"title\":\"void7\",\"best\":7}, \n "
     "{\"id\":2,\"title\":\"b:10\",\"best\":null}, \n "
     "{\"id\":5,\"title\":\"kept\",\"best\":null}, \n {\"id\":6,\"title\":\"w\",\"best\":null}, "
     "\n {\"id\":7,\"title\":\"q\",\"best\":null}, \n "
     "{\"id\":21,\"title\":\"a's\",\"best\":null}, \n {\"id\":22,\"title\":\"b's\",\"best\":1}, "
     "\n {\"id\":70,\"title\":\"more\",\"best\":null}, \n "
     "{\"id\":700,\"title\":\"q\",\"best\":null}]"},
    {"GET /tasks?order=id",
     "200\nContent-Range: 0-8/*\n\n[{\"id\":1,\"title\":\"void7\",\"state\":\"open\",\"owner\":nu"
     "ll,\"price\":11.00,\"code\":\"x\",\"twice\":22.00}, \n "
     "{\"id\":2,\"title\":\"b:10\",\"state\":\"open\",\"owner\":null,\"price\":1.50,\"code\":\"z"
     "\",\"twice\":3.00}, \n {\"id\":5,\"title\":\"kept\",\"state\":\"open\",\"owner\":null,\"pri"
     "ce\":78.00,\"code\":null,\"twice\":156.00}, \n "
     "{\"id\":6,\"title\":\"w\",\"state\":\"open\",\"owner\":null,\"price\":5.00,\"code\":null,\""
     "twice\":10.00}, \n {\"id\":7,\"title\":\"q\",\"state\":\"open\",\"owner\":null,\"price\":1."
     "50,\"code\":null,\"twice\":3.00}, \n {\"id\":21,\"title\":\"a's\",\"state\":\"shut\",\"owne"
     "r\":null,\"price\":20.00,\"code\":null,\"twice\":40.00}, \n "
     "{\"id\":22,\"title\":\"b's\",\"state\":\"shut\",\"owner\":null,\"price\":3.00,\"code\":null"
     ",\"twice\":6.00}, \n {\"id\":70,\"title\":\"more\",\"state\":\"open\",\"owner\":null,\"pric"
     "e\":5.00,\"code\":null,\"twice\":10.00}, \n {\"id\":700,\"title\":\"q\",\"state\":\"open\","
     "\"owner\":null,\"price\":1.50,\"code\":null,\"twice\":3.00}]"},
    {"GET /steps?order=task_id,n",
     "200\nContent-Range: 0-2/*\n\n[{\"task_id\":1,\"n\":1,\"note\":\"x\"}, \n "
     "{\"task_id\":1,\"n\":2,\"note\":\"y\"}, \n {\"task_id\":2,\"n\":1,\"note\":\"z\"}]"},
};

static void
statements_write_through_views(void **state)
{
    (void)state;
    door_expect_all(&door, statements_write_through_views_cases,
                    COUNTOF(statements_write_through_views_cases));
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_sees_what_postgresql_sees),
        cmocka_unit_test(distinct_on_keeps_the_first_row),
        cmocka_unit_test(lateral_reads_its_neighbours),
        cmocka_unit_test(other_requests_read_them_too),
        cmocka_unit_test(statements_write_through_views),
    };
    int failed;

    if (!door_begin(argc, argv))
        return 77;
    failed = cmocka_run_group_tests(tests, open_tables, close_tables);
    door_end();
    return failed;
}
