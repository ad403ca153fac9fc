// SPDX-License-Identifier: Apache-2.0
//
// What callers may do at each stage, where migrations have rules and where they don't: the same on both
// engines, with nothing made on PostgreSQL by hand.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { engines, json, makeProject, startCairn, startPostgres } from './harness.mjs';

const secret = 'a secret of the tests of rules, longer than 32 bytes';
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
function sign(claims) {
    const input = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
    return `${input}.${crypto.createHmac('sha256', secret).update(input).digest('base64url')}`;
}
const ann = '11111111-1111-4111-8111-111111111111';
const callers = {
    nobody: {},
    anon: { Authorization: `Bearer ${sign({ role: 'anon' })}` },
    ann: { Authorization: `Bearer ${sign({ role: 'authenticated', sub: ann })}` },
    service: { Authorization: `Bearer ${sign({ role: 'service_role' })}` },
};

const rules = {
    '0001_rules.sql': `
        CREATE TABLE forgotten (id serial PRIMARY KEY, note text);
        CREATE VIEW forgotten_view AS SELECT id FROM forgotten;
        CREATE TABLE news (id int PRIMARY KEY);
        GRANT SELECT ON news TO anon, authenticated;
        CREATE TABLE notes (id int PRIMARY KEY, owner uuid DEFAULT auth.uid());
        INSERT INTO notes VALUES (1, '${ann}'), (2, '22222222-2222-4222-8222-222222222222');
        ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
        GRANT SELECT, INSERT ON notes TO authenticated, service_role;
        CREATE POLICY own ON notes TO authenticated USING (owner = auth.uid());
        CREATE VIEW notes_view AS SELECT id FROM notes;
        CREATE TABLE closed (id int PRIMARY KEY);
        REVOKE ALL ON closed FROM anon;`,
    '0002_later.sql': 'CREATE TABLE later (id int PRIMARY KEY);',
};

/** What each caller gets of each table: a letter for read and write, or the code of the error. */
async function matrix(server) {
    const found = {};
    for (const [caller, headers] of Object.entries(callers)) {
        for (const table of ['forgotten', 'forgotten_view', 'news', 'notes', 'notes_view', 'closed', 'later']) {
            const read = await server.request(`/rest/v1/${table}?select=id&order=id`, { headers });
            found[`${caller} ${table}`] = read.status === 200
                ? read.json().map((row) => row.id).join() : `${read.status} ${read.json().code}`;
        }
        const write = await server.request('/rest/v1/later', json('POST', { id: 1000 + Object.keys(found).length }, headers));
        found[`${caller} writes`] = write.status === 201 ? 'yes' : `${write.status} ${write.json().code}`;
        const serial = await server.request('/rest/v1/forgotten', json('POST', { note: caller }, headers));
        found[`${caller} draws`] = serial.status === 201 ? 'yes' : `${serial.status} ${serial.json().code}`;
    }
    return found;
}

const env = { CAIRN_AUTH_JWT_SECRET: secret, CAIRN_SERVER_THREADS: '1' };
const start = (engine, project, more = {}) => startCairn({ engine, project, env, ...more });

test('tables without rules are open at poc and closed from mvp on, the others keep to theirs', async () => {
    for (const stage of ['poc', 'mvp']) {
        const answers = {};
        for (const engine of engines) {
            const project = makeProject({ migrations: rules, yaml: `stage: ${stage}\n` });
            const server = await start(engine, project);
            answers[engine] = await matrix(server);
            await server.stop();
        }
        assert.deepEqual(answers.sqlite, answers.postgres, stage);
        const found = answers.sqlite;
        const open = stage === 'poc';
        assert.equal(found['nobody news'], '');
        assert.equal(found['nobody notes'], '401 42501');
        assert.equal(found['ann notes'], '1');
        assert.equal(found['service notes'], '1,2');
        assert.equal(found['anon notes_view'], '401 42501');
        assert.equal(found['anon closed'], '401 42501');
        assert.equal(found['ann closed'], '403 42501');
        assert.equal(found['nobody forgotten'], open ? '' : '401 42501');
        assert.equal(found['nobody writes'], open ? 'yes' : '401 42501');
        assert.equal(found['ann writes'], open ? 'yes' : '403 42501');
        assert.equal(found['ann draws'], open ? 'yes' : '403 42501');
    }
});

test('as long as no migration has a rule a token opens everything, and the first rule ends that', async () => {
    const open = { '0001_notes.sql': 'CREATE TABLE notes (id int PRIMARY KEY, owner uuid);' };
    const closing = `ALTER TABLE notes ENABLE ROW LEVEL SECURITY; GRANT SELECT ON notes TO authenticated;
        CREATE POLICY own ON notes USING (owner = auth.uid());`;
    for (const stage of ['poc', 'mvp']) {
        for (const engine of engines) {
            const label = `${engine} at ${stage}`;
            const project = makeProject({ migrations: open, yaml: `stage: ${stage}\n` });
            const postgres = engine === 'postgres' ? await startPostgres() : undefined;
            const database = await postgres?.createDatabase();
            const first = await start(engine, project, { postgres, database });
            const found = {};
            for (const [caller, headers] of Object.entries(callers)) {
                const note = json('POST', { id: Object.keys(found).length, owner: null }, headers);
                const write = await first.request('/rest/v1/notes', note);
                const read = await first.request('/rest/v1/notes', { headers });
                found[caller] = [write.status, read.status];
            }
            const opened = [201, 200];
            const stranger = stage === 'poc' ? opened : [401, 401];
            assert.deepEqual(found, { nobody: stranger, anon: stranger, ann: opened, service: opened }, label);
            await first.stop();

            fs.writeFileSync(path.join(project, 'migrations/0002_rules.sql'), closing);
            const second = await start(engine, project, { postgres, database });
            const read = (caller) => second.request('/rest/v1/notes', { headers: callers[caller] });
            assert.equal((await read('anon')).status, 401, label);
            assert.equal((await read('service')).status, 403, label);
            assert.deepEqual((await read('ann')).json(), [], label);
            await second.stop();
        }
    }
});

test('what was open at poc is closed when the stage changes, without a migration', async () => {
    for (const engine of engines) {
        const project = makeProject({ migrations: rules });
        const postgres = engine === 'postgres' ? await startPostgres() : undefined;
        const database = await postgres?.createDatabase();
        const first = await start(engine, project, { postgres, database });
        assert.equal((await first.request('/rest/v1/later')).status, 200);
        await first.stop();
        const second = await start(engine, project, { postgres, database, env: { ...env, CAIRN_STAGE: 'mvp' } });
        assert.equal((await second.request('/rest/v1/later')).status, 401, engine);
        assert.equal((await second.request('/rest/v1/news')).status, 200, engine);
        await second.stop();
    }
});

test('cairn dev says which tables are open to whom', async () => {
    for (const engine of engines) {
        const server = await start(engine, makeProject({ migrations: rules }), { args: ['dev'] });
        assert.match(server.stderr, /! open to anonymous callers: forgotten, forgotten_view, later, news \(select\)\n/, engine);
        assert.match(server.stderr, / {2}open to role authenticated: .*notes \(select, insert; rows by policies\)/, engine);
        await server.stop();
    }
});
