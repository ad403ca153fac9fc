/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is asking, and what they may do: the one place that decides.
 *
 * Every route names the right it requires (def/routes.toml). For the data API a caller shows a
 * token, as "Authorization: Bearer TOKEN" or "apikey: TOKEN", or is anonymous. A token has a role
 * and claims: on PostgreSQL the request runs as that role and the database decides about the rest;
 * on the embedded engine auth.anonymous decides.
 *
 * struct auth holds keys and rules; it never changes and is shared by threads, with a count of
 * references. struct auth_loop belongs to one loop thread: it remembers tokens that were verified,
 * so that one that comes again costs no cryptography.
 */
#ifndef CAIRN_AUTH_AUTH_H
#define CAIRN_AUTH_AUTH_H

#include "auth/caller.h"
#include "auth/jwk.h"
#include "config/config.h"
#include "def/routes.h"
#include "http/http.h"

struct auth;
struct auth_loop;

/* Reads the keys that config names, or the project's own secret, but for those at a URL. It blocks.
 * One reference. */
MUST_CHECK bool auth_open(const struct config *config, struct auth **out, struct err *err);
/* The same with these keys as those at the URL, of which it takes a reference; NULL: there are none
 * yet. One reference. */
struct auth *auth_with_keys(const struct auth *auth, struct jwk_set *published);
struct auth *auth_ref(struct auth *auth);
void auth_unref(struct auth *auth); /* NULL is safe; the last one wipes the keys */
/* Whether there is any key, or will be: without one, every token is refused. */
bool auth_has_keys(const struct auth *auth);

/* The reference is taken over. */
struct auth_loop *auth_loop_new(struct auth *auth);
void auth_loop_free(struct auth_loop *loop); /* NULL is safe */
/* From now on with these keys and rules (the reference is taken over); what was remembered is
 * wiped. */
void auth_loop_set(struct auth_loop *loop, struct auth *auth);

/* What the migrations say of who may do what. */
enum auth_rules {
    AUTH_RULES_UNKNOWN, /* they say nothing that is known of: a token's role is taken as it is */
    AUTH_RULES_NONE, /* PostgreSQL: nothing; tokens of the three roles, which may not be there, run
                         * as the connection's own, as those do that have no token */
    AUTH_RULES_SOME, /* anonymous callers are anon, and the rules decide about them even where
                         * auth.anonymous is closed */
};
void auth_loop_set_rules(struct auth_loop *loop, enum auth_rules rules);

/* Whether the caller of request may use a route that requires right; fills request->caller. On
 * refusal err is of kind ERR_REQUEST with the status to answer: 401, 403, 404 or 500. */
MUST_CHECK bool auth_check(struct auth_loop *loop, struct request *request, enum route_right right,
                           struct err *err);
/* After a refusal: whether it was for want of a key that the URL may have by now. */
bool auth_misses_key(const struct auth_loop *loop);

#endif
