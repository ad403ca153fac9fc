// SPDX-License-Identifier: Apache-2.0
//
// What stands on the tables of a random schema: views and functions, as plain data with their text. What one needs of
// the tables is in uses, so that it is not shrunk away.

import { types } from './values.mjs';

export const ident = (name) => `"${name.replaceAll('"', '""')}"`;
export const literal = (text) => (text === null ? 'NULL' : `'${text.replaceAll("'", "''")}'`);

const of = (table, columns) => columns.map((column) => ({ table: table.name, column }));
const list = (names, prefix = '') => names.map((name) => prefix + ident(name)).join(', ');
const isOrdered = (column) => !types[column.type].isJson && column.type !== 'tsvector';

/** A part of one table: it can be written, and leads where the table does. */
function partOf(random, table) {
    const columns = table.columns.filter((c) => table.pk.includes(c.name) || c.reference || random.chance(0.7)).map((c) => c.name);
    const filter = random.pick(table.columns.filter((c) => !table.pk.includes(c.name)).concat(null))?.name ?? null;
    const isChecked = random.chance(0.5);
    const name = `v_${table.name}`;

    return {
        name, of: table.name, columns, uses: of(table, filter ? [...columns, filter] : columns),
        sql: `CREATE VIEW ${ident(name)} AS SELECT ${list(columns)} FROM ${ident(table.name)}`
            + `${filter ? ` WHERE ${ident(filter)} IS NOT NULL` : ''}${isChecked ? ' WITH CHECK OPTION' : ''};`,
    };
}

/** Two tables along a foreign key. */
function pairOf(random, tables) {
    const key = random.pick(tables.flatMap((table) => table.foreign.map((one) => ({ from: table, ...one }))));

    if (!key) return null;
    const { from } = key;
    const to = tables.find((t) => t.name === key.table);
    const isLeft = random.chance(0.5);
    const mine = from.columns.filter((c) => from.pk.includes(c.name) || random.chance(0.4));
    const theirs = random.some(to.columns, 1);
    const name = `p_${from.name}`;
    const row = (one) => {
        const other = to.rows.find((r) => key.to.every((c, i) => r[c] === one[key.columns[i]]));
        return Object.fromEntries([...mine.map((c) => [c.name, one[c.name]]), ...theirs.map((c) => [`o ${c.name}`, other?.[c.name] ?? null])]);
    };

    return {
        name, pk: from.pk, rows: from.rows.map(row),
        relationColumns: [...mine, ...theirs.map((c) => ({ name: `o ${c.name}`, type: c.type }))],
        uses: [...of(from, [...mine.map((c) => c.name), ...key.columns]), ...of(to, [...theirs.map((c) => c.name), ...key.to])],
        sql: `CREATE VIEW ${ident(name)} AS SELECT ${list(mine.map((c) => c.name), 'f.')}, ${theirs.map((c) => `t.${ident(c.name)} AS ${ident(`o ${c.name}`)}`).join(', ')}`
            + ` FROM ${ident(from.name)} f ${isLeft ? 'LEFT JOIN' : 'JOIN'} ${ident(to.name)} t ON ${
                key.columns.map((c, i) => `t.${ident(key.to[i])} = f.${ident(c)}`).join(' AND ')};`,
    };
}

/** How many rows have each value. */
function groupsOf(random, table) {
    const column = random.pick(table.columns.filter((c) => isOrdered(c) && !table.pk.includes(c.name)));

    if (!column) return null;
    const name = `g_${table.name}`;
    const key = table.columns.find((c) => c.name === table.pk[0]);
    const greatest = key.type === 'uuid' ? 'text' : key.type;

    return {
        name, pk: [column.name], rows: table.rows.map((row) => ({ [column.name]: row[column.name] })),
        relationColumns: [{ name: column.name, type: column.type }, { name: 'n', type: 'bigint' }, { name: 'top', type: greatest }],
        uses: of(table, [column.name, key.name]),
        sql: `CREATE VIEW ${ident(name)} AS SELECT ${ident(column.name)}, count(*) AS n, max(${ident(key.name)}${key.type === 'uuid' ? '::text' : ''}) AS top`
            + ` FROM ${ident(table.name)} GROUP BY ${ident(column.name)};`,
    };
}

export function makeViews(random, tables) {
    const views = [
        random.chance(0.5) && partOf(random, random.pick(tables)),
        random.chance(0.3) && pairOf(random, tables),
        random.chance(0.2) && groupsOf(random, random.pick(tables)),
    ];

    return views.filter(Boolean);
}

const keyOrder = (table) => list(table.pk);

/**
 * Functions: { name, args: [{ name, type, isOptional }], returns: 'rows' | 'row' | 'table' | 'set' | 'value' | 'void', of (its table),
 * columns (of 'table'), isVolatile, uses, sql }.
 */
