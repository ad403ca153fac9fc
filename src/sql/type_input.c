/* SPDX-License-Identifier: Apache-2.0 */
/* The input functions: text as a client wrote it to the embedded engine's normal form. */
#include "core/clock.h"
#include "sql/array.h"
#include "sql/datetime.h"
#include "sql/float.h"
#include "sql/numeric_impl.h"
#include "sql/search.h"
#include "sql/type_impl.h"

static bool
fail_syntax(const struct type *type, struct str text, struct err *err)
{
    if (!type_check_encoding(text, err))
        return false;
    return err_set(err, ERR_DB, "22P02", "invalid input syntax for type %.*s: \"%.*s\"",
                   STR_ARG(type->name), STR_ARG(text));
}

bool
type_check_encoding(struct str text, struct err *err)
{
    char bytes[64];
    size_t at = 0;
    size_t want;
    int len = 0;
    unsigned char first;

    if (text.len == 0 || (memchr(text.data, '\0', text.len) == NULL && str_is_utf8(text)))
        return true;
    while (text.data[at] != '\0') {
        size_t step = str_utf8_step(text, at);

        if (step == 0)
            break;
        at += step;
    }
    /* PostgreSQL prints as many bytes as the first one promises. */
    first = (unsigned char)text.data[at];
    want = first >= 0xF0 && first < 0xF8   ? 4
           : first >= 0xE0 && first < 0xF0 ? 3
           : first >= 0xC0 && first < 0xE0 ? 2
                                           : 1;
    for (size_t i = 0; i < want && at + i < text.len; i++)
        len += snprintf(bytes + len, sizeof(bytes) - (size_t)len, "%s0x%02x", i > 0 ? " " : "",
                        (unsigned)(unsigned char)text.data[at + i]);
    return err_set(err, ERR_DB, "22021", "invalid byte sequence for encoding \"UTF8\": %s", bytes);
}

/* The number of characters of well-formed text. */
static size_t
count_chars(struct str text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.data[i] & 0xC0) != 0x80;
    return count;
}

static bool
input_bool(const struct type *type, struct str text, struct arena *arena, struct value *out,
           struct err *err)
{
    static const struct {
        const char *word;
        size_t least; /* so many letters are enough */
        bool value;
    } spellings[] = {
        {"true", 1, true}, {"false", 1, false}, {"yes", 1, true}, {"no", 1, false},
        {"on", 2, true},   {"off", 2, false},   {"1", 1, true},   {"0", 1, false},
    };
    struct str word = numeric_trim(text);

    for (size_t i = 0; i < COUNTOF(spellings); i++) {
        struct str full = str_from(spellings[i].word);

        if (word.len >= spellings[i].least && word.len <= full.len &&
            str_eq_nocase(word, str_slice(full, 0, word.len))) {
            *out = type_value_int(spellings[i].value);
            return true;
        }
    }
    return fail_syntax(type, text, err);
}

static bool
input_int(const struct type *type, struct str text, struct arena *arena, struct value *out,
          struct err *err)
{
    int64_t min = type->id == TYPE_INT2 ? INT16_MIN : type->id == TYPE_INT4 ? INT32_MIN : INT64_MIN;
    int64_t max = -(min + 1);
    size_t i = 0;
    size_t first;
    int64_t value = 0;
    bool negative = false;
    bool fits = true;

    while (i < text.len && (text.data[i] == ' ' || (text.data[i] >= '\t' && text.data[i] <= '\r')))
        i++;
    if (i < text.len && (text.data[i] == '-' || text.data[i] == '+'))
        negative = text.data[i++] == '-';
    first = i;
    /* Reckoned below zero, where there is room for one more. */
    for (; i < text.len && text.data[i] >= '0' && text.data[i] <= '9' && fits; i++)
        fits = !__builtin_mul_overflow(value, 10, &value) &&
               !__builtin_sub_overflow(value, text.data[i] - '0', &value) && value >= min;
    if (!fits)
        return err_set(err, ERR_DB, "22003", "value \"%.*s\" is out of range for type %.*s",
                       STR_ARG(text), STR_ARG(type->name));
    if (i == first)
        return fail_syntax(type, text, err);
    while (i < text.len && (text.data[i] == ' ' || (text.data[i] >= '\t' && text.data[i] <= '\r')))
        i++;
    if (i < text.len)
        return fail_syntax(type, text, err);
    if (!negative && value < -max)
        return err_set(err, ERR_DB, "22003", "value \"%.*s\" is out of range for type %.*s",
                       STR_ARG(text), STR_ARG(type->name));
    *out = type_value_int(negative ? value : -value);
    return true;
}

