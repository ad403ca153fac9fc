// SPDX-License-Identifier: Apache-2.0
//
// The process: start, drain, stop, two at a time, health, metrics, log.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { afterEach, test } from 'node:test';

import {
    cairn, engines, freePort, json, makeProject, request, sleep, startCairn, startPostgres, until, endAll,
} from './harness.mjs';
import { Ledger, ledgerSql, manyRows } from './load.mjs';

afterEach(endAll);

const project = (more = {}) => makeProject({ migrations: { '0001_entries.sql': ledgerSql }, ...more });

/**
 * A client on one connection that asks until it is told to close. Its result: how many answers it got,
 * and how it ended ('told' is right; anything else lost a request).
 */
function persistentReader(server, target) {
    return new Promise((done) => {
        const socket = net.connect(server.port, '127.0.0.1');
        const result = { answers: 0, bad: 0, end: null };
        const ask = `GET ${target} HTTP/1.1\r\nHost: t\r\n\r\n`;
        let text = '';
        socket.setEncoding('latin1');
        socket.on('data', (part) => {
            text += part;
            for (;;) {
                const end = text.indexOf('\r\n\r\n');
                if (end < 0) return;
                const head = text.slice(0, end);
                const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
                if (text.length < end + 4 + length) return;
                text = text.slice(end + 4 + length);
                result.answers++;
                if (!head.startsWith('HTTP/1.1 200')) result.bad++;
                if (/^connection: *close/im.test(head)) {
                    result.end = 'told';
                    socket.end();
                    return;
                }
                socket.write(ask);
            }
        });
        socket.once('error', (error) => (result.end ??= error.code));
        socket.once('close', () => {
            result.end ??= 'cut';
            done(result);
        });
        socket.once('connect', () => socket.write(ask));
    });
}

for (const engine of engines) {
    test(`SIGTERM under load loses no request and no acknowledged row: ${engine}`, async (t) => {
        const server = await startCairn({ engine, project: project(), env: manyRows });
        const ledger = new Ledger(server).start();
        const readers = Array.from({ length: 16 }, () => persistentReader(server, '/rest/v1/entries?limit=1'));
        await until('some writes', () => ledger.acknowledged.size > 200);

        const exit = server.stop();
        const results = await Promise.all(readers);
        const how = await exit;
        await ledger.stop();

        assert.deepEqual(how, { code: 0, signal: null }, server.log.slice(-3000));
        const lost = results.filter(({ end, bad }) => end !== 'told' || bad > 0);
        assert.deepEqual(lost, [], 'readers that lost a request');
        assert.deepEqual(ledger.broken, [], 'writers that were cut');
        assert.deepEqual(ledger.refused, []);
        t.diagnostic(`${results.reduce((n, r) => n + r.answers, 0)} reads, ${ledger.acknowledged.size} writes`);

        await server.startAgain();
        await ledger.check();
        await server.stop();
    });
}

/** Sends the head and the first half of a POST: { finish() → the answer's text, socket }. */
async function halfPost(server) {
    const body = JSON.stringify({ client: 1, seq: 1 });
    const socket = net.connect(server.port, '127.0.0.1');
    socket.setEncoding('latin1');
    let text = '';
    socket.on('data', (part) => (text += part));
    socket.on('error', () => {});
    const closed = new Promise((done) => socket.once('close', done));
    await new Promise((done) => socket.once('connect', done));
    socket.write('POST /rest/v1/entries HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n'
        + `Content-Length: ${body.length}\r\n\r\n${body.slice(0, 10)}`);
    await sleep(100);
    return {
        socket,
        async finish() {
            socket.write(body.slice(10));
            await closed;
            return text;
        },
    };
}

