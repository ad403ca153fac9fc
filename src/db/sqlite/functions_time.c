/* SPDX-License-Identifier: Apache-2.0 */
/* Dates and times, in UTC. */
#include "core/err_local.h"
#include "db/sqlite/functions_impl.h"
#include "sql/datetime.h"

#define JULIAN_OF_1970 2440588

enum unit {
    UNIT_USEC,
    UNIT_MSEC,
    UNIT_SECOND,
    UNIT_MINUTE,
    UNIT_HOUR,
    UNIT_DAY,
    UNIT_WEEK,
    UNIT_MONTH,
    UNIT_QUARTER,
    UNIT_YEAR,
    UNIT_DECADE,
    UNIT_CENTURY,
    UNIT_MILLENNIUM,
    /* For extract only. */
    UNIT_DOW,
    UNIT_ISODOW,
    UNIT_DOY,
    UNIT_ISOYEAR,
    UNIT_EPOCH,
    UNIT_JULIAN,
    UNIT_ZONE,
    UNIT_ZONE_HOUR,
    UNIT_ZONE_MINUTE,
};

static const struct {
    const char *name;
    const char *plural;
    enum unit unit;
} units[] = {
    {"microsecond", "microseconds", UNIT_USEC},
    {"millisecond", "milliseconds", UNIT_MSEC},
    {"second", "seconds", UNIT_SECOND},
    {"minute", "minutes", UNIT_MINUTE},
    {"hour", "hours", UNIT_HOUR},
    {"day", "days", UNIT_DAY},
    {"week", "weeks", UNIT_WEEK},
    {"month", "months", UNIT_MONTH},
    {"quarter", "quarter", UNIT_QUARTER},
    {"year", "years", UNIT_YEAR},
    {"decade", "decades", UNIT_DECADE},
    {"century", "centuries", UNIT_CENTURY},
    {"millennium", "millennia", UNIT_MILLENNIUM},
    {"dow", "dow", UNIT_DOW},
    {"isodow", "isodow", UNIT_ISODOW},
    {"doy", "doy", UNIT_DOY},
    {"isoyear", "isoyear", UNIT_ISOYEAR},
    {"epoch", "epoch", UNIT_EPOCH},
    {"julian", "julian", UNIT_JULIAN},
    {"timezone", "timezone", UNIT_ZONE},
    {"timezone_hour", "timezone_h", UNIT_ZONE_HOUR},
    {"timezone_minute", "timezone_m", UNIT_ZONE_MINUTE},
};

static void
fail_unit(sqlite3_context *ctx, struct str name, enum type_id id, bool known)
{
    ERR_LOCAL(err);

    err_set(&err, ERR_DB, known ? "0A000" : "22023", "unit \"%.*s\" not %s for type %s",
            STR_ARG(name), known ? "supported" : "recognized", type_builtin(id)->name.data);
    fn_fail(ctx, &err);
}

/* False: the function has failed. */
static bool
unit_of(sqlite3_context *ctx, struct str name, enum type_id id, enum unit *out)
{
    for (size_t i = 0; i < COUNTOF(units); i++) {
        if (str_eq_nocase(name, str_from(units[i].name)) ||
            str_eq_nocase(name, str_from(units[i].plural))) {
            *out = units[i].unit;
            return true;
        }
    }
    fail_unit(ctx, name, id, false);
    return false;
}

/* Microseconds of a date, a time or a timestamp in normal form. False: the function has failed. */
static bool
usec_of(sqlite3_context *ctx, const struct type *type, sqlite3_value *arg, int64_t *out)
{
    ERR_LOCAL(err);
    bool ok;

    if (type->id == TYPE_TIME)
        ok = datetime_parse_time(fn_text_of(arg), 0, -1, out, &err);
    else
        ok = datetime_parse_timestamp(fn_text_of(arg), true, 0, -1, out, &err);
    if (!ok)
        fn_fail(ctx, &err);
    return ok;
}

static bool
is_infinite(int64_t value)
{
    return value == DATETIME_INFINITY || value == DATETIME_MINUS_INFINITY;
}

