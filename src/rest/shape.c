/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/shape.h"

#include <stdatomic.h>

#include "core/map.h"

#define ARENA_FIRST 4096
#define ARENA_LIMIT (8 * 1024 * 1024)

/* Two generations: what is found in the old one goes over to the young one, and when that is full
 * it becomes the old one. So what is asked for often stays, whatever else comes by once. */
struct shape_cache {
    struct map *young, *old;
    size_t max; /* of both together */
};

/* Statement numbers are the same on every loop, so that no two ever mean different SQL. */
static _Atomic uint64_t next_id = 1;

struct shape *
shape_new(struct schema *schema, struct str key, bool keep)
{
    struct arena *arena = arena_new(ARENA_FIRST, ARENA_LIMIT);
    struct shape *shape = ARENA_NEW(arena, struct shape);

    arena_set_soft(arena);
    shape->arena = arena;
    shape->schema = schema_ref(schema);
    shape->key = arena_copy(arena, key);
    shape->refs = 1;
    if (keep) {
        shape->existing_id = atomic_fetch_add(&next_id, 5);
        shape->main_id = shape->existing_id + 1;
        shape->shown_id = shape->existing_id + 2;
        shape->count_id = shape->existing_id + 3;
        shape->guess_id = shape->existing_id + 4;
    }
    return shape;
}

uint64_t
shape_take_ids(uint32_t count)
{
    return atomic_fetch_add(&next_id, count);
}

void
shape_unref(struct shape *shape)
{
    if (shape == NULL || --shape->refs > 0)
        return;
    schema_unref(shape->schema);
    arena_free(shape->arena);
}

struct shape_cache *
shape_cache_new(size_t max)
{
    struct shape_cache *cache = xcalloc(1, sizeof(*cache));

    cache->young = map_new();
    cache->old = map_new();
    cache->max = max;
    return cache;
}

/* The keys live in the shapes: none is looked at while they go. */
static void
drop_generation(struct map *map)
{
    size_t pos = 0;
    struct str key;
    void *value = NULL;

    while (map_next(map, &pos, &key, &value))
        shape_unref(value);
    map_free(map);
}

void
shape_cache_clear(struct shape_cache *cache)
{
    drop_generation(cache->young);
    drop_generation(cache->old);
    cache->young = map_new();
    cache->old = map_new();
}

void
shape_cache_free(struct shape_cache *cache)
{
    if (cache == NULL)
        return;
    drop_generation(cache->young);
    drop_generation(cache->old);
    free(cache);
}

/* Takes a reference over. */
static void
add_young(struct shape_cache *cache, struct shape *shape)
{
    if (map_count(cache->young) >= (cache->max + 1) / 2) {
        drop_generation(cache->old);
        cache->old = cache->young;
        cache->young = map_new();
    }
    shape_unref(map_put(cache->young, shape->key, shape));
}

struct shape *
shape_cache_get(struct shape_cache *cache, struct str key)
{
    struct shape *shape = map_get(cache->young, key);

    if (shape == NULL) {
        shape = map_remove(cache->old, key);
        if (shape != NULL)
            add_young(cache, shape);
    }
    if (shape != NULL)
        shape->refs++;
    return shape;
}

void
shape_cache_put(struct shape_cache *cache, struct shape *shape)
{
    shape_unref(map_remove(cache->old, shape->key));
    shape->refs++;
    add_young(cache, shape);
}
