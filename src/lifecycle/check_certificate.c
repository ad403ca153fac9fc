/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate that the configuration names.
 */
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "core/clock.h"
#include "lifecycle/check.h"

#define DAY_S 86400
#define EXPIRES_DAYS 14 /* certbot renews a month before; who is at two weeks has missed that */

static X509 *
read_certificate(const char *path)
{
    FILE *file = fopen(path, "re");
    X509 *certificate = file != NULL ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;

    if (file != NULL)
        fclose(file);

    return certificate;
}

static void
judge(const struct check_input *input, X509 *certificate, struct evidence *out)
{
    bool is_self_signed =
        X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0;
    struct tm ends = {0};
    int64_t left_s;

    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &ends) != 1) {
        check_fail(input, out, "%s has no end", input->config->tls_cert);
        return;
    }
    left_s = (int64_t)timegm(&ends) - clock_wall_us() / 1000000;
    evidence_add_figure(out, "certificate_days", (double)left_s / DAY_S, "days");
    if (left_s <= 0)
        check_fail(input, out, "the certificate ended %lld days ago", (long long)(-left_s / DAY_S));
    else if (left_s < EXPIRES_DAYS * DAY_S)
        check_fail(input, out, "the certificate ends in %lld days", (long long)(left_s / DAY_S));
    else if (is_self_signed)
        check_fail(input, out, "the certificate is self-signed: no client trusts it");
    else
        check_pass(input, out, "the certificate is an authority's and ends in %lld days",
                   (long long)(left_s / DAY_S));
}

void
check_certificate(const struct check_input *input, struct evidence *out)
{
    const char *path = input->config->tls_cert;
    X509 *certificate;

    out->limit = "of an authority, and good for two weeks more";
    if (path == NULL) {
        check_unknown(input, out,
                      "TLS ends before cairn, in a proxy: its certificate isn't seen from here");
        return;
    }
    certificate = read_certificate(path);
    if (certificate == NULL)
        check_fail(input, out, "%s is no certificate that can be read", path);
    else
        judge(input, certificate, out);
    X509_free(certificate);
}
