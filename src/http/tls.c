/* SPDX-License-Identifier: Apache-2.0 */
#include "http/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct http_tls {
    SSL_CTX *ctx;
    atomic_uint refs;
};

struct tls_conn {
    SSL *ssl;
    int fd;
    bool broken;  /* after a fatal error OpenSSL wants no goodbye */
    bool drained; /* the last read found nothing complete, in memory or in the system */
    uint64_t *bytes_in, *bytes_out;
};

/* A BIO on the socket: OpenSSL's own writes without MSG_NOSIGNAL. */

static BIO_METHOD *bio_method;
static pthread_once_t bio_once = PTHREAD_ONCE_INIT;

static int
bio_read(BIO *bio, char *data, int len)
{
    struct tls_conn *conn = BIO_get_data(bio);
    ssize_t n;

    BIO_clear_retry_flags(bio);
    do
        n = recv(conn->fd, data, (size_t)len, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        BIO_set_retry_read(bio);
    if (n > 0)
        *conn->bytes_in += (uint64_t)n;
    if (n == 0)
        BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return (int)n;
}

static int
bio_write(BIO *bio, const char *data, int len)
{
    struct tls_conn *conn = BIO_get_data(bio);
    ssize_t n;

    BIO_clear_retry_flags(bio);
    do
        n = send(conn->fd, data, (size_t)len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        BIO_set_retry_write(bio);
    if (n > 0)
        *conn->bytes_out += (uint64_t)n;
    return (int)n;
}

static long
bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    if (command == BIO_CTRL_FLUSH)
        return 1;
    if (command == BIO_CTRL_EOF)
        return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    return 0;
}

static void
make_bio_method(void)
{
    bio_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "cairn socket");
    if (bio_method == NULL || !BIO_meth_set_read(bio_method, bio_read) ||
        !BIO_meth_set_write(bio_method, bio_write) || !BIO_meth_set_ctrl(bio_method, bio_ctrl))
        abort();
}

/* Certificate and key. */

static const char *
openssl_reason(void)
{
    unsigned long code = ERR_peek_last_error();
    const char *text = code != 0 ? ERR_reason_error_string(code) : NULL;

    return text != NULL ? text : "unknown error";
}

