// SPDX-License-Identifier: Apache-2.0
//
// What rows a random request asks for, and in which order.

import { anySearch, anyText, types, searched } from './values.mjs';

/** Names that the grammar would read otherwise stand in quotes. */
export const quoted = (name) => (/^[A-Za-z0-9_ ]+$/.test(name) && !['limit', 'select'].includes(name) ? name
    : `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`);
const listed = (text) => (/[,()"\\]/.test(text) || text === '' ? `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"` : text);

export class Filters {
    constructor(random, schema) {
        this.random = random;
        this.schema = schema;
        this.relations = [...schema.tables.map((table) => this.relationOf(table)), ...schema.views.map((view) => this.viewOf(view))];
    }

    relationOf(table) {
        const computed = this.schema.computed.filter((made) => made.table === table.name && made.type);

        return { name: table.name, columns: [...table.columns, ...computed], pk: table.pk, table, isComputing: computed.length > 0 };
    }

    /** One that is part of a table leads where that does, and can be written; what others show is a table of its own here. */
    viewOf(view) {
        const table = this.schema.tables.find((t) => t.name === view.of);

        if (!table) {
            const { name, pk, rows, relationColumns: columns } = view;
            return { name, isView: true, isFixed: true, pk, columns, table: { name, pk, columns, rows, foreign: [] } };
        }
        return { name: view.name, isView: true, table, pk: table.pk, columns: table.columns.filter((c) => view.columns.includes(c.name)) };
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

        const many = () => `(${random.pick(['any', 'all'])})`;

        if (type.isText && !quote) {
            choices.push([0.6, () => `${random.pick(['like', 'ilike'])}${many()}.{${Array.from({ length: random.between(0, 2) }, () =>
                `"${pattern().replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`).join(',')}}`],
            [0.3, () => `${random.pick(['match', 'imatch'])}${many()}.{${anyPattern(random)},${anyPattern(random)}}`]);
        }
        if (type.isArray || column.type === 'jsonb') choices.push([4, () => `${random.pick(type.isArray ? ['cs', 'cd', 'ov'] : ['cs', 'cd'])}.${value()}`]);
        if (column.type === 'boolean') choices.push([3, () => `is.${random.pick(['true', 'false', 'unknown'])}`]);
        if (!type.unequal || random.chance(0.05)) {
            choices.push([6, () => `${random.pick(['eq', 'neq'])}.${value()}`], [1, () => `isdistinct.${value()}`], [3, () => `in.${list()}`]);
            if (!quote) choices.push([1, () => `${random.weighted([[5, 'eq'], [1, 'neq']])}${many()}.${array()}`]);
        }
        if (!type.unordered || (column.type === 'json' && random.chance(0.05))) {
            choices.push([5, () => `${random.pick(['gt', 'gte', 'lt', 'lte'])}.${value()}`]);
            if (!quote) choices.push([0.7, () => `${random.pick(['gt', 'gte', 'lt', 'lte'])}${many()}.${array()}`]);
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

        if (this.random.chance(0.004)) return [this.random.pick(['nope', 'Name', 'nam', 'rowid']), { name: '', type: 'text' }];
        if (!types[column.type].isJson || this.random.chance(0.4)) return [quoted(column.name), column];
        const path = this.random.pick(['->a', '->>a', '->a->b', '->a->>b', '->0', '->>1', '->-1', '->d->0']);
        return [quoted(column.name) + path, path.includes('->>') ? { ...column, name: '', type: 'text' } : { ...column, name: '', type: 'jsonb' }];
    }

    filter(relation) {
        const [name, column] = this.field(relation);

        return [name, this.operation(relation, column, false)];
    }

    /** embeds: names that may be asked whether they are null. */
    logic(relation, depth = 0, embeds = []) {
        const { random } = this;
        const terms = Array.from({ length: random.between(1, 3) }, () => {
            if (depth < 2 && random.chance(0.2)) return `${random.pick(['and', 'or', 'not.and', 'not.or'])}${this.logic(relation, depth + 1, embeds)}`;
            if (embeds.length > 0 && random.chance(0.3)) return `${quoted(random.pick(embeds))}.${random.pick(['is.null', 'not.is.null'])}`;
            const [name, column] = this.field(relation);
            return `${name}.${this.operation(relation, column, true)}`;
        });
        return `(${terms.join(',')})`;
    }

    /** related: embeds whose columns may be sorted by, [name, relation]. */
    order(relation, related = []) {
        const { random } = this;
        const how = () => random.pick(['', '.asc', '.desc', '.nullsfirst', '.desc.nullslast', '.asc.nullsfirst']);
        const one = (at) => {
            const column = random.pick(at.columns);
            if (types[column.type].isJson && random.chance(0.5)) return `${quoted(column.name)}${random.pick(['->>a', '->a->>b', '->>0'])}`;
            return isOrdered(column) ? quoted(column.name) : quoted(at.pk[0]);
        };
        const terms = [];

        if (related.length > 0 && random.chance(0.5)) {
            const [name, to] = random.pick(related);
            terms.push(`${quoted(name)}(${one(to)})${how()}`);
        }
        if (random.chance(0.5)) terms.push(one(relation) + how());
        return [...terms, ...relation.pk.map((name) => quoted(name) + random.pick(['', '', '.desc']))].join(',');
    }
}

export const isOrdered = (column) => !types[column.type].isJson && column.type !== 'tsvector';

function anyPattern(random) {
    return random.pick(['^a', 'b$', 'a.b', '[a-c]+', '^$', 'A|b', '\\d', '(a)', '.']);
}
