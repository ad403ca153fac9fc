/* SPDX-License-Identifier: Apache-2.0 */
/* The calendar, rounding and output. Input is in datetime_parse.c, intervals in their own file. */
#include "sql/datetime.h"

/* 2000-01-01, from which PostgreSQL counts: "away from zero" is away from that. */
#define POSTGRES_EPOCH_US (INT64_C(10957) * DATETIME_USEC_PER_DAY)

int64_t
datetime_days_from_civil(int64_t year, int month, int day)
{
    /* Years that begin in March put the leap day at their end; 400 of them have 146097 days. */
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

void
datetime_civil_from_days(int64_t days, int64_t *year, int *month, int *day)
{
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted_month = (5 * day_of_year + 2) / 153;

    *day = (int)(day_of_year - (153 * shifted_month + 2) / 5 + 1);
    *month = (int)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    *year = year_of_era + era * 400 + (*month <= 2 ? 1 : 0);
}

bool
datetime_in_range(int64_t usec)
{
    /* 0001-01-01 and 10000-01-01. */
    static const int64_t first = INT64_C(-719162) * DATETIME_USEC_PER_DAY;
    static const int64_t end = INT64_C(2932897) * DATETIME_USEC_PER_DAY;

    return usec == DATETIME_INFINITY || usec == DATETIME_MINUS_INFINITY ||
           (usec >= first && usec < end);
}

static int64_t
round_to(int64_t usec, int32_t precision)
{
    static const int64_t units[] = {1000000, 100000, 10000, 1000, 100, 10};
    int64_t unit;

    if (precision < 0 || precision >= (int32_t)COUNTOF(units))
        return usec;
    unit = units[precision];
    return usec >= 0 ? (usec + unit / 2) / unit * unit : -((-usec + unit / 2) / unit * unit);
}

int64_t
datetime_round(int64_t usec, int32_t precision)
{
    if (usec == DATETIME_INFINITY || usec == DATETIME_MINUS_INFINITY)
        return usec;
    return round_to(usec - POSTGRES_EPOCH_US, precision) + POSTGRES_EPOCH_US;
}

int64_t
datetime_round_time(int64_t usec, int32_t precision)
{
    return round_to(usec, precision);
}

static char *
put2(char *to, int value)
{
    to[0] = (char)('0' + value / 10);
    to[1] = (char)('0' + value % 10);
    return to + 2;
}

static char *
put_date(char *to, int64_t days)
{
    int64_t year;
    int month;
    int day;

    datetime_civil_from_days(days, &year, &month, &day);
    to = put2(to, (int)(year / 100));
    to = put2(to, (int)(year % 100));
    *to++ = '-';
    to = put2(to, month);
    *to++ = '-';
    return put2(to, day);
}

static char *
put_time(char *to, int64_t usec)
{
    int64_t seconds = usec / DATETIME_USEC_PER_SEC;
    int fraction = (int)(usec % DATETIME_USEC_PER_SEC);

    to = put2(to, (int)(seconds / 3600));
    *to++ = ':';
    to = put2(to, (int)(seconds / 60 % 60));
    *to++ = ':';
    to = put2(to, (int)(seconds % 60));
    if (fraction > 0) {
        int digits = 6;

        for (; fraction % 10 == 0; digits--)
            fraction /= 10;
        *to++ = '.';
        for (int i = digits - 1; i >= 0; i--, fraction /= 10)
            to[i] = (char)('0' + fraction % 10);
        to += digits;
    }
    return to;
}

static bool
put_infinity(struct buf *out, int64_t value)
{
    if (value == DATETIME_INFINITY)
        BUF_ADD_LIT(out, "infinity");
    else if (value == DATETIME_MINUS_INFINITY)
        BUF_ADD_LIT(out, "-infinity");
    else
        return false;
    return true;
}

void
datetime_write_date(struct buf *out, int64_t days)
{
    char text[16];

    if (!put_infinity(out, days))
        buf_add(out, text, (size_t)(put_date(text, days) - text));
}

void
datetime_write_time(struct buf *out, int64_t usec)
{
    char text[24];

    buf_add(out, text, (size_t)(put_time(text, usec) - text));
}

void
datetime_write_timestamp(struct buf *out, int64_t usec, bool zoned, char sep)
{
    char text[40];
    char *to = text;
    int64_t days = usec / DATETIME_USEC_PER_DAY;

    if (put_infinity(out, usec))
        return;
    if (usec % DATETIME_USEC_PER_DAY < 0)
        days--;
    to = put_date(to, days);
    *to++ = sep;
    to = put_time(to, usec - days * DATETIME_USEC_PER_DAY);
    if (zoned) {
        memcpy(to, "+00:00", 6);
        to += sep == 'T' ? 6 : 3;
    }
    buf_add(out, text, (size_t)(to - text));
}
