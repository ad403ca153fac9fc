// SPDX-License-Identifier: Apache-2.0
//
// Northwind, as others dumped it, on both engines: the same request gives the same answer, byte by
// byte, and it is what PostgreSQL itself says.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { endAll, northwind, root, sha256, startBoth } from './harness.mjs';

const data = path.join(root, 'test/system/data');
const requests = JSON.parse(fs.readFileSync(path.join(data, 'northwind_requests.json'), 'utf8'));

/** The headers that mean something to clients; the others tell of time and place. */
const meaningful = [
    'allow', 'connection', 'content-encoding', 'content-length', 'content-location', 'content-profile',
    'content-range', 'content-type', 'location', 'preference-applied', 'proxy-status', 'range-unit',
    'vary', 'www-authenticate',
];

let both;

before(async () => {
    both = await startBoth({
        name: 'northwind',
        migrations: {
            '0001_northwind.sql': { file: northwind },
            '0002_more.sql': { file: path.join(data, '0002_more.sql') },
        },
    }, { env: { CAIRN_DATABASE_AGGREGATES: 'true' } });
});

after(endAll);

async function send(server, { method = 'GET', get, send: headers = {}, json, raw }) {
    const all = { ...headers };
    if (json !== undefined) all['Content-Type'] = 'application/json';
    const body = json !== undefined ? JSON.stringify(json) : raw;
    const answer = await server.request(`/rest/v1${get}`, { method, headers: all, body });
    const shown = Object.fromEntries(meaningful.filter((h) => h in answer.headers)
        .map((h) => [h, answer.headers[h]]));
    return { status: `${answer.status} ${answer.statusText}`, headers: shown, body: answer.text };
}

/** What PostgreSQL makes of the rows of a query. */
const truth = (sql) => both.postgres.postgres.sql(
    `SELECT coalesce(json_agg(t), '[]')::text FROM (${sql}) t`, both.postgres.database);

for (const row of requests) {
    test(`${row.name}: ${row.method ?? 'GET'} ${row.get}`, async () => {
        const [sqlite, postgres] = [await send(both.sqlite, row), await send(both.postgres, row)];

        assert.deepEqual(sqlite, postgres, 'SQLite (actual) and PostgreSQL (expected) differ');
        assert.equal(postgres.status.slice(0, 3), String(row.status), postgres.body.slice(0, 2000));
        for (const [name, value] of Object.entries(row.headers ?? {})) {
            assert.equal(postgres.headers[name], value, name);
        }
        const expected = row.sql !== undefined ? await truth(row.sql) : row.body;
        if (expected !== undefined && row.as === 'json') {
            assert.deepEqual(JSON.parse(postgres.body), JSON.parse(expected));
        } else if (expected !== undefined) {
            assert.equal(postgres.body, expected);
        }
        if (postgres.status >= '400' && row.method !== 'HEAD') {
            assert.deepEqual(Object.keys(JSON.parse(postgres.body)).sort(),
                ['code', 'details', 'hint', 'message']);
        }
    });
}

test('every row of the dump is there, on both engines', async () => {
    const dump = fs.readFileSync(northwind, 'utf8');
    const inserted = {};
    for (const [, table] of dump.matchAll(/^INSERT INTO (\w+) VALUES/gm)) {
        inserted[table] = (inserted[table] ?? 0) + 1;
    }
    assert.equal(Object.values(inserted).reduce((a, b) => a + b), 3362);

    // The requests above changed shippers and employee_territories, and the answers were compared.
    for (const table of Object.keys(inserted).filter((t) => !['shippers', 'employee_territories'].includes(t))) {
        for (const server of [both.sqlite, both.postgres]) {
            const answer = await server.request(`/rest/v1/${table}?limit=0`, { headers: { Prefer: 'count=exact' } });
            assert.equal(answer.headers['content-range'], `*/${inserted[table]}`, `${table} on ${server.engine}`);
        }
    }
});

test('whole tables have the same bytes on both engines', async () => {
    const names = ['categories', 'customers', 'employees', 'orders', 'order_details', 'suppliers', 'us_states'];
    for (const table of names) {
        const pages = {};
        for (const server of [both.sqlite, both.postgres]) {
            pages[server.engine] = '';
            for (let offset = 0; offset < 3000; offset += 1000) {
                const order = table === 'order_details' ? '&order=order_id,product_id' : '';
                const answer = await server.request(`/rest/v1/${table}?limit=1000&offset=${offset}${order}`);
                assert.equal(answer.status, 200);
                pages[server.engine] += answer.text;
            }
        }
        assert.equal(sha256(pages.sqlite), sha256(pages.postgres), table);
    }
});
