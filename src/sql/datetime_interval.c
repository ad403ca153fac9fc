/* SPDX-License-Identifier: Apache-2.0 */
/* Intervals: months, days and microseconds, which PostgreSQL keeps apart. */
#include <math.h>

#include "sql/datetime.h"
#include "sql/datetime_impl.h"

enum unit {
    UNIT_NONE,
    UNIT_USEC,
    UNIT_MSEC,
    UNIT_SECOND,
    UNIT_MINUTE,
    UNIT_HOUR,
    UNIT_DAY,
    UNIT_WEEK,
    UNIT_MONTH,
    UNIT_YEAR,
    UNIT_DECADE,
    UNIT_CENTURY,
    UNIT_MILLENNIUM
};

#define AGO (-1)
#define TOKEN_MAX 10              /* letters of a word that count */
#define TOTAL_MAX (INT64_MAX / 4) /* so that fractions and signs need no check */

static const struct {
    const char *text;
    int unit;
} words[] = {
    {"us", UNIT_USEC},
    {"usec", UNIT_USEC},
    {"usecs", UNIT_USEC},
    {"usecond", UNIT_USEC},
    {"useconds", UNIT_USEC},
    {"microsecon", UNIT_USEC},
    {"ms", UNIT_MSEC},
    {"msec", UNIT_MSEC},
    {"msecs", UNIT_MSEC},
    {"msecond", UNIT_MSEC},
    {"mseconds", UNIT_MSEC},
    {"millisecon", UNIT_MSEC},
    {"s", UNIT_SECOND},
    {"sec", UNIT_SECOND},
    {"secs", UNIT_SECOND},
    {"second", UNIT_SECOND},
    {"seconds", UNIT_SECOND},
    {"m", UNIT_MINUTE},
    {"min", UNIT_MINUTE},
    {"mins", UNIT_MINUTE},
    {"minute", UNIT_MINUTE},
    {"minutes", UNIT_MINUTE},
    {"h", UNIT_HOUR},
    {"hr", UNIT_HOUR},
    {"hrs", UNIT_HOUR},
    {"hour", UNIT_HOUR},
    {"hours", UNIT_HOUR},
    {"d", UNIT_DAY},
    {"day", UNIT_DAY},
    {"days", UNIT_DAY},
    {"w", UNIT_WEEK},
    {"week", UNIT_WEEK},
    {"weeks", UNIT_WEEK},
    {"mon", UNIT_MONTH},
    {"mons", UNIT_MONTH},
    {"month", UNIT_MONTH},
    {"months", UNIT_MONTH},
    {"y", UNIT_YEAR},
    {"yr", UNIT_YEAR},
    {"yrs", UNIT_YEAR},
    {"year", UNIT_YEAR},
    {"years", UNIT_YEAR},
    {"dec", UNIT_DECADE},
    {"decs", UNIT_DECADE},
    {"decade", UNIT_DECADE},
    {"decades", UNIT_DECADE},
    {"c", UNIT_CENTURY},
    {"cent", UNIT_CENTURY},
    {"century", UNIT_CENTURY},
    {"centuries", UNIT_CENTURY},
    {"mil", UNIT_MILLENNIUM},
    {"mils", UNIT_MILLENNIUM},
    {"millennia", UNIT_MILLENNIUM},
    {"millennium", UNIT_MILLENNIUM},
    {"ago", AGO},
};

enum result { GOOD, BAD_FORMAT, OUT_OF_RANGE };

struct parse {
    int64_t months;
    int64_t days;
    int64_t usec;
    unsigned seen; /* bits of enum unit */
    enum unit unit;
    bool ago;
};

static enum result
claim(struct parse *parse, unsigned units)
{
    if ((parse->seen & units) != 0)
        return BAD_FORMAT;
    parse->seen |= units;
    return GOOD;
}

static bool
add(int64_t *total, int64_t value, int64_t factor)
{
    int64_t product;

    return !__builtin_mul_overflow(value, factor, &product) &&
           !__builtin_add_overflow(*total, product, total) && *total <= TOTAL_MAX &&
           *total >= -TOTAL_MAX;
}

/* A part of a day, in days. */
static void
add_days_part(struct parse *parse, double part)
{
    parse->usec += (int64_t)rint(part * (double)DATETIME_USEC_PER_DAY);
}

