// SPDX-License-Identifier: Apache-2.0
//
// Random calls of functions, and the headers that requests have in common.

import { Selects } from './selects.mjs';
import { anyMember, anyText } from './values.mjs';

const zones = ['America/New_York', 'Asia/Kolkata', 'UTC', 'Europe/Berlin', '+05', 'Nowhere/Land'];

export class Calls extends Selects {
    /** Preferences of this kind now and then. */
    prefer(...choices) {
        const chosen = choices.filter(([p]) => this.random.chance(p)).map(([, list]) => this.random.pick(list));

        return chosen.length > 0 ? { Prefer: chosen.join(', ') } : {};
    }

    accept() {
        const type = this.random.weighted([[12, null], [1, 'application/vnd.pgrst.object+json'], [1, 'text/csv'],
            [0.5, 'application/vnd.pgrst.array+json;nulls=stripped'], [0.2, 'application/vnd.pgrst.object+json;nulls=stripped']]);

        return type ? { Accept: type } : {};
    }

    readHeaders() {
        const { random } = this;

        return { ...this.accept(), ...this.prefer([0.25, ['count=exact']], [0.04, zones.map((zone) => `timezone=${zone}`)]),
            ...(random.chance(0.06) ? { Range: `${random.below(3)}-${random.below(5)}` } : {}) };
    }

    /** What every write may be asked. */
    writePreferences() {
        return [[0.06, ['tx=rollback']], [0.03, zones.map((zone) => `timezone=${zone}`)]];
    }

    page(params) {
        if (this.random.chance(0.25)) params.push(['limit', String(this.random.between(0, 4))]);
        if (this.random.chance(0.2)) params.push(['offset', String(this.random.between(0, 4))]);
    }

    argument(made, arg) {
        const table = this.schema.tables.find((t) => arg.column && t.columns.some((c) => c.name === arg.column) && made.uses.some((use) => use.table === t.name));
        const rows = (table?.rows ?? []).filter((row) => row[arg.column] != null);

        return rows.length > 0 && this.random.chance(0.7) ? this.random.pick(rows)[arg.column] : undefined;
    }

    /** Arguments of a call, as texts or as members. */
    callArguments(made, asText) {
        const { random } = this;
        const given = made.args.filter((arg) => (arg.isOptional ? random.chance(0.6) : random.chance(0.97)));

        return given.map((arg) => [arg.name, this.argument(made, arg) ?? (asText ? anyText(random, arg.type) : anyMember(random, arg.type, 0.1))]);
    }

    call() {
        const { random } = this;
        const made = random.pick(this.schema.functions);
        const params = [];
        const headers = { ...this.readHeaders() };
        const [method, form] = random.weighted([[5, ['GET']], [4, ['POST']], [0.5, ['HEAD']], [1, ['POST', true]], [0.1, ['DELETE']]]);
        const relation = this.resultOf(made);
        let body;

        if (method !== 'POST') params.push(...this.callArguments(made, true));
        if (method === 'POST' && form) {
            headers['Content-Type'] = 'application/x-www-form-urlencoded';
            body = new URLSearchParams(this.callArguments(made, true)).toString();
        } else if (method === 'POST') {
            headers['Content-Type'] = 'application/json';
            body = Object.fromEntries(this.callArguments(made, false));
        }
        if (relation) {
            const { related, embeds } = random.chance(0.6) ? this.select(relation, params) : {};
            this.filters(relation, params, { most: 2, embeds });
            params.push(['order', this.order(relation, related)]);
        }
        // PostgreSQL calls no function of which no row is wanted.
        if ((relation || made.kind === 'set') && !made.isVolatile) this.page(params);
        return { method, table: `rpc/${made.name}`, params, headers, body };
    }

    /** What a call's rows are rows of; null when it gives none. */
    resultOf(made) {
        if (made.of) return this.relationOf(this.schema.tables.find((t) => t.name === made.of));
        if (made.kind !== 'table') return null;
        return { name: made.name, isView: true, isFixed: true, pk: made.pk, columns: made.columns, table: { name: made.name, rows: made.rows, foreign: [] } };
    }
}
