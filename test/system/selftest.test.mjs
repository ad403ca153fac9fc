// SPDX-License-Identifier: Apache-2.0
//
// Whether the checks themselves notice what they are for. It measures, and so runs when nothing else does (run.mjs).

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, test } from 'node:test';

import { cairn, endAll, makeFolder } from './harness.mjs';

afterEach(endAll);

const limit = 8 * 60_000;

test('each defect on purpose is noticed by the check that is about it', { timeout: limit }, async () => {
    const folder = makeFolder();
    assert.equal((await cairn(['init', 'shop'], { cwd: folder })).code, 0);
    const { code, stdout, stderr } = await cairn(['check', '--selftest'], { cwd: path.join(folder, 'shop'), timeout: limit });
    assert.equal(code, 0, stdout + stderr);
    const [, seen, all] = stdout.match(/(\d+) of (\d+)\n$/);
    assert.equal(seen, all);
    assert.ok(Number(all) >= 50);
    assert.match(stdout, /without a defect of their own:/);
    const left = fs.readdirSync('/tmp').filter((name) => name.startsWith('cairn-drill-'));
    assert.deepEqual(left.filter((name) => !fs.existsSync(`/proc/${name.split('-')[2]}`)), []);
});
