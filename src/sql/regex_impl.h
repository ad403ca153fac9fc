/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by regex.c, which parses and compiles, and regex_match.c, which runs the program.
 */
#ifndef CAIRN_SQL_REGEX_IMPL_H
#define CAIRN_SQL_REGEX_IMPL_H

#include "sql/letter.h"
#include "sql/regex.h"

enum regex_op {
    REGEX_CHAR, /* c */
    REGEX_ANY,
    REGEX_SET,    /* sets[x] */
    REGEX_SPLIT,  /* go on at x and at y */
    REGEX_JUMP,   /* go on at x */
    REGEX_ASSERT, /* (enum regex_place)x holds here */
    REGEX_MATCH,
};

enum regex_place {
    REGEX_TEXT_START,
    REGEX_TEXT_END,
    REGEX_LINE_START,
    REGEX_LINE_END,
    REGEX_WORD_START,
    REGEX_WORD_END,
    REGEX_WORD_EDGE,
    REGEX_NOT_WORD_EDGE,
};

struct regex_instruction {
    enum regex_op op;
    uint32_t x;
    union {
        uint32_t y;
        uint32_t c; /* lower case when case is ignored */
    };
};

struct regex_range {
    uint32_t first;
    uint32_t last;
};

struct regex_set {
    bool negated;
    uint32_t classes;     /* bits of enum letter_class */
    uint32_t not_classes; /* what is in none of each of these */
    struct regex_range *ranges;
    uint32_t range_count;
    uint32_t range_cap;
};

/* Does the instruction take this character? False for those that take none. */
bool regex_consumes(const struct regex *regex, const struct regex_instruction *at, uint32_t c);

struct regex {
    struct regex_instruction *program;
    uint32_t count;
    struct regex_set *sets;
    uint32_t set_count;
    bool ignore_case;
    bool newline_splits; /* . and negated brackets don't match a newline */
    bool skips;          /* a match begins with a byte of first, and is not empty */
    bool first[256];
    /* State of a match. */
    uint32_t *stack;
    uint32_t *current;
    uint32_t *next;
    uint32_t *mark; /* the position at which a state was last added */
    uint32_t generation;
};

#endif
