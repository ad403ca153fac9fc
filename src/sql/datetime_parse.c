/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading dates and times: the text is cut into fields by their looks, then each field says what it
 * is, in the order and with the guesses of PostgreSQL's appendix B.
 */
#include <stdlib.h>

#include "sql/datetime.h"
#include "sql/datetime_impl.h"

#define HAVE_YEAR 1u
#define HAVE_MONTH 2u
#define HAVE_DAY 4u
#define HAVE_DATE (HAVE_YEAR | HAVE_MONTH | HAVE_DAY)
#define HAVE_TIME 8u
#define HAVE_ZONE 16u
#define HAVE_HALF 32u /* AM or PM */
#define HAVE_ERA 64u
#define HAVE_WEEKDAY 128u
#define HAVE_SPECIAL 256u

enum result { GOOD, BAD_FORMAT, OUT_OF_RANGE, OUT_OF_RANGE_MDY, BAD_OFFSET, BAD_ZONE };

enum special { SPECIAL_NONE, SPECIAL_EPOCH, SPECIAL_INFINITY, SPECIAL_MINUS_INFINITY };

struct parse {
    struct datetime_fields cut;
    bool time_only;

    unsigned have;
    bool two_digit_year;
    bool text_month;
    bool bc;
    bool is_time_next;   /* a T came before */
    bool is_julian_next; /* a J came before */
    bool julian;
    int half; /* -1: AM, 1: PM */
    int64_t year;
    int64_t month;
    int64_t day;
    int64_t hour;
    int64_t minute;
    int64_t second;
    int64_t fraction; /* microseconds */
    int64_t offset;   /* seconds east of UTC */
    enum special special;
    const char *zone; /* the one that is not known */
    int64_t now_us;
};

/* What the fields say. */

/* The number at the beginning of *text, which moves behind it. */
static bool
take_number(char **text, int64_t *out)
{
    int64_t value = 0;

    for (; datetime_is_digit(**text); (*text)++) {
        value = value * 10 + (**text - '0');
        if (value > INT32_MAX)
            return false;
    }
    *out = value;
    return true;
}

static bool
take_fraction(const char *text, int64_t *out)
{
    char *end;
    double value;

    value = strtod(text, &end);
    if (text[1] == '\0') {
        *out = 0;
        return true;
    }
    *out = (int64_t)__builtin_rint(value * 1000000);
    return *end == '\0';
}

static enum result
claim(struct parse *parse, unsigned part)
{
    if ((parse->have & part) != 0)
        return BAD_FORMAT;
    parse->have |= part;
    return GOOD;
}

static int64_t
time_of(const struct parse *parse)
{
    return ((parse->hour * 60 + parse->minute) * 60 + parse->second) * DATETIME_USEC_PER_SEC +
           parse->fraction;
}

/* 24:00:00 and 23:59:60 are times, but nothing after them. */
static bool
is_past_midnight(const struct parse *parse)
{
    return parse->hour > 24 || time_of(parse) > DATETIME_USEC_PER_DAY;
}

static enum result
read_time(struct parse *parse, char *text)
{
    int64_t parts[3] = {0, 0, 0};
    size_t count = 0;
    char *at = text;

    parse->fraction = 0;
    for (;; at++) {
        if (!take_number(&at, &parts[count++]))
            return OUT_OF_RANGE;
        if (*at != ':' || count == 3)
            break;
    }
    if (*at == '.') {
        if (count == 1 || !take_fraction(at, &parse->fraction))
            return BAD_FORMAT;
        /* 10:00.5 is minutes and seconds. */
        if (count == 2) {
            parts[2] = parts[1];
            parts[1] = parts[0];
            parts[0] = 0;
        }
    } else if (*at != '\0') {
        return BAD_FORMAT;
    }
    if (parts[1] > 59 || parts[2] > 60)
        return OUT_OF_RANGE;
    parse->hour = parts[0];
    parse->minute = parts[1];
    parse->second = parts[2];
    if (is_past_midnight(parse))
        return OUT_OF_RANGE;
    return claim(parse, HAVE_TIME);
}

