/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS on a connection, by OpenSSL: the handshake, and reads and writes that look like the
 * system's. TLS 1.2 and newer with forward secrecy and authenticated ciphers only, ALPN of h2 and
 * http/1.1, session tickets, no renegotiation, no compression.
 */
#ifndef CAIRN_HTTP_TLS_H
#define CAIRN_HTTP_TLS_H

#include <sys/types.h>

#include "http/http.h"

struct tls_conn;

enum tls_result { TLS_DONE, TLS_WANT_READ, TLS_WANT_WRITE, TLS_FAILED };

/* bytes_in and bytes_out are added to as encrypted bytes pass. */
struct tls_conn *tls_conn_new(struct http_tls *tls, int fd, uint64_t *bytes_in,
                              uint64_t *bytes_out);
void tls_conn_free(struct tls_conn *conn); /* NULL is safe */
enum tls_result tls_conn_handshake(struct tls_conn *conn);
bool tls_conn_is_h2(const struct tls_conn *conn);
/* Bytes, 0 at the end, -EAGAIN, or another negative errno. */
ssize_t tls_conn_read(struct tls_conn *conn, char *data, size_t len);
ssize_t tls_conn_write(struct tls_conn *conn, const char *data, size_t len);
/* Bytes stand in memory that the system won't tell about. */
bool tls_conn_has_pending(const struct tls_conn *conn);
void tls_conn_shutdown(struct tls_conn *conn); /* says goodbye, as far as that can be written */
struct http_tls *http_tls_ref(struct http_tls *tls); /* NULL is safe */

#endif
