/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A path to a claim, parsed: segments, each with selectors, some of which have conditions. Private
 * to claim_path.c, which walks it, and claim_path_parse.c, which makes it.
 */
#ifndef CAIRN_AUTH_CLAIM_PATH_IMPL_H
#define CAIRN_AUTH_CLAIM_PATH_IMPL_H

#include "auth/claim_path.h"

enum selector_kind {
    SELECT_NAME,
    SELECT_ALL,
    SELECT_INDEX,
    SELECT_SLICE,
    SELECT_FILTER,
};

struct selector {
    enum selector_kind kind;
    struct str name;
    int64_t from, to, by; /* an index is from */
    bool has_from, has_to;
    const struct condition *condition;
    struct selector *next;
};

struct segment {
    bool descends; /* to the node itself and all below it */
    struct selector *selectors;
    struct segment *next;
};

enum condition_kind {
    CONDITION_OR,
    CONDITION_AND,
    CONDITION_NOT,
    CONDITION_THERE, /* a selects something */
    CONDITION_EQ,
    CONDITION_NE,
    CONDITION_LT,
    CONDITION_LE,
    CONDITION_GT,
    CONDITION_GE,
    CONDITION_SEARCH, /* b, a regular expression, fits somewhere in a */
    CONDITION_MATCH,  /* b fits the whole of a */
    /* Of the short notation: both are texts, and... */
    CONDITION_TEXT_EQ,
    CONDITION_TEXT_NE,
    CONDITION_TEXT_BEGINS,
    CONDITION_TEXT_ENDS,
    CONDITION_TEXT_HAS,
};

struct operand {
    bool is_query;
    bool is_from_root; /* $, not @ */
    const struct segment *path;
    struct json literal; /* of one that isn't a query */
};

struct condition {
    enum condition_kind kind;
    const struct condition *left, *right; /* of OR, AND; NOT has left */
    struct operand a, b;                  /* of the others */
};

struct claim_path {
    struct arena *arena; /* all of it lives there */
    const struct segment *segments;
};

#endif
