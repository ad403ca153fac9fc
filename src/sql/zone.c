/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/zone.h"

#include <fcntl.h>
#include <unistd.h>

#include "sql/datetime.h"

#define FOLDER "/usr/share/zoneinfo/"

enum {
    FILE_MAX_BYTES = 256 * 1024,
    HEADER_SIZE = 44,
    HOUR_S = 3600,
    DAY_S = 86400,
    NAME_MAX_LEN = 60
};

enum rule_kind { RULE_MONTH, RULE_JULIAN, RULE_DAY };

/* When summer time begins or ends in each year. */
struct rule {
    enum rule_kind kind;
    int month, week, day; /* Mm.w.d; Jn and n in day */
    int32_t time_s;
};

/* Behind the last transition. */
struct rest_of_time {
    bool is_there, has_summer;
    int32_t winter_s, summer_s;
    struct rule begin, end;
};

struct zone {
    int64_t *times; /* of transitions, rising */
    int32_t *offsets;
    size_t count;
    int32_t first; /* before the first of them */
    struct rest_of_time rest;
};

/* --- the rule behind ------------------------------------------------------------------------- */

/* A name: letters, or anything in <>. */
static bool
skip_name(struct str *text)
{
    size_t i = 0;

    if (text->len > 0 && text->data[0] == '<') {
        i = str_find_char(*text, '>', 0) + 1;
    } else {
        while (i < text->len && ((text->data[i] | 0x20) >= 'a' && (text->data[i] | 0x20) <= 'z'))
            i++;
    }
    if (i < 3 || i > text->len)
        return false;
    *text = str_slice(*text, i, text->len);
    return true;
}

static bool
take_number(struct str *text, int *out)
{
    size_t i = 0;

    *out = 0;
    while (i < text->len && i < 4 && text->data[i] >= '0' && text->data[i] <= '9')
        *out = *out * 10 + (text->data[i++] - '0');
    *text = str_slice(*text, i, text->len);
    return i > 0;
}

static bool
take_char(struct str *text, char c)
{
    if (text->len == 0 || text->data[0] != c)
        return false;
    *text = str_slice(*text, 1, text->len);
    return true;
}

/* [+-]hh[:mm[:ss]] in seconds */
static bool
take_time(struct str *text, int32_t *out)
{
    bool is_minus = take_char(text, '-');
    int parts[3] = {0};

    if (!is_minus)
        (void)take_char(text, '+');
    if (!take_number(text, &parts[0]) || parts[0] > 167)
        return false;
    for (size_t i = 1; i < COUNTOF(parts) && take_char(text, ':'); i++) {
        if (!take_number(text, &parts[i]) || parts[i] > 59)
            return false;
    }
    *out = parts[0] * HOUR_S + parts[1] * 60 + parts[2];
    if (is_minus)
        *out = -*out;
    return true;
}

static bool
take_rule(struct str *text, struct rule *rule)
{
    rule->time_s = 2 * HOUR_S;
    if (!take_char(text, ','))
        return false;
    if (take_char(text, 'M')) {
        rule->kind = RULE_MONTH;
        if (!take_number(text, &rule->month) || !take_char(text, '.') ||
            !take_number(text, &rule->week) || !take_char(text, '.') ||
            !take_number(text, &rule->day) || rule->month < 1 || rule->month > 12 ||
            rule->week < 1 || rule->week > 5 || rule->day > 6)
            return false;
    } else {
        rule->kind = take_char(text, 'J') ? RULE_JULIAN : RULE_DAY;
        if (!take_number(text, &rule->day) || rule->day > 365)
            return false;
    }
    return !take_char(text, '/') || take_time(text, &rule->time_s);
}

/* CET-1CEST,M3.5.0,M10.5.0/3 */
static bool
parse_rest(struct str text, struct rest_of_time *rest)
{
    int32_t west = 0;

    if (!skip_name(&text) || !take_time(&text, &west))
        return false;
    rest->winter_s = -west;
    rest->is_there = true;
    if (text.len == 0)
        return true;
    if (!skip_name(&text))
        return false;
    rest->summer_s = rest->winter_s + HOUR_S;
    if (text.len > 0 && text.data[0] != ',') {
        if (!take_time(&text, &west))
            return false;
        rest->summer_s = -west;
    }
    rest->has_summer = true;
    return take_rule(&text, &rest->begin) && take_rule(&text, &rest->end) && text.len == 0;
}