test('SIGTERM lets a request finish whose body is still on its way', async () => {
    const server = await startCairn({ project: project(), env: { CAIRN_HTTP_BODY_MIN_RATE: '0' } });
    const half = await halfPost(server);
    const exit = server.stop();
    await until('the drain to begin', () => server.logLines.some((line) => line.event === 'draining'));
    await sleep(1500); // longer than idle connections are kept
    assert.ok(server.isRunning, 'it did not wait');
    const text = await half.finish();
    assert.match(text, /^HTTP\/1\.1 201 Created\r\n/);
    assert.match(text, /^connection: close/im);
    assert.deepEqual(await exit, { code: 0, signal: null });
});

test('a server on its way out refuses new connections at once', async () => {
    const server = await startCairn({ project: project(), env: { CAIRN_HTTP_BODY_MIN_RATE: '0' } });
    const half = await halfPost(server);
    const exit = server.stop();
    await until('the drain to begin', () => server.logLines.some((line) => line.event === 'draining'));
    await until('connections to be refused', () =>
        request(`${server.url}/livez`, { timeout: 1000 }).then(() => false, (error) => error.code === 'ECONNREFUSED'));
    assert.ok(server.isRunning);
    await half.finish();
    assert.deepEqual(await exit, { code: 0, signal: null });
});

test('the drain ends when its time is up', async () => {
    const server = await startCairn({ project: project(), env: { CAIRN_SERVER_DRAIN_TIMEOUT: '1s' } });
    const half = await halfPost(server);
    const start = Date.now();
    await server.stop();
    assert.ok(Date.now() - start < 20_000, `took ${Date.now() - start} ms`);
    half.socket.destroy();
});

test('a second signal ends at once', async () => {
    const server = await startCairn({ project: project(), env: { CAIRN_HTTP_BODY_MIN_RATE: '0' } });
    const half = await halfPost(server);
    server.child.kill('SIGTERM');
    await sleep(500);
    assert.ok(server.isRunning, 'the first signal must wait for the request');
    const start = Date.now();
    server.child.kill('SIGTERM');
    await server.exited;
    assert.ok(Date.now() - start < 20_000, `took ${Date.now() - start} ms`);
    half.socket.destroy();
    await server.stop();
});

test('SIGINT drains as SIGTERM does', async () => {
    const server = await startCairn({ project: project() });
    server.child.kill('SIGINT');
    assert.deepEqual(await server.exited, { code: 0, signal: null });
    await server.stop();
});

test('a signal to the whole group of processes counts once, as from a terminal or timeout(1)', async () => {
    for (const signal of ['SIGINT', 'SIGTERM']) {
        const server = await startCairn({ project: project(), env: { CAIRN_HTTP_BODY_MIN_RATE: '0' } });
        const half = await halfPost(server);
        server.signalGroup(signal);
        await sleep(400);
        assert.ok(server.isRunning, `${signal} cut a request`);
        assert.match(await half.finish(), /^HTTP\/1\.1 201 /);
        assert.deepEqual(await server.exited, { code: 0, signal: null });
        await server.stop();
    }
});

test('two that start at once on one PostgreSQL apply the migrations once', async () => {
    const postgres = await startPostgres();
    const database = await postgres.createDatabase();
    const sql = `${ledgerSql}\nCREATE TABLE marks (at text);\nINSERT INTO marks VALUES ('applied');\n`;
    const servers = await Promise.all([1, 2, 3].map(() => startCairn({
        engine: 'postgres', postgres, database, project: makeProject({ migrations: { '0001_a.sql': sql } }),
    })));
    for (const server of servers) {
        assert.equal((await server.request('/rest/v1/marks')).text, '[{"at":"applied"}]');
    }
    await Promise.all(servers.map((server) => server.stop()));
});

test('two that migrate one SQLite file at once apply the migrations once', async () => {
    const folder = makeProject({
        migrations: { '0001_a.sql': "CREATE TABLE marks (at text);\nINSERT INTO marks VALUES ('applied');\n" },
    });
    const env = { CAIRN_DATABASE_URL: 'sqlite:data/test.db' };
    const both = await Promise.all([1, 2, 3].map(() => cairn(['migrate', 'up'], { cwd: folder, env })));
    for (const { code, stderr } of both) assert.equal(code, 0, stderr);
    const server = await startCairn({ project: folder });
    assert.equal((await server.request('/rest/v1/marks')).text, '[{"at":"applied"}]');
    await server.stop();
});

