// SPDX-License-Identifier: Apache-2.0
//
// What is compared of two answers, and the few things that PostgreSQL itself leaves open.

import { targetOf } from './requests.mjs';

const compared = ['content-type', 'content-range', 'content-length', 'content-location', 'preference-applied', 'location', 'warning',
    'proxy-status', 'www-authenticate'];

export async function answerOf(server, request) {
    const { method, headers, body } = request;
    const answer = await server.request(targetOf(request), { method, headers, body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body) });

    return {
        status: answer.status,
        headers: Object.fromEntries(compared.map((name) => [name, answer.headers[name] ?? null])),
        body: answer.text,
    };
}

/** A text that is no tsvector or tsquery is a wrong value, whatever its class; nothing else here is 42601. */
function codeOf(answer) {
    if (answer.status < 400) return undefined;
    const code = (answer.body.match(/"code":"(\w+)"/) ?? answer.headers['proxy-status']?.match(/error=(\w+)/))?.[1];

    return code === '42601' || / in ts(vector|query)/.test(answer.body) ? '22P02' : code;
}

/** Of several values that are wrong, which one is met first is for the planner to say. */
const isAboutValues = (code) => code?.startsWith('22');

/** docs/status.md: a row that fails before its defaults are known is shown without them. */
const withoutRow = (text) => text.replace(/"details":"Failing row contains .*\)\."/s, '"details":""');

/** The update that matches no row: PostgreSQL has not looked at its values. */
const isUnread = (request, sqlite, postgres) =>
    request.method === 'PATCH' && isAboutValues(codeOf(sqlite)) && (postgres.status < 300 ? /^\*\//.test(postgres.headers['content-range'] ?? '') : / contains 0 rows/.test(postgres.body));

/** A cast that fails on some value: whether it comes to that is for the planner to say too. */
const isCast = (request, sqlite, postgres) =>
    (isAboutValues(codeOf(sqlite)) || isAboutValues(codeOf(postgres))) && /::/.test(decodeURIComponent(targetOf(request)));

const messageOf = (answer) => JSON.parse(answer.body).message;

/**
 * docs/status.md: of several rows that are wrong in different ways, the embedded engine finds first what it sees before it begins
 * (values, and nulls in keys), and then goes row by row; PostgreSQL looks at foreign keys last, after the check of a view.
 */
const isEarlier = (request, sqlite, postgres) =>
    Array.isArray(request.body) && request.body.length > 1 && /^(23|22|44|21000)/.test(codeOf(sqlite)) && /^(23|44|21000|42501)/.test(codeOf(postgres))
    && (codeOf(sqlite) !== codeOf(postgres) || (codeOf(sqlite) === '23502' && messageOf(sqlite) !== messageOf(postgres)));

/** Of several things wrong with a statement, one is named. */
const isStatic = (answer) => ['42846', '42883', '42804', '42803', '42703', '42725', '42704', '22023'].includes(codeOf(answer));

/** Of several tables that the caller may not use, one is named. */
const isDenied = (answer) => /"message":"permission denied for (table|view) /.test(answer.body) && codeOf(answer) === '42501';

/** What a body may not do, and that it may do nothing here; a view that may not be written, and a key that is none. */
const isForbidden = (sqlite, postgres) => (codeOf(sqlite) === '42501' && codeOf(postgres) === '25006') || (codeOf(sqlite) === '42P10' && isDenied(postgres));

/**
 * Of several rows that violate a constraint, an update or delete names the one that lies first, which updates before have moved;
 * of several constraints below a foreign key with an action, the embedded engine names another.
 */
const isOtherRow = (request, sqlite, postgres) =>
    ['PATCH', 'DELETE'].includes(request.method) && codeOf(sqlite)?.startsWith('23') && codeOf(postgres)?.startsWith('23')
    && (codeOf(sqlite) === '23503' || codeOf(postgres) === '23503' || messageOf(sqlite) === messageOf(postgres));

export function isSame(request, sqlite, postgres) {
    if (isCast(request, sqlite, postgres) || isEarlier(request, sqlite, postgres) || isUnread(request, sqlite, postgres)
        || isOtherRow(request, sqlite, postgres)) return true;
    if ((isStatic(sqlite) && isStatic(postgres)) || (isDenied(sqlite) && isDenied(postgres)) || isForbidden(sqlite, postgres)) return true;
    if (sqlite.status !== postgres.status) return isAboutValues(codeOf(sqlite)) && isAboutValues(codeOf(postgres));
    if (isAboutValues(codeOf(sqlite)) && isAboutValues(codeOf(postgres))) return true;
    const hasRow = /Failing row contains/.test(postgres.body);
    return compared.every((name) => sqlite.headers[name] === postgres.headers[name] || (hasRow && name === 'content-length'))
        && withoutRow(sqlite.body) === withoutRow(postgres.body);
}

/**
 * Numbers that were drawn by an insert that failed, or changed nothing, are not drawn alike: after one, the table's identity
 * is left alone.
 */
export class Identities {
    constructor(schema) {
        this.base = new Map(schema.views.map((view) => [view.name, view.of]));
        this.tables = new Set(schema.tables.filter((t) => t.columns.some((c) => c.identity)).map((t) => t.name));
        this.left = new Set();
    }

    takes(request) {
        return !(['POST', 'PUT'].includes(request.method) && this.left.has(this.of(request)));
    }

    of(request) {
        return this.base.get(request.table) ?? request.table;
    }

    note(request, answer) {
        const isPlain = answer.status === 201 && !/resolution|rollback/.test(request.headers.Prefer ?? '') && request.method === 'POST';

        if (['POST', 'PUT'].includes(request.method) && this.tables.has(this.of(request)) && !isPlain) this.left.add(this.of(request));
    }
}