static bool
is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Local seconds since 1970 of the rule in that year. */
static int64_t
rule_in(const struct rule *rule, int64_t year)
{
    int64_t day = datetime_days_from_civil(year, 1, 1);

    if (rule->kind == RULE_MONTH) {
        int64_t first = datetime_days_from_civil(year, rule->month, 1);
        int64_t next = rule->month == 12 ? datetime_days_from_civil(year + 1, 1, 1)
                                         : datetime_days_from_civil(year, rule->month + 1, 1);
        int64_t weekday = ((first + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */

        day = first + (rule->day - weekday + 7) % 7 + (int64_t)(rule->week - 1) * 7;
        if (day >= next)
            day -= 7;
    } else if (rule->kind == RULE_JULIAN) {
        day += rule->day - 1 + (is_leap(year) && rule->day >= 60);
    } else {
        day += rule->day;
    }
    return day * DAY_S + rule->time_s;
}

static int32_t
offset_by_rule(const struct rest_of_time *rest, int64_t moment_s)
{
    int64_t local = moment_s + rest->winter_s;
    int64_t year = 0;
    int month = 0, day = 0;
    int64_t begin, end;
    bool is_summer;

    if (!rest->has_summer)
        return rest->winter_s;
    datetime_civil_from_days(local >= 0 ? local / DAY_S : -((-local + DAY_S - 1) / DAY_S), &year,
                             &month, &day);
    begin = rule_in(&rest->begin, year) - rest->winter_s;
    end = rule_in(&rest->end, year) - rest->summer_s;
    is_summer =
        begin < end ? moment_s >= begin && moment_s < end : moment_s >= begin || moment_s < end;
    return is_summer ? rest->summer_s : rest->winter_s;
}

/* --- files ----------------------------------------------------------------------------------- */

static uint64_t
big_endian(const char *at, size_t size)
{
    uint64_t number = 0;

    for (size_t i = 0; i < size; i++)
        number = number << 8 | (unsigned char)at[i];
    return number;
}

/* A block of a file: a header and what it counts, with times of time_size bytes. */
struct block {
    size_t leaps, times, types, chars, standards, universals;
    struct str data;
    size_t size; /* of data */
};

static bool
take_block(struct str *content, size_t time_size, struct block *out)
{
    size_t counts[6];

    if (content->len < HEADER_SIZE || !str_has_prefix(*content, STR("TZif")))
        return false;
    for (size_t i = 0; i < COUNTOF(counts); i++) {
        counts[i] = (size_t)big_endian(content->data + 20 + 4 * i, 4);
        if (counts[i] > FILE_MAX_BYTES)
            return false;
    }
    *out = (struct block){.universals = counts[0],
                          .standards = counts[1],
                          .leaps = counts[2],
                          .times = counts[3],
                          .types = counts[4],
                          .chars = counts[5]};
    out->size = out->times * (time_size + 1) + out->types * 6 + out->chars +
                out->leaps * (time_size + 4) + out->standards + out->universals;
    if (content->len - HEADER_SIZE < out->size || out->types == 0)
        return false;
    out->data = str_slice(*content, HEADER_SIZE, HEADER_SIZE + out->size);
    *content = str_slice(*content, HEADER_SIZE + out->size, content->len);
    return true;
}

static bool
read_block(const struct block *block, size_t time_size, struct zone *zone)
{
    const char *times = block->data.data;
    const char *indexes = times + block->times * time_size;
    const char *types = indexes + block->times;

    zone->times = xcalloc(block->times + 1, sizeof(*zone->times));
    zone->offsets = xcalloc(block->times + 1, sizeof(*zone->offsets));
    zone->first = (int32_t)big_endian(types, 4);
    for (size_t i = 0; i < block->times; i++) {
        unsigned char type = (unsigned char)indexes[i];
        uint64_t number = big_endian(times + i * time_size, time_size);

        if (type >= block->types)
            return false;
        zone->times[i] = time_size == 4 ? (int32_t)number : (int64_t)number;
        zone->offsets[i] = (int32_t)big_endian(types + (size_t)type * 6, 4);
        if (zone->offsets[i] < -DAY_S || zone->offsets[i] > DAY_S ||
            (i > 0 && zone->times[i] <= zone->times[i - 1]))
            return false;
    }
    zone->count = block->times;
    return zone->first >= -DAY_S && zone->first <= DAY_S;
}

struct zone *
zone_parse(struct str content)
{
    struct zone *zone = xcalloc(1, sizeof(*zone));
    struct block block;
    bool has_second = content.len > 4 && content.data[4] >= '2';
    bool ok = take_block(&content, 4, &block);

    if (ok && has_second) {
        struct str rule;

        ok = take_block(&content, 8, &block) && take_char(&content, '\n');
        rule = str_slice(content, 0, str_find_char(content, '\n', 0));
        ok = ok && (rule.len == 0 || parse_rest(rule, &zone->rest));
    }
    ok = ok && read_block(&block, has_second ? 8 : 4, zone);
    if (ok)
        return zone;
    zone_free(zone);
    return NULL;
}

/* No way out of the folder, and none of its files that are no zones of PostgreSQL. */
static bool
is_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        bool is_word = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');

        if (!is_word && (c == '\0' || strchr("_+-/", c) == NULL))
            return false;
    }
    return name.len > 0 && name.len <= NAME_MAX_LEN && name.data[0] != '/' &&
           !str_has_prefix(name, STR("right/"));
}

