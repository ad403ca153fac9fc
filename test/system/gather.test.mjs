// SPDX-License-Identifier: Apache-2.0
//
// Embeds of several rows, which PostgreSQL is asked for once for all rows of the answer, or, where there are too
// many or no list of keys finds them, for each row alone: either way the answer is the same as on SQLite, to the byte.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { endAll, makeProject, startBoth, startCairn } from './harness.mjs';

const schema = `
CREATE TYPE mood AS ENUM ('low', 'high');
CREATE TABLE shops (id int PRIMARY KEY, code text NOT NULL UNIQUE, name text);
CREATE TABLE sales (id bigint PRIMARY KEY, shop bigint REFERENCES shops, code text REFERENCES shops (code), mood mood, tags text[],
    doc jsonb, amount numeric(8,2), at timestamptz, note text);
CREATE TABLE lines (id int PRIMARY KEY, sale bigint NOT NULL REFERENCES sales, text text NOT NULL);
CREATE TABLE goods (id uuid PRIMARY KEY, name text NOT NULL);
CREATE TABLE stock (shop int NOT NULL REFERENCES shops, good uuid NOT NULL REFERENCES goods, PRIMARY KEY (shop, good));
CREATE VIEW dear AS SELECT * FROM sales WHERE amount > 10;
INSERT INTO shops VALUES (1, 'a', 'One'), (2, 'b', 'Two'), (3, 'A', NULL), (4, 'd"', 'Four, with "all"'), (5, 'e', '');
INSERT INTO sales VALUES
    (1, 1, 'a', 'low', '{x,"y z"}', '{"k": [1, null]}', 12.50, '2026-11-21T10:00:00Z', 'plain'),
    (2, 1, 'A', 'high', '{}', '[]', 3, NULL, 'with "quotes", commas and \\ ('), (3, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (4, 2, 'd"', 'low', '{NULL}', '"t"', 100, '2026-11-20T10:00:00.5Z', ''), (5, NULL, 'd"', 'high', '{a}', 'null', 11, NULL, 'none'),
    (6, 4, 'e', 'high', '{b,a}', '1', 10.01, '2026-11-22T10:00:00Z', E'two\\nlines'), (7, 4, 'e', 'low', NULL, NULL, 0, NULL, 'seven');
INSERT INTO lines VALUES (1, 1, 'l1'), (2, 1, 'l "2"'), (3, 4, 'l,3'), (4, 6, '');
INSERT INTO goods VALUES ('00000000-0000-0000-0000-000000000001', 'tea'), ('00000000-0000-0000-0000-0000000000ab', 'salt');
INSERT INTO stock VALUES (1, '00000000-0000-0000-0000-000000000001'), (1, '00000000-0000-0000-0000-0000000000ab'), (4, '00000000-0000-0000-0000-0000000000ab');
GRANT SELECT ON shops, lines, goods, stock, dear TO anon;
GRANT SELECT ON sales TO anon;
`;

// Rows of embeds are ordered wherever there may be more than one: without that, each engine has an order of its own.
const requests = [
    'shops?select=id,name,sales!shop(id,note)&order=id&sales.order=id',
    'shops?select=*,sales!shop(*)&order=id.desc&sales.order=amount.desc.nullslast,id',
    'shops?select=sales!shop(id),id&order=id&limit=2&offset=1&sales.order=id',
    'shops?select=sales!shop(id)&order=id&sales.order=mood,id.desc',
    'shops?select=code,sales!code(id,code)&order=id&sales.order=id',
    'shops?select=id,a:sales!shop(id,tags),b:sales!code(doc,mood,at),goods(name)&order=id&a.order=id&b.order=id&goods.order=name',
    'shops?select=id,sales!shop(id,lines(text),shops!shop(name))&order=id&sales.order=id&sales.lines.order=id',
    'shops?select=id,goods(id,name)&order=id&goods.order=id',
    'shops?select=id,stock(good)&order=id&stock.order=good',
    'goods?select=name,shops(id,code)&order=name&shops.order=id',
    'shops?select=id,dear!shop(id,amount)&order=id&dear.order=id',
    'dear?select=id,lines(id)&order=id&lines.order=id',
    'shops?select=id,sales!shop(id)&sales.amount=gt.5&order=id&sales.order=id&id=in.(1,4)',
    'shops?select=id,sales!shop!inner(id)&sales.mood=eq.low&order=id&sales.order=id',
    'shops?select=id,sales!shop(id)&sales=not.is.null&order=id&sales.order=id',
    'shops?select=id,sales!shop(doc->k,x:doc->k->0)&order=id&sales.order=doc->>k,id',
    'shops?select=id,sales!shop()&order=id',
    'shops?select=id,sales!shop(*)&id=gt.100',
    'sales?select=id,shops!shop(name),lines(id)&order=id&lines.order=id.desc',
    'shops?select=id,sales!shop(id)&order=id&sales.order=id&sales.limit=1',
];

