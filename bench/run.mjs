// SPDX-License-Identifier: Apache-2.0
//
// Measures cairn and others side by side, and writes bench/RESULTS.md: ./dev bench [ROW...]
//
// One core for the server, one for the load (wrk). The database may use what both leave, as it may on any
// machine, except in the row whose title says otherwise. Of each row
// all contenders are measured in turn, several rounds. Ratios are made in each round, of neighbours in time,
// since what else the machine does changes from one to the next; of requests per second of the server's
// processor time where the load generator may be the limit, and of requests per second where the disk or
// the database takes part.
//
// BENCH_SECONDS (default 2) is the length of one measurement, BENCH_ROUNDS (default 9) how many.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

import { itemCount, roleSql, schemaSql, secret, serviceSql, token } from './data.mjs';
import { clients, rows } from './rows.mjs';
import {
    atEnd, binary, cleanEnvironment, freePort, makeFolder, makeProject, request, root, sleep, startPostgres, until,
} from '../test/system/harness.mjs';

const seconds = Number(process.env.BENCH_SECONDS ?? 2);
const rounds = Number(process.env.BENCH_ROUNDS ?? 9);
const serverCore = '0';
const loadCore = '1';
const bench = path.join(root, 'bench');
const build = path.dirname(binary);

const say = (text = '') => process.stdout.write(`${text}\n`);

function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    const half = sorted.length >> 1;
    return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/**
 * Where the median of what these are a sample of lies, with 95 % confidence or nearly so: between two of them,
 * by the binomial distribution of how many are below it.
 */
function interval(values) {
    const sorted = [...values].sort((a, b) => a - b);
    let tail = 0.5 ** sorted.length;
    let ways = 1;
    let drop = 0;
    for (let i = 1; i < sorted.length / 2; i++) {
        ways *= (sorted.length - i + 1) / i;
        tail += ways * 0.5 ** sorted.length;
        if (2 * tail > 0.05) break;
        drop = i;
    }
    return [sorted[drop], sorted[sorted.length - 1 - drop]];
}

/** Other work on the machine makes ratios meaningless: above this load nothing is recorded. */
const quietLoad = 0.5;

// --- the data ---------------------------------------------------------------------------------------

/** The same tables for those that know nothing of migrations. */
function plainDatabase() {
    const file = path.join(makeFolder('plain'), 'bench.db');
    const sql = schemaSql().replaceAll('bigint PRIMARY KEY', 'INTEGER PRIMARY KEY')
        .replaceAll('bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY', 'INTEGER PRIMARY KEY');
    const script = "const D=require('better-sqlite3');const d=new D(process.argv[1]);d.pragma('journal_mode=WAL');"
        + "d.exec('BEGIN;'+require('fs').readFileSync(0,'utf8')+';COMMIT');d.close();";
    execFileSync(process.execPath, ['-e', script, file], { cwd: bench, input: sql });
    return file;
}

// --- processes --------------------------------------------------------------------------------------

/** Starts a server on the server's core; ends with this process. */
function startServer(command, args, { cwd = os.tmpdir(), env = cleanEnvironment(), core = serverCore } = {}) {
    const line = ['taskset', '-c', core, command, ...args];
    const log = fs.openSync(path.join(makeFolder('log'), path.basename(command)), 'w+');
    const child = spawn(line[0], line.slice(1), { cwd, env, detached: true, stdio: ['ignore', log, log] });
    child.unref();
    const gone = { code: null };
    child.once('exit', (code, signal) => (gone.code = code ?? signal));
    const end = atEnd(() => {
        try {
            process.kill(-child.pid, 'SIGKILL');
        } catch {
            // It has ended.
        }
    });
    return { pid: child.pid, gone, end, log: () => fs.readFileSync(`/proc/self/fd/${log}`, 'utf8') };
}

async function waitFor(server, url) {
    await until(`${url} to answer`, async () => {
        if (server.gone.code !== null) throw new Error(`it ended (${server.gone.code}):\n${server.log()}`);
        return request(url).then((r) => r.status < 500, () => false);
    }, 30_000);
}

/** The process and all below it. */
function family(pid) {
    const children = fs.readdirSync(`/proc/${pid}/task`).flatMap((task) => {
        try {
            return fs.readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean);
        } catch {
            return [];
        }
    });
    return [pid, ...children.flatMap((child) => family(Number(child)))];
}

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** Seconds of processor time that the process and all below it have used. */
function cpuSeconds(pid) {
    return family(pid).reduce((total, one) => {
        const fields = fs.readFileSync(`/proc/${one}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
        return total + (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
    }, 0);
}

const residentBytes = (pid) => family(pid).reduce((total, one) =>
    total + Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${one}/status`, 'utf8'))?.[1] ?? 0) * 1024, 0);

