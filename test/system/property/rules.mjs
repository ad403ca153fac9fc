// SPDX-License-Identifier: Apache-2.0
//
// Who may do what with the tables of a random schema: privileges, policies, and the callers that are held to them.

import crypto from 'node:crypto';

import { ident, literal } from './derived.mjs';
import { types } from './values.mjs';

export const secret = 'a secret of the random requests, longer than 32 bytes';
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

function sign(claims) {
    const input = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
    return `${input}.${crypto.createHmac('sha256', secret).update(input).digest('base64url')}`;
}

const claims = [
    null, null, { role: 'anon', word: 'a' }, { role: 'authenticated', word: 'a', sub: '00000000-0000-4000-8000-000000000001' },
    { role: 'authenticated', word: 'K', sub: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' }, { role: 'authenticated' }, { role: 'service_role' },
];
const headers = claims.map((one) => (one ? { Authorization: `Bearer ${sign(one)}` } : {}));

export const anyCaller = (random) => random.pick(headers);

const roles = ['anon', 'authenticated'];
const isEqual = (column) => !types[column.type].isJson && column.type !== 'tsvector' && column.type !== 'bytea' && !types[column.type].isArray;

/** A condition on a row of the table. */
function condition(random, table, tables) {
    const column = random.pick(table.columns.filter(isEqual));
    const name = ident(column.name);
    const given = table.rows.map((row) => row[column.name]).filter((value) => value != null);
    const value = literal(given.length > 0 ? random.pick(given) : random.pick(types[column.type].values));
    const key = random.pick(table.foreign.filter((one) => one.table !== table.name).concat(null));
    const claim = "current_setting('request.jwt.claims', true)::json ->> 'word'";
    const choices = [
        [3, () => `${name} ${random.pick(['=', '<>', 'IS DISTINCT FROM'])} ${value}`], [2, () => `${name} IS ${random.pick(['', 'NOT '])}NULL`],
        [2, () => `${ident(table.pk[0])}::text > coalesce(${claim}, 'b')`], [1, () => "auth.role() = 'authenticated'"], [1, () => 'auth.uid() IS NOT NULL'],
        // PostgreSQL forgets what a policy beside a plain true asks, and that it may not.
        [1, () => `${ident(table.pk[0])} IS NOT NULL`], [0.5, () => `${ident(table.pk[0])} IS NULL`],
        [1, () => `(${condition(random, table, tables)} ${random.pick(['AND', 'OR'])} ${condition(random, table, tables)})`],
    ];

    if (column.type === 'uuid') choices.push([4, () => `${name} = auth.uid()`]);
    if (key) {
        const to = tables.find((t) => t.name === key.table);
        const where = key.columns.map((c, i) => `o.${ident(key.to[i])} = ${ident(table.name)}.${ident(c)}`).join(' AND ');
        choices.push([3, () => `EXISTS (SELECT 1 FROM ${ident(to.name)} o WHERE ${where})`]);
        if (key.columns.length === 1) choices.push([1, () => `${ident(key.columns[0])} IN (SELECT ${ident(key.to[0])} FROM ${ident(to.name)})`]);
    }
    return random.weighted(choices)();
}

function policy(random, table, tables, n) {
    const command = random.weighted([[4, 'ALL'], [3, 'SELECT'], [1.5, 'INSERT'], [1.5, 'UPDATE'], [1, 'DELETE']]);
    const using = command === 'INSERT' ? '' : ` USING (${condition(random, table, tables)})`;
    const check = ['SELECT', 'DELETE'].includes(command) || (command !== 'INSERT' && random.chance(0.6)) ? '' : ` WITH CHECK (${condition(random, table, tables)})`;

    return `CREATE POLICY ${ident(`p${n}`)} ON ${ident(table.name)}${random.chance(0.2) ? ' AS RESTRICTIVE' : ''} FOR ${command}`
        + ` TO ${random.pick(['PUBLIC', 'authenticated', 'anon, authenticated'])}${using}${check};`;
}

function grants(random, table, names) {
    const name = ident(table.name);
    const out = [`GRANT ALL ON ${name} TO service_role;`];

    for (const role of roles) {
        const rights = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'].filter((right) => random.chance(right === 'SELECT' ? 0.9 : 0.8));
        const parts = rights.map((right) => {
            if (right === 'DELETE' || random.chance(0.85)) return right;
            return `${right} (${random.some(names, 1).map(ident).join(', ')})`;
        });
        if (parts.length > 0) out.push(`GRANT ${parts.join(', ')} ON ${name} TO ${role};`);
    }
    return out;
}

/** Rules as lists of statements, which may each be left out: those on tables, and those on views. */
export function makeRules(random, tables, views) {
    const onTables = tables.flatMap((table) => {
        const list = grants(random, table, table.columns.map((c) => c.name));

        if (random.chance(0.8)) {
            list.push(`ALTER TABLE ${ident(table.name)} ENABLE ROW LEVEL SECURITY;`);
            for (let n = random.between(1, 3); n > 0; n--) list.push(policy(random, table, tables, n));
        }
        return list.map((sql) => ({ sql, uses: table.columns.map((c) => ({ table: table.name, column: c.name })) }));
    });
    const onViews = views.flatMap((view) => {
        const list = grants(random, view, view.columns ?? view.relationColumns.map((c) => c.name));

        if (random.chance(0.5)) list.push(`ALTER VIEW ${ident(view.name)} SET (security_invoker = true);`);
        return list.map((sql) => ({ sql, uses: [], view: view.name }));
    });

    return [...onTables, ...onViews];
}
