/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Full text search on the embedded engine, with PostgreSQL's answers: the words of a text as a
 * tsvector, queries as a tsquery, and whether the one matches the other.
 *
 * Both are kept as the text that PostgreSQL prints. Configurations are PostgreSQL's own: simple,
 * and those of def/search.toml; without one, english is taken, as initdb sets
 * default_text_search_config under the locales C and C.UTF-8. Source: PostgreSQL 15 documentation,
 * chapter 12, 8.11 and 9.13.
 */
#ifndef CAIRN_SQL_SEARCH_H
#define CAIRN_SQL_SEARCH_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "def/search.h"

#define SEARCH_PLACE_MAX 16383 /* words further on have this place too */

/* The stemmers that one thread has used; not to be shared. */
struct search;
struct search *search_new(void);
void search_free(struct search *search); /* NULL is safe */

struct search_config {
    const struct search_language *word;  /* NULL: simple */
    const struct search_language *ascii; /* of words of ASCII letters */
};

/* The configuration that a text names as regconfig does ("english", "pg_catalog.simple"); data
 * NULL: the default. err: 42704 and the others of regconfig's input function. */
MUST_CHECK bool search_find_config(struct str name, struct search_config *out, struct err *err);
/* Its name without a schema. */
struct str search_config_name(const struct search_config *config);

struct search_entry {
    struct str lexeme;
    uint16_t *places; /* ascending; weight << 14 | place, weight 3 is A; NULL: not known */
    uint32_t place_count;
};

/* Entries in the order of their bytes, none twice. */
struct search_vector {
    struct search_entry *entries;
    uint32_t count;
};

/* What is made lives in arena, and borrows from text. err: 54000 too large, 54001 nested too
 * deep. */
MUST_CHECK bool search_vector_make(struct search *search, const struct search_config *config,
                                   struct str text, struct arena *arena, struct search_vector *out,
                                   struct err *err);
/* Of the strings in JSON. */
MUST_CHECK bool search_vector_make_json(struct search *search, const struct search_config *config,
                                        struct str json, struct arena *arena,
                                        struct search_vector *out, struct err *err);
/* The input function of tsvector. err: 42601, 54000. */
MUST_CHECK bool search_vector_read(struct str text, struct arena *arena, struct search_vector *out,
                                   struct err *err);
void search_vector_write(struct buf *out, const struct search_vector *vector);
/* Places without one keep none. weight: 0 (D) to 3 (A). */
void search_vector_weigh(struct search_vector *vector, unsigned weight);
void search_vector_strip(struct search_vector *vector);
/* a || b: b's places come after those of a. */
MUST_CHECK bool search_vector_concat(const struct search_vector *a, const struct search_vector *b,
                                     struct arena *arena, struct search_vector *out,
                                     struct err *err);

enum search_op { SEARCH_VALUE, SEARCH_NOT, SEARCH_AND, SEARCH_OR, SEARCH_PHRASE };

struct search_node {
    enum search_op op;
    bool prefix;
    uint8_t weights;  /* bit 0 is D; 0: any */
    int16_t distance; /* SEARCH_PHRASE */
    uint32_t depth;   /* of the tree below, without what leans to the left in chains of & and | */
    uint32_t whole_depth;                   /* with it */
    struct str lexeme;                      /* SEARCH_VALUE */
    const struct search_node *left, *right; /* SEARCH_NOT: right */
};

enum search_form {
    SEARCH_FORM_PLAIN,  /* plainto_tsquery */
    SEARCH_FORM_PHRASE, /* phraseto_tsquery */
    SEARCH_FORM_WEB,    /* websearch_to_tsquery */
    SEARCH_FORM_QUERY,  /* to_tsquery */
};

/* *out is NULL when no word is left: such a query matches nothing. err: 42601 "syntax error in
 * tsquery", 22023, 54000, 54001. */
MUST_CHECK bool search_query_make(struct search *search, const struct search_config *config,
                                  enum search_form form, struct str text, struct arena *arena,
                                  const struct search_node **out, struct err *err);
/* The input function of tsquery. */
MUST_CHECK bool search_query_read(struct str text, struct arena *arena,
                                  const struct search_node **out, struct err *err);
void search_query_write(struct buf *out, const struct search_node *query);
/* The text of that: as search_query_read(), but any number of ! stand before a word. */
MUST_CHECK bool search_query_restore(struct str text, struct arena *arena,
                                     const struct search_node **out, struct err *err);

/* vector @@ query. arena holds what is reckoned with. */
bool search_match(const struct search_vector *vector, const struct search_node *query,
                  struct arena *arena);

/*
 * Candidates: an index on vectors is a table of FTS5 that finds rows by their words, which are
 * terms of its tokenizer "ascii" with '_' as a part of them. What it finds is a superset of what
 * matches.
 */
#define SEARCH_KEYS_MAX 32 /* vectors in one index */

/* Adds the terms of vector number key to the text of a row. */
void search_terms_write(struct buf *out, unsigned key, const struct search_vector *vector);
/* The query of FTS5 for rows that may match in vector number key; empty: all rows may. query NULL
 * matches nothing. */
struct str search_candidates(const struct search_node *query, unsigned key, struct arena *arena);

#endif