static enum result
read_offset(struct parse *parse, const char *text)
{
    char *at = (char *)(uintptr_t)text + 1;
    char *start = at;
    int64_t hours;
    int64_t minutes = 0;
    int64_t seconds = 0;

    if (!take_number(&at, &hours))
        return BAD_OFFSET;
    if (*at == ':') {
        at++;
        if (!take_number(&at, &minutes))
            return BAD_OFFSET;
        if (*at == ':') {
            at++;
            if (!take_number(&at, &seconds))
                return BAD_OFFSET;
        }
    } else if (*at == '\0' && at - start > 2) {
        minutes = hours % 100;
        hours /= 100;
    }
    if (hours > DATETIME_OFFSET_HOURS || minutes > 59 || seconds > 59)
        return BAD_OFFSET;
    if (*at != '\0')
        return BAD_FORMAT;
    parse->offset = hours * 3600 + minutes * 60 + seconds;
    if (text[0] == '-')
        parse->offset = -parse->offset;
    return claim(parse, HAVE_ZONE);
}

/* Digits without delimiters: 19990108, 040506, 040506.789. *part says what they were. */
static enum result
read_run_together(struct parse *parse, char *text, unsigned *part, unsigned have)
{
    char *point = strchr(text, '.');
    size_t len = point != NULL ? (size_t)(point - text) : strlen(text);

    if (point != NULL) {
        if (!take_fraction(point, &parse->fraction))
            return BAD_FORMAT;
    } else if ((have & HAVE_DATE) != HAVE_DATE && len >= 6) {
        char *at = text;

        text[len] = '\0';
        parse->day = datetime_digits(text, len - 2, 2);
        parse->month = datetime_digits(text, len - 4, 2);
        text[len - 4] = '\0';
        if (!take_number(&at, &parse->year))
            return OUT_OF_RANGE;
        parse->two_digit_year = len == 6;
        *part = HAVE_DATE;
        return GOOD;
    }
    if ((have & HAVE_TIME) != 0 || (len != 6 && len != 4))
        return BAD_FORMAT;
    parse->hour = datetime_digits(text, 0, 2);
    parse->minute = datetime_digits(text, 2, 2);
    parse->second = len == 6 ? datetime_digits(text, 4, 2) : 0;
    *part = HAVE_TIME;
    return GOOD;
}

/* A number alone is what is missing, in the order month, day, year. */
static enum result
guess_number(struct parse *parse, int64_t value, size_t len, bool text_month, unsigned have,
             unsigned *part)
{
    switch (have & HAVE_DATE) {
    case 0:
        *part = len >= 3 ? HAVE_YEAR : HAVE_MONTH;
        break;
    case HAVE_YEAR:
    case HAVE_DAY:
        *part = HAVE_MONTH;
        break;
    case HAVE_MONTH:
        *part = text_month && len >= 3 ? HAVE_YEAR : HAVE_DAY;
        break;
    case HAVE_YEAR | HAVE_MONTH:
        /* What was taken for the year was the day, if this must be a year. */
        if (text_month && len >= 3 && parse->two_digit_year) {
            parse->day = parse->year;
            parse->year = value;
            parse->two_digit_year = false;
            *part = HAVE_DAY;
            return GOOD;
        }
        *part = HAVE_DAY;
        break;
    case HAVE_MONTH | HAVE_DAY:
        *part = HAVE_YEAR;
        break;
    default:
        return BAD_FORMAT;
    }
    if (*part == HAVE_YEAR) {
        parse->year = value;
        parse->two_digit_year = len <= 2;
    } else if (*part == HAVE_MONTH) {
        parse->month = value;
    } else {
        parse->day = value;
    }
    return GOOD;
}

