/* SPDX-License-Identifier: Apache-2.0 */
/* Both notations of a path to a claim, into segments. */
#include "auth/claim_path_impl.h"
#include "sql/regex.h"

#define ARENA_MAX ((size_t)8 << 20)
#define DEPTH_MAX 16                        /* of filters and parentheses */
#define NUMBER_MAX ((INT64_C(1) << 53) - 1) /* RFC 9535, 2.1 */

struct parser {
    struct str text;
    size_t at;
    unsigned depth;
    struct arena *arena;
    struct err *err;
};

static bool parse_or(struct parser *p, const struct condition **out);
static bool parse_segments(struct parser *p, const struct segment **out);

static bool
fail(struct parser *p, const char *what)
{
    return err_set(p->err, ERR_CONFIG, "CAIRN-CONFIG", "%s at character %zu", what, p->at + 1);
}

static char
peek(const struct parser *p)
{
    return p->at < p->text.len ? p->text.data[p->at] : '\0';
}

static bool
take(struct parser *p, const char *word)
{
    struct str rest = str_slice(p->text, p->at, p->text.len);

    if (!str_has_prefix(rest, str_from(word)))
        return false;
    p->at += strlen(word);
    return true;
}

static void
skip_blanks(struct parser *p)
{
    while (p->at < p->text.len && strchr(" \t\r\n", p->text.data[p->at]) != NULL)
        p->at++;
}

