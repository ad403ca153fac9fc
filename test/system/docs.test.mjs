// SPDX-License-Identifier: Apache-2.0
//
// What the API says of itself: OpenAPI that a public validator takes, and a page that a browser draws
// without the network.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { Validator } from '@seriousme/openapi-schema-validator';

import { cairn, endAll, makeProject, northwind, root, startBoth } from './harness.mjs';

const data = path.join(root, 'test/system/data');
const project = {
    name: 'northwind',
    migrations: {
        '0001_northwind.sql': { file: northwind },
        '0002_more.sql': { file: path.join(data, '0002_more.sql') },
    },
};
let both;

before(async () => {
    both = await startBoth(project);
});
after(endAll);

test('openapi.json is valid OpenAPI 3.1', async () => {
    const answer = await both.sqlite.request('/openapi.json');
    assert.equal(answer.status, 200);
    assert.match(answer.headers['content-type'], /^application\/(openapi\+)?json/);
    const document = answer.json();
    assert.match(document.openapi, /^3\.1\./);
    const result = await new Validator().validate(document);
    assert.ok(result.valid, JSON.stringify(result.errors, null, 1));
});

/** The places where two values differ: "path: one | other". */
function differences(a, b, at = '') {
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
        return a === b ? [] : [`${at}: ${JSON.stringify(a)} | ${JSON.stringify(b)}`];
    }
    return [...new Set([...Object.keys(a), ...Object.keys(b)])]
        .flatMap((key) => differences(a[key], b[key], `${at}/${key}`));
}

test('openapi.json is the same on both engines', async () => {
    const [a, b] = await Promise.all([both.sqlite, both.postgres].map((s) => s.request('/openapi.json')));
    const [sqlite, postgres] = [a.json(), b.json()];
    assert.ok(sqlite.paths['/dear_products'].post, 'a simple view can be written');
    assert.deepEqual(differences(sqlite, postgres), []);
    assert.equal(JSON.stringify(sqlite), JSON.stringify(postgres), 'the same values, but in another order');
});

test('openapi.json describes each table, its types, keys and comments', async () => {
    const document = (await both.sqlite.request('/openapi.json')).json();
    const text = JSON.stringify(document);
    const tables = [...fs.readFileSync(northwind, 'utf8').matchAll(/^CREATE TABLE (\w+)/gm)].map(([, name]) => name);
    assert.equal(tables.length, 14);
    for (const table of [...tables, 'things', 'notes', 'dear_products']) {
        assert.ok(Object.keys(document.paths).some((key) => key.endsWith(`/${table}`)), table);
    }
    assert.match(text, /One of each type\./);
    assert.match(text, /In euros\./);
    assert.match(text, /"enum":\["sad","ok","happy"\]/);
    assert.match(text, /"maxLength":20/);
    assert.match(text, /"format":"uuid"/);
    assert.match(text, /"format":"date-time"/);
});

test('cairn openapi prints the same document', async () => {
    const result = await cairn(['openapi'], { cwd: both.sqlite.project, env: { CAIRN_DATABASE_URL: 'sqlite:data/test.db' } });
    assert.equal(result.code, 0, result.stderr);
    const served = (await both.sqlite.request('/openapi.json')).json();
    assert.deepEqual(Object.keys(JSON.parse(result.stdout).paths), Object.keys(served.paths));
});

test('the root of the data API is Swagger 2.0, as clients expect it', async () => {
    const answer = await both.sqlite.request('/rest/v1/');
    assert.equal(answer.status, 200);
    assert.equal(answer.json().swagger, '2.0');
    assert.ok(answer.json().definitions.products);
});

test('the docs page works in a browser that has no network', async (t) => {
    const browser = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
        .find((file) => fs.existsSync(file));
    if (!browser) return t.skip('no Chromium on this machine');
    const { chromium } = await import('playwright-core');
    const chrome = await chromium.launch({
        executablePath: browser,
        args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    });
    try {
        const page = await chrome.newPage({ viewport: { width: 1280, height: 900 } });
        const problems = [];
        const outside = [];
        page.on('pageerror', (error) => problems.push(error.message));
        page.on('console', (message) => {
            if (message.type() === 'error') problems.push(message.text());
        });
        await page.route('**/*', (route) => {
            const url = route.request().url();
            if (url.startsWith(both.sqlite.url) || /^(data|blob):/.test(url)) return route.continue();
            outside.push(url);
            return route.abort();
        });
        const response = await page.goto(`${both.sqlite.url}/docs`, { waitUntil: 'load' });
        assert.equal(response.status(), 200);
        await page.getByText('order_details').first().waitFor({ timeout: 15_000 });
        const text = await page.evaluate(() => document.body.innerText);
        for (const table of ['products', 'customers', 'things']) assert.match(text, new RegExp(table));
        assert.deepEqual(outside, [], 'the page asked other machines');
        assert.deepEqual(problems, []);
        const file = path.join(root, '.cache', 'docs-page.png');
        fs.mkdirSync(path.dirname(file), { recursive: true });
        await page.screenshot({ path: file });
        assert.ok(fs.statSync(file).size > 20_000, 'the picture is almost empty');
    } finally {
        await chrome.close();
    }
});
