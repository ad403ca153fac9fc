/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens: the examples of RFC 7515, appendix A, and what attackers have made of the rest.
 */
#include "auth/jwt.h"

#include <openssl/core_names.h>
#include <openssl/hmac.h>

#include "core/base64.h"
#include "unit/unit.h"

#define PAYLOAD                                                        \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt" \
    "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
/* A.1 */
#define A1_K                                                           \
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0i" \
    "PS4hcgUuTwjAzZr1Z9CAow"
#define A1_KEY "{\"kty\":\"oct\",\"k\":\"" A1_K "\"}"
#define A1_TOKEN                                        \
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." PAYLOAD \
    ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
/* A.2 */
#define A2_N                                                                                       \
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4" \
    "d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5re" \
    "xMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxX" \
    "FvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
#define A2_KEY "{\"kty\":\"RSA\",\"n\":\"" A2_N "\",\"e\":\"AQAB\"}"
#define A2_TOKEN                                                                                   \
    "eyJhbGciOiJSUzI1NiJ9." PAYLOAD                                                                \
    ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5R"                                \
    "Zmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTy" \
    "WzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZES" \
    "c6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQ" \
    "Ge77Rw"
/* A.3 */
#define A3_KEY                                                                                 \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"," \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}"
#define A3_TOKEN                                                                                \
    "eyJhbGciOiJFUzI1NiJ9." PAYLOAD ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djx" \
    "La8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"

#define SECRET "a secret of the tests, which has more than 32 bytes"
#define HS256 "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define NO_KEY "No suitable key or wrong key type"
#define BAD_FORM "JWT cryptographic operation failed"

struct fixture {
    struct arena *arena;
    struct jwk_set *keys;
    struct buf token;
    struct jwt jwt;
    struct err err;
};

static int
setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));

    f->arena = arena_new(64 * 1024, 16 * 1024 * 1024);
    f->keys = jwk_set_new();
    buf_init(&f->token, 4 * 1024 * 1024);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    arena_free(f->arena);
    jwk_set_unref(f->keys);
    buf_fini(&f->token);
    free(f);
    return 0;
}

static void
add_json(struct fixture *f, const char *json)
{
    struct err err = {0};

    assert_ok(jwk_set_add_json(f->keys, str_from(json), JWK_GIVEN, &err));
}

static void
add_secret(struct fixture *f)
{
    struct err err = {0};

    assert_ok(jwk_set_add_secret(f->keys, STR(SECRET), INT64_MAX, &err));
}

/* A token with a right signature of whatever stands in it. */
static void
sign_with(struct fixture *f, const EVP_MD *digest, struct str secret, const char *header,
          const char *claims)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    buf_clear(&f->token);
    base64url_encode(&f->token, str_from(header));
    buf_add_char(&f->token, '.');
    base64url_encode(&f->token, str_from(claims));
    assert_non_null(HMAC(digest, secret.data, (int)secret.len, (const unsigned char *)f->token.data,
                         f->token.len, mac, &len));
    buf_add_char(&f->token, '.');
    base64url_encode(&f->token, str_make((const char *)mac, len));
}

static bool
verify(struct fixture *f, struct str token)
{
    arena_reset(f->arena);
    err_clear(&f->err);
    return jwt_verify(&(struct jwt_keys){.own = f->keys}, token, f->arena, &f->jwt, &f->err);
}

static void
expect_good(struct fixture *f, struct str token)
{
    if (!verify(f, token))
        fail_msg("%.*s: %s (%s)", STR_ARG(str_slice(token, 0, 300)), f->err.message,
                 f->err.details);
}

static void
expect_error(struct fixture *f, struct str token, const char *code, const char *message)
{
    if (verify(f, token))
        fail_msg("%.*s is taken", STR_ARG(str_slice(token, 0, 300)));
    assert_string_equal(f->err.message, message);
    assert_string_equal(f->err.code, code);
    assert_int_equal(f->err.http_status, 401);
    assert_int_equal(f->err.kind, ERR_REQUEST);
}

