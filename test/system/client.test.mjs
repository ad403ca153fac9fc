// SPDX-License-Identifier: Apache-2.0
//
// The real client, unchanged, on both engines.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { PostgrestClient } from '@supabase/postgrest-js';

import { endAll, engines, makeProject, northwind, startBoth, startCairn } from './harness.mjs';

for (const engine of engines) {
    describe(`@supabase/postgrest-js on ${engine}`, () => {
        let server;
        let db;

        before(async () => {
            server = await startCairn({ engine, project: makeProject({ migrations: { '0001_northwind.sql': { file: northwind } } }) });
            db = new PostgrestClient(`${server.url}/rest/v1`);
        });
        after(endAll);

        test('select with filters, order and limit', async () => {
            const { data, error, status, statusText } = await db.from('products')
                .select('product_id, product_name')
                .gt('unit_price', 50).lte('product_id', 50)
                .order('unit_price', { ascending: false }).limit(2);
            assert.equal(error, null);
            assert.equal(status, 200);
            assert.equal(statusText, 'OK');
            assert.deepEqual(data, [
                { product_id: 38, product_name: 'Côte de Blaye' },
                { product_id: 29, product_name: 'Thüringer Rostbratwurst' },
            ]);
        });

        test('embedding', async () => {
            const { data, error } = await db.from('orders')
                .select('order_id, customers(company_name), order_details(quantity, products(product_name))')
                .eq('order_id', 10248)
                .order('product_id', { referencedTable: 'order_details' })
                .single();
            assert.equal(error, null);
            assert.equal(data.customers.company_name, 'Vins et alcools Chevalier');
            assert.deepEqual(data.order_details.map((d) => d.quantity), [12, 10, 5]);
            assert.equal(data.order_details[0].products.product_name, 'Queso Cabrales');
        });

        test('single, maybeSingle and their errors', async () => {
            const one = await db.from('region').select().eq('region_id', 1).single();
            assert.equal(one.error, null);
            assert.equal(one.data.region_id, 1);
            const none = await db.from('region').select().eq('region_id', 99).maybeSingle();
            assert.equal(none.error, null);
            assert.equal(none.data, null);
            const many = await db.from('region').select().single();
            assert.equal(many.error.code, 'PGRST116');
            assert.equal(many.status, 406);
        });

        test('counting, with and without rows', async () => {
            const head = await db.from('orders').select('*', { count: 'exact', head: true });
            assert.equal(head.error, null);
            assert.equal(head.count, 830);
            const page = await db.from('products').select('product_id', { count: 'exact' }).range(10, 19).order('product_id');
            assert.equal(page.count, 77);
            assert.equal(page.status, 206);
            assert.deepEqual(page.data.map((r) => r.product_id), [11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
        });

        test('or, not, in, is, ilike', async () => {
            const { data, error } = await db.from('customers').select('customer_id')
                .or('country.eq.Norway,and(country.eq.Ireland,city.eq.Cork)')
                .not('customer_id', 'in', '(XXXXX)').is('fax', null).order('customer_id');
            assert.equal(error, null);
            assert.ok(Array.isArray(data));
            const like = await db.from('products').select('product_name').ilike('product_name', '%chocolade%');
            assert.deepEqual(like.data, [{ product_name: 'Chocolade' }]);
            const within = await db.from('customers').select('customer_id').in('company_name', ['Around the Horn', 'x,y (z)']);
            assert.deepEqual(within.data, [{ customer_id: 'AROUT' }]);
        });

        test('insert, update, upsert, delete', async () => {
            const inserted = await db.from('shippers').insert({ shipper_id: 50, company_name: 'Swan' });
            assert.equal(inserted.error, null);
            assert.equal(inserted.status, 201);
            assert.equal(inserted.statusText, 'Created');
            assert.equal(inserted.data, null);
            const bulk = await db.from('shippers')
                .insert([{ shipper_id: 51, company_name: 'Heron' }, { shipper_id: 52, company_name: 'Kite', phone: '1' }])
                .select('shipper_id, phone').order('shipper_id');
            assert.equal(bulk.error, null);
            assert.deepEqual(bulk.data, [{ shipper_id: 51, phone: null }, { shipper_id: 52, phone: '1' }]);
            const updated = await db.from('shippers').update({ phone: '2' }).eq('shipper_id', 50).select().single();
            assert.deepEqual(updated.data, { shipper_id: 50, company_name: 'Swan', phone: '2' });
            const upserted = await db.from('shippers').upsert({ shipper_id: 50, company_name: 'Swan II' }).select();
            assert.equal(upserted.status, 200);
            assert.deepEqual(upserted.data, [{ shipper_id: 50, company_name: 'Swan II', phone: '2' }]);
            const deleted = await db.from('shippers').delete({ count: 'exact' }).gte('shipper_id', 50);
            assert.equal(deleted.error, null);
            assert.equal(deleted.status, 204);
            assert.equal(deleted.count, 3);
        });

        test('errors arrive with code, message, details and hint', async () => {
            const twice = await db.from('region').insert({ region_id: 1, region_description: 'x' });
            assert.equal(twice.status, 409);
            assert.deepEqual(twice.error, Object.assign(twice.error, {
                code: '23505', details: 'Key (region_id)=(1) already exists.', hint: null,
                message: 'duplicate key value violates unique constraint "pk_region"',
            }));
            const nowhere = await db.from('nowhere').select();
            assert.equal(nowhere.status, 404);
            assert.equal(nowhere.error.code, 'PGRST205');
        });

        test('CSV', async () => {
            const { data, error } = await db.from('region').select().order('region_id').limit(2).csv();
            assert.equal(error, null);
            assert.match(data, /^region_id,region_description\n1,Eastern *\n2,Western */);
        });
    });
}

// --- everything that the client can ask, with the same answer from both engines, bytes and headers -----

const schema = `
CREATE TYPE mood AS ENUM ('ONLINE', 'OFFLINE');
CREATE TABLE clients (id int PRIMARY KEY, name text NOT NULL, note text DEFAULT 'none');
CREATE TABLE projects (id int PRIMARY KEY, name text NOT NULL, client_id int REFERENCES clients (id), price numeric(10,2), data jsonb,
    tags text[], done boolean, at timestamptz);
CREATE TABLE tasks (id int PRIMARY KEY, name text, project_id int REFERENCES projects (id) ON DELETE CASCADE);
CREATE TABLE users (id int PRIMARY KEY, name text, status mood DEFAULT 'ONLINE');
CREATE TABLE users_projects (user_id int REFERENCES users (id), project_id int REFERENCES projects (id), PRIMARY KEY (user_id, project_id));
CREATE TABLE channels (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, slug text DEFAULT 'general', data jsonb);
CREATE TABLE codes (id serial PRIMARY KEY, code text UNIQUE, n int DEFAULT 7);
CREATE TABLE odd (id int PRIMARY KEY, "column whitespace" text, "a.b" int);
CREATE FUNCTION add_them(a int, b int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT a + b $$;
CREATE FUNCTION get_projects(above int DEFAULT 0) RETURNS SETOF projects LANGUAGE sql STABLE AS $$ SELECT * FROM projects WHERE id > above $$;
CREATE FUNCTION one_project(pid int) RETURNS projects LANGUAGE sql STABLE AS $$ SELECT * FROM projects WHERE id = pid $$;
CREATE FUNCTION nothing() RETURNS void LANGUAGE sql VOLATILE AS $$ $$;
CREATE FUNCTION rename(pid int, new_name text) RETURNS SETOF projects LANGUAGE sql VOLATILE AS
    $$ UPDATE projects SET name = new_name WHERE id = pid RETURNING * $$;
CREATE FUNCTION ints() RETURNS SETOF int LANGUAGE sql STABLE AS $$ VALUES (1), (2), (3) $$;
CREATE FUNCTION pair(OUT x int, OUT y text) LANGUAGE sql STABLE AS $$ SELECT 1, 'a' $$;
CREATE FUNCTION arr(vals int[]) RETURNS int[] LANGUAGE sql IMMUTABLE AS $$ SELECT vals $$;
CREATE FUNCTION shout(projects) RETURNS text LANGUAGE sql STABLE AS $$ SELECT upper($1.name) $$;
INSERT INTO clients VALUES (1, 'Microsoft', 'big'), (2, 'Apple', NULL);
INSERT INTO projects VALUES (1, 'Windows 7', 1, 10.50, '{"a":{"b":1},"l":[1,2]}', '{x,y}', true, '2020-01-01 00:00:00+00'),
    (2, 'Windows 10', 1, 20, '{"a":{"b":2}}', '{y,z}', false, '2021-01-01 00:00:00+00'), (3, 'IOS', 2, 30.25, NULL, '{}', NULL, NULL),
    (4, 'OSX', 2, NULL, '[]', NULL, true, NULL), (5, 'Orphan', NULL, 0, '"s"', '{a}', false, NULL);
INSERT INTO tasks VALUES (1, 'Design w7', 1), (2, 'Code w7', 1), (3, 'Design w10', 2), (4, 'Code w10', 2), (5, 'Design IOS', 3),
    (6, 'Code, "IOS"', 3), (7, 'Design OSX', 4), (8, 'Code OSX', 4);
INSERT INTO users VALUES (1, 'Angela', 'ONLINE'), (2, 'Michael', 'OFFLINE'), (3, 'Dwight', NULL);
INSERT INTO users_projects VALUES (1, 1), (1, 2), (2, 1), (3, 3);
INSERT INTO channels (slug) VALUES ('public'), ('random');
INSERT INTO codes (code) VALUES ('a'), ('b');
INSERT INTO odd VALUES (1, 'x', 10), (2, NULL, NULL);`;

const ids = (...list) => list.map((id) => ({ id }));
const projects = (db) => db.from('projects').select('id').order('id');
const tasks = (db) => db.from('tasks').select('id').order('id');
const none = { error: 'PGRST116', status: 406 };

/** What is asked, and what the client gives for it: its data; or what is named of its result. */
const reads = [
    [(db) => projects(db).neq('id', 1).gt('id', 1).gte('id', 2).lt('id', 6).lte('id', 4), ids(2, 3, 4)],
    [(db) => projects(db).like('name', 'Win%'), ids(1, 2)],
    [(db) => projects(db).likeAllOf('name', ['Win%', '%10']), ids(2)],
    [(db) => projects(db).likeAnyOf('name', ['%7', 'IOS']), ids(1, 3)],
    [(db) => projects(db).ilikeAllOf('name', ['win%', '%10']), ids(2)],
    [(db) => projects(db).ilikeAnyOf('name', ['%7', 'ios']), ids(1, 3)],
    [(db) => projects(db).is('client_id', null), ids(5)],
    [(db) => projects(db).is('done', false), ids(2, 5)],
    [(db) => projects(db).is('id', true), { error: '42804', status: 400 }],
    [(db) => tasks(db).in('name', ['a(b)', 'Design w7']), ids(1)],
    [(db) => tasks(db).in('id', []), []],
    [(db) => projects(db).contains('tags', ['y']), ids(1, 2)],
    [(db) => projects(db).contains('data', { a: { b: 1 } }), ids(1)],
    [(db) => projects(db).containedBy('tags', ['x', 'y', 'z']), ids(1, 2, 3)],
    [(db) => projects(db).overlaps('tags', ['x', 'a']), ids(1, 5)],
    [(db) => tasks(db).textSearch('name', 'design & w7', { config: 'english' }), ids(1)],
    [(db) => tasks(db).textSearch('name', 'design w10', { config: 'english', type: 'plain' }), ids(3)],
    [(db) => tasks(db).textSearch('name', 'design w10', { config: 'simple', type: 'phrase' }), ids(3)],
    [(db) => tasks(db).textSearch('name', 'design -ios', { config: 'simple', type: 'websearch' }), ids(1, 3, 7)],
    [(db) => projects(db).match({ client_id: 1, name: 'Windows 7' }), ids(1)],
    [(db) => projects(db).not('id', 'in', '(1,2)').not('client_id', 'is', null), ids(3, 4)],
    [(db) => projects(db).or('id.eq.1,and(id.gt.2,or(name.eq.IOS,name.eq.OSX))'), ids(1, 3, 4)],
    [(db) => projects(db).filter('data->a->>b', 'eq', '1'), ids(1)],
    [(db) => projects(db).filter('id', 'zz', '1'), { error: 'PGRST100', status: 400 }],
    [(db) => projects(db).filter('name', 'imatch', '^win.*[0-9]$'), ids(1, 2)],
    [(db) => projects(db).filter('client_id', 'isdistinct', '1'), ids(3, 4, 5)],
    [(db) => db.from('odd').select('"column whitespace","a.b"').eq('column whitespace', 'x').eq('"a.b"', 10), [{ 'column whitespace': 'x', 'a.b': 10 }]],
    [(db) => db.from('users').select().eq('status', 'NOPE'), { error: '22P02', status: 400 }],
    [(db) => db.from('projects').select('idx'), { error: '42703', status: 400 }],
    [(db) => db.from('projectz').select(), { error: 'PGRST205', status: 404 }],
    [(db) => db.from('projects').select('*,nope(*)'), { error: 'PGRST200', status: 400 }],
    [(db) => db.from('projects').select('id').order('client_id', { ascending: false, nullsFirst: false }).order('id'), ids(3, 4, 1, 2, 5)],
    [(db) => db.from('projects').select('id').order('client_id', { nullsFirst: true }).order('id').range(0, 2), ids(5, 1, 2)],
    [(db) => projects(db).select('id,tasks(id)').order('id', { referencedTable: 'tasks', ascending: false }).limit(1, { referencedTable: 'tasks' }).lt('id', 3),
        [{ id: 1, tasks: ids(2) }, { id: 2, tasks: ids(4) }]],
    [(db) => projects(db).select('id,tasks(id)').or('id.eq.1,name.eq.Code w10', { referencedTable: 'tasks' }).lt('id', 3),
        [{ id: 1, tasks: ids(1) }, { id: 2, tasks: ids(4) }]],
    [(db) => db.from('projects').select('id', { count: 'exact' }).order('id').range(10, 12), { error: 'PGRST103', status: 416 }],
    [(db) => db.from('projects').select('id', { count: 'exact' }).order('id').range(5, 7), { data: [], count: 5, status: 206 }],
    [(db) => db.from('projects').select('*', { count: 'exact', head: true }).eq('id', 99), { data: null, count: 0, status: 200 }],
    [(db) => db.from('projects').select('*', { count: 'estimated', head: true }), { data: null, count: 5, status: 200 }],
    [(db) => projects(db).eq('id', 99).single(), none],
    [(db) => projects(db).single(), none],
    [(db) => projects(db).eq('id', 99).maybeSingle(), { data: null, status: 200 }],
    [(db) => projects(db).limit(2).maybeSingle(), none],
    [(db) => db.from('projects').select('id,name,done,tags,data,at').order('id').csv(), {
        data: 'id,name,done,tags,data,at\n1,"Windows 7",t,"{x,y}","{""a"": {""b"": 1}, ""l"": [1, 2]}","2020-01-01 00:00:00+00"\n'
            + '2,"Windows 10",f,"{y,z}","{""a"": {""b"": 2}}","2021-01-01 00:00:00+00"\n3,IOS,,{},,\n4,OSX,t,,[],\n5,Orphan,f,{a},"""s""",',
    }],
    [(db) => db.from('projects').select().geojson(), { error: 'PGRST107', status: 406 }],
    [(db) => projects(db).explain(), { error: 'PGRST107', status: 406 }],
    [(db) => db.from('clients').select('name,projects(name,tasks(name))').order('id').eq('id', 2)
        .order('id', { referencedTable: 'projects' }).limit(1, { referencedTable: 'projects' }).order('id', { referencedTable: 'projects.tasks' }),
        [{ name: 'Apple', projects: [{ name: 'IOS', tasks: [{ name: 'Design IOS' }, { name: 'Code, "IOS"' }] }] }]],
    [(db) => db.from('users').select('name,projects(id)').eq('id', 1).order('id', { referencedTable: 'projects' }), [{ name: 'Angela', projects: ids(1, 2) }]],
    [(db) => db.from('projects').select('id,c:clients!projects_client_id_fkey!inner(name)').eq('c.name', 'Apple').order('id').limit(1), [{ id: 3, c: { name: 'Apple' } }]],
    [(db) => db.from('clients').select('name,projects!inner()').eq('projects.name', 'IOS'), [{ name: 'Apple' }]],
    [(db) => db.from('projects').select('id,clients()').is('clients', null), ids(5)],
    [(db) => db.from('clients').select('id,n:projects(count),...projects(names:name)').eq('id', 2).order('id', { referencedTable: 'projects' }),
        [{ id: 2, n: [{ count: 2 }], names: ['IOS', 'OSX'] }]],
    [(db) => db.from('projects').select('id,...clients(client:name)').gt('id', 3).order('id'), [{ id: 4, client: 'Apple' }, { id: 5, client: null }]],
    [(db) => db.from('projects').select('client_id,price.sum(),n:count()').order('client_id').limit(1), [{ client_id: 1, sum: 30.5, n: 2 }]],
    [(db) => db.from('projects').select('id::text,data->a->b,x:data->a->>b,shout').eq('id', 1), [{ id: '1', b: 1, x: '1', shout: 'WINDOWS 7' }]],
    [(db) => db.schema('nope').from('projects').select('id'), { error: 'PGRST106', status: 406 }],
    [(db) => db.rpc('add_them', { a: 1, b: 2 }), 3],
    [(db) => db.rpc('add_them', { a: 1, b: 2 }, { get: true }), 3],
    [(db) => db.rpc('add_them', { a: 1 }), { error: 'PGRST202', status: 404 }],
    [(db) => db.rpc('add_them', { a: 'x', b: 2 }), { error: '22P02', status: 400 }],
    [(db) => db.rpc('get_projects', { above: 2 }, { head: true, count: 'exact' }), { data: null, count: 3, status: 200 }],
    [(db) => db.rpc('get_projects', { above: 2 }, { count: 'exact' }).select('id').order('id').limit(1), { data: ids(3), count: 3, status: 206 }],
    [(db) => db.rpc('get_projects').select('id,clients(name)').eq('name', 'IOS').single(), { data: { id: 3, clients: { name: 'Apple' } }, status: 200 }],
    [(db) => db.rpc('one_project', { pid: 1 }).select('id,name'), { data: { id: 1, name: 'Windows 7' } }],
    [(db) => db.rpc('nothing'), { data: null, status: 204 }],
    [(db) => db.rpc('rename', { pid: 1, new_name: 'x' }, { get: true }), { error: '25006', status: 405 }],
    [(db) => db.rpc('ints', {}, { count: 'exact' }), { data: [1, 2, 3], count: 3 }],
    [(db) => db.rpc('pair').single(), { data: { x: 1, y: 'a' } }],
    [(db) => db.rpc('arr', { vals: [1, 2] }, { get: true }), [1, 2]],
];

/** In this order: each finds what those before it have left. */
const writes = [
    [(db) => db.from('clients').insert({ id: 10, name: 'A' }), { data: null, status: 201 }],
    [(db) => db.from('clients').insert([{ id: 11, name: 'B' }, { id: 12, name: 'C', note: 'n' }], { count: 'exact' }).select('id,note'),
        { data: [{ id: 11, note: null }, { id: 12, note: 'n' }], count: 2, status: 201 }],
    [(db) => db.from('clients').insert([{ id: 13, name: 'B' }, { id: 14, name: 'C', note: 'n' }], { defaultToNull: false }).select('id,note'),
        [{ id: 13, note: 'none' }, { id: 14, note: 'n' }]],
    [(db) => db.from('clients').insert({ id: 10, name: 'A' }), { error: '23505', status: 409 }],
    [(db) => db.from('projects').insert({ id: 77, name: 'x', client_id: 999 }), { error: '23503', status: 409 }],
    [(db) => db.from('clients').insert({ id: 78 }), { error: '23502', status: 400 }],
    [(db) => db.from('clients').insert([{ id: 79, nome: 'x' }]), { error: 'PGRST204', status: 400 }],
    [(db) => db.from('clients').insert([]).select(), []],
    [(db) => db.from('channels').insert({}).select(), [{ id: 3, slug: 'general', data: null }]],
    [(db) => db.from('channels').insert([{ id: 100 }, { slug: 'test' }], { defaultToNull: false }).select('id,slug'), [{ id: 100, slug: 'general' }, { id: 5, slug: 'test' }]],
    [(db) => db.from('channels').upsert([{ id: 1 }, { slug: 'test' }], { defaultToNull: false }).select('id,slug'), [{ id: 1, slug: 'general' }, { id: 7, slug: 'test' }]],
    [(db) => db.from('clients').upsert({ id: 10, name: 'AA' }).select('name'), { data: [{ name: 'AA' }], status: 200 }],
    [(db) => db.from('clients').upsert([{ id: 10, name: 'Z' }, { id: 15, name: 'AC' }], { ignoreDuplicates: true }).select('id'), { data: ids(15), status: 201 }],
    [(db) => db.from('clients').upsert([{ id: 10, name: 'Z' }], { ignoreDuplicates: true, count: 'exact' }), { data: null, count: 0, status: 201 }],
    [(db) => db.from('codes').upsert([{ code: 'a', n: 1 }, { code: 'c', n: 2 }], { onConflict: 'code' }).select('code,n'), { data: [{ code: 'a', n: 1 }, { code: 'c', n: 2 }], status: 201 }],
    [(db) => db.from('codes').upsert([{ code: 'a', n: 1 }], { onConflict: 'n' }), { error: '42P10', status: 400 }],
    [(db) => db.from('clients').update({ note: 'w' }, { count: 'exact' }).in('id', [10, 11]), { data: null, count: 2, status: 204 }],
    [(db) => db.from('clients').update({ note: 'w' }).eq('id', 999).select().single(), none],
    [(db) => db.from('clients').update({ note: 'm' }).in('id', [10, 11]).maxAffected(1).select(), { error: 'PGRST124', status: 400 }],
    [(db) => db.from('clients').update({ note: 'm' }).eq('id', 10).maxAffected(1).select('note'), [{ note: 'm' }]],
    [(db) => db.from('projects').update({ data: { z: [1, 'é', null] } }).eq('id', 5).select('data'), [{ data: { z: [1, 'é', null] } }]],
    [(db) => db.from('clients').update({ note: 'rb' }).eq('id', 10).rollback().select('note'), [{ note: 'rb' }]],
    [(db) => db.from('clients').select('note').eq('id', 10), [{ note: 'm' }]],
    [(db) => db.rpc('rename', { pid: 5, new_name: 'Orph' }).select('id,name'), [{ id: 5, name: 'Orph' }]],
    [(db) => db.from('clients').delete().eq('id', 15).select('id'), ids(15)],
    [(db) => db.from('clients').delete({ count: 'exact' }).gte('id', 10), { data: null, count: 5, status: 204 }],
    [(db) => db.from('clients').delete().eq('id', 1), { error: '23503', status: 409 }],
    [(db) => db.from('projects').insert({ id: 50, name: 'new', client_id: 1 }).select('id,clients(name)').single(), { data: { id: 50, clients: { name: 'Microsoft' } }, status: 201 }],
    [(db) => db.from('clients').insert({ id: 60, name: 'x,y' }).select().csv(), { data: 'id,name,note\n60,"x,y",none', status: 201 }],
];

describe('@supabase/postgrest-js asks both engines', () => {
    const dbs = [];
    const answers = [];

    before(async () => {
        const both = await startBoth({ migrations: { '0001_schema.sql': schema } },
            { env: { CAIRN_DATABASE_AGGREGATES: 'true', CAIRN_TRANSACTION_ALLOW_OVERRIDE: 'true' } });
        for (const { url } of [both.sqlite, both.postgres]) {
            const taking = async (target, options) => {
                const answer = await fetch(target, options);
                const { date, 'x-request-id': id, ...headers } = Object.fromEntries(answer.headers);
                answers.push([options.method, target.toString().slice(url.length), answer.status, headers, await answer.clone().text()]);
                return answer;
            };
            dbs.push(new PostgrestClient(`${url}/rest/v1`, { fetch: taking }));
        }
    });
    after(endAll);

    async function check([ask, expected]) {
        const wanted = typeof expected === 'object' && !Array.isArray(expected) ? expected : { data: expected };

        answers.length = 0;
        for (const db of dbs) {
            const result = await ask(db);
            const said = JSON.stringify([answers.at(-1), result]);
            assert.equal(result.error?.code, wanted.error, said);
            for (const name of ['data', 'count', 'status']) {
                if (name in wanted) assert.deepEqual(result[name], wanted[name], said);
            }
        }
        assert.deepEqual(answers[0], answers[1]);
    }

    test('to read and to call', async () => {
        for (const one of reads) await check(one);
    });

    test('to write', async () => {
        for (const one of writes) await check(one);
    });

    test('to end a request, and to throw its error', async () => {
        for (const db of dbs) {
            const controller = new AbortController();
            controller.abort();
            assert.match((await projects(db).abortSignal(controller.signal)).error.message, /abort/i);
            assert.deepEqual((await projects(db).eq('id', 1).abortSignal(new AbortController().signal)).data, ids(1));
            await assert.rejects(async () => await db.from('nowhere').select().throwOnError(), { code: 'PGRST205' });
        }
    });
});
