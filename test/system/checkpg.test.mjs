// SPDX-License-Identifier: Apache-2.0
//
// cairn check for a project on PostgreSQL: its clones live in databases of their own beside the
// project's, and nothing of them stays.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, describe, test } from 'node:test';

import { binary, cairn, cleanEnvironment, endAll, makeProject, root, startPostgres, until } from './harness.mjs';

afterEach(endAll);

const postgres = await startPostgres();
const rules = 'CREATE ROLE checkpg_web NOLOGIN;\nALTER ROLE checkpg_web SET statement_timeout = \'9s\';\n'
    + 'CREATE TABLE items (id bigint PRIMARY KEY);\nGRANT SELECT ON items TO checkpg_web;\n';

let users = 0;

/** A project with a database and a user of its own, who may make databases. */
async function newProject({ superuser = false, rights = 'CREATEDB', migrations = { '0001_items.sql': 'CREATE TABLE items (id bigint PRIMARY KEY);\n' } } = {}) {
    const database = await postgres.createDatabase();
    const user = superuser ? 'postgres' : `checkpg_${process.pid}_${++users}`;
    if (!superuser) {
        await postgres.sql(`CREATE ROLE ${user} LOGIN ${rights}`, 'postgres');
        await postgres.sql(`ALTER DATABASE ${database} OWNER TO ${user}`, 'postgres');
    }
    const env = { CAIRN_DATABASE_URL: postgres.url(database).replace('postgres@', `${user}@`) };
    const cwd = makeProject({ migrations });
    return { cwd, env, database, user, run: (...args) => cairn(args, { cwd, env, timeout: 120_000 }) };
}

async function look(project, row, ...args) {
    const { stdout, stderr } = await project.run('check', '--json', '--stage=mvp', `--only=${row}`, ...args);
    assert.ok(stdout.startsWith('{'), stderr);
    return JSON.parse(stdout).rows.find((one) => one.id === row);
}

/** Databases, roles and what roles are set to: what a clone must leave as it was. */
const server = () => postgres.sql(`SELECT 'database ' || datname FROM pg_database WHERE datname LIKE 'cairn\\_drill\\_%'
    UNION ALL SELECT 'role ' || rolname || ' ' || coalesce(rolconfig::text, '') FROM pg_roles
    UNION ALL SELECT 'member ' || roleid::regrole || ' ' || member::regrole FROM pg_auth_members ORDER BY 1`, 'postgres');
/** What drills of the project have there, by where. */
const drillDatabases = (project, where = 'true') => postgres.sql(`SELECT datname FROM pg_database JOIN pg_roles r ON r.oid = datdba
    WHERE datname LIKE 'cairn\\_drill\\_%' AND rolname = '${project.user}' AND ${where}`, 'postgres');

test('a service on PostgreSQL is asked on a clone, and nothing of it stays on the server', async () => {
    const project = await newProject({ superuser: true, migrations: { '0001_rules.sql': rules } });
    const before = await server();
    // The roles aren't there yet: the clone makes them, and drops them.
    assert.equal((await look(project, 'core-works')).status, 'pass');
    assert.equal(await server(), before);
    // They are: the clone leaves them alone.
    assert.equal((await project.run('migrate', 'up')).code, 0);
    const migrated = await server();
    assert.match(migrated, /role checkpg_web \{statement_timeout=9s\}/);
    await postgres.sql("ALTER ROLE checkpg_web SET statement_timeout = '8s'", 'postgres');
    const row = await look(project, 'core-works');
    assert.equal(row.status, 'pass', row.found);
    assert.equal(await server(), migrated.replace('=9s', '=8s'));
    await postgres.sql(`DROP DATABASE ${project.database}`, 'postgres');
    await postgres.sql('DROP ROLE IF EXISTS checkpg_web', 'postgres');
});

