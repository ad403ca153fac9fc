/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/pgtree.h"

#include <pg_query.h>

/* Beyond what script.c lets through, several levels for each token. */
#define TREE_DEPTH 65536

/* The parser counts characters, from 1. */
static size_t
offset_of_character(struct str text, int position)
{
    size_t at = 0;

    for (int i = 1; i < position && at < text.len; i++) {
        size_t step = str_utf8_step(text, at);

        at += step > 0 ? step : 1;
    }
    return at;
}

bool
pgtree_parse(struct str text, struct arena *arena, struct pgtree *out, struct pgtree_error *error)
{
    const char *source = arena_cstr(arena, text);
    PgQueryParseResult result = pg_query_parse(source);
    struct str json;
    bool ok = false;

    *out = (struct pgtree){.arena = arena, .text = text};
    *error = (struct pgtree_error){0};
    if (result.error != NULL) {
        error->at = offset_of_character(text, result.error->cursorpos);
        snprintf(error->message, sizeof(error->message), "%s", result.error->message);
        goto out;
    }
    json = arena_copy(arena, str_from(result.parse_tree));
    ok = json_parse(json,
                    (struct json_limits){.max_depth = TREE_DEPTH, .allow_duplicate_keys = true},
                    arena, &out->root, NULL);
    if (!ok)
        snprintf(error->message, sizeof(error->message), "too large, or nested too deeply");

out:
    pg_query_free_parse_result(result);
    return ok;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

/* Over blanks, comments and any of the bytes in also. */
static size_t
skip_filler(struct str text, size_t at, const char *also)
{
    while (at < text.len) {
        char c = text.data[at];

        if (is_blank(c) || (c != '\0' && c != '-' && strchr(also, c) != NULL)) {
            at++;
        } else if (c == '-' && at + 1 < text.len && text.data[at + 1] == '-') {
            at = str_find_char(text, '\n', at);
        } else if (c == '/' && at + 1 < text.len && text.data[at + 1] == '*') {
            unsigned open = 1;

            for (at += 2; at < text.len && open > 0; at++) {
                if (str_has_prefix(str_slice(text, at, text.len), STR("/*"))) {
                    open++;
                    at++;
                } else if (str_has_prefix(str_slice(text, at, text.len), STR("*/"))) {
                    open--;
                    at++;
                }
            }
        } else {
            break;
        }
    }
    return at;
}

bool
pgtree_next(const struct pgtree *tree, const struct json **next, struct pgtree_statement *out)
{
    const struct json *raw = *next == NULL ? pg_first(tree->root, "stmts") : (*next)->next;
    int64_t from;
    int64_t len;

    if (raw == NULL)
        return false;
    *next = raw;
    from = json_get_i64(raw, "stmt_location", 0);
    len = json_get_i64(raw, "stmt_len", 0);
    out->node = json_get(raw, "stmt");
    from = from < 0 ? 0 : from;
    out->to = len > 0 ? (size_t)from + (size_t)len : tree->text.len;
    out->to = out->to > tree->text.len ? tree->text.len : out->to;
    out->from = skip_filler(tree->text, (size_t)from, ";");
    if (out->to < out->from)
        out->to = out->from;
    return true;
}

const struct json *
pg_body(const struct json *node)
{
    return node != NULL && node->type == JSON_OBJECT ? node->first : NULL;
}

struct str
pg_kind(const struct json *node)
{
    const struct json *body = pg_body(node);

    return body != NULL ? body->key : STR_NULL;
}

const struct json *
pg_as(const struct json *node, const char *kind)
{
    return str_eq(pg_kind(node), str_from(kind)) ? pg_body(node) : NULL;
}

const struct json *
pg_get(const struct json *body, const char *member)
{
    return json_get(body, member);
}

struct str
pg_str(const struct json *body, const char *member)
{
    return json_get_str(body, member, STR_NULL);
}

bool
pg_bool(const struct json *body, const char *member)
{
    return json_get_bool(body, member, false);
}

bool
pg_is(const struct json *body, const char *member, const char *word)
{
    return str_eq(pg_str(body, member), str_from(word));
}

const struct json *
pg_first(const struct json *body, const char *member)
{
    const struct json *list = json_get(body, member);

    return list != NULL && list->type == JSON_ARRAY ? list->first : NULL;
}

uint32_t
pg_count(const struct json *body, const char *member)
{
    const struct json *list = json_get(body, member);

    return list != NULL && list->type == JSON_ARRAY ? list->count : 0;
}

const struct json *
pg_items(const struct json *node)
{
    return pg_first(pg_as(node, "List"), "items");
}

struct str
pg_string(const struct json *node)
{
    return pg_str(pg_as(node, "String"), "sval");
}

struct str
pg_last_string(const struct json *body, const char *member)
{
    struct str last = STR_NULL;

    for (const struct json *n = pg_first(body, member); n != NULL; n = n->next)
        last = pg_string(n);
    return last;
}

size_t
pg_location(const struct json *body)
{
    int64_t at;

    if (body == NULL || body->type != JSON_OBJECT)
        return SIZE_MAX;
    at = json_get_i64(body, "location", -1);
    return at >= 0 ? (size_t)at : SIZE_MAX;
}

/* From this member on, the next that is no place in a text. */
static const struct json *
skip_locations(const struct json *member)
{
    while (member != NULL && str_eq(member->key, STR("location")))
        member = member->next;
    return member;
}

bool
pg_is_same(const struct json *tree, const struct json *other)
{
    const struct json *a = NULL;
    const struct json *b = NULL;

    if (tree == NULL || other == NULL)
        return tree == other;
    if (tree->type != other->type || !str_eq(tree->key, other->key))
        return false;
    if (tree->type != JSON_OBJECT && tree->type != JSON_ARRAY)
        return str_eq(tree->raw, other->raw);
    a = skip_locations(tree->first);
    b = skip_locations(other->first);
    while (a != NULL && b != NULL && pg_is_same(a, b)) {
        a = skip_locations(a->next);
        b = skip_locations(b->next);
    }
    return a == NULL && b == NULL;
}

size_t
pg_first_location(const struct json *tree)
{
    size_t first = pg_location(tree);

    for (const struct json *n = tree != NULL ? tree->first : NULL; n != NULL; n = n->next) {
        size_t at = pg_first_location(n);

        first = at < first ? at : first;
    }
    return first;
}

/*
 * An integer node without its value is zero or negative: libpg_query 15 writes no value below 1.
 * What it is stands in the source, at or behind at: signs, then digits.
 */
static struct str
read_integer(const struct pgtree *tree, size_t at)
{
    struct str text = tree->text;
    bool negative = false;
    size_t from;
    int64_t value = 0;

    for (;;) {
        at = skip_filler(text, at, "(+");
        if (at >= text.len || text.data[at] != '-')
            break;
        negative = !negative;
        at++;
    }
    from = at;
    while (at < text.len && text.data[at] >= '0' && text.data[at] <= '9')
        at++;
    if (!negative || !str_to_i64(str_slice(text, from, at), &value) || value == 0)
        return STR("0");
    return arena_printf(tree->arena, "-%jd", (intmax_t)value);
}

struct pg_const
pg_const(const struct pgtree *tree, const struct json *body)
{
    const struct json *value;

    if ((value = pg_get(body, "ival")) != NULL) {
        const struct json *digits = pg_get(value, "ival");

        if (digits != NULL)
            return (struct pg_const){PG_INT, digits->text};
        return (struct pg_const){PG_INT, read_integer(tree, pg_location(body))};
    }
    if ((value = pg_get(body, "fval")) != NULL)
        return (struct pg_const){PG_FLOAT, pg_str(value, "fval")};
    if ((value = pg_get(body, "boolval")) != NULL)
        return (struct pg_const){PG_BOOL, pg_bool(value, "boolval") ? STR("true") : STR("false")};
    if ((value = pg_get(body, "sval")) != NULL)
        return (struct pg_const){PG_STRING, pg_str(value, "sval")};
    if ((value = pg_get(body, "bsval")) != NULL)
        return (struct pg_const){PG_BITS, pg_str(value, "bsval")};
    return (struct pg_const){PG_NULL, STR_NULL};
}

/* Behind the keywords with which an option begins, such as INCREMENT BY. */
static size_t
skip_words(struct str text, size_t at)
{
    for (;;) {
        size_t from = at = skip_filler(text, at, "");

        while (at < text.len && (((text.data[at] | 0x20) >= 'a' && (text.data[at] | 0x20) <= 'z')))
            at++;
        if (at == from)
            return at;
    }
}

bool
pg_option_i64(const struct pgtree *tree, const struct json *def_elem, int64_t *out)
{
    const struct json *arg = pg_get(def_elem, "arg");
    const struct json *integer = pg_as(arg, "Integer");
    const struct json *decimal = pg_as(arg, "Float");
    size_t at = pg_location(def_elem);

    if (integer != NULL && pg_get(integer, "ival") != NULL)
        return str_to_i64(pg_get(integer, "ival")->text, out);
    if (integer != NULL)
        return at != SIZE_MAX && str_to_i64(read_integer(tree, skip_words(tree->text, at)), out);
    return decimal != NULL && str_to_i64(pg_str(decimal, "fval"), out);
}
