-- What functions set for the request that they answer: the same on both engines.
CREATE FUNCTION set_headers(value text) RETURNS int LANGUAGE sql STABLE AS
    $$ SELECT set_config('response.headers', value, true); SELECT 1 $$;
CREATE FUNCTION set_status(value text) RETURNS int LANGUAGE sql AS
    $$ SELECT pg_catalog.set_config('response.status', value, true); SELECT 1 $$;
CREATE FUNCTION set_both(status int) RETURNS void LANGUAGE sql AS $$
    SELECT set_config('response.status', status::text, true), set_config('Response.Headers', '[{"X-Status": "' || status || '"}]', true)
$$;
CREATE FUNCTION set_and_add(id int, name text) RETURNS clients LANGUAGE sql AS $$
    SELECT set_config('response.headers', 'no list', true);
    SELECT set_config('response.headers', '[{"X-Name": "' || name || '"}]', true);
    INSERT INTO clients VALUES (id, name) RETURNING *
$$;
CREATE FUNCTION set_any(name text, value text DEFAULT NULL) RETURNS text LANGUAGE sql AS 'SELECT set_config(name, value, true)';
CREATE FUNCTION get_any(name text, missing_ok boolean DEFAULT true) RETURNS text LANGUAGE sql STABLE AS
    'SELECT current_setting(name, missing_ok)';
CREATE FUNCTION set_and_get(value text) RETURNS TABLE (was text, given text, seen text, later text) LANGUAGE sql AS $$
    SELECT set_config('app.more', 'more ' || value, true);
    SELECT nullif(current_setting('app.x', true), ''), set_config('app.x', value, true), current_setting('app.x'), current_setting('APP.more')
$$;
CREATE FUNCTION count_up() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT set_config('app.sum', '0', true);
    SELECT set_config('app.sum', (current_setting('app.sum')::int + id)::text, true) FROM (SELECT id FROM projects ORDER BY id) p
$$;
CREATE FUNCTION take_claims(claims text) RETURNS text LANGUAGE sql AS $$
    SELECT set_config('request.jwt.claims', claims, true);
    SELECT current_setting('request.jwt.claims')::json ->> 'sub'
$$;
