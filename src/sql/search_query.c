/* SPDX-License-Identifier: Apache-2.0 */
/* tsquery: its four languages, and its text. */
#include "sql/letter.h"
#include "sql/search_impl.h"

#define NESTING_MAX 1000 /* parentheses */
#define OPERATORS_MAX 32 /* that wait for their right side, as PostgreSQL */
#define DEPTH_MAX 5000   /* of a query's tree, chains of & and | not counted */
#define DISTANCE_MAX 16384

/* A part of the query. Where words were left out, node is NULL, and their places count for the
 * phrase around: so many before what is left, and so many behind. */
struct part {
    const struct search_node *node;
    int32_t before, behind;
};

struct builder {
    struct search *search; /* NULL: words are taken as they are */
    const struct search_config *config;
    enum search_form form;
    struct search_reader reader;
    struct part *parts; /* what waits for an operator */
    size_t count, cap;
    uint32_t nesting;
    bool is_ours; /* search_query_write() has written the text */
};

static struct str
text_of(const struct builder *b)
{
    return b->reader.text;
}

static bool
fail_depth(struct builder *b)
{
    return err_set(b->reader.err, ERR_DB, "54001", "stack depth limit exceeded");
}

static void
push(struct builder *b, struct part part)
{
    if (b->count == b->cap) {
        b->cap = b->cap == 0 ? 16 : b->cap * 2;
        b->parts = xrealloc(b->parts, b->cap * sizeof(*b->parts));
    }
    b->parts[b->count++] = part;
}

static bool
push_word(struct builder *b, struct str word, uint8_t weights, bool prefix)
{
    struct search_node *node = NULL;

    if (word.len >= SEARCH_WORD_MAX)
        return err_set(b->reader.err, ERR_DB, "54000", "word is too long in tsquery: \"%.*s\"",
                       STR_ARG(text_of(b)));
    node = ARENA_NEW(b->reader.arena, struct search_node);
    node->op = SEARCH_VALUE;
    node->lexeme = word;
    node->weights = weights;
    node->prefix = prefix;
    push(b, (struct part){.node = node});
    return true;
}

static int32_t
larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* Of two parts one has no words left: the other stays, and around a phrase the places are kept. */
static struct part
merge_empty(struct part left, struct part right, bool is_phrase, int32_t distance)
{
    struct part out = {0};

    if (left.node == NULL && right.node == NULL) {
        out.before =
            is_phrase ? left.before + distance + right.before : larger(left.before, right.before);
        out.behind = out.before;
    } else if (left.node == NULL) {
        out = right;
        out.before += is_phrase ? left.before + distance : 0;
    } else {
        out = left;
        out.behind += is_phrase ? distance + right.behind : 0;
    }
    return out;
}

static bool
combine(struct builder *b, enum search_op op, int32_t distance)
{
    struct search_node *node = NULL;
    struct part right = b->parts[--b->count];
    struct part left = {0};
    struct part out = {0};

    if (op != SEARCH_NOT) {
        assert(b->count > 0);
        left = b->parts[--b->count];
        if (left.node == NULL || right.node == NULL) {
            push(b, merge_empty(left, right, op == SEARCH_PHRASE, distance));
            return true;
        }
    } else if (right.node == NULL) {
        push(b, right);
        return true;
    }
    node = ARENA_NEW(b->reader.arena, struct search_node);
    node->op = op;
    node->left = left.node;
    node->right = right.node;
    node->depth = right.node->depth + 1;
    if (left.node != NULL && left.node->depth + (op == SEARCH_PHRASE ? 1 : 0) > node->depth)
        node->depth = left.node->depth + (op == SEARCH_PHRASE ? 1 : 0);
    node->whole_depth = right.node->whole_depth + 1;
    if (left.node != NULL && left.node->whole_depth >= node->whole_depth)
        node->whole_depth = left.node->whole_depth + 1;
    if (op == SEARCH_NOT) {
        out.before = right.before;
        out.behind = right.behind;
    } else if (op == SEARCH_PHRASE) {
        /* PostgreSQL's has 16 bits too, and may come round. */
        node->distance = (int16_t)(distance + left.behind + right.before);
        out.before = left.before;
        out.behind = right.behind;
    }
    out.node = node;
    push(b, out);
    /* Chains are gone along, but not inside of a phrase. */
    return (node->depth <= DEPTH_MAX && (op != SEARCH_PHRASE || node->whole_depth <= DEPTH_MAX)) ||
           fail_depth(b);
}

