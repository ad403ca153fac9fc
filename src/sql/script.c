/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/script.h"

/*
 * The parser recurses where a statement nests, and a chain of operators nests as deep as it is
 * long. These bounds are far above what people write, and far below what a stack of 8 MiB takes.
 */
#define MAX_PARENTHESES 400
#define MAX_CHAIN 4000

struct cutter {
    struct script *script;
    struct script_fault *fault;
    size_t at;
    uint32_t depth;                  /* open parentheses and brackets */
    uint32_t chain[MAX_PARENTHESES]; /* tokens since the last comma, for each open parenthesis */
    uint32_t chain_sum;
    uint32_t words;       /* words seen */
    bool is_copy;         /* first word */
    bool is_create;       /* first word */
    bool is_routine;      /* CREATE ... FUNCTION or PROCEDURE */
    uint32_t begin_depth; /* BEGIN ... END and CASE ... END within a routine */
    bool after_from;      /* the last word was FROM */
    bool from_stdin;
};

void
script_init(struct script *script, struct str text)
{
    *script = (struct script){.text = text};
    if (str_has_prefix(text, STR("\xEF\xBB\xBF")))
        script->at = 3;
}

struct script_position
script_position(struct script_cursor *cursor, struct str text, size_t at)
{
    struct script_position position = {0};

    at = at > text.len ? text.len : at;
    if (at < cursor->at)
        *cursor = (struct script_cursor){0};
    while (cursor->at < at) {
        const char *from = text.data + cursor->at;
        const char *newline = memchr(from, '\n', at - cursor->at);

        if (newline == NULL) {
            cursor->at = at;
            break;
        }
        cursor->at = (size_t)(newline - text.data) + 1;
        cursor->line_from = cursor->at;
        cursor->lines++;
    }
    position.line = cursor->lines + 1;
    position.column = 1;
    for (size_t i = cursor->line_from; i < at; i++) {
        if (((unsigned char)text.data[i] & 0xC0) != 0x80)
            position.column++;
    }
    return position;
}

static bool
fail(struct cutter *c, size_t at, const char *cause, const char *hint)
{
    *c->fault = (struct script_fault){.at = at, .cause = cause, .hint = hint};
    return false;
}

static int
byte_at(const struct cutter *c, size_t at)
{
    return at < c->script->text.len ? (unsigned char)c->script->text.data[at] : -1;
}

static bool
is_blank(int b)
{
    return b == ' ' || b == '\t' || b == '\n' || b == '\r' || b == '\f' || b == '\v';
}

