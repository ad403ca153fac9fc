// SPDX-License-Identifier: Apache-2.0
//
// The real client, unchanged, on both engines.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { PostgrestClient } from '@supabase/postgrest-js';

import { endAll, engines, makeProject, northwind, startCairn } from './harness.mjs';

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
