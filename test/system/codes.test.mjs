// SPDX-License-Identifier: Apache-2.0
//
// Each code of the data API's errors, produced by a request: status, body and headers, on both engines
// where the schema can exist there.
//
// PGRST001 and PGRST002 have no request here: cairn answers nobody before it has read the schema, and it
// has no client of its own that could fail beside the database.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { endAll, engines, json, makeProject, request, startCairn, startPostgres, until } from './harness.mjs';

const secret = 'a secret of the system tests, longer than 32 bytes';
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

function sign(claims, key = secret) {
    const input = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
    return `${input}.${crypto.createHmac('sha256', key).update(input).digest('base64url')}`;
}

const bearer = (token) => ({ headers: { Authorization: `Bearer ${token}` } });
const prefer = (value, method = 'GET') => ({ method, headers: { Prefer: value } });
const accept = (value) => ({ headers: { Accept: value } });

const tables = `
    CREATE TABLE clients (id int PRIMARY KEY, name text NOT NULL);
    CREATE TABLE projects (id int PRIMARY KEY, name text NOT NULL,
        client_id int CONSTRAINT client_fk REFERENCES clients, payer_id int CONSTRAINT payer_fk REFERENCES clients);
    CREATE TABLE tasks (id int PRIMARY KEY, name text NOT NULL, hours int,
        project_id int CONSTRAINT project_fk REFERENCES projects);
    INSERT INTO clients VALUES (1, 'Microsoft'), (2, 'Apple');
    INSERT INTO projects VALUES (1, 'Windows 7', 1, 1), (2, 'IOS', 2, 1);
    INSERT INTO tasks VALUES (1, 'Design', 3, 1), (2, 'Code', 5, 1), (3, 'Test', 1, 2);
    CREATE FUNCTION add(a int, b int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a + b';`;

const postgresOnly = `
    CREATE FUNCTION twice(v int) RETURNS int LANGUAGE sql AS 'SELECT v * 2';
    CREATE FUNCTION twice(v text) RETURNS text LANGUAGE sql AS 'SELECT v || v';
    CREATE FUNCTION bad_headers() RETURNS int LANGUAGE sql AS
        $$ SELECT set_config('response.headers', '{"a": 1}', true); SELECT 1 $$;
    CREATE FUNCTION bad_status() RETURNS int LANGUAGE sql AS
        $$ SELECT set_config('response.status', 'many', true); SELECT 1 $$;
    CREATE FUNCTION bad_raise() RETURNS int LANGUAGE plpgsql AS
        $$ BEGIN RAISE SQLSTATE 'PGRST' USING MESSAGE = 'INVALID', DETAIL = '{}'; END $$;
    CREATE FUNCTION nap(seconds float8) RETURNS SETOF float8 LANGUAGE sql AS
        'SELECT seconds FROM pg_sleep(seconds)';`;

const filterDetails = 'unexpected "0" expecting "not" or operator (eq, gt, ...)';
const usual = 'open';

