// SPDX-License-Identifier: Apache-2.0
//
// Functions at /rpc: what is called, with which arguments, in which shape the result comes, and what a
// function says itself, on PostgreSQL. What both engines have is in functions.test.mjs.

import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { Validator } from '@seriousme/openapi-schema-validator';
import { PostgrestClient } from '@supabase/postgrest-js';

import { makeProject, request, root, startCairn } from './harness.mjs';

let server;

before(async () => {
    server = await startCairn({
        engine: 'postgres',
        project: makeProject({
            migrations: { '0001_functions.sql': { file: path.join(root, 'test/system/data/functions.sql') } },
        }),
    });
});

after(() => server?.stop());

const call = (target, options) => server.request(`/rest/v1/rpc/${target}`, options);
const post = (target, body, headers = {}) => call(target, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
});

/** method, target, what is sent, and then status and body (JSON text, or as it is), and headers. */
const rows = [
    // One value, and many of them.
    ['POST', 'sayhello', { name: 'world' }, 200, '"Hello, world"', { 'content-range': '0-0/*' }],
    ['GET', 'sayhello?name=world', , 200, '"Hello, world"', { 'content-type': 'application/json; charset=utf-8' }],
    ['GET', 'add_them?a=1&b=2', , 200, '3'],
    ['GET', 'ret_null', , 200, 'null'],
    ['GET', 'ret_bool', , 200, 'true'],
    ['GET', 'ret_array', , 200, '[1,2,3]'],
    ['GET', 'ret_json', , 200, '{"a": [1, null]}'],
    ['GET', 'ret_time', , 200, '"2026-11-21T10:14:03+00:00"'],
    ['POST', 'ret_setof_integers', {}, 200, '[1, 2, 3]', { 'content-range': '0-2/*' }],
    ['GET', 'ret_setof_integers?limit=1&offset=1', , 200, '[2]', { 'content-range': '1-1/*' }],
    ['POST', 'ret_void', {}, 204, '', { 'content-range': '0-0/*' }],
    ['GET', 'ret_void', , 204, ''],
    ['POST', 'no_args', '', 200, '42'],
    ['POST', 'no_args', '[]', 200, '42'],
    // Rows.
    ['GET', 'get_project?id=1', , 200, '{"id":1,"name":"Windows 7","client_id":1}'],
    ['GET', 'get_project?id=99', , 200, '{"id":null,"name":null,"client_id":null}'],
    ['GET', 'get_project?id=1&name=eq.other', , 200, 'null', { 'content-range': '*/*' }],
    ['GET', 'get_projects_below?id=5&id=gt.2&select=id', , 200, '[{"id":3}, \n {"id":4}]'],
    ['GET', 'get_projects_below?id=1', , 200, '[]', { 'content-range': '*/*' }],
    ['GET', 'make_point?x=1&y=2', , 200, '{"x":1,"y":2}'],
    ['GET', 'points?x=gt.1', , 200, '[{"x":3,"y":4}]'],
    ['GET', 'returns_record', , 200, '{"id":1,"name":"x"}'],
    ['GET', 'returns_setof_record', , 200, '[{"id":1,"name":"Windows 7"}, \n {"id":2,"name":"Windows 10"}]'],
    ['GET', 'single_out?num=5', , 200, '{"num_plus_one":6}'],
    ['GET', 'single_inout?num=2', , 200, '{"num":3}'],
    ['GET', 'many_out', , 200, '{"my_json":{"a":1},"num":3,"str":"four"}'],
    ['GET', 'one_column', , 200, '[{"a":"A"}]'],
    ['GET', 'two_columns', , 200, '[{"a":"A","b":"B"}]'],
    // The result is shaped as a table's rows.
    ['GET', 'get_project?id=1&select=id,clients(name),tasks(id)', , 200,
        '{"id":1,"clients":{"name":"Microsoft"},"tasks":[{"id":1}, \n {"id":2}]}'],
    ['GET', 'get_projects_below?id=5&name=like.*OS*&order=id.desc&select=id,clients!inner(name)&clients.id=eq.2', , 200,
        '[{"id":4,"clients":{"name":"Apple"}}, \n {"id":3,"clients":{"name":"Apple"}}]'],
    ['GET', 'get_projects_below?id=5&order=clients(name),id.desc&select=id,clients()&or=(id.eq.1,id.eq.4)', , 200,
        '[{"id":4}, \n {"id":1}]'],
    ['POST', 'getitemrange?id=eq.4', { min: 2, max: 4 }, 200, '[{"id":4}]'],
    ['GET', 'getitemrange?min=0&max=10&select=count', , 200, '[{"count":10}]'],
    ['GET', 'get_projects_below?id=5&select=agents(id)', , 400, 'PGRST200'],
    ['GET', 'get_projects_below?id=5&select=nope', , 400, '42703'],
    ['POST', 'getitemrange?id=5', { min: 2, max: 4 }, 400, 'PGRST100'],
    // Arguments.
    ['GET', 'defaults?need=1', , 200, '"1 7 x"'],
    ['GET', 'defaults?need=1&odd%20name=y', , 200, '"1 7 y"'],
    ['POST', 'defaults', { 'odd name': 'z', more: 2, need: 1 }, 200, '"1 2 z"'],
    ['POST', 'defaults?columns=need', { need: 1, more: 2, other: 3 }, 200, '"1 7 x"'],
    ['POST', 'defaults', [{ need: 1 }, { need: 2 }], 200, '"1 7 x"'],
    ['POST', 'sayhello', { name: null }, 200, 'null'],
    ['GET', 'sayhello?name=', , 200, '"Hello, "'],
    ['GET', 'sayhello?name=a&name=b', , 200, '"Hello, b"'],
    ['GET', 'variadic_param?v=hi&v=hel,lo&v=%22there%22', , 200, '["hi","hel,lo","\\"there\\""]'],
    ['GET', 'variadic_param?v=hi', , 200, '["hi"]'],
    ['GET', 'variadic_param', , 200, '[]'],
    ['POST', 'variadic_param', { v: ['a', 'b'] }, 200, '["a","b"]'],
    ['GET', 'takes_array?v={1,2}', , 200, '[1,2]'],
    ['POST', 'takes_array', { v: [1, null] }, 200, '[1,null]'],
    ['POST', 'takes_array', { v: '{3,4}' }, 200, '[3,4]'],
    ['POST', 'takes_array', { v: null }, 200, 'null'],
    ['POST', 'takes_row', { p: { x: 1, y: 2 } }, 200, '3'],
    ['GET', 'takes_row?p=(1,2)', , 200, '3'],
    ['POST', 'takes_rows', { p: [{ x: 1 }, { x: 5, y: 1 }] }, 200, '6'],
    ['POST', 'takes_json', '{"j":{"a" : [1]}}', 200, '{"a" : [1]}'],
    ['POST', 'takes_json', '{"j":"text"}', 200, '"text"'],
    ['GET', 'takes_json?j=%7B%22a%22:1%7D', , 200, '{"a":1}'],
    ['GET', 'takes_mood?m=ok', , 200, '"ok"'],
    ['GET', 'takes_mood?m=bad', , 400, '22P02'],
    ['GET', 'takes_char?c=abc', , 200, '"abc"'],
    ['GET', 'add_them?a=x&b=1', , 400, '22P02'],
    ['POST', 'sayhello', '{"name"', 400, 'PGRST102'],
    // Overloads.
    ['GET', 'overloaded', , 200, '[1, 2, 3]'],
    ['GET', 'overloaded?a=1&b=2', , 200, '3'],
    ['GET', 'overloaded?a=1&b=2&c=3', , 200, '"123"'],
    ['POST', 'overloaded', { b: 'y', a: 'x', c: 'z' }, 200, '"xyz"'],
    ['GET', 'unnamed_two', , 404, 'PGRST202'],
    // What writes.
    ['GET', 'add_client?id=9&name=z', , 405, '25006'],
    ['HEAD', 'add_client?id=9&name=z', , 405, ''],
    ['POST', 'add_client', { id: 9, name: 'z' }, 200, '{"id":9,"name":"z"}'],
    ['POST', 'add_client', { id: 9, name: 'z' }, 409, '23505'],
    ['HEAD', 'sayhello?name=x', , 200, '', { 'content-range': '0-0/*' }],
    // Other methods, other paths.
    ['PUT', 'sayhello', {}, 405, 'PGRST101'],
    ['PATCH', 'sayhello', {}, 405, 'PGRST101'],
    ['GET', 'sayhello/more', , 404, 'PGRST125'],
];