static int64_t
day_of(int64_t usec)
{
    return usec / DATETIME_USEC_PER_DAY - (usec % DATETIME_USEC_PER_DAY < 0);
}

static void
call_date_add(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    ERR_LOCAL(err);
    int64_t days;

    if (!datetime_parse_date(fn_text_of(argv[0]), fn->env->now_us, &days, &err)) {
        fn_fail(ctx, &err);
        return;
    }
    if (!is_infinite(days)) {
        days += fn_int_of(argv[1]);
        if (!datetime_in_range(days * DATETIME_USEC_PER_DAY)) {
            fn_fail_with(ctx, "22008", "date out of range");
            return;
        }
    }
    datetime_write_date(&fn->out, days);
    fn_result_out(fn, ctx);
}

static void
call_date_diff(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    ERR_LOCAL(err);
    int64_t a;
    int64_t b;

    if (!datetime_parse_date(fn_text_of(argv[0]), fn->env->now_us, &a, &err) ||
        !datetime_parse_date(fn_text_of(argv[1]), fn->env->now_us, &b, &err))
        fn_fail(ctx, &err);
    else if (is_infinite(a) || is_infinite(b))
        fn_fail_with(ctx, "22008", "cannot subtract infinite dates");
    else
        sqlite3_result_int64(ctx, a - b);
}

static void
call_time_add(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const struct type *type = fn_type_of(ctx, 1, argv[1], false);
    bool minus = sqlite3_value_int(argv[3]) < 0;
    struct datetime_interval interval;
    ERR_LOCAL(err);
    int64_t usec;

    if (type == NULL || !usec_of(ctx, type, argv[0], &usec))
        return;
    if (!datetime_parse_interval(fn_text_of(argv[2]), &interval, &err)) {
        fn_fail(ctx, &err);
        return;
    }
    if (type->id == TYPE_TIME) {
        usec += (minus ? -1 : 1) * (interval.usec % DATETIME_USEC_PER_DAY);
        usec = (usec % DATETIME_USEC_PER_DAY + DATETIME_USEC_PER_DAY) % DATETIME_USEC_PER_DAY;
        datetime_write_time(&fn->out, usec);
    } else if (datetime_add_interval(usec, &interval, minus, &usec, &err)) {
        datetime_write_timestamp(&fn->out, usec, type->id == TYPE_TIMESTAMPTZ, 'T');
    } else {
        fn_fail(ctx, &err);
        return;
    }
    fn_result_out(fn, ctx);
}

/* The first day of the ISO week that day is in: a Monday, as 1969-12-29 was. */
static int64_t
monday_of(int64_t day)
{
    int64_t since = day + 3;

    return day - (since % 7 + 7) % 7;
}

/* The first year of the period of so many years; centuries begin with the year 1. */
static int64_t
period_start(int64_t year, int64_t years, bool from_one)
{
    return from_one ? (year - 1) / years * years + 1 : year / years * years;
}

static bool
truncate_to(enum unit unit, int64_t usec, int64_t *out)
{
    static const int64_t sizes[] = {
        [UNIT_USEC] = 1,          [UNIT_MSEC] = 1000,       [UNIT_SECOND] = 1000000,
        [UNIT_MINUTE] = 60000000, [UNIT_HOUR] = 3600000000, [UNIT_DAY] = DATETIME_USEC_PER_DAY,
    };
    int64_t day = day_of(usec);
    int64_t year;
    int month;
    int day_of_month;

    if (unit <= UNIT_DAY) {
        int64_t rest = usec % sizes[unit];

        *out = usec - rest - (rest < 0 ? sizes[unit] : 0);
        return true;
    }
    datetime_civil_from_days(day, &year, &month, &day_of_month);
    if (unit == UNIT_WEEK)
        day = monday_of(day);
    else if (unit == UNIT_MONTH)
        day = datetime_days_from_civil(year, month, 1);
    else if (unit == UNIT_QUARTER)
        day = datetime_days_from_civil(year, (month - 1) / 3 * 3 + 1, 1);
    else if (unit == UNIT_YEAR)
        day = datetime_days_from_civil(year, 1, 1);
    else if (unit == UNIT_DECADE)
        day = datetime_days_from_civil(period_start(year, 10, false), 1, 1);
    else if (unit == UNIT_CENTURY)
        day = datetime_days_from_civil(period_start(year, 100, true), 1, 1);
    else if (unit == UNIT_MILLENNIUM)
        day = datetime_days_from_civil(period_start(year, 1000, true), 1, 1);
    else
        return false;
    *out = day * DATETIME_USEC_PER_DAY;
    return true;
}