/* The words of one operand; where some were left out between, their places stay. */
static bool
push_operand(struct builder *b, struct str operand, uint8_t weights, bool prefix)
{
    struct search_words words = {0};
    enum search_op op = b->form == SEARCH_FORM_PLAIN ? SEARCH_AND : SEARCH_PHRASE;
    uint32_t place = 0;
    bool ok = true;

    if (b->search == NULL)
        return push_word(b, operand, weights, prefix);
    ok = search_words_add(b->search, b->config, operand, b->reader.arena, &words, b->reader.err);
    if (ok && words.count == 0)
        push(b, (struct part){0});
    for (size_t i = 0; i < words.count && ok; i++) {
        for (; i > 0 && place + 1 < words.items[i].place && ok; place++) {
            push(b, (struct part){0});
            ok = combine(b, op, 1);
        }
        place = words.items[i].place;
        ok = ok && push_word(b, words.items[i].lexeme, weights, prefix);
        if (ok && i > 0)
            ok = combine(b, op, 1);
    }
    search_words_fini(&words);
    return ok;
}

static int
peek(const struct builder *b)
{
    return b->reader.at < text_of(b).len ? (unsigned char)text_of(b).data[b->reader.at] : -1;
}

static void
skip_spaces(struct builder *b)
{
    while (search_is_space(text_of(b), b->reader.at))
        b->reader.at += str_utf8_step(text_of(b), b->reader.at);
}

/* Operators that wait, and between which words. */
struct pending_operator {
    enum search_op op;
    int32_t distance;
};

struct pending {
    struct pending_operator first[OPERATORS_MAX];
    struct pending_operator *more; /* behind those: only in what we wrote ourselves */
    uint32_t count, cap;
};

static struct pending_operator *
pending_at(struct pending *pending, uint32_t index)
{
    return index < OPERATORS_MAX ? &pending->first[index] : &pending->more[index - OPERATORS_MAX];
}

static int
priority(enum search_op op)
{
    static const int priorities[] = {
        [SEARCH_NOT] = 4, [SEARCH_PHRASE] = 3, [SEARCH_AND] = 2, [SEARCH_OR] = 1};

    return priorities[op];
}

/* What binds as strongly as op, or more, has both its sides. NOT waits for its right side
 * always. */
static bool
settle(struct builder *b, struct pending *pending, enum search_op op)
{
    while (pending->count > 0) {
        const struct pending_operator *top = pending_at(pending, pending->count - 1);
        enum search_op last = top->op;

        if (op == SEARCH_NOT ? priority(op) >= priority(last) : priority(op) > priority(last))
            return true;
        pending->count--;
        if (!combine(b, last, top->distance))
            return false;
    }
    return true;
}

static bool
push_operator(struct builder *b, struct pending *pending, enum search_op op, int32_t distance)
{
    if (!settle(b, pending, op))
        return false;
    if (pending->count >= OPERATORS_MAX && !b->is_ours)
        return err_set(b->reader.err, ERR_DB, "XX000", "tsquery stack too small");
    if (pending->count >= OPERATORS_MAX && pending->count - OPERATORS_MAX == pending->cap) {
        pending->cap = pending->cap * 2 + OPERATORS_MAX;
        pending->more = xrealloc(pending->more, pending->cap * sizeof(*pending->more));
    }
    *pending_at(pending, pending->count++) = (struct pending_operator){op, distance};
    return true;
}

/* :*AB behind an operand. */
static void
read_modifiers(struct builder *b, uint8_t *weights, bool *prefix)
{
    *weights = 0;
    *prefix = false;
    if (peek(b) != ':')
        return;
    for (b->reader.at++;; b->reader.at++) {
        int c = peek(b);

        if (c == '*')
            *prefix = true;
        else if ((c >= 'a' && c <= 'd') || (c >= 'A' && c <= 'D'))
            *weights |= (uint8_t)(1 << (3 - ((c | 0x20) - 'a')));
        else
            return;
    }
}

/* <-> or <N>. *found is false when it is neither, or the very end of the text. */
static bool
read_phrase(struct builder *b, int32_t *distance, bool *found)
{
    size_t at = b->reader.at + 1;
    struct str text = text_of(b);
    int64_t value = 0;

    *found = false;
    if (at < text.len && text.data[at] == '-') {
        *distance = 1;
        at++;
    } else if (at < text.len && text.data[at] >= '0' && text.data[at] <= '9') {
        for (; at < text.len && text.data[at] >= '0' && text.data[at] <= '9'; at++)
            value = value > INT32_MAX ? value : value * 10 + (text.data[at] - '0');
        if (value > DISTANCE_MAX)
            return err_set(b->reader.err, ERR_DB, "22023",
                           "distance in phrase operator must be an integer value between zero and "
                           "%d inclusive",
                           DISTANCE_MAX);
        *distance = (int32_t)value;
    } else {
        return true;
    }
    if (at + 1 >= text.len || text.data[at] != '>')
        return true;
    b->reader.at = at + 1;
    *found = true;
    return true;
}

