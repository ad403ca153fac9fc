// SPDX-License-Identifier: Apache-2.0
//
// Runs the system tests with one PostgreSQL for all of them.
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

const postgres = await startPostgres();
const report = path.join(makeFolder('report'), 'tap');
const child = spawn(process.execPath, [
    '--test', '--test-reporter=spec', '--test-reporter-destination=stdout',
    '--test-reporter=tap', `--test-reporter-destination=${report}`, ...files,
], {
    stdio: ['ignore', 2, 2],
    env: { ...process.env, CAIRN_TEST_POSTGRES: postgres.describe() },
});
for (const signal of ['SIGINT', 'SIGTERM']) process.prependListener(signal, () => child.kill(signal));
// A test that hangs must not hang everything: what it was is in the output.
const limit = setTimeout(() => child.kill('SIGTERM'), 15 * 60_000);
const code = await new Promise((done) => child.once('close', done));
clearTimeout(limit);

const tap = fs.existsSync(report) ? fs.readFileSync(report, 'utf8') : '';
const figure = (name) => Number(tap.match(new RegExp(`^# ${name} (\\d+)$`, 'm'))?.[1] ?? NaN);
const failed = figure('fail') + figure('cancelled') + figure('todo');
const counts = [figure('pass'), failed, figure('skipped')];
if (countsFile && counts.every(Number.isInteger)) fs.writeFileSync(countsFile, `${counts.join(' ')}\n`);
process.exit(code === 0 && failed === 0 ? 0 : 1);
