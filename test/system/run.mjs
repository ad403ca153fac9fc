// SPDX-License-Identifier: Apache-2.0
//
// Runs the system tests with one PostgreSQL for all of them, in two lanes beside each other: one of tests that mostly wait,
// for drills, services that start and time that goes by, and one of the others. What measures itself comes last, alone.
//
//     node test/system/run.mjs [--counts FILE] [NAME...]
//
// NAME is the name of a test file without .test.mjs; without one, all run. FILE gets "PASSED FAILED
// SKIPPED".

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { binary, makeFolder, root, startPostgres } from './harness.mjs';

const names = process.argv.slice(2);
let countsFile;
if (names[0] === '--counts') [, countsFile] = names.splice(0, 2);

if (!fs.existsSync(binary)) {
    console.error(`unable to test '${binary}': it is not there\n  ./dev build makes it`);
    process.exit(1);
}

const here = path.join(root, 'test', 'system');
const all = fs.readdirSync(here).filter((file) => file.endsWith('.test.mjs')).sort();
const unknown = names.filter((name) => !all.includes(`${name}.test.mjs`));
if (unknown.length > 0) {
    console.error(`unable to run '${unknown[0]}': no such test\n  tests: ${all.join(' ')}`);
    process.exit(1);
}
const files = (names.length > 0 ? names.map((name) => `${name}.test.mjs`) : all)
    .map((file) => path.join(here, file));

const chosen = (...list) => files.filter((file) => list.includes(path.basename(file, '.test.mjs')));
const waiting = chosen('check', 'history', 'live', 'process', 'rows');
const alone = chosen('checkpg', 'selftest');
const others = files.filter((file) => !waiting.includes(file) && !alone.includes(file));

const postgres = await startPostgres();
const folder = makeFolder('report');
const running = new Set();
const reports = [];

async function runFiles(list, output) {
    const report = path.join(folder, `${reports.length}.tap`);
    const child = spawn(process.execPath, [
        '--test', '--test-reporter=spec', '--test-reporter-destination=stdout',
        '--test-reporter=tap', `--test-reporter-destination=${report}`, ...list,
    ], { stdio: ['ignore', output, output], env: { ...process.env, CAIRN_TEST_POSTGRES: postgres.describe() } });

    reports.push(report);
    running.add(child);
    const code = await new Promise((done) => child.once('close', done));
    running.delete(child);
    return code;
}

// The first lane is shown as it goes, the other one when both have ended.
const shown = path.join(folder, 'waiting');
const kept = fs.openSync(shown, 'w');
const stop = (signal) => {
    stopped = true;
    for (const child of running) child.kill(signal);
};
let stopped = false;
for (const signal of ['SIGINT', 'SIGTERM']) process.prependListener(signal, () => stop(signal));
// A test that hangs must not hang everything: what it was is in the output.
const limit = setTimeout(() => stop('SIGTERM'), 15 * 60_000);
const run = (list, output) => (list.length > 0 && !stopped ? runFiles(list, output) : 0);
const codes = await Promise.all([run(others, 2), run(waiting, kept)]);
fs.writeSync(2, fs.readFileSync(shown));
codes.push(await run(alone, 2));
clearTimeout(limit);

/** All runs together; NaN when one has broken down. */
const figure = (name) => reports.reduce((sum, report) => {
    const tap = fs.existsSync(report) ? fs.readFileSync(report, 'utf8') : '';
    return sum + Number(tap.match(new RegExp(`^# ${name} (\\d+)$`, 'm'))?.[1] ?? NaN);
}, 0);
const failed = figure('fail') + figure('cancelled') + figure('todo');
const counts = [figure('pass'), failed, figure('skipped')];
if (countsFile && counts.every(Number.isInteger)) fs.writeFileSync(countsFile, `${counts.join(' ')}\n`);
process.exit(!stopped && codes.every((code) => code === 0) && failed === 0 ? 0 : 1);
