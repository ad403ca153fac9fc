/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Header names that mean something to this program, and the phrases of statuses.
 *
 * The public ones (enum http_known) come first; the framing headers that only http itself reads
 * follow, in the same numbering.
 */
#ifndef CAIRN_HTTP_NAMES_H
#define CAIRN_HTTP_NAMES_H

#include "http/http.h"

enum {
    HTTP_N_CONNECTION = HTTP_H_COUNT,
    HTTP_N_CONTENT_LENGTH,
    HTTP_N_EXPECT,
    HTTP_N_KEEP_ALIVE,
    HTTP_N_PROXY_CONNECTION,
    HTTP_N_TE,
    HTTP_N_TRAILER,
    HTTP_N_TRANSFER_ENCODING,
    HTTP_N_UPGRADE,
    HTTP_N_COUNT,
    HTTP_N_NONE = 255,
};

/* The number of a lower-case name, or HTTP_N_NONE. */
uint8_t http_name_find(const char *name, size_t len);
enum http_method http_method_find(struct str name);
/* "HTTP/1.1 200 OK\r\n" for a status with a standard phrase; {NULL, 0} for others. */
struct str http_status_line(int status);

#endif
