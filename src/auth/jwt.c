/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/jwt.h"

#include <math.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include "core/base64.h"

#define DEPTH_MAX 32
#define EC_DER_MAX 144     /* 2 numbers of 67 bytes, and their heads */
#define SIGNATURE_MAX 2048 /* of RSA with 8192 bits, and some */

static bool
fail(struct err *err, const char *code, const char *message, const char *details)
{
    err_set(err, ERR_REQUEST, code, "%s", message);
    err->http_status = 401;
    if (details != NULL)
        err_details(err, "%s", details);
    return false;
}

static bool
fail_form(struct err *err)
{
    return fail(err, "PGRST301", "JWT cryptographic operation failed", NULL);
}

static bool
fail_claim(struct err *err, const char *message)
{
    return fail(err, "PGRST303", message, NULL);
}

struct jwt_header {
    enum jwt_alg alg;
    struct str kid; /* data NULL: none is named */
};

/* --- the signature --------------------------------------------------------------------------- */

static const EVP_MD *
digest_of(enum jwt_alg alg)
{
    switch (alg) {
    case JWT_HS384:
    case JWT_RS384:
    case JWT_PS384:
    case JWT_ES384:
        return EVP_sha384();
    case JWT_HS512:
    case JWT_RS512:
    case JWT_PS512:
    case JWT_ES512:
        return EVP_sha512();
    case JWT_EDDSA: /* does its own */
        return NULL;
    case JWT_HS256:
    case JWT_RS256:
    case JWT_PS256:
    case JWT_ES256:
    case JWT_ALG_COUNT:
        break;
    }
    return EVP_sha256();
}

