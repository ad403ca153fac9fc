/* SPDX-License-Identifier: Apache-2.0 */
#include "core/json.h"

#include "core/clock.h"
#include "core/json_scan.h"

#include <stdatomic.h>

/*
 * The parser is one loop over the text with a stack of open containers. Each turn reads one value
 * with what must stand before it (a comma, a member's name), then closes what ends after it.
 */

/* Objects up to this many members compare names one by one; larger ones use a table. */
#define NAMES_LINEAR 16

struct frame {
    struct json *container;
    struct json *last;   /* its newest child, or NULL */
    struct json **names; /* open addressing table of members, once there are many */
    uint32_t names_cap;
    uint64_t seen; /* one bit per class of names: a bit not set says "new" without comparing */
};

struct parser {
    struct str text;
    size_t at;
    struct json_limits limits;
    struct arena *arena;
    const char *cause; /* why it failed, at at */

    struct json *nodes; /* allocated ahead */
    size_t nodes_left;

    struct frame *frames;
    uint32_t depth;
    uint32_t frames_cap;

    uint64_t seed;
};

static bool
fail(struct parser *p, const char *cause)
{
    p->cause = cause;
    return false;
}

static inline void
skip_blanks(struct parser *p)
{
    const char *data = p->text.data;

    while (p->at < p->text.len && (data[p->at] == ' ' || data[p->at] == '\n' ||
                                   data[p->at] == '\r' || data[p->at] == '\t'))
        p->at++;
}

static inline int
peek(const struct parser *p)
{
    return p->at < p->text.len ? (unsigned char)p->text.data[p->at] : -1;
}

static struct json *
new_node(struct parser *p)
{
    if (p->nodes_left == 0) {
        /* A value takes about ten bytes of text: ask for as many as are likely still to come. */
        size_t guess = (p->text.len - p->at) / 10 + 1;

        p->nodes_left = guess < 64 ? guess : 64;
        p->nodes = arena_alloc(p->arena, p->nodes_left * sizeof(*p->nodes));
    }
    p->nodes_left--;
    *p->nodes = (struct json){0};
    return p->nodes++;
}

static bool
read_hex4(struct parser *p, unsigned *out)
{
    unsigned value = 0;

    if (p->text.len - p->at < 4)
        return fail(p, "\\u needs four hexadecimal digits");
    for (int i = 0; i < 4; i++) {
        unsigned char c = (unsigned char)p->text.data[p->at + (size_t)i];
        unsigned digit;

        if (c >= '0' && c <= '9')
            digit = c - '0';
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            digit = (c | 0x20) - 'a' + 10U;
        else
            return fail(p, "\\u needs four hexadecimal digits");
        value = value << 4 | digit;
    }
    p->at += 4;
    *out = value;
    return true;
}

/* p->at is behind "\u". *code is a whole code point, its second half read too. */
static bool
read_unicode_escape(struct parser *p, uint32_t *code)
{
    unsigned high;
    unsigned low;

    if (!read_hex4(p, &high))
        return false;
    *code = high;
    if (high == 0 && !p->limits.allow_nul)
        return fail(p, "\\u0000 can't be stored in text");
    if (high >= 0xDC00 && high <= 0xDFFF)
        return fail(p, "a low surrogate without a high one before it");
    if (high < 0xD800 || high > 0xDBFF)
        return true;

    if (p->text.len - p->at < 2 || memcmp(p->text.data + p->at, "\\u", 2) != 0)
        return fail(p, "a high surrogate without a low one after it");
    p->at += 2;
    if (!read_hex4(p, &low))
        return false;
    if (low < 0xDC00 || low > 0xDFFF)
        return fail(p, "a high surrogate without a low one after it");
    *code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    return true;
}

static const char escape_of[256] = {
    ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
    ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
};

/* Checks one escape; p->at is on the backslash and ends behind the escape. */
static bool
check_escape(struct parser *p)
{
    uint32_t code;

    p->at++;
    if (peek(p) == 'u') {
        p->at++;
        return read_unicode_escape(p, &code);
    }
    if (p->at >= p->text.len || escape_of[(unsigned char)p->text.data[p->at]] == 0)
        return fail(p, "an unknown escape in a string");
    p->at++;
    return true;
}

static char *
put_utf8(char *to, uint32_t code)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xC0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        *to++ = (char)(0xE0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
        *to++ = (char)(0x80 | (code & 0x3F));
    } else {
        *to++ = (char)(0xF0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3F));
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
        *to++ = (char)(0x80 | (code & 0x3F));
    }
    return to;
}

