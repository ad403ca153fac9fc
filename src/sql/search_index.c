/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Candidates: words as FTS5's tokenizer "ascii" takes them, and queries of FTS5.
 *
 * Its table keeps no places, so what stands here is a superset of the answer: words that differ in
 * signs or in the case of their letters may be the same term, AND stands for a phrase, and what
 * only NOT asks for asks for nothing.
 */
#include "sql/search_impl.h"

/* Beyond these a part of the query asks for nothing. FTS5 takes trees 256 deep, its parser 100
 * parentheses. */
#define TERMS_MAX 128
#define DEPTH_MAX 32
#define TREE_MAX 1000
#define TEXT_MAX ((size_t)16 << 10)

struct candidates {
    struct arena *arena;
    unsigned key;
    uint32_t terms;
};

/* One term: the index's key in front, then the word. As letters of ASCII, digits, what isn't ASCII,
 * and '_' are parts of a term, and nothing else is, every other byte becomes '_'. */
static void
write_term(struct buf *out, unsigned key, struct str word)
{
    static const char keys[] = "0123456789abcdefghijklmnopqrstuv";

    assert(key < SEARCH_KEYS_MAX);
    buf_add_char(out, keys[key]);
    for (size_t i = 0; i < word.len; i++) {
        unsigned char c = (unsigned char)word.data[i];
        bool stays =
            c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        buf_add_char(out, stays ? (char)c : '_');
    }
}

void
search_terms_write(struct buf *out, unsigned key, const struct search_vector *vector)
{
    for (uint32_t i = 0; i < vector->count; i++) {
        if (out->len > 0)
            buf_add_char(out, ' ');
        write_term(out, key, vector->entries[i].lexeme);
    }
}

/* What every row that matches has; empty: nothing. */
static struct str ask(struct candidates *c, const struct search_node *node, unsigned depth);

static struct str
ask_word(struct candidates *c, const struct search_node *node)
{
    struct buf out;
    struct str text;

    if (c->terms >= TERMS_MAX)
        return STR("");
    c->terms++;
    buf_init(&out, SEARCH_WORD_MAX + 16);
    buf_add_char(&out, '"');
    write_term(&out, c->key, node->lexeme);
    buf_add_str(&out, node->prefix ? STR("\"*") : STR("\""));
    text = buf_ok(&out) ? arena_copy(c->arena, buf_str(&out)) : STR("");
    buf_fini(&out);
    return text;
}

static bool
is_and(enum search_op op)
{
    return op == SEARCH_AND || op == SEARCH_PHRASE;
}

/* A part of AND or OR: chains of one of them need no parentheses. */
static struct str
ask_part(struct candidates *c, const struct search_node *part, const struct search_node *whole,
         unsigned depth)
{
    bool joins = part->op == whole->op || (is_and(part->op) && is_and(whole->op));
    struct str text = ask(c, part, joins ? depth : depth + 1);

    if (text.len == 0 || joins || part->op == SEARCH_VALUE)
        return text;
    return arena_printf(c->arena, "(%.*s)", STR_ARG(text));
}

static struct str
ask(struct candidates *c, const struct search_node *node, unsigned depth)
{
    struct str left;
    struct str right;

    if (node->op == SEARCH_NOT || depth > DEPTH_MAX || node->whole_depth > TREE_MAX)
        return STR("");
    if (node->op == SEARCH_VALUE)
        return ask_word(c, node);
    left = ask_part(c, node->left, node, depth);
    right = ask_part(c, node->right, node, depth);
    if (is_and(node->op) && left.len == 0)
        return right;
    if (is_and(node->op) && right.len == 0)
        return left;
    if (left.len == 0 || right.len == 0)
        return STR("");
    if (left.len + right.len > TEXT_MAX)
        return is_and(node->op) ? left : STR("");
    return arena_printf(c->arena, "%.*s %s %.*s", STR_ARG(left), is_and(node->op) ? "AND" : "OR",
                        STR_ARG(right));
}

struct str
search_candidates(const struct search_node *query, unsigned key, struct arena *arena)
{
    struct candidates c = {.arena = arena, .key = key};

    return query == NULL ? STR("\"\"") : ask(&c, query, 0);
}