static bool
input_float(const struct type *type, struct str text, struct arena *arena, struct value *out,
            struct err *err)
{
    double value;

    if (!type_check_encoding(text, err) || !float_parse(text, type->id == TYPE_FLOAT4, &value, err))
        return false;
    if (value != value)
        *out = type_value_text(STR("NaN"));
    else
        *out = (struct value){.kind = VALUE_REAL, .f = value};
    return true;
}

/* Is text the normal form of a numeric at that scale already, short enough to fit? */
static bool
is_normal_numeric(struct str text, int32_t precision, int32_t scale)
{
    size_t point = str_find_char(text, '.', 0);
    size_t fraction = point < text.len ? text.len - point - 1 : 0;

    if (text.len == 0 || text.len > 18 || point == 0 || (point < text.len && fraction == 0) ||
        (text.data[0] == '0' && point > 1))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (i != point && (text.data[i] < '0' || text.data[i] > '9'))
            return false;
    }
    return precision < 0 || (scale >= 0 && fraction == (size_t)scale &&
                             (int64_t)point <= (int64_t)precision - scale);
}

static bool
input_numeric(const struct type *type, struct str text, struct arena *arena, struct value *out,
              struct err *err)
{
    struct numeric value;

    if (is_normal_numeric(text, type->precision, type->scale)) {
        *out = type_value_text(text);
        return true;
    }
    if (!type_check_encoding(text, err) ||
        !numeric_parse(text, type->precision, type->scale, arena, &value, err))
        return false;
    *out = type_value_text(numeric_to_text(&value, arena));
    return true;
}

/* Where the character numbered count begins. */
static size_t
char_offset(struct str text, size_t count)
{
    size_t at = 0;

    for (; at < text.len; at++) {
        if (((unsigned char)text.data[at] & 0xC0) != 0x80 && count-- == 0)
            break;
    }
    return at;
}

static struct str
pad(struct str text, size_t blanks, struct arena *arena)
{
    char *padded;

    if (blanks == 0)
        return text;
    padded = arena_alloc(arena, text.len + blanks);
    if (text.len > 0)
        memcpy(padded, text.data, text.len);
    memset(padded + text.len, ' ', blanks);
    return str_make(padded, text.len + blanks);
}

bool
type_input_string(const struct type *type, struct str text, bool cut, struct arena *arena,
                  struct value *out, struct err *err)
{
    size_t limit = (size_t)type->length;
    size_t chars;

    if (!type_check_encoding(text, err))
        return false;
    if (text.data == NULL)
        text = STR("");
    *out = type_value_text(text);
    if (type->length < 0)
        return true;
    if (text.len <= limit && type->id == TYPE_VARCHAR)
        return true;
    chars = count_chars(text);
    if (chars > limit) {
        size_t end = char_offset(text, limit);

        for (size_t i = end; i < text.len && !cut; i++) {
            if (text.data[i] != ' ')
                return err_set(err, ERR_DB, "22001", "value too long for type %s(%d)",
                               type->id == TYPE_BPCHAR ? "character" : "character varying",
                               type->length);
        }
        out->s = str_slice(text, 0, end);
        return true;
    }
    if (type->id == TYPE_BPCHAR)
        out->s = pad(text, limit - chars, arena);
    return true;
}