static void
expect_header(struct fixture *f, const char *header, const char *message)
{
    sign_with(f, EVP_sha256(), STR(SECRET), header, "{\"role\":\"x\"}");
    if (message == NULL)
        expect_good(f, buf_str(&f->token));
    else
        expect_error(f, buf_str(&f->token), "PGRST301", message);
}

static void
expect_claims(struct fixture *f, const char *claims, const char *message)
{
    sign_with(f, EVP_sha256(), STR(SECRET), HS256, claims);
    if (message == NULL)
        expect_good(f, buf_str(&f->token));
    else
        expect_error(f, buf_str(&f->token), "PGRST303", message);
}

/* --- signatures ------------------------------------------------------------------------------ */

static void
the_examples_of_rfc_7515_hold(void **state)
{
    struct fixture *f = *state;

    add_json(f, "{\"keys\":[" A1_KEY "," A2_KEY "," A3_KEY "]}");
    expect_good(f, STR(A1_TOKEN));
    assert_str(
        f->jwt.payload,
        "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}");
    assert_int_equal(f->jwt.times.exp, 1300819380);
    expect_good(f, STR(A2_TOKEN));
    expect_good(f, STR(A3_TOKEN));
}

static void
one_changed_character_anywhere_spoils_a_token(void **state)
{
    static const char *const tokens[] = {A1_TOKEN, A2_TOKEN, A3_TOKEN};
    struct fixture *f = *state;

    add_json(f, "{\"keys\":[" A1_KEY "," A2_KEY "," A3_KEY "]}");
    for (size_t i = 0; i < COUNTOF(tokens); i++) {
        size_t len = strlen(tokens[i]);
        char *copy = xmalloc(len);

        for (size_t at = 0; at < len; at += i == 1 ? 7 : 1) {
            memcpy(copy, tokens[i], len);
            copy[at] = copy[at] == 'A' ? 'B' : 'A';
            if (verify(f, str_make(copy, len)))
                fail_msg("token %zu is taken with another character %zu", i, at);
        }
        free(copy);
    }
}

static void
a_truncated_token_is_refused_at_every_length(void **state)
{
    struct fixture *f = *state;
    size_t len = strlen(A1_TOKEN);

    add_json(f, A1_KEY);
    for (size_t cut = 0; cut < len; cut++) {
        char *copy = xmalloc(cut + 1); /* so that reading past it is seen */

        memcpy(copy, A1_TOKEN, cut);
        assert_false(verify(f, str_make(copy, cut)));
        assert_int_equal(f->err.http_status, 401);
        free(copy);
    }
}

static void
each_length_of_hmac_works_with_a_secret(void **state)
{
    struct fixture *f = *state;

    add_secret(f);
    sign_with(f, EVP_sha384(), STR(SECRET), "{\"alg\":\"HS384\"}", "{}");
    expect_good(f, buf_str(&f->token));
    sign_with(f, EVP_sha512(), STR(SECRET), "{\"alg\":\"HS512\"}", "{}");
    expect_good(f, buf_str(&f->token));
    sign_with(f, EVP_sha256(), STR(SECRET), "{\"alg\":\"HS512\"}", "{}");
    expect_error(f, buf_str(&f->token), "PGRST301", NO_KEY);
}

static void
a_signature_cut_short_is_none(void **state)
{
    struct fixture *f = *state;
    struct str whole;

    add_secret(f);
    sign_with(f, EVP_sha256(), STR(SECRET), HS256, "{}");
    whole = buf_str(&f->token);
    expect_error(f, str_slice(whole, 0, whole.len - 3), "PGRST301", NO_KEY);
    expect_error(f, str_slice(whole, 0, whole.len - 43), "PGRST301", BAD_FORM);
}

static void
what_is_signed_here_is_verified_here(void **state)
{
    struct fixture *f = *state;

    add_secret(f);
    buf_clear(&f->token);
    jwt_sign(STR(SECRET), STR("{\"role\":\"anon\"}"), &f->token);
    expect_good(f, buf_str(&f->token));
    assert_str(json_get_str(f->jwt.claims, "role", STR_NULL), "anon");
}