/** code, status, target, options, message, details, hint; server: which one; engine: the only one. */
const cases = [
    ['PGRST100', 400, '/clients?id=0', {}, '"failed to parse filter (0)" (line 1, column 1)', filterDetails],
    ['PGRST101', 405, '/rpc/add', { method: 'DELETE' }, 'Cannot use the DELETE method on RPC'],
    ['PGRST102', 400, '/clients', { method: 'POST', body: '{' }, 'Empty or invalid json', /./],
    ['PGRST102', 400, '/clients', json('POST', [{ id: 5, name: 'a' }, { id: 6 }]), 'All object keys must match'],
    ['PGRST102', 400, '/clients', { method: 'POST', body: 'id,name\n5', headers: { 'Content-Type': 'text/csv' } },
        'All lines must have same number of fields'],
    ['PGRST102', 400, '/clients', { method: 'POST', body: 'x', headers: { 'Content-Type': 'image/png' } },
        'Content-Type not acceptable: image/png'],
    ['PGRST103', 416, '/clients?offset=100', prefer('count=exact'), 'Requested range not satisfiable',
        'An offset of 100 was requested, but there are only 2 rows.'],
    ['PGRST103', 416, '/clients?limit=-1', {}, 'Requested range not satisfiable',
        'Limit should be greater than or equal to zero.'],
    ['PGRST103', 416, '/clients', { headers: { 'Range-Unit': 'items', Range: '5-2' } }, 'Requested range not satisfiable',
        'The lower boundary must be lower than or equal to the upper boundary in the Range header.'],
    ['PGRST105', 405, '/clients?id=gt.1', json('PUT', { id: 1, name: 'x' }),
        "Filters must include all and only primary key columns with 'eq' operators"],
    ['PGRST106', 406, '/clients', { headers: { 'Accept-Profile': 'unknown' } }, 'Invalid schema: unknown', null,
        'Only the following schemas are exposed: public'],
    ['PGRST106', 406, '/clients', json('POST', { id: 9, name: 'x' }, { 'Content-Profile': 'unknown' }),
        'Invalid schema: unknown', null, 'Only the following schemas are exposed: public'],
    ['PGRST107', 406, '/clients', accept('image/png, text/unknown'),
        'None of these media types are available: image/png, text/unknown'],
    ['PGRST108', 400, '/clients?select=*&projects.name=eq.x', {},
        "'projects' is not an embedded resource in this request", null,
        "Verify that 'projects' is included in the 'select' query parameter."],
    ['PGRST111', 500, '/rpc/bad_headers', { method: 'POST' }, 'response.headers guc must be a JSON array composed of objects with a single key and a string value',
        undefined, undefined, { engine: 'postgres' }],
    ['PGRST112', 500, '/rpc/bad_status', { method: 'POST' }, 'response.status guc must be a valid status code',
        undefined, undefined, { engine: 'postgres' }],
    ['PGRST114', 400, '/clients?id=eq.1&limit=1', json('PUT', { id: 1, name: 'x' }),
        'limit/offset querystring parameters are not allowed for PUT'],
    ['PGRST115', 400, '/clients?id=eq.1', json('PUT', { id: 2, name: 'x' }),
        'Payload values do not match URL in primary key column(s)'],
    ['PGRST116', 406, '/clients?id=eq.99', accept('application/vnd.pgrst.object+json'),
        'Cannot coerce the result to a single JSON object', 'The result contains 0 rows'],
    ['PGRST116', 406, '/clients', accept('application/vnd.pgrst.object+json'),
        'Cannot coerce the result to a single JSON object', 'The result contains 2 rows'],
    ['PGRST117', 405, '/clients', { method: 'PROPFIND' }, 'Unsupported HTTP method: PROPFIND'],
    ['PGRST118', 400, '/clients?select=id,projects!client_fk(id)&order=projects(id)', {},
        "A related order on 'projects' is not possible",
        "'clients' and 'projects' do not form a many-to-one or one-to-one relationship"],
    ['PGRST121', 500, '/rpc/bad_raise', { method: 'POST' },
        `Could not parse JSON in the "RAISE SQLSTATE 'PGRST'" error`, /./, /./, { engine: 'postgres' }],
    ['PGRST122', 400, '/clients', prefer('handling=strict, anything, more=1'),
        'Invalid preferences given with handling=strict', 'Invalid preferences: anything, more=1'],
    ['PGRST123', 400, '/tasks?select=hours.sum()', {}, 'Use of aggregate functions is not allowed'],
    ['PGRST124', 400, '/tasks?id=gt.0', { ...json('PATCH', { hours: 9 }, { Prefer: 'handling=strict, max-affected=2' }) },
        'Query result exceeds max-affected preference constraint', 'The query affects 3 rows'],
    ['PGRST125', 404, '/clients/1/projects', {}, 'Invalid path specified in request URL'],
    ['PGRST126', 404, '/', {}, 'Root endpoint metadata is disabled', null, null, { server: 'bare' }],
    ['PGRST127', 400, '/projects?select=id,...tasks(hours.sum())', {}, 'Feature not implemented',
        'Aggregates are not implemented for one-to-many or many-to-many spreads.', null, { server: 'bare' }],
    ['PGRST128', 400, '/rpc/add', json('POST', { a: 1, b: 2 }, { Prefer: 'handling=strict, max-affected=1' }),
        'Function must return SETOF or TABLE when max-affected preference is used with handling=strict'],
    ['PGRST200', 400, '/clients?select=*,tusks(*)', {},
        "Could not find a relationship between 'clients' and 'tusks' in the schema cache",
        "Searched for a foreign key relationship between 'clients' and 'tusks' in the schema 'public', but no matches were found."],
    ['PGRST200', 400, '/projects?select=*,task(*)', {},
        "Could not find a relationship between 'projects' and 'task' in the schema cache",
        "Searched for a foreign key relationship between 'projects' and 'task' in the schema 'public', but no matches were found.",
        "Perhaps you meant 'tasks' instead of 'task'."],
    ['PGRST200', 400, '/projects?select=*,tasks!nothing(*)', {},
        "Could not find a relationship between 'projects' and 'tasks' in the schema cache",
        "Searched for a foreign key relationship between 'projects' and 'tasks' using the hint 'nothing' in the schema 'public', but no matches were found."],
    ['PGRST201', 300, '/projects?select=*,clients(*)', {},
        "Could not embed because more than one relationship was found for 'projects' and 'clients'",
        [{ cardinality: 'many-to-one', embedding: 'projects with clients', relationship: 'client_fk using projects(client_id) and clients(id)' },
            { cardinality: 'many-to-one', embedding: 'projects with clients', relationship: 'payer_fk using projects(payer_id) and clients(id)' }],
        "Try changing 'clients' to one of the following: 'clients!client_fk', 'clients!payer_fk'. Find the desired relationship in the 'details' key."],
    ['PGRST202', 404, '/rpc/add?a=1&c=2', {}, 'Could not find the function public.add(a, c) in the schema cache',
        'Searched for the function public.add with parameters a, c, but no matches were found in the schema cache.',
        'Perhaps you meant to call the function public.add(a, b)'],
    ['PGRST202', 404, '/rpc/nothing', { method: 'POST' }, 'Could not find the function public.nothing without parameters in the schema cache',
        'Searched for the function public.nothing without parameters or with a single unnamed json/jsonb parameter, but no matches were found in the schema cache.'],
    ['PGRST203', 300, '/rpc/twice?v=1', {},
        'Could not choose the best candidate function between: public.twice(v => integer), public.twice(v => text)', null,
        'Try renaming the parameters or the function itself in the database so function overloading can be resolved',
        { engine: 'postgres' }],
    ['PGRST204', 400, '/clients', json('POST', { id: 9, name: 'x', more: 1 }),
        "Could not find the 'more' column of 'clients' in the schema cache"],
    ['PGRST204', 400, '/clients?columns=id,more', json('POST', [{ id: 9, name: 'x' }]),
        "Could not find the 'more' column of 'clients' in the schema cache"],
    ['PGRST205', 404, '/client', {}, "Could not find the table 'public.client' in the schema cache", null,
        "Perhaps you meant the table 'public.clients'"],
    ['PGRST205', 404, '/faketable', {}, "Could not find the table 'public.faketable' in the schema cache"],
    ['PGRST300', 500, '/clients', bearer(sign({ role: 'x' })), 'Server lacks JWT secret', null, null, { server: 'bare' }],
    ['PGRST301', 401, '/clients', bearer('a.b'), 'Expected 3 parts in JWT; got 2'],
    ['PGRST301', 401, '/clients', bearer(sign({ role: 'x' }, 'another secret, also longer than 32 bytes')),
        'No suitable key or wrong key type', 'None of the keys was able to decode the JWT'],
    ['PGRST302', 401, '/clients', {}, 'Anonymous access is disabled', null, null, { server: 'closed' }],
    ['PGRST303', 401, '/clients', bearer(sign({ exp: 1 })), 'JWT expired'],
];

