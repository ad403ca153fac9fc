/* SPDX-License-Identifier: Apache-2.0 */
#include "core/log_line.h"

#include "core/json.h"

#include <math.h>
#include <time.h>

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static const char *const level_colors[] = {"\033[2m", "\033[32m", "\033[33m", "\033[31m"};

#define COLOR_DIM "\033[2m"
#define COLOR_BOLD "\033[1m"
#define COLOR_OFF "\033[0m"

static void
add_padded(struct buf *out, unsigned value, int width)
{
    char text[10];

    for (int i = width - 1; i >= 0; i--) {
        text[i] = (char)('0' + value % 10);
        value /= 10;
    }
    buf_add(out, text, (size_t)width);
}

/* Days to a date of the Gregorian calendar, counted in eras of 400 years from 0000-03-01. */
static void
add_date(struct buf *out, int64_t days_since_1970)
{
    int64_t days = days_since_1970 + 719468;
    int64_t era = days / 146097;
    unsigned day = (unsigned)(days - era * 146097);
    unsigned year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    unsigned month;

    day -= 365 * year + year / 4 - year / 100;
    month = (5 * day + 2) / 153;
    day -= (153 * month + 2) / 5;
    month = month < 10 ? month + 3 : month - 9;

    add_padded(out, (unsigned)(era * 400) + year + (month <= 2), 4);
    buf_add_char(out, '-');
    add_padded(out, month, 2);
    buf_add_char(out, '-');
    add_padded(out, day + 1, 2);
}

static void
add_clock(struct buf *out, unsigned seconds)
{
    add_padded(out, seconds / 3600, 2);
    buf_add_char(out, ':');
    add_padded(out, seconds / 60 % 60, 2);
    buf_add_char(out, ':');
    add_padded(out, seconds % 60, 2);
}

static void
add_time_utc(struct buf *out, int64_t wall_us)
{
    int64_t seconds = wall_us / 1000000;

    add_date(out, seconds / 86400);
    buf_add_char(out, 'T');
    add_clock(out, (unsigned)(seconds % 86400));
    buf_add_char(out, '.');
    add_padded(out, (unsigned)(wall_us / 1000 % 1000), 3);
    buf_add_char(out, 'Z');
}

static void
add_time_local(struct buf *out, int64_t wall_us)
{
    time_t seconds = (time_t)(wall_us / 1000000);
    struct tm tm = {0};

    localtime_r(&seconds, &tm);
    add_clock(out, (unsigned)(tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec));
}

/* The value, cut inside no character, with U+FFFD for what isn't UTF-8. clean is the memory for
 * the rare case that it must be changed. */
static struct str
clean_value(struct str value, struct buf *clean)
{
    size_t len = value.len < LOG_VALUE_MAX ? value.len : LOG_VALUE_MAX;
    size_t at = 0;

    if (len < value.len) {
        for (int i = 0; i < 3 && ((unsigned char)value.data[len] & 0xC0) == 0x80; i++)
            len--;
    }
    value.len = len;
    if (str_is_utf8(value))
        return value;

    while (at < value.len) {
        size_t step = str_utf8_step(value, at);

        if (step > 0)
            buf_add(clean, value.data + at, step);
        else
            BUF_ADD_LIT(clean, "\xEF\xBF\xBD");
        at += step > 0 ? step : 1;
    }
    return buf_str(clean);
}

static void
add_number(struct buf *out, const struct log_field *field)
{
    if (field->type == LOG_F_I64)
        buf_add_i64(out, field->i64);
    else if (field->type == LOG_F_F64 && isfinite(field->f64))
        buf_add_f64(out, field->f64);
    else if (field->type == LOG_F_F64)
        BUF_ADD_LIT(out, "null");
    else
        buf_add_str(out, field->i64 != 0 ? STR("true") : STR("false"));
}

static void
add_json_value(struct buf *out, const struct log_field *field)
{
    struct buf clean;

    if (field->type != LOG_F_STR) {
        add_number(out, field);
        return;
    }
    if (field->str.data == NULL) {
        BUF_ADD_LIT(out, "null");
        return;
    }
    buf_init(&clean, 3 * LOG_VALUE_MAX);
    json_write_str(out, clean_value(field->str, &clean));
    buf_fini(&clean);
}

