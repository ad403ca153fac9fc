/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A view of bytes: pointer and length, owning nothing, not terminated. {NULL, 0} is the empty
 * view; functions that distinguish "absent" from "empty" say so.
 */
#ifndef CAIRN_CORE_STR_H
#define CAIRN_CORE_STR_H

#include "core/base.h"

struct str {
    const char *data;
    size_t len;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define STR_NULL ((struct str){NULL, 0})
/* For printf: printf("%.*s", STR_ARG(s)). */
#define STR_ARG(s) (int)(s).len, (s).data != NULL ? (s).data : ""

static inline struct str
str_from(const char *text)
{
    return text != NULL ? (struct str){text, strlen(text)} : STR_NULL;
}

static inline struct str
str_make(const char *data, size_t len)
{
    return (struct str){data, len};
}

static inline bool
str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* The part [from, to) of s; both are clamped to s.len. */
static inline struct str
str_slice(struct str s, size_t from, size_t to)
{
    to = to > s.len ? s.len : to;
    from = from > to ? to : from;
    return (struct str){s.data != NULL ? s.data + from : NULL, to - from};
}

bool str_eq_nocase(struct str a, struct str b); /* ASCII only */
int str_cmp(struct str a, struct str b);        /* bytes, a prefix first */
bool str_has_prefix(struct str s, struct str prefix);
bool str_has_suffix(struct str s, struct str suffix);
/* Index of the first c at or after from, or s.len. */
size_t str_find_char(struct str s, char c, size_t from);
/* Without ASCII blanks (space, tab, CR, LF) at both ends. */
struct str str_trim(struct str s);
/* Cuts *rest at the first sep: returns what is before it and leaves *rest after it; without sep,
 * returns all and leaves *rest empty with data NULL. */
struct str str_cut(struct str *rest, char sep);
/* Whole of s is a decimal integer in range; nothing else is accepted (no blanks, no '+'). */
bool str_to_i64(struct str s, int64_t *out);
bool str_to_u64(struct str s, uint64_t *out);
/* Two digits for each byte, in lower case; out has room for them, and is not terminated. */
void str_write_hex(struct str bytes, char *out);
/* Well-formed UTF-8 by RFC 3629: no overlong forms, no surrogates, at most U+10FFFF. */
bool str_is_utf8(struct str s);
/* The size of the well-formed sequence at s.data[at], 1 to 4; 0 when there is none. at < s.len. */
size_t str_utf8_step(struct str s, size_t at);
uint64_t str_hash(struct str s, uint64_t seed); /* keyed, for tables that outsiders fill */
/* Similarity of two names, 0..1 (1 - edit distance / longer length), for "did you mean". Different
 * names of which one is longer than 256 bytes count as unlike: 0. */
double str_similarity(struct str a, struct str b);

#endif
