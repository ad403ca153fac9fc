// SPDX-License-Identifier: Apache-2.0
//
// Migrations on both engines: applied once, in order, each whole or not at all; and refusals that name
// file, line, column and the way out.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, test } from 'node:test';

import { cairn, engines, json, makeProject, startCairn, startPostgres, until, endAll } from './harness.mjs';

afterEach(endAll);

const good = 'CREATE TABLE a (id integer PRIMARY KEY, name text NOT NULL);\nINSERT INTO a VALUES (1, \'one\');\n';

async function setting(engine, migrations) {
    const project = makeProject({ migrations });
    let env = { CAIRN_DATABASE_URL: 'sqlite:data/test.db' };
    let database;
    if (engine === 'postgres') {
        const postgres = await startPostgres();
        database = await postgres.createDatabase();
        env = { CAIRN_DATABASE_URL: postgres.url(database) };
    }
    return {
        project,
        database,
        write: (name, text) => fs.writeFileSync(path.join(project, 'migrations', name), text),
        migrate: (...args) => cairn(['migrate', ...args], { cwd: project, env }),
        start: () => startCairn({ engine, project, database }),
    };
}

for (const engine of engines) {
    test(`up applies what is new, in order, once: ${engine}`, async () => {
        const s = await setting(engine, { '0002_b.sql': 'INSERT INTO a VALUES (2, \'two\');', '0001_a.sql': good });
        const first = await s.migrate('up');
        assert.equal(first.code, 0, first.stderr);
        const again = await s.migrate('up');
        assert.equal(again.code, 0, again.stderr);
        s.write('0003_c.sql', 'ALTER TABLE a ADD COLUMN size integer DEFAULT 3;');
        const status = await s.migrate('status');
        assert.match(status.stdout + status.stderr, /0003_c\.sql/);
        assert.equal((await s.migrate('up')).code, 0);
        const server = await s.start();
        assert.equal((await server.request('/rest/v1/a?order=id')).text,
            '[{"id":1,"name":"one","size":3}, \n {"id":2,"name":"two","size":3}]');
        await server.stop();
    });

    test(`an applied migration that was edited is refused, with what to do: ${engine}`, async () => {
        const s = await setting(engine, { '0001_a.sql': good });
        assert.equal((await s.migrate('up')).code, 0);
        s.write('0001_a.sql', `${good}-- edited\n`);
        for (const args of [['up'], ['status']]) {
            const { stderr, stdout, code } = await s.migrate(...args);
            if (args[0] === 'up') assert.equal(code, 4, stderr);
            assert.match(stdout + stderr, /0001_a\.sql/);
            assert.match(stdout + stderr, /changed|edited/i);
        }
        const { stderr } = await s.migrate('up');
        assert.match(stderr, /new migration|restore|migrate new/i);
        s.write('0001_a.sql', good);
        assert.equal((await s.migrate('up')).code, 0, 'restoring it must help');
    });

    test(`a migration that fails leaves nothing behind: ${engine}`, async () => {
        const s = await setting(engine, {
            '0001_a.sql': good,
            '0002_b.sql': 'CREATE TABLE b (id integer PRIMARY KEY);\nINSERT INTO a VALUES (2, \'two\');\n'
                + 'INSERT INTO a VALUES (1, \'again\');\n',
        });
        const { code, stderr } = await s.migrate('up');
        assert.equal(code, 4, stderr);
        assert.match(stderr, /0002_b\.sql:3/);
        assert.match(stderr, /duplicate key value violates unique constraint "a_pkey"/);
        s.write('0002_b.sql', 'CREATE TABLE b (id integer PRIMARY KEY);');
        assert.equal((await s.migrate('up')).code, 0);
        const server = await s.start();
        assert.equal((await server.request('/rest/v1/a?select=id')).text, '[{"id":1}]');
        assert.equal((await server.request('/rest/v1/b')).text, '[]');
        await server.stop();
    });

    test(`a constraint that rows there break is refused: ${engine}`, async () => {
        const s = await setting(engine, { '0001_a.sql': good });
        assert.equal((await s.migrate('up')).code, 0);
        for (const [text, message] of [
            ['ALTER TABLE a ADD CONSTRAINT short CHECK (length(name) < 2);', /check constraint "short"/],
            ['ALTER TABLE a ADD COLUMN b integer NOT NULL;', /column "b"/],
            ['CREATE TABLE r (id integer PRIMARY KEY);\nALTER TABLE a ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES r;', /"fk"/],
        ]) {
            s.write('0002_b.sql', text);
            const { code, stderr } = await s.migrate('up');
            assert.equal(code, 4, `${text}\n${stderr}`);
            assert.match(stderr, /0002_b\.sql/);
            assert.match(stderr, message);
        }
        s.write('0002_b.sql', 'ALTER TABLE a ADD CONSTRAINT long CHECK (length(name) > 2);');
        assert.equal((await s.migrate('up')).code, 0);
        const server = await s.start();
        const bad = await server.request('/rest/v1/a', json('POST', { id: 2, name: 'x' }));
        assert.equal(bad.status, 400);
        assert.equal(bad.json().code, '23514');
        await server.stop();
    });

    test(`a syntax error is named by file, line and column: ${engine}`, async () => {
        const s = await setting(engine, { '0001_a.sql': `${good}\nCREATE TABEL b (id int);\n` });
        const { code, stderr } = await s.migrate('up');
        assert.equal(code, 4, stderr);
        assert.match(stderr, /0001_a\.sql:4:8/);
        assert.match(stderr, /syntax error at or near "TABEL"/);
    });

    test(`a server starts only with a good migration: ${engine}`, async () => {
        const s = await setting(engine, { '0001_a.sql': 'CREATE TABLE a (id nosuchtype);' });
        const server = await startCairn({ engine, project: s.project, database: s.database, ready: false });
        const how = await server.exited;
        assert.equal(how.code, 4, server.log);
        assert.match(server.log, /0001_a\.sql:1/);
        assert.match(server.log, /nosuchtype/);
    });
}

