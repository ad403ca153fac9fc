/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/shape.h"

#include <stdatomic.h>

#include "core/map.h"

#define ARENA_FIRST 4096
#define ARENA_LIMIT (8 * 1024 * 1024)

struct shape_cache {
    struct map *map;
    size_t max;
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
        shape->existing_id = atomic_fetch_add(&next_id, 4);
        shape->main_id = shape->existing_id + 1;
        shape->shown_id = shape->existing_id + 2;
        shape->count_id = shape->existing_id + 3;
    }
    return shape;
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

    cache->map = map_new();
    cache->max = max;
    return cache;
}

void
shape_cache_clear(struct shape_cache *cache)
{
    size_t pos = 0;
    struct str key;
    void *value = NULL;
    struct map *map = cache->map;

    /* The keys live in the shapes: the map goes before them. */
    cache->map = map_new();
    while (map_next(map, &pos, &key, &value))
        shape_unref(value);
    map_free(map);
}

void
shape_cache_free(struct shape_cache *cache)
{
    if (cache == NULL)
        return;
    shape_cache_clear(cache);
    map_free(cache->map);
    free(cache);
}

struct shape *
shape_cache_get(struct shape_cache *cache, struct str key)
{
    struct shape *shape = map_get(cache->map, key);

    if (shape != NULL)
        shape->refs++;
    return shape;
}

void
shape_cache_put(struct shape_cache *cache, struct shape *shape)
{
    if (map_count(cache->map) >= cache->max)
        shape_cache_clear(cache);
    shape->refs++;
    shape_unref(map_put(cache->map, shape->key, shape));
}