static void
call_date_trunc(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const struct type *type = fn_type_of(ctx, 2, argv[2], false);
    struct str name = fn_text_of(argv[0]);
    enum type_id id;
    enum unit unit = UNIT_DAY;
    int64_t usec;

    if (type == NULL)
        return;
    id = type->id == TYPE_TIMESTAMP ? TYPE_TIMESTAMP : TYPE_TIMESTAMPTZ;
    if (!usec_of(ctx, type, argv[1], &usec))
        return;
    if (!is_infinite(usec) && !unit_of(ctx, name, id, &unit))
        return;
    if (!is_infinite(usec) && !truncate_to(unit, usec, &usec)) {
        fail_unit(ctx, name, id, unit >= UNIT_ZONE);
        return;
    }
    if (!datetime_in_range(usec)) {
        fn_fail_with(ctx, "22008", "timestamp out of range");
        return;
    }
    datetime_write_timestamp(&fn->out, usec, id == TYPE_TIMESTAMPTZ, 'T');
    fn_result_out(fn, ctx);
}

/* value with so many digits behind the point. */
static void
result_scaled(struct fn *fn, sqlite3_context *ctx, int64_t value, int digits)
{
    uint64_t unit = digits == 6 ? 1000000 : digits == 3 ? 1000 : 1;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    if (value < 0)
        buf_add_char(&fn->out, '-');
    buf_add_u64(&fn->out, rest / unit);
    if (digits > 0) {
        buf_add_char(&fn->out, '.');
        rest %= unit;
        for (unit /= 10; unit > 0; unit /= 10)
            buf_add_char(&fn->out, (char)('0' + rest / unit % 10));
    }
    fn_result_out(fn, ctx);
}

/* Fields of the time of day; false when unit is none. */
static bool
extract_time(struct fn *fn, sqlite3_context *ctx, enum unit unit, int64_t time)
{
    int64_t minute_part = time % (60 * DATETIME_USEC_PER_SEC);

    switch ((int)unit) {
    case UNIT_USEC:
        result_scaled(fn, ctx, minute_part, 0);
        return true;
    case UNIT_MSEC:
        result_scaled(fn, ctx, minute_part, 3);
        return true;
    case UNIT_SECOND:
        result_scaled(fn, ctx, minute_part, 6);
        return true;
    case UNIT_MINUTE:
        result_scaled(fn, ctx, time / (60 * DATETIME_USEC_PER_SEC) % 60, 0);
        return true;
    case UNIT_HOUR:
        result_scaled(fn, ctx, time / (3600 * DATETIME_USEC_PER_SEC), 0);
        return true;
    default:
        return false;
    }
}

/* Fields of the date; false when unit is none. */
static bool
date_field(enum unit unit, int64_t day, int64_t *out)
{
    int64_t thursday = monday_of(day) + 3;
    int64_t year;
    int64_t iso_year;
    int month;
    int day_of_month;

    datetime_civil_from_days(thursday, &iso_year, &month, &day_of_month);
    datetime_civil_from_days(day, &year, &month, &day_of_month);
    switch ((int)unit) {
    case UNIT_DAY:
        *out = day_of_month;
        return true;
    case UNIT_WEEK:
        *out = (thursday - datetime_days_from_civil(iso_year, 1, 1)) / 7 + 1;
        return true;
    case UNIT_MONTH:
        *out = month;
        return true;
    case UNIT_QUARTER:
        *out = (month - 1) / 3 + 1;
        return true;
    case UNIT_YEAR:
        *out = year;
        return true;
    case UNIT_DECADE:
        *out = year / 10;
        return true;
    case UNIT_CENTURY:
        *out = (year + 99) / 100;
        return true;
    case UNIT_MILLENNIUM:
        *out = (year + 999) / 1000;
        return true;
    case UNIT_DOW:
        *out = (day - monday_of(day) + 1) % 7;
        return true;
    case UNIT_ISODOW:
        *out = day - monday_of(day) + 1;
        return true;
    case UNIT_DOY:
        *out = day - datetime_days_from_civil(year, 1, 1) + 1;
        return true;
    case UNIT_ISOYEAR:
        *out = iso_year;
        return true;
    default:
        return false;
    }
}

