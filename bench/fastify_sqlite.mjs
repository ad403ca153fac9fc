// SPDX-License-Identifier: Apache-2.0
//
// What a careful person writes with Fastify and better-sqlite3: prepared statements, serialisers made
// from schemas, no log; and the durability that cairn has.
//
//     node bench/fastify_sqlite.mjs PORT FILE

import Database from 'better-sqlite3';
import Fastify from 'fastify';

const [, , port, file] = process.argv;
const db = new Database(file);
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');

const point = db.prepare('SELECT id, name, email, stock, active FROM items WHERE id = ?');
const list = db.prepare('SELECT id, name, email, stock, active FROM items WHERE id > ? ORDER BY id LIMIT 20');
const insert = db.prepare('INSERT INTO events (kind, payload) VALUES (?, ?)');

const item = {
    type: 'object',
    properties: {
        id: { type: 'integer' }, name: { type: 'string' }, email: { type: 'string' },
        stock: { type: 'integer' }, active: { type: 'boolean' },
    },
};
const items = { schema: { response: { 200: { type: 'array', items: item } } } };
const event = {
    schema: {
        body: {
            type: 'object', required: ['kind', 'payload'],
            properties: { kind: { type: 'string' }, payload: { type: 'string' } },
        },
    },
};
const status = { schema: { response: { 200: { type: 'object', properties: { status: { type: 'string' } } } } } };

const app = Fastify({ logger: false });
app.get('/static', status, async () => ({ status: 'ok' }));
app.get('/items/:id', items, async (request) => point.all(Number(request.params.id)));
app.get('/items', items, async (request) => list.all(Number(request.query.after)));
app.post('/events', event, async (request, reply) => {
    insert.run(request.body.kind, request.body.payload);
    reply.code(201).send();
});
await app.listen({ port: Number(port), host: '127.0.0.1' });
