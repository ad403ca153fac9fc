/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a write: an object or an array of objects, checked whole before anything is done
 * with it. CSV and forms become such an array or object first.
 */
#ifndef CAIRN_REST_PAYLOAD_H
#define CAIRN_REST_PAYLOAD_H

#include "core/json.h"
#include "rest/api.h"
#include "schema/schema.h"

struct payload {
    const struct json *first; /* the first row; the others through next */
    uint32_t row_count;
    bool is_array;
    struct str *keys; /* of the first row, in its order */
    uint32_t key_count;
    struct str text; /* JSON text of all rows */
};

/*
 * Lives in arena and borrows from body. has_columns says that columns= names the keys, so that rows
 * may differ. Errors: 400 PGRST102.
 */
MUST_CHECK bool payload_parse(struct str body, struct str content_type, bool has_columns,
                              uint32_t depth_max, struct arena *arena, struct payload *out,
                              struct err *err);

/* How the rows reach PostgreSQL: as the JSON they are, as one value for each column, or as one
 * array of values for each. */
enum payload_way { PAYLOAD_AS_JSON, PAYLOAD_AS_ROW, PAYLOAD_AS_ARRAYS };

struct payload_names {
    const struct str *items; /* the columns written */
    uint32_t count;
    bool all_present; /* what a row leaves out is not null, but a default: missing=default */
};

/* The cheapest way that gives the same answer as JSON, for the first so many rows. */
enum payload_way payload_choose_way(const struct payload *payload, uint32_t rows,
                                    const struct payload_names *names,
                                    const struct schema_table *table, struct arena *arena);
/* The member for a column, or NULL. *cursor is NULL before the first, and remembers the last found:
 * rows mostly have their members in the order of the columns. */
const struct json *payload_find_member(const struct json *row, struct str key,
                                       const struct json **cursor);
/* What the type's input function reads of a member, where the way isn't JSON; data NULL: SQL NULL.
 * It lives in arena or borrows. */
struct str payload_column_text(const struct json *member, const struct type *type,
                               struct arena *arena);
/* What a JSON value is as text for a column's input function; data NULL: SQL NULL. raw says that
 * the column holds JSON, which takes the value's source text. */
struct str payload_value_text(const struct json *value, bool raw);
/* The array that a member is to PostgreSQL's json_to_record(), on the embedded engine. Errors: 400
 * 22P02 what is no array, and those of the items' input function. */
MUST_CHECK bool payload_array(const struct json *member, const struct type *type,
                              struct arena *arena, struct value *out, struct err *err);

#endif
