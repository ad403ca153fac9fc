/* SPDX-License-Identifier: Apache-2.0 */
#include "core/map.h"

#include "core/clock.h"

/*
 * The entries stand in a row in the order of insertion; slots (open addressing, linear probing)
 * hold the index of an entry plus one. A removed entry has no value and keeps its place, and its
 * slot, until the table grows: so map_next may be followed by map_remove.
 */
struct entry {
    struct str key;
    void *value; /* NULL: removed */
    uint64_t hash;
};

struct map {
    struct entry *entries;
    uint32_t *slots; /* 0: free */
    size_t cap;      /* of slots, a power of two; three quarters of it for entries */
    size_t used;     /* entries, removed ones included */
    size_t count;
    uint64_t seed;
};

#define CAP_MIN ((size_t)16)
#define ENTRIES_OF(cap) ((cap) / 4 * 3)

struct map *
map_new(void)
{
    struct map *map = xcalloc(1, sizeof(*map));

    random_bytes(&map->seed, sizeof(map->seed));
    return map;
}

void
map_free(struct map *map)
{
    if (map == NULL)
        return;
    free(map->entries);
    free(map->slots);
    free(map);
}

/* The slot that holds key, or the free slot where it would go. There is always a free one. */
static size_t
find_slot(const struct map *map, struct str key, uint64_t hash)
{
    size_t at = hash & (map->cap - 1);

    while (map->slots[at] != 0) {
        const struct entry *entry = &map->entries[map->slots[at] - 1];

        if (entry->hash == hash && str_eq(entry->key, key))
            break;
        at = (at + 1) & (map->cap - 1);
    }
    return at;
}

/* Makes room for more entries, and drops the removed ones. */
static void
rebuild(struct map *map)
{
    struct entry *old = map->entries;
    size_t old_used = map->used;

    if (map->cap == 0)
        map->cap = CAP_MIN;
    else if (map->count >= ENTRIES_OF(map->cap) / 2)
        map->cap *= 2;
    assert(map->cap <= UINT32_MAX);

    free(map->slots);
    map->slots = xcalloc(map->cap, sizeof(*map->slots));
    map->entries = xmalloc(ENTRIES_OF(map->cap) * sizeof(*map->entries));
    map->used = 0;
    for (size_t i = 0; i < old_used; i++) {
        if (old[i].value == NULL)
            continue;
        map->entries[map->used++] = old[i];
        map->slots[find_slot(map, old[i].key, old[i].hash)] = (uint32_t)map->used;
    }
    free(old);
}

static struct entry *
find_entry(const struct map *map, struct str key)
{
    size_t slot;

    if (map->count == 0)
        return NULL;
    slot = find_slot(map, key, str_hash(key, map->seed));
    return map->slots[slot] != 0 ? &map->entries[map->slots[slot] - 1] : NULL;
}

void *
map_get(const struct map *map, struct str key)
{
    const struct entry *entry = find_entry(map, key);

    return entry != NULL ? entry->value : NULL;
}

void *
map_put(struct map *map, struct str key, void *value)
{
    uint64_t hash = str_hash(key, map->seed);
    size_t slot;

    assert(value != NULL);
    if (map->cap != 0) {
        slot = find_slot(map, key, hash);
        if (map->slots[slot] != 0 && map->entries[map->slots[slot] - 1].value != NULL) {
            struct entry *entry = &map->entries[map->slots[slot] - 1];
            void *before = entry->value;

            /* The new key: the old one may die with the old value. */
            entry->key = key;
            entry->value = value;
            return before;
        }
    }
    if (map->used == ENTRIES_OF(map->cap))
        rebuild(map);

    slot = find_slot(map, key, hash);
    map->entries[map->used++] = (struct entry){.key = key, .value = value, .hash = hash};
    map->slots[slot] = (uint32_t)map->used;
    map->count++;
    return NULL;
}

void *
map_remove(struct map *map, struct str key)
{
    struct entry *entry = find_entry(map, key);
    void *before;

    if (entry == NULL || entry->value == NULL)
        return NULL;
    before = entry->value;
    entry->value = NULL;
    /* The slot stays taken so that probing goes on past it, but the key may die now; an empty
     * key with this hash matches nothing but itself. */
    entry->key = STR_NULL;
    map->count--;
    return before;
}

size_t
map_count(const struct map *map)
{
    return map->count;
}

bool
map_next(const struct map *map, size_t *pos, struct str *key, void **value)
{
    while (*pos < map->used && map->entries[*pos].value == NULL)
        (*pos)++;
    if (*pos == map->used)
        return false;
    *key = map->entries[*pos].key;
    *value = map->entries[*pos].value;
    (*pos)++;
    return true;
}
