/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON by RFC 8259, strict, with the digits of numbers kept.
 *
 * Parsing checks everything before anything is used: UTF-8, depth, duplicate keys, lone surrogates
 * and U+0000 in strings (refused: PostgreSQL's text can't hold it). The tree lies in the arena in
 * document order and borrows from the text where it can: a string without escapes points into it,
 * one with escapes is decoded into the arena. raw is the exact source text of a value. Nothing
 * here recurses, so depth costs no stack.
 */
#ifndef CAIRN_CORE_JSON_H
#define CAIRN_CORE_JSON_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"

enum json_type {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json {
    enum json_type type;
    uint32_t count;     /* elements of an array, members of an object */
    struct str key;     /* decoded; of a member of an object */
    struct str text;    /* decoded string; digits of a number */
    struct str raw;     /* source text of the whole value */
    struct json *first; /* first element or member; next in order through next */
    struct json *next;
};

struct json_limits {
    uint32_t max_depth; /* 64 by default */
    bool allow_duplicate_keys;
    /* Names are looked at in this many levels of containers only; 0: in all. */
    uint32_t unique_depth;
    bool allow_nul; /* U+0000 in strings, for text that isn't stored */
};

#define JSON_LIMITS_DEFAULT ((struct json_limits){.max_depth = 64})

/*
 * The tree and decoded strings live in arena; text must outlive it. Blanks around are allowed,
 * anything else after the value is an error. err is what the data API answers (kind ERR_REQUEST,
 * status 400, PGRST102 "Empty or invalid json"); its details name line, column (in characters)
 * and cause. A soft arena that is exhausted fails with status 413.
 */
MUST_CHECK bool json_parse(struct str text, struct json_limits limits, struct arena *arena,
                           struct json **out, struct err *err);
/* The member called key (the last one, where duplicates are allowed), or NULL; safe on NULL and on
 * non-objects. */
const struct json *json_get(const struct json *object, const char *key);
/* The string member's text, or fallback. */
struct str json_get_str(const struct json *object, const char *key, struct str fallback);
int64_t json_get_i64(const struct json *object, const char *key, int64_t fallback);
bool json_get_bool(const struct json *object, const char *key, bool fallback);

/* Writes s as a JSON string, with quotes, escaping what PostgreSQL's json output escapes: quote,
 * backslash, \b \f \n \r \t, other controls as \u00xx, nothing else. */
void json_write_str(struct buf *out, struct str s);
/* Normal form of PostgreSQL's jsonb: keys by length then bytes, last duplicate wins, ": " and ", ".
 * Numbers as numeric prints them; false, and nothing written, when one is past numeric's range
 * (PostgreSQL: 22003 "value overflows numeric format"). */
bool json_write_jsonb(struct buf *out, const struct json *value);
/* The text of a JSON number as numeric prints it: 1e2 is 100, 1.50 stays, -0 is 0. False, and
 * nothing written, when it is past numeric's range. */
bool json_write_numeric(struct buf *out, struct str number);

#endif
