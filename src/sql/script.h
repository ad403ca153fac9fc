/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A SQL script cut into its statements, as psql would cut it.
 *
 * The cuts are made by tokens alone (quotes, dollar quotes, comments, parentheses, the bodies of
 * BEGIN ATOMIC functions), so the parser has the last word on what a statement says. The data that
 * follows COPY ... FROM stdin; belongs to that statement. Of psql's own commands \restrict and
 * \unrestrict, which newer pg_dump writes, are skipped; others are faults.
 */
#ifndef CAIRN_SQL_SCRIPT_H
#define CAIRN_SQL_SCRIPT_H

#include "core/str.h"

struct script {
    struct str text; /* UTF-8 without U+0000 */
    size_t at;
    bool skipped; /* a psql command stood before the next statement */
};

struct script_piece {
    size_t from, to;           /* of the statement, from its first token up to its ";" */
    size_t end;                /* behind the ";" */
    bool after_command;        /* not contiguous with the statement before */
    bool has_data;             /* COPY ... FROM stdin */
    size_t data_from, data_to; /* its lines, without the "\." */
};

struct script_fault {
    size_t at;
    const char *cause;
    const char *hint; /* the way out */
};

/* Starts behind a byte order mark, if there is one. */
void script_init(struct script *script, struct str text);
/* The next statement; false at the end or at a fault, which has fault->cause set. */
bool script_next(struct script *script, struct script_piece *out, struct script_fault *fault);

/* Where an offset is, for people: both from 1, columns in characters. */
struct script_position {
    uint32_t line, column;
};
/* Remembers where it was, so that asking in ascending order costs nothing. Start it zeroed. */
struct script_cursor {
    size_t at;
    size_t line_from; /* where the line begins */
    uint32_t lines;   /* before at */
};
struct script_position script_position(struct script_cursor *cursor, struct str text, size_t at);

#endif
