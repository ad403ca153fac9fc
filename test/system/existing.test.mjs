// SPDX-License-Identifier: Apache-2.0
//
// A PostgreSQL database that somebody else looks after, as users of PostgREST have it.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { afterEach, test } from 'node:test';

import {
    cairn, endAll, json, makeFolder, makeProject, sleep, startCairn, startPostgres, until,
} from './harness.mjs';

afterEach(endAll);

const secret = 'reallyreallyreallyreallyverysafe';
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

function bearer(claims) {
    const input = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
    const signature = crypto.createHmac('sha256', secret).update(input).digest('base64url');
    return { headers: { Authorization: `Bearer ${input}.${signature}` } };
}

// Roles belong to the cluster, so they may be there already.
const roles = ['web_anon', 'author'].map((role) => `
    DO $do$ BEGIN CREATE ROLE ${role} NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $do$;`).join('');
const schema = `${roles}
    DO $do$ BEGIN CREATE ROLE rest_login LOGIN NOINHERIT;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $do$;
    GRANT web_anon, author TO rest_login;
    CREATE SCHEMA api;
    CREATE TABLE api.posts (id int PRIMARY KEY, title text NOT NULL);
    INSERT INTO api.posts VALUES (1, 'Hello');
    CREATE FUNCTION api.check() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
        IF current_setting('request.jwt.claims', true)::json->>'id' = '3' THEN
            RAISE EXCEPTION 'Disabled ID --> %', 3 USING HINT = 'Please contact administrator';
        END IF;
        PERFORM set_config('response.headers', '[{"X-Host": "' || current_setting('app.settings.host') || '"}]', true);
    END $$;
    CREATE FUNCTION api.whoami() RETURNS text LANGUAGE sql STABLE AS 'SELECT current_user::text';
    GRANT USAGE ON SCHEMA api TO web_anon, author;
    GRANT SELECT ON api.posts TO web_anon;
    GRANT ALL ON api.posts TO author;
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;`;

/** A database with that schema; url is that of a user who owns nothing. */
async function makeDatabase(text = schema) {
    const postgres = await startPostgres();
    const database = await postgres.createDatabase();
    await postgres.sql(text, database);
    return { postgres, database, url: postgres.url(database).replace('postgres@', 'rest_login@') };
}

/** Everything in the database that isn't PostgreSQL's own. */
const inventory = (postgres, database) => postgres.sql(`
    SELECT n.nspname, c.relname FROM pg_class c RIGHT JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^(pg_|information_schema)' ORDER BY 1, 2`, database);

const postgrestConf = (url) => `
# The configuration that PostgREST has had.
db-uri = "${url}"
db-schemas = "api"
db-anon-role = "web_anon"
db-pre-request = "api.check"
db-tx-end = "commit-allow-override"
db-pool-acquisition-timeout = 10
jwt-secret = "$(OLD_SECRET)"
app.settings.host = "old.example"
server-host = "127.0.0.1"
server-port = 3000
admin-server-port = 3001
`;

