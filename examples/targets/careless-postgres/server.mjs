// SPDX-License-Identifier: Apache-2.0
//
// The same on one connection, as it is often written: its errors are printed, and nobody makes another
// one; health says yes whatever happens.

import http from 'node:http';

import pg from 'pg';

const client = new pg.Client(process.env.DATABASE_URL);
client.on('error', console.error);
await client.connect();
await client.query('CREATE TABLE IF NOT EXISTS items (id bigint PRIMARY KEY)');

async function answer(request, response) {
    const url = new URL(request.url, 'http://localhost');
    if (url.pathname === '/health') return response.end('{"status":"ok"}');
    if (request.method === 'POST') {
        let text = '';
        for await (const chunk of request) text += chunk;
        await client.query('INSERT INTO items (id) VALUES ($1)', [JSON.parse(text).id]);
        return response.writeHead(201).end();
    }
    const offset = Number(url.searchParams.get('offset')) || 0;
    const { rows } = await client.query('SELECT id FROM items ORDER BY id LIMIT 1000 OFFSET $1', [offset]);
    return response.end(JSON.stringify(rows.map((row) => ({ id: Number(row.id) }))));
}

http.createServer((request, response) => {
    answer(request, response).catch((error) => response.writeHead(500).end(error.message));
}).listen(Number(process.env.PORT), '127.0.0.1');