// --- contenders -------------------------------------------------------------------------------------

async function startNginx() {
    const folder = makeFolder('nginx');
    const port = await freePort();
    const user = process.getuid() === 0 ? 'user root;' : '';
    fs.writeFileSync(path.join(folder, 'nginx.conf'), `
${user}
worker_processes 1;
daemon off;
pid ${folder}/pid;
error_log ${folder}/error.log;
events { worker_connections 4096; }
http {
    access_log off;
    keepalive_requests 100000000;
    client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f;
    uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
    server {
        listen 127.0.0.1:${port};
        default_type application/json;
        location / { return 200 '{"status":"ok"}'; }
    }
}
`);
    const nginx = ['/usr/sbin/nginx', '/usr/bin/nginx'].find((file) => fs.existsSync(file)) ?? 'nginx';
    const server = startServer(nginx, ['-c', path.join(folder, 'nginx.conf')]);
    const url = `http://127.0.0.1:${port}`;
    await waitFor(server, url);
    return { ...server, url, name: 'nginx' };
}

async function startNode(name, script, database) {
    const port = await freePort();
    const server = startServer(process.execPath, [path.join(bench, script), String(port), database], {
        env: { ...cleanEnvironment(), NODE_ENV: 'production', SECRET: secret },
    });
    const url = `http://127.0.0.1:${port}`;
    await waitFor(server, `${url}/items/1`);
    return { ...server, url, name };
}

async function startBare(name, program, database) {
    const port = await freePort();
    const server = startServer(path.join(build, 'bench', program), [String(port), database]);
    const url = `http://127.0.0.1:${port}`;
    await waitFor(server, `${url}/items/1`);
    return { ...server, url, name };
}

const cairnEnvironment = (port, databaseUrl) => cleanEnvironment({
    CAIRN_LISTEN: `127.0.0.1:${port}`, CAIRN_DATABASE_URL: databaseUrl, CAIRN_SERVER_THREADS: '1',
    CAIRN_LOG_LEVEL: 'warn', CAIRN_LOG_FILE: 'none', CAIRN_AUTH_JWT_SECRET: secret,
    CAIRN_HTTP_BODY_MAX: '4MiB',
});

async function startCairnHere(name, databaseUrl) {
    const sqlite = databaseUrl.startsWith('sqlite:');
    const port = await freePort();
    const project = makeProject({
        migrations: { '0001_bench.sql': schemaSql(), '0002_service.sql': `${sqlite ? roleSql : ''}${serviceSql(sqlite)}` },
        name: 'bench',
    });
    const server = startServer(binary, ['serve'], { cwd: project, env: cairnEnvironment(port, databaseUrl) });
    const url = `http://127.0.0.1:${port}`;
    await waitFor(server, `${url}/readyz`);
    await until('readyz', () => request(`${url}/readyz`).then((r) => r.status === 200), 30_000);
    return { ...server, url, name, port, project, usesPostgres: !sqlite };
}

const makers = {
    nginx: startNginx,
    'fastify-sqlite': () => startNode('Fastify + better-sqlite3', 'fastify_sqlite.mjs', plainDatabase()),
    'bare-sqlite': () => startBare('bare program', 'bare_sqlite', plainDatabase()),
    'cairn-sqlite': () => startCairnHere('cairn', 'sqlite:data/bench.db'),
    'fastify-pg': async () => ({
        ...await startNode('Fastify + pg', 'fastify_pg.mjs', await plainPostgres()), usesPostgres: true,
    }),
    'bare-pg': async () => ({ ...await startBare('bare program', 'bare_postgres', await plainPostgres()), usesPostgres: true }),
    'cairn-pg': async () => {
        const postgres = await benchPostgres();
        const database = await postgres.createDatabase();
        const server = await startCairnHere('cairn', postgres.url(database));
        await postgres.sql('ANALYZE', database);
        return server;
    },
};

let postgresStarted;

function benchPostgres() {
    postgresStarted ??= startPostgres({ own: true }).then(async (postgres) => {
        await postgres.sql(roleSql, 'postgres');
        return postgres;
    });
    return postgresStarted;
}

/** What it starts later inherits its cores. */
function pinPostgres(postgres, cores) {
    for (const pid of family(postgres.process.pid)) {
        // A process of its own may have ended meanwhile.
        spawnSync('taskset', ['-p', '-c', cores, String(pid)], { stdio: 'ignore' });
    }
}