static struct zone *
open_file(struct str name)
{
    char path[sizeof(FOLDER) + NAME_MAX_LEN];
    struct zone *zone = NULL;
    char *content = NULL;
    ssize_t len = 0;
    int fd;

    snprintf(path, sizeof(path), FOLDER "%.*s", STR_ARG(name));
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return NULL;
    content = xcalloc(FILE_MAX_BYTES, 1);
    len = read(fd, content, FILE_MAX_BYTES);
    close(fd);
    if (len > 0)
        zone = zone_parse(str_make(content, (size_t)len));
    free(content);
    return zone;
}

/* "3", "+3", "-7": hours east of UTC. */
static bool
parse_hours(struct str name, int32_t *out)
{
    int64_t hours = 0;

    if (str_has_prefix(name, STR("+")) && !str_has_prefix(name, STR("+-")))
        name = str_slice(name, 1, name.len);
    if (!str_to_i64(name, &hours) || hours < -167 || hours > 167)
        return false;
    *out = (int32_t)hours * HOUR_S;
    return true;
}

/* "+05:30" is a zone as POSIX writes it, without its name: so long west of UTC. One spelling only,
 * up to a day: whoever keeps zones by their names keeps few. */
static bool
parse_west(struct str name, int32_t *out)
{
    size_t from = name.len > 0 && (name.data[0] == '+' || name.data[0] == '-') ? 1 : 0;

    if ((name.len - from != strlen("hh:mm") && name.len - from != strlen("hh:mm:ss")) ||
        name.data[from + 2] != ':' || !take_time(&name, out) || name.len > 0 ||
        *out > 24 * HOUR_S || *out < -24 * HOUR_S)
        return false;
    *out = -*out;
    return true;
}

struct zone *
zone_open(struct str name)
{
    struct zone *zone = NULL;
    int32_t offset = 0;

    if (str_eq_nocase(name, STR("UTC")) || str_eq_nocase(name, STR("GMT")) ||
        parse_hours(name, &offset) || parse_west(name, &offset)) {
        zone = xcalloc(1, sizeof(*zone));
        zone->first = offset;
        return zone;
    }
    return is_name(name) ? open_file(name) : NULL;
}

void
zone_free(struct zone *zone)
{
    if (zone == NULL)
        return;
    free(zone->times);
    free(zone->offsets);
    free(zone);
}

/* --- moments --------------------------------------------------------------------------------- */

int32_t
zone_offset(const struct zone *zone, int64_t moment_s)
{
    size_t from = 0, to = zone->count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (zone->times[middle] <= moment_s)
            from = middle + 1;
        else
            to = middle;
    }
    if (from == zone->count && zone->rest.is_there)
        return offset_by_rule(&zone->rest, moment_s);
    return from > 0 ? zone->offsets[from - 1] : zone->first;
}

/* +05:30, and with seconds where there are any. */
static void
write_offset(struct buf *out, int32_t offset)
{
    int32_t rest = offset < 0 ? -offset : offset;

    buf_printf(out, "%c%02d:%02d", offset < 0 ? '-' : '+', (int)(rest / HOUR_S),
               (int)(rest / 60 % 60));
    if (rest % 60 != 0)
        buf_printf(out, ":%02d", (int)(rest % 60));
}

