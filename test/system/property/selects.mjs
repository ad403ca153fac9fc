// SPDX-License-Identifier: Apache-2.0
//
// What a random request selects: columns, embedded rows, aggregates.

import { Filters, isOrdered, quoted } from './filters.mjs';
import { casts, types } from './values.mjs';

export class Selects extends Filters {
    columns(relation) {
        const { random } = this;

        if (random.chance(0.3)) return ['*'];
        return random.shuffle(random.some(relation.columns, 1)).map((column) => {
            let text = quoted(column.name);

            if (types[column.type].isJson && random.chance(0.4)) text += random.pick(['->a', '->>a', '->0', '->a->>b', '->d->-1', '->>0']);
            if (random.chance(0.06)) text += `::${random.pick(casts)}`;
            if (random.chance(0.002)) text = 'nope';
            return random.chance(0.12) ? `${random.pick(['alias', 'b c', 'Ü'])}${random.below(9)}:${text}` : text;
        });
    }

    /** Ways from a relation to others: { to (a relation), hint, toOne, self, column, name }. */
    ways(relation) {
        const ways = [];
        const at = relation.table;
        const has = (columns) => columns.every((name) => relation.columns.some((c) => c.name === name));
        const find = (name) => this.relations.find((r) => r.name === name);
        const views = (table) => this.relations.filter((r) => r.isView && !r.isFixed && r.table === table);

        if (relation.isFixed) return ways;
        for (const other of this.schema.tables) {
            for (const key of other.foreign) {
                if (key.table !== at.name || !has(key.to)) continue;
                ways.push({ to: find(other.name), hint: key.name, toOne: false, self: other === at });
                for (const view of views(other)) {
                    if (key.columns.every((name) => view.columns.some((c) => c.name === name))) ways.push({ to: view, hint: key.name, toOne: false, self: false });
                }
            }
            const [one, two] = other.foreign;
            if (other.pk.length >= 2 && one && two && other.foreign.length === 2 && other.pk.every((c) => [...one.columns, ...two.columns].includes(c))) {
                if (one.table === at.name && two.table !== at.name) ways.push({ to: find(two.table), hint: other.name, toOne: false });
                if (two.table === at.name && one.table !== at.name) ways.push({ to: find(one.table), hint: other.name, toOne: false });
            }
        }
        for (const key of at.foreign) {
            if (has(key.columns)) ways.push({ to: find(key.table), hint: key.name, toOne: true, self: key.table === at.name, column: key.columns });
        }
        if (!relation.isView) {
            for (const made of this.schema.computed) {
                if (made.table === at.name && made.to) ways.push({ to: find(made.to), name: made.name, toOne: made.toOne, isMade: true });
            }
        }
        return ways;
    }

    /** A way, and how it is named: { to, toOne, name, text, alias }. */
    way(relation, depth) {
        const { random } = this;
        /* Of what a write changes, PostgreSQL shows an embed as it was before. */
        const ways = this.ways(relation).filter((one) => !this.isWrite || (depth === 0 && one.to.table !== relation.table && !one.isMade));

        if (ways.length === 0) return null;
        const way = random.pick(ways);
        const name = way.name ?? (way.self && way.toOne && way.column.length === 1 ? way.column[0] : way.to.name);
        const hinted = name === way.to.name && !way.name && random.chance(way.self ? 1 : 0.85) ? `!${quoted(way.hint)}` : '';
        const join = random.weighted([[6, ''], [2, '!inner'], [1, '!left']]);

        return { ...way, name, join, text: `${quoted(name)}${hinted}${join}`, alias: random.chance(0.8) ? `e${depth}${random.below(1000)}` : null };
    }

