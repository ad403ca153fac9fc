/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of access*.c, and schema.c, which builds the roles. */
#ifndef CAIRN_SCHEMA_ACCESS_IMPL_H
#define CAIRN_SCHEMA_ACCESS_IMPL_H

#include "schema/access.h"

/* Fills schema->roles from the model; what is made lives in arena. */
void access_roles_build(struct schema *schema, struct arena *arena);

/* Fills is_said of the tables, which are those of schema. */
void access_tables_build(const struct schema *schema, struct schema_table *tables);

/* Whether the migrations have any rules, but those on schemas; after access_tables_build. */
bool access_has_rules(const struct schema *schema);

/* Whether role has the privileges of the role called name; empty: PUBLIC, which everybody is. */
bool access_has_role(const struct schema *schema, const struct schema_role *role, struct str name);
/* Whether it has those of the owner. */
bool access_is_owner(const struct schema *schema, const struct schema_role *role,
                     const struct model_acl *acl);

#endif
