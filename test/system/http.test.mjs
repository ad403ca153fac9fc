// SPDX-License-Identifier: Apache-2.0
//
// HTTP as the real binary speaks it: the raw cases, slow clients, pipelining, compression, TLS, HTTP/2.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http2 from 'node:http2';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import tls from 'node:tls';
import zlib from 'node:zlib';

import {
    cairn, endAll, freePort, makeFolder, makeProject, request, root, sleep, startCairn, until,
} from './harness.mjs';

const cases = path.join(root, 'test/data/http');
const table = 'CREATE TABLE things (id int PRIMARY KEY, name text);\n'
    + "INSERT INTO things VALUES (1, 'one'), (2, 'two'), (3, 'three');\n";

const project = () => makeProject({ migrations: { '0001_things.sql': table } });

/** Sends bytes, says that there are no more, and reads to the end. */
function exchange(port, bytes, ms = 10_000) {
    return new Promise((done, fail) => {
        const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
        const parts = [];
        const timer = setTimeout(() => fail(new Error(`no end after ${ms} ms`)), ms);
        socket.on('data', (part) => parts.push(part));
        socket.once('error', () => {}); // what came counts
        socket.once('end', () => socket.destroy());
        socket.once('close', () => {
            clearTimeout(timer);
            done(Buffer.concat(parts).toString('latin1'));
        });
        socket.end(bytes);
    });
}

/** The answers in raw text: { status, head, body }. */
function answersOf(text, methods = []) {
    const answers = [];
    while (text.length > 0) {
        const end = text.indexOf('\r\n\r\n');
        assert.ok(end > 0 && /^HTTP\/1\.1 \d{3} /.test(text), `not an answer: ${text.slice(0, 200)}`);
        const head = text.slice(0, end);
        const status = Number(head.slice(9, 12));
        const length = methods[answers.length] === 'HEAD' ? 0 : Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
        const body = text.slice(end + 4, end + 4 + length);
        assert.equal(body.length, length, 'an answer was cut');
        text = text.slice(end + 4 + length);
        if (status >= 200) answers.push({ status, head, body });
    }
    return answers;
}

let server;
before(async () => {
    server = await startCairn({ project: project() });
});
after(endAll);

test('every raw case has its verdict, and the server lives on', async (t) => {
    const rows = fs.readFileSync(path.join(cases, 'INDEX'), 'utf8').split('\n')
        .filter((line) => line && !line.startsWith('#')).map((line) => line.split(' '));
    assert.ok(rows.length >= 300);
    const wrong = [];
    for (const [name, verdict] of rows) {
        const bytes = fs.readFileSync(path.join(cases, `${name}.raw`));
        const methods = bytes.toString('latin1').startsWith('HEAD') ? ['HEAD'] : [];
        const answers = answersOf(await exchange(server.port, bytes), methods);
        const wanted = verdict === '-' ? [] : verdict.split('+').map(Number);
        // Where the case is good, what it is answered is the routes' business.
        const right = answers.length === wanted.length && answers.every(({ status, head, body }, i) => {
            const refused = body.includes('"CAIRN-HTTP"');
            if (wanted[i] === 200) return !refused;
            return status === wanted[i] && /\r\nconnection: close/i.test(head) && (refused || body === '');
        });
        if (!right) wrong.push(`${name}: ${answers.map((a) => a.status).join('+')}, not ${verdict}`);
    }
    assert.deepEqual(wrong, []);
    assert.equal((await server.request('/livez')).status, 200);
    t.diagnostic(`${rows.length} cases`);
});

test('pipelined requests are answered in order', async () => {
    const ids = [3, 1, 2, 1, 3];
    const bytes = ids.map((id) => `GET /rest/v1/things?id=eq.${id} HTTP/1.1\r\nHost: t\r\n\r\n`).join('');
    const answers = answersOf(await exchange(server.port, bytes));
    assert.deepEqual(answers.map(({ body }) => JSON.parse(body)[0].id), ids);
});

