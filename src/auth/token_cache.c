/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/token_cache.h"

#include <openssl/crypto.h>

#include "core/clock.h"

#define SLOT_COUNT 1024      /* a power of two */
#define ENTRY_MAX (8 * 1024) /* bytes; a larger one is not worth its place */

/* One block: token, role and claims, one behind the other. */
struct entry {
    char *data;
    size_t size;
    struct str token;
    struct caller caller;
    struct jwt_times times;
};

struct token_cache {
    uint64_t seed; /* so that nobody can choose tokens that push out each other */
    struct entry slots[SLOT_COUNT];
};

struct token_cache *
token_cache_new(void)
{
    struct token_cache *cache = xcalloc(1, sizeof(*cache));

    random_bytes(&cache->seed, sizeof(cache->seed));
    return cache;
}

static void
drop(struct entry *entry)
{
    if (entry->data != NULL)
        OPENSSL_cleanse(entry->data, entry->size);
    free(entry->data);
    *entry = (struct entry){0};
}

void
token_cache_clear(struct token_cache *cache)
{
    for (size_t i = 0; i < SLOT_COUNT; i++)
        drop(&cache->slots[i]);
}

void
token_cache_free(struct token_cache *cache)
{
    if (cache == NULL)
        return;
    token_cache_clear(cache);
    free(cache);
}

static size_t
slot_of(const struct token_cache *cache, struct str token)
{
    return str_hash(token, cache->seed) & (SLOT_COUNT - 1);
}

bool
token_cache_get(const struct token_cache *cache, struct str token, struct caller *caller,
                struct jwt_times *times)
{
    const struct entry *entry = &cache->slots[slot_of(cache, token)];

    if (entry->data == NULL || !str_eq(entry->token, token))
        return false;
    *caller = entry->caller;
    *times = entry->times;
    return true;
}

static struct str
add(char **at, struct str text)
{
    struct str copy = {text.data != NULL ? *at : NULL, text.len};

    if (text.len > 0)
        memcpy(*at, text.data, text.len);
    *at += text.len;
    return copy;
}

void
token_cache_put(struct token_cache *cache, struct str token, const struct caller *caller,
                const struct jwt_times *times)
{
    struct entry *entry = &cache->slots[slot_of(cache, token)];
    size_t size = token.len + caller->role.len + caller->claims_json.len;
    char *at;

    if (size > ENTRY_MAX || size == 0)
        return;
    drop(entry);
    at = entry->data = xmalloc(size);
    entry->size = size;
    entry->token = add(&at, token);
    entry->caller = *caller;
    entry->caller.role = add(&at, caller->role);
    entry->caller.claims_json = add(&at, caller->claims_json);
    entry->times = *times;
}