/* An operator, or the end of this level (*ended). */
static bool
read_operator(struct builder *b, struct pending *pending, bool *ended)
{
    int32_t distance = 0;
    bool found = false;
    int c = 0;

    skip_spaces(b);
    c = peek(b);
    if (c == '<') {
        return read_phrase(b, &distance, &found) && (found || search_fail_syntax(&b->reader)) &&
               push_operator(b, pending, SEARCH_PHRASE, distance);
    }
    if (c == '&' || c == '|') {
        b->reader.at++;
        return push_operator(b, pending, c == '&' ? SEARCH_AND : SEARCH_OR, 0);
    }
    *ended = true;
    if (c == ')' && b->nesting > 0) {
        b->reader.at++;
        return true;
    }
    return (c < 0 && b->nesting == 0) || search_fail_syntax(&b->reader);
}

static bool read_level(struct builder *b);

/* What is before an operand, and the operand. *empty: there is nothing at all. */
static bool
read_operand(struct builder *b, struct pending *pending, bool *empty)
{
    struct str word = STR_NULL;
    uint8_t weights = 0;
    bool prefix = false;
    bool found = false;
    bool ok = true;

    for (;; b->reader.at++) {
        skip_spaces(b);
        if (peek(b) != '!')
            break;
        *empty = false;
        if (!push_operator(b, pending, SEARCH_NOT, 0))
            return false;
    }
    if (peek(b) == '(') {
        *empty = false;
        if (++b->nesting > NESTING_MAX)
            return fail_depth(b);
        b->reader.at++;
        ok = read_level(b);
        b->nesting--;
        return ok;
    }
    if (peek(b) == ':')
        return search_fail_syntax(&b->reader);
    if (!search_read_word(&b->reader, &word, NULL, NULL, &found))
        return false;
    if (!found)
        return *empty || err_set(b->reader.err, ERR_DB, "42601", "no operand in tsquery: \"%.*s\"",
                                 STR_ARG(text_of(b)));
    *empty = false;
    read_modifiers(b, &weights, &prefix);
    return push_operand(b, word, weights, prefix);
}

/* Up to the end, or the closing parenthesis. */
static bool
read_level(struct builder *b)
{
    struct pending pending = {.count = 0};
    bool ended = false;
    bool empty = b->nesting == 0;
    bool ok = true;

    while (ok && !ended) {
        ok = read_operand(b, &pending, &empty) && (empty || read_operator(b, &pending, &ended));
        ended = ended || empty;
    }
    ok = ok && (empty || settle(b, &pending, SEARCH_OR));
    free(pending.more);
    return ok;
}

/* "or" between words: what follows it must be an operand. */
static bool
is_or(const struct builder *b)
{
    struct str text = text_of(b);
    size_t at = b->reader.at + 2;
    size_t next = at;
    uint32_t c = 0;

    if (!str_eq_nocase(str_slice(text, b->reader.at, at), STR("or")) || at >= text.len)
        return false;
    c = letter_next(text, &next);
    if (c == '-' || c == '_' || letter_is(c, LETTER_ALNUM))
        return false;
    /* One character behind the word is not looked at. */
    for (at = next; at < text.len && search_is_space(text, at);)
        at += str_utf8_step(text, at);
    return at < text.len;
}

/* "several words", up to the closing quote or the end. */
static bool
read_web_quoted(struct builder *b)
{
    struct str text = text_of(b);
    size_t from = b->reader.at + 1;
    size_t to = str_find_char(text, '"', from);

    b->reader.at = to < text.len ? to + 1 : to;
    return push_operand(b, str_slice(text, from, to), 0, false);
}

/* The operators of to_tsquery() mean nothing here. */
static bool
is_web_noise(int c)
{
    return c == '!' || c == '&' || c == '|' || c == '(' || c == ')' || c == '<';
}

static bool
read_web_operand(struct builder *b, struct pending *pending, bool *first, bool *ended)
{
    struct str word = STR_NULL;
    bool found = false;

    for (;;) {
        int c = 0;

        skip_spaces(b);
        c = peek(b);
        if (c == '-') {
            b->reader.at++;
            *first = false;
            if (!push_operator(b, pending, SEARCH_NOT, 0))
                return false;
        } else if (c == '"') {
            return read_web_quoted(b);
        } else if (is_web_noise(c)) {
            b->reader.at++;
            *first = false;
        } else {
            break;
        }
    }
    if (!search_read_word(&b->reader, &word, NULL, NULL, &found))
        return false;
    if (found)
        return push_operand(b, word, 0, false);
    *ended = true;
    if (!*first)
        push(b, (struct part){0});
    return true;
}

