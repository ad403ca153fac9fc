// SPDX-License-Identifier: Apache-2.0
//
// What a careful person writes with Fastify and pg: a pool, named (prepared) statements, serialisers
// made from schemas, no log.
//
//     node bench/fastify_pg.mjs PORT URL

import Fastify from 'fastify';
import pg from 'pg';

import {
    authorsWithBooks, books, booksWithAuthor, claimsOf, counter, event, eventList, items, notes, sendCounted, withAuthor,
} from './fastify_common.mjs';

const [, , port, url] = process.argv;
const pool = new pg.Pool({ connectionString: url, max: 10 });
pg.types.setTypeParser(20, Number); // bigint as a number, as the others give it

const query = async (name, text, ...values) => (await pool.query({ name, text, values })).rows;

/** What row-level security asks for: a transaction with role and claims of its own. */
async function as(claims, work) {
    const client = await pool.connect();
    try {
        await client.query('BEGIN READ ONLY');
        await client.query({
            name: 'as', text: "SELECT set_config('request.jwt.claims', $1, true), set_config('role', $2, true)",
            values: [JSON.stringify(claims), claims.role],
        });
        const result = await work(client);
        await client.query('COMMIT');
        return result;
    } catch (error) {
        await client.query('ROLLBACK');
        throw error;
    } finally {
        client.release();
    }
}

const app = Fastify({ logger: false });
app.get('/items/:id', items, (request) => query('point',
    'SELECT id, name, email, stock, active FROM items WHERE id = $1', request.params.id));
app.get('/books', booksWithAuthor, async (request) => withAuthor(await query('one', `
    SELECT b.id, b.title, a.id AS author_id, a.name AS author_name
    FROM books b JOIN authors a ON a.id = b.author_id WHERE b.id > $1 ORDER BY b.id LIMIT 20`, request.query.after)));
app.get('/authors', authorsWithBooks, (request) => query('many', `
    SELECT a.id, a.name, (SELECT coalesce(json_agg(json_build_object('id', b.id, 'title', b.title)), '[]')
        FROM books b WHERE b.author_id = a.id) AS books
    FROM authors a WHERE a.id > $1 ORDER BY a.id LIMIT 20`, request.query.after));
app.get('/counted', books, async (request, reply) => {
    const rows = await query('counted', `SELECT id, author_id, title, count(*) OVER () AS total
        FROM books WHERE author_id = $1 ORDER BY id LIMIT 5`, request.query.author);
    sendCounted(reply, rows, rows[0]?.total ?? 0);
    return reply;
});
app.post('/events', event, async (request, reply) => {
    await query('insert', 'INSERT INTO events (kind, payload) VALUES ($1, $2)', request.body.kind, request.body.payload);
    reply.code(201).send();
    return reply;
});
app.post('/bulk', eventList, async (request, reply) => {
    await query('bulk', 'INSERT INTO events (kind, payload) SELECT * FROM unnest($1::text[], $2::text[])',
        request.body.map((row) => row.kind), request.body.map((row) => row.payload));
    reply.code(201).send();
    return reply;
});
app.post('/counters', counter, async (request, reply) => {
    await query('upsert', `INSERT INTO counters (id, value) VALUES ($1, $2)
        ON CONFLICT (id) DO UPDATE SET value = excluded.value`, request.body.id, request.body.value);
    reply.code(201).send();
    return reply;
});
app.get('/books-of', books, (request) => query('books-of', 'SELECT id, author_id, title FROM books_of($1)', request.query.author));
app.get('/notes', notes, (request) => query('notes', `
    SELECT id, owner, body FROM notes WHERE owner = $1 AND id > $2 ORDER BY id LIMIT 20`,
claimsOf(request).sub, request.query.after));
app.get('/policy-notes', notes, (request) => as(claimsOf(request), async (client) => (await client.query({
    name: 'policy-notes', text: 'SELECT id, owner, body FROM notes WHERE id > $1 ORDER BY id LIMIT 20',
    values: [request.query.after],
})).rows));
await app.listen({ port: Number(port), host: '127.0.0.1' });
