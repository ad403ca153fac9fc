/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every algorithm with keys made on the spot: what its own key signed is taken, and nothing else
 * is.
 */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "auth/jwt.h"
#include "core/base64.h"
#include "unit/unit.h"

#define NO_KEY "No suitable key or wrong key type"

struct kind {
    const char *alg;
    const char *kty;
    const char *crv; /* NULL: RSA */
    const char *group;
    const char *digest; /* NULL: the algorithm's own */
    size_t number;      /* bytes of a coordinate */
    bool is_pss;
};

static const struct kind kinds[] = {
    {"RS256", "RSA", NULL, NULL, "SHA256", 0, false},
    {"RS384", "RSA", NULL, NULL, "SHA384", 0, false},
    {"RS512", "RSA", NULL, NULL, "SHA512", 0, false},
    {"PS256", "RSA", NULL, NULL, "SHA256", 0, true},
    {"PS384", "RSA", NULL, NULL, "SHA384", 0, true},
    {"PS512", "RSA", NULL, NULL, "SHA512", 0, true},
    {"ES256", "EC", "P-256", "P-256", "SHA256", 32, false},
    {"ES384", "EC", "P-384", "P-384", "SHA384", 48, false},
    {"ES512", "EC", "P-521", "P-521", "SHA512", 66, false},
    {"EdDSA", "OKP", "Ed25519", NULL, NULL, 32, false},
};

static EVP_PKEY *rsa_key, *other_rsa_key;

static EVP_PKEY *
make_key(const struct kind *kind)
{
    if (kind->crv == NULL) {
        EVP_PKEY_up_ref(rsa_key);
        return rsa_key;
    }
    return kind->group != NULL ? EVP_EC_gen(kind->group) : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

static void
add_number(struct buf *out, const EVP_PKEY *key, const char *param, size_t size)
{
    BIGNUM *number = NULL;
    unsigned char bytes[1024];

    assert_int_equal(EVP_PKEY_get_bn_param(key, param, &number), 1);
    if (size == 0)
        size = (size_t)BN_num_bytes(number);
    assert_int_equal(BN_bn2binpad(number, bytes, (int)size), (int)size);
    base64url_encode(out, str_make((const char *)bytes, size));
    BN_free(number);
}

/* The public half as a JWK; alg NULL: not said. */
static void
write_jwk(struct buf *out, const struct kind *kind, const EVP_PKEY *key, const char *alg)
{
    buf_printf(out, "{\"kty\":\"%s\"", kind->kty);
    if (alg != NULL)
        buf_printf(out, ",\"alg\":\"%s\"", alg);
    if (kind->crv == NULL) {
        BUF_ADD_LIT(out, ",\"n\":\"");
        add_number(out, key, OSSL_PKEY_PARAM_RSA_N, 0);
        BUF_ADD_LIT(out, "\",\"e\":\"");
        add_number(out, key, OSSL_PKEY_PARAM_RSA_E, 0);
    } else if (kind->group != NULL) {
        buf_printf(out, ",\"crv\":\"%s\",\"x\":\"", kind->crv);
        add_number(out, key, OSSL_PKEY_PARAM_EC_PUB_X, kind->number);
        BUF_ADD_LIT(out, "\",\"y\":\"");
        add_number(out, key, OSSL_PKEY_PARAM_EC_PUB_Y, kind->number);
    } else {
        unsigned char raw[32];
        size_t len = sizeof(raw);

        assert_int_equal(EVP_PKEY_get_raw_public_key(key, raw, &len), 1);
        buf_printf(out, ",\"crv\":\"%s\",\"x\":\"", kind->crv);
        base64url_encode(out, str_make((const char *)raw, len));
    }
    BUF_ADD_LIT(out, "\"}");
}

/* From OpenSSL's DER to r and s behind each other. */
static void
flatten(const struct kind *kind, const unsigned char *der, size_t len, struct buf *out)
{
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
    unsigned char raw[132];

    assert_non_null(sig);
    BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, (int)kind->number);
    BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + kind->number, (int)kind->number);
    base64url_encode(out, str_make((const char *)raw, 2 * kind->number));
    ECDSA_SIG_free(sig);
}