test('a second server on the same SQLite file takes turns, or says what is in its way', async () => {
    const folder = project();
    const first = await startCairn({ project: folder, env: manyRows });
    const ledger = new Ledger(first, { clients: 4 }).start();
    await until('some writes', () => ledger.acknowledged.size > 20);
    const second = await startCairn({ project: folder, ready: false });
    const how = await Promise.race([
        second.exited, second.waitReady(15_000).then(() => 'ready', () => 'neither'),
    ]);
    assert.notEqual(how, 'neither', 'it neither served nor ended');
    if (how === 'ready') {
        for (let seq = 0; seq < 5; seq++) {
            const answer = await second.request('/rest/v1/entries', json('POST', { client: 100, seq }));
            assert.equal(answer.status, 201, answer.text);
        }
    } else {
        assert.notEqual(how.code, 0);
        assert.match(second.log, /test\.db/);
        assert.match(second.log, /another|lock|in use|process/i);
    }
    const before = ledger.acknowledged.size;
    await until('the first one to go on', () => ledger.acknowledged.size > before + 20);
    await ledger.stop();
    assert.deepEqual(ledger.refused, []);
    const stored = new Set(await ledger.stored());
    assert.deepEqual([...ledger.acknowledged].filter((row) => !stored.has(row)), []);
    assert.equal([...stored].filter((row) => row.startsWith('100/')).length, how === 'ready' ? 5 : 0);
    await second.stop();
    await first.stop();
});

test('a port in use is said clearly', async () => {
    const first = await startCairn({ project: project() });
    const second = await startCairn({ project: project(), port: first.port, ready: false });
    const how = await second.exited;
    assert.notEqual(how.code, 0);
    assert.equal(how.signal, null);
    assert.match(second.stderr, new RegExp(`127\\.0\\.0\\.1:${first.port}`));
    assert.match(second.stderr, /in use/i);
    await second.stop();
    assert.equal((await first.request('/livez')).status, 200);
    await first.stop();
});

test('port 0 takes a free port and says which', async () => {
    const server = await startCairn({ project: project(), port: 0, ready: false });
    const port = await until('the port in the log', () =>
        /127\.0\.0\.1:([1-9]\d*)/.exec(server.log)?.[1]);
    await until('readyz', () => request(`http://127.0.0.1:${port}/readyz`).then((r) => r.status === 200, () => false));
    await server.stop();
});

test('health: livez asks nothing, readyz asks the database, healthz is the same', async () => {
    for (const engine of engines) {
        const server = await startCairn({ engine, project: project() });
        for (const target of ['/livez', '/readyz', '/healthz']) {
            const answer = await server.request(target);
            assert.equal(answer.status, 200, target);
            assert.equal((await server.request(target, { method: 'HEAD' })).status, 200, target);
        }
        assert.equal((await server.request('/readyz', { method: 'POST' })).status, 405);
        await server.stop();
    }
});

