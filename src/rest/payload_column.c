/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which values may go to PostgreSQL as a column's text instead of inside of the body's JSON.
 *
 * json_populate_recordset() gives the input function of a scalar type the same text, with the
 * column's modifier. Here the modifier comes later, as an assignment, and the rows are not all read
 * before the first is written; so what is wrong would be told in another order or in other words.
 * Hence only values that can't be wrong are taken: those in the plain form of their type, well
 * inside of its range. Source: populate_scalar() of PostgreSQL 15's jsonfuncs.c, and the input
 * functions.
 */
#include "core/json.h"
#include "rest/payload.h"

#define DIGITS_MAX 30 /* before and behind the point of a number: far inside of any range */
#define JSONB_MAX ((size_t)16 << 20)

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Cuts count digits off; -1: there are fewer. */
static int
cut_digits(struct str *text, size_t count)
{
    int number = 0;

    if (text->len < count)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (!is_digit(text->data[i]))
            return -1;
        number = number * 10 + (text->data[i] - '0');
    }
    *text = str_slice(*text, count, text->len);
    return number;
}

static bool
cut_char(struct str *text, char c)
{
    if (text->len == 0 || text->data[0] != c)
        return false;
    *text = str_slice(*text, 1, text->len);
    return true;
}

static size_t
cut_any_digits(struct str *text)
{
    size_t count = 0;

    while (count < text->len && is_digit(text->data[count]))
        count++;
    *text = str_slice(*text, count, text->len);
    return count;
}

static bool
is_integer(struct str text, int64_t least, int64_t most)
{
    int64_t number = 0;
    struct str digits = text;

    (void)cut_char(&digits, '-');
    return cut_any_digits(&digits) > 0 && digits.len == 0 && str_to_i64(text, &number) &&
           number >= least && number <= most;
}

/* -12.50; whole and part are the counts of digits before the point, without zeros in front, and
 * behind. */
static bool
is_decimal(struct str text, size_t *whole, size_t *part)
{
    size_t zeros = 0;

    *part = 0;
    (void)cut_char(&text, '-');
    while (zeros < text.len && text.data[zeros] == '0')
        zeros++;
    *whole = cut_any_digits(&text);
    if (*whole == 0 || *whole > DIGITS_MAX)
        return false;
    *whole -= zeros;
    if (cut_char(&text, '.')) {
        *part = cut_any_digits(&text);
        if (*part == 0 || *part > DIGITS_MAX)
            return false;
    }
    return text.len == 0;
}

/* What rounding to the scale can't make too large. */
static bool
is_numeric(struct str text, const struct type *type)
{
    size_t whole = 0, part = 0;

    if (!is_decimal(text, &whole, &part))
        return false;
    if (type->precision < 0)
        return true;
    if (type->scale < 0 || type->scale > type->precision)
        return false;
    return whole + (part > (size_t)type->scale) <= (size_t)(type->precision - type->scale);
}

/* 2026-11-22 */
static bool
cut_date(struct str *text)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = cut_digits(text, 4);
    int month = cut_char(text, '-') ? cut_digits(text, 2) : -1;
    int day = cut_char(text, '-') ? cut_digits(text, 2) : -1;
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return year > 0 && month > 0 && month <= 12 && day > 0 &&
           day <= days[month - 1] + (month == 2 && is_leap);
}

/* 10:14, 10:14:03 or 10:14:03.5 */
static bool
cut_time(struct str *text)
{
    int hour = cut_digits(text, 2);
    int minute = cut_char(text, ':') ? cut_digits(text, 2) : -1;
    int second = cut_char(text, ':') ? cut_digits(text, 2) : 0;
    size_t digits = 0;

    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
        return false;
    if (!cut_char(text, '.'))
        return true;
    digits = cut_any_digits(text);
    return digits > 0 && digits <= 6;
}

