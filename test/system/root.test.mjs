// SPDX-License-Identifier: Apache-2.0
//
// The root of the data API, which describes it: what a role may use, in which schema, under which address.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { afterEach, test } from 'node:test';

import { endAll, engines, makeProject, startCairn, until } from './harness.mjs';

afterEach(endAll);

const secret = 'a secret of the system tests, longer than 32 bytes';
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

function bearer(role) {
    const input = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ role })}`;
    const signature = crypto.createHmac('sha256', secret).update(input).digest('base64url');
    return { Authorization: `Bearer ${input}.${signature}` };
}

const tables = `
    CREATE TYPE mood AS ENUM ('sad', 'ok');
    CREATE TABLE makers (id integer PRIMARY KEY, name varchar(20) NOT NULL DEFAULT 'it''s');
    CREATE TABLE things (id bigint PRIMARY KEY, maker_id integer REFERENCES makers (id), mood mood DEFAULT 'ok',
        price numeric DEFAULT 4.5, is_old boolean DEFAULT false, made timestamptz DEFAULT now(), tag char(3));
    COMMENT ON TABLE things IS 'Things
that people make.

More of them.';
    COMMENT ON COLUMN things.maker_id IS 'Who made it';`;

const roles = ['root_anon', 'root_clerk'].map((role) => `
    DO $do$ BEGIN CREATE ROLE ${role} NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $do$;`).join('');
const postgresOnly = `${roles}
    COMMENT ON SCHEMA public IS 'The shop

What it sells.';
    CREATE SCHEMA extra;
    CREATE TABLE extra.others (id integer PRIMARY KEY);
    CREATE FUNCTION add(a integer, b integer DEFAULT 1) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT a + b';
    COMMENT ON FUNCTION add IS 'Adds
