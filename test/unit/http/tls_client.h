/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client over TLS on the fixture's loop, with HTTP/2 on top when that was agreed on; and
 * certificates for it.
 */
#ifndef CAIRN_TEST_TLS_CLIENT_H
#define CAIRN_TEST_TLS_CLIENT_H

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>

#include "unit/http/client.h"

#define STREAMS_MAX 1000

/* Writes a key and a certificate for it; mode is the key file's. */
void write_certificate(const char *cert_file, const char *key_file, mode_t mode);

struct stream {
    int status;
    struct buf body;
    bool closed;
    uint32_t error;
    size_t headers;
};

struct tls_client {
    struct fixture *fixture;
    SSL_CTX *ctx;
    SSL *ssl;
    int fd;
    bool at_end;
    struct buf got; /* HTTP/1: what came */
    nghttp2_session *session;
    struct stream streams[STREAMS_MAX]; /* by half of their number */
    size_t goaways;
    int32_t goaway_last;
    uint32_t goaway_error;
    bool paused; /* reads nothing */
};

/* Completes the handshake; false when the server refused. alpn: as on the wire, NULL for none. */
bool tls_client_open(struct tls_client *client, struct fixture *fixture, struct http_tls *tls,
                     const char *alpn, int max_version);
void tls_client_close(struct tls_client *client);
/* Lets both sides do what they can; the loop doesn't wait. */
void tls_client_pump(struct tls_client *client);
/* The same for some time, until *done (NULL: the end). */
void tls_client_wait(struct tls_client *client, const bool *done);
void tls_client_write(struct tls_client *client, const void *data, size_t len);

/* HTTP/2: opens a stream with the fields in "name: value\n" form, and a body (data NULL: none). */
struct stream *h2_request(struct tls_client *client, const char *fields, struct str body);
struct stream *h2_get(struct tls_client *client, const char *path);
/* As h2_request, but the body never ends. */
struct stream *h2_open(struct tls_client *client, const char *fields, struct str body);
int32_t h2_id(const struct tls_client *client, const struct stream *stream);

#endif
