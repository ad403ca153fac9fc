/* SPDX-License-Identifier: Apache-2.0 */
/* Cutting text into fields by their looks, and the words that dates know. */
#include "sql/datetime_impl.h"

/* Values of zones are minutes east of UTC. */
static const struct datetime_word words[] = {
    {"jan", DATETIME_MONTH, 1},
    {"january", DATETIME_MONTH, 1},
    {"feb", DATETIME_MONTH, 2},
    {"february", DATETIME_MONTH, 2},
    {"mar", DATETIME_MONTH, 3},
    {"march", DATETIME_MONTH, 3},
    {"apr", DATETIME_MONTH, 4},
    {"april", DATETIME_MONTH, 4},
    {"may", DATETIME_MONTH, 5},
    {"jun", DATETIME_MONTH, 6},
    {"june", DATETIME_MONTH, 6},
    {"jul", DATETIME_MONTH, 7},
    {"july", DATETIME_MONTH, 7},
    {"aug", DATETIME_MONTH, 8},
    {"august", DATETIME_MONTH, 8},
    {"sep", DATETIME_MONTH, 9},
    {"sept", DATETIME_MONTH, 9},
    {"september", DATETIME_MONTH, 9},
    {"oct", DATETIME_MONTH, 10},
    {"october", DATETIME_MONTH, 10},
    {"nov", DATETIME_MONTH, 11},
    {"november", DATETIME_MONTH, 11},
    {"dec", DATETIME_MONTH, 12},
    {"december", DATETIME_MONTH, 12},
    {"sun", DATETIME_WEEKDAY, 0},
    {"sunday", DATETIME_WEEKDAY, 0},
    {"mon", DATETIME_WEEKDAY, 1},
    {"monday", DATETIME_WEEKDAY, 1},
    {"tue", DATETIME_WEEKDAY, 2},
    {"tues", DATETIME_WEEKDAY, 2},
    {"tuesday", DATETIME_WEEKDAY, 2},
    {"wed", DATETIME_WEEKDAY, 3},
    {"weds", DATETIME_WEEKDAY, 3},
    {"wednesday", DATETIME_WEEKDAY, 3},
    {"thu", DATETIME_WEEKDAY, 4},
    {"thur", DATETIME_WEEKDAY, 4},
    {"thurs", DATETIME_WEEKDAY, 4},
    {"thursday", DATETIME_WEEKDAY, 4},
    {"fri", DATETIME_WEEKDAY, 5},
    {"friday", DATETIME_WEEKDAY, 5},
    {"sat", DATETIME_WEEKDAY, 6},
    {"saturday", DATETIME_WEEKDAY, 6},
    {"am", DATETIME_HALF, -1},
    {"pm", DATETIME_HALF, 1},
    {"ad", DATETIME_ERA, 0},
    {"bc", DATETIME_ERA, 1},
    {"t", DATETIME_MARK, 't'},
    {"j", DATETIME_MARK, 'j'},
    {"at", DATETIME_FILL, 0},
    {"on", DATETIME_FILL, 0},
    {"now", DATETIME_NOW, 0},
    {"yesterday", DATETIME_DAY, -1},
    {"today", DATETIME_DAY, 0},
    {"tomorrow", DATETIME_DAY, 1},
    {"epoch", DATETIME_EPOCH, 0},
    {"infinity", DATETIME_INFINITE, 1},
    {"-infinity", DATETIME_INFINITE, -1},
    {"allballs", DATETIME_MIDNIGHT, 0},
};