static enum result
read_number(struct parse *parse, char *text, bool text_month, unsigned have, unsigned *part)
{
    size_t len = strlen(text);
    char *at = text;
    int64_t value;

    if (!take_number(&at, &value))
        return OUT_OF_RANGE;
    if (at == text)
        return BAD_FORMAT;
    if (*at == '.') {
        if (at - text > 2)
            return read_run_together(parse, text, part, have | HAVE_DATE);
        if (!take_fraction(at, &parse->fraction))
            return BAD_FORMAT;
    } else if (*at != '\0') {
        return BAD_FORMAT;
    }
    if (len == 3 && (have & HAVE_DATE) == HAVE_YEAR && value >= 1 && value <= 366) {
        int month;
        int day;
        int64_t days = datetime_days_from_civil(parse->year, 1, 1) + value - 1;

        datetime_civil_from_days(days, &parse->year, &month, &day);
        parse->month = month;
        parse->day = day;
        *part = HAVE_MONTH | HAVE_DAY;
        return GOOD;
    }
    if ((have & HAVE_DATE) == HAVE_DATE)
        return read_run_together(parse, text, part, have);
    return guess_number(parse, value, len, text_month, have, part);
}

/* Cuts a date at what is neither letter nor digit; false when there are too many pieces. */
static bool
split_date(char *text, char **pieces, size_t max, size_t *count)
{
    char *at = text;

    *count = 0;
    while (*at != '\0') {
        while (*at != '\0' && !datetime_is_digit(*at) && !datetime_is_alpha(*at))
            at++;
        if (*at == '\0' || *count == max)
            return false;
        pieces[(*count)++] = at;
        if (datetime_is_digit(*at)) {
            while (datetime_is_digit(*at))
                at++;
        } else {
            while (datetime_is_alpha(*at))
                at++;
        }
        if (*at != '\0')
            *at++ = '\0';
    }
    return true;
}

static enum result
read_date(struct parse *parse, char *text)
{
    char *pieces[25];
    size_t count;
    bool text_month = false;

    if (!split_date(text, pieces, COUNTOF(pieces), &count))
        return BAD_FORMAT;
    for (size_t i = 0; i < count; i++) {
        const struct datetime_word *word;

        if (!datetime_is_alpha(pieces[i][0]))
            continue;
        word = datetime_find_word(pieces[i]);
        if (word == NULL || word->kind != DATETIME_MONTH || claim(parse, HAVE_MONTH) != GOOD)
            return BAD_FORMAT;
        parse->month = word->value;
        text_month = true;
        pieces[i] = NULL;
    }
    for (size_t i = 0; i < count; i++) {
        enum result result;
        unsigned part = 0;

        if (pieces[i] == NULL)
            continue;
        result = read_number(parse, pieces[i], text_month, parse->have, &part);
        if (result != GOOD)
            return result;
        if (claim(parse, part) != GOOD)
            return BAD_FORMAT;
    }
    return (parse->have & ~HAVE_ZONE) == HAVE_DATE ? GOOD : BAD_FORMAT;
}

static enum result
read_date_field(struct parse *parse, size_t index)
{
    char *text = parse->cut.fields[index].text;
    bool is_date = parse->time_only
                       ? index == 0 && parse->cut.count >= 2 &&
                             (parse->cut.fields[parse->cut.count - 1].kind == DATETIME_FIELD_DATE ||
                              parse->cut.fields[1].kind == DATETIME_FIELD_TIME)
                       : !parse->is_time_next &&
                             (parse->have & (HAVE_MONTH | HAVE_DAY)) != (HAVE_MONTH | HAVE_DAY);
    enum result result;
    unsigned part = 0;
    char *sign;

    if (is_date)
        return read_date(parse, text);
    if (!datetime_is_digit(text[0]) && !parse->is_time_next) {
        parse->zone = text;
        return BAD_ZONE;
    }
    /* 040506-0800: time and offset. */
    parse->is_time_next = false;
    sign = strchr(text, '-');
    if ((parse->have & HAVE_TIME) != 0 || sign == NULL)
        return BAD_FORMAT;
    result = read_offset(parse, sign);
    if (result != GOOD)
        return result;
    *sign = '\0';
    result =
        read_run_together(parse, text, &part, parse->have | (parse->time_only ? HAVE_DATE : 0));
    return result != GOOD ? result : claim(parse, part);
}

