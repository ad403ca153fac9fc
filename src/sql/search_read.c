/* SPDX-License-Identifier: Apache-2.0 */
/* One word of the text of a tsvector or tsquery: quotes, backslashes, places. */
#include "sql/letter.h"
#include "sql/search_impl.h"

bool
search_is_space(struct str text, size_t at)
{
    uint32_t c = 0;

    if (at >= text.len)
        return false;
    c = letter_next(text, &at);
    return c < 0x80 ? c == ' ' || (c >= '\t' && c <= '\r') : letter_is(c, LETTER_SPACE);
}

bool
search_fail_syntax(const struct search_reader *reader)
{
    return err_set(reader->err, ERR_DB, "42601", "syntax error in %s: \"%.*s\"",
                   reader->syntax == SEARCH_IN_VECTOR ? "tsvector" : "tsquery",
                   STR_ARG(reader->text));
}

static bool
fail_places(const struct search_reader *reader)
{
    return err_set(reader->err, ERR_DB, "42601", "wrong position info in tsvector: \"%.*s\"",
                   STR_ARG(reader->text));
}

static int
peek(const struct search_reader *reader)
{
    return reader->at < reader->text.len ? (unsigned char)reader->text.data[reader->at] : -1;
}

/* Copies the character at the cursor. */
static void
copy_char(struct search_reader *reader, char *word, size_t *len)
{
    size_t step = str_utf8_step(reader->text, reader->at);

    step = step > 0 ? step : 1;
    memcpy(word + *len, reader->text.data + reader->at, step);
    *len += step;
    reader->at += step;
}

/* The character behind a backslash stands for itself. */
static bool
copy_escaped(struct search_reader *reader, char *word, size_t *len)
{
    reader->at++;
    if (peek(reader) < 0)
        return err_set(reader->err, ERR_DB, "42601", "there is no escaped character: \"%.*s\"",
                       STR_ARG(reader->text));
    copy_char(reader, word, len);
    return true;
}

static bool
is_operator(int c)
{
    return c == '!' || c == '&' || c == '|' || c == '(' || c == ')' || c == '<';
}

/* Behind the opening quote; a doubled one stands for itself. */
static bool
read_quoted(struct search_reader *reader, char *word, size_t *len)
{
    for (;;) {
        int c = peek(reader);

        if (c < 0)
            return search_fail_syntax(reader);
        if (c == '\\') {
            if (!copy_escaped(reader, word, len))
                return false;
            continue;
        }
        if (c == '\'') {
            reader->at++;
            if (peek(reader) != '\'')
                return *len > 0 || search_fail_syntax(reader);
        }
        copy_char(reader, word, len);
    }
}

static bool
read_plain(struct search_reader *reader, char *word, size_t *len)
{
    bool escapes = reader->syntax != SEARCH_IN_WEB;
    bool operators = reader->syntax != SEARCH_IN_VECTOR;

    for (;;) {
        int c = peek(reader);

        if (c == '\\' && escapes) {
            if (!copy_escaped(reader, word, len))
                return false;
            continue;
        }
        if (c < 0 || search_is_space(reader->text, reader->at) || (operators && is_operator(c)) ||
            (c == '"' && !escapes) || (c == ':' && *len > 0))
            return *len > 0 || search_fail_syntax(reader);
        copy_char(reader, word, len);
    }
}

static bool
is_digit(int c)
{
    return c >= '0' && c <= '9';
}

/* As atoi(): the digits of a place. */
static bool
read_place(struct search_reader *reader, uint16_t *out)
{
    int64_t digits = 0;
    int32_t place = 0;

    if (!is_digit(peek(reader)))
        return search_fail_syntax(reader);
    for (; is_digit(peek(reader)); reader->at++) {
        if (__builtin_mul_overflow(digits, 10, &digits) ||
            __builtin_add_overflow(digits, peek(reader) - '0', &digits))
            digits = INT64_MAX;
    }
    /* What an int has no room for comes round, as there. */
    place = (int32_t)(uint32_t)(uint64_t)digits;
    *out = (uint16_t)(place < SEARCH_PLACE_MAX ? place & SEARCH_PLACE_MAX : SEARCH_PLACE_MAX);
    return *out > 0 || fail_places(reader);
}

static int
weight_of(int c)
{
    switch (c) {
    case '*':
    case 'a':
    case 'A':
        return 3;
    case 'b':
    case 'B':
        return 2;
    case 'c':
    case 'C':
        return 1;
    case 'd':
    case 'D':
        return 0;
    default:
        return -1;
    }
}

/* What may follow a place: its weight. Digits that come behind it count for nothing. */
static bool
read_weight(struct search_reader *reader, uint16_t *place)
{
    for (;; reader->at++) {
        int c = peek(reader);
        int weight = weight_of(c);

        if (weight >= 0) {
            if (SEARCH_WEIGHT(*place) > 0)
                return search_fail_syntax(reader);
            *place = (uint16_t)(SEARCH_PLACE(*place) | (unsigned)weight << 14);
        } else if (!is_digit(c)) {
            return c < 0 || c == ',' || search_is_space(reader->text, reader->at) ||
                   search_fail_syntax(reader);
        }
    }
}

/* Behind the colon. */
static bool
read_places(struct search_reader *reader, uint16_t **places, uint32_t *count)
{
    size_t cap = 4;

    *places = ARENA_ARRAY(reader->arena, uint16_t, cap);
    do {
        if (*count == cap) {
            uint16_t *more = ARENA_ARRAY(reader->arena, uint16_t, cap * 2);

            memcpy(more, *places, cap * sizeof(*more));
            *places = more;
            cap *= 2;
        }
        reader->at++;
        if (!read_place(reader, &(*places)[*count]) || !read_weight(reader, &(*places)[*count]))
            return false;
        (*count)++;
    } while (peek(reader) == ',');
    return true;
}

bool
search_read_word(struct search_reader *reader, struct str *word, uint16_t **places,
                 uint32_t *place_count, bool *found)
{
    char *copy = NULL;
    size_t len = 0;
    bool ok = false;

    *found = false;
    while (search_is_space(reader->text, reader->at)) {
        size_t step = str_utf8_step(reader->text, reader->at);

        reader->at += step;
    }
    if (peek(reader) < 0)
        return true;
    if (reader->syntax != SEARCH_IN_VECTOR && is_operator(peek(reader)))
        return search_fail_syntax(reader);
    /* All words together are not longer than the text. */
    if (reader->room == NULL)
        reader->room = arena_alloc(reader->arena, reader->text.len + 1);
    copy = reader->room;
    if (peek(reader) == '\'' && reader->syntax != SEARCH_IN_WEB) {
        reader->at++;
        ok = read_quoted(reader, copy, &len);
    } else {
        ok = read_plain(reader, copy, &len);
    }
    if (!ok)
        return false;
    *word = str_make(copy, len);
    reader->room += len;
    *found = true;
    if (reader->syntax != SEARCH_IN_VECTOR)
        return true;
    if (len >= SEARCH_WORD_MAX)
        return err_set(reader->err, ERR_DB, "54000", "word is too long (%zu bytes, max %d bytes)",
                       len, SEARCH_WORD_MAX - 1);
    return peek(reader) != ':' || read_places(reader, places, place_count);
}