/* Abbreviations that always mean the same offset; names of regions are refused. */
static const struct datetime_word zones[] = {
    {"z", DATETIME_ZONE, 0},        {"zulu", DATETIME_ZONE, 0},    {"utc", DATETIME_ZONE, 0},
    {"ut", DATETIME_ZONE, 0},       {"uct", DATETIME_ZONE, 0},     {"gmt", DATETIME_ZONE, 0},
    {"wet", DATETIME_ZONE, 0},      {"wetdst", DATETIME_ZONE, 60}, {"bst", DATETIME_ZONE, 60},
    {"cet", DATETIME_ZONE, 60},     {"met", DATETIME_ZONE, 60},    {"mez", DATETIME_ZONE, 60},
    {"wat", DATETIME_ZONE, 60},     {"cest", DATETIME_ZONE, 120},  {"cetdst", DATETIME_ZONE, 120},
    {"mest", DATETIME_ZONE, 120},   {"mesz", DATETIME_ZONE, 120},  {"eet", DATETIME_ZONE, 120},
    {"ist", DATETIME_ZONE, 120},    {"sast", DATETIME_ZONE, 120},  {"eest", DATETIME_ZONE, 180},
    {"eetdst", DATETIME_ZONE, 180}, {"idt", DATETIME_ZONE, 180},   {"eat", DATETIME_ZONE, 180},
    {"pkt", DATETIME_ZONE, 300},    {"npt", DATETIME_ZONE, 345},   {"ict", DATETIME_ZONE, 420},
    {"cct", DATETIME_ZONE, 480},    {"hkt", DATETIME_ZONE, 480},   {"myt", DATETIME_ZONE, 480},
    {"awst", DATETIME_ZONE, 480},   {"jst", DATETIME_ZONE, 540},   {"kst", DATETIME_ZONE, 540},
    {"acst", DATETIME_ZONE, 570},   {"aest", DATETIME_ZONE, 600},  {"acdt", DATETIME_ZONE, 630},
    {"aedt", DATETIME_ZONE, 660},   {"nzst", DATETIME_ZONE, 720},  {"nzdt", DATETIME_ZONE, 780},
    {"brt", DATETIME_ZONE, -180},   {"nst", DATETIME_ZONE, -210},  {"ndt", DATETIME_ZONE, -150},
    {"ast", DATETIME_ZONE, -240},   {"adt", DATETIME_ZONE, -180},  {"est", DATETIME_ZONE, -300},
    {"edt", DATETIME_ZONE, -240},   {"cst", DATETIME_ZONE, -360},  {"cdt", DATETIME_ZONE, -300},
    {"mst", DATETIME_ZONE, -420},   {"mdt", DATETIME_ZONE, -360},  {"pst", DATETIME_ZONE, -480},
    {"pdt", DATETIME_ZONE, -420},   {"akst", DATETIME_ZONE, -540}, {"akdt", DATETIME_ZONE, -480},
    {"hst", DATETIME_ZONE, -600},
};

static const struct datetime_word *
find_word(const struct datetime_word *table, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(table[i].text, text) == 0)
            return &table[i];
    }
    return NULL;
}

const struct datetime_word *
datetime_find_word(const char *text)
{
    return find_word(words, COUNTOF(words), text);
}

const struct datetime_word *
datetime_find_zone(const char *text)
{
    return find_word(zones, COUNTOF(zones), text);
}

/* Cutting into fields. */

struct cutter {
    struct datetime_fields *fields;
    struct str rest;
    bool full;
};

static char
peek(const struct cutter *cut)
{
    return cut->rest.len > 0 ? cut->rest.data[0] : '\0';
}

