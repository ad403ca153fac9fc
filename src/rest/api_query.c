/* SPDX-License-Identifier: Apache-2.0 */
/* The query string as a whole: parameters, and what each is for. */
#include "rest/cursor.h"

#define PATH_MAX_NAMES 16

static int
hex_digit(char ch)
{
    if (ch >= '0' && ch <= '9')
        return ch - '0';
    if (ch >= 'a' && ch <= 'f')
        return ch - 'a' + 10;
    if (ch >= 'A' && ch <= 'F')
        return ch - 'A' + 10;
    return -1;
}

/* What most parameters are, and what neither changes nor has to be looked at again. */
static bool
is_plain(struct str raw)
{
    for (size_t i = 0; i < raw.len; i++) {
        signed char ch = (signed char)raw.data[i];

        if (ch <= 0 || ch == '%' || ch == '+')
            return false;
    }
    return true;
}

/* Percent-decoded UTF-8 without U+0000; false otherwise. */
static bool
decode(struct str raw, bool plus_is_blank, struct arena *arena, struct str *out)
{
    char *copy = NULL;
    size_t len = 0;

    *out = raw;
    if (is_plain(raw))
        return true;
    if (memchr(raw.data, '%', raw.len) == NULL &&
        (!plus_is_blank || memchr(raw.data, '+', raw.len) == NULL))
        return str_is_utf8(raw) && memchr(raw.data, '\0', raw.len) == NULL;
    copy = arena_alloc(arena, raw.len);
    for (size_t i = 0; i < raw.len; i++) {
        char ch = raw.data[i];

        if (ch == '+' && plus_is_blank) {
            ch = ' ';
        } else if (ch == '%') {
            int high = i + 2 < raw.len ? hex_digit(raw.data[i + 1]) : -1;
            int low = i + 2 < raw.len ? hex_digit(raw.data[i + 2]) : -1;

            if (high < 0 || low < 0)
                return false;
            ch = (char)(high << 4 | low);
            i += 2;
        }
        copy[len++] = ch;
    }
    *out = str_make(copy, len);
    return str_is_utf8(*out) && memchr(copy, '\0', len) == NULL;
}

bool
api_decode_segment(struct str raw, struct arena *arena, struct str *out)
{
    return decode(raw, false, arena, out);
}

bool
api_parse_params(struct str query, struct arena *arena, struct api_param **out, uint32_t *count,
                 struct err *err)
{
    uint32_t cap = 1;
    struct api_param *params = NULL;
    struct str rest = query;

    *count = 0;
    for (size_t at = 0; (at = str_find_char(query, '&', at)) < query.len; at++)
        cap++;
    params = ARENA_ARRAY(arena, struct api_param, cap);
    while (rest.len > 0) {
        struct str value = str_cut(&rest, '&');
        struct str key = str_cut(&value, '=');

        if (key.len == 0)
            continue;
        if (!decode(key, true, arena, &params[*count].key) ||
            !decode(value, true, arena, &params[*count].value)) {
            /* The raw name may be no text at all, so the message goes without it. */
            err_set(err, ERR_REQUEST, "PGRST100",
                    "\"failed to parse query parameter %u\" (line 1, column 1)", *count + 1);
            err->http_status = 400;
            err_details(err, "the parameter is not percent-encoded UTF-8 text");
            return false;
        }
        (*count)++;
    }
    *out = params;
    return true;
}

static struct api_level *
find_level(struct api_request *request, const struct str *path, uint32_t len, struct arena *arena)
{
    struct api_level **tail = &request->levels;
    struct api_level *level = NULL;
    struct str *copy = NULL;

    for (; *tail != NULL; tail = &(*tail)->next) {
        uint32_t same = 0;

        if ((*tail)->path_len != len)
            continue;
        while (same < len && str_eq((*tail)->path[same], path[same]))
            same++;
        if (same == len)
            return *tail;
    }
    level = ARENA_NEW(arena, struct api_level);
    copy = ARENA_ARRAY(arena, struct str, len + 1);
    for (uint32_t i = 0; i < len; i++)
        copy[i] = path[i];
    level->path = copy;
    level->path_len = len;
    level->limit_slot = level->offset_slot = API_NO_SLOT;
    *tail = level;
    return level;
}

static void
add_cond(struct api_level *level, struct api_cond *cond)
{
    struct api_cond **tail = &level->conds;

    while (*tail != NULL)
        tail = &(*tail)->next;
    *tail = cond;
}

