// SPDX-License-Identifier: Apache-2.0
//
// The same service as it is often written: answers before the data is on disk, a health check that
// always says yes, whatever comes in goes in, and no thought about how it ends.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';

const file = process.env.DATA ?? 'items.json';
const items = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
setInterval(() => writeFileSync(file, JSON.stringify(items)), 1000);

http.createServer((request, response) => {
    const url = new URL(request.url, 'http://localhost');
    if (url.pathname === '/health') return response.end('{"status":"ok"}');
    if (request.method === 'POST') {
        let text = '';
        request.on('data', (chunk) => (text += chunk));
        request.on('end', () => {
            items.push(JSON.parse(text));
            response.statusCode = 201;
            response.end(text);
        });
        return undefined;
    }
    const offset = Number(url.searchParams.get('offset'));
    return response.end(JSON.stringify(items.slice(offset, offset + 1000)));
}).listen(Number(process.env.PORT) || 0, '127.0.0.1');
