/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of emit share. */
#ifndef CAIRN_REST_EMIT_IMPL_H
#define CAIRN_REST_EMIT_IMPL_H

#include "rest/emit.h"
#include "sql/quote.h"

struct emitter {
    enum db_dialect dialect;
    const struct plan *plan;
    struct arena *arena;
    struct buf sql;
    struct emit_param *params;
    uint32_t param_count, param_cap;
    /* How the root is called: an alias, or in a write of the embedded engine the table itself. */
    struct str root_alias;
    bool call_is_named; /* the root's function stands before, as WITH */
    bool *used;         /* root columns that were mentioned; NULL: nobody asks */
};

static inline bool
emit_is_postgres(const struct emitter *e)
{
    return e->dialect == DB_POSTGRES;
}

/* Writes the placeholder and notes where its value comes from. */
void emit_param(struct emitter *e, struct emit_param param);
void emit_table(struct emitter *e, const struct schema_table *table);
void emit_alias(struct emitter *e, const struct plan_rel *rel);
void emit_column(struct emitter *e, const struct plan_rel *rel, const struct model_column *column);
/* A column, or the place in its JSON. */
void emit_field(struct emitter *e, const struct plan_field *field);
/* The select list of rel: expressions with their output names. */
void emit_columns(struct emitter *e, const struct plan_rel *rel, bool named);
/* " WHERE ..." with the join to the parent, the conditions; nothing when there are none. */
void emit_where(struct emitter *e, const struct plan_rel *rel);
void emit_order(struct emitter *e, const struct plan_rel *rel);
void emit_limit(struct emitter *e, const struct plan_rel *rel);
/* Takes what was emitted so far as one statement. */
MUST_CHECK bool emit_take(struct emitter *e, struct emit_stmt *out, struct err *err);

/* " FROM " and what rel is. */
void emit_from(struct emitter *e, const struct plan_rel *rel);

/* emit_filter.c. word and the conditions, joined by AND. */
void emit_conds(struct emitter *e, const struct plan_cond *conds, const char *word);
/* An enum compares by the position of its label, and the embedded engine holds the label: CASE, the
 * value, and this. */
bool emit_sorts_by_label(const struct emitter *e, const struct type *type);
void emit_label_position(struct emitter *e, const struct type *type);

/* emit_group.c. The column as rel shows it: its value, and over it an aggregate. */
void emit_shown_column(struct emitter *e, const struct plan_rel *rel,
                       const struct plan_column *column);
/* " GROUP BY ..." of a grouped level. */
void emit_group(struct emitter *e, const struct plan_rel *rel);
/* The embedded engine knows the collation of a column, but not of an expression: " COLLATE ..." */
void emit_collation(struct emitter *e, const struct type *type);
/* The class (type_json_class) of the column's value as rel has it, before an aggregate that a level
 * above has over it. */
char emit_json_class(const struct plan_rel *rel, const struct plan_column *column);
/* emit.c: the value of a column, without its aggregate. */
void emit_value(struct emitter *e, const struct plan_rel *rel, const struct plan_column *column);

/* emit_call.c: the root's function as a table; or by the name it has in a WITH before. */
#define EMIT_CALL_NAME "\"cairn call\""
void emit_call(struct emitter *e, const struct plan_rel *root);
/* emit_body.c, for the embedded engine: the WITH that names the root's function; and the statements
 * that run before. */
void emit_call_with(struct emitter *e, const struct plan_rel *root, bool is_used_twice);
MUST_CHECK bool emit_body(struct emitter *e, struct emit_output *out, struct err *err);

/* emit_call.c: the function of rel's row. */
void emit_computed(struct emitter *e, const struct plan_rel *rel,
                   const struct model_computed *computed);

/* emit_media.c */
/* A whole row goes by an alias that no column has: PostgreSQL takes a column of that name first, also one
 * of an outer query. */
#define EMIT_ROW_ALIAS "\"cairn row\""
/* The answer that the plan's handler makes of EMIT_ROW_ALIAS. */
void emit_handler(struct emitter *e);
/* Puts EXPLAIN before what reads or writes; it alone is left. False: the SQL grows too big. */
MUST_CHECK bool emit_explained(const struct plan *plan, struct arena *arena,
                               struct emit_output *out);

/* emit_read.c: all statements of a read. */
MUST_CHECK bool emit_read(struct emitter *e, struct emit_output *out, struct err *err);
/* emit_write.c: all statements of a write. */
MUST_CHECK bool emit_write(struct emitter *e, struct emit_output *out, struct err *err);

#endif
