/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations and dictionaries: what a token becomes. */
#include <libstemmer.h>

#include "sql/letter.h"
#include "sql/search_impl.h"
#include "sql/search_scan.h"

/* Longer ones are no words of any language, and are left as they are. */
#define STEM_MAX 1000
#define LANGUAGES_MAX 64

struct search {
    struct sb_stemmer *stemmers[LANGUAGES_MAX]; /* by language; NULL: not used yet */
};

struct search *
search_new(void)
{
    assert(search_language_count <= LANGUAGES_MAX);
    return xcalloc(1, sizeof(struct search));
}

void
search_free(struct search *search)
{
    if (search == NULL)
        return;
    for (size_t i = 0; i < LANGUAGES_MAX; i++)
        sb_stemmer_delete(search->stemmers[i]);
    free(search);
}

static bool
fail_unknown(struct str name, struct err *err)
{
    return err_set(err, ERR_DB, "42704", "text search configuration \"%.*s\" does not exist",
                   STR_ARG(name));
}

static bool
fail_name(struct err *err)
{
    return err_set(err, ERR_DB, "42602", "invalid name syntax");
}

static bool
is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* One name of a.b.c, folded unless it is quoted; *at moves behind it and the blanks there. */
static bool
read_name(struct str text, size_t *at, char *name, size_t size, size_t *len)
{
    bool quoted = false;

    *len = 0;
    while (*at < text.len && is_blank(text.data[*at]))
        (*at)++;
    quoted = *at < text.len && text.data[*at] == '"';
    for (*at += quoted ? 1 : 0; *at < text.len; (*at)++) {
        char c = text.data[*at];

        if (quoted && c == '"') {
            if (*at + 1 >= text.len || text.data[*at + 1] != '"')
                break;
            (*at)++;
        } else if (!quoted && (c == '.' || is_blank(c))) {
            break;
        }
        if (*len < size)
            name[(*len)++] = !quoted && c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    if (quoted && *at >= text.len)
        return false;
    *at += quoted ? 1 : 0;
    while (*at < text.len && is_blank(text.data[*at]))
        (*at)++;
    return *len > 0;
}

static bool
find_language(struct str name, struct search_config *out)
{
    for (size_t i = 0; i < search_language_count; i++) {
        if (!str_eq(name, str_from(search_languages[i].name)))
            continue;
        out->word = &search_languages[i];
        out->ascii = &search_languages[search_languages[i].ascii];
        return true;
    }
    return str_eq(name, STR("simple"));
}

#define NAME_BYTES 63 /* PostgreSQL cuts longer names */

/* Up to three names with dots between. */
static bool
read_names(struct str text, char names[3][NAME_BYTES], size_t lens[3], size_t *count,
           struct err *err)
{
    size_t at = 0;

    for (*count = 0;; at++) {
        if (*count == 3)
            return err_set(err, ERR_DB, "42601",
                           "improper qualified name (too many dotted names): %.*s", STR_ARG(text));
        if (!read_name(text, &at, names[*count], NAME_BYTES, &lens[*count]))
            return fail_name(err);
        (*count)++;
        if (at == text.len)
            return true;
        if (text.data[at] != '.')
            return fail_name(err);
    }
}

static bool
is_number(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    }
    return text.len > 0 && text.len < 10;
}

/* The number of "simple" in pg_ts_config is always the same; those of the languages are not. */
#define SIMPLE_OID "3748"

bool
search_find_config(struct str name, struct search_config *out, struct err *err)
{
    char names[3][NAME_BYTES];
    size_t lens[3] = {0};
    size_t count = 0;
    struct str last;

    *out = (struct search_config){0};
    if (name.data == NULL)
        name = STR("english");
    if (str_eq(name, STR(SIMPLE_OID)))
        return true;
    if (str_eq(name, STR("-")) || is_number(name))
        return err_set(err, ERR_DB, "XX000",
                       "cache lookup failed for text search configuration %.*s",
                       STR_ARG(str_eq(name, STR("-")) ? STR("0") : name));
    if (!read_names(name, names, lens, &count, err))
        return false;
    if (count == 3)
        return err_set(err, ERR_DB, "0A000", "cross-database references are not implemented: %.*s",
                       STR_ARG(name));
    last = str_make(names[count - 1], lens[count - 1]);
    if (count == 2 && !str_eq(str_make(names[0], lens[0]), STR("pg_catalog"))) {
        char shown[2 * NAME_BYTES + 2];

        snprintf(shown, sizeof(shown), "%.*s.%.*s", (int)lens[0], names[0], STR_ARG(last));
        return fail_unknown(str_from(shown), err);
    }
    return find_language(last, out) || fail_unknown(count == 1 ? last : name, err);
}

struct str
search_config_name(const struct search_config *config)
{
    return config->word != NULL ? str_from(config->word->name) : STR("simple");
}