let plainPostgresUrl;
function plainPostgres() {
    plainPostgresUrl ??= benchPostgres().then(async (postgres) => {
        const database = await postgres.createDatabase();
        const file = path.join(makeFolder('sql'), 'schema.sql');
        fs.writeFileSync(file, `${schemaSql()}${serviceSql(false)}`);
        execFileSync(`${postgres.bin}/psql`, ['-X', '-q', '-h', postgres.socket, '-p', String(postgres.port),
            '-U', 'postgres', '-d', database, '-f', file]);
        await postgres.sql('ANALYZE', database);
        return postgres.url(database);
    });
    return plainPostgresUrl;
}

const started = new Map();
const get = async (key) => {
    const [maker, what] = key.split('/');
    if (!started.has(maker)) started.set(maker, makers[maker]());
    const server = await started.get(maker);
    return what ? { ...server, name: `${server.name}, ${what}` } : server;
};

// --- measuring --------------------------------------------------------------------------------------

async function measure(server, kind, forSeconds = seconds) {
    const database = server.usesPostgres ? (await benchPostgres()).process.pid : undefined;
    const databaseSeconds = () => (database ? cpuSeconds(database) : 0);
    const cpu = cpuSeconds(server.pid);
    const databaseCpu = databaseSeconds();
    const done = spawnSync('taskset', ['-c', loadCore, 'wrk', '-t1', `-c${clients}`, `-d${forSeconds}s`,
        '-s', path.join(bench, 'requests.lua'), server.url, '--', kind, String(itemCount), token], { encoding: 'utf8' });
    const used = cpuSeconds(server.pid) - cpu;
    const last = done.stdout.trim().split('\n').pop();
    const result = JSON.parse(last);
    if (result.bad > 0) throw new Error(`${server.name}, ${kind}: ${result.bad} bad answers`);
    // wrk also counts answers that took more than 2 s, which a busy disk can cause.
    if (result.broken > 0) say(`  ${server.name}, ${kind}: ${result.broken} connections broken or without an answer for 2 s`);
    return {
        perSecond: result.requests / result.seconds, perCpu: result.requests / used,
        perDatabaseCpu: result.requests / (databaseSeconds() - databaseCpu),
        p50: result.p50_us, p99: result.p99_us,
    };
}

async function measureRow(row) {
    const servers = [];
    for (const [key, kind] of Object.entries(row.of)) servers.push({ key, kind, server: await get(key), all: [] });
    if (servers.some((one) => one.server.usesPostgres)) {
        pinPostgres(await benchPostgres(), row.isDatabaseOnLoadCore ? loadCore : `${serverCore},${loadCore}`);
    }
    for (const one of servers) await measure(one.server, one.kind, 1); // warm
    for (let round = 0; round < rounds; round++) {
        for (const one of servers) one.all.push(await measure(one.server, one.kind));
    }
    return Object.fromEntries(servers.map(({ key, server, all }) => [key, {
        name: server.name, all,
        ...Object.fromEntries(['perSecond', 'perCpu', 'perDatabaseCpu', 'p50', 'p99'].map((f) =>
            [f, median(all.map((m) => m[f]))])),
    }]));
}

/** One open connection: an answered request and then nothing. */
function openIdle(port) {
    return new Promise((done, fail) => {
        const socket = net.connect(port, '127.0.0.1');
        socket.once('error', fail);
        socket.once('data', () => done(socket));
        socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
    });
}

async function measureIdle() {
    // Both sides raise their limit of open files to what the system lets them.
    const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
    const count = Math.min(10_000, limit === 'unlimited' ? Infinity : Number(limit) - 500);
    const server = await startCairnHere('cairn', 'sqlite:data/bench.db');
    await sleep(500);
    const before = residentBytes(server.pid);
    const sockets = [];
    while (sockets.length < count) {
        sockets.push(...await Promise.all(Array.from({ length: 100 }, () => openIdle(server.port))));
    }
    await sleep(1000);
    const after = residentBytes(server.pid);
    // A connection that the server dropped would cost nothing: all must still be there, and answer.
    const dropped = sockets.filter((socket) => socket.destroyed || socket.readableEnded).length;
    if (dropped > 0) throw new Error(`${dropped} of ${count} idle connections were closed`);
    const cpu = cpuSeconds(server.pid);
    await sleep(2000);
    const idleCpu = (cpuSeconds(server.pid) - cpu) / 2;
    await Promise.all(sockets.map((socket) => new Promise((done, fail) => {
        socket.once('data', done);
        socket.once('close', () => fail(new Error('an idle connection did not answer any more')));
        socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
    })));
    for (const socket of sockets) {
        socket.removeAllListeners('close');
        socket.destroy();
    }
    server.end();
    return { count, before, after, each: (after - before) / count, idleCpu };
}

