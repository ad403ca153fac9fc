/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a function for the embedded engine: SQLite's text with places left open.
 *
 * What an argument is, and which rows of a table its caller may see, is known only when the
 * function is called. So a body names both by marks, and whoever emits the call writes what belongs
 * there.
 */
#ifndef CAIRN_SQL_BODY_H
#define CAIRN_SQL_BODY_H

#include "core/buf.h"

/*
 * \x02schema\x03name\x02              a table, as the texts of model.h have it
 * \x02schema\x03name\x03vschema\x03vname\x02     a table as the view vschema.vname reads it
 * \x04index\x04                       an argument
 * \x05schema\x03name\x03alias\x05     see BODY_TARGET
 * \x06part\x03schema\x03name\x03alias\x06     see BODY_CHECK
 *
 * No text that was translated holds these bytes: bodies with them are refused.
 */
#define BODY_MARK_TABLE '\x02'
#define BODY_MARK_NAME '\x03'
#define BODY_MARK_ARGUMENT '\x04'
#define BODY_MARK_TARGET '\x05'
#define BODY_MARK_CHECK '\x06'

enum body_kind {
    BODY_TEXT,
    BODY_ARGUMENT, /* the argument's value: index counts the arguments of the function */
    BODY_TABLE,    /* the rows of a table or view, where FROM reads them: schema and name */
    /* Behind the condition of an UPDATE or DELETE: which rows of the table it may change; alias is
     * what the table is called there. */
    BODY_TARGET,
    /* Inside of CASE, where a new row is made: WHEN and THEN for each policy that it doesn't pass,
     * or that the row in its way doesn't; part says which, alias is what the row is called
     * there. */
    BODY_CHECK,
};

enum body_part {
    BODY_PART_NONE,
    BODY_INSERTED = 'i',    /* the new row of an INSERT */
    BODY_UPDATED = 'u',     /* what an UPDATE or an upsert makes of a row */
    BODY_CONFLICTING = 'c', /* the row that an upsert finds */
    BODY_SEEN = 's',        /* the row that was written, which its view has to show */
};

struct body_piece {
    enum body_kind kind;
    struct str text; /* of BODY_TEXT */
    uint32_t index;
    struct str schema, name, alias;
    struct str view_schema, view_name; /* of BODY_TABLE: who reads it; empty: the body itself */
    enum body_part part;               /* of BODY_CHECK */
};

void body_write_argument(struct buf *out, uint32_t index);
void body_write_table(struct buf *out, struct str schema, struct str name);
/* The same, read as the view reads it. */
void body_write_table_of(struct buf *out, struct str schema, struct str name,
                         struct str view_schema, struct str view_name);
void body_write_target(struct buf *out, struct str schema, struct str name, struct str alias);
void body_write_check(struct buf *out, enum body_part part, struct str schema, struct str name,
                      struct str alias);
bool body_has_mark(struct str text);
/* Whether a statement has the place where its new rows are checked. */
bool body_is_checked(struct str text);
/* The piece of text at *at, which moves behind it; false at the end. */
bool body_next(struct str text, size_t *at, struct body_piece *out);

#endif