static void
sign(const struct kind *kind, EVP_PKEY *key, struct buf *out)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *padding = NULL;
    unsigned char signature[1024];
    size_t len = sizeof(signature);
    struct buf header;

    buf_init(&header, 256);
    buf_printf(&header, "{\"alg\":\"%s\"}", kind->alg);
    buf_clear(out);
    base64url_encode(out, buf_str(&header));
    BUF_ADD_LIT(out, ".e30");
    assert_int_equal(EVP_DigestSignInit_ex(ctx, &padding, kind->digest, NULL, NULL, key, NULL), 1);
    if (kind->is_pss) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, RSA_PSS_SALTLEN_DIGEST), 1);
    }
    assert_int_equal(
        EVP_DigestSign(ctx, signature, &len, (const unsigned char *)out->data, out->len), 1);
    buf_add_char(out, '.');
    if (kind->group != NULL)
        flatten(kind, signature, len, out);
    else
        base64url_encode(out, str_make((const char *)signature, len));
    EVP_MD_CTX_free(ctx);
    buf_fini(&header);
}

static bool
verify(const struct jwk_set *keys, struct str token, struct err *err)
{
    struct arena *arena = arena_new(16 * 1024, 1024 * 1024);
    struct jwt jwt;
    bool ok;

    err_clear(err);
    ok = jwt_verify(&(struct jwt_keys){.published = keys}, token, arena, &jwt, err);
    arena_free(arena);
    return ok;
}

static struct jwk_set *
set_of(const struct kind *kind, const EVP_PKEY *key, const char *alg, struct err *err)
{
    struct jwk_set *set = jwk_set_new();
    struct buf json;

    err_clear(err);
    buf_init(&json, 8192);
    write_jwk(&json, kind, key, alg);
    if (!jwk_set_add_json(set, buf_str(&json), JWK_GIVEN, err)) {
        jwk_set_unref(set);
        set = NULL;
    }
    buf_fini(&json);
    return set;
}

static void
each_algorithm_is_verified_with_its_own_key_only(void **state)
{
    struct buf token;
    struct err err = {0};

    buf_init(&token, 8192);
    for (size_t i = 0; i < COUNTOF(kinds); i++) {
        EVP_PKEY *key = make_key(&kinds[i]);

        sign(&kinds[i], key, &token);
        for (size_t j = 0; j < COUNTOF(kinds); j++) {
            EVP_PKEY *other = i == j ? key : make_key(&kinds[j]);
            struct jwk_set *set = set_of(&kinds[j], other, kinds[j].alg, &err);

            assert_non_null(set);
            if (verify(set, buf_str(&token), &err) != (i == j))
                fail_msg("%s with a key for %s: %s", kinds[i].alg, kinds[j].alg, err.message);
            if (i != j)
                assert_string_equal(err.message, NO_KEY);
            jwk_set_unref(set);
            if (i != j)
                EVP_PKEY_free(other);
        }
        EVP_PKEY_free(key);
    }
    buf_fini(&token);
}

static void
a_key_that_names_no_algorithm_does_those_of_its_kind(void **state)
{
    struct buf token;
    struct err err = {0};

    buf_init(&token, 8192);
    for (size_t i = 0; i < COUNTOF(kinds); i++) {
        EVP_PKEY *key = make_key(&kinds[i]);
        struct jwk_set *set = set_of(&kinds[i], key, NULL, &err);

        sign(&kinds[i], key, &token);
        if (!verify(set, buf_str(&token), &err))
            fail_msg("%s: %s", kinds[i].alg, err.message);
        jwk_set_unref(set);
        EVP_PKEY_free(key);
    }
    buf_fini(&token);
}

