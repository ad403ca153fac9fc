// SPDX-License-Identifier: Apache-2.0
//
// What a careful person writes with Fastify and pg: a pool, named (prepared) statements, serialisers
// made from schemas, no log.
//
//     node bench/fastify_pg.mjs PORT URL

import Fastify from 'fastify';
import pg from 'pg';

const [, , port, url] = process.argv;
const pool = new pg.Pool({ connectionString: url, max: 10 });
pg.types.setTypeParser(20, Number); // bigint as a number, as the others give it

const item = {
    type: 'object',
    properties: {
        id: { type: 'integer' }, name: { type: 'string' }, email: { type: 'string' },
        stock: { type: 'integer' }, active: { type: 'boolean' },
    },
};
const items = { schema: { response: { 200: { type: 'array', items: item } } } };

const app = Fastify({ logger: false });
app.get('/items/:id', items, async (request) => (await pool.query({
    name: 'point',
    text: 'SELECT id, name, email, stock, active FROM items WHERE id = $1',
    values: [request.params.id],
})).rows);
await app.listen({ port: Number(port), host: '127.0.0.1' });
