/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cursor over one decoded parameter value, with the errors of the URL grammar (PGRST100).
 */
#ifndef CAIRN_REST_CURSOR_H
#define CAIRN_REST_CURSOR_H

#include "rest/api.h"

struct cursor {
    struct str in;
    size_t pos;
    size_t shift;     /* what stood before in, for the column of a message */
    const char *what; /* "filter", "select parameter": for the message */
    struct arena *arena;
    const struct api_limits *limits;
    uint32_t terms, nodes; /* seen so far, over the whole request */
    struct err *err;
};

static inline int
cursor_peek(const struct cursor *c)
{
    return c->pos < c->in.len ? (unsigned char)c->in.data[c->pos] : -1;
}

static inline bool
cursor_at_end(const struct cursor *c)
{
    return c->pos >= c->in.len;
}

/* Consumes text when it comes next. */
static inline bool
cursor_eat(struct cursor *c, struct str text)
{
    if (c->in.len - c->pos < text.len || memcmp(c->in.data + c->pos, text.data, text.len) != 0)
        return false;
    c->pos += text.len;
    return true;
}

static inline bool
cursor_eat_char(struct cursor *c, char ch)
{
    if (cursor_peek(c) != (unsigned char)ch)
        return false;
    c->pos++;
    return true;
}

void cursor_skip_blanks(struct cursor *c);
/* PGRST100 at the current place; returns false. expecting completes "expecting ...". */
bool cursor_fail(struct cursor *c, const char *expecting);
/* The same where the end would do too: then the character stands in single quotes. */
bool cursor_fail_end(struct cursor *c, const char *expecting);
/* 400 with a limit's name: "too many terms: at most 1000". */
bool cursor_fail_limit(struct cursor *c, const char *what, uint32_t limit);

/* A name: letters, digits, _ $ - and blanks, or anything inside double quotes. */
MUST_CHECK bool cursor_name(struct cursor *c, struct str *out);
/* name[->step]* with the last possibly ->>. */
MUST_CHECK bool cursor_field(struct cursor *c, struct api_field *out);
/* A double-quoted text with \" and \\; *out decoded. The cursor stands on the quote. */
MUST_CHECK bool cursor_quoted(struct cursor *c, struct str *out);

/* api_select.c, api_filter.c */
MUST_CHECK bool api_parse_select(struct cursor *c, struct api_item **out);
MUST_CHECK bool api_parse_order(struct cursor *c, struct api_order **out);
/* The whole value of COLUMN=VALUE. simple says that the slot is the rest of the value, which
 * begins at *slot_at. */
MUST_CHECK bool api_parse_filter_value(struct cursor *c, struct api_request *request,
                                       struct api_filter *filter, bool *negated, size_t *slot_at);
/* (a.eq.1,or(...)): the members of a logic tree, into cond->children. */
MUST_CHECK bool api_parse_logic(struct cursor *c, struct api_request *request,
                                struct api_cond *cond, uint32_t depth);
uint32_t api_slot_add(struct cursor *c, struct api_request *request, struct str text);

#endif