const challenges = {
    PGRST301: (message) => `Bearer error="invalid_token", error_description="${message}"`,
    PGRST302: () => 'Bearer',
    PGRST303: (message) => `Bearer error="invalid_token", error_description="${message}"`,
};

function checkText(actual, expected, what) {
    if (expected instanceof RegExp) assert.match(String(actual), expected, what);
    else if (expected !== undefined) assert.deepEqual(actual, expected, what);
}

function check(answer, row) {
    const [code, status, target, , message, details = null, hint = null] = row;
    const body = answer.json();
    const what = `${target}: ${answer.text}`;
    // undefined in the table is what isn't given; given as undefined, anything will do.
    const wanted = (value, place) => (row.length > place && row[place] === undefined ? undefined : value);
    assert.equal(answer.status, status, what);
    assert.deepEqual(Object.keys(body).sort(), ['code', 'details', 'hint', 'message'], what);
    assert.equal(body.code, code, what);
    checkText(body.message, message, what);
    checkText(body.details, wanted(details, 5), what);
    checkText(body.hint, wanted(hint, 6), what);
    assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8', what);
    assert.equal(answer.headers['proxy-status'], `PostgREST; error=${code}`, what);
    assert.equal(answer.headers['content-length'], String(answer.body.length), what);
    assert.equal(answer.headers['www-authenticate'], challenges[code]?.(body.message), what);
    assert.equal(answer.headers['preference-applied'], undefined, what);
}

