// SPDX-License-Identifier: Apache-2.0
//
// Signed-in callers: tokens, roles, row-level security, keys. Both engines check tokens alike; what a
// role may is said by GRANT and policies: access.test.mjs and rules.test.mjs.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, test } from 'node:test';

import {
    cairn, endAll, engines, json, makeFolder, makeProject, startCairn, startPostgres, until,
} from './harness.mjs';

afterEach(endAll);

const secret = 'a secret of the system tests, longer than 32 bytes';
const encode = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);

function sign(claims, { key = secret, header = { alg: 'HS256', typ: 'JWT' } } = {}) {
    const input = `${encode(header)}.${encode(claims)}`;
    return `${input}.${crypto.createHmac('sha256', key).update(input).digest('base64url')}`;
}

const bearer = (claims, options) => ({ headers: { Authorization: `Bearer ${sign(claims, options)}` } });

const tables = {
    '0001_notes.sql': `
        CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner text NOT NULL, body text NOT NULL);
        INSERT INTO notes (owner, body) VALUES ('ann', 'a1'), ('ann', 'a2'), ('bob', 'b1');`,
};

// What a project on PostgreSQL would have as a migration of its own. Roles belong to the cluster, so
// they may be there already.
const roleSql = ['anon', 'authenticated', 'service_role', 'nothing'].map((role) => `
    DO $do$ BEGIN CREATE ROLE ${role} NOLOGIN ${role === 'service_role' ? 'BYPASSRLS' : ''};
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $do$;`).join('');
const policies = `${roleSql}
    DO $do$ BEGIN CREATE ROLE authenticator LOGIN NOINHERIT;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $do$;
    GRANT anon, authenticated, service_role TO authenticator;
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
    GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role;
    GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO authenticated, service_role;
    ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON notes TO authenticated
        USING (owner = current_setting('request.jwt.claims', true)::json ->> 'sub')
        WITH CHECK (owner = current_setting('request.jwt.claims', true)::json ->> 'sub');
    CREATE TABLE open_notes (id int PRIMARY KEY, body text);
    INSERT INTO open_notes VALUES (1, 'for all');
    GRANT SELECT ON open_notes TO anon, authenticated;
    CREATE VIEW whoami AS SELECT current_user::text AS role, session_user::text AS login,
        current_setting('request.jwt.claims', true) AS claims,
        current_setting('request.method', true) AS method,
        current_setting('request.path', true) AS path,
        current_setting('request.headers', true) AS headers,
        current_setting('request.cookies', true) AS cookies;
    GRANT SELECT ON whoami TO PUBLIC;
    CREATE FUNCTION who() RETURNS SETOF whoami LANGUAGE sql STABLE AS 'SELECT * FROM whoami';
    CREATE FUNCTION add_note(body text) RETURNS bigint LANGUAGE sql AS $$
        INSERT INTO notes (owner, body) VALUES (current_setting('request.jwt.claims')::json ->> 'sub', body) RETURNING id $$;`;

/** PostgreSQL with roles and policies, and cairn that connects as somebody who may do nothing himself. */
async function startWithPolicies(env = {}) {
    const postgres = await startPostgres();
    const database = await postgres.createDatabase();
    const project = makeProject({ migrations: tables });
    const url = postgres.url(database);
    const applied = await cairn(['migrate', 'up'], { cwd: project, env: { CAIRN_DATABASE_URL: url } });
    assert.equal(applied.code, 0, applied.stderr);
    await postgres.sql(policies, database);
    // The record of migrations is read when the service starts.
    await postgres.sql(`GRANT USAGE ON SCHEMA cairn TO authenticator; GRANT SELECT ON cairn.migrations TO authenticator`,
        database);
    return startCairn({
        engine: 'postgres', postgres, database, project,
        env: {
            CAIRN_AUTH_JWT_SECRET: secret, CAIRN_AUTH_ANON_ROLE: 'anon', CAIRN_SERVER_THREADS: '1',
            CAIRN_DATABASE_POOL: '1', CAIRN_DATABASE_URL: url.replace('postgres@', 'authenticator@'), ...env,
        },
    });
}

const bodies = (response) => response.json().map((row) => row.body).sort();

