/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a role may do, and which rows it sees: PostgreSQL's access rules, answered from the snapshot
 * for the embedded engine. (On PostgreSQL the database answers itself; don't ask here.)
 *
 * Source: PostgreSQL 15, chapters 5.7, 5.8 and 22; rewrite/rowsecurity.c for how policies combine.
 * Nothing here touches the database: it says what has to stand in a statement. Asked once for each
 * plan (the role is part of a plan's key), so that a repeated request costs nothing.
 *
 * HOW A STATEMENT IS BUILT
 *
 * 1. The role: schema_find_role. NULL: 22023, role "x" does not exist.
 * 2. Privileges, before anything else: schema_may_use_schema, then schema_may for the table or
 *    schema_may_column for each column that the statement reads (SELECT: also in filters, order, joins,
 *    RETURNING) or sets (INSERT, UPDATE). A refusal is 42501, "permission denied for table x" ("view",
 *    "schema", "sequence", "function"): access_fail.
 * 3. Rows, by access_rule for the table and the command:
 *
 *    SELECT, also of embedded tables and counts    USING of SELECT
 *    UPDATE    old rows: USING of UPDATE, and of SELECT when the statement reads any column (WHERE,
 *              RETURNING); new rows: CHECK of UPDATE, and of SELECT under the same condition
 *    DELETE    USING of DELETE, and of SELECT under the same condition
 *    INSERT    new rows: CHECK of INSERT, and of SELECT with RETURNING
 *    INSERT ... ON CONFLICT DO NOTHING     as INSERT, and CHECK of SELECT
 *    INSERT ... ON CONFLICT DO UPDATE      CHECK of INSERT and of SELECT on every row proposed; for a row that
 *              is there: USING of UPDATE and of SELECT, which here fail instead of leaving out the row;
 *              then CHECK of UPDATE and of SELECT on the new row
 *
 *    USING goes into WHERE: a row where it isn't true isn't there. CHECK fails the statement where it
 *    isn't true: 42501 with the text of access_check_message.
 *
 * 4. A table or view in FROM that isn't the statement's target: access_write_source, which writes what
 *    the role sees of it. For a view with security_invoker it is the only correct way to name it.
 *
 * Views that are not security_invoker read as their owner; access_write_source knows.
 *
 * 5. The texts read who asks by the functions cairn_role() and cairn_setting(), which answer from
 *    db_job.session (db/engine.h): set it for every job of a request. reads says what of it is needed.
 *
 * ALIASES. A rule's text names the columns of its table as ALIAS."column", with the alias as given:
 * quoted, or "t0". Names inside begin with "p:", so no other alias may.
 */
#ifndef CAIRN_SCHEMA_ACCESS_H
#define CAIRN_SCHEMA_ACCESS_H

#include "core/buf.h"
#include "core/err.h"
#include "schema/schema.h"

struct schema_role {
    const struct model_role *model;
    /* For each role of the snapshot, whether this one has its privileges: by membership, as far as
     * INHERIT hands them on. Itself too. */
    const bool *has;
};

/* NULL: there is none. */
const struct schema_role *schema_find_role(const struct schema *schema, struct str name);

/*
 * A schema, table, view or sequence about which no migration has said anything, neither by GRANT,
 * REVOKE or default privileges nor by ENABLE ROW LEVEL SECURITY, is nobody's but its owner's, as in
 * PostgreSQL; with two exceptions. In an open snapshot (auth.anonymous) every role may use it. And
 * where no migration has any rules, every role but anon may. A view on something of which they
 * speak is spoken of itself. Schema public is everybody's until something is said.
 */

/* --- privileges ------------------------------------------------------------------------------ */

/* USAGE. */
MUST_CHECK bool schema_may_use_schema(const struct schema *schema, const struct schema_role *role,
                                      struct str schema_name);
/* All of rights (MODEL_MAY_...) on the whole table. */
MUST_CHECK bool schema_may(const struct schema *schema, const struct schema_role *role,
                           const struct model_table *table, int64_t rights);
/* On this column: by the table, or by a grant on the column. */
MUST_CHECK bool schema_may_column(const struct schema *schema, const struct schema_role *role,
                                  const struct model_table *table, int64_t right,
                                  const struct model_column *column);
/* On any column at all: what a statement needs that names none, such as count(*). */
MUST_CHECK bool schema_may_some(const struct schema *schema, const struct schema_role *role,
                                const struct model_table *table, int64_t right);
/* USAGE (nextval in a default that is no identity column's needs it), SELECT, UPDATE. */
MUST_CHECK bool schema_may_sequence(const struct schema *schema, const struct schema_role *role,
                                    const struct model_sequence *sequence, int64_t rights);
/* As whom the body of a function runs that role calls: with SECURITY DEFINER as its owner. */
const struct schema_role *access_body_role(const struct schema *schema,
                                           const struct schema_role *role,
                                           const struct model_function *function);
/* EXECUTE. */
MUST_CHECK bool schema_may_call(const struct schema *schema, const struct schema_role *role,
                                const struct model_function *function);

/* "permission denied for table x": ERR_DB with 42501. kind is "table", "view", "schema", "sequence"
 * or "function". Always false. */
bool access_fail(const char *kind, struct str name, struct err *err);
bool access_fail_table(const struct model_table *table, struct err *err);

/* --- rows ------------------------------------------------------------------------------------ */

enum access_part { ACCESS_USING, ACCESS_CHECK };

struct access_condition {
    struct str policy; /* the restrictive policy; data NULL: all permissive ones together */
    struct str sql;    /* in parentheses; in a WHERE it may be NULL, which counts as false */
};

struct access_rule {
    bool applies; /* false: every row, and there are no conditions */
    /* Each must hold, in this order: it decides which one an error names. */
    struct access_condition *conditions;
    uint32_t count;
    int64_t reads; /* MODEL_READS_... */
};

/* Whether row-level security limits role in this table: it is enabled, and the role neither owns
 * the table (unless forced) nor bypasses it. */
bool access_applies(const struct schema *schema, const struct schema_role *role,
                    const struct schema_table *table);
/*
 * Whether role may do command (MODEL_FOR_UPDATE, MODEL_FOR_DELETE) to each row, as far as policies
 * go: none applies, or one of them says USING (true), and WITH CHECK nothing else. The privileges
 * are another matter. False of policies that let every row through in other words.
 */
bool access_lets_all(const struct schema *schema, const struct schema_role *role,
                     const struct schema_table *table, enum model_command command);
/*
 * The rule of role for a command (not MODEL_FOR_ALL) on table, its columns named by alias. It lives
 * in arena. Fails with 42P17 (policies that need each other for ever) and 42501 (a sub-select reads
 * what the role may not).
 */
MUST_CHECK bool access_rule(const struct schema *schema, const struct schema_role *role,
                            const struct schema_table *table, enum model_command command,
                            enum access_part part, struct str alias, struct arena *arena,
                            struct access_rule *out, struct err *err);
/*
 * What stands in FROM for a table or view as role sees it, with its alias, if it has data:
 * main."orders" AS ALIAS, or a query in parentheses when a policy leaves out rows or the view is
 * security_invoker. The privileges on table itself are the caller's to check; those of what a view
 * reads are checked here.
 */
MUST_CHECK bool access_write_source(const struct schema *schema, const struct schema_role *role,
                                    const struct schema_table *table, struct str alias,
                                    struct buf *out, int64_t *reads, struct err *err);
/*
 * The body of a function of a row (struct model_computed), alias being the row, as role sees what
 * it reads; with view a row of the base table that a write through that view is about. EXECUTE is
 * the caller's to check.
 */
MUST_CHECK bool access_write_row_function(const struct schema *schema,
                                          const struct schema_role *role,
                                          const struct model_function *function,
                                          const struct schema_table *view, struct str alias,
                                          struct buf *out, int64_t *reads, struct err *err);
/* Whether role may read what a function's body reads: 42501. */
MUST_CHECK bool access_check_references(const struct schema *schema, const struct schema_role *role,
                                        const struct model_reference *references, uint32_t count,
                                        struct err *err);
/* The message of a CHECK that isn't true, for cairn_raise('42501', message, NULL). */
struct str access_check_message(const struct schema_table *table,
                                const struct access_condition *condition, struct arena *arena);
/* The same where ON CONFLICT DO UPDATE meets a row that USING hides. */
struct str access_conflict_message(const struct schema_table *table,
                                   const struct access_condition *condition, struct arena *arena);

#endif