/* Z, +02, +0200 or +02:00 */
static bool
cut_zone(struct str *text)
{
    int hour = 0, minute = 0;

    if (cut_char(text, 'Z'))
        return true;
    if (!cut_char(text, '+') && !cut_char(text, '-'))
        return false;
    hour = cut_digits(text, 2);
    if (text->len > 0) {
        (void)cut_char(text, ':');
        minute = cut_digits(text, 2);
    }
    return hour >= 0 && hour <= 14 && minute >= 0 && minute <= 59;
}

static bool
is_timestamp(struct str text)
{
    if (!cut_date(&text))
        return false;
    if (text.len == 0)
        return true;
    return (cut_char(&text, 'T') || cut_char(&text, ' ')) && cut_time(&text) &&
           (text.len == 0 || (cut_zone(&text) && text.len == 0));
}

static bool
is_hex(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        if (!is_digit(c) && !(c >= 'a' && c <= 'f') && !(c >= 'A' && c <= 'F'))
            return false;
    }
    return true;
}

/* 6f1d2c1e-8a55-4d2f-9f0e-3f1b6f0a7c11 */
static bool
is_uuid(struct str text)
{
    static const size_t ends[] = {8, 13, 18, 23, 36};
    size_t from = 0;

    if (text.len != 36)
        return false;
    for (size_t i = 0; i < COUNTOF(ends); i++) {
        if (!is_hex(str_slice(text, from, ends[i])) || (ends[i] < 36 && text.data[ends[i]] != '-'))
            return false;
        from = ends[i] + 1;
    }
    return true;
}

static bool
is_label(struct str text, const struct type *type)
{
    uint32_t i = 0;

    while (i < type->label_count && !str_eq(text, type->labels[i]))
        i++;
    return i < type->label_count;
}

/* JSON whose numbers have no exponent and few digits: jsonb has no others that are too large. */
static bool
is_plain_json(struct str raw)
{
    bool in_string = false;
    size_t digits = 0;

    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.data[i];

        if (in_string) {
            i += c == '\\';
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (is_digit(c)) {
            if (++digits > DIGITS_MAX)
                return false;
        } else if (c == 'E' || (c == 'e' && digits > 0)) {
            return false;
        } else {
            digits = 0;
        }
    }
    return raw.len <= JSONB_MAX;
}

static bool
is_plain_text(struct str text, const struct type *type)
{
    switch (type->id) {
    case TYPE_BOOL:
        return str_eq(text, STR("true")) || str_eq(text, STR("false"));
    case TYPE_INT2:
        return is_integer(text, INT16_MIN, INT16_MAX);
    case TYPE_INT4:
        return is_integer(text, INT32_MIN, INT32_MAX);
    case TYPE_INT8:
        return is_integer(text, INT64_MIN, INT64_MAX);
    case TYPE_FLOAT4:
    case TYPE_FLOAT8:
        return is_decimal(text, &(size_t){0}, &(size_t){0});
    case TYPE_NUMERIC:
        return is_numeric(text, type);
    case TYPE_TEXT:
        return true;
    case TYPE_VARCHAR:
    case TYPE_BPCHAR:
        /* The modifier counts characters, of which there are no more than bytes. */
        return type->length < 0 || text.len <= (size_t)type->length;
    case TYPE_BYTEA:
        return str_has_prefix(text, STR("\\x")) && text.len % 2 == 0 &&
               is_hex(str_slice(text, 2, text.len));
    case TYPE_DATE:
        return cut_date(&text) && text.len == 0;
    case TYPE_TIME:
        return cut_time(&text) && text.len == 0;
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
        return is_timestamp(text);
    case TYPE_UUID:
        return is_uuid(text);
    case TYPE_ENUM:
        return is_label(text, type);
    case TYPE_UNKNOWN:
    case TYPE_TIMETZ:
    case TYPE_INTERVAL:
    case TYPE_JSON:
    case TYPE_JSONB:
    case TYPE_TSVECTOR:
    case TYPE_TSQUERY:
    case TYPE_ARRAY:
    case TYPE_OTHER:
        break;
    }
    return false;
}

