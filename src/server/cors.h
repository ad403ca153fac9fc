/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cross-origin requests: https://fetch.spec.whatwg.org/#http-cors-protocol, with the headers that
 * the data API's contract names (point 73).
 */
#ifndef CAIRN_SERVER_CORS_H
#define CAIRN_SERVER_CORS_H

#include "config/config.h"
#include "http/http.h"

/* Adds what an allowed origin needs to see the answer; without an Origin header nothing, but on
 * OPTIONS where any may come. */
void cors_add_headers(const struct config *config, struct request *request);
bool cors_is_preflight(const struct request *request);
/* Fills in the answer to a preflight; the caller sends it. */
void cors_answer_preflight(struct request *request);

#endif
