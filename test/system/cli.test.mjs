// SPDX-License-Identifier: Apache-2.0
//
// The command line: what a person types in the first minutes, and what scripts rely on.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { afterEach, test } from 'node:test';

import { cairn, json, makeFolder, startCairn, until, endAll } from './harness.mjs';

afterEach(endAll);

const version = fs.readFileSync(new URL('../../VERSION', import.meta.url), 'utf8').trim();

test('version says which, in text and as JSON', async () => {
    const text = await cairn(['version']);
    assert.equal(text.code, 0);
    assert.match(text.stdout, new RegExp(`cairn ${version.replaceAll('.', '\\.')}`));
    assert.equal(text.stderr, '');
    assert.equal(JSON.parse((await cairn(['version', '--json'])).stdout).version, version);
});

test('help names every command, and explains each', async () => {
    const list = await cairn(['help']);
    assert.equal(list.code, 0);
    for (const name of ['init', 'dev', 'serve', 'migrate', 'config', 'keys', 'openapi', 'version', 'help']) {
        assert.match(list.stdout, new RegExp(`\\b${name}\\b`));
        const one = await cairn(['help', name]);
        assert.equal(one.code, 0, one.stderr);
        assert.ok(one.stdout.length > 60, name);
        assert.equal((await cairn([name, '--help'])).code, 0, name);
    }
});

test('an unknown command ends with 4 and a suggestion', async () => {
    const { code, stderr, stdout } = await cairn(['serv']);
    assert.equal(code, 4);
    assert.match(stderr, /serv/);
    assert.match(stderr, /serve/);
    assert.equal(stdout, '');
});

test('a service with a defect is served by a name that there is, at an address that was given', async () => {
    const env = { CAIRN_LISTEN: '127.0.0.1:1' };
    for (const [args, text] of [
        [['nope'], /unable to serve with 'nope': there is no such defect\n.*detection\.md/],
        [['no-request'], /did you mean no-request-id\?/],
        [['crashed'], /it is a defect of files, not of a service/],
        [['slow', 'check'], /'check': it is no command that serves/],
    ]) {
        const { code, stderr } = await cairn(['defect', ...args], { env });
        assert.equal(code, 4);
        assert.match(stderr, text);
    }
    assert.match((await cairn(['defect', 'slow'])).stderr, /CAIRN_LISTEN doesn't say where/);
});

test('nothing that people read has colours when it is no terminal', async () => {
    for (const args of [['help'], ['version'], ['config', 'show'], ['nonsense']]) {
        const { stdout, stderr } = await cairn(args);
        // eslint-disable-next-line no-control-regex
        assert.doesNotMatch(stdout + stderr, /\x1b/, args.join(' '));
    }
});

test('init makes a project that starts, with nothing secret under version control', async () => {
    const folder = makeFolder();
    const made = await cairn(['init', 'shop'], { cwd: folder });
    assert.equal(made.code, 0, made.stderr);
    const shop = path.join(folder, 'shop');
    for (const file of ['cairn.yaml', 'migrations/0001_init.sql', '.env.example', '.gitignore', 'GAPS.md']) {
        assert.ok(fs.existsSync(path.join(shop, file)), file);
    }
    const again = await cairn(['init', 'shop'], { cwd: folder });
    assert.notEqual(again.code, 0);
    assert.match(again.stderr, /shop/);

    execFileSync('git', ['init', '-q'], { cwd: shop });
    const tracked = execFileSync('git', ['ls-files', '-o', '--exclude-standard'], { cwd: shop, encoding: 'utf8' });
    assert.doesNotMatch(tracked, /\.pem|jwt-secret|\.db|(^|\n)\.env(\n|$)/);

    const server = await startCairn({ project: shop, args: ['dev'] });
    assert.equal((await server.request('/readyz')).status, 200);
    await server.stop();
});

test('the certificate of init serves HTTPS, HTTP/2 included', async () => {
    const folder = makeFolder();
    assert.equal((await cairn(['init', 'shop'], { cwd: folder })).code, 0);
    const shop = path.join(folder, 'shop');
    const server = await startCairn({
        project: shop, ready: false,
        args: ['serve', '--tls.cert=.cairn/tls/cert.pem', '--tls.key=.cairn/tls/key.pem'],
    });
    const ca = fs.readFileSync(path.join(shop, '.cairn/tls/cert.pem'));
    const get = () => new Promise((done) => {
        https.get({ host: '127.0.0.1', port: server.port, path: '/readyz', ca, servername: 'localhost', agent: false },
            (response) => response.resume().on('end', () => done(response.statusCode))).on('error', () => done(null));
    });
    await until(`HTTPS; log: ${server.log}`, async () => (await get()) === 200);

    const http2 = await import('node:http2');
    const session = http2.connect(`https://localhost:${server.port}`, { ca });
    const status = await new Promise((done, fail) => {
        session.once('error', fail);
        session.request({ ':path': '/livez' }).once('response', (headers) => done(headers[':status'])).resume();
    });
    assert.equal(status, 200);
    await new Promise((done) => session.close(done));
    await server.stop();
});

test('the way of the README: init, a migration, a row, on SQLite and then on PostgreSQL', async () => {
    for (const engine of ['sqlite', 'postgres']) {
        const folder = makeFolder();
        await cairn(['init', 'shop'], { cwd: folder });
        const shop = path.join(folder, 'shop');
        fs.writeFileSync(path.join(shop, 'migrations/0002_todos.sql'),
            'CREATE TABLE todos (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title text NOT NULL, '
            + 'done boolean NOT NULL DEFAULT false);\n');
        const server = await startCairn({ engine, project: shop });
        const made = await server.request('/rest/v1/todos',
            json('POST', { title: 'write it down' }, { Prefer: 'return=representation' }));
        assert.equal(made.status, 201, made.text);
        assert.equal(made.text, '[{"id":1,"title":"write it down","done":false}]');
        await server.stop();
    }
});

test('config schema is JSON that knows every option', async () => {
    const { code, stdout } = await cairn(['config', 'schema']);
    assert.equal(code, 0);
    const schema = JSON.parse(stdout);
    assert.ok(schema.properties.stage);
    assert.ok(schema.properties.http.properties.body_max);
});