static bool
input_string(const struct type *type, struct str text, struct arena *arena, struct value *out,
             struct err *err)
{
    return type_input_string(type, text, false, arena, out, err);
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
input_bytea_hex(struct str text, struct arena *arena, struct str *out, struct err *err)
{
    char *bytes = arena_alloc(arena, text.len / 2 + 1);
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        int high = hex_digit(text.data[i]);
        int low;

        if (text.data[i] == ' ' || text.data[i] == '\n' || text.data[i] == '\t' ||
            text.data[i] == '\r')
            continue;
        if (high >= 0 && i + 1 >= text.len)
            return err_set(err, ERR_DB, "22023", "invalid hexadecimal data: odd number of digits");
        low = high >= 0 ? hex_digit(text.data[++i]) : -1;
        if (low < 0) {
            size_t size = str_utf8_step(text, i);

            return err_set(err, ERR_DB, "22023", "invalid hexadecimal digit: \"%.*s\"",
                           (int)(size > 0 ? size : 1), text.data + i);
        }
        bytes[len++] = (char)(high * 16 + low);
    }
    *out = str_make(bytes, len);
    return true;
}

static bool
is_octal(struct str text, size_t at, char max)
{
    return at < text.len && text.data[at] >= '0' && text.data[at] <= max;
}

static bool
input_bytea(const struct type *type, struct str text, struct arena *arena, struct value *out,
            struct err *err)
{
    char *bytes;
    size_t len = 0;

    out->kind = VALUE_BLOB;
    if (!type_check_encoding(text, err))
        return false;
    if (str_has_prefix(text, STR("\\x")))
        return input_bytea_hex(str_slice(text, 2, text.len), arena, &out->s, err);
    bytes = arena_alloc(arena, text.len + 1);
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] != '\\') {
            bytes[len++] = text.data[i];
        } else if (i + 1 < text.len && text.data[i + 1] == '\\') {
            bytes[len++] = '\\';
            i++;
        } else if (is_octal(text, i + 1, '3') && is_octal(text, i + 2, '7') &&
                   is_octal(text, i + 3, '7')) {
            bytes[len++] = (char)((text.data[i + 1] - '0') * 64 + (text.data[i + 2] - '0') * 8 +
                                  (text.data[i + 3] - '0'));
            i += 3;
        } else {
            return err_set(err, ERR_DB, "22P02", "invalid input syntax for type bytea");
        }
    }
    out->s = str_make(bytes, len);
    return true;
}

static bool
input_uuid(const struct type *type, struct str text, struct arena *arena, struct value *out,
           struct err *err)
{
    bool braces = text.len > 0 && text.data[0] == '{';
    char *uuid = arena_alloc(arena, 36);
    size_t at = braces ? 1 : 0;
    size_t len = 0;

    for (int byte = 0; byte < 16; byte++) {
        for (int digit = 0; digit < 2; digit++, at++) {
            if (at >= text.len || hex_digit(text.data[at]) < 0)
                return fail_syntax(type, text, err);
            uuid[len++] = text.data[at] >= 'A' ? (char)(text.data[at] | 0x20) : text.data[at];
        }
        if (byte % 2 == 1 && byte < 15 && at < text.len && text.data[at] == '-')
            at++;
        if (byte == 3 || byte == 5 || byte == 7 || byte == 9)
            uuid[len++] = '-';
    }
    if (braces && (at >= text.len || text.data[at++] != '}'))
        return fail_syntax(type, text, err);
    if (at != text.len)
        return fail_syntax(type, text, err);
    *out = type_value_text(str_make(uuid, len));
    return true;
}

/* Text in the arena, from a writer that needs at most 64 bytes. */
static struct buf
small_buf(struct arena *arena)
{
    return (struct buf){.data = arena_alloc(arena, 64), .cap = 64, .max = 64};
}

static bool
input_datetime(const struct type *type, struct str text, struct arena *arena, struct value *out,
               struct err *err)
{
    bool zoned = type->id == TYPE_TIMESTAMPTZ;
    int64_t now = clock_wall_us();
    struct buf buf = small_buf(arena);
    int64_t value;

    if (!type_check_encoding(text, err))
        return false;
    if (type->id == TYPE_DATE) {
        if (!datetime_parse_date(text, now, &value, err))
            return false;
        datetime_write_date(&buf, value);
    } else if (type->id == TYPE_TIME) {
        if (!datetime_parse_time(text, now, type->length, &value, err))
            return false;
        datetime_write_time(&buf, value);
    } else {
        if (!datetime_parse_timestamp(text, zoned, now, type->length, &value, err))
            return false;
        datetime_write_timestamp(&buf, value, zoned, 'T');
    }
    *out = type_value_text(buf_str(&buf));
    return true;
}

