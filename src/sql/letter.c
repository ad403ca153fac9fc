/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/letter.h"

#include <locale.h>
#include <pthread.h>
#include <wctype.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static locale_t unicode;
static wctype_t classes[LETTER_CLASSES];

static void
load(void)
{
    static const char *const names[] = {
        [LETTER_ALNUM] = "alnum", [LETTER_ALPHA] = "alpha", [LETTER_BLANK] = "blank",
        [LETTER_CNTRL] = "cntrl", [LETTER_DIGIT] = "digit", [LETTER_GRAPH] = "graph",
        [LETTER_LOWER] = "lower", [LETTER_PRINT] = "print", [LETTER_PUNCT] = "punct",
        [LETTER_SPACE] = "space", [LETTER_UPPER] = "upper", [LETTER_XDIGIT] = "xdigit",
        [LETTER_WORD] = "alnum",
    };

    unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (unicode == (locale_t)0)
        unicode = newlocale(LC_CTYPE_MASK, "C", (locale_t)0);
    for (size_t i = 0; i < COUNTOF(names) && unicode != (locale_t)0; i++)
        classes[i] = wctype_l(names[i], unicode);
}

uint32_t
letter_lower(uint32_t c)
{
    if (c < 0x80)
        return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
    pthread_once(&once, load);
    return unicode != (locale_t)0 ? (uint32_t)towlower_l((wint_t)c, unicode) : c;
}

uint32_t
letter_upper(uint32_t c)
{
    if (c < 0x80)
        return c >= 'a' && c <= 'z' ? c & ~0x20u : c;
    pthread_once(&once, load);
    return unicode != (locale_t)0 ? (uint32_t)towupper_l((wint_t)c, unicode) : c;
}

bool
letter_is(uint32_t c, enum letter_class class)
{
    if (class == LETTER_WORD && c == '_')
        return true;
    pthread_once(&once, load);
    return unicode != (locale_t)0 && iswctype_l((wint_t)c, classes[class], unicode) != 0;
}

uint32_t
letter_next_slow(struct str text, size_t *at)
{
    const unsigned char *p = (const unsigned char *)text.data + *at;
    size_t step = str_utf8_step(text, *at);

    *at += step > 0 ? step : 1;
    switch (step) {
    case 2:
        return (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu);
    case 3:
        return (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
    case 4:
        return (p[0] & 0x07u) << 18 | (p[1] & 0x3Fu) << 12 | (p[2] & 0x3Fu) << 6 | (p[3] & 0x3Fu);
    default:
        return p[0];
    }
}

void
letter_write(struct buf *out, uint32_t c)
{
    if (c < 0x80) {
        buf_add_char(out, (char)c);
    } else if (c < 0x800) {
        buf_add_char(out, (char)(0xC0 | c >> 6));
        buf_add_char(out, (char)(0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
        buf_add_char(out, (char)(0xE0 | c >> 12));
        buf_add_char(out, (char)(0x80 | (c >> 6 & 0x3F)));
        buf_add_char(out, (char)(0x80 | (c & 0x3F)));
    } else {
        buf_add_char(out, (char)(0xF0 | c >> 18));
        buf_add_char(out, (char)(0x80 | (c >> 12 & 0x3F)));
        buf_add_char(out, (char)(0x80 | (c >> 6 & 0x3F)));
        buf_add_char(out, (char)(0x80 | (c & 0x3F)));
    }
}

size_t
letter_count(struct str text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.data[i] & 0xC0) != 0x80;
    return count;
}

size_t
letter_offset(struct str text, size_t index)
{
    size_t at = 0;

    for (; at < text.len; at++) {
        if (((unsigned char)text.data[at] & 0xC0) != 0x80 && index-- == 0)
            break;
    }
    return at;
}