test('slow clients are answered 408 and hold up nobody', async () => {
    const slow = await startCairn({
        project: project(),
        env: { CAIRN_HTTP_HEADER_TIMEOUT: '4s', CAIRN_HTTP_BODY_TIMEOUT: '4s' },
    });
    const begin = Date.now();
    const talkers = Array.from({ length: 200 }, (_, i) => new Promise((done) => {
        const socket = net.connect(slow.port, '127.0.0.1');
        let text = '';
        socket.setEncoding('latin1').on('data', (part) => (text += part));
        socket.once('error', () => {});
        socket.once('close', () => done({ text, ms: Date.now() - begin }));
        if (i % 2) socket.write('POST /rest/v1/things HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\n');
        const timer = setInterval(() => (socket.writable ? socket.write('x') : clearInterval(timer)), 50);
        socket.once('close', () => clearInterval(timer));
    }));
    let cutOff = 0;
    for (const talker of talkers) talker.then(() => cutOff++);
    let before = 0;
    for (let i = 0; i < 20; i++) {
        assert.equal((await slow.request('/rest/v1/things?id=eq.1')).status, 200);
        before += cutOff === 0;
    }
    assert.ok(before > 0, 'a quick client waited for slow ones');
    for (const { text, ms } of await Promise.all(talkers)) {
        assert.match(text, /^HTTP\/1\.1 408 Request Timeout\r\n/);
        assert.ok(ms >= 3900 && ms < 30_000, `after ${ms} ms`);
    }
    assert.equal((await slow.stop()).code, 0);
});

test('answers are compressed for who accepts it', async () => {
    const plain = await server.request('/openapi.json');
    assert.equal(plain.status, 200);
    assert.equal(plain.headers['content-encoding'], undefined);
    assert.match(plain.headers.vary ?? '', /accept-encoding/i);
    const zipped = await server.request('/openapi.json', { headers: { 'Accept-Encoding': 'gzip' } });
    assert.equal(zipped.headers['content-encoding'], 'gzip');
    assert.ok(zipped.body.length < plain.body.length / 2);
    assert.deepEqual(zlib.gunzipSync(zipped.body), plain.body);
    const zstd = await server.request('/openapi.json', { headers: { 'Accept-Encoding': 'gzip;q=0.5, zstd' } });
    assert.equal(zstd.headers['content-encoding'], 'zstd');
    assert.equal(zstd.body.readUInt32LE(0), 0xfd2fb528);
    if (zlib.zstdDecompressSync) assert.deepEqual(zlib.zstdDecompressSync(zstd.body), plain.body);
});

/** A project with the certificate that init makes, served over TLS. */
async function startTls() {
    const folder = makeFolder('tls');
    const made = await cairn(['init', 'shop'], { cwd: folder });
    assert.equal(made.code, 0, made.stderr);
    const home = path.join(folder, 'shop');
    for (const file of fs.readdirSync(path.join(home, 'migrations'))) fs.rmSync(path.join(home, 'migrations', file));
    fs.writeFileSync(path.join(home, 'migrations', '0001_things.sql'), table);
    const cert = path.join(home, '.cairn/tls/cert.pem');
    const port = await freePort();
    const secure = await startCairn({
        project: home, port, ready: false,
        env: { CAIRN_TLS_CERT: cert, CAIRN_TLS_KEY: path.join(home, '.cairn/tls/key.pem') },
    });
    const ca = fs.readFileSync(cert);
    await until(`TLS on port ${port}; log:\n${secure.log}`, () => new Promise((done) => {
        const socket = tls.connect({ port, host: '127.0.0.1', ca, servername: 'localhost' }, () => {
            socket.destroy();
            done(true);
        });
        socket.once('error', () => done(false));
    }));
    return { secure, ca, port };
}

