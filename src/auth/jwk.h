/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys that tokens are checked with: a secret, and public keys from a JWK set (RFC 7517).
 *
 * A key decides which algorithms it can be used with; what a token says is only compared with that.
 * So a token can't have a public key taken for a secret. The set never changes once it is filled,
 * and threads may share it.
 */
#ifndef CAIRN_AUTH_JWK_H
#define CAIRN_AUTH_JWK_H

#include <openssl/evp.h>
#include <stdatomic.h>

#include "auth/vault.h"
#include "core/err.h"

#define JWK_COUNT_MAX 32
#define JWK_SECRET_MIN 32 /* bytes */

enum jwt_alg {
    JWT_HS256,
    JWT_HS384,
    JWT_HS512,
    JWT_RS256,
    JWT_RS384,
    JWT_RS512,
    JWT_PS256,
    JWT_PS384,
    JWT_PS512,
    JWT_ES256,
    JWT_ES384,
    JWT_ES512,
    JWT_EDDSA,    /* with Ed25519 */
    JWT_ALG_COUNT /* of a key: each that its type allows */
};

enum jwk_type { JWK_SECRET, JWK_RSA, JWK_EC, JWK_ED };

struct jwk {
    enum jwk_type type;
    enum jwt_alg alg;
    struct str kid;      /* data NULL: none */
    struct vault secret; /* of JWK_SECRET */
    EVP_PKEY *pkey;      /* of the others */
    int64_t until_s;     /* seconds since 1970; INT64_MAX: it stays */
};

struct jwk_set {
    atomic_uint refs;
    struct jwk items[JWK_COUNT_MAX];
    size_t count;
};

struct jwk_set *jwk_set_new(void);                /* one reference */
struct jwk_set *jwk_set_ref(struct jwk_set *set); /* NULL is safe */
void jwk_set_unref(struct jwk_set *set);          /* NULL is safe; the last one wipes */

/* False when the secret is shorter than JWK_SECRET_MIN, or the set is full. */
MUST_CHECK bool jwk_set_add_secret(struct jwk_set *set, struct str secret, int64_t until_s,
                                   struct err *err);

/*
 * Adds the keys of a JSON text: a JWK set, or one JWK. Keys that are not for checking signatures,
 * or of a kind that isn't known here, are passed over, as RFC 7517 says; none left is an error. So
 * is a key that is weak or not well-formed, in a set that was given; in one that is published it is
 * passed over, and so is a secret, because what is published is none. err is of kind ERR_CONFIG and
 * names the key by its place.
 */
enum jwk_origin { JWK_GIVEN, JWK_PUBLISHED };
MUST_CHECK bool jwk_set_add_json(struct jwk_set *set, struct str json, enum jwk_origin origin,
                                 struct err *err);

bool jwt_alg_is_hmac(enum jwt_alg alg);
bool jwk_can_do(const struct jwk *key, enum jwt_alg alg);
/* By its name in a header; JWT_ALG_COUNT when it isn't known. */
enum jwt_alg jwt_alg_find(struct str name);

#endif
