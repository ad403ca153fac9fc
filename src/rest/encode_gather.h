/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of gathered embeds (see emit_gather.c): their JSON, kept by the key of the row that they
 * belong to until that one is written.
 */
#ifndef CAIRN_REST_ENCODE_GATHER_H
#define CAIRN_REST_ENCODE_GATHER_H

#include "rest/encode.h"

struct gather;

/* For the gathered of count columns, of which each may have rows_max rows, in arena but for its
 * text. */
struct gather *gather_new(const struct encode_column *columns, uint32_t count, int64_t rows_max,
                          size_t text_max, struct arena *arena);
void gather_free(struct gather *gather); /* NULL is safe */
/* Keeps a row of an embed. False: there are more than there may be. */
MUST_CHECK bool gather_add(struct gather *gather, const struct value *cells, uint32_t count);
/* The array of the rows that belong to key. */
void gather_write(struct gather *gather, struct buf *out, const struct encode_column *column,
                  const struct value *key);
/* There were more rows than there may be. */
bool gather_is_full(const struct gather *gather);
/* There were rows that belong to none of those written: their keys are equal only for the
 * database. */
bool gather_has_strays(const struct gather *gather);

#endif
