/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dates and times as PostgreSQL reads and prints them under DateStyle "ISO, MDY" and time zone UTC.
 *
 * Dates are days and timestamps microseconds since 1970-01-01, times microseconds since midnight;
 * the lowest and highest integer stand for the infinities. The years 1 to 9999 are what the
 * embedded engine holds, so that text sorts as time does; anything else is out of range.
 * Source: PostgreSQL 15 documentation, 8.5 and appendix B.
 */
#ifndef CAIRN_SQL_DATETIME_H
#define CAIRN_SQL_DATETIME_H

#include "core/buf.h"
#include "core/err.h"

#define DATETIME_INFINITY INT64_MAX
#define DATETIME_MINUS_INFINITY INT64_MIN
#define DATETIME_USEC_PER_SEC INT64_C(1000000)
#define DATETIME_USEC_PER_DAY INT64_C(86400000000)

/*
 * The input functions. now_us is what "now", "today" and the like are reckoned from. precision is
 * the digits of seconds kept; -1: all six. zoned: an offset counts;
 * otherwise it is read and ignored, as PostgreSQL does. Errors: 22007, 22008, 22009, 22023.
 */
MUST_CHECK bool datetime_parse_date(struct str text, int64_t now_us, int64_t *out, struct err *err);
MUST_CHECK bool datetime_parse_time(struct str text, int64_t now_us, int32_t precision,
                                    int64_t *out, struct err *err);
MUST_CHECK bool datetime_parse_timestamp(struct str text, bool zoned, int64_t now_us,
                                         int32_t precision, int64_t *out, struct err *err);

/* The normal form: 1996-07-04, 10:00:00.5, 1996-07-04T10:00:00.5, the same with +00:00. sep is 'T'
 * for that, ' ' for PostgreSQL's own text, whose UTC is "+00". */
void datetime_write_date(struct buf *out, int64_t days);
void datetime_write_time(struct buf *out, int64_t usec);
void datetime_write_timestamp(struct buf *out, int64_t usec, bool zoned, char sep);

/* Days since 1970-01-01 of a date of the Gregorian calendar, and back. */
int64_t datetime_days_from_civil(int64_t year, int month, int day);
void datetime_civil_from_days(int64_t days, int64_t *year, int *month, int *day);
bool datetime_in_range(int64_t usec); /* years 1 to 9999, or an infinity */
/* Seconds to that many digits, half away from 2000-01-01, as PostgreSQL counts; -1: all. */
int64_t datetime_round(int64_t usec, int32_t precision);
int64_t datetime_round_time(int64_t usec, int32_t precision);

/* An interval as PostgreSQL keeps it. */
struct datetime_interval {
    int32_t months;
    int32_t days;
    int64_t usec;
};

/* "1 day", "2 years 3 mons", "-1 day +02:03:04", "1 week ago", "P1DT2H", "@ 1 minute". */
MUST_CHECK bool datetime_parse_interval(struct str text, struct datetime_interval *out,
                                        struct err *err);
/* IntervalStyle "postgres". */
void datetime_write_interval(struct buf *out, const struct datetime_interval *value);
/* usec plus (or minus) the interval: months first, the day cut to the month's last; 22008. */
MUST_CHECK bool datetime_add_interval(int64_t usec, const struct datetime_interval *interval,
                                      bool minus, int64_t *out, struct err *err);

#endif
