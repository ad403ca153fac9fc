/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the files of search_*.c only.
 */
#ifndef CAIRN_SQL_SEARCH_IMPL_H
#define CAIRN_SQL_SEARCH_IMPL_H

#include "sql/search.h"

#define SEARCH_WORD_MAX 2047      /* bytes; PostgreSQL's limit, as are the others */
#define SEARCH_VECTOR_MAX 1048575 /* bytes, as PostgreSQL stores a vector */
#define SEARCH_PLACES_MAX 255     /* of one lexeme */

#define SEARCH_PLACE(place) ((place)&0x3FFF)
#define SEARCH_WEIGHT(place) ((place) >> 14)

struct search_word {
    struct str lexeme;
    uint32_t place;
};

/* The words of a text as the dictionaries leave them. */
struct search_words {
    struct search_word *items;
    size_t count, cap;
    uint32_t place; /* of the last one, words that were left out counted */
};

/* Adds the words of text; their lexemes live in arena. */
MUST_CHECK bool search_words_add(struct search *search, const struct search_config *config,
                                 struct str text, struct arena *arena, struct search_words *words,
                                 struct err *err);
void search_words_fini(struct search_words *words);

/* One word of a tsvector's or tsquery's text. */
enum search_syntax { SEARCH_IN_VECTOR, SEARCH_IN_QUERY, SEARCH_IN_WEB };

struct search_reader {
    struct str text;
    size_t at;
    enum search_syntax syntax;
    struct arena *arena;
    struct err *err;
    char *room; /* for words; NULL: not needed yet */
};

/* The next word, and in a vector its places (count 0: none given). *found is false at the end. */
MUST_CHECK bool search_read_word(struct search_reader *reader, struct str *word, uint16_t **places,
                                 uint32_t *place_count, bool *found);
bool search_fail_syntax(const struct search_reader *reader);
/* U+0000 and what is no UTF-8 can't come here. */
bool search_is_space(struct str text, size_t at);
int search_compare(struct str a, struct str b);

void search_write_word(struct buf *out, struct str word);

#endif
