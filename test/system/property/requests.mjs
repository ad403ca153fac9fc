// SPDX-License-Identifier: Apache-2.0
//
// Random requests for a schema: { method, table, params: [[name, value]], headers, body }. What PostgreSQL
// leaves open is closed here: rows always have an order, of the key at least.

import { Calls } from './calls.mjs';
import { quoted } from './filters.mjs';
import { anyCaller } from './rules.mjs';
import { anyMember } from './values.mjs';

export class Requests extends Calls {
    read() {
        const { random } = this;
        const relation = random.pick(this.relations);
        const params = [];

        if (random.chance(0.04)) return { method: 'GET', table: relation.name, params: [['select', 'count'], ...(random.chance(0.5) ? [this.filter(relation)] : [])], headers: {} };
        if (random.chance(0.08)) return this.summary(relation);
        const { related, embeds } = this.select(relation, params);
        this.filters(relation, params, { embeds });
        params.push(['order', this.order(relation, related)]);
        this.page(params);
        return { method: random.chance(0.05) ? 'HEAD' : 'GET', table: relation.name, params, headers: this.readHeaders() };
    }

    /** Groups, and what is in them; those of a related table's columns as well. */
    summary(relation) {
        const { random } = this;
        const params = [];
        const [items, order] = this.sums(relation);
        const orders = order === '' ? [] : [order];
        const way = random.chance(0.3) ? this.way(relation, 0) : null;

        if (way?.toOne) {
            const spread = random.chance(0.5);
            const [inner, innerOrder] = spread && random.chance(0.5) ? this.sums(way.to) : [[quoted(way.to.pk[0])], quoted(way.to.pk[0])];
            const key = way.alias && !spread ? way.alias : way.name;

            items.push(`${spread ? '...' : way.alias ? `${way.alias}:` : ''}${way.text}(${inner.join(',')})`);
            if (innerOrder !== '') orders.push(...innerOrder.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/).map((term) => term.replace(/^("(?:[^"\\]|\\.)*"|[^.]*)(.*)$/, `${quoted(key)}($1)$2`)));
        }
        params.push(['select', items.join(',')]);
        this.filters(relation, params, { most: 2 });
        if (orders.length > 0) params.push(['order', orders.join(',')]);
        if (orders.length > 0 && random.chance(0.2)) params.push(['limit', String(random.between(0, 4))]);
        return { method: 'GET', table: relation.name, params, headers: this.readHeaders() };
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
        const view = this.relations.find((r) => r.isView && !r.isFixed && r.table === table);

        return view && this.random.chance(0.5) ? view : this.relations.find((r) => r.name === table.name);
    }

    names(relation) {
        const { random } = this;

        return stored(relation).filter((c) => !(c.generated && random.chance(0.97)) && !(c.identity && random.chance(0.8))
            && random.chance(c.notNull ? 0.96 : 0.75)).map((c) => c.name);
    }

    returned(relation, params, headers) {
        if (!/return=representation/.test(headers.Prefer ?? '')) return;
        this.isWrite = true;
        if (this.random.chance(0.5)) this.select(relation, params);
        this.isWrite = false;
        params.push(['order', this.order(relation)]);
    }

    writeHeaders(...preferences) {
        return { ...this.prefer(...preferences, ...this.writePreferences()), ...(this.random.chance(0.15) ? this.accept() : {}) };
    }

    /** The columns that tell rows apart beside the key, when there are. */
    conflict(relation) {
        const single = stored(relation).filter((c) => c.unique).map((c) => [c.name]);
        const pair = relation.table.unique?.every((name) => stored(relation).some((c) => c.name === name)) ? [relation.table.unique] : [];
        const sets = [...single, ...pair, relation.pk];

        if (this.random.chance(0.05)) return [this.random.pick(stored(relation)).name];
        return this.random.chance(0.35) ? this.random.shuffle(this.random.pick(sets)) : null;
    }

    insert() {
        const { random } = this;
        const relation = this.target();
        const names = this.names(relation);
        const count = random.weighted([[5, 1], [3, 2], [1, 4], [0.1, 0]]);
        const rows = Array.from({ length: count }, () => this.row(relation.table, names));
        const headers = this.writeHeaders([0.7, ['return=representation', 'return=representation', 'return=minimal', 'return=headers-only']],
            [0.25, ['resolution=merge-duplicates', 'resolution=ignore-duplicates']], [0.2, ['missing=default']], [0.1, ['count=exact']]);
        const params = [];
        const isUpsert = /resolution/.test(headers.Prefer ?? '');
        const on = isUpsert || random.chance(0.02) ? this.conflict(relation) : null;

        if (random.chance(0.25) && names.length > 0) {
            params.push(['columns', random.some(names, 1).map(quoted).join(',')]);
            for (const row of rows) for (const name of names) if (random.chance(0.1)) delete row[name];
        }
        if (on) params.push(['on_conflict', on.map(quoted).join(',')]);
        this.returned(relation, params, headers);
        return { method: 'POST', table: relation.name, params, ...this.payload(rows, names, headers) };
    }

    /** The rows in one of the forms that a body may have: { headers, body }. */
    payload(rows, names, headers) {
        const { random } = this;
        const [type, body] = random.weighted([
            [10, () => ['application/json', rows.length === 1 && random.chance(0.6) ? rows[0] : rows]],
            [names.length > 0 && rows.length > 0 ? 1.2 : 0, () => ['text/csv', csvOf(rows, names)]],
            [rows.length === 1 ? 1.2 : 0, () => ['application/x-www-form-urlencoded', formOf(rows[0])]],
        ])();

        return { headers: { ...headers, 'Content-Type': type }, body };
    }

    update() {
        const { random } = this;
        const relation = this.target();
        const { table } = relation;
        const changed = random.some(stored(relation).filter((c) => (!table.pk.includes(c.name) && !c.generated) || random.chance(0.05)), 0).map((c) => c.name);
        const headers = this.writeHeaders([0.7, ['return=representation', 'return=minimal']], [0.15, ['count=exact']],
            [0.1, ['handling=strict, max-affected=1']], [0.05, ['missing=default']]);
        const params = [random.chance(0.7) ? this.byKey(relation) : this.filter(relation)];

        this.filters(relation, params, { most: 1 });
        if (random.chance(0.08) && changed.length > 0) params.push(['columns', random.some(changed, 1).map(quoted).join(',')]);
        this.returned(relation, params, headers);
        return { method: 'PATCH', table: relation.name, params, ...this.payload([this.row(table, changed)], changed, headers) };
    }

    byKey(relation) {
        const name = this.random.pick(relation.pk);
        const column = relation.columns.find((c) => c.name === name);

        return [quoted(name), `eq.${this.value(relation, column)}`];
    }

    remove() {
        const relation = this.target();
        const headers = this.writeHeaders([0.6, ['return=representation', 'return=minimal']], [0.15, ['count=exact']], [0.08, ['handling=strict, max-affected=1']]);
        const params = [this.random.chance(0.85) ? this.byKey(relation) : this.filter(relation)];

        this.filters(relation, params, { most: 1 });
        this.returned(relation, params, headers);
        return { method: 'DELETE', table: relation.name, params, headers };
    }

    put() {
        const { random } = this;
        const relation = this.target();
        const { table } = relation;
        const row = this.row(table, stored(relation).filter((c) => !c.generated && random.chance(0.97)).map((c) => c.name));
        const params = table.pk.map((name) => [quoted(name), `eq.${random.chance(0.95) ? row[name] : '1'}`]);
        const headers = this.writeHeaders([0.6, ['return=representation', 'return=minimal']]);

        this.returned(relation, params, headers);
        return { method: 'PUT', table: relation.name, params, ...this.payload([row], Object.keys(row), headers) };
    }

    make() {
        const kinds = [[12, () => this.read()], [3, () => this.insert()], [2, () => this.update()], [1, () => this.remove()], [0.6, () => this.put()]];

        if (this.schema.functions.length > 0) kinds.push([2.5, () => this.call()]);
        const request = this.random.weighted(kinds)();

        return this.schema.rules.length > 0 ? { ...request, headers: { ...request.headers, ...anyCaller(this.random) } } : request;
    }
}

/** Those that are not computed. */
const stored = (relation) => relation.columns.filter((c) => !c.sql);

const textOf = (value) => (typeof value === 'object' ? JSON.stringify(value) : String(value));
const csvField = (value) => (value === null || value === undefined ? 'NULL' : `"${textOf(value).replaceAll('"', '""')}"`);
const csvOf = (rows, names) => [names.map((name) => `"${name.replaceAll('"', '""')}"`), ...rows.map((row) => names.map((name) => csvField(row[name])))]
    .map((line) => line.join(',')).join('\n');
const formOf = (row) => new URLSearchParams(Object.entries(row).filter(([, value]) => value !== null).map(([name, value]) => [name, textOf(value)])).toString();

export const targetOf = ({ table, params }) => `/rest/v1/${table.split('/').map(encodeURIComponent).join('/')}${params.length > 0 ? '?' : ''}${
    params.map(([k, v]) => `${encodeURIComponent(k)}=${encodeURIComponent(v)}`).join('&')}`;
