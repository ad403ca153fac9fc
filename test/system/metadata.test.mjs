// SPDX-License-Identifier: Apache-2.0
//
// What answers say about themselves: headers that options switch on, errors in their two forms, and which
// pages may read them. The engine makes no difference.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { engines, makeProject, startCairn } from './harness.mjs';

const migrations = { '0001_items.sql': 'CREATE TABLE items (id integer PRIMARY KEY, name text); INSERT INTO items VALUES (1, \'a\');' };
const yaml = `stage: poc
api:
    server_timing: true
    trace_header: X-Correlation-Id
    error_detail: minimal
cors:
    origins: [https://shop.example, https://other.example]
`;
const all = ['jwt', 'parse', 'plan', 'transaction', 'response'];

for (const engine of engines) {
    let server;
    let plain;

    before(async () => {
        server = await startCairn({ engine, project: makeProject({ migrations, yaml }) });
        plain = await startCairn({ engine, project: makeProject({ migrations }) });
    });
    after(async () => {
        await server?.stop();
        await plain?.stop();
    });

    const send = (method, target, headers = {}, body = undefined) =>
        server.request(`/rest/v1/${target}`, { method, headers, body });
    const steps = (answer) => (answer.headers['server-timing'] ?? '').split(', ').map((item) => {
        const [, name] = item.match(/^([a-z]+);dur=[0-9]+\.[0-9]+$/) ?? [];
        return name;
    });

    test(`${engine}: Server-Timing names the steps that a request took`, async () => {
        const json = { 'Content-Type': 'application/json' };
        for (const [method, target, body] of [
            ['GET', 'items'], ['HEAD', 'items'], ['POST', 'items', '{"id":2}'], ['POST', 'items', '[]'],
            ['PATCH', 'items?id=eq.2', '{"name":"b"}'], ['PUT', 'items?id=eq.2', '{"id":2,"name":"c"}'],
            ['DELETE', 'items?id=eq.2'],
        ]) {
            const answer = await send(method, target, json, body);
            assert.ok(answer.status < 300, answer.text);
            const expected = body === '[]' ? all.filter((name) => name !== 'transaction') : all;
            assert.deepEqual(steps(answer), expected, `${method} ${target}`);
        }
        assert.deepEqual(steps(await send('OPTIONS', 'items')), ['jwt', 'parse', 'response']);
        assert.equal((await send('GET', 'nothing')).headers['server-timing'], undefined);
        assert.equal((await plain.request('/rest/v1/items')).headers['server-timing'], undefined);
    });

    test(`${engine}: the trace header comes back as it was sent`, async () => {
        for (const method of ['GET', 'HEAD', 'OPTIONS']) {
            const answer = await send(method, 'items', { 'x-correlation-id': 'a b/1' });
            assert.equal(answer.headers['x-correlation-id'], 'a b/1');
        }
        assert.equal((await send('GET', 'nothing', { 'X-Correlation-Id': '2' })).headers['x-correlation-id'], '2');
        assert.equal((await send('GET', 'items')).headers['x-correlation-id'], undefined);
    });

    test(`${engine}: minimal errors are code and message`, async () => {
        assert.equal((await send('GET', 'item')).text,
            '{"code":"PGRST205","message":"Could not find the table \'public.item\' in the schema cache"}');
        assert.equal((await send('POST', 'items', { 'Content-Type': 'application/json' }, '{"id":1}')).text,
            '{"code":"23505","message":"duplicate key value violates unique constraint \\"items_pkey\\""}');
        const full = (await plain.request('/rest/v1/item')).json();
        assert.deepEqual(Object.keys(full), ['code', 'details', 'hint', 'message']);
        assert.equal(full.hint, "Perhaps you meant the table 'public.items'");
    });

    test(`${engine}: only the origins listed may read answers, and with credentials`, async () => {
        const asked = { 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'Foo,Bar' };
        const preflight = await send('OPTIONS', 'items', { Origin: 'https://shop.example', ...asked });
        assert.equal(preflight.status, 200);
        assert.equal(preflight.headers['access-control-allow-origin'], 'https://shop.example');
        assert.equal(preflight.headers['access-control-allow-credentials'], 'true');
        assert.equal(preflight.headers['access-control-allow-methods'], 'GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD');
        assert.equal(preflight.headers['access-control-allow-headers'],
            'Authorization, Foo, Bar, Accept, Accept-Language, Content-Language');
        assert.equal(preflight.headers['access-control-max-age'], '86400');
        const answer = await send('GET', 'items', { Origin: 'https://other.example' });
        assert.equal(answer.headers['access-control-allow-origin'], 'https://other.example');
        assert.match(answer.headers.vary, /Origin/);
        assert.equal(answer.headers['access-control-expose-headers'],
            'Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, Transfer-Encoding, Range-Unit');
        const stranger = await send('GET', 'items', { Origin: 'https://evil.example' });
        assert.equal(stranger.status, 200);
        assert.equal(stranger.headers['access-control-allow-origin'], undefined);
    });

    test(`${engine}: without a list any origin may read answers, without credentials`, async () => {
        const answer = await plain.request('/rest/v1/items', { headers: { Origin: 'https://shop.example' } });
        assert.equal(answer.headers['access-control-allow-origin'], '*');
        assert.equal(answer.headers['access-control-allow-credentials'], undefined);
        assert.equal(answer.headers.vary, 'Accept, Prefer, Range');
        const options = await plain.request('/rest/v1/items', { method: 'OPTIONS' });
        assert.equal(options.headers['access-control-allow-origin'], '*');
        assert.equal(options.headers.allow, 'OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE');
        assert.equal((await plain.request('/rest/v1/items')).headers['access-control-allow-origin'], undefined);
    });
}