/* limit or offset: c->what says which. A value that is left out is no slot, so the shape has it, as
 * it has usual limits and an offset of 0. */
static bool
parse_number(struct cursor *c, struct api_request *request, struct api_level *level,
             size_t *slot_at)
{
    bool is_offset = str_eq(str_from(c->what), STR("offset"));
    int64_t number = 0;
    bool negative = cursor_eat_char(c, '-');
    struct str digits = str_slice(c->in, c->pos, c->in.len);

    while (cursor_peek(c) >= '0' && cursor_peek(c) <= '9')
        c->pos++;
    if (!cursor_at_end(c) || digits.len == 0)
        return cursor_fail(c, "digit");
    if (negative) {
        /* Point 8: a negative offset is ignored. */
        if (is_offset)
            return true;
        err_set(c->err, ERR_REQUEST, "PGRST103", "Requested range not satisfiable");
        c->err->http_status = 416;
        err_details(c->err, "Limit should be greater than or equal to zero.");
        return false;
    }
    /* Past 2^63 no table reaches: the same as no bound. */
    if (!str_to_i64(digits, &number)) {
        digits = STR("9223372036854775807");
        number = INT64_MAX;
    }
    if (is_offset) {
        level->is_offset_zero = c->limits->fixes_limits && number == 0;
        level->offset_slot = api_slot_add(c, request, digits);
    } else {
        level->limit_fixed = api_is_usual_limit(c->limits, number) ? number : 0;
        level->limit_slot = api_slot_add(c, request, digits);
    }
    if (is_offset ? !level->is_offset_zero : level->limit_fixed == 0)
        *slot_at = 0;
    return true;
}

static bool
parse_names(struct cursor *c, struct str **out, uint32_t *count)
{
    uint32_t cap = 1;
    struct str *names = NULL;

    for (size_t i = 0; i < c->in.len; i++)
        cap += c->in.data[i] == ',';
    names = ARENA_ARRAY(c->arena, struct str, cap);
    *count = 0;
    do {
        cursor_skip_blanks(c);
        if (!cursor_name(c, &names[*count]))
            return false;
        cursor_skip_blanks(c);
        (*count)++;
    } while (cursor_eat_char(c, ',') && *count < cap);
    *out = names;
    return cursor_at_end(c) || cursor_fail(c, "\",\" or end of input");
}

static bool
parse_logic_param(struct cursor *c, bool is_or, bool negated, struct api_level *level,
                  struct api_request *request)
{
    struct api_cond *cond = ARENA_NEW(c->arena, struct api_cond);

    c->what = "logic tree";
    /* Columns count from the word, as if it stood in front of the value. */
    c->shift = (is_or ? strlen("or") : strlen("and")) + (negated ? strlen("not.") : 0);
    request->has_literals = true;
    cond->kind = is_or ? API_COND_OR : API_COND_AND;
    cond->negated = negated;
    /* What follows a complete tree is ignored, as with select. */
    if (!api_parse_logic(c, request, cond, 1))
        return false;
    add_cond(level, cond);
    return true;
}

/* Whether the value is one for a filter. The cursor stays where it is. */
static bool
is_filter_value(struct cursor *c)
{
    struct cursor trial = *c;
    struct api_request ignored = {.slots = NULL};
    struct api_filter filter = {0};
    bool negated = false;
    size_t slot_at = 0;

    trial.err = NULL;
    return api_parse_filter_value(&trial, &ignored, &filter, &negated, &slot_at);
}

static void
add_argument(struct cursor *c, struct api_request *request, struct str name)
{
    uint32_t count = request->argument_count;

    /* Room for twice as many, whenever their number is a power of two. */
    if ((count & (count - 1)) == 0) {
        struct api_param *grown =
            ARENA_ARRAY(c->arena, struct api_param, count > 0 ? (size_t)count * 2 : 1);

        if (count > 0)
            memcpy(grown, request->arguments, count * sizeof(*grown));
        request->arguments = grown;
    }
    request->arguments[request->argument_count++] = (struct api_param){.key = name, .value = c->in};
}

static bool
parse_filter_param(struct cursor *c, struct api_field field, struct api_level *level,
                   struct api_request *request, size_t *slot_at)
{
    struct api_cond *cond = ARENA_NEW(c->arena, struct api_cond);

    c->what = "filter";
    cond->filter.field = field;
    if (!api_parse_filter_value(c, request, &cond->filter, &cond->negated, slot_at))
        return false;
    add_cond(level, cond);
    return true;
}

