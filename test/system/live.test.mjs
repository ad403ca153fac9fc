// SPDX-License-Identifier: Apache-2.0
//
// cairn check --live: the running service is asked and, when somebody says so, drilled, without harm.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { binary, cairn, cleanEnvironment, endAll, makeProject, request, startCairn, startPostgres, until } from './harness.mjs';

after(endAll);

// A view that no statement time-out waits for.
const sql = `CREATE TABLE notes (id bigint PRIMARY KEY);
CREATE TABLE many (id bigint PRIMARY KEY);
INSERT INTO many (id) VALUES ${Array.from({ length: 300 }, (_, i) => `(${i})`).join(', ')};
CREATE VIEW endless AS SELECT count(*) AS n FROM many a, many b, many c, many d;
`;
let server;
let env;

before(async () => {
    server = await startCairn({
        project: makeProject({ migrations: { '0001_notes.sql': sql } }), env: { CAIRN_DATABASE_STATEMENT_TIMEOUT: '100ms' },
    });
    await until('its worker is known', () => running().worker > 0);
    env = { CAIRN_LISTEN: `127.0.0.1:${server.port}` };
});

const check = (...args) => cairn(['check', '--live', '--json', ...args], { cwd: server.project, env, timeout: 120_000 });
const found = ({ stdout }, id) => JSON.parse(stdout).rows.find((row) => row.id === id);
const runFile = (project = server.project) => {
    const folder = path.join(project, '.cairn/run');
    return path.join(folder, fs.readdirSync(folder).find((name) => name.endsWith('.json')));
};
const running = (project) => JSON.parse(fs.readFileSync(runFile(project), 'utf8'));
const isAlive = (pid) => {
    try {
        return process.kill(pid, 0);
    } catch {
        return false;
    }
};

test('what does no harm is asked of the running service, and written nowhere', async () => {
    const worker = running().worker;
    for (const id of ['api-server', 'database-connected', 'error-handling', 'logging', 'metrics', 'api-documented']) {
        const row = found(await check(`--only=${id}`), id);
        assert.match(row.found, /^live: /, id);
        assert.equal(row.status, 'pass', `${id}: ${row.found}`);
    }
    assert.match(found(await check('--only=core-works'), 'core-works').found, /^on a clone: /);
    assert.equal(running().worker, worker, 'nothing was ended');
    assert.equal((await request(`${server.url}/rest/v1/notes`)).body.toString(), '[]');
});

test('a drill needs the right name', async () => {
    const worker = running().worker;
    const wrong = await check('--stage=mvp', '--only=data-persists', '--yes-live=another');
    assert.equal(wrong.code, 4);
    assert.match(wrong.stderr, /the service that runs is 'shop', not 'another'/);
    assert.match((await check('--yes-live=shop', '--only=tls')).stderr, /^$/, 'nothing to be drilled');
    assert.equal(running().worker, worker);
});

test('its worker is replaced, and the history knows that it was a drill', async () => {
    const worker = running().worker;
    const seen = await check('--stage=mvp', '--only=data-persists', '--yes-live=shop');
    assert.match(seen.stderr, /kill -9 of its worker.*about 5 s/);
    assert.match(found(seen, 'data-persists').found, /^live: another worker answered after \d+\.\d+ s.*; on a clone: 0 of /);
    assert.equal(found(seen, 'data-persists').status, 'pass');
    assert.notEqual(running().worker, worker);
    assert.equal(isAlive(worker), false);
    const status = JSON.parse((await cairn(['status', '--json'], { cwd: server.project, env })).stdout);
    assert.equal(status.day.crashes, 0);
    assert.equal(status.instances, 1);
});

test('a process that is no worker of the service is left alone', async () => {
    const other = spawn('sleep', ['60']);
    const sound = fs.readFileSync(runFile(), 'utf8');
    try {
        fs.writeFileSync(runFile(), sound.replace(/"worker": \d+/, `"worker": ${other.pid}`));
        const seen = await check('--stage=mvp', '--only=data-persists', '--yes-live=shop');
        assert.match(found(seen, 'data-persists').found, new RegExp(`live: process ${other.pid} is no worker of process`));
        assert.ok(isAlive(other.pid));
    } finally {
        fs.writeFileSync(runFile(), sound);
        other.kill();
    }
});