/* A part of a unit of so many days. */
static void
add_part(struct parse *parse, double part, int days)
{
    double whole = trunc(part * days);

    parse->days += (int64_t)whole;
    add_days_part(parse, part * days - whole);
}

/* value and its fraction in the present unit. */
static enum result
add_units(struct parse *parse, int64_t value, double fraction)
{
    static const struct {
        int64_t usec;
        int64_t days;
        int64_t months;
    } sizes[] = {
        [UNIT_USEC] = {1, 0, 0},          [UNIT_MSEC] = {1000, 0, 0},
        [UNIT_SECOND] = {1000000, 0, 0},  [UNIT_MINUTE] = {60000000, 0, 0},
        [UNIT_HOUR] = {3600000000, 0, 0}, [UNIT_DAY] = {0, 1, 0},
        [UNIT_WEEK] = {0, 7, 0},          [UNIT_MONTH] = {0, 0, 1},
        [UNIT_YEAR] = {0, 0, 12},         [UNIT_DECADE] = {0, 0, 120},
        [UNIT_CENTURY] = {0, 0, 1200},    [UNIT_MILLENNIUM] = {0, 0, 12000},
    };
    enum unit unit = parse->unit;
    unsigned units = 1u << unit;

    if (unit == UNIT_NONE)
        return BAD_FORMAT;
    if (!add(&parse->usec, value, sizes[unit].usec) ||
        !add(&parse->days, value, sizes[unit].days) ||
        !add(&parse->months, value, sizes[unit].months))
        return OUT_OF_RANGE;
    if (sizes[unit].usec > 0)
        parse->usec += (int64_t)rint(fraction * (double)sizes[unit].usec);
    else if (unit == UNIT_MONTH)
        add_part(parse, fraction, 30);
    else if (sizes[unit].months > 0)
        parse->months += (int64_t)rint(fraction * (double)sizes[unit].months);
    else if (unit == UNIT_WEEK)
        add_part(parse, fraction, 7);
    else
        add_days_part(parse, fraction);
    /* Seconds with a fraction are milliseconds and microseconds too. */
    if (unit == UNIT_SECOND && fraction != 0)
        units |= 1u << UNIT_MSEC | 1u << UNIT_USEC;
    return claim(parse, units);
}

static bool
take_number(const char **text, int64_t *out)
{
    const char *start = *text;

    *out = 0;
    for (; datetime_is_digit(**text); (*text)++) {
        *out = *out * 10 + (**text - '0');
        if (*out > INT64_C(1000000000000000))
            return false;
    }
    return *text > start;
}

/* [hh:]mm:ss[.f], hh:mm; hours without a limit. */
static enum result
read_time(struct parse *parse, const char *text, bool negative)
{
    int64_t parts[3] = {0, 0, 0};
    int64_t usec;
    double fraction = 0;
    size_t count = 0;

    for (;; text++) {
        if (!take_number(&text, &parts[count++]))
            return BAD_FORMAT;
        if (*text != ':' || count == 3)
            break;
    }
    if (*text == '.') {
        char *end;

        fraction = strtod(text, &end);
        if (*end != '\0' || count == 1)
            return BAD_FORMAT;
        if (count == 2) {
            parts[2] = parts[1];
            parts[1] = parts[0];
            parts[0] = 0;
        }
    } else if (*text != '\0' || count == 1) {
        return BAD_FORMAT;
    }
    if (parts[1] > 59 || parts[2] > 60 || parts[0] > INT32_MAX)
        return OUT_OF_RANGE;
    usec = ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * DATETIME_USEC_PER_SEC +
           (int64_t)rint(fraction * 1000000);
    if (!add(&parse->usec, usec, negative ? -1 : 1))
        return OUT_OF_RANGE;
    parse->unit = UNIT_DAY;
    return claim(parse, 1u << UNIT_HOUR | 1u << UNIT_MINUTE | 1u << UNIT_SECOND | 1u << UNIT_MSEC |
                            1u << UNIT_USEC);
}

