// SPDX-License-Identifier: Apache-2.0
//
// Random requests for a schema: { method, table, params: [[name, value]], headers, body }. What PostgreSQL
// leaves open is closed here: rows always have an order, of the key at least.

import { anyMember, anySearch, anyText, casts, searched, types } from './values.mjs';

/** Names that the grammar would read otherwise stand in quotes. */
const quoted = (name) => (/^[A-Za-z0-9_ ]+$/.test(name) ? name : `"${name}"`);
const listed = (text) => (/[,()"\\]/.test(text) || text === '' ? `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"` : text);

export class Requests {
    constructor(random, schema) {
        this.random = random;
        this.schema = schema;
        this.relations = [
            ...schema.tables.map((table) => ({ name: table.name, columns: table.columns, pk: table.pk, table })),
            ...schema.views.map((view) => {
                const table = schema.tables.find((t) => t.name === view.of);
                return {
                    name: view.name, isView: true, table, pk: table.pk,
                    columns: view.columns.map((name) => table.columns.find((c) => c.name === name)).filter(Boolean),
                };
            }),
        ];
    }

    /** A text that is in the column of some row, or another of its type. */
    value(relation, column) {
        const rows = relation.table.rows.filter((row) => row[column.name] != null);

        if (rows.length > 0 && this.random.chance(0.6)) return this.random.pick(rows)[column.name];
        return anyText(this.random, column.type);
    }

    operation(relation, column, quote) {
        const { random } = this;
        const type = types[column.type];
        const value = () => (quote ? listed(this.value(relation, column)) : this.value(relation, column));
        const pattern = () => {
            const text = [...this.value(relation, column)].slice(0, random.between(0, 3)).join('') + random.pick(['', '*', '%', '_']);
            return quote ? listed(text) : text;
        };
        const array = () => `{${Array.from({ length: random.between(0, 3) }, () =>
            `"${this.value(relation, column).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`).join(',')}}`;
        const list = () => `(${Array.from({ length: random.between(0, 4) }, () => listed(this.value(relation, column))).join(',')})`;
        const choices = [
            [2, () => `is.${random.pick(['null', 'not_null', 'NULL'])}`],
            [type.isText ? 3 : column.type === 'bytea' ? 0 : 0.3, () => `${random.pick(['like', 'ilike'])}.${pattern()}`],
            [type.isText ? 1 : 0.1, () => `${random.pick(['match', 'imatch'])}.${quote ? listed(anyPattern(random)) : anyPattern(random)}`],
        ];

        if (column.type === 'boolean') choices.push([3, () => `is.${random.pick(['true', 'false', 'unknown'])}`]);
        if (!type.unequal || random.chance(0.05)) {
            choices.push([6, () => `${random.pick(['eq', 'neq'])}.${value()}`], [1, () => `isdistinct.${value()}`], [3, () => `in.${list()}`]);
            if (!quote) choices.push([1, () => `eq(any).${array()}`]);
        }
        if (!type.unordered || (column.type === 'json' && random.chance(0.05))) {
            choices.push([5, () => `${random.pick(['gt', 'gte', 'lt', 'lte'])}.${value()}`]);
            if (!quote) choices.push([0.7, () => `${random.pick(['gt', 'gte', 'lt', 'lte'])}(${random.pick(['any', 'all'])}).${array()}`]);
        }
        if (searched.includes(column.type)) {
            choices.push([column.type === 'tsvector' ? 12 : 2.5, () => {
                const [operator, query] = anySearch(random);
                return `${operator}(${random.pick(['english', 'simple'])}).${quote ? listed(query) : query}`;
            }]);
        }
        return (random.chance(0.15) ? 'not.' : '') + random.weighted(choices)();
    }

    /** The column, or a place inside of it: [text, column to take values of]. */
    field(relation) {
        const column = this.random.pick(relation.columns);

        if (!types[column.type].isJson || this.random.chance(0.4)) return [quoted(column.name), column];
        const path = this.random.pick(['->a', '->>a', '->a->b', '->a->>b', '->0', '->>1', '->-1', '->d->0']);
        return [quoted(column.name) + path, path.includes('->>') ? { ...column, name: '', type: 'text' } : { ...column, name: '', type: 'jsonb' }];
    }

    filter(relation) {
        const [name, column] = this.field(relation);

        return [name, this.operation(relation, column, false)];
    }

    logic(relation, depth = 0) {
        const { random } = this;
        const terms = Array.from({ length: random.between(1, 3) }, () => {
            if (depth < 2 && random.chance(0.2)) return `${random.pick(['and', 'or', 'not.and', 'not.or'])}${this.logic(relation, depth + 1)}`;
            const [name, column] = this.field(relation);
            return `${name}.${this.operation(relation, column, true)}`;
        });
        return `(${terms.join(',')})`;
    }

    order(relation, pk = relation.pk) {
        const { random } = this;
        const terms = [];

        if (random.chance(0.5)) {
            const ordered = relation.columns.filter((c) => !types[c.type].isJson && c.type !== 'tsvector');
            if (ordered.length > 0) {
                terms.push(quoted(random.pick(ordered).name) + random.pick(['', '.asc', '.desc', '.nullsfirst', '.desc.nullslast', '.asc.nullsfirst']));
            }
        }
        return [...terms, ...pk.map((name) => quoted(name) + random.pick(['', '', '.desc']))].join(',');
    }

    columns(relation) {
        const { random } = this;

        if (random.chance(0.3)) return ['*'];
        return random.shuffle(random.some(relation.columns, 1)).map((column) => {
            let text = quoted(column.name);

            if (types[column.type].isJson && random.chance(0.4)) text += random.pick(['->a', '->>a', '->0', '->a->>b', '->d->-1']);
            if (random.chance(0.12)) text += `::${random.pick(casts)}`;
            return random.chance(0.12) ? `${random.pick(['alias', 'b c', 'Ü'])}${random.below(9)}:${text}` : text;
        });
    }

    /** Ways from a relation to others: { target, hint, toOne }. */
    ways(relation) {
        const ways = [];
        const at = relation.table;

        if (relation.isView) return ways;
        for (const other of this.schema.tables) {
            for (const key of other.foreign) {
                if (key.table === at.name) ways.push({ to: other, hint: key.name, toOne: false, self: other === at });
            }
            const [one, two] = other.foreign;
            if (other.pk.length >= 2 && one && two && other.foreign.length === 2 && other.pk.every((c) => [...one.columns, ...two.columns].includes(c))) {
                if (one.table === at.name && two.table !== at.name) ways.push({ to: this.schema.tables.find((t) => t.name === two.table), hint: other.name, toOne: false });
                if (two.table === at.name && one.table !== at.name) ways.push({ to: this.schema.tables.find((t) => t.name === one.table), hint: other.name, toOne: false });
            }
        }
        for (const key of at.foreign) ways.push({ to: this.schema.tables.find((t) => t.name === key.table), hint: key.name, toOne: true, self: key.table === at.name, column: key.columns });
        return ways;
    }

    /** Adds an embed to what is selected, and its own parameters. */
    embed(relation, path, params, depth) {
        const { random } = this;
        /* Of what a write changes, PostgreSQL shows an embed as it was before. */
        const ways = this.ways(relation).filter((way) => !this.isWrite || (depth === 0 && way.to !== relation.table));

        if (ways.length === 0) return null;
        const way = random.pick(ways);
        const to = { name: way.to.name, columns: way.to.columns, pk: way.to.pk, table: way.to };
        const alias = random.chance(0.8) ? `e${depth}${random.below(1000)}` : null;
        const name = way.self && way.toOne && way.column.length === 1 ? way.column[0] : way.to.name;
        const hinted = name === way.to.name && random.chance(way.self ? 1 : 0.85) ? `!${way.hint}` : '';
        const join = random.weighted([[6, ''], [2, '!inner'], [1, '!left']]);
        const inner = [];
        const spread = random.chance(0.15) && (way.toOne || !types[to.columns[0].type].isJson);
        const key = alias && !spread ? alias : name;
        const here = [...path, key];
        const children = random.chance(0.3) && !spread && join === '!inner' ? [] : this.columns(to).map((c) => (spread && c === '*' ? quoted(to.pk[0]) : c));

        if (depth < 2 && random.chance(0.3) && !spread) {
            const child = this.embed(to, here, inner, depth + 1);
            if (child) children.push(child);
        }
        const prefix = here.map(quoted).join('.');
        if (random.chance(0.3)) {
            const [field, operation] = this.filter(to);
            params.push([`${prefix}.${field}`, operation]);
        }
        if (random.chance(0.08)) params.push([`${prefix}.or`, this.logic(to)]);
        if (!way.toOne) {
            params.push([`${prefix}.order`, this.order(to)]);
            if (random.chance(0.2)) params.push([`${prefix}.limit`, String(random.between(0, 3))]);
            if (random.chance(0.1)) params.push([`${prefix}.offset`, String(random.between(0, 2))]);
        }
        params.push(...inner);
        if (!spread && depth === 0 && random.chance(0.1)) params.push([quoted(key), random.pick(['is.null', 'not.is.null'])]);
        return `${spread ? '...' : alias ? `${alias}:` : ''}${quoted(name)}${hinted}${join}(${children.join(',')})`;
    }

    select(relation, params) {
        const { random } = this;
        const items = this.columns(relation);

        for (let i = 0; i < 2 && random.chance(0.35); i++) {
            const embed = this.embed(relation, [], params, 0);
            if (embed) items.push(embed);
        }
        if (items.length > 1 || items[0] !== '*' || random.chance(0.3)) params.push(['select', items.join(',')]);
    }

    filters(relation, params, most = 3) {
        for (let i = 0; i < most && this.random.chance(0.4); i++) params.push(this.filter(relation));
        if (this.random.chance(0.12)) params.push([this.random.pick(['or', 'and', 'not.or', 'not.and']), this.logic(relation)]);
    }

    /** Preferences of this kind now and then. */
    prefer(...choices) {
        const chosen = choices.filter(([p]) => this.random.chance(p)).map(([, list]) => this.random.pick(list));

        return chosen.length > 0 ? { Prefer: chosen.join(', ') } : {};
    }

    accept() {
        const type = this.random.weighted([[12, null], [1, 'application/vnd.pgrst.object+json'], [1, 'text/csv'],
            [0.5, 'application/vnd.pgrst.array+json;nulls=stripped']]);

        return type ? { Accept: type } : {};
    }

    read() {
        const { random } = this;
        const relation = random.pick(this.relations);
        const params = [];

        if (random.chance(0.04)) return { method: 'GET', table: relation.name, params: [['select', 'count'], ...(random.chance(0.5) ? [this.filter(relation)] : [])], headers: {} };
        this.select(relation, params);
        this.filters(relation, params);
        params.push(['order', this.order(relation)]);
        if (random.chance(0.25)) params.push(['limit', String(random.between(0, 4))]);
        if (random.chance(0.2)) params.push(['offset', String(random.between(0, 4))]);
        return {
            method: random.chance(0.05) ? 'HEAD' : 'GET', table: relation.name, params,
            headers: { ...this.accept(), ...this.prefer([0.25, ['count=exact']]), ...(random.chance(0.06) ? { Range: `${random.below(3)}-${random.below(5)}` } : {}) },
        };
    }

    row(table, names) {
        const { random } = this;
        const row = {};

        for (const column of table.columns) {
            if (names && !names.includes(column.name)) continue;
            const reference = table.foreign.find((key) => key.columns.includes(column.name));
            const to = reference && this.schema.tables.find((t) => t.name === reference.table);

            if (to && to.rows.length > 0 && random.chance(0.85)) row[column.name] = random.pick(to.rows)[reference.to[reference.columns.indexOf(column.name)]];
            else if (table.pk.includes(column.name) && table.rows.length > 0 && random.chance(0.3)) row[column.name] = random.pick(table.rows)[column.name];
            else if (table.pk.includes(column.name) && column.type !== 'uuid') row[column.name] = ['int', 'bigint'].includes(column.type) ? random.between(50, 90) : `n${random.below(99)}`;
            else row[column.name] = anyMember(random, column.type, column.notNull ? 0.03 : 0.2);
        }
        return row;
    }

    /** What is written: a table, or the view of one. */
    target() {
        const table = this.random.pick(this.schema.tables);
        const view = this.relations.find((r) => r.isView && r.table === table);

        return view && this.random.chance(0.5) ? view : this.relations.find((r) => r.name === table.name);
    }

    names(table) {
        return table.columns.filter((c) => !(c.generated && this.random.chance(0.97)) && !(c.identity && this.random.chance(0.8)) && (c.notNull ? this.random.chance(0.96) : this.random.chance(0.75))).map((c) => c.name);
    }

    returned(relation, params, headers) {
        if (!/return=representation/.test(headers.Prefer ?? '')) return;
        this.isWrite = true;
        if (this.random.chance(0.5)) this.select(relation, params);
        this.isWrite = false;
        params.push(['order', this.order(relation)]);
    }

    insert() {
        const { random } = this;
        const relation = this.target();
        const table = relation.table;
        const names = this.names(relation);
        const count = random.weighted([[5, 1], [3, 2], [1, 4]]);
        const rows = Array.from({ length: count }, () => this.row(table, names));
        const headers = {
            'Content-Type': 'application/json',
            ...this.prefer([0.7, ['return=representation', 'return=representation', 'return=minimal', 'return=headers-only']],
                [0.25, ['resolution=merge-duplicates', 'resolution=ignore-duplicates']], [0.2, ['missing=default']], [0.1, ['count=exact']]),
            ...(random.chance(0.08) ? { Accept: 'application/vnd.pgrst.object+json' } : {}),
        };
        const params = [];
        const unique = relation.columns.find((c) => c.unique);

        if (random.chance(0.25)) {
            params.push(['columns', random.some(names, 1).map((n) => `"${n}"`).join(',')]);
            for (const row of rows) for (const name of names) if (random.chance(0.1)) delete row[name];
        }
        if (/resolution/.test(headers.Prefer ?? '') && unique && random.chance(0.3)) params.push(['on_conflict', quoted(unique.name)]);
        this.returned(relation, params, headers);
        return { method: 'POST', table: relation.name, params, headers, body: count === 1 && random.chance(0.6) ? rows[0] : rows };
    }

    update() {
        const { random } = this;
        const relation = this.target();
        const table = relation.table;
        const changed = random.some(relation.columns.filter((c) => (!table.pk.includes(c.name) && !c.generated) || random.chance(0.05)), 0).map((c) => c.name);
        const headers = { 'Content-Type': 'application/json', ...this.prefer([0.7, ['return=representation', 'return=minimal']], [0.15, ['count=exact']],
            [0.1, ['handling=strict, max-affected=1']]) };
        const params = [this.random.chance(0.7) ? this.byKey(relation) : this.filter(relation)];

        this.filters(relation, params, 1);
        this.returned(relation, params, headers);
        return { method: 'PATCH', table: relation.name, params, headers, body: this.row(table, changed) };
    }

    byKey(relation) {
        const name = this.random.pick(relation.pk);
        const column = relation.columns.find((c) => c.name === name);

        return [quoted(name), `eq.${this.value(relation, column)}`];
    }

    remove() {
        const relation = this.target();
        const headers = this.prefer([0.6, ['return=representation', 'return=minimal']], [0.15, ['count=exact']]);
        const params = [this.byKey(relation)];

        this.filters(relation, params, 1);
        this.returned(relation, params, headers);
        return { method: 'DELETE', table: relation.name, params, headers };
    }

    put() {
        const relation = this.target();
        const table = relation.table;
        const row = this.row(table, relation.columns.filter((c) => !c.generated).map((c) => c.name));
        const params = table.pk.map((name) => [quoted(name), `eq.${row[name]}`]);
        const headers = { 'Content-Type': 'application/json', ...this.prefer([0.6, ['return=representation', 'return=minimal']]) };

        return { method: 'PUT', table: relation.name, params, headers, body: row };
    }

    make() {
        return this.random.weighted([[12, () => this.read()], [3, () => this.insert()], [2, () => this.update()], [1, () => this.remove()],
            [0.6, () => this.put()]])();
    }
}

function anyPattern(random) {
    return random.pick(['^a', 'b$', 'a.b', '[a-c]+', '^$', 'A|b', '\\d', '(a)', '.']);
}

export const targetOf = ({ table, params }) =>
    `/rest/v1/${encodeURIComponent(table)}${params.length > 0 ? '?' : ''}${params.map(([k, v]) => `${encodeURIComponent(k)}=${encodeURIComponent(v)}`).join('&')}`;
