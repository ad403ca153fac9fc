CREATE TABLE t (id int PRIMARY KEY, up int, a text, n numeric(6,2));
CREATE VIEW r AS WITH RECURSIVE w(k, d) AS (SELECT id, 1 FROM t UNION SELECT t.id, d + 1 FROM w JOIN t ON t.up = k) SELECT k, d FROM w;
CREATE VIEW d AS SELECT DISTINCT ON (up, n) up, n, id FROM t ORDER BY n DESC, up, id;
CREATE VIEW l AS SELECT t.id, s.a, x.c FROM t LEFT JOIN LATERAL (SELECT a FROM t u WHERE u.up = t.id LIMIT 1) s ON true, LATERAL (SELECT count(*) AS c FROM r WHERE k = t.id) x;
CREATE RECURSIVE VIEW rv (n) AS SELECT 1 UNION ALL SELECT n + 1 FROM rv WHERE n < 3;
CREATE FUNCTION f(int) RETURNS SETOF t LANGUAGE sql AS $$ SELECT * FROM t WHERE up = $1 $$;
CREATE VIEW fv AS SELECT t.id, f.a FROM t, f(t.id) AS f(x, y, a);
