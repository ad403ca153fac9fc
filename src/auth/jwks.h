/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JWK set that is published at a URL: asked for once, within bounds.
 *
 * What may go wrong is bounded: the time in all and to connect, the size, the redirects (which stay
 * with https), and an answer is taken only when it is 200 and a JWK set with a key in it. TLS is
 * verified. No compression is asked for, so that nothing unpacks. It blocks, and belongs to a
 * thread that may. Sources: RFC 7517; RFC 9111 for how long the answer stays fresh.
 */
#ifndef CAIRN_AUTH_JWKS_H
#define CAIRN_AUTH_JWKS_H

#include <stdatomic.h>

#include "auth/jwk.h"

#define JWKS_SIZE_MAX ((size_t)1 << 20)
#define JWKS_TIMEOUT_MS 10000
#define JWKS_CONNECT_TIMEOUT_MS 5000
#define JWKS_REDIRECTS_MAX 3
/* How long an answer stays fresh, in seconds: what it says, within bounds; what it doesn't say. */
#define JWKS_AGE_MIN 60
#define JWKS_AGE_MAX (24 * 3600)
#define JWKS_AGE_DEFAULT 600
#define JWKS_ETAG_MAX 256

struct jwks_question {
    const char *url;
    const char *ca_file;             /* with the certificates to trust; NULL: the system's */
    int64_t timeout_ms;              /* in all */
    const char *etag;                /* of the answer that is there; "": none */
    const atomic_bool *is_cancelled; /* looked at about once a second; may be NULL */
};

struct jwks_answer {
    struct jwk_set *set; /* one reference; NULL: it is as it was */
    char etag[JWKS_ETAG_MAX];
    int64_t age_s; /* to ask again after */
};

/* Once for the process, before any thread. */
void jwks_init(void);
/* On failure err says what went wrong, without the URL. */
MUST_CHECK bool jwks_ask(const struct jwks_question *question, struct jwks_answer *out,
                         struct err *err);

/* What a Cache-Control header says in seconds, within the bounds. */
int64_t jwks_age(struct str cache_control);

#endif
