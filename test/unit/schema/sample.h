/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Models written down in a few lines, for tests.
 *
 *   table projects id* name client_id        a star: part of the primary key
 *   unique projects name
 *   fk projects client_id > clients id       named projects_client_id_fkey
 *   fk:boss projects ...                      with a name of its own
 *   view live projects.id projects.name=title -   columns "id", "title" and one that is an expression
 *
 * A name with a dot before the table's is in that schema, otherwise in public.
 */
#ifndef CAIRN_TEST_UNIT_SCHEMA_SAMPLE_H
#define CAIRN_TEST_UNIT_SCHEMA_SAMPLE_H

#include "schema/schema.h"

struct model *sample_model(const char *text);
/* With schema public exposed. */
struct schema *sample_schema(const char *text);

#endif
