// SPDX-License-Identifier: Apache-2.0
//
// Both engines give the same answer: random schemas, rows and requests are sent to both, and status, headers
// and body compared to the byte. What differs is made as small as it gets, and shown.
//
//     CAIRN_PROPERTY_SECONDS  how long to look (default: at 8 schemas, however long that takes)
//     CAIRN_PROPERTY_SEED     where to begin (default 1): a number, or random; a failure says which

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { endAll, startBoth } from './harness.mjs';
import { answerOf, Identities, isSame } from './property/answers.mjs';
import { Random } from './property/random.mjs';
import { Requests, targetOf } from './property/requests.mjs';
import { secret } from './property/rules.mjs';
import { makeSchema, schemaSql } from './property/schema.mjs';
import { shrink } from './property/shrink.mjs';

const seconds = Number(process.env.CAIRN_PROPERTY_SECONDS ?? 0);
const leastSchemas = seconds > 0 ? 1 : 8;
const seedGiven = process.env.CAIRN_PROPERTY_SEED ?? '1';
const firstSeed = seedGiven === 'random' ? Date.now() % 1_000_000_000 : Number(seedGiven);
const perSchema = 120;
const env = { CAIRN_DATABASE_AGGREGATES: 'true', CAIRN_TRANSACTION_ALLOW_OVERRIDE: 'true', CAIRN_SERVER_THREADS: '1', CAIRN_AUTH_JWT_SECRET: secret };

after(() => endAll());

/** Sends the requests to both, up to the first difference: null when there is none. */
async function differs(schema, requests, both) {
    const started = both ?? await startBoth({ migrations: { '0001_schema.sql': schemaSql(schema) } }, { env });

    const identities = new Identities(schema);

    try {
        for (let i = 0; i < requests.length; i++) {
            if (!identities.takes(requests[i])) continue;
            const [sqlite, postgres] = await Promise.all([answerOf(started.sqlite, requests[i]), answerOf(started.postgres, requests[i])]);
            if (!isSame(requests[i], sqlite, postgres)) return { at: i, sqlite, postgres };
            identities.note(requests[i], postgres);
        }
        return null;
    } finally {
        await Promise.all([started.sqlite.kill(), started.postgres.kill()]);
    }
}

function describe(seed, schema, requests, found) {
    const lines = [`seed ${seed}; the two engines differ. Run it again: CAIRN_PROPERTY_SEED=${seed}`, '', schemaSql(schema)];

    for (const request of requests) {
        lines.push(`${request.method} ${targetOf(request)}`, `  ${decodeURIComponent(targetOf(request))}`, `  ${JSON.stringify(request.headers)}`);
        if (request.body !== undefined) lines.push(`  ${JSON.stringify(request.body)}`);
    }
    for (const engine of ['sqlite', 'postgres']) lines.push('', `${engine}: ${JSON.stringify(found[engine], null, 1)}`);
    return lines.join('\n');
}

async function tryOne(seed) {
    const random = new Random(seed);
    const schema = makeSchema(random);
    const requests = new Requests(random, schema);
    const list = Array.from({ length: perSchema }, () => requests.make());
    const found = await differs(schema, list);

    if (!found) return null;
    const small = await shrink(schema, list.slice(0, found.at + 1), differs);
    return describe(seed, small.schema, small.requests, small.found ?? found);
}

test(`random requests have the same answer on both engines, from seed ${firstSeed}`, { timeout: (seconds + 240) * 1000 }, async (t) => {
    const end = Date.now() + seconds * 1000;
    let schemas = 0;

    for (let seed = firstSeed; schemas < leastSchemas || Date.now() < end; seed++, schemas++) {
        const failure = await tryOne(seed);
        assert.equal(failure, null, failure ?? undefined);
    }
    t.diagnostic(`${schemas} schemas, ${schemas * perSchema} requests, from seed ${firstSeed}`);
});
