/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of emit share. */
#ifndef CAIRN_REST_EMIT_IMPL_H
#define CAIRN_REST_EMIT_IMPL_H

#include "rest/emit.h"
#include "schema/access.h"
#include "sql/body.h"
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
    /* The view through which the embedded engine writes plan->target; NULL: none. Then root's alias
     * is that of the target's row, out of which the view's columns are made. */
    const struct schema_table *view;
    bool is_bulk;  /* parameters are columns of DB_BULK_ROWS; and ... */
    bool appends;  /* ... the key is SQLite's to choose */
    bool is_uncut; /* embeds are written as if none had more rows than it may have */
    bool has_cuts; /* there is an embed for which that makes a difference */
    bool gathers;  /* embeds that may be gathered are no columns of the root */
    const struct plan_rel *gathered; /* that for whose rows this select is; NULL: for none's */
    bool call_is_named;              /* the root's function stands before, as WITH */
    bool joins;                      /* emit_joins stands in FROM */
    bool *used;                      /* root columns that were mentioned; NULL: nobody asks */
    /* What the caller may (plan->role): the embedded engine only. */
    struct emit_reading *readings; /* what the statements read */
    bool reads_target;             /* a write reads columns of what it changes */
    int64_t reads;                 /* MODEL_READS_... */
    struct err *fault;             /* of a rule; NULL: none */
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
/* A column of the junction to rel, by its index. */
void emit_junction_column(struct emitter *e, const struct plan_rel *rel, uint32_t column);
/* How rel is called in the statement. */
struct str emit_alias_text(const struct emitter *e, const struct plan_rel *rel);
/* A column, or the place in its JSON. */
void emit_field(struct emitter *e, const struct plan_field *field);
/* The select list of rel: cells that are read one by one; fields of a row that are (with names that
 * hide no other); or columns by their keys, whose JSON the database makes. */
enum emit_list { EMIT_CELLS, EMIT_FIELDS, EMIT_KEYS };
void emit_columns(struct emitter *e, const struct plan_rel *rel, enum emit_list list);
/* " WHERE ..." with the join to the parent, the conditions; nothing when there are none. */
void emit_where(struct emitter *e, const struct plan_rel *rel);
/* What is joined in (PLAN_JOINED) below rel, behind the FROM that rel is in. */
void emit_joins(struct emitter *e, const struct plan_rel *rel);
/* The join leaves out rows of the root without a match. */
static inline bool
emit_joins_away(const struct plan_rel *rel)
{
    return rel->form == PLAN_JOINED && rel->is_inner && rel->parent->parent == NULL;
}
void emit_order(struct emitter *e, const struct plan_rel *rel);
/* What stands behind the value that is ordered by: " DESC NULLS LAST". */
void emit_direction(struct emitter *e, const struct plan_order *order);
void emit_limit(struct emitter *e, const struct plan_rel *rel);
/* Takes what was emitted so far as one statement. */
MUST_CHECK bool emit_take(struct emitter *e, struct emit_stmt *out, struct err *err);

/* " FROM " and what rel is. */
void emit_from(struct emitter *e, const struct plan_rel *rel);

/* emit_filter.c. word and the conditions, joined by AND. */
void emit_conds(struct emitter *e, const struct plan_cond *conds, const char *word);
/* emit_search.c: a filter of full text search; and, where an index has candidates for it, that the
 * row is one of them, with AND behind it, else nothing. */
void emit_search(struct emitter *e, const struct plan_cond *cond);
void emit_candidates(struct emitter *e, const struct plan_cond *cond);
/* Whether any of them can. */
bool emit_filters_can_fail(const struct plan_cond *conds);
/* A filter that may fail on a row, so that whether it does tells something about that row. */
bool emit_can_fail(const struct plan_cond *cond);
/* An enum, or an array of one, compares by the positions of its labels, and the embedded engine
 * holds the labels: this, the value, and the position. */
bool emit_sorts_by_label(const struct emitter *e, const struct type *type);
void emit_label_open(struct emitter *e, const struct type *type);
void emit_label_position(struct emitter *e, const struct type *type);
/* Each with a comma before it. */
void emit_labels(struct emitter *e, const struct type *type);