for (const engine of engines) {
    describe(engine, () => {
        const servers = {};

        before(async () => {
            const migrations = { '0001_tables.sql': tables + (engine === 'postgres' ? postgresOnly : '') };
            const start = (env) => startCairn({
                engine, project: makeProject({ migrations }), env: { CAIRN_SERVER_THREADS: '1', ...env },
            });
            servers.open = await start({ CAIRN_AUTH_JWT_SECRET: secret });
            servers.bare = await start({ CAIRN_OPENAPI_MODE: 'disabled', CAIRN_DATABASE_AGGREGATES: 'true' });
            servers.closed = await start({ CAIRN_AUTH_JWT_SECRET: secret, CAIRN_STAGE: 'mvp' });
        });
        after(endAll);

        for (const row of cases) {
            const [code, status, target, options] = row;
            const { server = usual, engine: only = engine } = row[7] ?? {};
            if (only !== engine) continue;
            test(`${code} ${status}: ${options.method ?? 'GET'} ${target}`, async () => {
                const answer = await servers[server].request(`/rest/v1${target}`, options);
                check(answer, row);
                if ((options.method ?? 'GET') === 'GET' && options.headers?.Range === undefined) {
                    // HEAD says the same, without the body; a Range is for GET alone.
                    const head = await servers[server].request(`/rest/v1${target}`, { ...options, method: 'HEAD' });
                    assert.equal(head.status, status);
                    assert.equal(head.text, '');
                    assert.equal(head.headers['proxy-status'], `PostgREST; error=${code}`);
                }
            });
        }

        test('nothing of all this has changed a row', async () => {
            const rows = await servers.open.request('/rest/v1/tasks?order=id&select=hours');
            assert.deepEqual(rows.json().map((task) => task.hours), [3, 5, 1]);
            assert.equal((await servers.open.request('/rest/v1/clients')).json().length, 2);
        });
    });
}

test('PGRST003 504: a request that waits too long for a connection', async () => {
    const server = await startCairn({
        engine: 'postgres',
        project: makeProject({ migrations: { '0001.sql': tables + postgresOnly } }),
        env: { CAIRN_SERVER_THREADS: '1', CAIRN_DATABASE_POOL: '1', CAIRN_DATABASE_STATEMENT_TIMEOUT: '500ms' },
    });
    // One that is looked at before its commit has the only connection to itself.
    const answers = await Promise.all(Array.from({ length: 8 }, () => server.request('/rest/v1/rpc/nap',
        json('POST', { seconds: 5 }, { Prefer: 'handling=strict, max-affected=1' }))));
    const late = answers.find((answer) => answer.json().code === 'PGRST003');
    assert.ok(late, answers.map((answer) => answer.text).join('\n'));
    check(late, ['PGRST003', 504, 'nap', {}, 'Timed out acquiring connection from connection pool.']);
    await endAll();
});

test('PGRST003 504: on the embedded engine, one that waits too long for a reader', async () => {
    const rows = Array.from({ length: 500 }, (_, i) => `(${i})`).join();
    const server = await startCairn({
        project: makeProject({ migrations: { '0001.sql': `
            CREATE TABLE numbers (n int PRIMARY KEY);
            INSERT INTO numbers VALUES ${rows};
            CREATE VIEW triples AS SELECT a.n + b.n + c.n AS sum FROM numbers a, numbers b, numbers c;` } }),
        env: {
            CAIRN_SERVER_THREADS: '1', CAIRN_SERVER_POOL_THREADS: '1', CAIRN_DATABASE_READ_BUDGET: '1000',
            CAIRN_DATABASE_STATEMENT_TIMEOUT: '500ms',
        },
    });
    const answers = await Promise.all(Array.from({ length: 4 }, () => server.request('/rest/v1/triples?sum=eq.-1')));
    const late = answers.find((answer) => answer.json().code === 'PGRST003');
    assert.ok(late, answers.map((answer) => answer.text).join('\n'));
    check(late, ['PGRST003', 504, 'triples', {}, 'Timed out acquiring connection from connection pool.', /free reader/]);
    await endAll();
});

test('PGRST000 503: the database is gone', async () => {
    const postgres = await startPostgres({ own: true });
    const server = await startCairn({
        engine: 'postgres', postgres, project: makeProject({ migrations: { '0001.sql': tables } }),
        env: { CAIRN_SERVER_THREADS: '1', CAIRN_DATABASE_STATEMENT_TIMEOUT: '500ms' },
    });
    await postgres.stop('SIGQUIT');
    let answer;
    await until('the loss to be seen', async () => {
        answer = await request(`${server.url}/rest/v1/clients`);
        return answer.json().code === 'PGRST000';
    });
    check(answer, ['PGRST000', 503, '/clients', {}, 'Database connection error.', /./]);
    assert.ok(answer.headers['retry-after']);
    await server.kill();
    await endAll();
});
