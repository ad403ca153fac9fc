// SPDX-License-Identifier: Apache-2.0
//
// The service of careful/ on PostgreSQL, with a pool of connections: connections that are lost come back
// by themselves, and what can't be done meanwhile is answered 503, soon.

import { createWriteStream } from 'node:fs';

import Fastify from 'fastify';
import pg from 'pg';

const port = Number(process.env.PORT);
if (!Number.isInteger(port) || port < 1 || port > 65535) {
    console.error(`PORT: '${process.env.PORT}' is no port`);
    process.exit(4);
}
const pool = new pg.Pool({
    connectionString: process.env.DATABASE_URL,
    max: 10,
    connectionTimeoutMillis: 2000,
    statement_timeout: 5000,
    query_timeout: 6000,
    keepAlive: true,
});

const app = Fastify({
    logger: { stream: process.env.LOG ? createWriteStream(process.env.LOG, { flags: 'a' }) : process.stdout },
    requestIdHeader: false,
    forceCloseConnections: 'idle',
    requestTimeout: 30_000,
    connectionTimeout: 60_000,
});
// A connection that is lost while nobody uses it: the pool makes a new one. Without this line the process ends.
pool.on('error', (error) => app.log.warn({ error: error.message }, 'lost a connection'));

let requests = 0;
app.addHook('onSend', async (request, reply) => {
    requests++;
    reply.header('X-Request-Id', request.id).header('X-Content-Type-Options', 'nosniff');
});
const statuses = { 23505: 409, 23514: 400, 22003: 400, 22001: 400, '22P02': 400, '22P05': 400 };
app.setErrorHandler((error, request, reply) => {
    // What has neither a status of its own nor a code of the statement's is the database's absence.
    const status = error.statusCode ?? statuses[error.code] ?? 503;
    request.log.warn({ error: error.message, code: error.code }, 'failed');
    if (status === 503) reply.header('Retry-After', '1');
    reply.code(status).send({ error: status === 503 ? 'the database is not available' : error.message });
});

app.get('/livez', async () => ({ status: 'ok' }));
app.get('/readyz', async () => {
    await pool.query('SELECT 1');
    return { status: 'ok' };
});
app.get('/metrics', async (request, reply) => {
    reply.type('text/plain');
    return `# TYPE app_requests_total counter\napp_requests_total ${requests}\n`;
});

const body = {
    type: 'object',
    required: ['id'],
    additionalProperties: false,
    properties: { id: { type: 'integer' }, note: { type: 'string', maxLength: 200 } },
};
const refuse = (message) => Object.assign(new Error(message), { statusCode: 400 });
app.setValidatorCompiler(({ schema }) => {
    // Fastify's own validator turns "1" into 1; here what isn't a number is refused.
    return (data) => {
        if (data === null || typeof data !== 'object' || Array.isArray(data)) return { error: refuse('an object is needed') };
        for (const key of Object.keys(data)) if (!(key in schema.properties)) return { error: refuse(`unknown field ${key}`) };
        if (!Number.isSafeInteger(data.id)) return { error: refuse('id is no integer') };
        if (data.note !== undefined && (typeof data.note !== 'string' || data.note.length > 200)) return { error: refuse('note is no text of up to 200') };
        return { value: data };
    };
});
app.post('/items', { schema: { body } }, async (request, reply) => {
    await pool.query('INSERT INTO items (id, note) VALUES ($1, $2)', [request.body.id, request.body.note ?? '']);
    reply.code(201);
    return { id: request.body.id };
});
app.get('/items', async (request) => {
    const { rows } = await pool.query('SELECT id::int8, note FROM items ORDER BY id LIMIT 1000 OFFSET $1', [Number(request.query.offset) || 0]);
    return rows.map((row) => ({ id: Number(row.id), note: row.note }));
});
app.get('/items/:id', async (request, reply) => {
    const { rows } = await pool.query('SELECT id, note FROM items WHERE id = $1', [Number(request.params.id) || 0]);
    if (rows.length === 0) return reply.code(404).send({ error: 'not found' });
    return { id: Number(rows[0].id), note: rows[0].note };
});
app.get('/openapi.json', async () => ({
    openapi: '3.1.0',
    info: { title: 'items', version: '1' },
    paths: { '/items': { get: {}, post: {} } },
}));

await pool.query('CREATE TABLE IF NOT EXISTS items (id bigint PRIMARY KEY, note text NOT NULL)');
await app.listen({ host: '127.0.0.1', port });
for (const signal of ['SIGTERM', 'SIGINT']) {
    process.once(signal, async () => {
        await app.close();
        await pool.end();
        process.exit(0);
    });
}