for (const engine of engines) {
    test(`${engine}: closed, a token opens what no token doesn't`, async () => {
        const project = makeProject({ migrations: tables, yaml: 'stage: mvp\n' });
        const server = await startCairn({
            engine, project, env: { CAIRN_AUTH_JWT_SECRET: secret, CAIRN_SERVER_THREADS: '1' },
        });
        if (engine === 'postgres') {
            await server.postgres.sql(`${roleSql} GRANT SELECT, INSERT ON notes TO authenticated`, server.database);
        }
        const none = await server.request('/rest/v1/notes');
        assert.equal(none.status, 401);
        assert.equal(none.headers['www-authenticate'], 'Bearer');
        assert.equal(none.json().code, 'PGRST302');
        assert.equal(none.json().message, 'Anonymous access is disabled');
        for (let i = 0; i < 3; i++) { // verified, then remembered
            const good = await server.request('/rest/v1/notes?order=id', bearer({ role: 'authenticated', exp: now() + 60 }));
            assert.equal(good.status, 200, good.text);
            assert.deepEqual(bodies(good), ['a1', 'a2', 'b1']);
            assert.equal(good.headers['cache-control'], 'no-store');
        }
        const token = sign({ role: 'authenticated' });
        const key = await server.request('/rest/v1/notes', { headers: { apikey: token } });
        assert.equal(key.status, 200);
        const written = await server.request('/rest/v1/notes',
            json('POST', { owner: 'c', body: 'c1' }, { Authorization: `bearer ${token}` }));
        assert.equal(written.status, 201, written.text);
    });

    test(`${engine}: tokens that can't be trusted, each with its answer`, async () => {
        const project = makeProject({ migrations: tables });
        const server = await startCairn({
            engine, project, env: { CAIRN_AUTH_JWT_SECRET: secret, CAIRN_AUTH_JWT_AUD: 'shop' },
        });
        const role = 'authenticated';
        const key = 'No suitable key or wrong key type';
        const form = 'JWT cryptographic operation failed';
        const cases = [
            [sign({ role }, { key: 'another secret, also longer than 32 bytes' }), 'PGRST301', key,
                'None of the keys was able to decode the JWT'],
            [sign({ role }, { header: { alg: 'none' } }), 'PGRST301', 'Wrong or unsupported encoding algorithm',
                "JWT is unsecured but expected 'alg' was not 'none'"],
            [sign({ role }, { header: { alg: 'RS256' } }), 'PGRST301', key, 'No suitable key was found to decode the JWT'],
            [sign({ role }, { header: { alg: 'HS256', crit: ['x'], x: 1 } }), 'PGRST301', form],
            [sign({ role }).slice(0, -1), 'PGRST301', null],
            [`${sign({ role })}=`, 'PGRST301', form],
            ['', 'PGRST301', 'Empty JWT is sent in Authorization header'],
            ['a.b', 'PGRST301', 'Expected 3 parts in JWT; got 2'],
            ['%.%.%', 'PGRST301', form],
            [sign({ role, exp: now() - 31 }), 'PGRST303', 'JWT expired'],
            [sign('{"role":"authenticated","exp":1e400}'), 'PGRST303', 'JWT expired'],
            [sign({ role, nbf: now() + 60 }), 'PGRST303', 'JWT not yet valid'],
            [sign({ role, iat: now() + 60 }), 'PGRST303', 'JWT issued at future'],
            [sign({ role, aud: 'bank' }), 'PGRST303', 'JWT not in audience'],
            [sign({ role, aud: [1] }), 'PGRST303', "The JWT 'aud' claim must be a string or an array of strings"],
            [sign({ role, exp: '1' }), 'PGRST303', "The JWT 'exp' claim must be a number"],
            [sign('{"role":"anon","role":"service_role"}'), 'PGRST303', 'Parsing claims failed'],
        ];
        for (const [token, code, message, details = null] of cases) {
            const answer = await server.request('/rest/v1/notes', { headers: { Authorization: `Bearer ${token}` } });
            const body = answer.json();
            assert.equal(answer.status, 401, `${token}: ${answer.text}`);
            assert.equal(body.code, code, token);
            if (message !== null) {
                assert.equal(body.message, message, token);
                assert.equal(body.details, details, token);
            }
            assert.equal(answer.headers['www-authenticate'],
                `Bearer error="invalid_token", error_description="${body.message}"`);
        }
        const long = await server.request('/rest/v1/notes', bearer({ role, x: 'x'.repeat(1 << 20) }))
            .catch((error) => ({ status: error.code }));
        assert.ok([431, 'ECONNRESET', 'EPIPE'].includes(long.status), String(long.status));
        assert.equal((await server.request('/readyz')).status, 200);
        assert.doesNotMatch(server.log, /eyJ/, 'no token gets into the log');
    });

    test(`${engine}: a token without a key to check it is the server's fault`, async () => {
        const server = await startCairn({ engine, project: makeProject({ migrations: tables }) });
        const answer = await server.request('/rest/v1/notes', bearer({ role: 'authenticated' }));
        assert.equal(answer.status, 500);
        assert.equal(answer.json().code, 'PGRST300');
        assert.equal(answer.json().message, 'Server lacks JWT secret');
        assert.equal((await server.request('/rest/v1/notes')).status, 200);
    });
}

