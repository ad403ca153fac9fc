// SPDX-License-Identifier: Apache-2.0
//
// Wrong configurations: each is said clearly, all at once, and before anything was touched.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, test } from 'node:test';

import { cairn, cleanEnvironment, freePort, isRoot, makeFolder, makeProject, startCairn, endAll } from './harness.mjs';

afterEach(endAll);

/** name, what differs from a good project, and what stderr must say. All end with code 4. */
const wrong = [
    { name: 'a typo in cairn.yaml', yaml: 'stagee: poc\n', says: [/cairn\.yaml:1/, /stagee/, /stage\b/] },
    { name: 'a typo below a group', yaml: 'http:\n  head_mx: 16KiB\n', says: [/cairn\.yaml:2/, /head_max/] },
    { name: 'a stage that is none', yaml: 'stage: beta\n', says: [/beta/, /poc/, /mvp/, /production/, /scale/] },
    { name: 'a size without sense', yaml: 'http:\n  body_max: lots\n', says: [/body_max/, /lots/] },
    { name: 'a number out of range', yaml: 'database:\n  pool: 0\n', says: [/database\.pool/] },
    { name: 'a duration without a unit that is known', yaml: 'http:\n  idle_timeout: 5 fortnights\n', says: [/idle_timeout/] },
    { name: 'YAML that is none', yaml: 'stage: [poc\n', says: [/cairn\.yaml:\d+/] },
    { name: 'a key that stands twice', yaml: 'stage: poc\nstage: mvp\n', says: [/cairn\.yaml:2/, /stage/] },
    { name: 'a list where a value belongs', yaml: 'stage: [poc]\n', says: [/stage/] },
    { name: 'an environment variable with a wrong value', env: { CAIRN_STAGE: 'prod' }, says: [/CAIRN_STAGE/, /production/] },
    { name: 'an environment variable that is none', env: { CAIRN_DATABASE_URI: 'x' }, says: [/CAIRN_DATABASE_URI/, /CAIRN_DATABASE_URL/] },
    { name: 'a wrong value in .env', files: { '.env': 'CAIRN_STAGE=prod\n' }, says: [/\.env:1/, /prod/] },
    { name: 'a flag that is none', args: ['--stagee=poc'], says: [/stagee/, /stage\b/] },
    { name: 'a database of a kind that is none', env: { CAIRN_DATABASE_URL: 'oracle://x/y' }, says: [/oracle/, /sqlite:/, /postgres:/] },
    { name: 'an address that is none', env: { CAIRN_LISTEN: 'localhost' }, says: [/localhost/] },
    { name: 'a port that is none', env: { CAIRN_LISTEN: '127.0.0.1:70000' }, says: [/70000/] },
    { name: 'a public address without TLS', env: { CAIRN_LISTEN: '0.0.0.0:0' }, says: [/0\.0\.0\.0/, /tls\.cert/, /loopback/] },
    { name: 'a certificate that is not there', yaml: 'tls:\n  cert: none.pem\n  key: none.key\n', says: [/none\.pem/] },
    { name: 'synchronous below full', yaml: 'database:\n  synchronous: normal\n', says: [/synchronous/, /normal/, /full/] },
];

for (const { name, yaml = 'stage: poc\n', env = {}, files = {}, args = [], says } of wrong) {
    test(`${name} is refused with what would be right`, async () => {
        const project = makeProject({ yaml, files });
        const result = await cairn(['serve', ...args], {
            cwd: project, env: { CAIRN_LISTEN: '127.0.0.1:0', ...env }, timeout: 10_000,
        });
        assert.equal(result.code, 4, result.stderr + result.stdout);
        for (const pattern of says) assert.match(result.stderr, pattern);
        assert.equal(result.stdout, '', 'errors belong on stderr');
        assert.ok(!fs.existsSync(path.join(project, 'data')), 'a database was made nevertheless');
    });
}

test('all errors are said at once', async () => {
    const project = makeProject({ yaml: 'stage: beta\nhttp:\n  head_mx: 1\n', files: { '.env': 'CAIRN_DATABASE_POOL=x\n' } });
    const { code, stderr } = await cairn(['config', 'check'], { cwd: project, env: { CAIRN_LISTEN: 'nowhere' } });
    assert.equal(code, 4);
    for (const pattern of [/beta/, /head_mx/, /CAIRN_DATABASE_POOL/, /nowhere/]) assert.match(stderr, pattern);
});

test('a file that may not be read is named', async (t) => {
    if (isRoot) return t.skip('root may read everything');
    const project = makeProject();
    fs.chmodSync(path.join(project, 'cairn.yaml'), 0);
    const { code, stderr } = await cairn(['config', 'check'], { cwd: project });
    assert.equal(code, 4);
    assert.match(stderr, /cairn\.yaml/);
    assert.match(stderr, /permission denied/i);
});

