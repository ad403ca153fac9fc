/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the files of type_*.c only.
 */
#ifndef CAIRN_SQL_TYPE_IMPL_H
#define CAIRN_SQL_TYPE_IMPL_H

#include "sql/type.h"

/* JSON deeper than this is refused with 54001. PostgreSQL's own limit is its stack. */
#define TYPE_JSON_DEPTH_MAX 1000

/* Is text JSON as the json type takes it (duplicate keys and \u0000 included)? 22P02 with
 * PostgreSQL's details. */
MUST_CHECK bool type_check_json(struct str text, struct err *err);
/* To jsonb's normal form. */
MUST_CHECK bool type_normalize_jsonb(struct str text, struct arena *arena, struct str *out,
                                     struct err *err);
/* 22021 when text is no UTF-8 or holds U+0000. */
MUST_CHECK bool type_check_encoding(struct str text, struct err *err);
/* The input function of an explicit cast cuts varchar(n) and char(n) where the other refuses. */
MUST_CHECK bool type_input_string(const struct type *type, struct str text, bool cut,
                                  struct arena *arena, struct value *out, struct err *err);

static inline struct value
type_value_int(int64_t i)
{
    return (struct value){.kind = VALUE_INT, .i = i};
}

static inline struct value
type_value_text(struct str s)
{
    return (struct value){.kind = VALUE_TEXT, .s = s};
}

#endif