/* A number, "1.5", or years and months, "1-2"; the sign is in front. */
static enum result
read_number(struct parse *parse, const char *text)
{
    bool negative = *text == '-';
    double fraction = 0;
    int64_t value = 0;
    int64_t months;

    if (*text == '-' || *text == '+')
        text++;
    if (*text != '.' && !take_number(&text, &value))
        return datetime_is_digit(*text) ? OUT_OF_RANGE : BAD_FORMAT;
    if (parse->unit == UNIT_NONE)
        parse->unit = UNIT_SECOND;
    if (*text == '-') {
        text++;
        if (!take_number(&text, &months) || *text != '\0')
            return BAD_FORMAT;
        if (months >= 12)
            return OUT_OF_RANGE;
        parse->unit = UNIT_MONTH;
        value = value * 12 + months;
    } else if (*text == '.') {
        char *end;

        fraction = strtod(text, &end);
        if (*end != '\0')
            return BAD_FORMAT;
    } else if (*text != '\0') {
        return BAD_FORMAT;
    }
    return add_units(parse, negative ? -value : value, negative ? -fraction : fraction);
}

static enum result
read_word(struct parse *parse, const char *text)
{
    for (size_t i = 0; i < COUNTOF(words); i++) {
        if (strncmp(words[i].text, text, TOKEN_MAX) != 0)
            continue;
        if (words[i].unit == AGO)
            parse->ago = true;
        else
            parse->unit = (enum unit)words[i].unit;
        return GOOD;
    }
    return BAD_FORMAT;
}

static enum result
read_field(struct parse *parse, const struct datetime_field *field)
{
    const char *text = field->text;

    switch (field->kind) {
    case DATETIME_FIELD_TIME:
        return read_time(parse, text, false);
    case DATETIME_FIELD_ZONE:
        if (strchr(text, ':') != NULL)
            return read_time(parse, text + 1, *text == '-');
        return read_number(parse, text);
    case DATETIME_FIELD_NUMBER:
    case DATETIME_FIELD_DATE:
        return read_number(parse, text);
    case DATETIME_FIELD_WORD:
    case DATETIME_FIELD_SIGNED_WORD:
    default:
        return read_word(parse, text);
    }
}

/* The unit stands behind its number, so the fields are read from the last to the first. */
static enum result
read_fields(struct parse *parse, struct str text)
{
    struct datetime_fields fields = {0};

    if (!datetime_cut(&fields, text))
        return BAD_FORMAT;
    for (size_t i = fields.count; i-- > 0;) {
        enum result result = read_field(parse, &fields.fields[i]);

        if (result != GOOD)
            return result;
    }
    if (parse->seen == 0)
        return BAD_FORMAT;
    if (parse->ago) {
        parse->months = -parse->months;
        parse->days = -parse->days;
        parse->usec = -parse->usec;
    }
    return GOOD;
}

static enum unit
iso_unit(char letter, bool time)
{
    static const char date_letters[] = "YMWD";
    static const enum unit date_units[] = {UNIT_YEAR, UNIT_MONTH, UNIT_WEEK, UNIT_DAY};
    static const char time_letters[] = "HMS";
    static const enum unit time_units[] = {UNIT_HOUR, UNIT_MINUTE, UNIT_SECOND};
    const char *letters = time ? time_letters : date_letters;
    const char *found = letter != '\0' ? strchr(letters, letter) : NULL;

    if (found == NULL)
        return UNIT_NONE;
    return time ? time_units[found - letters] : date_units[found - letters];
}

/* ISO 8601 with designators: P1Y2M3DT4H5M6.5S. */
static enum result
read_iso(struct parse *parse, struct str text)
{
    char copy[64];
    const char *at = copy + 1;
    bool time = false;

    if (text.len < 3 || text.len >= sizeof(copy) || text.data[0] != 'P')
        return BAD_FORMAT;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    while (*at != '\0') {
        double fraction = 0;
        int64_t value = 0;
        bool negative;
        char *end;
        enum result result;

        if (*at == 'T' && !time) {
            time = true;
            at++;
            continue;
        }
        negative = *at == '-';
        if (*at == '-' || *at == '+')
            at++;
        if (!take_number(&at, &value) && *at != '.')
            return BAD_FORMAT;
        if (*at == '.') {
            fraction = strtod(at, &end);
            at = end;
        }
        parse->unit = iso_unit(*at++, time);
        if (parse->unit == UNIT_NONE)
            return BAD_FORMAT;
        result = add_units(parse, negative ? -value : value, negative ? -fraction : fraction);
        if (result != GOOD)
            return result;
    }
    return parse->seen != 0 ? GOOD : BAD_FORMAT;
}