/* a.b.c->d: every name but the last is a step into an embed. */
struct param_key {
    struct str path[PATH_MAX_NAMES];
    uint32_t len;
    struct api_field field;
    bool is_quoted; /* "order" in quotes is a column */
};

static bool
key_is(const struct param_key *key, const char *word)
{
    return !key->is_quoted && key->field.step_count == 0 &&
           str_eq(key->field.column, str_from(word));
}

/* The parameters that are about the request as a whole. */
static bool
is_root_param(const struct param_key *key)
{
    return key->len == 0 &&
           (key_is(key, "select") || key_is(key, "columns") || key_is(key, "on_conflict"));
}

static bool
parse_root_param(struct cursor *c, const struct param_key *key, struct api_request *request)
{
    if (key_is(key, "select")) {
        c->what = "select parameter";
        return api_parse_select(c, &request->select);
    }
    if (key_is(key, "columns")) {
        c->what = "columns parameter";
        return parse_names(c, &request->columns, &request->column_count);
    }
    c->what = "on_conflict parameter";
    return c->in.len == 0 || parse_names(c, &request->on_conflict, &request->on_conflict_count);
}

/* What the parameter's last name says it is. */
static bool
parse_param_value(struct cursor *c, const struct param_key *key, struct api_request *request,
                  size_t *slot_at)
{
    struct api_level *level = NULL;
    bool is_logic = key_is(key, "and") || key_is(key, "or");
    bool negated = is_logic && key->len > 0 && str_eq(key->path[key->len - 1], STR("not"));

    if (is_root_param(key))
        return parse_root_param(c, key, request);
    if (request->takes_arguments && key->len == 0 && key->field.step_count == 0 &&
        !key_is(key, "order") && !key_is(key, "limit") && !key_is(key, "offset") && !is_logic &&
        !is_filter_value(c)) {
        add_argument(c, request, key->field.column);
        *slot_at = 0;
        return true;
    }
    level = find_level(request, key->path, negated ? key->len - 1 : key->len, c->arena);
    if (key_is(key, "order")) {
        c->what = "order";
        return c->in.len == 0 || api_parse_order(c, &level->order);
    }
    if (key_is(key, "limit") || key_is(key, "offset")) {
        c->what = key_is(key, "limit") ? "limit" : "offset";
        return parse_number(c, request, level, slot_at);
    }
    if (is_logic)
        return parse_logic_param(c, key_is(key, "or"), negated, level, request);
    return parse_filter_param(c, key->field, level, request, slot_at);
}

static bool
parse_param_key(struct cursor *c, struct param_key *key)
{
    struct api_field *field = &key->field;

    c->what = "query parameter name";
    key->len = 0;
    for (;;) {
        key->is_quoted = cursor_peek(c) == '"';
        *field = (struct api_field){0};
        if (!cursor_field(c, field))
            return false;
        if (!cursor_eat_char(c, '.'))
            break;
        if (field->step_count > 0)
            return cursor_fail(c, "end of input");
        if (key->len == PATH_MAX_NAMES)
            return cursor_fail_limit(c, "levels of embedding", PATH_MAX_NAMES);
        key->path[key->len++] = field->column;
    }
    return cursor_at_end(c) || cursor_fail(c, "\".\" or end of input");
}

static void
add_shape(struct buf *shape, struct str key, struct str value)
{
    uint32_t lengths[2] = {(uint32_t)key.len, (uint32_t)value.len};

    buf_add(shape, lengths, sizeof(lengths));
    buf_add_str(shape, key);
    buf_add_str(shape, value);
}

bool
api_parse_query(const struct api_param *params, uint32_t count, const struct api_limits *limits,
                struct arena *arena, struct api_request *request, struct buf *shape,
                struct err *err)
{
    struct cursor c = {.arena = arena, .limits = limits, .err = err};
    struct param_key key;

    find_level(request, NULL, 0, arena);
    for (uint32_t i = 0; i < count; i++) {
        size_t slot_at = params[i].value.len;

        c.in = params[i].key;
        c.pos = c.shift = 0;
        if (!parse_param_key(&c, &key))
            return false;
        c.in = params[i].value;
        c.pos = 0;
        if (!parse_param_value(&c, &key, request, &slot_at))
            return false;
        add_shape(shape, params[i].key, str_slice(params[i].value, 0, slot_at));
    }
    return true;
}