static bool
check_hmac(const struct jwk *key, enum jwt_alg alg, struct str input, struct str signature)
{
    unsigned char own[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    bool ok = HMAC(digest_of(alg), key->secret.bytes.data, (int)key->secret.bytes.len,
                   (const unsigned char *)input.data, input.len, own, &len) != NULL &&
              signature.len == len && CRYPTO_memcmp(own, signature.data, len) == 0;

    OPENSSL_cleanse(own, sizeof(own));
    return ok;
}

/* Bytes of r and of s: RFC 7518, 3.4. */
static size_t
ec_number_size(enum jwt_alg alg)
{
    return alg == JWT_ES512 ? 66 : alg == JWT_ES384 ? 48 : 32;
}

/* OpenSSL wants the two numbers in DER. */
static bool
encode_ec_signature(enum jwt_alg alg, struct str raw, unsigned char der[EC_DER_MAX], size_t *len)
{
    size_t number = ec_number_size(alg);
    const unsigned char *bytes = (const unsigned char *)raw.data;
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = NULL, *s = NULL;
    unsigned char *end = der;
    int size = 0;

    if (raw.len == 2 * number) {
        r = BN_bin2bn(bytes, (int)number, NULL);
        s = BN_bin2bn(bytes + number, (int)number, NULL);
    }
    if (sig == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(sig, r, s) != 1) {
        BN_free(r);
        BN_free(s);
    } else {
        size = i2d_ECDSA_SIG(sig, NULL);
        if (size > 0 && size <= EC_DER_MAX)
            size = i2d_ECDSA_SIG(sig, &end);
        else
            size = 0;
    }
    ECDSA_SIG_free(sig);
    *len = size > 0 ? (size_t)size : 0;
    return size > 0;
}

/* RFC 7518, 3.5: the salt is as long as the digest. */
static bool
use_pss(EVP_PKEY_CTX *ctx)
{
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

static bool
check_public(const struct jwk *key, enum jwt_alg alg, struct str input, struct str signature)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *padding = NULL; /* the context's own */
    bool is_pss = alg == JWT_PS256 || alg == JWT_PS384 || alg == JWT_PS512;
    unsigned char der[EC_DER_MAX];
    bool ok = true;

    if (key->type == JWK_EC) {
        size_t len = 0;

        ok = encode_ec_signature(alg, signature, der, &len);
        signature = str_make((const char *)der, len);
    }
    /* RSA's padding is PKCS #1 v1.5 unless one says otherwise, which is what RS256 means. */
    ok = ok && ctx != NULL &&
         EVP_DigestVerifyInit(ctx, &padding, digest_of(alg), NULL, key->pkey) == 1 &&
         (!is_pss || use_pss(padding)) &&
         EVP_DigestVerify(ctx, (const unsigned char *)signature.data, signature.len,
                          (const unsigned char *)input.data, input.len) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}

/* The key of set that verifies, or NULL. *was_tried is set when one could have. */
static const struct jwk *
find_key(const struct jwk_set *set, const struct jwt_header *header, struct str input,
         struct str signature, bool *was_tried)
{
    for (size_t i = 0; set != NULL && i < set->count; i++) {
        const struct jwk *key = &set->items[i];

        if (!jwk_can_do(key, header->alg) ||
            (header->kid.data != NULL && key->kid.data != NULL && !str_eq(header->kid, key->kid)))
            continue;
        *was_tried = true;
        if (key->type == JWK_SECRET ? check_hmac(key, header->alg, input, signature)
                                    : check_public(key, header->alg, input, signature))
            return key;
    }
    return NULL;
}

static bool
check_signature(const struct jwt_keys *keys, const struct jwt_header *header, struct str input,
                struct str signature, struct jwt *out, struct err *err)
{
    bool was_tried = false;
    const struct jwk *key = find_key(keys->own, header, input, signature, &was_tried);

    if (key == NULL)
        key = find_key(keys->published, header, input, signature, &was_tried);
    if (key != NULL) {
        out->times.key_until = key->until_s;
        return true;
    }
    /* One that is named and was tried is there; of one that isn't named nobody knows. */
    out->misses_key = !jwt_alg_is_hmac(header->alg) && (!was_tried || header->kid.data == NULL);
    return fail(err, "PGRST301", "No suitable key or wrong key type",
                was_tried ? "None of the keys was able to decode the JWT"
                          : "No suitable key was found to decode the JWT");
}

/* --- the form -------------------------------------------------------------------------------- */

static bool
split(struct str token, struct str parts[3], struct err *err)
{
    struct str rest = token;
    unsigned count = 0;

    while (rest.data != NULL) {
        struct str part = str_cut(&rest, '.');

        if (count < 3)
            parts[count] = part;
        count++;
    }
    if (count == 3)
        return true;
    err_set(err, ERR_REQUEST, "PGRST301", "Expected 3 parts in JWT; got %u", count);
    err->http_status = 401;
    return false;
}

/* A part's bytes in arena; data NULL when it isn't base64url. */
static struct str
decode_part(struct str part, struct arena *arena)
{
    size_t room = part.len + 4;
    struct buf out = {.data = arena_alloc(arena, room), .cap = room, .max = room};

    if (part.len == 0 || !base64url_decode(part, &out))
        return STR_NULL;
    return buf_str(&out);
}

static bool
parse_object(struct str text, struct arena *arena, const struct json **out)
{
    struct json *root = NULL;
    struct err ignored = {0};

    if (text.data == NULL ||
        !json_parse(text, (struct json_limits){.max_depth = DEPTH_MAX}, arena, &root, &ignored) ||
        root->type != JSON_OBJECT)
        return false;
    *out = root;
    return true;
}

static bool
read_header(struct str part, struct arena *arena, struct jwt_header *out, struct err *err)
{
    const struct json *header = NULL;
    const struct json *id = NULL;
    struct str name;

    if (!parse_object(decode_part(part, arena), arena, &header))
        return fail_form(err);
    name = json_get_str(header, "alg", STR_NULL);
    if (str_eq_nocase(name, STR("none")))
        return fail(err, "PGRST301", "Wrong or unsupported encoding algorithm",
                    "JWT is unsecured but expected 'alg' was not 'none'");
    out->alg = jwt_alg_find(name);
    id = json_get(header, "kid");
    /* Whatever an extension that is critical means, it isn't understood here. */
    if (out->alg == JWT_ALG_COUNT || json_get(header, "crit") != NULL ||
        (id != NULL && id->type != JSON_STRING))
        return fail_form(err);
    out->kid = id != NULL ? id->text : STR_NULL;
    return true;
}

/* Seconds, downwards to a whole number; what is past all bounds is at the bound. */
static int64_t
to_seconds(struct str digits)
{
    char text[64];
    int64_t whole = 0;
    double number;

    if (str_to_i64(digits, &whole))
        return whole;
    if (digits.len >= sizeof(text))
        return digits.data[0] == '-' ? INT64_MIN : INT64_MAX;
    memcpy(text, digits.data, digits.len);
    text[digits.len] = '\0';
    number = floor(strtod(text, NULL));
    if (number >= 9.2e18)
        return INT64_MAX;
    return number <= -9.2e18 ? INT64_MIN : (int64_t)number;
}

static bool
read_time(const struct json *claims, const char *name, int64_t absent, int64_t *out,
          struct err *err)
{
    const struct json *claim = json_get(claims, name);

    *out = absent;
    if (claim == NULL || claim->type == JSON_NULL)
        return true;
    if (claim->type != JSON_NUMBER) {
        err_set(err, ERR_REQUEST, "PGRST303", "The JWT '%s' claim must be a number", name);
        err->http_status = 401;
        return false;
    }
    *out = to_seconds(claim->text);
    /* A time to expire that no clock reaches is a mistake, and none to rely on. */
    if (*out == INT64_MAX)
        *out = absent == INT64_MAX ? INT64_MIN : INT64_MAX;
    return true;
}

static bool
check_audience_form(const struct json *claims, struct err *err)
{
    const struct json *claim = json_get(claims, "aud");
    bool ok = claim == NULL || claim->type == JSON_NULL || claim->type == JSON_STRING;

    if (!ok && claim->type == JSON_ARRAY) {
        ok = true;
        for (const struct json *item = claim->first; item != NULL; item = item->next)
            ok = ok && item->type == JSON_STRING;
    }
    return ok || fail_claim(err, "The JWT 'aud' claim must be a string or an array of strings");
}

bool
jwt_verify(const struct jwt_keys *keys, struct str token, struct arena *arena, struct jwt *out,
           struct err *err)
{
    struct str parts[3];
    struct str signature, input;
    struct jwt_header header = {.alg = JWT_ALG_COUNT};

    *out = (struct jwt){0};
    if (token.len == 0)
        return fail(err, "PGRST301", "Empty JWT is sent in Authorization header", NULL);
    if (token.len > JWT_SIZE_MAX)
        return fail_form(err);
    if (!split(token, parts, err) || !read_header(parts[0], arena, &header, err))
        return false;
    signature = decode_part(parts[2], arena);
    if (signature.data == NULL || signature.len > SIGNATURE_MAX)
        return fail_form(err);
    input = str_slice(token, 0, parts[0].len + 1 + parts[1].len);
    if (!check_signature(keys, &header, input, signature, out, err))
        return false;
    out->payload = decode_part(parts[1], arena);
    if (!parse_object(out->payload, arena, &out->claims))
        return fail_claim(err, "Parsing claims failed");
    return read_time(out->claims, "exp", INT64_MAX, &out->times.exp, err) &&
           read_time(out->claims, "nbf", INT64_MIN, &out->times.nbf, err) &&
           read_time(out->claims, "iat", INT64_MIN, &out->times.iat, err) &&
           check_audience_form(out->claims, err);
}

bool
jwt_check_times(const struct jwt_times *times, int64_t now_s, struct err *err)
{
    if (now_s >= times->key_until)
        return fail(err, "PGRST301", "No suitable key or wrong key type",
                    "None of the keys was able to decode the JWT");
    if (now_s - JWT_SKEW_S > times->exp)
        return fail_claim(err, "JWT expired");
    if (now_s + JWT_SKEW_S < times->nbf)
        return fail_claim(err, "JWT not yet valid");
    if (now_s + JWT_SKEW_S < times->iat)
        return fail_claim(err, "JWT issued at future");
    return true;
}

bool
jwt_check_audience(const struct jwt *jwt, struct str audience, struct err *err)
{
    const struct json *claim = json_get(jwt->claims, "aud");

    if (audience.data == NULL || claim == NULL || claim->type == JSON_NULL ||
        (claim->type == JSON_ARRAY && claim->count == 0) ||
        (claim->type == JSON_STRING && str_eq(claim->text, audience)))
        return true;
    for (const struct json *item = claim->first; item != NULL; item = item->next) {
        if (str_eq(item->text, audience))
            return true;
    }
    return fail_claim(err, "JWT not in audience");
}

void
jwt_sign(struct str secret, struct str claims, struct buf *out)
{
    size_t start = out->len;
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    base64url_encode(out, STR("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"));
    buf_add_char(out, '.');
    base64url_encode(out, claims);
    if (!buf_ok(out) ||
        HMAC(EVP_sha256(), secret.data, (int)secret.len, (const unsigned char *)out->data + start,
             out->len - start, mac, &len) == NULL)
        abort(); /* SHA-256 is always there */
    buf_add_char(out, '.');
    base64url_encode(out, str_make((const char *)mac, len));
    OPENSSL_cleanse(mac, sizeof(mac));
}
