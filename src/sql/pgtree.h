/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parser's tree, as libpg_query gives it: JSON, where a node is an object with one member, its
 * kind, and members with a zero value are left out. All knowledge of that form is here.
 *
 * "node" is the object with the kind, "body" the object inside it. Every function is safe on NULL.
 */
#ifndef CAIRN_SQL_PGTREE_H
#define CAIRN_SQL_PGTREE_H

#include "core/json.h"

struct pgtree {
    struct json *root;
    struct arena *arena;
    struct str text; /* what was parsed; locations are offsets into it */
};

struct pgtree_error {
    size_t at; /* offset into the text */
    char message[512];
};

/* Parses SQL; the tree lives in arena. Only text that script.h has cut may come here: it bounds
 * the nesting. */
MUST_CHECK bool pgtree_parse(struct str text, struct arena *arena, struct pgtree *out,
                             struct pgtree_error *error);

struct pgtree_statement {
    const struct json *node;
    size_t from, to; /* in the text */
};
/* The statements in order: start with *next = NULL, false at the end. */
bool pgtree_next(const struct pgtree *tree, const struct json **next, struct pgtree_statement *out);

struct str pg_kind(const struct json *node);
const struct json *pg_body(const struct json *node);
/* The body when the node is of this kind, else NULL. */
const struct json *pg_as(const struct json *node, const char *kind);

struct str pg_str(const struct json *body, const char *member);
bool pg_bool(const struct json *body, const char *member);
bool pg_is(const struct json *body, const char *member, const char *word);
const struct json *pg_get(const struct json *body, const char *member);
const struct json *pg_first(const struct json *body, const char *member); /* of a list, or NULL */
uint32_t pg_count(const struct json *body, const char *member);
/* The items of a List node, first one. */
const struct json *pg_items(const struct json *node);
/* Text of a String node; empty for others. */
struct str pg_string(const struct json *node);
/* The last string of a list of String nodes: a name without its schema. */
struct str pg_last_string(const struct json *body, const char *member);
/* Where a node stands in the text that was parsed; SIZE_MAX when it does not say. */
size_t pg_location(const struct json *body);
/* The first place that is known of anything inside of it: of nodes that have none themselves. */
size_t pg_first_location(const struct json *tree);

/* Whether two trees say the same, wherever they stand. */
bool pg_is_same(const struct json *tree, const struct json *other);

enum pg_const_kind { PG_NULL, PG_INT, PG_FLOAT, PG_STRING, PG_BOOL, PG_BITS };
struct pg_const {
    enum pg_const_kind kind;
    struct str text; /* digits with sign, or the string; "true" or "false" */
};
/* The value of an A_Const's body. */
struct pg_const pg_const(const struct pgtree *tree, const struct json *body);
/* The integer that a DefElem carries; false when it carries none. */
bool pg_option_i64(const struct pgtree *tree, const struct json *def_elem, int64_t *out);

#endif
