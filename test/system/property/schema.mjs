// SPDX-License-Identifier: Apache-2.0
//
// A random schema with its rows: plain data, so that it can be shrunk, and its text as a migration.

import { ident, literal, makeComputeds, makeFunctions, makeViews } from './derived.mjs';
import { makeRules } from './rules.mjs';
import { anyText, searched, types } from './values.mjs';

const columnNames = ['name', 'note', 'Amount', 'due', 'kind', 'extra', 'is on', 'rank', 'x', 'y', 'val', 'a.b', 'c,d(e)', 'q"t', "it's", 'limit', 'select', 'Ä'];
const typeNames = Object.keys(types);


/** Each text is a value of its own. */
const uniqueTypes = ['int', 'smallint', 'bigint', 'text', 'varchar', 'uuid', 'date', 'boolean', 'mood'];

const keyable = ['int', 'bigint', 'text', 'uuid', 'varchar'];
const keyValue = (random, type, n) => ({
    int: () => String(n + 1), bigint: () => String(9007199254740990n + BigInt(n)), text: () => random.pick(['k', 'K', 'ä', 'k.', 'k,']) + n,
    varchar: () => `v${n}`, uuid: () => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
})[type]();

function makeColumns(random) {
    return random.shuffle(columnNames).slice(0, random.between(1, 5)).map((name) => {
        const type = random.pick(typeNames);
        const column = { name, type, notNull: random.chance(0.25), unique: false, default: null, check: false };

        if (random.chance(0.25)) column.default = random.pick(types[type].values);
        if (uniqueTypes.includes(type) && random.chance(0.15)) column.unique = true;
        if (['int', 'decimal', 'numeric'].includes(type) && random.chance(0.2)) column.check = true;
        return column;
    });
}

function makeTable(random, name) {
    const columns = makeColumns(random);
    const key = random.weighted([[6, 'one'], [2, 'identity'], [2, 'two']]);

    if (key === 'identity') {
        columns.unshift({ name: 'id', type: 'bigint', notNull: true, identity: random.pick(['BY DEFAULT', 'ALWAYS']) });
    } else {
        columns.unshift({ name: 'id', type: random.pick(keyable), notNull: true });
    }
    const pair = random.some(columns.slice(1).filter((c) => uniqueTypes.includes(c.type))).slice(0, 2).map((c) => c.name);

    if (key === 'two') columns.splice(1, 0, { name: 'part', type: random.pick(['int', 'text']), notNull: true });
    return { name, columns, pk: key === 'two' ? ['id', 'part'] : ['id'], foreign: [], rows: [],
        unique: pair.length === 2 ? pair : null, searches: makeSearches(random, columns) };
}

/** A column of vectors that is made of a text, now and then, and indexes on vectors. */
function makeSearches(random, columns) {
    const texts = columns.filter((c) => searched.includes(c.type) && c.type !== 'tsvector');
    const text = texts.length > 0 ? random.pick(texts) : null;

    if (text && random.chance(0.4)) columns.push({ name: 'words', type: 'tsvector', generated: text.name });
    return columns.filter((c) => searched.includes(c.type) && random.chance(0.6))
        .map((c) => ({ column: c.name, using: random.pick(['gin', 'gin', 'gist']), language: c.type === 'tsvector' ? null : random.pick(['english', 'simple']) }));
}

/** A column (or two) of from that hold the key of to. */
function addReference(random, from, to, name) {
    const single = to.pk.length === 1;
    const columns = to.pk.map((key) => {
        const target = to.columns.find((c) => c.name === key);
        const column = { name: single ? name : `${name}_${key}`, type: target.type, notNull: random.chance(0.2), reference: true };

        from.columns.push(column);
        return column.name;
    });

    from.foreign.push({
        name: `${from.name}_${name}_fk`, columns, table: to.name, to: [...to.pk],
        onDelete: random.pick(['', '', 'CASCADE', 'SET NULL', 'RESTRICT']),
    });
    if (random.chance(0.12) && single) from.columns.at(-1).unique = true;
}

function makeJunction(random, a, b) {
    const table = { name: `${a.name}_${b.name}`, columns: [], pk: [], foreign: [], rows: [] };

    addReference(random, table, a, 'one');
    addReference(random, table, b, 'two');
    for (const column of table.columns) {
        column.notNull = true;
        column.unique = false;
    }
    for (const key of table.foreign) key.onDelete = random.pick(['', 'CASCADE']);
    table.pk = table.columns.map((c) => c.name);
    if (random.chance(0.5)) table.columns.push(...makeColumns(random).slice(0, 1));
    return table;
}