const ask = (session, headers, body) => new Promise((done, fail) => {
    const stream = session.request({ ':authority': 'localhost', ...headers }, { endStream: body === undefined });
    const answer = { body: '' };
    stream.once('response', (fields) => Object.assign(answer, { status: fields[':status'], fields }));
    stream.setEncoding('utf8').on('data', (part) => (answer.body += part));
    stream.once('error', fail);
    stream.once('close', () => done(answer));
    if (body !== undefined) stream.end(body);
});

test('HTTP/2 over TLS: many streams, writes, limits, and a drain that loses none', async () => {
    const { secure, ca, port } = await startTls();
    const session = http2.connect(`https://127.0.0.1:${port}`, { ca, servername: 'localhost' });
    const goaways = [];
    session.on('goaway', (code, last) => goaways.push([code, last]));
    session.on('error', () => {});

    const many = await Promise.all(Array.from({ length: 100 }, (_, i) =>
        ask(session, { ':path': `/rest/v1/things?id=eq.${i % 3 + 1}` })));
    many.forEach(({ status, body }, i) => {
        assert.equal(status, 200);
        assert.equal(JSON.parse(body)[0].id, i % 3 + 1);
    });
    const posted = await ask(session, {
        ':method': 'POST', ':path': '/rest/v1/things', 'content-type': 'application/json', prefer: 'return=representation',
    }, '{"id":4,"name":"four"}');
    assert.equal(posted.status, 201);
    const large = await ask(session, { ':method': 'POST', ':path': '/rest/v1/things' }, Buffer.alloc(2 << 20));
    assert.equal(large.status, 413);
    const long = await ask(session, { ':path': '/livez', 'x-long': 'v'.repeat(40_000) });
    assert.equal(long.status, 431);

    const before = await ask(session, { ':path': '/rest/v1/things?limit=1' });
    assert.equal(before.status, 200);
    const ended = secure.stop();
    await until('the first GOAWAY', () => goaways.length > 0);
    assert.deepEqual(goaways[0], [0, 2 ** 31 - 1]);
    assert.deepEqual(await ended, { code: 0, signal: null });
    session.destroy();
});

test('HTTP/1.1 over TLS serves who doesn\'t speak HTTP/2, and plain text is refused', async () => {
    const { secure, ca, port } = await startTls();
    const text = await new Promise((done, fail) => {
        const socket = tls.connect({ port, host: '127.0.0.1', ca, servername: 'localhost' }, () => {
            assert.equal(socket.alpnProtocol, false);
            socket.write('GET /rest/v1/things?id=eq.1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
        });
        let got = '';
        socket.setEncoding('latin1').on('data', (part) => (got += part));
        socket.once('error', fail);
        socket.once('close', () => done(got));
    });
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
    const plain = await exchange(port, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    assert.doesNotMatch(plain, /^HTTP/);
    assert.deepEqual(await secure.stop(), { code: 0, signal: null });
});

test('a body of many pieces and trailers is one body', async () => {
    const socket = net.connect(server.port, '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1').on('data', (part) => (text += part));
    const body = JSON.stringify({ id: 77, name: 'in pieces' });
    socket.write('POST /rest/v1/things HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n'
        + 'Transfer-Encoding: chunked\r\nExpect: 100-continue\r\nPrefer: return=representation\r\n\r\n');
    await until('100 Continue', () => text.startsWith('HTTP/1.1 100 Continue\r\n\r\n'));
    for (const letter of body) {
        socket.write(`1\r\n${letter}\r\n`);
        await sleep(1);
    }
    socket.write('0\r\nX-Sum: 1\r\n\r\n');
    await until('the answer', () => text.includes('"in pieces"'));
    assert.match(text, /HTTP\/1\.1 201 Created\r\n/);
    socket.destroy();
    assert.equal((await request(`${server.url}/rest/v1/things?id=eq.77`)).json()[0].name, 'in pieces');
});
