/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What SQLite has to be taught to answer as PostgreSQL: collations, scalar functions and aggregates
 * on values in the embedded normal form (sql/type.h). SQL that cairn emits calls them.
 *
 * Collations: cairn_numeric (text of numeric by value, NaN greatest), cairn_array and
 * cairn_array_number (arrays item by item, as text or by value), cairn_jsonb.
 *
 * Unless said otherwise a NULL argument gives NULL, and a function is deterministic and innocuous;
 * (v) marks those that are not deterministic. "type" is a type's name as type_parse_name takes it.
 *
 * Session
 *   cairn_now() (v)                  start of the transaction, timestamptz
 *   cairn_clock() (v)                now
 *   cairn_uuid() (v)                 a random uuid, version 4
 *   cairn_nextval(name) (v)  cairn_currval(name) (v)  cairn_setval(name, value[, is_called]) (v)
 *   cairn_raise(code, message, details) (v)   fails with that; NULL code: NULL
 *   cairn_role()                     current_user
 *   cairn_setting(name[, missing_ok])  current_setting(): role, request.jwt.claims, request.headers,
 *                                    request.cookies, request.method, request.path, what was set; else 42704 or
 *                                    NULL
 *     Both the same within a statement, so they are taken as deterministic and called once, not for each row:
 *     never in an index, a CHECK or a generated column.
 *   cairn_set_config(name, value) (v)  set_config(name, value, true): a name with dots, until the job ends
 *   cairn_setting_now(name[, missing_ok]) (v)   cairn_setting() in a statement that sets
 *
 * Types
 *   cairn_cast(value, from type, to type)     explicit cast: varchar(n) cuts
 *   cairn_assign(value, from type, to type)   assignment: too long is 22001
 *     An unknown type to cast from is taken as text (enums); the type "enum" to cast to is text.
 *
 * Numbers; bytes is 2, 4 or 8 for the type of the result, and errors are 22003 and 22012
 *   cairn_int_add sub mul div mod(a, b, bytes)  cairn_int_neg abs(a, bytes)
 *   cairn_float_add sub mul div(a, b, bytes)
 *   cairn_num_add sub mul div mod(a, b)  cairn_num_neg abs ceil floor sign(a)
 *   cairn_num_round trunc(a, n)
 *   Aggregates: cairn_num_sum avg min max(x)  cairn_int_sum(x): bigint
 *   cairn_float_sum avg(x)  cairn_float4_sum(x): real.  No rows give NULL.
 *
 * Text. Letters change case by Unicode's simple mapping, as with the locale C.UTF-8
 *   cairn_like(text, pattern, icase)   LIKE, ILIKE; the escape is a backslash
 *   cairn_regex(text, pattern, icase)  ~, ~*; see sql/regex.h for what is taken
 *   cairn_lower upper initcap reverse md5(t)  cairn_substr(t, from[, length])
 *   cairn_left right repeat(t, n)  cairn_lpad rpad(t, n[, fill])  cairn_split_part(t, sep, n)
 *   cairn_strpos(t, part)  cairn_length(t)  cairn_btrim ltrim rtrim(t[, characters])
 *   cairn_replace(t, from, to)  cairn_concat(...): NULL counts as empty
 *
 * Dates and times
 *   cairn_date_add(date, days)  cairn_date_diff(a, b): days
 *   cairn_time_add(value, type, interval text, sign): the same type, timestamp for a date
 *   cairn_date_trunc(unit, value, type): timestamptz for a date
 *   cairn_extract(field, value, type): numeric
 *
 * JSON
 *   cairn_json_row(spec, v1, v2, ...)    an object as row_to_json() writes it. spec: for each column
 *     its class letter (type_json_class) and its key, escaped as the content of a JSON string;
 *     columns are separated by \x01. A '!' in front: members that are null are left out.
 *   cairn_json_rows(spec, v1, v2, ...)  aggregate: cairn_json_agg(cairn_json_row(...)) in one. A number
 *     in front of spec: of more rows than that the statement fails with FUNCTIONS_TOO_MANY.
 *   cairn_json_agg(row)                aggregate: rows as json_agg() of records; [] without rows
 *   cairn_json_array(class, value)     aggregate: values as json_agg(); [] without rows
 *   cairn_json_value(class, value)     one value, NULL is null
 *   cairn_to_json(class, value)        one value; of NULL nothing
 *   cairn_json_get(json, key or index, mode)   -> and ->> (mode 0, 1) of json; of jsonb 2, 3
 *   cairn_json_has(json, key)          ?
 *   cairn_json_text(json)              ::text of json, the same
 *   cairn_jsonb_contains(a, b)         a @> b
 *   cairn_array_contains(a, b, numbers)  cairn_array_overlaps(a, b, numbers)   a @> b, a && b; numbers
 *     is 1 where items compare by value
 *
 * Full text search; vectors and queries are the text of PostgreSQL's tsvector and tsquery, config
 * the name of a configuration
 *   cairn_to_tsvector(config, text)  cairn_to_tsvector_json(config, json)
 *   cairn_to_tsquery(config, text, form)   form as enum search_form: plain, phrase, web, query
 *   cairn_tsmatch(vector, query)     @@
 *   cairn_search(config, text, query)  cairn_search_json(config, json, query)   to_tsvector(...) @@ query
 *   cairn_tssetweight(vector, letter)  cairn_tsstrip(vector)  cairn_tslength(vector)
 *   cairn_tsconcat(a, b)             a || b
 *   cairn_tsterms(vector, ...)       their words as FTS5 indexes them; NULL counts as empty
 *   cairn_tscandidates(query, n)     FTS5's query for rows whose vector number n, counted from 0, may
 *                                    match; NULL: all may
 *
 * A function that fails says so with SQLITE_ERROR and the text
 * "SQLSTATE\x01message\x01details\x01hint", in which details and hint may be empty.
 */
#ifndef CAIRN_DB_SQLITE_FUNCTIONS_H
#define CAIRN_DB_SQLITE_FUNCTIONS_H

#include <sqlite3.h>

#include "core/err.h"

struct db_session; /* db/engine.h */
struct zone;       /* sql/zone.h */

/* The extended code of a statement that ran as if no group had more rows than it may have. No code
 * of SQLite's own. */
#define FUNCTIONS_TOO_MANY (SQLITE_ABORT | (99 << 8))

/* What the functions ask of their connection; it outlives the connection. */
struct functions_env {
    int64_t now_us; /* when the transaction began */
    /* NULL where sequences can't be used (readers): an error then, 25006. */
    bool (*nextval)(void *ctx, struct str name, int64_t *out, struct err *err);
    bool (*currval)(void *ctx, struct str name, int64_t *out, struct err *err);
    bool (*setval)(void *ctx, struct str name, int64_t value, bool is_called, struct err *err);
    void *nextval_ctx;                /* of the three */
    const struct db_session *session; /* of the job that runs; NULL: the owner */
    const struct zone *zone;          /* of the job that runs; NULL: UTC */
};

/* False leaves the cause in sqlite3_errmsg(db). Belongs to one thread at a time, as db does. */
MUST_CHECK bool functions_register(sqlite3 *db, const struct functions_env *env);
/* Fills err from the text of an error; false when no function of ours has written it. */
bool functions_split_error(const char *text, struct err *err);

#endif
