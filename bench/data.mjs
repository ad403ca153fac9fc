// SPDX-License-Identifier: Apache-2.0
//
// The tables that are measured, and what of them only a service with migrations or PostgreSQL knows.

import crypto from 'node:crypto';

export const itemCount = 10_000;
export const authorCount = 1_000; // each with 10 of the books
export const secret = 'a secret of the benchmarks, longer than 32 bytes';

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Of one caller, who may see one note in ten. */
export const token = (() => {
    const input = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ role: 'authenticated', sub: 'person3' })}`;
    return `${input}.${crypto.createHmac('sha256', secret).update(input).digest('base64url')}`;
})();

function inserts(into, rows) {
    const statements = [];
    for (let i = 0; i < rows.length; i += 500) {
        statements.push(`INSERT INTO ${into} VALUES\n${rows.slice(i, i + 500).join(',\n')};`);
    }
    return statements.join('\n');
}

const many = (count, make) => Array.from({ length: count }, (_, i) => make(i + 1));

export const schemaSql = () => `CREATE TABLE items (
    id bigint PRIMARY KEY,
    name text NOT NULL,
    email text NOT NULL,
    stock integer NOT NULL,
    active boolean NOT NULL
);
CREATE TABLE events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    payload text NOT NULL
);
CREATE TABLE counters (
    id bigint PRIMARY KEY,
    value integer NOT NULL
);
CREATE TABLE authors (
    id bigint PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE books (
    id bigint PRIMARY KEY,
    author_id bigint NOT NULL REFERENCES authors (id),
    title text NOT NULL
);
CREATE INDEX books_author ON books (author_id);
CREATE TABLE notes (
    id bigint PRIMARY KEY,
    owner text NOT NULL,
    body text NOT NULL
);
CREATE INDEX notes_owner ON notes (owner, id);
CREATE TABLE open_notes (
    id bigint PRIMARY KEY,
    owner text NOT NULL,
    body text NOT NULL
);
CREATE INDEX open_notes_owner ON open_notes (owner, id);
${inserts('items (id, name, email, stock, active)', many(itemCount, (i) =>
    `(${i}, 'Item number ${i}', 'person${i}@example.com', ${((i - 1) * 37) % 1000}, ${(i - 1) % 3 !== 0})`))}
${inserts('authors (id, name)', many(authorCount, (i) => `(${i}, 'Author number ${i}')`))}
${inserts('books (id, author_id, title)', many(10 * authorCount, (i) =>
    `(${i}, ${1 + ((i - 1) % authorCount)}, 'A book with the number ${i}')`))}
${inserts('notes (id, owner, body)', many(1000, (i) => `(${i}, 'person${i % 10}', 'A note with the number ${i}')`))}
${inserts('open_notes (id, owner, body)', many(1000, (i) => `(${i}, 'person${i % 10}', 'A note with the number ${i}')`))}
`;

/** Of a cluster, so that PostgreSQL gets them once. */
export const roleSql = `CREATE ROLE anon NOLOGIN;
CREATE ROLE authenticated NOLOGIN;
`;

const claim = "current_setting('request.jwt.claims', true)::json ->> 'sub'";

/** PostgreSQL reads a claim once for each row that a policy looks at, unless the policy selects it. */
export const serviceSql = (sqlite) => `CREATE FUNCTION books_of(author bigint) RETURNS SETOF books
    LANGUAGE sql STABLE AS 'SELECT * FROM books WHERE author_id = author ORDER BY id';
GRANT SELECT, INSERT, UPDATE ON items, events, counters, authors, books, open_notes TO anon, authenticated;
GRANT SELECT ON notes TO authenticated;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes FOR SELECT TO authenticated
    USING (owner = ${sqlite ? claim : `(SELECT ${claim})`});
`;
