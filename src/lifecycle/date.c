/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/date.h"

#define DAY_S ((int64_t)24 * 3600)

/* Days since 1970 of a day of the Gregorian calendar: years begin in March, so that the leap day is
 * the last of its year, and 400 years are 146,097 days. */
static int64_t
to_days(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t era = y / 400;
    int64_t of_era = y % 400;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void
from_days(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
    int64_t z = days + 719468;
    int64_t era = z / 146097;
    int64_t rest = z % 146097;
    int64_t of_era = (rest - rest / 1460 + rest / 36524 - rest / 146096) / 365;
    int64_t of_year = rest - (365 * of_era + of_era / 4 - of_era / 100);
    int64_t m = (5 * of_year + 2) / 153;

    *day = of_year - (153 * m + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = era * 400 + of_era + (*month <= 2);
}

/* The number that the n digits at s are; -1 when one is none. */
static int64_t
read_digits(const char *s, size_t n)
{
    int64_t value = 0;

    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return -1;
        value = value * 10 + (s[i] - '0');
    }

    return value;
}

static bool
parse(struct str s, int64_t *days)
{
    int64_t year, month, day, y, m, d;

    if (s.len != DATE_SIZE - 1 || s.data[4] != '-' || s.data[7] != '-')
        return false;
    year = read_digits(s.data, 4);
    month = read_digits(s.data + 5, 2);
    day = read_digits(s.data + 8, 2);
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    *days = to_days(year, month, day);
    from_days(*days, &y, &m, &d);

    return m == month && d == day; /* the 31st of April is the 1st of May */
}

static void
print_day(int64_t days, char out[DATE_SIZE])
{
    int64_t year, month, day;

    from_days(days, &year, &month, &day);
    snprintf(out, DATE_SIZE, "%04u-%02u-%02u", (unsigned)year % 10000, (unsigned)month % 100,
             (unsigned)day % 100);
}

bool
date_is_valid(struct str s)
{
    int64_t days;

    return parse(s, &days);
}

void
date_from_us(int64_t wall_us, char out[DATE_SIZE])
{
    print_day(wall_us / 1000000 / DAY_S, out);
}

void
date_time_from_us(int64_t wall_us, char out[DATE_TIME_SIZE])
{
    int64_t s = wall_us / 1000000;
    unsigned of_day = (unsigned)(s % DAY_S);
    char day[DATE_SIZE];

    print_day(s / DAY_S, day);
    snprintf(out, DATE_TIME_SIZE, "%sT%02u:%02u:%02uZ", day, of_day / 3600 % 24, of_day / 60 % 60,
             of_day % 60);
}

bool
date_time_to_us(struct str s, int64_t *out)
{
    int64_t days, hour, minute, second;

    if (s.len != DATE_TIME_SIZE - 1 || s.data[10] != 'T' || s.data[13] != ':' ||
        s.data[16] != ':' || s.data[19] != 'Z' || !parse(str_slice(s, 0, DATE_SIZE - 1), &days))
        return false;
    hour = read_digits(s.data + 11, 2);
    minute = read_digits(s.data + 14, 2);
    second = read_digits(s.data + 17, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
        return false;
    *out = (days * DAY_S + hour * 3600 + minute * 60 + second) * 1000000;

    return true;
}

void
date_add_days(const char *day, int days, char out[DATE_SIZE])
{
    int64_t from = 0;
    bool valid = parse(str_from(day), &from);

    assert(valid);
    (void)valid;
    print_day(from + days, out);
}

int
date_days_between(const char *from, const char *to)
{
    int64_t a = 0, b = 0;
    bool valid = parse(str_from(from), &a) && parse(str_from(to), &b);

    assert(valid);
    (void)valid;

    return (int)(b - a);
}
