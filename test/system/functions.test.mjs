// SPDX-License-Identifier: Apache-2.0
//
// Functions in SQL at /rpc on both engines: every call is sent to both, and status, headers and body have
// to be the same to the byte.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { cairn, makeProject, root, startBoth } from './harness.mjs';

const data = (name) => ({ file: path.join(root, 'test/system/data', name) });

let both;

before(async () => {
    both = await startBoth({
        migrations: {
            '0001_functions.sql': data('functions_sql.sql'),
            '0002_settings.sql': data('functions_settings.sql'),
            '0003_rows.sql': data('functions_rows.sql'),
        },
    }, { env: { CAIRN_DATABASE_AGGREGATES: 'true' } });
});

after(async () => {
    await both?.sqlite.stop();
    await both?.postgres.stop();
});

const compared = ['content-type', 'content-range', 'content-length', 'content-location', 'preference-applied', 'location', 'allow',
    'proxy-status', 'www-authenticate'];

async function send(server, target, { extra = [], ...options } = {}) {
    const answer = await server.request(`/rest/v1/${target}`, options);

    return {
        status: answer.status,
        headers: Object.fromEntries([...compared, ...extra].map((name) => [name, answer.headers[name] ?? null])),
        text: answer.text,
    };
}

/** The answer of both engines, which is one. */
async function same(target, options) {
    const sqlite = await send(both.sqlite, target, options);
    const postgres = await send(both.postgres, target, options);

    assert.deepEqual(sqlite, postgres, `${options?.method ?? 'GET'} ${target} ${options?.body ?? ''}`);
    return sqlite;
}

