// SPDX-License-Identifier: Apache-2.0
//
// A small service as a careful person writes it by hand: Fastify on SQLite, every write durable, input
// checked, health that asks the database, a graceful end, a JSON log, metrics.

import { createWriteStream, statSync } from 'node:fs';

import Database from 'better-sqlite3';
import Fastify from 'fastify';

const port = Number(process.env.PORT);
if (!Number.isInteger(port) || port < 1 || port > 65535) {
    console.error(`PORT: '${process.env.PORT}' is no port`);
    process.exit(4);
}
const file = process.env.DATA ?? 'items.db';
const db = new Database(file);
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
db.exec('CREATE TABLE IF NOT EXISTS items (id INTEGER PRIMARY KEY, note TEXT NOT NULL)');
const { ino } = statSync(file);
const insert = db.prepare('INSERT INTO items (id, note) VALUES (?, ?)');
const list = db.prepare('SELECT id, note FROM items ORDER BY id LIMIT 1000 OFFSET ?');
const one = db.prepare('SELECT id, note FROM items WHERE id = ?');

const app = Fastify({
    logger: { stream: process.env.LOG ? createWriteStream(process.env.LOG, { flags: 'a' }) : process.stdout },
    requestIdHeader: false,
    forceCloseConnections: 'idle',
    requestTimeout: 30_000,
    connectionTimeout: 60_000,
});
let requests = 0;
app.addHook('onSend', async (request, reply) => {
    requests++;
    reply.header('X-Request-Id', request.id).header('X-Content-Type-Options', 'nosniff');
});
app.setErrorHandler((error, request, reply) => {
    const taken = error.code === 'SQLITE_CONSTRAINT_PRIMARYKEY';
    reply.code(taken ? 409 : error.statusCode ?? (String(error.code).startsWith('SQLITE_') ? 503 : 500));
    reply.send({ error: error.message });
});

app.get('/livez', async () => ({ status: 'ok' }));
app.get('/readyz', async (request, reply) => {
    try {
        if (statSync(file).ino !== ino) throw new Error('the database file was replaced');
        db.prepare('SELECT 1').get();
        return { status: 'ok' };
    } catch (error) {
        reply.code(503);
        return { status: 'unavailable', error: error.message };
    }
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
const refuse = (message) => Object.assign(new Error(message), { statusCode: 400 });
app.post('/items', { schema: { body } }, async (request, reply) => {
    insert.run(request.body.id, request.body.note ?? '');
    reply.code(201);
    return { id: request.body.id };
});
app.get('/items', async (request) => list.all(Number(request.query.offset) || 0));
app.get('/items/:id', async (request, reply) => one.get(Number(request.params.id) || 0) ?? reply.code(404).send({ error: 'not found' }));
app.get('/openapi.json', async () => ({
    openapi: '3.1.0',
    info: { title: 'items', version: '1' },
    paths: { '/items': { get: {}, post: {} } },
}));

await app.listen({ host: '127.0.0.1', port });
for (const signal of ['SIGTERM', 'SIGINT']) {
    process.once(signal, async () => {
        await app.close();
        db.close();
        process.exit(0);
    });
}
