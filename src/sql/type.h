/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PostgreSQL's types, on both engines: what text they accept, how the embedded engine stores them,
 * and how they look in JSON, CSV and text.
 *
 * The embedded engine stores:
 *   boolean               INTEGER 0 or 1
 *   smallint int bigint   INTEGER
 *   real double           REAL (real is rounded to float first, infinities too); NaN as TEXT
 *   numeric               TEXT, normal form at the declared scale, collation cairn_numeric
 *   text varchar          TEXT
 *   char(n)               TEXT with its trailing blanks, collation RTRIM, which ignores them
 *   enum                  TEXT; order by position is emitted by the planner
 *   bytea                 BLOB
 *   date time timestamp   TEXT: 2026-11-21, 10:14:03.5, 2026-11-21T10:14:03.5
 *   timestamptz           TEXT in UTC: 2026-11-21T10:14:03.5+00:00
 *   uuid                  TEXT, 36 lower-case characters
 *   json                  TEXT as it was given; jsonb: TEXT in normal form
 *   tsvector tsquery      TEXT as PostgreSQL prints it
 *   arrays                TEXT as PostgreSQL prints it, collation cairn_array or, of numbers,
 *                         cairn_array_number
 * so that ordering by the column's declared collation is PostgreSQL's order under C collation.
 * Source: PostgreSQL 15 documentation, chapter 8, and the input and output functions' behaviour.
 */
#ifndef CAIRN_SQL_TYPE_H
#define CAIRN_SQL_TYPE_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"
#include "sql/value.h"

enum type_id {
    TYPE_UNKNOWN = 0, /* an untyped literal */
    TYPE_BOOL,
    TYPE_INT2,
    TYPE_INT4,
    TYPE_INT8,
    TYPE_FLOAT4,
    TYPE_FLOAT8,
    TYPE_NUMERIC,
    TYPE_TEXT,
    TYPE_VARCHAR,
    TYPE_BPCHAR,
    TYPE_BYTEA,
    TYPE_DATE,
    TYPE_TIME,
    TYPE_TIMETZ,
    TYPE_TIMESTAMP,
    TYPE_TIMESTAMPTZ,
    TYPE_INTERVAL,
    TYPE_UUID,
    TYPE_JSON,
    TYPE_JSONB,
    TYPE_ENUM,
    TYPE_TSVECTOR,
    TYPE_TSQUERY,
    TYPE_ARRAY, /* elem is set */
    TYPE_OTHER, /* PostgreSQL only: passes as text */
};

/*
 * How the values of a domain look outside, on PostgreSQL: functions by their qualified and quoted
 * names; empty: as the type itself is written.
 */
struct type_forms {
    struct str to_json;   /* what an answer shows */
    struct str from_json; /* what a payload holds */
    struct str from_text; /* what a filter says */
};

struct type {
    enum type_id id;
    int32_t length;    /* varchar(n), char(n); timestamp(p), time(p) precision; -1: not given */
    int32_t precision; /* numeric(p,s); -1: not given */
    int32_t scale;
    struct str name;          /* as format_type() prints it: "character varying(15)", "mood" */
    struct str qualified;     /* PostgreSQL, of types it has no id for here: with its schema */
    const struct str *labels; /* TYPE_ENUM, in order */
    uint32_t label_count;
    const struct type *elem; /* TYPE_ARRAY */
    /* TYPE_OTHER: its JSON is not its text in quotes, and PostgreSQL has to make it: rows, and what
     * has a cast to json. */
    bool has_json;
    const struct type_forms *forms; /* NULL: none */
    bool is_domain;                 /* PostgreSQL: the rest is what the domain is made of */
};

/* A plain type without modifiers; never NULL for a valid id. */
const struct type *type_builtin(enum type_id id);
/* The type called name (any spelling PostgreSQL accepts for the built-in ones: "int4", "integer",
 * "timestamp with time zone", "varchar"), with the modifiers given; false when there is none. */
bool type_lookup(struct str name, const int32_t *mods, uint32_t mod_count, struct type *out);
/* Same question for a SQL cast target as the API's "::type" takes it ("numeric(10,2)", "text"). */
bool type_parse_name(struct str text, struct type *out);
/* A PostgreSQL type OID with typmod; TYPE_OTHER when unknown. */
enum type_id type_from_oid(uint32_t oid);
bool type_is_embedded(const struct type *type); /* can the embedded engine hold it */
static inline bool
type_is_int(const struct type *type)
{
    return type->id == TYPE_INT2 || type->id == TYPE_INT4 || type->id == TYPE_INT8;
}
static inline bool
type_is_text(const struct type *type)
{
    return type->id == TYPE_TEXT || type->id == TYPE_VARCHAR || type->id == TYPE_BPCHAR;
}
static inline bool
type_is_json(const struct type *type)
{
    return type->id == TYPE_JSON || type->id == TYPE_JSONB;
}
/* Declared type and collation in SQLite DDL: "TEXT COLLATE cairn_numeric", "INTEGER". */
struct str type_sqlite_decl(const struct type *type);

/*
 * The input function: text as a client wrote it to the embedded engine's normal form.
 *
 * Strings of *out live in arena or borrow from text. Errors are PostgreSQL's: 22P02 "invalid input
 * syntax for type integer: \"x\"", 22003 out of range, 22001 too long, 22007, 22008.
 */
MUST_CHECK bool type_input(const struct type *type, struct str text, struct arena *arena,
                           struct value *out, struct err *err);
/* As type_input for an explicit cast ("::type"): varchar(n) cuts, numeric rounds. */
MUST_CHECK bool type_cast_value(const struct type *from, const struct value *value,
                                const struct type *to, struct arena *arena, struct value *out,
                                struct err *err);

/* Whether there is an explicit cast between the two. */
bool type_can_cast(const struct type *from, const struct type *to);

/*
 * Output of a cell, from either engine: PostgreSQL's cells are TEXT in its text format, the
 * embedded engine's are in normal form. JSON is what to_json() prints (timestamps with T, bytea as
 * "\\x...", numbers as numbers, NaN quoted); text is what ::text prints.
 */
void type_write_json(struct buf *out, const struct type *type, const struct value *value);
void type_write_text(struct buf *out, const struct type *type, const struct value *value);
/* The output function's text, as CSV and "Failing row contains" have it: as ::text, but booleans
 * are t and f, and char(n) keeps its trailing blanks. */
void type_write_output(struct buf *out, const struct type *type, const struct value *value);
/*
 * The class of JSON output, a letter, for cairn_json_row (db/sqlite/functions.h) and for whoever
 * writes many cells of a column: b boolean, n integers and numeric, f real, d double precision,
 * s strings, x bytea, t timestamp, z timestamptz, r JSON as it is; a capital for an array of those.
 */
char type_json_class(const struct type *type);
/* PostgreSQL has to make the JSON of values of the type, because their text doesn't show it. */
bool type_has_own_json(const struct type *type);
void type_write_json_class(struct buf *out, char json_class, const struct value *value);
/* The same for what most values are; false: it is another one, and nothing was written. */
static inline bool
type_write_json_plain(struct buf *out, char json_class, const struct value *value)
{
    if (value->kind == VALUE_INT && json_class == 'n') {
        buf_add_i64(out, value->i);
        return true;
    }
    if (value->kind == VALUE_TEXT && json_class == 's') {
        json_write_str(out, value->s);
        return true;
    }
    return false;
}

#endif