test('sqlite: a table that no migration speaks of is open to every role but anon where it is closed', async () => {
    const server = await startCairn({
        project: makeProject({ migrations: tables, yaml: 'stage: mvp\n' }), env: { CAIRN_AUTH_JWT_SECRET: secret },
    });
    assert.equal((await server.request('/rest/v1/notes', bearer({ role: 'authenticated' }))).status, 200);
    const unknown = await server.request('/rest/v1/notes', bearer({ role: 'whoever' }));
    assert.equal(unknown.status, 401);
    assert.equal(unknown.text,
        '{"code":"22023","details":null,"hint":null,"message":"role \\"whoever\\" does not exist"}');
    const owner = await server.request('/rest/v1/notes', bearer({ role: 'postgres' }));
    assert.equal(owner.status, 403);
    assert.equal(owner.json().message, 'permission denied to set role "postgres"');
    const anon = await server.request('/rest/v1/notes', bearer({ role: 'anon' }));
    assert.equal(anon.status, 401);
    assert.equal(anon.json().code, 'PGRST302');
    assert.equal((await server.request('/rest/v1/notes', bearer({ sub: 'ann' }))).status, 401);
});

test('postgres: policies decide by the claims', async () => {
    const server = await startWithPolicies();
    const ann = { role: 'authenticated', sub: 'ann' };
    assert.deepEqual(bodies(await server.request('/rest/v1/notes', bearer(ann))), ['a1', 'a2']);
    assert.deepEqual(bodies(await server.request('/rest/v1/notes', bearer({ ...ann, sub: 'bob' }))), ['b1']);
    assert.deepEqual(bodies(await server.request('/rest/v1/notes', bearer({ ...ann, sub: 'eve' }))), []);
    assert.deepEqual(bodies(await server.request('/rest/v1/notes', bearer({ role: 'service_role' }))), ['a1', 'a2', 'b1']);
    assert.deepEqual(bodies(await server.request('/rest/v1/open_notes')), ['for all']);
    // A claim is text, and nothing else.
    const evil = "ann' OR 'a'='a";
    assert.deepEqual(bodies(await server.request('/rest/v1/notes', bearer({ ...ann, sub: evil }))), []);

    const insert = (owner, claims) => server.request('/rest/v1/notes',
        json('POST', { owner, body: 'new' }, { ...bearer(claims).headers, Prefer: 'return=representation' }));
    assert.equal((await insert('ann', ann)).status, 201);
    const foreign = await insert('bob', ann);
    assert.equal(foreign.status, 403);
    assert.equal(foreign.json().code, '42501');
    const update = await server.request('/rest/v1/notes', json('PATCH', { body: 'stolen' },
        { ...bearer(ann).headers, Prefer: 'return=representation' }));
    assert.equal(update.status, 200);
    assert.ok(update.json().every((row) => row.owner === 'ann'), update.text);
    const removed = await server.request('/rest/v1/notes',
        { method: 'DELETE', headers: { ...bearer(ann).headers, Prefer: 'count=exact' } });
    assert.equal(removed.status, 204);
    assert.equal(await server.postgres.sql('SELECT body FROM notes', server.database), 'b1');
});