static bool
is_plain(const struct json *member, const struct type *type)
{
    if (member->type == JSON_NULL)
        return true;
    if (type_is_json(type))
        return member->type == JSON_STRING || type->id == TYPE_JSON || is_plain_json(member->raw);
    return member->type != JSON_ARRAY && member->type != JSON_OBJECT &&
           is_plain_text(payload_value_text(member, false), type);
}

/* A string of JSON in a column of JSON stays one, written as PostgreSQL's escape_json() writes
 * it. */
struct str
payload_column_text(const struct json *member, const struct type *type, struct arena *arena)
{
    bool is_json = type_is_json(type);
    struct str text = payload_value_text(member, is_json);
    struct buf buf;

    if (!is_json || text.data == NULL || member->type != JSON_STRING ||
        str_find_char(text, '\\', 0) == text.len)
        return text;
    buf_init(&buf, text.len * 6 + 2);
    json_write_str(&buf, member->text);
    text = arena_copy(arena, buf_str(&buf));
    buf_fini(&buf);
    return text;
}

const struct json *
payload_find_member(const struct json *row, struct str key, const struct json **cursor)
{
    const struct json *member = *cursor != NULL ? (*cursor)->next : row->first;

    if (member == NULL || !str_eq(member->key, key)) {
        for (member = row->first; member != NULL; member = member->next) {
            if (str_eq(member->key, key))
                break;
        }
    }
    if (member != NULL)
        *cursor = member;
    return member;
}

static bool
is_row_plain(const struct json *row, const struct model_column *const *columns, uint32_t count,
             bool whole)
{
    const struct json *cursor = NULL;

    for (uint32_t i = 0; i < count; i++) {
        const struct json *member = payload_find_member(row, columns[i]->name, &cursor);

        if (member == NULL ? whole : !is_plain(member, &columns[i]->type))
            return false;
    }
    return true;
}

/* A domain reads values itself, with its checks. */
static bool
has_plain_values(const struct type *type)
{
    static const bool ids[] = {
        [TYPE_BOOL] = true,        [TYPE_INT2] = true,   [TYPE_INT4] = true,
        [TYPE_INT8] = true,        [TYPE_FLOAT4] = true, [TYPE_FLOAT8] = true,
        [TYPE_NUMERIC] = true,     [TYPE_TEXT] = true,   [TYPE_VARCHAR] = true,
        [TYPE_BPCHAR] = true,      [TYPE_BYTEA] = true,  [TYPE_DATE] = true,
        [TYPE_TIME] = true,        [TYPE_UUID] = true,   [TYPE_TIMESTAMP] = true,
        [TYPE_TIMESTAMPTZ] = true, [TYPE_ENUM] = true,   [TYPE_JSON] = true,
        [TYPE_JSONB] = true,       [TYPE_OTHER] = false,
    };

    return ids[type->id] && !type->is_domain && type->forms == NULL;
}

enum payload_way
payload_choose_way(const struct payload *payload, uint32_t rows, const struct payload_names *names,
                   const struct schema_table *table, struct arena *arena)
{
    const struct model_column **columns =
        ARENA_ARRAY(arena, const struct model_column *, names->count + 1);
    const struct json *row = payload->first;

    for (uint32_t i = 0; i < names->count; i++) {
        columns[i] = schema_find_column(table, names->items[i]);
        if (columns[i] == NULL || !has_plain_values(&columns[i]->type) ||
            (names->all_present && schema_column_draws(columns[i])))
            return PAYLOAD_AS_JSON;
    }
    for (uint32_t i = 0; i < rows; i++, row = row->next) {
        if (!is_row_plain(row, columns, names->count, names->all_present))
            return PAYLOAD_AS_JSON;
    }
    if (names->count == 0 || rows == 0)
        return PAYLOAD_AS_JSON;
    return rows == 1 ? PAYLOAD_AS_ROW : PAYLOAD_AS_ARRAYS;
}