/* Julian days, with the part of the day that has passed. */
static void
extract_julian(struct fn *fn, sqlite3_context *ctx, int64_t day, int64_t time)
{
    struct numeric days;
    struct numeric part;
    struct numeric whole;
    ERR_LOCAL(err);

    numeric_from_i64(day + JULIAN_OF_1970, fn->scratch, &days);
    numeric_from_i64(time, fn->scratch, &part);
    numeric_from_i64(DATETIME_USEC_PER_DAY, fn->scratch, &whole);
    if (numeric_div(&part, &whole, fn->scratch, &part, &err) &&
        numeric_add(&days, &part, fn->scratch, &days, &err))
        fn_result_numeric(fn, ctx, &days);
    else
        fn_fail(ctx, &err);
}

/* Fields that grow with time are infinite too, the others unknown. */
static void
extract_infinite(sqlite3_context *ctx, enum unit unit, int64_t usec)
{
    bool grows = (unit >= UNIT_YEAR && unit <= UNIT_MILLENNIUM) || unit == UNIT_ISOYEAR ||
                 unit == UNIT_EPOCH || unit == UNIT_JULIAN;

    if (grows)
        fn_result_str(ctx, usec > 0 ? STR("Infinity") : STR("-Infinity"));
}

static void
call_extract(struct fn *fn, sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const struct type *type = fn_type_of(ctx, 2, argv[2], false);
    struct str name = fn_text_of(argv[0]);
    enum unit unit;
    int64_t usec;
    int64_t value;
    int64_t time;

    if (type == NULL || !unit_of(ctx, name, type->id, &unit) || !usec_of(ctx, type, argv[1], &usec))
        return;
    if (type->id == TYPE_DATE && (unit <= UNIT_HOUR || unit >= UNIT_ZONE)) {
        fail_unit(ctx, name, type->id, true);
        return;
    }
    if (is_infinite(usec)) {
        extract_infinite(ctx, unit, usec);
        return;
    }
    time = usec - day_of(usec) * DATETIME_USEC_PER_DAY;
    /* 24:00:00 is a time of day, not the next day. */
    if (type->id == TYPE_TIME)
        time = usec;
    if (type->id != TYPE_DATE && extract_time(fn, ctx, unit, time))
        return;
    if (unit == UNIT_EPOCH && type->id == TYPE_DATE)
        result_scaled(fn, ctx, usec / DATETIME_USEC_PER_SEC, 0);
    else if (unit == UNIT_EPOCH)
        result_scaled(fn, ctx, usec, 6);
    else if (type->id != TYPE_TIME && date_field(unit, day_of(usec), &value))
        result_scaled(fn, ctx, value, 0);
    else if (unit == UNIT_JULIAN && type->id == TYPE_DATE)
        result_scaled(fn, ctx, day_of(usec) + JULIAN_OF_1970, 0);
    else if (unit == UNIT_JULIAN && type->id != TYPE_TIME)
        extract_julian(fn, ctx, day_of(usec), time);
    else if (unit >= UNIT_ZONE && type->id == TYPE_TIMESTAMPTZ)
        result_scaled(fn, ctx, 0, 0);
    else
        fail_unit(ctx, name, type->id, true);
}

static const struct fn_def defs[] = {
    {"cairn_date_add", 2, 0, call_date_add}, {"cairn_date_diff", 2, 0, call_date_diff},
    {"cairn_time_add", 4, 0, call_time_add}, {"cairn_date_trunc", 3, 0, call_date_trunc},
    {"cairn_extract", 3, 0, call_extract},
};

const struct fn_defs fn_times = {defs, COUNTOF(defs)};
