/* SPDX-License-Identifier: Apache-2.0 */
/* Writing: strings, and the normal forms of numeric and jsonb. */
#include "core/json.h"

#include "core/json_scan.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* How a byte is written in a string: 0 as it is, 'u' as \u00xx, else behind a backslash. */
static const char escape_for[256] = {
    [0x00 ... 0x07] = 'u', ['\b'] = 'b', ['\t'] = 't',          ['\n'] = 'n', [0x0B] = 'u',
    ['\f'] = 'f',          ['\r'] = 'r', [0x0E ... 0x1F] = 'u', ['"'] = '"',  ['\\'] = '\\',
};

#ifdef __SSE2__
/* Copies 16 bytes; a bit for each that needs an escape. */
static inline unsigned
copy_16(char *to, const char *from)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)from);
    __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
    __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));

    _mm_storeu_si128((__m128i *)(void *)to, bytes);
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(low, quote), backslash));
}
#endif

/* Copies the run of bytes that need no escape; returns its length. Room is reserved, and what is
 * behind the run may be overwritten up to len. */
static inline size_t
copy_plain(char *to, const char *from, size_t len)
{
    size_t at = 0;

#ifdef __SSE2__
    if (len >= 16) {
        for (; len - at >= 16; at += 16) {
            unsigned special = copy_16(to + at, from + at);

            if (UNLIKELY(special != 0))
                return at + (size_t)__builtin_ctz(special);
        }
        if (at < len) {
            /* The rest together with what was before it, which needed none. */
            unsigned special = copy_16(to + len - 16, from + len - 16);

            return special == 0 ? len : len - 16 + (size_t)__builtin_ctz(special);
        }
        return at;
    }
#endif
    while (len - at >= 8) {
        uint64_t w;

        memcpy(&w, from + at, 8);
        if (json_bytes_special(w) != 0)
            break;
        memcpy(to + at, &w, 8);
        at += 8;
    }
    /* The rest together with what was before it, when there is that much. */
    if (at < len && at >= 8 && len - at < 8) {
        uint64_t w;

        memcpy(&w, from + len - 8, 8);
        if (json_bytes_special(w) == 0) {
            memcpy(to + len - 8, &w, 8);
            return len;
        }
    }
    if (at == 0 && len >= 4 && len < 8) {
        uint32_t halves[2];
        uint64_t w;

        memcpy(&halves[0], from, 4);
        memcpy(&halves[1], from + len - 4, 4);
        memcpy(&w, halves, 8);
        if (json_bytes_special(w) == 0) {
            memcpy(to, &halves[0], 4);
            memcpy(to + len - 4, &halves[1], 4);
            return len;
        }
    }
    while (at < len && escape_for[(unsigned char)from[at]] == 0) {
        to[at] = from[at];
        at++;
    }
    return at;
}

void
json_write_str(struct buf *out, struct str s)
{
    size_t start = out->len;
    size_t at = 0;

    if (!buf_reserve(out, s.len + 2))
        return;
    out->data[out->len++] = '"';
    while (at < s.len) {
        size_t plain = copy_plain(out->data + out->len, s.data + at, s.len - at);
        unsigned char c;
        char escape;

        at += plain;
        out->len += plain;
        if (at == s.len)
            break;
        c = (unsigned char)s.data[at++];
        escape = escape_for[c];
        /* The longest escape, the rest of the text, the closing quote. */
        if (!buf_reserve(out, 6 + (s.len - at) + 1)) {
            out->len = start;
            return;
        }
        out->data[out->len++] = '\\';
        out->data[out->len++] = escape;
        if (escape == 'u') {
            memcpy(out->data + out->len, "00", 2);
            out->data[out->len + 2] = (char)('0' + (c >> 4));
            out->data[out->len + 3] = "0123456789abcdef"[c & 15];
            out->len += 4;
        }
    }
    out->data[out->len++] = '"';
}

/* PostgreSQL's limits of numeric: digits after the point, digits before it, size of an exponent. */
#define NUMERIC_SCALE_MAX 16383
#define NUMERIC_WHOLE_MAX 131072
#define NUMERIC_EXPONENT_MAX 1073741822

/* A number taken apart: whole and fraction digits as written, then times ten to exponent. */
struct number {
    bool negative;
    bool plain; /* written without an exponent */
    struct str whole;
    struct str fraction;
    int64_t exponent;
};

static bool
split_number(struct str text, struct number *out)
{
    struct str rest = text;
    struct str mantissa;
    size_t e = 0;

    *out = (struct number){.negative = text.len > 0 && text.data[0] == '-'};
    if (out->negative)
        rest = str_slice(rest, 1, rest.len);
    while (e < rest.len && (rest.data[e] | 0x20) != 'e')
        e++;
    mantissa = str_slice(rest, 0, e);
    out->plain = e == rest.len;
    if (e < rest.len) {
        struct str exponent = str_slice(rest, e + 1, rest.len);

        if (exponent.len > 0 && exponent.data[0] == '+')
            exponent = str_slice(exponent, 1, exponent.len);
        if (!str_to_i64(exponent, &out->exponent) || out->exponent > NUMERIC_EXPONENT_MAX ||
            out->exponent < -NUMERIC_EXPONENT_MAX)
            return false;
    }
    out->whole = str_cut(&mantissa, '.');
    out->fraction = mantissa;
    return true;
}

/* The digit that stands at place, counted from the first digit as written; 0 outside. */
static inline char
digit_at(const struct number *n, int64_t place)
{
    if (place < 0)
        return '0';
    if ((size_t)place < n->whole.len)
        return n->whole.data[place];
    if ((size_t)place - n->whole.len < n->fraction.len)
        return n->fraction.data[(size_t)place - n->whole.len];
    return '0';
}