/* Decodes the checked string text[from, to) into the arena: never longer than its source. */
static struct str
decode_string(struct parser *p, size_t from, size_t to)
{
    struct parser source = *p;
    const char *data = p->text.data;
    char *start = arena_alloc(p->arena, to - from);
    char *out = start;

    source.at = from;
    while (source.at < to) {
        const char *slash = memchr(data + source.at, '\\', to - source.at);
        size_t plain = slash != NULL ? (size_t)(slash - data) - source.at : to - source.at;
        uint32_t code = 0;

        memcpy(out, data + source.at, plain);
        out += plain;
        source.at += plain;
        if (slash == NULL)
            break;
        source.at += 2;
        if (slash[1] != 'u') {
            *out++ = escape_of[(unsigned char)slash[1]];
        } else {
            bool checked UNUSED = read_unicode_escape(&source, &code);

            assert(checked);
            out = put_utf8(out, code);
        }
    }
    return str_make(start, (size_t)(out - start));
}

/* Moves p->at to the next quote, backslash, control character or byte outside ASCII. */
static inline void
skip_plain(struct parser *p)
{
    const char *data = p->text.data;
    size_t at = p->at;
    size_t len = p->text.len;

    while (len - at >= 8) {
        uint64_t w;
        uint64_t special;

        memcpy(&w, data + at, 8);
        special = json_bytes_special(w) | (w & JSON_HIGHS);
        if (special != 0) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
            p->at = at + (size_t)__builtin_ctzll(special) / 8;
            return;
#else
            break;
#endif
        }
        at += 8;
    }
    while (at < len) {
        unsigned char c = (unsigned char)data[at];

        if (c < 0x20 || c == '"' || c == '\\' || c >= 0x80)
            break;
        at++;
    }
    p->at = at;
}

/* p->at is on the opening quote and ends behind the closing one. */
static bool
read_string(struct parser *p, struct str *out)
{
    size_t from = ++p->at;
    bool escaped = false;

    for (;;) {
        int c;

        skip_plain(p);
        c = peek(p);
        if (c == '"')
            break;
        if (c == '\\') {
            escaped = true;
            if (!check_escape(p))
                return false;
        } else if (c >= 0x80) {
            size_t step = str_utf8_step(p->text, p->at);

            if (step == 0)
                return fail(p, "not valid UTF-8");
            p->at += step;
        } else if (c < 0) {
            return fail(p, "a string without its closing quote");
        } else {
            return fail(p, "a control character in a string");
        }
    }
    *out = escaped ? decode_string(p, from, p->at) : str_make(p->text.data + from, p->at - from);
    p->at++;
    return true;
}

static inline bool
skip_digits(struct parser *p)
{
    size_t from = p->at;

    while (p->at < p->text.len && (unsigned char)(p->text.data[p->at] - '0') <= 9)
        p->at++;
    return p->at > from;
}

static bool
read_number(struct parser *p, struct json *node)
{
    size_t from = p->at;
    int c;

    if (peek(p) == '-')
        p->at++;
    if (peek(p) == '0') {
        p->at++;
        c = peek(p);
        if (c >= '0' && c <= '9')
            return fail(p, "a number with a leading zero");
    } else if (!skip_digits(p)) {
        return fail(p, "a digit is expected");
    }
    if (peek(p) == '.') {
        p->at++;
        if (!skip_digits(p))
            return fail(p, "a digit is expected after the point");
    }
    if (peek(p) == 'e' || peek(p) == 'E') {
        p->at++;
        if (peek(p) == '+' || peek(p) == '-')
            p->at++;
        if (!skip_digits(p))
            return fail(p, "a digit is expected in the exponent");
    }
    node->type = JSON_NUMBER;
    node->text = str_make(p->text.data + from, p->at - from);
    return true;
}

static bool
read_word(struct parser *p, struct json *node, struct str word, enum json_type type)
{
    if (!str_has_prefix(str_slice(p->text, p->at, p->text.len), word))
        return fail(p, "a value is expected");
    p->at += word.len;
    node->type = type;
    return true;
}

/* A process-wide key, so that nobody outside can choose names that collide. */
static uint64_t
hash_seed(void)
{
    static _Atomic uint64_t seed;
    uint64_t value = atomic_load_explicit(&seed, memory_order_relaxed);

    if (value == 0) {
        random_bytes(&value, sizeof(value));
        value |= 1;
        atomic_store_explicit(&seed, value, memory_order_relaxed);
    }
    return value;
}

