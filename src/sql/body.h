/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a function for the embedded engine: SQLite's text with places left open.
 *
 * What an argument is, and which rows of a table its caller may see, is known only when the function
 * is called. So a body names both by marks, and whoever emits the call writes what belongs there.
 */
#ifndef CAIRN_SQL_BODY_H
#define CAIRN_SQL_BODY_H

#include "core/buf.h"

/*
 * \x02schema\x03name\x02              a table, as the texts of model.h have it
 * \x04index\x04                       an argument
 * \x05schema\x03name\x03alias\x05     see BODY_TARGET
 *
 * No text that was translated holds these bytes: bodies with them are refused.
 */
#define BODY_MARK_TABLE '\x02'
#define BODY_MARK_NAME '\x03'
#define BODY_MARK_ARGUMENT '\x04'
#define BODY_MARK_TARGET '\x05'

enum body_kind {
    BODY_TEXT,
    BODY_ARGUMENT, /* the argument's value: index counts the arguments of the function */
    BODY_TABLE,    /* the rows of a table or view, where FROM reads them: schema and name */
    /* Behind the condition of an UPDATE or DELETE: which rows of the table it may change; alias is
     * what the table is called there. */
    BODY_TARGET,
};

struct body_piece {
    enum body_kind kind;
    struct str text; /* of BODY_TEXT */
    uint32_t index;
    struct str schema, name, alias;
};

void body_write_argument(struct buf *out, uint32_t index);
void body_write_table(struct buf *out, struct str schema, struct str name);
void body_write_target(struct buf *out, struct str schema, struct str name, struct str alias);
bool body_has_mark(struct str text);
/* The piece of text at *at, which moves behind it; false at the end. */
bool body_next(struct str text, size_t *at, struct body_piece *out);

#endif
