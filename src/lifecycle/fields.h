/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that people write as fields: a mapping in YAML, of which each value is a text or a list of
 * texts. Rows of a project's own and descriptions of services are such files.
 */
#ifndef CAIRN_LIFECYCLE_FIELDS_H
#define CAIRN_LIFECYCLE_FIELDS_H

#include "core/arena.h"
#include "core/str.h"

enum { FIELDS_LIST_MAX = 64 };

struct field {
    const char *key;          /* "" when it is no text */
    size_t key_line, line;    /* of the key and of the value, from 1 */
    const char *text;         /* NULL: the value isn't a text, or an empty one */
    const char *const *items; /* NULL-terminated; NULL: no list of 1 to FIELDS_LIST_MAX texts */
    bool is_list;             /* it is a list, sound or not */
};

struct fields {
    struct field *items;
    size_t count;
    const char *error; /* NULL: it could be read */
    size_t error_line;
};

/* Everything lives in arena. False with error and error_line for what is not YAML, or no
 * mapping. */
MUST_CHECK bool fields_parse(struct str text, struct arena *arena, struct fields *out);

#endif