for (const [method, target, sent, status, expected, headers = {}] of rows) {
    test(`${method} /rpc/${target}${sent === undefined ? '' : ` ${JSON.stringify(sent)}`} is ${status}`, async () => {
        const answer = sent === undefined ? await call(target, { method })
            : await call(target, {
                method,
                headers: { 'Content-Type': 'application/json' },
                body: typeof sent === 'string' ? sent : JSON.stringify(sent),
            });

        assert.equal(answer.status, status, answer.text);
        if (/^[0-9A-Z]{5,}$/.test(expected)) assert.equal(answer.json().code, expected);
        else assert.equal(answer.text, expected);
        for (const [name, value] of Object.entries(headers)) assert.equal(answer.headers[name], value, name);
        assert.equal(answer.headers['content-location'], undefined);
    });
}

test('an unknown function says what was looked for and what is like it', async () => {
    const error = async (answer) => {
        assert.equal((await answer).status, 404);
        return (await answer).json();
    };

    assert.deepEqual(await error(call('sayhello?nam=Peter')), {
        code: 'PGRST202',
        details: 'Searched for the function public.sayhello with parameter nam, but no matches were found in the schema cache.',
        hint: 'Perhaps you meant to call the function public.sayhello(name)',
        message: 'Could not find the function public.sayhello(nam) in the schema cache',
    });
    assert.deepEqual(await error(post('sayhelo', {})), {
        code: 'PGRST202',
        details: 'Searched for the function public.sayhelo without parameters or with a single unnamed json/jsonb parameter, '
            + 'but no matches were found in the schema cache.',
        hint: 'Perhaps you meant to call the function public.sayhello',
        message: 'Could not find the function public.sayhelo without parameters in the schema cache',
    });
    assert.deepEqual(await error(call('overloaded?b=1&zz=2&b=3')), {
        code: 'PGRST202',
        details: 'Searched for the function public.overloaded with parameters b, zz, but no matches were found in the schema cache.',
        hint: 'Perhaps you meant to call the function public.overloaded(a, b)',
        message: 'Could not find the function public.overloaded(b, zz) in the schema cache',
    });
    assert.deepEqual(await error(post('sayhello', 'x', { 'Content-Type': 'text/plain' })), {
        code: 'PGRST202',
        details: 'Searched for the function public.sayhello with a single unnamed text parameter, '
            + 'but no matches were found in the schema cache.',
        hint: null,
        message: 'Could not find the function public.sayhello in the schema cache',
    });
    assert.equal((await error(call('nothing_like_it'))).hint, null);
});

