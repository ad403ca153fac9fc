/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the Swagger document share. */
#ifndef CAIRN_REST_SWAGGER_IMPL_H
#define CAIRN_REST_SWAGGER_IMPL_H

#include "rest/describe.h"
#include "rest/swagger.h"

/* swagger.c: the first line of a comment as summary, the rest as description. */
void swagger_add_comment(struct describe *object, struct str comment);
/* type and, of an array, items. */
void swagger_add_type(struct describe *object, const struct type *type);
/* The name of the type of a column: without modifiers, and with its schema where it isn't built
 * in. */
struct str swagger_column_format(const struct schema *schema, const struct type *type,
                                 struct buf *room);
/* That of an argument of a function in the schema home: types of that schema go without it. */
struct str swagger_argument_format(const struct schema *schema, const struct type *type,
                                   struct str home, struct buf *room);

/* swagger_table.c */
bool swagger_has_table(const struct schema *schema, const struct swagger_info *info,
                       uint32_t index);
void swagger_write_table_path(struct describe *paths, const struct schema_table *table);
void swagger_write_definition(struct describe *definitions, const struct schema *schema,
                              const struct schema_table *table);
void swagger_write_parameters(struct describe *parameters, const struct schema *schema,
                              const struct swagger_info *info);

/* swagger_call.c: the paths of all functions. Those of one name share a path. */
void swagger_write_calls(struct describe *paths, const struct schema *schema,
                         const struct swagger_info *info);

#endif
