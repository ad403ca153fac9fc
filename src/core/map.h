/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash table from string to pointer, keyed hash, insertion order kept for iteration.
 *
 * Keys are borrowed: they must outlive the table. Values are the caller's.
 */
#ifndef CAIRN_CORE_MAP_H
#define CAIRN_CORE_MAP_H

#include "core/str.h"

struct map;

struct map *map_new(void);
void map_free(struct map *map); /* NULL is safe */
/* The value, or NULL when absent. */
void *map_get(const struct map *map, struct str key);
/* Sets; returns the value that was there before, or NULL. value is not NULL. */
void *map_put(struct map *map, struct str key, void *value);
void *map_remove(struct map *map, struct str key);
size_t map_count(const struct map *map);
/* Iterates in insertion order: start with *pos = 0; false at the end. */
bool map_next(const struct map *map, size_t *pos, struct str *key, void **value);

#endif