/** What the embedded engine can't do is refused when it is loaded, and says what to do. */
const unsupported = [
    "CREATE EXTENSION postgis;",
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;",
    "CREATE TABLE p (id int) PARTITION BY RANGE (id);",
    "CREATE TABLE g (a int, EXCLUDE USING gist (a WITH =));",
    "DO $$ BEGIN END $$;",
    "LISTEN x;",
];

for (const text of unsupported) {
    test(`SQLite refuses what needs PostgreSQL: ${text}`, async () => {
        const s = await setting('sqlite', { '0001_a.sql': `${good}\n  ${text}\n` });
        const { code, stderr } = await s.migrate('up');
        assert.equal(code, 4, stderr);
        assert.match(stderr, /0001_a\.sql:4:\d+/);
        assert.match(stderr, /database\.url|CAIRN_DATABASE_URL/);
    });
}

test('migrate new makes the next file', async () => {
    const s = await setting('sqlite', { '0001_a.sql': good });
    const { code, stderr } = await s.migrate('new', 'add_size');
    assert.equal(code, 0, stderr);
    const files = fs.readdirSync(path.join(s.project, 'migrations'));
    assert.ok(files.some((file) => /^0002_add_size\.sql$/.test(file)), files.join(' '));
    assert.equal((await s.migrate('new', '../evil')).code, 4);
});

for (const engine of engines) {
    test(`cairn dev applies a migration when it is saved: ${engine}`, async () => {
        const s = await setting(engine, { '0001_a.sql': good });
        const server = await startCairn({ engine, project: s.project, database: s.database, args: ['dev'] });
        assert.match(server.log, /anonymous|open/i, 'the first lines say that tables are open');
        assert.match(server.log, /\/rest\/v1\//);
        assert.match(server.log, /\/docs/);
        assert.match(server.log, /\/readyz/);
        assert.equal((await server.request('/rest/v1/b')).status, 404);
        s.write('0002_b.sql', 'CREATE TABLE b (id integer PRIMARY KEY);');
        await until('the new table', async () => (await server.request('/rest/v1/b')).status === 200);

        s.write('0003_c.sql', 'CREATE TABEL c (id int);');
        await until('the error', () => /0003_c\.sql:1/.test(server.log));
        assert.equal((await server.request('/rest/v1/b')).status, 200, 'what was there is still served');
        s.write('0003_c.sql', 'CREATE TABLE c (id integer PRIMARY KEY);');
        await until('the corrected table', async () => (await server.request('/rest/v1/c')).status === 200);
        assert.deepEqual(await server.stop(), { code: 0, signal: null });
    });
}
