-- Views and functions that somebody might get around a policy with, on the tables of access.sql.

CREATE VIEW v_agg WITH (security_invoker) AS SELECT owner, count(*) AS n, max(body) AS top FROM notes GROUP BY owner;
GRANT SELECT ON v_agg TO anon, authenticated, service_role;
CREATE VIEW v_owner_agg AS SELECT owner, count(*) AS n FROM notes GROUP BY owner;
GRANT SELECT (n) ON v_owner_agg TO anon, authenticated;
CREATE VIEW v_nested WITH (security_invoker) AS SELECT m.id, m.owner, m.body, (SELECT count(*) FROM comments c WHERE c.note_id = m.id) AS cc FROM my_notes m;
GRANT SELECT ON v_nested TO anon, authenticated, service_role;
CREATE VIEW v_invoker_on_owner WITH (security_invoker) AS SELECT id, body, code FROM all_notes;
GRANT SELECT ON v_invoker_on_owner TO anon, authenticated, service_role;
CREATE VIEW v_owner_on_invoker AS SELECT id, body, rank FROM my_notes;
GRANT SELECT ON v_owner_on_invoker TO anon, authenticated;
CREATE VIEW v_sub WITH (security_invoker) AS SELECT t.id, t.label, (SELECT l.word FROM locked l WHERE l.id = t.id) AS word FROM tags t;
GRANT SELECT ON v_sub TO anon, authenticated, service_role;
CREATE VIEW v_upd WITH (security_invoker) AS SELECT id, owner, body, code, rank, shared FROM notes;
GRANT ALL ON v_upd TO authenticated, service_role;
CREATE VIEW v_upd_owner AS SELECT id, owner, body, shared FROM notes WHERE owner = auth.uid();
GRANT ALL ON v_upd_owner TO authenticated;
CREATE VIEW v_upd_check AS SELECT id, owner, body, shared FROM notes WHERE owner = auth.uid() WITH CHECK OPTION;
GRANT ALL ON v_upd_check TO authenticated;
CREATE FUNCTION f_notes() RETURNS SETOF notes LANGUAGE sql STABLE AS $$ SELECT * FROM notes $$;
CREATE FUNCTION f_notes_def() RETURNS SETOF notes LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT * FROM notes WHERE shared $$;
CREATE FUNCTION f_profiles_def() RETURNS SETOF profiles LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT * FROM profiles $$;
CREATE FUNCTION f_from_view() RETURNS SETOF v_agg LANGUAGE sql STABLE AS $$ SELECT * FROM v_agg ORDER BY owner $$;
CREATE FUNCTION f_tags() RETURNS SETOF tags LANGUAGE sql STABLE AS $$ SELECT * FROM tags ORDER BY id $$;
CREATE FUNCTION f_num() RETURNS numeric LANGUAGE sql STABLE AS $$ SELECT sum(body::int) FROM notes $$;
CREATE FUNCTION f_exists(p text) RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT EXISTS (SELECT 1 FROM notes WHERE body LIKE p) $$;
CREATE FUNCTION f_case(p int) RETURNS int LANGUAGE sql STABLE AS $$ SELECT CASE WHEN id = p THEN 1 / (id - p) ELSE 0 END FROM notes ORDER BY id LIMIT 1 $$;
CREATE FUNCTION v_body(v v_upd) RETURNS text LANGUAGE sql STABLE AS $$ SELECT 'v:' || v.body $$;
CREATE FUNCTION v_notes(v v_agg) RETURNS SETOF notes LANGUAGE sql STABLE AS $$ SELECT * FROM notes WHERE owner = v.owner ORDER BY id $$;
CREATE FUNCTION prof_email(p profiles) RETURNS text LANGUAGE sql STABLE AS $$ SELECT p.email $$;
CREATE FUNCTION prof_email_def(p profiles) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT p.level::text $$;

-- Names that policies use for tables are names of other things here.
CREATE VIEW v_rec WITH (security_invoker) AS WITH RECURSIVE notes AS (
        SELECT id, owner, body FROM public.notes WHERE id = 1
        UNION SELECT n.id, n.owner, n.body FROM notes t JOIN public.notes n ON n.id IN (t.id + 1, t.id + 2))
    SELECT notes.id, notes.body, c.text FROM notes LEFT JOIN comments c ON c.note_id = notes.id;
GRANT SELECT ON v_rec TO anon, authenticated, service_role;
CREATE VIEW v_rec_owner AS WITH RECURSIVE t AS (SELECT id, owner FROM notes WHERE id = 1
        UNION SELECT n.id, n.owner FROM t JOIN notes n ON n.id = t.id + 1) SELECT id FROM t;
GRANT SELECT ON v_rec_owner TO authenticated;
CREATE VIEW v_first WITH (security_invoker) AS SELECT DISTINCT ON (owner) owner, id, body FROM notes ORDER BY owner, id DESC;
GRANT SELECT ON v_first TO anon, authenticated, service_role;
CREATE VIEW v_first_owner AS SELECT DISTINCT ON (owner) id, body FROM notes ORDER BY owner, id;
GRANT SELECT ON v_first_owner TO authenticated;
CREATE VIEW v_lat WITH (security_invoker) AS SELECT p.id, p.name, n.id AS note, n.body, l.c FROM profiles p
    LEFT JOIN LATERAL (SELECT id, body FROM notes WHERE owner = p.id ORDER BY id DESC LIMIT 1) n ON true
    LEFT JOIN LATERAL (SELECT count(*) AS c FROM comments WHERE note_id = n.id) l ON true;