static bool
input_json(const struct type *type, struct str text, struct arena *arena, struct value *out,
           struct err *err)
{
    *out = type_value_text(text);
    if (type->id == TYPE_JSON)
        return type_check_json(text, err);
    return type_normalize_jsonb(text, arena, &out->s, err);
}

static bool
input_enum(const struct type *type, struct str text, struct arena *arena, struct value *out,
           struct err *err)
{
    for (uint32_t i = 0; i < type->label_count; i++) {
        if (str_eq(type->labels[i], text)) {
            *out = type_value_text(type->labels[i]);
            return true;
        }
    }
    if (!type_check_encoding(text, err))
        return false;
    return err_set(err, ERR_DB, "22P02", "invalid input value for enum %.*s: \"%.*s\"",
                   STR_ARG(type->name), STR_ARG(text));
}

/* What PostgreSQL prints is never longer than this times what it read. */
#define SEARCH_TEXT_GROWTH 8

static bool
input_tsvector(const struct type *type, struct str text, struct arena *arena, struct value *out,
               struct err *err)
{
    struct search_vector vector;
    struct buf buf;

    if (!type_check_encoding(text, err) || !search_vector_read(text, arena, &vector, err))
        return false;
    buf_init(&buf, text.len * SEARCH_TEXT_GROWTH + 64);
    search_vector_write(&buf, &vector);
    *out = type_value_text(arena_copy(arena, buf_str(&buf)));
    buf_fini(&buf);
    return true;
}

static bool
input_tsquery(const struct type *type, struct str text, struct arena *arena, struct value *out,
              struct err *err)
{
    const struct search_node *query = NULL;
    struct buf buf;

    if (!type_check_encoding(text, err) || !search_query_read(text, arena, &query, err))
        return false;
    buf_init(&buf, text.len * SEARCH_TEXT_GROWTH + 64);
    search_query_write(&buf, query);
    *out = type_value_text(arena_copy(arena, buf_str(&buf)));
    buf_fini(&buf);
    return true;
}

static bool
input_array(const struct type *type, struct str text, struct arena *arena, struct value *out,
            struct err *err)
{
    struct array array;

    /* Of an array whose items nobody knows only the text is of interest. */
    if (type->elem == NULL)
        return input_string(type, text, arena, out, err);
    return array_read(text, arena, &array, err) && array_input(type, &array, arena, out, err);
}

bool
type_input(const struct type *type, struct str text, struct arena *arena, struct value *out,
           struct err *err)
{
    static bool (*const inputs[])(const struct type *, struct str, struct arena *, struct value *,
                                  struct err *) = {
        [TYPE_UNKNOWN] = input_string,
        [TYPE_BOOL] = input_bool,
        [TYPE_INT2] = input_int,
        [TYPE_INT4] = input_int,
        [TYPE_INT8] = input_int,
        [TYPE_FLOAT4] = input_float,
        [TYPE_FLOAT8] = input_float,
        [TYPE_NUMERIC] = input_numeric,
        [TYPE_TEXT] = input_string,
        [TYPE_VARCHAR] = input_string,
        [TYPE_BPCHAR] = input_string,
        [TYPE_BYTEA] = input_bytea,
        [TYPE_DATE] = input_datetime,
        [TYPE_TIME] = input_datetime,
        [TYPE_TIMETZ] = input_string,
        [TYPE_TIMESTAMP] = input_datetime,
        [TYPE_TIMESTAMPTZ] = input_datetime,
        [TYPE_INTERVAL] = input_string,
        [TYPE_UUID] = input_uuid,
        [TYPE_JSON] = input_json,
        [TYPE_JSONB] = input_json,
        [TYPE_ENUM] = input_enum,
        [TYPE_TSVECTOR] = input_tsvector,
        [TYPE_TSQUERY] = input_tsquery,
        [TYPE_ARRAY] = input_array,
        [TYPE_OTHER] = input_string,
    };

    return inputs[type->id](type, text, arena, out, err);
}
