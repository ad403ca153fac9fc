/* SPDX-License-Identifier: Apache-2.0 */
#include "core/str.h"

static inline unsigned char
lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool
str_eq_nocase(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.data[i]) != lower(b.data[i]))
            return false;
    }
    return true;
}

int
str_cmp(struct str a, struct str b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter > 0 ? memcmp(a.data, b.data, shorter) : 0;

    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

bool
str_has_prefix(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_eq(str_slice(s, 0, prefix.len), prefix);
}

bool
str_has_suffix(struct str s, struct str suffix)
{
    return s.len >= suffix.len && str_eq(str_slice(s, s.len - suffix.len, s.len), suffix);
}

size_t
str_find_char(struct str s, char c, size_t from)
{
    const char *at;

    if (from >= s.len)
        return s.len;
    at = memchr(s.data + from, c, s.len - from);
    return at != NULL ? (size_t)(at - s.data) : s.len;
}

static inline bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str
str_trim(struct str s)
{
    size_t from = 0;
    size_t to = s.len;

    while (from < to && is_blank(s.data[from]))
        from++;
    while (to > from && is_blank(s.data[to - 1]))
        to--;
    return str_slice(s, from, to);
}

struct str
str_cut(struct str *rest, char sep)
{
    struct str all = *rest;
    size_t at = str_find_char(all, sep, 0);

    *rest = at < all.len ? str_slice(all, at + 1, all.len) : STR_NULL;
    return str_slice(all, 0, at);
}

bool
str_to_u64(struct str s, uint64_t *out)
{
    uint64_t value = 0;

    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit = (unsigned)(unsigned char)s.data[i] - '0';

        if (digit > 9)
            return false;
        if (__builtin_mul_overflow(value, 10U, &value) ||
            __builtin_add_overflow(value, digit, &value))
            return false;
    }
    *out = value;
    return true;
}

bool
str_to_i64(struct str s, int64_t *out)
{
    bool negative = s.len > 0 && s.data[0] == '-';
    uint64_t size;

    if (!str_to_u64(negative ? str_slice(s, 1, s.len) : s, &size))
        return false;
    if (size > (uint64_t)INT64_MAX + negative)
        return false;
    *out = (int64_t)(negative ? 0 - size : size);
    return true;
}

void
str_write_hex(struct str bytes, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char byte = (unsigned char)bytes.data[i];

        *out++ = digits[byte >> 4];
        *out++ = digits[byte & 15];
    }
}

size_t
str_utf8_step(struct str s, size_t at)
{
    const unsigned char *p = (const unsigned char *)s.data + at;
    size_t left = s.len - at;
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    size_t size;

    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xC2 || p[0] > 0xF4)
        return 0;
    size = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    if (left < size)
        return 0;

    /* The second byte is where overlong forms, surrogates and code points past the end show. */
    if (p[0] == 0xE0)
        low = 0xA0;
    else if (p[0] == 0xED)
        high = 0x9F;
    else if (p[0] == 0xF0)
        low = 0x90;
    else if (p[0] == 0xF4)
        high = 0x8F;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < size; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    }
    return size;
}

/* The index of the first byte at or after from that is not ASCII, or s.len. */
static size_t
skip_ascii(struct str s, size_t from)
{
    size_t i = from;

    for (; s.len - i >= 32; i += 32) {
        uint64_t w[4];

        memcpy(w, s.data + i, sizeof(w));
        if (((w[0] | w[1] | w[2] | w[3]) & 0x8080808080808080U) != 0)
            break;
    }
    while (i < s.len && (unsigned char)s.data[i] < 0x80)
        i++;
    return i;
}

bool
str_is_utf8(struct str s)
{
    size_t i = skip_ascii(s, 0);

    while (i < s.len) {
        size_t step = str_utf8_step(s, i);

        if (step == 0)
            return false;
        i += step;
        /* Text in one script comes in runs: only a step of one is worth the wide look. */
        if (step == 1)
            i = skip_ascii(s, i);
    }
    return true;
}

static inline uint64_t
rotate(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

static inline void
sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

/* SipHash-1-3 (Aumasson and Bernstein, 2012), the second half of the key drawn from the first. */
uint64_t
str_hash(struct str s, uint64_t seed)
{
    uint64_t second = (seed ^ 0x9E3779B97F4A7C15U) * 0xD1342543DE82EF95U;
    uint64_t v[4] = {seed ^ 0x736F6D6570736575U, second ^ 0x646F72616E646F6DU,
                     seed ^ 0x6C7967656E657261U, second ^ 0x7465646279746573U};
    uint64_t word;
    size_t i = 0;

    for (; s.len - i >= 8; i += 8) {
        memcpy(&word, s.data + i, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    word = 0;
    if (s.len > i)
        memcpy(&word, s.data + i, s.len - i);
    word |= (uint64_t)s.len << 56;
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
    v[2] ^= 0xFF;
    sip_round(v);
    sip_round(v);
    sip_round(v);

    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* Names longer than this are not compared: the work grows with the square. */
#define SIMILARITY_MAX 256

double
str_similarity(struct str a, struct str b)
{
    uint16_t row[SIMILARITY_MAX + 1];
    size_t longer = a.len > b.len ? a.len : b.len;

    if (longer == 0 || str_eq(a, b))
        return 1.0;
    if (longer > SIMILARITY_MAX)
        return 0.0;

    /* Levenshtein's distance, one row of the table at a time. */
    for (size_t j = 0; j <= b.len; j++)
        row[j] = (uint16_t)j;
    for (size_t i = 1; i <= a.len; i++) {
        uint16_t diagonal = row[0];

        row[0] = (uint16_t)i;
        for (size_t j = 1; j <= b.len; j++) {
            uint16_t above = row[j];
            uint16_t best = (uint16_t)(diagonal + (a.data[i - 1] != b.data[j - 1]));

            if (above + 1 < best)
                best = (uint16_t)(above + 1);
            if (row[j - 1] + 1 < best)
                best = (uint16_t)(row[j - 1] + 1);
            row[j] = best;
            diagonal = above;
        }
    }
    return 1.0 - (double)row[b.len] / (double)longer;
}
