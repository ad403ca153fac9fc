/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/jwk.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/param_build.h>

#include "core/base64.h"
#include "core/json.h"

#define JSON_ARENA_MAX ((size_t)4 << 20)
#define NUMBER_MAX 4096 /* bytes of a modulus */
#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192
#define EC_COORDINATE_MAX 66
#define ED_KEY 32

static const struct {
    const char *name;
    enum jwk_type type;
} algs[JWT_ALG_COUNT] = {
    [JWT_HS256] = {"HS256", JWK_SECRET}, [JWT_HS384] = {"HS384", JWK_SECRET},
    [JWT_HS512] = {"HS512", JWK_SECRET}, [JWT_RS256] = {"RS256", JWK_RSA},
    [JWT_RS384] = {"RS384", JWK_RSA},    [JWT_RS512] = {"RS512", JWK_RSA},
    [JWT_PS256] = {"PS256", JWK_RSA},    [JWT_PS384] = {"PS384", JWK_RSA},
    [JWT_PS512] = {"PS512", JWK_RSA},    [JWT_ES256] = {"ES256", JWK_EC},
    [JWT_ES384] = {"ES384", JWK_EC},     [JWT_ES512] = {"ES512", JWK_EC},
    [JWT_EDDSA] = {"EdDSA", JWK_ED},
};

/* A curve has one algorithm: RFC 7518, 3.4, and RFC 8037, 3.1. */
static const struct {
    const char *name;
    const char *kty;
    enum jwt_alg alg;
    size_t coordinate; /* bytes */
} curves[] = {
    {"P-256", "EC", JWT_ES256, 32},
    {"P-384", "EC", JWT_ES384, 48},
    {"P-521", "EC", JWT_ES512, 66},
    {"Ed25519", "OKP", JWT_EDDSA, ED_KEY},
};

struct jwk_set *
jwk_set_new(void)
{
    struct jwk_set *set = xcalloc(1, sizeof(*set));

    set->refs = 1;
    return set;
}

struct jwk_set *
jwk_set_ref(struct jwk_set *set)
{
    if (set != NULL)
        atomic_fetch_add_explicit(&set->refs, 1, memory_order_relaxed);
    return set;
}

static void
key_fini(struct jwk *key)
{
    vault_wipe(&key->secret);
    EVP_PKEY_free(key->pkey);
    free((void *)(uintptr_t)key->kid.data);
    *key = (struct jwk){0};
}

void
jwk_set_unref(struct jwk_set *set)
{
    if (set == NULL || atomic_fetch_sub(&set->refs, 1) > 1)
        return;
    for (size_t i = 0; i < set->count; i++)
        key_fini(&set->items[i]);
    free(set);
}

enum jwt_alg
jwt_alg_find(struct str name)
{
    for (unsigned i = 0; i < JWT_ALG_COUNT; i++) {
        if (str_eq(name, str_from(algs[i].name)))
            return (enum jwt_alg)i;
    }
    return JWT_ALG_COUNT;
}

bool
jwt_alg_is_hmac(enum jwt_alg alg)
{
    return alg != JWT_ALG_COUNT && algs[alg].type == JWK_SECRET;
}

bool
jwk_can_do(const struct jwk *key, enum jwt_alg alg)
{
    return alg != JWT_ALG_COUNT && algs[alg].type == key->type &&
           (key->alg == JWT_ALG_COUNT || key->alg == alg);
}

static bool
fail(struct err *err, const char *why)
{
    return err_set(err, ERR_CONFIG, "CAIRN-CONFIG", "%s", why);
}

bool
jwk_set_add_secret(struct jwk_set *set, struct str secret, int64_t until_s, struct err *err)
{
    struct jwk *key = &set->items[set->count];

    if (secret.len < JWK_SECRET_MIN)
        return fail(err, "a secret of less than 32 bytes");
    if (set->count == JWK_COUNT_MAX)
        return fail(err, "too many keys");
    *key = (struct jwk){.type = JWK_SECRET, .alg = JWT_ALG_COUNT, .until_s = until_s};
    vault_put(&key->secret, secret);
    set->count++;
    return true;
}

/* --- JSON web keys --------------------------------------------------------------------------- */

static bool
decode_member(const struct json *jwk, const char *name, struct buf *out)
{
    struct str text = json_get_str(jwk, name, STR_NULL);

    buf_clear(out);
    return text.len > 0 && base64url_decode(text, out) && out->len > 0;
}

static EVP_PKEY *
make_public_key(const char *type, OSSL_PARAM *params)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY_CTX *check = NULL;
    EVP_PKEY *key = NULL;

    if (ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) == 1) {
        check = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
        if (check == NULL || EVP_PKEY_public_check(check) != 1) {
            EVP_PKEY_free(key);
            key = NULL;
        }
    }
    EVP_PKEY_CTX_free(check);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static bool