    /**
     * Adds an embed to what is selected, and its own parameters. related gets what may be sorted by, embeds what may be
     * asked whether it is null.
     */
    embed(relation, path, params, depth, { related = [], embeds = [] } = {}) {
        const { random } = this;
        const way = this.way(relation, depth);

        if (!way) return null;
        const { to, alias } = way;
        const spread = random.chance(0.15);
        const key = alias && !spread ? alias : way.name;
        const here = [...path, key];
        const prefix = here.map(quoted).join('.');
        // Two of one name would share what is asked of them.
        if (params.some(([name]) => name.startsWith(`${prefix}.`))) return null;
        const inside = { related: [], embeds: [] };
        const inner = [];
        const isSum = !this.isWrite && !spread && random.chance(0.07);
        let children = random.chance(0.2) && !spread ? [] : this.columns(to).map((c) => (spread && c === '*' ? quoted(to.pk[0]) : c));

        const isShown = isSum || children.length > 0;

        if (isSum) {
            const [items, order] = this.sums(to);
            children = items;
            if (!way.toOne && order) params.push([`${prefix}.order`, order]);
        } else if (depth < 2 && random.chance(0.3)) {
            const child = this.embed(to, here, inner, depth + 1, inside);
            if (child) children.push(child);
        }
        // What shows nothing and leaves out nothing is not asked for.
        const isAsked = isShown || way.join === '!inner';
        if (isAsked && random.chance(0.3)) {
            const [field, operation] = this.filter(to);
            params.push([`${prefix}.${field}`, operation]);
        }
        if (isAsked && random.chance(0.08)) params.push([`${prefix}.${random.pick(['or', 'and', 'not.or'])}`, this.logic(to, 0, inside.embeds)]);
        if (!way.toOne && !isSum) {
            params.push([`${prefix}.order`, this.order(to, inside.related)]);
            if (random.chance(0.2)) params.push([`${prefix}.limit`, String(random.between(0, 3))]);
            if (random.chance(0.1)) params.push([`${prefix}.offset`, String(random.between(0, 2))]);
        }
        params.push(...inner);
        if (way.toOne && !isSum) related.push([key, to]);
        if (!spread && !isSum) embeds.push(key);
        if (!spread && !isSum && random.chance(0.1)) params.push([[...path, key].map(quoted).join('.'), random.pick(['is.null', 'not.is.null'])]);
        return `${spread ? '...' : alias ? `${alias}:` : ''}${way.text}(${children.join(',')})`;
    }

    /** Aggregates, and the columns they are grouped by, with the order that these make: [items, order]. */
    sums(relation) {
        const { random } = this;
        const groups = random.shuffle(relation.columns.filter(isOrdered)).slice(0, random.below(3));
        const items = groups.map((c, n) => (random.chance(0.2) ? `g${n}:${quoted(c.name)}` : quoted(c.name)));

        for (let n = random.between(1, 2); n > 0; n--) {
            const column = random.pick(relation.columns);
            // The sum of floating point numbers depends on the order in which they come; that of times is no time.
            const names = ['real', 'double', 'time'].includes(column.type) ? ['min', 'max', 'count'] : ['sum', 'avg', 'min', 'max', 'count', 'count'];
            const cast = random.chance(0.1) ? '::text' : '';
            items.push(random.chance(0.2) ? `${random.pick(['', `n${n}:`])}count()` : `a${n}:${quoted(column.name)}.${random.pick(names)}()${cast}`);
        }
        return [random.chance(0.7) ? items : random.shuffle(items), groups.map((c) => quoted(c.name) + random.pick(['', '.desc', '.nullsfirst'])).join(',')];
    }

    /** What the whole request selects, as a parameter; gives { related, embeds } for its order and filters. */
    select(relation, params) {
        const { random } = this;
        const items = this.columns(relation);
        const found = { related: [], embeds: [] };

        for (let i = 0; i < 2 && random.chance(0.35); i++) {
            const embed = this.embed(relation, [], params, 0, found);
            if (embed) items.push(embed);
        }
        if (items.length > 1 || items[0] !== '*' || random.chance(0.3)) params.push(['select', items.join(',')]);
        return found;
    }

    filters(relation, params, { most = 3, embeds = [] } = {}) {
        for (let i = 0; i < most && this.random.chance(0.4); i++) params.push(this.filter(relation));
        if (this.random.chance(embeds.length > 0 ? 0.25 : 0.12)) params.push([this.random.pick(['or', 'and', 'not.or', 'not.and']), this.logic(relation, 0, embeds)]);
    }
}