test('postgres: who may not is told by whether he is known', async () => {
    const server = await startWithPolicies();
    const anonymous = await server.request('/rest/v1/notes');
    assert.equal(anonymous.status, 401);
    assert.equal(anonymous.headers['www-authenticate'], 'Bearer');
    assert.equal(anonymous.text,
        '{"code":"42501","details":null,"hint":null,"message":"permission denied for table notes"}');
    const known = await server.request('/rest/v1/open_notes', { ...bearer({ role: 'service_role' }) });
    assert.equal(known.status, 403);
    assert.equal(known.headers['www-authenticate'], undefined);
    assert.equal(known.json().code, '42501');

    const unknown = await server.request('/rest/v1/notes', bearer({ role: 'nobody_there' }));
    assert.equal(unknown.status, 401);
    assert.equal(unknown.text,
        '{"code":"22023","details":null,"hint":null,"message":"role \\"nobody_there\\" does not exist"}');
    assert.equal(unknown.headers['www-authenticate'], 'Bearer');
    // One that is there, and not for this login.
    const denied = await server.request('/rest/v1/notes', bearer({ role: 'nothing' }));
    assert.equal(denied.status, 403);
    assert.equal(denied.json().message, 'permission denied to set role "nothing"');
    // And the way back to the login's own.
    const own = await server.request('/rest/v1/whoami', bearer({ role: 'none' }));
    assert.equal(own.status, 401);
    for (const role of ['', "anon'; DROP TABLE notes; --", 'anon"', '\n', 'x'.repeat(200), ['anon'], { a: 1 }]) {
        const answer = await server.request('/rest/v1/notes', bearer({ role }));
        assert.equal(answer.status, 401, `${JSON.stringify(role)}: ${answer.text}`);
        assert.equal(answer.json().code, '22023');
    }
    // A wrong value in the request itself is another matter.
    assert.equal((await server.request('/rest/v1/notes?id=eq.x', bearer({ role: 'authenticated' }))).status, 400);
});

test('postgres: a request can be seen by what runs for it', async () => {
    const server = await startWithPolicies();
    const claims = { role: 'authenticated', sub: 'ann', text: 'é "quoted" \\ 𝄞' };
    const headers = {
        ...bearer(claims).headers, 'X-Tenant': 'a "b" \\', Cookie: 'session=abc; theme=dark', 'Accept': 'application/vnd.pgrst.object+json',
    };
    const seen = (await server.request('/rest/v1/whoami?select=*', { headers })).json();
    assert.equal(seen.role, 'authenticated');
    assert.equal(seen.login, 'authenticator');
    assert.deepEqual(JSON.parse(seen.claims), claims);
    assert.equal(seen.method, 'GET');
    assert.equal(seen.path, '/whoami');
    assert.equal(JSON.parse(seen.headers)['x-tenant'], 'a "b" \\');
    assert.equal(JSON.parse(seen.headers).cookie, undefined);
    assert.deepEqual(JSON.parse(seen.cookies), { session: 'abc', theme: 'dark' });

    for (const [target, options, method] of [['/rest/v1/rpc/who', { headers }, 'GET'], ['/rest/v1/rpc/who', json('POST', {}, headers), 'POST']]) {
        const called = await server.request(target, options);
        assert.equal(called.status, 200, called.text);
        assert.equal(called.headers['cache-control'], 'no-store');
        assert.equal(called.json().role, 'authenticated');
        assert.equal(called.json().method, method);
        assert.equal(called.json().path, '/rpc/who');
        assert.deepEqual(JSON.parse(called.json().claims), claims);
    }
    const added = await server.request('/rest/v1/rpc/add_note', json('POST', { body: 'by rpc' }, bearer(claims).headers));
    assert.equal(added.status, 200, added.text);
    assert.equal(await server.postgres.sql(`SELECT owner FROM notes WHERE body = 'by rpc'`, server.database), 'ann');
    assert.equal((await server.request('/rest/v1/rpc/add_note', json('POST', { body: 'x' }))).status, 401);

    const anonymous = (await server.request('/rest/v1/whoami')).json()[0];
    assert.equal(anonymous.role, 'anon');
    assert.deepEqual(JSON.parse(anonymous.claims), { role: 'anon' });
});