const get = (target, headers = {}) => same(`rpc/${target}`, { headers });
const head = (target) => same(`rpc/${target}`, { method: 'HEAD' });
const post = (target, body, headers = {}) => same(`rpc/${target}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
});

async function expect(answer, status, text) {
    const got = await answer;

    assert.equal(got.status, status, got.text);
    if (text instanceof RegExp) assert.match(got.text, text);
    else if (text !== undefined) assert.equal(got.text, text);
}

test('values', async () => {
    await expect(post('sayhello', { name: 'world' }), 200, '"Hello, world"');
    await expect(get('sayhello?name=world'), 200, '"Hello, world"');
    await expect(get('add_them?a=1&b=2'), 200, '3');
    await expect(get('by_function_name?a=21'), 200, '42');
    await expect(get('ret_null'), 200, 'null');
    await expect(get('ret_bool'), 200, 'true');
    await expect(get('ret_json'), 200, '{"a": [1, null]}');
    await expect(get('ret_time'), 200, '"2026-11-21T10:14:03+00:00"');
    await expect(get('ret_numeric'), 200, '1.50');
    await expect(get('ret_widened'), 200, '5');
    await expect(post('ret_void', {}), 204, '');
    await expect(post('ret_void_empty', {}), 204, '');
    await expect(get('ret_void'), 204, '');
    await expect(get('ret_setof_integers'), 200, '[1, 2, 3]');
    await expect(get('ret_setof_integers?limit=1&offset=1'), 200, '[2]');
    await expect(get('ret_setof_names?limit=2'), 200, '["Windows 7", "Windows 10"]');
    await expect(get('no_rows'), 200, '[]');
    await expect(get('no_row'), 200, 'null');
    await expect(head('sayhello?name=x'), 200, '');
});

test('rows', async () => {
    await expect(get('get_project?id=1'), 200, '{"id":1,"name":"Windows 7","client_id":1}');
    await expect(get('get_project?id=99'), 200, '{"id":null,"name":null,"client_id":null}');
    await expect(get('get_project?id=1&name=eq.other'), 200, 'null');
    await expect(get('get_projects_below?id=5&id=gt.2&select=id'), 200, '[{"id":3}, \n {"id":4}]');
    await expect(get('get_projects_below?id=1'), 200, '[]');
    await expect(get('make_point?x=3&y=4'), 200, '{"sum":7,"product":12}');
    await expect(get('single_out?num=5'), 200, '{"num_plus_one":6}');
    await expect(get('single_inout?num=2'), 200, '{"num":3}');
    await expect(get('two_columns'), 200, '[{"a":"Microsoft","b":1}, \n {"a":"Apple","b":2}]');
    await expect(get('returns_record'), 200, '{"id":1,"name":"Windows 7"}');
    await expect(get('returns_setof_record'), 200, '[{"id":1,"name":"Windows 7"}, \n {"id":2,"name":"Windows 10"}]');
    await expect(get('search?term=Win*'), 200, '[]');
    await expect(get('search?term=Win%25&first=1&skip=1'), 200, /Windows 10/);
    await expect(post('search', { first: null }), 200, /Orphan/);
    await expect(post('search', { first: -1 }), 400, /LIMIT must not be negative/);
    await expect(post('search', { skip: -1 }), 400, /2201X/);
});

test('a result is shaped as the rows of a table', async () => {
    await expect(get('get_project?id=1&select=id,clients(name),tasks(id)'), 200,
        '{"id":1,"clients":{"name":"Microsoft"},"tasks":[{"id":1}, \n {"id":2}]}');
    await expect(get('get_projects_below?id=5&name=like.*OS*&order=id.desc&select=id,clients!inner(name)&clients.id=eq.2'),
        200, '[{"id":4,"clients":{"name":"Apple"}}, \n {"id":3,"clients":{"name":"Apple"}}]');
    await expect(get('get_projects_below?id=5&order=clients(name),id.desc&select=id,clients()&or=(id.eq.1,id.eq.4)'), 200);
    await expect(get('get_projects_below?id=5&select=id,...clients(client:name)'), 200);
    await expect(get('get_projects_below?id=5&select=agents(id)'), 400, /PGRST200/);
    await expect(get('get_projects_below?id=5&select=nope'), 400, /42703/);
    await expect(get('getitemrange?min=0&max=10&select=count'), 200, '[{"count":5}]');
    await expect(post('getitemrange?id=eq.4', { min: 2, max: 4 }), 200);
    await expect(post('getitemrange?id=5', { min: 2, max: 4 }), 400, /PGRST100/);

    const counted = { Prefer: 'count=exact' };
    await expect(post('getitemrange?limit=1&offset=1', { min: 2, max: 4 }, counted), 206);
    await expect(post('getitemrange?limit=1&id=gt.3&order=id.desc&select=id', { min: 2, max: 5 }, counted), 206);
    await expect(post('getitemrange?limit=1&offset=2', { min: 2, max: 4 }, counted), 206, '[]');
    await expect(post('getitemrange?limit=1&offset=3', { min: 2, max: 4 }, counted), 416);
    await expect(post('ret_setof_names', {}, counted), 200, /^\["Windows 7", "Windows 10", "Orphan"/);
    await expect(post('sayhello', { name: 'x' }, counted), 200);
    await expect(get('get_projects_below?id=2&select=name', { Accept: 'application/vnd.pgrst.object+json' }), 200);
    await expect(get('get_projects_below?id=3', { Accept: 'application/vnd.pgrst.object+json' }), 406);
    await expect(get('get_projects_below?id=3', { Accept: 'text/csv' }), 200, 'id,name,client_id\n1,"Windows 7",1\n2,"Windows 10",1');
    await expect(get('ret_setof_integers', { Accept: 'text/csv' }), 200, 'pgrst_scalar\n1\n2\n3');
    await expect(get('get_projects_below?id=9&id=eq.5', { Accept: 'application/vnd.pgrst.array+json;nulls=stripped' }), 200);
});

test('arguments', async () => {
    await expect(get('defaults?need=1'), 200, '"1 7 x"');
    await expect(get('defaults?need=1&odd%20name=y'), 200, '"1 7 y"');
    await expect(post('defaults', { 'odd name': 'z', more: 2, need: 1 }), 200, '"1 2 z"');
    await expect(post('defaults?columns=need', { need: 1, more: 2 }), 200, '"1 7 x"');
    await expect(post('defaults', { more: 1 }), 404, /PGRST202/);
    await expect(post('sayhello', { name: null }), 200, 'null');
    await expect(post('strict_one', { a: null }), 200, 'null');
    await expect(post('strict_one', { a: 1, b: null }), 200, 'null');
    await expect(post('strict_one', { a: 1 }), 200, '"called"');
    await expect(post('strict_set', { a: null }), 200, '[]');
    await expect(post('strict_row', { a: null }), 200);
    await expect(get('takes_mood?m=ok'), 200, '"ok"');
    await expect(get('takes_mood?m=bad'), 400, /22P02/);
    await expect(get('takes_char?c=abc'), 200, '"abc"');
    await expect(post('takes_json', { j: { b: 1, a: [null] } }), 200, '{"a": [null], "b": 1}');
    await expect(post('takes_json', { j: null }), 200);
    await expect(get('takes_uuid?u=A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'), 200, '"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"');
    await expect(get('add_them?a=x&b=1'), 400, /22P02/);
    await expect(get('add_them?a=2147483647&b=1'), 400, /22003/);
    await expect(get('divide?a=1&b=0'), 400, /22012/);
    await expect(get('takes_array?v={1,2}'), 200, '[1,2]');
    await expect(get('takes_array?v=x'), 400, /22P02/);
    await expect(post('takes_array', { v: [1, null] }), 200, '[1,null]');
    await expect(post('takes_array', { v: '{3,4}' }), 200, '[3,4]');
    await expect(post('takes_array', { v: [[1, 2], [3, 4]] }), 200, '[[1,2],[3,4]]');
    await expect(post('takes_array', { v: null }), 200, 'null');
    await expect(post('takes_array_strictly', { v: null }), 200, 'null');
    await expect(get('variadic_param?v=hi&v=hel,lo&v=%22there%22'), 200, '["hi","hel,lo","\\"there\\""]');
    await expect(get('variadic_param'), 200, '[]');
    await expect(post('variadic_param', { v: ['a', 'b'] }), 200, '["a","b"]');
    await expect(get('overloaded'), 200, '[1, 2, 3]');
    await expect(get('overloaded?a=1&b=2'), 200, '3');
    await expect(post('overloaded', { b: 'y', a: 'x', c: 'z' }), 200, '"xyz"');
    await expect(get('same_args?arg=1'), 300, /PGRST203/);
    await expect(get('sayhelo'), 404);
    await expect(post('unnamed_json', '[1,  {"a":2}]'), 200, '[1,  {"a":2}]');
    await expect(post('unnamed_text', 'a=b', { 'Content-Type': 'text/plain' }), 200, '"a=b"');
    await expect(post('unnamed_bytea', 'ab\0', { 'Content-Type': 'application/octet-stream' }), 200, '"\\\\x616200"');
});

test('what writes', async () => {
    await expect(get('add_client?id=9&name=z'), 405, /25006/);
    await expect(head('add_client?id=9&name=z'), 405);
    await expect(post('add_client', { id: 9, name: 'z' }), 200, '{"id":9,"name":"z"}');
    await expect(post('add_client', { id: 9, name: 'z' }), 409, /23505.*Key \(id\)=\(9\) already exists/);
    await expect(post('add_client', { id: 10, name: null }), 400, /23502/);
    await expect(post('add_item?select=name,price,ratio,is_on', { name: 'four', price: 3 }), 200,
        '[{"name":"four","price":3.00,"ratio":4,"is_on":false}, \n {"name":"four+","price":4.00,"ratio":0.5,"is_on":true}]');
    await expect(post('add_item', { name: 'five', price: -5 }), 400, /23514/);
    await expect(post('add_item', { name: 'four' }), 409, /23505/);
    await expect(post('raise_prices?price=gt.2&order=name.desc&select=name,price', { by: 1.1 }, { Prefer: 'count=exact' }), 200);
    await expect(post('all_bytes?order=id', {}), 200);
    await expect(post('all_bytes?id=eq.1', {}, { Accept: 'application/vnd.pgrst.object+json' }), 200);
    await expect(post('set_item', { p_name: 'one', p_price: 1 }), 200);
    await expect(post('set_item', { p_name: 'six', p_price: 1 }), 200, '1.00');
    await expect(post('copy_clients', { shift: 100 }), 200, '[101, 102]');
    await expect(post('copy_clients', { shift: 0 }), 409);
    await expect(post('nothing_changes', {}), 200, '{"id":null,"name":null,"client_id":null}');
    await expect(post('lies', { n: 50 }), 400, /INSERT is not allowed in a non-volatile function/);
    await expect(get('lies?n=50'), 400, /0A000/);
    await expect(post('remove_items', { pattern: 'Windows 7' }), 200);
    await expect(same('tasks?order=id'), 200, '[{"id":3,"project_id":2,"name":"Design w10"}]');
    await expect(post('remove_items', { pattern: 'four%' }), 200, '4');
    await expect(same('items?order=id&select=name,price'), 200);
    await expect(same('clients?order=id'), 200);
});

test('a change that is not answered is undone', async () => {
    await expect(post('copy_clients', { shift: 200 }, { Prefer: 'handling=strict, max-affected=1' }), 400, /PGRST124/);
    await expect(post('copy_clients', { shift: 200 }, { Accept: 'application/vnd.pgrst.object+json' }), 406);
    await expect(post('sayhello', { name: 'x' }, { Prefer: 'handling=strict, max-affected=1' }), 400, /PGRST128/);
    await expect(same('clients?id=gt.200'), 200, '[]');
    await expect(post('copy_clients', { shift: 200 }, { Prefer: 'handling=strict, max-affected=2' }), 200);
});

test('a key that is null is refused', async () => {
    const answer = await send(both.sqlite, 'rpc/null_key', { method: 'POST' });

    assert.equal(answer.status, 400);
    assert.match(answer.text, /23502.*null value in column \\"id\\" of relation \\"items\\"/);
});

test('a function sets headers and status of its answer', async () => {
    const extra = ['x-one', 'x-status', 'x-name', 'set-cookie', 'vary', 'cache-control'];
    const set = (target, body) => same(`rpc/${target}`, {
        method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body), extra,
    });
    const headers = (value) => set('set_headers', { value: typeof value === 'string' ? value : JSON.stringify(value) });

    const many = await headers([{ 'X-One': 'a' }, { 'Set-Cookie': 'b=c' }, { 'Set-Cookie': 'd=e' }, { vary: 'none' }]);
    assert.deepEqual([many.status, many.headers['x-one'], many.headers['set-cookie'], many.headers.vary],
        [200, 'a', ['b=c', 'd=e'], 'none']);
    assert.equal((await headers([{ 'Content-Type': 'text/html' }])).headers['content-type'], 'text/html');
    for (const bad of ['x', '{}', [1], [{ a: 1 }], [{ a: 'b', c: 'd' }], [{ 'a\r\nb': 'c' }], [{ a: 'b\r\nc: d' }], [{ 'Content-Length': '5' }]])
        await expect(headers(bad), 500, /PGRST111/);
    await expect(headers(''), 200, '1');
    await expect(set('set_status', { value: '202' }), 202, '1');
    await expect(get('set_status?value=204'), 204);
    for (const bad of ['x', '99', '1000', '2 00']) await expect(set('set_status', { value: bad }), 500, /PGRST112/);
    const both_ = await set('set_both', { status: 418 });
    assert.deepEqual([both_.status, both_.headers['x-status']], [418, '418']);
    const added = await set('set_and_add', { id: 70, name: 'seventy' });
    assert.deepEqual([added.status, added.headers['x-name'], added.text], [200, 'seventy', '{"id":70,"name":"seventy"}']);
    const failed = await set('set_and_add', { id: 70, name: 'again' });
    assert.deepEqual([failed.status, failed.headers['x-name']], [409, null], 'what a call set that failed is not said');
    await expect(get('ret_bool'), 200, 'true');
});

test('a function sets and reads settings of its own', async () => {
    await expect(post('set_any', { name: 'app.x', value: 'y' }), 200, '"y"');
    await expect(post('set_any', { name: 'app.x' }), 200, '""');
    await expect(post('set_any', { name: 'app.x', value: 'x'.repeat(100000) }), 200);
    for (const name of ['nope', 'app.', '.x', 'app.1', 'a b.c', "app.x'"])
        await expect(post('set_any', { name, value: 'y' }), 400, /42704|42602/);
    await expect(post('set_any', { name: null, value: 'y' }), 400, /22004.*SET requires parameter name/);
    await expect(get('get_any?name=app.never&missing_ok=false'), 400, /42704/);
    await expect(post('set_and_get', { value: 'v1' }), 200, '[{"was":null,"given":"v1","seen":"v1","later":"more v1"}]');
    await expect(post('set_and_get', { value: 'a longer one' }), 200, /a longer one.*more a longer one/);
    await expect(post('count_up', {}), 200, '["1", "3", "6", "10", "15"]');
    await expect(post('take_claims', { claims: '{"sub":"me"}' }), 200, '"me"');
    const large = await send(both.sqlite, 'rpc/set_any', {
        method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name: 'a.b', value: 'x'.repeat(300000) }),
    });
    assert.deepEqual([large.status, JSON.parse(large.text).code], [500, '54000'], 'there is a limit');
    const gone = await send(both.sqlite, 'rpc/get_any?name=app.x');
    assert.equal(gone.text, 'null', 'what one call set is gone in the next');
});

test('functions inside of functions, views and checks', async () => {
    await expect(get('calls_others?a=5'), 200, '"Hello, 7Windows 7"');
    await expect(same('greetings?order=id&id=lt.3'), 200,
        '[{"id":1,"greeting":"Hello, Microsoft","s":"called"}, \n {"id":2,"greeting":"Hello, Apple","s":"called"}]');
    await expect(same('first_projects?order=id'), 200);
    const cheap = (price) => same('cheap', {
        method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ id: 1, price }),
    });
    await expect(cheap(20), 400, /cheap_price_check/);
    await expect(cheap(2), 201);
});

const all = async (...targets) => {
    for (const target of targets) await expect(same(target), 200);
};

test('a function of a row is a column', async () => {
    await expect(same('designers?select=id,full_name,anti_id&order=id'), 200,
        '[{"id":1,"full_name":"Sid Meier","anti_id":-1}, \n {"id":2,"full_name":"Hironobu Sakaguchi","anti_id":-2}, \n {"id":3,"full_name":null,"anti_id":-3}]');
    await all(
        'games?select=id,always_true,anti_id&order=anti_id', 'games?select=*,a:anti_id::text&always_true=is.true&anti_id=lt.-1&order=id',
        'games?select=id,gross&gross=gt.11.781&order=gross.desc.nullslast', 'games?select=id,gross&gross=eq.2.38', 'games?gross=in.(2.3800,12.4950)&order=id&select=id',
        'games?order=gross,id&select=id', 'games?select=gross.sum(),gross.max(),always_true', 'games?select=state,id.count()&order=state',
        'games?select=id,state&state=gte.ok&order=state.desc,id', 'games?select=id,labels&labels=cs.{b}&order=labels,id',
        'games?select=id,doc,doc->>l,n:doc->n&doc->>l=eq.x2', 'games?select=id,doc->n&order=doc->n.desc&limit=1',
        'games?or=(anti_id.eq.-1,anti_id.in.(-2,-7))&select=id&order=id', 'games?select=id,year&year=gte.1992-01-01', 'games?year=is.null&select=id&order=id',
        'designers?select=name,game_count,latest&order=game_count.desc,name.desc', 'designers?game_count=gt.0&latest=like.*II&select=id,games(name,anti_id)&games.order=anti_id',
        'games?select=id,designers(full_name)&order=designers(full_name).desc.nullslast,id', 'games?select=id,...designers(by_name:full_name)&order=id',
        'games?select=id,designers!inner(full_name)&designers.full_name=match.^Sid&order=id', 'cheap_games?select=id,shout&shout=ilike.*FINAL*&order=shout',
        'rpc/all_games?select=id,gross,by_other&anti_id=lt.-1&order=gross.desc.nullslast', 'rpc/all_games?select=designers(full_name),by(full_name),anti_id&id=in.(1,5)');
    await expect(same('games?select=anti_id&anti_id=gt.-3', { headers: { Prefer: 'count=exact' } }), 200, /-1/);
    await expect(same('games?select=per_piece&id=eq.1'), 200);
    await expect(same('games?select=id&per_piece=gt.1'), 400, /22012/);
    await expect(same('games?select=full_name'), 400, /42703/);
    await expect(same('designers?select=game_coun'), 400, /42703/);
    await expect(same('games?select=anti_id', { headers: { Accept: 'text/csv' } }), 200);
});

test('a function that gives rows of a table is a relationship', async () => {
    await expect(same('games?select=name,by(name)&order=id&id=gt.3'), 200,
        '[{"name":"Final Fantasy II","by":{"name":"Hironobu Sakaguchi"}}, \n {"name":"Tetris","by":null}]');
    await expect(same('games?select=name,by_always(name)&order=id&id=gt.3'), 200,
        '[{"name":"Final Fantasy II","by_always":{"name":"Hironobu Sakaguchi"}}, \n {"name":"Tetris","by_always":{"name":null}}]');
    await all(
        'games?select=name,by_always!inner(name)&by_always.name=like.*Hiro*&order=id', 'games?select=name,by!inner(full_name)&by.full_name=match.^S&order=id',
        'designers?select=name,made(name,anti_id)&order=id', 'designers?select=name,made(id,gross)&made.gross=gt.5&made.order=gross.desc&made.limit=1&order=id',
        'designers?select=name,made(id,designers(name,made(id)))&order=id', 'designers?select=name,made!inner(id)&made.sold=gt.5&order=id', 'designers?made=is.null&select=id,made()',
        'designers?select=name,...made(games:name)&order=id', 'designers?select=name,made(price.sum())&order=id', 'games?select=id,...by(designer:name)&order=id',
        'games?select=id,by(name)&order=by(name).desc.nullslast,id', 'web?select=name,children(name,children(name)),parents(name)&order=id', 'web?select=*,parents(*)&parents=not.is.null&order=id',
        'rpc/all_games?select=name,by(name,made(name))&order=id.desc');
    await expect(same('games?select=children(name)'), 400, /PGRST200/);
});

test('functions of rows in what a write gives back', async () => {
    const write = (method, target, body, prefer = 'return=representation') => same(target, {
        method, headers: { 'Content-Type': 'application/json', Prefer: prefer }, body: body && JSON.stringify(body),
    });

    await expect(write('POST', 'games?select=id,anti_id,gross,by(name)', { id: 10, price: 3, designer_id: 1 }), 201,
        '[{"id":10,"anti_id":-10,"gross":3.5700,"by":{"name":"Sid Meier"}}]');
    await expect(write('POST', 'games?select=anti_id', [{ id: 11 }, { id: 12 }]), 201);
    await expect(write('POST', 'games?select=id,gross', { id: 10, price: 4 }, 'return=representation,resolution=merge-duplicates'), 200);
    await expect(write('PATCH', 'games?anti_id=eq.-11&select=anti_id,designers(full_name)', { name: 'x', designer_id: 2 }), 200);
    await expect(write('PATCH', 'games?anti_id=lt.-10', { sold: 1 }, 'return=minimal'), 204);
    await expect(write('DELETE', 'games?anti_id=lt.-9&select=anti_id&order=anti_id'), 200, '[{"anti_id":-12}, \n {"anti_id":-11}, \n {"anti_id":-10}]');
    await expect(write('POST', 'games', { id: 13, anti_id: 1 }), 400, /PGRST204/);
    await expect(write('PATCH', 'cheap_games?id=eq.1&select=id,shout', { name: 'Civ' }), 200, '[{"id":1,"shout":"CIV"}]');
    await expect(write('PATCH', 'few_titles?line=like.1*Civ*&select=no,line,makers(name)', { title: 'Civilization I' }), 200,
        '[{"no":1,"line":"1: Civilization I 19.80","makers":[{"name":"Sid Meier"}]}]');
    await expect(write('POST', 'few_titles?select=line,makers(name)', { no: 14, title: 'new' }), 201, '[{"line":null,"makers":[]}]');
    await expect(write('DELETE', 'few_titles?no=eq.14&select=line,title'), 200);
});

test('dropped, and other methods', async () => {
    await expect(get('gone?a=1'), 404, /PGRST202/);
    await expect(same('rpc/sayhello', { method: 'DELETE' }), 405, /PGRST101/);
    await expect(same('rpc/sayhello', { method: 'OPTIONS' }), 200);
    await expect(same('rpc/add_client', { method: 'OPTIONS' }), 200);
});

/** Those of a row can't be called on SQLite. */
const ofRows = fs.readFileSync(data('functions_rows.sql').file, 'utf8')
    .match(/FUNCTION \w+\((?=\w)/g).map((name) => `/rpc/${name.slice(9, -1)}`);

test('the descriptions of the API are the same', async () => {
    const describe = async (server, target) => {
        const document = (await server.request(target)).json();
        return Object.fromEntries(Object.entries(document.paths).filter(([name]) => name.startsWith('/rpc/') && !ofRows.includes(name)));
    };

    for (const target of ['/rest/v1/', '/openapi.json']) {
        assert.deepEqual(await describe(both.sqlite, target), await describe(both.postgres, target));
    }
});

const refused = [
    ['CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$', '1:33', /LANGUAGE plpgsql/],
    ['CREATE FUNCTION f() RETURNS trigger LANGUAGE sql AS $$ SELECT 1 $$', '1:29', /trigger functions/],
    ['CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT nope FROM t $$', '1:69', /relation "t" does not exist/],
    ['CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1, 2 $$', '1:1', /too many columns/],
    ["CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 'x' $$", '1:1', /return type mismatch/],
    ['CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ CREATE TABLE t (id int) $$', '1:1', /other than SELECT/],
    ['CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS $$ SELECT $2 $$', '1:64', /there is no parameter \$2/],
    ['CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS $$ SELECT a $$; CREATE FUNCTION f(b int) RETURNS int LANGUAGE sql AS $$ SELECT b $$',
        '1:70', /already exists with same argument types/],
    ['CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT f() $$; CREATE VIEW v AS SELECT f()', '1:', /calls itself|no function/],
    ['CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; CREATE VIEW v AS SELECT f(); DROP FUNCTION f()',
        '1:94', /because view v depends on it/],
    ['CREATE TABLE t (a int, b int); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT a FROM t $$; ALTER TABLE t DROP COLUMN a',
        '1:90', /column "a" does not exist/],
    ['CREATE FUNCTION f(VARIADIC a int[]) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; CREATE VIEW v AS SELECT f(1)', '1:', /VARIADIC|does not exist/],
    ['CREATE PROCEDURE f() LANGUAGE sql AS $$ SELECT 1 $$', '1:1', /procedures/],
    ['CREATE TABLE t (a int); CREATE FUNCTION f(t) RETURNS int LANGUAGE sql AS $$ SELECT $1.b $$', '1:84', /column "b" not found in data type t/],
    ['CREATE TABLE t (a int); CREATE FUNCTION f(x t) RETURNS t LANGUAGE sql AS $$ SELECT x $$', '1:', /column "x" does not exist|whole rows/],
    ['CREATE TABLE t (a int); CREATE FUNCTION f(t) RETURNS t LANGUAGE sql AS $$ SELECT $1 $$', '1:', /whole rows as values/],
    ['CREATE TABLE t (a int); CREATE FUNCTION f(t, int) RETURNS int LANGUAGE sql AS $$ SELECT $2 $$', '1:25', /a row and more/],
    ['CREATE TABLE t (a int); CREATE FUNCTION f(t) RETURNS SETOF int LANGUAGE sql AS $$ SELECT 1 $$', '1:25', /other than a value or rows of a table/],
    ['CREATE TABLE t (a int); CREATE FUNCTION f(t) RETURNS int LANGUAGE sql AS $$ DELETE FROM t RETURNING a $$', '1:25', /more than one SELECT/],
    ['CREATE TABLE t (a int); CREATE FUNCTION f(t) RETURNS int LANGUAGE sql AS $$ SELECT $1.a $$; DROP TABLE t', '1:93', /function f depends on it/],
    ['CREATE TABLE t (a int, b int); CREATE FUNCTION f(t) RETURNS int LANGUAGE sql AS $$ SELECT $1.a $$; ALTER TABLE t DROP COLUMN a',
        '1:91', /"a" not found/],
    ['CREATE TABLE t (a int); CREATE FUNCTION f(t) RETURNS int LANGUAGE sql AS $$ SELECT $1.a $$; CREATE FUNCTION f(t) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
        '1:93', /already exists with same argument types/],
    ["CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT set_config('app.x', 'y', false) $$", '1:60', /only with true/],
    ["CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT set_config('role', 'postgres', true) $$", '1:60', /no setting "role"/],
    ["CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT set_config('a.b', 'c', true) $$; CREATE VIEW v AS SELECT f()",
        '1:', /set_config\(\) outside of a function/],
    ["CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT E'\\x02' $$", '1:', /control character/],
];

test('what the embedded engine has not is refused with its place', async () => {
    for (const [sql, place, cause] of refused) {
        const project = makeProject({ migrations: { '0001_f.sql': sql } });
        const { code, stderr } = await cairn(['migrate', 'up'], { cwd: project });

        assert.equal(code, 4, sql);
        assert.match(stderr, cause, sql);
        assert.ok(stderr.includes(`0001_f.sql:${place}`), `${sql}\n${stderr}`);
    }
});
