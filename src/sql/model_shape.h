/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the structs of the model are made of, as data, so that writing and reading a model
 * know each member once.
 */
#ifndef CAIRN_SQL_MODEL_SHAPE_H
#define CAIRN_SQL_MODEL_SHAPE_H

#include "sql/model.h"

enum shape_kind {
    SHAPE_STR,
    SHAPE_BOOL,
    SHAPE_I64,
    SHAPE_ACTION,     /* enum model_action */
    SHAPE_KEY_KIND,   /* enum model_key_kind */
    SHAPE_COMMAND,    /* enum model_command */
    SHAPE_VOLATILITY, /* enum model_volatility */
    SHAPE_RESULT,     /* enum model_result */
    SHAPE_TYPE,       /* struct type */
    SHAPE_STRS,       /* const struct str *, counted */
    SHAPE_INDEXES,    /* const uint32_t *, counted */
    SHAPE_LIST,       /* an array of structs of shape element, counted */
};

struct shape_field {
    const char *name; /* member of the JSON object */
    enum shape_kind kind;
    size_t offset;
    size_t count_offset;         /* STRS, INDEXES, LIST: where the uint32_t count is */
    const struct shape *element; /* LIST */
};

struct shape {
    size_t size;
    const struct shape_field *fields;
    size_t field_count;
};

extern const struct shape model_shape;

/* Adds the roles that are implied to a model without roles. */
void model_add_roles(struct model *model);

#endif
