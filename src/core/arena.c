/* SPDX-License-Identifier: Apache-2.0 */
#include "core/arena.h"

#include "core/fault.h"

#include <stdarg.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define POISON(ptr, size) ASAN_POISON_MEMORY_REGION((ptr), (size))
#define UNPOISON(ptr, size) ASAN_UNPOISON_MEMORY_REGION((ptr), (size))
#define RED_ZONE ((size_t)16) /* between neighbours, so that an overrun is seen */
#else
#define POISON(ptr, size) ((void)0)
#define UNPOISON(ptr, size) ((void)0)
#define RED_ZONE ((size_t)0)
#endif

#define ALIGNMENT ((size_t)16)
#define ROUND_UP(size) (((size) + ALIGNMENT - 1) & ~(ALIGNMENT - 1))
#define BLOCK_MAX ((size_t)1 << 20) /* doubling stops here */
#define RESERVE ((size_t)1 << 20)

struct block {
    struct block *next; /* older */
    size_t size;        /* of the memory behind the header */
} __attribute__((aligned(16)));

struct arena {
    char *pos; /* free part of the current block */
    char *end;
    struct block *newest; /* NULL while the first block, which follows this struct, is enough */
    size_t first_size;
    size_t next_size; /* of the next block */
    size_t total;     /* sum of all blocks */
    size_t limit;
    size_t used;
    bool soft;
    bool exhausted;
} __attribute__((aligned(16)));

static inline char *
first_memory(struct arena *arena)
{
    return (char *)(arena + 1);
}

struct arena *
arena_new(size_t first_block, size_t limit)
{
    size_t size = ROUND_UP(first_block);
    struct arena *arena = xmalloc(sizeof(*arena) + size);

    *arena = (struct arena){.first_size = size, .limit = limit > size ? limit : size};
    POISON(first_memory(arena), size);
    arena_reset(arena);
    return arena;
}

static void
free_blocks(struct arena *arena)
{
    while (arena->newest != NULL) {
        struct block *block = arena->newest;

        arena->newest = block->next;
        UNPOISON(block + 1, block->size);
        free(block);
    }
}

void
arena_free(struct arena *arena)
{
    if (arena == NULL)
        return;
    free_blocks(arena);
    UNPOISON(first_memory(arena), arena->first_size);
    free(arena);
}

void
arena_reset(struct arena *arena)
{
    free_blocks(arena);
    POISON(first_memory(arena), arena->first_size);
    arena->pos = first_memory(arena);
    arena->end = arena->pos + arena->first_size;
    arena->next_size = arena->first_size > 0 ? 2 * arena->first_size : 1024;
    arena->total = arena->first_size;
    arena->used = 0;
    arena->exhausted = false;
}

void
arena_set_soft(struct arena *arena)
{
    arena->soft = true;
}

static NORETURN void
die_past_limit(const struct arena *arena, size_t size)
{
    fprintf(stderr, "cairn: arena of %zu bytes can't give %zu more\n", arena->limit, size);
    abort();
}

/* The size of a block that holds at least need bytes and keeps to the limit where it can. */
static size_t
size_block(struct arena *arena, size_t need)
{
    size_t left = arena->limit > arena->total ? arena->limit - arena->total : 0;
    size_t size = arena->next_size;

    if (need > left || (arena->soft && FAULT("arena.grow"))) {
        arena->exhausted = true;
        if (!arena->soft)
            die_past_limit(arena, need);
        if (need > left + arena->limit + RESERVE ||
            arena->total + need > 2 * arena->limit + RESERVE)
            die_past_limit(arena, need);
        left = left > need ? left : need;
    }
    if (size > left)
        size = left;
    return size > need ? size : need;
}

/* Takes size bytes, already rounded up, from a new block. */
static void *
alloc_slow(struct arena *arena, size_t size)
{
    size_t block_size;
    struct block *block;
    char *memory;

    if (size > SIZE_MAX / 4)
        die_past_limit(arena, size);
    block_size = size_block(arena, size);
    block = xmalloc(sizeof(*block) + block_size);
    *block = (struct block){.next = arena->newest, .size = block_size};
    memory = (char *)(block + 1);
    POISON(memory, block_size);
    arena->newest = block;
    arena->total += block_size;
    if (arena->next_size < BLOCK_MAX)
        arena->next_size *= 2;

    /* Whichever block has more room left stays in use, so that one large allocation doesn't throw
     * a fresh block away. */
    if (block_size - size > (size_t)(arena->end - arena->pos)) {
        arena->pos = memory + size;
        arena->end = memory + block_size;
    }
    return memory;
}

void *
arena_alloc(struct arena *arena, size_t size)
{
    size_t rounded;
    char *memory;

    if (UNLIKELY(size > SIZE_MAX / 4))
        die_past_limit(arena, size);
    rounded = ROUND_UP(size) + RED_ZONE;
    arena->used += rounded;
    if (LIKELY((size_t)(arena->end - arena->pos) >= rounded)) {
        memory = arena->pos;
        arena->pos += rounded;
    } else {
        memory = alloc_slow(arena, rounded);
    }
    UNPOISON(memory, size);
    return memory;
}

void *
arena_zalloc(struct arena *arena, size_t size)
{
    void *memory = arena_alloc(arena, size);

    memset(memory, 0, size);
    return memory;
}

bool
arena_is_exhausted(const struct arena *arena)
{
    return arena->exhausted;
}

size_t
arena_used(const struct arena *arena)
{
    return arena->used;
}

char *
arena_cstr(struct arena *arena, struct str s)
{
    char *copy = arena_alloc(arena, s.len + 1);

    if (s.len > 0)
        memcpy(copy, s.data, s.len);
    copy[s.len] = '\0';
    return copy;
}

struct str
arena_copy(struct arena *arena, struct str s)
{
    return str_make(arena_cstr(arena, s), s.len);
}

struct str
arena_printf(struct arena *arena, const char *fmt, ...)
{
    char small[256];
    va_list args;
    char *text;
    int len;

    va_start(args, fmt);
    len = vsnprintf(small, sizeof(small), fmt, args);
    va_end(args);
    if (len < 0)
        return STR_NULL;
    if ((size_t)len < sizeof(small))
        return arena_copy(arena, str_make(small, (size_t)len));

    text = arena_alloc(arena, (size_t)len + 1);
    va_start(args, fmt);
    vsnprintf(text, (size_t)len + 1, fmt, args);
    va_end(args);
    return str_make(text, (size_t)len);
}