test('postgres: an identity ends with its transaction, also after errors and among others', async () => {
    // One connection, so that every request comes right behind another one's; and without a role for the
    // anonymous, so that nothing of theirs covers up what was left over.
    const server = await startWithPolicies({ CAIRN_AUTH_ANON_ROLE: '', CAIRN_AUTH_ANONYMOUS: 'open' });
    await server.postgres.sql('GRANT USAGE ON SCHEMA public TO authenticator', server.database);
    const whoami = (options) => server.request('/rest/v1/whoami', options).then((r) => r.json()[0]);
    const clean = (seen) => {
        assert.equal(seen.role, 'authenticator');
        assert.equal(seen.claims, '{}');
        assert.ok(!/bearer/i.test(seen.headers), seen.headers);
    };
    clean(await whoami());
    assert.equal((await whoami(bearer({ role: 'service_role' }))).role, 'service_role');
    clean(await whoami());

    const ann = { role: 'authenticated', sub: 'ann' };
    const failures = [
        ['/rest/v1/notes?id=eq.x', bearer(ann), 400],
        ['/rest/v1/notes', bearer({ role: 'nobody_there' }), 401],
        ['/rest/v1/notes', json('POST', { owner: 'bob', body: 'x' }, bearer(ann).headers), 403],
        ['/rest/v1/notes?id=eq.1', { headers: { ...bearer(ann).headers, Accept: 'application/vnd.pgrst.object+json' } }, 200],
        // A write with a check, which is rolled back; one that is committed.
        ['/rest/v1/notes', { ...json('PATCH', { body: 'x' }), headers: {
            ...bearer(ann).headers, 'Content-Type': 'application/json', Accept: 'application/vnd.pgrst.object+json',
            Prefer: 'return=representation' } }, 406],
        ['/rest/v1/notes?id=eq.1', json('PATCH', { body: 'x' }, { ...bearer(ann).headers, Prefer: 'return=representation' }), 200],
        ['/rest/v1/notes', json('POST', { owner: 'ann', body: 'x' }, bearer(ann).headers), 201],
    ];
    for (const [target, options, status] of failures) {
        const answer = await server.request(target, options);
        assert.equal(answer.status, status, `${target}: ${answer.text}`);
        clean(await whoami());
    }

    // Many at a time, in one pipeline: each is who he is.
    const shuffled = [];
    for (let i = 0; i < 300; i++) {
        const kind = i % 6;
        if (kind === 0) shuffled.push(whoami().then(clean));
        else if (kind === 1) {
            shuffled.push(whoami(bearer({ role: 'service_role', n: i })).then((seen) => {
                assert.equal(seen.role, 'service_role');
                assert.equal(JSON.parse(seen.claims).n, i);
            }));
        } else if (kind === 2) {
            shuffled.push(server.request('/rest/v1/notes', bearer({ role: `nobody_${i}` }))
                .then((r) => assert.equal(r.status, 401, r.text)));
        } else if (kind === 3) {
            shuffled.push(server.request('/rest/v1/notes?select=owner', bearer({ ...ann, sub: 'bob' }))
                .then((r) => assert.deepEqual(r.json(), [{ owner: 'bob' }])));
        } else if (kind === 4) {
            shuffled.push(server.request('/rest/v1/notes', json('POST', { owner: 'ann', body: `n${i}` }, bearer(ann).headers))
                .then((r) => assert.equal(r.status, 201, r.text)));
        } else {
            shuffled.push(server.request(`/rest/v1/notes?select=owner&id=lt.${i}`, bearer(ann))
                .then((r) => assert.ok(r.json().every((row) => row.owner === 'ann'), r.text)));
        }
    }
    await Promise.all(shuffled);
    clean(await whoami());
});

