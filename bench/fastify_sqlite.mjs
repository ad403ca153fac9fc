// SPDX-License-Identifier: Apache-2.0
//
// What a careful person writes with Fastify and better-sqlite3: prepared statements, serialisers made
// from schemas, no log; and the durability that cairn has.
//
//     node bench/fastify_sqlite.mjs PORT FILE

import Database from 'better-sqlite3';
import Fastify from 'fastify';

import {
    authorsWithBooks, books, booksWithAuthor, claimsOf, counter, event, eventList, items, notes, sendCounted, withAuthor,
} from './fastify_common.mjs';

const [, , port, file] = process.argv;
const db = new Database(file);
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');

const point = db.prepare('SELECT id, name, email, stock, active FROM items WHERE id = ?');
const list = db.prepare('SELECT id, name, email, stock, active FROM items WHERE id > ? ORDER BY id LIMIT 20');
const insert = db.prepare('INSERT INTO events (kind, payload) VALUES (?, ?)');
const insertAll = db.transaction((rows) => {
    for (const { kind, payload } of rows) insert.run(kind, payload);
});
const upsert = db.prepare(`INSERT INTO counters (id, value) VALUES (?, ?)
    ON CONFLICT (id) DO UPDATE SET value = excluded.value`);
const one = db.prepare(`SELECT b.id, b.title, a.id AS author_id, a.name AS author_name
    FROM books b JOIN authors a ON a.id = b.author_id WHERE b.id > ? ORDER BY b.id LIMIT 20`);
const many = db.prepare(`SELECT a.id, a.name, (SELECT json_group_array(json_object('id', b.id, 'title', b.title))
    FROM books b WHERE b.author_id = a.id) AS books FROM authors a WHERE a.id > ? ORDER BY a.id LIMIT 20`);
const counted = db.prepare(`SELECT id, author_id, title, count(*) OVER () AS total
    FROM books WHERE author_id = ? ORDER BY id LIMIT 5`);
const booksOf = db.prepare('SELECT id, author_id, title FROM books WHERE author_id = ? ORDER BY id');
const own = db.prepare('SELECT id, owner, body FROM notes WHERE owner = ? AND id > ? ORDER BY id LIMIT 20');

const status = { schema: { response: { 200: { type: 'object', properties: { status: { type: 'string' } } } } } };

const app = Fastify({ logger: false });
app.get('/static', status, async () => ({ status: 'ok' }));
app.get('/items/:id', items, async (request) => point.all(Number(request.params.id)));
app.get('/items', items, async (request) => list.all(Number(request.query.after)));
app.post('/events', event, async (request, reply) => {
    insert.run(request.body.kind, request.body.payload);
    reply.code(201).send();
});
app.get('/books', booksWithAuthor, async (request) => withAuthor(one.all(Number(request.query.after))));
app.get('/authors', authorsWithBooks, async (request) => {
    const rows = many.all(Number(request.query.after));
    for (const row of rows) row.books = JSON.parse(row.books);
    return rows;
});
app.get('/counted', books, (request, reply) => {
    const rows = counted.all(Number(request.query.author));
    sendCounted(reply, rows, rows[0]?.total ?? 0);
});
app.post('/bulk', eventList, async (request, reply) => {
    insertAll(request.body);
    reply.code(201).send();
});
app.post('/counters', counter, async (request, reply) => {
    upsert.run(request.body.id, request.body.value);
    reply.code(201).send();
});
app.get('/books-of', books, async (request) => booksOf.all(Number(request.query.author)));
app.get('/notes', notes, async (request) => own.all(claimsOf(request).sub, Number(request.query.after)));
await app.listen({ port: Number(port), host: '127.0.0.1' });