test('two functions that take the same names are ambiguous', async () => {
    const answer = await call('same_args?arg=1');

    assert.equal(answer.status, 300);
    assert.equal(answer.statusText, 'Multiple Choices');
    assert.deepEqual(answer.json(), {
        code: 'PGRST203',
        details: null,
        hint: 'Try renaming the parameters or the function itself in the database so function overloading can be resolved',
        message: 'Could not choose the best candidate function between: '
            + 'public.same_args(arg => integer), public.same_args(arg => text)',
    });
});

test('a single unnamed argument takes the whole body, by its type', async () => {
    const send = async (name, type, body) => (await post(name, body, { 'Content-Type': type })).text;

    assert.equal(await send('unnamed_json', 'application/json', '[1,  {"a":2}]'), '[1,  {"a":2}]');
    assert.equal(await send('unnamed_json', 'application/json; charset=utf-8', '{"a":1}'), '{"a":1}');
    assert.equal(await send('unnamed_text', 'text/plain; charset=utf-8', 'a=b & c'), '"a=b & c"');
    assert.equal(await send('unnamed_text', 'text/plain', ''), '""');
    assert.equal(await send('unnamed_xml', 'text/xml', '<a>b</a>'), '"<a>b</a>"');
    assert.equal(await send('unnamed_bytea', 'application/octet-stream', 'ab\0'), '"\\\\x616200"');

    const wrong = await post('unnamed_text', 'a', { 'Content-Type': 'application/pdf' });
    assert.equal(wrong.status, 400);
    assert.equal(wrong.json().message, 'Content-Type not acceptable: application/pdf');
    assert.equal((await post('unnamed_text', 'a\0b', { 'Content-Type': 'text/plain' })).json().code, 'PGRST102');
});

test('a form names arguments', async () => {
    const form = (target, body) => post(target, body, { 'Content-Type': 'application/x-www-form-urlencoded' });

    assert.equal((await form('sayhello', 'name=J%C3%B6rg+S')).text, '"Hello, Jörg S"');
    assert.equal((await form('variadic_param', 'v=a&v=b')).text, '["a","b"]');
    assert.equal((await form('sayhello', 'name=%ff')).json().code, 'PGRST102');
});