static void
another_key_of_the_same_kind_doesnt_do(void **state)
{
    struct buf token;
    struct err err = {0};

    buf_init(&token, 8192);
    for (size_t i = 0; i < COUNTOF(kinds); i++) {
        EVP_PKEY *key = make_key(&kinds[i]);
        EVP_PKEY *other = kinds[i].crv == NULL ? other_rsa_key : make_key(&kinds[i]);
        struct jwk_set *set = set_of(&kinds[i], other, NULL, &err);

        sign(&kinds[i], key, &token);
        assert_false(verify(set, buf_str(&token), &err));
        assert_string_equal(err.details, "None of the keys was able to decode the JWT");
        jwk_set_unref(set);
        EVP_PKEY_free(key);
        if (other != other_rsa_key)
            EVP_PKEY_free(other);
    }
    buf_fini(&token);
}

static void
an_algorithm_that_doesnt_fit_the_curve_is_refused(void **state)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    struct err err = {0};

    assert_null(set_of(&kinds[6], key, "ES384", &err));
    assert_contains(err.message, "its alg doesn't fit its crv");
    assert_null(set_of(&kinds[6], key, "RS256", &err));
    assert_contains(err.message, "its alg doesn't fit its kty");
    EVP_PKEY_free(key);
}

/* For these, whoever knows the equation can sign: the signature of a point of order 1 is any. */
static void
weak_points_are_no_keys(void **state)
{
    static const char *const xs[] = {
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA",
        "7P_______________________________________38",
        "7f_______________________________________38",
        "7v_______________________________________38",
        "7v________________________________________8",
        "JuiVj8KysnsARcP0ifLvmPDV36wF08YzObE4AohtU_wF",
        "xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o",
    };
    char json[256];

    for (size_t i = 0; i < COUNTOF(xs); i++) {
        struct jwk_set *set = jwk_set_new();
        struct err err = {0};

        snprintf(json, sizeof(json), "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"}", xs[i]);
        if (jwk_set_add_json(set, str_from(json), JWK_GIVEN, &err))
            fail_msg("%s is taken", xs[i]);
        jwk_set_unref(set);
    }
}

static void
of_a_published_set_only_good_public_keys_are_taken(void **state)
{
    EVP_PKEY *key = EVP_EC_gen("P-384");
    struct jwk_set *set = jwk_set_new();
    struct buf json;
    struct err err = {0};

    buf_init(&json, 8192);
    BUF_ADD_LIT(&json, "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-"
                       "EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow\"},"
                       "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"},7,null,");
    write_jwk(&json, &kinds[7], key, NULL);
    BUF_ADD_LIT(&json, "]}");
    assert_ok(jwk_set_add_json(set, buf_str(&json), JWK_PUBLISHED, &err));
    assert_int_equal(set->count, 1);
    assert_int_equal(set->items[0].type, JWK_EC);
    assert_false(
        jwk_set_add_json(set,
                         STR("{\"keys\":[{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObw"
                             "VMkoqQ-EstJQLr_T\"}]}"),
                         JWK_PUBLISHED, &err));
    jwk_set_unref(set);
    EVP_PKEY_free(key);
    buf_fini(&json);
}

static int
make_rsa_keys(void **state)
{
    rsa_key = EVP_RSA_gen(2048);
    other_rsa_key = EVP_RSA_gen(2048);
    return rsa_key != NULL && other_rsa_key != NULL ? 0 : -1;
}

static int
free_rsa_keys(void **state)
{
    EVP_PKEY_free(rsa_key);
    EVP_PKEY_free(other_rsa_key);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_algorithm_is_verified_with_its_own_key_only),
        cmocka_unit_test(a_key_that_names_no_algorithm_does_those_of_its_kind),
        cmocka_unit_test(another_key_of_the_same_kind_doesnt_do),
        cmocka_unit_test(an_algorithm_that_doesnt_fit_the_curve_is_refused),
        cmocka_unit_test(weak_points_are_no_keys),
        cmocka_unit_test(of_a_published_set_only_good_public_keys_are_taken),
    };

    return cmocka_run_group_tests(tests, make_rsa_keys, free_rsa_keys);
}
