/* SPDX-License-Identifier: Apache-2.0 */
/* Source: PostgreSQL 15, CREATE SEQUENCE and 9.17. */
#include "db/sqlite/sequence.h"

#include "core/map.h"

struct sequence {
    char *name;
    size_t name_len;
    int64_t last, increment, min, max;
    const char *shown; /* name without its schema */
    bool is_called, cycle;
    bool was_drawn; /* by this process */
    bool is_dirty;  /* differs from the table's committed row */
    uint64_t mark;  /* how it was is noted since this one */
};

/* A sequence as it was at the mark. */
struct noted {
    struct sequence *sequence;
    struct sequence was;
};

struct lite_sequences {
    struct lite_conn *conn;
    struct map *by_name;
    struct sequence *latest; /* the one asked for last, which is mostly asked for next */
    sqlite3_stmt *load, *save;
    unsigned dirty_count;
    unsigned draw_count;
    int64_t draws[LITE_DRAWS];
    uint64_t mark; /* counts up */
    bool is_marked;
    struct noted *noted;
    size_t noted_count, noted_cap;
};

void
lite_sequences_forget(struct lite_sequences *sequences)
{
    size_t pos = 0;
    void *value = NULL;

    for (struct str name; map_next(sequences->by_name, &pos, &name, &value);) {
        struct sequence *sequence = value;
        free(sequence->name);
        free(sequence);
    }
    map_free(sequences->by_name);
    sequences->by_name = map_new();
    sequences->latest = NULL;
    sequences->dirty_count = 0;
}

void
lite_sequences_free(struct lite_sequences *sequences)
{
    if (sequences == NULL)
        return;
    lite_sequences_forget(sequences);
    sqlite3_finalize(sequences->load);
    sqlite3_finalize(sequences->save);
    map_free(sequences->by_name);
    free(sequences->noted);
    free(sequences);
}

static bool
statement_ready(struct lite_sequences *sequences, sqlite3_stmt **stmt, const char *sql)
{
    return *stmt != NULL || sqlite3_prepare_v3(sequences->conn->db, sql, -1,
                                               SQLITE_PREPARE_PERSISTENT, stmt, NULL) == SQLITE_OK;
}

static struct sequence *
sequence_load(struct lite_sequences *sequences, struct str name, struct err *err)
{
    struct sequence *sequence = NULL;

    if (!statement_ready(sequences, &sequences->load,
                         "SELECT last_value, is_called, increment, min_value, max_value, cycle "
                         "FROM main.cairn_sequence WHERE name = ?1")) {
        lite_error_set(sequences->conn, sqlite3_extended_errcode(sequences->conn->db), err);
        return NULL;
    }
    sqlite3_bind_text64(sequences->load, 1, name.data, name.len, SQLITE_STATIC, SQLITE_UTF8);
    int rc = sqlite3_step(sequences->load);
    if (rc == SQLITE_ROW) {
        sequence = xcalloc(1, sizeof(*sequence));
        sequence->name_len = name.len;
        sequence->name = xmalloc(name.len + 1);
        memcpy(sequence->name, name.data, name.len);
        sequence->name[name.len] = '\0';
        const char *dot = strrchr(sequence->name, '.');
        sequence->shown = dot != NULL ? dot + 1 : sequence->name;
        sequence->last = sqlite3_column_int64(sequences->load, 0);
        sequence->is_called = sqlite3_column_int(sequences->load, 1) != 0;
        sequence->increment = sqlite3_column_int64(sequences->load, 2);
        sequence->min = sqlite3_column_int64(sequences->load, 3);
        sequence->max = sqlite3_column_int64(sequences->load, 4);
        sequence->cycle = sqlite3_column_int(sequences->load, 5) != 0;
        map_put(sequences->by_name, str_make(sequence->name, name.len), sequence);
    } else if (rc == SQLITE_DONE) {
        err_set(err, ERR_DB, "42P01", "relation \"%.*s\" does not exist", STR_ARG(name));
    } else {
        lite_error_set(sequences->conn, rc, err);
    }
    sqlite3_reset(sequences->load);
    return sequence;
}