test('a count is of all rows, and the function is called once', async () => {
    const range = (target, body, headers = {}) => post(target, body, { Prefer: 'count=exact', ...headers });

    const page = await range('getitemrange?limit=1&offset=1', { min: 2, max: 4 });
    assert.deepEqual([page.status, page.headers['content-range'], page.text], [206, '1-1/2', '[{"id":4}]']);
    const filtered = await range('getitemrange?limit=1&id=gt.3&order=id.desc&select=id', { min: 2, max: 5 });
    assert.deepEqual([filtered.headers['content-range'], filtered.text], ['0-0/2', '[{"id":5}]']);
    const none = await range('getitemrange?limit=1&offset=2', { min: 2, max: 4 });
    assert.deepEqual([none.status, none.headers['content-range'], none.text], [206, '*/2', '[]']);
    const past = await range('getitemrange?limit=1&offset=3', { min: 2, max: 4 });
    assert.deepEqual([past.status, past.headers['content-range'], past.json().code], [416, '*/2', 'PGRST103']);
    const value = await range('sayhello', { name: 'x' });
    assert.deepEqual([value.status, value.headers['content-range'], value.text], [200, '0-0/1', '"Hello, x"']);

    const first = (await post('count_calls', {})).json()[0];
    assert.deepEqual((await range('count_calls', {})).json(), [first + 1]);
    assert.deepEqual((await post('count_calls', {})).json(), [first + 2]);
});

test('one object, CSV, and no nulls are forms of rows', async () => {
    const as = (accept, target) => call(target, { headers: { Accept: accept } });

    const one = await as('application/vnd.pgrst.object+json', 'get_projects_below?id=2&select=name');
    assert.deepEqual([one.status, one.text], [200, '{"name":"Windows 7"}']);
    assert.equal(one.headers['content-type'], 'application/vnd.pgrst.object+json; charset=utf-8');
    const several = await as('application/vnd.pgrst.object+json', 'get_projects_below?id=3');
    assert.deepEqual([several.status, several.json().details], [406, 'The result contains 2 rows']);
    assert.equal((await as('text/csv', 'get_projects_below?id=3')).text, 'id,name,client_id\n1,"Windows 7",1\n2,"Windows 10",1');
    assert.equal((await as('application/vnd.pgrst.array+json;nulls=stripped', 'get_projects_below?id=9&id=eq.5')).text,
        '[{"id":5,"name":"Orphan"}]');
    assert.equal((await as('image/png', 'sayhello?name=x')).json().code, 'PGRST107');
});

test('a change that is not answered is undone', async () => {
    const items = async () => (await server.request('/rest/v1/items?id=gt.100')).json().length;

    const many = await post('add_items', { n: 3 }, { Prefer: 'handling=strict, max-affected=2' });
    assert.deepEqual([many.status, many.json().code, many.json().details], [400, 'PGRST124', 'The query affects 3 rows']);
    const single = await post('add_items', { n: 3 }, { Accept: 'application/vnd.pgrst.object+json' });
    assert.equal(single.status, 406);
    assert.equal(await items(), 0);
    const value = await post('no_args', {}, { Prefer: 'handling=strict, max-affected=2' });
    assert.deepEqual([value.status, value.json().code], [400, 'PGRST128']);

    const few = await post('add_items', { n: 2 }, { Prefer: 'handling=strict, max-affected=2, return=minimal' });
    assert.deepEqual([few.status, few.text], [200, '[{"id":101}, \n {"id":102}]']);
    assert.equal(few.headers['preference-applied'], 'handling=strict, max-affected=2');
    assert.equal(await items(), 2);
});

test('errors of functions choose their own status', async () => {
    const plain = await post('raise_plain', {});
    assert.deepEqual([plain.status, plain.json()],
        [400, { code: 'P0001', message: 'went wrong', details: 'the detail', hint: 'the hint' }]);
    const paid = await call('raise_pt402');
    assert.deepEqual([paid.status, paid.json()],
        [402, { code: 'PT402', details: 'Quota exceeded', hint: 'Upgrade your plan', message: 'Payment Required' }]);

    const own = await post('raise_pgrst', {
        message: '{"code":"123","message":"ABC","details":"DEF","hint":"XYZ"}',
        detail: '{"status":332,"status_text":"My Custom Status","headers":{"X-Header":"str"}}',
    });
    assert.deepEqual([own.status, own.statusText, own.headers['x-header'], own.json()],
        [332, 'My Custom Status', 'str', { code: '123', message: 'ABC', details: 'DEF', hint: 'XYZ' }]);
});