// Most of their time is waiting.
describe('beside each other', { concurrency: 3 }, () => {
    test('health tells the truth when PostgreSQL lets nobody in', async () => {
        const project = await newProject();
        const row = await look(project, 'health-truth');
        assert.equal(row.status, 'pass', row.found);
        assert.match(row.found, /^without data \/readyz turned in \d+\.\d s, \/livez stayed, both recovered$/);
        assert.equal(await drillDatabases(project), '');
    });

    test('a restart of the database under load is survived, and nothing is lost', async () => {
        const project = await newProject();
        Object.assign(project.env, { CAIRN_CHECK_OUTAGE: '3s', CAIRN_DATABASE_POOL_TIMEOUT: '1s' });
        const row = await look(project, 'database-restarts');
        assert.equal(row.status, 'pass', row.found);
        assert.equal(row.basis, 'drilled');
        assert.match(row.found, /\/readyz turned after .*, \/livez stayed, (\d+ requests answered 503|requests waited); ready \d+\.\d s after it was back, 0 of \d+ /);
        assert.equal(row.figures.lost, 0);
        assert.equal(row.figures.duplicated, 0);
        assert.ok(row.figures.acknowledged > 0);
        assert.ok(row.figures.database_away > 2);
        assert.equal(await drillDatabases(project), '');
    });

    test('without the right to make databases it is unknown, with the way out', async () => {
        const project = await newProject({ rights: '' });
        const row = await look(project, 'core-works');
        assert.equal(row.status, 'unknown');
        assert.match(row.found, new RegExp(`ALTER ROLE ${project.user} CREATEDB, or name a server where it may: check\\.clone_url`));
        const other = await newProject();
        project.env.CAIRN_CHECK_CLONE_URL = other.env.CAIRN_DATABASE_URL;
        assert.equal((await look(project, 'core-works')).status, 'pass');
        assert.equal(await drillDatabases(other), '');
    });

    test('migrations that don\'t run on a clone say nothing about the service', async () => {
        const project = await newProject({ migrations: { '0001_x.sql': 'CREATE TABLE a (id int);\nGRANT SELECT ON a TO checkpg_absent;\n' } });
        const row = await look(project, 'core-works');
        assert.equal(row.status, 'unknown');
        assert.match(row.found, /the migrations don't run on a clone: .*0001_x\.sql:2:1: role "checkpg_absent" does not exist/);
        assert.equal(await drillDatabases(project), '');
    });

    test('how badly the absence of the database can be borne is noticed, each way of it', async () => {
        const project = await newProject();
        const { code, stdout, stderr } = await project.run('check', '--selftest', '--only=database-restarts');
        assert.equal(code, 0, stdout + stderr);
        for (const defect of ['ready-without-database', 'stays-away', 'keeps-it-in-memory', 'errors-without-database', 'no-retry-after'])
            assert.match(stdout, new RegExp(`✓ ${defect} +database-restarts`));
        assert.match(stdout, /6 of 6\n$/);
        assert.equal(await drillDatabases(project), '');
    });

    test('access rules are held against what is answered, without a token and as a user', async () => {
        const own = 'CREATE TABLE items (id int PRIMARY KEY);\nCREATE TABLE "own notes" (id int PRIMARY KEY, owner uuid);\n'
            + 'GRANT SELECT ON items TO anon;\nGRANT SELECT, INSERT ON "own notes" TO authenticated;\n'
            + 'ALTER TABLE "own notes" ENABLE ROW LEVEL SECURITY;\nCREATE POLICY own ON "own notes" USING (owner = auth.uid());\n'
            + 'GRANT UPDATE ON items TO authenticated;\n'
            // One policy says which rows, the other says all of them.
            + 'CREATE TABLE shared (id int PRIMARY KEY);\nGRANT SELECT, DELETE ON shared TO authenticated;\n'
            + 'ALTER TABLE shared ENABLE ROW LEVEL SECURITY;\nCREATE POLICY everything ON shared USING (true);\n'
            + 'CREATE TABLE seen (id int PRIMARY KEY);\nGRANT SELECT, DELETE ON seen TO authenticated;\n'
            + 'ALTER TABLE seen ENABLE ROW LEVEL SECURITY;\nCREATE POLICY seen ON seen FOR SELECT USING (true);\n';
        const project = await newProject({ superuser: true, migrations: { '0001_own.sql': own } });
        const { code, stdout } = await project.run('check', '--selftest', '--only=rbac');
        assert.equal(code, 0, stdout);
        assert.match(stdout, /✓ forgets-rules +rbac +without a token, own notes: 200, and the rules\s+say no/);
        // They are answered as they are; what they let a whole role do is another matter.
        const unguarded = await look(project, 'rbac', '--stage=production');
        assert.equal(unguarded.found, '2 tables are changed by a whole role, and no policy says which rows: items, shared');
        assert.equal(unguarded.status, 'gap');
        await postgres.sql(`DROP DATABASE ${project.database}`, 'postgres');
    });

    test('a disk without room is played on both sides, and each bad way to bear it is noticed', async () => {
        const project = await newProject();
        const { code, stdout, stderr } = await project.run('check', '--selftest', '--only=disk-full');
        assert.equal(code, 0, stdout + stderr);
        assert.match(stdout, /✓ no defect +all pass/);
        for (const defect of ['dies-on-full-disk', 'says-done-without-room', 'errors-without-room', 'reads-need-room', 'stays-full'])
            assert.match(stdout, new RegExp(`✓ ${defect} +disk-full`));
        assert.match(stdout, /6 of 6\n$/);
        assert.equal(await drillDatabases(project), '');
    });

    /** A service that says it has what it has in memory: the database's absence is nothing to it. */
    const forgetful = `
    import http from 'node:http';
    const items = [];
    http.createServer((request, response) => {
        const url = new URL(request.url, 'http://localhost');
        if (request.method === 'GET' && url.pathname === '/items')
            return response.end(JSON.stringify(items.slice(Number(url.searchParams.get('offset'))).slice(0, 1000)));
        let text = '';
        request.on('data', (chunk) => (text += chunk));
        request.on('end', () => {
            if (request.method === 'POST') items.push(JSON.parse(text));
            response.end('{}');
        });
    }).listen(Number(process.env.PORT), '127.0.0.1');
    `;

    test('of any service whose database is told, it is seen how it bears its absence', async () => {
        const project = await newProject();
        delete project.env.CAIRN_DATABASE_URL;
        const adapter = path.join(root, 'examples/targets/cairn.yaml');
        assert.match((await project.run('check', `--target=${adapter}`)).stderr, /the environment doesn't have '\$DATABASE_URL'/);
        Object.assign(project.env, {
            DATABASE_URL: postgres.url(project.database),
            PATH: `${path.dirname(binary)}:${process.env.PATH}`,
            CAIRN_CHECK_OUTAGE: '1s',
        });
        const truth = await look(project, 'health-truth', `--target=${adapter}`);
        assert.equal(truth.status, 'pass', truth.found);

        fs.writeFileSync(path.join(project.cwd, 'server.mjs'), forgetful);
        fs.writeFileSync(path.join(project.cwd, 'forgetful.yaml'), 'name: forgetful\nstart: [node, server.mjs]\nenv: ["PORT={port}"]\n'
            + 'ready: /ready\nwrite_path: /items\nwrite_body: \'{"id": {n}}\'\nread_path: "/items?offset={offset}"\nread_key: id\n'
            + 'database: $DATABASE_URL\n');
        const restart = await look(project, 'database-restarts', '--target=forgetful.yaml');
        assert.equal(restart.status, 'gap');
        assert.equal(restart.found, 'without its database /ready goes on answering 200');
        assert.equal(await drillDatabases(project), '');
    });

    /** The drill of a database restart, at the moment at which nobody gets in. */
    async function begin(project) {
        const child = spawn(binary, ['check', '--stage=mvp', '--only=database-restarts'],
            { cwd: project.cwd, env: cleanEnvironment(project.env), stdio: 'ignore' });
        child.over = new Promise((done) => child.once('exit', (code) => done(code)));
        await until('the database to be shut', async () => (await drillDatabases(project, 'NOT datallowconn')) !== '');
        return child;
    }

    /** Folders and processes of the clones that a check has made. */
    const folders = (pid) => fs.readdirSync('/tmp').filter((name) => name.startsWith(`cairn-drill-${pid}-`));
    const clones = (pid) => fs.readdirSync('/proc').filter((one) => /^\d+$/.test(one)).filter((one) => {
        try {
            return fs.readlinkSync(`/proc/${one}/cwd`).startsWith(`/tmp/cairn-drill-${pid}-`);
        } catch {
            return false;
        }
    });

    test('interrupted, it leaves nothing; killed, the next run removes what it left', async () => {
        const project = await newProject();
        let child = await begin(project);
        child.kill('SIGINT');
        assert.equal(await child.over, 5);
        assert.equal(await drillDatabases(project), '');
        assert.deepEqual(folders(child.pid), []);
        assert.deepEqual(clones(child.pid), []);

        child = await begin(project);
        child.kill('SIGKILL');
        await child.over;
        assert.match(await drillDatabases(project), new RegExp(`^cairn_drill_${child.pid}_[0-9a-f]{24}`));
        await until('its processes to be gone', () => clones(child.pid).length === 0);
        assert.equal((await look(project, 'api-server')).status, 'pass');
        assert.equal(await drillDatabases(project), '');
        assert.deepEqual(folders(child.pid), []);
    });
});
