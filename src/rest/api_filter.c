/* SPDX-License-Identifier: Apache-2.0 */
/* COLUMN=op.value, and=(...), or=(...) */
#include "rest/cursor.h"

struct op_row {
    const char *name;
    enum api_op op;
    bool quantifies; /* takes (any) and (all) */
    bool is_pattern; /* * stands for % */
};

static const struct op_row ops[] = {
    {"eq", API_EQ, true, false},
    {"neq", API_NEQ, false, false},
    {"gt", API_GT, true, false},
    {"gte", API_GTE, true, false},
    {"lt", API_LT, true, false},
    {"lte", API_LTE, true, false},
    {"like", API_LIKE, true, true},
    {"ilike", API_ILIKE, true, true},
    {"match", API_MATCH, true, false},
    {"imatch", API_IMATCH, true, false},
    {"in", API_IN, false, false},
    {"is", API_IS, false, false},
    {"isdistinct", API_ISDISTINCT, false, false},
    {"fts", API_FTS, false, false},
    {"plfts", API_PLFTS, false, false},
    {"phfts", API_PHFTS, false, false},
    {"wfts", API_WFTS, false, false},
    {"cs", API_CS, false, false},
    {"cd", API_CD, false, false},
    {"ov", API_OV, false, false},
    {"sl", API_SL, false, false},
    {"sr", API_SR, false, false},
    {"nxr", API_NXR, false, false},
    {"nxl", API_NXL, false, false},
    {"adj", API_ADJ, false, false},
};

const char *
api_op_name(enum api_op op)
{
    for (size_t i = 0; i < COUNTOF(ops); i++) {
        if (ops[i].op == op)
            return ops[i].name;
    }
    return "?";
}

uint32_t
api_slot_add(struct cursor *c, struct api_request *request, struct str text)
{
    if (request->slot_count == request->slot_cap) {
        uint32_t cap = request->slot_cap == 0 ? 8 : request->slot_cap * 2;
        struct api_slot *slots = ARENA_ARRAY(c->arena, struct api_slot, cap);

        if (request->slot_count > 0)
            memcpy(slots, request->slots, request->slot_count * sizeof(*slots));
        request->slots = slots;
        request->slot_cap = cap;
    }
    request->slots[request->slot_count] = (struct api_slot){.text = text};
    return request->slot_count++;
}

static bool
fail_operator(struct cursor *c)
{
    return cursor_fail(c, "\"not\" or operator (eq, gt, ...)");
}

static const struct op_row *
find_op(struct str word)
{
    for (size_t i = 0; i < COUNTOF(ops) && word.len > 0; i++) {
        if (ops[i].name[0] == word.data[0] && str_eq(word, str_from(ops[i].name)))
            return &ops[i];
    }
    return NULL;
}

/* not.op(any). up to and including the dot before the value. */
static bool
parse_op(struct cursor *c, struct api_filter *filter, bool *negated, bool *is_pattern)
{
    size_t start = 0;
    const struct op_row *row = NULL;

    *negated = cursor_eat(c, STR("not."));
    start = c->pos;
    while (cursor_peek(c) >= 'a' && cursor_peek(c) <= 'z')
        c->pos++;
    row = find_op(str_slice(c->in, start, c->pos));
    if (row == NULL) {
        c->pos = start;
        return fail_operator(c);
    }
    filter->op = row->op;
    *is_pattern = row->is_pattern;
    if (cursor_peek(c) == '(') {
        if (row->quantifies && cursor_eat(c, STR("(any)"))) {
            filter->quantifier = API_QUANT_ANY;
        } else if (row->quantifies && cursor_eat(c, STR("(all)"))) {
            filter->quantifier = API_QUANT_ALL;
        } else if (row->op >= API_FTS && row->op <= API_WFTS) {
            c->pos++;
            if (!cursor_name(c, &filter->language))
                return false;
            if (!cursor_eat_char(c, ')'))
                return cursor_fail(c, "\")\"");
        }
    }
    if (!cursor_eat_char(c, '.')) {
        c->pos = start;
        return fail_operator(c);
    }
    return true;
}