test('keys: made once, good for the API, and dead after a rotation', async () => {
    const folder = makeFolder('keys');
    const made = await cairn(['init', 'shop'], { cwd: folder });
    assert.equal(made.code, 0, made.stderr);
    const project = path.join(folder, 'shop');
    const file = path.join(project, '.cairn/jwt-secret');
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    fs.writeFileSync(path.join(project, 'migrations/0002_notes.sql'), tables['0001_notes.sql']);

    const shown = await cairn(['keys', '--json'], { cwd: project });
    assert.equal(shown.code, 0, shown.stderr);
    const keys = JSON.parse(shown.stdout);
    assert.deepEqual(Object.keys(keys), ['anon', 'service_role']);
    assert.deepEqual(JSON.parse((await cairn(['keys', 'show', '--json'], { cwd: project })).stdout), keys);
    const text = await cairn(['keys'], { cwd: project });
    assert.match(text.stdout, new RegExp(`^anon +${keys.anon}\nservice_role +${keys.service_role}\n$`));
    const claims = JSON.parse(Buffer.from(keys.service_role.split('.')[1], 'base64url'));
    assert.equal(claims.role, 'service_role');
    assert.ok(claims.exp > now() + 9 * 365 * 86400);
    assert.ok(!`${shown.stdout}${shown.stderr}${text.stderr}`.includes(fs.readFileSync(file, 'utf8').trim()));

    const server = await startCairn({ project, env: { CAIRN_STAGE: 'mvp' } });
    const ask = (key) => server.request('/rest/v1/notes', { headers: { apikey: key, Authorization: `Bearer ${key}` } });
    assert.equal((await ask(keys.service_role)).status, 200);
    assert.equal((await ask(keys.anon)).status, 401);

    const rotated = await cairn(['keys', 'rotate', '--json'], { cwd: project });
    assert.equal(rotated.code, 0, rotated.stderr);
    assert.match(rotated.stderr, /worth nothing any more/);
    const fresh = JSON.parse(rotated.stdout);
    assert.notEqual(fresh.service_role, keys.service_role);
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    assert.equal((await ask(keys.service_role)).status, 200, 'a running service goes on until it is told');
    server.child.kill('SIGHUP');
    await until('the new secret to be used', async () => (await ask(fresh.service_role)).status === 200);
    const old = await ask(keys.service_role);
    assert.equal(old.status, 401);
    assert.equal(old.json().code, 'PGRST301');
    assert.doesNotMatch(server.log, /eyJ/);
});

test('keys: a rotation can keep the old secret for a while', async () => {
    const project = makeProject({ migrations: tables });
    const keys = JSON.parse((await cairn(['keys', '--json'], { cwd: project })).stdout);
    const old = path.join(project, '.cairn/jwt-secret.old');
    for (const keep of ['0s', '91d', 'x', '-1d']) {
        assert.equal((await cairn(['keys', 'rotate', '--keep', keep], { cwd: project })).code, 4, keep);
    }
    const rotated = await cairn(['keys', 'rotate', '--keep', '3s', '--json'], { cwd: project });
    assert.equal(rotated.code, 0, rotated.stderr);
    assert.match(rotated.stderr, /good for 3s more/);
    assert.equal(fs.statSync(old).mode & 0o777, 0o600);
    const fresh = JSON.parse(rotated.stdout);
    const server = await startCairn({ project, env: { CAIRN_STAGE: 'mvp', CAIRN_SERVER_THREADS: '1' } });
    const ask = async (key) => (await server.request('/rest/v1/notes', { headers: { apikey: key } })).status;
    assert.equal(await ask(fresh.service_role), 200);
    const early = await ask(keys.service_role);
    assert.ok(early === 200 || Date.now() / 1000 > Number(fs.readFileSync(old, 'utf8').split('\n')[1]));
    await until('the old secret to go, remembered token or not', async () => (await ask(keys.service_role)) === 401);
    assert.equal(await ask(fresh.service_role), 200);

    assert.equal((await cairn(['keys', 'rotate', '--keep', '1d'], { cwd: project })).code, 0);
    assert.ok(fs.existsSync(old));
    assert.equal((await cairn(['keys', 'rotate'], { cwd: project })).code, 0);
    assert.ok(!fs.existsSync(old), 'a rotation in a hurry leaves nothing good');
});

test('keys: a secret that others can read is refused', async () => {
    const project = makeProject({ migrations: tables });
    assert.equal((await cairn(['keys'], { cwd: project })).code, 0);
    fs.chmodSync(path.join(project, '.cairn/jwt-secret'), 0o644);
    const shown = await cairn(['keys'], { cwd: project });
    assert.notEqual(shown.code, 0);
    assert.match(shown.stderr, /others may use it/);
    const served = await cairn(['serve'], { cwd: project, env: { CAIRN_LISTEN: '127.0.0.1:0' } });
    assert.notEqual(served.code, 0);
    assert.match(served.stdout + served.stderr, /others may use it/);
});