static bool
is_word_start(int b)
{
    return (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || b == '_' || b >= 0x80;
}

static bool
is_word_part(int b)
{
    return is_word_start(b) || (b >= '0' && b <= '9') || b == '$';
}

static size_t
line_end(const struct cutter *c, size_t at)
{
    return str_find_char(c->script->text, '\n', at);
}

/* Comments nest, as SQL says. */
static void
skip_comment(struct cutter *c)
{
    size_t from = c->at;
    uint32_t open = 0;

    do {
        if (byte_at(c, c->at) == '/' && byte_at(c, c->at + 1) == '*') {
            open++;
            c->at += 2;
        } else if (byte_at(c, c->at) == '*' && byte_at(c, c->at + 1) == '/') {
            open--;
            c->at += 2;
        } else {
            c->at++;
        }
    } while (open > 0 && c->at < c->script->text.len);
    if (open > 0)
        fail(c, from, "unterminated /* comment", "end it with */");
}

/* c->at is on the opening quote and ends behind the closing one. */
static void
skip_quoted(struct cutter *c, char quote, bool has_escapes)
{
    c->at++;
    while (c->at < c->script->text.len) {
        int b = byte_at(c, c->at++);

        if (b == '\\' && has_escapes)
            c->at++;
        else if (b == quote && byte_at(c, c->at) != quote)
            return;
        else if (b == quote)
            c->at++;
    }
    c->at = c->script->text.len;
}

/* $tag$ ... $tag$; false when the dollar is no quote. */
static bool
skip_dollar_quoted(struct cutter *c)
{
    struct str text = c->script->text;
    size_t end = c->at + 1;
    struct str tag;
    const char *closing;

    if (is_word_start(byte_at(c, end))) {
        while (byte_at(c, end) != '$' && is_word_part(byte_at(c, end)))
            end++;
    }
    if (byte_at(c, end) != '$')
        return false;
    tag = str_slice(text, c->at, end + 1);
    closing = memmem(text.data + end + 1, text.len - end - 1, tag.data, tag.len);
    c->at = closing != NULL ? (size_t)(closing - text.data) + tag.len : text.len;
    return true;
}

static void
note_word(struct cutter *c, struct str word)
{
    c->words++;
    if (c->words == 1) {
        c->is_copy = str_eq_nocase(word, STR("copy"));
        c->is_create = str_eq_nocase(word, STR("create"));
    }
    if (c->is_create && c->words <= 5 &&
        (str_eq_nocase(word, STR("function")) || str_eq_nocase(word, STR("procedure"))))
        c->is_routine = true;
    if (c->is_routine) {
        if (str_eq_nocase(word, STR("begin")))
            c->begin_depth++;
        else if (str_eq_nocase(word, STR("case")) && c->begin_depth > 0)
            c->begin_depth++;
        else if (str_eq_nocase(word, STR("end")) && c->begin_depth > 0)
            c->begin_depth--;
    }
    if (c->is_copy && c->after_from && c->depth == 0 && str_eq_nocase(word, STR("stdin")))
        c->from_stdin = true;
    c->after_from = str_eq_nocase(word, STR("from"));
}

static void
skip_word(struct cutter *c)
{
    size_t from = c->at;
    struct str word;

    while (is_word_part(byte_at(c, c->at)))
        c->at++;
    word = str_slice(c->script->text, from, c->at);
    if (byte_at(c, c->at) == '\'' && str_eq_nocase(word, STR("e"))) {
        skip_quoted(c, '\'', true);
        return;
    }
    note_word(c, word);
}

/* Counts one token towards the nesting; ',' begins anew, parentheses stack. */
static bool
count_token(struct cutter *c, int first, size_t at)
{
    static const char cause[] = "nested too deeply";
    static const char hint[] = "split the statement, or its longest expression";

    switch (first) {
    case '(':
    case '[':
        if (c->depth + 1 >= MAX_PARENTHESES)
            return fail(c, at, cause, hint);
        c->chain[++c->depth] = 0;
        return true;
    case ')':
    case ']':
        if (c->depth > 0)
            c->chain_sum -= c->chain[c->depth--];
        return true;
    case ',':
        /* Commas at the top separate FROM items and the like, but not the arms of a UNION. */
        if (c->depth > 0) {
            c->chain_sum -= c->chain[c->depth];
            c->chain[c->depth] = 0;
        }
        return true;
    default:
        c->chain[c->depth]++;
        c->chain_sum++;
        return c->chain_sum <= MAX_CHAIN || fail(c, at, cause, hint);
    }
}

/* Skips one token, quoted or not; c->at is on its first byte. */
static bool
skip_token(struct cutter *c)
{
    int b = byte_at(c, c->at);

    if (!count_token(c, b, c->at))
        return false;
    if (b == '\\') {
        return fail(c, c->at, "psql commands are not SQL",
                    "write the statement without the backslash command");
    }
    if (is_word_start(b)) {
        skip_word(c);
        return true;
    }
    c->after_from = false;
    if (b == '\'')
        skip_quoted(c, '\'', false);
    else if (b == '"')
        skip_quoted(c, '"', false);
    else if (b >= '0' && b <= '9')
        while (is_word_part(byte_at(c, c->at)))
            c->at++;
    else if (b != '$' || !skip_dollar_quoted(c))
        c->at++;
    return true;
}

/* True when a blank or a comment was skipped. */
static bool
skip_blank(struct cutter *c)
{
    int b = byte_at(c, c->at);

    if (is_blank(b))
        c->at++;
    else if (b == '-' && byte_at(c, c->at + 1) == '-')
        c->at = line_end(c, c->at);
    else if (b == '/' && byte_at(c, c->at + 1) == '*')
        skip_comment(c);
    else
        return false;
    return true;
}

/* A backslash where a statement could begin: skips the line, or faults. */
static bool
skip_command(struct cutter *c)
{
    struct str line = str_slice(c->script->text, c->at, line_end(c, c->at));

    if (!str_has_prefix(line, STR("\\restrict ")) && !str_has_prefix(line, STR("\\unrestrict "))) {
        return fail(c, c->at, "psql commands are not SQL",
                    "remove the line; what it includes or sets has to be in the migration");
    }
    c->at += line.len;
    c->script->skipped = true;
    return true;
}

/* To the first token of a statement; false at the end (no cause) or at a fault. */
static bool
skip_to_statement(struct cutter *c)
{
    while (c->at < c->script->text.len) {
        if (skip_blank(c))
            continue;
        if (byte_at(c, c->at) == ';') {
            c->at++;
            continue;
        }
        if (byte_at(c, c->at) != '\\')
            return c->fault->cause == NULL;
        if (!skip_command(c))
            return false;
    }
    return false;
}

/* c->at is behind the ";" of COPY ... FROM stdin. */
static bool
take_data(struct cutter *c, struct script_piece *piece)
{
    struct str text = c->script->text;
    size_t end = line_end(c, c->at);

    if (str_trim(str_slice(text, c->at, end)).len > 0)
        return fail(c, c->at, "the data of COPY begins on the next line",
                    "write nothing behind the semicolon");
    piece->has_data = true;
    piece->data_from = end < text.len ? end + 1 : end;
    for (size_t at = piece->data_from; at < text.len; at = end + 1) {
        struct str line;

        end = line_end(c, at);
        line = str_slice(text, at, end);
        if (line.len > 0 && line.data[line.len - 1] == '\r')
            line.len--;
        if (str_eq(line, STR("\\."))) {
            piece->data_to = at;
            c->at = end;
            return true;
        }
    }
    return fail(c, piece->from, "the data of COPY has no end", "end it with a line \"\\.\"");
}

bool
script_next(struct script *script, struct script_piece *out, struct script_fault *fault)
{
    struct cutter c = {.script = script, .fault = fault, .at = script->at};

    *fault = (struct script_fault){0};
    *out = (struct script_piece){0};
    if (!skip_to_statement(&c)) {
        script->at = c.at;
        return false;
    }
    out->after_command = script->skipped;
    script->skipped = false;
    out->from = out->to = c.at;
    while (c.at < script->text.len) {
        if (byte_at(&c, c.at) == ';' && c.depth == 0 && c.begin_depth == 0) {
            c.at++;
            break;
        }
        if (skip_blank(&c))
            continue;
        if (!skip_token(&c))
            return false;
        out->to = c.at = c.at > script->text.len ? script->text.len : c.at;
    }
    out->end = c.at > script->text.len ? script->text.len : c.at;
    if (fault->cause != NULL)
        return false;
    if (c.from_stdin && !take_data(&c, out))
        return false;
    script->at = c.at;
    return true;
}