/* A text in quotes, if it is one: a quote that doesn't close right before ',' or ')' is a character
 * like others (point 4). */
static bool
take_quoted(struct cursor *c, struct str *out)
{
    struct err ignored;
    struct err *err = c->err;
    size_t start = c->pos;
    bool ok = false;

    if (cursor_peek(c) != '"')
        return false;
    c->err = &ignored;
    ok = cursor_quoted(c, out) && (cursor_peek(c) == ',' || cursor_peek(c) == ')');
    c->err = err;
    if (!ok)
        c->pos = start;
    return ok;
}

static struct str
take_list_item(struct cursor *c)
{
    size_t start = c->pos;
    struct str item = STR_NULL;

    if (take_quoted(c, &item))
        return item;
    while (!cursor_at_end(c) && cursor_peek(c) != ',' && cursor_peek(c) != ')')
        c->pos++;
    return str_slice(c->in, start, c->pos);
}

/* (a,"b,c",d): the cursor stands on the parenthesis; afterwards behind the closing one. */
static bool
parse_list(struct cursor *c, struct api_slot *slot)
{
    size_t cap = 16;
    size_t count = 0;
    struct str *list = ARENA_ARRAY(c->arena, struct str, cap);

    cursor_skip_blanks(c);
    if (!cursor_eat_char(c, '('))
        return cursor_fail(c, "\"(\"");
    cursor_skip_blanks(c);
    do {
        if (count == c->limits->list_max)
            return cursor_fail_limit(c, "list elements", c->limits->list_max);
        if (count == cap) {
            struct str *bigger = ARENA_ARRAY(c->arena, struct str, cap * 2);

            memcpy(bigger, list, cap * sizeof(*list));
            list = bigger;
            cap *= 2;
        }
        list[count++] = take_list_item(c);
    } while (cursor_eat_char(c, ','));
    if (!cursor_eat_char(c, ')'))
        return cursor_fail(c, "\",\" or \")\"");
    cursor_skip_blanks(c);
    /* One element that is empty stands for none. */
    if (count == 1 && list[0].len == 0)
        count = 0;
    *slot = (struct api_slot){.list = list, .list_count = (uint32_t)count, .is_list = true};
    return true;
}

static bool
parse_is(struct cursor *c, struct str word, enum api_is *out)
{
    static const char *const names[] = {"null", "not_null", "true", "false", "unknown"};

    for (size_t i = 0; i < COUNTOF(names); i++) {
        /* What follows the word is ignored. */
        if (str_eq_nocase(str_slice(word, 0, strlen(names[i])), str_from(names[i]))) {
            *out = (enum api_is)i;
            return true;
        }
    }
    return cursor_fail(c, "isVal: (null, not_null, true, false, unknown)");
}

static struct str
pattern_from_api(struct arena *arena, struct str text)
{
    char *copy = NULL;

    if (text.len == 0 || memchr(text.data, '*', text.len) == NULL)
        return text;
    copy = arena_alloc(arena, text.len);
    for (size_t i = 0; i < text.len; i++)
        copy[i] = text.data[i] == '*' ? '%' : text.data[i];
    return str_make(copy, text.len);
}

static bool
parse_in(struct cursor *c, struct api_request *request, struct api_filter *filter)
{
    struct api_slot slot = {0};

    if (!parse_list(c, &slot))
        return false;
    filter->slot = api_slot_add(c, request, STR_NULL);
    request->slots[filter->slot] = slot;
    return true;
}

/* The value of any operator but in. */
static bool
set_value(struct cursor *c, struct api_request *request, struct api_filter *filter, bool is_pattern,
          struct str text)
{
    if (filter->op == API_IS)
        return parse_is(c, text, &filter->is);
    filter->slot = api_slot_add(c, request, is_pattern ? pattern_from_api(c->arena, text) : text);
    return true;
}

