/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the files of datetime_*.c only: the fields that a text is cut into, and the words.
 */
#ifndef CAIRN_SQL_DATETIME_IMPL_H
#define CAIRN_SQL_DATETIME_IMPL_H

#include "core/str.h"

#define DATETIME_OFFSET_HOURS 15 /* the most that a zone is off */

enum datetime_field_kind {
    DATETIME_FIELD_NUMBER,
    DATETIME_FIELD_DATE,
    DATETIME_FIELD_TIME,
    DATETIME_FIELD_ZONE, /* a sign and digits */
    DATETIME_FIELD_WORD,
    DATETIME_FIELD_SIGNED_WORD,
};

struct datetime_field {
    enum datetime_field_kind kind;
    char *text; /* lower case, terminated */
};

struct datetime_fields {
    char work[192];
    size_t used;
    struct datetime_field fields[25];
    size_t count;
};

/* False when text has no fields, too many, or what can't be part of one. fields is zeroed
 * before. */
MUST_CHECK bool datetime_cut(struct datetime_fields *fields, struct str text);

enum datetime_word_kind {
    DATETIME_MONTH,
    DATETIME_WEEKDAY,
    DATETIME_HALF,
    DATETIME_ERA,
    DATETIME_ZONE,
    DATETIME_MARK,
    DATETIME_FILL,
    DATETIME_NOW,
    DATETIME_DAY,
    DATETIME_EPOCH,
    DATETIME_INFINITE,
    DATETIME_MIDNIGHT,
};

struct datetime_word {
    const char *text;
    enum datetime_word_kind kind;
    int value;
};

/* NULL when there is none. */
const struct datetime_word *datetime_find_word(const char *text);
const struct datetime_word *datetime_find_zone(const char *text);

static inline bool
datetime_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool
datetime_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The number that count digits from there on stand for. */
static inline int64_t
datetime_digits(const char *text, size_t from, size_t count)
{
    int64_t value = 0;

    for (size_t i = from; i < from + count; i++)
        value = value * 10 + (text[i] - '0');
    return value;
}

static inline int
datetime_days_in_month(int64_t year, int64_t month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* YYYY-MM-DD at the beginning of text; days since 1970. */
bool datetime_scan_date(struct str text, int64_t *days);
/* YYYY-MM-DD, T or blank, hh:mm:ss, up to six digits more, then nothing, Z or an offset;
 * rounded. */
bool datetime_scan_timestamp(struct str text, bool zoned, int32_t precision, int64_t *out);

static inline struct str
datetime_skip_blanks(struct str s)
{
    while (s.len > 0 && (s.data[0] == ' ' || (s.data[0] >= '\t' && s.data[0] <= '\r')))
        s = str_slice(s, 1, s.len);
    return s;
}

#endif
