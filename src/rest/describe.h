/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Columns as JSON schema, for both descriptions of the API (OpenAPI 3.1 and Swagger 2.0).
 */
#ifndef CAIRN_REST_DESCRIBE_H
#define CAIRN_REST_DESCRIBE_H

#include "core/buf.h"
#include "schema/schema.h"

/* A JSON object under way: puts commas between members. */
struct describe {
    struct buf *out;
    bool has_member;
};

/* Begins the value of a member: ,"name": */
void describe_key(struct describe *object, const char *name);
void describe_key_str(struct describe *object, struct str name);
void describe_text(struct describe *object, const char *name, struct str text);
void describe_number(struct describe *object, const char *name, int64_t value);
void describe_flag(struct describe *object, const char *name, bool value);
struct describe describe_begin(struct buf *out); /* writes { */
void describe_end(struct describe *object);      /* writes } */

/* "string", "integer", "number", "boolean", "array" or "object"; NULL: anything. */
const char *describe_json_type(const struct type *type);
/* The members that say what values the type takes: format, maxLength, enum, bounds. */
void describe_type_members(struct describe *object, const struct type *type);
/* The labels of an enum, as the member enum. */
void describe_labels(struct describe *object, const struct type *type);
/* The member items of an array's type. */
void describe_items(struct describe *object, const struct type *type);
/* An example of the type as JSON text. */
void describe_example(struct buf *out, const struct type *type);
/* "Note: This is a Primary Key.<pk/>" and the like, as clients of PostgREST parse them. */
void describe_column_note(struct buf *out, const struct schema_table *table,
                          const struct model_column *column);

#endif