static bool
expect(struct parser *p, const char *word)
{
    skip_blanks(p);
    return take(p, word) || fail(p, arena_printf(p->arena, "there is no %s", word).data);
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_name_char(char c, bool is_first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0 ||
           (!is_first && is_digit(c));
}

/* --- names, texts and numbers ---------------------------------------------------------------- */

static bool
parse_name(struct parser *p, const char *more, struct str *out)
{
    size_t start = p->at;

    while (p->at < p->text.len && (is_name_char(peek(p), more == NULL && p->at == start) ||
                                   (more != NULL && strchr(more, peek(p)) != NULL)))
        p->at++;
    *out = arena_copy(p->arena, str_slice(p->text, start, p->at));
    return p->at > start || fail(p, "there is no name");
}

/* "..." without escapes, as the short notation has it. */
static bool
parse_plain_quoted(struct parser *p, struct str *out)
{
    size_t end;

    if (!expect(p, "\""))
        return false;
    end = str_find_char(p->text, '"', p->at);
    if (end == p->text.len)
        return fail(p, "a quote that isn't closed");
    *out = arena_copy(p->arena, str_slice(p->text, p->at, end));
    p->at = end + 1;
    return true;
}

/* '...' or "..." with the escapes of JSON: it is made a JSON text, and that is read. */
static bool
parse_quoted(struct parser *p, struct str *out)
{
    char quote = peek(p);
    struct str rest = str_slice(p->text, p->at + 1, p->text.len);
    size_t room = 2 * rest.len + 8;
    struct buf json = {.data = arena_alloc(p->arena, room), .cap = room, .max = room};
    struct json *value = NULL;
    struct err ignored = {0};
    size_t i = 0;

    buf_add_char(&json, '"');
    for (; i < rest.len && rest.data[i] != quote; i++) {
        bool is_escape = rest.data[i] == '\\' && i + 1 < rest.len;

        if (is_escape && rest.data[i + 1] == '\'' && quote == '\'')
            i++; /* \' is ' there, and nothing to JSON */
        else if (is_escape)
            buf_add_char(&json, rest.data[i++]);
        else if (rest.data[i] == '"')
            buf_add_char(&json, '\\');
        buf_add_char(&json, rest.data[i]);
    }
    buf_add_char(&json, '"');
    if (i == rest.len)
        return fail(p, "a quote that isn't closed");
    if (!json_parse(buf_str(&json), JSON_LIMITS_DEFAULT, p->arena, &value, &ignored))
        return fail(p, "a text of a wrong form");
    p->at += i + 2;
    *out = value->text;
    return true;
}

static bool
parse_integer(struct parser *p, int64_t *out)
{
    size_t start = p->at;
    size_t digits;

    if (peek(p) == '-')
        p->at++;
    digits = p->at;
    while (is_digit(peek(p)))
        p->at++;
    if (!str_to_i64(str_slice(p->text, start, p->at), out) || *out > NUMBER_MAX ||
        *out < -NUMBER_MAX || (p->text.data[digits] == '0' && p->at - start > 1)) {
        p->at = start;
        return fail(p, "not an index");
    }
    return true;
}

/* A number, true, false, null, or a text. */
static bool
parse_literal(struct parser *p, struct json *out)
{
    size_t start = p->at;
    struct json *value = NULL;
    struct err ignored = {0};

    if (peek(p) == '"' || peek(p) == '\'') {
        out->type = JSON_STRING;
        return parse_quoted(p, &out->text);
    }
    while (p->at < p->text.len && (is_name_char(peek(p), false) || strchr("+-.", peek(p)) != NULL))
        p->at++;
    if (json_parse(arena_copy(p->arena, str_slice(p->text, start, p->at)), JSON_LIMITS_DEFAULT,
                   p->arena, &value, &ignored)) {
        *out = *value;
        return true;
    }
    p->at = start;
    return fail(p, "neither a value nor a query");
}

/* --- conditions ------------------------------------------------------------------------------ */

static bool
parse_operand(struct parser *p, struct operand *out)
{
    skip_blanks(p);
    if (peek(p) != '@' && peek(p) != '$')
        return parse_literal(p, &out->literal);
    out->is_query = true;
    out->is_from_root = peek(p) == '$';
    p->at++;
    return parse_segments(p, &out->path);
}

/* One that selects at most one node, as a comparison needs it. */
static bool
is_singular(const struct operand *operand)
{
    for (const struct segment *segment = operand->path; segment != NULL; segment = segment->next) {
        const struct selector *selector = segment->selectors;

        if (segment->descends || selector->next != NULL ||
            (selector->kind != SELECT_NAME && selector->kind != SELECT_INDEX))
            return false;
    }
    return true;
}

static bool
parse_regex_call(struct parser *p, struct condition *out)
{
    struct regex *regex = NULL;
    struct err why = {0};
    bool is_good;

    if (!parse_operand(p, &out->a) || !expect(p, ",") || !parse_operand(p, &out->b) ||
        !expect(p, ")"))
        return false;
    if (out->b.is_query)
        return true;
    is_good = out->b.literal.type == JSON_STRING &&
              regex_compile(out->b.literal.text, false, &regex, &why);
    regex_free(regex);
    return is_good || fail(p, "a regular expression of a wrong form");
}

static bool
parse_comparison(struct parser *p, struct condition *out)
{
    static const struct {
        const char *word;
        enum condition_kind kind;
    } operators[] = {
        {"==", CONDITION_EQ}, {"!=", CONDITION_NE}, {"<=", CONDITION_LE},
        {">=", CONDITION_GE}, {"<", CONDITION_LT},  {">", CONDITION_GT},
    };

    if (!parse_operand(p, &out->a))
        return false;
    skip_blanks(p);
    for (size_t i = 0; i < COUNTOF(operators); i++) {
        if (!take(p, operators[i].word))
            continue;
        out->kind = operators[i].kind;
        if (!parse_operand(p, &out->b))
            return false;
        return (is_singular(&out->a) && is_singular(&out->b)) ||
               fail(p, "a comparison with what may be several nodes");
    }
    out->kind = CONDITION_THERE;
    return out->a.is_query || fail(p, "a value alone is no condition");
}

static bool
parse_basic(struct parser *p, const struct condition **out)
{
    struct condition *condition = ARENA_NEW(p->arena, struct condition);

    *out = condition;
    skip_blanks(p);
    if (take(p, "!")) {
        skip_blanks(p);
        if (peek(p) == '!')
            return fail(p, "not twice");
        condition->kind = CONDITION_NOT;
        if (!parse_basic(p, &condition->left))
            return false;
        return condition->left->kind < CONDITION_EQ || condition->left->kind > CONDITION_GE ||
               fail(p, "a comparison after ! stands in parentheses");
    }
    if (take(p, "(")) {
        /* In a NOT of NOT, so that a ! before it knows it from a bare comparison. */
        struct condition *inner = ARENA_NEW(p->arena, struct condition);

        condition->kind = inner->kind = CONDITION_NOT;
        condition->left = inner;
        return parse_or(p, &inner->left) && expect(p, ")");
    }
    if (take(p, "search(")) {
        condition->kind = CONDITION_SEARCH;
        return parse_regex_call(p, condition);
    }
    if (take(p, "match(")) {
        condition->kind = CONDITION_MATCH;
        return parse_regex_call(p, condition);
    }
    return parse_comparison(p, condition);
}

static bool
parse_chain(struct parser *p, const char *word, enum condition_kind kind,
            bool (*parse)(struct parser *p, const struct condition **out),
            const struct condition **out)
{
    if (!parse(p, out))
        return false;
    skip_blanks(p);
    while (take(p, word)) {
        struct condition *chain = ARENA_NEW(p->arena, struct condition);

        chain->kind = kind;
        chain->left = *out;
        if (!parse(p, &chain->right))
            return false;
        *out = chain;
        skip_blanks(p);
    }
    return true;
}

static bool
parse_and(struct parser *p, const struct condition **out)
{
    return parse_chain(p, "&&", CONDITION_AND, parse_basic, out);
}

static bool
parse_or(struct parser *p, const struct condition **out)
{
    bool ok;

    if (p->depth == DEPTH_MAX)
        return fail(p, "nested too deep");
    p->depth++;
    ok = parse_chain(p, "||", CONDITION_OR, parse_and, out);
    p->depth--;
    return ok;
}

/* --- segments of JSONPath -------------------------------------------------------------------- */

/* 1, or 1:2:3 with any of them left out. */
static bool
parse_index(struct parser *p, struct selector *out)
{
    out->kind = SELECT_INDEX;
    out->by = 1;
    out->has_from = peek(p) != ':';
    if (out->has_from && !parse_integer(p, &out->from))
        return false;
    skip_blanks(p);
    if (!take(p, ":"))
        return true;
    out->kind = SELECT_SLICE;
    skip_blanks(p);
    out->has_to = peek(p) == '-' || is_digit(peek(p));
    if (out->has_to && !parse_integer(p, &out->to))
        return false;
    skip_blanks(p);
    if (!take(p, ":"))
        return true;
    skip_blanks(p);
    return (peek(p) != '-' && !is_digit(peek(p))) || parse_integer(p, &out->by);
}

static bool
parse_selector(struct parser *p, struct selector *out)
{
    char c;

    skip_blanks(p);
    c = peek(p);
    if (c == '"' || c == '\'') {
        out->kind = SELECT_NAME;
        return parse_quoted(p, &out->name);
    }
    if (take(p, "*")) {
        out->kind = SELECT_ALL;
        return true;
    }
    if (take(p, "?")) {
        out->kind = SELECT_FILTER;
        return parse_or(p, &out->condition);
    }
    return parse_index(p, out);
}

static bool
parse_bracket(struct parser *p, struct selector **next)
{
    do {
        struct selector *selector = ARENA_NEW(p->arena, struct selector);

        *next = selector;
        next = &selector->next;
        if (!parse_selector(p, selector))
            return false;
        skip_blanks(p);
    } while (take(p, ","));
    return expect(p, "]");
}

static bool
parse_segment(struct parser *p, struct segment *segment)
{
    segment->descends = take(p, "..");
    if (take(p, "["))
        return parse_bracket(p, &segment->selectors);
    if (!segment->descends && !take(p, "."))
        return fail(p, "neither . nor [");
    segment->selectors = ARENA_NEW(p->arena, struct selector);
    if (take(p, "*")) {
        segment->selectors->kind = SELECT_ALL;
        return true;
    }
    return parse_name(p, NULL, &segment->selectors->name);
}

/* As many as there are; blanks may stand before each. */
static bool
parse_segments(struct parser *p, const struct segment **out)
{
    struct segment head = {0};
    struct segment *last = &head;

    for (;;) {
        size_t before = p->at;

        skip_blanks(p);
        if (peek(p) != '.' && peek(p) != '[') {
            p->at = before;
            break;
        }
        last->next = ARENA_NEW(p->arena, struct segment);
        last = last->next;
        if (!parse_segment(p, last))
            return false;
    }
    *out = head.next;
    return true;
}

/* --- the short notation ---------------------------------------------------------------------- */

static bool
parse_short_filter(struct parser *p, struct selector *out)
{
    static const struct {
        const char *word;
        enum condition_kind kind;
    } operators[] = {
        {"==^", CONDITION_TEXT_ENDS},   {"==", CONDITION_TEXT_EQ},   {"!=", CONDITION_TEXT_NE},
        {"^==", CONDITION_TEXT_BEGINS}, {"*==", CONDITION_TEXT_HAS},
    };
    struct condition *condition = ARENA_NEW(p->arena, struct condition);

    out->kind = SELECT_FILTER;
    out->condition = condition;
    skip_blanks(p);
    for (size_t i = 0; i < COUNTOF(operators); i++) {
        if (!take(p, operators[i].word))
            continue;
        condition->kind = operators[i].kind;
        return parse_plain_quoted(p, &condition->b.literal.text) &&
               (take(p, ")]") || fail(p, "there is no )]")) &&
               (p->at == p->text.len || fail(p, "a filter is the last step; there is more"));
    }
    return fail(p, "none of ==, !=, ^==, ==^, *==");
}

static bool
parse_short_step(struct parser *p, struct selector *out)
{
    if (take(p, "."))
        return peek(p) == '"' ? parse_plain_quoted(p, &out->name)
                              : parse_name(p, "0123456789_$@", &out->name);
    if (take(p, "[?(@"))
        return parse_short_filter(p, out);
    out->kind = SELECT_INDEX;
    if (!take(p, "["))
        return fail(p, "neither . nor [");
    if (!is_digit(peek(p)))
        return fail(p, "not an index");
    return parse_integer(p, &out->from) && (take(p, "]") || fail(p, "there is no ]"));
}

static bool
parse_short(struct parser *p, const struct segment **out)
{
    struct segment head = {0};
    struct segment *last = &head;

    do {
        last->next = ARENA_NEW(p->arena, struct segment);
        last = last->next;
        last->selectors = ARENA_NEW(p->arena, struct selector);
        if (!parse_short_step(p, last->selectors))
            return false;
    } while (p->at < p->text.len);
    *out = head.next;
    return true;
}

bool
claim_path_parse(struct str text, struct claim_path **out, struct err *err)
{
    struct arena *arena = arena_new(1024, ARENA_MAX);
    struct parser p = {.text = text, .arena = arena, .err = err};
    struct claim_path *path = ARENA_NEW(arena, struct claim_path);
    bool ok;

    *out = NULL;
    path->arena = arena;
    if (text.len > CLAIM_PATH_SIZE_MAX || !str_is_utf8(text))
        ok = fail(&p, "too long, or not UTF-8");
    else if (take(&p, "$"))
        ok = parse_segments(&p, &path->segments) &&
             (p.at == text.len || fail(&p, "neither . nor ["));
    else
        ok = parse_short(&p, &path->segments);
    if (ok)
        *out = path;
    else
        arena_free(arena);
    return ok;
}

void
claim_path_free(struct claim_path *path)
{
    if (path != NULL)
        arena_free(path->arena);
}
