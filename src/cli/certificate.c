/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A certificate for this machine, signed by itself: enough for HTTPS on localhost, once a client is
 * told to trust the file.
 */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "cli/cli.h"
#include "io/file.h"

static const struct {
    int nid;
    const char *value;
} extensions[] = {
    {NID_basic_constraints, "critical,CA:FALSE"},
    {NID_key_usage, "critical,digitalSignature"},
    {NID_ext_key_usage, "serverAuth"},
    {NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1"},
    {NID_subject_key_identifier, "hash"},
};

static bool
add_extensions(X509 *cert)
{
    X509V3_CTX ctx;

    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
    for (size_t i = 0; i < COUNTOF(extensions); i++) {
        X509_EXTENSION *ext =
            X509V3_EXT_conf_nid(NULL, &ctx, extensions[i].nid, extensions[i].value);
        bool ok = ext != NULL && X509_add_ext(cert, ext, -1) == 1;

        X509_EXTENSION_free(ext);
        if (!ok)
            return false;
    }

    return true;
}

static bool
set_serial(X509 *cert)
{
    BIGNUM *number = BN_new();
    /* 127 bits: positive, and at most 20 bytes (RFC 5280, 4.1.2.2). */
    bool ok = number != NULL && BN_rand(number, 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
              BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;

    BN_free(number);

    return ok;
}

static X509 *
make_certificate(EVP_PKEY *key, int valid_days)
{
    X509 *cert = X509_new();
    X509_NAME *name;

    if (cert == NULL)
        return NULL;
    name = X509_get_subject_name(cert);
    /* An hour back, for clocks that differ a little. */
    if (X509_set_version(cert, X509_VERSION_3) != 1 || !set_serial(cert) ||
        X509_gmtime_adj(X509_getm_notBefore(cert), -3600) == NULL ||
        X509_time_adj_ex(X509_getm_notAfter(cert), valid_days, 0, NULL) == NULL ||
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1,
                                   -1, 0) != 1 ||
        X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC,
                                   (const unsigned char *)"cairn, for this machine only", -1, -1,
                                   0) != 1 ||
        X509_set_issuer_name(cert, name) != 1 || X509_set_pubkey(cert, key) != 1 ||
        !add_extensions(cert) || X509_sign(cert, key, EVP_sha256()) == 0) {
        X509_free(cert);
        return NULL;
    }

    return cert;
}

static bool
write_pem(const char *path, BIO *pem, unsigned mode, struct err *err)
{
    char *data;
    long len = BIO_get_mem_data(pem, &data);
    bool created;

    if (!file_create(path, str_make(data, (size_t)len), (mode_t)mode, &created, err))
        return false;
    if (!created)
        return err_set(err, ERR_USAGE, "", "unable to create '%s': it exists", path);

    return true;
}

bool
cli_make_certificate(const char *cert_file, const char *key_file, int valid_days, struct err *err)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = key != NULL ? make_certificate(key, valid_days) : NULL;
    BIO *cert_pem = BIO_new(BIO_s_mem());
    BIO *key_pem = BIO_new(BIO_s_secmem());
    bool ok = false;

    if (cert == NULL || cert_pem == NULL || key_pem == NULL ||
        PEM_write_bio_X509(cert_pem, cert) != 1 ||
        PEM_write_bio_PrivateKey(key_pem, key, NULL, NULL, 0, NULL, NULL) != 1) {
        err_set(err, ERR_INTERNAL, "", "unable to make a certificate: OpenSSL refused");
        goto out;
    }
    ok = write_pem(key_file, key_pem, 0600, err) && write_pem(cert_file, cert_pem, 0644, err);

out:
    BIO_free(key_pem);
    BIO_free(cert_pem);
    X509_free(cert);
    EVP_PKEY_free(key);

    return ok;
}