const kinds = {
    rows: (random, table, order) => ({
        args: [{ name: 'most', type: 'int', isOptional: true }], of: table.name,
        head: `(most int DEFAULT ${random.between(1, 9)}) RETURNS SETOF ${ident(table.name)}`,
        body: `SELECT * FROM ${ident(table.name)} ORDER BY ${order} LIMIT greatest(most, 0)`, uses: table.pk,
    }),
    row: (random, table) => {
        const key = table.columns.find((c) => c.name === table.pk[0]);
        return {
            args: [{ name: 'key', type: key.type, column: key.name }], of: table.name, head: `(key ${types[key.type].sql}) RETURNS ${ident(table.name)}`,
            body: `SELECT * FROM ${ident(table.name)} t WHERE t.${ident(key.name)} = key ORDER BY ${keyOrder(table)} LIMIT 1`, uses: table.pk,
        };
    },
    table: (random, table, order) => {
        const columns = table.columns.filter((c) => table.pk.includes(c.name) || random.chance(0.3));
        return {
            args: [], columns, of: null, rows: table.rows, pk: table.pk,
            head: `() RETURNS TABLE (${columns.map((c) => `${ident(c.name)} ${types[c.type].sql}`).join(', ')})`,
            body: `SELECT ${list(columns.map((c) => c.name), 't.')} FROM ${ident(table.name)} t ORDER BY ${order}`, uses: columns.map((c) => c.name),
        };
    },
    set: (random, table, order) => {
        const column = random.pick(table.columns);
        return { args: [], head: `() RETURNS SETOF ${types[column.type].sql.replace(/\(.*\)/, '')}`, body: `SELECT ${ident(column.name)} FROM ${ident(table.name)} ORDER BY ${order}`,
            uses: [...table.pk, column.name] };
    },
    value: (random, table) => {
        const column = random.pick(table.columns.filter((c) => !c.generated));
        const type = types[column.type].sql.replace(/\(.*\)/, '');
        return {
            args: [{ name: 'a', type: column.type, column: column.name }, { name: 'b', type: column.type, isOptional: true }],
            head: `(a ${type}, b ${type} DEFAULT ${literal(random.pick(types[column.type].values))}) RETURNS ${type}`, body: 'SELECT coalesce(a, b)', uses: [],
        };
    },
    void: (random, table) => ({ args: [{ name: 'n', type: 'int' }], head: '(n int) RETURNS void', body: `SELECT n / 0 FROM ${ident(table.name)} WHERE n = 7`, uses: [] }),
    touched: (random, table) => {
        const column = table.columns.find((c) => !table.pk.includes(c.name) && !c.generated && !c.identity && !c.reference) ?? null;
        const key = table.columns.find((c) => c.name === table.pk[0]);
        return column && {
            args: [{ name: 'key', type: key.type, column: key.name }, { name: 'next', type: column.type, column: column.name }], of: table.name, isVolatile: true,
            head: `(key ${types[key.type].sql}, next ${types[column.type].sql}) RETURNS SETOF ${ident(table.name)}`,
            body: `UPDATE ${ident(table.name)} t SET ${ident(column.name)} = next WHERE t.${ident(key.name)} = key RETURNING *`, uses: [...table.pk, column.name],
        };
    },
};

function makeFunction(random, tables, n) {
    const table = random.pick(tables);
    const kind = random.pick(Object.keys(kinds));
    const made = kinds[kind](random, table, keyOrder(table));

    if (!made) return null;
    const name = `f${n}_${kind}`;
    const volatility = made.isVolatile ? '' : random.pick(['', ' STABLE', ' STABLE', ' IMMUTABLE']);
    const strict = (random.chance(0.1) ? ' STRICT' : '') + (random.chance(0.2) ? ' SECURITY DEFINER' : '');

    return {
        ...made, name, kind: kind === 'touched' ? 'rows' : kind, uses: [...of(table, made.uses), { table: table.name, column: table.pk[0] }],
        sql: `CREATE FUNCTION ${ident(name)}${made.head}${volatility}${strict} LANGUAGE sql AS $f$ ${made.body} $f$;`,
    };
}

/** Columns and relationships that are computed: { table, name, type } and { table, name, to, toOne }. */
function makeComputed(random, tables) {
    const table = random.pick(tables);
    const to = random.pick(tables);
    const column = random.pick(table.columns.filter((c) => !table.pk.includes(c.name)));

    if (random.chance(0.5) && column) {
        const name = 'made';
        return {
            table: table.name, name, type: 'text', uses: of(table, [column.name]),
            sql: `CREATE FUNCTION ${name}(${ident(table.name)}) RETURNS text STABLE LANGUAGE sql AS $f$ SELECT 'm' || $1.${ident(column.name)}::text $f$;`,
        };
    }
    const name = 'others';
    const isOne = random.chance(0.3);
    return {
        table: table.name, name, to: to.name, toOne: isOne, uses: [...of(table, table.pk), ...of(to, to.pk)],
        sql: `CREATE FUNCTION ${name}(${ident(table.name)}) RETURNS SETOF ${ident(to.name)} STABLE${isOne ? ' ROWS 1' : ''} LANGUAGE sql AS $f$`
            + ` SELECT t.* FROM ${ident(to.name)} t WHERE t.${ident(to.pk[0])}::text > $1.${ident(table.pk[0])}::text ORDER BY ${list(to.pk, 't.')}${isOne ? ' LIMIT 1' : ''} $f$;`,
    };
}

export function makeFunctions(random, tables) {
    const some = random.chance(0.6) ? Array.from({ length: random.between(1, 3) }, (_, n) => makeFunction(random, tables, n)) : [];

    return some.filter(Boolean);
}

export const makeComputeds = (random, tables) => (random.chance(0.4) ? [makeComputed(random, tables)] : []);