/* --- attacks on the header ------------------------------------------------------------------- */

static void
a_token_without_signature_is_refused_in_every_spelling(void **state)
{
    static const char *const headers[] = {"{\"alg\":\"none\"}", "{\"alg\":\"None\"}",
                                          "{\"alg\":\"nOnE\"}"};
    struct fixture *f = *state;

    add_secret(f);
    for (size_t i = 0; i < COUNTOF(headers); i++) {
        expect_header(f, headers[i], "Wrong or unsupported encoding algorithm");
        assert_string_equal(f->err.details, "JWT is unsecured but expected 'alg' was not 'none'");
    }
    buf_clear(&f->token);
    base64url_encode(&f->token, STR("{\"alg\":\"none\"}"));
    BUF_ADD_LIT(&f->token, ".e30.");
    expect_error(f, buf_str(&f->token), "PGRST301", "Wrong or unsupported encoding algorithm");
}

/* The attacker signs by HMAC with what everybody knows: the public key, in the forms it is seen
 * in. */
static void
a_public_key_is_no_secret(void **state)
{
    struct fixture *f = *state;
    struct buf der;

    add_json(f, A2_KEY);
    add_json(f, A3_KEY);
    sign_with(f, EVP_sha256(), STR(A2_KEY), HS256, "{\"role\":\"service_role\"}");
    expect_error(f, buf_str(&f->token), "PGRST301", NO_KEY);
    assert_string_equal(f->err.details, "No suitable key was found to decode the JWT");
    buf_init(&der, 4096);
    assert_true(base64url_decode(STR(A2_N), &der));
    sign_with(f, EVP_sha256(), buf_str(&der), HS256, "{\"role\":\"service_role\"}");
    expect_error(f, buf_str(&f->token), "PGRST301", NO_KEY);
    buf_fini(&der);
}

static void
the_key_says_the_algorithm_and_not_the_token(void **state)
{
    struct fixture *f = *state;

    add_json(f, "{\"kty\":\"oct\",\"alg\":\"HS384\",\"k\":\"" A1_K "\"}");
    expect_error(f, STR(A1_TOKEN), "PGRST301", NO_KEY);
    add_json(f, "{\"kty\":\"RSA\",\"alg\":\"RS512\",\"n\":\"" A2_N "\",\"e\":\"AQAB\"}");
    expect_error(f, STR(A2_TOKEN), "PGRST301", NO_KEY);
}

static void
algorithms_that_are_not_known_are_refused(void **state)
{
    struct fixture *f = *state;

    add_secret(f);
    expect_header(f, "{\"alg\":\"HS1\"}", BAD_FORM);
    expect_header(f, "{\"alg\":\"PS257\"}", BAD_FORM);
    expect_header(f, "{\"alg\":\"PS256\"}", NO_KEY);
    expect_header(f, "{\"alg\":\"EdDSA\"}", NO_KEY);
    expect_header(f, "{\"alg\":\"hs256\"}", BAD_FORM);
    expect_header(f, "{\"alg\":\"\"}", BAD_FORM);
    expect_header(f, "{\"alg\":null}", BAD_FORM);
    expect_header(f, "{\"alg\":[\"HS256\"]}", BAD_FORM);
    expect_header(f, "{\"alg\":256}", BAD_FORM);
    expect_header(f, "{}", BAD_FORM);
    expect_header(f, "{\"alg\":\"RS256\"}", NO_KEY);
    expect_header(f, "{\"alg\":\"ES256\"}", NO_KEY);
}

static void
a_key_id_only_looks_up_our_keys(void **state)
{
    struct fixture *f = *state;

    add_json(f, "{\"kty\":\"oct\",\"kid\":\"one\",\"k\":\"" A1_K "\"}");
    expect_good(f, STR(A1_TOKEN));
    add_secret(f);
    /* The secret has no id, so it is tried for every one; the other key is not. */
    expect_header(f, "{\"alg\":\"HS256\",\"kid\":\"../../../../dev/null\"}", NULL);
    expect_header(f, "{\"alg\":\"HS256\",\"kid\":\"x' UNION SELECT 'secret' --\"}", NULL);
    expect_header(f, "{\"alg\":\"HS256\",\"kid\":\"| rm -rf /\"}", NULL);
    expect_header(f, "{\"alg\":\"HS256\",\"kid\":{\"$ne\":1}}", BAD_FORM);
    expect_header(f, "{\"alg\":\"HS256\",\"kid\":1}", BAD_FORM);
}