static struct sequence *
sequence_get(struct lite_sequences *sequences, struct str name, struct err *err)
{
    struct sequence *sequence = sequences->latest;

    if (sequence != NULL && str_eq(name, str_make(sequence->name, sequence->name_len)))
        return sequence;
    sequence = map_get(sequences->by_name, name);
    if (sequence == NULL)
        sequence = sequence_load(sequences, name, err);
    if (sequence != NULL)
        sequences->latest = sequence;
    return sequence;
}

/* Before it changes. */
static void
note(struct lite_sequences *sequences, struct sequence *sequence)
{
    if (LIKELY(!sequences->is_marked || sequence->mark == sequences->mark))
        return;
    if (sequences->noted_count == sequences->noted_cap) {
        sequences->noted_cap = 2 * sequences->noted_cap + 4;
        sequences->noted =
            xrealloc(sequences->noted, sequences->noted_cap * sizeof(*sequences->noted));
    }
    sequences->noted[sequences->noted_count++] = (struct noted){sequence, *sequence};
    sequence->mark = sequences->mark;
}

void
lite_sequences_mark(struct lite_sequences *sequences)
{
    sequences->mark++;
    sequences->noted_count = 0;
    sequences->is_marked = true;
}

void
lite_sequences_return(struct lite_sequences *sequences)
{
    for (size_t i = 0; i < sequences->noted_count; i++) {
        struct noted *noted = sequences->noted + i;

        sequences->dirty_count -= noted->sequence->is_dirty && !noted->was.is_dirty;
        *noted->sequence = noted->was;
    }
    lite_sequences_keep(sequences);
}

void
lite_sequences_keep(struct lite_sequences *sequences)
{
    sequences->noted_count = 0;
    sequences->is_marked = false;
}

/* Moves on by one step; false at the end. */
static bool
sequence_step(struct sequence *sequence)
{
    int64_t next = 0;
    bool is_up = sequence->increment > 0;

    if (!sequence->is_called) {
        sequence->is_called = true;
        return true;
    }
    if (!__builtin_add_overflow(sequence->last, sequence->increment, &next) &&
        (is_up ? next <= sequence->max : next >= sequence->min)) {
        sequence->last = next;
        return true;
    }
    if (sequence->cycle)
        sequence->last = is_up ? sequence->min : sequence->max;
    return sequence->cycle;
}

/* The next number. err: 42P01 no such sequence, 2200H at its end. */
static bool
next(void *ctx, struct str name, int64_t *out, struct err *err)
{
    struct lite_sequences *sequences = ctx;
    struct sequence *sequence = sequence_get(sequences, name, err);

    if (sequence == NULL)
        return false;
    note(sequences, sequence);
    if (!sequence_step(sequence)) {
        bool is_up = sequence->increment > 0;
        return err_set(err, ERR_DB, "2200H", "nextval: reached %s value of sequence \"%s\" (%lld)",
                       is_up ? "maximum" : "minimum", sequence->shown,
                       (long long)(is_up ? sequence->max : sequence->min));
    }
    sequences->dirty_count += !sequence->is_dirty;
    sequence->is_dirty = sequence->was_drawn = true;
    if (sequences->draw_count < LITE_DRAWS)
        sequences->draws[sequences->draw_count++] = sequence->last;
    *out = sequence->last;
    return true;
}

bool
lite_sequences_follow(struct lite_sequences *sequences, struct str name, int64_t last,
                      uint32_t count)
{
    const struct sequence *sequence = sequence_get(sequences, name, NULL);
    int64_t end = 0;

    return sequence != NULL && sequence->increment == 1 &&
           sequence->last == last + !sequence->is_called &&
           !__builtin_add_overflow(last, (int64_t)count, &end) && end <= sequence->max &&
           end < INT64_MAX;
}