static enum result
read_julian(struct parse *parse, char *text)
{
    char *at = text;
    int64_t value;
    int month;
    int day;

    if (!take_number(&at, &value))
        return OUT_OF_RANGE;
    if (*at != '\0')
        return BAD_FORMAT;
    parse->is_julian_next = false;
    parse->julian = true;
    parse->special = SPECIAL_NONE;
    /* Julian day 2440588 is 1970-01-01. */
    datetime_civil_from_days(value - 2440588, &parse->year, &month, &day);
    parse->month = month;
    parse->day = day;
    return claim(parse, HAVE_DATE);
}

static enum result
read_number_field(struct parse *parse, size_t index)
{
    char *text = parse->cut.fields[index].text;
    size_t len = strlen(text);
    const char *point = strchr(text, '.');
    size_t whole = point != NULL ? (size_t)(point - text) : len;
    unsigned have = parse->have | (parse->time_only ? HAVE_DATE : 0);
    enum result result;
    unsigned part = 0;

    if (parse->is_julian_next)
        return read_julian(parse, text);
    if (parse->is_time_next) {
        parse->is_time_next = false;
        result = read_run_together(parse, text, &part, have | HAVE_DATE);
        if (result == GOOD && part != HAVE_TIME)
            return BAD_FORMAT;
    } else if (point != NULL && (have & HAVE_DATE) == 0) {
        return read_date(parse, text);
    } else if ((point != NULL && whole > 2) ||
               (len >= 6 && ((have & HAVE_DATE) == 0 || (have & HAVE_TIME) == 0)) ||
               (parse->time_only && len > 4)) {
        result = read_run_together(parse, text, &part, have);
    } else {
        result = read_number(parse, text, parse->text_month, have, &part);
    }
    return result != GOOD ? result : claim(parse, part);
}

static enum result
read_month_word(struct parse *parse, int month)
{
    unsigned part = HAVE_MONTH;

    /* In "8 Jan 1999" the number was the day, not the month. */
    if ((parse->have & HAVE_MONTH) != 0 && !parse->text_month && (parse->have & HAVE_DAY) == 0 &&
        parse->month >= 1 && parse->month <= 31) {
        parse->day = parse->month;
        part = HAVE_DAY;
    }
    parse->text_month = true;
    parse->month = month;
    return claim(parse, part);
}

static void
set_date(struct parse *parse, int64_t days)
{
    int month;
    int day;

    datetime_civil_from_days(days, &parse->year, &month, &day);
    parse->month = month;
    parse->day = day;
}

static enum result
read_day_word(struct parse *parse, const struct datetime_word *word)
{
    int64_t days = parse->now_us / DATETIME_USEC_PER_DAY;
    int64_t time = parse->now_us % DATETIME_USEC_PER_DAY;

    if (word->kind == DATETIME_DAY && parse->time_only)
        return BAD_FORMAT;
    if (word->kind != DATETIME_MIDNIGHT)
        set_date(parse, days + word->value);
    if (word->kind == DATETIME_DAY)
        return claim(parse, HAVE_DATE);
    if (word->kind == DATETIME_MIDNIGHT)
        time = 0;
    parse->hour = time / (3600 * DATETIME_USEC_PER_SEC);
    parse->minute = time / (60 * DATETIME_USEC_PER_SEC) % 60;
    parse->second = time / DATETIME_USEC_PER_SEC % 60;
    parse->fraction = time % DATETIME_USEC_PER_SEC;
    return claim(parse, HAVE_TIME | HAVE_ZONE | (word->kind == DATETIME_NOW ? HAVE_DATE : 0));
}

static enum result
read_mark(struct parse *parse, size_t index, int mark)
{
    enum datetime_field_kind next;

    if (index + 1 >= parse->cut.count)
        return BAD_FORMAT;
    next = parse->cut.fields[index + 1].kind;
    if (mark == 'j') {
        parse->is_julian_next = true;
        return next == DATETIME_FIELD_NUMBER && !parse->time_only ? GOOD : BAD_FORMAT;
    }
    if (!parse->time_only && (parse->have & HAVE_DATE) != HAVE_DATE)
        return BAD_FORMAT;
    parse->is_time_next = true;
    return next == DATETIME_FIELD_NUMBER || next == DATETIME_FIELD_TIME ||
                   next == DATETIME_FIELD_DATE
               ? GOOD
               : BAD_FORMAT;
}