static void
another_key_id_is_another_key(void **state)
{
    struct fixture *f = *state;
    struct buf secret;

    buf_init(&secret, 1024);
    assert_true(base64url_decode(STR(A1_K), &secret));
    add_json(f, "{\"kty\":\"oct\",\"kid\":\"one\",\"k\":\"" A1_K "\"}");
    sign_with(f, EVP_sha256(), buf_str(&secret), "{\"alg\":\"HS256\",\"kid\":\"one\"}", "{}");
    expect_good(f, buf_str(&f->token));
    sign_with(f, EVP_sha256(), buf_str(&secret), "{\"alg\":\"HS256\",\"kid\":\"two\"}", "{}");
    expect_error(f, buf_str(&f->token), "PGRST301", NO_KEY);
    /* An empty secret behind a path that has nothing in it. */
    sign_with(f, EVP_sha256(), STR(""), "{\"alg\":\"HS256\",\"kid\":\"/dev/null\"}", "{}");
    expect_error(f, buf_str(&f->token), "PGRST301", NO_KEY);
    buf_fini(&secret);
}

static void
keys_that_a_token_brings_along_are_not_looked_at(void **state)
{
    struct fixture *f = *state;

    add_json(f, A2_KEY);
    sign_with(f, EVP_sha256(), STR(SECRET),
              "{\"alg\":\"HS256\",\"jwk\":{\"kty\":\"oct\",\"k\":\"YWJj\"},"
              "\"jku\":\"https://evil.example/keys\",\"x5u\":\"file:///etc/passwd\"}",
              "{}");
    expect_error(f, buf_str(&f->token), "PGRST301", NO_KEY);
}

static void
critical_extensions_are_refused(void **state)
{
    struct fixture *f = *state;

    add_secret(f);
    expect_header(f, "{\"alg\":\"HS256\",\"crit\":[\"exp\"],\"exp\":1}", BAD_FORM);
    expect_header(f, "{\"alg\":\"HS256\",\"crit\":[]}", BAD_FORM);
    expect_header(f, "{\"alg\":\"HS256\",\"b64\":false,\"crit\":[\"b64\"]}", BAD_FORM);
}

static void
a_member_may_stand_only_once(void **state)
{
    struct fixture *f = *state;

    add_secret(f);
    expect_header(f, "{\"alg\":\"HS256\",\"alg\":\"none\"}", BAD_FORM);
    expect_header(f, "{\"alg\":\"none\",\"alg\":\"HS256\"}", BAD_FORM);
    expect_header(f, "{\"alg\":\"HS256\",\"\\u0061lg\":\"none\"}", BAD_FORM);
    expect_claims(f, "{\"role\":\"anon\",\"role\":\"service_role\"}", "Parsing claims failed");
    expect_claims(f, "{\"exp\":1,\"exp\":99999999999}", "Parsing claims failed");
}

/* --- attacks on the form --------------------------------------------------------------------- */

static void
a_token_has_three_parts(void **state)
{
    struct fixture *f = *state;

    add_json(f, A1_KEY);
    expect_error(f, STR(""), "PGRST301", "Empty JWT is sent in Authorization header");
    expect_error(f, STR("a"), "PGRST301", "Expected 3 parts in JWT; got 1");
    expect_error(f, STR("a.b"), "PGRST301", "Expected 3 parts in JWT; got 2");
    expect_error(f, STR("a.b.c.d.e"), "PGRST301", "Expected 3 parts in JWT; got 5");
    expect_error(f, STR(A1_TOKEN "."), "PGRST301", "Expected 3 parts in JWT; got 4");
    expect_error(f, STR(".."), "PGRST301", BAD_FORM);
    expect_error(f, STR("quifquirndsjagnrgniur.fonvoienqhhdj.iuqvnvhojah"), "PGRST301", BAD_FORM);
}

