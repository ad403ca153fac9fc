/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's side of TLS, for probes: it talks to any certificate and says what it saw of it.
 */
#ifndef CAIRN_DRILL_TLS_H
#define CAIRN_DRILL_TLS_H

#include "core/err.h"
#include "core/str.h"

struct tls;

/* What a service showed of itself. */
struct tls_sight {
    char protocol[16]; /* "TLSv1.3" */
    int64_t ends_us;   /* of the certificate */
    bool is_self_signed;
    bool is_for_host; /* the certificate names the host that was asked */
    bool is_trusted;  /* by this machine's authorities */
};

/* On a connected socket, which stays the caller's; NULL with err. deadline_ms is of
 * clock_mono_ns. */
MUST_CHECK struct tls *tls_open(int fd, const char *host, int64_t deadline_ms, struct err *err);
void tls_free(struct tls *tls); /* NULL is safe */
bool tls_send_all(struct tls *tls, struct str bytes, int64_t deadline_ms);
/* As recv: 0 at the end, -1 for an error, -2 for the deadline. */
ssize_t tls_read(struct tls *tls, char *out, size_t size, int64_t deadline_ms);
void tls_look(struct tls *tls, const char *host, struct tls_sight *out);

#endif