static void
add_json_start(struct buf *out, const struct log_line *line)
{
    BUF_ADD_LIT(out, "{\"time\":\"");
    add_time_utc(out, line->wall_us);
    BUF_ADD_LIT(out, "\",\"level\":\"");
    buf_add_str(out, str_from(level_names[line->level]));
    BUF_ADD_LIT(out, "\",\"event\":");
    json_write_str(out, str_from(line->event));
}

/* Takes back a line that has become too long; what stood in the buffer before stays. */
static bool
cut_too_long(struct buf *out, size_t start)
{
    if (buf_ok(out) && out->len - start <= LOG_LINE_MAX)
        return false;
    out->len = start;
    out->overflowed = false;
    return true;
}

void
log_line_json(const struct log_line *line, struct buf *out)
{
    size_t start = out->len;

    add_json_start(out, line);
    for (size_t i = 0; i < line->count; i++) {
        buf_add_char(out, ',');
        json_write_str(out, str_from(line->fields[i].name));
        buf_add_char(out, ':');
        add_json_value(out, &line->fields[i]);
    }
    BUF_ADD_LIT(out, "}\n");
    if (cut_too_long(out, start)) {
        add_json_start(out, line);
        BUF_ADD_LIT(out, ",\"truncated\":true}\n");
    }
}

/* Nothing in it would confuse a reader or a terminal: then it needs no quotes. */
static bool
is_bare(struct str value)
{
    if (value.len == 0)
        return false;
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.data[i];

        if (c <= 0x20 || c >= 0x7F || c == '"' || c == '\\' || c == '=')
            return false;
    }
    return true;
}

/* A JSON string in which DEL and the C1 controls, which terminals obey, are escaped too. */
static void
add_quoted(struct buf *out, struct str value)
{
    struct buf text;

    buf_init(&text, LOG_LINE_MAX);
    json_write_str(&text, value);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        unsigned char next = i + 1 < text.len ? (unsigned char)text.data[i + 1] : 0;

        if (c == 0x7F) {
            BUF_ADD_LIT(out, "\\u007f");
        } else if (c == 0xC2 && next >= 0x80 && next <= 0x9F) {
            buf_printf(out, "\\u00%02x", next);
            i++;
        } else {
            buf_add_char(out, (char)c);
        }
    }
    buf_fini(&text);
}

static void
add_pretty_value(struct buf *out, const struct log_field *field)
{
    struct buf clean;
    struct str value;

    if (field->type != LOG_F_STR) {
        add_number(out, field);
        return;
    }
    if (field->str.data == NULL) {
        BUF_ADD_LIT(out, "null");
        return;
    }
    buf_init(&clean, 3 * LOG_VALUE_MAX);
    value = clean_value(field->str, &clean);
    if (is_bare(value))
        buf_add_str(out, value);
    else
        add_quoted(out, value);
    buf_fini(&clean);
}

static void
add_colored(struct buf *out, bool color, const char *code, struct str text)
{
    if (color)
        buf_add_str(out, str_from(code));
    buf_add_str(out, text);
    if (color)
        BUF_ADD_LIT(out, COLOR_OFF);
}

static void
add_pretty_start(struct buf *out, const struct log_line *line, bool color)
{
    struct str level = str_from(level_names[line->level]);

    if (color)
        BUF_ADD_LIT(out, COLOR_DIM);
    add_time_local(out, line->wall_us);
    if (color)
        BUF_ADD_LIT(out, COLOR_OFF);
    buf_add_char(out, ' ');
    add_colored(out, color, level_colors[line->level], level);
    buf_add(out, "      ", 6 - level.len);
    add_colored(out, color, COLOR_BOLD, str_from(line->event));
}

void
log_line_pretty(const struct log_line *line, bool color, struct buf *out)
{
    size_t start = out->len;

    add_pretty_start(out, line, color);
    for (size_t i = 0; i < line->count; i++) {
        if (line->fields[i].is_detail)
            continue;
        buf_add(out, "  ", i == 0 ? 2 : 1);
        if (color)
            BUF_ADD_LIT(out, COLOR_DIM);
        buf_add_str(out, str_from(line->fields[i].name));
        buf_add_char(out, '=');
        if (color)
            BUF_ADD_LIT(out, COLOR_OFF);
        add_pretty_value(out, &line->fields[i]);
    }
    buf_add_char(out, '\n');
    if (cut_too_long(out, start)) {
        add_pretty_start(out, line, color);
        BUF_ADD_LIT(out, "  truncated=true\n");
    }
}