static struct str
fold(struct str word, struct arena *arena)
{
    struct buf out;
    struct str folded;
    char *copy = arena_alloc(arena, word.len + 1);
    bool ascii = true;

    for (size_t i = 0; i < word.len; i++) {
        char c = word.data[i];

        ascii = ascii && (unsigned char)c < 0x80;
        copy[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    copy[word.len] = '\0';
    if (ascii)
        return str_make(copy, word.len);
    buf_init(&out, word.len * 4 + 16);
    for (size_t at = 0; at < word.len;)
        letter_write(&out, letter_lower(letter_next(word, &at)));
    folded = arena_copy(arena, buf_str(&out));
    buf_fini(&out);
    return folded;
}

static int
compare_stop(const void *key, const void *item)
{
    return str_cmp(*(const struct str *)key, str_from(*(const char *const *)item));
}

static bool
is_stop(const struct search_language *language, struct str word)
{
    return language->stop_count > 0 && bsearch(&word, language->stops, language->stop_count,
                                               sizeof(*language->stops), compare_stop) != NULL;
}

static struct str
stem(struct search *search, const struct search_language *language, struct str word,
     struct arena *arena)
{
    struct sb_stemmer **stemmer = &search->stemmers[language - search_languages];
    const unsigned char *out = NULL;
    int len = 0;

    if (*stemmer == NULL)
        *stemmer = sb_stemmer_new(language->name, "UTF_8");
    /* Every language of the table is one of the library's: only memory can be missing. */
    assert(*stemmer != NULL);
    out = sb_stemmer_stem(*stemmer, (const unsigned char *)word.data, (int)word.len);
    assert(out != NULL);
    len = sb_stemmer_length(*stemmer);
    if (len == 0 || str_eq(word, str_make((const char *)out, (size_t)len)))
        return word;
    return arena_copy(arena, str_make((const char *)out, (size_t)len));
}

/* A string without blanks around, its case folded and the stem of it. data NULL: left out. */
static struct str
make_lexeme(struct search *search, const struct search_language *language, struct str word,
            struct arena *arena)
{
    struct str folded = fold(word, arena);

    if (language == NULL || word.len > STEM_MAX)
        return folded;
    if (folded.len == 0 || is_stop(language, folded))
        return STR_NULL;
    return stem(search, language, folded, arena);
}

void
search_words_fini(struct search_words *words)
{
    free(words->items);
    *words = (struct search_words){0};
}

static void
add_word(struct search_words *words, struct str lexeme)
{
    if (words->count == words->cap) {
        words->cap = words->cap == 0 ? 64 : words->cap * 2;
        words->items = xrealloc(words->items, words->cap * sizeof(*words->items));
    }
    words->items[words->count++] = (struct search_word){
        .lexeme = lexeme,
        .place = words->place < SEARCH_PLACE_MAX ? words->place : SEARCH_PLACE_MAX,
    };
}

/* What a kind of token goes through. */
enum way { WAY_NONE, WAY_SIMPLE, WAY_WORD, WAY_ASCII };

static enum way
way_of(enum search_kind kind)
{
    switch (kind) {
    case SEARCH_ASCIIWORD:
    case SEARCH_ASCIIHWORD:
    case SEARCH_HWORD_ASCIIPART:
        return WAY_ASCII;
    case SEARCH_WORD:
    case SEARCH_HWORD:
    case SEARCH_HWORD_PART:
        return WAY_WORD;
    case SEARCH_BLANK:
    case SEARCH_TAG:
    case SEARCH_PROTOCOL:
    case SEARCH_ENTITY:
    case SEARCH_KINDS:
        return WAY_NONE;
    case SEARCH_NUMWORD:
    case SEARCH_EMAIL:
    case SEARCH_URL:
    case SEARCH_HOST:
    case SEARCH_SFLOAT:
    case SEARCH_VERSION:
    case SEARCH_HWORD_NUMPART:
    case SEARCH_NUMHWORD:
    case SEARCH_URL_PATH:
    case SEARCH_FILE:
    case SEARCH_FLOAT:
    case SEARCH_INT:
    case SEARCH_UINT:
        break;
    }
    return WAY_SIMPLE;
}

bool
search_words_add(struct search *search, const struct search_config *config, struct str text,
                 struct arena *arena, struct search_words *words, struct err *err)
{
    struct search_scan scan;
    struct search_token token;
    bool found = true;
    bool ok = true;

    search_scan_init(&scan, text);
    while ((ok = search_scan_next(&scan, &token, &found, err)) && found) {
        enum way way = way_of(token.kind);
        struct str lexeme;

        if (way == WAY_NONE || token.text.len >= SEARCH_WORD_MAX)
            continue;
        lexeme = make_lexeme(search,
                             way == WAY_ASCII  ? config->ascii
                             : way == WAY_WORD ? config->word
                                               : NULL,
                             token.text, arena);
        words->place++;
        if (lexeme.data != NULL)
            add_word(words, lexeme);
    }
    search_scan_fini(&scan);
    return ok;
}