async function measureStart(times = 20) {
    const port = await freePort();
    const project = makeProject({ migrations: { '0001_bench.sql': schemaSql() }, name: 'bench' });
    const figures = [];
    for (let i = 0; i <= times; i++) {
        const begin = process.hrtime.bigint();
        const child = spawn(binary, ['serve'], {
            cwd: project, env: cairnEnvironment(port, 'sqlite:data/bench.db'), stdio: 'ignore',
        });
        const exited = new Promise((done) => child.once('exit', done));
        const end = atEnd(() => child.kill('SIGKILL'));
        const url = `http://127.0.0.1:${port}/readyz`;
        for (;;) {
            if (await request(url).then((r) => r.status === 200, () => false)) break;
            if (child.exitCode !== null) throw new Error('cairn ended at its start');
            await sleep(1);
        }
        // The first start makes the tables.
        if (i > 0) figures.push(Number(process.hrtime.bigint() - begin) / 1e6);
        child.kill('SIGTERM');
        await exited;
        void end;
    }
    return { median: median(figures), worst: Math.max(...figures) };
}

function rawSqlite() {
    const out = execFileSync('taskset', ['-c', serverCore, path.join(build, 'bench', 'raw_sqlite'), plainDatabase(),
        String(Math.min(seconds, 3))], { encoding: 'utf8' });
    return Object.fromEntries(out.trim().split('\n').map((line) => line.split(' ')).map(([k, v]) => [k, Number(v)]));
}

// --- the report -------------------------------------------------------------------------------------

const k = (n) => (n >= 1000 ? `${(n / 1000).toFixed(1)} k` : n.toFixed(0));
const ms = (us) => (us / 1000).toFixed(2);
const unit = { perCpu: 'per server-CPU-second', perSecond: 'per second' };

function floorLines(key, results) {
    const cairnKey = Object.keys(rows[key].of).find((name) => name.startsWith('cairn'));
    return rows[key].floors.map(([what, whom, least]) => {
        const other = results[key][whom];
        const ratios = results[key][cairnKey].all.map((mine, round) => mine[what] / other.all[round][what]);
        const [low, high] = interval(ratios);
        const verdict = low >= least ? 'met' : high < least ? 'MISSED' : 'unknown: within noise';
        return { title: rows[key].title, what: unit[what], name: other.name, least, ratio: median(ratios), low, high, verdict };
    });
}