GRANT SELECT ON v_lat TO anon, authenticated, service_role;
CREATE VIEW v_lat_owner AS SELECT p.name, n.n FROM profiles p, LATERAL (SELECT count(*) AS n FROM notes WHERE owner = p.id) n;
GRANT SELECT (n) ON v_lat_owner TO authenticated;
CREATE VIEW v_lat_hidden WITH (security_invoker) AS SELECT p.id, s.email FROM profiles p, LATERAL (SELECT p.email) s;
GRANT SELECT ON v_lat_hidden TO anon, authenticated, service_role;
CREATE VIEW v_lat_locked WITH (security_invoker) AS SELECT t.id, s.word FROM tags t LEFT JOIN LATERAL (SELECT l.word FROM locked l WHERE l.id = t.id) s ON true;
GRANT SELECT ON v_lat_locked TO anon, authenticated, service_role;
CREATE VIEW v_rec_invoker_on_owner AS WITH notes AS (SELECT id, body FROM my_notes) SELECT * FROM notes;
GRANT SELECT ON v_rec_invoker_on_owner TO anon, authenticated;
CREATE FUNCTION f_tree(root int) RETURNS TABLE (id int, body text) LANGUAGE sql STABLE AS $$
    WITH RECURSIVE t AS (SELECT n.id, n.body FROM notes n WHERE n.id = root UNION ALL SELECT n.id, n.body FROM t JOIN notes n ON n.id = t.id + 1)
    SELECT * FROM t $$;
CREATE FUNCTION f_tree_def(root int) RETURNS SETOF int LANGUAGE sql STABLE SECURITY DEFINER AS $$
    WITH RECURSIVE t AS (SELECT id FROM notes WHERE id = root UNION ALL SELECT n.id FROM t JOIN notes n ON n.id = t.id + 1) SELECT id FROM t $$;
CREATE FUNCTION f_lat() RETURNS TABLE (name text, body text) LANGUAGE sql STABLE AS $$
    SELECT p.name, n.body FROM profiles p, LATERAL (SELECT DISTINCT ON (owner) body FROM notes WHERE owner = p.id ORDER BY owner, id DESC) n ORDER BY p.name $$;
CREATE VIEW v_calls WITH (security_invoker) AS SELECT t.id, f.body FROM tags t, f_tree(t.id) f;
GRANT SELECT ON v_calls TO anon, authenticated, service_role;

-- Views with columns that ask other tables, through which functions write.
CREATE TABLE asked (id int PRIMARY KEY, label text);
INSERT INTO asked VALUES (1, 'one'), (2, 'two');
GRANT SELECT, INSERT, UPDATE, DELETE ON asked TO authenticated, service_role;
CREATE VIEW v_asks AS SELECT id, label, (SELECT count(*) FROM notes) AS n, (SELECT max(l.word) FROM locked l WHERE l.id = asked.id) AS word FROM asked;
CREATE VIEW v_asks_invoker WITH (security_invoker) AS SELECT id, label, (SELECT count(*) FROM notes) AS n FROM asked;
CREATE VIEW v_asks_locked WITH (security_invoker) AS SELECT id, label, (SELECT max(l.word) FROM locked l) AS word FROM asked;
CREATE VIEW v_asks_above WITH (security_invoker) AS SELECT id, label, n * 100 AS hundreds FROM v_asks WHERE n > 0;
GRANT SELECT, INSERT, UPDATE, DELETE ON v_asks, v_asks_invoker, v_asks_locked, v_asks_above TO authenticated, service_role;
CREATE FUNCTION f_asks() RETURNS TABLE (id int, n bigint, word text) LANGUAGE sql AS $$ UPDATE v_asks SET label = 'n' || n WHERE id = 1 RETURNING id, n, word $$;
CREATE FUNCTION f_asks_invoker() RETURNS SETOF v_asks_invoker LANGUAGE sql AS $$ UPDATE v_asks_invoker SET label = label || n WHERE id = 2 RETURNING * $$;
CREATE FUNCTION f_asks_locked() RETURNS SETOF text LANGUAGE sql AS $$ UPDATE v_asks_locked SET label = 'x' WHERE id = 2 RETURNING word $$;
CREATE FUNCTION f_asks_blind() RETURNS void LANGUAGE sql AS $$ INSERT INTO v_asks_locked (id, label) VALUES (3, 'x') ON CONFLICT DO NOTHING $$;
CREATE FUNCTION f_asks_above() RETURNS SETOF v_asks_above LANGUAGE sql AS $$ UPDATE v_asks_above SET label = label || '.' WHERE hundreds > 0 AND id = 1 RETURNING * $$;
CREATE FUNCTION f_asks_definer() RETURNS SETOF v_asks_invoker LANGUAGE sql SECURITY DEFINER AS $$ UPDATE v_asks_invoker SET label = 'd' WHERE id = 2 RETURNING * $$;
CREATE VIEW v_asks_over WITH (security_invoker) AS SELECT id, label FROM v_asks_locked WHERE word IS NOT NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON v_asks_over TO authenticated;
CREATE FUNCTION f_asks_over() RETURNS void LANGUAGE sql AS $$ DELETE FROM v_asks_over $$;

-- What WITH CHECK reads is asked of who writes rows, and of nobody else.
CREATE TABLE checked (id int PRIMARY KEY, owner uuid, word_id int);
INSERT INTO checked VALUES (1, '11111111-1111-4111-8111-111111111111', 1), (2, '22222222-2222-4222-8222-222222222222', 1);
GRANT SELECT, INSERT, UPDATE, DELETE ON checked TO anon, authenticated;
ALTER TABLE checked ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON checked USING (owner = auth.uid()) WITH CHECK (EXISTS (SELECT 1 FROM vault v WHERE v.id = word_id));
