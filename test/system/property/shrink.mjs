// SPDX-License-Identifier: Apache-2.0
//
// Makes a failing case smaller, for as long as it still fails and time is left.

const copy = (value) => structuredClone(value);

/** Each smaller version of a list: without its halves, then without single elements. */
function* shorter(list) {
    for (let size = Math.ceil(list.length / 2); size >= 1; size = size > 1 ? Math.ceil(size / 2) : 0) {
        for (let from = 0; from < list.length; from += size) {
            const rest = [...list.slice(0, from), ...list.slice(from + size)];
            if (rest.length < list.length) yield rest;
        }
    }
}

function* smallerRequests(requests) {
    const last = requests.at(-1);

    for (const before of shorter(requests.slice(0, -1))) yield [...before, last];
    for (const params of shorter(last.params)) yield [...requests.slice(0, -1), { ...last, params }];
    for (const name of Object.keys(last.headers)) {
        const headers = copy(last.headers);
        delete headers[name];
        yield [...requests.slice(0, -1), { ...last, headers }];
    }
    for (let i = 0; i < last.params.length; i++) {
        const [name, value] = last.params[i];
        if (name !== 'select') continue;
        for (const part of selectParts(value)) {
            const params = copy(last.params);
            params[i] = [name, part];
            yield [...requests.slice(0, -1), { ...last, params }];
        }
    }
    if (Array.isArray(last.body)) {
        for (const body of shorter(last.body)) if (body.length > 0) yield [...requests.slice(0, -1), { ...last, body }];
    } else if (last.body && typeof last.body === 'object') {
        for (const name of Object.keys(last.body)) {
            const body = copy(last.body);
            delete body[name];
            yield [...requests.slice(0, -1), { ...last, body }];
        }
    }
}

/** select without one of its items. */
function* selectParts(text) {
    const items = [];
    let depth = 0;
    let from = 0;

    for (let i = 0; i <= text.length; i++) {
        if (text[i] === '(') depth++;
        if (text[i] === ')') depth--;
        if ((text[i] === ',' && depth === 0) || i === text.length) {
            items.push(text.slice(from, i));
            from = i + 1;
        }
    }
    for (let i = 0; items.length > 1 && i < items.length; i++) yield items.filter((_, k) => k !== i).join(',');
}

function* smallerSchemas(schema) {
    for (const part of ['views', 'functions', 'computed', 'rules']) {
        for (const fewer of shorter(schema[part])) {
            const isThere = (rule) => !rule.view || part !== 'views' || fewer.some((view) => view.name === rule.view);
            yield { ...schema, [part]: fewer, ...(part === 'views' ? { rules: schema.rules.filter(isThere) } : {}) };
        }
    }
    const needs = [...schema.views, ...schema.functions, ...schema.computed, ...schema.rules].flatMap((made) => made.uses);
    for (const table of schema.tables) {
        if (schema.tables.some((t) => t !== table && t.foreign.some((key) => key.table === table.name)) || needs.some((use) => use.table === table.name)) continue;
        yield { ...schema, tables: schema.tables.filter((t) => t !== table) };
    }
    for (const table of schema.tables) {
        const withTable = (changed) => ({ ...schema, tables: schema.tables.map((t) => (t === table ? { ...t, ...changed } : t)) });

        for (const rows of shorter(table.rows)) yield withTable({ rows });
        if (table.unique) yield withTable({ unique: null });
        for (const key of table.foreign) yield withTable({ foreign: table.foreign.filter((k) => k !== key) });
        for (const column of table.columns) {
            const isUsed = table.pk.includes(column.name) || table.foreign.some((key) => key.columns.includes(column.name))
                || table.unique?.includes(column.name) || table.columns.some((c) => c.generated === column.name)
                || needs.some((use) => use.table === table.name && use.column === column.name);
            if (!isUsed) yield withTable({ columns: table.columns.filter((c) => c !== column) });
            for (const part of ['unique', 'check', 'notNull', 'default']) {
                if (column[part] && !table.pk.includes(column.name)) yield withTable({ columns: table.columns.map((c) => (c === column ? { ...c, [part]: null } : c)) });
            }
        }
    }
}

/** fails(schema, requests) gives what differs, or null. */
export async function shrink(schema, requests, fails, ms = 90_000) {
    const end = Date.now() + ms;
    let best = { schema, requests, found: null };
    const isLess = async (next) => {
        const found = await fails(next.schema, next.requests).catch(() => null);
        if (!found) return false;
        best = { schema: next.schema, requests: next.requests.slice(0, found.at + 1), found };
        return true;
    };
    const step = async (candidates) => {
        for (const next of candidates) {
            if (Date.now() > end) return false;
            if (await isLess(next)) return true;
        }
        return false;
    };

    // Often the last request alone is enough.
    await isLess({ schema, requests: requests.slice(-1) });
    while (Date.now() < end) {
        const { schema: s, requests: r } = best;
        const smaller = await step((function* () {
            for (const next of smallerRequests(r)) yield { schema: s, requests: next };
            for (const next of smallerSchemas(s)) yield { schema: next, requests: r };
        })());
        if (!smaller) break;
    }
    return best;
}
