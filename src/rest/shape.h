/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans by shape of request: everything that a repeated request need not do again. Counted
 * references, because a request in flight keeps its plan while the cache lets it go.
 */
#ifndef CAIRN_REST_SHAPE_H
#define CAIRN_REST_SHAPE_H

#include "rest/emit.h"
#include "rest/encode.h"

struct shape {
    struct arena *arena;
    struct schema *schema; /* a reference */
    struct str key;
    unsigned refs;
    const struct plan *plan;
    struct emit_output sql;
    /* Of the statements; 0: not worth keeping prepared. */
    uint64_t existing_id, main_id, gathered_id, shown_id, count_id, guess_id;
    uint64_t body_id; /* of the first of sql.body */
    const struct encode_column *columns, *gathered_columns;
    /* Requests that gather nothing, because an embed had more rows than it may have: how many are
     * still to come, and how many there were to be, which doubles each time and halves after one
     * that did. */
    uint32_t ungathered_left, ungathered;
};

struct shape_cache;

struct shape_cache *shape_cache_new(size_t max);
void shape_cache_free(struct shape_cache *cache); /* NULL is safe */
/* A reference to the shape called key, or NULL. */
struct shape *shape_cache_get(struct shape_cache *cache, struct str key);
/* Keeps a reference of its own; when it is full, those not asked for lately go. */
void shape_cache_put(struct shape_cache *cache, struct shape *shape);
void shape_cache_clear(struct shape_cache *cache);

/* A new shape with one reference and a soft arena; key is copied. keep: its statements stay
 * prepared. */
struct shape *shape_new(struct schema *schema, struct str key, bool keep);
/* The first of count ids, for statements that belong to no shape or are more than it has names
 * for. */
uint64_t shape_take_ids(uint32_t count);
void shape_unref(struct shape *shape); /* NULL is safe */

#endif