/* emit_access.c: what the caller may. Without a role everything, and nothing is written. */

/* A column of rel's table, or of the junction to it, is read. */
void emit_note_column(struct emitter *e, const struct plan_rel *rel,
                      const struct schema_table *table, const struct model_column *column);
/* What stands in FROM for a table of rel: itself, or, of a view, what the caller sees of it. */
void emit_source(struct emitter *e, const struct plan_rel *rel, const struct schema_table *table,
                 struct str alias);
/* word and the conditions that rows of rel's tables must meet to be there, of a write's target
 * those of its command; returns the word for what follows. */
const char *emit_rel_rules(struct emitter *e, const struct plan_rel *rel, const char *word);
/* Whether policies limit the caller in rel's table. */
bool emit_is_limited(struct emitter *e, const struct plan_rel *rel);
/* emit_view.c: a column of the view that is written, where a row of its table is at hand. */
void emit_view_column(struct emitter *e, const struct model_column *column);
/* word and the conditions of the view and those below it; returns the word for what follows. */
const char *emit_view_where(struct emitter *e, const char *word);
/* Whether what is written must be seen through the view, and inside of CASE: WHEN it isn't THEN the
 * statement fails. */
bool emit_view_checks(const struct emitter *e);
void emit_view_violations(struct emitter *e);
/* Whether the view leaves out rows, and inside of CASE: WHEN the row that an upsert meets is one of
 * those THEN the statement fails. */
bool emit_view_hides(const struct emitter *e);
void emit_view_conflicts(struct emitter *e);
/* The same where a function writes: through view, as role (NULL: no rules); alias is what the
 * table's row is called, and set the columns of the table that the statement itself gives a
 * value. */
struct emit_view_row {
    const struct schema_table *view;
    const struct schema_role *role;
    struct str alias;
    const struct model_column *const *set;
    uint32_t set_count;
};
const char *emit_view_where_of(struct emitter *e, const struct emit_view_row *row,
                               const char *word);
void emit_view_conflicts_of(struct emitter *e, const struct emit_view_row *row);
void emit_view_violations_of(struct emitter *e, const struct emit_view_row *row);
/* What stands below the view, for those as whom it is read and written. */
MUST_CHECK bool emit_view_may(const struct emitter *e, struct err *err);
/* Inside of CASE: WHEN a condition on a row of the target doesn't hold THEN the statement fails. */
void emit_checks(struct emitter *e, enum model_command command, enum access_part part,
                 struct str alias);
/* Whether what was written so far reads columns of the target. */
bool emit_reads_target(const struct emitter *e);
/*
 * A function's body runs as its caller, or, with SECURITY DEFINER, as its owner. What stands for a
 * table that it reads, without an alias; behind the condition of an UPDATE or DELETE, on which rows
 * of table, called alias, it works; and where the row called alias is made, or found in the way,
 * what it has to pass.
 */
const struct schema_role *emit_body_role(const struct emitter *e);
/* What was written from there on runs as role, who is then the current user. */
void emit_name_role(struct emitter *e, const struct schema_role *role, size_t from);
/* What stands before and behind a value that is cast; name is PostgreSQL's for the type. */
void emit_cast_open(struct emitter *e, const struct type *to);
void emit_cast_close(struct emitter *e, const struct type *from, const struct type *to,
                     struct str name);
void emit_body_source(struct emitter *e, const struct schema_table *table,
                      const struct body_piece *piece);
void emit_body_target(struct emitter *e, const struct schema_table *table,
                      const struct model_statement *statement, struct str alias);
void emit_body_check(struct emitter *e, const struct schema_table *table,
                     const struct model_statement *statement, enum body_part part,
                     struct str alias);
/* Whether he may call it, and what it does. */
MUST_CHECK bool emit_check_call(const struct emitter *e, struct err *err);
/* What emit_access.c and emit_body_access.c share: a fault of a rule, the first of which counts;
 * the rule of role, false where there is none; those of its conditions that aren't in other, each
 * behind word, with the word for what follows; those of a command and, where the statement reads,
 * of SELECT, as emit_checks. */
