/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What full text search takes for words: text cut into tokens as PostgreSQL's default parser does.
 *
 * A hyphenated word comes whole and then in its parts, a URL whole and then as host and path; so
 * tokens overlap. Everything between is a token too (blank, tag, entity), so that the whole text is
 * covered.
 * Source: PostgreSQL 15 documentation, 12.5, and what ts_parse() answers.
 */
#ifndef CAIRN_SQL_SEARCH_SCAN_H
#define CAIRN_SQL_SEARCH_SCAN_H

#include "core/err.h"
#include "core/str.h"

/* The numbers of ts_token_type('default'). */
enum search_kind {
    SEARCH_ASCIIWORD = 1,
    SEARCH_WORD,
    SEARCH_NUMWORD,
    SEARCH_EMAIL,
    SEARCH_URL,
    SEARCH_HOST,
    SEARCH_SFLOAT,
    SEARCH_VERSION,
    SEARCH_HWORD_NUMPART,
    SEARCH_HWORD_PART,
    SEARCH_HWORD_ASCIIPART,
    SEARCH_BLANK,
    SEARCH_TAG,
    SEARCH_PROTOCOL,
    SEARCH_NUMHWORD,
    SEARCH_ASCIIHWORD,
    SEARCH_HWORD,
    SEARCH_URL_PATH,
    SEARCH_FILE,
    SEARCH_FLOAT,
    SEARCH_INT,
    SEARCH_UINT,
    SEARCH_ENTITY,
    SEARCH_KINDS,
};

struct search_token {
    enum search_kind kind;
    struct str text; /* borrowed */
};

/* One place in the text: how far a token reaches, in which state, and which rule comes next. */
struct search_place {
    size_t at;
    uint8_t state;
    uint8_t rule;
};

struct search_scan {
    struct str text;
    size_t start; /* of the token */
    /* The alternatives that are left, the last one on top; the current place is above them. */
    struct search_place *places;
    size_t place_count, place_cap;
    uint32_t depth; /* of scans within scans */
    uint64_t steps_left;
    bool wants_host; /* the host of a URL that has been told */
    bool in_script;  /* between <script> or <style> and its end nothing is a word */
    /* The character at current.at. */
    struct search_place current;
    uint32_t c;
    uint8_t size; /* 0: the end */
    bool too_deep, too_long;
};

/* text is UTF-8 and outlives the scan; search_scan_fini() frees what the scan holds. */
void search_scan_init(struct search_scan *scan, struct str text);
void search_scan_fini(struct search_scan *scan);
/*
 * The next token; false at the end, or, with err set, when the text nests deeper than can be looked
 * at (54001: thousands of e-mail addresses without anything between; PostgreSQL's limit is its
 * stack), or needs to be gone over too often (54000: "./" ten thousand times; PostgreSQL takes its
 * time).
 */
MUST_CHECK bool search_scan_next(struct search_scan *scan, struct search_token *out, bool *found,
                                 struct err *err);

#endif
