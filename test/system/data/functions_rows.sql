-- Functions of a row, as columns and relationships: the same on both engines.
CREATE TABLE designers (id int PRIMARY KEY, name text NOT NULL, first text, last text);
CREATE TABLE games (id int PRIMARY KEY, name text, designer_id int REFERENCES designers, price numeric(10,2), sold int, made timestamptz, tags text[],
    feeling mood);
INSERT INTO designers VALUES (1, 'Sid Meier', 'Sid', 'Meier'), (2, 'Hironobu Sakaguchi', 'Hironobu', 'Sakaguchi'), (3, 'Nobody', NULL, NULL);
INSERT INTO games VALUES
    (1, 'Civilization I', 1, 9.90, 10, '1991-09-01T00:00:00Z', '{a,b}', 'ok'), (2, 'Civilization II', 1, 100, 3, '1996-02-29T00:00:00Z', '{b}', 'sad'),
    (3, 'Final Fantasy I', 2, 10.5, NULL, NULL, NULL, NULL), (4, 'Final Fantasy II', 2, 2, 7, NULL, '{}', 'happy'), (5, 'Tetris', NULL, 30, 0, NULL, NULL, NULL);
CREATE TABLE web (id int PRIMARY KEY, name text, parent int REFERENCES web);
INSERT INTO web VALUES (5, 'wat', NULL), (0, 'tardis', 5), (1, 'fezz', 0), (2, 'foo', 0), (4, 'wut', 1);
CREATE VIEW cheap_games AS SELECT id, name, price FROM games WHERE price < 20;

CREATE FUNCTION full_name(designers) RETURNS text LANGUAGE sql STABLE AS $$ SELECT $1.first || ' ' || $1.last $$;
COMMENT ON FUNCTION full_name(designers) IS 'Both names.';
CREATE FUNCTION always_true(games) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN true;
CREATE FUNCTION anti_id(g games) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT g.id * -1';
CREATE FUNCTION anti_id(d designers) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT -(d).id';
CREATE FUNCTION gross(games) RETURNS numeric LANGUAGE sql STABLE AS 'SELECT $1.price * 1.19';
CREATE FUNCTION per_piece(g games) RETURNS numeric LANGUAGE sql AS 'SELECT g.price / g.sold';
CREATE FUNCTION game_count(designers) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM games WHERE designer_id = $1.id';
CREATE FUNCTION latest(designers) RETURNS text LANGUAGE sql STABLE AS 'SELECT g.name FROM games g WHERE g.designer_id = $1.id ORDER BY g.id DESC';
CREATE FUNCTION year(games) RETURNS timestamptz LANGUAGE sql STABLE AS $$ SELECT date_trunc('year', $1.made) $$;
CREATE FUNCTION labels(games) RETURNS text[] LANGUAGE sql STABLE AS 'SELECT $1.tags';
CREATE FUNCTION state(games) RETURNS mood LANGUAGE sql STABLE AS 'SELECT coalesce($1.feeling, ''ok'')';
CREATE FUNCTION doc(games) RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT ('{"n": ' || $1.id || ', "l": "x' || $1.id || '"}')::jsonb $$;
CREATE FUNCTION shout(cheap_games) RETURNS text LANGUAGE sql STABLE AS 'SELECT upper($1.name)';
CREATE FUNCTION by_other(g games) RETURNS text LANGUAGE sql STABLE AS 'SELECT sayhello(g.name)';

CREATE FUNCTION by(games) RETURNS SETOF designers LANGUAGE sql STABLE ROWS 1 AS 'SELECT * FROM designers WHERE id = $1.designer_id';
CREATE FUNCTION by_always(games) RETURNS designers LANGUAGE sql STABLE AS 'SELECT * FROM designers WHERE id = $1.designer_id';
CREATE FUNCTION made(d designers) RETURNS SETOF games LANGUAGE sql STABLE AS 'SELECT g.* FROM games g WHERE g.designer_id = d.id ORDER BY g.id';
CREATE FUNCTION children(web) RETURNS SETOF web LANGUAGE sql STABLE AS 'SELECT * FROM web WHERE $1.id = parent ORDER BY id';
CREATE FUNCTION parents(web) RETURNS SETOF web LANGUAGE sql STABLE ROWS 1 AS 'SELECT * FROM web WHERE $1.parent = id';
CREATE FUNCTION all_games() RETURNS SETOF games LANGUAGE sql STABLE AS 'SELECT * FROM games ORDER BY id';
CREATE FUNCTION to_drop(games) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE OR REPLACE FUNCTION to_drop(games) RETURNS int LANGUAGE sql AS 'SELECT 2';
DROP FUNCTION to_drop(games);

CREATE VIEW titles AS SELECT id AS number, name AS title, price * 2 AS twice FROM games;
CREATE VIEW few_titles AS SELECT number AS no, title, twice AS double FROM titles WHERE number < 100;
CREATE FUNCTION line(few_titles) RETURNS text LANGUAGE sql STABLE AS $$ SELECT $1.no || ': ' || $1.title || ' ' || $1.double $$;
CREATE FUNCTION makers(f few_titles) RETURNS SETOF designers LANGUAGE sql STABLE AS
    'SELECT d.* FROM designers d JOIN games g ON g.designer_id = d.id WHERE g.id = f.no';