void emit_note_fault(struct emitter *e, const struct err *err);
bool emit_find_rule(struct emitter *e, const struct schema_role *role,
                    const struct schema_table *table, enum model_command command,
                    enum access_part part, struct str alias, struct access_rule *rule);
const char *emit_write_rule(struct emitter *e, const struct access_rule *rule,
                            const struct access_rule *other, const char *word);
void emit_checks_of(struct emitter *e, const struct schema_role *role,
                    const struct schema_table *table, bool reads, enum model_command command,
                    enum access_part part, struct str alias);
MUST_CHECK bool emit_check_sequence(const struct schema *schema, const struct schema_role *role,
                                    const struct model_column *column, struct err *err);
/* Privileges, when all statements are written. */
MUST_CHECK bool emit_access_end(struct emitter *e, struct emit_output *out, struct err *err);

/*
 * emit_checked.c: whether policies look at the rows that the write makes; if so, the insert up to
 * its ON CONFLICT, and of an update or upsert what stands before the first value that it sets,
 * which is followed by END.
 */
bool emit_is_checked(struct emitter *e);
void emit_checked_insert(struct emitter *e);
void emit_checked_set(struct emitter *e, bool is_upsert);
/* emit_write.c: a value of the payload's row, or its default. */
void emit_payload_value(struct emitter *e, uint32_t index);
struct str emit_ident_copy(struct emitter *e, struct str name);

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
/* emit.c: a column as a cell that is read alone, whose JSON is made where its type needs that. */
void emit_cell(struct emitter *e, const struct plan_rel *rel, const struct plan_column *column);
/* emit.c: the value of a column, without its aggregate. */
void emit_value(struct emitter *e, const struct plan_rel *rel, const struct plan_column *column);

/* emit_embed.c: an embed as one value; and a column of rel that is evaluated inside of the spread
 * that lies on the way to where it is. */
void emit_embed(struct emitter *e, const struct plan_rel *rel);
void emit_spread(struct emitter *e, const struct plan_rel *rel, const struct plan_column *column);

/* emit_call.c: the root's function as a table; or by the name it has in a WITH before. */
#define EMIT_CALL_NAME "\"cairn call\""
void emit_call(struct emitter *e, const struct plan_rel *root);
/* emit_body.c, for the embedded engine: the WITH that names the root's function; and the statements
 * that run before. */
void emit_call_with(struct emitter *e, const struct plan_rel *root, bool is_used_twice);
MUST_CHECK bool emit_body(struct emitter *e, struct emit_output *out, struct err *err);

/* emit_row.c, for the embedded engine: the body of a function of rel's row, in parentheses. */
void emit_row_function(struct emitter *e, const struct plan_rel *rel,
                       const struct model_computed *computed);
/* Whether rel's rows come out of such a function: what it read was looked at inside. */
static inline bool
emit_is_computed(const struct plan_rel *rel)
{
    return rel->rel != NULL && rel->rel->computed != NULL;
}

/* emit_call.c: the function of rel's row. */
void emit_computed(struct emitter *e, const struct plan_rel *rel,
                   const struct model_computed *computed);

/* emit_media.c */
/* A whole row goes by an alias that no column has: PostgreSQL takes a column of that name first,
 * also one of an outer query. */
#define EMIT_ROW_ALIAS "\"cairn row\""
/* The answer that the plan's handler makes of EMIT_ROW_ALIAS. */
void emit_handler(struct emitter *e);
/* Puts EXPLAIN before what reads or writes; it alone is left. False: the SQL grows too big. */
MUST_CHECK bool emit_explained(const struct plan *plan, struct arena *arena,
                               struct emit_output *out);

/* emit_gather.c: the read whose embeds are gathered; there is one (plan->gather_count). */
#define EMIT_PAGE_NAME "\"cairn page\""
void emit_gathered(struct emitter *e);
/* emit_read.c: " FROM ..." to the end, of the root. */
void emit_root_tail(struct emitter *e);
/* emit_read.c: all statements of a read. */
MUST_CHECK bool emit_read(struct emitter *e, struct emit_output *out, struct err *err);
/* emit_write.c: all statements of a write. */
MUST_CHECK bool emit_write(struct emitter *e, struct emit_output *out, struct err *err);

#endif
