/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/plant_certificate.h"

#include "io/file.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

enum { BEGAN_DAYS = -30, GOOD_DAYS = 90, SOON_DAYS = 3, PAST_DAYS = -1 };

static bool
add_name(X509_NAME *name, const char *text)
{
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)text, -1, -1,
                                      0) == 1;
}

/* For localhost, signed by whoever has signer's key: itself, or an authority of that name. */
static X509 *
make_certificate(EVP_PKEY *key, EVP_PKEY *signer, int days)
{
    bool is_own = key == signer;
    X509 *cert = X509_new();

    if (cert != NULL && X509_set_version(cert, X509_VERSION_3) == 1 &&
        ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) == 1 &&
        X509_time_adj_ex(X509_getm_notBefore(cert), BEGAN_DAYS, 0, NULL) != NULL &&
        X509_time_adj_ex(X509_getm_notAfter(cert), days, 0, NULL) != NULL &&
        add_name(X509_get_subject_name(cert), "localhost") &&
        add_name(X509_get_issuer_name(cert), is_own ? "localhost" : "Planted Authority") &&
        X509_set_pubkey(cert, key) == 1 && X509_sign(cert, signer, EVP_sha256()) != 0)
        return cert;
    X509_free(cert);

    return NULL;
}

static bool
write_pem(const char *path, BIO *pem, struct err *err)
{
    char *data;
    long len = BIO_get_mem_data(pem, &data);

    return file_replace(path, str_make(data, (size_t)len), 0600, err);
}

bool
plant_certificate(const char *cert_file, const char *key_file, const char *defect, struct err *err)
{
    bool is_own = strcmp(defect, "self-signed") == 0;
    int days = strcmp(defect, "certificate-ended") == 0       ? PAST_DAYS
               : strcmp(defect, "certificate-ends-soon") == 0 ? SOON_DAYS
                                                              : GOOD_DAYS;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EVP_PKEY *authority = EVP_EC_gen("P-256");
    X509 *cert = key != NULL && authority != NULL
                     ? make_certificate(key, is_own ? key : authority, days)
                     : NULL;
    BIO *cert_pem = BIO_new(BIO_s_mem());
    BIO *key_pem = BIO_new(BIO_s_mem());
    bool ok = false;

    if (cert == NULL || cert_pem == NULL || key_pem == NULL ||
        PEM_write_bio_X509(cert_pem, cert) != 1 ||
        PEM_write_bio_PrivateKey(key_pem, key, NULL, NULL, 0, NULL, NULL) != 1)
        err_set(err, ERR_INTERNAL, "", "unable to make a certificate: OpenSSL refused");
    else
        ok = write_pem(key_file, key_pem, err) && write_pem(cert_file, cert_pem, err);
    BIO_free(key_pem);
    BIO_free(cert_pem);
    X509_free(cert);
    EVP_PKEY_free(authority);
    EVP_PKEY_free(key);

    return ok;
}
