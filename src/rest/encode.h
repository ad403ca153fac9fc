/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows to the body of an answer, as they come: JSON as PostgreSQL's json_agg writes it, one object,
 * or CSV.
 */
#ifndef CAIRN_REST_ENCODE_H
#define CAIRN_REST_ENCODE_H

#include "rest/plan.h"

enum encode_form {
    ENCODE_VALUE,
    ENCODE_RECORD,   /* an embedded row, as PostgreSQL prints a row */
    ENCODE_RECORDS,  /* several, one behind the other */
    ENCODE_JOINED,   /* an embedded row whose columns are cells of the row */
    ENCODE_GATHERED, /* rows that came before, by the key in the cell; see encode_gather.h */
};

/* One output column, made ready once for each plan. */
struct encode_column {
    struct str prefix; /* {"id": or ,"name":, for buf_add_padded */
    struct str key;
    enum encode_form form;
    char json_class;
    const struct type *type;
    uint32_t cell; /* in the row; of ENCODE_JOINED one that is null when there is no row to embed */
    const struct encode_column *members; /* of an embedded row */
    uint32_t member_count;
    uint32_t gather; /* plan_rel.gather */
};

struct gather;

enum encode_mode {
    ENCODE_JSON,
    ENCODE_OBJECT, /* the first row */
    ENCODE_CSV,
    ENCODE_NOTHING,  /* only counts */
    ENCODE_LOCATION, /* ?pk=eq.V of the first row */
    ENCODE_HANDLED,  /* one row: the total or null, how many rows, the answer, how many are new */
    ENCODE_LINES,    /* the only cell of each row */
};

struct encoder {
    enum encode_mode mode;
    bool nulls_stripped;
    bool marks_inserted;     /* the last cell says whether the row is new */
    bool carries_total;      /* the last two cells: whether there is a row; the number of all */
    bool is_value;           /* the first cell alone, without a key */
    bool is_on_one_line;     /* as json_agg has values; rows have a line each */
    bool is_bytes;           /* ENCODE_HANDLED: the answer is bytea */
    bool has_version;        /* ENCODE_HANDLED: jsonb's version is in front */
    struct gather *gather;   /* rows of embeds come before; NULL: with the row they belong to */
    const struct zone *zone; /* where times with a zone are shown; NULL: as they came */
    const struct encode_column *columns;
    uint32_t column_count;
    struct buf *out;
    struct err *err; /* filled when the rows don't fit into out: 413 */
    uint64_t rows, inserted;
    int64_t total; /* of carries_total and ENCODE_HANDLED; -1: none */
};

/* The columns of plan, in arena, as main (or, when it gathers, emit_output.gathered) gives them. */
const struct encode_column *encode_prepare(const struct plan *plan, bool gathers,
                                           struct arena *arena);
/* The JSON of a column's cell, or of a member of an embedded row; not of ENCODE_JOINED. */
void encode_value(struct buf *out, const struct encode_column *column, const struct value *value);
/* encode_embed.c: the JSON of ENCODE_RECORD and ENCODE_RECORDS. */
void encode_records(struct buf *out, const struct encode_column *column, struct str text);
/* Back to no rows seen. */
void encode_restart(struct encoder *encoder);
/* Fits db_stmt.on_row; ctx is the encoder. False: out is full. */
bool encode_row(void *ctx, const struct value *cells, uint32_t count);
/* After the last row. False: out is full. */
MUST_CHECK bool encode_end(struct encoder *encoder);
/* All but letters, digits and -_.~ as %XX: RFC 3986, 2.3. */
void encode_percent(struct buf *out, struct str text);

#endif