/* Words, "phrases", -not and or. */
static bool
read_web(struct builder *b)
{
    struct pending pending = {.count = 0};
    bool first = true;
    bool ended = false;

    while (read_web_operand(b, &pending, &first, &ended)) {
        first = false;
        for (skip_spaces(b); is_web_noise(peek(b)); skip_spaces(b))
            b->reader.at++;
        if (ended || peek(b) < 0)
            return b->count == 0 || settle(b, &pending, SEARCH_OR);
        if (is_or(b)) {
            b->reader.at += 2;
            if (!push_operator(b, &pending, SEARCH_OR, 0))
                return false;
        } else if (!push_operator(b, &pending, SEARCH_AND, 0)) {
            return false;
        }
    }
    return false;
}

static bool
build(struct builder *b, const struct search_node **out)
{
    bool ok = b->form == SEARCH_FORM_QUERY ? read_level(b)
              : b->form == SEARCH_FORM_WEB ? read_web(b)
                                           : push_operand(b, text_of(b), 0, false);

    *out = ok && b->count > 0 ? b->parts[0].node : NULL;
    free(b->parts);
    return ok;
}

bool
search_query_make(struct search *search, const struct search_config *config, enum search_form form,
                  struct str text, struct arena *arena, const struct search_node **out,
                  struct err *err)
{
    struct builder b = {
        .search = search,
        .config = config,
        .form = form,
        .reader = {.text = text,
                   .syntax = form == SEARCH_FORM_WEB ? SEARCH_IN_WEB : SEARCH_IN_QUERY,
                   .arena = arena,
                   .err = err},
    };

    return build(&b, out);
}

bool
search_query_restore(struct str text, struct arena *arena, const struct search_node **out,
                     struct err *err)
{
    struct builder b = {
        .form = SEARCH_FORM_QUERY,
        .reader = {.text = text, .syntax = SEARCH_IN_QUERY, .arena = arena, .err = err},
        .is_ours = true,
    };

    return build(&b, out);
}

bool
search_query_read(struct str text, struct arena *arena, const struct search_node **out,
                  struct err *err)
{
    struct builder b = {
        .form = SEARCH_FORM_QUERY,
        .reader = {.text = text, .syntax = SEARCH_IN_QUERY, .arena = arena, .err = err},
    };

    return build(&b, out);
}

static void
write_value(struct buf *out, const struct search_node *node)
{
    search_write_word(out, node->lexeme);
    if (node->weights == 0 && !node->prefix)
        return;
    buf_add_char(out, ':');
    if (node->prefix)
        buf_add_char(out, '*');
    for (int weight = 3; weight >= 0; weight--) {
        if ((node->weights & 1 << weight) != 0)
            buf_add_char(out, "DCBA"[weight]);
    }
}

static void write_node(struct buf *out, const struct search_node *node, int outer,
                       bool right_of_phrase);

static void
write_operator(struct buf *out, const struct search_node *node)
{
    if (node->op != SEARCH_PHRASE)
        buf_add_str(out, node->op == SEARCH_AND ? STR(" & ") : STR(" | "));
    else if (node->distance == 1)
        BUF_ADD_LIT(out, " <-> ");
    else
        buf_printf(out, " <%d> ", node->distance);
}

/* a & b & c: such a chain leans to the left, and may be as long as a text. */
static void
write_chain(struct buf *out, const struct search_node *node)
{
    const struct search_node **chain = NULL;
    const struct search_node *first = node;
    size_t count = 0;

    for (; first->op == node->op; first = first->left)
        count++;
    chain = xmalloc(count * sizeof(*chain));
    first = node;
    for (size_t i = count; i > 0; first = first->left)
        chain[--i] = first;
    write_node(out, first, priority(node->op), false);
    for (size_t i = 0; i < count; i++) {
        write_operator(out, chain[i]);
        write_node(out, chain[i]->right, priority(node->op), node->op == SEARCH_PHRASE);
    }
    free(chain);
}

static void
write_node(struct buf *out, const struct search_node *node, int outer, bool right_of_phrase)
{
    bool in_parentheses = false;

    if (node->op == SEARCH_VALUE) {
        write_value(out, node);
        return;
    }
    in_parentheses = priority(node->op) < outer || (node->op == SEARCH_PHRASE && right_of_phrase);
    if (in_parentheses)
        BUF_ADD_LIT(out, "( ");
    if (node->op == SEARCH_NOT) {
        buf_add_char(out, '!');
        write_node(out, node->right, priority(node->op), false);
    } else {
        write_chain(out, node);
    }
    if (in_parentheses)
        BUF_ADD_LIT(out, " )");
}

void
search_query_write(struct buf *out, const struct search_node *query)
{
    if (query != NULL)
        write_node(out, query, -1, false);
}