test('what PGRST can not read is said', async () => {
    const raised = async (message, detail) => {
        const answer = await post('raise_pgrst', { message, detail });
        assert.equal(answer.status, 500);
        assert.equal(answer.json().code, 'PGRST121');
        assert.equal(answer.json().message, 'Could not parse JSON in the "RAISE SQLSTATE \'PGRST\'" error');
        return answer.json().details;
    };
    const message = '{"code":"1","message":"m"}';

    assert.equal(await raised('x', '{}'), "Invalid JSON value for MESSAGE: 'x'");
    assert.equal(await raised('{"code":"1"}', '{}'), 'Invalid JSON value for MESSAGE: \'{"code":"1"}\'');
    assert.match(await raised('{"code":"a\\r\\nb: c","message":"m"}', '{}'), /MESSAGE/);
    assert.equal(await raised(message, '{"status":200}'), 'Invalid JSON value for DETAIL: \'{"status":200}\'');
    assert.match(await raised(message, '{"status":200,"headers":{"a":"b\\r\\nc: d"}}'), /DETAIL/);
    assert.match(await raised(message, '{"status":99,"headers":{}}'), /DETAIL/);
    assert.equal((await call('raise_pgrst_bare')).json().details, 'DETAIL is missing in the RAISE statement');
});

test('a function sets headers and status of its answer', async () => {
    const headers = (value) => post('set_headers', { value: typeof value === 'string' ? value : JSON.stringify(value) });

    const set = await headers([{ 'X-One': 'a' }, { 'Set-Cookie': 'b=c' }, { 'Set-Cookie': 'd=e' }, { vary: 'none' }]);
    assert.deepEqual([set.status, set.headers['x-one'], set.headers['set-cookie'], set.headers.vary],
        [200, 'a', ['b=c', 'd=e'], 'none']);
    assert.equal((await headers([{ 'Content-Type': 'text/html' }])).headers['content-type'], 'text/html');
    for (const bad of ['x', '{}', [1], [{ a: 1 }], [{ a: 'b', c: 'd' }], [{ 'a\r\nb': 'c' }], [{ a: 'b\r\nc: d' }],
        [{ 'Content-Length': '5' }], [{ 'Transfer-Encoding': 'chunked' }],
        Array.from({ length: 40 }, (_, i) => ({ [`x-${i}`]: 'y' }))]) {
        const answer = await headers(bad);
        assert.deepEqual([answer.status, answer.json().code], [500, 'PGRST111'], JSON.stringify(bad));
    }
    assert.equal((await call('set_status?value=202')).status, 202);
    for (const bad of ['x', '99', '1000', '2 00']) {
        const answer = await call(`set_status?value=${encodeURIComponent(bad)}`);
        assert.deepEqual([answer.status, answer.json().code], [500, 'PGRST112'], bad);
    }
    for (let i = 0; i < 20; i++) {
        assert.equal((await call('set_for_good')).status, 299);
        assert.equal((await call('no_args')).status, 200, 'what one call set is gone in the next');
    }
});

test('a function knows the request', async () => {
    const setting = async (name, options = {}) => (await call(`get_setting?name=${name}`, options)).json();

    assert.equal(await setting('request.method'), 'GET');
    assert.equal(await setting('request.path'), '/rpc/get_setting');
    const headers = JSON.parse(await setting('request.headers', { headers: { 'X-Custom': 'a "b"', Cookie: 'q=1' } }));
    assert.equal(headers['x-custom'], 'a "b"');
    assert.equal(headers.cookie, undefined);
    assert.deepEqual(JSON.parse(await setting('request.cookies', { headers: { Cookie: 'a=b; c=d=e' } })), { a: 'b', c: 'd=e' });
    assert.equal(await setting('transaction_read_only'), 'on');
});

test('OPTIONS say how a function can be called', async () => {
    const allow = async (name) => (await call(name, { method: 'OPTIONS' })).headers.allow;

    assert.equal(await allow('sayhello'), 'OPTIONS,GET,HEAD,POST');
    assert.equal(await allow('add_client'), 'OPTIONS,POST');
    assert.equal((await call('nope', { method: 'OPTIONS' })).status, 404);
});

