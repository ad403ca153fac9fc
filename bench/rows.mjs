// SPDX-License-Identifier: Apache-2.0
//
// The rows of the report. of: contenders with the form of the request that each understands, a server's
// other work as 'server/what it is'; floors: what cairn has to reach, as [what, ratio to whom, at least];
// isDatabaseOnLoadCore: PostgreSQL gets no part of the server's core.

export const clients = 64;

const postgresFloors = [['perSecond', 'fastify-pg', 2], ['perCpu', 'fastify-pg', 3]];
const sqliteFloors = [['perCpu', 'fastify-sqlite', 3.5]];

/** The same work on both engines, beside the same SQL written by hand. */
function both(key, title, sqlite = sqliteFloors, postgres = postgresFloors) {
    return {
        [key]: {
            title: `${title}, SQLite`,
            of: { 'fastify-sqlite': `${key}-plain`, 'cairn-sqlite': key },
            floors: sqlite,
        },
        [`${key}-pg`]: {
            title: `${title}, PostgreSQL`,
            of: { 'fastify-pg': `${key}-plain`, 'cairn-pg': key },
            floors: postgres,
        },
    };
}

/** Where the disk takes part, time counts and not the processor's alone. */
const diskFloors = [['perSecond', 'fastify-sqlite', 3.5]];

export const rows = {
    static: {
        title: 'static answer',
        of: { nginx: 'static-plain', 'fastify-sqlite': 'static-plain', 'cairn-sqlite': 'static' },
        floors: [['perCpu', 'nginx', 1.0]],
    },
    point: {
        title: 'point read, SQLite',
        of: {
            'fastify-sqlite': 'point-plain', 'bare-sqlite': 'point-plain', 'cairn-sqlite': 'point',
            'cairn-sqlite/static answer': 'static',
        },
        floors: [['perCpu', 'cairn-sqlite/static answer', 0.65], ['perCpu', 'fastify-sqlite', 3.5]],
    },
    list: {
        title: 'list of 20, SQLite',
        of: { 'fastify-sqlite': 'list-plain', 'bare-sqlite': 'list-plain', 'cairn-sqlite': 'list' },
        floors: [['perCpu', 'bare-sqlite', 0.6], ['perCpu', 'fastify-sqlite', 4.5]],
    },
    insert: {
        title: `durable insert, SQLite, ${clients} clients`,
        of: { 'fastify-sqlite': 'insert-plain', 'bare-sqlite': 'insert-plain', 'cairn-sqlite': 'insert' },
        floors: [['perSecond', 'bare-sqlite', 0.5], ['perSecond', 'fastify-sqlite', 10]],
    },
    postgres: {
        title: 'point read, PostgreSQL on the other core',
        isDatabaseOnLoadCore: true,
        of: { 'fastify-pg': 'point-plain', 'bare-pg': 'point-plain', 'cairn-pg': 'point' },
        floors: [['perSecond', 'fastify-pg', 2.3], ['perCpu', 'fastify-pg', 3.5], ['perSecond', 'bare-pg', 0.8]],
    },
    ...both('one', '20 rows, each with the row it belongs to'),
    ...both('many', '20 rows, each with the 10 that belong to it'),
    ...both('count', '5 of 10 rows that a filter chooses, and their exact count'),
    ...both('bulk', 'insert of 1,000 rows', diskFloors),
    ...both('upsert', `upsert of a row, ${clients} clients`, diskFloors),
    ...both('rpc', 'function that gives 10 rows'),
    policy: {
        title: 'list of 20 of one owner, by a policy, SQLite',
        of: { 'fastify-sqlite': 'policy-plain', 'cairn-sqlite': 'policy', 'cairn-sqlite/the same list without a policy': 'open' },
        floors: [...sqliteFloors, ['perCpu', 'cairn-sqlite/the same list without a policy', 0.8]],
    },
    // The floors are against the same work: the policy, for the role and claims of a transaction. What a
    // server does that trusts its own WHERE stands beside it.
    'policy-pg': {
        title: 'list of 20 of one owner, by a policy, PostgreSQL',
        of: { 'fastify-pg': 'policy-tx-plain', 'fastify-pg/filter by hand': 'policy-plain', 'cairn-pg': 'policy' },
        floors: postgresFloors,
    },
};