static void
keep(struct cutter *cut)
{
    struct datetime_fields *fields = cut->fields;
    char c = cut->rest.data[0];

    cut->rest = str_slice(cut->rest, 1, cut->rest.len);
    if (fields->used + 1 >= sizeof(fields->work))
        cut->full = true;
    else
        fields->work[fields->used++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static void
keep_digits(struct cutter *cut)
{
    while (datetime_is_digit(peek(cut)))
        keep(cut);
}

/* Digits and the characters in extra. */
static void
keep_run(struct cutter *cut, const char *extra, bool letters)
{
    while (peek(cut) != '\0' &&
           (datetime_is_digit(peek(cut)) || (letters && datetime_is_alpha(peek(cut))) ||
            strchr(extra, peek(cut)) != NULL))
        keep(cut);
}

static enum datetime_field_kind
cut_number(struct cutter *cut)
{
    enum datetime_field_kind kind;
    char delimiter[2] = {0};

    keep_digits(cut);
    if (peek(cut) == ':') {
        keep_run(cut, ":.", false);
        return DATETIME_FIELD_TIME;
    }
    delimiter[0] = peek(cut);
    if (delimiter[0] == '\0' || strchr("-/.", delimiter[0]) == NULL)
        return DATETIME_FIELD_NUMBER;
    keep(cut);
    if (!datetime_is_digit(peek(cut))) {
        keep_run(cut, delimiter, true);
        return DATETIME_FIELD_DATE;
    }
    kind = delimiter[0] == '.' ? DATETIME_FIELD_NUMBER : DATETIME_FIELD_DATE;
    keep_digits(cut);
    if (peek(cut) == delimiter[0]) {
        kind = DATETIME_FIELD_DATE;
        keep_run(cut, delimiter, false);
    }
    return kind;
}

static enum datetime_field_kind
cut_word(struct cutter *cut, const char *start)
{
    struct datetime_fields *fields = cut->fields;

    while (datetime_is_alpha(peek(cut)))
        keep(cut);
    fields->work[fields->used] = '\0';
    /* A date such as Jan-08-1999, or the name of a zone; but "T10" and "Jan8" are two fields. */
    if (peek(cut) == '-' || peek(cut) == '/' || peek(cut) == '.' ||
        ((peek(cut) == '+' || datetime_is_digit(peek(cut))) && datetime_find_word(start) == NULL)) {
        keep_run(cut, "+-/_.:", true);
        return DATETIME_FIELD_DATE;
    }
    return DATETIME_FIELD_WORD;
}

static bool
cut_signed(struct cutter *cut, enum datetime_field_kind *kind)
{
    keep(cut);
    cut->rest = datetime_skip_blanks(cut->rest);
    if (datetime_is_digit(peek(cut))) {
        *kind = DATETIME_FIELD_ZONE;
        keep_run(cut, ":.-", false);
        return true;
    }
    *kind = DATETIME_FIELD_SIGNED_WORD;
    if (!datetime_is_alpha(peek(cut)))
        return false;
    while (datetime_is_alpha(peek(cut)))
        keep(cut);
    return true;
}

static bool
is_punctuation(char c)
{
    return c > ' ' && c < 0x7f && !datetime_is_digit(c) && !datetime_is_alpha(c);
}

bool
datetime_cut(struct datetime_fields *fields, struct str text)
{
    struct cutter cut = {.fields = fields, .rest = text};

    for (;;) {
        char *start = fields->work + fields->used;
        struct datetime_field *field = &fields->fields[fields->count];
        char c;

        cut.rest = datetime_skip_blanks(cut.rest);
        if (cut.rest.len == 0)
            return fields->count > 0;
        if (fields->count == COUNTOF(fields->fields) || fields->used == sizeof(fields->work))
            return false;
        c = peek(&cut);
        if (datetime_is_digit(c)) {
            field->kind = cut_number(&cut);
        } else if (c == '.') {
            keep(&cut);
            keep_digits(&cut);
            field->kind = DATETIME_FIELD_NUMBER;
        } else if (datetime_is_alpha(c)) {
            field->kind = cut_word(&cut, start);
        } else if (c == '+' || c == '-') {
            if (!cut_signed(&cut, &field->kind))
                return false;
        } else if (is_punctuation(c)) {
            cut.rest = str_slice(cut.rest, 1, cut.rest.len);
            continue;
        } else {
            return false;
        }
        if (cut.full)
            return false;
        fields->work[fields->used++] = '\0';
        field->text = start;
        fields->count++;
    }
}