static int
select_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                const unsigned char *offer, unsigned int offer_len, void *ctx)
{
    static const unsigned char ours[] = "\x02h2\x08http/1.1";
    unsigned char *chosen = NULL;

    if (SSL_select_next_proto(&chosen, out_len, ours, sizeof(ours) - 1, offer, offer_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static bool
check_files(const char *cert_file, const char *key_file, struct err *err)
{
    struct stat st;

    if (stat(cert_file, &st) != 0)
        return err_set_errno(err, ERR_CONFIG, errno, "unable to read the certificate '%s'",
                             cert_file);
    if (stat(key_file, &st) != 0)
        return err_set_errno(err, ERR_CONFIG, errno, "unable to read the key '%s'", key_file);
    if ((st.st_mode & S_IRWXO) != 0) {
        err_set(err, ERR_CONFIG, "CAIRN-TLS",
                "unable to use the key '%s': others can read it (mode %04o)", key_file,
                (unsigned)st.st_mode & 07777U);
        err_hint(err, "chmod 600 %s", key_file);
        return false;
    }
    return true;
}

/* A key that wants a password can't be used without anybody to ask. */
static int
no_password(char *out, int size, int writing, void *ctx)
{
    return -1;
}

static bool
load_files(SSL_CTX *ctx, const char *cert_file, const char *key_file, struct err *err)
{
    ERR_clear_error();
    SSL_CTX_set_default_passwd_cb(ctx, no_password);
    if (SSL_CTX_use_certificate_chain_file(ctx, cert_file) != 1) {
        err_set(err, ERR_CONFIG, "CAIRN-TLS", "unable to read the certificate '%s': %s", cert_file,
                openssl_reason());
        err_hint(err, "the file holds the certificate chain in PEM form, the server's own first");
        return false;
    }
    if (SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1) {
        unsigned long code = ERR_peek_last_error();

        if (ERR_GET_LIB(code) == ERR_LIB_X509 &&
            ERR_GET_REASON(code) == X509_R_KEY_VALUES_MISMATCH) {
            err_set(err, ERR_CONFIG, "CAIRN-TLS",
                    "unable to use the key '%s': it doesn't belong to the certificate '%s'",
                    key_file, cert_file);
            return false;
        }
        err_set(err, ERR_CONFIG, "CAIRN-TLS", "unable to read the key '%s': %s", key_file,
                openssl_reason());
        err_hint(err, "the file holds the private key in PEM form, without a password");
        return false;
    }
    if (SSL_CTX_check_private_key(ctx) != 1)
        return err_set(err, ERR_CONFIG, "CAIRN-TLS",
                       "unable to use the key '%s': it doesn't belong to the certificate '%s'",
                       key_file, cert_file);
    return true;
}

static bool
set_up(SSL_CTX *ctx)
{
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(ctx, select_protocol, NULL);
    return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
           SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"cairn", 5) == 1;
}

bool
http_tls_load(const char *cert_file, const char *key_file, struct http_tls **out, struct err *err)
{
    struct http_tls *tls;
    SSL_CTX *ctx;

    *out = NULL;
    pthread_once(&bio_once, make_bio_method);
    if (!check_files(cert_file, key_file, err))
        return false;
    ctx = SSL_CTX_new(TLS_server_method());
    if (ctx == NULL || !set_up(ctx)) {
        err_set(err, ERR_INTERNAL, "CAIRN-TLS", "unable to set up 'TLS': %s", openssl_reason());
        SSL_CTX_free(ctx);
        return false;
    }
    if (!load_files(ctx, cert_file, key_file, err)) {
        SSL_CTX_free(ctx);
        return false;
    }
    tls = xmalloc(sizeof(*tls));
    tls->ctx = ctx;
    atomic_init(&tls->refs, 1);
    *out = tls;
    return true;
}

struct http_tls *
http_tls_ref(struct http_tls *tls)
{
    if (tls != NULL)
        atomic_fetch_add(&tls->refs, 1);
    return tls;
}

void
http_tls_free(struct http_tls *tls)
{
    if (tls == NULL || atomic_fetch_sub(&tls->refs, 1) > 1)
        return;
    SSL_CTX_free(tls->ctx);
    free(tls);
}

/* Connections. */

struct tls_conn *
tls_conn_new(struct http_tls *tls, int fd, uint64_t *bytes_in, uint64_t *bytes_out)
{
    struct tls_conn *conn = xcalloc(1, sizeof(*conn));
    BIO *bio = BIO_new(bio_method);

    conn->ssl = SSL_new(tls->ctx);
    if (conn->ssl == NULL || bio == NULL)
        abort();
    conn->fd = fd;
    conn->bytes_in = bytes_in;
    conn->bytes_out = bytes_out;
    BIO_set_data(bio, conn);
    BIO_set_init(bio, 1);
    SSL_set_bio(conn->ssl, bio, bio);
    SSL_set_accept_state(conn->ssl);
    return conn;
}

void
tls_conn_free(struct tls_conn *conn)
{
    if (conn == NULL)
        return;
    SSL_free(conn->ssl);
    free(conn);
}

enum tls_result
tls_conn_handshake(struct tls_conn *conn)
{
    int rc;

    ERR_clear_error();
    rc = SSL_do_handshake(conn->ssl);
    if (rc == 1)
        return TLS_DONE;
    switch (SSL_get_error(conn->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
        return TLS_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return TLS_WANT_WRITE;
    default:
        conn->broken = true;
        return TLS_FAILED;
    }
}

bool
tls_conn_is_h2(const struct tls_conn *conn)
{
    const unsigned char *name = NULL;
    unsigned int len = 0;

    SSL_get0_alpn_selected(conn->ssl, &name, &len);
    return len == 2 && memcmp(name, "h2", 2) == 0;
}

static ssize_t
result_of(struct tls_conn *conn, int rc)
{
    int saved = errno;

    switch (SSL_get_error(conn->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return -EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_SYSCALL:
        conn->broken = true;
        return saved != 0 ? -saved : -ECONNRESET;
    default:
        conn->broken = true;
        return -EPROTO;
    }
}

ssize_t
tls_conn_read(struct tls_conn *conn, char *data, size_t len)
{
    int rc;

    ERR_clear_error();
    errno = 0;
    rc = SSL_read(conn->ssl, data, len > INT32_MAX ? INT32_MAX : (int)len);
    conn->drained = rc <= 0;
    return rc > 0 ? rc : result_of(conn, rc);
}

ssize_t
tls_conn_write(struct tls_conn *conn, const char *data, size_t len)
{
    ssize_t n;
    int rc;

    ERR_clear_error();
    errno = 0;
    rc = SSL_write(conn->ssl, data, len > INT32_MAX ? INT32_MAX : (int)len);
    if (rc > 0)
        return rc;
    n = result_of(conn, rc);
    return n == 0 ? -EPIPE : n;
}

bool
tls_conn_has_pending(const struct tls_conn *conn)
{
    return !conn->drained && SSL_has_pending(conn->ssl) == 1;
}

void
tls_conn_shutdown(struct tls_conn *conn)
{
    if (conn->broken || !SSL_is_init_finished(conn->ssl))
        return;
    ERR_clear_error();
    (void)SSL_shutdown(conn->ssl);
}
