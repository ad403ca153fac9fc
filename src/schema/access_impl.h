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

/* One writing of a text with marks (sql/model.h). */
struct access_writer {
    const struct schema *schema;
    const struct schema_role *caller; /* whose statement it is, whoever reads; NULL: no rules */
    struct buf *out;
    int64_t reads;
    /* The tables whose policies are being written, for the error that they need each other; and
     * views on views. */
    const struct schema_table *open[32];
    uint32_t depth;
    struct err *err;
};

/* What \x01 stands for in a text: a row of alias; or, with view, of what the view's level stands
 * on, as far as a row of its base table, called alias, makes it up; level UINT32_MAX: of the view
 * itself. */
struct access_row {
    struct str alias;
    const struct schema_view *view;
    uint32_t level;
};

/* Copies text, with each mark replaced. */
MUST_CHECK bool access_write_text(struct access_writer *w, const struct schema_role *role,
                                  struct str text, const struct access_row *row);
/* \x01."name" at *at, which moves to its end: row->view is given. */
MUST_CHECK bool access_write_view_row(struct access_writer *w, const struct access_row *row,
                                      struct str text, size_t *at);
/* What a policy's sub-selects or a view read has to be allowed to role. */
MUST_CHECK bool access_check_reads(struct access_writer *w, const struct schema_role *role,
                                   const struct model_reference *references, uint32_t count);
/* As whom a view reads what it stands on: with security_invoker as the caller, also when another
 * view that is not so stands above it. */
const struct schema_role *access_reader(const struct schema *schema,
                                        const struct schema_role *caller,
                                        const struct model_table *view);

/* access_view.c: finds the views that can be written; after the tables were made. */
void access_views_build(const struct schema *schema, struct schema_table *tables,
                        struct arena *arena);

#endif