/** Prometheus' text form → Map of series to value; throws where the form is broken. */
function parseMetrics(text) {
    const series = new Map();
    const types = new Map();
    for (const line of text.split('\n')) {
        if (line === '') continue;
        const meta = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/.exec(line);
        if (meta) {
            if (meta[1] === 'TYPE') {
                assert.ok(!types.has(meta[2]), `two TYPE lines for ${meta[2]}`);
                types.set(meta[2], meta[3]);
            }
            continue;
        }
        const sample = /^([a-zA-Z_:][\w:]*(?:\{(?:\w+="(?:[^"\\\n]|\\.)*",?)*\})?) (\S+)$/.exec(line);
        assert.ok(sample, `not a sample: ${line}`);
        assert.ok(!series.has(sample[1]), `twice: ${sample[1]}`);
        series.set(sample[1], Number(sample[2]));
        assert.ok(!Number.isNaN(series.get(sample[1])) || sample[2] === 'NaN', line);
    }
    return { series, types };
}

test('metrics count what happened, in a form that Prometheus reads', async () => {
    const server = await startCairn({ project: project() });
    for (let seq = 0; seq < 5; seq++) {
        await server.request('/rest/v1/entries', json('POST', { client: 1, seq }));
    }
    for (let i = 0; i < 7; i++) await server.request('/rest/v1/entries?limit=1');
    await server.request('/rest/v1/nothing');
    const answer = await server.request('/metrics');
    assert.equal(answer.status, 200);
    assert.match(answer.headers['content-type'], /^text\/plain; version=0\.0\.4/);

    const { series, types } = parseMetrics(answer.text);
    const sum = (name, label = '') => [...series].filter(([key]) => key.startsWith(`${name}{`) && key.includes(label))
        .reduce((total, [, value]) => total + value, 0);
    assert.equal(sum('cairn_http_requests_total', 'status="201"'), 5);
    assert.equal(sum('cairn_http_requests_total', 'status="404"'), 1);
    assert.ok(sum('cairn_http_requests_total', 'status="200"') >= 7);
    assert.equal(types.get('cairn_http_request_duration_seconds'), 'histogram');
    assert.ok(series.get('cairn_db_commit_group_size_count') >= 5);
    assert.ok(series.get('process_resident_memory_bytes') > 1e6);
    assert.ok(series.get('process_open_fds') > 3);
    for (const [name, type] of types) {
        if (type !== 'histogram') continue;
        const buckets = [...series].filter(([key]) => key.startsWith(`${name}_bucket`) && key.includes('le="+Inf"'));
        const counts = [...series].filter(([key]) => key === `${name}_count` || key.startsWith(`${name}_count{`));
        assert.deepEqual(buckets.map(([, v]) => v), counts.map(([, v]) => v), `${name}: +Inf is not the count`);
    }
    await server.stop();
});

test('every request leaves one JSON line, on stdout and in the file, with its id and trace', async () => {
    const folder = project();
    const server = await startCairn({ project: folder });
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    await server.request('/rest/v1/entries?limit=1', {
        headers: { 'X-Request-Id': 'my-id-17', traceparent: `00-${trace}-00f067aa0ba902b7-01` },
    });
    await server.request('/rest/v1/nothing', { headers: { 'X-Request-Id': 'my-id-18' } });
    await server.request('/rest/v1/nothing');
    await server.stop();

    for (const line of server.stdout.trim().split('\n')) {
        assert.doesNotThrow(() => JSON.parse(line), `not JSON: ${line}`);
    }
    const mine = server.logLines.filter((line) => JSON.stringify(line).includes('my-id-17'));
    assert.equal(mine.length, 1, 'one line per request');
    assert.match(JSON.stringify(mine[0]), new RegExp(trace));
    assert.match(JSON.stringify(mine[0]), /"status":200/);
    const other = server.logLines.filter((line) => JSON.stringify(line).includes('my-id-18'));
    assert.equal(other.length, 1);
    assert.match(JSON.stringify(other[0]), /"status":404/);
    const ids = server.logLines.filter((line) => line.event === 'request').map((line) => line.request_id);
    assert.ok(ids.every((id) => typeof id === 'string' && id.length > 0), 'a request without an id');
    assert.equal(new Set(ids).size, ids.length, 'an id was given twice');
    const files = fs.readdirSync(path.join(folder, 'log'));
    assert.ok(files.length > 0, 'no log file');
    assert.match(fs.readFileSync(path.join(folder, 'log', files[0]), 'utf8'), /my-id-17/);
});

test('at the level debug statements are shown with their request, without a value', async () => {
    const server = await startCairn({ project: project(), env: { CAIRN_LOG_LEVEL: 'debug' } });
    const headers = { 'X-Request-Id': 'my-id-19' };
    const read = await server.request('/rest/v1/entries?note=eq.between-us&limit=1', { headers });
    assert.equal(read.status, 200);
    await server.stop();
    const statements = server.logLines.filter((line) => line.event === 'statement' && line.request_id === 'my-id-19');
    assert.equal(statements.length, 1);
    assert.match(statements[0].sql, /^SELECT .* FROM /s);
    assert.ok(statements[0].params >= 1 && statements[0].write === false);
    assert.doesNotMatch(statements[0].sql, /between-us/);
});

test('an id that could forge a log line is replaced', async () => {
    const server = await startCairn({ project: project() });
    await server.request('/rest/v1/entries', { headers: { 'X-Request-Id': '"},{"x":"' } });
    await server.stop();
    for (const line of server.stdout.trim().split('\n')) JSON.parse(line);
    const mine = server.logLines.filter((line) => line.path === '/rest/v1/entries');
    assert.equal(mine.length, 1);
    assert.doesNotMatch(mine[0].request_id, /["{}]/);
});

test('the log file is turned when it is full', async () => {
    const folder = project();
    const server = await startCairn({
        project: folder, env: { CAIRN_LOG_ROTATE_SIZE: '64KiB', CAIRN_LOG_ROTATE_KEEP: '2' },
    });
    const agent = new http.Agent({ keepAlive: true });
    for (let i = 0; i < 1500; i++) await server.request(`/rest/v1/entries?limit=${i}`, { agent });
    agent.destroy();
    await server.stop();
    const files = fs.readdirSync(path.join(folder, 'log')).sort();
    assert.equal(files.length, 3, files.join(' '));
    for (const file of files) {
        assert.ok(fs.statSync(path.join(folder, 'log', file)).size <= 80 << 10, file);
    }
});

test('two thousand connections that do nothing cost little, and others are served meanwhile', async (t) => {
    const server = await startCairn({ project: project() });
    const before = memoryOf(server.pid);
    const count = 2_000;
    const sockets = [];
    for (let i = 0; i < count; i++) {
        const socket = net.connect(server.port, '127.0.0.1');
        socket.on('error', () => {});
        sockets.push(socket);
        if (i % 200 === 199) await new Promise((done) => socket.once('connect', done));
    }
    await Promise.all(sockets.map((socket) => new Promise((done) => {
        socket.once('data', done);
        socket.write('GET /livez HTTP/1.1\r\nHost: t\r\n\r\n');
    })));
    const each = (memoryOf(server.pid) - before) / count;
    t.diagnostic(`${Math.round(each)} bytes for each of ${count} idle connections`);
    assert.ok(each < 16 << 10, `${each} bytes per connection`);
    assert.equal((await server.request('/readyz')).status, 200);
    for (const socket of sockets) socket.destroy();
    await server.stop();
});

/** Resident bytes of a process and its children. */
function memoryOf(pid) {
    const own = Number(/VmRSS:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
    const children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
    return children.reduce((total, child) => total + memoryOf(Number(child)), own);
}

test('a slow head is cut off, and nothing else suffers', async () => {
    const server = await startCairn({ project: project(), env: { CAIRN_HTTP_HEADER_TIMEOUT: '500ms' } });
    const socket = net.connect(server.port, '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1').on('data', (part) => (text += part));
    socket.on('error', () => {});
    const closed = new Promise((done) => socket.once('close', done));
    socket.write('GET /livez HTTP/1.1\r\nHost');
    const start = Date.now();
    await closed;
    assert.ok(Date.now() - start < 30_000);
    assert.match(text, /^HTTP\/1\.1 408 /);
    assert.equal((await server.request('/livez')).status, 200);
    await server.stop();
});

test('start to ready is quick', async (t) => {
    const folder = project();
    await (await startCairn({ project: folder })).stop();
    const start = process.hrtime.bigint();
    const server = await startCairn({ project: folder, port: await freePort() });
    const ms = Number(process.hrtime.bigint() - start) / 1e6;
    t.diagnostic(`${ms.toFixed(0)} ms`);
    assert.ok(ms < 1_000, `${ms} ms`);
    await server.stop();
});
