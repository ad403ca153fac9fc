/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An arena: allocations that die together, with the request or the job they belong to.
 *
 * Memory comes in blocks that double; arena_reset keeps the first block, so that a reused arena
 * allocates nothing for an ordinary request. arena_alloc never returns NULL; past the limit see
 * there. Not thread safe; may be handed over between threads. What is not handed out is poisoned
 * under AddressSanitizer.
 */
#ifndef CAIRN_CORE_ARENA_H
#define CAIRN_CORE_ARENA_H

#include "core/str.h"

struct arena;

/* first_block is the size kept across resets; limit bounds the sum of all blocks, in bytes. */
struct arena *arena_new(size_t first_block, size_t limit);
void arena_free(struct arena *arena);  /* NULL is safe */
void arena_reset(struct arena *arena); /* as new: not exhausted; softness stays */
void arena_set_soft(struct arena *arena);

/*
 * 16-byte aligned, uninitialised. When the limit would be passed, aborts unless the arena was made
 * "soft" with arena_set_soft, in which case arena_is_exhausted becomes true and the memory comes
 * from an emergency reserve as large as the limit and 1 MiB more: callers check
 * arena_is_exhausted at step boundaries (a request is then answered 413) instead of at every
 * allocation. A loop whose length an outsider chooses checks it on each turn. Past the reserve
 * it aborts.
 */
void *arena_alloc(struct arena *arena, size_t size)
    __attribute__((malloc, returns_nonnull, alloc_size(2)));
void *arena_zalloc(struct arena *arena, size_t size)
    __attribute__((malloc, returns_nonnull, alloc_size(2)));
bool arena_is_exhausted(const struct arena *arena);
size_t arena_used(const struct arena *arena); /* bytes handed out since the last reset */

#define ARENA_NEW(arena, type) ((type *)arena_zalloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_zalloc((arena), sizeof(type) * (count)))

/* Copies; the data is followed by a NUL that is not counted. */
struct str arena_copy(struct arena *arena, struct str s);
char *arena_cstr(struct arena *arena, struct str s);
struct str arena_printf(struct arena *arena, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