bool
json_write_numeric(struct buf *out, struct str text)
{
    struct number n;
    int64_t digits;
    int64_t first = 0; /* place of the first digit that isn't 0 */
    int64_t point;     /* the point stands before this place */
    int64_t scale;

    if (!split_number(text, &n))
        return false;
    digits = (int64_t)(n.whole.len + n.fraction.len);
    point = (int64_t)n.whole.len + n.exponent;
    scale = (int64_t)n.fraction.len - n.exponent;
    scale = scale > 0 ? scale : 0;
    while (first < digits && digit_at(&n, first) == '0')
        first++;
    if (scale > NUMERIC_SCALE_MAX || (first < digits && point - first > NUMERIC_WHOLE_MAX))
        return false;

    /* The common case prints as it is written. */
    if (n.plain && first == 0) {
        buf_add_str(out, text);
        return true;
    }
    if (n.negative && first < digits)
        buf_add_char(out, '-');
    if (first >= digits || first >= point) {
        buf_add_char(out, '0');
    } else {
        for (int64_t place = first; place < point; place++)
            buf_add_char(out, digit_at(&n, place));
    }
    if (scale > 0)
        buf_add_char(out, '.');
    for (int64_t place = point; place < point + scale; place++)
        buf_add_char(out, digit_at(&n, place));
    return true;
}

/*
 * The walk keeps the containers it is in on a stack of its own. The children of all of them stand
 * in one row of pointers, those of the innermost container last.
 */
struct level {
    size_t first; /* of its children in the row */
    size_t next;
    size_t end;
    bool object;
};

struct walk {
    struct buf *out;
    const struct json **row;
    size_t row_len;
    size_t row_cap;
    struct level *levels;
    size_t depth;
    size_t levels_cap;
};

static int
compare_keys(const struct json *a, const struct json *b)
{
    if (a->key.len != b->key.len)
        return a->key.len < b->key.len ? -1 : 1;
    return str_cmp(a->key, b->key);
}

/* Among equal names the later one goes first. It also lies behind in the text. */
static int
compare_members(const void *left, const void *right)
{
    const struct json *a = *(const struct json *const *)left;
    const struct json *b = *(const struct json *const *)right;
    int order = compare_keys(a, b);

    if (order != 0)
        return order;
    return a->raw.data > b->raw.data ? -1 : 1;
}

/* Sorts members and drops all but the last of each name; returns how many stay. */
static size_t
normalise_members(const struct json **members, size_t count)
{
    size_t kept = 0;

    if (count > 1)
        qsort(members, count, sizeof(struct json *), compare_members);
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && compare_keys(members[kept - 1], members[i]) == 0)
            continue;
        members[kept++] = members[i];
    }
    return kept;
}

static void
enter(struct walk *walk, const struct json *container)
{
    struct level level = {.first = walk->row_len, .object = container->type == JSON_OBJECT};

    if (walk->row_cap - walk->row_len < container->count) {
        walk->row_cap = 2 * walk->row_cap + container->count;
        walk->row = xrealloc(walk->row, walk->row_cap * sizeof(struct json *));
    }
    for (const struct json *child = container->first; child != NULL; child = child->next)
        walk->row[walk->row_len++] = child;
    if (level.object && container->count > 0)
        walk->row_len = level.first + normalise_members(walk->row + level.first, container->count);
    level.next = level.first;
    level.end = walk->row_len;

    if (walk->depth == walk->levels_cap) {
        walk->levels_cap = walk->levels_cap > 0 ? 2 * walk->levels_cap : 8;
        walk->levels = xrealloc(walk->levels, walk->levels_cap * sizeof(*walk->levels));
    }
    walk->levels[walk->depth++] = level;
    buf_add_char(walk->out, level.object ? '{' : '[');
}

static bool
write_value(struct walk *walk, const struct json *value)
{
    switch (value->type) {
    case JSON_NULL:
        BUF_ADD_LIT(walk->out, "null");
        return true;
    case JSON_FALSE:
        BUF_ADD_LIT(walk->out, "false");
        return true;
    case JSON_TRUE:
        BUF_ADD_LIT(walk->out, "true");
        return true;
    case JSON_NUMBER:
        return json_write_numeric(walk->out, value->text);
    case JSON_STRING:
        json_write_str(walk->out, value->text);
        return true;
    case JSON_ARRAY:
    case JSON_OBJECT:
        enter(walk, value);
        return true;
    }
    return false;
}

bool
json_write_jsonb(struct buf *out, const struct json *value)
{
    struct walk walk = {.out = out};
    size_t start = out->len;
    bool ok = false;

    if (!write_value(&walk, value))
        goto out;
    while (walk.depth > 0) {
        struct level *level = &walk.levels[walk.depth - 1];
        const struct json *child;

        /* Nothing more can be written: don't walk on. */
        if (!buf_ok(out))
            break;
        if (level->next == level->end) {
            buf_add_char(out, level->object ? '}' : ']');
            walk.row_len = level->first;
            walk.depth--;
            continue;
        }
        if (level->next > level->first)
            BUF_ADD_LIT(out, ", ");
        child = walk.row[level->next++];
        if (level->object) {
            json_write_str(out, child->key);
            BUF_ADD_LIT(out, ": ");
        }
        if (!write_value(&walk, child))
            goto out;
    }
    ok = true;

out:
    if (!ok)
        out->len = start;
    free(walk.levels);
    free(walk.row);
    return ok;
}
