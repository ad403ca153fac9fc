/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens and keys: nothing that comes from outside passes without a signature, and what is signed
 * passes only in one spelling.
 */
#include "auth/jwt.h"
#include "core/base64.h"
#include "fuzz.h"

#define SECRET STR("a secret of the fuzzer, which has more than 32 bytes")
#define ARENA_MAX ((size_t)8 << 20)

static void
check_verdict(const struct jwk_set *keys, struct str token, bool may_pass)
{
    struct arena *arena = arena_new(16 * 1024, ARENA_MAX);
    struct err err = {0};
    struct jwt jwt;
    bool ok = jwt_verify(&(struct jwt_keys){.own = keys}, token, arena, &jwt, &err);

    FUZZ_CHECK(ok || (err.http_status == 401 && err.code[0] == 'P' && err.message[0] != '\0'));
    FUZZ_CHECK(!ok || may_pass);
    if (ok) {
        FUZZ_CHECK(jwt.claims->type == JSON_OBJECT && str_is_utf8(jwt.payload));
        if (!jwt_check_times(&jwt.times, 1800000000, &err) ||
            !jwt_check_audience(&jwt, STR("shop"), &err))
            FUZZ_CHECK(err.http_status == 401);
    }
    arena_free(arena);
}

/* The input as claims, rightly signed: what is behind the signature is reached too. */
static void
check_signed(const struct jwk_set *keys, struct str claims)
{
    struct buf token;

    if (claims.len > JWT_SIZE_MAX)
        return;
    buf_init(&token, 2 * JWT_SIZE_MAX);
    jwt_sign(SECRET, claims, &token);
    check_verdict(keys, buf_str(&token), true);
    buf_add_char(&token, 'A');
    check_verdict(keys, buf_str(&token), false);
    buf_fini(&token);
}

static void
check_base64(struct str input)
{
    struct buf bytes, text;

    buf_init(&bytes, input.len + 4);
    buf_init(&text, input.len + 4);
    if (base64url_decode(input, &bytes)) {
        base64url_encode(&text, buf_str(&bytes));
        FUZZ_CHECK(str_eq(buf_str(&text), input));
    } else {
        FUZZ_CHECK(bytes.len == 0);
    }
    buf_fini(&bytes);
    buf_fini(&text);
}

void
fuzz_one(struct str input)
{
    struct jwk_set *keys = jwk_set_new();
    struct jwk_set *others = jwk_set_new();
    struct err err = {0};

    FUZZ_CHECK(jwk_set_add_secret(keys, SECRET, INT64_MAX, &err));
    check_verdict(keys, input, false);
    check_signed(keys, input);
    check_base64(input);
    if (jwk_set_add_json(others, input, JWK_GIVEN, &err))
        FUZZ_CHECK(others->count > 0);
    else
        FUZZ_CHECK(err.kind == ERR_CONFIG && err.message[0] != '\0');
    jwk_set_unref(keys);
    jwk_set_unref(others);
}