void
zone_shift(const struct zone *zone, struct value *value, char room[ZONE_ROOM])
{
    struct buf out = {.data = room, .cap = ZONE_ROOM, .max = ZONE_ROOM};
    struct err err;
    int64_t usec = 0;
    int64_t second = 0;
    int32_t offset = 0;

    if (zone == NULL || value->kind != VALUE_TEXT ||
        !datetime_parse_timestamp(value->s, true, 0, -1, &usec, &err) ||
        usec == DATETIME_INFINITY || usec == DATETIME_MINUS_INFINITY)
        return;
    second = usec / DATETIME_USEC_PER_SEC - (usec % DATETIME_USEC_PER_SEC < 0);
    offset = zone_offset(zone, second);
    if (!datetime_in_range(usec + offset * DATETIME_USEC_PER_SEC))
        return;
    datetime_write_timestamp(&out, usec + offset * DATETIME_USEC_PER_SEC, false, 'T');
    write_offset(&out, offset);
    value->s = buf_str(&out);
}

/* Local time in seconds, from how far it is from UTC a day before and a day after. */
static int32_t
offset_of_local(const struct zone *zone, int64_t local_s)
{
    int32_t before = zone_offset(zone, local_s - DAY_S);
    int32_t after = zone_offset(zone, local_s + DAY_S);
    bool is_before = zone_offset(zone, local_s - before) == before;
    bool is_after = zone_offset(zone, local_s - after) == after;

    return is_after || (!is_before && before > after) ? after : before;
}

/* A second zone in a text is an error: if one can be added there was none, and it moves the
 * moment. */
static bool
is_without_zone(struct str text, int64_t *usec)
{
    char room[ZONE_ROOM];
    struct buf with = {.data = room, .cap = sizeof(room), .max = sizeof(room)};
    struct err err;
    int64_t moved = 0;

    buf_add_str(&with, text);
    BUF_ADD_LIT(&with, " +01");
    return buf_ok(&with) && datetime_parse_timestamp(text, true, 0, -1, usec, &err) &&
           datetime_parse_timestamp(buf_str(&with), true, 0, -1, &moved, &err) &&
           *usec - moved == HOUR_S * DATETIME_USEC_PER_SEC;
}

struct str
zone_add_offset(const struct zone *zone, struct str text, char room[ZONE_ROOM])
{
    struct buf out = {.data = room, .cap = ZONE_ROOM, .max = ZONE_ROOM};
    int64_t usec = 0;
    int64_t second = 0;

    if (zone == NULL || !is_without_zone(text, &usec))
        return text;
    second = usec / DATETIME_USEC_PER_SEC - (usec % DATETIME_USEC_PER_SEC < 0);
    datetime_write_timestamp(&out, usec, false, 'T');
    write_offset(&out, offset_of_local(zone, second));
    return buf_str(&out);
}

/* "2020-02-29T16:19:56+05:45": the offset of what was shifted; 0: it wasn't. */
static size_t
offset_at(struct str text)
{
    size_t at = text.len;

    while (at > 19 && text.data[at - 1] != '+' && text.data[at - 1] != '-')
        at--;
    return at > 19 ? at - 1 : 0;
}

const struct type *
zone_before_cast(const struct zone *zone, const struct type *from, struct value *value,
                 const struct type *to, char room[ZONE_ROOM])
{
    size_t at = 0;

    if (zone == NULL || value->kind != VALUE_TEXT || from->id == to->id)
        return from;
    if (to->id == TYPE_TIMESTAMPTZ &&
        (type_is_text(from) || from->id == TYPE_TIMESTAMP || from->id == TYPE_DATE)) {
        value->s = zone_add_offset(zone, value->s, room);
        return type_builtin(TYPE_TEXT);
    }
    if (from->id != TYPE_TIMESTAMPTZ)
        return from;
    zone_shift(zone, value, room);
    at = value->s.data == room ? offset_at(value->s) : 0;
    if (at == 0)
        return from;
    if (!type_is_text(to)) {
        value->s.len = at;
        return type_builtin(TYPE_TIMESTAMP);
    }
    /* PostgreSQL's text has a blank, and no minutes of an offset of hours. */
    room[10] = ' ';
    if (value->s.len == at + 6 && memcmp(room + at + 3, ":00", 3) == 0)
        value->s.len = at + 3;
    return type_builtin(TYPE_TEXT);
}