function report(results) {
    const lines = [];
    const out = (text = '') => lines.push(text);
    const cpu = /model name\s*: (.*)/.exec(fs.readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? os.arch();
    const revision = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).stdout.trim();
    out('# What was measured');
    out();
    out(`Written by \`./dev bench\` on ${new Date().toISOString().slice(0, 10)}, revision ${revision}, `
        + `${os.cpus().length} cores (${cpu}), Linux ${os.release()}, Node ${process.version}.`);
    out(`The server has core ${serverCore}, the load (wrk, ${clients} connections, one thread) core ${loadCore}; PostgreSQL may use both, except in `
        + `the row that says otherwise. Contenders of a row run in turn, ${rounds} rounds of ${seconds} s; figures are medians, ratios those of each round. All commit with the `
        + 'same durability (WAL, synchronous=FULL). Nobody writes a line per request (cairn runs with `log.level: warn`).');
    out();
    out(`Load of the machine before: ${results.load.toFixed(2)}`
        + (results.load > quietLoad ? ' - BUSY: these figures prove nothing.' : '.'));
    out();
    const floors = Object.keys(rows).filter((key) => results[key]).flatMap((key) => floorLines(key, results));
    if (results.idle) {
        floors.push({ title: 'idle keep-alive connection', what: 'KiB', name: '', most: 8,
            ratio: results.idle.each / 1024, verdict: results.idle.each <= 8192 ? 'met' : 'MISSED' });
    }
    if (results.start) {
        floors.push({ title: 'start to ready', what: 'ms', name: '', most: 50, ratio: results.start.median,
            verdict: results.start.median <= 50 ? 'met' : 'MISSED' });
    }
    out('## Floors');
    out();
    out('| Work | Compared with | Unit | Floor | Measured | Between | |');
    out('|---|---|---|---|---|---|---|');
    for (const f of floors) {
        const bound = f.most ? `<= ${f.most}` : `>= ${f.least}`;
        out(`| ${f.title} | ${f.name} | ${f.what} | ${bound} | ${f.ratio.toFixed(2)} | `
            + `${f.low ? `${f.low.toFixed(2)} and ${f.high.toFixed(2)}` : ''} | ${f.verdict} |`);
    }
    out();
    out('## Figures');
    out();
    out('| Work | Who | requests/s | per server-CPU-second | per database-CPU-second | p50 ms | p99 ms |');
    out('|---|---|---|---|---|---|---|');
    for (const [key, row] of Object.entries(rows)) {
        for (const one of Object.values(results[key] ?? {})) {
            out(`| ${row.title} | ${one.name} | ${k(one.perSecond)} | ${k(one.perCpu)} | `
                + `${Number.isFinite(one.perDatabaseCpu) ? k(one.perDatabaseCpu) : ''} | ${ms(one.p50)} | ${ms(one.p99)} |`);
        }
    }
    out();
    if (results.raw) {
        out(`SQLite in process, without HTTP: ${k(results.raw.point)} point reads, ${k(results.raw.list)} lists of 20, `
            + `${k(results.raw['insert-1'])} single durable commits, ${k(results.raw['insert-64'])} rows in groups of 64 per second.`);
        out();
    }
    if (results.idle) {
        const { count, before, after, each, idleCpu } = results.idle;
        out(`${count} idle keep-alive connections: ${(before / 2 ** 20).toFixed(1)} MiB before, ${(after / 2 ** 20).toFixed(1)} MiB `
            + `after, ${(each / 1024).toFixed(2)} KiB each; ${(100 * idleCpu).toFixed(1)} % of a core while idle.`);
    }
    if (results.start) {
        out(`Start to the first 200 of /readyz, process start included, 20 starts: median ${results.start.median.toFixed(0)} ms, `
            + `worst ${results.start.worst.toFixed(0)} ms.`);
    }
    out();
    out('## Commands');
    out();
    out('```');
    out('./dev bench                      # everything');
    out(`./dev bench ${Object.keys(rows).join(' ')} idle start raw   # or some of it, on stdout only`);
    out(`taskset -c ${loadCore} wrk -t1 -c${clients} -d${seconds}s -s bench/requests.lua URL -- KIND ${itemCount} TOKEN`);
    out('```');
    out();
    out('KIND is one of those in `bench/requests.lua`; a server\'s processor time is user and system time from');
    out('`/proc/PID/stat`, of the process and its children. The median of a ratio lies between the two figures beside it');
    out('with 95 % confidence (order statistics, no distribution assumed); a floor between them is unknown, neither met nor missed.');
    return `${lines.join('\n')}\n`;
}

async function main() {
    if (os.cpus().length < 2) throw new Error('unable to measure: one core for the server and one for the load are needed');
    const asked = process.argv.slice(2);
    const known = [...Object.keys(rows), 'idle', 'start', 'raw'];
    const unknown = asked.find((name) => !known.includes(name));
    if (unknown) throw new Error(`unable to measure '${unknown}': no such row; rows: ${known.join(' ')}`);
    const wanted = asked.length > 0 ? asked : known;

    execFileSync('ninja', ['-C', build, 'bench/bare_sqlite', 'bench/bare_postgres', 'bench/raw_sqlite'], { stdio: 'ignore' });
    const load = os.loadavg()[0];
    if (load > quietLoad) {
        say(`The machine is busy (load ${load.toFixed(1)}): what follows is only to see that it runs, and is not recorded.`);
    }
    const results = { load };
    let failures = 0;
    for (const key of wanted) {
        say(`measuring ${rows[key]?.title ?? key}`);
        const what = { idle: measureIdle, start: measureStart, raw: rawSqlite }[key] ?? (() => measureRow(rows[key]));
        try {
            results[key] = await what();
        } catch (error) {
            failures++;
            say(`  not measured: ${error.message}`);
        }
    }
    const text = report(results);
    say();
    say(text);
    if (asked.length === 0 && failures === 0 && load <= quietLoad) {
        const file = path.join(bench, 'RESULTS.md');
        // What people wrote below the mark stays.
        const mark = '<!-- notes -->';
        const old = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
        const notes = old.includes(mark) ? old.slice(old.indexOf(mark)) : `${mark}\n`;
        fs.writeFileSync(file, `${text}\n${notes}`);
        say('wrote bench/RESULTS.md');
    }
    return failures === 0 ? 0 : 1;
}

main().then((code) => process.exit(code), (error) => {
    console.error(`bench: ${error.message}`);
    process.exit(1);
});