function fillTable(random, table, tables) {
    const count = random.between(0, 7);
    const seen = new Set();

    for (let n = 0; n < count; n++) {
        const row = {};

        for (const key of table.foreign) {
            const to = tables.find((t) => t.name === key.table);
            const target = to.rows.length > 0 && !random.chance(0.2) ? random.pick(to.rows) : null;
            key.columns.forEach((column, i) => (row[column] = target ? target[key.to[i]] : null));
        }
        for (const column of table.columns) {
            if (column.name in row || column.generated) continue;
            if (table.pk.includes(column.name)) row[column.name] = column.identity ? String(n + 1) : keyValue(random, column.type, n);
            else if (!column.notNull && random.chance(0.25)) row[column.name] = null;
            else if (column.check) row[column.name] = String(random.below(9));
            else if (column.unique || table.unique?.includes(column.name)) row[column.name] = random.pick(types[column.type].values);
            else row[column.name] = anyText(random, column.type, 0);
        }
        const bad = table.columns.some((c) => c.notNull && row[c.name] === null)
            || table.columns.some((c) => c.unique && row[c.name] !== null && table.rows.some((r) => r[c.name] === row[c.name]))
            || (table.unique && table.rows.some((r) => table.unique.every((c) => row[c] !== null && r[c] === row[c])))
            || seen.has(table.pk.map((c) => row[c]).join('|'));
        if (bad) continue;
        seen.add(table.pk.map((c) => row[c]).join('|'));
        table.rows.push(row);
    }
}

export function makeSchema(random) {
    const names = random.shuffle(['items', 'orders', 'Users', 'tags', 'notes']).slice(0, random.between(2, 4));
    const tables = names.map((name) => makeTable(random, name));
    const made = [];

    for (const table of tables) {
        if (random.chance(0.35)) addReference(random, table, table, 'parent');
        for (const other of made) {
            if (random.chance(0.55)) addReference(random, table, other, `${other.name.toLowerCase()}_ref`);
            if (random.chance(0.1)) addReference(random, table, other, `${other.name.toLowerCase()}_too`);
        }
        made.push(table);
    }
    if (tables.length > 1 && random.chance(0.6)) tables.push(makeJunction(random, tables[0], tables[1]));
    for (const table of tables) fillTable(random, table, tables);
    const views = makeViews(random, tables);
    const functions = makeFunctions(random, tables);
    const computed = makeComputeds(random, tables);

    return { tables, views, functions, computed, rules: random.chance(0.35) ? makeRules(random, tables, views) : [] };
}

function columnSql(column) {
    let sql = `${ident(column.name)} ${types[column.type].sql}`;

    if (column.generated) sql += ` GENERATED ALWAYS AS (to_tsvector('english', ${ident(column.generated)})) STORED`;
    if (column.identity) sql += ` GENERATED ${column.identity} AS IDENTITY`;
    if (column.notNull) sql += ' NOT NULL';
    if (column.default !== null && column.default !== undefined) sql += ` DEFAULT ${literal(column.default)}`;
    if (column.unique) sql += ' UNIQUE';
    if (column.check) sql += ` CHECK (${ident(column.name)} >= 0)`;
    return sql;
}

export function schemaSql(schema) {
    const out = ["CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');"];

    for (const table of schema.tables) {
        const parts = table.columns.map(columnSql);
        if (table.unique) parts.push(`UNIQUE (${table.unique.map(ident).join(', ')})`);
        parts.push(`PRIMARY KEY (${table.pk.map(ident).join(', ')})`);
        for (const key of table.foreign) {
            parts.push(`CONSTRAINT ${ident(key.name)} FOREIGN KEY (${key.columns.map(ident).join(', ')}) REFERENCES ${ident(key.table)}`
                + ` (${key.to.map(ident).join(', ')})${key.onDelete ? ` ON DELETE ${key.onDelete}` : ''}`);
        }
        out.push(`CREATE TABLE ${ident(table.name)} (\n    ${parts.join(',\n    ')}\n);`);
    }
    // Those of every other table before its rows.
    const indexes = (isBefore) => schema.tables.filter((_, n) => (n % 2 === 0) === isBefore).flatMap((table) => (table.searches ?? [])
        .filter((search) => table.columns.some((c) => c.name === search.column))
        .map(({ column, using, language }) => `CREATE INDEX ON ${ident(table.name)} USING ${using} (${
            language ? `to_tsvector('${language}', ${ident(column)})` : ident(column)});`));
    out.push(...indexes(true));
    for (const table of schema.tables) {
        if (table.rows.length === 0) continue;
        const columns = table.columns.filter((c) => !c.generated);
        const names = columns.map((c) => ident(c.name)).join(', ');
        const overriding = table.columns.some((c) => c.identity === 'ALWAYS') ? ' OVERRIDING SYSTEM VALUE' : '';

        for (const row of table.rows) {
            out.push(`INSERT INTO ${ident(table.name)} (${names})${overriding} VALUES (${
                columns.map((c) => literal(row[c.name] ?? null)).join(', ')});`);
        }
    }
    out.push(...indexes(false));
    for (const table of schema.tables) {
        if (table.columns.some((c) => c.identity)) {
            out.push(`SELECT setval('${ident(`${table.name}_id_seq`)}', 20);`);
        }
    }
    for (const made of [...schema.views, ...schema.functions, ...schema.computed, ...schema.rules]) out.push(made.sql);
    return `${out.join('\n')}\n`;
}