const started = [];

before(async () => {
    for (const rows of ['1000', '3', '1']) {
        const both = await startBoth({ migrations: { '0001_shops.sql': schema } }, { env: { CAIRN_DATABASE_MAX_ROWS: rows } });
        started.push({ rows, ...both });
    }
});

after(endAll);

async function same({ sqlite, postgres, rows }, target, options = {}) {
    const [one, other] = await Promise.all([sqlite, postgres].map((server) => server.request(`/rest/v1/${target}`, options)));
    const what = ({ status, headers, text }) => ({ status, text, range: headers['content-range'], location: headers['content-location'] });

    assert.ok([200, 206].includes(other.status), other.text);
    assert.deepEqual(what(other), what(one), `${target} with at most ${rows} rows`);
    return other;
}

test('rows of embeds are those that belong to each row, in their order', async () => {
    for (const request of requests) await same(started[0], request);
    const two = await same(started[0], requests[4]);
    assert.deepEqual(two.json().map((shop) => shop.sales.map((sale) => sale.id)), [[1], [], [2], [4, 5], [6, 7]]);
});

test('where there may be more than an embed may have, each row has its own first ones', async () => {
    for (const both of started.slice(1)) {
        // Twice: the second time it is known.
        for (const request of [...requests, ...requests]) await same(both, request);
    }
    const answer = await same(started[1], 'shops?select=id,sales!shop(id)&order=id&sales.order=id');
    assert.deepEqual(answer.json().map((shop) => shop.sales.length), [3, 1, 0]);
});

test('a count, one object, no body and other forms come with them, too', async () => {
    for (const both of started.slice(0, 2)) {
        const target = 'shops?select=id,sales!shop(id)&order=id&limit=2&sales.order=id';
        await same(both, target, { headers: { Prefer: 'count=exact' } });
        await same(both, target, { method: 'HEAD' });
        await same(both, `${target}&id=lt.2`, { headers: { Accept: 'application/vnd.pgrst.object+json' } });
        await same(both, target, { headers: { Accept: 'text/csv' } });
        await same(both, target, { headers: { Accept: 'application/vnd.pgrst.array+json;nulls=stripped' } });
    }
});

test('keys that only PostgreSQL calls equal are asked for row by row', async () => {
    const server = await startCairn({ engine: 'postgres', project: makeProject({ migrations: { '0001_keys.sql': `
CREATE COLLATION either (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE tops (code text COLLATE either PRIMARY KEY);
CREATE TABLE parts (id int PRIMARY KEY, top text COLLATE either REFERENCES tops);
INSERT INTO tops VALUES ('a'), ('b');
INSERT INTO parts VALUES (1, 'A'), (2, 'a'), (3, 'b');
GRANT SELECT ON tops, parts TO anon;` } }) });

    for (let i = 0; i < 2; i++) {
        const answer = await server.request('/rest/v1/tops?select=code,parts(id)&order=code&parts.order=id');
        assert.deepEqual(answer.json(), [{ code: 'a', parts: [{ id: 1 }, { id: 2 }] }, { code: 'b', parts: [{ id: 3 }] }]);
    }
});
