-- Functions of every shape, for the tests of /rpc. PostgreSQL only.

CREATE TABLE clients (id integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE projects (id integer PRIMARY KEY, name text NOT NULL, client_id integer REFERENCES clients);
CREATE TABLE tasks (id integer PRIMARY KEY, name text, project_id integer REFERENCES projects);
CREATE TABLE items (id integer PRIMARY KEY);
CREATE TYPE point_2d AS (x integer, y integer);
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
INSERT INTO clients VALUES (1, 'Microsoft'), (2, 'Apple');
INSERT INTO projects VALUES (1, 'Windows 7', 1), (2, 'Windows 10', 1), (3, 'IOS', 2), (4, 'OSX', 2), (5, 'Orphan', NULL);
INSERT INTO tasks VALUES (1, 'Design w7', 1), (2, 'Code w7', 1), (3, 'Design w10', 2);
INSERT INTO items SELECT generate_series(1, 15);

-- One value, and many of them
CREATE FUNCTION sayhello(name text) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT 'Hello, ' || name $$;
COMMENT ON FUNCTION sayhello(text) IS 'Greets.';
CREATE FUNCTION add_them(a integer, b integer) RETURNS integer IMMUTABLE LANGUAGE sql AS $$ SELECT a + b $$;
CREATE FUNCTION ret_null() RETURNS integer IMMUTABLE LANGUAGE sql AS $$ SELECT NULL::integer $$;
CREATE FUNCTION ret_bool() RETURNS boolean IMMUTABLE LANGUAGE sql AS $$ SELECT true $$;
CREATE FUNCTION ret_array() RETURNS integer[] IMMUTABLE LANGUAGE sql AS $$ SELECT '{1,2,3}'::integer[] $$;
CREATE FUNCTION ret_json() RETURNS json IMMUTABLE LANGUAGE sql AS $$ SELECT '{"a": [1, null]}'::json $$;
CREATE FUNCTION ret_time() RETURNS timestamptz IMMUTABLE LANGUAGE sql AS $$ SELECT '2026-11-21 10:14:03+00'::timestamptz $$;
CREATE FUNCTION ret_setof_integers() RETURNS SETOF integer IMMUTABLE LANGUAGE sql AS $$ VALUES (1), (2), (3) $$;
CREATE FUNCTION ret_void() RETURNS void LANGUAGE sql AS '';
CREATE FUNCTION no_args() RETURNS integer STABLE LANGUAGE sql AS $$ SELECT 42 $$;

-- Rows
CREATE FUNCTION get_project(id integer) RETURNS projects STABLE LANGUAGE sql AS
    $$ SELECT * FROM projects WHERE projects.id = get_project.id $$;
CREATE FUNCTION get_projects_below(id integer) RETURNS SETOF projects STABLE LANGUAGE sql AS
    $$ SELECT * FROM projects WHERE projects.id < get_projects_below.id $$;
CREATE FUNCTION getitemrange(min integer, max integer) RETURNS SETOF items STABLE LANGUAGE sql AS
    $$ SELECT * FROM items WHERE id > min AND id <= max $$;
CREATE FUNCTION make_point(x integer, y integer) RETURNS point_2d IMMUTABLE LANGUAGE sql AS $$ SELECT x, y $$;
CREATE FUNCTION points() RETURNS SETOF point_2d IMMUTABLE LANGUAGE sql AS $$ VALUES (1, 2), (3, 4) $$;
CREATE FUNCTION returns_record() RETURNS record STABLE LANGUAGE sql AS $$ SELECT 1 AS id, 'x'::text AS name $$;
CREATE FUNCTION returns_setof_record() RETURNS SETOF record STABLE LANGUAGE sql AS
    $$ SELECT id, name FROM projects WHERE id < 3 ORDER BY id $$;
CREATE FUNCTION single_out(num integer, OUT num_plus_one integer) IMMUTABLE LANGUAGE sql AS $$ SELECT num + 1 $$;
CREATE FUNCTION single_inout(INOUT num integer) IMMUTABLE LANGUAGE sql AS $$ SELECT num + 1 $$;
CREATE FUNCTION many_out(OUT my_json json, OUT num integer, OUT str text) IMMUTABLE LANGUAGE sql AS
    $$ SELECT '{"a":1}'::json, 3, 'four' $$;
CREATE FUNCTION one_column() RETURNS TABLE (a text) IMMUTABLE LANGUAGE sql AS $$ SELECT 'A' $$;
CREATE FUNCTION two_columns() RETURNS TABLE (a text, b text) IMMUTABLE LANGUAGE sql AS $$ SELECT 'A', 'B' $$;

-- Arguments
CREATE FUNCTION defaults(need integer, more integer DEFAULT 7, "odd name" text DEFAULT 'x') RETURNS text
    IMMUTABLE LANGUAGE sql AS $$ SELECT need || ' ' || more || ' ' || "odd name" $$;
CREATE FUNCTION variadic_param(VARIADIC v text[] DEFAULT '{}') RETURNS text[] IMMUTABLE LANGUAGE sql AS $$ SELECT v $$;
CREATE FUNCTION takes_array(v integer[]) RETURNS integer[] IMMUTABLE LANGUAGE sql AS $$ SELECT v $$;
CREATE FUNCTION takes_row(p point_2d) RETURNS integer IMMUTABLE LANGUAGE sql AS $$ SELECT p.x + p.y $$;
CREATE FUNCTION takes_rows(p point_2d[]) RETURNS bigint IMMUTABLE LANGUAGE sql AS $$ SELECT sum(q.x) FROM unnest(p) q $$;
CREATE FUNCTION takes_json(j json) RETURNS json IMMUTABLE LANGUAGE sql AS $$ SELECT j $$;
CREATE FUNCTION takes_mood(m mood) RETURNS mood IMMUTABLE LANGUAGE sql AS $$ SELECT m $$;
CREATE FUNCTION takes_char(c character) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT c::text $$;
CREATE FUNCTION overloaded() RETURNS SETOF integer IMMUTABLE LANGUAGE sql AS $$ VALUES (1), (2), (3) $$;
CREATE FUNCTION overloaded(a integer, b integer) RETURNS integer IMMUTABLE LANGUAGE sql AS $$ SELECT a + b $$;
CREATE FUNCTION overloaded(a text, b text, c text) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT a || b || c $$;
CREATE FUNCTION same_args(arg integer) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT 'integer' $$;
CREATE FUNCTION same_args(arg text) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT 'text' $$;
CREATE FUNCTION unnamed_json(json) RETURNS json IMMUTABLE LANGUAGE sql AS $$ SELECT $1 $$;
CREATE FUNCTION unnamed_text(text) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT $1 $$;
CREATE FUNCTION unnamed_bytea(bytea) RETURNS bytea IMMUTABLE LANGUAGE sql AS $$ SELECT $1 $$;
CREATE FUNCTION unnamed_xml(xml) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT $1::text $$;
CREATE FUNCTION unnamed_two(integer, integer) RETURNS integer IMMUTABLE LANGUAGE sql AS $$ SELECT $1 + $2 $$;

-- Writing
CREATE FUNCTION add_client(id integer, name text) RETURNS clients LANGUAGE sql AS
    $$ INSERT INTO clients VALUES (id, name) RETURNING * $$;
CREATE FUNCTION add_items(n integer) RETURNS SETOF items LANGUAGE sql AS
    $$ INSERT INTO items SELECT 100 + g FROM generate_series(1, n) g RETURNING * $$;
CREATE SEQUENCE calls;
CREATE FUNCTION count_calls() RETURNS SETOF bigint LANGUAGE sql AS $$ SELECT nextval('calls') $$;

-- Errors and settings
CREATE FUNCTION raise_plain() RETURNS void LANGUAGE plpgsql AS
    $$ BEGIN RAISE 'went %', 'wrong' USING DETAIL = 'the detail', HINT = 'the hint'; END $$;
CREATE FUNCTION raise_pt402() RETURNS void LANGUAGE plpgsql STABLE AS
    $$ BEGIN RAISE SQLSTATE 'PT402' USING MESSAGE = 'Payment Required', DETAIL = 'Quota exceeded', HINT = 'Upgrade your plan'; END $$;
CREATE FUNCTION raise_pgrst(message text, detail text) RETURNS void LANGUAGE plpgsql STABLE AS
    $$ BEGIN RAISE SQLSTATE 'PGRST' USING MESSAGE = message, DETAIL = detail; END $$;
CREATE FUNCTION raise_pgrst_bare() RETURNS void LANGUAGE plpgsql STABLE AS
    $$ BEGIN RAISE SQLSTATE 'PGRST' USING MESSAGE = '{"code":"1","message":"m"}'; END $$;
CREATE FUNCTION set_headers(value text) RETURNS integer LANGUAGE plpgsql STABLE AS
    $$ BEGIN PERFORM set_config('response.headers', value, true); RETURN 1; END $$;
CREATE FUNCTION set_for_good() RETURNS integer LANGUAGE plpgsql STABLE AS
    $$ BEGIN PERFORM set_config('response.status', '299', false); RETURN 1; END $$;
CREATE FUNCTION set_status(value text) RETURNS integer LANGUAGE plpgsql STABLE AS
    $$ BEGIN PERFORM set_config('response.status', value, true); RETURN 1; END $$;
CREATE FUNCTION get_setting(name text) RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting(name, true) $$;
