// SPDX-License-Identifier: Apache-2.0
//
// Types, and texts of their values: ordinary ones, and those where implementations err.

const words = ['', 'a', 'A', 'b', 'ab', 'Ab', 'a b', ' a', 'a ', 'null', 'NULL', 'true', '0', '1', '-1', '1.5', 'ä', 'Ä', 'ß', 'é',
    '日本', '😀', "it's", '"quoted"', 'a,b', '(a)', 'a.b', '{a}', 'a*b', 'a%b', 'a_b', 'a\\b', 'line\nbreak', 'tab\t', '%', '*', '\\',
    'The fat cats', 'a cat is running', 'fat-cat e-mail a.b@c.org', "the dog's"];

const json = ['null', '1', '1.5', '"text"', 'true', '[]', '{}', '[1, 2, {"a": null}]', '{"a": {"b": "c"}, "d": [1, "x", null]}',
    '{"b":1,"a":2}', '{"a": "1"}', '[[1], [2, 3]]', '"ä\\n"', '-0', '1e3', '{"a":true}'];

/** name → { sql, values (as text), bad (not of the type), ordered, equal, isJson, isText } */
export const types = {
    int: { sql: 'integer', values: ['0', '1', '2', '3', '7', '-1', '42', '2147483647', '-2147483648'], bad: ['x', '1.5', '2147483648', ''] },
    smallint: { sql: 'smallint', values: ['0', '1', '-5', '32767', '-32768'], bad: ['x', '32768'] },
    bigint: { sql: 'bigint', values: ['0', '1', '-1', '9007199254740993', '9223372036854775807', '-9223372036854775808'], bad: ['x', '9223372036854775808'] },
    text: { sql: 'text', values: words, bad: [], isText: true },
    varchar: { sql: 'varchar(5)', values: ['', 'a', 'ab', 'äöü', 'abcde', 'a b'], bad: ['abcdef', 'too long'], isText: true },
    char: { sql: 'char(4)', values: ['a', 'ab', 'abcd', '', ' x'], bad: ['abcde'], isText: true },
    boolean: { sql: 'boolean', values: ['true', 'false'], more: ['t', 'f', 'yes', 'off', '1', '0', 'TRUE'], bad: ['x', '2', ''] },
    numeric: { sql: 'numeric', values: ['0', '1', '1.0', '1.50', '-2.25', '100', '12345678901234567890.123456789', '0.1', '1e2', 'NaN'], bad: ['x', ''] },
    decimal: { sql: 'numeric(8,2)', values: ['0', '1', '1.5', '-2.25', '999999.99', '0.01', '10'], bad: ['x', '1000000'] },
    real: { sql: 'real', values: ['0', '1', '1.5', '-0.1', '3.4e38', '1e-10', '100000', '1e20', 'NaN', 'Infinity'], bad: ['x', '1e40'] },
    double: { sql: 'double precision', values: ['0', '1', '1.5', '-0.1', '1e300', '0.30000000000000004', '1e15', '1e16', '123456789.125', '-Infinity'], bad: ['x', '1e400'] },
    date: { sql: 'date', values: ['2026-11-21', '1999-12-31', '2000-02-29', '0001-01-01'], more: ['21 Nov 2026', '20261121'], bad: ['x', '2026-13-01', '2026-02-30'] },
    time: { sql: 'time', values: ['10:14:03', '00:00:00', '23:59:59.999999', '12:30:00.5'], bad: ['x', '25:00'] },
    timestamp: { sql: 'timestamp', values: ['2026-11-21 10:14:03', '1999-12-31T23:59:59.999', '2000-02-29 00:00:00'], more: ['2026-11-21'], bad: ['x', '2026-02-30 00:00'] },
    timestamptz: { sql: 'timestamptz', values: ['2026-11-21T10:14:03Z', '2026-11-21T10:14:03+02', '1999-12-31 23:59:59.5-05:30'], bad: ['x'] },
    uuid: { sql: 'uuid', values: ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '00000000-0000-0000-0000-000000000000'],
        more: ['A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '{a0eebc999c0b4ef8bb6d6bb9bd380a11}'], bad: ['x', 'a0eebc99'] },
    json: { sql: 'json', values: [...json, '1.50', '{"a": 1.0}'], bad: ['x', '{'], isJson: true, unordered: true, unequal: true },
    jsonb: { sql: 'jsonb', values: json, bad: ['x', '{"a":}'], isJson: true, unordered: true },
    bytea: { sql: 'bytea', values: ['\\x', '\\x00ff', '\\x616263'], more: ['abc'], bad: ['\\xz'], unordered: true },
    tsvector: { sql: 'tsvector', values: ["'cat':2 'fat':1A", 'fat:1 cat:2,5B a.b', '', 'dog', "'cat' 'fat cat':3", 'a b cat:7'],
        bad: ['a:x', "'a"], unordered: true, unequal: true },
    ints: { sql: 'integer[]', values: ['{}', '{1,2}', '{2,1}', '{NULL,3}', '{{1,2},{3,4}}', '{1}'], more: ['{ 1 , 2 }'], bad: ['x', '{1,x}', '{1'], isArray: true },
    texts: { sql: 'text[]', values: ['{}', '{a,b}', '{"a b",NULL}', '{"x,y","q\\"r"}', '{"null"}', '{ä,a}', '{a}'], bad: ['x', '{a'], isArray: true },
    mood: { sql: 'mood', values: ['sad', 'ok', 'happy'], bad: ['x', ''], isEnum: true },
};

/** Types that are searched; and what for: [operator, query], now and then one that is none. */
export const searched = ['text', 'varchar', 'char', 'json', 'jsonb', 'tsvector'];
const queries = ['cat', 'cats', 'fat & cat', 'cat | dog', '!cat', "'fat cat'", 'ca:*', 'fat <-> cat', 'cat & !dog', '!cat | running', '(cat | dog) & !fat',
    'the', 'a', 'cat:A', 'a.b@c.org', 'c', 'x', 'e-mail', 'ä', 'fat <2> cat', '!(fat & cat)', 'f:*B & c:*', '日本'];
const phrases = ['cat', 'fat cat', 'the fat cats', '"fat cat"', 'cat or dog', 'cat -fat', '-cat', 'running', 'a', '', 'e-mail', '"', 'text c', 'ab'];

export function anySearch(random) {
    if (random.chance(0.4)) return ['fts', random.chance(0.03) ? random.pick(['cat dog', 'cat &', '(', 'a:x']) : random.pick(queries)];
    return [random.pick(['plfts', 'phfts', 'wfts']), random.pick(phrases)];
}

export const casts = ['text', 'int', 'bigint', 'numeric', 'varchar', 'float8', 'boolean', 'date', 'timestamptz', 'json', 'jsonb', 'uuid'];

/** The text of a value: now and then one that is not of the type. */
export function anyText(random, type, bad = 0.06) {
    const { values, more = [], bad: wrong } = types[type];

    if (wrong.length > 0 && random.chance(bad)) return random.pick(wrong);
    return more.length > 0 && random.chance(0.1) ? random.pick(more) : random.pick(values);
}

/** What stands for it in a body: a member's value. */
export function anyMember(random, type, nulls = 0.15, bad = 0.04) {
    if (random.chance(nulls)) return null;
    const text = anyText(random, type, bad);
    if (types[type].isArray && /^\{[\wä,]*\}$/.test(text) && random.chance(0.7)) {
        const items = text.slice(1, -1).split(',').filter((item) => item !== '');
        return items.map((item) => (item === 'NULL' ? null : type === 'ints' ? Number(item) : item));
    }
    if (types[type].isJson) {
        try {
            return JSON.parse(text);
        } catch {
            return text;
        }
    }
    if (['int', 'smallint', 'decimal', 'real', 'double'].includes(type) && /^-?\d+(\.\d+)?$/.test(text) && random.chance(0.7)) {
        return Number(text);
    }
    if (type === 'boolean' && /^(true|false)$/.test(text) && random.chance(0.8)) return text === 'true';
    return text;
}
