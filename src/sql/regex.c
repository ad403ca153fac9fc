/* SPDX-License-Identifier: Apache-2.0 */
/* Pattern to syntax tree to program. */
#include "sql/regex.h"

#include "core/arena.h"
#include "sql/regex_impl.h"

#define PATTERN_MAX ((size_t)64 << 10)
#define PROGRAM_MAX 20000u
#define DEPTH_MAX 200
#define COUNT_MAX 255
#define NO_LIMIT (-1)

enum node_kind {
    NODE_CHAR,
    NODE_ANY,
    NODE_SET,
    NODE_PLACE,
    NODE_SEQUENCE,
    NODE_CHOICE,
    NODE_REPEAT
};

struct node {
    enum node_kind kind;
    uint32_t value; /* character, index of a set, place */
    int min;
    int max;
    struct node *first; /* of a list through next */
    struct node *last;
    struct node *next;
};

struct parser {
    struct regex *regex;
    struct arena *arena;
    struct str text;
    size_t at;
    unsigned groups;
    unsigned depth;
    unsigned emitted;  /* nodes, empty ones too */
    bool line_anchors; /* ^ and $ match at line breaks */
    struct err *err;
};

static bool
fail(struct parser *parser, const char *cause)
{
    return err_set(parser->err, ERR_DB, "2201B", "invalid regular expression: %s", cause);
}

static bool
refuse(struct parser *parser, const char *what)
{
    err_set(parser->err, ERR_DB, "0A000", "regular expressions with %s are not supported", what);
    err_hint(parser->err, "They need PostgreSQL: set database.url.");
    return false;
}

#define QUANTIFIER "quantifier operand invalid"
#define PARENTHESES "parentheses () not balanced"
#define BRACKETS "brackets [] not balanced"
#define ESCAPE "invalid escape \\ sequence"
#define REPETITION "invalid repetition count(s)"
#define TOO_COMPLEX "regular expression is too complex"

static bool
at_end(const struct parser *parser)
{
    return parser->at >= parser->text.len;
}

/* The byte at an offset from here, 0 behind the end. */
static char
peek(const struct parser *parser, size_t offset)
{
    size_t at = parser->at + offset;

    return at < parser->text.len ? parser->text.data[at] : '\0';
}

static bool
take(struct parser *parser, const char *text)
{
    struct str rest = str_slice(parser->text, parser->at, parser->text.len);

    if (!str_has_prefix(rest, str_from(text)))
        return false;
    parser->at += strlen(text);
    return true;
}

static struct node *
new_node(struct parser *parser, enum node_kind kind, uint32_t value)
{
    struct node *node = ARENA_NEW(parser->arena, struct node);

    node->kind = kind;
    node->value = value;
    return node;
}

static void
append(struct node *list, struct node *node)
{
    if (list->last != NULL)
        list->last->next = node;
    else
        list->first = node;
    list->last = node;
}

static struct regex_set *
new_set(struct parser *parser, uint32_t *index)
{
    struct regex *regex = parser->regex;

    regex->sets = xrealloc(regex->sets, sizeof(*regex->sets) * (regex->set_count + 1));
    *index = regex->set_count++;
    regex->sets[*index] = (struct regex_set){0};
    return &regex->sets[*index];
}

static void
add_range(struct regex_set *set, uint32_t first, uint32_t last)
{
    if (set->range_count == set->range_cap) {
        set->range_cap = set->range_cap > 0 ? set->range_cap * 2 : 4;
        set->ranges = xrealloc(set->ranges, sizeof(*set->ranges) * set->range_cap);
    }
    set->ranges[set->range_count++] = (struct regex_range){first, last};
}

static int
hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* min to max hexadecimal digits. */
static bool
take_hex(struct parser *parser, int min, int max, uint32_t *out)
{
    uint32_t value = 0;
    int count = 0;

    for (; count < max && hex_value(peek(parser, 0)) >= 0; count++, parser->at++) {
        value = value * 16 + (uint32_t)hex_value(peek(parser, 0));
        if (value > 0x10FFFF)
            return fail(parser, ESCAPE);
    }
    *out = value;
    return count >= min || fail(parser, ESCAPE);
}

