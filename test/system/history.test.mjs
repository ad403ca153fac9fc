// SPDX-License-Identifier: Apache-2.0
//
// What the running service writes down about itself, and what cairn status and cairn check make of it.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';

import { cairn, endAll, makeProject, request, startCairn, until } from './harness.mjs';

after(endAll);

const sql = 'CREATE TABLE notes (id bigint PRIMARY KEY);\n';
const folder = (server) => path.join(server.project, '.cairn/history');
const text = (server) => fs.readdirSync(folder(server)).sort()
    .map((name) => fs.readFileSync(path.join(folder(server), name), 'utf8')).join('');
const events = (server) => text(server).trim().split('\n').map((line) => JSON.parse(line));
const running = (server) => {
    const run = path.join(server.project, '.cairn/run');
    return fs.readdirSync(run).filter((name) => name.endsWith('.json'))
        .map((name) => JSON.parse(fs.readFileSync(path.join(run, name), 'utf8')));
};

test('a service writes down its start, its beats, the death of a worker and its end', async () => {
    const server = await startCairn({
        project: makeProject({ migrations: { '0001_notes.sql': sql } }), env: { CAIRN_HISTORY_EVERY: '1s' },
    });
    for (let i = 0; i < 5; i++) await request(`${server.url}/rest/v1/notes`);
    const [instance] = running(server);
    assert.equal(instance.port, server.port);
    await until('a beat with the requests', () => events(server).some((one) => one.e === 'beat' && one.requests === 5));
    process.kill(instance.worker, 'SIGKILL');
    await until('another worker', () => running(server)[0]?.worker > 0 && running(server)[0].worker !== instance.worker);

    await until('it to be ready', () => events(server).filter((one) => one.e === 'ready').length === 2);

    const { stdout } = await cairn(['status', '--json'], { cwd: server.project });
    const status = JSON.parse(stdout);
    assert.equal(status.day.crashes, 1);
    assert.equal(status.day.requests, 5);
    assert.equal(status.spoilt_history, 0);
    const check = await cairn(['check', '--stage=mvp', '--only=no-crashes', '--json'], { cwd: server.project });
    const row = JSON.parse(check.stdout).rows.find((one) => one.id === 'no-crashes');
    assert.equal(row.status, 'gap');
    assert.match(row.found, /1 crash in .*by signal 9$/);

    await server.stop();
    const told = events(server);
    assert.deepEqual(told.filter((one) => one.e !== 'beat').map((one) => one.e), ['start', 'ready', 'end', 'ready', 'stop']);
    assert.equal(told.at(-1).reason, 'SIGTERM');
    assert.ok(told.at(-1).up > 1000);
    assert.deepEqual(running(server), []);

    // Somebody makes the crash go away.
    const [name] = fs.readdirSync(folder(server));
    const file = path.join(folder(server), name);
    fs.writeFileSync(file, text(server).split('\n').filter((line) => !line.includes('"e":"end"')).join('\n'));
    const after = JSON.parse((await cairn(['status', '--json'], { cwd: server.project })).stdout);
    assert.equal(after.day.crashes, 0);
    assert.equal(after.spoilt_history, 1, 'a line is missing');
    const again = await cairn(['check', '--stage=mvp', '--only=no-crashes', '--json'], { cwd: server.project });
    assert.match(JSON.parse(again.stdout).rows.find((one) => one.id === 'no-crashes').found, /lines are missing|no history/);
});

test('a worker that was told to end has not died: no error in the log, no crash in the history', async () => {
    const server = await startCairn({ project: makeProject({ migrations: { '0001_notes.sql': sql } }) });
    const log = (event) => server.logLines.filter((line) => line.event === event);
    const next = (before) => until('another worker', () => running(server)[0]?.worker > 0 && running(server)[0].worker !== before);
    await next(0);
    const [{ worker: first }] = running(server);
    process.kill(first, 'SIGTERM');
    await next(first);
    const [{ worker: second }] = running(server);
    process.kill(second, 'SIGKILL');
    await next(second);
    await until('the log', () => log('worker_ended').length === 1 && log('worker_died').length === 1);
    assert.equal(log('worker_ended')[0].level, 'info');
    assert.equal(log('worker_died')[0].level, 'error');
    assert.equal(log('worker_died')[0].signal, 9);
    const status = JSON.parse((await cairn(['status', '--json'], { cwd: server.project })).stdout);
    assert.equal(status.day.crashes, 1);
    await server.stop();
});

test('a folder that takes nothing is said once, and the service goes on', async () => {
    const project = makeProject({ migrations: { '0001_notes.sql': sql } });
    fs.mkdirSync(path.join(project, '.cairn'), { recursive: true });
    fs.writeFileSync(path.join(project, '.cairn/history'), 'a file where a folder belongs');
    const server = await startCairn({ project, env: { CAIRN_HISTORY_EVERY: '1s' } });
    await new Promise((done) => setTimeout(done, 2500));
    assert.equal((await request(`${server.url}/rest/v1/notes`)).status, 200);
    await server.stop();
    const log = fs.readFileSync(path.join(project, 'log', fs.readdirSync(path.join(project, 'log'))[0]), 'utf8');
    assert.equal(log.match(/history_not_written/g)?.length, 1, log);
});
