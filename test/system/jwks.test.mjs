// SPDX-License-Identifier: Apache-2.0
//
// Signing keys from a URL: fetched, kept fresh, changed without a restart; and what an issuer does
// wrong, which costs nothing of what was there before.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { afterEach, test } from 'node:test';

import { cairn, endAll, freePort, makeFolder, makeProject, startCairn, until } from './harness.mjs';

afterEach(endAll);

const secret = 'a secret of the system tests, longer than 32 bytes';
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const tables = { '0001_notes.sql': `CREATE TABLE notes (id int PRIMARY KEY); INSERT INTO notes VALUES (1);` };

function makeKey(kid) {
    const pair = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return { kid, pair, jwk: { ...pair.publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'ES256' } };
}

function sign(key, claims = { role: 'service_role' }, header = { alg: 'ES256', kid: key.kid }) {
    const input = `${encode(header)}.${encode(claims)}`;
    const signature = crypto.sign('sha256', Buffer.from(input), { key: key.pair.privateKey, dsaEncoding: 'ieee-p1363' });
    return { headers: { Authorization: `Bearer ${input}.${signature.toString('base64url')}` } };
}

function signSecretly(claims) {
    const input = `${encode({ alg: 'HS256' })}.${encode(claims)}`;
    return { headers: { Authorization: `Bearer ${input}.${crypto.createHmac('sha256', secret).update(input).digest('base64url')}` } };
}

/** An issuer's server: answer(request, response) may be changed; asked counts. */
async function startIssuer(t, { keys = [], tls, port = 0 } = {}) {
    const issuer = { keys, asked: 0, headers: {} };
    issuer.publish = (request, response) => {
        response.writeHead(200, { 'Content-Type': 'application/json', ...issuer.headers });
        response.end(JSON.stringify({ keys: issuer.keys.map((key) => key.jwk) }));
    };
    issuer.answer = issuer.publish;
    const handler = (request, response) => {
        issuer.asked++;
        issuer.answer(request, response);
    };
    const server = tls ? https.createServer(tls, handler) : http.createServer(handler);
    await new Promise((done) => server.listen(port, '127.0.0.1', done));
    t.after(() => {
        server.closeAllConnections();
        server.close();
    });
    issuer.port = server.address().port;
    issuer.url = `${tls ? 'https' : 'http'}://${tls ? 'localhost' : '127.0.0.1'}:${issuer.port}/keys.json`;
    return issuer;
}

const start = (url, env = {}, options = {}) => startCairn({
    project: makeProject({ migrations: tables, yaml: 'stage: mvp\n' }),
    env: { CAIRN_AUTH_JWKS: url, CAIRN_AUTH_JWT_SECRET: secret, CAIRN_SERVER_THREADS: '2', ...env },
    ...options,
});

const failures = (server) => server.logLines.filter((line) => line.event === 'jwks_failed');

/** Has cairn ask again; resolves when it has. */
async function askAgain(server, issuer) {
    const before = (await server.request('/metrics')).text;
    server.child.kill('SIGHUP');
    const count = (text) => [...text.matchAll(/^cairn_jwks_fetches_total\{.*\} (\d+)$/gm)]
        .reduce((sum, [, number]) => sum + Number(number), 0);
    await until('the keys to be asked for', async () =>
        count((await server.request('/metrics')).text) > count(before), 20_000);
    return issuer.asked;
}

for (const engine of ['sqlite', 'postgres']) {
    test(`${engine}: a key that is new at the URL is taken with the first token that names it`, async (t) => {
        const [first, second, unknown] = [makeKey('one'), makeKey('two'), makeKey('three')];
        const issuer = await startIssuer(t, { keys: [first] });
        const server = await start(issuer.url, {}, { engine });
        if (engine === 'postgres') {
            await server.postgres.sql(`DO $do$ BEGIN CREATE ROLE service_role NOLOGIN BYPASSRLS;
                EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $do$;
                GRANT SELECT ON notes TO service_role`, server.database);
        }
        assert.equal(issuer.asked, 1);
        assert.equal((await server.request('/rest/v1/notes', sign(first))).status, 200);
        assert.equal((await server.request('/rest/v1/notes', signSecretly({ role: 'service_role' }))).status, 200);
        assert.equal((await server.request('/rest/v1/notes', sign(first, undefined, { alg: 'ES256' }))).status, 200);
        // A name that is there, with another signature: no reason to ask.
        const forged = await server.request('/rest/v1/notes', sign(unknown, undefined, { alg: 'ES256', kid: 'one' }));
        assert.equal(forged.status, 401);
        assert.equal(forged.json().details, 'None of the keys was able to decode the JWT');
        assert.equal(issuer.asked, 1);
        issuer.keys = [first, second];
        assert.equal((await server.request('/rest/v1/notes', sign(second))).status, 200);
        assert.equal((await server.request('/rest/v1/notes', sign(first))).status, 200);
        assert.equal(issuer.asked, 2);
        // Gone there, gone here.
        issuer.keys = [second];
        await askAgain(server, issuer);
        const gone = await server.request('/rest/v1/notes', sign(first));
        assert.equal(gone.status, 401, gone.text);
        assert.equal(gone.json().code, 'PGRST301');
        assert.equal(gone.json().details, 'No suitable key was found to decode the JWT');
        const asked = issuer.asked;
        for (let i = 0; i < 20; i++) {
            assert.equal((await server.request('/rest/v1/notes', sign(unknown, { role: 'service_role', i }))).status, 401);
        }
        assert.equal(issuer.asked, asked, 'tokens with unknown keys make it ask at most once in a while');
    });
}

