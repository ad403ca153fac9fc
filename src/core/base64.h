/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base64 by RFC 4648.
 *
 * Decoding appends to out and is all or nothing. What has two spellings has one here: unused bits
 * of the last character are zero.
 */
#ifndef CAIRN_CORE_BASE64_H
#define CAIRN_CORE_BASE64_H

#include "core/buf.h"

/* The URL-safe alphabet, without padding, as JSON Web Tokens have it (RFC 7515, 2). False when text
 * is anything else, or when out's maximum is passed. */
MUST_CHECK bool base64url_decode(struct str text, struct buf *out);
void base64url_encode(struct buf *out, struct str data);

/* What people paste: either alphabet, with or without padding. */
MUST_CHECK bool base64_decode(struct str text, struct buf *out);

#endif