static void
base64_is_that_of_tokens_and_nothing_else(void **state)
{
    struct fixture *f = *state;

    add_json(f, A1_KEY);
    expect_error(f, STR(A1_TOKEN "="), "PGRST301", BAD_FORM);
    expect_error(f, STR(" " A1_TOKEN), "PGRST301", BAD_FORM);
    expect_error(f, STR(A1_TOKEN "\n"), "PGRST301", BAD_FORM);
    expect_error(f, STR("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9=." PAYLOAD ".AAAA"), "PGRST301",
                 BAD_FORM);
    expect_error(f, STR("eyJ0\0XAi.e30.AAAA"), "PGRST301", BAD_FORM);
    /* The same 32 bytes, with one of the two unused bits set. */
    expect_error(f,
                 STR("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." PAYLOAD
                     ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl"),
                 "PGRST301", BAD_FORM);
}

static void
a_token_of_a_megabyte_is_refused_unread(void **state)
{
    struct fixture *f = *state;
    size_t len = (size_t)1 << 20;
    char *token = xmalloc(len);

    add_secret(f);
    memset(token, 'A', len);
    expect_error(f, str_make(token, len), "PGRST301", BAD_FORM);
    memset(token, '.', len);
    expect_error(f, str_make(token, len), "PGRST301", BAD_FORM);
    assert_int_equal(arena_used(f->arena), 0);
    free(token);
}

static void
deep_claims_are_refused(void **state)
{
    struct fixture *f = *state;
    char claims[2048];
    size_t depth = 500;

    add_secret(f);
    memcpy(claims, "{\"a\":", 5);
    memset(claims + 5, '[', depth);
    memset(claims + 5 + depth, ']', depth);
    memcpy(claims + 5 + 2 * depth, "}", 2);
    expect_claims(f, claims, "Parsing claims failed");
}

static void
claims_are_an_object(void **state)
{
    struct fixture *f = *state;

    add_secret(f);
    expect_claims(f, "{}", NULL);
    expect_claims(f, "{\"role\":\"x\"}\n", NULL);
    expect_claims(f, "[]", "Parsing claims failed");
    expect_claims(f, "\"role\"", "Parsing claims failed");
    expect_claims(f, "null", "Parsing claims failed");
    expect_claims(f, "{\"role\":\"x\"", "Parsing claims failed");
    expect_claims(f, "{\"role\":\"\\u0000\"}", "Parsing claims failed");
    expect_claims(f, "{\"role\":\"\xFF\"}", "Parsing claims failed");
    expect_header(f, "[\"HS256\"]", BAD_FORM);
}

/* --- times and audience ---------------------------------------------------------------------- */

static const char *
time_error(struct fixture *f, const char *claims, int64_t now_s)
{
    expect_claims(f, claims, NULL);
    return jwt_check_times(&f->jwt.times, now_s, &f->err) ? "" : f->err.message;
}

static void
clocks_may_differ_by_thirty_seconds(void **state)
{
    struct fixture *f = *state;

    add_secret(f);
    assert_string_equal(time_error(f, "{\"exp\":1000}", 1030), "");
    assert_string_equal(time_error(f, "{\"exp\":1000}", 1031), "JWT expired");
    assert_string_equal(time_error(f, "{\"nbf\":1000}", 970), "");
    assert_string_equal(time_error(f, "{\"nbf\":1000}", 969), "JWT not yet valid");
    assert_string_equal(time_error(f, "{\"iat\":1000}", 970), "");
    assert_string_equal(time_error(f, "{\"iat\":1000}", 969), "JWT issued at future");
    assert_string_equal(time_error(f, "{\"exp\":null,\"nbf\":null,\"iat\":null}", 5), "");
    assert_string_equal(f->err.code, "");
    assert_string_equal(time_error(f, "{\"exp\":1000.9}", 1031), "JWT expired");
    assert_string_equal(time_error(f, "{\"exp\":1e3}", 1030), "");
    assert_int_equal(f->err.kind, ERR_NONE);
}

static void
times_past_all_bounds_never_make_a_token_valid(void **state)
{
    static const char *const huge[] = {
        "1e400",
        "9223372036854775807",
        "9223372036854775808",
        "99999999999999999999999999999999999999999999999999999999999999999999999999999999",
        "1E+308",
    };
    struct fixture *f = *state;
    char claims[256];

    add_secret(f);
    for (size_t i = 0; i < COUNTOF(huge); i++) {
        snprintf(claims, sizeof(claims), "{\"exp\":%s}", huge[i]);
        assert_string_equal(time_error(f, claims, 1000), "JWT expired");
        snprintf(claims, sizeof(claims), "{\"exp\":-%s}", huge[i]);
        assert_string_equal(time_error(f, claims, 1000), "JWT expired");
        snprintf(claims, sizeof(claims), "{\"nbf\":%s}", huge[i]);
        assert_string_equal(time_error(f, claims, 1000), "JWT not yet valid");
        snprintf(claims, sizeof(claims), "{\"iat\":%s}", huge[i]);
        assert_string_equal(time_error(f, claims, 1000), "JWT issued at future");
    }
    assert_string_equal(time_error(f, "{\"exp\":99999999999999}", 1000), "");
}

static void
times_are_numbers(void **state)
{
    struct fixture *f = *state;

    add_secret(f);
    expect_claims(f, "{\"exp\":\"9999999999\"}", "The JWT 'exp' claim must be a number");
    expect_claims(f, "{\"nbf\":true}", "The JWT 'nbf' claim must be a number");
    expect_claims(f, "{\"iat\":[1]}", "The JWT 'iat' claim must be a number");
}

static void
an_audience_is_checked_when_one_is_wanted(void **state)
{
    static const struct {
        const char *claims;
        bool passes;
    } cases[] = {
        {"{}", true},
        {"{\"aud\":null}", true},
        {"{\"aud\":[]}", true},
        {"{\"aud\":\"shop\"}", true},
        {"{\"aud\":[\"other\",\"shop\"]}", true},
        {"{\"aud\":\"\"}", false},
        {"{\"aud\":\"shop2\"}", false},
        {"{\"aud\":[\"other\"]}", false},
    };
    struct fixture *f = *state;

    add_secret(f);
    for (size_t i = 0; i < COUNTOF(cases); i++) {
        expect_claims(f, cases[i].claims, NULL);
        assert_true(jwt_check_audience(&f->jwt, STR_NULL, &f->err));
        assert_int_equal(jwt_check_audience(&f->jwt, STR("shop"), &f->err), cases[i].passes);
        if (!cases[i].passes)
            assert_string_equal(f->err.message, "JWT not in audience");
    }
    expect_claims(f, "{\"aud\":{\"a\":1}}",
                  "The JWT 'aud' claim must be a string or an array of strings");
    expect_claims(f, "{\"aud\":[\"shop\",1]}",
                  "The JWT 'aud' claim must be a string or an array of strings");
}

/* --- keys ------------------------------------------------------------------------------------ */

static void
expect_bad_key(struct fixture *f, const char *json, const char *why)
{
    struct err err = {0};

    if (jwk_set_add_json(f->keys, str_from(json), JWK_GIVEN, &err))
        fail_msg("%s is taken", json);
    assert_contains(err.message, why);
    assert_int_equal(err.kind, ERR_CONFIG);
}

static void
keys_that_are_weak_or_wrong_are_refused(void **state)
{
    struct fixture *f = *state;

    expect_bad_key(f, "", "not JSON");
    expect_bad_key(f, "[]", "not a JWK set");
    expect_bad_key(f, "{\"keys\":{}}", "not a JWK set");
    expect_bad_key(f, "{\"keys\":[]}", "there is no key");
    expect_bad_key(f, "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AAAA\"}]}",
                   "there is no key");
    expect_bad_key(f, "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}]}",
                   "Ed25519");
    expect_bad_key(f, "{\"kty\":\"oct\",\"k\":\"c2hvcnQ\"}", "less than 32 bytes");
    expect_bad_key(f, "{\"kty\":\"oct\",\"k\":\"a b\"}", "not base64url");
    expect_bad_key(f, "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}", "2048");
    expect_bad_key(f, "{\"kty\":\"RSA\",\"n\":\"" A2_N "\",\"e\":\"AQ\"}", "RSA");
    expect_bad_key(f, "{\"kty\":\"RSA\",\"n\":\"" A2_N "\"}", "RSA");
    /* A point beside the curve. */
    expect_bad_key(f,
                   "{\"kty\":\"EC\",\"crv\":\"P-256\","
                   "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
                   "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a4\"}",
                   "P-256");
    expect_bad_key(f,
                   "{\"kty\":\"EC\",\"crv\":\"P-256\","
                   "\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
                   "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
                   "P-256");
    expect_bad_key(f, "{\"kty\":\"oct\",\"alg\":\"RS256\",\"k\":\"" A1_K "\"}", "alg");
    expect_bad_key(f, "{\"kty\":\"oct\",\"kty\":\"RSA\",\"k\":\"" A1_K "\"}", "not JSON");
    assert_int_equal(f->keys->count, 0);
}

static void
keys_for_other_ends_are_passed_over(void **state)
{
    struct fixture *f = *state;

    add_json(f, "{\"keys\":["
                "{\"kty\":\"oct\",\"use\":\"enc\",\"k\":\"" A1_K "\"},"
                "{\"kty\":\"oct\",\"key_ops\":[\"encrypt\"],\"k\":\"" A1_K "\"},"
                "{\"kty\":\"oct\",\"alg\":\"A256GCM\",\"k\":\"" A1_K "\"}," A3_KEY "]}");
    assert_int_equal(f->keys->count, 1);
    expect_error(f, STR(A1_TOKEN), "PGRST301", NO_KEY);
    expect_good(f, STR(A3_TOKEN));
}

static void
a_secret_has_32_bytes(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};

    assert_false(
        jwk_set_add_secret(f->keys, STR("0123456789012345678901234567890"), INT64_MAX, &err));
    assert_true(
        jwk_set_add_secret(f->keys, STR("01234567890123456789012345678901"), INT64_MAX, &err));
}

