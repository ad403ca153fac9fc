// SPDX-License-Identifier: Apache-2.0
//
// What the system tests stand on: a private PostgreSQL, the real binary in a project of its own, and
// requests with nothing added to them.
//
// Everything lives in one temporary folder, listens on 127.0.0.1 only, and is gone when the process
// ends, however it ends. Only processes that were started here are ever signalled.

import { execFile, execFileSync, spawn } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const binary = process.env.CAIRN_BINARY ?? path.join(root, 'build', 'cairn');
export const northwind = path.join(root, 'examples/northwind/migrations/0001_northwind.sql');
export const engines = ['sqlite', 'postgres'];
export const isRoot = process.getuid() === 0;

// --- the temporary folder, and what has to end ------------------------------------------------------

const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'cairn-test-'));
fs.chmodSync(temporary, 0o755); // PostgreSQL runs as another user and must get through
const endings = new Set();

/** Calls end (synchronous) when the process ends; the function returned calls it at once. */
export function atEnd(end) {
    endings.add(end);
    return () => {
        if (endings.delete(end)) end();
    };
}

process.on('exit', () => {
    for (const end of [...endings].reverse()) {
        try {
            end();
        } catch (error) {
            console.error(`unable to clean up: ${error.message}`);
        }
    }
    fs.rmSync(temporary, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

const running = new Set();

/** Something with end() that a test started; endAll ends it when the test did not get so far. */
export const track = (thing) => (running.add(thing), thing);
export const untrack = (thing) => running.delete(thing);

/** For afterEach or after: what a failed test left would be in the way, or keep the process from ending. */
export async function endAll() {
    const things = [...running].reverse();
    running.clear();
    for (const thing of things) await thing.end();
}

let folders = 0;

/** A new empty folder. */
export function makeFolder(name = 'folder') {
    const folder = path.join(temporary, `${name}-${process.pid}-${++folders}`);
    fs.mkdirSync(folder);
    return folder;
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Polls until what() gives something true; fails after the time is up, saying what it waited for. */
export async function until(label, what, ms = 30_000) {
    const end = Date.now() + ms;
    for (;;) {
        const value = await what();
        if (value) return value;
        if (Date.now() > end) throw new Error(`waited ${ms} ms in vain: ${label}`);
        await sleep(10);
    }
}

const given = new Set();

/** Whether nobody listens there. */
const isFree = (port) => new Promise((done) => {
    const server = net.createServer();
    server.once('error', () => done(false));
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
});

/**
 * A port on which nobody listens. Who gets it listens later, and so it is none of those that the kernel gives
 * meanwhile to whoever connects or asks for any.
 */
export async function freePort() {
    const [first] = fs.readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/).map(Number);
    const [from, to] = first > 12_000 ? [10_240, first] : [61_000, 65_536];
    for (;;) {
        const port = from + crypto.randomInt(to - from);
        if (given.has(port) || !await isFree(port)) continue;
        given.add(port);
        return port;
    }
}

// --- PostgreSQL -------------------------------------------------------------------------------------

function postgresBin() {
    const base = '/usr/lib/postgresql';
    const versions = fs.existsSync(base)
        ? fs.readdirSync(base).filter((v) => fs.existsSync(`${base}/${v}/bin/initdb`))
        : [];
    if (versions.length > 0) {
        versions.sort((a, b) => Number(b) - Number(a));
        return `${base}/${versions[0]}/bin`;
    }
    return execFileSync('pg_config', ['--bindir'], { encoding: 'utf8' }).trim();
}

/** PostgreSQL refuses to run as root: then it runs as the user that its package made. */
function unprivileged() {
    if (!isRoot) return {};
    const users = fs.readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':'));
    const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
    return { uid: Number(user[2]), gid: Number(user[3]) };
}

class Postgres {
    constructor({ bin, data, port, socket, log }) {
        Object.assign(this, { bin, data, port, socket, log });
        this.databases = 0;
    }

    /** What another process needs to use this cluster, as text. */
    describe() {
        const { bin, data, port, socket, log } = this;
        return JSON.stringify({ bin, data, port, socket, log });
    }

    url(database) {
        return `postgres://postgres@127.0.0.1:${this.port}/${database}`;
    }

    async start() {
        const log = fs.openSync(this.log, 'a');
        this.process = spawn(`${this.bin}/postgres`, ['-D', this.data], {
            cwd: '/',
            stdio: ['ignore', log, log],
            ...unprivileged(),
        });
        fs.closeSync(log);
        const child = this.process;
        this.exited = new Promise((done) => child.once('exit', done));
        const ready = async () => {
            if (child.exitCode !== null) {
                throw new Error(`PostgreSQL ended:\n${fs.readFileSync(this.log, 'utf8')}`);
            }
            return this.sql('SELECT 1', 'postgres').then(() => true, () => false);
        };
        await until('PostgreSQL to accept connections', ready, 30_000);
        child.unref(); // a test that is done need not wait for it
    }

    /** mode: 'SIGINT' (fast) or 'SIGQUIT' (immediate, as a crash). */
    async stop(signal = 'SIGINT') {
        this.process.ref();
        this.process.kill(signal);
        await this.exited;
    }

    async restart(signal = 'SIGINT') {
        await this.stop(signal);
        await this.start();
    }

    /** Runs SQL as the superuser; returns rows as text, fields separated by |. */
    async sql(text, database) {
        const { stdout } = await run(`${this.bin}/psql`, [
            '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-h', this.socket, '-p', String(this.port),
            '-U', 'postgres', '-d', database, '-c', text,
        ], { maxBuffer: 1 << 28 });
        return stdout.trimEnd();
    }

    /** A fresh database; returns its name. */
    async createDatabase() {
        const name = `t_${process.pid}_${++this.databases}`;
        await this.sql(`CREATE DATABASE ${name}`, 'postgres');
        return name;
    }
}

async function startOwnPostgres() {
    const bin = postgresBin();
    const home = makeFolder('postgres');
    const user = unprivileged();
    if (user.uid !== undefined) fs.chownSync(home, user.uid, user.gid);
    const data = path.join(home, 'data');
    await run(`${bin}/initdb`, [
        '-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync',
    ], { cwd: '/', ...user });
    const port = await freePort();
    fs.appendFileSync(path.join(data, 'postgresql.conf'), [
        '', "listen_addresses = '127.0.0.1'", `port = ${port}`, `unix_socket_directories = '${home}'`,
        'max_connections = 300', 'logging_collector = off', "timezone = 'UTC'", '',
    ].join('\n'));
    const postgres = new Postgres({ bin, data, port, socket: home, log: path.join(home, 'log') });
    const end = () => {
        try {
            execFileSync(`${bin}/pg_ctl`, ['stop', '-m', 'immediate', '-s', '-D', data],
                { cwd: '/', stdio: 'ignore', ...user });
        } catch {
            // It was not running.
        }
        fs.rmSync(home, { recursive: true, force: true });
    };
    const endNow = atEnd(end);
    postgres.end = () => {
        untrack(postgres);
        endNow();
    };
    await postgres.start();
    return postgres;
}

let shared;

/**
 * A PostgreSQL to test with. The cluster is shared by all the tests of a run, and each takes databases
 * of its own; with own: true it is a cluster of one's own, to be stopped and started.
 */
export async function startPostgres({ own = false } = {}) {
    if (own) return track(await startOwnPostgres());
    if (!shared) {
        const given = process.env.CAIRN_TEST_POSTGRES;
        shared = given ? Promise.resolve(new Postgres(JSON.parse(given))) : startOwnPostgres();
    }
    return shared;
}

// --- cairn ------------------------------------------------------------------------------------------

/**
 * A project folder. migrations is an object of name → SQL text, or of name → { file } to copy; files is
 * the same for any other file.
 */
export function makeProject({ migrations = {}, yaml = 'stage: poc\n', files = {}, name = 'shop' } = {}) {
    const folder = path.join(makeFolder('project'), name);
    fs.mkdirSync(path.join(folder, 'migrations'), { recursive: true });
    const all = { 'cairn.yaml': yaml, ...files };
    for (const [file, content] of Object.entries(migrations)) all[`migrations/${file}`] = content;
    for (const [file, content] of Object.entries(all)) {
        const target = path.join(folder, file);
        fs.mkdirSync(path.dirname(target), { recursive: true });
        if (typeof content === 'string') fs.writeFileSync(target, content);
        else fs.copyFileSync(content.file, target);
    }
    return folder;
}

/** The environment that the binary gets: nothing of ours by accident. */
export function cleanEnvironment(extra = {}) {
    const { PATH, LANG = 'C.UTF-8', ASAN_OPTIONS, UBSAN_OPTIONS } = process.env;
    const env = { PATH, LANG, HOME: temporary, NO_COLOR: '1', ...extra };
    if (ASAN_OPTIONS) env.ASAN_OPTIONS = ASAN_OPTIONS;
    if (UBSAN_OPTIONS) env.UBSAN_OPTIONS = UBSAN_OPTIONS;
    return env;
}

/** Runs a command of the binary to its end: { code, signal, stdout, stderr }. */
export async function cairn(args, { cwd = temporary, env = {}, timeout = 30_000, input } = {}) {
    const child = spawn(binary, args, { cwd, env: cleanEnvironment(env), stdio: ['pipe', 'pipe', 'pipe'] });
    const result = { stdout: '', stderr: '', pid: child.pid };
    child.stdout.on('data', (data) => (result.stdout += data));
    child.stderr.on('data', (data) => (result.stderr += data));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const end = atEnd(() => child.kill('SIGKILL'));
    const timer = setTimeout(end, timeout);
    [result.code, result.signal] = await new Promise((done, fail) => {
        child.once('error', fail);
        child.once('close', (code, signal) => done([code, signal]));
    });
    clearTimeout(timer);
    endings.delete(end);
    return result;
}

class Cairn {
    constructor(options) {
        Object.assign(this, options);
        this.stdout = '';
        this.stderr = '';
    }

    get log() {
        return this.stdout + this.stderr;
    }

    get pid() {
        return this.child.pid;
    }

    get isRunning() {
        return this.child.exitCode === null && this.child.signalCode === null;
    }

    /** The lines of stdout that are JSON. */
    get logLines() {
        return this.stdout.split('\n').flatMap((line) => {
            try {
                return [JSON.parse(line)];
            } catch {
                return [];
            }
        });
    }

    launch() {
        const env = cleanEnvironment({
            CAIRN_LISTEN: `127.0.0.1:${this.port}`,
            CAIRN_DATABASE_URL: this.databaseUrl,
            ...this.env,
        });
        // A group of its own, so that kill() ends the workers with the supervisor.
        const child = spawn(this.wrapper[0] ?? binary,
            [...this.wrapper.slice(1), ...(this.wrapper.length > 0 ? [binary] : []), ...this.args],
            { cwd: this.project, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
        this.child = child;
        child.stdout.setEncoding('utf8').on('data', (data) => (this.stdout += data));
        child.stderr.setEncoding('utf8').on('data', (data) => (this.stderr += data));
        this.exited = new Promise((done) => {
            child.once('error', (error) => done({ error }));
            child.once('close', (code, signal) => done({ code, signal }));
        });
        this.forget = atEnd(() => this.signalGroup('SIGKILL'));
        track(this);
    }

    async end() {
        if (this.isRunning) await this.kill();
    }

    signalGroup(signal) {
        try {
            process.kill(-this.child.pid, signal);
        } catch (error) {
            if (error.code !== 'ESRCH') throw error;
        }
    }

    /** Resolves when /readyz says 200; fails with the log when the process ends before. */
    async waitReady(ms = 20_000) {
        let gone = null;
        this.exited.then((how) => (gone = how));
        await until(`${this.url}/readyz to say 200; log:\n${this.log.slice(-4000)}`, async () => {
            if (gone) throw new Error(`cairn ended (${JSON.stringify(gone)}):\n${this.log.slice(-4000)}`);
            return request(`${this.url}/readyz`).then((r) => r.status === 200, () => false);
        }, ms).catch((error) => {
            throw gone ? error : new Error(`${error.message}\nlog at the end:\n${this.log.slice(-4000)}`);
        });
        return this;
    }

    /** SIGTERM, as a service manager does; { code, signal } when it has ended. */
    async stop(ms = 40_000) {
        if (this.isRunning) this.child.kill('SIGTERM');
        const timer = setTimeout(() => this.signalGroup('SIGKILL'), ms);
        const how = await this.exited;
        clearTimeout(timer);
        this.forget();
        untrack(this);
        return how;
    }

    /** SIGKILL to it and its workers, as a crash. */
    async kill() {
        this.signalGroup('SIGKILL');
        const how = await this.exited;
        this.forget();
        untrack(this);
        return how;
    }

    /** Starts again on the same project, port and database. */
    async startAgain() {
        this.launch();
        return this.waitReady();
    }

    request(target, options) {
        return request(this.url + target, options);
    }
}

/**
 * Starts the binary in a project.
 *
 * engine: 'sqlite' or 'postgres' (a fresh database unless database is named); project: a folder;
 * args: the command (default: serve); env: more environment; wrapper: a command to run it under;
 * ready: false returns at once.
 */
export async function startCairn({
    engine = 'sqlite', project = makeProject(), postgres, database, args = ['serve'], env = {},
    port, wrapper = [], ready = true,
} = {}) {
    let databaseUrl = 'sqlite:data/test.db';
    if (engine === 'postgres') {
        postgres ??= await startPostgres();
        database ??= await postgres.createDatabase();
        databaseUrl = postgres.url(database);
    }
    port ??= await freePort();
    const server = new Cairn({
        engine, project, postgres, database, databaseUrl, args, env, port, wrapper,
        url: `http://127.0.0.1:${port}`,
    });
    server.launch();
    return ready ? server.waitReady() : server;
}

/** Both engines on copies of the same project: { sqlite, postgres }. */
export async function startBoth(project, options = {}) {
    const started = await Promise.allSettled(engines.map((engine) =>
        startCairn({ engine, project: makeProject(project), ...options })));
    const failed = started.find((one) => one.status === 'rejected');
    // One that runs on would keep the tests from ending.
    if (failed) {
        await Promise.all(started.map((one) => one.value?.stop()));
        throw failed.reason;
    }
    return { sqlite: started[0].value, postgres: started[1].value };
}

// --- requests ---------------------------------------------------------------------------------------

/**
 * One request on a connection of its own, or of agent's, with exactly these headers; the answer is
 * { status, statusText, headers, rawHeaders, body (bytes), text, json() }.
 */
export function request(url, { method = 'GET', headers = {}, body, agent = false, timeout = 30_000 } = {}) {
    return new Promise((done, fail) => {
        const message = http.request(url, { method, headers, agent, timeout }, (response) => {
            const parts = [];
            response.on('data', (part) => parts.push(part));
            response.once('error', fail);
            response.once('end', () => {
                const bytes = Buffer.concat(parts);
                done({
                    status: response.statusCode,
                    statusText: response.statusMessage,
                    headers: response.headers,
                    rawHeaders: response.rawHeaders,
                    body: bytes,
                    get text() {
                        return bytes.toString('utf8');
                    },
                    json: () => JSON.parse(bytes.toString('utf8')),
                });
            });
        });
        message.once('timeout', () => message.destroy(new Error(`no answer in ${timeout} ms: ${method} ${url}`)));
        message.once('error', fail);
        if (body !== undefined && !('content-length' in lowered(headers))) {
            message.setHeader('Content-Length', Buffer.byteLength(body));
        }
        message.end(body);
    });
}

const lowered = (headers) =>
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** A POST, PATCH or PUT of a value as JSON. */
export const json = (method, value, headers = {}) => ({
    method,
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(value),
});

/** Sends raw bytes and reads to the end of the connection (or for ms): the answer's text. */
export function raw(port, bytes, ms = 5_000) {
    return new Promise((done, fail) => {
        const socket = net.connect(port, '127.0.0.1');
        const parts = [];
        const finish = () => {
            socket.destroy();
            done(Buffer.concat(parts).toString('latin1'));
        };
        const timer = setTimeout(finish, ms);
        socket.on('data', (part) => parts.push(part));
        socket.once('error', (error) => (parts.length > 0 ? finish() : fail(error)));
        socket.once('close', () => {
            clearTimeout(timer);
            finish();
        });
        socket.write(bytes);
    });
}

export const sha256 = (data) => crypto.createHash('sha256').update(data).digest('hex');
