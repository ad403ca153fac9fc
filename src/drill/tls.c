/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <time.h>

#include "core/clock.h"

struct tls {
    SSL_CTX *context;
    SSL *ssl;
    int fd;
};

/* Until the socket is ready for what OpenSSL wants; false for an error and for the deadline, which
 * *late tells apart. */
static bool
wait_for(struct tls *tls, int result, int64_t deadline_ms, bool *late)
{
    int wants = SSL_get_error(tls->ssl, result);
    struct pollfd poller = {.fd = tls->fd};
    int64_t left = deadline_ms - (int64_t)(clock_mono_ns() / 1000000);

    *late = false;
    if (wants != SSL_ERROR_WANT_READ && wants != SSL_ERROR_WANT_WRITE)
        return false;
    poller.events = wants == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
    *late = left <= 0 || poll(&poller, 1, (int)left) == 0;

    return !*late;
}

static bool
shake_hands(struct tls *tls, const char *host, int64_t deadline_ms)
{
    char name[256]; /* OpenSSL wants to be able to write there, and doesn't */
    bool late = false;
    int result;

    snprintf(name, sizeof(name), "%s", host);
    tls->ssl = SSL_new(tls->context);
    if (tls->ssl == NULL || SSL_set_fd(tls->ssl, tls->fd) != 1 ||
        SSL_ctrl(tls->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name) != 1)
        return false;
    do {
        ERR_clear_error();
        result = SSL_connect(tls->ssl);
    } while (result != 1 && wait_for(tls, result, deadline_ms, &late));

    return result == 1;
}

struct tls *
tls_open(int fd, const char *host, int64_t deadline_ms, struct err *err)
{
    struct tls *tls = xcalloc(1, sizeof(*tls));

    tls->fd = fd;
    tls->context = SSL_CTX_new(TLS_client_method());
    if (tls->context != NULL) {
        /* A probe wants to see what is there, also when nobody should trust it. */
        SSL_CTX_set_verify(tls->context, SSL_VERIFY_NONE, NULL);
        SSL_CTX_set_default_verify_paths(tls->context);
        SSL_CTX_set_mode(tls->context,
                         SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        if (shake_hands(tls, host, deadline_ms))
            return tls;
    }
    err_set(err, ERR_IO, "", "it speaks no TLS: %s",
            ERR_peek_error() != 0 ? ERR_reason_error_string(ERR_peek_error())
                                  : "no answer in time");
    tls_free(tls);

    return NULL;
}

void
tls_free(struct tls *tls)
{
    if (tls == NULL)
        return;
    SSL_free(tls->ssl);
    SSL_CTX_free(tls->context);
    free(tls);
}

bool
tls_send_all(struct tls *tls, struct str bytes, int64_t deadline_ms)
{
    while (bytes.len > 0) {
        int part = bytes.len > 1 << 20 ? 1 << 20 : (int)bytes.len;
        bool late;
        int sent;

        ERR_clear_error();
        sent = SSL_write(tls->ssl, bytes.data, part);
        if (sent > 0)
            bytes = str_slice(bytes, (size_t)sent, bytes.len);
        else if (!wait_for(tls, sent, deadline_ms, &late))
            return false;
    }

    return true;
}

ssize_t
tls_read(struct tls *tls, char *out, size_t size, int64_t deadline_ms)
{
    for (;;) {
        bool late;
        int got;

        ERR_clear_error();
        got = SSL_read(tls->ssl, out, (int)size);
        if (got > 0)
            return got;
        if (SSL_get_error(tls->ssl, got) == SSL_ERROR_ZERO_RETURN)
            return 0;
        if (!wait_for(tls, got, deadline_ms, &late))
            return late ? -2 : -1;
    }
}

void
tls_look(struct tls *tls, const char *host, struct tls_sight *out)
{
    X509 *certificate = SSL_get1_peer_certificate(tls->ssl);
    struct tm ends = {0};

    *out = (struct tls_sight){.is_trusted = SSL_get_verify_result(tls->ssl) == X509_V_OK};
    snprintf(out->protocol, sizeof(out->protocol), "%s", SSL_get_version(tls->ssl));
    if (certificate == NULL)
        return;
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &ends) == 1)
        out->ends_us = (int64_t)timegm(&ends) * 1000000;
    out->is_self_signed =
        X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0;
    out->is_for_host = X509_check_host(certificate, host, 0, 0, NULL) == 1 ||
                       X509_check_ip_asc(certificate, host, 0) == 1;
    X509_free(certificate);
}