/* The place of key in the table: a member of that name, or NULL where it would go. */
static struct json **
find_name(struct parser *p, const struct frame *frame, struct str key)
{
    uint64_t at = str_hash(key, p->seed) & (frame->names_cap - 1);

    while (frame->names[at] != NULL && !str_eq(frame->names[at]->key, key))
        at = (at + 1) & (frame->names_cap - 1);
    return &frame->names[at];
}

/* A table at most half full; the old one stays in the arena, half as large each time. */
static void
grow_names(struct parser *p, struct frame *frame)
{
    if (p->seed == 0)
        p->seed = hash_seed();
    frame->names_cap = frame->names_cap > 0 ? 2 * frame->names_cap : 4 * NAMES_LINEAR;
    frame->names = ARENA_ARRAY(p->arena, struct json *, frame->names_cap);
    for (struct json *member = frame->container->first; member != NULL; member = member->next)
        *find_name(p, frame, member->key) = member;
}

/* True when the object has a member of this name already. Enters node otherwise. */
static bool
is_duplicate(struct parser *p, struct frame *frame, struct json *node)
{
    const char *key = node->key.data;
    size_t len = node->key.len;
    uint64_t class = len;
    struct json **place;

    if (frame->container->count < NAMES_LINEAR) {
        if (len > 0)
            class = class * 31 + (unsigned char)key[0] * 7U + (unsigned char)key[len - 1] * 13U +
                    (unsigned char)key[len / 2] * 3U;
        class = (uint64_t)1 << (class & 63);
        if ((frame->seen & class) == 0) {
            frame->seen |= class;
            return false;
        }
        for (const struct json *m = frame->container->first; m != NULL; m = m->next) {
            if (str_eq(m->key, node->key))
                return true;
        }
        return false;
    }
    if (2 * (frame->container->count + 1) > frame->names_cap)
        grow_names(p, frame);
    place = find_name(p, frame, node->key);
    if (*place != NULL)
        return true;
    *place = node;
    return false;
}

static inline void
append_child(struct frame *frame, struct json *node)
{
    if (frame->last != NULL)
        frame->last->next = node;
    else
        frame->container->first = node;
    frame->last = node;
    frame->container->count++;
}

static bool
names_are_unique(const struct parser *p)
{
    return !p->limits.allow_duplicate_keys &&
           (p->limits.unique_depth == 0 || p->depth <= p->limits.unique_depth);
}

/* Reads `"name" :` into node->key. */
static bool
read_name(struct parser *p, struct frame *frame, struct json *node)
{
    size_t from = p->at;

    if (peek(p) != '"')
        return fail(p, "a member's name in double quotes is expected");
    if (!read_string(p, &node->key))
        return false;
    if (names_are_unique(p) && is_duplicate(p, frame, node)) {
        p->at = from;
        return fail(p, "this name stands in the object already");
    }
    skip_blanks(p);
    if (peek(p) != ':')
        return fail(p, "':' is expected");
    p->at++;
    skip_blanks(p);
    return true;
}

static bool
open_container(struct parser *p, struct json *node, enum json_type type)
{
    if (p->depth >= p->limits.max_depth)
        return fail(p, "nested too deeply");
    if (p->depth == p->frames_cap) {
        uint32_t cap = p->frames_cap * 2;
        struct frame *frames = arena_alloc(p->arena, cap * sizeof(*frames));

        memcpy(frames, p->frames, p->depth * sizeof(*frames));
        p->frames = frames;
        p->frames_cap = cap;
    }
    p->frames[p->depth++] = (struct frame){.container = node};
    node->type = type;
    p->at++;
    return true;
}

/* Reads one value up to its end, or of a container only the opening. */
static bool
read_value(struct parser *p, struct json *node)
{
    size_t from = p->at;
    bool ok;

    switch (peek(p)) {
    case '{':
        ok = open_container(p, node, JSON_OBJECT);
        break;
    case '[':
        ok = open_container(p, node, JSON_ARRAY);
        break;
    case '"':
        node->type = JSON_STRING;
        ok = read_string(p, &node->text);
        break;
    case 't':
        ok = read_word(p, node, STR("true"), JSON_TRUE);
        break;
    case 'f':
        ok = read_word(p, node, STR("false"), JSON_FALSE);
        break;
    case 'n':
        ok = read_word(p, node, STR("null"), JSON_NULL);
        break;
    case '-':
    case '0' ... '9':
        ok = read_number(p, node);
        break;
    case -1:
        return fail(p, "a value is expected, but the text ends");
    default:
        return fail(p, "a value is expected");
    }
    node->raw = str_make(p->text.data + from, p->at - from);
    return ok;
}