test('a token that names an unknown key waits until the issuer was asked', async (t) => {
    const [first, second] = [makeKey('one'), makeKey('two')];
    const issuer = await startIssuer(t, { keys: [first] });
    const server = await start(issuer.url);
    issuer.keys = [first, second];
    let release;
    issuer.answer = (request, response) => (release = () => issuer.publish(request, response));
    const waiting = Array.from({ length: 8 }, () => server.request('/rest/v1/notes', sign(second)));
    await until('the issuer to be asked', () => release !== undefined);
    // Nobody else waits.
    assert.equal((await server.request('/rest/v1/notes', sign(first))).status, 200);
    assert.equal((await server.request('/rest/v1/notes')).status, 401);
    release();
    for (const answer of await Promise.all(waiting)) assert.equal(answer.status, 200, answer.text);
    assert.equal(issuer.asked, 2);
});

test('a URL that is down at the start: other tokens work, and its own do once it is up', async (t) => {
    const key = makeKey('one');
    const port = await freePort();
    const server = await start(`http://127.0.0.1:${port}/keys.json`);
    assert.equal(failures(server).length, 1);
    assert.equal((await server.request('/rest/v1/notes', signSecretly({ role: 'service_role' }))).status, 200);
    const early = await server.request('/rest/v1/notes', sign(key));
    assert.equal(early.status, 503, early.text);
    assert.equal(early.json().code, 'CAIRN-KEYS');
    assert.ok(early.headers['retry-after']);
    await startIssuer(t, { keys: [key], port });
    await until('the keys to be there', async () =>
        (await server.request('/rest/v1/notes', sign(key))).status === 200, 20_000);
});

test('whatever the URL answers, the keys of before stay', async (t) => {
    const key = makeKey('one');
    const issuer = await startIssuer(t, { keys: [key] });
    const elsewhere = await startIssuer(t, { keys: [makeKey('evil')] });
    const server = await start(issuer.url);
    const answers = [
        ['garbage', (q, r) => r.end('<html>'), /not JSON/],
        ['no keys', (q, r) => r.end('{"keys":[]}'), /no key/],
        ['no set', (q, r) => r.end('{"keys":7}'), /not a JWK set/],
        ['nothing', (q, r) => r.end(), /not JSON/],
        ['a secret', (q, r) => r.end(JSON.stringify({ keys: [{ kty: 'oct', k: 'A'.repeat(64) }] })), /no key/],
        ['an error', (q, r) => r.writeHead(500).end('{}'), /answers 500/],
        ['a redirect', (q, r) => r.writeHead(302, { Location: elsewhere.url }).end(), /leads elsewhere/],
        ['too much', (q, r) => r.end(`{"keys":[${' '.repeat(1 << 21)}]}`), /larger than 1 MiB/],
        ['a short answer', (q, r) => {
            r.writeHead(200, { 'Content-Length': '1000' }).write('{"keys":[');
            setTimeout(() => r.destroy(), 50);
        }, /./],
        ['a reset', (q, r) => r.socket.destroy(), /./],
        ['not modified, though nobody asked', (q, r) => r.writeHead(304).end(), /leads elsewhere/],
        ['a hang', () => {}, /[Tt]ime/],
    ];
    for (const [name, answer, message] of answers) {
        const before = failures(server).length;
        issuer.answer = answer;
        const started = Date.now();
        await askAgain(server, issuer);
        assert.ok(Date.now() - started < 30_000, `${name} is bounded in time`);
        await until(`a line in the log: ${name}`, () => failures(server).length > before);
        assert.match(failures(server).at(-1).message, message, name);
        assert.equal(failures(server).at(-1).keys_kept, 1);
        assert.equal((await server.request('/rest/v1/notes', sign(key))).status, 200, name);
    }
    assert.equal(elsewhere.asked, 0);
    issuer.answer = issuer.publish;
    await askAgain(server, issuer);
    assert.match((await server.request('/metrics')).text, /^cairn_jwks_keys 1$/m);
});

