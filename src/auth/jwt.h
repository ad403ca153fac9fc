/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Web Tokens: signed ones in compact form (RFC 7515, 7519).
 *
 * Strict: three parts, base64url without padding, no duplicate members, no extension that is
 * critical, and an algorithm that one of our keys can do. What a header says about where keys are
 * to be found is never looked at. Errors are of kind ERR_REQUEST and have the codes, texts and
 * statuses of the data API's contract: PGRST301 for what can't be trusted, PGRST303 for its claims.
 */
#ifndef CAIRN_AUTH_JWT_H
#define CAIRN_AUTH_JWT_H

#include "auth/jwk.h"
#include "core/json.h"

#define JWT_SIZE_MAX ((size_t)16 * 1024)
#define JWT_SKEW_S 30 /* that clocks may differ */

struct jwt_times {
    int64_t exp, nbf, iat; /* seconds since 1970; INT64_MAX and INT64_MIN when absent */
    int64_t key_until;     /* when the key that verified it goes; INT64_MAX: it stays */
};

/* Where keys come from; either may be NULL. */
struct jwt_keys {
    const struct jwk_set *own;
    const struct jwk_set *published;
};

struct jwt {
    struct str payload;        /* the text of the claims */
    const struct json *claims; /* an object */
    struct jwt_times times;
    bool misses_key; /* refused, but a public key that isn't here might verify it */
};

/* Checks the signature and the form of the claims; what *out points to lives in arena. */
MUST_CHECK bool jwt_verify(const struct jwt_keys *keys, struct str token, struct arena *arena,
                           struct jwt *out, struct err *err);
MUST_CHECK bool jwt_check_times(const struct jwt_times *times, int64_t now_s, struct err *err);
/* audience with data NULL: any. A token without audience passes. */
MUST_CHECK bool jwt_check_audience(const struct jwt *jwt, struct str audience, struct err *err);

/* Appends the token with these claims (a JSON object), signed by HS256. */
void jwt_sign(struct str secret, struct str claims, struct buf *out);

#endif
