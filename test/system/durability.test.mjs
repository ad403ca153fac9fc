// SPDX-License-Identifier: Apache-2.0
//
// Nothing acknowledged is ever lost: not by a crash of cairn, of PostgreSQL, of both, nor by a full
// disk; and what a client is told meanwhile is the truth.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, test } from 'node:test';

import {
    atEnd, engines, isRoot, json, makeProject, sleep, startCairn, startPostgres, until, endAll,
} from './harness.mjs';
import { Ledger, ledgerSql, manyRows } from './load.mjs';

afterEach(endAll);

const project = () => makeProject({ migrations: { '0001_entries.sql': ledgerSql } });

for (const engine of engines) {
    test(`kill -9 under write load loses no acknowledged row: ${engine}`, async (t) => {
        const server = await startCairn({ engine, project: project(), env: manyRows });
        const ledger = new Ledger(server);
        for (let round = 0; round < 4; round++) {
            const before = ledger.acknowledged.size;
            ledger.start();
            await until('some writes', () => ledger.acknowledged.size > before + 50);
            await sleep(300 + round * 237);
            await server.kill();
            await ledger.stop();
            await server.startAgain();
            await ledger.check();
        }
        const { acknowledged, stored } = await ledger.check();
        t.diagnostic(`${acknowledged} acknowledged, ${stored} stored, 4 kills`);
        assert.ok(acknowledged > 200, 'too few writes to prove anything');
        assert.equal((await server.stop()).code, 0);
    });
}

test('kill -9 of PostgreSQL and cairn together loses no acknowledged row', async () => {
    const postgres = await startPostgres({ own: true });
    const server = await startCairn({ engine: 'postgres', postgres, project: project(), env: manyRows });
    const ledger = new Ledger(server).start();
    await until('some writes', () => ledger.acknowledged.size > 200);
    await Promise.all([postgres.stop('SIGQUIT'), server.kill()]);
    await ledger.stop();
    await postgres.start();
    await server.startAgain();
    await ledger.check();
    await server.stop();
    postgres.end();
});

for (const [name, signal] of [['a restart', 'SIGINT'], ['a crash', 'SIGQUIT']]) {
    test(`${name} of PostgreSQL under load: 503 meanwhile, then service again, without a restart`, async (t) => {
        const postgres = await startPostgres({ own: true });
        const server = await startCairn({ engine: 'postgres', postgres, project: project(), env: manyRows });
        const ledger = new Ledger(server).start();
        await until('some writes', () => ledger.acknowledged.size > 200);

        await postgres.stop(signal);
        await until('a 503', () => ledger.refused.length > 0);
        const down = await server.request('/readyz');
        assert.equal(down.status, 503, 'readyz must say that the database is away');
        assert.equal((await server.request('/livez')).status, 200, 'livez must not depend on it');
        await sleep(500);

        const count = ledger.acknowledged.size;
        await postgres.start();
        const back = Date.now();
        await until('writes to work again', () => ledger.acknowledged.size > count + 50);
        t.diagnostic(`served again ${Date.now() - back} ms after PostgreSQL did`);
        await ledger.stop();

        assert.ok(server.isRunning);
        assert.deepEqual(ledger.broken, [], 'connections were cut');
        for (const { status, text } of ledger.refused) {
            assert.equal(status, 503, text);
            assert.deepEqual(Object.keys(JSON.parse(text)).sort(), ['code', 'details', 'hint', 'message']);
        }
        await ledger.check();
        // Each loop thread waits by itself before it tries again, a second at most: by then all are back, and a
        // new connection, which may come to any of them, finds the service whole.
        await until('every thread to be back', async () => {
            for (let i = 0; i < 20; i++) {
                if ((await server.request('/readyz')).status !== 200) return false;
            }
            return true;
        });
        await server.stop();
        postgres.end();
    });
}

test('an update in flight when PostgreSQL goes is never told to have failed when it was done', async () => {
    const postgres = await startPostgres({ own: true });
    const server = await startCairn({ engine: 'postgres', postgres, project: project(), env: manyRows });
    const ledger = new Ledger(server, { clients: 32 }).start();
    await until('some writes', () => ledger.acknowledged.size > 200);
    await postgres.stop('SIGQUIT');
    // Writes in flight are refused at once, the others when they have waited for a connection.
    await until('refusals', () => ledger.refused.length >= 32);
    await ledger.stop();
    await postgres.start();
    await server.waitReady();

    // A refused write that is there nevertheless must have been answered as "outcome unknown".
    const stored = (await ledger.stored()).filter((row) => !ledger.acknowledged.has(row));
    const unknown = ledger.refused.filter(({ text }) => /unknown/i.test(text));
    assert.ok(stored.length <= unknown.length,
        `${stored.length} rows are there that were answered 503, but only ${unknown.length} as unknown`);
    await server.stop();
    postgres.end();
});

/** A small file system of its own, or null where the machine doesn't allow it. */
function mountSmall(folder, size) {
    fs.mkdirSync(folder, { recursive: true });
    try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder], { stdio: 'pipe' });
    } catch {
        return null;
    }
    return atEnd(() => execFileSync('umount', ['-l', folder]));
}

test('a full disk: writes are refused with a clear code, reads go on, and writes come back', async (t) => {
    if (!isRoot) return t.skip('needs root, to mount a small file system');
    const folder = project();
    const disk = path.join(folder, 'data');
    const unmount = mountSmall(disk, '12m');
    if (!unmount) return t.skip('this machine does not allow to mount a file system');

    fs.writeFileSync(path.join(disk, 'filler'), Buffer.alloc(4 << 20));
    const server = await startCairn({ project: folder, env: { ...manyRows, CAIRN_LOG_FILE: 'none' } });
    const note = 'x'.repeat(100_000);
    const write = (seq) => server.request('/rest/v1/entries', json('POST', { client: 1, seq, note }));
    const acknowledged = [];
    let refusal = null;
    for (let seq = 0; seq < 400 && !refusal; seq++) {
        const answer = await write(seq);
        if (answer.status === 201) acknowledged.push(seq);
        else refusal = answer;
    }
    assert.ok(refusal, 'the disk never filled up');
    assert.equal(refusal.status, 503, refusal.text);
    assert.match(refusal.json().code, /^(53100|[A-Z0-9_]+)$/);
    assert.match(refusal.text, /disk|space|full/i);

    for (let i = 0; i < 5; i++) {
        const read = await server.request('/rest/v1/entries?select=seq&order=seq');
        assert.equal(read.status, 200, read.text);
        assert.deepEqual(read.json().map((row) => row.seq).filter((seq) => acknowledged.includes(seq)), acknowledged);
        assert.equal((await write(1000 + i)).status, 503);
    }

    fs.unlinkSync(path.join(disk, 'filler'));
    await until('writes to work again', async () => {
        const seq = 2000 + acknowledged.length;
        const answer = await write(seq);
        if (answer.status === 201) acknowledged.push(seq);
        return answer.status === 201;
    });
    await server.kill();
    await server.startAgain();
    const rows = (await server.request('/rest/v1/entries?select=seq&order=seq')).json().map((row) => row.seq);
    assert.deepEqual(acknowledged.filter((seq) => !rows.includes(seq)), [], 'acknowledged rows are lost');
    await server.stop();
    unmount();
});