test('a cairn.yaml that is a folder is named', async () => {
    const project = makeProject();
    fs.rmSync(path.join(project, 'cairn.yaml'));
    fs.mkdirSync(path.join(project, 'cairn.yaml'));
    const { code, stderr } = await cairn(['config', 'check'], { cwd: project });
    assert.equal(code, 4);
    assert.match(stderr, /cairn\.yaml/);
});

test('a folder without cairn.yaml says how to begin', async () => {
    const { code, stderr } = await cairn(['serve'], { cwd: makeFolder() });
    assert.equal(code, 4);
    assert.match(stderr, /cairn init/);
});

test('a key that others may read is refused', async () => {
    const folder = makeFolder();
    assert.equal((await cairn(['init', 'shop'], { cwd: folder })).code, 0);
    const project = path.join(folder, 'shop');
    const key = path.join(project, '.cairn/tls/key.pem');
    assert.equal(fs.statSync(key).mode & 0o777, 0o600);
    fs.chmodSync(key, 0o644);
    const { code, stderr } = await cairn(['serve', '--tls.cert=.cairn/tls/cert.pem', '--tls.key=.cairn/tls/key.pem'],
        { cwd: project, env: { CAIRN_LISTEN: '127.0.0.1:0' }, timeout: 10_000 });
    assert.equal(code, 4, stderr);
    assert.match(stderr, /key\.pem/);
    assert.match(stderr, /0600|chmod/);
});

test('a PostgreSQL that is not there: said with its address, and without the password', async () => {
    const port = await freePort();
    const url = `postgres://ann:s3cr3t-pa55@127.0.0.1:${port}/shop`;
    const { code, stderr, stdout } = await cairn(['migrate', 'status'], {
        cwd: makeProject(), env: { CAIRN_DATABASE_URL: url, CAIRN_DATABASE_CONNECT_TIMEOUT: '1s' },
    });
    assert.notEqual(code, 0);
    assert.match(stderr, new RegExp(`127\\.0\\.0\\.1:${port}|port ${port}`));
    assert.match(stderr, /refused/i);
    assert.doesNotMatch(stdout + stderr, /s3cr3t/);
});

test('config show names every value, where it comes from, and no secret', async () => {
    const project = makeProject({ yaml: 'stage: mvp\n', files: { '.env': 'CAIRN_HTTP_FIELDS_MAX=55\n' } });
    const env = { CAIRN_DATABASE_URL: 'postgres://ann:s3cr3t-pa55@db.example/shop' };
    const { code, stdout, stderr } = await cairn(['config', 'show', '--http.line_max=4KiB'], { cwd: project, env });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^stage\s.*mvp.*cairn\.yaml/m);
    assert.match(stdout, /^http\.fields_max\s.*55.*\.env/m);
    assert.match(stdout, /^http\.line_max\s.*4/m);
    assert.match(stdout, /^database\.url\s.*db\.example/m);
    assert.doesNotMatch(stdout + stderr, /s3cr3t/);

    const json = await cairn(['config', 'show', '--json'], { cwd: project, env });
    assert.equal(json.code, 0, json.stderr);
    JSON.parse(json.stdout);
    assert.doesNotMatch(json.stdout, /s3cr3t/);
});

test('a flag beats the environment, that .env, that cairn.yaml', async () => {
    const project = makeProject({ yaml: 'http:\n  fields_max: 51\n', files: { '.env': 'CAIRN_HTTP_FIELDS_MAX=52\n' } });
    const shown = async (args, env) => /^http\.fields_max\s+(\d+)/m.exec(
        (await cairn(['config', 'show', ...args], { cwd: project, env })).stdout)?.[1];
    assert.equal(await shown([], {}), '52');
    assert.equal(await shown([], { CAIRN_HTTP_FIELDS_MAX: '53' }), '53');
    assert.equal(await shown(['--http.fields_max=54'], { CAIRN_HTTP_FIELDS_MAX: '53' }), '54');
    fs.rmSync(path.join(project, '.env'));
    assert.equal(await shown([], {}), '51');
});

test('at stage mvp anonymous callers are refused', async () => {
    const server = await startCairn({
        project: makeProject({ yaml: 'stage: mvp\n', migrations: { '0001_a.sql': 'CREATE TABLE a (id int PRIMARY KEY);' } }),
    });
    const answer = await server.request('/rest/v1/a');
    assert.equal(answer.status, 401, answer.text);
    assert.equal((await server.request('/livez')).status, 200);
    await server.stop();
});

test('the environment of the tests has nothing of ours', () => {
    assert.deepEqual(Object.keys(cleanEnvironment()).filter((name) => name.startsWith('CAIRN_')), []);
});
