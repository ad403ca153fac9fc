// SPDX-License-Identifier: Apache-2.0
//
// SQL in the places that only a whole service has: arguments of functions, claims of tokens, headers
// and cookies that functions read, profiles, preferences, plans. The canary's table must stay as it is
// and unseen. Tables, filters and bodies have their own corpus
// in test/request.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { afterEach, test } from 'node:test';

import { endAll, engines, json, makeProject, startCairn } from './harness.mjs';

afterEach(endAll);

const secret = 'a secret of the system tests, longer than 32 bytes';
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

function bearer(claims) {
    const input = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
    return { Authorization: `Bearer ${input}.${crypto.createHmac('sha256', secret).update(input).digest('base64url')}` };
}

const payloads = [
    `'; DROP TABLE hidden.canary; --`,
    `"; DELETE FROM "hidden.canary"; --`,
    `""; DELETE FROM hidden.canary; --`,
    `') OR 1=1; UPDATE hidden.canary SET secret = 'x'; --`,
    `") OR 1=1; UPDATE "hidden.canary" SET secret = 'x'; --`,
    `' UNION SELECT secret FROM hidden.canary --`,
    `'||(SELECT secret FROM hidden.canary)||'`,
    `(SELECT secret FROM "hidden.canary")`,
    `\\'; DELETE FROM hidden.canary; --`,
    `$$; DELETE FROM hidden.canary; $$`,
    `{"a":"'; DELETE FROM hidden.canary; --"}`,
    `1); DELETE FROM hidden.canary; --`,
    `text); DELETE FROM hidden.canary; --`,
    `pg_catalog.pg_authid`,
    `postgres'; RESET ROLE; --`,
    `none`,
    `/* */; COMMIT; DELETE FROM hidden.canary; --`,
    `%'; --`,
    `"`,
    `'`,
];

const sql = `
    CREATE SCHEMA hidden;
    CREATE TABLE hidden.canary (id int PRIMARY KEY, secret text NOT NULL);
    INSERT INTO hidden.canary VALUES (1, 'feathers');
    CREATE TABLE notes (id int PRIMARY KEY, owner text, body text, amount int);
    INSERT INTO notes VALUES (1, 'ann', 'one', 5), (2, 'bob', 'two', 7);
    CREATE TABLE parts (id int PRIMARY KEY, note_id int CONSTRAINT note_fk REFERENCES notes, name text);
    INSERT INTO parts VALUES (1, 1, 'a'), (2, 2, 'b');
    CREATE FUNCTION echo(v text) RETURNS text LANGUAGE sql STABLE AS 'SELECT v';
    CREATE FUNCTION own(who text) RETURNS SETOF notes LANGUAGE sql STABLE AS 'SELECT * FROM notes WHERE owner = who';
    CREATE FUNCTION watch() RETURNS text LANGUAGE sql STABLE AS 'SELECT max(secret) || count(*) FROM hidden.canary';`;

const postgresOnly = `
    CREATE FUNCTION whole(text) RETURNS text LANGUAGE sql AS 'SELECT $1';
    CREATE FUNCTION many(VARIADIC v text[]) RETURNS text LANGUAGE sql AS 'SELECT v[1]';
    CREATE FUNCTION seen() RETURNS text LANGUAGE sql STABLE AS $$ SELECT
        concat(current_setting('request.headers', true), current_setting('request.cookies', true),
            current_setting('request.jwt.claims', true), current_setting('request.path', true)) $$;`;