static void
a_set_is_bounded(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};

    for (unsigned i = 0; i < JWK_COUNT_MAX; i++)
        add_secret(f);
    assert_false(jwk_set_add_secret(f->keys, STR(SECRET), INT64_MAX, &err));
    expect_bad_key(f, A1_KEY, "more than 32 keys");
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(the_examples_of_rfc_7515_hold),
        CASE(one_changed_character_anywhere_spoils_a_token),
        CASE(a_truncated_token_is_refused_at_every_length),
        CASE(each_length_of_hmac_works_with_a_secret),
        CASE(a_signature_cut_short_is_none),
        CASE(what_is_signed_here_is_verified_here),
        CASE(a_token_without_signature_is_refused_in_every_spelling),
        CASE(a_public_key_is_no_secret),
        CASE(the_key_says_the_algorithm_and_not_the_token),
        CASE(algorithms_that_are_not_known_are_refused),
        CASE(a_key_id_only_looks_up_our_keys),
        CASE(another_key_id_is_another_key),
        CASE(keys_that_a_token_brings_along_are_not_looked_at),
        CASE(critical_extensions_are_refused),
        CASE(a_member_may_stand_only_once),
        CASE(a_token_has_three_parts),
        CASE(base64_is_that_of_tokens_and_nothing_else),
        CASE(a_token_of_a_megabyte_is_refused_unread),
        CASE(deep_claims_are_refused),
        CASE(claims_are_an_object),
        CASE(clocks_may_differ_by_thirty_seconds),
        CASE(times_past_all_bounds_never_make_a_token_valid),
        CASE(times_are_numbers),
        CASE(an_audience_is_checked_when_one_is_wanted),
        CASE(keys_that_are_weak_or_wrong_are_refused),
        CASE(keys_for_other_ends_are_passed_over),
        CASE(a_secret_has_32_bytes),
        CASE(a_set_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