test('keys: a configured secret is used, not shown, and not rotated', async () => {
    const project = makeProject({ migrations: tables });
    const env = { CAIRN_AUTH_JWT_SECRET: secret };
    const shown = await cairn(['keys', '--json'], { cwd: project, env });
    const { anon } = JSON.parse(shown.stdout);
    const [head, body, signature] = anon.split('.');
    assert.equal(crypto.createHmac('sha256', secret).update(`${head}.${body}`).digest('base64url'), signature);
    assert.ok(!fs.existsSync(path.join(project, '.cairn/jwt-secret')));
    assert.equal((await cairn(['keys', 'rotate'], { cwd: project, env })).code, 4);
    for (const args of [['config', 'show'], ['config', 'show', '--json'], ['config', 'check']]) {
        const { stdout, stderr } = await cairn(args, { cwd: project, env });
        assert.ok(!(stdout + stderr).includes(secret), args.join(' '));
    }
});

test('keys: secrets that are short or known, and other mistakes, are refused before anything starts', async () => {
    const project = makeProject({ migrations: tables });
    const cases = [
        [{ CAIRN_AUTH_JWT_SECRET: 'short' }, /shorter than 32 bytes/],
        [{ CAIRN_AUTH_JWT_SECRET: 'super-secret-jwt-token-with-at-least-32-characters-long' }, /everybody knows/],
        [{ CAIRN_AUTH_JWT_SECRET: Buffer.from('only 24 bytes long......').toString('base64'), CAIRN_AUTH_JWT_SECRET_IS_BASE64: 'true' },
            /not base64 of at least 32 bytes/],
        [{ CAIRN_AUTH_JWKS: 'http://id.example/.well-known/jwks.json' }, /keys come by https/],
    ];
    for (const [env, message] of cases) {
        const { code, stderr } = await cairn(['config', 'check'], { cwd: project, env });
        assert.equal(code, 4);
        assert.match(stderr, message);
        assert.ok(!stderr.includes('super-secret'));
    }
});

for (const engine of engines) {
    test(`${engine}: tokens of another issuer, by RS256 and ES256 from a JWK set`, async () => {
        const rsa = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
        const ec = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
        const jwks = { keys: [
            { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'rsa-1', use: 'sig', alg: 'RS256' },
            { ...ec.publicKey.export({ format: 'jwk' }), kid: 'ec-1', use: 'sig' },
        ] };
        const signWith = (key, header, claims) => {
            const input = `${encode(header)}.${encode(claims)}`;
            const signature = crypto.sign('sha256', input, { key, dsaEncoding: 'ieee-p1363' });
            return { headers: { Authorization: `Bearer ${input}.${signature.toString('base64url')}` } };
        };
        const project = makeProject({ migrations: tables, yaml: 'stage: mvp\n', files: { 'keys.json': JSON.stringify(jwks) } });
        const server = await startCairn({ engine, project, env: { CAIRN_AUTH_JWKS: 'keys.json', CAIRN_AUTH_JWT_SECRET: secret } });
        if (engine === 'postgres') await server.postgres.sql(`${roleSql} GRANT SELECT ON notes TO authenticated`, server.database);
        const claims = { role: 'authenticated' };
        const status = async (options) => (await server.request('/rest/v1/notes', options)).status;
        assert.equal(await status(signWith(rsa.privateKey, { alg: 'RS256', kid: 'rsa-1' }, claims)), 200);
        assert.equal(await status(signWith(rsa.privateKey, { alg: 'RS256' }, claims)), 200);
        assert.equal(await status(signWith(ec.privateKey, { alg: 'ES256', kid: 'ec-1' }, claims)), 200);
        assert.equal(await status(bearer(claims)), 200, 'and by the secret beside them');
        assert.equal(await status(signWith(rsa.privateKey, { alg: 'RS256', kid: 'ec-1' }, claims)), 401);
        assert.equal(await status(signWith(ec.privateKey, { alg: 'RS256' }, claims)), 401);
        // Key confusion: HMAC with the public key in the forms that everybody can have.
        for (const key of [
            rsa.publicKey.export({ format: 'pem', type: 'spki' }), rsa.publicKey.export({ format: 'der', type: 'spki' }),
            JSON.stringify(jwks), JSON.stringify(jwks.keys[0]), Buffer.from(jwks.keys[0].n, 'base64url'), jwks.keys[0].n,
        ]) assert.equal(await status(bearer(claims, { key, header: { alg: 'HS256', kid: 'rsa-1' } })), 401);
    });
}
