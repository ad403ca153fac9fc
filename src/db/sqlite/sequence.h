/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sequences as PostgreSQL has them: a number that was drawn stays drawn, whatever becomes of the
 * transaction that drew it.
 *
 * Their values live in the writer's memory. They are read from the table cairn_sequence at the
 * first use, and the changed ones are written back with the transaction that used them. Used on the
 * writer's thread only.
 */
#ifndef CAIRN_DB_SQLITE_SEQUENCE_H
#define CAIRN_DB_SQLITE_SEQUENCE_H

#include "db/sqlite/conn.h"

struct lite_sequences;

/* How many drawn numbers are remembered for one statement run. */
enum { LITE_DRAWS = 16 };

/* Gives the functions of conn, a connection that writes, their sequences. */
struct lite_sequences *lite_sequences_new(struct lite_conn *conn);
void lite_sequences_free(
    struct lite_sequences *sequences); /* before conn is closed; NULL is safe */

bool lite_sequences_is_dirty(const struct lite_sequences *sequences);
/* Writes the changed ones; call lite_sequences_saved once that has been committed. Returns SQLite's
 * code. */
int lite_sequences_save(struct lite_sequences *sequences);
void lite_sequences_saved(struct lite_sequences *sequences);
/* Forgets everything: the table was changed by others. */
void lite_sequences_forget(struct lite_sequences *sequences);

/* Whether the next count numbers are those after last, one by one. False also
 * when there is no such sequence, which who draws from it hears. */
bool lite_sequences_follow(struct lite_sequences *sequences, struct str name, int64_t last,
                           uint32_t count);
/* Draws count numbers, which are known to be there. */
void lite_sequences_skip(struct lite_sequences *sequences, struct str name, uint32_t count);

/*
 * From mark on it is noted how each sequence was; return makes it so again, as if nothing had been
 * drawn, and keep forgets about that. One of the two follows each mark. Only for numbers that
 * nobody has seen.
 */
void lite_sequences_mark(struct lite_sequences *sequences);
void lite_sequences_return(struct lite_sequences *sequences);
void lite_sequences_keep(struct lite_sequences *sequences);

/* The numbers drawn since the last clear, at most LITE_DRAWS; how many. */
void lite_sequences_clear_draws(struct lite_sequences *sequences);
unsigned lite_sequences_get_draws(const struct lite_sequences *sequences, int64_t *out);

#endif
