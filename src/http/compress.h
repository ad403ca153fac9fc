/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compression of answers: gzip, and zstd where the client takes it (RFC 9110 12.5.3).
 *
 * Done on the loop, at the fastest level, with one set of contexts per server; bodies so large that
 * others would wait for them are sent as they are.
 */
#ifndef CAIRN_HTTP_COMPRESS_H
#define CAIRN_HTTP_COMPRESS_H

#include "http/http.h"

enum http_coding { HTTP_IDENTITY, HTTP_GZIP, HTTP_ZSTD };

struct http_compressor;
struct http_compressor *http_compressor_new(void);
void http_compressor_free(struct http_compressor *compressor); /* NULL is safe */

/* The coding that an Accept-Encoding value (data NULL: absent) likes best. */
enum http_coding http_coding_choose(struct str accept);
/* Whether bodies of this Content-Type shrink. */
bool http_type_is_compressible(struct str content_type);
/*
 * Compresses request->response where it is worth it; adds Content-Encoding, and Accept-Encoding to
 * Vary where the answer depends on it.
 */
void http_compress(struct http_compressor *compressor, const struct http_limits *limits,
                   struct request *request);

#endif
