/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite's values, read where they lie.
 *
 * SQLite's own interface takes three or four calls for each value of each row, which is a tenth of
 * what a list of rows costs. With SQLite's sources at hand (amalgamation.c) a value is read out of
 * its structures; with a library of SQLite's (peek_plain.c) by those calls.
 *
 * Nothing of this program is included here, so that SQLite is not compiled anew whenever that
 * changes.
 */
#ifndef CAIRN_DB_SQLITE_PEEK_H
#define CAIRN_DB_SQLITE_PEEK_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

/* struct value, in other words; cell.h holds the two together. */
enum peek_kind { PEEK_NULL, PEEK_INT, PEEK_REAL, PEEK_TEXT, PEEK_BLOB };

struct peek {
    enum peek_kind kind;
    union {
        int64_t i;
        double f;
        struct {
            const char *data;
            size_t len;
        } s;
    };
};

/* Borrows the value, which must be a protected one: without mutexes all are
 * (sqlite.org/c3ref/value.html). Text is in UTF-8, as the database is, and is followed by no
 * NUL. */
void peek_value(sqlite3_value *from, struct peek *out);
/* Borrows the first count columns of the row that stmt stands on, which has as many. */
void peek_row(sqlite3_stmt *stmt, struct peek *out, int count);

/* What both of them do where there is no short way. */
static inline void
peek_by_calls(sqlite3_value *from, struct peek *out)
{
    switch (sqlite3_value_type(from)) {
    case SQLITE_INTEGER:
        out->kind = PEEK_INT;
        out->i = sqlite3_value_int64(from);
        break;
    case SQLITE_FLOAT:
        out->kind = PEEK_REAL;
        out->f = sqlite3_value_double(from);
        break;
    case SQLITE_NULL:
        out->kind = PEEK_NULL;
        break;
    default:
        /* The blob of a text is the text itself: asking for text would copy it to end it with a
         * NUL. */
        out->kind = sqlite3_value_type(from) == SQLITE_TEXT ? PEEK_TEXT : PEEK_BLOB;
        out->s.data = (const char *)sqlite3_value_blob(from);
        out->s.len = (size_t)sqlite3_value_bytes(from);
    }
}

#endif
