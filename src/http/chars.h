/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Classes of bytes, for the parsers of this folder.
 */
#ifndef CAIRN_HTTP_CHARS_H
#define CAIRN_HTTP_CHARS_H

#include "core/str.h"

enum {
    CHAR_TOKEN = 1, /* RFC 9110 5.6.2 */
    CHAR_PATH = 2,  /* RFC 3986 pchar and '/', without '%' */
    CHAR_QUERY = 4, /* visible ASCII without '#' and '%' */
    CHAR_HOST = 8,  /* RFC 3986 reg-name without '%' */
    CHAR_HEX = 16,
    CHAR_VALUE = 32, /* field-vchar, obs-text, space and tab */
    CHAR_DIGIT = 64,
    CHAR_QUOTED = 128, /* qdtext, for chunk extensions */
};

extern const uint8_t http_char_class[256];
extern const char http_char_lower[256]; /* the lower-case token character; 0 when it is none */

static inline bool
char_is(char c, uint8_t mask)
{
    return (http_char_class[(unsigned char)c] & mask) != 0;
}

/* The value of a hexadecimal digit, or -1. */
static inline int
char_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return (c | 0x20) - 'a' + 10;
    return -1;
}

#endif