/** Each place: payload → [target, options]. */
const places = {
    'argument in the query': (p) => [`/rpc/echo?v=${encodeURIComponent(p)}`],
    'name of an argument in the query': (p) => [`/rpc/echo?${encodeURIComponent(p)}=1`],
    'argument in the body': (p) => ['/rpc/echo', json('POST', { v: p })],
    'name of an argument in the body': (p) => ['/rpc/echo', json('POST', { [p]: 1 })],
    'argument of a form': (p) => ['/rpc/echo', {
        method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: `v=${encodeURIComponent(p)}`,
    }],
    'name of a function': (p) => [`/rpc/${encodeURIComponent(p)}`],
    'columns of a call': (p) => [`/rpc/echo?columns=${encodeURIComponent(p)}`, json('POST', { v: 'x' })],
    'filter of a result': (p) => [`/rpc/own?who=ann&body=eq.${encodeURIComponent(p)}`],
    'select of a result': (p) => [`/rpc/own?who=ann&select=${encodeURIComponent(p)}`],
    'order of a result': (p) => [`/rpc/own?who=ann&order=${encodeURIComponent(p)}`],
    'aggregate': (p) => [`/notes?select=amount.${encodeURIComponent(p)}()`],
    'column of an aggregate': (p) => [`/notes?select="${encodeURIComponent(p)}".sum()`],
    'alias of an aggregate': (p) => [`/notes?select="${encodeURIComponent(p)}":amount.sum()`],
    'cast before an aggregate': (p) => [`/notes?select=amount::${encodeURIComponent(p)}.sum()`],
    'cast after an aggregate': (p) => [`/notes?select=amount.sum()::${encodeURIComponent(p)}`],
    'cast': (p) => [`/notes?select=body::${encodeURIComponent(p)}`],
    'language of a search': (p) => [`/notes?body=fts(${encodeURIComponent(p)}).x`],
    'words of a search': (p) => [`/notes?body=wfts(simple).${encodeURIComponent(p)}`],
    'any of a list': (p) => [`/notes?body=like(any).{${encodeURIComponent(p)}}`],
    'hint of an embed': (p) => [`/notes?select=id,parts!${encodeURIComponent(p)}(id)`],
    'filter of an embed': (p) => [`/notes?select=id,parts!inner(id)&parts.name=eq.${encodeURIComponent(p)}`],
    'column of a tree': (p) => [`/notes?or=("${encodeURIComponent(p)}".eq.1,id.eq.1)`],
    'on_conflict': (p) => [`/notes?on_conflict=${encodeURIComponent(p)}`, json('POST', { id: 1 }, { Prefer: 'resolution=merge-duplicates, tx=rollback' })],
    'on_conflict, quoted': (p) => [`/notes?on_conflict="${encodeURIComponent(p)}"`, json('POST', { id: 1 }, { Prefer: 'resolution=ignore-duplicates, tx=rollback' })],
    'columns': (p) => [`/notes?columns=id,"${encodeURIComponent(p)}"`, json('POST', [{ id: 1 }], { Prefer: 'tx=rollback' })],
    'accept-profile': (p) => ['/notes', { headers: { 'Accept-Profile': p } }],
    'content-profile': (p) => ['/notes', json('POST', { id: 1 }, { 'Content-Profile': p })],
    'profile of a call': (p) => ['/rpc/echo', json('POST', { v: 'x' }, { 'Content-Profile': p })],
    'timezone': (p) => ['/notes', { headers: { Prefer: `timezone=${p}` } }],
    'timezone, strict': (p) => ['/notes', { headers: { Prefer: `handling=strict, timezone=${p}` } }],
    'another preference': (p) => ['/notes', { headers: { Prefer: `handling=strict, ${p}=${p}` } }],
    'count': (p) => ['/notes', { headers: { Prefer: `count=${p}` } }],
    'tx': (p) => ['/notes?id=eq.0', { method: 'DELETE', headers: { Prefer: `tx=${p}` } }],
    'max-affected': (p) => ['/notes?id=eq.0', { method: 'DELETE', headers: { Prefer: `handling=strict, max-affected=${p}` } }],
    'media type': (p) => ['/notes', { headers: { Accept: p } }],
    'options of a plan': (p) => ['/notes', { headers: { Accept: `application/vnd.pgrst.plan+json; options=${p}` } }],
    'type of a plan': (p) => ['/notes', { headers: { Accept: `application/vnd.pgrst.plan; for="${p}"` } }],
    'range': (p) => ['/notes', { headers: { 'Range-Unit': 'items', Range: `0-${p}` } }],
    'a header that functions read': (p) => ['/rpc/echo?v=x', { headers: { 'X-Thing': p } }],
    'a cookie that functions read': (p) => ['/rpc/echo?v=x', { headers: { Cookie: `a=${p}; ${p}=b` } }],
    'role of a token': (p) => ['/notes', { headers: bearer({ role: p }) }],
    'claim of a token': (p) => ['/notes', { headers: bearer({ sub: p, app: { [p]: [p] } }) }],
    'name of a claim': (p) => ['/rpc/echo?v=x', { headers: bearer({ [p]: p }) }],
    'token': (p) => ['/notes', { headers: { Authorization: `Bearer ${p}` } }],
    'apikey': (p) => ['/notes', { headers: { apikey: p } }],
};