static enum result
read_word(struct parse *parse, size_t index)
{
    const char *text = parse->cut.fields[index].text;
    const struct datetime_word *word = datetime_find_zone(text);

    if (word == NULL)
        word = datetime_find_word(text);
    if (word == NULL || (parse->time_only && word->kind <= DATETIME_WEEKDAY))
        return BAD_FORMAT;
    switch (word->kind) {
    case DATETIME_MONTH:
        return read_month_word(parse, word->value);
    case DATETIME_WEEKDAY:
        return claim(parse, HAVE_WEEKDAY);
    case DATETIME_HALF:
        parse->half = word->value;
        return claim(parse, HAVE_HALF);
    case DATETIME_ERA:
        parse->bc = word->value != 0;
        return claim(parse, HAVE_ERA);
    case DATETIME_ZONE:
        parse->offset = (int64_t)word->value * 60;
        return claim(parse, HAVE_ZONE);
    case DATETIME_MARK:
        return read_mark(parse, index, word->value);
    case DATETIME_FILL:
        return GOOD;
    case DATETIME_NOW:
    case DATETIME_DAY:
    case DATETIME_MIDNIGHT:
        return read_day_word(parse, word);
    case DATETIME_EPOCH:
    case DATETIME_INFINITE:
        parse->special = word->kind == DATETIME_EPOCH ? SPECIAL_EPOCH
                         : word->value > 0            ? SPECIAL_INFINITY
                                                      : SPECIAL_MINUS_INFINITY;
        return parse->time_only ? BAD_FORMAT : claim(parse, HAVE_SPECIAL);
    default:
        return BAD_FORMAT;
    }
}

static enum result
read_field(struct parse *parse, size_t index)
{
    struct datetime_field *field = &parse->cut.fields[index];

    switch (field->kind) {
    case DATETIME_FIELD_DATE:
        return read_date_field(parse, index);
    case DATETIME_FIELD_TIME:
        parse->is_time_next = false;
        return parse->is_julian_next ? BAD_FORMAT : read_time(parse, field->text);
    case DATETIME_FIELD_ZONE:
        return read_offset(parse, field->text);
    case DATETIME_FIELD_NUMBER:
        return read_number_field(parse, index);
    case DATETIME_FIELD_WORD:
    case DATETIME_FIELD_SIGNED_WORD:
    default:
        return read_word(parse, index);
    }
}

static enum result
check_date(struct parse *parse)
{
    if ((parse->have & HAVE_YEAR) != 0 && !parse->julian) {
        if (parse->bc && parse->year <= 0)
            return OUT_OF_RANGE;
        if (parse->bc)
            parse->year = -(parse->year - 1);
        else if (parse->two_digit_year)
            parse->year += parse->year < 70 ? 2000 : 1900;
        else if (parse->year <= 0)
            return OUT_OF_RANGE;
    }
    if ((parse->have & HAVE_MONTH) != 0 && (parse->month < 1 || parse->month > 12))
        return OUT_OF_RANGE_MDY;
    if ((parse->have & HAVE_DAY) != 0 && (parse->day < 1 || parse->day > 31))
        return OUT_OF_RANGE_MDY;
    if ((parse->have & HAVE_DATE) == HAVE_DATE &&
        parse->day > datetime_days_in_month(parse->year, parse->month))
        return OUT_OF_RANGE;
    return GOOD;
}

static enum result
read_all(struct parse *parse, struct str text)
{
    enum result result;

    if (!datetime_cut(&parse->cut, text))
        return BAD_FORMAT;
    for (size_t i = 0; i < parse->cut.count; i++) {
        result = read_field(parse, i);
        if (result != GOOD)
            return result;
    }
    result = check_date(parse);
    if (result != GOOD || parse->special != SPECIAL_NONE)
        return result;
    if (parse->half != 0 && parse->hour > 12)
        return OUT_OF_RANGE;
    if (parse->half < 0 && parse->hour == 12)
        parse->hour = 0;
    else if (parse->half > 0 && parse->hour != 12)
        parse->hour += 12;
    if (parse->time_only && (parse->minute > 59 || parse->second > 60 || is_past_midnight(parse)))
        return OUT_OF_RANGE;
    if (parse->time_only)
        return (parse->have & HAVE_TIME) != 0 ? GOOD : BAD_FORMAT;
    return (parse->have & HAVE_DATE) == HAVE_DATE ? GOOD : BAD_FORMAT;
}

