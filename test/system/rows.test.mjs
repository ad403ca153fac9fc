// SPDX-License-Identifier: Apache-2.0
//
// Rows that are about a project's own schema, files and version.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';

import { cairn, endAll, makeProject } from './harness.mjs';

after(endAll);

async function look(project, id, stage = 'production') {
    const { stdout, stderr } = await cairn(['check', '--json', `--stage=${stage}`, `--only=${id}`], { cwd: project, timeout: 60_000 });
    assert.ok(stdout.startsWith('{'), stderr);
    return JSON.parse(stdout).rows.find((row) => row.id === id);
}

const table = 'CREATE TABLE notes (id bigint PRIMARY KEY, owner text NOT NULL);\n';

test('rules are held against the answers, and a table that a whole role may change is named', async () => {
    const none = makeProject({ migrations: { '0001_notes.sql': table } });
    assert.match((await look(none, 'rbac')).found, /no migration says who may do what/);

    const open = makeProject({ migrations: {
        '0001_notes.sql': `${table}GRANT SELECT, INSERT ON notes TO authenticated;\n`,
    } });
    const unguarded = await look(open, 'rbac');
    assert.equal(unguarded.status, 'gap');
    assert.match(unguarded.found, /1 table is changed by a whole role, and no policy says which rows: notes/);

    const guarded = await look(makeProject({ migrations: {
        '0001_notes.sql': `${table}CREATE TABLE news (id bigint PRIMARY KEY);
GRANT SELECT, INSERT ON notes TO authenticated;
GRANT SELECT ON news TO anon;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes TO authenticated USING (owner = auth.uid()::text) WITH CHECK (owner = auth.uid()::text);\n`,
    } }), 'rbac');
    assert.equal(guarded.status, 'pass', guarded.found);
    assert.match(guarded.found, /2 tables answer who has no token as the rules say \(1 open, 1 refused\)/);
});

test('a policy that lets a role change each row is none', async () => {
    const project = (policy) => makeProject({ migrations: { '0001_notes.sql': `${table}GRANT SELECT, UPDATE, DELETE ON notes TO authenticated;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;\n${policy}\n` } });
    const all = await look(project('CREATE POLICY all_of_them ON notes TO authenticated USING (true);'), 'rbac');
    assert.match(all.found, /no policy says which rows: notes/);
    assert.equal(all.status, 'gap');
    // Who may see each row changes his own.
    const own = await look(project('CREATE POLICY see ON notes FOR SELECT USING (true);\n'
        + 'CREATE POLICY own ON notes USING (owner = auth.uid()::text);'), 'rbac');
    assert.equal(own.status, 'pass', own.found);
});

test('the version is said, and what changed is written down', async () => {
    const project = makeProject({ migrations: { '0001_notes.sql': table } });
    assert.match((await look(project, 'version-managed')).found, /has no CHANGELOG\.md/);
    fs.writeFileSync(path.join(project, 'CHANGELOG.md'), '# Changelog\n');
    assert.equal((await look(project, 'version-managed')).status, 'pass');
});

test('what isn\'t built says what to do until then', async () => {
    const project = makeProject({ migrations: { '0001_notes.sql': table } });
    for (const [id, text] of [['backups', /pg_dump/], ['rate-limit', /proxy/], ['tracing', /traceparent/]]) {
        const row = await look(project, id);
        assert.equal(row.status, 'unknown');
        assert.match(row.found, text);
    }
    assert.match((await look(project, 'several-instances')).found, /one instance's: database\.url/);
});