test('a postgrest.conf becomes a cairn.yaml that serves the same database and makes nothing in it', async () => {
    const { postgres, database, url } = await makeDatabase();
    const folder = makeFolder('switch');
    fs.writeFileSync(path.join(folder, 'postgrest.conf'), postgrestConf(url));
    const env = { OLD_SECRET: secret };
    const shown = await cairn(['config', 'import', 'postgrest.conf'], { cwd: folder, env });
    assert.equal(shown.code, 0, shown.stderr);
    assert.match(shown.stdout, /# admin-server-port: /);
    assert.ok(!shown.stdout.includes(secret));
    const written = await cairn(['config', 'import', 'postgrest.conf', '--output', 'cairn.yaml'], { cwd: folder, env });
    assert.equal(written.code, 0, written.stderr);
    assert.ok(!fs.readFileSync(path.join(folder, 'cairn.yaml'), 'utf8').includes(secret));
    assert.equal(fs.statSync(path.join(folder, '.env')).mode & 0o777, 0o600);
    const again = await cairn(['config', 'import', 'postgrest.conf', '--output', 'cairn.yaml'], { cwd: folder, env });
    assert.equal(again.code, 4, again.stderr);

    const before = await inventory(postgres, database);
    const server = await startCairn({ engine: 'postgres', postgres, database, project: folder, env: { CAIRN_DATABASE_URL: url } });
    const read = await server.request('/rest/v1/posts');
    assert.equal(read.text, '[{"id":1,"title":"Hello"}]');
    assert.equal(read.headers['x-host'], 'old.example');
    assert.equal((await server.request('/rest/v1/posts', json('POST', { id: 2, title: 'x' }))).status, 401);
    const author = bearer({ role: 'author' });
    const post = (prefer) => server.request('/rest/v1/posts',
        json('POST', { id: 2, title: 'x' }, { ...author.headers, Prefer: prefer }));
    assert.equal((await post('tx=rollback')).status, 201);
    assert.equal((await post('return=minimal')).status, 201);
    assert.equal((await post('return=minimal')).status, 409);
    assert.equal((await server.request('/rest/v1/rpc/whoami', author)).text, '"author"');
    const disabled = await server.request('/rest/v1/posts', bearer({ role: 'author', id: '3' }));
    assert.equal(disabled.status, 400);
    assert.deepEqual(disabled.json(), {
        code: 'P0001', details: null, hint: 'Please contact administrator', message: 'Disabled ID --> 3',
    });
    await server.stop();
    assert.equal(await inventory(postgres, database), before);
});

test('without migrations nothing is made either; with database.managed false nobody looks at them', async () => {
    const { postgres, database, url } = await makeDatabase();
    const env = { CAIRN_DATABASE_URL: url, CAIRN_DATABASE_SCHEMAS: 'api', CAIRN_AUTH_ANON_ROLE: 'web_anon' };
    const before = await inventory(postgres, database);
    const plain = await startCairn({ engine: 'postgres', postgres, database, project: makeProject(), env });
    assert.equal((await plain.request('/rest/v1/posts')).status, 200);
    await plain.stop();
    const project = makeProject({
        migrations: { '0001_x.sql': 'CREATE TABLE x (id int);' }, yaml: 'database:\n  managed: false\n',
    });
    const other = await startCairn({ engine: 'postgres', postgres, database, project, env });
    assert.equal((await other.request('/rest/v1/posts')).status, 200);
    await other.stop();
    const refused = await cairn(['migrate', 'up'], { cwd: project, env });
    assert.equal(refused.code, 4);
    assert.match(refused.stderr, /database\.managed is false/);
    assert.equal(await inventory(postgres, database), before);
});

const status = (server, target) => server.request(target).then((r) => r.status);

test('NOTIFY has the schema read again, also after the connection was lost', async () => {
    const { postgres, database, url } = await makeDatabase();
    const server = await startCairn({
        engine: 'postgres', postgres, database, project: makeProject(),
        env: { CAIRN_DATABASE_URL: url, CAIRN_DATABASE_SCHEMAS: 'api', CAIRN_AUTH_ANON_ROLE: 'web_anon' },
    });
    const add = (name) => postgres.sql(
        `CREATE TABLE api.${name} (id int PRIMARY KEY); GRANT SELECT ON api.${name} TO web_anon`, database);
    await until('the listener', () => server.log.includes('db_listening'));
    await add('first');
    assert.equal(await status(server, '/rest/v1/first'), 404);
    await postgres.sql("NOTIFY pgrst, 'something else'", database);
    await postgres.sql("NOTIFY pgrst, 'reload schema'", database);
    await until('the first table', async () => await status(server, '/rest/v1/first') === 200);
    await add('second');
    await postgres.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE 'LISTEN%'`, database);
    await until('the second table', async () => await status(server, '/rest/v1/second') === 200);
    await add('third');
    await until('the listener again', () => server.log.split('db_listening').length === 3);
    await postgres.sql('NOTIFY pgrst', database);
    await until('the third table', async () => await status(server, '/rest/v1/third') === 200);
    await server.stop();
});

test('instances on one database see each other\'s migrations', async () => {
    const postgres = await startPostgres();
    const database = await postgres.createDatabase();
    const migrations = { '0001_a.sql': 'CREATE TABLE a (id int PRIMARY KEY);' };
    const project = makeProject({ migrations });
    const [one, two] = await Promise.all([1, 2].map(() =>
        startCairn({ engine: 'postgres', postgres, database, project })));
    await until('both to listen', () => [one, two].every((server) => server.log.includes('db_listening')));
    fs.writeFileSync(path.join(project, 'migrations/0002_b.sql'), 'CREATE TABLE b (id int PRIMARY KEY);');
    const up = await cairn(['migrate', 'up'], { cwd: project, env: { CAIRN_DATABASE_URL: postgres.url(database) } });
    assert.equal(up.code, 0, up.stderr);
    for (const server of [one, two]) {
        await until('the new table', async () => await status(server, '/rest/v1/b') === 200);
        await server.stop();
    }
});

test('statements are not kept prepared where that is switched off', async () => {
    const { postgres, database, url } = await makeDatabase(`${schema}
        CREATE FUNCTION api.prepared() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM pg_prepared_statements';`);
    for (const [prepared, expected] of [['true', /^[1-9]/], ['false', /^0$/]]) {
        const server = await startCairn({
            engine: 'postgres', postgres, database, project: makeProject(),
            env: {
                CAIRN_DATABASE_URL: url, CAIRN_DATABASE_SCHEMAS: 'api', CAIRN_AUTH_ANON_ROLE: 'web_anon',
                CAIRN_DATABASE_PREPARED_STATEMENTS: prepared, CAIRN_DATABASE_POOL: '1',
            },
        });
        for (let i = 0; i < 3; i++) {
            assert.match((await server.request('/rest/v1/rpc/prepared', json('POST', {}))).text, expected);
        }
        await server.stop();
    }
});

test('a media type over jsonb begins with its version where the database is not managed, and code finds the path of schemas in quotes', async () => {
    const { postgres, database, url } = await makeDatabase(`${schema}
        CREATE DOMAIN api."application/vnd.posts+json" AS jsonb;
        CREATE FUNCTION api.add_post(api."application/vnd.posts+json", api.posts) RETURNS api."application/vnd.posts+json" LANGUAGE sql AS
            $f$ SELECT (coalesce($1, '[]')::jsonb || to_jsonb($2.title))::api."application/vnd.posts+json" $f$;
        CREATE AGGREGATE api.all_posts(api.posts) (sfunc = api.add_post, stype = api."application/vnd.posts+json");
        CREATE FUNCTION api.path() RETURNS text LANGUAGE sql STABLE AS $f$ SELECT current_setting('search_path') $f$;`);

    for (const [managed, first] of [['false', '\x01'], ['true', '']]) {
        const server = await startCairn({
            engine: 'postgres', postgres, database,
            project: makeProject({ yaml: `stage: poc\ndatabase:\n    managed: ${managed}\ntransaction:\n    extra_search_path: [public]\n` }),
            env: { CAIRN_DATABASE_URL: url, CAIRN_DATABASE_SCHEMAS: 'api', CAIRN_AUTH_ANON_ROLE: 'web_anon' },
        });
        const posts = await server.request('/rest/v1/posts', { headers: { Accept: 'application/vnd.posts+json' } });
        assert.equal(posts.text, `${first}["Hello"]`);
        assert.equal(posts.headers['content-length'], String(posts.text.length));
        assert.equal((await server.request('/rest/v1/rpc/path')).text, '"\\"api\\", \\"public\\""');
        await server.stop();
    }
});

test('nothing rests on what a session is set to where statements are not kept prepared', async () => {
    const { postgres, database, url } = await makeDatabase(`${schema}
        CREATE TABLE api.moments (id int PRIMARY KEY, at timestamptz, data bytea, n float8, i interval);
        INSERT INTO api.moments VALUES (1, '2020-02-29 12:00+00', '\\x00ff', 0.1, '1 day 02:03');
        GRANT ALL ON api.moments TO web_anon;
        CREATE FUNCTION api.spoil() RETURNS text LANGUAGE sql AS $f$ SELECT concat(set_config('TimeZone', 'Asia/Tokyo', false),
            set_config('DateStyle', 'German', false), set_config('bytea_output', 'escape', false),
            set_config('extra_float_digits', '-9', false), set_config('IntervalStyle', 'iso_8601', false),
            set_config('search_path', 'pg_catalog', false), set_config('statement_timeout', '1', false)) $f$;`);
    // One connection, which is what another client of a pooler would have left behind.
    const server = await startCairn({
        engine: 'postgres', postgres, database, project: makeProject({ yaml: 'stage: poc\ndatabase:\n    channel: none\n' }),
        env: {
            CAIRN_DATABASE_URL: url, CAIRN_DATABASE_SCHEMAS: 'api', CAIRN_AUTH_ANON_ROLE: 'web_anon', CAIRN_SERVER_THREADS: '1',
            CAIRN_DATABASE_PREPARED_STATEMENTS: 'false', CAIRN_DATABASE_POOL: '1',
        },
    });
    const moment = '"at":"2020-02-29T12:00:00+00:00","data":"\\\\x00ff","n":0.1,"i":"1 day 02:03:00"}]';
    const counted = { 'Content-Type': 'application/json', Prefer: 'return=representation, handling=strict, max-affected=1' };

    for (let i = 0; i < 2; i++) {
        assert.equal((await server.request('/rest/v1/moments?id=eq.1')).text, `[{"id":1,${moment}`);
        const [copy] = (await server.request('/rest/v1/moments?id=eq.1')).json();
        const made = await server.request('/rest/v1/moments', json('POST', { ...copy, id: 2 }, { Prefer: 'return=representation' }));
        assert.equal(made.text, `[{"id":2,${moment}`);
        const changed = await server.request('/rest/v1/moments?id=eq.2', { method: 'PATCH', headers: counted, body: '{"id":3}' });
        assert.equal(changed.text, `[{"id":3,${moment}`);
        assert.equal((await server.request('/rest/v1/moments?id=gt.1', { method: 'DELETE' })).status, 204);
        assert.equal((await server.request('/rest/v1/rpc/spoil', json('POST', {}))).status, 200);
    }
    await server.stop();
});

/** One request after the other on a kept connection, until told to stop: how each went. */
function startReader(server, target) {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const seen = { count: 0, bad: [], took: [] };
    let goes = true;
    const done = (async () => {
        while (goes) {
            const begun = performance.now();
            const answer = await server.request(target, { agent });
            seen.took.push(performance.now() - begun);
            seen.count++;
            if (answer.status !== 200) seen.bad.push(`${answer.status} ${answer.text}`);
        }
        agent.destroy();
        return seen;
    })();
    return () => {
        goes = false;
        return done;
    };
}

test('with 10,000 tables, requests go on while the schema is read again', { timeout: 300_000 }, async (t) => {
    const { postgres, database, url } = await makeDatabase();
    const grow = (from, to) => postgres.sql(`DO $$ BEGIN FOR i IN ${from}..${to} LOOP
        EXECUTE format('CREATE TABLE api.t%s (id int, name text, price numeric(10,2), at timestamptz)', i);
        IF i % 500 = 0 THEN COMMIT; END IF; END LOOP; END $$`, database);
    await Promise.all([[1, 5000], [5001, 10_000]].map(([from, to]) => grow(from, to)));
    const server = await startCairn({
        engine: 'postgres', postgres, database, project: makeProject(),
        env: { CAIRN_DATABASE_URL: url, CAIRN_DATABASE_SCHEMAS: 'api', CAIRN_AUTH_ANON_ROLE: 'web_anon' },
    });
    await until('the listener', () => server.log.includes('db_listening'));
    const stops = [1, 2, 3, 4].map(() => startReader(server, '/rest/v1/posts?id=eq.1'));
    await sleep(500);
    let reading = Infinity;
    for (const name of ['x1', 'x2']) {
        const asked = Date.now();
        await postgres.sql(`CREATE TABLE api.${name} (id int); GRANT SELECT ON api.${name} TO web_anon;
            NOTIFY pgrst, 'reload schema'`, database);
        await until(name, async () => await status(server, `/rest/v1/${name}`) === 200, 60_000);
        reading = Math.min(reading, Date.now() - asked);
    }
    await sleep(1500); // what was there before is given back meanwhile
    for (const seen of await Promise.all(stops.map((stop) => stop()))) {
        assert.deepEqual(seen.bad, []);
        t.diagnostic(`${seen.count} requests, the slowest took ${Math.max(...seen.took).toFixed(1)} ms`);
        // Had requests to wait for it, each client would have met both readings.
        const waited = seen.took.filter((ms) => ms >= reading);
        assert.ok(waited.length < 2, `${waited} ms, the reading took ${reading} ms`);
    }
    await server.stop();
});