test('a hanging URL delays neither requests nor the end', async (t) => {
    const key = makeKey('one');
    const issuer = await startIssuer(t, { keys: [key] });
    const server = await start(issuer.url);
    let over = false;
    issuer.answer = (question) => question.socket.once('close', () => (over = true));
    const asked = issuer.asked;
    server.child.kill('SIGHUP');
    await until('the issuer to be asked', () => issuer.asked > asked);
    const started = Date.now();
    assert.equal((await server.request('/rest/v1/notes', sign(key))).status, 200);
    assert.equal(over, false, 'the request was answered when the issuer had not');
    for (let i = 0; i < 20; i++) assert.equal((await server.request('/rest/v1/notes', sign(key))).status, 200);
    const { code } = await server.stop();
    assert.equal(code, 0);
    assert.ok(Date.now() - started < 25_000, `ended after ${Date.now() - started} ms`);
});

test('what is not modified is not read again', async (t) => {
    const issuer = await startIssuer(t, { keys: [makeKey('one')] });
    issuer.headers = { ETag: '"v1"', 'Cache-Control': 'max-age=300' };
    const conditions = [];
    issuer.answer = (request, response) => {
        conditions.push(request.headers['if-none-match']);
        if (request.headers['if-none-match'] === '"v1"') response.writeHead(304).end();
        else issuer.publish(request, response);
    };
    const server = await start(issuer.url);
    await askAgain(server, issuer);
    assert.deepEqual(conditions, [undefined, '"v1"']);
    assert.match((await server.request('/metrics')).text, /^cairn_jwks_fetches_total\{result="same"\} 1$/m);
    assert.equal((await server.request('/rest/v1/notes', sign(issuer.keys[0]))).status, 200);
    assert.equal(server.logLines.find((line) => line.event === 'jwks_loaded').fresh_s, 300);
});

test('TLS is verified, and a redirect stays with it', async (t) => {
    const folder = makeFolder('issuer');
    assert.equal((await cairn(['init', 'issuer'], { cwd: folder })).code, 0);
    const file = (name) => path.join(folder, 'issuer/.cairn/tls', name);
    const tls = { cert: fs.readFileSync(file('cert.pem')), key: fs.readFileSync(file('key.pem')) };
    const key = makeKey('one');
    const issuer = await startIssuer(t, { keys: [key], tls });
    const plain = await startIssuer(t, { keys: [makeKey('evil')] });
    const untrusting = await start(issuer.url);
    assert.match(failures(untrusting)[0].message, /certificate/);
    assert.equal((await untrusting.request('/rest/v1/notes', sign(key))).status, 503);
    assert.equal(issuer.asked, 0);

    const server = await start(issuer.url, { CAIRN_AUTH_JWKS_CA: file('cert.pem') });
    assert.equal((await server.request('/rest/v1/notes', sign(key))).status, 200);
    const moved = makeKey('two');
    issuer.answer = (request, response) => {
        if (request.url === '/moved') return issuer.publish(request, response);
        return response.writeHead(307, { Location: '/moved' }).end();
    };
    issuer.keys = [key, moved];
    await askAgain(server, issuer);
    assert.equal((await server.request('/rest/v1/notes', sign(moved))).status, 200);
    for (const location of [plain.url, 'file:///etc/passwd', `${issuer.url}?again`]) {
        const before = failures(server).length;
        issuer.answer = (request, response) => response.writeHead(302, { Location: location }).end();
        await askAgain(server, issuer);
        await until('a line in the log', () => failures(server).length > before);
        assert.equal((await server.request('/rest/v1/notes', sign(key))).status, 200);
    }
    assert.equal(plain.asked, 0);
    const named = await start(issuer.url.replace('localhost', '127.0.0.2'), { CAIRN_AUTH_JWKS_CA: file('cert.pem') });
    assert.equal(failures(named).length, 1, 'a certificate for another name');
});

test('what auth.jwks may be: a URL by https, a file, or the set itself', async () => {
    const key = makeKey('one');
    const set = JSON.stringify({ keys: [key.jwk] });
    for (const value of [set, JSON.stringify(key.jwk), 'keys/set.json']) {
        const project = makeProject({ migrations: tables, yaml: 'stage: mvp\n', files: { 'keys/set.json': set } });
        const server = await start(value, {}, { project });
        assert.equal((await server.request('/rest/v1/notes', sign(key))).status, 200, value);
        await server.stop();
    }
    const project = makeProject();
    for (const url of ['http://keys.example/set', 'ftp://keys.example/set', 'https:///set', 'https://a:b@keys.example/',
        'http://127.0.0.1.example/', 'https://keys.example/a b']) {
        const { code, stderr } = await cairn(['config', 'check'], { cwd: project, env: { CAIRN_AUTH_JWKS: url } });
        assert.equal(code, 4, url);
        assert.match(stderr, /auth\.jwks/, url);
        assert.doesNotMatch(stderr, /a:b/);
    }
    const shown = await cairn(['config', 'show'], { cwd: project, env: { CAIRN_AUTH_JWKS: set } });
    assert.match(shown.stdout, /^auth\.jwks +\*\*\*/m);
});