read_rsa(const struct json *jwk, struct jwk *key, struct err *err)
{
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    BIGNUM *n = NULL, *e = NULL;
    struct buf number;
    bool ok = false;

    buf_init(&number, NUMBER_MAX);
    if (!decode_member(jwk, "n", &number))
        goto out;
    n = BN_bin2bn((const unsigned char *)number.data, (int)number.len, NULL);
    if (!decode_member(jwk, "e", &number))
        goto out;
    e = BN_bin2bn((const unsigned char *)number.data, (int)number.len, NULL);
    if (builder == NULL || n == NULL || e == NULL || BN_num_bits(n) < RSA_BITS_MIN ||
        BN_num_bits(n) > RSA_BITS_MAX || BN_num_bits(e) > 64 || !BN_is_odd(e) || BN_is_one(e) ||
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) != 1)
        goto out;
    params = OSSL_PARAM_BLD_to_param(builder);
    key->type = JWK_RSA;
    key->pkey = params != NULL ? make_public_key("RSA", params) : NULL;
    ok = key->pkey != NULL;

out:
    if (!ok)
        fail(err, "not a public RSA key of 2048 to 8192 bits");
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    BN_free(n);
    BN_free(e);
    buf_fini(&number);

    return ok;
}

/* COUNTOF(curves) when it isn't known. */
static size_t
find_curve(const struct json *jwk)
{
    struct str kty = json_get_str(jwk, "kty", STR_NULL);
    struct str name = json_get_str(jwk, "crv", STR_NULL);
    size_t i = 0;

    while (i < COUNTOF(curves) &&
           !(str_eq(name, str_from(curves[i].name)) && str_eq(kty, str_from(curves[i].kty))))
        i++;
    return i;
}

static bool
read_ec(const struct json *jwk, struct jwk *key, struct err *err)
{
    size_t curve = find_curve(jwk);
    size_t size = curves[curve].coordinate;
    char group[8] = "";
    unsigned char point[1 + 2 * EC_COORDINATE_MAX] = {4}; /* uncompressed: SEC 1, 2.3.3 */
    OSSL_PARAM params[3];
    struct buf number;
    bool ok = false;

    snprintf(group, sizeof(group), "%s", curves[curve].name);
    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, strlen(group));
    params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * size);
    params[2] = OSSL_PARAM_construct_end();
    buf_init(&number, NUMBER_MAX);
    if (!decode_member(jwk, "x", &number) || number.len != size)
        goto out;
    memcpy(point + 1, number.data, size);
    if (!decode_member(jwk, "y", &number) || number.len != size)
        goto out;
    memcpy(point + 1 + size, number.data, size);
    key->type = JWK_EC;
    key->pkey = make_public_key("EC", params);
    ok = key->pkey != NULL;

out:
    if (!ok)
        err_set(err, ERR_CONFIG, "CAIRN-CONFIG", "not a public key on the curve %s",
                curves[curve].name);
    buf_fini(&number);

    return ok;
}

/*
 * The points of small order, in every spelling: for such a key anybody can make signatures, and
 * OpenSSL takes it. The last bit is a sign, and free.
 */