static bool
fail(const struct parse *parse, enum result result, const char *type, struct str text,
     struct err *err)
{
    if (result == OUT_OF_RANGE || result == OUT_OF_RANGE_MDY) {
        err_set(err, ERR_DB, "22008", "date/time field value out of range: \"%.*s\"",
                STR_ARG(text));
        if (result == OUT_OF_RANGE_MDY)
            err_hint(err, "Perhaps you need a different \"datestyle\" setting.");
        return false;
    }
    if (result == BAD_OFFSET)
        return err_set(err, ERR_DB, "22009", "time zone displacement out of range: \"%.*s\"",
                       STR_ARG(text));
    if (result == BAD_ZONE)
        return err_set(err, ERR_DB, "22023", "time zone \"%s\" not recognized", parse->zone);
    return err_set(err, ERR_DB, "22007", "invalid input syntax for type %s: \"%.*s\"", type,
                   STR_ARG(text));
}

bool
datetime_parse_date(struct str text, int64_t now_us, int64_t *out, struct err *err)
{
    struct parse parse;
    enum result result;

    if (text.len == 10 && datetime_scan_date(text, out))
        return true;
    parse = (struct parse){.now_us = now_us};
    result = read_all(&parse, text);
    if (result != GOOD)
        return fail(&parse, result, "date", text, err);
    if (parse.special == SPECIAL_NONE)
        *out = datetime_days_from_civil(parse.year, (int)parse.month, (int)parse.day);
    else
        *out = parse.special == SPECIAL_EPOCH      ? 0
               : parse.special == SPECIAL_INFINITY ? DATETIME_INFINITY
                                                   : DATETIME_MINUS_INFINITY;
    if (parse.special == SPECIAL_NONE && (parse.year < 1 || parse.year > 9999))
        return err_set(err, ERR_DB, "22008", "date out of range: \"%.*s\"", STR_ARG(text));
    return true;
}

bool
datetime_parse_time(struct str text, int64_t now_us, int32_t precision, int64_t *out,
                    struct err *err)
{
    struct parse parse = {.now_us = now_us, .time_only = true};
    enum result result = read_all(&parse, text);

    if (result != GOOD)
        return fail(&parse, result, "time", text, err);
    *out = datetime_round_time(time_of(&parse), precision);
    return true;
}

bool
datetime_parse_timestamp(struct str text, bool zoned, int64_t now_us, int32_t precision,
                         int64_t *out, struct err *err)
{
    const char *type = zoned ? "timestamp with time zone" : "timestamp";
    struct parse parse;
    enum result result;
    int64_t days;

    if (datetime_scan_timestamp(text, zoned, precision, out))
        return true;
    parse = (struct parse){.now_us = now_us};
    result = read_all(&parse, text);
    if (result != GOOD)
        return fail(&parse, result, type, text, err);
    if (parse.special != SPECIAL_NONE) {
        *out = parse.special == SPECIAL_EPOCH      ? 0
               : parse.special == SPECIAL_INFINITY ? DATETIME_INFINITY
                                                   : DATETIME_MINUS_INFINITY;
        return true;
    }
    if (parse.year >= 0 && parse.year <= 10000) {
        days = datetime_days_from_civil(parse.year, (int)parse.month, (int)parse.day);
        *out = days * DATETIME_USEC_PER_DAY + time_of(&parse) -
               (zoned ? parse.offset * DATETIME_USEC_PER_SEC : 0);
        *out = datetime_round(*out, precision);
        if (datetime_in_range(*out))
            return true;
    }
    return err_set(err, ERR_DB, "22008", "timestamp out of range: \"%.*s\"", STR_ARG(text));
}
