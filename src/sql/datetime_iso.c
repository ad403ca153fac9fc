/* SPDX-License-Identifier: Apache-2.0 */
/* The forms that nearly every client sends, without the machinery of datetime_parse.c. What is not
 * read here is not wrong yet. */
#include "sql/datetime.h"
#include "sql/datetime_impl.h"

bool
datetime_scan_date(struct str text, int64_t *days)
{
    static const char form[] = "dddd-dd-dd";
    int64_t year;
    int64_t month;
    int64_t day;

    if (text.len < 10)
        return false;
    for (size_t i = 0; i < 10; i++) {
        if (form[i] == 'd' ? !datetime_is_digit(text.data[i]) : text.data[i] != '-')
            return false;
    }
    year = datetime_digits(text.data, 0, 4);
    month = datetime_digits(text.data, 5, 2);
    day = datetime_digits(text.data, 8, 2);
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > datetime_days_in_month(year, month))
        return false;
    *days = datetime_days_from_civil(year, (int)month, (int)day);
    return true;
}

static bool
scan_two(struct str text, size_t *at, int64_t max, int64_t *out)
{
    if (text.len - *at < 2 || !datetime_is_digit(text.data[*at]) ||
        !datetime_is_digit(text.data[*at + 1]))
        return false;
    *out = datetime_digits(text.data, *at, 2);
    *at += 2;
    return *out <= max;
}

static bool
scan_char(struct str text, size_t *at, char c)
{
    if (*at >= text.len || text.data[*at] != c)
        return false;
    (*at)++;
    return true;
}

/* hh:mm:ss with up to six digits more, then nothing, Z or an offset of hours and minutes. */
static bool
scan_iso_time(struct str text, size_t at, int64_t *time, int64_t *offset)
{
    int64_t hour;
    int64_t minute;
    int64_t second;
    int64_t unit = DATETIME_USEC_PER_SEC / 10;
    bool west;

    if (!scan_two(text, &at, 23, &hour) || !scan_char(text, &at, ':') ||
        !scan_two(text, &at, 59, &minute) || !scan_char(text, &at, ':') ||
        !scan_two(text, &at, 59, &second))
        return false;
    *time = ((hour * 60 + minute) * 60 + second) * DATETIME_USEC_PER_SEC;
    *offset = 0;
    if (scan_char(text, &at, '.')) {
        for (; at < text.len && datetime_is_digit(text.data[at]); at++, unit /= 10) {
            if (unit == 0)
                return false;
            *time += unit * (text.data[at] - '0');
        }
    }
    if (at == text.len || scan_char(text, &at, 'Z'))
        return at == text.len;
    west = text.data[at] == '-';
    if (!west && text.data[at] != '+')
        return false;
    at++;
    minute = 0;
    if (!scan_two(text, &at, DATETIME_OFFSET_HOURS, &hour) ||
        (scan_char(text, &at, ':') && !scan_two(text, &at, 59, &minute)))
        return false;
    *offset = (west ? -1 : 1) * (hour * 60 + minute) * 60 * DATETIME_USEC_PER_SEC;
    return at == text.len;
}

bool
datetime_scan_timestamp(struct str text, bool zoned, int32_t precision, int64_t *out)
{
    int64_t days;
    int64_t time;
    int64_t offset;

    if (text.len < 19 || (text.data[10] != 'T' && text.data[10] != ' ') ||
        !datetime_scan_date(text, &days) || !scan_iso_time(text, 11, &time, &offset))
        return false;
    *out = datetime_round(days * DATETIME_USEC_PER_DAY + time - (zoned ? offset : 0), precision);
    return datetime_in_range(*out);
}