const postgresPlaces = {
    'the whole body as an argument': (p) => ['/rpc/whole', { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: p }],
    'one of many arguments': (p) => [`/rpc/many?v=${encodeURIComponent(p)}&v=x`],
    'a header in a setting': (p) => ['/rpc/seen', { headers: { 'X-Thing': p, Cookie: `c=${p}`, ...bearer({ sub: p }) } }],
};

for (const engine of engines) {
    test(`${engine}: SQL stays text in arguments, claims, headers and preferences`, async () => {
        const server = await startCairn({
            engine,
            project: makeProject({ migrations: { '0001.sql': sql + (engine === 'postgres' ? postgresOnly : '') } }),
            env: {
                CAIRN_AUTH_JWT_SECRET: secret, CAIRN_DATABASE_AGGREGATES: 'true', CAIRN_SERVER_THREADS: '1',
                CAIRN_TRANSACTION_ALLOW_OVERRIDE: 'true',
                ...(engine === 'postgres' ? { CAIRN_DATABASE_PLANS: 'true' } : {}),
            },
        });
        const all = { ...places, ...(engine === 'postgres' ? postgresPlaces : {}) };
        let count = 0;
        for (const [name, make] of Object.entries(all)) {
            for (const payload of payloads) {
                const [target, options = {}] = make(payload);
                const answer = await server.request(`/rest/v1${target}`, options);
                const what = `${name}: ${payload}: ${answer.status} ${answer.text}`;
                assert.ok(answer.status < 500, what);
                assert.ok(!answer.text.includes('feathers'), what);
                if (answer.status >= 400) assert.ok(answer.json().code, what);
                count++;
            }
            // Through the same connections: nothing of a request is left behind.
            const canary = await server.request('/rest/v1/rpc/watch');
            assert.equal(canary.text, '"feathers1"', name);
            const rows = await server.request('/rest/v1/notes?select=id,owner,body,amount&order=id');
            assert.equal(rows.status, 200, `${name}: ${rows.text}`);
            assert.deepEqual(rows.json(), [{ id: 1, owner: 'ann', body: 'one', amount: 5 },
                { id: 2, owner: 'bob', body: 'two', amount: 7 }], name);
        }
        assert.ok(count >= 800, String(count));
    });

    test(`${engine}: an argument comes back as it went in`, async () => {
        const server = await startCairn({ engine, project: makeProject({ migrations: { '0001.sql': sql } }) });
        for (const payload of payloads) {
            const get = await server.request(`/rest/v1/rpc/echo?v=${encodeURIComponent(payload)}`);
            assert.equal(get.status, 200, `${payload}: ${get.text}`);
            assert.equal(get.json(), payload);
            const post = await server.request('/rest/v1/rpc/echo', json('POST', { v: payload }));
            assert.equal(post.json(), payload);
            assert.deepEqual((await server.request(`/rest/v1/rpc/own?who=${encodeURIComponent(payload)}`)).json(), []);
        }
    });
}
