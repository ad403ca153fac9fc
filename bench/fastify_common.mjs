// SPDX-License-Identifier: Apache-2.0
//
// What both hand-written servers have in common: serialisers made from schemas, and a check of tokens
// that remembers those it has seen.

import crypto from 'node:crypto';

const row = (properties) => ({ type: 'object', properties });
const answer = (items) => ({ schema: { response: { 200: { type: 'array', items } } } });
const integer = { type: 'integer' };
const string = { type: 'string' };

const item = row({ id: integer, name: string, email: string, stock: integer, active: { type: 'boolean' } });
const book = row({ id: integer, author_id: integer, title: string });

export const items = answer(item);
export const books = answer(book);
export const notes = answer(row({ id: integer, owner: string, body: string }));
export const booksWithAuthor = answer(row({ id: integer, title: string, authors: row({ id: integer, name: string }) }));
export const authorsWithBooks = answer(row({ id: integer, name: string, books: { type: 'array', items: row({ id: integer, title: string }) } }));

const eventBody = { type: 'object', required: ['kind', 'payload'], properties: { kind: string, payload: string } };
export const event = { schema: { body: eventBody } };
export const eventList = { bodyLimit: 4 << 20, schema: { body: { type: 'array', items: eventBody } } };
export const counter = { schema: { body: { type: 'object', required: ['id', 'value'], properties: { id: integer, value: integer } } } };

/** 20 joined rows into 20 objects. */
export const withAuthor = (rows) => rows.map(({ id, title, author_id, author_name }) =>
    ({ id, title, authors: { id: author_id, name: author_name } }));

export function sendCounted(reply, rows, total) {
    reply.header('Content-Range', rows.length > 0 ? `0-${rows.length - 1}/${total}` : `*/${total}`);
    reply.code(rows.length < total ? 206 : 200).send(rows);
}

const seen = new Map();

/** The claims of a good token; otherwise an error that is answered 401. */
export function claimsOf(request) {
    const token = (request.headers.authorization ?? '').slice('Bearer '.length);
    let claims = seen.get(token);
    if (!claims) {
        const [head, body, signature] = token.split('.');
        const wanted = crypto.createHmac('sha256', process.env.SECRET).update(`${head}.${body}`).digest();
        const given = Buffer.from(signature ?? '', 'base64url');
        if (given.length !== wanted.length || !crypto.timingSafeEqual(given, wanted)) {
            throw Object.assign(new Error('not a good token'), { statusCode: 401 });
        }
        claims = JSON.parse(Buffer.from(body, 'base64url'));
        seen.set(token, claims);
    }
    if (claims.exp < Date.now() / 1000) throw Object.assign(new Error('expired'), { statusCode: 401 });
    return claims;
}