static bool
has_small_order(const char point[ED_KEY])
{
    static const unsigned char known[][ED_KEY] = {
        {0},
        {1},
        {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
         0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
         0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
        {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
         0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
         0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
    };
    unsigned char bytes[ED_KEY];
    bool is_at_end = true; /* of the numbers: p - 1, p, and p + 1, which are -1, 0 and 1 */

    memcpy(bytes, point, ED_KEY);
    bytes[ED_KEY - 1] &= 0x7f;
    for (size_t i = 0; i < COUNTOF(known); i++) {
        if (memcmp(bytes, known[i], ED_KEY) == 0)
            return true;
    }
    for (size_t i = 1; i < ED_KEY - 1; i++)
        is_at_end = is_at_end && bytes[i] == 0xff;
    return is_at_end && bytes[ED_KEY - 1] == 0x7f && bytes[0] >= 0xec;
}

static bool
read_ed(const struct json *jwk, struct jwk *key, struct err *err)
{
    struct buf point;
    bool ok;

    buf_init(&point, NUMBER_MAX);
    ok = decode_member(jwk, "x", &point) && point.len == ED_KEY && !has_small_order(point.data);
    if (ok) {
        key->type = JWK_ED;
        key->pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
                                                (const unsigned char *)point.data, ED_KEY);
        ok = key->pkey != NULL;
    }
    if (!ok)
        fail(err, "not a public key on the curve Ed25519");
    buf_fini(&point);
    return ok;
}

static bool
read_secret(const struct json *jwk, struct jwk *key, struct err *err)
{
    struct buf bytes;
    bool ok;

    buf_init(&bytes, NUMBER_MAX);
    ok = decode_member(jwk, "k", &bytes);
    if (!ok)
        fail(err, "not base64url");
    else if (bytes.len < JWK_SECRET_MIN)
        ok = fail(err, "a secret of less than 32 bytes");
    else
        vault_put(&key->secret, buf_str(&bytes));
    if (bytes.data != NULL)
        OPENSSL_cleanse(bytes.data, bytes.cap);
    buf_fini(&bytes);
    key->type = JWK_SECRET;

    return ok;
}

static bool
has_operation(const struct json *ops, struct str name)
{
    if (ops == NULL)
        return true;
    for (const struct json *op = ops->first; op != NULL; op = op->next) {
        if (op->type == JSON_STRING && str_eq(op->text, name))
            return true;
    }
    return false;
}

/* Whether this is a key to check signatures with, of a kind that is known here. */
static bool
is_usable(const struct json *jwk)
{
    struct str type = json_get_str(jwk, "kty", STR_NULL);

    return str_eq(json_get_str(jwk, "use", STR("sig")), STR("sig")) &&
           has_operation(json_get(jwk, "key_ops"), STR("verify")) &&
           (json_get(jwk, "alg") == NULL ||
            jwt_alg_find(json_get_str(jwk, "alg", STR_NULL)) != JWT_ALG_COUNT) &&
           (str_eq(type, STR("oct")) || str_eq(type, STR("RSA")) ||
            find_curve(jwk) < COUNTOF(curves));
}

static bool
read_key(const struct json *jwk, struct jwk *key, struct err *err)
{
    struct str type = json_get_str(jwk, "kty", STR_NULL);
    struct str kid = json_get_str(jwk, "kid", STR_NULL);
    bool ok;

    *key = (struct jwk){
        .alg = jwt_alg_find(json_get_str(jwk, "alg", STR_NULL)),
        .until_s = INT64_MAX,
    };
    if (str_eq(type, STR("oct")))
        ok = read_secret(jwk, key, err);
    else if (str_eq(type, STR("RSA")))
        ok = read_rsa(jwk, key, err);
    else if (str_eq(type, STR("EC")))
        ok = read_ec(jwk, key, err);
    else
        ok = read_ed(jwk, key, err);
    if (ok && key->alg != JWT_ALG_COUNT && !jwk_can_do(key, key->alg))
        ok = fail(err, "its alg doesn't fit its kty");
    if (ok && (key->type == JWK_EC || key->type == JWK_ED)) {
        enum jwt_alg only = curves[find_curve(jwk)].alg;

        if (key->alg != JWT_ALG_COUNT && key->alg != only)
            ok = fail(err, "its alg doesn't fit its crv");
        key->alg = only;
    }
    if (ok && kid.data != NULL) {
        char *copy = xmalloc(kid.len + 1);

        memcpy(copy, kid.data, kid.len);
        key->kid = str_make(copy, kid.len);
    }
    if (!ok)
        key_fini(key);
    return ok;
}

static bool
is_secret(const struct json *jwk)
{
    return str_eq(json_get_str(jwk, "kty", STR_NULL), STR("oct"));
}

static bool
add_keys(struct jwk_set *set, const struct json *first, enum jwk_origin origin, struct err *err)
{
    size_t before = set->count;
    unsigned place = 0;

    for (const struct json *jwk = first; jwk != NULL; jwk = jwk->next) {
        place++;
        if (!is_usable(jwk) || (origin == JWK_PUBLISHED && is_secret(jwk)))
            continue;
        if (set->count == JWK_COUNT_MAX)
            return fail(err, "more than 32 keys");
        if (read_key(jwk, &set->items[set->count], err)) {
            set->count++;
        } else if (origin == JWK_GIVEN) {
            err_prefix(err, "key %u: ", place);
            return false;
        }
    }
    return set->count > before || fail(err, "there is no key to check signatures with in it");
}

bool
jwk_set_add_json(struct jwk_set *set, struct str json, enum jwk_origin origin, struct err *err)
{
    struct arena *arena = arena_new(16 * 1024, JSON_ARENA_MAX);
    struct json *root = NULL;
    const struct json *keys = NULL;
    struct err why = {0};
    bool ok = false;

    arena_set_soft(arena);
    if (!json_parse(json, (struct json_limits){.max_depth = 16}, arena, &root, &why)) {
        err_set(err, ERR_CONFIG, "CAIRN-CONFIG", "not JSON: %s",
                why.has_details ? why.details : why.message);
        goto out;
    }
    keys = json_get(root, "keys");
    if (keys != NULL ? keys->type != JSON_ARRAY : root->type != JSON_OBJECT) {
        fail(err, "not a JWK set");
        goto out;
    }
    if (keys == NULL)
        root->next = NULL;
    ok = add_keys(set, keys != NULL ? keys->first : root, origin, err);

out:
    arena_free(arena);

    return ok;
}