static bool
is_alnum(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* What stands behind a backslash when it is one character; its letter has been taken. */
static bool
parse_char_escape(struct parser *parser, char letter, uint32_t *out)
{
    static const char from[] = "abBefnrtv";
    static const char to[] = "\a\b\\\033\f\n\r\t\v";
    const char *found = strchr(from, letter);

    if (found != NULL && letter != '\0') {
        *out = (unsigned char)to[found - from];
        return true;
    }
    switch (letter) {
    case 'c':
        if (at_end(parser))
            return fail(parser, ESCAPE);
        *out = letter_next(parser->text, &parser->at) & 0x1F;
        return true;
    case 'u':
        return take_hex(parser, 4, 4, out);
    case 'U':
        return take_hex(parser, 8, 8, out);
    case 'x':
        return take_hex(parser, 1, 255, out);
    case '0':
        *out = 0;
        for (int i = 0; i < 2 && peek(parser, 0) >= '0' && peek(parser, 0) <= '7'; i++)
            *out = *out * 8 + (uint32_t)(parser->text.data[parser->at++] - '0');
        return true;
    default:
        return fail(parser, ESCAPE);
    }
}

/* \d \s \w and, where allowed, their opposites. */
static bool
is_class_letter(char letter, enum letter_class *class)
{
    switch (letter | 0x20) {
    case 'd':
        *class = LETTER_DIGIT;
        return true;
    case 's':
        *class = LETTER_SPACE;
        return true;
    case 'w':
        *class = LETTER_WORD;
        return true;
    default:
        return false;
    }
}

static bool
parse_place(char letter, enum regex_place *place)
{
    static const struct {
        char letter;
        enum regex_place place;
    } places[] = {
        {'A', REGEX_TEXT_START}, {'Z', REGEX_TEXT_END},  {'m', REGEX_WORD_START},
        {'M', REGEX_WORD_END},   {'y', REGEX_WORD_EDGE}, {'Y', REGEX_NOT_WORD_EDGE},
    };

    for (size_t i = 0; i < COUNTOF(places); i++) {
        if (places[i].letter == letter) {
            *place = places[i].place;
            return true;
        }
    }
    return false;
}

static bool
parse_back_reference(struct parser *parser, char letter)
{
    unsigned number = (unsigned)(letter - '0');

    return number > parser->groups ? fail(parser, "invalid backreference number")
                                   : refuse(parser, "references back");
}

static bool
parse_escape(struct parser *parser, struct node **out)
{
    enum letter_class class;
    enum regex_place place;
    uint32_t c;
    char letter;

    if (at_end(parser))
        return fail(parser, ESCAPE);
    letter = peek(parser, 0);
    if (!is_alnum(letter)) {
        *out = new_node(parser, NODE_CHAR, letter_next(parser->text, &parser->at));
        return true;
    }
    parser->at++;
    if (is_class_letter(letter, &class)) {
        uint32_t index;
        struct regex_set *set = new_set(parser, &index);

        set->classes = 1u << class;
        set->negated = letter < 'a';
        *out = new_node(parser, NODE_SET, index);
        return true;
    }
    if (parse_place(letter, &place)) {
        *out = new_node(parser, NODE_PLACE, place);
        return true;
    }
    if (letter >= '1' && letter <= '9')
        return parse_back_reference(parser, letter);
    if (!parse_char_escape(parser, letter, &c))
        return false;
    *out = new_node(parser, NODE_CHAR, c);
    return true;
}

static bool
parse_class_name(struct parser *parser, struct regex_set *set)
{
    static const char *const names[] = {
        [LETTER_ALNUM] = "alnum", [LETTER_ALPHA] = "alpha", [LETTER_BLANK] = "blank",
        [LETTER_CNTRL] = "cntrl", [LETTER_DIGIT] = "digit", [LETTER_GRAPH] = "graph",
        [LETTER_LOWER] = "lower", [LETTER_PRINT] = "print", [LETTER_PUNCT] = "punct",
        [LETTER_SPACE] = "space", [LETTER_UPPER] = "upper", [LETTER_XDIGIT] = "xdigit",
        [LETTER_WORD] = "word",
    };
    size_t start = parser->at;
    struct str name;

    while (!at_end(parser) && !(peek(parser, 0) == ':' && peek(parser, 1) == ']'))
        parser->at++;
    if (at_end(parser))
        return fail(parser, BRACKETS);
    name = str_slice(parser->text, start, parser->at);
    parser->at += 2;
    for (uint32_t i = 0; i < COUNTOF(names); i++) {
        if (str_eq(name, str_from(names[i]))) {
            /* Without case, lower and upper are all letters. */
            if (parser->regex->ignore_case && (i == LETTER_LOWER || i == LETTER_UPPER))
                i = LETTER_ALPHA;
            set->classes |= 1u << i;
            return true;
        }
    }
    return fail(parser, "invalid character class");
}

/* [.x.] or [=x=], behind its opening. */
static bool
parse_collating(struct parser *parser, char mark, uint32_t *out)
{
    if (at_end(parser))
        return fail(parser, BRACKETS);
    *out = letter_next(parser->text, &parser->at);
    if (peek(parser, 0) != mark || peek(parser, 1) != ']')
        return fail(parser, at_end(parser) ? BRACKETS : "invalid collating element");
    parser->at += 2;
    return true;
}

/* One end of a range. *is_class: it was a class, which has been added to set. */
static bool
parse_bracket_item(struct parser *parser, struct regex_set *set, bool *is_class, uint32_t *out)
{
    enum letter_class class;
    char letter;

    *is_class = false;
    if (take(parser, "[:")) {
        *is_class = true;
        return parse_class_name(parser, set);
    }
    if (take(parser, "[."))
        return parse_collating(parser, '.', out);
    if (take(parser, "[="))
        return parse_collating(parser, '=', out);
    if (peek(parser, 0) != '\\') {
        *out = letter_next(parser->text, &parser->at);
        return true;
    }
    parser->at++;
    if (at_end(parser))
        return fail(parser, ESCAPE);
    letter = peek(parser, 0);
    if (!is_alnum(letter)) {
        *out = letter_next(parser->text, &parser->at);
        return true;
    }
    parser->at++;
    if (is_class_letter(letter, &class)) {
        *is_class = true;
        *(letter < 'a' ? &set->not_classes : &set->classes) |= 1u << class;
        return true;
    }
    return parse_char_escape(parser, letter, out);
}

static bool
parse_bracket(struct parser *parser, struct node **out)
{
    uint32_t index;
    struct regex_set *set = new_set(parser, &index);
    bool first_item = true;

    set->negated = take(parser, "^");
    for (;; first_item = false) {
        uint32_t first;
        uint32_t last;
        bool is_class;
        bool is_range;

        if (at_end(parser))
            return fail(parser, BRACKETS);
        if (!first_item && take(parser, "]"))
            break;
        if (!parse_bracket_item(parser, set, &is_class, &first))
            return false;
        is_range =
            peek(parser, 0) == '-' && peek(parser, 1) != ']' && parser->at + 1 < parser->text.len;
        if (is_class && is_range)
            return fail(parser, "invalid character range");
        if (is_class)
            continue;
        last = first;
        if (is_range) {
            parser->at++;
            if (!parse_bracket_item(parser, set, &is_class, &last))
                return false;
            if (is_class || last < first)
                return fail(parser, "invalid character range");
        }
        add_range(set, first, last);
    }
    *out = new_node(parser, NODE_SET, index);
    return true;
}

static bool parse_choice(struct parser *parser, struct node **out);

static bool
parse_group(struct parser *parser, struct node **out)
{
    if (peek(parser, 0) == '?') {
        if (take(parser, "?=") || take(parser, "?!") || take(parser, "?<=") || take(parser, "?<!"))
            return refuse(parser, "looking around");
        if (!take(parser, "?:"))
            return fail(parser, QUANTIFIER);
    } else {
        parser->groups++;
    }
    if (++parser->depth > DEPTH_MAX)
        return fail(parser, TOO_COMPLEX);
    if (!parse_choice(parser, out))
        return false;
    parser->depth--;
    return take(parser, ")") || fail(parser, PARENTHESES);
}

static bool
parse_atom(struct parser *parser, struct node **out)
{
    char c = peek(parser, 0);

    if (c == '*' || c == '+' || c == '?' ||
        (c == '{' && peek(parser, 1) >= '0' && peek(parser, 1) <= '9'))
        return fail(parser, QUANTIFIER);
    if (take(parser, "[[:<:]]") || take(parser, "[[:>:]]")) {
        bool start = parser->text.data[parser->at - 4] == '<';

        *out = new_node(parser, NODE_PLACE, start ? REGEX_WORD_START : REGEX_WORD_END);
        return true;
    }
    if (take(parser, "("))
        return parse_group(parser, out);
    if (take(parser, "["))
        return parse_bracket(parser, out);
    if (take(parser, "\\"))
        return parse_escape(parser, out);
    if (take(parser, ".")) {
        *out = new_node(parser, NODE_ANY, 0);
    } else if (take(parser, "^")) {
        *out = new_node(parser, NODE_PLACE,
                        parser->line_anchors ? REGEX_LINE_START : REGEX_TEXT_START);
    } else if (take(parser, "$")) {
        *out = new_node(parser, NODE_PLACE, parser->line_anchors ? REGEX_LINE_END : REGEX_TEXT_END);
    } else {
        *out = new_node(parser, NODE_CHAR, letter_next(parser->text, &parser->at));
    }
    return true;
}

static bool
parse_count(struct parser *parser, int *out)
{
    int value = 0;

    if (hex_value(peek(parser, 0)) < 0 || hex_value(peek(parser, 0)) > 9)
        return fail(parser, REPETITION);
    for (; peek(parser, 0) >= '0' && peek(parser, 0) <= '9'; parser->at++) {
        value = value * 10 + (peek(parser, 0) - '0');
        if (value > COUNT_MAX)
            return fail(parser, REPETITION);
    }
    *out = value;
    return true;
}

/* Behind the brace of a bound. */
static bool
parse_bound(struct parser *parser, int *min, int *max)
{
    if (!parse_count(parser, min))
        return false;
    *max = *min;
    if (take(parser, ",")) {
        *max = NO_LIMIT;
        if (peek(parser, 0) != '}' && !at_end(parser) && !parse_count(parser, max))
            return false;
    }
    if (*max != NO_LIMIT && *max < *min)
        return fail(parser, REPETITION);
    if (at_end(parser))
        return fail(parser, "braces {} not balanced");
    return take(parser, "}") || fail(parser, REPETITION);
}

/* A quantifier behind *node, if there is one. Greedy or not is no difference to a yes or no. */
static bool
parse_quantifier(struct parser *parser, struct node **node)
{
    struct node *repeat;
    int min = 0;
    int max = NO_LIMIT;
    char c = peek(parser, 0);

    if (c == '{' && peek(parser, 1) >= '0' && peek(parser, 1) <= '9') {
        if ((*node)->kind == NODE_PLACE)
            return fail(parser, QUANTIFIER);
        parser->at++;
        if (!parse_bound(parser, &min, &max))
            return false;
    } else if (!at_end(parser) && (c == '*' || c == '+' || c == '?')) {
        if ((*node)->kind == NODE_PLACE)
            return fail(parser, QUANTIFIER);
        parser->at++;
        min = c == '+' ? 1 : 0;
        max = c == '?' ? 1 : NO_LIMIT;
    } else {
        return true;
    }
    take(parser, "?");
    repeat = new_node(parser, NODE_REPEAT, 0);
    repeat->min = min;
    repeat->max = max;
    append(repeat, *node);
    *node = repeat;
    return true;
}

static bool
parse_branch(struct parser *parser, struct node **out)
{
    *out = new_node(parser, NODE_SEQUENCE, 0);
    while (!at_end(parser) && peek(parser, 0) != '|' && peek(parser, 0) != ')') {
        struct node *node = NULL;

        if (!parse_atom(parser, &node) || !parse_quantifier(parser, &node))
            return false;
        append(*out, node);
    }
    return true;
}

static bool
parse_choice(struct parser *parser, struct node **out)
{
    *out = new_node(parser, NODE_CHOICE, 0);
    do {
        struct node *branch;

        if (!parse_branch(parser, &branch))
            return false;
        append(*out, branch);
    } while (take(parser, "|"));
    return true;
}

/* The program. */

static bool
emit(struct parser *parser, enum regex_op op, uint32_t x, uint32_t y)
{
    struct regex *regex = parser->regex;

    if (regex->count == PROGRAM_MAX)
        return fail(parser, TOO_COMPLEX);
    regex->program[regex->count++] = (struct regex_instruction){.op = op, .x = x, .y = y};
    return true;
}

static bool emit_node(struct parser *parser, const struct node *node);

static bool
emit_choice(struct parser *parser, const struct node *node)
{
    struct regex_instruction *program = parser->regex->program;
    uint32_t chain = UINT32_MAX; /* jumps to the end, each naming the one before */

    for (const struct node *branch = node->first; branch != NULL; branch = branch->next) {
        uint32_t split = parser->regex->count;

        if (branch->next != NULL && !emit(parser, REGEX_SPLIT, split + 1, 0))
            return false;
        if (!emit_node(parser, branch))
            return false;
        if (branch->next != NULL) {
            if (!emit(parser, REGEX_JUMP, chain, 0))
                return false;
            chain = parser->regex->count - 1;
            program[split].y = parser->regex->count;
        }
    }
    while (chain != UINT32_MAX) {
        uint32_t before = program[chain].x;

        program[chain].x = parser->regex->count;
        chain = before;
    }
    return true;
}

static bool
emit_repeat(struct parser *parser, const struct node *node)
{
    struct regex_instruction *program = parser->regex->program;
    uint32_t split;

    for (int i = 0; i < node->min; i++) {
        if (!emit_node(parser, node->first))
            return false;
    }
    if (node->max == NO_LIMIT) {
        split = parser->regex->count;
        if (!emit(parser, REGEX_SPLIT, split + 1, 0) || !emit_node(parser, node->first) ||
            !emit(parser, REGEX_JUMP, split, 0))
            return false;
        program[split].y = parser->regex->count;
        return true;
    }
    for (int i = node->min; i < node->max; i++) {
        split = parser->regex->count;
        if (!emit(parser, REGEX_SPLIT, split + 1, 0) || !emit_node(parser, node->first))
            return false;
        program[split].y = parser->regex->count;
    }
    return true;
}

static bool
emit_node(struct parser *parser, const struct node *node)
{
    bool ignore_case = parser->regex->ignore_case;

    /* Repetitions of what emits nothing end too. */
    if (parser->emitted++ > 10 * PROGRAM_MAX)
        return fail(parser, TOO_COMPLEX);
    switch (node->kind) {
    case NODE_CHAR:
        return emit(parser, REGEX_CHAR, 0, ignore_case ? letter_lower(node->value) : node->value);
    case NODE_ANY:
        return emit(parser, REGEX_ANY, 0, 0);
    case NODE_SET:
        return emit(parser, REGEX_SET, node->value, 0);
    case NODE_PLACE:
        return emit(parser, REGEX_ASSERT, node->value, 0);
    case NODE_SEQUENCE:
        for (const struct node *part = node->first; part != NULL; part = part->next) {
            if (!emit_node(parser, part))
                return false;
        }
        return true;
    case NODE_CHOICE:
        return emit_choice(parser, node);
    case NODE_REPEAT:
        return emit_repeat(parser, node);
    default:
        return true;
    }
}

/* (?i) and its kin at the very beginning. */
static bool
parse_options(struct parser *parser, bool *literal)
{
    if (peek(parser, 0) != '(' || peek(parser, 1) != '?' || !is_alnum(peek(parser, 2)))
        return true;
    for (parser->at += 2; !at_end(parser) && peek(parser, 0) != ')'; parser->at++) {
        char c = peek(parser, 0);

        if (c == 'i' || c == 'c')
            parser->regex->ignore_case = c == 'i';
        else if (c == 'q')
            *literal = true;
        else if (c == 'n' || c == 'm' || c == 's' || c == 'p' || c == 'w') {
            parser->regex->newline_splits = c == 'n' || c == 'm' || c == 'p';
            parser->line_anchors = c == 'n' || c == 'm' || c == 'w';
        } else if (c == 'b' || c == 'e' || c == 'x')
            return refuse(parser, "the options b, e and x");
        else if (c != 't')
            return fail(parser, "invalid embedded option");
    }
    return take(parser, ")") || fail(parser, "invalid embedded option");
}

static bool
parse_pattern(struct parser *parser, struct node **out)
{
    bool literal = false;

    if (take(parser, "***=")) {
        literal = true;
    } else if (take(parser, "***")) {
        if (!take(parser, ":"))
            return fail(parser, QUANTIFIER);
        if (!parse_options(parser, &literal))
            return false;
    } else if (!parse_options(parser, &literal)) {
        return false;
    }
    if (literal) {
        *out = new_node(parser, NODE_SEQUENCE, 0);
        while (!at_end(parser))
            append(*out, new_node(parser, NODE_CHAR, letter_next(parser->text, &parser->at)));
        return true;
    }
    if (!parse_choice(parser, out))
        return false;
    return at_end(parser) || fail(parser, PARENTHESES);
}

static void
make_room(struct regex *regex)
{
    /* A program's states, and at most two entries of the stack for each. */
    regex->program = xrealloc(regex->program, sizeof(*regex->program) * regex->count);
    regex->stack = xcalloc((size_t)regex->count * 2 + 2, sizeof(*regex->stack));
    regex->current = xcalloc(regex->count, sizeof(*regex->current));
    regex->next = xcalloc(regex->count, sizeof(*regex->next));
    regex->mark = xcalloc(regex->count, sizeof(*regex->mark));
}

/* What a match can begin with. Places are taken to hold; a match that may be empty begins
 * anywhere. */
static void
find_first(struct regex *regex)
{
    uint32_t depth = 0;

    regex->skips = true;
    regex->stack[depth++] = 0;
    while (depth > 0) {
        uint32_t state = regex->stack[--depth];
        const struct regex_instruction *at = &regex->program[state];

        if (regex->mark[state] != 0)
            continue;
        regex->mark[state] = 1;
        if (at->op == REGEX_MATCH) {
            regex->skips = false;
        } else if (at->op == REGEX_SPLIT || at->op == REGEX_JUMP) {
            regex->stack[depth++] = at->x;
            if (at->op == REGEX_SPLIT)
                regex->stack[depth++] = at->y;
        } else if (at->op == REGEX_ASSERT) {
            regex->stack[depth++] = state + 1;
        } else {
            for (uint32_t c = 0; c < 0x80; c++)
                regex->first[c] = regex->first[c] || regex_consumes(regex, at, c);
        }
    }
    /* Bytes of other characters are not told apart; continuations are no beginnings. */
    for (uint32_t c = 0xC0; c < 0x100; c++)
        regex->first[c] = true;
    memset(regex->mark, 0, sizeof(*regex->mark) * regex->count);
}

bool
regex_compile(struct str pattern, bool ignore_case, struct regex **out, struct err *err)
{
    struct regex *regex = xcalloc(1, sizeof(*regex));
    struct parser parser = {.regex = regex, .text = pattern, .err = err};
    struct node *root;
    bool ok = false;

    *out = NULL;
    regex->ignore_case = ignore_case;
    parser.arena = arena_new((size_t)16 << 10, (size_t)64 << 20);
    regex->program = xcalloc(PROGRAM_MAX, sizeof(*regex->program));
    if (pattern.len > PATTERN_MAX) {
        fail(&parser, TOO_COMPLEX);
        goto out;
    }
    if (!parse_pattern(&parser, &root) || !emit_node(&parser, root) ||
        !emit(&parser, REGEX_MATCH, 0, 0))
        goto out;
    make_room(regex);
    find_first(regex);
    *out = regex;
    ok = true;

out:
    arena_free(parser.arena);
    if (!ok)
        regex_free(regex);

    return ok;
}

void
regex_free(struct regex *regex)
{
    if (regex == NULL)
        return;
    for (uint32_t i = 0; i < regex->set_count; i++)
        free(regex->sets[i].ranges);
    free(regex->sets);
    free(regex->program);
    free(regex->stack);
    free(regex->current);
    free(regex->next);
    free(regex->mark);
    free(regex);
}