bool
datetime_parse_interval(struct str text, struct datetime_interval *out, struct err *err)
{
    struct parse parse = {0};
    enum result result = read_fields(&parse, text);

    if (result == BAD_FORMAT) {
        parse = (struct parse){0};
        result = read_iso(&parse, text);
    }
    if (result == GOOD &&
        (parse.months != (int32_t)parse.months || parse.days != (int32_t)parse.days))
        result = OUT_OF_RANGE;
    if (result == OUT_OF_RANGE)
        return err_set(err, ERR_DB, "22015", "interval field value out of range: \"%.*s\"",
                       STR_ARG(text));
    if (result == BAD_FORMAT)
        return err_set(err, ERR_DB, "22007", "invalid input syntax for type interval: \"%.*s\"",
                       STR_ARG(text));
    out->months = (int32_t)parse.months;
    out->days = (int32_t)parse.days;
    out->usec = parse.usec;
    return true;
}

/* One part, with a plus when a negative one came before. */
static void
write_part(struct buf *out, int64_t value, const char *unit, bool *any, bool *negative)
{
    if (value == 0)
        return;
    if (*any)
        buf_add_char(out, ' ');
    if (*negative && value > 0)
        buf_add_char(out, '+');
    buf_add_i64(out, value);
    buf_add_char(out, ' ');
    buf_add_str(out, str_from(unit));
    if (value != 1)
        buf_add_char(out, 's');
    *any = true;
    *negative = value < 0;
}

void
datetime_write_interval(struct buf *out, const struct datetime_interval *value)
{
    bool any = false;
    bool negative = false;
    uint64_t usec = value->usec < 0 ? 0 - (uint64_t)value->usec : (uint64_t)value->usec;
    uint64_t hours = usec / UINT64_C(3600000000);

    write_part(out, value->months / 12, "year", &any, &negative);
    write_part(out, value->months % 12, "mon", &any, &negative);
    write_part(out, value->days, "day", &any, &negative);
    if (any && usec == 0)
        return;
    if (any)
        buf_add_char(out, ' ');
    if (value->usec < 0)
        buf_add_char(out, '-');
    else if (negative)
        buf_add_char(out, '+');
    /* datetime_write_time has two digits for the hours; there may be more here. */
    if (hours < 10)
        buf_add_char(out, '0');
    buf_add_u64(out, hours);
    struct buf rest;
    buf_init(&rest, 32);
    datetime_write_time(&rest, (int64_t)(usec % UINT64_C(3600000000)));
    buf_add_str(out, str_slice(buf_str(&rest), 2, rest.len));
    buf_fini(&rest);
}

bool
datetime_add_interval(int64_t usec, const struct datetime_interval *interval, bool minus,
                      int64_t *out, struct err *err)
{
    int64_t sign = minus ? -1 : 1;
    int64_t days;
    int64_t time;

    *out = usec;
    if (usec == DATETIME_INFINITY || usec == DATETIME_MINUS_INFINITY)
        return true;
    days = usec / DATETIME_USEC_PER_DAY - (usec % DATETIME_USEC_PER_DAY < 0);
    time = usec - days * DATETIME_USEC_PER_DAY;
    if (interval->months != 0) {
        int64_t year;
        int64_t months;
        int month;
        int day;
        int last;

        datetime_civil_from_days(days, &year, &month, &day);
        months = year * 12 + month - 1 + sign * interval->months;
        if (months < 12 || months >= INT64_C(10000) * 12)
            return err_set(err, ERR_DB, "22008", "timestamp out of range");
        year = months / 12;
        month = (int)(months % 12) + 1;
        last = datetime_days_in_month(year, month);
        days = datetime_days_from_civil(year, month, day < last ? day : last);
    }
    days += sign * interval->days;
    if (__builtin_mul_overflow(days, DATETIME_USEC_PER_DAY, out) ||
        __builtin_add_overflow(*out, time, out) ||
        __builtin_add_overflow(*out, sign * interval->usec, out) || !datetime_in_range(*out))
        return err_set(err, ERR_DB, "22008", "timestamp out of range");
    return true;
}