void
lite_sequences_skip(struct lite_sequences *sequences, struct str name, uint32_t count)
{
    struct sequence *sequence = sequence_get(sequences, name, NULL);

    assert(sequence != NULL && count > 0);
    sequence->last += (int64_t)count - !sequence->is_called;
    sequence->is_called = sequence->was_drawn = true;
    sequences->dirty_count += !sequence->is_dirty;
    sequence->is_dirty = true;
}

/* All requests share the writer's one session, of which this is the last number. */
static bool
current(void *ctx, struct str name, int64_t *out, struct err *err)
{
    const struct sequence *sequence = sequence_get(ctx, name, err);

    if (sequence == NULL)
        return false;
    if (!sequence->was_drawn)
        return err_set(err, ERR_DB, "55000",
                       "currval of sequence \"%s\" is not yet defined in this session",
                       sequence->shown);
    *out = sequence->last;
    return true;
}

static bool
set(void *ctx, struct str name, int64_t value, bool is_called, struct err *err)
{
    struct lite_sequences *sequences = ctx;
    struct sequence *sequence = sequence_get(sequences, name, err);

    if (sequence == NULL)
        return false;
    if (value < sequence->min || value > sequence->max)
        return err_set(err, ERR_DB, "22003",
                       "setval: value %lld is out of bounds for sequence \"%s\" (%lld..%lld)",
                       (long long)value, sequence->shown, (long long)sequence->min,
                       (long long)sequence->max);
    note(sequences, sequence);
    sequence->last = value;
    sequence->is_called = is_called;
    sequence->was_drawn |= is_called;
    sequences->dirty_count += !sequence->is_dirty;
    sequence->is_dirty = true;
    return true;
}

struct lite_sequences *
lite_sequences_new(struct lite_conn *conn)
{
    struct lite_sequences *sequences = xcalloc(1, sizeof(*sequences));

    sequences->conn = conn;
    sequences->by_name = map_new();
    conn->sequences = sequences;
    conn->env.nextval = next;
    conn->env.currval = current;
    conn->env.setval = set;
    conn->env.nextval_ctx = sequences;
    return sequences;
}

bool
lite_sequences_is_dirty(const struct lite_sequences *sequences)
{
    return sequences->dirty_count > 0;
}

int
lite_sequences_save(struct lite_sequences *sequences)
{
    size_t pos = 0;
    void *value = NULL;

    if (sequences->dirty_count == 0)
        return SQLITE_OK;
    if (!statement_ready(sequences, &sequences->save,
                         "UPDATE main.cairn_sequence SET last_value = ?2, is_called = ?3 "
                         "WHERE name = ?1"))
        return sqlite3_extended_errcode(sequences->conn->db);
    for (struct str name; map_next(sequences->by_name, &pos, &name, &value);) {
        const struct sequence *sequence = value;
        if (!sequence->is_dirty)
            continue;
        sqlite3_bind_text64(sequences->save, 1, name.data, name.len, SQLITE_STATIC, SQLITE_UTF8);
        sqlite3_bind_int64(sequences->save, 2, sequence->last);
        sqlite3_bind_int(sequences->save, 3, sequence->is_called);
        int rc = lite_conn_step(sequences->save);
        if (rc != SQLITE_OK)
            return rc;
    }
    return SQLITE_OK;
}

void
lite_sequences_saved(struct lite_sequences *sequences)
{
    size_t pos = 0;
    void *value = NULL;

    if (sequences->dirty_count == 0)
        return;
    for (struct str name; map_next(sequences->by_name, &pos, &name, &value);)
        ((struct sequence *)value)->is_dirty = false;
    sequences->dirty_count = 0;
}

void
lite_sequences_clear_draws(struct lite_sequences *sequences)
{
    sequences->draw_count = 0;
}

unsigned
lite_sequences_get_draws(const struct lite_sequences *sequences, int64_t *out)
{
    memcpy(out, sequences->draws, sequences->draw_count * sizeof(int64_t));
    return sequences->draw_count;
}