test('SQL in names and arguments stays text', async () => {
    const evil = `x'); DROP TABLE items; --"`;

    assert.equal((await post('sayhello', { name: evil })).json(), `Hello, ${evil}`);
    assert.equal((await call(encodeURIComponent(evil))).status, 404);
    assert.equal((await post('sayhello', { [evil]: 1 })).status, 404);
    assert.deepEqual((await call(`variadic_param?v=${encodeURIComponent(evil)}&v=%5C`)).json(), [evil, '\\']);
    assert.equal((await server.request('/rest/v1/items?limit=1')).status, 200);
});

test('the client calls functions', async () => {
    const client = new PostgrestClient(`${server.url}/rest/v1`);

    assert.equal((await client.rpc('sayhello', { name: 'you' })).data, 'Hello, you');
    assert.equal((await client.rpc('sayhello', { name: 'you' }, { get: true })).data, 'Hello, you');
    assert.deepEqual((await client.rpc('takes_array', { v: [1, 2] }, { get: true })).data, [1, 2]);
    const rows = await client.rpc('get_projects_below', { id: 5 }, { count: 'exact' })
        .select('id, clients(name)').order('id', { ascending: false }).gt('id', 1).limit(2);
    assert.equal(rows.count, 3);
    assert.deepEqual(rows.data, [{ id: 4, clients: { name: 'Apple' } }, { id: 3, clients: { name: 'Apple' } }]);
    assert.deepEqual((await client.rpc('get_projects_below', { id: 2 }).single()).data,
        { id: 1, name: 'Windows 7', client_id: 1 });
    const head = await client.rpc('get_projects_below', { id: 5 }, { head: true, count: 'exact' });
    assert.deepEqual([head.data, head.count], [null, 4]);
    const wrong = await client.rpc('raise_pt402');
    assert.deepEqual([wrong.status, wrong.error.code, wrong.error.hint], [402, 'PT402', 'Upgrade your plan']);
});

test('functions are in both descriptions of the API', async () => {
    const document = (await server.request('/openapi.json')).json();
    const result = await new Validator().validate(document);
    const body = (name) => document.paths[`/rpc/${name}`].post.requestBody.content['application/json'].schema;
    const gives = (name) => document.paths[`/rpc/${name}`].post.responses['200'].content['application/json'].schema;

    assert.ok(result.valid, JSON.stringify(result.errors, null, 1));
    assert.equal(document.paths['/rpc/sayhello'].post.description, 'Greets.');
    assert.deepEqual(Object.keys(document.paths['/rpc/sayhello']), ['get', 'post']);
    assert.deepEqual(Object.keys(document.paths['/rpc/add_client']), ['post']);
    assert.deepEqual(document.paths['/rpc/defaults'].get.parameters.map((p) => [p.name, p.required]),
        [['need', true], ['more', false], ['odd name', false]]);
    assert.deepEqual(body('defaults').required, ['need']);
    assert.deepEqual(Object.keys(body('defaults').properties), ['need', 'more', 'odd name']);
    assert.equal(body('overloaded').anyOf.length, 3);
    assert.deepEqual(gives('get_projects_below'), { type: 'array', items: { $ref: '#/components/schemas/projects' } });
    assert.deepEqual(Object.keys(gives('many_out').properties), ['my_json', 'num', 'str']);
    assert.equal(gives('add_them').type, 'integer');
    assert.deepEqual(Object.keys(document.paths['/rpc/ret_void'].post.responses), ['204', 'default']);

    const swagger = (await server.request('/rest/v1/')).json();
    assert.deepEqual(swagger.paths['/rpc/sayhello'].post.tags, ['(rpc) sayhello']);
    assert.deepEqual(swagger.paths['/rpc/sayhello'].post.parameters[0].schema,
        { type: 'object', description: 'Greets.', required: ['name'], properties: { name: { type: 'string', format: 'text' } } });
    assert.equal(swagger.paths['/rpc/sayhello'].get.parameters[0].in, 'query');
    assert.equal(swagger.paths['/rpc/add_client'].get, undefined);
});

test('a name that no function has is not found on the embedded engine', async () => {
    const embedded = await startCairn({ engine: 'sqlite' });
    const answer = await request(`${embedded.url}/rest/v1/rpc/sayhello?name=x`);

    assert.equal(answer.status, 404);
    assert.deepEqual(answer.json(), {
        code: 'PGRST202',
        details: 'Searched for the function public.sayhello with parameter name, but no matches were found in the schema cache.',
        hint: null,
        message: 'Could not find the function public.sayhello(name) in the schema cache',
    });
    await embedded.stop();
});