bool
api_parse_filter_value(struct cursor *c, struct api_request *request, struct api_filter *filter,
                       bool *negated, size_t *slot_at)
{
    bool is_pattern = false;

    if (++c->terms > c->limits->terms_max)
        return cursor_fail_limit(c, "terms", c->limits->terms_max);
    filter->slot = API_NO_SLOT;
    if (!parse_op(c, filter, negated, &is_pattern))
        return false;
    if (filter->op != API_IS)
        *slot_at = c->pos;
    return filter->op == API_IN
               ? parse_in(c, request, filter)
               : set_value(c, request, filter, is_pattern, str_slice(c->in, c->pos, c->in.len));
}

/* The value of a filter inside a logic tree: quoted, or up to ',' or ')' outside of braces. */
static struct str
take_logic_value(struct cursor *c)
{
    size_t start = c->pos;
    int braces = 0;
    struct str value = STR_NULL;

    if (take_quoted(c, &value))
        return value;
    for (; !cursor_at_end(c); c->pos++) {
        int ch = cursor_peek(c);

        if (ch == '{')
            braces++;
        else if (ch == '}' && braces > 0)
            braces--;
        else if (braces == 0 && (ch == ',' || ch == ')'))
            break;
    }
    return str_slice(c->in, start, c->pos);
}

static bool
begins_name(const struct cursor *c)
{
    return !cursor_at_end(c) && strchr("(),.:*!-'", cursor_peek(c)) == NULL;
}

static bool
parse_logic_filter(struct cursor *c, struct api_request *request, struct api_cond *cond)
{
    bool is_pattern = false;
    struct api_filter *filter = &cond->filter;

    filter->slot = API_NO_SLOT;
    if (!begins_name(c))
        return cursor_fail(c, "field name (* or [a..z0..9_$]), negation operator (not) or logic "
                              "operator (and, or)");
    if (!cursor_field(c, &filter->field))
        return false;
    if (!cursor_eat_char(c, '.'))
        return cursor_fail(c, "delimiter (.)");
    if (!parse_op(c, filter, &cond->negated, &is_pattern))
        return false;
    return filter->op == API_IN ? parse_in(c, request, filter)
                                : set_value(c, request, filter, is_pattern, take_logic_value(c));
}

/* not.and(...), or(...), or a filter. */
static bool
parse_logic_member(struct cursor *c, struct api_request *request, struct api_cond *cond,
                   uint32_t depth)
{
    size_t start = c->pos;
    bool negated = cursor_eat(c, STR("not."));
    bool is_and = cursor_eat(c, STR("and"));
    bool is_word = is_and || cursor_eat(c, STR("or"));

    cursor_skip_blanks(c);
    if (!is_word || cursor_peek(c) != '(') {
        /* A filter's "not." stands behind its name, so this was a name that begins so. */
        c->pos = start;
        return parse_logic_filter(c, request, cond);
    }
    cond->kind = is_and ? API_COND_AND : API_COND_OR;
    cond->negated = negated;
    return api_parse_logic(c, request, cond, depth + 1);
}

bool
api_parse_logic(struct cursor *c, struct api_request *request, struct api_cond *cond,
                uint32_t depth)
{
    struct api_cond **tail = &cond->children;

    if (depth > c->limits->depth_max)
        return cursor_fail_limit(c, "levels of and/or", c->limits->depth_max);
    cursor_skip_blanks(c);
    if (!cursor_eat_char(c, '('))
        return cursor_fail(c, "\"(\"");
    do {
        *tail = ARENA_NEW(c->arena, struct api_cond);
        if (++c->terms > c->limits->terms_max)
            return cursor_fail_limit(c, "terms", c->limits->terms_max);
        cursor_skip_blanks(c);
        if (!parse_logic_member(c, request, *tail, depth))
            return false;
        cursor_skip_blanks(c);
        tail = &(*tail)->next;
    } while (cursor_eat_char(c, ','));
    if (!cursor_eat_char(c, ')'))
        return cursor_fail(c, "\",\" or \")\"");
    cursor_skip_blanks(c);
    return true;
}
