/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is prepared on one connection: from a statement's id to its name there, bounded; the one not
 * used for the longest time makes room.
 *
 * A name is a serial number that is never used again on that connection, so a command in flight can
 * say which preparation it meant after the entry is gone. Names that have to be deallocated are
 * kept until pg_stmts_take_closed hands them out.
 */
#ifndef CAIRN_DB_POSTGRES_STMTS_H
#define CAIRN_DB_POSTGRES_STMTS_H

#include "core/base.h"

#define PG_STMTS_MAX 256

struct pg_stmts;

struct pg_stmt {
    uint64_t id;
    uint64_t serial; /* the name is pg_stmt_name of it; never 0 */
    uint64_t job;    /* number of the job that prepared it */
    bool is_known;   /* how long it takes */
    uint32_t us;     /* that, on average; the last times count most */
};

struct pg_stmts *pg_stmts_new(void);
void pg_stmts_free(struct pg_stmts *stmts); /* NULL is safe */
/* As new, for a new connection. */
void pg_stmts_clear(struct pg_stmts *stmts);

/* NULL when id is not prepared; what is found counts as used. */
const struct pg_stmt *pg_stmts_find(struct pg_stmts *stmts, uint64_t id);
/* id, which is not there, is being prepared by a job; evicts when full. */
const struct pg_stmt *pg_stmts_add(struct pg_stmts *stmts, uint64_t id, uint64_t job);
/* The preparation called serial is of no use (any more); close when the server knows the name.
 * Nothing happens when it is gone already. */
void pg_stmts_drop(struct pg_stmts *stmts, uint64_t serial, bool close);
/* The next name to deallocate; 0: none. */
uint64_t pg_stmts_take_closed(struct pg_stmts *stmts);
/* The statement called id took so long. Nothing happens when it is not prepared. */
void pg_stmts_learn(struct pg_stmts *stmts, uint64_t id, uint32_t us);
unsigned pg_stmts_count(const struct pg_stmts *stmts);

struct pg_stmt_name {
    char text[24];
};
/* c1, c2 and so on. Each use of a statement needs it, which by snprintf cost a twenty-fifth of a
 * request. */
static inline struct pg_stmt_name
pg_stmt_name(uint64_t serial)
{
    struct pg_stmt_name name;
    char digits[20];
    size_t count = 0, len = 0;

    do
        digits[count++] = (char)('0' + serial % 10);
    while ((serial /= 10) > 0);
    name.text[len++] = 'c';
    while (count > 0)
        name.text[len++] = digits[--count];
    name.text[len] = '\0';
    return name;
}

#endif