two numbers';
    CREATE FUNCTION all_of(VARIADIC v text[]) RETURNS text LANGUAGE sql STABLE AS 'SELECT v[1]';
    CREATE FUNCTION secret_one() RETURNS integer LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION other() RETURNS json LANGUAGE sql STABLE AS $f$ SELECT '{"mine":true}'::json $f$;
    REVOKE EXECUTE ON FUNCTION secret_one() FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION secret_one() TO root_clerk;
    GRANT USAGE ON SCHEMA public, extra TO root_anon, root_clerk;
    GRANT SELECT ON things TO root_anon;
    GRANT SELECT (id) ON makers TO root_clerk;
    GRANT ALL ON things, extra.others TO root_clerk;`;

const start = (engine, yaml) => startCairn({
    engine,
    env: { CAIRN_AUTH_JWT_SECRET: secret },
    project: makeProject({
        migrations: { '0001_tables.sql': tables + (engine === 'postgres' ? postgresOnly : '') },
        yaml: `stage: poc\n${engine === 'postgres' ? 'auth:\n    anon_role: root_anon\n' : ''}${yaml ?? ''}`,
    }),
});

for (const engine of engines) {
    test(`${engine}: the root tells types, defaults, keys, labels and comments`, async () => {
        const server = await start(engine, 'openapi:\n    mode: ignore-privileges\n');
        const answer = await server.request('/rest/v1/');
        assert.equal(answer.status, 200);
        assert.equal(answer.headers['content-type'], 'application/openapi+json; charset=utf-8');
        const document = answer.json();
        const { properties, required } = document.definitions.things;
        assert.deepEqual(required, ['id']);
        assert.deepEqual(properties.id, { description: 'Note:\nThis is a Primary Key.<pk/>', format: 'int64', type: 'integer' });
        assert.deepEqual(properties.maker_id, {
            description: "Who made it\n\nNote:\nThis is a Foreign Key to `makers.id`.<fk table='makers' column='id'/>",
            format: 'int32', type: 'integer',
        });
        assert.deepEqual(properties.mood, { format: 'public.mood', type: 'string', enum: ['sad', 'ok'], default: 'ok' });
        assert.deepEqual(properties.price, { format: 'numeric', type: 'number', default: 4.5 });
        assert.deepEqual(properties.is_old, { format: 'boolean', type: 'boolean', default: false });
        assert.deepEqual(properties.tag, { format: 'character', type: 'string', maxLength: 3 });
        assert.deepEqual(document.definitions.makers.properties.name,
            { format: 'character varying', type: 'string', maxLength: 20, default: "it's" });
        const { get, post, patch } = document.paths['/things'];
        assert.equal(get.summary, 'Things');
        assert.equal(get.description, 'that people make.\n\nMore of them.');
        assert.deepEqual(post.parameters, [
            { $ref: '#/parameters/body.things' }, { $ref: '#/parameters/select' }, { $ref: '#/parameters/preferPost' },
        ]);
        assert.equal(patch.responses['204'].description, 'No Content');
        assert.ok(document.parameters['rowFilter.things.maker_id']);
        assert.equal(document.basePath, '/rest/v1');
        assert.equal(document.security, undefined);
        for (const [accept, status] of [['application/json', 200], ['application/openapi+json', 200],
            ['text/csv', 406], ['text/csv, */*;q=0.1', 200]]) {
            assert.equal((await server.request('/rest/v1/', { headers: { Accept: accept } })).status, status, accept);
        }
        const head = await server.request('/rest/v1/', { method: 'HEAD' });
        assert.equal(head.status, 200);
        assert.equal(head.headers['content-length'], undefined);
        assert.equal((await server.request('/rest/v1/', { method: 'OPTIONS' })).headers.allow, 'OPTIONS,GET,HEAD');
        await server.stop();
    });

    test(`${engine}: the root can be switched off, and say another address and that tokens are taken`, async () => {
        const off = await start(engine, 'openapi:\n    mode: disabled\n');
        const answer = await off.request('/rest/v1/');
        assert.equal(answer.status, 404);
        assert.equal(answer.text, '{"code":"PGRST126","details":null,"hint":null,"message":"Root endpoint metadata is disabled"}');
        assert.equal((await off.request('/openapi.json')).status, 200);
        await off.stop();
        const proxied = await start(engine, 'openapi:\n    url: https://api.example.com:8443/data/\n    security: true\n');
        const document = (await proxied.request('/rest/v1/')).json();
        assert.deepEqual([document.schemes, document.host, document.basePath], [['https'], 'api.example.com:8443', '/data']);
        assert.deepEqual(document.security, [{ JWT: [] }]);
        assert.equal(document.securityDefinitions.JWT.name, 'Authorization');
        await proxied.stop();
    });
}

test('postgres: the root describes what the role may use, in the schema that was asked for', async () => {
    const server = await start('postgres', 'database:\n    schemas: [public, extra]\n');
    const ask = async (headers) => (await server.request('/rest/v1/', { headers })).json();
    const names = (document) => Object.keys(document.paths).filter((path) => path !== '/').sort();

    const anonymous = await ask();
    assert.deepEqual(names(anonymous), ['/rpc/add', '/rpc/all_of', '/rpc/other', '/things']);
    assert.deepEqual(Object.keys(anonymous.definitions), ['things']);
    assert.equal(anonymous.info.title, 'The shop');
    assert.equal(anonymous.info.description, 'What it sells.');
    const clerk = await ask(bearer('root_clerk'));
    assert.deepEqual(names(clerk), ['/makers', '/rpc/add', '/rpc/all_of', '/rpc/other', '/rpc/secret_one', '/things']);
    assert.deepEqual(names(await ask({ 'Accept-Profile': 'extra' })), []);
    assert.deepEqual(names(await ask({ 'Accept-Profile': 'extra', ...bearer('root_clerk') })), ['/others']);
    assert.equal((await server.request('/rest/v1/', { headers: { 'Accept-Profile': 'other' } })).status, 406);
    assert.equal((await server.request('/rest/v1/')).headers['content-profile'], 'public');
    assert.equal((await server.request('/rest/v1/', { headers: bearer('root_nobody') })).status, 401);

    const { get, post } = anonymous.paths['/rpc/add'];
    assert.equal(get.summary, 'Adds');
    assert.equal(get.description, 'two numbers');
    assert.deepEqual(get.parameters, [
        { name: 'a', in: 'query', required: true, type: 'integer', format: 'int32' },
        { name: 'b', in: 'query', required: false, type: 'integer', format: 'int32' },
    ]);
    assert.deepEqual(post.parameters[0].schema.required, ['a']);
    assert.deepEqual(anonymous.paths['/rpc/all_of'].get.parameters, [{
        name: 'v', in: 'query', required: true, type: 'array', collectionFormat: 'multi',
        items: { type: 'string', format: 'text' },
    }]);
    await server.stop();
});

test('postgres: what the root has once said is not said any more when it is no longer so', async () => {
    const server = await start('postgres', '');
    const sql = (text) => server.postgres.sql(text, server.database);
    const text = async (headers) => (await server.request('/rest/v1/', { headers })).text;
    const tablesOf = (document) => Object.keys(JSON.parse(document).definitions);

    const first = await text();
    const clerks = await text(bearer('root_clerk'));
    assert.deepEqual(tablesOf(clerks), ['makers', 'things']);
    assert.equal(await text(), first);
    assert.equal(await text(bearer('root_clerk')), clerks);
    // No reload: what a role may is asked each time.
    await sql('GRANT SELECT ON makers TO root_anon; REVOKE ALL ON makers FROM root_clerk; REVOKE ALL (id) ON makers FROM root_clerk');
    assert.deepEqual(tablesOf(await text()), ['makers', 'things']);
    assert.deepEqual(tablesOf(await text(bearer('root_clerk'))), ['things']);
    await sql(`COMMENT ON SCHEMA public IS 'Another shop'`);
    assert.equal(JSON.parse(await text()).info.title, 'Another shop');
    await sql('CREATE TABLE later (id int PRIMARY KEY); GRANT SELECT ON later TO root_anon');
    await sql(`NOTIFY pgrst, 'reload schema'`);
    await until('the new table in the root', async () => tablesOf(await text()).includes('later'));
    await server.stop();
});

test('sqlite: the root describes what the role may use', async () => {
    const server = await startCairn({
        env: { CAIRN_AUTH_JWT_SECRET: secret },
        project: makeProject({
            migrations: {
                '0001_tables.sql': `${tables}
                    GRANT SELECT ON things TO anon;
                    GRANT ALL ON things TO authenticated;
                    GRANT SELECT (id) ON makers TO authenticated;`,
            },
        }),
    });
    const names = async (headers) => Object.keys((await server.request('/rest/v1/', { headers })).json().definitions);

    assert.deepEqual(await names(), ['things']);
    assert.deepEqual(await names(bearer('authenticated')), ['makers', 'things']);
    assert.equal((await server.request('/rest/v1/', { headers: bearer('root_nobody') })).status, 401);
    await server.stop();
});

for (const engine of engines) {
    test(`${engine}: a function of the database can stand for the root`, async () => {
        const server = await startCairn({
            engine,
            project: makeProject({
                migrations: {
                    '0001_root.sql': `CREATE FUNCTION own_root() RETURNS json LANGUAGE sql STABLE
                        AS $f$ SELECT '{"mine":true}'::json $f$;`,
                },
                yaml: 'stage: poc\nopenapi:\n    root_function: own_root\n',
            }),
        });
        assert.equal((await server.request('/rest/v1/')).text, '{"mine":true}');
        await server.stop();
    });
}