/* Closes the containers that end here, then steps over the comma before the next value. */
static bool
close_containers(struct parser *p)
{
    while (p->depth > 0) {
        struct frame *frame = &p->frames[p->depth - 1];
        struct json *container = frame->container;
        char closing = container->type == JSON_OBJECT ? '}' : ']';
        int c;

        skip_blanks(p);
        c = peek(p);
        if (c == closing) {
            p->at++;
            container->raw.len = (size_t)(p->text.data + p->at - container->raw.data);
            p->depth--;
            continue;
        }
        if (container->count == 0)
            return true;
        if (c != ',')
            return fail(p, closing == '}' ? "',' or '}' is expected" : "',' or ']' is expected");
        p->at++;
        skip_blanks(p);
        return true;
    }
    return true;
}

static bool
parse(struct parser *p, struct json **out)
{
    skip_blanks(p);
    *out = new_node(p);
    if (!read_value(p, *out) || !close_containers(p))
        return false;

    while (p->depth > 0) {
        struct frame *frame = &p->frames[p->depth - 1];
        struct json *node = new_node(p);

        if (arena_is_exhausted(p->arena))
            return fail(p, "too large");
        if (frame->container->type == JSON_OBJECT && !read_name(p, frame, node))
            return false;
        append_child(frame, node);
        if (!read_value(p, node) || !close_containers(p))
            return false;
    }
    skip_blanks(p);
    if (p->at < p->text.len)
        return fail(p, "nothing may follow the value");
    return !arena_is_exhausted(p->arena) || fail(p, "too large");
}

static bool
report(const struct parser *p, struct err *err)
{
    uint64_t line = 1;
    uint64_t column = 1;

    for (size_t i = 0; i < p->at; i++) {
        unsigned char c = (unsigned char)p->text.data[i];

        if (c == '\n') {
            line++;
            column = 1;
        } else if ((c & 0xC0) != 0x80) {
            column++;
        }
    }
    err_set(err, ERR_REQUEST, "PGRST102", "Empty or invalid json");
    if (err != NULL)
        err->http_status = arena_is_exhausted(p->arena) ? 413 : 400;
    err_details(err, "line %ju, column %ju: %s", (uintmax_t)line, (uintmax_t)column, p->cause);
    return false;
}

bool
json_parse(struct str text, struct json_limits limits, struct arena *arena, struct json **out,
           struct err *err)
{
    struct frame frames[8];
    struct parser p = {
        .text = text,
        .limits = limits,
        .arena = arena,
        .frames = frames,
        .frames_cap = COUNTOF(frames),
    };

    *out = NULL;
    if (text.len > UINT32_MAX) {
        p.cause = "longer than 4 GiB";
        return report(&p, err);
    }
    if (!parse(&p, out)) {
        *out = NULL;
        return report(&p, err);
    }
    return true;
}

const struct json *
json_get(const struct json *object, const char *key)
{
    const struct json *found = NULL;
    struct str name = str_from(key);

    if (object == NULL || object->type != JSON_OBJECT)
        return NULL;
    for (const struct json *member = object->first; member != NULL; member = member->next) {
        if (str_eq(member->key, name))
            found = member;
    }
    return found;
}

struct str
json_get_str(const struct json *object, const char *key, struct str fallback)
{
    const struct json *member = json_get(object, key);

    return member != NULL && member->type == JSON_STRING ? member->text : fallback;
}

int64_t
json_get_i64(const struct json *object, const char *key, int64_t fallback)
{
    const struct json *member = json_get(object, key);
    int64_t value;

    if (member == NULL || member->type != JSON_NUMBER || !str_to_i64(member->text, &value))
        return fallback;
    return value;
}

bool
json_get_bool(const struct json *object, const char *key, bool fallback)
{
    const struct json *member = json_get(object, key);

    if (member == NULL || (member->type != JSON_TRUE && member->type != JSON_FALSE))
        return fallback;
    return member->type == JSON_TRUE;
}
