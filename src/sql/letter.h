/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Characters as PostgreSQL sees them under the locale C.UTF-8: case by Unicode's simple mapping,
 * classes by the C library's tables. Where that locale is missing only ASCII has case and classes.
 */
#ifndef CAIRN_SQL_LETTER_H
#define CAIRN_SQL_LETTER_H

#include "core/buf.h"

enum letter_class {
    LETTER_ALNUM,
    LETTER_ALPHA,
    LETTER_BLANK,
    LETTER_CNTRL,
    LETTER_DIGIT,
    LETTER_GRAPH,
    LETTER_LOWER,
    LETTER_PRINT,
    LETTER_PUNCT,
    LETTER_SPACE,
    LETTER_UPPER,
    LETTER_XDIGIT,
    LETTER_WORD,
    LETTER_CLASSES,
};

uint32_t letter_lower(uint32_t c);
uint32_t letter_upper(uint32_t c);
bool letter_is(uint32_t c, enum letter_class class);

uint32_t letter_next_slow(struct str text, size_t *at);
/* The character at *at, which moves behind it; a byte that is part of none stands for itself. */
static inline uint32_t
letter_next(struct str text, size_t *at)
{
    unsigned char c = (unsigned char)text.data[*at];

    if (LIKELY(c < 0x80)) {
        (*at)++;
        return c;
    }
    return letter_next_slow(text, at);
}
void letter_write(struct buf *out, uint32_t c);
size_t letter_count(struct str text);
/* Where the character numbered index begins; text.len when there are not so many. */
size_t letter_offset(struct str text, size_t index);

#endif