test('a drill is given up when its users\' requests fail, and interrupted at once', async () => {
    const connections = async () => Number(/^cairn_http_connections (\d+)/m
        .exec((await request(`${server.url}/metrics`)).body.toString())[1]);
    const start = async () => {
        const child = spawn(binary, ['check', '--live', '--json', '--stage=mvp', '--only=slow-clients', '--yes-live=shop'],
            { cwd: server.project, env: cleanEnvironment(env) });
        let stdout = '';
        child.stdout.on('data', (part) => (stdout += part));
        const ended = new Promise((done) => child.once('close', (code) => done({ code, stdout })));
        await until('the slow clients', async () => await connections() > 100);
        return { child, ended };
    };
    const quiet = () => until('the connections are gone', async () => await connections() < 20);
    // On a slow machine too few of its users may have been answered by the end of the drill.
    let failed = { found: '' };
    for (let i = 0; i < 5 && !failed.found.includes('given up'); i++) {
        await quiet();
        const drill = await start();
        const users = setInterval(() => request(`${server.url}/rest/v1/endless`).catch(() => {}), 20);
        failed = found(await drill.ended, 'slow-clients');
        clearInterval(users);
    }
    assert.match(failed.found, /^live: given up, and the connections closed: \d+ of its users' \d+ requests failed/);
    assert.equal(failed.status, 'gap');

    await quiet();
    const second = await start();
    second.child.kill('SIGINT');
    assert.equal((await second.ended).code, 5);
    await quiet();
    assert.equal((await request(`${server.url}/readyz`)).status, 200);
});

test('over TLS the certificate that it shows is looked at', async () => {
    const made = await cairn(['init', 'over-tls'], { cwd: path.dirname(server.project) });
    assert.equal(made.code, 0, made.stderr);
    const project = path.join(path.dirname(server.project), 'over-tls');
    const child = spawn(binary, ['serve'], { cwd: project, env: cleanEnvironment({
        CAIRN_LISTEN: '127.0.0.1:0', CAIRN_TLS_CERT: '.cairn/tls/cert.pem', CAIRN_TLS_KEY: '.cairn/tls/key.pem',
    }) });
    try {
        const folder = path.join(project, '.cairn/run');
        await until('it runs', () => fs.existsSync(folder) && fs.readdirSync(folder).some((name) => name.endsWith('.json')
            && JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8')).worker > 0));
        const more = { CAIRN_LISTEN: '127.0.0.1:0', CAIRN_TLS_CERT: '.cairn/tls/cert.pem', CAIRN_TLS_KEY: '.cairn/tls/key.pem' };
        const ask = (id) => cairn(['check', '--live', '--json', '--stage=mvp', `--only=${id}`], { cwd: project, env: more, timeout: 60_000 });
        assert.match(found(await ask('tls'), 'tls').found, /^live: it speaks TLSv1\.[23]; /);
        assert.match(found(await ask('api-server'), 'api-server').found, /^live: \/rest\/v1\/ answered/);
        const certificate = found(await ask('certificates-trusted'), 'certificates-trusted');
        assert.equal(certificate.status, 'gap');
        assert.match(certificate.found, /^live: the certificate that it shows is self-signed/);
    } finally {
        child.kill('SIGTERM');
        await new Promise((done) => child.once('close', done));
    }
});

describe('on PostgreSQL', () => {
    const user = `live_${process.pid}`;
    let postgres;
    let own;
    before(async () => {
        postgres = await startPostgres();
        const database = await postgres.createDatabase();
        await postgres.sql(`CREATE ROLE ${user} LOGIN CREATEDB`, 'postgres');
        await postgres.sql(`ALTER DATABASE ${database} OWNER TO ${user}`, 'postgres');
        const url = postgres.url(database).replace('postgres@', `${user}@`);
        const project = makeProject({ migrations: { '0001_notes.sql': 'CREATE TABLE notes (id bigint PRIMARY KEY);\n' } });
        own = await startCairn({ engine: 'postgres', postgres, database, project, env: { CAIRN_DATABASE_URL: url } });
        own.checks = { CAIRN_LISTEN: `127.0.0.1:${own.port}`, CAIRN_DATABASE_URL: url };
        await until('its worker is known', () => running(own.project).worker > 0);
    });
    const ask = (id, ...args) => cairn(['check', '--live', '--json', '--stage=mvp', `--only=${id}`, ...args],
        { cwd: own.project, env: own.checks, timeout: 120_000 });
    /** What of its checks is on the server and in the file system. */
    const left = async (pid) => [
        await postgres.sql(`SELECT string_agg(datname, ' ') FROM pg_database JOIN pg_roles r ON r.oid = datdba
            WHERE datname LIKE 'cairn\\_drill\\_%' AND rolname = '${user}'`, 'postgres'),
        fs.readdirSync('/tmp').filter((name) => name.startsWith(`cairn-drill-${pid}-`)).join(' '),
    ];

    test('the running service is asked beside a clone of which nothing stays', async () => {
        const seen = await ask('latency');
        assert.match(found(seen, 'latency').found, /^live: \/rest\/v1\/notes\?limit=0: p95 .*; on a clone: p50 /);
        const health = await ask('health-truth');
        assert.match(found(health, 'health-truth').found, /^live: alive and ready; on a clone: without data \/readyz turned in /);
        assert.equal(found(health, 'health-truth').status, 'pass');
        assert.deepEqual(await left(health.pid), ['', '']);
    });

    test('interrupted when its worker has just been ended, it waits for the next one, and holds the lock until then', async () => {
        const { worker } = running(own.project);
        const child = spawn(binary, ['check', '--live', '--stage=mvp', '--only=data-persists', '--yes-live=shop'],
            { cwd: own.project, env: cleanEnvironment(own.checks), stdio: 'ignore' });
        const ended = new Promise((done) => child.once('exit', (code) => done(code)));
        const lock = path.join(own.project, '.cairn/check.lock');
        await until('the lock', () => fs.existsSync(lock) && fs.readFileSync(lock, 'utf8').includes(`${child.pid}`));
        const second = await cairn(['check', '--only=documentation'], { cwd: own.project, env: own.checks });
        assert.match(second.stderr, new RegExp(`held by process ${child.pid}`));
        await until('its worker to be gone', () => !isAlive(worker));
        child.kill('SIGINT');
        await until('another worker', () => running(own.project).worker !== worker);
        // It gives up a minute after the worker was ended, when it hasn't seen the next one.
        const end = await Promise.race([ended, new Promise((done) => setTimeout(done, 40_000, 'not yet').unref())]);
        assert.equal(end, 5);
        assert.deepEqual(await left(child.pid), ['', '']);
        await own.waitReady();
    });

    test('whose database is away it is told so, and not drilled', async () => {
        const { worker } = running(own.project);
        await postgres.sql(`ALTER DATABASE ${own.database} ALLOW_CONNECTIONS false`, 'postgres');
        try {
            await until('it to notice', async () => {
                await postgres.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${own.database}'`, 'postgres');
                return (await own.request('/readyz')).status === 503;
            });
            const health = found(await ask('health-truth'), 'health-truth');
            assert.equal(health.status, 'gap');
            assert.equal(health.found, 'live: /livez: 200, /readyz: 503');
            const drill = found(await ask('data-persists', '--yes-live=shop'), 'data-persists');
            assert.match(drill.found, /^live: not begun: \d+ of \d+ requests failed before anything was done/);
            assert.equal(running(own.project).worker, worker);
        } finally {
            await postgres.sql(`ALTER DATABASE ${own.database} ALLOW_CONNECTIONS true`, 'postgres');
        }
        await own.waitReady();
    });
});

test('where nothing runs, that is said, and where it runs instead', async () => {
    const none = await cairn(['check', '--live'], { cwd: server.project, env: { CAIRN_LISTEN: '127.0.0.1:1' } });
    assert.equal(none.code, 4);
    assert.match(none.stderr, new RegExp(`nothing of 'shop' runs at 127\\.0\\.0\\.1:1\\b[^]*it runs at 127\\.0\\.0\\.1:${server.port}`));
    await server.stop();
    const ended = await check();
    assert.match(ended.stderr, /start it with cairn serve/);
});
