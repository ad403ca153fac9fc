/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens whose signature was good, with what follows from them. Bounded; a newer one takes the
 * place of an older one. Only times are to be checked again.
 */
#ifndef CAIRN_AUTH_TOKEN_CACHE_H
#define CAIRN_AUTH_TOKEN_CACHE_H

#include "auth/caller.h"
#include "auth/jwt.h"

struct token_cache;

struct token_cache *token_cache_new(void);
void token_cache_free(struct token_cache *cache);  /* wipes; NULL is safe */
void token_cache_clear(struct token_cache *cache); /* wipes */

/* False when the token isn't there. caller borrows until the next call of the others. */
bool token_cache_get(const struct token_cache *cache, struct str token, struct caller *caller,
                     struct jwt_times *times);
/* Copies. */
void token_cache_put(struct token_cache *cache, struct str token, const struct caller *caller,
                     const struct jwt_times *times);

#endif
